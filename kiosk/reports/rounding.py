"""Numbers as the words of a summary say them: exact, or rounded where the organiser chose that, never untruly. Pure.

"2万余" is said only of more than 20,000, "近1万" only of what lacks at most 5 % of 10,000.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from kiosk.packs.model import Text

#: How far below its base a number may be that is said to be near it, and above the base that is chosen for it.
NEAR, OVER = Decimal("0.05"), Decimal("0.05")
#: Words a token may ask for → what they ask for, and how it is said.
_STYLES = {
    "about": ("about", "余"), "over": ("over", "余"), "余": ("over", "余"), "多": ("over", "多"),
    "near": ("near", "近"), "近": ("near", "近"),
}  # fmt: skip
_BASE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,4})?)([万亿]?)")
_TIMES = {"": 1, "万": 10_000, "亿": 100_000_000}
#: Smaller numbers are said as they are, unless a word is asked for by name.
_SMALL = 100

NOT_A_STYLE = Text("没有这种写法；可以写 about、余、多、近。", "There is no such wording; there are about, over, near.")
_NO_BASE = Text("“余”“近”后面的整数看不懂，例如 余:2万。", "The round number is not understood; write over:20000.")
_NOT_ABOVE = Text(
    "“余”“多”只用在比整数多、又不到下一个整数的时候；这里写准确数。",
    "“More than” is only said of what is above a round number and below the next; the exact number stands.",
)
_NOT_BELOW = Text(
    "“近”只用在比整数少、相差不超过5%的时候；这里写准确数。",
    "“Nearly” is only said of what lacks at most 5 % of a round number; the exact number stands.",
)


class Rounded(msgspec.Struct, frozen=True):
    """A number in words, without its unit: what stands before it, itself, what stands after it."""

    before: str
    number: str
    after: str
    base: Decimal  # what is said
    refused: Text | None = None  # why it is exact though something else was asked for

    @property
    def is_exact(self) -> bool:
        return not self.before and not self.after


def exact(n: Decimal, refused: Text | None = None) -> Rounded:
    return Rounded("", plain(n), "", n, refused)


def plain(n: Decimal) -> str:
    """Digits alone; of what has two places nothing but noughts, none."""
    return str(n.quantize(Decimal(1)) if n == n.to_integral_value() else n)


def tens(n: Decimal) -> str:
    """A round number as papers write it: `20000` → `2万`, `5500` → `5500`."""
    for word in ("亿", "万"):
        if abs(n) >= _TIMES[word]:
            return f"{(n / _TIMES[word]).normalize():f}{word}"
    return plain(n)


def wan(yuan: Decimal) -> str:
    """Money in 万元, two places, halves up."""
    return str((yuan / 10_000).quantize(Decimal("0.01"), ROUND_HALF_UP))


def rounded(n: Decimal, style: str) -> Rounded:
    """A number in the words that were asked for; exact, with the reason, where they would not be true."""
    name, _, wanted = style.partition(":")
    if name not in _STYLES:
        return exact(n, NOT_A_STYLE)
    how, word = _STYLES[name]
    base = None
    if wanted:
        base = _base(wanted)
        if base is None:
            return exact(n, _NO_BASE)
    if how == "about":
        return exact(n, _NO_BASE) if wanted else _about(n)
    return _over(n, base, word) if how == "over" else _near(n, base)


def _base(text: str) -> Decimal | None:
    found = _BASE.fullmatch(text)
    if not found:
        return None
    n = Decimal(found[1]) * _TIMES[found[2]]
    return n if n >= 10 and n % 10 == 0 else None


def _about(n: Decimal) -> Rounded:
    """Whichever is true and closest to what people would say; a round number is itself."""
    if n < _SMALL:
        return exact(n)
    for digits in (1, 2):
        floor, unit = _floor(n, digits)
        if n == floor:
            return Rounded("", tens(n), "", n)
        if (n - floor) / n <= OVER:
            return Rounded("", tens(floor), "余", floor)
        if digits == 1 and _is_near(n, floor + unit):
            return Rounded("近", tens(floor + unit), "", floor + unit)
    return Rounded("", tens(floor), "余", floor)


def _over(n: Decimal, base: Decimal | None, word: str) -> Rounded:
    if n < 10:
        return exact(n, _NOT_ABOVE)
    if base is None:
        base = _floor(n, 1)[0]
        if n >= _SMALL and (n - base) / n > OVER:
            base = _floor(n, 2)[0]
    if base < n < base + _step(base):
        return Rounded("", tens(base), word, base)
    return exact(n, _NOT_ABOVE)


def _near(n: Decimal, base: Decimal | None) -> Rounded:
    if n < 10:
        return exact(n, _NOT_BELOW)
    found = [base] if base is not None else [sum(_floor(n, digits), Decimal(0)) for digits in (1, 2)]
    for one in found:
        if one % 10 == 0 and _is_near(n, one):
            return Rounded("近", tens(one), "", one)
    return exact(n, _NOT_BELOW)


def _is_near(n: Decimal, base: Decimal) -> bool:
    return n < base and (base - n) / base <= NEAR


def _floor(n: Decimal, digits: int) -> tuple[Decimal, Decimal]:
    """The number with so many digits and then noughts, not above it; and how far it is to the next of them."""
    unit = Decimal(10) ** max(len(str(int(n))) - digits, 0)
    return n // unit * unit, unit


def _step(base: Decimal) -> Decimal:
    """From a round number to the next of its kind: 20,000 → 10,000; 5,500 → 100."""
    step = Decimal(1)
    while base % (step * 10) == 0:
        step *= 10
    return step
