"""Vouchers: issued within what there is, redeemed once and here, and an account in which nothing goes missing."""

import random
import re
import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booth import outbox
from kiosk.booth.context import Booth
from kiosk.booth.journal import Draft
from kiosk.booth.prizes import _issue, end_of, expire
from kiosk.crockford import ALPHABET, read
from kiosk.errors import Problem
from kiosk.facts.envelope import Fact
from kiosk.facts.prizes import PrizeRedeemed, code_of, end_id, normal_code
from kiosk.packs.fairs import Prize
from kiosk.packs.model import Text
from kiosk.qr import svg
from kiosk.sync import vouchers as signed
from tests.booth.test_quizzes import answer
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Page, a_key, a_prize, an_id, facts_of, give_prizes

BAG = a_prize()
PEN = a_prize(id="pen", name=Text("签字笔", "Pen"), earned_by="finished", quota=3)


@pytest.fixture
def prizes() -> list[Prize]:
    return [BAG]


@pytest.fixture
def at_fair(booth: Booth, prizes: list[Prize]) -> Booth:
    """A tablet of a fair with prizes, as its hub said it."""
    give_prizes(booth, *prizes)
    return booth


@pytest.fixture
def desk(booth_app, at_fair: Booth) -> Browser:
    return Browser(booth_app.test_client()).enter(*VOLUNTEER)


def wins(visitor: Browser, booth: Booth, clock: FakeClock, *, seconds: float = 5, right: int = 5) -> Page:
    """Somebody new plays, taking so long for each question."""
    visitor.get("/")
    for number in range(5):
        visitor.get("/quiz")
        clock.tick(seconds)
        page = answer(visitor, booth, rightly=number < right)
        page = visitor.send(page.form("/quiz/next"))
    return page


def vouchers(booth: Booth) -> list[Fact]:
    return facts_of(booth.journal, "prize.issued")


def finds(desk: Browser, typed: str) -> Page:
    return desk.post("/staff/prizes/find", code=typed)


def gives(desk: Browser, code: str) -> Page:
    return desk.send(finds(desk, code).form("/staff/prizes/redeem"))


def qr_text(booth: Booth) -> str:
    """What stands in the QR code of the first voucher."""
    code = vouchers(booth)[0].body["code"]
    return signed.write(outbox.load_key(booth.config.data), booth.enrolled.certificate, code)


def account(desk: Browser, prize: str = "bag") -> dict[str, int]:
    part = desk.get("/staff/prizes").text.partition(f'id="prize-{prize}"')[2].partition("</article>")[0]
    return {name: int(n) for name, n in re.findall(r"data-(\w+)>(\d+)<", part)}


# --- earning ----------------------------------------------------------------------------------------


def test_who_passes_is_shown_a_voucher_with_code_qr_and_desk(visitor: Browser, at_fair: Booth, clock: FakeClock):
    page = wins(visitor, at_fair, clock)
    [fact] = vouchers(at_fair)
    assert fact.body["code"] in page
    assert "环保购物袋" in page
    assert "<svg" in page
    assert fact.body["code"] == code_of(fact.id)


def test_who_does_not_pass_gets_none(visitor: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock, right=3)
    assert vouchers(at_fair) == []


def test_one_visitor_gets_one_however_often_they_play(visitor: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    visitor.post("/quiz/start", mode="standard")
    for _ in range(5):
        clock.tick(5)
        visitor.send(answer(visitor, at_fair).form("/quiz/next"))
    assert len(vouchers(at_fair)) == 1


def test_who_answers_faster_than_one_can_read_gets_none_and_is_told(visitor: Browser, at_fair: Booth, clock: FakeClock):
    assert "答得太快" in wins(visitor, at_fair, clock, seconds=1.9)
    assert vouchers(at_fair) == []


def test_practice_wins_nothing(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock):
    desk.post("/staff/practice")
    for _ in range(5):
        clock.tick(5)
        desk.send(answer(desk, at_fair).form("/quiz/next"))
    assert vouchers(at_fair) == []


def test_when_the_quota_is_used_up_no_more_are_issued(visitor: Browser, at_fair: Booth, clock: FakeClock):
    for _ in range(2):
        wins(visitor, at_fair, clock)
    assert "奖品已经发完了" in wins(visitor, at_fair, clock)
    assert len(vouchers(at_fair)) == 2


def test_a_volunteer_may_lower_it_to_what_lies_there_but_not_raise_it(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    desk.send(desk.get("/staff/prizes").form("/staff/prizes/stock", prize="bag"), n="1")
    assert account(desk)["left"] == 1
    desk.send(desk.get("/staff/prizes").form("/staff/prizes/stock", prize="bag"), n="50")
    assert account(desk)["left"] == 2
    desk.send(desk.get("/staff/prizes").form("/staff/prizes/stock", prize="bag"), n="-51")
    assert "奖品已经发完了" in wins(visitor, at_fair, clock)


@pytest.mark.parametrize("n", ["", "0", "ten", "1.5", "100001", "--1", "１２"])
def test_a_stock_that_is_no_number_is_refused(desk: Browser, at_fair: Booth, n: str):
    assert desk.send(desk.get("/staff/prizes").form("/staff/prizes/stock", prize="bag"), n=n).status == 400
    assert facts_of(at_fair.journal, "prize.stocked") == []


@pytest.mark.parametrize("prizes", [[msgspec.structs.replace(BAG, quota=50, per_hour=1)]])
def test_so_many_an_hour_and_no_more(visitor: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    assert "这个小时的奖品发完了" in wins(visitor, at_fair, clock)
    clock.tick(3600)
    wins(visitor, at_fair, clock)
    assert len(vouchers(at_fair)) == 2


@pytest.mark.parametrize("prizes", [[BAG, PEN]])
def test_the_next_class_is_given_when_the_first_is_used_up(visitor: Browser, at_fair: Booth, clock: FakeClock):
    for _ in range(3):
        wins(visitor, at_fair, clock)
    wins(visitor, at_fair, clock, right=0)
    assert [fact.body["prize"] for fact in vouchers(at_fair)] == ["bag", "bag", "pen", "pen"]


def test_of_many_who_finish_at_once_no_more_win_than_there_are_prizes(at_fair: Booth):
    def one(session: str) -> None:
        try:
            at_fair.journal.append_made(lambda connection: _issue(at_fair, connection, session, [BAG]))
        except Problem as problem:
            refused.append(problem.code)

    refused: list[str] = []
    threads = [threading.Thread(target=one, args=(an_id(n),)) for n in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(vouchers(at_fair)), refused) == (2, ["prize.none_left"] * 10)


# --- redeeming --------------------------------------------------------------------------------------


def test_a_voucher_is_found_and_given_in_two_steps(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    [voucher] = vouchers(at_fair)
    page = finds(desk, voucher.body["code"].lower().replace("-", " "))
    assert "还没用过" in page
    assert facts_of(at_fair.journal, "prize.redeemed") == []
    assert "奖品已发" in desk.send(page.form("/staff/prizes/redeem"))
    [end] = facts_of(at_fair.journal, "prize.redeemed")
    assert (end.body["voucher"], end.by) == (voucher.id, VOLUNTEER[0])


def test_the_same_touch_again_is_the_same_hand_over(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    form = finds(desk, vouchers(at_fair)[0].body["code"]).form("/staff/prizes/redeem")
    assert [desk.send(form).status for _ in range(3)] == [200, 200, 200]
    assert len(facts_of(at_fair.journal, "prize.redeemed")) == 1


def test_a_second_use_is_refused_with_time_and_desk_of_the_first(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    wins(visitor, at_fair, clock)
    code = vouchers(at_fair)[0].body["code"]
    early = finds(desk, code).form("/staff/prizes/redeem")  # a second tab, opened before
    early.values["hand"] = an_id()
    gives(desk, code)
    given = facts_of(at_fair.journal, "prize.redeemed")[0].at[11:19]
    for page in (finds(desk, code), desk.send(early)):
        assert "已经用过了" in page
        assert given in page
        assert "d01" in page
    assert len(facts_of(at_fair.journal, "prize.redeemed")) == 1


def test_its_qr_code_says_where_it_is_good(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    text = qr_text(at_fair)
    assert "还没用过" in finds(desk, text)
    assert "d02 号服务台的另一台平板" in finds(desk, text.replace(":D01:", ":D02:"))
    assert "没有发过这个券号" in finds(desk, "K315V2:X")


def test_a_qr_code_somebody_made_up_is_refused_though_its_short_code_is_a_real_one(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    wins(visitor, at_fair, clock)
    forged = signed.write(a_key(5), at_fair.enrolled.certificate, vouchers(at_fair)[0].body["code"])
    page = finds(desk, forged)
    assert page.status == 409
    assert "不是这台平板签发的" in page
    assert facts_of(at_fair.journal, "prize.redeemed") == []


def test_what_a_copy_of_this_tablet_signed_and_this_one_never_issued_is_unknown(desk: Browser, at_fair: Booth):
    key = outbox.load_key(at_fair.config.data)
    text = signed.write(key, at_fair.enrolled.certificate, code_of(an_id(99)))
    assert "没有发过这个券号" in finds(desk, text)


def test_the_page_shows_the_signed_text_and_it_is_the_same_after_a_restart(
    visitor: Browser, at_fair: Booth, clock: FakeClock
):
    page = wins(visitor, at_fair, clock)
    assert svg(qr_text(at_fair)) in page


def test_of_a_thousand_open_vouchers_a_million_guesses_hit_none():
    """Seven symbols are 35 bits, and whoever guesses knows how the eighth follows from them. Expected: 0.03 hits."""
    issued = {read(code_of(f"{n:032x}")[:8], 7) for n in range(1000)}
    assert len(issued - {None}) == 1000
    dice = random.Random(315)
    assert sum(dice.getrandbits(35) in issued for _ in range(1_000_000)) == 0


@pytest.mark.parametrize("typed", ["0000-0000", "abc", "", "7KQ2-M0ZR", "' OR 1=1", "K315V2:::::"])
def test_a_code_that_was_not_issued_is_refused(desk: Browser, typed: str):
    page = finds(desk, typed)
    assert page.status in (404, 409)
    assert "服务台" in page


@pytest.mark.parametrize(("voucher", "code"), [(1, "2VTN-M6PV"), (7, "RS7H-KN5P")])
def test_the_code_of_a_voucher_stays_what_it_is_and_7_is_drawn_twice(voucher: int, code: str):
    assert code_of(an_id(voucher)) == code


@given(st.binary(min_size=16, max_size=16), st.integers(0, 7), st.integers(1, 31))
def test_one_wrong_symbol_is_noticed(voucher: bytes, place: int, by: int):
    code = code_of(voucher.hex()).replace("-", "")
    wrong = ALPHABET[(ALPHABET.index(code[place]) + by) % 32]
    assert normal_code(code) is not None
    assert normal_code(code[:place] + wrong + code[place + 1 :]) is None


def test_a_voucher_of_yesterday_is_refused_and_its_prize_may_be_issued_again(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    for _ in range(2):
        wins(visitor, at_fair, clock)
    code = vouchers(at_fair)[0].body["code"]
    form = finds(desk, code).form("/staff/prizes/redeem")
    clock.tick(24 * 3600)
    desk.enter(*VOLUNTEER)
    assert "只在当天有效" in desk.send(form)
    assert "只在当天有效" in finds(desk, code)
    assert account(desk) == {"left": 2, "issued": 2, "redeemed": 0, "open": 0, "expired": 2}


def test_issued_is_redeemed_open_and_expired(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock):
    for _ in range(2):
        wins(visitor, at_fair, clock)
    gives(desk, vouchers(at_fair)[0].body["code"])
    assert account(desk) == {"left": 0, "issued": 2, "redeemed": 1, "open": 1, "expired": 0}
    clock.tick(24 * 3600)
    desk.enter(*VOLUNTEER)
    assert account(desk) == {"left": 1, "issued": 2, "redeemed": 1, "open": 0, "expired": 1}


def test_what_is_redeemed_while_others_expire_stays_redeemed_and_keeps_none_of_them_alive(
    visitor: Browser, at_fair: Booth, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(2):
        wins(visitor, at_fair, clock)
    given, forgotten = vouchers(at_fair)
    clock.tick(24 * 3600)
    append_new = at_fair.journal.append_new

    def append_after_a_hand_over(*drafts: Draft) -> list[Fact]:
        """The moment between looking and appending, in which a volunteer hands one over."""
        body = PrizeRedeemed(prize="bag", voucher=given.id, hand=an_id())
        at_fair.journal.append(Draft(end_id(given.id), body, VOLUNTEER[0]))
        return append_new(*drafts)

    monkeypatch.setattr(at_fair.journal, "append_new", append_after_a_hand_over)
    expire(at_fair)
    ends = [at_fair.journal.fact(end_id(one.id)) for one in (given, forgotten)]
    assert [end and end.kind for end in ends] == ["prize.redeemed", "prize.expired"]


def test_however_many_expire_it_is_one_commit_and_none_where_nothing_does(
    visitor: Browser, at_fair: Booth, clock: FakeClock
):
    for _ in range(2):
        wins(visitor, at_fair, clock)
    clock.tick(24 * 3600)
    statements: list[str] = []
    at_fair.journal.transact(lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()
    for _ in range(2):
        expire(at_fair)
    assert len(facts_of(at_fair.journal, "prize.expired")) == 2
    assert statements.count("COMMIT") == 1


def test_each_class_is_counted_under_an_id_of_its_own(desk: Browser, at_fair: Booth):
    give_prizes(at_fair, BAG, PEN)
    forms = [form for form in desk.get("/staff/prizes").forms if form.action == "/staff/prizes/stock"]
    assert len({form.values["id"] for form in forms}) == len(forms) == 2


@pytest.mark.parametrize("rounds", [1, 3])
def test_no_id_that_a_form_brings_keeps_a_voucher_from_its_end(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock, rounds: int
):
    """A volunteer may send any id with a tally, that of a voucher's end too, and that of the place after it."""
    for _ in range(2):
        wins(visitor, at_fair, clock)
    given, forgotten = vouchers(at_fair)
    for voucher in (given, forgotten):
        for _ in range(rounds):
            desk.post("/staff/tally", id=end_of(at_fair.journal, voucher).id, counter="headcount", n="1")
    form = finds(desk, given.body["code"]).form("/staff/prizes/redeem")
    for _ in range(2):
        assert desk.send(form).status == 200
    assert desk.send(form, hand=an_id(3)).status == 409
    clock.tick(24 * 3600)
    expire(at_fair)
    expire(at_fair)
    assert [fact.body["voucher"] for fact in facts_of(at_fair.journal, "prize.redeemed")] == [given.id]
    assert [fact.body["voucher"] for fact in facts_of(at_fair.journal, "prize.expired")] == [forgotten.id]


def test_nobody_redeems_without_a_pin(visitor: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    [voucher] = vouchers(at_fair)
    assert visitor.post("/staff/prizes/redeem", voucher=voucher.id, hand=an_id()).status == 403
    assert facts_of(at_fair.journal, "prize.redeemed") == []
