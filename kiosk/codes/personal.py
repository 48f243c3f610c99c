"""Numbers of persons: recognised to be refused. Nothing is told of them but that they are."""

import re
import unicodedata

from kiosk.codes import arithmetic
from kiosk.codes.writing import DIGIT_FOR, LONGEST, in_one_width, without_signs, words_of

_DATED = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
_DATED_OF_OLD = re.compile(r"[1-9][0-9]{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}")
_RESIDENT = re.compile(r"[1-9][0-9]{16}[0-9X]")
_MOBILE = re.compile(r"(?:0?0?86)?0?1[3-9][0-9]{9}")
#: As it is spoken: three digits, four and four, whatever comes after them.
_SPOKEN_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9](?:[\W_]{1,3}[0-9]{4}){2}(?![0-9])")
#: Passports and permits; a registration number is told from them by its words alone.
_PERMIT = re.compile(r"[A-Z][0-9]{8}样?")
#: Written so, these are codes for certain, and parts of them say nothing.
_CODE = re.compile(r"[^0-9A-Z]*(?:[123][0-9]{6}[123][0-9]{24}|JY[123][0-9]{13}|UPCA?[0-9]{12})[^0-9A-Z]*")
#: One after the other, a digit too few or too many: what begins so is no trace code.
_TWO_CARDS = re.compile(r"[3-6][0-9]{14,15}[3-6][0-9]{14,16}")
_LICENCE = re.compile(r"[123][0-9]{13}")
_RUN = re.compile(r"[0-9]{11,}X?")
_DIGITS = arithmetic.DIGITS + "０１２３４５６７８９"


def _unsent() -> str:
    """What a field on a phone does not send, as its `pattern`: no check character can be worked out there.

    Mobile numbers, 15 to 19 digits, and foreigners' identity numbers, anywhere in the text; digits of either width, and
    between them whatever is neither letter nor digit. 32 digits that can be a trace code are let through.
    """
    between = r"[^\p{L}\p{N}]*"

    def spaced(*digits: str) -> str:
        """Digits one after the other, each a class such as "1-8"."""
        wide = {ord(digit): chr(ord(digit) + 0xFEE0) for digit in arithmetic.DIGITS}
        return between.join(f"[{one}{one.translate(wide)}]" for one in digits)

    anything = ("0-9",)
    dialled = f"(?:(?:{spaced('0')}{between})*{spaced('8', '6')}{between})?(?:{spaced('0')}{between})?"
    mobile = dialled + spaced("1", "3-9", *anything * 9)
    last = f"(?:{between}[0-9０-９Xx])"
    identity = f"{spaced('1-8', *anything * 14)}{last}{{0,4}}"
    year = f"(?:{spaced('1', '89')}|{spaced('2', '0')})"
    day = between.join((year, spaced("0-9", "0-9", "01", "0-9", "0-3", "0-9")))
    foreign = between.join((spaced("9", *anything * 5), day, spaced(*anything * 3))) + last
    trace = between.join(("", spaced("1-3", *anything * 6, "1-3", *anything * 24), ""))
    return f"{trace}|(?!.*(?<![0-9０-９])(?:{mobile}|{identity}|{foreign})(?![0-9０-９])).*"


UNSENT = _unsent()


def is_personal(text: str) -> bool:
    """Whether a typed text holds what may be an identity, bank card or mobile phone number.

    Rather one too many: who typed a code wrong is asked to look again, whoever typed their own number is safe.
    """
    whole = without_signs(text)
    if _PERMIT.fullmatch(whole) or _SPOKEN_MOBILE.search(in_one_width(text)):
        return True
    if _CODE.fullmatch(whole):
        return False
    return any(_is_personal(word) or _is_personal(_in_digits(word)) for word in words_of(text))


def stands_in(text: str) -> bool:
    """Whether such a number stands anywhere in a text of any length, behind letters or not.

    Looked at piece by piece, each begun within the one before. Digits at a cut are left to the piece that has them all.
    """
    half = LONGEST // 2
    return any(
        is_personal(piece) or hides(piece)
        for start in range(0, max(1, len(text) - half), half)
        for piece in [_uncut(text, start, start + LONGEST)]
    )


def _uncut(text: str, start: int, end: int) -> str:
    piece = text[start:end]
    if start and text[start - 1].isdigit():
        piece = piece.lstrip(_DIGITS)
    return piece.rstrip(_DIGITS) if text[end : end + 1].isdigit() else piece


#: As they are typed on a form: digits with a blank or hyphen between some. A telephone number is not among them.
_TYPED_RUN = re.compile(r"(?<![0-9A-Z])[0-9](?:[ -]?[0-9]){14,18}(?:[ -]?X)?(?![0-9A-Z])")
_BANK_CARD = re.compile(r"(?:62|5[1-5]|4[0-9])[0-9]{14}|62[0-9]{15,17}|3[47][0-9]{13}")


def is_told(text: str) -> bool:
    """Whether an identity or bank card number stands somewhere in what a person told, e.g. in a complaint.

    Order numbers, parcels and telephone numbers belong there and pass: only what bears a date of birth, or begins as a
    bank card does and checks, is taken for one.
    """
    for found in _TYPED_RUN.findall(unicodedata.normalize("NFKC", text).upper()):
        run = re.sub(r"[ -]", "", found)
        if _DATED.fullmatch(run) or (_BANK_CARD.fullmatch(run) and arithmetic.luhn(run)):
            return True
    return False


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
    if _TWO_CARDS.fullmatch(word):
        return True
    return 13 <= len(word) <= 19 and _is_card(word)


def _is_card(word: str) -> bool:
    if len(word) in (13, 14) and arithmetic.gtin(word):
        return False
    return arithmetic.luhn(word) and not (_LICENCE.fullmatch(word) and arithmetic.mod_11_10(word))


def _in_digits(word: str) -> str:
    """With digits for letters that look like them, where most are digits anyway."""
    digits = sum(sign.isdigit() for sign in word)
    if digits < 9 or not re.fullmatch(r"[0-9OQDILZSB]+X?", word):
        return word
    return word.translate(DIGIT_FOR)
