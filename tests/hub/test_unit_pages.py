"""The pages of a hub above hubs: who reported, what it comes to, letting a hub in and out."""

import re
import time

import pytest

from kiosk.hub import devices, tables, unit_pages, upward
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Unit
from kiosk.packs.model import Text
from kiosk.sync.push import Transport
from tests.hub.hierarchy import Network, a_city_fair, fair_of, fill, freeze, set_fair, standings
from tests.hub.tablets import deliver, rows
from tests.hub.test_units import EAST, WEST, Make, as_tablet, make  # noqa: F401 (a fixture)
from tests.makers import CASEWORKER, HUB_URL, Browser, Page, WsgiTransport
from tests.proof import at_length

on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


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


@on_sqlite
def test_what_is_wrong_with_a_unit_stands_beside_it_in_either_language(city, make, office):  # noqa: F811
    east, road = make("east", starts="2027-03-01", ends="2027-03-31"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    freeze(east, EAST, 2)
    with east.store.begin() as tx:
        upward.submit_latest(tx, east, fair_of(east))
    writer = as_tablet(east)
    deliver(city, writer.batch(1, len(writer.lines) - 1))
    page = office.get("/fairs/demo/units")
    for word in ("和本活动不同", "新的一版只到了"):
        assert word in row(page, "/units/east")
    assert "和本活动不同" not in row(page, "/units/west")
    office.client.set_cookie("lang", "en")
    assert "other days than this fair" in row(office.get("/fairs/demo/units"), "/units/east")


@on_sqlite
def test_a_figure_this_office_did_not_choose_is_shown_and_said_to_be_in_no_table(city, make, office):  # noqa: F811
    set_fair(city, a_city_fair(wanted=["headcount", "leaflets"]))
    reported(city, make)
    page = office.get("/fairs/demo/units/east")
    assert "这里的统计表没有这一项" in row(page, "挽回经济损失")
    assert "这里的统计表没有这一项" not in row(page, "figures/headcount")
    assert office.get("/fairs/demo/units/figures/recovered").status == 404


@at_length
@on_sqlite
def test_the_page_of_two_hundred_units_takes_less_than_a_second(city, office):
    """By this thread's own time, and once it has met its template."""
    crowd = [Unit(f"u{n}", Text(f"第{n}区", f"District {n}")) for n in range(200)]
    fill(city, set_fair(city, a_city_fair(units=crowd)), days=2)
    took = []
    for _ in range(2):
        began = time.thread_time()
        page = office.get("/fairs/demo/units")
        took.append(time.thread_time() - began)
    assert "按时 200" in page
    assert f"{sum(range(200)):,}" in row(page, "figures/headcount")
    assert min(took) < 1, took


@on_sqlite
@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9", "http://[::1", "ftp://example.org", "http://\udcff"])
def test_a_hub_above_that_cannot_be_reached_is_said_in_a_sentence(city, make, office, url):  # noqa: F811
    region = make("region")
    set_fair(region, a_city_fair())
    Network(region).join(city, "west")
    with city.store.begin() as tx:
        tx.execute(tables.upward_links.update().values(url=url.encode("utf-8", "replace").decode()))
    freeze(city, {"headcount": 50})
    csrf = office.get("/fairs/demo/units").form("/logout").values["csrf"]
    page = office.post("/fairs/demo/units/up", csrf=csrf)
    assert page.status == 422
    assert ("用文件加入的" if not url else "没有送到上级") in page
    assert "第 1 版还有" in page  # it is written, and goes with the next touch
    with city.store.begin() as tx:
        assert upward.submit_latest(tx, city, fair_of(city)) == 0


@on_sqlite
def test_who_was_withdrawn_above_hears_of_it_when_it_reports(city, make, hub_app, monkeypatch, office):  # noqa: F811
    region = make("region")
    set_fair(region, a_city_fair())
    road = Network(region)
    road.join(city, "west")
    with region.store.begin() as tx:
        devices.revoke(tx, region, standings(region)["west"].device, "撤并", "p-1")
    freeze(city, {"headcount": 50})
    monkeypatch.setattr(unit_pages, "HttpTransport", lambda _url: WsgiTransport(road.app))
    csrf = office.get("/fairs/demo/units").form("/logout").values["csrf"]
    page = office.post("/fairs/demo/units/up", csrf=csrf)
    assert page.status == 422
    assert "有 3 条用不了" in page
