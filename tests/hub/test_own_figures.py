"""Which figures an office wants, in which order, and those it has for itself."""

import pytest

from kiosk.hub import fairs
from kiosk.reports.catalogue import USUAL, columns
from tests.makers import Browser, Page, Pair

#: What says nothing of the database is tried on one.
pytestmark = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
SETUP = "/fairs/demo/setup"


@pytest.fixture
def office(paired: Pair) -> Browser:
    return paired.in_the_office()


def wanted(paired: Pair) -> list[str]:
    with paired.hub.store.reading() as tx:
        return [one.key for one in columns(fairs.find_fair(tx, "demo"))]


def edit(office: Browser, section: str, item: str = "", **told: str) -> Page:
    form = office.get(f"{SETUP}/{section}" + (f"/{item}" if item else "")).form(f"{SETUP}/{section}")
    told = {**form.values, **{name: value for name, value in told.items() if value != "-"}}
    for name in [name for name, value in told.items() if value == "drop"]:
        del told[name]
    return office.post(form.action, **told)


def add_wells(office: Browser, **told: str) -> Page:
    words = {"name": "机井检查", "unit": "眼", "means": "查过的机井", "group": "enforcement", "rule": "sum"}
    return edit(office, "own_figures", **{**words, **told})


def test_an_office_that_chose_nothing_gets_the_usual_ones(paired: Pair):
    assert wanted(paired) == [one.key for one in USUAL]


def test_a_figure_given_another_s_number_takes_its_place(paired: Pair, office: Browser):
    before = wanted(paired)
    edit(office, "figures", **{"place.messages": "2"})
    after = wanted(paired)
    assert after[:3] == [before[0], "messages", before[1]]
    assert sorted(after) == sorted(before)
    edit(office, "figures", **{"place.messages": "5"})
    assert wanted(paired)[4] == "messages"


def test_what_is_not_ticked_is_not_in_the_table(paired: Pair, office: Browser):
    edit(office, "figures", **{"figure.headout": "drop", "figure.leaders": "drop"})
    assert not {"headout", "leaders"} & set(wanted(paired))
    assert len(wanted(paired)) == len(USUAL) - 2


def test_a_number_that_is_none_is_said_and_nothing_is_saved(paired: Pair, office: Browser):
    page = edit(office, "figures", **{"place.messages": "two"})
    assert page.status == 422
    assert wanted(paired) == [one.key for one in USUAL]


def test_a_local_figure_stands_in_its_group_and_can_be_moved(paired: Pair, office: Browser):
    assert add_wells(office).status == 200
    with paired.hub.store.reading() as tx:
        own = fairs.find_fair(tx, "demo").own_figures
    assert [(one.key, one.unit, one.rule) for one in own] == [("own.f1", "眼", "sum")]
    assert "own.f1" in wanted(paired)
    edit(office, "figures", **{"place.own.f1": "1"})
    assert wanted(paired)[0] == "own.f1"


def test_a_local_figure_says_what_it_means(office: Browser):
    page = add_wells(office, means="")
    assert page.status == 422
    assert "还没有写" in page
    assert add_wells(office, unit="很长很长很长很长的量词").status == 422


def test_one_that_was_typed_stays_and_one_that_was_not_goes(paired: Pair, office: Browser):
    add_wells(office)
    remove = office.get(f"{SETUP}/own_figures/f1").form(f"{SETUP}/own_figures/remove")
    at = "/fairs/demo/typed/figures/own.f1"
    office.send(office.get(at).form(at), value="12", source="检查表")
    assert office.send(remove, id="f1").status == 409
    add_wells(office, name="灌渠检查", id="f2")
    edit(office, "figures", **{"place.own.f2": "1"})
    assert office.send(remove, id="f2").status == 200
    assert "own.f2" not in wanted(paired)
