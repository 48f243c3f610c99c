"""The QR road: codes the booth shows, and the receipt it reads back."""

import re

import pytest

from kiosk.booth.carrying import Carrier
from kiosk.booth.outbox import load_key
from kiosk.hub import intake
from kiosk.sync import protocol, sequence
from tests.hub.tablets import run_of, totals_of
from tests.makers import Pair, a_draft, a_headcount, a_key, fill_complaint

#: A screen of the booth is the same whatever its hub stores in.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


def codes_on(page) -> list[str]:
    """The texts of all codes, as the page has them for the script."""
    hidden = page.text.partition("<ol hidden>")[2].partition("</ol>")[0]
    return re.findall(r"<li>(.*?)</li>", hidden)


def taken_in(pair: Pair, texts: list[str]) -> str:
    """What the hub makes of them: the text of its receipt."""
    with pair.hub.store.begin() as tx:
        receipt = intake.receive(tx, sequence.read_parts(texts), pair.hub.id, pair.clock.now())
    return sequence.write_document(sequence.RECEIPT, pair.hub.sign(receipt))


def count(pair: Pair, times: int) -> None:
    for _ in range(times):
        pair.booth.journal.append(a_draft(a_headcount()))


def own_totals(pair: Pair) -> dict[object, int]:
    return dict(pair.booth.journal.totals())


def test_the_page_is_for_staff(client):
    assert client.get("/staff/qr").headers["Location"] == "/staff/enter?next=/staff/qr"
    assert client.post("/staff/qr", data={"text": "x"}).status_code == 403


def test_what_is_unsent_goes_by_codes_and_the_receipt_that_comes_back_says_sent(paired: Pair):
    desk = paired.at_the_desk()
    count(paired, 30)
    page = desk.get("/staff/qr")
    texts = codes_on(page)
    assert len(texts) > 1
    assert f"共 {len(texts)} 张" in page
    journal = paired.booth.journal
    receipt = taken_in(paired, texts[::-1])
    assert run_of(paired.hub, journal.identity().journal)[:2] == journal.head()
    assert totals_of(paired.hub, journal.identity().journal) == own_totals(paired)
    assert journal.unsent() == 31
    done = desk.send(page.form("/staff/qr"), text=f"  {receipt}\n")
    assert (journal.unsent(), done.status, codes_on(done)) == (0, 200, [])
    assert "汇总端已签收 31 条，全部" in done


@on_sqlite
def test_what_is_recorded_meanwhile_goes_by_the_next_codes(paired: Pair):
    desk = paired.at_the_desk()
    count(paired, 3)
    page = desk.get("/staff/qr")
    receipt = taken_in(paired, codes_on(page))
    count(paired, 2)
    page = desk.send(page.form("/staff/qr"), text=receipt)
    assert (paired.booth.journal.unsent(), "还有 2 条没有传到汇总端" in page) == (2, True)
    desk.send(page.form("/staff/qr"), text=taken_in(paired, codes_on(page)))
    assert paired.booth.journal.unsent() == 0


@on_sqlite
def test_more_than_fits_is_shown_in_turns(paired: Pair, monkeypatch):
    monkeypatch.setattr(sequence.write_most, "__defaults__", (3, sequence.PART_LIMIT))
    desk = paired.at_the_desk()
    count(paired, 60)
    for _ in range(20):
        page = desk.get("/staff/qr")
        texts = codes_on(page)
        if not texts:
            break
        assert len(texts) <= 3
        desk.send(page.form("/staff/qr"), text=taken_in(paired, texts))
    assert paired.booth.journal.unsent() == 0
    assert totals_of(paired.hub, paired.booth.journal.identity().journal) == own_totals(paired)


@on_sqlite
def test_without_a_script_each_code_has_a_page_and_all_are_of_one_sequence(paired: Pair):
    desk = paired.at_the_desk()
    count(paired, 30)
    first = desk.get("/staff/qr")
    texts = codes_on(first)
    address = re.findall(r'href="(/staff/qr\?[^"]*)"', first.text)[-1].replace("&amp;", "&")
    count(paired, 5)  # meanwhile
    page = desk.get(address)
    assert codes_on(page) == texts
    assert "<b data-part>2</b>" in page
    for odd in ("part=0", "part=99", "part=x", "first=9999&last=1", "last=0", "first=-1", "first=99999999999999999"):
        assert desk.get(f"/staff/qr?{odd}").status == 200, odd


@on_sqlite
def test_sealed_complaints_do_not_go_this_way_and_are_named(paired: Pair):
    desk = paired.at_the_desk()
    for _page in fill_complaint(desk):
        pass
    page = desk.get("/staff/qr")
    assert "另有 1 份加密的投诉内容没有传" in page
    done = desk.send(page.form("/staff/qr"), text=taken_in(paired, codes_on(page)))
    assert (paired.booth.journal.unsent(), "另有 1 份加密的投诉内容没有传" in done) == (1, True)
    assert codes_on(done) == []


@pytest.mark.parametrize("sort", ["nonsense", "cut off", "somebody else's", "another journal's", "a slip"])
@on_sqlite
def test_a_receipt_is_believed_only_from_the_own_hub_for_the_own_journal(paired: Pair, sort: str):
    desk = paired.at_the_desk()
    page = desk.get("/staff/qr")
    right = taken_in(paired, codes_on(page))
    document = sequence.read_document(sequence.RECEIPT, right)
    receipt = protocol.read_document(protocol.Receipt, document, paired.hub.key.verify_key)
    other = protocol.sign_document(receipt, a_key(5))
    stranger = document.replace(receipt.journal.encode(), b"ab" * 16)
    text = {
        "nonsense": "hello",
        "cut off": right[:-9],
        "somebody else's": sequence.write_document(sequence.RECEIPT, other),
        "another journal's": sequence.write_document(sequence.RECEIPT, stranger),
        "a slip": right.replace("K315R:", "K315S:"),
    }[sort]
    answer = desk.send(page.form("/staff/qr"), text=text)
    assert (400 <= answer.status < 500, paired.booth.journal.unsent()) == (True, 1)
    assert 'class="problem"' in answer
    assert codes_on(answer) == codes_on(page)


@on_sqlite
def test_the_camera_is_allowed_on_this_page_alone(paired: Pair):
    desk = paired.at_the_desk()
    assert "camera=(self)" in desk.get("/staff/qr").headers["Permissions-Policy"]
    assert "camera=()" in desk.get("/staff/close").headers["Permissions-Policy"]


@on_sqlite
def test_the_codes_are_those_of_the_carrier(paired: Pair):
    count(paired, 3)
    carrier = Carrier.of(paired.booth.journal, load_key(paired.booth.config.data))
    texts = codes_on(paired.at_the_desk().get("/staff/qr"))
    assert sequence.read_parts(texts) == carrier.batch(1, carrier.lines(1, 4))
