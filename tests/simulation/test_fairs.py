"""A made-up fair is of the size it says, in believable proportions, and says that it is made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.cli import main
from kiosk.simulation import fairs
from kiosk.simulation.dice import Seed
from kiosk.simulation.fairs import Hours, openings, portions, sessions, split
from kiosk.simulation.moments import HOUR, day_and_hour
from kiosk.simulation.sizes import SIZES

#: What the sizes are called by, and what stands for each in the command's help and the pages.
PROMISED = {
    "demo": {"venues": 4, "booths": 8},
    "city": {"venues": 4, "booths": 20, "visitors": 10_000},
    "province": {
        "venues": 200, "booths": 1_000, "visitors": 250_000, "leaflets": 1_100_000, "consultations": 65_000,
        "complaints": 960,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_a_size_is_what_its_name_promises(name):
    for what, n in PROMISED[name].items():
        assert getattr(SIZES[name], what) == n


def test_the_command_offers_every_size():
    offered = next(one for one in main.commands["simulate"].params if one.name == "size").type
    assert list(offered.choices) == list(SIZES) == list(PROMISED)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_fair_is_sound_and_says_that_it_is_made_up(size):
    fair = fairs.make_fair(size, Seed(size.name, 7))
    assert fair.faults() == []
    assert (len(fair.venues), len(fair.desks)) == (size.venues, size.booths)
    assert fair.title.zh.startswith("【模拟】")
    assert fair.id == f"sim-{size.name}-7"


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_what_falls_to_the_desks_adds_up_to_the_size(size):
    seed = Seed(size.name, 7)
    found = portions(size, fairs.make_fair(size, seed), seed.dice("portions"))
    for what in ("visitors", "leaflets", "consultations", "complaints", "boards", "plays", "judgements"):
        assert sum(getattr(portion, what) for portion in found) == getattr(size, what), what


@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 100), min_size=1, max_size=50))
def test_a_total_is_split_whole_and_in_proportion(total, weights):
    found = split(total, weights)
    assert sum(found) == total
    for n, weight in zip(found, weights, strict=True):
        assert abs(n - total * weight / sum(weights)) < 1


@pytest.mark.parametrize("venue", range(4))
def test_people_come_while_it_is_open_and_most_of_them_neither_first_nor_last(venue):
    hours = Hours(openings(venue), Seed("demo", 1).dice("hours"))
    drawn = [hours.draw() for _ in range(4_000)]
    assert all(any(one.begins <= at < one.ends for one in openings(venue)) for at in drawn)
    longest = max(openings(venue), key=lambda one: one.weight)
    quarter = (longest.ends - longest.begins) // 4
    crowds = [
        sum(longest.begins + n * quarter <= at < longest.begins + (n + 1) * quarter for at in drawn) for n in range(4)
    ]
    assert crowds[1] > crowds[0] > crowds[3]


def test_the_night_market_goes_on_past_midnight():
    days = {day_and_hour(moment // HOUR)[0] for one in openings(3)[:1] for moment in (one.begins, one.ends)}
    assert len(days) == 2


def test_a_lunch_break_is_one_working_day_and_a_night_is_not():
    assert [len(sessions(openings(venue))) for venue in range(4)] == [1, 2, 1, 2]
