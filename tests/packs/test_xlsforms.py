"""XLSForms as people write them: a survey, or everything that is wrong with them at once; and back."""

import io
import re
import time
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from kiosk.cli import main
from kiosk.errors import Problem
from kiosk.packs import answering, xlsforms
from kiosk.packs.drafts import Fault, Place
from kiosk.packs.model import Text
from kiosk.packs.reader import read_pack
from kiosk.packs.surveys import Choice, Question, Scale, Survey
from kiosk.packs.workbooks import FormRow, FormSheet
from kiosk.packs.xlsforms import plain, read_xlsform, write_xlsform
from tests.makers import a_pack
from tests.proof import figure, share

TODAY = date(2027, 3, 15)
HEADS = ["type", "name", "label", "hint", "required", "relevant", "constraint", "constraint_message", "calculation",
         "choice_filter", "appearance", "default", "parameters"]  # fmt: skip
YES_NO = [["list_name", "name", "label"], ["yn", "yes", "是"], ["yn", "no", "否"]]
Rows = Sequence[Sequence[Any]]


def a_book(survey: Rows, choices: Rows = YES_NO, settings_: Rows = (), **others: Rows) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in {"survey": survey, "choices": choices, "settings": settings_, **others}.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return book


def data_of(book: openpyxl.Workbook) -> bytes:
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def a_form(*rows: dict[str, Any], choices: Rows = YES_NO, settings_: Rows = (), heads: Sequence[str] = ()) -> bytes:
    """Rows of the sheet survey as cells by heading; the label goes without saying."""
    heads = heads or [*HEADS, *dict.fromkeys(key for row in rows for key in row if key not in HEADS)]
    filled = [{"label": row.get("name", ""), **row} for row in rows]
    return data_of(a_book([heads, *([row.get(head) for head in heads] for row in filled)], choices, settings_))


def read(*rows: dict[str, Any], **more: Any) -> Survey:
    found = read_xlsform(a_form(*rows, **more))
    assert found.survey is not None, [fault.line("en") for fault in found.faults]
    return found.survey


def faults(data: bytes) -> list[str]:
    found = read_xlsform(data)
    assert found.survey is None
    assert all(fault.zh and fault.en for fault in found.faults)
    return [fault.line("en") for fault in found.faults]


def the_faults(*rows: dict[str, Any], **more: Any) -> list[str]:
    return faults(a_form(*rows, **more))


# --- what is read ----------------------------------------------------------------------------------


def test_a_form_of_all_kinds():
    survey = read(
        {"type": "select_one yn", "name": "met", "label": "见过吗？", "required": "yes", "hint": "想一想"},
        {"type": "begin group", "name": "g", "label": "详细", "relevant": "${met} = 'yes'"},
        {"type": "SELECT_MULTIPLE  yn ", "name": "many ", "relevant": "${n} > 1"},
        {"type": "Integer", "name": "n", "constraint": ". > 0", "constraint_message": "太小", "default": 3},
        {"type": "end_group"},
        {"type": "decimal", "name": "d", "required": True},
        {"type": "text", "name": "t", "appearance": "multiline", "default": "it's"},
        {"type": "date", "name": "day", "default": "today()"},
        {"type": "note", "name": "hello", "label": "谢谢"},
        {"type": "range", "name": "r", "parameters": "start=0 end=10; step=2"},
        {"type": "range", "name": "stars", "parameters": "end=5", "appearance": "rating"},
        {"type": "calculate", "name": "c", "calculation": "${n} + 1"},
        settings_=[["form_title", "form_id", "version"], ["调查", "Fair Survey 2027", 20270315]],
    )
    assert (survey.id, survey.version, survey.title.zh) == ("fair-survey-2027", "20270315", "调查")
    by_name = {question.name: question for question in survey.questions}
    assert list(by_name) == ["met", "many", "n", "d", "t", "day", "hello", "r", "stars", "c"]
    kinds = "select_one select_multiple integer decimal text date note range rating calculate"
    assert [question.kind for question in survey.questions] == kinds.split()
    assert by_name["met"].required
    assert by_name["d"].required
    assert not by_name["n"].required
    assert by_name["many"].relevant == "(${met} = 'yes') and (${n} > 1)"
    assert by_name["n"].group == Text("详细", "详细")
    assert by_name["d"].group is None
    assert (by_name["n"].constraint_message, by_name["n"].calculation) == (Text("太小", "太小"), "'3'")
    assert (by_name["t"].calculation, by_name["day"].calculation) == ('"it\'s"', "today()")
    assert (by_name["r"].scale, by_name["stars"].scale) == (Scale("0", "10", "2"), Scale("1", "5", "1"))
    assert [choice.code for choice in survey.lists["yn"]] == ["yes", "no"]
    assert answering.flaws(survey) == []


def test_languages_by_name_and_by_code_and_what_is_left_out():
    heads = [
        "type",
        "name",
        "label::简体中文 (zh-Hans)",
        "label::English (en)",
        "label::Français (fr)",
        "Hint :: Chinese",
    ]
    data = data_of(a_book([heads, ["text", "a", "甲", "A", "Â", "提示"], ["text", "b", "乙", None, "B", None],
                           ["text", "c", None, "C", None, None]], ()))  # fmt: skip
    found = read_xlsform(data)
    assert found.survey is not None
    assert [question.label for question in found.survey.questions] == [
        Text("甲", "A"),
        Text("乙", "乙"),
        Text("C", "C"),
    ]
    assert found.survey.questions[0].hint == Text("提示", "提示")
    assert ["Français (fr)" in note.en for note in found.notes] == [True]


def test_the_default_language_names_the_plain_column():
    data = data_of(
        a_book(
            [
                ["type", "name", "label", "label::中文"],
                ["text", "a", "English words", "中文"],
                ["text", "b", "B", None],
            ],
            settings_=[["form_id", "default_language"], ["f", "English (en)"]],
        )
    )
    survey = read_xlsform(data).survey
    assert survey is not None
    assert [question.label for question in survey.questions] == [Text("中文", "English words"), Text("B", "B")]


def test_what_a_phone_notes_of_itself_is_left_out_and_named():
    found = read_xlsform(
        a_form(
            {"type": "start", "name": "start"},
            {"type": "today", "name": "heute"},
            {"type": "deviceid", "name": "deviceid"},
            {"type": "hidden", "name": "round", "default": "2"},
            {"type": "date", "name": "day", "constraint": ". <= ${heute} and ${round} = 2"},
            choices=(),
        )
    )
    assert found.survey is not None
    calculated = {one.name: one.calculation for one in found.survey.questions if one.kind == "calculate"}
    assert calculated == {"heute": "today()", "round": "'2'"}
    assert len(found.notes) == 4
    assert "deviceid is what a phone notes" in the_faults(
        {"type": "deviceid", "name": "deviceid"}, {"type": "text", "name": "a", "relevant": "${deviceid} = '1'"}
    )[0]  # fmt: skip


def test_or_other_adds_a_choice_and_a_question():
    survey = read({"type": "select_one yn or_other", "name": "a"}, {"type": "select_one yn", "name": "b"})
    assert [question.name for question in survey.questions] == ["a", "a_other", "b"]
    a, other, b = survey.questions
    assert [choice.code for choice in survey.choices(a)] == ["yes", "no", "other"]
    assert [choice.code for choice in survey.choices(b)] == ["yes", "no"]
    assert [one.name for one in answering.shown(survey, {"a": ["other"]}, TODAY)] == ["a", "a_other", "b"]
    assert [one.name for one in answering.shown(survey, {"a": ["yes"]}, TODAY)] == ["a", "b"]
    assert other.kind == "text"


def test_choices_with_columns_of_their_own_and_lists_nobody_asks_from():
    found = read_xlsform(
        a_form(
            {"type": "select_one city", "name": "city"},
            {"type": "select_one town", "name": "town", "choice_filter": "city=${city}"},
            choices=[
                ["list name", "value", "label", "city"],
                ["city", "c1", "一", None],
                ["town", "t1", "二", "c1"],
                ["town", "t2", "三", "c2"],
                ["unused", "bad code", "x", None],
                [None, "lost", "x", None],
            ],
        )
    )
    survey = found.survey
    assert survey is not None
    town = survey.question("town")
    assert town is not None
    assert [one.code for one in answering.choices(survey, town, {"city": ["c1"]}, TODAY)] == ["t1"]
    assert sorted(note.place.row for note in found.notes) == [5, 6]


def test_the_id_is_a_slug_whatever_the_form_is_called():
    assert read({"type": "text", "name": "a"}, settings_=[["form_id"], ["../Ä b"]]).id == "b"
    one = read({"type": "text", "name": "a"}, settings_=[["form_title", "form_id"], ["问卷", "问卷"]])
    assert re.fullmatch(r"s-[0-9a-f]{10}", one.id)
    assert (
        read({"type": "text", "name": "a"}).version
        == read({"type": "text", "name": "a"}).version
        != read({"type": "text", "name": "b"}).version
    )


# --- what is refused, all at once -------------------------------------------------------------------


def test_everything_that_cannot_be_asked_is_listed_at_once():
    found = the_faults(
        {"type": "begin repeat", "name": "r"},
        {"type": "geopoint", "name": "gps"},
        {"type": "image", "name": "photo"},
        {"type": "barcode", "name": "code"},
        {"type": "end repeat"},
        {"type": "select_one_from_file towns.csv", "name": "town"},
        {"type": "rank yn", "name": "rank"},
        {"type": "audit", "name": "audit"},
        {"type": "calculate", "name": "p", "calculation": "pulldata('a', 'b', 'c', ${gps})"},
        {"type": "text", "name": "with", "media::image": "a.png"},
        {"type": "select_one yn", "name": "s", "appearance": "search('towns')"},
        {"type": "nosuch", "name": "n"},
    )
    rows = [int(re.search(r"row (\d+)", fault)[1]) for fault in found]  # type: ignore[index]
    assert rows == [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]
    for fault, words in zip(
        found,
        ("repeats", "map", "photos", "barcodes", "another file", "ranking", "audit", "pulldata()", "pictures", "search",
         "no type “nosuch”"),
        strict=True,
    ):  # fmt: skip
        assert words in fault


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"name": "a", "relevant": "${nosuch} = 1"}], ["row 2, column F: there is no question called nosuch"]),
        ([{"name": "a", "label": "hello ${nosuch}"}], ["row 2, column C: there is no question called nosuch"]),
        ([{"name": "a", "relevant": "${b} = 1"}, {"name": "b", "relevant": "${a} = 1"}],
         ["row 2, column F: this goes round", "row 3, column F: this goes round"]),
        ([{"name": "a", "type": "calculate", "calculation": "${a} + 1"}], ["row 2, column I: this goes round"]),
        ([{"name": "a"}, {"name": "b"}, {"name": "a"}], ["row 4, column B: the name a stands in row 2 too"]),
        ([{"name": "a", "type": "select_one nosuch"}], ["row 2, column A: there is no list nosuch"]),
        ([{"name": "a", "type": "select_one yes no"}], ["row 2, column A: “select_one yes no” is not understood"]),
        ([{"name": "题目一"}], ["row 2, column B: the name “题目一” cannot be used"]),
        ([{"name": None, "label": "x"}], ["row 2, column B: this question has no name"]),
        ([{"name": "a", "label": None}], ["row 2, column C: this question has no words"]),
        ([{"name": "a", "type": None}], ["row 2, column A: the type of this row is missing"]),
        ([{"name": "a", "constraint": ". >"}], ["row 2, column G: character 4: the formula is not finished"]),
        ([{"name": "a", "constraint": "regex(., '(')"}], ["row 2, column G: character 10"]),
        ([{"name": "a", "required": "${b} = 1"}, {"name": "b"}], ["row 2, column E: required is yes or blank"]),
        ([{"name": "a", "type": "range", "parameters": "start=1 end=x"}], ["row 2, column M: start, end and step"]),
        ([{"name": "a", "type": "range", "parameters": "1 to 5"}], ["row 2, column M: parameters are written"]),
        ([{"name": "a", "trigger": "${a}"}], ["row 2, column N: the column trigger"]),
        ([{"name": "a", "label": "字" * 601}], ["row 2, column C: this has more than 600"]),
        ([{"name": "a", "relevant": "1 = 1 or " * 120 + "1 = 1"}], ["row 2, column F: the formula has more than 1000"]),
        ([{"name": "g", "type": "begin group"}, {"name": "a"}], ["row 2, column A: this group never ends"]),
        ([{"name": "a"}, {"type": "end group"}], ["row 3, column A: there is no group to end"]),
        ([{"name": "c", "type": "calculate"}], ["row 2, column I: how it is calculated is missing"]),
    ],
)  # fmt: skip
def test_each_fault_stands_at_its_cell(rows: list[dict[str, Any]], expected: list[str]):
    found = the_faults(*({"type": "text", **row} for row in rows))
    assert len(found) == len(expected), found
    for fault, words in zip(found, expected, strict=True):
        assert words in fault


def test_faults_of_choices():
    found = the_faults(
        {"type": "select_one l", "name": "a"},
        choices=[
            ["list_name", "name", "label", "media::image"],
            ["l", "a", "A", None],
            ["l", "a", "A2", None],
            ["l", "选项", "B", None],
            ["l", "with space", "C", None],
            ["l", None, "D", None],
            ["l", "e", None, None],
            ["l", "f", "F", "f.png"],
        ],
    )
    assert [re.search(r"row \d+, column [A-Z]", fault)[0] for fault in found] == [  # type: ignore[index]
        "row 3, column B", "row 4, column B", "row 5, column B", "row 6, column B", "row 7, column C",
        "row 8, column D",
    ]  # fmt: skip


def test_a_form_in_other_languages_alone_is_one_fault_and_not_one_a_row():
    data = data_of(a_book([["type", "name", "label::Français (fr)"], *(["text", f"q{n}", "Q"] for n in range(50))], ()))
    assert ["in neither Chinese nor English" in fault for fault in faults(data)] == [True]


def test_cells_that_say_nothing_certain():
    book = a_book([HEADS, ["text", "a", "=1+1"], ["text", "b", None], ["text", "c", 0.5], ["text", "d", "#DIV/0!"]])
    sheet = book["survey"]
    sheet["C4"].number_format = "0%"
    sheet.merge_cells("C5:D5")
    sheet["C5"].data_type = "e"
    sheet["B6"], sheet["A6"], sheet["C6"] = "e", "text", "merged"
    sheet.merge_cells("C6:D7")
    found = faults(data_of(book))
    assert [fault.split(": ")[1].split(";")[0] for fault in found] == [
        "this cell is a formula",
        "this question has no words (label)",
        "this cell is a number or a day that looks otherwise than it is kept",
        "this cell is the error #DIV/0!",
        "cells are merged here, and it is not clear whose they are",
    ]


def test_days_of_1904_are_the_days_they_look_like():
    book = a_book([HEADS, ["date", "a", "A", *[None] * 8, datetime(2027, 3, 15)]])  # noqa: DTZ001 (a cell has no zone)
    book.epoch = CALENDAR_MAC_1904
    survey = read_xlsform(data_of(book)).survey
    assert survey is not None
    assert survey.questions[0].calculation == "'2027-03-15'"


def test_five_hundred_faults_are_listed_and_the_rest_is_counted():
    found = the_faults(*({"type": "text", "name": f"q{n}", "relevant": "${x}", "constraint": "("} for n in range(299)))
    assert len(found) == 500
    assert "99 more are not listed" in found[-1]


def test_too_many_questions_and_too_many_choices(monkeypatch: pytest.MonkeyPatch):
    assert "there are 301 questions" in the_faults(*({"type": "text", "name": f"q{n}"} for n in range(301)))[0]
    monkeypatch.setattr(xlsforms, "MOST_CHOICES", 50)
    many = [["list_name", "name", "label"], *(["l", f"c{n}", f"选项{n}"] for n in range(51))]
    assert "more than 50 choices" in the_faults({"type": "select_one l", "name": "a"}, choices=many)[0]


def test_three_hundred_questions_and_five_thousand_choices_are_read_in_two_seconds():
    rows = [
        {"type": "select_one l", "name": f"q{n}", "label": f"第{n}题", "hint": f"提示{n}", "required": "yes",
         "relevant": f"${{q{n - 1}}} != 'c{n}'" if n else None, "choice_filter": "town = 'x'"}
        for n in range(300)
    ]  # fmt: skip
    many = [["list_name", "name", "label", "town"], *(["l", f"c{n}", f"选项{n}", "x"] for n in range(5000))]
    data = a_form(*rows, choices=many)
    begun = time.process_time()
    found = read_xlsform(data)
    spent = time.process_time() - begun
    assert found.survey is not None
    assert (len(found.survey.questions), len(found.survey.lists["l"])) == (300, 5000)
    figure("XLSForm of 300 questions and 5,000 choices read, seconds", f"{spent:.2f}")
    assert spent < share(2, 8)  # `make test` runs beside itself, on whatever machine


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100, "old Excel file"),
        (b"type,name,label\ntext,a,A\n", "no .xlsx"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"x" * (5 * 1024 * 1024 + 1), "5 MB"),
    ],
)
def test_files_that_are_no_workbooks(data: bytes, words: str):
    assert words in faults(data)[0]


def test_books_without_a_survey_or_with_nothing_in_it():
    assert "no sheet called survey" in faults(data_of(openpyxl.Workbook()))[0]
    assert "no headings" in faults(data_of(a_book([["题型", "题名"], ["text", "a"]])))[0]
    assert "nothing to ask" in faults(data_of(a_book([HEADS])))[0]


def test_a_book_that_unpacks_to_too_much():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (30 * 1024 * 1024))
    assert "unpacks to too much" in faults(data.getvalue())[0]


def test_looks_are_left_out_and_counted():
    rows = [{"type": "text", "name": f"q{n}", "appearance": "w1 numbers"} for n in range(3)]
    found = read_xlsform(a_form(*rows, choices=()))
    assert [note.en for note in found.notes] == [
        "the appearance “w1” has no meaning here and was left out (3 times)",
        "the appearance “numbers” has no meaning here and was left out (3 times)",
    ]


CELLS = st.sampled_from(
    [None, None, "a", "b", "${a}", "${b}", "select_one l", "select_multiple l or_other", "select_one l or_other",
     "text", "begin group", "end group", "begin repeat", "range", "rating", "calculate", "hidden", "today", "yes", "l",
     "start=1 end=2", "other", "a_other", "(", "1 = 1", "today()", "题", "minimal", "label", "search('x')", "=1",
     "\x00", "-1", "é" * 700, "note", "image", "l_or_other", "group_1", "media", "'", "''", "\"'"]
)  # fmt: skip


@settings(max_examples=share(2_000, 100), deadline=None)
@given(
    st.lists(st.lists(CELLS, max_size=13), max_size=8),
    st.lists(st.lists(CELLS, max_size=4), max_size=6),
    st.lists(CELLS, max_size=5),
    st.booleans(),
)
def test_whatever_stands_in_the_cells_is_a_sound_survey_or_faults(survey: Rows, choices: Rows, form: Any, odd: bool):
    def sheet(name: str, rows: Rows) -> FormSheet:
        cells = [{place: cell for place, cell in enumerate(row) if cell is not None} for row in rows]
        wrong = {0: Fault(Place(2, name, "A"), "公式", "a formula")} if odd else {}
        return FormSheet(name, [FormRow(n, row, wrong if n == 3 else {}) for n, row in enumerate(cells, 1)], [], [])

    heads = ["form_title", "form_id", "version", "default_language", "intro"]
    found = xlsforms.read_sheets(
        [
            sheet("survey", [HEADS, *survey]),
            sheet("choices", [["list_name", "name", "label", "a"], *choices]),
            sheet("settings", [heads, form]),
        ]
    )
    assert (found.survey is None) == bool(found.faults)
    if found.survey is not None:
        assert answering.flaws(found.survey) == []
        assert msgspec.json.decode(msgspec.json.encode(found.survey), type=Survey) == found.survey
        assert answering.shown(found.survey, {}, TODAY) is not None


# --- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**Bold** and *slanted* and _so_", "Bold and slanted and so"),
        ("# 标题\n正文", "标题\n正文"),
        ("<b>粗</b><br>下一行<span style='color:red'>红</span>", "粗\n下一行红"),
        ("[here](https://example.org/a_b)", "here"),
        ("a &lt; b &amp; c&nbsp;d", "a < b & c d"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("5 * 3 * 2 = 30, a_b_c, 2 < 3 > 1", "5 * 3 * 2 = 30, a_b_c, 2 < 3 > 1"),
        ("**${my_first_name}** ${b}", "${my_first_name} ${b}"),
        ("\\*not bold\\*", "*not bold*"),
        ("{{ 7*7 }} {% raw %} ' OR 1=1 --", "{{ 7*7 }} {% raw %} ' OR 1=1 --"),
        ("\u202e反的 \u0000", "\u202e反的"),
    ],
)
def test_a_label_is_its_words(written: str, shown: str):
    assert plain(written) == shown


def test_markup_without_an_end_is_quick():
    begun = time.process_time()
    for hostile in ("*", "_a", "[", "<b ", "&", "**a", "#", "\n ", "__a"):
        plain(hostile * 5000)
    assert time.process_time() - begun < 8


# --- out -------------------------------------------------------------------------------------------


def test_the_built_in_surveys_come_back_as_they_went_out():
    for survey in read_pack().surveys:
        assert read_xlsform(write_xlsform(survey)).survey == survey


WORDS = st.one_of(
    st.sampled_from(
        ["=1+1", "<b>粗</b>", "*a*", "__x__", "# 题", "a\nb", "&amp;", "_x0041_", "\\*", "[a](http://b)", "@x"]
    ),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1, max_size=20),
)
TEXTS = st.builds(
    Text, *[WORDS.map(lambda words: re.sub(r"\s+", " ", words.replace("$", "").replace("\x85", "")).strip() or "x")] * 2
)


@st.composite
def surveys(draw: Any) -> Survey:
    codes = draw(st.lists(st.from_regex(r"[A-Za-z0-9_.-]{1,5}", fullmatch=True), min_size=1, max_size=4, unique=True))
    lists = {"l": [Choice(code, draw(TEXTS), draw(st.sampled_from([{}, {"k": "v"}]))) for code in codes]}
    questions: list[Question] = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["select_one", "select_multiple", "integer", "text", "date", "note", "rating",
                                     "range", "calculate"]))  # fmt: skip
        is_asked = kind not in ("calculate", "note")
        questions.append(
            Question(
                name=f"q{number}",
                kind=kind,
                label=None if kind == "calculate" else draw(TEXTS),
                hint=draw(st.none() | TEXTS) if kind != "calculate" else None,
                required=is_asked and draw(st.booleans()),
                required_message=draw(st.none() | TEXTS),
                relevant=draw(st.sampled_from(["", "${q0} = '1'"])) if number else "",
                constraint=". != ''" if is_asked and draw(st.booleans()) else "",
                calculation="1 + 1" if kind == "calculate" else "",
                list_name="l" if kind.startswith("select") else "",
                scale=Scale("0", "4", "2") if kind in ("rating", "range") else None,
                appearance="multiline" if kind == "text" and draw(st.booleans()) else "",
                group=draw(st.none() | st.sampled_from([Text("组一", "One"), Text("组二", "Two")])),
            )
        )
    used = lists if any(question.list_name for question in questions) else {}
    return Survey(
        id="s", version=draw(st.sampled_from(["1", "2027-03"])), title=draw(TEXTS), intro=draw(st.none() | TEXTS),
        questions=questions, lists=used,
    )  # fmt: skip


@settings(max_examples=share(200, 6), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(surveys())
def test_any_survey_comes_back_as_it_went_out(survey: Survey):
    try:
        data = write_xlsform(survey)
    except Problem as problem:
        pytest.fail(f"{problem.details}")
    assert read_xlsform(data).survey == survey


def test_what_would_come_back_otherwise_is_not_given_out():
    survey = msgspec.structs.replace(read_pack().surveys[2], version=" 1 ")
    with pytest.raises(Problem) as caught:
        write_xlsform(survey)
    assert caught.value.code == "survey.unwritable"


# --- from the command line --------------------------------------------------------------------------


def test_a_form_is_checked_taken_into_a_pack_and_written_out_again(tmp_path: Path):
    pack, form, out = a_pack(tmp_path / "pack"), tmp_path / "form.xlsx", tmp_path / "out.xlsx"
    form.write_bytes(a_form({"type": "text", "name": "a"}, settings_=[["form_id"], ["mine"]]))

    def run(*words: object) -> str:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.output

    assert "survey mine" in run("pack", "check", form)
    assert "nothing was saved" in run("pack", "import", form, "--into", pack, "--survey")
    assert "mine added" in run("pack", "import", form, "--into", pack, "--survey", "--save")
    assert "mine replaced" in run("pack", "import", form, "--into", pack, "--survey", "--save")
    assert [survey.id for survey in read_pack(pack).surveys][-1] == "mine"
    assert len(read_pack(pack).surveys) == 4
    run("pack", "export", pack, out, "--survey", "rights-awareness")
    assert read_xlsform(out.read_bytes()).survey == read_pack().surveys[0]
    assert "4 surveys" in run("pack", "check", pack)


def test_a_form_with_faults_is_refused_with_all_of_them(tmp_path: Path):
    form = tmp_path / "form.xlsx"
    form.write_bytes(a_form({"type": "image", "name": "a"}, {"type": "text", "name": "b", "relevant": "${x}"}))
    result = CliRunner().invoke(main, ["pack", "check", str(form)])
    assert result.exit_code != 0
    with pytest.raises(Problem) as caught:
        xlsforms.refuse_faults(read_xlsform(form.read_bytes()))
    assert caught.value.code == "import.faulty"
    assert caught.value.details["count"] == 2
    assert "第 3 行" in str(caught.value.details["faults"])
