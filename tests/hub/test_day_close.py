"""A day's end at the hub: hours by the true time, stock against taps, and what is missing in one sentence."""

import io
import re

import openpyxl
import pytest

from kiosk.facts.clocks import ClockCompared
from kiosk.facts.days import DayClosed
from kiosk.facts.shifts import ShiftBegan, ShiftEnded, ShiftHanded, end_id
from kiosk.facts.stock import StockCounted, StockOpened
from kiosk.facts.tallies import TallyCorrected, TallyCounted
from kiosk.hub import ledger, people, presences
from kiosk.hub.context import Hub
from kiosk.hub.fairs import add_fair, figures_of, find_fair
from kiosk.hub.tables import custody, handovers, sheets, shifts, stock_counts
from kiosk.packs.fairs import Desk, Venue
from kiosk.packs.model import Text
from tests.hub.tablets import Tablet, a_tablet, deliver, rows
from tests.makers import Browser, Pair, a_fair, an_id

LAW = "leaflet.law"
CLOSE = "/fairs/demo/close"
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


def at(hour: float, day: int = 15) -> str:
    minutes = round(hour * 60)
    return f"2027-03-{day}T{minutes // 60:02d}:{minutes % 60:02d}:00.000+08:00"


def mono(hour: float) -> int:
    return round(hour * 3_600_000)


def begins(tablet: Tablet, volunteer: str, hour: float, number: int, day: int = 15, **more) -> Tablet:
    told = {"at": at(hour, day), "mono": mono(hour), "id": an_id(number), **more}
    return tablet.record(ShiftBegan(volunteer=volunteer), **told)


def ends(tablet: Tablet, volunteer: str, hour: float, number: int, day: int = 15, how: str = "left", **more) -> Tablet:
    body = ShiftEnded(volunteer=volunteer, began=an_id(number), how=how, until="")
    told = {"at": at(hour, day), "mono": mono(hour), "id": end_id(an_id(number)), **more}
    return tablet.record(body, **told)


def send(hub: Hub, *tablets: Tablet) -> None:
    for tablet in tablets:
        deliver(hub, tablet.batch())


def served(hub: Hub, day: str | None = None) -> dict[str, object]:
    with hub.store.reading() as tx:
        found = {one.key: one.value for one in figures_of(tx, find_fair(tx, "demo"), day)}
    return {key: found[key] for key in ("duty_turns", "volunteers", "service_hours")}


def office(pair: Pair) -> Browser:
    return pair.in_the_office()


# --- shifts ---------------------------------------------------------------------------------------


def test_turns_people_and_hours_are_figures_and_a_volunteer_at_two_desks_counts_once(hub: Hub):
    one, other = a_tablet(hub, "d01"), a_tablet(hub, "d02")
    begins(one, "li", 9, 1)
    ends(one, "li", 13.5, 1)
    begins(one, "wang", 9, 2)
    ends(one, "wang", 11, 2)
    begins(other, "li", 10, 3)  # touched at both desks
    ends(other, "li", 12, 3)
    send(hub, one, other)
    assert served(hub) == {"duty_turns": 2, "volunteers": 2, "service_hours": "6.50"}
    assert served(hub, "2027-03-15") == served(hub)
    assert served(hub, "2027-03-16") == {"duty_turns": 0, "volunteers": 0, "service_hours": "0.00"}
    before = rows(hub, shifts)
    assert len(before) == 6
    assert list(ledger.verify(hub)) == []
    ledger.rebuild(hub)
    assert rows(hub, shifts) == before


def test_a_tablet_a_day_off_gives_nobody_twenty_four_hours(hub: Hub):
    """Its clock is a day behind until somebody sets it at noon; the hub's time is noted in the same boot."""
    tablet = a_tablet(hub)
    begins(tablet, "li", 9, 1, day=14)
    tablet.record(ClockCompared(hub_at=at(10), rtt_ms=40), at=at(10, 14), mono=mono(10))
    ends(tablet, "li", 13, 1, day=15)  # set right in between
    send(hub, tablet)
    assert served(hub, "2027-03-15") == {"duty_turns": 1, "volunteers": 1, "service_hours": "4.00"}


def test_within_a_boot_hours_need_no_wall_clock_at_all(hub: Hub):
    tablet = a_tablet(hub)
    begins(tablet, "li", 9, 1, day=14)
    ends(tablet, "li", 13, 1, day=15)  # nothing was ever compared
    send(hub, tablet)
    assert served(hub)["service_hours"] == "4.00"


@pytest.mark.parametrize(("day", "hour"), [(16, 9), (14, 9), (15, 8)])
def test_across_boots_a_time_that_cannot_be_is_none(hub: Hub, day: int, hour: float):
    tablet = a_tablet(hub)
    begins(tablet, "li", 9, 1)
    ends(tablet, "li", hour, 1, day=day, boot="0000315b")
    send(hub, tablet)
    assert served(hub) == {"duty_turns": 1, "volunteers": 1, "service_hours": "0.00"}


def test_two_tablets_a_day_apart_are_one_shift_of_one_volunteer(hub: Hub):
    right, wrong = a_tablet(hub, "d01"), a_tablet(hub, "d02")
    begins(right, "li", 9, 1)
    ends(right, "li", 11, 1)
    wrong.record(ClockCompared(hub_at=at(9), rtt_ms=40), at=at(9, 16), mono=mono(9))
    begins(wrong, "li", 10, 2, day=16)
    ends(wrong, "li", 12, 2, day=16)
    send(hub, right, wrong)
    assert served(hub, "2027-03-15") == {"duty_turns": 1, "volunteers": 1, "service_hours": "3.00"}
    assert served(hub, "2027-03-16")["duty_turns"] == 0


@on_sqlite
def test_a_shift_nobody_ended_is_shown_and_the_organiser_says_when_it_ended(paired: Pair):
    tablet = begins(a_tablet(paired.hub, "d02"), "li", 9, 1)
    send(paired.hub, tablet)
    page = office(paired).get("/fairs/demo/shifts")
    assert ("没有签退" in page, served(paired.hub)["service_hours"]) == (True, "0.00")
    browser = office(paired)
    form = browser.get("/fairs/demo/shifts").form("/fairs/demo/shifts/end")
    for until in ("25:00", "x", "8:59", "9"):
        assert browser.send(form, until=until).status == 422
    for until in ("13：30", "14:00"):
        browser.send(form, until=until)
    assert served(paired.hub)["service_hours"] == "4.50"
    assert "没有签退" not in browser.get("/fairs/demo/shifts").text.partition("口径")[0].partition("谁来过")[0]
    ends(tablet, "li", 12, 1)  # the tablet's own word comes late, and holds
    send(paired.hub, tablet)
    assert served(paired.hub)["service_hours"] == "3.00"
    assert list(ledger.verify(paired.hub)) == []


@on_sqlite
def test_hand_overs_are_shown_with_what_stood_there(paired: Pair):
    tablet = begins(a_tablet(paired.hub), "li", 9, 1)
    body = ShiftHanded(
        outgoing="li", incoming="wang", counters={"tally.headcount": 1286, f"tally.{LAW}": 640}, stock={LAW: 60},
        open=1, unsent=38, faults="打印机没纸",
    )  # fmt: skip
    tablet.record(body, at=at(11.5), mono=mono(11.5))
    send(paired.hub, tablet)
    assert len(rows(paired.hub, handovers)) == 1
    page = office(paired).get("/fairs/demo/shifts")
    for words in ("11:30", "李志愿 → wang", "进场群众 1,286", "消法手册 640", "台上剩 消法手册 60", "打印机没纸"):
        assert words in page


@on_sqlite
def test_hours_go_out_as_files_no_spreadsheet_runs(paired: Pair):
    with paired.hub.store.begin() as tx:
        people.add_volunteer(tx, "demo", "eq", "=1+1", "270315")
    tablet = a_tablet(paired.hub)
    for number, who in enumerate(("li", "eq"), 1):
        begins(tablet, who, 9, number)
        ends(tablet, who, 11.25, number)
    send(paired.hub, tablet)
    browser = office(paired)
    told = browser.client.get("/fairs/demo/shifts.csv").get_data().decode("utf-8-sig").splitlines()
    assert told[1:] == ["2027-03-15,eq,'=1+1,d01,1,2.25,0", "2027-03-15,li,李志愿,d01,1,2.25,0"]
    data = browser.client.get("/fairs/demo/shifts.xlsx").get_data()
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert [cell.value for cell in sheet[2]] == ["2027-03-15", "eq", "=1+1", "d01", 1, 2.25, 0]
    assert sheet["C2"].data_type == "s"


# --- stock ----------------------------------------------------------------------------------------


def opens(tablet: Tablet, n: int, hour: float = 9) -> Tablet:
    return tablet.record(StockOpened(item=LAW, n=n, bundles=n // 50), at=at(hour), mono=mono(hour))


def counts(tablet: Tablet, opened: int, left: int, given: int, before: int | None = None, **more) -> Tablet:
    told = {"reason": "", **more}
    body = StockCounted(item=LAW, opened=opened, before=before, left=left, given=given, **told)
    return tablet.record(body, at=at(13), mono=mono(13))


def test_opened_left_and_gone_are_plain_sums_however_often_one_counts(hub: Hub):
    tablet = opens(a_tablet(hub), 100)
    counts(tablet, 100, 40, 55)
    opens(tablet, 50, 12)
    counts(tablet, 50, 30, 115, before=40)
    other = opens(a_tablet(hub, "d02"), 50)
    counts(other, 50, 0, 50)
    send(hub, tablet, other)
    with hub.store.reading() as tx:
        found = {one.key: one.value for one in figures_of(tx, find_fair(tx, "demo"))}
    assert (found["leaflets_opened"], found["leaflets_by_stock"]) == (200, 170)
    assert len(rows(hub, stock_counts)) == 3
    assert list(ledger.verify(hub)) == []


@on_sqlite
def test_both_numbers_stand_side_by_side_and_what_lacks_a_count_stands_first(paired: Pair):
    one = opens(a_tablet(paired.hub, "d02"), 100)
    one.record(TallyCounted(counter=LAW, n=60), at=at(10), mono=mono(10))
    counts(one, 100, 10, 60, reason="漏按了计数")
    other = opens(a_tablet(paired.hub, "d06"), 50)
    send(paired.hub, one, other)
    page = office(paired).get("/fairs/demo/stock")
    assert page.text.index("丝路公园") < page.text.index("人民广场")
    for words in ("没有点", "+30", "漏按了计数", "1 处没对上"):
        assert words in page
    one.record(
        TallyCorrected(counter=LAW, n=30, reason="漏按了", second="", day="2027-03-15", hour=13),
        at=at(13.5), mono=mono(13.5),
    )  # fmt: skip
    send(paired.hub, one)
    assert "+30" not in office(paired).get("/fairs/demo/stock")
    one.record(
        TallyCorrected(counter=LAW, n=400, reason="再改", second="li", day="2027-03-15", hour=14),
        at=at(14), mono=mono(14),
    )  # fmt: skip
    send(paired.hub, one)
    page = office(paired).get("/fairs/demo/stock")
    assert ("−400" in page, "点完计数又变了" in page, "2 处没对上" in page) == (True, True, True)
    assert "点完计数又变了" in office(paired).get("/fairs/demo/close")


# --- the close ------------------------------------------------------------------------------------


def verdict(browser: Browser, query: str = "") -> str:
    return browser.get(CLOSE + query).text.partition('id="verdict">')[2].partition("<")[0]


@on_sqlite
def test_one_sentence_says_what_is_missing_until_nothing_is(paired: Pair):
    browser = office(paired)
    desk = paired.at_the_desk()
    desk.send(desk.get("/staff/stock").form("/staff/stock/open", item=LAW), bundles="1")
    desk.send(desk.get("/staff/shift").form("/staff/shift/begin"), **{"v-li": "1"})
    paired.sync()
    assert verdict(browser) == (
        "还差：1 个服务台没有收工；1 个服务台的库存没对上；1 个服务台有人没签退；1 个服务台的平板没收回。"
    )
    desk.send(desk.get("/staff/stock").form("/staff/stock/count", item=LAW), left="50")
    desk.send(desk.get("/staff/close").form("/staff/close"))
    paired.sync()
    assert verdict(browser) == "还差：1 个服务台的平板没收回。"
    form = browser.get(CLOSE).form(f"{CLOSE}/tablets")
    for _ in range(2):
        page = browser.send(form, state="returned")
    assert verdict(browser).startswith("收工完毕：1 个服务台都已收工")
    assert len(rows(paired.hub, custody)) == 1
    browser.send(page.form(f"{CLOSE}/tablets"), state="lent")
    assert verdict(browser) == "还差：1 个服务台的平板没收回。"
    assert list(ledger.verify(paired.hub)) == []


@on_sqlite
def test_a_thousand_desks_are_turned_over_by_the_page_and_chosen_by_venue(paired: Pair):
    """Every one of them with a sheet of paper that nobody has accounted for."""
    venues = [Venue(f"v{n}", Text(f"会场{n}", f"Venue {n}")) for n in range(5)]
    desks = [Desk(f"d{n:04d}", f"v{n % 5}", "advice", Text(f"台{n}", f"Desk {n}")) for n in range(1_000)]
    printed = [
        {
            "journal": "aa" * 16, "seq": n, "fair": "large", "at": at(9), "fact": an_id(n), "desk": desk.id,
            "person": "", "step": "printed", "kind": "tally", "first": n, "last": n, "day": "", "more": "",
        }
        for n, desk in enumerate(desks, 1)
    ]  # fmt: skip
    with paired.hub.store.begin() as tx:
        add_fair(tx, a_fair(id="large", venues=venues, desks=desks))
        tx.execute(sheets.insert(), printed)
    browser, close = office(paired), "/fairs/large/close"

    def shown(query: str) -> list[str]:
        return re.findall(r'<tr id="desk-(d\d+)"', browser.get(f"{close}?{query}").text)

    assert [shown(f"page={n}")[::59] for n in (1, 4, 17)] == [["d0000", "d0295"], ["d0900", "d0196"], ["d0804"]]
    assert (len(shown("")), len(shown("page=17")), shown("page=99")) == (60, 40, shown("page=17"))
    assert {int(one[1:]) % 5 for one in shown("venue=v3&page=4")} == {3}
    assert (len(shown("venue=v3&page=4")), len(shown("venue=none"))) == (20, 60)
    page = browser.get(f"{close}?venue=v3&show=care")
    assert "第 1 页，共 4 页" in page
    assert f'{close}?day=2027-03-15&amp;venue=v3&amp;show=care&page=2"' in page
    assert '<b class="num">200</b>' in page  # of the venue; the sentence is of the whole fair


@on_sqlite
def test_a_tablet_is_taken_back_on_the_page_one_is_on(paired: Pair):
    browser = office(paired)
    form = browser.get(f"{CLOSE}?venue=v1&show=care").form(f"{CLOSE}/tablets")
    told = browser.send(form, state="returned").form(f"{CLOSE}/tablets").values
    assert (told["venue"], told["show"], told["day"]) == ("v1", "care", "2027-03-15")


@on_sqlite
def test_what_was_recorded_after_closing_opens_the_day_again(paired: Pair):
    browser, desk = office(paired), paired.at_the_desk()
    desk.send(desk.get("/staff/close").form("/staff/close"))
    paired.sync()
    assert "没有收工" not in verdict(browser)
    desk.post("/staff/tally", id=an_id(5), counter="headcount", n="1")
    paired.sync()
    assert "1 个服务台没有收工" in verdict(browser)


@on_sqlite
def test_another_day_is_judged_by_itself(paired: Pair):
    tablet = opens(a_tablet(paired.hub, "d02"), 50)
    tablet.record(DayClosed(day="2027-03-15", first=1, last=1, counts={}), at=at(14), mono=mono(14))
    tablet.record(TallyCounted(counter=LAW, n=1), at=at(9, 16), mono=mono(33))
    send(paired.hub, tablet)
    paired.clock.tick(86_400)
    today, yesterday = (verdict(office(paired), f"?day=2027-03-{day}") for day in (16, 15))
    assert ("2 个服务台没有收工" in today, "库存" in today) == (True, False)
    assert "1 个服务台没有收工；1 个服务台的库存没对上" in yesterday  # d01 was never used
    assert verdict(office(paired), "?day=2099-01-01") == today  # no such day


@on_sqlite
def test_who_only_looks_takes_no_tablet_back_and_a_strange_one_is_refused(paired: Pair):
    browser = office(paired)
    csrf = browser.get(CLOSE).form(f"{CLOSE}/tablets").values["csrf"]
    assert browser.post(f"{CLOSE}/tablets", device=an_id(9), state="returned", csrf=csrf).status == 400
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "kan", "only-looks-here", {"viewer"}, None)
    looker = Browser(paired.hub_app.test_client()).sign_in("kan", "only-looks-here")
    page = looker.get(CLOSE)
    assert (page.status, "收回了" in page) == (200, False)
    assert rows(paired.hub, custody) == []


@on_sqlite
def test_the_day_in_english(paired: Pair):
    browser = office(paired)
    browser.client.set_cookie("lang", "en")
    assert "Not closed yet, of 1 desk:" in verdict(browser)


def test_a_forged_end_of_another_volunteer_ends_nothing(hub: Hub):
    tablet = begins(a_tablet(hub), "li", 9, 1)
    ends(tablet, "wang", 10, 1)
    send(hub, tablet)
    with hub.store.reading() as tx:
        [one] = presences.all_shifts(tx, "demo")
    assert (one.ended, one.is_doubtful) == (None, False)


@on_sqlite
def test_no_tablet_ends_the_shifts_of_another(hub):
    send(hub, begins(a_tablet(hub), "li", 9.5, 1))
    body = ShiftEnded(volunteer="li", began=an_id(1), how="left", until=at(20))
    send(hub, a_tablet(hub, "d02").record(body, at=at(9.5), mono=mono(9.5)))
    assert served(hub)["service_hours"] == "0.00"
