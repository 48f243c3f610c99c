"""Whether the facts of a tablet's journal may count: by its certificate, its cut-off, and what persons decided."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, bindparam, select, update

from kiosk.facts.days import ALWAYS
from kiosk.hub import reading, totals
from kiosk.hub.reading import Rules, Stretch
from kiosk.hub.tables import decisions, devices, facts, journals

_CHUNK = 2_000  # facts held in memory at a time
_DEVICES = select(devices).where(devices.c.journal.in_(bindparam("of", expanding=True)))
_OF_ONE = select(decisions.c.seq, decisions.c.hash, decisions.c.verdict).where(decisions.c.journal == bindparam("of"))
_OF_SOME = select(decisions).where(decisions.c.journal.in_(bindparam("of", expanding=True)))
#: (place, chain hash) → what a person decided about a fact.
Verdicts = Mapping[tuple[int, bytes], str]


class Columns(NamedTuple):
    """Facts of one journal as they are stored, in order, column by column."""

    seq: Sequence[int]
    line: Sequence[bytes]
    hash: Sequence[bytes]
    kind: Sequence[str | None]
    problem: Sequence[str | None]
    at: Sequence[float]


class Judge:
    """The rules for one tablet's facts, as they are now."""

    def __init__(self, device: Row[Any], verdicts: Verdicts) -> None:
        self._rules = Rules(device.desk, ALWAYS.union(device.kinds.split()), device.cutoff)
        self._not_after = device.not_after
        self._verdicts = verdicts

    def read(self, first: int, lines: Sequence[bytes], hashes: Sequence[bytes], at: float) -> Stretch:
        """Judge facts of consecutive places from `first` that came at `at`, epoch seconds."""
        return reading.read_lines(lines, first, self._rules_for(first, hashes), self._is_late(at))

    def read_same(self, held: Columns, first: int) -> Stretch | None:
        """Facts of consecutive places from `first`; None unless they are, and judged as they were before."""
        last = first + len(held.seq) - 1
        if (held.seq[0], held.seq[-1]) != (first, last) or self._is_late(min(held.at)) != self._is_late(max(held.at)):
            return None
        found = self.read(first, held.line, held.hash, held.at[0])
        return found if (tuple(found.kinds), tuple(found.problems)) == (held.kind, held.problem) else None

    def _is_late(self, at: float) -> bool:
        return bool(at > self._not_after)

    def _rules_for(self, first: int, hashes: Sequence[bytes]) -> Rules:
        if not self._verdicts:
            return self._rules
        said: dict[str, set[int]] = {"released": set(), "dismissed": set()}
        for (seq, digest), verdict in self._verdicts.items():
            if first <= seq < first + len(hashes) and hashes[seq - first] == digest:
                said[verdict].add(seq)
        return msgspec.structs.replace(self._rules, released=said["released"], dismissed=said["dismissed"])

    def judge(self, rows: Iterable[Any]) -> Iterator[tuple[Any, str | None, str | None]]:
        """Rows of `facts` or `forks` in order of their places, each with its kind and why it does not count."""
        numbered = enumerate(rows)
        for _, group in groupby(numbered, key=lambda one: (one[1].seq - one[0], self._is_late(one[1].received_at))):
            some = [row for _, row in group]
            lines, hashes = [bytes(row.line) for row in some], [bytes(row.hash) for row in some]
            found = self.read(some[0].seq, lines, hashes, some[0].received_at)
            yield from zip(some, found.kinds, found.problems, strict=True)


def judge_for(tx: Connection, device: Row[Any]) -> Judge:
    """The judge of a tablet's facts, by its row."""
    told = tx.execute(_OF_ONE, {"of": device.journal})
    return Judge(device, {(seq, bytes(digest)): verdict for seq, digest, verdict in told})


def judges_of(tx: Connection, names: Collection[str]) -> dict[str, Judge]:
    """The judges of some journals; none of a hub's own, whose facts are not judged."""
    verdicts: dict[str, dict[tuple[int, bytes], str]] = {name: {} for name in names}
    for row in tx.execute(_OF_SOME, {"of": names}):
        verdicts[row.journal][row.seq, bytes(row.hash)] = row.verdict
    return {row.journal: Judge(row, verdicts[row.journal]) for row in tx.execute(_DEVICES, {"of": names})}


def judge_of(tx: Connection, journal: str) -> Judge | None:
    """The judge of a tablet's journal; None of a hub's own."""
    return judges_of(tx, [journal]).get(journal)


def judge_again(tx: Connection, journal: str) -> None:
    """Judge every fact of a tablet's journal by the rules as they are now, and fold what counts."""
    tx.execute(select(journals.c.seq).where(journals.c.journal == journal).with_for_update()).one()
    changed, _ = _judge_those(tx, journal)
    if changed:
        totals.refold(tx, journal)


def judge_unusable(tx: Connection, journal: str) -> int:
    """Judge again what does not count; returns how many of these do now, or will when their turn comes.

    A newer release reads more than an older one. Should it ever read less, its step of the schema judges those anew.
    """
    tx.execute(select(journals.c.seq).where(journals.c.journal == journal).with_for_update()).one()
    changed, usable = _judge_those(tx, journal, facts.c.problem.is_not(None))
    if changed:
        totals.refold(tx, journal)
    return usable


def judge_places(tx: Connection, journal: str, places: Sequence[int]) -> None:
    """Judge the facts at some places again. Whoever calls holds the journal."""
    changed = 0
    for start in range(0, len(places), _CHUNK):
        changed += _judge_those(tx, journal, facts.c.seq.in_(places[start : start + _CHUNK]))[0]
    if changed:
        totals.refold(tx, journal)


def _judge_those(tx: Connection, journal: str, *which: ColumnElement[bool]) -> tuple[int, int]:
    """How many facts are judged otherwise than before, and how many of these may count now."""
    judge, changed, usable, at = judge_of(tx, journal), 0, 0, 0
    query = select(facts.c.seq, facts.c.line, facts.c.hash, facts.c.kind, facts.c.problem, facts.c.received_at)
    query = query.where(facts.c.journal == journal, *which).order_by(facts.c.seq).limit(_CHUNK)
    while judge is not None and (rows := tx.execute(query.where(facts.c.seq > at)).all()):
        others = [
            {"place": row.seq, "as_kind": kind, "because": problem}
            for row, kind, problem in judge.judge(rows)
            if (kind, problem) != (row.kind, row.problem)
        ]
        if others:
            at_place = (facts.c.journal == journal) & (facts.c.seq == bindparam("place"))
            values: dict[str, Any] = {"kind": bindparam("as_kind"), "problem": bindparam("because")}
            tx.execute(update(facts).where(at_place).values(**values), others)
        changed, at = changed + len(others), rows[-1].seq
        usable += sum(one["because"] is None for one in others)
    return changed, usable
