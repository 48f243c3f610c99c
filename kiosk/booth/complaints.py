"""Complaints at the desk: the choice of way, the form a volunteer fills with the person, the receipt.

What is typed lives in the page and in memory only. It is sealed to the hub's key before anything touches
the disk. A form left half-way is kept encrypted under a code that only the person was shown.
"""

import hashlib
import secrets
from contextlib import suppress
from datetime import date

import msgspec
from flask import Blueprint, Response, request

from kiosk import crockford, strictjson, web
from kiosk.booth import days, staff
from kiosk.booth.context import Booth, Enrolment, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.clock import BEIJING
from kiosk.errors import (
    COMPLAINT_UNOPENABLE,
    DRAFT_UNKEPT,
    DRAFT_UNKNOWN,
    FACT_CONFLICT,
    FIELD_INVALID,
    JOURNAL_LOCKED,
    STAFF_ONLY,
    STORAGE_FAILED,
    STORAGE_FULL,
    STORAGE_LOW,
    Problem,
)
from kiosk.facts import complaints
from kiosk.facts.complaints import ComplaintFiled, Context
from kiosk.facts.envelope import Fact
from kiosk.packs.model import Text
from kiosk.sync import keys
from kiosk.web import complaint_form
from kiosk.web.complaint_form import FormPage, ReceiptPage

views = Blueprint("complaints", __name__)
desk_views = Blueprint("complaints_desk", __name__)
#: What keeps a complaint from being filed for the moment, or here: the form stays, to try again or to copy from.
_FOR_NOW = (COMPLAINT_UNOPENABLE, JOURNAL_LOCKED, STORAGE_FAILED, STORAGE_FULL, STORAGE_LOW)


@desk_views.before_request
def ask_for_pin() -> Response | None:
    """As on any staff page; but what was typed when the screen locked waits behind the PIN, and is not thrown away."""
    if request.endpoint == "complaints_desk.unlock":
        return None
    if request.endpoint != "complaints_desk.fill" or staff.is_signed_in():
        return staff.ask_for_pin()
    try:
        posted = complaint_form.read(with_code=True)
    except Problem:
        return staff.ask_for_pin()
    answer = staff.enter_page(_behind_pin(booth(), posted))
    answer.status_code = STAFF_ONLY.status
    return answer


def _behind_pin(here: Booth, posted: complaint_form.Posted) -> staff.Behind:
    """The form goes with the PIN. On the disk only of somebody who was signed in: passers-by fill no tablet."""
    is_kept = here.staff.has_lapsed(request.cookies.get(staff.COOKIE)) and _keep(here, posted)
    return staff.Behind("/staff/complaint/unlock", posted.as_fields(), posted.code if is_kept else "")


class ChoosePage(msgspec.Struct, frozen=True):
    url: str
    hub_name: Text


class ResumePage(msgspec.Struct, frozen=True):
    problem: str | None


@views.get("/complaint")
def choose() -> Response:
    """Two ways: the visitor's own phone, straight to the hub; or a volunteer at this desk."""
    booth().staff.close(request.cookies.get(staff.COOKIE))  # whoever comes here from the staff screens has left them
    here = booth().enrolled
    url = f"{here.public_url}/m/complaint/{here.certificate.device}"
    return web.page("booth/complaints/choose.html", page=ChoosePage(url, here.fair.organiser.name))


@desk_views.get("/staff/complaint")
def new() -> Response:
    here = booth()
    here.storage.refuse_unless_ample()
    _refuse_unless_it_opens(here.enrolled)
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
    step = posted.turn(_last_day(here))
    if not step.is_complete:
        is_kept = bool(step.faults) or _keep(here, step)
        return _form_page(here, step, None if is_kept else Problem(DRAFT_UNKEPT))
    try:
        _refuse_unless_it_opens(here.enrolled)
        fact = file(here, step, volunteer.volunteer)
    except Problem as problem:
        if problem.kind in _FOR_NOW:
            return _form_page(here, posted, problem, problem.status)
        filed = here.journal.fact(posted.fact_id)  # touched twice: the other touch, sealed by itself, was quicker
        if problem.kind is not FACT_CONFLICT or filed is None:
            raise
        fact = _same_case(filed, posted.case)
    with suppress(Problem):  # the complaint is filed, whatever comes of this
        discard_draft(here, step.code)
    return _receipt(here.enrolled, fact)


@desk_views.post("/staff/complaint/unlock")
def unlock() -> Response:
    """The PIN over a form that was being filled when the screen locked: right, and it goes on where it was."""
    posted = complaint_form.read("volunteer", "pin", with_code=True)
    who = request.form["volunteer"]
    try:
        session = staff.admit(who, request.form["pin"])
    except Problem as problem:
        if problem.kind not in (*staff.PIN_PROBLEMS, *_FOR_NOW):
            raise
        return staff.enter_page(_behind_pin(booth(), posted), problem, who)
    return staff.with_session(_form_page(booth(), posted), session)


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


def _keep(here: Booth, posted: complaint_form.Posted) -> bool:
    """Whether a form could be kept. One that was begun goes on without: what somebody told is not thrown away."""
    try:
        keep_draft(here, posted.code, posted.as_draft())
    except Problem:
        return False
    return True


def _refuse_unless_it_opens(enrolment: Enrolment) -> None:
    """Raises `complaint.unopenable` where the first thing sealed here did not open at the hub."""
    if enrolment.canary == "broken":
        raise Problem(COMPLAINT_UNOPENABLE)


def _last_day(here: Booth) -> date:
    """The last day on which something can have been bought: today, if it is known which day that is."""
    now = days.now(here)
    return now.date if now.is_sure else date.max


def _same_case(fact: Fact, case: str) -> Fact:
    """Submitting again is the same complaint; another complaint cannot take its id."""
    if fact.kind != "complaint.filed" or fact.body["case"] != case:
        raise Problem(FACT_CONFLICT)
    return fact


def _form_page(
    here: Booth, posted: complaint_form.Posted, problem: Problem | None = None, status: int = 200
) -> Response:
    enrolment = here.enrolled
    page = FormPage.of(
        posted,
        action="/staff/complaint",
        organiser=enrolment.fair.organiser,
        retention_months=enrolment.fair.retention_months,
        today=_last_day(here),
        problem=problem.sentence(web.language()) if problem else "",
    )
    return web.page("complaints/form.html", 422 if posted.faults else status, page=page)


def _receipt(here: Enrolment, fact: Fact) -> Response:
    place = here.fair.place(here.desk.id)
    at = fact.moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    return web.page("complaints/receipt.html", page=ReceiptPage(fact.body["case"], at, place, here.fair.organiser))


# --- half-filled forms ----------------------------------------------------------------------------


def draw_code() -> str:
    """Eight symbols, 40 bits: with Argon2id between guesses that is years of a stolen tablet's time."""
    return crockford.hyphenated("".join(secrets.choice(crockford.ALPHABET) for _ in range(8)))


def keep_draft(here: Booth, code: str, draft: dict[str, str]) -> None:
    """Keep a half-filled form for the rest of the day. Raises `storage.low`."""
    here.storage.refuse_unless_ample()
    name, key = _draft_key(here, code)
    discard_old_drafts(here)
    row = (name, days.now(here).day, keys.lock(strictjson.dumps(draft), key))
    here.journal.write("INSERT OR REPLACE INTO drafts (key_hash, day, sealed) VALUES (?, ?, ?)", row)


def open_draft(here: Booth, code: str) -> dict[str, str]:
    """The half-filled form of a code. Raises `complaint.draft_unknown`."""
    name, key = _draft_key(here, code)
    query = "SELECT sealed FROM drafts WHERE key_hash = ? AND day >= ?"
    row = here.journal.read_one(query, (name, days.now(here).day))
    plain = keys.unlock(row[0], key) if row else None
    if plain is None:
        raise Problem(DRAFT_UNKNOWN)
    return msgspec.convert(strictjson.loads(plain), dict[str, str])


def discard_old_drafts(here: Booth) -> None:
    """A half-filled form lives for the day; nobody is coming back for yesterday's.

    What a clock that is wrong, or was, says is of tomorrow may well be of today.
    """
    here.journal.write("DELETE FROM drafts WHERE day < ?", (days.now(here).day,))


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
