"""docs/protocol.md against the code: every example is read by the real codec, every table compared."""

import gzip
import hashlib
import io
import re

import msgspec
import pytest
from flask import Flask

from kiosk import crockford, errors, strictjson
from kiosk.errors import SYNC_SIGNATURE, Problem
from kiosk.facts import clocks, envelope
from kiosk.facts.days import ALWAYS
from kiosk.facts.envelope import LINE_LIMIT, Fact
from kiosk.facts.tallies import undo_id
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import api, blobs
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.packs.fairs import Fair
from kiosk.sync import bundles, case_receipts, handoffs, keys, protocol, relaying, sequence, tickets
from kiosk.sync.protocol import (
    BatchHeader,
    BlobHead,
    BlobReceipt,
    Certificate,
    EnrolRequest,
    FairKeys,
    FairNotice,
    Head,
    Hello,
    Receipt,
    Slip,
    Status,
)
from kiosk.sync.rosters import ROSTER_LIMIT, RosterHeader, read_roster
from tests.docs import wire
from tests.docs.pages import blocks as blocks_of
from tests.docs.pages import page, rows

PAGE = "docs/protocol.md"
EXAMPLES = blocks_of(PAGE)


def seeds() -> dict[str, bytes]:
    return {name: bytes.fromhex(seed) for name, seed in rows(PAGE, "### Keys of the examples")}


def hub_key() -> keys.VerifyKey:
    return keys.SigningKey(seeds()["hub, Ed25519"]).verify_key


def device_key() -> keys.VerifyKey:
    return keys.SigningKey(seeds()["device, Ed25519"]).verify_key


def read_batch(data: bytes) -> protocol.Batch:
    return protocol.read_batch(data, lambda _header: device_key())


def read_json(kind, name: str):
    return protocol.parse(kind, EXAMPLES[name].rstrip(b"\n"))


def read_signed(kind, name: str):
    return protocol.read_document(kind, EXAMPLES[name], hub_key())


# --- the examples ---------------------------------------------------------------------------------


def test_the_page_shows_what_the_seeds_give():
    shown = {name: text for name, text in EXAMPLES.items() if name not in ("refusal", "codes", "receipt-code")}
    assert shown == wire.examples(), "after a change of the bytes: python -m tests.docs.wire"


def test_hello_carries_the_keys_of_the_page():
    hello = read_json(Hello, "hello")
    assert bytes(hello.verify_key) == bytes(hub_key())
    sealing = keys.PrivateKey(seeds()["hub, X25519"]).public_key
    assert hello.sealing_key == bytes(sealing).hex()
    assert hello.capabilities == list(protocol.CAPABILITIES)


def test_the_code_holds_the_token_and_the_hub_s_fingerprint():
    token, pinned = protocol.read_code(EXAMPLES["code"].decode())
    assert token == read_json(EnrolRequest, "enrol").token
    assert read_json(Hello, "hello").fingerprint.startswith(pinned)
    assert len(pinned) == 8


def test_the_enrolment_proves_the_key():
    asked, hello = read_json(EnrolRequest, "enrol"), read_json(Hello, "hello")
    message = f"{asked.token}\n{asked.public_key}\n{asked.journal}\n{hello.hub}".encode()
    key = keys.VerifyKey(bytes.fromhex(asked.public_key))
    assert keys.is_signed(key, b"kiosk/enrol/1", message, asked.proof)


def test_the_certificate_is_signed_by_the_hub_for_the_device():
    certificate = read_signed(Certificate, "certificate")
    assert certificate.public_key == bytes(device_key()).hex()
    assert set(certificate.kinds) <= set(BOOTH_KINDS)


def test_the_signed_request_is_the_device_s():
    request, version, authorisation = EXAMPLES["authorised"].decode().splitlines()
    method, path, query = re.fullmatch(r"(GET) ([^?]+)\?(nonce=[0-9a-f]{32})", request).groups()  # type: ignore[union-attr]
    assert query == f"nonce={read_json(Head, 'head').nonce}"
    device, signature = authorisation.removeprefix(f"{protocol.AUTH_HEADER}: ").split(" ")
    assert version == f"{protocol.HEADER}: {protocol.VERSION}"
    assert device == read_signed(Certificate, "certificate").device
    message = f"{method} {path}\n".encode() + hashlib.sha256(b"").digest()
    assert keys.is_signed(device_key(), b"kiosk/request/1", message, signature)
    assert protocol.is_authorised(device_key(), signature, method, path, b"")


def test_the_batch_is_signed_and_chained_from_the_certificate():
    batch = read_batch(EXAMPLES["batch"])
    head = hashlib.sha256(b"kiosk/journal/1\0" + EXAMPLES["certificate"]).digest()
    assert batch.header.prev == head.hex()
    for line in batch.lines:
        head = hashlib.sha256(b"kiosk/fact/1\0" + head + line).digest()
    assert EXAMPLES["batch"].splitlines()[-1].split(b" ")[0] == head.hex().encode()


def test_every_fact_of_the_batch_is_one_of_ours():
    facts = [envelope.decode(line) for line in read_batch(EXAMPLES["batch"]).lines]
    for fact in facts:
        REGISTRY.read(fact)
    assert [fact.seq for fact in facts] == [1, 2, 3]
    assert facts[1].id == undo_id(facts[0].id)
    assert facts[1].id == hashlib.sha256(b"kiosk/undo/1\0" + bytes.fromhex(facts[0].id)).hexdigest()[:32]


def test_the_receipt_is_for_that_batch_and_names_its_head():
    receipt, batch = read_signed(Receipt, "receipt"), read_batch(EXAMPLES["batch"])
    assert receipt.batch == batch.digest
    assert (receipt.seq, receipt.hash) == (3, batch.hashes[-1].hex())
    assert (receipt.journal, receipt.hub) == (batch.header.journal, batch.header.hub)


def test_head_and_status_say_what_the_receipt_says():
    receipt = read_signed(Receipt, "receipt")
    head, status = read_json(Head, "head"), read_json(Status, "status")
    assert (head.seq, head.hash) == (status.seq, status.hash) == (receipt.seq, receipt.hash)


def test_the_fair_notice_holds_a_fair():
    notice = read_signed(FairNotice, "notice")
    assert msgspec.convert(notice.fair, Fair).faults() == []
    assert {key for one in notice.volunteers for key in one} == {"id", "name", "pin"}


def test_the_roster_holds_the_fair_and_the_certificate():
    roster = read_roster(EXAMPLES["roster"])
    assert [document for _, document in roster.certificates] == [EXAMPLES["certificate"]]
    assert roster.fair == read_signed(FairNotice, "notice").fair
    assert roster.header.fingerprint == read_json(Hello, "hello").fingerprint
    assert f"At most {ROSTER_LIMIT:,} bytes" in page(PAGE)
    assert {"roster.own", "roster.other", "roster.taken"} <= set(errors.CATALOGUE)


def test_the_ticket_is_the_code_with_the_hub_s_address():
    _, code = tickets.read(EXAMPLES["ticket"].decode())
    assert protocol.read_code(code) == protocol.read_code(EXAMPLES["code"].decode())


def test_the_digits_and_the_word_for_the_head_are_those_of_the_examples():
    request, hub = read_json(EnrolRequest, "enrol"), read_json(Hello, "hello")
    word = EXAMPLES["waiting"].decode().strip().partition(": ")[2]
    said = f"{request.token}\n{request.public_key}\n{request.journal}\n{hub.hub}".encode()
    assert keys.is_signed(hub_key(), b"kiosk/waiting/1", said, word)
    digits = protocol.comparison(request, hub.fingerprint, word)
    raw = bytes.fromhex(request.token) + bytes.fromhex(request.public_key) + hub.fingerprint + bytes.fromhex(word)
    number = int.from_bytes(hashlib.sha256(b"kiosk/compare/2\0" + raw).digest()[:8]) % 1_000_000
    assert EXAMPLES["digits"].decode().strip() == digits
    assert digits.replace(" ", "") == f"{number:06d}"
    signature = EXAMPLES["vouched"].decode().strip().partition(": ")[2]
    said = f"{request.journal}\n".encode() + EXAMPLES["head"].rstrip(b"\n")
    assert keys.is_signed(hub_key(), b"kiosk/head/1", said, signature)


def test_the_refusal_is_as_the_catalogue_has_it():
    told = strictjson.loads(EXAMPLES["refusal"].strip())
    kind = errors.CATALOGUE[told["problem"]]
    assert told == {"problem": kind.code, "zh": kind.zh, "en": kind.en}


def test_the_bundle_holds_the_batch_and_is_the_device_s():
    data = EXAMPLES["bundle"]
    bundle = bundles.read_bundle(io.BytesIO(data), lambda header: bundles.certified_key(header, hub_key()))
    assert list(bundle.frames()) == [bundles.Frame("batch", EXAMPLES["batch"])]
    assert bundle.header.certificate.encode() == EXAMPLES["certificate"]
    *before, last = data.splitlines(keepends=True)
    word, count, digest, signature = last.decode().rstrip("\n").split(" ")
    assert (word, count, digest) == ("end", "1", hashlib.sha256(b"".join(before)).hexdigest())
    assert keys.is_signed(device_key(), b"kiosk/signed/kiosk-bundle/1", last[: -len(signature) - 1], signature)


def test_the_file_of_receipts_is_for_that_journal():
    documents = bundles.read_receipts(EXAMPLES["receipts"])
    assert documents[0] == EXAMPLES["receipt"]
    hello, journal = read_json(Hello, "hello"), read_json(EnrolRequest, "enrol").journal
    found = bundles.receipts_for(documents, journal, hello.hub, hub_key())
    assert ([receipt.seq for receipt, _ in found.receipts], [said.missing for said in found.blobs]) == ([3], [[]])


def test_the_slip_is_the_device_s_and_its_symbols_stand_for_its_hash():
    slip = protocol.read_document(Slip, EXAMPLES["slip"], device_key())
    assert (slip.last, slip.hash) == (3, read_json(Head, "head").hash)
    number = crockford.read(EXAMPLES["slip-code"].decode(), 8)
    assert number == int(slip.hash[:10], 16)


def test_the_limits_of_blobs_and_the_clock_s_tolerance_are_the_code_s():
    text = " ".join(page(PAGE).split())
    for limit in (protocol.BLOB_PART, protocol.BLOB_LIMIT, blobs.UNFINISHED_LIMIT):
        assert f"at most {limit:,} bytes" in text or f"up to {limit:,}," in text
    assert blobs.UNFINISHED_SECONDS == 7 * 24 * 3600
    assert read_json(BlobHead, "blob").held == protocol.BLOB_PART
    assert f"A difference below {clocks.TOLERANCE} s moves nothing" in text
    assert set(ALWAYS) == {"clock.compared", "day.closed"}


def test_the_relay_s_answer_tells_of_the_bundle():
    held = protocol.parse(relaying.Held, EXAMPLES["held"].rstrip(b"\n"), relaying.HELD_LIMIT)
    assert [(one.first, one.last, one.hash) for one in held.stretches] == [(1, 3, read_json(Head, "head").hash)]


def test_the_codes_add_up_to_the_batch_and_one_code_to_the_receipt():
    assert sequence.read_parts(EXAMPLES["codes"].decode().splitlines()) == EXAMPLES["batch"]
    text = EXAMPLES["receipt-code"].decode().rstrip("\n")
    assert sequence.read_document(sequence.RECEIPT, text) == EXAMPLES["receipt"]
    written = {name: text.decode().splitlines() for name, text in wire.packed().items()}
    assert sequence.read_parts(written["codes"]) == EXAMPLES["batch"]


def test_the_limits_of_bundles_and_codes_are_the_code_s():
    text = " ".join(page(PAGE).split())
    assert {row[0]: int(row[1]) for row in rows(PAGE, "### Frames")} == bundles.FRAME_LIMITS
    for limit in (bundles.BUNDLE_LIMIT, bundles.POST_LIMIT, bundles.FRAME_COUNT_LIMIT, bundles.RECEIPTS_LIMIT):
        assert f"{limit:,}" in text
    for limit in (relaying.STRETCHES_LIMIT, relaying.BLOBS_LIMIT):
        assert f"at most {limit:,}" in text
    assert f"at most {sequence.PART_LIMIT} characters and shows at most {sequence.PARTS} of them" in text
    assert f"at most {sequence.PARTS_LIMIT};" in text


@pytest.mark.parametrize("name", ["certificate", "receipt", "notice", "batch", "roster"])
def test_no_byte_of_a_signed_example_can_be_changed(name):
    kinds = {"certificate": Certificate, "receipt": Receipt, "notice": FairNotice}

    def read(data):
        if name == "roster":
            return read_roster(data)
        return read_batch(data) if name == "batch" else protocol.read_document(kinds[name], data, hub_key())

    read(EXAMPLES[name])
    for at in range(0, len(EXAMPLES[name]), 7):
        changed = bytearray(EXAMPLES[name])
        changed[at] ^= 1
        with pytest.raises(Problem):
            read(bytes(changed))


def test_another_key_does_not_open_the_batch():
    with pytest.raises(Problem) as raised:
        protocol.read_batch(EXAMPLES["batch"], lambda _header: hub_key())
    assert raised.value.kind is SYNC_SIGNATURE


def test_the_receipt_of_a_complaint_is_signed_by_a_published_key_as_the_page_says():
    text = EXAMPLES["case-receipt"].decode().strip()
    published = case_receipts.read_keys(EXAMPLES["keys"], read_json(Hello, "hello").fingerprint.hex())
    filed, signer = case_receipts.check(f"https://hub/m/receipt#{text}", case_receipts.signers_of(published))
    assert (filed.case, filed.standing, signer.desk) == ("7KQ2-M0ZRD", "pre", "d01")
    head, _, packed = text.rpartition(":")
    signature = f"{crockford.read(packed, 103):0128x}"
    assert keys.is_signed(device_key(), b"kiosk/case-receipt/1", f"demo\n{head}".encode(), signature)
    digest = hashlib.sha256(b"kiosk/case-receipt/signer/1\0" + bytes(device_key())).digest()
    assert text.split(":")[1] == crockford.write(int.from_bytes(digest[:5]), 8)
    assert f"{crockford.read(text.split(':')[6], 52):064x}" == filed.content == "ab" * 32


def test_a_word_for_a_phone_is_signed_by_its_tablet_as_the_page_says():
    certificate = read_signed(Certificate, "certificate")
    word = handoffs.read(EXAMPLES["handoff"].decode().strip(), certificate.device, certificate.public_key)
    raw = crockford.read(EXAMPLES["handoff"].decode(), 136).to_bytes(85)
    assert (raw[:16].hex(), int.from_bytes(raw[16:21])) == (word.id, word.at)
    message = bytes.fromhex(certificate.device) + raw[:21]
    assert keys.is_signed(device_key(), b"kiosk/handoff/1", message, raw[21:].hex())
    assert f"from {handoffs.AHEAD} s before that moment to {handoffs.LIFE} s after" in page(PAGE)


# --- the tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("## Facts and the chain", Fact),
        ("## Batch", BatchHeader),
        ("### GET /sync/v1/hello", Hello),
        ("### POST /sync/v1/enrol", EnrolRequest),
        ("### POST /sync/v1/rehearsals", protocol.RehearsalRequest),
        ("### PUT /sync/v1/devices/&lt;device&gt;", protocol.Return),
        ("### GET /sync/v1/journals/&lt;journal&gt;", Head),
        ("### POST /sync/v1/batches", Receipt),
        ("### GET /sync/v1/blobs/&lt;sha256&gt;", BlobHead),
        ("### POST /sync/v1/status", Status),
        ("### GET /sync/v1/packs/&lt;fair_id&gt;", FairNotice),
        ("## Day slip", Slip),
        ("## Roster", RosterHeader),
        ("## Bundle", bundles.BundleHeader),
        ("## Receipts that travel back", BlobReceipt),
        ("### What a relay answers", relaying.Held),
        ("## Receipts of complaints", FairKeys),
    ],
)
def test_a_table_of_fields_names_every_field_in_order(heading, kind):
    assert [row[0] for row in rows(PAGE, heading)] == list(kind.__struct_fields__)


def test_the_certificate_s_fields_are_named():
    _, _, after = page(PAGE).partition("```text certificate\n")
    named = re.findall(r"^\| `(\w+)` \|", after.partition("\nErrors:")[0], re.MULTILINE)
    assert named == list(Certificate.__struct_fields__)


def test_every_kind_of_fact_is_named_with_its_version_and_body():
    text = page(PAGE)
    found = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (\d+) \|(.*)\|$", text.partition("## Batch")[0], re.MULTILINE)
    named = {kind: (int(version), re.findall(r"`(\w+)`", body)) for kind, version, body in found}
    bodies = {name: body for body, name in REGISTRY._names.items()}
    known = {kind: (REGISTRY.version_of(kind), list(bodies[kind].__struct_fields__)) for kind in REGISTRY.names()}
    assert named == known


def test_every_endpoint_has_its_section():
    app = Flask("docs")
    app.register_blueprint(api.views)
    served = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("api.")
    }
    listed = {row[0] for row in rows(PAGE, "## Endpoints")}
    titles = re.findall(r"^### ((?:GET|POST|PUT|DELETE) .*)$", page(PAGE), re.MULTILINE)
    assert listed == served
    assert {title.replace("&lt;", "<").replace("&gt;", ">") for title in titles} == served


def test_every_problem_stands_in_the_catalogue_with_its_status():
    for code, status, _who in rows(PAGE, "## Problem codes"):
        assert errors.CATALOGUE[code].status == int(status), code


def test_every_problem_of_the_wire_is_named():
    named = {row[0] for row in rows(PAGE, "## Problem codes")}
    ours = {code for code in errors.CATALOGUE if code.startswith(("sync.", "enrol."))}
    assert ours <= named
    mentioned = set(re.findall(r"`((?:sync|enrol|json|journal|request|page|booth)\.[a-z_]+)`", page(PAGE)))
    assert mentioned <= named


def test_the_reasons_of_quarantine_stand_in_the_catalogue():
    assert {row[0] for row in rows(PAGE, "## Quarantine")} <= set(errors.CATALOGUE)


def test_the_limits_are_the_code_s():
    for name, value, _of in rows(PAGE, "## Limits"):
        assert getattr(protocol, name, LINE_LIMIT) == int(value), name


def test_the_capability_words_are_the_code_s():
    words = re.search(r"Words of this release:((?: `\w+`)+)\.", page(PAGE))
    assert words
    assert tuple(re.findall(r"`(\w+)`", words[1])) == protocol.CAPABILITIES


# --- what is said of the transport -----------------------------------------------------------------


def test_a_compressed_batch_is_the_same_batch():
    app = Flask("docs")
    with app.test_request_context(
        "/sync/v1/batches",
        method="POST",
        data=gzip.compress(EXAMPLES["batch"]),
        headers={"Content-Encoding": "gzip"},
    ):
        assert api._body(protocol.BATCH_BYTES_LIMIT) == EXAMPLES["batch"]
