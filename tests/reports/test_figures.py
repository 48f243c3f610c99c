"""The catalogue, and how sums become figures one can defend."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.figures import FigureTyped, RecordListed
from kiosk.facts.tallies import TallyCorrected, TallyCounted
from kiosk.facts.vocabulary import REGISTRY
from kiosk.packs.fairs import OwnFigure
from kiosk.packs.model import Text
from kiosk.reports import catalogue
from kiosk.reports.amounts import fold
from kiosk.reports.catalogue import BY_KEY, CATALOGUE, GROUPS, RULES, SCALES, SMALLEST, USUAL, Definition
from kiosk.reports.figures import (
    LEAST_DENOMINATOR,
    NOT_SAID,
    Figure,
    day_window,
    figures,
    percent,
    period_window,
    shown,
    totals_by_metric,
    year_window,
    yuan,
)
from kiosk.reports.places import Places
from kiosk.reports.records import LISTS
from kiosk.reports.shifts import hours
from kiosk.reports.statement import SOURCES
from tests.makers import a_fact, a_fair, an_answer

DAY = day_window("2027-03-15")
FAIR = {"kind": "fair", "id": "demo"}
PERIOD = period_window(a_fair(), None)
YEAR = year_window(a_fair())
UNITS = {
    "人次", "份", "块", "元", "项", "件", "题次", "次", "%", "人", "小时", "个", "种", "批次", "项次", "场次", "家",
    "车次", "场", "户次", "张", "条", "辆", "条次", "篇", "篇次", "题", "分", "队", "千克", "类",
}  # fmt: skip


def the_figure(key: str, window=DAY, **sums: int) -> Figure:
    by_metric = {name.replace("__", "."): n for name, n in sums.items()}
    return of_key(key, by_metric, window)


def of_key(key: str, sums, window=DAY) -> Figure:
    return next(figure for figure in figures(sums, window, FAIR) if figure.key == key)


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
    assert (
        (definition.unit in ("%", "分"))
        == bool(definition.over)
        == (definition.rule == "ratio" or _is_share(definition))
    )


def _is_share(definition: Definition) -> bool:
    return definition.key == "measured_share"


def test_every_row_of_the_table_has_a_figure_and_rows_stand_together():
    assert {definition.row for definition in CATALOGUE} == set(range(1, 67))
    assert [definition.group for definition in CATALOGUE] == sorted(
        (definition.group for definition in CATALOGUE), key=[group.id for group in GROUPS].index
    )


@pytest.mark.parametrize("definition", CATALOGUE, ids=lambda definition: definition.key)
def test_a_definition_is_whole(definition: Definition):
    """It says what it means, by which rule it is put together, and where people may say it."""
    assert definition.means.zh.endswith("。")
    assert definition.means.en.endswith(".")
    assert definition.rule in RULES
    assert definition.windows
    assert set(definition.windows) <= {"day", "period", "year"}
    assert "year" not in definition.windows or definition.typed  # of a year nothing is counted
    assert definition.typed in ("", "beside", "only")
    assert bool(definition.typed) == ("figure.typed" in definition.sources)
    assert not definition.within or BY_KEY[definition.within].key != definition.key
    assert definition.how in SOURCES
    assert definition.scale == 1 or definition.unit in SMALLEST
    assert not (definition.typed and (definition.over or definition.is_peak))


def test_what_is_made_of_a_list_is_something_the_list_adds_up():
    for definition in CATALOGUE:
        for metric in definition.metrics:
            kind, *names = metric.rstrip(".").split(".")
            if kind == "list":
                assert names[0] in LISTS, metric
                assert len(names) == 1 or names[1] in LISTS[names[0]].amounts, metric
            if kind == "key":
                assert names[1] in LISTS[names[0]].keys, metric


# --- the office's columns -------------------------------------------------------------------------


def test_an_office_that_chose_nothing_has_all_but_those_about_the_data():
    assert catalogue.columns(a_fair()) == [*USUAL]
    assert {definition.group for definition in CATALOGUE} - {definition.group for definition in USUAL} == {"quality"}


def test_an_office_has_those_it_chose_in_its_order_with_its_own_in_their_place():
    tea = OwnFigure("tea", Text("姜茶", "Tea"), "杯", Text("发出的杯数。", "Cups given."), "publicity", "sum")
    hats = OwnFigure("hats", Text("帽子", "Hats"), "顶", Text("发出的帽子。", "Hats given."), "reach", "max")
    fair = a_fair(wanted=["own.tea", "boards", "headcount", "gone"], own_figures=[hats, tea])
    assert [one.key for one in catalogue.columns(fair)] == ["own.tea", "boards", "headcount", "own.hats"]
    keys = [one.key for one in catalogue.columns(a_fair(own_figures=[tea]))]
    assert keys[keys.index("own.tea") - 1] == [one.key for one in CATALOGUE if one.group == "publicity"][-1]
    own = catalogue.find(fair, "own.tea")
    assert own is not None
    assert (own.typed, own.rule, own.unit, own.means) == ("only", "sum", "杯", tea.means)
    assert catalogue.find(fair, "gone") is None


def test_every_figure_is_given_even_when_nothing_happened():
    for window in (DAY, PERIOD, YEAR):
        given_ = figures({}, window, FAIR)
        assert [figure.key for figure in given_] == [definition.key for definition in CATALOGUE]
        assert {figure.value for figure in given_} <= {0, "0.00", None}


def test_what_people_have_to_say_is_missing_and_never_none_until_they_do():
    for definition, figure in zip(CATALOGUE, figures({}, PERIOD, FAIR), strict=True):
        if definition.typed == "only":
            assert (figure.value, figure.note) == (None, NOT_SAID), definition.key
        elif not definition.over and definition.absent is None:
            assert figure.value in (0, "0.00"), definition.key
    said_none = the_figure("merchants", PERIOD, typed__day__merchants=0, said__day__merchants=1)
    assert (said_none.value, said_none.by, said_none.note) == (0, {}, None)
    on_a_list = the_figure("trainings", PERIOD, list__meetings=1, list__meetings__meeting=1)
    assert on_a_list.value == 0  # somebody listed what there was, and no training was there


# --- from sums ------------------------------------------------------------------------------------


def test_a_count_is_the_sum_of_its_metric():
    assert the_figure("headcount", tally__headcount=12, tally__board=3).value == 12


def test_leaflets_are_summed_over_titles_and_shown_by_title():
    figure = the_figure("leaflets", tally__leaflet__law=50, tally__leaflet__fakes=7, tally__headcount=1)
    assert (figure.value, figure.parts) == (57, {"law": 50, "fakes": 7})


def test_kinds_on_show_are_counted_once_at_however_many_venues():
    figure = the_figure("exhibit_kinds", exhibit__shown__e01=7, exhibit__shown__e02=1, exhibit__viewed=8)
    assert (figure.value, figure.unit, figure.parts) == (2, "种", {"e01": 7, "e02": 1})


def test_a_peak_is_the_largest_of_its_venues_and_never_their_sum():
    figure = the_figure("most_present", present__v01=40, present__v02=75)
    assert (figure.value, figure.unit, figure.parts, figure.note) == (75, "人", {"v01": 40, "v02": 75}, None)
    assert "估算" in figure.label.zh


def test_where_nobody_was_counted_out_there_is_no_peak_and_it_says_why():
    figure = the_figure("most_present", tally__headcount=900)
    assert figure.value is None
    assert "离场" in figure.as_json()["note"]["zh"]


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


# --- windows --------------------------------------------------------------------------------------

_SAID = {
    "tally.headcount": 100, "typed.day.headcount": 5, "said.day.headcount": 1, "typed.period.headcount": 70,
    "said.period.headcount": 1, "typed.year.headcount": 9_000, "said.year.headcount": 1,
    "case.accepted": 3, "typed.year.complaints_accepted": 434, "said.year.complaints_accepted": 1,
}  # fmt: skip


def test_a_day_a_period_and_a_year_are_never_mixed():
    assert of_key("headcount", _SAID).value == 105
    assert of_key("headcount", _SAID, PERIOD).value == 175
    assert of_key("headcount", _SAID, PERIOD).by == {"tapped": 100, "typed": 75}
    assert of_key("complaints_accepted", _SAID, YEAR).value == 434
    assert of_key("complaints_accepted", _SAID, PERIOD).value == 3
    of_year = of_key("headcount", _SAID, YEAR)
    assert of_year.value is None  # visitors of a year are nobody's figure
    assert of_year.note is not None
    assert of_key("meetings", {"typed.day.meetings": 1, "said.day.meetings": 1}).value is None


def test_an_office_without_tablets_types_who_helped_and_what_was_mediated():
    """Typed parts are in the rate as they are in the figures it is divided of; of a day only those of that day."""
    sums = {
        "shift.volunteers": 3, "typed.period.volunteers": 12, "said.period.volunteers": 1,
        "case.outcome.mediated": 4, "typed.day.complaints_mediated": 5, "said.day.complaints_mediated": 1,
        "typed.period.complaints_mediated": 2, "said.period.complaints_mediated": 1, "case.accepted": 10,
        "typed.day.complaints_accepted": 6, "said.day.complaints_accepted": 1,
    }  # fmt: skip
    assert of_key("volunteers", sums, PERIOD).value == 15
    assert of_key("complaints_mediated", sums, PERIOD).value == 11
    rate = of_key("mediation_rate", sums, PERIOD)
    assert (rate.value, rate.parts) == ("68.75", {"numerator": 11, "denominator": 16})
    assert of_key("mediation_rate", sums, DAY).parts == {"numerator": 9, "denominator": 16}


def test_typed_values_are_kept_small_and_shown_large():
    figure = of_key("recovered", {"case.recovered": 12_850, "typed.period.recovered": 5_000_000,
                                  "said.period.recovered": 1}, PERIOD)  # fmt: skip
    assert (figure.value, figure.parts, figure.by) == (
        "50128.50",
        {"fen": 5_012_850},
        {"auto": 12_850, "typed": 5_000_000},
    )
    assert of_key("destroyed_weight", {"list.destroyed": 2, "list.destroyed.weight": 1_234_567}).value == "1234.57"
    assert of_key("service_hours", {"shift.seconds": 8_100}).parts == {"seconds": 8_100}


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(SCALES.values())))
def test_what_is_shown_is_the_smallest_unit_to_two_places(n, scale):
    assert abs(float(shown(n, scale)) - n / scale) <= 0.005 + abs(n / scale) * 1e-12
    assert shown(n, 100) == yuan(n)
    assert n < 0 or shown(n, 3_600) == hours(n)


# --- lists, distinct things -----------------------------------------------------------------------


def test_what_stands_on_a_list_twice_under_one_name_is_one():
    sums = {"list.media": 3, "list.media.reprint": 1, "key.media.item.aa": 2, "key.media.item.bb": 1,
            "key.media.outlet.cc": 3, "key.outlets.outlet.cc": 1, "key.outlets.outlet.dd": 1}  # fmt: skip
    assert of_key("media_reports", sums, PERIOD).value == 2
    assert of_key("media_reprints", sums, PERIOD).value == 1
    outlets = of_key("media_outlets", sums, PERIOD)
    assert (outlets.value, outlets.by) == (2, {"typed": 2})


def test_units_at_desks_and_on_the_list_are_each_counted_once():
    sums = {"site.unit.aa": 1, "site.unit.bb": 1, "key.units.who.bb": 1, "key.units.who.cc": 1, "key.units.who.dd": 0}
    units = of_key("units", sums)
    assert (units.value, units.by) == (3, {"auto": 2, "typed": 1})


def test_where_anybody_took_part_is_told_by_venue_type_and_unit():
    fair = a_fair()
    first, other = fair.desks[0], next(desk for desk in fair.desks if desk.venue != fair.desks[0].venue)
    visited = [("2027-03-14", first.id), ("2027-03-15", first.id), ("2027-03-15", other.id), ("2027-03-15", "office")]
    sums = Places(fair).at_work(visited)
    found = {figure.key: figure for figure in figures(sums, PERIOD, FAIR)}
    assert (found["sessions"].value, found["venues"].value, found["desks"].value) == (3, 2, 2)
    assert found["sessions"].parts == {first.venue: 2, other.venue: 1}
    assert found["units"].value == 1  # the organiser's own


# --- what a value is made of ----------------------------------------------------------------------

_NAMES = sorted({metric for one in CATALOGUE for metric in one.metrics if metric and not metric.endswith(".")})
_SUMS = st.dictionaries(
    st.one_of(
        st.sampled_from(_NAMES),
        st.builds("{}.{}".format, st.sampled_from(["corrected", "paper"]),
                  st.sampled_from([name for name in _NAMES if name.startswith("tally.")])),
        st.builds("{}.{}.{}".format, st.sampled_from(["typed", "said"]), st.sampled_from(["day", "period", "year"]),
                  st.sampled_from([one.key for one in CATALOGUE if one.typed])),
        st.sampled_from(["tally.leaflet.law", "corrected.tally.leaflet.law", "exhibit.shown.e01", "key.units.who.aa",
                         "site.unit.bb", "advice.asked", "complaint.paper"]),
    ),
    st.integers(-50, 10**6),
    max_size=40,
)  # fmt: skip


@given(_SUMS, st.sampled_from([DAY, PERIOD, YEAR]))
def test_the_sources_of_a_figure_add_up_to_it(sums, window):
    for definition, figure in zip(CATALOGUE, figures(sums, window, FAIR), strict=True):
        assert set(figure.by) <= set(SOURCES)
        assert all(figure.by.values())
        if figure.value is None or definition.over or definition.is_peak or definition.rule == "recompute":
            assert figure.by == {}, definition.key
            continue
        whole = figure.parts[SMALLEST[definition.unit]] if definition.scale > 1 else figure.value
        assert sum(figure.by.values()) == whole, definition.key


def test_consultations_and_complaints_say_what_came_by_itself_and_on_paper():
    figure = of_key("consultations", {"tally.consultation": 20, "advice.asked": 4, "paper.tally.consultation": 6,
                                      "corrected.tally.consultation": -1})  # fmt: skip
    assert figure.by == {"auto": 4, "tapped": 11, "paper": 6, "corrected": -1}
    assert of_key("complaints", {"complaint.filed": 5, "complaint.paper": 2}).by == {"auto": 3, "paper": 2}
    boards = of_key("boards", {"tally.board": 4, "list.displays.board": 6})
    assert (boards.value, boards.by) == (10, {"tapped": 4, "typed": 6})


def test_how_many_figures_were_wholly_counted_is_said_of_those_that_have_a_value():
    names = ["complaint.filed", "report.filed", "case.accepted", "case.transferred", "quiz.answered", "quiz.right"]
    counted = dict.fromkeys([*names, "exhibit.judged", "prize.redeemed", "quicktest.items"], 1)
    sums = {**counted, "typed.day.merchants": 3, "said.day.merchants": 1}
    figure = of_key("measured_share", sums)
    assert figure.parts["denominator"] - figure.parts["numerator"] == 1
    assert figure.parts["denominator"] >= LEAST_DENOMINATOR


def test_facts_become_figures_by_the_reference_fold():
    said = FigureTyped(figure="leaders", window="day", n=4, before=None, source="签到", unit="", blob="",
                       day="2027-03-15", hour=9)  # fmt: skip
    goods = RecordListed(list="destroyed", title="棉被", texts={"kind": "棉被"}, keys=["kind"], amounts={"pieces": 30},
                         source="清单", unit="", host="", joint=False, blob="", day="2027-03-15", hour=9)  # fmt: skip
    put_right = TallyCorrected(counter="headcount", n=-2, day="2027-03-15", hour=9, reason="重数", second="")
    bodies = [TallyCounted(counter="headcount", n=9), put_right, said, goods, an_answer(lang="en", helped=True)]
    found = {one.key: one for one in figures(totals_by_metric(fold(map(a_fact, bodies))), DAY, FAIR)}
    assert (found["headcount"].value, found["headcount"].by) == (7, {"tapped": 9, "corrected": -2})
    assert (found["leaders"].value, found["destroyed_pieces"].value, found["destroyed_kinds"].value) == (4, 30, 1)
    assert (found["answers_english"].value, found["answers_helped"].value) == (1, 1)


# --- corrections and paper ------------------------------------------------------------------------


def test_a_figure_that_was_put_right_says_what_was_counted_and_one_that_was_not_says_nothing():
    figure = the_figure("consultations", tally__consultation=262, corrected__tally__consultation=6)
    assert (figure.value, figure.raw, figure.as_json()["raw"]) == (262, 256, 256)
    sums = {"tally__leaflet__law": 90, "tally__leaflet__fakes": 5, "corrected__tally__leaflet__law": -10}
    assert (the_figure("leaflets", **sums).raw, the_figure("leaflets", **sums).parts) == (105, {"law": 90, "fakes": 5})
    assert the_figure("headcount", tally__headcount=1).as_json()["raw"] is None


def test_a_figure_says_how_much_of_it_came_on_paper():
    figure = the_figure("leaflets", tally__leaflet__law=90, paper__tally__leaflet__law=40)
    assert (figure.value, figure.paper, figure.as_json()["paper"]) == (90, 40, 40)
    assert the_figure("boards", tally__board=1).paper is None
