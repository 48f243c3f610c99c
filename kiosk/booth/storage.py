"""Room on the tablet's disk: a reserve that is given up when there is none left, and what an error of the disk means.

Room is *low* when the reserve is used up or there is no more than its size free beside it: counting goes on, big
things are refused. It is *full* when a commit found no room even then. Both end by themselves once there is room.
"""

import errno
import os
import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path
from typing import Literal

from kiosk import files
from kiosk.booth.folder import open_private
from kiosk.config import BoothConfig
from kiosk.errors import JOURNAL_LOCKED, STORAGE_FAILED, STORAGE_FULL, STORAGE_LOW, Problem

Level = Literal["ample", "low", "full"]

FILE = "reserve"
MEGABYTE = 1 << 20
#: Sealed content beyond this waits for better times; a touch takes a few hundred bytes.
BIG = 8 * 1024
#: What reading a database may raise, the file being what it is.
ERRORS = (sqlite3.Error, UnicodeDecodeError)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PROBE = 64 * 1024


class Storage:
    """The room a booth has. `size` is the reserve's, in bytes; 0 for none, and then never low."""

    def __init__(self, folder: Path, size: int = 0) -> None:
        self.folder = folder
        self._file = folder / FILE
        self._size = size
        self._turn = threading.Lock()
        self._is_full = False

    @classmethod
    def of(cls, settings: BoothConfig) -> "Storage":
        return cls(settings.data, settings.reserve_mb * MEGABYTE)

    @property
    def is_reserved(self) -> bool:
        """Whether all the room that is to be set aside is."""
        return not self._size or self._is_there()

    @property
    def level(self) -> Level:
        self.tend()
        if self._is_full:
            return "full"
        is_low = not self.is_reserved or self._free() < self._size
        return "low" if is_low else "ample"

    def refuse_unless_ample(self) -> None:
        """Before something big is kept. Raises `storage.low`."""
        if self.level != "ample":
            raise Problem(STORAGE_LOW)

    def start(self) -> None:
        """At the start of a program: a reserve that was copied may be a file full of holes."""
        if self._is_there() and self._file.stat().st_blocks * 512 < self._size:
            self.make_room()
        self.tend()

    def tend(self) -> None:
        """Set the reserve aside if it is not there and what is left then is still ample."""
        if self.is_reserved or self._free() < 2 * self._size:
            return
        with self._turn:
            if self._set_aside():
                self._is_full = False

    def make_room(self) -> bool:
        """Give the reserve up. Whether there was one."""
        with self._turn:
            try:
                self._file.unlink()
                files.sync_folder(self.folder)  # some file systems free the blocks only now
            except OSError:
                return False
            return True

    def found_none(self) -> None:
        """A commit had no room, reserve or not."""
        self._is_full = True

    def found_some(self) -> None:
        """A commit that wrote something is on the disk."""
        self._is_full = False

    def _set_aside(self) -> bool:
        """Claim twice as much and keep half: under a quota only the claim itself says what is left."""
        try:
            with open_private(self._file) as file:
                os.posix_fallocate(file.fileno(), 0, 2 * self._size)
                os.ftruncate(file.fileno(), self._size)
        except OSError:
            self._file.unlink(missing_ok=True)
            return False
        return True

    def _is_there(self) -> bool:
        try:
            return self._file.stat().st_size == self._size
        except OSError:
            return False

    def _free(self) -> int:
        try:
            return shutil.disk_usage(self.folder).free
        except OSError:
            return 0


# --- what an error means --------------------------------------------------------------------------


def is_damage(error: BaseException) -> bool:
    """Whether the file is not what was written: broken pages, no database at all, text that is no text."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, UnicodeDecodeError)  # SQLite complained, and quoted what it complained of
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return str(error).startswith("Could not decode")
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_lack_of_room(error: BaseException, database: Path) -> bool:
    """Whether a write failed for want of space. A quota or a limit on files reaches us as a mere failed write."""
    match getattr(error, "sqlite_errorcode", None):
        case sqlite3.SQLITE_FULL:
            return True
        case int(code) if code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return not _could_grow(database)
        case _:
            return False


def as_problem(error: BaseException, database: Path) -> BaseException:
    """A failure of the disk as something a person can be told; any other error as it is."""
    if isinstance(error, TimeoutError):
        return Problem(JOURNAL_LOCKED)
    if not isinstance(error, sqlite3.OperationalError) or is_damage(error):
        return error
    if is_lack_of_room(error, database):
        return Problem(STORAGE_FULL)
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Problem(JOURNAL_LOCKED)
    return Problem(STORAGE_FAILED)


def _could_grow(database: Path) -> bool:
    """Ask the disk itself, at the place in a file where the database or its log would write next."""
    try:
        sizes = [file.stat().st_size for file in database.parent.glob(f"{database.name}*")]
        with tempfile.TemporaryFile(dir=database.parent) as probe:
            probe.seek(max(sizes))
            probe.write(bytes(_PROBE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno not in _NO_ROOM
    return True
