"""One machine on the square's Wi-Fi that sends slowly or nonsense: the screen does not wait, no log tells."""

import os
import runpy
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from kiosk import ROOT
from kiosk.booth.app import THREADS
from kiosk.serve import CROWD, QUIET
from tests.deploy.machine import HUB, _running, _wait, free_port
from tests.deploy.test_slow_relay import _is_open

SETTINGS = ROOT / "deploy" / "booth" / "gunicorn.conf.py"
STRANGER = "127.0.0.2"
FORM = b"POST /m/take HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nw"


@dataclass(frozen=True)
class Served:
    port: int
    log: Path

    def connect(self, sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(STRANGER, 0))
        connection.sendall(sent)
        return connection

    def wait_at_the_screen(self) -> float:
        """Seconds until the tablet's own browser has its answer."""
        started, connection = time.monotonic(), HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        return time.monotonic() - started


@pytest.fixture(scope="module", params=["command", "deploy"])
def served(request, booth_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A booth as each of the two ways starts it."""
    home = tmp_path_factory.mktemp("served")
    found = Served(free_port(), home / "log")
    shutil.copytree(booth_folder, home / "booth")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KIOSK_")}
    environment |= {
        "KIOSK_BOOTH_DATA": str(home / "booth"),
        "KIOSK_BOOTH_SYNC_SECONDS": "0",
        "KIOSK_BOOTH_RESERVE_MB": "0",
        "BOOTH_BIND": f"127.0.0.1:{found.port}",
    }
    ways = {
        "command": ["kiosk.cli", "booth", "serve", "--port", str(found.port)],
        "deploy": ["gunicorn", "-c", str(SETTINGS)],
    }
    with _running([sys.executable, "-m", *ways[request.param]], environment, found.log):
        _wait(lambda: HTTPConnection("127.0.0.1", found.port, timeout=5), found.log)
        yield found


def test_one_machine_that_sends_slowly_does_not_stop_the_screen_and_is_hung_up_on(served: Served):
    with ExitStack() as stack:
        sent = (FORM, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        slow = [stack.enter_context(served.connect(sent[number % 2])) for number in range(2 * THREADS)]
        assert served.wait_at_the_screen() < 2
        for one in slow:
            one.setblocking(False)
        assert sum(map(_is_open, slow)) <= THREADS // 2
        deadline = time.monotonic() + 30
        while any(map(_is_open, slow)):
            assert time.monotonic() < deadline, "they still hold their connections"
            time.sleep(0.2)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /m/quiz/SECRET HTTP/9.9\r\n\r\n",
        b"G@T /m/quiz/SECRET HTTP/1.1\r\n\r\n",
        b"GET /m/quiz/SECRET and a blank HTTP/1.1\r\n\r\n",
        b"GET /m/quiz HTTP/1.1\r\nCookie : phone=SECRET\r\n\r\n",
        b"GET /m/quiz HTTP/1.1\r\nHost: x\r\nContent-Length: SECRET\r\n\r\n",
        b"\x16\x03\x01\x02\x00SECRET\r\n\r\n",
    ],
)
def test_what_is_no_request_leaves_neither_an_address_nor_a_piece_of_it_in_the_log(served: Served, sent: bytes):
    with served.connect(sent) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")
    served.wait_at_the_screen()
    logged = served.log.read_text("utf-8")
    assert "SECRET" not in logged
    assert STRANGER not in logged


def test_the_settings_in_deploy_are_those_of_the_commands():
    found = runpy.run_path(str(SETTINGS))
    assert (found["worker_class"], found["threads"], found["workers"]) == (CROWD, THREADS, 1)
    assert runpy.run_path(str(HUB / "gunicorn.conf.py"))["worker_class"] == QUIET
