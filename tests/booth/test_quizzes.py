"""A quiz from the first question to the result; each first try is one fact."""

import msgspec
import pytest

from kiosk.booth.context import Booth
from kiosk.clock import stamp
from kiosk.facts.envelope import Fact
from kiosk.packs.quizzes import MODES, STANDARD, Mode
from kiosk.sync.push import Meeting
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Form, Page, facts_of


def the_question(visitor: Browser) -> Form:
    return visitor.get("/quiz").form("/quiz/answer")


def right_answer(booth: Booth, form: Form) -> list[str]:
    return booth.pack.question_by_id[form.values["question"]].answer


def wrong_answer(booth: Booth, form: Form) -> list[str]:
    question = booth.pack.question_by_id[form.values["question"]]
    if question.kind == "order":
        return question.answer[::-1]
    return [next(option.id for option in question.options if option.id not in question.answer)]


def touch(visitor: Browser, form: Form, option: str, *, on: bool = True) -> Page:
    return visitor.post("/quiz/pick", question=form.values["question"], option=option, on=str(int(on)))


def answer(visitor: Browser, booth: Booth, *, rightly: bool = True) -> Page:
    form = the_question(visitor)
    chosen = right_answer(booth, form) if rightly else wrong_answer(booth, form)
    if booth.pack.question_by_id[form.values["question"]].takes_several:
        for option in chosen:
            touch(visitor, form, option)
        return visitor.send(form)
    return visitor.send(form, option=chosen[0])


def play(visitor: Browser, booth: Booth, right: int, mode: Mode = STANDARD) -> Page:
    """Answer all questions of a play, the first `right` of them rightly; the result."""
    for number in range(mode.questions):
        page = answer(visitor, booth, rightly=number < right)
        page = visitor.send(page.form("/quiz/next"))
    return page


def at_a(kind: str, visitor: Browser, booth: Booth) -> Form:
    """A play whose question on the screen is of a kind."""
    visitor.get("/quiz")
    [visit] = booth.visits._visits.values()
    question = next(one for one in booth.pack.questions if one.kind == kind)
    visit.play.questions[0] = question
    visit.play.options[0] = list(question.options)
    return the_question(visitor)


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
    form = at_a("single", visitor, booth)
    clock.tick(7.5)
    visitor.send(form, option="b")
    [fact] = the_answers(booth)
    assert (fact.id, fact.body["ms"], fact.body["chosen"]) == (form.values["id"], 7500, ["b"])


def test_a_fact_says_from_which_pack_in_which_language_and_how_long_a_play(visitor: Browser, booth: Booth):
    visitor.post("/preferences", next="/quiz", lang="en")
    visitor.get("/quiz")
    visitor.post("/quiz/start", mode="quick")
    visitor.post("/quiz/helped", on="1")
    answer(visitor, booth)
    [fact] = the_answers(booth)
    said = {name: fact.body[name] for name in ("pack", "mode", "lang", "on", "helped")}
    assert said == {"pack": booth.pack.version, "mode": "quick", "lang": "en", "on": "tablet", "helped": True}


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.id)
def test_a_play_is_as_long_as_was_chosen_and_passed_at_its_own_mark(visitor: Browser, booth: Booth, mode: Mode):
    for right, passed in ((mode.pass_mark, True), (mode.pass_mark - 1, False)):
        visitor.get("/quiz")
        visitor.post("/quiz/start", mode=mode.id)
        play(visitor, booth, right, mode)
        finished = facts_of(booth.journal, "quiz.finished")[-1].body
        assert (finished["questions"], finished["passed"]) == (mode.questions, passed)


@pytest.mark.parametrize("mode", ["", "endless", "QUICK"])
def test_a_length_that_is_not_offered_is_refused(visitor: Browser, mode: str):
    visitor.get("/quiz")
    assert visitor.post("/quiz/start", mode=mode).status == 400


def test_the_length_can_be_chosen_until_something_was_answered(visitor: Browser, booth: Booth):
    assert 'value="challenge"' in visitor.get("/quiz")
    assert 'value="challenge"' not in answer(visitor, booth)


# --- answers of more than one touch -------------------------------------------------------------------------


def test_several_options_are_touched_taken_back_and_sent_together(visitor: Browser, booth: Booth):
    form = at_a("multiple", visitor, booth)
    question = booth.pack.question_by_id[form.values["question"]]
    wrong = next(option.id for option in question.options if option.id not in question.answer)
    for option in (*question.answer, wrong):
        touch(visitor, form, option)
    assert touch(visitor, form, wrong, on=False).text.count("option-picked") == len(question.answer)
    page = visitor.send(form)
    assert page.text.count("option-right") == len(question.answer)
    [fact] = the_answers(booth)
    assert (fact.body["chosen"], fact.body["right"]) == (question.answer, True)


def test_a_touch_that_comes_twice_is_one(visitor: Browser, booth: Booth):
    form = at_a("multiple", visitor, booth)
    for _ in range(3):
        page = touch(visitor, form, "b")
    assert page.text.count("option-picked") == 1


def test_steps_are_numbered_as_they_are_touched_and_a_step_taken_back_takes_those_after_it(
    visitor: Browser, booth: Booth
):
    form = at_a("order", visitor, booth)
    steps = right_answer(booth, form)
    for step in steps[:3]:
        page = touch(visitor, form, step)
    assert page.text.count("option-picked") == 3
    assert touch(visitor, form, steps[1], on=False).text.count("option-picked") == 1
    for step in steps[1:]:
        touch(visitor, form, step)
    visitor.send(form)
    [fact] = the_answers(booth)
    assert (fact.body["chosen"], fact.body["right"]) == (steps, True)


def test_an_order_with_a_step_missing_is_refused_and_nothing_is_lost(visitor: Browser, booth: Booth):
    form = at_a("order", visitor, booth)
    touch(visitor, form, "a")
    assert visitor.send(form).status == 400
    assert visitor.get("/quiz").text.count("option-picked") == 1
    assert the_answers(booth) == []


def test_a_question_of_one_touch_takes_no_picks(visitor: Browser, booth: Booth):
    form = at_a("single", visitor, booth)
    assert touch(visitor, form, "a").status == 400


def test_a_touch_for_a_question_that_is_over_changes_nothing(visitor: Browser, booth: Booth):
    old = at_a("multiple", visitor, booth)
    touch(visitor, old, "a")
    visitor.send(old)
    visitor.post("/quiz/next", question=old.values["question"])
    assert touch(visitor, old, "b").status == 200
    assert "option-picked" not in visitor.get("/quiz")


def test_a_case_tells_its_story_and_a_picture_is_shown_with_its_words(visitor: Browser, booth: Booth):
    at_a("case", visitor, booth)
    story = next(one.story for one in booth.pack.questions if one.kind == "case")
    assert story is not None
    assert story.zh in visitor.get("/quiz")
    visitor.get("/")
    at_a("picture", visitor, booth)
    shown = next(one for one in booth.pack.questions if one.kind == "picture")
    assert shown.picture_alt is not None
    page = visitor.get("/quiz")
    assert shown.picture_alt.zh in page
    assert visitor.get(f"/quiz/pictures/{shown.picture}").text.startswith("<svg")


@pytest.mark.parametrize("name", ["nothing.svg", "../laws.json", "e01-fake.svg", "%2e%2e%2flaws.json"])
def test_no_other_file_is_a_picture(visitor: Browser, name: str):
    assert visitor.get(f"/quiz/pictures/{name}").status == 404


# --- practice -----------------------------------------------------------------------------------------------


def test_practice_is_for_volunteers_and_is_not_recorded(visitor: Browser, booth: Booth):
    assert visitor.post("/staff/practice").status == 403
    visitor.enter(*VOLUNTEER)
    before = len(facts_of(booth.journal))
    assert "练习，不计入统计" in visitor.post("/staff/practice")
    assert "练习" in play(visitor, booth, 5)
    assert len(facts_of(booth.journal)) == before


def test_who_comes_after_practice_is_counted(visitor: Browser, booth: Booth):
    visitor.enter(*VOLUNTEER)
    visitor.post("/staff/practice")
    answer(visitor, booth)
    visitor.get("/")
    answer(visitor, booth)
    assert len(the_answers(booth)) == 1


def test_the_answer_is_not_on_the_page_before_it_was_given(visitor: Browser, booth: Booth):
    page = visitor.get("/quiz")
    question = booth.pack.question_by_id[page.form("/quiz/answer").values["question"]]
    assert question.explanation.zh not in page
    assert "option-right" not in page
    assert question.explanation.zh in answer(visitor, booth)


def test_a_double_touch_is_one_answer(visitor: Browser, booth: Booth):
    form = at_a("single", visitor, booth)
    assert {visitor.send(form, option=option).status for option in form.choices("option")} == {200}
    assert [fact.body["chosen"] for fact in the_answers(booth)] == [form.choices("option")[:1]]


def test_an_answer_that_arrives_late_changes_nothing(visitor: Browser, booth: Booth):
    old = at_a("single", visitor, booth)
    answer(visitor, booth)
    visitor.post("/quiz/next", question=old.values["question"])
    page = visitor.send(old, option=old.choices("option")[0])
    assert page.status == 200
    assert len(the_answers(booth)) == 1


def test_a_double_touch_on_next_skips_nothing(visitor: Browser, booth: Booth):
    form = answer(visitor, booth).form("/quiz/next")
    visitor.send(form)
    assert "2 / 5" in visitor.send(form)


def test_an_answer_whose_id_another_fact_has_is_refused(booth_app, visitor: Browser, booth: Booth):
    form = visitor.get("/quiz").form("/quiz/answer")
    desk = Browser(booth_app.test_client()).enter(*VOLUNTEER)
    desk.post("/staff/tally", id=form.values["id"], counter="headcount", n="1")
    page = answer(visitor, booth, rightly=True)
    assert (page.status, "fact.conflict" in page) == (409, True)
    assert visitor.post("/quiz/start", mode="standard").form("/quiz/answer").values["id"] != form.values["id"]


def test_next_without_an_answer_skips_nothing(visitor: Browser):
    question = the_question(visitor).values["question"]
    visitor.post("/quiz/next", question=question)
    assert the_question(visitor).values["question"] == question


def test_a_made_up_fact_id_is_refused(visitor: Browser, booth: Booth):
    form = at_a("single", visitor, booth)
    page = visitor.send(form, id="0" * 32, option=form.choices("option")[0])
    assert (page.status, "field.invalid" in page) == (400, True)
    assert the_answers(booth) == []


@pytest.mark.parametrize("option", ["", "z", "a,b", "<script>"])
def test_an_unknown_option_is_refused(visitor: Browser, booth: Booth, option: str):
    page = visitor.send(at_a("single", visitor, booth), option=option)
    assert page.status == 400
    assert the_answers(booth) == []


def test_a_field_left_out_is_named(visitor: Browser, booth: Booth):
    assert "field.missing" in visitor.post("/quiz/answer", id="0" * 32)
    assert "field.invalid" in visitor.send(at_a("single", visitor, booth))


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
        visitor.post("/quiz/start", mode="standard")
    asked = [fact.body["question"] for fact in the_answers(booth)]
    assert (len(asked), set(asked) <= in_force) == (15, True)


def test_playing_again_asks_other_questions(visitor: Browser, booth: Booth):
    for _ in range(10):
        play(visitor, booth, 5)
        visitor.post("/quiz/start", mode="standard")
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


# --- what the fair chose ------------------------------------------------------------------------------


def chosen(booth: Booth, **choice: list[str]) -> None:
    """The fair as an organiser set it up since."""
    here = booth.enrolled
    booth._enrolment = msgspec.structs.replace(here, fair=msgspec.structs.replace(here.fair, **choice))
    booth._read_at = 1 << 60


def lengths(page: Page) -> list[str]:
    return page.form("/quiz/start").choices("mode")


def test_the_lengths_of_the_fair_are_offered_and_its_first_is_given(visitor: Browser, booth: Booth):
    assert "5 道题，答对 4 道就过关" in visitor.get("/")
    assert lengths(visitor.get("/quiz")) == ["quick", "standard", "challenge"]
    chosen(booth, quiz_modes=["challenge", "quick"])
    assert "10 道题，答对 8 道就过关" in visitor.get("/")
    page = visitor.get("/quiz")
    assert (lengths(page), "共 10 题" in page) == (["quick", "challenge"], True)


def test_a_page_from_before_the_choice_leads_to_what_is_given_now(visitor: Browser, booth: Booth):
    chosen(booth, quiz_modes=["quick"])
    assert "共 3 题" in visitor.post("/quiz/start", mode="challenge")
    assert visitor.post("/quiz/start", mode="endless").status == 400


def test_nobody_who_passed_is_led_to_a_length_that_is_not_offered(visitor: Browser, booth: Booth):
    chosen(booth, quiz_modes=["quick", "challenge"])
    assert play(visitor, booth, 3, MODES["quick"]).form("/quiz/start").choices("mode") == ["challenge"]
    visitor.post("/leave")
    chosen(booth, quiz_modes=["quick"])
    assert play(visitor, booth, 3, MODES["quick"]).form("/quiz/start").choices("mode") == ["quick"]


def topics_of(visitor: Browser, booth: Booth, plays: int) -> set[str]:
    found = set()
    for _ in range(plays):
        visitor.post("/quiz/start", mode="challenge")
        [visit] = booth.visits._visits.values()
        assert len(visit.play.questions) == 10
        found |= {question.topic for question in visit.play.questions}
    return found


def test_only_what_the_fair_chose_is_asked_about(visitor: Browser, booth: Booth):
    chosen(booth, quiz_topics=["food", "returns"])
    assert topics_of(visitor, booth, 8) == {"food", "returns"}


@pytest.mark.parametrize("topics", [["tobacco"], ["a-topic-of-another-pack"]])
def test_a_pack_that_has_too_little_of_it_asks_about_everything(visitor: Browser, booth: Booth, topics: list[str]):
    chosen(booth, quiz_topics=topics)
    assert len(topics_of(visitor, booth, 2)) > 5
