"""The bytes of the wire: signed documents and batches. Pure; `docs/protocol.md` is its page of prose.

A signed document is lines of UTF-8. The first line is `<name>/1 <json>`; the last line ends with an
Ed25519 signature, in hex, over every byte before it. A batch puts fact lines in between. There is no
wrapper, no alternative spelling and no room after the last newline, so no byte escapes the signature.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from kiosk import crockford, strictjson
from kiosk.errors import ENROL_CODE, JSON_MALFORMED, SYNC_MALFORMED, SYNC_SIGNATURE, Problem
from kiosk.facts.envelope import LINE_LIMIT, chain_all
from kiosk.packs.fairs import Fair
from kiosk.packs.surveys import Survey
from kiosk.sync import keys
from kiosk.values import Date, Hex32, Id, Moment, Seq, Slug

VERSION = 1
#: What this side can do, said in the hello from the first day, so that a later side can ask before it uses more.
CAPABILITIES = ("blobs", "bundles", "gzip", "nonces", "packs", "ranges", "rehearsals", "status")
#: Browsers cannot send this header across sites without asking first, and we never agree.
HEADER = "X-Kiosk-Protocol"
AUTH_HEADER = "X-Kiosk-Auth"
#: The hub's word for an answer that is no signed document. A relay has none to give.
VOUCH_HEADER = "X-Kiosk-Signature"

BATCH_COUNT = 3_000  # facts a writer puts into one batch
BATCH_COUNT_LIMIT = 10_000  # facts a reader accepts
BATCH_BYTES_LIMIT = 8 * 1024 * 1024
BLOB_LIMIT = 8 * 1024 * 1024
BLOB_PART = 256 * 1024  # bytes of a blob that one request carries
MISSING_LIMIT = 100  # blobs that one head calls missing
DOCUMENT_LIMIT = 512 * 1024

Signature = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}\Z")]
Sealed = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}){0,1024}\Z")]
Boot = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}\Z")]
Canary = Literal["none", "waiting", "opened", "broken"]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Camera = Literal["works", "seen", "none"]  # a picture came of it; the browser names one; it names none
Trial = Literal["works", "fails"]

_GZIP_FROM = 1_024  # bytes; below, compressing costs more than it saves
_SIGNATURE_BYTES = 129  # with its newline
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
    canary: Sealed = ""  # a first thing sealed to the hub's key: it must open there before anybody's complaint is


class Return(Message, frozen=True):
    """`PUT /sync/v1/devices/<id>`: a tablet this hub certified, and does not know since it was set back to a copy."""

    certificate: Annotated[str, msgspec.Meta(max_length=16_384)]  # the whole document
    canary: Sealed  # sealed anew


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
    # Device id of the tablet that only rehearses with this journal: nothing in it counts. Absent in earnest.
    rehearsal: Id | msgspec.UnsetType = msgspec.UNSET
    # The unit of the fair that a hub below reports for; `desk` says the same. Absent of tablets.
    unit: Slug | msgspec.UnsetType = msgspec.UNSET


class RehearsalRequest(Message, frozen=True):
    """`POST /sync/v1/rehearsals`: an enrolled tablet asks for a certificate of a second journal that never counts."""

    public_key: Hex32  # of the rehearsal alone
    journal: Id
    proof: Signature  # over device ‖ public key ‖ journal ‖ hub: the tablet holds that private key, too


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


class BlobReceipt(Message, frozen=True):
    """Beside a receipt that travels as a file: what the hub holds of the sealed content those facts name."""

    hub: Id
    journal: Id
    seq: Count  # of the blobs named by facts up to here …
    missing: list[Hex32]  # … the hub lacks these, and no others
    at: Moment


class Head(Message, frozen=True):
    """`GET /sync/v1/journals/<id>`: where to go on from. `seq` and `hash` as in a receipt."""

    seq: Count
    hash: Hex32
    forked_at: Seq | None = None
    missing_blobs: list[Hex32] = []
    canary: Canary = "none"
    cutoff: Count | None = None  # the tablet was withdrawn: nothing after this fact counts
    # Absent where the question had no nonce: a tablet of the first release does not read them.
    nonce: Id | msgspec.UnsetType = msgspec.UNSET  # that of the question
    at: Moment | msgspec.UnsetType = msgspec.UNSET  # the hub's time


class BlobHead(Message, frozen=True):
    """`GET` and `PUT /sync/v1/blobs/<sha256>`: how far the hub has a sealed blob. `held` is where to go on."""

    held: Count  # bytes from the beginning; of one deleted on its date none, and nobody is to send any
    whole: bool  # the hub has it, or had it, and its hash was right


class Health(Message, frozen=True):
    """What the page on a tablet's screen, or a volunteer before it, found out about it. Absent: nobody knows."""

    battery: Percent | msgspec.UnsetType = msgspec.UNSET
    charging: bool | msgspec.UnsetType = msgspec.UNSET
    camera: Camera | msgspec.UnsetType = msgspec.UNSET
    printer: Trial | msgspec.UnsetType = msgspec.UNSET  # by a volunteer's word: a page cannot see paper
    sound: Trial | msgspec.UnsetType = msgspec.UNSET  # likewise


#: Of a tablet on which no page has said anything yet.
UNKNOWN_HEALTH = Health()


class Status(Message, frozen=True):
    """`POST /sync/v1/status`: how the booth is. Shown to the organiser, counted nowhere."""

    journal: Id
    seq: Count  # the booth's own head
    hash: Hex32
    pack: str
    version: str
    free_mb: Count
    at: Moment
    boot: Boot
    mono: Count
    health: Health | msgspec.UnsetType = msgspec.UNSET  # absent where nothing is known: older hubs do not read it


class Slip(Message, frozen=True):
    """The day slip: what a booth says it holds when it closes. Signed by the tablet, compared at the hub."""

    journal: Id
    device: Id
    hub: Id
    fair: Slug
    desk: Slug
    day: Date
    first: Count  # first fact of the day; 0 when there is none
    last: Count  # the journal's head
    hash: Hex32  # chain hash there
    counts: dict[str, Count]  # kind → facts of the whole journal up to `last`
    at: Moment


class FairNotice(Message, frozen=True):
    """`GET /sync/v1/packs/<fair>`: the fair as one booth needs it."""

    fair: Fair  # with the booth's own desk and venue, and no others
    public_url: str  # where a visitor's own phone reaches the hub
    pack: str  # version of the pack to show
    volunteers: list[dict[str, str]]  # id, name, pin (Argon2id)
    # Those of `fair` that are no part of the pack. Absent where there are none: older tablets do not read it.
    surveys: list[Survey] | msgspec.UnsetType = msgspec.UNSET


class JoinRequest(Message, frozen=True):
    """A hub asks the hub above, by a file, to be let in for a unit. Signed with the key it asks for."""

    public_key: Hex32  # that writes the reports, and nothing else
    journal: Id
    hub: Id  # who asks …
    fair: Slug  # … for which of its fairs
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]  # what it calls itself, for people
    at: Moment


class Admission(Message, frozen=True):
    """The answer, by a file: the certificate, and the keys of the hub above. Signed with the first of them."""

    hub: Id
    signing_key: Hex32  # Ed25519
    sealing_key: Hex32  # X25519
    certificate: Annotated[str, msgspec.Meta(max_length=16_384)]  # the whole document
    url: Annotated[str, msgspec.Meta(max_length=500)]  # where it can be reached, should there be a network one day
    at: Moment


class TabletKey(Message, frozen=True):
    """A tablet that may sign receipts of complaints."""

    desk: Slug
    public_key: Hex32
    withdrawn: bool = False  # lost, stolen or not to be trusted: what it signed needs a look at the hub


class FairKeys(Message, frozen=True):
    """`GET /m/keys/<fair>`: the keys with which receipts of a fair's complaints are signed, for anybody to check by.

    Signed with the first of them. Who wants to be sure compares the hub's fingerprint, which follows from it.
    """

    hub: Id
    signing_key: Hex32  # Ed25519
    sealing_key: Hex32  # X25519
    fair: Slug
    tablets: list[TabletKey]
    at: Moment

    @property
    def fingerprint(self) -> bytes:
        signing = keys.VerifyKey(bytes.fromhex(self.signing_key))
        return keys.fingerprint(signing, keys.PublicKey(bytes.fromhex(self.sealing_key)))


_Struct = TypeVar("_Struct", bound=Message)

NAMES: dict[type[Message], str] = {
    Certificate: "kiosk-certificate/1",
    BatchHeader: "kiosk-batch/1",
    Receipt: "kiosk-receipt/1",
    FairNotice: "kiosk-fair/1",
    BlobReceipt: "kiosk-blobs/1",
    Slip: "kiosk-slip/1",
    FairKeys: "kiosk-keys/1",
    JoinRequest: "kiosk-join/1",
    Admission: "kiosk-admission/1",
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


class Batch(msgspec.Struct, frozen=True):
    """A verified batch: its header, the fact lines as their booth stored them, and their chain hashes."""

    header: BatchHeader
    lines: Sequence[bytes]
    hashes: Sequence[bytes]
    digest: str  # SHA-256 of the batch's bytes, hex
    seal: bytes  # its first and last line: with the fact lines between them, the batch's bytes once more


def write_batch(header: BatchHeader, lines: Iterable[bytes], key: keys.SigningKey) -> bytes:
    """Frame stored fact lines. `header.count` and `header.prev` must be theirs."""
    body = list(lines)
    head = chain_all(bytes.fromhex(header.prev), body)[-1].hex() if body else header.prev
    signed = b"".join([_first_line(header), *[line + b"\n" for line in body], head.encode(), b" "])
    signature = keys.sign(key, _purpose(NAMES[BatchHeader]), hashlib.sha256(signed).digest())
    return signed + signature.encode() + b"\n"


def read_batch(data: bytes, key_of: Callable[[BatchHeader], keys.VerifyKey]) -> Batch:
    """Check and take apart a batch: size, header, signature, count, chain; in that order.

    `key_of` says whose signature the header calls for, or raises. The lines are *not* read here: a
    valid batch may carry a fact this release cannot use, and must be acknowledged all the same.
    """
    if len(data) > BATCH_BYTES_LIMIT:
        raise malformed("too large")
    start = data.find(b"\n") + 1
    header = _read_first_line(BatchHeader, data[:start])
    body, end = _split_end(data, start)
    digest = hashlib.sha256(memoryview(data)[:-_SIGNATURE_BYTES])
    if not keys.is_signed(key_of(header), _purpose(NAMES[BatchHeader]), digest.digest(), end[2].decode()):
        raise Problem(SYNC_SIGNATURE)
    digest.update(data[-_SIGNATURE_BYTES:])
    lines = body.split(b"\n")[:-1]
    if len(lines) != header.count:
        raise malformed(f"it announces {header.count} facts and holds {len(lines)}")
    hashes = _chain_hashes(header, lines)
    if (hashes[-1] if hashes else bytes.fromhex(header.prev)).hex().encode() != end[1]:
        raise malformed("its chain does not end in its head")
    return Batch(header, lines, hashes, digest.hexdigest(), data[:start] + end[0])


def is_sealed(seal: bytes, lines: Iterable[bytes], key: keys.VerifyKey) -> bool:
    """Whether fact lines are those a batch was signed with. They are read one by one, and not kept."""
    first, newline, last = seal.partition(b"\n")
    end = _BATCH_END.match(last)
    if end is None:
        return False
    digest = hashlib.sha256(first + newline)
    for line in lines:
        digest.update(line + b"\n")
    digest.update(end[1] + b" ")
    return keys.is_signed(key, _purpose(NAMES[BatchHeader]), digest.digest(), end[2].decode())


def header_of(seal: bytes) -> BatchHeader:
    """What the first line of a seal says. Raises `sync.malformed`."""
    return _read_first_line(BatchHeader, seal[: seal.find(b"\n") + 1])


def _split_end(data: bytes, start: int) -> tuple[bytes, re.Match[bytes]]:
    """The fact lines of a batch with their newlines, from `start` on, and its last line."""
    cut = max(start, data.rfind(b"\n", start, -1) + 1)
    end = _BATCH_END.match(data[cut:])
    if end is None:
        raise malformed("it does not end with a head and a signature")
    return data[start:cut], end


def _chain_hashes(header: BatchHeader, lines: Sequence[bytes]) -> list[bytes]:
    if lines and max(map(len, lines)) > LINE_LIMIT:
        raise malformed("a fact line is too long")
    return chain_all(bytes.fromhex(header.prev), lines)


def pack(data: bytes) -> tuple[bytes, dict[str, str]]:
    """A body as it travels, and the headers that say so: compressed, if that makes it smaller.

    Sealed content does not shrink, and may not grow over the hub's limit.
    """
    packed = compress(data) if len(data) >= _GZIP_FROM else data
    return (packed, {"Content-Encoding": "gzip"}) if len(packed) < len(data) else (data, {})


def compress(data: bytes) -> bytes:
    """gzip. Facts are full of random ids, and `Z_FILTERED` does not look for likenesses that are chance."""
    deflate = zlib.compressobj(8, zlib.DEFLATED, 31, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    return deflate.compress(data) + deflate.flush()


# --- parts of a blob ------------------------------------------------------------------------------

RANGE_HEADER = "Content-Range"
_RANGE = re.compile(r"^bytes (0|[1-9]\d{0,8})-(0|[1-9]\d{0,8})/([1-9]\d{0,8})\Z", re.ASCII)


def write_range(start: int, length: int, total: int) -> str:
    """The `Content-Range` of a part, e.g. `bytes 262144-524287/900000`."""
    return f"bytes {start}-{start + length - 1}/{total}"


def read_range(text: str, length: int) -> tuple[int, int]:
    """(start, total) of a part of `length` bytes. Raises `sync.malformed`."""
    match = _RANGE.match(text)
    start, last, total = (int(number) for number in match.groups()) if match else (0, -1, 0)
    if not length or last - start + 1 != length or not last < total <= BLOB_LIMIT:
        raise malformed("its range is not that of its bytes")
    return start, total


# --- signed requests ------------------------------------------------------------------------------


def authorise(key: keys.SigningKey, device: str, method: str, path: str, body: bytes) -> str:
    """The value of `X-Kiosk-Auth` for requests that carry no signed document of their own."""
    return f"{device} {keys.sign(key, b'kiosk/request/1', _request(method, path, body))}"


def is_authorised(key: keys.VerifyKey, signature: str, method: str, path: str, body: bytes) -> bool:
    return keys.is_signed(key, b"kiosk/request/1", _request(method, path, body), signature)


def _request(method: str, path: str, body: bytes) -> bytes:
    return f"{method} {path}\n".encode() + hashlib.sha256(body).digest()


def vouch(key: keys.SigningKey, journal: str, answer: bytes) -> str:
    """The value of `X-Kiosk-Signature`: the hub's signature over what it says of one journal."""
    return keys.sign(key, b"kiosk/head/1", f"{journal}\n".encode() + answer)


def is_vouched(key: keys.VerifyKey, journal: str, answer: bytes, signature: str) -> bool:
    return keys.is_signed(key, b"kiosk/head/1", f"{journal}\n".encode() + answer, signature)


def read_nonce(text: str) -> str:
    """Raises `sync.malformed`."""
    try:
        return msgspec.convert(text, Id)
    except msgspec.ValidationError:
        raise malformed("its nonce is none") from None


# --- enrolment ------------------------------------------------------------------------------------


def enrol_proof(token: str, public_key: str, journal: str, hub: str) -> bytes:
    """The message a tablet signs to prove that it holds the key it enrols."""
    return f"{token}\n{public_key}\n{journal}\n{hub}".encode()


def rehearsal_proof(device: str, public_key: str, journal: str, hub: str) -> bytes:
    """The message signed with a rehearsal's own key by the tablet that asks to have it certified."""
    return f"{device}\n{public_key}\n{journal}\n{hub}".encode()


def canary_text(journal: str, hub: str) -> bytes:
    """What a tablet seals first of all; opened and compared at the hub."""
    return f"kiosk/canary/1\n{journal}\n{hub}".encode()


def acknowledge(key: keys.SigningKey, request: EnrolRequest, hub: str) -> str:
    """The value of `X-Kiosk-Signature` beside `enrol.waiting`: this key, and no other, has used the code.

    The hub gives it for one key a code, and nobody can know it beforehand.
    """
    return keys.sign(key, b"kiosk/waiting/1", _enrol_proof(request, hub))


def is_acknowledged(key: keys.VerifyKey, request: EnrolRequest, hub: str, word: str) -> bool:
    return keys.is_signed(key, b"kiosk/waiting/1", _enrol_proof(request, hub), word)


def _enrol_proof(request: EnrolRequest, hub: str) -> bytes:
    return enrol_proof(request.token, request.public_key, request.journal, hub)


def comparison(request: EnrolRequest, fingerprint: bytes, word: str) -> str:
    """Six digits that both screens show while a tablet enrols, e.g. `"123 456"`. `word`: as `acknowledge` gives it.

    Whoever photographed the code and was quicker has another key, hence other digits; and because they hang on the
    hub's word, nobody can try keys until the digits are those of another tablet.
    """
    raw = bytes.fromhex(request.token) + bytes.fromhex(request.public_key) + fingerprint + bytes.fromhex(word)
    digest = hashlib.sha256(b"kiosk/compare/2\0" + raw)
    number = f"{int.from_bytes(digest.digest()[:8]) % 1_000_000:06d}"
    return f"{number[:3]} {number[3:]}"


def slip_code(head: bytes) -> str:
    """The first 40 bits of a head hash, to be read out and typed: `ABCD-EFGH`."""
    return crockford.hyphenated(crockford.write(int.from_bytes(head[:5]), 8))


def write_code(token: str, fingerprint: bytes) -> str:
    """An enrolment code: the token and the first 64 bits of the hub's fingerprint, in base 32."""
    text = crockford.write(int.from_bytes(bytes.fromhex(token) + fingerprint[:8]), 39)
    return "-".join(text[i : i + 5] for i in range(0, 39, 5))


def read_code(code: str) -> tuple[str, bytes]:
    """(token, fingerprint prefix). Raises `enrol.code`."""
    number = crockford.read(code, 39)
    if number is None or number >= 1 << 192:
        raise Problem(ENROL_CODE)
    raw = number.to_bytes(24)
    return raw[:16].hex(), raw[16:]
