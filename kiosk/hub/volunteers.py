"""The volunteers of a fair: who they are, and their PINs, which are drawn here and shown once."""

from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, delete, func, select, update

from kiosk import web
from kiosk.errors import FIELD_INVALID, VOLUNTEER_UNKNOWN, Problem
from kiosk.hub import people
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import find_fair, hold_fair, note_change
from kiosk.hub.tables import volunteers
from kiosk.packs.drafts import clean
from kiosk.packs.fair_forms import MOST_VOLUNTEERS
from kiosk.packs.fair_sheets import NAME_LIMIT
from kiosk.packs.fairs import Fair
from kiosk.sync import keys

views = Blueprint("volunteers", __name__)


class Volunteer(msgspec.Struct, frozen=True):
    id: str
    name: str


class Slip(msgspec.Struct, frozen=True):
    """A PIN as it is handed to a person. Shown once: what is kept cannot be read back."""

    name: str
    pin: str


class Drawn(msgspec.Struct, frozen=True):
    """Somebody new, with a PIN that is hashed already: that is slow, and keeps nobody from writing."""

    id: str
    name: str
    pin: str
    hashed: str

    @property
    def slip(self) -> Slip:
        return Slip(self.name, self.pin)


class VolunteersPage(msgspec.Struct, frozen=True):
    fair: Fair
    volunteers: list[Volunteer]
    slips: Sequence[Slip]
    name: str  # as typed
    fault: str  # "missing", "long", "personal", "twice", "many"; or ""
    is_new: bool  # the fair


def names(tx: Connection, fair: str) -> dict[str, str]:
    """Id → name, by name."""
    rows = tx.execute(select(volunteers.c.id, volunteers.c.name).where(volunteers.c.fair == fair))
    return {row.id: row.name for row in sorted(rows, key=lambda row: (row.name, row.id))}


def draw(name: str, volunteer_id: str = "") -> Drawn:
    pin = people.draw_pin()
    return Drawn(volunteer_id or people.new_volunteer_id(), name, pin, keys.hash_password(pin))


def join(tx: Connection, fair: str, some: Sequence[Drawn]) -> None:
    for one in some:
        tx.execute(volunteers.insert().values(fair=fair, id=one.id, name=one.name, pin=one.hashed))


def rename(tx: Connection, fair: str, renamed: Mapping[str, str]) -> None:
    for volunteer_id, name in renamed.items():
        found = (volunteers.c.fair == fair) & (volunteers.c.id == volunteer_id)
        tx.execute(update(volunteers).where(found).values(name=name))


@views.get("/fairs/<fair_id>/volunteers")
def listing(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        return _show(tx, find_fair(tx, fair_id))


@views.post("/fairs/<fair_id>/volunteers")
def add(fair_id: str) -> Response:
    """Somebody new: the answer is the only place where their PIN stands."""
    form = web.read_form("id", "name")
    signed_in("organiser")
    name = " ".join(clean(form["name"]).split())
    one = draw(name, _id_of(form["id"]))
    with acting("organiser") as (tx, session):
        fair = hold_fair(tx, fair_id)
        known = names(tx, fair.id)
        fault = web.text_fault(name, NAME_LIMIT)
        if one.id in known:  # the same touch once more: who they are is kept, their PIN was on a page that is lost
            return _new_pin(tx, fair, one, session.person.id)
        if not fault and name in known.values():
            fault = "twice"
        elif not fault and len(known) >= MOST_VOLUNTEERS:
            fault = "many"
        if fault:
            return _show(tx, fair, name=form["name"], fault=fault)
        join(tx, fair.id, [one])
        note_change(tx, hub(), fair, ["volunteers"], session.person.id)
        return _show(tx, fair, [one.slip])


@views.post("/fairs/<fair_id>/volunteers/pin")
def new_pin(fair_id: str) -> Response:
    """Another PIN; tablets take the old one until they next ask the hub."""
    form = web.read_form("id")
    signed_in("organiser")
    one = draw("", _id_of(form["id"]))
    with acting("organiser") as (tx, session):
        return _new_pin(tx, hold_fair(tx, fair_id), one, session.person.id)


@views.post("/fairs/<fair_id>/volunteers/pins")
def new_pins(fair_id: str) -> Response:
    """A new PIN for each of them, to be printed as slips."""
    web.read_form()
    signed_in("organiser")
    with reading() as tx:
        drawn = [draw(name, one) for one, name in names(tx, find_fair(tx, fair_id).id).items()]
    with acting("organiser") as (tx, session):
        fair = hold_fair(tx, fair_id)
        known = names(tx, fair.id)
        given = [one for one in drawn if one.id in known]
        for one in given:
            _set_pin(tx, fair.id, one)
        note_change(tx, hub(), fair, ["volunteers"], session.person.id)
        return _show(tx, fair, [one.slip for one in given])


@views.post("/fairs/<fair_id>/volunteers/remove")
def remove(fair_id: str) -> Response:
    """Take somebody off the list. What they recorded stays, under their id."""
    form = web.read_form("id")
    with acting("organiser") as (tx, session):
        fair = hold_fair(tx, fair_id)
        found = (volunteers.c.fair == fair.id) & (volunteers.c.id == _id_of(form["id"]))
        if tx.execute(select(func.count()).where(found)).scalar_one():
            tx.execute(delete(volunteers).where(found))
            note_change(tx, hub(), fair, ["volunteers"], session.person.id)
    return web.see_other("volunteers.listing", fair_id=fair.id)


def _new_pin(tx: Connection, fair: Fair, one: Drawn, by: str) -> Response:
    name = names(tx, fair.id).get(one.id)
    if name is None:
        raise Problem(VOLUNTEER_UNKNOWN)
    _set_pin(tx, fair.id, one)
    note_change(tx, hub(), fair, ["volunteers"], by)
    return _show(tx, fair, [Slip(name, one.pin)])


def _set_pin(tx: Connection, fair: str, one: Drawn) -> None:
    found = (volunteers.c.fair == fair) & (volunteers.c.id == one.id)
    tx.execute(update(volunteers).where(found).values(pin=one.hashed))


def _id_of(typed: str) -> str:
    if not 1 <= len(typed) <= 64 or not all(letter in "abcdefghijklmnopqrstuvwxyz0123456789-" for letter in typed):
        raise Problem(FIELD_INVALID, field="id")
    return typed


def show_slips(fair: Fair, slips: Sequence[Slip], *, is_new: bool) -> Response:
    """The list of a fair, with PINs that were drawn; `is_new`: the fair was made just now."""
    with reading() as tx:
        return _show(tx, fair, slips, is_new=is_new)


def _show(
    tx: Connection, fair: Fair, slips: Sequence[Slip] = (), name: str = "", fault: str = "", *, is_new: bool = False
) -> Response:
    listed = [Volunteer(one, called) for one, called in names(tx, fair.id).items()]
    page = VolunteersPage(fair, listed, slips, name, fault, is_new)
    return web.page(
        "hub/setups/volunteers.html",
        422 if fault else 200,
        page=page,
        fair=fair,
        new_id=people.new_volunteer_id(),
        day=today().isoformat(),
    )
