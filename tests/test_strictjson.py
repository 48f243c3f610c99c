"""Whatever comes from outside is read here, or refused with a reason."""

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import strictjson
from kiosk.errors import Problem

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    _SCALARS | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)

MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing at all": (b"", "Expecting value"),
    "half a list": (b"[1,", "Expecting value"),
    "something behind the value": (b"{} {}", "Extra data"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "BOM"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "not UTF-8"),
    "UTF-16 without a mark": ('"中"'.encode("utf-16-le"), "Invalid control character"),
    "a broken byte": (b'"\xff"', "not UTF-8"),
    "a surrogate as bytes": (b'"\xed\xa0\x80"', "not UTF-8"),
    "half a character": (rb'"\ud800"', "half a character"),
    "half a character in a key": (rb'{"\udfff":1}', "half a character"),
    "half a character far inside": (rb'[[{"a":["\ud800"]}]]', "half a character"),
    "a NUL": (rb'"a\u0000b"', "NUL"),
    "a raw NUL": (b'"\x00"', "Invalid control character"),
    "a raw line break": (b'"\n"', "Invalid control character"),
    "not a number": (b"NaN", "NaN is not a number"),
    "the infinite": (b"[-Infinity]", "-Infinity is not a number"),
    "more than a float holds": (b"1e999", "out of range"),
    "2^63": (b"9223372036854775808", "out of range"),
    "less than -2^63": (b"-9223372036854775809", "out of range"),
    "5,000 digits": (b"9" * 5000, "out of range"),
    "a key twice": (b'{"a":1,"a":1}', "a key stands twice"),
    "a key twice, once in disguise": (rb'{"a":1,"\u0061":2}', "a key stands twice"),
    "one list too deep": (b"[" * 17 + b"]" * 17, "nested deeper than 16"),
    "a hundred thousand lists": (b"[" * 60_000, "nested deeper than 16"),
    "objects too deep": (b'{"a":' * 17 + b"1" + b"}" * 17, "nested deeper than 16"),
    "too much": (b'"' + b"a" * 64 * 1024 + b'"', "more than 65536 bytes"),
}


@pytest.mark.parametrize(("data", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_refused_with_its_reason(data: bytes, reason: str):
    with pytest.raises(Problem) as caught:
        strictjson.loads(data)
    assert caught.value.code == "json.malformed"
    assert reason in str(caught.value.details["reason"])


@given(VALUES)
def test_what_is_written_is_read_back(value: Any):
    assert strictjson.loads(strictjson.dumps(value)) == value


@given(VALUES)
def test_what_is_read_is_written_back_byte_by_byte(value: Any):
    line = strictjson.dumps(value)
    assert strictjson.dumps(strictjson.loads(line)) == line


@given(st.binary(max_size=60) | _TEXT.map(str.encode))
def test_no_bytes_raise_anything_but_a_problem(data: bytes):
    with suppress(Problem):
        strictjson.loads(data)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), "😀", "\u2028", [[[]]], "[" * 40, '\\"[{' * 40])
def test_the_outermost_of_what_is_allowed_is_read(value: Any):
    assert strictjson.loads(strictjson.dumps(value)) == value


def test_sixteen_lists_deep_is_deep_enough():
    assert strictjson.loads(b"[" * 16 + b"]" * 16)


def test_a_pair_of_escaped_halves_is_one_character():
    assert strictjson.loads(rb'"\ud83d\ude00"') == "😀"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_written(value: float):
    with pytest.raises(ValueError, match="JSON compliant"):
        strictjson.dumps(value)


def test_an_open_string_of_escapes_costs_no_more_than_its_length():
    """Whoever can send 60 KB must not be able to buy a minute of the hub's time with it."""
    began = time.process_time()
    with pytest.raises(Problem):
        strictjson.loads(b'["' + rb"\"" * 30_000 + b"[]" * 20)
    assert time.process_time() - began < 5
