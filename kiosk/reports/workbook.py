"""The statistics table (活动情况统计表) as an .xlsx file, and as CSV: a statement laid out for an office. Pure.

Values are numbers, never formulas; what is text stays text, whatever it begins with. The same statement makes the same
bytes.
"""

import csv as files
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from math import ceil
from typing import Any

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.packs.drafts import clean
from kiosk.packs.model import Text
from kiosk.packs.workbooks import say
from kiosk.reports import catalogue, packages, records
from kiosk.reports.figures import LEAST_DENOMINATOR, shown
from kiosk.reports.statement import NOUGHTS, SOURCES, Cell, Column, Place, Statement, is_nobodys

#: So many days stand beside the period on the first sheet; more have a sheet of their own and nothing else.
_DAYS_BESIDE = 4
#: So many places stand side by side under each other's figures; more of them are lines, and figures the columns.
_A_FEW = 6
#: Places that take so many lines and more come last: what everybody reads is before them.
_A_LOT = 100
#: How wide a page that lies is between its margins, in the pixels columns are measured in; and how much of it fits
#: there at the smallest that can still be read.
_PAGE_PIXELS, _SMALLEST = 1_000, 0.72
#: How wide a digit is at most: a machine without 宋体 takes a wider font for it, and a page must not break there.
_DIGIT = 9.4
#: How high a page is between its margins, in points, less a little: no program breaks it where we do not.
_PAGE_POINTS = 490
#: So many per cent smaller a sheet may be, where it then takes a page less.
_SQUEEZE = 8
#: Of a column with the names of places.
_NAME_WIDE = 38
#: No line of a spreadsheet may be higher, in points.
_HIGHEST = 409
#: Most characters of a name in the head of a page: all of it together may have 255.
_NAME_LIMIT = 60
_DASH = "—"

_RED, _SAND, _PALE = "B5121B", "EFE6D6", "FBF7F0"
_THIN = Side(style="thin", color="9A8F80")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_RIGHT = Alignment(horizontal="right", vertical="center")
#: With a little room to the line on the right.
_WHOLE, _PLACES = "#,##0_ ", "#,##0.00_ "
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
    # Widths of columns are told in digits of the normal font.
    book._named_styles["Normal"].font = _BODY  # type: ignore[attr-defined]  # noqa: SLF001
    made = _Book(book, statement, lang)
    made.main()
    made.places(range(_A_LOT))
    made.days()
    made.hours()
    made.lists()
    made.sources()
    made.doubts()
    made.changes()
    made.meanings()
    made.places(range(_A_LOT, sys.maxsize))
    book.properties.title, book.properties.creator = clean(statement.title.in_(lang)), clean(statement.unit.in_(lang))
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
    heads = {one.key: [_inert(_group(one, lang)), _inert(one.label.in_(lang)), _inert(one.unit)]
             for one in statement.columns}  # fmt: skip
    unsaid = statement.unsaid
    for scope, window, cells in _tables(statement, lang):
        place = [_inert(scope), _inert(window)]
        lines.writerows([*heads[cell.key], *place, _number(cell, unsaid), cell.key] for cell in cells)
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


def _number(cell: Cell, unsaid: frozenset[str]) -> int | str:
    return "" if cell.value is None or is_nobodys(cell, unsaid) else cell.value


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
        self._unsaid = statement.unsaid
        self._period = {cell.key: cell for cell in statement.period}

    def _t(self, zh: str, en: str) -> str:
        return en if self._lang == "en" else zh

    def _name(self, key: str) -> str:
        column = self._columns.get(key)
        return column.label.in_(self._lang) if column else key

    def _unit(self, column: Column) -> str:
        word = catalogue.unit_word(column.unit, self._lang)
        return column.unit if word == column.unit else f"{word} ({column.unit})"

    @property
    def _unit_wide(self) -> int:
        return 18 if self._lang == "en" else 10

    @property
    def _version(self) -> str:
        said = self._said
        return self._t(f"第 {said.version} 版", f"Version {said.version}") if said.version else self._t("草稿", "Draft")

    # --- the table that is sent up ------------------------------------------------------------------

    def main(self) -> None:
        """Number, figure, unit, each day, the period, the year, remarks, group by group; under a head to be signed."""
        said, windows = self._said, self._windows()
        heads = [
            self._t("序号", "No."), self._t("指标", "Figure"), self._t("计量单位", "Unit"),
            *(name for name, _ in windows), self._t("备注", "Remarks"),
        ]  # fmt: skip
        wide = [max(13, _digits(cells.values())) for _, cells in windows]
        widths = [6, 36, self._unit_wide, *wide, 28]
        sheet = self._sheet(self._t("统计表", "Table"), widths)
        last = len(heads)
        self._title(sheet, last)
        at = 4
        for number, head in enumerate(heads, 1):
            _cell(sheet, at, number, head, _HEAD, _MIDDLE, fill=_SAND)
        sheet.row_dimensions[at].height = 32
        groups = []
        for group, some in groupby(enumerate(said.columns, 1), lambda one: _group(one[1], self._lang)):
            at += 1
            groups.append(at)
            _across(sheet, at, 1, last, group, _HEAD, _LEFT, fill=_PALE)
            sheet.row_dimensions[at].height = 20
            for number, column in some:
                at += 1
                self._line(sheet, at, number, column, [cells.get(column.key) for _, cells in windows])
        self._foot(sheet, at + 1, last, sum(widths))
        sheet.freeze_panes = "C5"
        _break_before(sheet, groups, widths, head=4)
        self._paper(sheet, head_rows="4:4")

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
        days = said.starts if said.starts == said.ends else f"{said.starts} — {said.ends}"
        whose = self._t("填报单位（公章）：", "Reported by: ") + said.unit.in_(self._lang)
        first = (whose, self._t("统计时段：", "Period: ") + days, self._version)
        filled = self._t("填报人：", "Filled in by: ") + said.made_by
        checked = self._t("审核人：", "Checked by: ") + "　" * 8 + self._t("联系方式：", "Contact: ") + said.contact
        second = (filled, checked, self._t("填报日期：", "Date: ") + said.made_at[:10])
        _across(sheet, 1, 1, last, name, _TITLE, _MIDDLE)
        sheet.row_dimensions[1].height = 34
        for row, parts in enumerate((first, second), 2):
            spans = list(zip((1, 3, last), (2, last - 1, last), strict=True))
            for (start, end), text in zip(spans, parts, strict=True):
                _across(sheet, row, start, end, text, _BODY, _LEFT)
            wide = [sum(_width(sheet, column) for column in range(start, end + 1)) for start, end in spans]
            sheet.row_dimensions[row].height = max(22, _height(parts, wide))

    def _line(self, sheet: Worksheet, at: int, number: int, column: Column, cells: Sequence[Cell | None]) -> None:
        _cell(sheet, at, 1, number, _BODY, _MIDDLE)
        _cell(sheet, at, 2, column.label.in_(self._lang), _BODY, _LEFT)
        _cell(sheet, at, 3, self._unit(column), _BODY, _MIDDLE)
        for place, cell in enumerate(cells, 4):
            self._value(sheet, at, place, cell)
        remark = self._remark(self._period.get(column.key))
        _cell(sheet, at, 4 + len(cells), remark, _SMALL, _LEFT)
        sheet.row_dimensions[at].height = max(18, _height([remark, column.label.in_(self._lang)], [34, 36]))

    def _value(self, sheet: Worksheet, row: int, column: int, found: Cell | None) -> None:
        """A number as a number; a dash where there is none."""
        _number_cell(sheet, row, column, None if found is None or is_nobodys(found, self._unsaid) else found.value)

    def _remark(self, cell: Cell | None) -> str:
        """Why there is no value; how much of one was put right, came on paper or from units below."""
        if cell is None or cell.key in self._unsaid:  # of what nobody said the dash says it all
            return ""
        told = [cell.note.in_(self._lang)] if cell.note else []
        for source, (zh, en) in _REMARKS.items():
            if n := cell.by.get(source, 0):
                is_all = cell.by.keys() == {source}
                told.append(_SOURCES[source].in_(self._lang) if is_all else self._t(zh, en).format(n=n))
        if cell.parts.get("denominator"):
            told.append(self._divided(cell.parts["numerator"], cell.parts["denominator"]))
        return self._t("；", "; ").join(told)

    def _divided(self, above: int, below: int) -> str:
        """What a rate was divided from; of few there is none."""
        few = self._t("，分母太小，不算比率", ", too few for a rate")
        return f"{above} ÷ {below}{few if below < LEAST_DENOMINATOR else ''}"

    def _foot(self, sheet: Worksheet, at: int, last: int, wide: int) -> None:
        notes = [
            self._t("“—”：没有这项数据；0：统计过，是零。", "“—”: nobody said; 0: counted, and none."),
            self._t(
                "人次、人、件、份、批次不能互换；各项指标的含义见“指标解释”，每个数从哪里来见“数据来源”。",
                "Units are never interchangeable. What figures mean and where they come from is on the last sheets.",
            ),
        ]
        if self._said.unsent:
            n = self._said.unsent
            zh, en = f"还有 {n} 条记录没有传到汇总端，没有算进去。", f"{n} facts on tablets had not arrived."
            notes.append(self._t(zh, en))
        told = self._t("注：", "Notes: ") + self._t("", " ").join(notes)
        _across(sheet, at, 1, last, told, _SMALL, _LEFT)
        sheet.row_dimensions[at].height = _height([told], [wide]) + 4

    # --- places and days -----------------------------------------------------------------------------

    def places(self, many: range) -> None:
        """A sheet for each kind of places of which there are so many."""
        venues = {one.id: one.name.in_(self._lang) for one in self._said.places if one.kind == "venue"}
        for kind, title in _KINDS.items():
            some = [one for one in self._said.places if one.kind == kind]
            if some and len(some) in many:
                self._matrix(title.in_(self._lang), [(self._place(one, venues), one.cells) for one in some])

    def _place(self, one: Place, venues: Mapping[str, str]) -> str:
        name = one.name.in_(self._lang)
        return f"{venues[one.of]} · {name}" if one.of in venues else name

    def days(self) -> None:
        if len(self._said.days) > 1:
            self._matrix(self._t("分日期", "Days"), [(day.day, day.cells) for day in self._said.days])

    def _matrix(self, title: str, rows: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Places beside each other, of figures of which any of them has something."""
        told = {cell.key for _, cells in rows for cell in cells if cell.value not in NOUGHTS}
        columns = [column for column in self._said.columns if column.key in told]
        if columns and len(rows) <= _A_FEW:
            self._side_by_side(title, rows, columns)
        elif columns:
            self._one_a_line(title, rows, columns)

    def _side_by_side(self, title: str, rows: Sequence[tuple[str, Sequence[Cell]]], columns: Sequence[Column]) -> None:
        """Few places: figures below each other, group by group; the whole fair and how it is put together last."""
        names = [*(name for name, _ in rows), self._t("合计", "All")]
        told = [{cell.key: cell for cell in cells} for _, cells in [*rows, ("", self._said.period)]]
        wide = [max(13, _digits(cells.values())) for cells in told]
        widths = [36, self._unit_wide, *wide, 20]
        sheet = self._sheet(title, widths)
        heads = [self._t("指标", "Figure"), self._t("计量单位", "Unit"), *names, self._t("合计办法", "Put together")]
        for number, head in enumerate(heads, 1):
            _cell(sheet, 1, number, head, _HEAD, _MIDDLE, fill=_SAND)
        sheet.row_dimensions[1].height = max(32, _height(heads, widths))
        at, groups = 1, []
        for group, some in groupby(columns, lambda column: _group(column, self._lang)):
            at += 1
            groups.append(at)
            _across(sheet, at, 1, len(heads), group, _HEAD, _LEFT, fill=_PALE)
            sheet.row_dimensions[at].height = 20
            for column in some:
                at += 1
                _cell(sheet, at, 1, column.label.in_(self._lang), _BODY, _LEFT)
                _cell(sheet, at, 2, self._unit(column), _BODY, _MIDDLE)
                for number, cells in enumerate(told, 3):
                    self._value(sheet, at, number, cells.get(column.key))
                put = self._put_together(column, [cells.get(column.key) for cells in told[:-1]])
                _cell(sheet, at, len(heads), put, _SMALL, _LEFT)
                sheet.row_dimensions[at].height = max(18, _height([column.label.in_(self._lang), put], [36, 24]))
        sheet.freeze_panes = "C2"
        _break_before(sheet, groups, widths, head=1)
        self._paper(sheet, head_rows="1:1")

    def _put_together(self, column: Column, cells: Sequence[Cell | None]) -> str:
        """How the whole follows from these parts of it, where one might add them up and get something else."""
        whole = self._period.get(column.key)
        if column.rule != "sum" or whole is None or whole.value is None:
            return _rule(column, self._lang)
        added, all_of_it = sum((_amount(cell) for cell in cells), Decimal(0)), _amount(whole)
        if added > all_of_it:
            return catalogue.RULES["distinct"].in_(self._lang)
        some = self._t("相加，另含没有分开报的", "added up, with what was told of the whole alone")
        return some if added < all_of_it else _rule(column, self._lang)

    def _one_a_line(self, title: str, rows: Sequence[tuple[str, Sequence[Cell]]], columns: Sequence[Column]) -> None:
        """Many places: one a line, figures side by side, as many as a page has room for; the whole fair last."""
        told = [{cell.key: cell for cell in cells} for _, cells in [*rows, ("", self._said.period)]]
        wide = [max(11, _digits(cells[one.key] for cells in told if one.key in cells)) for one in columns]
        sheet = self._sheet(title, widths=[_NAME_WIDE, *wide])
        pages = _paged(_pixels(_NAME_WIDE), wide)
        self._heads_above(sheet, title, columns, pages)
        for line, (name, cells) in enumerate(zip([*(name for name, _ in rows), ""], told, strict=True), 4):
            named = name or self._t("合计", "All")
            _cell(sheet, line, 1, named, _BODY if name else _HEAD, _LEFT)
            for number, column in enumerate(columns, 2):
                self._value(sheet, line, number, cells.get(column.key))
            sheet.row_dimensions[line].height = max(17, _height([named], [_NAME_WIDE]))
        self._rules(sheet, len(rows) + 5, columns, told[:-1], wide)
        sheet.freeze_panes = "B4"
        sheet.print_title_cols = "A:A"
        sheet.page_setup.scale = _scale(_pixels(_NAME_WIDE), wide, pages)
        self._paper(sheet, head_rows="1:3")
        for number in range(1, len(pages)):
            if pages[number] != pages[number - 1]:
                sheet.col_breaks.append(Break(id=number + 1))

    def _heads_above(self, sheet: Worksheet, title: str, columns: Sequence[Column], pages: Sequence[int]) -> None:
        """Group, figure and unit; a group that goes on has its name on the next page again."""
        _cell(sheet, 1, 1, title, _HEAD, _MIDDLE, fill=_SAND)
        for row in (2, 3):
            _cell(sheet, row, 1, None, _HEAD, _MIDDLE, fill=_SAND)
        sheet.merge_cells(start_row=1, end_row=3, start_column=1, end_column=1)
        numbered = zip(pages, columns, range(2, len(columns) + 2), strict=True)
        for (_, group), some in groupby(numbered, lambda one: (one[0], _group(one[1], self._lang))):
            places = [number for _, _, number in some]
            _across(sheet, 1, places[0], places[-1], group, _HEAD, _MIDDLE, fill=_SAND)
        for number, column in enumerate(columns, 2):
            _cell(sheet, 2, number, column.label.in_(self._lang), _SMALL, _MIDDLE, fill=_PALE)
            _cell(sheet, 3, number, self._unit(column), _SMALL, _MIDDLE, fill=_PALE)
        is_english = self._lang == "en"
        for row, height in ((1, 48 if is_english else 30), (2, 58), (3, 28 if is_english else 16)):
            sheet.row_dimensions[row].height = height

    def _rules(
        self,
        sheet: Worksheet,
        at: int,
        columns: Sequence[Column],
        told: Sequence[Mapping[str, Cell]],
        wide: Sequence[int],
    ) -> None:
        """Why the last row is not always the sum of the others."""
        _cell(sheet, at, 1, self._t("合计办法", "How it is put together"), _SMALL, _LEFT)
        rules = [self._put_together(column, [cells.get(column.key) for cells in told]) for column in columns]
        for number, rule in enumerate(rules, 2):
            _cell(sheet, at, number, rule, _SMALL, _MIDDLE)
        sheet.row_dimensions[at].height = _height(rules, wide)

    def hours(self) -> None:
        """Each day's curves, hour by hour, as numbers; the fullest of them as a chart."""
        every = ((day.day, key, hours) for day in self._said.days for key, hours in day.hours.items())
        curves = [one for one in every if any(one[2].values())]
        if not curves:
            return
        span = sorted({hour for _, _, found in curves for hour in found})
        wide = max(8, *(len(f"{n:,}") + 3 for _, _, found in curves for n in found.values()))
        sheet = self._sheet(self._t("分时段", "Hours"), widths=[13, 20, *[wide] * len(span)])
        heads = [
            self._t("日期", "Day"),
            self._t("指标", "Figure"),
            *(self._t(f"{int(hour)}时", f"{hour}:00") for hour in span),
        ]
        for number, head in enumerate(heads, 1):
            _cell(sheet, 1, number, head, _HEAD, _MIDDLE, fill=_SAND)
        sheet.row_dimensions[1].height = 24
        for line, (day, key, found) in enumerate(curves, 2):
            _cell(sheet, line, 1, day, _BODY, _MIDDLE)
            _cell(sheet, line, 2, self._name(key), _BODY, _LEFT)
            for number, hour in enumerate(span, 3):
                _number_cell(sheet, line, number, found.get(hour))
            sheet.row_dimensions[line].height = max(20, _height([self._name(key)], [20]))
        sheet.freeze_panes = "C2"
        fullest = max(range(len(curves)), key=lambda one: sum(curves[one][2].values()))
        self._chart(sheet, f"{self._name(curves[fullest][1])} {curves[fullest][0]}", fullest + 2, len(span))
        self._paper(sheet, head_rows="1:1")

    def _chart(self, sheet: Worksheet, title: str, line: int, hours: int) -> None:
        """Bars of one line of the sheet, below all of them."""
        chart = BarChart()
        chart.title, chart.style, chart.height, chart.width = title, 10, 8, 26
        chart.add_data(Reference(sheet, min_col=3, max_col=2 + hours, min_row=line), from_rows=True)
        chart.set_categories(Reference(sheet, min_col=3, max_col=2 + hours, min_row=1))
        chart.series[0].graphicalProperties.solidFill = _RED
        chart.gapWidth, chart.legend = 60, None
        chart.x_axis.delete, chart.y_axis.delete = False, False
        sheet.add_chart(chart, f"A{sheet.max_row + 2}")

    # --- what is behind it ---------------------------------------------------------------------------

    def lists(self) -> None:
        """Everything that stands on a list, one line each, with what it says."""
        heads = (("清单", "List", 12), ("日期", "Day", 12), ("名称", "Title", 26), ("内容", "What it says", 40),
                 ("来源", "Source", 18), ("所属单位", "Unit", 14))  # fmt: skip
        self._listing(self._t("清单", "Lists"), heads, [self._record(one) for one in self._said.records])

    def _record(self, one: Any) -> list[str]:
        form = records.LISTS.get(one.list)
        label = form.label.in_(self._lang) if form else one.list
        told = records.said(form, one.texts, one.amounts, self._lang) if form else []
        words = self._t("；", "; ").join(f"{name} {value}" for name, value in told)
        return [label, one.day, one.title, words, one.source, one.unit or self._t("本级", "own")]

    def sources(self) -> None:
        """Where each number of the period comes from."""
        heads = (("指标", "Figure", 32), ("计量单位", "Unit", self._unit_wide), ("数值", "Value", 16),
                 *((_SOURCES[one].zh, _SOURCES[one].en, 11) for one in SOURCES))  # fmt: skip
        rows = []
        for cell in self._said.period:
            if cell.by:
                column = self._columns[cell.key]
                by = [_in_unit(cell.by[one], column.unit) if one in cell.by else _DASH for one in SOURCES]
                rows.append([column.label.in_(self._lang), self._unit(column), _decimal(cell.value), *by])
        self._listing(self._t("数据来源", "Sources"), heads, rows)

    def doubts(self) -> None:
        none = self._t("（没有说明）", "(none)")
        heads = (("核对发现", "Doubt", 48), ("涉及指标", "Figures", 26), ("说明", "Answer", 34), ("说明人", "By", 12))
        rows = [
            [
                one.says.in_(self._lang),
                self._t("、", ", ").join(map(self._name, one.figures)),
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
        heads = (("类别", "Group", 18), ("指标", "Figure", 28), ("计量单位", "Unit", self._unit_wide),
                 ("含义", "What it means", 60), ("汇总办法", "Put together", 18))  # fmt: skip
        rows = [
            [_group(one, self._lang), one.label.in_(self._lang), self._unit(one), one.means.in_(self._lang),
             _rule(one, self._lang)]
            for one in self._said.columns
        ]  # fmt: skip
        self._listing(self._t("指标解释", "Meanings"), heads, rows)

    def _listing(self, title: str, heads: Iterable[tuple[str, str, int]], rows: Sequence[Sequence[Any]]) -> None:
        """A plain table; none where it has no line."""
        if not rows:
            return
        named = [(self._t(zh, en), max(width, *map(_long, found)))
                 for (zh, en, width), *found in zip(heads, *rows, strict=True)]  # fmt: skip
        sheet = self._sheet(title, widths=[width for _, width in named])
        for number, (name, _) in enumerate(named, 1):
            _cell(sheet, 1, number, name, _HEAD, _MIDDLE, fill=_SAND)
        for line, cells in enumerate(rows, 2):
            for number, cell in enumerate(cells, 1):
                if cell == _DASH or not isinstance(cell, str):
                    _number_cell(sheet, line, number, cell)
                else:
                    _cell(sheet, line, number, cell, _BODY, _LEFT)
            sheet.row_dimensions[line].height = _height(cells, [width for _, width in named])
        sheet.row_dimensions[1].height = 24
        sheet.freeze_panes = "A2"
        self._paper(sheet, head_rows="1:1")

    def _paper(self, sheet: Worksheet, *, head_rows: str) -> None:
        """As it comes out of a printer: A4 lying, whose it is above, heads again on every page, pages numbered."""
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
        if not sheet.page_setup.scale:  # of what is wider than a page its columns say where it breaks
            sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
            sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.print_title_rows = head_rows
        margins = sheet.page_margins
        margins.left = margins.right = 0.5
        margins.top, margins.bottom, margins.header, margins.footer = 0.75, 0.6, 0.4, 0.3
        whose = (self._said.unit.in_(self._lang), self._said.title.in_(self._lang))
        sheet.HeaderFooter.oddHeader = HeaderFooterItem(
            left=_edge("　".join(_plain(one) for one in whose)), right=_edge(f"{sheet.title}　{self._version}")
        )
        pages = self._t("第 &P 页　共 &N 页", "Page &P of &N")
        sheet.HeaderFooter.oddFooter = HeaderFooterItem(center=_edge(pages))
        sheet.print_options.horizontalCentered = True

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


def _number_cell(sheet: Worksheet, row: int, column: int, said: int | Decimal | str | None) -> None:
    """A number as a number; a dash where there is none."""
    value = _decimal(None if said == _DASH else said)
    _cell(sheet, row, column, value, _BODY, _MIDDLE if value == _DASH else _RIGHT)
    if isinstance(value, Decimal):
        sheet.cell(row, column).number_format = _PLACES
    elif isinstance(value, int):
        sheet.cell(row, column).number_format = _WHOLE


def _decimal(value: int | Decimal | str | None) -> int | Decimal | str:
    """A rate or money is kept as words, so that no place gets lost; here it is a number."""
    if value is None:
        return _DASH
    return Decimal(value) if isinstance(value, str) else value


def _in_unit(n: int, unit: str) -> int | Decimal:
    """What is kept in the smallest unit, in the one that is shown."""
    scale = catalogue.SCALES.get(unit, 1)
    return n if scale == 1 else Decimal(shown(n, scale))


def _height(cells: Sequence[Any], widths: Sequence[float]) -> int:
    """Points a line needs for the text that wraps most; a Chinese character is as wide as two digits."""
    ems = [sum(2 if ord(letter) > 0x2E7F else 1 for letter in cell) if isinstance(cell, str) else 0 for cell in cells]
    lines = max(ceil(wide / (width - 1)) for wide, width in zip([1, *ems], [8, *widths], strict=True))
    return min(16 * lines, _HIGHEST)


def _across(
    sheet: Worksheet, row: int, first: int, last: int, text: str, font: Font, alignment: Alignment, fill: str = ""
) -> None:
    """One text over several columns."""
    for column in range(first, last + 1):
        _cell(sheet, row, column, text if column == first else None, font, alignment, fill)
    if last > first:
        sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)


def _width(sheet: Worksheet, column: int) -> float:
    return float(sheet.column_dimensions[get_column_letter(column)].width)


def _pixels(width: float) -> int:
    """How wide a column is at most, on paper that is not made smaller."""
    return int(width * _DIGIT) + 5


def _digits(cells: Iterable[Cell]) -> int:
    """How wide a column has to be that no number of it becomes a row of crosses."""
    return max((_long(_decimal(cell.value)) for cell in cells), default=0)


def _long(value: int | Decimal | str) -> int:
    """Of a number its digits and a little room; of words 0: they have more lines."""
    return 0 if isinstance(value, str) else len(f"{value:,}") + 4


def _plain(name: str) -> str:
    """A name in the head of a page, where `&` begins a code."""
    return clean(name).replace("\n", " ")[:_NAME_LIMIT].replace("&", "&&")


def _edge(text: str) -> _HeaderFooterPart:
    return _HeaderFooterPart(text=text, font="宋体", size=9)


def _amount(cell: Cell | None) -> Decimal:
    return Decimal(0) if cell is None or cell.value is None else Decimal(cell.value)


def _paged(first: int, wide: Sequence[int]) -> list[int]:
    """The page of each column, where the first stands on every page; so that pages are as full as one another."""
    whole = sum(map(_pixels, wide))
    room = _PAGE_PIXELS / _SMALLEST - first
    room = min(room, whole / -(-whole // room) + max(map(_pixels, wide)))
    pages, page, used = [], 0, 0
    for one in map(_pixels, wide):
        page, used = (page + 1, one) if used and used + one > room else (page, used + one)
        pages.append(page)
    return pages


def _break_before(sheet: Worksheet, groups: Sequence[int], widths: Sequence[float], *, head: int) -> None:
    """Page after page as full as it can be, and no name of a group alone at the end of one.

    `head`: the row that stands on every page again. A little smaller is better than a page with a line or two.
    """
    heights = [float(sheet.row_dimensions[row].height) for row in range(1, sheet.max_row + 1)]
    most = min(100, 100 * _PAGE_PIXELS // sum(map(_pixels, widths)))
    tried = {scale: _first_rows(heights, groups, head, scale) for scale in range(most, most - _SQUEEZE, -1)}
    scale = min(tried, key=lambda one: len(tried[one]))
    sheet.page_setup.scale = scale
    for row in tried[scale]:
        sheet.row_breaks.append(Break(id=row - 1))


def _first_rows(heights: Sequence[float], groups: Sequence[int], head: int, scale: int) -> list[int]:
    """Of every page but the first the row it begins with, from 1."""
    room, used, found = _PAGE_POINTS * 100 / scale, 0.0, []
    for row, high in enumerate(heights, 1):
        below = heights[row] if row in groups else 0
        if used + high + below > room:
            found.append(row)
            used = heights[head - 1]
        used += high
    return found


def _scale(first: int, wide: Sequence[int], pages: Sequence[int]) -> int:
    """Percent at which the widest page fits."""
    fullest = max(
        sum(_pixels(one) for one, at in zip(wide, pages, strict=True) if at == page) for page in range(pages[-1] + 1)
    )
    return min(100, int(100 * _PAGE_PIXELS / (first + fullest)))
