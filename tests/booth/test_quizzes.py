"""A quiz from the first question to the result; each first try is one fact."""

import msgspec
import pytest
from flask.testing import FlaskClient

from kiosk.booth.context import Booth
from kiosk.clock import stamp
from kiosk.facts.envelope import Fact
from kiosk.sync.push import Meeting
from tests.clocks import FakeClock
from tests.makers import Browser, Form, Page, facts_of


@pytest.fixture
def visitor(client: FlaskClient) -> Browser:
    return Browser(client)


def the_question(visitor: Browser) -> Form:
    return visitor.get("/quiz").form("/quiz/answer")


def answer(visitor: Browser, booth: Booth, *, rightly: bool = True) -> Page:
    form = the_question(visitor)
    right = booth.pack.question_by_id[form.values["question"]].answer[0]
    return visitor.send(form, option=next(one for one in form.choices("option") if (one == right) == rightly))


def play(visitor: Browser, booth: Booth, right: int) -> Page:
    """Answer five questions, the first `right` of them rightly; the result."""
    for number in range(5):
        page = answer(visitor, booth, rightly=number < right)
        page = visitor.send(page.form("/quiz/next"))
    return page


def the_answers(booth: Booth) -> list[Fact]:
    return facts_of(booth.journal, "quiz.answered")


@pytest.mark.parametrize(("right", "passed"), [(5, True), (4, True), (3, False), (0, False)])
def test_a_quiz_is_played_to_its_end(visitor: Browser, booth: Booth, right: int, passed: bool):
    page = play(visitor, booth, right)
    assert f"<strong>{right}</strong>" in page
    [finished] = facts_of(booth.journal, "quiz.finished")
    assert (finished.body["right"], finished.body["questions"], finished.body["passed"]) == (right, 5, passed)
    assert [fact.body["right"] for fact in the_answers(booth)] == [number < right for number in range(5)]


def test_all_facts_of_a_play_name_one_session_and_no_person(visitor: Browser, booth: Booth):
    play(visitor, booth, 5)
    facts = facts_of(booth.journal)
    assert len({fact.body["session"] for fact in facts}) == 1
    assert {fact.by for fact in facts} == {"visitor"}


def test_the_totals_follow(visitor: Browser, booth: Booth):
    play(visitor, booth, 4)
    totals = booth.journal.day_totals("2027-03-15")
    assert totals == {"quiz.answered": 5, "quiz.right": 4, "quiz.finished": 1, "quiz.passed": 1}


def test_a_fact_says_how_long_it_took_and_which_option(visitor: Browser, booth: Booth, clock: FakeClock):
    form = the_question(visitor)
    clock.tick(7.5)
    visitor.send(form, option="a" if "a" in form.choices("option") else "true")
    [fact] = the_answers(booth)
    assert fact.body["ms"] == 7500
    assert fact.body["chosen"] in (["a"], ["true"])
    assert fact.id == form.values["id"]


def test_the_answer_is_not_on_the_page_before_it_was_given(visitor: Browser, booth: Booth):
    page = visitor.get("/quiz")
    question = booth.pack.question_by_id[page.form("/quiz/answer").values["question"]]
    assert question.explanation.zh not in page
    assert "option-right" not in page
    assert question.explanation.zh in answer(visitor, booth)


def test_a_double_touch_is_one_answer(visitor: Browser, booth: Booth):
    form = the_question(visitor)
    assert {visitor.send(form, option=option).status for option in form.choices("option")} == {200}
    assert [fact.body["chosen"] for fact in the_answers(booth)] == [form.choices("option")[:1]]


def test_an_answer_that_arrives_late_changes_nothing(visitor: Browser, booth: Booth):
    old = the_question(visitor)
    answer(visitor, booth)
    visitor.post("/quiz/next", question=old.values["question"])
    page = visitor.send(old, option=old.choices("option")[0])
    assert page.status == 200
    assert len(the_answers(booth)) == 1


def test_a_double_touch_on_next_skips_nothing(visitor: Browser, booth: Booth):
    form = answer(visitor, booth).form("/quiz/next")
    visitor.send(form)
    assert "2 / 5" in visitor.send(form)


def test_next_without_an_answer_skips_nothing(visitor: Browser):
    question = the_question(visitor).values["question"]
    visitor.post("/quiz/next", question=question)
    assert the_question(visitor).values["question"] == question


def test_a_made_up_fact_id_is_refused(visitor: Browser, booth: Booth):
    form = the_question(visitor)
    page = visitor.send(form, id="0" * 32, option=form.choices("option")[0])
    assert (page.status, "field.invalid" in page) == (400, True)
    assert the_answers(booth) == []


@pytest.mark.parametrize("option", ["", "z", "a,b", "<script>"])
def test_an_unknown_option_is_refused(visitor: Browser, booth: Booth, option: str):
    page = visitor.send(the_question(visitor), option=option)
    assert page.status == 400
    assert the_answers(booth) == []


def test_a_field_left_out_is_named(visitor: Browser):
    assert "field.missing" in visitor.post("/quiz/answer", id="0" * 32, question="q001")


def test_an_answer_without_a_visit_starts_one(visitor: Browser, booth: Booth):
    page = visitor.post("/quiz/answer", id="0" * 32, question="q001", option="a")
    assert "1 / 5" in page
    assert the_answers(booth) == []


@pytest.mark.parametrize("year", [1970, 2010, 2038])
def test_a_clock_that_is_years_off_leaves_questions_to_ask(visitor: Browser, booth: Booth, clock: FakeClock, year: int):
    clock.jump_wall((clock.now().replace(year=year) - clock.now()).total_seconds())
    play(visitor, booth, 4)
    [finished] = facts_of(booth.journal, "quiz.finished")
    assert (finished.body["questions"], finished.body["passed"]) == (5, True)


def test_what_is_in_force_is_judged_by_the_hub_s_day_once_it_is_known(visitor: Browser, booth: Booth, clock: FakeClock):
    questions = booth.pack.questions
    for place, question in enumerate(questions):
        until = "2027-03-15" if place < 6 else "2027-03-14"
        questions[place] = msgspec.structs.replace(question, valid_from="2020-01-01", valid_until=until)
    in_force = {question.id for question in questions[:6]}
    booth.journal.compare_clocks(Meeting(stamp(clock.now()), clock.monotonic(), 20))
    clock.jump_wall(-7 * 24 * 3600)
    play(visitor, booth, 5)
    assert {fact.body["question"] for fact in the_answers(booth)} <= in_force


def test_with_few_questions_in_force_every_play_has_five_of_them(visitor: Browser, booth: Booth):
    questions = booth.pack.questions
    for place, question in enumerate(questions[7:], 7):
        questions[place] = msgspec.structs.replace(question, valid_until="2026-12-31")
    in_force = {question.id for question in questions[:7]}
    for _ in range(3):
        play(visitor, booth, 5)
        visitor.post("/quiz/again")
    asked = [fact.body["question"] for fact in the_answers(booth)]
    assert (len(asked), set(asked) <= in_force) == (15, True)


def test_playing_again_asks_other_questions(visitor: Browser, booth: Booth):
    for _ in range(10):
        play(visitor, booth, 5)
        visitor.post("/quiz/again")
    asked = [fact.body["question"] for fact in the_answers(booth)]
    assert len(set(asked)) == len(asked) == 50


def test_the_last_answer_and_the_end_come_together(visitor: Browser, booth: Booth):
    """Both in one transaction: no power cut can leave a play answered but not finished."""
    for _ in range(4):
        visitor.send(answer(visitor, booth).form("/quiz/next"))
    assert facts_of(booth.journal, "quiz.finished") == []
    answer(visitor, booth)
    assert [fact.kind for fact in facts_of(booth.journal)[-2:]] == ["quiz.answered", "quiz.finished"]


def test_a_part_of_the_page_is_in_the_page(visitor: Browser):
    part = visitor.get("/quiz", **{"HX-Request": "true"})
    assert "<html" not in part
    assert part.form("/quiz/answer") == the_question(visitor)
