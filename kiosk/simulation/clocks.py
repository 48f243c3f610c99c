"""The tablets' clocks: right, a little off, hours or a day off, in 2010 or 2038; set right in the middle of the day or
never. Their monotonic clocks begin anew at each boot.

Whatever a wall clock shows, the hub has to come to the true day and hour: a tablet notes the hub's time in each boot,
unless it is out of reach all day; then its clock is right.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from kiosk.simulation.dice import Dice
from kiosk.simulation.fairs import split
from kiosk.simulation.moments import DAY, HOUR, MINUTE, SECOND, moment

#: Nothing happens this close to a full hour, so that the hour of a fact is beyond dispute: clocks that are a few
#: seconds off are taken at their word, and a note of the hub's time is only as sure as the network is quick.
MARGIN = 20 * SECOND
#: How long a tablet needs from being switched on until something is touched: to start, to meet the hub.
WARM_UP = 4 * MINUTE
#: How often each kind of clock is met. `set`: hours off until the network sets it; `late`: hours off, and out of the
#: hub's reach for most of the day; `alone`: right, and out of reach for good.
KINDS = {
    "right": 66, "minutes": 12, "hours": 6, "day": 4, "2010": 3, "2038": 2, "set": 4, "late": 2, "alone": 1,
}  # fmt: skip
_FIRST_OF_2010 = moment("2010-01-01T08:00")  # midnight in Greenwich, as a clock without a battery begins
_END_OF_32_BITS = moment("2038-01-19T11:14:08")


@dataclass
class Boot:
    """A tablet from being switched on to being switched off."""

    id: str
    began: int  # true moment at which its monotonic clock stood at 0
    ends: int
    is_last_of_day: bool = False
    compared: int | None = None  # when it notes the hub's time
    steps: list[tuple[int, int]] = field(default_factory=list)  # (from when, what its wall clock is ahead by)

    def wall(self, at: int) -> int:
        """What the wall clock shows at a true moment."""
        ahead = 0
        for since, by in self.steps:
            if since <= at:
                ahead = by
        return at + ahead


def kinds(booths: int, dice: Dice) -> list[str]:
    """The kind of each tablet's clock. No kind is left out, as long as there are tablets enough."""
    wrong = split(max(0, booths - len(KINDS)), list(KINDS.values()))
    found = [kind for kind, more in zip(KINDS, wrong, strict=True) for _ in range(more + 1)][:booths]
    dice.shuffle(found)
    return found


class Tablet:
    """The boots of one tablet over the whole fair, and where in them something can happen."""

    def __init__(self, kind: str, sessions: Sequence[tuple[int, int]], dice: Dice) -> None:
        self.kind = kind
        self.boots = [boot for first, last in sessions for boot in _boots(first, last, dice)]
        self._began = [boot.began for boot in self.boots]
        self._dice = dice
        for boot in self.boots:
            boot.steps = [(boot.began, _ahead(kind, boot.began, dice))]
            boot.compared = _meets(kind, boot, dice)
        if kind == "set":
            _set_right(self.boots[-1], dice)

    def boot_at(self, at: int) -> Boot:
        return self.boots[self._number_at(at)]

    def _number_at(self, at: int) -> int:
        return max(0, bisect_right(self._began, at) - 1)

    def place(self, at: int, lasts: int) -> int:
        """The first moment from `at` on for something that lasts so long: the tablet is on, no full hour is near."""
        while True:
            number = self._number_at(at)
            boot, following = self.boots[number], self.boots[number + 1 : number + 2]
            if following and at + lasts > boot.ends:
                boot, at = following[0], following[0].began
            if at < boot.began + WARM_UP:
                at = boot.began + WARM_UP + self._dice.randrange(30 * SECOND)
            beyond = (at + MARGIN) // HOUR * HOUR + MARGIN  # of the hour it has just reached
            if at < beyond:
                at = beyond + self._dice.randrange(MINUTE)
            elif at + lasts > (next_hour := (at // HOUR + 1) * HOUR) - MARGIN:
                at = next_hour + MARGIN + self._dice.randrange(MINUTE)
            else:
                return at


def _boots(first: int, last: int, dice: Dice) -> list[Boot]:
    """A working day: switched on half an hour before, now and then off and on again."""
    began = first - 30 * MINUTE + dice.randrange(10 * MINUTE)
    breaks = sorted(
        first + 20 * MINUTE + dice.randrange(last - first - 60 * MINUTE) for _ in range(dice.choice((0, 0, 0, 1, 1, 2)))
    )
    found = []
    for off in breaks:
        if off - began > 30 * MINUTE:
            found.append(Boot(f"{dice.getrandbits(32):08x}", began, off))
            began = off + 70 * SECOND + dice.randrange(3 * MINUTE)
    return [*found, Boot(f"{dice.getrandbits(32):08x}", began, last + HOUR, is_last_of_day=True)]


def _ahead(kind: str, began: int, dice: Dice) -> int:
    """What the wall clock of a boot is ahead by, before anybody sets it."""
    seconds = dice.randrange(-12 * SECOND, 12 * SECOND)
    side = dice.choice((-1, 1))
    match kind:
        case "minutes":
            return side * dice.randrange(2 * MINUTE, 25 * MINUTE)
        case "hours":
            return side * dice.choice((1, 3, 8)) * HOUR + seconds
        case "day":
            return side * DAY + seconds
        case "2010":
            return _FIRST_OF_2010 - began + dice.randrange(MINUTE)
        case "2038":
            return _END_OF_32_BITS - began + dice.randrange(MINUTE)
        case "set" | "late":
            return side * dice.randrange(40 * MINUTE, 5 * HOUR)
    return seconds


def _meets(kind: str, boot: Boot, dice: Dice) -> int | None:
    """When a boot's tablet notes the hub's time: as soon as it has sent something; late where the network is late."""
    soon = boot.began + 90 * SECOND + dice.randrange(60 * SECOND)
    if kind == "alone":
        return None  # its clock is right, and there is no network at its venue
    return boot.began + (boot.ends - boot.began) * 3 // 4 if kind == "late" else soon


def _set_right(boot: Boot, dice: Dice) -> None:
    """The network sets the clock, in the middle of a boot."""
    when = boot.began + WARM_UP + (boot.ends - HOUR - boot.began) // 2
    boot.steps.append((when, dice.randrange(-2 * SECOND, 2 * SECOND)))
