"""The sentence says complete, or exactly what is missing; and never the one for the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.packs.model import Text
from kiosk.reports.completeness import Lack, Standing, clock, sentence, stretches

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def lack(n: int, desk: str = "d03") -> Lack:
    return Lack(Text(f"民生广场 {desk}", f"Minsheng Square {desk}"), n)


@pytest.mark.parametrize(
    ("standing", "zh", "en"),
    [
        (Standing(0, 0), "还没有平板登记。", "No tablet is enrolled yet."),
        (Standing(0, 0, bare=20), "还没有平板登记。", "No tablet is enrolled yet."),
        (
            Standing(20, 8412),
            "全部到齐：20 台平板、8,412 条记录，无缺口、无分叉。",
            "All is here: 20 tablets, 8,412 facts, no gap, no fork.",
        ),
        (
            Standing(1, 1, slips=1),
            "全部到齐：1 台平板、1 条记录，无缺口、无分叉；日结单全部一致。",
            "All is here: 1 tablet, 1 fact, no gap, no fork; all day slips agree.",
        ),
        (
            Standing(20, 8412, slips=18, quarantined=3, bare=2),
            (
                "20 台平板的记录到齐：8,412 条，无缺口、无分叉；日结单收到 18 张，都一致；"
                "其中 3 条用不上，已留存待处理；2 个服务台还没登记平板。"
            ),
            (
                "Here from 20 tablets: 8,412 facts, no gap, no fork; 18 day slips received, without a difference; "
                "3 of them cannot be used and wait for somebody; 2 desks with no tablet enrolled yet."
            ),
        ),
        (
            Standing(20, 8355, lacks=[lack(17, "d07"), lack(40)], forked=2, silent=1),
            "还差 57 条：民生广场 d03 缺 40 条、民生广场 d07 缺 17 条；2 台分叉；1 台无声。",
            "57 facts still missing: Minsheng Square d03 lacks 40, Minsheng Square d07 lacks 17; 2 forked; 1 silent.",
        ),
        (
            Standing(20, 1, lacks=[lack(n, f"d0{n}") for n in (1, 2, 3, 4, 5)]),
            "还差 15 条：民生广场 d05 缺 5 条、民生广场 d04 缺 4 条、民生广场 d03 缺 3 条、另 2 台缺 3 条。",
            (
                "15 facts still missing: Minsheng Square d05 lacks 5, Minsheng Square d04 lacks 4, "
                "Minsheng Square d03 lacks 3, 2 more lack 3."
            ),
        ),
        (
            Standing(3, 9, differing=1, never=1, blobs=1),
            "还不能算到齐：1 张日结单不一致；1 台登记后没有联系过；1 份加密内容没到。",
            (
                "Not complete yet: 1 day slip with other facts; 1 never heard of since enrolling; "
                "1 sealed complaint not arrived."
            ),
        ),
        (
            Standing(3, 9, lacks=[lack(1)], slips=2, quarantined=4, bare=5),
            "还差 1 条：民生广场 d03 缺 1 条。",
            "1 fact still missing: Minsheng Square d03 lacks 1.",
        ),
        (Standing(1000, 1_500_000, silent=1000), "还不能算到齐：1,000 台无声。", "Not complete yet: 1,000 silent."),
    ],
)
def test_the_sentence(standing, zh, en):
    assert (sentence(standing, "zh"), sentence(standing, "en")) == (zh, en)


_few = st.integers(0, 3)


@given(
    st.builds(
        Standing, tablets=_few, facts=_few, lacks=st.lists(_few.map(lack), max_size=5), forked=_few, differing=_few,
        never=_few, silent=_few, blobs=_few, slips=_few, quarantined=_few, bare=_few,
    )
)  # fmt: skip
def test_it_claims_completeness_exactly_when_nothing_is_missing_and_nobody_is_unheard(standing):
    worries = (
        standing.missing, standing.forked, standing.differing, standing.never, standing.silent, standing.blobs,
    )  # fmt: skip
    claims = sentence(standing, "zh").startswith("全部到齐"), sentence(standing, "en").startswith("All is here")
    assert standing.is_whole == (standing.tablets > 0 and not any(worries))
    assert claims == (standing.is_all, standing.is_all) == (standing.is_whole and not standing.bare,) * 2


def test_gaps_are_told_as_stretches_and_of_many_the_first():
    assert stretches([(101, 120), (133, 133)], "zh") == "101–120、133"
    assert stretches([(101, 120), (133, 133)], "en") == "101–120, 133"
    many = [(n * 10, n * 10 + 1) for n in range(1, 8)]
    assert stretches(many, "zh") == "10–11、20–21、30–31、40–41等 7 段"
    assert stretches(many, "en") == "10–11, 20–21, 30–31, 40–41 and 3 more"


@pytest.mark.parametrize(
    ("skew", "zh", "en"),
    [
        (None, "", ""),
        (0, "", ""),
        (MINUTE - 1, "", ""),
        (1 - MINUTE, "", ""),
        (MINUTE, "慢 1 分钟", "1 minute slow"),
        (-3 * MINUTE - 59_999, "快 3 分钟", "3 minutes fast"),
        (DAY + 2 * HOUR + 5 * MINUTE, "慢 1 天 2 小时", "1 day 2 hours slow"),
        (-400 * DAY, "快 400 天", "400 days fast"),
        (2 * HOUR, "慢 2 小时", "2 hours slow"),
    ],
)
def test_a_clock_is_told_as_a_person_would(skew, zh, en):
    assert (clock(skew, "zh"), clock(skew, "en")) == (zh, en)
