"""The failing and slow disk of disk.c: built with the machine's C compiler, preloaded into a process, armed there."""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")


def build(folder: Path) -> Path:
    """Compile it; the library."""
    compiler = os.environ.get("CC") or shutil.which("cc") or "gcc"
    library = folder / "disk.so"
    words = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run([compiler, *words], check=True)
    return library


def preloaded(library: Path, slow_us: int = 0, folder: Path | None = None) -> dict[str, str]:
    """The environment of a process whose disk it is. Every flush takes so long; only in `folder`, if one is named."""
    settings = {"KIOSK_DISK_SLOW_US": str(slow_us)} if slow_us else {}
    if folder is not None:
        settings["KIOSK_DISK_FOLDER"] = str(folder.resolve())
    return {**os.environ, "LD_PRELOAD": str(library), **settings}


class Disk:
    """In the preloaded process: the switch."""

    #: What fails once armed: one call; all from it on; or all from it on until some file is removed, which makes room.
    ONCE, ON, UNTIL_ROOM = 0, 1, 2

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.kiosk_disk_arm.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int)
        self._library.kiosk_disk_failures.restype = ctypes.c_long

    def arm(self, folder: Path, call: int, error: int, how: int) -> None:
        """Let the n-th write, truncation or flush of a file in `folder` fail with an errno."""
        self._library.kiosk_disk_arm(str(folder.resolve()).encode(), call, error, how)

    @property
    def failures(self) -> int:
        """Calls that failed since it was armed."""
        return int(self._library.kiosk_disk_failures())

    def disarm(self) -> int:
        """All is well again; how many calls failed."""
        self._library.kiosk_disk_disarm()
        return self.failures
