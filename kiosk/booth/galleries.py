"""The counterfeit gallery on the tablet: two drawings, one of them a fake."""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import visits
from kiosk.booth.context import booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Look, Visit
from kiosk.errors import EXHIBIT_UNKNOWN, FIELD_INVALID, PAGE_NOT_FOUND, Problem
from kiosk.facts.galleries import ExhibitJudged
from kiosk.packs.galleries import Exhibit
from kiosk.packs.model import Text

views = Blueprint("galleries", __name__)
SIDES = ("left", "right")


class Card(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    judged: bool | None


class ListPage(msgspec.Struct, frozen=True):
    exhibits: list[Card]


class Side(msgspec.Struct, frozen=True):
    side: str
    is_fake: bool | None  # None until the visitor has judged
    alt: Text


class ExhibitPage(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    sides: list[Side]
    fact_id: str
    judged: bool | None
    next_id: str | None


@views.get("/gallery")
def gallery() -> Response:
    here, visit = booth(), visits.current()
    cards = [
        Card(exhibit, here.pack.categories[exhibit.category], _judged(visit, exhibit.id))
        for exhibit in here.pack.exhibits
    ]
    return visits.with_cookie(web.page("booth/galleries/list.html", page=ListPage(cards)), visit)


@views.get("/gallery/<exhibit_id>")
def exhibit(exhibit_id: str) -> Response:
    visit, one = visits.current(), _find(exhibit_id)
    with visit.lock:
        look = _look(visit, one)
        page = _page(one, look)
    return visits.with_cookie(web.page("booth/galleries/exhibit.html", page=page), visit)


@views.post("/gallery/<exhibit_id>/judge")
def judge(exhibit_id: str) -> Response:
    form = web.read_form("id", "side")
    visit, one = visits.current(), _find(exhibit_id)
    if form["side"] not in SIDES:
        raise Problem(FIELD_INVALID, field="side")
    with visit.lock:
        look = _look(visit, one)
        if look.judged is None and form["id"] == look.fact_id:
            right = (form["side"] == "left") == look.fake_is_left
            body = ExhibitJudged(session=visit.session, exhibit=one.id, right=right)
            booth().journal.append(Draft(look.fact_id, body, "visitor"))
            look.judged = right
    return visits.with_cookie(web.see_other("galleries.exhibit", exhibit_id=one.id), visit)


@views.get("/gallery/<exhibit_id>/<picture>.svg")
def picture(exhibit_id: str, picture: str) -> Response:
    """`left` and `right` as this visitor sees them, or `genuine`; the address never gives the fake away."""
    one = _find(exhibit_id)
    if picture == "genuine":
        name = one.genuine
    elif picture in SIDES:
        visit = booth().visits.find(request.cookies.get(visits.COOKIE))
        if visit is None:
            raise Problem(PAGE_NOT_FOUND)
        with visit.lock:
            look = _look(visit, one)
        name = one.fake if (picture == "left") == look.fake_is_left else one.genuine
    else:
        raise Problem(PAGE_NOT_FOUND)
    return web.drawing(booth().pack.drawings / name)


def _find(exhibit_id: str) -> Exhibit:
    found = booth().pack.exhibit_by_id.get(exhibit_id)
    if found is None:
        raise Problem(EXHIBIT_UNKNOWN)
    return found


def _look(visit: Visit, one: Exhibit) -> Look:
    return visit.looks.setdefault(one.id, Look(new_id(), booth().visits.dice.random() < 0.5))


def _judged(visit: Visit, exhibit_id: str) -> bool | None:
    look = visit.looks.get(exhibit_id)
    return look.judged if look else None


def _page(one: Exhibit, look: Look) -> ExhibitPage:
    exhibits = list(booth().pack.exhibits)
    following = exhibits[exhibits.index(one) + 1 :]
    return ExhibitPage(
        exhibit=one,
        category=booth().pack.categories[one.category],
        sides=[_side(one, look, side) for side in SIDES],
        fact_id=look.fact_id,
        judged=look.judged,
        next_id=following[0].id if following else None,
    )


def _side(one: Exhibit, look: Look, side: str) -> Side:
    """Each drawing is described by what is on it; that it is the fake is said only after the judgement."""
    is_fake = (side == "left") == look.fake_is_left
    alt = one.fake_alt if is_fake else one.genuine_alt
    return Side(side, None if look.judged is None else is_fake, alt)
