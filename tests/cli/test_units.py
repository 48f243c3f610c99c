"""A hub above a hub on the command line: a real port, real files, and every line a person reads."""

from contextlib import closing
from pathlib import Path

import pytest

from kiosk import config
from kiosk.hub.app import open_hub
from tests.cli.test_commands import fails
from tests.cli.test_end_to_end import run
from tests.cli.test_roads import the_hub
from tests.hub.hierarchy import freeze, rolled


@pytest.fixture
def city(runner, tmp_path) -> Path:
    run(runner, "hub", "init", "--data", tmp_path / "city", "--password", "made-up-for-this")
    return tmp_path / "city"


@pytest.fixture
def county(runner, tmp_path) -> Path:
    run(runner, "hub", "init", "--data", tmp_path / "county", "--password", "made-up-for-this")
    return tmp_path / "county"


def frozen(folder: Path, headcount: int, version: int = 1) -> None:
    with closing(open_hub(config.hub_config(folder, environment={}))) as here:
        freeze(here, {"headcount": headcount, "accuracy": (9, 12)}, version)


def figures_below(folder: Path) -> dict[str, object]:
    with closing(open_hub(config.hub_config(folder, environment={}))) as here:
        return {key: cell.value for key, cell in rolled(here).items() if cell.value is not None}


def test_a_county_joins_reports_and_is_counted_over_a_network_and_by_files_alike(runner, tmp_path, city, county):
    code = run(runner, "hub", "unit-code", "--unit", "xinhua", "--data", city).strip()
    frozen(county, 1200)
    with the_hub(city) as url:
        said = run(runner, "hub", "join", "--parent", url, "--code", code, "--data", county)
        assert said == "joined as unit xinhua\n"
        assert "signed for" in run(runner, "hub", "report-up", "--data", county)
        assert "0 new" in run(runner, "hub", "report-up", "--data", county)
    by_network = figures_below(city)
    assert by_network == {"headcount": 1200, "accuracy": "75.00"}

    request, answer, bundle, back = (tmp_path / name for name in ("j.join", "j.answer", "j.kiosk", "j.receipts"))
    run(runner, "hub", "join", "--request", request, "--again", "--data", county)
    told = run(runner, "hub", "admit", request, "--unit", "jiefang", "--out", answer, "--data", city)
    assert "may report for unit jiefang" in told
    fingerprint = told.split()[-1]
    joined = run(runner, "hub", "join", "--certificate", answer, "--fingerprint", fingerprint, "--data", county)
    assert f"hub above {fingerprint}" in joined
    assert "facts 1 to" in run(runner, "hub", "report-up", "--out", bundle, "--data", county)
    run(runner, "hub", "import", bundle, "--receipts", back, "--data", city)
    assert "had signed for" in run(runner, "hub", "report-up", "--receipt", back, "--data", county)
    listed = run(runner, "hub", "units", "--data", city).splitlines()
    assert [line.split("\t")[1] for line in listed] == ["in_time", "in_time", "absent"]
    assert "Not added up" in listed[1]  # the same county twice: it counts once
    assert figures_below(city) == by_network


def test_what_is_missing_is_said_in_one_line(runner, tmp_path, city, county):
    fails(runner, "hub", "report-up", "--data", county, code="upward.none")
    fails(runner, "hub", "unit-code", "--unit", "nobody", "--data", city, code="unit.unknown")
    (tmp_path / "no.join").write_bytes(b"hello\n")
    admit = ("hub", "admit", tmp_path / "no.join", "--unit", "xinhua", "--out", tmp_path / "x", "--data", city)
    fails(runner, *admit, code="upward.file")
    code = run(runner, "hub", "unit-code", "--unit", "xinhua", "--data", city).strip()
    with the_hub(city) as url:
        join = ("hub", "join", "--parent", url, "--code", code, "--data")
        fails(runner, *join, city, code="upward.self")
        run(runner, *join, county)
        fails(runner, "hub", "report-up", "--data", county, code="upward.draft")
        fails(runner, *join, county, code="upward.joined")
        fails(runner, *join, county, "--again", code="sync.refused")
    fails(runner, *join, county, "--again", code="sync.unreachable")
