"""When things really happened, from clocks that are wrong.

A device stamps a fact with its wall clock, which somebody may set, and with its monotonic clock, which nobody
can. Whenever it meets the hub it notes the hub's time in its journal. From one such note the true time of every
fact of the same boot follows, before it or after; the wall clock of other boots is taken for what it most
plausibly is. All of it is read from the journal alone, so every reader comes to the same days.

Order never comes from time: it is the place in the journal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Annotated

import msgspec

from kiosk.clock import BEIJING
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body, kind
from kiosk.values import Moment

#: A difference below this is nobody's fault and moves nothing. All arithmetic here is in whole seconds.
TOLERANCE = 60
#: Boots of one journal that are told apart: a tablet that is started twice a day for as long as it may be used has
#: fewer. What a device says of more of them is dated as it stands.
MOST_BOOTS = 1_000
_HOUR = 3_600
_EPOCH = datetime(1970, 1, 1, tzinfo=BEIJING)
#: Years that a date can be written in; a clock that leads out of them is not followed.
_FIRST, _END = ((datetime(year, 1, 1, tzinfo=BEIJING) - _EPOCH) // timedelta(seconds=1) for year in (2, 9999))


@kind("clock.compared")
class ClockCompared(Body, frozen=True):
    """The device met the hub and noted its time. The envelope says what the device's own clocks showed."""

    hub_at: Moment
    rtt_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)]  # how long the question took: the note is as sure as that

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.hub_at)  # a moment that is none tells no time: the fact cannot be read


@dataclass
class _Boot:
    """What a journal says about one boot of its device. Times are seconds since 1970 in Beijing."""

    first: int  # wall clock of its first fact
    last: int  # … and of its last
    after: int | None  # hub's time when the boot before it was last compared
    was: int  # hub's time less the wall clock's, then
    hub: int | None = None  # hub's time when the monotonic clock stood at 0, once it was compared in this boot
    seen: int = 0  # hub's time when it was compared
    offset: int = 0  # hub's time less the wall clock's, then
    until: int | None = None  # hub's time when a later boot was first compared
    becomes: int = 0  # hub's time less the wall clock's, then

    def shift(self) -> int | None:
        """What to add to the wall clock of a boot that was never compared; None where nothing fits what is known."""
        for shift in (0, self.was, self.becomes):
            fits_before = self.after is None or self.first + shift >= self.after - TOLERANCE
            fits_after = self.until is None or self.last + shift <= self.until + TOLERANCE
            if fits_before and fits_after:
                return shift
        return None

    def reading(self) -> tuple[int | None, int]:
        """All that decides how facts of this boot are dated."""
        return (self.hub, 0) if self.hub is not None else (None, self.shift() or 0)


#: How a boot is read that tells nothing but its wall clock's time.
_AS_IT_STANDS = (None, 0)


@dataclass
class Clocks:
    """The clocks of one journal, as far as it was read."""

    boots: dict[str, _Boot] = field(default_factory=dict)
    are_more: bool = False  # than are told apart

    def learn(self, boot: str, at: str) -> None:
        """A fact of the journal, in order of its place."""
        found = self.boots.get(boot)
        if found is None and len(self.boots) >= MOST_BOOTS:
            self.are_more = True
            return
        wall = seconds(at)
        if found is None:
            before = next((one for one in reversed(self.boots.values()) if one.hub is not None), None)
            self.boots[boot] = (
                _Boot(wall, wall, None, 0) if before is None else _Boot(wall, wall, before.seen, before.offset)
            )
        else:
            found.last = wall

    def compare(self, boot: str, at: str, mono: int, body: ClockCompared) -> None:
        """The device met the hub. Only the first time in a boot counts: later ones say the same."""
        found = self.boots.get(boot)
        if found is None or found.hub is not None:
            return
        found.seen = seconds(body.hub_at)
        found.hub, found.offset = found.seen - mono // 1000, found.seen - seconds(at)
        for one in self.boots.values():
            if one is found:
                break
            if one.hub is None and one.until is None:
                one.until, one.becomes = found.seen, found.offset

    def day_and_hour(self, boot: str, at: str, mono: int) -> tuple[str, int]:
        """The business day (ISO date) and hour in Beijing of a fact. One whose boot was not learnt keeps its own."""
        found = self.boots.get(boot)
        hub, shift = (None, 0) if found is None else found.reading()
        if hub is None and not shift:
            return at[:10], int(at[11:13])
        wall = seconds(at)
        true = wall + shift if hub is None else hub + mono // 1000
        if abs(true - wall) < TOLERANCE or not _FIRST <= true < _END:
            return at[:10], int(at[11:13])
        return _day_and_hour(true // _HOUR)

    def moment(self, boot: str, at: str, mono: int) -> int:
        """When a fact happened, in seconds since 1970 in Beijing, as well as the journal can tell."""
        found = self.boots.get(boot)
        hub, shift = (None, 0) if found is None else found.reading()
        return seconds(at) + shift if hub is None else hub + mono // 1000

    def hours(
        self, boots: Sequence[bytes], hours: Sequence[bytes], rests: Sequence[bytes], monos: Sequence[bytes]
    ) -> Sequence[bytes]:
        """As `day_and_hour`, of many facts: `2027-03-15T09` of each.

        What a fact's line says comes in columns: boot, hour, the rest of the moment (`:31:07…`) and monotonic clock.
        A fact whose boot was not learnt keeps its hour.
        """
        readings = {boot.encode(): found.reading() for boot, found in self.boots.items()}
        if all(readings.get(boot, _AS_IT_STANDS) == _AS_IT_STANDS for boot in set(boots)):
            return hours
        dated: list[bytes] = []
        for boot, same in groupby(boots):
            start, end = len(dated), len(dated) + len(list(same))
            reading = readings.get(boot, _AS_IT_STANDS)
            dated += _dated(reading, hours[start:end], rests[start:end], monos[start:end])
        return dated

    def readings(self) -> dict[str, tuple[int | None, int]]:
        """Boot → how its facts are dated: equal readings, equal days."""
        return {boot: found.reading() for boot, found in self.boots.items()}

    def doubtful(self) -> int:
        """How many boots have times that fit nothing the hub's own time says; all that are too many count as one."""
        return self.are_more + sum(found.hub is None and found.shift() is None for found in self.boots.values())

    @classmethod
    def load(cls, text: str) -> "Clocks":
        return msgspec.json.decode(text, type=cls) if text else cls()

    def dump(self) -> str:
        if not self.boots:
            return ""
        # Without the rare member this is what every release before wrote: nothing has to be folded anew for it.
        return msgspec.json.encode(self if self.are_more else {"boots": self.boots}).decode()


def read(facts: Iterable[Fact]) -> Clocks:
    """The clocks of a journal from its usable facts, in order."""
    clocks = Clocks()
    for fact in facts:
        learn(clocks, fact)
    return clocks


def learn(clocks: Clocks, fact: Fact) -> None:
    clocks.learn(fact.boot, fact.at)
    if fact.kind == "clock.compared":
        clocks.compare(fact.boot, fact.at, fact.mono, msgspec.convert(fact.body, ClockCompared))


def seconds(at: str) -> int:
    """A moment as `clock.stamp` writes it, in whole seconds since 1970 in Beijing."""
    return _wall(at[:13].encode(), at[13:].encode())


def _dated(
    reading: tuple[int | None, int], hours: Sequence[bytes], rests: Sequence[bytes], monos: Sequence[bytes]
) -> Sequence[bytes]:
    """Facts of one boot, as `Clocks.hours`."""
    if reading == _AS_IT_STANDS:
        return hours
    hub, shift = reading
    if hub is None:
        return [_true_hour(_wall(hour, rest) + shift, hour, rest) for hour, rest in zip(hours, rests, strict=True)]
    ticks, dated = list(map(int, monos)), list(hours)
    at = 0
    for hour, run in groupby(hours):
        start, at = at, at + len(list(run))
        began = 1000 * (_hour_began(hour) - hub)  # what the monotonic clock said then
        # Most clocks are right, and then all of an hour is: without a call of ours a fact.
        if not began <= min(ticks[start:at]) <= max(ticks[start:at]) < began + 1000 * _HOUR:
            dated[start:at] = [
                _true_hour(hub + tick // 1000, hour, rest)
                for tick, rest in zip(ticks[start:at], rests[start:at], strict=True)
            ]
    return dated


def _true_hour(true: int, hour: bytes, rest: bytes) -> bytes:
    """The hour that counts of a fact whose wall clock said `hour` and `rest`."""
    if -TOLERANCE < true - _wall(hour, rest) < TOLERANCE or not _FIRST <= true < _END:
        return hour
    return _named(true // _HOUR)


def _wall(hour: bytes, rest: bytes) -> int:
    return _hour_began(hour) + _within_hour(rest[:6])


@lru_cache(4096)
def _hour_began(hour: bytes) -> int:
    """`2027-03-15T09` → seconds since 1970 in Beijing."""
    return (datetime.fromisoformat(hour.decode() + ":00:00+08:00") - _EPOCH) // timedelta(seconds=1)


@lru_cache(4096)
def _within_hour(rest: bytes) -> int:
    """`:31:07` → seconds."""
    return int(rest[1:3]) * 60 + int(rest[4:6])


@lru_cache(4096)
def _named(hours: int) -> bytes:
    """Hours since 1970 in Beijing → `2027-03-15T09`."""
    day, number = _day_and_hour(hours)
    return f"{day}T{number:02d}".encode()


@lru_cache(4096)
def _day_and_hour(hours: int) -> tuple[str, int]:
    moment = _EPOCH + timedelta(hours=hours)
    return moment.date().isoformat(), moment.hour
