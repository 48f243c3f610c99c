"""The branches of a journal: which fact follows from which, where a person has to choose, and which run counts.

A tablet's file that was copied or restored, and went on twice, makes its journal a tree. Which run of it counts, and
where that ends, follows from the facts that are known and the choices that were made, and from nothing else; so the
order in which they came does not matter, and it can be worked out anew at any time.

`facts` has one fact for each place: the one that counts, else one that still may. `forks` has all others; those that
a person decided against are marked there, and stand nowhere else.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, case, delete, exists, func, select, tuple_, union, update

from kiosk.facts import envelope
from kiosk.hub import totals
from kiosk.hub.judging import Judge, judge_of
from kiosk.hub.store import append_facts, insert_once
from kiosk.hub.tables import choices, devices, facts, forks, journals

_CHUNK = 2_000  # facts held in memory at a time
_ROWS = 400  # rows a statement
MOST = 50  # branches of one journal that are kept; of more, a tablet made them up
_FOLLOWED = 50  # branches at one place that are followed to their end; of more, a tablet made them up
_TANGLED = union(
    *(select(table.c.journal).where(table.c.journal.in_(bindparam("of", expanding=True))) for table in (forks, choices))
)


class Node(NamedTuple):
    """A fact and where it belongs."""

    seq: int
    hash: bytes
    prev: bytes | None  # chain hash before it, where that was written down
    line: bytes | None  # where the line has to tell
    is_aside: bool  # it stands in `forks`
    is_decided: bool  # … and was decided against, as far as that was known


class Standing(Enum):
    """What is known of a fact's past."""

    SOUND = auto()  # it follows from the root, and nobody decided against it
    LOST = auto()  # it belongs to a branch that a person decided against
    LOOSE = auto()  # what it follows from has not arrived: it belongs to some branch
    EXCUSED = auto()  # the same, but that may well be a branch that a person decided against


class Marks(msgspec.Struct, frozen=True):
    """What persons decided about facts where branches part. The last word about each counts."""

    kept: frozenset[bytes] = frozenset()
    lost: frozenset[bytes] = frozenset()
    #: Up to this place the run was settled when the tablet was withdrawn: `facts` has it, and no other branch counts.
    settled: int = 0

    @classmethod
    def of(cls, rows: Iterable[Any], settled: int = 0) -> "Marks":
        """Of rows of `choices`, in order."""
        is_kept: dict[bytes, bool] = {}
        for row in rows:
            is_kept.update(dict.fromkeys(map(bytes.fromhex, row.lost.split()), False))
            if row.kept is not None:
                is_kept[bytes(row.kept)] = True
        kept = frozenset(digest for digest, yes in is_kept.items() if yes)
        return cls(kept, frozenset(is_kept) - kept, settled)


def marks_of(tx: Connection, journal: str) -> Marks:
    settled = tx.execute(select(devices.c.settled_seq).where(devices.c.journal == journal)).scalar()
    told = tx.execute(select(choices).where(choices.c.journal == journal).order_by(choices.c.number))
    return Marks.of(told, settled or 0)


# --- along the tree -------------------------------------------------------------------------------


@dataclass
class Course:
    """The run that counts, followed place by place. Ends before the first place where a person has to choose."""

    marks: Marks
    end: int  # where it begins: a fact that counts, or the root at 0
    hash: bytes
    forked_at: int | None = None
    #: What is known of the facts at the place that was looked at last, and what they follow from.
    standing: dict[bytes, Standing] = field(default_factory=dict)
    parents: dict[bytes, bytes | None] = field(default_factory=dict)
    first_lost: int | None = None  # first place that has a fact which was decided against
    _at: int = -1

    def __post_init__(self) -> None:
        self.standing, self._at = {self.hash: Standing.SOUND}, self.end

    @classmethod
    def along(cls, marks: Marks, seq: int, first: bytes, others: Iterable[bytes]) -> "Course":
        """What would count if a branch that begins with `first` at `seq` were chosen over the others there."""
        course = cls(msgspec.structs.replace(marks, settled=0), seq, first)
        course.standing.update({other: Standing.LOST for other in others if other != first})
        course.first_lost = seq if len(course.standing) > 1 else None
        return course

    def step(self, seq: int, nodes: Sequence[Node]) -> None:
        """Look at all facts of the next place that has any."""
        before = self.standing if self._at == seq - 1 else {}
        self.parents = {node.hash: self._parent(node, before) for node in nodes}
        self.standing = {node.hash: self._stand(seq, node, before) for node in nodes}
        if self.first_lost is None and Standing.LOST in self.standing.values():
            self.first_lost = seq
        if self.forked_at is None:
            self._follow(seq, before)
        self._at = seq

    def _parent(self, node: Node, before: dict[bytes, Standing]) -> bytes | None:
        if node.prev is not None:
            return node.prev if node.prev in before else None
        line = node.line or b""
        if self.hash in before and envelope.chain(self.hash, line) == node.hash:
            return self.hash
        return next((digest for digest in before if envelope.chain(digest, line) == node.hash), None)

    def _stand(self, seq: int, node: Node, before: dict[bytes, Standing]) -> Standing:
        parent = self.parents[node.hash]
        if node.hash in self.marks.lost or (node.is_aside and seq <= self.marks.settled):
            return Standing.LOST
        if parent is not None:
            return before[parent]
        # A branch that was decided against may well reach as far as here, by facts that have not arrived.
        is_excused = self.first_lost is not None and self.first_lost <= seq - 2
        return Standing.EXCUSED if is_excused else Standing.LOOSE

    def _follow(self, seq: int, before: dict[bytes, Standing]) -> None:
        next_ones = [digest for digest, parent in self.parents.items() if parent == self.hash and self.end == seq - 1]
        left = [digest for digest in next_ones if self.standing[digest] is not Standing.LOST]
        # Where branches part, what nobody has chosen does not count: it may be a third one.
        is_chosen = bool(left) and (left[0] in self.marks.kept or seq <= self.marks.settled)
        is_clear = len(left) == 1 and (len(next_ones) == 1 or is_chosen)
        if (next_ones and not is_clear) or self._is_at_odds(before):
            self.forked_at = seq
        elif next_ones:
            self.end, self.hash = seq, left[0]

    def _is_at_odds(self, before: dict[bytes, Standing]) -> bool:
        """Whether two facts are known at this place, or one that does not follow from the one before it."""
        here = [digest for digest, standing in self.standing.items() if standing in _AT_ODDS]
        there = any(standing in _AT_ODDS for standing in before.values())
        return len(here) > 1 or (len(here) == 1 and there and self.parents[here[0]] is None)


_AT_ODDS = (Standing.SOUND, Standing.LOOSE)


def places(tx: Connection, journal: str, after: int) -> Iterator[tuple[int, list[Node]]]:
    """Every place behind `after` that has facts, with all that are known there."""
    both = merge(_in_facts(tx, journal, after), _in_forks(tx, journal, after), key=lambda node: node.seq)
    for seq, nodes in groupby(both, key=lambda node: node.seq):
        yield seq, list(nodes)


def _in_facts(tx: Connection, journal: str, after: int) -> Iterator[Node]:
    query = select(facts.c.seq, facts.c.hash, facts.c.line).where(facts.c.journal == journal)
    query = query.order_by(facts.c.seq).limit(_CHUNK)
    while rows := tx.execute(query.where(facts.c.seq > after)).all():
        for row in rows:
            yield Node(row.seq, bytes(row.hash), None, bytes(row.line), is_aside=False, is_decided=False)
        after = rows[-1].seq


def _in_forks(tx: Connection, journal: str, after: int) -> Iterator[Node]:
    line = case((forks.c.prev.is_(None), forks.c.line)).label("line")
    query = select(forks.c.seq, forks.c.hash, forks.c.prev, line, forks.c.decided).where(forks.c.journal == journal)
    query, last = query.order_by(forks.c.seq, forks.c.hash).limit(_CHUNK), (after + 1, b"")
    while rows := tx.execute(query.where(tuple_(forks.c.seq, forks.c.hash) > tuple_(*last))).all():
        for row in rows:
            prev, line_of = (None if one is None else bytes(one) for one in (row.prev, row.line))
            yield Node(row.seq, bytes(row.hash), prev, line_of, is_aside=True, is_decided=row.decided)
        last = (rows[-1].seq, bytes(rows[-1].hash))


# --- for a person to choose -------------------------------------------------------------------------


class Branch(msgspec.Struct, frozen=True):
    """What would count from one place on, if a person chose it."""

    first: bytes  # hash of its first fact
    nodes: list[tuple[int, bytes]]  # its facts: place and hash
    forked_at: int | None  # where it parts again itself
    is_whole: bool  # what it follows from is here; else choosing it makes nothing count yet


def branches_at(tx: Connection, journal: str, seq: int) -> list[Branch]:
    """The branches that part at a place, those that were decided against too, the longest first."""
    held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    marks = marks_of(tx, journal)
    start = min(_undisputed(tx, held, marks), seq - 1)
    trunk = _course(tx, held, marks, start)
    found: dict[bytes, Branch] = {}
    courses: dict[bytes, Course] = {}
    for place, nodes in places(tx, journal, start):
        if place <= seq:
            before = trunk.hash if trunk.end == seq - 1 else None
            trunk.step(place, nodes)
        if place == seq:
            for node in nodes:
                is_next = trunk.parents[node.hash] is not None and trunk.parents[node.hash] == before
                if is_next or trunk.standing[node.hash] in (Standing.LOOSE, Standing.EXCUSED):
                    if len(courses) < _FOLLOWED:
                        courses[node.hash] = Course.along(marks, seq, node.hash, trunk.standing)
                    found[node.hash] = Branch(node.hash, [(seq, node.hash)], None, is_next)
        if place > seq:
            for first, course in courses.items():
                course.step(place, nodes)
                if course.end == place:
                    found[first].nodes.append((place, course.hash))
    whole = [
        msgspec.structs.replace(branch, forked_at=courses[first].forked_at) if first in courses else branch
        for first, branch in found.items()
    ]
    return sorted(whole, key=lambda branch: (not branch.is_whole, -len(branch.nodes), branch.first))


def is_undecided(tx: Connection, journal: str, forked_at: int) -> bool:
    """Whether some branch at the place where a journal parts may yet count; else a person said that none does."""
    query = select(facts.c.seq).where(facts.c.journal == journal, facts.c.seq == forked_at)
    return tx.execute(query).first() is not None


def lines_of(tx: Connection, journal: str, nodes: Sequence[tuple[int, bytes]]) -> Iterator[Any]:
    """The stored rows of facts on one branch, in order: place, hash, line, received_at."""
    for some in _some(nodes):
        found = {}
        for table in (facts, forks):
            these = tuple_(table.c.seq, table.c.hash).in_(some)
            query = select(table.c.seq, table.c.hash, table.c.line, table.c.received_at)
            for row in tx.execute(query.where(table.c.journal == journal, these)):
                found[row.seq, bytes(row.hash)] = row
        yield from (found[seq, digest] for seq, digest in some)


# --- setting a journal right ------------------------------------------------------------------------


def settle_to(tx: Connection, journal: str, seq: int) -> None:
    """Let the run of a withdrawn tablet's journal be settled up to a place, or to where it ends before that.

    Whoever calls holds the journal. What parts from it up to there counts for nothing from now on.
    """
    held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    end = min(seq, int(held.seq))
    values = {"settled_seq": end, "settled_hash": _hash_at(tx, held, end)}
    tx.execute(update(devices).where(devices.c.journal == journal).values(**values))
    waiting = (forks.c.journal == journal) & (forks.c.seq <= end) & ~forks.c.decided
    tx.execute(update(forks).where(waiting).values(decided=True))
    if is_tangled(tx, journal):  # what follows from those is decided with them
        untangle(tx, journal)


def is_plain_behind(tx: Connection, held: Row[Any], seq: int) -> bool:
    """Whether nothing but the run is known behind a place of it."""
    if held.forked_at is not None:
        return False
    ends = ((facts, max(seq, held.seq)), (forks, seq))
    known = [select(table.c.seq).where(table.c.journal == held.journal, table.c.seq > end) for table, end in ends]
    return not any(tx.execute(query.limit(1)).first() for query in known)


def unbroken(tx: Connection, journal: str) -> int:
    """Where the run ends; or where it ended before a fork that nobody has decided about."""
    held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    seq, digest = int(held.seq), bytes(held.hash)
    if held.forked_at is None:
        return seq
    for node in _in_facts(tx, journal, seq):
        if node.seq != seq + 1 or envelope.chain(digest, node.line or b"") != node.hash:
            break
        seq, digest = node.seq, node.hash
    return seq


def is_aside(tx: Connection, journal: str, seq: int, digest: bytes) -> bool:
    """Whether a fact stands on another branch than the one in `facts`."""
    query = select(forks.c.seq).where(forks.c.journal == journal, forks.c.seq == seq, forks.c.hash == digest)
    return tx.execute(query).first() is not None


def how_many(tx: Connection, journal: str) -> int:
    """Branches besides the one in `facts`: facts there that follow from none there."""
    before = forks.alias()
    is_next = (before.c.journal == forks.c.journal) & (before.c.seq == forks.c.seq - 1)
    begins = ~exists().where(is_next, before.c.hash == forks.c.prev)
    query = select(func.count()).select_from(forks).where(forks.c.journal == journal, begins)
    return int(tx.execute(query.where(forks.c.prev.is_not(None))).scalar_one())


def tangled(tx: Connection, names: Collection[str]) -> set[str]:
    """Which journals' runs are more than one fact after another: branches are known, or were decided about."""
    return set(tx.execute(_TANGLED, {"of": names}).scalars())


def is_tangled(tx: Connection, journal: str) -> bool:
    return bool(tangled(tx, [journal]))


def untangle(tx: Connection, journal: str, *, whole: bool = False) -> tuple[int, bytes]:
    """Work out which run counts, set tables and totals to it, and return where it ends: (seq, hash).

    Whoever calls holds the journal. `whole`: from its root on, believing nothing that is written down.
    """
    held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    marks = marks_of(tx, journal)
    course, moves = _follow(tx, held, marks, 0 if whole else _undisputed(tx, held, marks))
    moves.make(tx)
    tx.execute(
        update(journals)
        .where(journals.c.journal == journal)
        .values(seq=course.end, hash=course.hash, forked_at=course.forked_at)
    )
    if course.end < held.seq or _hash_at(tx, held, held.seq) != bytes(held.hash):
        totals.refold(tx, journal)
    elif course.end > held.seq:
        totals.join(tx, held, lambda: totals.stored(tx, journal, held.seq + 1, course.end))
    return course.end, course.hash


def _course(tx: Connection, held: Row[Any], marks: Marks, start: int) -> Course:
    """The run from one of its places on."""
    lost = select(func.min(forks.c.seq)).where(forks.c.journal == held.journal, forks.c.seq <= start, forks.c.decided)
    return Course(marks, start, _hash_at(tx, held, start), first_lost=tx.execute(lost).scalar())


def _follow(tx: Connection, held: Row[Any], marks: Marks, start: int) -> tuple[Course, "_Moves"]:
    course, moves = _course(tx, held, marks, start), _Moves(held.journal)
    for seq, nodes in places(tx, held.journal, start):
        course.step(seq, nodes)
        moves.note(seq, nodes, course)
    return course, moves


def faults(tx: Connection, held: Row[Any]) -> Iterator[str]:
    """What is written down of a journal's branches, against what its facts and the choices about them say."""
    course, moves = _follow(tx, held, marks_of(tx, held.journal), 0)
    if (course.end, course.hash) != (held.seq, bytes(held.hash)):
        yield f"it should end at fact {course.end} and not at {held.seq}, or with another hash"
    if course.forked_at != held.forked_at:
        yield f"it is said to fork at {held.forked_at or 'no fact'}, its facts say {course.forked_at or 'at none'}"
    yield from _unsettled(tx, held)
    misplaced = {*moves.out, *(move[0] for move in moves.back), *(mark[0] for mark in moves.marks)}
    yield from (f"fact {seq} stands on the wrong branch" for seq in sorted(misplaced))
    query = select(forks.c.seq, forks.c.hash, forks.c.prev, forks.c.line).where(forks.c.journal == held.journal)
    for row in tx.execute(query.where(forks.c.prev.is_not(None)).order_by(forks.c.seq)):
        if envelope.chain(bytes(row.prev), bytes(row.line)) != bytes(row.hash):
            yield f"fact {row.seq} of another branch is not as it was received"


def _unsettled(tx: Connection, held: Row[Any]) -> Iterator[str]:
    query = select(devices.c.settled_seq, devices.c.settled_hash).where(devices.c.journal == held.journal)
    for row in tx.execute(query.where(devices.c.settled_seq.is_not(None))):
        if _hash_at(tx, held, row.settled_seq) != bytes(row.settled_hash or b""):
            yield f"fact {row.settled_seq} is not the one that counted when its tablet was withdrawn"


def _undisputed(tx: Connection, held: Row[Any], marks: Marks) -> int:
    """A place of the run before which nothing can move: no two facts are known there, or it was settled."""
    known = [select(func.min(table.c.seq)).where(table.c.journal == held.journal) for table in (forks, choices)]
    disputed: list[int | None] = [held.forked_at, *(tx.execute(query).scalar() for query in known)]
    undisputed = min([int(held.seq), *(seq - 1 for seq in disputed if seq is not None)])
    # One place back, so that what stands beside the last settled one is known for what it is.
    return max(undisputed, min(marks.settled, int(held.seq)) - 1)


def _hash_at(tx: Connection, held: Row[Any], seq: int) -> bytes:
    if seq == 0:
        return bytes(held.root)
    query = select(facts.c.hash).where(facts.c.journal == held.journal, facts.c.seq == seq)
    return bytes(tx.execute(query).scalar() or b"")


@dataclass
class _Moves:
    """What has to change so that every fact stands where it belongs."""

    journal: str
    out: dict[int, tuple[bytes | None, bool]] = field(default_factory=dict)  # place → what it follows, is it lost
    back: list[tuple[int, bytes]] = field(default_factory=list)
    marks: list[tuple[int, bytes, bool]] = field(default_factory=list)

    def note(self, seq: int, nodes: Sequence[Node], course: Course) -> None:
        lost = {digest for digest, standing in course.standing.items() if standing is Standing.LOST}
        here = next((node.hash for node in nodes if not node.is_aside), None)
        wanted = course.hash if course.end == seq else _best(here, [n.hash for n in nodes if n.hash not in lost])
        if here is not None and here != wanted:
            self.out[seq] = (course.parents[here], here in lost)
        if wanted is not None and wanted != here:
            self.back.append((seq, wanted))
        self.marks += [
            (seq, node.hash, node.hash in lost)
            for node in nodes
            if node.is_aside and node.hash != wanted and node.is_decided != (node.hash in lost)
        ]

    def make(self, tx: Connection) -> None:
        for some in _some(sorted(self.out)):
            self._take_out(tx, some)
        judge = judge_of(tx, self.journal)
        for some in _some(self.back):
            assert judge is not None  # only a tablet's journal ever parts
            self._bring_back(tx, some, judge)
        at_fact = (
            (forks.c.journal == self.journal) & (forks.c.seq == bindparam("at")) & (forks.c.hash == bindparam("is"))
        )
        if self.marks:
            rows = [{"at": seq, "is": digest, "so": is_lost} for seq, digest, is_lost in self.marks]
            tx.execute(update(forks).where(at_fact).values(decided=bindparam("so")), rows)

    def _take_out(self, tx: Connection, some: Sequence[int]) -> None:
        these = (facts.c.journal == self.journal) & facts.c.seq.in_(some)
        rows = tx.execute(select(facts.c.seq, facts.c.hash, facts.c.line, facts.c.received_at).where(these)).all()
        aside = [
            {
                "journal": self.journal,
                "seq": row.seq,
                "hash": row.hash,
                "line": row.line,
                "received_at": row.received_at,
                "prev": self.out[row.seq][0],
                "decided": self.out[row.seq][1],
            }
            for row in rows
        ]
        insert_once(tx, forks, aside)
        tx.execute(delete(facts).where(these))

    def _bring_back(self, tx: Connection, some: Sequence[tuple[int, bytes]], judge: Judge) -> None:
        these = (forks.c.journal == self.journal) & tuple_(forks.c.seq, forks.c.hash).in_(some)
        rows = tx.execute(select(forks).where(these).order_by(forks.c.seq)).all()
        judged = [
            (self.journal, row.seq, bytes(row.line), bytes(row.hash), kind, problem, row.received_at)
            for row, kind, problem in judge.judge(rows)
        ]
        append_facts(tx, facts, judged)
        tx.execute(delete(forks).where(these))


def _best(here: bytes | None, possible: Sequence[bytes]) -> bytes | None:
    """Of the facts of a place that may yet count the one that has it already, else any, but always the same."""
    return here if here in possible else min(possible, default=None)


def _some(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _ROWS):
        yield items[start : start + _ROWS]
