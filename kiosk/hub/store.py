"""The hub's database: one engine, one way to begin, and the few places where the dialects differ."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite

from kiosk.errors import JOURNAL_UNSAFE, Problem

#: Releases without the WAL-reset race (two connections, a checkpoint at the wrong moment: corruption).
_SAFE_WAL = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
_WRITE = "kiosk_write"


def is_wal_safe(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite may run in WAL mode with several connections."""
    return version >= _SAFE_WAL[0] or any(version[:2] == safe[:2] and version >= safe for safe in _SAFE_WAL)


class Store:
    """Transactions on the hub's database, SQLite or PostgreSQL."""

    def __init__(self, url: str | URL) -> None:
        self.engine: Engine = create_engine(url, pool_pre_ping=True, pool_size=16, max_overflow=24)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write. Commits at the end; raising rolls back. Nobody inside commits."""
        with self.engine.connect().execution_options(**{_WRITE: True}) as tx, tx.begin():
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot to read from."""
        options = (
            {_WRITE: False} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        with self.engine.connect().execution_options(**options) as tx, tx.begin():
            yield tx

    def close(self) -> None:
        self.engine.dispose()

    def assert_safe(self) -> None:
        """Refuse a database whose commits a power cut could take back: receipts are signed for them."""
        found = self.describe()
        level = found.get("synchronous") or found.get("synchronous_commit")
        if level in ("unsafe", "off"):
            raise Problem(JOURNAL_UNSAFE, reason=f"synchronous commits are {level}")

    def describe(self) -> dict[str, str]:
        """Name, version and durability of the database, for /healthz."""
        with self.reading() as tx:
            if self.is_sqlite:
                mode = tx.execute(text("PRAGMA journal_mode")).scalar_one()
                level = tx.execute(text("PRAGMA synchronous")).scalar_one()
                return {
                    "name": "sqlite",
                    "version": sqlite3.sqlite_version,
                    "journal_mode": mode,
                    "synchronous": {2: "full", 3: "extra"}.get(level, "unsafe"),
                }
            version = tx.execute(text("SHOW server_version")).scalar_one()
            commit = tx.execute(text("SHOW synchronous_commit")).scalar_one()
            return {"name": "postgresql", "version": version, "synchronous_commit": commit}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin behind our back
    connection.execute(f"PRAGMA journal_mode = {'WAL' if is_wal_safe() else 'TRUNCATE'}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA busy_timeout = 30000")


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that will write says so at once: a later upgrade would fail at once, whatever the timeout."""
    writes = connection.get_execution_options().get(_WRITE, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# --- where the dialects differ --------------------------------------------------------------------


def _insert(tx: Connection, table: Table) -> Any:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


def insert_once(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose key is new; leave the others as they are. Compare afterwards: silence is not equality."""
    if rows:
        tx.execute(_insert(tx, table).on_conflict_do_nothing(), rows)


def add_up(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, adding `n` to the rows that are there."""
    if rows:
        statement = _insert(tx, table)
        keys = [column.name for column in table.primary_key]
        tx.execute(
            statement.on_conflict_do_update(index_elements=keys, set_={"n": table.c.n + statement.excluded.n}), rows
        )
