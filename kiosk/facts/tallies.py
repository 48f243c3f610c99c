"""Tallies: heads, leaflets, consultations, boards; and taking a tap back."""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, Dated, kind
from kiosk.values import Id, Slug, derived_id

HEADCOUNT = "headcount"  # 进场群众, 人次; + "." + the entrance's id where a venue has several
LEFT = "headout"  # 离场群众, 人次; likewise
CONSULTATION = "consultation"  # 接受咨询, 人次
BOARD = "board"  # 展板, 块
LEAFLET = "leaflet."  # + the leaflet's id, 份
MATERIAL = "material."  # + the material's id: bags, cups, 个

#: The most one tap may add: the largest bundle of leaflets. More is more taps.
MOST = 1000
REASON_LIMIT = 200
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


@kind("tally.corrected")
class TallyCorrected(Dated, frozen=True):
    """A signed difference, added to what was counted. What was counted stays in the journal as it was.

    The envelope's `desk` is the desk it corrects, `by` whoever corrects.
    """

    counter: Counter
    n: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]  # never 0
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LIMIT)]
    second: Annotated[str, msgspec.Meta(max_length=64)]  # who agreed, where it takes two; or ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n == 0:
            raise ValueError("a difference of nothing corrects nothing")


def metrics_of(counter: str) -> list[str]:
    """What a counter adds to: one of several entrances to its own metric and to that of all."""
    whole, dot, _ = counter.partition(".")
    of_all = [f"tally.{whole}"] if dot and whole in (HEADCOUNT, LEFT) else []
    return [*of_all, f"tally.{counter}"]


def undo_id(fact_id: str) -> str:
    """The id of the fact that undoes `fact_id`: derived, so one tap can be taken back only once."""
    return derived_id(b"kiosk/undo/1", fact_id)
