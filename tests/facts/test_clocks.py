"""Clocks that are wrong: the day and hour that count are the hub's, wherever the journal lets them be known."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

import msgspec
import pytest

from kiosk.clock import BEIJING, stamp
from kiosk.errors import Problem
from kiosk.facts import clocks, envelope
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.envelope import Fact
from kiosk.facts.vocabulary import REGISTRY
from kiosk.reports.amounts import fold
from tests.makers import a_fact, an_id
from tests.proof import figure

MORNING = datetime(2027, 3, 15, 9, 30, tzinfo=BEIJING)


@dataclass
class Tablet:
    """A device whose wall clock is off by `off`, and what it wrote while true time went by."""

    off: timedelta = timedelta()
    true: datetime = MORNING
    mono: int = 50_000
    boot: str = "0000000a"
    facts: list[Fact] = field(default_factory=list)

    def counts(self, minutes: float = 1) -> "Tablet":
        return self._writes(minutes=minutes)

    def meets_the_hub(self) -> "Tablet":
        return self._writes(ClockCompared(hub_at=stamp(self.true), rtt_ms=20), minutes=0)

    def reboots(self) -> "Tablet":
        self.mono, self.boot = 20_000, f"{int(self.boot, 16) + 1:08x}"
        return self

    def is_set_to(self, off: timedelta) -> "Tablet":
        self.off = off
        return self

    def sleeps(self, hours: float) -> "Tablet":
        self._pass(timedelta(hours=hours))
        return self

    def _writes(self, body=None, minutes: float = 1) -> "Tablet":
        self._pass(timedelta(minutes=minutes))
        seq = len(self.facts) + 1
        fact = a_fact(
            body, id=an_id(seq), seq=seq, at=stamp(self.true + self.off), mono=self.mono, boot=self.boot
        )  # fmt: skip
        self.facts.append(fact)
        return self

    def _pass(self, time: timedelta) -> None:
        self.true += time
        self.mono += time // timedelta(milliseconds=1)

    def hours(self) -> list[tuple[str, int]]:
        """The business day and hour of every head counted."""
        dates = clocks.read(self.facts)
        return [dates.day_and_hour(f.boot, f.at, f.mono) for f in self.facts if f.kind == "tally.counted"]

    def doubtful(self) -> int:
        return clocks.read(self.facts).doubtful()


def day(off: int) -> timedelta:
    return timedelta(days=off)


NINE = ("2027-03-15", 9)
CASES = {
    "a clock that is right": (Tablet().counts().meets_the_hub().counts(), [NINE, NINE], 0),
    "a day slow": (Tablet(day(-1)).counts().meets_the_hub().counts(), [NINE, NINE], 0),
    "a day fast": (Tablet(day(1)).counts().counts().meets_the_hub(), [NINE, NINE], 0),
    "back in 2010, as after an empty battery": (Tablet(day(-6282)).counts().meets_the_hub(), [NINE], 0),
    "in 2038, past 32 bits": (Tablet(day(3999)).counts().meets_the_hub(), [NINE], 0),
    "in another zone, as after a summer time that China does not keep": (
        Tablet(timedelta(hours=1)).counts().meets_the_hub(), [NINE], 0),
    "set right by the network in mid-run": (
        Tablet(day(-1)).counts().is_set_to(day(0)).counts().meets_the_hub(), [NINE, NINE], 0),
    "set wrong by somebody in mid-run": (
        Tablet().meets_the_hub().counts().is_set_to(day(40)).counts(), [NINE, NINE], 0),
    "across midnight, a little slow": (
        Tablet(timedelta(minutes=-20), MORNING.replace(hour=23, minute=50)).meets_the_hub().counts().counts(15),
        [("2027-03-15", 23), ("2027-03-16", 0)], 0),
    "asleep between two visitors": (
        Tablet(day(-1)).counts().sleeps(3).counts().meets_the_hub(), [NINE, ("2027-03-15", 12)], 0),
    "switched off and on, as wrong as before, and offline since": (
        Tablet(day(-1)).meets_the_hub().counts().reboots().sleeps(1).counts().counts(),
        [NINE, ("2027-03-15", 10), ("2027-03-15", 10)], 0),
    "set right while it was off, before it met the hub again": (
        Tablet(day(-1)).meets_the_hub().counts().reboots().is_set_to(day(0)).counts().reboots().meets_the_hub(),
        [NINE, NINE], 0),
    "never near the hub": (Tablet(timedelta(minutes=5)).counts(), [NINE], 0),
    "between two meetings, at a time that fits neither": (
        Tablet().meets_the_hub().reboots().is_set_to(day(-9)).counts().reboots().is_set_to(day(0)).meets_the_hub(),
        [("2027-03-06", 9)], 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_hour_that_counts_is_the_true_one(case):
    tablet, hours, doubtful = CASES[case]
    assert (tablet.hours(), tablet.doubtful()) == (hours, doubtful)


def test_all_clock_cases_are_played():
    figure("clock cases", len(CASES))
    assert len(CASES) >= 12


def test_small_differences_move_nothing():
    tablet = Tablet(timedelta(seconds=-50), MORNING.replace(hour=10, minute=0, second=30) - timedelta(minutes=1))
    assert tablet.counts().meets_the_hub().hours() == [NINE]


def test_order_is_the_place_in_the_journal_whatever_the_clock_says():
    tablet = Tablet().counts().is_set_to(day(-3)).counts()
    assert [fact.seq for fact in tablet.facts] == [1, 2]
    assert tablet.facts[1].at < tablet.facts[0].at


def test_only_the_first_meeting_in_a_boot_counts():
    tablet = Tablet(day(-1)).counts().meets_the_hub().counts()
    before = tablet.hours()
    tablet.true += timedelta(hours=5)  # a monotonic clock that lost five hours
    assert tablet.meets_the_hub().hours() == before


def test_what_was_learnt_can_be_put_aside_and_gone_on_with():
    tablet = Tablet(day(-1)).counts().reboots().counts().meets_the_hub().reboots().counts()
    whole = clocks.read(tablet.facts)
    for cut in range(len(tablet.facts) + 1):
        begun = clocks.Clocks.load(clocks.read(tablet.facts[:cut]).dump())
        for fact in tablet.facts[cut:]:
            clocks.learn(begun, fact)
        assert begun == whole


@pytest.mark.parametrize("hub_at", ["2027-02-29T09:30:00.000+08:00", "0000-01-01T00:00:00.000+08:00"])
def test_a_note_of_a_moment_that_no_calendar_has_cannot_be_read(hub_at):
    written = b'{"hub_at":"%s","rtt_ms":20}' % hub_at.encode()
    assert REGISTRY.read_written("clock.compared", 1, written) is None
    fact = a_fact(ClockCompared(hub_at=stamp(MORNING), rtt_ms=20))
    with pytest.raises(Problem, match=r"fact\.malformed"):
        REGISTRY.read(msgspec.structs.replace(fact, body={"hub_at": hub_at, "rtt_ms": 20}))


@pytest.mark.parametrize("zero", "０٠")
def test_a_moment_is_written_in_digits_that_every_reader_knows(zero):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"hub_at": f"2{zero}27-03-15T09:30:00.000+08:00", "rtt_ms": 20}, ClockCompared)


def test_boots_beyond_number_are_dated_as_they_stand_and_counted_as_one_that_is_doubtful():
    tablet = Tablet(day(-1))
    for _ in range(clocks.MOST_BOOTS - 1):
        tablet.counts(0).reboots()
    tablet.counts().meets_the_hub()
    assert (tablet.hours()[-1], tablet.doubtful()) == (NINE, 0)
    for _ in range(3):
        tablet.reboots().counts(0).meets_the_hub()
    whole = clocks.read(tablet.facts)
    assert (tablet.hours()[-4:], whole.doubtful()) == ([NINE, *[("2027-03-14", 9)] * 3], 1)
    assert len(whole.boots) == clocks.MOST_BOOTS
    assert clocks.Clocks.load(whole.dump()) == whole


@pytest.mark.parametrize(
    ("at", "mono"), [("0001-01-01T00:00:00.000+08:00", 0), ("9999-12-31T23:59:59.999+08:00", 2**53)]
)
def test_a_clock_that_leads_out_of_the_calendar_is_not_followed(at, mono):
    tablet = Tablet().meets_the_hub()
    fact = a_fact(id=an_id(9), seq=2, at=at, mono=mono, boot=tablet.boot)
    tablet.facts.append(fact)
    (found,) = tablet.hours()
    assert found in ((at[:10], int(at[11:13])), NINE)


def test_the_reference_fold_dates_by_the_hub_s_time():
    tablet = Tablet(day(-1)).counts().meets_the_hub()
    assert fold(tablet.facts) == {("2027-03-15", 9, "d01", "tally.headcount"): 1}


#: Around the full hour: as good as right, just too far off, and in boots that take turns.
AT_THE_FULL_HOUR = [
    Tablet(timedelta(seconds=off), MORNING.replace(minute=58, second=30)).counts().meets_the_hub().counts(0.9).counts()
    for off in (-61, -60, -59, -1, 0, 59, 60, 61)
]
ANOTHER = Tablet().reboots().counts().counts().counts().counts()
IN_TURNS = Tablet(facts=[*chain.from_iterable(zip(AT_THE_FULL_HOUR[0].facts, ANOTHER.facts, strict=True))])


def test_facts_dated_in_columns_are_dated_as_one_by_one():
    for tablet in [*(tablet for tablet, _, _ in CASES.values()), *AT_THE_FULL_HOUR, IN_TURNS]:
        dates = clocks.read(tablet.facts)
        members = envelope.spelt([envelope.encode(fact) for fact in tablet.facts])
        assert members is not None
        _, _, _, hour, rest, mono, boot, _, _ = zip(*members, strict=True)
        one_by_one = [dates.day_and_hour(fact.boot, fact.at, fact.mono) for fact in tablet.facts]
        assert list(dates.hours(boot, hour, rest, mono)) == [f"{day}T{n:02d}".encode() for day, n in one_by_one]
