"""The QR road: a batch of facts as QR codes that take turns on one screen and are read off by the camera of another.

A code's text is `K315:<name>:<i>:<n>:<payload>`: part `i` of `n`, and the first 8 hex digits of the SHA-256 of what
the parts add up to, the gzipped batch. Payloads are base 45 (RFC 9285), so that a code holds nothing but the
alphanumeric characters of QR. A receipt or a slip is one code: `K315R:` or `K315S:`, and its gzipped document.

The digits of a name only tell sequences apart. What decides is the signature of the batch. Pure.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable

from kiosk.errors import SEQUENCE_DAMAGED, SEQUENCE_FOREIGN, SEQUENCE_MALFORMED, SEQUENCE_TOO_LONG, Problem
from kiosk.sync import protocol

PART_LIMIT = 700  # characters a code; more make cells that a cheap camera cannot tell apart
PARTS = 60  # codes a booth shows at most: a minute at one a second
PARTS_LIMIT = 256  # codes a reader collects
RECEIPT = "K315R:"
SLIP = "K315S:"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_PART = re.compile(r"K315:([0-9A-F]{8}):([1-9]\d{0,2}):([1-9]\d{0,2}):([0-9A-Z $%*+\-./:]{2,4296})")
_CODE_LIMIT = 4_296  # alphanumeric characters of the largest QR code there is
_DOCUMENT_LIMIT = 64 * 1024


def _malformed(reason: str) -> Problem:
    return Problem(SEQUENCE_MALFORMED, reason=reason)


# --- base 45 --------------------------------------------------------------------------------------


def encode45(data: bytes) -> str:
    """Bytes as alphanumeric characters of QR: three for two bytes, two for a last one. Never ends with a blank."""
    text = []
    for at in range(0, len(data) - 1, 2):
        rest, first = divmod(data[at] * 256 + data[at + 1], 45)
        third, second = divmod(rest, 45)
        text += [_ALPHABET[first], _ALPHABET[second], _ALPHABET[third]]
    if len(data) % 2:
        second, first = divmod(data[-1], 45)
        text += [_ALPHABET[first], _ALPHABET[second]]
    return "".join(text)


def decode45(text: str) -> bytes:
    """The bytes. There is one spelling for each. Raises `sequence.malformed`."""
    try:
        values = [_VALUES[symbol] for symbol in text]
    except KeyError:
        raise _malformed("a character that is none of base 45") from None
    data = bytearray()
    for at in range(0, len(values), 3):
        group = values[at : at + 3]
        number = sum(value * 45**place for place, value in enumerate(group))
        length = len(group) - 1
        if not length or number >= 256**length:
            raise _malformed("it is cut off")
        data += number.to_bytes(length)
    return bytes(data)


# --- a batch as a sequence ------------------------------------------------------------------------


def write_parts(batch: bytes, part_limit: int = PART_LIMIT) -> list[str]:
    """The texts of the codes. Raises `sequence.too_long`."""
    texts = _cut(batch, part_limit)
    if len(texts) > PARTS_LIMIT:
        raise Problem(SEQUENCE_TOO_LONG)
    return texts


def _cut(batch: bytes, part_limit: int) -> list[str]:
    packed = gzip.compress(batch, 9, mtime=0)
    name = _name(packed)
    room = (part_limit - len(f"K315:{name}:{PARTS_LIMIT}:{PARTS_LIMIT}:")) // 3 * 2
    pieces = [packed[at : at + room] for at in range(0, len(packed), room)]
    return [f"K315:{name}:{number}:{len(pieces)}:{encode45(piece)}" for number, piece in enumerate(pieces, 1)]


def write_most(
    batch_of: Callable[[int], bytes], count: int, parts: int = PARTS, part_limit: int = PART_LIMIT
) -> list[str]:
    """The codes of the longest batch of at most `count` facts that goes into `parts` codes.

    `batch_of(n)` makes the batch of the first n facts. Raises `sequence.too_long` when not even one fits.
    """
    best: list[str] = []
    fits, too_many = -1, min(count, protocol.BATCH_COUNT) + 1
    tried = too_many - 1  # all of them first: mostly there are not many
    while too_many - fits > 1:
        found = _cut(batch_of(tried), part_limit)
        if len(found) <= parts:
            best, fits = found, tried
        else:
            too_many = tried
        tried = (fits + too_many) // 2
    if fits < min(count, 1):
        raise Problem(SEQUENCE_TOO_LONG)
    return best


class Collector:
    """Takes the codes of one sequence as a camera sees them: in any order, again and again."""

    def __init__(self) -> None:
        self._name = ""
        self._pieces: dict[int, bytes] = {}
        self.count = 0  # codes of the sequence; 0 before the first

    @property
    def missing(self) -> list[int]:
        """Numbers of the codes not seen yet."""
        return [number for number in range(1, self.count + 1) if number not in self._pieces]

    @property
    def is_complete(self) -> bool:
        return bool(self.count) and not self.missing

    def add(self, text: str) -> None:
        """Take a code. Raises `sequence.malformed`, or `sequence.foreign` for a code of another sequence."""
        match = _PART.fullmatch(text)
        if match is None:
            raise _malformed("it does not begin with K315")
        name, number, count, piece = match[1], int(match[2]), int(match[3]), decode45(match[4])
        if number > count or count > PARTS_LIMIT:
            raise _malformed("it has an impossible number")
        if self._pieces and (name, count) != (self._name, self.count):
            raise Problem(SEQUENCE_FOREIGN)
        if self._pieces.get(number, piece) != piece:
            raise Problem(SEQUENCE_FOREIGN)
        self._name, self.count = name, count
        self._pieces[number] = piece

    def batch(self) -> bytes:
        """The batch, once all codes are there. When they do not add up, all are dropped: `sequence.damaged`."""
        packed = b"".join(self._pieces[number] for number in range(1, self.count + 1) if number in self._pieces)
        if not self.is_complete or _name(packed) != self._name:
            self._pieces, self.count = {}, 0
            raise Problem(SEQUENCE_DAMAGED)
        return _inflate(packed, protocol.BATCH_BYTES_LIMIT)


def read_parts(texts: Iterable[str]) -> bytes:
    """The batch of a whole sequence of codes, in any order. Raises `sequence.*`."""
    collector = Collector()
    for text in texts:
        collector.add(text)
    return collector.batch()


# --- a document as one code -----------------------------------------------------------------------


def write_document(prefix: str, document: bytes) -> str:
    """A signed document as the text of one code; `prefix` is RECEIPT or SLIP. Raises `sequence.too_long`."""
    text = prefix + encode45(gzip.compress(document, 9, mtime=0))
    if len(text) > _CODE_LIMIT:
        raise Problem(SEQUENCE_TOO_LONG)
    return text


def read_document(prefix: str, text: str) -> bytes:
    """The document of one code, unverified. Raises `sequence.malformed` or `sequence.damaged`."""
    if not text.startswith(prefix) or len(text) > _CODE_LIMIT:
        raise _malformed(f"it does not begin with {prefix[:-1]}")
    return _inflate(decode45(text[len(prefix) :]), _DOCUMENT_LIMIT)


def _name(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()[:8].upper()


def _inflate(packed: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(packed, limit + 1)
    except zlib.error:
        raise Problem(SEQUENCE_DAMAGED) from None
    if len(plain) > limit:
        raise Problem(SEQUENCE_TOO_LONG)
    if not inflater.eof or inflater.unused_data:
        raise Problem(SEQUENCE_DAMAGED)
    return plain
