"""The PIN: wrong tries cost time, on disk, whatever the clock says; the count goes on."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.facts.days import ALWAYS
from kiosk.hub import devices, people
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Page, Pair, a_hub, a_pair, an_id, facts_of

LI, PIN = VOLUNTEER


@pytest.fixture
def guess(client: FlaskClient) -> Callable[..., Page]:
    return lambda pin="000000", who=LI, to="/staff": Browser(client).post(
        "/staff/enter", volunteer=who, pin=pin, next=to
    )


@pytest.fixture
def desk(booth_app: Flask) -> Browser:
    """A volunteer who signed in before."""
    return Browser(booth_app.test_client()).enter(LI, PIN)


def count_one(desk: Browser) -> Page:
    return desk.send(desk.get("/staff").form("/staff/tally", counter="headcount"))


# --- the door -------------------------------------------------------------------------------------


def test_the_right_pin_opens_the_staff_screens(guess: Callable[..., Page], booth: Booth):
    assert guess(PIN).path == "/staff"
    assert [(fact.kind, fact.by) for fact in facts_of(booth.journal)] == [("shift.entered", "li")]


def test_a_wrong_pin_leaves_a_trace_but_not_itself(guess: Callable[..., Page], booth: Booth):
    page = guess("380316")
    assert (page.status, page.path) == (403, "/staff/enter")
    [fact] = facts_of(booth.journal)
    assert (fact.kind, fact.by, fact.body) == ("shift.refused", "visitor", {})
    assert "380316" not in page


@pytest.mark.parametrize(("who", "pin"), [("nobody", PIN), (LI, ""), ("", ""), (LI, PIN + "0"), ("LI", PIN)])
def test_nothing_but_name_and_pin_opens(guess: Callable[..., Page], who: str, pin: str):
    assert guess(pin, who).status == 403


@pytest.mark.parametrize("path", ["/staff", "/staff/complaint", "/staff/complaint/resume"])
def test_whoever_is_not_signed_in_is_asked_for_the_pin_and_brought_back(client: FlaskClient, path: str):
    page = Browser(client).get(path)
    assert page.path == "/staff/enter"
    assert page.form("/staff/enter").values["next"] == path


@pytest.mark.parametrize("path", ["/staff/tally", "/staff/undo", "/staff/complaint", "/staff/complaint/resume"])
def test_nothing_is_taken_from_whoever_is_not_signed_in(client: FlaskClient, booth: Booth, path: str):
    page = Browser(client).post(path, id="0" * 32, counter="headcount", n="1")
    assert (page.status, "staff.only" in page) == (403, True)
    assert facts_of(booth.journal) == []


@pytest.mark.parametrize("to", ["//evil.example", "///evil.example", "https://evil.example", "/\\evil.example", "x"])
def test_the_way_back_stays_on_this_tablet(client: FlaskClient, to: str):
    answer = client.post("/staff/enter", data={"volunteer": LI, "pin": PIN, "next": to})
    assert urlsplit(answer.headers["Location"]).netloc == ""
    assert re.match(r"/[^/\\]", answer.headers["Location"])


def test_a_touch_locks_the_screens(desk: Browser):
    desk.post("/staff/lock")
    assert desk.get("/staff").path == "/staff/enter"


def test_five_minutes_without_a_touch_lock_the_screens(desk: Browser, clock: FakeClock):
    clock.tick(300)
    assert desk.get("/staff").path == "/staff"
    clock.tick(300.001)
    assert desk.get("/staff").path == "/staff/enter"


def test_a_page_that_renews_itself_keeps_nobody_signed_in(desk: Browser, booth: Booth, clock: FakeClock):
    desk.post("/staff/tally", id="1" * 32, counter="headcount", n="1")
    poll = re.findall(r'hx-get="(/staff/close[^"]*)"', desk.get("/staff/close").text)
    for _ in range(61):
        clock.tick(5)
        answer = desk.client.get(poll[0])
    assert answer.status_code == 403  # and no other page in its place
    assert desk.get("/staff").path == "/staff/enter"


def test_a_restart_locks_the_screens(desk: Browser, booth: Booth, clock: FakeClock):
    again = create_booth_app(booth.config, clock)
    client = again.test_client()
    client.set_cookie("staff", desk.client.get_cookie("staff").value)
    with closing(again.extensions["booth"]):
        assert Browser(client).get("/staff").path == "/staff/enter"


# --- the lock -------------------------------------------------------------------------------------


def guess_wrongly(guess: Callable[..., Page], times: int) -> None:
    for _ in range(times):
        assert guess().status == 403


def test_five_wrong_tries_are_free(guess: Callable[..., Page]):
    guess_wrongly(guess, 5)
    assert guess(PIN).path == "/staff"


def test_every_further_try_costs_longer(guess: Callable[..., Page], clock: FakeClock):
    guess_wrongly(guess, 5)
    for seconds in (60, 120, 240, 480, 900, 900):
        assert guess().status == 403
        clock.tick(seconds - 1)
        assert guess(PIN).status == 429
        clock.tick(1)


def test_while_locked_even_the_right_pin_is_not_looked_at(guess: Callable[..., Page], booth: Booth):
    guess_wrongly(guess, 6)
    page = guess(PIN)
    assert (page.status, "data-locked>60<" in page) == (429, True)
    assert len(facts_of(booth.journal, "shift.refused")) == 6


def test_a_try_while_locked_does_not_make_the_lock_longer(guess: Callable[..., Page], clock: FakeClock):
    guess_wrongly(guess, 6)
    for _ in range(6):
        guess()
        clock.tick(10)
    assert guess(PIN).path == "/staff"


def test_the_right_pin_makes_the_tries_free_again(guess: Callable[..., Page]):
    guess_wrongly(guess, 5)
    guess(PIN)
    guess_wrongly(guess, 5)
    assert guess(PIN).path == "/staff"


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_setting_the_wall_clock_unlocks_nothing_and_locks_nothing(
    guess: Callable[..., Page], clock: FakeClock, seconds: int
):
    guess_wrongly(guess, 6)
    clock.jump_wall(seconds)
    assert guess(PIN).status == 429
    clock.tick(60)
    assert guess(PIN).path == "/staff"


def assert_locked_for_a_minute_after_a_start(booth: Booth, clock: FakeClock) -> None:
    again = create_booth_app(booth.config, clock)
    with closing(again.extensions["booth"]):
        browser = Browser(again.test_client())
        assert browser.post("/staff/enter", volunteer=LI, pin=PIN, next="/staff").status == 429
        clock.tick(60)
        assert browser.enter(LI, PIN)


def test_the_lock_survives_a_restart(guess: Callable[..., Page], booth: Booth, clock: FakeClock):
    guess_wrongly(guess, 6)
    assert_locked_for_a_minute_after_a_start(booth, clock)


def test_a_clock_set_back_over_a_restart_locks_no_longer_than_the_lock(
    guess: Callable[..., Page], booth: Booth, clock: FakeClock
):
    guess_wrongly(guess, 6)
    clock.jump_wall(-24 * 3600)
    again = create_booth_app(booth.config, clock)
    with closing(again.extensions["booth"]):
        page = Browser(again.test_client()).post("/staff/enter", volunteer=LI, pin=PIN, next="/staff")
    assert "data-locked>60<" in page


@pytest.mark.parametrize("back", [24 * 3600, 17 * 365 * 24 * 3600])
def test_after_a_reboot_with_the_clock_set_back_the_lock_ends_when_its_seconds_are_over(
    guess: Callable[..., Page], booth: Booth, clock: FakeClock, back: int
):
    guess_wrongly(guess, 6)
    booth.close()
    clock.reboot()
    clock.jump_wall(-back)
    assert_locked_for_a_minute_after_a_start(booth, clock)


def test_guessing_from_another_browser_is_no_way_round(guess: Callable[..., Page], booth_app: Flask):
    guess_wrongly(guess, 6)
    other = Browser(booth_app.test_client())
    assert other.post("/staff/enter", volunteer=LI, pin=PIN, next="/staff").status == 429


def test_a_child_at_the_pin_does_not_stop_the_count(guess: Callable[..., Page], desk: Browser, booth: Booth):
    guess_wrongly(guess, 6)
    assert count_one(desk).status == 200
    assert len(facts_of(booth.journal, "tally.counted")) == 1


def test_a_visitor_plays_on_while_the_pin_is_locked(guess: Callable[..., Page], client: FlaskClient):
    guess_wrongly(guess, 6)
    assert Browser(client).get("/quiz").status == 200


# --- several volunteers ---------------------------------------------------------------------------

COLLEAGUES = {f"v{number}": f"90000{number}" for number in range(1, 6)}


@pytest.fixture
def team(tmp_path: Path, clock: FakeClock) -> Iterator[Pair]:
    """A tablet with six volunteers: li and five colleagues."""
    with closing(a_hub(tmp_path / "hub", clock)) as hub:
        with hub.store.begin() as tx:
            for who, pin in COLLEAGUES.items():
                people.add_volunteer(tx, "demo", who, f"志愿者{who}", pin)
        pair = a_pair(tmp_path / "team", hub, clock)
        with closing(pair.booth):
            yield pair


def try_pin(team: Pair, who: str, pin: str = "000000") -> Page:
    return team.visitor().post("/staff/enter", volunteer=who, pin=pin, next="/staff")


def test_whoever_knows_one_pin_cannot_go_on_guessing_another(team: Pair):
    refused = []
    for _ in range(4):
        refused += [try_pin(team, "v1").status for _ in range(2)]
        assert try_pin(team, LI, PIN).path == "/staff"
    assert refused == [403] * 6 + [429] * 2


def test_a_locked_name_keeps_no_colleague_out(team: Pair):
    for _ in range(6):
        try_pin(team, "v1")
    page = try_pin(team, "v1")
    assert (page.status, "别的同事可以先进" in page, 'pin-go" disabled' in page) == (429, True, False)
    assert try_pin(team, LI, PIN).path == "/staff"


def test_going_from_name_to_name_is_no_way_round(team: Pair, clock: FakeClock):
    tries = [try_pin(team, who).status for who in COLLEAGUES for _ in range(5)]
    assert tries == [403] * 21 + [429] * 4
    assert "data-locked>60<" in team.visitor().get("/staff/enter")
    clock.tick(60)
    assert try_pin(team, LI, PIN).path == "/staff"


def test_the_right_pins_of_all_make_all_tries_free_again(team: Pair):
    for _ in range(5):
        for who, pin in COLLEAGUES.items():
            for _ in range(4):
                assert try_pin(team, who).status == 403
            assert try_pin(team, who, pin).path == "/staff"


def test_a_volunteer_added_at_the_hub_can_sign_in_after_the_next_sync(tmp_path: Path, clock: FakeClock):
    with closing(a_hub(tmp_path / "hub", clock)) as hub:
        pair = a_pair(tmp_path / "booth", hub, clock)
        with closing(pair.booth):
            with hub.store.begin() as tx:
                people.add_volunteer(tx, "demo", "wang", "王小明", "271828")
            pair.sync()
            clock.tick(6)
            assert pair.visitor().enter("wang", "271828")


# --- the certificate ------------------------------------------------------------------------------


def test_a_certificate_that_ran_out_is_said_on_the_staff_screens(desk: Browser, clock: FakeClock):
    assert "证书" not in desk.get("/staff")
    clock.tick(devices.CERTIFICATE_DAYS * 24 * 3600 + 1)
    for path in ("/staff", "/staff/close"):
        assert "证书已过期" in desk.enter(LI, PIN).get(path)


def test_a_certificate_that_does_not_name_all_that_is_recorded_is_said_too(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    """The tablet's program was renewed after it was enrolled: the hub keeps such facts and does not count them."""
    monkeypatch.setattr(devices, "BOOTH_KINDS", tuple(one for one in devices.BOOTH_KINDS if one != "exhibit.judged"))
    with closing(a_hub(tmp_path / "hub", clock)) as hub:
        pair = a_pair(tmp_path / "booth", hub, clock)
        with closing(pair.booth):
            assert "证书比程序旧" in pair.at_the_desk().get("/staff")


def test_a_certificate_older_than_the_facts_any_tablet_may_write_is_no_trouble(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(devices, "BOOTH_KINDS", tuple(one for one in devices.BOOTH_KINDS if one not in ALWAYS))
    with closing(a_hub(tmp_path / "hub", clock)) as hub:
        pair = a_pair(tmp_path / "booth", hub, clock)
        with closing(pair.booth):
            assert "证书" not in pair.at_the_desk().get("/staff")


def test_whoever_is_taken_off_the_list_is_signed_out(desk: Browser, booth: Booth):
    assert count_one(desk).status == 200
    booth._enrolment = msgspec.structs.replace(booth.enrolled, volunteers={})
    booth._read_at = 1 << 60
    assert desk.get("/staff").path == "/staff/enter"
    assert desk.post("/staff/tally", id=an_id(), counter="headcount", n="1").status == 403
