"""The quiz on the visitor's own phone: off the tablet's screen, over the square's Wi-Fi, counted once."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.journeys.screens import LYING, PHONE, STANDING
from tests.journeys.test_phone import picture_of, read_code
from tests.journeys.test_quiz import added
from tests.proof import at_length, share

LEAST = 25 / 215 * 1280  # pixels of 25 mm on a tablet of ten inches that is 215 mm wide


def begins(phone):
    phone.press(phone.page.locator("form[action='/m/take'] button"))
    phone.sees(".ask")
    return phone


def moves(visitor):
    """The visitor touches "on my phone"; what a camera reads off the screen."""
    visitor.press(visitor.page.locator("a[href='/quiz/phone']"))
    visitor.sees("#moving .qr svg")
    return read_code(picture_of(visitor))


@pytest.mark.parametrize("size", share([LYING, STANDING], [LYING]), ids=str)
def test_a_play_goes_on_on_the_phone_and_is_counted_once(fair, a_visitor, a_phone, size):
    before = fair.figures()
    visitor = a_visitor(fair, size).comes().opens_quiz()
    for _ in range(2):
        visitor.answers()
        visitor.goes_on_in_quiz()
    phone = begins(a_phone(fair, moves(visitor)))
    expect(phone.page.locator(".progress-text")).to_have_text("3 / 5")
    visitor.sees(".attract .doors")  # by itself, for whoever is next
    for _ in range(3):
        phone.answers()
        phone.goes_on_in_quiz()
    phone.sees(".result")
    phone.press(phone.page.locator(".result-keys form[action='/m/leave'] button"))
    phone.sees(".arrival")
    fair.sync()
    assert added(before, fair.figures()) == {"answers": 5, "answers_right": 5, "quiz_finished": 1, "quiz_passed": 1}


@at_length
@pytest.mark.parametrize("length", [3, 5, 10])
def test_who_waits_plays_on_the_phone_while_somebody_else_is_at_the_tablet(fair, a_visitor, a_phone, length):
    before = fair.figures()
    at_the_tablet = a_visitor(fair).comes()
    phone = begins(a_phone(fair, read_code(picture_of(at_the_tablet))))
    at_the_tablet.opens_quiz()
    if length != 5:
        phone.chooses_length(length)
    assert phone.plays_quiz(right=length) == (length, length)
    assert at_the_tablet.plays_quiz(right=0) == (0, 5)
    fair.sync()
    gained = added(before, fair.figures())
    assert (gained["answers"], gained["answers_right"], gained["quiz_finished"]) == (length + 5, length, 2)


@at_length
def test_a_phone_without_javascript_goes_on_too(fair, a_visitor, a_phone):
    visitor = a_visitor(fair, STANDING, java_script_enabled=False).comes().opens_quiz()
    phone = begins(a_phone(fair, moves(visitor), java_script_enabled=False))
    assert phone.plays_quiz(right=4) == (4, 5)
    visitor.goes_to("/quiz/phone").sees(".moving-done")


def test_the_second_phone_is_told_kindly_and_the_way_back_works(fair, a_visitor, a_phone, screens):
    visitor = a_visitor(fair).comes().opens_quiz()
    address = moves(visitor)
    begins(a_phone(fair, address))
    screens.watch.allow("409")
    other = a_phone(fair, address)
    assert "另一部手机" in other.sees(".stop h1").inner_text()
    other.press(other.page.locator(".stop .button"))
    other.sees(".arrival")


@at_length
def test_who_stays_at_the_tablet_after_all_goes_on_there(fair, a_visitor):
    visitor = a_visitor(fair).comes().opens_quiz()
    moves(visitor)
    visitor.press(visitor.page.locator("#moving a[href='/quiz']"))
    assert visitor.plays_quiz(right=5) == (5, 5)


def test_a_phone_that_is_left_alone_asks_nothing_and_comes_back_to_its_question(fair, a_visitor, a_phone):
    phone = begins(a_phone(fair, read_code(picture_of(a_visitor(fair).comes()))))
    question = phone.page.locator("h1").inner_text()
    assert phone.page.locator("#still").count() == 0
    phone.goes_to("/m/quiz").sees(".ask")
    assert phone.page.locator("h1").inner_text() == question


def test_the_codes_are_large_enough_for_a_camera(fair, a_visitor):
    for size in (LYING, STANDING):
        visitor = a_visitor(fair, size).comes()
        widths = [visitor.page.locator(".door-code .qr svg").bounding_box()["width"]]
        visitor.opens_quiz()
        lengths = itertools.cycle((10, 5))  # another than what is on the screen: only so one sees that it has changed
        while not visitor.page.locator(".to-phone").is_visible():  # a picture or a story has the room
            visitor.chooses_length(next(lengths))
        widths.append(visitor.page.locator(".to-phone .qr svg").bounding_box()["width"])
        moves(visitor)
        widths.append(visitor.page.locator("#moving .qr svg").bounding_box()["width"])
        assert min(widths) >= LEAST, (size, widths)


def test_a_phone_shows_no_codes_for_phones(fair, a_visitor):
    visitor = a_visitor(fair, PHONE).comes()
    assert not visitor.page.locator(".door-code").is_visible()
    visitor.opens_quiz()
    assert not visitor.page.locator(".to-phone").is_visible()
