"""The page that reads codes off tablets: what it takes in, what it says of it, and the receipt it shows."""

import random

import pytest

from kiosk.hub import sequence as page_of_codes
from kiosk.sync import protocol, sequence
from kiosk.sync.protocol import Receipt
from tests.hub.tablets import a_tablet, run_of, totals_of
from tests.makers import CASEWORKER, Browser


@pytest.fixture
def office(hub_client) -> Browser:
    return Browser(hub_client).sign_in(*CASEWORKER)


def hand_in(office: Browser, *texts: str):
    form = office.get("/fairs/demo/scan").form("/fairs/demo/scan")
    return office.send(form, text="\n".join(texts))


def receipt_on(hub, page) -> Receipt:
    """What a tablet reads off the screen."""
    text = page.text.partition('<code id="receipt-text">')[2].partition("</code>")[0]
    document = sequence.read_document(sequence.RECEIPT, text)
    return protocol.read_document(Receipt, document, hub.key.verify_key)


def test_the_codes_of_a_tablet_are_a_batch_like_any_other(hub, office):
    tablet = a_tablet(hub)
    for _ in range(40):
        tablet.record()
    parts = sequence.write_parts(tablet.batch())
    assert len(parts) > 2
    random.Random(315).shuffle(parts)
    page = hand_in(office, *parts, parts[0], "", "  ")
    assert (page.status, "40 / 40" in page, "新收" in page) == (200, True, True)
    assert run_of(hub, tablet.journal)[0] == 40
    assert sum(totals_of(hub, tablet.journal).values()) == 40
    receipt = receipt_on(hub, page)
    assert (receipt.seq, receipt.accepted, receipt.hash) == (40, 40, tablet.hash_at(40).hex())
    before = totals_of(hub, tablet.journal)
    again = receipt_on(hub, hand_in(office, *parts))
    assert (again.accepted, again.duplicates, totals_of(hub, tablet.journal)) == (0, 40, before)


def test_what_the_tablet_still_holds_is_said(hub, office):
    tablet = a_tablet(hub).record().record().record()
    with hub.store.begin() as tx:
        tx.exec_driver_sql("UPDATE devices SET told_seq = 3")
    page = hand_in(office, *sequence.write_parts(tablet.batch(1, 2)))
    assert ("2 / 3" in page, "还有 1 条" in page) == (True, True)


def test_a_fork_is_said_at_once(hub, office):
    tablet = a_tablet(hub).record()
    twin = tablet.clone().record()
    hand_in(office, *sequence.write_parts(tablet.record().batch()))
    page = hand_in(office, *sequence.write_parts(twin.batch()))
    assert (page.status, "请停用这台平板" in page) == (200, True)


def test_what_is_not_whole_or_not_ours_is_refused_with_a_sentence_and_nothing_is_kept(hub, office):
    tablet, stranger = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    parts = sequence.write_parts(tablet.batch(), 300)
    assert len(parts) > 1
    others = sequence.write_parts(stranger.batch(), 300)
    broken = parts[0][:-3] + ("000" if parts[0][-3:] != "000" else "111")
    forged = sequence.write_parts(tablet.batch(key=stranger.key))
    for texts, status in (
        ((), 400),
        (("hello",), 400),
        (parts[:-1], 400),
        ((*parts[:-1], others[-1]), 409),
        ((broken, *parts[1:]), 400),
        (forged, 403),
        (("K315R:AAA",), 400),
        (("K315E:https://hub.example.org#X",), 400),
    ):
        page = hand_in(office, *texts)
        assert (page.status, 'id="scan-problem"' in page) == (status, True), texts
    assert run_of(hub, tablet.journal)[0] == 0


def test_all_that_a_tablet_shows_at_most_fits_into_the_form(hub, office):
    """Base 45 grows when a browser escapes it for the way."""
    dice = random.Random(315)
    payload = "".join(dice.choice("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") for _ in range(660))
    texts = [f"K315:ABCDEF01:{n}:{sequence.PARTS}:{payload}" for n in range(1, sequence.PARTS + 1)]
    assert len("\r\n".join(texts)) <= page_of_codes.TEXT_LIMIT
    page = hand_in(office, *texts)
    assert (page.status, 'id="scan-problem"' in page) == (400, True)


def test_the_camera_is_allowed_on_this_page_alone(hub, office):
    assert "camera=(self)" in office.get("/fairs/demo/scan").headers["Permissions-Policy"]
    assert "camera=()" in office.get("/fairs/demo/slips").headers["Permissions-Policy"]
