"""Pushing a journal to the hub: ask for its head, send what follows, believe only signed receipts."""

import hashlib
import math
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from kiosk import strictjson
from kiosk.clock import Clock
from kiosk.errors import (
    BLOB_MISMATCH,
    JOURNAL_FORKED,
    REQUEST_TOO_LARGE,
    SYNC_BUSY,
    SYNC_INCOMPLETE,
    SYNC_MALFORMED,
    SYNC_QUOTA,
    SYNC_RECEIPT,
    SYNC_REFUSED,
    Problem,
)
from kiosk.sync import keys, protocol
from kiosk.sync.courier import Pauses, retry_after
from kiosk.sync.protocol import BatchHeader, BlobHead, Certificate, Head, Receipt, Status

#: Seconds a push waits in all for a hub that is busy; after that its sender comes again another time.
_PATIENCE = 30
#: Milliseconds after which an answer no longer tells the time.
_TOO_LATE = 60_000
#: What a hub may have against one sealed blob, and against nothing else.
_OF_A_BLOB = (BLOB_MISMATCH.code, REQUEST_TOO_LARGE.code, SYNC_MALFORMED.code, SYNC_QUOTA.code)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, whatever carried it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, however whoever is on the way spells its name; empty where there is none."""
        return next((value for one, value in self.headers.items() if one.lower() == name.lower()), "")


class Transport(Protocol):
    """Something that carries a request to the hub. Raises `sync.unreachable`."""

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...


class Source(Protocol):
    """What a push needs of a journal."""

    def head(self) -> tuple[int, bytes]: ...
    def hash_at(self, seq: int) -> bytes: ...
    def lines(self, first: int, count: int) -> list[bytes]: ...
    def blob(self, sha256: str) -> bytes | None: ...
    def unsent_names(self) -> list[str]: ...
    def mark_blob_sent(self, sha256: str) -> None: ...
    def mark_blob_missing(self, sha256: str) -> None: ...
    def keep_receipt(self, receipt: Receipt, document: bytes) -> None: ...
    def unsent(self) -> int: ...


class Parcel(msgspec.Struct, frozen=True):
    """A batch that is ready to go."""

    first: int  # seq of its first fact
    count: int
    signed: bytes
    packed: bytes  # as it travels
    coding: Mapping[str, str]  # the headers that say how

    @property
    def next(self) -> int:
        """Where the one after it begins."""
        return self.first + self.count


class Meeting(msgspec.Struct, frozen=True):
    """A moment of the hub's signed time, as it answered a question that was put to it just then."""

    hub_at: str
    mono: int  # the device's monotonic clock when the answer came
    rtt_ms: int


class Told(msgspec.Struct, frozen=True):
    """The answer to a question for the head.

    Where somebody else answered than the hub, or the hub answered another question, `head` says no more than where
    one may try to go on from.
    """

    head: Head
    document: bytes
    at: str  # the hub's time; empty unless the hub signed it, with the nonce of this very question

    @property
    def is_believed(self) -> bool:
        return self.at != ""

    @property
    def missing_blobs(self) -> list[str]:
        return self.head.missing_blobs if self.is_believed else []


@dataclass
class Result:
    """What one push came to."""

    new: int = 0  # facts the hub did not have
    duplicates: int = 0  # facts it had already
    quarantined: int = 0  # of the new ones, kept but not usable
    blobs: int = 0  # sealed complaints sent
    seq: int = 0  # the hub now holds everything up to here
    at: str = field(default="", compare=False)  # the hub's time, if it said what sealed content it lacks, to the last


class Client:
    """Signed requests of one enrolled device to its hub."""

    def __init__(
        self,
        transport: Transport,
        key: keys.SigningKey,
        certificate: Certificate,
        hub: protocol.Hello,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._transport = transport
        self._key = key
        self.certificate = certificate
        self._hub = hub
        self._wait = wait
        self._pauses = Pauses(1, longest=8)
        self._patience: float = _PATIENCE

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        packed: bytes | None = None,
    ) -> Answer:
        """Send, and send again where the hub is busy. What is signed for is `body`, even where it travels `packed`.

        Raises `sync.refused` with the hub's own reason on anything but success, `sync.busy` when patience ends.
        """
        signed = {
            protocol.HEADER: str(protocol.VERSION),
            protocol.AUTH_HEADER: protocol.authorise(
                self._key, self.certificate.device, method, path.partition("?")[0], body
            ),
            **(headers or {}),
        }
        travels = body if packed is None else packed
        answer = self._transport(method, path, travels, signed)
        while answer.status == 503:
            self._be_patient(answer)
            answer = self._transport(method, path, travels, signed)
        self._pauses.after_success()
        if answer.status not in (200, 304):
            reason = refusal(answer)
            raise Problem(SYNC_REFUSED, reason=reason, code=reason.partition(":")[0])
        return answer

    def _be_patient(self, answer: Answer) -> None:
        pause = self._pauses.after_failure(retry_after(answer.headers))
        self._patience -= pause
        if self._patience < 0:
            raise Problem(SYNC_BUSY, seconds=math.ceil(pause))
        self._wait(pause)

    def head(self) -> Told:
        """Ask with a fresh nonce how far the hub has this journal."""
        nonce, journal = secrets.token_hex(16), self.certificate.journal
        answer = self.request("GET", f"/sync/v1/journals/{journal}?nonce={nonce}")
        signature = answer.header(protocol.VOUCH_HEADER)
        head = protocol.parse(Head, answer.body)
        is_vouched = protocol.is_vouched(self._hub.verify_key, journal, answer.body, signature)
        at = head.at if is_vouched and head.nonce == nonce and isinstance(head.at, str) else ""
        return Told(head, answer.body, at)

    def send_blob(self, sha256: str, content: bytes) -> None:
        """Send a sealed blob: at once, or what the hub still lacks of it, part by part."""
        path = f"/sync/v1/blobs/{sha256}"
        if len(content) <= protocol.BLOB_PART:
            self.request("PUT", path, content)
            return
        told = protocol.parse(BlobHead, self.request("GET", path).body)
        while not told.whole:
            part = content[told.held : told.held + protocol.BLOB_PART]
            if not part:
                raise Problem(SYNC_REFUSED, reason="the hub asks for more of a blob than there is")
            headers = {protocol.RANGE_HEADER: protocol.write_range(told.held, len(part), len(content))}
            before, told = told.held, protocol.parse(BlobHead, self.request("PUT", path, part, headers).body)
            if not told.whole and told.held <= before:
                raise Problem(SYNC_REFUSED, reason="the hub takes no more of a blob")

    def make_parcel(self, source: Source, first: int, lines: list[bytes]) -> Parcel:
        """A batch of stored lines from seq `first`."""
        certificate = self.certificate
        header = BatchHeader(
            journal=certificate.journal,
            device=certificate.device,
            fair=certificate.fair,
            hub=certificate.hub,
            first=first,
            count=len(lines),
            prev=source.hash_at(first - 1).hex(),
        )
        signed = protocol.write_batch(header, lines, self._key)
        return Parcel(first, len(lines), signed, *protocol.pack(signed))

    def send_parcel(self, parcel: Parcel) -> tuple[Receipt, bytes]:
        """Returns the verified receipt and its document."""
        answer = self.request("POST", "/sync/v1/batches", parcel.signed, parcel.coding, parcel.packed)
        return self._receipt(answer.body), answer.body

    def send_batch(self, source: Source, first: int, lines: list[bytes]) -> tuple[Receipt, bytes]:
        """Send stored lines from seq `first`; returns the verified receipt and its document."""
        return self.send_parcel(self.make_parcel(source, first, lines))

    def send_status(self, status: Status) -> None:
        self.request("POST", "/sync/v1/status", protocol.dump(status))

    def come_back(self, document: bytes) -> None:
        """Show the hub the certificate it once signed, with a new canary. Raises `sync.refused` where it did not."""
        certificate = self.certificate
        sealing = keys.PublicKey(bytes.fromhex(self._hub.sealing_key))
        canary = keys.seal(sealing, protocol.canary_text(certificate.journal, certificate.hub)).hex()
        told = protocol.Return(certificate=document.decode(), canary=canary)
        self.request("PUT", f"/sync/v1/devices/{certificate.device}", protocol.dump(told))

    def notice(self, etag: str | None) -> tuple[bytes, str] | None:
        """The fair's notice if it changed since `etag`: its signed document and the new etag.

        Raises `sync.refused` where it is the notice of another fair or desk.
        """
        headers = {"If-None-Match": etag} if etag else {}
        answer = self.request("GET", f"/sync/v1/packs/{self.certificate.fair}", headers=headers)
        if answer.status == 304:
            return None
        fair = protocol.read_document(protocol.FairNotice, answer.body, self._hub.verify_key).fair
        if fair.id != self.certificate.fair or self.certificate.desk not in {desk.id for desk in fair.desks}:
            raise Problem(SYNC_REFUSED, reason="the notice is for another desk")
        return answer.body, answer.header("ETag")

    def _receipt(self, document: bytes) -> Receipt:
        try:
            receipt = protocol.read_document(Receipt, document, self._hub.verify_key)
        except Problem as problem:
            raise Problem(SYNC_RECEIPT, reason=problem.code) from None
        if (receipt.hub, receipt.journal) != (self._hub.hub, self.certificate.journal):
            raise Problem(SYNC_RECEIPT, reason="it is for another journal")
        return receipt


def refusal(answer: Answer) -> str:
    """The hub's problem code and sentence, or the bare status."""
    try:
        body = strictjson.loads(answer.body)
        return f"{body['problem']}: {body['en']}"
    except (Problem, KeyError, TypeError):
        return f"HTTP {answer.status}"


def push(
    client: Client,
    source: Source,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    meet: Callable[[Meeting], object] = lambda _met: None,
) -> Result:
    """Bring the hub up to this journal's head. Sending again changes nothing.

    `meet` is told the hub's time before anything else is sent, and may record it. Raises `journal.forked` when the hub
    holds other facts than this journal, `sync.receipt` when somebody else says so, `sync.incomplete` when the hub's
    last receipt does not name this journal's head.
    """
    result = Result()
    # First, so that no case at the hub ever lacks its content.
    offered = _bring(client, source, source.unsent_names())
    at = _agreed_head(client, source, clock, meet)
    last, _ = source.head()  # only now, so that every fact that names what was offered is among these
    with closing(_exchange(client, source, at, last)) as receipts:
        for receipt, document in receipts:
            if receipt.forked or not _agrees(source, receipt.seq, receipt.hash):
                raise Problem(JOURNAL_FORKED, seq=receipt.seq + 1)
            source.keep_receipt(receipt, document)
            result.new += receipt.accepted
            result.duplicates += receipt.duplicates
            result.quarantined += receipt.quarantined
            result.seq = receipt.seq
            progress(receipt.seq, last)
    _settle_blobs(client, source, offered, result)
    return result


def _exchange(client: Client, source: Source, at: int, last: int) -> Generator[tuple[Receipt, bytes], None, None]:
    """Batches for receipts, from behind `at` until one names `last`; an empty batch where that is all there already.

    While the hub takes one in, the next is made: compressing takes a tablet about as long. Raises `sync.incomplete`
    when a receipt says that the hub has got no further.
    """

    def make(first: int) -> Parcel:
        lines = source.lines(first, protocol.BATCH_COUNT) if first <= last else []
        return client.make_parcel(source, first, lines)

    with ThreadPoolExecutor(1, "next-batch") as beside:
        parcel = make(at + 1)
        while True:
            ahead = beside.submit(make, parcel.next) if parcel.next <= last else None
            receipt, document = client.send_parcel(parcel)
            yield receipt, document
            if receipt.seq >= last:
                return
            if receipt.seq <= at:
                raise Problem(SYNC_INCOMPLETE, unsent=source.unsent())
            at = receipt.seq
            parcel = ahead.result() if ahead is not None and parcel.next == at + 1 else make(at + 1)


def _settle_blobs(client: Client, source: Source, offered: set[str], result: Result) -> None:
    """Bring what the hub lacks, and call sent what it does not lack.

    Only whoever signed for the facts can say which sealed content it lacks. If it was set back to a copy, that is
    content it once had, and more than it names in one answer.
    """
    while True:
        told = client.head()
        if not told.is_believed or told.head.seq < result.seq:
            return
        missing = set(told.missing_blobs)
        for sha256 in missing:
            source.mark_blob_missing(sha256)
        brought = _bring(client, source, missing - offered)
        if not brought:
            break
        offered |= brought
    if len(missing) >= protocol.MISSING_LIMIT:
        return  # there may be more
    for sha256 in offered - missing:
        source.mark_blob_sent(sha256)
        result.blobs += 1
    result.at = told.at


def _offer(client: Client, sha256: str, content: bytes) -> bool:
    """Send a blob; whether the hub took it. One that it will never take stays unsent, and holds up nothing else."""
    if hashlib.sha256(content).hexdigest() != sha256:
        return False
    try:
        client.send_blob(sha256, content)
    except Problem as problem:
        if problem.details.get("code") not in _OF_A_BLOB:
            raise
        return False
    return True


def _bring(client: Client, source: Source, missing: Iterable[str]) -> set[str]:
    """Send sealed content, sent before or not, one after the other; the names of what the hub took."""
    found = ((sha256, source.blob(sha256)) for sha256 in missing)
    return {sha256 for sha256, content in found if content is not None and _offer(client, sha256, content)}


def _agreed_head(client: Client, source: Source, clock: Clock, meet: Callable[[Meeting], object]) -> int:
    """The hub's head, if this journal agrees with it: the only place to go on from."""
    asked = clock.monotonic()
    told = client.head()
    answered = clock.monotonic()
    _bring(client, source, told.missing_blobs)
    head = told.head
    if head.forked_at is not None or not _agrees(source, head.seq, head.hash):
        if not told.is_believed:
            raise Problem(SYNC_RECEIPT, reason="the head is not signed")
        raise Problem(JOURNAL_FORKED, seq=head.forked_at or min(head.seq, source.head()[0]) + 1)
    if told.is_believed and head.cutoff is None and answered - asked <= _TOO_LATE:
        with suppress(Problem):  # a full disk, a busy file: what is here is to be sent all the same
            meet(Meeting(told.at, answered, answered - asked))
    return head.seq


def _agrees(source: Source, seq: int, digest: str) -> bool:
    """Whether this journal has that hash at that place, asked now: it may have grown, and been sent, meanwhile."""
    return seq <= source.head()[0] and source.hash_at(seq).hex() == digest
