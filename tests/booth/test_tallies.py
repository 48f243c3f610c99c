"""Counters: one touch, one fact; and ten seconds to take it back."""

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from kiosk.booth.context import Booth
from kiosk.clock import stamp
from kiosk.facts.tallies import undo_id
from kiosk.sync.push import Meeting
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Form, Page, an_id, facts_of

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
    assert len(ids) == 5 * 5  # by counter; the keys of one counter share theirs, for only one is touched


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


def test_yesterday_is_not_shown_today(desk: Browser, clock: FakeClock):
    tap(desk, an_id(), "7")
    clock.tick(24 * 3600)
    assert "<strong>7</strong>" not in desk.enter(*VOLUNTEER).get("/staff")


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
