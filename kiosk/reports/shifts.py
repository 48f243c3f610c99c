"""What shifts come to: who was here, how often and how long. Pure.

None of it is a plain sum of facts: a volunteer at two desks is one person, and two desks at once are one hour.
"""

from collections.abc import Iterable, Mapping

import msgspec

#: A longer shift than this is a clock that was wrong, or a forgotten touch: it has no time.
LONGEST = 16 * 3_600
#: Whoever is away for less begins no new turn: they changed the desk, or touched their name by mistake.
PAUSE = 30 * 60


class Presence(msgspec.Struct, frozen=True, gc=False):
    """A shift, in seconds since 1970 in Beijing by the hub's time as far as that is known."""

    volunteer: str
    day: str  # it counts to: that of its beginning
    began: int
    ended: int | None  # None: nobody ended it, or its time cannot be believed


class Service(msgspec.Struct, frozen=True, gc=False):
    """What one volunteer did on one day. Two desks at once count once."""

    turns: int  # person-shifts, 人次
    seconds: int
    open: int  # of the turns, those nobody ended: they have no time


def service(presences: Iterable[Presence]) -> dict[tuple[str, str], Service]:
    """(day, volunteer) → what they did. Overlaps count once; a short pause begins no new turn, and is no service."""
    found: dict[tuple[str, str], list[Presence]] = {}
    for one in presences:
        found.setdefault((one.day, one.volunteer), []).append(one)
    return {key: _service(some) for key, some in found.items()}


def _service(presences: list[Presence]) -> Service:
    if len(presences) == 1:  # of nearly everybody
        [one] = presences
        return Service(1, 0, 1) if one.ended is None else Service(1, max(0, one.ended - one.began), 0)
    closed = sorted((one.began, one.ended) for one in presences if one.ended is not None)
    turns = seconds = 0
    until = -PAUSE - 1  # before any moment there is
    for began, ended in closed:
        turns += began - until > PAUSE
        seconds += max(0, ended - max(began, until))
        until = max(until, ended)
    # Of those that nobody ended only what no other shift of that day covers is a turn of its own.
    loose = [one for one in presences if one.ended is None and not _is_covered(one.began, closed)]
    return Service(turns + (1 if loose else 0), seconds, len(loose))


def _is_covered(moment: int, closed: list[tuple[int, int]]) -> bool:
    return any(began - PAUSE <= moment <= ended + PAUSE for began, ended in closed)


def sums(services: Mapping[tuple[str, str], Service]) -> dict[str, int]:
    """What figures are made of: `shift.turns`, `shift.volunteers` (distinct) and `shift.seconds`."""
    return {
        "shift.turns": sum(one.turns for one in services.values()),
        "shift.volunteers": len({volunteer for _day, volunteer in services}),
        "shift.seconds": sum(one.seconds for one in services.values()),
    }


def hours(seconds: int) -> str:
    """`8100` → `"2.25"`."""
    hundredths = (seconds * 100 + 1_800) // 3_600
    return f"{hundredths // 100}.{hundredths % 100:02d}"
