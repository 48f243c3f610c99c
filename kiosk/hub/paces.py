"""How visitors came within the last hour, by five minutes: read behind the scenes and kept in memory, by each process
for itself.

Totals are kept by the hour, and taking facts in does nothing for this. The totals say which journals counted anybody in
this hour or the last, and how many: of those journals only what is new is read, and what was read of an hour has to
come to what the totals say of it. Where it does not (another branch counts now, a clock was compared, a fact was
released, this process has only begun) the journal is read anew, from its end back, as far as these hours reach.

A tap taken back is missing from the minutes in which it was counted. What was put right or keyed in from paper counts
to an hour and to no minute: it is left out.
"""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.clock import BEIJING, Clock, stamp
from kiosk.errors import Problem
from kiosk.facts import clocks, envelope
from kiosk.facts.clocks import Clocks
from kiosk.facts.tallies import HEADCOUNT, TallyCounted, TallyUndone, metrics_of
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub.store import Store
from kiosk.hub.tables import facts, journals, totals

log = logging.getLogger("kiosk.paces")
SLOT, BARS = 300, 12  # seconds of a bar, and bars of an hour
_HOUR = 3_600
_METRIC = f"tally.{HEADCOUNT}"
_KINDS = ("tally.counted", "tally.undone")
#: What stands in every such line that is spelt as we spell it.
_HEADS = b'"counter":"%s' % HEADCOUNT.encode()
#: Places of a journal that are read at once, twice as many each time; and how far back from its end at most.
_FIRST_LOOK, _MOST = 512, 30_000
#: Milliseconds a look may take; what is left is read behind the scenes, so long at a time.
PATIENCE, _STRETCH = 100, 200
_TAPS = 32  # the last of a journal that are remembered: a tap is taken back within seconds
_FAIRS = 20  # that are kept in memory


class Pace(msgspec.Struct, frozen=True):
    """Visitors counted in, by five minutes; the last of them are going on."""

    began: list[str]  # when each did, "09:35"
    counts: list[int]
    is_whole: bool  # False: this process has not read it all yet, and the curve would not be true

    @property
    def quarters(self) -> list[str]:
        """Of when they began, the quarters of an hour."""
        return [label for label in self.began if int(label[3:]) % 15 == 0]


@dataclass
class _Tail:
    """What was read of a journal's end."""

    seq: int  # up to here
    slots: Counter[int] = field(default_factory=Counter)  # five minutes since 1970 in Beijing → visitors
    hours: Counter[int] = field(default_factory=Counter)  # hour since then → visitors, as the totals reckon
    taps: dict[str, int] = field(default_factory=dict)  # the last: fact's id → slot
    dated: Mapping[str, object] = field(default_factory=dict)  # as `Clocks.readings`, by which it was
    left_at: Mapping[int, int] | None = None  # what the totals said when it could not be read to that

    def comes_to(self, wanted: Mapping[int, int], first: int) -> bool:
        """Whether it is, from an hour on, what the totals say, or as near to that as it gets."""
        return wanted in (self.left_at, {hour: n for hour, n in self.hours.items() if n and hour >= first})

    def add(self, lines: Sequence[bytes], dates: Clocks) -> None:
        told = list(_told(lines, dates))
        has_undone = any(isinstance(body, TallyUndone) for _, _, body in told)
        for left, (line, at, body) in zip(range(len(told), 0, -1), told, strict=True):
            slot, n = at // SLOT, body.n
            if isinstance(body, TallyUndone):
                slot, n = self.taps.get(body.undoes, slot), -n
            elif has_undone or left <= _TAPS:
                self.taps[_id(line)] = slot
            self.slots[slot] += n
            self.hours[at // _HOUR] += n
        self.taps = dict(list(self.taps.items())[-_TAPS:])
        self.dated = dates.readings()

    def forget_before(self, hour: int) -> None:
        self.slots = Counter({slot: n for slot, n in self.slots.items() if slot * SLOT >= hour * _HOUR})
        self.hours = Counter({one: n for one, n in self.hours.items() if one >= hour})


class Paces:
    """The last hour of each fair that is looked at."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._turn = threading.Lock()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._tails: dict[str, dict[str, _Tail]] = {}  # fair → journal → what was read
        self._shown: dict[str, tuple[Counter[int], bool]] = {}  # fair → slot → visitors; whether that is all

    def of(self, fair: str, now: datetime, patience_ms: int = PATIENCE) -> Pace:
        """As well as can be said within so many milliseconds; who comes while somebody reads gets what is there."""
        if not self._is_closed and self._turn.acquire(blocking=False):
            try:
                is_whole = self._catch_up(fair, patience_ms)
            finally:
                self._turn.release()
            if not is_whole:
                self._later(fair)
        slots, is_whole = self._shown.get(fair, (Counter(), False))
        last = clocks.seconds(stamp(now)) // SLOT
        shown = range(last - BARS + 1, last + 1)
        return Pace([_clock_at(slot) for slot in shown], [max(0, slots.get(slot, 0)) for slot in shown], is_whole)

    def close(self) -> None:
        """Stop what goes on behind the scenes, after the stretch it is at."""
        self._is_closed = True
        if self._thread is not None:
            self._thread.join()

    def _later(self, fair: str) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._go_on, args=(fair,), daemon=True)
            self._thread.start()

    def _go_on(self, fair: str) -> None:
        try:
            is_whole = False
            while not is_whole and not self._is_closed:
                with self._turn:
                    is_whole = self._catch_up(fair, _STRETCH)
        except Exception as error:  # noqa: BLE001 (nobody waits for this one: whoever looks next begins it again)
            log.error("last hour not read: %s", type(error).__name__)  # noqa: TRY400 (no message: it could hold data)

    def _catch_up(self, fair: str, patience_ms: int) -> bool:
        """Read what is new, for so long but at least of one journal; whether that is all there is."""
        until = self._clock.monotonic() + patience_ms
        first = clocks.seconds(stamp(self._clock.now())) // _HOUR - 1
        tails = self._tails.setdefault(fair, {})
        is_whole = True
        with self._store.reading() as tx:
            wanted = _wanted(tx, fair, first)
            for journal in tails.keys() - wanted.keys():
                del tails[journal]
            behind = [one for one in wanted if one not in tails or not tails[one].comes_to(wanted[one], first)]
            for number, journal in enumerate(behind):
                if number and self._clock.monotonic() >= until:
                    is_whole = False
                    break
                tails[journal] = _read(tx, journal, tails.get(journal), wanted[journal], first)
        was_whole = self._shown.get(fair, (None, False))[1]  # from then on it only lags, by a look or two
        slots: Counter[int] = Counter()
        for tail in tails.values():
            slots.update(tail.slots)
        self._shown[fair] = (slots, is_whole or was_whole)
        for other in list(self._tails)[:-_FAIRS]:
            del self._tails[other], self._shown[other]
        return is_whole


def _wanted(tx: Connection, fair: str, first: int) -> dict[str, dict[int, int]]:
    """Journal → hour → visitors tapped, of an hour and the one that follows; as the totals have them."""
    hours = {_day_and_hour(hour): hour for hour in (first, first + 1)}
    signs = {_METRIC: 1, f"corrected.{_METRIC}": -1, f"paper.{_METRIC}": -1}
    key = (totals.c.journal, totals.c.metric, totals.c.day, totals.c.hour)
    query = select(*key, func.sum(totals.c.n)).where(
        totals.c.fair == fair,
        totals.c.metric.in_(signs),
        totals.c.day.in_({day for day, _ in hours}),
        totals.c.hour.in_({hour for _, hour in hours}),
    )
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for journal, metric, day, hour, n in tx.execute(query.group_by(*key)):
        if (day, hour) in hours:
            found[journal][hours[day, hour]] += signs[metric] * int(n)
    tapped = {journal: {hour: n for hour, n in of_hours.items() if n} for journal, of_hours in found.items()}
    return {journal: of_hours for journal, of_hours in tapped.items() if of_hours}


def _read(tx: Connection, journal: str, known: _Tail | None, wanted: Mapping[int, int], first: int) -> _Tail:
    """What a journal says of these hours: what is known and what is new, else its end anew."""
    held = tx.execute(select(journals.c.seq, journals.c.clocks).where(journals.c.journal == journal)).one()
    dates = Clocks.load(held.clocks)
    if known is not None and known.seq <= held.seq and known.dated.items() <= dates.readings().items():
        known.add(_lines(tx, journal, max(known.seq, held.seq - _MOST), held.seq), dates)
        known.seq = held.seq
        known.forget_before(first)
        if known.comes_to(wanted, first):
            return known
    lines: list[bytes] = []
    tail, start, step = _Tail(held.seq), held.seq, _FIRST_LOOK
    while start > 0 and held.seq - start < _MOST:
        end, start = start, max(0, start - step)
        lines = _lines(tx, journal, start, end) + lines
        tail = _Tail(held.seq)
        tail.add(lines, dates)
        tail.forget_before(first)
        if tail.comes_to(wanted, first):
            return tail
        step *= 2
    tail.left_at = wanted
    return tail


def _lines(tx: Connection, journal: str, after: int, last: int) -> list[bytes]:
    """Taps that count, and what was taken back, between two places."""
    query = select(facts.c.line).where(
        facts.c.journal == journal, facts.c.seq > after, facts.c.seq <= last,
        facts.c.kind.in_(_KINDS), facts.c.problem.is_(None),
    )  # fmt: skip
    return [bytes(line) for line in tx.execute(query.order_by(facts.c.seq)).scalars()]


def _told(lines: Sequence[bytes], dates: Clocks) -> Iterator[tuple[bytes, int, TallyCounted | TallyUndone]]:
    """Lines that count visitors in, with seconds since 1970 in Beijing and body of each."""
    spelt = envelope.spelt(lines)
    for place, line in enumerate(lines):
        if spelt and _HEADS not in line:
            continue  # most that is tapped is something else
        try:
            if spelt:
                version, _, kind, hour, rest, mono, boot, _, written = spelt[place]
                body = REGISTRY.read_written(kind.decode(), int(version), written)
                at = _moment(dates, boot.decode(), (hour + rest).decode(), int(mono))
            if not spelt or body is None:
                fact = envelope.decode(line)
                body, at = REGISTRY.read(fact), _moment(dates, fact.boot, fact.at, fact.mono)
        except Problem:
            continue  # a former release let it count; it adds nothing
        if isinstance(body, TallyCounted | TallyUndone) and _METRIC in metrics_of(body.counter):
            yield line, at, body


def _id(line: bytes) -> str:
    return line[line.index(b'"id":"') + 6 :][:32].decode()


def _moment(dates: Clocks, boot: str, at: str, mono: int) -> int:
    """As `Clocks.day_and_hour` dates it: a difference that is nobody's fault moves nothing."""
    wall, true = clocks.seconds(at), dates.moment(boot, at, mono)
    return wall if abs(true - wall) < clocks.TOLERANCE else true


def _day_and_hour(hours: int) -> tuple[str, int]:
    moment = _since_1970(hours * _HOUR)
    return moment.date().isoformat(), moment.hour


def _clock_at(slot: int) -> str:
    return _since_1970(slot * SLOT).strftime("%H:%M")


def _since_1970(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=BEIJING) + timedelta(seconds=seconds)
