"""The promise of it all: a hub that takes the folder in comes to the very figures of the ledger, on both databases."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kiosk import config
from kiosk.cli import main
from kiosk.hub import fairs, slips, totals
from kiosk.hub.app import open_hub
from kiosk.hub.tables import blobs, complaints, devices, facts, forks, journals
from kiosk.hub.tables import totals as buckets
from kiosk.reports.figures import figures
from tests.cli.test_commands import CLEAN
from tests.proof import FULL, figure

#: The city takes a few seconds more on each database; the province is for the bench and for a person's hand.
SIZES = ("demo", "city", "province") if FULL else ("demo",)


def run(runner, *words: object) -> str:
    answer = runner.invoke(main, [str(word) for word in words], env=CLEAN)
    assert answer.exit_code == 0, (words, answer.output, answer.exception)
    return answer.stdout


@pytest.fixture(params=["sqlite", "postgresql"])
def options(request, runner, tmp_path) -> list[str]:
    """The options of a new hub on each database."""
    found = ["--data", str(tmp_path / "hub")]
    if request.param == "postgresql":
        found += ["--database", request.getfixturevalue("postgres_url")]
    run(runner, "hub", "init", *found)
    return found


def hub_of(options: list[str]):
    database = options[3] if len(options) > 2 else None
    return open_hub(config.hub_config(Path(options[1]), database, environment={}))


@pytest.mark.parametrize("size", SIZES)
def test_a_simulated_fair_comes_out_as_its_ledger_says(runner, tmp_path, options, size):
    folder = tmp_path / "simulated"
    said = run(runner, "simulate", "--fair-size", size, "--out", folder)
    truth = json.loads((folder / "ledger.json").read_bytes())
    assert f"{truth['fair']} in {folder}" in said
    # Names in an order that is nobody's: the roster somewhere among the bundles.
    names = sorted(folder.iterdir(), key=lambda file: file.name[::-1])
    said = run(runner, "hub", "import", *options, *names)
    assert truth["fair"] in said
    assert said.count(" complete: ") == len(truth["booths"])
    compare(runner, options, truth)
    assert "as it should be" in run(runner, "hub", "verify", *options)
    # Once more, in another order: nothing changes.
    run(runner, "hub", "import", *options, *reversed(names))
    compare(runner, options, truth)
    # Folded anew from the stored facts: the same.
    run(runner, "hub", "rebuild", *options)
    compare(runner, options, truth)
    figure(f"simulated {size} facts equal to the ledger on both databases", truth["facts"])


def compare(runner, options: list[str], truth: dict) -> None:
    """Every figure and every number of the ledger against the hub."""
    told = json.loads(run(runner, "hub", "figures", *options, "--fair", truth["fair"], "--json"))
    assert told == {"fair": truth["fair"], "figures": truth["figures"]}
    for day, expected in truth["days"].items():
        told = json.loads(run(runner, "hub", "figures", *options, "--fair", truth["fair"], "--day", day, "--json"))
        assert told["figures"] == expected, day
    here = hub_of(options)
    try:
        with here.store.reading() as tx:
            fair = fairs.find_fair(tx, truth["fair"])
            for venue, expected in truth["venues"].items():
                desks = [desk.id for desk in fair.desks if desk.venue == venue]
                found = figures(totals.sums(tx, fair.id, desks=desks), {}, {})
                assert [one.value for one in found] == [one["value"] for one in expected], venue
            assert hours_in(tx, fair.id) == hours_of(truth)
            assert heads_in(tx, fair.id) == {one["journal"]: (one["facts"], one["head"]) for one in truth["booths"]}
            assert kinds_in(tx, fair.id) == truth["kinds"]
            sealed = sum(booth["sealed"] for booth in truth["booths"])
            assert tx.execute(select(func.count()).select_from(blobs)).scalar() == sealed
            assert tx.execute(select(func.count()).select_from(complaints)).scalar() == sealed
            assert tx.execute(select(func.count()).select_from(forks)).scalar() == 0
            assert tx.execute(select(func.sum(journals.c.doubtful))).scalar() == 0
            unusable = select(func.count()).select_from(facts).where(facts.c.problem.is_not(None))
            assert tx.execute(unusable).scalar() == 0
            said = slips.of_fair(tx, fair.id).values()
            assert [one.state for one in said] == ["agrees"] * len(truth["booths"])
    finally:
        here.close()


def hours_in(tx, fair: str) -> dict[tuple[str, str, str], int]:
    """(day, hour, metric) → sum, zeros left out."""
    key = (buckets.c.day, buckets.c.hour, buckets.c.metric)
    query = select(*key, func.sum(buckets.c.n)).where(buckets.c.fair == fair).group_by(*key)
    return {(day, f"{hour:02d}", metric): int(n) for day, hour, metric, n in tx.execute(query) if n}


def hours_of(truth: dict) -> dict[tuple[str, str, str], int]:
    return {
        (day, hour, metric): n
        for day, hours in truth["metrics"]["hours"].items()
        for hour, sums in hours.items()
        for metric, n in sums.items()
        if n
    }


def heads_in(tx, fair: str) -> dict[str, tuple[int, str]]:
    query = select(journals).join(devices, devices.c.journal == journals.c.journal).where(journals.c.fair == fair)
    return {row.journal: (row.seq, bytes(row.hash).hex()) for row in tx.execute(query)}


def kinds_in(tx, fair: str) -> dict[str, int]:
    query = (
        select(facts.c.kind, func.count())
        .join(devices, devices.c.journal == facts.c.journal)
        .where(devices.c.fair == fair)
        .group_by(facts.c.kind)
    )
    return dict(Counter({kind: int(n) for kind, n in tx.execute(query)}))


def test_without_notes_of_the_hub_s_time_the_days_come_out_wrong(runner, tmp_path, options, monkeypatch):
    """Tablets that never met the hub leave it nothing to correct their clocks by: the comparison is able to fail."""
    from kiosk.simulation import clocks

    monkeypatch.setattr(clocks, "_meets", lambda _kind, _boot, _dice: None)
    folder = tmp_path / "simulated"
    run(runner, "simulate", "--fair-size", "demo", "--out", folder)
    run(runner, "hub", "import", *options, folder)
    truth = json.loads((folder / "ledger.json").read_bytes())
    here = hub_of(options)
    try:
        with here.store.reading() as tx:
            found = hours_in(tx, truth["fair"])
    finally:
        here.close()
    assert found != hours_of(truth)
    assert {"2010", "2027"} <= {day[:4] for day, _, _ in found}
