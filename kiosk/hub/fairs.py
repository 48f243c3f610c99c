"""Fairs at the hub: what they are, and what they amount to."""

from datetime import datetime

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import FAIR_AMBIGUOUS, FAIR_EXISTS, FAIR_UNKNOWN, Problem
from kiosk.hub import journal, totals
from kiosk.hub.context import reading, signed_in
from kiosk.hub.tables import fairs
from kiosk.packs.fairs import Fair
from kiosk.reports.figures import Figure, day_window, figures, period_window

views = Blueprint("fairs", __name__)
#: A booth not heard of for this long is called silent.
SILENT_SECONDS = 300


def add_fair(tx: Connection, fair: Fair) -> None:
    if tx.execute(select(fairs.c.id).where(fairs.c.id == fair.id)).first():
        raise Problem(FAIR_EXISTS, fair=fair.id)
    tx.execute(fairs.insert().values(id=fair.id, document=msgspec.json.encode(fair).decode()))
    journal.begin(tx, fair.id)


def all_fairs(tx: Connection) -> list[Fair]:
    """Every fair of this hub, its own and those it took in, by id."""
    documents = tx.execute(select(fairs.c.document).order_by(fairs.c.id)).scalars()
    return [msgspec.json.decode(document, type=Fair) for document in documents]


def find_fair(tx: Connection, fair_id: str | None) -> Fair:
    """One fair by id; without an id the only one there is. Raises `fair.unknown` or `fair.ambiguous`."""
    query = select(fairs.c.document).order_by(fairs.c.id)
    documents = list(tx.execute(query.where(fairs.c.id == fair_id) if fair_id else query).scalars())
    if not documents:
        raise Problem(FAIR_UNKNOWN, fair=fair_id or "")
    found = [msgspec.json.decode(document, type=Fair) for document in documents]
    if len(found) > 1:
        raise Problem(FAIR_AMBIGUOUS, fairs=", ".join(fair.id for fair in found))
    return found[0]


@views.get("/")
def home() -> Response:
    signed_in()
    with reading() as tx:
        fair = tx.execute(select(fairs.c.id).order_by(fairs.c.id).limit(1)).scalar()
    if fair is None:
        raise Problem(FAIR_UNKNOWN, fair="")
    return web.see_other("board.board", fair_id=fair)


def figures_of(tx: Connection, fair: Fair, day: str | None = None) -> list[Figure]:
    """The fair's figures, of one day or of all days counted."""
    window = day_window(day) if day else period_window(fair, totals.days(tx, fair.id))
    return figures(totals.sums(tx, fair.id, day), window, {"kind": "fair", "id": fair.id})


def ago(seen_at: float | None, now: datetime) -> str | None:
    """How long ago, in words short enough for a table."""
    if seen_at is None:
        return None
    seconds = int(now.timestamp() - seen_at)
    if seconds < 60:
        return "刚刚" if web.language() == "zh" else "just now"
    if seconds < 3600:
        return f"{seconds // 60} 分钟前" if web.language() == "zh" else f"{seconds // 60} min ago"
    return datetime.fromtimestamp(seen_at, BEIJING).strftime("%m-%d %H:%M")
