"""Workbooks (.xlsx): the template with its drop-downs, questions out of one and into one.

The only module that imports openpyxl, which a tablet does not have: import it where it is used.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

import msgspec
from openpyxl import Workbook, load_workbook
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
        "这个文件展开后太大，没有读。请只留题目，分成几个文件。",
        "this file unpacks to too much and was not read; keep the questions, in several files",
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

    def __init__(self) -> None:
        self.characters, self.rows, self.walked = _CHARACTERS_LIMIT, ROWS_LIMIT, WALKED_LIMIT

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
                f"题目超过 {ROWS_LIMIT} 行，没有读。请分成几个文件。",
                f"there are more than {ROWS_LIMIT} rows; nothing was read; split the file",
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
        found.faults.append(
            Fault(
                table.place(row),
                "这张表的行号乱了，从这一行起可能少读了题。请用 Excel 或 WPS 打开，另存为 .xlsx，再导入。",
                "the rows of this sheet are out of order, and questions may be lost; open it, save it as .xlsx again",
            )
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
    words = [clean(str(cell.value)) if isinstance(cell.value, str) and len(cell.value) < 100 else "" for cell in cells]
    fields = [_field_of(one) for one in words]
    if "text" not in fields or not {"answer", "option1", _OPTIONS_FIELD} & set(fields):
        return None
    table = _Table(title, number, {})
    for column, (field, name) in enumerate(zip(fields, words, strict=True)):
        if field is None:
            if narrow(name) not in _PASSED_OVER:
                found.notes.append(
                    Fault(
                        table.place(number, column),
                        f"列“{name}”不认识，没有读。",
                        f"the column “{name}” is not known and was not read",
                    )
                )
        elif field in table.fields.values():
            found.faults.append(
                Fault(
                    table.place(number, column),
                    f"列“{name}”出现了两次。请留下一列。",
                    f"the column “{name}” stands twice; keep one of them",
                )
            )
        else:
            table.fields[column] = field
    return table


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
        if cell.data_type == "f":
            wrong.append(
                Fault(
                    place,
                    "这一格是公式。请复制后“选择性粘贴—数值”。",
                    "this cell is a formula; paste its value instead",
                    field,
                )
            )
            continue
        if cell.data_type == "e":
            wrong.append(
                Fault(
                    place,
                    f"这一格是错误值 {cell.value}。请重新填写。",
                    f"this cell is the error {cell.value}; fill it in anew",
                    field,
                )
            )
            continue
        if _looks_otherwise(cell, field):
            wrong.append(
                Fault(
                    place,
                    "这一格是数字或日期，显示的和存的不一样。请把单元格格式设为“文本”，重新写一遍。",
                    "this cell is a number or a day that looks otherwise than it is kept; "
                    "set the cell to text and write it again",
                    field,
                )
            )
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


def _say(sheet: Worksheet, row: int, column: int, words: str) -> Any:
    """Write words as words: none of them is a formula, whatever it begins with."""
    cell = sheet.cell(row, column)
    cell.value = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", words)
    cell.data_type = "s"
    cell.number_format = "@"
    if words[:1] in ("=", "+", "-", "@"):
        cell.quotePrefix = True
    return cell


def _write_headings(sheet: Worksheet, *, has_marks: bool) -> None:
    line = Side(style="thin", color="FFFFFF")
    for column, heading in enumerate([*(field.heading for field in FIELDS), *([MARKS] if has_marks else [])], 1):
        cell = _say(sheet, 1, column, heading)
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
        cell = _say(sheet, row, column, words)
        if not words:
            cell.value = None
        elif field.id == "article" and re.fullmatch(r"[1-9][0-9]{0,3}", words):
            cell.value, cell.number_format = int(words), "General"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if field.id in wrong:
            cell.fill = PatternFill("solid", fgColor=_PALE)
    if faults:
        said = "\n".join(f"{fault.zh} {fault.en}" for fault in faults)
        cell = _say(sheet, row, len(FIELDS) + 1, said)
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
        _say(sheet, 1, column, FIELD[field].heading)
        for row, one in enumerate(words, 2):
            _say(sheet, row, column, one)
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
            _say(sheet, row, column, clean(words)).alignment = Alignment(wrap_text=True, vertical="top")


def _write_help(book: Workbook) -> None:
    sheet = book.create_sheet(HELP)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 80, 70
    for row, sentences in enumerate(_HELP, 1):
        for column, words in enumerate(sentences, 1):
            _say(sheet, row, column, words).alignment = Alignment(wrap_text=True, vertical="top")
