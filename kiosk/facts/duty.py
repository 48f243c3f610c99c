"""Night duty: calls to the 12315 line until the evening programme ends, and what was exposed in it, looked into here.

None of it is of the booths: these are metrics of their own, never added to what was counted at a desk.
"""

from typing import Annotated, Literal

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, derived_id

CallKind = Literal["advice", "complaint", "report"]
#: What a call was about, if whoever took it said so.
Topic = Literal["", "food", "goods", "services", "online", "prepaid", "fakes", "price", "other"]
CALLS: tuple[CallKind, ...] = ("advice", "complaint", "report")
Result = Literal["concerned", "not_concerned"]
RESULTS: tuple[Result, ...] = ("concerned", "not_concerned")
TOPICS: tuple[Topic, ...] = ("food", "goods", "services", "online", "prepaid", "fakes", "price", "other")
#: How long a call can be taken back, in seconds.
UNDO_SECONDS = 600
#: Items exposed in one evening: a handful. So many fill any page.
MOST_EXPOSED = 500

TITLE_LIMIT, SOURCE_LIMIT, OFFICE_LIMIT, NOTE_LIMIT = 120, 120, 80, 300
ItemNumber = Annotated[int, msgspec.Meta(ge=1, le=MOST_EXPOSED)]
_Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_LIMIT)]
_Source = Annotated[str, msgspec.Meta(max_length=SOURCE_LIMIT)]
_Office = Annotated[str, msgspec.Meta(min_length=1, max_length=OFFICE_LIMIT)]
_Note = Annotated[str, msgspec.Meta(max_length=NOTE_LIMIT)]


@kind("duty.called")
class DutyCalled(Body, frozen=True):
    """Somebody called the line. The envelope's `by` says who took the call."""

    kind: CallKind
    topic: Topic


@kind("duty.undone")
class DutyUndone(Body, frozen=True):
    """A touch taken back. The call stays in the journal; this one subtracts it."""

    undoes: Id  # the fact it takes back
    kind: CallKind  # as in that fact
    topic: Topic  # as in that fact


def undo_id(fact_id: str) -> str:
    """The id of the fact that undoes `fact_id`: derived, so one call can be taken back only once."""
    return derived_id(b"kiosk/duty-undo/1", fact_id)


@kind("exposure.listed")
class ExposureListed(Body, frozen=True):
    """Something was exposed, and it is to be seen whether it concerns this place."""

    number: ItemNumber  # of the fair, from 1
    title: _Title
    source: _Source  # the programme or paper


@kind("exposure.assigned")
class ExposureAssigned(Body, frozen=True):
    """Who is to look into it. The newest one holds."""

    number: ItemNumber
    office: _Office


@kind("exposure.closed")
class ExposureClosed(Body, frozen=True):
    """What came of it: it concerns this place (涉及), or it does not (不涉及)."""

    number: ItemNumber
    result: Result
    note: _Note


@kind("exposure.reopened")
class ExposureReopened(Body, frozen=True):
    """An item was closed by mistake: it is looked into again, and does not count as closed until it is once more."""

    number: ItemNumber
    result: Result  # as in the closing it takes back
