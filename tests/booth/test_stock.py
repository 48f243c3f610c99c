"""Stock: bundles with one touch, what is left, both numbers side by side, and a reason where they are far apart."""

import msgspec
import pytest

from kiosk.booth import stock
from kiosk.booth.context import Booth
from kiosk.facts.stock import is_far
from kiosk.facts.tallies import TallyCounted
from kiosk.packs.fairs import Material
from kiosk.packs.model import Text
from kiosk.reports.counters import counters_of
from tests.clocks import FakeClock
from tests.makers import Browser, Form, Page, a_draft, an_id, facts_of

AT = "/staff/stock"
LAW = "leaflet.law"


@pytest.fixture
def desk(visitor: Browser) -> Browser:
    return visitor.enter("li", "380315")


def opens(desk: Browser, bundles: int = 1, item: str = LAW) -> Page:
    return desk.send(desk.get(AT).form(f"{AT}/open", item=item), bundles=str(bundles))


def counts(desk: Browser, left: int | str, item: str = LAW, **told: str) -> Page:
    return desk.send(desk.get(AT).form(f"{AT}/count", item=item), left=str(left), **told)


def taps(booth: Booth, n: int, counter: str = LAW) -> None:
    for part in [1000] * (n // 1000) + [n % 1000] * bool(n % 1000):
        booth.journal.append(a_draft(TallyCounted(counter=counter, n=part)))


def account(booth: Booth, item: str = LAW) -> stock.Account:
    return next(one for one in stock.accounts(booth) if one.item.id == item)


def metrics(booth: Booth) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (_day, _hour, _desk, metric), n in booth.journal.totals().items():
        sums[metric] = sums.get(metric, 0) + n
    return {metric.removesuffix(f".{LAW}"): n for metric, n in sums.items() if metric.endswith(LAW)}


# --- opening --------------------------------------------------------------------------------------


def test_a_bundle_is_one_touch_and_a_retry_the_same_bundle(desk: Browser, booth: Booth):
    form = desk.get(AT).form(f"{AT}/open", item=LAW)
    for _ in range(3):
        assert desk.send(form, bundles="1").status == 200
    opens(desk, 10)
    assert [fact.body for fact in facts_of(booth.journal, "stock.opened")] == [
        {"item": LAW, "n": 50, "bundles": 1},
        {"item": LAW, "n": 500, "bundles": 10},
    ]
    assert "550" in desk.get(AT)


def test_a_bundle_goes_back_and_no_more_than_there_are(desk: Browser, booth: Booth):
    opens(desk, 2)
    opens(desk, -1)
    assert account(booth).opened == 50
    page = opens(desk, -10)
    assert (page.status, "没有那么多" in page, account(booth).opened) == (422, True, 50)


def test_loose_copies_are_added_and_taken_away(desk: Browser, booth: Booth):
    for n in ("+30", "-5"):
        form = next(one for one in desk.get(AT).forms if one.action == f"{AT}/open" and "n" in one.values)
        desk.send(Form(form.action, {**form.values, "item": LAW}), n=n)
    assert account(booth).opened == 25
    assert [fact.body["bundles"] for fact in facts_of(booth.journal, "stock.opened")] == [0, 0]


def test_what_is_given_away_beside_leaflets_comes_in_boxes(desk: Browser, booth: Booth):
    bag = Material(id="bag", name=Text("环保袋", "Bag"), unit=Text("个", "pieces"), bundle=20)
    fair = msgspec.structs.replace(booth.enrolled.fair, materials=[bag])
    counters = counters_of(fair, booth.enrolled.desk)
    booth._enrolment = msgspec.structs.replace(booth.enrolled, fair=fair, counters=counters)
    booth._read_at = 1 << 60
    assert "开一箱" in desk.get(AT)
    assert "<small>整箱</small>+20<" in desk.get("/staff")
    opens(desk, 1, "material.bag")
    assert account(booth, "material.bag").opened == 20


# --- counting what is left ------------------------------------------------------------------------


def test_distributed_is_opened_less_remaining_beside_what_was_tapped(desk: Browser, booth: Booth):
    opens(desk, 2)
    taps(booth, 88)
    page = counts(desk, 12)
    assert ("对上了" in page, page.text.count('<b class="num">88</b>')) == (True, 2)
    [fact] = facts_of(booth.journal, "stock.counted")
    assert fact.body == {"item": LAW, "opened": 100, "before": None, "left": 12, "given": 88, "reason": ""}


def test_five_per_cent_apart_is_let_pass_and_more_asks_for_a_reason(desk: Browser, booth: Booth):
    opens(desk, 2)
    taps(booth, 76)
    assert counts(desk, 20).status == 200  # 80 gone, 76 tapped: 5 %
    page = counts(desk, 19)
    assert (page.status, "为什么差这么多" in page) == (422, True)
    assert page.form(f"{AT}/count", item=LAW).values["left"] == "19"
    assert len(facts_of(booth.journal, "stock.counted")) == 1
    page = desk.send(page.form(f"{AT}/count", item=LAW), why="missed", words="下午人多")
    assert "漏按了计数：下午人多" in page
    assert facts_of(booth.journal, "stock.counted")[-1].body["reason"] == "漏按了计数：下午人多"


@pytest.mark.parametrize(
    ("given", "gone", "far"),
    [(0, 0, False), (1, 0, False), (2, 0, True), (95, 100, False), (94, 100, True), (106, 100, True), (19, 20, False)],
)
def test_one_copy_is_nobodys_fault_and_five_per_cent_is_the_line(given: int, gone: int, far: bool):
    assert is_far(given, gone) == far


def test_no_personal_number_gets_into_a_reason(desk: Browser, booth: Booth):
    opens(desk, 1)
    page = counts(desk, 0, why="taken", words="打 13800000000 问他")
    assert (page.status, "不能有手机号" in page, facts_of(booth.journal, "stock.counted")) == (422, True, [])


def test_counting_again_replaces_the_count_and_sums_stay_right(desk: Browser, booth: Booth):
    opens(desk, 2)
    taps(booth, 90)
    counts(desk, 10)
    opens(desk, 1)
    assert account(booth).is_missing
    taps(booth, 30)
    counts(desk, 30)
    found = metrics(booth)
    assert {name: found[name] for name in ("stock.opened", "stock.left", "stock.given", "stock.counted")} == {
        "stock.opened": 150, "stock.left": 30, "stock.given": 120, "stock.counted": 1,
    }  # fmt: skip
    assert not account(booth).is_missing


def test_a_retry_of_a_count_is_one_count_whatever_came_between(desk: Browser, booth: Booth):
    opens(desk, 1)
    taps(booth, 40)
    form = desk.get(AT).form(f"{AT}/count", item=LAW)
    desk.send(form, left="10")
    taps(booth, 1)
    assert desk.send(form, left="10").status == 200
    assert len(facts_of(booth.journal, "stock.counted")) == 1
    assert desk.send(form, left="9").status == 409


def test_more_left_than_was_there_is_a_mistake_to_be_told_of(desk: Browser, booth: Booth):
    opens(desk, 1)
    page = counts(desk, 51)
    assert (page.status, "比台上的 50 份还多" in page, facts_of(booth.journal, "stock.counted")) == (422, True, [])


@pytest.mark.parametrize("left", ["", "-1", "1.5", "x", "9" * 7, "１２"])
def test_a_number_that_is_none_is_told_of(desk: Browser, booth: Booth, left: str):
    opens(desk, 1)
    assert counts(desk, left).status == 400
    assert facts_of(booth.journal, "stock.counted") == []


def test_another_day_begins_anew_and_offers_what_was_left(desk: Browser, booth: Booth, clock: FakeClock):
    opens(desk, 2)
    taps(booth, 80)
    counts(desk, 20)
    clock.tick(86_400)
    desk.enter("li", "380315")
    page = desk.get(AT)
    assert ("上次剩的 20 份还在台上" in page, account(booth).opened) == (True, 0)
    form = next(one for one in page.forms if ("n", "20") in one.buttons)
    desk.send(form, n="20")
    taps(booth, 15)
    counts(desk, 5)
    assert facts_of(booth.journal, "stock.counted")[-1].body["before"] is None
    found = metrics(booth)
    assert (found["stock.given"], found["tally"]) == (95, 95)


def test_whatever_comes_after_the_count_is_counted_again(desk: Browser, booth: Booth):
    opens(desk, 2)
    taps(booth, 90)
    assert "对上了" in counts(desk, 10)
    taps(booth, 1)
    page = desk.get(AT)
    told = ("对上了" in page, "点完又发了 1 份，请再点" in page, account(booth).is_missing)
    assert told == (False, True, True)
    counts(desk, 9)
    assert not account(booth).is_missing


def test_a_reason_holds_for_the_counter_it_was_given_for(desk: Browser, booth: Booth):
    with_a_second(booth)
    opens(desk, 2)
    taps(booth, 50)
    page = counts(desk, 10)
    assert "按了 50 份，按库存发了 90 份，差 40 份（超过 5%）" in page
    counts(desk, 10, why="missed")
    assert (account(booth).is_explained, account(booth).is_missing) == (True, False)
    corrects(desk, "400", second="wang", pin="380315")
    page = desk.get(AT)
    for words in ("原来按的 50，更正 +400，现在 450", "比计数少发了 360 份", "请再点一次，选一个原因"):
        assert words in page
    assert (account(booth).is_explained, account(booth).is_missing, account(booth).is_far) == (False, True, True)
    assert "消法手册 差 360 份，要再点" in desk.get("/staff/close")
    assert "含更正 +400" in desk.get("/staff/close")
    assert "含更正 +400" in desk.get("/staff")
    counts(desk, 10, why="doubled")
    assert not account(booth).is_missing


# --- putting the counter right --------------------------------------------------------------------


def corrects(desk: Browser, n: str, **told: str) -> Page:
    form = desk.get(f"{AT}/correct?item={LAW}").form(f"{AT}/correct")
    return desk.send(form, **{"why": "missed", "n": n, **told})


def with_a_second(booth: Booth) -> None:
    """Li's PIN under another name."""
    own = booth.enrolled.volunteers["li"]
    both = {"li": own, "wang": {**own, "id": "wang", "name": "王志愿"}}
    booth._enrolment = msgspec.structs.replace(booth.enrolled, volunteers=both)
    booth._read_at = 1 << 60


def test_the_counter_is_put_right_by_a_difference_and_what_was_tapped_stays(desk: Browser, booth: Booth):
    opens(desk, 2)
    taps(booth, 50)
    counts(desk, 20, why="missed")
    form = desk.get(f"{AT}/correct?item={LAW}").form(f"{AT}/correct")
    assert form.values["n"] == "30"  # what the stock says
    page = desk.send(form, why="missed")
    assert (page.path, "对上了" in page) == (AT, True)
    [fact] = facts_of(booth.journal, "tally.corrected")
    assert fact.body == {
        "counter": LAW, "n": 30, "reason": "漏按了计数", "second": "", "day": "2027-03-15", "hour": 9,
    }  # fmt: skip
    assert (metrics(booth)["tally"], metrics(booth)["corrected.tally"]) == (80, 30)


def test_a_large_difference_takes_a_second_volunteer_with_their_pin(desk: Browser, booth: Booth):
    with_a_second(booth)
    assert corrects(desk, "51").status == 422
    assert corrects(desk, "51", second="li", pin="380315").status == 422  # the same person is no second
    assert corrects(desk, "51", second="wang", pin="000000").status == 403
    assert facts_of(booth.journal, "tally.corrected") == []
    corrects(desk, "51", second="wang", pin="380315")
    corrects(desk, "-50")
    assert [(fact.body["n"], fact.body["second"]) for fact in facts_of(booth.journal, "tally.corrected")] == [
        (51, "wang"),
        (-50, ""),
    ]


def test_several_small_differences_that_are_large_together_take_two_as_well(desk: Browser, booth: Booth):
    with_a_second(booth)
    form = desk.get(f"{AT}/correct?item={LAW}").form(f"{AT}/correct")
    for _ in range(2):  # the same touch
        assert desk.send(form, why="missed", n="30").path == AT
    assert [corrects(desk, n).status for n in ("-20", "1", "-1")] == [200, 422, 422]
    assert desk.send(form, why="missed", n="30").path == AT
    corrects(desk, "40", second="wang", pin="380315")
    desk.enter("wang", "380315")
    assert [corrects(desk, n).status for n in ("50", "1")] == [200, 422]  # somebody else, whom agreeing cost nothing
    found = [(fact.body["n"], fact.body["second"]) for fact in facts_of(booth.journal, "tally.corrected")]
    assert found == [(30, ""), (-20, ""), (40, "wang"), (50, "")]


@pytest.mark.parametrize("n", ["0", "", "1.5", "x", "1000001", "-1"])
def test_no_counter_falls_below_nothing_and_nothing_is_no_difference(desk: Browser, booth: Booth, n: str):
    assert corrects(desk, n).status in (400, 422)
    assert facts_of(booth.journal, "tally.corrected") == []


def test_on_a_tablet_a_day_off_a_correction_counts_to_the_true_day_and_is_seen_at_once(
    desk: Browser, booth: Booth, clock: FakeClock
):
    clock.jump_wall(-86_400)
    desk.enter("li", "380315")
    taps(booth, 10)
    corrects(desk, "5")
    assert account(booth).given == 15
    assert facts_of(booth.journal, "tally.corrected")[0].body["day"] == "2027-03-15"  # no earlier than its certificate


def test_an_item_that_is_none_is_refused(desk: Browser):
    assert desk.get(f"{AT}/correct?item=x").status == 400
    assert desk.get(f"{AT}/correct").path == AT


def test_the_page_is_for_staff(visitor: Browser):
    assert visitor.get(AT).path == "/staff/enter"
    assert visitor.post(f"{AT}/open", id=an_id(), item=LAW, bundles="1").status == 403


# --- what hostile readers found ---------------------------------------------------------------------


def test_a_count_that_was_mistyped_too_low_is_counted_again(desk: Browser, booth: Booth):
    opens(desk, 1)
    taps(booth, 45)
    counts(desk, 4, why="unknown")
    assert counts(desk, 5).status == 200
    found = metrics(booth)
    assert (found["stock.given"], found["stock.left"], account(booth).reason) == (45, 5, "")


def test_nothing_goes_back_that_is_not_there_any_more(desk: Browser, booth: Booth):
    opens(desk, 1)
    taps(booth, 47)
    counts(desk, 3)
    assert opens(desk, -1).status == 422
    assert (account(booth).opened, account(booth).expected) == (50, 3)


def test_no_more_is_opened_in_a_day_than_a_desk_can_have_had(desk: Browser, booth: Booth):
    assert opens(desk, 1000).status == 200
    assert opens(desk, 1000).status == 200
    assert opens(desk, 1).status == 400
    assert account(booth).opened == 100_000


def test_small_corrections_that_are_large_together_take_a_second_too(desk: Browser, booth: Booth):
    with_a_second(booth)
    form = desk.get(f"{AT}/correct?item={LAW}").form(f"{AT}/correct")
    for _ in range(2):  # a retry adds nothing
        assert desk.send(form, why="missed", n="50").status == 200
    assert corrects(desk, "1").status == 422
    assert corrects(desk, "1", second="wang", pin="380315").status == 200
    assert metrics(booth)["corrected.tally"] == 51
