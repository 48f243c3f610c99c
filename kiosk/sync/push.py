"""Pushing a journal to the hub: ask for its head, send what follows, believe only signed receipts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kiosk import strictjson
from kiosk.errors import JOURNAL_FORKED, SYNC_INCOMPLETE, SYNC_RECEIPT, SYNC_REFUSED, Problem
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import BatchHeader, Certificate, Head, Receipt, Status


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


@dataclass
class Result:
    """What one push came to."""

    new: int = 0  # facts the hub did not have
    duplicates: int = 0  # facts it had already
    quarantined: int = 0  # of the new ones, kept but not usable
    blobs: int = 0  # sealed complaints sent
    seq: int = 0  # the hub now holds everything up to here


class Client:
    """Signed requests of one enrolled device to its hub."""

    def __init__(
        self, transport: Transport, key: keys.SigningKey, certificate: Certificate, hub: protocol.Hello
    ) -> None:
        self._transport = transport
        self._key = key
        self.certificate = certificate
        self._hub = hub

    def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send; raises `sync.refused` with the hub's own reason on anything but success."""
        signed = {
            protocol.HEADER: str(protocol.VERSION),
            protocol.AUTH_HEADER: protocol.authorise(self._key, self.certificate.device, method, path, body),
            **(headers or {}),
        }
        answer = self._transport(method, path, body, signed)
        if answer.status not in (200, 304):
            raise Problem(SYNC_REFUSED, reason=refusal(answer))
        return answer

    def head(self) -> Head:
        answer = self.request("GET", f"/sync/v1/journals/{self.certificate.journal}")
        return protocol.parse(Head, answer.body)

    def send_blob(self, sha256: str, content: bytes) -> None:
        self.request("PUT", f"/sync/v1/blobs/{sha256}", content)

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
        if (receipt.hub, receipt.journal) != (self.certificate.hub, self.certificate.journal):
            raise Problem(SYNC_RECEIPT, reason="it is for another journal")
        return receipt


def refusal(answer: Answer) -> str:
    """The hub's problem code and sentence, or the bare status."""
    try:
        body = strictjson.loads(answer.body)
        return f"{body['problem']}: {body['en']}"
    except (Problem, KeyError, TypeError):
        return f"HTTP {answer.status}"


def push(client: Client, source: Source, progress: Callable[[int, int], None] = lambda _done, _of: None) -> Result:
    """Bring the hub up to this journal's head. Sending again changes nothing.

    Raises `journal.forked` when the hub holds other facts than this journal, `sync.incomplete` when the
    hub's last receipt does not name this journal's head.
    """
    result = Result()
    last, _ = source.head()
    blobs = source.blobs_unsent()
    for sha256, content in blobs:  # first, so that no case at the hub ever lacks its content
        client.send_blob(sha256, content)
    at = _agreed_head(client, source)
    while True:
        lines = source.lines(at + 1, protocol.BATCH_COUNT) if at < last else []
        receipt, document = client.send_batch(source, at + 1, lines)
        if receipt.forked or not _agrees(source, receipt.seq, receipt.hash):
            raise Problem(JOURNAL_FORKED, seq=receipt.seq + 1)
        source.keep_receipt(receipt, document)
        result.new += receipt.accepted
        result.duplicates += receipt.duplicates
        result.quarantined += receipt.quarantined
        result.seq = receipt.seq
        progress(receipt.seq, last)
        if receipt.seq >= last:
            break
        if receipt.seq <= at:
            raise Problem(SYNC_INCOMPLETE, unsent=source.unsent())
        at = receipt.seq
    # Whoever signed the receipt holds the facts; only now can it say which sealed content it still lacks.
    missing = set(client.head().missing_blobs)
    for sha256, _ in blobs:
        if sha256 not in missing:
            source.mark_blob_sent(sha256)
            result.blobs += 1
    return result


def _agreed_head(client: Client, source: Source) -> int:
    """The hub's head, if this journal agrees with it: the only place to go on from."""
    head = client.head()
    for sha256 in head.missing_blobs:
        content = source.blob(sha256)
        if content is not None:
            client.send_blob(sha256, content)
    if head.forked_at is not None or not _agrees(source, head.seq, head.hash):
        raise Problem(JOURNAL_FORKED, seq=head.forked_at or min(head.seq, source.head()[0]) + 1)
    return head.seq


def _agrees(source: Source, seq: int, digest: str) -> bool:
    """Whether this journal has that hash at that place, asked now: it may have grown, and been sent, meanwhile."""
    return seq <= source.head()[0] and source.hash_at(seq).hex() == digest
