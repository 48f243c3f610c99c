"""A visitor, a quiz, and the figure it becomes."""

import itertools

import pytest

from tests.journeys.screens import EVERY, LYING, STANDING, TABLETS
from tests.proof import share

#: Which places and tablets were at work at all: whoever comes first is one more.
AT_WORK = ("sessions", "venues", "desks", "units", "tablet_visits")


def added(before, after):
    """What each figure grew by, of those that did; rates and who was at work left out."""
    numbers = [key for key, n in after.items() if isinstance(n, int) and key not in AT_WORK]
    return {key: after[key] - before[key] for key in numbers if after[key] != before[key]}


@pytest.mark.parametrize("size", share(EVERY, [STANDING]), ids=str)
def test_a_visitor_plays_the_quiz_by_touch_and_the_hub_shows_it(fair, a_visitor, size):
    before = fair.figures()
    visitor = a_visitor(fair, size).comes().opens_quiz()
    assert visitor.plays_quiz(right=4) == (4, 5)
    visitor.goes_home()
    assert fair.sync().startswith("6 new")
    assert added(before, fair.figures()) == {"answers": 5, "answers_right": 4, "quiz_finished": 1, "quiz_passed": 1}


@pytest.mark.parametrize("size", share(TABLETS, [LYING]), ids=str)
def test_a_visitor_plays_with_nothing_but_a_keyboard(fair, a_visitor, size):
    before = fair.figures()
    visitor = a_visitor(fair, size, hand="keyboard").comes().opens_quiz()
    assert visitor.plays_quiz(right=2) == (2, 5)
    visitor.goes_home()
    fair.sync()
    assert added(before, fair.figures()) == {"answers": 5, "answers_right": 2, "quiz_finished": 1}


@pytest.mark.parametrize("size", share(TABLETS, [STANDING]), ids=str)
def test_a_visitor_plays_without_javascript(fair, a_visitor, size):
    before = fair.figures()
    visitor = a_visitor(fair, size, java_script_enabled=False).comes().opens_quiz()
    assert visitor.plays_quiz(right=5) == (5, 5)
    visitor.goes_home()
    fair.sync()
    assert added(before, fair.figures()) == {"answers": 5, "answers_right": 5, "quiz_finished": 1, "quiz_passed": 1}


@pytest.mark.parametrize(("length", "mark"), share([(3, 2), (10, 8)], [(3, 2)]))
def test_a_visitor_chooses_a_shorter_or_a_longer_play(fair, a_visitor, length, mark):
    before = fair.figures()
    visitor = a_visitor(fair).comes().opens_quiz().chooses_length(length)
    assert visitor.plays_quiz(right=mark) == (mark, length)
    visitor.goes_home()
    fair.sync()
    gained = added(before, fair.figures())
    assert (gained["answers"], gained["quiz_passed"]) == (length, 1)


def test_two_touches_in_the_same_moment_are_one_answer(fair, a_visitor):
    before = fair.figures()
    visitor = a_visitor(fair).comes().opens_quiz()
    lengths = itertools.cycle((10, 5))  # another than what is on the screen: only so one sees that it has changed
    while visitor.page.locator(".pick").count():  # of several touches: draw again
        visitor.chooses_length(next(lengths))
    box = visitor.page.locator(".option").first.bounding_box()
    for _ in range(2):
        visitor.page.touchscreen.tap(box["x"] + 40, box["y"] + 40)
    visitor.sees(".why")
    fair.sync()
    assert added(before, fair.figures())["answers"] == 1


def test_a_visitor_judges_an_exhibit_and_the_hub_shows_it(fair, a_visitor):
    before = fair.figures()
    visitor = a_visitor(fair).comes()
    visitor.press(visitor.page.locator("a[href='/gallery']"))
    visitor.judges_exhibit()
    visitor.goes_to("/")
    fair.sync()
    gained = added(before, fair.figures())
    assert gained.pop("exhibit_kinds", 1) == 1  # on a slow machine it was looked at for three seconds, too
    assert gained == {"exhibits_judged": 1}
