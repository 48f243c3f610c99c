"""`python -m tests.journeys.at 2027-03-15T09:30+08:00 FILE hub serve …`: kiosk on another day.

FILE, once it is there, says how many more seconds have gone by, on the wall and for what is measured.
"""

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from kiosk import cli
from kiosk.clock import SystemClock


def main() -> None:
    start, begun, hands = datetime.fromisoformat(sys.argv.pop(1)), time.monotonic(), Path(sys.argv.pop(1))
    monotonic = SystemClock.monotonic

    def later() -> int:
        return int(hands.read_text() or 0) if hands.is_file() else 0

    SystemClock.now = lambda _self: start + timedelta(seconds=time.monotonic() - begun + later())
    SystemClock.monotonic = lambda self: monotonic(self) + later() * 1000
    cli.main()


if __name__ == "__main__":
    main()
