"""What a booth is while it runs, and how a view gets at it."""

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress

import msgspec
from flask import current_app, g, has_app_context

from kiosk.booth import carrying, outbox, passes, shelf
from kiosk.booth.handoff import Phones
from kiosk.booth.health import Health
from kiosk.booth.journal import Journal
from kiosk.booth.passes import REHEARSED
from kiosk.booth.sessions import StaffSessions, Visits
from kiosk.booth.stage import Stage
from kiosk.booth.storage import Storage
from kiosk.clock import Clock
from kiosk.config import BoothConfig
from kiosk.errors import BOOTH_UNENROLLED, JOURNAL_FORKED, Problem
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.reader import Pack
from kiosk.packs.surveys import Survey
from kiosk.reports.counters import Counter, counters_of
from kiosk.sync import keys, protocol
from kiosk.sync.http import HttpTransport
from kiosk.sync.push import Result, Transport

_REFRESH = 5_000  # milliseconds for which what the database says about the fair is believed


class Enrolment(msgspec.Struct, frozen=True):
    """What an enrolled booth knows about itself and its fair."""

    certificate: protocol.Certificate
    hub: protocol.Hello
    hub_url: str
    public_url: str
    fair: Fair
    desk: Desk
    venue: Venue
    volunteers: dict[str, dict[str, str]]  # id → id, name, pin (Argon2id)
    canary: protocol.Canary = "none"  # whether the first thing sealed here was opened at the hub
    is_revoked: bool = False
    surveys: list[Survey] = []  # that the hub sent
    counters: list[Counter] = []  # of the desk, in its order

    @property
    def is_ready(self) -> bool:
        """What is sealed here can be opened: nobody tells this tablet in vain."""
        return self.canary == "opened"

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
        storage: Storage,
    ) -> None:
        self.config = config
        self.journal = journal
        self.pack = pack
        self.clock = clock
        self.visits = visits
        self.phones = Phones(clock, config.phone_url, config.phone_wifi, visits)
        self.staff = staff
        self.counting = passes.Words(journal, clock)
        self.storage = storage
        self.health = Health(clock)
        numbers = frozenset(one.number for one in pack.exhibits)
        self.shelf = shelf.Shelf(config.data / shelf.FOLDER, journal, numbers)
        self.road: Callable[[str], Transport] = HttpTransport  # to the hub at an address
        self.relay_road: Callable[[str], Transport] = HttpTransport
        self.asking = threading.Lock()  # one enrolment at a time
        self.stage: Stage[Booth] = Stage()  # what is served in its place while somebody rehearses
        self.behind: Booth | None = None  # of a rehearsal: the booth in earnest
        self.asks_first: Callable[[], str] = lambda: ""  # the page a volunteer must see first after the PIN
        self.turned_down: Problem | None = None  # why the last one ended, until somebody has seen it
        self.is_forked = False  # the hub holds another branch of this journal, as it said when it was last asked
        self._enrolment: Enrolment | None = None
        self._read_at: int | None = None

    @property
    def enrolment(self) -> Enrolment | None:
        """Re-read now and then: `kiosk booth enrol` and `sync` run beside the server."""
        now = self.clock.monotonic()
        if self._read_at is None or now - self._read_at > _REFRESH:
            try:
                self._enrolment = self._as_in_earnest(_read_enrolment(self.journal))
            except Problem:
                if self._enrolment is None and self.journal.trouble is None:
                    raise
                return self._enrolment  # as it was; the file is busy for a moment, or for good
            self._read_at = now
        return self._enrolment

    def _as_in_earnest(self, found: "Enrolment | None") -> "Enrolment | None":
        """A rehearsal seals for the same key, and ends with the tablet it is on."""
        own = self.behind.enrolment if self.behind is not None else None
        if found is None or own is None:
            return found
        return msgspec.structs.replace(found, canary=own.canary, is_revoked=own.is_revoked)

    def look_again(self) -> None:
        """What the database says about the fair has changed."""
        self._read_at = None

    @property
    def enrolled(self) -> Enrolment:
        """The enrolment, or the problem `booth.unenrolled`; `journal.*` where it cannot be read any more."""
        found = self.enrolment
        if found is None:
            self.journal.refuse_in_trouble()
            raise Problem(BOOTH_UNENROLLED)
        return found

    @property
    def surveys(self) -> list[Survey]:
        """The surveys the fair chose; without those nobody here has."""
        found = (self.survey(survey_id) for survey_id in self.enrolled.fair.surveys)
        return [survey for survey in found if survey is not None]

    def survey(self, survey_id: str) -> Survey | None:
        """A survey that the hub sent, or else one of the pack."""
        known = (*self.enrolled.surveys, *self.pack.surveys)
        return next((survey for survey in known if survey.id == survey_id), None)

    def tend(self) -> None:
        """Now and then: the reserve, and the mark of how far the journal has come."""
        self.storage.tend()
        with suppress(OSError, Problem):
            self.journal.keep_mark()

    def sync(self, transport: Transport | None = None, progress: Callable[[int, int], None] | None = None) -> Result:
        """Send everything to the hub this booth is enrolled at, or leave it with the relay if there is one.

        Of a journal in trouble what can be believed.
        """
        try:
            result = self._deliver(transport, progress or (lambda _done, _of: None))
        except Problem as problem:
            self.is_forked = self.is_forked or problem.kind is JOURNAL_FORKED
            raise
        self.is_forked = self.is_forked and isinstance(result, carrying.Delivery)  # a relay knows nothing of it
        if not isinstance(result, carrying.Delivery):
            self.health.note_hub()
        return result

    def _deliver(self, transport: Transport | None, progress: Callable[[int, int], None]) -> Result:
        carrier = carrying.Carrier.of(self.journal, outbox.load_key(self.config.data))
        return carrying.deliver(
            carrier,
            lambda: transport or self.road(self.journal.identity().hub_url or ""),
            (lambda: self.relay_road(self.config.relay_url)) if self.config.relay_url else None,
            self.pack.version,
            self.clock,
            progress,
            self.health.told(),
        )

    def close(self) -> None:
        if self.stage.rehearsal is not None:
            self.stage.rehearsal.close()
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
        canary=identity.head.canary if identity.head else "none",
        is_revoked=identity.is_revoked,
        surveys=identity.notice.surveys or [],
        counters=counters_of(fair, desk),
    )


def booth() -> Booth:
    """The booth this request is served by, from its first question to its end: the rehearsal, if one is on."""
    served = g.get("booth")
    if served is None:
        here = in_earnest()
        served = g.booth = here.stage.enter() or here
    assert isinstance(served, Booth)
    return served


def in_earnest() -> Booth:
    """The tablet's booth that counts, whether a rehearsal is on or not."""
    here = current_app.extensions["booth"]
    assert isinstance(here, Booth)
    return here


def let_go(_error: object = None) -> None:
    """Be done with the booth this request was served by. What is asked from here on is asked anew."""
    served = g.pop("booth", None)
    if served is not None and served.behind is not None:
        served.behind.stage.leave()


def new_id() -> str:
    """A fact's id: random, and made before the request that will use it. One of a rehearsal says so."""
    drawn = secrets.token_hex(16)
    is_rehearsed = has_app_context() and booth().behind is not None
    return drawn[: -len(REHEARSED)] + REHEARSED if is_rehearsed else drawn
