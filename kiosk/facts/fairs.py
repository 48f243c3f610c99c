"""What a fair is was changed at the hub. The envelope's `by` says who did it."""

from typing import Annotated, Literal, get_args

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Hex32

#: Where a fact has a desk: none of the fair's.
DESK = "setup"
#: The parts of a fair that are changed each by itself; "fair": it was made.
Section = Literal[
    "fair", "basics", "theme", "slogans", "organiser", "venues", "desks", "units", "volunteers", "leaflets",
    "materials", "prizes", "switches", "surveys", "figures", "deadline", "quiz", "boards",
    "own_figures",
]  # fmt: skip
SECTIONS: tuple[Section, ...] = get_args(Section)


@kind("fair.changed")
class FairChanged(Body, frozen=True):
    """Parts of it were changed. Who the volunteers are stands in no fact, and nobody's name."""

    what: Annotated[list[Section], msgspec.Meta(min_length=1, max_length=len(SECTIONS))]
    digest: Hex32  # SHA-256 of the document as it is kept from then on
