"""Charts: rows as long as their share of the longest, pieces that fill the room, steps in the middle."""

import pytest

from kiosk.packs.model import Text
from kiosk.reports.charts import funnel, rows, stack

A, B = Text("登记", "Registered"), Text("受理", "Accepted")


def test_a_row_is_as_long_as_its_share_of_the_longest_and_never_below_nothing():
    found = rows(["东", "西", "南"], [50, 200, -3], ["/e", "", "/s"])
    assert [(row.label, row.n, row.width, row.address) for row in found] == [
        ("东", 50, 25.0, "/e"),
        ("西", 200, 100.0, ""),
        ("南", -3, 0.0, "/s"),
    ]
    assert [row.width for row in rows(["东"], [0])] == [0]


def test_pieces_fill_the_room_together_and_what_was_taken_off_has_no_width():
    found = stack({"tapped": 60, "paper": 0, "typed": 20, "corrected": -5})
    assert [(piece.key, piece.n, piece.x, piece.width) for piece in found] == [
        ("tapped", 60, 0, 75.0),
        ("typed", 20, 75.0, 25.0),
        ("corrected", -5, 100.0, 0.0),
    ]
    assert stack({}) == []


def test_a_step_stands_in_the_middle_with_its_share_of_the_first_and_of_the_one_it_is_part_of():
    first, second, third, fourth = funnel([("a", A, 40, ""), ("b", B, 30, "a"), ("c", A, 15, "b"), ("d", A, 20, "a")])
    assert (first.x, first.width, first.of_first, first.of_whole) == (0, 100, None, None)
    assert (second.x, second.width, second.of_first, second.of_whole) == (12.5, 75, "75.00", None)
    assert (third.of_first, third.of_whole, third.whole) == ("37.50", "50.00", B)
    assert (fourth.of_first, fourth.of_whole, fourth.whole) == ("50.00", None, None)
    assert funnel([]) == []


@pytest.mark.parametrize("n", [0, 9])
def test_of_too_few_no_share_is_said(n):
    _, second, third = funnel([("a", A, n, ""), ("b", B, n, "a"), ("c", A, n, "b")])
    assert (second.of_first, third.of_first, third.of_whole) == (None, None, None)
