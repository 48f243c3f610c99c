"""Visitors whom a tablet sent on to the form on their own phone, by a word that the tablet signed.

Looking at the word's address does nothing: messengers look at addresses before their owners do. It leaves a cookie and
leads to the form, so that the word is gone from the address bar; the first screen that is sent binds it to that phone.
What comes of it has an id that follows from the word and that cookie, so it is there once, and that only the hub can
derive: whoever photographed the screen writes into nobody's form. Without the word, or the cookie, the form is the
plain one.
"""

import hashlib
import secrets
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, delete, select

from kiosk import web
from kiosk.errors import HANDOFF_EXPIRED, HANDOFF_INVALID, HANDOFF_USED, PAGE_NOT_FOUND, Problem
from kiosk.hub.context import Hub, hub, reading, refuse_exposed, writing
from kiosk.hub.store import insert_once
from kiosk.hub.tables import complaints, devices, fairs, handoffs
from kiosk.sync import handoffs as words
from kiosk.sync.handoffs import Handoff
from kiosk.web.complaint_form import WAYS

views = Blueprint("handoffs", __name__)
#: Seconds after the end of a word's life in which a form that was opened with it may be filled in.
FILLING = 3_600
_DAY = 24 * 3600
_COOKIE, _SECURE_COOKIE = "handoff", "__Host-handoff"


class RefusedPage(msgspec.Struct, frozen=True):
    problem: str
    form: str  # address of the plain form


class Held(msgspec.Struct, frozen=True):
    """A word as a phone's cookie holds it."""

    handoff: Handoff
    session: str  # hash of the secret that tells this phone from another

    @property
    def name(self) -> str:
        return _hash(self.handoff.id)

    def fact_id(self, here: Hub) -> str:
        """The id of the one fact that may come of it."""
        return here.mark("handoff", f"{self.handoff.id} {self.session}")[:32]


@views.before_request
def _only_encrypted() -> None:
    refuse_exposed()


@views.get("/m/complaint/<device_id>/t/<handoff>")
def arrive(device_id: str, handoff: str) -> Response:
    here = hub()
    before, secret = _cookie(here)
    if before != handoff or not secret:  # else the same phone looks again
        secret = secrets.token_urlsafe(24)
    with reading() as tx:
        device = _device(tx, device_id)
        try:
            held = Held(_read(device, handoff), _hash(secret))
            held.handoff.refuse_past(here.clock.now().timestamp())
            _refuse_used(tx, held)
        except Problem as problem:
            return refused(device_id, problem)
    way = request.args.get("to")
    response = web.to(f"{_form(device_id)}/{way}" if way in WAYS else _form(device_id))
    response.set_cookie(
        _cookie_name(here), f"{handoff}.{secret}",
        max_age=words.LIFE + FILLING, httponly=True, samesite="Lax", secure=here.config.is_public_https,
    )  # fmt: skip
    return response


def fact_id(tx: Connection, here: Hub, device_id: str) -> str:
    """The id for a blank form: that of the word this phone came with, once; else a new one."""
    held = _held(tx, here, device_id)
    if held is None:
        return secrets.token_hex(16)
    wanted, at_device = held.fact_id(here), devices.c.device == device_id
    own = select(fairs.c.journal).join(devices, devices.c.fair == fairs.c.id).where(at_device).scalar_subquery()
    filed = select(complaints.c.fact).where(complaints.c.journal == own, complaints.c.fact == wanted)
    return secrets.token_hex(16) if tx.execute(filed).first() else wanted


def claim(device_id: str, posted_id: str) -> None:
    """A screen was sent: if it is of the word this phone came with, the word is this phone's from here on.

    Raises `handoff.used` where another phone was first.
    """
    here = hub()
    if not _cookie(here)[1]:
        return
    with reading() as tx:
        held = _held(tx, here, device_id)
        if held is None or held.fact_id(here) != posted_id or _owner(tx, held) == held.session:
            return
    now = here.clock.now().timestamp()
    with writing() as tx:
        tx.execute(delete(handoffs).where(handoffs.c.used_at < now - _DAY))
        insert_once(tx, handoffs, [{"id_hash": held.name, "session_hash": held.session, "used_at": now}])
        _refuse_used(tx, held)


def refused(device_id: str, problem: Problem) -> Response:
    """Why the word leads nowhere, and the way to the plain form, which counts as much."""
    page = RefusedPage(problem.sentence(web.language()), _form(device_id))
    response = web.page("hub/handoffs/refused.html", problem.status, page=page)
    here = hub()
    response.delete_cookie(_cookie_name(here), httponly=True, samesite="Lax", secure=here.config.is_public_https)
    return response


def _held(tx: Connection, here: Hub, device_id: str) -> Held | None:
    """What this phone's cookie holds, if it is a word of that tablet that is still good for filling in a form."""
    word, secret = _cookie(here)
    if not secret:
        return None
    try:
        held = Held(_read(_device(tx, device_id), word), _hash(secret))
        held.handoff.refuse_past(here.clock.now().timestamp(), FILLING)
    except Problem as problem:
        if problem.kind not in (HANDOFF_INVALID, HANDOFF_EXPIRED, PAGE_NOT_FOUND):
            raise
        return None
    return held


def _refuse_used(tx: Connection, held: Held) -> None:
    if _owner(tx, held) not in (None, held.session):
        raise Problem(HANDOFF_USED)


def _owner(tx: Connection, held: Held) -> str | None:
    return tx.execute(select(handoffs.c.session_hash).where(handoffs.c.id_hash == held.name)).scalar()


def _device(tx: Connection, device_id: str) -> Row[Any]:
    device = tx.execute(select(devices).where(devices.c.device == device_id)).one_or_none()
    if device is None:
        raise Problem(PAGE_NOT_FOUND)
    return device


def _read(device: Row[Any], word: str) -> Handoff:
    if device.state == "revoked":
        raise Problem(HANDOFF_INVALID)  # whoever has that tablet now may say anything
    return words.read(word, device.device, device.public_key)


def _cookie(here: Hub) -> tuple[str, str]:
    word, _, secret = request.cookies.get(_cookie_name(here), "").partition(".")
    return word, secret


def _cookie_name(here: Hub) -> str:
    return _SECURE_COOKIE if here.config.is_public_https else _COOKIE


def _form(device_id: str) -> str:
    return f"/m/complaint/{device_id}"


def _hash(text: str) -> str:
    return hashlib.sha256(b"kiosk/handoff/" + text.encode()).hexdigest()
