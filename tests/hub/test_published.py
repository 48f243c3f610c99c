"""What real fairs printed can be entered here and comes out as printed; where print was wrong, the doubt says so.

The numbers are facts out of published reports; each place and year stands beside its own.
"""

from collections.abc import Mapping

import msgspec
import pytest

from kiosk.facts.figures import DESK, FigureTyped, Window
from kiosk.hub import fairs, journal, statements
from kiosk.hub.context import Hub
from kiosk.reports.catalogue import BY_KEY
from kiosk.reports.statement import Statement

DAY = "2027-03-15"
#: Where → window → figure → as it was printed.
PRINTED: Mapping[str, Mapping[Window, Mapping[str, int | str]]] = {
    "Ningxia, a city, 2019": {
        "day": {
            "venues": 4, "headcount": 9863, "leaflets": 20416, "boards": 96, "consultations": 256, "complaints": 1,
            "reports": 1, "quicktest_batches": 18, "fakes_on_tables": 16, "hotline_calls": 56,
        },
        "period": {"messages": 300_000},
    },
    "Changxing": {"period": {"sessions": 2, "venues": 7, "leaflets": 18_670, "contests": 2, "trainings": 2}},
    "Shaoguan": {
        "day": {"complaints": 28, "destroyed_pieces": 13_408, "destroyed_weight": "180000.00"},
        "period": {"units_departments": 26},
    },
    "Guizhou, quality inspection": {
        "period": {
            "inspections": 1730, "cases_decided": 158, "case_value": "5115000.00", "press_conferences": 1,
            "materials": 10_000, "messages": 100_000, "consultations": 1200,
        },
    },
    "Inner Mongolia, that day and all through it": {
        "day": {"headcount": 250_000, "leaflets": 1_100_000, "consultations": 65_000, "complaints": 960},
        "period": {
            "leaflets": 3_500_000, "trainings": 75, "meetings": 58, "press_conferences": 11, "destroyed_categories": 6,
            "destroyed_kinds": 50, "destroyed_value": "10000000.00", "pledges": 2000,
        },
    },
    "Shanxi, 2019": {
        "period": {
            "leaflets": 980_481, "into_people": 300_334, "merchants": 12_724, "sessions": 410, "meetings": 246,
            "press_conferences": 109, "open_days": 286, "broadcasts": 3347, "destroyed_categories": 12,
            "destroyed_pieces": 109_622, "destroyed_value": "3150000.00",
        },
    },
    "Cangxi, 2024": {"period": {"desks": 26, "officers": 120, "inspections": 130, "recovered": "50000.00"}},
    "Jilin, 2016": {"period": {"complaints_accepted": 700, "complaints_closed": 660, "leaflets": 1_000_000}},
}  # fmt: skip


def smallest(key: str, printed: int | str) -> int:
    """In the unit that is kept: 分, 克, seconds."""
    return round(float(printed) * BY_KEY[key].scale)


def say(hub: Hub, key: str, n: int, window: Window = "period") -> None:
    told = {"source": "公开报道", "unit": "", "blob": "", "day": DAY, "hour": 9, "before": None}
    with hub.store.begin() as tx:
        body = FigureTyped(figure=key, window=window, n=n, **told)
        journal.append(tx, "demo", body, desk=DESK, by="p-1", now=hub.clock.now(), mono=1)


def draft(hub: Hub) -> Statement:
    with hub.store.reading() as tx:
        return statements.draft(tx, hub, fairs.find_fair(tx, "demo"))


@pytest.mark.parametrize("place", PRINTED)
def test_what_was_printed_is_entered_and_comes_out_as_printed(hub: Hub, place: str):
    day = PRINTED[place].get("day", {})
    for key, printed in day.items():
        say(hub, key, smallest(key, printed), "day")
    for key, printed in PRINTED[place].get("period", {}).items():  # of which the day is a part
        say(hub, key, smallest(key, printed) - smallest(key, day.get(key, 0)))

    told = draft(hub)

    of_day = {cell.key: cell.value for one in told.days if one.day == DAY for cell in one.cells}
    of_period = {cell.key: cell.value for cell in told.period}
    assert {key: of_day[key] for key in day} == day
    whole = {**day, **PRINTED[place].get("period", {})}
    assert {key: of_period[key] for key in whole} == whole


@pytest.mark.parametrize(("ended", "of", "right"), [(349, 398, "87.69"), (969, 1103, "87.85"), (414, 434, "95.39")])
def test_a_rate_is_divided_anew_whatever_was_printed(hub: Hub, ended: int, of: int, right: str):
    """The first was printed as 88 %, the second as about 92 %, the third as it is."""
    say(hub, "complaints", of)
    say(hub, "complaints_accepted", of)
    say(hub, "complaints_closed", ended)
    told = draft(hub)
    rate = next(cell for cell in told.period if cell.key == "closing_rate")
    assert rate.value == right
    assert rate.parts == {"numerator": ended, "denominator": of}


def test_a_day_and_a_month_of_the_same_figure_never_meet(hub: Hub):
    """One report printed 1.1 million leaflets of the day and 3.5 million of the month, both as "handed out"."""
    say(hub, "leaflets", 1_100_000, "day")
    say(hub, "leaflets", 2_400_000)
    told = draft(hub)
    by_window = {
        "day": next(cell.value for cell in told.days[0].cells if cell.key == "leaflets"),
        "period": next(cell.value for cell in told.period if cell.key == "leaflets"),
    }
    assert by_window == {"day": 1_100_000, "period": 3_500_000}


def test_more_closed_than_were_taken_in_is_doubted_with_both_numbers(hub: Hub):
    say(hub, "complaints_accepted", 700)
    say(hub, "complaints_closed", 760)
    doubts = [one for one in draft(hub).findings if {"complaints_accepted", "complaints_closed"} <= set(one.figures)]
    assert doubts
    assert all(number in doubts[0].says.zh for number in ("700", "760"))


def test_the_hotline_is_never_added_to_what_booths_took_in(hub: Hub):
    """In 2019 a desk took in two while the line took 56 on the same day."""
    say(hub, "complaints", 2, "day")
    say(hub, "hotline_calls", 56, "day")
    told = {cell.key: cell.value for cell in draft(hub).period}
    assert (told["complaints"], told["hotline_calls"]) == (2, 56)


def test_every_number_of_a_statement_says_how_it_got_there(hub: Hub):
    for key, printed in PRINTED["Ningxia, a city, 2019"]["day"].items():
        say(hub, key, smallest(key, printed), "day")
    for cell in draft(hub).period:
        if isinstance(cell.value, int) and cell.value:
            assert sum(cell.by.values()) == cell.value, msgspec.to_builtins(cell)
