"""Hubs to measure: one that knows the province's tablets; and a server, ours or the floor's, as a process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kiosk import ROOT
from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub import fairs
from kiosk.hub.app import create_hub
from kiosk.hub.people import add_person
from kiosk.packs.reader import BUILTIN, read_fair
from tests.bench import load
from tests.bench.shipment import Province
from tests.bench.sides import environment, free_port, stop

LOGIN, PASSWORD = "bench", "bench-and-nothing-else"
#: A server that in so many seconds uses no more than so many of a processor does nothing.
QUIET_SECONDS, IDLE = 7, 0.1


def make_hub(folder: Path, province: Province, database: str = "") -> HubConfig:
    """A hub that knows the built-in fair, the province's tablets, and one person."""
    settings = HubConfig(folder, database)
    hub, sealing_key = create_hub(settings, SystemClock())
    with closing(hub):
        with hub.store.begin() as tx:
            fairs.add_fair(tx, read_fair(BUILTIN / "fair.json"))
            add_person(tx, LOGIN, PASSWORD, {"organiser", "supervisor"}, sealing_key)
        province.join(hub)
    return settings


@contextmanager
def serving(command: list[str], path: str) -> Iterator[tuple[int, int]]:
    """(port, process id) of a server once it answers."""
    port = free_port()
    words = [sys.executable, "-m", *command, str(port)]
    process = subprocess.Popen(words, cwd=ROOT, env=environment(), start_new_session=True)
    try:
        load.first_ok(port, load.get(path), lambda: process.poll() is None)
        yield port, process.pid
    finally:
        stop(process)


def a_hub_server(settings: HubConfig) -> "contextmanager":
    return serving(["kiosk.cli", "hub", "serve", "--data", str(settings.data), "--port"], "/healthz")


def a_bare_server(folder: Path) -> "contextmanager":
    folder.mkdir(exist_ok=True)
    return serving(["tests.bench.bare_hub", str(folder)], "/")


def sign_in(port: int, name: str = LOGIN, password: str = PASSWORD) -> str:
    """The cookie of whoever signed in."""
    told = {"name": name, "password": password, "next": "/"}
    return load.cookie_in(load.ask(port, lambda: load.form("/login", told)), "session")


def come_to_rest(process: int) -> None:
    """Wait until a server does nothing any more, even behind the scenes, where it may rest for some seconds between."""
    used = -1.0
    while (now := _cpu(process)) - used > IDLE:
        used = now
        time.sleep(QUIET_SECONDS)


def _cpu(process: int) -> float:
    """Seconds of processor time that a server has used."""
    told = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in _processes(process)]
    return sum(int(words[11]) + int(words[12]) for words in told) / os.sysconf("SC_CLK_TCK")


def rss(process: int) -> float:
    """Megabytes the largest process of a server holds."""
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in _processes(process)]
    return max(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _processes(server: int) -> list[str]:
    return [str(server), *Path(f"/proc/{server}/task/{server}/children").read_text().split()]
