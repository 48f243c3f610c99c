"""Who stands at the desk: staff screens opened with a PIN, or refused."""

from kiosk.facts.kinds import Body, kind
from kiosk.values import Slug


@kind("shift.entered")
class ShiftEntered(Body, frozen=True):
    """A volunteer opened the staff screens."""

    volunteer: Slug


@kind("shift.refused")
class ShiftRefused(Body, frozen=True):
    """A wrong PIN. Kept so that guessing leaves a trace; the PIN tried is not."""
