"""The other ways out of a booth: a bundle on a stick, a relay. And receipts that come back by any road.

Whatever carries a receipt, it is believed only if the booth's own hub signed it and it names this journal's own hash.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from kiosk import files
from kiosk.booth import outbox
from kiosk.booth.journal import Identity, Journal
from kiosk.clock import Clock, stamp
from kiosk.errors import (
    BOOTH_UNENROLLED,
    FILE_TAKEN,
    JOURNAL_FORKED,
    RECEIPTS_ABSENT,
    RELAY_REFUSED,
    RELAY_UNREACHABLE,
    SYNC_UNREACHABLE,
    Problem,
)
from kiosk.sync import bundles, keys, protocol
from kiosk.sync.bundles import BundleHeader, BundleWriter, Receipts
from kiosk.sync.protocol import BatchHeader, BlobReceipt, Certificate, Hello, Receipt
from kiosk.sync.push import Result, Transport, refusal
from kiosk.sync.relaying import HELD_LIMIT, Held

Progress = Callable[[int, int], None]
_BATCH_ROOM = protocol.BATCH_BYTES_LIMIT - 4096  # for fact lines, beside the first and the last line
_END_ROOM = 1024  # for the last line of a bundle, and the first of a frame
_MOMENT = re.compile(rb'"at":"([^"]*)"')
_BLOB_NAME = re.compile(rb'"([0-9a-f]{64})"')


def _silent(_done: int, _of: int) -> None:
    pass


class Carrier(msgspec.Struct, frozen=True):
    """A journal that may leave the booth, and what signs for it."""

    journal: Journal
    key: keys.SigningKey
    certificate: Certificate
    document: bytes  # the certificate's
    hub: Hello

    @classmethod
    def of(cls, journal: Journal, key: keys.SigningKey) -> "Carrier":
        """Raises `booth.unenrolled`."""
        identity: Identity = journal.identity()
        if identity.certificate is None or identity.hello is None or identity.certificate_document is None:
            raise Problem(BOOTH_UNENROLLED)
        return cls(journal, key, identity.certificate, identity.certificate_document, identity.hello)

    def batch(self, first: int, lines: Sequence[bytes]) -> bytes:
        header = BatchHeader(
            journal=self.certificate.journal,
            device=self.certificate.device,
            fair=self.certificate.fair,
            hub=self.certificate.hub,
            first=first,
            count=len(lines),
            prev=self.journal.hash_at(first - 1).hex(),
        )
        return protocol.write_batch(header, lines, self.key)

    def lines(self, first: int, last: int) -> list[bytes]:
        """Stored lines from `first` on, as many as go into one batch."""
        lines = self.journal.lines(first, min(protocol.BATCH_COUNT, last + 1 - first))
        room = _BATCH_ROOM
        for count, line in enumerate(lines):
            room -= len(line) + 1
            if room < 0:
                return lines[:count]
        return lines


# --- a bundle -------------------------------------------------------------------------------------


class Written(msgspec.Struct, frozen=True):
    """What went into a bundle."""

    first: int
    last: int  # `first` less 1 when there were no facts
    blobs: int
    size: int


def write_bundle(
    carrier: Carrier,
    stream: BinaryIO,
    first: int,
    head: tuple[int, bytes],
    blobs: list[str],
    now: str,
    limit: int = bundles.BUNDLE_LIMIT,
    progress: Progress = _silent,
    *,
    slip: bytes = b"",
) -> Written:
    """Write facts from `first` up to `head`, and sealed blobs, to a stream: what goes into `limit` bytes.

    `slip`: a signed day slip that travels with them.
    The names of blobs that went in are taken out of `blobs`; where facts are left, `Written.last` is before the head.
    """
    certificate = carrier.certificate
    header = BundleHeader(
        journal=certificate.journal,
        device=certificate.device,
        fair=certificate.fair,
        hub=certificate.hub,
        certificate=carrier.document.decode(),
        seq=head[0],
        hash=head[1].hex(),
        first=first,
        at=now,
    )
    writer = BundleWriter(stream, header)
    frames = bundles.POST_FRAME_COUNT_LIMIT if limit <= bundles.POST_LIMIT else bundles.FRAME_COUNT_LIMIT
    sealed, limit = 0, limit - _END_ROOM - len(slip)
    while blobs:  # first, so that no case at the hub ever lacks its content
        content = carrier.journal.blob(blobs[-1])
        if content is not None:
            if writer.size + len(content) > limit or sealed == frames // 2:  # and the other half for batches
                break
            writer.add("blob", content)
            sealed += 1
        blobs.pop()
    last = first - 1
    for start, lines, batch in _batches(carrier, first, head[0]):
        if writer.size + len(batch) > limit:
            break
        writer.add("batch", batch)
        last = start + len(lines) - 1
        progress(last, head[0])
    if slip:
        writer.add("slip", slip)
    writer.close(carrier.key)
    return Written(first, last, sealed, writer.size)


def _batches(carrier: Carrier, first: int, last: int) -> Iterator[tuple[int, list[bytes], bytes]]:
    """(first, lines, batch) from `first` to `last`; one without facts when there are none, which asks for a receipt."""
    while True:
        lines = carrier.lines(first, last) if first <= last else []
        yield first, lines, carrier.batch(first, lines)
        first += len(lines)
        if first > last:
            return


class Exported(msgspec.Struct, frozen=True):
    """Files that were written."""

    files: list[tuple[Path, Written]] = msgspec.field(default_factory=list)
    head: int = 0  # the journal's last fact


def export(
    carrier: Carrier,
    target: Path,
    *,
    everything: bool,
    clock: Clock,
    progress: Progress = _silent,
    slip: bytes = b"",
) -> Exported:
    """Write what the hub has not signed for, or everything, as a bundle file; as several, if it is too much for one.

    Of a damaged journal everything that can be believed.

    `target` is a file, or a folder in which the file gets a name that says what is in it. Raises `file.full` and
    `file.taken`, and `OSError`; a file that was not finished is not there.
    """
    journal, head = carrier.journal, carrier.journal.head()
    first = 1 if everything else hub_cursor(journal) + 1
    blobs = blob_names(journal, unsent_only=not everything)
    exported = Exported(head=head[0])
    while not exported.files or first <= head[0] or blobs:
        path = _path(carrier, target, first, head[0], len(exported.files))
        with files.written(path) as stream:
            now = stamp(clock.now())
            written = write_bundle(carrier, stream, first, head, blobs, now, progress=progress, slip=slip)
        exported.files.append((path, written))
        first = written.last + 1
    return exported


def _path(carrier: Carrier, target: Path, first: int, last: int, number: int) -> Path:
    """Where the next file goes. What is no bundle of this journal is never written over: `file.taken`."""
    if target.is_dir():
        stretch = f"{first}-{last}" if first <= last else f"{last}"
        who = carrier.certificate  # two tablets of one desk may share a stick
        target /= f"{who.fair}-{who.desk}-{who.device[:8]}-{stretch}{bundles.SUFFIX}"
    if number:
        target = target.with_name(f"{target.stem}-{number + 1}{target.suffix}")
    if (target.exists() or target.is_symlink()) and _journal_in(target) != carrier.certificate.journal:
        raise Problem(FILE_TAKEN, file=target)
    return target


def _journal_in(path: Path) -> str | None:
    """Whose bundle a file is; None of what is no bundle."""
    with files.opened(path) as file:
        try:
            return bundles.read_header(file).journal
        except Problem:
            return None


def blob_names(journal: Journal, *, unsent_only: bool) -> list[str]:
    """Names of the sealed blobs kept here."""
    query = f"SELECT sha256 FROM blobs {'WHERE sent = 0' if unsent_only else ''} ORDER BY sha256"  # noqa: S608
    try:
        with journal.reading() as connection:
            return [row[0] for row in connection.execute(query)]
    except Problem:
        return journal.unsent_names()  # of a damaged file those that can still be read


# --- receipts that come back ----------------------------------------------------------------------


def import_receipts(carrier: Carrier, paths: Sequence[Path]) -> Receipt:
    """Keep the receipts for this journal out of files, or of what lies in folders; as `take_receipts`."""
    data = b""
    for path in paths:
        for one in _receipts_in(path) if path.is_dir() else [path]:
            with files.opened(one) as file:
                read = file.read(bundles.RECEIPTS_LIMIT + 1)
            bundles.read_receipts(read)  # each for itself: two torn files could be taken for a whole one
            data += read
    if not data:
        raise Problem(RECEIPTS_ABSENT)
    return take_receipts(carrier, data)


def take_receipts(carrier: Carrier, data: bytes) -> Receipt:
    """Keep the receipts for this journal; returns the newest.

    Raises `receipts.malformed`, `receipts.absent`, `sync.receipt` or `journal.forked`, and then none was kept.
    """
    found = _believed(carrier, bundles.read_receipts(data))
    if not found:
        raise Problem(RECEIPTS_ABSENT)
    _keep(carrier.journal, found)
    return max((receipt for receipt, _ in found.receipts), key=lambda receipt: receipt.at)


def _receipts_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            with files.opened(path) as file:
                if file.read(len(bundles.RECEIPT_MAGIC)) == bundles.RECEIPT_MAGIC:
                    yield path


def _believed(carrier: Carrier, documents: Sequence[bytes]) -> Receipts:
    certificate = carrier.certificate
    found = bundles.receipts_for(documents, certificate.journal, certificate.hub, carrier.hub.verify_key)
    last, _ = carrier.journal.head()
    for receipt, _ in found.receipts:
        is_ours = receipt.seq <= last and carrier.journal.hash_at(receipt.seq).hex() == receipt.hash
        if receipt.forked or not is_ours:
            raise Problem(JOURNAL_FORKED, seq=min(receipt.seq, last) + 1)
    return found


def _keep(journal: Journal, found: Receipts) -> None:
    for receipt, document in found.receipts:
        journal.keep_receipt(receipt, document)
    signed_for = max((receipt.seq for receipt, _ in found.receipts), default=0)
    for said in found.blobs:
        for name in _arrived(journal, said, signed_for):
            journal.mark_blob_sent(name)


def _arrived(journal: Journal, said: BlobReceipt, signed_for: int) -> set[str]:
    """Unsent blobs that the hub now holds: named by facts it has signed for, and not among those it lacks."""
    unsent = set(blob_names(journal, unsent_only=True)) - set(said.missing)
    named: set[str] = set()
    if unsent:
        with journal.reading() as connection:
            query = "SELECT line FROM facts WHERE seq <= ? AND instr(line, ?)"
            for (line,) in connection.execute(query, (min(said.seq, signed_for), b'"blob"')):
                named.update(name.decode() for name in _BLOB_NAME.findall(line))
    return unsent & named


def hub_cursor(journal: Journal) -> int:
    """The last fact the hub signed for when it last signed: a hub that was set back to a copy goes on from there.

    0 of a journal in trouble: all that can be believed of it had better travel again.
    """
    if journal.trouble is not None:
        return 0
    with journal.reading() as connection:
        rows = connection.execute(
            "SELECT r.seq, r.document FROM receipts r LEFT JOIN facts f USING (seq, hash) WHERE f.seq OR r.seq = 0"
        ).fetchall()
    return max(((_MOMENT.findall(document)[-1], int(seq)) for seq, document in rows), default=(b"", 0))[1]


# --- a relay --------------------------------------------------------------------------------------


@dataclass
class Delivery(Result):
    """What came of leaving things with a relay, because the hub was out of reach."""

    left: int = 0  # facts the relay keeps, and the hub has not signed for
    reason: str = ""  # code of why the hub was not reached


def deliver(
    carrier: Carrier,
    hub: Callable[[], Transport],
    relay: Callable[[], Transport] | None,
    pack_version: str,
    clock: Clock,
    progress: Progress = _silent,
    health: protocol.Health = protocol.UNKNOWN_HEALTH,
) -> Result:
    """Send everything to the hub; if it is out of reach and there is a relay, leave it there: a `Delivery`.

    Raises what `outbox.sync` raises, `relay.unreachable` or `relay.refused`.
    """
    try:
        return outbox.sync(carrier.journal, carrier.key, hub(), pack_version, clock, progress, health)
    except Problem as problem:
        # A page of somebody else's network in place of the hub's answer is "json." or "sync."; so is no answer at all.
        if relay is None or not problem.code.startswith(("sync.", "json.")):
            raise
        reason = problem.code
    return _leave(carrier, relay, clock, reason)


def _leave(carrier: Carrier, relay: Callable[[], Transport], clock: Clock, reason: str) -> Delivery:
    """Give the relay what neither it nor the hub has, and take what receipts it holds."""
    journal = carrier.journal
    held = _ask(carrier, relay, "GET", f"/relay/v1/journals/{carrier.certificate.journal}")
    while True:
        head, reach, kept = journal.head(), _reach(journal, held), set(held.blobs)
        wanted = [name for name in blob_names(journal, unsent_only=True) if name not in kept]
        if reach >= head[0] and not wanted:
            break
        stream = io.BytesIO()
        write_bundle(carrier, stream, reach + 1, head, wanted.copy(), stamp(clock.now()), bundles.POST_LIMIT)
        held = _ask(carrier, relay, "POST", "/relay/v1/bundles", stream.getvalue())
        if _reach(journal, held) <= reach and not set(wanted) & set(held.blobs):
            raise Problem(RELAY_REFUSED, reason="it does not keep what it is given")
    signed_for = hub_cursor(journal)
    return Delivery(seq=signed_for, left=_reach(journal, held) - signed_for, reason=reason)


def _reach(journal: Journal, held: Held) -> int:
    """The last fact up to which the hub has signed, or the relay keeps, everything."""
    reach, (last, _) = hub_cursor(journal), journal.head()
    for one in held.stretches:
        if one.first <= reach + 1 and reach < one.last <= last and journal.hash_at(one.last).hex() == one.hash:
            reach = one.last
    return reach


def _ask(carrier: Carrier, relay: Callable[[], Transport], method: str, path: str, body: bytes = b"") -> Held:
    """What the relay holds; the receipts in its answer are kept if they are the hub's own."""
    try:
        answer = relay()(method, path, body, {protocol.HEADER: str(protocol.VERSION)})
    except Problem as problem:
        if problem.kind is SYNC_UNREACHABLE:
            raise Problem(RELAY_UNREACHABLE, reason=problem.details["reason"]) from None
        raise
    if answer.status not in (200, 202):
        raise Problem(RELAY_REFUSED, reason=refusal(answer))
    try:
        held = protocol.parse(Held, answer.body, HELD_LIMIT)
    except Problem as problem:
        raise Problem(RELAY_REFUSED, reason=f"its answer is none of a relay's ({problem.code})") from None
    if held.receipts:
        _keep(carrier.journal, _believed(carrier, bundles.read_receipts(held.receipts.encode())))
    return held
