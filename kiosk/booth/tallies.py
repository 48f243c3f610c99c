"""Counters on the staff screen: one touch, one fact; and ten seconds to take it back."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import days, derived, staff
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Append, ByHour, Draft, of_kind
from kiosk.clock import BEIJING
from kiosk.errors import FIELD_INVALID, UNDO_CORRECTED, UNDO_NOTHING, UNDO_TOO_LATE, Problem
from kiosk.facts.envelope import Fact, day_and_hour
from kiosk.facts.tallies import MOST, UNDO_WINDOW, TallyCounted, TallyUndone, metrics_of, undo_id
from kiosk.reports.counters import Counter
from kiosk.web import stencils

#: Milliseconds more than the screen shows: the finger was quicker than the network.
PATIENCE = 2_000

views = Blueprint("tallies", __name__)
views.before_request(staff.ask_for_pin)


def counters_here(here: Booth) -> list[Counter]:
    """Those of a tablet's own desk."""
    return here.enrolled.counters


class Undo(msgspec.Struct, frozen=True):
    fact_id: str
    n: int
    seconds: int  # left to take it back


class Hour(msgspec.Struct, frozen=True):
    """What was counted in one hour of the day."""

    hour: int
    n: int  # never below nothing: what was taken back in the next hour leaves none here
    top: str  # of its bar, in a drawing 40 high
    high: str


class CounterView(msgspec.Struct, frozen=True):
    counter: Counter
    total: int  # today, on this tablet
    hours: list[Hour]  # from the first to the last in which something was counted
    fact_id: str  # for the next touch
    undo: Undo | None
    corrected: int = 0  # of the total, put right afterwards
    is_main: bool = False  # the desk's first, which alone is drawn by the hour on the counters' screen

    @property
    def figure(self) -> str:
        return f"{self.total:,}"

    @property
    def is_long(self) -> bool:
        return len(self.figure) > 5

    @property
    def put_right(self) -> str:
        return f"{self.corrected:+,}".replace("-", "−") if self.corrected else ""

    @property
    def first_hour(self) -> int:
        return self.hours[0].hour if self.hours else 0

    @property
    def last_hour(self) -> int:
        return self.hours[-1].hour if self.hours else 0


class CountersPage(msgspec.Struct, frozen=True):
    counters: list[CounterView]
    saved_at: str | None  # Beijing time of the last touch, "10:31:07"
    has_prizes: bool
    has_phones: bool  # may count here, too
    is_begun: bool  # something was counted here today


@views.get("/staff")
def counters() -> Response:
    here = booth()
    return web.page("booth/staff/counters.html", page=_page(here), unsent=here.journal.unsent())


class HoursPage(msgspec.Struct, frozen=True):
    counters: list[CounterView]
    first: int  # the hours of the table, from here
    last: int  # to here


@views.get("/staff/hours")
def hours() -> Response:
    """Today by the hour, counter by counter."""
    here = booth()
    found = _page(here).counters
    known = [one.hour for view in found for one in view.hours]
    page = HoursPage(found, min(known, default=9), max(known, default=9))
    return web.page("booth/staff/counters_hours.html", page=page)


@views.post("/staff/tally")
def tally() -> Response:
    form = web.read_form("id", "counter", "n")
    here, volunteer = booth(), staff.signed_in()
    counter = _counter(here, form["counter"])
    amount = _amount(form["n"])
    body = TallyCounted(counter=counter.id, n=amount)
    today, _ = day_and_hour(here.clock.now())
    counted = here.journal.tally(Draft(web.read_id(form, "id"), body, volunteer.volunteer), _metrics(counter), today)
    return _answer(here, counter, counted, Undo(form["id"], amount, UNDO_WINDOW // 1000))


@views.post("/staff/undo")
def undo() -> Response:
    form = web.read_form("undoes")
    here, volunteer = booth(), staff.signed_in()
    tap = here.journal.fact(web.read_id(form, "undoes"))
    if tap is None or tap.kind != "tally.counted":
        raise Problem(UNDO_NOTHING)
    counter, is_fresh = _counter(here, tap.body["counter"]), _is_fresh(here, tap)

    def take_back(connection: sqlite3.Connection, append: Append) -> None:
        at = derived.place(connection, undo_id(tap.id), "tally.undone")
        if at.fact is not None:
            return
        if not is_fresh:
            raise Problem(UNDO_TOO_LATE)
        refuse_corrected(connection, tap)
        body = TallyUndone(undoes=tap.id, counter=counter.id, n=tap.body["n"])
        append(Draft(at.id, body, volunteer.volunteer))

    here.journal.append_in(take_back)
    today, _ = day_and_hour(here.clock.now())
    return _answer(here, counter, here.journal.by_hour(_metrics(counter), today), None)


def refuse_corrected(connection: sqlite3.Connection, tap: Fact) -> None:
    """Whoever put a count right saw the tap in it: to take the tap back too would take it off twice.

    So no count ends below nothing either. Raises `tally.undo_corrected`.
    """
    if _is_corrected(tap, of_kind(connection, "tally.corrected", tap.seq)):
        raise Problem(UNDO_CORRECTED)


def _is_corrected(tap: Fact, corrections: Iterable[Fact]) -> bool:
    """Whether one of some corrections came after a tap and is of a count the tap is in."""
    counts = set(metrics_of(tap.body["counter"]))
    return any(one.seq > tap.seq and counts & set(metrics_of(one.body["counter"])) for one in corrections)


def _answer(here: Booth, counter: Counter, counted: ByHour, undo: Undo | None) -> Response:
    """To htmx the one counter that changed; to a plain form the way back to all of them."""
    if not web.wants_fragment():
        return web.see_other("tallies.counters")
    is_main = counter.id == counters_here(here)[0].id
    total, corrected = (counted.get(metric, {}) for metric in _metrics(counter))
    hours = _in_a_row(total) if is_main else []
    view = CounterView(counter, sum(total.values()), hours, new_id(), undo, sum(corrected.values()), is_main)
    return _shown(here, view, here.journal.unsent())


class _Given(stencils.Slot):
    """The place of a number or a name that is there: a template may ask whether, and not which."""

    def __bool__(self) -> bool:  # type: ignore[override]  # of a visitor's value not even that is told
        return True


class _Blank(msgspec.Struct, frozen=True):
    """A `CounterView` with slots in the places of its numbers."""

    counter: Counter
    figure: Any  # a slot
    is_long: bool
    put_right: Any  # a slot, or "" as there
    hours: list[Any]  # as `Hour`
    first_hour: int
    last_hour: int
    undo: Any  # as `Undo`, or None
    is_main: bool


def _shown(here: Booth, view: CounterView, unsent: int) -> Response:
    """One counter and the states beside it: rendered once for each shape they take, and filled in.

    Nothing is asked as often as this, and to render it took a third of what the tablet has to do for a touch.
    """
    words = {"figure": view.figure, "put_right": view.put_right, "unsent": str(unsent), "saved_at": _time(here)}
    if view.undo is not None:
        words |= {f"undo.{name}": str(value) for name, value in msgspec.structs.asdict(view.undo).items()}
    for one in view.hours:
        words |= {f"n.{one.hour}": str(one.n), f"top.{one.hour}": one.top, f"high.{one.hour}": one.high}
    level, is_forked, is_sent = here.storage.level, here.is_forked, unsent == 0
    bars = tuple((one.hour, one.n > 0) for one in view.hours)
    words_around = (view.counter.id, view.counter.name, view.counter.unit, is_forked, level, is_sent)
    shape = (*words_around, view.is_main, view.is_long, not view.put_right, view.undo is None, bars)

    def blank() -> dict[str, Any]:
        states = {"saved_at": _Given("saved_at"), "unsent": 0 if is_sent else _Given("unsent")}
        return {"view": _blank(view), **states, "is_forked": is_forked, "storage": level}

    return stencils.page("booth/staff/_counter.html", shape, words.__getitem__, blank)


def _blank(view: CounterView) -> _Blank:
    hours = [
        {"hour": one.hour, "n": one.n and _Given(f"n.{one.hour}")}
        | {name: _Given(f"{name}.{one.hour}") for name in ("top", "high")}
        for one in view.hours
    ]
    return _Blank(
        counter=view.counter,
        figure=_Given("figure"),
        is_long=view.is_long,
        put_right=view.put_right and _Given("put_right"),
        hours=hours,
        first_hour=view.first_hour,
        last_hour=view.last_hour,
        undo=view.undo and {name: _Given(f"undo.{name}") for name in Undo.__struct_fields__},
        is_main=view.is_main,
    )


def _metrics(counter: Counter) -> tuple[str, str]:
    """What was counted, corrections and all; and what of it was put right afterwards."""
    return counter.metric, f"corrected.{counter.metric}"


def _page(here: Booth) -> CountersPage:
    today, _ = day_and_hour(here.clock.now())
    totals = here.journal.day_totals(today)
    since = max(0, here.clock.monotonic() - UNDO_WINDOW)
    undone = {fact.body["undoes"] for fact in here.journal.last_of("tally.undone", since)}
    corrections = here.journal.last_of("tally.corrected", since)
    counted = here.journal.last_of("tally.counted", since)
    taps = [fact for fact in counted if fact.id not in undone and not _is_corrected(fact, corrections)]
    last = {fact.body["counter"]: fact for fact in reversed(taps)}
    by_hour = here.journal.by_hour([counter.metric for counter in counters_here(here)], today)
    views_ = [
        CounterView(
            counter,
            totals.get(counter.metric, 0),
            _in_a_row(by_hour.get(counter.metric, {})),
            new_id(),
            _undo(here, last.get(counter.id)),
            totals.get(f"corrected.{counter.metric}", 0),
            is_main=number == 0,
        )
        for number, counter in enumerate(counters_here(here))
    ]
    newest = taps[0].moment.astimezone(BEIJING).strftime("%H:%M:%S") if taps else None
    is_begun = any(metric.startswith("tally.") for metric in totals)
    return CountersPage(views_, newest, bool(here.enrolled.fair.prizes), bool(here.phones.url), is_begun)


def _in_a_row(counted: dict[int, int]) -> list[Hour]:
    """From the first hour to the last; those in between in which nothing was counted are there, too."""
    if not counted:
        return []
    most = max(*counted.values(), 1)
    return [_hour(hour, max(0, counted.get(hour, 0)), most) for hour in range(min(counted), max(counted) + 1)]


def _hour(hour: int, n: int, most: int) -> Hour:
    high = 2 + 37 * n / most
    return Hour(hour, n, f"{39 - high:.1f}", f"{high:.1f}")


def _undo(here: Booth, tap: Fact | None) -> Undo | None:
    if tap is None or not is_of_today(here, tap, days.now(here).moment):
        return None
    left = UNDO_WINDOW - (here.clock.monotonic() - tap.mono)
    return Undo(tap.id, tap.body["n"], max(1, left // 1000))


def _is_fresh(here: Booth, tap: Fact) -> bool:
    is_of_this_boot = tap.boot == here.journal.boot
    is_fresh = is_of_this_boot and here.clock.monotonic() - tap.mono <= UNDO_WINDOW + PATIENCE
    return is_fresh and is_of_today(here, tap, days.now(here).moment)


def is_of_today(here: Booth, tap: Fact, true: datetime) -> bool:
    """By the tablet's clock, and by the hub's, which dates both for good: no day may end below nothing.

    `true` is the time it is; the tap is of this boot.
    """
    tapped = true - timedelta(milliseconds=here.clock.monotonic() - tap.mono)
    return tap.at[:10] == day_and_hour(here.clock.now())[0] and day_and_hour(tapped)[0] == day_and_hour(true)[0]


def _counter(here: Booth, counter_id: str) -> Counter:
    for counter in counters_here(here):
        if counter.id == counter_id:
            return counter
    raise Problem(FIELD_INVALID, field="counter")


def _amount(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST):
        raise Problem(FIELD_INVALID, field="n")
    return int(text)


def _time(here: Booth) -> str:
    return here.clock.now().astimezone(BEIJING).strftime("%H:%M:%S")
