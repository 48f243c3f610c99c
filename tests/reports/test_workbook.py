"""The statistics table as a file: what an office opens, prints and sends up."""

import csv
import io
import zipfile
from decimal import Decimal

import msgspec
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.packs.model import Text
from kiosk.reports import catalogue, workbook
from kiosk.reports.statement import Change, Record
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
    assert cell.number_format == "#,##0.00"


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
    assert sum(Decimal(str(one)) for one in told[3:]) == Decimal(str(told[2]))


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
