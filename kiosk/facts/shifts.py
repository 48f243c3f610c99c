"""Who stands at the desk: staff screens opened with a PIN, or refused; who is here from when to when, hand-overs."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug, derived_id

#: How a shift came to its end: by the volunteer, by a hand-over, with the day's closing, afterwards at the hub.
How = Literal["left", "handed", "closed", "afterwards"]
FAULTS_LIMIT = 200
#: Counters and things whose amounts a hand-over may name.
MOST_NAMED = 200
_Name = Annotated[str, msgspec.Meta(max_length=80)]
_Amount = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
_Amounts = Annotated[dict[_Name, _Amount], msgspec.Meta(max_length=MOST_NAMED)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_MaybeMoment = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+08:00)?\Z")
]


@kind("shift.entered")
class ShiftEntered(Body, frozen=True):
    """A volunteer opened the staff screens."""

    volunteer: Slug


@kind("shift.refused")
class ShiftRefused(Body, frozen=True):
    """A wrong PIN. Kept so that guessing leaves a trace; the PIN tried is not."""


@kind("shift.began")
class ShiftBegan(Body, frozen=True):
    """Somebody came to the desk. The envelope's `by` is whoever touched the name: people come late, and in groups."""

    volunteer: Slug


@kind("shift.ended")
class ShiftEnded(Body, frozen=True):
    """… and left it. Its id follows from the shift's: it ends once."""

    volunteer: Slug
    began: Id  # the fact of its beginning
    how: How
    until: _MaybeMoment  # where somebody said so afterwards; "": when this was written

    def __post_init__(self) -> None:
        if self.until:
            datetime.fromisoformat(self.until)  # a moment that is none ends nothing: the fact cannot be read


@kind("shift.handed")
class ShiftHanded(Body, frozen=True):
    """One volunteer handed the desk over to another; both gave their PIN. What stood there at that moment."""

    outgoing: Slug
    incoming: Slug
    counters: _Amounts  # metric → the day's sum on this tablet
    stock: _Amounts  # item → copies that should lie there
    open: _Count  # complaints that are half filled in
    unsent: _Count  # facts the hub has not signed for
    faults: Annotated[str, msgspec.Meta(max_length=FAULTS_LIMIT)]  # what does not work, in words; or ""


def end_id(began: str) -> str:
    """The id of the fact that ends a shift: it ends once, whoever touches it."""
    return derived_id(b"kiosk/shift/end/1", began)


def began_id(touch: str, volunteer: str) -> str:
    """The id of the fact that begins a volunteer's shift: of one touch for several names each has its own."""
    return derived_id(b"kiosk/shift/began/1\0" + volunteer.encode(), touch)
