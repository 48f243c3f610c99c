"""The statistics table (活动情况统计表) as an .xlsx file, and as CSV: a statement laid out for an office. Pure.

Values are numbers, never formulas; what is text stays text, whatever it begins with. The same statement makes the same
bytes.
"""

import csv as files
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.packs.model import Text
from kiosk.packs.workbooks import say
from kiosk.reports import catalogue, packages, records
from kiosk.reports.figures import shown
from kiosk.reports.statement import SOURCES, Cell, Column, Place, Statement

#: So many days stand beside the period on the first sheet; more have a sheet of their own and nothing else.
_DAYS_BESIDE = 4
#: So many figures stand side by side on a page that can still be read.
_A_PAGE = 11
#: So many places stand side by side under each other's figures; more of them are lines, and figures the columns.
_A_FEW = 8
_DASH = "—"

_RED, _SAND, _PALE = "B5121B", "EFE6D6", "FBF7F0"
_THIN = Side(style="thin", color="9A8F80")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_INSET = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
_RIGHT = Alignment(horizontal="right", vertical="center")
_BODY = Font(name="宋体", size=11)
_SMALL = Font(name="宋体", size=9)
_HEAD = Font(name="宋体", size=11, bold=True)
_TITLE = Font(name="方正小标宋简体", size=18)

_SOURCES: Mapping[str, Text] = {
    "auto": Text("平板自动", "by the tablets"),
    "tapped": Text("现场点数", "tapped"),
    "paper": Text("纸质补录", "from paper"),
    "typed": Text("手工填报", "typed"),
    "corrected": Text("更正", "put right"),
    "below": Text("下级报送", "sent up"),
}
#: What stands beside a value that is not all by itself.
_REMARKS: Mapping[str, tuple[str, str]] = {
    "corrected": ("含更正 {n:+d}", "put right by {n:+d}"),
    "paper": ("含纸质 {n}", "{n} from paper"),
    "typed": ("含手工填报 {n}", "{n} typed"),
    "below": ("含下级 {n}", "{n} sent up"),
}
_WINDOWS: Mapping[str, Text] = {"period": Text("活动期间", "whole fair"), "year": Text("全年", "year")}
_KINDS: Mapping[str, Text] = {
    "venue": Text("分会场", "Venues"), "desk": Text("分服务台", "Desks"), "unit": Text("分单位", "Units"),
}  # fmt: skip


def workbook(statement: Statement, lang: str = "zh") -> bytes:
    """The .xlsx, in "zh" or as a courtesy in "en"."""
    book = Workbook()
    book.remove(book.worksheets[0])
    made = _Book(book, statement, lang)
    made.main()
    made.places()
    made.days()
    made.hours()
    made.lists()
    made.sources()
    made.doubts()
    made.changes()
    made.meanings()
    book.properties.title, book.properties.creator = statement.title.in_(lang), statement.unit.in_(lang)
    written = io.BytesIO()
    book.save(written)
    return packages.settled(written.getvalue(), statement.made_at)


def csv(statement: Statement, lang: str = "zh") -> bytes:
    """One line a figure, window and scope, with a byte order mark: without it office programs misread Chinese."""
    out = io.StringIO()
    zh, en = (
        ("类别", "指标", "计量单位", "范围", "时段", "数值"),
        ("group", "figure", "unit", "scope", "window", "value"),
    )
    lines = files.writer(out)
    lines.writerow([*(en if lang == "en" else zh), "key"])
    columns = {column.key: column for column in statement.columns}
    for scope, window, cells in _tables(statement, lang):
        for cell in cells:
            column = columns[cell.key]
            told = (_group(column, lang), column.label.in_(lang), column.unit, scope, window)
            lines.writerow([*map(_inert, told), _number(cell.value), cell.key])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _tables(statement: Statement, lang: str) -> Iterator[tuple[str, str, Sequence[Cell]]]:
    """(scope, window, cells) of everything a statement says."""
    whole = statement.unit.in_(lang)
    yield whole, _WINDOWS["period"].in_(lang), statement.period
    yield whole, _WINDOWS["year"].in_(lang), [cell for cell in statement.year if cell.value is not None]
    yield from ((whole, day.day, day.cells) for day in statement.days)
    yield from ((one.name.in_(lang), _WINDOWS["period"].in_(lang), one.cells) for one in statement.places)


def _inert(text: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _number(value: int | str | None) -> int | str:
    return "" if value is None else value


def _rule(column: Column, lang: str) -> str:
    """How several units' are put together, in words."""
    return next((text.in_(lang) for name, text in catalogue.RULES.items() if name == column.rule), column.rule)


def _group(column: Column, lang: str) -> str:
    label = next((group.label for group in catalogue.GROUPS if group.id == column.group), None)
    return label.in_(lang) if label else column.group


class _Book:
    """A workbook that is being made of one statement."""

    def __init__(self, book: Workbook, statement: Statement, lang: str) -> None:
        self._book, self._said, self._lang = book, statement, lang
        self._columns = {column.key: column for column in statement.columns}

    def _t(self, zh: str, en: str) -> str:
        return en if self._lang == "en" else zh

    def _name(self, key: str) -> str:
        column = self._columns.get(key)
        return column.label.in_(self._lang) if column else key

    # --- the table that is sent up ------------------------------------------------------------------

    def main(self) -> None:
        """Number, figure, unit, each day, the period, the year, remarks, group by group; under a head to be signed."""
        said, windows = self._said, self._windows()
        heads = [
            self._t("序号", "No."), self._t("指标", "Figure"), self._t("计量单位", "Unit"),
            *(name for name, _ in windows), self._t("备注", "Remarks"),
        ]  # fmt: skip
        sheet = self._sheet(self._t("统计表", "Table"), widths=[6, 38, 10, *[13] * len(windows), 36])
        last = len(heads)
        self._title(sheet, last)
        at = 4
        for number, head in enumerate(heads, 1):
            _cell(sheet, at, number, head, _HEAD, _MIDDLE, fill=_SAND)
        sheet.row_dimensions[at].height = 32
        for group, some in groupby(enumerate(said.columns, 1), lambda one: _group(one[1], self._lang)):
            at += 1
            _across(sheet, at, 1, last, group, _HEAD, _LEFT, fill=_PALE)
            sheet.row_dimensions[at].height = 20
            for number, column in some:
                at += 1
                self._line(sheet, at, number, column, [cells.get(column.key) for _, cells in windows])
        self._foot(sheet, at + 1, last)
        sheet.freeze_panes = "C5"
        _paper(sheet, head_rows="4:4", lang=self._lang)

    def _windows(self) -> list[tuple[str, Mapping[str, Cell]]]:
        """What stands side by side: the days, where they are few, the period, and the year where anything is said."""
        said = self._said
        days = [(day.day, day.cells) for day in said.days] if len(said.days) <= _DAYS_BESIDE else []
        year = [("year", said.year)] if any(cell.value is not None for cell in said.year) else []
        named = [
            *((f"{self._t('当天', 'day')}\n{day[5:]}", cells) for day, cells in days),
            *((_WINDOWS[key].in_(self._lang), cells) for key, cells in [("period", said.period), *year]),
        ]
        return [(name, {cell.key: cell for cell in cells}) for name, cells in named]

    def _title(self, sheet: Worksheet, last: int) -> None:
        said = self._said
        title = said.title.in_(self._lang)
        name = self._t(f"{title.removesuffix('活动')}活动情况统计表", f"{title}: statistics table")
        draft = self._t("草稿", "Draft")
        version = self._t(f"第 {said.version} 版", f"Version {said.version}") if said.version else draft
        days = said.starts if said.starts == said.ends else f"{said.starts} — {said.ends}"
        whose = self._t("填报单位（公章）：", "Reported by: ") + said.unit.in_(self._lang)
        first = (whose, self._t("统计时段：", "Period: ") + days, version)
        filled = self._t("填报人：", "Filled in by: ") + said.made_by
        second = (filled, self._t("审核人：", "Checked by: "), self._t("填报日期：", "Date: ") + said.made_at[:10])
        _across(sheet, 1, 1, last, name, _TITLE, _MIDDLE)
        sheet.row_dimensions[1].height = 34
        for row, parts in enumerate((first, second), 2):
            for start, end, text in zip((1, 3, last), (2, last - 1, last), parts, strict=True):
                _across(sheet, row, start, end, text, _BODY, _LEFT)
            sheet.row_dimensions[row].height = 22

    def _line(self, sheet: Worksheet, at: int, number: int, column: Column, cells: Sequence[Cell | None]) -> None:
        _cell(sheet, at, 1, number, _BODY, _MIDDLE)
        _cell(sheet, at, 2, column.label.in_(self._lang), _BODY, _LEFT)
        _cell(sheet, at, 3, column.unit, _BODY, _MIDDLE)
        for place, cell in enumerate(cells, 4):
            _value(sheet, at, place, cell)
        period = next((cell for cell in self._said.period if cell.key == column.key), None)
        remark = self._remark(period)
        _cell(sheet, at, 4 + len(cells), remark, _SMALL, _INSET)
        sheet.row_dimensions[at].height = max(18, _height([remark], [44]))

    def _remark(self, cell: Cell | None) -> str:
        """Why there is no value; how much of one was put right, came on paper or from units below."""
        if cell is None or cell.key in self._said.missing:  # of what nobody said the dash says it all
            return ""
        told = [cell.note.in_(self._lang)] if cell.note else []
        for source, (zh, en) in _REMARKS.items():
            if n := cell.by.get(source, 0):
                is_all = cell.by.keys() == {source}
                told.append(_SOURCES[source].in_(self._lang) if is_all else self._t(zh, en).format(n=n))
        if {"numerator", "denominator"} <= cell.parts.keys():
            told.append(f"{cell.parts['numerator']} ÷ {cell.parts['denominator']}")
        return self._t("；", "; ").join(told)

    def _foot(self, sheet: Worksheet, at: int, last: int) -> None:
        notes = [
            self._t("“—”：没有这项数据；0：有人数过，是零。", "“—”: nobody said; 0: counted, and none."),
            self._t(
                "人次、人、件、份、批次不能互换；各项指标的含义见“指标解释”，每个数从哪里来见“数据来源”。",
                "Units are never interchangeable. What figures mean and where they come from is on the last sheets.",
            ),
        ]
        if self._said.unsent:
            n = self._said.unsent
            zh, en = f"还有 {n} 条记录没有传到汇总端，没有算进去。", f"{n} facts on tablets had not arrived."
            notes.append(self._t(zh, en))
        _across(sheet, at, 1, last, self._t("注：", "Notes: ") + " ".join(notes), _SMALL, _LEFT)
        sheet.row_dimensions[at].height = 30

    # --- places and days -----------------------------------------------------------------------------

    def places(self) -> None:
        for kind, title in _KINDS.items():
            some = [one for one in self._said.places if one.kind == kind]
            if some:
                self._matrix(title.in_(self._lang), [(self._place(one), one.cells) for one in some])

    def _place(self, one: Place) -> str:
        venue = next((other for other in self._said.places if other.kind == "venue" and other.id == one.of), None)
        name = one.name.in_(self._lang)
        return f"{venue.name.in_(self._lang)} · {name}" if venue else name

    def days(self) -> None:
        if len(self._said.days) > 1:
            self._matrix(self._t("分日期", "Days"), [(day.day, day.cells) for day in self._said.days])

    def _matrix(self, title: str, rows: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Places beside each other, of figures of which any of them has something."""
        told = {cell.key for _, cells in rows for cell in cells if cell.value not in (None, 0, "0.00")}
        columns = [column for column in self._said.columns if column.key in told]
        if columns and len(rows) <= _A_FEW:
            self._side_by_side(title, rows, columns)
        elif columns:
            self._one_a_line(title, rows, columns)

    def _side_by_side(self, title: str, rows: Sequence[tuple[str, Sequence[Cell]]], columns: Sequence[Column]) -> None:
        """Few places: figures below each other, group by group; the whole fair and how it is put together last."""
        names = [*(name for name, _ in rows), self._t("合计", "All")]
        sheet = self._sheet(title, widths=[38, 10, *[15] * len(names), 24])
        heads = [self._t("指标", "Figure"), self._t("计量单位", "Unit"), *names, self._t("合计办法", "Put together")]
        for number, head in enumerate(heads, 1):
            _cell(sheet, 1, number, head, _HEAD, _MIDDLE, fill=_SAND)
        sheet.row_dimensions[1].height = 32
        at, told = 1, [{cell.key: cell for cell in cells} for _, cells in [*rows, ("", self._said.period)]]
        for group, some in groupby(columns, lambda column: _group(column, self._lang)):
            at += 1
            _across(sheet, at, 1, len(heads), group, _HEAD, _LEFT, fill=_PALE)
            for column in some:
                at += 1
                _cell(sheet, at, 1, column.label.in_(self._lang), _BODY, _LEFT)
                _cell(sheet, at, 2, column.unit, _BODY, _MIDDLE)
                for number, cells in enumerate(told, 3):
                    _value(sheet, at, number, cells.get(column.key))
                _cell(sheet, at, len(heads), _rule(column, self._lang), _SMALL, _INSET)
                sheet.row_dimensions[at].height = 18
        sheet.freeze_panes = "C2"
        _paper(sheet, head_rows="1:1", lang=self._lang)

    def _one_a_line(self, title: str, rows: Sequence[tuple[str, Sequence[Cell]]], columns: Sequence[Column]) -> None:
        """Many places: one a line, figures side by side, eleven a page; the whole fair last."""
        sheet = self._sheet(title, widths=[28, *[11] * len(columns)])
        _cell(sheet, 1, 1, title, _HEAD, _MIDDLE, fill=_SAND)
        sheet.merge_cells(start_row=1, end_row=3, start_column=1, end_column=1)
        at = 2
        paged = [(number // _A_PAGE, _group(column, self._lang)) for number, column in enumerate(columns)]
        for (_, group), some in groupby(paged):  # a group that goes on has its name on the next page again
            width = len(list(some))
            _across(sheet, 1, at, at + width - 1, group, _HEAD, _MIDDLE, fill=_SAND)
            at += width
        for number, column in enumerate(columns, 2):
            _cell(sheet, 2, number, column.label.in_(self._lang), _SMALL, _MIDDLE, fill=_PALE)
            _cell(sheet, 3, number, column.unit, _SMALL, _MIDDLE, fill=_PALE)
        sheet.row_dimensions[2].height = 58
        whole = (self._t("合计", "All"), self._said.period)
        for line, (name, cells) in enumerate([*rows, whole], 4):
            of = {cell.key: cell for cell in cells}
            _cell(sheet, line, 1, name, _HEAD if name == whole[0] else _BODY, _LEFT)
            for number, column in enumerate(columns, 2):
                _value(sheet, line, number, of.get(column.key))
        self._rules(sheet, len(rows) + 5, columns)
        sheet.freeze_panes = "B4"
        _paper(sheet, head_rows="1:3", head_columns="A:A", lang=self._lang, wide=-(-len(columns) // _A_PAGE))
        for edge in range(1 + _A_PAGE, len(columns), _A_PAGE):
            sheet.col_breaks.append(Break(id=edge))

    def _rules(self, sheet: Worksheet, at: int, columns: Sequence[Column]) -> None:
        """Why the last row is not always the sum of the others."""
        _cell(sheet, at, 1, self._t("合计办法", "How it is put together"), _SMALL, _LEFT)
        for number, column in enumerate(columns, 2):
            _cell(sheet, at, number, _rule(column, self._lang), _SMALL, _MIDDLE)
        sheet.row_dimensions[at].height = 38

    def hours(self) -> None:
        """Each day's curve, hour by hour, as numbers and as a chart."""
        every = ((day.day, key, hours) for day in self._said.days for key, hours in day.hours.items())
        curves = [one for one in every if any(one[2].values())]
        if not curves:
            return
        sheet = self._sheet(self._t("分时段", "Hours"), widths=[10, *[16] * len(curves)])
        hours = sorted({hour for _, _, found in curves for hour in found})
        span = [f"{hour:02d}" for hour in range(int(hours[0]), int(hours[-1]) + 1)]
        _cell(sheet, 1, 1, self._t("时段", "Hour"), _HEAD, _MIDDLE, fill=_SAND)
        for number, (day, key, _) in enumerate(curves, 2):
            _cell(sheet, 1, number, f"{self._name(key)}\n{day[5:]}", _HEAD, _MIDDLE, fill=_SAND)
        sheet.row_dimensions[1].height = 32
        for line, hour in enumerate(span, 2):
            _cell(sheet, line, 1, f"{hour}:00", _BODY, _MIDDLE)
            for number, (_, _, found) in enumerate(curves, 2):
                _cell(sheet, line, number, found.get(hour, 0), _BODY, _RIGHT)
        fullest = max(range(len(curves)), key=lambda one: sum(curves[one][2].values()))
        day, key, _ = curves[fullest]
        chart = BarChart()
        chart.title, chart.style, chart.height, chart.width = f"{self._name(key)} {day}", 10, 8, 22
        data = Reference(sheet, min_col=2 + fullest, min_row=1, max_row=1 + len(span))
        chart.add_data(data, titles_from_data=True)
        chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=1 + len(span)))
        chart.legend, chart.x_axis.delete, chart.y_axis.delete = None, False, False
        sheet.row_breaks.append(Break(id=len(span) + 2))
        sheet.add_chart(chart, f"A{len(span) + 4}")
        _paper(sheet, head_rows="1:1", lang=self._lang)

    # --- what is behind it ---------------------------------------------------------------------------

    def lists(self) -> None:
        """Everything that stands on a list, one line each, with what it says."""
        heads = (("清单", "List", 12), ("日期", "Day", 12), ("名称", "Title", 26), ("内容", "What it says", 40),
                 ("来源", "Source", 18), ("单位", "Unit", 14))  # fmt: skip
        self._listing(self._t("清单", "Lists"), heads, [self._record(one) for one in self._said.records])

    def _record(self, one: Any) -> list[str]:
        form = records.LISTS.get(one.list)
        label = form.label.in_(self._lang) if form else one.list
        told = records.said(form, one.texts, one.amounts, self._lang) if form else []
        words = self._t("；", "; ").join(f"{name} {value}" for name, value in told)
        return [label, one.day, one.title, words, one.source, one.unit or self._t("本级", "own")]

    def sources(self) -> None:
        """Where each number of the period comes from."""
        heads = (("指标", "Figure", 36), ("计量单位", "Unit", 10), ("数值", "Value", 14),
                 *((_SOURCES[one].zh, _SOURCES[one].en, 12) for one in SOURCES))  # fmt: skip
        rows = []
        for cell in self._said.period:
            if cell.by:
                column = self._columns[cell.key]
                by = [_in_unit(cell.by.get(one, 0), column.unit) for one in SOURCES]
                rows.append([column.label.in_(self._lang), column.unit, _decimal(cell.value), *by])
        self._listing(self._t("数据来源", "Sources"), heads, rows)

    def doubts(self) -> None:
        none = self._t("（没有说明）", "(none)")
        heads = (("核对发现", "Doubt", 48), ("涉及指标", "Figures", 26), ("说明", "Answer", 34), ("说明人", "By", 12))
        rows = [
            [
                one.says.in_(self._lang),
                "、".join(map(self._name, one.figures)),
                one.note or none,
                one.by,
            ]
            for one in self._said.findings
        ]
        self._listing(self._t("核对", "Doubts"), heads, rows)

    def changes(self) -> None:
        heads = (("时段", "Window", 14), ("指标", "Figure", 40), ("原来", "Before", 16), ("现在", "Now", 16))
        rows = [
            [_WINDOWS[one.window].in_(self._lang) if one.window in _WINDOWS else one.window, self._name(one.key),
             _decimal(one.before), _decimal(one.after)]
            for one in self._said.changes
        ]  # fmt: skip
        self._listing(self._t("与上一版不同", "Changes"), heads, rows)

    def meanings(self) -> None:
        heads = (("类别", "Group", 18), ("指标", "Figure", 34), ("计量单位", "Unit", 10), ("含义", "What it means", 74),
                 ("汇总办法", "Put together", 18))  # fmt: skip
        rows = [
            [_group(one, self._lang), one.label.in_(self._lang), one.unit, one.means.in_(self._lang),
             _rule(one, self._lang)]
            for one in self._said.columns
        ]  # fmt: skip
        self._listing(self._t("指标解释", "Meanings"), heads, rows)

    def _listing(self, title: str, heads: Iterable[tuple[str, str, int]], rows: Sequence[Sequence[Any]]) -> None:
        """A plain table; none where it has no line."""
        if not rows:
            return
        named = [(self._t(zh, en), width) for zh, en, width in heads]
        sheet = self._sheet(title, widths=[width for _, width in named])
        for number, (name, _) in enumerate(named, 1):
            _cell(sheet, 1, number, name, _HEAD, _MIDDLE, fill=_SAND)
        for line, cells in enumerate(rows, 2):
            for number, cell in enumerate(cells, 1):
                _cell(sheet, line, number, cell, _BODY, _LEFT if isinstance(cell, str) else _RIGHT)
            sheet.row_dimensions[line].height = _height(cells, [width for _, width in named])
        sheet.freeze_panes = "A2"
        _paper(sheet, head_rows="1:1", lang=self._lang)

    def _sheet(self, title: str, widths: Sequence[int]) -> Worksheet:
        sheet: Worksheet = self._book.create_sheet(title)
        for number, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        return sheet


# --- cells --------------------------------------------------------------------------------------------


def _cell(
    sheet: Worksheet, row: int, column: int, value: Any, font: Font, alignment: Alignment, fill: str = ""
) -> None:
    if isinstance(value, str):
        cell = say(sheet, row, column, value)
    else:
        cell = sheet.cell(row, column)
        cell.value = value
    cell.font, cell.alignment, cell.border = font, alignment, _BOX
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)


def _value(sheet: Worksheet, row: int, column: int, found: Cell | None) -> None:
    """A number as a number; a dash where there is none."""
    value = _decimal(found.value if found else None)
    _cell(sheet, row, column, value, _BODY, _MIDDLE if value == _DASH else _RIGHT)
    if isinstance(value, Decimal):
        sheet.cell(row, column).number_format = "#,##0.00"
    elif isinstance(value, int):
        sheet.cell(row, column).number_format = "#,##0"


def _decimal(value: int | str | None) -> int | Decimal | str:
    """A rate or money is kept as words, so that no place gets lost; here it is a number."""
    if value is None:
        return _DASH
    return Decimal(value) if isinstance(value, str) else value


def _in_unit(n: int, unit: str) -> int | Decimal:
    """What is kept in the smallest unit, in the one that is shown."""
    scale = catalogue.SCALES.get(unit, 1)
    return n if scale == 1 else Decimal(shown(n, scale))


def _height(cells: Sequence[Any], widths: Sequence[int]) -> int:
    """Points a line needs for the text that wraps most; a Chinese character is as wide as two digits."""
    ems = [sum(2 if ord(letter) > 0x2E7F else 1 for letter in cell) if isinstance(cell, str) else 0 for cell in cells]
    return 16 * max(-(-wide // (width - 1)) for wide, width in zip([1, *ems], [8, *widths], strict=True))


def _across(
    sheet: Worksheet, row: int, first: int, last: int, text: str, font: Font, alignment: Alignment, fill: str = ""
) -> None:
    """One text over several columns."""
    for column in range(first, last + 1):
        _cell(sheet, row, column, text if column == first else None, font, alignment, fill)
    if last > first:
        sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)


def _paper(sheet: Worksheet, *, head_rows: str, lang: str, head_columns: str = "", wide: int = 1) -> None:
    """As it comes out of a printer: A4 lying, as wide as the page, heads again on every page, pages numbered."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = wide, 0
    sheet.print_title_rows = head_rows
    if head_columns:
        sheet.print_title_cols = head_columns
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top, sheet.page_margins.bottom = 0.6, 0.6
    sheet.page_margins.footer = 0.3
    pages = "Page &P of &N" if lang == "en" else "第 &P 页　共 &N 页"
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(center=_HeaderFooterPart(text=pages))
    sheet.print_options.horizontalCentered = True
