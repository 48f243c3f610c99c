"""A form sealed on a phone: taken in once, under the number this tablet drew, and never read here."""

import dataclasses
import html
import io
import json
import os
import random
import re
import threading
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from kiosk import crockford, strictjson
from kiosk.booth import complaints as desk_complaints
from kiosk.booth import handoff, outbox, photos
from kiosk.booth.context import Booth
from kiosk.booth.wifi_complaints import SEALED_LIMIT, rules
from kiosk.facts import complaints
from kiosk.facts.complaints import FIELDS, STEPS, Context, PhotoContext, evidence_id, join_photo, split_photo
from kiosk.hub import people
from kiosk.sync import keys
from tests.clocks import FakeClock
from tests.hub.phones import opens
from tests.makers import (
    CASEWORKER,
    COMPLAINT,
    FOR_ANOTHER,
    Browser,
    Pair,
    an_id,
    answers,
    facts_of,
    screens_of,
    unsent_blobs,
)
from tests.photos import a_photo

URL = "http://192.168.31.5:3150"
PHONES = "192.168.31.77"
FORM = "/m/complaint/settle"


def on_the_wifi(app: Flask) -> None:
    booth: Booth = app.extensions["booth"]
    booth.config = dataclasses.replace(booth.config, phone_url=URL)
    booth.phones = handoff.Phones(booth.clock, URL, "315", booth.visits)
    app.config["TRUSTED_HOSTS"] = [*booth.config.all_hosts]


@pytest.fixture
def booth_app(booth_app: Flask) -> Flask:
    """The tablet of `conftest`, on the square's Wi-Fi."""
    on_the_wifi(booth_app)
    return booth_app


def a_phone(app: Flask, address: str = PHONES) -> FlaskClient:
    client = app.test_client()
    client.environ_base |= {"REMOTE_ADDR": address, "HTTP_HOST": "192.168.31.5:3150"}
    return client


@pytest.fixture
def phone(booth_app: Flask) -> FlaskClient:
    return a_phone(booth_app)


def told_by(phone: FlaskClient, way: str = FORM) -> dict[str, object]:
    """What the page hands to its script."""
    [told] = re.findall(r'data-sealed-form="([^"]*)"', phone.get(way).text)
    return json.loads(html.unescape(told))


def drawn(told: dict[str, object]) -> dict[str, object]:
    return {name: told[name] for name in ("id", "case", "query", "drawn", "matter")}


def sealed_by(told: dict[str, object], **changes: str) -> bytes:
    """As the page does it; tests/journeys hold the page to the same bytes."""
    context = Context(fair=told["fair"], fact=told["id"], case=told["case"])
    values = {**COMPLAINT, **changes, "matter": told["matter"], "form": told["form"]}
    content = msgspec.json.encode(complaints.compose(values, context))
    return keys.seal(keys.PublicKey(bytes.fromhex(told["key"])), content)


def send(phone: FlaskClient, told: dict[str, object], blob: bytes, **changes: object):
    form = {**drawn(told), "sealed": (io.BytesIO(blob), "sealed"), **changes}
    return phone.post("/m/complaint", data={name: value for name, value in form.items() if value is not None})


def the_filed(booth: Booth) -> list[dict[str, object]]:
    return [fact.body for fact in facts_of(booth.journal, "complaint.filed")]


# --- taken in -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "matter"), [("settle", "complaint"), ("report", "report")])
def test_a_sealed_form_is_filed_under_the_number_and_code_that_were_drawn(
    booth: Booth, phone: FlaskClient, way, matter
):
    told = told_by(phone, f"/m/complaint/{way}")
    sealed = sealed_by(told)
    answer = send(phone, told, sealed)
    assert (answer.status_code, told["case"] in answer.text, told["query"] in answer.text) == (200, True, True)
    [filed] = the_filed(booth)
    assert (filed["case"], filed["channel"], filed["matter"]) == (told["case"], "wifi", matter)
    assert keys.is_password(filed["code"], crockford.normal(told["query"]))
    assert unsent_blobs(booth.journal) == [(filed["blob"], sealed)]
    [fact] = facts_of(booth.journal, "complaint.filed")
    assert fact.by == "visitor"


def test_only_the_hub_opens_it(paired: Pair):
    on_the_wifi(paired.booth_app)
    phone = a_phone(paired.booth_app)
    told = told_by(phone)
    send(phone, told, sealed_by(told))
    [(_, blob)] = unsent_blobs(paired.booth.journal)
    with paired.hub.store.reading() as tx:
        content = strictjson.loads(keys.unseal(people.open_key(tx, *CASEWORKER), blob))
    assert {name: content[name] for name in ("name", "phone", "address")} == {
        name: COMPLAINT[name] for name in ("name", "phone", "address")
    }
    assert content["context"] == {"fair": "demo", "fact": told["id"], "case": told["case"]}


def test_sent_five_times_at_once_it_is_one_case_with_five_receipts(booth_app: Flask, booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    sealed, gate, answers = sealed_by(told), threading.Barrier(5), []

    def touch() -> None:
        one = a_phone(booth_app)
        gate.wait()
        answers.append(send(one, told, sealed))

    touches = [threading.Thread(target=touch) for _ in range(5)]
    for one in touches:
        one.start()
    for one in touches:
        one.join()
    assert [(one.status_code, told["case"] in one.text) for one in answers] == [(200, True)] * 5
    assert len(the_filed(booth)) == len(unsent_blobs(booth.journal)) == 1
    assert send(phone, told, sealed_by(told, facts="又写了一遍")).status_code == 200  # an answer was lost long ago
    assert len(the_filed(booth)) == 1


def test_the_page_for_a_phone_names_nothing_but_itself(phone: FlaskClient):
    text = phone.get(FORM).text
    shown = re.sub(r"<template.*?</template>", "", text, flags=re.DOTALL)
    assert "请到志愿者处登记" in shown
    assert re.findall(r"<(?:input|textarea|form|button)\b", shown) == []  # nothing to fill in without a script
    assert re.findall(r"<form\b", text) == []
    assert "/staff" not in text


def test_the_receipt_on_a_phone_leads_nowhere_it_may_not_go(phone: FlaskClient):
    told = told_by(phone)
    text = send(phone, told, sealed_by(told)).text
    assert ("/staff" in text, "截屏" in text) == (False, True)


# --- refused, and nothing half-written ------------------------------------------------------------

_MARK = b"kiosk-sealed/1\n"


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        _MARK,
        b"kiosk-sealed/2\n" + bytes(376),
        _MARK + bytes(375),
        _MARK + bytes(377),
        _MARK + bytes(120),
        random.Random(6).randbytes(4_000),
        '{"name":"张三"}'.encode(),
        _MARK + bytes(120 + 256 * 256),
    ],
    ids=lambda sealed: f"{len(sealed)} bytes",
)
def test_what_is_no_sealed_form_is_refused_in_words(booth: Booth, phone: FlaskClient, sealed: bytes):
    answer = send(phone, told_by(phone), sealed)
    assert (answer.status_code, "seal.broken" in answer.text) == (422, True)
    assert (the_filed(booth), unsent_blobs(booth.journal)) == ([], [])


def test_what_is_larger_than_any_form_is_not_even_read(booth: Booth, phone: FlaskClient):
    answer = send(phone, told_by(phone), _MARK + os.urandom(2 * SEALED_LIMIT + 65_536))
    assert answer.status_code == 413
    assert the_filed(booth) == []


def test_the_longest_form_there_can_be_fits(booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    longest = {field.name: "😀" * field.longest for field in FIELDS if not field.choices}
    longest |= {"bought_on": "2027-03-01", "amount": "999999999.99", "phone": "010-60000000-123456"}
    longest |= {**FOR_ANOTHER, "on_behalf": longest["on_behalf"], "on_behalf_phone": "010-60000000-123456"}
    sealed = sealed_by(told, **longest)
    assert send(phone, told, sealed).status_code == 200
    assert the_filed(booth)[0]["size"] == len(sealed) < SEALED_LIMIT


@pytest.mark.parametrize(
    "changes",
    [
        {"id": an_id(9)},
        {"case": "7KQ2-M0ZRT"},
        {"query": "7KQ2-M0ZR-8XDPA"},
        {"drawn": "00" * 64},
        {"drawn": ""},
        {"drawn": "x"},
        {"matter": "advice"},
        {"matter": "report"},
        {"id": "x"},
        {"sealed": None},
        {"case": None},
        {"name": "张三"},
    ],
    ids=str,
)
def test_nobody_files_under_a_number_or_code_of_their_choice(booth: Booth, phone: FlaskClient, changes):
    told = told_by(phone)
    assert send(phone, told, sealed_by(told), **changes).status_code == 400
    assert the_filed(booth) == []


def test_what_another_tablet_drew_is_nothing_here(booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    other = keys.SigningKey(b"\x07" * 32)
    assert other != outbox.load_key(booth.config.data)
    message = "\n".join(str(told[name]) for name in ("id", "case", "query", "matter")).encode()
    forged = keys.sign(other, b"kiosk/wifi-complaint/2", message)
    assert send(phone, told, sealed_by(told), drawn=forged).status_code == 400


def test_one_address_cannot_send_without_end(booth_app: Flask, booth: Booth, clock: FakeClock):
    phone = a_phone(booth_app)
    told = told_by(phone)
    answers = [send(phone, told, b"no form").status_code for _ in range(handoff.FILINGS + 1)]
    assert answers == [422] * handoff.FILINGS + [429]
    other = a_phone(booth_app, "192.168.31.78")
    mine = told_by(other)
    assert send(other, mine, sealed_by(mine)).status_code == 200
    assert send(phone, mine, sealed_by(mine)).status_code == 200  # what is filed already costs nothing to answer
    clock.tick(handoff.FILING_SECONDS)
    assert send(phone, told, sealed_by(told)).status_code == 200


def test_where_what_is_sealed_would_not_open_nobody_fills_anything_in(booth: Booth, phone: FlaskClient, monkeypatch):
    told = told_by(phone)
    broken = msgspec.structs.replace(booth.enrolled, canary="broken")
    monkeypatch.setattr(type(booth), "enrolment", property(lambda _self: broken))
    assert (phone.get(FORM).status_code, send(phone, told, sealed_by(told)).status_code) == (409, 409)


def test_where_room_is_low_it_is_said_before_anybody_types(booth: Booth, phone: FlaskClient, monkeypatch):
    told = told_by(phone)
    monkeypatch.setattr(type(booth.storage), "level", property(lambda _self: "low"))
    answer = phone.get(FORM)
    assert (answer.status_code, "storage.low" in answer.text) == (507, True)
    assert send(phone, told, sealed_by(told)).status_code == 507
    assert the_filed(booth) == []


# --- photos ---------------------------------------------------------------------------------------


def sealed_photo(told: dict[str, object], number: int, data: bytes) -> bytes:
    """As the page does it."""
    facts = {"fair": told["fair"], "fact": told["evidence"][number - 1], "case": told["case"]}
    context = PhotoContext(**facts, number=number, type="image/jpeg")
    return keys.seal(keys.PublicKey(bytes.fromhex(told["key"])), join_photo(context, data))


def send_photo(phone: FlaskClient, told: dict[str, object], number: object, blob: bytes, **changes: object):
    form = {**drawn(told), "number": str(number), "sealed": FileStorage(io.BytesIO(blob), "sealed"), **changes}
    boundary, body = encode_multipart(MultiDict(form))  # by ourselves: the client would put a large one into a file
    kind = f"multipart/form-data; boundary={boundary}"
    return phone.post("/m/complaint/photos", data=body, content_type=kind)


def waiting(booth: Booth) -> list[tuple[str, int]]:
    with booth.journal.reading() as connection:
        return connection.execute("SELECT fact, number FROM draft_photos ORDER BY fact, number").fetchall()


def some_sealed(size: int = 1_000) -> bytes:
    """What cannot be told from a sealed photo without the key."""
    return _MARK + os.urandom(376 - 256 - len(_MARK) + 15 + 256 * (size // 256 + 1))


def test_photos_are_filed_in_one_go_with_their_complaint_and_only_the_hub_opens_them(paired: Pair):
    on_the_wifi(paired.booth_app)
    phone, booth = a_phone(paired.booth_app), paired.booth
    told = told_by(phone)
    for number in (1, 2, 3):
        assert send_photo(phone, told, number, sealed_photo(told, number, a_photo(seed=number))).status_code == 204
    assert facts_of(booth.journal, "complaint.evidence") == []
    assert send(phone, told, sealed_by(told), photos="13").status_code == 200  # the second was taken away in the page
    filed, *taken = facts_of(booth.journal)[-3:]
    assert [fact.kind for fact in (filed, *taken)] == ["complaint.filed", "complaint.evidence", "complaint.evidence"]
    assert [(fact.id, fact.by) for fact in taken] == [(evidence_id(filed.id, number), "visitor") for number in (1, 3)]
    assert waiting(booth) == []
    with paired.hub.store.reading() as tx:
        key = people.open_key(tx, *CASEWORKER)
    opened = [split_photo(keys.unseal(key, booth.journal.blob(fact.body["blob"]))) for fact in taken]
    assert [data for _, data in opened] == [a_photo(seed=1), a_photo(seed=3)]


def test_a_photo_sent_twice_is_there_once_and_another_takes_its_number(booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    first, other = (sealed_photo(told, 1, a_photo(seed=seed)) for seed in (1, 2))
    for blob in (first, first, other):
        assert send_photo(phone, told, 1, blob).status_code == 204
    assert waiting(booth) == [(told["id"], 1)]
    assert send(phone, told, sealed_by(told), photos="1").status_code == 200
    [taken] = facts_of(booth.journal, "complaint.evidence")
    assert booth.journal.blob(taken.body["blob"]) == other
    assert send_photo(phone, told, 2, first).status_code == 409  # too late


@pytest.mark.parametrize("number", ["0", "10", "", "x", "１", "-1", None])
def test_a_photo_has_one_of_nine_numbers(booth: Booth, phone: FlaskClient, number):
    told = told_by(phone)
    form = {} if number is None else {"number": number}
    answer = phone.post("/m/complaint/photos", data={**drawn(told), **form, "sealed": (io.BytesIO(some_sealed()), "s")})
    assert (answer.status_code, waiting(booth)) == (400, [])


@pytest.mark.parametrize("photos", ["0", "21", "11", "1,2", "x", "１", "1" * 300])
def test_a_form_names_its_photos_once_and_in_order(booth: Booth, phone: FlaskClient, photos: str):
    told = told_by(phone)
    for number in (1, 2):
        send_photo(phone, told, number, some_sealed())
    assert send(phone, told, sealed_by(told), photos=photos).status_code == 400
    assert the_filed(booth) == []


def test_a_photo_comes_sealed_to_a_form_of_this_tablet_or_not_at_all(booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    assert send_photo(phone, told, 1, a_photo()).status_code == 422
    assert send_photo(phone, told, 1, some_sealed(), id=an_id(9)).status_code == 400
    assert send_photo(phone, told, 1, some_sealed(), drawn="00" * 64).status_code == 400
    assert send_photo(phone, told, 1, some_sealed(8 * 2**20)).status_code == 422
    assert send_photo(phone, told, 1, some_sealed(8 * 2**20 + 100_000)).status_code == 413
    assert waiting(booth) == []


def test_a_form_whose_photos_had_to_make_room_says_so_and_sends_them_again(
    booth: Booth, phone: FlaskClient, monkeypatch
):
    monkeypatch.setattr(photos, "WAITING_LIMIT", 3_000)
    first, second = told_by(phone), told_by(phone)
    blob = some_sealed()
    send_photo(phone, first, 1, blob)
    booth.clock.tick(60)
    for number in (1, 2):
        send_photo(phone, second, number, some_sealed())
    assert waiting(booth) == [(second["id"], 1), (second["id"], 2)]
    answer = send(phone, first, sealed_by(first), photos="1")
    assert (answer.status_code, "photo.gone" in answer.text, the_filed(booth)) == (409, True, [])
    assert send_photo(phone, first, 1, blob).status_code == 204
    assert send(phone, first, sealed_by(first), photos="1").status_code == 200
    assert len(facts_of(booth.journal, "complaint.evidence")) == 1


def test_photos_at_the_desk_never_make_room_for_those_of_phones(booth: Booth, phone: FlaskClient, monkeypatch):
    row = (an_id(7), 1, "m", "9999-01-01", bytes(2_000))
    booth.journal.write("INSERT INTO draft_photos (fact, number, mark, day, content) VALUES (?, ?, ?, ?, ?)", row)
    monkeypatch.setattr(photos, "WAITING_LIMIT", 1)
    booth.clock.tick(3 * 3600)
    for _ in range(2):
        last = told_by(phone)
        send_photo(phone, last, 1, some_sealed())
    assert waiting(booth) == sorted([(an_id(7), 1), (last["id"], 1)])


def test_photos_of_a_form_that_sends_nothing_for_half_an_hour_are_gone(booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    send_photo(phone, told, 1, some_sealed())
    booth.clock.tick(photos.IDLE_SECONDS - 1)
    send_photo(phone, told, 2, some_sealed())
    booth.clock.tick(photos.IDLE_SECONDS)
    desk_complaints.tidy(booth)
    assert waiting(booth) == [(told["id"], 1), (told["id"], 2)]  # the form is alive as long as any of them comes
    booth.clock.tick(1)
    desk_complaints.tidy(booth)
    assert waiting(booth) == []


@pytest.mark.parametrize("level", ["low", "full"])
def test_where_room_is_low_no_photo_is_kept(booth: Booth, phone: FlaskClient, monkeypatch, level: str):
    told = told_by(phone)
    monkeypatch.setattr(type(booth.storage), "level", property(lambda _self: level))
    assert send_photo(phone, told, 1, some_sealed()).status_code == 507
    assert waiting(booth) == []


def test_who_files_photo_after_photo_fills_no_tablet(booth: Booth, phone: FlaskClient, monkeypatch):
    monkeypatch.setattr(photos, "UNSENT_LIMIT", 4_000)
    told, more = told_by(phone), told_by(phone)
    send_photo(phone, told, 1, some_sealed())
    assert send(phone, told, sealed_by(told), photos="1").status_code == 200
    answer = send_photo(phone, more, 1, some_sealed(3_000))
    assert (answer.status_code, "photo.room" in answer.text) == (507, True)
    assert send(phone, more, sealed_by(more)).status_code == 200  # without them it goes on


def test_one_address_cannot_send_photos_without_end(booth_app: Flask, booth: Booth, monkeypatch):
    monkeypatch.setattr(booth.phones.photos, "_most", 3)
    phone = a_phone(booth_app)
    told, blob = told_by(phone), some_sealed()
    answers = [send_photo(phone, told, 1, one).status_code for one in (blob, blob, *(some_sealed() for _ in range(3)))]
    assert answers == [204, 204, 204, 204, 429]


def test_what_is_no_photo_is_seen_by_who_opens_it_and_said_in_a_sentence(paired: Pair):
    on_the_wifi(paired.booth_app)
    phone = a_phone(paired.booth_app)
    told = told_by(phone)
    blobs = [sealed_photo(told, 1, b"\xff\xd8\xff no photo"), some_sealed(), sealed_photo(told, 9, a_photo())]
    for number, blob in enumerate(blobs, 1):
        send_photo(phone, told, number, blob)
    send(phone, told, sealed_by(told), photos="123")
    paired.sync()
    office = paired.in_the_office()
    opens(office, told["case"])
    for number, code in ((1, "photo.broken"), (2, "seal.broken"), (3, "seal.broken")):
        page = office.get(f"/fairs/demo/cases/{told['case']}/photos/{number}.jpg")
        assert (page.status, code in page) == (422, True)


# --- what this tablet's certificate does not name ---------------------------------------------------


def certified_without(booth: Booth, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a tablet is that an older release certified."""
    joined = booth.enrolled
    certificate = msgspec.structs.replace(
        joined.certificate, kinds=[one for one in joined.certificate.kinds if one != kind]
    )
    older = msgspec.structs.replace(joined, certificate=certificate)
    monkeypatch.setattr(type(booth), "enrolment", property(lambda _self: older))


def test_where_photos_would_not_count_nobody_is_asked_for_any(paired: Pair, monkeypatch):
    on_the_wifi(paired.booth_app)
    phone, desk = a_phone(paired.booth_app), paired.at_the_desk()
    assert "有照片可以附上" in phone.get(FORM).text
    told = told_by(phone)
    certified_without(paired.booth, "complaint.evidence", monkeypatch)
    text = phone.get(FORM).text
    assert ("有照片可以附上" in text, "data-photos" in text) == (False, False)
    assert "photos" not in [step["name"] for step in told_by(phone)["steps"]]
    assert send_photo(phone, told, 1, some_sealed()).status_code == 404
    assert send(phone, told, sealed_by(told)).status_code == 200
    page, shown = desk.get("/staff/complaint/settle"), []
    while "slip-number" not in page:
        shown.append(page.form("/staff/complaint").values["step"])
        page = desk.send(page.form("/staff/complaint"), go="next", **answers(page))
    assert shown == [step for step in screens_of() if step != "photos"]
    at_photos = {**desk.get("/staff/complaint/settle").form("/staff/complaint").values, "step": "photos", "go": "next"}
    assert desk.post("/staff/complaint", **at_photos).form("/staff/complaint").values["step"] == "facts"


def test_where_no_complaint_would_count_it_is_said_before_anybody_types(paired: Pair, monkeypatch):
    on_the_wifi(paired.booth_app)
    phone, desk = a_phone(paired.booth_app), paired.at_the_desk()
    told = told_by(phone)
    certified_without(paired.booth, "complaint.filed", monkeypatch)
    pages = [desk.get("/staff/complaint/settle"), desk.get("/staff/complaint"), desk.get("/complaint/settle/wifi")]
    for answer in [(page.status, page.text) for page in pages] + [
        (one.status_code, one.text) for one in [phone.get(FORM)]
    ]:
        assert (answer[0], "complaint.uncertified" in answer[1]) == (409, True)
    assert send(phone, told, sealed_by(told)).status_code == 409


# --- two records of one visit -----------------------------------------------------------------------


def test_a_receipt_leads_to_a_report_of_the_same_merchant_that_is_linked(booth: Booth, phone: FlaskClient):
    told = told_by(phone)
    text = send(phone, told, sealed_by(told)).text
    assert re.findall(r'data-also="([^"]*)"', text) == ["/m/complaint/report"]
    assert "<form" not in text  # what is known of the merchant is known to the page alone
    more = told_by(phone, "/m/complaint/report")
    text = send(phone, more, sealed_by(more), linked=told["case"]).text
    assert (told["case"] in text, "data-also" in text) == (True, False)
    assert [filed["linked"] for filed in the_filed(booth)] == ["", told["case"]]
    last = told_by(phone)
    for linked in (last["case"], "7KQ2-M0ZRA", "x"):
        assert send(phone, last, sealed_by(last), linked=linked).status_code == 400


# --- the way there --------------------------------------------------------------------------------


def test_the_tablet_shows_the_way_only_where_phones_can_come(booth: Booth, client: FlaskClient):
    tablet = Browser(client)
    assert "/complaint/settle/wifi" in tablet.get("/complaint/settle")
    page = tablet.get("/complaint/settle/wifi")
    assert f"{URL.removeprefix('http://')}{FORM}" in page
    booth.phones.url = ""
    assert "/wifi" not in tablet.get("/complaint/settle")
    assert tablet.get("/complaint/settle/wifi").path == "/complaint/settle"


@pytest.mark.parametrize("path", ["/m/complaint/other", "/complaint/other/wifi"])
def test_there_is_no_other_way(client: FlaskClient, path: str):
    assert client.get(path).status_code == 404


# --- the rules, as data ---------------------------------------------------------------------------


@pytest.mark.parametrize("matter", ["complaint", "report"])
@pytest.mark.parametrize("form", ["2026", "2019"])
def test_what_the_page_is_told_of_a_rule_says_what_the_rule_says(matter: str, form: str):
    blank = {**{field.name: "" for field in FIELDS}, "matter": matter, "form": form}
    dice = random.Random(6)
    told = rules(blank)
    for _ in range(500):
        values = {**blank, **{one.name: dice.choice((*one.choices, "")) for one in FIELDS if one.choices}}
        for step, said in zip(STEPS, told, strict=True):
            pairs = [(step.asked, said["asked"])]
            for field, one in zip(step.fields, said["fields"], strict=True):
                pairs += [(field.asked, one["asked"]), (field.needed, one["needed"])]
            for rule, condition in pairs:
                turned = any(values[name] == choice for name, choice in condition["turns"])
                assert (condition["first"] != turned) == rule(values), (step.name, values)


def test_every_rule_and_tidying_is_one_the_page_knows():
    script = Path("static/js/complaint-rules.js").read_text("utf-8")
    fields = [field for step in rules({"matter": "complaint", "form": "2026"}) for field in step["fields"]]
    for name in {field[part] for field in fields for part in ("tidy", "rule")} - {""}:
        assert re.search(rf"\b{name}\b[:,]", script), name
