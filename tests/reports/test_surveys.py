"""What a survey comes to, against sets counted by hand."""

import json
from typing import Any

from kiosk.packs.model import Text
from kiosk.packs.surveys import Choice, Question, Scale, Survey
from kiosk.reports.surveys import CAVEAT, Given, Told, cross, results, told

YES, NO = Choice("yes", Text("是", "Yes")), Choice("no", Text("否", "No"))
QUESTIONS = [
    Question(name="fun", kind="select_one", label=Text("好玩吗？", "Fun?"), list_name="yesno"),
    Question(name="heard", kind="select_multiple", label=Text("听说？", "Heard?"), list_name="yesno"),
    Question(name="stars", kind="rating", label=Text("几星？", "Stars?"), scale=Scale("1", "3")),
    Question(name="times", kind="integer", label=Text("几次？", "Times?")),
    Question(name="say", kind="text", label=Text("想说？", "Say?")),
]
SURVEY = Survey(id="s", version="1", title=Text("小", "S"), questions=QUESTIONS, lists={"yesno": [YES, NO]})


def given(n: int = 1, phase: str = "", play: str = "", desk: str = "d01", **more: Any) -> list[Given]:
    answers = {name: value if isinstance(value, list) else [value] for name, value in more.items()}
    answers.pop("valid", None)
    text = json.dumps(answers, separators=(",", ":"))
    return [Given("j", desk, "booth", phase, play, more.get("valid", True), False, text)] * n


def gathered(*rows: Given) -> Told:
    return told(rows)


def test_counts_shares_means_and_medians_are_those_counted_by_hand():
    found = results(
        SURVEY,
        gathered(
            *given(6, fun="yes", heard=["yes", "no"], stars="3", times="1"),
            *given(4, fun="no", heard="no", stars="1", times="2", desk="d09"),
            *given(2, stars="2", times="40"),
            *given(3, fun="no", stars="1", valid=False),
        ),
        {"d01": "v1"},
    )
    assert (found.answered, found.valid) == (15, 12)
    assert [(one.key, one.answered, one.valid) for one in found.venues] == [("v1", 11, 8), ("", 4, 4)]
    fun, heard, stars, times = found.outcomes
    assert (fun.n, [(bar.code, bar.n, fun.share(bar)) for bar in fun.bars]) == (10, [("yes", 6, 0.6), ("no", 4, 0.4)])
    assert (heard.n, [bar.n for bar in heard.bars], heard.share(heard.bars[1])) == (10, [6, 10], 1.0)
    assert (stars.n, [bar.n for bar in stars.bars], stars.mean, stars.median) == (12, [4, 2, 6], 26 / 12, 2.5)
    assert (times.n, times.mean, times.median) == (12, 94 / 12, 1.5)
    assert [(bar.label.zh, bar.n) for bar in times.bars] == [("1", 6), ("2", 4), ("40", 2)]
    assert fun.sentence("zh") == f"“好玩吗？”：10 人回答，其中“是”60.0%（6 人）、“否”40.0%（4 人）。{CAVEAT.zh}"
    assert stars.sentence("en") == f"“Stars?”: 12 answered, mean 2.17, median 2.5. {CAVEAT.en}"


def test_of_fewer_than_ten_there_are_counts_and_no_shares():
    [fun, *_] = results(SURVEY, gathered(*given(9, fun="yes")), {}).outcomes
    assert (fun.n, fun.bars[0].n, fun.share(fun.bars[0])) == (9, 9, None)
    assert "9 人回答，不足 10 人，不计算比例" in fun.sentence("zh")


def test_numbers_of_many_kinds_stand_in_classes_and_none_is_lost():
    many = [one for n in range(1, 96) for one in given(times=str(n))]
    hostile = given(times="9" * 60) + given(times="NaN") + given(times="")
    times = results(SURVEY, gathered(*many, *hostile), {}).outcomes[3]
    assert (len(times.bars), sum(bar.n for bar in times.bars), times.bars[0].label.zh) == (10, 95, "1 – <11")


def test_two_questions_against_one_another():
    found = cross(
        SURVEY,
        gathered(
            *given(6, fun="yes", heard=["yes", "no"]),
            *given(3, fun="no", heard="no"),
            *given(1, fun="no"),
            *given(5, fun="no", heard="yes", valid=False),
        ),
        QUESTIONS[0],
        QUESTIONS[1],
    )
    assert (found.n, [one.zh for one in found.columns]) == (9, ["是", "否"])
    assert [(label.zh, n, cells) for label, n, cells in found.rows] == [("是", 6, [6, 6]), ("否", 3, [0, 3])]


def test_before_and_after_counts_those_who_answered_both_times_alone():
    found = results(
        SURVEY,
        gathered(
            *given(phase="before", play="a", fun="no", stars="1"),
            *given(phase="after", play="a", fun="yes", stars="3"),
            *given(phase="before", play="b", fun="no", stars="2"),
            *given(phase="after", play="b", fun="no", stars="2"),
            *given(phase="before", play="c", fun="yes"),
            *given(phase="after", play="d", fun="yes"),
            *given(phase="before", play="e", fun="yes"),
            *given(phase="after", play="e", fun="yes", valid=False),
        ),
        {},
    )
    assert (found.answered, found.valid) == (0, 0)
    fun, stars = found.pairs[0], found.pairs[2]
    assert (fun.n, [(label.zh, before, after) for label, before, after in fun.bars]) == (
        2,
        [("是", 0, 1), ("否", 2, 1)],
    )
    assert (stars.n, stars.before, stars.after) == (2, 1.5, 2.5)
