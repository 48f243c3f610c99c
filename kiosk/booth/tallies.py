"""Counters on the staff screen: one touch, one fact; and ten seconds to take it back."""

from datetime import timedelta

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import days, derived, staff
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.clock import BEIJING
from kiosk.errors import FIELD_INVALID, UNDO_NOTHING, UNDO_TOO_LATE, Problem
from kiosk.facts.envelope import Fact, day_and_hour
from kiosk.facts.tallies import (
    BOARD,
    CONSULTATION,
    HEADCOUNT,
    LEAFLET,
    MOST,
    UNDO_WINDOW,
    TallyCounted,
    TallyUndone,
    undo_id,
)
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("tallies", __name__)
views.before_request(staff.ask_for_pin)


class Counter(msgspec.Struct, frozen=True):
    """One counter on the staff screen."""

    id: str
    name: Text
    unit: Text
    steps: list[int]  # what its keys add, the main one first


def counters_of(fair: Fair) -> list[Counter]:
    """The counters a desk shows, headcount first."""
    people, copies = Text("人次", "visits"), Text("份", "copies")
    return [
        Counter(HEADCOUNT, Text("进场群众", "Visitors in"), people, [1, 5]),
        *(Counter(LEAFLET + one.id, one.name, copies, [1, 10, one.bundle]) for one in fair.leaflets),
        Counter(CONSULTATION, Text("接受咨询", "Consultations"), people, [1]),
        Counter(BOARD, Text("展板", "Display boards"), Text("块", "boards"), [1]),
    ]


class Undo(msgspec.Struct, frozen=True):
    fact_id: str
    n: int
    seconds: int  # left to take it back


class CounterView(msgspec.Struct, frozen=True):
    counter: Counter
    total: int  # today, on this tablet
    fact_id: str  # for the next touch
    undo: Undo | None


class CountersPage(msgspec.Struct, frozen=True):
    counters: list[CounterView]
    saved_at: str | None  # Beijing time of the last touch, "10:31:07"
    has_prizes: bool


@views.get("/staff")
def counters() -> Response:
    here = booth()
    return web.page("booth/staff/counters.html", page=_page(here), unsent=here.journal.unsent())


@views.post("/staff/tally")
def tally() -> Response:
    form = web.read_form("id", "counter", "n")
    here, volunteer = booth(), staff.signed_in()
    counter = _counter(here, form["counter"])
    amount = _amount(form["n"])
    body = TallyCounted(counter=counter.id, n=amount)
    today, _ = day_and_hour(here.clock.now())
    total = here.journal.tally(Draft(web.read_id(form, "id"), body, volunteer.volunteer), f"tally.{counter.id}", today)
    return _answer(here, counter, total, Undo(form["id"], amount, UNDO_WINDOW // 1000))


@views.post("/staff/undo")
def undo() -> Response:
    form = web.read_form("undoes")
    here, volunteer = booth(), staff.signed_in()
    tap = here.journal.fact(web.read_id(form, "undoes"))
    if tap is None or tap.kind != "tally.counted":
        raise Problem(UNDO_NOTHING)
    at = derived.look(here.journal, undo_id(tap.id), "tally.undone")
    if at.fact is None and not _is_fresh(here, tap):
        raise Problem(UNDO_TOO_LATE)
    counter = _counter(here, tap.body["counter"])
    body = TallyUndone(undoes=tap.id, counter=counter.id, n=tap.body["n"])
    today, _ = day_and_hour(here.clock.now())
    total = here.journal.tally(Draft(at.id, body, volunteer.volunteer), f"tally.{counter.id}", today)
    return _answer(here, counter, total, None)


def _answer(here: Booth, counter: Counter, total: int, undo: Undo | None) -> Response:
    """To htmx the one counter that changed; to a plain form the way back to all of them."""
    if not web.wants_fragment():
        return web.see_other("tallies.counters")
    view = CounterView(counter, total, new_id(), undo)
    return web.page("booth/staff/_counter.html", view=view, saved_at=_time(here), unsent=here.journal.unsent())


def _page(here: Booth) -> CountersPage:
    today, _ = day_and_hour(here.clock.now())
    totals = here.journal.day_totals(today)
    since = max(0, here.clock.monotonic() - UNDO_WINDOW)
    undone = {fact.body["undoes"] for fact in here.journal.last_of("tally.undone", since)}
    taps = [fact for fact in here.journal.last_of("tally.counted", since) if fact.id not in undone]
    last = {fact.body["counter"]: fact for fact in reversed(taps)}
    views_ = [
        CounterView(counter, totals.get(f"tally.{counter.id}", 0), new_id(), _undo(here, last.get(counter.id)))
        for counter in counters_of(here.enrolled.fair)
    ]
    newest = taps[0].moment.astimezone(BEIJING).strftime("%H:%M:%S") if taps else None
    return CountersPage(views_, newest, has_prizes=bool(here.enrolled.fair.prizes))


def _undo(here: Booth, tap: Fact | None) -> Undo | None:
    if tap is None or not _is_of_today(here, tap):
        return None
    left = UNDO_WINDOW - (here.clock.monotonic() - tap.mono)
    return Undo(tap.id, tap.body["n"], max(1, left // 1000))


def _is_fresh(here: Booth, tap: Fact) -> bool:
    """Two seconds more than the screen shows: the finger was quicker than the network."""
    is_of_this_boot = tap.boot == here.journal.boot
    return is_of_this_boot and here.clock.monotonic() - tap.mono <= UNDO_WINDOW + 2_000 and _is_of_today(here, tap)


def _is_of_today(here: Booth, tap: Fact) -> bool:
    """By the tablet's clock, and by the hub's, which dates both for good: no day may end below nothing."""
    true = days.now(here).moment
    tapped = true - timedelta(milliseconds=here.clock.monotonic() - tap.mono)
    return tap.at[:10] == day_and_hour(here.clock.now())[0] and day_and_hour(tapped)[0] == day_and_hour(true)[0]


def _counter(here: Booth, counter_id: str) -> Counter:
    for counter in counters_of(here.enrolled.fair):
        if counter.id == counter_id:
            return counter
    raise Problem(FIELD_INVALID, field="counter")


def _amount(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST):
        raise Problem(FIELD_INVALID, field="n")
    return int(text)


def _time(here: Booth) -> str:
    return here.clock.now().astimezone(BEIJING).strftime("%H:%M:%S")
