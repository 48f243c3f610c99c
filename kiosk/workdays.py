"""China's working days: Monday to Friday, less the holidays and with the made-up days of each year's notice.

`chinesecalendar` knows the notices it was released with. A later year's is entered by hand (`kiosk hub calendar`);
until then its weekends are taken to be off and all else to be worked, and every answer says that it is estimated.
"""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import chinese_calendar
import msgspec

from kiosk.values import Date

_DAY = timedelta(days=1)


class Day(NamedTuple):
    """A day that was reckoned."""

    day: date
    is_estimated: bool  # some year it was reckoned over has no notice yet (推算)


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A year's notice of holidays (国务院办公厅关于节假日安排的通知), as a JSON file holds it."""

    year: int
    off: list[Date]  # every day of the holidays, weekends among them too
    worked: list[Date]  # days of weekends that are made up for

    def faults(self) -> list[str]:
        found = []
        for what, days in (("off", self.off), ("worked", self.worked)):
            for text in days:
                day = _read(text)
                if day is None or day.year != self.year:
                    found.append(f"{what}: {text} is no day of {self.year}")
                elif what == "worked" and day.weekday() < 5:
                    found.append(f"worked: {text} is no weekend anyway")
        found += [f"{text} is off and worked" for text in sorted(set(self.off) & set(self.worked))]
        if len(self.off) < 7:
            found.append("there are fewer than seven days off")
        return found


class Calendar:
    """The library's years and those that were entered; what was entered for a year is what counts for it."""

    def __init__(self, notices: list[Notice] | None = None) -> None:
        self._off = {notice.year: frozenset(map(date.fromisoformat, notice.off)) for notice in notices or ()}
        self._worked = {notice.year: frozenset(map(date.fromisoformat, notice.worked)) for notice in notices or ()}

    @property
    def entered(self) -> frozenset[int]:
        """Years whose notice was entered."""
        return frozenset(self._off)

    def is_known(self, year: int) -> bool:
        return year in self._off or _is_in_library(year)

    def is_holiday(self, day: date) -> bool:
        """Whether a year's notice gives the day off. A plain weekend is none."""
        if day.year in self._off:
            return day in self._off[day.year]
        return _is_in_library(day.year) and _library_holiday(day)

    def is_workday(self, day: date) -> bool:
        if day.year in self._off:
            worked = day in self._worked[day.year]
            return worked or (day.weekday() < 5 and day not in self._off[day.year])
        return _library_workday(day) if _is_in_library(day.year) else day.weekday() < 5

    def add_workdays(self, day: date, n: int) -> Day:
        """The `n`-th working day after `day`, which itself does not count."""
        end = day
        for _ in range(n):
            end += _DAY
            while not self.is_workday(end):
                end += _DAY
        return Day(end, self._is_estimated(day, end))

    def add_days(self, day: date, n: int) -> Day:
        end = day + timedelta(days=n)
        return Day(end, self._is_estimated(end, end))

    def rolled(self, day: date) -> Day:
        """The day itself, or the first after the holiday that it falls into."""
        end = day
        while self.is_holiday(end):
            end += _DAY
        return Day(end, self._is_estimated(day, end))

    def workdays_between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative where `last` comes before."""
        if last < first:
            return -self.workdays_between(last, first)
        return sum(self.is_workday(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    def _is_estimated(self, first: date, last: date) -> bool:
        return not all(self.is_known(year) for year in range(first.year, last.year + 1))


@lru_cache(256)
def _is_in_library(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 7, 1))
    except NotImplementedError:  # how the library says that this year's notice is not in it
        return False
    return True


@lru_cache(4096)
def _library_workday(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


@lru_cache(4096)
def _library_holiday(day: date) -> bool:
    is_off, name = chinese_calendar.get_holiday_detail(day)
    return bool(is_off and name)


def _read(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
