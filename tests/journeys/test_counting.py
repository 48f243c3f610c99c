"""Counting on a volunteer's own phone, over plain HTTP: every tap once, whatever happens in between."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.screens import EVERY, PHONE
from tests.journeys.test_accessibility import look_at
from tests.journeys.test_phone import picture_of, read_code
from tests.journeys.test_quiz import added
from tests.proof import at_length

BROKEN = (
    "ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_SOCKET|ERR_FAILED|Failed to fetch|"
    "dynamically imported module"
)


@pytest.fixture
def count(fair, a_volunteer, screens):
    """The page of a phone that the volunteer at the tablet has just let in."""
    volunteer = a_volunteer(fair).signs_in()
    volunteer.press(volunteer.page.locator("a[href='/staff/counting']"))
    volunteer.sees(".counting-screen .qr svg")
    phones = volunteer.page.locator(".counting-row").count()
    address = read_code(picture_of(volunteer))
    assert address.startswith(f"{fair.phone_url}/m/count/")
    screens.watch.hosts.add(fair.phone_url.partition("//")[2])
    screens.watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
    page = screens.open(PHONE)
    page.goto(address)
    page.locator("form[action='/m/count/take'] button").tap()
    expect(card(page).locator(".key-main")).to_be_enabled()
    expect(volunteer.page.locator(".counting-row")).to_have_count(phones + 1)  # by itself
    volunteer.goes_to("/staff")
    return page


def card(page: Page, counter: str = "headcount") -> Locator:
    return page.locator(f"[data-counter='{counter}']")


def taps(page: Page, times: int, counter: str = "headcount") -> None:
    for _ in range(times):
        card(page, counter).locator(".key-main").tap()


def expects(page: Page, total: int, waiting: int = 0, counter: str = "headcount") -> None:
    expect(card(page, counter).locator("strong")).to_have_text(f"{total:,}")
    mark = card(page, counter).locator(".pending")
    expect(mark).to_be_visible() if waiting else expect(mark).to_be_hidden()
    if waiting:
        expect(mark).to_contain_text(f"+{waiting}")


def reads(page: Page, counter: str = "headcount") -> int:
    return int(card(page, counter).locator("strong").inner_text().replace(",", ""))


def test_every_tap_counts_once_through_a_dead_tablet_a_closed_tab_and_a_lost_answer(fair, count, watch):
    before, seen = fair.figures(), reads(count)
    taps(count, 3)
    expects(count, seen + 3)

    watch.allow(BROKEN)
    fair.booth.stop()
    taps(count, 5)
    expects(count, seen + 8, waiting=5)
    context = count.context
    count.close()
    page = context.new_page()
    page.goto(f"{fair.phone_url}/m/count")  # the tablet is still dead
    expects(page, seen + 8, waiting=5)
    taps(page, 2)
    page.locator("#count-undo").tap()
    expects(page, seen + 9, waiting=6)
    expect(page.locator("#count-say")).to_contain_text("没连上平板")
    fair.booth.start()
    expects(page, seen + 9)

    def lose_the_answer(route):
        told = {**route.request.all_headers(), "origin": fair.booth.url}  # who fetches here knows no tablet.test
        assert route.fetch(url=f"{fair.booth.url}/m/count/taps", headers=told).ok
        route.abort()

    page.route("**/m/count/taps", lose_the_answer, times=1)
    taps(page, 4)
    expects(page, seen + 13)
    expect(page.locator("#count-state")).to_contain_text("都已记在平板上")
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 13}


def test_two_tabs_of_a_phone_keep_and_send_the_same_taps_once(fair, count, watch):
    before, seen = fair.figures(), reads(count)
    other = count.context.new_page()
    other.goto(f"{fair.phone_url}/m/count")
    expects(other, seen)
    watch.allow(BROKEN)
    count.context.set_offline(True)
    taps(count, 3)
    taps(other, 2)
    for page in (count, other):
        expects(page, seen + 5, waiting=5)
    count.context.set_offline(False)
    for page in (count, other):
        expects(page, seen + 5)
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 5}


@at_length
def test_a_phone_whose_counting_was_ended_keeps_what_it_has_and_says_what_to_do(fair, count, a_volunteer, watch):
    before, seen = fair.figures(), reads(count)
    watch.allow(BROKEN)
    count.context.set_offline(True)
    taps(count, 2)
    expects(count, seen + 2, waiting=2)
    volunteer = a_volunteer(fair).signs_in().goes_to("/staff/counting")
    phones = volunteer.page.locator(".counting-row").count()
    volunteer.press(volunteer.page.locator(".counting-row button").first)
    expect(volunteer.page.locator(".counting-row")).to_have_count(phones - 1)
    count.context.set_offline(False)
    said = count.locator("#count-say")
    expect(said).to_contain_text("重新扫码")
    expect(said).to_contain_text("还有 2 下存在这部手机里")
    expect(card(count).locator(".key-main")).to_be_disabled()
    faults = look_at(count, "ended", [PHONE])
    volunteer.sees(".counting-screen .qr svg")
    count.goto(read_code(picture_of(volunteer)))
    count.locator("form[action='/m/count/take'] button").tap()
    expects(count, seen + 2)
    faults += look_at(count, "counting", [PHONE]) + look_at(volunteer.page, "phones", EVERY)
    faults += look_at(volunteer.goes_to("/staff/hours").page, "hours", EVERY)
    assert not faults, "\n".join(faults)
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 2}
