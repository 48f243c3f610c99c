"""Closing the day: the fact, the slip that names it, and what the screen says of it."""

import contextlib
import io
import json
import re

import pytest
import zxingcpp
from PIL import Image

from kiosk import qr
from kiosk.booth import closing, outbox
from kiosk.booth.carrying import Carrier
from kiosk.booth.closing import DaySlip
from kiosk.booth.context import Booth, new_id
from kiosk.booth.journal import Journal
from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.facts.prizes import PrizeIssued, code_of
from kiosk.facts.shifts import ShiftBegan
from kiosk.facts.stock import StockCounted, StockOpened
from kiosk.facts.tallies import TallyCounted
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.sync import protocol, sequence
from kiosk.sync.protocol import Slip
from tests.makers import Browser, Pair, a_draft, a_fair, a_headcount, a_prize, an_id, facts_of, give_prizes

#: A screen of the booth is the same whatever its hub stores in.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


def carrier_of(booth: Booth) -> Carrier:
    return Carrier.of(booth.journal, outbox.load_key(booth.config.data))


def close(booth: Booth, by: str = "li", fact_id: str = "") -> DaySlip:
    closed = closing.close_day(booth.journal, booth.clock, by, fact_id or new_id())
    return closing.slip_of(carrier_of(booth), closed)


def count(booth: Booth, times: int = 1) -> None:
    for _ in range(times):
        booth.journal.append(a_draft(a_headcount(2)))


# --- the fact and the slip ------------------------------------------------------------------------


def test_closing_writes_down_what_the_day_came_to_and_the_slip_names_that_fact(booth):
    count(booth, 3)
    slip = close(booth)
    (fact,) = facts_of(booth.journal, "day.closed")
    assert fact.body == {"day": "2027-03-15", "first": 1, "last": 3, "counts": {"tally.counted": 3}}
    assert (slip.slip.first, slip.slip.last, slip.slip.day) == (1, 4, "2027-03-15")
    assert (slip.slip.last, bytes.fromhex(slip.slip.hash)) == booth.journal.head()
    assert slip.slip.counts == {"day.closed": 1, "tally.counted": 3}
    assert REGISTRY.name_of(REGISTRY.read(fact)) in BOOTH_KINDS


def test_the_slip_is_signed_by_the_tablet_and_fits_into_one_code(booth):
    count(booth, 500)
    slip = close(booth)
    key = outbox.load_key(booth.config.data).verify_key
    assert protocol.read_document(Slip, slip.document, key) == slip.slip
    assert sequence.read_document(sequence.SLIP, slip.text) == slip.document
    assert len(slip.text) < 900


def test_the_code_is_the_beginning_of_the_head_in_base_32(booth):
    slip = close(booth)
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = int(slip.slip.hash[:10], 16)
    assert slip.code.replace("-", "") == "".join(letters[bits >> (35 - 5 * n) & 31] for n in range(8))


def test_closing_again_without_new_facts_is_the_same_slip(booth, clock):
    count(booth)
    first = close(booth)
    clock.tick(600)
    assert close(booth).document == first.document
    assert len(facts_of(booth.journal, "day.closed")) == 1


def test_closing_again_after_new_facts_is_a_new_slip_of_all_of_them(booth):
    count(booth)
    first = close(booth)
    count(booth)
    again = close(booth)
    assert (first.slip.last, again.slip.last) == (2, 4)
    assert again.day_counts == {"tally.counted": 2, "day.closed": 1}


def test_a_retry_of_the_same_touch_is_the_same_closing_whatever_came_between(booth):
    touch = new_id()
    first = close(booth, fact_id=touch)
    count(booth)
    assert close(booth, fact_id=touch).document == first.document


def test_another_day_begins_with_its_own_first_fact(booth, clock):
    count(booth, 2)
    close(booth)
    clock.tick(86_400)
    assert close(booth).slip.first == 4  # nothing happened: its own closing is all there is
    clock.tick(86_400)
    count(booth, 5)
    slip = close(booth)
    assert (slip.slip.day, slip.slip.first, slip.slip.last) == ("2027-03-17", 5, 10)
    assert slip.day_counts == {"tally.counted": 5}


def test_the_slip_can_be_drawn_again_from_the_journal_alone(booth):
    count(booth)
    slip = close(booth)
    count(booth)
    assert closing.last_slip(carrier_of(booth)) == slip.document


def test_the_slip_that_travels_is_that_of_the_newest_closing(booth):
    for _ in range(3):
        count(booth)
        slip = close(booth)
        assert closing.last_slip(carrier_of(booth)) == slip.document


def test_before_the_first_closing_there_is_no_slip(booth):
    assert closing.last_slip(carrier_of(booth)) == b""


def test_every_kind_a_booth_records_has_a_name_people_know():
    assert set(BOOTH_KINDS) == set(closing.KINDS)


# --- the screen -----------------------------------------------------------------------------------


def slip_on(page) -> str:
    return page.text.partition('id="slip-code">')[2].partition("<")[0]


def shut(browser: Browser):
    page = browser.get("/staff/close")
    return browser.send(page.form("/staff/close"))


def test_the_page_is_for_staff(client):
    assert client.get("/staff/close").headers["Location"] == "/staff/enter?next=/staff/close"
    assert client.post("/staff/close", data={"id": new_id()}).status_code == 403


@on_sqlite
def test_the_volunteer_closes_and_sees_the_code_the_count_and_that_nothing_was_sent(paired: Pair):
    desk = paired.at_the_desk()
    paired.booth.journal.append(a_draft(TallyCounted(counter="leaflet.law", n=50)))
    before = desk.get("/staff/close")
    assert ("收工，出日结单" in before, slip_on(before)) == (True, "")
    page = shut(desk)
    head, digest = paired.booth.journal.head()
    assert slip_on(page) == protocol.slip_code(digest)
    assert f'id="slip-count">{head}<' in page
    assert f"还有 {head} 条没有传到汇总端" in page
    assert "计数 1" in page
    assert "<b>50</b>" in page


def test_signed_for_is_said_only_on_a_receipt_that_names_the_head(paired: Pair):
    desk = paired.at_the_desk()
    shut(desk)
    assert "汇总端已签收 2 条，全部" not in desk.get("/staff/close")
    paired.sync()
    head = paired.booth.journal.head()[0]
    page = desk.get("/staff/close")
    assert (f"汇总端已签收 {head} 条，全部" in page, "没有传到" in page) == (True, False)
    count(paired.booth)
    assert "还有 1 条没有传到汇总端" in desk.get("/staff/close")


@on_sqlite
def test_what_was_counted_after_closing_is_pointed_out_and_not_on_the_slip(paired: Pair):
    desk = paired.at_the_desk()
    count(paired.booth, 2)
    first = shut(desk)
    assert "<b>4</b> 人次" in first
    count(paired.booth, 3)
    page = desk.get("/staff/close?renew")
    assert ("收工后又记了 3 条，请再收一次工" in page, slip_on(page)) == (True, slip_on(first))
    assert 'id="since"' in first  # a phone may go on counting: the page looks by itself
    assert "<b>4</b> 人次" in page
    again = desk.send(page.form("/staff/close"))
    assert ("收工后又记了" in again, slip_on(again) != slip_on(first), "<b>10</b> 人次" in again) == (False, True, True)


@on_sqlite
def test_locks_after_closing_ask_for_no_new_slip(paired: Pair):
    first = shut(paired.at_the_desk())
    page = paired.at_the_desk().get("/staff/close")
    assert (slip_on(page), "收工后又记了" in page) == (slip_on(first), False)


@on_sqlite
def test_a_touch_with_an_id_that_is_none_is_refused(paired: Pair):
    assert paired.at_the_desk().post("/staff/close", id="x").status == 400


@on_sqlite
def test_the_english_page_has_the_same_slip(paired: Pair):
    desk = paired.at_the_desk()
    code = slip_on(shut(desk))
    desk.client.set_cookie("lang", "en")
    page = desk.get("/staff/close")
    assert (slip_on(page), "Closed for today" in page) == (code, True)


# --- what the day still lacks ---------------------------------------------------------------------


def lacks_on(page) -> str:
    return page.text.partition('class="day-checks')[2].partition("</section>")[0]


@on_sqlite
def test_the_page_says_what_the_day_lacks_and_closes_all_the_same(paired: Pair):
    give_prizes(paired.booth, a_prize())
    desk, journal = paired.at_the_desk(), paired.booth.journal
    journal.append(
        a_draft(StockOpened(item="leaflet.law", n=50, bundles=1)),
        a_draft(ShiftBegan(volunteer="li"), an_id(2)),
        a_draft(PrizeIssued(prize="bag", session=an_id(7), code=code_of(an_id(3))), an_id(3)),
    )
    journal.write("INSERT INTO drafts VALUES ('x', '2027-03-15', x'00')")
    told = lacks_on(desk.get("/staff/close"))
    assert "还差 4 样" in told
    for words in ("消法手册 没有点", "李志愿（1 人）没有签退", "1 份没填完", "1 张券没兑", "没有记放上几份"):
        assert words in told
    page = shut(desk)
    assert slip_on(page) == protocol.slip_code(journal.head()[1])
    assert "还差 3 样" in lacks_on(page)  # who was here has left with it


@on_sqlite
def test_where_nothing_is_missing_the_page_says_so(paired: Pair):
    desk = paired.at_the_desk()
    assert "都办好了" in lacks_on(desk.get("/staff/close"))
    assert lacks_on(shut(desk)) == ""


@on_sqlite
def test_what_was_opened_after_the_count_is_to_be_counted_again(paired: Pair):
    desk, journal = paired.at_the_desk(), paired.booth.journal
    opened = StockOpened(item="leaflet.law", n=50, bundles=1)
    count_ = StockCounted(item="leaflet.law", opened=50, before=None, left=50, given=0, reason="")
    journal.append(a_draft(opened), a_draft(count_))
    assert "都办好了" in lacks_on(desk.get("/staff/close"))
    journal.append(a_draft(opened))
    assert "消法手册 点完又开过，要再点" in lacks_on(desk.get("/staff/close"))


# --- on paper and on a terminal -------------------------------------------------------------------


def test_a_code_of_block_letters_can_be_read_off_a_terminal():
    lines = qr.blocks("K315S:" + "0A" * 300)
    halves = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}
    rows = [bytes(halves[letter][half] for letter in line) for line in lines for half in (0, 1)]
    size = len(rows[0]), len(rows)
    picture = Image.frombytes("L", size, b"".join(rows)).resize((size[0] * 4, size[1] * 4), Image.Resampling.NEAREST)
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == "K315S:" + "0A" * 300


def test_the_command_prints_the_slip(booth, runner):
    booth.close()
    with contextlib.closing(Journal(booth.config.database, SystemClock())) as journal:
        for _ in range(3):
            journal.append(a_draft(a_headcount()))
    words = ["booth", "close", "--data", str(booth.config.data)]
    told = runner.invoke(main, words)
    assert (told.exit_code, told.stderr) == (0, "")
    assert re.search(r"code +[0-9A-Z]{4}-[0-9A-Z]{4}", told.stdout)
    assert "3  计数 / Counts" in told.stdout
    assert "today  1–4" in told.stdout
    assert "signed for  0 / 4" in told.stdout
    found = json.loads(runner.invoke(main, [*words, "--json"]).stdout)
    assert (found["last"], found["counts"]["tally.counted"], found["text"][:6]) == (4, 3, "K315S:")
    assert found["code"] in told.stdout


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_the_code_is_drawn_only_where_it_can_be(booth, monkeypatch, encoding):
    from kiosk import cli

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    shown = io.BytesIO()
    monkeypatch.setattr(cli.sys, "stdout", Terminal(shown, encoding=encoding))
    for columns in (40, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        cli._draw(close(booth).text)
        cli.sys.stdout.flush()
        assert (b"\xe2\x96" in shown.getvalue()) == (encoding == "utf-8" and columns == 200)


def test_surveys_and_quick_tests_are_lines_of_the_slip_where_there_were_any():
    names = [line.name.zh for line in closing._amounts(a_fair(), {})]
    totals = {"survey.answered": 12, "survey.valid": 11, "quicktest.batches": 4, "quicktest.pending": 1}
    more = [(line.name.zh, line.n) for line in closing._amounts(a_fair(), totals)[len(names) :]]
    assert more == [("问卷", 12), ("食品快检", 4), ("其中待复检", 1)]
