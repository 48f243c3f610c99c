"""A draw: bound before the first ticket, closed before the seed is shown, and the same for whoever works it out."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from kiosk.booth.context import Booth
from kiosk.booth.sessions import Visits
from kiosk.cli import main
from kiosk.facts import lots
from kiosk.facts.lots import Draw
from kiosk.facts.prizes import code_of, end_id, voucher_id
from kiosk.packs.fairs import Prize
from kiosk.packs.model import Text
from tests.booth.test_prizes import BAG, account, wins
from tests.booth.test_quizzes import answer
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Page, an_id, facts_of, give_prizes

KETTLE = Prize(id="kettle", name=Text("电热水壶", "Kettle"), earned_by="lot", quota=3)


@pytest.fixture
def at_fair(booth: Booth) -> Booth:
    give_prizes(booth, KETTLE)
    return booth


@pytest.fixture
def desk(booth_app, at_fair: Booth) -> Browser:
    return Browser(booth_app.test_client()).enter(*VOLUNTEER)


def begins(desk: Browser, winners: int = 1) -> Page:
    return desk.send(desk.get("/staff/lots").form("/staff/lots/commit"), winners=str(winners))


def closes(desk: Browser) -> Page:
    return desk.send(desk.get("/staff/lots").form("/staff/lots/close"))


def draws(desk: Browser, number: str = "315042") -> Page:
    return desk.send(desk.get("/staff/lots").form("/staff/lots/draw"), number=number)


def newest(booth: Booth) -> Draw:
    return lots.read_draws(facts_of(booth.journal))[-1]


def tickets(booth: Booth) -> list[str]:
    return [fact.body["code"] for fact in facts_of(booth.journal, "lot.entered")]


def play_some(visitor: Browser, booth: Booth, clock: FakeClock, n: int) -> None:
    for _ in range(n):
        wins(visitor, booth, clock, right=3)


# --- taking part ------------------------------------------------------------------------------------


def test_who_finishes_while_a_draw_is_open_is_shown_a_code_passed_or_not(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    begins(desk)
    page = wins(visitor, at_fair, clock, right=0)
    [code] = tickets(at_fair)
    assert f'id="ticket">{code}<' in page


def test_no_ticket_before_a_draw_began_or_after_it_closed(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    wins(visitor, at_fair, clock)
    assert tickets(at_fair) == []
    begins(desk)
    closes(desk)
    assert 'id="ticket"' not in wins(visitor, at_fair, clock)
    assert tickets(at_fair) == []


def test_a_visitor_has_one_ticket_and_its_code_is_that_of_the_voucher(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    give_prizes(at_fair, BAG, KETTLE)
    begins(desk)
    wins(visitor, at_fair, clock)
    [entered] = facts_of(at_fair.journal, "lot.entered")
    [issued] = facts_of(at_fair.journal, "prize.issued")
    assert entered.body["code"] == issued.body["code"] == code_of(voucher_id(entered.body["session"]))
    visitor.post("/quiz/start", mode="standard")
    assert len(tickets(at_fair)) == 1


def test_who_plays_on_has_a_ticket_in_the_next_draw_and_is_shown_that_one(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    begins(desk)
    wins(visitor, at_fair, clock)
    closes(desk)
    draws(desk)
    assert f'id="ticket">{tickets(at_fair)[0]}<' in visitor.get("/quiz")  # it may have won
    begins(desk)
    assert 'id="ticket"' not in visitor.get("/quiz")
    for _ in range(2):
        visitor.post("/quiz/start", mode="standard")
        for _ in range(5):
            visitor.get("/quiz")
            clock.tick(5)
            page = visitor.send(answer(visitor, at_fair, rightly=True).form("/quiz/next"))
    _, second = facts_of(at_fair.journal, "lot.entered")
    assert second.body["draw"] == newest(at_fair).id
    assert f'id="ticket">{second.body["code"]}<' in page


def test_who_was_too_fast_and_who_practises_have_none(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    begins(desk)
    wins(visitor, at_fair, clock, seconds=1.9)
    assert tickets(at_fair) == []


def test_a_prize_by_lot_is_never_issued_to_a_play(visitor: Browser, at_fair: Booth, clock: FakeClock):
    wins(visitor, at_fair, clock)
    assert facts_of(at_fair.journal, "prize.issued") == []


# --- the steps --------------------------------------------------------------------------------------


def test_the_hash_is_on_the_square_s_screen_before_any_ticket_and_the_seed_is_not(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    begins(desk)
    [committed] = facts_of(at_fair.journal, "lot.committed")
    play_some(visitor, at_fair, clock, 2)
    assert committed.seq < min(fact.seq for fact in facts_of(at_fair.journal, "lot.entered"))
    screen = visitor.get("/lots")
    bound = committed.body["commitment"]
    assert all(bound[at : at + 8] in screen for at in range(0, 64, 8))
    closes(desk)
    draws(desk)
    seed = newest(at_fair).seed
    assert lots.commitment_of(committed.id, "kettle", 1, seed) == bound
    assert seed not in screen
    assert seed in visitor.get("/lots")


def test_the_lowest_win_and_the_sheet_proves_it(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock, tmp_path: Path
):
    begins(desk, winners=2)
    play_some(visitor, at_fair, clock, 5)
    closes(desk)
    draws(desk, "7")
    draw = newest(at_fair)
    assert draw.winners == lots.in_order(draw.seed, 7, tickets(at_fair))[:2]
    [drawn] = facts_of(at_fair.journal, "lot.drawn")
    assert drawn.body["winners"] == draw.winners
    sheet = desk.get(f"/staff/lots/{draw.id}")
    for word in (draw.seed, draw.commitment, draw.digest, "000007", *draw.tickets, "HMAC-SHA256", "fingerprint"):
        assert word in sheet
    bound = f"kiosk/lot/2 {draw.id} kettle 2 {draw.seed}"
    assert f'printf %s "{bound}" | sha256sum' in sheet
    assert hashlib.sha256(bound.encode()).hexdigest() == draw.commitment
    file = tmp_path / "lots.txt"
    file.write_text(desk.get(f"/staff/lots/{draw.id}/file").text, "utf-8")
    told = CliRunner().invoke(main, ["booth", "lots", "check", str(file)])
    assert (told.exit_code, draw.commitment in told.output) == (0, True)
    file.write_text(file.read_text("utf-8").replace(f"winner {draw.winners[0]}", f"winner {draw.called[-1]}"), "utf-8")
    told = CliRunner().invoke(main, ["booth", "lots", "check", str(file)])
    assert (told.exit_code, told.output) == (1, "the winners are not the lowest in order\n")


def test_the_seed_is_the_same_after_a_restart_and_stands_nowhere_before_it_is_shown(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    begins(desk)
    play_some(visitor, at_fair, clock, 1)
    closes(desk)
    at_fair.journal.keep_mark()
    files = {file: file.read_bytes() for file in at_fair.config.data.rglob("*") if file.is_file()}
    at_fair.visits = Visits(clock, 60)  # a restart forgets everybody
    draws(desk)
    seed = newest(at_fair).seed
    for told in (seed.encode(), bytes.fromhex(seed)):
        assert [file for file, content in files.items() if told in content] == []


def test_one_draw_at_a_time_and_no_more_than_there_are(desk: Browser, at_fair: Booth):
    assert "还能抽出 3 份" in begins(desk, winners=4)
    assert facts_of(at_fair.journal, "lot.committed") == []
    page = desk.get("/staff/lots")
    begins(desk)
    assert "还没有开奖" in desk.send(page.form("/staff/lots/commit"), id=an_id(7), winners="1")
    assert len(facts_of(at_fair.journal, "lot.committed")) == 1


def test_what_a_draw_promised_cannot_be_promised_again(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    begins(desk, winners=2)
    play_some(visitor, at_fair, clock, 2)
    closes(desk)
    draws(desk)
    assert "还能抽出 1 份" in desk.get("/staff/lots")
    assert "还能抽出 1 份" in begins(desk, winners=2)


def test_every_touch_again_is_the_same_fact(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock):
    first = desk.get("/staff/lots").form("/staff/lots/commit")
    for _ in range(2):
        desk.send(first, winners="1")
    play_some(visitor, at_fair, clock, 3)
    close = desk.get("/staff/lots").form("/staff/lots/close")
    for _ in range(2):
        desk.send(close)
    draw = desk.get("/staff/lots").form("/staff/lots/draw")
    for number in ("315042", "315043"):  # a second number is too late
        desk.send(draw, number=number)
    assert [len(facts_of(at_fair.journal, kind)) for kind in ("lot.committed", "lot.closed", "lot.drawn")] == [1, 1, 1]
    assert newest(at_fair).number == 315042


def test_nothing_is_drawn_while_tickets_are_given_out(desk: Browser, at_fair: Booth):
    begins(desk)
    page = desk.post("/staff/lots/draw", draw=newest(at_fair).id, number="1")
    assert page.status == 409
    assert newest(at_fair).state == "open"


@pytest.mark.parametrize("number", ["", "-1", "1.5", "1234567", "１２", "abc"])
def test_a_number_that_is_none_is_refused(desk: Browser, at_fair: Booth, number: str):
    begins(desk)
    closes(desk)
    assert draws(desk, number).status == 400
    assert newest(at_fair).state == "closed"


def test_a_draw_without_tickets_has_no_winner(desk: Browser, at_fair: Booth):
    begins(desk)
    closes(desk)
    assert "没有人中奖" in draws(desk)
    assert newest(at_fair).winners == []


# --- winners ----------------------------------------------------------------------------------------


@pytest.fixture
def drawn(visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock) -> Draw:
    begins(desk)
    play_some(visitor, at_fair, clock, 4)
    closes(desk)
    draws(desk)
    return newest(at_fair)


def test_who_is_absent_is_followed_by_the_next_and_both_are_written_down(desk: Browser, at_fair: Booth, drawn: Draw):
    absent = desk.get("/staff/lots").form("/staff/lots/pass")
    for _ in range(2):
        page = desk.send(absent)
    assert newest(at_fair).winners == [drawn.called[1]]
    assert drawn.called[1] in page
    assert len(facts_of(at_fair.journal, "lot.passed")) == 1
    assert drawn.called[0] in desk.get("/lots")


def test_the_prize_goes_into_one_hand_once_and_the_ledger_says_so(desk: Browser, at_fair: Booth, drawn: Draw):
    hand = desk.get("/staff/lots").form("/staff/lots/hand")
    for _ in range(2):
        assert "已领" in desk.send(hand)
    again = desk.send(hand, hand=an_id(3))
    assert again.status == 409
    assert "已经用过了" in again
    assert "d01" in again
    assert account(desk, "kettle") == {"left": 2, "issued": 1, "redeemed": 1, "open": 0, "expired": 0}


def test_who_has_the_prize_is_not_passed_over_and_who_was_passed_over_gets_none(
    desk: Browser, at_fair: Booth, drawn: Draw
):
    page = desk.get("/staff/lots")
    absent, hand = page.form("/staff/lots/pass"), page.form("/staff/lots/hand")
    desk.send(absent)
    assert desk.send(hand).status == 409  # a tab from before
    desk.send(desk.get("/staff/lots").form("/staff/lots/hand"))
    assert desk.post("/staff/lots/pass", draw=drawn.id, code=drawn.called[1]).status == 409
    assert len(facts_of(at_fair.journal, "prize.redeemed")) == 1


def test_who_did_not_win_gets_nothing(desk: Browser, at_fair: Booth, drawn: Draw):
    for code in (drawn.called[3], "7KQ2-M0ZR", "x"):
        assert desk.post("/staff/lots/hand", draw=drawn.id, code=code, hand=an_id(1)).status in (400, 409)
    assert facts_of(at_fair.journal, "prize.redeemed") == []


def test_a_ticket_that_stands_behind_the_closing_is_none(drawn: Draw, at_fair: Booth):
    """Whoever forges the journal from there on: readers pass it over."""
    facts = facts_of(at_fair.journal)
    late = next(fact for fact in facts if fact.kind == "lot.entered")
    late = msgspec.structs.replace(late, seq=len(facts) + 1, body={**late.body, "code": "7KQ2-M0ZR"})
    assert lots.read_draws([*facts, late])[-1].tickets == drawn.tickets


def test_no_id_that_a_form_brings_stops_a_draw_or_undoes_it(
    visitor: Browser, desk: Browser, at_fair: Booth, clock: FakeClock
):
    """A volunteer may send any id with a tally, those that steps of the draw ought to have among them."""

    def takes(fact_id: str) -> None:
        assert desk.post("/staff/tally", id=fact_id, counter="headcount", n="1").status == 200

    begins(desk)
    draw = newest(at_fair).id
    for fact_id in (lots.close_id(draw), lots.drawn_id(draw)):
        takes(fact_id)
    play_some(visitor, at_fair, clock, 2)
    for step in (closes, draws):
        step(desk)
    entered = facts_of(at_fair.journal, "lot.entered")
    assert (len(entered), newest(at_fair).state) == (2, "drawn")
    for ticket in entered:
        takes(lots.passed_id(ticket.id))
        takes(lots.prize_id(ticket.id))
        takes(end_id(lots.prize_id(ticket.id)))
    called = newest(at_fair).called
    desk.send(desk.get("/staff/lots").form("/staff/lots/pass"))
    assert newest(at_fair).winners == [called[1]]
    hand = desk.get("/staff/lots").form("/staff/lots/hand")
    for _ in range(2):
        assert "已领" in desk.send(hand)
    assert desk.send(hand, hand=an_id(3)).status == 409
    assert len(facts_of(at_fair.journal, "prize.redeemed")) == 1


def test_nobody_draws_without_a_pin(visitor: Browser, desk: Browser, at_fair: Booth):
    begins(desk)
    assert visitor.post("/staff/lots/close", draw=newest(at_fair).id).status == 403
    assert newest(at_fair).state == "open"
