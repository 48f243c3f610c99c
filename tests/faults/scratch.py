"""A folder in memory, for tests that decide themselves what reaches the disk: real flushes would only cost time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")


@contextmanager
def in_memory() -> Iterator[Path]:
    """An empty folder, on the disk where there is no other; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
