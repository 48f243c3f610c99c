"""What is made of sums of looks: rates, ranks and a sentence."""

from kiosk.reports.exhibits import LOOKS, exhibits, least_found, most_taken_for_real, sentence


def row(exhibit: str, region: str = "", **numbers: int) -> tuple[str, str, list[int]]:
    return exhibit, region, [numbers.get(name, 0) for name in LOOKS]


def test_an_exhibit_has_its_own_sums_and_those_of_its_regions():
    [one] = exhibits([row("e01", "r2", found=3, missed=1), row("e01", viewed=9, judged=4, right=3), row("e01", "r1")])
    assert (one.viewed, one.judged.n, one.judged.rate) == (9, 4, 0.75)
    assert [(region.id, region.n, region.correct) for region in one.regions] == [("r1", 0, 0), ("r2", 4, 3)]


def test_regions_of_an_exhibit_nobody_looked_at_are_told_all_the_same():
    [one] = exhibits([row("e07", "r1", missed=2)])
    assert (one.id, one.viewed, one.regions[0].rate) == ("e07", 0, 0.0)


def test_nothing_is_ranked_on_fewer_than_thirty_tries():
    few, enough = row("e01", judged=29), row("e02", judged=30, right=20)
    assert [one.id for one in most_taken_for_real(exhibits([few, enough]))] == ["e02"]


def test_a_fake_that_nobody_took_for_real_is_not_among_those_most_taken_for_real():
    assert most_taken_for_real(exhibits([row("e01", judged=50, right=50)])) == []


def test_the_place_found_least_often_comes_first():
    some = exhibits([row("e01", "r1", found=30, missed=10), row("e02", "r1", found=1, missed=39)])
    assert [(one.id, region.id) for one, region in least_found(some)] == [("e02", "r1"), ("e01", "r1")]


def test_the_sentence_says_what_was_measured_in_both_languages():
    some = exhibits([row("e01", viewed=1_200, judged=100, right=40)])
    assert sentence(some, "饼干", "zh") == (
        "展品被观看 1,200 次，辨别 100 次，认出假货的占 40.0%。最常被当成真货的是“饼干”，60.0% 的人认错。"
    )
    assert sentence(some, "biscuits", "en") == (
        "Exhibits were looked at 1,200 times; of 100 judgements 40.0% told the fake. "
        "Most often taken for real: biscuits, by 60.0%."
    )
    few = exhibits([row("e01", viewed=3, judged=2, right=2), row("e02", judged=27, right=10)])
    assert sentence(few, "", "zh") == "展品被观看 3 次，辨别 29 次，其中 12 次认出假货。"
    assert sentence(few, "", "en") == "Exhibits were looked at 3 times; of 29 judgements 12 told the fake."
    assert sentence([], "", "zh") == "还没有人辨别展品。"
