"""Folding everything again, and checking that nothing was changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from kiosk.facts import envelope
from kiosk.hub import answers, audit, branches, decisions, judging, rehearsals, totals
from kiosk.hub.context import Hub
from kiosk.hub.journal import own_journals
from kiosk.hub.judging import Columns
from kiosk.hub.reading import Stretch
from kiosk.hub.tables import facts, journals

#: Facts that are read at a time, and the longest journal that is folded as it was read.
_CHUNK, _SHORT = 2_000, 20_000
#: Facts that are folded in one transaction, in a moment's time. What a commit costs is the same for few and many.
_TOGETHER = 10_000
_HELD = select(journals).where(journals.c.journal == bindparam("of")).with_for_update()
_BEGUN = update(journals).where(journals.c.journal == bindparam("of"))
_BEGUN = _BEGUN.values(seq=0, hash=journals.c.root, forked_at=None, clocks="", doubtful=0)
_ENDS = update(journals).where(journals.c.journal == bindparam("of"))
_ENDS = _ENDS.values(seq=bindparam("last"), hash=bindparam("digest"))
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
    return sum(rebuild_some(here, some) for some in _runs(names, sizes, most))


def _runs(names: Iterable[str], sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Journals that go together, in order: some that have fewer than `most` facts, or one."""
    run: list[str] = []
    for name in names:
        if run and sum(sizes[one] for one in run) + sizes[name] >= most:
            yield run
            run = []
        run.append(name)
    if run:
        yield run


def rebuild_some(here: Hub, names: Iterable[str]) -> int:
    """Some journals in one transaction, in this order; returns how many of their facts count."""
    with here.store.begin() as tx:
        own = own_journals(tx)
        return sum(_rebuild_one(tx, name, is_own=name in own) for name in names)


def _rebuild_one(tx: Connection, journal: str, *, is_own: bool) -> int:
    held = tx.execute(_HELD, {"of": journal}).one()
    tx.execute(_BEGUN, {"of": journal})
    totals.forget(tx, journal)
    if is_own:
        decisions.fold_again(tx, journal, held.fair)
    seq = _fold_plainly(tx, held)
    if seq is None:
        judging.judge_again(tx, journal)
        seq, _ = branches.untangle(tx, journal, whole=True)
    return 0 if rehearsals.is_rehearsal(held.fair) else seq


def _fold_plainly(tx: Connection, held: Row[Any]) -> int | None:
    """Fold a tablet's journal as most are: one chain of facts, each judged as when it came. Returns where it ends.

    Every line is read once. None, and nothing done, where there is more to it.
    """
    judge = judging.judge_of(tx, held.journal)
    if judge is None or branches.is_tangled(tx, held.journal):
        return None
    stretches: list[Stretch] = []
    seq, digest = 0, bytes(held.root)
    for stored in _stored(tx, held.journal):
        stretch = judge.read_same(stored, seq + 1)
        if stretch is None or seq > _SHORT:
            return None
        hashes = envelope.chain_all(digest, stored.line)
        if tuple(hashes) != stored.hash:
            return None
        stretches.append(stretch)
        seq, digest = seq + len(hashes), hashes[-1]
    totals.fold_anew(tx, held, stretches)
    tx.execute(_ENDS, {"of": held.journal, "last": seq, "digest": digest})
    return seq


def _stored(tx: Connection, journal: str) -> Iterator[Columns]:
    """All facts of a journal in order, some at a time."""
    rows = tx.execute(_READ, {"of": journal, "after": 0}).all()
    while rows:
        yield Columns(*zip(*rows, strict=True))
        rows = tx.execute(_READ, {"of": journal, "after": rows[-1].seq}).all() if len(rows) == _CHUNK else []


def verify(here: Hub, progress: audit.Progress = lambda _done, _of: None) -> list[str]:
    """Every fault found: changed facts, broken chains, damaged content, figures that are not the sum of the facts."""
    return list(audit.faults(here, progress))
