"""A complaint after the booth: for now, who looked into it."""

from kiosk.facts.complaints import CaseNumber
from kiosk.facts.kinds import Body, kind


@kind("case.opened")
class CaseOpened(Body, frozen=True):
    """A named person opened the sealed content of a case. The envelope's `by` says who."""

    case: CaseNumber
