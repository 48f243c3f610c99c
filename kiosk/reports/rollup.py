"""Figures of several units put together, each by its own rule; a statement as the facts that carry it upwards. Pure.

`Value` is what a unit says of one figure in one window. Putting two together gives a `Value` again, so three levels
come to what one would, in whatever order and however they are split.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from kiosk.facts.figures import key_of
from kiosk.facts.kinds import Body
from kiosk.facts.reporting import (
    JOINTS,
    KEYS,
    SOURCES_BELOW,
    VALUES,
    ReportBegun,
    ReportEnded,
    ReportFigure,
    ReportPlace,
    Source,
    Words,
)
from kiosk.packs.model import Text
from kiosk.reports.catalogue import BY_KEY, CATALOGUE, SCALES, SMALLEST
from kiosk.reports.figures import percent, shown
from kiosk.reports.statement import SOURCES, Cell, Statement

#: Before the name of a part of a cell: what of the figure several units did together, under 16 hex digits.
JOINT = "joint."
_KEY = re.compile(r"[0-9a-f]{16}")
#: What parts are called that are no titles, exhibits or keys.
_RESERVED = frozenset({"numerator", "denominator", *SMALLEST.values()})
_COUNTED_ONCE = ("distinct", "union")
_APART = ("recompute", "none")
#: What is counted once there by ids that are the same at every fair: kinds of fakes.
_EVERYWHERE = frozenset({"exhibit_kinds"})
_ESTIMATES = frozenset(one.key for one in CATALOGUE if one.is_estimate)


class Ruled(Protocol):
    """A definition of the catalogue, or a column of a statement."""

    @property
    def key(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def rule(self) -> str: ...


class Counted(msgspec.Struct, frozen=True):
    """How a unit counts a figure of its own."""

    key: str
    unit: str
    rule: str


class Value(msgspec.Struct, frozen=True, gc=False):
    """What is said of one figure. Amounts are in the smallest unit: 分, seconds, grams."""

    n: int | None = None  # of what is counted once: those of no key, to which the keys are added; of a maximum it
    numerator: int | None = None
    denominator: int | None = None
    keys: frozenset[str] = frozenset()
    joint: Mapping[str, int] = {}  # what was done together, which `n` leaves out
    is_estimate: bool = False

    def total(self, rule: str) -> int | None:
        """The number itself; None of a rate, and where nobody said anything."""
        if rule in _COUNTED_ONCE:
            return None if self.n is None and not self.keys else (self.n or 0) + len(self.keys)
        if rule == "sum":
            return None if self.n is None and not self.joint else (self.n or 0) + sum(self.joint.values())
        return self.n


NOTHING = Value()


def together(rule: str, values: Iterable[Value]) -> Value:
    """Several units' values as one. Of what is not put together: nothing."""
    some = list(values)
    if rule in _APART:
        return Value(is_estimate=any(one.is_estimate for one in some))
    said = [one.n for one in some if one.n is not None]
    joint: dict[str, int] = {}
    for one in some:
        for key, n in one.joint.items():
            joint[key] = max(n, joint.get(key, n))  # whoever knows most of it: the host
    largest = rule == "max"
    return Value(
        n=(max(said) if largest else sum(said)) if said else None,
        numerator=_added(one.numerator for one in some),
        denominator=_added(one.denominator for one in some),
        keys=frozenset().union(*(one.keys for one in some)),
        joint=joint,
        is_estimate=any(one.is_estimate for one in some),
    )


def _added(amounts: Iterable[int | None]) -> int | None:
    said = [n for n in amounts if n is not None]
    return sum(said) if said else None


def shared(values: Iterable[Value]) -> tuple[int, int]:
    """(keys, joint activities) that more than one of some units has: what is counted once, and would be twice."""
    some = list(values)
    keys = sum(len(one.keys) for one in some) - len(frozenset().union(*(one.keys for one in some)))
    joints = sum(len(one.joint) for one in some) - len({key for one in some for key in one.joint})
    return keys, joints


# --- cells of a statement ---------------------------------------------------------------------------


def value_of(column: Ruled, cell: Cell, source: str = "") -> Value:
    """What a cell says. `source`: `source_key` of whose it is: two fairs' venue `v1` are two venues."""
    estimate = column.key in _ESTIMATES
    if column.rule == "ratio":
        parts = cell.parts
        return Value(numerator=parts.get("numerator"), denominator=parts.get("denominator"), is_estimate=estimate)
    n = _smallest(column.unit, cell)
    if column.rule in _COUNTED_ONCE:
        keys = frozenset(
            _key(column.key, name, source) for name, times in cell.parts.items() if _is_named(name) and times > 0
        )
        return Value(n=None if n is None else max(0, n - len(keys)), keys=keys, is_estimate=estimate)
    joint = {name.removeprefix(JOINT): n for name, n in cell.parts.items() if name.startswith(JOINT)}
    if n is not None and column.rule == "sum":
        n -= sum(joint.values())
    elif n is None and column.rule == "max":  # of several units: their largest
        n = max((most for name, most in cell.parts.items() if _is_named(name)), default=None)
    return Value(n=n, joint=joint if column.rule == "sum" else {}, is_estimate=estimate)


def cell_of(column: Ruled, value: Value, by: Mapping[str, int], note: Text | None = None) -> Cell:
    """A value as a cell: its keys and joint activities stand among its parts, so that the next level finds them."""
    total = value.total(column.rule)
    by = {source: by[source] for source in SOURCES if by.get(source)}
    if column.rule == "ratio":
        numerator, denominator = value.numerator or 0, value.denominator or 0
        parts = {"numerator": numerator, "denominator": denominator}
        return Cell(column.key, percent(numerator, denominator), parts, by, note)
    parts = {**dict.fromkeys(sorted(value.keys), 1), **{JOINT + key: value.joint[key] for key in sorted(value.joint)}}
    if total is not None and column.unit in SMALLEST:
        parts[SMALLEST[column.unit]] = total
    return Cell(column.key, None if total is None else written(column.unit, total), parts, by, note)


def written(unit: str, n: int) -> int | str:
    """An amount in the smallest unit as a cell has it: `12850` 分 → `"128.50"`."""
    return shown(n, SCALES[unit]) if unit in SCALES else n


def is_breakdown(name: str) -> bool:
    """Whether a part of a cell is one that people read: a title, an exhibit, a level; no key, no numerator."""
    return _is_named(name) and not _KEY.fullmatch(name)


def _is_named(name: str) -> bool:
    return name not in _RESERVED and not name.startswith(JOINT)


def _key(figure: str, name: str, source: str) -> str:
    """Of what is counted once: made of what was written, or else of an id that only one fair knows."""
    if _KEY.fullmatch(name):
        return name
    whose = "" if figure in _EVERYWHERE else source
    return hashlib.sha256(f"kiosk/report-key/1\0{whose}\0{figure}\0{name}".encode()).hexdigest()[:16]


def _smallest(unit: str, cell: Cell) -> int | None:
    if cell.value is None:
        return None
    if unit in SMALLEST:
        return cell.parts.get(SMALLEST[unit])
    try:
        return int(cell.value)
    except ValueError:
        return None


def add_below(column: Ruled, own: Cell, below: Cell | None, source: str) -> Cell:
    """本级 and what the units below come to as one cell, by the figure's rule; what came from below says so in `by`.

    `source`: whose the own cell is, as for `value_of`.
    """
    if below is None or column.rule in _APART:
        return own
    if column.rule == "max":
        return _side_by_side(column, own, below)
    mine, theirs = value_of(column, own, source), value_of(column, below)
    both = together(column.rule, (mine, theirs))
    total, before = both.total(column.rule), mine.total(column.rule)
    by = {**own.by, "below": (total or 0) - (before or 0)} if column.rule != "ratio" else dict(own.by)
    found = cell_of(column, both, by, None if both != mine else own.note)
    titles = {name: n for name, n in own.parts.items() if is_breakdown(name) and column.rule == "sum"}
    return msgspec.structs.replace(found, parts={**titles, **found.parts})


def without(column: Ruled, cell: Cell, said: Mapping[str, int]) -> Cell:
    """A cell of 本级 less what units report themselves and somebody had typed here for them.

    `said`: figure → how much, in the smallest unit; of a rate the figures of its two sides.
    """
    if column.rule == "ratio":
        return _without_sides(column, cell, said)
    n, before = said.get(column.key, 0), _smallest(column.unit, cell)
    if not n or before is None or column.rule in ("max", *_APART):
        return cell
    by = {**cell.by, "typed": cell.by.get("typed", 0) - n}
    parts = {**cell.parts, SMALLEST[column.unit]: before - n} if column.unit in SMALLEST else cell.parts
    value = written(column.unit, before - n)
    return Cell(column.key, value, parts, {source: some for source, some in by.items() if some}, cell.note)


def _without_sides(column: Ruled, cell: Cell, said: Mapping[str, int]) -> Cell:
    above, below = (said.get(key, 0) for key in BY_KEY[column.key].said) if column.key in BY_KEY else (0, 0)
    if not (above or below):
        return cell
    numerator, denominator = cell.parts.get("numerator", 0) - above, cell.parts.get("denominator", 0) - below
    parts = {**cell.parts, "numerator": numerator, "denominator": denominator}
    return Cell(column.key, percent(numerator, denominator), parts, cell.by, cell.note)


def _side_by_side(column: Ruled, own: Cell, below: Cell) -> Cell:
    """Maxima are listed, and never made into one of all."""
    mine = value_of(column, own).n
    listed = {**({"own": mine} if mine is not None else {}), **below.parts}
    if not below.parts:
        return own
    most = max(listed.values())
    is_own = mine is not None and mine >= most
    note = below.note
    if is_own:
        shown = written(column.unit, most)
        note = Text(f"各单位分别列出，不相加；最大的是本级：{shown}",
                    f"listed unit by unit, not added up; the largest is this office's own: {shown}")  # fmt: skip
    return Cell(column.key, None, listed, own.by, note)


# --- a statement as facts, and back -----------------------------------------------------------------


def source_key(hub: str, fair: str) -> str:
    """What stands for the figures of a fair of a hub: whoever has them twice finds the same 16 digits."""
    return hashlib.sha256(f"kiosk/report-source/1\0{hub}\0{fair}".encode()).hexdigest()[:16]


def joint_key(list_id: str, day: str, title: str, place: str, host: str) -> str:
    """What stands for one activity of several units: day, what and where, and who is the host."""
    parts = [list_id, day, *(key_of(part) for part in (title, place, host))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def told(statement: Statement, hub: str, through: Iterable[str] = ()) -> list[Body]:
    """The facts that carry a frozen version upwards, in order. `through`: `source_key` of all that is in it."""
    figures = list(_figures(statement, hub))
    places = list(_places(statement))
    begun = ReportBegun(
        version=statement.version,
        digest=hashlib.sha256(statement.encode()).hexdigest(),
        title=_words(statement.unit),
        hub=hub,
        fair=statement.fair,
        starts=statement.starts,
        ends=statement.ends,
        deadline=statement.deadline,
        frozen_at=statement.made_at,
        why=statement.why[:500],
        through=sorted(through)[:SOURCES_BELOW],
    )
    ended = ReportEnded(version=statement.version, facts=len(figures) + len(places))
    return [begun, *figures, *places, ended]


def _figures(statement: Statement, hub: str) -> Iterator[ReportFigure]:
    source = source_key(hub, statement.fair)
    columns = {column.key: column for column in statement.columns}
    windows: list[tuple[Any, str, Sequence[Cell]]] = [("period", "", statement.period), ("year", "", statement.year)]
    windows += [("day", day.day, day.cells) for day in statement.days]
    for window, day, cells in windows:
        for cell in cells:
            column = columns.get(cell.key)
            if column is None or (window != "period" and cell.value is None and not cell.parts):
                continue
            value = value_of(column, cell, source)
            by = {cast("Source", one): n for one, n in cell.by.items() if one in SOURCES}
            keys, joint = sorted(value.keys), sorted(value.joint.items())
            for start in range(max(1, -(-len(keys) // KEYS), -(-len(joint) // JOINTS))):
                yield ReportFigure(
                    version=statement.version,
                    figure=column.key,
                    label=_words(column.label),
                    unit=column.unit,
                    rule=cast("Any", column.rule),
                    window=window,
                    day=day,
                    n=value.total(column.rule),
                    numerator=value.numerator,
                    denominator=value.denominator,
                    by=by,
                    keys=keys[start * KEYS : (start + 1) * KEYS],
                    joint=dict(joint[start * JOINTS : (start + 1) * JOINTS]),
                    estimated=value.is_estimate,
                )


def _places(statement: Statement) -> Iterator[ReportPlace]:
    columns = {column.key: column for column in statement.columns}
    for place in statement.places:
        if place.kind != "venue":
            continue
        found = {cell.key: value_of(columns[cell.key], cell).total(columns[cell.key].rule) for cell in place.cells
                 if cell.key in columns}  # fmt: skip
        values = [(key, n) for key, n in found.items() if n]
        for start in range(0, len(values), VALUES):
            some = dict(values[start : start + VALUES])
            yield ReportPlace(version=statement.version, place=place.id, name=_words(place.name), values=some)


def _words(text: Text) -> Words:
    return Words(text.zh[:100], text.en[:200])


class Line(msgspec.Struct, frozen=True, gc=False):
    """What of a `report.figure` the sums need, read from rows that were checked when they came: 28,000 at a time."""

    figure: str
    label: Text
    unit: str
    rule: str
    n: int | None
    numerator: int | None
    denominator: int | None
    by: Mapping[str, int]
    keys: list[str]
    joint: Mapping[str, int]
    estimated: bool


_LINES = msgspec.json.Decoder(list[Line])


class Said(msgspec.Struct, frozen=True, gc=False):
    """One figure as a unit sent it."""

    figure: str
    label: Text
    unit: str
    rule: str
    value: Value
    by: Mapping[str, int]

    def fits(self, column: Ruled) -> bool:
        """Whether it is counted as the hub above counts it. What is not is shown, and added to nothing."""
        return self.unit == column.unit and self.rule == column.rule


def read(bodies: Sequence[str]) -> dict[str, Said]:
    """Figure → what was said of it: JSON of the `report.figure` of one version and window, in order."""
    found: dict[str, Said] = {}
    for line in _LINES.decode(f"[{','.join(bodies)}]"):
        before = found.get(line.figure)
        found[line.figure] = _said(line) if before is None else _more(before, line)
    return found


def _said(line: Line) -> Said:
    keys, joint, n = frozenset(line.keys), line.joint, line.n
    if n is not None and line.rule in _COUNTED_ONCE:
        n = max(0, n - len(keys))
    elif n is not None and joint:
        n -= sum(joint.values())
    value = Value(n, line.numerator, line.denominator, keys, joint, line.estimated)
    return Said(line.figure, line.label, line.unit, line.rule, value, line.by)


def _more(said: Said, line: Line) -> Said:
    """Keys and joint activities of a figure that were too many for one line."""
    old = said.value
    keys, joint = old.keys | frozenset(line.keys), {**old.joint, **line.joint}
    n = line.n
    if n is not None and said.rule in _COUNTED_ONCE:
        n = max(0, n - len(keys))
    elif n is not None:
        n -= sum(joint.values())
    return msgspec.structs.replace(said, value=msgspec.structs.replace(old, n=n, keys=keys, joint=joint))
