"""Tablets at the hub: enrolment codes, certificates, and who a signed request comes from."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection, Row, select, update

from kiosk import web
from kiosk.clock import BEIJING, stamp
from kiosk.errors import DESK_UNKNOWN, ENROL_CODE, ENROL_KNOWN, ENROL_PROOF, SYNC_DEVICE, SYNC_SIGNATURE, Problem
from kiosk.facts import envelope
from kiosk.facts.devices import DeviceEnrolled
from kiosk.hub import journal
from kiosk.hub.context import Hub, acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import devices, enrolments, journals, volunteers
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, EnrolRequest, FairNotice

views = Blueprint("devices", __name__)
CODE_MINUTES = 10
CERTIFICATE_DAYS = 400
#: What a booth may record.
BOOTH_KINDS = (
    "complaint.filed", "exhibit.judged", "quiz.answered", "quiz.finished",
    "shift.entered", "shift.refused", "tally.counted", "tally.undone",
)  # fmt: skip


def draw_code(tx: Connection, here: Hub, fair: Fair, desk_id: str, now: datetime) -> str:
    """A one-time enrolment code for a desk. Only its hash is kept."""
    if desk_id not in {desk.id for desk in fair.desks}:
        raise Problem(DESK_UNKNOWN, desk=desk_id)
    token = secrets.token_hex(16)
    expires = now + timedelta(minutes=CODE_MINUTES)
    tx.execute(
        enrolments.insert().values(
            token_hash=_hash(token), fair=fair.id, desk=desk_id, expires_at=expires.timestamp(), used_by=None
        )
    )
    return protocol.write_code(token, here.fingerprint)


def enrol(tx: Connection, here: Hub, request: EnrolRequest, now: datetime, mono: int) -> bytes:
    """Take a tablet in; returns its signed certificate. Asking again with the same key is the same request."""
    key = keys.VerifyKey(bytes.fromhex(request.public_key))
    proof = protocol.enrol_proof(request.token, request.public_key, request.journal, here.id)
    if not keys.is_signed(key, b"kiosk/enrol/1", proof, request.proof):
        raise Problem(ENROL_PROOF)
    code = tx.execute(
        select(enrolments).where(enrolments.c.token_hash == _hash(request.token)).with_for_update()
    ).one_or_none()
    if code is not None and code.used_by == f"{request.public_key} {request.journal}":
        return bytes(code.certificate)
    if code is None or code.used_by is not None or now.timestamp() > code.expires_at:
        raise Problem(ENROL_CODE)
    certificate = Certificate(
        device=secrets.token_hex(16),
        public_key=request.public_key,
        journal=request.journal,
        hub=here.id,
        fair=code.fair,
        desk=code.desk,
        kinds=list(BOOTH_KINDS),
        not_before=stamp(now),
        not_after=stamp(now + timedelta(days=CERTIFICATE_DAYS)),
    )
    document = here.sign(certificate)
    _keep(tx, certificate, document)
    tx.execute(
        update(enrolments)
        .where(enrolments.c.token_hash == code.token_hash)
        .values(used_by=f"{request.public_key} {request.journal}", certificate=document)
    )
    body = DeviceEnrolled(device=certificate.device, journal=certificate.journal, desk=certificate.desk)
    journal.append(tx, here.id, code.fair, body, desk=code.desk, by="hub", now=now, mono=mono)
    return document


def _keep(tx: Connection, certificate: Certificate, document: bytes) -> None:
    if tx.execute(select(journals.c.journal).where(journals.c.journal == certificate.journal)).first():
        raise Problem(ENROL_KNOWN)
    root = envelope.root(document)
    tx.execute(
        journals.insert().values(
            journal=certificate.journal, fair=certificate.fair, root=root, seq=0, hash=root, forked_at=None
        )
    )
    tx.execute(
        devices.insert().values(
            device=certificate.device,
            journal=certificate.journal,
            fair=certificate.fair,
            desk=certificate.desk,
            public_key=certificate.public_key,
            kinds=" ".join(certificate.kinds),
        )
    )


def authenticate(tx: Connection, authorisation: str, method: str, path: str, body: bytes) -> Row[Any]:
    """The device that signed a request. Raises `sync.device` or `sync.signature`."""
    device_id, _, signature = authorisation.partition(" ")
    device = tx.execute(select(devices).where(devices.c.device == device_id)).one_or_none()
    if device is None:
        raise Problem(SYNC_DEVICE)
    key = keys.VerifyKey(bytes.fromhex(device.public_key))
    if not protocol.is_authorised(key, signature, method, path, body):
        raise Problem(SYNC_SIGNATURE)
    return device


def notice(tx: Connection, here: Hub, fair: Fair) -> bytes:
    """The fair as its booths need it, signed. The same content gives the same bytes."""
    rows = tx.execute(select(volunteers).where(volunteers.c.fair == fair.id).order_by(volunteers.c.id))
    return here.sign(
        FairNotice(
            fair=fair,
            public_url=here.config.public_url.rstrip("/"),
            pack=here.pack.version,
            volunteers=[{"id": row.id, "name": row.name, "pin": row.pin} for row in rows],
        )
    )


def _hash(token: str) -> str:
    return hashlib.sha256(b"kiosk/enrol-token/1\0" + token.encode()).hexdigest()


@dataclass(frozen=True)
class DeskRow:
    desk: Desk
    venue: Venue
    taken: bool


@dataclass(frozen=True)
class CodePage:
    fair: Fair
    desks: list[DeskRow]
    code: str | None
    desk: Desk | None
    expires: str | None
    hub_url: str


@views.get("/fairs/<fair_id>/codes")
def codes(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        page = _code_page(tx, find_fair(tx, fair_id))
    return web.page("hub/devices/code.html", page=page, fair=page.fair)


@views.post("/fairs/<fair_id>/codes")
def new_code(fair_id: str) -> Response:
    form = web.read_form("desk")
    here = hub()
    now = here.clock.now()
    with acting("organiser") as (tx, _session):
        fair = find_fair(tx, fair_id)
        code = draw_code(tx, here, fair, form["desk"], now)
        expires = (now + timedelta(minutes=CODE_MINUTES)).astimezone(BEIJING).strftime("%H:%M")
        page = _code_page(tx, fair, code, fair.desk(form["desk"]), expires)
    return web.page("hub/devices/code.html", page=page, fair=page.fair)


def _code_page(
    tx: Connection, fair: Fair, code: str | None = None, desk: Desk | None = None, expires: str | None = None
) -> CodePage:
    taken = set(tx.execute(select(devices.c.desk).where(devices.c.fair == fair.id)).scalars())
    rows = [DeskRow(one, fair.venue(one.venue), one.id in taken) for one in fair.desks]
    return CodePage(fair, rows, code, desk, expires, hub().config.public_url)
