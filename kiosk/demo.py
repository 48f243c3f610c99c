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
SURVEYS = ("rights-awareness", "fair-satisfaction")
_PATIENCE = 30  # seconds to wait for a server to answer
_PAUSE = 60  # seconds until one that ended is started again
_ENDED = {
    "hub": """
  汇总端停了，展台照常可用：继续点，记录先存在平板上，{seconds} 秒后汇总端再启动，记录自动补传。
  The hub has ended and the booth goes on: keep counting. The hub starts again in {seconds} s, and the rest is sent.
""",
    "booth": """
  展台停了，汇总端照常可用；展台 {seconds} 秒后再启动，一条记录也不会少。
  The booth has ended and the hub goes on. The booth starts again in {seconds} s, and nothing is lost.
""",
}


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
    """Set up what is missing, start both sides, and stay until Ctrl-C. One that ends is started again by itself."""
    clock = SystemClock()
    if not (demo.hub.data / hub_app.SIGNING_KEY).exists():
        _make_hub(demo, clock, demo_fair())
    for told_to_stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told_to_stop, _as_interrupt)
    for port in (demo.hub_port, demo.booth_port):
        _refuse_taken(port)
    hub = _Side(demo, "hub", demo.hub.data, demo.hub_port)
    sides = [hub]
    try:
        hub.start()
        _wait(demo.hub_url, hub)
        if not demo.booth.database.exists():
            init_booth(demo.booth, clock)
        _enrol(demo, clock)
        booth = _Side(demo, "booth", demo.booth.data, demo.booth_port)
        sides.append(booth)
        booth.start()
        _wait(demo.booth_url, booth)
        print(_welcome(demo) + _offline(hub.pid), flush=True)
        while True:
            time.sleep(0.5)
            for side in sides:
                side.keep_up()
    except KeyboardInterrupt:
        return 0
    finally:
        for side in reversed(sides):
            side.tell_to_stop()
        for side in sides:
            side.wait()


class _Side:
    """One of the two servers. Each lives by itself: a hub that was killed is a fair without a network."""

    def __init__(self, demo: Demo, name: str, data: Path, port: int) -> None:
        self.name, self.data, self.port = name, data, port
        self._demo = demo
        self._process: subprocess.Popen[bytes] | None = None
        self._again_at = 0.0  # by the monotonic clock; 0: it runs

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._again_at = 0.0
        self._process = _start(self._demo, self.name, self.data, self.port)

    def keep_up(self) -> None:
        """Say that it ended, and start it again a while later: long enough to see what the other does without it."""
        if self.is_running:
            return
        if not self._again_at:
            self._again_at = time.monotonic() + _PAUSE
            print(_ENDED[self.name].format(seconds=_PAUSE), flush=True)
        elif time.monotonic() >= self._again_at:
            self.start()
            print(f"\n  {self.name} 又启动了 started again (pid {self.pid})\n", flush=True)

    def tell_to_stop(self) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait(timeout=30)


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
    """The built-in fair with prizes, a leaderboard and the surveys of the pack."""
    fair = read_fair(BUILTIN / "fair.json")
    return msgspec.structs.replace(fair, prizes=list(PRIZES), leaderboard=True, surveys=list(SURVEYS))


def _make_hub(demo: Demo, clock: SystemClock, fair: Fair) -> None:
    here, sealing_key = hub_app.create_hub(demo.hub, clock)
    with here.store.begin() as tx:
        fairs.add_fair(tx, fair)
        people.add_person(tx, LOGIN, PASSWORD, {"organiser", "supervisor"}, sealing_key)
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


def _wait(url: str, side: _Side) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url + "/healthz", timeout=2):  # noqa: S310 (our own address)
                return
        except OSError:
            if not side.is_running or time.monotonic() > deadline:
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


def _offline(hub_pid: int) -> str:
    return f"""
  试试断网 to try it offline:
    kill {hub_pid}

  汇总端停 {_PAUSE} 秒，展台照常点数；回来后自动补传，一条不多、一条不少。
  The hub is away for {_PAUSE} s and the booth goes on counting; then it sends the rest, each fact once.
"""
