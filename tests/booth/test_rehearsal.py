"""A rehearsal behaves like the day, is not to be mistaken for it, and leaves what counts as it was."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from kiosk.booth import handoff, outbox, rehearsal
from kiosk.booth.app import _round, create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.stage import Stage
from kiosk.cli import main
from kiosk.config import HubConfig
from kiosk.errors import SYNC_REFUSED, SYNC_UNREACHABLE, Problem
from kiosk.facts.envelope import Fact
from kiosk.hub import devices as tablets
from kiosk.hub import fairs, ledger, receipts, totals
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.rehearsals import Rehearsal, rehearsals
from kiosk.hub.tables import blobs, devices
from kiosk.hub.tables import complaints as cases
from kiosk.hub.tables import fairs as fair_table
from kiosk.sync import case_receipts
from kiosk.sync.case_receipts import Filed
from tests.booth.test_counting import Phone
from tests.booth.test_phones import URL
from tests.booth.test_prizes import wins
from tests.clocks import FakeClock
from tests.makers import (
    HUB_URL,
    VOLUNTEER,
    Browser,
    Pair,
    WsgiTransport,
    a_fair,
    a_pair,
    a_prize,
    facts_of,
    fill_complaint,
)

EVE = datetime.fromisoformat("2027-03-14T19:00:00+08:00")
BAND = "演练 · 不计入统计"
PAGE = rehearsal.PAGE


@pytest.fixture
def clock() -> FakeClock:
    """The evening before the fair."""
    return FakeClock(EVE)


@pytest.fixture
def hub(hub_folder: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Hub]:
    """On SQLite alone: what the hub makes of rehearsals is tested on both."""
    shutil.copytree(hub_folder, tmp_path / "hub")
    with closing(open_hub(HubConfig(tmp_path / "hub", public_url=HUB_URL), clock)) as hub:
        yield hub


@pytest.fixture
def pair(tmp_path: Path, hub: Hub, clock: FakeClock) -> Iterator[Pair]:
    """A tablet that was enrolled this evening, its hub in reach."""
    made = a_pair(tmp_path / "booth", hub, clock)
    connect(made)
    yield made
    made.booth.close()  # the last there was: some tests start the tablet anew


def connect(pair: Pair) -> None:
    pair.booth.road = lambda _url: WsgiTransport(pair.hub_app)


def disconnect(pair: Pair) -> None:
    def nobody(*_args: object) -> object:
        raise Problem(SYNC_UNREACHABLE, reason="no network")

    pair.booth.road = lambda _url: nobody


def rehearsed(pair: Pair) -> Booth:
    found = pair.booth.stage.rehearsal
    assert found is not None
    return found


def begin(pair: Pair) -> Browser:
    """The volunteer begins a rehearsal and unlocks the tablet again, as on the day."""
    browser = pair.at_the_desk()
    page = browser.send(browser.get(PAGE).form(f"{PAGE}/start"))
    assert page.path == "/"
    return browser.enter(*VOLUNTEER)


def count(browser: Browser, n: int = 1) -> None:
    page = browser.get("/staff")
    browser.send(page.form("/staff/tally", counter="headcount", n=str(n)))


def heads(booth: Booth) -> int:
    return sum(n for (_, _, _, metric), n in booth.journal.totals().items() if metric == "tally.headcount")


# --- the day ---------------------------------------------------------------------------------------


def test_what_is_rehearsed_is_recorded_apart_and_what_counts_stands_as_it_was(pair: Pair):
    count(pair.at_the_desk(), 5)
    before = pair.booth.journal.head()
    browser = begin(pair)
    assert (heads(rehearsed(pair)), heads(pair.booth)) == (0, 5)
    count(browser)
    count(browser)
    assert (heads(rehearsed(pair)), heads(pair.booth)) == (2, 5)
    page = browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert page.path == PAGE
    assert "演练已结束" in page
    assert "<b>2</b> 人次" in page
    assert BAND not in page
    count(browser)  # the volunteer is still signed in, and this counts
    assert heads(pair.booth) == 6
    lines = pair.booth.journal.lines(1, 100)
    assert (len(lines[: before[0]]), pair.booth.journal.hash_at(before[0])) == before


def test_all_of_it_reaches_the_hub_and_the_figures_know_nothing_of_it(pair: Pair):
    count(pair.at_the_desk(), 5)
    pair.sync()
    figures = all_figures(pair)
    browser = begin(pair)
    count(browser, 5)
    assert "都已送到" not in browser.get(PAGE)
    _round(pair.booth)
    page = browser.get(PAGE)
    assert "都已送到" in page
    [told] = at_the_hub(pair)
    assert (told.desk.id, told.state, told.is_whole) == ("d01", "on", True)
    assert told.held == rehearsed(pair).journal.head()[0]
    browser.send(page.form(f"{PAGE}/end"))
    assert [one.state for one in at_the_hub(pair)] == ["over"]
    assert "都已送到汇总端" in browser.get(PAGE)
    pair.sync()
    assert all_figures(pair) == figures
    assert ledger.verify(pair.hub) == []
    assert folders(pair) == []


def test_without_a_network_a_certificate_from_before_will_do(pair: Pair):
    _round(pair.booth)
    disconnect(pair)
    browser = begin(pair)
    count(browser)
    page = browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert "还没有全部送到汇总端" in page
    assert folders(pair) == ["ended"]
    connect(pair)
    _round(pair.booth)
    assert folders(pair) == ["ready"]  # for the next time
    assert "都已送到汇总端" in browser.get(PAGE)
    assert [(one.state, one.is_whole) for one in at_the_hub(pair)] == [("over", True)]


def test_without_a_network_and_a_certificate_it_says_what_to_do(pair: Pair):
    disconnect(pair)
    browser = pair.at_the_desk()
    page = browser.send(browser.get(PAGE).form(f"{PAGE}/start"))
    assert page.status == 409
    assert "带到有网的地方" in page
    assert BAND not in page
    count(browser)
    assert heads(pair.booth) == 1


def test_a_hub_that_certifies_no_rehearsals_is_asked_once_and_hinders_nothing(pair: Pair, monkeypatch):
    asked = []

    def certify(*_args: object) -> bytes:
        asked.append(1)
        raise Problem(SYNC_REFUSED, reason="page.not_found", code="page.not_found")

    monkeypatch.setattr(rehearsal, "_certify", certify)
    for _ in range(3):
        assert _round(pair.booth).seq == pair.booth.journal.head()[0]
    assert asked == [1]


def test_a_disk_without_room_for_it_hinders_nothing_that_counts(pair: Pair, monkeypatch):
    _round(pair.booth)
    monkeypatch.setattr(rehearsal, "_write", _fails)
    browser = pair.at_the_desk()
    assert browser.send(browser.get(PAGE).form(f"{PAGE}/start")).status == 503
    assert pair.booth.stage.rehearsal is None
    shutil.rmtree(pair.booth.config.data / "rehearsal" / "ready")
    monkeypatch.setattr(rehearsal, "init_booth", _fails)
    count(browser)
    assert _round(pair.booth).seq == pair.booth.journal.head()[0]


def test_a_tablet_whose_own_file_is_damaged_says_so_in_a_rehearsal_too(pair: Pair):
    browser = begin(pair)
    pair.booth.journal._stop("as if a fact were not as it was written")
    page = browser.get("/staff")
    assert page.status == 500
    assert "这台平板已停止记录" in page


def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same(pair: Pair, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(rehearsal, "_rename", _fails)
        with pytest.raises(OSError, match="power"):
            rehearsal.prepare(pair.booth)
    rehearsal.prepare(pair.booth)
    assert folders(pair) == ["ready"]
    with pair.hub.store.reading() as tx:
        assert tx.execute(select(func.count()).where(devices.c.rehearses != "")).scalar_one() == 1


def _fails(*_args: object) -> None:
    raise OSError("power")


def test_beginning_and_ending_twice_is_once(pair: Pair):
    browser = pair.at_the_desk()
    form = browser.get(PAGE).form(f"{PAGE}/start")
    browser.send(form)
    browser.enter(*VOLUNTEER)
    here = rehearsed(pair)
    assert browser.send(form).path == "/"
    assert rehearsed(pair) is here
    browser.enter(*VOLUNTEER)
    form = browser.get(PAGE).form(f"{PAGE}/end")
    assert "演练已结束" in browser.send(form)
    assert "演练已结束" in browser.send(form)


# --- what must not be mistaken ----------------------------------------------------------------------


def test_every_page_says_so(pair: Pair):
    give(pair, surveys=["rights"], prizes=[a_prize()], leaderboard=True)
    browser = begin(pair)
    pair.booth.stage.rehearsal.phones.url = "http://192.168.31.5:3150"
    shown = [rule.rule for rule in pair.booth_app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    pages = {path: browser.get(path) for path in [*sorted(shown), "/no-such-page", "/m/no-such-page"]}
    told = {path: page for path, page in pages.items() if page.headers["Content-Type"].startswith("text/html")}
    assert len(told) > 40
    assert [path for path, page in told.items() if BAND not in page] == []
    browser.client.set_cookie("lang", "en")
    assert "Rehearsal · not counted" in browser.enter(*VOLUNTEER).get("/staff")


def test_no_page_says_so_when_there_is_none(pair: Pair):
    browser = pair.at_the_desk()
    for path in ("/", "/quiz", "/staff", "/staff/close", PAGE, "/no-such-page"):
        assert BAND not in browser.get(path)


def test_vouchers_and_slips_say_that_they_are_none_and_no_prize_is_used_up(pair: Pair, clock: FakeClock):
    give(pair, prizes=[a_prize(quota=1)])
    browser = begin(pair)
    visitor = pair.visitor()
    page = wins(visitor, rehearsed(pair), clock)
    [issued] = facts_of(rehearsed(pair).journal, "prize.issued")
    assert "演练：这张券领不了奖品" in page
    page = browser.enter(*VOLUNTEER).get("/staff/close")
    page = browser.send(page.form("/staff/close"))
    assert "演练：这不是日结单" in page
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert facts_of(pair.booth.journal, "prize.issued") == []
    assert browser.post("/staff/prizes/find", code=issued.body["code"]).status == 404
    page = wins(pair.visitor(), pair.booth, clock)  # the only one there is
    assert "演练" not in page
    assert len(facts_of(pair.booth.journal, "prize.issued")) == 1


def test_a_complaint_is_sealed_as_on_the_day_and_becomes_no_case(pair: Pair):
    open_canaries(pair)
    browser = begin(pair)
    *_, page = fill_complaint(browser)
    assert "演练：这不是回执" in page
    [filed] = facts_of(rehearsed(pair).journal, "complaint.filed")
    _round(pair.booth)
    assert rehearsed(pair).journal.unsent() == 0
    with pair.hub.store.reading() as tx:
        assert tx.execute(select(func.count()).select_from(cases)).scalar_one() == 0
        assert tx.execute(select(func.count()).select_from(blobs)).scalar_one() == 0
    signed = a_receipt(rehearsed(pair), filed)
    with pair.hub.store.reading() as tx, pytest.raises(Problem, match=r"case_receipt\.rehearsal"):
        receipts.sound(tx, pair.hub, signed)
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert ledger.verify(pair.hub) == []


def test_what_was_told_in_a_rehearsal_is_gone_when_it_ends(pair: Pair):
    _round(pair.booth)
    open_canaries(pair)
    pair.sync()
    disconnect(pair)
    browser = begin(pair)
    *_, _page = fill_complaint(browser)
    assert rehearsed(pair).journal.unsent_names()
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    file = pair.booth.config.data / "rehearsal" / "ended" / "booth.db"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
    connect(pair)
    _round(pair.booth)
    assert [one.is_whole for one in at_the_hub(pair)] == [True]


def test_a_phone_is_led_to_no_form_of_the_hub(pair: Pair):
    begin(pair)
    device = rehearsed(pair).enrolled.certificate.device
    visitor = Browser(pair.hub_app.test_client())
    for path in (f"/m/complaint/{device}", f"/m/complaint/{device}/settle"):
        page = visitor.get(path)
        assert page.status == 409
        assert "演练用的" in page


def test_a_volunteer_who_left_a_page_open_counts_nothing_in_earnest_with_it(pair: Pair):
    browser = begin(pair)
    other = pair.visitor().enter(*VOLUNTEER)
    form = other.get("/staff").form("/staff/tally", counter="headcount", n="1")
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert other.send(form).status == 409
    assert heads(pair.booth) == 0


def test_a_page_that_was_open_before_counts_nothing_in_the_rehearsal(pair: Pair):
    form = pair.at_the_desk().get("/staff").form("/staff/tally", counter="headcount", n="1")
    page = begin(pair).send(form)
    assert (page.status, "rehearsal.page" in page, heads(rehearsed(pair)), heads(pair.booth)) == (409, True, 0, 0)


def test_a_complaint_half_filled_in_a_rehearsal_is_not_filed_after_it(pair: Pair):
    browser = begin(pair)
    screens = fill_complaint(browser)
    next(screens)
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert next(screens).status == 409
    assert facts_of(pair.booth.journal, "complaint.filed") == []


def test_what_is_asked_in_earnest_is_not_lost_in_a_rehearsal_nor_the_other_way_round(pair: Pair):
    forms = [pair.at_the_desk().get("/staff/advice").form("/staff/advice")]
    browser = begin(pair)
    forms.append(browser.get("/staff/advice").form("/staff/advice"))
    assert browser.send(forms[0], question="包装上的日期是什么意思？").status == 409
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    assert browser.send(forms[1], question="只是试试").status == 409
    assert facts_of(pair.booth.journal, "advice.asked") == []
    assert browser.send(forms[0], question="包装上的日期是什么意思？").status == 200


def on_the_wifi(booth: Booth) -> None:
    booth.config = replace(booth.config, phone_url=URL)
    booth.phones = handoff.Phones(booth.clock, URL, "315", booth.visits)


def test_what_a_phone_kept_over_a_rehearsal_counts_after_it_and_what_it_rehearsed_does_not(pair: Pair):
    on_the_wifi(pair.booth)
    pair.booth_app.config["TRUSTED_HOSTS"] = [*pair.booth.config.all_hosts]
    phone = Phone(pair.booth_app)
    real = phone.tap(1)
    browser = begin(pair)
    assert phone.posts({"waiting": 1, "taps": [real]}).get_json()["problem"] == "counting.unknown"
    on_the_wifi(rehearsed(pair))
    phone.takes(rehearsed(pair).counting.offer("li"))
    told = phone.asks(real, phone.tap(2))["taps"]
    assert [one["came_to"] for one in told] == ["held", "ok"]
    late = phone.tap(3)
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    told = phone.asks(real, late)["taps"]  # known by its cookie: nobody scans anything
    assert [(one["came_to"], one["code"]) for one in told] == [("ok", ""), ("refused", "rehearsal.page")]
    assert heads(pair.booth) == 1


def test_nobody_waits_for_the_network_to_end_one_and_each_that_ended_is_sent(pair: Pair):
    begin(pair)
    road, is_asked, goes_on = pair.booth.road, threading.Event(), threading.Event()
    disconnect(pair)
    rehearsal.end(pair.booth)
    connect(pair)
    rehearsal.begin(pair.booth, "li")

    def hang(*_: object) -> object:
        is_asked.set()
        goes_on.wait(120)
        raise Problem(SYNC_UNREACHABLE, reason="no answer")

    pair.booth.road = lambda _url: hang
    courier = threading.Thread(target=rehearsal.hand_in, args=(pair.booth,))
    courier.start()
    try:
        assert is_asked.wait(60)
        ended = threading.Thread(target=rehearsal.end, args=(pair.booth,))
        ended.start()
        ended.join(60)
        assert not ended.is_alive()
    finally:
        goes_on.set()
        courier.join()
    pair.booth.road = road
    rehearsal.hand_in(pair.booth)
    assert (folders(pair), {one.state for one in at_the_hub(pair)}) == ([], {"over"})


def test_a_rehearsal_that_was_ended_is_over_though_the_disk_does_not_say_so(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    browser = begin(pair)

    def refuse(*_: object) -> None:
        raise OSError(28, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(rehearsal, "_rename", refuse)
        assert browser.send(browser.get(PAGE).form(f"{PAGE}/end")).status == 200
    count(browser)
    assert heads(pair.booth) == 1
    rehearsal.resume(pair.booth)  # as a program that starts
    assert pair.booth.stage.rehearsal is None
    begin(pair)


# --- never left on ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("began", "opens", "ends"), [
    ("2027-03-14T19:00", "", "2027-03-15T07:00"),  # twelve hours
    ("2027-03-14T22:00", "", "2027-03-15T08:00"),  # nobody said when the desk opens
    ("2027-03-14T22:00", "09:30", "2027-03-15T09:30"),
    ("2027-03-15T06:00", "06:30", "2027-03-15T06:30"),
    ("2027-03-15T09:30", "", "2027-03-15T09:45"),  # while it is open
    ("2027-03-15T18:00", "", "2027-03-16T06:00"),  # the fair is over
    ("2027-03-01T12:00", "", "2027-03-02T00:00"),
])  # fmt: skip
def test_when_one_ends_by_itself(began: str, opens: str, ends: str):
    fair = a_fair()
    desk = msgspec.structs.replace(fair.desks[0], opens=opens)
    assert rehearsal.ends_at(fair, desk, moment(began)) == moment(ends)


def test_left_on_overnight_it_asks_and_looks_like_nothing_else_and_ends(pair: Pair, clock: FakeClock):
    clock.tick(hours(3, 30))  # 22:30
    begin(pair)
    clock.tick(hours(8, 20))  # 06:50
    assert "这台平板还在演练" not in pair.visitor().get("/")
    clock.tick(hours(0, 20))  # 07:10
    visitor = pair.visitor()
    page = visitor.get("/")
    assert "这台平板还在演练" in page
    assert 'href="/quiz"' not in page
    page = visitor.post("/staff/enter", volunteer=VOLUNTEER[0], pin=VOLUNTEER[1], next="/staff")
    assert page.path == PAGE
    assert "快开放了，请现在就结束演练" in page
    clock.tick(hours(0, 50))  # 08:00
    page = visitor.get("/")
    assert "这台平板还在演练" not in page
    assert 'href="/quiz"' in page
    assert pair.booth.stage.rehearsal is None
    page = pair.at_the_desk().get(PAGE)
    assert "到时间自动结束" in page


def test_nobody_has_to_touch_the_screen_for_it_to_end(pair: Pair, clock: FakeClock):
    begin(pair)
    clock.tick(hours(12, 0))
    disconnect(pair)
    with pytest.raises(Problem):
        _round(pair.booth)
    assert pair.booth.stage.rehearsal is None


def test_while_the_desk_is_open_it_takes_a_second_thought_and_lasts_a_quarter_of_an_hour(pair: Pair, clock: FakeClock):
    clock.tick(hours(15, 0))  # 10:00 on the day
    browser = pair.at_the_desk()
    page = browser.get(PAGE)
    assert browser.send(page.form(f"{PAGE}/start")).status == 409
    assert pair.booth.stage.rehearsal is None
    browser.send(page.form(f"{PAGE}/start"), sure="yes")
    assert "这台平板还在演练" in browser.get("/")
    clock.tick(14 * 60)
    assert pair.visitor().get("/quiz").status == 200
    assert pair.booth.stage.rehearsal is not None
    clock.tick(60)
    assert BAND not in pair.visitor().get("/quiz")


def test_a_clock_that_is_set_back_keeps_none_on(pair: Pair, clock: FakeClock):
    begin(pair)
    clock.jump_wall(-10 * 24 * 3600)
    clock.tick(hours(12, 0))
    pair.visitor().get("/")
    assert pair.booth.stage.rehearsal is None


# --- restarts ---------------------------------------------------------------------------------------


def test_a_restart_stays_in_it(pair: Pair, clock: FakeClock):
    browser = begin(pair)
    count(browser, 5)
    pair.booth.close()
    clock.reboot()
    pair.booth_app = create_booth_app(pair.booth.config, clock)
    assert BAND in pair.visitor().get("/")
    browser = pair.at_the_desk()
    count(browser)
    assert (heads(rehearsed(pair)), heads(pair.booth)) == (6, 0)
    browser.send(browser.get(PAGE).form(f"{PAGE}/end"))
    pair.booth.close()
    pair.booth_app = create_booth_app(pair.booth.config, clock)
    assert pair.booth.stage.rehearsal is None
    assert BAND not in pair.visitor().get("/")


def test_a_rehearsal_that_was_damaged_keeps_nobody_from_counting(pair: Pair, clock: FakeClock):
    begin(pair)
    pair.booth.close()
    (pair.booth.config.data / "rehearsal" / "running" / "booth.db").write_bytes(b"no database")
    pair.booth_app = create_booth_app(pair.booth.config, clock)
    count(pair.at_the_desk())
    assert heads(pair.booth) == 1
    assert folders(pair) == []


def test_a_withdrawn_tablet_rehearses_no_more(pair: Pair):
    begin(pair)
    with pair.hub.store.begin() as tx:
        tablets.revoke(tx, pair.hub, pair.booth.enrolled.certificate.device, "stolen", "chen")
    _round(pair.booth)
    pair.booth.look_again()
    rehearsed(pair).look_again()
    page = pair.visitor().get("/")
    assert page.status == 403
    assert "booth.revoked" in page


def test_who_is_still_served_by_it_is_waited_for():
    stage, here = Stage(), object()
    stage.begin(here)
    assert stage.enter() is here
    ending = threading.Thread(target=stage.end)
    ending.start()
    while stage.enter() is not None:  # whoever comes from now on counts in earnest
        stage.leave()
    ending.join(0.1)
    assert ending.is_alive()
    stage.leave()
    ending.join(60)
    assert not ending.is_alive()


# --- from the command line --------------------------------------------------------------------------


def test_it_can_be_begun_and_ended_without_a_screen(pair: Pair, runner: CliRunner, clock: FakeClock):
    rehearsal.prepare(pair.booth)
    pair.booth.close()
    data = str(pair.booth.config.data)
    begun = runner.invoke(main, ["booth", "rehearse", "start", "--data", data])
    assert (begun.exit_code, "rehearsal" in begun.output) == (0, True), begun.output
    assert folders(pair) == ["running"]
    ended = runner.invoke(main, ["booth", "rehearse", "end", "--data", data])
    assert (ended.exit_code, folders(pair)) == (0, ["ended"]), ended.output
    again = runner.invoke(main, ["booth", "rehearse", "end", "--data", data])
    assert (again.exit_code, "rehearsal.off" in again.output) == (1, True)
    pair.booth_app = create_booth_app(pair.booth.config, clock)


# --- helpers ----------------------------------------------------------------------------------------


def hours(whole: int, minutes: int) -> int:
    return (whole * 60 + minutes) * 60


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+08:00")


def folders(pair: Pair) -> list[str]:
    return sorted(one.name for one in (pair.booth.config.data / "rehearsal").iterdir() if one.is_dir())


def at_the_hub(pair: Pair) -> list[Rehearsal]:
    with pair.hub.store.reading() as tx:
        return rehearsals(tx, fairs.find_fair(tx, None), pair.clock.now())


def all_figures(pair: Pair) -> object:
    with pair.hub.store.reading() as tx:
        fair = fairs.find_fair(tx, None)
        return fairs.figures_of(tx, fair), totals.all_buckets(tx)


def give(pair: Pair, **changes: object) -> None:
    """The fair has more to it than the built-in one; the tablet hears of it."""
    with pair.hub.store.begin() as tx:
        fair = msgspec.structs.replace(fairs.find_fair(tx, None), **changes)
        tx.execute(update(fair_table).values(document=msgspec.json.encode(fair).decode()))
    pair.sync()
    pair.booth.look_again()


def open_canaries(pair: Pair) -> None:
    pair.in_the_office()  # signing in opens them
    pair.sync()
    pair.booth.look_again()


def a_receipt(here: Booth, filed: Fact) -> str:
    told = Filed(filed.desk, filed.body["case"], filed.at, "complaint", filed.body["standing"], filed.body["blob"])
    return case_receipts.write(outbox.load_key(here.config.data), here.enrolled.fair.id, told)
