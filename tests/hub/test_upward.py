"""The way up and whatever goes wrong on it: codes used twice, certificates run out, rings, copies, other catalogues."""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.errors import Problem
from kiosk.facts.figures import DESK, FigureTyped
from kiosk.facts.reporting import ReportFigure
from kiosk.hub import carrying, devices, fairs, journal, ledger, statements, tables, units, upward
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Unit
from kiosk.packs.model import Text
from kiosk.reports import rollup
from tests.clocks import FAIR_MORNING, FakeClock
from tests.hub.hierarchy import (
    UNITS,
    Network,
    Sticks,
    a_city_fair,
    fair_of,
    freeze,
    list_jointly,
    list_record,
    rolled,
    set_fair,
    standings,
)
from tests.hub.tablets import deliver, rows
from tests.hub.test_units import EAST, WEST, Make, as_tablet, make  # noqa: F401 (a fixture)
from tests.makers import HUB_URL, WsgiTransport, a_fair

DAY = 86_400


@pytest.fixture
def city(make: Make) -> Hub:  # noqa: F811
    """A hub with two units, which report by a deadline."""
    here = make("city")
    set_fair(here, a_city_fair())
    return here


def remarks(hub: Hub, unit: str = "east") -> str:
    """All that is said of a unit, in both languages."""
    told = standings(hub)[unit]
    return " ".join(one.zh + one.en for one in (*([told.left_out] if told.left_out else []), *told.remarks))


def written(below: Hub, path: Path) -> Path:
    """What a hub reports, as a file."""
    with below.store.begin() as tx:
        upward.submit_latest(tx, below, fair_of(below))
    upward.export(below, fair_of(below), path)
    return path


def take(above: Hub, path: Path) -> str:
    """The code of the problem a file meets; or ""."""
    [found] = carrying.import_files(above, [path], lambda _done, _of: None)
    return found.problem.code if found.problem else ""


# --- codes, certificates ----------------------------------------------------------------------------


def test_a_code_lets_in_one_hub_for_ten_minutes(city, make, clock):  # noqa: F811
    road = Network(city)
    one, other, late = make("one"), make("other"), make("late")
    with city.store.begin() as tx:
        codes = [devices.draw_unit_code(tx, city, fair_of(city), "east", clock.now()) for _ in range(2)]
    app = WsgiTransport(road.app)
    for below in (one, other):
        upward.begin(below, fair_of(below), app, HUB_URL, codes[0])
    assert upward.ask(one, fair_of(one), app).unit == "east"
    with pytest.raises(Problem, match=r"enrol\.code"):
        upward.ask(other, fair_of(other), app)
    upward.begin(late, fair_of(late), app, HUB_URL, codes[1])
    clock.tick(11 * 60)
    with pytest.raises(Problem, match=r"enrol\.code"):
        upward.ask(late, fair_of(late), app)
    assert len(rows(city, tables.devices)) == 1


def test_a_code_with_a_letter_changed_lets_nobody_in(city, make):  # noqa: F811
    east, road = make("east"), WsgiTransport(Network(city).app)
    with city.store.begin() as tx:
        code = devices.draw_unit_code(tx, city, fair_of(city), "east", city.clock.now())
    for place in (3, len(code) - 1):
        wrong = code[:place] + ("0" if code[place] != "0" else "1") + code[place + 1 :]
        with pytest.raises(Problem, match=r"enrol\.(code|fingerprint)"):
            joined(east, road, wrong)
    assert rows(city, tables.devices) == []


def joined(below: Hub, road: WsgiTransport, code: str) -> None:
    upward.begin(below, fair_of(below), road, HUB_URL, code)
    assert upward.ask(below, fair_of(below), road) is not None


def test_nothing_counts_after_the_certificate_ended_and_the_page_says_since_when(city, make, clock):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    clock.tick((devices.CERTIFICATE_DAYS + 1) * DAY)
    freeze(east, {**EAST, "headcount": 1}, 2)
    road.report(east)
    assert rolled(city)["headcount"].value == 1200
    assert "到期" in remarks(city)
    assert "隔离区" in remarks(city)
    assert ledger.verify(city) == []


def test_a_withdrawn_hub_s_figures_stay_and_the_page_says_that_it_is_withdrawn(city, make):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    with city.store.begin() as tx:
        devices.revoke(tx, city, standings(city)["east"].device, "换了机器", "p-1")
    assert "停用" in remarks(city)
    assert rolled(city)["headcount"].value == 1200


def test_two_hubs_for_one_unit_are_not_added_up_and_both_are_told_of(city, make):  # noqa: F811
    road = Network(city)
    for name, cells in (("one", EAST), ("other", WEST)):
        below = make(name)
        road.join(below, "east")
        freeze(below, cells)
        road.report(below)
        city.clock.tick(60)
    assert rolled(city)["headcount"].value == 800
    assert "有 2 个汇总端在替它报送" in remarks(city)
    with city.store.begin() as tx:
        devices.revoke(tx, city, standings(city)["east"].device, "不对", "p-1", 0)
    assert rolled(city)["headcount"].value == 1200
    assert "2 个汇总端" not in remarks(city)


def test_one_hub_for_two_units_counts_once(city, make):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    road.join(east, "west", again=True)
    road.report(east)
    assert rolled(city)["headcount"].value == 1200
    assert "东城区" in remarks(city, "west")


# --- versions ---------------------------------------------------------------------------------------


def test_a_hub_that_lost_its_versions_and_joined_anew_takes_the_place_of_what_it_was(city, make, clock):  # noqa: F811
    lost, road = make("lost"), Network(city)
    road.join(lost, "east")
    for version in (1, 2, 3):
        freeze(lost, {**EAST, "headcount": 1000 + version}, version)
        road.report(lost)
    with city.store.begin() as tx:
        devices.revoke(tx, city, standings(city)["east"].device, "硬盘坏了", "p-1")
    clock.tick(3600)
    again = make("again")
    road.join(again, "east")
    assert rolled(city)["headcount"].value == 1003  # until it has reported
    freeze(again, {**EAST, "headcount": 1500})
    road.report(again)
    told = standings(city)["east"]
    assert (told.report.version, rolled(city)["headcount"].value) == (1, 1500)


def test_an_older_version_that_comes_after_a_newer_one_changes_nothing_and_makes_nobody_late(city, make, clock):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    ends = []
    for version, n in ((1, 1), (2, 1200)):
        freeze(east, {**EAST, "headcount": n}, version)
        with east.store.begin() as tx:
            ends.append(upward.submit_latest(tx, east, fair_of(east)))
    writer = as_tablet(east)
    deliver(city, writer.batch(ends[0] + 1))
    assert "只到了" in remarks(city)
    assert rolled(city) == {}
    clock.tick(5 * DAY)
    deliver(city, writer.batch(1, ends[0]))
    told = standings(city)["east"]
    assert (told.report.version, told.state, rolled(city)["headcount"].value) == (2, "in_time", 1200)


def test_two_contents_of_one_version_are_neither(city, make):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    bodies = rollup.told(freeze(east, EAST), east.id)
    writer = as_tablet(east)
    for body in bodies:
        writer.record(body)
    for body in bodies:
        other = isinstance(body, ReportFigure) and body.figure == "headcount"
        writer.record(msgspec.structs.replace(body, n=7) if other else body)
    deliver(city, writer.batch())
    assert rolled(city) == {}
    assert standings(city)["east"].report is None


def test_any_byte_of_a_file_changed_is_noticed_and_nothing_of_it_taken(city, make, tmp_path):  # noqa: F811
    east, stick = make("east"), Sticks(city, tmp_path / "stick")
    stick.join(east, "east")
    freeze(east, EAST)
    path = written(east, tmp_path / "east.kiosk")
    content, before = path.read_bytes(), rows(city, tables.facts)
    places = range(0, len(content), max(1, len(content) // 97))
    for place in places:
        changed = tmp_path / "changed.kiosk"
        changed.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert take(city, changed), place
    assert rows(city, tables.facts) == before
    assert take(city, path) == ""
    assert rolled(city)["headcount"].value == 1200


def test_a_file_for_another_fair_of_the_same_superior_is_that_fair_s(city, make, tmp_path):  # noqa: F811
    with city.store.begin() as tx:
        fairs.add_fair(tx, a_city_fair(id="autumn"))
    east = make("east")
    asked = upward.write_request(east, fair_of(east))
    with city.store.begin() as tx:
        answer = upward.admit(tx, city, fairs.find_fair(tx, "autumn"), "east", asked)
    upward.take_admission(east, fair_of(east), answer)
    freeze(east, EAST)
    assert take(city, written(east, tmp_path / "east.kiosk")) == ""
    assert rolled(city) == {}
    with city.store.reading() as tx:
        assert units.of_units(tx, fairs.find_fair(tx, "autumn"))["headcount"].value == 1200


# --- rings and copies -------------------------------------------------------------------------------


def test_a_hub_cannot_join_itself_by_a_code(city):
    road = Network(city)
    with pytest.raises(Problem, match=r"upward\.self"):
        road.join(city, "east")
    assert rows(city, tables.upward_links) == []


@pytest.mark.parametrize("size", [2, 3])
def test_a_ring_of_hubs_counts_nobody_twice_however_often_it_goes_round(make, size):  # noqa: F811
    ring = [make(f"hub{n}", units=UNITS) for n in range(size)]
    roads = [Network(one) for one in ring]
    for number, one in enumerate(ring):
        roads[(number + 1) % size].join(one, "east")
    for version in range(1, 4):
        for number, one in enumerate(ring):
            cells = freeze(one, {"headcount": 10**number}, version)
            assert cells.cell("headcount").value <= sum(10**n for n in range(size))
            roads[(number + 1) % size].report(one)
    first = standings(ring[0])["east"]
    assert "本级" in first.left_out.zh
    assert freeze(ring[0], {"headcount": 1}, 9).cell("headcount").value == 1
    assert freeze(ring[-1], {"headcount": 10 ** (size - 1)}, 9).cell("headcount").value == sum(
        10**n for n in range(size)
    )


def test_what_came_after_the_freezing_is_not_said_to_be_in_it(make):  # noqa: F811
    """A county that reports to the city too late for its version, and to the region itself, is counted there."""
    region, middle, county = make("region"), make("middle", units=UNITS), make("county")
    set_fair(region, a_city_fair())
    low, high = Network(middle), Network(region)
    high.join(middle, "west")
    freeze(middle, {"headcount": 50})
    low.join(county, "east")
    freeze(county, {"headcount": 1200})
    middle.clock.tick(60)
    low.report(county)
    high.report(middle)
    high.join(county, "east", again=True)
    high.report(county)
    assert rolled(region)["headcount"].value == 1250
    assert freeze(middle, {"headcount": 50}, 2).cell("headcount").value == 1250
    high.report(middle)
    assert rolled(region)["headcount"].value == 1250
    assert "西城区" in remarks(region)


def test_a_newer_version_of_a_unit_is_not_said_to_be_in_an_older_statement(make):  # noqa: F811
    region, middle, county, town = (
        make("region"),
        make("middle", units=UNITS),
        make("county", units=UNITS),
        make("town"),
    )
    set_fair(region, a_city_fair())
    lowest, low, high = Network(county), Network(middle), Network(region)
    for road, below, unit in ((high, middle, "west"), (low, county, "east"), (lowest, town, "east")):
        road.join(below, unit)
    freeze(county, {"headcount": 5})
    low.report(county)
    freeze(middle, {"headcount": 50})
    middle.clock.tick(60)
    freeze(town, {"headcount": 7})
    lowest.report(town)
    freeze(county, {"headcount": 5}, 2)
    low.report(county)
    high.report(middle)
    high.join(town, "east", again=True)
    high.report(town)
    assert rolled(region)["headcount"].value == 50 + 5 + 7


def test_a_copy_of_our_own_fair_that_is_reported_to_us_is_left_out(city, make):  # noqa: F811
    """Another hub counts our tablets by a roster; what it makes of them are our own figures."""
    copy, road = make("copy"), Network(city)
    with copy.store.begin() as tx:
        tx.execute(tables.fairs.update().values(origin=city.id))
    road.join(copy, "east")
    freeze(copy, EAST)
    road.report(copy)
    told = standings(city)["east"]
    assert "本级" in told.left_out.zh
    assert rolled(city) == {}
    assert freeze(city, {"headcount": 1200}).cell("headcount").value == 1200
    assert ledger.verify(copy) == []


# --- typed here, and reported -----------------------------------------------------------------------


def say(hub: Hub, figure: str, n: int | None, unit: str, **changes: Any) -> None:
    """Somebody at the hub types a figure for a unit."""
    body = FigureTyped(
        day="2027-03-15", hour=0, figure=figure, window="period", n=n, before=None, source="电话", unit=unit, blob=""
    )
    now, mono = hub.clock.now(), hub.clock.monotonic()
    with hub.store.begin() as tx:
        journal.append(
            tx, "demo", msgspec.structs.replace(body, **changes), desk=DESK, by="p-0a1b2c3d", now=now, mono=mono,
            fact_id=secrets.token_hex(16),
        )  # fmt: skip


def whole(hub: Hub, **wanted: Any) -> dict[str, Any]:
    """Figure → its value in the statement the hub would freeze now; `day=`: of that day."""
    with hub.store.reading() as tx:
        made = statements.draft(tx, hub, fair_of(hub))
    cells = next(one.cells for one in made.days if one.day == wanted["day"]) if wanted else made.period
    return {cell.key: cell.value for cell in cells}


def test_what_was_typed_for_a_unit_gives_way_to_what_it_reports(city, make):  # noqa: F811
    say(city, "messages", 500, "east")
    say(city, "messages", 30, "west")
    say(city, "messages", 7, "")
    say(city, "merchants", 4, "east")
    assert (whole(city)["messages"], whole(city)["merchants"]) == (537, 4)
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, {"messages": 480})
    road.report(east)
    assert (whole(city)["messages"], whole(city)["merchants"]) == (517, 4)
    with city.store.reading() as tx:
        made = statements.draft(tx, city, fair_of(city)).cell("messages")
    assert made.by == {"typed": 37, "below": 480}
    assert "1 项它自己报了" in remarks(city)
    with city.store.begin() as tx:
        devices.revoke(tx, city, standings(city)["east"].device, "数据有误", "p-1", 0)
    assert whole(city)["messages"] == 537


def test_money_typed_for_a_unit_gives_way_to_the_fen(city, make):  # noqa: F811
    say(city, "recovered", 12_850, "east")
    say(city, "recovered", 150, "")
    assert whole(city)["recovered"] == "130.00"
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, {"recovered": 10_000})
    road.report(east)
    assert whole(city)["recovered"] == "101.50"


def test_what_was_listed_for_a_unit_gives_way_to_what_it_reports(city, make):  # noqa: F811
    for unit, value in (("east", 900), ("", 100)):
        list_record(city, "destroyed", "假酒", unit=unit, amounts={"value": value, "pieces": 3})
    assert whole(city)["destroyed_value"] == "10.00"
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, {"destroyed_value": 2000})
    road.report(east)
    assert whole(city)["destroyed_value"] == "21.00"
    assert whole(city)["destroyed_pieces"] == 6  # of which the unit said nothing


def test_a_nothing_that_a_hub_says_of_itself_takes_away_nothing_that_was_typed(city, make):  # noqa: F811
    say(city, "headcount", 500, "east")
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, {"headcount": 0})
    road.report(east)
    assert whole(city)["headcount"] == 500
    assert "补录过" not in remarks(city)


def test_what_was_joint_and_listed_for_a_unit_counts_once(city, make):  # noqa: F811
    list_record(city, "destroyed", "假酒", unit="east", host="市局", joint=True, amounts={"value": 900})
    east, road = make("east"), Network(city)
    list_jointly(east, "destroyed", "假酒", "市局", value=900)
    road.join(east, "east")
    freeze(east, {"destroyed_value": 1000})
    road.report(east)
    assert whole(city)["destroyed_value"] == "10.00"


def test_a_figure_it_counts_otherwise_leaves_what_was_typed_for_it(city, make):  # noqa: F811
    say(city, "messages", 500, "east")
    east, road = make("east"), Network(city)
    road.join(east, "east")
    statement = freeze(east, {"messages": 480})
    freeze(east, {"messages": 480}, 2, columns=[msgspec.structs.replace(one, unit="次") for one in statement.columns])
    road.report(east)
    assert whole(city)["messages"] == 500


@pytest.mark.parametrize(
    ("list_id", "amount", "figure"),
    [("meetings", "forum", "meetings"), ("meetings", "lecture", "trainings"), ("inspections", "vehicles", "vehicles"),
     ("warnings", "tip", "warnings"), ("displays", "board", "boards")],
)  # fmt: skip
def test_whatever_a_figure_is_added_up_of_is_counted_once_where_it_was_joint(city, make, list_id, amount, figure):  # noqa: F811
    road = Network(city)
    for name in ("east", "west"):
        below = make(name)
        list_jointly(below, list_id, "联合座谈会", "示范市市场监管局", **{amount: 2})
        road.join(below, name)
        freeze(below, {figure: 3})
        road.report(below)
    assert rolled(city)[figure].value == 4


# --- clocks, sizes, other releases ------------------------------------------------------------------


@pytest.mark.parametrize("days", [-1, 1, 400])
@pytest.mark.parametrize("kind", ["network", "sticks"])
def test_whether_a_unit_is_late_is_no_matter_of_its_own_clock(city, make, clock, tmp_path, days, kind):  # noqa: F811
    east = make("east", at=FakeClock(FAIR_MORNING + timedelta(days=days)))
    road = Network(city) if kind == "network" else Sticks(city, tmp_path / "stick")
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    assert standings(city)["east"].state == "in_time"
    clock.tick(5 * DAY)
    freeze(east, EAST, 2)
    road.report(east)
    told = standings(city)["east"]
    assert (told.report.version, told.state) == (2, "in_time")
    assert rolled(city)["headcount"].value == 1200


def test_large_numbers_and_long_names_come_up_whole(city, make):  # noqa: F811
    long = Text("长" * 200, "w" * 400)
    set_fair(city, a_city_fair(units=[Unit("east", long), UNITS[1]]))
    road = Network(city)
    for unit, n in (("east", 10**9), ("west", 10**14)):
        below = make(unit)
        organiser = msgspec.structs.replace(a_fair().organiser, name=Text("局" * 200, "Office " * 100))
        set_fair(below, a_fair(organiser=organiser, title=long))
        road.join(below, unit)
        freeze(below, {"headcount": n, "recovered": n, "accuracy": (n, 3 * n)})
        road.report(below)
    found = rolled(city)
    assert found["headcount"].value == 10**14 + 10**9
    assert found["recovered"].parts["fen"] == 10**14 + 10**9
    assert found["accuracy"].value == "33.33"


def test_a_unit_with_other_days_counts_in_the_period_and_is_said_to_have_them(city, make):  # noqa: F811
    east, road = make("east", starts="2027-03-01", ends="2027-03-31"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    assert "2027-03-01" in remarks(city)
    assert rolled(city)["headcount"].value == 1200


def test_a_figure_of_another_catalogue_is_shown_and_added_to_nothing(city, make):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    statement = freeze(east, {"headcount": 12})
    newer = msgspec.structs.replace(statement.columns[0], key="drones", label=Text("无人机", "Drones"), unit="架次")
    cell = msgspec.structs.replace(statement.period[0], key="drones")
    freeze(
        east, {"headcount": 12}, 2, columns=[*statement.columns, newer], period=[*statement.period, cell],
    )  # fmt: skip
    road.report(east)
    assert "drones" not in rolled(city)
    with city.store.reading() as tx:
        told = units.said_in(tx, [standings(city)["east"].report], "period")["east"]
    assert (told["drones"].label.zh, told["drones"].value.n) == ("无人机", 12)
    assert "leaflets" not in told


def test_a_version_with_facts_only_a_newer_release_reads_is_said_to_wait_for_that(city, make):  # noqa: F811
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    bodies = rollup.told(freeze(east, {**EAST, "headcount": 5}, 2), east.id)
    writer = as_tablet(east)
    for body in bodies:
        writer.record(body)
        if isinstance(body, ReportFigure) and body.figure == "headcount":
            newer = writer.lines.pop().replace(b'"window":"period"', b'"window":"month"')
            writer.record(newer)
    receipt = deliver(city, writer.batch())
    assert receipt.quarantined == 1
    assert rolled(city)["headcount"].value == 1200
    assert "有 1 条用不了" in remarks(city)
