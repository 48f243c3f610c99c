"""Folding everything again, and checking that nothing was changed."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from kiosk.facts import envelope
from kiosk.hub import intake, totals
from kiosk.hub.context import Hub
from kiosk.hub.tables import blobs, devices, facts, forks, journals
from kiosk.reports.amounts import fold


def rebuild(here: Hub) -> int:
    """Forget every total and read model and fold the stored facts again; returns how many facts count.

    Facts that a former release could not read are judged anew. One journal at a time, each in its own
    transaction, so that intake goes on beside it.
    """
    with here.store.reading() as tx:
        names = list(tx.execute(select(journals.c.journal).order_by(journals.c.journal)).scalars())
    return sum(_rebuild_one(here, journal) for journal in names)


def _rebuild_one(here: Hub, journal: str) -> int:
    with here.store.begin() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == journal).with_for_update()).one()
        _judge_again(tx, journal)
        tx.execute(update(journals).where(journals.c.journal == journal).values(seq=0, hash=held.root, forked_at=None))
        totals.forget(tx, journal)
        seq, _ = intake.settle(tx, journal, list(_breaks(tx, journal, held.root)))
    return seq


def _judge_again(tx: Connection, journal: str) -> None:
    device = tx.execute(select(devices).where(devices.c.journal == journal)).one_or_none()
    if device is None:
        return
    rows = tx.execute(
        select(facts.c.seq, facts.c.line, facts.c.hash, facts.c.problem)
        .where(facts.c.journal == journal, facts.c.problem.is_not(None))
        .order_by(facts.c.seq)
    ).all()
    for row in rows:
        line = intake.Line(row.seq, bytes(row.line), bytes(row.hash))
        kind, problem = intake.judge(line, device.desk, device.kinds.split())
        if problem != row.problem:
            tx.execute(
                update(facts)
                .where(facts.c.journal == journal, facts.c.seq == row.seq)
                .values(kind=kind, problem=problem)
            )


def _breaks(tx: Connection, journal: str, root: bytes) -> Iterator[int]:
    """Places where two facts are known, or where a stored fact does not follow from the one before it."""
    yield from tx.execute(select(forks.c.seq).where(forks.c.journal == journal).distinct()).scalars()
    last, digest = 0, root
    for row in tx.execute(
        select(facts.c.seq, facts.c.line, facts.c.hash).where(facts.c.journal == journal).order_by(facts.c.seq)
    ):
        if row.seq == last + 1 and envelope.chain(digest, bytes(row.line)) != bytes(row.hash):
            yield row.seq
        last, digest = row.seq, bytes(row.hash)


def quarantine(here: Hub) -> Sequence[Any]:
    """Facts that were acknowledged and kept but could not be used, with the reason."""
    query = (
        select(facts.c.journal, facts.c.seq, facts.c.kind, facts.c.problem)
        .where(facts.c.problem.is_not(None))
        .order_by(facts.c.journal, facts.c.seq)
    )
    with here.store.reading() as tx:
        return tx.execute(query).all()


def verify(here: Hub) -> list[str]:
    """Every fault found: changed facts, broken chains, damaged blobs, totals that are not the sum."""
    with here.store.reading() as tx:
        faults, sound = [], []
        for row in tx.execute(select(journals)).all():
            found = list(_journal_faults(tx, row))
            faults += found
            sound += [] if found else [row]
        faults += _total_faults(tx, sound)
        faults += [
            f"blob {row.sha256} is damaged"
            for row in tx.execute(select(blobs.c.sha256, blobs.c.content))
            if hashlib.sha256(bytes(row.content)).hexdigest() != row.sha256
        ]
    return faults


def _journal_faults(tx: Connection, row: Row[Any]) -> Iterator[str]:
    journal = row.journal
    digest = bytes(row.root)
    expected = 0
    query = select(facts.c.seq, facts.c.line, facts.c.hash).where(facts.c.journal == journal).order_by(facts.c.seq)
    for fact in tx.execute(query.where(facts.c.seq <= row.seq)):
        expected += 1
        digest = envelope.chain(digest, bytes(fact.line))
        if fact.seq != expected or digest != bytes(fact.hash):
            yield f"journal {journal}: fact {expected} is not as it was received"
            return
    if (expected, digest) != (row.seq, bytes(row.hash)):
        yield f"journal {journal}: it should end at fact {row.seq}"


def _total_faults(tx: Connection, sound: Sequence[Row[Any]]) -> Iterator[str]:
    """The stored totals against the reference fold, for journals whose facts are as they were received."""
    expected: Counter[tuple[str, tuple[str, int, str, str]]] = Counter()
    for row in sound:
        for bucket, n in fold(totals.usable(tx, row.journal, 1, row.seq)).items():
            expected[row.journal, bucket] = n
    names = {row.journal for row in sound}
    stored = {key: n for key, n in totals.all_buckets(tx).items() if key[0] in names}
    for key in sorted({*expected, *stored}):
        if expected.get(key, 0) != stored.get(key, 0):
            journal, bucket = key
            yield f"journal {journal}: total of {bucket} is {stored.get(key, 0)}, its facts say {expected.get(key, 0)}"
