"""What people write for a number → the smallest unit it is kept in; and back.

Money is kept in 分, weight in 克, hours in seconds, everything else as it is counted. A number is only ever read one
way: what could be meant in two ways is refused with a word for why.
"""

import re
import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from kiosk.facts.figures import MOST

Fault = Literal["missing", "negative", "letters", "about", "fraction", "unit", "many", "commas"]

#: Unit as it stands behind a number → how many of the smallest unit of its kind it is.
_MONEY = {"分": 1, "角": 10, "元": 100, "块": 100, "yuan": 100}
_WEIGHT = {"克": 1, "g": 1, "斤": 500, "公斤": 1_000, "千克": 1_000, "kg": 1_000, "吨": 1_000_000, "t": 1_000_000}
_TIME = {"秒": 1, "分钟": 60, "小时": 3_600, "h": 3_600}
_KINDS: tuple[Mapping[str, int], ...] = (_MONEY, _WEIGHT, _TIME)
#: A unit as the table has it → the kind it is of, and what a bare number is counted in.
_OF: dict[str, tuple[Mapping[str, int], int]] = {
    "元": (_MONEY, 100),
    "万元": (_MONEY, 1_000_000),
    "克": (_WEIGHT, 1),
    "千克": (_WEIGHT, 1_000),
    "公斤": (_WEIGHT, 1_000),
    "吨": (_WEIGHT, 1_000_000),
    "小时": (_TIME, 3_600),
}
_TENS = {
    "": 1, "百": 100, "千": 1_000, "万": 10_000, "w": 10_000, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8,
}  # fmt: skip
#: Not a number but a word for one; figures are exact.
_ABOUT = re.compile(r"[余多近约几]|左右|以上|以下|approx|about|~|\+$")
_WRITTEN = re.compile(
    r"(?P<sign>[-−–—]?)(?P<number>[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?P<tens>十万|百万|千万|百|千(?!克)|万|亿|w)?(?P<unit>\D*)"
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+")
#: 12 345 is 12,345; 3 15 is neither 315 nor anything else.
_BETWEEN = re.compile(r"(?<=[0-9])\s+(?=[0-9])")
#: How many of the smallest unit one is → places it may have: 1.000 pieces, or 元, may well be a thousand.
_PLACES = {1: 0, 100: 2}
#: What comes along when a number is copied from elsewhere, and nobody sees.
_UNSEEN = str.maketrans("", "", "\ufeff\u200b\u200c\u200d\u2060")
_LONGEST = 40


class Quantity(msgspec.Struct, frozen=True):
    """What was written: `n` in the smallest unit, or why there is none."""

    n: int = 0
    fault: Fault | Literal[""] = ""


def read(text: str, unit: str) -> Quantity:
    """A number as somebody wrote it, for a figure of a unit: "30万", "1,234.50", "3吨", "1.5 小时"."""
    plain = "".join(_BETWEEN.sub(",", unicodedata.normalize("NFKC", text.translate(_UNSEEN))).split()).lower()
    if not plain:
        return Quantity(fault="missing")
    if any(unicodedata.category(letter) == "No" for letter in text):  # 10² is no 102, ①② no 12
        return Quantity(fault="letters")
    if _ABOUT.search(plain):
        return Quantity(fault="about")
    found = _WRITTEN.fullmatch(plain[: _LONGEST + 1])
    if not found:
        return Quantity(fault="letters")
    if found["sign"]:
        return Quantity(fault="negative")
    whole, _, rest = found["number"].partition(".")
    if "," in whole and not _GROUPED.fullmatch(whole):
        return Quantity(fault="commas")
    times = _times(found["unit"], unit)
    if times is None:
        return Quantity(fault="unit" if _is_unit(found["unit"]) else "letters")
    if len(rest) > _PLACES.get(times, _LONGEST) and not found["tens"]:
        return Quantity(fault="fraction")
    exact = Decimal(f"{whole.replace(',', '') or '0'}.{rest or '0'}") * _TENS[found["tens"] or ""] * times
    if exact > MOST:
        return Quantity(fault="many")
    if exact != exact.to_integral_value():
        return Quantity(fault="fraction")
    return Quantity(int(exact))


def _times(written: str, unit: str) -> int | None:
    """How many of the smallest unit one of what stands behind the number is; None where it is of another kind."""
    kind, bare = _OF.get(unit, ({}, 1))
    if written in ("", unit.lower()):
        return bare
    return kind.get(written)


def _is_unit(written: str) -> bool:
    is_word = len(written) <= 2 and written.isalpha() and not written.isascii()
    return is_word or any(written in kind for kind in _KINDS)


def grams_of(unit: str) -> int:
    """How many grams one is, as people write it: 斤 → 500; 0 of what is no weight."""
    return _WEIGHT.get(unicodedata.normalize("NFKC", unit).lower(), 0)


def written(n: int, unit: str) -> str:
    """As a person reads it, without the unit: "300,000", of money "1,234.50", of a weight or hours no idle zeros."""
    kind, bare = _OF.get(unit, ({}, 1))
    if kind is _MONEY and bare == 100:
        return f"{Decimal(n) / 100:,.2f}"
    exact = Decimal(n) / bare
    if exact == exact.to_integral_value():
        return f"{int(exact):,}"
    return f"{exact.quantize(Decimal('0.000001'), ROUND_HALF_UP).normalize():,f}"


def plain(n: int, unit: str) -> str:
    """The same as it goes into a field, without commas: it reads as itself. 50 minutes are no number of hours."""
    kind, bare = _OF.get(unit, ({}, 1))
    if kind is _TIME and n * 10**6 % bare:
        return f"{n // 60}分钟" if n % 60 == 0 else f"{n}秒"
    return written(n, unit).replace(",", "")


def whole_of(unit: str) -> int:
    """How many of the smallest unit one of a figure's unit is: 100 分 are one 元."""
    return _OF.get(unit, ({}, 1))[1]
