"""A statement: all figures of a fair at one moment. Table and summary are made of one and of nothing else. Pure.

As JSON with its keys in order, a statement is the same bytes wherever it is written; their SHA-256 is what a frozen
version is held to.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from kiosk.packs.model import Text
from kiosk.reports.catalogue import BY_KEY

FORMAT = "kiosk-statement/1"
#: How a cell says that there was none, or nothing.
NOUGHTS = (None, 0, "0.00")
#: What a cell is made of: counted by itself, tapped, from paper, typed, put right, sent up by units below.
SOURCES = ("auto", "tapped", "paper", "typed", "corrected", "below")


class Column(msgspec.Struct, frozen=True):
    """A figure as its office wants it, with what it means: so that it is read as it was meant, whatever comes later."""

    key: str
    label: Text
    unit: str  # 人次, 份, 件 …; one never stands for another
    group: str  # id of a group of `reports.catalogue`
    means: Text  # the definition that is printed under the table
    rule: str  # how several units' are put together: "sum", "distinct", "max", "ratio", "union", "recompute" or "none"


class Cell(msgspec.Struct, frozen=True):
    """What one figure is in one window and scope."""

    key: str
    value: int | str | None  # a rate or money is a decimal string with two places; None: it cannot be said, see `note`
    parts: Mapping[str, int]  # what a rate was divided from; money in 分; by title, exhibit, level …
    by: Mapping[str, int]  # of `SOURCES`, those that have any; in the figure's own unit, money in 分
    note: Text | None = None


class Place(msgspec.Struct, frozen=True):
    """The period's figures of a part of the fair."""

    kind: Literal["venue", "desk", "unit"]
    id: str
    name: Text
    of: str  # of a desk its venue; else ""
    cells: Sequence[Cell]


class Day(msgspec.Struct, frozen=True):
    day: str
    cells: Sequence[Cell]
    hours: Mapping[str, Mapping[str, int]]  # figure → hour "09" → how many, of those with a curve


class Record(msgspec.Struct, frozen=True):
    """An entry of a list: goods destroyed, an article, a unit that took part."""

    list: str
    title: str
    day: str
    texts: Mapping[str, str]
    amounts: Mapping[str, int]
    source: str
    unit: str  # name of whose it is; "" of the organiser itself
    fact: str


class Finding(msgspec.Struct, frozen=True):
    """A doubt about figures, and what was answered."""

    check: str
    figures: Sequence[str]
    says: Text
    digest: str  # of what it says: an answer is to this very doubt
    note: str  # "" where nobody answered
    by: str  # name of who did


class Change(msgspec.Struct, frozen=True):
    """What another version says otherwise."""

    window: str  # "period", "year" or a day
    key: str
    before: int | str | None
    after: int | str | None


class Photo(msgspec.Struct, frozen=True):
    """A photo that goes along: what it is called where it lies sealed, and what stands under it."""

    blob: str  # SHA-256, hex
    caption: str


class Part(msgspec.Struct, frozen=True):
    """A section of the summary as it was frozen: what is printed, with every number in it."""

    id: str
    heading: Text
    level: int  # as of `reports.summary.Section`
    text: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    fair: str
    title: Text
    theme: Text
    unit: Text  # 填报单位: whose figures they are
    contact: str
    starts: str
    ends: str
    deadline: str  # moment, or ""
    venues: int
    version: int  # 0: a draft
    made_at: str  # moment
    made_by: str  # name of who froze it; of a draft ""
    why: str  # there is another version
    columns: Sequence[Column]  # in the office's order
    period: Sequence[Cell]
    year: Sequence[Cell]
    days: Sequence[Day]
    places: Sequence[Place]
    records: Sequence[Record]
    findings: Sequence[Finding]
    missing: Sequence[str]  # keys of columns nobody has said anything about
    changes: Sequence[Change]  # against the version before
    facts: int  # that are counted in it
    unsent: int  # that tablets said they had and that were not here
    words: Mapping[str, str] = {}  # section of the summary → its text, of those that somebody wrote anew
    photos: Sequence[Photo] = ()  # of the summary, in its order
    sections: Sequence[Part] = ()  # of a frozen version; a draft's follow its figures
    format: str = FORMAT

    def encode(self) -> bytes:
        return msgspec.json.encode(self, order="deterministic")

    @property
    def days_sayable(self) -> str:
        """The period as a table's head says it: `2027-03-15` or `2027-03-08—2027-03-15`."""
        return self.starts if self.starts == self.ends else f"{self.starts}—{self.ends}"

    def cell(self, key: str) -> Cell | None:
        """The period's figure of that key, if the office wants it."""
        return next((cell for cell in self.period if cell.key == key), None)

    @property
    def unsaid(self) -> frozenset[str]:
        """Keys whose nought is no number: nobody counted, listed or said anything, of them or of what they are part of.

        A table has a dash there, wherever the figure stands in it.
        """
        period, missing = {cell.key: cell for cell in self.period}, frozenset(self.missing)
        return frozenset(column.key for column in self.columns if _is_unsaid(column.key, period, missing))


def _is_unsaid(key: str, period: Mapping[str, Cell], missing: frozenset[str]) -> bool:
    """What hands have to tap is unsaid while none did; what tablets count by themselves is none where it is none."""
    cell, known = period.get(key), BY_KEY.get(key)
    if cell is not None and (cell.by or cell.value not in NOUGHTS):
        return False
    if key in missing or known is None:
        return key in missing
    is_by_hand = known.how == "tapped" and not known.typed
    # Of a rate what is above the line: none closed of 960 is no rate while nobody said how many were closed.
    of = (known.within, known.beside, known.said[0])
    return is_by_hand or any(_is_unsaid(one, period, missing) for one in of if one)


def is_nobodys(cell: Cell, unsaid: frozenset[str]) -> bool:
    """Whether a cell has no number, or a nought for which nobody stands. `unsaid`: as of its statement."""
    return cell.value is None or (cell.key in unsaid and cell.value in NOUGHTS and not cell.by)


def read(document: bytes) -> Statement:
    """Raises `msgspec.ValidationError` where it is none of this format."""
    found = msgspec.json.decode(document, type=Statement)
    if found.format != FORMAT:
        raise msgspec.ValidationError(f"it is no {FORMAT}")
    return found


def digest(document: bytes) -> str:
    """Hex; what a frozen version is held to."""
    return hashlib.sha256(document).hexdigest()


def changes(before: Statement, after: Statement) -> list[Change]:
    """Every cell that a later version says otherwise, in its order: the period, the year, day by day."""
    old = {(window, cell.key): cell.value for window, cell in _cells(before)}
    return [
        Change(window, cell.key, old.get((window, cell.key)), cell.value)
        for window, cell in _cells(after)
        if old.get((window, cell.key)) != cell.value
    ]


def _cells(statement: Statement) -> Iterator[tuple[str, Cell]]:
    yield from (("period", cell) for cell in statement.period)
    yield from (("year", cell) for cell in statement.year)
    for day in statement.days:
        yield from ((day.day, cell) for cell in day.cells)
