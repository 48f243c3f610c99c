"""The facts behind a figure: which journals have any, and page by page what each fact adds.

Totals say which journals to look into, and in these the kinds a figure is made of are read in order of their place: no
index of facts but their key. A page reads so many places and no more, however rare what it looks for is; where that
was not enough for a full page, the next one goes on from there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.clock import BEIJING, to_minute
from kiosk.facts.clocks import TOLERANCE, Clocks, seconds
from kiosk.facts.kinds import Body
from kiosk.hub.reading import read_again
from kiosk.hub.tables import desk_totals, facts, journals, totals
from kiosk.packs.fairs import Fair
from kiosk.reports.amounts import amounts
from kiosk.reports.catalogue import CATALOGUE, Definition
from kiosk.reports.crowds import METRICS as CROWD
from kiosk.reports.places import visited_by

#: Facts on a page, places that are read at a time, and most that are read for one page. A fact that is taken apart
#: costs as much as so many places that are passed over.
PAGE, _CHUNK, _MOST, _APART = 50, 4_000, 60_000, 4
#: What is laid over the sums: of it no fact adds a number. These metrics show the facts it is reckoned from; where
#: there are none, all facts of the figure's kinds do.
_LAID: Mapping[str, tuple[str, ...]] = {
    "site.": ("site.",), "present.": CROWD, "items.": ("quiz.answered",), "shift.": (), "health.": (),
    "case.nature.": (), "case.goods.": (), "case.median.": (), "case.on_time": (), "case.timed": (),
    "figures.": (), "unit.": (),
}  # fmt: skip
#: What no fact of this hub is behind: made of other figures, of what units sent up, of what tablets say of themselves.
_FACTLESS = ("figures.", "unit.", "health.unsent", "health.forked")
_EPOCH, _LAST = datetime(1970, 1, 1, tzinfo=BEIJING), 250_000_000_000
_SAID_IN = {"day": ("day",), "period": ("day", "period"), "year": ("year",)}


class Scope(msgspec.Struct, frozen=True):
    """Of which days and desks."""

    window: str = "period"
    day: str = ""  # of the window "day"
    desks: frozenset[str] | None = None  # None: all
    but: frozenset[str] | None = None  # all but these

    def holds(self, desk: str) -> bool:
        if self.but is not None:
            return desk not in self.but
        return self.desks is None or desk in self.desks


class Adding(msgspec.Struct, frozen=True):
    """What a fact has to add to, to stand behind a figure."""

    metrics: tuple[str, ...]  # it is the sum of these; one that ends with "." is all it begins
    over: str  # of a rate the denominator
    typed: tuple[str, ...]
    kinds: tuple[str, ...]
    is_sum: bool  # what they add comes to the figure; else the figure is reckoned from them otherwise
    is_any: bool  # every fact of these kinds is behind it, whatever it adds

    def of(self, adds: Sequence[tuple[str, int]]) -> tuple[int, int]:
        """What a fact adds to the figure, and to its denominator."""
        n = sum(n for metric, n in adds if metric in self.typed or matches(metric, self.metrics))
        return n, sum(n for metric, n in adds if metric == self.over) if self.over else 0

    @property
    def all_metrics(self) -> tuple[str, ...]:
        return (*self.metrics, *self.typed, *((self.over,) if self.over else ()))


class Found(msgspec.Struct, frozen=True):
    """One fact behind a figure."""

    journal: str
    seq: int
    line: bytes
    at: str  # the minute it happened in, Beijing time, as well as its journal can tell
    day: str  # that it counts to
    hour: int
    n: int
    over: int


class Page(msgspec.Struct, frozen=True):
    facts: list[Found]
    further: str  # where the next page begins; "" where there is none
    is_cut: bool  # there was more to look through than one page reads


def is_summed(one: Definition) -> bool:
    """Whether a figure is what its facts add, added up."""
    return not (one.is_distinct or one.is_peak or one.over) and _laid(one) is None


def has_facts(one: Definition) -> bool:
    """Whether there are facts behind a figure; of some there is another page that says how they came about."""
    return not one.metric.startswith(_FACTLESS)


def _laid(one: Definition) -> tuple[str, ...] | None:
    return next((shown for name, shown in _LAID.items() if one.metric.startswith(name)), None)


def adding(fair: Fair, one: Definition, window: str = "period") -> Adding:
    """What stands behind a figure in a window: of a year only what was typed of the year."""
    if not has_facts(one):
        return Adding((), "", (), (), is_sum=False, is_any=False)
    typed = tuple(f"typed.{name}.{one.key}" for name in _SAID_IN[window]) if one.typed else ()
    # What a rate is divided by is a figure of its own, made of kinds of its own.
    under = [kind for other in CATALOGUE if one.over and other.metrics == (one.over,) for kind in other.sources]
    kinds = tuple(dict.fromkeys([*one.sources, *under, *(["figure.typed"] if one.typed else [])]))
    if window == "year":
        return Adding((), "", typed, ("figure.typed",), is_sum=True, is_any=False)
    laid = _laid(one)
    if laid is not None:
        metrics = tuple(visited_by(fair)) if laid == ("site.",) else laid
        listed = one.plus if one.is_distinct else ()
        return Adding((*metrics, *listed), "", typed, kinds, is_sum=False, is_any=not metrics)
    return Adding(tuple(m for m in one.metrics if m), one.over, typed, kinds, is_sum=is_summed(one), is_any=False)


def matches(metric: str, wanted: Sequence[str]) -> bool:
    return any(metric.startswith(one) if one.endswith(".") else metric == one for one in wanted)


def all_metrics(tx: Connection, fair: str) -> list[str]:
    """Every metric that a fair has."""
    return list(tx.execute(select(desk_totals.c.metric).where(desk_totals.c.fair == fair).distinct()).scalars())


def amounts_of(body: Body) -> Sequence[tuple[str, int]]:
    return [(metric, n) for metric, n in amounts(body).items() if n]


# --- page by page -----------------------------------------------------------------------------------


def page(
    tx: Connection, fair: Fair, wanted: Adding, scope: Scope, after: tuple[str, int] = ("", 0), size: int = PAGE
) -> Page:
    """The facts from a place on: journal by journal, in each in its order."""
    rows: list[Found] = []
    left = _MOST
    for held in _journals(tx, fair, wanted, scope):
        if held.journal < after[0]:
            continue
        seq = after[1] if held.journal == after[0] else 0
        clocks = Clocks.load(held.clocks)
        while seq < held.seq:
            if left <= 0:
                return Page(rows, f"{held.journal}:{seq}", is_cut=True)
            last = min(seq + _CHUNK, held.seq)
            lines = _lines(tx, held.journal, seq + 1, last, wanted.kinds)
            for one in _stretch(lines, held.journal, wanted, scope, clocks):
                rows.append(one)
                if len(rows) == size + 1:
                    return Page(rows[:size], f"{rows[-2].journal}:{rows[-2].seq}", is_cut=False)
            left, seq = left - (last - seq) - _APART * len(lines), last
        left -= 20  # a journal of its own is a look of its own
    return Page(rows, "", is_cut=False)


def read_place(text: str) -> tuple[str, int]:
    """Where a page begins, as an address says it; the beginning for whatever is none."""
    journal, _, seq = text.partition(":")
    is_place = len(journal) == 32 and journal.isascii() and journal.isalnum()
    return (journal, int(seq)) if is_place and seq.isascii() and seq.isdigit() and len(seq) < 16 else ("", 0)


def _journals(tx: Connection, fair: Fair, wanted: Adding, scope: Scope) -> list[Any]:
    """The journals that have any, in order of their ids."""
    query = select(journals.c.journal, journals.c.seq, journals.c.clocks).where(journals.c.fair == fair.id)
    query = query.order_by(journals.c.journal)
    if wanted.is_any:
        return list(tx.execute(query))
    names = [metric for metric in all_metrics(tx, fair.id) if matches(metric, wanted.all_metrics)]
    table = totals if scope.window == "day" else desk_totals
    having = select(table.c.journal, table.c.desk).where(table.c.fair == fair.id, table.c.metric.in_(names)).distinct()
    if scope.window == "day":
        having = having.where(table.c.day == scope.day)
    chosen = {journal for journal, desk in tx.execute(having) if scope.holds(desk)}
    return [row for row in tx.execute(query) if row.journal in chosen]


def _lines(tx: Connection, journal: str, first: int, last: int, kinds: Sequence[str]) -> list[tuple[int, bytes]]:
    """(seq, line) of what counts between two places."""
    query = select(facts.c.seq, facts.c.line).where(
        facts.c.journal == journal, facts.c.seq.between(first, last), facts.c.kind.in_(kinds),
        facts.c.problem.is_(None),
    )  # fmt: skip
    return [(int(row.seq), bytes(row.line)) for row in tx.execute(query.order_by(facts.c.seq))]


def _stretch(
    found: Sequence[tuple[int, bytes]], journal: str, wanted: Adding, scope: Scope, clocks: Clocks
) -> Iterator[Found]:
    if not found:
        return
    lines = [line for _, line in found]
    stretch = read_again(lines, [None] * len(lines), 0)
    hours = clocks.hours(stretch.boot, stretch.hour, stretch.rest, stretch.mono)
    for place, (seq, line) in enumerate(found):
        meaning = stretch.meanings[place]
        if meaning is None or not scope.holds(stretch.desk[place].decode()):
            continue
        n, over = wanted.of(meaning.adds)
        counts_to = (meaning.hour or hours[place]).decode()
        if not (n or over or wanted.is_any) or (scope.window == "day" and counts_to[:10] != scope.day):
            continue
        stamped = (stretch.hour[place] + stretch.rest[place]).decode()
        at = true_minute(clocks, stretch.boot[place].decode(), stamped, int(stretch.mono[place]))
        yield Found(journal, seq, line, at, counts_to[:10], int(counts_to[11:]), n, over)


def true_minute(clocks: Clocks, boot: str, stamped: str, mono: int) -> str:
    """`2027-03-15 09:31`: the stamp itself unless the journal tells that the clock was wrong."""
    wall, true = seconds(stamped), clocks.moment(boot, stamped, mono)
    if abs(true - wall) < TOLERANCE or not 0 <= true < _LAST:
        return to_minute(stamped)
    return to_minute((_EPOCH + timedelta(seconds=true)).isoformat())


# --- by place and by hour ---------------------------------------------------------------------------


def sums_by_desk(tx: Connection, fair: str, names: Collection[str], day: str = "") -> dict[str, dict[str, int]]:
    """Desk → metric → sum of some metrics, of all days or of one."""
    table = totals if day else desk_totals
    query = select(table.c.desk, table.c.metric, func.sum(table.c.n)).where(
        table.c.fair == fair, table.c.metric.in_(list(names))
    )
    if day:
        query = query.where(table.c.day == day)
    found: dict[str, dict[str, int]] = {}
    for desk, metric, n in tx.execute(query.group_by(table.c.desk, table.c.metric)):
        found.setdefault(desk, {})[metric] = int(n)
    return found


def by_day_and_hour(tx: Connection, fair: str, names: Collection[str], scope: Scope) -> dict[tuple[str, int], int]:
    """(day, hour) → how many, in order."""
    place = (totals.c.day, totals.c.hour)
    query = select(*place, func.sum(totals.c.n)).where(totals.c.fair == fair, totals.c.metric.in_(list(names)))
    if scope.window == "day":
        query = query.where(totals.c.day == scope.day)
    if scope.desks is not None:
        query = query.where(totals.c.desk.in_(scope.desks))
    if scope.but is not None:
        query = query.where(totals.c.desk.not_in(scope.but))
    return {(day, int(hour)): int(n) for day, hour, n in tx.execute(query.group_by(*place).order_by(*place))}
