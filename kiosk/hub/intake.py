"""Batch → receipt, in the caller's transaction: verify, insert once, compare hashes, fold, answer.

Any road may deliver twice, out of order or half. What counts is the unbroken run of a journal from its
root up to the first place where two different facts are known; that run is the same whatever came first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from kiosk.clock import stamp
from kiosk.errors import FACT_MALFORMED, FACT_NOT_ALLOWED, SYNC_ADDRESSEE, SYNC_DEVICE, Problem
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import totals
from kiosk.hub.store import insert_once
from kiosk.hub.tables import devices, facts, forks, journals
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Batch, BatchHeader, Receipt

_ROWS = 500  # rows a statement; SQLite and PostgreSQL both bound the number of parameters


@dataclass(frozen=True)
class Line:
    """One fact line as it arrived."""

    seq: int
    line: bytes
    hash: bytes


def receive(tx: Connection, data: bytes, hub: str, now: datetime) -> Receipt:
    """Take a batch in. Raises `sync.*` problems, and then nothing was written."""
    found: list[Row[Any]] = []

    def key_of(header: BatchHeader) -> keys.VerifyKey:
        device = tx.execute(select(devices).where(devices.c.device == header.device)).one_or_none()
        if device is None or device.journal != header.journal:
            raise Problem(SYNC_DEVICE)
        if header.hub != hub or header.fair != device.fair:
            raise Problem(SYNC_ADDRESSEE)
        found.append(device)
        return keys.VerifyKey(bytes.fromhex(device.public_key))

    batch = protocol.read_batch(data, key_of)
    return _take_in(tx, batch, found[0], hub, now)


def _take_in(tx: Connection, batch: Batch, device: Row[Any], hub: str, now: datetime) -> Receipt:
    journal = batch.header.journal
    held = tx.execute(select(journals).where(journals.c.journal == journal).with_for_update()).one()
    arrived = [
        Line(seq, line, digest)
        for seq, (line, digest) in enumerate(zip(batch.lines, batch.hashes, strict=True), batch.header.first)
    ]
    known = _known_hashes(tx, journal, batch.header.first, len(arrived))
    new = [one for one in arrived if one.seq not in known]
    other = [one for one in arrived if known.get(one.seq, one.hash) != one.hash]
    rows = [_fact_row(journal, one, device, now) for one in new]
    for start in range(0, len(rows), _ROWS):
        insert_once(tx, facts, rows[start : start + _ROWS])
    insert_once(
        tx,
        forks,
        [
            {"journal": journal, "seq": o.seq, "hash": o.hash, "line": o.line, "received_at": now.timestamp()}
            for o in other
        ],
    )
    breaks = [one.seq for one in other] + _broken_links(tx, batch, held.root)
    # A batch without facts leaves nothing behind that a rebuild could find a fork in; only its sender is told.
    seq, digest = settle(tx, journal, breaks if arrived else ())
    return Receipt(
        hub=hub,
        journal=journal,
        seq=seq,
        hash=digest.hex(),
        accepted=len(new),
        duplicates=len(arrived) - len(new) - len(other),
        quarantined=sum(row["problem"] is not None for row in rows),
        forked=len(breaks),
        batch=batch.digest,
        at=stamp(now),
    )


def settle(tx: Connection, journal: str, breaks: Sequence[int] = ()) -> tuple[int, bytes]:
    """Move the counted run of a journal to where it now ends; returns its (seq, hash)."""
    held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    forked_at = min([*breaks, *([held.forked_at] if held.forked_at else [])], default=None)
    end, digest = _run_end(tx, journal, held.seq, held.hash, forked_at)
    if forked_at is not None and held.seq >= forked_at:
        end = forked_at - 1
        digest = _hash_at(tx, journal, end, held.root)
    tx.execute(update(journals).where(journals.c.journal == journal).values(seq=end, hash=digest, forked_at=forked_at))
    if end < held.seq:
        totals.refold(tx, journal)
    elif end > held.seq:
        totals.count(tx, journal, held.fair, totals.usable(tx, journal, held.seq + 1, end))
    return end, digest


def _known_hashes(tx: Connection, journal: str, first: int, count: int) -> dict[int, bytes]:
    query = select(facts.c.seq, facts.c.hash).where(
        facts.c.journal == journal, facts.c.seq.between(first, first + count - 1)
    )
    return {seq: bytes(digest) for seq, digest in tx.execute(query)}


def _fact_row(journal: str, one: Line, device: Row[Any], now: datetime) -> dict[str, object]:
    kind, problem = judge(one, str(device.desk), str(device.kinds).split())
    return {
        "journal": journal,
        "seq": one.seq,
        "line": one.line,
        "hash": one.hash,
        "kind": kind,
        "problem": problem,
        "received_at": now.timestamp(),
    }


def judge(one: Line, desk: str, allowed: Sequence[str]) -> tuple[str | None, str | None]:
    """(kind, why it does not count). A signed fact that cannot be used is kept, acknowledged and shown."""
    try:
        fact = envelope.decode(one.line)
    except Problem as problem:
        return None, problem.code
    try:
        check(fact, one.seq, desk, allowed)
    except Problem as problem:
        return fact.kind, problem.code
    return fact.kind, None


def check(fact: Fact, seq: int, desk: str, allowed: Sequence[str]) -> None:
    """Whether a fact may count. Raises `fact.*` problems."""
    if fact.seq != seq:
        raise Problem(FACT_MALFORMED, reason="its number is not its place")
    if fact.kind not in REGISTRY.names():
        REGISTRY.read(fact)
    if fact.kind not in allowed or fact.desk != desk:
        raise Problem(FACT_NOT_ALLOWED, kind=fact.kind)
    REGISTRY.read(fact)


def _broken_links(tx: Connection, batch: Batch, root: bytes) -> list[int]:
    """Where the batch does not join what is stored on either side of it."""
    first, count = batch.header.first, batch.header.count
    before = _hash_at(tx, batch.header.journal, first - 1, root)
    broken = [first] if before and before.hex() != batch.header.prev else []
    after = tx.execute(
        select(facts.c.line, facts.c.hash).where(facts.c.journal == batch.header.journal, facts.c.seq == first + count)
    ).one_or_none()
    if count and after is not None and envelope.chain(batch.hashes[-1], after.line) != after.hash:
        broken.append(first + count)
    return broken


def _hash_at(tx: Connection, journal: str, seq: int, root: bytes) -> bytes:
    """The chain hash after `seq`; empty when the hub does not hold that fact."""
    if seq == 0:
        return root
    query = select(facts.c.hash).where(facts.c.journal == journal, facts.c.seq == seq)
    return tx.execute(query).scalar() or b""


def _run_end(tx: Connection, journal: str, seq: int, digest: bytes, forked_at: int | None) -> tuple[int, bytes]:
    """Follow the stored facts from `seq` as long as none is missing and no fork begins."""
    query = select(facts.c.seq, facts.c.hash).where(facts.c.journal == journal, facts.c.seq > seq).order_by(facts.c.seq)
    for number, following in tx.execute(query):
        if number != seq + 1 or number == forked_at:
            break
        seq, digest = number, bytes(following)
    return seq, digest
