"""Fairs at the hub: what they are, and the live board over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, Row, func, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import FAIR_AMBIGUOUS, FAIR_EXISTS, FAIR_UNKNOWN, Problem
from kiosk.hub import journal, totals
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.tables import devices, facts, fairs, journals
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.reports.figures import CATALOGUE, Definition, Figure, day_window, figures, period_window

views = Blueprint("fairs", __name__)
#: A booth not heard of for this long is called silent.
SILENT_SECONDS = 300
_BOARD_COLUMNS = ("headcount", "leaflets", "consultations", "complaints", "quiz_finished", "exhibits_judged")
_TILES = ("headcount", "leaflets", "boards", "consultations", "complaints", "quiz_finished")


def add_fair(tx: Connection, fair: Fair) -> None:
    if tx.execute(select(fairs.c.id).where(fairs.c.id == fair.id)).first():
        raise Problem(FAIR_EXISTS, fair=fair.id)
    tx.execute(fairs.insert().values(id=fair.id, document=msgspec.json.encode(fair).decode()))
    journal.begin(tx, fair.id)


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
    """One desk and a tablet on it; two rows where two tablets were enrolled, none of them hidden."""

    desk: Desk
    venue: Venue
    device: str | None
    last_seen: str | None
    held: int  # facts of it the hub holds without a gap
    known: int  # its own head, as it last told or as was received
    unsent: int
    quarantined: int  # kept, but not usable
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


def figures_of(tx: Connection, fair: Fair, day: str | None = None) -> list[Figure]:
    """The fair's figures, of one day or of all days counted."""
    window = day_window(day) if day else period_window(fair, totals.days(tx, fair.id))
    return figures(totals.sums(tx, fair.id, day), window, {"kind": "fair", "id": fair.id})


def _board(tx: Connection, fair: Fair, now: datetime) -> BoardPage:
    all_figures = {figure.key: figure for figure in figures_of(tx, fair)}
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
    values = {figure.key: figure.value for figure in figures(sums, {}, {"kind": "venue", "id": venue.id})}
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
    tablets: dict[str, list[Row[Any]]] = {}
    for row in tx.execute(query.order_by(devices.c.device)):
        tablets.setdefault(row.desk, []).append(row)
    quarantined = _quarantined(tx)
    rows = []
    for desk in fair.desks:
        venue = fair.venue(desk.venue)
        if desk.id not in tablets:
            rows.append(BoothRow(desk, venue, None, None, 0, 0, 0, 0, "", True, "none"))
        rows += [_booth_row(desk, venue, row, quarantined.get(row.journal, 0), now) for row in tablets.get(desk.id, ())]
    order = ("forked", "behind", "silent", "whole", "none")
    return sorted(rows, key=lambda row: order.index(row.state))


def _booth_row(desk: Desk, venue: Venue, row: Row[Any], quarantined: int, now: datetime) -> BoothRow:
    known = max(row.told_seq or 0, row.seq)
    silent = row.seen_at is None or now.timestamp() - row.seen_at > SILENT_SECONDS
    state = "forked" if row.forked_at else "behind" if known > row.seq else "silent" if silent else "whole"
    return BoothRow(
        desk=desk,
        venue=venue,
        device=row.device[:8],
        last_seen=_ago(row.seen_at, now),
        held=row.seq,
        known=known,
        unsent=known - row.seq,
        quarantined=quarantined,
        pack=row.pack or "",
        pack_ok=not row.pack or row.pack == hub().pack.version,
        state=state,
    )


def _quarantined(tx: Connection) -> dict[str, int]:
    """Journal → facts kept that could not be used."""
    query = select(facts.c.journal, func.count()).where(facts.c.problem.is_not(None)).group_by(facts.c.journal)
    return {journal: int(n) for journal, n in tx.execute(query)}


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
