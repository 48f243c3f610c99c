"""A booth on a disk that fills up: run as a program of its own, for it mounts a file system or limits its own files.

python -m tests.booth.small_disk (tmpfs | limit) FOLDER      prints what was seen, as JSON

`tmpfs` is a real file system of 8 MB. Where none may be mounted there is `limit`: no file may grow beyond a size, what
SQLite sees as a failed write and not as a full disk; giving up the reserve raises the limit, as under a quota.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk.booth import storage
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.config import BoothConfig
from tests.booth.test_quizzes import answer
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, a_headcount, an_id

RESERVE_KB = 256
DISK_MB = 8


class Tmpfs:
    """A file system of a few megabytes, filled up with something else."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(folder)], check=True)
        self._ballast = folder / "ballast"

    def fill(self, _booth: Booth) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            size = 1 << 16
            while size >= 512:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self) -> None:
        self._ballast.unlink()


class Limit:
    """No file may grow any more; giving up the reserve makes room for as much again."""

    def __init__(self, _folder: Path) -> None:
        self._limit = resource.RLIM_INFINITY
        give_up = storage.Storage.make_room

        def make_room(room: storage.Storage) -> bool:
            had_one = give_up(room)
            if had_one:
                self._set(self._limit + RESERVE_KB * 1024)
            return had_one

        storage.Storage.make_room = make_room

    def fill(self, booth: Booth) -> None:
        self._set(booth.journal.file.stat().st_size)

    def free(self) -> None:
        self._set(resource.RLIM_INFINITY)

    def _set(self, size: int) -> None:
        self._limit = size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def main(kind: str, folder: Path) -> None:
    """Count until the disk is full, until the reserve is used up, and on once there is room again."""
    disk = {"tmpfs": Tmpfs, "limit": Limit}[kind](folder)
    subprocess.run(["cp", "-r", f"{folder}.booth", str(folder / "booth")], check=True)
    storage.MEGABYTE = 1 << 10
    app = create_booth_app(BoothConfig(folder / "booth", sync_seconds=0, reserve_mb=RESERVE_KB), FakeClock())
    booth: Booth = app.extensions["booth"]
    desk = Browser(app.test_client()).enter(*VOLUNTEER)
    seen: dict[str, Any] = {"ample": look(app, desk)}
    acknowledged: list[str] = []
    tap = tapper(desk, acknowledged)

    tap(5)
    disk.fill(booth)
    taps = 0
    while booth.storage.level == "ample" and taps < 2000:
        taps += 1
        assert tap(1) == 200
    seen["low"] = look(app, desk)
    seen["quiz while low"] = answer_a_question(app)
    seen["taps while low"] = 0
    while (status := tap(1)) == 200 and seen["taps while low"] < 20_000:
        seen["taps while low"] += 1
    seen["status when full"] = status
    seen["full"] = look(app, desk)
    known = booth.journal.head()[0]

    disk.free()
    seen["tap once there is room"] = tap(1)
    seen["ample again"] = look(app, desk)
    seen["facts more"] = booth.journal.head()[0] - known
    seen["acknowledged"] = len(acknowledged)
    seen["kept of these"] = sum(booth.journal.fact(one) is not None for one in acknowledged)
    seen["headcount"] = booth.journal.day_totals("2027-03-15")["tally.headcount"]
    seen["verified"] = booth.journal.verify() == booth.journal.head()[0]
    booth.close()
    print(json.dumps(seen, ensure_ascii=False))


def tapper(desk: Browser, acknowledged: list[str]) -> Callable[[int], int]:
    def tap(times: int) -> int:
        """The status of the last touch. One that was refused is not tried again."""
        for _ in range(times):
            one = an_id(tap.number)
            tap.number += 1
            told = {"id": one, "counter": "headcount", "n": str(a_headcount().n)}
            answer = desk.client.post("/staff/tally", data=told, headers={"HX-Request": "true"})
            if answer.status_code == 200:
                acknowledged.append(one)
                assert "已记在本机" in answer.text
            else:
                assert "storage.full" in answer.text
                assert "存储已满，刚才没有记上" in answer.text
        return answer.status_code

    tap.number = 1
    return tap


def look(app: Any, desk: Browser) -> dict[str, Any]:
    """What the screens and the keeper's page say."""
    health = app.test_client().get("/healthz")
    counters, complaint = desk.get("/staff"), desk.get("/staff/complaint")
    return {
        "storage": health.get_json()["storage"],
        "ok": health.get_json()["ok"],
        "banner": [words for words in ("存储快满", "存储已满") if words in counters],
        "complaint": (complaint.status, "storage.low" in complaint),
        "attract": desk_free(app),
    }


def desk_free(app: Any) -> int:
    return app.test_client().get("/").status_code


def answer_a_question(app: Any) -> bool:
    answered = answer(Browser(app.test_client()), app.extensions["booth"])
    return answered.status == 200 and any(form.action == "/quiz/next" for form in answered.forms)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
