"""A complaint, from the desk to the caseworker, word for word."""

import pytest
from playwright.sync_api import expect

from tests.journeys.people import COMPLAINT, WORDS
from tests.journeys.screens import EVERY, LYING, STANDING, TABLETS
from tests.journeys.test_quiz import added
from tests.proof import at_length, share


@pytest.mark.parametrize("size", share(EVERY, [LYING]), ids=str)
def test_a_complaint_taken_down_at_the_desk_is_read_by_the_caseworker(fair, a_volunteer, an_organiser, watch, size):
    before = fair.figures()
    volunteer = a_volunteer(fair, size).signs_in().opens_complaint()
    volunteer.fills_until("identity")
    watch.allow("422")
    volunteer.fills_screen("identity", phone="1391234").goes_on()
    assert "号码不对" in volunteer.reads_fault("phone")
    expect(volunteer.page.locator("#name")).to_have_value("张小花")
    volunteer.goes_back()
    volunteer.is_on_screen("consents").goes_back()
    volunteer.fills_screen("request", request="退货退款，并书面道歉").goes_on()
    volunteer.is_on_screen("consents").goes_on()
    volunteer.fills_screen("identity").goes_on()
    case = volunteer.reads_receipt()

    assert fair.sync().endswith("1 sealed; the hub has signed for " + fair.sync().rpartition(" ")[2])
    assert added(before, fair.figures()) == {"complaints": 1}
    organiser = an_organiser(fair)
    assert "志愿者代填" in organiser.finds_case(case).inner_text()
    told = organiser.opens_case(case)
    for words in (*WORDS, "并书面道歉", "2026-03-01", "1280.50"):
        assert words in told


@at_length
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
    firsts = ("notice", "consumer", "respondent", "what", "facts", "", "request", "forward", "name")
    for screen, required in zip(COMPLAINT, firsts, strict=True):
        volunteer.is_on_screen(screen).goes_on()
        if not required:
            continue  # photos may be left out
        assert volunteer.reads_fault(required)
        expect(volunteer.page.locator(f"#{required}")).to_be_focused()
        volunteer.fills_screen(screen)
        expect(volunteer.page.locator(".fault")).to_have_count(0)  # what is being put right is not blamed any longer
        if screen != "identity":
            volunteer.goes_on()


def test_a_half_filled_form_is_picked_up_by_its_code_after_the_screen_locked_itself(fair, a_volunteer, an_organiser):
    volunteer = a_volunteer(fair, clock=True).signs_in().opens_complaint()
    code = volunteer.fills_until("request").sees(".wizard-code .code").inner_text()
    volunteer.types("request", "还没有写完")
    volunteer.page.locator("#still[data-awake]").wait_for(state="attached")
    volunteer.page.clock.fast_forward(301_000)
    expect(volunteer.page.locator("#still")).to_be_visible()
    volunteer.page.clock.fast_forward(15_000)
    volunteer.sees(".attract .doors")

    volunteer.signs_in().resumes(code)
    volunteer.is_on_screen("request").goes_back()
    volunteer.is_on_screen("photos").goes_back()
    volunteer.is_on_screen("facts")
    expect(volunteer.page.locator("#facts")).to_have_value(COMPLAINT["facts"]["facts"])
    volunteer.goes_on()
    case = volunteer.files_complaint(first="photos")
    fair.sync()
    told = an_organiser(fair).opens_case(case)
    assert all(words in told for words in WORDS)


def test_a_wrong_code_picks_up_nothing(fair, a_volunteer, watch):
    watch.allow("404")
    volunteer = a_volunteer(fair).signs_in()
    volunteer.resumes("0000-0000")
    assert volunteer.sees(".problem").inner_text()
    assert "张小花" not in volunteer.page.content()


def test_a_report_without_a_name_follows_the_complaint_and_is_linked_to_it(fair, a_volunteer):
    before = fair.figures()
    volunteer = a_volunteer(fair).signs_in().opens_complaint()
    complaint = volunteer.files_complaint()
    volunteer.press(volunteer.page.locator(".also button"))
    volunteer.fills_screen("notice").goes_on()
    volunteer.fills_screen("sign").goes_on()
    expect(volunteer.is_on_screen("respondent").page.locator("#respondent")).to_have_value("好又多小卖部")
    report = volunteer.files_report(first="respondent")
    assert complaint in volunteer.sees(".receipt").inner_text()
    assert report != complaint
    assert volunteer.page.locator(".also").count() == 0
    fair.sync()
    assert added(before, fair.figures()) == {"complaints": 1, "reports": 1}


@pytest.mark.parametrize("javascript", [True, False], ids=["with javascript", "without"])
def test_for_somebody_under_age_the_guardian_is_asked_for_and_a_grown_up_is_not(fair, a_volunteer, javascript):
    volunteer = a_volunteer(fair, java_script_enabled=javascript).signs_in().opens_complaint().fills_until("who")
    guardian = volunteer.page.locator("#guardian")
    volunteer.answers_field("consumer", "adult")
    expect(guardian).to_be_hidden()
    volunteer.answers_field("consumer", "minor")
    expect(guardian).to_be_visible()


def test_an_identity_number_is_not_taken_and_what_was_typed_stays_to_be_mended(fair, a_volunteer, watch):
    watch.allow("422")
    volunteer = a_volunteer(fair).signs_in().opens_complaint().fills_until("facts")
    volunteer.fills_screen("facts", facts="我的身份证是 110105 19491231 0021").goes_on()
    assert "身份证号" in volunteer.reads_fault("facts")
    expect(volunteer.page.locator("#facts")).to_have_value("我的身份证是 110105 19491231 0021")
