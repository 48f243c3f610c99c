"""The tablet's database: its tables, its triggers, and how it is opened.

WAL + FULL is a setting under which an acknowledged fact survived every replayed power loss; SQLite's default
(DELETE + FULL) and WAL + NORMAL did not. It is asserted at start, not assumed. TRUNCATE + FULL survives as well, but
flushes five times a commit where this flushes once, and on a tablet's flash a flush is what a touch waits for.

Releases of SQLite before 3.51.3 can corrupt a WAL database that two connections write or checkpoint at the same
instant. At most one ever does: who writes holds the folder (`in_turn`). Readers never checkpoint, and the connection
that closes last checkpoints alone, as SQLite itself sees to.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import cache
from pathlib import Path

from sqlite_utils import Database, Migrations

from kiosk import files
from kiosk.booth.folder import PATIENCE
from kiosk.booth.storage import ERRORS, as_problem, is_damage
from kiosk.errors import JOURNAL_NEWER, JOURNAL_UNSAFE, Problem

migrations = Migrations("kiosk.booth")


@migrations()
def journal(db: Database) -> None:
    """Facts as stored lines in a hash chain, totals folded from them, and what belongs to sending them."""
    for statement in _JOURNAL:
        db.execute(statement)


@migrations()
def enrolment(db: Database) -> None:
    """A request to be enrolled that waits for a person at the hub, and what the hub last said of this tablet."""
    db.execute("ALTER TABLE identity ADD COLUMN pending BLOB")
    db.execute("ALTER TABLE identity ADD COLUMN head BLOB")


@migrations()
def pin_locks(db: Database) -> None:
    """Wrong PINs by volunteer, and under "" those of the whole tablet."""
    db.execute("""CREATE TABLE pin_locks (
         volunteer TEXT PRIMARY KEY, tries INTEGER NOT NULL, until_wall REAL NOT NULL,
         until_mono INTEGER NOT NULL, boot TEXT NOT NULL
       ) STRICT""")
    db.execute("INSERT INTO pin_locks SELECT '', tries, until_wall, until_mono, boot FROM pin_lock")
    db.execute("DROP TABLE pin_lock")


@migrations()
def photos(db: Database) -> None:
    """Photos for complaints that are not filed yet, sealed to the hub's key like what is filed.

    Those that a phone sealed say when they came: `came`, monotonic milliseconds of a `boot`. The content stands last:
    what stands before it is read without it.
    """
    db.execute("""CREATE TABLE draft_photos (
         fact TEXT NOT NULL, number INTEGER NOT NULL, mark TEXT NOT NULL, day TEXT NOT NULL,
         boot TEXT NOT NULL DEFAULT '', came INTEGER NOT NULL DEFAULT 0, content BLOB NOT NULL,
         PRIMARY KEY (fact, number), UNIQUE (fact, mark)
       ) STRICT""")


@migrations()
def counting(db: Database) -> None:
    """Volunteers' phones that count here: for whom, since when, and how that ended.

    `ended` is "", "shift" (handed over) or "withdrawn" (by hand at the tablet).
    """
    db.execute("""CREATE TABLE counting (
         number INTEGER PRIMARY KEY, stint TEXT NOT NULL UNIQUE, phone TEXT NOT NULL, volunteer TEXT NOT NULL,
         wall REAL NOT NULL, boot TEXT NOT NULL, began INTEGER NOT NULL,
         ended TEXT NOT NULL CHECK (ended IN ('', 'shift', 'withdrawn'))
       ) STRICT""")


_JOURNAL = (
    # One row: who this journal is. The certificate is the root of the chain.
    """CREATE TABLE identity (
         one INTEGER PRIMARY KEY CHECK (one = 1),
         journal TEXT NOT NULL, public_key TEXT NOT NULL,
         hub_url TEXT, hello BLOB, certificate BLOB, notice BLOB, notice_etag TEXT
       ) STRICT""",
    """CREATE TABLE facts (
         seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, at TEXT NOT NULL,
         mono INTEGER NOT NULL, boot TEXT NOT NULL,
         line BLOB NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32)
       ) STRICT""",
    """CREATE TRIGGER facts_are_never_changed BEFORE UPDATE ON facts
         BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END""",
    """CREATE TRIGGER facts_are_never_deleted BEFORE DELETE ON facts
         BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END""",
    """CREATE TABLE totals (
         day TEXT NOT NULL, hour INTEGER NOT NULL, desk TEXT NOT NULL, metric TEXT NOT NULL, n INTEGER NOT NULL,
         PRIMARY KEY (metric, day, hour, desk)
       ) STRICT, WITHOUT ROWID""",
    # Sealed complaints: ciphertext the tablet itself cannot open.
    """CREATE TABLE blobs (
         sha256 TEXT PRIMARY KEY, sent INTEGER NOT NULL DEFAULT 0 CHECK (sent IN (0, 1)), content BLOB NOT NULL
       ) STRICT""",
    "CREATE INDEX blobs_unsent ON blobs (sha256) WHERE sent = 0",
    "CREATE TABLE receipts (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, document BLOB NOT NULL) STRICT",
    # Half-filled complaints, encrypted under a code that only the person was shown.
    "CREATE TABLE drafts (key_hash TEXT PRIMARY KEY, day TEXT NOT NULL, sealed BLOB NOT NULL) STRICT",
    # Wrong PINs in a row: on disk, so that a restart does not forgive them.
    """CREATE TABLE pin_lock (
         one INTEGER PRIMARY KEY CHECK (one = 1), tries INTEGER NOT NULL, until_wall REAL NOT NULL,
         until_mono INTEGER NOT NULL, boot TEXT NOT NULL
       ) STRICT""",
)


PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "recursive_triggers = ON",  # else REPLACE would slip past the delete trigger
    "secure_delete = ON",
    # Emptying the log takes three flushes more, and all who wait share them: seldom, then. It stays below 17 MB.
    "wal_autocheckpoint = 4000",
)


def connect(file: Path) -> sqlite3.Connection:
    """Open the database safely. Transactions are ours to begin; one thread at a time is ours to see to."""
    connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def in_turn(file: Path) -> AbstractContextManager[None]:
    """Held around whatever may write to the database or checkpoint it. Raises `TimeoutError`."""
    return files.alone(file.parent, PATIENCE)


def empty_log(connection: sqlite3.Connection) -> bool:
    """Move into the database what the log beside it holds, waiting for whoever reads. Whether it could be."""
    return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


class Damaged(Exception):
    """The file is not what was written. Never leaves the journal, which says how far it can still be believed."""


def make_ready(file: Path, before_migrating: Callable[[sqlite3.Connection], None] = lambda _: None) -> None:
    """Bring a database up to date and check that it is safe to write to, and whole.

    `before_migrating` sees a sound database that an earlier release made, and may raise to leave it as it is.
    Raises `journal.unsafe`, `journal.locked`, `journal.newer`, `storage.full` or `Damaged`.
    """
    try:
        with in_turn(file), closing(connect(file)) as connection:
            assert_safe(connection)
            assert_sound(connection)
            if _is_behind(connection):
                before_migrating(connection)
            migrate(connection)
            assert_complete(connection)
    except TimeoutError as error:
        raise as_problem(error, file) from None
    except ERRORS as error:
        is_ours = getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR  # no word of ours is wrong
        raise as_problem(error, file) if is_ours and not is_damage(error) else Damaged(str(error)) from None


def assert_safe(connection: sqlite3.Connection) -> None:
    """Refuse to start when the pragmas did not take: some file systems say yes and do otherwise."""
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or synchronous != 2:
        raise Problem(JOURNAL_UNSAFE, reason=f"journal_mode={mode}, synchronous={synchronous}")


def assert_sound(connection: sqlite3.Connection) -> None:
    """Every page, and every index beside its table: a fact that an index misses could be appended twice."""
    damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if damage != "ok":
        raise Damaged(damage)


def assert_complete(connection: sqlite3.Connection) -> None:
    """Every table and trigger, as the migrations make them."""
    missing = _expected(tuple(_known())) - _shape(connection)
    if missing:
        raise Damaged(f"{len(missing)} parts of the schema are not as they were made")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, all of it in one transaction; up to date, it takes no lock.

    Raises `journal.newer` for a database that a later release has migrated.
    """
    if not _is_behind(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(_database(connection))  # asks once more: another process may have been quicker
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise Damaged(str(error)) from None  # no step fails on what the steps before it left
        raise


def _is_behind(connection: sqlite3.Connection) -> bool:
    applied, known = _applied(connection), set(_known())
    if applied - known:
        raise Problem(JOURNAL_NEWER) if known <= applied else Damaged("its releases are not ours")
    return bool(known - applied)


def _applied(connection: sqlite3.Connection) -> set[str]:
    table = migrations.migrations_table
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is None:
        return set()
    rows = connection.execute(f"SELECT name FROM {table} WHERE migration_set = ?", (migrations.name,))  # noqa: S608
    return {row[0] for row in rows}


def _known() -> list[str]:
    """The names of this release's migrations."""
    with closing(sqlite3.connect(":memory:")) as empty:
        return [one.name for one in migrations.pending(_database(empty))]


@cache
def _expected(_names: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrations.apply(_database(made))
        return _shape(made)


def _database(connection: sqlite3.Connection) -> Database:
    """For sqlite-utils; looking for its plugins would take 20 ms of every start."""
    return Database(connection, execute_plugins=False)


def _shape(connection: sqlite3.Connection) -> frozenset[tuple[str, ...]]:
    """Tables, indexes and triggers with the words that made them; without SQLite's own and the migrations' notes."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '%sqlite_%'"
    )
    return frozenset((kind, name, table, " ".join(sql.split())) for kind, name, table, sql in rows)
