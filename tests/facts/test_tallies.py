"""A tap, and taking it back once."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.tallies import MOST, TallyCorrected, TallyCounted, undo_id
from kiosk.values import is_id
from tests.makers import an_id

IDS = st.integers(0, 2**128 - 1).map(an_id)


@pytest.mark.parametrize("n", [1, MOST])
def test_a_tap_adds_one_to_a_thousand(n: int):
    assert msgspec.convert({"counter": "headcount", "n": n}, TallyCounted).n == n


@pytest.mark.parametrize("n", [0, -1, MOST + 1, True, 1.0, 1.5, "1", None])
def test_a_tap_adds_nothing_else(n: object):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"counter": "headcount", "n": n}, TallyCounted)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"day": "2027-02-29"}, {"day": "2027-3-1"}, {"hour": 24}, {"reason": ""}])
def test_a_correction_is_of_something_on_a_day_there_is_for_a_reason(wrong: dict[str, object]):
    right = {"counter": "board", "n": 3, "day": "2027-03-15", "hour": 9, "reason": "recount", "second": ""}
    assert msgspec.convert(right, TallyCorrected).n == 3
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(right | wrong, TallyCorrected)


@given(IDS)
def test_the_id_of_an_undo_is_an_id_and_always_the_same(tap: str):
    assert is_id(undo_id(tap))
    assert undo_id(tap) == undo_id(tap) != tap


@given(IDS, IDS)
def test_two_taps_are_undone_by_two_facts(one: str, other: str):
    assert (undo_id(one) == undo_id(other)) == (one == other)
