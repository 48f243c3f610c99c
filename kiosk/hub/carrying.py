"""What reaches the hub by other roads than the booth's own: bundles, by stick or relay. And receipts that travel back.

A bundle is checked whole before one row is written, and taken in whole in one transaction.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import Connection, Row, select, update

from kiosk import files
from kiosk.clock import stamp
from kiosk.errors import (
    FILE_UNKNOWN,
    FILE_UNUSABLE,
    INTERNAL,
    SYNC_ADDRESSEE,
    SYNC_DEVICE,
    SYNC_MALFORMED,
    Problem,
)
from kiosk.hub import blobs, intake, rehearsals, retention, rosters, slips
from kiosk.hub import devices as enrolment
from kiosk.hub.context import Hub
from kiosk.hub.rosters import Adopted
from kiosk.hub.slips import Verdict
from kiosk.hub.tables import devices, journals
from kiosk.sync import bundles, keys
from kiosk.sync.bundles import Bundle, BundleHeader
from kiosk.sync.protocol import DOCUMENT_LIMIT, NAMES, BlobReceipt, Receipt, Slip
from kiosk.sync.rosters import ROSTER_LIMIT, is_roster, read_roster

_log = logging.getLogger(__name__)
Progress = Callable[[int], None]  # bytes that were dealt with since it was last called
_MISSING_LIMIT = 1_000  # blobs one document of receipts names
_SLIP_MAGIC = NAMES[Slip].encode() + b" "
#: A receipt that answers no batch.
NO_BATCH = "0" * 64


def _silent(_bytes: int) -> None:
    pass


# --- a bundle -------------------------------------------------------------------------------------


@dataclass
class Taken:
    """What taking a bundle in came to."""

    header: BundleHeader
    new: int = 0
    known: int = 0
    quarantined: int = 0  # of the new ones
    forked: int = 0
    blobs: int = 0  # sealed blobs the hub did not have
    held: int = 0  # the hub holds this journal up to here, without a gap
    desk: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the hub now has all that the booth had when it wrote the bundle."""
        return self.held >= self.header.seq and not self.forked


def verify(here: Hub, stream: BinaryIO, *, is_posted: bool = False) -> Bundle:
    """Check a bundle against the tablets this hub knows, or once certified. Raises `bundle.*`, `sync.*`.

    `is_posted`: nobody stands by who could stop it, so it must be in the order and within the frames of `contents`.
    """

    def key_of(header: BundleHeader) -> keys.VerifyKey:
        with here.store.reading() as tx:
            device = _device(tx, header)
        if device is None:
            return bundles.certified_key(header, here.key.verify_key)
        if device.journal != header.journal:
            raise Problem(SYNC_DEVICE)
        if header.hub != (device.hub or here.id) or header.fair != rehearsals.fair_of(device.fair):
            raise Problem(SYNC_ADDRESSEE)
        return keys.VerifyKey(bytes.fromhex(device.public_key))

    bundle = bundles.read_bundle(stream, key_of)
    if is_posted:
        bundles.contents(bundle)
    return bundle


def _device(tx: Connection, header: BundleHeader) -> Row[Any] | None:
    return tx.execute(select(devices).where(devices.c.device == header.device)).one_or_none()


def take_in(tx: Connection, here: Hub, bundle: Bundle, progress: Progress = _silent) -> Taken:
    """Take in all that a verified bundle carries, in the caller's transaction. Whatever is raised: roll it back."""
    taken, now = Taken(bundle.header), here.clock.now()
    if _device(tx, bundle.header) is None:  # the hub was set back to a copy that is older than the tablet
        enrolment.readmit(tx, here, bundle.header.certificate.encode())
    for frame in bundle.frames():
        if frame.type == "batch":
            receipt = intake.receive(tx, frame.content, here.id, now)
            if receipt.journal != bundle.header.journal:
                raise Problem(SYNC_MALFORMED, reason="a batch of another journal lies in the bundle")
            taken.new += receipt.accepted
            taken.known += receipt.duplicates
            taken.quarantined += receipt.quarantined
            taken.forked += receipt.forked
        elif frame.type == "blob":
            taken.blobs += blobs.keep(tx, frame.content, now, bundle.header.device)
        elif slips.keep(tx, here, frame.content, now).journal != bundle.header.journal:
            raise Problem(SYNC_MALFORMED, reason="a slip of another journal lies in the bundle")
        progress(len(frame.content))
    if taken.blobs:  # only now: its facts may stand behind what they name
        blobs.check_quota(tx, bundle.header.device)
    query = select(journals.c.seq, devices.c.desk).join(devices, devices.c.journal == journals.c.journal)
    taken.held, taken.desk = tx.execute(query.where(journals.c.journal == bundle.header.journal)).one()
    _hear(tx, bundle.header)
    return taken


def _hear(tx: Connection, header: BundleHeader) -> None:
    """What the booth says of itself in passing, unless it has said something newer."""
    tx.execute(
        update(devices)
        .where(devices.c.device == header.device, (devices.c.told_seq.is_(None)) | (devices.c.told_seq <= header.seq))
        .values(told_seq=header.seq, told_hash=header.hash, told_at=header.at)
    )


# --- receipts that travel back --------------------------------------------------------------------


def receipts(tx: Connection, here: Hub, names: Sequence[str]) -> list[Receipt | BlobReceipt]:
    """What the hub holds of some journals: for each a receipt, and what it lacks of the sealed content.

    Sign them only after the transaction is over.
    """
    now = stamp(here.clock.now())
    found: list[Receipt | BlobReceipt] = []
    for row in _held(tx, names):
        found.append(
            Receipt(
                hub=here.id,
                journal=row.journal,
                seq=row.seq,
                hash=bytes(row.hash).hex(),
                accepted=0,
                duplicates=0,
                quarantined=0,
                forked=int(row.forked_at is not None),
                batch=NO_BATCH,
                at=now,
            )
        )
        upto, missing = _missing_blobs(tx, row)
        found.append(BlobReceipt(hub=here.id, journal=row.journal, seq=upto, missing=missing, at=now))
    return found


def answer(tx: Connection, here: Hub, bundle: Bundle, taken: Taken) -> list[Receipt | BlobReceipt]:
    """The receipts that answer a bundle: its sender may forget it once they are signed."""
    receipt, *others = receipts(tx, here, [bundle.header.journal])
    assert isinstance(receipt, Receipt)
    counted = msgspec.structs.replace(
        receipt,
        accepted=taken.new,
        duplicates=taken.known,
        quarantined=taken.quarantined,
        forked=max(taken.forked, receipt.forked),
        batch=bundle.digest,
    )
    return [counted, *others]


def sign_all(here: Hub, messages: Iterable[Receipt | BlobReceipt]) -> bytes:
    """A file of receipts."""
    return b"".join(here.sign(message) for message in messages)


def journals_of(tx: Connection, fair: str | None = None, journal: str | None = None) -> list[str]:
    """Journals of tablets: of one fair, one journal, or all."""
    query = select(devices.c.journal).order_by(devices.c.fair, devices.c.desk, devices.c.journal)
    if fair is not None:
        query = query.where(devices.c.fair.in_((fair, rehearsals.reports(fair))))
    if journal is not None:
        query = query.where(devices.c.journal == journal)
    return list(tx.execute(query).scalars())


def _held(tx: Connection, names: Sequence[str]) -> Iterator[Row[Any]]:
    for some in _chunks(names):
        rows = {row.journal: row for row in tx.execute(select(journals).where(journals.c.journal.in_(some)))}
        yield from (rows[name] for name in some)


def _missing_blobs(tx: Connection, row: Row[Any]) -> tuple[int, list[str]]:
    """(seq, names): the sealed content named by facts up to seq that nobody has brought yet."""
    found = blobs.lacking(tx, row.journal, row.seq, _MISSING_LIMIT + 1)
    upto: int = row.seq if len(found) <= _MISSING_LIMIT else found[-1].seq - 1
    return upto, list(dict.fromkeys(one.blob for one in found if one.seq <= upto))


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), 400):
        yield names[start : start + 400]


# --- files ----------------------------------------------------------------------------------------


class Import(msgspec.Struct, frozen=True):
    """What became of one file."""

    path: Path
    taken: Taken | None = None  # of a bundle
    adopted: Adopted | None = None  # of a roster
    verdict: Verdict | None = None  # of a day slip
    note: str = ""  # why it was passed over
    problem: Problem | None = None  # why it was refused


def import_files(
    here: Hub, paths: Sequence[Path], progress: Callable[[int, int], None], *, may_change: bool = False
) -> Iterator[Import]:
    """Take in bundles and rosters, files or whole folders of them, in any order: rosters go first.

    One file that is refused does not hold up the others. `progress` is told bytes done and bytes in all.
    `may_change`: a roster may say something else of its fair than the one before.
    """
    found = [one for path in paths for one in _files_in(path)]
    sizes = [path.lstat().st_size if path.exists() else 0 for path in found]
    starts = [(_start_of(path), path) for path in found]
    done, of = 0, sum(sizes)

    def more(count: int) -> None:
        nonlocal done
        done = min(of, done + count)
        progress(done, of)

    for start, path in sorted(starts, key=lambda one: not is_roster(one[0])):
        yield _import_one(here, path, start, more, may_change=may_change)
    progress(of, of)


def _files_in(path: Path) -> list[Path]:
    """The files of a folder, without those that hide and those further down; or the one file."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if not one.name.startswith(".") and not one.is_dir())


def _start_of(path: Path) -> bytes:
    try:
        with files.opened(path) as file:
            return file.read(64)
    except (OSError, Problem):
        return b""  # said when its turn comes


def _import_one(here: Hub, path: Path, start: bytes, progress: Progress, *, may_change: bool) -> Import:
    try:
        with files.opened(path) as file:
            if start.startswith(bundles.MAGIC):
                return Import(path, taken=_import_bundle(here, file, progress))
            if is_roster(start):
                return Import(path, adopted=_adopt(here, file, may_change=may_change))
            if start.startswith(_SLIP_MAGIC):
                return Import(path, verdict=_keep_slip(here, file))
    except Problem as problem:
        return Import(path, problem=problem)
    except OSError as error:
        return Import(path, problem=Problem(FILE_UNUSABLE, reason=f"{path}: {error.strerror}"))
    except Exception as error:  # noqa: BLE001 (our fault; nothing of it was kept, and those behind it are as good as ever)
        _log.error("a file could not be taken in: %s", type(error).__name__, exc_info=True)
        return Import(path, problem=Problem(INTERNAL))
    if start.startswith(bundles.RECEIPT_MAGIC):
        return Import(path, note="receipts, for the tablets")
    if path.name == "ledger.json":
        return Import(path, note="what a simulation says should come out; never read here")
    return Import(path, problem=Problem(FILE_UNKNOWN, file=path))


def _import_bundle(here: Hub, file: BinaryIO, progress: Progress) -> Taken:
    bundle = verify(here, file)
    with here.store.begin() as tx:
        taken = take_in(tx, here, bundle, progress)
    if taken.new or taken.forked:
        retention.erase_what_came(here, bundle.header.journal)
    return taken


def _adopt(here: Hub, file: BinaryIO, *, may_change: bool) -> Adopted:
    roster = read_roster(file.read(ROSTER_LIMIT + 1))
    with here.store.begin() as tx:
        return rosters.adopt(tx, here, roster, may_change=may_change)


def _keep_slip(here: Hub, file: BinaryIO) -> Verdict:
    document = file.read(DOCUMENT_LIMIT + 1)
    with here.store.begin() as tx:
        return slips.keep(tx, here, document, here.clock.now())
