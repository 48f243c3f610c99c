"""The session wall: where a visit begins and ends, and the attract page between two of them."""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth.context import booth
from kiosk.booth.sessions import Visit
from kiosk.packs.model import Text
from kiosk.packs.quizzes import STANDARD

COOKIE = "visit"
STAFF_COOKIE = "staff"

views = Blueprint("visits", __name__)


class AttractPage(msgspec.Struct, frozen=True):
    slogans: list[Text]
    questions: int
    pass_mark: int
    exhibits: int


@views.get("/")
def attract() -> Response:
    """The attract page. Coming here ends whatever visit there was."""
    here = booth()
    here.visits.end(request.cookies.get(COOKIE))
    here.staff.close(request.cookies.get(STAFF_COOKIE))  # whoever leaves the staff screens for here has left them
    if here.enrolment is None:
        return web.see_other("enrolment.enrol")
    page = AttractPage(list(here.pack.slogans), STANDARD.questions, STANDARD.pass_mark, len(here.pack.exhibits))
    response = web.page("booth/visits/attract.html", page=page)
    response.delete_cookie(COOKIE, samesite="Strict", httponly=True)
    return response


@views.post("/leave")
def leave() -> Response:
    """The visitor walked away: forget the visit and the choices that came with it."""
    web.read_form()
    booth().visits.end(request.cookies.get(COOKIE))
    response = web.see_other("visits.attract")
    for cookie in (COOKIE, "lang", "large"):
        response.delete_cookie(cookie, samesite="Strict", httponly=True)
    return response


def current() -> Visit:
    """The visit of this request, a new one if there is none."""
    visits = booth().visits
    return visits.find(request.cookies.get(COOKIE)) or visits.start()


def with_cookie(response: Response, visit: Visit) -> Response:
    """Hand the visit's token to the browser until it closes."""
    if request.cookies.get(COOKIE) != visit.token:
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Strict")
    return response
