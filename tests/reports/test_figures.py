"""The catalogue, and how sums become figures one can defend."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.vocabulary import REGISTRY
from kiosk.reports.figures import (
    CATALOGUE,
    Definition,
    Figure,
    day_window,
    figures,
    percent,
    period_window,
    totals_by_metric,
)
from tests.makers import a_fair

DAY = day_window("2027-03-15")
FAIR = {"kind": "fair", "id": "demo"}
UNITS = {"人次", "份", "块", "件", "题次", "次", "%"}


def the_figure(key: str, **sums: int) -> Figure:
    by_metric = {name.replace("__", "."): n for name, n in sums.items()}
    return next(figure for figure in figures(by_metric, DAY, FAIR) if figure.key == key)


# --- the catalogue --------------------------------------------------------------------------------


def test_no_key_stands_twice():
    keys = [definition.key for definition in CATALOGUE]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("definition", CATALOGUE, ids=lambda definition: definition.key)
def test_a_figure_is_labelled_measured_and_traced_to_its_facts(definition: Definition):
    assert definition.label.zh
    assert definition.label.en
    assert definition.unit in UNITS
    assert set(definition.sources) <= set(REGISTRY.names())
    assert definition.sources
    assert (definition.unit == "%") == bool(definition.over)


def test_every_figure_is_given_even_when_nothing_happened():
    given_ = figures({}, DAY, FAIR)
    assert [figure.key for figure in given_] == [definition.key for definition in CATALOGUE]
    assert {figure.value for figure in given_} == {0, None}


# --- from sums ------------------------------------------------------------------------------------


def test_a_count_is_the_sum_of_its_metric():
    assert the_figure("headcount", tally__headcount=12, tally__board=3).value == 12


def test_leaflets_are_summed_over_titles_and_shown_by_title():
    figure = the_figure("leaflets", tally__leaflet__law=50, tally__leaflet__fakes=7, tally__headcount=1)
    assert (figure.value, figure.parts) == (57, {"law": 50, "fakes": 7})


def test_a_share_says_what_it_was_divided_from():
    figure = the_figure("accuracy", quiz__right=349, quiz__answered=398)
    assert (figure.value, figure.parts) == ("87.69", {"numerator": 349, "denominator": 398})


def test_the_window_is_the_days_there_are_or_those_of_the_fair():
    fair = a_fair(starts="2027-03-10", ends="2027-03-15")
    assert period_window(fair, None) == {"kind": "period", "from": "2027-03-10", "to": "2027-03-15"}
    days = ("2027-03-09", "2027-03-12")
    assert period_window(fair, days) == {"kind": "period", "from": "2027-03-09", "to": "2027-03-12"}


def test_every_figure_says_its_window_and_scope():
    assert all((figure.window, figure.scope) == (DAY, FAIR) for figure in figures({}, DAY, FAIR))


@pytest.mark.parametrize("figure", figures({}, DAY, FAIR), ids=lambda figure: figure.key)
def test_a_figure_as_json_has_what_is_promised(figure: Figure):
    told = msgspec.json.decode(msgspec.json.encode(figure.as_json()))
    assert {"key", "label", "value", "unit", "window", "scope", "sources"} <= set(told)
    assert set(told["label"]) == {"zh", "en"}


@pytest.mark.parametrize(
    ("numerator", "denominator", "share"),
    [
        (349, 398, "87.69"),
        (969, 1103, "87.85"),
        (10, 10, "100.00"),
        (0, 10, "0.00"),
        (1, 16, "6.25"),
        (1, 800, "0.13"),  # half up, as taught at school; halves go to the even digit elsewhere
        (9, 9, None),
        (0, 0, None),
    ],
)
def test_a_share_has_two_places_and_enough_cases(numerator: int, denominator: int, share: str | None):
    assert percent(numerator, denominator) == share


@given(
    st.dictionaries(
        st.tuples(st.just("d"), st.integers(0, 23), st.just("d01"), st.text("ab", max_size=2)), st.integers()
    )
)
def test_sums_over_hours_lose_nothing(totals: dict[tuple[str, int, str, str], int]):
    sums = totals_by_metric(totals)
    assert sum(sums.values()) == sum(totals.values())
    assert totals_by_metric(list(totals.items())) == sums
