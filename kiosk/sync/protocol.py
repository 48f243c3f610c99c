"""The bytes of the wire: signed documents and batches. Pure; `docs/protocol.md` is its page of prose.

A signed document is lines of UTF-8. The first line is `<name>/1 <json>`; the last line ends with an
Ed25519 signature, in hex, over every byte before it. A batch puts fact lines in between. There is no
wrapper, no alternative spelling and no room after the last newline, so no byte escapes the signature.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec

from kiosk import strictjson
from kiosk.errors import ENROL_CODE, JSON_MALFORMED, SYNC_MALFORMED, SYNC_SIGNATURE, Problem
from kiosk.facts.complaints import CROCKFORD
from kiosk.facts.envelope import LINE_LIMIT, chain
from kiosk.packs.fairs import Fair
from kiosk.sync import keys
from kiosk.values import Hex32, Id, Moment, Seq, Slug

VERSION = 1
#: What this side can do, said in the hello from the first day, so that a later side can ask before it uses more.
CAPABILITIES = ("blobs", "gzip", "packs", "status")
#: Browsers cannot send this header across sites without asking first, and we never agree.
HEADER = "X-Kiosk-Protocol"
AUTH_HEADER = "X-Kiosk-Auth"

BATCH_COUNT = 1_500  # facts a writer puts into one batch
BATCH_COUNT_LIMIT = 10_000  # facts a reader accepts
BATCH_BYTES_LIMIT = 8 * 1024 * 1024
BLOB_LIMIT = 64 * 1024
DOCUMENT_LIMIT = 512 * 1024

Signature = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

_SIGNATURE_LINE = re.compile(rb"^[0-9a-f]{128}\n\Z")
_BATCH_END = re.compile(rb"^([0-9a-f]{64}) ([0-9a-f]{128})\n\Z")


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every message is: frozen, typed, strict."""


class Hello(Message, frozen=True):
    """`GET /sync/v1/hello`: who the hub is. Believed only after its fingerprint was compared."""

    hub: Id
    signing_key: Hex32  # Ed25519
    sealing_key: Hex32  # X25519
    protocol: list[int]
    capabilities: list[str]
    time: Moment

    @property
    def verify_key(self) -> keys.VerifyKey:
        return keys.VerifyKey(bytes.fromhex(self.signing_key))

    @property
    def fingerprint(self) -> bytes:
        return keys.fingerprint(self.verify_key, keys.PublicKey(bytes.fromhex(self.sealing_key)))


class EnrolRequest(Message, frozen=True):
    """`POST /sync/v1/enrol`: a tablet asks to be taken in."""

    token: Id  # 128 bits, single use
    public_key: Hex32  # the tablet's Ed25519 key
    journal: Id  # the journal this certificate will be the root of
    proof: Signature  # over token ‖ public key ‖ journal ‖ hub: the tablet holds the private key


class Certificate(Message, frozen=True):
    """The hub's word that this key may write this journal. The root of the journal's chain."""

    device: Id
    public_key: Hex32
    journal: Id
    hub: Id
    fair: Slug
    desk: Slug
    kinds: list[str]  # kinds of facts the device may record
    not_before: Moment
    not_after: Moment


class BatchHeader(Message, frozen=True):
    """First line of a batch."""

    journal: Id
    device: Id
    fair: Slug
    hub: Id  # the addressee
    first: Seq  # sequence number of the first fact line
    count: Annotated[int, msgspec.Meta(ge=0, le=BATCH_COUNT_LIMIT)]
    prev: Hex32  # chain hash before the first line


class Receipt(Message, frozen=True):
    """The hub's answer to a batch: what it holds of that journal, without a gap, on its disk."""

    hub: Id
    journal: Id
    seq: Count  # the last fact of the unbroken run; 0 for none
    hash: Hex32  # chain hash at seq
    accepted: Count  # facts of this batch that were new
    duplicates: Count  # facts it had already
    quarantined: Count  # new, kept and acknowledged, but not usable
    forked: Count  # facts that differ from what the hub holds at the same place
    batch: Hex32  # SHA-256 of the batch's bytes
    at: Moment


class Head(Message, frozen=True):
    """`GET /sync/v1/journals/<id>`: where to go on from. `seq` and `hash` as in a receipt."""

    seq: Count
    hash: Hex32
    forked_at: Seq | None = None
    missing_blobs: list[Hex32] = []


class Status(Message, frozen=True):
    """`POST /sync/v1/status`: how the booth is. Shown to the organiser, counted nowhere."""

    journal: Id
    seq: Count  # the booth's own head
    hash: Hex32
    pack: str
    version: str
    free_mb: Count
    at: Moment


class FairNotice(Message, frozen=True):
    """`GET /sync/v1/packs/<fair>`: the fair as a booth needs it."""

    fair: Fair
    public_url: str  # where a visitor's own phone reaches the hub
    pack: str  # version of the pack to show
    volunteers: list[dict[str, str]]  # id, name, pin (Argon2id)


_Struct = TypeVar("_Struct", bound=Message)

NAMES: dict[type[Message], str] = {
    Certificate: "kiosk-certificate/1",
    BatchHeader: "kiosk-batch/1",
    Receipt: "kiosk-receipt/1",
    FairNotice: "kiosk-fair/1",
}


def malformed(reason: str) -> Problem:
    return Problem(SYNC_MALFORMED, reason=reason)


def convert(kind: type[_Struct], value: Any) -> _Struct:
    """A plain JSON value as a message. Raises `sync.malformed`."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise malformed(str(error)) from None


def parse(kind: type[_Struct], data: bytes, limit: int = DOCUMENT_LIMIT) -> _Struct:
    """An unsigned JSON message. Raises `json.malformed` or `sync.malformed`."""
    return convert(kind, strictjson.loads(data, limit))


def dump(message: Message) -> bytes:
    return strictjson.dumps(msgspec.to_builtins(message))


# --- signed documents -----------------------------------------------------------------------------


def _purpose(name: str) -> bytes:
    return b"kiosk/signed/" + name.encode()


def _first_line(message: Message) -> bytes:
    return NAMES[type(message)].encode() + b" " + dump(message) + b"\n"


def _read_first_line(kind: type[_Struct], line: bytes) -> _Struct:
    name = NAMES[kind].encode() + b" "
    if not line.startswith(name) or not line.endswith(b"\n"):
        raise malformed(f"it does not begin with {NAMES[kind]}")
    try:
        return convert(kind, strictjson.loads(line[len(name) : -1], DOCUMENT_LIMIT))
    except Problem as problem:
        if problem.kind is JSON_MALFORMED:
            raise malformed(str(problem.details["reason"])) from None
        raise


def sign_document(message: Message, key: keys.SigningKey) -> bytes:
    """Two lines: `<name>/1 <json>` and the signature."""
    line = _first_line(message)
    return line + keys.sign(key, _purpose(NAMES[type(message)]), line).encode() + b"\n"


def read_document(kind: type[_Struct], data: bytes, key: keys.VerifyKey) -> _Struct:
    """Check the signature, then read. Raises `sync.malformed` or `sync.signature`."""
    if len(data) > DOCUMENT_LIMIT:
        raise malformed("too large")
    line, newline, rest = data.partition(b"\n")
    if not _SIGNATURE_LINE.match(rest):
        raise malformed("no signature on the second line")
    if not keys.is_signed(key, _purpose(NAMES[kind]), line + newline, rest[:-1].decode()):
        raise Problem(SYNC_SIGNATURE)
    return _read_first_line(kind, line + newline)


# --- batches --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """A verified batch: its header, the fact lines as their booth stored them, and their chain hashes."""

    header: BatchHeader
    lines: Sequence[bytes]
    hashes: Sequence[bytes]
    digest: str  # SHA-256 of the batch's bytes, hex


def write_batch(header: BatchHeader, lines: Iterable[bytes], key: keys.SigningKey) -> bytes:
    """Frame stored fact lines. `header.count` and `header.prev` must be theirs."""
    parts = [_first_line(header)]
    head = bytes.fromhex(header.prev)
    for line in lines:
        parts.append(line + b"\n")
        head = chain(head, line)
    parts.append(head.hex().encode() + b" ")
    signed = b"".join(parts)
    return signed + keys.sign(key, _purpose(NAMES[BatchHeader]), signed).encode() + b"\n"


def read_batch(data: bytes, key_of: Callable[[BatchHeader], keys.VerifyKey]) -> Batch:
    """Check and take apart a batch: size, header, signature, count, chain; in that order.

    `key_of` says whose signature the header calls for, or raises. The lines are *not* read here: a
    valid batch may carry a fact this release cannot use, and must be acknowledged all the same.
    """
    if len(data) > BATCH_BYTES_LIMIT:
        raise malformed("too large")
    first, newline, rest = data.partition(b"\n")
    header = _read_first_line(BatchHeader, first + newline)
    body, end = _split_end(rest)
    signed = data[: len(data) - 129]
    if not keys.is_signed(key_of(header), _purpose(NAMES[BatchHeader]), signed, end[2].decode()):
        raise Problem(SYNC_SIGNATURE)
    lines = body.split(b"\n")[:-1]
    if len(lines) != header.count:
        raise malformed(f"it announces {header.count} facts and holds {len(lines)}")
    hashes = _chain_hashes(header, lines)
    if (hashes[-1] if hashes else bytes.fromhex(header.prev)).hex().encode() != end[1]:
        raise malformed("its chain does not end in its head")
    return Batch(header, lines, hashes, hashlib.sha256(data).hexdigest())


def _split_end(rest: bytes) -> tuple[bytes, re.Match[bytes]]:
    """The fact lines with their newlines, and the last line."""
    cut = rest.rfind(b"\n", 0, -1) + 1
    end = _BATCH_END.match(rest[cut:])
    if end is None:
        raise malformed("it does not end with a head and a signature")
    return rest[:cut], end


def _chain_hashes(header: BatchHeader, lines: Sequence[bytes]) -> list[bytes]:
    head, hashes = bytes.fromhex(header.prev), []
    for line in lines:
        if len(line) > LINE_LIMIT:
            raise malformed("a fact line is too long")
        head = chain(head, line)
        hashes.append(head)
    return hashes


# --- signed requests ------------------------------------------------------------------------------


def authorise(key: keys.SigningKey, device: str, method: str, path: str, body: bytes) -> str:
    """The value of `X-Kiosk-Auth` for requests that carry no signed document of their own."""
    return f"{device} {keys.sign(key, b'kiosk/request/1', _request(method, path, body))}"


def is_authorised(key: keys.VerifyKey, signature: str, method: str, path: str, body: bytes) -> bool:
    return keys.is_signed(key, b"kiosk/request/1", _request(method, path, body), signature)


def _request(method: str, path: str, body: bytes) -> bytes:
    return f"{method} {path}\n".encode() + hashlib.sha256(body).digest()


# --- enrolment ------------------------------------------------------------------------------------


def enrol_proof(token: str, public_key: str, journal: str, hub: str) -> bytes:
    """The message a tablet signs to prove that it holds the key it enrols."""
    return f"{token}\n{public_key}\n{journal}\n{hub}".encode()


def write_code(token: str, fingerprint: bytes) -> str:
    """An enrolment code: the token and the first 64 bits of the hub's fingerprint, in base 32."""
    number = int.from_bytes(bytes.fromhex(token) + fingerprint[:8])
    text = ""
    for _ in range(39):
        number, digit = divmod(number, 32)
        text = CROCKFORD[digit] + text
    return "-".join(text[i : i + 5] for i in range(0, 39, 5))


def read_code(code: str) -> tuple[str, bytes]:
    """(token, fingerprint prefix). Raises `enrol.code`."""
    text = re.sub(r"[\s-]", "", code.upper()).translate(str.maketrans("OIL", "011"))
    if len(text) != 39 or any(symbol not in CROCKFORD for symbol in text):
        raise Problem(ENROL_CODE)
    number = 0
    for symbol in text:
        number = number * 32 + CROCKFORD.index(symbol)
    if number >= 1 << 192:
        raise Problem(ENROL_CODE)
    raw = number.to_bytes(24)
    return raw[:16].hex(), raw[16:]
