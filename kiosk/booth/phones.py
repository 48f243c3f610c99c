"""A visitor's own phone: what it may reach of this tablet, how it comes, where it goes afterwards.

A phone is on the square's Wi-Fi and speaks plain HTTP to the tablet; nothing a person would mind is asked there.
"""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import handoff, looks, visits
from kiosk.booth.context import booth, new_id
from kiosk.booth.handoff import Code
from kiosk.errors import REMOTE_REFUSED, Problem

#: At the tablet: the screen with the code.
tablet_views = Blueprint("handoff", __name__)
#: On the phone. The quiz itself is the tablet's, at other addresses.
views = Blueprint("phones", __name__, url_prefix=visits.PHONE)


class CodePage(msgspec.Struct, frozen=True):
    code: Code | None  # None: a phone has taken the play, or the visit is over
    number: int
    total: int
    answered: int


class ArrivalPage(msgspec.Struct, frozen=True):
    word: str
    phone: str
    number: int  # the question to go on with; 0: a play of one's own
    total: int


def keep_out() -> None:
    """Before every page: only this machine's own screen gets more than a visitor's phone needs.

    The socket says who asks; a header can say anything. Raises `request.remote`.
    """
    if handoff.is_here(request.remote_addr or ""):
        return
    if not booth().phones.url or not request.path.startswith((f"{visits.PHONE}/", "/static/")):
        raise Problem(REMOTE_REFUSED)


@tablet_views.get("/quiz/phone")
def code() -> Response:
    """The visitor at the tablet would rather go on with the phone. The page looks whether it did."""
    here, visit = booth(), visits.found()
    if not here.phones.url:
        return web.see_other("quizzes.quiz")
    if visit is None:
        return _code(CodePage(None, 0, 0, 0))
    with visit.lock:
        play = visit.play
        if play is None or play.is_over:
            return _code(CodePage(None, 0, 0, 0)) if play is None else web.see_other("quizzes.quiz")
        offer = here.phones.offer(visit, play)
        page = CodePage(here.phones.code(offer.word), play.at + 1, len(play.questions), len(play.chosen))
    return _code(page)


def _code(page: CodePage) -> Response:
    return web.page("booth/phones/code.html", page=page)


@views.get("/")
def outside() -> Response:
    """For a phone without a play: what there is to do."""
    return web.page("booth/phones/outside.html", can_return=visits.found() is not None)


@views.get("/quiz/<word>")
def arrive(word: str) -> Response:
    """What the code leads to. Nothing happens yet: a phone's camera may look at an address before its owner does."""
    offer = None
    visit = visits.found()
    try:
        offer = booth().phones.look(word)
    except Problem:
        if visit is None or visit.play is None:
            raise
        return web.see_other("phone_quizzes.quiz")  # this phone's own code, read once more
    if offer is None and visit is not None:
        return web.see_other("phone_quizzes.quiz")
    number, total = (offer.play.at + 1, len(offer.play.questions)) if offer else (0, 0)
    return web.page("booth/phones/arrive.html", page=ArrivalPage(word, new_id(), number, total))


@views.post("/take")
def take() -> Response:
    """The touch on that page: the phone has a visit from here on."""
    form = web.read_form("word", "phone", limit=100)
    phone, address = web.read_id(form, "phone"), request.remote_addr or ""
    visit = booth().phones.take(form["word"], phone, address, visits.found())
    return visits.with_cookie(web.see_other("phone_quizzes.quiz"), visit)


@views.post("/leave")
def leave() -> Response:
    web.read_form()
    looks.leave(booth(), booth().phones.visits.end(request.cookies.get(visits.PHONE_COOKIE)))
    response = web.see_other("phones.outside")
    response.delete_cookie(visits.PHONE_COOKIE, path=visits.PHONE, samesite="Lax", httponly=True)
    return response
