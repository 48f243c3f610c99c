"""Exhibits from a photo: a volunteer takes it, marks what is wrong, says how to check, and stands for it by name.

Photos are of goods. They stay on this tablet, and are shown on it once somebody has approved them.
"""

import secrets
from collections.abc import Mapping

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from kiosk import pictures, web
from kiosk.booth import looks, staff, visits
from kiosk.booth.context import booth, new_id
from kiosk.booth.galleries import Mark, marked
from kiosk.booth.shelf import MOST, PLACES, SENTENCE, TITLE, Brought, Held, Place, Words, refuse_strange_id
from kiosk.errors import (
    BROUGHT_REGIONS,
    BROUGHT_ROOM,
    BROUGHT_WORDS,
    EXHIBIT_UNKNOWN,
    FIELD_INVALID,
    PHOTO_LARGE,
    Problem,
)
from kiosk.web.requests import FORM_LIMIT

#: Behind the PIN.
views = Blueprint("brought", __name__)
#: Registered twice: at the tablet, and for phones below `/m`.
public = Blueprint("own", __name__)
#: Cells of the grid that stands for a finger where there is no JavaScript.
GRID = 5
FINEST = 10_000  # to which places are told
_UPLOAD_LIMIT = pictures.FILE_LIMIT + FORM_LIMIT
#: Of the page with the words.
FIELDS = (
    "title_zh",
    "title_en",
    *(f"{field}_{n}_{lang}" for n in range(1, PLACES + 1) for field in ("wrong", "check") for lang in ("zh", "en")),
)


class ListPage(msgspec.Struct, frozen=True):
    held: list[tuple[Held, str]]  # each with an id for its withdrawal
    most: int


class StepPage(msgspec.Struct, frozen=True):
    """One step on the way: 1 photo, 2 places, 3 words, 4 looked at and approved."""

    step: int
    id: str
    exhibit: Brought | None  # None before there is a photo
    problem: str | None = None
    grid: int = GRID
    most: int = PLACES
    largest: int = pictures.FILE_LIMIT
    title_limits: tuple[int, int] = TITLE
    limits: tuple[int, int] = SENTENCE
    typed: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def marks(self) -> list[Mark[Place]]:
        return _marks(self.exhibit) if self.exhibit else []

    @property
    def places(self) -> str:
        """As the page sends them back: "number:x,y,w,h;…", in ten thousandths."""
        found = [(mark.number, mark.region) for mark in self.marks]
        return ";".join(f"{n}:{','.join(str(round(part * FINEST)) for part in _corners(one))}" for n, one in found)

    def is_ticked(self, column: int, row: int) -> bool:
        return any(_holds(mark.region, column, row) for mark in self.marks)


class ApprovePage(msgspec.Struct, frozen=True):
    exhibit: Brought
    marks: list[Mark[Place]]
    digest: str
    fact_id: str
    people: list[dict[str, str]]  # as `staff.people`
    chosen: str
    problem: str | None
    locked_seconds: int
    step: int = 4


class OwnPage(msgspec.Struct, frozen=True):
    exhibit: Brought
    marks: list[Mark[Place]]


@views.before_request
def ask_for_pin() -> Response | None:
    answer = staff.ask_for_pin()
    if answer is None and request.endpoint == "brought.take":
        # Before the form is read. What is bound by the second is what werkzeug holds while it looks for the end.
        request.max_content_length = request.max_form_memory_size = _UPLOAD_LIMIT
    return answer


@views.get("/staff/exhibits")
def overview() -> Response:
    return web.page("booth/brought/list.html", page=ListPage([(one, new_id()) for one in booth().shelf.all()], MOST))


@views.get("/staff/exhibits/new")
def new() -> Response:
    return web.see_other("brought.photo", brought_id=f"o{secrets.token_hex(4)}")


# --- the photo ------------------------------------------------------------------------------------------


@views.get("/staff/exhibits/<brought_id>/photo")
def photo(brought_id: str) -> Response:
    refuse_strange_id(brought_id)
    return _photo_page(brought_id)


@views.post("/staff/exhibits/<brought_id>/photo")
def take(brought_id: str) -> Response:
    """A new exhibit, or another photo for one."""
    here = booth()
    try:
        _read_photo_form()
        if here.storage.level != "ample":
            raise Problem(BROUGHT_ROOM)
        here.shelf.keep_photo(brought_id, pictures.redrawn(web.read_file("photo")[1]))
    except Problem as problem:
        if not problem.code.startswith(("photo.", "brought.")):
            raise
        return _photo_page(brought_id, problem)
    return web.see_other("brought.places", brought_id=brought_id)


def _read_photo_form() -> None:
    """Raises `photo.large` for what is too large even to be taken in."""
    try:
        web.read_form(files=("photo",))
    except RequestEntityTooLarge:
        raise Problem(PHOTO_LARGE, limit=pictures.FILE_LIMIT // 2**20) from None


def _photo_page(brought_id: str, problem: Problem | None = None) -> Response:
    known = next((one.exhibit for one in booth().shelf.all() if one.exhibit.id == brought_id), None)
    return web.with_camera(_step("photo", StepPage(1, brought_id, known), problem))


@views.get("/staff/exhibits/<brought_id>/photo.jpg")
def draft_picture(brought_id: str) -> Response:
    return _picture(booth().shelf.find(brought_id).exhibit)


# --- what is wrong, and where -------------------------------------------------------------------------------


@views.get("/staff/exhibits/<brought_id>/places")
def places(brought_id: str) -> Response:
    return _step("places", StepPage(2, brought_id, _draft(brought_id)))


@views.post("/staff/exhibits/<brought_id>/places")
def mark(brought_id: str) -> Response:
    """`places` as the page tells them; without JavaScript they stay, and `tick` names a cell of the grid."""
    form = web.read_form("places", optional=("tick",))
    exhibit = _draft(brought_id)
    told = _tick(exhibit, form["tick"]) if form["tick"] else _read_places(form["places"], exhibit)
    try:
        booth().shelf.keep_places(brought_id, told)
        if not told and not form["tick"]:
            raise Problem(BROUGHT_REGIONS, limit=PLACES)
    except Problem as problem:
        if problem.kind is not BROUGHT_REGIONS:
            raise
        return _step("places", StepPage(2, brought_id, _draft(brought_id)), problem)
    return web.see_other("brought.places" if form["tick"] else "brought.words", brought_id=brought_id)


def _read_places(text: str, exhibit: Brought) -> list[Place]:
    """The words of a place move with it. Raises `field.invalid`."""
    found = []
    for part in text.split(";") if text else []:
        number, _, corners = part.partition(":")
        told = corners.split(",")
        if len(told) != 4 or not all(one.isascii() and one.isdigit() and len(one) <= 5 for one in (number, *told)):
            raise Problem(FIELD_INVALID, field="places")
        x, y, w, h = (int(one) / FINEST for one in told)
        if max(x, y, w, h) > 1:
            raise Problem(FIELD_INVALID, field="places")
        old = exhibit.places[int(number) - 1] if 0 < int(number) <= len(exhibit.places) else None
        wrong, check = (old.wrong, old.check) if old else (Words(), Words())
        # In whole ten thousandths it may lie on the edge; as a sum of fractions it must not reach over it.
        found.append(Place(x=x, y=y, w=min(w, 1 - x), h=min(h, 1 - y), wrong=wrong, check=check))
    return found


def _tick(exhibit: Brought, cell: str) -> list[Place]:
    """A cell that is ticked becomes a place; a place that was there goes. Raises `field.invalid`."""
    cells = {f"{column},{row}": (column, row) for column in range(GRID) for row in range(GRID)}
    if cell not in cells:
        raise Problem(FIELD_INVALID, field="tick")
    column, row = cells[cell]
    left = [place for place in exhibit.places if not _holds(place, column, row)]
    if len(left) < len(exhibit.places):
        return left
    return [*left, Place(x=column / GRID, y=row / GRID, w=1 / GRID, h=1 / GRID)]


def _holds(place: Place, column: int, row: int) -> bool:
    """Whether a place lies over the middle of a cell."""
    x, y = (column + 0.5) / GRID, (row + 0.5) / GRID
    return place.x <= x <= place.x + place.w and place.y <= y <= place.y + place.h


def _corners(place: Place) -> tuple[float, float, float, float]:
    return place.x, place.y, place.w, place.h


# --- the words -----------------------------------------------------------------------------------------------


@views.get("/staff/exhibits/<brought_id>/words")
def words(brought_id: str) -> Response:
    exhibit = _draft(brought_id)
    if not exhibit.places:
        return web.see_other("brought.places", brought_id=brought_id)
    return _step("words", StepPage(3, brought_id, exhibit, typed=_typed(exhibit)))


@views.post("/staff/exhibits/<brought_id>/words")
def say(brought_id: str) -> Response:
    """What is there so far is kept, whole or not: who types may be called away. `go` is "next" or "save"."""
    form = web.read_form("go", optional=FIELDS, limit=SENTENCE[1])
    if form["go"] not in ("next", "save"):
        raise Problem(FIELD_INVALID, field="go")
    _draft(brought_id)
    said = [(_words(form, f"wrong_{n}"), _words(form, f"check_{n}")) for n in range(1, PLACES + 1)]
    try:
        booth().shelf.keep_words(brought_id, _words(form, "title"), said)
        if form["go"] == "next" and not _draft(brought_id).is_whole:
            raise Problem(BROUGHT_WORDS)
    except Problem as problem:
        if problem.kind is not BROUGHT_WORDS:
            raise
        return _step("words", StepPage(3, brought_id, _draft(brought_id), typed=form), problem)
    return web.see_other("brought.look" if form["go"] == "next" else "brought.words", brought_id=brought_id)


def _words(form: Mapping[str, str], name: str) -> Words:
    return Words(_plain(form[f"{name}_zh"]), _plain(form[f"{name}_en"]))


def _plain(text: str) -> str:
    """One line, without what nobody sees: marks that turn the direction of writing would turn the page's own words."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _typed(exhibit: Brought) -> dict[str, str]:
    said = {"title": exhibit.title}
    for n, place in enumerate(exhibit.places, 1):
        said |= {f"wrong_{n}": place.wrong, f"check_{n}": place.check}
    return {f"{name}_{lang}": getattr(words, lang) for name, words in said.items() for lang in ("zh", "en")}


# --- looked at, approved, withdrawn, gone --------------------------------------------------------------------


@views.get("/staff/exhibits/<brought_id>/look")
def look(brought_id: str) -> Response:
    """As visitors will see it, and who stands for it."""
    held = booth().shelf.find(brought_id)
    if not held.exhibit.is_whole:
        return web.see_other("brought.words", brought_id=brought_id)
    return _approve_page(held)


@views.post("/staff/exhibits/<brought_id>/approve")
def approve(brought_id: str) -> Response:
    form = web.read_form("id", "digest", "volunteer", "pin")
    fact_id, here = web.read_id(form, "id"), booth()
    held = here.shelf.ready(brought_id, form["digest"])
    try:
        session = staff.admit(form["volunteer"], form["pin"])
    except Problem as problem:
        if problem.kind not in staff.PIN_PROBLEMS:
            raise
        return _approve_page(held, problem, form["volunteer"])
    here.shelf.approve(brought_id, form["digest"], fact_id, session.volunteer)
    here.staff.close(request.cookies.get(staff.COOKIE))
    return staff.with_session(web.see_other("brought.overview"), session)


def _approve_page(held: Held, problem: Problem | None = None, chosen: str = "") -> Response:
    here = booth()
    page = ApprovePage(
        exhibit=held.exhibit,
        marks=_marks(held.exhibit),
        digest=held.digest,
        fact_id=new_id(),
        people=staff.people(),
        chosen=chosen or staff.signed_in().volunteer,
        problem=problem.sentence(web.language()) if problem else None,
        locked_seconds=staff.PinLock(here.journal, here.clock, chosen).locked_seconds(),
    )
    return web.page("booth/brought/look.html", problem.status if problem else 200, page=page)


@views.post("/staff/exhibits/<brought_id>/withdraw")
def withdraw(brought_id: str) -> Response:
    fact_id = web.read_id(web.read_form("id"), "id")
    booth().shelf.withdraw(brought_id, fact_id, staff.signed_in().volunteer)
    return web.see_other("brought.overview")


@views.post("/staff/exhibits/<brought_id>/discard")
def discard(brought_id: str) -> Response:
    web.read_form()
    booth().shelf.discard(brought_id)
    return web.see_other("brought.overview")


def _draft(brought_id: str) -> Brought:
    return booth().shelf.find(brought_id).exhibit


def _marks(exhibit: Brought) -> list[Mark[Place]]:
    return marked([(place, True) for place in exhibit.places])


def _step(name: str, page: StepPage, problem: Problem | None = None) -> Response:
    if problem is not None:
        page = msgspec.structs.replace(page, problem=problem.sentence(web.language()))
    return web.page(f"booth/brought/{name}.html", problem.status if problem else 200, page=page)


# --- for visitors ---------------------------------------------------------------------------------------------


@public.get("/gallery/own/<brought_id>")
def own(brought_id: str) -> Response:
    return _own("own", brought_id)


@public.get("/gallery/own/<brought_id>/closer")
def closer(brought_id: str) -> Response:
    """As large as the screen."""
    return _own("closer", brought_id)


def _own(name: str, brought_id: str) -> Response:
    """Viewed like any other exhibit: whoever is before the tablet has a visit."""
    exhibit, visit = _shown(brought_id), visits.possible()
    if visit is not None:
        with visit.lock:
            looks.look_of(booth(), visit, exhibit.id)
            looks.turn_to(booth(), visit, exhibit.id)
    page = OwnPage(exhibit, _marks(exhibit))
    return visits.with_cookie(web.page(f"booth/brought/{name}.html", page=page), visit)


@public.get("/gallery/own/<brought_id>.jpg")
def picture(brought_id: str) -> Response:
    return _picture(_shown(brought_id))


def _shown(brought_id: str) -> Brought:
    """Raises `gallery.unknown` for what is not shown, as for what there is not."""
    held = booth().shelf.find(brought_id)
    if held.state != "approved":
        raise Problem(EXHIBIT_UNKNOWN)
    return held.exhibit


def _picture(exhibit: Brought) -> Response:
    return Response(booth().shelf.photo(exhibit), content_type="image/jpeg")
