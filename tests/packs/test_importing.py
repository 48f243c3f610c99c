"""Questions out of the files offices have, and back into them."""

import io
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.errors import IMPORT_FAULTY, Problem
from kiosk.packs import aiken, drafts, gift, importing, workbooks
from kiosk.packs.drafts import KINDS, Draft, Fault, Place, article_number, clean, day_of, question_of
from kiosk.packs.model import Text
from kiosk.packs.quizzes import Option, Question
from kiosk.packs.reader import BUILTIN, read_pack
from tests.proof import share

PACK = read_pack()
RULES = importing.rules_of(PACK)
DEFAULTS = {
    "topic": "退货",
    "difficulty": "易",
    "law": "消费者权益保护法",
    "article": "24",
    "key": "运输等必要费用",
    "explanation": "由商家出。",
}

# --- the law: what goes out comes back -------------------------------------------------------------


SPECIAL = ["=1+1", "-5", "@x", "+1", "~", "{", "}", "#", "####", "\\", "::", "->", "_x0041_", "//", "%50%", "ANSWER:A"]
SPECIAL += ["A.x", "[html]", "<b>", "&amp;", "《", "１", "true", "对", "T", "1.0"]
SPECIAL += ["\n", "ANSWER: A", "A. ", "2027-03-15"]


def words(most: int):
    """Anything a person may write, with what formats give a meaning to more often than chance would."""
    special = st.sampled_from(SPECIAL)
    letters = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=12)
    parts = st.lists(st.one_of(special, letters), min_size=1, max_size=5).map("".join)
    return parts.map(lambda text: clean(clean(text)[:most])).filter(bool)


@st.composite
def texts(draw, most: int) -> Text:
    zh = draw(words(most))
    return Text(zh, draw(st.one_of(st.just(zh), words(most))))


@st.composite
def questions(draw) -> Question:
    kind = draw(st.sampled_from(list(KINDS)))
    law = draw(st.sampled_from(PACK.laws))
    count = 2 if kind == "truefalse" else draw(st.integers(3 if kind == "multiple" else 2, 6))
    slugs = st.lists(st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True), min_size=count, max_size=count, unique=True)
    ids = ["true", "false"] if kind == "truefalse" else draw(st.one_of(st.just(list("abcdef"[:count])), slugs))
    said = draw(st.lists(texts(80), min_size=count, max_size=count, unique_by=lambda text: text.zh))
    options = [Option(one, text.zh, text.en) for one, text in zip(ids, said, strict=True)]
    if kind == "truefalse":
        options = (
            [Option("true", "对", "True"), Option("false", "不对", "False")]
            if draw(st.booleans())
            else [Option("true", "能", "Yes"), Option("false", "不能", "No")]
        )
    mixed = draw(st.permutations(ids))
    right = {
        "order": mixed,
        "multiple": [one for one in ids if one in mixed[: draw(st.integers(2, count - 1))]] if count > 2 else [],
    }
    key = draw(st.one_of(words(60), st.lists(words(20), min_size=1, max_size=3)))
    picture = draw(st.sampled_from(sorted(RULES.pictures))) if kind == "picture" else None
    return Question(
        id=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)),
        kind=kind,
        topic=draw(st.sampled_from(sorted(PACK.topics))),
        difficulty=draw(st.sampled_from(["easy", "medium", "hard"])),
        story=draw(texts(600)) if kind == "case" else None,
        picture=picture,
        picture_alt=draw(texts(600)) if picture else None,
        text=draw(texts(600)),
        options=options,
        answer=right.get(kind) or mixed[:1],
        explanation=draw(texts(600)),
        law=law.name,
        article=draw(st.integers(1, 9999)),
        key=key,
        valid_from=law.valid_from,
        valid_until=law.valid_until,
    )


slow = settings(
    max_examples=share(60, 6), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(st.lists(questions(), min_size=1, max_size=4, unique_by=lambda one: one.id))
@pytest.mark.parametrize("form", ["xlsx", "gift"])
def test_whatever_is_exported_comes_back_as_the_same_questions(form, some):
    data, left = importing.export(some, PACK, form)
    kept = [one for one in some if one.id not in left]
    if kept:
        assert importing.preview(data, PACK, None, form).questions == kept
    if form == "xlsx":
        assert [one for one in left if _is_plain(next(q for q in some if q.id == one))] == []


def _is_plain(question: Question) -> bool:
    """Whether nothing but a key with line breaks of its own could keep it from a workbook."""
    return isinstance(question.key, list) or ("\n" not in question.key and not question.key.startswith("["))


@slow
@given(st.lists(questions(), min_size=1, max_size=4, unique_by=lambda one: one.id))
def test_what_aiken_can_hold_comes_back_word_for_word(some):
    data, left = importing.export(some, PACK, "aiken")
    kept = [one for one in some if one.id not in left]
    assert all(one.kind in aiken.KINDS for one in kept)
    drafts = importing.read_questions(data, "aiken").drafts if kept else []
    assert [draft.cells["text"] for draft in drafts] == [one.text.zh for one in kept]
    assert [
        [draft.cells[f"option{n}"] for n, _ in enumerate(one.options, 1)]
        for draft, one in zip(drafts, kept, strict=True)
    ] == [[option.zh for option in one.options] for one in kept]


@pytest.mark.parametrize(
    ("form", "lost"),
    [("xlsx", set()), ("gift", {"order", "picture"}), ("aiken", {"order", "picture", "case", "multiple"})],
)
def test_the_whole_built_in_pack_goes_out_and_comes_back(form, lost):
    data, left = importing.export(PACK.questions, PACK, form)
    assert {PACK.question_by_id[one].kind for one in left} == lost
    if form != "aiken":
        found = importing.preview(data, PACK, None, form)
        assert found.faults == []
        assert found.questions == [one for one in PACK.questions if one.id not in left]


def test_the_file_of_questions_is_written_as_it_stands_in_the_pack():
    assert importing.questions_file(PACK.questions) == (BUILTIN / "questions.json").read_bytes()


# --- the template ------------------------------------------------------------------------------------


def test_the_template_offers_the_pack_s_own_topics_and_laws():
    book = openpyxl.load_workbook(io.BytesIO(importing.template(PACK)))
    sheet = book[workbooks.SHEET]
    headings = {cell.value.split()[0]: cell.column_letter for cell in sheet[1]}
    offered = {}
    for choice in sheet.data_validations.dataValidation:
        if choice.type == "list":
            name, _, ref = choice.formula1.partition("!")
            cells = book[name.strip("'")][ref.replace("$", "")]
            offered[str(choice.sqref).partition("2:")[0]] = [row[0].value for row in cells]
    assert offered[headings["题型"]] == list(KINDS.values())
    assert offered[headings["难度"]] == ["易", "中", "难"]
    assert offered[headings["主题"]] == [text.zh for text in PACK.topics.values()]
    assert offered[headings["法律"]] == [law.name for law in PACK.laws]
    assert offered[headings["正确答案"]] == [*"ABCDEF", "对", "错"]


def test_an_empty_template_says_that_it_is_empty():
    assert "没有题目" in only_fault(importing.template(PACK)).zh


def test_no_word_on_its_way_out_becomes_a_formula():
    question = msgspec.structs.replace(
        PACK.questions[0], text=Text("=HYPERLINK(1)", "+1"), explanation=Text("@SUM(1)", "-1")
    )
    data, left = importing.export([question], PACK, "xlsx")
    assert left == []
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(data))[workbooks.SHEET].iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    dangerous = [cell for cell in cells if str(cell.value)[:1] in ("=", "+", "@", "-")]
    assert len(dangerous) == 4
    assert all(cell.quotePrefix for cell in dangerous)


# --- workbooks as offices have them -------------------------------------------------------------------

HEAD = [
    "题型",
    "主题",
    "难度",
    "题目",
    "选项A",
    "选项B",
    "选项C",
    "选项D",
    "正确答案",
    "解析",
    "法律",
    "第几条",
    "条文原词",
    "生效日期",
]
ROW = [
    "单选",
    "退货",
    "易",
    "运费谁出？",
    "商家",
    "买家",
    "邮局",
    "各付一半",
    "A",
    "由商家出。",
    "消费者权益保护法",
    24,
    "运输等必要费用",
    "2014-03-15",
]


def a_book(*rows, change=lambda _sheet: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def with_(**cells) -> list:
    return [cells.get(name, value) for name, value in zip(HEAD, ROW, strict=True)]


def only_fault(data: bytes):
    found = importing.preview(data, PACK)
    assert len(found.faults) == 1, found.faults
    assert not found.is_ready
    return found.faults[0]


def the_question(data: bytes) -> Question:
    found = importing.preview(data, PACK)
    assert found.faults == []
    return found.questions[0]


def test_a_plain_row_is_a_question():
    question = the_question(a_book(HEAD, ROW))
    assert (question.kind, question.topic, question.answer, question.article) == ("single", "returns", ["a"], 24)
    assert question.text == Text("运费谁出？", "运费谁出？")  # nobody wrote English: the Chinese is shown
    assert (question.valid_from, question.valid_until) == ("2014-03-15", None)


def test_the_same_file_read_twice_is_the_same_question():
    assert the_question(a_book(HEAD, ROW)).id == the_question(a_book(HEAD, ROW)).id


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"题型": "单项选择题"}, "kind", "single"),
        ({"题型": " 单选 "}, "kind", "single"),
        ({"主题": "Returns"}, "topic", "returns"),
        ({"难度": "简单"}, "difficulty", "easy"),
        ({"正确答案": "Ｂ"}, "answer", ["b"]),
        ({"正确答案": "b."}, "answer", ["b"]),
        ({"正确答案": 2.0}, "answer", ["b"]),
        ({"正确答案": "买家"}, "answer", ["b"]),
        ({"题型": "多选题", "正确答案": "A、C"}, "answer", ["a", "c"]),
        ({"题型": "多选题", "正确答案": "ＡＣ"}, "answer", ["a", "c"]),
        ({"题型": "排序", "正确答案": "C→A→B→D"}, "answer", ["c", "a", "b", "d"]),
        ({"选项A": 7, "选项B": 8, "选项C": 9, "正确答案": "B"}, "answer", ["b"]),
        ({"选项A": 7, "选项B": 8, "选项C": 9, "正确答案": 8}, "answer", ["b"]),
        ({"选项A": 1, "选项B": 2, "选项C": 3, "正确答案": 2}, "answer", ["b"]),
        ({"第几条": 24.0}, "article", 24),
        ({"第几条": "第二十四条"}, "article", 24),
        ({"第几条": "24 "}, "article", 24),
        ({"第几条": "", "法律": "《中华人民共和国消费者权益保护法》第二十四条"}, "article", 24),
        ({"法律": "《中华人民共和国消费者权益保护法》"}, "law", "消费者权益保护法"),
        ({"生效日期": datetime(2014, 3, 15)}, "valid_from", "2014-03-15"),  # noqa: DTZ001 (as Excel keeps it)
        ({"生效日期": "2014年3月15日"}, "valid_from", "2014-03-15"),
        ({"生效日期": 20140315}, "valid_from", "2014-03-15"),
        ({"生效日期": None}, "valid_from", "2014-03-15"),
        ({"条文原词": "运输\n费用"}, "key", ["运输", "费用"]),
        ({"题目": "  运费谁出？_x000D_\n "}, "text", Text("运费谁出？", "运费谁出？")),
    ],
)
def test_people_s_ways_of_writing_are_understood(cells, field, value):
    assert getattr(the_question(a_book(HEAD, with_(**cells))), field) == value


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (True, "true"),
        (False, "false"),
        ("√", "true"),
        ("错误", "false"),
        ("ｔｒｕｅ", "true"),
        (1, "true"),
        ("B", "false"),
    ],
)
def test_true_and_false_are_understood_however_they_are_written(said, answer):
    question = the_question(
        a_book(HEAD, with_(题型="判断题", 选项A=None, 选项B=None, 选项C=None, 选项D=None, 正确答案=said))
    )
    assert question.answer == [answer]
    assert [option.zh for option in question.options] == ["对", "不对"]


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"题型": "简答题"}, "A", "没有“简答题”这种题型"),
        ({"主题": "火星"}, "B", "没有“火星”这个主题"),
        ({"难度": "五星"}, "C", "没有“五星”这个难度"),
        ({"题目": None}, "D", "缺“题目”"),
        ({"题目": "长" * 601}, "D", "最多 600 个"),
        ({"题目": "=1+1"}, "D", "公式"),
        ({"题目": "#REF!"}, "D", "错误值"),
        ({"选项B": None}, "F", "缺“选项B”"),
        ({"正确答案": "E"}, "I", "指的选项没有写"),
        ({"正确答案": "AB"}, "I", "单选题不能有"),
        ({"正确答案": "甲"}, "I", "看不懂答案"),
        ({"选项A": 7, "选项B": 3, "选项C": 2, "正确答案": 3}, "I", "分不清“3”"),
        ({"选项A": 7, "选项B": 3, "选项C": 2, "正确答案": 1}, "I", "分不清“1”"),
        ({"选项C": "商家"}, "G", "选项A和选项C一样"),
        ({"题型": "多选", "正确答案": "A"}, "I", "多选题不能有"),
        ({"题型": "多选", "正确答案": "ABCD"}, "I", "至少留一个错的"),
        ({"题型": "排序", "正确答案": "ABC"}, "I", "全部字母"),
        ({"法律": "火星法"}, "K", "laws.json 里没有"),
        ({"第几条": 2.5}, "L", "不是条文号"),
        ({"第几条": None}, "L", "缺“第几条”"),
        ({"条文原词": None}, "M", "缺“条文原词”"),
        ({"生效日期": "1990-01-01"}, "N", "不能更早"),
        ({"生效日期": "2027-02-30"}, "N", "不是日期"),
    ],
)
def test_a_fault_says_sheet_row_column_and_how_to_mend_it(cells, column, said):
    data = a_book(HEAD, ROW, with_(**{"题目": "第二题", **cells}))
    fault = only_fault(data)
    assert (fault.place.sheet, fault.place.row, fault.place.column) == ("Sheet", 3, column)
    assert said in fault.zh
    assert fault.en.isascii() or "“" in fault.en
    assert fault.line("zh").startswith(f"工作表“Sheet” 第 3 行 {column} 列：")
    assert fault.line("en").startswith(f"sheet “Sheet”, row 3, column {column}: ")


def test_all_faults_are_told_at_once():
    found = importing.preview(a_book(HEAD, with_(题型="填空", 主题="火星"), with_(正确答案="Z", 第几条="x"), ROW), PACK)
    assert [(fault.place.row, fault.place.column) for fault in found.faults] == [(2, "A"), (2, "B"), (3, "I"), (3, "L")]


def test_columns_may_stand_in_any_order_under_a_title_and_have_other_names():
    head = [
        "序号",
        "参考答案",
        "题干（必填）",
        "D",
        "C",
        "B",
        "A",
        "题目类型",
        "分值",
        "知识点",
        "难易程度",
        "答案解析",
        "法律依据",
        "条款",
        "关键词",
    ]
    row = [
        1,
        "B",
        "运费谁出？",
        "各付一半",
        "邮局",
        "买家",
        "商家",
        "单选题",
        2,
        "退货",
        "易",
        "由商家出。",
        "消费者权益保护法",
        24,
        "运输等必要费用",
    ]
    data = a_book(["2027年3·15知识竞赛题库"], [], head, [], row, [], change=lambda sheet: sheet.merge_cells("A1:O1"))
    found = importing.preview(data, PACK)
    assert found.faults == []
    assert found.questions[0].answer == ["b"]
    assert ["分值" in note.zh for note in found.notes] == [True]


def test_english_headings_and_options_in_one_cell_are_read():
    head = [
        "type",
        "topic",
        "difficulty",
        "question",
        "options",
        "answer",
        "explanation",
        "law",
        "article",
        "key words",
    ]
    row = [
        "single",
        "Returns",
        "easy",
        "谁出运费？",
        "A. 商家\nB．买家\nＣ、邮局",
        "C",
        "商家。",
        "Consumer Rights Protection Law",
        "24",
        "运输",
    ]
    question = the_question(a_book(head, row))
    assert [option.zh for option in question.options] == ["商家", "买家", "邮局"]
    assert question.answer == ["c"]


def test_merged_cells_among_the_questions_are_refused():
    data = a_book(HEAD, ROW, with_(题目="第二题"), change=lambda sheet: sheet.merge_cells("B2:B3"))
    found = importing.preview(data, PACK)
    assert any("合并单元格" in fault.zh and (fault.place.row, fault.place.column) == (2, "B") for fault in found.faults)


@pytest.mark.parametrize(
    ("value", "look"),
    [
        (0.2, "0%"),
        (500, '"¥"#,##0'),
        (datetime(2026, 3, 15), 'm"月"d"日"'),  # noqa: DTZ001 (as Excel keeps it)
        (timedelta(hours=24), "[h]"),
    ],
)
def test_a_number_that_looks_otherwise_than_it_is_kept_is_not_taken_for_words(value, look):
    def change(sheet) -> None:
        sheet["E2"].number_format = look

    fault = only_fault(a_book(HEAD, with_(选项A=value), change=change))
    assert (fault.place.row, fault.place.column, "设为“文本”" in fault.zh) == (2, "E", True)


def test_a_number_as_it_was_typed_is_words():
    found = the_question(
        a_book(HEAD, with_(选项A=500), change=lambda sheet: setattr(sheet["E2"], "number_format", "0"))
    )
    assert found.options[0].zh == "500"


def test_hidden_sheets_are_passed_over_and_hidden_rows_are_named():
    def change(sheet) -> None:
        sheet.row_dimensions[3].hidden = True
        old = sheet.parent.create_sheet("旧题")
        old.append(HEAD)
        old.append(with_(题目="旧题"))
        old.sheet_state = "hidden"

    found = importing.preview(a_book(HEAD, ROW, with_(题目="第二题"), change=change), PACK)
    assert [one.text.zh for one in found.questions] == ["运费谁出？", "第二题"]
    assert [(note.place.sheet, note.place.row) for note in found.notes] == [("Sheet", 3), ("旧题", 0)]


def test_the_lists_of_the_template_are_no_hidden_sheet_to_speak_of():
    assert importing.preview(importing.export(PACK.questions, PACK, "xlsx")[0], PACK).notes == []


@pytest.mark.parametrize("number", [b"2", b"1"])
def test_rows_whose_numbers_do_not_grow_are_refused(number):
    data = change_part(
        a_book(HEAD, ROW, with_(题目="第二题")),
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(rb'r="([A-Z]?)3"', rb'r="\g<1>' + number + b'"', xml),
    )
    found = importing.preview(data, PACK)
    assert [fault.place.row for fault in found.faults if "行号乱了" in fault.zh] == [int(number)]


def test_a_cell_larger_than_excel_s_own_is_refused_before_it_is_cleaned(monkeypatch):
    cleaned: list[int] = []
    monkeypatch.setattr(workbooks, "clean", lambda text: cleaned.append(len(text)) or clean(text))
    data = change_part(
        excel_s_own(HEAD, with_(题目="空")),
        "xl/sharedStrings.xml",
        lambda xml: xml.replace("空".encode(), b"a" + b" " * workbooks.CELL_LIMIT + b"a"),
    )
    assert "字太多" in only_fault(data).zh
    assert max(cleaned) < 100


def test_blanks_are_paid_for_as_words_are():
    blank = excel_s_own(HEAD, *[with_(题目="空")] * 300)
    data = change_part(blank, "xl/sharedStrings.xml", lambda xml: xml.replace("空".encode(), b" " * 30_000))
    assert "字太多" in only_fault(data).zh


def test_sheets_with_a_stray_last_row_are_walked_a_few_times_only():
    def change(count: int):
        def stray(sheet) -> None:
            sheet.cell(1_048_576, 60).value = "x"
            for _ in range(count - 1):
                sheet.parent.copy_worksheet(sheet)

        return stray

    assert importing.preview(a_book(HEAD, ROW, change=change(1)), PACK).is_ready
    assert "太大" in only_fault(a_book(HEAD, ROW, change=change(workbooks.WALKED_LIMIT // 1_048_576 + 1))).zh


def test_merged_ranges_are_found_however_many_half_ones_stand_before_them():
    data = change_part(
        a_book(HEAD, ROW, change=lambda sheet: sheet.merge_cells("B2:B3")),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<mergeCell ", b"<mergeCell other='1' xmlns:y='y'/>" * 3 + b"<mergeCell "),
    )
    assert workbooks._shape(data, SimpleNamespace(_worksheet_path="xl/worksheets/sheet1.xml")).merged == [(2, 2, 2, 3)]


def test_the_same_id_and_the_same_question_do_not_stand_twice():
    assert "题目一样" in only_fault(a_book(HEAD, ROW, ROW)).zh
    double = a_book([*HEAD, "编号"], [*ROW, "q9"], [*with_(题目="另一题"), "q9"])
    assert "编号 q9" in only_fault(double).zh


def test_a_workbook_without_headings_says_which_ones_it_needs():
    fault = only_fault(a_book(["姓名", "电话"], ["张三", "1"]))
    assert "表头" in fault.zh
    assert fault.place == Place()


def test_a_wrong_size_of_the_sheet_hides_nothing():
    data = change_part(
        a_book(HEAD, ROW, with_(题目="第二题")),
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', xml),
    )
    assert len(importing.preview(data, PACK).questions) == 2


def test_questions_on_several_sheets_are_all_read():
    book = openpyxl.Workbook()
    for name in ("一", "二"):
        sheet = book.create_sheet(name)
        sheet.append(HEAD)
        sheet.append(with_(题目=f"第{name}题"))
    written = io.BytesIO()
    book.save(written)
    assert [one.text.zh for one in importing.preview(written.getvalue(), PACK).questions] == ["第一题", "第二题"]


# --- files that are none ---------------------------------------------------------------------------


def change_part(data: bytes, name: str, change) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            new.writestr(part.filename, change(content) if part.filename == name else content)
    return written.getvalue()


def a_zip(**parts: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><sst>&b;</sst>'
BIG = b" " * (workbooks.UNPACKED_LIMIT + 1)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
CROWD = b"<worksheet><sheetData>" + b"<row/>" * workbooks.TAGS_LIMIT + b"</sheetData></worksheet>"
LOOKS = b"<styleSheet>" + b"<xf/>" * workbooks.OTHER_TAGS_LIMIT + b"</styleSheet>"
REFUSED = {
    "a crowd of looks": (change_part(a_book(HEAD, ROW), "xl/styles.xml", lambda _xml: LOOKS), "太大"),
    "a crowd of rows": (change_part(a_book(HEAD, ROW), "xl/worksheets/sheet1.xml", lambda _xml: CROWD), "太大"),
    "nothing": (b"", "空的"),
    "blanks": (b" \n\n ", "空的"),
    "an old workbook": (OLE + "Workbook".encode("utf-16-le"), ".xls"),
    "a locked workbook": (OLE + "EncryptedPackage".encode("utf-16-le"), "密码"),
    "an old Word file": (OLE + "WordDocument".encode("utf-16-le"), "Word"),
    "a Word file": (a_zip(**{"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "Word"),
    "an OpenDocument": (a_zip(mimetype=b"x", **{"content.xml": b"<x/>"}), "OpenDocument"),
    "a binary workbook": (a_zip(**{"xl/workbook.bin": b"x"}), ".xlsb"),
    "a zip": (a_zip(readme=b"x"), "压缩包"),
    "half a workbook": (a_book(HEAD, ROW)[:3000], "损坏"),
    "a workbook without its parts": (a_zip(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "损坏"),
    "a zip bomb": (a_zip(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": BIG}), "太大"),
    "a thousand parts": (a_zip(**{f"xl/{n}": b"" for n in range(1001)}), "太大"),
    "entities that grow": (change_part(a_book(HEAD, ROW), "xl/styles.xml", lambda _xml: LAUGHS), "损坏"),
    "entities in UTF-16": (
        change_part(a_book(HEAD, ROW), "xl/styles.xml", lambda _xml: LAUGHS.decode().encode("utf-16")),
        "损坏",
    ),
    "CSV": ("题目,选项A,选项B,答案\n谁出？,甲,乙,A\n".encode("gbk"), "CSV"),
    "a web page": (b"<html><table><tr><td>x</td></tr></table></html>", "网页"),
    "a PDF": (b"%PDF-1.4 \xff\xfe\0\x01", "PDF"),
    "bytes": (b"\x00\xff\x01\x80" * 50, "读不懂"),
    "prose": ("这里什么题都没有。".encode(), "看不出是什么格式"),
    "too much": (b"x" * (importing.FILE_LIMIT + 1), "5 MB"),
    "too many rows": (lambda: a_book(HEAD, *[["单选"]] * (drafts.ROWS_LIMIT + 1)), "5000 行"),
    "too much text": (lambda: a_book(HEAD, *[with_(题目="x" * 30_000)] * 201), "字太多"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_file_of_questions_is_refused_with_what_to_do(name):
    data, said = REFUSED[name]
    fault = only_fault(data() if callable(data) else data)  # some take long to make
    assert said in fault.zh
    assert fault.zh.endswith("。")
    assert fault.place == Place()


@pytest.mark.parametrize("form", ["xlsx", "gift", "aiken"])
def test_a_file_that_is_said_to_be_another_format_is_refused(form):
    others = {"xlsx": b"Q\nA. x\nB. y\nANSWER: A\n", "gift": a_book(HEAD, ROW), "aiken": a_book(HEAD, ROW)}
    found = importing.preview(others[form], PACK, None, form)
    assert len(found.faults) == 1
    assert found.questions == []


OPEN = b"vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def test_macros_are_neither_run_nor_a_hindrance():
    data = change_part(
        a_book(HEAD, ROW),
        "[Content_Types].xml",
        lambda xml: xml.replace(OPEN, b"vnd.ms-excel.sheet.macroEnabled.main+xml"),
    )
    with zipfile.ZipFile(stream := io.BytesIO(data), "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    assert the_question(stream.getvalue()).text.zh == "运费谁出？"


@settings(max_examples=share(150, 30), deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing(data):
    for head in (b"", b"PK\x03\x04", b"\xef\xbb\xbf", b"\xff\xfe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        for form in (None, "xlsx", "gift", "aiken"):
            assert not importing.preview(head + data, PACK, None, form).is_ready


@settings(max_examples=share(200, 40), deadline=None)
@given(st.data())
def test_a_workbook_with_a_few_bytes_spoilt_raises_nothing(data):
    whole = bytearray(SPOILT)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for one in (bytes(whole), bytes(whole[:cut])):
        importing.preview(one, PACK)


SPOILT = a_book(HEAD, ROW, with_(题目="第二题"))
PARTS = [part for part in zipfile.ZipFile(io.BytesIO(SPOILT)).namelist() if part.endswith((".xml", ".rels"))]


@settings(max_examples=share(200, 40), deadline=None)
@given(
    st.sampled_from(PARTS),
    st.integers(0, 4000),
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"</", b'"', b"<row r='99999999999'>", b"<c r='ZZZZ1'>", b"1e999", b"<v>x</v>", b"&x;", b"-1"]
        ),
    ),
)
def test_a_workbook_with_a_part_spoilt_raises_nothing(part, place, junk):
    importing.preview(
        change_part(
            SPOILT, part, lambda xml: xml[: place % (len(xml) + 1)] + junk + xml[place % (len(xml) + 1) + len(junk) :]
        ),
        PACK,
    )


MARKS = [":: { } = ~ # #### \\ %50% T -> //", "$CATEGORY: [html] <p> <![ 题 A. B) ANSWER: 答案： A C 1."]
MARKS = [one for line in MARKS for one in line.split()] + ["\n", "\n\n", " ", "ANSWER: "]


@settings(max_examples=share(300, 60), deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=40).map("".join))
def test_text_of_nothing_but_marks_raises_nothing(text):
    for form in (None, "gift", "aiken"):
        found = importing.preview(text.encode(), PACK, DEFAULTS, form)
        assert found.questions or found.faults


# --- GIFT as others write it -------------------------------------------------------------------------

GIFT = r"""
// 12315 培训题库，从教学平台导出
$CATEGORY: $course$/默认/退货

// question: 1  name: 运费
::运费::[html]<p>电饭锅坏了，<b>运费</b>谁出？</p> {
    =商家 #对，东西有毛病由商家出。
    ~%0%买家 # 再想想
    ~邮局
}

::多选::哪几样不能七天无理由退货？{
  ~%50%定作的
  ~%50%鲜活易腐的
  ~%-100%衣服
  ~%-100%鞋子
  ####定作的和鲜活易腐的除外。
}

网购一律可以退货。{F#不是一律。#对}

商家要出具发票\: 3 \= 3 \{真的\}。{TRUE####要出具。}

运费由 {=商家 ~买家} 承担。
"""
GIFT_FAULTS = {
    "::长::[html]" + "<p " * 10_000 + "{=a ~b}": (1, "太长"),
    "多 {" + "~%1%" * 10_000 + "}": (1, "10000 个选项"),
    "多 {" + "~%1%" * 100_000 + "}": (1, "超过 50000 个字"),
    "没有答案的一段说明。": (1, "没有花括号"),
    "问答 {}": (1, "问答题"),
    "圆周率 {#3.14:0.01}": (1, "数值题"),
    "连线 {=a -> 1\n=b -> 2\n=c -> 3}": (1, "连线题"),
    "填空 {=对 =正确}": (1, "填空题"),
    "缺右括号 {=对 ~错": (1, "没有配对"),
    "只有右括号 }": (1, "多了一个右花括号"),
    "题一 {=对 ~错}\n题二 {=对 ~错}": (1, "两处花括号"),
    "没有对的 {~a ~b}": (1, "没有标出对的选项"),
    "都对 {=a =b ~c}": (1, "都得满分"),
    "半对 {~%50%a ~b ~c}": (1, "不是 100"),
    "七个 {=1 ~2 ~3 ~4 ~5 ~6 ~7}": (1, "有 7 个选项"),
    "没有记号 {对}": (1, "看不懂"),
    "::图::[html]<img src='x.png'>这是什么？{=a ~b}": (1, "嵌了图片"),
    "// 注释\n\n好的 {=a ~b}\n\n坏的 {": (5, "没有配对"),
}


def test_gift_of_other_systems_is_read():
    found = importing.preview(GIFT.encode(), PACK, {**DEFAULTS, "topic": ""})
    assert [fault.line("zh") for fault in found.faults] == []
    assert [(one.kind, one.topic, one.text.zh) for one in found.questions] == [
        ("single", "returns", "电饭锅坏了，运费谁出？"),
        ("multiple", "returns", "哪几样不能七天无理由退货？"),
        ("truefalse", "returns", "网购一律可以退货。"),
        ("truefalse", "returns", "商家要出具发票: 3 = 3 {真的}。"),
        ("single", "returns", "运费由 ____ 承担。"),
    ]
    assert [one.answer for one in found.questions] == [["a"], ["a", "b"], ["false"], ["true"], ["a"]]
    assert found.questions[0].explanation.zh == "对，东西有毛病由商家出。"
    assert found.questions[1].explanation.zh == "定作的和鲜活易腐的除外。"


@pytest.mark.parametrize("text", GIFT_FAULTS)
def test_gift_that_cannot_be_taken_is_told_with_its_line(text):
    line, said = GIFT_FAULTS[text]
    found = importing.preview(text.encode(), PACK, DEFAULTS, "gift")
    assert [(fault.place.row, said in fault.zh) for fault in found.faults] == [(line, True)], found.faults


def test_less_and_greater_are_no_tags():
    for head in ("", "[html]<b>题</b>"):
        text = f"{head}若 a<b 且 c>d，又 a<b and c>d 则 {{=<b class\\='x'>甲</b> ~x<br/>y}}"
        question = importing.preview(text.encode(), PACK, DEFAULTS, "gift").questions[0]
        assert "若 a<b 且 c>d，又 a<b and c>d 则" in question.text.zh
        assert [option.zh for option in question.options] == ["甲", "x\ny"]


def test_a_comment_never_says_what_is_asked_chosen_from_and_right():
    told = '{"kind":"判断","text":"别的","option1":"甲","option3":"幽灵","answer":"C","article":"25"}'
    draft = importing.read_questions(f"// 315: {told}\n问 {{=a ~b}}".encode(), "gift").drafts[0]
    assert dict(draft.cells) == {
        "kind": "single", "text": "问", "option1": "a", "option2": "b", "answer": "A", "article": "25",
    }  # fmt: skip


def test_braces_are_counted_once_a_line_however_many_blank_lines_stand_between():
    text = "问 {=a\n\n~b\n\n" + "~c\n\n" * 30 + "}\n\n第二题 {=a ~b}\n"
    found = importing.preview(text.encode(), PACK, DEFAULTS, "gift")
    assert [(fault.place.row, "32 个选项" in fault.zh) for fault in found.faults] == [(1, True)]
    assert [one.text.zh for one in found.questions] == ["第二题"]


# --- bounds of texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [("gift", "第{}题 {{T}}\n\n", "第{}题\n\n"), ("aiken", "第{}题\nA. 商家\nB. 买家\n答案：A\n", "第{}题\n答案：A\n")],
)
def test_a_text_is_read_as_far_as_its_bounds(form, good, bad):
    for one, limit in ((good, drafts.ROWS_LIMIT), (bad, drafts.FAULTS_LIMIT)):
        found = importing.read_questions("".join(one.format(n) for n in range(limit + 10)).encode(), form)
        assert len(found.drafts or found.refused) == limit
        assert (found.faults[-1].place, "没有读" in found.faults[-1].zh) == (Place(), True)
        assert len(found.faults) <= limit + 1


def test_words_too_long_for_a_law_are_not_taken_apart():
    words = "法" + " " * 40 + "第二十四条"
    assert drafts._cited(words) == ("法", "第二十四条")
    long = "法" + " " * 5_000 + "第二十四条"
    assert drafts._cited(long) == (long, "")


# --- Aiken as others write it ---------------------------------------------------------------------------

AIKEN = """1. 电饭锅坏了，运费谁出？
A. 商家
B. 买家
ANSWER: A

2、网购的帽子不喜欢，几天内可以退？
A） 3天
B） 7天
C） 30天
答案：Ｂ
解析：收货之日起七日内。

3．哪些不能退？
A、定作的  B、鲜活的  C、衣服
答案：A、B
4. 商家要出具发票。
A. 对
B. 错
ANSWER: A
"""
AIKEN_FAULTS = {
    "谁出？\nA. 商家\nB. 买家\n": (1, "没有答案"),
    "谁出？\nANSWER: A\n": (1, "没有选项"),
    "A. 商家\nB. 买家\nANSWER: A\n": (1, "没有题目"),
    "谁出？\nA. 商家\nC. 买家\nANSWER: A\n": (3, "位置不对"),
    "谁出？\nA. 商家\n又一行\nB. 买家\nANSWER: A\n": (3, "看不懂"),
    "谁出？\nA. 商家\nB. 买家\nANSWER: D\n": (4, "指的选项没有写"),
    "谁出？\nA. 商家\nB. 买家\nANSWER:\n": (1, "没有答案"),
}


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_aiken_of_offices_is_read_in_the_codes_they_save_it_in(code):
    found = importing.preview(AIKEN.replace("\n", "\r\n").encode(code), PACK, DEFAULTS)
    assert [fault.line("zh") for fault in found.faults] == []
    assert [(one.kind, one.text.zh, one.answer) for one in found.questions] == [
        ("single", "电饭锅坏了，运费谁出？", ["a"]),
        ("single", "网购的帽子不喜欢，几天内可以退？", ["b"]),
        ("multiple", "哪些不能退？", ["a", "b"]),
        ("truefalse", "商家要出具发票。", ["true"]),
    ]
    assert found.questions[1].explanation.zh == "收货之日起七日内。"


@pytest.mark.parametrize("text", AIKEN_FAULTS)
def test_aiken_that_cannot_be_taken_is_told_with_its_line(text):
    line, said = AIKEN_FAULTS[text]
    found = importing.preview(text.encode(), PACK, DEFAULTS, "aiken")
    assert [(fault.place.row, said in fault.zh) for fault in found.faults] == [(line, True)], found.faults


def test_an_explanation_of_several_lines_is_read_whole():
    text = "问\nA. x\nB. y\n答案：A\n解析：一\n二\n\n第二题\nA. x\nB. y\n答案：B\n解析：三\n四\n"
    text += "3. 下一题\nA. x\nB. y\n答案：B\n"
    found = importing.preview(text.encode(), PACK, DEFAULTS, "aiken")
    assert found.faults == []
    assert [(one.text.zh, one.explanation.zh) for one in found.questions] == [
        ("问", "一\n二"),
        ("第二题", "三\n四"),
        ("3. 下一题", DEFAULTS["explanation"]),
    ]


def test_an_explanation_that_may_be_the_next_question_is_not_guessed_at():
    text = "问\nA. x\nB. y\n答案：A\n解析：一\n二\n下一题\nA. x\nB. y\n答案：B\n"
    found = importing.preview(text.encode(), PACK, DEFAULTS, "aiken")
    assert [(fault.place.row, "空一行" in fault.zh) for fault in found.faults] == [(6, True)]
    assert [one.explanation.zh for one in found.questions] == ["一"]


# --- the marked workbook -----------------------------------------------------------------------------------


def rows_of(data: bytes, name: str = workbooks.SHEET) -> list[str]:
    """The cells of every row after one another."""
    sheet = openpyxl.load_workbook(io.BytesIO(data))[name]
    return [" ".join(str(one) for one in row if one is not None) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("gift", "第一题{=a ~b}\n\n第二题{}\n\n第三题{\n=a ~b\n~c ~d ~e ~f ~g}\n"),
        ("aiken", "第一题\nA. a\nB. b\n答案：A\n第二题\n答案：A\n第三题\nA. a\nC. b\n答案：A\n"),
    ],
)
def test_what_was_refused_stands_in_the_marked_workbook_with_its_own_fault(form, text):
    found = importing.preview(text.encode(), PACK, DEFAULTS, form)
    marked = importing.marked(found, PACK)
    _, first, second, third = rows_of(marked)[:4]
    assert "第一题" in first
    assert not any(fault.zh in first for fault in found.faults)
    assert "第二题" in second
    assert found.faults[0].zh in second
    assert "第三题" in third
    assert found.faults[1].zh in third
    assert not importing.preview(marked, PACK).is_ready  # nothing is lost without a word


def test_a_fault_is_never_written_beside_a_question_that_had_ended():
    found = importing.preview("第一题{=a ~b}\n".encode(), PACK, DEFAULTS, "gift")
    later = Fault(Place(3), "后面的错。", "a later fault")
    marked = importing.marked(msgspec.structs.replace(found, faults=[later]), PACK)
    assert not any(later.zh in row for row in rows_of(marked))
    assert [later.zh in row for row in rows_of(marked, workbooks.UNREAD)] == [True]


def test_every_fault_is_in_the_marked_workbook():
    data = a_book(
        [*HEAD, "题目"], *[with_(题目=f"第{n}题", 正确答案="Z") for n in range(400)],
        change=lambda sheet: sheet.merge_cells("A500:B500"),
    )  # fmt: skip
    found = importing.preview(data, PACK)
    marked = importing.marked(found, PACK)
    assert len(found.faults) == 402
    assert sum("看不懂答案" in row for row in rows_of(marked)) == 400
    others = rows_of(marked, workbooks.UNREAD)
    assert ["出现了两次" in others[0], "合并单元格" in others[1], len(others)] == [True, True, 2]


# --- drafts -----------------------------------------------------------------------------------------------


def test_what_a_format_lacks_is_missing_until_it_is_filled_into_the_marked_workbook():
    found = importing.preview(AIKEN.encode(), PACK)
    assert found.questions == []
    assert all(fault.is_missing for fault in found.faults)
    assert {fault.field for fault in found.faults} == {"topic", "difficulty", "explanation", "law", "article", "key"}
    book = openpyxl.load_workbook(io.BytesIO(importing.marked(found, PACK)))
    sheet = book[workbooks.SHEET]
    column = {cell.value.split()[0]: cell.column for cell in sheet[1]}
    assert "缺“法律”" in sheet.cell(2, column["要改的地方"]).value
    assert sheet.cell(2, column["法律"]).fill.fgColor.rgb.endswith("F9D9DB")
    for row in range(2, 6):
        for name, said in (
            ("主题", "退货"),
            ("难度", "易"),
            ("法律", "消费者权益保护法"),
            ("第几条", 24),
            ("条文原词", "运输"),
        ):
            sheet.cell(row, column[name]).value = said
        sheet.cell(row, column["解析"]).value = "因为。"
    book.save(filled := io.BytesIO())
    again = importing.preview(filled.getvalue(), PACK)
    assert again.faults == []
    assert len(again.questions) == 4


def test_defaults_fill_only_what_is_not_said():
    draft = importing.preview(a_book(HEAD, with_(难度=None)), PACK, {"difficulty": "难", "topic": "食品"})
    assert (draft.questions[0].difficulty, draft.questions[0].topic) == ("hard", "returns")


def test_a_default_that_fits_nothing_is_a_fault_of_every_question():
    found = importing.preview(AIKEN.encode(), PACK, {**DEFAULTS, "law": "火星法"})
    assert [fault.field for fault in found.faults] == ["law"] * 4


# --- into a pack ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(BUILTIN, tmp_path / "pack")
    return tmp_path / "pack"


def test_new_questions_are_added_and_known_ids_replaced(folder):
    data = a_book([*HEAD, "编号"], [*ROW, "q001"], [*with_(题目="另一题"), None])
    found = importing.save(folder, data, {})
    after = read_pack(folder)
    assert (found.replaced, len(found.added)) == (["q001"], 1)
    assert len(after.questions) == len(PACK.questions) + 1
    assert after.questions[0].text.zh == "运费谁出？"
    assert importing.preview(data, after).unchanged == ["q001", found.added[0]]


def test_a_file_with_one_fault_changes_not_one_byte(folder):
    before = (folder / "questions.json").read_bytes()
    with pytest.raises(Problem) as refused:
        importing.save(folder, a_book(HEAD, ROW, with_(题目="另一题", 正确答案="E")), {})
    assert refused.value.kind is IMPORT_FAULTY
    assert "row 3, column I" in str(refused.value)
    assert "第 3 行 I 列" in str(refused.value)
    assert (folder / "questions.json").read_bytes() == before
    assert [file.name for file in folder.iterdir() if file.name.endswith(".part")] == []


def test_a_pack_may_not_be_left_with_too_few_questions(folder):
    with pytest.raises(Problem, match="at least 10"):
        importing.save(folder, a_book(HEAD, ROW), {}, only=True)


def test_export_and_import_of_only_that_file_leave_the_pack_as_it_was(folder):
    before = (folder / "questions.json").read_bytes()
    data, _left = importing.export(read_pack(folder).questions, PACK, "xlsx")
    importing.save(folder, data, {}, only=True)
    assert (folder / "questions.json").read_bytes() == before


def test_a_tablet_reads_packs_without_openpyxl():
    code = (
        "import sys; sys.modules['openpyxl'] = None\n"
        "import kiosk.packs.reader, kiosk.packs.importing as one\n"
        "from kiosk.errors import Problem\n"
        "try: one.template(kiosk.packs.reader.read_pack())\n"
        "except Problem as problem: print(problem.code)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "import.no_workbooks"


# --- small things ----------------------------------------------------------------------------------------------


NUMBERS = {
    "24": 24,
    "第一百二十三条": 123,
    "第十条": 10,
    "一千零二": 1002,
    "0": None,
    "x": None,
    "99999": None,
    "": None,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_of_articles(text):
    assert article_number(text) == NUMBERS[text]


@pytest.mark.parametrize(
    ("text", "day"), [("2027/3/5", "2027-03-05"), ("2027.12.31", "2027-12-31"), ("2027-13-01", None), ("41713", None)]
)
def test_days(text, day):
    assert day_of(text) == day


def test_every_fault_of_the_model_is_told_rather_than_raised():
    question, faults = question_of(Draft(Place(2, "题目"), {}), RULES)
    assert question is None
    assert {fault.field for fault in faults} >= {
        "kind",
        "topic",
        "difficulty",
        "text",
        "option1",
        "option2",
        "answer",
        "law",
        "article",
        "key",
    }
    assert set(KINDS) > gift.KINDS


def excel_s_own(*rows) -> bytes:
    """A workbook as Excel writes it: words in a table of their own, in pieces of several looks, with pinyin above."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    table, lines = [], []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, value in enumerate(row):
            at = f"{chr(65 + column)}{number}"
            if isinstance(value, int):
                cells.append(f'<c r="{at}"><v>{value}</v></c>')
            elif value is not None:
                half = len(value) // 2
                cells.append(f'<c r="{at}" t="s"><v>{len(table)}</v></c>')
                table.append(
                    f'<si><r><t xml:space="preserve">{value[:half]}</t></r>'
                    f"<r><rPr><b/></rPr><t>{value[half:]}</t></r>"
                    '<rPh sb="0" eb="1"><t>pin yin</t></rPh></si>'
                )
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    sheet = f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>"
    data = change_part(a_book(["x"]), "xl/worksheets/sheet1.xml", lambda _xml: sheet.encode())
    data = change_part(
        data,
        "[Content_Types].xml",
        lambda xml: xml.replace(
            b"</Types>",
            (
                b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-office'
                b'document.spreadsheetml.sharedStrings+xml"/></Types>'
            ),
        ),
    )
    with zipfile.ZipFile(stream := io.BytesIO(data), "a") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst {space}>{''.join(table)}</sst>")
    return stream.getvalue()


def test_a_workbook_as_excel_writes_it_is_read_without_what_stands_above_the_words():
    question = the_question(excel_s_own(HEAD, ROW))
    assert (question.text.zh, question.law) == ("运费谁出？", "消费者权益保护法")


def test_a_table_of_words_with_entities_is_refused():
    data = change_part(excel_s_own(HEAD, ROW), "xl/sharedStrings.xml", lambda _xml: LAUGHS)
    assert "损坏" in only_fault(data).zh
