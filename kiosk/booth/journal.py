"""The journal: an append-only chain of facts in one SQLite file. Sole writer of booth.db."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kiosk.booth import schema
from kiosk.booth.writer import Writer
from kiosk.clock import Clock, stamp
from kiosk.errors import BOOTH_MISSING, BOOTH_UNENROLLED, FACT_CONFLICT, JOURNAL_DAMAGED, Problem
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.reports.amounts import buckets
from kiosk.sync import protocol

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Draft:
    """A fact about to be appended. `id` was made before the request, so that a retry is the same fact."""

    id: str  # 32 hex digits
    body: Body
    by: str  # a volunteer's id, or "visitor"
    blob: bytes | None = None  # the sealed content it names, kept in the same transaction


@dataclass(frozen=True)
class Identity:
    """Who this journal is. Everything after `public_key` is None until the booth is enrolled."""

    journal: str
    public_key: str
    hub_url: str | None
    hello: protocol.Hello | None
    certificate: protocol.Certificate | None
    certificate_document: bytes | None
    notice: protocol.FairNotice | None
    notice_etag: str | None


class Journal:
    """A booth's journal. One per process; reads open their own connection, writes share one writer."""

    def __init__(self, file: Path, clock: Clock) -> None:
        if not file.is_file():
            raise Problem(BOOTH_MISSING)
        self.file = file
        self._uri = f"{file.resolve().as_uri()}?mode=rw"
        self._clock = clock
        self._boot = secrets.token_hex(4)
        schema.make_ready(file)
        self._writer = Writer(file)
        self._readers: list[sqlite3.Connection] = []  # at rest, for whoever reads next
        self._root: bytes | None = None
        self._desk = ""

    @classmethod
    def create(cls, file: Path, clock: Clock, public_key: str) -> "Journal":
        """Make a new journal. Its id belongs to the file: a copy of the file is a fork, and will be seen as one."""
        connection = schema.connect(file)
        try:
            schema.migrate(connection)
            connection.execute(
                "INSERT INTO identity (one, journal, public_key) VALUES (1, ?, ?)",
                (secrets.token_hex(16), public_key),
            )
        finally:
            connection.close()
        return cls(file, clock)

    def close(self) -> None:
        self._writer.close()
        while self._readers:
            self._readers.pop().close()

    # --- who ----------------------------------------------------------------------------------

    def identity(self) -> Identity:
        with self.reading() as connection:
            row = connection.execute(
                "SELECT journal, public_key, hub_url, hello, certificate, notice, notice_etag FROM identity"
            ).fetchone()
        journal, public_key, hub_url, hello, certificate, notice, etag = row
        if certificate is None:
            return Identity(journal, public_key, None, None, None, None, None, None)
        spoken = protocol.parse(protocol.Hello, hello)
        return Identity(
            journal, public_key, hub_url, spoken,
            protocol.read_document(protocol.Certificate, certificate, spoken.verify_key), certificate,
            protocol.read_document(protocol.FairNotice, notice, spoken.verify_key), etag,
        )  # fmt: skip

    def keep_enrolment(self, hub_url: str, hello: bytes, certificate: bytes, notice: bytes, etag: str) -> None:
        """The moment a booth belongs to a fair: the certificate becomes the root of the chain."""
        self._writer.write(
            lambda connection: connection.execute(
                "UPDATE identity SET hub_url = ?, hello = ?, certificate = ?, notice = ?, notice_etag = ?",
                (hub_url, hello, certificate, notice, etag),
            )
        )

    def keep_notice(self, notice: bytes, etag: str) -> None:
        self._writer.write(
            lambda connection: connection.execute("UPDATE identity SET notice = ?, notice_etag = ?", (notice, etag))
        )

    # --- appending ----------------------------------------------------------------------------

    def append(self, *drafts: Draft) -> list[Fact]:
        """Append facts in one transaction; returns them once they are on disk.

        A draft whose id is there already with the same content is the same fact: the stored one comes
        back. With other content: `fact.conflict`, and none of the drafts is kept.
        """
        return self._writer.write(lambda connection: [self._append_one(connection, draft) for draft in drafts])

    def tally(self, draft: Draft, metric: str, day: str) -> int:
        """Append one fact and return the day's new total of `metric`, read in the same transaction."""

        def job(connection: sqlite3.Connection) -> int:
            self._append_one(connection, draft)
            return _day_total(connection, metric, day)

        return self._writer.write(job)

    def _append_one(self, connection: sqlite3.Connection, draft: Draft) -> Fact:
        stored = connection.execute("SELECT line FROM facts WHERE id = ?", (draft.id,)).fetchone()
        if stored is not None:
            return self._same(envelope.decode(stored[0]), draft)
        seq, previous = self._head(connection)
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

    def _head(self, connection: sqlite3.Connection) -> tuple[int, bytes]:
        row = connection.execute("SELECT seq, hash FROM facts ORDER BY seq DESC LIMIT 1").fetchone()
        root = self._load_root(connection)
        return (row[0], row[1]) if row else (0, root)

    def _load_root(self, connection: sqlite3.Connection) -> bytes:
        if self._root is None:
            document, hello = connection.execute("SELECT certificate, hello FROM identity").fetchone()
            if document is None:
                raise Problem(BOOTH_UNENROLLED)
            key = protocol.parse(protocol.Hello, hello).verify_key
            self._desk = protocol.read_document(protocol.Certificate, document, key).desk
            self._root = envelope.root(document)
        return self._root

    # --- reading ------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own for a while. Kept afterwards: to open one costs more than most questions.

        After a problem it is closed instead, lest a half-read answer keep the writer from the file.
        """
        try:
            connection = self._readers.pop()
        except IndexError:
            # Not mode=ro: after a kill the first reader has to roll back what the killed writer left half-done.
            connection = sqlite3.connect(self._uri, timeout=5, isolation_level=None, uri=True, check_same_thread=False)
            connection.execute("PRAGMA query_only = ON")
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._readers.append(connection)

    @property
    def boot(self) -> str:
        """Drawn anew at each start: monotonic times are comparable only within one boot."""
        return self._boot

    def head(self) -> tuple[int, bytes]:
        """(seq, chain hash) of the last fact; (0, root) of an empty journal."""
        with self.reading() as connection:
            return self._head(connection)

    def hash_at(self, seq: int) -> bytes:
        """The chain hash after fact `seq`; 0 is the root."""
        with self.reading() as connection:
            if seq == 0:
                return self._load_root(connection)
            row = connection.execute("SELECT hash FROM facts WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            raise Problem(JOURNAL_DAMAGED, seq=seq)
        return bytes(row[0])

    def lines(self, first: int, count: int) -> list[bytes]:
        """Up to `count` stored lines from seq `first`."""
        with self.reading() as connection:
            rows = connection.execute("SELECT line FROM facts WHERE seq >= ? ORDER BY seq LIMIT ?", (first, count))
            return [row[0] for row in rows]

    def fact(self, fact_id: str) -> Fact | None:
        with self.reading() as connection:
            row = connection.execute("SELECT line FROM facts WHERE id = ?", (fact_id,)).fetchone()
        return envelope.decode(row[0]) if row else None

    def last_of(self, kind: str, since_mono: int) -> list[Fact]:
        """Facts of a kind written by this process since a moment of its own monotonic clock, newest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT line FROM (SELECT * FROM facts ORDER BY seq DESC LIMIT 200) "
                "WHERE kind = ? AND boot = ? AND mono >= ? ORDER BY seq DESC",
                (kind, self._boot, since_mono),
            ).fetchall()
        return [envelope.decode(row[0]) for row in rows]

    def day_totals(self, day: str) -> dict[str, int]:
        """Metric → total of one business day."""
        with self.reading() as connection:
            rows = connection.execute("SELECT metric, sum(n) FROM totals WHERE day = ? GROUP BY metric", (day,))
            return dict(rows.fetchall())

    def totals(self) -> dict[tuple[str, int, str, str], int]:
        with self.reading() as connection:
            rows = connection.execute("SELECT day, hour, desk, metric, n FROM totals WHERE n <> 0")
            return {(day, hour, desk, metric): n for day, hour, desk, metric, n in rows}

    def verify(self) -> int:
        """Walk the whole chain; returns its length. Raises `journal.damaged` at the first fact not as written."""
        with self.reading() as connection:
            previous, expected = self._load_root(connection), 0
            for seq, line, stored in connection.execute("SELECT seq, line, hash FROM facts ORDER BY seq"):
                expected += 1
                previous = envelope.chain(previous, line)
                if seq != expected or previous != stored:
                    raise Problem(JOURNAL_DAMAGED, seq=expected)
        return expected

    # --- sending ------------------------------------------------------------------------------

    def keep_receipt(self, receipt: protocol.Receipt, document: bytes) -> None:
        self._writer.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO receipts (seq, hash, document) VALUES (?, ?, ?)",
                (receipt.seq, bytes.fromhex(receipt.hash), document),
            )
        )

    def receipted(self) -> int:
        """The last seq for which a receipt names the hash this journal has there."""
        with self.reading() as connection:
            return _receipted(connection)

    def unsent(self) -> int:
        """Facts and sealed blobs the hub has not signed for."""
        with self.reading() as connection:
            sent = _receipted(connection)  # first: what is receipted in between must not be subtracted twice
            last, blobs = connection.execute(
                "SELECT (SELECT coalesce(max(seq), 0) FROM facts), (SELECT count(*) FROM blobs WHERE sent = 0)"
            ).fetchone()
            return int(last) - sent + int(blobs)

    def blobs_unsent(self) -> list[tuple[str, bytes]]:
        with self.reading() as connection:
            return connection.execute("SELECT sha256, content FROM blobs WHERE sent = 0").fetchall()

    def blob(self, sha256: str) -> bytes | None:
        with self.reading() as connection:
            row = connection.execute("SELECT content FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
        return row[0] if row else None

    def mark_blob_sent(self, sha256: str) -> None:
        self._writer.write(
            lambda connection: connection.execute("UPDATE blobs SET sent = 1 WHERE sha256 = ?", (sha256,))
        )

    def safety(self) -> dict[str, str]:
        """The settings the writer really works under; they belong to a connection, not to the file."""

        def job(connection: sqlite3.Connection) -> dict[str, str]:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
            level = connection.execute("PRAGMA synchronous").fetchone()[0]
            return {"journal_mode": mode, "synchronous": {2: "full", 3: "extra"}.get(level, "unsafe")}

        return self._writer.write(job)

    # --- small tables beside the chain ----------------------------------------------------------

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


def _receipted(connection: sqlite3.Connection) -> int:
    row = connection.execute(
        "SELECT r.seq FROM receipts r JOIN facts f ON f.seq = r.seq AND f.hash = r.hash ORDER BY r.seq DESC LIMIT 1"
    ).fetchone()
    return int(row[0]) if row else 0


def _day_total(connection: sqlite3.Connection, metric: str, day: str) -> int:
    row = connection.execute("SELECT sum(n) FROM totals WHERE metric = ? AND day = ?", (metric, day)).fetchone()
    return int(row[0] or 0)
