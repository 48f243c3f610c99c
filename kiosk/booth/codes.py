"""Checkers: is this number on my packet right? What is typed here is shown once and kept nowhere."""

from contextlib import suppress

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import looks, visits
from kiosk.booth.context import booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Visit
from kiosk.codes.catalogue import KINDS
from kiosk.codes.model import Finding, Kind
from kiosk.codes.personal import UNSENT
from kiosk.codes.reading import read
from kiosk.codes.writing import LONGEST
from kiosk.errors import Problem
from kiosk.facts.codes import CodeChecked
from kiosk.values import derived_id

#: Registered twice: at the tablet, and for phones below `/m`.
views = Blueprint("codes", __name__)
#: Checks that one visit adds to the figures; whoever goes on is answered all the same.
MOST_COUNTED = 40


class AskPage(msgspec.Struct, frozen=True):
    kinds: tuple[Kind, ...]
    longest: int
    unsent: str  # the pattern of a phone's field
    fact_id: str


class AnswerPage(msgspec.Struct, frozen=True):
    is_personal: bool
    findings: tuple[Finding, ...]
    fact_id: str  # of the next check, should a look-alike be read as proposed


@views.get("/check")
def ask() -> Response:
    visit = visits.possible()
    looks.turn_away(booth(), visit)
    page = AskPage(KINDS, LONGEST, UNSENT, new_id())
    return visits.with_cookie(web.with_camera(web.page("booth/codes/ask.html", page=page)), visit)


@views.post("/check")
def answer() -> Response:
    """Answered on the spot: an address that led to the answer would hold the number.

    A phone that read no code may check, too; nothing is counted then.
    """
    form = web.read_form("id", "code", limit=LONGEST)
    form_id, visit, reading = web.read_id(form, "id"), visits.possible(), read(form["code"])
    looks.turn_away(booth(), visit)
    if visit is not None and reading.findings:
        with suppress(Problem):  # a full disk, a tablet withdrawn or not enrolled: the answer needs no record
            _count(visit, derived_id(b"kiosk/check/1", form_id), reading.findings[0])
    page = AnswerPage(reading.is_personal, reading.findings, new_id())
    return visits.with_cookie(web.page("booth/codes/answer.html", page=page), visit)


def _count(visit: Visit, fact_id: str, finding: Finding) -> None:
    """That somebody looked up a number of this kind, once however often the form is sent.

    `fact_id` follows from the form's id, which may be any, even that of a look or a play still to be noted.
    """
    with visit.lock:
        if visit.is_practice or len(visit.checked) >= MOST_COUNTED:
            return
        body = CodeChecked(
            session=visit.session,
            kind=finding.kind.id,
            form="holds" if finding.form else "fails",
            check="none" if finding.check is None else "holds" if finding.check else "fails",
        )
        booth().journal.append_new(Draft(fact_id, body, "visitor"))
        visit.checked.add(fact_id)
