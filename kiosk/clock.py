"""Time comes in as an argument: a clock is handed to whoever needs one, so no test ever sleeps."""

import secrets
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
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

    @property
    def boot(self) -> str:
        """Eight hex digits that change when the monotonic clock starts anew: it is comparable only within one boot."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> int:
        return time.clock_gettime_ns(_MONOTONIC) // 1_000_000

    @property
    def boot(self) -> str:
        return _BOOT


def _machine_boot() -> str:
    """The machine's own boot id, which several programs share; one of our own where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8]
    except OSError:
        return secrets.token_hex(4)


#: A tablet sleeps between visitors, and the time it slept has passed all the same.
_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT = _machine_boot()


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in Beijing time with milliseconds, e.g. `2027-03-15T09:31:07.123+08:00`."""
    return moment.astimezone(BEIJING).isoformat(timespec="milliseconds")


def to_minute(at: str) -> str:
    """A stamp, which is Beijing time, as people write it: `2027-03-15 09:31`."""
    return at[:16].replace("T", " ")
