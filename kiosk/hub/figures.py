"""Pages: where a figure comes from. All figures, one of them taken apart, the facts behind it, one fact.

From the table a figure is one touch away, its facts another. Whoever only looks sees the figures; organisers, auditors
and supervisors see the facts. What was sealed stays sealed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import PAGE_NOT_FOUND, Problem
from kiosk.facts.figures import key_of
from kiosk.facts.tallies import LEAFLET, MATERIAL, metrics_of
from kiosk.hub import behind, people, totals, units
from kiosk.hub.behind import Scope
from kiosk.hub.context import Hub, hub, reading, signed_in
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.measures import WORST, Measures
from kiosk.hub.tables import corrections, records, statements, typed_figures
from kiosk.packs.codelists import newest
from kiosk.packs.fair_forms import TYPES
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.model import Text
from kiosk.packs.reader import Pack
from kiosk.reports import catalogue, charts, courses, crowds, curves, places
from kiosk.reports.catalogue import BY_KEY, CATALOGUE, GROUPS, RULES, Definition, Group
from kiosk.reports.charts import Piece
from kiosk.reports.counters import counters_of
from kiosk.reports.curves import Bars
from kiosk.reports.figures import Figure, day_window, figures, period_window, shown, year_window
from kiosk.reports.missing import missing
from kiosk.reports.statement import Cell

views = Blueprint("figures", __name__)
#: Who sees facts, with names of volunteers beside them.
FACT_ROLES = ("organiser", "auditor", "supervisor")
#: What stands for all that was written down at no desk of the fair: in the office, keyed in, typed.
NO_DESK = "-"
_MOST_DESKS, _MOST_PARTS, _MOST_SAID, _MOST_LABELS = 60, 40, 30, 10
_OF_FIGURES, _OF_UNITS = "figures.", "unit."
#: What a figure without facts is made of → the page that says how it came about.
_ELSEWHERE = {
    "unit.": ("units", Text("下级单位", "Units below")),
    "health.": ("completeness", Text("数据是否齐全", "Whether everything is here")),
}
_SAID_IN = {"day": ("day",), "period": ("day", "period"), "year": ("year",)}
_LEVELS = (
    Text("非常满意", "Very content"),
    Text("满意", "Content"),
    Text("一般", "So-so"),
    Text("不满意", "Not content"),
)


class Place(msgspec.Struct, frozen=True):
    """Of which days and of which part of the fair, as an address says it."""

    window: str = "period"
    day: str = ""  # of the window "day"
    venue: str = ""
    desk: str = ""  # `NO_DESK`: at none

    @property
    def is_whole(self) -> bool:
        return not (self.venue or self.desk)

    def query(self, **changes: str) -> str:
        """As it stands in an address."""
        told = {"window": self.window, "day": self.day, "venue": self.venue, "desk": self.desk, **changes}
        told["window"] = "" if told["window"] == "period" else told["window"]
        return "&".join(f"{name}={value}" for name, value in told.items() if value)


class TableRow(msgspec.Struct, frozen=True):
    """A figure in the table. `marks`: what there is to say of how it came about."""

    definition: Definition
    cell: Cell
    marks: list[str]


class TablePage(msgspec.Struct, frozen=True):
    fair: Fair
    place: Place
    days: list[str]
    groups: list[tuple[Group, list[TableRow]]]
    missing: int  # as a statement of this moment would say; asked of the whole fair


class PlaceRow(msgspec.Struct, frozen=True):
    """A figure at one venue or desk."""

    name: Text
    query: str
    cell: Cell


class Part(msgspec.Struct, frozen=True):
    name: Text
    n: int | str


class Side(msgspec.Struct, frozen=True):
    """Numerator or denominator of a rate."""

    n: int
    key: str  # of the figure it is itself; or ""
    label: Text | None


class Saying(msgspec.Struct, frozen=True):
    """What somebody typed, or put right."""

    journal: str
    seq: int
    at: str
    by: str
    why: str  # its source; the reason
    n: int | None  # None: not said any more
    day: str
    window: str = ""
    unit: str = ""
    desk: Text | None = None
    counter: Text | None = None
    second: str = ""
    holds: bool = True  # else it was said anew later


class Said(msgspec.Struct, frozen=True):
    """What the newest frozen version says of a figure."""

    version: int
    value: int | str | None
    is_same: bool  # as it is now


class _FrozenCell(msgspec.Struct, frozen=True):
    key: str
    value: int | str | None


class _FrozenDay(msgspec.Struct, frozen=True):
    day: str
    cells: list[_FrozenCell]


class _Frozen(msgspec.Struct, frozen=True):
    """Of a frozen version what a figure's page says; its thousand desks are passed over."""

    period: list[_FrozenCell]
    year: list[_FrozenCell]
    days: list[_FrozenDay]


class FigurePage(msgspec.Struct, frozen=True):
    fair: Fair
    place: Place
    definition: Definition
    group: Text
    rule: Text
    within: Definition | None
    days: list[str]
    cell: Cell
    stack: list[Piece]  # of `cell.by`
    scale: int
    sides: tuple[Side, Side] | None
    venues: list[PlaceRow]
    desks: list[PlaceRow]
    curve: Bars | None  # by the hour
    by_day: list[tuple[str, int]]
    of_no_day: int  # that was told of the period as a whole, or sent up by units below; beside `by_day`
    parts: list[Part]
    not_counted: list[TableRow]  # of a share of figures: those that are not in it
    sayings: list[Saying]
    fixes: list[Saying]
    is_summed: bool
    may_look: bool  # at facts
    has_facts: bool
    elsewhere: tuple[str, Text] | None  # the page of the fair that says more, where there are no facts to list
    version: Said | None  # what was frozen last

    def written(self, n: int) -> str:
        """A part of the figure as its own unit writes it."""
        return shown(n, self.scale) if self.scale > 1 else f"{n:,}"

    def words(self, names: Mapping[str, str]) -> str:
        """What the figure is made of, in a line for those who do not see the bar."""
        return ", ".join(f"{names[piece.key]} {self.written(piece.n)}" for piece in self.stack)


# --- what is asked for ------------------------------------------------------------------------------


def place_of(fair: Fair, days: Sequence[str], asked: Mapping[str, str]) -> Place:
    """As an address names it; what it names wrongly is as if it had not. A day alone says the window, too."""
    window, day = asked.get("window", ""), asked.get("day", "")
    venue, desk = asked.get("venue", ""), asked.get("desk", "")
    day = day if day in days and window in ("", "day") else ""
    window = "day" if day else "year" if window == "year" else "period"
    venue = venue if any(one.id == venue for one in fair.venues) else ""
    desk = desk if desk == NO_DESK or any(one.id == desk for one in fair.desks) else ""
    return Place(window, day, "" if desk else venue, desk)


def scope_of(fair: Fair, place: Place) -> Scope:
    if place.desk == NO_DESK:
        return Scope(place.window, place.day, but=frozenset(one.id for one in fair.desks))
    chosen = _desks_of(fair, place)
    return Scope(place.window, place.day, None if chosen is None else frozenset(one.id for one in chosen))


def _desks_of(fair: Fair, place: Place) -> list[Desk] | None:
    if place.desk:
        return [one for one in fair.desks if one.id == place.desk]
    return [one for one in fair.desks if one.venue == place.venue] if place.venue else None


def find(fair: Fair, key: str) -> Definition:
    """Raises `page.not_found`."""
    found = catalogue.find(fair, key)
    if found is None:
        raise Problem(PAGE_NOT_FOUND)
    return found


# --- the table --------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/figures")
def table(fair_id: str) -> Response:
    """Every figure the office wants, of the whole fair, a day or the year; `venue=`: of that alone."""
    signed_in()
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        days = totals.all_days(tx, fair.id)
        place = place_of(fair, days, request.args)
        place = msgspec.structs.replace(place, desk="")
        wanted = catalogue.columns(fair)
        cells = _cells(tx, here, fair, wanted, place)
        owed = _owed(tx, fair, wanted, cells) if place.is_whole and place.window == "period" else frozenset()
        rows = [_row(one, cell, owed) for one, cell in zip(wanted, cells, strict=True)]
    page = TablePage(fair, place, days, _grouped(rows), len(owed))
    return web.page("hub/figures/table.html", page=page, fair=fair)


def _cells(tx: Connection, here: Hub, fair: Fair, wanted: Sequence[Definition], place: Place) -> list[Cell]:
    """Several figures at once. Of the whole fair what units below reported is in them, by each figure's rule."""
    desks = _desks_of(fair, place)
    names = None if desks is None else [one.id for one in desks]
    over = _standings(tx, here, fair, wanted) if desks is None else {}
    if place.venue:
        over = _peak(Measures(tx, fair, [BY_KEY["most_present"]], None, place.day or None), place.venue)
    found = figures_of(tx, fair, place.day or None, window=place.window, desks=names, over=over, definitions=wanted)
    return _with_units(tx, fair, wanted, [_cell(one) for one in found], place)


def _standings(tx: Connection, here: Hub, fair: Fair, wanted: Sequence[Definition]) -> dict[str, int]:
    """How many units below are on time, late and missing, where any figure is made of that."""
    is_wanted = any(one.metric.startswith(_OF_UNITS) for one in wanted)
    return units.metrics(tx, here, fair) if fair.units and is_wanted else {}


def _owed(tx: Connection, fair: Fair, wanted: Sequence[Definition], cells: Sequence[Cell]) -> frozenset[str]:
    """The figures that a statement of this moment would call missing."""
    return frozenset(one.key for one in missing(wanted, totals.sums(tx, fair.id), cells))


def _with_units(
    tx: Connection, fair: Fair, wanted: Sequence[Definition], cells: list[Cell], place: Place
) -> list[Cell]:
    if not (fair.units and place.is_whole):
        return cells
    return units.combine(tx, fair, wanted, cells, place.window, place.day)


def _cell(one: Figure) -> Cell:
    return Cell(one.key, one.value, one.parts, one.by, one.note)


def _peak(measures: Measures, venue: str) -> dict[str, int]:
    return {name: n for name, n in measures.peaks().items() if name == crowds.PEAK + venue}


def _row(one: Definition, cell: Cell, owed: Collection[str] = ()) -> TableRow:
    marks = [source for source in ("corrected", "paper", "typed", "below") if cell.by.get(source)]
    if one.is_estimate:
        marks.append("estimate")
    if one.key in owed:
        marks.append("missing")
    return TableRow(one, cell, marks)


def _grouped(rows: Iterable[TableRow]) -> list[tuple[Group, list[TableRow]]]:
    """In the office's order within a group; groups in that of the catalogue."""
    by_group: dict[str, list[TableRow]] = {}
    for row in rows:
        by_group.setdefault(row.definition.group, []).append(row)
    return [(one, by_group[one.id]) for one in GROUPS if one.id in by_group]


# --- one figure -------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/figures/<figure>")
def one(fair_id: str, figure: str) -> Response:
    """One figure taken apart: what it means, how it came about, where and when."""
    may_look = _may_look()
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        definition = find(fair, figure)
        days = totals.all_days(tx, fair.id)
        place = place_of(fair, days, request.args)
        page = _page(tx, here, fair, definition, place, days, may_look)
    return web.page("hub/figures/one.html", page=page, fair=fair)


def _may_look() -> bool:
    person = signed_in().person
    return any(person.may(role) for role in FACT_ROLES)


class _Apart:
    """What one figure is made of, read once: by desk, of one window."""

    def __init__(self, tx: Connection, here: Hub, fair: Fair, definition: Definition, place: Place) -> None:
        self._fair, self._definition, self._place = fair, definition, place
        self._days = totals.days(tx, fair.id)
        self.names = [name for name in behind.all_metrics(tx, fair.id) if _is_needed(name, definition)]
        self.by_desk = behind.sums_by_desk(tx, fair.id, self.names, place.day)
        self._measures = None
        if place.window != "year":
            self._measures = Measures(tx, fair, [definition], self._days, place.day or None)
        self._peaks: dict[str, int] | None = None
        self._standings = _standings(tx, here, fair, [definition])

    def whole(self) -> Figure:
        sums: Counter[str] = Counter()
        for one in self.by_desk.values():
            sums.update(one)
        laid = self._measures.of_fair(sums) if self._measures else {}
        return self._fold({**sums, **laid, **self._standings}, {"kind": "fair", "id": self._fair.id})

    def of(self, desks: Collection[str], venue: str = "") -> Figure:
        sums: Counter[str] = Counter()
        for desk in desks:
            sums.update(self.by_desk.get(desk, {}))
        laid = self._measures.of_desks(desks) if self._measures else {}
        peak = {name: n for name, n in self.peaks().items() if venue and name == crowds.PEAK + venue}
        return self._fold({**sums, **laid, **peak}, {"kind": "venue" if venue else "desk", "id": venue})

    def peaks(self) -> dict[str, int]:
        if self._peaks is None:
            self._peaks = self._measures.peaks() if self._measures else {}
        return self._peaks

    def elsewhere(self) -> list[str]:
        """Desks that are none of the fair's, with anything of it."""
        known = {one.id for one in self._fair.desks}
        return [desk for desk, sums in self.by_desk.items() if desk not in known and any(sums.values())]

    def _fold(self, sums: Mapping[str, int], scope: Mapping[str, str]) -> Figure:
        if self._place.window == "year":
            window = year_window(self._fair)
        else:
            window = day_window(self._place.day) if self._place.day else period_window(self._fair, self._days)
        return figures(sums, window, scope, [self._definition])[0]


def _is_needed(metric: str, one: Definition) -> bool:
    """Whether a metric has any part in a figure."""
    made_of = tuple(name for name in (*one.metrics, one.over) if name)
    bare = metric.removeprefix("corrected.").removeprefix("paper.")
    if behind.matches(bare, made_of) or metric in one.of_which:
        return True
    head, _, rest = metric.partition(".")
    if head in ("typed", "said"):
        return rest.partition(".")[2] == one.key
    return (one.list != "" and metric == f"list.{one.list}") or (metric in crowds.METRICS and one.is_peak)


def _figure(apart: _Apart, fair: Fair, place: Place) -> Figure:
    if place.desk == NO_DESK:
        return apart.of(apart.elsewhere())
    if place.desk:
        return apart.of([place.desk])
    if place.venue:
        return apart.of([one.id for one in fair.desks if one.venue == place.venue], place.venue)
    return apart.whole()


def cell_at(tx: Connection, here: Hub, fair: Fair, one: Definition, place: Place) -> Cell:
    """A figure at a place, as every page of it says it."""
    if one.metric.startswith(_OF_FIGURES):
        return _of_others(one, _cells(tx, here, fair, CATALOGUE, place))
    return _cell_of(tx, fair, _Apart(tx, here, fair, one, place), one, place)


def _of_others(one: Definition, cells: Iterable[Cell]) -> Cell:
    """A figure that is made of all others."""
    return next(cell for cell in cells if cell.key == one.key)


def _cell_of(tx: Connection, fair: Fair, apart: _Apart, one: Definition, place: Place) -> Cell:
    return _with_units(tx, fair, [one], [_cell(_figure(apart, fair, place))], place)[0]


def _page(
    tx: Connection, here: Hub, fair: Fair, one: Definition, place: Place, days: list[str], may_look: bool
) -> FigurePage:
    apart = _Apart(tx, here, fair, one, place)
    others = _cells(tx, here, fair, CATALOGUE, place) if one.metric.startswith(_OF_FIGURES) else []
    cell = _of_others(one, others) if others else _cell_of(tx, fair, apart, one, place)
    scope, is_summed = scope_of(fair, place), behind.is_summed(one)
    hours = _hours(tx, fair, one, apart, scope) if is_summed and place.window != "year" else {}
    by_day = _by_day(tx, fair, one, hours, scope) if place.window == "period" else []
    if by_day and cell.by.get("below"):  # units below told of the days, too
        by_day = [(day, sum(cell_at(tx, here, fair, one, Place("day", day)).by.values())) for day, _ in by_day]
    venues, desks = _rows(apart, fair, one, place)
    return FigurePage(
        fair=fair,
        place=place,
        definition=one,
        group=next(group.label for group in GROUPS if group.id == one.group),
        rule=RULES[one.rule],
        within=BY_KEY.get(one.within),
        days=days,
        cell=cell,
        stack=charts.stack(cell.by),
        scale=one.scale,
        sides=_sides(one, cell) if one.over else None,
        venues=venues,
        desks=desks,
        curve=_curve(hours) if one.scale == 1 else None,
        by_day=by_day,
        of_no_day=sum(cell.by.values()) - sum(n for _, n in by_day) if by_day else 0,
        parts=_parts(tx, fair, here.pack, one, cell),
        sayings=_sayings(tx, fair, one, place) if place.is_whole or place.desk == NO_DESK else [],
        fixes=_fixes(tx, fair, one, scope),
        is_summed=is_summed,
        may_look=may_look,
        has_facts=behind.has_facts(one),
        elsewhere=elsewhere(one),
        version=_said(tx, fair, one, place, cell) if may_look else None,
        not_counted=_not_counted(others),
    )


def elsewhere(one: Definition) -> tuple[str, Text] | None:
    """The page of the fair that says how a figure without facts came about."""
    if behind.has_facts(one):
        return None
    return next((told for name, told in _ELSEWHERE.items() if one.metric.startswith(name)), None)


def _said(tx: Connection, fair: Fair, one: Definition, place: Place, cell: Cell) -> Said | None:
    """Of the whole fair what the newest frozen version says, with the way back to it."""
    newest = select(statements).where(statements.c.fair == fair.id).order_by(statements.c.version.desc()).limit(1)
    row = tx.execute(newest).one_or_none() if place.is_whole else None
    if row is None:
        return None
    try:
        frozen = msgspec.json.decode(bytes(row.document), type=_Frozen)
    except msgspec.DecodeError:
        return None  # its own page says that it is damaged
    cells = frozen.period if place.window == "period" else frozen.year
    if place.day:
        cells = next((day.cells for day in frozen.days if day.day == place.day), [])
    found = next((said for said in cells if said.key == one.key), None)
    return Said(row.version, found.value, found.value == cell.value) if found else None


def _not_counted(cells: Sequence[Cell]) -> list[TableRow]:
    """Of all figures those that have anything in them which was neither counted nor tapped."""
    some = [cell for cell in cells if cell.value is not None and set(cell.by) - {"auto", "tapped"}]
    return [_row(BY_KEY[cell.key], cell) for cell in some]


def _sides(one: Definition, cell: Cell) -> tuple[Side, Side]:
    def side(n: int, metric: str) -> Side:
        itself = next((other for other in CATALOGUE if other.metrics == (metric,) and not other.over), None)
        return Side(n, itself.key if itself else "", itself.label if itself else None)

    return side(cell.parts.get("numerator", 0), one.metric), side(cell.parts.get("denominator", 0), one.over)


def _rows(apart: _Apart, fair: Fair, one: Definition, place: Place) -> tuple[list[PlaceRow], list[PlaceRow]]:
    """By venue, and by desk: of a large fair the desks of one venue at a time. Nothing of what no desk has."""
    if place.desk or place.window == "year" or one.typed == "only" or not behind.has_facts(one):
        return [], []
    by_venue: dict[str, list[str]] = {one.id: [] for one in fair.venues}
    for desk in fair.desks:
        by_venue[desk.venue].append(desk.id)
    venues = [] if place.venue else [_venue_row(apart, venue, by_venue[venue.id], place) for venue in fair.venues]
    elsewhere = apart.elsewhere()
    if elsewhere and not place.venue:
        name = Text("不在服务台（办公室、补录）", "At no desk (office, typed)")
        venues.append(PlaceRow(name, place.query(desk=NO_DESK), _cell(apart.of(elsewhere))))
    chosen = _desks_of(fair, place) or (fair.desks if len(fair.desks) <= _MOST_DESKS else [])
    many = len(fair.venues) > 1 and not place.venue
    desks = [
        PlaceRow(
            fair.place(desk.id) if many else desk.name, place.query(venue="", desk=desk.id), _cell(apart.of([desk.id]))
        )
        for desk in chosen
    ]
    return _with_values(venues), _with_values(desks)


def _with_values(rows: list[PlaceRow]) -> list[PlaceRow]:
    """All of them if any has a value: a list of nothing explains nothing."""
    return rows if any(row.cell.value is not None for row in rows) else []


def _venue_row(apart: _Apart, venue: Venue, desks: Sequence[str], place: Place) -> PlaceRow:
    return PlaceRow(venue.name, place.query(venue=venue.id), _cell(apart.of(desks, venue.id)))


def _hours(tx: Connection, fair: Fair, one: Definition, apart: _Apart, scope: Scope) -> dict[tuple[str, int], int]:
    names = [name for name in apart.names if behind.matches(name, [metric for metric in one.metrics if metric])]
    return behind.by_day_and_hour(tx, fair.id, names, scope) if names else {}


def _curve(hours: Mapping[tuple[str, int], int]) -> Bars | None:
    by_hour: Counter[int] = Counter()
    for (_, hour), n in hours.items():
        by_hour[hour] += n
    if not any(by_hour.values()):
        return None
    some = [hour for hour, n in by_hour.items() if n]
    return by_the_hour(by_hour, range(min(some), max(some) + 1))


def by_the_hour(found: Mapping[int, int], span: range) -> Bars:
    """A bar an hour; of many hours only each third is written under it."""
    marked = [hour for hour in span if len(span) <= _MOST_LABELS or hour % 3 == 0]
    return curves.bars(
        [found.get(hour, 0) for hour in span], [f"{hour:02d}" for hour in span], [f"{hour:02d}" for hour in marked]
    )


def _by_day(
    tx: Connection, fair: Fair, one: Definition, hours: Mapping[tuple[str, int], int], scope: Scope
) -> list[tuple[str, int]]:
    """What each day comes to, with what was typed of it; of one day alone nothing."""
    by_day: Counter[str] = Counter()
    typed = behind.by_day_and_hour(tx, fair.id, [f"typed.day.{one.key}"], scope) if one.typed else {}
    for (day, _), n in (*hours.items(), *typed.items()):
        by_day[day] += n
    return sorted(by_day.items()) if len(by_day) > 1 else []


# --- parts ------------------------------------------------------------------------------------------


def _parts(tx: Connection, fair: Fair, pack: Pack, one: Definition, cell: Cell) -> list[Part]:
    """What a figure is made of by title, kind or code, the most first."""
    if one.over or one.scale > 1 or not one.metric.endswith("."):
        return []
    known = names_of_parts(tx, fair, pack, one)
    found = [(known.get(name, Text(name or "—", name or "—")), n) for name, n in cell.parts.items() if n]
    if one.metric == WORST:
        return [Part(name, f"{n / 100:.2f}%") for name, n in sorted(found, key=lambda part: part[1])]
    if one.is_distinct:  # each is one, how often it came is not what is counted
        return [Part(name, n) for name, n in sorted(found, key=lambda part: part[0].zh)][:_MOST_PARTS]
    return [Part(name, n) for name, n in sorted(found, key=lambda part: -part[1])][:_MOST_PARTS]


def names_of_parts(tx: Connection, fair: Fair, pack: Pack, one: Definition) -> dict[str, Text]:
    """What stands behind the prefix of a figure's metric → its name, as far as anybody knows it."""
    metric, codes = one.metric, newest()
    if metric.endswith(LEAFLET):
        return {leaflet.id: leaflet.name for leaflet in fair.leaflets}
    if metric.endswith(MATERIAL):
        return {material.id: material.name for material in fair.materials}
    if metric in (places.SESSIONS, crowds.PEAK):
        return {venue.id: venue.name for venue in fair.venues}
    if metric == places.DESKS:
        return dict(TYPES)
    if metric == "exhibit.shown.":
        return {exhibit.id: exhibit.title for exhibit in pack.exhibits}
    if metric == WORST:
        return {question.id: question.text for question in pack.questions}
    if metric == courses.NATURE:
        return {**{code.id: code.text for code in codes.grievances}, courses.NONE: _UNCLASSIFIED}
    if metric == courses.GOODS:
        return {**{code.id: code.text for code in (*codes.goods, *codes.services)}, courses.NONE: _UNCLASSIFIED}
    if metric == "case.level.":
        return {str(level): name for level, name in enumerate(_LEVELS, 1)}
    offices: dict[str, Text] = {}
    if one.key == "units":
        offices = {key_of(name.zh): name for name in (fair.organiser.name, *(unit.name for unit in fair.units))}
    return {**offices, **_listed_names(tx, fair, one)}


_UNCLASSIFIED = Text("未分类", "Not classified")


def _listed_names(tx: Connection, fair: Fair, one: Definition) -> dict[str, Text]:
    """Of what is counted each once on a list: its key → how it was written first."""
    keyed = [metric.split(".") for metric in one.metrics if metric.startswith("key.")]
    found: dict[str, Text] = {}
    for _, name, field, _ in keyed:
        rows = select(records.c.body).where(records.c.fair == fair.id, records.c.list == name)
        for body in tx.execute(rows.order_by(records.c.seq)).scalars():
            text = msgspec.json.decode(body)["texts"].get(field)
            if text:
                found.setdefault(key_of(text), Text(text, text))
    return found


# --- what people said -------------------------------------------------------------------------------


def _sayings(tx: Connection, fair: Fair, one: Definition, place: Place) -> list[Saying]:
    """All that was typed of a figure in a window, newest first."""
    if not one.typed:
        return []
    there = typed_figures.c
    query = select(typed_figures).where(
        there.fair == fair.id, there.figure == one.key, there.window.in_(_SAID_IN[place.window])
    )
    if place.window == "day":
        query = query.where(there.day == place.day)
    names, offices = people.names_at(tx, fair.id), fair.unit_names(web.language())
    seen: set[tuple[str, str, str]] = set()
    found = []
    for row in tx.execute(query.order_by(there.seq.desc())):
        key = (row.window, row.day, row.unit)
        told = {"window": row.window, "unit": offices.get(row.unit, row.unit), "holds": key not in seen}
        by = names.get(row.person, row.person)
        found.append(Saying(row.journal, row.seq, to_minute(row.at), by, row.source, row.n, row.day, **told))
        seen.add(key)
    return found[:_MOST_SAID]


def _fixes(tx: Connection, fair: Fair, one: Definition, scope: Scope) -> list[Saying]:
    """Counts of a figure that were put right, newest first."""
    there = corrections.c
    query = select(corrections).where(there.fair == fair.id, there.step == "made")
    if scope.window == "day":
        query = query.where(there.day == scope.day)
    metrics = [metric for metric in one.metrics if metric]
    if scope.window == "year" or not any(metric.startswith("tally.") for metric in metrics):
        return []
    rows = [
        row
        for row in tx.execute(query.order_by(there.at.desc(), there.seq.desc()))
        if scope.holds(row.desk) and any(behind.matches(name, metrics) for name in metrics_of(row.counter))
    ]
    names = people.names_at(tx, fair.id)
    return [_fix(fair, row, names) for row in rows[:_MOST_SAID]]


def _fix(fair: Fair, row: Row[Any], names: Mapping[str, str]) -> Saying:
    return Saying(
        row.journal, row.seq, to_minute(row.at), names.get(row.person, row.person), row.reason, row.n, row.day,
        desk=desk_name(fair, row.desk), counter=counter_names(fair).get(row.counter),
        second=names.get(row.second, row.second),
    )  # fmt: skip


def desk_name(fair: Fair, desk: str) -> Text:
    """Where a desk is; of what stands at none of the fair's, that it does not."""
    if any(one.id == desk for one in fair.desks):
        return fair.place(desk)
    return Text("不在服务台", "at no desk")


def counter_names(fair: Fair) -> dict[str, Text]:
    """Counter → name, of all the fair has."""
    first = {desk.venue: desk for desk in reversed(fair.desks)}  # counters differ by venue, their order by desk
    found = {one.id: one.name for desk in first.values() for one in counters_of(fair, desk)}
    bare = {"headcount": Text("进场群众", "Visitors in"), "headout": Text("离场群众", "Visitors out")}
    return {**bare, **found}
