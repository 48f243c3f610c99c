"""Fairs at the hub: what they are, and the live board over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import FAIR_AMBIGUOUS, FAIR_EXISTS, FAIR_UNKNOWN, Problem
from kiosk.hub import totals
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.tables import devices, fairs, journals
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.reports.figures import CATALOGUE, Definition, Figure, figures

views = Blueprint("fairs", __name__)
#: A booth not heard of for this long is called silent.
SILENT_SECONDS = 300
_BOARD_COLUMNS = ("headcount", "leaflets", "consultations", "complaints", "quiz_finished", "exhibits_judged")
_TILES = ("headcount", "leaflets", "boards", "consultations", "complaints", "quiz_finished")


def add_fair(tx: Connection, fair: Fair) -> None:
    if tx.execute(select(fairs.c.id).where(fairs.c.id == fair.id)).first():
        raise Problem(FAIR_EXISTS, fair=fair.id)
    tx.execute(fairs.insert().values(id=fair.id, document=msgspec.json.encode(fair).decode()))


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


@dataclass(frozen=True)
class BoothRow:
    """One desk and the tablet on it."""

    desk: Desk
    venue: Venue
    device: str | None
    last_seen: str | None
    held: int  # facts of it the hub holds without a gap
    known: int  # its own head, as it last told or as was received
    unsent: int
    pack: str
    pack_ok: bool
    state: str  # "whole", "behind", "silent", "forked" or "none"


@dataclass(frozen=True)
class VenueRow:
    venue: Venue
    values: list[int]
    booths: int
    silent: int


@dataclass(frozen=True)
class BoardPage:
    fair: Fair
    updated: str
    tiles: list[Figure]
    columns: list[Definition]
    venues: list[VenueRow]
    hours: list[tuple[str, int]]
    booths: list[BoothRow]
    summary: str  # "whole", "behind", "forked" or "none"


@views.get("/")
def home() -> Response:
    signed_in()
    with reading() as tx:
        fair = tx.execute(select(fairs.c.id).order_by(fairs.c.id).limit(1)).scalar()
    if fair is None:
        raise Problem(FAIR_UNKNOWN, fair="")
    return web.see_other("fairs.board", fair_id=fair)


@views.get("/fairs/<fair_id>")
def board(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        page = _board(tx, find_fair(tx, fair_id), hub().clock.now())
    return web.page("hub/fairs/board.html", page=page, fair=page.fair)


def _board(tx: Connection, fair: Fair, now: datetime) -> BoardPage:
    all_figures = {figure.key: figure for figure in figures(totals.sums(tx, fair.id), fair)}
    by_desk = totals.sums_by_desk(tx, fair.id)
    booths = booth_rows(tx, fair, now)
    return BoardPage(
        fair=fair,
        updated=now.astimezone(BEIJING).strftime("%H:%M:%S"),
        tiles=[all_figures[key] for key in _TILES],
        columns=[definition for definition in CATALOGUE if definition.key in _BOARD_COLUMNS],
        venues=[_venue_row(fair, venue, by_desk, booths) for venue in fair.venues],
        hours=_hours(totals.sums_by_hour(tx, fair.id, "tally.headcount")),
        booths=booths,
        summary=_summary(booths),
    )


def _venue_row(
    fair: Fair, venue: Venue, by_desk: Mapping[str, Mapping[str, int]], booths: Sequence[BoothRow]
) -> VenueRow:
    sums: dict[str, int] = {}
    for desk in fair.desks:
        if desk.venue == venue.id:
            for metric, n in by_desk.get(desk.id, {}).items():
                sums[metric] = sums.get(metric, 0) + n
    values = {figure.key: figure.value for figure in figures(sums, fair)}
    here = [row for row in booths if row.venue.id == venue.id and row.state != "none"]
    return VenueRow(
        venue,
        [int(values[definition.key] or 0) for definition in CATALOGUE if definition.key in _BOARD_COLUMNS],
        len(here),
        sum(row.state == "silent" for row in here),
    )


def booth_rows(tx: Connection, fair: Fair, now: datetime) -> list[BoothRow]:
    """Every desk of the fair with the state of its tablet, those that need somebody first."""
    query = (
        select(devices, journals.c.seq, journals.c.forked_at)
        .join(journals, journals.c.journal == devices.c.journal)
        .where(devices.c.fair == fair.id)
    )
    enrolled = {row.desk: row for row in tx.execute(query)}
    pack = hub().pack.version
    rows = []
    for desk in fair.desks:
        row = enrolled.get(desk.id)
        venue = fair.venue(desk.venue)
        if row is None:
            rows.append(BoothRow(desk, venue, None, None, 0, 0, 0, "", True, "none"))
            continue
        known = max(row.told_seq or 0, row.seq)
        silent = row.seen_at is None or now.timestamp() - row.seen_at > SILENT_SECONDS
        state = "forked" if row.forked_at else "behind" if known > row.seq else "silent" if silent else "whole"
        rows.append(
            BoothRow(
                desk,
                venue,
                row.device[:8],
                _ago(row.seen_at, now),
                row.seq,
                known,
                known - row.seq,
                row.pack or "",
                not row.pack or row.pack == pack,
                state,
            )
        )
    order = ("forked", "behind", "silent", "whole", "none")
    return sorted(rows, key=lambda row: order.index(row.state))


def _summary(booths: Sequence[BoothRow]) -> str:
    states = {row.state for row in booths}
    for state in ("forked", "behind"):
        if state in states:
            return state
    return "whole" if states & {"whole", "silent"} else "none"


def _ago(seen_at: float | None, now: datetime) -> str | None:
    """How long ago, in words short enough for a table."""
    if seen_at is None:
        return None
    seconds = int(now.timestamp() - seen_at)
    if seconds < 60:
        return "刚刚" if web.language() == "zh" else "just now"
    if seconds < 3600:
        return f"{seconds // 60} 分钟前" if web.language() == "zh" else f"{seconds // 60} min ago"
    return datetime.fromtimestamp(seen_at, BEIJING).strftime("%m-%d %H:%M")


def _hours(sums: Mapping[int, int]) -> list[tuple[str, int]]:
    if not sums:
        return []
    return [(f"{hour:02d}", sums.get(hour, 0)) for hour in range(min(sums), max(sums) + 1)]
