"""The real relay, killed again and again in mid-work: what it took, it has."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from kiosk import strictjson
from kiosk.config import RelayConfig
from kiosk.errors import Problem
from kiosk.hub import tables
from kiosk.hub.app import create_hub_app
from kiosk.relay.app import init_relay
from kiosk.sync import protocol
from kiosk.sync.http import HttpTransport
from tests.hub.tablets import a_tablet, rows, run_of
from tests.proof import figure, share
from tests.roads import a_bundle

SPOKEN = {protocol.HEADER: "1"}
PATIENCE = 60  # seconds for a process to answer


@pytest.fixture
def hub_url(hub) -> Iterator[str]:
    """The hub, served for real."""
    server = make_server("127.0.0.1", 0, create_hub_app(hub), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class RelayProcess:
    """`kiosk relay serve` as it runs in a hall."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.road = HttpTransport(f"http://127.0.0.1:{self._port}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["relay", "serve", "--data", str(self._folder), "--bind", "127.0.0.1", "--port", str(self._port)]
        self._process = subprocess.Popen([sys.executable, "-m", "kiosk.cli", *words], start_new_session=True)
        self.wait_for(lambda told: told["ok"])

    def wait_for(self, is_so) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if is_so(strictjson.loads(self.road("GET", "/healthz", b"", {}).body)):
                    return
            except Problem:
                pass
            time.sleep(0.02)  # another process has to get there
        raise AssertionError("the relay did not get there")

    def kill(self) -> None:
        """The whole group at once, as when the plug is pulled."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def leave(relay: RelayProcess, bundle: bytes) -> bool:
    """Whether the relay says that it took it."""
    try:
        return relay.road("POST", "/relay/v1/bundles", bundle, SPOKEN).status == 202
    except Problem:
        return False


def test_a_relay_killed_in_mid_work_loses_nothing_and_doubles_nothing(hub, hub_url, tmp_path: Path):
    kills, dice, tablet, folder = share(60, 4), random.Random(315), a_tablet(hub), tmp_path / "relay"
    init_relay(RelayConfig(folder), hub_url, hub.fingerprint.hex())
    (folder / "relay.toml").write_text("forward_seconds = 1\n")
    relay, taken = RelayProcess(folder), []
    for _ in range(kills):
        relay.start()
        for _ in range(dice.randrange(1, 10)):
            first = len(tablet.record().record().lines) - 1
            assert leave(relay, a_bundle(hub, tablet, [(first, 2)], first=first))
            taken += [first, first + 1]
        # One more is under way when the plug is pulled: it got in or not, and its tablet asks again some time.
        first = len(tablet.record().lines)
        late = threading.Thread(target=leave, args=(relay, a_bundle(hub, tablet, [(first, 1)], first=first)))
        late.start()
        time.sleep(dice.random() * 0.01)
        relay.kill()
        late.join()
    relay.start()
    relay.wait_for(lambda told: told["waiting"] == 0)
    assert set(taken) <= {seq for _, seq, *_ in rows(hub, tables.facts)}
    assert leave(relay, a_bundle(hub, tablet))  # all of it again
    relay.wait_for(lambda told: told["waiting"] == 0)
    relay.kill()
    assert run_of(hub, tablet.journal) == (len(tablet.lines), tablet.hash_at(len(tablet.lines)), None)
    assert len(rows(hub, tables.facts)) == len(tablet.lines) + 1  # and the hub's own: a tablet joined
    figure("kill -9 of the relay", f"{kills} kills, {len(taken)} facts it had taken, 0 lost, 0 doubled")
