"""The hub's own journal: what happens here is a fact too, in a chain of its own."""

import secrets
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select, update

from kiosk.clock import stamp
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import totals
from kiosk.hub.tables import facts, journals

#: Drawn at each start; see envelope.Fact.boot.
BOOT = secrets.token_hex(4)


def append(
    tx: Connection,
    hub: str,
    fair: str,
    body: Body,
    *,
    desk: str,
    by: str,
    now: datetime,
    mono: int,
    fact_id: str = "",
) -> Fact:
    """Append one fact to the hub's journal, in the caller's transaction. Totals are folded with it."""
    head = tx.execute(select(journals).where(journals.c.journal == hub).with_for_update()).one()
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
    tx.execute(
        facts.insert().values(
            journal=hub,
            seq=fact.seq,
            line=line,
            hash=digest,
            kind=kind,
            problem=None,
            received_at=now.timestamp(),
        )
    )
    tx.execute(update(journals).where(journals.c.journal == hub).values(seq=fact.seq, hash=digest))
    totals.count(tx, hub, fair, [fact])
    return fact
