"""Pages: posters of every desk, to be printed before the fair."""

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import devices
from kiosk.packs.fairs import Fair
from kiosk.web.posters import SIZES, Poster, Size, asked_size

views = Blueprint("posters", __name__)


class PostersPage(msgspec.Struct, frozen=True):
    fair: Fair
    size: Size
    sizes: tuple[Size, ...]
    posters: list[Poster]
    bare: int  # desks without a tablet, hence without an address


@views.get("/fairs/<fair_id>/posters")
def sheet(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _page(tx, fair)
    return web.page("hub/posters/sheet.html", page=page, fair=fair)


def _page(tx: Connection, fair: Fair) -> PostersPage:
    """One poster a desk, by the order of the fair; of several tablets the one with the newest certificate."""
    query = select(devices.c.desk, devices.c.device).where(devices.c.fair == fair.id, devices.c.state == "active")
    newest = {row.desk: row.device for row in tx.execute(query.order_by(devices.c.not_after, devices.c.device))}
    url = hub().config.public_url
    posters = [Poster.of(fair, desk.id, url, newest[desk.id]) for desk in fair.desks if desk.id in newest]
    return PostersPage(fair, asked_size(), SIZES, posters, len(fair.desks) - len(posters))
