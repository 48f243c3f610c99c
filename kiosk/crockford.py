"""Crockford's base 32: what people read out and type. No I, L, O or U; look-alikes are taken for what they are."""

import re
from collections.abc import Iterable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = ALPHABET + "*~$=U"  # Crockford's five more, for remainders from 32 on
_LOOKALIKES = str.maketrans("OIL", "011")
_GAPS = re.compile(r"[\W_]")
_SYMBOLS = re.compile(f"[{ALPHABET}]*")
#: As Python writes base 32, which it reads at once.
_AS_DIGITS = str.maketrans(ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")


def write(number: int, length: int) -> str:
    """`length` symbols, most significant first."""
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 32)
        text = ALPHABET[digit] + text
    return text


def normal(typed: str) -> str:
    """What a person typed, without blanks, hyphens and the like, in capitals, look-alikes put right."""
    if _SYMBOLS.fullmatch(typed):  # as it is kept: it has been here before
        return typed
    return _GAPS.sub("", typed.upper()).translate(_LOOKALIKES)


def read(typed: str, length: int) -> int | None:
    """The number, or None where what was typed is not `length` symbols."""
    text = normal(typed)
    if len(text) != length or not _SYMBOLS.fullmatch(text):
        return None
    return int(text.translate(_AS_DIGITS) or "0", 32)


def check_symbol(text: str) -> str:
    """The symbol that tells a slip of the pen: modulo 37, which notices any one symbol changed or two exchanged.

    One of 37, of which only the first 32 are in `ALPHABET`; `write_checked` goes on until it is one of these.
    """
    number = read(text, len(text))
    assert number is not None
    return _CHECKS[number % 37]


def write_checked(numbers: Iterable[int], length: int) -> str:
    """A code of `length` symbols, the last of which checks the others, e.g. `7KQ2-M0ZR`.

    It is made of the first number whose check symbol people can read out; 32 in 37 have one.
    """
    for number in numbers:
        text = write(number, length - 1)
        check = check_symbol(text)
        if check in ALPHABET:
            return hyphenated(text + check)
    raise AssertionError("a source of numbers ran dry")


def normal_checked(typed: str, length: int) -> str | None:
    """What a person typed, as `write_checked` writes it; None where it cannot be such a code."""
    text = normal(typed)
    if read(text, length) is None or check_symbol(text[:-1]) != text[-1]:
        return None
    return hyphenated(text)


def hyphenated(text: str) -> str:
    """As people copy it: `7KQ2M0ZR` → `7KQ2-M0ZR`."""
    return f"{text[:4]}-{text[4:]}"
