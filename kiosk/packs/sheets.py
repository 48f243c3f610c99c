"""What a workbook of several sheets is to hold, and what was found in one: for whoever reads or writes one by name."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from kiosk.packs.drafts import Fault, Place, narrow

#: What stands in a cell. Texts are trimmed, and never empty.
Cell = str | int | float | bool | date | datetime | time | timedelta


class Column(msgspec.Struct, frozen=True):
    id: str
    zh: str  # its heading
    en: str
    names: tuple[str, ...] = ()  # what others call it
    needed: bool = False
    choices: tuple[str, ...] = ()  # of its drop-down
    lists: str = ""  # or: the names that stand on the sheet of this id
    width: int = 16

    @property
    def heading(self) -> str:
        return f"{self.zh} {self.en}"

    def is_called(self, words: str) -> bool:
        plain = narrow(words).strip("*:")
        return plain in {narrow(one) for one in (self.heading, self.zh, self.en, self.id, *self.names)}


class Form(msgspec.Struct, frozen=True):
    """One sheet."""

    id: str
    zh: str
    en: str
    columns: Sequence[Column]
    most: int  # rows

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"

    def is_called(self, title: str) -> bool:
        return narrow(title) in {narrow(one) for one in (self.title, self.zh, self.en, self.id)}

    def column(self, column_id: str) -> Column:
        return next(column for column in self.columns if column.id == column_id)


class Row(msgspec.Struct, frozen=True):
    """One row of a sheet: column id → what stands there; blank cells are left out."""

    place: Place
    cells: Mapping[str, Any]  # each a Cell
    letters: Mapping[str, str]  # column id → its letter, of the columns the sheet has

    def fault(self, column: str, zh: str, en: str) -> Fault:
        return Fault(Place(self.place.row, self.place.sheet, self.letters.get(column, "")), zh, en, column)


class Tables(msgspec.Struct):
    """What a reader made of a workbook: form id → rows, of the sheets that are there."""

    rows: dict[str, list[Row]] = {}
    faults: list[Fault] = []
    notes: list[Fault] = []  # what was passed over, and is no fault
