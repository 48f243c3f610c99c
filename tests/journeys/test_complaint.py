"""A complaint, from the desk to the caseworker, word for word."""

import pytest
from playwright.sync_api import expect

from tests.journeys.people import COMPLAINT
from tests.journeys.screens import EVERY, LYING, STANDING, TABLETS
from tests.journeys.test_quiz import added
from tests.proof import share

WORDS = [text for screen in COMPLAINT for name, text in screen.items() if name not in ("bought_on", "amount")]


@pytest.mark.parametrize("size", share(EVERY, [LYING]), ids=str)
def test_a_complaint_taken_down_at_the_desk_is_read_by_the_caseworker(fair, a_volunteer, an_organiser, watch, size):
    before = fair.figures()
    volunteer = a_volunteer(fair, size).signs_in().opens_complaint()
    volunteer.fills_screen(1).goes_on()
    volunteer.fills_screen(2).goes_on()
    volunteer.fills_screen(3).goes_on()
    volunteer.fills_screen(4).goes_on()
    watch.allow("422")
    volunteer.fills_screen(5, phone="1391234").goes_on()
    assert "号码不对" in volunteer.reads_fault("phone")
    expect(volunteer.page.locator("#name")).to_have_value("张小花")
    volunteer.goes_back()
    volunteer.fills_screen(4, request="退货退款，并书面道歉").goes_on()
    volunteer.fills_screen(5).goes_on()
    case = volunteer.reads_receipt()

    assert fair.sync().endswith("1 sealed; the hub has signed for " + fair.sync().rpartition(" ")[2])
    assert added(before, fair.figures()) == {"complaints": 1}
    organiser = an_organiser(fair)
    assert "志愿者代填" in organiser.finds_case(case).inner_text()
    told = organiser.opens_case(case)
    for words in (*WORDS, "并书面道歉", "2026-03-01", "1280.50"):
        assert words in told


def test_a_complaint_is_taken_down_without_javascript(fair, a_volunteer, an_organiser):
    volunteer = a_volunteer(fair, java_script_enabled=False).signs_in().opens_complaint()
    case = volunteer.files_complaint()
    fair.sync()
    told = an_organiser(fair).opens_case(case)
    assert all(words in told for words in WORDS)


@pytest.mark.parametrize("size", share(TABLETS, [STANDING]), ids=str)
def test_every_screen_says_what_is_missing_beside_its_field(fair, a_volunteer, watch, size):
    watch.allow("422")
    volunteer = a_volunteer(fair, size).signs_in().opens_complaint()
    for number, required in ((1, "notice"), (2, "respondent"), (3, "facts"), (4, "request"), (5, "name")):
        volunteer.is_on_screen(number).goes_on()
        assert volunteer.reads_fault(required)
        expect(volunteer.page.locator(f"#{required}")).to_be_focused()
        if number < 5:
            volunteer.fills_screen(number).goes_on()


def test_a_half_filled_form_is_picked_up_by_its_code_after_the_screen_locked_itself(fair, a_volunteer, an_organiser):
    volunteer = a_volunteer(fair, clock=True).signs_in().opens_complaint()
    for number in (1, 2, 3):
        volunteer.fills_screen(number).goes_on()
    code = volunteer.is_on_screen(4).sees(".wizard-code .code").inner_text()
    volunteer.types("request", "还没有写完")
    volunteer.page.clock.fast_forward(301_000)
    expect(volunteer.page.locator("#still")).to_be_visible()
    volunteer.page.clock.fast_forward(15_000)
    volunteer.sees(".attract .doors")

    volunteer.signs_in().resumes(code)
    volunteer.is_on_screen(4).goes_back()
    volunteer.is_on_screen(3)
    expect(volunteer.page.locator("#facts")).to_have_value(COMPLAINT[2]["facts"])
    volunteer.goes_on()
    case = volunteer.files_complaint(first=4)
    fair.sync()
    assert all(words in an_organiser(fair).opens_case(case) for words in WORDS)


def test_a_wrong_code_picks_up_nothing(fair, a_volunteer, watch):
    watch.allow("404")
    volunteer = a_volunteer(fair).signs_in()
    volunteer.resumes("0000-0000")
    assert volunteer.sees(".problem").inner_text()
    assert "张小花" not in volunteer.page.content()
