"""When desks are open: the hours somebody set, or those nobody would be surprised by. Pure."""

from datetime import datetime, timedelta

import msgspec

from kiosk.clock import BEIJING
from kiosk.packs.fairs import Desk, Fair

#: Of a desk whose hours nobody said.
_OPENS, _CLOSES = "08:00", "18:00"


class Opening(msgspec.Struct, frozen=True):
    """When a desk is open on a day of its fair."""

    opens: datetime
    closes: datetime


def openings(fair: Fair, desk: Desk, around: datetime) -> list[Opening]:
    """On the day of a moment and on the next one, if these are days of the fair."""
    today = around.astimezone(BEIJING).date()
    found = []
    for day in (today, today + timedelta(days=1)):
        if fair.starts <= day.isoformat() <= fair.ends:
            opens, closes = (
                datetime.fromisoformat(f"{day}T{time}:00+08:00")
                for time in (desk.opens or _OPENS, desk.closes or _CLOSES)
            )
            if closes <= opens:  # nobody knows better: until midnight
                closes = datetime.fromisoformat(f"{day}T00:00:00+08:00") + timedelta(days=1)
            found.append(Opening(opens, closes))
    return found


def is_open(fair: Fair, desk: Desk, now: datetime) -> bool:
    """Whether visitors may come to the desk who ought to be counted."""
    return any(one.opens <= now < one.closes for one in openings(fair, desk, now))
