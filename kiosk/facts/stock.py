"""Stock: bundles and boxes that came to the desk, and what is left of them.

What was handed out follows: opened less left. That is compared with what was tapped, and a difference wants a reason.
"""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind

#: A counter of things that come in bundles: `leaflet.<id>` or `material.<id>`, as in `facts.tallies`.
Item = Annotated[str, msgspec.Meta(pattern=r"^(?:leaflet|material)\.[a-z0-9][a-z0-9-]{0,39}\Z")]
#: Copies of one item that a desk can have had in a day.
MOST = 100_000
MOST_BUNDLES = 1_000
REASON_LIMIT = 200
#: A larger share than this, in per cent of what was handed out, wants a reason; one copy never does.
TOLERANCE = 5
_Copies = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


@kind("stock.opened")
class StockOpened(Body, frozen=True):
    """Copies came to the desk; below nothing where they went back unopened, or the touch was a mistake."""

    item: Item
    n: Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]  # copies, never 0
    bundles: Annotated[int, msgspec.Meta(ge=-MOST_BUNDLES, le=MOST_BUNDLES)]  # 0: loose copies

    def __post_init__(self) -> None:
        if self.n == 0:
            raise ValueError("nothing was opened")


@kind("stock.counted")
class StockCounted(Body, frozen=True):
    """Somebody counted what is left. It says what changed since the last count, so that sums of sums stay right."""

    item: Item
    opened: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]  # copies since the last count of that day
    before: _Copies | None  # left at that count; None: this is the first of its day
    left: _Copies
    given: Annotated[int, msgspec.Meta(ge=-1_000_000, le=10_000_000)]  # what the counter said of that day by then
    reason: Annotated[str, msgspec.Meta(max_length=REASON_LIMIT)]  # of a difference that is too large; else ""

    @property
    def gone(self) -> int:
        """Copies that left the desk since the last count."""
        return self.opened + (self.before or 0) - self.left


def is_far(given: int, gone: int) -> bool:
    """Whether what was tapped and what is gone differ by more than anybody miscounts."""
    apart = abs(given - gone)
    return apart > 1 and apart * 100 > abs(gone) * TOLERANCE
