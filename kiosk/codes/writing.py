"""What was typed → the characters of a code: one width, one case, no spaces; look-alikes are told, never changed."""

import unicodedata
from collections.abc import Iterable

#: Characters of a text that is looked at; nothing on a packet is so long.
LONGEST = 120
#: What is mistaken for a digit where only digits can stand.
DIGIT_FOR = str.maketrans("OQDILZSB", "00011258")
_NOT_KEPT = {"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"}
#: Greek and Cyrillic letters that look like Latin ones.
_LATIN_FOR = str.maketrans("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIJKMHOPCTYXABEZHIKMNOPTYX")
#: Words before a number that are not part of it. The longer ones stand first.
_LABELS = (
    "统一社会信用代码", "食品生产许可证编号", "食品经营许可证编号", "食品生产许可证", "食品经营许可证",
    "生产许可证编号", "许可证编号", "医疗器械注册证编号", "注册证编号", "注册编号", "备案编号", "备案号", "批准文号",
    "农药登记证号", "登记证号", "车辆识别代号", "车架号", "商品条码", "条形码", "信用代码", "许可证号", "条码",
    "农药追溯码", "追溯码",
    "ISBN13", "ISBN10", "ISBN", "ISMN", "VIN", "GTIN", "EAN13", "EAN8", "EAN", "UPCA", "UPCE", "UPC",
)  # fmt: skip


def tidy(text: str) -> str:
    """Full-width and other digits become ordinary, letters large; spaces, hyphens and invisible signs go."""
    kept = (sign for sign in in_one_width(text) if unicodedata.category(sign) not in _NOT_KEPT)
    return "".join(kept)[: 2 * LONGEST]


def in_one_width(text: str) -> str:
    """Full-width and other digits become ordinary, letters large; all else stays where it is."""
    return "".join(_digit(sign) for sign in unicodedata.normalize("NFKC", text[:LONGEST]).upper())


def label_of(code: str) -> str:
    """The words that stand before a number on a packet; "" where there are none."""
    return next((label for label in _LABELS if code.startswith(label) and len(code) > len(label)), "")


def without_label(code: str) -> str:
    """The number itself, without such words, and without the one that says that it is only a sample."""
    return code.removeprefix(label_of(code)).replace(":", "").strip(".;,。、号").removesuffix("(样)")


def in_latin(code: str) -> str:
    """With Latin letters for those that only look like them."""
    return code.translate(_LATIN_FOR)


def words_of(text: str) -> Iterable[str]:
    """Each run of Latin letters and digits: of the whole, without punctuation too, and as it was spaced and dashed."""
    yield from _runs(tidy(text))
    yield from _runs(without_signs(text))
    for part in text[:LONGEST].split():
        yield from _runs(tidy(part))
    yield from _runs(in_one_width(text))


def without_signs(text: str) -> str:
    """The tidied text, in Latin letters for those that look so, without punctuation."""
    return in_latin("".join(sign for sign in tidy(text) if unicodedata.category(sign)[0] not in "PS"))


def _runs(code: str) -> Iterable[str]:
    yield from "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in in_latin(code)).split()


def _digit(sign: str) -> str:
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)
