"""The laws a pack may cite, and the days each is in force in the version that was read."""

from typing import Annotated

import msgspec

from kiosk.packs.model import Item
from kiosk.values import Date

#: The number of one.
Article = Annotated[int, msgspec.Meta(ge=1, le=9999)]
_DIGITS = "零一二三四五六七八九"


class Law(Item, frozen=True, kw_only=True):
    """A law, regulation or interpretation, in the version that what cites it was written from."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]  # as it is cited: 消费者权益保护法
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]  # as it calls itself: 2013-10-25第二次修正
    valid_from: Date  # in force; where only the day of its last amendment is known, that day
    valid_until: Date | None


def article_cn(number: int) -> str:
    """The number of an article as laws write it, 1 to 9,999: 24 → 第二十四条."""
    return f"第{_in_chinese(number)}条"


def _in_chinese(number: int) -> str:
    text, gap = "", False
    for value, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // value % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + unit
        gap = digit == 0
    return text.removeprefix("一") if 10 <= number < 20 else text
