"""Sheets of paper for when tablets fail: printed with reserved numbers, keyed in once each, or accounted for.

A sheet's number counts within its fair. On paper it is written with a mark of the fair and a check symbol.
"""

import hashlib
import unicodedata
from typing import Annotated, Literal

import msgspec

from kiosk import crockford
from kiosk.facts.kinds import Body, Dated, kind
from kiosk.facts.tallies import Counter
from kiosk.values import Date, derived_id

SheetKind = Literal["tally", "complaint"]
KINDS: tuple[SheetKind, ...] = ("tally", "complaint")
REASON_LIMIT = 200
#: Numbers of one fair: 20 bits.
LAST_NUMBER = 2**20 - 1
#: The most one sheet says of one counter in one hour.
MOST = 1_000_000

Number = Annotated[int, msgspec.Meta(ge=1, le=LAST_NUMBER)]


@kind("sheet.printed")
class SheetPrinted(Body, frozen=True):
    """Sheets that were made for a desk, which is the envelope's. Their numbers are never given out again."""

    kind: SheetKind
    first: Number
    last: Number
    notice: Annotated[str, msgspec.Meta(max_length=20)]  # version of the notice on complaint sheets; or ""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a series ends before it begins")


@kind("sheet.keyed")
class SheetKeyed(Body, frozen=True):
    """A sheet was keyed in, whole; the envelope's `by` says by whom. Of a complaint it says nothing more."""

    number: Number
    kind: SheetKind
    day: Date  # that is written on it


@kind("sheet.counted")
class SheetCounted(Dated, frozen=True):
    """What a keyed sheet says of one counter in one hour. The envelope's `desk` is the desk of the sheet."""

    number: Number
    counter: Counter
    n: Annotated[int, msgspec.Meta(ge=1, le=MOST)]


@kind("sheet.voided")
class SheetVoided(Body, frozen=True):
    """A spoiled or lost sheet."""

    number: Number
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LIMIT)]


@kind("sheet.blank")
class SheetBlank(Body, frozen=True):
    """A sheet that nobody wrote on."""

    number: Number


# --- ids: from the hub's journal of the fair and the number, so that each is there once -------------


def keyed_id(journal: str, number: int) -> str:
    return derived_id(b"kiosk/sheet-keyed/1/%d" % number, journal)


def set_aside_id(journal: str, number: int) -> str:
    """Of a sheet that is void or blank: whichever is said first."""
    return derived_id(b"kiosk/sheet-aside/1/%d" % number, journal)


def counted_id(journal: str, number: int, hour: int, counter: str) -> str:
    return derived_id(b"kiosk/sheet-counted/1/%d/%d/%b" % (number, hour, counter.encode()), journal)


# --- numbers as they stand on paper --------------------------------------------------------------


def write_number(fair: str, number: int) -> str:
    """Ten bits of the fair, twenty of the number, five that make the check symbol one people can read: `7K00-0C0Q`."""
    base = (_mark(fair) << 20 | number) * 32
    return crockford.write_checked(range(base, base + 32), 8)


def read_number(fair: str, typed: str) -> int | None:
    """The number of a sheet as people type it; 0: it is well written, and of another fair; None: a slip of the pen."""
    text = crockford.normal_checked(unicodedata.normalize("NFKC", typed), 8)
    if text is None:
        return None
    whole = crockford.read(text, 8)
    assert whole is not None
    base = whole >> 10
    if base >> 20 != _mark(fair):
        return 0
    number = base & LAST_NUMBER
    return number if number and write_number(fair, number) == text else None


def _mark(fair: str) -> int:
    return int.from_bytes(hashlib.sha256(b"kiosk/sheet-mark/1\0" + fair.encode()).digest()[:2], "big") >> 6
