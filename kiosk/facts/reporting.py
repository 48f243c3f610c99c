"""What a hub tells the hub above it: a frozen version, figure by figure, so that each can be put together by its rule.

A hub writes these into a chain of its own, whose root is the certificate that the hub above signed; nobody else
writes them, and none holds anything about a person. One version is `report.begun`, any number of figures and places,
`report.ended`, with nothing between them; it counts above only when all of it is there.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Date, Hex32, Id, Moment, Slug

#: Keys of one fact: what is more goes into a second fact of the same figure, so that no line grows too long.
KEYS, JOINTS, SOURCES_BELOW, VALUES = 400, 150, 500, 120
#: Larger than any figure, and than any sum of some thousand units' of it.
MOST = 10**17

#: What a cell is made of; as `reports.statement.SOURCES`.
Source = Literal["auto", "tapped", "paper", "typed", "corrected", "below"]
Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
Version = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Amount = Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
_MaybeDate = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]
_MaybeMoment = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+08:00)?\Z")
]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in both languages."""

    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@kind("report.begun")
class ReportBegun(Body, frozen=True):
    """A version begins: whose it is, of which days, and what is in it already of hubs further down."""

    version: Version
    digest: Hex32  # SHA-256 of the statement, which stays with whoever wrote it
    title: Words  # of the unit, as it calls itself
    hub: Id  # whose figures they are …
    fair: Slug  # … and of which fair of that hub
    starts: Date
    ends: Date
    deadline: _MaybeMoment
    frozen_at: Moment
    why: Annotated[str, msgspec.Meta(max_length=500)]  # there is another version; of the first ""
    through: Annotated[list[Key], msgspec.Meta(max_length=SOURCES_BELOW)]  # `source_key` of all whose figures are in it

    def __post_init__(self) -> None:
        for day in (self.starts, self.ends):
            date.fromisoformat(day)


@kind("report.figure")
class ReportFigure(Body, frozen=True):
    """What one figure is in one window. Several of one figure and window are one: keys and joint entries go on."""

    version: Version
    figure: Slug  # of `reports.catalogue`, or "own." and an id of the unit's own
    label: Words
    unit: _Word  # 人次, 份, 件 …: the hub above adds up nothing that is counted in something else
    rule: Literal["sum", "distinct", "max", "ratio", "union", "recompute", "none"]
    window: Literal["day", "period", "year"]
    day: _MaybeDate  # of a day; else ""
    n: _Amount | None  # in the smallest unit: 分, seconds, grams; None: it cannot be said
    numerator: _Amount | None  # of a rate
    denominator: _Amount | None
    by: dict[Source, _Amount]
    keys: Annotated[list[Key], msgspec.Meta(max_length=KEYS)]  # of what is counted once, however many units have it
    joint: Annotated[dict[Key, _Amount], msgspec.Meta(max_length=JOINTS)]  # of `n`, what was done with other units
    estimated: bool


@kind("report.place")
class ReportPlace(Body, frozen=True):
    """What some figures of the period are at one venue: for whoever asks what a unit's number is made of."""

    version: Version
    place: Slug
    name: Words
    values: Annotated[dict[Slug, _Amount], msgspec.Meta(max_length=VALUES)]  # figure → in the smallest unit


@kind("report.ended")
class ReportEnded(Body, frozen=True):
    version: Version
    facts: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]  # figures and places between the beginning and this


#: What a hub's certificate lets it tell the hub above.
REPORT_KINDS = ("report.begun", "report.ended", "report.figure", "report.place")
