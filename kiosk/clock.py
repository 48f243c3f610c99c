"""Time comes in as an argument: a clock is handed to whoever needs one, so no test ever sleeps."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

#: The one civil time of the fair. China has kept a single offset without summer time since 1992.
BEIJING = timezone(timedelta(hours=8), "北京时间")


class Clock(Protocol):
    """What the house asks of a clock."""

    def now(self) -> datetime:
        """Wall time, timezone-aware. May jump when somebody sets the device's clock."""
        ...

    def monotonic(self) -> int:
        """Milliseconds since an arbitrary start of this boot. Never jumps back."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> int:
        return time.monotonic_ns() // 1_000_000


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in Beijing time with milliseconds, e.g. `2027-03-15T09:31:07.123+08:00`."""
    return moment.astimezone(BEIJING).isoformat(timespec="milliseconds")
