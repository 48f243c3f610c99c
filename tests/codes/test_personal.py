"""Numbers of persons in what somebody tells: refused where they stand, and nothing that belongs to a story is."""

import pytest

from kiosk.codes.personal import is_told


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",
        "我叫张三，身份证 110105 19491231 002X，请尽快。",
        "证号１１０１０５１９４９１２３１００２１",
        "11010519491231002x",
        "付款卡号 6222-0212-3456-7890-12",
        "4111 1111 1111 1111",
        "办卡用的378282246310005",
    ],
)
def test_an_identity_or_bank_card_number_is_noticed_wherever_it_stands(text: str):
    assert is_told(text)
    assert is_told("他说：" * 400 + text + "。" * 400)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "电话 13800000000，座机 010-12345678",
        "订单号 1234567890123456789",
        "单号 SF1234567890123",
        "流水 4200001234202703151234567890",
        "2027-03-15 买的，2027-03-16 坏的，付了 1,280.50 元",
        "6222021234567890129",  # one digit wrong
        "代码 91350100M000100Y43",
    ],
)
def test_what_belongs_to_a_story_is_not_taken_for_one(text: str):
    assert not is_told(text)
