"""The volunteer's counters: every touch once, none lost without a word."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import expect

from tests.journeys.fair import Fair
from tests.journeys.screens import EVERY, PHONE
from tests.journeys.test_quiz import added
from tests.proof import at_length, share


@contextmanager
def a_busy_journal(fair: Fair) -> Iterator[None]:
    """Another program holds the tablet's journal: what is touched waits, for five seconds at most."""
    with closing(sqlite3.connect(fair.booth.data / "booth.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("size", share(EVERY, [PHONE]), ids=str)
def test_a_volunteer_counts_heads_leaflets_advice_and_boards_and_takes_one_back(fair, a_volunteer, size):
    before = fair.figures()
    volunteer = a_volunteer(fair, size).signs_in(by_keys=True)
    heads = volunteer.reads("headcount")
    volunteer.taps_fast("headcount", 7)
    volunteer.expects("headcount", heads + 7)
    for n in (1, 10, 50):
        volunteer.counts("leaflet.law", n)
    volunteer.counts("leaflet.fakes", 100)
    volunteer.counts("consultation")
    volunteer.counts("board")
    volunteer.takes_back("leaflet.fakes", 100)
    volunteer.locks()
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 7, "leaflets": 61, "consultations": 1, "boards": 1}


def test_a_volunteer_counts_without_javascript(fair, a_volunteer):
    before = fair.figures()
    volunteer = a_volunteer(fair, java_script_enabled=False).signs_in()
    volunteer.counts("headcount")
    volunteer.counts("headcount", 5)
    volunteer.counts("leaflet.law", 50)
    volunteer.counts("board")
    volunteer.takes_back("board", 1)
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 6, "leaflets": 50}


@at_length
def test_a_volunteer_counts_with_nothing_but_a_keyboard(fair, a_volunteer):
    before = fair.figures()
    volunteer = a_volunteer(fair, hand="keyboard").signs_in()
    volunteer.counts("headcount")
    volunteer.counts("headcount", 5)
    volunteer.takes_back("headcount", 5)
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 1}


def test_a_touch_while_the_booth_is_down_is_said_and_not_counted(fair, a_volunteer, watch):
    before = fair.figures()
    volunteer = a_volunteer(fair, PHONE).signs_in()
    volunteer.counts("headcount")
    seen = volunteer.reads("headcount")
    watch.allow("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED")
    watch.allow("htmx:error|Failed to fetch|htmx")
    fair.booth.stop()
    try:
        volunteer.press(volunteer.key("headcount"))
        alarm = volunteer.sees("#alarm").inner_text()
        assert "没有记上" in alarm
        volunteer.expects("headcount", seen)
    finally:
        fair.booth.start()
    volunteer.signs_in()
    assert volunteer.reads("headcount") == seen
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 1}


def test_a_touch_whose_answer_was_lost_is_counted_once_when_touched_again(fair, a_volunteer, watch):
    before = fair.figures()
    volunteer = a_volunteer(fair).signs_in()
    watch.allow("ERR_FAILED|Failed to fetch|htmx")

    def lose_the_answer(route):
        route.fetch(max_redirects=0)
        route.abort()

    volunteer.page.route("**/staff/tally", lose_the_answer, times=1)
    heads = volunteer.reads("headcount")
    volunteer.press(volunteer.key("headcount"))
    volunteer.sees("#alarm")
    volunteer.press(volunteer.key("headcount"))
    volunteer.expects("headcount", heads + 1)
    expect(volunteer.page.locator("#alarm")).to_be_hidden()
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 1}


def test_taking_back_is_offered_for_ten_seconds(fair, a_volunteer):
    volunteer = a_volunteer(fair, clock=True).signs_in()
    volunteer.counts("headcount")
    volunteer.page.clock.pause_at(volunteer.page.evaluate("Date.now()") / 1000 + 8)  # however slow this is
    left = int(volunteer.undo("headcount").locator("[data-seconds]").inner_text())
    assert 1 < left <= 10
    volunteer.page.clock.run_for((left - 1) * 1000)
    expect(volunteer.undo("headcount")).to_be_visible()
    volunteer.page.clock.run_for(1_000)
    expect(volunteer.undo("headcount")).to_have_count(0)


@at_length
def test_an_undo_that_was_not_recorded_is_said(own_fair, a_volunteer, watch):
    watch.allow("503|htmx")
    volunteer = a_volunteer(own_fair).signs_in()
    volunteer.counts("headcount", 5)
    with a_busy_journal(own_fair):
        volunteer.press(volunteer.undo("headcount"))
        assert "没有撤销" in volunteer.sees("#alarm").inner_text()
        assert volunteer.reads("headcount") == 5
    volunteer.counts("headcount")  # the ten seconds of the first one may be over by now
    volunteer.takes_back("headcount", 1)
    expect(volunteer.page.locator("#alarm")).to_be_hidden()


@pytest.mark.parametrize(
    "way", share(["form[action='/staff/lock'] button", "a[href='/staff/complaint']"], ["a[href='/staff/complaint']"])
)
def test_whoever_leaves_the_page_leaves_no_touch_behind(own_fair, a_volunteer, way):
    volunteer = a_volunteer(own_fair).signs_in()
    volunteer.counts("headcount")
    key, leaving = volunteer.place_of(volunteer.key("headcount")), volunteer.place_of(volunteer.page.locator(way).first)
    with a_busy_journal(own_fair):
        for place in (key, key, key, key, leaving):
            volunteer.page.touchscreen.tap(*place)
        expect(volunteer.page.locator("#pending-headcount")).to_contain_text("+4")
    volunteer.sees(".attract .doors" if "lock" in way else ".triage-ways")
    own_fair.sync()
    assert own_fair.figures()["headcount"] == 5


@at_length
def test_whoever_leaves_while_touches_are_lost_is_told_first(own_fair, a_volunteer, watch):
    watch.allow("503|htmx")
    volunteer = a_volunteer(own_fair).signs_in()
    volunteer.counts("headcount")
    with a_busy_journal(own_fair):
        volunteer.touches(volunteer.key("headcount"))
        volunteer.touches(volunteer.page.locator("form[action='/staff/lock'] button").first)
        assert "没有记上" in volunteer.sees("#alarm").inner_text()
    volunteer.locks()
