"""Cards for the table: every exhibit's number and code on paper, and the tablet's page that reads one."""

import re
import unicodedata
from functools import lru_cache

import msgspec
from flask import Blueprint, Response
from markupsafe import Markup

from kiosk import qr, web
from kiosk.booth import looks, staff, visits
from kiosk.booth.context import Booth, booth
from kiosk.booth.shelf import Words
from kiosk.errors import CARD_UNKNOWN, Problem
from kiosk.packs.model import Text

views = Blueprint("cards", __name__)
#: Before an exhibit's id, where the code is for the tablet alone.
PREFIX = "K315X:"
_ADDRESS = re.compile(r"https?://[^/\s]+(?:/m)?/gallery/(?:own/)?([a-z0-9._-]+)(?:/tour)?")


class Card(msgspec.Struct, frozen=True):
    id: str
    number: int
    title: Words
    category: Text | None  # None: this tablet's own
    path: str  # of its page, without /m

    def code(self, phone_url: str) -> Markup:
        """The address a phone opens, or what the tablet itself reads where phones cannot come."""
        return _drawn(f"{phone_url}{visits.PHONE}{self._way}" if phone_url else PREFIX + self.id)

    @property
    def _way(self) -> str:
        """Who comes by a card has no visit: the tour and the own ones are open to all."""
        return f"{self.path}/tour" if self.category is not None else self.path


class CardsPage(msgspec.Struct, frozen=True):
    cards: list[Card]
    phone_url: str


def every(here: Booth) -> list[Card]:
    """The pack's by number, then this tablet's own."""
    names = here.pack.categories
    of_pack = [
        Card(one.id, one.number, Words(one.title.zh, one.title.en), names[one.category], f"/gallery/{one.id}")
        for one in here.pack.exhibits
    ]
    own = [Card(one.id, one.number, one.title, None, f"/gallery/own/{one.id}") for one in here.shelf.public()]
    return [*sorted(of_pack, key=lambda card: card.number), *own]


@views.get("/gallery/cards")
def sheet() -> Response:
    """For volunteers to print."""
    answer = staff.ask_for_pin()
    if answer is not None:
        return answer
    here = booth()
    return web.page("booth/brought/cards.html", page=CardsPage(every(here), here.phones.url))


@views.get("/gallery/scan")
def scan() -> Response:
    return _scan_page()


@views.post("/gallery/scan")
def opened() -> Response:
    """A card's code was read, or its number typed."""
    text = web.read_form("card", limit=300)["card"]
    try:
        return web.to(find(booth(), text).path)
    except Problem as problem:
        return _scan_page(problem)


def _scan_page(problem: Problem | None = None) -> Response:
    looks.turn_away(booth(), visits.found())
    sentence = problem.sentence(web.language()) if problem else None
    return web.with_camera(web.page("booth/brought/scan.html", problem.status if problem else 200, problem=sentence))


def find(here: Booth, text: str) -> Card:
    """What stands on a card. Raises `card.unknown`."""
    text = unicodedata.normalize("NFKC", text).strip()
    address = _ADDRESS.fullmatch(text)
    wanted = address[1] if address else text.removeprefix(PREFIX)
    for card in every(here):
        if wanted in (card.id, str(card.number)):
            return card
    raise Problem(CARD_UNKNOWN)


@lru_cache(maxsize=256)  # a fair's worth: some ten milliseconds each
def _drawn(text: str) -> Markup:
    return Markup(qr.svg(text))  # noqa: S704 (our own SVG)
