"""Pushing a journal to the hub: ask for its head, send what follows, believe only signed receipts."""

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kiosk import strictjson
from kiosk.clock import Clock
from kiosk.errors import (
    BLOB_MISMATCH,
    JOURNAL_FORKED,
    REQUEST_TOO_LARGE,
    SYNC_BUSY,
    SYNC_INCOMPLETE,
    SYNC_MALFORMED,
    SYNC_RECEIPT,
    SYNC_REFUSED,
    Problem,
)
from kiosk.sync import keys, protocol
from kiosk.sync.courier import Pauses, retry_after
from kiosk.sync.protocol import BatchHeader, BlobHead, Certificate, Head, Receipt, Status

#: Seconds a push waits in all for a hub that is busy; after that its sender comes again another time.
_PATIENCE = 30
#: What a hub may have against one sealed blob, and against nothing else.
_OF_A_BLOB = (BLOB_MISMATCH.code, REQUEST_TOO_LARGE.code, SYNC_MALFORMED.code)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whatever carried it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Something that carries a request to the hub. Raises `sync.unreachable`."""

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...


class Source(Protocol):
    """What a push needs of a journal."""

    def head(self) -> tuple[int, bytes]: ...
    def hash_at(self, seq: int) -> bytes: ...
    def lines(self, first: int, count: int) -> list[bytes]: ...
    def blob(self, sha256: str) -> bytes | None: ...
    def blobs_unsent(self) -> list[tuple[str, bytes]]: ...
    def mark_blob_sent(self, sha256: str) -> None: ...
    def keep_receipt(self, receipt: Receipt, document: bytes) -> None: ...
    def unsent(self) -> int: ...


@dataclass(frozen=True)
class Meeting:
    """A moment of the hub's signed time. Of facts it never saw before: an old receipt played again tells no time."""

    hub_at: str
    mono: int  # the device's monotonic clock when the receipt came
    rtt_ms: int


@dataclass
class Result:
    """What one push came to."""

    new: int = 0  # facts the hub did not have
    duplicates: int = 0  # facts it had already
    quarantined: int = 0  # of the new ones, kept but not usable
    blobs: int = 0  # sealed complaints sent
    seq: int = 0  # the hub now holds everything up to here
    met: Meeting | None = None  # when the hub last signed for facts that were new to it
    at: str = field(default="", compare=False)  # the hub's time, from its last receipt

    def add(self, other: "Result") -> None:
        """What a further push came to."""
        self.new += other.new
        self.duplicates += other.duplicates
        self.quarantined += other.quarantined
        self.blobs += other.blobs
        self.seq = other.seq
        self.at = other.at


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

    def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send, and send again where the hub is busy.

        Raises `sync.refused` with the hub's own reason on anything but success, `sync.busy` when patience ends.
        """
        signed = {
            protocol.HEADER: str(protocol.VERSION),
            protocol.AUTH_HEADER: protocol.authorise(self._key, self.certificate.device, method, path, body),
            **(headers or {}),
        }
        answer = self._transport(method, path, body, signed)
        while answer.status == 503:
            self._be_patient(answer)
            answer = self._transport(method, path, body, signed)
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

    def head(self) -> Head:
        answer = self.request("GET", f"/sync/v1/journals/{self.certificate.journal}")
        return protocol.parse(Head, answer.body)

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

    def send_batch(self, source: Source, first: int, lines: list[bytes]) -> tuple[Receipt, bytes]:
        """Send stored lines from seq `first`; returns the verified receipt and its document."""
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
        answer = self.request("POST", "/sync/v1/batches", protocol.write_batch(header, lines, self._key))
        return self._receipt(answer.body), answer.body

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
        """The fair's notice if it changed since `etag`: its signed document and the new etag."""
        headers = {"If-None-Match": etag} if etag else {}
        answer = self.request("GET", f"/sync/v1/packs/{self.certificate.fair}", headers=headers)
        if answer.status == 304:
            return None
        protocol.read_document(protocol.FairNotice, answer.body, self._hub.verify_key)
        return answer.body, answer.headers.get("ETag", "")

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
    client: Client, source: Source, clock: Clock, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Result:
    """Bring the hub up to this journal's head. Sending again changes nothing.

    Raises `journal.forked` when the hub holds other facts than this journal, `sync.incomplete` when the
    hub's last receipt does not name this journal's head.
    """
    result = Result()
    last, _ = source.head()
    # First, so that no case at the hub ever lacks its content.
    offered = [sha256 for sha256, content in source.blobs_unsent() if _offer(client, sha256, content)]
    at = _agreed_head(client, source)
    while True:
        lines = source.lines(at + 1, protocol.BATCH_COUNT) if at < last else []
        asked = clock.monotonic()
        receipt, document = client.send_batch(source, at + 1, lines)
        if receipt.forked or not _agrees(source, receipt.seq, receipt.hash):
            raise Problem(JOURNAL_FORKED, seq=receipt.seq + 1)
        source.keep_receipt(receipt, document)
        result.new += receipt.accepted
        result.duplicates += receipt.duplicates
        result.quarantined += receipt.quarantined
        result.seq, result.at = receipt.seq, receipt.at
        if lines and receipt.accepted == len(lines):
            answered = clock.monotonic()
            result.met = Meeting(receipt.at, answered, answered - asked)
        progress(receipt.seq, last)
        if receipt.seq >= last:
            break
        if receipt.seq <= at:
            raise Problem(SYNC_INCOMPLETE, unsent=source.unsent())
        at = receipt.seq
    # Whoever signed the receipt holds the facts; only now can it say which sealed content it still lacks.
    missing = set(client.head().missing_blobs)
    _bring(client, source, missing)  # it was set back to a copy: some of this it had, and signed for, before
    for sha256 in offered:
        if sha256 not in missing:
            source.mark_blob_sent(sha256)
            result.blobs += 1
    return result


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


def _bring(client: Client, source: Source, missing: Iterable[str]) -> None:
    """Send sealed content the hub asks for, sent before or not."""
    for sha256 in missing:
        content = source.blob(sha256)
        if content is not None:
            _offer(client, sha256, content)


def _agreed_head(client: Client, source: Source) -> int:
    """The hub's head, if this journal agrees with it: the only place to go on from."""
    head = client.head()
    _bring(client, source, head.missing_blobs)
    if head.forked_at is not None or not _agrees(source, head.seq, head.hash):
        raise Problem(JOURNAL_FORKED, seq=head.forked_at or min(head.seq, source.head()[0]) + 1)
    return head.seq


def _agrees(source: Source, seq: int, digest: str) -> bool:
    """Whether this journal has that hash at that place, asked now: it may have grown, and been sent, meanwhile."""
    return seq <= source.head()[0] and source.hash_at(seq).hex() == digest
