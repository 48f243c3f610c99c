"""Figures of several units put together: each by its own rule, whatever the order, however they are split."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts import envelope
from kiosk.facts.envelope import LINE_LIMIT
from kiosk.facts.kinds import Body
from kiosk.facts.reporting import JOINTS, KEYS, REPORT_KINDS, ReportFigure
from kiosk.facts.vocabulary import REGISTRY
from kiosk.packs.model import Text
from kiosk.reports import rollup
from kiosk.reports.catalogue import CATALOGUE
from kiosk.reports.rollup import Value, add_below, cell_of, shared, together, told, value_of, without, written
from kiosk.reports.statement import Cell, Column, Place, Statement
from tests.makers import a_fact, an_id

DEFINITIONS = {one.key: one for one in CATALOGUE}
RULES = ("sum", "distinct", "max", "ratio", "union")
_amounts = st.integers(0, 10**14)
_keys = st.frozensets(st.sampled_from([f"{n:016x}" for n in range(12)]), max_size=6)
_joint = st.dictionaries(st.sampled_from([f"{n:016x}" for n in range(6)]), st.integers(1, 10**6), max_size=3)
values = st.builds(
    Value,
    n=st.none() | _amounts,
    numerator=st.none() | _amounts,
    denominator=st.none() | _amounts,
    keys=_keys,
    joint=_joint,
    is_estimate=st.booleans(),
)
rules = st.sampled_from(RULES)


def a_column(key: str) -> Column:
    one = DEFINITIONS[key]
    return Column(one.key, one.label, one.unit, one.group, one.means, one.rule)


# --- laws -------------------------------------------------------------------------------------------


@given(rules, st.lists(values, max_size=7), st.randoms(use_true_random=False), st.data())
def test_any_order_and_any_split_over_levels_come_to_the_same(rule, some, dice, data):
    whole = together(rule, some)
    mixed = dice.sample(some, len(some))
    cut = data.draw(st.integers(0, len(mixed)))
    assert together(rule, [together(rule, mixed[:cut]), together(rule, mixed[cut:])]) == whole


@given(rules, st.lists(values, min_size=1, max_size=5))
def test_what_came_twice_of_a_unit_s_keys_and_joint_activities_counts_once(rule, some):
    again = [msgspec.structs.replace(one, n=None, numerator=None, denominator=None) for one in some]
    assert together(rule, [*some, *again]).total(rule) == together(rule, some).total(rule)


@given(st.sampled_from(["sum", "distinct", "union"]), st.lists(values, min_size=1, max_size=6))
def test_counted_once_is_never_more_than_added_up_nor_less_than_the_most(rule, some):
    totals = [one.total(rule) or 0 for one in some]
    found = together(rule, some).total(rule) or 0
    assert max(totals) <= found <= sum(totals)


@given(st.lists(values, max_size=6))
def test_an_estimate_stays_one_through_all_levels(some):
    assert together("sum", some).is_estimate == any(one.is_estimate for one in some)


@given(st.sampled_from(["headcount", "recovered", "service_hours", "media_outlets", "accuracy"]), values)
def test_a_value_as_a_cell_is_read_back_as_itself(key, value):
    column = a_column(key)
    kept = {"sum": ("joint", "n"), "ratio": ("numerator", "denominator")}.get(column.rule, ("keys", "n"))
    only = msgspec.structs.replace(Value(), **{name: getattr(value, name) for name in kept})
    if column.rule == "ratio":
        only = Value(numerator=only.numerator or 0, denominator=only.denominator or 0)
    elif only.total(column.rule) is not None:
        only = msgspec.structs.replace(only, n=only.n or 0)
    assert value_of(column, cell_of(column, only, {})) == only


@given(st.integers(-(10**9), 10**9))
def test_money_is_written_as_the_table_has_it(fen):
    assert written("元", fen) == f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


# --- each rule --------------------------------------------------------------------------------------


def test_rates_are_divided_anew_and_never_averaged():
    found = together("ratio", [Value(numerator=9, denominator=10), Value(numerator=100, denominator=1000)])
    assert cell_of(a_column("accuracy"), found, {}).value == "10.79"


def test_a_division_by_nothing_is_no_rate():
    assert cell_of(a_column("accuracy"), Value(numerator=0, denominator=0), {}).value is None


def test_what_has_no_key_is_added_beside_what_is_counted_once():
    some = [Value(n=2, keys=frozenset({"aa" * 8})), Value(n=3, keys=frozenset({"aa" * 8, "bb" * 8}))]
    assert together("distinct", some).total("distinct") == 7


def test_two_fairs_venues_are_two_though_both_are_called_v1_and_kinds_of_fakes_are_the_same_everywhere():
    for key, n in (("venues", 2), ("exhibit_kinds", 1)):
        column, cell = a_column(key), Cell(key, 1, {"v1": 7}, {})
        sides = [value_of(column, cell, source) for source in ("one", "other")]
        assert together(column.rule, sides).total(column.rule) == n
        assert shared(sides)[0] == 2 - n


def test_a_joint_activity_counts_as_much_as_whoever_knows_most_of_it():
    some = [Value(n=100, joint={"aa" * 8: 900}), Value(n=50, joint={"aa" * 8: 400})]
    assert together("sum", some).total("sum") == 1050
    assert shared(some) == (0, 1)


def test_maxima_are_listed_and_not_made_into_one():
    own, below = Cell("most_present", 9, {"v1": 9}, {}), Cell("most_present", None, {"unit.east": 4}, {})
    found = add_below(a_column("most_present"), own, below, "here")
    assert (found.value, found.parts) == (None, {"own": 9, "unit.east": 4})
    assert "本级：9" in found.note.zh


def test_what_is_not_put_together_stays_this_office_s_own():
    own = Cell("people_estimated", 5, {}, {"typed": 5})
    assert add_below(a_column("people_estimated"), own, Cell("people_estimated", None, {"unit.a": 7}, {}), "") == own


def test_names_stay_beside_a_sum_that_has_units_in_it():
    own = Cell("leaflets", 12, {"law": 7, "food": 5}, {"tapped": 12})
    found = add_below(a_column("leaflets"), own, Cell("leaflets", 30, {}, {"below": 30}), "here")
    assert (found.value, found.by) == (42, {"tapped": 12, "below": 30})
    assert {name for name in found.parts if rollup.is_breakdown(name)} == {"law", "food"}


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**9))
def test_what_was_typed_for_a_unit_leaves_a_cell_that_still_adds_up(counted, typed, theirs):
    for key, unit in (("leaflets", "份"), ("recovered", "元")):
        n = counted + typed + theirs
        parts = {"fen": n} if unit == "元" else {}
        cell = Cell(key, written(unit, n), parts, {"auto": counted, "typed": typed + theirs})
        found = without(a_column(key), cell, {key: theirs, "headcount": 7})
        assert found.value == written(unit, counted + typed)
        assert sum(found.by.values()) == counted + typed
        assert value_of(a_column(key), found).n == counted + typed


def test_a_rate_loses_both_of_its_sides_and_a_maximum_nothing():
    cell = Cell("valid_rate", "90.00", {"numerator": 90, "denominator": 100}, {})
    found = without(a_column("valid_rate"), cell, {"surveys_valid": 40, "surveys": 40})
    assert (found.value, found.parts) == ("83.33", {"numerator": 50, "denominator": 60})
    most = Cell("most_present", 9, {"v1": 9}, {})
    assert without(a_column("most_present"), most, {"most_present": 9}) == most


# --- as facts ---------------------------------------------------------------------------------------


def a_statement(cells: list[Cell], **changes: Any) -> Statement:
    text = Text("示范市", "Model City")
    statement = Statement(
        fair="demo", title=text, theme=text, unit=text, contact="12315", starts="2027-03-15", ends="2027-03-15",
        deadline="", venues=1, version=1, made_at="2027-03-16T10:00:00.000+08:00", made_by="陈汇总", why="",
        columns=[a_column(cell.key) for cell in cells], period=cells, year=[], days=[], places=[], records=[],
        findings=[], missing=[], changes=[], facts=0, unsent=0,
    )  # fmt: skip
    return msgspec.structs.replace(statement, **changes)


def lines(bodies: list[Body]) -> list[str]:
    return [msgspec.json.encode(body).decode() for body in bodies if isinstance(body, ReportFigure)]


@given(st.sampled_from(["headcount", "recovered", "media_outlets", "accuracy"]), values)
def test_what_is_told_upwards_is_read_as_it_was_said(key, value):
    column = a_column(key)
    cell = cell_of(column, value, {})
    bodies = told(a_statement([cell]), an_id(1))
    found = rollup.read(lines(bodies))[key]
    assert found.value == value_of(column, cell)
    assert found.fits(column)


def test_the_longest_lines_there_can_be_are_short_enough_and_lose_nothing():
    keys = {f"{n:016x}": 1 for n in range(3 * KEYS + 1)}
    joint = {f"joint.{n:016x}": 10**14 for n in range(JOINTS + 1)}
    many = Text("字" * 600, "w" * 1200)
    cells = [Cell("media_outlets", len(keys), keys, {}), Cell("headcount", 10**17, joint, {"auto": 10**17})]
    places = [Place("venue", "v" * 64, many, "", [Cell("headcount", 10**14, {}, {})])]
    statement = a_statement(cells, unit=many, why="因" * 500, places=places)
    through = [f"{n:016x}" for n in range(2000)]
    bodies = told(statement, an_id(1), through)
    assert bodies[-1].facts == len(bodies) - 2 == 4 + 2 + 1
    for body in bodies:
        line = envelope.encode(a_fact(body, desk="d" * 64))
        assert len(line) <= LINE_LIMIT
        assert REGISTRY.read(envelope.decode(line)) == body
    found = rollup.read(lines(bodies))
    assert len(found["media_outlets"].value.keys) == len(keys)
    assert len(found["headcount"].value.joint) == len(joint)


def test_all_windows_are_told_and_empty_days_are_not():
    from kiosk.reports.statement import Day

    days = [Day("2027-03-15", [Cell("headcount", 5, {}, {}), Cell("leaflets", None, {}, {})], {})]
    cells = [Cell("headcount", 5, {}, {}), Cell("leaflets", None, {}, {})]
    bodies = told(a_statement(cells, days=days, year=[Cell("headcount", 9, {}, {})]), an_id(1))
    said = [(body.figure, body.window, body.day, body.n) for body in bodies if isinstance(body, ReportFigure)]
    assert said == [
        ("headcount", "period", "", 5), ("leaflets", "period", "", None), ("headcount", "year", "", 9),
        ("headcount", "day", "2027-03-15", 5),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", REPORT_KINDS)
def test_nothing_that_is_told_has_room_for_a_person(kind):
    names = set(REGISTRY.shape_of(kind).__struct_fields__)
    assert not names & {"by_name", "person", "phone", "address", "contact", "records"}
