"""The draw: enough questions, none twice, all in force, topics spread."""

import random
from itertools import permutations
from operator import attrgetter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiosk.packs.model import is_in_force
from kiosk.packs.quizzes import CHALLENGE, MODES, Bank, Mode, Question, shuffled
from kiosk.packs.reader import read_pack

PACK = read_pack().questions
DAY = "2027-03-15"
DICE = st.integers(0, 2**32).map(random.Random)
SOME = st.lists(st.sampled_from(PACK), unique_by=lambda question: question.id, max_size=40)
MODE = st.sampled_from(list(MODES.values()))


def expired(question: Question) -> Question:
    return msgspec.structs.replace(question, valid_until="2027-03-14")


@given(SOME, DICE, MODE)
def test_as_many_are_drawn_as_there_are_and_none_twice(questions: list[Question], dice: random.Random, mode: Mode):
    drawn = Bank(questions, DAY).draw(mode, dice)
    assert len(drawn) == min(mode.questions, len(questions))
    assert len({question.id for question in drawn}) == len(drawn)


@given(SOME, SOME, DICE, MODE)
def test_nothing_out_of_force_is_drawn(questions: list[Question], old: list[Question], dice: random.Random, mode: Mode):
    gone = {question.id for question in old}
    kept = [question for question in questions if question.id not in gone]
    bank = Bank([*kept, *map(expired, old)], DAY)
    assert bank.size == len(kept)
    assert {question.id for question in bank.draw(mode, dice)} <= {question.id for question in kept}


@given(SOME, SOME, DICE, MODE)
def test_what_was_asked_comes_again_only_when_nothing_else_is_left(
    questions: list[Question], known: list[Question], dice: random.Random, mode: Mode
):
    asked = {question.id for question in known}
    drawn = Bank(questions, DAY).draw(mode, dice, asked)
    fresh = {question.id for question in questions} - asked
    assert len([question for question in drawn if question.id in fresh]) == min(mode.questions, len(fresh))
    assert len(drawn) == min(mode.questions, len(questions))


@given(DICE, MODE)
def test_a_play_has_the_difficulties_of_its_mode_in_order_and_no_topic_twice(dice: random.Random, mode: Mode):
    drawn = Bank(PACK, DAY).draw(mode, dice)
    assert tuple(question.difficulty for question in drawn) == mode.difficulties
    assert len({question.topic for question in drawn}) == mode.questions


def test_every_question_is_drawn_sooner_or_later():
    dice, bank = random.Random(315), Bank(PACK, DAY)
    drawn = {question.id for _ in range(3000) for question in bank.draw(CHALLENGE, dice)}
    assert drawn == {question.id for question in PACK}


@given(st.sampled_from(PACK), DICE)
def test_shuffling_loses_no_option(question: Question, dice: random.Random):
    by_id = attrgetter("id")
    assert sorted(shuffled(question, dice), key=by_id) == sorted(question.options, key=by_id)


@given(st.sampled_from([question for question in PACK if question.kind == "truefalse"]), DICE)
def test_true_stays_before_false(question: Question, dice: random.Random):
    assert [option.id for option in shuffled(question, dice)] == ["true", "false"]


@given(st.sampled_from([question for question in PACK if question.kind == "order"]), DICE)
def test_steps_are_never_shown_in_their_right_order(question: Question, dice: random.Random):
    assert [option.id for option in shuffled(question, dice)] != question.answer


@given(st.sampled_from(PACK))
def test_only_the_answer_is_right(question: Question):
    ids = [option.id for option in question.options]
    possible = [list(some) for n in range(len(ids) + 1) for some in permutations(ids, n) if question.is_possible(some)]
    right = [some for some in possible if question.is_right(some)]
    if question.kind == "order":
        assert right == [question.answer]
    else:
        assert {frozenset(some) for some in right} == {frozenset(question.answer)}


def test_an_answer_is_as_many_touches_as_its_kind_asks_for():
    one = {
        kind: next(question for question in PACK if question.kind == kind) for kind in ("single", "multiple", "order")
    }
    assert not one["single"].is_possible([])
    assert not one["single"].is_possible(["a", "b"])
    assert not one["multiple"].is_possible([])
    assert one["multiple"].is_possible(["b"])
    assert not one["multiple"].is_possible(["b", "b"])
    assert not one["order"].is_possible(one["order"].answer[:-1])
    assert not one["order"].is_possible([*one["order"].answer[:-1], "z"])


def test_both_ends_of_a_rule_s_time_belong_to_it():
    days = ("2027-03-14", "2027-03-15", "2027-03-16", "2027-03-17")
    assert [is_in_force("2027-03-15", "2027-03-16", day) for day in days] == [False, True, True, False]
    assert is_in_force("2027-03-15", None, "9999-12-31")
