"""A survey written in a form: six kinds of questions, what is wrong with them, and back."""

import msgspec
import pytest

from kiosk.packs import answering
from kiosk.packs.reader import BUILTIN, read_pack
from kiosk.packs.survey_drafts import MOST_CHOICES, Draft, Line, draft_of, is_same, made

LINES = [
    Line("one", zh="今天来逛的？", en="Here for fun?", required=True, choices="是 | Yes\n否｜No"),
    Line("several", zh="听说过哪些？", choices="退货\n\n 三包 | Repairs "),
    Line("number", zh="来过几次？"),
    Line("rating", zh="满意吗？"),
    Line("text", zh="想说什么？"),
    Line("note", zh="谢谢", required=True),
]


def a_draft(*lines: Line) -> Draft:
    return Draft("小调查", "", lines or LINES)


def test_six_kinds_of_questions_become_a_survey_that_can_be_asked():
    survey, faults = made(a_draft(), "own-1", "1", None)
    assert survey is not None
    assert (faults, answering.flaws(survey)) == ({}, [])
    assert [(one.name, one.kind, one.required) for one in survey.questions] == [
        ("q1", "select_one", True), ("q2", "select_multiple", False), ("q3", "integer", False),
        ("q4", "rating", False), ("q5", "text", False), ("q6", "note", False),
    ]  # fmt: skip
    assert [(one.code, one.label.zh, one.label.en) for one in survey.lists["q2"]] == [
        ("c1", "退货", "退货"), ("c2", "三包", "Repairs"),
    ]  # fmt: skip
    again, _ = made(draft_of(survey), "own-1", "2", survey)
    assert again is not None
    assert is_same(survey, again)


def test_a_choice_that_stays_keeps_its_code_and_a_question_its_name():
    before, _ = made(a_draft(), "own-1", "1", None)
    lines = [Line("text", zh="新的"), Line("one", "q1", "今天来逛的？", choices="说不清\n否\n是")]
    after, _ = made(a_draft(*lines), "own-1", "2", before)
    assert after is not None
    assert [one.name for one in after.questions] == ["q2", "q1"]
    assert {one.label.zh: one.code for one in after.lists["q1"]} == {"说不清": "c3", "否": "c2", "是": "c1"}
    assert not is_same(before, after)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (Line("text"), "missing"),
        (Line("text", zh="长" * 201), "long"),
        (Line("text", zh="你好 ${name}"), "formula"),
        (Line("one", zh="？", choices="是"), "few"),
        (Line("one", zh="？", choices="是\n是"), "twice"),
        (Line("one", zh="？", choices="是\n" + "长" * 200), "choices"),
        (Line("several", zh="？", choices="\n".join(str(n) for n in range(MOST_CHOICES + 1))), "many"),
    ],
)
def test_what_is_wrong_is_said_at_its_question(line: Line, fault: str):
    assert made(a_draft(LINES[0], line), "own-1", "1", None) == (None, {"q1": fault})


def test_what_a_form_could_not_say_is_not_edited_in_one():
    simple, _ = made(a_draft(), "own-1", "1", None)
    first = msgspec.structs.replace(simple.questions[2], constraint=". < 9")
    assert draft_of(msgspec.structs.replace(simple, questions=[first])) is None
    assert [draft_of(survey) for survey in read_pack(BUILTIN).surveys] == [None, None, None]
    assert made(Draft(), "own-1", "1", None) == (None, {"title": "missing", "questions": "missing"})
