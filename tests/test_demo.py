"""The demo's two servers: each goes on without the other, and one that ends is started again by itself."""

import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk import demo
from kiosk.demo import Demo


class Server:
    """A process that ends when a test says so."""

    def __init__(self, pid: int):
        self.pid, self.ended, self.told = pid, None, []

    def poll(self):
        return self.ended

    def send_signal(self, number):
        self.told.append(number)


@pytest.fixture
def here(monkeypatch):
    """Both sides, started; all servers that ever were; and the time, which a test moves."""
    found = SimpleNamespace(servers=[], time=100.0)
    monkeypatch.setattr(demo, "_start", lambda *_told: _started(found.servers))
    monkeypatch.setattr(demo.time, "monotonic", lambda: found.time)
    place = Demo(Path("x"), 3150, 3151)
    found.hub, found.booth = (
        demo._Side(place, name, Path("x"), port) for name, port in (("hub", 3151), ("booth", 3150))
    )
    for side in (found.hub, found.booth):
        side.start()
    return found


def _started(servers: list[Server]) -> Server:
    servers.append(Server(1000 + len(servers)))
    return servers[-1]


def goes_by(here, seconds: float) -> None:
    here.time += seconds
    for side in (here.hub, here.booth):
        side.keep_up()


def test_a_hub_that_is_killed_leaves_the_booth_alone_and_comes_back(here, capsys):
    here.servers[0].ended = -9
    goes_by(here, 0.5)
    goes_by(here, demo._PAUSE - 1)
    assert (here.hub.is_running, here.booth.is_running, len(here.servers)) == (False, True, 2)
    told = capsys.readouterr().out
    assert told.count("汇总端停了") == 1
    assert f"starts again in {demo._PAUSE} s" in told
    goes_by(here, 2)
    assert (here.hub.is_running, here.hub.pid, len(here.servers)) == (True, 1002, 3)
    assert "started again (pid 1002)" in capsys.readouterr().out
    here.servers[2].ended = 1  # and once more
    goes_by(here, 1)
    goes_by(here, demo._PAUSE)
    assert here.hub.pid == 1003


def test_a_booth_that_ends_comes_back_as_well(here, capsys):
    here.servers[1].ended = 0
    goes_by(here, 1)
    assert "展台停了" in capsys.readouterr().out
    goes_by(here, demo._PAUSE)
    assert (here.booth.is_running, here.hub.pid) == (True, 1000)


def test_only_what_runs_is_told_to_stop(here):
    here.servers[0].ended = -9
    for side in (here.hub, here.booth):
        side.tell_to_stop()
    assert [server.told for server in here.servers] == [[], [signal.SIGTERM]]


def test_it_says_how_to_try_it_offline():
    assert "kill 4711" in demo._offline(4711)
