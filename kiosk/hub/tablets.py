"""The tablets of a fair on the hub's pages: how each is, and what is done when one is lost or breaks."""

from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, Row, func, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import DEVICE_CUTOFF, DEVICE_STATE, PAGE_NOT_FOUND, SEAL_LOCKED, Problem
from kiosk.hub import codes, devices, people, rehearsals
from kiosk.hub.codes import WaitingRow
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import SILENT_SECONDS, ago, find_fair
from kiosk.hub.rehearsals import Rehearsal
from kiosk.hub.tables import devices as table
from kiosk.hub.tables import facts, journals
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.values import is_id

views = Blueprint("tablets", __name__)
_STEPS = 12  # arrivals offered as a place to cut off at
_ORDER = ("forked", "broken", "behind", "silent", "whole", "replaced", "revoked")


class TabletRow(msgspec.Struct, frozen=True):
    """One tablet."""

    device: str
    desk: Desk
    venue: Venue
    state: str  # "whole", "behind", "silent", "forked"; "replaced", "revoked"
    seen_at: float | None  # epoch seconds
    looked_at: datetime
    held: int  # facts of it the hub holds without a gap
    known: int  # its own head, as it last told or as was received
    cutoff: int | None
    reason: str
    canary: str  # as in protocol.Head
    valid_until: str
    expired: bool
    pack: str
    version: str

    @property
    def last_seen(self) -> str | None:
        """In words of the person who is looking at the page."""
        return ago(self.seen_at, self.looked_at)

    @property
    def in_use(self) -> bool:
        return self.state not in ("replaced", "revoked")


class RehearsalRow(msgspec.Struct, frozen=True):
    """What was last rehearsed at a desk, and whether it arrived."""

    told: Rehearsal
    venue: Venue
    last_seen: str | None


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    waiting: list[WaitingRow]
    tablets: list[TabletRow]
    bare: int  # desks without a tablet in use
    canaries: int  # waiting to be opened
    can_open: bool  # whoever looks holds the key
    rehearsals: list[RehearsalRow]


class Step(msgspec.Struct, frozen=True):
    """Where the tablet's counted run ended after something arrived."""

    seq: int
    at: str


class TabletPage(msgspec.Struct, frozen=True):
    fair: Fair
    tablet: TabletRow
    counted: int  # the last fact that may count
    steps: list[Step]
    problem: str | None
    typed: dict[str, str]
    act: str  # which form the problem belongs to


@views.get("/fairs/<fair_id>/devices")
def listing(fair_id: str) -> Response:
    session = signed_in()
    now = hub().clock.now()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        found = rows(tx, fair, now)
        page = ListPage(
            fair=fair,
            waiting=codes.waiting_rows(tx, fair, now),
            tablets=found,
            bare=len({desk.id for desk in fair.desks} - {row.desk.id for row in found if row.in_use}),
            canaries=sum(row.canary == "waiting" for row in found),
            can_open=session.key is not None,
            rehearsals=[_rehearsal_row(fair, one, now) for one in rehearsals.rehearsals(tx, fair, now)],
        )
    return web.page("hub/devices/list.html", page=page, fair=fair)


def _rehearsal_row(fair: Fair, one: Rehearsal, now: datetime) -> RehearsalRow:
    return RehearsalRow(one, fair.venue(one.desk.venue), ago(one.seen_at or None, now))


@views.post("/fairs/<fair_id>/devices/canaries")
def open_canaries(fair_id: str) -> Response:
    """Somebody who holds the key opens what the tablets sealed first of all."""
    web.read_form()
    with acting(*people.KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        if session.key is None:
            raise Problem(SEAL_LOCKED)
        devices.open_canaries(tx, hub(), session.key)
    return web.see_other("tablets.listing", fair_id=fair.id)


@views.get("/fairs/<fair_id>/devices/<device_id>")
def one(fair_id: str, device_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        return _page(tx, find_fair(tx, fair_id), device_id)


@views.post("/fairs/<fair_id>/devices/<device_id>/revoke")
def revoke(fair_id: str, device_id: str) -> Response:
    form = web.read_form("reason", optional=("cutoff",))
    try:
        with acting("organiser") as (tx, session):
            fair = find_fair(tx, fair_id)
            device = _find(tx, fair, device_id)
            cutoff = _cutoff(form["cutoff"], devices.counted(tx, device))
            devices.revoke(tx, hub(), device.device, form["reason"], session.person.id, cutoff)
    except Problem as problem:
        return _again(problem, fair_id, device_id, "revoke", form)
    return web.see_other("tablets.one", fair_id=fair.id, device_id=device.device)


@views.post("/fairs/<fair_id>/devices/<device_id>/replace")
def replace(fair_id: str, device_id: str) -> Response:
    """The next tablet's code is on the page that answers."""
    form = web.read_form("reason")
    try:
        with acting("organiser") as (tx, session):
            fair = find_fair(tx, fair_id)
            device = _find(tx, fair, device_id)
            devices.replace(tx, hub(), device.device, form["reason"], session.person.id)
            return codes.hand_out(tx, fair, device.desk, replaces=device.device)
    except Problem as problem:
        return _again(problem, fair_id, device_id, "replace", form)


@views.post("/fairs/<fair_id>/devices/<device_id>/reinstate")
def reinstate(fair_id: str, device_id: str) -> Response:
    web.read_form()
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        device = _find(tx, fair, device_id)
        devices.reinstate(tx, hub(), device.device, session.person.id)
    return web.see_other("tablets.one", fair_id=fair.id, device_id=device.device)


def _find(tx: Connection, fair: Fair, device_id: str) -> Row[Any]:
    """The tablet of an address. Raises `page.not_found`."""
    of_fair = select(table).where(table.c.device == device_id, table.c.fair == fair.id)
    device = tx.execute(of_fair).one_or_none() if is_id(device_id) else None
    if device is None:
        raise Problem(PAGE_NOT_FOUND)
    return device


def _cutoff(typed: str, most: int) -> int | None:
    """What somebody typed as a cut-off; nothing is "as far as was counted". Raises `device.cutoff`."""
    text = typed.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Problem(DEVICE_CUTOFF, most=most)
    return int(text)


def _again(problem: Problem, fair_id: str, device_id: str, act: str, form: dict[str, str]) -> Response:
    """The same page with what was typed and what is wrong with it; for faults of the form only."""
    if problem.kind is DEVICE_STATE or not problem.code.startswith(("device.", "field.invalid")):
        raise problem
    with reading() as tx:
        return _page(tx, find_fair(tx, fair_id), device_id, problem, act, form)


def _page(
    tx: Connection,
    fair: Fair,
    device_id: str,
    problem: Problem | None = None,
    act: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    device = _find(tx, fair, device_id)
    (row,) = [one for one in rows(tx, fair, hub().clock.now()) if one.device == device.device]
    page = TabletPage(
        fair=fair,
        tablet=row,
        counted=devices.counted(tx, device),
        steps=_steps(tx, device),
        problem=problem.sentence(web.language()) if problem else None,
        typed={"reason": "", "cutoff": "", **(typed or {})},
        act=act,
    )
    return web.page("hub/devices/one.html", problem.status if problem else 200, page=page, fair=fair)


def _steps(tx: Connection, device: Row[Any]) -> list[Step]:
    """How far the tablet had got at each of its last arrivals, the latest first."""
    most = devices.counted(tx, device)
    query = (
        select(func.max(facts.c.seq).label("seq"), facts.c.received_at)
        .where(facts.c.journal == device.journal, facts.c.seq <= most)
        .group_by(facts.c.received_at)
        .order_by(func.max(facts.c.seq).desc())
        .limit(_STEPS)
    )
    return [Step(row.seq, _moment(row.received_at)) for row in tx.execute(query)]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, BEIJING).strftime("%m-%d %H:%M:%S")


def rows(tx: Connection, fair: Fair, now: datetime) -> list[TabletRow]:
    """Every tablet there ever was at the fair; those that need somebody first, those out of use last."""
    query = (
        select(table, journals.c.seq, journals.c.forked_at)
        .join(journals, journals.c.journal == table.c.journal)
        .where(table.c.fair == fair.id)
        .order_by(table.c.desk, table.c.device)
    )
    found = [_row(fair, row, now) for row in tx.execute(query)]
    return sorted(found, key=lambda row: _ORDER.index("broken" if row.canary == "broken" and row.in_use else row.state))


def _row(fair: Fair, row: Row[Any], now: datetime) -> TabletRow:
    desk = fair.desk(row.desk)
    return TabletRow(
        device=row.device,
        desk=desk,
        venue=fair.venue(desk.venue),
        state=_state(row, now),
        seen_at=row.seen_at,
        looked_at=now,
        held=row.seq,
        known=max(row.told_seq or 0, row.seq),
        cutoff=row.cutoff,
        reason=row.reason,
        canary=row.canary_state,
        valid_until=datetime.fromtimestamp(row.not_after, BEIJING).strftime("%Y-%m-%d"),
        expired=now.timestamp() > row.not_after,
        pack=row.pack or "",
        version=row.version or "",
    )


def _state(row: Row[Any], now: datetime) -> str:
    if row.state != "active":
        return str(row.state)
    if row.forked_at:
        return "forked"
    if (row.told_seq or 0) > row.seq:
        return "behind"
    is_silent = row.seen_at is None or now.timestamp() - row.seen_at > SILENT_SECONDS
    return "silent" if is_silent else "whole"
