"""Rehearsing: a second journal of the same tablet, that behaves like the day and never counts.

It lies in a folder of its own with a key and a certificate of its own, in which the hub says that nothing of it
counts. Everything else is the same code. The journal in earnest is not touched: the next morning all counters stand at
what they were. Where a rehearsal stands is the name of its folder, so a restart, at whatever moment, changes nothing:
`making` → `ready` (certified, good without a network) → `running` → `ended` (what the hub has not yet) → gone.
Several may have ended before the hub was reached. One that runs and does not say since when was ended on a disk that
would not rename it. Ids that a rehearsal draws say so, and a page is taken only by the side that drew its own.
"""

import logging
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from kiosk import files, strictjson, web
from kiosk.booth import carrying, days, enrolment, outbox, staff
from kiosk.booth.context import Booth, booth, in_earnest, let_go
from kiosk.booth.folder import open_private
from kiosk.booth.journal import Journal
from kiosk.booth.passes import REHEARSED
from kiosk.booth.sessions import StaffSessions, Visits
from kiosk.booth.setup import init_booth
from kiosk.booth.storage import Storage
from kiosk.clock import BEIJING, stamp
from kiosk.config import BoothConfig
from kiosk.errors import (
    BOOTH_UNENROLLED,
    ENROL_KNOWN,
    REHEARSAL_OFF,
    REHEARSAL_ON,
    REHEARSAL_OPEN,
    REHEARSAL_PAGE,
    REHEARSAL_UNREADY,
    STORAGE_FAILED,
    SYNC_REFUSED,
    SYNC_UNREACHABLE,
    Problem,
)
from kiosk.packs.fairs import Desk, Fair
from kiosk.packs.hours import is_open, openings
from kiosk.packs.model import Text
from kiosk.reports.counters import counters_of
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, RehearsalRequest
from kiosk.sync.push import Client
from kiosk.values import Moment, is_id

_Kept = TypeVar("_Kept", "Begun", "Last")
log = logging.getLogger("kiosk.rehearsal")
views = Blueprint("rehearsal", __name__)
views.before_request(staff.ask_for_pin)

FOLDER = "rehearsal"
_MAKING, _READY, _RUNNING, _ENDED = "making", "ready", "running", "ended"
_BEGUN, _LAST = "begun.json", "last.json"
PAGE = "/staff/rehearsal"

#: A rehearsal never lasts longer; while the desk is open, it is for showing somebody how it goes.
LONGEST = timedelta(hours=12)
SHORT = timedelta(minutes=15)
#: So long before the desk opens, a rehearsal that is still on asks to be ended.
EARLY = timedelta(hours=1)


# --- how long one may last ------------------------------------------------------------------------


def is_pressing(fair: Fair, desk: Desk, now: datetime) -> bool:
    """Whether the desk is open or about to be: a rehearsal that is on now had better end."""
    return any(one.opens - EARLY <= now < one.closes for one in openings(fair, desk, now))


def ends_at(fair: Fair, desk: Desk, began: datetime) -> datetime:
    """When a rehearsal ends by itself: when the desk next opens, and after twelve hours at the latest.

    One that begins while the desk is open is over in a quarter of an hour.
    """
    if is_open(fair, desk, began):
        return began + SHORT
    return min([began + LONGEST, *(one.opens for one in openings(fair, desk, began) if one.opens > began)])


# --- what is kept of one --------------------------------------------------------------------------


class Begun(msgspec.Struct, frozen=True):
    """When a rehearsal began, by the wall as well as it was known, and by the monotonic clock of a boot."""

    at: Moment
    boot: str
    mono: int
    by: str  # a volunteer's id; "" from the command line


class Count(msgspec.Struct, frozen=True):
    name: Text
    n: int
    unit: Text


class Last(msgspec.Struct, frozen=True):
    """What the last rehearsal came to."""

    began: Moment
    ended: Moment
    by_itself: bool
    facts: int
    unsent: int  # facts and sealed content that the hub did not have then
    counts: list[Count]
    arrived: bool = False  # the hub has all of it since

    @property
    def times(self) -> tuple[str, str]:
        """For people, in Beijing: "03-14 19:02"."""
        return _for_people(datetime.fromisoformat(self.began)), _for_people(datetime.fromisoformat(self.ended))


def _for_people(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%m-%d %H:%M")


def counts_of(journal: Journal, fair: Fair) -> list[Count]:
    """What was recorded, as people say it; nothing of what never happened."""
    totals: Counter[str] = Counter()
    for (_day, _hour, _desk, metric), n in journal.totals().items():
        totals[metric] += n
    times = Text("次", "times")
    known = [
        *((f"tally.{one.id}", one.name, one.unit) for one in counters_of(fair)),
        ("quiz.finished", Text("知识问答", "Quizzes"), Text("人次", "visits")),
        ("exhibit.judged", Text("识假体验", "Exhibits judged"), times),
        ("complaint.filed", Text("投诉登记", "Complaints"), Text("件", "filed")),
        ("report.filed", Text("举报登记", "Reports"), Text("件", "filed")),
        ("prize.redeemed", Text("兑奖", "Prizes given"), times),
        ("survey.answered", Text("问卷", "Surveys"), Text("份", "filled in")),
    ]
    return [Count(name, totals[metric], unit) for metric, name, unit in known if totals[metric]]


def _folder(here: Booth, name: str) -> Path:
    return here.config.data / FOLDER / name


def _write(file: Path, value: Any) -> None:
    fresh = file.with_name(f"{file.name}.new")
    with open_private(fresh) as stream:
        stream.write(msgspec.json.encode(value))
    fresh.replace(file)


def _read(file: Path, kind: type[_Kept]) -> _Kept | None:
    try:
        return msgspec.convert(strictjson.loads(file.read_bytes()), kind)
    except (OSError, Problem, msgspec.ValidationError):
        return None


def _rename(before: Path, after: Path) -> None:
    """The one moment in which a rehearsal becomes something else."""
    shutil.rmtree(after, ignore_errors=True)
    before.rename(after)
    with suppress(OSError):
        files.sync_folder(after.parent)


def _free_ended(here: Booth) -> Path:
    """A name of its own for each that ended: what is just being sent stays where it is."""
    names = (_folder(here, f"{_ENDED}.{number}" if number else _ENDED) for number in count())
    return next(one for one in names if not one.exists())


# --- beforehand -----------------------------------------------------------------------------------


def prepare(here: Booth) -> None:
    """Fetch the certificate while there is a network: the evening before there may be none. Raises `sync.*`.

    A request that was cut off is made again as it was, so the hub gives the same.
    """
    ready = _folder(here, _READY)
    if ready.exists():
        return
    identity, making = here.journal.identity(), _folder(here, _MAKING)
    if identity.certificate is None or identity.hello is None:
        raise Problem(BOOTH_UNENROLLED)
    journal = _begin_making(_settings(here, making), here)
    try:
        client = Client(
            here.road(identity.hub_url or ""), outbox.load_key(here.config.data), identity.certificate, identity.hello
        )
        document = _certify(client, journal, outbox.load_key(making), identity.hello)
        row = here.journal.read_one("SELECT hub_url, hello, notice, notice_etag FROM identity")
        assert row is not None
        hub_url, hello, notice, etag = row
        journal.keep_enrolment(hub_url, hello, document, notice, etag)
    finally:
        journal.close()
    _rename(making, ready)


def _begin_making(settings: BoothConfig, here: Booth) -> Journal:
    settings.data.parent.mkdir(mode=0o700, exist_ok=True)
    if settings.database.is_file():
        journal = Journal(settings.database, here.clock)
        if journal.trouble is None:
            return journal
        journal.close()
    shutil.rmtree(settings.data, ignore_errors=True)
    return init_booth(settings, here.clock)


def _certify(client: Client, journal: Journal, key: keys.SigningKey, hub: protocol.Hello) -> bytes:
    own, who = client.certificate, journal.identity()
    proof = protocol.rehearsal_proof(own.device, who.public_key, who.journal, own.hub)
    asked = RehearsalRequest(
        public_key=who.public_key, journal=who.journal, proof=keys.sign(key, b"kiosk/rehearsal/1", proof)
    )
    try:
        answer = client.request("POST", "/sync/v1/rehearsals", protocol.dump(asked))
    except Problem as problem:
        if problem.details.get("code") == ENROL_KNOWN.code:  # a journal that is none of ours: never ask for it again
            shutil.rmtree(journal.file.parent, ignore_errors=True)
        raise
    given = protocol.read_document(Certificate, answer.body, hub.verify_key)
    wanted = (who.journal, who.public_key, own.hub, own.fair, own.desk, own.device)
    if (given.journal, given.public_key, given.hub, given.fair, given.desk, given.rehearsal) != wanted:
        raise Problem(SYNC_REFUSED, reason="the certificate is for another journal")
    return answer.body


def _settings(here: Booth, folder: Path) -> BoothConfig:
    """As in earnest, but for where things are; room is set aside for what counts alone."""
    return replace(here.config, data=folder, reserve_mb=0)


# --- beginning and ending -------------------------------------------------------------------------


def begin(here: Booth, by: str) -> None:
    """Serve the rehearsal from now on. `here` is the booth in earnest.

    Raises `rehearsal.on`, `rehearsal.unready`, `booth.unenrolled`, `journal.*`, `storage.failed`.
    """
    with here.stage.turn:
        if here.stage.rehearsal is None:
            _clear(here)
        mark_begun(here, by)
        _open(here)


def mark_begun(here: Booth, by: str) -> None:
    """From here on it is on, whichever program serves it. Raises as `begin`."""
    running = _folder(here, _RUNNING)
    if running.exists():
        raise Problem(REHEARSAL_ON)
    ready = _folder(here, _READY)
    if not ready.exists():
        try:
            prepare(here)
        except Problem as problem:
            if not problem.code.startswith(("sync.", "rehearsal.", "enrol.")):
                raise
            raise Problem(REHEARSAL_UNREADY, reason=problem.details.get("code", problem.code)) from None
    begun = Begun(stamp(days.now(here).moment), here.journal.boot, here.clock.monotonic(), by)
    try:
        _write(ready / _BEGUN, begun)
        _rename(ready, running)
    except OSError:
        raise Problem(STORAGE_FAILED) from None


def _clear(here: Booth) -> None:
    """One that was ended while its folder could not be renamed is out of the way."""
    running = _folder(here, _RUNNING)
    if running.exists() and not (running / _BEGUN).exists():
        with suppress(OSError):
            _rename(running, _free_ended(here))


def resume(here: Booth) -> None:
    """At the start of a program: a rehearsal that was on is on. One that cannot be gone on with is over."""
    _clear(here)
    if not _folder(here, _RUNNING).exists():
        return
    try:
        _open(here)
    except (OSError, Problem):
        log.warning("a rehearsal could not be gone on with and is over")
        shutil.rmtree(_folder(here, _RUNNING), ignore_errors=True)


def _open(here: Booth) -> None:
    settings = _settings(here, _folder(here, _RUNNING))
    storage = Storage.of(settings)
    journal = Journal(settings.database, here.clock, storage)
    try:
        journal.refuse_in_trouble()
        row = here.journal.read_one("SELECT notice, notice_etag FROM identity")
        if row is not None:  # the fair as it is by now: names and PINs of tonight
            journal.keep_notice(*row)
        if journal.identity().certificate is None:
            raise Problem(BOOTH_UNENROLLED)
    except Problem:
        journal.close()
        raise
    made = Booth(
        config=settings,
        journal=journal,
        pack=here.pack,
        clock=here.clock,
        visits=Visits(here.clock, settings.idle_seconds),
        staff=StaffSessions(here.clock, settings.staff_idle_seconds),
        storage=storage,
    )
    made.behind, made.health = here, here.health
    made.counting.behind = here.journal
    made.road, made.relay_road = here.road, here.relay_road
    made.asks_first = lambda: PAGE if state(here).is_pressing else ""
    here.stage.begin(made)


def end(here: Booth, *, by_itself: bool = False) -> Last:
    """Count in earnest from now on. What was sealed for the rehearsal is deleted at once. Raises `rehearsal.off`."""
    with here.stage.turn:
        if here.stage.rehearsal is None:
            raise Problem(REHEARSAL_OFF)
        at = state(here)
        rehearsal = here.stage.end()
        assert rehearsal is not None  # nobody else ends one: this has the turn
        last = Last(stamp(at.began), stamp(at.now), by_itself, 0, 0, [])
        with suppress(Problem):
            journal = rehearsal.journal
            counts = counts_of(journal, rehearsal.enrolled.fair)
            last = msgspec.structs.replace(last, facts=journal.head()[0], unsent=journal.unsent(), counts=counts)
            journal.transact(_drop_what_was_told)
        rehearsal.close()
        with suppress(OSError):  # a full disk
            _write(_folder(here, _LAST), last)
        try:
            _rename(_folder(here, _RUNNING), _free_ended(here))
        except OSError:  # over all the same, and no program that starts goes on with it
            with suppress(OSError):
                (_folder(here, _RUNNING) / _BEGUN).unlink()
        return last


def _drop_what_was_told(connection: sqlite3.Connection) -> None:
    """Facts name it by its hash, and the hub keeps none of it either."""
    for table in ("blobs", "drafts", "draft_photos"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 (our own words)


# --- now and then ---------------------------------------------------------------------------------


class State(msgspec.Struct, frozen=True):
    """Where a rehearsal stands that is on."""

    began: datetime
    ends: datetime  # by itself
    now: datetime
    is_pressing: bool  # the desk is open, or about to be
    is_open: bool

    @property
    def ends_at(self) -> str:
        """In Beijing, "08:00"."""
        return self.ends.astimezone(BEIJING).strftime("%H:%M")


def state(here: Booth) -> State:
    """Of the rehearsal of a booth in earnest."""
    now, fair, desk = days.now(here).moment, here.enrolled.fair, here.enrolled.desk
    begun = _read(_folder(here, _RUNNING) / _BEGUN, Begun)
    began = now - LONGEST  # nobody knows: it is over
    if begun is not None:
        since = timedelta(milliseconds=here.clock.monotonic() - begun.mono)
        began = now - since if begun.boot == here.journal.boot else datetime.fromisoformat(begun.at)
    return State(began, ends_at(fair, desk, began), now, is_pressing(fair, desk, now), is_open(fair, desk, now))


def shown(served: Booth) -> State | None:
    """What a page says of the rehearsal it is served by; of a tablet in trouble it has other things to say."""
    here = served.behind
    return None if here is None or here.journal.trouble is not None else state(here)


def watch(here: Booth) -> None:
    """End a rehearsal whose time is over, or that is of no use any more."""
    rehearsal = here.stage.rehearsal
    if rehearsal is None:
        return
    with suppress(Problem):  # somebody else ended it just now; or the journal in earnest cannot be read
        at = state(here)
        if at.now >= at.ends or at.began > at.now + EARLY or rehearsal.journal.trouble is not None:
            end(here, by_itself=True)


def watch_request() -> None:
    """Before every page."""
    watch(in_earnest())


def refuse_other_pages() -> None:
    """Before what a page sends: one that was opened before a rehearsal began, or while it was on, outlived its booth.

    Its id says so. Photos come under the id of a form that is looked at when it is handed in. Raises `rehearsal.page`.
    """
    if request.method != "POST" or request.mimetype != "application/x-www-form-urlencoded":
        return
    page_id = request.form.get("id", "")
    if is_id(page_id) and page_id.endswith(REHEARSED) != (booth().behind is not None):
        raise Problem(REHEARSAL_PAGE)


def tend(here: Booth) -> None:
    """What the courier does of it, once what counts was sent: send, clear up, prepare the next one."""
    rehearsal = here.stage.enter()
    if rehearsal is not None:
        try:
            rehearsal.tend()
            _noting(here, lambda: enrolment.errand(rehearsal))
        finally:
            here.stage.leave()
    hand_in(here)
    if not here.stage.is_refused and rehearsal is None:
        _noting(here, lambda: _prepare_in_turn(here))


def _prepare_in_turn(here: Booth) -> None:
    with here.stage.turn:
        try:
            prepare(here)
        except Problem as problem:
            here.stage.is_refused = problem.kind is SYNC_REFUSED
            raise


def _noting(here: Booth, errand: Callable[[], object]) -> None:
    """A rehearsal never keeps what counts from being sent: what goes wrong with it waits for the next round."""
    try:
        errand()
    except (OSError, sqlite3.Error) as error:
        log.info("rehearsal: %s", type(error).__name__)
    except Problem as problem:
        here.stage.is_in_reach = problem.kind is not SYNC_UNREACHABLE
        log.info("rehearsal: %s", problem.code)
    else:
        here.stage.is_in_reach = True


def hand_in(here: Booth) -> None:
    """Send what an ended rehearsal has left, if that can be done now."""
    _noting(here, lambda: settle(here))


def settle(here: Booth) -> None:
    """Send what ended rehearsals have left, say that they are over, and forget them. Raises `sync.*`, `relay.*`.

    Beside whatever else is done of rehearsals: nobody waits for a network to end one.
    """
    identity = here.journal.identity()
    if identity.certificate is None or identity.hello is None:
        return
    client = Client(
        here.road(identity.hub_url or ""), outbox.load_key(here.config.data), identity.certificate, identity.hello
    )
    with here.stage.sending:
        arrived = [_hand_in_one(here, client, one) for one in sorted(_folder(here, "").glob(f"{_ENDED}*"))]
        if arrived and all(arrived):
            last = _read(_folder(here, _LAST), Last)
            if last is not None:
                _write(_folder(here, _LAST), msgspec.structs.replace(last, arrived=True))


def _hand_in_one(here: Booth, client: Client, ended: Path) -> bool:
    """Whether the hub has all of it, which is then gone here; a relay says nothing of that."""
    settings = _settings(here, ended)
    journal = Journal(settings.database, here.clock)
    try:
        hub = here.road(here.journal.identity().hub_url or "")
        relay = (lambda: here.relay_road(settings.relay_url)) if settings.relay_url else None
        carrier = carrying.Carrier.of(journal, outbox.load_key(ended))
        result = carrying.deliver(carrier, lambda: hub, relay, here.pack.version, here.clock)
        if isinstance(result, carrying.Delivery):
            return False
        client.request("DELETE", f"/sync/v1/rehearsals/{carrier.certificate.journal}")
    finally:
        journal.close()
    shutil.rmtree(ended, ignore_errors=True)
    return True


# --- the page -------------------------------------------------------------------------------------


class Page(msgspec.Struct, frozen=True):
    state: State | None  # None: no rehearsal is on
    counts: list[Count]  # of the rehearsal so far
    unsent: int
    facts: int
    last: Last | None
    is_ready: bool  # it can begin without a network
    is_open: bool  # visitors may come now who ought to be counted
    ends: str  # when one that began now would end by itself
    problem: str | None


@views.get(PAGE)
def show() -> Response:
    return _answer()


@views.post(f"{PAGE}/start")
def start() -> Response:
    """Again after a lost reply it leads to the rehearsal that is on."""
    form = web.read_form(optional=("sure",))
    here, volunteer = in_earnest(), staff.signed_in()
    if here.stage.rehearsal is None:
        try:
            if is_open(here.enrolled.fair, here.enrolled.desk, days.now(here).moment) and form["sure"] != "yes":
                raise Problem(REHEARSAL_OPEN)
            begin(here, volunteer.volunteer)
        except Problem as problem:
            if problem.kind not in (REHEARSAL_OPEN, REHEARSAL_UNREADY):
                raise
            return _answer(problem)
        here.staff.close(request.cookies.get(staff.COOKIE))
    response = web.see_other("visits.attract")
    response.delete_cookie(staff.COOKIE, samesite="Strict", httponly=True)
    return response


@views.post(f"{PAGE}/end")
def stop() -> Response:
    """The volunteer stays signed in, in earnest. Again after a lost reply it leads to what there is to see."""
    web.read_form()
    here, volunteer = in_earnest(), staff.signed_in()
    response = web.see_other("rehearsal.show")
    if here.stage.rehearsal is None:
        return response
    let_go()
    end(here)
    if here.stage.is_in_reach:
        hand_in(here)
    if volunteer.volunteer in here.enrolled.volunteers:
        staff.with_session(response, here.staff.open(volunteer.volunteer, volunteer.name))
    return response


def _answer(problem: Problem | None = None) -> Response:
    here, served = in_earnest(), booth()
    fair, desk, now = here.enrolled.fair, here.enrolled.desk, days.now(here).moment
    is_on = served is not here
    page = Page(
        state=state(here) if is_on else None,
        counts=counts_of(served.journal, fair) if is_on else [],
        unsent=served.journal.unsent() if is_on else 0,
        facts=served.journal.head()[0] if is_on else 0,
        last=_read(_folder(here, _LAST), Last),
        is_ready=_folder(here, _READY).exists(),
        is_open=is_open(fair, desk, now),
        ends=_for_people(ends_at(fair, desk, now)),
        problem=problem.sentence(web.language()) if problem else None,
    )
    return web.page("booth/rehearsal/rehearsal.html", problem.status if problem else 200, page=page)
