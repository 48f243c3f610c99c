"""Files: opened only if they are files, written whole or not at all, and changed by one program at a time."""

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import FILE_FULL, FILE_UNUSABLE, Problem

#: What a disk without room says: full, over a quota, over the size one file may have.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file, to read from. Raises `file.unusable` for a link, a folder, a pipe, a device, and what cannot be read."""
    try:
        # A link could point anywhere, and a pipe would be waited for; neither is what somebody put on a stick.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise Problem(FILE_UNUSABLE, reason=f"{path}: {reason}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Problem(FILE_UNUSABLE, reason=f"{path}: it is no file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to be written, which is there in the end whole and on the disk, or not at all.

    What stood there before stays until then. Raises `file.full` where there is no room.
    """
    part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:  # noqa: PTH123 (a Path has no "x" that says so more clearly)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise Problem(FILE_FULL, file=path) from None
        raise


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, as `fsync` puts the content of a file there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # file systems of some sticks have no such thing to do
            raise
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path, patience: float | None = None) -> Iterator[None]:
    """Hold a file or a folder that is there against all who ask so for it, in this process and in others.

    Raises `TimeoutError` after `patience` seconds; without any it waits for as long as it takes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        take(descriptor, patience)
        yield
    finally:
        os.close(descriptor)


def take(descriptor: int, patience: float | None = None) -> None:
    """As `alone`, until the file is closed. The kernel closes what a killed process held."""
    if patience is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + patience
    while not _is_taken(descriptor):
        if time.monotonic() >= deadline:
            raise TimeoutError
        time.sleep(0.01)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
