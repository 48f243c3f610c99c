"""Complaints at the hub: sealed from the phone's last touch on, opened only by name."""

import hashlib
from itertools import islice

import msgspec
import pytest
from sqlalchemy import event

from kiosk import crockford
from kiosk.facts import complaints as form
from kiosk.facts import envelope
from kiosk.facts.complaints import Context
from kiosk.hub import complaints, fairs
from kiosk.hub import people as accounts
from kiosk.hub.app import create_hub_app
from kiosk.hub.tables import blobs, facts, openings, people
from kiosk.hub.tables import complaints as table
from kiosk.hub.tables import fairs as fairs_table
from kiosk.sync import keys
from tests.hub.phones import case_on, device_of, file_by_phone, opens, receipt, screens
from tests.hub.search import find, spellings, stored
from tests.hub.tablets import Tablet, a_tablet, deliver, rows
from tests.hub.test_intake import together
from tests.makers import COMPLAINT, REPORT, Browser, Pair, a_filing, an_id, fill_complaint, screens_of
from tests.proof import share_hubs

SECRETS = [COMPLAINT[name] for name in ("name", "phone", "address", "facts", "respondent", "request")]


@pytest.fixture
def phone(paired: Pair) -> Browser:
    return Browser(paired.hub_app.test_client())


def last_screen(paired: Pair, phone: Browser):
    """The form of the last screen, filled in and ready to be sent."""
    *_, last = islice(screens(phone, device_of(paired)), len(screens_of()))
    page = last.form(f"/m/complaint/{device_of(paired)}")
    page.values |= {name: COMPLAINT[name] for name in ("name", "phone", "address")}
    return page


def a_first_screen() -> dict[str, str]:
    drawn = {"id": an_id(), "case": form.draw_case_number(), "query": form.draw_query_code()}
    return {**drawn, "matter": "complaint", "step": "notice", "go": "next", "notice": "yes"}


def opened_facts(paired: Pair) -> list[envelope.Fact]:
    return [envelope.decode(row[2]) for row in rows(paired.hub, facts) if row[4] == "case.opened"]


# --- from the phone -----------------------------------------------------------------------------------


def test_a_visitor_files_a_complaint_from_their_own_phone(paired: Pair, phone):
    page = receipt(phone, device_of(paired))
    assert page.status == 200
    ((_, _, case, fair, desk, _, channel, *_),) = rows(paired.hub, table)
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


def test_another_complaint_cannot_take_the_id_or_number_of_one_that_was_filed_and_loses_nothing(paired: Pair, phone):
    filled = last_screen(paired, phone)
    phone.send(filled, go="next")
    for change in ({"case": form.draw_case_number()}, {"id": an_id()}):
        again = phone.send(filled, go="next", **change)
        assert (again.status, "编号已换新的" in again, len(rows(paired.hub, table))) == (409, True, 1)
        fresh = again.form(filled.action)
        assert {name for name in filled.values if fresh.values[name] != filled.values[name]} == {"id", "case", "query"}
    assert case_on(phone.send(fresh, go="next")) == fresh.values["case"]
    assert len(rows(paired.hub, table)) == 2


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
        told = a_first_screen()
        assert hub_client.post(f"/m/complaint/{device}", data=told).status_code in (404, 308)


@share_hubs
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


@share_hubs
def test_nothing_is_typed_where_others_can_read_it_on_the_way(paired: Pair):
    address = f"/m/complaint/{device_of(paired)}"
    for method in ("GET", "POST"):
        far = paired.hub_app.test_client().open(address, method=method, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert (far.status_code, "complaint.exposed" in far.text) == (403, True)
    far = {"base_url": "https://localhost", "environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert paired.hub_app.test_client().get(address, **far).status_code == 200


def test_one_address_cannot_flood_the_hub_and_who_shares_it_keeps_what_was_typed(
    paired: Pair, phone, clock, monkeypatch
):
    monkeypatch.setattr(complaints, "PHONE_TRIES", 3)
    filled = last_screen(paired, phone)
    said = []
    for number in range(4):
        told = {"id": an_id(0x70 + number), "case": form.draw_case_number()}
        page = phone.send(filled, go="next", **told)
        said.append(page.status)
    assert (said, len(rows(paired.hub, table))) == ([200, 200, 200, 429], 3)
    assert page.form(filled.action).values == {**filled.values, **told}
    assert "操作太频繁" in page
    clock.tick(601)
    assert phone.send(page.form(filled.action), go="next").status == 200


def test_a_form_under_a_number_that_is_taken_was_a_try_all_the_same(paired: Pair, phone, monkeypatch):
    monkeypatch.setattr(complaints, "PHONE_TRIES", 2)
    filled = last_screen(paired, phone)
    said = [phone.send(filled, go="next", id=an_id(0x70 + number)).status for number in range(3)]
    assert said == [200, 409, 429]


def test_for_whoever_sends_too_many_no_code_is_hashed(paired: Pair, phone, monkeypatch):
    hashed, hash_password = [], keys.hash_password
    monkeypatch.setattr(keys, "hash_password", lambda code: (hashed.append(1), hash_password(code))[1])
    monkeypatch.setattr(complaints, "PHONE_TRIES", 1)
    filled = last_screen(paired, phone)
    assert [phone.send(filled, go="next").status for _ in range(3)] == [200, 429, 429]
    assert len(hashed) == 1


def test_screens_are_counted_far_beyond_what_a_square_sends(paired: Pair, phone, monkeypatch):
    assert complaints.SCREENS >= 20 * complaints.PHONE_TRIES
    monkeypatch.setattr(complaints, "SCREENS", 5)
    told = {**a_first_screen(), "notice": ""}
    said = [phone.post(f"/m/complaint/{device_of(paired)}", **told).status for _ in range(6)]
    assert said == [422] * 5 + [429]


def test_nothing_is_filed_once_the_time_of_the_fair_is_over(paired: Pair, phone, clock):
    filled = last_screen(paired, phone)
    with paired.hub.store.reading() as tx:
        last = fairs.find_fair(tx, "demo").keeps_until
    clock.tick((last - clock.now().date()).days * 24 * 3600)
    assert phone.get(filled.action).status == 200
    clock.tick(24 * 3600)
    for page in (phone.get(filled.action), phone.get(f"{filled.action}/settle"), phone.send(filled, go="next")):
        assert (page.status, "请拨打12315" in page) == (410, True)
    assert rows(paired.hub, table) == []


def test_whoever_is_signed_in_may_use_the_phone_form_too(paired: Pair):
    """Looking up the session writes; it must not wait for the screen's own transaction, which waits for it."""
    office = paired.in_the_office()
    if paired.hub.store.is_sqlite:
        paired.hub.store.engine.dispose()
        event.listen(paired.hub.store.engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 200"))
    paired.clock.tick(120)
    told = a_first_screen()
    assert office.post(f"/m/complaint/{device_of(paired)}", **told).status == 200


# --- two matters --------------------------------------------------------------------------------------


def filed_at(paired: Pair) -> list[dict[str, object]]:
    """What stands among the complaints, oldest first."""
    with paired.hub.store.reading() as tx:
        return [dict(row._mapping) for row in tx.execute(table.select().order_by(table.c.journal, table.c.seq))]


def opened_at(paired: Pair) -> list[form.Complaint]:
    with paired.hub.store.reading() as tx:
        key = accounts.open_key(tx, *paired.caseworker)
        sealed_there = {row.sha256: bytes(row.content) for row in tx.execute(blobs.select())}
    return [
        msgspec.json.decode(keys.unseal(key, sealed_there[str(row["blob"])]), type=form.Complaint)
        for row in filed_at(paired)
    ]


@share_hubs
def test_the_phone_asks_first_what_it_is_about(paired: Pair, phone):
    address = f"/m/complaint/{device_of(paired)}"
    page = phone.get(address)
    assert [f'href="{address}/{way}"' in page for way in ("settle", "report", "ask")] == [True] * 3
    assert "12315" in phone.get(f"{address}/ask")
    assert rows(paired.hub, table) == []


def test_a_report_from_a_phone_may_be_made_without_a_name(paired: Pair, phone):
    page = receipt(phone, device_of(paired), **REPORT)
    [row], [told] = filed_at(paired), opened_at(paired)
    assert (row["matter"], told.matter, told.name, told.phone, told.address) == ("report", "report", "", "", "")
    assert "/also" not in page


def test_after_a_complaint_the_same_merchant_can_be_reported_from_the_phone(paired: Pair, phone):
    device = device_of(paired)
    page = receipt(phone, device)
    start = page.form(f"/m/complaint/{device}/also")
    assert not {"name", "phone", "address"} & start.values.keys()
    page = phone.send(start)
    for name in ("notice", "sign", "respondent", "what", "facts", "photos"):
        shown = page.form(f"/m/complaint/{device}")
        assert shown.values["step"] == name
        told = {"notice": {"notice": "yes"}, "sign": {"anonymous": "yes"}}.get(name, {})
        page = phone.send(shown, go="next", **told)
    complaint, report = sorted(filed_at(paired), key=lambda row: str(row["matter"]))
    assert (complaint["linked"], report["linked"]) == ("", complaint["case"])
    assert str(complaint["case"]) in page
    assert [told.respondent for told in opened_at(paired)] == [COMPLAINT["respondent"]] * 2


@share_hubs
@pytest.mark.parametrize(
    "told",
    [
        {"matter": "advice"},
        {"matter": ""},
        {"linked": ""},
        {"linked": "7KQ2-M0ZRU"},
        {"respondent": "x" * 4001},
        {"name": "张三丰"},
    ],
    ids=str,
)
def test_what_begins_a_second_record_is_only_what_our_receipts_send(paired: Pair, phone, told):
    sound = {"matter": "report", "linked": form.draw_case_number(), "respondent": "店"}
    address = f"/m/complaint/{device_of(paired)}/also"
    assert phone.post(address, **sound).status == 200
    assert phone.post(address, **{**sound, **told}).status in (400, 413)
    assert rows(paired.hub, table) == []


def change_fair(paired: Pair, **changes: object) -> None:
    with paired.hub.store.begin() as tx:
        fair = fairs.find_fair(tx, "demo")
        content = msgspec.json.encode(msgspec.structs.replace(fair, **changes)).decode()
        tx.execute(fairs_table.update().where(fairs_table.c.id == "demo").values(document=content))


def test_a_record_says_who_took_it_in_and_as_what(paired: Pair, phone):
    with paired.hub.store.reading() as tx:
        desks = fairs.find_fair(tx, "demo").desks
    association = [msgspec.structs.replace(one, intake="association", standing="pre") for one in desks]
    change_fair(paired, desks=association)
    assert "消费者协会" in phone.get(f"/m/complaint/{device_of(paired)}")
    receipt(phone, device_of(paired))
    change_fair(paired, desks=[msgspec.structs.replace(one, standing="window") for one in desks])
    assert "公布的受理窗口" in phone.get(f"/m/complaint/{device_of(paired)}")
    receipt(phone, device_of(paired))
    assert [(row["intake"], row["standing"]) for row in filed_at(paired)] == [
        ("association", "pre"), ("regulator", "window"),
    ]  # fmt: skip


@share_hubs
def test_a_fair_may_ask_by_the_form_of_2019(paired: Pair, phone):
    change_fair(paired, form="2019")
    pages = list(screens(phone, device_of(paired)))
    asked = "".join(page.text for page in pages if f"/m/complaint/{device_of(paired)}" in page)
    assert ('id="publicity"' in asked, 'id="respondent_code"' in asked, 'id="forward"' in asked) == (False, False, True)
    [row], [told] = filed_at(paired), opened_at(paired)
    assert (row["form"], told.form, told.consents.forward) == ("2019", "2019", True)


@share_hubs
def test_an_address_of_2000_characters_is_too_long_and_stays_on_the_screen(paired: Pair, phone):
    filled = last_screen(paired, phone)
    address = "长" * 2000
    page = phone.send(filled, go="next", address=address)
    assert (page.status, page.form(filled.action).values["address"]) == (422, address)
    assert 'id="address-fault"' in page


@share_hubs
def test_figures_of_full_width_are_taken_for_what_they_are(paired: Pair, phone):
    receipt(phone, device_of(paired), phone="＋８６　１３８－００００－００００", amount="１，２８０．５０元")
    [told] = opened_at(paired)
    assert (told.phone, told.amount) == ("13800000000", 128_050)


@share_hubs
def test_an_identity_number_is_not_taken_in_on_any_screen(paired: Pair, phone):
    filled = last_screen(paired, phone)
    for name in ("respondent", "facts", "name", "address"):
        page = phone.send(filled, go="next", **{name: "110105194912310021"})
        assert (page.status, "身份证号或银行卡号" in page) == (422, True)
    assert rows(paired.hub, table) == []


def test_the_receipt_shows_the_query_code_and_only_its_hash_is_kept(paired: Pair, phone):
    filled = last_screen(paired, phone)
    code = filled.values["query"]
    assert code in phone.send(filled, go="next")
    other = form.draw_query_code()
    assert other not in phone.send(filled, go="next", query=other)
    [row] = filled_rows = filed_at(paired)
    assert keys.is_password(str(row["code"]), crockford.normal(code))
    assert code not in str(filled_rows)


# --- nothing in the clear -----------------------------------------------------------------------------


@share_hubs
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


@share_hubs
def test_the_length_of_a_blob_says_little(paired: Pair):
    for request in ("退货", "退货退款，赔偿损失"):
        file_by_phone(paired, request=request)
    assert len({len(row[1]) for row in rows(paired.hub, blobs)}) == 1


# --- opening -------------------------------------------------------------------------------------------


def test_a_caseworker_opens_a_complaint_and_that_is_a_fact_with_their_name(paired: Pair):
    case = file_by_phone(paired)
    page = opens(paired.in_the_office(), case)
    assert all(secret in page for secret in SECRETS)
    assert "128.50" in page
    (fact,) = opened_facts(paired)
    ((person, *_),) = rows(paired.hub, people)
    said = {"case": case, "reason": "handling"}
    assert (fact.body, fact.by, fact.at) == (said, person, "2027-03-15T09:30:00.000+08:00")


def test_each_opening_is_a_fact_of_its_own_and_the_list_counts_them(paired: Pair):
    case = file_by_phone(paired)
    office = paired.in_the_office()
    for _ in range(3):
        opens(office, case)
    assert len(opened_facts(paired)) == len(rows(paired.hub, openings)) == 3
    assert "3 次" in office.get("/fairs/demo/cases")


def test_the_list_shows_no_content(paired: Pair):
    file_by_phone(paired)
    page = paired.in_the_office().get("/fairs/demo/cases")
    assert find(page.text.encode(), "张三丰") == find(page.text.encode(), "13800000000") == []


def test_a_complaint_taken_at_the_desk_opens_at_the_hub_after_the_push(paired: Pair):
    *_, last = fill_complaint(paired.at_the_desk())
    paired.sync()
    assert "张三丰" in opens(paired.in_the_office(), case_on(last))


def test_a_case_that_does_not_exist_is_not_there(paired: Pair):
    office = paired.in_the_office()
    for case in ("0000-00000", "x", "%00", "%27%20OR%201=1"):
        assert office.get(f"/fairs/demo/cases/{case}").status == 404
        assert opens(office, case).status == 404
    assert opened_facts(paired) == []


def test_a_case_of_one_fair_cannot_be_opened_through_another(paired: Pair):
    from tests.makers import a_fair

    with paired.hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other"))
    case = file_by_phone(paired)
    assert opens(paired.in_the_office(), case, fair="other").status == 404


def claim(paired: Pair, content: bytes, **changes: str) -> tuple[Tablet, str]:
    """A complaint as a tablet may claim it: a fact that names a blob, and the blob."""
    tablet = a_tablet(paired.hub)
    body = a_filing(hashlib.sha256(content).hexdigest())
    deliver(paired.hub, tablet.record(body, id=an_id(5)).batch())
    with paired.hub.store.begin() as tx:
        tx.execute(blobs.insert().values(sha256=body.blob, content=content, received_at=0))
    return tablet, body.case


def sealed(paired: Pair, text: bytes) -> bytes:
    return keys.seal(paired.hub.sealing_key, text)


def told(**changes: str) -> bytes:
    context = Context(**{"fair": "demo", "fact": an_id(5), "case": "7KQ2-M0ZRT", **changes})
    return msgspec.json.encode(form.compose(COMPLAINT, context))


def test_content_that_belongs_to_its_case_is_opened(paired: Pair):
    _, case = claim(paired, sealed(paired, told()))
    assert opens(paired.in_the_office(), case).status == 200


@share_hubs
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
    _, case = claim(paired, content(paired))
    page = opens(paired.in_the_office(), case)
    assert (page.status, "seal.broken" in page) == (422, True)
    assert opened_facts(paired) == []


def test_content_that_is_still_on_the_way_says_so(paired: Pair):
    _, case = claim(paired, sealed(paired, told()))
    with paired.hub.store.begin() as tx:
        tx.execute(blobs.delete())
    office = paired.in_the_office()
    assert opens(office, case).status == 422
    assert "还没传到" in office.get("/fairs/demo/cases")


@share_hubs
def test_the_page_of_an_opened_complaint_is_stored_by_no_cache(paired: Pair):
    case = file_by_phone(paired)
    office = paired.in_the_office()
    office.client.get("/")
    csrf = office.get("/fairs/demo/cases").form("/logout").values["csrf"]
    opened = {"data": {"reason": "handling", "csrf": csrf}, "headers": {"Accept-Encoding": "gzip"}}
    answer = office.client.post(f"/fairs/demo/cases/{case}/open", **opened)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in answer.headers  # secrets beside what others typed are not compressed


def test_another_process_of_the_same_hub_can_open_too(paired: Pair):
    from kiosk.hub.app import open_hub

    case = file_by_phone(paired)
    office = paired.in_the_office()
    other = open_hub(paired.hub.config, paired.clock)
    client = create_hub_app(other).test_client()
    client.set_cookie("session", office.client.get_cookie("session").value)
    assert "张三丰" in opens(Browser(client), case)
    other.close()
