"""A complaint after the booth: who looked into it, and that its content was deleted on its date."""

from kiosk.facts.complaints import CaseNumber
from kiosk.facts.kinds import Body, kind
from kiosk.values import Hex32


@kind("case.opened")
class CaseOpened(Body, frozen=True):
    """A named person opened the sealed content of a case. The envelope's `by` says who."""

    case: CaseNumber


@kind("case.erased")
class CaseErased(Body, frozen=True):
    """The sealed content of a case was deleted because its time was over. What was filed, and when, stays."""

    case: CaseNumber
    blob: Hex32  # of the sealed content
