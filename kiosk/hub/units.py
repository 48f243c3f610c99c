"""Units that report to a fair: what of theirs is complete, when it came, and what all of it comes to.

A version counts once its end and all before it are here; a newer one takes its place. Whoever is in somebody else's
figures already is left out, and what was typed here for a unit gives way to what it reports itself: nothing counts
twice, whatever roads it came.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, tuple_

from kiosk.clock import BEIJING
from kiosk.facts.figures import RecordListed
from kiosk.facts.reporting import ReportBegun, ReportEnded, ReportPlace
from kiosk.hub import rehearsals
from kiosk.hub.context import Hub
from kiosk.hub.fairs import figures_of
from kiosk.hub.tables import devices, facts, fairs, identity, journals, records, reported, typed_figures
from kiosk.packs.fairs import Fair, Unit
from kiosk.packs.model import Text
from kiosk.reports import rollup
from kiosk.reports.amounts import amounts
from kiosk.reports.catalogue import BY_KEY, CATALOGUE, Definition, columns, definitions
from kiosk.reports.figures import Figure
from kiosk.reports.rollup import Ruled, Said, Value
from kiosk.reports.statement import Cell, Place

#: Before the id of a unit, as a part of a cell that lists units.
UNIT = "unit."
_CHUNK = 400
#: Of so few figures only what is said of them is read; of more, everything.
_FEW = 12
_CAME = select(func.max(facts.c.received_at)).where(
    facts.c.journal == bindparam("journal"), facts.c.seq.between(bindparam("first"), bindparam("last"))
)
#: Windows whose sayings are in a figure of a window.
_TYPED_IN = {"day": ("day",), "period": ("day", "period"), "year": ("year",)}
#: Lists are added up into these.
_LISTED = [one for one in CATALOGUE if one.rule == "sum" and any(name.startswith("list.") for name in one.metrics)]


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
    """Unit → its complete versions; the last is the one that counts.

    A hub that joined later goes before one that joined earlier, whatever their versions: one that was set back to an
    old copy, or set up anew, counts its versions from the beginning.
    """
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
    joined = _joined_at(tx, fair) if found else {}
    for some in found.values():
        some.sort(key=lambda one: (joined.get(one.journal, 0.0), one.version, one.begun.frozen_at, one.last))
    return found


def _joined_at(tx: Connection, fair: str) -> dict[str, float]:
    """Journal of a hub below → the end of its certificate, all of which last equally long."""
    query = select(devices.c.journal, devices.c.not_after).where(devices.c.fair == rehearsals.reports(fair))
    return {row.journal: row.not_after for row in tx.execute(query)}


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
    current = {unit: some[-1] for unit, some in versions.items()}
    left_out, raw = _left_out(tx, fair, current), _raw_fairs(tx)
    doubled = _doubled(tx, fair, {unit: one for unit, one in current.items() if unit not in left_out})
    now, deadline = here.clock.now().timestamp(), _moment(fair.deadline)
    found = []
    for unit in fair.units:
        report, hubs = current.get(unit.id), joined.get(unit.id, [])
        came = [_came_at(tx, one) for one in versions.get(unit.id, ())]
        remarks = [
            *_remarks_of_hubs(hubs, report, now),
            *_arriving(tx, hubs, versions.get(unit.id, ())),
            *(_remarks(fair, report, raw, deadline, came[-1]) if report else ()),
            *(_typed_too(n) for n in [doubled.get(unit.id, 0)] if n),
        ]
        found.append(
            Standing(
                unit=unit,
                device=hubs[-1].device if hubs else "",
                report=report,
                came_at=came[-1] if came else None,
                versions=len(came),
                state=_state(min(came, default=None), bool(hubs), deadline, now),
                left_out=left_out.get(unit.id),
                remarks=remarks,
            )
        )
    return found


def _came_at(tx: Connection, report: Report) -> float:
    told = {"journal": report.journal, "first": report.first, "last": report.last}
    return float(tx.execute(_CAME, told).scalar_one())


def _joined(tx: Connection, fair: str) -> dict[str, list[Any]]:
    """Unit → the hubs in use that report for it, in the order in which they joined; as a rule one."""
    held = select(func.max(facts.c.seq)).where(facts.c.journal == devices.c.journal).scalar_subquery().label("held")
    query = select(devices, journals.c.forked_at, journals.c.seq, held)
    query = query.join(journals, journals.c.journal == devices.c.journal)
    query = query.where(devices.c.fair == rehearsals.reports(fair), devices.c.state == "active")
    found: dict[str, list[Any]] = {}
    for row in tx.execute(query.order_by(devices.c.not_after, devices.c.device)):
        found.setdefault(row.desk, []).append(row)
    return found


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
    current = {unit: some[-1] for unit, some in complete(tx, fair.id).items()}
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


def _remarks_of_hubs(hubs: Sequence[Any], report: Report | None, now: float) -> Iterator[Text]:
    """What is to be said of the hubs that report for a unit, whatever they reported."""
    if report is not None and not hubs:
        yield Text(
            "它的汇总端已经停用；停用以前报的照样计入。",
            "Its hub is withdrawn; what it reported before still counts.",
        )
    if len(hubs) > 1:
        yield Text(
            f"有 {len(hubs)} 个汇总端在替它报送，只算最后加入的那一个。请停用不对的。",
            f"{len(hubs)} hubs report for it, and only the one that joined last counts. Withdraw the wrong one.",
        )
    if hubs and hubs[-1].forked_at is not None:
        yield Text(
            "它的上报记录出现分叉，分叉之后的没有计入。请停用它，再发一个新代码让它重新加入。",
            "Its reports have parted in two, and nothing after that counts. Withdraw it and give it a new code.",
        )
    if hubs and hubs[-1].not_after < now:
        day = datetime.fromtimestamp(hubs[-1].not_after, BEIJING).strftime("%Y-%m-%d")
        yield Text(
            f"它的证书 {day} 到期了，之后报的不计入。请停用它，再发一个新代码让它重新加入。",
            f"Its certificate ended on {day}, and nothing it sent later counts. Withdraw it and give it a new code.",
        )


def _arriving(tx: Connection, hubs: Sequence[Any], whole: Sequence[Report]) -> Iterator[Text]:
    """What is here of a version of the hub that reports now, and does not count because it is not all of it."""
    if not hubs or hubs[-1].forked_at is not None:
        return
    hub = hubs[-1]
    last = max((one.last for one in whole if one.journal == hub.journal), default=0)
    if (hub.held or 0) <= last:
        return
    query = select(func.count(), func.count(facts.c.problem))
    here, unusable = tx.execute(query.where(facts.c.journal == hub.journal, facts.c.seq > last)).one()
    if unusable:
        yield Text(
            f"后来报的 {here} 条里有 {unusable} 条用不了，那一版不计入。原因见隔离区；弄好以后请它再冻结一版报送。",
            f"Of {here} facts it sent since {unusable} cannot be used, so that version does not count. The quarantine "
            "says why; once that is mended, let it freeze another version and report again.",
        )
    else:
        yield Text(
            f"它新的一版只到了 {here} 条，到齐才计入。请它再报送一次，已经到的不会重复。",
            f"Only {here} facts of its new version are here, and it counts once all are. Let it report once more; "
            "nothing of it will count twice.",
        )


def _typed_too(n: int) -> Text:
    return Text(
        f"这里也替它补录过，其中 {n} 项它自己报了：只算它报的，不加两遍。",
        f"Figures were typed here for it, too; {n} of them it reported itself, and only that counts.",
    )


def _remarks(
    fair: Fair, report: Report, raw: Mapping[tuple[str, str], str], deadline: float | None, came_at: float
) -> Iterator[Text]:
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
        if deadline is not None and came_at > deadline:
            yield Text("这一版是时限以后到的。", "This version came after the deadline.")


def through(tx: Connection, fair: Fair, inside: Collection[str], at: str) -> list[str]:
    """What stands for everybody whose figures are in a statement of `at`, with what came from below.

    `inside`: the units of which that statement has figures. What came, or was withdrawn, since it was frozen is as it
    was then: else the hub above would leave out what is in nobody's figures.
    """
    moment, found = datetime.fromisoformat(at).timestamp(), set()
    for unit, some in complete(tx, fair.id).items():
        if unit in inside:
            then = [one for one in some if _came_at(tx, one) <= moment]
            report = (then or some)[-1]
            found |= {report.source, *report.begun.through}
    return sorted(found)


# --- what they said ---------------------------------------------------------------------------------


def said(
    tx: Connection, fair: Fair, window: str = "period", day: str = "", figures: Collection[str] = ()
) -> dict[str, dict[str, Said]]:
    """Unit → figure → what it said, of those that are added up. `figures`: of these alone, which is much quicker."""
    return said_in(tx, counted(tx, fair), window, day, figures)


def said_in(
    tx: Connection, chosen: Sequence[Report], window: str, day: str = "", figures: Collection[str] = ()
) -> dict[str, dict[str, Said]]:
    """Unit → figure → what it said, of some versions."""
    bodies: dict[str, list[str]] = {one.unit: [] for one in chosen}
    for unit, _step, body in _rows(tx, chosen, window, day, figures):
        bodies[unit].append(body)
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
    bodies = [body for _, step, body in _rows(tx, [report], "", "") if step == "place"]
    return [msgspec.json.decode(body, type=ReportPlace) for body in bodies]


def with_sides(wanted: Iterable[Ruled]) -> list[str]:
    """Keys of some figures, and of those their rates are typed as."""
    keys = [one.key for one in wanted]
    return sorted({*keys, *(side for key in keys if key in BY_KEY for side in BY_KEY[key].said if side)})


def _rows(
    tx: Connection, chosen: Sequence[Report], window: str, day: str, figures: Collection[str] = ()
) -> Iterator[tuple[str, str, str]]:
    """(unit, step, body) in the order in which they were said: 28,000 at a time."""
    units = {(one.journal, one.version): one.unit for one in chosen}
    columns_ = (reported.c.journal, reported.c.version, reported.c.step, reported.c.body)
    names = list(units)
    for start in range(0, len(names), _CHUNK):
        of_versions = tuple_(reported.c.journal, reported.c.version).in_(names[start : start + _CHUNK])
        query = select(*columns_).where(of_versions, reported.c.window == window, reported.c.day == day)
        if figures:
            query = query.where(reported.c.figure.in_(figures))
        found = tx.execute(query.order_by(reported.c.journal, reported.c.version, reported.c.seq)).all()
        for journal, version, step, body in found:
            yield units[journal, version], step, body


# --- put together -----------------------------------------------------------------------------------


def of_units(tx: Connection, fair: Fair, window: str = "period", day: str = "") -> dict[str, Cell]:
    """Figure → what all units below come to, by the figure's own rule; without 本级. Nothing where none reported."""
    told = said(tx, fair, window, day)
    return {column.key: below(column, fair, told) for column in columns(fair)} if told else {}


def whole(tx: Connection, fair: Fair, wanted: Sequence[Definition]) -> list[Cell]:
    """The period's cells of this office and its units together, in the order wanted."""
    found = {one.key: _cell(one) for one in figures_of(tx, fair, definitions=wanted)}
    return combine(tx, fair, wanted, [found[one.key] for one in wanted])


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
    told = said(tx, fair, window, day, with_sides(rules.values()) if len(rules) < _FEW else ())
    lower = {key: below(column, fair, told) for key, column in rules.items()} if told else {}
    source = source_of(tx, fair)
    return [
        rollup.add_below(rules[own.key], own, lower.get(own.key), source) if own.key in rules else own
        for own in own_cells(tx, fair, cells, told, window, day)
    ]


def own_cells(
    tx: Connection,
    fair: Fair,
    cells: Iterable[Cell],
    told: Mapping[str, Mapping[str, Said]],
    window: str = "period",
    day: str = "",
) -> list[Cell]:
    """本级: the fair's own cells with what is joint in them, without what units reported themselves (`told`)."""
    joint, twice = own_joint(tx, fair, window, day), _said_twice(tx, fair, told, window, day)
    known, found = {one.key: one for one in definitions(fair)}, []
    for cell in cells:
        parts = {**cell.parts, **{rollup.JOINT + key: n for key, n in joint.get(cell.key, {}).items()}}
        own = msgspec.structs.replace(cell, parts=parts) if cell.key in joint else cell
        column = known.get(cell.key)
        found.append(rollup.without(column, own, twice) if column and twice else own)
    return found


def own_joint(tx: Connection, fair: Fair, window: str = "period", day: str = "") -> dict[str, dict[str, int]]:
    """Figure → joint activity → how much of the fair's own figure it is. From the lists, as they stand now."""
    found: dict[str, dict[str, int]] = {}
    for record in _standing_records(tx, fair, window, day):
        if not record.joint:
            continue
        key = _joint_key(fair, record)
        for figure, n in _listed(record).items():
            of_figure = found.setdefault(figure, {})
            of_figure[key] = of_figure.get(key, 0) + n
    return found


def _standing_records(
    tx: Connection, fair: Fair, window: str, day: str, units: Collection[str] = ()
) -> list[RecordListed]:
    """What stands on the fair's lists, of a day or of all; `units`: of these alone."""
    query = select(records.c.fact, records.c.step, records.c.record, records.c.body).where(records.c.fair == fair.id)
    rows = tx.execute(query).all() if window != "year" else []
    struck = {row.record for row in rows if row.step == "struck"}
    bodies = (row.body for row in rows if row.step == "listed" and row.fact not in struck)
    every = (msgspec.json.decode(body, type=RecordListed) for body in bodies)
    return [one for one in every if (window != "day" or one.day == day) and (not units or one.unit in units)]


def _listed(record: RecordListed) -> dict[str, int]:
    """Figure → how much of it a record is, of those that lists are added up into."""
    counted = amounts(record)
    ns = {one.key: sum(counted.get(metric, 0) for metric in one.metrics) for one in _LISTED}
    return {figure: n for figure, n in ns.items() if n}


# --- what was typed here for a unit, and reported by it as well -------------------------------------


def _said_twice(
    tx: Connection, fair: Fair, told: Mapping[str, Mapping[str, Said]], window: str, day: str
) -> dict[str, int]:
    """Figure → how much of the fair's own figure was said here for units that report it themselves."""
    found: dict[str, int] = {}
    for unit, typed in _typed_for(tx, fair, set(told), window, day).items():
        for figure in _both(fair, typed, told[unit]):
            found[figure] = found.get(figure, 0) + typed[figure]
    return found


def _both(fair: Fair, typed: Mapping[str, int], said: Mapping[str, Said]) -> list[str]:
    """Figures that were typed for a unit and that it reports itself, counted as they are here.

    One it says is nothing leaves what was typed: a hub says 0 of whatever nobody touched, and 0 counts nothing twice.
    """
    known = {one.key: one for one in definitions(fair)}
    of_both = ((figure, said[figure]) for figure in typed if figure in said and figure in known)
    return [key for key, one in of_both if one.fits(known[key]) and one.value.total(one.rule)]


def _typed_for(tx: Connection, fair: Fair, units: Collection[str], window: str, day: str) -> dict[str, dict[str, int]]:
    """Unit → figure → what was typed, or put on lists, here for some units. What is joint is counted once anyway."""
    found: dict[str, dict[str, int]] = {}
    if not units:
        return found
    for unit, figure, n in _sayings(tx, fair, window, day):
        if unit in units:
            of_unit = found.setdefault(unit, {})
            of_unit[figure] = of_unit.get(figure, 0) + n
    for record in _standing_records(tx, fair, window, day, units):
        for figure, n in _listed(record).items() if not record.joint else ():
            of_unit = found.setdefault(record.unit, {})
            of_unit[figure] = of_unit.get(figure, 0) + n
    return found


def _sayings(tx: Connection, fair: Fair, window: str, day: str) -> Iterator[tuple[str, str, int]]:
    """(unit, figure, number) of every figure as it was said last of a place of a unit."""
    table = typed_figures.c
    query = select(table.figure, table.window, table.day, table.unit, table.n)
    query = query.where(table.fair == fair.id, table.unit != "", table.window.in_(_TYPED_IN[window]))
    if window == "day":
        query = query.where(table.day == day)
    held = {tuple(row)[:4]: row for row in tx.execute(query.order_by(table.at, table.seq))}
    for row in held.values():
        if row.n is not None:
            yield row.unit, row.figure, row.n


def _doubled(tx: Connection, fair: Fair, current: Mapping[str, Report]) -> dict[str, int]:
    """Unit → how many figures of the period were typed for it here, and reported by it as well."""
    typed = _typed_for(tx, fair, set(current), "period", "")
    figures = {figure for some in typed.values() for figure in some}
    told = said_in(tx, [current[unit] for unit in typed], "period", figures=figures) if typed else {}
    return {unit: len(_both(fair, some, told[unit])) for unit, some in typed.items()}


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
    if not fair.units:
        return {}
    states = [one.state for one in standings(tx, here, fair)]
    named = {"unit.on_time": "in_time", "unit.late": "late", "unit.missing": "missing"}
    return {metric: states.count(state) for metric, state in named.items()}
