"""The hub's database: one way to read, one way to write, and the few places where the dialects differ.

SQLite runs in WAL mode with FULL synchronous commits. Releases before 3.51.3 can corrupt such a database when two
connections write or checkpoint at the same instant, so at most one ever does: a process has one writing connection,
and processes take turns by a lock beside the file. Whoever waits, waits in line; nothing is ever "locked".
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    CursorResult,
    Engine,
    LargeBinary,
    Table,
    TextClause,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError

from kiosk import files
from kiosk.errors import HUB_BUSY, HUB_STORAGE, JOURNAL_UNSAFE, Problem

log = logging.getLogger("kiosk.store")
#: Releases without the WAL-reset race, where more than one writer would be no danger either.
_SAFE_WAL = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
#: A server that is gone is not waited for: seconds to connect, and milliseconds without a word from it.
_SERVER_ARGUMENTS = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
#: What a commit has to be, so that a power cut does not take it back, nor tear a page of the server's files.
_SERVER_LEVELS = ("synchronous_commit", "fsync", "full_page_writes")
#: The setting, of a role or a connection, by which a server whose data goes away all the same is used without these.
LOSABLE = "kiosk.losable"
_WRITER_PRAGMAS = ("wal_autocheckpoint = 4000", "journal_size_limit = 67108864", "cache_size = -16384")
_READER_PRAGMAS = ("wal_autocheckpoint = 0", "query_only = ON")
_SQLITE_FAILURES = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_SERVER_FAILURES = ("08", "53", "57", "58")  # connection lost, no room, shutting down, its own disk


def is_wal_safe(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite may run in WAL mode with several writers."""
    return version >= _SAFE_WAL[0] or any(version[:2] == safe[:2] and version >= safe for safe in _SAFE_WAL)


class Store:
    """Transactions on the hub's database, SQLite or PostgreSQL."""

    def __init__(self, url: str | URL) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        arguments = {} if self.is_sqlite else _SERVER_ARGUMENTS
        self.engine: Engine = create_engine(
            url, pool_pre_ping=True, pool_size=16, max_overflow=24, connect_args=arguments
        )
        self._writer = self.engine
        self._turn: Callable[[], AbstractContextManager[None]] = nullcontext  # a server sees to that itself
        if self.is_sqlite:
            file = self.engine.url.database or ""
            _keep_private(file)
            _keep_private(file + ".lock")
            self._turn = partial(files.alone, Path(file + ".lock"))
            self._writer = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=120)
            _on_connect(self._writer, _WRITER_PRAGMAS, "BEGIN IMMEDIATE")
            _on_connect(self.engine, _READER_PRAGMAS, "BEGIN")
            # Kept open as long as we are: whichever connection closes last would checkpoint, out of turn.
            with self._turn():
                self._writer.connect().close()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write. Commits at the end; raising rolls back. Nobody inside commits.

        Raises `hub.storage` where the disk, or the database server, cannot do it now.
        """
        with self._writer.connect() as tx, self._turn(), _failures_named(), tx.begin():
            yield tx

    @contextmanager
    def reading(self, patience_ms: int = 0) -> Iterator[Connection]:
        """A snapshot to read from. With `patience_ms`, a server that takes longer over a statement gives it up."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as tx, tx.begin():
            if patience_ms and not self.is_sqlite:
                tx.exec_driver_sql(f"SET LOCAL statement_timeout = {patience_ms:d}")
            yield tx

    def glance(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one small question, put to the driver itself: through SQLAlchemy it takes eight times as long.

        In words both databases know, with `?` for a value. Raises `hub.busy` where the database does not answer.
        """
        driver: Any = self.engine.dialect.loaded_dbapi
        try:
            with closing(self.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
                cursor.execute(question if self.is_sqlite else question.replace("?", "%s"), values)
                return list(cursor.fetchall())
        except (driver.OperationalError, driver.InterfaceError) as error:
            log.warning("the database did not answer: %s", type(error).__name__)
            raise Problem(HUB_BUSY) from error

    def close(self) -> None:
        with self._turn():
            self.engine.dispose()
            self._writer.dispose()

    def scrub(self) -> bool:
        """After deleting: leave nothing of it in the log beside the database. Whether nobody was reading it just now.

        PostgreSQL may write over the place from now on; when it does is its own affair, and so are its logs.
        """
        if not self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in ("blobs", "blob_parts"):
                    connection.exec_driver_sql(f"VACUUM {table}")
            return True
        with self._writer.connect() as connection, self._turn():
            raw = connection.connection.cursor()
            raw.execute("PRAGMA busy_timeout = 2000")  # nobody waits half a minute for this
            is_busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            raw.execute("PRAGMA busy_timeout = 30000")
        return not is_busy

    def assert_safe(self) -> None:
        """Refuse a database whose commits a power cut could take back: receipts are signed for them."""
        found = self.describe()
        level = found.get("synchronous") or found.get("synchronous_commit")
        is_written = self._is_losable() or "off" not in (found.get("fsync"), found.get("full_page_writes"))
        if level in ("unsafe", "off") or found.get("journal_mode", "wal") != "wal" or not is_written:
            raise Problem(JOURNAL_UNSAFE, reason=", ".join(f"{key} {value}" for key, value in found.items()))

    def _is_losable(self) -> bool:
        """Whether a server says of itself that it may lose everything: one of the tests, set up so on purpose."""
        if self.is_sqlite:
            return False
        with self.reading() as tx:
            return bool(tx.execute(text(f"SELECT current_setting('{LOSABLE}', true)")).scalar() == "on")

    def describe(self, tx: Connection | None = None) -> dict[str, str]:
        """Name, version and durability of the database, for /healthz; read in the given transaction, if one is."""
        if tx is None:
            with self.reading() as own:
                return self.describe(own)
        if not self.is_sqlite:
            version = tx.execute(text("SHOW server_version")).scalar_one()
            levels = {name: tx.execute(text(f"SHOW {name}")).scalar_one() for name in _SERVER_LEVELS}
            return {"name": "postgresql", "version": version, **levels, "writers": "any number"}
        mode = tx.execute(text("PRAGMA journal_mode")).scalar_one()
        level = tx.execute(text("PRAGMA synchronous")).scalar_one()
        return {
            "name": "sqlite",
            "version": sqlite3.sqlite_version,
            "journal_mode": mode,
            "synchronous": {2: "full", 3: "extra"}.get(level, "unsafe"),
            "writers": "one at a time",
            "wal_reset_race": "mended in this release" if is_wal_safe() else "kept out by the one writer",
        }


def _keep_private(file: str) -> None:
    """Nobody else reads the database; what SQLite lays beside it gets the rights of the file itself."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for one in (Path(file), Path(f"{file}-wal"), Path(f"{file}-shm")):
        with suppress(FileNotFoundError, PermissionError):
            if one.stat().st_mode & 0o077:
                one.chmod(0o600)


@contextmanager
def _failures_named() -> Iterator[None]:
    """A disk that is full or broken, a server that goes away: not our fault, and not for ever."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        is_sqlites = getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_FAILURES
        is_the_servers = (getattr(cause, "sqlstate", None) or "")[:2] in _SERVER_FAILURES
        if not (is_sqlites or is_the_servers):
            raise
        raise Problem(HUB_STORAGE) from error


def _on_connect(engine: Engine, pragmas: Sequence[str], begin: str) -> None:
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin behind our back
        for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
                       "secure_delete = ON", *pragmas):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


# --- where the dialects differ --------------------------------------------------------------------


@cache
def _insert(table: Table, columns: tuple[str, ...], otherwise: str) -> TextClause:
    """Both databases understand the same sentence, and it is written only once."""
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(f":{name}" for name in columns)
    return text(f"INSERT INTO {table.name} ({names}) VALUES ({values}) ON CONFLICT {otherwise}")  # noqa: S608 (our own)


def insert_once(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose key is new; leave the others as they are. Compare afterwards: silence is not equality."""
    if rows:
        tx.execute(_insert(table, tuple(rows[0]), "DO NOTHING"), rows)


def driver_rows(result: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """What was asked for, as plain tuples: for very many, for a row of SQLAlchemy's takes as long as to read it."""
    assert result.cursor is not None
    return list(result.cursor.fetchall())


def append_facts(tx: Connection, table: Table, rows: Iterable[tuple[Any, ...]], columns: Sequence[str] = ()) -> None:
    """Insert rows that are known to be new, the quickest way the database has: whole ones, unless columns are named."""
    names = ", ".join(f'"{name}"' for name in columns or table.columns.keys())
    if tx.dialect.name == "postgresql":
        cursor = tx.connection.cursor()
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns or table.columns))
    insert = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 (our own names)
    tx.connection.cursor().executemany(insert, rows)  # type: ignore[arg-type]  # any iterable, says PEP 249


def append_columns(tx: Connection, table: Table, columns: Mapping[str, Iterable[Any]]) -> None:
    """As `append_facts`, but column by column; one that is the same all the way may go on for ever."""
    if tx.dialect.name == "sqlite":
        # For each single `bytes` its driver looks for somebody who might adapt them, which takes longer than a copy.
        columns = {
            name: map(bytearray, values) if isinstance(table.c[name].type, LargeBinary) else values
            for name, values in columns.items()
        }
    append_facts(tx, table, zip(*columns.values(), strict=False), tuple(columns))


def add_up(tx: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert whole rows, adding every number beside the key to those of the rows that are there."""
    if rows:
        tx.exec_driver_sql(_adding(table, tx.dialect.name), list(rows))


@cache
def _adding(table: Table, dialect: str) -> str:
    mark = "%s" if dialect == "postgresql" else "?"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    numbers = [column.name for column in table.columns if isinstance(column.type, BigInteger)]
    sums = ", ".join(f'"{name}" = {table.name}."{name}" + excluded."{name}"' for name in numbers)
    marks = ", ".join([mark] * len(table.columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {sums}"  # noqa: S608 (our own names)
