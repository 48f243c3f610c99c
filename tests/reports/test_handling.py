"""How long cases take: between four moments, in the middle, and never a mean of medians."""

from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.lives import State
from kiosk.reports.handling import STEPS, Moments, median_hours, minutes


def at(day: int, hour: int) -> str:
    return f"2027-03-{day:02d}T{hour:02d}:30:00.000+08:00"


def test_each_step_lies_between_two_moments():
    one = Moments(at(15, 9), at(15, 11), at(16, 9), at(16, 10))
    assert minutes([one]) == {"sort": [120], "end": [24 * 60], "tell": [60]}


def test_what_has_not_come_yet_or_came_before_it_began_is_left_out():
    waiting = Moments(at(15, 9), "", "", "")
    passed_on_first = Moments(at(15, 12), at(15, 9), at(15, 13), "")
    assert minutes([waiting, passed_on_first]) == {"sort": [], "end": [60], "tell": []}
    assert median_hours([]) is None


def test_at_a_published_window_a_case_is_received_by_being_filed():
    known = State(sorted_at=at(15, 10), ended_at=at(15, 11))
    assert Moments.of(known.filed("window", "2027-03-15"), at(15, 9)).received == at(15, 9)
    elsewhere = State(received_at=at(15, 12))
    assert Moments.of(elsewhere.filed("pre", "2027-03-15"), at(15, 9)).received == at(15, 12)


def test_a_quick_place_and_a_slow_one_together_are_reckoned_anew():
    quick, slow = [60, 60, 60], [600]
    assert (median_hours(quick), median_hours(slow), median_hours(quick + slow)) == (1.0, 10.0, 1.0)


def test_of_an_even_number_the_two_in_the_middle_are_shared():
    assert median_hours([30, 60]) == 0.8


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_half_the_cases_took_no_longer(taken: list[int]):
    middle = median_hours(taken)
    assert middle is not None
    assert min(taken) / 60 - 0.05 <= middle <= max(taken) / 60 + 0.05
    assert 2 * sum(one / 60 <= middle + 0.05 for one in taken) >= len(taken)
    assert set(minutes([])) == set(STEPS)
