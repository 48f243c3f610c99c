"""What the power is cut from under on the other roads: the relay's spool, and a file that is written over.

Run under strace by test_roads_power.py:  python -m tests.faults.power.carrying NAME FOLDER [careless]
"""

import io
import os
import sys
from pathlib import Path

from kiosk import files
from kiosk.relay.spool import Spool
from kiosk.sync import protocol
from kiosk.sync.protocol import Hello
from tests.faults.power.trace import say

VERSIONS = 40
HUB = "hub.json"  # beside the spool: the hub's hello
POST = "post"  # beside the spool: what tablets bring, in order of the names


def take_bundles(folder: Path) -> None:
    """Tablets leave bundles, sometimes one that is there already."""
    home = folder.parent
    spool = Spool(home, protocol.parse(Hello, (home / HUB).read_bytes()), 1 << 30)
    for number, file in enumerate(sorted((home / POST).iterdir()), 1):
        data = file.read_bytes()
        spool.take(io.BytesIO(data), len(data))
        say(str(number))
    spool.close()


def write_over(folder: Path) -> None:
    """The same file again and again, as receipts and bundles on a stick are."""
    for version in range(1, VERSIONS + 1):
        with files.written(folder / "file") as file:
            for part in version_of(version):
                file.write(part)
                file.flush()
        say(str(version))


def version_of(number: int) -> list[bytes]:
    return [bytes([number]) * size for size in (1_000, 3_000, number * 37)]


PROGRAMS = {"take_bundles": take_bundles, "write_over": write_over}

if __name__ == "__main__":
    if "careless" in sys.argv:
        os.fsync = lambda _descriptor: None
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
