"""The line of a fact: written once, read strictly, chained by its very bytes."""

import hashlib
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import strictjson
from kiosk.errors import Problem
from kiosk.facts import envelope
from tests.makers import a_fact

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
BODIES = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT | st.lists(TEXT))


def a_line(**changes: object) -> bytes:
    """The line of a fact with fields that a `Fact` would not take."""
    fields = strictjson.loads(envelope.encode(a_fact()))
    return strictjson.dumps({**fields, **changes})


@given(body=BODIES, seq=st.integers(1, 2**53), mono=st.integers(0, 2**53))
def test_a_fact_survives_being_written_and_read(body: dict[str, object], seq: int, mono: int):
    fact = msgspec.structs.replace(a_fact(seq=seq, mono=mono), body=body)
    assert envelope.decode(envelope.encode(fact)) == fact


@given(body=BODIES)
def test_a_line_that_was_read_is_written_again_byte_by_byte(body: dict[str, object]):
    line = a_line(body=body)
    assert envelope.encode(envelope.decode(line)) == line


def test_every_changed_byte_changes_the_hash():
    line, previous = envelope.encode(a_fact()), bytes(32)
    changed = {
        envelope.chain(previous, line[:at] + bytes([line[at] ^ flip]) + line[at + 1 :])
        for at in range(len(line))
        for flip in range(1, 256)
    }
    assert len(changed) == 255 * len(line)
    assert envelope.chain(previous, line) not in changed


def test_the_hash_depends_on_everything_before():
    line = envelope.encode(a_fact())
    assert envelope.chain(bytes(32), line) != envelope.chain(envelope.root(b""), line)


def test_the_hash_is_the_one_the_protocol_promises():
    assert envelope.chain(b"\1" * 32, b"{}").hex() == hashlib.sha256(b"kiosk/fact/1\0" + b"\1" * 32 + b"{}").hexdigest()
    assert envelope.root(b"doc").hex() == hashlib.sha256(b"kiosk/journal/1\0doc").hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 0},
        {"v": True},
        {"v": 1.0},
        {"v": "1"},
        {"id": "A" * 32},
        {"id": "0" * 31},
        {"id": None},
        {"seq": 0},
        {"seq": True},
        {"seq": 2**53 + 1},
        {"kind": "headcount"},
        {"kind": "Tally.counted"},
        {"at": "2027-03-15T09:30:00+08:00"},
        {"at": "2027-03-15T01:30:00.000Z"},
        {"at": "2027-02-30T09:30:00.000+08:00"},
        {"at": "２０２７-03-15T09:30:00.000+08:00"},
        {"mono": -1},
        {"boot": "0000315"},
        {"desk": "D01"},
        {"desk": ""},
        {"by": "a b"},
        {"body": []},
        {"body": None},
        {"note": "unasked for"},
    ],
    ids=str,
)
def test_a_field_out_of_shape_is_refused(changes: dict[str, object]):
    with pytest.raises(Problem) as caught:
        envelope.decode(a_line(**changes))
    assert caught.value.code == "fact.malformed"


@pytest.mark.parametrize("field", ["id", "desk", "by", "boot", "kind"])
def test_a_line_break_behind_a_field_is_refused(field: str):
    """`$` in a regular expression also matches before a last line break."""
    value = strictjson.loads(a_line())[field]
    with pytest.raises(Problem):
        envelope.decode(a_line(**{field: value + "\n"}))


@pytest.mark.parametrize("field", ["v", "id", "seq", "kind", "at", "mono", "boot", "desk", "by", "body"])
def test_no_field_may_be_left_out(field: str):
    fields = strictjson.loads(a_line())
    del fields[field]
    with pytest.raises(Problem):
        envelope.decode(strictjson.dumps(fields))


@pytest.mark.parametrize(
    "line", [b"{\n}", b"[]", b"1", b"null", b"", a_line().replace(b",", b",\n", 1), a_line() + b"\r"]
)
def test_what_is_no_line_is_refused(line: bytes):
    with pytest.raises(Problem):
        envelope.decode(line)


def test_a_line_has_a_longest():
    with pytest.raises(Problem) as caught:
        envelope.decode(a_line(body={"a": "a" * envelope.LINE_LIMIT}))
    assert caught.value.code == "json.malformed"


@pytest.mark.parametrize(
    ("moment", "bucket"),
    [
        ("2027-03-14T15:59:59+00:00", ("2027-03-14", 23)),
        ("2027-03-14T16:00:00+00:00", ("2027-03-15", 0)),
        ("2027-03-15T09:30:00+08:00", ("2027-03-15", 9)),
    ],
)
def test_days_and_hours_are_beijing_s(moment: str, bucket: tuple[str, int]):
    assert envelope.day_and_hour(datetime.fromisoformat(moment)) == bucket
