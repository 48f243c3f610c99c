"""Turns, people and hours from shifts, in plain numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.reports.shifts import PAUSE, Presence, Service, hours, service, sums

DAY = "2027-03-15"
HOUR = 3_600
SHIFTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(0, 20)).map(
        lambda one: Presence(one[0], DAY, one[1] * 600, (one[1] + one[2]) * 600)
    ),
    max_size=12,
)


def served(*shifts: tuple[float, float | None]) -> Service:
    """Of one person, from and to in hours."""
    every = [Presence("li", DAY, int(a * HOUR), None if b is None else int(b * HOUR)) for a, b in shifts]
    return service(every)[DAY, "li"]


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([(9, 13.5)], (1, 4.5, 0)),
        ([(9, 11), (13, 14)], (2, 3, 0)),
        ([(9, 11), (11.25, 12)], (1, 2.75, 0)),  # another desk, or a touch by mistake
        ([(9, 13), (9, 13)], (1, 4, 0)),  # two desks at once
        ([(9, 13), (10, 11)], (1, 4, 0)),
        ([(9, 12), (11, 14)], (1, 5, 0)),
        ([(9, None)], (1, 0, 1)),  # nobody ended it: no time
        ([(9, 12), (9.1, None)], (1, 3, 0)),
        ([(9, 11), (14, None)], (2, 2, 1)),
    ],
    ids=str,
)
def test_overlaps_count_once_and_pauses_begin_a_turn(shifts, expected):
    one = served(*shifts)
    assert (one.turns, one.seconds / HOUR, one.open) == expected


def test_people_are_distinct_and_turns_are_not():
    every = [Presence(who, day, 0, HOUR) for who in ("li", "wang") for day in (DAY, "2027-03-16")]
    assert sums(service(every)) == {"shift.turns": 4, "shift.volunteers": 2, "shift.seconds": 4 * HOUR}


def test_nobody_is_nobody():
    assert sums(service([])) == {"shift.turns": 0, "shift.volunteers": 0, "shift.seconds": 0}


@given(SHIFTS)
def test_hours_are_those_of_the_minutes_in_which_somebody_was_here(shifts: list[Presence]):
    """Against the slow way: count the slots of ten minutes in which each of them was here."""
    slots = {
        (one.volunteer, slot) for one in shifts for slot in range(one.began // 600, (one.ended or one.began) // 600)
    }
    assert sum(one.seconds for one in service(shifts).values()) == len(slots) * 600


@given(SHIFTS, st.randoms())
def test_the_order_of_shifts_means_nothing(shifts: list[Presence], dice):
    mixed = [*shifts]
    dice.shuffle(mixed)
    assert service(mixed) == service(shifts)


@pytest.mark.parametrize(("seconds", "written"), [(0, "0.00"), (8_100, "2.25"), (60, "0.02"), (36_000_000, "10000.00")])
def test_hours_have_two_places(seconds: int, written: str):
    assert hours(seconds) == written


def test_a_pause_is_half_an_hour():
    assert PAUSE == HOUR // 2
