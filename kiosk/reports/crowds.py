"""How many people were at a venue at once, at most: an estimate, because re-entries and side gates are not seen. Pure.

It is no sum of facts: who is there at an hour's end came in before and has not left, and venues have no common peak.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from kiosk.facts.tallies import HEADCOUNT, LEFT

#: + the venue's id: the most who were there at once.
PEAK = "present."
#: What it is made of.
METRICS = (f"tally.{HEADCOUNT}", f"tally.{LEFT}")


class Flow(msgspec.Struct, frozen=True, gc=False):
    """People who came or went at a venue within an hour."""

    venue: str
    day: str
    hour: int
    metric: str  # of `METRICS`
    n: int


def peaks(flows: Iterable[Flow]) -> dict[str, int]:
    """`present.<venue>` → the most who were there at the end of any hour, of its days on which anybody was counted out.

    Of a day on which nobody was, nothing can be said: by its end everybody who ever came would still be there.
    """
    days: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    counted_out: Counter[tuple[str, str]] = Counter()
    for one in flows:
        is_out = one.metric == METRICS[1]
        days[one.venue, one.day][one.hour] += -one.n if is_out else one.n
        counted_out[one.venue, one.day] += one.n if is_out else 0
    found: dict[str, int] = {}
    for (venue, day), hours in days.items():
        if counted_out[venue, day] > 0:
            found[PEAK + venue] = max(found.get(PEAK + venue, 0), _highest(hours))
    return found


def _highest(hours: Counter[int]) -> int:
    there = most = 0
    for hour in sorted(hours):
        there += hours[hour]
        most = max(most, there)
    return most
