"""Sealed content at the hub: taken whole or in parts, kept once under its hash, and never again once it was erased.

Parts are kept by tablet, and only such as join what is there: what a tablet has sent so far is one stretch from the
beginning, however often, late or out of order its parts come. Only with the last byte the hash is looked at; before
that there is no blob.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, or_, select, tuple_

from kiosk.errors import (
    BLOB_MISMATCH,
    FACT_MALFORMED,
    FACT_UNKNOWN_KIND,
    JSON_MALFORMED,
    SYNC_QUOTA,
    Problem,
)
from kiosk.facts.contents import KINDS
from kiosk.hub import rehearsals
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blob_origins, blob_parts, blobs, contents, devices, erased, facts
from kiosk.sync import protocol
from kiosk.sync.protocol import BlobHead

#: A blob whose last part is older than this is not coming any more.
UNFINISHED_SECONDS = 7 * 24 * 3600
#: Bytes of unfinished blobs kept for one tablet; what it sent last is kept longest.
UNFINISHED_LIMIT = 2 * protocol.BLOB_LIMIT
#: Bytes of whole blobs kept for one tablet that none of its counted facts names: a withdrawn one cannot fill the disk.
UNNAMED_LIMIT = 64 * 1024 * 1024
#: Fewer new bytes are not worth a row, unless they are the last.
_SMALLEST = 4 * 1024
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAMED = re.compile(rb'"blob":\s*"([0-9a-f]{64})"')
_CHUNK = 400  # names asked for at once
#: Made once: to make a statement takes longer than to run one of these.
_HERE = select(blobs.c.sha256).where(blobs.c.sha256 == bindparam("of"))
_ERASED = select(erased.c.sha256).where(erased.c.sha256 == bindparam("of"))


class Part(msgspec.Struct, frozen=True):
    """Some bytes of a blob, and where they belong."""

    start: int
    total: int  # bytes of the whole blob
    content: bytes


def check_name(sha256: str) -> None:
    """Raises `sync.blob_mismatch` for what no content can be called."""
    if not _NAME.fullmatch(sha256):
        raise Problem(BLOB_MISMATCH)


# --- whole ----------------------------------------------------------------------------------------


def keep(tx: Connection, content: bytes, now: datetime, device: str = "") -> bool:
    """Keep a whole blob that `device` brought, once; whether it is new. One that was erased is not kept again.

    Whoever brings what nobody names is held to `check_quota`.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if is_here(tx, sha256) or (device and _seals_nothing(tx, device)):
        return False
    insert_once(tx, blobs, [{"sha256": sha256, "content": content, "received_at": now.timestamp()}])
    # Asked only now: on a server the row above had to wait for whoever was just erasing it.
    if tx.execute(_ERASED, {"of": sha256}).first():
        tx.execute(delete(blobs).where(blobs.c.sha256 == sha256))
        return False
    if device:
        insert_once(tx, blob_origins, [{"device": device, "sha256": sha256, "size": len(content)}])
    return True


def _seals_nothing(tx: Connection, device: str) -> bool:
    """What is sealed at a rehearsal was on its way to the last step, and is dropped there: nobody ever opens it. A hub
    that reports has nothing to seal.
    """
    row = tx.execute(select(devices.c.rehearses, devices.c.fair).where(devices.c.device == device)).one_or_none()
    return row is not None and (bool(row.rehearses) or rehearsals.is_report(row.fair))


def is_here(tx: Connection, sha256: str) -> bool:
    return tx.execute(_HERE, {"of": sha256}).first() is not None


def check_quota(tx: Connection, device: str) -> None:
    """Whether a tablet keeps within what it may bring without a counted fact that names it. Raises `sync.quota`."""
    named = (
        select(contents.c.blob).join(devices, devices.c.journal == contents.c.journal).where(devices.c.device == device)
    )
    query = select(func.coalesce(func.sum(blob_origins.c.size), 0)).where(
        blob_origins.c.device == device, blob_origins.c.sha256.not_in(named)
    )
    if int(tx.execute(query).scalar_one()) > UNNAMED_LIMIT:
        raise Problem(SYNC_QUOTA)


# --- what is missing ------------------------------------------------------------------------------

#: Facts that do not count, and may name content all the same: a person or a newer release may let them count one day.
unusable = facts.c.problem.is_not(None) & or_(
    facts.c.kind.in_(KINDS),
    facts.c.problem.in_((FACT_MALFORMED.code, FACT_UNKNOWN_KIND.code, JSON_MALFORMED.code)),
)


class Lacking(msgspec.Struct, frozen=True):
    """Content that is not here, nor was erased, and a fact that names it."""

    journal: str
    seq: int
    blob: str


def missing(tx: Connection, journal: str, upto: int | None = None, limit: int | None = None) -> list[str]:
    """Blobs that facts of a journal name (those up to seq `upto`) and the hub lacks, erased ones left out."""
    return list(dict.fromkeys(one.blob for one in lacking(tx, journal, upto, limit)))


def lacking(tx: Connection, journal: str, upto: int | None = None, limit: int | None = None) -> list[Lacking]:
    """The content behind `missing`, by seq, once for each fact: of those that count, and of those that do not."""
    counted = (
        select(contents.c.seq, contents.c.blob)
        .where(
            contents.c.journal == journal,
            ~exists().where(blobs.c.sha256 == contents.c.blob),
            ~exists().where(erased.c.sha256 == contents.c.blob),
        )
        .order_by(contents.c.seq)
        .limit(limit)
    )
    rehearsed = exists().where(devices.c.journal == facts.c.journal, devices.c.rehearses != "")
    of_unusable = [facts.c.journal == journal, ~rehearsed]
    if upto is not None:
        counted = counted.where(contents.c.seq <= upto)
        of_unusable.append(facts.c.seq <= upto)
    found = [Lacking(journal, row.seq, row.blob) for row in tx.execute(counted)]
    found += islice(lacking_unusable(tx, *of_unusable), limit)
    return sorted(found, key=lambda one: one.seq)[:limit]


def lacking_unusable(tx: Connection, *which: ColumnElement[bool]) -> Iterator[Lacking]:
    """Content that facts which do not count name and the hub lacks, by journal and seq; once for each fact."""
    query = select(facts.c.journal, facts.c.seq, facts.c.line).where(unusable, *which)
    rows = tx.execute(query.order_by(facts.c.journal, facts.c.seq))
    named = (Lacking(row.journal, row.seq, name) for row in rows for name in _named_in(bytes(row.line)))
    while some := list(islice(named, _CHUNK)):
        names = {one.blob for one in some}
        for table in (blobs, erased):
            names -= set(tx.execute(select(table.c.sha256).where(table.c.sha256.in_(names))).scalars())
        yield from (one for one in some if one.blob in names)


def _named_in(line: bytes) -> list[str]:
    """What a line calls its content, whether it can be read or not: as its tablet looks for it, too."""
    return [name.decode() for name in _NAMED.findall(line)]


# --- in parts -------------------------------------------------------------------------------------


def head(tx: Connection, device: str, sha256: str) -> BlobHead:
    """How far the hub has a blob: the only place for a tablet to go on from."""
    settled = _settled(tx, sha256)
    return settled or BlobHead(held=_held(tx, device, sha256)[0], whole=False)


def take(tx: Connection, device: str, sha256: str, part: Part, now: datetime) -> BlobHead | None:
    """Take in a part; the whole blob is one, too. None when all bytes are there and are not those of that name.

    They are dropped then: commit that before the sender is told. Raises `sync.quota`; then nothing was kept.
    """
    # One part of a tablet at a time: two that came together would both join the same end.
    tx.execute(select(devices.c.device).where(devices.c.device == device).with_for_update()).one()
    settled = _settled(tx, sha256)
    if settled is not None:
        _drop(tx, device, sha256)
        return settled
    held, total = _held(tx, device, sha256)
    if held and total != part.total:
        _drop(tx, device, sha256)
        held = 0
    new = part.content[held - part.start :] if part.start <= held else b""
    if held + len(new) < part.total:
        return BlobHead(held=held + _add(tx, device, sha256, held, part.total, new, now), whole=False)
    content = _so_far(tx, device, sha256) + new
    _drop(tx, device, sha256)
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    keep(tx, content, now, device)
    check_quota(tx, device)
    return BlobHead(held=len(content), whole=True)


def forget_unfinished(tx: Connection, now: datetime) -> None:
    """Drop the parts of blobs nobody went on with for a week."""
    key = (blob_parts.c.device, blob_parts.c.sha256)
    alive = select(*key).where(blob_parts.c.received_at >= now.timestamp() - UNFINISHED_SECONDS)
    tx.execute(delete(blob_parts).where(tuple_(*key).not_in(alive)))


def _settled(tx: Connection, sha256: str) -> BlobHead | None:
    """The answer about a blob that needs no more bytes."""
    length = tx.execute(select(func.length(blobs.c.content)).where(blobs.c.sha256 == sha256)).scalar()
    if length is not None:
        return BlobHead(held=length, whole=True)
    gone = tx.execute(select(erased.c.sha256).where(erased.c.sha256 == sha256)).first()
    return BlobHead(held=0, whole=True) if gone else None


def _held(tx: Connection, device: str, sha256: str) -> tuple[int, int]:
    """(bytes from the beginning, bytes it will have in the end) of an unfinished blob."""
    row = tx.execute(
        select(blob_parts.c.start, blob_parts.c.total, func.length(blob_parts.c.content).label("size"))
        .where(blob_parts.c.device == device, blob_parts.c.sha256 == sha256)
        .order_by(blob_parts.c.start.desc())
        .limit(1)
    ).first()
    return (row.start + row.size, row.total) if row else (0, 0)


def _add(tx: Connection, device: str, sha256: str, held: int, total: int, new: bytes, now: datetime) -> int:
    """Keep bytes that join the unfinished blob; returns how many."""
    if len(new) < _SMALLEST:
        return 0
    if not held:
        forget_unfinished(tx, now)
    _make_room(tx, device, sha256, len(new))
    tx.execute(
        blob_parts.insert().values(
            device=device, sha256=sha256, start=held, total=total, content=new, received_at=now.timestamp()
        )
    )
    return len(new)


def _make_room(tx: Connection, device: str, sha256: str, size: int) -> None:
    """Drop what a tablet left unfinished longest, until this fits in as well."""
    sizes = (
        select(blob_parts.c.sha256, func.sum(func.length(blob_parts.c.content)).label("size"))
        .where(blob_parts.c.device == device)
        .group_by(blob_parts.c.sha256)
        .order_by(func.max(blob_parts.c.received_at))
    )
    found = {row.sha256: int(row.size) for row in tx.execute(sizes)}
    room = UNFINISHED_LIMIT - size - sum(found.values())
    for other in [name for name in found if name != sha256]:
        if room >= 0:
            break
        _drop(tx, device, other)
        room += found[other]


def _so_far(tx: Connection, device: str, sha256: str) -> bytes:
    parts = tx.execute(
        select(blob_parts.c.content)
        .where(blob_parts.c.device == device, blob_parts.c.sha256 == sha256)
        .order_by(blob_parts.c.start)
    )
    return b"".join(bytes(part) for part in parts.scalars())


def _drop(tx: Connection, device: str, sha256: str) -> None:
    tx.execute(delete(blob_parts).where(blob_parts.c.device == device, blob_parts.c.sha256 == sha256))


__all__ = [
    "Lacking",
    "Part",
    "check_name",
    "check_quota",
    "forget_unfinished",
    "head",
    "keep",
    "lacking",
    "lacking_unusable",
    "missing",
    "take",
]
