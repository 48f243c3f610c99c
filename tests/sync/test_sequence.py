"""The QR road: a batch as codes that take turns, and a document as one code."""

import gzip
import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.sync import protocol, sequence
from kiosk.sync.sequence import Collector
from tests.makers import a_batch, a_fact, a_headcount, a_header, a_key, some_lines

#: What a QR code holds in its alphanumeric mode, and no other character.
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")


def refusal(act, *words) -> str:
    with pytest.raises(Problem) as refused:
        act(*words)
    return refused.value.code


# --- base 45 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plain", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_base_45_is_that_of_rfc_9285(plain: bytes, text: str):
    assert sequence.encode45(plain) == text
    assert sequence.decode45(text) == plain


@given(st.binary(max_size=300))
def test_decoded_is_what_was_encoded(data: bytes):
    text = sequence.encode45(data)
    assert sequence.decode45(text) == data
    assert not text.endswith(" ")  # which a scanner would strip
    assert not text or ALPHANUMERIC.fullmatch(text)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=9))
def test_there_is_one_spelling_for_each(text: str):
    try:
        data = sequence.decode45(text)
    except Problem:
        return
    assert sequence.encode45(data) == text


@pytest.mark.parametrize("text", ["GGW", "A", "AAAA", "::", ":::", "a00", "ÄÖÜ", "0\n0", "٣٣٣"])
def test_what_is_no_base_45_is_refused(text: str):
    assert refusal(sequence.decode45, text) == "sequence.malformed"


# --- a sequence -------------------------------------------------------------------------------------


def random_lines(count: int) -> list[bytes]:
    """Facts as they really are: their ids do not compress."""
    return [
        envelope.encode(a_fact(a_headcount(), id=secrets.token_hex(16), seq=seq, mono=1_000_000 + seq * 713))
        for seq in range(1, count + 1)
    ]


@given(st.binary(max_size=4000), st.integers(60, 900), st.data())
def test_in_any_order_and_however_often_the_codes_give_the_batch(batch: bytes, limit: int, data):
    parts = sequence.write_parts(batch, limit)
    assert all(len(part) <= limit and ALPHANUMERIC.fullmatch(part) for part in parts)
    seen = data.draw(st.permutations(parts)) + data.draw(st.lists(st.sampled_from(parts), max_size=5))
    assert sequence.read_parts(seen) == batch


@given(st.data())
def test_a_collector_says_which_codes_are_missing(data):
    parts = sequence.write_parts(secrets.token_bytes(2000), 200)
    collector, left = Collector(), set(range(1, len(parts) + 1))
    for number in data.draw(st.permutations(sorted(left))):
        assert not collector.is_complete
        collector.add(parts[number - 1])
        left.discard(number)
        assert collector.missing == sorted(left)
    assert collector.is_complete


@given(st.integers(0, 10_000), st.integers(0, 44))
def test_a_misread_character_never_gives_another_batch(at: int, other: int):
    batch = a_batch(some_lines(20))
    parts = sequence.write_parts(batch, 200)
    which, place = at % len(parts), at // len(parts) % len(parts[0])
    text = parts[which]
    place %= len(text)
    changed = text[:place] + sequence._ALPHABET[other] + text[place + 1 :]
    parts[which] = changed
    if changed == text:
        assert sequence.read_parts(parts) == batch
    else:
        assert refusal(sequence.read_parts, parts).startswith("sequence.")


def test_codes_of_another_sequence_are_passed_over_and_harm_nothing():
    one, other = (sequence.write_parts(a_batch(some_lines(30), prev=prev * 32), 200) for prev in ("00", "11"))
    assert len(one) == len(other)
    collector = Collector()
    for part in one[:-1]:
        collector.add(part)
    for part in (other[0], other[-1], sequence.write_parts(a_batch(), 100)[-1]):
        assert refusal(collector.add, part) == "sequence.foreign"
    collector.add(one[-1])
    assert collector.batch() == a_batch(some_lines(30))


def test_one_number_holds_one_content():
    parts = sequence.write_parts(a_batch(some_lines(30)), 200)
    collector = Collector()
    collector.add(parts[0])
    assert refusal(collector.add, parts[0][:-3] + "000") == "sequence.foreign"


def test_codes_that_do_not_add_up_are_dropped_and_can_be_scanned_again():
    parts = sequence.write_parts(a_batch(some_lines(30)), 200)
    collector = Collector()
    collector.add(parts[0][:-3] + "000")
    for part in parts[1:]:
        collector.add(part)
    assert refusal(collector.batch) == "sequence.damaged"
    assert not collector.is_complete
    for part in parts:
        collector.add(part)
    assert collector.batch() == a_batch(some_lines(30))


def test_before_all_codes_are_there_there_is_no_batch():
    parts = sequence.write_parts(a_batch(some_lines(30)), 200)
    assert refusal(sequence.read_parts, parts[1:]) == "sequence.damaged"
    assert refusal(sequence.read_parts, []) == "sequence.damaged"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://hub.example.org/",
        "K315:",
        "K315:0123abcd:1:1:00",
        "K315:0123ABCD:0:1:00",
        "K315:0123ABCD:2:1:00",
        "K315:0123ABCD:1:257:00",
        "K315:0123ABCD:01:1:00",
        "K315:0123ABCD:1:1:",
        "K315:0123ABCD:1:1:0",
        "K315:0123ABCD:1:1:00\n",
        "k315:0123ABCD:1:1:00",
        " K315:0123ABCD:1:1:00",
        "K315R:0123ABCD",
        "K315:0123ABCD:1:1:" + "0" * 4298,
        "K315:٠١٢٣ABCD:1:1:00",
    ],
)
def test_what_is_no_code_of_a_sequence_is_refused(text: str):
    assert refusal(Collector().add, text) == "sequence.malformed"


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(b"\0" * (protocol.BATCH_BYTES_LIMIT + 1), 9, mtime=0)
    name = sequence._name(bomb)
    parts = [bomb[at : at + 400] for at in range(0, len(bomb), 400)]
    texts = [f"K315:{name}:{i}:{len(parts)}:{sequence.encode45(part)}" for i, part in enumerate(parts, 1)]
    assert refusal(sequence.read_parts, texts) == "sequence.too_long"


@pytest.mark.parametrize(
    "packed", [b"no gzip", gzip.compress(b"x", mtime=0)[:-4], gzip.compress(b"x", mtime=0) + b"more"]
)
def test_what_is_not_one_whole_gzip_is_refused(packed: bytes):
    text = f"K315:{sequence._name(packed)}:1:1:{sequence.encode45(packed)}"
    assert refusal(sequence.read_parts, [text]) == "sequence.damaged"


def test_what_does_not_go_into_the_codes_a_reader_collects_is_not_cut_up():
    assert refusal(sequence.write_parts, secrets.token_bytes(300_000)) == "sequence.too_long"


# --- as much as fits --------------------------------------------------------------------------------


def batch_of(lines: list[bytes]):
    return lambda count: protocol.write_batch(a_header(lines[:count]), lines[:count], a_key())


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_few_facts_go_as_they_are(count: int):
    lines = random_lines(count)
    batch = sequence.read_parts(sequence.write_most(batch_of(lines), count))
    assert batch == batch_of(lines)(count)


def test_of_many_facts_as_many_go_as_fit():
    lines = random_lines(2000)
    parts = sequence.write_most(batch_of(lines), len(lines))
    taken = protocol.read_batch(sequence.read_parts(parts), lambda _header: a_key().verify_key)
    assert len(parts) <= sequence.PARTS
    assert max(map(len, parts)) <= sequence.PART_LIMIT
    assert list(taken.lines) == lines[: len(taken.lines)]
    assert len(taken.lines) > 400
    assert len(sequence.write_parts(batch_of(lines)(len(taken.lines) + 1))) > sequence.PARTS


def test_when_not_even_one_fact_fits_it_is_said():
    assert refusal(sequence.write_most, batch_of(random_lines(1)), 1, 1, 200) == "sequence.too_long"


# --- one code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", [sequence.RECEIPT, sequence.SLIP])
def test_a_document_goes_into_one_code(prefix: str):
    document = a_batch(some_lines(1))
    text = sequence.write_document(prefix, document)
    assert ALPHANUMERIC.fullmatch(text)
    assert sequence.read_document(prefix, text) == document


def test_a_document_of_another_kind_or_too_long_is_refused():
    text = sequence.write_document(sequence.SLIP, b"document")
    assert refusal(sequence.read_document, sequence.RECEIPT, text) == "sequence.malformed"
    assert refusal(sequence.read_document, sequence.SLIP, text + "A") == "sequence.malformed"
    assert refusal(sequence.read_document, sequence.SLIP, text + "000") == "sequence.damaged"
    assert refusal(sequence.write_document, sequence.SLIP, secrets.token_bytes(4000)) == "sequence.too_long"
