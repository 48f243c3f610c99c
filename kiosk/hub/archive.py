"""What a hub counted, as one file for outsiders, and whether it holds: whoever has the file checks it, without the hub.

In it is every fact as it was received, what vouches for it and what was made of it: certificates, signatures of
tablets, totals, read models, frozen versions. No password, no key and nothing sealed is, so nothing of whoever visited
or complained; who worked there is named as in the facts and versions. The hub signs the whole; whoever wants to be sure
which hub that was compares its fingerprint.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Table, create_engine, or_, select, true
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from kiosk import __version__, files
from kiosk.clock import stamp
from kiosk.errors import ARCHIVE_DAMAGED, ARCHIVE_RELEASE, ARCHIVE_SIGNER, Problem
from kiosk.hub import audit, backup, entries, lives, marks, rehearsals, schema
from kiosk.hub.audit import Held, Standing
from kiosk.hub.backup import Form
from kiosk.hub.context import Hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import (
    case_states,
    choices,
    complaints,
    contents,
    decisions,
    desk_totals,
    devices,
    facts,
    fairs,
    forks,
    identity,
    journals,
    leaderboard,
    metadata,
    openings,
    statements,
    summary_words,
    totals,
)
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate
from kiosk.values import Id, Moment

ARCHIVE = Form("kiosk-archive/1", 0x4B333141, ARCHIVE_DAMAGED)  # K31A
SUFFIX = ".kiosk-archive"
#: Whose rows are chosen by their journal, and whose by their fair.
_BY_JOURNAL = (
    journals, facts, forks, totals, desk_totals, devices, complaints, openings, contents, leaderboard, decisions,
    choices, case_states, *entries.TABLES, *lives.TABLES,
)  # fmt: skip
_BY_FAIR = (statements, summary_words)
_TABLES = (identity, fairs, *_BY_JOURNAL, *_BY_FAIR)
#: What goes along of a table in no case: the first thing a tablet sealed.
_LEFT_OUT: Mapping[str, tuple[str, ...]] = {"devices": ("canary",)}
_CHUNK = 2_000  # rows held in memory at a time
#: Whoever signs a file may have put anything into a column; of a hub's own none of these ever comes.
_NONSENSE = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, SQLAlchemyError)


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file is."""

    hub: Id
    schema: int
    version: str  # of the program that wrote it
    at: Moment
    fair: str  # the only one in it; "" for all


class Written(msgspec.Struct, frozen=True):
    path: Path
    facts: int
    size: int


# --- writing --------------------------------------------------------------------------------------


def write(here: Hub, target: Path, fair: str | None = None) -> Written:
    """Write an archive of one fair, or of all, while the hub goes on. `target` is a file, or a folder for one.

    Raises `fair.unknown`, `file.taken` for a file that is no archive, `file.full`.
    """
    now = here.clock.now()
    path = target / f"{fair or here.id[:8]}-{stamp(now)[:10]}{SUFFIX}" if target.is_dir() else target
    backup.refuse_other(path, ARCHIVE)
    with files.written(path) as file, backup.disk_errors():
        so_far = Path(file.name)
        with closing(backup.new(so_far, ARCHIVE, metadata.sorted_tables)) as copy:
            with here.store.reading() as tx:
                chosen = find_fair(tx, fair).id if fair else ""
                count = _copy(tx, copy, chosen)
            notice = Notice(here.id, len(schema.STEPS), __version__, stamp(now), chosen)
            copy.execute(_NOTICE)
            copy.execute("INSERT INTO notice VALUES (?)", (msgspec.json.encode(notice),))
        marks.append(so_far)
        backup.sign(so_far, here.key, ARCHIVE)
    return Written(path, count, path.stat().st_size)


_NOTICE = "CREATE TABLE notice (document BLOB NOT NULL)"


def _copy(tx: Connection, copy: sqlite3.Connection, fair: str) -> int:
    """How many facts were copied."""
    copy.execute("BEGIN")
    count = 0
    for table in _TABLES:
        query = select(table).where(_chosen(table, fair))
        for rows in tx.execute(query, execution_options={"yield_per": _CHUNK}).partitions():
            backup.insert(copy, table, [_without(table, row) for row in rows])
            count += len(rows) if table is facts else 0
    copy.execute("COMMIT")
    return count


def _chosen(table: Table, fair: str) -> ColumnElement[bool]:
    if not fair or table is identity:
        return true()
    if table is fairs:
        return fairs.c.id == fair
    if table in _BY_FAIR:
        return table.c.fair == fair
    of_fair = [fair, rehearsals.aside(fair), rehearsals.reports(fair)]
    return table.c.journal.in_(select(journals.c.journal).where(or_(journals.c.fair.in_(of_fair))))


def _without(table: Table, row: Row[Any]) -> Sequence[Any]:
    left_out = _LEFT_OUT.get(table.name, ())
    return [None if column.name in left_out else cell for column, cell in zip(table.columns, row, strict=True)]


# --- checking -------------------------------------------------------------------------------------


class Verdict(msgspec.Struct, frozen=True):
    """What an outsider finds."""

    notice: Notice
    fingerprint: str
    standing: Standing
    faults: list[str]


def verify(path: Path, fingerprint: str = "", progress: audit.Progress = lambda _done, _of: None) -> Verdict:
    """Check a file against nothing but itself: its bytes, its hub's signature, chains, signatures, totals, versions.

    Raises `archive.damaged`, which says where; `archive.signer` where a `fingerprint` was named and it is another
    hub's; `archive.release` where another release of the program wrote it.
    """
    try:
        return _verified(path, fingerprint, progress)
    except Problem as problem:
        if problem.kind is not ARCHIVE_DAMAGED:
            raise
        reasons = [str(problem.details["reason"]), *_places(path), *_readable_faults(path)]
        raise Problem(ARCHIVE_DAMAGED, file=path, reason="; ".join(reasons)) from None


def _verified(path: Path, fingerprint: str, progress: audit.Progress) -> Verdict:
    with backup.opened(path, ARCHIVE) as (copy, digest, signature):
        notice = _read_notice(copy, path)
        key, found = _signer(copy, path)
        if not keys.is_signed(key, ARCHIVE.purpose, digest.encode(), signature):
            raise Problem(ARCHIVE_DAMAGED, file=path, reason="it is not as its hub signed it")
        wanted = "".join(fingerprint.split()).lower()
        if wanted and found != wanted:
            raise Problem(ARCHIVE_SIGNER, file=path, fingerprint=fingerprint)
        _refuse_other_tables(copy, notice, path)
    with closing(_Copy(path)) as store:
        try:
            faults = list(audit.recorded_faults(Held(store, notice.hub, key), progress))
            with store.reading() as tx:
                standing = audit.standing(tx)
        except _NONSENSE:
            raise Problem(ARCHIVE_DAMAGED, file=path, reason="its rows make no sense") from None
    return Verdict(notice, found, standing, faults)


def _read_notice(copy: sqlite3.Connection, path: Path) -> Notice:
    try:
        ((document,),) = copy.execute("SELECT document FROM notice").fetchall()
        return msgspec.json.decode(document, type=Notice)
    except (sqlite3.Error, ValueError, TypeError):
        raise Problem(ARCHIVE_DAMAGED, file=path, reason="it does not say what it is") from None


def _signer(copy: sqlite3.Connection, path: Path) -> tuple[keys.VerifyKey, str]:
    """The key and the fingerprint of the hub whose certificate, signed by itself, is in the file."""
    try:
        ((certificate, sealing),) = copy.execute("SELECT certificate, sealing_key FROM identity").fetchall()
        claimed = msgspec.json.decode(bytes(certificate).partition(b"\n")[0].partition(b" ")[2], type=Certificate)
        key = keys.VerifyKey(bytes.fromhex(claimed.public_key))
        protocol.read_document(Certificate, bytes(certificate), key)  # it is signed with the key it names
        return key, keys.fingerprint(key, keys.PublicKey(bytes.fromhex(sealing))).hex()
    except (sqlite3.Error, ValueError, TypeError, Problem):
        raise Problem(ARCHIVE_DAMAGED, file=path, reason="it does not say whose it is") from None


def _refuse_other_tables(copy: sqlite3.Connection, notice: Notice, path: Path) -> None:
    """Nothing is in the file but our tables, written as this release writes them."""
    if (notice.schema, notice.version) != (len(schema.STEPS), __version__):
        raise Problem(ARCHIVE_RELEASE, file=path, version=notice.version)
    found = {sql for (sql,) in copy.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    if found != {_NOTICE, *(backup.sentence_of(table) for table in metadata.sorted_tables)}:
        raise Problem(ARCHIVE_DAMAGED, file=path, reason="there is more or less in it than an archive has")


class _Copy:
    """The tables in the file, as a hub's are read."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine("sqlite://", creator=lambda: backup.connect(path), poolclass=StaticPool)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.connect() as tx:
            yield tx

    def close(self) -> None:
        self._engine.dispose()


# --- where it was changed ---------------------------------------------------------------------

_TOLD = 5  # places, and faults
_CALLED = {"marks": "the marks of its pages", "end": "its end", "missing": "which are missing"}


def _places(path: Path) -> Iterator[str]:
    """Which bytes of a damaged file are not those that were written, and of which table they are."""
    spans = marks.changed(path, ARCHIVE.end_length)
    names = _tables_at(path, {span.page for span in spans[:_TOLD] if span.what == "page"})
    for span in spans[:_TOLD]:
        of = _CALLED.get(span.what) or names.get(span.page) or "no table"
        yield f"bytes {span.start} to {span.stop - 1}, {of}"
    if len(spans) > _TOLD:
        yield f"and {len(spans) - _TOLD} pages more"


def _tables_at(path: Path, pages: set[int]) -> Mapping[int, str]:
    """Page → table, as far as the damaged file can still tell, and SQLite knows how to ask it."""
    try:
        with closing(backup.connect(path)) as copy:
            rows = copy.execute("SELECT pageno, name FROM dbstat").fetchall()
    except sqlite3.Error:
        return {}
    return {page: name for page, name in rows if page in pages}


def _readable_faults(path: Path) -> Iterator[str]:
    """What does not fit in what can still be read of a damaged file."""
    try:
        with closing(backup.connect(path)) as copy:
            notice, (key, _) = _read_notice(copy, path), _signer(copy, path)
        with closing(_Copy(path)) as store:
            yield from islice(audit.recorded_faults(Held(store, notice.hub, key)), _TOLD)
    except (Problem, sqlite3.Error, *_NONSENSE):
        return


# --- in words -------------------------------------------------------------------------------------


_FAULTS_TOLD = 30  # what else there is would make it more than a page


def page(path: Path, verdict: Verdict) -> str:
    """One page that says what holds, in Chinese and in English."""
    notice = verdict.notice
    lines = [
        f"{path.name}: {notice.fair or '全部活动 / all fairs'}, {notice.at[:16].replace('T', ' ')}, {notice.version}",
        f"汇总端 / hub {notice.hub}",
        f"指纹 / fingerprint {' '.join(verdict.fingerprint[at : at + 8] for at in range(0, 64, 8))}",
        "  请与汇总端公布的指纹逐段核对。 / Compare it with the one the hub made known.",
        "",
        "文件：和汇总端签名时一个字节不差。",
        "  The file is byte for byte what the hub signed.",
    ]
    if not verdict.faults:
        return "\n".join([*lines, *audit.sentences(verdict.standing)])
    count = len(verdict.faults)
    told = [f"  {fault}" for fault in verdict.faults[:_FAULTS_TOLD]]
    more = [f"  …… 还有 {count - len(told)} 处。 / and {count - len(told)} more."] if count > len(told) else []
    return "\n".join([*lines, f"发现 {count} 处问题：", f"  There are {count} faults:", *told, *more])
