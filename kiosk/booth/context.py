"""What a booth is while it runs, and how a view gets at it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from kiosk.booth import outbox
from kiosk.booth.journal import Journal
from kiosk.booth.sessions import StaffSessions, Visits
from kiosk.clock import Clock
from kiosk.config import BoothConfig
from kiosk.errors import BOOTH_UNENROLLED, Problem
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.reader import Pack
from kiosk.sync import keys, protocol
from kiosk.sync.http import HttpTransport
from kiosk.sync.push import Result, Transport

_REFRESH = 5_000  # milliseconds for which what the database says about the fair is believed


@dataclass(frozen=True)
class Enrolment:
    """What an enrolled booth knows about itself and its fair."""

    certificate: protocol.Certificate
    hub: protocol.Hello
    hub_url: str
    public_url: str
    fair: Fair
    desk: Desk
    venue: Venue
    volunteers: dict[str, dict[str, str]]  # id → id, name, pin (Argon2id)

    @property
    def sealing_key(self) -> keys.PublicKey:
        return keys.PublicKey(bytes.fromhex(self.hub.sealing_key))


class Booth:
    """One running tablet."""

    def __init__(
        self,
        config: BoothConfig,
        journal: Journal,
        pack: Pack,
        clock: Clock,
        visits: Visits,
        staff: StaffSessions,
    ) -> None:
        self.config = config
        self.journal = journal
        self.pack = pack
        self.clock = clock
        self.visits = visits
        self.staff = staff
        self._enrolment: Enrolment | None = None
        self._read_at: int | None = None

    @property
    def enrolment(self) -> Enrolment | None:
        """Re-read now and then: `kiosk booth enrol` and `sync` run beside the server."""
        now = self.clock.monotonic()
        if self._read_at is None or now - self._read_at > _REFRESH:
            self._enrolment = _read_enrolment(self.journal)
            self._read_at = now
        return self._enrolment

    @property
    def enrolled(self) -> Enrolment:
        """The enrolment, or the problem `booth.unenrolled`."""
        if self.enrolment is None:
            raise Problem(BOOTH_UNENROLLED)
        return self.enrolment

    def sync(self, transport: Transport | None = None, progress: Callable[[int, int], None] | None = None) -> Result:
        """Send everything to the hub this booth is enrolled at."""
        road = transport or HttpTransport(self.enrolled.hub_url)
        key = outbox.load_key(self.config.data)
        return outbox.sync(
            self.journal, key, road, self.pack.version, self.clock, progress or (lambda _done, _of: None)
        )

    def close(self) -> None:
        self.journal.close()


def _read_enrolment(journal: Journal) -> Enrolment | None:
    identity = journal.identity()
    if identity.certificate is None or identity.hello is None or identity.notice is None:
        return None
    fair = identity.notice.fair
    desk = fair.desk(identity.certificate.desk)
    return Enrolment(
        certificate=identity.certificate,
        hub=identity.hello,
        hub_url=identity.hub_url or "",
        public_url=identity.notice.public_url,
        fair=fair,
        desk=desk,
        venue=fair.venue(desk.venue),
        volunteers={one["id"]: one for one in identity.notice.volunteers},
    )


def booth() -> Booth:
    """The booth this request is served by."""
    here = current_app.extensions["booth"]
    assert isinstance(here, Booth)
    return here


def new_id() -> str:
    """A fact's id: 128 random bits, made before the request that will use it."""
    return secrets.token_hex(16)
