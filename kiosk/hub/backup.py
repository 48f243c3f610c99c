"""A hub as one file, and a hub from one: the same file whichever database it came from and goes to.

The file is a SQLite database with the rows of one snapshot; who is signed in, and who tried to, stays behind. A
manifest in it says what it holds. The hub's signing key lies in it under a password. Behind the last page stands a
line with the hash of every byte before it and a signature with that key: a file is restored as it was written, or not
at all.
"""

import errno
import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
from sqlalchemy import Boolean, Connection, Table, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from kiosk import __version__, files
from kiosk.clock import stamp
from kiosk.config import HubConfig
from kiosk.errors import (
    BACKUP_DAMAGED,
    BACKUP_NEWER,
    BACKUP_PASSWORD,
    BACKUP_PASSWORD_SHORT,
    BACKUP_TAKEN,
    FILE_TAKEN,
    HUB_EXISTS,
    Kind,
    Problem,
)
from kiosk.hub import schema
from kiosk.hub.context import Hub
from kiosk.hub.founding import founding
from kiosk.hub.store import append_facts
from kiosk.hub.tables import (
    exhibit_sums,
    facts,
    handoffs,
    item_folds,
    item_sums,
    item_wrongs,
    metadata,
    schema_version,
    sessions,
    throttles,
)
from kiosk.sync import keys
from kiosk.values import Hex32, Id, Moment

Progress = Callable[[int, int], None]
PASSWORD_LEAST = 12  # characters
SUFFIX = ".kiosk-backup"

_MAGIC = b"SQLite format 3\0"
_READ = 1024 * 1024
_CHUNK = 2_000  # rows held in memory at a time …
_BLOBS = 8  # … of tables with sealed content
#: Of the moment, not of the hub: nobody is signed in after a restore, and answers are folded again from their facts.
_PASSING = (sessions, throttles, handoffs, item_folds, item_sums, item_wrongs, exhibit_sums)
_TABLES = tuple(table for table in metadata.sorted_tables if table not in (*_PASSING, schema_version))


class Form(msgspec.Struct, frozen=True):
    """What sort of a signed file it is."""

    word: str  # the first of its last line
    application: int  # bytes 68 to 71
    damaged: Kind  # what is said of one that is not whole

    @property
    def purpose(self) -> bytes:
        return b"kiosk/signed/" + self.word.encode()

    @property
    def end_length(self) -> int:
        """Bytes of the last line."""
        return len(self.word) + 1 + 64 + 1 + 128 + 1


BACKUP = Form("kiosk-backup/1", 0x4B333135, BACKUP_DAMAGED)  # K315
_END = re.compile(rb"([a-z/1-]+) ([0-9a-f]{64}) ([0-9a-f]{128})\n\Z")


class Copied(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table in the file."""

    columns: list[str]
    rows: int
    sha256: Hex32  # over its rows, in order of its key


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds. Equal hashes, equal hubs, whatever the databases."""

    hub: Id
    schema: Annotated[int, msgspec.Meta(ge=1)]
    version: str  # of the program that wrote it
    at: Moment
    heads: dict[Id, tuple[int, Hex32]]  # journal → the unbroken run's last fact and the chain hash there
    tables: dict[str, Copied]

    @property
    def facts(self) -> int:
        return self.tables[facts.name].rows


def check_password(password: str) -> None:
    """Raises `backup.password_short`."""
    if len(password.strip()) < PASSWORD_LEAST:
        raise Problem(BACKUP_PASSWORD_SHORT, least=PASSWORD_LEAST)


# --- writing --------------------------------------------------------------------------------------


class Written(msgspec.Struct, frozen=True):
    path: Path
    manifest: Manifest
    size: int


def write(here: Hub, target: Path, password: str, progress: Progress = lambda _done, _of: None) -> Written:
    """Write a backup while the hub goes on. `target` is a file, or a folder in which it gets a name.

    Raises `backup.password_short`, `file.taken` for a file that is no backup, `file.full`.
    """
    check_password(password)
    now = here.clock.now()
    path = target / f"{here.id[:8]}-{stamp(now)[:19].replace(':', '')}{SUFFIX}" if target.is_dir() else target
    refuse_other(path, BACKUP)
    with files.written(path) as file, disk_errors():
        path_so_far = Path(file.name)
        path_so_far.chmod(0o600)  # before there is anything in it
        with closing(new(path_so_far, BACKUP, _TABLES)) as copy:
            copy.execute("CREATE TABLE manifest (document BLOB NOT NULL, key BLOB NOT NULL)")
            with here.store.reading() as tx:
                _copy_out(tx, copy, progress)
            manifest = _describe(copy, here.id, stamp(now))
            wrapped = keys.wrap(bytes(here.key), password)
            copy.execute("INSERT INTO manifest VALUES (?, ?)", (msgspec.json.encode(manifest), wrapped))
        sign(path_so_far, here.key, BACKUP)
    return Written(path, manifest, path.stat().st_size)


def refuse_other(path: Path, form: Form) -> None:
    """Raises `file.taken` where a file of another sort has the name."""
    if path.exists() or path.is_symlink():
        with files.opened(path) as file:
            if not _is_of(form, file.read(100)):
                raise Problem(FILE_TAKEN, file=path)


def _is_of(form: Form, start: bytes) -> bool:
    return start.startswith(_MAGIC) and start[68:72] == form.application.to_bytes(4)


@contextmanager
def disk_errors() -> Iterator[None]:
    """SQLite's word for a full disk, as the system says it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, "no room") from None
        raise


def new(path: Path, form: Form, tables: Iterable[Table]) -> sqlite3.Connection:
    """An empty file with tables of ours. It gets its name only when it is whole, so it needs no journal of its own."""
    copy = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"application_id = {form.application}"):
        copy.execute(f"PRAGMA {pragma}")
    for table in tables:
        copy.execute(sentence_of(table))
    return copy


def sentence_of(table: Table) -> str:
    """How a table is made in such a file."""
    return str(CreateTable(table).compile(dialect=sqlite.dialect())).strip()


def _copy_out(tx: Connection, copy: sqlite3.Connection, progress: Progress) -> None:
    of = sum(int(tx.execute(select(func.count()).select_from(table)).scalar_one()) for table in _TABLES)
    done = 0
    copy.execute("BEGIN")
    for table in _TABLES:
        for rows in tx.execute(select(table), execution_options={"yield_per": _chunk(table)}).partitions():
            insert(copy, table, rows)
            done += len(rows)
            progress(done, of)
    copy.execute("COMMIT")


def insert(copy: sqlite3.Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Put whole rows of a table into a file."""
    copy.executemany(_insert(table), [tuple(row) for row in rows])


def _chunk(table: Table) -> int:
    return _BLOBS if table.name in ("blobs", "blob_parts") else _CHUNK


def _insert(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(table.columns))})'  # noqa: S608 (our own names)


def _describe(copy: sqlite3.Connection, hub: str, at: str) -> Manifest:
    """The manifest, from what now really stands in the file."""
    runs = copy.execute("SELECT journal, seq, hash FROM journals")
    heads = {name: (seq, digest.hex()) for name, seq, digest in runs}
    copied = {}
    for table in _TABLES:
        columns = [name for (name,) in copy.execute("SELECT name FROM pragma_table_info(?)", (table.name,))]
        rows = _Rows(copy, table, columns)
        for _ in rows:
            pass
        copied[str(table.name)] = Copied(columns, rows.count, rows.sha256)
    return Manifest(hub, len(schema.STEPS), __version__, at, heads, copied)


def sign(path: Path, key: keys.SigningKey, form: Form) -> None:
    """Append the last line: no byte before it can be changed unnoticed."""
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0, os.SEEK_END)
        file.write(f"{form.word} {digest} {keys.sign(key, form.purpose, digest.encode())}\n".encode())


class _Rows:
    """The rows of a table in the file, in order of its key, and the hash over those that were read."""

    def __init__(self, copy: sqlite3.Connection, table: Table, columns: list[str]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        order = ", ".join(f'"{column.name}"' for column in table.primary_key)
        self._query = f'SELECT {names} FROM "{table.name}" ORDER BY {order}'  # noqa: S608 (our own names)
        self._copy = copy
        self._hash = hashlib.sha256()
        self.count = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for row in self._copy.execute(self._query):
            self._hash.update(msgspec.msgpack.encode(row))
            self.count += 1
            yield row

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


# --- reading --------------------------------------------------------------------------------------


def restore(path: Path, settings: HubConfig, password: str, progress: Progress = lambda _done, _of: None) -> Manifest:
    """Make the hub of a backup in an empty folder and database: all of it in one transaction, or nothing.

    Raises `backup.taken`, `backup.password`, `backup.damaged`, `backup.newer`, `file.unusable`.
    """
    with opened(path, BACKUP) as (copy, digest, signature):
        manifest, wrapped = _read_manifest(copy, path)
        secret = keys.unwrap(wrapped, password)
        if secret is None:
            raise Problem(BACKUP_PASSWORD)
        key = keys.SigningKey(secret)
        if not keys.is_signed(key.verify_key, BACKUP.purpose, digest.encode(), signature):
            raise Problem(BACKUP_DAMAGED, file=path, reason="it is not as it was signed")
        if manifest.schema > len(schema.STEPS):
            raise Problem(BACKUP_NEWER, file=path)
        told = _Told(progress, sum(one.rows for one in manifest.tables.values()))
        try:
            with founding(settings, key) as tx:
                for table in _TABLES:
                    if table.name in manifest.tables:
                        _copy_in(tx, copy, table, manifest.tables[table.name], path, told)
                for step in schema.STEPS[manifest.schema :]:
                    step(tx)
        except Problem as problem:
            if problem.kind is HUB_EXISTS:
                raise Problem(BACKUP_TAKEN) from None
            raise
    return manifest


class _Told:
    """How far it is, told every now and then."""

    def __init__(self, progress: Progress, of: int) -> None:
        self._progress, self._of, self._done = progress, of, 0

    def more(self, rows: int) -> None:
        self._done += rows
        if self._done % _CHUNK == 0 or self._done == self._of:
            self._progress(self._done, self._of)


@contextmanager
def opened(path: Path, form: Form) -> Iterator[tuple[sqlite3.Connection, str, str]]:
    """A file whose bytes have the hash on its last line: (the database in it, the hash, the signature there).

    Whatever SQLite finds wrong with it is `form.damaged`.
    """
    with files.opened(path) as file:
        if not _is_of(form, file.read(100)):
            raise Problem(form.damaged, file=path, reason="it does not begin as one")
        digest, signature = _read_end(file, path, form)
    try:
        with closing(connect(path)) as copy:
            yield copy, digest, signature
    except sqlite3.Error as error:
        raise Problem(form.damaged, file=path, reason=type(error).__name__) from None


def connect(path: Path) -> sqlite3.Connection:
    """The database in a file that nobody writes to any more, for reading what is there and running nothing."""
    copy = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        copy.execute(f"PRAGMA {pragma}")
    return copy


def _read_end(file: BinaryIO, path: Path, form: Form) -> tuple[str, str]:
    """(hash, signature) of the last line, where the hash is that of all bytes before it."""
    length = file.seek(0, os.SEEK_END) - form.end_length
    file.seek(max(length, 0))
    end = _END.match(file.read())
    if end is None or end[1] != form.word.encode():
        raise Problem(form.damaged, file=path, reason="its end is missing")
    digest = hashlib.sha256()
    file.seek(0)
    for start in range(0, length, _READ):
        digest.update(file.read(min(_READ, length - start)))
    if digest.hexdigest() != end[2].decode():
        raise Problem(form.damaged, file=path, reason="its bytes are not those that were written")
    return end[2].decode(), end[3].decode()


def _read_manifest(copy: sqlite3.Connection, path: Path) -> tuple[Manifest, bytes]:
    """(manifest, wrapped signing key). Nothing but tables may be in the file."""
    kinds = {kind for (kind,) in copy.execute("SELECT type FROM sqlite_master WHERE sql IS NOT NULL")}
    found = copy.execute("SELECT document, key FROM manifest").fetchall()
    if kinds != {"table"} or len(found) != 1:
        raise Problem(BACKUP_DAMAGED, file=path, reason="its manifest is missing")
    ((document, wrapped),) = found
    try:
        return msgspec.json.decode(document, type=Manifest), bytes(wrapped)
    except (msgspec.MsgspecError, TypeError):
        raise Problem(BACKUP_DAMAGED, file=path, reason="its manifest cannot be read") from None


def _copy_in(tx: Connection, copy: sqlite3.Connection, table: Table, copied: Copied, path: Path, told: _Told) -> None:
    """Insert the rows of a table, and see that they were those that the manifest names."""
    flags = [place for place, name in enumerate(copied.columns) if isinstance(table.columns[name].type, Boolean)]
    rows = _Rows(copy, table, copied.columns)

    def typed(row: tuple[Any, ...]) -> tuple[Any, ...]:
        told.more(1)
        if not flags:
            return row
        return tuple(bool(cell) if place in flags and cell is not None else cell for place, cell in enumerate(row))

    append_facts(tx, table, map(typed, rows), copied.columns)
    if (rows.count, rows.sha256) != (copied.rows, copied.sha256):
        raise Problem(BACKUP_DAMAGED, file=path, reason=f"its table {table.name} is not as it was written")
