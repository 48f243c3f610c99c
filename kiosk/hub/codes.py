"""Enrolment codes on the hub's pages: drawn for one desk, printed for many, and the digits compared."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import FIELD_INVALID, SHEET_EMPTY, SHEET_UNTIL, Problem
from kiosk.hub import devices
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import ago, find_fair
from kiosk.hub.tables import devices as table
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.sync import tickets

views = Blueprint("codes", __name__)
#: How long a printed sheet may be good, and is unless somebody says otherwise.
SHEET_HOURS, SHEET_USUAL_HOURS = 72, 24
_MINUTE = "%Y-%m-%dT%H:%M"


class DeskRow(msgspec.Struct, frozen=True):
    desk: Desk
    venue: Venue
    taken: bool  # a tablet in use stands there


class WaitingRow(msgspec.Struct, frozen=True):
    """A tablet that shows six digits and waits for somebody to look at them."""

    id: str
    desk: Desk
    venue: Venue
    digits: str
    asked: str  # how long ago


class Ticket(msgspec.Struct, frozen=True):
    """A code as it is handed to a tablet. Shown once: the hub keeps only its hash."""

    desk: Desk
    venue: Venue
    code: str
    text: str  # code and address in one
    until: str


class CodePage(msgspec.Struct, frozen=True):
    fair: Fair
    desks: list[DeskRow]
    waiting: list[WaitingRow]
    ticket: Ticket | None
    replaces: str | None  # the tablet whose place the next one takes
    hub_url: str
    on_sheets: int  # printed codes nobody has used yet
    sheets_until: str | None


class SheetForm(msgspec.Struct, frozen=True):
    fair: Fair
    desks: list[DeskRow]
    chosen: frozenset[str]
    until: str
    earliest: str
    latest: str
    problem: str | None
    on_sheets: int
    sheets_until: str | None


class SheetPage(msgspec.Struct, frozen=True):
    fair: Fair
    tickets: list[Ticket]
    hub_url: str
    until: str


# --- one code -------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/codes")
def codes(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        page = _code_page(tx, find_fair(tx, fair_id), hub().clock.now())
    return web.page("hub/devices/code.html", page=page, fair=page.fair)


@views.post("/fairs/<fair_id>/codes")
def new_code(fair_id: str) -> Response:
    form = web.read_form("desk")
    with acting("organiser") as (tx, _session):
        return hand_out(tx, find_fair(tx, fair_id), form["desk"])


def hand_out(tx: Connection, fair: Fair, desk_id: str, replaces: str | None = None) -> Response:
    """Draw a code for a desk and show it. `replaces`: the tablet it takes the place of."""
    here, now = hub(), hub().clock.now()
    code = devices.draw_code(tx, here, fair, desk_id, now, kind="screen")
    ticket = _ticket(fair, desk_id, code, now + timedelta(minutes=devices.CODE_MINUTES))
    page = _code_page(tx, fair, now, ticket, replaces)
    return web.page("hub/devices/code.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/codes/file")
def code_file(fair_id: str) -> Response:
    """The code that is on the screen, as a small text file. It comes back from the page: the hub does not hold it."""
    form = web.read_form("code")
    signed_in("organiser")
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        found = devices.find_open(tx, fair.id, form["code"], here.clock.now())
    place, until = fair.place(found.desk).in_(web.language()), _long(found.expires_at)
    words = f"{place}\n{until} 前有效，只能用一次。 Good once, until {until}."
    text = tickets.file_of(here.config.public_url, form["code"], words)
    return Response(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="kiosk-enrol-{found.desk}.txt"'},
    )


def _code_page(
    tx: Connection, fair: Fair, now: datetime, ticket: Ticket | None = None, replaces: str | None = None
) -> CodePage:
    number, until = _on_sheets(tx, fair, now)
    return CodePage(
        fair=fair,
        desks=_desks(tx, fair),
        waiting=waiting_rows(tx, fair, now),
        ticket=ticket,
        replaces=replaces,
        hub_url=hub().config.public_url.rstrip("/"),
        on_sheets=number,
        sheets_until=until,
    )


def _ticket(fair: Fair, desk_id: str, code: str, until: datetime) -> Ticket:
    desk = fair.desk(desk_id)
    text = tickets.write(hub().config.public_url, code)
    return Ticket(desk, fair.venue(desk.venue), code, text, _long(until.timestamp()))


def _desks(tx: Connection, fair: Fair) -> list[DeskRow]:
    in_use = select(table.c.desk).where(table.c.fair == fair.id, table.c.state == "active")
    taken = set(tx.execute(in_use).scalars())
    return [DeskRow(one, fair.venue(one.venue), one.id in taken) for one in fair.desks]


def _long(moment: float) -> str:
    return datetime.fromtimestamp(moment, BEIJING).strftime("%m-%d %H:%M")


# --- a sheet of codes -----------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/codes/sheet")
def sheet_form(fair_id: str) -> Response:
    signed_in("organiser")
    now = hub().clock.now()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        bare = frozenset(row.desk.id for row in _desks(tx, fair) if not row.taken)
        return _sheet_form(tx, fair, now, bare, usual_until(now))


@views.post("/fairs/<fair_id>/codes/sheet")
def print_sheet(fair_id: str) -> Response:
    """One code for each chosen desk, on a page made for paper. They take the place of unused ones printed before."""
    here, now = hub(), hub().clock.now()
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    form = web.read_form("until", optional=[f"desk.{desk.id}" for desk in fair.desks])
    chosen = [desk.id for desk in fair.desks if form[f"desk.{desk.id}"] == "yes"]
    try:
        until = _until(form["until"], now)
        if not chosen:
            raise Problem(SHEET_EMPTY)
    except Problem as problem:
        with reading() as tx:
            return _sheet_form(tx, fair, now, frozenset(chosen), form["until"], problem)
    with acting("organiser") as (tx, _session):
        drawn = [
            _ticket(fair, desk, devices.draw_code(tx, here, fair, desk, now, kind="sheet", until=until), until)
            for desk in chosen
        ]
    page = SheetPage(fair, drawn, here.config.public_url.rstrip("/"), _long(until.timestamp()))
    return web.page("hub/devices/sheet.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/codes/void")
def void_sheets(fair_id: str) -> Response:
    """Every printed code that nobody has used yet is waste paper from now on."""
    web.read_form()
    with acting("organiser") as (tx, _session):
        fair = find_fair(tx, fair_id)
        devices.void_codes(tx, fair.id, "sheet")
    return web.see_other("codes.codes", fair_id=fair.id)


def _sheet_form(
    tx: Connection, fair: Fair, now: datetime, chosen: frozenset[str], until: str, problem: Problem | None = None
) -> Response:
    number, open_until = _on_sheets(tx, fair, now)
    page = SheetForm(
        fair=fair,
        desks=_desks(tx, fair),
        chosen=chosen,
        until=until,
        earliest=_typed(now),
        latest=_typed(now + timedelta(hours=SHEET_HOURS)),
        problem=problem.sentence(web.language()) if problem else None,
        on_sheets=number,
        sheets_until=open_until,
    )
    return web.page("hub/devices/sheet_form.html", problem.status if problem else 200, page=page, fair=fair)


def _on_sheets(tx: Connection, fair: Fair, now: datetime) -> tuple[int, str | None]:
    """How many printed codes could still be used, and until when."""
    found = [code.expires_at for code in devices.open_codes(tx, fair.id, now) if code.kind == "sheet"]
    return len(found), _long(max(found)) if found else None


def _typed(moment: datetime) -> str:
    """As an input for a date and time of day spells it, in Beijing time."""
    return moment.astimezone(BEIJING).strftime(_MINUTE)


def usual_until(now: datetime) -> str:
    """How long a sheet is good where nobody says otherwise, as its form spells it."""
    return _typed(now + timedelta(hours=SHEET_USUAL_HOURS))


def _until(typed: str, now: datetime) -> datetime:
    try:
        until = datetime.strptime(typed[:16], _MINUTE).replace(tzinfo=BEIJING)
    except ValueError:
        raise Problem(FIELD_INVALID, field="until") from None
    if not now < until <= now + timedelta(hours=SHEET_HOURS):
        raise Problem(SHEET_UNTIL, hours=SHEET_HOURS)
    return until


# --- comparing ------------------------------------------------------------------------------------


def waiting_rows(tx: Connection, fair: Fair, now: datetime) -> list[WaitingRow]:
    found: Sequence[devices.Waiting] = devices.waiting(tx, hub(), fair.id)
    rows = []
    for one in found:
        desk = fair.desk(one.desk)
        rows.append(WaitingRow(one.id, desk, fair.venue(desk.venue), one.digits, ago(one.asked_at, now) or ""))
    return rows


@views.post("/fairs/<fair_id>/enrolments")
def decide(fair_id: str) -> Response:
    """The digits were the same on both screens, or they were not."""
    form = web.read_form("enrolment", "verdict")
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        match form["verdict"]:
            case "same":
                devices.confirm(tx, hub(), fair.id, form["enrolment"], session.person.id, session.key)
            case "different":
                devices.reject(tx, fair.id, form["enrolment"])
            case _:
                raise Problem(FIELD_INVALID, field="verdict")
    return web.see_other("tablets.listing", fair_id=fair.id)
