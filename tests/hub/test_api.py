"""The machine door: what it refuses, with which word, and that it never breaks."""

import gzip
import hashlib
import json
import tracemalloc

import pytest

from kiosk import strictjson
from kiosk.clock import stamp
from kiosk.errors import CATALOGUE
from kiosk.hub import fairs
from kiosk.hub.tables import blobs, devices, volunteers
from kiosk.packs.fairs import Desk, Venue
from kiosk.packs.model import Text
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import FairNotice, Head, Hello, Status
from tests.hub.tablets import Tablet, a_tablet, deliver, everything, rows
from tests.makers import a_fair, a_filing, an_id
from tests.proof import share_hubs

SPOKEN = {protocol.HEADER: "1"}

#: What a strict reader must not swallow; each has broken a real system. `X` is where the text of one field stands.
GARBAGE = {
    "a lone surrogate": rb'"\ud800"',
    "a NUL": rb'"\u0000"',
    "five thousand digits": b"1" * 3500,
    "one more than 63 bits": str(2**63).encode(),
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "too large a number": b"1e999",
    "true for a whole number": b"true",
    "too deep a list": b"[" * 1500 + b"]" * 1500,
    "a list that is never closed": b"[" * 3000,
    "a text that is never closed": b'"',
    "a raw control character": b'"\x01"',
    "half a UTF-8 character": b'"\xe4\xb8"',
    "another type": b"{}",
    "nothing": b"",
    "null": b"null",
}
#: … and what is no object of ours at all.
WHOLE = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "an empty object": b"{}",
    "UTF-16": '{"seq":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"seq":1}',
    "deep brackets": b"[" * 100_000,
    "a binary": bytes(range(256)),
}


def code_of(answer) -> str:
    """The stable word of a refusal, which must be in the catalogue and speak both languages."""
    body = answer.get_json()
    assert set(body) == {"problem", "zh", "en"}
    assert CATALOGUE[body["problem"]].status == answer.status_code
    return body["problem"]


def a_status(tablet: Tablet, **changes: object) -> dict[str, object]:
    return {
        "journal": tablet.journal,
        "seq": 3,
        "hash": "00" * 32,
        "pack": "abc",
        "version": "0.1.0",
        "free_mb": 900,
        "at": "2027-03-15T09:30:00.000+08:00",
        "boot": "b0071e55",
        "mono": 1_000_000,
        **changes,
    }


def send_status(client, tablet: Tablet, body: bytes):
    return client.post("/sync/v1/status", data=body, headers=tablet.headers("POST", "/sync/v1/status", body))


# --- the door -------------------------------------------------------------------------------------


@share_hubs
def test_whoever_does_not_speak_the_protocol_is_told_so(hub_client):
    for path in ("hello", "journals/x", "packs/demo"):
        assert code_of(hub_client.get(f"/sync/v1/{path}")) == "sync.header"
        for version in ("2", "1.0", "", "１"):
            headers = {protocol.HEADER: version.encode().decode("latin-1")}
            assert code_of(hub_client.get(f"/sync/v1/{path}", headers=headers)) == "sync.version"


def test_hello_names_the_hub_and_its_keys(hub, hub_client):
    hello = protocol.parse(Hello, hub_client.get("/sync/v1/hello", headers=SPOKEN).data)
    assert (hello.hub, hello.fingerprint, hello.protocol) == (hub.id, hub.fingerprint, [1])


@share_hubs
def test_a_wrong_method_is_refused_in_json(hub_client):
    for wrong in ("PUT batches", "GET batches", "DELETE blobs/x", "POST hello", "GET enrol", "GET status"):
        method, path = wrong.split()
        assert code_of(hub_client.open(f"/sync/v1/{path}", method=method, headers=SPOKEN)) == "request.method"


@share_hubs
def test_an_unknown_address_is_refused_in_json(hub_client):
    assert code_of(hub_client.get("/sync/v1/nothing", headers=SPOKEN)) == "page.not_found"


@share_hubs
def test_what_is_too_large_is_refused_plain_and_compressed(hub_client):
    for method, path, limit in (
        ("POST", "enrol", 4096),
        ("POST", "status", 4096),
        ("PUT", "blobs/" + "0" * 64, protocol.BLOB_PART),
        ("POST", "batches", protocol.BATCH_BYTES_LIMIT),
    ):
        for body, coding in ((b"x" * (limit + 1), "identity"), (gzip.compress(b"x" * (limit + 1)), "gzip")):
            headers = {**SPOKEN, "Content-Encoding": coding}
            answer = hub_client.open(f"/sync/v1/{path}", method=method, data=body, headers=headers)
            assert code_of(answer) == "request.too_large"


def test_a_batch_may_come_compressed(hub, hub_client):
    batch = a_tablet(hub).record().batch()
    headers = {**SPOKEN, "Content-Encoding": "gzip"}
    assert hub_client.post("/sync/v1/batches", data=gzip.compress(batch), headers=headers).status_code == 200


@share_hubs
def test_broken_or_unknown_compression_is_refused(hub, hub_client):
    batch = a_tablet(hub).record().batch()
    packed = gzip.compress(batch)
    broken = [b"", b"not gzip at all", packed[:-4], packed[: len(packed) // 2], packed + b"more", packed + packed]
    broken.append(packed[:-8] + b"\0" * 8)
    for body, coding in [(body, "gzip") for body in broken] + [(packed, "br"), (gzip.compress(packed), "gzip, gzip")]:
        answer = hub_client.post("/sync/v1/batches", data=body, headers={**SPOKEN, "Content-Encoding": coding})
        assert code_of(answer) == "sync.malformed", (coding, body[:20])


@share_hubs
def test_a_bomb_is_not_unpacked(hub_client):
    packed = gzip.compress(b"\0" * (96 * 1024 * 1024), 9)
    tracemalloc.start()
    answer = hub_client.post("/sync/v1/batches", data=packed, headers={**SPOKEN, "Content-Encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code_of(answer) == "request.too_large"
    assert peak < 50 * 1024 * 1024


# --- garbage --------------------------------------------------------------------------------------


def test_garbage_in_any_field_is_refused_with_a_stable_word(hub, hub_client):
    tablet = a_tablet(hub)
    before = everything(hub)
    forms = {
        "/sync/v1/enrol": {"token": an_id(), "public_key": "00" * 32, "journal": an_id(), "proof": "00" * 64},
        "/sync/v1/status": a_status(tablet),
    }
    for what, garbage in GARBAGE.items():
        for path, told in forms.items():
            for name in told:
                body = json.dumps({**told, name: "@@"}).encode().replace(b'"@@"', garbage)
                answer = hub_client.post(path, data=body, headers=tablet.headers("POST", path, body))
                assert code_of(answer) in ("json.malformed", "sync.malformed"), (what, path, name)
    assert everything(hub) == before


@share_hubs
def test_what_is_no_message_at_all_is_refused_with_a_stable_word(hub, hub_client):
    tablet = a_tablet(hub)
    for path in ("/sync/v1/enrol", "/sync/v1/status", "/sync/v1/batches"):
        for what, garbage in WHOLE.items():
            answer = hub_client.post(path, data=garbage, headers=tablet.headers("POST", path, garbage))
            assert code_of(answer) in ("json.malformed", "sync.malformed", "request.too_large"), (path, what)


@share_hubs
def test_a_key_that_stands_twice_or_is_unknown_is_refused(hub, hub_client):
    tablet = a_tablet(hub)
    body = json.dumps(a_status(tablet)).encode()
    for bad in (body[:-1] + b',"seq":4}', body[:-1] + b',"more":4}'):
        assert code_of(send_status(hub_client, tablet, bad)) in ("json.malformed", "sync.malformed")


def test_a_garbled_signature_is_refused(hub, hub_client):
    tablet = a_tablet(hub)
    mine = tablet.certificate.device
    for auth in (
        "",
        " ",
        "x",
        f"{mine} ",
        f"{mine} zz",
        f"{mine} 中",
        f"{mine} " + "0" * 127,
        " " * 9000,
        f"{mine}\t00",
    ):
        headers = {**SPOKEN, protocol.AUTH_HEADER: auth.encode().decode("latin-1")}
        answer = hub_client.get(f"/sync/v1/journals/{tablet.journal}", headers=headers)
        assert code_of(answer) in ("sync.device", "sync.signature"), auth


def test_a_signature_is_good_for_one_method_one_address_and_one_body(hub, hub_client):
    tablet = a_tablet(hub)
    body = json.dumps(a_status(tablet)).encode()
    for headers in (
        tablet.headers("PUT", "/sync/v1/status", body),
        tablet.headers("POST", "/sync/v1/hello", body),
        tablet.headers("POST", "/sync/v1/status", body + b" "),
    ):
        assert code_of(hub_client.post("/sync/v1/status", data=body, headers=headers)) == "sync.signature"


# --- what a booth asks and tells ---------------------------------------------------------------------


def test_a_booth_learns_where_to_go_on(hub, hub_client):
    tablet = a_tablet(hub).record().record()
    path = f"/sync/v1/journals/{tablet.journal}"
    for held in (0, 2):
        if held:
            deliver(hub, tablet.batch())
        answer = protocol.parse(Head, hub_client.get(path, headers=tablet.headers("GET", path)).data)
        assert (answer.seq, answer.hash, answer.forked_at) == (held, tablet.hash_at(held).hex(), None)


def test_a_question_with_a_nonce_is_answered_with_it_and_with_the_hubs_time(hub, hub_client):
    tablet, nonce = a_tablet(hub), "b5" * 16
    path = f"/sync/v1/journals/{tablet.journal}"
    answer = hub_client.get(f"{path}?nonce={nonce}", headers=tablet.headers("GET", path))
    head = protocol.parse(Head, answer.data)
    assert (head.nonce, head.at) == (nonce, stamp(hub.clock.now()))
    assert protocol.is_vouched(hub.key.verify_key, tablet.journal, answer.data, answer.headers[protocol.VOUCH_HEADER])


def test_a_tablet_of_the_first_release_asks_without_a_nonce_and_reads_its_head_as_ever(hub, hub_client):
    tablet = a_tablet(hub)
    path = f"/sync/v1/journals/{tablet.journal}"
    answer = hub_client.get(path, headers=tablet.headers("GET", path))
    assert set(json.loads(answer.data)) == {"seq", "hash", "forked_at", "missing_blobs", "canary", "cutoff"}


@share_hubs
@pytest.mark.parametrize("nonce", ["", "x", "B5" * 16, "b5" * 15, "b5" * 17, "b5" * 16 + "%0A", "%00", "中" * 32])
def test_a_nonce_that_is_none_is_refused(hub, hub_client, nonce):
    tablet = a_tablet(hub)
    path = f"/sync/v1/journals/{tablet.journal}"
    answer = hub_client.get(f"{path}?nonce={nonce}", headers=tablet.headers("GET", path))
    assert (answer.status_code, code_of(answer)) == (400, "sync.malformed")


@pytest.mark.parametrize("at", ["2027-02-30T09:30:00.000+08:00", "0000-01-01T00:00:00.000+08:00"])
def test_a_status_of_no_moment_is_refused(hub, hub_client, at):
    tablet = a_tablet(hub)
    assert code_of(send_status(hub_client, tablet, json.dumps(a_status(tablet, at=at)).encode())) == "sync.malformed"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00.000+08:00", "9999-12-31T23:59:59.999+08:00"])
def test_a_status_of_a_clock_that_is_wrong_by_millennia_is_kept(hub, hub_client, at):
    tablet = a_tablet(hub)
    told = json.dumps(a_status(tablet, at=at)).encode()
    assert send_status(hub_client, tablet, told).get_json() == {"ok": True}


def test_a_booth_cannot_ask_for_anothers_journal_or_fair(hub, hub_client):
    one, other = a_tablet(hub), a_tablet(hub, "d02")
    for path in (f"/sync/v1/journals/{other.journal}", f"/sync/v1/journals/{hub.id}", "/sync/v1/packs/other"):
        assert code_of(hub_client.get(path, headers=one.headers("GET", path))) == "page.not_found"


def test_a_booth_cannot_tell_the_status_of_another(hub, hub_client):
    one, other = a_tablet(hub), a_tablet(hub, "d02")
    body = json.dumps(a_status(other)).encode()
    assert code_of(send_status(hub_client, one, body)) == "page.not_found"


def test_what_a_booth_tells_of_itself_is_kept(hub, hub_client):
    tablet = a_tablet(hub)
    told = Status(**a_status(tablet, seq=2**53, free_mb=0, pack="<b>"))
    assert send_status(hub_client, tablet, protocol.dump(told)).get_json() == {"ok": True}
    with hub.store.reading() as tx:
        row = tx.execute(devices.select()).one()
    assert (row.told_seq, row.pack, row.version, row.free_mb) == (2**53, "<b>", "0.1.0", 0)
    assert (row.told_hash, row.told_at, row.skew_ms) == (told.hash, told.at, 0)


def test_the_fairs_notice_comes_signed_and_only_when_it_changed(hub, hub_client):
    from kiosk.hub import people

    tablet = a_tablet(hub)
    path = "/sync/v1/packs/demo"
    headers = tablet.headers("GET", path)
    first = hub_client.get(path, headers=headers)
    notice = protocol.read_document(FairNotice, first.data, hub.key.verify_key)
    assert (notice.fair.id, notice.pack) == ("demo", hub.pack.version)
    again = {**headers, "If-None-Match": first.headers["ETag"]}
    unchanged = hub_client.get(path, headers=again)
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    with hub.store.begin() as tx:
        people.add_volunteer(tx, "demo", "v-9", "新来的", "271828")
    changed = hub_client.get(path, headers=again)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_a_tablet_learns_of_its_own_desk_and_venue_and_no_others(hub, hub_client):
    path = "/sync/v1/packs/demo"
    told = {}
    for desk in ("d01", "d07"):
        answer = hub_client.get(path, headers=a_tablet(hub, desk).headers("GET", path))
        fair = protocol.read_document(FairNotice, answer.data, hub.key.verify_key).fair
        told[desk] = ([one.id for one in fair.desks], [one.id for one in fair.venues], fair.place(desk))
    whole = a_fair()
    assert told == {desk: ([desk], [whole.desk(desk).venue], whole.place(desk)) for desk in told}


def test_the_notice_of_a_whole_province_is_small_and_always_the_same_bytes(hub, hub_client):
    venues = [Venue(f"v{number:03d}", Text(f"第{number}会场", f"Venue {number}")) for number in range(200)]
    name = Text("咨询台", "Advice")
    desks = [Desk(f"d{number:04d}", venues[number // 5].id, "advice", name) for number in range(1_000)]
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="province", venues=venues, desks=desks))
        pin = keys.hash_password("271828")
        rows_of = [{"fair": "province", "id": f"v-{n:04d}", "name": "志愿者", "pin": pin} for n in range(1_000)]
        tx.execute(volunteers.insert(), rows_of)
    tablet, path = a_tablet(hub, "d0999", "province"), "/sync/v1/packs/province"
    answers = [hub_client.get(path, headers=tablet.headers("GET", path)) for _ in range(3)]
    assert len({answer.data for answer in answers}) == len({answer.headers["ETag"] for answer in answers}) == 1
    assert len(answers[0].data) < protocol.DOCUMENT_LIMIT // 2
    notice = protocol.read_document(FairNotice, answers[0].data, hub.key.verify_key)
    assert (len(notice.fair.desks), len(notice.volunteers)) == (1, 1_000)


def test_a_pin_never_leaves_the_hub_in_the_clear(hub, hub_client):
    path = "/sync/v1/packs/demo"
    assert b"380315" not in hub_client.get(path, headers=a_tablet(hub).headers("GET", path)).data


# --- sealed blobs ---------------------------------------------------------------------------------


def put_blob(client, tablet: Tablet, content: bytes, name: str = "", **headers: str):
    path = f"/sync/v1/blobs/{name or hashlib.sha256(content).hexdigest()}"
    return client.put(path, data=content, headers={**tablet.headers("PUT", path, content), **headers})


def test_a_blob_is_kept_once_under_the_name_of_its_content(hub, hub_client):
    tablet = a_tablet(hub)
    for _ in range(3):
        assert put_blob(hub_client, tablet, b"sealed").status_code == 200
    ((name, content, _),) = rows(hub, blobs)
    assert (name, bytes(content)) == (hashlib.sha256(b"sealed").hexdigest(), b"sealed")


def test_a_blob_under_another_name_is_refused(hub, hub_client):
    tablet, right = a_tablet(hub), hashlib.sha256(b"sealed").hexdigest()
    for name in (
        "0" * 64,
        "..%2f..%2fhub.key",
        "x",
        "%00",
        "CON",
        "%e2%80%aefdp",
        right.upper(),
        right + "%0a",
        right + "/..",
    ):
        refused = code_of(put_blob(hub_client, tablet, b"sealed", name))
        assert refused in ("sync.blob_mismatch", "page.not_found"), name
    assert rows(hub, blobs) == []


def test_a_blob_of_nobody_is_refused(hub, hub_client):
    tablet = a_tablet(hub)
    assert code_of(put_blob(hub_client, tablet, b"sealed", **{protocol.AUTH_HEADER: ""})) == "sync.device"
    tablet.key = type(tablet.key).generate()
    assert code_of(put_blob(hub_client, tablet, b"sealed")) == "sync.signature"
    assert rows(hub, blobs) == []


def test_the_hub_asks_for_blobs_it_lost(hub, hub_client):

    name = hashlib.sha256(b"sealed").hexdigest()
    tablet = a_tablet(hub).record(a_filing(name, 6))
    deliver(hub, tablet.batch())
    path = f"/sync/v1/journals/{tablet.journal}"
    headers = tablet.headers("GET", path)
    assert protocol.parse(Head, hub_client.get(path, headers=headers).data).missing_blobs == [name]
    put_blob(hub_client, tablet, b"sealed")
    assert protocol.parse(Head, hub_client.get(path, headers=headers).data).missing_blobs == []


def test_healthz_says_which_database_and_how_durable(hub, hub_client):
    told = strictjson.loads(hub_client.get("/healthz").data)
    assert told["ok"]
    assert told["database"] == hub.store.describe()
    assert told["database"]["name"] == hub.store.engine.dialect.name
    assert {"version", "pack", "clock"} <= set(told)
