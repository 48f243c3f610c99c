"""Receipts at the hub: keys anybody may have, and a page that says whether a receipt is as it was signed."""

import msgspec
import pytest
from flask.testing import FlaskClient

from kiosk.booth import outbox
from kiosk.clock import stamp
from kiosk.facts.complaints import draw_case_number
from kiosk.hub import devices
from kiosk.hub.receipts import TRIES
from kiosk.sync import case_receipts
from kiosk.sync.case_receipts import Filed
from tests.hub.phones import device_of, receipt
from tests.makers import Browser, Page, Pair, fill_complaint
from tests.scanner import scanned


def of_phone(pair: Pair) -> str:
    return scanned(receipt(Browser(pair.hub_app.test_client()), device_of(pair)).text)[0]


def of_desk(pair: Pair) -> str:
    *_, page = fill_complaint(pair.at_the_desk())
    return scanned(page.text)[0]


def told(client: FlaskClient, text: str) -> Page:
    return Page(client.post("/m/receipt", data={"receipt": text}))


def keys_at(client: FlaskClient) -> bytes:
    return client.get("/m/keys/demo").data


# --- the receipt itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("filing", [of_phone, of_desk])
def test_the_receipt_of_phone_and_desk_is_checked_with_the_published_keys_alone(paired: Pair, hub_client, filing):
    text = filing(paired)
    assert text.startswith("http://localhost/m/receipt#K315R1:")
    published = case_receipts.read_keys(keys_at(hub_client), paired.hub.fingerprint.hex())
    filed, signer = case_receipts.check(text, case_receipts.signers_of(published))
    assert (filed.desk, filed.at[:16], filed.matter) == ("d01", "2027-03-15T09:30", "complaint")
    assert (signer.desk == "") == (filing is of_phone)


def test_the_page_says_what_a_receipt_says_and_whether_its_content_is_here(paired: Pair, hub_client):
    text = of_desk(paired)
    page = told(hub_client, text)
    assert (page.status, "有效，没有改动" in page, "还在现场的平板上" in page) == (200, True, True)
    paired.sync()
    assert "已经到了汇总端" in told(hub_client, text.partition("#")[2])


def test_the_page_refuses_what_was_changed_and_what_is_none_of_ours(paired: Pair, hub_client):
    text = of_phone(paired)
    changed = text[:-1] + ("0" if text[-1] != "0" else "1")
    for given, code, status in (
        (changed, "被改动过", 409),
        (text.replace("K315R1:", "K315R1:Z"), "被改动过", 409),
        ("K315R1:" + "0" * 8 + text.partition("#")[2][15:], "不是本系统的，或被改动过", 409),
        ("hello", "不是本系统的", 422),
        ("K315V2:D01:AAAAA:7KQ2M0ZR:0", "不是本系统的", 422),
    ):
        page = told(hub_client, given)
        assert (page.status, code in page) == (status, True), given
        assert "有效，没有改动" not in page


def test_of_a_tablet_that_was_withdrawn_a_receipt_counts_once_its_content_is_here(paired: Pair, hub_client):
    here, unsent = paired.hub, of_desk(paired)
    with here.store.begin() as tx:
        devices.revoke(tx, here, device_of(paired), "丢失", "chen")
    page = told(hub_client, unsent)
    assert (page.status, "平板已停用" in page) == (409, True)
    assert [one.withdrawn for one in case_receipts.read_keys(keys_at(hub_client)).tablets] == [True]


def test_what_had_arrived_before_the_tablet_was_withdrawn_is_believed(paired: Pair, hub_client):
    here, sent = paired.hub, of_desk(paired)
    paired.sync()
    with here.store.begin() as tx:
        devices.revoke(tx, here, device_of(paired), "丢失", "chen")
    assert told(hub_client, sent).status == 200
    key, own = outbox.load_key(paired.booth.config.data), case_receipts.read(sent).filed
    forged = case_receipts.write(key, "demo", msgspec.structs.replace(own, content="cd" * 32))
    assert told(hub_client, forged).status == 409


def test_a_receipt_of_another_fair_of_this_hub_is_none_of_this_one(paired: Pair, hub_client, clock):
    filed = Filed("d01", draw_case_number(), stamp(clock.now()), "complaint", "pre", "ab" * 32)
    page = told(hub_client, case_receipts.write(paired.hub.key, "elsewhere", filed))
    assert page.status == 409


# --- the doors ----------------------------------------------------------------------------------------


def test_the_keys_of_a_fair_that_does_not_exist_are_not_there(hub_client):
    for fair in ("nowhere", "..", "%00", "x" * 500):
        assert hub_client.get(f"/m/keys/{fair}").status_code == 404


def test_one_address_checks_so_many_receipts_and_no_more(paired: Pair, hub_client, clock):
    for _ in range(TRIES):
        assert told(hub_client, "x").status == 422
    assert told(hub_client, "x").status == 429
    clock.tick(601)
    assert told(hub_client, "x").status == 422


def test_the_page_that_checks_may_use_the_camera_and_says_nothing_of_a_person(paired: Pair, hub_client):
    assert "camera=(self)" in hub_client.get("/m/receipt").headers["Permissions-Policy"]
    page = told(hub_client, of_phone(paired))
    for secret in ("张三丰", "13800000000", "建设路", "好又多"):
        assert secret not in page
    assert "有效，没有改动" in page
