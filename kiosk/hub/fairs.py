"""Fairs at the hub: what they are, and what they amount to."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select, update

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import FAIR_AMBIGUOUS, FAIR_ELSEWHERE, FAIR_EXISTS, FAIR_FAULTY, FAIR_UNKNOWN, Problem
from kiosk.facts.fairs import DESK, FairChanged, Section
from kiosk.hub import journal, totals
from kiosk.hub.context import Hub, reading, signed_in
from kiosk.hub.measures import Measures
from kiosk.hub.tables import fairs
from kiosk.packs.fairs import Fair
from kiosk.reports import catalogue, crowds
from kiosk.reports.catalogue import Definition
from kiosk.reports.figures import Figure, day_window, figures, period_window, year_window

views = Blueprint("fairs", __name__)
#: A booth not heard of for this long is called silent.
SILENT_SECONDS = 300


def add_fair(tx: Connection, fair: Fair) -> None:
    if tx.execute(select(fairs.c.id).where(fairs.c.id == fair.id)).first():
        raise Problem(FAIR_EXISTS, fair=fair.id)
    tx.execute(fairs.insert().values(id=fair.id, document=msgspec.json.encode(fair).decode()))
    journal.begin(tx, fair.id)


def hold_fair(tx: Connection, fair_id: str) -> Fair:
    """A fair that is to be changed: nobody else changes it until the transaction ends.

    Raises `fair.unknown`; `fair.elsewhere` where another hub says what it is.
    """
    row = tx.execute(select(fairs).where(fairs.c.id == fair_id).with_for_update()).one_or_none()
    if row is None:
        raise Problem(FAIR_UNKNOWN, fair=fair_id)
    if row.origin:
        raise Problem(FAIR_ELSEWHERE)
    return msgspec.json.decode(row.document, type=Fair)


def hold_journal(tx: Connection, fair_id: str) -> tuple[Fair, str]:
    """A fair, and the id of the hub's journal of it, in which nobody else writes until the transaction ends.

    Whoever takes a desk off the fair waits for the same journal: what is written of a desk is of one that stays.
    Raises `fair.unknown`.
    """
    own = journal.lock(tx, find_fair(tx, fair_id).id)
    return find_fair(tx, fair_id), own  # as it is by now


def keep_fair(tx: Connection, here: Hub, fair: Fair, what: Sequence[Section], by: str) -> None:
    """Keep a fair that is held, as it now is; that it changed is a fact. Tablets hear of it when they next ask.

    Raises `fair.faulty`.
    """
    document = msgspec.json.encode(fair)
    try:
        msgspec.json.decode(document, type=Fair)  # what was put together by hand is held against its bounds
    except msgspec.ValidationError as error:
        raise Problem(FAIR_FAULTY, faults=str(error)) from None
    if faults := fair.faults():
        raise Problem(FAIR_FAULTY, faults="; ".join(faults[:5]))
    tx.execute(update(fairs).where(fairs.c.id == fair.id).values(document=document.decode()))
    note_change(tx, here, fair, what, by)


def note_change(tx: Connection, here: Hub, fair: Fair, what: Sequence[Section], by: str) -> None:
    """Write down in the hub's own journal that parts of a fair were changed."""
    digest = hashlib.sha256(msgspec.json.encode(fair)).hexdigest()
    body = FairChanged(what=list(what), digest=digest)
    journal.append(tx, fair.id, body, desk=DESK, by=by, now=here.clock.now(), mono=here.clock.monotonic())


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
    found = [_read(document) for document in documents]
    if len(found) > 1:
        raise Problem(FAIR_AMBIGUOUS, fairs=", ".join(fair.id for fair in found))
    return found[0]


@lru_cache(maxsize=8)
def _read(document: str) -> Fair:
    """A fair as it is stored: one of a thousand desks is asked for with every look at its board."""
    return msgspec.json.decode(document, type=Fair)


@views.get("/")
def home() -> Response:
    """The board of the only fair; where there are several, which one."""
    session = signed_in()
    with reading() as tx:
        found = all_fairs(tx)
    if not found and session.person.may("organiser"):
        return web.see_other("new_fairs.form")
    if not found:
        raise Problem(FAIR_UNKNOWN, fair="")
    if len(found) == 1:
        return web.see_other("board.board", fair_id=found[0].id)
    return web.page("hub/fairs/choose.html", fairs=sorted(found, key=lambda fair: fair.starts, reverse=True))


# --- what they amount to ----------------------------------------------------------------------------


def figures_of(
    tx: Connection,
    fair: Fair,
    day: str | None = None,
    *,
    window: str = "period",
    desks: Collection[str] | None = None,
    over: Mapping[str, int] | None = None,
    definitions: Sequence[Definition] | None = None,
) -> list[Figure]:
    """The fair's figures, its own among them: of one day, of all days counted, or (`window="year"`) of the year.

    `desks`: of these alone. `over`: metrics that are laid over all others, such as `unit.late`. `definitions`: these
    alone, and nothing is read that they are not made of.
    """
    scope = {"kind": "fair" if desks is None else "desks", "id": fair.id}
    wanted = catalogue.definitions(fair) if definitions is None else definitions
    days, laid = totals.days(tx, fair.id), over or {}
    sums = totals.sums(tx, fair.id, None if days == (day, day) else day, desks)  # of the only day those of all days
    if window == "year" and day is None:
        return figures({**sums, **laid}, year_window(fair), scope, wanted)
    measures = Measures(tx, fair, wanted, days, day)
    laid = {**(measures.of_fair(sums) if desks is None else measures.of_desks(desks)), **laid}
    return figures({**sums, **laid}, day_window(day) if day else period_window(fair, days), scope, wanted)


def figures_by_desk(
    tx: Connection, fair: Fair, definitions: Sequence[Definition] | None = None
) -> dict[str, list[Figure]]:
    """Desk → its figures of all days; everything is read once. `definitions`: these alone, else all there are."""
    wanted, days = catalogue.definitions(fair) if definitions is None else definitions, totals.days(tx, fair.id)
    measures, window = Measures(tx, fair, wanted, days), period_window(fair, days)
    by_desk = totals.sums_by_desk(tx, fair.id)
    found = {}
    for desk in fair.desks:
        sums = {**by_desk.get(desk.id, {}), **measures.of_desks([desk.id])}
        found[desk.id] = figures(sums, window, {"kind": "desk", "id": desk.id}, wanted)
    return found


def figures_by_venue(
    tx: Connection, fair: Fair, definitions: Sequence[Definition] | None = None
) -> dict[str, list[Figure]]:
    """Venue → its figures of all days, likewise."""
    wanted = catalogue.definitions(fair) if definitions is None else definitions
    window, by_venue = sums_by_venue(tx, fair, wanted)
    return {venue: figures(sums, window, {"kind": "venue", "id": venue}, wanted) for venue, sums in by_venue.items()}


def sums_by_venue(
    tx: Connection, fair: Fair, definitions: Sequence[Definition]
) -> tuple[Mapping[str, str], dict[str, Mapping[str, int]]]:
    """The window of all days, and venue → all its figures of some definitions are made of."""
    days = totals.days(tx, fair.id)
    measures, window = Measures(tx, fair, definitions, days), period_window(fair, days)
    by_desk, peaks = totals.sums_by_desk(tx, fair.id), measures.peaks()
    desks: dict[str, list[str]] = {venue.id: [] for venue in fair.venues}
    for desk in fair.desks:
        desks[desk.venue].append(desk.id)
    found: dict[str, Mapping[str, int]] = {}
    for venue, some in desks.items():
        sums: Counter[str] = Counter()
        for desk_id in some:
            sums.update(by_desk.get(desk_id, {}))
        peak = {name: n for name, n in peaks.items() if name == crowds.PEAK + venue}
        found[venue] = {**sums, **measures.of_desks(some), **peak}
    return window, found


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
