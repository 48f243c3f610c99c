"""Bringing what lies in the spool to the hub, and keeping what it signs."""

from dataclasses import dataclass

from kiosk import strictjson
from kiosk.clock import Clock, stamp
from kiosk.errors import FILE_UNUSABLE, SYNC_BUSY, SYNC_REFUSED, Problem
from kiosk.relay.spool import Spool, Stored
from kiosk.sync import protocol
from kiosk.sync.courier import retry_after
from kiosk.sync.push import Answer, Transport, refusal

_REFUSED_PAUSE = 10 * 60 * 1000  # milliseconds until a bundle the hub refused is offered again


@dataclass(frozen=True)
class _Refused:
    code: str
    again_at: int  # by the monotonic clock


class Forwarder:
    """The relay's errand: one call offers the hub everything that waits."""

    def __init__(self, spool: Spool, transport: Transport, clock: Clock) -> None:
        self._spool = spool
        self._transport = transport
        self._clock = clock
        self._refused: dict[str, _Refused] = {}  # by digest
        self.last_contact: str | None = None  # when the hub last signed for something

    def __call__(self) -> int:
        """Returns how many bundles the hub signed for.

        Raises `sync.unreachable`, `sync.busy`, `sync.receipt` … when the hub is not to be had now. What the hub
        itself refuses is kept and offered again later, and does not hold up the rest.
        """
        return sum(self._forward(stored) for stored in self._spool.waiting())

    @property
    def refused(self) -> dict[str, str]:
        """Digest → code of bundles the hub refused when they were last offered."""
        return {digest: one.code for digest, one in list(self._refused.items())}

    def _forward(self, stored: Stored) -> bool:
        before = self._refused.get(stored.digest)
        if before is not None and self._clock.monotonic() < before.again_at:
            return False
        try:
            content = stored.path.read_bytes()
        except OSError:
            self._put_off(stored, FILE_UNUSABLE.code)
            return False
        headers = {protocol.HEADER: str(protocol.VERSION)}
        answer = self._transport("POST", "/sync/v1/bundles", content, headers)
        if answer.status != 200:
            self._note_refusal(stored, answer)
            return False
        self._spool.sign_off(stored, answer.body)
        self._refused.pop(stored.digest, None)
        self.last_contact = stamp(self._clock.now())
        return True

    def _note_refusal(self, stored: Stored, answer: Answer) -> None:
        """Raises, unless it is the hub that refuses, and this bundle alone."""
        if answer.status in (429, 503):
            raise Problem(SYNC_BUSY, seconds=retry_after(answer.headers))
        code = _code(answer)
        if code is None or answer.status >= 500:
            raise Problem(SYNC_REFUSED, reason=refusal(answer))
        self._put_off(stored, code)

    def _put_off(self, stored: Stored, code: str) -> None:
        self._refused[stored.digest] = _Refused(code, self._clock.monotonic() + _REFUSED_PAUSE)


def _code(answer: Answer) -> str | None:
    """The hub's own word for what is wrong; None when somebody else answered."""
    try:
        body = strictjson.loads(answer.body)
    except Problem:
        return None
    return str(body["problem"]) if isinstance(body, dict) and "problem" in body else None
