"""Hubs to measure: one that knows the province's tablets; and a server, ours or the floor's, as a process."""

import os
import subprocess
import sys
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


def rss(process: int) -> float:
    """Megabytes the largest process of a server holds."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (process, *children)]
    return max(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20
