"""Folding everything again, and checking that nothing was changed."""

from sqlalchemy import select, update

from kiosk.hub import answers, audit, branches, decisions, judging, totals
from kiosk.hub.context import Hub
from kiosk.hub.journal import own_journals
from kiosk.hub.tables import journals


def rebuild(here: Hub) -> int:
    """Forget every total and read model and fold the stored facts again; returns how many facts count.

    The hub's own journals go first: what persons decided about facts of the others stands there. Facts that a former
    release could not read are judged anew. One journal at a time, each in its own transaction, so that intake goes on
    beside it. What the answers come to is only forgotten: that is folded when somebody looks.
    """
    with here.store.begin() as tx:
        answers.begin_all_anew(tx)
    with here.store.reading() as tx:
        names, own = (
            tx.execute(select(journals.c.journal).order_by(journals.c.journal)).scalars().all(),
            own_journals(tx),
        )
    return sum(_rebuild_one(here, name) for name in sorted(names, key=lambda name: name not in own))


def _rebuild_one(here: Hub, journal: str) -> int:
    with here.store.begin() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == journal).with_for_update()).one()
        tx.execute(
            update(journals)
            .where(journals.c.journal == journal)
            .values(seq=0, hash=held.root, forked_at=None, clocks="", doubtful=0)
        )
        totals.forget(tx, journal)
        if journal in own_journals(tx):
            decisions.fold_again(tx, journal, held.fair)
        judging.judge_again(tx, journal)
        seq, _ = branches.untangle(tx, journal, whole=True)
    return seq


def verify(here: Hub, progress: audit.Progress = lambda _done, _of: None) -> list[str]:
    """Every fault found: changed facts, broken chains, damaged content, figures that are not the sum of the facts."""
    return list(audit.faults(here, progress))
