"""Bringing what lies in the spool to the hub, and keeping what it signs."""

import msgspec

from kiosk import strictjson
from kiosk.clock import Clock, stamp
from kiosk.errors import FILE_UNUSABLE, SYNC_BUSY, SYNC_REFUSED, SYNC_UNREACHABLE, Problem
from kiosk.relay.spool import Spool, Stored
from kiosk.sync import protocol
from kiosk.sync.courier import retry_after
from kiosk.sync.push import Answer, Transport, refusal

_REFUSED_PAUSE = 10 * 60 * 1000  # milliseconds until a bundle the hub refused is offered again
_FAILED_PAUSE = 60 * 1000  # … or one that the hub, or whoever stood in its place, could not deal with
_FAILURES = 3  # one after another, and it is the hub that cannot now, not these bundles


class _Refused(msgspec.Struct, frozen=True):
    code: str
    again_at: int  # by the monotonic clock


class Forwarder:
    """The relay's errand: one call offers the hub everything that waits."""

    def __init__(self, spool: Spool, transport: Transport, clock: Clock) -> None:
        self._spool = spool
        self._transport = transport
        self._clock = clock
        self._refused: dict[str, _Refused] = {}  # by digest
        self._offered: dict[str, int] = {}  # by digest: in which turn it was last offered
        self._turn = 0
        self.last_contact: str | None = None  # when the hub last signed for something

    def __call__(self) -> int:
        """Returns how many bundles the hub signed for.

        Raises `sync.unreachable`, `sync.busy`, `sync.receipt` … when the hub is not to be had now. What it refuses,
        or fails on, is kept and offered again later, and does not hold up the rest.
        """
        signed, in_a_row = 0, 0
        failure: Problem | None = None
        for stored in self._in_turn():
            try:
                signed += self._forward(stored)
                in_a_row = 0
            except Problem as problem:
                if problem.kind in (SYNC_BUSY, SYNC_UNREACHABLE):
                    raise
                self._put_off(stored, problem.code, _FAILED_PAUSE)
                failure, in_a_row = failure or problem, in_a_row + 1
            if in_a_row == _FAILURES:
                break
        if failure is not None and not signed:
            raise failure
        return signed

    def _in_turn(self) -> list[Stored]:
        """What waits; first what was not offered yet, or longest ago: no bundle may break the way for the others."""
        waiting = self._spool.waiting()
        known = {one.digest for one in waiting}
        self._offered = {digest: turn for digest, turn in self._offered.items() if digest in known}
        self._refused = {digest: one for digest, one in self._refused.items() if digest in known}
        return sorted(waiting, key=lambda one: self._offered.get(one.digest, 0))

    @property
    def refused(self) -> dict[str, str]:
        """Digest → code of bundles the hub refused when they were last offered."""
        return {digest: one.code for digest, one in list(self._refused.items())}

    def _forward(self, stored: Stored) -> bool:
        before = self._refused.get(stored.digest)
        if before is not None and self._clock.monotonic() < before.again_at:
            return False
        self._turn += 1
        self._offered[stored.digest] = self._turn
        try:
            content = self._spool.content(stored)
        except Problem as problem:
            if problem.kind is FILE_UNUSABLE:
                self._put_off(stored, problem.code, _REFUSED_PAUSE)
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
        """Raises, unless it is the hub that refuses, in its own words."""
        if answer.status in (429, 503):
            raise Problem(SYNC_BUSY, seconds=retry_after(answer.headers))
        code = _code(answer)
        if code is None or answer.status >= 500:
            raise Problem(SYNC_REFUSED, reason=refusal(answer))
        self._put_off(stored, code, _REFUSED_PAUSE)

    def _put_off(self, stored: Stored, code: str, pause: int) -> None:
        self._refused[stored.digest] = _Refused(code, self._clock.monotonic() + pause)


def _code(answer: Answer) -> str | None:
    """The hub's own word for what is wrong; None when somebody else answered."""
    try:
        body = strictjson.loads(answer.body)
    except Problem:
        return None
    return str(body["problem"]) if isinstance(body, dict) and "problem" in body else None
