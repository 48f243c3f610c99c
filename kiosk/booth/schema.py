"""The tablet's database: its tables, its triggers, and how it is opened.

TRUNCATE + FULL is the setting under which an acknowledged fact survived every replayed power loss;
SQLite's default (DELETE + FULL) and WAL + NORMAL did not. It is asserted at start, not assumed.
"""

import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations

from kiosk.errors import JOURNAL_UNSAFE, Problem

migrations = Migrations("kiosk.booth")


@migrations()
def journal(db: Database) -> None:
    """Facts as stored lines in a hash chain, totals folded from them, and what belongs to sending them."""
    for statement in _JOURNAL:
        db.execute(statement)


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
    "journal_mode = TRUNCATE",
    "synchronous = FULL",
    "foreign_keys = ON",
    "recursive_triggers = ON",  # else REPLACE would slip past the delete trigger
    "secure_delete = ON",
)


def connect(file: Path) -> sqlite3.Connection:
    """Open the database safely. Transactions are ours to begin; one thread at a time is ours to see to."""
    connection = sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def make_ready(file: Path) -> None:
    """Bring a database up to date and check that it is safe to write to. Raises `journal.unsafe`."""
    try:
        connection = connect(file)
    except sqlite3.DatabaseError as error:
        raise Problem(JOURNAL_UNSAFE, reason=str(error)) from None
    try:
        migrate(connection)
        assert_safe(connection)
    finally:
        connection.close()


def assert_safe(connection: sqlite3.Connection) -> None:
    """Refuse to start when the pragmas did not take: some file systems say yes and do otherwise."""
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "truncate" or synchronous != 2:
        raise Problem(JOURNAL_UNSAFE, reason=f"journal_mode={mode}, synchronous={synchronous}")
    damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if damage != "ok":
        raise Problem(JOURNAL_UNSAFE, reason=damage)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, all of it in one exclusive transaction."""
    connection.execute("BEGIN EXCLUSIVE")
    try:
        migrations.apply(Database(connection))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
