"""Who is here: names touched when they come and when they go, and the desk handed over with two PINs.

A tap belongs to whoever was signed in when it was made, whenever it arrives: the fact carries the name. So what comes
late of an old shift stays with it, and a tap in the moment of a hand-over is one person's or the other's.
"""

import sqlite3
from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import counting, days, derived, staff, stock, tallies
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Append, Draft, Journal, of_kind, stored
from kiosk.clock import BEIJING
from kiosk.errors import SHIFT_SAME, SHIFT_UNKNOWN, TEXT_UNFIT, Problem
from kiosk.facts.complaints import clean
from kiosk.facts.envelope import Fact
from kiosk.facts.shifts import (
    FAULTS_LIMIT,
    MOST_NAMED,
    How,
    ShiftBegan,
    ShiftEnded,
    ShiftEntered,
    ShiftHanded,
    began_id,
    end_id,
)
from kiosk.packs.model import Text

views = Blueprint("shifts", __name__)
views.before_request(staff.ask_for_pin)

_HAND_PROBLEMS = (SHIFT_SAME, TEXT_UNFIT, *staff.PIN_PROBLEMS)
#: Of how many volunteers one touch may begin the shift.
_MOST_AT_ONCE = 60


class Here(msgspec.Struct, frozen=True):
    """A volunteer who is at the desk, by their own word."""

    volunteer: str
    name: str
    since: str  # "09:05"; with the day where it is another
    fact: str  # that began it
    is_of_today: bool


class Line(msgspec.Struct, frozen=True):
    """A number that is handed over."""

    name: Text
    n: int
    unit: Text


class Snapshot(msgspec.Struct, frozen=True):
    """What stands at the desk now."""

    counters: dict[str, int]  # metric → the day's sum
    stock: dict[str, int]  # item → copies that should lie there
    open: int
    unsent: int


class Handed(msgspec.Struct, frozen=True):
    """The last hand-over of the day."""

    at: str
    outgoing: str
    incoming: str


class ShiftPage(msgspec.Struct, frozen=True):
    here: list[Here]
    absent: list[dict[str, str]]  # who else may come
    fact_id: str
    lines: list[Line]
    snapshot: Snapshot
    others: list[dict[str, str]]  # who can take over
    problem: str | None
    whose: str  # PIN was wrong: "outgoing", "incoming" or ""
    incoming: str
    faults: str
    handed: Handed | None


# --- who is here ----------------------------------------------------------------------------------


def present(here: Booth) -> list[Here]:
    """Everybody who came and did not leave, in the order they came."""
    today = days.now(here).date
    names = {one["id"]: one["name"] for one in staff.people()}
    with here.journal.reading() as connection:
        began = open_shifts(connection)
    found = []
    for fact in began:
        moment = days.of(here, fact).astimezone(BEIJING)
        is_of_today = moment.date() == today
        volunteer = fact.body["volunteer"]
        since = moment.strftime("%H:%M" if is_of_today else "%m-%d %H:%M")
        found.append(Here(volunteer, names.get(volunteer, volunteer), since, fact.id, is_of_today))
    return found


def open_shifts(connection: sqlite3.Connection) -> list[Fact]:
    """The facts of shifts that nobody ended, in order."""
    ended = {fact.body["began"] for fact in of_kind(connection, "shift.ended")}
    return [fact for fact in of_kind(connection, "shift.began") if fact.id not in ended]


def _todays(here: Booth) -> Callable[[Fact], bool]:
    """Whether a fact is of today; asked of the journal before a transaction begins, not within it."""
    now, compared = days.now(here).date, here.journal.newest("clock.compared")
    return lambda fact: days.true_moment(fact, compared).astimezone(BEIJING).date() == now


def end_all(journal: Journal, by: str) -> list[Fact]:
    """With the day's closing everybody leaves who had not said so."""
    return journal.append_in(
        lambda connection, append: [append(_end(connection, one, "closed", by)) for one in open_shifts(connection)]
    )


def _end(connection: sqlite3.Connection, began: Fact, how: How, by: str) -> Draft:
    body = ShiftEnded(volunteer=began.body["volunteer"], began=began.id, how=how, until="")
    return Draft(derived.place(connection, end_id(began.id), "shift.ended").id, body, by)


def _begin(connection: sqlite3.Connection, append: Append, touch: str, volunteer: str, by: str) -> Fact:
    at = derived.place(connection, began_id(touch, volunteer), "shift.began")
    return at.fact or append(Draft(at.id, ShiftBegan(volunteer=volunteer), by))


@views.get("/staff/shift")
def shift() -> Response:
    return _page()


@views.post("/staff/shift/begin")
def begin() -> Response:
    """Names that were touched. Whoever is here already is not here twice."""
    form = web.read_form("id", optional=_names())
    here, by = booth(), staff.signed_in().volunteer
    touch = web.read_id(form, "id")
    came = [name.removeprefix("v-") for name in _names() if form[name]][:_MOST_AT_ONCE]
    is_of_today = _todays(here)

    def job(connection: sqlite3.Connection, append: Append) -> None:
        there = {fact.body["volunteer"] for fact in open_shifts(connection) if is_of_today(fact)}
        for one in came:
            if one not in there:
                _begin(connection, append, touch, one, by)

    here.journal.append_in(job)
    return web.see_other("shifts.shift")


@views.post("/staff/shift/end")
def end() -> Response:
    """Somebody leaves. Touched twice it is the same end."""
    form = web.read_form("began")
    here, by = booth(), staff.signed_in().volunteer
    began = here.journal.fact(web.read_id(form, "began"))
    if began is None or began.kind != "shift.began":
        raise Problem(SHIFT_UNKNOWN)

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        ended = derived.place(connection, end_id(began.id), "shift.ended").fact
        return ended or _end(connection, began, "left", by)

    here.journal.append_made(make)
    counting.end_for(began.body["volunteer"])
    return web.see_other("shifts.shift")


def _names() -> list[str]:
    """The fields of the form in which names are touched: one a volunteer."""
    return [f"v-{one['id']}" for one in staff.people()]


# --- handing over ---------------------------------------------------------------------------------


@views.post("/staff/shift/hand")
def hand() -> Response:
    """Both PINs, then all of it at once: what stands here, the old shift's end, the new one's beginning."""
    form = web.read_form("id", "pin", "incoming", "incoming_pin", optional=("faults",))
    here, outgoing = booth(), staff.signed_in()
    touch, whose = web.read_id(form, "id"), ""
    faults = clean(form["faults"])
    try:
        if web.text_fault(faults, FAULTS_LIMIT, is_needed=False):
            raise Problem(TEXT_UNFIT, limit=FAULTS_LIMIT)
        if form["incoming"] == outgoing.volunteer:
            raise Problem(SHIFT_SAME)
        whose = "outgoing"
        staff.vouch(outgoing.volunteer, form["pin"])
        whose = "incoming"
        incoming = staff.vouch(form["incoming"], form["incoming_pin"])
        whose = ""
    except Problem as problem:
        if problem.kind not in _HAND_PROBLEMS:
            raise
        return _page(problem, whose, form["incoming"], faults)
    _hand_over(here, touch, outgoing.volunteer, incoming["id"], faults)
    # Up to here a tap in flight was the old volunteer's; from here on it is refused or the new one's.
    here.staff.close(outgoing.token)
    counting.end_for(outgoing.volunteer)
    session = here.staff.open(incoming["id"], incoming["name"])
    return staff.with_session(web.see_other("shifts.shift"), session)


def _hand_over(here: Booth, touch: str, outgoing: str, incoming: str, faults: str) -> None:
    def job(connection: sqlite3.Connection, append: Append) -> None:
        before = stored(connection, touch)
        if before is not None and (before.kind, before.body.get("incoming")) == ("shift.handed", incoming):
            return
        seen = _snapshot(connection, here, day, unsent)
        body = ShiftHanded(outgoing=outgoing, incoming=incoming, faults=faults, **msgspec.structs.asdict(seen))
        there = open_shifts(connection)
        append(Draft(touch, body, outgoing))
        for fact in there:
            if fact.body["volunteer"] == outgoing:
                append(_end(connection, fact, "handed", outgoing))
        if incoming not in {fact.body["volunteer"] for fact in there if is_of_today(fact)}:
            _begin(connection, append, touch, incoming, incoming)
        append(Draft(new_id(), ShiftEntered(volunteer=incoming), incoming))

    day, unsent, is_of_today = stock.today(here), here.journal.unsent(), _todays(here)
    here.journal.append_in(job)


def snapshot(here: Booth) -> Snapshot:
    """What stands at the desk now, by the facts of this tablet."""
    day, unsent = stock.today(here), here.journal.unsent()
    with here.journal.reading() as connection:
        return _snapshot(connection, here, day, unsent)


def _snapshot(connection: sqlite3.Connection, here: Booth, day: tuple[str, str], unsent: int) -> Snapshot:
    query = "SELECT metric, sum(n) FROM totals WHERE day = ? GROUP BY metric ORDER BY metric"
    totals = [(metric, int(n)) for metric, n in connection.execute(query, (day[0],)) if n]
    counters = [(metric, n) for metric, n in totals if metric in _METRICS or metric.startswith("tally.")]
    return Snapshot(
        counters=dict(counters[:MOST_NAMED]),
        stock={one.item.id: one.expected for one in stock.accounts_in(connection, here, day) if one.opened},
        open=_half_filled(connection, day[1]),
        unsent=unsent,
    )


def half_filled(here: Booth) -> int:
    """Complaints of today that wait for their code."""
    with here.journal.reading() as connection:
        return _half_filled(connection, days.now(here).day)


def _half_filled(connection: sqlite3.Connection, day: str) -> int:
    return int(connection.execute("SELECT count(*) FROM drafts WHERE day >= ?", (day,)).fetchone()[0])


#: Beside the counters: what else is handed over, and what people call it.
_METRICS = {
    "complaint.filed": (Text("投诉登记", "Complaints"), Text("件", "filed")),
    "report.filed": (Text("举报登记", "Reports"), Text("件", "filed")),
    "quiz.finished": (Text("知识问答", "Quizzes"), Text("人次", "visits")),
    "prize.redeemed": (Text("发放奖品", "Prizes given"), Text("份", "pieces")),
}


def lines_of(here: Booth, seen: Snapshot) -> list[Line]:
    """What stands in a snapshot, in words."""
    named = {one.metric: (one.name, one.unit) for one in tallies.counters_here(here)} | _METRICS
    amounts = seen.counters
    return [Line(name, amounts[metric], unit) for metric, (name, unit) in named.items() if metric in amounts]


# --- the page -------------------------------------------------------------------------------------


def _page(problem: Problem | None = None, whose: str = "", incoming: str = "", faults: str = "") -> Response:
    here, volunteer = booth(), staff.signed_in()
    there = present(here)
    today = {one.volunteer for one in there if one.is_of_today}
    seen = snapshot(here)
    page = ShiftPage(
        here=there,
        absent=[one for one in staff.people() if one["id"] not in today],
        fact_id=new_id(),
        lines=lines_of(here, seen),
        snapshot=seen,
        others=sorted(
            (one for one in staff.people() if one["id"] != volunteer.volunteer), key=lambda one: one["id"] not in today
        ),
        problem=problem.sentence(web.language()) if problem else None,
        whose=whose,
        incoming=incoming,
        faults=faults,
        handed=_last_handed(here) if request.method == "GET" else None,
    )
    return web.page("booth/shifts/shift.html", problem.status if problem else 200, page=page)


def _last_handed(here: Booth) -> Handed | None:
    fact = here.journal.newest("shift.handed")
    if fact is None:
        return None
    moment = days.of(here, fact).astimezone(BEIJING)
    if moment.date() != days.now(here).date:
        return None
    names = {one["id"]: one["name"] for one in staff.people()}
    outgoing, incoming = (names.get(fact.body[name], fact.body[name]) for name in ("outgoing", "incoming"))
    return Handed(moment.strftime("%H:%M"), outgoing, incoming)
