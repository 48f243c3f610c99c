"""What a survey asks, what it takes, and what falls out again."""

import time
from datetime import date
from typing import Any

import pytest

from kiosk.packs import answering
from kiosk.packs.model import Text
from kiosk.packs.reader import read_pack
from kiosk.packs.surveys import TEXT_LIMIT, Choice, Question, Scale, Survey

TODAY = date(2027, 3, 15)


def a_text(words: str) -> Text:
    return Text(f"{words}（中）", words)


def a_question(name: str, kind: Any = "select_one", **more: Any) -> Question:
    label = None if kind == "calculate" else a_text(name)
    if kind.startswith("select"):
        more.setdefault("list_name", "yn")
    return Question(name=name, kind=kind, label=label, **more)


LISTS = {
    "yn": [Choice("yes", Text("是", "Yes")), Choice("no", Text("否", "No"))],
    "towns": [
        Choice("t1", a_text("one"), {"city": "c1"}),
        Choice("t2", a_text("two"), {"city": "c1"}),
        Choice("t3", a_text("three"), {"city": "c2"}),
    ],
    "cities": [Choice("c1", a_text("city one")), Choice("c2", a_text("city two")), Choice("c3", a_text("city three"))],
}


def a_survey(*questions: Question) -> Survey:
    return Survey(id="s", version="1", title=a_text("survey"), questions=list(questions), lists=LISTS)


SURVEY = a_survey(
    a_question("big", "text", relevant="${double} > 20"),  # looks at what stands behind it
    a_question("met", required=True),
    a_question("times", "integer", relevant="${met} = 'yes'", constraint=". > 0 and . < 100"),
    a_question("double", "calculate", calculation="${times} * 2"),
    a_question("hello", "note"),
    a_question("city", list_name="cities"),
    a_question("town", list_name="towns", choice_filter="city = ${city}", required=True),
    a_question("day", "date", constraint=". <= today()", constraint_message=Text("不能是以后。", "Not in the future.")),
    a_question("stars", "rating", scale=Scale("1", "5")),
)


def names(survey: Survey, answers: dict[str, list[str]]) -> list[str]:
    return [question.name for question in answering.shown(survey, answers, TODAY)]


def said(name: str, given: list[str], answers: dict[str, list[str]] | None = None, survey: Survey = SURVEY) -> str:
    question = survey.question(name)
    assert question is not None
    found = answering.check(survey, question, given, answers or {}, TODAY)
    return "" if found is None else found.en


def test_what_is_shown_follows_from_what_was_answered():
    assert names(SURVEY, {}) == ["met", "hello", "city", "day", "stars"]
    assert "times" in names(SURVEY, {"met": ["yes"]})
    assert names(SURVEY, {"met": ["yes"], "times": ["11"]})[0] == "big"
    assert "big" not in names(SURVEY, {"met": ["no"], "times": ["11"]})  # what is not asked any more counts for nothing


def test_a_question_without_anything_to_choose_is_passed_over():
    assert "town" in names(SURVEY, {"city": ["c2"]})
    assert "town" not in names(SURVEY, {"city": ["c3"]})


def test_choices_are_those_that_pass_the_filter():
    town = SURVEY.question("town")
    assert town is not None
    assert [one.code for one in answering.choices(SURVEY, town, {"city": ["c1"]}, TODAY)] == ["t1", "t2"]
    assert said("town", ["t1"], {"city": ["c1"]}) == ""
    assert "not there any more" in said("town", ["t1"], {"city": ["c2"]})


def test_answers_to_what_is_not_asked_any_more_fall_out():
    answers = {"met": ["yes"], "times": ["11"], "big": ["words"], "city": ["c1"], "town": ["t1"], "ghost": ["x"]}
    assert answering.prune(SURVEY, answers, TODAY) == {name: answers[name] for name in answers if name != "ghost"}
    assert answering.prune(SURVEY, answers | {"met": ["no"]}, TODAY) == {
        "met": ["no"], "city": ["c1"], "town": ["t1"]
    }  # fmt: skip
    assert "town" not in answering.prune(SURVEY, answers | {"city": ["c2"]}, TODAY)


def test_next_is_what_is_shown_behind():
    def following(name: str, answers: dict[str, list[str]]) -> str | None:
        found = answering.next_after(SURVEY, answers, name, TODAY)
        return None if found is None else found.name

    assert following("", {}) == "met"
    assert following("met", {"met": ["yes"]}) == "times"
    assert following("met", {"met": ["no"]}) == "hello"
    assert following("times", {"met": ["no"]}) == "hello"  # of one that is not shown any more
    assert following("stars", {}) is None
    assert following("nosuch", {}) == "met"


def test_a_survey_is_complete_once_what_is_required_is_answered_and_all_of_it_fits():
    answers = {"met": ["no"], "city": ["c1"], "town": ["t1"]}
    assert answering.is_complete(SURVEY, answers, TODAY)
    assert not answering.is_complete(SURVEY, {**answers, "met": []}, TODAY)
    assert not answering.is_complete(SURVEY, {**answers, "city": ["c2"]}, TODAY)
    assert not answering.is_complete(SURVEY, {**answers, "met": ["yes"], "times": ["500"]}, TODAY)
    assert answering.is_complete(SURVEY, {"met": ["no"], "city": ["c3"]}, TODAY)


@pytest.mark.parametrize(
    ("name", "given", "en"),
    [
        ("met", [], "needs an answer"),
        ("met", [" "], "needs an answer"),
        ("met", ["yes", "no"], "only one"),
        ("met", ["perhaps"], "not there any more"),
        ("times", [], ""),
        ("times", ["１２"], ""),
        ("times", ["1.5"], "whole number"),
        ("times", ["many"], "whole number"),
        ("times", ["0"], "does not fit"),
        ("times", ["9" * 16], "too large"),
        ("times", ["1e5"], "whole number"),
        ("day", ["2027年3月15日"], ""),
        ("day", ["2027/3/16"], "Not in the future."),
        ("day", ["2027-02-30"], "give a day"),
        ("day", ["yesterday"], "give a day"),
        ("stars", ["5"], ""),
        ("stars", ["5.5"], "from 1 to 5"),
        ("stars", ["0"], "from 1 to 5"),
        ("stars", ["many"], "from 1 to 5"),
        ("big", ["x" * TEXT_LIMIT], ""),
        ("big", ["x" * (TEXT_LIMIT + 1)], "at most 500"),
    ],
)
def test_an_answer_is_taken_or_a_sentence_says_why_not(name: str, given: list[str], en: str):
    sentence = said(name, given, {"met": ["yes"]})
    assert en in sentence
    assert bool(en) == bool(sentence)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("integer", ["１，２００"], ["1200"]),
        ("integer", ["007"], ["7"]),
        ("decimal", [" 3.50 "], ["3.5"]),
        ("decimal", ["−2"], ["-2"]),
        ("decimal", ["abc"], ["abc"]),
        ("date", ["２０２７－３－５"], ["2027-03-05"]),
        ("date", ["2027.3.5"], ["2027-03-05"]),
        ("date", ["20270305"], ["2027-03-05"]),
        ("date", ["二〇二七年三月十五日"], ["2027-03-15"]),
        ("date", ["二零二七年十二月三十一号"], ["2027-12-31"]),
        ("text", ["  好\u0007 的 "], ["好 的"]),
        ("select_multiple", ["b", "a", "b", ""], ["b", "a"]),
    ],
)
def test_an_answer_is_kept_in_one_way_of_writing(kind: str, given: list[str], kept: list[str]):
    assert answering.taken(a_question("q", kind), given) == kept


def test_a_none_of_them_stands_alone():
    survey = read_pack().surveys[0]
    assert said("rights", ["none"], survey=survey) == ""
    assert "nothing else" in said("rights", ["none", "know"], survey=survey)


def test_a_scale_may_be_decimal_or_go_down():
    assert answering.stops(Scale("0", "1", "0.25")) == ["0", "0.25", "0.5", "0.75", "1"]
    assert answering.stops(Scale("5", "1", "2")) == ["5", "3", "1"]
    assert answering.stops(Scale("0", "1000000")) == []
    survey = a_survey(a_question("q", "range", scale=Scale("0", "1", "0.1")))
    assert said("q", ["0.3"], survey=survey) == ""
    assert said("q", ["0.35"], survey=survey)


def test_what_stands_there_at_first_and_what_a_label_says():
    survey = a_survey(
        a_question("age", "integer", calculation="'30'"),
        a_question("met"),
        a_question("bad", "integer", calculation="'x'"),
        a_question("sum", "note"),
    )
    age, bad = survey.questions[0], survey.questions[2]
    assert answering.preset(survey, age, {}, TODAY) == ["30"]
    assert answering.preset(survey, bad, {}, TODAY) == []
    label = Text("${met}，${age}岁", "${met}, ${age}, ${nosuch}.")
    assert answering.worded(survey, label, {"met": ["yes"], "age": ["30"]}, TODAY) == Text("是，30岁", "Yes, 30, .")


def test_three_hundred_questions_that_each_look_at_the_one_before():
    chain = [a_question("q0", "integer")]
    chain += [a_question(f"q{n}", "integer", relevant=f"${{q{n - 1}}} = {n - 1}") for n in range(1, 300)]
    survey = a_survey(*reversed(chain))
    answers = {f"q{n}": [str(n)] for n in range(300)}
    begun = time.process_time()
    assert len(names(survey, answers)) == 300
    assert len(answering.prune(survey, answers | {"q100": ["1"]}, TODAY)) == 101
    assert answering.is_complete(survey, answers, TODAY)
    assert time.process_time() - begun < 5


def the_flaws(*questions: Question) -> list[tuple[str, str, str]]:
    return [(flaw.question, flaw.field, flaw.message.en) for flaw in answering.flaws(a_survey(*questions))]


def test_a_sound_survey_has_no_flaw():
    assert answering.flaws(SURVEY) == []
    assert [answering.flaws(survey) for survey in read_pack().surveys] == [[], [], []]


@pytest.mark.parametrize(
    ("more", "field", "en"),
    [
        ({"relevant": "${nosuch} = 1"}, "relevant", "no question called nosuch"),
        ({"constraint": ". > "}, "constraint", "not finished"),
        ({"relevant": "a = yes"}, "relevant", "what is yes?"),
        ({"choice_filter": "region = 'x'"}, "choice_filter", "no column region"),
        ({"list_name": "nosuch"}, "list_name", "has no choices"),
        ({"label": Text("${x}", "x")}, "label", "no question called x"),
        ({"kind": "range", "scale": Scale("1", "1")}, "scale", "start and end differ"),
        ({"kind": "range", "scale": Scale("1", "x")}, "scale", "are numbers"),
        ({"kind": "range", "scale": Scale("1", "inf")}, "scale", "too large"),
        ({"kind": "calculate", "calculation": ""}, "calculation", "how it is calculated"),
        ({"label": None}, "label", "no words"),
    ],
)
def test_a_flaw_is_named_with_its_question_and_field(more: dict[str, Any], field: str, en: str):
    question = Question(**{"name": "q", "kind": "select_one", "label": a_text("q"), "list_name": "yn", **more})
    found = the_flaws(question)
    assert any(flaw[:2] == ("q", field) and en in flaw[2] for flaw in found), found


def test_rings_are_named_and_what_hangs_on_them_is_not():
    found = the_flaws(
        a_question("a", relevant="${b} = 1"),
        a_question("b", "calculate", calculation="${a}"),
        a_question("me", relevant="${me} = 1"),
        a_question("behind", relevant="${a} = 1"),
        a_question("free"),
    )
    assert [flaw[:2] for flaw in found] == [("a", "relevant"), ("b", "calculation"), ("me", "relevant")]
    assert "ring" in found[0][2]


def test_names_and_choices_that_stand_twice():
    survey = Survey(
        id="s", version="1", title=a_text("s"), questions=[a_question("a"), a_question("a")],
        lists={"yn": [Choice("x", a_text("x"))] * 3},
    )  # fmt: skip
    said_ = [flaw.message.en for flaw in answering.flaws(survey)]
    assert said_ == ["this name is used twice", "the choice x stands 3 times"]


def test_a_flawed_survey_can_still_be_walked():
    """One from an older release, say: nothing raises, and what cannot be read holds."""
    survey = a_survey(
        a_question("a", relevant="((("),
        a_question("ring", relevant="${ring} = 1"),
        a_question("c", "calculate", calculation="nosuch()"),
        a_question("q", "range", scale=Scale("x", "y", "z")),
    )
    assert names(survey, {"a": ["yes"]}) == ["a", "q"]
    assert answering.is_complete(survey, {}, TODAY)
    assert answering.values(survey, {"a": ["no"]}, TODAY) == {"a": "no", "c": "", "q": ""}


def test_a_survey_that_no_tablet_works_out_in_time_is_flawed():
    pattern = "regex(., '[a-z]{0,500}')"
    many = [a_question(f"q{n}", "text", constraint=pattern) for n in range(8)]
    assert [flaw.question for flaw in answering.flaws(a_survey(*many))] == ["q5"]
    assert answering.flaws(a_survey(*many[:5])) == []
    towns = [Choice(f"t{n}", a_text("town"), {"city": "c1"}) for n in range(5_000)]
    asked = [a_question(f"s{n}", list_name="towns", choice_filter=f"city = 'c{n}'") for n in range(8)]
    survey = Survey(id="s", version="1", title=a_text("s"), questions=asked, lists={"towns": towns})
    assert [(flaw.question, flaw.field) for flaw in answering.flaws(survey)] == [("s6", "choice_filter")]
