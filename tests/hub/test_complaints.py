"""Complaints at the hub: sealed from the phone's last touch on, opened only by name."""

import hashlib
from itertools import islice

import msgspec
import pytest
from sqlalchemy import event

from kiosk.facts import complaints as form
from kiosk.facts import envelope
from kiosk.facts.complaints import ComplaintFiled, Context
from kiosk.hub.app import create_hub_app
from kiosk.hub.complaints import PHONE_TRIES
from kiosk.hub.tables import blobs, facts, openings, people
from kiosk.hub.tables import complaints as table
from kiosk.sync import keys
from tests.hub.phones import case_on, device_of, file_by_phone, receipt, screens
from tests.hub.search import find, spellings, stored
from tests.hub.tablets import Tablet, a_tablet, deliver, rows
from tests.hub.test_intake import together
from tests.makers import COMPLAINT, Browser, Pair, an_id, fill_complaint

SECRETS = [COMPLAINT[name] for name in ("name", "phone", "address", "facts", "respondent", "request")]


@pytest.fixture
def phone(paired: Pair) -> Browser:
    return Browser(paired.hub_app.test_client())


def last_screen(paired: Pair, phone: Browser):
    """The form of the last screen, filled in and ready to be sent."""
    *_, last = islice(screens(phone, device_of(paired)), 5)
    page = last.form(f"/m/complaint/{device_of(paired)}")
    page.values |= {name: COMPLAINT[name] for name in ("name", "phone", "address")}
    return page


def opened_facts(paired: Pair) -> list[envelope.Fact]:
    return [envelope.decode(row[2]) for row in rows(paired.hub, facts) if row[4] == "case.opened"]


# --- from the phone -----------------------------------------------------------------------------------


def test_a_visitor_files_a_complaint_from_their_own_phone(paired: Pair, phone):
    page = receipt(phone, device_of(paired))
    assert page.status == 200
    ((_, _, case, fair, desk, _, channel, _, _),) = rows(paired.hub, table)
    assert (case, fair, desk, channel) == (case_on(page), "demo", "d01", "phone")
    assert "2027-03-15 09:30" in page


def test_nothing_is_kept_before_the_last_touch(paired: Pair, phone):
    filled = last_screen(paired, phone)
    assert filled.values["respondent"] == "好又多小卖部"  # it travels in the page
    assert rows(paired.hub, blobs) == rows(paired.hub, table) == []
    assert find(stored(paired.hub), "好又多小卖部") == []


def test_sending_the_form_again_gives_the_same_receipt_and_one_fact(paired: Pair, phone, clock):
    filled = last_screen(paired, phone)
    first = phone.send(filled, go="next")
    clock.tick(1800)
    assert phone.send(filled, go="next").text == first.text
    assert len([row for row in rows(paired.hub, facts) if row[4] == "complaint.filed"]) == 1
    assert len(rows(paired.hub, table)) == 1


def test_another_complaint_cannot_take_the_id_of_one_that_was_filed(paired: Pair, phone):
    filled = last_screen(paired, phone)
    phone.send(filled, go="next")
    again = phone.send(filled, go="next", case=form.draw_case_number())
    assert (again.status, "fact.conflict" in again) == (409, True)
    assert len(rows(paired.hub, table)) == 1


def test_a_form_sent_many_times_at_the_same_moment_is_one_complaint(paired: Pair, phone):
    filled = last_screen(paired, phone)
    told = {**filled.values, "go": "next"}
    app = paired.hub_app
    answers = together(*[lambda: app.test_client().post(filled.action, data=told).status_code for _ in range(6)])
    assert answers == [200] * 6
    assert len(rows(paired.hub, table)) == 1


def test_the_form_of_a_tablet_that_does_not_exist_is_not_there(hub_client):
    for device in (an_id(7), "x", "..", "%00", "%ed%a0%80", "a" * 5000):
        assert hub_client.get(f"/m/complaint/{device}").status_code in (404, 308)
        told = {"id": an_id(), "case": form.draw_case_number(), "step": "1", "go": "next", "notice": "yes"}
        assert hub_client.post(f"/m/complaint/{device}", data=told).status_code in (404, 308)


def test_a_screen_with_a_fault_comes_back_and_says_so(paired: Pair, phone):
    filled = last_screen(paired, phone)
    again = phone.send(filled, go="next", phone="12")
    assert again.status == 422
    assert 'aria-invalid="true"' in again
    assert rows(paired.hub, table) == []


def test_hidden_fields_are_checked_again_at_the_end(paired: Pair, phone):
    filled = last_screen(paired, phone)
    for change in ({"notice": ""}, {"facts": ""}, {"amount": "much"}, {"facts": "x" * 1001}):
        assert phone.send(filled, go="next", **change).status == 422
    assert rows(paired.hub, table) == []


def test_nothing_is_typed_where_others_can_read_it_on_the_way(paired: Pair):
    address = f"/m/complaint/{device_of(paired)}"
    for method in ("GET", "POST"):
        far = paired.hub_app.test_client().open(address, method=method, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert (far.status_code, "complaint.exposed" in far.text) == (403, True)
    far = {"base_url": "https://localhost", "environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert paired.hub_app.test_client().get(address, **far).status_code == 200


def test_one_address_cannot_flood_the_hub(paired: Pair, phone, clock):
    told = {"id": an_id(), "case": form.draw_case_number(), "step": "1", "go": "next"}
    answers = [phone.post(f"/m/complaint/{device_of(paired)}", **told).status for _ in range(PHONE_TRIES + 1)]
    assert (answers[-2], answers[-1]) == (422, 429)
    clock.tick(601)
    assert phone.post(f"/m/complaint/{device_of(paired)}", **told).status == 422


def test_whoever_is_signed_in_may_use_the_phone_form_too(paired: Pair):
    """Looking up the session writes; it must not wait for the screen's own transaction, which waits for it."""
    office = paired.in_the_office()
    if paired.hub.store.is_sqlite:
        paired.hub.store.engine.dispose()
        event.listen(paired.hub.store.engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 200"))
    paired.clock.tick(120)
    told = {"id": an_id(), "case": form.draw_case_number(), "step": "1", "go": "next", "notice": "yes"}
    assert office.post(f"/m/complaint/{device_of(paired)}", **told).status == 200


# --- nothing in the clear -----------------------------------------------------------------------------


def test_the_search_finds_what_is_planted_in_every_spelling(hub):
    haystack = stored(hub)
    for secret in SECRETS:
        for name, text in spellings(secret).items():
            assert name in find(haystack + text, secret)
    with hub.store.begin() as tx:
        tx.execute(people.insert().values(id="p", name="13800000000", password="", roles=""))
    assert "raw" in find(stored(hub), "13800000000")


def test_nothing_a_complainant_typed_stands_anywhere_in_the_clear(paired: Pair, caplog):
    caplog.set_level(0)
    file_by_phone(paired)
    *_, last = fill_complaint(paired.at_the_desk())
    assert last.status == 200
    paired.sync()
    assert len(rows(paired.hub, blobs)) == 2
    haystack = stored(paired.hub) + caplog.text.encode()
    assert [(secret, found) for secret in SECRETS if (found := find(haystack, secret))] == []


def test_the_length_of_a_blob_says_little(paired: Pair):
    for request in ("退货", "退货退款，赔偿损失"):
        file_by_phone(paired, request=request)
    assert len({len(row[1]) for row in rows(paired.hub, blobs)}) == 1


# --- opening -------------------------------------------------------------------------------------------


def test_a_caseworker_opens_a_complaint_and_that_is_a_fact_with_their_name(paired: Pair):
    case = file_by_phone(paired)
    page = paired.in_the_office().get(f"/fairs/demo/complaints/{case}")
    assert all(secret in page for secret in SECRETS)
    assert "128.50" in page
    (fact,) = opened_facts(paired)
    ((person, *_),) = rows(paired.hub, people)
    assert (fact.body, fact.by, fact.at) == ({"case": case}, person, "2027-03-15T09:30:00.000+08:00")


def test_each_opening_is_a_fact_of_its_own_and_the_list_counts_them(paired: Pair):
    case = file_by_phone(paired)
    office = paired.in_the_office()
    for _ in range(3):
        office.get(f"/fairs/demo/complaints/{case}")
    assert len(opened_facts(paired)) == len(rows(paired.hub, openings)) == 3
    assert "3 次" in office.get("/fairs/demo/complaints")


def test_the_list_shows_no_content(paired: Pair):
    file_by_phone(paired)
    page = paired.in_the_office().get("/fairs/demo/complaints")
    assert find(page.text.encode(), "张三丰") == find(page.text.encode(), "13800000000") == []


def test_a_complaint_taken_at_the_desk_opens_at_the_hub_after_the_push(paired: Pair):
    *_, last = fill_complaint(paired.at_the_desk())
    paired.sync()
    assert "张三丰" in paired.in_the_office().get(f"/fairs/demo/complaints/{case_on(last)}")


def test_a_case_that_does_not_exist_is_not_there(paired: Pair):
    office = paired.in_the_office()
    for case in ("0000-00000", "x", "%00", "%27%20OR%201=1"):
        assert office.get(f"/fairs/demo/complaints/{case}").status == 404
    assert opened_facts(paired) == []


def test_a_case_of_one_fair_cannot_be_opened_through_another(paired: Pair):
    from kiosk.hub import fairs
    from tests.makers import a_fair

    with paired.hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other"))
    case = file_by_phone(paired)
    assert paired.in_the_office().get(f"/fairs/other/complaints/{case}").status == 404


def claim(paired: Pair, content: bytes, **changes: str) -> tuple[Tablet, str]:
    """A complaint as a tablet may claim it: a fact that names a blob, and the blob."""
    tablet = a_tablet(paired.hub)
    body = ComplaintFiled(
        case="7KQ2-M0ZRT", blob=hashlib.sha256(content).hexdigest(), size=700, channel="volunteer", notice="1"
    )
    deliver(paired.hub, tablet.record(body, id=an_id(5)).batch())
    with paired.hub.store.begin() as tx:
        tx.execute(blobs.insert().values(sha256=body.blob, content=content, received_at=0))
    return tablet, f"/fairs/demo/complaints/{body.case}"


def sealed(paired: Pair, text: bytes) -> bytes:
    return keys.seal(paired.hub.sealing_key, text)


def told(**changes: str) -> bytes:
    context = Context(**{"fair": "demo", "fact": an_id(5), "case": "7KQ2-M0ZRT", **changes})
    return msgspec.json.encode(form.compose(COMPLAINT, context))


def test_content_that_belongs_to_its_case_is_opened(paired: Pair):
    _, path = claim(paired, sealed(paired, told()))
    assert paired.in_the_office().get(path).status == 200


@pytest.mark.parametrize(
    "content",
    [
        lambda pair: sealed(pair, told(case="0000-00000")),
        lambda pair: sealed(pair, told(fact=an_id(6))),
        lambda pair: sealed(pair, told(fair="other")),
        lambda pair: sealed(pair, b"not a complaint"),
        lambda pair: sealed(pair, b'{"name":1}'),
        lambda pair: sealed(pair, b"\xff"),
        lambda pair: keys.seal(keys.PrivateKey.generate().public_key, told()),
        lambda _pair: b"kiosk-sealed/1\n",
        lambda _pair: b"",
    ],
    ids=["case", "fact", "fair", "text", "shape", "binary", "key", "short", "empty"],
)
def test_content_that_is_not_what_its_fact_names_is_refused_and_no_opening_is_written(paired: Pair, content):
    _, path = claim(paired, content(paired))
    page = paired.in_the_office().get(path)
    assert (page.status, "seal.broken" in page) == (422, True)
    assert opened_facts(paired) == []


def test_content_that_is_still_on_the_way_says_so(paired: Pair):
    _, path = claim(paired, sealed(paired, told()))
    with paired.hub.store.begin() as tx:
        tx.execute(blobs.delete())
    office = paired.in_the_office()
    assert office.get(path).status == 422
    assert "还没传到" in office.get("/fairs/demo/complaints")


def test_the_page_of_an_opened_complaint_is_stored_by_no_cache(paired: Pair):
    case = file_by_phone(paired)
    office = paired.in_the_office()
    office.client.get("/")
    answer = office.client.get(f"/fairs/demo/complaints/{case}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in answer.headers  # secrets beside what others typed are not compressed


def test_another_process_of_the_same_hub_can_open_too(paired: Pair):
    from kiosk.hub.app import open_hub

    case = file_by_phone(paired)
    office = paired.in_the_office()
    other = open_hub(paired.hub.config, paired.clock)
    client = create_hub_app(other).test_client()
    client.set_cookie("session", office.client.get_cookie("session").value)
    assert "张三丰" in client.get(f"/fairs/demo/complaints/{case}").text
    other.close()
