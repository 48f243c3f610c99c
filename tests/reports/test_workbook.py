"""The statistics table as a file: what an office opens, prints and sends up."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from babel.messages import pofile
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from kiosk import PACKAGE
from kiosk.packs.model import Text
from kiosk.reports import catalogue, workbook
from kiosk.reports.statement import Cell, Change, Finding, Record, Statement
from tests.reports.statements import VENUES, a_statement, few


@pytest.fixture(scope="module")
def book():
    return load_workbook(io.BytesIO(workbook.workbook(a_statement())))


def a_few(**changes: object):
    return few(a_statement(**changes), "reports", "messages", "recovered", "headcount", "leaflets", "consultations")


def line_of(sheet: Worksheet, name: str, column: int = 2) -> list[object]:
    return next([cell.value for cell in row] for row in sheet.iter_rows() if row[column - 1].value == name)


def test_the_table_says_the_model_fairs_figures_as_numbers(book):
    told = {
        name: line_of(book["统计表"], name)[6] for name in ("参与群众", "发放宣传资料", "展板", "接受咨询", "食品快检")
    }
    assert told == {"参与群众": 9863, "发放宣传资料": 20416, "展板": 96, "接受咨询": 256, "食品快检": 18}


def test_its_head_names_whose_figures_of_when_and_which_version(book):
    head = " ".join(str(cell.value) for row in book["统计表"].iter_rows(max_row=3) for cell in row if cell.value)
    for word in (
        "活动情况统计表",
        "填报单位（公章）：示范市市场监督管理局",
        "2027-03-13 — 2027-03-15",
        "第 1 版",
        "审核人",
        "2027-03-17",
    ):
        assert word in head


def test_what_nobody_said_is_a_dash_and_what_was_counted_as_none_is_a_nought():
    said = a_few()
    none = [msgspec.structs.replace(cell, value=0) if cell.key == "reports" else cell for cell in said.period]
    sheet = load_workbook(io.BytesIO(workbook.workbook(msgspec.structs.replace(said, period=none))))["统计表"]
    assert line_of(sheet, "登记举报")[6] == 0
    assert line_of(sheet, "短信、推送")[6] == "—"


def test_money_and_rates_are_numbers_with_two_places(book):
    cell = next(row[6] for row in book["统计表"].iter_rows() if row[1].value == "挽回经济损失")
    assert isinstance(cell.value, int | float | Decimal)
    assert cell.number_format == "#,##0.00_ "


def test_every_group_has_a_head_of_its_own_across_the_table(book):
    heads = [
        book["统计表"].cell(area.min_row, 1).value for area in book["统计表"].merged_cells.ranges if area.min_row > 4
    ]
    assert {group.label.zh for group in catalogue.GROUPS} - set(heads) <= {"本地指标"}


def test_few_places_stand_side_by_side_and_many_below_each_other(book):
    assert [cell.value for cell in book["分会场"][1]][2:-2] == list(VENUES)
    assert [book["分服务台"].cell(row, 1).value for row in (4, 5)] == ["人民广场 · 咨询台", "人民广场 · 投诉举报台"]


def test_it_prints_lying_with_its_head_on_every_page(book):
    for sheet in book.worksheets:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.print_title_rows
        assert "&P" in sheet.oddFooter.center.text


def test_a_nought_nobody_stands_for_is_a_dash_in_table_and_file():
    said = a_few(missing=["messages", "leaflets"])
    none = [msgspec.structs.replace(cell, value=0, by={}) if cell.key in ("leaflets", "reports") else cell
            for cell in said.period]  # fmt: skip
    said = msgspec.structs.replace(said, period=none)
    sheet = load_workbook(io.BytesIO(workbook.workbook(said)))["统计表"]
    assert [line_of(sheet, name)[6] for name in ("发放宣传资料", "登记举报")] == ["—", 0]
    rows = list(csv.DictReader(io.StringIO(workbook.csv(said).decode("utf-8-sig"))))
    told = {row["key"]: row["数值"] for row in rows if row["时段"] == "活动期间" and row["范围"] == said.unit.zh}
    assert (told["leaflets"], told["reports"]) == ("", "0")


def test_a_rate_of_few_is_a_dash_and_says_of_how_many():
    rate = Cell("closing_rate", None, {"numerator": 4, "denominator": 8}, {})
    said = few(a_statement(), "closing_rate", "leaflets")
    said = msgspec.structs.replace(said, period=[rate if cell.key == rate.key else cell for cell in said.period])
    line = line_of(load_workbook(io.BytesIO(workbook.workbook(said)))["统计表"], "投诉办结率（办结和并案÷登记）")
    assert (line[6], line[-1]) == ("—", "4 ÷ 8，分母太小，不算比率")


def many(said: Statement, kind: str, count: int) -> Statement:
    """With so many places of a kind, each with its number in its name."""
    of = next(one for one in said.places if one.kind == kind)
    made = [msgspec.structs.replace(of, id=f"x{n:04d}", name=Text(f"第{n}处", f"Place {n}")) for n in range(count)]
    return msgspec.structs.replace(said, places=made)


def test_of_many_places_pages_break_between_columns_where_their_heads_do():
    book = load_workbook(io.BytesIO(workbook.workbook(many(a_statement(), "venue", 30))))
    sheet = book["分会场"]
    breaks = [one.id for one in sheet.col_breaks.brk]
    assert breaks
    assert sheet.page_setup.scale is not None
    assert not sheet.sheet_properties.pageSetUpPr.fitToPage  # Excel breaks where it likes on pages made to fit
    for area in sheet.merged_cells.ranges:
        assert not [edge for edge in breaks if area.min_col <= edge < area.max_col], area
    for digit in (8, 9.33):  # of 宋体, and of what a machine without it takes
        wide = [sheet.column_dimensions[get_column_letter(n)].width for n in range(1, sheet.max_column + 1)]
        pixels = [digit * one + 5 for one in wide]
        for first, last in pairwise([1, *breaks, sheet.max_column]):
            page = pixels[0] + sum(pixels[first:last])
            assert page * sheet.page_setup.scale / 100 <= 1026, (first, last)  # A4 lying, between its margins


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_group_s_name_stands_alone_at_the_end_of_a_page(lang: str):
    sheet = load_workbook(io.BytesIO(workbook.workbook(a_statement(), lang)))["Table" if lang == "en" else "统计表"]
    assert not sheet.sheet_properties.pageSetUpPr.fitToPage  # else the breaks are not where we put them
    ends = [one.id for one in sheet.row_breaks.brk]
    assert len(ends) >= 3
    heights = {row: sheet.row_dimensions[row].height for row in range(1, sheet.max_row + 1)}
    groups = {area.min_row for area in sheet.merged_cells.ranges if area.min_row > 4 and area.max_row < sheet.max_row}
    for first, last in pairwise([0, *ends, sheet.max_row]):
        head = heights[4] if first else 0  # stands on every page
        high = head + sum(heights[row] for row in range(first + 1, last + 1))
        assert high * sheet.page_setup.scale / 100 <= 498, (first, last)  # A4 lying, between its margins
        assert last not in groups
    assert len(groups) == len({one.group for one in a_statement().columns})


def test_a_thousand_desks_come_after_everything_people_read():
    said = many(few(a_statement(), "headcount", "leaflets"), "desk", 1_000)
    titles = load_workbook(io.BytesIO(workbook.workbook(said)), read_only=True).sheetnames
    assert titles[-1] == "分服务台"
    titles = load_workbook(io.BytesIO(workbook.workbook(a_few())), read_only=True).sheetnames
    assert titles.index("分服务台") < titles.index("指标解释")


def test_where_parts_are_not_the_whole_the_table_says_why():
    """What was told of the whole fair alone is in no venue; what several venues share is counted once."""
    said = few(a_statement(), "sessions", "leaflets", "headcount")
    whole = {"sessions": 2, "leaflets": 5_000, "headcount": 10}
    of = {"sessions": 1, "leaflets": 1_000, "headcount": 0}
    places = [msgspec.structs.replace(one, cells=[Cell(key, n, {}, {"auto": n}) for key, n in of.items()])
              for one in said.places if one.kind == "venue"]  # fmt: skip
    places[0] = msgspec.structs.replace(
        places[0], cells=[*places[0].cells[:2], Cell("headcount", 10, {}, {"tapped": 10})]
    )
    period = [Cell(key, n, {}, {"auto": n}) for key, n in whole.items()]
    said = msgspec.structs.replace(said, period=period, places=places)
    sheet = load_workbook(io.BytesIO(workbook.workbook(said)))["分会场"]
    told = {name: line_of(sheet, name, 1)[-1] for name in ("现场活动场次", "发放宣传资料", "参与群众")}
    assert told == {"现场活动场次": "去重计数", "发放宣传资料": "相加，另含没有分开报的", "参与群众": "相加"}


def test_hours_stand_side_by_side_as_they_were_counted(book):
    rows = [[cell.value for cell in row] for row in book["分时段"].iter_rows(max_row=3)]
    assert rows[0] == ["日期", "指标", "9时", "10时", "11时", "12时"]
    assert rows[1] == ["2027-03-13", "参与群众", 812, 1430, 1207, 640]
    assert rows[2] == ["2027-03-13", "接受咨询", 40, 96, 80, "—"]


def test_every_page_says_whose_it_is_whatever_the_name():
    """An ampersand begins a code in the head of a page, and all of it has 255 characters."""
    said = a_few(unit=Text("A&P&D局" + "长" * 200, "A&B"), title=Text("&T" + "长" * 200, "x"))
    for sheet in load_workbook(io.BytesIO(workbook.workbook(said))).worksheets:
        head = f"{sheet.oddHeader.left.text}{sheet.oddHeader.right.text}"
        assert head.startswith("A&&P&&D局长")
        assert not re.search("(?<!&)(?:&&)*&(?!&)", head)
        assert len(str(sheet.oddHeader)) + 60 < 255
        assert sheet.oddHeader.right.text == f"{sheet.title}　第 1 版"


def test_no_number_is_a_row_of_crosses():
    """A column is as wide as its longest number, in digits of the font that is used."""
    said = a_few()
    much = [msgspec.structs.replace(cell, value="238712345678.00") if cell.key == "recovered" else cell
            for cell in said.period]  # fmt: skip
    book = load_workbook(io.BytesIO(workbook.workbook(many(msgspec.structs.replace(said, period=much), "venue", 20))))
    found = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == Decimal("238712345678.00"):
                    found += 1
                    assert sheet.column_dimensions[cell.column_letter].width > len("238,712,345,678.00") + 1, (
                        sheet.title
                    )
    assert found >= 3


def test_names_of_two_hundred_characters_and_rare_ones_are_whole_and_no_line_is_too_high():
    name = "𠮷<b>😀&" + "长" * 195
    record = Record("media", name, "2027-03-15", {"outlet": name, "medium": "tv"}, {}, name, "", "0" * 32)
    finding = Finding("round", ["leaflets"], Text(name, name), "ab" * 32, name * 2, name)
    said = a_few(records=[record], findings=[finding], unit=Text(name, name))
    said = msgspec.structs.replace(
        said, places=[msgspec.structs.replace(one, name=Text(name, name)) for one in said.places]
    )
    book = load_workbook(io.BytesIO(workbook.workbook(said)))
    assert book["清单"]["C2"].value == name
    assert book["分会场"]["C1"].value == name
    for sheet in book.worksheets:
        assert all((one.height or 0) <= 409 for one in sheet.row_dimensions.values()), sheet.title


def test_no_cell_anywhere_is_a_formula_whatever_people_wrote():
    evil = '=HYPERLINK("http://x","𠮷")'
    record = Record(
        "destroyed", evil, "2027-03-15", {"category": "+1", "variety": "@SUM(A1)"}, {}, "-1+2", "\x00\x1f好", "0" * 32
    )
    said = a_few(title=Text(evil, evil), unit=Text("=1+1", "=1+1"), made_by="@x", records=[record])
    for lang in ("zh", "en"):
        book = load_workbook(io.BytesIO(workbook.workbook(said, lang)))
        assert {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row} <= {
            "s",
            "n",
            "inlineStr",
        }
    rows = csv.reader(io.StringIO(workbook.csv(said).decode("utf-8-sig")))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_a_record_is_told_in_words_and_units(book):
    words = " ".join(str(cell.value) for cell in book["清单"][2])
    assert "过期辣条" in words
    assert "辣条" in words
    assert "5600" in words.replace(",", "")  # yuan, not fen


def test_sources_stand_in_the_unit_that_is_shown(book):
    told = line_of(book["数据来源"], "挽回经济损失", 1)
    assert sum(Decimal(str(one)) for one in told[3:] if one != "—") == Decimal(str(told[2]))
    assert "—" in told[3:]  # nothing came from there


def test_changes_are_told_where_there_are_any():
    said = a_few(version=2, why="补报", changes=[Change("period", "leaflets", 20_000, 20_416)])
    book = load_workbook(io.BytesIO(workbook.workbook(said)))
    assert [cell.value for cell in book["与上一版不同"][2]] == ["活动期间", "发放宣传资料", 20_000, 20_416]


def test_the_same_statement_makes_the_same_bytes():
    said = a_few()
    first = workbook.workbook(said)
    assert first == workbook.workbook(said)
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert said.made_at[:19].encode() in package.read("docProps/core.xml")


def test_the_csv_has_a_mark_for_office_programs_and_every_figure():
    told = workbook.csv(a_few())
    assert told.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(told.decode("utf-8-sig"))))
    assert {"类别", "指标", "计量单位", "范围", "时段", "数值", "key"} == set(rows[0])
    assert next(row["数值"] for row in rows if row["key"] == "consultations" and row["时段"] == "活动期间") == "256"


def test_the_english_courtesy_version_has_no_chinese_words_of_ours(book):
    english = load_workbook(io.BytesIO(workbook.workbook(a_few(records=[], made_by=""), "en")))
    titles = "".join(sheet.title for sheet in english.worksheets)
    assert titles.isascii()
    assert line_of(english["Table"], "Visitors counted in")[6] == 9863
    assert line_of(english["Table"], "Visitors counted in")[2] == "visits (人次)"


def test_screens_call_units_as_the_table_does():
    with (PACKAGE / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        told = pofile.read_po(file, locale="en")
    found = {unit: told.get(unit, "unit") or told.get(unit) for unit in catalogue.UNITS}
    assert {unit: one.string for unit, one in found.items() if one} == catalogue.UNITS


def test_every_unit_has_an_english_name():
    assert {one.unit for one in catalogue.CATALOGUE} - catalogue.UNITS.keys() == {"%"}
