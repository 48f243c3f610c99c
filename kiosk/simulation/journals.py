"""Happenings → a journal: the very lines a tablet would have written, and their chain."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from kiosk.facts import envelope
from kiosk.facts.days import DayClosed
from kiosk.facts.envelope import Fact
from kiosk.facts.vocabulary import REGISTRY
from kiosk.simulation.clocks import Tablet
from kiosk.simulation.days import Happening
from kiosk.simulation.moments import HOUR, stamp


class Closing(msgspec.Struct, frozen=True):
    """What the slip of a closed day says."""

    body: DayClosed
    seq: int  # the fact that says it is closed
    kinds: Mapping[str, int]  # facts of the whole journal up to it
    at: str  # by the tablet's own clock


@dataclass
class Written:
    """A whole journal, in memory while its tablet is at it."""

    root: bytes
    lines: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)  # chain hash after each line
    blobs: list[bytes] = field(default_factory=list)  # sealed
    kinds: Counter[str] = field(default_factory=Counter)
    truth: Counter[tuple[int, str]] = field(default_factory=Counter)  # (true hour since 1970, metric) → sum
    days: dict[str, "_Day"] = field(default_factory=dict)  # by the tablet's own clock
    closing: Closing | None = None  # the last
    ends: int = 0  # true moment of the last fact
    boot: str = "00000000"  # of the last fact …
    mono: int = 0  # … and what its monotonic clock showed

    @property
    def head(self) -> bytes:
        return self.hash_at(len(self.lines))

    def hash_at(self, seq: int) -> bytes:
        return self.hashes[seq - 1] if seq else self.root


@dataclass
class _Day:
    """A day in a journal."""

    first: int
    kinds: Counter[str] = field(default_factory=Counter)


def write(certificate: bytes, desk: str, tablet: Tablet, happenings: Iterable[Happening]) -> Written:
    """Stamp what happened with the tablet's own clocks, whatever they show, and chain it."""
    journal = Written(envelope.root(certificate))
    digest = journal.root
    for seq, one in enumerate(happenings, 1):
        boot = tablet.boot_at(one.at)
        at = stamp(boot.wall(one.at))
        body = one.body or _closed(journal, at[:10])
        kind = REGISTRY.name_of(body)
        fact = Fact(
            v=REGISTRY.version_of(kind),
            id=one.id,
            seq=seq,
            kind=kind,
            at=at,
            mono=one.at - boot.began,
            boot=boot.id,
            desk=desk,
            by=one.by,
            body=msgspec.to_builtins(body),
        )
        line = envelope.encode(fact)
        digest = envelope.chain(digest, line)
        journal.lines.append(line)
        journal.hashes.append(digest)
        journal.kinds[kind] += 1
        journal.days.setdefault(at[:10], _Day(seq)).kinds[kind] += 1
        journal.ends, journal.boot, journal.mono = one.at, fact.boot, fact.mono
        if isinstance(body, DayClosed):
            journal.closing = Closing(body, seq, dict(journal.kinds), at)
        if one.blob is not None:
            journal.blobs.append(one.blob)
        for metric, n in one.adds:
            journal.truth[one.at // HOUR, metric] += n
    return journal


def _closed(journal: Written, day: str) -> DayClosed:
    """What a tablet says of a day by its own clock when it is closed."""
    found = journal.days.get(day, _Day(0))
    return DayClosed(day=day, first=found.first, last=len(journal.lines), counts=dict(sorted(found.kinds.items())))
