"""Units that report to a fair: what of theirs is complete, when it came, and what all of it comes to.

A version counts once its end and all before it are here; a newer one takes its place. Whoever is in somebody else's
figures already is left out, so that nothing is counted twice, whatever roads it came.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, tuple_

from kiosk.facts.figures import RecordListed
from kiosk.facts.reporting import ReportBegun, ReportEnded, ReportPlace
from kiosk.hub import rehearsals
from kiosk.hub.context import Hub
from kiosk.hub.fairs import figures_of
from kiosk.hub.tables import devices, facts, fairs, identity, journals, records, reported
from kiosk.packs.fairs import Fair, Unit
from kiosk.packs.model import Text
from kiosk.reports import rollup
from kiosk.reports.catalogue import CATALOGUE, columns
from kiosk.reports.figures import Figure
from kiosk.reports.rollup import Ruled, Said, Value
from kiosk.reports.statement import Cell, Place

#: Before the id of a unit, as a part of a cell that lists units.
UNIT = "unit."
_CHUNK = 400
_CAME = select(func.max(facts.c.received_at)).where(
    facts.c.journal == bindparam("journal"), facts.c.seq.between(bindparam("first"), bindparam("last"))
)


class Report(msgspec.Struct, frozen=True):
    """A version of a unit's figures of which everything is here."""

    unit: str
    journal: str
    first: int  # place of its `report.begun` …
    last: int  # … and of its `report.ended`
    begun: ReportBegun

    @property
    def version(self) -> int:
        return self.begun.version

    @property
    def source(self) -> str:
        return rollup.source_key(self.begun.hub, self.begun.fair)


class Standing(msgspec.Struct, frozen=True):
    """How a unit stands: whether it joined, what of it counts, and whether that came in time."""

    unit: Unit
    device: str  # of the hub that reports for it now; or ""
    report: Report | None  # the newest of which everything is here
    came_at: float | None  # when all of that was here, epoch seconds by this hub's clock
    versions: int  # complete ones
    state: str  # "in_time", "late", "missing", "silent" (joined, and nothing came yet), "absent" (not joined)
    left_out: Text | None  # why its figures are not added up, where they are not
    remarks: Sequence[Text]

    @property
    def counts(self) -> bool:
        return self.report is not None and self.left_out is None


# --- which version counts ---------------------------------------------------------------------------


def complete(tx: Connection, fair: str) -> dict[str, list[Report]]:
    """Unit → its complete versions, oldest first."""
    rows = reported.c.fair == rehearsals.reports(fair)
    query = select(reported.c.journal, reported.c.seq, reported.c.unit, reported.c.step, reported.c.body)
    query = query.where(rows, reported.c.step.in_(("begun", "ended")))
    ends = sorted(tx.execute(query), key=lambda row: (row.journal, row.seq))
    between = _between(tx, fair)
    found: dict[str, list[Report]] = {}
    open_row: Any = None
    for row in ends:
        if row.step == "begun":
            open_row = row
            continue
        ended = msgspec.json.decode(row.body, type=ReportEnded)
        if open_row is not None and open_row.journal == row.journal:
            report = Report(
                row.unit, row.journal, open_row.seq, row.seq, msgspec.json.decode(open_row.body, type=ReportBegun)
            )
            if _is_whole(report, ended, between.get((report.journal, ended.version), (0, 0, 0))):
                found.setdefault(row.unit, []).append(report)
        open_row = None
    return {unit: sorted(some, key=lambda one: one.version) for unit, some in found.items()}


def _between(tx: Connection, fair: str) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Journal and version → how many figures and places of it are here, the place of the first and of the last."""
    place = (reported.c.journal, reported.c.version)
    query = select(*place, func.count(), func.min(reported.c.seq), func.max(reported.c.seq)).group_by(*place)
    of_fair = (reported.c.fair == rehearsals.reports(fair)) & reported.c.step.in_(("figure", "place"))
    return {
        (journal, version): (n, first, last) for journal, version, n, first, last in tx.execute(query.where(of_fair))
    }


def _is_whole(report: Report, ended: ReportEnded, between: tuple[int, int, int]) -> bool:
    count, first, last = between
    if (report.version, count) != (ended.version, ended.facts):
        return False
    return count == 0 or report.first < first <= last < report.last


def standings(tx: Connection, here: Hub, fair: Fair) -> list[Standing]:
    """Every unit of the fair, in its order."""
    versions, joined = complete(tx, fair.id), _joined(tx, fair.id)
    current = {unit: _newest(some) for unit, some in versions.items()}
    left_out = _left_out(tx, fair, current)
    raw = _raw_fairs(tx)
    now, deadline = here.clock.now().timestamp(), _moment(fair.deadline)
    found = []
    for unit in fair.units:
        report = current.get(unit.id)
        device = joined.get(unit.id)
        first = _came_at(tx, versions[unit.id][0]) if report else None
        came_at = _came_at(tx, report) if report and len(versions[unit.id]) > 1 else first
        found.append(
            Standing(
                unit=unit,
                device=device.device if device else "",
                report=report,
                came_at=came_at,
                versions=len(versions.get(unit.id, ())),
                state=_state(first, bool(device), deadline, now),
                left_out=left_out.get(unit.id),
                remarks=list(_remarks(fair, report, device, raw, deadline, came_at)),
            )
        )
    return found


def _newest(some: Sequence[Report]) -> Report:
    """Of the same version in two journals, after a unit has joined anew, either will do: they are the same figures."""
    return max(some, key=lambda one: (one.version, one.begun.frozen_at, one.last))


def _came_at(tx: Connection, report: Report) -> float:
    told = {"journal": report.journal, "first": report.first, "last": report.last}
    return float(tx.execute(_CAME, told).scalar_one())


def _joined(tx: Connection, fair: str) -> dict[str, Any]:
    """Unit → the hub in use that reports for it, the one that joined last."""
    query = select(devices, journals.c.forked_at).join(journals, journals.c.journal == devices.c.journal)
    query = query.where(devices.c.fair == rehearsals.reports(fair), devices.c.state == "active")
    return {row.desk: row for row in tx.execute(query.order_by(devices.c.not_after, devices.c.device))}


def _moment(text: str) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _state(first: float | None, is_joined: bool, deadline: float | None, now: float) -> str:
    if first is not None:
        return "late" if deadline is not None and first > deadline else "in_time"
    if deadline is not None and now > deadline:
        return "missing"
    return "silent" if is_joined else "absent"


def counted(tx: Connection, fair: Fair) -> list[Report]:
    """The versions that are added up, one a unit, in the fair's order."""
    current = {unit: _newest(some) for unit, some in complete(tx, fair.id).items()}
    left_out = _left_out(tx, fair, current)
    return [current[unit.id] for unit in fair.units if unit.id in current and unit.id not in left_out]


def source_of(tx: Connection, fair: Fair) -> str:
    """What stands for the figures of a fair of this hub."""
    return rollup.source_key(str(tx.execute(select(identity.c.hub)).scalar_one()), fair.id)


def _left_out(tx: Connection, fair: Fair, current: Mapping[str, Report]) -> dict[str, Text]:
    """Unit → why it is not added up: it is in another's figures already, or holds what is counted here itself.

    Whoever has more of the others in its figures goes first: a city before its counties.
    """
    covered: dict[str, Text] = {source_of(tx, fair): Text("本级", "this office itself")}
    known = [unit for unit in fair.units if unit.id in current]
    found = {}
    for unit in sorted(known, key=lambda unit: -len(current[unit.id].begun.through)):
        report = current[unit.id]
        holder = next((covered[one] for one in (report.source, *report.begun.through) if one in covered), None)
        if holder is not None:
            found[unit.id] = Text(
                f"没有计入合计：它的数已经在「{holder.zh}」里，再加就算了两遍。请让其中一个不再报送。",
                f"Not added up: its figures are in those of “{holder.en}” already and would count twice. "
                "Let one of the two stop reporting.",
            )
            continue
        covered |= dict.fromkeys((report.source, *report.begun.through), unit.name)
    return found


def _raw_fairs(tx: Connection) -> dict[tuple[str, str], str]:
    """(hub, fair) of the fairs whose raw data were taken in by a roster → the fair here."""
    return {(row.origin, row.id): row.id for row in tx.execute(select(fairs).where(fairs.c.origin != ""))}


def _remarks(
    fair: Fair,
    report: Report | None,
    device: Any,
    raw: Mapping[tuple[str, str], str],
    deadline: float | None,
    came_at: float | None,
) -> Iterator[Text]:
    if device is not None and device.forked_at is not None:
        yield Text(
            "它的上报记录出现分叉，分叉之后的没有计入。请停用它，再发一个新代码让它重新加入。",
            "Its reports have parted in two, and nothing after that counts. Withdraw it and give it a new code.",
        )
    if report is None:
        return
    begun = report.begun
    if (begun.hub, begun.fair) in raw:
        yield Text(
            f"这里也有它的原始数据（活动 {begun.fair}）。合计只用它上报的数，原始数据不并进来。",
            f"Its raw data are here, too (fair {begun.fair}). Only what it reported is added up, the raw data are not.",
        )
    if (begun.starts, begun.ends) != (fair.starts, fair.ends):
        yield Text(
            f"它的统计时段是 {begun.starts} 至 {begun.ends}，和本活动不同。",
            f"Its figures are of {begun.starts} to {begun.ends}, other days than this fair's.",
        )
    if report.version > 1:
        why = begun.why or "—"
        yield Text(f"第 {report.version} 版：{why}", f"Version {report.version}: {why}")
        if deadline is not None and came_at is not None and came_at > deadline:
            yield Text("这一版是时限以后到的。", "This version came after the deadline.")


def through(tx: Connection, fair: Fair) -> list[str]:
    """What stands for everybody whose figures are in those of the fair, with what came from below."""
    found: set[str] = set()
    for report in counted(tx, fair):
        found |= {report.source, *report.begun.through}
    return sorted(found)


# --- what they said ---------------------------------------------------------------------------------


def said(tx: Connection, fair: Fair, window: str = "period", day: str = "") -> dict[str, dict[str, Said]]:
    """Unit → figure → what it said, of those that are added up."""
    return said_in(tx, counted(tx, fair), window, day)


def said_in(tx: Connection, chosen: Sequence[Report], window: str, day: str = "") -> dict[str, dict[str, Said]]:
    """Unit → figure → what it said, of some versions."""
    bodies: dict[str, list[str]] = {one.unit: [] for one in chosen}
    for row, unit in _rows(tx, chosen, window, day):
        bodies[unit].append(row.body)
    return {unit: rollup.read(some) for unit, some in bodies.items()}


def days(tx: Connection, fair: Fair) -> set[str]:
    """The days any unit that counts said something of; quicker than asking day by day."""
    names = [(one.journal, one.version) for one in counted(tx, fair)]
    found: set[str] = set()
    for start in range(0, len(names), _CHUNK):
        of_versions = tuple_(reported.c.journal, reported.c.version).in_(names[start : start + _CHUNK])
        query = select(reported.c.day).where(of_versions, reported.c.window == "day").distinct()
        found.update(tx.execute(query).scalars())
    return found


def places_of(tx: Connection, report: Report) -> list[ReportPlace]:
    """What a unit said of its venues."""
    rows = [row for row, _ in _rows(tx, [report], "", "") if row.step == "place"]
    return [msgspec.json.decode(row.body, type=ReportPlace) for row in rows]


def _rows(tx: Connection, chosen: Sequence[Report], window: str, day: str) -> Iterator[tuple[Any, str]]:
    units = {(one.journal, one.version): one.unit for one in chosen}
    columns_ = (reported.c.journal, reported.c.seq, reported.c.version, reported.c.step, reported.c.body)
    names = list(units)
    for start in range(0, len(names), _CHUNK):
        of_versions = tuple_(reported.c.journal, reported.c.version).in_(names[start : start + _CHUNK])
        query = select(*columns_).where(of_versions, reported.c.window == window, reported.c.day == day)
        for row in tx.execute(query.order_by(reported.c.journal, reported.c.version, reported.c.seq)).all():
            yield row, units[row.journal, row.version]


# --- put together -----------------------------------------------------------------------------------


def of_units(tx: Connection, fair: Fair, window: str = "period", day: str = "") -> dict[str, Cell]:
    """Figure → what all units below come to, by the figure's own rule; without 本级. Nothing where none reported."""
    told = said(tx, fair, window, day)
    return {column.key: below(column, fair, told) for column in columns(fair)} if told else {}


def rolled(tx: Connection, fair: Fair) -> dict[str, Cell]:
    """Figure → the period's cell of this office and its units together, of those that are not its own alone."""
    wanted = columns(fair)
    found = {one.key: one for one in figures_of(tx, fair)}
    own = [_cell(found[column.key]) for column in wanted]
    together = combine(tx, fair, wanted, own)
    return {both.key: both for both, mine in zip(together, own, strict=True) if both != mine}


def _cell(figure: Figure) -> Cell:
    return Cell(figure.key, figure.value, figure.parts, figure.by, figure.note)


def places(tx: Connection, fair: Fair, keys: Sequence[str]) -> Iterator[Place]:
    """What every unit said, as a statement has it beside venues and desks."""
    wanted, names = {one.key: one for one in columns(fair)}, {unit.id: unit.name for unit in fair.units}
    for unit, told in said(tx, fair).items():
        cells = []
        for key in keys:
            one = told.get(key)
            fits = one is not None and one.fits(wanted[key])
            cells.append(rollup.cell_of(wanted[key], one.value, one.by) if one and fits else Cell(key, None, {}, {}))
        yield Place("unit", unit, names[unit], "", cells)


def below(column: Ruled, fair: Fair, told: Mapping[str, Mapping[str, Said]]) -> Cell:
    """One figure of all units."""
    fitting = {unit: some[column.key] for unit, some in told.items()
               if column.key in some and some[column.key].fits(column)}  # fmt: skip
    value = rollup.together(column.rule, (one.value for one in fitting.values()))
    total = value.total(column.rule)
    if column.rule in ("max", "recompute", "none"):
        ns = {unit: one.value.total(column.rule) for unit, one in fitting.items()}
        parts = {UNIT + unit: n for unit, n in ns.items() if n is not None}
        return Cell(column.key, None, parts, {}, _apart(column, fair, ns))
    return rollup.cell_of(column, value, {"below": total} if total is not None else {})


def _apart(column: Ruled, fair: Fair, ns: Mapping[str, int | None]) -> Text:
    """Why there is one number for each unit and none for all; and whose is the largest, where that says something."""
    most = max((n for n in ns.values() if n is not None), default=None)
    if column.rule != "max" or most is None:
        return Text("各单位分别列出，不合并", "listed unit by unit, not put together")
    whose = next(unit.name for unit in fair.units if ns.get(unit.id) == most)
    shown = rollup.written(column.unit, most)
    return Text(
        f"各单位分别列出，不相加；最大的是{whose.zh}：{shown}",
        f"listed unit by unit, not added up; the largest is {whose.en}'s: {shown}",
    )


def combine(
    tx: Connection, fair: Fair, wanted: Iterable[Ruled], cells: Iterable[Cell], window: str = "period", day: str = ""
) -> list[Cell]:
    """The fair's own cells with what its units reported, by each figure's rule; in `by` the latter is "below".

    What several units did together is counted once, also where one of them is this office itself.
    """
    rules = {column.key: column for column in wanted}
    told = said(tx, fair, window, day)
    lower = {key: below(column, fair, told) for key, column in rules.items()} if told else {}
    joint, source = own_joint(tx, fair, window, day), source_of(tx, fair)
    found = []
    for cell in cells:
        parts = {**cell.parts, **{rollup.JOINT + key: n for key, n in joint.get(cell.key, {}).items()}}
        own = msgspec.structs.replace(cell, parts=parts) if cell.key in joint else cell
        found.append(rollup.add_below(rules[cell.key], own, lower.get(cell.key), source) if cell.key in rules else own)
    return found


def own_joint(tx: Connection, fair: Fair, window: str = "period", day: str = "") -> dict[str, dict[str, int]]:
    """Figure → joint activity → how much of the fair's own figure it is. From the lists, as they stand now."""
    of_lists = [one for one in CATALOGUE if one.list and one.rule == "sum" and not one.keyed]
    query = select(records.c.fact, records.c.step, records.c.record, records.c.body).where(records.c.fair == fair.id)
    rows = tx.execute(query).all() if window != "year" else []
    struck = {row.record for row in rows if row.step == "struck"}
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if row.step != "listed" or row.fact in struck:
            continue
        record = msgspec.json.decode(row.body, type=RecordListed)
        if not record.joint or (window == "day" and record.day != day):
            continue
        key = _joint_key(fair, record)
        for one in of_lists:
            n = (record.amounts.get(one.amount, 0) if one.amount else 1) if one.list == record.list else 0
            if n:
                of_figure = found.setdefault(one.key, {})
                of_figure[key] = of_figure.get(key, 0) + n
    return found


def _joint_key(fair: Fair, record: RecordListed) -> str:
    place = record.texts.get("venue") or record.texts.get("place") or ""
    return rollup.joint_key(record.list, record.day, record.title, place, record.host or fair.organiser.name.zh)


# --- one figure, unit by unit -----------------------------------------------------------------------


class Share(msgspec.Struct, frozen=True):
    """What one unit says of a figure."""

    unit: Unit | None  # None: 本级
    value: int | str | None
    parts: Mapping[str, int]  # of a rate what it was divided from
    by: Mapping[str, int]
    is_estimate: bool
    fits: bool  # else it is counted otherwise there, and not added
    joint: int = 0  # how much of it was done together with others
    keys: int = 0  # how many of it are counted each once

    @property
    def is_nothing(self) -> bool:
        return self.value is None and not self.parts


def share_of(column: Ruled, unit: Unit | None, value: Value, by: Mapping[str, int], *, fits: bool = True) -> Share:
    cell = rollup.cell_of(column, value, by)
    parts = {name: n for name, n in cell.parts.items() if name in ("numerator", "denominator")}
    return Share(unit, cell.value, parts, cell.by, value.is_estimate, fits, sum(value.joint.values()), len(value.keys))


def metrics(tx: Connection, here: Hub, fair: Fair) -> dict[str, int]:
    """How many units are on time, late and missing, as metrics of the catalogue."""
    states = [one.state for one in standings(tx, here, fair)]
    named = {"unit.on_time": "in_time", "unit.late": "late", "unit.missing": "missing"}
    return {metric: states.count(state) for metric, state in named.items()}
