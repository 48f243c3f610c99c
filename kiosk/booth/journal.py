"""The journal: an append-only chain of facts in one SQLite file. Sole writer of booth.db.

A file that is damaged, or older than what this tablet has recorded, is opened all the same: to be read as far as it
can be believed, and never to be written again (`trouble`).
"""

import hashlib
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kiosk import files
from kiosk.booth import folder, schema
from kiosk.booth.audit import Audit, is_blob
from kiosk.booth.schema import Damaged
from kiosk.booth.storage import BIG, ERRORS, Storage, as_problem, is_damage
from kiosk.booth.writer import Writer
from kiosk.clock import Clock, stamp
from kiosk.errors import (
    BOOTH_MISSING,
    BOOTH_REVOKED,
    BOOTH_UNENROLLED,
    FACT_CONFLICT,
    JOURNAL_DAMAGED,
    JOURNAL_LOCKED,
    JOURNAL_NEWER,
    JOURNAL_RESTORED,
    STORAGE_FAILED,
    STORAGE_FULL,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.reports.amounts import Bucket, buckets
from kiosk.sync import protocol
from kiosk.sync.push import Meeting

log = logging.getLogger("kiosk.journal")
_Result = TypeVar("_Result")
#: What reading a document raises where bytes should be and are not.
_UNREADABLE = (AttributeError, TypeError, ValueError)
#: What a person has to deal with before anything can be recorded again. All other problems pass.
_TROUBLES = (JOURNAL_DAMAGED, JOURNAL_NEWER, JOURNAL_RESTORED)
#: What a disk says, and not the file on it: another time it can be read.
_PASSING = (JOURNAL_LOCKED, STORAGE_FAILED, STORAGE_FULL)
_LAST = "(SELECT coalesce(max(seq), 0) FROM facts)"
#: The last fact for which a receipt names the hash it has here.
_RECEIPTED = """coalesce((SELECT r.seq FROM receipts r JOIN facts f ON f.seq = r.seq AND f.hash = r.hash
    ORDER BY r.seq DESC LIMIT 1), 0)"""


class Draft(msgspec.Struct, frozen=True):
    """A fact about to be appended. `id` was made before the request, so that a retry is the same fact."""

    id: str  # 32 hex digits
    body: Body
    by: str  # a volunteer's id, or "visitor"
    blob: bytes | None = None  # the sealed content it names, kept in the same transaction


#: Appends one fact within a transaction.
Append = Callable[[Draft], Fact]
#: What a day has come to: metric → hour → sum.
ByHour = dict[str, dict[int, int]]


class Identity(msgspec.Struct, frozen=True):
    """Who this journal is. Everything after `public_key` is None until the booth is enrolled."""

    journal: str
    public_key: str
    hub_url: str | None
    hello: protocol.Hello | None
    certificate: protocol.Certificate | None
    certificate_document: bytes | None
    notice: protocol.FairNotice | None
    notice_etag: str | None
    head: protocol.Head | None = None  # the last the hub vouched for: canary and cut-off

    @property
    def is_revoked(self) -> bool:
        """The hub withdrew this tablet: nothing more is recorded."""
        return self.head is not None and self.head.cutoff is not None


class Journal:
    """A booth's journal. One per process; reads open their own connection, writes share one writer."""

    def __init__(self, file: Path, clock: Clock, storage: Storage | None = None) -> None:
        """Open, bring up to date and examine. Raises `booth.missing`, `journal.unsafe`, `journal.locked`."""
        if not file.is_file():
            raise Problem(BOOTH_MISSING)
        self.file = file
        self._uri = f"{file.resolve().as_uri()}?mode=rw"
        self._clock = clock
        self._boot = clock.boot
        self._storage = storage or Storage(file.parent)
        self._writer = Writer(file, self._storage, self.refuse_in_trouble, self._as_problem)
        self._readers: list[sqlite3.Connection] = []  # at rest, for whoever reads next
        self._newest: dict[str, tuple[int, Fact | None]] = {}  # kind → seq looked at so far, its last fact up to there
        self._copy: sqlite3.Connection | None = None  # in memory, of an older file; there while this is open
        self._root: bytes | None = None
        self._desk = ""
        self._is_revoked = False
        self._stopping = threading.RLock()
        #: Why nothing is recorded here any more: `journal.damaged`, `journal.restored` or `journal.newer`.
        self.trouble: Problem | None = None
        self._sound: tuple[int, bytes] | None = None  # of a damaged file: the last fact that can be believed
        #: How far this program has brought this branch to a hub that counts another.
        self.left_aside = 0
        self._examine()

    @classmethod
    def create(cls, file: Path, clock: Clock, public_key: str) -> "Journal":
        """Make a new journal. Its id belongs to the file: a copy of the file is a fork, and will be seen as one.

        Raises `storage.full`, `storage.failed` or `journal.locked`, and leaves no file then.
        """
        fresh = file.with_name(f"{file.name}.new")
        folder.open_private(fresh).close()
        try:
            with closing(schema.connect(fresh)) as connection:
                schema.migrate(connection)
                connection.execute(
                    "INSERT INTO identity (one, journal, public_key) VALUES (1, ?, ?)",
                    (secrets.token_hex(16), public_key),
                )
                # Closing would do so too, and say nothing where it cannot; the log does not move with the file.
                if not schema.empty_log(connection):
                    raise TimeoutError
        except (sqlite3.Error, TimeoutError) as error:
            problem = as_problem(error, fresh)  # first: it asks the disk as it is
            for left in file.parent.glob(f"{fresh.name}*"):
                left.unlink()
            raise problem from None
        fresh.replace(file)  # there with all that belongs to it, or not at all
        files.sync_folder(file.parent)
        return cls(file, clock)

    def close(self) -> None:
        with suppress(OSError, Problem):
            self.keep_mark()
        self._writer.close()
        while self._readers:
            self._readers.pop().close()
        if self._copy is not None:
            self._copy.close()

    # --- who ----------------------------------------------------------------------------------

    def identity(self) -> Identity:
        with self.reading() as connection:
            row = connection.execute(
                "SELECT journal, public_key, hub_url, hello, certificate, notice, notice_etag, head FROM identity"
            ).fetchone()
            if row is None:
                raise Damaged("nobody knows whose journal it is")
        journal, public_key, hub_url, hello, certificate, notice, etag, head = row
        if certificate is None:
            return Identity(journal, public_key, None, None, None, None, None, None)
        spoken = protocol.parse(protocol.Hello, hello)
        found = Identity(
            journal, public_key, hub_url, spoken,
            protocol.read_document(protocol.Certificate, certificate, spoken.verify_key), certificate,
            protocol.read_document(protocol.FairNotice, notice, spoken.verify_key), etag,
            protocol.parse(protocol.Head, head) if head else None,
        )  # fmt: skip
        self._is_revoked = found.is_revoked
        return found

    def keep_enrolment(
        self, hub_url: str, hello: bytes, certificate: bytes, notice: bytes, etag: str, head: bytes | None = None
    ) -> None:
        """The moment a booth belongs to a fair: the certificate becomes the root of the chain, for good."""
        self._writer.write(
            lambda connection: connection.execute(
                "UPDATE identity SET hub_url = ?, hello = ?, certificate = ?, notice = ?, notice_etag = ?, head = ?, "
                "pending = NULL WHERE certificate IS NULL",
                (hub_url, hello, certificate, notice, etag, head),
            )
        )

    def keep_head(self, head: bytes) -> None:
        """What the hub vouched for about this tablet. Once withdrawn, it records nothing more."""
        self._note(lambda connection: connection.execute("UPDATE identity SET head = ?", (head,)))
        self._is_revoked = protocol.parse(protocol.Head, head).cutoff is not None

    def pending(self) -> bytes | None:
        """The request to be enrolled that waits for an answer."""
        row = self.read_one("SELECT pending FROM identity WHERE certificate IS NULL")
        return row[0] if row else None

    def keep_pending(self, request: bytes | None) -> None:
        self._writer.write(
            lambda connection: connection.execute(
                "UPDATE identity SET pending = ? WHERE certificate IS NULL", (request,)
            )
        )

    def keep_notice(self, notice: bytes, etag: str) -> None:
        self._note(
            lambda connection: connection.execute("UPDATE identity SET notice = ?, notice_etag = ?", (notice, etag))
        )

    # --- appending ----------------------------------------------------------------------------

    def append(self, *drafts: Draft) -> list[Fact]:
        """Append facts in one transaction; returns them once they are on disk.

        A draft whose id is there already with the same content is the same fact: the stored one comes
        back. With other content: `fact.conflict`, and none of the drafts is kept.
        """
        return self._writer.write(lambda connection: [self._append_one(connection, draft) for draft in drafts])

    def append_in(self, job: Callable[[sqlite3.Connection, Append], _Result]) -> _Result:
        """What `job` makes of the journal at one moment, on disk: it looks, and appends as it goes.

        The function it is handed appends one fact, as `append` does; a problem it raises adds nothing.
        """
        return self._writer.write(lambda connection: job(connection, partial(self._append_one, connection)))

    def append_made(self, make: Callable[[sqlite3.Connection], "Draft | Fact"]) -> Fact:
        """Append a fact drawn from what the journal holds at that very moment; what `make` finds there stays alone."""

        def job(connection: sqlite3.Connection, append: Append) -> Fact:
            made = make(connection)
            return made if isinstance(made, Fact) else append(made)

        return self.append_in(job)

    def append_new(self, *drafts: Draft) -> list[Fact]:
        """As `append`, but a draft whose id is there already is passed over, whatever its content."""

        def job(connection: sqlite3.Connection, append: Append) -> list[Fact]:
            new = [one for one in drafts if stored(connection, one.id) is None]
            return [append(one) for one in new]

        return self.append_in(job)

    def append_once(self, draft: Draft, *others: Draft) -> Fact:
        """Append a fact and others that belong to it, unless its id is there already: then what has it comes back.

        For content that is sealed: sealed again it has other bytes, and is the same all the same. Of two touches one
        is kept. Raises `fact.conflict` where the id is that of a fact of another kind.
        """

        def job(connection: sqlite3.Connection, append: Append) -> Fact:
            before = stored(connection, draft.id)
            if before is None:
                first, *_rest = [append(one) for one in (draft, *others)]
                return first
            if before.kind != REGISTRY.name_of(draft.body):
                raise Problem(FACT_CONFLICT)
            return before

        return self.append_in(job)

    def compare_clocks(self, met: Meeting) -> bool:
        """Note the hub's time, once a boot: from it the true time of every fact of this boot follows."""
        if self.trouble is not None:
            return False

        def job(connection: sqlite3.Connection) -> bool:
            compared = newest(connection, "clock.compared")
            if compared is not None and compared.boot == self._boot:
                return False
            waited = self._clock.monotonic() - met.mono
            hub_at = datetime.fromisoformat(met.hub_at) + timedelta(milliseconds=waited)
            body = ClockCompared(hub_at=stamp(hub_at), rtt_ms=min(met.rtt_ms, 600_000))
            self._append_one(connection, Draft(secrets.token_hex(16), body, "device"))
            return True

        return self._writer.write(job)

    def tally(self, draft: Draft, metrics: Sequence[str], day: str) -> ByHour:
        """Append one fact and return what the day has come to of some metrics, read in the same transaction.

        A touch whose answer was lost may come again after a hand-over: it stays that of whoever made it.
        """

        def job(connection: sqlite3.Connection) -> ByHour:
            try:
                self._append_one(connection, draft)
            except Problem as problem:
                before = stored(connection, draft.id) if problem.kind is FACT_CONFLICT else None
                if before is None or before.by == draft.by:
                    raise
                self._append_one(connection, msgspec.structs.replace(draft, by=before.by))
            return _by_hour(connection, metrics, day)

        return self._writer.write(job)

    def _append_one(self, connection: sqlite3.Connection, draft: Draft) -> Fact:
        before, seq, previous = self._look(connection, draft.id)
        if before is not None:
            return self._same(before, draft)
        if self._is_revoked:
            raise Problem(BOOTH_REVOKED)
        fact = self._fact(draft, seq + 1)
        REGISTRY.read(fact)  # what no reader could count is not acknowledged
        line = envelope.encode(fact)
        connection.execute(
            "INSERT INTO facts (seq, id, kind, at, mono, boot, line, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                fact.seq,
                fact.id,
                fact.kind,
                fact.at,
                fact.mono,
                fact.boot,
                line,
                envelope.chain(previous, line),
            ),
        )
        if draft.blob is not None:
            if len(draft.blob) > BIG:
                self._storage.refuse_unless_ample()
            name = fact.body["blob"]
            connection.execute("INSERT INTO blobs (sha256, content) VALUES (?, ?)", (name, draft.blob))
        for (day, hour, desk, metric), n in buckets(fact).items():
            connection.execute(
                "INSERT INTO totals (day, hour, desk, metric, n) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET n = n + excluded.n",
                (day, hour, desk, metric, n),
            )
        return fact

    def _same(self, stored: Fact, draft: Draft) -> Fact:
        content = (REGISTRY.name_of(draft.body), msgspec.to_builtins(draft.body), draft.by)
        if (stored.kind, stored.body, stored.by) != content:
            raise Problem(FACT_CONFLICT)
        return stored

    def _fact(self, draft: Draft, seq: int) -> Fact:
        kind = REGISTRY.name_of(draft.body)
        return Fact(
            v=REGISTRY.version_of(kind),
            id=draft.id,
            seq=seq,
            kind=kind,
            at=stamp(self._clock.now()),
            mono=self._clock.monotonic(),
            boot=self._boot,
            desk=self._desk,
            by=draft.by,
            body=msgspec.to_builtins(draft.body),
        )

    def _look(self, connection: sqlite3.Connection, fact_id: str) -> tuple[Fact | None, int, bytes]:
        """The fact that has an id, and the head: in one statement, for other threads go on between two."""
        row = connection.execute(
            "SELECT (SELECT line FROM facts WHERE id = ?), seq, hash FROM facts ORDER BY seq DESC LIMIT 1", (fact_id,)
        ).fetchone()
        root = self._load_root(connection)
        line, seq, digest = row or (None, 0, root)
        return (decode(line) if line is not None else None), seq, digest

    def _head(self, connection: sqlite3.Connection) -> tuple[int, bytes]:
        row = connection.execute("SELECT seq, hash FROM facts ORDER BY seq DESC LIMIT 1").fetchone()
        root = self._load_root(connection)
        return (row[0], row[1]) if row else (0, root)

    def _load_root(self, connection: sqlite3.Connection) -> bytes:
        if self._root is None:
            document, hello, head = connection.execute("SELECT certificate, hello, head FROM identity").fetchone()
            if document is None:
                raise Problem(BOOTH_UNENROLLED)
            self._is_revoked = bool(head) and protocol.parse(protocol.Head, head).cutoff is not None
            key = protocol.parse(protocol.Hello, hello).verify_key
            self._desk = protocol.read_document(protocol.Certificate, document, key).desk
            self._root = envelope.root(document)
        return self._root

    # --- whether it can be believed -----------------------------------------------------------

    def refuse_in_trouble(self) -> None:
        """Raises `journal.damaged`, `journal.restored` or `journal.newer` where nothing more is recorded."""
        if self.trouble is not None:
            raise self._again(self.trouble)

    def keep_mark(self) -> None:
        """Note beside the database how far it has come: an older copy put in its place does not hold that.

        Raises `OSError`.
        """
        with self._stopping:
            own = self._own_mark() if self.trouble is None else None
            if own is not None:
                folder.keep_mark(self.file.parent, own)

    def _examine(self) -> None:
        """Before anything is shown or added: is the file what was written, and the one that was here?"""
        try:
            self._make_ready()
            is_stale = self._check_facts()
            self._check_mark()
            if is_stale:
                self._fold_again()
        except Problem as problem:
            if problem.kind not in _TROUBLES:
                raise
            self.trouble = self.trouble or problem
        except Damaged as damage:
            self._stop(str(damage))

    def _make_ready(self) -> None:
        try:
            schema.make_ready(self.file, self._refuse_if_older)
        except Problem as problem:
            if problem.kind is JOURNAL_RESTORED:
                self._read_a_copy()
            if problem.kind is not STORAGE_FULL or not self._storage.make_room():
                raise
            schema.make_ready(self.file, self._refuse_if_older)

    def _refuse_if_older(self, connection: sqlite3.Connection) -> None:
        """As `_check_mark`, of a file of an earlier release, by what every release knows of it."""
        known = folder.read_mark(self.file.parent)
        if known is None:
            return
        who = connection.execute("SELECT journal, certificate FROM identity").fetchone()
        row = connection.execute("SELECT hash FROM facts WHERE seq = ?", (known.seq,)).fetchone()
        journal, certificate = who or ("", None)
        digest = row[0] if row else envelope.root(certificate or b"")  # there is no fact 0
        if journal != known.journal or digest.hex() != known.hash:
            raise Problem(JOURNAL_RESTORED, seq=known.seq)

    def _read_a_copy(self) -> None:
        """The file stays as an earlier release left it; what is read from now on is a copy, brought up to date."""
        uri = f"file:{secrets.token_hex(16)}?mode=memory&cache=shared"
        self._copy = sqlite3.connect(uri, isolation_level=None, uri=True, check_same_thread=False)
        with closing(self._open()) as connection:
            connection.backup(self._copy)
        schema.migrate(self._copy)
        self._uri = uri

    def _check_facts(self) -> bool:
        """The chain and the sealed content. Returns whether the totals are not what the facts add up to."""
        self._check_who()
        with self.reading() as connection:
            root = self._believed_root(connection)
            if root is None:
                return False
            found = Audit(root).walk(connection)
            found.look_at_blobs(connection)
            connection.execute("BEGIN")  # the last facts and the totals of one moment
            found.walk(connection)
            stored = _totals(connection)
            connection.execute("COMMIT")
        if not found.is_whole:
            raise Damaged("a fact or sealed content is not as it was written")
        return not found.are_totals(stored)

    def _check_who(self) -> None:
        """Certificate, keys and notice are signed; whatever does not fit is not what was kept."""
        try:
            who = self.identity()
            enrolled = who.certificate or who
            if (who.journal, who.public_key) != (enrolled.journal, enrolled.public_key):
                raise Damaged("the certificate is for another journal")
        except Problem as problem:
            raise problem if problem.kind in (*_TROUBLES, *_PASSING) else Damaged(problem.code) from None
        except _UNREADABLE as error:
            raise Damaged(type(error).__name__) from None

    def _believed_root(self, connection: sqlite3.Connection) -> bytes | None:
        """The root of the chain; None before there is a certificate."""
        try:
            return self._load_root(connection)
        except Problem as problem:
            if problem.kind is BOOTH_UNENROLLED:
                return None
            raise problem if problem.kind in _PASSING else Damaged(problem.code) from None
        except _UNREADABLE as error:
            raise Damaged(type(error).__name__) from None

    def _fold_again(self) -> None:
        """The facts are sound and the totals are not: the facts decide."""

        def job(connection: sqlite3.Connection) -> None:
            found = Audit(self._load_root(connection)).walk(connection)
            connection.execute("DELETE FROM totals")
            connection.executemany(
                "INSERT INTO totals (day, hour, desk, metric, n) VALUES (?, ?, ?, ?, ?)",
                [(*bucket, n) for bucket, n in found.totals.items() if n],
            )

        self._writer.write(job)
        log.warning("the totals were not what the facts add up to, and were folded again")

    def _check_mark(self) -> None:
        known, own = folder.read_mark(self.file.parent), self._own_mark()
        if known is None:
            with suppress(OSError):
                self.keep_mark()
            return
        if own is None or known.journal != own.journal or not self._holds(known):
            raise Problem(JOURNAL_RESTORED, seq=known.seq)
        if known.enrolment != own.enrolment:
            raise Damaged("the hub's keys are not those of the enrolment")

    def _own_mark(self) -> folder.Mark | None:
        """Where the journal is now; None before there is a certificate."""
        identity = self.identity()
        if identity.hello is None or identity.certificate_document is None:
            return None
        seq, digest = self.head()
        enrolment = hashlib.sha256(identity.certificate_document + identity.hello.fingerprint).hexdigest()
        return folder.Mark(identity.journal, enrolment, seq, digest.hex()).sealed()

    def _holds(self, mark: folder.Mark) -> bool:
        return mark.seq <= self.head()[0] and self.hash_at(mark.seq).hex() == mark.hash

    def _stop(self, reason: str) -> Problem:
        """The file is damaged: find out how far it can be believed, and write to it no more."""
        with self._stopping:
            if self.trouble is None or self.trouble.kind is JOURNAL_RESTORED:
                self._sound = self._find_sound()
                self.trouble = Problem(JOURNAL_DAMAGED, seq=self._sound[0] + 1)
                log.error("the journal is damaged (%s) and sound up to fact %d", reason, self._sound[0])
            return self._again(self.trouble)

    def _find_sound(self) -> tuple[int, bytes]:
        try:
            with closing(self._open()) as connection:
                found = Audit(self._believed_root(connection) or b"").walk(connection)
                return found.seq, found.hash
        except (Damaged, *ERRORS):
            return 0, b""

    def _as_problem(self, error: BaseException) -> BaseException:
        if isinstance(error, Damaged) or is_damage(error):
            return self._stop(str(error))
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR and not self._is_complete():
            return self._stop("tables are gone")
        return as_problem(error, self.file)

    def _is_complete(self) -> bool:
        """Whether a statement failed on its own account, and not because the file lost a table."""
        try:
            with closing(self._open()) as connection:
                schema.assert_complete(connection)
        except (Damaged, *ERRORS):
            return False
        return True

    @staticmethod
    def _again(problem: Problem) -> Problem:
        """A problem to raise once: several threads may meet the same one."""
        return Problem(problem.kind, **problem.details)

    # --- reading ------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        # Not mode=ro: after a kill the first reader has to roll back what the killed writer left half-done.
        connection = sqlite3.connect(self._uri, timeout=5, isolation_level=None, uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own for a while. Kept afterwards: to open one costs more than most questions.

        After a problem it is closed instead, lest a half-read answer keep the writer from the file.
        """
        if self.trouble is not None and self.trouble.kind is JOURNAL_NEWER:
            raise self._again(self.trouble)
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._open()
        try:
            yield connection
        except BaseException as error:  # noqa: BLE001 (raised again, or what it means)
            connection.close()
            raise self._as_problem(error) from None
        self._readers.append(connection)

    @property
    def boot(self) -> str:
        """Of the machine: monotonic times are comparable only within one boot."""
        return self._boot

    def head(self) -> tuple[int, bytes]:
        """(seq, chain hash) of the last fact; (0, root) of an empty journal. Of a damaged one the last sound fact's."""
        if self._sound is not None:
            return self._sound
        with self.reading() as connection:
            return self._head(connection)

    def hash_at(self, seq: int) -> bytes:
        """The chain hash after fact `seq`; 0 is the root."""
        with self.reading() as connection:
            if seq == 0:
                return self._load_root(connection)
            row = connection.execute("SELECT hash FROM facts WHERE seq = ?", (seq,)).fetchone()
        if row is None or (self._sound is not None and seq > self._sound[0]):
            raise Problem(JOURNAL_DAMAGED, seq=seq)
        return bytes(row[0])

    def lines(self, first: int, count: int) -> list[bytes]:
        """Up to `count` stored lines from seq `first`; of a damaged journal only sound ones."""
        if self._sound is not None:
            count = min(count, self._sound[0] - first + 1)
        if count <= 0:
            return []
        with self.reading() as connection:
            rows = connection.execute("SELECT line FROM facts WHERE seq >= ? ORDER BY seq LIMIT ?", (first, count))
            return [row[0] for row in rows]

    def fact(self, fact_id: str) -> Fact | None:
        with self.reading() as connection:
            return stored(connection, fact_id)

    def of_kind(self, kind: str) -> list[Fact]:
        """All facts of a kind, in order."""
        with self.reading() as connection:
            return of_kind(connection, kind)

    def by_hour(self, metrics: Sequence[str], day: str) -> ByHour:
        """What one business day has come to of some metrics; without those of which nothing was counted."""
        with self.reading() as connection:
            return _by_hour(connection, metrics, day)

    def newest(self, kind: str) -> Fact | None:
        """The last fact of a kind. Looked for only among facts appended since it was last asked for."""
        seen, fact = self._newest.get(kind, (0, None))
        with self.reading() as connection:
            # First: what another program appends in between is looked at again the next time.
            last = connection.execute(f"SELECT {_LAST}").fetchone()[0]
            if last != seen:
                fact = newest(connection, kind, seen) or fact
        self._newest[kind] = (last, fact)
        return fact

    def last_of(self, kind: str, since_mono: int) -> list[Fact]:
        """Facts of a kind written by this process since a moment of its own monotonic clock, newest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT line FROM (SELECT * FROM facts ORDER BY seq DESC LIMIT 200) "
                "WHERE kind = ? AND boot = ? AND mono >= ? ORDER BY seq DESC",
                (kind, self._boot, since_mono),
            ).fetchall()
            return [decode(row[0]) for row in rows]

    def day_totals(self, day: str) -> dict[str, int]:
        """Metric → total of one business day."""
        self.refuse_in_trouble()
        with self.reading() as connection:
            rows = connection.execute("SELECT metric, sum(n) FROM totals WHERE day = ? GROUP BY metric", (day,))
            return dict(rows.fetchall())

    def totals(self) -> dict[Bucket, int]:
        self.refuse_in_trouble()
        with self.reading() as connection:
            return {bucket: n for bucket, n in _totals(connection).items() if n}

    def verify(self) -> int:
        """Walk the whole chain; returns its length. Raises `journal.damaged` at the first fact not as written."""
        with self.reading() as connection:
            found = Audit(self._load_root(connection)).walk(connection)
        if not found.is_whole:
            raise Problem(JOURNAL_DAMAGED, seq=found.seq + 1)
        return found.seq

    def sound_prefix(self) -> int:
        """The last fact up to which the journal is as it was written. In the end that is all that can be sent."""
        return self.head()[0]

    # --- sending ------------------------------------------------------------------------------

    def keep_receipt(self, receipt: protocol.Receipt, document: bytes) -> None:
        self._note(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO receipts (seq, hash, document) VALUES (?, ?, ?)",
                (receipt.seq, bytes.fromhex(receipt.hash), document),
            )
        )
        with suppress(OSError, Problem):  # a full disk, a busy file; the next receipt will do
            self.keep_mark()

    def receipted(self) -> int:
        """The last seq for which a receipt names the hash this journal has there."""
        with self.reading() as connection:
            return int(connection.execute(f"SELECT {_RECEIPTED}").fetchone()[0])

    def unsent(self) -> int:
        """Facts and sealed blobs the hub has not signed for; of a damaged journal those that can still be sent."""
        if self._sound is not None:
            return self._sound[0] + len(self.unsent_names())
        with self.reading() as connection:
            # In one statement: what is receipted meanwhile is not subtracted twice.
            query = f"SELECT {_LAST} - {_RECEIPTED} + (SELECT count(*) FROM blobs WHERE sent = 0)"  # noqa: S608 (our own words)
            return int(connection.execute(query).fetchone()[0])

    def unsent_names(self) -> list[str]:
        """Of the sealed content that is to be sent: the photos of a whole day may be more than memory holds."""
        if self._sound is not None:
            return [name for name, _ in self._sound_blobs()]
        with self.reading() as connection:
            return [row[0] for row in connection.execute("SELECT sha256 FROM blobs WHERE sent = 0")]

    def _sound_blobs(self, name: str | None = None) -> list[tuple[str, bytes]]:
        """Of a damaged journal the unsent blobs, or the one of a name: what can be read and is what its name says."""
        found: list[tuple[str, bytes]] = []
        statement = "SELECT sha256, content FROM blobs NOT INDEXED WHERE sent = 0 OR sha256 = ?"
        with suppress(*ERRORS), closing(self._open()) as connection:
            for sha256, content in connection.execute(statement, (name,)):
                if is_blob(sha256, content) and name in (None, sha256):
                    found.append((sha256, content))
        return found

    def blob(self, sha256: str) -> bytes | None:
        if self._sound is not None:
            return dict(self._sound_blobs(sha256)).get(sha256)
        with self.reading() as connection:
            row = connection.execute("SELECT content FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
        return row[0] if row and is_blob(sha256, row[0]) else None

    def mark_blob_sent(self, sha256: str) -> None:
        self._note(lambda connection: connection.execute("UPDATE blobs SET sent = 1 WHERE sha256 = ?", (sha256,)))

    def mark_blob_missing(self, sha256: str) -> None:
        """The hub lacks it, though it may have had it once: this is the only copy."""
        self._note(lambda connection: connection.execute("UPDATE blobs SET sent = 0 WHERE sha256 = ?", (sha256,)))

    def drop_sent_blobs(self) -> int:
        """Delete the sealed content that the hub has; returns how many. Facts keep its hashes, so no chain breaks."""
        return self._writer.write(lambda connection: connection.execute("DELETE FROM blobs WHERE sent = 1").rowcount)

    def safety(self) -> dict[str, str]:
        """The settings the writer really works under; they belong to a connection, not to the file."""

        def job(connection: sqlite3.Connection) -> dict[str, str]:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
            level = connection.execute("PRAGMA synchronous").fetchone()[0]
            return {"journal_mode": mode, "synchronous": {2: "full", 3: "extra"}.get(level, "unsafe")}

        return self._writer.write(job)

    # --- small tables beside the chain ----------------------------------------------------------

    def _note(self, job: Callable[[sqlite3.Connection], object]) -> None:
        """Keep what was learnt while sending; in trouble the file stays as it is, and is learnt again."""
        if self.trouble is None:
            self._writer.write(job)

    def write(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """One statement on a table beside the chain (drafts, PIN lock); returns the rows it touched."""
        return self._writer.write(lambda connection: connection.execute(statement, parameters).rowcount)

    def transact(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Read and write tables beside the chain in one transaction."""
        return self._writer.write(job)

    def read_one(self, statement: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        with self.reading() as connection:
            row = connection.execute(statement, parameters).fetchone()
        return tuple(row) if row else None


def newest(connection: sqlite3.Connection, kind: str, after: int = 0) -> Fact | None:
    row = connection.execute(
        "SELECT line FROM facts WHERE kind = ? AND seq > ? ORDER BY seq DESC LIMIT 1", (kind, after)
    ).fetchone()
    return decode(row[0]) if row else None


def stored(connection: sqlite3.Connection, fact_id: str) -> Fact | None:
    """The fact that has an id."""
    row = connection.execute("SELECT line FROM facts WHERE id = ?", (fact_id,)).fetchone()
    return decode(row[0]) if row else None


def of_kind(connection: sqlite3.Connection, kind: str, after: int = 0) -> list[Fact]:
    """All facts of a kind after a place, in order."""
    query = "SELECT line FROM facts WHERE kind = ? AND seq > ? ORDER BY seq"
    return [decode(line) for (line,) in connection.execute(query, (kind, after))]


def _by_hour(connection: sqlite3.Connection, metrics: Sequence[str], day: str) -> ByHour:
    marks = ", ".join("?" * len(metrics))
    query = f"SELECT metric, hour, sum(n) FROM totals WHERE metric IN ({marks}) AND day = ? GROUP BY metric, hour"  # noqa: S608 (marks alone)
    found: ByHour = {}
    for metric, hour, n in connection.execute(query, (*metrics, day)):
        found.setdefault(metric, {})[hour] = n
    return found


def _totals(connection: sqlite3.Connection) -> dict[Bucket, int]:
    try:
        rows = connection.execute("SELECT day, hour, desk, metric, n FROM totals").fetchall()
    except ERRORS as error:
        if getattr(error, "sqlite_errorcode", None) is not None:
            raise
        return {}  # text that is no text: surely not what the facts add up to
    return {(day, hour, desk, metric): n for day, hour, desk, metric, n in rows}


def decode(line: bytes) -> Fact:
    """A line of our own: if it cannot be read, it is not what was written."""
    try:
        return envelope.decode(line)
    except Problem as problem:
        raise Damaged(problem.code) from None
