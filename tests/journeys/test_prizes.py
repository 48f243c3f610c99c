"""A gift for who answers well: won, shown, given once; and what is tried to get another one."""

import msgspec
import pytest
from playwright.sync_api import expect

from kiosk import demo
from kiosk.sync import vouchers
from tests.journeys import cameras
from tests.journeys.fair import Fair
from tests.journeys.screens import EVERY, OFFICE, PHONE
from tests.journeys.test_accessibility import LOOKS, cookies, look_at
from tests.makers import a_key
from tests.proof import at_length

OPENING = "2027-03-15T09:30+08:00"


@pytest.fixture(scope="module")
def demo_fair(tmp_path_factory: pytest.TempPathFactory) -> Fair:
    """The demo's own fair, switched off: to be copied."""
    fair = Fair(tmp_path_factory.mktemp("demo-fair"))
    try:
        return fair.open(demo.demo_fair())
    finally:
        fair.close()


@pytest.fixture
def at_prizes(demo_fair: Fair, tmp_path_factory: pytest.TempPathFactory):
    """That fair on its morning, with a clock that a story moves on."""
    fair = Fair(tmp_path_factory.mktemp("prizes"), demo_fair)
    fair.booth.at = OPENING
    try:
        yield fair.begin()
    finally:
        fair.close()


def plays_slowly(visitor, fair: Fair, *, right: int = 5) -> None:
    """Three seconds go by at every question, and nobody waits for them."""
    total = int(visitor.page.locator(".progress-text").inner_text().partition(" / ")[2])
    for number in range(total):
        fair.booth.lets_pass(3)
        assert visitor.answers(right=number < right) == (number < right)
        visitor.goes_on_in_quiz()


def reads_qr(visitor) -> str:
    [text] = cameras.read(cameras.picture(visitor.sees(".voucher .qr").first))
    return text


def hands_in(volunteer, text: str) -> None:
    volunteer.goes_to("/staff/prizes")
    volunteer.types("code", text)
    volunteer.press(volunteer.page.locator(".prize-find button"))


def test_a_voucher_is_won_shown_redeemed_in_two_steps_and_never_again(at_prizes, a_visitor, a_volunteer, watch):
    watch.allow("409")
    visitor = a_visitor(at_prizes).comes().opens_quiz()
    plays_slowly(visitor, at_prizes)
    code, text = visitor.sees("#voucher").inner_text(), reads_qr(visitor)
    assert code.replace("-", "") in text
    volunteer = a_volunteer(at_prizes).signs_in()
    hands_in(volunteer, text)
    assert volunteer.sees(".slip-number strong").inner_text() == code
    volunteer.press(volunteer.page.locator("form[action='/staff/prizes/redeem'] button"))
    volunteer.sees(".wizard-keys a[href='/staff/prizes']")
    volunteer.page.locator("form[action='/staff/prizes/redeem']").wait_for(state="detached")
    assert at_prizes.booth_figure("prize.redeemed") == 1
    for again in (text, code):
        hands_in(volunteer, again)
        told = volunteer.sees(".problem").inner_text()
        assert "d01" in told
        assert "03-15 09:3" in told
    assert at_prizes.booth_figure("prize.redeemed") == 1
    at_prizes.sync()
    assert at_prizes.figures()["prizes_redeemed"] == 1


@at_length
def test_a_code_somebody_made_up_is_refused(at_prizes, a_visitor, a_volunteer, watch):
    watch.allow("409")
    visitor = a_visitor(at_prizes).comes().opens_quiz()
    plays_slowly(visitor, at_prizes)
    code = visitor.sees("#voucher").inner_text()
    certificate = at_prizes.certificate()
    volunteer = a_volunteer(at_prizes).signs_in()
    hands_in(volunteer, vouchers.write(a_key(5), certificate, code))
    assert "不是这台平板签发的" in volunteer.sees(".problem").inner_text()
    hands_in(volunteer, vouchers.write(a_key(5), msgspec.structs.replace(certificate, desk="d02"), code))
    assert "d02" in volunteer.sees(".problem").inner_text()
    assert at_prizes.booth_figure("prize.redeemed") == 0


@at_length
def test_who_answers_faster_than_one_can_read_is_told_and_gets_none(at_prizes, a_visitor):
    at_prizes.booth.stands_still(600)
    visitor = a_visitor(at_prizes).comes().opens_quiz().chooses_length(10)
    at_prizes.booth.stands_still(603)
    assert visitor.plays_quiz(right=10) == (10, 10)
    visitor.sees(".no-prize")
    expect(visitor.page.locator("#voucher")).to_have_count(0)
    assert at_prizes.booth_figure("prize.issued") == 0


@at_length
def test_a_draw_is_begun_closed_drawn_and_handed_over_and_a_name_is_on_the_board(at_prizes, a_visitor, a_volunteer):
    volunteer = a_volunteer(at_prizes).signs_in()
    volunteer.goes_to("/staff/lots")
    volunteer.types("winners-kettle", "1")
    volunteer.press(volunteer.page.locator("#lot-kettle button"))
    bound = volunteer.sees(".lot-hash").inner_text().split()
    visitor = a_visitor(at_prizes).comes().opens_quiz()
    plays_slowly(visitor, at_prizes, right=2)
    ticket = visitor.sees("#ticket").inner_text()
    visitor.press(visitor.page.locator(".join button").first)
    visitor.sees(".rank-own")
    volunteer.goes_to("/staff/lots")
    volunteer.press(volunteer.page.locator("form[action='/staff/lots/close'] button"))
    volunteer.types("number", "315042")
    volunteer.press(volunteer.page.locator("form[action='/staff/lots/draw'] button"))
    assert volunteer.sees(".lot-winners strong").inner_text() == ticket
    visitor.goes_to("/lots")
    assert ticket in visitor.sees(".lot-called").inner_text()
    assert "".join(bound) in visitor.sees(".lot-proof").inner_text()
    volunteer.press(volunteer.page.locator("form[action='/staff/lots/hand'] button"))
    volunteer.sees(".lot-done")
    assert at_prizes.booth_figure("prize.redeemed.kettle") == 1
    at_prizes.sync()
    visitor.page.goto(f"{at_prizes.hub.url}/fairs/demo/leaderboard/v1")
    visitor.sees("main table th[scope=row]")


@at_length
def test_it_works_without_javascript(at_prizes, a_visitor, a_volunteer):
    visitor = a_visitor(at_prizes, java_script_enabled=False).comes().opens_quiz()
    plays_slowly(visitor, at_prizes)
    text = reads_qr(visitor)
    volunteer = a_volunteer(at_prizes, java_script_enabled=False).signs_in()
    hands_in(volunteer, text)
    volunteer.press(volunteer.page.locator("form[action='/staff/prizes/redeem'] button"))
    volunteer.sees(".wizard-keys a[href='/staff/prizes']")
    assert at_prizes.booth_figure("prize.redeemed") == 1


@at_length
@pytest.mark.parametrize(("english", "large"), LOOKS)
def test_every_screen_of_prizes_lots_and_the_board_can_be_read(
    at_prizes, a_visitor, a_volunteer, watch, english, large
):
    visitor, volunteer = a_visitor(at_prizes), a_volunteer(at_prizes)
    for person in (visitor, volunteer):
        person.page.context.add_cookies(cookies(person.url, english=english, large=large))
    volunteer.signs_in()
    faults = look_at(volunteer.goes_to("/staff/prizes").page, "prizes", EVERY)
    faults += look_at(volunteer.goes_to("/staff/lots").page, "lots", EVERY)
    volunteer.types("winners-kettle", "1")
    volunteer.press(volunteer.page.locator("#lot-kettle button"))
    volunteer.sees(".lot-hash")
    faults += look_at(volunteer.page, "lots open", EVERY)
    faults += look_at(visitor.goes_to("/lots").page, "screen open", EVERY)
    visitor.comes().opens_quiz().chooses_length(3)
    plays_slowly(visitor, at_prizes, right=3)
    faults += look_at(visitor.page, "result", EVERY)
    visitor.press(visitor.page.locator(".join button").first)
    visitor.sees(".rank-own")
    faults += look_at(visitor.page, "board", EVERY)
    volunteer.press(volunteer.page.locator("form[action='/staff/lots/close'] button"))
    volunteer.sees("#number")
    faults += look_at(volunteer.page, "lots closed", EVERY)
    volunteer.types("number", "315042")
    volunteer.press(volunteer.page.locator("form[action='/staff/lots/draw'] button"))
    volunteer.sees(".lot-winners")
    faults += look_at(volunteer.page, "lots drawn", EVERY)
    volunteer.press(volunteer.page.locator("a[href^='/staff/lots/']").first)
    volunteer.sees(".lot-sheet")
    faults += look_at(volunteer.page, "sheet", EVERY)
    faults += look_at(visitor.goes_to("/lots").page, "screen drawn", EVERY)
    at_prizes.sync()
    visitor.page.goto(f"{at_prizes.hub.url}/fairs/demo/leaderboard/v1")
    faults += look_at(visitor.page, "board at the hub", (OFFICE, PHONE))
    assert not faults, "\n".join(faults)
