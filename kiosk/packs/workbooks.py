"""Workbooks (.xlsx): the template with its drop-downs, questions out of one and into one; and sheets of named columns.

A tablet does not have openpyxl, which this imports: import it where it is used.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from xml.parsers import expat

import msgspec
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.packs import drafts
from kiosk.packs.drafts import (
    FIELD,
    FIELDS,
    ROWS_LIMIT,
    Draft,
    Fault,
    Place,
    Reading,
    Rules,
    clean,
    narrow,
    split_options,
)
from kiosk.packs.sheets import Cell, Column, Form, Row, Tables

#: Bounds of a file, far above any question bank: a workbook is a zip, and a small one can unpack to anything.
UNPACKED_LIMIT = 24 * 1024 * 1024
_PARTS_LIMIT = 1_000
#: Tags that open, in all, and in a part that is neither a sheet nor the table of words: each becomes an object.
TAGS_LIMIT, OTHER_TAGS_LIMIT = 300_000, 20_000
_COLUMNS_LIMIT = 64
_CHARACTERS_LIMIT = 6_000_000
CELL_LIMIT = 32_767  # characters: Excel's own bound
_HEADER_WITHIN = 20  # rows from the top
_LAST_ROW = 1_048_576  # of any sheet
#: Rows that are walked in all: a stray cell in the last row of a few sheets is common, in hundreds it is an attack.
WALKED_LIMIT = 4 * _LAST_ROW
#: Looks of a number that are as it was typed, and the columns in which looks make no difference.
_PLAIN_LOOKS, _OF_ANY_LOOK = ("general", "0", "@"), ("answer", "article", "valid_from", "valid_until")

SHEET, HELP, LISTS, UNREAD = "题目", "填写说明", "下拉列表", "没读进来"
MARKS = "要改的地方 to mend"
_OPTIONS_FIELD = "options"  # a column that holds all options in one cell; what was found goes into option1 …
_OPTIONS_NAMES = ("选项", "选项内容", "备选项", "备选答案", "options", "choices")
_PASSED_OVER = frozenset({"", "序号", "no", "no.", "#", "要改的地方", narrow(MARKS)})


def _names() -> dict[str, str]:
    found = {narrow(name): _OPTIONS_FIELD for name in _OPTIONS_NAMES}
    for field in FIELDS:
        found |= {narrow(name): field.id for name in (field.heading, field.zh, field.en, field.id, *field.names)}
    return found


_FIELD_BY_NAME = _names()
_Cells = Sequence[Any]  # of one row, as openpyxl gives them


# --- in -------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """The file is no workbook that can be read; its words say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.fault = Fault(Place(), zh, en)


def read_workbook(data: bytes) -> Reading:
    """The questions of every sheet that has a row of headings. Never raises: what cannot be read is a fault."""
    try:
        _look_inside(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions it does not know; nothing that concerns words in cells
            return _read(data)
    except _Unreadable as reason:
        return Reading(faults=[reason.fault])
    except Exception as error:  # noqa: BLE001 (openpyxl raises whatever a damaged part leads it to; nothing was kept)
        return Reading(faults=[_damaged(type(error).__name__).fault])


def _damaged(reason: str) -> _Unreadable:
    return _Unreadable(
        f"这个 .xlsx 文件已损坏，读不出来（{reason}）。请用 Excel 或 WPS 打开，另存为 .xlsx 再试。",
        f"this .xlsx file is damaged and cannot be read ({reason}); open it, save it as .xlsx again",
    )


def _look_inside(data: bytes) -> None:
    """Refuse what is no workbook, what would unpack to too much, and XML that declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
                raise _too_large()
            names, tags = {part.filename for part in parts}, 0
            _look_at_names(names)
            if len(names) != len(parts):
                raise _damaged("two parts of one name")
            for part in parts:
                if part.flag_bits & 1:
                    raise _Unreadable(
                        "这个文件有密码。请在 Excel 里取消密码，再导入。",
                        "this file has a password; take it off in Excel and import it again",
                    )
                # No XML of a workbook has a document type. With one, a few bytes can grow to gigabytes.
                content = archive.read(part).replace(b"\0", b"")
                if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
                    raise _damaged("document type")
                count = content.count(b"<") - content.count(b"</")
                tags += count
                if tags > TAGS_LIMIT or (count > OTHER_TAGS_LIMIT and not _is_large_by_nature(part.filename)):
                    raise _too_large()
    except _Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 (zipfile raises half a dozen kinds, and those of zlib)
        raise _damaged(type(error).__name__) from None


def _too_large() -> _Unreadable:
    return _Unreadable(
        "这个文件展开后太大，没有读。请只留要导入的内容，分成几个文件。",
        "this file unpacks to too much and was not read; keep what is to be imported, in several files",
    )


def _is_large_by_nature(name: str) -> bool:
    """A sheet, the table of words, a picture."""
    return name.startswith(("xl/worksheets/", "xl/media/", "xl/sharedStrings"))


def _look_at_names(names: set[str]) -> None:
    if "xl/workbook.bin" in names:
        raise _Unreadable(
            "这是 .xlsb 二进制工作簿。请在 Excel 里另存为 .xlsx。", "this is an .xlsb workbook; save it as .xlsx"
        )
    if "word/document.xml" in names:
        raise _Unreadable(
            "这是 Word 文档。请把题目贴进 Excel 模板，或存为 Aiken 格式的文本文件（.txt）。",
            "this is a Word document; put the questions into the template, or save them as Aiken text",
        )
    if "content.xml" in names:
        raise _Unreadable("这是 OpenDocument 文件。请另存为 .xlsx。", "this is an OpenDocument file; save it as .xlsx")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise _Unreadable(
            "这是压缩包，不是 Excel 文件。请解压后，选里面的 .xlsx 文件。",
            "this is a zip archive and no workbook; unpack it and choose the .xlsx inside",
        )


def _read(data: bytes) -> Reading:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    found, budget = Reading(), _Budget()
    try:
        tables = 0
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                if sheet.title != LISTS:
                    found.notes.append(
                        Fault(
                            Place(sheet=clean(str(sheet.title))),
                            "这张工作表是隐藏的，没有读。",
                            "this sheet is hidden and was not read",
                        )
                    )
                continue
            sheet.reset_dimensions()  # what other programs write about their size is often wrong
            tables += _read_sheet(sheet, _shape(data, sheet), budget, found)
    finally:
        book.close()
    if not tables:
        found.faults.append(
            Fault(
                Place(),
                "没有找到表头：前 20 行里要有一行写着“题目”“选项A”“正确答案”等列名。请用模板，或改好列名。",
                "no headings were found: one of the first 20 rows has to name the columns, such as question, option A, "
                "answer; use the template, or name them so",
            )
        )
    elif not found.drafts and not found.faults:
        found.faults.append(
            Fault(Place(), "表头下面没有题目。请填好再导入。", "there is no question under the headings")
        )
    return found


class _Budget:
    """How much more may be read. Raises `_Unreadable`."""

    def __init__(self, rows: int = ROWS_LIMIT) -> None:
        self._rows_limit = rows
        self.characters, self.rows, self.walked = _CHARACTERS_LIMIT, rows, WALKED_LIMIT

    def walk(self, rows: int) -> None:
        self.walked -= rows
        if self.walked < 0:
            raise _too_large()

    def take(self, words: str) -> None:
        """Words as they stand in a cell, before anything is done with them."""
        self.characters -= len(words)
        if self.characters < 0 or len(words) > CELL_LIMIT:
            raise _Unreadable(
                "文件里的字太多，没有读。请分成几个文件。", "the file holds too much text and was not read; split it"
            )

    def take_row(self) -> None:
        self.rows -= 1
        if self.rows < 0:
            raise _Unreadable(
                f"题目超过 {self._rows_limit} 行，没有读。请分成几个文件。",
                f"there are more than {self._rows_limit} rows; nothing was read; split the file",
            )


class _Shape(msgspec.Struct):
    """What reading a sheet row by row does not tell: rows from 1, merged ranges (column, row, column, row) from 1."""

    rows: set[int] = set()
    hidden: set[int] = set()
    merged: list[tuple[int, int, int, int]] = []
    last: int = 0
    stray: int = 0  # the first row that does not come after the one before it, which would be read as another

    def open(self, tag: str, values: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            number = int(float(values.get("r", self.last + 1)))
            if number <= self.last and not self.stray:
                self.stray = number
            self.last = max(number, self.last)
            self.rows.add(number)
            if values.get("hidden", "") in ("1", "true"):
                self.hidden.add(number)
        elif name == "mergeCell" and _RANGE.fullmatch(values.get("ref", "")):
            left, top, right, bottom = range_boundaries(values["ref"])
            self.merged.append((left or 1, top or 1, right or 1, bottom or 1))


_RANGE = re.compile(r"[A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7}")


def _shape(data: bytes, sheet: Any) -> _Shape:
    path = sheet._worksheet_path  # noqa: SLF001 (the part's name is told nowhere else)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read(path)
    found = _Shape()
    parser = expat.ParserCreate()
    parser.StartElementHandler = found.open
    parser.Parse(xml, True)
    return found


class _Table(msgspec.Struct, frozen=True):
    """The headings of a sheet."""

    sheet: str
    row: int
    fields: dict[int, str]  # column from 0 → field

    def place(self, row: int, column: int | None = None) -> Place:
        return Place(row, self.sheet, "" if column is None else get_column_letter(column + 1))

    @property
    def columns(self) -> dict[str, str]:
        return {field: get_column_letter(column + 1) for column, field in self.fields.items()}


def _read_sheet(sheet: Any, shape: _Shape, budget: _Budget, found: Reading) -> int:
    """1 where the sheet has headings, else 0."""
    table: _Table | None = None
    first = len(found.drafts)
    for number, cells in enumerate(sheet.iter_rows(max_row=_LAST_ROW, max_col=_COLUMNS_LIMIT), 1):
        if table is None:
            if number > _HEADER_WITHIN:
                return 0
            table = _headings(str(sheet.title), number, cells, found)
            if table is not None:
                budget.walk(min(shape.last, _LAST_ROW))
        elif number in shape.rows:
            _read_row(table, number, cells, budget, found)
    if table is None:
        return 0
    _refuse_merged(table, shape.merged, found)
    _refuse_stray(table, shape.stray, found)
    _note_hidden(table, [draft.place.row for draft in found.drafts[first:] if draft.place.row in shape.hidden], found)
    return 1


def _refuse_stray(table: _Table, row: int, found: Reading) -> None:
    if row:
        found.faults.append(_stray(table.place(row)))


def _stray(place: Place) -> Fault:
    return Fault(
        place,
        "这张表的行号乱了，从这一行起可能少读了题。请用 Excel 或 WPS 打开，另存为 .xlsx，再导入。",
        "the rows of this sheet are out of order, and questions may be lost; open it, save it as .xlsx again",
    )


def _note_hidden(table: _Table, rows: Sequence[int], found: Reading) -> None:
    if rows:
        found.notes.append(
            Fault(
                table.place(rows[0]),
                f"从这一行起有 {len(rows)} 行是隐藏的，也读进来了。不要的请删去。",
                f"from here on {len(rows)} rows are hidden, and were read; delete those you do not want",
            )
        )


def _headings(title: str, number: int, cells: _Cells, found: Reading) -> _Table | None:
    words = _head_words(cells)
    fields = [_field_of(one) for one in words]
    if "text" not in fields or not {"answer", "option1", _OPTIONS_FIELD} & set(fields):
        return None
    table = _Table(title, number, {})
    _take_heads(table.fields, fields, words, partial(table.place, number), found)
    return table


def _head_words(cells: _Cells) -> list[str]:
    return [clean(str(cell.value)) if isinstance(cell.value, str) and len(cell.value) < 100 else "" for cell in cells]


def _take_heads(
    taken: dict[int, str],
    ids: Sequence[str | None],
    words: Sequence[str],
    place: Callable[[int], Place],
    found: "Reading | Tables",
) -> None:
    """Which column of the sheet holds what; one that is not known is noted, one that stands twice is a fault."""
    for column, (one, name) in enumerate(zip(ids, words, strict=True)):
        if one is None:
            if narrow(name) not in _PASSED_OVER:
                zh, en = f"列“{name}”不认识，没有读。", f"the column “{name}” is not known and was not read"
                found.notes.append(Fault(place(column), zh, en))
        elif one in taken.values():
            zh, en = f"列“{name}”出现了两次。请留下一列。", f"the column “{name}” stands twice; keep one of them"
            found.faults.append(Fault(place(column), zh, en))
        else:
            taken[column] = one


def _field_of(name: str) -> str | None:
    plain = narrow(name).strip("*:")
    return _FIELD_BY_NAME.get(plain) or _FIELD_BY_NAME.get(re.sub(r"[(\[【][^)\]】]*[)\]】]", "", plain).strip("*:"))


def _read_row(table: _Table, number: int, cells: _Cells, budget: _Budget, found: Reading) -> None:
    words: dict[str, str] = {}
    wrong: list[Fault] = []
    for column, field in table.fields.items():
        cell = cells[column] if column < len(cells) else None
        if cell is None or cell.value is None:
            continue
        place = table.place(number, column)
        odd = _odd(place, cell, field)
        if odd is not None:
            wrong.append(odd)
            continue
        budget.take(str(cell.value))
        said = _words(cell.value, field)
        if said:
            words[field] = said
    if not words and not wrong:
        return
    budget.take_row()
    found.faults += wrong
    _take_options_apart(table, number, words, found)
    if "kind" not in table.columns:
        words["kind"] = _likely_kind(words)
    found.drafts.append(Draft(Place(number, table.sheet), words, table.columns))


def _odd(place: Place, cell: Any, field: str = "") -> Fault | None:
    """Why what stands in a cell cannot be taken."""
    if cell.data_type == "f":
        return Fault(
            place,
            "这一格是公式。请复制后“选择性粘贴—数值”。",
            "this cell is a formula; paste its value instead",
            field,
        )
    if cell.data_type == "e":
        return Fault(
            place,
            f"这一格是错误值 {cell.value}。请重新填写。",
            f"this cell is the error {cell.value}; fill it in anew",
            field,
        )
    if _looks_otherwise(cell, field):
        return Fault(
            place,
            "这一格是数字或日期，显示的和存的不一样。请把单元格格式设为“文本”，重新写一遍。",
            "this cell is a number or a day that looks otherwise than it is kept; "
            "set the cell to text and write it again",
            field,
        )
    return None


def _looks_otherwise(cell: Any, field: str) -> bool:
    """20%, ¥500 and 3月15日 are kept as 0.2, 500 and a day."""
    is_number = isinstance(cell.value, (int, float, date, time, timedelta)) and not isinstance(cell.value, bool)
    return is_number and field not in _OF_ANY_LOOK and str(cell.number_format).lower() not in _PLAIN_LOOKS


def _words(value: Any, field: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() or field.startswith("valid") else str(value)
        case date():
            return value.isoformat()
        case _:
            return clean(re.sub(r"_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), str(value)))


def _take_options_apart(table: _Table, number: int, words: dict[str, str], found: Reading) -> None:
    """One cell with A. … B. … C. … becomes the cells of options."""
    together = words.pop(_OPTIONS_FIELD, "")
    if not together:
        return
    options = split_options(together) or [one.strip() for one in re.split(r"[\n|]", together) if one.strip()]
    if not 2 <= len(options) <= drafts.OPTIONS or "option1" in words:
        place = Place(number, table.sheet, table.columns[_OPTIONS_FIELD])
        found.faults.append(
            Fault(
                place,
                "选项分不开。请一行写一个，写成“A. …”，2 到 6 个；或改用选项A、选项B……各占一列。",
                "the options cannot be told apart; write A. … B. …, one a line, 2 to 6 of them; or a column each",
            )
        )
        return
    words |= {f"option{n}": one for n, one in enumerate(options, 1) if one}


def _likely_kind(words: Mapping[str, str]) -> str:
    """Where a file has no column for it."""
    answer = narrow(words.get("answer", ""))
    if "option1" not in words or (answer in ("对", "错", "true", "false", "正确", "错误") and "option3" not in words):
        return "truefalse"
    letters = re.sub(r"[^a-f]", "", answer)
    return (
        "multiple"
        if len(letters) > 1 and len(letters) >= len(answer) - answer.count(",") - answer.count("、")
        else "single"
    )


def _refuse_merged(table: _Table, merged: Iterable[tuple[int, int, int, int]], found: Reading) -> None:
    for left, top, right, bottom in merged:
        if bottom > table.row and any(left <= column + 1 <= right for column in table.fields):
            place = table.place(max(top, table.row), left - 1)
            found.faults.append(
                Fault(
                    place,
                    "这里有合并单元格，分不清属于哪道题。请取消合并，每格都填上。",
                    "cells are merged here, and it is not clear whose they are; unmerge and fill in each",
                )
            )


# --- any sheets, as they stand ----------------------------------------------------------------------

#: Of a form with many languages; and rows of all its sheets.
_FORM_COLUMNS_LIMIT, _FORM_ROWS_LIMIT = 200, 20_000


class FormRow(msgspec.Struct, frozen=True):
    """A row of a sheet that has anything in it."""

    number: int
    cells: dict[int, str]  # column from 0 → words; blank ones are left out
    odd: dict[int, Fault]  # cells that say nothing that could be taken, or (these are in `cells` too) look otherwise


class FormSheet(msgspec.Struct, frozen=True):
    """What stands in a sheet."""

    name: str
    rows: list[FormRow]
    faults: list[Fault]  # of the sheet as a whole
    merged: list[tuple[int, int, int, int]]  # column, row, column, row, from 1
    is_hidden: bool = False


def read_form(data: bytes) -> tuple[list[FormSheet], list[Fault]]:
    """Every sheet as it stands; or why there is none. Never raises."""
    try:
        _look_inside(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_form(data), []
    except _Unreadable as reason:
        return [], [reason.fault]
    except Exception as error:  # noqa: BLE001 (as in `read_workbook`)
        return [], [_damaged(type(error).__name__).fault]


def _read_form(data: bytes) -> list[FormSheet]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    found, budget = list[FormSheet](), _Budget(_FORM_ROWS_LIMIT)
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            shape = _shape(data, sheet)
            budget.walk(min(shape.last, _LAST_ROW))
            found.append(_as_it_stands(sheet, shape, budget))
    finally:
        book.close()
    return found


def _as_it_stands(sheet: Any, shape: _Shape, budget: _Budget) -> FormSheet:
    name = str(sheet.title)
    rows = []
    for number, cells in enumerate(sheet.iter_rows(max_row=_LAST_ROW, max_col=_FORM_COLUMNS_LIMIT), 1):
        if number not in shape.rows:
            continue
        row = FormRow(number, {}, {})
        for column, cell in enumerate(cells):
            if cell.value is not None:
                _take_cell(row, Place(number, name, get_column_letter(column + 1)), column, cell, budget)
        if row.cells or row.odd:
            budget.take_row()
            rows.append(row)
    faults = [_stray(Place(shape.stray, name))] if shape.stray else []
    return FormSheet(name, rows, faults, shape.merged, sheet.sheet_state != "visible")


def _take_cell(row: FormRow, place: Place, column: int, cell: Any, budget: _Budget) -> None:
    odd = _odd(place, cell)
    if odd is not None:
        row.odd[column] = odd
        if cell.data_type in ("f", "e"):
            return
    budget.take(str(cell.value))
    words = _words(cell.value, "")
    if words:
        row.cells[column] = words


def write_form(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """Name → rows of words, the first of them headings. All of it is text."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, 1):
            for column, words in enumerate(row, 1):
                if words:
                    cell = say(sheet, number, column, words)
                    cell.alignment = Alignment(wrap_text=True, vertical="top")
                    cell.font = Font(bold=number == 1)
        for column in range(1, len(rows[0]) + 1):
            sheet.column_dimensions[get_column_letter(column)].width = 24
        sheet.freeze_panes = "A2"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


# --- out ------------------------------------------------------------------------------------------

_RED, _PALE, _SAND = "B5121B", "F9D9DB", "F3ECE0"
_WIDE = {
    "text": 44,
    "story": 36,
    "explanation": 36,
    "text_en": 44,
    "story_en": 36,
    "explanation_en": 36,
    "law": 30,
    "key": 24,
}
_NEEDED = frozenset(
    {"kind", "topic", "difficulty", "text", "option1", "option2", "answer", "explanation", "law", "article", "key"}
)


def write_workbook(
    rows: Sequence[Mapping[str, str]],
    rules: Rules,
    marks: Mapping[int, Sequence[Fault]] | None = None,
    others: Sequence[Fault] = (),
) -> bytes:
    """The template with rows of cells; `marks`: what has to be mended, by place in `rows` from 0; `others`: elsewhere.

    Those stand on a sheet of their own.
    """
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    lists = _write_lists(book, rules)
    _write_headings(sheet, has_marks=marks is not None)
    for number, cells in enumerate(rows):
        _write_row(sheet, number + 2, cells, (marks or {}).get(number, ()))
    _write_choices(sheet, lists, len(rows) + 1_000)
    _write_help(book)
    if others:
        _write_unread(book, others)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def say(sheet: Worksheet, row: int, column: int, words: str) -> Any:
    """Write words as words: none of them is a formula, whatever it begins with. What XML cannot hold is left out."""
    cell = sheet.cell(row, column)
    cell.value = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", ILLEGAL_CHARACTERS_RE.sub("", words))
    cell.data_type = "s"
    cell.number_format = "@"
    if words[:1] in ("=", "+", "-", "@"):
        cell.quotePrefix = True
    return cell


def _write_headings(sheet: Worksheet, *, has_marks: bool) -> None:
    line = Side(style="thin", color="FFFFFF")
    for column, heading in enumerate([*(field.heading for field in FIELDS), *([MARKS] if has_marks else [])], 1):
        cell = say(sheet, 1, column, heading)
        is_needed = column <= len(FIELDS) and FIELDS[column - 1].id in _NEEDED
        cell.font = Font(bold=True, color="FFFFFF" if is_needed else "1F1A17")
        cell.fill = PatternFill("solid", fgColor=_RED if is_needed else _SAND)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        cell.border = Border(right=line)
        width = _WIDE.get(FIELDS[column - 1].id, 16) if column <= len(FIELDS) else 60
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[1].height = 36
    sheet.freeze_panes = "A2"


def _write_row(sheet: Worksheet, row: int, cells: Mapping[str, str], faults: Sequence[Fault]) -> None:
    wrong = {fault.field for fault in faults}
    for column, field in enumerate(FIELDS, 1):
        words = cells.get(field.id, "")
        if not words and field.id not in wrong:
            continue
        cell = say(sheet, row, column, words)
        if not words:
            cell.value = None
        elif field.id == "article" and re.fullmatch(r"[1-9][0-9]{0,3}", words):
            cell.value, cell.number_format = int(words), "General"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if field.id in wrong:
            cell.fill = PatternFill("solid", fgColor=_PALE)
    if faults:
        said = "\n".join(f"{fault.zh} {fault.en}" for fault in faults)
        cell = say(sheet, row, len(FIELDS) + 1, said)
        cell.font, cell.alignment = Font(color=_RED), Alignment(wrap_text=True, vertical="top")


def _write_lists(book: Workbook, rules: Rules) -> dict[str, str]:
    """field → where its choices stand, for the drop-downs."""
    sheet = book.create_sheet(LISTS)
    labels = [text.zh for text in rules.topics.values()]
    choices = {
        "kind": list(drafts.KINDS.values()),
        "difficulty": list(drafts.LEVELS.values()),
        "topic": [text.zh if labels.count(text.zh) == 1 else one for one, text in rules.topics.items()],
        "law": [law.name for law in rules.laws],
        "answer": [*drafts.LETTERS, "对", "错"],
    }
    found = {}
    for column, (field, words) in enumerate(choices.items(), 1):
        say(sheet, 1, column, FIELD[field].heading)
        for row, one in enumerate(words, 2):
            say(sheet, row, column, one)
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = 24
        if words:
            found[field] = f"'{LISTS}'!${letter}$2:${letter}${len(words) + 1}"
    sheet.sheet_state = "hidden"
    return found


def _write_choices(sheet: Worksheet, lists: Mapping[str, str], last: int) -> None:
    for column, field in enumerate(FIELDS, 1):
        letter = get_column_letter(column)
        if field.id in lists:
            choice = DataValidation("list", lists[field.id], allow_blank=True)
            # The answer of a multiple choice is several letters, which no list has.
            choice.showErrorMessage = field.id != "answer"
            choice.errorTitle, choice.error = field.zh, "请从下拉列表里选。Choose from the list."
            if field.id == "answer":
                choice.showInputMessage = True
                choice.promptTitle, choice.prompt = (
                    "正确答案",
                    "单选写一个字母；多选写 AC；排序写 CABD；判断写 对 或 错。",
                )
        elif field.id == "article":
            choice = DataValidation(type="whole", operator="between", formula1="1", formula2="9999", allow_blank=True)
            choice.showErrorMessage = True
            choice.errorTitle, choice.error = field.zh, "请写数字，如 24。Write a number, such as 24."
        else:
            continue
        sheet.add_data_validation(choice)
        choice.add(f"{letter}2:{letter}{last}")


_HELP = (
    (
        "一行一道题；红色的列每题都要填，米色的列看题型或可以不填。",
        "One question a row; red columns are needed, the others depend.",
    ),
    (
        "题型：单选、判断、多选、排序、看图、案例。简答、填空、连线不能用。",
        "Kinds: single, true/false, multiple, order, picture, case.",
    ),
    (
        "正确答案：单选写一个字母（B）；多选写几个字母（AC）；排序按正确顺序写全部字母（CABD）；判断写 对 或 错。",
        "Answer: one letter; several letters; all letters in the right order; 对 or 错.",
    ),
    ("判断题的选项可以留空，就是“对”和“不对”。", "The options of a true/false question may be left blank."),
    (
        "法律：从下拉列表选；第几条：写数字；条文原词：那一条里一字不差的几个字，几处各占一行（Alt+Enter）。",
        "Law from the list, number of the article, and words that stand in it verbatim; several on lines of their own.",
    ),
    (
        "生效日期、失效日期：2027-03-15；留空就用那部法律的日期。",
        "Days like 2027-03-15; blank ones are those of the law.",
    ),
    (
        "编号：留空由程序编；已有编号的题，导入时换掉内容包里同编号的那一题。",
        "Id: leave it blank for a new question; a known id replaces that question.",
    ),
    ("英文各列可以留空，英文页面就显示中文。", "English may be left blank; the English pages then show the Chinese."),
    (
        "案情只用于案例题；图片、图片说明只用于看图题；选项编号不要改。",
        "Story: cases only. Picture: picture questions only.",
    ),
)


def _write_unread(book: Workbook, faults: Sequence[Fault]) -> None:
    """Where, and how to mend it: of what belongs to no row."""
    sheet = book.create_sheet(UNREAD)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 40, 100
    for row, fault in enumerate(faults, 1):
        where = f"{fault.place.sentence('zh')} {fault.place.sentence('en')}"
        for column, words in enumerate((where, f"{fault.zh} {fault.en}"), 1):
            say(sheet, row, column, clean(words)).alignment = Alignment(wrap_text=True, vertical="top")


def _write_help(book: Workbook) -> None:
    sheet = book.create_sheet(HELP)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 80, 70
    for row, sentences in enumerate(_HELP, 1):
        for column, words in enumerate(sentences, 1):
            say(sheet, row, column, words).alignment = Alignment(wrap_text=True, vertical="top")


# --- sheets of named columns, in ------------------------------------------------------------------


def read_tables(data: bytes, forms: Sequence[Form]) -> Tables:
    """The rows of the sheets that are called as `forms` are. Never raises: what cannot be read is a fault."""
    try:
        _look_inside(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_tables(data, forms)
    except _Unreadable as reason:
        return Tables(faults=[reason.fault])
    except Exception as error:  # noqa: BLE001 (as in `read_workbook`)
        return Tables(faults=[_damaged(type(error).__name__).fault])


def _read_tables(data: bytes, forms: Sequence[Form]) -> Tables:
    # Read-only sheets read days by the book's own beginning of time, 1900 or 1904.
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    found, budget = Tables(), _Budget()
    try:
        for sheet in book.worksheets:
            title = clean(str(sheet.title))
            form = next((form for form in forms if form.is_called(title)), None)
            if title in (LISTS, HELP):
                continue
            if form is None or sheet.sheet_state != "visible":
                found.notes.append(_passed_over(title, is_hidden=sheet.sheet_state != "visible"))
            elif form.id in found.rows:
                found.faults.append(
                    Fault(
                        Place(sheet=title), "这张表有两份。请留下一份。", "this sheet is there twice; keep one of them"
                    )
                )
            else:
                sheet.reset_dimensions()
                _read_table(sheet, _shape(data, sheet), form, budget, found)
    finally:
        book.close()
    if not found.rows and not found.faults:
        names = "、".join(form.zh for form in forms)
        found.faults.append(
            Fault(
                Place(),
                f"没有找到要读的工作表。请用模板，工作表叫：{names}。",
                "there is no sheet to be read; use the template, its sheets are: "
                + ", ".join(form.en for form in forms),
            )
        )
    return found


def _passed_over(title: str, *, is_hidden: bool) -> Fault:
    if is_hidden:
        return Fault(Place(sheet=title), "这张工作表是隐藏的，没有读。", "this sheet is hidden and was not read")
    return Fault(Place(sheet=title), "不认识这张工作表，没有读。", "this sheet is not known and was not read")


class _Found(msgspec.Struct, frozen=True):
    """The headings of a sheet: where they stand, and place of a column from 0 → its id."""

    sheet: str
    row: int
    columns: dict[int, str]

    def place(self, row: int, column: int) -> Place:
        return Place(row, self.sheet, get_column_letter(column + 1))

    @property
    def letters(self) -> dict[str, str]:
        return {one: get_column_letter(column + 1) for column, one in self.columns.items()}


def _read_table(sheet: Any, shape: _Shape, form: Form, budget: _Budget, found: Tables) -> None:
    heads: _Found | None = None
    rows: list[Row] = []
    title = clean(str(sheet.title))
    for number, cells in enumerate(sheet.iter_rows(max_row=_LAST_ROW, max_col=_COLUMNS_LIMIT), 1):
        if heads is None:
            if number > _HEADER_WITHIN:
                break
            heads = _table_heads(title, number, cells, form, found)
            if heads is not None:
                budget.walk(min(shape.last, _LAST_ROW))
        elif number in shape.rows:
            row = _table_row(heads, number, cells, budget, found)
            if row is not None:
                rows.append(row)
            if len(rows) > form.most:
                found.faults.append(
                    Fault(
                        Place(number, title),
                        f"“{form.zh}”超过 {form.most} 行，后面的没有读。请删去多的。",
                        f"there are more than {form.most} rows; the rest was not read; delete what is too much",
                    )
                )
                break
    if heads is None:
        needed = "、".join(f"“{column.zh}”" for column in form.columns if column.needed)
        found.faults.append(
            Fault(
                Place(sheet=title),
                f"没有找到表头：前 {_HEADER_WITHIN} 行里要有一行写着{needed}。请用模板。",
                f"no headings were found in the first {_HEADER_WITHIN} rows; use the template",
            )
        )
        return
    found.rows[form.id] = rows
    _refuse_table_shape(heads, shape, found)
    hidden = [row.place.row for row in rows if row.place.row in shape.hidden]
    if hidden:
        found.notes.append(
            Fault(
                Place(hidden[0], title),
                f"从这一行起有 {len(hidden)} 行是隐藏的，也读进来了。不要的请删去。",
                f"from here on {len(hidden)} rows are hidden, and were read; delete those you do not want",
            )
        )


def _table_heads(title: str, number: int, cells: _Cells, form: Form, found: Tables) -> _Found | None:
    words = _head_words(cells)
    known = [next((column for column in form.columns if one and column.is_called(one)), None) for one in words]
    there = {column.id for column in known if column is not None}
    if not any(column.id in there for column in form.columns if column.needed):
        return None
    heads = _Found(title, number, {})
    ids = [column.id if column is not None else None for column in known]
    _take_heads(heads.columns, ids, words, partial(heads.place, number), found)
    for column in form.columns:
        if column.needed and column.id not in heads.columns.values():
            found.faults.append(
                Fault(
                    Place(number, title),
                    f"缺“{column.zh}”这一列。请加上，或用模板。",
                    f"the column “{column.en}” is missing; add it, or use the template",
                )
            )
    return heads


def _table_row(heads: _Found, number: int, cells: _Cells, budget: _Budget, found: Tables) -> Row | None:
    held: dict[str, Cell] = {}
    wrong: list[Fault] = []
    for place, column in heads.columns.items():
        cell = cells[place] if place < len(cells) else None
        if cell is None or cell.value is None:
            continue
        if cell.data_type in ("f", "e"):
            wrong.append(
                Fault(
                    heads.place(number, place),
                    "这一格是公式或错误值，没有读。请复制后“选择性粘贴—数值”。",
                    "this cell is a formula or an error and was not read; paste its value instead",
                    column,
                )
            )
            continue
        budget.take(str(cell.value))
        value = _words(cell.value, column) if isinstance(cell.value, str) else cell.value
        if value != "":
            held[column] = value
    found.faults += wrong
    return Row(Place(number, heads.sheet), held, heads.letters) if held or wrong else None


def _refuse_table_shape(heads: _Found, shape: _Shape, found: Tables) -> None:
    for left, top, right, bottom in shape.merged:
        if bottom > heads.row and any(left <= column + 1 <= right for column in heads.columns):
            found.faults.append(
                Fault(
                    heads.place(max(top, heads.row), left - 1),
                    "这里有合并单元格，分不清属于哪一行。请取消合并，每格都填上。",
                    "cells are merged here, and it is not clear whose they are; unmerge and fill in each",
                )
            )
    if shape.stray:
        found.faults.append(
            Fault(
                Place(shape.stray, heads.sheet),
                "这张表的行号乱了，可能少读了。请用 Excel 或 WPS 打开，另存为 .xlsx，再导入。",
                "the rows of this sheet are out of order; open it, save it as .xlsx again",
            )
        )


# --- sheets of named columns, out -----------------------------------------------------------------


def write_tables(
    forms: Sequence[Form], rows: Mapping[str, Sequence[Mapping[str, str | int]]], says: Sequence[tuple[str, str]]
) -> bytes:
    """A workbook with a sheet for each form, its rows and drop-downs; `says`: what to write where."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for form in forms:
        _write_table(book, form, rows.get(form.id, ()), {one.id: one for one in forms})
    help_sheet = book.create_sheet(HELP)
    help_sheet.column_dimensions["A"].width, help_sheet.column_dimensions["B"].width = 80, 70
    for row, sentences in enumerate(says, 1):
        for column, words in enumerate(sentences, 1):
            say(help_sheet, row, column, words).alignment = Alignment(wrap_text=True, vertical="top")
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _write_table(
    book: Workbook, form: Form, rows: Sequence[Mapping[str, str | int]], forms: Mapping[str, Form]
) -> None:
    sheet = book.create_sheet(form.title)
    for number, column in enumerate(form.columns, 1):
        cell = say(sheet, 1, number, column.heading)
        cell.font = Font(bold=True, color="FFFFFF" if column.needed else "1F1A17")
        cell.fill = PatternFill("solid", fgColor=_RED if column.needed else _SAND)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        _write_drop_down(sheet, get_column_letter(number), column, forms)
    sheet.row_dimensions[1].height = 36
    sheet.freeze_panes = "A2"
    for line, held in enumerate(rows, 2):
        for number, column in enumerate(form.columns, 1):
            value = held.get(column.id, "")
            if isinstance(value, int):
                sheet.cell(line, number).value = value
            elif value:
                say(sheet, line, number, value)


def write_rows(title: str, rows: Sequence[Sequence[str | int | float]]) -> bytes:
    """A workbook of one sheet, its first row the headings. What is text stays text, whatever it begins with."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title, sheet.freeze_panes = title, "A2"
    for line, cells in enumerate(rows, 1):
        for number, value in enumerate(cells, 1):
            if isinstance(value, str):
                say(sheet, line, number, value).font = Font(bold=line == 1)
            else:
                sheet.cell(line, number).value = value
            sheet.column_dimensions[get_column_letter(number)].width = 18
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _write_drop_down(sheet: Worksheet, letter: str, column: Column, forms: Mapping[str, Form]) -> None:
    if column.choices:
        listed = f'"{",".join(column.choices)}"'
    elif column.lists:
        other = forms[column.lists]
        where = get_column_letter([one.id for one in other.columns].index("name") + 1)
        listed = f"'{other.title}'!${where}$2:${where}$501"
    else:
        return
    choice = DataValidation("list", listed, allow_blank=True)
    choice.showErrorMessage = True
    choice.errorTitle, choice.error = column.zh, "请从下拉列表里选。Choose from the list."
    sheet.add_data_validation(choice)
    choice.add(f"{letter}2:{letter}{5_001}")
