"""Counters: one touch, one fact; and ten seconds to take it back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from kiosk import web
from kiosk.booth import tallies
from kiosk.booth.context import Booth
from kiosk.booth.tallies import CounterView, Undo, counters_here
from kiosk.clock import stamp
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.tallies import TallyCorrected, TallyCounted, undo_id
from kiosk.hub import fairs
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Entrance, Leaflet, Material
from kiosk.packs.model import Text
from kiosk.reports.counters import counters_of
from kiosk.sync.push import Meeting
from tests.clocks import FAIR_MORNING, FakeClock
from tests.hub.tablets import a_tablet, deliver
from tests.makers import VOLUNTEER, Browser, Form, Page, a_draft, a_headcount, an_id, facts_of

TODAY = "2027-03-15"


@pytest.fixture
def desk(client: FlaskClient) -> Browser:
    return Browser(client).enter(*VOLUNTEER)


def key(desk: Browser, counter: str = "headcount", n: int = 1) -> Form:
    return desk.get("/staff").form("/staff/tally", counter=counter, n=str(n))


def total(booth: Booth, counter: str = "headcount") -> int:
    return booth.journal.day_totals(TODAY).get(f"tally.{counter}", 0)


def tap(desk: Browser, fact_id: str, n: str = "1", counter: str = "headcount") -> Page:
    return desk.post("/staff/tally", id=fact_id, counter=counter, n=n)


def undo(desk: Browser, fact_id: str) -> Page:
    return desk.post("/staff/undo", undoes=fact_id)


# --- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "n"),
    [("headcount", 1), ("headcount", 5), ("leaflet.law", 50), ("leaflet.fakes", 10), ("consultation", 1), ("board", 1)],
)
def test_a_touch_is_one_fact_and_shown_at_once(desk: Browser, booth: Booth, counter: str, n: int):
    page = desk.send(key(desk, counter, n))
    [fact] = facts_of(booth.journal, "tally.counted")
    assert (fact.by, fact.body) == ("li", {"counter": counter, "n": n})
    assert f"<strong>{n}</strong>" in page
    assert total(booth, counter) == n


def test_a_retry_of_the_same_touch_counts_once(desk: Browser, booth: Booth, clock: FakeClock):
    form = key(desk)
    for _ in range(3):
        assert desk.send(form).status == 200
        clock.tick(30)
    assert total(booth) == 1


@pytest.mark.parametrize(("n", "counter"), [("2", "headcount"), ("1", "board")])
def test_the_same_id_for_another_touch_is_a_conflict(desk: Browser, booth: Booth, n: str, counter: str):
    tap(desk, an_id())
    page = tap(desk, an_id(), n, counter)
    assert (page.status, "fact.conflict" in page) == (409, True)
    assert (total(booth), total(booth, "board")) == (1, 0)


def test_every_touch_gets_an_id_of_its_own(desk: Browser):
    ids = {form.values["id"] for _ in range(5) for form in desk.get("/staff").forms if form.action == "/staff/tally"}
    assert len(ids) == 5 * 6  # by counter; the keys of one counter share theirs, for only one is touched


@pytest.mark.parametrize("n", ["0", "-1", "1001", "1.5", "", "1e2", "٣", "99999999999999999999", " 1"])
def test_an_amount_nobody_can_hand_out_is_refused(desk: Browser, booth: Booth, n: str):
    page = tap(desk, an_id(), n)
    assert (page.status, "field.invalid" in page) == (400, True)
    assert facts_of(booth.journal, "tally.counted") == []


@pytest.mark.parametrize("fact_id", ["", "0", "G" * 32, "A" * 32, an_id() + "\n", "中" * 32])
def test_an_id_of_nonsense_is_refused(desk: Browser, booth: Booth, fact_id: str):
    assert tap(desk, fact_id).status == 400
    assert facts_of(booth.journal, "tally.counted") == []


@pytest.mark.parametrize("counter", ["", "leaflet.none", "headcount.", "tally.headcount"])
def test_an_unknown_counter_is_refused(desk: Browser, counter: str):
    assert tap(desk, an_id(), "1", counter).status == 400


def test_a_part_of_the_page_comes_back_to_htmx(client: FlaskClient, desk: Browser):
    form = key(desk, n=5)
    answer = client.post("/staff/tally", data=form.values, headers={"HX-Request": "true"})
    part = Page(answer)
    assert part.status == 200
    assert "<html" not in part
    assert "<strong>5</strong>" in part
    assert "/staff/tally" not in part  # the keys stay as they are on the page: one may be under a finger


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("unsent", [0, 1_234])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"total": 12_345, "corrected": -1_002},
        {"corrected": 7, "undo": Undo(an_id(3), 50, 9)},
        {"counted": {9: 4, 10: 0, 12: 31}, "is_main": True, "undo": Undo(an_id(4), 1, 10)},
        {"counted": {8: -3}, "is_main": True},
        {"is_main": True},
    ],
)
def test_what_is_filled_in_is_what_would_be_rendered(
    booth_app: Flask, booth: Booth, change: dict[str, Any], unsent: int, language: str
):
    """Twice, with other numbers: the second time the shape is known."""
    for more in (0, 1):
        told = {"total": 5, "corrected": 0, "undo": None, "is_main": False, **change}
        hours = tallies._in_a_row({hour: n + more for hour, n in told.pop("counted", {}).items()})
        view = CounterView(counters_here(booth)[0], told.pop("total") + more, hours, an_id(), **told)
        with booth_app.test_request_context(headers={"HX-Request": "true", "Cookie": f"lang={language}"}):
            filled = tallies._shown(booth, view, unsent + more * bool(unsent))
            states = {"saved_at": tallies._time(booth), "unsent": unsent + more * bool(unsent)}
            assert filled.get_data() == web.page("booth/staff/_counter.html", view=view, **states).get_data()
            assert filled.content_type == "text/html; charset=utf-8"


def test_whoever_is_not_checked_in_has_a_door_to_it_and_the_first_count_ends_the_checks(desk: Browser):
    def doors() -> tuple[bool, bool]:
        page = desk.get("/staff")
        assert "李志愿 正在用" in page
        return "签到</a>" in page, 'href="/staff/ready"' in page

    assert doors() == (True, True)
    desk.send(desk.get("/staff/shift").form("/staff/shift/begin"), **{"v-li": "1"})
    tap(desk, an_id(1))
    assert doors() == (False, False)


def test_yesterday_is_not_shown_today(desk: Browser, clock: FakeClock):
    tap(desk, an_id(), "7")
    clock.tick(24 * 3600)
    assert "<strong>7</strong>" not in desk.enter(*VOLUNTEER).get("/staff")


# --- which counters there are -----------------------------------------------------------------------


def furnish(booth: Booth, desk_type: str = "advice") -> None:
    """A venue with two entrances, a leaflet in two languages, bags; as if the hub had said so."""
    here = booth.enrolled
    venue = replace(here.venue, entrances=[Entrance(id="east", name=Text("东入口", "East gate")),
                                           Entrance(id="west", name=Text("西入口", "West gate"))])  # fmt: skip
    leaflets = [*here.fair.leaflets, Leaflet(id="law-ug", name=Text("消法手册（维吾尔文）", "In Uyghur"), bundle=10)]
    bags = Material(id="bag", name=Text("环保袋", "Cloth bag"), unit=Text("个", "pieces"), bundle=200)
    desk = replace(here.desk, type=desk_type)
    fair = replace(here.fair, leaflets=leaflets, materials=[bags], venues=[venue], desks=[desk])
    booth._enrolment = replace(here, fair=fair, venue=venue, desk=desk, counters=counters_of(fair, desk))
    booth._read_at = 1 << 60


def shown(desk: Browser) -> list[str]:
    """Ids of the counters on the screen, in order."""
    return list(dict.fromkeys(f.values["counter"] for f in desk.get("/staff").forms if f.action == "/staff/tally"))


def test_entrances_are_counted_by_themselves_and_together(desk: Browser, booth: Booth):
    furnish(booth)
    for number, counter in enumerate(("headcount.east", "headcount.east", "headcount.west", "headout.west"), 1):
        tap(desk, an_id(number), "1", counter)
    undo(desk, an_id(1))
    counted = {
        counter: total(booth, counter) for counter in ("headcount.east", "headcount.west", "headcount", "headout")
    }
    assert counted == {"headcount.east": 1, "headcount.west": 1, "headcount": 2, "headout": 1}
    assert tap(desk, an_id(9), "1", "headcount").status == 400  # no key for it is on this screen any more


def test_a_venue_without_entrances_has_one_counter_in_and_one_out(desk: Browser):
    assert {"headcount", "headout"} <= set(shown(desk))


@pytest.mark.parametrize(
    ("desk_type", "first"),
    [
        ("advice", ["consultation", "leaflet.law", "leaflet.fakes", "leaflet.law-ug", "material.bag"]),
        ("complaints", ["consultation", "leaflet.law"]),
        ("exhibits", ["headcount.east", "headcount.west", "leaflet.law"]),
        ("quicktests", ["headcount.east", "headcount.west", "leaflet.law"]),
        ("lectures", ["headcount.east", "headcount.west", "headout.east", "headout.west"]),
    ],
)
def test_a_desk_shows_first_what_it_counts_most(desk: Browser, booth: Booth, desk_type: str, first: list[str]):
    furnish(booth, desk_type)
    found = shown(desk)
    assert found[: len(first)] == first
    assert len(found) == len(set(found)) == 10  # whatever comes first, nothing is left out


def test_a_bundle_is_one_key_and_one_that_holds_ten_is_no_key_twice(desk: Browser, booth: Booth):
    furnish(booth)
    keys = [form.values for form in desk.get("/staff").forms if form.action == "/staff/tally"]
    steps = {counter: sorted(int(k["n"]) for k in keys if k["counter"] == counter) for counter in shown(desk)}
    assert (steps["leaflet.law"], steps["leaflet.law-ug"], steps["material.bag"]) == (
        [1, 10, 50],
        [1, 10],
        [1, 10, 200],
    )
    assert "<small>整捆</small>+10<" in desk.get("/staff")


def test_the_tablets_of_a_venue_add_up_at_the_hub_though_their_clocks_are_a_day_apart(hub: Hub):
    one, other = a_tablet(hub, "d01"), a_tablet(hub, "d02")
    for counter, n in (("headcount.east", 3), ("headout.east", 1), ("material.bag", 12)):
        one.record(TallyCounted(counter=counter, n=n))
    slow = {"at": stamp(FAIR_MORNING - timedelta(days=1)), "mono": 1_000_000}
    other.record(ClockCompared(hub_at=stamp(FAIR_MORNING), rtt_ms=20), **slow)
    other.record(TallyCounted(counter="headcount.west", n=4), **slow).record(a_headcount(1), **slow)
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    with hub.store.reading() as tx:
        found = {one.key: one.value for one in fairs.figures_of(tx, fairs.find_fair(tx, "demo"), TODAY)}
    assert (found["headcount"], found["headout"], found["materials"]) == (8, 1, 12)


# --- by the hour --------------------------------------------------------------------------------------


def test_the_day_is_drawn_by_the_hour_and_said_in_words(desk: Browser, clock: FakeClock):
    for number, n in enumerate((4, 0, 7), 1):
        if n:
            tap(desk, an_id(number), str(n), "consultation")
        clock.tick(3600)
        desk.enter(*VOLUNTEER)
    page = desk.get("/staff/hours")
    words = 'aria-label="今天每小时：9 时 4，10 时 0，11 时 7"'
    assert (words in page, words in desk.get("/staff")) == (True, True)
    assert ("<td>4</td>" in page, "<b>11</b>" in page, page.text.count("<rect")) == (True, True, 2)


def test_an_hour_that_only_took_back_is_drawn_as_nothing(desk: Browser, clock: FakeClock):
    before_ten = datetime.fromisoformat("2027-03-15T09:59:57+08:00")
    clock.tick((before_ten - clock.now()).total_seconds())
    desk.enter(*VOLUNTEER)
    tap(desk, an_id(), "5")
    clock.tick(6)
    undo(desk, an_id())
    assert "9 时 5，10 时 0" in desk.get("/staff/hours")


# --- taking it back -------------------------------------------------------------------------------


def test_a_touch_is_taken_back_by_a_fact_of_its_own(desk: Browser, booth: Booth):
    page = desk.send(key(desk, n=5))
    page = desk.send(page.form("/staff/undo"))
    counted, undone = facts_of(booth.journal)[-2:]
    assert (undone.kind, undone.id) == ("tally.undone", undo_id(counted.id))
    assert undone.body == {"undoes": counted.id, "counter": "headcount", "n": 5}
    assert total(booth) == 0
    assert "/staff/undo" not in page


def test_taking_back_twice_is_taking_back_once(desk: Browser, booth: Booth):
    tap(desk, an_id(1))
    tap(desk, an_id(2))
    assert [undo(desk, an_id(1)).status for _ in range(2)] == [200, 200]
    assert total(booth) == 1


def test_a_touch_whose_taking_back_has_lost_its_id_to_another_is_taken_back_once(desk: Browser, booth: Booth):
    tap(desk, an_id(1), "5")
    tap(desk, undo_id(an_id(1)))
    for _ in range(2):
        assert undo(desk, an_id(1)).status == 200
    assert (len(facts_of(booth.journal, "tally.undone")), total(booth)) == (1, 1)


def test_a_second_try_at_taking_back_may_come_late(desk: Browser, booth: Booth, clock: FakeClock):
    """Its answer may have been lost on the Wi-Fi: the same fact again, whenever."""
    tap(desk, an_id())
    undo(desk, an_id())
    clock.tick(60)
    assert undo(desk, an_id()).status == 200
    assert total(booth) == 0


def test_the_window_is_ten_seconds_and_two_for_the_network(desk: Browser, booth: Booth, clock: FakeClock):
    tap(desk, an_id(1))
    clock.tick(12)
    assert undo(desk, an_id(1)).status == 200
    tap(desk, an_id(2))
    clock.tick(12.001)
    page = undo(desk, an_id(2))
    assert (page.status, "tally.undo_too_late" in page) == (409, True)
    assert total(booth) == 1


def test_the_key_is_offered_for_ten_seconds(desk: Browser, clock: FakeClock):
    tap(desk, an_id())
    clock.tick(10)
    assert desk.get("/staff").form("/staff/undo").values == {"undoes": an_id()}
    clock.tick(0.001)
    assert "/staff/undo" not in desk.get("/staff")


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_set_by_hand_changes_no_window(desk: Browser, clock: FakeClock, seconds: int):
    tap(desk, an_id())
    clock.jump_wall(seconds)
    assert undo(desk, an_id()).status == 200


@pytest.mark.parametrize("ahead", [0, 3 * 3600])
def test_a_touch_of_yesterday_is_not_taken_back_today(desk: Browser, booth: Booth, clock: FakeClock, ahead: int):
    """By the tablet's clock or, where that is wrong, by the hub's: neither day may end below nothing."""
    midnight = datetime.fromisoformat("2027-03-16T00:00:00+08:00")
    clock.tick((midnight - clock.now()).total_seconds() - 5)
    if ahead:
        booth.journal.compare_clocks(Meeting(stamp(clock.now()), clock.monotonic(), 20))
        clock.jump_wall(ahead)
    desk.enter(*VOLUNTEER)
    tap(desk, an_id())
    clock.tick(8)
    assert "/staff/undo" not in desk.get("/staff")
    page = undo(desk, an_id())
    assert (page.status, "tally.undo_too_late" in page) == (409, True)
    assert min(booth.journal.totals().values()) == 1


@pytest.mark.parametrize("undoes", [an_id(9), undo_id(an_id(1))])
def test_only_a_touch_can_be_taken_back(desk: Browser, undoes: str):
    tap(desk, an_id(1))
    undo(desk, an_id(1))
    page = undo(desk, undoes)
    assert (page.status, "tally.undo_nothing" in page) == (404, True)


def test_a_sign_in_cannot_be_taken_back(desk: Browser, booth: Booth):
    [entered] = facts_of(booth.journal)
    assert undo(desk, entered.id).status == 404


def a_correction(counter: str, n: int) -> TallyCorrected:
    return TallyCorrected(counter=counter, n=n, reason="多按了", second="", day=TODAY, hour=9)


def test_a_touch_that_was_put_right_is_not_taken_off_twice(desk: Browser, booth: Booth):
    tap(desk, an_id(1), "50", "leaflet.law")
    booth.journal.append(a_draft(a_correction("leaflet.law", -50)))
    assert f'value="{an_id(1)}"' not in desk.get("/staff")  # nobody is offered it
    page = undo(desk, an_id(1))
    assert (page.status, "tally.undo_corrected" in page) == (409, True)
    assert (total(booth, "leaflet.law"), facts_of(booth.journal, "tally.undone")) == (0, [])


def test_what_is_put_right_elsewhere_or_before_a_touch_keeps_nobody_from_taking_it_back(desk: Browser, booth: Booth):
    tap(desk, an_id(1), "5")
    booth.journal.append(a_draft(a_correction("headcount", -5)), a_draft(a_correction("leaflet.law", 10)))
    tap(desk, an_id(2), "1")
    assert undo(desk, an_id(2)).path == "/staff"
    assert total(booth) == 0


def test_an_entrance_is_of_the_count_of_all(desk: Browser, booth: Booth):
    furnish(booth)
    tap(desk, an_id(1), "5", "headcount.east")
    booth.journal.append(a_draft(a_correction("headcount", -5)))
    assert "tally.undo_corrected" in undo(desk, an_id(1))
    assert total(booth) == 0


def test_who_took_a_touch_back_before_it_was_put_right_is_told_so_again(desk: Browser, booth: Booth):
    tap(desk, an_id(1), "5")
    undo(desk, an_id(1))
    booth.journal.append(a_draft(a_correction("headcount", 3)))
    assert undo(desk, an_id(1)).path == "/staff"
    assert total(booth) == 3


def test_each_counter_offers_its_own_last_touch(desk: Browser):
    tap(desk, an_id(1))
    tap(desk, an_id(2))
    tap(desk, an_id(3), "1", "board")
    offered = [form.values["undoes"] for form in desk.get("/staff").forms if form.action == "/staff/undo"]
    assert offered == [an_id(2), an_id(3)]


def test_after_taking_back_the_touch_before_is_offered(desk: Browser):
    tap(desk, an_id(1))
    tap(desk, an_id(2))
    undo(desk, an_id(2))
    assert desk.get("/staff").form("/staff/undo").values["undoes"] == an_id(1)


def test_a_request_that_was_cut_on_the_way_counts_nothing(client: FlaskClient, booth: Booth):
    """gunicorn says of every body that it ends by itself; half of `n=10` must not be taken for `n=1`."""
    client.set_cookie("staff", booth.staff.open("li", "李志愿").token)
    body = f"id={an_id()}&counter=headcount&n=1"
    cut = {"wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(body) + 1)}
    kind = "application/x-www-form-urlencoded"
    answer = client.post("/staff/tally", data=body, content_type=kind, environ_overrides=cut)
    assert (answer.status_code, facts_of(booth.journal)) == (400, [])
