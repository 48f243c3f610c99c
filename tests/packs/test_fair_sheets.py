"""A fair's roster out of the workbooks offices fill in, and back into them."""

import io
import zipfile
from datetime import date, datetime, time, timedelta

import msgspec
import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from kiosk.packs import fair_sheets
from kiosk.packs.drafts import Place
from kiosk.packs.fair_forms import FORMS
from kiosk.packs.fairs import Board, Entrance, Material, Prize
from kiosk.packs.model import Text
from kiosk.packs.sheets import Row, Tables
from tests.makers import a_fair

#: Workbooks know no zones of time.
_DAY = datetime.fromisoformat("2027-03-13")
HEADS = {
    "活动": ["活动名称", "开始日期", "结束日期", "报送时限"],
    "会场": ["编号", "名称", "名称（英文）", "入口"],
    "单位": ["名称"],
    "服务台": ["编号", "会场", "类型", "名称", "开始时间", "结束时间", "单位"],
    "志愿者": ["姓名"],
    "资料": ["名称", "每捆份数"],
    "宣传品": ["名称", "每箱件数"],
    "奖品": ["名称", "发给谁", "每台平板最多"],
}
PEOPLE = {"li": "李志愿"}


def a_book(sheets=None, **more) -> openpyxl.Workbook:
    """A workbook with rows by sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in {**(sheets or {}), **more}.items():
        sheet = book.create_sheet(name)
        for row in [HEADS.get(name, []), *rows]:
            sheet.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    book.save(written := io.BytesIO())
    return written.getvalue()


def planned(book, fair=None, *, only=False, is_untouched=False):
    data = book if isinstance(book, bytes) else saved(book)
    fair = fair or a_fair()
    return fair_sheets.plan(fair_sheets.read(data), fair, PEOPLE, only=only, is_untouched=is_untouched)


def places(found) -> list[tuple[str, int, str]]:
    return [(fault.place.sheet, fault.place.row, fault.place.column) for fault in found.faults]


def desk_row(name="新咨询台", opens=None, closes=None, venue="人民广场", kind="宣传咨询", unit=None, one_id=None):
    return [one_id, venue, kind, name, opens, closes, unit]


# --- what goes out comes back ----------------------------------------------------------------------


def test_a_fair_that_was_written_reads_back_as_itself():
    fair = a_fair(
        materials=[Material("bag", Text("购物袋", "Bags"), Text("个", "pieces"), 50)],
        prizes=[Prize(id="cup", name=Text("纸杯", "Cup"), earned_by="lot", quota=20, per_hour=5)],
        deadline="2027-03-18T18:00:00.000+08:00",
    )
    venues = [msgspec.structs.replace(fair.venues[0], entrances=[Entrance("east", Text("东门", "East"))])]
    desks = [msgspec.structs.replace(fair.desks[0], opens="09:30", closes="13:30", unit="xinhua")]
    fair = msgspec.structs.replace(fair, venues=venues + fair.venues[1:], desks=desks + fair.desks[1:])
    for only in (False, True):
        found = planned(fair_sheets.write(fair, PEOPLE), fair, only=only)
        assert (found.faults, found.changes, found.new_volunteers) == ([], [], [])
        assert found.fair == fair


def test_the_empty_template_has_every_sheet_with_drop_downs_and_english_and_imports_as_nothing():
    data = fair_sheets.write()
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert [sheet.title for sheet in book][:-1] == [form.title for form in FORMS]
    lists = {str(one.sqref)[0]: one.formula1 for one in book["服务台 desks"].data_validations.dataValidation}
    assert lists["B"] == "'会场 venues'!$B$2:$B$501"
    assert lists["C"].startswith('"宣传咨询,投诉举报')
    found = planned(data)
    assert (found.faults, found.changes) == ([], [])


def test_the_same_file_once_more_changes_nothing():
    book = a_book(
        会场=[[None, "新会场", None, "东门、西门"]], 服务台=[desk_row(venue="新会场", opens="9:30")], 单位=[["城关所"]]
    )
    first = planned(book)
    assert (first.sections, first.faults) == (["venues", "units", "desks"], [])
    again = planned(book, first.fair)
    assert (again.changes, again.fair) == ([], first.fair)


def test_what_is_not_in_the_file_stays_unless_the_file_is_all_there_is():
    book = a_book(会场=[[None, "人民广场"]], 服务台=[desk_row()])
    kept, replaced = planned(book), planned(book, only=True)
    assert len(kept.fair.desks) == 21
    assert (kept.fair.desks[-1].id, kept.fair.desks[-1].venue) == ("d21", "v1")
    assert [(desk.id, desk.name.zh) for desk in replaced.fair.desks] == [("d21", "新咨询台")]
    assert [venue.id for venue in replaced.fair.venues] == ["v1"]
    assert len(next(change for change in replaced.changes if change.section == "desks").removed) == 20
    assert replaced.fair.leaflets == a_fair().leaflets  # its sheet is not there


def ids(things) -> list[str]:
    return [one.id for one in things]


def test_what_nobody_used_yet_gives_its_ids_to_what_takes_its_place():
    book = a_book(
        会场=[[None, "东广场"], [None, "西广场"]],
        服务台=[desk_row(f"{n} 号台", venue="东广场" if n < 12 else "西广场") for n in range(1, 22)],
        资料=[["新手册", 20]],
    )
    for is_untouched, first in ((True, 1), (False, 21)):
        found = planned(book, only=True, is_untouched=is_untouched)
        assert found.faults == []
        assert ids(found.fair.desks) == [f"d{n:02d}" for n in range(first, first + 21)]
    found = planned(book, only=True, is_untouched=True)
    assert (ids(found.fair.venues), ids(found.fair.leaflets)) == (["v1", "v2"], ["l1"])
    desks = next(change for change in found.changes if change.section == "desks")
    assert (len(desks.added), len(desks.changed), len(desks.removed)) == (21, 0, 20)
    assert not [edit for edit in found.edits if edit.section == "desks"]
    again = planned(book, found.fair, only=True, is_untouched=True)
    assert (again.changes, again.fair) == ([], found.fair)


def test_an_id_that_something_stays_at_is_not_given_to_another():
    boards = [Board("b1", Text("真假对比", "Real or fake"), 4, "v2")]
    found = planned(a_book(会场=[[None, "东广场"]]), only=True, is_untouched=True)
    assert found.faults  # the desks would stand at no venue
    book = a_book(会场=[[None, "东广场"], [None, "西广场"]], 服务台=[desk_row(venue="东广场")])
    found = planned(book, a_fair(boards=boards), only=True, is_untouched=True)
    assert ids(found.fair.venues) == ["v1", "v3"]
    assert found.faults  # and so would the board
    kept = planned(
        a_book(会场=[[None, "新会场"], [None, "人民广场"]], 服务台=[desk_row()]), only=True, is_untouched=True
    )
    assert [(one.id, one.name.zh) for one in kept.fair.venues] == [("v2", "新会场"), ("v1", "人民广场")]


def test_a_blank_cell_leaves_what_is_there_and_the_preview_names_each_that_changes():
    first = planned(
        a_book(会场=[["v1", "人民广场", None, "东门、西门"]], 服务台=[desk_row(opens="9:30", closes="13:30")])
    ).fair
    book = a_book(会场=[["v1", "人民广场"]], 服务台=[desk_row(opens="9:00")], 资料=[["消法手册", 60]])
    book["资料"].cell(2, 1).value = first.leaflets[0].name.zh
    kept, cleared = planned(book, first), planned(book, first, only=True)
    assert kept.fair.venues == first.venues
    desk = kept.fair.desks[-1]
    assert (desk.opens, desk.closes) == ("09:00", "13:30")
    told = [(edit.section, edit.column.id, edit.old, edit.new) for edit in kept.edits]
    bundle = ("leaflets", "bundle", str(first.leaflets[0].bundle), "60")
    assert told == [("desks", "opens", "09:30", "09:00"), bundle]
    assert ("venues", "entrances", "东门、西门", "") in [
        (edit.section, edit.column.id, edit.old, edit.new) for edit in cleared.edits
    ]
    assert (cleared.fair.venues[0].entrances, cleared.fair.desks[-1].closes) == ([], "")


def test_a_volunteer_without_an_id_who_is_on_the_list_is_said_to_be_that_one():
    found = planned(a_book(志愿者=[["李志愿"], ["王新来"]]))
    assert found.new_volunteers == ["王新来"]
    assert ["李志愿" in note.zh and "当作同一个人" in note.zh for note in found.notes] == [True]


def test_an_entrance_keeps_its_id_when_others_come_before_it():
    first = planned(a_book(会场=[["v1", "人民广场", None, "东门"]])).fair
    after = planned(a_book(会场=[["v1", "人民广场", None, "北门\n东门"]]), first).fair
    assert [(way.id, way.name.zh) for way in after.venues[0].entrances] == [("e2", "北门"), ("e1", "东门")]


def test_a_new_year_takes_its_theme_and_one_without_waits_for_it():
    for day, theme in (("2025-03-15", "共筑满意消费"), (date(2029, 3, 15), "年主题待公布")):
        found = planned(a_book(活动=[["宣传活动", day, None, None]]))
        assert (found.faults, found.fair.theme.zh, found.fair.ends) == ([], theme, found.fair.starts)


# --- cells as offices fill them in ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("09:30", "09:30"),
        ("9：30", "09:30"),
        ("９：３０", "09:30"),
        ("9点30分", "09:30"),
        ("13:30:00", "13:30"),
        (time(9, 30), "09:30"),
        (_DAY.replace(hour=9, minute=30), "09:30"),
        (timedelta(hours=9, minutes=30), "09:30"),
        (0.3958333333, "09:30"),
    ],
)
def test_an_hour_is_understood_however_it_is_kept(typed, kept):
    found = planned(a_book(服务台=[desk_row(opens=typed)]))
    assert (found.faults, found.fair.desks[-1].opens) == ([], kept)


@pytest.mark.parametrize("typed", ["25:00", "上午", 9.5, 930, True, date(2027, 3, 15)])
def test_what_is_no_hour_is_refused_with_its_cell(typed):
    assert places(planned(a_book(服务台=[desk_row(opens=typed)]))) == [("服务台", 2, "E")]


@pytest.mark.parametrize("is_1904", [False, True])
@pytest.mark.parametrize("typed", [date(2027, 3, 13), _DAY, "2027年3月13日", "２０２７/3/13"])
def test_a_day_is_the_same_in_books_that_count_from_1900_and_from_1904(typed, is_1904):
    book = a_book(
        活动=[["宣传活动", typed, "2027-03-14", _DAY.replace(day=18, hour=18)]], 服务台=[desk_row(opens=time(9, 30))]
    )
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    found = planned(book)
    assert found.faults == []
    assert (found.fair.starts, found.fair.ends) == ("2027-03-13", "2027-03-14")
    assert found.fair.deadline == "2027-03-18T18:00:00.000+08:00"
    assert found.fair.desks[-1].opens == "09:30"


def test_a_1904_book_really_keeps_other_numbers():
    """The test above would prove nothing if both books held the same."""
    held = []
    for epoch in (None, CALENDAR_MAC_1904):
        book = a_book(活动=[["宣传活动", date(2027, 3, 13), None, None]])
        book.epoch = epoch or book.epoch
        with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
            held.append(archive.read("xl/worksheets/sheet1.xml"))
    assert held[0] != held[1]


def test_numbers_are_understood_in_full_width_and_refused_out_of_bounds():
    found = planned(a_book(资料=[["手册", "１００"], ["折页", 50.0], ["单页", 1], ["海报", "很多"], ["贴纸", None]]))
    assert [one.bundle for one in found.fair.leaflets[2:]] == [100, 50]
    assert places(found) == [("资料", 4, "B"), ("资料", 5, "B"), ("资料", 6, "B")]


# --- what is wrong, all at once ---------------------------------------------------------------------


def test_every_fault_is_found_at_once_in_the_order_of_the_sheets():
    book = a_book(
        会场=[[None, "新会场"], [None, "新会场"], ["V 5!", "又一个"]],
        服务台=[
            desk_row(),
            desk_row(),
            desk_row("甲", venue="火星"),
            desk_row("乙", kind="唱歌"),
            desk_row("丙", unit="没有的单位"),
            desk_row("丁", "10:00", "09:00"),
            desk_row(None),
        ],
        志愿者=[["王芳"], ["王芳"], ["张伟 13800000000"]],
        奖品=[["水杯", "抢答", 0]],
    )
    found = planned(book)
    assert places(found) == [
        ("会场", 3, "B"),
        ("会场", 4, "A"),
        ("服务台", 3, "D"),
        ("服务台", 4, "B"),
        ("服务台", 5, "C"),
        ("服务台", 6, "G"),
        ("服务台", 7, "F"),
        ("服务台", 8, "D"),
        ("志愿者", 3, "A"),
        ("志愿者", 4, "A"),
        ("奖品", 2, "B"),
        ("奖品", 2, "C"),
    ]
    assert all(fault.zh and fault.en for fault in found.faults)


def test_formulas_are_refused_with_their_cell_and_nothing_is_said_twice_of_it():
    found = planned(a_book(资料=[["手册", "=50+50"]], 志愿者=[["=A1"]]))
    assert places(found) == [("志愿者", 2, "A"), ("资料", 2, "B")]
    assert "选择性粘贴" in found.faults[0].zh


def test_merged_cells_are_refused():
    book = a_book(服务台=[desk_row("甲"), desk_row("乙")])
    book["服务台"].merge_cells("B2:B3")
    found = planned(book)
    assert ("服务台", 2, "B") in places(found)
    assert "合并单元格" in " ".join(fault.zh for fault in found.faults)


def test_hidden_and_unknown_sheets_are_passed_over_and_said_so():
    book = a_book(志愿者=[["王芳"]], 联系电话=[["x"]], 服务台=[desk_row()])
    book["服务台"].sheet_state = "hidden"
    found = planned(book)
    assert (found.faults, found.new_volunteers, len(found.fair.desks)) == ([], ["王芳"], 20)
    assert {note.place.sheet for note in found.notes} == {"联系电话", "服务台"}


def test_ten_thousand_rows_are_refused_in_one_line():
    found = planned(a_book(服务台=[desk_row(f"台{n}") for n in range(10_000)]))
    assert [(fault.place.sheet, fault.place.row) for fault in found.faults] == [("服务台", 5_002)]
    assert "5000" in found.faults[0].zh


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"name,venue\n",
        b"%PDF-1.7",
        b"PK\x03\x04" + bytes(90),
    ],
)
def test_what_is_no_workbook_is_said_to_be_none(data):
    found = planned(data)
    assert len(found.faults) == 1
    assert ".xlsx" in found.faults[0].zh


def test_a_workbook_with_none_of_the_sheets_says_which_are_wanted():
    assert "志愿者" in planned(a_book(随便=[["x"]])).faults[0].zh


def test_a_sheet_without_headings_or_with_one_missing_says_so():
    book = a_book(志愿者=[])
    book.create_sheet("资料").append(["名称"])
    book["志愿者"]["A1"] = "谁"
    assert places(planned(book)) == [("志愿者", 0, ""), ("资料", 1, "")]


def test_two_of_one_name_are_refused_whatever_their_ids_say():
    book = a_book({"服务台": [desk_row("甲", one_id="x1"), desk_row("甲", one_id="x2")], "志愿者": [["李志愿"]]})
    assert [place[1:] for place in places(planned(book))] == [(3, "D")]
    fair, table = a_fair(), fair_sheets.VOLUNTEERS
    people = {"li": "李志愿", "wang": "王志愿"}

    def with_names(*rows):
        cells = [{"id": one, "name": name} if one else {"name": name} for one, name in rows]
        found = [Row(Place(n, table.title), told, {"id": "A", "name": "B"}) for n, told in enumerate(cells, 2)]
        return fair_sheets.plan(Tables(rows={table.id: found}, faults=[], notes=[]), fair, people)

    assert [fault.place.row for fault in with_names(("li", "王志愿")).faults] == [2]
    swapped = with_names(("li", "王志愿"), ("wang", "李志愿"))
    assert (swapped.faults, dict(swapped.renamed)) == ([], {"li": "王志愿", "wang": "李志愿"})
    # Whoever bears the name of somebody who is called otherwise from now on is somebody new.
    assert with_names(("li", "李志愿（二队）"), ("", "李志愿")).new_volunteers == ["李志愿"]
