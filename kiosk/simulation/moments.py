"""Moments as the simulation reckons them: whole milliseconds since 1970 by the clocks of Beijing."""

from datetime import datetime, timedelta
from functools import lru_cache

from kiosk.clock import BEIJING

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=BEIJING)


def moment(text: str) -> int:
    """`moment("2027-03-15T09:30")`."""
    return (datetime.fromisoformat(text).replace(tzinfo=BEIJING) - _EPOCH) // timedelta(milliseconds=1)


def stamp(at: int) -> str:
    """As `clock.stamp` writes the same moment; a million times in little time."""
    minute, rest = divmod(at, MINUTE)
    second, milli = divmod(rest, SECOND)
    return f"{_minute(minute)}:{second:02d}.{milli:03d}+08:00"


@lru_cache(10_000)
def _minute(minute: int) -> str:
    return (_EPOCH + timedelta(minutes=minute)).isoformat()[:16]


@lru_cache(10_000)
def day_and_hour(hour: int) -> tuple[str, int]:
    """The business day and hour of the n-th hour since 1970 in Beijing."""
    found = _EPOCH + timedelta(hours=hour)
    return found.date().isoformat(), found.hour
