"""Numbers of persons: recognised to be refused. Nothing is told of them but that they are."""

import re

from kiosk.codes import arithmetic
from kiosk.codes.writing import DIGIT_FOR, words_of

_DATED = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
_DATED_OF_OLD = re.compile(r"[1-9][0-9]{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}")
_RESIDENT = re.compile(r"[1-9][0-9]{16}[0-9X]")
_MOBILE = re.compile(r"(?:0?0?86)?1[3-9][0-9]{9}")
_RUN = re.compile(r"[0-9]{11,}X?")


def is_personal(text: str) -> bool:
    """Whether a typed text holds what may be an identity, bank card or mobile phone number.

    Rather one too many: who typed a code wrong is asked to look again, whoever typed their own number is safe.
    """
    return any(_is_personal(word) or _is_personal(_in_digits(word)) for word in words_of(text))


def hides(text: str) -> bool:
    """Whether such a number stands behind letters, as in a text that is no code after all."""
    return any(
        _DATED.fullmatch(run)
        or _DATED_OF_OLD.fullmatch(run)
        or _MOBILE.fullmatch(run)
        or (16 <= len(run) <= 19 and arithmetic.luhn(run))
        for word in words_of(text)
        for form in (word, _in_digits(word))
        for run in _RUN.findall(form)
    )


def _is_personal(word: str) -> bool:
    if _RESIDENT.fullmatch(word):
        if _DATED.fullmatch(word) or arithmetic.resident(word):
            return True
        # A unified social credit code may be all digits, most begin with 9; any other is a slip in an identity.
        return not arithmetic.credit_code(word) and (not word.startswith("9") or arithmetic.luhn(word))
    if len(word) == 15 and arithmetic.is_digits(word):  # identity numbers of old, and those of phones
        return True
    if _MOBILE.fullmatch(word):
        return True
    return 13 <= len(word) <= 19 and _is_card(word)


def _is_card(word: str) -> bool:
    return arithmetic.luhn(word) and not (len(word) in (13, 14) and arithmetic.gtin(word))


def _in_digits(word: str) -> str:
    """With digits for letters that look like them, where most are digits anyway."""
    digits = sum(sign.isdigit() for sign in word)
    if digits < 9 or not re.fullmatch(r"[0-9OQDILZSB]+X?", word):
        return word
    return word.translate(DIGIT_FOR)
