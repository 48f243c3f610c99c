"""Complaints at the desk: the choice of way, the form a volunteer fills with the person, the receipt.

What is typed lives in the page and in memory only. It is sealed to the hub's key before anything touches
the disk. A form left half-way is kept encrypted under a code that only the person was shown.
"""

import hashlib
import secrets
from dataclasses import dataclass

import msgspec
from flask import Blueprint, Response, request

from kiosk import crockford, strictjson, web
from kiosk.booth import staff
from kiosk.booth.context import Booth, Enrolment, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.clock import BEIJING
from kiosk.errors import DRAFT_UNKNOWN, FACT_CONFLICT, FIELD_INVALID, STORAGE_LOW, Problem
from kiosk.facts import complaints
from kiosk.facts.complaints import ComplaintFiled, Context
from kiosk.facts.envelope import Fact
from kiosk.packs.model import Text
from kiosk.sync import keys
from kiosk.web import complaint_form
from kiosk.web.complaint_form import FormPage, ReceiptPage

views = Blueprint("complaints", __name__)
desk_views = Blueprint("complaints_desk", __name__)


@desk_views.before_request
def ask_for_pin() -> Response | None:
    """As on any staff page; but what was typed when the screen locked is kept under its code, not thrown away."""
    here = booth()
    if request.path != "/staff/complaint" or request.method != "POST" or staff.is_signed_in():
        return staff.ask_for_pin()
    try:
        posted = complaint_form.read(with_code=True)
        keep_draft(here, posted.code, posted.as_draft())
    except Problem:
        return staff.ask_for_pin()
    return web.see_other("staff.enter_form", next="/staff/complaint/resume")


@dataclass(frozen=True)
class ChoosePage:
    url: str
    hub_name: Text


@dataclass(frozen=True)
class ResumePage:
    problem: str | None


@views.get("/complaint")
def choose() -> Response:
    """Two ways: the visitor's own phone, straight to the hub; or a volunteer at this desk."""
    here = booth().enrolled
    url = f"{here.public_url}/m/complaint/{here.certificate.device}"
    return web.page("booth/complaints/choose.html", page=ChoosePage(url, here.fair.organiser.name))


@desk_views.get("/staff/complaint")
def new() -> Response:
    here = booth()
    here.storage.refuse_unless_ample()
    posted = complaint_form.blank(new_id(), complaints.draw_case_number(), draw_code())
    return _form_page(here, posted)


@desk_views.post("/staff/complaint")
def fill() -> Response:
    """One screen of the form: checked, kept encrypted, and on the last screen sealed and filed."""
    here, volunteer = booth(), staff.signed_in()
    posted = complaint_form.read(with_code=True)
    filed = here.journal.fact(posted.fact_id)
    if filed is not None:
        return _receipt(here.enrolled, _same_case(filed, posted.case))
    today = here.clock.now().astimezone(BEIJING).date()
    step = posted.turn(today)
    if not step.is_complete:
        if not step.faults:
            _keep_if_there_is_room(here, step)
        return _form_page(here, step)
    try:
        fact = file(here, step, volunteer.volunteer)
    except Problem as problem:  # touched twice: the other touch, sealed by itself, was quicker
        filed = here.journal.fact(posted.fact_id)
        if problem.kind is not FACT_CONFLICT or filed is None:
            raise
        fact = _same_case(filed, posted.case)
    discard_draft(here, step.code)
    return _receipt(here.enrolled, fact)


@desk_views.get("/staff/complaint/resume")
def resume_form() -> Response:
    return web.page("booth/complaints/resume.html", page=ResumePage(None))


@desk_views.post("/staff/complaint/resume")
def resume() -> Response:
    form = web.read_form("code")
    here = booth()
    try:
        draft = open_draft(here, form["code"])
    except Problem as problem:
        sentence = problem.sentence(web.language())
        return web.page("booth/complaints/resume.html", problem.status, page=ResumePage(sentence))
    return _form_page(here, complaint_form.from_draft(draft))


def file(here: Booth, posted: complaint_form.Posted, volunteer: str) -> Fact:
    """Seal a complete form in memory and append the fact that names the sealed blob."""
    enrolment = here.enrolled
    context = Context(fair=enrolment.fair.id, fact=posted.fact_id, case=posted.case)
    content = msgspec.json.encode(complaints.compose(posted.values, context))
    blob = keys.seal(enrolment.sealing_key, content)
    body = ComplaintFiled(
        case=posted.case,
        blob=hashlib.sha256(blob).hexdigest(),
        size=len(blob),
        channel="volunteer",
        notice=complaints.NOTICE_VERSION,
    )
    return here.journal.append(Draft(posted.fact_id, body, volunteer, blob))[0]


def _keep_if_there_is_room(here: Booth, posted: complaint_form.Posted) -> None:
    """A form that was begun goes on while room is scarce: what somebody has told already is not thrown away."""
    try:
        keep_draft(here, posted.code, posted.as_draft())
    except Problem as problem:
        if problem.kind is not STORAGE_LOW:
            raise


def _same_case(fact: Fact, case: str) -> Fact:
    """Submitting again is the same complaint; another complaint cannot take its id."""
    if fact.kind != "complaint.filed" or fact.body["case"] != case:
        raise Problem(FACT_CONFLICT)
    return fact


def _form_page(here: Booth, posted: complaint_form.Posted) -> Response:
    enrolment = here.enrolled
    page = FormPage.of(
        posted,
        action="/staff/complaint",
        organiser=enrolment.fair.organiser,
        retention_months=enrolment.fair.retention_months,
        today=here.clock.now().astimezone(BEIJING).date(),
    )
    return web.page("complaints/form.html", 422 if posted.faults else 200, page=page)


def _receipt(here: Enrolment, fact: Fact) -> Response:
    place = here.fair.place(here.desk.id)
    at = fact.moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    return web.page("complaints/receipt.html", page=ReceiptPage(fact.body["case"], at, place, here.fair.organiser))


# --- half-filled forms ----------------------------------------------------------------------------


def draw_code() -> str:
    """Eight symbols, 40 bits: with Argon2id between guesses that is years of a stolen tablet's time."""
    text = "".join(secrets.choice(crockford.ALPHABET) for _ in range(8))
    return f"{text[:4]}-{text[4:]}"


def keep_draft(here: Booth, code: str, draft: dict[str, str]) -> None:
    """Keep a half-filled form for the rest of the day. Raises `storage.low`."""
    here.storage.refuse_unless_ample()
    name, key = _draft_key(here, code)
    today = here.clock.now().astimezone(BEIJING).date().isoformat()
    discard_old_drafts(here)
    sealed = keys.lock(strictjson.dumps(draft), key)
    here.journal.write("INSERT OR REPLACE INTO drafts (key_hash, day, sealed) VALUES (?, ?, ?)", (name, today, sealed))


def open_draft(here: Booth, code: str) -> dict[str, str]:
    """The half-filled form of a code. Raises `complaint.draft_unknown`."""
    name, key = _draft_key(here, code)
    today = here.clock.now().astimezone(BEIJING).date().isoformat()
    row = here.journal.read_one("SELECT sealed FROM drafts WHERE key_hash = ? AND day = ?", (name, today))
    plain = keys.unlock(row[0], key) if row else None
    if plain is None:
        raise Problem(DRAFT_UNKNOWN)
    return msgspec.convert(strictjson.loads(plain), dict[str, str])


def discard_old_drafts(here: Booth) -> None:
    """A half-filled form lives for the day; nobody is coming back for yesterday's."""
    today = here.clock.now().astimezone(BEIJING).date().isoformat()
    here.journal.write("DELETE FROM drafts WHERE day <> ?", (today,))


def discard_draft(here: Booth, code: str) -> None:
    here.journal.write("DELETE FROM drafts WHERE key_hash = ?", (_draft_key(here, code)[0],))


def _draft_key(here: Booth, code: str) -> tuple[str, bytes]:
    """From a code: the name a draft is kept under, and the key it is encrypted with."""
    text = crockford.normal(code)
    if crockford.read(text, 8) is None:
        raise Problem(FIELD_INVALID, field="code")
    salt = bytes.fromhex(here.enrolled.certificate.journal)
    material = keys.stretch(text, salt, 64)
    return material[32:].hex(), material[:32]
