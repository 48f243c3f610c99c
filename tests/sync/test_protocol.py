"""The wire: what was written is read, and nothing else is."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.clock import stamp
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Batch, BatchHeader, Certificate, FairNotice, Message, Receipt
from tests.clocks import FAIR_MORNING
from tests.makers import a_batch, a_certificate, a_fair, a_hello, a_key, an_id, some_lines

LINES = st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=8)


def read(data: bytes, key: keys.SigningKey | None = None) -> Batch:
    return protocol.read_batch(data, lambda _header: (key or a_key()).verify_key)


def refusal(data: bytes, key: keys.SigningKey | None = None) -> str:
    with pytest.raises(Problem) as caught:
        read(data, key)
    return caught.value.code


def a_receipt(**changes: object) -> Receipt:
    receipt = Receipt(
        hub=an_id(0x4B),
        journal=an_id(0x10),
        seq=2,
        hash="ab" * 32,
        accepted=2,
        duplicates=0,
        quarantined=0,
        forked=0,
        batch="cd" * 32,
        at=stamp(FAIR_MORNING),
    )
    return msgspec.structs.replace(receipt, **changes)


DOCUMENTS: list[Message] = [
    a_certificate(),
    a_receipt(),
    FairNotice(fair=a_fair(), public_url="http://localhost", pack="0" * 12, volunteers=[{"id": "li", "name": "李"}]),
]


# --- batches --------------------------------------------------------------------------------------


@given(LINES)
def test_a_batch_that_was_written_is_read(lines: list[bytes]):
    batch = read(a_batch(lines))
    assert (batch.lines, batch.header.count) == (lines, len(lines))


@given(LINES)
def test_a_batch_tells_the_chain_hash_of_every_line(lines: list[bytes]):
    head, expected = bytes.fromhex("07" * 32), []
    for line in lines:
        head = envelope.chain(head, line)
        expected.append(head)
    assert read(a_batch(lines, prev="07" * 32)).hashes == expected


def test_a_batch_is_known_by_the_hash_of_its_bytes():
    data = a_batch()
    assert read(data).digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_changed_byte_is_noticed(flip: int):
    data = a_batch()
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
        assert refusal(changed) in ("sync.malformed", "sync.signature"), at


def test_every_truncation_is_noticed():
    data = a_batch()
    for end in range(len(data)):
        assert refusal(data[:end]) in ("sync.malformed", "sync.signature"), end


def test_every_missing_byte_is_noticed():
    data = a_batch(some_lines(1))
    for at in range(len(data)):
        assert refusal(data[:at] + data[at + 1 :]) in ("sync.malformed", "sync.signature"), at


@pytest.mark.parametrize("more", [b"\n", b" ", b"\r\n", b"x\n", a_batch()], ids=repr)
def test_nothing_may_follow_a_batch(more: bytes):
    assert refusal(a_batch() + more) in ("sync.malformed", "sync.signature")


@pytest.mark.parametrize("more", [b"\xef\xbb\xbf", b" ", b"\n"], ids=repr)
def test_nothing_may_come_before_a_batch(more: bytes):
    assert refusal(more + a_batch()) == "sync.malformed"


def test_a_signature_has_one_spelling():
    data = a_batch()
    assert refusal(data[:-129] + data[-129:].upper()) == "sync.malformed"


def test_somebody_else_s_signature_is_refused():
    assert refusal(a_batch(key=a_key(2))) == "sync.signature"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_count_is_refused_though_it_is_signed(count: int):
    assert refusal(a_batch(count=count)) == "sync.malformed"


def test_more_than_a_reader_accepts_is_refused():
    assert refusal(a_batch([b""] * (protocol.BATCH_COUNT_LIMIT + 1))) == "sync.malformed"


def test_as_much_as_a_reader_accepts_is_read():
    assert len(read(a_batch([b"{}"] * protocol.BATCH_COUNT_LIMIT)).lines) == protocol.BATCH_COUNT_LIMIT


def test_an_over_long_line_is_refused():
    assert refusal(a_batch([b"a" * (envelope.LINE_LIMIT + 1)])) == "sync.malformed"


def test_an_over_long_batch_is_refused_before_anything_is_read():
    with pytest.raises(Problem) as caught:
        protocol.read_batch(b"a" * (protocol.BATCH_BYTES_LIMIT + 1), pytest.fail)
    assert caught.value.details["reason"] == "too large"


def test_a_head_that_is_not_the_chain_s_is_refused_though_it_is_signed():
    lines = some_lines(2)
    body = a_batch(lines)[:-194] + b"00" * 32 + b" "
    digest = hashlib.sha256(body).digest()
    data = body + keys.sign(a_key(), b"kiosk/signed/kiosk-batch/1", digest).encode() + b"\n"
    assert refusal(data) == "sync.malformed"


def test_the_header_s_word_on_the_device_decides_whose_key_is_asked_for():
    asked: list[BatchHeader] = []

    def key_of(header: BatchHeader) -> keys.VerifyKey:
        asked.append(header)
        return a_key(2).verify_key

    protocol.read_batch(a_batch(key=a_key(2), device=an_id(7), hub=an_id(8)), key_of)
    assert [(header.device, header.hub) for header in asked] == [(an_id(7), an_id(8))]


@pytest.mark.parametrize(
    "header",
    [
        b"kiosk-batch/2 {}",
        b"kiosk-batch/1",
        b"kiosk-batch/1 {}",
        b"kiosk-batch/1 null",
        b'kiosk-batch/1 {"first":NaN}',
        b"kiosk-receipt/1 {}",
    ],
)
def test_an_unusable_header_is_malformed(header: bytes):
    assert refusal(header + b"\n" + b"00" * 32 + b" " + b"00" * 64 + b"\n") == "sync.malformed"


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_problem(data: bytes):
    assert refusal(data) == "sync.malformed"
    assert refusal(b"kiosk-batch/1 " + data) == "sync.malformed"


# --- documents ------------------------------------------------------------------------------------


def document_refusal(kind: type[Message], data: bytes) -> str:
    with pytest.raises(Problem) as caught:
        protocol.read_document(kind, data, a_key().verify_key)
    return caught.value.code


@pytest.mark.parametrize("message", DOCUMENTS, ids=lambda message: type(message).__name__)
class TestDocuments:
    def test_what_was_signed_is_read(self, message: Message):
        data = protocol.sign_document(message, a_key())
        assert protocol.read_document(type(message), data, a_key().verify_key) == message

    def test_every_changed_byte_is_noticed(self, message: Message):
        data = protocol.sign_document(message, a_key())
        for at in range(len(data)):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert document_refusal(type(message), changed) in ("sync.malformed", "sync.signature"), at

    def test_every_truncation_is_noticed(self, message: Message):
        data = protocol.sign_document(message, a_key())
        assert {document_refusal(type(message), data[:end]) for end in range(len(data))} == {"sync.malformed"}

    def test_nothing_may_follow(self, message: Message):
        assert document_refusal(type(message), protocol.sign_document(message, a_key()) + b"\n") == "sync.malformed"

    def test_somebody_else_s_signature_is_refused(self, message: Message):
        assert document_refusal(type(message), protocol.sign_document(message, a_key(2))) == "sync.signature"


def test_a_receipt_cannot_stand_for_a_certificate():
    data = protocol.sign_document(a_receipt(), a_key())
    assert document_refusal(Certificate, data) == "sync.signature"


def test_a_signature_over_a_batch_is_none_over_a_document():
    line = protocol.sign_document(a_receipt(), a_key()).partition(b"\n")[0] + b"\n"
    forged = line + keys.sign(a_key(), b"kiosk/signed/kiosk-batch/1", line).encode() + b"\n"
    assert document_refusal(Receipt, forged) == "sync.signature"


def test_an_over_long_document_is_refused():
    assert document_refusal(Receipt, b"a" * (protocol.DOCUMENT_LIMIT + 1)) == "sync.malformed"


@pytest.mark.parametrize("field", ["hub", "journal", "hash", "batch"])
def test_a_line_break_behind_a_field_is_refused(field: str):
    """`$` in a regular expression also matches before a last line break."""
    good = msgspec.to_builtins(a_receipt())
    with pytest.raises(Problem):
        protocol.convert(Receipt, {**good, field: good[field] + "\n"})


# --- requests -------------------------------------------------------------------------------------


def test_a_signed_request_is_good_for_itself_only():
    device, _, signature = protocol.authorise(a_key(), an_id(), "PUT", "/a", b"body").partition(" ")
    assert device == an_id()
    asked = [("PUT", "/a", b"body"), ("GET", "/a", b"body"), ("PUT", "/b", b"body"), ("PUT", "/a", b"")]
    assert [protocol.is_authorised(a_key().verify_key, signature, *one) for one in asked] == [True, False, False, False]


@pytest.mark.parametrize("signature", ["", "zz", "00", "00" * 64, "中" * 128])
def test_a_signature_of_nonsense_is_no_signature(signature: str):
    assert not protocol.is_authorised(a_key().verify_key, signature, "GET", "/", b"")


# --- enrolment codes ------------------------------------------------------------------------------


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
def test_a_code_carries_the_token_and_the_beginning_of_the_fingerprint(token: bytes, fingerprint: bytes):
    code = protocol.write_code(token.hex(), fingerprint)
    assert protocol.read_code(code) == (token.hex(), fingerprint[:8])
    assert protocol.read_code(f" {code.lower().replace('-', ' ')} ") == (token.hex(), fingerprint[:8])


@pytest.mark.parametrize("code", ["", "0" * 38, "0" * 40, "U" + "0" * 38, "Z" * 39, "中" * 39])
def test_what_is_no_code_is_refused(code: str):
    with pytest.raises(Problem) as caught:
        protocol.read_code(code)
    assert caught.value.code == "enrol.code"


def test_a_hub_s_fingerprint_covers_both_of_its_keys():
    hello = a_hello()
    other = msgspec.structs.replace(hello, sealing_key="11" * 32)
    assert len({hello.fingerprint, other.fingerprint, a_hello(a_key(3)).fingerprint}) == 3
