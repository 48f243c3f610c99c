"""Who is here, and the desk handed over with two PINs: what was tapped stays with whoever tapped it."""

import dataclasses
import threading
from http.cookies import SimpleCookie

import msgspec
import pytest
from flask import Flask

from kiosk.booth import closing, handoff, shifts
from kiosk.booth.context import Booth, new_id
from kiosk.facts.shifts import end_id
from kiosk.facts.tallies import TallyCounted
from tests.booth.test_counting import Phone
from tests.booth.test_phones import URL
from tests.clocks import FakeClock
from tests.makers import Browser, Page, a_draft, an_id, facts_of

AT = "/staff/shift"
PIN = "380315"


@pytest.fixture(autouse=True)
def roster(booth: Booth) -> None:
    """Three people, all with Li's PIN."""
    own = booth.enrolled.volunteers["li"]
    names = {"li": "李志愿", "wang": "王志愿", "zhao": "赵志愿"}
    booth._enrolment = msgspec.structs.replace(
        booth.enrolled, volunteers={one: {**own, "id": one, "name": name} for one, name in names.items()}
    )
    booth._read_at = 1 << 60


@pytest.fixture
def desk(visitor: Browser) -> Browser:
    return visitor.enter("li", PIN)


def comes(desk: Browser, *who: str) -> Page:
    return desk.send(desk.get(AT).form(f"{AT}/begin"), **{f"v-{one}": "1" for one in who})


def hands_over(desk: Browser, incoming: str = "wang", **told: str) -> Page:
    form = desk.get(AT).form(f"{AT}/hand")
    return desk.send(form, **{"pin": PIN, "incoming": incoming, "incoming_pin": PIN, **told})


def present(booth: Booth) -> list[str]:
    with booth.journal.reading() as connection:
        return [fact.body["volunteer"] for fact in shifts.open_shifts(connection)]


def story(booth: Booth) -> list[tuple[str, str]]:
    kinds = ("shift.began", "shift.ended", "shift.handed")
    return [(fact.kind[6:], fact.by) for fact in facts_of(booth.journal) if fact.kind in kinds]


# --- coming and going -----------------------------------------------------------------------------


def test_people_come_in_groups_by_a_touch_of_their_names_and_go_one_by_one(desk: Browser, booth: Booth):
    page = comes(desk, "li", "zhao")
    assert (present(booth), "李志愿" in page) == (["li", "zhao"], True)
    form = next(one for one in page.forms if one.action == f"{AT}/end")
    for _ in range(2):
        desk.send(form)
    assert present(booth) == ["zhao"]
    [ended] = facts_of(booth.journal, "shift.ended")
    assert (ended.body["how"], ended.id) == ("left", end_id(ended.body["began"]))


def test_a_touch_of_a_name_that_comes_again_after_a_hand_over_is_the_same_touch(desk: Browser, booth: Booth):
    form = desk.get(AT).form(f"{AT}/begin")
    desk.send(form, **{"v-zhao": "1"})
    desk.send(next(one for one in desk.get(AT).forms if one.action == f"{AT}/end"))
    hands_over(desk)
    assert desk.send(form, **{"v-zhao": "1"}).status == 200
    assert [fact.body["volunteer"] for fact in facts_of(booth.journal, "shift.began")] == ["zhao", "wang"]


def test_a_tap_whose_answer_was_lost_in_a_hand_over_is_one_tap_of_whoever_made_it(desk: Browser, booth: Booth):
    form = desk.get("/staff").form("/staff/tally", counter="headcount", n="1")
    desk.send(form)
    hands_over(desk)
    assert desk.send(form).status == 200
    [tap] = facts_of(booth.journal, "tally.counted")
    assert tap.by == "li"
    assert desk.post("/staff/undo", undoes=tap.id).status == 200
    desk.enter("zhao", PIN)
    assert desk.post("/staff/undo", undoes=tap.id).status == 200
    assert [fact.by for fact in facts_of(booth.journal, "tally.undone")] == ["wang"]
    assert desk.send(form, n="5").status == 409  # but another tap it is not


def test_whoever_is_here_is_not_here_twice(desk: Browser, booth: Booth):
    form = desk.get(AT).form(f"{AT}/begin")
    for touch in (form.values["id"], form.values["id"], an_id(9)):
        desk.send(form, id=touch, **{"v-li": "1"})
    assert present(booth) == ["li"]


def test_whoever_forgot_to_leave_yesterday_is_shown_so_and_may_come_again(
    desk: Browser, booth: Booth, clock: FakeClock
):
    comes(desk, "li")
    clock.tick(86_400)
    desk.enter("li", PIN)
    assert "03-15 09:30" in desk.get(AT)
    comes(desk, "li")
    assert present(booth) == ["li", "li"]


def test_a_shift_that_never_began_cannot_end(desk: Browser):
    assert desk.post(f"{AT}/end", began=an_id(5)).status == 404


def test_closing_the_day_ends_what_nobody_ended(desk: Browser, booth: Booth):
    comes(desk, "li", "wang")
    closed = closing.close_day(booth.journal, booth.clock, "li", new_id())
    assert present(booth) == []
    assert [fact.body["how"] for fact in facts_of(booth.journal, "shift.ended")] == ["closed", "closed"]
    assert closed.seq == booth.journal.head()[0]
    assert closed.body["counts"]["shift.ended"] == 2


def test_a_retry_of_the_closing_ends_nobody_who_came_after_it(desk: Browser, booth: Booth):
    touch = new_id()
    first = closing.close_day(booth.journal, booth.clock, "li", touch)
    comes(desk, "wang")
    assert closing.close_day(booth.journal, booth.clock, "li", touch) == first
    assert present(booth) == ["wang"]


# --- handing over ---------------------------------------------------------------------------------


def test_a_hand_over_keeps_what_stands_there_and_signs_the_next_one_in(desk: Browser, booth: Booth):
    comes(desk, "li")
    booth.journal.append(a_draft(TallyCounted(counter="headcount", n=286)))
    page = hands_over(desk, faults="打印机没纸")
    assert "李志愿 交给 王志愿" in page
    [handed] = facts_of(booth.journal, "shift.handed")
    assert handed.body == {
        "outgoing": "li", "incoming": "wang", "counters": {"tally.headcount": 286}, "stock": {}, "open": 0,
        "unsent": 3, "faults": "打印机没纸",
    }  # fmt: skip
    assert story(booth) == [("began", "li"), ("handed", "li"), ("ended", "li"), ("began", "wang")]
    desk.post("/staff/tally", id=an_id(77), counter="headcount", n="1")
    assert facts_of(booth.journal, "tally.counted")[-1].by == "wang"


def test_whoever_did_not_check_in_can_hand_over_all_the_same(desk: Browser, booth: Booth):
    hands_over(desk)
    assert story(booth) == [("handed", "li"), ("began", "wang")]


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        ({"pin": "000000"}, 403, "交班的：PIN 不对"),
        ({"incoming_pin": "000000"}, 403, "接班的：PIN 不对"),
        ({"incoming": "li"}, 422, "不能交给自己"),
        ({"incoming": "nobody"}, 403, "接班的：PIN 不对"),
        ({"faults": "打 13800000000"}, 422, "不能有手机号"),
    ],
    ids=str,
)
def test_without_both_pins_nothing_is_handed_over(desk: Browser, booth: Booth, told, status, words):
    page = hands_over(desk, **told)
    assert (page.status, words in page, story(booth)) == (status, True, [])
    assert desk.get("/staff").path == "/staff"  # still signed in


def test_guessing_a_pin_at_the_hand_over_locks_it(desk: Browser, booth: Booth):
    for _ in range(6):
        page = hands_over(desk, incoming_pin="000000")
    assert (page.status, story(booth)) == (403, [])
    assert hands_over(desk).status == 429  # the right one, while it is locked


def test_the_same_hand_over_sent_again_is_one(desk: Browser, booth: Booth):
    form = desk.get(AT).form(f"{AT}/hand")
    for outgoing in ("li", "li"):
        desk.enter(outgoing, PIN)
        assert desk.send(form, pin=PIN, incoming="wang", incoming_pin=PIN).status == 200
    assert len(facts_of(booth.journal, "shift.handed")) == 1
    assert len(facts_of(booth.journal, "shift.began")) == 1


def test_after_it_the_old_volunteers_cookie_opens_nothing(desk: Browser):
    old = desk.client.get_cookie("staff")
    hands_over(desk)
    other = desk.client.application.test_client()
    other.set_cookie("staff", old.value)
    assert other.post("/staff/tally", data={"id": an_id(8), "counter": "headcount", "n": "1"}).status_code == 403


def test_a_tap_in_the_very_moment_of_a_hand_over_is_exactly_one_persons(desk: Browser, booth: Booth):
    """Taps with the old cookie go on all through it: what was confirmed is there once, and nothing else is."""
    app, cookie = desk.client.application, desk.client.get_cookie("staff").value
    confirmed: list[str] = []
    begun, over = threading.Event(), threading.Event()

    def tap() -> None:
        client = app.test_client()
        client.set_cookie("staff", cookie)
        for number in range(10_000, 12_000):
            told = {"id": an_id(number), "counter": "headcount", "n": "1"}
            if client.post("/staff/tally", data=told).status_code < 400:
                confirmed.append(told["id"])
            begun.set()
            if over.is_set():
                break

    form = desk.get(AT).form(f"{AT}/hand")
    thread = threading.Thread(target=tap)
    thread.start()
    begun.wait(60)
    page = desk.send(form, pin=PIN, incoming="wang", incoming_pin=PIN)
    over.set()
    thread.join(60)
    assert page.status == 200
    taps = {fact.id: fact for fact in facts_of(booth.journal, "tally.counted")}
    assert sorted(taps) == sorted(confirmed)
    assert {fact.by for fact in taps.values()} == {"li"}
    [handed] = facts_of(booth.journal, "shift.handed")
    before = sum(fact.seq < handed.seq for fact in taps.values())
    assert handed.body["counters"].get("tally.headcount", 0) == before  # not one more, not one less


def test_what_a_phone_kept_of_the_old_shift_arrives_under_its_name(booth_app: Flask, desk: Browser, booth: Booth):
    """Out of the Wi-Fi while the desk was handed over, it sends afterwards; and it stops with its shift."""
    booth.config = dataclasses.replace(booth.config, phone_url=URL)
    booth.phones = handoff.Phones(booth.clock, URL, "315", booth.visits)
    booth_app.config["TRUSTED_HOSTS"] = [*booth.config.all_hosts]
    phone = Phone(booth_app)
    phone.asks(phone.tap(1))
    hands_over(desk)
    phone.asks(phone.tap(2))
    [handed] = facts_of(booth.journal, "shift.handed")
    late = [fact for fact in facts_of(booth.journal, "tally.counted") if fact.seq > handed.seq]
    assert ([fact.by for fact in late], handed.body["counters"]) == (["li"], {"tally.headcount": 1})
    assert booth.journal.read_one("SELECT ended FROM counting WHERE stint = ?", (phone.stint,)) == ("shift",)


def test_the_session_cookie_is_as_strict_as_that_of_the_pin_screen(desk: Browser):
    form = desk.get(AT).form(f"{AT}/hand")
    answer = desk.client.post(form.action, data={**form.values, "pin": PIN, "incoming": "wang", "incoming_pin": PIN})
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["staff"]
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Strict")
