"""Lines → what they mean: whether a fact may count, and what it adds; by the thousand, in little time.

Nearly every line is spelt as our own booths spell it and its body is one of a few texts. Such lines are taken apart by
one pattern, all at once, and each body is looked up; that is why a stretch of a journal is kept as columns. A line that
is spelt otherwise is read strictly. Both ways come to the same.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

import msgspec

from kiosk.errors import (
    DEVICE_EXPIRED,
    DEVICE_REVOKED,
    FACT_DISMISSED,
    FACT_MALFORMED,
    FACT_NOT_ALLOWED,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.cases import CaseOpened
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.contents import BODIES as NAMING
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body, Dated
from kiosk.facts.leaderboard import BoardJoined
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub.entries import BODIES
from kiosk.hub.lives import BODIES as STEPS
from kiosk.reports.amounts import amounts

Adds = tuple[tuple[str, int], ...]  # metric and what is added to it
#: Kinds that are more than numbers: whoever counts them wants the body.
_WANTED = frozenset({BoardJoined, CaseOpened, ClockCompared, *NAMING, *BODIES, *STEPS})
#: What a person may overrule: the fact can be read, but was not to be recorded by this tablet, or not any more.
RELEASABLE = frozenset({DEVICE_EXPIRED.code, DEVICE_REVOKED.code, FACT_NOT_ALLOWED.code})
_REMEMBERED = 20_000
#: Longest body that is remembered. What one of our booths writes thousands of times is shorter.
_SHORT = 512


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a fact says, but for when and where. Facts that add the same share one, so they can be counted by it."""

    kind: str
    adds: Adds
    body: Body | None = None  # only of kinds that are more than numbers
    hour: bytes | None = None  # `2027-03-15T09`, where it says itself what it counts to


class Rules(msgspec.Struct, frozen=True):
    """What facts of a journal may be."""

    desk: str
    kinds: Collection[str]
    cutoff: int | None = None  # its tablet was withdrawn after this fact
    released: Collection[int] = ()  # places a person said shall count all the same
    dismissed: Collection[int] = ()  # places a person said shall not


@dataclass
class Stretch:
    """Facts of consecutive places from `first`, as columns of one length. Text is as it stands in the line."""

    first: int
    hour: Sequence[bytes]  # of the device's clock, `2027-03-15T09`
    rest: Sequence[bytes]  # of the moment, `:31:07.123+08:00`
    mono: Sequence[bytes]
    boot: Sequence[bytes]
    desk: Sequence[bytes]
    meanings: Sequence[Meaning | None]  # None where the fact does not count
    kinds: Sequence[str | None]  # None where the line cannot be read
    problems: Sequence[str | None]  # code of why it does not count

    @cached_property
    def wanted(self) -> list[tuple[int, Body]]:
        """Facts that count and are more than numbers: their places in the columns, and their bodies."""
        meanings = enumerate(self.meanings)
        return [(place, said.body) for place, said in meanings if said is not None and said.body is not None]


#: One line of a stretch: hour, rest, mono, boot, desk, meaning, kind, problem.
_Row = tuple[bytes, bytes, bytes, bytes, bytes, Meaning | None, str | None, str | None]
_NOTHING = (b"", b"", b"", b"", b"", None)


def read_lines(lines: Sequence[bytes], first: int, rules: Rules, is_late: bool = False) -> Stretch:
    """Judge lines of consecutive places from `first`. `is_late`: they came after the certificate had run out."""
    if not (is_late or rules.cutoff is not None or rules.released or rules.dismissed):
        stretch = _read_at_once(lines, first, rules)
        if stretch is not None:
            return stretch
    rows = [_overrule(_judge(line, seq, rules), seq, rules, is_late) for seq, line in enumerate(lines, first)]
    return _stretch(first, rows)


def read_again(lines: Sequence[bytes], problems: Sequence[str | None], first: int) -> Stretch:
    """Lines that were judged when they came, and why some of them do not count."""
    columns = None if any(problems) else _columns(lines)
    if columns is not None:
        return _uniform(first, columns)
    rows = [
        (*_NOTHING, None, problem) if problem else _row_of(line)
        for line, problem in zip(lines, problems, strict=True)
    ]  # fmt: skip
    return _stretch(first, rows)


def of_fact(fact: Fact) -> Stretch:
    """One fact that may count. Raises `fact.*` problems where its body cannot be read."""
    return _stretch(fact.seq, [_row(fact, _meaning(REGISTRY.read(fact), fact.kind))])


def _stretch(first: int, rows: Sequence[_Row]) -> Stretch:
    return Stretch(first, *(zip(*rows, strict=True) if rows else ((),) * len(_NOTHING) + ((), ())))


# --- all at once: spelt as we spell it, nothing wrong -------------------------------------------------


class _Columns(NamedTuple):
    """Lines spelt as we spell them, by member."""

    places: Sequence[bytes]
    kinds: Sequence[bytes]
    hour: Sequence[bytes]
    rest: Sequence[bytes]
    mono: Sequence[bytes]
    boot: Sequence[bytes]
    desk: Sequence[bytes]
    meanings: Sequence[Meaning]


class _NotPlainError(Exception):
    """A body that has to be read strictly."""


def _columns(lines: Sequence[bytes]) -> _Columns | None:
    found = envelope.spelt_columns(lines) if lines else None
    if found is None:
        return None
    versions, places, kinds, hour, rest, mono, boot, desk, bodies = found
    try:
        meanings = _meanings(kinds, versions, _plainly(bodies))
    except _NotPlainError:
        return None
    return _Columns(places, kinds, hour, rest, mono, boot, desk, meanings)


def _read_at_once(lines: Sequence[bytes], first: int, rules: Rules) -> Stretch | None:
    """All lines, if each is spelt as we spell it and may count; None where a single one needs a closer look."""
    columns = _columns(lines)
    if columns is None or not all(map(_is_hour, set(columns.hour))):
        return None
    if set(columns.desk) != {rules.desk.encode()} or not {kind.decode() for kind in set(columns.kinds)} <= set(
        rules.kinds
    ):
        return None
    if list(map(int, columns.places)) != list(range(first, first + len(lines))):
        return None
    return _uniform(first, columns)


def _uniform(first: int, columns: _Columns) -> Stretch:
    """Lines that all count."""
    _, _, hour, rest, mono, boot, desk, meanings = columns
    names = [meaning.kind for meaning in meanings]
    return Stretch(first, hour, rest, mono, boot, desk, meanings, names, [None] * len(names))


#: What differs from fact to fact and adds nothing: which play it was of, how long somebody took. Each has a literal
#: beginning, by which the search is quick, and matches only what is good in its place.
_PLAY, _ANY_PLAY = re.compile(rb'"session":"[0-9a-f]{32}"'), b'"session":"' + b"0" * 32 + b'"'
_TIME, _ANY_TIME = re.compile(rb'"ms":(?:0|[1-9]\d{0,5})(?=[,}])'), b'"ms":0'


def _plainly(bodies: Sequence[bytes]) -> list[bytes]:
    """Bodies without what makes each of them the only one of its kind, so that they can be looked up."""
    return _TIME.sub(_ANY_TIME, _PLAY.sub(_ANY_PLAY, b"\n".join(bodies))).split(b"\n")


@lru_cache(4096)
def _is_hour(hour: bytes) -> bool:
    """Whether the calendar has that day and the day that hour; the pattern has seen to the rest."""
    try:
        datetime.fromisoformat(hour.decode() + ":00")
    except ValueError:
        return False
    return True


def _meanings(kinds: Sequence[bytes], versions: Sequence[bytes], bodies: Sequence[bytes]) -> list[Meaning]:
    """Raises `_NotPlainError` at the first body that has to be read strictly."""
    if max(map(len, bodies)) <= _SHORT:
        return list(map(_meaning_of, kinds, versions, bodies))
    anew = _meaning_of.__wrapped__
    return [
        (_meaning_of if len(body) <= _SHORT else anew)(kind, version, body)
        for kind, version, body in zip(kinds, versions, bodies, strict=True)
    ]


@lru_cache(_REMEMBERED)
def _meaning_of(kind: bytes, version: bytes, body: bytes) -> Meaning:
    name = kind.decode()
    found = REGISTRY.read_written(name, int(version), body)
    if found is None:
        raise _NotPlainError  # and so is not remembered: anybody may sign any number of those
    return _meaning(found, name)


def _meaning(body: Body, kind: str) -> Meaning:
    add = amounts.registry.get(type(body), _none)  # what its dispatch would find, without the search
    adds = tuple([(metric, n) for metric, n in add(body).items() if n])
    hour = b"%sT%02d" % (body.day.encode(), body.hour) if isinstance(body, Dated) else None
    return Meaning(kind, adds, body, hour) if type(body) in _WANTED else _shared(kind, adds, None, hour)


def _none(_body: Body) -> dict[str, int]:
    return {}


_shared = lru_cache(_REMEMBERED)(Meaning)


# --- one by one ---------------------------------------------------------------------------------------


def _row_of(line: bytes) -> _Row:
    """A line that was found good when it came. Should this release see that it is not, then it adds nothing."""
    kind = None
    try:
        fact = envelope.decode(line)
        kind = fact.kind
        return _row(fact, _meaning(REGISTRY.read(fact), kind))
    except Problem as problem:
        return *_NOTHING, kind, problem.code


def _row(fact: Fact, meaning: Meaning) -> _Row:
    at = fact.at.encode()
    return at[:13], at[13:], b"%d" % fact.mono, fact.boot.encode(), fact.desk.encode(), meaning, fact.kind, None


def _judge(line: bytes, seq: int, rules: Rules) -> _Row:
    """Any line. A signed fact that cannot be used is kept, acknowledged and shown."""
    kind = None
    try:
        fact = envelope.decode(line)
        kind = fact.kind
        if fact.seq != seq:
            raise Problem(FACT_MALFORMED, reason="its number is not its place")
        row = _row(fact, _meaning(REGISTRY.read(fact), fact.kind))
    except Problem as problem:
        return *_NOTHING, kind, problem.code
    if fact.kind not in rules.kinds or fact.desk != rules.desk:
        return *row[:-1], FACT_NOT_ALLOWED.code
    return row


def _overrule(row: _Row, seq: int, rules: Rules, is_late: bool) -> _Row:
    """What is not a matter of the line: when it came, whether its tablet was withdrawn, what a person said of it."""
    *told, meaning, kind, problem = row
    if problem is None and rules.cutoff is not None and seq > rules.cutoff:
        problem = DEVICE_REVOKED.code
    elif problem is None and is_late:
        problem = DEVICE_EXPIRED.code
    if problem in RELEASABLE and seq in rules.released:
        problem = None
    if problem is None and seq in rules.dismissed:
        problem = FACT_DISMISSED.code
    hour, rest, mono, boot, desk = told
    return hour, rest, mono, boot, desk, None if problem else meaning, kind, problem
