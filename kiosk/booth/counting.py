"""Counting on a volunteer's own phone, over plain HTTP in the square's Wi-Fi.

The tablet shows a code to whoever is signed in there; the touch on the page it leads to makes a phone count for that
volunteer. The phone's page keeps every tap until the tablet says that it has it, and sends what it keeps by the
hundred: each as JSON with an id of its own, so that a tap that comes twice is one fact. A tap counts in the hour in
which it arrives, under the volunteer of its stint; no clock of a phone is believed.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flask import Blueprint, Response, request

from kiosk import __version__, strictjson, web
from kiosk.booth import derived, handoff, passes, staff, visits
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.days import now as true_time
from kiosk.booth.journal import Draft, stored
from kiosk.booth.passes import Phone, State, Stint
from kiosk.booth.tallies import PATIENCE, counters_here, is_of_today, refuse_corrected
from kiosk.clock import BEIJING
from kiosk.errors import (
    COUNTING_ENDED,
    COUNTING_OVER,
    COUNTING_UNKNOWN,
    FACT_CONFLICT,
    FIELD_INVALID,
    REHEARSAL_PAGE,
    REQUEST_MALFORMED,
    UNDO_CORRECTED,
    UNDO_NOTHING,
    UNDO_TOO_LATE,
    Kind,
    Problem,
)
from kiosk.facts.envelope import Fact, day_and_hour
from kiosk.facts.tallies import HEADCOUNT, LEFT, UNDO_WINDOW, Amount, TallyCounted, TallyUndone, undo_id
from kiosk.reports.counters import Counter
from kiosk.values import Id, Slug
from kiosk.web import assets

COOKIE = "counting"
AT = f"{visits.PHONE}/count"
#: A page without anything of a person, which a browser may open again while the tablet cannot be reached.
STORABLE = f"private, max-age={passes.HOURS * 3600}"
#: What a phone sends at a time.
MOST_TAPS = 100

#: At the tablet: the code, and the phones that count.
tablet_views = Blueprint("counting", __name__)
tablet_views.before_request(staff.ask_for_pin)
#: On the phone.
views = Blueprint("counting_phone", __name__, url_prefix=AT)


def end_for(volunteer: str) -> None:
    """The volunteer's shift is over: their phones stop, and what those still keep arrives under their name."""
    passes.end_for(booth().journal, volunteer)


# --- at the tablet --------------------------------------------------------------------------------


class PhoneRow(msgspec.Struct, frozen=True):
    """A phone that counts, as the tablet lists it."""

    stint: str
    number: int
    name: str  # of the volunteer
    since: str  # "09:31"
    minutes: int | None  # since it was last heard of; None: not since the program was started
    waiting: int  # taps it kept then


class CountingPage(msgspec.Struct, frozen=True):
    code: handoff.Code | None  # None: phones cannot come to this tablet
    phones: list[PhoneRow]


@tablet_views.get("/staff/counting")
def screen() -> Response:
    """The code for one more phone, and the phones that count. The page looks again by itself."""
    here, volunteer = booth(), staff.signed_in()
    code = _code(here, volunteer.volunteer) if here.phones.url else None
    rows = [_row(here, one) for one in passes.counting(here.journal, here.clock)]
    return web.page("booth/counting/screen.html", page=CountingPage(code, rows))


def _code(here: Booth, volunteer: str) -> handoff.Code:
    address = f"{here.phones.url}{AT}/{here.counting.offer(volunteer)}"
    return handoff.Code(address, handoff.drawn(address), here.phones.wifi)


def _row(here: Booth, stint: Stint) -> PhoneRow:
    heard = here.counting.heard(stint.id)
    since = datetime.fromtimestamp(stint.since, BEIJING).strftime("%H:%M")
    minutes, waiting = (heard[0] // 60, heard[1]) if heard else (None, 0)
    return PhoneRow(stint.id, stint.number, _name(here, stint.volunteer), since, minutes, waiting)


@tablet_views.post("/staff/counting/end")
def end() -> Response:
    form = web.read_form("stint")
    passes.withdraw(booth().journal, web.read_id(form, "stint"))
    return web.see_other("counting.screen")


# --- on the phone ---------------------------------------------------------------------------------


class ArrivalPage(msgspec.Struct, frozen=True):
    word: str
    phone: str  # an id for this page: the same touch twice is one
    name: str


class PhonePage(msgspec.Struct, frozen=True):
    """The counters, and nothing of whoever counts."""

    counters: list[Counter]
    version: str  # changes when the page has to be fetched anew


@views.get("")
def page() -> Response:
    here = booth()
    response = web.page("booth/counting/phone.html", page=PhonePage(counters_here(here), _version(here)))
    response.headers["Cache-Control"] = STORABLE
    return response


@views.get("/<count_word>")
def arrive(count_word: str) -> Response:
    """What the code leads to. Nothing happens yet: a camera may look at an address before its owner does.

    A phone that scans its own code again goes on to its counters.
    """
    here = booth()
    if here.counting.was_taken_with(count_word, request.cookies.get(COOKIE, "")):
        return web.see_other("counting_phone.page")
    volunteer = here.counting.look(count_word)
    return web.page("booth/counting/arrive.html", page=ArrivalPage(count_word, new_id(), _name(here, volunteer)))


@views.post("/take")
def take() -> Response:
    """The touch on that page: the phone counts from here on."""
    form = web.read_form("word", "phone", limit=100)
    phone, held = web.read_id(form, "phone"), request.cookies.get(COOKIE, "")
    token = booth().counting.take(form["word"], phone, held)
    response = web.see_other("counting_phone.page")
    seconds = 2 * passes.HOURS * 3600  # what was kept overnight is still told that it is too old
    response.set_cookie(COOKIE, token, seconds, path=AT, httponly=True, samesite="Lax")
    return response


# --- taps -----------------------------------------------------------------------------------------


class Tap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One touch on a key of the phone's page."""

    id: Id
    stint: Id
    counter: Slug
    n: Amount


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tap taken back; the tap itself stands before it, or came before."""

    id: Id  # of this request to take it back
    stint: Id
    undoes: Id
    after: Annotated[int, msgspec.Meta(ge=0, le=UNDO_WINDOW + PATIENCE)]  # ms from one touch to the other


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phone sends: at most a hundred taps, and how many it keeps in all."""

    waiting: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    taps: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MOST_TAPS)]


class Told(msgspec.Struct, frozen=True):
    """What became of one tap. Only of the first two a phone may forget it."""

    id: str
    came_to: Literal["ok", "same", "held", "refused"]
    code: str = ""  # of the problem
    say: str = ""  # its sentence


@views.post("/taps")
def taps() -> Response:
    """Take in what a phone kept: all of it in one turn of the writer, and on disk before this is answered."""
    sent, here = _read(), booth()
    phone = passes.known(here.journal, here.clock, request.cookies.get(COOKIE))
    if phone is None:
        raise Problem(COUNTING_UNKNOWN)
    told = _taken(here, phone, sent.taps) if sent.taps else []
    here.counting.note(phone.last.id, sent.waiting)
    return web.json_response({**_standing(here, phone.last), "taps": [msgspec.structs.asdict(one) for one in told]})


def _read() -> Sent:
    """Raises `request.malformed`, `json.malformed`; a page of another site cannot send JSON without being asked."""
    if request.mimetype != "application/json":
        raise Problem(REQUEST_MALFORMED)
    try:
        return msgspec.convert(strictjson.loads(request.get_data()), Sent)
    except msgspec.ValidationError:
        raise Problem(REQUEST_MALFORMED) from None


def _standing(here: Booth, stint: Stint) -> dict[str, Any]:
    """How a phone stands, and what has been counted here today."""
    today, _ = day_and_hour(here.clock.now())
    seq, _ = here.journal.head()  # first: the totals are at least as new
    totals = here.journal.day_totals(today)
    return {
        "session": stint.state,
        "stint": stint.id,
        "number": stint.number,
        "who": _name(here, stint.volunteer),
        "version": _version(here),
        "seq": seq,
        "totals": {one.id: totals.get(one.metric, 0) for one in counters_here(here)},
    }


def _taken(here: Booth, phone: Phone, taps: list[dict[str, Any]]) -> list[Told]:
    batch = _Batch(here, phone)

    def job(connection: sqlite3.Connection, append: Callable[[Draft], Fact]) -> list[Told]:
        return [batch.take(tap, connection, append) for tap in taps]

    return here.journal.append_in(job)


class _Batch:
    """Taps of one phone on their way into the journal. What is wrong with one says nothing of the others."""

    def __init__(self, here: Booth, phone: Phone) -> None:
        self._here = here
        self._phone = phone
        # Who stood at an entrance before the fair named its entrances counted all of them.
        self._counters = {HEADCOUNT, LEFT, *(one.id for one in counters_here(here))}
        self._true = true_time(here).moment
        behind = here.behind
        earnest = passes.known(behind.journal, behind.clock, request.cookies.get(COOKIE)) if behind else None
        self._later = frozenset(earnest.stints) if earnest else frozenset[str]()  # what they keep waits till it counts

    def take(self, tap: dict[str, Any], connection: sqlite3.Connection, append: Callable[[Draft], Fact]) -> Told:
        name = str(tap.get("id", ""))[:32]
        try:
            read = msgspec.convert(tap, Undo) if "undoes" in tap else msgspec.convert(tap, Tap)
            if isinstance(read, Undo):
                is_new = self._undo(read, connection, append)
            else:
                is_new = self._tap(read, connection, append)
        except msgspec.ValidationError:
            return _refused(name, Problem(FIELD_INVALID, field="taps"))
        except Problem as problem:
            if problem.kind not in _OF_ONE_TAP:
                raise
            return _refused(name, problem)
        return Told(name, "ok" if is_new else "same")

    def _volunteer(self, stint: str) -> str:
        """Raises why a stint's taps are not taken."""
        volunteer, state = self._phone.volunteer_of(stint)
        if volunteer:
            return volunteer
        if state is None and stint in self._later:
            raise Problem(COUNTING_ENDED)
        raise Problem(REHEARSAL_PAGE if state is None and stint.endswith(passes.REHEARSED) else _WHY_NOT[state])

    def _own(self, stint: str) -> str:
        """The volunteer of a stint, whether it still counts or not: what was taken in time stays taken."""
        found = self._phone.stints.get(stint)
        return found.volunteer if found else ""

    def _tap(self, tap: Tap, connection: sqlite3.Connection, append: Callable[[Draft], Fact]) -> bool:
        body, before = TallyCounted(counter=tap.counter, n=tap.n), stored(connection, tap.id)
        if before is not None and (before.by, before.kind, before.body) == (
            self._own(tap.stint),
            "tally.counted",
            msgspec.structs.asdict(body),
        ):
            return False
        by = self._volunteer(tap.stint)
        if before is None and tap.counter not in self._counters:
            raise Problem(FIELD_INVALID, field="counter")
        append(Draft(tap.id, body, by))
        return True

    def _undo(self, undo: Undo, connection: sqlite3.Connection, append: Callable[[Draft], Fact]) -> bool:
        """The page saw to the ten seconds; what it kept since then may have waited long."""
        tap = stored(connection, undo.undoes)
        is_own = tap is not None and tap.kind == "tally.counted" and tap.by == self._own(undo.stint)
        if tap is None or not is_own:
            self._volunteer(undo.stint)
            raise Problem(UNDO_NOTHING)
        at = derived.place(connection, undo_id(tap.id), "tally.undone")
        if at.fact is None:
            by = self._volunteer(undo.stint)
            if tap.boot != self._here.journal.boot or not is_of_today(self._here, tap, self._true):
                raise Problem(UNDO_TOO_LATE)
            refuse_corrected(connection, tap)
            append(Draft(at.id, TallyUndone(undoes=tap.id, counter=tap.body["counter"], n=tap.body["n"]), by))
        return at.fact is None


#: What is wrong with one tap alone. Anything else is wrong with the tablet, and none of them is taken.
_OF_ONE_TAP = (
    COUNTING_ENDED,
    COUNTING_OVER,
    COUNTING_UNKNOWN,
    FACT_CONFLICT,
    FIELD_INVALID,
    REHEARSAL_PAGE,
    UNDO_CORRECTED,
    UNDO_NOTHING,
    UNDO_TOO_LATE,
)
_WHY_NOT: Mapping[State | None, Kind] = {"withdrawn": COUNTING_ENDED, "over": COUNTING_OVER, None: COUNTING_UNKNOWN}


def _refused(name: str, problem: Problem) -> Told:
    came_to: Literal["held", "refused"] = "held" if problem.kind is COUNTING_ENDED else "refused"
    return Told(name, came_to, problem.code, problem.sentence(web.language()))


def _name(here: Booth, volunteer: str) -> str:
    known = here.enrolled.volunteers.get(volunteer)
    return known["name"] if known else volunteer


def _version(here: Booth) -> str:
    """Of the phone's page: what it counts, in which words."""
    shown = msgspec.json.encode([counters_here(here), here.enrolled.desk, here.enrolled.venue])
    files = [assets.url(name) for name in ("js/counting.js", "booth.css")]
    how = f"{__version__} {files} {web.language()} {web.is_large()} {here.behind is None}"
    return hashlib.sha256(shown + how.encode()).hexdigest()[:12]
