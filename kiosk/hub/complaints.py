"""Complaints at the hub: taken from a visitor's phone, listed sealed, opened in memory by a named person."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, func, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import (
    CASE_UNKNOWN,
    COMPLAINT_EXPOSED,
    FACT_CONFLICT,
    PAGE_NOT_FOUND,
    SEAL_BROKEN,
    SEAL_ELSEWHERE,
    SEAL_LOCKED,
    SEAL_MISSING,
    Problem,
)
from kiosk.facts import complaints
from kiosk.facts.cases import CaseOpened
from kiosk.facts.complaints import Complaint, ComplaintFiled, Context
from kiosk.hub import journal
from kiosk.hub.context import Hub, acting, client_address, hub, reading, signed_in, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import throttle
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blobs, devices, erased, openings, people
from kiosk.hub.tables import complaints as table
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.sync import keys
from kiosk.web import complaint_form
from kiosk.web.complaint_form import FormPage, Posted, ReceiptPage

views = Blueprint("complaints", __name__)
PHONE_TRIES = 120  # screens sent from one address in ten minutes; a whole square shares one


# --- from a visitor's phone -----------------------------------------------------------------------


@views.before_request
def _only_encrypted() -> None:
    """What a phone sends must not be readable on the way; on this machine itself there is no way."""
    if request.path.startswith("/m/") and not request.is_secure and client_address() not in ("127.0.0.1", "::1"):
        raise Problem(COMPLAINT_EXPOSED)


@views.get("/m/complaint/<device_id>")
def phone_form(device_id: str) -> Response:
    with reading() as tx:
        fair, _desk = _place(tx, device_id)
    return _form_page(fair, device_id, complaint_form.blank(secrets.token_hex(16), complaints.draw_case_number()))


@views.post("/m/complaint/<device_id>")
def phone_fill(device_id: str) -> Response:
    """One screen of the form. Only a complete one leaves a trace, and that one sealed."""
    here = hub()
    posted = complaint_form.read(with_code=False)
    now = here.clock.now()
    with writing() as tx:
        throttle(tx, "complaint", client_address(), PHONE_TRIES, 600, now)
    step = posted.turn(now.astimezone(BEIJING).date())
    with reading() as tx:
        fair, desk_id = _place(tx, device_id)
    if not step.is_complete:
        return _form_page(fair, device_id, step)
    with writing() as tx:
        at = _file(tx, here, fair, desk_id, step, now)
    page = ReceiptPage(step.case, at, fair.place(desk_id), fair.organiser)
    return web.page("complaints/receipt.html", page=page)


def _place(tx: Connection, device_id: str) -> tuple[Fair, str]:
    """The fair and desk of the tablet whose QR code was scanned."""
    device = tx.execute(select(devices.c.fair, devices.c.desk).where(devices.c.device == device_id)).one_or_none()
    if device is None:
        raise Problem(PAGE_NOT_FOUND)
    return find_fair(tx, device.fair), device.desk


def _file(tx: Connection, here: Hub, fair: Fair, desk: str, posted: Posted, now: datetime) -> str:
    """Seal and file; sending the same form again finds what was filed. Returns when, for the receipt."""
    own = journal.lock(tx, fair.id)
    query = select(table.c.at, table.c.case).where(table.c.journal == own, table.c.fact == posted.fact_id)
    row = tx.execute(query).one_or_none()
    of_case = select(table.c.fact).where(table.c.fair == fair.id, table.c.case == posted.case)
    taken = tx.execute(of_case).scalars().all()
    if (row is not None and row.case != posted.case) or any(fact != posted.fact_id for fact in taken):
        raise Problem(FACT_CONFLICT)
    filed = row.at if row else None
    if filed is None:
        context = Context(fair=fair.id, fact=posted.fact_id, case=posted.case)
        blob = keys.seal(here.sealing_key, msgspec.json.encode(complaints.compose(posted.values, context)))
        name = hashlib.sha256(blob).hexdigest()
        insert_once(tx, blobs, [{"sha256": name, "content": blob, "received_at": now.timestamp()}])
        body = ComplaintFiled(
            case=posted.case, blob=name, size=len(blob), channel="phone", notice=complaints.NOTICE_VERSION
        )
        fact = journal.append(
            tx, fair.id, body,
            desk=desk, by="visitor", now=now, mono=here.clock.monotonic(), fact_id=posted.fact_id,
        )  # fmt: skip
        filed = fact.at
    return _long(filed)


def _form_page(fair: Fair, device_id: str, posted: Posted) -> Response:
    page = FormPage.of(
        posted,
        action=f"/m/complaint/{device_id}",
        organiser=fair.organiser,
        retention_months=fair.retention_months,
        today=hub().clock.now().astimezone(BEIJING).date(),
    )
    return web.page("complaints/form.html", 422 if posted.faults else 200, page=page, fair=fair)


# --- for people who are signed in -----------------------------------------------------------------


class CaseRow(msgspec.Struct, frozen=True):
    case: str
    at: str
    venue: Text
    desk: Text
    channel: str
    arrived: bool
    erased: str  # the day its content was deleted because its time was over; empty while it is kept
    opened: int


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    rows: list[CaseRow]
    can_open: bool


class CasePage(msgspec.Struct, frozen=True):
    fair: Fair
    case: str
    at: str
    venue: Text
    desk: Text
    channel: str
    complaint: Complaint | None  # None once its content was deleted
    erased: str  # the day that was
    amount: str | None
    openings: list[tuple[str, str]]  # (when, who)


@views.get("/fairs/<fair_id>/complaints")
def listing(fair_id: str) -> Response:
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = ListPage(fair, _rows(tx, fair), session.key is not None)
    return web.page("hub/complaints/list.html", page=page, fair=fair)


@views.get("/fairs/<fair_id>/complaints/<case>")
def one(fair_id: str, case: str) -> Response:
    """Open one complaint. Each opening is a fact with the name of the person; after its erasure there is none left."""
    here = hub()
    with acting("caseworker") as (tx, session):
        if session.key is None:
            raise Problem(SEAL_LOCKED)
        fair = find_fair(tx, fair_id)
        row = tx.execute(
            select(table).where(table.c.fair == fair.id, table.c.case == case).order_by(table.c.at)
        ).first()
        if row is None:
            raise Problem(CASE_UNKNOWN)
        gone = _erased_on(tx, row.blob)
        complaint = None if gone else unseal(tx, session.key, row)
        if complaint is not None:
            journal.append(
                tx, fair.id, CaseOpened(case=case),
                desk=row.desk, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(),
            )  # fmt: skip
        page = _case_page(tx, fair, row, complaint, gone)
    return web.page("hub/complaints/one.html", page=page, fair=fair)


def unseal(tx: Connection, key: keys.PrivateKey, row: Row[Any]) -> Complaint:
    """Open a sealed complaint in memory and check that it is the one its fact names. Raises `seal.*`."""
    sealed_for = tx.execute(select(devices.c.hub).where(devices.c.journal == row.journal)).scalar()
    if sealed_for not in (None, "", hub().id):
        raise Problem(SEAL_ELSEWHERE)  # of a fair taken in with its roster
    blob = tx.execute(select(blobs.c.content).where(blobs.c.sha256 == row.blob)).scalar()
    if blob is None:
        raise Problem(SEAL_MISSING)
    try:
        complaint = msgspec.json.decode(keys.unseal(key, bytes(blob)), type=Complaint)
    except msgspec.MsgspecError:
        raise Problem(SEAL_BROKEN, reason="it is not a complaint") from None
    if complaint.context != Context(fair=str(row.fair), fact=str(row.fact), case=str(row.case)):
        raise Problem(SEAL_BROKEN, reason="it belongs to another case")
    return complaint


def _rows(tx: Connection, fair: Fair) -> list[CaseRow]:
    times = select(openings.c.case, func.count().label("n")).group_by(openings.c.case).subquery()
    query = (
        select(table, blobs.c.sha256, times.c.n, erased.c.at.label("erased_at"))
        .join(blobs, blobs.c.sha256 == table.c.blob, isouter=True)
        .join(erased, erased.c.sha256 == table.c.blob, isouter=True)
        .join(times, times.c.case == table.c.case, isouter=True)
        .where(table.c.fair == fair.id)
        .order_by(table.c.at.desc(), table.c.case)
    )
    return [
        CaseRow(
            row.case, _short(row.at), *_names(fair, row.desk), row.channel,
            row.sha256 is not None, _day(row.erased_at), row.n or 0,
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def _erased_on(tx: Connection, blob: str) -> str:
    """The day sealed content was deleted on its date; empty while it is kept."""
    return _day(tx.execute(select(erased.c.at).where(erased.c.sha256 == blob)).scalar())


def _case_page(tx: Connection, fair: Fair, row: Row[Any], complaint: Complaint | None, gone: str) -> CasePage:
    opened = tx.execute(
        select(openings.c.at, people.c.name)
        .join(people, people.c.id == openings.c.person)
        .where(openings.c.case == row.case)
        .order_by(openings.c.at.desc())
        .limit(20)
    )
    fen = complaint.amount if complaint else None
    amount = None if fen is None else f"{fen // 100}.{fen % 100:02d}"
    return CasePage(
        fair, str(row.case), _long(str(row.at)), *_names(fair, str(row.desk)), str(row.channel),
        complaint, gone, amount, [(_long(at), name) for at, name in opened],
    )  # fmt: skip


def _names(fair: Fair, desk_id: str) -> tuple[Text, Text]:
    desk = fair.desk(desk_id)
    return fair.venue(desk.venue).name, desk.name


def _long(at: str) -> str:
    """A fact's moment, which is Beijing time, as a person writes it: `2027-03-15 09:31`."""
    return at[:16].replace("T", " ")


def _short(at: str) -> str:
    return _long(at)[5:]


def _day(at: float | None) -> str:
    return datetime.fromtimestamp(at, BEIJING).date().isoformat() if at is not None else ""
