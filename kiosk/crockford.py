"""Crockford's base 32: what people read out and type. No I, L, O or U; look-alikes are taken for what they are."""

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = ALPHABET + "*~$=U"  # Crockford's five more, for remainders from 32 on
_LOOKALIKES = str.maketrans("OIL", "011")
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}


def write(number: int, length: int) -> str:
    """`length` symbols, most significant first."""
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 32)
        text = ALPHABET[digit] + text
    return text


def normal(typed: str) -> str:
    """What a person typed, without blanks, hyphens and the like, in capitals, look-alikes put right."""
    return re.sub(r"[\W_]", "", typed.upper()).translate(_LOOKALIKES)


def read(typed: str, length: int) -> int | None:
    """The number, or None where what was typed is not `length` symbols."""
    text = normal(typed)
    if len(text) != length or any(symbol not in _VALUES for symbol in text):
        return None
    number = 0
    for symbol in text:
        number = number * 32 + _VALUES[symbol]
    return number


def check_symbol(text: str) -> str:
    """The symbol that tells a slip of the pen: modulo 37, which notices any one symbol changed or two exchanged.

    One of 37, of which only the first 32 are in `ALPHABET`: who makes codes draws again until it is one of these.
    """
    number = read(text, len(text))
    assert number is not None
    return _CHECKS[number % 37]
