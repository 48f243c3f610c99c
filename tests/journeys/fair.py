"""A fair for one story or many: a real hub and a real booth as processes, and a hand on their switches."""

import http.client
import itertools
import json
import os
import random
import shutil
import socket
import subprocess
import time
from contextlib import closing, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

from kiosk import cli, demo
from kiosk.booth import outbox
from kiosk.booth.carrying import Carrier
from kiosk.booth.journal import Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub.app import open_hub
from kiosk.packs.fairs import Fair as PackFair
from kiosk.packs.reader import BUILTIN, read_fair
from kiosk.sync import sequence
from kiosk.sync.protocol import Certificate
from tests import programs
from tests.hub.tablets import a_tablet, deliver
from tests.makers import a_fact, a_filing, a_headcount

_PATIENCE = 60  # seconds for a server to answer on a busy machine

# None of those that the system itself gives to connections, nor of another worker's: while a server is stopped its port
# has to stay free.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_FIRST = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID")).randrange(22_528) + 1_000 * _WORKER
_PORTS = (10_240 + place % 22_528 for place in itertools.count(_FIRST))


class Server:
    """One side as a process of its own, on a port that stays the same when it is started again."""

    def __init__(self, side: str, data: Path, settings: dict[str, str], port: int | None = None) -> None:
        self.side = side
        self.data = data
        self.log = data.with_suffix(".log")
        self.port = port or _free_port()
        self.settings = settings
        self.at = ""  # a moment, for a server and commands that live at another time
        self.later = 0  # seconds that went by for it since, without anybody waiting
        self._process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = self._words(self.side, "serve", "--data", str(self.data), "--port", str(self.port))
        self._process = programs.start(*words, environment(self.settings), self.log, self.log)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if not self._process.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the {self.side} did not start:\n{self.log.read_text('utf-8')}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process = None

    def again(self, **settings: str) -> "Server":
        """Stopped and started, with settings of its own from now on."""
        self.stop()
        self.settings = {**self.settings, **settings}
        self.start()
        return self

    def pids(self) -> list[int]:
        """The process that was started and those it forked."""
        assert self._process is not None
        master = self._process.pid
        return [master, *map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split())]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """`kiosk <side> …` beside the server, on the same folder."""
        return programs.run(*self._words(self.side, *words, "--data", str(self.data)), environment(self.settings), 120)

    def ask(self, *words: str) -> str:
        """As `run`, of a command that has to work; returns what it printed."""
        done = self.run(*words)
        assert done.returncode == 0, f"kiosk {self.side} {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def told(self, *words: str) -> str:
        """As `ask`, without a process of its own: for what stories ask again and again."""
        assert not self.at, "this process lives at its own time"
        theirs = {name: None for name in os.environ if name not in environment({})}
        words = (self.side, *words, "--data", str(self.data))
        done = CliRunner().invoke(cli.main, words, env={**theirs, **self.settings}, catch_exceptions=False)
        assert done.exit_code == 0, f"kiosk {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def lets_pass(self, seconds: int) -> None:
        """For a server that lives at another time, so much more of it goes by."""
        assert self.at, "only a server at another time can be told how much of it went by"
        self.later += seconds
        self._hands.write_text(str(self.later))

    def stands_still(self, seconds: int) -> None:
        """For a server that lives at another time: so much of it has gone by, and no more while the story goes on."""
        assert self.at, "only a server at another time can be told how much of it went by"
        self._hands.write_text(f"={seconds}")

    @property
    def _hands(self) -> Path:
        return self.data.with_suffix(".later")

    def _words(self, *words: str) -> tuple[str, list[str]]:
        """The module and its arguments."""
        return ("tests.journeys.at", [self.at, str(self._hands), *words]) if self.at else ("kiosk.cli", [*words])

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status in (200, 503)  # it may have to say that something is wrong
        except OSError:
            return False
        finally:
            connection.close()


class Fair:
    """The fair of `kiosk demo`. Nothing is sent to the hub until a story says so (`sync`)."""

    def __init__(self, folder: Path, like: "Fair | None" = None) -> None:
        """`like`: another one, switched off, to be begun as, with its folders and at its addresses."""
        self.folder = folder
        self.settings = {"KIOSK_BOOTH_SYNC_SECONDS": "0"}
        self.hub = Server("hub", folder / "hub", self.settings, like.hub.port if like else None)
        self.booth = Server("booth", folder / "booth", self.settings, like.booth.port if like else None)
        if like:
            for server, copied in ((self.hub, like.hub), (self.booth, like.booth)):
                shutil.copytree(copied.data, server.data)
        self.settings["KIOSK_HUB_PUBLIC_URL"] = self.hub.url
        self.settings["KIOSK_BOOTH_PHONE_URL"] = self.phone_url
        self.badge: list[Any] = []  # the cookie of the organiser who signed in
        self._more: list[Server] = []

    @property
    def phone_url(self) -> str:
        """Where phones find the tablet; `screens` sends them there."""
        return f"http://tablet.test:{self.booth.port}"

    def open(self, what: PackFair | None = None) -> "Fair":
        """Made, enrolled and started as `kiosk demo` does it, but without prizes: a play is its own facts alone."""
        here = demo.Demo(self.folder, self.booth.port, self.hub.port)
        clock = SystemClock()
        fair = msgspec.structs.replace(read_fair(BUILTIN / "fair.json"), surveys=list(demo.SURVEYS))
        demo._make_hub(here, clock, what or fair)
        self.hub.start()
        init_booth(here.booth, clock).close()
        demo._enrol(here, clock)
        self.booth.start()
        return self

    def begin(self) -> "Fair":
        """One that was begun as another: switched on."""
        self.hub.start()
        self.booth.start()
        return self

    def close(self) -> None:
        for server in (*self._more, self.booth, self.hub):
            server.stop()

    def another_booth(self, desk: str) -> Server:
        """One more tablet, enrolled as any is. Not started yet."""
        booth = Server("booth", self.folder / f"booth-{desk}", self.settings)
        self._more.append(booth)
        booth.ask("init")
        booth.ask("enrol", "--hub", self.hub.url, "--code", self.hub.ask("code", "--desk", desk))
        return booth

    def new_tablet(self, name: str) -> Server:
        """A tablet that nobody has enrolled, switched on."""
        booth = Server("booth", self.folder / f"new-{name}", self.settings)
        self._more.append(booth)
        booth.ask("init")
        booth.start()
        return booth

    def free(self, desk: str) -> None:
        """Withdraw the tablet of a desk, so that another can join there."""
        rows = [line.split("\t") for line in self.hub.ask("devices").splitlines()]
        for device in [row[0] for row in rows if row[1] == desk and row[2] != "revoked"]:
            self.hub.ask("revoke", "--device", device, "--reason", "another takes its place")

    def sync(self) -> str:
        """Send everything; returns what `kiosk booth sync` says."""
        return self.booth.ask("sync") if self.booth.at else self.booth.told("sync")

    def codes(self) -> list[str]:
        """The texts of the QR codes that hold all facts of the tablet, sent or not."""
        with closing(Journal(self.booth.data / "booth.db", SystemClock())) as journal:
            carrier = Carrier.of(journal, outbox.load_key(self.booth.data))
            return sequence.write_parts(carrier.batch(1, carrier.lines(1, journal.head()[0])))

    def spoils(self) -> tuple[str, str]:
        """A tablet whose card was copied, and one that sends what nobody can use; returns their journals."""
        with closing(open_hub(HubConfig(self.hub.data), SystemClock())) as hub:
            one = a_tablet(hub, "d18").record()
            other = one.clone().record(a_headcount(5))
            filed = a_filing()
            bad = a_tablet(hub, "d19").record(b"\xff").record(b"\xff\x00").record(a_fact(kind="prize.given"))
            bad.record(a_fact(desk="d18"))
            for tablet in (one.record(a_headcount(30)).record(filed), other, bad):
                deliver(hub, tablet.batch())
        return one.journal, bad.journal

    def figures(self) -> dict[str, Any]:
        """Value of each figure, by key."""
        told = self.hub.ask if self.hub.at else self.hub.told
        return {figure["key"]: figure["value"] for figure in json.loads(told("figures", "--json"))["figures"]}

    def certificate(self) -> Certificate:
        """Of the tablet: anybody may know it."""
        with closing(Journal(self.booth.data / "booth.db", SystemClock())) as journal:
            found = journal.identity().certificate
        assert found is not None
        return found

    def booth_figure(self, metric: str) -> int:
        """What the tablet itself has counted of it, on all days."""
        with closing(Journal(self.booth.data / "booth.db", SystemClock())) as journal:
            return sum(n for (*_, name), n in journal.totals().items() if name == metric)

    def labels(self) -> dict[str, str]:
        """What each figure is called on a Chinese page, by key."""
        answer = json.loads(self.hub.told("figures", "--json"))
        return {figure["key"]: figure["label"]["zh"] for figure in answer["figures"]}


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Ours, without what the person at this machine has set for their own booth or hub."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KIOSK_", "DATABASE_URL"))}
    return {**kept, **settings}


def _free_port() -> int:
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            break
    return port
