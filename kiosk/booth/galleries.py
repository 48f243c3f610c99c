"""The counterfeit gallery: all exhibits, one of them to judge, quick pairs in a row, a guided tour."""

from typing import Literal

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import looks, visits
from kiosk.booth.context import Booth, booth
from kiosk.booth.sessions import Look, Round, Visit
from kiosk.booth.shelf import Brought
from kiosk.errors import EXHIBIT_UNKNOWN, FIELD_INVALID, PAGE_NOT_FOUND, Problem
from kiosk.facts.galleries import ExhibitJudged
from kiosk.packs.galleries import Exhibit, Region
from kiosk.packs.model import Text

#: Registered twice: at the tablet, and for phones below `/m`.
views = Blueprint("galleries", __name__)
SIDES = ("left", "right")
PAIRS = 8  # in a row
_OPEN_TO_ALL = frozenset({"gallery", "exhibit", "tour", "picture"})  # what needs no visit

Way = Literal["judge", "find", "tour"]
_WAYS: dict[str, Way] = {"find": "find", "tour": "tour"}


class Card(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    judged: bool | None
    found: int | None  # regions found, once the search is over


class Chip(msgspec.Struct, frozen=True):
    """A category to choose."""

    id: str
    name: Text
    count: int


class ListPage(msgspec.Struct, frozen=True):
    cards: list[Card]
    chips: list[Chip]
    total: int
    category: str  # chosen; "" for all
    way: Way  # where a card leads
    can_play: bool
    version: str  # of the drawings


class Side(msgspec.Struct, frozen=True):
    side: str
    is_fake: bool | None  # None until the visitor has judged
    alt: Text


class Place(msgspec.Struct, frozen=True):
    """Where in a round of pairs."""

    number: int
    total: int
    marks: list[str]  # "right", "wrong", "now" or "todo", by pair


class Mark(msgspec.Struct, frozen=True):
    """A region with its number on the screen."""

    number: int
    region: Region
    is_found: bool


class ExhibitPage(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    sides: list[Side]
    marks: list[Mark]
    fact_id: str
    judged: bool | None
    next_id: str | None
    place: Place | None  # None: looked at by itself


class ScorePage(msgspec.Struct, frozen=True):
    right: int
    total: int
    missed: list[Exhibit]
    has_more: bool  # pairs this visitor has not seen


class TourPage(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    step: int  # 0: the pair; then region after region; in the end what to remember
    steps: int
    mark: Mark | None
    frame: tuple[int, int, int, int]  # the part of the drawings that is shown: x, y, width, height of 560 × 640
    next_id: str | None
    version: str


@views.before_request
def ask_phones_to_come_by_the_tablet() -> Response | None:
    """A phone that read no code may look at everything, and play nothing."""
    name = (request.endpoint or "").rpartition(".")[2]
    if not visits.is_phone() or name in _OPEN_TO_ALL or visits.found() is not None:
        return None
    return web.see_other("phones.outside")


@views.get("/gallery")
def gallery() -> Response:
    here, visit = booth(), _visit()
    names = here.pack.categories
    order = {category: place for place, category in enumerate(names)}
    exhibits = sorted(here.pack.exhibits, key=lambda one: (order[one.category], one.number))
    chips = [
        Chip(category, name, sum(one.category == category for one in exhibits)) for category, name in names.items()
    ]
    chosen = request.args.get("category", "")
    shown = [one for one in exhibits if one.category == chosen] or exhibits
    way = _WAYS.get(request.args.get("play", ""), "judge") if visit is not None else "tour"
    if visit is not None:
        with visit.lock:
            looks.turn_to(here, visit, "")
    page = ListPage(
        cards=[_card(visit, one, names[one.category]) for one in shown],
        chips=[chip for chip in chips if chip.count],
        total=len(exhibits),
        category=chosen if shown is not exhibits else "",
        way=way,
        can_play=visit is not None,
        version=here.pack.version,
    )
    own = [] if page.category else _own(here)
    response = web.page("booth/galleries/list.html", page=page, own=own)
    return visits.with_cookie(response, visit) if visit is not None else response


def _visit() -> Visit | None:
    """None for a phone that read no code."""
    return visits.found() if visits.is_phone() else visits.current()


def _own(here: Booth) -> list[Brought]:
    """The tablet's own exhibits; none while the journal, which says what is shown, cannot be read."""
    try:
        return here.shelf.public()
    except Problem:
        return []


@views.get("/gallery/<exhibit_id>")
def exhibit(exhibit_id: str) -> Response:
    """Two drawings to judge; who may not play is told of them instead."""
    here, visit, one = booth(), _visit(), find(exhibit_id)
    if visit is None:
        return web.to(f"{visits.root()}/gallery/{one.id}/tour")
    with visit.lock:
        look = looks.look_of(here, visit, one.id)
        looks.turn_to(here, visit, one.id)
        page = _page(one, look, None)
    return visits.with_cookie(web.page("booth/galleries/exhibit.html", page=page), visit)


@views.post("/gallery/<exhibit_id>/judge")
def judge(exhibit_id: str) -> Response:
    """`then` is "pairs" where the next one follows in a row. Who was told before sees the answer, and is no figure."""
    form = web.read_form("id", "side", optional=("then",))
    visit, one = visits.current(), find(exhibit_id)
    if form["side"] not in SIDES:
        raise Problem(FIELD_INVALID, field="side")
    if form["then"] not in ("", "pairs"):
        raise Problem(FIELD_INVALID, field="then")
    with visit.lock:
        look = looks.look_of(booth(), visit, one.id)
        if look.judged is None and form["id"] == look.fact_id:
            right = (form["side"] == "left") == look.fake_is_left
            if not look.is_told:
                body = ExhibitJudged(session=visit.session, exhibit=one.id, right=right)
                looks.record(booth(), visit, look.fact_id, body)
            look.judged = right
    path = f"{visits.root()}/gallery/{form['then'] or one.id}"
    return visits.with_cookie(web.to(path), visit)


# --- quick pairs ------------------------------------------------------------------------------------


@views.get("/gallery/pairs")
def pairs() -> Response:
    """The pair a visitor is at, or the score. Draws a round if there is none."""
    here, visit = booth(), visits.current()
    with visit.lock:
        course = visit.round or _draw(visit)
        is_over = course.at >= len(course.exhibits)
        looks.turn_to(here, visit, "" if is_over else course.exhibits[course.at])
        response = _score(visit, course) if is_over else _pair(visit, course)
    return visits.with_cookie(response, visit)


@views.post("/gallery/pairs/start")
def start_pairs() -> Response:
    web.read_form()
    visit = visits.current()
    with visit.lock:
        _draw(visit)
    return _to_the_pairs(visit)


@views.post("/gallery/pairs/next")
def next_pair() -> Response:
    """On from `exhibit`, if that is the pair on the screen and it was judged: a page from before changes nothing."""
    form = web.read_form("exhibit")
    visit = visits.current()
    with visit.lock:
        course = visit.round
        is_there = course is not None and course.exhibits[course.at : course.at + 1] == [form["exhibit"]]
        if course is not None and is_there and _judged(visit, form["exhibit"]) is not None:
            course.at += 1
    return _to_the_pairs(visit)


def _to_the_pairs(visit: Visit) -> Response:
    return visits.with_cookie(web.to(f"{visits.root()}/gallery/pairs"), visit)


def _draw(visit: Visit) -> Round:
    """Pairs this visitor has not judged, by lot; those they were told of already only where there are too few."""
    here = booth()
    fresh = [one.id for one in here.pack.exhibits if _judged(visit, one.id) is None]
    here.visits.dice.shuffle(fresh)
    fresh.sort(key=lambda exhibit_id: _is_told(visit, exhibit_id))
    visit.round = Round(fresh[:PAIRS])
    return visit.round


def _pair(visit: Visit, course: Round) -> Response:
    one = find(course.exhibits[course.at])
    judged = [_judged(visit, exhibit_id) for exhibit_id in course.exhibits]
    marks = [
        "todo" if place > course.at else "now" if right is None else "right" if right else "wrong"
        for place, right in enumerate(judged)
    ]
    look = looks.look_of(booth(), visit, one.id)
    page = _page(one, look, Place(course.at + 1, len(course.exhibits), marks))
    return web.page("booth/galleries/exhibit.html", page=page)


def _score(visit: Visit, course: Round) -> Response:
    missed = [find(exhibit_id) for exhibit_id in course.exhibits if not _judged(visit, exhibit_id)]
    total = len(course.exhibits)
    has_more = any(_judged(visit, one.id) is None for one in booth().pack.exhibits)
    return web.page("booth/galleries/score.html", page=ScorePage(total - len(missed), total, missed, has_more))


# --- the tour ---------------------------------------------------------------------------------------


@views.get("/gallery/<exhibit_id>/tour")
def tour(exhibit_id: str) -> Response:
    """What a volunteer shows and says, step by step; `at` out of reach is the beginning."""
    here, visit, one = booth(), _visit(), find(exhibit_id)
    if visit is not None:
        with visit.lock:
            looks.look_of(here, visit, one.id).is_told = True
            looks.turn_to(here, visit, one.id)
    steps = len(one.regions) + 2
    at = request.args.get("at", "")
    step = int(at) if at in {str(number) for number in range(steps)} else 0
    region = one.regions[step - 1] if 0 < step < steps - 1 else None
    page = TourPage(
        exhibit=one,
        category=here.pack.categories[one.category],
        step=step,
        steps=steps,
        mark=Mark(step, region, is_found=True) if region else None,
        frame=_frame(region) if region else (0, 0, 560, 640),
        next_id=_following(one),
        version=here.pack.version,
    )
    response = web.page("booth/galleries/tour.html", page=page)
    return visits.with_cookie(response, visit) if visit is not None else response


def _frame(region: Region) -> tuple[int, int, int, int]:
    """The part of a drawing with a region in its middle: as near as one can go and still know where one is."""
    share = min(1.0, max(0.6, region.w * 1.2, region.h * 1.2))
    left = min(max(region.x + region.w / 2 - share / 2, 0), 1 - share)
    top = min(max(region.y + region.h / 2 - share / 2, 0), 1 - share)
    return round(left * 560), round(top * 640), round(share * 560), round(share * 640)


# --- drawings ---------------------------------------------------------------------------------------


@views.get("/gallery/<exhibit_id>/<picture>.svg")
def picture(exhibit_id: str, picture: str) -> Response:
    """`left` and `right` as this visitor sees them, whose addresses never give the fake away; `genuine`, `fake`."""
    here, one = booth(), find(exhibit_id)
    if picture == "genuine":
        return web.drawing(here.pack.drawings / one.genuine, here.pack.version)
    if picture == "fake":
        return web.drawing(here.pack.drawings / one.fake, here.pack.version)
    visit = visits.found() if picture in SIDES else None
    if visit is None:
        raise Problem(PAGE_NOT_FOUND)
    with visit.lock:
        look = looks.look_of(here, visit, one.id)
    return web.drawing(here.pack.drawings / (one.fake if (picture == "left") == look.fake_is_left else one.genuine))


def find(exhibit_id: str) -> Exhibit:
    """Raises `gallery.unknown`."""
    found = booth().pack.exhibit_by_id.get(exhibit_id)
    if found is None:
        raise Problem(EXHIBIT_UNKNOWN)
    return found


def _card(visit: Visit | None, one: Exhibit, category: Text) -> Card:
    look = visit.looks.get(one.id) if visit is not None else None
    if look is None:
        return Card(one, category, None, None)
    return Card(one, category, look.judged, len(look.search.found) if look.search.is_over else None)


def _judged(visit: Visit, exhibit_id: str) -> bool | None:
    look = visit.looks.get(exhibit_id)
    return look.judged if look else None


def _is_told(visit: Visit, exhibit_id: str) -> bool:
    look = visit.looks.get(exhibit_id)
    return look is not None and look.is_told


def _following(one: Exhibit) -> str | None:
    exhibits = list(booth().pack.exhibits)
    following = exhibits[exhibits.index(one) + 1 :]
    return following[0].id if following else None


def _page(one: Exhibit, look: Look, place: Place | None) -> ExhibitPage:
    return ExhibitPage(
        exhibit=one,
        category=booth().pack.categories[one.category],
        sides=[_side(one, look, side) for side in SIDES],
        marks=[Mark(number, region, is_found=True) for number, region in enumerate(one.regions, 1)],
        fact_id=look.fact_id,
        judged=look.judged,
        next_id=_following(one),
        place=place,
    )


def _side(one: Exhibit, look: Look, side: str) -> Side:
    """Each drawing is described by what is on it; that it is the fake is said only after the judgement."""
    is_fake = (side == "left") == look.fake_is_left
    alt = one.fake_alt if is_fake else one.genuine_alt
    return Side(side, None if look.judged is None else is_fake, alt)
