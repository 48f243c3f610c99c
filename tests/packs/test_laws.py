"""Numbers of articles as laws write them."""

import pytest

from kiosk.packs.laws import article_cn

CASES = {
    1: "一", 9: "九", 10: "十", 11: "十一", 20: "二十", 24: "二十四", 99: "九十九", 100: "一百", 101: "一百零一",
    110: "一百一十", 115: "一百一十五", 148: "一百四十八", 200: "二百", 1000: "一千",
    1002: "一千零二", 1010: "一千零一十", 1024: "一千零二十四", 1165: "一千一百六十五", 1260: "一千二百六十",
}  # fmt: skip


@pytest.mark.parametrize(("number", "words"), CASES.items())
def test_an_article_is_numbered_as_laws_do(number: int, words: str):
    assert article_cn(number) == f"第{words}条"
