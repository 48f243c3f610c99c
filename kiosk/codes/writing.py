"""What was typed → the characters of a code: one width, one case, no spaces; look-alikes are told, never changed."""

import unicodedata
from collections.abc import Iterable

#: Characters of a text that is looked at; nothing on a packet is so long.
LONGEST = 120
#: What is mistaken for a digit where only digits can stand.
DIGIT_FOR = str.maketrans("OQDILZSB", "00011258")
#: Greek and Cyrillic letters that look like Latin ones.
_LATIN_FOR = str.maketrans("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIJKMHOPCTYXABEZHIKMNOPTYX")
#: Words before a number that are not part of it. The longer ones stand first.
_LABELS = (
    "统一社会信用代码", "食品生产许可证编号", "食品经营许可证编号", "食品生产许可证", "食品经营许可证",
    "生产许可证编号", "许可证编号", "医疗器械注册证编号", "注册证编号", "注册编号", "备案编号", "备案号", "批准文号",
    "农药登记证号", "登记证号", "车辆识别代号", "车架号", "商品条码", "条形码", "信用代码", "许可证号", "条码",
    "ISBN13", "ISBN10", "ISBN", "VIN", "GTIN", "EAN13", "EAN8", "EAN", "UPC",
)  # fmt: skip


def tidy(text: str) -> str:
    """Full-width and other digits become ordinary, letters large; spaces, hyphens and invisible signs go."""
    wide = unicodedata.normalize("NFKC", text[:LONGEST]).upper()
    kept = (_digit(sign) for sign in wide if unicodedata.category(sign) not in {"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"})
    return "".join(kept)[: 2 * LONGEST]


def without_label(code: str) -> str:
    """The number itself, without the words that stand before it on a packet."""
    for label in _LABELS:
        if code.startswith(label) and len(code) > len(label):
            code = code.removeprefix(label)
            break
    return code.strip(":.;,。、号")


def in_latin(code: str) -> str:
    """With Latin letters for those that only look like them."""
    return code.translate(_LATIN_FOR)


def words_of(text: str) -> Iterable[str]:
    """Each run of Latin letters and digits: of the tidied text, without punctuation too, and as it was spaced."""
    whole = tidy(text)
    yield from _runs(whole)
    yield from _runs("".join(sign for sign in whole if unicodedata.category(sign)[0] not in "PS"))
    for part in text[:LONGEST].split():
        yield from _runs(tidy(part))


def _runs(code: str) -> Iterable[str]:
    yield from "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in in_latin(code)).split()


def _digit(sign: str) -> str:
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)
