"""`python -m tests.journeys.at 2027-03-15T09:30+08:00 FILE hub serve …`: kiosk on another day.

FILE, once it is there, says how many more seconds have gone by, on the wall and for what is measured; after a "=", how
many altogether, and then not one more.

Whoever starts at another moment has started the machine anew: nothing that was measured before compares with it.
"""

import hashlib
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from kiosk import cli
from kiosk.clock import SystemClock


def main() -> None:
    moment, hands = sys.argv.pop(1), Path(sys.argv.pop(1))
    start, boot = datetime.fromisoformat(moment), hashlib.sha256(moment.encode()).hexdigest()[:8]
    begun, measured = time.monotonic(), SystemClock().monotonic()

    def gone_by() -> float:
        told = hands.read_text() if hands.is_file() else ""
        return int(told[1:]) if told.startswith("=") else time.monotonic() - begun + int(told or 0)

    SystemClock.now = lambda _self: start + timedelta(seconds=gone_by())
    SystemClock.monotonic = lambda _self: measured + round(gone_by() * 1000)
    SystemClock.boot = boot
    cli.main()


if __name__ == "__main__":
    main()
