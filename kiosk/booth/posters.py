"""The hub's form for a visitor's own phone: on a poster to print, and on the screen with this tablet's signed word."""

import secrets

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import days, outbox, staff
from kiosk.booth.context import Booth, booth
from kiosk.sync import handoffs
from kiosk.sync.handoffs import Handoff
from kiosk.web.posters import SIZES, Poster, Size, asked_size

views = Blueprint("posters", __name__)


class PosterPage(msgspec.Struct, frozen=True):
    size: Size
    sizes: tuple[Size, ...]
    poster: Poster


@views.get("/complaint/poster")
def poster() -> Response:
    """For volunteers to print, of this desk."""
    answer = staff.ask_for_pin()
    if answer is not None:
        return answer
    page = PosterPage(asked_size(), SIZES, _poster(booth()))
    return web.page("booth/complaints/poster.html", page=page)


def _poster(here: Booth) -> Poster:
    joined = here.enrolled
    return Poster.of(joined.fair, joined.desk.id, joined.public_url, joined.certificate.device)


def address(here: Booth) -> str:
    """The plain address of this desk's form: no secret, good for as long as the tablet is known."""
    return _poster(here).link


def address_with_word(here: Booth, way: str) -> str:
    """The same for one who has chosen ("settle" or "report"), with a new word of this tablet.

    Without one where the tablet does not know what time it is: the word would be refused.
    """
    now = days.now(here)
    if not now.is_sure:
        return f"{address(here)}/{way}"
    handoff = Handoff(secrets.token_hex(16), int(now.moment.timestamp()))
    word = handoffs.write(outbox.load_key(here.config.data), here.enrolled.certificate.device, handoff)
    return f"{address(here)}/t/{word}?to={way}"
