"""The booth's data folder: nobody else reads it, one program serves it, and it remembers how far the journal came."""

import hashlib
import os
from pathlib import Path
from typing import IO, Annotated

import msgspec

from kiosk import files, strictjson
from kiosk.errors import BOOTH_SERVING, Problem
from kiosk.values import Hex32, Id

HEAD = "head.json"
LOCK = "serve.lock"
PATIENCE = 5.0  # seconds for another program to finish what it writes here


def make_folder(folder: Path) -> None:
    """A folder for its owner alone, unless it is there already."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def open_private(file: Path) -> IO[bytes]:
    """Write a file anew that only its owner can read."""
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


# --- who serves it --------------------------------------------------------------------------------


class ServeLock:
    """Held for as long as a program serves the booth, by it and the processes it forked; the kernel lets go of it."""

    def __init__(self, folder: Path, patience: float = 0) -> None:
        """Wait up to `patience` seconds for whoever is about to stop. Raises `booth.serving`."""
        self._file = open_private(folder / LOCK)
        try:
            files.take(self._file.fileno(), patience)
        except TimeoutError:
            self._file.close()
            raise Problem(BOOTH_SERVING) from None

    def release(self) -> None:
        """In a forked process this gives up its own share only."""
        self._file.close()


# --- how far the journal had come -----------------------------------------------------------------


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place the journal has passed, kept outside the database: an older copy of the database does not hold it."""

    journal: Id
    enrolment: Hex32  # of the certificate and the hub's keys
    seq: Annotated[int, msgspec.Meta(ge=0)]
    hash: Hex32  # chain hash there
    check: str = ""  # SHA-256 of the rest: a damaged mark accuses nobody

    def sealed(self) -> "Mark":
        rest = "\n".join((self.journal, self.enrolment, str(self.seq), self.hash))
        return msgspec.structs.replace(self, check=hashlib.sha256(rest.encode()).hexdigest())


def read_mark(folder: Path) -> Mark | None:
    """The last mark, if there is a readable one."""
    try:
        mark = msgspec.convert(strictjson.loads((folder / HEAD).read_bytes()), Mark)
    except (OSError, Problem, msgspec.ValidationError):
        return None
    return mark if mark == mark.sealed() else None


def keep_mark(folder: Path, mark: Mark) -> None:
    """Move the mark on, at once and durably; never back, whatever other programs do meanwhile. Raises `OSError`."""
    with files.alone(folder, PATIENCE):  # nobody else moves it between our looking and our writing
        known = read_mark(folder)
        if known is not None and known.journal == mark.journal and known.seq >= mark.seq:
            return
        fresh = folder / f"{HEAD}.new"
        with open_private(fresh) as file:
            file.write(strictjson.dumps(msgspec.to_builtins(mark.sealed())) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / HEAD)
        files.sync_folder(folder)
