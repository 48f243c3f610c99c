"""Complaints and reports from visitors' own phones: the form, its photos, and the receipt."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, bindparam, select

from kiosk import crockford, web
from kiosk.clock import stamp
from kiosk.errors import (
    COMPLAINT_OVER,
    COMPLAINT_TAKEN,
    FACT_CONFLICT,
    HANDOFF_USED,
    PAGE_NOT_FOUND,
    REHEARSAL_FORM,
    TOO_MANY_REQUESTS,
    Problem,
)
from kiosk.facts import complaints
from kiosk.facts.complaints import ComplaintEvidence, ComplaintFiled, Context, Intake
from kiosk.hub import blobs, handoffs, journal, photos, rehearsals
from kiosk.hub.calendars import calendar_of
from kiosk.hub.context import Hub, client_mark, hub, reading, refuse_exposed, today, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import refuse_throttled, throttle
from kiosk.hub.tables import complaints as table
from kiosk.hub.tables import devices
from kiosk.packs.fairs import Desk, Fair
from kiosk.sync import keys
from kiosk.sync.case_receipts import Filed
from kiosk.web import complaint_form, evidence
from kiosk.web.case_receipts import ReceiptPage, signed
from kiosk.web.complaint_form import FormPage, Posted, TriagePage

views = Blueprint("complaints", __name__)
# From one address in ten minutes; a whole square, or all phones of a carrier, may share one.
PHONE_TRIES = 120  # complete forms
PHOTO_TRIES = 600  # photos
SCREENS = 6_000  # which cost next to nothing, in each process
TEN_MINUTES = 600  # seconds
#: In one request, where there is no JavaScript; else they come one by one.
PHOTOS_AT_ONCE = 2
#: Made once: to make a statement takes longer than to run one of these.
_OF_FACT = select(table).where(table.c.journal == bindparam("of_journal"), table.c.fact == bindparam("of_fact"))
_OF_CASE = select(table.c.fact).where(table.c.fair == bindparam("of_fair"), table.c.case == bindparam("of_case"))


# --- from a visitor's phone -----------------------------------------------------------------------


@views.before_request
def _only_encrypted() -> None:
    if request.path.startswith("/m/"):
        refuse_exposed()
    if request.endpoint == "complaints.phone_photos":
        # Before the form is read. What is bound by the second is what werkzeug holds while it looks for the end.
        request.max_content_length = request.max_form_memory_size = evidence.upload_limit(PHOTOS_AT_ONCE)


@views.get("/m/complaint/<device_id>")
def phone_triage(device_id: str) -> Response:
    """One question: settle a dispute, report a wrong, or only ask."""
    return web.page("complaints/triage.html", page=_triage_page(device_id))


@views.get("/m/complaint/<device_id>/ask")
def phone_ask(device_id: str) -> Response:
    """Only asking leaves no record: where to ask."""
    return web.page("complaints/ask.html", page=_triage_page(device_id))


@views.get("/m/complaint/<device_id>/settle")
def phone_complaint(device_id: str) -> Response:
    return _begin(device_id, "settle")


@views.get("/m/complaint/<device_id>/report")
def phone_report(device_id: str) -> Response:
    return _begin(device_id, "report")


@views.post("/m/complaint/<device_id>/also")
def phone_also(device_id: str) -> Response:
    """A report of the merchant of whom a complaint was just filed: its data comes in the page and is kept nowhere."""
    place = _place(device_id)
    return _form_page(place, device_id, complaint_form.read_also(secrets.token_hex(16), place.fair.form))


@views.post("/m/complaint/<device_id>")
def phone_fill(device_id: str) -> Response:
    """One screen of the form. Only a complete one leaves a trace, and that one sealed."""
    here, place = hub(), _known_place(device_id)
    posted = complaint_form.read(place.fair.form, with_code=False)
    try:
        _count_screen(posted)
        handoffs.claim(device_id, posted.fact_id)
        step = posted.turn(today())
        if not step.is_complete:
            return _form_page(place, device_id, step)
        return _file(here, device_id, step)
    except Problem as problem:
        return _refused(place, device_id, posted, problem)


@views.post("/m/complaint/<device_id>/photos")
def phone_photos(device_id: str) -> Response:
    """The screen with the photos: some more, or one less. Each is sealed and kept the moment it comes."""
    here, place = hub(), _place(device_id)
    posted = complaint_form.read(place.fair.form, with_code=False, goes=evidence.GOES, photos=("photo",))
    posted = msgspec.structs.replace(posted, step="photos")
    try:
        _count_screen(posted)
        handoffs.claim(device_id, posted.fact_id)
        if evidence.dropped(posted):
            with writing() as tx:
                photos.drop(tx, photos.form_of(here, posted), evidence.dropped(posted))
        for data in web.read_files("photo"):
            _count("photo", PHOTO_TRIES)
            photos.keep(here, place.fair.id, posted, data, client_mark(), here.clock.now())
    except Problem as problem:
        return _refused(place, device_id, posted, problem)
    return _form_page(place, device_id, posted.turn(today()) if posted.go in ("next", "back") else posted)


def _count(what: str, most: int) -> None:
    """One more of these from this address. Raises `request.too_many`."""
    with writing() as tx:
        throttle(tx, what, client_mark(), most, TEN_MINUTES, hub().clock.now())


def _count_screen(posted: Posted) -> None:
    """One more screen from this address, and its form went on. Raises `request.too_many`.

    Counted by each process for itself: a screen is to cost next to nothing, and how many it is exactly matters little.
    """
    here = hub()
    if not here.screens.may(client_mark(), SCREENS):
        raise Problem(TOO_MANY_REQUESTS)
    if posted.may_have_photos:
        photos.go_on(here, photos.form_of(here, posted))


def _refused(place: "_Place", device_id: str, posted: Posted, problem: Problem) -> Response:
    """Nothing that was typed is lost: the same screen, and why; under a new number where this one cannot be had."""
    if problem.kind is HANDOFF_USED:
        return handoffs.refused(device_id, problem)
    if problem.kind is FACT_CONFLICT:
        new = complaint_form.blank(secrets.token_hex(16), posted.matter, place.fair.form)
        fresh = msgspec.structs.replace(posted, fact_id=new.fact_id, case=new.case, query=new.query)
        return _form_page(place, device_id, fresh, Problem(COMPLAINT_TAKEN))
    if problem.kind is TOO_MANY_REQUESTS or problem.code.startswith("photo."):
        return _form_page(place, device_id, posted, problem)
    raise problem


class _Place(msgspec.Struct, frozen=True):
    """Where a scanned code stands: on the tablet of a desk."""

    fair: Fair
    desk: Desk


def _place(device_id: str) -> _Place:
    """Raises `page.not_found` where there is no such tablet, `complaint.over` where nobody takes them any more."""
    with reading() as tx:
        query = select(devices.c.fair, devices.c.desk).where(devices.c.device == device_id)
        device = tx.execute(query).one_or_none()
        if device is None:
            raise Problem(PAGE_NOT_FOUND)
        if rehearsals.is_rehearsal(device.fair):
            raise Problem(REHEARSAL_FORM)
        fair = find_fair(tx, device.fair)
    if today() > fair.keeps_until:
        raise Problem(COMPLAINT_OVER)
    return _Place(fair, fair.desk(device.desk))


def _known_place(device_id: str) -> _Place:
    """For a screen on the way: as it was a moment ago will do. Raises what `_place` does."""
    known: _Place = hub().places.get(device_id, lambda: _place(device_id))
    return known


def _triage_page(device_id: str) -> TriagePage:
    place = _place(device_id)
    return TriagePage(f"/m/complaint/{device_id}", place.fair.organiser, place.desk.intake, place.desk.standing)


def _begin(device_id: str, way: str) -> Response:
    place = _place(device_id)
    with reading() as tx:
        fact_id = handoffs.fact_id(tx, hub(), device_id)
    posted = complaint_form.blank(fact_id, complaint_form.WAYS[way], place.fair.form)
    return _form_page(place, device_id, posted, begun=way)


class _Record(msgspec.Struct, frozen=True):
    """What a receipt is of."""

    filed: Filed
    intake: Intake
    linked: str
    query: str  # code; "" where it is another, for only its hash is kept


class _Sealed(msgspec.Struct, frozen=True):
    """A complete form, sealed: what is kept of it, and the fact that names that."""

    blob: bytes
    body: ComplaintFiled
    form: str  # what its photos wait under
    photos: Sequence[photos.Kept]


def _file(here: Hub, device_id: str, posted: Posted) -> Response:
    """File it with the photos that wait, counting one more from this address: the receipt of it.

    All that can be done without its hash is done while the query code is hashed: the receipt, too, is drawn by then.
    Raises `request.too_many` or `fact.conflict`.
    """
    refuse_throttled(here.store, *_tries(here.clock.now()))
    hashed_query = complaint_form.beside(posted.hashed_query)
    place, form = _place(device_id), photos.form_of(here, posted)
    while True:
        with reading() as tx:
            taken = photos.of(tx, form)
        now, blob = here.clock.now(), _sealed_content(here, place, posted, len(taken))
        receipt = _receipt(here, place, device_id, posted, _foreseen(place, posted, blob, now))
        sealed = _Sealed(blob, posted.filed(place.fair, place.desk.id, "phone", blob, hashed_query()), form, taken)
        with writing() as tx:
            throttle(tx, *_tries(now))
            before, is_taken = _filed_before(tx, place, posted)
            is_filed = before is None and not is_taken and photos.of(tx, form) == taken
            if is_filed:
                _append(tx, here, place, posted.fact_id, sealed, now)
        if is_taken:
            raise Problem(FACT_CONFLICT)  # not before, for it was a try all the same
        if before is not None:
            return _receipt(here, place, device_id, posted, _record_of(before, posted.query))
        if is_filed:
            return receipt


def _tries(now: datetime) -> tuple[str, str, int, int, datetime]:
    """Whose complete forms are counted, and how many may come."""
    return "complaint", client_mark(), PHONE_TRIES, TEN_MINUTES, now


def _sealed_content(here: Hub, place: _Place, posted: Posted, photos_taken: int) -> bytes:
    context = Context(fair=place.fair.id, fact=posted.fact_id, case=posted.case)
    content = complaints.compose(posted.values, context, photos_taken)
    return keys.seal(here.sealing_key, msgspec.json.encode(content))


def _foreseen(place: _Place, posted: Posted, blob: bytes, now: datetime) -> _Record:
    """What the receipt will be of, unless it was filed before."""
    desk, content = place.desk, hashlib.sha256(blob).hexdigest()
    filed = Filed(desk.id, posted.case, stamp(now), posted.matter, desk.standing, content)
    return _Record(filed, desk.intake, posted.linked, posted.query)


def _record_of(row: Row[Any], query: str) -> _Record:
    filed = Filed(row.desk, row.case, row.at, row.matter, row.standing, row.blob)
    is_right = keys.is_password(row.code or None, crockford.normal(query))
    return _Record(filed, row.intake, row.linked, query if is_right else "")


def _filed_before(tx: Connection, place: _Place, posted: Posted) -> tuple[Row[Any] | None, bool]:
    """What came of sending the same form before, and whether its id or its number is another's.

    From here on nobody else files at this fair until the transaction ends.
    """
    own = journal.lock(tx, place.fair.id)
    row = tx.execute(_OF_FACT, {"of_journal": own, "of_fact": posted.fact_id}).one_or_none()
    facts = tx.execute(_OF_CASE, {"of_fair": place.fair.id, "of_case": posted.case}).scalars().all()
    is_anothers = row is not None and row.case != posted.case
    return row, is_anothers or any(fact != posted.fact_id for fact in facts)


def _append(tx: Connection, here: Hub, place: _Place, fact_id: str, sealed: _Sealed, now: datetime) -> None:
    bodies: dict[str, ComplaintFiled | ComplaintEvidence] = {fact_id: sealed.body}
    for one in sealed.photos:
        name = complaints.evidence_id(fact_id, one.number)
        bodies[name] = evidence.body_of(sealed.body.case, one.number, one.sha256, one.size)
    blobs.keep(tx, sealed.blob, now)
    for name, body in bodies.items():
        journal.append(
            tx, place.fair.id, body,
            desk=place.desk.id, by="visitor", now=now, mono=here.clock.monotonic(), fact_id=name,
        )  # fmt: skip
    photos.settle(tx, sealed.form)


def _receipt(here: Hub, place: _Place, device_id: str, posted: Posted, record: _Record) -> Response:
    filed = record.filed
    slip = signed(here.key, place.fair.id, here.config.public_url, filed)
    also = complaint_form.also_of(posted, f"/m/complaint/{device_id}/also")
    with reading() as tx:
        calendar = calendar_of(tx)
    page = ReceiptPage.of(place.fair, filed, record.intake, slip, record.query, calendar, record.linked, also)
    return web.page("complaints/receipt.html", page=page)


def _form_page(
    place: _Place, device_id: str, posted: Posted, problem: Problem | None = None, **around: str
) -> Response:
    """`begun`: the way by which the form was just opened, with nothing in it yet."""
    page = FormPage.of(
        posted,
        action=f"/m/complaint/{device_id}",
        fair=place.fair,
        desk=place.desk,
        today=today(),
        problem=problem.sentence(web.language()) if problem else "",
        photos=photos.numbers(hub(), posted) if posted.step == "photos" else (),
    )
    status = problem.status if problem else 422 if posted.faults else 200
    return page.shown(status, **around)
