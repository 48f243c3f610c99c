"""Checking that nothing was changed: every row against the signed and chained bytes it was made from.

One journal at a time, each in a snapshot of its own and read some thousand facts at a time, so that intake goes on
beside it and the size of a fair costs time, not memory.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Row, Select, Table, bindparam, exists, func, select

from kiosk.clock import BEIJING
from kiosk.errors import Problem
from kiosk.facts import clocks, envelope
from kiosk.facts.cases import CaseOpened, Step
from kiosk.facts.clocks import Clocks
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.contents import KINDS, named_by
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.leaderboard import BoardJoined
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import (
    answers,
    branches,
    decisions,
    entries,
    judging,
    lives,
    rehearsals,
    retention,
    statements,
    totals,
    upward,
)
from kiosk.hub.context import Hub
from kiosk.hub.fairs import all_fairs
from kiosk.hub.journal import own_journal, own_journals
from kiosk.hub.tables import (
    blobs,
    case_states,
    choices,
    complaints,
    contents,
    desk_totals,
    devices,
    erased,
    facts,
    forks,
    identity,
    item_folds,
    journals,
    leaderboard,
    openings,
)
from kiosk.hub.tables import decisions as verdicts
from kiosk.hub.tables import totals as totals_table
from kiosk.reports.amounts import Bucket, buckets
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import BatchHeader, Certificate

Progress = Callable[[int, int], None]
_NO_END = 2**63 - 1  # after every place in a journal
_CHUNK = 2_000  # facts held in memory at a time
_BLOBS = 8  # sealed blobs held in memory at a time
_VERSIONS_TOLD = 12  # frozen versions that are named, the latest: all is to fit a page
#: So long after a fair a tablet has had every chance to bring the content of its complaints.
_LATE = timedelta(days=7)
_ENTRY_KINDS = frozenset(name for name in REGISTRY.names() if REGISTRY.shape_of(name) in entries.BODIES)


class Shelf(Protocol):
    """Where the rows stand: the hub's database, or an archive of it."""

    def reading(self) -> AbstractContextManager[Connection]: ...


class Held(msgspec.Struct, frozen=True):
    """What is looked at, and by whom it was signed. All that takes is a public key."""

    store: Shelf
    hub: str
    key: keys.VerifyKey


def faults(here: Hub, progress: Progress = lambda _done, _of: None) -> Iterator[str]:
    """Every fault there is, one sentence each, while the search goes on. `progress` is told facts done and in all."""
    yield from recorded_faults(Held(here.store, here.id, here.key.verify_key), progress)
    with here.store.reading() as tx:
        fairs = [fair.id for fair in all_fairs(tx)]
    for fair in fairs:
        yield from answers.faults(here.store, fair)
    yield from _blob_faults(here)
    with here.store.reading() as tx:
        found = [*_missing_faults(tx, here), *_erasure_faults(tx), *upward.faults(tx, here)]
    yield from found


def recorded_faults(held: Held, progress: Progress = lambda _done, _of: None) -> Iterator[str]:
    """The same of what was recorded, folded and frozen: all but what is sealed, passing, or of the way up."""
    with held.store.reading() as tx:
        names = list(tx.execute(select(journals.c.journal).order_by(journals.c.journal)).scalars())
        fairs = [fair.id for fair in all_fairs(tx)]
        of = int(tx.execute(select(func.coalesce(func.sum(journals.c.seq), 0))).scalar_one())
        found = [*_identity_faults(tx, held), *_orphans(tx), *totals.desk_faults(tx)]
    yield from found
    done = 0
    for journal in names:
        with held.store.reading() as tx:
            audit = _Audit(tx, held, journal)
            yield from audit.faults()
        done += audit.held.seq
        progress(min(done, of), of)
    with held.store.reading() as tx:
        found = [f"fair {fair}: {fault}" for fair in fairs for fault in statements.faults(tx, fair)]
    yield from found


class Standing(msgspec.Struct, frozen=True):
    """How much there is that was checked."""

    journals: int
    facts: int  # that are counted
    tablets: int  # journals of tablets that hold any
    signed: int  # of them, of whose batch that was joined on last the signature is kept, and so was checked again
    sealed: int  # blobs; in an archive there are none
    versions: Sequence[tuple[str, int, str, str]]  # fair, number, moment, digest


def standing(tx: Connection) -> Standing:
    rows = tx.execute(select(journals.c.seq, journals.c.seal, devices.c.device).join(
        devices, devices.c.journal == journals.c.journal, isouter=True)).all()  # fmt: skip
    tablets = [row for row in rows if row.device is not None and row.seq]
    signed = sum(row.seal is not None for row in tablets)
    found = [(fair.id, one.number, one.at, one.digest) for fair in all_fairs(tx) for one in statements.versions(
        tx, fair.id)]  # fmt: skip
    sealed = tx.execute(select(func.count()).select_from(blobs)).scalar_one()
    return Standing(len(rows), sum(row.seq for row in rows), len(tablets), signed, sealed, found)


def chain_of(fault: str) -> str | None:
    """The journal that a sentence of `faults` names; None where it is of something else."""
    return fault.partition(":")[0].removeprefix("journal ") if fault.startswith("journal ") else None


def walked(standing: Standing, unsound: int) -> list[str]:
    """What was looked at where faults were found, some of them in `unsound` chains, in Chinese and in English."""
    sound, versions = max(0, standing.journals - unsound), len(standing.versions)
    return [
        f"核过：{standing.journals} 条链、{standing.facts} 条记录，其中 {sound} 条链没有问题；",
        f"  平板 {standing.tablets} 台，密封内容 {standing.sealed} 份，定稿 {versions} 个版本。",
        f"  Looked at: {standing.journals} chains of {standing.facts} facts, of which {sound} chains are in order;",
        f"  {standing.tablets} tablets, {standing.sealed} sealed contents, {versions} frozen versions.",
    ]


def sentences(standing: Standing) -> list[str]:
    """What holds where no fault was found, one matter after another, in Chinese and in English."""
    found, unsigned = standing, standing.tablets - standing.signed
    lines = [
        f"流水：{found.journals} 条链、{found.facts} 条记录，从头到尾连得上。",
        f"  Chains: {found.journals}, of {found.facts} facts, unbroken from root to end.",
        f"签名：{found.tablets} 台平板的证书相符；最后接上的一批，签名验过 {found.signed} 台，没留下 {unsigned} 台。",
        f"  Signatures: {found.tablets} tablets' certificates fit; of {found.signed} the signature of the batch",
        f"  that was joined on last was checked again, of {unsigned} none was kept.",
        *_WHY_UNSIGNED[: 2 * bool(unsigned)],
        "合计：每个合计都等于它的记录之和；登记表的每一行都和记录一致。",
        "  Totals: every one is the sum of its facts, and every row of a register says what its fact says.",
    ]
    if found.sealed:
        lines += [
            f"密封内容：{found.sealed} 份，一个字节不差。",
            f"  Sealed content: {found.sealed}, each byte for byte what its name is the hash of.",
        ]
    lines += [
        f"定稿：{len(found.versions)} 个版本，和定稿时一样；总结改过的文字，和记下时一样。",
        f"  Frozen versions: {len(found.versions)}, as they were frozen; edited words as they were written.",
    ]
    older = len(found.versions) - _VERSIONS_TOLD
    if older > 0:
        lines.append(f"  （较早的 {older} 个版本不逐一列出。 / {older} older ones are not listed.）")
    latest = sorted(found.versions, key=lambda version: version[2])[-_VERSIONS_TOLD:]
    return lines + [f"  {fair} v{number} {at[:16].replace('T', ' ')} {digest}" for fair, number, at, digest in latest]


_WHY_UNSIGNED = (
    "  （没留下的：流水分叉过，或由旧版程序收下；其余各项照样核过。）",
    "  (None is kept where a journal forked, or an older release took it in; all else was checked there too.)",
)


# --- who everybody is -----------------------------------------------------------------------------


def _identity_faults(tx: Connection, held: Held) -> Iterator[str]:
    document = bytes(tx.execute(select(identity.c.certificate)).scalar_one())
    try:
        certificate = protocol.read_document(Certificate, document, held.key)
    except Problem as problem:
        yield f"the hub's own certificate is not signed by its key ({problem.code})"
        return
    if (certificate.hub, certificate.public_key) != (held.hub, bytes(held.key).hex()):
        yield "the hub's own certificate is for another hub"


_OF_JOURNALS = (
    facts, forks, totals_table, desk_totals, item_folds, complaints, contents, openings, leaderboard, devices, verdicts,
    choices, *entries.TABLES, *lives.TABLES, case_states,
)  # fmt: skip


def _orphans(tx: Connection) -> Iterator[str]:
    for table in _OF_JOURNALS:
        unknown = ~exists().where(journals.c.journal == table.c.journal)
        for name in tx.execute(select(table.c.journal).where(unknown).distinct()).scalars():
            yield f"journal {name}: it stands in {table.name} and is no journal of this hub"


# --- one journal ----------------------------------------------------------------------------------


class _Audit:
    """One journal, followed from its root: first what was received, then what was made of it."""

    def __init__(self, tx: Connection, subject: Held, journal: str) -> None:
        self._tx = tx
        self._subject = subject
        self.held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
        self._device = tx.execute(select(devices).where(devices.c.journal == journal)).one_or_none()
        self._judge = judging.judge_of(tx, journal)
        self._clocks = Clocks()
        self._read: list[Fact] | None = []  # of a short journal, so that it is decoded once only

    def faults(self) -> Iterator[str]:
        found = list(self._root_faults())
        found += self._chain_faults()
        if self._device is None:
            found += decisions.faults(self._tx, self.held.journal, self.held.fair)
            found += lives.faults(self._tx, self.held.journal, self.held.fair)
        if not found:
            found += self._seal_faults()
        yield from (f"journal {self.held.journal}: {fault}" for fault in found)
        if not found:  # what is not as it was received need not add up
            for fault in self._fold_faults():
                yield f"journal {self.held.journal}: {fault}"

    # --- what was received --------------------------------------------------------------------

    def _root_faults(self) -> Iterator[str]:
        if self._device is None:
            certificate = bytes(self._tx.execute(select(identity.c.certificate)).scalar_one())
            if self.held.journal != own_journal(self._tx, self.held.fair):
                yield "it belongs to no tablet and is not the hub's own"
            elif bytes(self.held.root) != envelope.root(certificate + self.held.fair.encode()):
                yield "its root is not the hub's certificate"
            return
        if self._device.certificate is None:  # taken in by the first release, which kept it elsewhere
            return
        document = bytes(self._device.certificate)
        if bytes(self.held.root) != envelope.root(document):
            yield "its root is not its tablet's certificate"
        if self._device.hub in ("", self._subject.hub):
            yield from self._certificate_faults(document)

    def _certificate_faults(self, document: bytes) -> Iterator[str]:
        """Of a tablet this hub certified itself: does its row say what its certificate says?"""
        assert self._device is not None
        try:
            certificate = protocol.read_document(Certificate, document, self._subject.key)
        except Problem as problem:
            yield f"its tablet's certificate is not signed by this hub ({problem.code})"
            return
        for name in ("device", "journal", "desk", "public_key"):
            if getattr(certificate, name) != getattr(self._device, name):
                yield f"its tablet's {name} is not the one in the certificate"
        yield from self._rehearsal_faults(certificate)
        if datetime.fromisoformat(certificate.not_after).timestamp() != self._device.not_after:
            yield "its tablet's certificate is valid for another time than is written down"

    def _rehearsal_faults(self, certificate: Certificate) -> Iterator[str]:
        """What counts is not to be called a rehearsal afterwards, nor the other way round."""
        assert self._device is not None
        fair = rehearsals.fair_in_rows(certificate)
        if fair != self._device.fair:
            yield "its tablet's fair is not the one in the certificate"
        if fair != self.held.fair:
            yield "it is counted for another fair than its certificate says, or is called a rehearsal and is none"
        if self._device.rehearses != (certificate.rehearsal or ""):
            yield "the tablet it rehearses on is not the one in the certificate"

    def _rows(self, first: int, last: int | None = None) -> Iterator[Sequence[Row[Any]]]:
        """Stored facts from `first` on, some thousand at a time."""
        query = select(facts).where(facts.c.journal == self.held.journal).order_by(facts.c.seq).limit(_CHUNK)
        if last is not None:
            query = query.where(facts.c.seq <= last)
        some: Sequence[Row[Any]] = [None] * _CHUNK  # type: ignore[list-item]
        while len(some) == _CHUNK:
            some = self._tx.execute(query.where(facts.c.seq >= first)).all()
            if some:
                yield some
                first = some[-1].seq + 1

    def _chain_faults(self) -> Iterator[str]:
        """Whether facts and heads are what the chain says, and each fact was judged by the rules."""
        held, place, digest = self.held, 0, bytes(self.held.root)
        is_plain = held.forked_at is None and not branches.is_tangled(self._tx, held.journal)
        end, at_end = 0, digest
        for rows in self._rows(1):
            for row in rows:
                if row.seq == place + 1 and envelope.chain(digest, bytes(row.line)) != bytes(row.hash):
                    if row.seq <= held.seq:
                        yield f"fact {row.seq} is not as it was received"
                        return
                    is_plain = False
                place, digest = row.seq, bytes(row.hash)
                if place == end + 1:
                    end, at_end = place, digest
            yield from self._judgement_faults(rows)
        if end < held.seq:
            yield f"fact {end + 1} is not there; the hub has signed for {held.seq}"
        elif not is_plain:
            yield from branches.faults(self._tx, held)
        elif (end, at_end) != (held.seq, bytes(held.hash)):
            yield f"it should end at fact {end} and not at {held.seq}, or with another hash"

    def _seal_faults(self) -> Iterator[str]:
        """Whether the batch that was joined on last is still what its tablet signed.

        A chain that somebody wrote anew from one end to the other is a chain; it has not this signature.
        """
        if self._device is None or self.held.seal is None:
            return
        seal = bytes(self.held.seal)
        key = keys.VerifyKey(bytes.fromhex(self._device.public_key))
        try:
            header = protocol.header_of(seal)
        except Problem as problem:
            yield f"the signature that is kept of its last batch cannot be read ({problem.code})"
            return
        last = header.first + header.count - 1
        lines = (bytes(row.line) for rows in self._rows(header.first, last) for row in rows)
        if not protocol.is_sealed(seal, lines, key):
            if not self._is_other_branch():
                yield "the facts of its last batch are not as its tablet signed them"
            return
        if self._is_other(header) or (last > self.held.seq and not self._is_other_branch()):
            yield f"the signature that is kept of it is of another journal, or of facts up to {last} that do not count"

    def _is_other(self, header: BatchHeader) -> bool:
        assert self._device is not None
        return (header.journal, header.device) != (self.held.journal, self._device.device)

    def _is_other_branch(self) -> bool:
        """Another run may count by now than when the signature came."""
        return self.held.forked_at is not None or branches.is_tangled(self._tx, self.held.journal)

    def _judgement_faults(self, rows: Sequence[Row[Any]]) -> Iterator[str]:
        judged: Iterable[tuple[Row[Any], str | None, str | None]]
        if self._judge is None:  # the hub's own: it writes nothing that does not count
            judged = ((row, envelope.decode(bytes(row.line)).kind, None) for row in rows)
        else:
            judged = self._judge.judge(rows)
        for row, kind, problem in judged:
            if (row.kind, row.problem) != (kind, problem):
                yield (
                    f"fact {row.seq} is kept as {row.kind or 'unreadable'} ({row.problem or 'it counts'}), "
                    f"by the rules it is {kind or 'unreadable'} ({problem or 'it counts'})"
                )

    # --- what was made of it ------------------------------------------------------------------

    def _fold_faults(self) -> Iterator[str]:
        for some in self._usable():
            for fact in some:
                clocks.learn(self._clocks, fact)
            if self._read is not None:
                self._read = [*self._read, *some] if len(self._read) < 5 * _CHUNK else None
        expected: Counter[Bucket] = Counter()
        at, is_short = 0, self._read is not None
        for some in [self._read] if self._read is not None else self._usable():
            for fact in some:
                expected.update(buckets(fact, self._clocks.day_and_hour(fact.boot, fact.at, fact.mono)))
            last = some[-1].seq if some else at
            yield from self._model_faults(some, at, _NO_END if is_short else last)
            at = last
        if not is_short:
            yield from self._model_faults([], at, _NO_END)
        yield from self._total_faults(expected)
        if (self.held.clocks, self.held.doubtful) != (self._clocks.dump(), self._clocks.doubtful()):
            yield "what is kept of its tablet's clocks is not what its facts say"

    def _usable(self) -> Iterator[list[Fact]]:
        """The facts that are folded, in order, some thousand at a time: of a rehearsal none."""
        if self.held.seq and not rehearsals.is_rehearsal(self.held.fair):
            for rows in self._rows(1, self.held.seq):
                yield [envelope.decode(bytes(row.line)) for row in rows if row.problem is None]

    def _total_faults(self, expected: Counter[Bucket]) -> Iterator[str]:
        table, held = totals_table, self.held
        rows = self._tx.execute(select(table).where(table.c.journal == held.journal)).all()
        stored = {(row.day, row.hour, row.desk, row.metric): row.n for row in rows}
        for bucket in sorted({*expected, *stored}):
            if expected.get(bucket, 0) != stored.get(bucket, 0):
                yield f"total of {bucket} is {stored.get(bucket, 0)}, its facts say {expected.get(bucket, 0)}"
        if {row.fair for row in rows} - {held.fair}:
            yield f"totals of it are counted for another fair than {held.fair}"

    def _model_faults(self, some: Sequence[Fact], after: int, last: int) -> Iterator[str]:
        """Rows of the read models after one place and up to another, against the facts there."""
        kinds = ("complaint.filed", "case.opened", "board.joined", *KINDS, *_ENTRY_KINDS, *lives.KINDS)
        bodies = [(fact, _body(fact)) for fact in some if fact.kind in kinds]
        filed = [self._complaint(fact, body) for fact, body in bodies if isinstance(body, ComplaintFiled)]
        looked = [(fact, body) for fact, body in bodies if isinstance(body, CaseOpened)]
        opened = [(fact.seq, body.case, fact.at, fact.by, body.reason) for fact, body in looked]
        joined = [self._joined(fact, body) for fact, body in bodies if isinstance(body, BoardJoined)]
        sealed = [
            _told(contents, totals.content_row(self.held.journal, self.held.fair, fact.seq, fact.desk, named))
            for fact, body in bodies
            if (named := named_by(body)) is not None
        ]
        models = {complaints: filed, contents: sealed, openings: opened, leaderboard: joined, **self._entries(bodies)}
        for table, expected in models.items():
            stored = self._model(table, after, last)
            for row in sorted({*expected} ^ stored):
                yield f"fact {row[0]}: its row among the {table.name} is not what it says, or not there"

    def _entries(self, bodies: Sequence[tuple[Fact, Body | None]]) -> dict[Table, list[tuple[Any, ...]]]:
        found: dict[Table, list[tuple[Any, ...]]] = {table: [] for table in entries.TABLES}
        for fact, body in bodies:
            if type(body) in entries.BODIES and body is not None:
                table, row = entries.row_of(self.held.journal, self.held.fair, fact, body)
                found[table].append(_told(table, row))
        for table in lives.TABLES:
            found[table] = []
        for fact, body in bodies:
            if isinstance(body, Step) and type(body) in lives.BODIES:
                for table, row in lives.rows_of(self.held.journal, self.held.fair, fact, body):
                    found[table].append(_told(table, row))
        return found

    def _complaint(self, fact: Fact, body: ComplaintFiled) -> tuple[Any, ...]:
        day = self._clocks.day_and_hour(fact.boot, fact.at, fact.mono)[0]
        return _told(complaints, totals.complaint_row(self._tx, self.held.journal, self.held.fair, fact, body, day))

    def _joined(self, fact: Fact, body: BoardJoined) -> tuple[Any, ...]:
        day = self._clocks.day_and_hour(fact.boot, fact.at, fact.mono)[0]
        return fact.seq, self.held.fair, *totals.board_row(body, fact.desk, day).values()

    def _model(self, table: Table, after: int, last: int) -> set[tuple[Any, ...]]:
        places = {"of": self.held.journal, "after": after, "last": last}
        return {tuple(row) for row in self._tx.execute(_rows_between(table), places)}


@cache
def _rows_between(table: Table) -> Select[Any]:
    """Of one journal, without its name. Kept, for it is asked of every table and every journal."""
    columns = [column for column in table.columns if column.name != "journal"]
    return select(*columns).where(
        table.c.journal == bindparam("of"), table.c.seq > bindparam("after"), table.c.seq <= bindparam("last")
    )


def _body(fact: Fact) -> Body | None:
    try:
        return REGISTRY.read(fact)
    except Problem:
        return None  # of a later release, which this hub's own journal may hold


def _told(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a row says, beside whose journal it is of."""
    return tuple(row[column.name] for column in table.columns if column.name != "journal")


# --- sealed content -------------------------------------------------------------------------------


def _blob_faults(here: Hub) -> Iterator[str]:
    after = ""
    while True:
        with here.store.reading() as tx:
            query = select(blobs.c.sha256, blobs.c.content).where(blobs.c.sha256 > after)
            some = tx.execute(query.order_by(blobs.c.sha256).limit(_BLOBS)).all()
        for name, content in some:
            if hashlib.sha256(bytes(content)).hexdigest() != name:
                yield f"blob {name} is damaged"
        if not some:
            return
        after = some[-1].sha256


def _missing_faults(tx: Connection, here: Hub) -> Iterator[str]:
    """Content that is not here and not on its way either."""
    query = (
        select(contents)
        .where(
            ~exists().where(blobs.c.sha256 == contents.c.blob),
            ~exists().where(erased.c.sha256 == contents.c.blob),
        )
        .order_by(contents.c.fair, contents.c.case)
    )
    long_ago = (here.clock.now().astimezone(BEIJING).date() - _LATE).isoformat()
    ends, own = {fair.id: fair.ends for fair in all_fairs(tx)}, own_journals(tx)
    for row in tx.execute(query).all():
        whose = f"case {row.case}" if row.case else "a survey"
        if long_ago > ends.get(row.fair, ""):
            yield f"{whose}: its content never arrived (blob {row.blob})"
        elif row.journal in own or (row.kind == "complaint.filed" and _was_opened(tx, row.case)):
            yield f"{whose}: its content was here and is gone (blob {row.blob})"


def _was_opened(tx: Connection, case: str) -> bool:
    return tx.execute(select(openings.c.case).where(openings.c.case == case).limit(1)).first() is not None


def _erasure_faults(tx: Connection) -> Iterator[str]:
    """Content is erased and stays so, and each erasure of a case's content stands in the hub's own journal."""
    for name in tx.execute(select(erased.c.sha256).where(exists().where(blobs.c.sha256 == erased.c.sha256))).scalars():
        yield f"blob {name} was erased and is here again"
    told = {name for fair in all_fairs(tx) for name in retention.erased_of(tx, fair.id)}
    done = set(tx.execute(select(erased.c.sha256)).scalars())
    for name in sorted(told - done):
        yield f"blob {name}: its erasure is written down, and it would be taken in again"
    for row in tx.execute(select(contents.c.case, contents.c.blob).order_by(contents.c.case)):
        if row.case and row.blob in done and row.blob not in told:  # what a survey was told is of no case
            yield f"case {row.case}: its content was erased, and no fact says so"
