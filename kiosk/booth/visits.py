"""The session wall: where a visit begins and ends, and the attract page between two of them."""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import looks
from kiosk.booth.context import booth
from kiosk.booth.handoff import Code, is_here
from kiosk.booth.sessions import Visit, Visits
from kiosk.errors import FIELD_INVALID, PHONE_EXPIRED, Problem
from kiosk.packs.model import Text
from kiosk.packs.quizzes import offered

COOKIE = "visit"
PHONE_COOKIE = "phone"
PHONE = "/m"  # below it lies all that a visitor's own phone may ask for
STAFF_COOKIE = "staff"

views = Blueprint("visits", __name__)


class AttractPage(msgspec.Struct, frozen=True):
    slogans: list[Text]
    questions: int
    pass_mark: int
    exhibits: int
    door: Code | None  # to a play on one's own phone
    surveys: int  # to be answered


@views.get("/")
def attract() -> Response:
    """The attract page. Coming here ends whatever visit there was."""
    here = booth()
    looks.leave(here, here.visits.end(request.cookies.get(COOKIE)))
    here.staff.close(request.cookies.get(STAFF_COOKIE))  # whoever leaves the staff screens for here has left them
    if here.enrolment is None:
        return web.see_other("enrolment.enrol")
    first = offered(here.enrolled.fair.quiz_modes)[0]
    page = AttractPage(
        slogans=list(here.enrolled.fair.slogans or here.pack.slogans),
        questions=first.questions,
        pass_mark=first.pass_mark,
        exhibits=len(here.pack.exhibits),
        door=here.phones.door(),
        surveys=len(here.surveys),
    )
    response = web.page("booth/visits/attract.html", page=page)
    response.delete_cookie(COOKIE, samesite="Strict", httponly=True)
    return response


@views.post("/leave")
def leave() -> Response:
    """The visitor walked away: forget the visit and the choices that came with it.

    `idle` is "1" where the page left by itself, at the end of the idle limit.
    """
    form = web.read_form(optional=("idle",))
    if form["idle"] not in ("", "1"):
        raise Problem(FIELD_INVALID, field="idle")
    looks.leave(booth(), booth().visits.end(request.cookies.get(COOKIE), is_idle=form["idle"] == "1"))
    response = web.see_other("visits.attract")
    for cookie in (COOKIE, "lang", "large"):
        response.delete_cookie(cookie, samesite="Strict", httponly=True)
    return response


def is_phone() -> bool:
    """Whether this request came by the phone's way in."""
    return request.path.startswith(f"{PHONE}/")


def root() -> str:
    """What stands before the addresses of this request's screen: nothing on the tablet.

    Who is not at the tablet and asked for what is only there finds the way to a phone's pages.
    """
    return PHONE if is_phone() or not is_here(request.remote_addr or "") else ""


def found() -> Visit | None:
    """The visit of this request, if there is one."""
    return _visits().find(request.cookies.get(_cookie()))


def possible() -> Visit | None:
    """The visit of this request, a new one if there is none; None for a phone that read no code."""
    return found() or (None if is_phone() else booth().visits.start())


def current() -> Visit:
    """The same, where nothing can be done without a visit. Raises `phone.expired`."""
    visit = possible()
    if visit is None:
        raise Problem(PHONE_EXPIRED)
    return visit


def with_cookie(response: Response, visit: Visit | None) -> Response:
    """Hand the visit's token, if there is one, to the browser until it closes."""
    if visit is None or request.cookies.get(_cookie()) == visit.token:
        return response
    if is_phone():  # Lax: the way back to it may lead through another app
        response.set_cookie(PHONE_COOKIE, visit.token, path=PHONE, httponly=True, samesite="Lax")
    else:
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Strict")
    return response


def _visits() -> Visits:
    return booth().phones.visits if is_phone() else booth().visits


def _cookie() -> str:
    return PHONE_COOKIE if is_phone() else COOKIE
