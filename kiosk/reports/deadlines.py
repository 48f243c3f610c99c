"""How long a case may take by law: Order 121 (投诉举报处理办法), articles 15, 22, 23 and 45.

The day something happened does not count, and where the last day falls into a holiday it is the first day after it.
Each clock ends later the later it begins. So "overdue" and "due soon" come to comparing the day it began with one
threshold, which a database does by its index.

For reports (举报) no time is stated here: the law as verified names none.
"""

from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from kiosk.workdays import Calendar, Day

#: Working days before the last one from which a case is due soon.
SOON = 3
_LONGEST = timedelta(days=200)  # no clock runs longer, holidays and all
_COUNTED = timedelta(days=800)  # working days further away than this are not counted one by one


class Clock(msgspec.Struct, frozen=True):
    """One statutory time."""

    key: str
    article: int  # of Order 121
    workdays: int = 0
    days: int = 0


#: `facts.lives.running` says which of them runs, and from when.
CLOCKS = {
    "decide": Clock("decide", 15, workdays=7),  # from receipt: whether it is taken up, and to say so
    "mediate": Clock("mediate", 23, days=60),  # from acceptance, less the days of testing (article 22)
    "tell": Clock("tell", 23, workdays=7),  # from its end: to tell the parties
}


class Deadline(NamedTuple):
    """The last day of a time that runs, as seen on a day."""

    clock: str
    day: date
    left: int  # working days after today up to that day; negative once it is over
    is_estimated: bool

    @property
    def is_overdue(self) -> bool:
        return self.left < 0

    @property
    def is_soon(self) -> bool:
        return 0 <= self.left <= SOON


def last_day(clock: str, began: date, calendar: Calendar) -> Day:
    """The last day of a clock that began on a day."""
    time = CLOCKS[clock]
    if time.workdays:
        return calendar.add_workdays(began, time.workdays)  # a working day is never a holiday
    end = calendar.add_days(began, time.days)
    rolled = calendar.rolled(end.day)
    return Day(rolled.day, end.is_estimated or rolled.is_estimated)


def deadline(clock: str, began: str, today: date, calendar: Calendar) -> Deadline | None:
    """The deadline of a clock that runs; None where none does, or where it began no calendar knows when."""
    if clock not in CLOCKS or not began:
        return None
    try:
        end = last_day(clock, date.fromisoformat(began), calendar)
    except (OverflowError, ValueError):
        return None
    near = min(max(end.day, today - _COUNTED), today + _COUNTED)
    left = calendar.workdays_between(today, near)
    if end.day < today:
        left = min(left, -1)  # over, be it only by a weekend
    return Deadline(clock, end.day, left, end.is_estimated)


class Thresholds(NamedTuple):
    """Of one clock: it is over if it began on `overdue` or before, and is over soon if after that up to `soon`."""

    overdue: str
    soon: str


def thresholds(today: date, calendar: Calendar) -> dict[str, Thresholds]:
    """Where to draw the lines today, clock by clock."""
    horizon = calendar.add_workdays(today, SOON).day
    while not calendar.is_workday(horizon + timedelta(days=1)):
        horizon += timedelta(days=1)  # a last day at a weekend is as many working days away
    return {
        key: Thresholds(_last_start(key, today, calendar), _last_start(key, horizon + timedelta(days=1), calendar))
        for key in CLOCKS
    }


def _last_start(clock: str, day: date, calendar: Calendar) -> str:
    """The last day on which a clock may have begun so that its last day comes before `day`."""
    low, high = day - _LONGEST, day  # at `low` it is over, at `high` it is not
    while (high - low).days > 1:
        middle = low + (high - low) // 2
        low, high = (middle, high) if last_day(clock, middle, calendar).day < day else (low, middle)
    return low.isoformat()
