"""The counterfeit gallery: all exhibits, one of them to judge, quick pairs in a row, a guided tour."""

from collections.abc import Iterator, Sequence
from typing import Generic, Literal, Protocol, TypeVar

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
#: The category of this tablet's own exhibits, in an address.
OWN = "own"
#: Of the smallest picture that has marks on it: how much of it the number of a mark takes, across and down.
BADGE = (0.125, 0.11)


class Box(Protocol):
    """Where on a picture, in fractions of it: a region of a drawing, a place on a photo."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def w(self) -> float: ...
    @property
    def h(self) -> float: ...


_Region = TypeVar("_Region", bound=Box)


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
    own: list[Brought]  # of this tablet, as far as they are to be seen here
    own_total: int
    category: str  # chosen; OWN for this tablet's; "" for all
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


class Mark(msgspec.Struct, Generic[_Region], frozen=True):
    """A region, or a place of an exhibit of this tablet's own, with its number on the screen."""

    number: int
    region: _Region
    is_found: bool
    badge: "Badge"


class Badge(msgspec.Struct, frozen=True):
    """Where the number of a mark stands: outside, at a point of the outline, and which way from there."""

    x: float
    y: float
    dx: int
    dy: int


class ExhibitPage(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    sides: list[Side]
    marks: list[Mark[Region]]
    fact_id: str
    judged: bool | None
    next_id: str | None
    place: Place | None  # None: looked at by itself


class CloserPage(msgspec.Struct, frozen=True):
    """One of the two drawings, as large as the screen."""

    exhibit: Exhibit
    side: Side
    marks: list[Mark[Region]]  # of the fake, once the visitor has judged
    place: Place | None  # in a round of pairs, to which the way back leads


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
    region: Region | None
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
    here, visit = booth(), visits.possible()
    names = here.pack.categories
    order = {category: place for place, category in enumerate(names)}
    exhibits = sorted(here.pack.exhibits, key=lambda one: (order[one.category], one.number))
    chips = [
        Chip(category, name, sum(one.category == category for one in exhibits)) for category, name in names.items()
    ]
    chosen = request.args.get("category", "")
    shown = [one for one in exhibits if one.category == chosen] or exhibits
    way = _WAYS.get(request.args.get("play", ""), "judge") if visit is not None else "tour"
    looks.turn_away(here, visit)
    own = _own(here)
    is_own = bool(own) and chosen == OWN
    page = ListPage(
        cards=[] if is_own else [_card(visit, one, names[one.category]) for one in shown],
        chips=[chip for chip in chips if chip.count],
        total=len(exhibits),
        own=own if shown is exhibits else [],
        own_total=len(own),
        category=chosen if shown is not exhibits or is_own else "",
        way=way,
        can_play=visit is not None,
        version=here.pack.version,
    )
    return visits.with_cookie(web.page("booth/galleries/list.html", page=page), visit)


def _own(here: Booth) -> list[Brought]:
    """The tablet's own exhibits; none while the journal, which says what is shown, cannot be read."""
    try:
        return here.shelf.public()
    except Problem:
        return []


@views.get("/gallery/<exhibit_id>")
def exhibit(exhibit_id: str) -> Response:
    """Two drawings to judge; who may not play is told of them instead."""
    here, visit, one = booth(), visits.possible(), find(exhibit_id)
    if visit is None:
        return web.to(f"{visits.root()}/gallery/{one.id}/tour")
    with visit.lock:
        look = looks.look_of(here, visit, one.id)
        looks.turn_to(here, visit, one.id)
        page = _page(one, look, None)
    return visits.with_cookie(web.page("booth/galleries/exhibit.html", page=page), visit)


@views.get("/gallery/<exhibit_id>/closer/<picture>")
def closer(exhibit_id: str, picture: str) -> Response:
    """`picture` is a side; `then` is "pairs" for who came from a row of pairs and wants back there."""
    here, visit, one = booth(), visits.current(), find(exhibit_id)
    if picture not in SIDES:
        raise Problem(PAGE_NOT_FOUND)
    with visit.lock:
        look = looks.look_of(here, visit, one.id)
        looks.turn_to(here, visit, one.id)
        place = _place(visit, one.id) if request.args.get("then") == "pairs" else None
        side = _side(one, look, picture)
        marks = _marks(one) if side.is_fake else []
    page = CloserPage(one, side, marks, place)
    return visits.with_cookie(web.page("booth/galleries/closer.html", page=page), visit)


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
    look = looks.look_of(booth(), visit, one.id)
    return web.page("booth/galleries/exhibit.html", page=_page(one, look, _place(visit, one.id)))


def _place(visit: Visit, exhibit_id: str) -> Place | None:
    """Where in a row of pairs; None where that is not the pair the visitor is at."""
    course = visit.round
    if course is None or course.exhibits[course.at : course.at + 1] != [exhibit_id]:
        return None
    judged = [_judged(visit, one) for one in course.exhibits]
    marks = [
        "todo" if place > course.at else "now" if right is None else "right" if right else "wrong"
        for place, right in enumerate(judged)
    ]
    return Place(course.at + 1, len(course.exhibits), marks)


def _score(visit: Visit, course: Round) -> Response:
    missed = [find(exhibit_id) for exhibit_id in course.exhibits if not _judged(visit, exhibit_id)]
    total = len(course.exhibits)
    has_more = any(_judged(visit, one.id) is None for one in booth().pack.exhibits)
    return web.page("booth/galleries/score.html", page=ScorePage(total - len(missed), total, missed, has_more))


# --- the tour ---------------------------------------------------------------------------------------


@views.get("/gallery/<exhibit_id>/tour")
def tour(exhibit_id: str) -> Response:
    """What a volunteer shows and says, step by step; `at` out of reach is the beginning."""
    here, visit, one = booth(), visits.possible(), find(exhibit_id)
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
        region=region,
        frame=_frame(region) if region else (0, 0, 560, 640),
        next_id=_following(one),
        version=here.pack.version,
    )
    return visits.with_cookie(web.page("booth/galleries/tour.html", page=page), visit)


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
        marks=_marks(one),
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


def _marks(one: Exhibit) -> list[Mark[Region]]:
    return marked([(region, True) for region in one.regions])


def marked(shown: Sequence[tuple[_Region, bool]], places: Sequence[Box] = ()) -> list[Mark[_Region]]:
    """Numbers for what is marked, each with whether it was found.

    No number hides what is marked, or any of `places` that are not marked yet, if that can be.
    """
    marks: list[Mark[_Region]] = []
    for number, (region, is_found) in enumerate(shown, 1):
        boxes: list[Box] = [*(one for one, _ in shown), *places]
        taken = [_around(mark.badge) for mark in marks] + [(one.x, one.y, one.w, one.h) for one in boxes]
        inside = [badge for badge in _badges(region, number) if _is_inside(_around(badge))]
        free = [badge for badge in inside if not any(_overlap(_around(badge), other) for other in taken)]
        badge = next(iter([*free, *inside]), Badge(region.x, region.y, 1, 1))
        marks.append(Mark(number, region, is_found, badge))
    return marks


def _badges(box: Box, number: int) -> Iterator[Badge]:
    """Where it could stand: beside the middle of an edge, the sides in turn, or beside the end of one."""
    sides = ((box.x, -1), (box.x + box.w, 1))
    ends = ((box.y, -1), (box.y + box.h, 1))
    sides = sides if number % 2 else sides[::-1]
    for y in (box.y + box.h / 2, box.y, box.y + box.h):
        yield from (Badge(x, y, dx, 0) for x, dx in sides)
    for x in (box.x + box.w / 2, box.x, box.x + box.w):
        yield from (Badge(x, y, 0, dy) for y, dy in ends)
    yield from (Badge(x, y, dx, dy) for x, dx in sides for y, dy in ends)


_Corners = tuple[float, float, float, float]  # left, top, width, height


def _around(badge: Badge) -> _Corners:
    width, height = BADGE
    return badge.x + (badge.dx - 1) * width / 2, badge.y + (badge.dy - 1) * height / 2, width, height


def _is_inside(corners: _Corners) -> bool:
    left, top, width, height = corners
    return left >= 0 and top >= 0 and left + width <= 1 and top + height <= 1


def _overlap(one: _Corners, other: _Corners) -> bool:
    """More than by touching, as a number does with its own box."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return min(across, down) > 1e-9
