"""Folding everything again, and checking that nothing was changed."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select, update

from kiosk.facts import envelope
from kiosk.hub import answers, audit, branches, decisions, judging, rehearsals, totals
from kiosk.hub.context import Hub
from kiosk.hub.journal import own_journals
from kiosk.hub.judging import Columns, Judge
from kiosk.hub.reading import Stretch
from kiosk.hub.store import driver_rows
from kiosk.hub.tables import facts, journals

#: Facts that are read at a time, and the longest journal that is folded as it was read.
_CHUNK, _SHORT = 2_000, 20_000
#: Facts that are folded in one transaction, in a moment's time, and the journals they are of at most. What a commit
#: or a question costs is the same for few and many.
_TOGETHER, _JOURNALS = 20_000, 100
#: Objects that are made before the collector looks for cycles among them.
_CYCLES = 100_000
_HELD = select(journals).where(journals.c.journal.in_(bindparam("of", expanding=True)))
_HELD = _HELD.order_by(journals.c.journal).with_for_update()
_BEGUN = update(journals).where(journals.c.journal == bindparam("of"))
_BEGUN = _BEGUN.values(seq=0, hash=journals.c.root, forked_at=None, clocks="", doubtful=0)
#: What a row of `journals` says of where its journal ends and of its clocks; and how that is written.
_END = ("seq", "hash", "forked_at", "clocks", "doubtful")
_ENDS = update(journals).where(journals.c.journal == bindparam("of"))
_ENDS = _ENDS.values({name: bindparam(f"new_{name}") for name in _END})
_READ = (
    select(facts.c.seq, facts.c.line, facts.c.hash, facts.c.kind, facts.c.problem, facts.c.received_at)
    .where(facts.c.journal == bindparam("of"), facts.c.seq > bindparam("after"))
    .order_by(facts.c.seq)
    .limit(_CHUNK)
)


def rebuild(here: Hub) -> int:
    """Forget every total and read model and fold the stored facts again; returns how many facts count.

    The hub's own journals go first: what persons decided about facts of the others stands there. Facts that a former
    release could not read are judged anew. A few journals at a time, so that intake goes on beside it. What the
    answers come to is only forgotten: that is folded when somebody looks.
    """
    with here.store.begin() as tx:
        answers.begin_all_anew(tx)
    with here.store.reading() as tx:
        sizes = {row.journal: row.seq for row in tx.execute(select(journals.c.journal, journals.c.seq))}
        own = own_journals(tx)
    names = sorted(sizes, key=lambda name: (name not in own, name))
    # A server's intake may hold one of them while it waits for another: there each goes by itself.
    most = _TOGETHER if here.store.is_sqlite else 0
    with _seldom_collecting():
        return sum(rebuild_some(here, some) for some in _runs(names, sizes, most))


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Rows by the million are no cycles: to look for some after every few hundred would take a seventh of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_CYCLES, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _runs(names: Iterable[str], sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Journals that go together, in order: some that have fewer than `most` facts, or one."""
    run: list[str] = []
    for name in names:
        if run and (len(run) == _JOURNALS or sum(sizes[one] for one in run) + sizes[name] >= most):
            yield run
            run = []
        run.append(name)
    if run:
        yield run


def rebuild_some(here: Hub, names: Iterable[str]) -> int:
    """Some journals in one transaction, the hub's own first; returns how many of their facts count."""
    with here.store.begin() as tx:
        own = own_journals(tx)
        held = {row.journal: row for row in tx.execute(_HELD, {"of": list(names)})}
        ends = {name: _follow(tx, row, is_own=True) for name, row in held.items() if name in own}
        ends |= _fold(tx, list(_chains(tx, [row for name, row in held.items() if name not in own])))
        ends |= {name: _follow(tx, row, is_own=False) for name, row in held.items() if name not in ends}
        return sum(end for name, end in ends.items() if not rehearsals.is_rehearsal(held[name].fair))


def _follow(tx: Connection, held: Row[Any], *, is_own: bool) -> int:
    """Judge and fold any journal from its root, fact by fact; returns where it ends."""
    tx.execute(_BEGUN, {"of": held.journal})
    totals.forget(tx, held.journal)
    if is_own:
        decisions.fold_again(tx, held.journal, held.fair)
    judging.judge_again(tx, held.journal)
    return branches.untangle(tx, held.journal, whole=True)[0]


# --- as most are ----------------------------------------------------------------------------------


class _Chain(NamedTuple):
    """A tablet's journal that is one chain of facts, each judged as when it came."""

    held: Row[Any]
    seq: int
    hash: bytes
    stretches: totals.Stretches


def _chains(tx: Connection, every: Sequence[Row[Any]]) -> Iterator[_Chain]:
    """Those of some tablets' journals that are chains. Every line is read once."""
    names = [held.journal for held in every]
    judges, tangled = judging.judges_of(tx, names), branches.tangled(tx, names)
    for held in every:
        judge = judges.get(held.journal)
        chain = None if judge is None or held.journal in tangled else _chain(tx, held, judge)
        if chain is not None:
            yield chain


def _chain(tx: Connection, held: Row[Any], judge: Judge) -> _Chain | None:
    stretches: list[Stretch] = []
    seq, digest = 0, bytes(held.root)
    for stored in _stored(tx, held.journal):
        stretch, hashes = judge.read_same(stored, seq + 1), envelope.chain_all(digest, stored.line)
        if stretch is None or tuple(hashes) != stored.hash:
            return None
        seq, digest = seq + len(hashes), hashes[-1]
        stretches = [*stretches, stretch] if seq <= _SHORT else []
    again = partial(totals.stored, tx, held.journal, 1, seq) if seq > _SHORT else lambda: stretches
    return _Chain(held, seq, digest, again)


def _stored(tx: Connection, journal: str) -> Iterator[Columns]:
    """All facts of a journal in order, some at a time."""
    after, is_more = 0, True
    while is_more:
        rows = driver_rows(tx.execute(_READ, {"of": journal, "after": after}))
        is_more = len(rows) == _CHUNK
        if rows:
            after = rows[-1][0]
            yield Columns(*zip(*rows, strict=True))


def _fold(tx: Connection, chains: Sequence[_Chain]) -> dict[str, int]:
    """Fold some of them as they were read; returns where each ends."""
    clocks = totals.fold_whole(tx, [(chain.held, chain.stretches) for chain in chains])
    for (held, seq, digest, _), dates in zip(chains, clocks, strict=True):
        end = (seq, digest, None, dates.dump(), dates.doubtful())
        if end != tuple(getattr(held, name) for name in _END):
            told = {f"new_{name}": value for name, value in zip(_END, end, strict=True)}
            tx.execute(_ENDS, {"of": held.journal, **told})
    return {chain.held.journal: chain.seq for chain in chains}


def verify(here: Hub, progress: audit.Progress = lambda _done, _of: None) -> list[str]:
    """Every fault found: changed facts, broken chains, damaged content, figures that are not the sum of the facts."""
    return list(audit.faults(here, progress))
