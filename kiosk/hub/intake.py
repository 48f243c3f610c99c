"""Batch → receipt, in the caller's transaction: verify, compare, insert once, fold, answer.

Any road may deliver twice, out of order or half. What counts is the unbroken run of a journal from its
root up to the first place where two different facts are known and nobody has chosen between them
(`branches`); that run is the same whatever came first.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, union_all, update

from kiosk.clock import stamp
from kiosk.errors import SYNC_ADDRESSEE, SYNC_BRANCHES, SYNC_DEVICE, Problem
from kiosk.facts import envelope
from kiosk.hub import branches, rehearsals, totals
from kiosk.hub.judging import judge_for
from kiosk.hub.reading import Stretch
from kiosk.hub.store import append_columns, insert_once
from kiosk.hub.tables import choices, devices, facts, forks, journals
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Batch, BatchHeader, Receipt

#: What every batch asks and changes, made once: to make such a sentence takes longer than the database takes over it.
_DEVICE = select(devices).where(devices.c.device == bindparam("device"))
_JOURNAL = select(journals).where(journals.c.journal == bindparam("journal")).with_for_update()
_BEYOND = union_all(
    select(facts.c.seq).where(facts.c.journal == bindparam("journal"), facts.c.seq > bindparam("end")),
    select(choices.c.seq).where(choices.c.journal == bindparam("journal")),  # of its branches: look closer
).limit(1)
_MOVE = (
    update(journals)
    .where(journals.c.journal == bindparam("moved"))
    .values(seq=bindparam("end"), hash=bindparam("digest"))
)
#: The same, with the signature of the batch that ended there.
_MOVE_SEALED = _MOVE.values(seal=bindparam("seal"))


class Arrival(msgspec.Struct, frozen=True):
    """A verified batch, and what the hub knows of its journal. The journal is locked until the transaction ends."""

    batch: Batch
    device: Row[Any]
    held: Row[Any]
    hub: str
    now: datetime

    @property
    def journal(self) -> str:
        return self.batch.header.journal

    @property
    def first(self) -> int:
        return self.batch.header.first

    @property
    def last(self) -> int:
        return self.first + len(self.batch.lines) - 1


def receive(tx: Connection, data: bytes, hub: str, now: datetime) -> Receipt:
    """Take a batch in. Raises `sync.*` problems, and then nothing was written."""
    found: list[Row[Any]] = []

    def key_of(header: BatchHeader) -> keys.VerifyKey:
        device = tx.execute(_DEVICE, {"device": header.device}).one_or_none()
        if device is None or device.journal != header.journal:
            raise Problem(SYNC_DEVICE)
        if header.hub != (device.hub or hub) or header.fair != rehearsals.fair_of(device.fair):
            raise Problem(SYNC_ADDRESSEE)
        found.append(device)
        return keys.VerifyKey(bytes.fromhex(device.public_key))

    batch = protocol.read_batch(data, key_of)
    held = tx.execute(_JOURNAL, {"journal": batch.header.journal}).one()
    # Anew, now that the journal is ours: the tablet may have been withdrawn while we waited for it.
    device = tx.execute(_DEVICE, {"device": found[0].device}).one()
    return _take_in(tx, Arrival(batch, device, held, hub, now))


def _take_in(tx: Connection, arrival: Arrival) -> Receipt:
    if _is_held_already(tx, arrival):
        return _receipt(arrival, arrival.held.seq, arrival.held.hash)
    if _joins_the_run(tx, arrival):
        return _append(tx, arrival)
    return _fit_in(tx, arrival)


def _receipt(
    arrival: Arrival, seq: int, digest: bytes, accepted: int = 0, quarantined: int = 0, other: int = 0, forked: int = 0
) -> Receipt:
    return Receipt(
        hub=arrival.hub,
        journal=arrival.journal,
        seq=seq,
        hash=bytes(digest).hex(),
        accepted=accepted,
        duplicates=len(arrival.batch.lines) - accepted - other,
        quarantined=quarantined,
        forked=forked,
        batch=arrival.batch.digest,
        at=stamp(arrival.now),
    )


# --- the two ways that nearly every batch goes ------------------------------------------------------


def _is_held_already(tx: Connection, arrival: Arrival) -> bool:
    """Whether all of it is in the counted run: a chain that ends in the same hash is the same chain."""
    if not arrival.batch.lines or arrival.last > arrival.held.seq:
        return False
    return _hash_at(tx, arrival.journal, arrival.last, arrival.held.root) == arrival.batch.hashes[-1]


def _joins_the_run(tx: Connection, arrival: Arrival) -> bool:
    """Whether it begins right behind the counted run, or repeats its end first, and nothing lies beyond."""
    held, batch = arrival.held, arrival.batch
    if held.forked_at is not None or not arrival.first <= held.seq + 1 <= arrival.last:
        return False
    before = _prev(arrival) if arrival.first > held.seq else batch.hashes[held.seq - arrival.first]
    if before != bytes(held.hash):
        return False
    return tx.execute(_BEYOND, {"journal": arrival.journal, "end": held.seq}).first() is None


def _append(tx: Connection, arrival: Arrival) -> Receipt:
    known = arrival.held.seq + 1 - arrival.first
    lines, hashes = arrival.batch.lines[known:], arrival.batch.hashes[known:]
    first = arrival.held.seq + 1
    stretch = _store(tx, arrival, first, lines, hashes)
    totals.join(tx, arrival.held, lambda: [stretch])
    end, digest = arrival.last, hashes[-1]
    moved = {"moved": arrival.journal, "end": end, "digest": digest, "seal": arrival.batch.seal}
    tx.execute(_MOVE_SEALED, moved)
    return _receipt(arrival, end, digest, accepted=len(lines), quarantined=_unusable(stretch))


def _store(tx: Connection, arrival: Arrival, first: int, lines: Sequence[bytes], hashes: Sequence[bytes]) -> Stretch:
    """Judge lines of consecutive places and keep them, whatever came of it."""
    at = arrival.now.timestamp()
    found = judge_for(tx, arrival.device).read(first, lines, hashes, at)
    columns: dict[str, Iterable[Any]] = {
        "journal": repeat(arrival.journal),
        "seq": range(first, first + len(lines)),
        "line": lines,
        "hash": hashes,
        "kind": found.kinds,
        "received_at": repeat(at),
    }
    if _unusable(found):
        columns["problem"] = found.problems
    append_columns(tx, facts, columns)
    return found


def _unusable(stretch: Stretch) -> int:
    return len(stretch.problems) - stretch.problems.count(None)


# --- every other way: gaps, overlaps, forks ---------------------------------------------------------


def _fit_in(tx: Connection, arrival: Arrival) -> Receipt:
    batch, journal = arrival.batch, arrival.journal
    if not batch.lines:
        # It leaves nothing behind that a rebuild could find a fork in; only its sender is told.
        return _receipt(arrival, arrival.held.seq, arrival.held.hash, forked=len(_broken_links(tx, arrival)))
    known, aside = _known_hashes(tx, arrival), _places_aside(tx, arrival)
    other = [
        place
        for place, digest in enumerate(batch.hashes)
        if known.get(arrival.first + place, digest) != digest
    ]  # fmt: skip
    new = [place for place in range(len(batch.lines)) if arrival.first + place not in known and place not in aside]
    apart = [place for place in other if place not in aside]
    _refuse_too_many(tx, arrival, apart, aside)
    quarantined = 0
    for start, end in _stretches(new):
        stretch = _store(tx, arrival, arrival.first + start, batch.lines[start:end], batch.hashes[start:end])
        quarantined += _unusable(stretch)
    _keep_aside(tx, arrival, apart)
    seq, digest, forked = arrival.held.seq, bytes(arrival.held.hash), 0
    if other or _broken_links(tx, arrival) or arrival.held.forked_at is not None or branches.is_tangled(tx, journal):
        if new or (apart and not _changes_nothing(tx, arrival)):
            seq, digest = branches.untangle(tx, journal)
        forked = _astray(tx, arrival)
    elif new:
        seq, digest = settle(tx, journal)
    # It counts to its end, perhaps with what had come before it, whose signatures nobody kept: then its own stays.
    if new and seq >= arrival.last and _hash_at(tx, journal, arrival.last, arrival.held.root) == batch.hashes[-1]:
        tx.execute(_MOVE_SEALED, {"moved": journal, "end": seq, "digest": digest, "seal": batch.seal})
    elsewhere = len({*other, *aside})
    return _receipt(arrival, seq, digest, len(new), quarantined, elsewhere, forked)


def _known_hashes(tx: Connection, arrival: Arrival) -> dict[int, bytes]:
    query = select(facts.c.seq, facts.c.hash).where(
        facts.c.journal == arrival.journal, facts.c.seq.between(arrival.first, arrival.last)
    )
    return {seq: bytes(digest) for seq, digest in tx.execute(query)}


def _places_aside(tx: Connection, arrival: Arrival) -> set[int]:
    """Which lines of the batch stand on another branch than the one in `facts`."""
    query = select(forks.c.seq, forks.c.hash).where(
        forks.c.journal == arrival.journal, forks.c.seq.between(arrival.first, arrival.last)
    )
    return {
        seq - arrival.first
        for seq, digest in tx.execute(query)
        if arrival.batch.hashes[seq - arrival.first] == bytes(digest)
    }


def _astray(tx: Connection, arrival: Arrival) -> int:
    """How many lines of the batch stand where the journal has forked, or on a branch that does not count."""
    forked_at = tx.execute(select(journals.c.forked_at).where(journals.c.journal == arrival.journal)).scalar()
    behind = range(max(0, forked_at - arrival.first), len(arrival.batch.lines)) if forked_at else ()
    return len({*behind, *_places_aside(tx, arrival)})


def _settled(arrival: Arrival) -> int:
    """Up to where its run was settled when the tablet was withdrawn."""
    return arrival.device.settled_seq or 0


def _changes_nothing(tx: Connection, arrival: Arrival) -> bool:
    """Whether all of it stands beside what was settled, and nothing else is known that could follow from it."""
    settled = _settled(arrival)
    return arrival.last <= settled and branches.is_plain_behind(tx, arrival.held, settled)


def _refuse_too_many(tx: Connection, arrival: Arrival, apart: Sequence[int], aside: Collection[int]) -> None:
    """No card is copied that often: somebody makes them up, each at the cost of following the whole journal.

    What goes on along a branch that is known is taken in. Raises `sync.branches`.
    """
    starts = [place for place, before in zip(apart, (None, *apart), strict=False) if before != place - 1]
    begun = sum(place - 1 not in aside for place in starts)
    if starts and starts[0] == 0 and branches.is_aside(tx, arrival.journal, arrival.first - 1, _prev(arrival)):
        begun -= 1
    if begun and branches.how_many(tx, arrival.journal) + begun > branches.MOST:
        raise Problem(SYNC_BRANCHES)


def _prev(arrival: Arrival) -> bytes:
    return bytes.fromhex(arrival.batch.header.prev)


def _stretches(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers, as (first, one past the last)."""
    start = 0
    for at in range(1, len(places) + 1):
        if at == len(places) or places[at] != places[at - 1] + 1:
            yield places[start], places[at - 1] + 1
            start = at


def _keep_aside(tx: Connection, arrival: Arrival, places: Sequence[int]) -> None:
    """Another branch of the journal: kept with its bytes, not counted unless a person says so."""
    batch, at = arrival.batch, arrival.now.timestamp()
    prevs, settled = [_prev(arrival), *batch.hashes], _settled(arrival)
    insert_once(
        tx,
        forks,
        [
            {
                "journal": arrival.journal,
                "seq": arrival.first + place,
                "hash": batch.hashes[place],
                "line": batch.lines[place],
                "received_at": at,
                "prev": prevs[place],
                "decided": arrival.first + place <= settled,
            }
            for place in places
        ],
    )


def _broken_links(tx: Connection, arrival: Arrival) -> list[int]:
    """Where the batch does not join what is stored on either side of it."""
    batch, first = arrival.batch, arrival.first
    before = _hash_at(tx, arrival.journal, first - 1, arrival.held.root)
    broken = [first] if before and before.hex() != batch.header.prev else []
    after = tx.execute(
        select(facts.c.line, facts.c.hash).where(facts.c.journal == arrival.journal, facts.c.seq == arrival.last + 1)
    ).one_or_none()
    if batch.lines and after is not None and envelope.chain(batch.hashes[-1], bytes(after.line)) != bytes(after.hash):
        broken.append(arrival.last + 1)
    return broken


def _hash_at(tx: Connection, journal: str, seq: int, root: bytes) -> bytes:
    """The chain hash after `seq`; empty when the hub does not hold that fact."""
    if seq == 0:
        return bytes(root)
    query = select(facts.c.hash).where(facts.c.journal == journal, facts.c.seq == seq)
    return bytes(tx.execute(query).scalar() or b"")


def settle(tx: Connection, journal: str) -> tuple[int, bytes]:
    """Move the counted run of a journal without branches to where it now ends; returns its (seq, hash)."""
    held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    end, digest = _run_end(tx, journal, held.seq, bytes(held.hash))
    if end > held.seq:
        tx.execute(_MOVE, {"moved": journal, "end": end, "digest": digest})
        totals.join(tx, held, lambda: totals.stored(tx, journal, held.seq + 1, end))
    return end, digest


def _run_end(tx: Connection, journal: str, seq: int, digest: bytes) -> tuple[int, bytes]:
    """Follow the stored facts from `seq` as long as none is missing."""
    query = select(facts.c.seq, facts.c.hash).where(facts.c.journal == journal, facts.c.seq > seq).order_by(facts.c.seq)
    for number, following in tx.execute(query):
        if number != seq + 1:
            break
        seq, digest = number, bytes(following)
    return seq, digest
