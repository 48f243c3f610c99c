"""The pages of a hub above hubs: who reported, what it comes to, letting a hub in and out."""

import re

import pytest

from kiosk.hub import tables, unit_pages, upward
from kiosk.hub.context import Hub
from kiosk.sync.push import Transport
from tests.hub.hierarchy import Network, a_city_fair, fair_of, freeze, set_fair, standings
from tests.hub.tablets import rows
from tests.hub.test_units import EAST, WEST, Make, make  # noqa: F401 (a fixture)
from tests.makers import CASEWORKER, HUB_URL, Browser, Page, WsgiTransport


@pytest.fixture
def city(hub: Hub) -> Hub:
    set_fair(hub, a_city_fair())
    return hub


@pytest.fixture
def office(city: Hub, hub_app) -> Browser:
    return Browser(hub_app.test_client()).sign_in(*CASEWORKER)


def reported(city: Hub, make: Make) -> None:  # noqa: F811
    road = Network(city)
    for name, cells in (("east", EAST), ("west", WEST)):
        below = make(name)
        road.join(below, name)
        freeze(below, cells)
        road.report(below)


def row(page: Page, word: str) -> str:
    """The text of the row of a table that holds a word."""
    found = next(one for one in re.findall(r"<tr.*?</tr>", page.text, re.DOTALL) if word in one)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_every_figure_leads_to_the_units_it_is_made_of_and_back(city, make, office):  # noqa: F811
    reported(city, make)
    page = office.get("/fairs/demo/units")
    assert row(page, "figures/headcount").startswith("参与群众 人次 0 2,000 2,000 相加")
    assert "去重" in row(page, "figures/media_outlets")
    assert "最大的是西城区：720" in row(page, "figures/most_present")
    assert "按时 2" in page
    page = office.get("/fairs/demo/units/figures/headcount")
    assert "1,200" in row(page, "/units/east")
    assert "800" in row(page, "/units/west")
    page = office.get("/fairs/demo/units/east")
    assert "12.9" not in row(page, "figures/recovered")
    assert "128.50" in row(page, "figures/recovered")
    assert "350 ÷ 398" in row(page, "figures/accuracy")


def test_a_code_of_the_page_is_compared_before_its_hub_is_let_in(city, make, office, hub_app):  # noqa: F811
    east = make("east")
    page = office.get("/fairs/demo/units")
    page = office.send(next(form for form in page.forms if form.action.endswith("/east/code")))
    code = re.search(r"--code ([0-9A-Z-]+)", page.text)[1]
    road: Transport = WsgiTransport(hub_app)
    upward.begin(east, fair_of(east), road, HUB_URL, code)
    assert upward.ask(east, fair_of(east), road) is None
    page = office.get("/fairs/demo/units")
    assert upward.digits(east, fair_of(east)) in page
    form = next(form for form in page.forms if form.action.endswith("/units/waiting"))
    office.send(form, verdict="same")
    assert upward.ask(east, fair_of(east), road).unit == "east"
    assert standings(city)["east"].state == "silent"


def test_digits_that_differ_let_nobody_in(city, make, office, hub_app):  # noqa: F811
    east, road = make("east"), WsgiTransport(hub_app)
    page = office.get("/fairs/demo/units")
    page = office.send(next(form for form in page.forms if form.action.endswith("/east/code")))
    upward.begin(east, fair_of(east), road, HUB_URL, re.search(r"--code ([0-9A-Z-]+)", page.text)[1])
    upward.ask(east, fair_of(east), road)
    form = next(form for form in office.get("/fairs/demo/units").forms if form.action.endswith("/units/waiting"))
    office.send(form, verdict="different")
    with pytest.raises(Exception, match=r"enrol\.rejected"):
        upward.ask(east, fair_of(east), road)
    assert rows(city, tables.devices) == []


def test_a_withdrawn_unit_leaves_with_all_it_said_if_so_chosen(city, make, office):  # noqa: F811
    reported(city, make)
    page = office.get("/fairs/demo/units/east")
    office.send(next(form for form in page.forms if form.action.endswith("/withdraw")), reason="重报", all="yes")
    assert standings(city)["east"].report is None
    assert row(office.get("/fairs/demo/units"), "figures/headcount").startswith("参与群众 人次 0 800 800")
    assert office.post("/fairs/demo/units/nobody/withdraw", reason="x").status in (403, 404)


def test_the_way_up_is_one_touch(city, make, hub_app, monkeypatch, office):  # noqa: F811
    region = make("region")
    set_fair(region, a_city_fair())
    road = Network(region)
    road.join(city, "west")
    assert "还没有冻结的版本" in office.get("/fairs/demo/units")
    freeze(city, {"headcount": 50})
    monkeypatch.setattr(unit_pages, "HttpTransport", lambda _url: WsgiTransport(road.app))
    page = office.get("/fairs/demo/units")
    assert "第 1 版还没有报送" in page
    page = office.send(next(form for form in page.forms if form.action.endswith("/units/up")))
    assert "已报送，上级已签收" in page
    assert standings(region)["west"].report.version == 1
