"""A hub above hubs: what units report arrives by any road, counts once, by each figure's rule, and says where it is
from."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.facts.reporting import REPORT_KINDS
from kiosk.hub import backup, carrying, completeness, devices, fairs, ledger, tables, tablets, units, upward
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Unit
from kiosk.packs.model import Text
from kiosk.reports import rollup
from kiosk.reports.statement import Cell, Place
from kiosk.sync import keys, protocol
from tests.clocks import FakeClock
from tests.hub.hierarchy import (
    UNITS,
    Network,
    Sticks,
    a_city_fair,
    fair_of,
    fill,
    freeze,
    list_jointly,
    rolled,
    set_fair,
    standings,
    waiting,
)
from tests.hub.tablets import Tablet, a_tablet, deliver, everything, rows
from tests.makers import HUB_URL, WsgiTransport, a_fair, a_founded_hub, a_headcount

Make = Callable[..., Hub]
#: What a county says; each figure has another rule.
EAST: dict[str, Any] = {
    "headcount": 1200, "leaflets": 3000, "recovered": 12850, "accuracy": (350, 398),
    "media_outlets": ["aa" * 8, "bb" * 8], "most_present": {"v1": 640, "v2": 410},
}  # fmt: skip
WEST: dict[str, Any] = {
    "headcount": 800, "leaflets": 500, "recovered": 150, "accuracy": (10, 102), "media_outlets": ["bb" * 8, "cc" * 8],
    "most_present": {"v1": 720},
}  # fmt: skip


@pytest.fixture
def make(hub_folder: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Make]:
    """Another hub of its own, with the same clock: a county's, a region's."""
    made: list[Hub] = []

    def another(name: str, *, at: FakeClock | None = None, **changes: Any) -> Hub:
        """A hub of its own; `at`: by another clock."""
        here = _founded(tmp_path / name, at or clock)
        made.append(here)
        set_fair(here, a_fair(organiser=_organiser(name), **changes))
        return here

    yield another
    for one in made:
        one.close()


def _organiser(name: str) -> Any:
    return msgspec.structs.replace(a_fair().organiser, name=Text(name, name))


def _founded(folder: Path, clock: FakeClock) -> Hub:
    here, _ = a_founded_hub(folder, clock)
    with here.store.begin() as tx:
        fairs.add_fair(tx, a_fair())
    return here


@pytest.fixture
def city(hub: Hub) -> Hub:
    """A hub with two units, on each of the two databases."""
    set_fair(hub, a_city_fair())
    return hub


@pytest.fixture(params=["network", "sticks"])
def road_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Hub], Network | Sticks]:
    """How reports get to a hub above."""
    return Network if request.param == "network" else lambda hub: Sticks(hub, tmp_path / f"stick-{hub.id[:8]}")


# --- two levels, three levels -----------------------------------------------------------------------


def test_two_units_come_to_what_their_rules_say_by_either_road(city, make, road_of):
    east, west, road = make("east"), make("west"), road_of(city)
    for below, unit, cells in ((east, "east", EAST), (west, "west", WEST)):
        road.join(below, unit)
        freeze(below, cells)
        road.report(below)
        assert waiting(below) == 0
    found = rolled(city)
    assert found["headcount"].value == 2000
    assert found["headcount"].by == {"below": 2000}
    assert found["recovered"].value == "130.00"
    assert found["recovered"].parts == {"fen": 13000}
    assert (found["accuracy"].value, found["accuracy"].parts) == ("72.00", {"numerator": 360, "denominator": 500})
    assert found["media_outlets"].value == 3
    most = found["most_present"]
    assert (most.value, most.parts) == (None, {"unit.east": 640, "unit.west": 720})
    assert "西城区：720" in most.note.zh
    assert {unit: one.state for unit, one in standings(city).items()} == {"east": "in_time", "west": "in_time"}
    assert ledger.verify(city) == ledger.verify(east) == []


def test_three_levels_come_to_what_one_would(make, tmp_path):
    region, city = make("region"), make("city", units=UNITS)
    set_fair(region, a_city_fair(units=[msgspec.structs.replace(UNITS[0], id="city"), UNITS[1]]))
    low, high = Network(city), Sticks(region, tmp_path / "high")
    for name, cells in (("east", EAST), ("west", WEST)):
        county = make(f"county-{name}")
        low.join(county, name)
        freeze(county, cells)
        low.report(county)
    high.join(city, "city")
    freeze(city, {"headcount": 50, "accuracy": (1, 2), "media_outlets": ["aa" * 8], "most_present": {"v1": 900}})
    high.report(city)
    found = rolled(region)
    assert found["headcount"].value == 2050
    assert found["accuracy"].parts == {"numerator": 361, "denominator": 502}
    assert found["media_outlets"].value == 3
    assert found["most_present"].parts == {"unit.city": 900}
    assert len(standings(region)["city"].report.begun.through) == 2


def test_its_own_figures_and_those_below_stand_in_one_cell_that_says_so(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    statement = freeze(city, {"headcount": 50, "accuracy": (1, 2), "most_present": {"v1": 9}})
    assert statement.cell("headcount") == Cell("headcount", 1250, {}, {"auto": 50, "below": 1200})
    assert statement.cell("accuracy").parts == {"numerator": 351, "denominator": 400}
    assert statement.cell("most_present").parts == {"own": 9, "unit.east": 640}


# --- any road, any order, again ---------------------------------------------------------------------


def test_what_was_sent_is_sent_once_and_again_changes_nothing(city, make, road_of):
    east, road = make("east"), road_of(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    before, above = rows(east, tables.upward_facts), rows(city, tables.facts)
    road.report(east)
    assert rows(east, tables.upward_facts) == before
    assert rows(city, tables.facts) == above
    with east.store.begin() as tx:
        assert upward.submit_latest(tx, east, fair_of(east)) == 0


def test_the_same_by_stick_after_the_network_changes_nothing(city, make, tmp_path):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    before = {name: found for name, found in everything(city).items() if name != "devices"}
    [taken] = Sticks(city, tmp_path / "stick").report(east, everything=True)
    assert (taken.problem, taken.taken.new) == (None, 0)
    assert {name: found for name, found in everything(city).items() if name != "devices"} == before


def test_a_version_counts_once_all_of_it_is_here_in_whatever_order(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    with east.store.begin() as tx:
        written = upward.submit_latest(tx, east, fair_of(east))
    writer = as_tablet(east)
    parts = [(written, 1), (2, written - 2)]
    for first, count in parts:
        deliver(city, writer.batch(first, count))
        assert rolled(city) == {}
        assert standings(city)["east"].state == "silent"
    deliver(city, writer.batch(1, 1))
    assert rolled(city)["headcount"].value == 1200
    ledger.rebuild(city)
    assert rolled(city)["headcount"].value == 1200
    assert ledger.verify(city) == []


def as_tablet(below: Hub) -> Tablet:
    """The chain of a hub's reports, to be cut and changed as no honest hub does."""
    with below.store.reading() as tx:
        link = upward.link_of(tx, "demo")
    chain = upward.Chain(below, link)
    return Tablet(upward.key_of(below, link.journal), link.certificate, chain.hash_at(0), chain.lines(1, 10_000))


# --- versions ---------------------------------------------------------------------------------------


def test_a_newer_version_takes_the_place_of_the_older(city, make, road_of):
    east, road = make("east"), road_of(city)
    road.join(east, "east")
    for version, n in ((1, 1200), (2, 1150)):
        freeze(east, {**EAST, "headcount": n}, version)
        road.report(east)
        assert rolled(city)["headcount"].value == n
    told = standings(city)["east"]
    assert (told.report.version, told.versions) == (2, 2)
    assert any("漏了一个会场" in remark.zh for remark in told.remarks)


def test_half_a_newer_version_leaves_the_older_in_its_place(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    freeze(east, {**EAST, "headcount": 1}, 2)
    with east.store.begin() as tx:
        upward.submit_latest(tx, east, fair_of(east))
    writer = as_tablet(east)
    deliver(city, writer.batch(1, len(writer.lines) - 1))
    assert rolled(city)["headcount"].value == 1200


@pytest.mark.parametrize("fault", ["unreadable", "left out", "twice", ""])
def test_a_version_of_which_a_part_cannot_be_read_does_not_count(city, make, fault):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    bodies = rollup.told(freeze(east, EAST), east.id)
    writer = as_tablet(east)
    for number, body in enumerate(bodies):
        if number == 2 and fault == "unreadable":
            writer.record(b'{"v":1}')
        elif number != 2 or fault != "left out":
            writer.record(body)
        if number == 2 and fault == "twice":
            writer.record(body)
    receipt = deliver(city, writer.batch())
    assert receipt.quarantined == (fault == "unreadable")
    assert (rolled(city) != {}) == (fault == "")


def test_who_is_late_missing_or_silent_is_told_by_this_hub_s_own_clock(city, make, clock):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    assert [one.state for one in standings(city).values()] == ["silent", "absent"]
    clock.tick(5 * 86_400)
    assert [one.state for one in standings(city).values()] == ["missing", "missing"]
    road.report(east)
    assert [one.state for one in standings(city).values()] == ["late", "missing"]
    with city.store.reading() as tx:
        assert units.metrics(tx, city, fair_of(city)) == {"unit.on_time": 0, "unit.late": 1, "unit.missing": 1}


def test_who_was_in_time_stays_so_when_a_later_version_comes(city, make, clock):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    clock.tick(5 * 86_400)
    freeze(east, EAST, 2)
    road.report(east)
    told = standings(city)["east"]
    assert told.state == "in_time"
    assert any("时限以后" in remark.zh for remark in told.remarks)


# --- twice the same ---------------------------------------------------------------------------------


def test_what_several_did_together_counts_once(city, make):
    road = Network(city)
    for name, n in (("east", 900), ("west", 900)):
        below = make(name)
        list_jointly(below, "destroyed", "假酒", "示范市市场监管局", value=n)
        road.join(below, name)
        freeze(below, {"destroyed_value": 1000})
        road.report(below)
    assert rolled(city)["destroyed_value"].parts["fen"] == 1100
    list_jointly(city, "destroyed", "假酒", "示范市市场监管局", value=900)
    assert freeze(city, {"destroyed_value": 950}).cell("destroyed_value").parts["fen"] == 1150


def test_a_county_that_the_city_reports_for_is_left_out_where_it_reports_itself(make, tmp_path):
    region, city, county = make("region"), make("city", units=UNITS), make("county")
    set_fair(region, a_city_fair())
    low, high = Network(city), Network(region)
    low.join(county, "east")
    freeze(county, {"headcount": 1200})
    low.report(county)
    high.join(city, "west")
    freeze(city, {"headcount": 50})
    high.report(city)
    high.join(county, "east", again=True)
    high.report(county)
    told = standings(region)
    assert "西城区" in told["east"].left_out.zh
    assert (told["west"].left_out, rolled(region)["headcount"].value) == (None, 1250)


def test_a_fair_whose_raw_data_are_here_takes_no_reports(city):
    with city.store.begin() as tx:
        tx.execute(tables.fairs.update().values(origin="ab" * 16))
    with city.store.begin() as tx, pytest.raises(Problem, match=r"unit\.raw"):
        devices.draw_unit_code(tx, city, fair_of(city), "east", city.clock.now())


def test_a_unit_whose_raw_data_are_here_as_well_is_said_to_be(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    with city.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="elsewhere"))
        tx.execute(tables.fairs.update().where(tables.fairs.c.id == "elsewhere").values(origin=east.id))
        tx.execute(tables.reported.update().where(tables.reported.c.step == "begun").values(
            body=msgspec.json.encode(msgspec.structs.replace(standings(city)["east"].report.begun, fair="elsewhere"))
            .decode()))  # fmt: skip
    assert any("原始数据" in remark.zh for remark in standings(city)["east"].remarks)


def test_a_figure_that_is_counted_otherwise_there_is_added_to_nothing(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    statement = freeze(east, EAST)
    columns = [msgspec.structs.replace(one, unit="人") if one.key == "headcount" else one for one in statement.columns]
    freeze(east, EAST, 2, columns=columns)
    road.report(east)
    found = rolled(city)
    assert (found["headcount"].value, found["leaflets"].value) == (None, 3000)


# --- who may, and who may not -----------------------------------------------------------------------


def test_a_withdrawn_unit_leaves_with_what_it_said_or_keeps_it(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    with city.store.begin() as tx:
        devices.revoke(tx, city, standings(city)["east"].device, "人员调走", "p-1")
    assert rolled(city)["headcount"].value == 1200
    freeze(east, {**EAST, "headcount": 1}, 2)
    road.report(east)
    assert rolled(city)["headcount"].value == 1200
    with city.store.begin() as tx:
        [device] = rows(city, tables.devices)
        devices.revoke(tx, city, device[0], "数据有误", "p-1", 0)
    assert rolled(city) == {}
    assert ledger.verify(city) == []


def test_a_fork_stops_what_counts_and_joining_anew_mends_it(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    writer = as_tablet(east)
    clone = writer.clone()
    clone.lines = clone.lines[:-1]
    clone.record(a_headcount())
    deliver(city, clone.batch())
    assert rolled(city) == {}
    assert any("分叉" in remark.zh for remark in standings(city)["east"].remarks)
    freeze(east, EAST, 2)
    with pytest.raises(Problem, match=r"upward\.forked"):
        road.report(east)
    with city.store.begin() as tx:
        devices.revoke(tx, city, standings(city)["east"].device, "分叉", "p-1", 0)
    road.join(east, "east", again=True)
    road.report(east)
    assert rolled(city)["headcount"].value == 1200
    assert ledger.verify(city) == ledger.verify(east) == []


def test_a_unit_s_hub_may_say_nothing_but_reports(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    writer = as_tablet(east)
    assert set(writer.certificate.kinds) == set(REPORT_KINDS)
    receipt = deliver(city, writer.record(a_headcount(500)).batch())
    assert receipt.quarantined == 1
    with city.store.reading() as tx:
        assert fairs.figures_of(tx, fair_of(city))[0].value in (0, None)
        assert tx.execute(tables.totals.select()).first() is None
    tablet = a_tablet(city)
    tablet.record(msgspec.convert({"version": 1, "facts": 0}, units.ReportEnded))
    assert deliver(city, tablet.batch()).quarantined == 1


def test_nothing_sealed_of_a_unit_is_kept_no_notice_given_and_no_rehearsal_let_begin(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    writer, client = as_tablet(east), road.app.test_client()
    content = b"sealed by a hub"
    path = f"/sync/v1/blobs/{hashlib.sha256(content).hexdigest()}"
    assert client.put(path, data=content, headers=writer.headers("PUT", path, content)).status_code == 200
    assert rows(city, tables.blobs) == []
    path = "/sync/v1/packs/demo"
    assert client.get(path, headers=writer.headers("GET", path)).status_code == 404
    key = keys.SigningKey.generate()
    public_key, journal = bytes(key.verify_key).hex(), "ab" * 16
    proof = protocol.rehearsal_proof(writer.certificate.device, public_key, journal, city.id)
    asked = protocol.RehearsalRequest(
        public_key=public_key, journal=journal, proof=keys.sign(key, b"kiosk/rehearsal/1", proof)
    )
    path, body = "/sync/v1/rehearsals", protocol.dump(asked)
    answer = client.post(path, data=body, headers=writer.headers("POST", path, body))
    assert answer.json["problem"] == "sync.device"


def test_a_bundle_for_another_fair_or_hub_is_refused_in_words(city, make, tmp_path):
    east, other = make("east"), make("other", units=UNITS)
    stick = Sticks(other, tmp_path / "stick")
    stick.join(east, "east")
    freeze(east, EAST)
    with east.store.begin() as tx:
        upward.submit_latest(tx, east, fair_of(east))
    path = tmp_path / "east.kiosk"
    upward.export(east, fair_of(east), path)
    [found] = carrying.import_files(city, [path], lambda _done, _of: None)
    assert found.problem.code == "sync.device"
    with pytest.raises(Problem, match=r"sync\.addressee"):
        deliver(other, as_tablet(east).batch(fair="other-fair"))
    assert rolled(city) == {}


def admitted(above: Hub, unit: str, asked: bytes) -> bytes:
    with above.store.begin() as tx:
        return upward.admit(tx, above, fair_of(above), unit, asked)


def test_what_cannot_be_is_said_in_one_sentence(city, make):
    east, road = make("east", units=UNITS), WsgiTransport(create_hub_app(city))
    with pytest.raises(Problem, match=r"upward\.none"):
        upward.send(east, fair_of(east), road)
    asked = upward.write_request(east, fair_of(east))
    with pytest.raises(Problem, match=r"unit\.unknown"):
        admitted(city, "nobody", asked)
    with pytest.raises(Problem, match=r"upward\.self"):
        admitted(east, "east", asked)
    with pytest.raises(Problem, match=r"upward\.file"):
        admitted(city, "east", asked[:-3] + (b"00\n" if asked[-3:-1] != b"00" else b"11\n"))
    answer = admitted(city, "east", asked)
    with pytest.raises(Problem, match=r"upward\.file"):
        upward.take_admission(east, fair_of(east), asked)
    with pytest.raises(Problem, match=r"enrol\.fingerprint"):
        upward.take_admission(east, fair_of(east), answer, "00" * 8)
    other = make("third")
    with pytest.raises(Problem, match=r"upward\.file"):
        upward.take_admission(east, fair_of(east), admitted(city, "west", upward.write_request(other, a_fair())))
    upward.take_admission(east, fair_of(east), answer)
    upward.take_admission(east, fair_of(east), admitted(city, "east", asked))  # the same, once more
    with pytest.raises(Problem, match=r"enrol\.known"):
        admitted(city, "west", asked)
    with pytest.raises(Problem, match=r"upward\.joined"):
        upward.write_request(east, fair_of(east))
    with east.store.begin() as tx, pytest.raises(Problem, match=r"upward\.draft"):
        upward.submit_latest(tx, east, fair_of(east))


def test_a_hub_set_back_to_a_copy_knows_its_unit_again(city, make, tmp_path):
    east, road = make("east"), Network(city)
    written = backup.write(city, tmp_path / "early.kiosk-backup", "a-made-up-password")
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    settings = HubConfig(tmp_path / "again", public_url=HUB_URL)
    backup.restore(written.path, settings, "a-made-up-password")
    with closing(open_hub(settings, city.clock)) as again:
        assert rolled(again) == {}
        Network(again).report(east)
        assert rolled(again)["headcount"].value == 1200


def test_rebuild_verify_and_a_restored_backup_agree_on_both_sides(city, make, tmp_path):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(
        east,
        EAST,
        places=[Place("venue", "v1", Text("人民广场", "People's Square"), "", [Cell("headcount", 7, {}, {})])],
    )
    road.report(east)
    before = {name: found for name, found in everything(city).items() if name in ("reported", "journals", "totals")}
    ledger.rebuild(city)
    assert {name: found for name, found in everything(city).items() if name in before} == before
    for one in (city, east):
        assert ledger.verify(one) == []
        name = f"{one.id}.kiosk-backup"
        written = backup.write(one, tmp_path / name, "a-made-up-password")
        settings = HubConfig(tmp_path / one.id, public_url=HUB_URL)
        backup.restore(written.path, settings, "a-made-up-password")
        with closing(open_hub(settings, one.clock)) as again:
            assert ledger.verify(again) == []
            if one is city:
                assert rolled(again) == rolled(city)
                [place] = places(again)
                assert (place.name.zh, place.values) == ("人民广场", {"headcount": 7})
            else:
                freeze(again, EAST, 2)
                road.report(again)  # its key came back with it
    assert standings(city)["east"].report.version == 2


def places(hub: Hub) -> list[units.ReportPlace]:
    report = standings(hub)["east"].report
    with hub.store.reading() as tx:
        return units.places_of(tx, report)


def test_a_changed_byte_of_the_way_up_is_noticed(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    with east.store.begin() as tx:
        line = tables.upward_facts.c.line
        at = tables.upward_facts.c.seq == 3
        was = bytes(tx.execute(tables.upward_facts.select().with_only_columns(line).where(at)).scalar_one())
        tx.execute(tables.upward_facts.update().where(at).values(line=was.replace(b'"n":', b'"n":1')))
    assert any("way up" in fault for fault in ledger.verify(east))


def test_no_page_of_tablets_or_totals_meets_a_unit(city, make):
    east, road = make("east"), Network(city)
    road.join(east, "east")
    freeze(east, EAST)
    road.report(east)
    certificate = protocol.read_document(protocol.Certificate, rows(city, tables.devices)[0][7], city.key.verify_key)
    assert (certificate.unit, certificate.fair) == ("east", "demo")
    with city.store.reading() as tx:
        assert tablets.rows(tx, fair_of(city), city.clock.now()) == []
        booths = completeness.booths(tx, fair_of(city), city.clock.now(), city.pack.version)
        assert not [one for one in booths if one.device]


# --- many units -------------------------------------------------------------------------------------


def test_two_hundred_units_are_rolled_up_in_less_than_a_second(city):
    """By this thread's own time: what else the machine does is none of it."""
    crowd = [Unit(f"u{n}", Text(f"第{n}区", f"District {n}")) for n in range(200)]
    fair = set_fair(city, a_city_fair(units=crowd))
    fill(city, fair, days=2)
    took = []
    for _ in range(2):
        began = time.thread_time()
        found = rolled(city)
        took.append(time.thread_time() - began)
    table = standings(city)
    with city.store.reading() as tx:
        assert units.days(tx, fair) == {"2027-03-08", "2027-03-09"}
    assert found["headcount"].value == sum(range(200))
    assert found["media_outlets"].value == 300
    assert sum(one.counts for one in table.values()) == 200
    assert min(took) < 1, took
