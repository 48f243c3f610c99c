"""A county, its city, its region: hubs as processes, each step a command; over HTTP and by files the same comes up."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub.app import open_hub
from kiosk.packs.fairs import Fair, Unit
from kiosk.packs.model import Text
from tests.hub.hierarchy import a_city_fair, list_jointly, list_record
from tests.hub.tablets import Tablet, a_tablet, deliver
from tests.journeys.fair import Server
from tests.makers import a_fact, a_fair, a_headcount, an_answer
from tests.proof import at_length

#: Unit → visitors at each of its two tablets, and answers of which so many were right.
COUNTIES = {"east": ((120, 30), (40, 33)), "west": ((700,), (60, 12))}
CITY_OWN = 11


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[dict[str, Server]]:
    """Two counties; and twice, for either road, a city above them and a region above that."""
    city_fair, region_fair = a_city_fair(), a_city_fair(units=[Unit("city", Text("示范市", "Model City"))])
    fairs: dict[str, Fair] = {name: a_fair() for name in COUNTIES}
    for road in ("wire", "stick"):
        fairs |= {f"city-{road}": city_fair, f"region-{road}": region_fair}
    made = {name: founded(tmp_path, name, fair) for name, fair in fairs.items()}
    try:
        yield made
    finally:
        for server in made.values():
            server.stop()


def founded(folder: Path, name: str, fair: Fair) -> Server:
    told = folder / f"{name}.json"
    organiser = msgspec.structs.replace(fair.organiser, name=Text(name, name))
    told.write_bytes(msgspec.json.encode(msgspec.structs.replace(fair, organiser=organiser)))
    server = Server("hub", folder / name, {})
    server.settings["KIOSK_HUB_PUBLIC_URL"] = server.url
    server.ask("init", "--fair", str(told), "--password", "a-made-up-password")
    return server


# --- what happens at the fairs ----------------------------------------------------------------------


def live_a_day(server: Server, heads: tuple[int, ...], answers: tuple[int, int], outlets: tuple[str, ...]) -> None:
    """Tablets count heads and ask questions; somebody lists the press, and what was destroyed together."""
    with closing(open_hub(HubConfig(server.data), SystemClock())) as here:
        tablets = [a_tablet(here, f"d{number:02d}").record(a_headcount(n)) for number, n in enumerate(heads, 1)]
        for number in range(answers[0] if answers else 0):
            _answer(tablets[0], right=number < answers[1])
        for tablet in tablets:
            deliver(here, tablet.batch())
        for outlet in outlets:
            list_record(
                here, "outlets", outlet, texts={"outlet": outlet, "press": outlet}, keys=["outlet", "press"]
            )  # fmt: skip
        list_jointly(here, "destroyed", "假酒", "city", value=90_000, pieces=40)


def _answer(tablet: Tablet, *, right: bool) -> None:
    tablet.record(a_fact(an_answer(right=right), id=f"{len(tablet.lines):032x}", desk=tablet.certificate.desk))


# --- the two roads ----------------------------------------------------------------------------------


def by_wire(above: Server, below: Server, unit: str, version: int) -> None:
    if version == 1:
        code = above.ask("unit-code", "--unit", unit)
        assert f"joined as unit {unit}" in below.ask("join", "--parent", above.url, "--code", code, "--again")
    assert f"version {version}: " in below.ask("report-up")
    assert f"version {version}: 0 new" in below.ask("report-up")


def by_stick(above: Server, below: Server, unit: str, version: int) -> None:
    folder = below.data.parent
    asked, answer, out, back = (str(folder / f"{below.data.name}.{end}") for end in ("ask", "let", "up", "back"))
    if version == 1:
        below.ask("join", "--request", asked, "--again")
        above.ask("admit", asked, "--unit", unit, "--out", answer)
        below.ask("join", "--certificate", answer, "--fingerprint", above.ask("fingerprint").split()[0])
    below.ask("report-up", "--out", out)
    for _ in range(2):
        above.ask("import", out, "--receipts", back)
    below.ask("report-up", "--receipt", back)


ROADS = {"wire": by_wire, "stick": by_stick}


def frozen(server: Server, why: str = "") -> None:
    server.ask("freeze", *(("--why", why) if why else ()))


def statement(server: Server) -> dict[str, Any]:
    """Figure → what the newest draft says of it: number, parts, and where it is from."""
    file = server.data.parent / f"{server.data.name}-now.json"
    server.ask("report", "--json", str(file))
    return {cell["key"]: cell for cell in json.loads(file.read_bytes())["period"]}


@at_length
def test_three_levels_come_to_the_same_over_http_and_over_files(hubs: dict[str, Server]) -> None:
    for name, (heads, answers) in COUNTIES.items():
        live_a_day(hubs[name], heads, answers, ("省报", f"{name}晚报"))
        frozen(hubs[name])
    found = {}
    for road, report in ROADS.items():
        city, region = hubs[f"city-{road}"], hubs[f"region-{road}"]
        live_a_day(city, (CITY_OWN,), (0, 0), ("省报",))
        if road == "wire":
            city.start()
            region.start()
        for name in COUNTIES:
            report(city, hubs[name], name, 1)
        frozen(city)
        report(region, city, "city", 1)
        found[road] = (statement(city), statement(region))
        assert [line.split("\t")[:3] for line in city.ask("units").splitlines()] == [
            ["east", "in_time", "version 1"], ["west", "in_time", "version 1"],
        ]  # fmt: skip
    for at_city, at_region in found.values():
        for cells in (at_city, at_region):
            assert cells["headcount"]["value"] == 120 + 30 + 700 + CITY_OWN
            assert cells["accuracy"]["value"] == "45.00"
            assert cells["media_outlets"]["value"] == 3
            assert cells["destroyed_value"]["value"] == "900.00"
            assert cells["destroyed_pieces"]["value"] == 40
        assert at_city["headcount"]["by"] == {"tapped": CITY_OWN, "below": 850}
        assert at_region["headcount"]["by"] == {"below": 861}
    comparable = ("value", "by")
    for one, other in zip(found["wire"], found["stick"], strict=True):
        assert {key: [one[key][name] for name in comparable] for key in one} == {
            key: [other[key][name] for name in comparable] for key in other
        }

    city, region = hubs["city-stick"], hubs["region-stick"]  # a correction goes all the way up, and takes its place
    live_a_day(hubs["east"], (), (0, 0), ())
    with closing(open_hub(HubConfig(hubs["east"].data), SystemClock())) as here:
        deliver(here, a_tablet(here, "d05").record(a_headcount(1000)).batch())
    frozen(hubs["east"], "东门的平板晚到了")
    by_stick(city, hubs["east"], "east", 2)
    frozen(city, "东城区重报")
    by_stick(region, city, "city", 2)
    assert statement(region)["headcount"]["value"] == 861 + 1000
    assert statement(region)["destroyed_value"]["value"] == "1800.00"  # as much as who knows most of it
    assert city.ask("units").splitlines()[0].startswith("east\tin_time\tversion 2\t")
    for server in hubs.values():
        server.ask("verify")
