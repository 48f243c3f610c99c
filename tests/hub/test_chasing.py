"""Which units owe something: people, tablets and their own hubs are looked at; the reminder says what is owed."""

import re

import pytest

from kiosk.hub import chasing
from kiosk.hub.context import Hub
from tests.hub.hierarchy import UNITS, Network, a_city_fair, fair_of, freeze, list_record, set_fair, standings
from tests.hub.test_units import EAST, Make, make  # noqa: F401 (a fixture)
from tests.makers import CASEWORKER, Browser

PAGE = "/fairs/demo/typed/units"
DAY = 86_400


@pytest.fixture
def city(hub: Hub) -> Hub:
    set_fair(hub, a_city_fair())
    return hub


@pytest.fixture
def office(city: Hub, hub_app) -> Browser:
    return Browser(hub_app.test_client()).sign_in(*CASEWORKER)


def rows(office: Browser) -> dict[str, str]:
    """Unit → the text of its row, in the order of the page."""
    found = re.findall(r'<li id="unit-(\w+)">(.*?)</li>', office.get(PAGE).text, re.DOTALL)
    return {unit: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for unit, text in found}


def test_a_unit_whose_hub_reported_is_not_chased(city, make, office, clock):  # noqa: F811
    assert set(rows(office)) == {"east", "west"}
    road, east = Network(city), make("east")
    road.join(east, "east")
    told = rows(office)
    assert "汇总端已加入，还没报" in told["east"]
    assert "汇总端" not in told["west"].partition("可以抄去发的话")[0]
    freeze(east, EAST)
    road.report(east)
    told = rows(office)
    assert list(told) == ["west", "east"]
    assert "有数" in told["east"]
    assert "汇总端已报送，按时" in told["east"]
    assert "1 个单位什么都没有" in office.get(PAGE)
    assert 'href="/fairs/demo/units/east"' in office.get(PAGE).text


def test_a_hub_that_owes_its_report_is_chased_though_its_unit_said_something(city, make, office, clock):  # noqa: F811
    for unit in ("east", "west"):
        list_record(city, "destroyed", "假酒", unit=unit, amounts={"pieces": 1})
    assert "每个单位都有数了" in office.get(PAGE)
    Network(city).join(make("west"), "west")
    told = rows(office)
    assert list(told) == ["west", "east"]
    assert "没报送" in told["west"]
    assert "1 个单位的汇总端还没有报送" in office.get(PAGE)


def test_the_words_to_send_say_what_is_owed_and_whether_its_time_is_over(city, make, clock):  # noqa: F811
    Network(city).join(make("east"), "east")
    fair = fair_of(city)
    joined, other = (chasing.reminder(fair, unit, standings(city)[unit.id]) for unit in UNITS)
    assert "请在 2027-03-18 18:00（北京时间）以前冻结统计表并向上级报送" in joined
    assert "连同来源报给" in other
    clock.tick(5 * DAY)
    joined, other = (chasing.reminder(fair, unit, standings(city)[unit.id]) for unit in UNITS)
    for text in (joined, other):
        assert "报送时限（2027-03-18 18:00）已经过了，请马上" in text
