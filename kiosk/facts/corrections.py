"""Corrections too large for one person: proposed by one, agreed to or declined by another.

Agreed to, a proposal becomes a `tally.corrected` under the id its proposal decides: `by` is who proposed it and answers
for the reason, `second` who agreed, and its moment that of agreeing.
"""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, Dated, kind
from kiosk.facts.tallies import REASON_LIMIT, Counter
from kiosk.values import Id, derived_id

#: The largest difference one correction may say.
MOST = 1_000_000


@kind("correction.proposed")
class CorrectionProposed(Dated, frozen=True):
    """A difference that waits for a second person. It adds nothing. The envelope's `desk` is the desk it is about."""

    counter: Counter
    n: Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]  # never 0
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LIMIT)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n == 0:
            raise ValueError("a difference of nothing corrects nothing")


@kind("correction.declined")
class CorrectionDeclined(Body, frozen=True):
    """A proposal that nothing comes of; by a second person, or by whoever proposed it."""

    proposal: Id  # the fact it declines


def takes_two(n: int, alone: int, limit: int) -> bool:
    """Whether a difference takes two people: a large one, or one of several small ones that are large together.

    `alone`: by how much the same person has changed the same count of the same day and desk with nobody's consent, up
    and down together: what moves from one hour to another leaves the day's sum as it was.
    """
    return alone + abs(n) > limit


def decision_id(proposal: str) -> str:
    """The id of what becomes of a proposal, whether it is agreed to or declined: it is decided once."""
    return derived_id(b"kiosk/correction/1", proposal)
