"""What became of accepted complaints that is no sum of facts: what they are about, how long they took. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from kiosk.facts.lives import State, day_of
from kiosk.reports.handling import Moments, median_hours, minutes

#: + the code of the first thing it complains of; of what was bought. What nobody classified has `NONE`.
NATURE, GOODS = "case.nature.", "case.goods."
NONE = "none"
#: Complaints that were accepted and have ended; of these, those that did within the time for mediation.
TIMED, ON_TIME = "case.timed", "case.on_time"
#: + the step of `reports.handling`: the middle time it took, in seconds.
MEDIAN = "case.median."

#: The day on which mediation begins, days of testing taken off → its last day by law.
LastDay = Callable[[date], date]


def sums(states: Iterable[State], last_day: LastDay, day: str | None = None) -> dict[str, int]:
    """Of all cases, or by the day: what one is about counts on the day it was accepted, its end on that of its end."""
    found: Counter[str] = Counter()
    for one in states:
        if not one.accepted_at:
            continue
        if day is None or one.accepted_at[:10] == day:
            found[NATURE + (one.grievances[0] if one.grievances else NONE)] += 1
            found[GOODS + (one.goods or one.service or NONE)] += 1
        if one.ended_at and (day is None or one.ended_at[:10] == day):
            found[TIMED] += 1
            begun = day_of(one.accepted_at) + timedelta(days=one.tested_days)
            found[ON_TIME] += day_of(one.ended_at) <= last_day(begun)
    return dict(found)


def medians(cases: Iterable[Moments]) -> dict[str, int]:
    """Of the steps that any case took."""
    hours = {step: median_hours(taken) for step, taken in minutes(cases).items()}
    return {MEDIAN + step: round(one * 3_600) for step, one in hours.items() if one is not None}
