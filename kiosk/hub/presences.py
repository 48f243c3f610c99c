"""Shifts as their rows have them, and the figures made of them.

Hours are reckoned from the hub's time, as far as each tablet's journal tells it, and within one boot by a clock that
nobody can set. Two desks at once are one person and one hour.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, Table, select

from kiosk.facts import clocks
from kiosk.facts.clocks import Clocks
from kiosk.hub.tables import fairs, journals, shifts
from kiosk.reports import shifts as reckoning
from kiosk.reports.shifts import LONGEST, Presence, Service

#: Moments that can be written down; a clock that leads out of them tells no time.
FIRST, END = (clocks.seconds(f"{year}-01-01T00:00:00.000+08:00") for year in ("1990", "2200"))


class _Stored(msgspec.Struct, frozen=True, gc=False):
    """A row of `shifts`, as far as it is needed: of a large fair there are thousands, and they are read often."""

    journal: str
    desk: str
    at: str
    boot: str
    mono: int
    volunteer: str
    began: str
    how: str
    until: str
    fact: str


_ROWS = select(*(shifts.c[name] for name in _Stored.__struct_fields__))


class Shift(msgspec.Struct, frozen=True, gc=False):
    """One shift of one volunteer at one desk."""

    volunteer: str
    desk: str
    day: str
    began: int  # seconds since 1970 in Beijing
    ended: int | None
    how: str  # as in its end; "" where there is none
    fact: str  # that began it
    is_doubtful: bool  # it has an end that cannot be believed

    @property
    def presence(self) -> Presence:
        return Presence(self.volunteer, self.day, self.began, self.ended)


# --- what the rows say ----------------------------------------------------------------------------


def clocks_of(tx: Connection, fair: str, table: Table | None = None) -> dict[str, Clocks]:
    """Journal → the clocks of its tablet; of those alone that have a row in a table."""
    query = select(journals.c.journal, journals.c.clocks).where(journals.c.fair == fair)
    if table is not None:
        query = query.where(journals.c.journal.in_(select(table.c.journal).where(table.c.fair == fair)))
    rows = tx.execute(query)
    return {row.journal: _clocks(row.clocks) for row in rows}


@lru_cache(4096)  # they change once or twice a day, and the board asks every second
def _clocks(text: str) -> Clocks:
    """Only to be looked at."""
    return Clocks.load(text)


def all_shifts(tx: Connection, fair: str, day: str | None = None) -> list[Shift]:
    """Every shift of a fair, or those that began on one day."""
    found = tx.execute(_ROWS.where(shifts.c.fair == fair).order_by(shifts.c.journal, shifts.c.seq)).all()
    rows = [_Stored(*row) for row in found]
    if not rows:
        return []
    dates = clocks_of(tx, fair, shifts)
    office = tx.execute(select(fairs.c.journal).where(fairs.c.id == fair)).scalar() or ""
    ends: dict[str, list[_Stored]] = defaultdict(list)
    for row in rows:
        if row.began:
            ends[row.began].append(row)
    every = [_shift(row, ends.get(row.fact, ()), dates, office) for row in rows if not row.began]
    return every if day is None else [one for one in every if one.day == day]


def _shift(row: _Stored, ends: Sequence[_Stored], dates: Mapping[str, Clocks], office: str) -> Shift:
    """`office`: the hub's own journal, whose word holds of any tablet's shifts; no tablet's does of another's."""
    of_tablet = dates.get(row.journal) or Clocks()
    day, _hour = of_tablet.day_and_hour(row.boot, row.at, row.mono)
    began = of_tablet.moment(row.boot, row.at, row.mono)
    own = [end for end in ends if end.volunteer == row.volunteer and end.journal in (row.journal, office)]
    if len(own) > 1:
        own.sort(key=lambda end: end.journal != row.journal)  # the tablet's own word goes before the hub's
    for end in own:
        ended = _ended(row, began, end, of_tablet)
        if 0 <= ended - began <= LONGEST and FIRST <= began < END:
            return Shift(row.volunteer, row.desk, day, began, ended, end.how, row.fact, is_doubtful=False)
    return Shift(row.volunteer, row.desk, day, began, None, "", row.fact, is_doubtful=bool(own))


def _ended(row: _Stored, began: int, end: _Stored, of_tablet: Clocks) -> int:
    if end.until:
        return clocks.seconds(end.until)
    if end.boot == row.boot:
        return began + (end.mono - row.mono) // 1000  # nobody can set that clock
    return of_tablet.moment(end.boot, end.at, end.mono)


def services(tx: Connection, fair: str, day: str | None = None) -> dict[tuple[str, str], Service]:
    """(day, volunteer) → what they did."""
    return reckoning.service(one.presence for one in all_shifts(tx, fair, day))


def sums(tx: Connection, fair: str, day: str | None = None) -> dict[str, int]:
    """The metrics of shifts, which are no sums of facts; to be laid over those that are."""
    return reckoning.sums(services(tx, fair, day))
