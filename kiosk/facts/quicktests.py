"""Quick tests of food (快检): batches, what was found in them, and what became of the positives.

A quick test only screens. A batch in which something failed waits for a laboratory (待复检), and nobody but staff hears
of it until a supervisor has said what came of it. One batch counts as one, however many items it was tested for.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from kiosk.facts.kinds import Body, Dated, kind
from kiosk.values import Id, derived_id

Source = Literal["brought", "chosen", "sampled"]  # 你送我检, 你点我检, 抽样
SOURCES: tuple[Source, ...] = ("brought", "chosen", "sampled")
Result = Literal["pass", "fail", "invalid"]
RESULTS: tuple[Result, ...] = ("pass", "fail", "invalid")
Outcome = Literal["confirmed", "cleared", "withdrawn"]
OUTCOMES: tuple[Outcome, ...] = ("confirmed", "cleared", "withdrawn")

SAMPLE_LIMIT, PLACE_LIMIT, AGENCY_LIMIT, LOT_LIMIT = 60, 60, 60, 40
ITEM_LIMIT, METHOD_LIMIT, VALUE_LIMIT = 40, 40, 40
REASON_LIMIT = 200
MOST_ITEMS = 12
#: Desk, month and day, the tablet's mark, the tablet's running number of the day: "D04-0315-7K-007".
Batch = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,63}-[0-9]{4}-[0-9A-Z]{2}-[0-9]{3,6}\Z")]
_Value = Annotated[str, msgspec.Meta(max_length=VALUE_LIMIT)]
_Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LIMIT)]
_Items = Annotated[int, msgspec.Meta(ge=1, le=MOST_ITEMS)]


class Screened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item a sample was tested for."""

    item: Annotated[str, msgspec.Meta(min_length=1, max_length=ITEM_LIMIT)]
    method: Annotated[str, msgspec.Meta(max_length=METHOD_LIMIT)]
    value: _Value  # as it was read off, or ""
    limit: _Value  # as the desk typed it, or ""
    result: Result


def verdict_of(results: list[Result]) -> Result:
    """One that failed decides; else one that could not be read."""
    return "fail" if "fail" in results else "invalid" if "invalid" in results else "pass"


@kind("quicktest.recorded")
class QuicktestRecorded(Body, frozen=True):
    """One batch was tested. No field is for a person's or a merchant's name."""

    batch: Batch
    sample: Annotated[str, msgspec.Meta(min_length=1, max_length=SAMPLE_LIMIT)]
    place: Annotated[str, msgspec.Meta(max_length=PLACE_LIMIT)]  # market and number of the stall, or ""
    made_on: Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]  # the sample; or ""
    source: Source
    tests: Annotated[list[Screened], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    lot: Annotated[str, msgspec.Meta(max_length=LOT_LIMIT)]  # of the reagent, or ""
    agency: Annotated[str, msgspec.Meta(max_length=AGENCY_LIMIT)]  # who tests, or ""
    tester: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]  # volunteer

    def __post_init__(self) -> None:
        if self.made_on:
            date.fromisoformat(self.made_on)  # its ValueError is how msgspec hears that there is no such day

    @property
    def verdict(self) -> Result:
        return verdict_of([test.result for test in self.tests])


@kind("quicktest.voided")
class QuicktestVoided(Body, frozen=True):
    """A batch taken back at the desk, on its day. It stays in the journal; this one subtracts it.

    Never one that failed: that leaves the list of those that wait only by what a supervisor decides.
    """

    batch: Batch
    fact: Id  # that recorded it, in the same journal
    verdict: Literal["pass", "invalid"]  # as in that fact
    items: _Items  # as in that fact
    source: Source  # as in that fact
    reason: _Reason


@kind("quicktest.released")
class QuicktestReleased(Dated, frozen=True):
    """What became of a batch that failed: the laboratory confirmed it, it was cleared, or it never was one.

    It counts on the day and in the hour of the batch, so that every day adds up.
    """

    batch: Batch
    journal: Id  # of the tablet
    fact: Id  # that recorded it
    outcome: Outcome
    items: _Items  # as in that fact
    source: Source  # as in that fact
    reason: _Reason


def void_id(fact_id: str) -> str:
    """The id of the fact that takes a batch back: derived, so it can happen only once."""
    return derived_id(b"kiosk/quicktest-void/1", fact_id)


def release_id(journal: str, fact_id: str) -> str:
    """The id of the fact that says what became of a batch; likewise."""
    return derived_id(b"kiosk/quicktest-release/1", journal + fact_id)
