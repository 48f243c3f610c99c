"""`python -m tests.journeys.at 2027-03-15T09:30+08:00 hub serve …`: kiosk on another day."""

import sys
import time
from datetime import datetime, timedelta

from kiosk import cli
from kiosk.clock import SystemClock


def main() -> None:
    start, begun = datetime.fromisoformat(sys.argv.pop(1)), time.monotonic()
    SystemClock.now = lambda _self: start + timedelta(seconds=time.monotonic() - begun)
    cli.main()


if __name__ == "__main__":
    main()
