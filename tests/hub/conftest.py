"""What is asked of the hub's two databases, in `make test` and at full length."""

from pathlib import Path
from zlib import crc32

import pytest

from tests.proof import share

#: Of so many questions that SQLite is asked, PostgreSQL is asked one.
ONE_IN = share(1, 6)
#: What these are about is the databases.
WHOLLY = {"test_store.py", "test_two_engines.py", "test_founding.py", "test_backup.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which ones their names decide: the same each time, and some of every file."""
    here, asked = Path(__file__).parent, {item.nodeid for item in items}

    def is_left_out(item: pytest.Item) -> bool:
        if item.path.name in WHOLLY:
            return False
        on_sqlite = item.nodeid.replace("[postgresql", "[sqlite")
        return on_sqlite != item.nodeid and on_sqlite in asked and crc32(on_sqlite.encode()) % ONE_IN > 0

    items[:] = [item for item in items if item.path.parent != here or not is_left_out(item)]
