"""How many were at a venue at once, hour by hour."""

import pytest

from kiosk.reports.crowds import METRICS, Flow, peaks


def flows(venue: str, day: str, *hours: tuple[int, int, int]) -> list[Flow]:
    """Of hours with who came and who went."""
    return [Flow(venue, day, hour, metric, n) for hour, *both in hours for metric, n in zip(METRICS, both, strict=True)]


@pytest.mark.parametrize(
    ("hours", "peak"),
    [
        ([(9, 30, 0), (10, 50, 20), (11, 5, 40)], 60),
        ([(11, 5, 40), (9, 30, 0), (10, 50, 20)], 60),  # in whatever order they come
        ([(9, 30, 31), (10, 2, 0)], 1),
        ([(9, 0, 4)], 0),  # never below nothing
    ],
    ids=str,
)
def test_the_peak_is_the_most_who_came_and_had_not_left(hours, peak):
    assert peaks(flows("v01", "2027-03-15", *hours)) == {"present.v01": peak}


def test_a_day_begins_with_nobody_there_and_the_fullest_day_counts():
    two = [*flows("v01", "2027-03-14", (9, 40, 1)), *flows("v01", "2027-03-15", (9, 10, 0), (10, 0, 5))]
    assert peaks(two) == {"present.v01": 39}


def test_desks_of_a_venue_are_one_crowd_and_venues_are_not():
    desks = [*flows("v01", "2027-03-15", (9, 20, 0)), *flows("v01", "2027-03-15", (9, 5, 10))]
    assert peaks([*desks, *flows("v02", "2027-03-15", (9, 8, 1))]) == {"present.v01": 15, "present.v02": 7}


def test_of_a_day_on_which_nobody_was_counted_out_nothing_is_said():
    two = [*flows("v01", "2027-03-14", (9, 400, 0)), *flows("v01", "2027-03-15", (9, 10, 3))]
    assert peaks(two) == {"present.v01": 7}
    assert peaks(flows("v01", "2027-03-14", (9, 400, 0))) == {}
