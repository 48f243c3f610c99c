"""Simulated tablets send to a hub on a real port over a network that loses things, and all of it arrives once."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from werkzeug.serving import make_server

from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.errors import SIMULATION_UNKNOWN, SYNC_UNREACHABLE, Problem
from kiosk.hub import fairs, ledger, rosters
from kiosk.hub.app import create_hub_app
from kiosk.hub.tables import devices, facts
from kiosk.simulation import sending
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.folder import write_folder
from kiosk.simulation.sending import FATES, send_all
from kiosk.simulation.sizes import SIZES
from kiosk.sync.rosters import read_roster
from tests.cli.test_commands import CLEAN
from tests.hub.tablets import rows
from tests.proof import share_hubs


@pytest.fixture
def address(hub) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_hub_app(hub), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with closing(server.socket):
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(SIZES["demo"], 315)


def adopt(hub, fleet: Fleet) -> None:
    with hub.store.begin() as tx:
        rosters.adopt(tx, hub, read_roster(fleet.roster()))


@share_hubs
def test_everything_arrives_once_whatever_gets_lost(hub, address, fleet, tmp_path):
    adopt(hub, fleet)
    told = []
    sent = send_all(fleet, address, SystemClock(), 4, lambda: told.append(1))
    write_folder(tmp_path / "truth", fleet)
    truth = json.loads((tmp_path / "truth" / "ledger.json").read_bytes())
    assert (sent.facts, sent.quarantined, len(told)) == (truth["facts"], 0, 8)
    assert sent.blobs == SIZES["demo"].complaints
    with hub.store.reading() as tx:
        found = fairs.figures_of(tx, fairs.find_fair(tx, fleet.fair.id))
    assert [one.as_json() for one in found] == truth["figures"]
    assert len(rows(hub, facts)) == truth["facts"]
    assert ledger.verify(hub) == []
    assert all(row.told_seq for row in _devices(hub))
    # And again: the hub has it all already.
    again = send_all(fleet, address, SystemClock(), 2)
    assert again.facts == truth["facts"]
    assert len(rows(hub, facts)) == truth["facts"]


def _devices(hub):
    from sqlalchemy import select

    with hub.store.reading() as tx:
        return tx.execute(select(devices)).all()


@share_hubs
def test_a_worse_network_loses_nothing_either(hub, address, fleet, monkeypatch):
    """Every fate at once, on nearly every second request."""
    adopt(hub, fleet)
    monkeypatch.setattr(sending, "FATES", dict.fromkeys(FATES, 0.11))
    sent = send_all(fleet, address, SystemClock(), 4)
    assert set(sent.fates) >= set(FATES)
    assert sum(sent.fates.values()) > 20
    assert len(rows(hub, facts)) == sent.facts
    assert ledger.verify(hub) == []


@share_hubs
def test_what_befalls_a_request_hangs_on_the_seed_alone(hub, address, fleet, monkeypatch):
    adopt(hub, fleet)
    monkeypatch.setattr(sending, "FATES", dict.fromkeys(FATES, 0.1))
    first = send_all(fleet, address, SystemClock(), 1)
    second = send_all(fleet, address, SystemClock(), 1)
    assert first.requests > 0
    assert sum(first.fates.values()) > 0
    third = send_all(fleet, address, SystemClock(), 8)
    assert (second.requests, second.fates) == (third.requests, third.fates)


@share_hubs
def test_a_hub_that_was_not_given_the_roster_is_told_what_to_do(address, fleet):
    with pytest.raises(Problem) as raised:
        send_all(fleet, address, SystemClock(), 1)
    assert raised.value.kind is SIMULATION_UNKNOWN
    told = raised.value.sentence("en")
    assert "kiosk simulate --fair-size demo --seed 315 --out DIR" in told
    assert "kiosk hub import DIR/roster" in told


@share_hubs
def test_the_command_says_so_in_one_line(runner, address):
    answer = runner.invoke(main, ["simulate", "--fair-size", "demo", "--hub", address], env=CLEAN)
    assert answer.exit_code == 1
    assert answer.stderr.strip().splitlines()[-1].startswith("simulation.unknown: ")


@share_hubs
def test_the_command_sends_and_says_what_came_of_it(runner, hub, address, fleet):
    adopt(hub, fleet)
    words = ["simulate", "--fair-size", "demo", "--hub", address, "--booths-at-once", "3"]
    answer = runner.invoke(main, words, env=CLEAN)
    assert answer.exit_code == 0, answer.output
    assert f"{fleet.fair.id}: the hub has signed for {len(rows(hub, facts)):,} facts (0 quarantined)" in answer.stdout


def test_no_hub_there_is_said_as_always(fleet):
    with pytest.raises(Problem) as raised:
        send_all(fleet, "http://127.0.0.1:9", SystemClock(), 1)
    assert raised.value.kind is SYNC_UNREACHABLE


def test_a_simulation_goes_somewhere(runner):
    answer = runner.invoke(main, ["simulate", "--fair-size", "demo"], env=CLEAN)
    assert answer.exit_code == 2
    assert "--out" in answer.stderr
