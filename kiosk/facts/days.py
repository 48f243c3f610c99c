"""A day at the desk comes to its end."""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Date

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
#: Kinds a tablet writes by itself or at its lock: a day that was closed stays closed, whatever comes of these.
HOUSEKEEPING = ("clock.compared", "shift.entered", "shift.refused")
#: What any tablet may record, also one whose certificate is older than these kinds. They add to no figure.
ALWAYS = frozenset({"clock.compared", "day.closed"})


@kind("day.closed")
class DayClosed(Body, frozen=True):
    """The volunteer closed the day. The slip that is shown then names this fact as its last."""

    day: Date  # by the tablet's clock
    first: _Count  # first fact of the day; 0 when there was none
    last: _Count  # the fact before this one
    counts: dict[str, _Count]  # kind → facts of the day
