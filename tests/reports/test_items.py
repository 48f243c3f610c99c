"""Rates, intervals, discrimination and ranking against a plain reckoning of the same."""

import math
import statistics

from hypothesis import given
from hypothesis import strategies as st

from kiosk.reports.items import (
    LEAST,
    TIME_EDGES,
    TIMES,
    Item,
    discrimination,
    least_known,
    median_ms,
    ranked,
    sentence,
    time_class,
    together,
    unordered,
    wilson,
)

counts = st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
#: Plays of one length: whether the item was right, and how many of the rest.
stratum = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=80)


def sums(plays: list[tuple[bool, int]]) -> tuple[int, ...]:
    return (
        len(plays),
        sum(right for right, _ in plays),
        sum(rest for _, rest in plays),
        sum(rest * rest for _, rest in plays),
        sum(rest * right for right, rest in plays),
    )


# --- rates ------------------------------------------------------------------------------------------


@given(counts)
def test_the_interval_holds_the_rate_and_its_ends_are_where_the_score_test_just_accepts(told):
    correct, n = told
    low, high = wilson(correct, n)
    assert 0 <= low <= high <= 1
    if n:
        p = correct / n
        assert low <= p <= high
        for end in (low, high):
            if 0 < end < 1:
                z = abs(p - end) / math.sqrt(end * (1 - end) / n)
                assert math.isclose(z, statistics.NormalDist().inv_cdf(0.975), rel_tol=1e-6)


def test_the_interval_is_the_one_in_the_books():
    assert [round(end, 4) for end in wilson(10, 40)] == [0.1419, 0.4019]
    assert [round(end, 4) for end in wilson(0, 30)] == [0.0, 0.1135]
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.lists(counts, max_size=12))
def test_only_what_was_answered_often_enough_is_ranked_and_the_least_known_stands_first(told):
    items = [Item(f"q{place:03d}", n=n, correct=correct) for place, (correct, n) in enumerate(told)]
    found = ranked(items)
    assert sorted(one.id for one in found) == sorted(one.id for one in items)
    flags = [one.is_ranked for one in found]
    assert flags == sorted(flags, reverse=True)
    rates = [one.correct / one.n for one in found if one.is_ranked]
    assert rates == sorted(rates)
    assert [one.id for one in least_known(items)] == [one.id for one in found if one.n >= 30][:5]


def test_twenty_nine_answers_are_not_ranked_and_thirty_are():
    few, enough = Item("few", n=29), Item("enough", n=30, correct=29)
    assert [item.id for item in ranked([few, enough])] == ["enough", "few"]
    assert least_known([few]) == []
    assert LEAST == 30


# --- discrimination ---------------------------------------------------------------------------------


@given(st.lists(stratum, max_size=4))
def test_discrimination_is_the_correlation_within_lengths_of_play(strata):
    """The reference takes each play's distance from the mean of its own stratum, and correlates those."""
    rights, rests = [], []
    for plays in strata:
        if plays:
            rights += [right - statistics.fmean(float(one) for one, _ in plays) for right, _ in plays]
            rests += [rest - statistics.fmean(one for _, one in plays) for _, rest in plays]
    found = discrimination([sums(plays) for plays in strata])
    varies = all(sum(one * one for one in some) > 1e-9 for some in (rights, rests))
    if len(rights) < LEAST or not varies:
        assert found is None
        return
    both = sum(a * b for a, b in zip(rights, rests, strict=True))
    expected = both / math.sqrt(sum(a * a for a in rights) * sum(b * b for b in rests))
    assert found is not None
    assert math.isclose(found, expected, abs_tol=1e-9)


def test_a_question_only_the_good_get_right_discriminates_and_one_that_fools_them_is_negative():
    good, bad = [(True, 4)] * 20, [(False, 0)] * 20
    assert discrimination([sums(good + bad)]) == 1.0
    assert discrimination([sums([(False, 4)] * 20 + [(True, 0)] * 20)]) == -1.0
    assert discrimination([sums(good)]) is None  # too few plays
    assert discrimination([sums(good * 2)]) is None  # everybody did the same


# --- time -------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 127_999), min_size=1, max_size=60))
def test_the_middle_time_lies_in_the_class_of_the_true_one(times):
    classes = [0] * len(TIMES)
    for ms in times:
        classes[time_class(ms)] += 1
    found = median_ms(classes)
    true = sorted(times)[math.ceil(len(times) / 2) - 1]
    assert found is not None
    place = time_class(true)
    assert TIME_EDGES[place] <= found <= TIME_EDGES[place + 1]


def test_times_beyond_the_last_edge_are_told_as_that_edge_and_none_as_none():
    assert median_ms([0] * (len(TIMES) - 1) + [3]) == 128_000
    assert median_ms([0] * len(TIMES)) is None


# --- together ---------------------------------------------------------------------------------------


def test_questions_of_an_article_are_added_up():
    two = [Item("q1", n=40, correct=10, helped=1, times=(40, *[0] * 15)), Item("q2", n=2, correct=2)]
    whole = together("law#1", two)
    assert (whole.n, whole.correct, whole.helped, whole.times[0]) == (42, 12, 1, 40)
    assert together("", []).n == 0


def test_where_the_order_says_nothing_the_same_options_are_the_same_answer():
    assert unordered({"a c": 2, "c a": 3, "b": 1}) == {"a c": 5, "b": 1}


def test_of_two_wrong_answers_given_equally_often_the_first_is_named():
    assert Item("q", wrong={"c": 4, "b": 4, "d": 1}).worst == ("b", 4)
    assert Item("q").worst is None


def test_the_sentence_is_measured_or_says_that_it_is_not():
    item = Item("q001", n=212, correct=66)
    assert sentence(Item(""), None, "", "zh") == "还没有人答题。"
    assert "暂不排名" in sentence(Item("", n=12, correct=3), None, "", "zh")
    assert sentence(Item("", n=1000, correct=700), item, "“甲”", "zh") == (
        "共首次作答 1,000 题次，答对率 70.0%；群众最不了解的是：“甲”"
        "（首次答对率 31.1%，95% 置信区间 25.3%—37.7%，212 次作答）。"
    )
    assert sentence(Item("", n=1000, correct=700), item, "“A”", "en") == (
        "1,000 first tries, 70.0% of them right; least known: “A” "
        "(right at the first try 31.1%, 95% interval 25.3% to 37.7%, n = 212)."
    )
