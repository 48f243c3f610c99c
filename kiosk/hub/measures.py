"""What figures are made of that is no sum of facts: laid over the sums of a fair, its venues, its desks.

Shifts by the true time, who was there at once, which desks were at work, what accepted complaints are about, what is
least known, and how good the data is. All of it is read once, for however many places it is wanted.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.facts.lives import State
from kiosk.hub import calendars, presences, totals
from kiosk.hub.presences import Shift
from kiosk.hub.tables import case_states, complaints, corrections, desk_totals, devices, item_sums, journals
from kiosk.hub.tables import totals as totals_table
from kiosk.packs.fairs import Fair
from kiosk.reports import courses, crowds, deadlines, shifts
from kiosk.reports.catalogue import Definition
from kiosk.reports.crowds import Flow
from kiosk.reports.handling import Moments
from kiosk.reports.items import Item, least_known
from kiosk.reports.places import Places, visited_by
from kiosk.workdays import Calendar

#: + the question's id: of 10,000 first tries so many were right.
WORST = "items.worst."

_LIVES = (courses.NATURE, courses.GOODS, courses.TIMED, courses.MEDIAN)

Sums = dict[str, int]


class Life(msgspec.Struct, frozen=True):
    """What the steps of a case came to, and when it was filed ("" where that has not arrived)."""

    state: State
    filed_at: str


class Seen(msgspec.Struct):
    """What was read of one desk, or of several together."""

    shifts: list[Shift] = []
    visited: list[tuple[str, str]] = []  # days and desks
    lives: list[Life] = []

    def add(self, other: "Seen") -> None:
        self.shifts += other.shifts
        self.visited += other.visited
        self.lives += other.lives


class Measures:
    """What was read of a fair, of all its days or of one; of it only what some definitions are made of.

    `days`: the first and last on which anything was counted.
    """

    def __init__(
        self,
        tx: Connection,
        fair: Fair,
        definitions: Iterable[Definition],
        days: tuple[str, str] | None,
        day: str | None = None,
    ) -> None:
        self._tx, self._fair, self._day = tx, fair, day
        self._wanted = {metric for one in definitions for metric in (*one.metrics, one.over) if metric}
        self._places = Places(fair)
        self._last_day = _last_days(calendars.calendar_of(tx)) if self._wants(_LIVES) else None
        self._by_desk: dict[str, Seen] = defaultdict(Seen)
        if self._wants("shift."):
            for shift in presences.all_shifts(tx, fair.id, day):
                self._by_desk[shift.desk].shifts.append(shift)
        if self._wants("site."):
            for on, desk in _visited(tx, fair, days, day):
                self._by_desk[desk].visited.append((on, desk))
        if self._wants(_LIVES):
            for desk, life in _lives(tx, fair.id):
                self._by_desk[desk].lives.append(life)

    def _wants(self, prefix: str | tuple[str, ...]) -> bool:
        return any(metric.startswith(prefix) for metric in self._wanted)

    def of_desks(self, desks: Collection[str] | None = None) -> Sums:
        """What is laid over the sums of some desks; without any named, of the whole fair."""
        seen = Seen()
        for desk in self._by_desk if desks is None else desks:
            if desk in self._by_desk:
                seen.add(self._by_desk[desk])
        states = [one.state for one in seen.lives]
        of_cases = courses.sums(states, self._last_day, self._day) if self._last_day else {}
        if self._day is None:
            of_cases |= courses.medians(Moments.of(one.state, one.filed_at) for one in seen.lives)
        return {
            **shifts.sums(shifts.service(one.presence for one in seen.shifts)),
            **self._places.at_work(seen.visited),
            **of_cases,
        }

    def peaks(self) -> Sums:
        """`present.<venue>` of the venues at which anybody was counted out."""
        return crowds.peaks(_flows(self._tx, self._fair, self._day)) if self._wants(crowds.PEAK) else {}

    def of_fair(self, sums: Mapping[str, int]) -> Sums:
        """What is laid over the sums of the whole fair."""
        found = self.of_desks()
        if crowds.METRICS[1] in sums:
            found |= self.peaks()
        if self._wants("health.corrections"):
            found |= _corrections(self._tx, self._fair.id, self._day)
        if self._day is None and self._wants(WORST):
            found |= _least_known(self._tx, self._fair.id)
        if self._day is None and self._wants(("health.unsent", "health.forked")):
            found |= _health(self._tx, self._fair.id)
        return found


def _last_days(calendar: Calendar) -> Callable[[date], date]:
    """The last day of mediation, by the day it begins: a fair has few of them."""

    @lru_cache(None)
    def last_day(begun: date) -> date:
        return deadlines.last_day("mediate", begun, calendar).day

    return last_day


def _visited(tx: Connection, fair: Fair, days: tuple[str, str] | None, day: str | None) -> Iterator[tuple[str, str]]:
    """Days and desks with visitors. What was tapped and taken back again is none.

    Most desks count heads: that is read first, and what else visitors do only where it leaves anything open.
    """
    if days is None or not days[0] <= (day or days[0]) <= days[1]:
        return
    metrics, table = visited_by(fair), desk_totals.c
    if days[0] == days[1]:  # of the only day there is a shorter table tells
        of_metrics = (table.fair == fair.id) & table.metric.in_(metrics)
        query = select(table.desk).where(of_metrics).group_by(table.metric, table.desk).having(func.sum(table.n) > 0)
        for desk in tx.execute(query).scalars():
            yield days[0], desk
        return
    heads, others = crowds.METRICS[0], [metric for metric in metrics if metric != crowds.METRICS[0]]
    counted = set(_at_work(tx, fair, [heads], day))
    yield from counted
    busy = select(table.desk).where(table.fair == fair.id, table.metric.in_(others)).distinct()
    desks = tx.execute(busy).scalars().all()
    for on in _days_of(tx, fair, others) if day is None else [day]:
        left = [desk for desk in desks if (on, desk) not in counted]
        if left:
            yield from _at_work(tx, fair, others, on, left)


def _days_of(tx: Connection, fair: Fair, metrics: Collection[str]) -> list[str]:
    hours = totals_table.c
    of_metrics = (hours.fair == fair.id) & hours.metric.in_(metrics)
    return list(tx.execute(select(hours.day).where(of_metrics).distinct()).scalars())


def _at_work(
    tx: Connection, fair: Fair, metrics: Collection[str], day: str | None, desks: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Days and desks with more than nothing of any of these metrics; of all days or one, of all desks or some."""
    hours = totals_table.c
    rows = select(hours.day, hours.desk).where(hours.fair == fair.id, hours.metric.in_(metrics))
    if day is not None:
        rows = rows.where(hours.day == day)
    if desks is not None:
        rows = rows.where(hours.desk.in_(desks))
    found = tx.execute(rows.group_by(hours.metric, hours.day, hours.desk).having(func.sum(hours.n) > 0))
    return ((on, desk) for on, desk in found)


def _lives(tx: Connection, fair: str) -> Iterator[tuple[str, Life]]:
    """Of each case with any step where it was filed ("" where that has not arrived), and its life."""
    table = complaints.c
    filed = {
        row.case: row
        for row in tx.execute(
            select(table.case, table.desk, table.at, table.standing, table.day)
            .where(table.fair == fair)
            .order_by(table.at.desc(), table.journal, table.fact)  # one number filed twice: the first is its beginning
        )
    }
    query = select(case_states.c.case, case_states.c.document).where(case_states.c.fair == fair)
    for case, document in tx.execute(query):
        state, row = _state.decode(document), filed.get(case)
        if row is None:
            yield "", Life(state, "")
        else:
            yield row.desk, Life(state.filed(row.standing, row.day), row.at)


_state = msgspec.json.Decoder(State)


def _flows(tx: Connection, fair: Fair, day: str | None) -> Iterator[Flow]:
    """Who came and who went, of the venues at which anybody was counted out."""
    venue_of = {desk.id: desk.venue for desk in fair.desks}
    counted = {venue_of[desk] for desk in totals.sums_of_metric(tx, fair.id, crowds.METRICS[1]) if desk in venue_of}
    desks = [desk for desk, venue in venue_of.items() if venue in counted]
    for desk, on, hour, metric, n in totals.by_the_hour(tx, fair.id, crowds.METRICS, desks, day):
        yield Flow(venue_of[desk], on, hour, metric, n)


def _corrections(tx: Connection, fair: str, day: str | None) -> Sums:
    """How many counts were put right, by the day they are about."""
    table = corrections.c
    query = select(func.count()).where(table.fair == fair, table.step == "made")
    if day is not None:
        query = query.where(table.day == day)
    return {"health.corrections": int(tx.execute(query).scalar_one())}


def _least_known(tx: Connection, fair: str) -> Sums:
    """The few questions right least often, as far as answers are folded; in whatever version of a pack they stood."""
    table = item_sums.c
    added = (func.sum(table.n), func.sum(table.correct))
    query = select(table.question, *added).where(table.fair == fair, table.venue == "").group_by(table.question)
    items = [Item(question, n=int(n), correct=int(correct)) for question, n, correct in tx.execute(query)]
    return {WORST + one.id: round(one.correct * 10_000 / one.n) for one in least_known(items)}


def _health(tx: Connection, fair: str) -> Sums:
    """What tablets in use say they hold and the hub does not; and how many journals part, with nobody's decision."""
    held = devices.join(journals, journals.c.journal == devices.c.journal)
    query = select(devices.c.told_seq, journals.c.seq, journals.c.forked_at).select_from(held)
    rows = tx.execute(query.where(devices.c.fair == fair, devices.c.rehearses == "", devices.c.cutoff.is_(None))).all()
    unsent = sum(max(0, (row.told_seq or 0) - row.seq) for row in rows)
    return {"health.unsent": unsent, "health.forked": sum(row.forked_at is not None for row in rows)}
