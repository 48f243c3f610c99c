"""Tallies: heads, leaflets, consultations, boards; and taking a tap back."""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug, derived_id

HEADCOUNT = "headcount"  # 进场群众, 人次
CONSULTATION = "consultation"  # 接受咨询, 人次
BOARD = "board"  # 展板, 块
LEAFLET = "leaflet."  # + the leaflet's id, 份

#: The most one tap may add: the largest bundle of leaflets. More is more taps.
MOST = 1000
#: How long a tap can be taken back, in milliseconds of the device's own monotonic clock.
UNDO_WINDOW = 10_000

Counter = Slug
Amount = Annotated[int, msgspec.Meta(ge=1, le=MOST)]


@kind("tally.counted")
class TallyCounted(Body, frozen=True):
    counter: Counter  # which counter
    n: Amount  # how many


@kind("tally.undone")
class TallyUndone(Body, frozen=True):
    """A tap taken back. The tap stays in the journal; this one subtracts it."""

    undoes: Id  # the fact it takes back
    counter: Counter  # as in that fact
    n: Amount  # as in that fact


def undo_id(fact_id: str) -> str:
    """The id of the fact that undoes `fact_id`: derived, so one tap can be taken back only once."""
    return derived_id(b"kiosk/undo/1", fact_id)
