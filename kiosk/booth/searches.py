"""Find what is wrong: the fake alone, large, to be touched. What is wrong where stays at the server until found."""

from collections.abc import Mapping
from math import hypot

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import galleries, looks, visits
from kiosk.booth.context import Booth, booth
from kiosk.booth.galleries import Mark
from kiosk.booth.sessions import Search, Visit
from kiosk.errors import FIELD_INVALID, FIELD_MISSING, Problem
from kiosk.packs.galleries import Exhibit, Region
from kiosk.packs.model import Text

#: Registered twice: at the tablet, and for phones below `/m`.
views = Blueprint("searches", __name__)
views.before_request(galleries.ask_phones_to_come_by_the_tablet)

#: How far beside a region a finger may come down, as a fraction of the drawing.
SLACK = 0.015
#: What a page may ask for.
ACTS = ("touch", "hint", "end", "compare", "alone")
#: Without JavaScript the picture itself is the button, of one of two sizes: width and height in CSS pixels.
BUTTONS = {"wide": (560, 640), "narrow": (350, 400)}
#: Touches where nothing is wrong that a search counts.
MOST_FALSE = 99
_FINEST = 10_000  # parts of a side that `x` and `y` count
#: What a hint may light, nearest first: left, top, width and height in hundredths of the picture.
PARTS = {
    "nw": (0, 0, 50, 50),
    "ne": (50, 0, 50, 50),
    "sw": (0, 50, 50, 50),
    "se": (50, 50, 50, 50),
    "middle": (25, 25, 50, 50),
    "n": (0, 0, 100, 50),
    "s": (0, 50, 100, 50),
    "w": (0, 0, 50, 100),
    "e": (50, 0, 50, 100),
    "across": (0, 25, 100, 50),
    "all": (0, 0, 100, 100),
}
#: How much of a place the part that is lit has to hold: a hint must not darken what it is to show.
LIT = 0.7
_FIELDS = ("x", "y", *BUTTONS, *(f"{name}.{axis}" for name in BUTTONS for axis in "xy"))


class FindPage(msgspec.Struct, frozen=True):
    exhibit: Exhibit
    category: Text
    search: Search
    marks: list[Mark[Region]]  # of what was found, in that order; once over, of the rest too
    left: int  # how many are still to be found
    lit: tuple[int, int, int, int] | None  # by a hint, as in PARTS
    next_id: str | None
    version: str


@views.get("/gallery/<exhibit_id>/find")
def look_for(exhibit_id: str) -> Response:
    here, visit, one = booth(), visits.current(), galleries.find(exhibit_id)
    with visit.lock:
        look = looks.look_of(here, visit, one.id)
        look.is_told = True  # that this drawing is the fake, whatever is found on it
        looks.turn_to(here, visit, one.id)
        response = web.page("booth/galleries/find.html", page=_page(here, visit, one, look.search))
    return visits.with_cookie(response, visit)


@views.post("/gallery/<exhibit_id>/find")
def act(exhibit_id: str) -> Response:
    """`do` is one of ACTS; `id` the search, `turn` the page's: what comes twice, late or made up changes nothing.

    A touch is at `x` and `y`, counted in ten thousandths, or where a browser says its button was touched.
    """
    form = web.read_form("id", "turn", "do", optional=_FIELDS)
    here, visit, one = booth(), visits.current(), galleries.find(exhibit_id)
    if form["do"] not in ACTS:
        raise Problem(FIELD_INVALID, field="do")
    spot = _spot(form) if form["do"] == "touch" else None
    with visit.lock:
        search = looks.look_of(here, visit, one.id).search
        if form["id"] == search.fact_id and not search.is_over:
            is_now = form["turn"] == str(search.turns)
            _do(here, visit, one, search, form["do"], spot, is_now=is_now)
    return visits.with_cookie(web.to(f"{visits.root()}/gallery/{one.id}/find"), visit)


def _do(
    here: Booth, visit: Visit, one: Exhibit, search: Search, do: str, spot: tuple[float, float] | None, *, is_now: bool
) -> None:
    if do in ("compare", "alone"):
        search.is_comparing = do == "compare"
    elif do == "end":
        looks.end_search(here, visit, one, search)
    elif do == "hint" and is_now:
        hint(one, search)
    elif spot is not None:
        touch(one, search, spot, is_now=is_now)
    if not search.is_over and len(search.found) == len(one.regions):
        looks.end_search(here, visit, one, search)


def touch(one: Exhibit, search: Search, spot: tuple[float, float], *, is_now: bool) -> None:
    """One touch. On a page of before, a place is found all the same, and a miss is not counted: it may be a repeat."""
    hits = [region for region in one.regions if _is_in(spot, region)]
    new = [region for region in hits if region.id not in search.found]
    if new:
        search.found.append(min(new, key=lambda region: region.w * region.h).id)
        search.lit = ""
    elif not is_now:
        return
    search.said = "hit" if new else "again" if hits else "miss"
    search.turns += 1
    if not hits and search.false < MOST_FALSE:
        beside = nearest(one, search, spot)
        search.strays[beside] = search.strays.get(beside, 0) + 1


def nearest(one: Exhibit, search: Search, spot: tuple[float, float]) -> str:
    """The region not found yet whose outline is nearest, the first of them where several are; of all, once all are."""
    left = [region for region in one.regions if region.id not in search.found]
    return min(left or one.regions, key=lambda region: _distance(spot, region)).id


def _distance(spot: tuple[float, float], region: Region) -> float:
    """From a place outside of a region, in the units of the drawing, whose sides are not equal.

    Rounded, or the last bit of a fraction would decide between two regions as near.
    """
    (x, y), (width, height) = spot, BUTTONS["wide"]
    across = max(region.x - x, x - region.x - region.w, 0.0)
    down = max(region.y - y, y - region.y - region.h, 0.0)
    return round(hypot(across * width, down * height), 3)


def hint(one: Exhibit, search: Search) -> None:
    """Light the part of the picture in which the next place is. A part that is lit already stays."""
    region = next((region for region in one.regions if region.id not in search.found), None)
    if region is None:  # the disk had no room for the end of this search: it is tried again
        return
    part = next(part for part in PARTS if share_in(region, part) >= LIT)
    search.hints += search.lit != part
    search.turns += search.lit != part
    search.lit = part
    search.said = "hint"


def share_in(region: Region, part: str) -> float:
    """How much of a region lies in a part of the picture, by area."""
    left, top, width, height = (corner / 100 for corner in PARTS[part])
    across = min(region.x + region.w, left + width) - max(region.x, left)
    down = min(region.y + region.h, top + height) - max(region.y, top)
    return max(across, 0.0) * max(down, 0.0) / (region.w * region.h)


def _is_in(spot: tuple[float, float], region: Region) -> bool:
    x, y = spot
    return region.x - SLACK <= x <= region.x + region.w + SLACK and region.y - SLACK <= y <= region.y + region.h + SLACK


def _spot(form: Mapping[str, str]) -> tuple[float, float] | None:
    """Where the picture was touched, as fractions of it; None for a button pressed by a key, which is nowhere.

    Raises `field.missing`, `field.invalid`.
    """
    if form["x"] or form["y"]:
        return _part(form, "x", _FINEST), _part(form, "y", _FINEST)
    for name, (width, height) in BUTTONS.items():
        if form[f"{name}.x"] or form[f"{name}.y"]:
            x, y = _part(form, f"{name}.x", width), _part(form, f"{name}.y", height)
            return (x, y) if x or y else None
    return None


def _part(form: Mapping[str, str], name: str, whole: int) -> float:
    """A count of `whole` as a fraction."""
    text = form[name]
    if not text:
        raise Problem(FIELD_MISSING, field=name)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= whole):
        raise Problem(FIELD_INVALID, field=name)
    return int(text) / whole


def _page(here: Booth, visit: Visit, one: Exhibit, search: Search) -> FindPage:
    by_id = {region.id: region for region in one.regions}
    shown = [(by_id[region_id], True) for region_id in search.found]
    if search.is_over:
        shown += [(region, False) for region in one.regions if region.id not in search.found]
    return FindPage(
        exhibit=one,
        category=here.pack.categories[one.category],
        search=search,
        marks=galleries.marked(shown, one.regions),
        left=len(one.regions) - len(search.found),
        lit=PARTS[search.lit] if search.lit and not search.is_over else None,
        next_id=_next(here, visit, one),
        version=here.pack.version,
    )


def _next(here: Booth, visit: Visit, one: Exhibit) -> str | None:
    """The next exhibit this visitor has not searched, round the pack; None when that was all."""
    exhibits = list(here.pack.exhibits)
    place = exhibits.index(one) + 1
    for other in exhibits[place:] + exhibits[: place - 1]:
        look = visit.looks.get(other.id)
        if look is None or not look.search.is_over:
            return other.id
    return None
