"""The envelope: what every fact carries, its exact bytes, and the chain over them.

A line is written once and never re-serialised; hashes and signatures cover those very bytes.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from kiosk import strictjson
from kiosk.clock import BEIJING
from kiosk.errors import FACT_MALFORMED, Problem
from kiosk.values import Id, Moment, Seq, Slug

#: No line is longer. The largest honest one (a complaint's reference) is under 1 KB.
LINE_LIMIT = 16 * 1024
_CHAIN = b"kiosk/fact/1\0"
_ROOT = b"kiosk/journal/1\0"


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that happened, as a booth or a hub wrote it down."""

    v: Annotated[int, msgspec.Meta(ge=1, le=1000)]  # version of the body's shape
    id: Id  # 128 random bits, made before the request, so that a retry is the same fact
    seq: Seq  # place in its journal, from 1, without gaps
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.[a-z_]{1,40}\Z")]  # noun.past_tense
    at: Moment  # the device's wall clock, Beijing time; shown, never used for order
    mono: Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # milliseconds since the device started
    boot: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}\Z")]  # `mono` is comparable only within one boot
    desk: Slug
    by: Slug  # who: a volunteer's id, a person at the hub, or "visitor"
    body: dict[str, Any]  # read it with `kinds.read`

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


def encode(fact: Fact) -> bytes:
    """The line: UTF-8 JSON on one line, without the newline."""
    return strictjson.dumps(msgspec.structs.asdict(fact))


def decode(line: bytes) -> Fact:
    """Read a line strictly. Raises `json.malformed` or `fact.malformed`; never changes or guesses."""
    value = strictjson.loads(line, LINE_LIMIT)
    if b"\n" in line or b"\r" in line:
        raise Problem(FACT_MALFORMED, reason="a line holds a line break")
    try:
        fact = msgspec.convert(value, Fact)
        datetime.fromisoformat(fact.at)
    except (msgspec.ValidationError, ValueError) as error:
        raise Problem(FACT_MALFORMED, reason=str(error)) from None
    return fact


#: v, seq, kind, day and hour, the rest of the moment, mono, boot, desk and body of a line, as they stand there.
Spelt = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
_MEMBERS = 9
#: The one spelling `encode` writes. What it matches, `decode` reads to the same values, if the day is in the calendar
#: and the body an object; whatever it does not match may still be a good fact, and has to be decoded.
_SPELLING = re.compile(
    rb'^\{"v":([1-9]\d{0,2}),"id":"[0-9a-f]{32}","seq":([1-9]\d{0,14}),"kind":"([a-z]++\.[a-z_]{1,40}+)",'
    rb'"at":"(\d{4}-\d\d-\d\dT\d\d)(:[0-5]\d:[0-5]\d\.\d{3}\+08:00)","mono":(0|[1-9]\d{0,14}),"boot":"([0-9a-f]{8})",'
    rb'"desk":"([a-z0-9][a-z0-9._-]{0,63}+)","by":"[a-z0-9][a-z0-9._-]{0,63}+","body":(\{.*\})\}$',
    re.MULTILINE,
)


def spelt(lines: Sequence[bytes]) -> list[Spelt] | None:
    """Lines without line breaks as they are spelt; None unless `encode` would spell every one of them so."""
    columns = spelt_columns(lines)
    return None if columns is None else list(zip(*columns, strict=True))


def spelt_columns(lines: Sequence[bytes]) -> list[list[bytes]] | None:
    """As `spelt`, member by member: of each what stands in all lines. Quicker: no object is made for a line."""
    if max(map(len, lines), default=0) > LINE_LIMIT:
        return None
    parts = _SPELLING.split(b"\n".join(lines))  # what lies between two lines, and the members of the next
    if len(parts) != len(lines) * (_MEMBERS + 1) + 1:
        return None
    return [parts[at :: _MEMBERS + 1] for at in range(1, _MEMBERS + 1)]


def root(certificate: bytes) -> bytes:
    """The hash a journal starts from: its certificate's."""
    return hashlib.sha256(_ROOT + certificate).digest()


def chain(previous: bytes, line: bytes) -> bytes:
    """The hash of a line that follows `previous`."""
    return hashlib.sha256(_CHAIN + previous + line).digest()


def chain_all(previous: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """The hashes of lines that follow `previous` and one another."""
    begun, hashes = hashlib.sha256(_CHAIN), []
    for line in lines:
        link = begun.copy()
        link.update(previous)
        link.update(line)
        previous = link.digest()
        hashes.append(previous)
    return hashes


def bucket_of(fact: Fact) -> tuple[str, int]:
    """The business day and hour of a fact, read off its stamp, which is Beijing time: any year will do."""
    return fact.at[:10], int(fact.at[11:13])


def day_and_hour(moment: datetime) -> tuple[str, int]:
    """The business day (ISO date) and hour in Beijing time: the buckets totals are kept in."""
    local = moment.astimezone(BEIJING)
    return local.date().isoformat(), local.hour
