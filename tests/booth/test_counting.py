"""Counting on a volunteer's phone: let in once, every tap once, under whoever was at it."""

import dataclasses
import json
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.booth import counting, handoff, passes
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.config import BoothConfig
from kiosk.facts.tallies import TallyCorrected, undo_id
from tests.booth.test_journal import at_once
from tests.booth.test_phones import URL, a_phone
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Page, a_draft, an_id, facts_of

TODAY = "2027-03-15"


@pytest.fixture
def booth_app(booth_app: Flask) -> Flask:
    """The tablet of `conftest`, on the square's Wi-Fi, with two volunteers."""
    booth: Booth = booth_app.extensions["booth"]
    booth.config = dataclasses.replace(booth.config, phone_url=URL)
    booth.phones = handoff.Phones(booth.clock, URL, "315", booth.visits)
    booth_app.config["TRUSTED_HOSTS"] = [*booth.config.all_hosts]
    wang = {**booth.enrolled.volunteers["li"], "id": "wang", "name": "王志愿"}
    volunteers = {**booth.enrolled.volunteers, "wang": wang}
    booth._enrolment = msgspec.structs.replace(booth.enrolled, volunteers=volunteers)
    booth._read_at = 1 << 60
    return booth_app


@pytest.fixture
def desk(client: FlaskClient) -> Browser:
    return Browser(client).enter(*VOLUNTEER)


class Phone:
    """A volunteer's phone, as its page behaves."""

    def __init__(self, app: Flask, volunteer: str = "li") -> None:
        self.browser = a_phone(app)
        self.booth: Booth = app.extensions["booth"]
        self.stint = ""
        self.scans(volunteer)

    def scans(self, volunteer: str) -> Page:
        return self.takes(self.booth.counting.offer(volunteer))

    def takes(self, word: str) -> Page:
        page = self.browser.send(self.browser.get(f"/m/count/{word}").form("/m/count/take"))
        self.stint = self.asks()["stint"]
        return page

    def posts(self, body: object, **headers: str):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = headers.pop("kind", "application/json")
        return self.browser.client.post("/m/count/taps", data=data, content_type=kind, headers=headers)

    def asks(self, *taps: dict, waiting: int = 0) -> dict:
        answer = self.posts({"waiting": waiting, "taps": list(taps)})
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def tap(self, number: int = 1, counter: str = "headcount", n: int = 1, stint: str = "") -> dict:
        return {"id": an_id(number), "stint": stint or self.stint, "counter": counter, "n": n}

    def undo(self, number: int, undoes: int, after: int = 900) -> dict:
        return {"id": an_id(number), "stint": self.stint, "undoes": an_id(undoes), "after": after}


@pytest.fixture
def phone(booth_app: Flask) -> Phone:
    return Phone(booth_app)


def came_to(answer: dict) -> list[str]:
    return [one["came_to"] for one in answer["taps"]]


def codes(answer: dict) -> list[str]:
    return [one["code"] for one in answer["taps"]]


def counted(booth: Booth, counter: str = "headcount") -> int:
    return booth.journal.day_totals(TODAY).get(f"tally.{counter}", 0)


# --- letting a phone in ------------------------------------------------------------------------------


def test_the_code_on_the_tablet_lets_a_phone_in_for_whoever_is_signed_in(booth_app: Flask, booth: Booth, desk: Browser):
    page = desk.get("/staff/counting")
    word = booth.counting.offer("li")
    assert handoff.drawn(f"{URL}/m/count/{word}") in page
    phone = a_phone(booth_app)
    arrived = phone.get(f"/m/count/{word}")
    assert ("李志愿" in arrived, passes.counting(booth.journal, booth.clock)) == (True, [])  # looking does nothing
    assert "count-first" in phone.send(arrived.form("/m/count/take"))
    [stint] = passes.counting(booth.journal, booth.clock)
    assert (stint.volunteer, f"{stint.number} 号手机" in desk.get("/staff/counting")) == ("li", True)


def test_a_word_is_good_once_and_again_for_the_touch_whose_answer_was_lost(booth_app: Flask, booth: Booth):
    word = booth.counting.offer("li")
    phone, other = a_phone(booth_app), a_phone(booth_app)
    form, late = (one.get(f"/m/count/{word}").form("/m/count/take") for one in (phone, other))
    for _ in range(2):
        assert phone.send(form).status == 200
    assert len(passes.counting(booth.journal, booth.clock)) == 1
    assert "counting.taken" in other.send(late)
    assert other.get(f"/m/count/{word}").status == 409
    assert booth.counting.offer("li") != word


def test_a_phone_that_scans_its_own_code_again_goes_on_counting(booth_app: Flask, booth: Booth):
    phone, other = Phone(booth_app), Phone(booth_app, "wang")
    word = booth.counting.offer("li")
    phone.takes(word)
    assert phone.browser.get(f"/m/count/{word}").path == "/m/count"
    assert other.browser.get(f"/m/count/{word}").status == 409


def test_the_code_stands_there_in_letters_too(booth: Booth, desk: Browser):
    assert f"{URL}/m/count/{booth.counting.offer('li')}</span>" in desk.get("/staff/counting")
    booth.phones = handoff.Phones(booth.clock, "", "", booth.visits)
    assert "没有开通手机计数，请找技术人员" in desk.get("/staff/counting")


def test_a_word_is_good_for_minutes(booth_app: Flask, booth: Booth, clock: FakeClock):
    word, phone = booth.counting.offer("li"), a_phone(booth_app)
    form = phone.get(f"/m/count/{word}").form("/m/count/take")
    clock.tick(passes.LIFE)
    assert "phone.expired" in phone.send(form)
    assert phone.get(f"/m/count/{word}").status == 410
    assert phone.get("/m/count/nonsense").status == 410


def test_two_phones_that_touch_at_once_are_not_both_let_in(booth_app: Flask, booth: Booth):
    word = booth.counting.offer("li")
    pages = [(one := a_phone(booth_app), one.get(f"/m/count/{word}").form("/m/count/take")) for _ in range(8)]
    at_once(*(lambda one=one, form=form: one.send(form) for one, form in pages))
    assert len(passes.counting(booth.journal, booth.clock)) == 1


def test_a_phone_reaches_nothing_else_of_the_staff(phone: Phone):
    for path in ("/staff", "/staff/counting", "/staff/hours", "/staff/enter", "/staff/close"):
        assert phone.browser.get(path).status == 403
    assert phone.browser.post("/staff/tally", id=an_id(), counter="headcount", n="1").status == 403


def test_the_page_may_be_kept_by_a_browser_and_names_nobody(phone: Phone):
    page = phone.browser.get("/m/count")
    assert page.headers["Cache-Control"] == "private, max-age=50400"
    assert ("李志愿" in page, phone.stint in page) == (False, False)


# --- taps ----------------------------------------------------------------------------------------------


def test_what_a_phone_kept_is_taken_in_one_go_and_answered_tap_by_tap(phone: Phone, booth: Booth):
    answer = phone.asks(phone.tap(1), phone.tap(2, "leaflet.law", 50), phone.tap(3, n=5))
    assert came_to(answer) == ["ok"] * 3
    assert (answer["totals"]["headcount"], answer["totals"]["leaflet.law"]) == (6, 50)
    assert [(fact.id, fact.by) for fact in facts_of(booth.journal, "tally.counted")] == [
        (an_id(number), "li") for number in (1, 2, 3)
    ]


def test_a_batch_sent_again_after_a_lost_answer_counts_once(phone: Phone, booth: Booth):
    taps = [phone.tap(number) for number in range(1, 101)]
    assert came_to(phone.asks(*taps)) == ["ok"] * 100
    assert came_to(phone.asks(*taps)) == ["same"] * 100
    assert counted(booth) == 100


def test_what_is_wrong_with_one_tap_says_nothing_of_the_others(phone: Phone, booth: Booth):
    phone.asks(phone.tap(1))
    wrong = [
        phone.tap(1, n=5), phone.tap(2, "leaflet.none"), phone.tap(3, n=0), phone.tap(4, n=1001), {"id": an_id(5)},
        {}, phone.tap(6) | {"more": 1}, phone.tap(7) | {"id": "x" * 99}, phone.tap(8, stint=an_id(99)),
        phone.undo(9, 77), phone.undo(10, 1, after=12_001), phone.tap(11) | {"n": True},
    ]  # fmt: skip
    answer = phone.asks(*wrong, phone.tap(12))
    assert came_to(answer) == ["refused"] * len(wrong) + ["ok"]
    assert codes(answer)[0] == "fact.conflict"
    assert codes(answer)[8:10] == ["counting.unknown", "tally.undo_nothing"]
    assert all(one["say"] for one in answer["taps"][:-1])
    assert counted(booth) == 2


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"waiting":0}', "application/json", 400),
        (b'{"waiting":0,"taps":[1]}', "application/json", 400),
        (b'{"waiting":-1,"taps":[]}', "application/json", 400),
        (b'{"waiting":0,"taps":[],"taps":[]}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"waiting":0,"taps":[]}', "text/plain", 400),
        (b'{"waiting":0,"taps":[]}', "application/x-www-form-urlencoded", 400),
        (json.dumps({"waiting": 0, "taps": [{}] * 101}).encode(), "application/json", 400),
        (b" " * 70_000, "application/json", 413),
    ],
)
def test_what_is_no_batch_is_refused_as_json(phone: Phone, body: bytes, kind: str, status: int):
    answer = phone.posts(body, kind=kind)
    assert (answer.status_code, set(answer.get_json())) == (status, {"problem", "zh", "en"})


def test_a_page_of_another_site_counts_nothing(phone: Phone, booth: Booth):
    batch = {"waiting": 0, "taps": [phone.tap()]}
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert phone.posts(batch, **headers).status_code == 403
    assert phone.posts(batch, Origin="http://localhost").status_code == 200
    assert counted(booth) == 1


def test_a_phone_that_was_never_let_in_counts_nothing(booth_app: Flask, booth: Booth, phone: Phone):
    for cookie in ("", "nonsense", "é"):
        stranger = Phone.__new__(Phone)
        stranger.browser = a_phone(booth_app)
        if cookie:
            stranger.browser.client.set_cookie("counting", cookie, path="/m/count")
        answer = stranger.posts({"waiting": 0, "taps": [phone.tap()]})
        assert (answer.status_code, answer.get_json()["problem"]) == (403, "counting.unknown")
    assert counted(booth) == 0


# --- together --------------------------------------------------------------------------------------------


def test_a_tablet_and_phones_on_one_counter_add_up(booth_app: Flask, booth: Booth, desk: Browser):
    phones = [Phone(booth_app, volunteer) for volunteer in ("li", "wang")]
    desk.post("/staff/tally", id=an_id(500), counter="headcount", n="5")
    for number, phone in enumerate(phones, 1):
        answer = phone.asks(phone.tap(number))
    assert answer["totals"]["headcount"] == 7
    assert "<strong>7</strong>" in desk.get("/staff")


def test_two_volunteers_on_one_counter_in_the_same_moment_are_both_counted(booth_app: Flask, booth: Booth):
    phones = [Phone(booth_app, volunteer) for volunteer in ("li", "wang")]
    batches = [[phone.tap(100 * at + number) for number in range(20)] for at, phone in enumerate(phones, 1)]
    at_once(*(lambda p=p, t=t: p.asks(t) for p, taps in zip(phones, batches, strict=True) for t in taps))
    by = [fact.by for fact in facts_of(booth.journal, "tally.counted")]
    assert (counted(booth), by.count("li"), by.count("wang")) == (40, 20, 20)


# --- taking back --------------------------------------------------------------------------------------------


def test_a_tap_is_taken_back_also_with_the_batch_that_brings_it(phone: Phone, booth: Booth):
    assert came_to(phone.asks(phone.tap(1, n=5), phone.undo(2, 1), phone.tap(3))) == ["ok"] * 3
    assert [fact.id for fact in facts_of(booth.journal, "tally.undone")] == [undo_id(an_id(1))]
    assert came_to(phone.asks(phone.undo(2, 1))) == ["same"]
    assert came_to(phone.asks(phone.undo(4, 1))) == ["same"]
    assert counted(booth) == 1


def test_what_was_taken_back_in_time_may_arrive_late_but_not_on_another_day(
    phone: Phone, booth: Booth, clock: FakeClock
):
    phone.asks(phone.tap(1), phone.tap(2))
    clock.tick(3600)  # the answer was lost, and the Wi-Fi with it
    assert came_to(phone.asks(phone.undo(3, 1))) == ["ok"]
    clock.tick(12 * 3600 + 1800)
    clock.jump_wall(3 * 3600)
    answer = phone.asks(phone.undo(4, 2))
    assert codes(answer) == ["tally.undo_too_late"]
    assert counted(booth) == 1


def test_a_tap_that_was_put_right_meanwhile_is_refused_and_the_others_are_taken(phone: Phone, booth: Booth):
    phone.asks(phone.tap(1, n=5))
    right = TallyCorrected(counter="headcount", n=-5, reason="多按了", second="", day="2027-03-15", hour=9)
    booth.journal.append(a_draft(right))
    answer = phone.asks(phone.undo(2, 1), phone.tap(3))
    assert (codes(answer)[0], came_to(answer)) == ("tally.undo_corrected", ["refused", "ok"])
    assert counted(booth) == 1


def test_nobody_takes_back_what_another_counted(booth_app: Flask, booth: Booth):
    li, wang = Phone(booth_app), Phone(booth_app, "wang")
    li.asks(li.tap(1))
    assert codes(wang.asks(wang.undo(2, 1))) == ["tally.undo_nothing"]
    assert counted(booth) == 1


# --- how a phone's counting ends -------------------------------------------------------------------------------


def test_taps_from_before_a_hand_over_that_arrive_after_it_stay_with_the_old_shift(
    booth_app: Flask, booth: Booth, phone: Phone
):
    phone.asks(phone.tap(1))
    with booth_app.test_request_context():
        counting.end_for("li")
    assert phone.asks()["session"] == "shift"
    assert came_to(phone.asks(phone.tap(2))) == ["ok"]
    old = phone.stint
    phone.scans("wang")
    phone.asks(phone.tap(3), phone.tap(4, stint=old))
    assert [fact.by for fact in facts_of(booth.journal, "tally.counted")] == ["li", "li", "wang", "li"]
    assert [one.volunteer for one in passes.counting(booth.journal, booth.clock)] == ["wang"]


def test_a_tap_in_the_very_moment_of_a_hand_over_is_the_old_volunteers(booth_app: Flask, booth: Booth, phone: Phone):
    taps = [phone.tap(number) for number in range(1, 21)]

    def hand_over():
        with booth_app.test_request_context():
            counting.end_for("li")

    at_once(hand_over, *(lambda t=t: phone.asks(t) for t in taps))
    assert {fact.by for fact in facts_of(booth.journal, "tally.counted")} == {"li"}
    assert counted(booth) == 20


def test_what_a_withdrawn_phone_kept_waits_until_it_is_let_in_again(phone: Phone, booth: Booth, desk: Browser):
    old = phone.stint
    phone.asks(waiting=7)
    page = desk.get("/staff/counting")
    assert "还有 7 下没交上" in page
    desk.send(page.form("/staff/counting/end"))
    answer = phone.asks(phone.tap(1))
    assert (answer["session"], came_to(answer), codes(answer)) == ("withdrawn", ["held"], ["counting.ended"])
    assert (counted(booth), passes.counting(booth.journal, booth.clock)) == (0, [])
    phone.scans("wang")
    assert came_to(phone.asks(phone.tap(1, stint=old))) == ["ok"]
    assert [fact.by for fact in facts_of(booth.journal, "tally.counted")] == ["li"]


def test_after_fourteen_hours_nothing_is_taken_for_it_would_be_another_days(
    phone: Phone, booth: Booth, clock: FakeClock
):
    clock.tick(passes.HOURS * 3600 - 1)
    assert phone.asks()["session"] == "open"
    clock.tick(1)
    answer = phone.asks(phone.tap(1))
    assert (answer["session"], codes(answer)) == ("over", ["counting.over"])
    assert passes.counting(booth.journal, booth.clock) == []


@pytest.mark.parametrize("seconds", [24 * 3600, -24 * 3600])
def test_a_tablets_clock_that_is_a_day_off_ends_no_phones_counting(phone: Phone, clock: FakeClock, seconds: int):
    clock.jump_wall(seconds)
    answer = phone.asks(phone.tap(1))
    assert (answer["session"], came_to(answer)) == ("open", ["ok"])


def test_a_phone_goes_on_after_the_tablet_was_started_again(
    booth_app: Flask, booth: Booth, phone: Phone, tmp_path: Path
):
    phone.asks(phone.tap(1))
    booth.close()
    settings = BoothConfig(tmp_path / "booth", sync_seconds=0, phone_url=URL)
    again = create_booth_app(settings, booth.clock)
    token = phone.browser.client.get_cookie("counting", path="/m/count").value
    phone.browser = a_phone(again)
    phone.browser.client.set_cookie("counting", token, path="/m/count")
    try:
        assert came_to(phone.asks(phone.tap(1), phone.tap(2))) == ["same", "ok"]
    finally:
        again.extensions["booth"].close()


def test_a_stint_of_an_earlier_boot_ends_by_whichever_clock_says_more(clock: FakeClock):
    hour, wall = 3_600_000, clock.now().timestamp()
    assert passes._age(clock, wall - 3600, "ffffffff", 0) >= hour
    assert passes._age(clock, wall + 86_400, "ffffffff", 0) == clock.monotonic()


def test_an_entrance_that_was_named_later_loses_no_tap(phone: Phone, booth: Booth):
    """The tap was made on a page from before: it counts among all that came in."""
    assert "headcount" in phone.asks()["totals"]
    assert came_to(phone.asks(phone.tap(1, "headcount"), phone.tap(2, "headout"))) == ["ok", "ok"]


@pytest.mark.parametrize("how", ["over", "withdrawn"])
def test_a_tap_that_was_taken_in_time_stays_taken_though_its_answer_was_lost(
    phone: Phone, booth: Booth, clock: FakeClock, how: str
):
    tap, undo = phone.tap(1), phone.undo(2, 1)
    assert came_to(phone.asks(tap, undo, phone.tap(3))) == ["ok", "ok", "ok"]
    if how == "over":
        clock.tick(passes.HOURS * 3600)
    else:
        passes.withdraw(booth.journal, phone.stint)
    assert came_to(phone.asks(tap, undo, phone.tap(3))) == ["same", "same", "same"]
    assert came_to(phone.asks(phone.tap(4))) == ["refused" if how == "over" else "held"]
