"""Pages: the best plays of a venue on a day, under made-up names. Public where the fair says so.

Whatever a tablet may send, only names of this hub's pack are shown, and only plays that may have been.
"""

from collections.abc import Sequence

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import ColumnElement, Connection, and_, exists, select

from kiosk import web
from kiosk.errors import PAGE_NOT_FOUND, Problem
from kiosk.facts.leaderboard import LENGTH, Line, ranked
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import leaderboard as entries
from kiosk.packs.fairs import Fair, Venue
from kiosk.packs.model import Text
from kiosk.packs.quizzes import MODES, READING

views = Blueprint("leaderboard", __name__)


class Row(msgspec.Struct, frozen=True):
    line: Line
    name: Text


class BoardPage(msgspec.Struct, frozen=True):
    fair: Fair
    venue: Venue
    day: str  # the newest one with anybody on it, unless another is asked for; "" for none
    days: list[str]
    rows: list[Row]


@views.get("/fairs/<fair_id>/leaderboard/<venue_id>")
def board(fair_id: str, venue_id: str) -> Response:
    """Who may look where the fair has no board is told as little as anywhere: the door comes first."""
    with reading() as tx:
        fair = _public(tx, fair_id)
        if fair is None:
            signed_in()
            fair = find_fair(tx, fair_id)
        venue = next((one for one in fair.venues if one.id == venue_id), None)
        if venue is None:
            raise Problem(PAGE_NOT_FOUND)
        page = _page(tx, fair, venue, request.args.get("day", ""))
    return web.page("hub/leaderboard/board.html", page=page, fair=fair)


def _public(tx: Connection, fair_id: str) -> Fair | None:
    """The fair, if it is there and shows its board to everybody."""
    try:
        fair = find_fair(tx, fair_id)
    except Problem:
        return None
    return fair if fair.leaderboard else None


def _page(tx: Connection, fair: Fair, venue: Venue, asked: str) -> BoardPage:
    desks = [desk.id for desk in fair.desks if desk.venue == venue.id]
    here = and_(entries.c.fair == fair.id, entries.c.desk.in_(desks), *_may_be_shown())
    days = list(
        tx.execute(select(entries.c.day).where(here).distinct().order_by(entries.c.day.desc()).limit(30)).scalars()
    )
    day = asked if asked in days else days[0] if days else ""
    best = (
        select(entries.c.nickname, entries.c.right, entries.c.questions, entries.c.ms)
        .where(here, entries.c.day == day)
        .order_by(entries.c.right.desc(), entries.c.questions, entries.c.ms, entries.c.nickname)
        .limit(LENGTH)
    )
    rows = [tuple(row) for row in tx.execute(best)]
    return BoardPage(fair, venue, day, days, _rows(ranked(rows)))


def _may_be_shown() -> tuple[ColumnElement[bool], ...]:
    """A name of the pack, for a play that may have been, the first time its tablet tells of it."""
    one, before = entries.c, entries.alias().c
    return (
        one.nickname.in_(sorted(hub().pack.nickname_by_id)),
        one.questions.in_(sorted({mode.questions for mode in MODES.values()})),
        one.right <= one.questions,
        one.ms >= READING * one.questions,
        ~exists().where(before.journal == one.journal, before.session == one.session, before.seq < one.seq),
    )


def _rows(lines: Sequence[Line]) -> list[Row]:
    known = hub().pack.nickname_by_id
    return [Row(line, known[line.nickname].text) for line in lines]
