"""The bundle: a stretch of a journal as one file, for a stick or a relay. And the file of receipts that travels back.

    kiosk-bundle/1 <header as JSON>
    <type> <length>                     a frame: `batch`, `blob` or `slip`, then its bytes and a newline
    <bytes>
    …
    end <frames> <SHA-256 of every byte before this line> <signature>

The signature is the device's and covers the last line, whose hash covers the rest. So a file of any size is
checked whole in constant memory before one byte of it is used. Pure: streams come in, bytes go out.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, BinaryIO, Literal, get_args

import msgspec

from kiosk import strictjson
from kiosk.errors import (
    BUNDLE_DAMAGED,
    BUNDLE_MALFORMED,
    RECEIPTS_MALFORMED,
    SYNC_DEVICE,
    SYNC_RECEIPT,
    SYNC_SIGNATURE,
    Problem,
)
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import BatchHeader, BlobReceipt, Certificate, Count, Message, Receipt
from kiosk.values import Hex32, Id, Moment, Seq, Slug

MAGIC = b"kiosk-bundle/1 "
RECEIPT_MAGIC = b"kiosk-receipt/1 "
SUFFIX = ".kiosk"

BUNDLE_LIMIT = 512 * 1024 * 1024  # bytes of a file
POST_LIMIT = 16 * 1024 * 1024  # bytes of a bundle that is posted to a relay or a hub
FRAME_COUNT_LIMIT = 100_000
POST_FRAME_COUNT_LIMIT = 1_000  # frames of a bundle that is posted: each takes time, however small it is
RECEIPTS_LIMIT = 16 * 1024 * 1024
_HEADER_LIMIT = 64 * 1024
_CHUNK = 1024 * 1024

FrameType = Literal["batch", "blob", "slip"]
FRAME_LIMITS: dict[FrameType, int] = {
    "batch": protocol.BATCH_BYTES_LIMIT,
    "blob": protocol.BLOB_LIMIT,
    "slip": 64 * 1024,
}

_PURPOSE = b"kiosk/signed/kiosk-bundle/1"
_FRAME_LINE = re.compile(rb"(batch|blob|slip) (0|[1-9]\d{0,8})\n")
_END = re.compile(rb"(end (0|[1-9]\d{0,5}) ([0-9a-f]{64}) )([0-9a-f]{128})\n\Z")
_END_LONGEST = 4 + 6 + 1 + 64 + 1 + 128 + 1


class BundleHeader(Message, frozen=True):
    """First line of a bundle."""

    journal: Id
    device: Id
    fair: Slug
    hub: Id  # the addressee
    certificate: Annotated[str, msgspec.Meta(max_length=16_384)]  # the device's, the whole document
    seq: Count  # the journal's head when the file was written …
    hash: Hex32  # … and the chain hash there
    first: Seq  # facts before this one are not in the file: the hub has signed for them
    at: Moment


class Frame(msgspec.Struct, frozen=True):
    """One thing a bundle carries."""

    type: FrameType
    content: bytes


def _malformed(reason: str) -> Problem:
    return Problem(BUNDLE_MALFORMED, reason=reason)


# --- writing --------------------------------------------------------------------------------------


class BundleWriter:
    """Writes a bundle to a stream, a frame at a time. Without `close` it is no bundle."""

    def __init__(self, stream: BinaryIO, header: BundleHeader) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.count = 0  # frames so far
        self.size = 0  # bytes so far
        self._write(MAGIC + protocol.dump(header) + b"\n")

    def add(self, frame_type: FrameType, content: bytes) -> None:
        """Append a frame. No limit of the format may be crossed: the reader would refuse the whole file."""
        assert len(content) <= FRAME_LIMITS[frame_type]
        assert self.count < FRAME_COUNT_LIMIT
        self.count += 1
        self._write(b"%s %d\n" % (frame_type.encode(), len(content)))
        self._write(content)
        self._write(b"\n")

    def close(self, key: keys.SigningKey) -> str:
        """Write the last line; returns the bundle's digest."""
        digest = self._hash.hexdigest()
        end = f"end {self.count} {digest} ".encode()
        self._write(end + keys.sign(key, _PURPOSE, end).encode() + b"\n")
        return digest

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._stream.write(data)
        self.size += len(data)


# --- reading --------------------------------------------------------------------------------------


class Bundle(msgspec.Struct, frozen=True):
    """A bundle whose every byte was checked."""

    header: BundleHeader
    digest: str  # SHA-256 of every byte before the last line, hex: the bundle's name
    size: int  # bytes of the file
    count: int  # frames
    _stream: BinaryIO
    _body: int  # where the first frame begins
    _end: int  # where the last line begins

    def frames(self) -> Iterator[Frame]:
        """Every frame in order, read a second time.

        Raises `bundle.damaged` in the end, if the file is not the one that was checked any more: let go of all
        that was done with the frames then.
        """
        digest = hashlib.sha256()
        self._stream.seek(0)
        digest.update(_read_exactly(self._stream, self._body))
        for _ in range(self.count):
            line = self._stream.readline(_END_LONGEST)
            frame_type, length = _read_frame_line(line)
            content = _read_exactly(self._stream, length + 1)
            digest.update(line)
            digest.update(content)
            yield Frame(frame_type, content[:-1])
        if digest.hexdigest() != self.digest:
            raise Problem(BUNDLE_DAMAGED)

    def check_frames(self) -> None:
        """Whether the frames fill the file exactly, read by their first lines only. Raises `bundle.malformed`."""
        if self.count > FRAME_COUNT_LIMIT:
            raise _malformed("too many frames")
        at = self._body
        for _ in range(self.count):
            self._stream.seek(at)
            line = self._stream.readline(_END_LONGEST)
            at += len(line) + _read_frame_line(line)[1] + 1
            self._stream.seek(at - 1)
            if self._stream.read(1) != b"\n":
                raise _malformed("a frame is not as long as it says")
        if at != self._end:
            raise _malformed("its frames do not fill it")


def read_bundle(stream: BinaryIO, key_of: Callable[[BundleHeader], keys.VerifyKey]) -> Bundle:
    """Check a whole bundle: its size, its hash, its header, its signature, its frames; in that order.

    `key_of` says whose signature the header calls for, or raises. The stream must be able to seek; it is read once
    here, and once more by `frames`. Raises `bundle.malformed`, `bundle.damaged` or `sync.signature`.
    """
    size = stream.seek(0, os.SEEK_END)
    if size > BUNDLE_LIMIT:
        raise _malformed("too large")
    stream.seek(0)
    first = stream.readline(_HEADER_LIMIT)
    if not first.startswith(MAGIC) or not first.endswith(b"\n"):
        raise _malformed(f"it does not begin with {MAGIC.decode().strip()}")
    end = _read_end(stream, len(first), size)
    stream.seek(0)
    if _hash(stream, size - len(end[0])) != end[3].decode():
        raise Problem(BUNDLE_DAMAGED)
    header = _read_header(first)
    if not keys.is_signed(key_of(header), _PURPOSE, end[1], end[4].decode()):
        raise Problem(SYNC_SIGNATURE)
    bundle = Bundle(header, end[3].decode(), size, int(end[2]), stream, len(first), size - len(end[0]))
    bundle.check_frames()
    return bundle


def read_header(stream: BinaryIO) -> BundleHeader:
    """What a file says of itself at its beginning, and nothing of it checked. Raises `bundle.malformed`."""
    first = stream.readline(_HEADER_LIMIT)
    if not first.startswith(MAGIC) or not first.endswith(b"\n"):
        raise _malformed(f"it does not begin with {MAGIC.decode().strip()}")
    return _read_header(first)


def _read_end(stream: BinaryIO, body: int, size: int) -> re.Match[bytes]:
    """The last line. What stands before it may be any bytes."""
    stream.seek(max(body, size - _END_LONGEST))
    end = _END.search(stream.read(_END_LONGEST))
    if end is None:
        raise _malformed("its end is missing")
    return end


def _hash(stream: BinaryIO, length: int) -> str:
    digest = hashlib.sha256()
    while length > 0:
        chunk = stream.read(min(_CHUNK, length))
        if not chunk:
            raise _malformed("its end is missing")
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest()


def _read_header(line: bytes) -> BundleHeader:
    try:
        return protocol.convert(BundleHeader, strictjson.loads(line[len(MAGIC) : -1], _HEADER_LIMIT))
    except Problem as problem:
        raise _malformed(str(problem.details["reason"])) from None


def _read_frame_line(line: bytes) -> tuple[FrameType, int]:
    """(type, length) of the frame that follows."""
    match = _FRAME_LINE.fullmatch(line)
    if match is None:
        raise _malformed("a frame does not begin with its type and length")
    length = int(match[2])
    for frame_type in get_args(FrameType):
        if match[1].decode() == frame_type and length <= FRAME_LIMITS[frame_type]:
            found: FrameType = frame_type
            return found, length
    raise _malformed("a frame is too large")


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise Problem(BUNDLE_DAMAGED)
    return data


def certified_key(header: BundleHeader, hub: keys.VerifyKey) -> keys.VerifyKey:
    """The key that the hub's own certificate in the header names. Raises `sync.device` when it is not this device's."""
    try:
        certificate = protocol.read_document(Certificate, header.certificate.encode(), hub)
    except (Problem, UnicodeEncodeError):
        raise Problem(SYNC_DEVICE) from None
    named = (certificate.journal, certificate.device, certificate.fair, certificate.hub)
    if named != (header.journal, header.device, header.fair, header.hub):
        raise Problem(SYNC_DEVICE)
    return keys.VerifyKey(bytes.fromhex(certificate.public_key))


class Contents(msgspec.Struct, frozen=True):
    """What a bundle holds, told without looking into its facts."""

    first: int  # of its facts
    last: int  # `first` less 1 when there is none
    hash: str  # chain hash at `last`, hex
    blobs: frozenset[str]  # names of the sealed blobs


def contents(bundle: Bundle) -> Contents:
    """Read a bundle through that is posted: one of few frames, whose batches follow on one another. Raises `bundle.*`.

    A batch without facts asks for a receipt; it must be the only batch.
    """
    if bundle.count > POST_FRAME_COUNT_LIMIT:
        raise _malformed("too many frames for one that is posted")
    first, last, head = bundle.header.first, bundle.header.first - 1, ""
    blobs: set[str] = set()
    has_empty = False
    for frame in bundle.frames():
        if frame.type == "blob":
            blobs.add(hashlib.sha256(frame.content).hexdigest())
        elif frame.type == "batch":
            header = _batch_header(frame.content)
            if (header.journal, header.first) != (bundle.header.journal, last + 1):
                raise _malformed("its batches do not follow on one another")
            if has_empty or (head and not header.count):
                raise _malformed("a batch without facts is not its only batch")
            has_empty = not header.count
            last += header.count
            head = _batch_head(frame.content)
    return Contents(first, last, head, frozenset(blobs))


def _batch_head(batch: bytes) -> str:
    """The chain hash a batch says it ends with."""
    head = batch[-194:-130]
    if not re.fullmatch(rb"[0-9a-f]{64}", head):
        raise _malformed("a batch does not end as one")
    return head.decode()


def _batch_header(batch: bytes) -> BatchHeader:
    """What a batch says of itself; its signature is looked at by whoever takes it in."""
    name, _, text = batch.partition(b"\n")[0].partition(b" ")
    if name.decode("ascii", "replace") != protocol.NAMES[BatchHeader]:
        raise _malformed("a batch does not begin as one")
    try:
        return protocol.parse(BatchHeader, text)
    except Problem as problem:
        raise _malformed(str(problem.details["reason"])) from None


# --- receipts that travel back --------------------------------------------------------------------


def read_receipts(data: bytes) -> list[bytes]:
    """The signed documents of a file of receipts, in order; whether to believe them is looked at by whom they are for.

    Raises `receipts.malformed`.
    """
    if len(data) > RECEIPTS_LIMIT:
        raise Problem(RECEIPTS_MALFORMED, reason="too large")
    *lines, rest = data.split(b"\n")
    if not lines or len(lines) % 2 or rest:
        raise Problem(RECEIPTS_MALFORMED, reason="its end is missing")
    documents = [b"%s\n%s\n" % pair for pair in zip(lines[::2], lines[1::2], strict=True)]
    if not all(document.startswith(_RECEIPT_NAMES) for document in documents):
        raise Problem(RECEIPTS_MALFORMED, reason="something in it is no receipt")
    return documents


_RECEIPT_NAMES = tuple(protocol.NAMES[kind].encode() + b" " for kind in (Receipt, BlobReceipt))


class Receipts(msgspec.Struct, frozen=True):
    """What a file of receipts says to one journal, every document verified."""

    receipts: list[tuple[Receipt, bytes]]  # with their documents
    blobs: list[BlobReceipt]

    def __bool__(self) -> bool:
        return bool(self.receipts)


def receipts_for(documents: Iterable[bytes], journal: str, hub: str, key: keys.VerifyKey) -> Receipts:
    """Those of the documents that are for a journal. Raises `sync.receipt` when one of them is not its hub's word."""
    found = Receipts([], [])
    for document in documents:
        if f'"{journal}"'.encode() not in document:
            continue
        try:
            if document.startswith(RECEIPT_MAGIC):
                said: Receipt | BlobReceipt = protocol.read_document(Receipt, document, key)
            else:
                said = protocol.read_document(BlobReceipt, document, key)
        except Problem as problem:
            raise Problem(SYNC_RECEIPT, reason=problem.code) from None
        if (said.hub, said.journal) != (hub, journal):
            raise Problem(SYNC_RECEIPT, reason="it is for another journal")
        if isinstance(said, Receipt):
            found.receipts.append((said, document))
        else:
            found.blobs.append(said)
    return found
