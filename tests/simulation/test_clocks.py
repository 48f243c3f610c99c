"""Simulated tablets have clocks of every kind, and nothing happens at them where a clock could be argued about."""

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import clock
from kiosk.simulation import clocks, fairs
from kiosk.simulation.clocks import KINDS, MARGIN, Tablet
from kiosk.simulation.dice import Seed
from kiosk.simulation.moments import DAY, HOUR, MINUTE, SECOND, day_and_hour, moment, stamp

SEED = Seed("demo", 315)


def a_tablet(kind: str = "right", venue: int = 0, seed: int = 1) -> Tablet:
    return Tablet(kind, fairs.sessions(fairs.openings(venue)), Seed("demo", seed).dice("tablet"))


# --- moments ----------------------------------------------------------------------------------------


@given(st.integers(moment("2010-01-01T00:00"), moment("2038-02-01T00:00")))
def test_a_moment_is_stamped_as_a_clock_stamps_it(at):
    there = datetime.fromtimestamp(at / 1000, clock.BEIJING).replace(tzinfo=clock.BEIJING)
    assert stamp(at)[:16] == clock.stamp(datetime.fromisoformat(stamp(at)))[:16]
    assert clock.stamp(datetime.fromisoformat(stamp(at))) == stamp(at)
    assert stamp(at)[:10] == day_and_hour(at // HOUR)[0]
    assert int(stamp(at)[11:13]) == day_and_hour(at // HOUR)[1]
    assert there.minute == int(stamp(at)[14:16])


# --- kinds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("booths", [len(KINDS), 20, 1000])
def test_no_kind_of_clock_is_left_out(booths):
    found = clocks.kinds(booths, SEED.dice("clocks"))
    assert len(found) == booths
    assert set(found) == set(KINDS)


def test_most_clocks_are_right():
    found = clocks.kinds(1000, SEED.dice("clocks"))
    assert 600 < found.count("right") < 700


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("right", 0, 12 * SECOND),
        ("alone", 0, 12 * SECOND),
        ("minutes", 2 * MINUTE, 25 * MINUTE),
        ("hours", 59 * MINUTE, 9 * HOUR),
        ("day", DAY - MINUTE, DAY + MINUTE),
        ("2010", 17 * 365 * DAY, 18 * 365 * DAY),
        ("2038", 10 * 365 * DAY, 11 * 365 * DAY),
        ("set", 40 * MINUTE, 5 * HOUR),
        ("late", 40 * MINUTE, 5 * HOUR),
    ],
)
def test_each_kind_is_as_wrong_as_it_says(kind, least, most):
    for seed in range(20):
        for boot in a_tablet(kind, seed=seed).boots:
            assert least <= abs(boot.wall(boot.began) - boot.began) <= most


def test_a_clock_that_is_set_is_right_from_then_on():
    boot = a_tablet("set").boots[-1]
    since, _ = boot.steps[-1]
    assert abs(boot.wall(since - 1) - since) > 30 * MINUTE
    assert abs(boot.wall(since) - since) < 3 * SECOND
    assert boot.began < since < boot.ends


def test_every_boot_notes_the_hub_s_time_but_where_there_is_no_network():
    for kind in KINDS:
        noted = [boot.compared is not None for boot in a_tablet(kind).boots]
        assert set(noted) == {kind != "alone"}


def test_a_late_network_lets_much_happen_before():
    for boot in a_tablet("late").boots:
        assert boot.compared is not None
        assert boot.compared - boot.began > (boot.ends - boot.began) // 2


# --- boots ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", range(4))
def test_boots_follow_on_one_another_and_have_ids_of_their_own(venue):
    for seed in range(20):
        boots = a_tablet("right", venue, seed).boots
        assert len({boot.id for boot in boots}) == len(boots)
        for before, after in pairwise(boots):
            assert before.began < before.ends < after.began


def test_some_tablets_are_switched_off_and_on_again():
    assert {len(a_tablet(seed=seed).boots) for seed in range(40)} == {1, 2, 3}


@given(st.integers(0, 3), st.integers(0, 50), st.floats(0, 1), st.integers(0, 150 * SECOND))
def test_what_is_placed_lies_in_one_boot_and_near_no_full_hour(venue, seed, part, lasts):
    tablet = a_tablet("right", venue, seed)
    first, last = fairs.openings(venue)[0].begins, fairs.openings(venue)[-1].ends
    at = tablet.place(wanted := first + int(part * (last - first)), lasts)
    assert at >= wanted
    boot = tablet.boot_at(at)
    assert boot.began + clocks.WARM_UP <= at <= at + lasts <= boot.ends
    assert tablet.boot_at(at + lasts) is boot
    for moment_ in (at, at + lasts):
        assert MARGIN <= moment_ % HOUR <= HOUR - MARGIN
    assert at // HOUR == (at + lasts) // HOUR
