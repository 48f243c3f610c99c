"""The two sides of every comparison, as processes: a really enrolled booth, and the floor."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kiosk import ROOT, demo
from kiosk.booth.setup import init_booth
from kiosk.clock import SystemClock
from kiosk.packs.reader import BUILTIN, read_fair
from tests.bench import load

VOLUNTEER = next(iter(demo.VOLUNTEERS))


@dataclass(frozen=True)
class Side:
    """A program under measurement and what it is asked."""

    port: int
    command: list[str]
    pages: tuple[str, ...]
    tap: str
    has_staff: bool

    @contextmanager
    def running(self, disk: Mapping[str, str] | None = None) -> Iterator["Running"]:
        """Started, and stopped in the end; `disk` is the environment of one that is slower than this machine's."""
        start = time.perf_counter()
        process = subprocess.Popen(self.command, cwd=ROOT, env=environment(disk), start_new_session=True)
        try:
            load.first_ok(self.port, load.get("/"), lambda: process.poll() is None)
            yield Running(self, process.pid, time.perf_counter() - start)
        finally:
            stop(process)


@dataclass(frozen=True)
class Running:
    side: Side
    pid: int
    seconds: float  # from spawning it to its first 200

    def tap(self) -> load.Request:
        """A touch on the headcount. On the booth a volunteer signs in first."""
        return load.tap(self.side.tap, "headcount", self.sign_in() if self.side.has_staff else "")

    def quiz(self) -> load.Request:
        """The quiz question one visitor is at."""
        return load.get("/quiz", load.cookie_in(load.ask(self.side.port, load.get("/quiz")), "visit"))

    def use(self, times: int) -> None:
        """Half pages, half taps."""
        for path in self.side.pages:
            load.repeat(self.side.port, load.get(path), times // 2 // len(self.side.pages))
        load.repeat(self.side.port, self.tap(), times // 2)

    def pss(self) -> float:
        """Megabytes of memory its processes take, with a fair share of what they share with others."""
        rolls = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _family(self.pid)]
        return sum(int(re.search(r"^Pss: +(\d+) kB", roll, re.MULTILINE)[1]) for roll in rolls) / 1024

    def sign_in(self) -> str:
        told = {"volunteer": VOLUNTEER, "pin": demo.PIN, "next": "/staff"}
        return load.cookie_in(load.ask(self.side.port, lambda: load.form("/staff/enter", told)), "staff")


def make_booth(folder: Path) -> Side:
    """A booth that joined a fair with a one-time code, as any tablet does. The hub runs only for that."""
    here = demo.Demo(folder / "fair", free_port(), free_port())
    clock = SystemClock()
    demo._make_hub(here, clock, read_fair(BUILTIN / "fair.json"))
    command = [*_kiosk("hub"), "--data", str(here.hub.data), "--port", str(here.hub_port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=True)
    try:
        load.first_ok(here.hub_port, load.get("/healthz"), lambda: process.poll() is None)
        init_booth(here.booth, clock).close()
        demo._enrol(here, clock)
    finally:
        stop(process)
    command = [*_kiosk("booth"), "--data", str(here.booth.data), "--port", str(here.booth_port)]
    return Side(here.booth_port, command, ("/", "/quiz"), "/staff/tally", has_staff=True)


def make_floor(folder: Path) -> Side:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floors", str(folder), str(port)]
    return Side(port, command, ("/",), "/tap", has_staff=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _kiosk(side: str) -> list[str]:
    return [sys.executable, "-m", "kiosk.cli", side, "serve"]


def environment(disk: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KIOSK_", "DATABASE_URL"))}
    shim = {name: value for name, value in (disk or {}).items() if name.startswith(("KIOSK_DISK", "LD_PRELOAD"))}
    return {**kept, **shim, "KIOSK_BOOTH_SYNC_SECONDS": "0"}


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]
