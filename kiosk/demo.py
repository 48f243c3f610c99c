"""`kiosk demo`: a booth and a hub on this machine, enrolled with one another, with the built-in fair."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import msgspec

from kiosk.booth import outbox
from kiosk.booth.journal import Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import SystemClock
from kiosk.config import BoothConfig, HubConfig
from kiosk.hub import app as hub_app
from kiosk.hub import devices, fairs, people
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Fair, Prize
from kiosk.packs.model import Text
from kiosk.packs.reader import BUILTIN, read_fair
from kiosk.sync.http import HttpTransport

#: Known to everybody, and therefore only for a demo on this machine.
LOGIN, PASSWORD, PIN = "demo", "kiosk-315-demo", "380315"
VOLUNTEERS = {"li": "李志愿", "wang": "王小明"}
DESK = "d01"
#: What the built-in fair leaves out, and whoever looks at the demo should see.
PRIZES = (
    Prize(id="bag", name=Text("环保购物袋", "Shopping bag"), earned_by="passed", quota=30, per_hour=15),
    Prize(id="pen", name=Text("签字笔", "Pen"), earned_by="finished", quota=50),
    Prize(id="kettle", name=Text("电热水壶", "Kettle"), earned_by="lot", quota=3),
)
_PATIENCE = 30  # seconds to wait for a server to answer


class Demo(msgspec.Struct, frozen=True):
    """Where a demo lives."""

    folder: Path
    booth_port: int
    hub_port: int

    @property
    def hub_url(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def booth_url(self) -> str:
        return f"http://127.0.0.1:{self.booth_port}"

    @property
    def booth(self) -> BoothConfig:
        return BoothConfig(self.folder / "booth")

    @property
    def hub(self) -> HubConfig:
        return HubConfig(self.folder / "hub", public_url=self.hub_url)


def run(demo: Demo) -> int:
    """Set up what is missing, start both sides, and stay until one stops or Ctrl-C."""
    clock = SystemClock()
    if not (demo.hub.data / hub_app.SIGNING_KEY).exists():
        _make_hub(demo, clock, demo_fair())
    for told_to_stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told_to_stop, _as_interrupt)
    for port in (demo.hub_port, demo.booth_port):
        _refuse_taken(port)
    servers = [_start(demo, "hub", demo.hub.data, demo.hub_port)]
    try:
        _wait(demo.hub_url, servers[0])
        if not demo.booth.database.exists():
            init_booth(demo.booth, clock)
        _enrol(demo, clock)
        servers.append(_start(demo, "booth", demo.booth.data, demo.booth_port))
        _wait(demo.booth_url, servers[1])
        print(_welcome(demo), flush=True)
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for server in reversed(servers):
            server.send_signal(signal.SIGTERM)
        for server in servers:
            server.wait(timeout=30)


def _as_interrupt(_number: int, _frame: object) -> None:
    """Being told to stop is Ctrl-C: both servers go with us."""
    raise KeyboardInterrupt


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SystemExit(f"port {port} is taken; BOOTH_PORT and HUB_PORT choose others") from None


def demo_fair() -> Fair:
    """The built-in fair with prizes and a leaderboard."""
    return msgspec.structs.replace(read_fair(BUILTIN / "fair.json"), prizes=list(PRIZES), leaderboard=True)


def _make_hub(demo: Demo, clock: SystemClock, fair: Fair) -> None:
    here, sealing_key = hub_app.create_hub(demo.hub, clock)
    with here.store.begin() as tx:
        fairs.add_fair(tx, fair)
        people.add_person(tx, LOGIN, PASSWORD, {"organiser", "caseworker"}, sealing_key)
        for volunteer, name in VOLUNTEERS.items():
            people.add_volunteer(tx, fair.id, volunteer, name, PIN)
    here.close()


def _enrol(demo: Demo, clock: SystemClock) -> None:
    """The booth joins with a code, as any tablet does, and is ready: the demo knows the password that opens."""
    journal = Journal(demo.booth.database, clock)
    here = hub_app.open_hub(demo.hub, clock)
    try:
        key, road = outbox.load_key(demo.booth.data), HttpTransport(demo.hub_url)
        if journal.identity().certificate is None:
            with here.store.begin() as tx:
                code = devices.draw_code(tx, here, fairs.find_fair(tx, None), DESK, clock.now())
            outbox.enrol(journal, key, road, demo.hub_url, code)
        else:
            journal.write("UPDATE identity SET hub_url = ?", (demo.hub_url,))  # another HUB_PORT this time, perhaps
        _open_canaries(here)
        outbox.learn(journal, key, road)
    finally:
        here.close()
        journal.close()


def _open_canaries(here: Hub) -> None:
    with here.store.reading() as tx:
        opener = people.open_key(tx, LOGIN, PASSWORD)
    with here.store.begin() as tx:
        devices.open_canaries(tx, here, opener)


def _start(demo: Demo, side: str, data: Path, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "kiosk.cli", side, "serve", "--data", str(data), "--port", str(port)]
    environment = {**os.environ, "KIOSK_HUB_PUBLIC_URL": demo.hub_url, "KIOSK_BOOTH_SYNC_SECONDS": "5"}
    environment.pop("DATABASE_URL", None)
    return subprocess.Popen(command, env=environment, start_new_session=True)


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url + "/healthz", timeout=2):  # noqa: S310 (our own address)
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(
                    f"{url} did not start; is the port taken? BOOTH_PORT and HUB_PORT choose others"
                ) from None
            time.sleep(0.1)


def _welcome(demo: Demo) -> str:
    return f"""
Kiosk 315 · 示范活动 demo fair

  展台 booth       {demo.booth_url}/
  计数 counters    {demo.booth_url}/staff       PIN {PIN}
  汇总端 hub       {demo.hub_url}/            {LOGIN} / {PASSWORD}

  记录每 5 秒自动上传；也可以 it sends every 5 seconds; or at once:
    kiosk booth sync --data {demo.booth.data}
    kiosk hub figures --data {demo.hub.data} --json

  Ctrl-C 停止 stops both.
"""
