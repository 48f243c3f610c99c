"""The way up: a fair of this hub joins a hub above for one of its units, and frozen versions go there as facts.

For the hub above this is a device like a tablet: a key, a certificate, a chain of facts, batches, receipts. The chain
is kept here, beside the hub's own journals; its key follows from the hub's own and the chain's name, so that whoever
restores this hub has it, too. Everything goes over HTTPS, or as files, with equal results.
"""

import hashlib
import io
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from kiosk import files
from kiosk.clock import stamp
from kiosk.errors import (
    ENROL_FINGERPRINT,
    ENROL_NO_HUB,
    ENROL_WAITING,
    FILE_TAKEN,
    JOURNAL_FORKED,
    RECEIPTS_ABSENT,
    SYNC_DEVICE,
    SYNC_REFUSED,
    UPWARD_DRAFT,
    UPWARD_FILE,
    UPWARD_FORKED,
    UPWARD_JOINED,
    UPWARD_NONE,
    UPWARD_SELF,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import devices, units
from kiosk.hub.context import Hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.journal import BOOT
from kiosk.hub.store import append_facts
from kiosk.hub.tables import fairs, statements, upward_facts, upward_links
from kiosk.packs.fairs import Fair
from kiosk.reports import rollup
from kiosk.reports.statement import Statement
from kiosk.reports.statement import read as read_statement
from kiosk.sync import bundles, keys, protocol
from kiosk.sync.bundles import BundleHeader, BundleWriter
from kiosk.sync.protocol import Admission, BatchHeader, Certificate, EnrolRequest, Hello, JoinRequest, Receipt
from kiosk.sync.push import Answer, Client, Result, Transport, push, refusal

_SPOKEN = {protocol.HEADER: str(protocol.VERSION)}
_ROOM = protocol.BATCH_BYTES_LIMIT - 4096  # for fact lines, beside the first and the last line of a batch
#: Who writes facts of the way up, and by whose hand they go.
_BY = "hub"


class Link(msgspec.Struct, frozen=True):
    """A hub above that has let this fair in."""

    journal: str
    fair: str
    url: str
    hello: Hello
    certificate: Certificate
    document: bytes  # the certificate's
    receipted: int  # the hub above has signed for so many facts
    joined_at: str

    @property
    def unit(self) -> str:
        return self.certificate.unit or self.certificate.desk


def key_of(here: Hub, journal: str) -> keys.SigningKey:
    """What signs for a chain: it follows from the hub's own key, which a backup has, and is good for nothing else."""
    seed = hashlib.sha256(b"kiosk/upward/1\0" + journal.encode() + b"\0" + bytes(here.key)).digest()
    return keys.SigningKey(seed)


def link_of(tx: Connection, fair: str) -> Link | None:
    """The hub above that a fair reports to."""
    joined = (upward_links.c.fair == fair) & (upward_links.c.state == "joined")
    row = tx.execute(select(upward_links).where(joined)).one_or_none()
    return None if row is None else _link(row)


def _link(row: Any) -> Link:
    hello = protocol.parse(Hello, bytes(row.hello))
    certificate = protocol.read_document(Certificate, bytes(row.certificate), hello.verify_key)
    return Link(
        row.journal, row.fair, row.url, hello, certificate, bytes(row.certificate), row.receipted, row.joined_at
    )


def _need(tx: Connection, fair: str) -> Link:
    found = link_of(tx, fair)
    if found is None:
        raise Problem(UPWARD_NONE)
    return found


# --- joining, over the network ----------------------------------------------------------------------


def begin(here: Hub, fair: Fair, transport: Transport, url: str, code: str, *, again: bool = False) -> None:
    """Make and keep the request to be let in with a one-time code; who answers must be the hub of the code.

    Raises `enrol.*`, `upward.joined`, `upward.self`, `sync.*`; then nothing was kept.
    """
    token, pinned = protocol.read_code(code)
    _refuse_joined(here, fair, again=again)
    hello = _hello(transport)
    if hello.fingerprint[: len(pinned)] != pinned:
        raise Problem(ENROL_FINGERPRINT)
    if hello.hub == here.id:
        raise Problem(UPWARD_SELF)
    journal = secrets.token_hex(16)
    key = key_of(here, journal)
    public_key = bytes(key.verify_key).hex()
    proof = keys.sign(key, b"kiosk/enrol/1", protocol.enrol_proof(token, public_key, journal, hello.hub))
    request = EnrolRequest(token=token, public_key=public_key, journal=journal, proof=proof)
    with here.store.begin() as tx:
        _keep_asked(tx, fair.id, journal, url=url, hello=protocol.dump(hello), request=protocol.dump(request))


def ask(here: Hub, fair: Fair, transport: Transport) -> Certificate | None:
    """Ask for the certificate; None while somebody at the hub above has yet to compare the digits.

    Raises `upward.none` where nothing was begun; `enrol.*`, `sync.*`.
    """
    with here.store.reading() as tx:
        row = _asked(tx, fair.id)
    if row is None or not row.request:
        raise Problem(UPWARD_NONE)
    hello = protocol.parse(Hello, bytes(row.hello))
    answer = transport("POST", "/sync/v1/enrol", bytes(row.request), _SPOKEN)
    if answer.status >= 400:
        reason = refusal(answer)
        if reason.partition(":")[0] != ENROL_WAITING.code:
            raise Problem(SYNC_REFUSED, reason=reason, code=reason.partition(":")[0])
        _keep_word(here, row, hello, answer)
        return None
    certificate = protocol.read_document(Certificate, answer.body, hello.verify_key)
    _check(certificate, row, hello)
    with here.store.begin() as tx:
        _keep_joined(tx, here, row.journal, fair.id, protocol.dump(hello), answer.body, row.url)
    return certificate


def digits(here: Hub, fair: Fair) -> str:
    """What this side shows while somebody at the hub above compares; empty before it has the request."""
    with here.store.reading() as tx:
        row = _asked(tx, fair.id)
    if row is None or not row.word:
        return ""
    hello = protocol.parse(Hello, bytes(row.hello))
    return protocol.comparison(protocol.parse(EnrolRequest, bytes(row.request)), hello.fingerprint, row.word)


def asked_url(here: Hub, fair: Fair) -> str:
    """Where a request that was begun went; empty for none."""
    with here.store.reading() as tx:
        row = _asked(tx, fair.id)
    return str(row.url) if row is not None else ""


def _hello(transport: Transport) -> Hello:
    answer = transport("GET", "/sync/v1/hello", b"", _SPOKEN)
    if answer.status in (429, 500, 503):
        raise Problem(SYNC_REFUSED, reason=refusal(answer))
    try:
        return protocol.parse(Hello, answer.body)
    except Problem:
        raise Problem(ENROL_NO_HUB) from None


def _keep_word(here: Hub, row: Any, hello: Hello, answer: Answer) -> None:
    word = answer.header(protocol.VOUCH_HEADER)
    request = protocol.parse(EnrolRequest, bytes(row.request))
    if not protocol.is_acknowledged(hello.verify_key, request, hello.hub, word):
        raise Problem(SYNC_REFUSED, reason="its answer is not signed")
    with here.store.begin() as tx:
        tx.execute(update(upward_links).where(upward_links.c.journal == row.journal).values(word=word))


def _refuse_joined(here: Hub, fair: Fair, *, again: bool) -> None:
    with here.store.reading() as tx:
        link = link_of(tx, fair.id)
    if link is not None and not again:
        raise Problem(UPWARD_JOINED, unit=link.unit)


def _asked(tx: Connection, fair: str) -> Any:
    asked = (upward_links.c.fair == fair) & (upward_links.c.state == "asked")
    return tx.execute(select(upward_links).where(asked)).one_or_none()


def _keep_asked(tx: Connection, fair: str, journal: str, **told: Any) -> None:
    """One request at a time; the link that is in use stays until another takes its place."""
    tx.execute(delete(upward_links).where(upward_links.c.fair == fair, upward_links.c.state == "asked"))
    empty = {"url": "", "hello": None, "request": None, "word": "", "certificate": None, "receipt": None}
    row = {"journal": journal, "fair": fair, "state": "asked", "receipted": 0, "joined_at": "", **empty, **told}
    tx.execute(upward_links.insert().values(row))


def _check(certificate: Certificate, row: Any, hello: Hello) -> None:
    """Whether it is the answer to what was asked. Raises `upward.file`."""
    own = bytes(row.request) if row.request else b""
    asked = protocol.parse(EnrolRequest, own).public_key if own else certificate.public_key
    if (certificate.journal, certificate.public_key, certificate.hub) != (row.journal, asked, hello.hub):
        raise Problem(UPWARD_FILE, reason="it answers another request")
    if not certificate.unit or certificate.unit != certificate.desk:
        raise Problem(UPWARD_FILE, reason="it is for a tablet, not for a unit")


def _keep_joined(tx: Connection, here: Hub, journal: str, fair: str, hello: bytes, document: bytes, url: str) -> None:
    of_fair = (upward_links.c.fair == fair) & (upward_links.c.state == "joined")
    tx.execute(update(upward_links).where(of_fair).values(state="former"))
    told = {"state": "joined", "hello": hello, "certificate": document, "url": url, "word": ""}
    joined = {**told, "joined_at": stamp(here.clock.now())}
    tx.execute(update(upward_links).where(upward_links.c.journal == journal).values(**joined))


# --- joining, by two files --------------------------------------------------------------------------


def write_request(here: Hub, fair: Fair, *, again: bool = False) -> bytes:
    """The file that asks the hub above to be let in. Raises `upward.joined`."""
    _refuse_joined(here, fair, again=again)
    journal = secrets.token_hex(16)
    key = key_of(here, journal)
    asked = JoinRequest(
        public_key=bytes(key.verify_key).hex(),
        journal=journal,
        hub=here.id,
        fair=fair.id,
        title=fair.organiser.name.zh[:200],
        at=stamp(here.clock.now()),
    )
    with here.store.begin() as tx:
        _keep_asked(tx, fair.id, journal)
    return protocol.sign_document(asked, key)


def read_request(document: bytes) -> JoinRequest:
    """What such a file asks for; whoever wrote it holds the key it names. Raises `upward.file`."""
    try:
        named = _unchecked(JoinRequest, document)
        return protocol.read_document(JoinRequest, document, keys.VerifyKey(bytes.fromhex(named.public_key)))
    except Problem as problem:
        raise Problem(UPWARD_FILE, reason=problem.code) from None


def admit(tx: Connection, here: Hub, fair: Fair, unit: str, document: bytes) -> bytes:
    """At the hub above: let in who asks by a file; the file that goes back. Doing it again gives the same certificate.

    Raises `upward.file`, `upward.self`, `unit.*`, `enrol.known`.
    """
    asked = read_request(document)
    if asked.hub == here.id:
        raise Problem(UPWARD_SELF)
    now = here.clock.now()
    certificate = devices.admit(tx, here, fair, unit, asked.public_key, asked.journal, now)
    return here.sign(
        Admission(
            hub=here.id,
            signing_key=bytes(here.key.verify_key).hex(),
            sealing_key=bytes(here.sealing_key).hex(),
            certificate=certificate.decode(),
            url=here.config.public_url.rstrip("/")[:500],
            at=stamp(now),
        )
    )


def take_admission(here: Hub, fair: Fair, document: bytes, fingerprint: str = "") -> Link:
    """Take in the file that came back. Believed are the keys in it, so compare the fingerprint.

    Raises `upward.file`, `upward.none` where nothing was asked, `upward.self`, `enrol.fingerprint`.
    """
    try:
        told = _unchecked(Admission, document)
        told = protocol.read_document(Admission, document, keys.VerifyKey(bytes.fromhex(told.signing_key)))
        hello = Hello(
            hub=told.hub,
            signing_key=told.signing_key,
            sealing_key=told.sealing_key,
            protocol=[protocol.VERSION],
            capabilities=[],
            time=told.at,
        )
        certificate = protocol.read_document(Certificate, told.certificate.encode(), hello.verify_key)
    except (Problem, UnicodeEncodeError) as problem:
        raise Problem(UPWARD_FILE, reason=getattr(problem, "code", "text")) from None
    if told.hub == here.id:
        raise Problem(UPWARD_SELF)
    wanted = fingerprint.replace(" ", "").replace("-", "").lower()
    if wanted and not hello.fingerprint.hex().startswith(wanted):
        raise Problem(ENROL_FINGERPRINT)
    with here.store.begin() as tx:
        row = _asked(tx, fair.id)
        link = link_of(tx, fair.id)
        if row is None and link is not None and link.certificate == certificate:
            return link  # the same file once more
        if row is None:
            raise Problem(UPWARD_NONE)
        _check(certificate, row, hello)
        if certificate.public_key != bytes(key_of(here, row.journal).verify_key).hex():
            raise Problem(UPWARD_FILE, reason="it answers another request")
        _keep_joined(tx, here, row.journal, fair.id, protocol.dump(hello), told.certificate.encode(), told.url)
        return _need(tx, fair.id)


def _unchecked(kind: Any, document: bytes) -> Any:
    """What a file says of itself, before its signature was looked at."""
    name, _, text = document[: protocol.DOCUMENT_LIMIT].partition(b"\n")[0].partition(b" ")
    if name != protocol.NAMES[kind].encode():
        raise protocol.malformed(f"it does not begin with {protocol.NAMES[kind]}")
    return protocol.parse(kind, text)


# --- writing a version down -------------------------------------------------------------------------


def submit(tx: Connection, here: Hub, statement: Statement) -> int:
    """Write a frozen version into the chain for the hub above; how many facts it took.

    0 where the fair has joined none, and where this version, or a later one, was written already. Figures of a fair
    whose raw data came by a roster are told as those of the hub that runs it, so that nobody counts them as others'.
    """
    link = link_of(tx, statement.fair)
    if link is None:
        return 0
    of_chain = upward_facts.c.journal == link.journal
    locked = select(upward_links.c.journal).where(upward_links.c.journal == link.journal).with_for_update()
    tx.execute(locked).one()
    written = tx.execute(select(func.max(upward_facts.c.version)).where(of_chain)).scalar() or 0
    if statement.version <= written:
        return 0
    fair = find_fair(tx, statement.fair)
    whose = tx.execute(select(fairs.c.origin).where(fairs.c.id == fair.id)).scalar() or here.id
    inside = {place.id for place in statement.places if place.kind == "unit"}
    bodies = rollup.told(statement, whose, units.through(tx, fair, inside, statement.made_at))
    seq, digest = _head(tx, link.journal, link.document)
    rows = []
    for number, body in enumerate(bodies, seq + 1):
        line = envelope.encode(_fact(here, link, number, body))
        digest = envelope.chain(digest, line)
        rows.append((link.journal, number, line, digest, statement.version))
    append_facts(tx, upward_facts, rows)
    return len(rows)


def _fact(here: Hub, link: Link, seq: int, body: Body) -> Fact:
    kind = REGISTRY.name_of(body)
    return Fact(
        v=REGISTRY.version_of(kind),
        id=secrets.token_hex(16),
        seq=seq,
        kind=kind,
        at=stamp(here.clock.now()),
        mono=here.clock.monotonic(),
        boot=BOOT,
        desk=link.unit,
        by=_BY,
        body=msgspec.to_builtins(body),
    )


def submit_latest(tx: Connection, here: Hub, fair: Fair) -> int:
    """Write the newest frozen version, if it is not written yet. Raises `upward.none`, `upward.draft`."""
    _need(tx, fair.id)
    newest = select(statements.c.document).where(statements.c.fair == fair.id).order_by(statements.c.version.desc())
    document = tx.execute(newest.limit(1)).scalar()
    if document is None:
        raise Problem(UPWARD_DRAFT)
    return submit(tx, here, read_statement(bytes(document)))


def _head(tx: Connection, journal: str, document: bytes) -> tuple[int, bytes]:
    """The last fact of a chain, and the hash there; of an empty one its root."""
    of_chain = upward_facts.c.journal == journal
    query = select(upward_facts.c.seq, upward_facts.c.hash).where(of_chain).order_by(upward_facts.c.seq.desc())
    row = tx.execute(query.limit(1)).one_or_none()
    return (0, envelope.root(document)) if row is None else (row.seq, bytes(row.hash))


# --- sending it -------------------------------------------------------------------------------------


class Chain:
    """The chain of one link, as `sync.push` wants a journal."""

    def __init__(self, here: Hub, link: Link) -> None:
        self._here = here
        self._link = link

    def head(self) -> tuple[int, bytes]:
        with self._here.store.reading() as tx:
            return _head(tx, self._link.journal, self._link.document)

    def hash_at(self, seq: int) -> bytes:
        if seq == 0:
            return envelope.root(self._link.document)
        with self._here.store.reading() as tx:
            at = (upward_facts.c.journal == self._link.journal) & (upward_facts.c.seq == seq)
            return bytes(tx.execute(select(upward_facts.c.hash).where(at)).scalar() or b"")

    def lines(self, first: int, count: int) -> list[bytes]:
        """Lines from `first` on, as many as go into one batch."""
        with self._here.store.reading() as tx:
            some = (upward_facts.c.journal == self._link.journal) & (upward_facts.c.seq >= first)
            query = select(upward_facts.c.line).where(some).order_by(upward_facts.c.seq).limit(count)
            lines = [bytes(line) for line in tx.execute(query).scalars()]
        room = _ROOM
        for number, line in enumerate(lines):
            room -= len(line) + 1
            if room < 0:
                return lines[:number]
        return lines

    def blob(self, _sha256: str) -> bytes | None:
        return None

    def unsent_names(self) -> list[str]:
        return []

    def mark_blob_sent(self, _sha256: str) -> None:
        pass

    def mark_blob_missing(self, _sha256: str) -> None:
        pass

    def keep_receipt(self, receipt: Receipt, document: bytes) -> None:
        values = {"receipted": receipt.seq, "receipt": document}
        with self._here.store.begin() as tx:
            tx.execute(update(upward_links).where(upward_links.c.journal == self._link.journal).values(**values))

    def receipt_at(self) -> str:
        """When the hub above signed the receipt that is kept; empty for none."""
        with self._here.store.reading() as tx:
            kept = select(upward_links.c.receipt).where(upward_links.c.journal == self._link.journal)
            document = tx.execute(kept).scalar()
        if document is None:
            return ""
        return protocol.read_document(Receipt, bytes(document), self._link.hello.verify_key).at

    def unsent(self) -> int:
        with self._here.store.reading() as tx:
            signed = tx.execute(select(upward_links.c.receipted).where(upward_links.c.journal == self._link.journal))
            return max(0, self.head()[0] - int(signed.scalar_one()))


def send(here: Hub, fair: Fair, transport: Transport) -> Result:
    """Bring the hub above up to date, over the network; its signed receipts are kept. Again, it changes nothing.

    Raises `upward.none`, `upward.forked`, `sync.*`.
    """
    with here.store.reading() as tx:
        link = _need(tx, fair.id)
    client = Client(transport, key_of(here, link.journal), link.certificate, link.hello)
    chain = Chain(here, link)
    try:
        return _push(here, client, chain, link)
    except Problem as problem:
        if problem.kind is JOURNAL_FORKED:
            raise Problem(UPWARD_FORKED) from None
        raise


def _push(here: Hub, client: Client, chain: Chain, link: Link) -> Result:
    try:
        return push(client, chain, here.clock)
    except Problem as problem:
        if problem.details.get("code") != SYNC_DEVICE.code:
            raise
        client.come_back(link.document)  # it was set back to a copy from before this unit joined
        return push(client, chain, here.clock)


# --- as files ---------------------------------------------------------------------------------------


class Exported(msgspec.Struct, frozen=True):
    first: int
    last: int
    size: int


def export(here: Hub, fair: Fair, target: Path, *, everything: bool = False) -> Exported:
    """Write what the hub above has not signed for, or everything, as a bundle. Raises `upward.none`, `file.taken`."""
    with here.store.reading() as tx:
        link = _need(tx, fair.id)
    content, exported = bundle(here, link, everything=everything)
    if target.is_symlink() or (target.exists() and not _is_own(target, link.journal)):
        raise Problem(FILE_TAKEN, file=target)
    with files.written(target) as file:
        file.write(content)
    return exported


def bundle(here: Hub, link: Link, *, everything: bool) -> tuple[bytes, Exported]:
    """What `export` writes."""
    chain, key = Chain(here, link), key_of(here, link.journal)
    (head, digest), first = chain.head(), 1 if everything else link.receipted + 1
    certificate, stream = link.certificate, io.BytesIO()
    told: dict[str, Any] = {
        "journal": link.journal,
        "device": certificate.device,
        "fair": certificate.fair,
        "hub": certificate.hub,
    }
    header = BundleHeader(
        **told,
        certificate=link.document.decode(),
        seq=head,
        hash=digest.hex(),
        first=first,
        at=stamp(here.clock.now()),
    )
    writer, at = BundleWriter(stream, header), first
    while True:
        lines = chain.lines(at, protocol.BATCH_COUNT) if at <= head else []
        batch = BatchHeader(**told, first=at, count=len(lines), prev=chain.hash_at(at - 1).hex())
        writer.add("batch", protocol.write_batch(batch, lines, key))
        at += len(lines)
        if at > head:
            break
    writer.close(key)
    return stream.getvalue(), Exported(first, at - 1, writer.size)


def _is_own(path: Path, journal: str) -> bool:
    with files.opened(path) as file:
        try:
            return bundles.read_header(file).journal == journal
        except Problem:
            return False


def take_receipts(here: Hub, fair: Fair, paths: Sequence[Path]) -> Receipt:
    """Keep what the hub above signed and somebody brought back; the newest of it.

    Raises `upward.none`, `upward.forked`, `receipts.malformed`, `receipts.absent`, `sync.receipt`.
    """
    with here.store.reading() as tx:
        link = _need(tx, fair.id)
    documents: list[bytes] = []
    for path in paths:
        with files.opened(path) as file:
            documents += bundles.read_receipts(file.read(bundles.RECEIPTS_LIMIT + 1))
    found = bundles.receipts_for(documents, link.journal, link.certificate.hub, link.hello.verify_key)
    if not found:
        raise Problem(RECEIPTS_ABSENT)
    chain = Chain(here, link)
    last, _ = chain.head()
    for receipt, _document in found.receipts:
        if receipt.forked or receipt.seq > last or chain.hash_at(receipt.seq).hex() != receipt.hash:
            raise Problem(UPWARD_FORKED)
    newest, document = max(found.receipts, key=lambda one: one[0].at)
    if newest.at >= chain.receipt_at():
        chain.keep_receipt(newest, document)
    return newest


# --- how it stands ----------------------------------------------------------------------------------


class State(msgspec.Struct, frozen=True):
    """How far a fair's reports have come on their way up."""

    link: Link
    facts: int  # written for the hub above
    version: int  # the newest that is written; 0 for none
    frozen: int  # the newest frozen version; 0 for none

    @property
    def waiting(self) -> int:
        """Facts the hub above has not signed for."""
        return max(0, self.facts - self.link.receipted)

    @property
    def is_done(self) -> bool:
        return self.frozen > 0 and self.version >= self.frozen and not self.waiting


def state_of(tx: Connection, fair: str) -> State | None:
    """None where the fair reports to nobody."""
    link = link_of(tx, fair)
    if link is None:
        return None
    of_chain = select(func.max(upward_facts.c.version)).where(upward_facts.c.journal == link.journal)
    frozen = select(func.max(statements.c.version)).where(statements.c.fair == fair)
    version, newest = tx.execute(of_chain).scalar() or 0, tx.execute(frozen).scalar() or 0
    return State(link, _head(tx, link.journal, link.document)[0], version, newest)


def faults(tx: Connection, here: Hub) -> Iterator[str]:
    """What does not hold of the chains that were written for hubs above, one sentence each."""
    known = set()
    for row in tx.execute(select(upward_links).order_by(upward_links.c.journal)).all():
        known.add(row.journal)
        if row.certificate is None:
            continue
        try:
            link = _link(row)
        except Problem as problem:
            yield f"way up {row.journal}: its certificate is not the hub's above ({problem.code})"
            continue
        if link.certificate.public_key != bytes(key_of(here, link.journal).verify_key).hex():
            yield f"way up {row.journal}: its certificate is for another key than this hub's"
        yield from (f"way up {row.journal}: {fault}" for fault in _chain_faults(tx, link))
    unknown = select(upward_facts.c.journal).where(upward_facts.c.journal.not_in(known)).distinct()
    for name in tx.execute(unknown).scalars():
        yield f"way up {name}: facts stand in a chain that has no beginning"


def _chain_faults(tx: Connection, link: Link) -> Iterator[str]:
    frozen = select(statements.c.version, statements.c.digest).where(statements.c.fair == link.fair)
    digests = {row.version: row.digest for row in tx.execute(frozen)}
    digest, place, at_receipt = envelope.root(link.document), 0, envelope.root(link.document)
    query = select(upward_facts).where(upward_facts.c.journal == link.journal).order_by(upward_facts.c.seq)
    for row in tx.execute(query):
        place += 1
        digest = envelope.chain(digest, bytes(row.line))
        if row.seq != place or digest != bytes(row.hash):
            yield f"fact {row.seq} is not as it was written"
            return
        if place == link.receipted:
            at_receipt = digest
        fact = envelope.decode(bytes(row.line))
        if fact.kind == "report.begun" and digests.get(row.version, fact.body["digest"]) != fact.body["digest"]:
            yield f"version {row.version} is not the one that was frozen"
    if link.receipted > place:
        yield f"fact {place + 1} is not there; the hub above has signed for {link.receipted}"
    receipt = tx.execute(select(upward_links.c.receipt).where(upward_links.c.journal == link.journal)).scalar()
    if receipt is not None:
        yield from _receipt_faults(link, bytes(receipt), at_receipt)


def _receipt_faults(link: Link, document: bytes, digest: bytes) -> Iterator[str]:
    try:
        receipt = protocol.read_document(Receipt, document, link.hello.verify_key)
    except Problem as problem:
        yield f"its receipt is not signed by the hub above ({problem.code})"
        return
    if (receipt.seq, receipt.hash) != (link.receipted, digest.hex()):
        yield "its receipt is for another chain, or another place of it"
