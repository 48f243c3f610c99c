"""The hub's own journals, one a fair: what happens here is a fact too, in a chain like any booth's."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from kiosk.clock import SystemClock, stamp
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import reading, totals
from kiosk.hub.tables import facts, fairs, identity, journals

BOOT = SystemClock().boot
#: Made once: to make a statement takes longer than to run one of these.
_HEAD = (
    select(journals)
    .join(fairs, fairs.c.journal == journals.c.journal)
    .where(fairs.c.id == bindparam("of_fair"))
    .with_for_update(of=journals)
)
_FACT = insert(facts)
_GROWN = (
    update(journals)
    .where(journals.c.journal == bindparam("of"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)


def own_journal(tx: Connection, fair: str) -> str:
    """The id of the hub's journal of a fair; empty where there is no such fair."""
    return tx.execute(select(fairs.c.journal).where(fairs.c.id == fair)).scalar() or ""


def own_journals(tx: Connection) -> set[str]:
    """The ids of all journals that are the hub's own."""
    return set(tx.execute(select(fairs.c.journal)).scalars())


def foreseeable(hub: str, fair: str) -> str:
    """What the id was in former releases: anybody could reckon it, and enrol a tablet under it before the fair came."""
    return hashlib.sha256(f"kiosk/hub-journal/1\0{hub}\0{fair}".encode()).hexdigest()[:32]


def begin(tx: Connection, fair: str) -> None:
    """Begin the hub's journal of a new fair. Its root is the hub's certificate, bound to the fair; its id is drawn."""
    row = tx.execute(select(identity)).one()
    root, own = envelope.root(bytes(row.certificate) + fair.encode()), secrets.token_hex(16)
    tx.execute(update(fairs).where(fairs.c.id == fair).values(journal=own))
    tx.execute(journals.insert().values(journal=own, fair=fair, root=root, seq=0, hash=root, forked_at=None))


def lock(tx: Connection, fair: str) -> str:
    """The id of the hub's journal of a fair, which nobody else can now append to until the transaction ends."""
    return str(_head(tx, fair).journal)


def _head(tx: Connection, fair: str) -> Row[Any]:
    """The row of the hub's journal of a fair, which nobody else can now append to until the transaction ends."""
    return tx.execute(_HEAD, {"of_fair": fair}).one()


def append(
    tx: Connection,
    fair: str,
    body: Body,
    *,
    desk: str,
    by: str,
    now: datetime,
    mono: int,
    fact_id: str = "",
) -> Fact:
    """Append one fact to the hub's journal of a fair, in the caller's transaction. Totals are folded with it."""
    head = _head(tx, fair)
    kind = REGISTRY.name_of(body)
    fact = Fact(
        v=REGISTRY.version_of(kind),
        id=fact_id or secrets.token_hex(16),
        seq=head.seq + 1,
        kind=kind,
        at=stamp(now),
        mono=mono,
        boot=BOOT,
        desk=desk,
        by=by,
        body=msgspec.to_builtins(body),
    )
    line = envelope.encode(fact)
    digest = envelope.chain(bytes(head.hash), line)
    row = {"seq": fact.seq, "line": line, "hash": digest, "kind": kind, "problem": None}
    tx.execute(_FACT, {"journal": head.journal, **row, "received_at": now.timestamp()})
    tx.execute(_GROWN, {"of": head.journal, "to_seq": fact.seq, "to_hash": digest})
    totals.join(tx, head, lambda: [reading.of_fact(fact)])
    return fact
