"""The draw: enough questions, none twice, all in force, topics spread."""

import random
from operator import attrgetter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiosk.packs.model import is_in_force
from kiosk.packs.quizzes import QUESTIONS, Question, draw, shuffled
from kiosk.packs.reader import read_pack

PACK = read_pack().questions
DAY = "2027-03-15"
DICE = st.integers(0, 2**32).map(random.Random)
SOME = st.lists(st.sampled_from(PACK), unique_by=lambda question: question.id)


def expired(question: Question) -> Question:
    return msgspec.structs.replace(question, valid_until="2027-03-14")


@given(SOME, DICE, st.integers(1, 8))
def test_as_many_are_drawn_as_there_are_and_none_twice(questions: list[Question], dice: random.Random, count: int):
    drawn = draw(questions, DAY, dice, count)
    assert len(drawn) == min(count, len(questions))
    assert len({question.id for question in drawn}) == len(drawn)


@given(SOME, SOME, DICE)
def test_nothing_out_of_force_is_drawn(questions: list[Question], old: list[Question], dice: random.Random):
    gone = {question.id for question in old}
    kept = [question for question in questions if question.id not in gone]
    drawn = draw([*kept, *map(expired, old)], DAY, dice, 100)
    assert {question.id for question in drawn} == {question.id for question in kept}


@given(SOME, DICE)
def test_no_topic_comes_twice_while_others_are_left(questions: list[Question], dice: random.Random):
    topics = [question.topic for question in draw(questions, DAY, dice)]
    assert len(set(topics)) == min(QUESTIONS, len({question.topic for question in questions}))


@given(DICE)
def test_easy_questions_come_first(dice: random.Random):
    levels = [("easy", "medium", "hard").index(question.difficulty) for question in draw(PACK, DAY, dice)]
    assert levels == sorted(levels)


def test_every_question_is_drawn_sooner_or_later():
    dice = random.Random(315)
    drawn = {question.id for _ in range(400) for question in draw(PACK, DAY, dice)}
    assert drawn == {question.id for question in PACK}


@given(st.sampled_from(PACK), DICE)
def test_shuffling_loses_no_option(question: Question, dice: random.Random):
    by_id = attrgetter("id")
    assert sorted(shuffled(question, dice), key=by_id) == sorted(question.options, key=by_id)


@given(st.sampled_from([question for question in PACK if question.kind == "truefalse"]), DICE)
def test_true_stays_before_false(question: Question, dice: random.Random):
    assert [option.id for option in shuffled(question, dice)] == ["true", "false"]


@given(st.sampled_from(PACK))
def test_only_the_answer_is_right(question: Question):
    assert [option.id for option in question.options if question.is_right([option.id])] == question.answer


def test_both_ends_of_a_rule_s_time_belong_to_it():
    days = ("2027-03-14", "2027-03-15", "2027-03-16", "2027-03-17")
    assert [is_in_force("2027-03-15", "2027-03-16", day) for day in days] == [False, True, True, False]
    assert is_in_force("2027-03-15", None, "9999-12-31")
