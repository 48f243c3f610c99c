"""The relay's spool: a folder of bundles that the hub has not signed for, and the last receipts of each journal.

A bundle's file is named by its digest, so a bundle that comes twice is one. It is checked, and on the disk, before
anybody is told that it was taken; and it goes only when the hub has signed for that very bundle.
"""

import errno
import fcntl
import io
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from kiosk import files
from kiosk.errors import (
    BUNDLE_DAMAGED,
    FILE_UNUSABLE,
    RELAY_FULL,
    RELAY_RUNNING,
    SYNC_RECEIPT,
    Problem,
)
from kiosk.sync import bundles, keys
from kiosk.sync.bundles import Bundle
from kiosk.sync.protocol import Hello, Receipt
from kiosk.sync.relaying import BLOBS_LIMIT, STRETCHES_LIMIT, Held, Stretch

log = logging.getLogger("kiosk.relay")
_CHUNK = 128 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LOST = (errno.ENOENT, errno.EIO)
_DAMAGED = ".damaged"
_NAME = 32  # bytes of a blob's name, kept raw: a bundle may hold thousands
_SHARE = 4  # one tablet may fill a quarter of the spool, …
_PIECES = 20_000  # … with this many bundles and sealed blobs: what is known of each lies in memory


class Stored(msgspec.Struct, frozen=True):
    """One bundle in the spool."""

    path: Path
    digest: str
    journal: str
    first: int
    last: int
    hash: str
    blobs: bytes  # names of the sealed blobs, 32 bytes each
    size: int

    def blob_names(self) -> Iterator[str]:
        return (self.blobs[at : at + _NAME].hex() for at in range(0, len(self.blobs), _NAME))

    @property
    def pieces(self) -> int:
        return 1 + len(self.blobs) // _NAME


class Spool:
    """One relay's spool. One process works on it; its threads share it. Close it."""

    def __init__(self, folder: Path, hub: Hello, limit: int) -> None:
        """`limit`: bytes of bundles kept at most. Raises `relay.running`."""
        self._bundles = folder / "bundles"
        self._receipts = folder / "receipts"
        self._hub = hub
        self._limit = limit
        self._turn = threading.Lock()
        self._stored: dict[str, Stored] = {}  # by digest, in the order of arrival
        self._signed: dict[str, tuple[Receipt, bytes]] = {}  # by journal: the newest receipt, and its whole file
        self._incoming = 0  # bytes that are being written
        for one in (self._bundles, self._receipts):
            one.mkdir(parents=True, exist_ok=True)
        files.sync_folder(folder)
        self._lock = lock(folder)
        self.damaged = 0  # bundles whose file is no longer what was written
        self._load()

    def close(self) -> None:
        self._lock.close()

    # --- what is there ------------------------------------------------------------------------

    def waiting(self) -> list[Stored]:
        """Every bundle the hub has not signed for, the oldest first."""
        with self._turn:
            return list(self._stored.values())

    def size(self) -> int:
        with self._turn:
            return sum(one.size for one in self._stored.values())

    def held(self, journal: str) -> Held:
        """What is kept of a journal, and what the hub last signed for."""
        with self._turn:
            mine = [one for one in self._stored.values() if one.journal == journal]
            _, receipts = self._signed.get(journal, (None, b""))
        blobs = sorted({name for one in mine for name in one.blob_names()})
        stretches = list(_join(sorted(mine, key=lambda one: (one.first, one.last))))
        return Held(
            journal=journal,
            stretches=stretches[-STRETCHES_LIMIT:],
            blobs=blobs[:BLOBS_LIMIT],
            receipts=receipts.decode(),
        )

    # --- taking in ----------------------------------------------------------------------------

    def take(self, stream: IO[bytes], length: int) -> Stored:
        """Keep the bundle that the next `length` bytes are. Raises `bundle.*`, `sync.*` or `relay.full`."""
        with self._room_for(length), self._part() as (part, file):
            _copy(stream, file, length)
            bundle = self._verify(file)
            stored = self._describe(bundle)
            file.flush()
            os.fsync(file.fileno())
            with self._turn:
                if stored.digest not in self._stored:
                    self._refuse_too_much(stored)
                part.replace(stored.path)  # one that came before may have rotted meanwhile
                files.sync_folder(self._bundles)
                self._stored[stored.digest] = stored
            return stored

    def _refuse_too_much(self, stored: Stored) -> None:
        """A tablet in the wrong hands must not take the room of the others. Raises `relay.full`."""
        mine = [stored, *(one for one in self._stored.values() if one.journal == stored.journal)]
        share = max(self._limit // _SHARE, bundles.POST_LIMIT)
        if sum(one.size for one in mine) > share or sum(one.pieces for one in mine) > _PIECES:
            raise Problem(RELAY_FULL)

    @contextmanager
    def _room_for(self, length: int) -> Iterator[None]:
        with self._turn:
            used = sum(one.size for one in self._stored.values()) + self._incoming
            if used + length > self._limit:
                raise Problem(RELAY_FULL)
            self._incoming += length
        try:
            yield
        except OSError as error:
            raise Problem(RELAY_FULL) if error.errno in _NO_ROOM else error from None
        finally:
            with self._turn:
                self._incoming -= length

    @contextmanager
    def _part(self) -> Iterator[tuple[Path, BinaryIO]]:
        path = self._bundles / f".{secrets.token_hex(8)}.part"
        try:
            with path.open("xb+") as file:
                yield path, file
        finally:
            path.unlink(missing_ok=True)

    def _verify(self, stream: BinaryIO) -> Bundle:
        """What does not come from a tablet with this hub's certificate is junk, and does not get in."""
        return bundles.read_bundle(stream, lambda header: bundles.certified_key(header, self._key))

    def _describe(self, bundle: Bundle) -> Stored:
        found = bundles.contents(bundle)
        return Stored(
            path=self._bundles / f"{bundle.digest}{bundles.SUFFIX}",
            digest=bundle.digest,
            journal=bundle.header.journal,
            first=found.first,
            last=found.last,
            hash=found.hash,
            blobs=b"".join(bytes.fromhex(name) for name in sorted(found.blobs)),
            size=bundle.size,
        )

    # --- giving out ---------------------------------------------------------------------------

    def content(self, stored: Stored) -> bytes:
        """The bundle's bytes, checked anew: what lies on a disk may rot.

        Raises `bundle.damaged` when they are no longer what was taken, and keeps them no more: its tablet brings it
        again. Raises `file.unusable` when they cannot be read now.
        """
        try:
            content = stored.path.read_bytes()
            if self._verify(io.BytesIO(content)).digest == stored.digest:
                return content
        except OSError as error:
            if error.errno not in _LOST:
                raise Problem(FILE_UNUSABLE, reason=f"{stored.path}: {error.strerror}") from None
        except Problem:
            pass
        self._set_aside(stored)
        raise Problem(BUNDLE_DAMAGED)

    def _set_aside(self, stored: Stored) -> None:
        with self._turn:
            if self._stored.pop(stored.digest, None) is not None:
                self._rename_damaged(stored.path)

    def _rename_damaged(self, path: Path) -> None:
        log.warning("%s is damaged", path.name)
        self.damaged += 1
        with suppress(OSError):  # gone, or on a disk that is no more
            path.rename(path.with_name(path.name + _DAMAGED))

    # --- letting go ---------------------------------------------------------------------------

    def sign_off(self, stored: Stored, answer: bytes) -> None:
        """The hub's answer to a bundle: keep the receipts, then let go of the bundle.

        Raises `receipts.malformed` or `sync.receipt`, and keeps the bundle, unless the hub signed for this very one.
        """
        documents = bundles.read_receipts(answer)
        found = bundles.receipts_for(documents, stored.journal, self._hub.hub, self._key)
        if not any(receipt.batch == stored.digest for receipt, _ in found.receipts):
            raise Problem(SYNC_RECEIPT, reason="it does not name what was sent")
        newest = max((receipt for receipt, _ in found.receipts), key=lambda receipt: receipt.at)
        with self._turn:
            known = self._signed.get(stored.journal)
            if known is None or known[0].at <= newest.at:
                self._keep_receipts(stored.journal, answer)
                self._signed[stored.journal] = (newest, answer)
            self._stored.pop(stored.digest, None)
            stored.path.unlink(missing_ok=True)
            files.sync_folder(self._bundles)

    def _keep_receipts(self, journal: str, answer: bytes) -> None:
        """On a full disk they are kept in memory alone: letting go of the bundle is what makes room."""
        try:
            with files.written(self._receipts / journal) as file:
                file.write(answer)
        except Problem as problem:
            log.warning("receipts of %s are not on the disk: %s", journal, problem.code)

    # --- starting -----------------------------------------------------------------------------

    @property
    def _key(self) -> keys.VerifyKey:
        return self._hub.verify_key

    def _load(self) -> None:
        """Read what lies there: everything was whole when it was told, and may have been damaged since."""
        for path in self._bundles.glob(".*.part"):
            path.unlink()  # nobody was told that it was taken
        for path in sorted(self._bundles.glob(f"*{bundles.SUFFIX}"), key=lambda one: one.stat().st_mtime_ns):
            self._load_bundle(path)
        for path in self._receipts.iterdir():
            self._load_receipts(path)

    def _load_bundle(self, path: Path) -> None:
        try:
            with files.opened(path) as file:
                stored = self._describe(self._verify(file))
        except (Problem, OSError):
            self._rename_damaged(path)
            return
        self._stored[stored.digest] = stored

    def _load_receipts(self, path: Path) -> None:
        try:
            data = path.read_bytes()
            found = bundles.receipts_for(bundles.read_receipts(data), path.name, self._hub.hub, self._key)
        except Problem:
            return
        if found:
            self._signed[path.name] = (max((one for one, _ in found.receipts), key=lambda one: one.at), data)


def _join(stored: list[Stored]) -> Iterator[Stretch]:
    """Stretches of facts, those that follow on one another as one."""
    open_: Stretch | None = None
    for one in stored:
        if one.first > one.last:
            continue
        if open_ is not None and one.first <= open_.last + 1:
            if one.last > open_.last:
                open_ = Stretch(first=open_.first, last=one.last, hash=one.hash)
            continue
        if open_ is not None:
            yield open_
        open_ = Stretch(first=one.first, last=one.last, hash=one.hash)
    if open_ is not None:
        yield open_


def _copy(stream: IO[bytes], file: BinaryIO, length: int) -> None:
    while length > 0:
        chunk = stream.read(min(_CHUNK, length))
        if not chunk:
            break  # cut off on the way: the bundle's own end will be missing
        file.write(chunk)
        length -= len(chunk)


def lock(folder: Path, patience: float = 0) -> IO[bytes]:
    """Held until the file is closed or the process ends, however it ends.

    Waits up to `patience` seconds for whoever is about to stop. Raises `relay.running`.
    """
    file = (folder / "relay.lock").open("wb")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            file.close()
            raise Problem(RELAY_RUNNING) from None
        return file
