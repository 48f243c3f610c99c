"""What no tablet sees: figures that were typed, records of a list, and what was done with the statistics table.

A hub writes all of it, into its own journal of a fair. The envelope's `by` says who did it, its `desk` is `DESK`.
"""

import hashlib
import re
import unicodedata
from typing import Annotated, Literal, get_args

import msgspec

from kiosk.facts.kinds import Body, Dated, kind
from kiosk.values import Hex32, Id, Slug, derived_id

#: Where a fact has a desk: none of the fair's.
DESK = "office"
#: The largest figure anybody types: 9,999 亿 in the smallest unit there is (分, 克).
MOST = 10**14
SOURCE_LIMIT, TITLE_LIMIT, TEXT_LIMIT, NOTE_LIMIT, REASON_LIMIT = 200, 200, 200, 500, 200
#: "day": of that day; "period": of the whole fair, beside what was said of its days; "year": of the calendar year.
Window = Literal["day", "period", "year"]
WINDOWS: tuple[Window, ...] = get_args(Window)

_Amount = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
_Source = Annotated[str, msgspec.Meta(min_length=1, max_length=SOURCE_LIMIT)]
_Unit = Annotated[str, msgspec.Meta(pattern=r"^(?:[a-z0-9][a-z0-9._-]{0,63})?\Z")]
_Blob = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")]
#: Of a list, and of what its records say: names of metrics are made of both.
ListName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,31}\Z")]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LIMIT)]
_Texts = Annotated[dict[ListName, _Text], msgspec.Meta(max_length=12)]
_Amounts = Annotated[dict[ListName, _Amount], msgspec.Meta(max_length=12)]
_Names = Annotated[list[ListName], msgspec.Meta(max_length=12)]


@kind("figure.typed")
class FigureTyped(Dated, frozen=True, kw_only=True):
    """Somebody said what a figure is, as far as no tablet counted it: it is added to what was counted.

    Said again, the newer one holds: it tells what it replaces, so that sums of differences are right. Of a whole
    period or year, `day` is the fair's first.
    """

    figure: Slug  # of `reports.catalogue`, or "own." and an id of the fair's own
    window: Window
    n: _Amount | None  # money in 分, weight in 克, hours in seconds; None: it is not said any more
    before: _Amount | None  # what was said of the same figure, window, day and unit until now
    source: _Source  # where the number is from: a receipt of the operator, a list, a call
    unit: _Unit  # of the fair's units: whose it is; "" of the organiser itself (本级)
    blob: _Blob  # a sealed attachment; or ""


class _Record(Dated, frozen=True, kw_only=True):
    list: ListName
    texts: _Texts  # what is written of it, by field
    keys: _Names  # the fields of it that are counted each once, however often they stand in the list
    amounts: _Amounts  # what of it is added up, by field: pieces, 分, 克

    def __post_init__(self) -> None:
        super().__post_init__()
        if not set(self.keys) <= set(self.texts):
            raise ValueError("a key is a field that is written")


@kind("record.listed")
class RecordListed(_Record, frozen=True, kw_only=True):
    """Something was put on a list of the fair: goods destroyed, an article, a unit that took part."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_LIMIT)]
    source: _Source
    unit: _Unit
    host: Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT)]  # who organised it, where that is not whose list it is
    joint: bool  # several units did it together: above them it counts once
    blob: _Blob


@kind("record.struck")
class RecordStruck(_Record, frozen=True, kw_only=True):
    """A record that should not be on its list. It says again what the record added, and takes it away."""

    record: Id  # the fact
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LIMIT)]


@kind("check.noted")
class CheckNoted(Body, frozen=True):
    """Somebody answered a doubt about figures. It changes none of them."""

    check: Slug  # which doubt: of `reports.checks`
    found: Hex32  # digest of what it said: what it says of other numbers is not answered
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_LIMIT)]


@kind("statement.frozen")
class StatementFrozen(Body, frozen=True):
    """The figures as they are sent up. What comes later makes the next version, and never changes this one."""

    version: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    digest: Hex32  # SHA-256 of the document, which stands beside the journal
    why: Annotated[str, msgspec.Meta(max_length=NOTE_LIMIT)]  # there is another version; of the first ""


@kind("statement.sent")
class StatementSent(Body, frozen=True):
    """A version went to whom it is owed."""

    version: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    to: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LIMIT)]
    how: Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT)]


@kind("unit.reminded")
class UnitReminded(Body, frozen=True):
    """A unit was told that its figures are wanted."""

    unit: Slug
    how: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LIMIT)]


@kind("summary.edited")
class SummaryEdited(Body, frozen=True):
    """The words of a section of the summary were changed. They stand beside the journal."""

    section: Slug
    digest: Hex32  # SHA-256 of the words; of none at all that of nothing


def key_of(text: str) -> str:
    """What two writings of one name have in common, as 16 hex digits: width, case, blanks and marks do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return hashlib.sha256(re.sub(r"[\W_]+", "", plain).encode()).hexdigest()[:16]


def strike_id(record: str) -> str:
    """The id of the fact that strikes a record: derived, so one is struck once."""
    return derived_id(b"kiosk/record-strike/1", record)
