"""One strict JSON reader for everything that comes from outside.

`json.loads` accepts UTF-16, NaN, duplicate keys, lone surrogates and integers no database can hold.
Each of those has broken a real system; here each is a problem with a reason.
"""

import json
import math
from typing import Any, NoReturn

from kiosk.errors import JSON_MALFORMED, Problem

DEPTH = 16
_INT64 = 2**63
#: `json.dumps` makes a new one each time it is told anything.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def loads(data: bytes, limit: int = 64 * 1024) -> Any:
    """Parse at most `limit` bytes of UTF-8 JSON. Raises `json.malformed` with the reason."""
    if len(data) > limit:
        _refuse(f"more than {limit} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("not UTF-8")
    _check_depth(data)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_bounded_int,
            parse_float=_finite,
            parse_constant=lambda word: _refuse(f"{word} is not a number"),
        )
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg} at character {error.pos}")
    if b"\\u" in data:
        _check_text(value)
    return value


def dumps(value: Any) -> bytes:
    """Write a value once, compactly, as UTF-8. What is written is kept; nobody writes it again."""
    return _ENCODER.encode(value).encode()


def _refuse(reason: str) -> NoReturn:
    raise Problem(JSON_MALFORMED, reason=reason)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("a key stands twice")
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > 20 or not -_INT64 <= int(digits) < _INT64:
        _refuse("a whole number is out of range")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("a number is out of range")
    return number


def _check_depth(data: bytes) -> None:
    """Before it is parsed: the parser itself goes as deep as its stack."""
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return
    outside = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]  # of strings
    brackets = left = b"".join(outside).translate(None, _NO_BRACKETS)
    for _ in range(DEPTH):  # each time the innermost go, which is far quicker than to count one by one
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    depth = 0
    for bracket in brackets if left else b"":
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH:
            _refuse(f"nested deeper than {DEPTH}")


def _check_text(value: Any) -> None:
    """Escapes can smuggle in what UTF-8 cannot hold (lone surrogates) and PostgreSQL will not (NUL)."""
    match value:
        case str() if "\x00" in value:
            _refuse("text holds a NUL character")
        case str() if any("\ud800" <= letter <= "\udfff" for letter in value):
            _refuse("text holds half a character")
        case list():
            for item in value:
                _check_text(item)
        case dict():
            for key, item in value.items():
                _check_text(key)
                _check_text(item)
