"""A play that goes over to the visitor's own phone, and what a phone may reach of a tablet."""

import dataclasses
import re
import threading
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.booth import handoff, visits
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from kiosk.packs.quizzes import MODES, STANDARD
from tests.booth.test_journal import at_once
from tests.booth.test_quizzes import right_answer, the_answers
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Form, Page, a_prize, an_id, facts_of, give_prizes
from tests.proof import share

URL = "http://192.168.31.5:3150"
ELSEWHERE = "192.168.31.77"


@pytest.fixture
def booth_app(booth_app: Flask) -> Flask:
    """The tablet of `conftest`, on the square's Wi-Fi."""
    booth: Booth = booth_app.extensions["booth"]
    booth.config = dataclasses.replace(booth.config, phone_url=URL)
    booth.phones = handoff.Phones(booth.clock, URL, "315", booth.visits)
    booth_app.config["TRUSTED_HOSTS"] = [*booth.config.all_hosts]
    return booth_app


@pytest.fixture
def tablet(client: FlaskClient) -> Browser:
    return Browser(client)


def a_phone(app: Flask, address: str = ELSEWHERE) -> Browser:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    client.environ_base["HTTP_HOST"] = "192.168.31.5:3150"
    return Browser(client)


def shown_word(page: Page, booth: Booth) -> str:
    """The word in the code that the page shows: what a camera would read is what was drawn."""
    for word in [*booth.phones._offers, booth.phones.door().address.rpartition("/")[2]]:
        if booth.phones.code(word).svg in page:
            return word
    raise AssertionError("the page shows no code")


def asks_over(tablet: Browser, booth: Booth) -> str:
    """The visitor touches "on my phone"; the word of the code."""
    return shown_word(tablet.get("/quiz/phone"), booth)


def takes(phone: Browser, word: str) -> Page:
    """Scans, and touches the one button there is."""
    return phone.send(phone.get(f"/m/quiz/{word}").form("/m/take"))


def answers(browser: Browser, booth: Booth, at: str = "/m") -> Page:
    form = browser.get(f"{at}/quiz").form(f"{at}/quiz/answer")
    chosen = right_answer(booth, form)
    if booth.pack.question_by_id[form.values["question"]].takes_several:
        for option in chosen:
            browser.post(f"{at}/quiz/pick", question=form.values["question"], option=option, on="1")
        return browser.send(form)
    return browser.send(form, option=chosen[0])


def goes_on(browser: Browser, page: Page, at: str = "/m") -> Page:
    return browser.send(page.form(f"{at}/quiz/next"))


def plays(phone: Browser, booth: Booth, questions: int) -> Page:
    for _ in range(questions):
        page = goes_on(phone, answers(phone, booth))
    return page


# --- a play moves -------------------------------------------------------------------------------------


def test_a_phone_goes_on_where_the_tablet_was_and_every_answer_counts_once(
    booth_app: Flask, booth: Booth, tablet: Browser
):
    goes_on(tablet, answers(tablet, booth, ""), "")
    answers(tablet, booth, "")
    phone = a_phone(booth_app)
    page = takes(phone, asks_over(tablet, booth))
    assert (page.path, "2 / 5" in page, "/m/quiz/next" in page) == ("/m/quiz", True, True)
    goes_on(phone, page)
    plays(phone, booth, 3)
    facts = the_answers(booth)
    assert [fact.body["on"] for fact in facts] == ["tablet"] * 2 + ["phone"] * 3
    assert len({fact.body["session"] for fact in facts}) == 1
    assert len({fact.body["question"] for fact in facts}) == 5
    [finished] = facts_of(booth.journal, "quiz.finished")
    assert (finished.body["session"], finished.body["right"]) == (facts[0].body["session"], 5)
    assert booth.journal.day_totals("2027-03-15")["quiz.answered"] == 5


def test_the_tablet_is_free_as_soon_as_a_phone_has_the_play(booth_app: Flask, booth: Booth, tablet: Browser):
    form = tablet.get("/quiz").form("/quiz/answer")
    takes(a_phone(booth_app), asks_over(tablet, booth))
    page = tablet.get("/quiz/phone")
    assert ('data-go="/"' in page, "已经换到手机上了" in page) == (True, True)
    late = tablet.send(form, option="a")
    assert (late.status, "1 / 5" in late) == (200, True)
    assert late.form("/quiz/answer").values["id"] != form.values["id"]
    assert the_answers(booth) == []


def test_a_touch_on_its_way_from_the_tablet_finds_no_play_there_any_more(
    booth_app: Flask, booth: Booth, tablet: Browser
):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    token = tablet.client.get_cookie("visit").value
    on_its_way = booth.visits.find(token)
    takes(a_phone(booth_app), word)
    assert (on_its_way.play, on_its_way.voucher, on_its_way.asked) == (None, None, set())
    assert booth.visits.find(token) is None  # who comes next is somebody else


def test_a_tablet_and_a_phone_that_answer_in_the_same_moment_give_one_answer(
    booth_app: Flask, booth: Booth, tablet: Browser
):
    for _ in range(share(100, 15)):
        before = len(the_answers(booth))
        tablet.get("/")
        page = tablet.get("/quiz")
        while "/quiz/pick" in page:
            page = tablet.post("/quiz/start", mode="standard")
        form = page.form("/quiz/answer")
        word, gate = asks_over(tablet, booth), threading.Barrier(2)
        phone = a_phone(booth_app)

        def at_the_tablet(form: Form = form, gate: threading.Barrier = gate) -> None:
            gate.wait()
            tablet.send(form, option=form.choices("option")[0])

        def on_the_phone(
            word: str = word, form: Form = form, gate: threading.Barrier = gate, phone: Browser = phone
        ) -> None:
            landing = phone.get(f"/m/quiz/{word}").form("/m/take")
            gate.wait()
            phone.send(landing)
            phone.post("/m/quiz/answer", **form.values, option=form.choices("option")[1])

        at_once(at_the_tablet, on_the_phone)
        kept = the_answers(booth)[before:]
        assert [fact.id for fact in kept] == [form.values["id"]]
        chosen = form.choices("option")[["tablet", "phone"].index(kept[0].body["on"])]
        assert kept[0].body["chosen"] == [chosen]


def test_the_options_stand_on_the_phone_as_they_stood_on_the_tablet(booth_app: Flask, booth: Booth, tablet: Browser):
    def shown(page: Page) -> list[str]:
        return re.findall(r'name="option" value="([^"]+)"', page.text)

    before = tablet.get("/quiz")
    assert shown(takes(a_phone(booth_app), asks_over(tablet, booth))) == shown(before) != []


def test_the_first_phone_has_it_and_the_second_is_told(booth_app: Flask, booth: Booth, tablet: Browser):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    one, other = a_phone(booth_app), a_phone(booth_app, "192.168.31.78")
    landing = other.get(f"/m/quiz/{word}")
    takes(one, word)
    for page in (other.send(landing.form("/m/take")), other.get(f"/m/quiz/{word}")):
        assert (page.status, "phone.taken" in page) == (409, True)
    assert one.get(f"/m/quiz/{word}").path == "/m/quiz"  # its own code, once more


def test_of_phones_that_take_it_in_the_same_moment_one_has_it(booth_app: Flask, booth: Booth, tablet: Browser):
    for _ in range(20):
        tablet.get("/")
        tablet.get("/quiz")
        word = asks_over(tablet, booth)
        outcomes: list[str] = []
        gate = threading.Barrier(6)

        def take(phone: str, word: str = word, outcomes: list[str] = outcomes, gate: threading.Barrier = gate) -> None:
            gate.wait()
            try:
                booth.phones.take(word, phone, "127.0.0.1")
                outcomes.append("taken")
            except Problem as problem:
                outcomes.append(problem.code)

        threads = [threading.Thread(target=take, args=(an_id(number),)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        booth.phones._arrivals.clear()
        assert sorted(outcomes) == ["phone.taken"] * 5 + ["taken"]


def test_looking_at_the_address_takes_nothing(booth_app: Flask, booth: Booth, tablet: Browser):
    """Cameras and messengers fetch an address to show what it is."""
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    for _ in range(3):
        a_phone(booth_app).get(f"/m/quiz/{word}")
    assert takes(a_phone(booth_app), word).path == "/m/quiz"


def test_a_touch_whose_reply_was_lost_comes_to_the_same_play(booth_app: Flask, booth: Booth, tablet: Browser):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    phone = a_phone(booth_app)
    form = phone.get(f"/m/quiz/{word}").form("/m/take")
    first = phone.send(form).form("/m/quiz/answer")
    phone.client.delete_cookie("phone", path="/m")  # it was in the reply that never came
    assert phone.send(form).form("/m/quiz/answer") == first


@pytest.mark.parametrize("seconds", [0, handoff.LIFE + 10])
def test_the_touch_that_took_a_play_is_refused_when_its_visit_is_over(
    booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock, seconds: int
):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    phone = a_phone(booth_app)
    form = phone.get(f"/m/quiz/{word}").form("/m/take")
    phone.send(form)
    phone.post("/m/leave")
    clock.tick(seconds)
    takes(a_phone(booth_app), shown_word(tablet.get("/"), booth))  # what is past is forgotten now
    page = phone.send(form)
    assert (page.status, "phone.taken" in page) == (409, True)


def test_the_touch_for_a_play_of_ones_own_begins_another_when_the_visit_is_over(
    booth_app: Flask, booth: Booth, tablet: Browser
):
    phone = a_phone(booth_app)
    form = phone.get(f"/m/quiz/{shown_word(tablet.get('/'), booth)}").form("/m/take")
    phone.send(form)
    phone.post("/m/leave")
    assert phone.send(form).path == "/m/quiz"


def test_who_goes_on_at_the_tablet_keeps_the_play(booth_app: Flask, booth: Booth, tablet: Browser):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    phone = a_phone(booth_app)
    landing = phone.get(f"/m/quiz/{word}").form("/m/take")
    tablet.get("/quiz")
    page = phone.send(landing)
    assert (page.status, "phone.expired" in page) == (410, True)
    answers(tablet, booth, "")
    assert len(the_answers(booth)) == 1


def test_a_phone_may_still_take_the_play_when_the_tablet_went_home(booth_app: Flask, booth: Booth, tablet: Browser):
    """It had to join the Wi-Fi first."""
    answers(tablet, booth, "")
    word = asks_over(tablet, booth)
    tablet.post("/leave")
    assert "1 / 5" in takes(a_phone(booth_app), word)


def test_a_code_is_good_for_five_minutes(booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    landing = a_phone(booth_app).get(f"/m/quiz/{word}")
    clock.tick(handoff.LIFE)
    phone = a_phone(booth_app)
    assert [phone.send(landing.form("/m/take")).status, phone.get(f"/m/quiz/{word}").status] == [410, 410]


def test_the_code_stays_the_same_while_it_is_looked_at(booth: Booth, tablet: Browser, clock: FakeClock):
    tablet.get("/quiz")
    word = asks_over(tablet, booth)
    clock.tick(30)
    assert asks_over(tablet, booth) == word
    assert 'hx-get="/quiz/phone"' in tablet.get("/quiz/phone")


def test_a_finished_play_does_not_move(booth: Booth, tablet: Browser):
    for _ in range(STANDARD.questions):
        page = goes_on(tablet, answers(tablet, booth, ""), "")
    assert "/quiz/phone" not in page
    assert tablet.get("/quiz/phone").path == "/quiz"


def test_practice_that_moves_stays_practice(booth_app: Flask, booth: Booth, tablet: Browser):
    tablet.enter(*VOLUNTEER)
    tablet.post("/staff/practice")
    before = len(facts_of(booth.journal))
    phone = a_phone(booth_app)
    takes(phone, asks_over(tablet, booth))
    assert "练习" in plays(phone, booth, 5)
    assert len(facts_of(booth.journal)) == before


# --- a play of one's own --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.id)
def test_whoever_waits_plays_the_whole_quiz_on_the_phone(booth_app: Flask, booth: Booth, tablet: Browser, mode):
    word = shown_word(tablet.get("/"), booth)
    at_the_tablet = tablet.get("/quiz").form("/quiz/answer")
    phone = a_phone(booth_app)
    takes(phone, word)
    phone.post("/m/quiz/start", mode=mode.id)
    assert f"<strong>{mode.questions}</strong>" in plays(phone, booth, mode.questions)
    assert [fact.body["on"] for fact in the_answers(booth)] == ["phone"] * mode.questions
    assert {fact.desk for fact in facts_of(booth.journal, "quiz.finished")} == {"d01"}
    assert tablet.get("/quiz").form("/quiz/answer") == at_the_tablet


def test_the_booths_own_code_serves_many_phones_and_changes(
    booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock
):
    word = shown_word(tablet.get("/"), booth)
    for _ in range(3):
        assert takes(a_phone(booth_app), word).path == "/m/quiz"
    clock.tick(handoff.LIFE)
    assert shown_word(tablet.get("/"), booth) != word
    assert takes(a_phone(booth_app), word).path == "/m/quiz"  # it was on the screen a moment ago
    clock.tick(handoff.LIFE)
    assert a_phone(booth_app).get(f"/m/quiz/{word}").status == 410


def test_a_phone_that_scans_again_goes_on_with_what_it_has(booth_app: Flask, booth: Booth, tablet: Browser):
    word = shown_word(tablet.get("/"), booth)
    phone = a_phone(booth_app)
    before = takes(phone, word).form("/m/quiz/answer")
    assert phone.get(f"/m/quiz/{word}").form("/m/quiz/answer") == before


def test_a_voucher_won_on_a_phone_is_shown_there_and_redeemed_at_the_desk(
    booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock
):
    give_prizes(booth, a_prize())
    phone = a_phone(booth_app)
    takes(phone, shown_word(tablet.get("/"), booth))
    for _ in range(5):
        phone.get("/m/quiz")
        clock.tick(3)
        page = goes_on(phone, answers(phone, booth))
    [issued] = facts_of(booth.journal, "prize.issued")
    assert issued.body["code"] in page
    volunteer = Browser(booth_app.test_client()).enter(*VOLUNTEER)
    found = volunteer.post("/staff/prizes/find", code=issued.body["code"])
    volunteer.send(found.form("/staff/prizes/redeem"))
    assert len(facts_of(booth.journal, "prize.redeemed")) == 1


def wins_on(phone: Browser, booth: Booth, clock: FakeClock, *, at: str = "/m") -> Page:
    for _ in range(STANDARD.questions):
        phone.get(f"{at}/quiz")
        clock.tick(3)
        page = goes_on(phone, answers(phone, booth, at), at)
    return page


def test_one_phone_is_one_visitor_whatever_codes_it_reads(
    booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock
):
    kettle = a_prize(id="kettle", earned_by="lot")
    give_prizes(booth, a_prize(), kettle)
    desk = Browser(booth_app.test_client()).enter(*VOLUNTEER)
    desk.send(desk.get("/staff/lots").form("/staff/lots/commit"), winners="1")
    phone = a_phone(booth_app)
    takes(phone, shown_word(tablet.get("/"), booth))
    before = phone.client.get_cookie("phone", path="/m").value
    wins_on(phone, booth, clock)
    tablet.get("/quiz")
    takes(phone, asks_over(tablet, booth))
    page = wins_on(phone, booth, clock)
    again = phone.post("/m/take", word=shown_word(tablet.get("/"), booth), phone=an_id())
    assert (again.path, phone.client.get_cookie("phone", path="/m").value) == ("/m/quiz", before)
    [issued], [entered] = (facts_of(booth.journal, kind) for kind in ("prize.issued", "lot.entered"))
    assert issued.body["code"] in page
    assert f'id="ticket">{entered.body["code"]}<' in page


def test_a_play_that_moves_to_a_phone_brings_what_was_earned_at_the_tablet(
    booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock
):
    give_prizes(booth, a_prize())
    phone = a_phone(booth_app)
    takes(phone, shown_word(tablet.get("/"), booth))
    wins_on(tablet, booth, clock, at="")
    tablet.post("/quiz/start", mode="standard")
    takes(phone, asks_over(tablet, booth))
    [issued] = facts_of(booth.journal, "prize.issued")
    assert issued.body["code"] in wins_on(phone, booth, clock)
    assert len(facts_of(booth.journal, "prize.issued")) == 1


def test_without_an_address_for_phones_no_code_is_shown(tablet: Browser, booth: Booth):
    booth.phones.url = ""
    for path in ("/", "/quiz"):
        assert "qr" not in tablet.get(path).text.replace("qr/", "")
    assert tablet.get("/quiz/phone").path == "/quiz"


# --- the phone's own session wall -----------------------------------------------------------------------


def test_a_phone_without_a_visit_is_asked_to_scan(booth_app: Flask):
    phone = a_phone(booth_app)
    for page in (
        phone.get("/m/quiz"),
        phone.post("/m/quiz/answer", id=an_id(), question="q", option="a"),
        phone.post("/m/quiz/start", mode="quick"),
    ):
        assert (page.status, page.path, "扫一扫平板上的二维码" in page) == (200, "/m/", True)


@pytest.mark.parametrize(("leaderboard", "status"), [(False, 404), (True, 409)])
def test_a_phone_without_a_visit_begins_none_at_the_board(
    booth_app: Flask, booth: Booth, leaderboard: bool, status: int
):
    give_prizes(booth, leaderboard=leaderboard)
    assert a_phone(booth_app).post("/m/board/join", session="00" * 16, nickname="panda").status == status
    assert booth.phones.visits.count_of("") == 0


def test_no_page_of_a_phones_can_begin_a_visit(booth_app: Flask, booth: Booth):
    with booth_app.test_request_context("/m/quiz"), pytest.raises(Problem, match=r"phone\.expired"):
        visits.current()
    assert booth.phones.visits.count_of("") == 0


def test_a_phone_in_a_pocket_is_forgotten_after_a_while(
    booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock
):
    phone = a_phone(booth_app)
    takes(phone, shown_word(tablet.get("/"), booth))
    clock.tick(handoff.IDLE)
    assert phone.get("/m/quiz").path == "/m/quiz"
    clock.tick(handoff.IDLE + 16)
    assert phone.get("/m/quiz").path == "/m/"


def test_who_is_done_leaves_nothing_on_the_phone(booth_app: Flask, booth: Booth, tablet: Browser):
    phone = a_phone(booth_app)
    takes(phone, shown_word(tablet.get("/"), booth))
    token = phone.client.get_cookie("phone", path="/m").value
    assert phone.post("/m/leave").path == "/m/"
    assert phone.client.get_cookie("phone", path="/m") is None
    phone.client.set_cookie("phone", token, path="/m")
    assert phone.get("/m/quiz").path == "/m/"


def test_the_phones_cookie_is_of_the_browsers_session_and_of_the_phones_pages_alone(
    booth_app: Flask, booth: Booth, tablet: Browser
):
    phone = a_phone(booth_app)
    form = phone.get(f"/m/quiz/{shown_word(tablet.get('/'), booth)}").form("/m/take")
    header = phone.client.post(form.action, data=form.values).headers["Set-Cookie"]
    assert "Expires" not in header
    assert all(part in header for part in ("HttpOnly", "SameSite=Lax", "Path=/m"))


def test_two_phones_are_strangers_and_a_phones_cookie_opens_nothing_on_the_tablet(
    booth_app: Flask, booth: Booth, tablet: Browser
):
    word = shown_word(tablet.get("/"), booth)
    one, other = a_phone(booth_app), a_phone(booth_app)
    ids = {takes(phone, word).form("/m/quiz/answer").values["id"] for phone in (one, other)}
    tablet.client.set_cookie("visit", one.client.get_cookie("phone", path="/m").value)
    ids.add(tablet.get("/quiz").form("/quiz/answer").values["id"])
    assert len(ids) == 3


def test_language_and_type_are_chosen_on_the_phone(booth_app: Flask, booth: Booth, tablet: Browser):
    phone = a_phone(booth_app)
    landing = phone.get(f"/m/quiz/{shown_word(tablet.get('/'), booth)}")
    page = phone.send(landing.form("/m/preferences"), large="1")
    assert ("data-large" in page, "开始答题" in page) == (True, True)


# --- what a phone may reach -----------------------------------------------------------------------------


def test_from_elsewhere_only_the_phones_pages_are_reached(booth_app: Flask, booth: Booth):
    phone = a_phone(booth_app)
    open_to_phones = []
    for rule in booth_app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            path = re.sub(r"<[^>]*>", "x", rule.rule)
            answer = phone.client.open(path, method=method)
            if answer.status_code != 403:
                open_to_phones.append(path)
            elif path != "/healthz" and method != "HEAD":
                assert "request.remote" in answer.text, (method, path)
    assert open_to_phones
    assert [path for path in open_to_phones if not path.startswith(("/m/", "/static/"))] == []


@pytest.mark.parametrize("path", ["/nowhere", "//m/quiz", "/m", "/M/quiz", "/static", "/m/../staff", "/%2e%2e/staff"])
def test_addresses_that_only_look_like_a_phones_are_not(booth_app: Flask, path: str):
    assert a_phone(booth_app).client.get(path).status_code in (403, 404)


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Remote-Addr": "127.0.0.1"},
        {"Host": "127.0.0.1"},
        {"Host": "localhost"},
    ],
    ids=str,
)
def test_no_header_makes_a_phone_a_tablet(booth_app: Flask, header: dict[str, str]):
    assert a_phone(booth_app).client.get("/staff/enter", headers=header).status_code == 403


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.31.5", False),
        ("::ffff:192.168.31.5", False),
        ("fe80::1%wlan0", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
        ("unix:", False),
        ("127.0.0.1, 10.0.0.1", False),
        ("localhost", False),
    ],
)
def test_only_this_machines_own_address_is_here(address: str, here: bool):
    assert handoff.is_here(address) is here


def test_how_the_tablet_is_nobody_elsewhere_hears(booth_app: Flask):
    answer = a_phone(booth_app).client.get("/healthz")
    assert (answer.status_code, set(answer.get_json())) == (403, {"problem", "zh", "en"})


def test_a_tablet_without_an_address_for_phones_lets_nobody_in(booth_app: Flask, booth: Booth):
    booth.phones.url = ""
    phone = a_phone(booth_app)
    assert {phone.get(path).status for path in ("/m/", "/m/quiz", "/static/booth.css", "/")} == {403}


def test_what_is_refused_leads_a_phone_nowhere_it_may_not_go(booth_app: Flask):
    page = a_phone(booth_app).get("/staff")
    assert ('href="/m/"' in page, 'href="/"' in page, "refresh" in page, "/leave" in page) == (True, *[False] * 3)


def test_one_address_cannot_begin_visits_without_end(booth_app: Flask, booth: Booth, tablet: Browser, clock: FakeClock):
    word = shown_word(tablet.get("/"), booth)

    def tries(times: int, address: str) -> list[int]:
        return [takes(a_phone(booth_app, address), word).status for _ in range(times)]

    assert tries(handoff.STARTS + 2, ELSEWHERE) == [200] * handoff.STARTS + [429] * 2
    assert tries(1, "192.168.31.99") == [200]
    assert tries(handoff.STARTS // 2, "fd00::1") == tries(handoff.STARTS // 2, "fd00::2")
    assert tries(1, "fd00::3") == [429]
    assert tries(1, "fd00:0:0:1::3") == [200]
    clock.tick(handoff.LIFE)
    word = shown_word(tablet.get("/"), booth)
    assert tries(1, ELSEWHERE) == [200]


def test_one_address_cannot_keep_all_the_places(booth: Booth, clock: FakeClock):
    held: list[str] = []

    def begins(address: str) -> bool:
        word = booth.phones.door().address.rpartition("/")[2]
        try:
            held.append(booth.phones.take(word, an_id(len(held)), address).token)
        except Problem:
            return False
        return True

    for _ in range(15):
        while begins(ELSEWHERE):
            pass
        clock.tick(handoff.LIFE)
        assert all(booth.phones.visits.find(token) for token in held)
    assert len(held) == handoff.LIVING == 120
    assert begins("192.168.31.99")
    booth.phones.visits.end(held[0])
    assert begins(ELSEWHERE)


def test_a_crowd_of_phones_pushes_nobody_out(booth_app: Flask, booth: Booth, tablet: Browser):
    at_the_tablet = tablet.get("/quiz").form("/quiz/answer")
    phone = a_phone(booth_app)
    word = booth.phones.door().address.rpartition("/")[2]
    first = takes(phone, word).form("/m/quiz/answer")
    while not booth.phones.visits.is_full():
        booth.phones.visits.start()
    assert takes(a_phone(booth_app, "192.168.31.99"), word).status == 429
    assert phone.get("/m/quiz").form("/m/quiz/answer") == first
    assert tablet.get("/quiz").form("/quiz/answer") == at_the_tablet


@pytest.mark.parametrize("word", ["x", "0" * 22, "é", "%00", "a" * 300, "..", "phone"])
def test_a_word_that_was_never_shown_opens_nothing(booth_app: Flask, word: str):
    phone = a_phone(booth_app)
    assert phone.get(f"/m/quiz/{word}").status in (403, 404, 410)
    assert phone.post("/m/take", word=word, phone=an_id()).status in (410, 413)


def test_words_are_long_and_drawn_anew(booth: Booth, tablet: Browser):
    words = set()
    for _ in range(3):
        tablet.get("/")
        tablet.get("/quiz")
        words.add(asks_over(tablet, booth))
    assert (len(words), {len(word) for word in words}) == (3, {22})  # 128 bits


def test_a_phone_checks_numbers_and_only_one_that_came_by_the_tablet_is_counted(booth_app: Flask, booth: Booth):
    phone = a_phone(booth_app)
    form = phone.get("/m/check").form("/m/check")
    assert "told-right" in phone.send(form, code="6901234567892")
    assert facts_of(booth.journal, "code.checked") == []
    word = booth.phones.door().address.rpartition("/")[2]
    phone.post("/m/take", word=word, phone=an_id(9))
    assert "told-right" in phone.send(phone.get("/m/check").form("/m/check"), code="6901234567892")
    assert len(facts_of(booth.journal, "code.checked")) == 1
    assert 'href="/m/check"' in phone.get("/m/")


# --- settings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "7",
        "ftp://a",
        "http://",
        "http://a/b",
        "http://a:99999",
        "http://a?b",
        "http://u@a",
        "http://[",
        "//a",
        "a:3150",
    ],
)
def test_an_address_no_phone_could_use_is_refused_at_the_start(booth_folder: Path, url: str):
    with pytest.raises(Problem, match=r"config\.invalid"):
        create_booth_app(BoothConfig(booth_folder, phone_url=url))


def test_the_phones_address_is_one_of_the_tablets_names(tmp_path: Path):
    plain, open_ = BoothConfig(tmp_path), BoothConfig(tmp_path, phone_url=URL)
    assert (plain.bind, plain.all_hosts) == ("127.0.0.1", plain.hosts)
    assert (open_.bind, open_.all_hosts) == ("0.0.0.0", (*plain.hosts, "192.168.31.5"))
