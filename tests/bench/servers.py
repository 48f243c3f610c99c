"""A PostgreSQL of the bench's own, as durable as one in the field."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.conftest import _own_postgres


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a fresh database whose commits are on disk."""
    # Where the tests put theirs: PostgreSQL never runs as root, and the user it takes must get there.
    place = Path(tempfile.mkdtemp(prefix="kiosk-bench-pg-"))
    try:
        with _own_postgres(place) as server:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = on")
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("CREATE DATABASE bench")
            yield urlsplit(server)._replace(path="/bench").geturl()
    finally:
        shutil.rmtree(place, ignore_errors=True)
