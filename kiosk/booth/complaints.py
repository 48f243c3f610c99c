"""Complaints at the desk: the choice of way, the form a volunteer fills with the person, the receipt.

What is typed lives in the page and in memory only. It is sealed to the hub's key before anything touches
the disk. A form left half-way is kept encrypted under a code that only the person was shown.
"""

import secrets
import sqlite3
import threading
from contextlib import suppress
from datetime import date
from functools import partial

import msgspec
from flask import Blueprint, Response, request

from kiosk import crockford, web
from kiosk.booth import days, outbox, photos, posters, staff
from kiosk.booth.context import Booth, Enrolment, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import StaffSession
from kiosk.clock import stamp
from kiosk.errors import (
    COMPLAINT_UNCERTIFIED,
    COMPLAINT_UNOPENABLE,
    DRAFT_UNKEPT,
    DRAFT_UNKNOWN,
    FACT_CONFLICT,
    FIELD_INVALID,
    JOURNAL_LOCKED,
    PAGE_NOT_FOUND,
    STAFF_ONLY,
    STORAGE_FAILED,
    STORAGE_FULL,
    STORAGE_LOW,
    Problem,
)
from kiosk.facts import complaints
from kiosk.facts.complaints import ComplaintFiled, Context
from kiosk.facts.envelope import Fact
from kiosk.facts.vocabulary import REGISTRY
from kiosk.packs.model import Text
from kiosk.sync import keys
from kiosk.sync.case_receipts import Filed
from kiosk.web import complaint_form, evidence
from kiosk.web.case_receipts import Also, ReceiptPage, signed
from kiosk.web.complaint_form import FormPage, TriagePage
from kiosk.workdays import Calendar

views = Blueprint("complaints", __name__)
desk_views = Blueprint("complaints_desk", __name__)
#: What keeps a complaint from being filed for the moment, or here: the form stays, to try again or to copy from.
FOR_NOW = (COMPLAINT_UNOPENABLE, JOURNAL_LOCKED, STORAGE_FAILED, STORAGE_FULL, STORAGE_LOW)


@desk_views.before_request
def ask_for_pin() -> Response | None:
    """As on any staff page; over a form that is being filled it is asked by the page itself."""
    if request.endpoint == "complaints_desk.photograph":
        # Before the form is read. What is bound by the second is what werkzeug holds while it looks for the end.
        request.max_content_length = request.max_form_memory_size = evidence.upload_limit(1)
    if request.endpoint in ("complaints_desk.fill", "complaints_desk.unlock"):
        return None
    return staff.ask_for_pin()


@desk_views.after_request
def allow_camera(response: Response) -> Response:
    """One screen comes in the place of another, with the leave of the page that was loaded first: any of these."""
    return web.with_camera(response)


def _ask_over_form(here: Booth) -> Response:
    """What was typed when the screen locked waits behind the PIN, and is not thrown away."""
    try:
        posted = complaint_form.read(here.enrolled.fair.form, with_code=True)
    except Problem:
        raise Problem(STAFF_ONLY) from None
    answer = staff.enter_page(_behind_pin(here, posted))
    answer.status_code = STAFF_ONLY.status
    return answer


def _behind_pin(here: Booth, posted: complaint_form.Posted) -> staff.Behind:
    """The form goes with the PIN. On the disk only of somebody who was signed in: passers-by fill no tablet."""
    is_kept = here.staff.has_lapsed(request.cookies.get(staff.COOKIE)) and _keep(here, posted)
    return staff.Behind("/staff/complaint/unlock", posted.as_fields(), posted.code if is_kept else "")


class ChoosePage(msgspec.Struct, frozen=True):
    matter: str
    url: str  # of this desk's form at the hub, as people read it
    code: str  # the same with a word of this tablet, as phones read it
    wifi_url: str  # for a phone without a network of its own; "" where phones cannot come here
    desk_url: str  # for a volunteer
    hub_name: Text
    intake: str
    standing: str


class ResumePage(msgspec.Struct, frozen=True):
    code: str  # as it was typed
    problem: str | None


@views.get("/complaint")
def triage() -> Response:
    """One question: settle a dispute, report a wrong, or only ask."""
    booth().staff.close(request.cookies.get(staff.COOKIE))  # whoever comes here from the staff screens has left them
    return web.page("complaints/triage.html", page=_triage_page(booth().enrolled, "/complaint"))


@views.get("/complaint/settle")
def settle() -> Response:
    return _choose("settle")


@views.get("/complaint/report")
def report() -> Response:
    return _choose("report")


@views.get("/complaint/ask")
def ask() -> Response:
    """Only asking leaves no record: where to ask."""
    return web.page("complaints/ask.html", page=_triage_page(booth().enrolled, "/complaint"))


def _choose(way: str) -> Response:
    """The visitor's own phone, straight to the hub or over the booth's Wi-Fi; or a volunteer at this desk."""
    booth().staff.close(request.cookies.get(staff.COOKIE))
    here = booth()
    page = ChoosePage(
        matter=complaint_form.WAYS[way],
        url=posters.address(here),
        code=posters.address_with_word(here, way),
        wifi_url=f"/complaint/{way}/wifi" if here.phones.url else "",
        desk_url=f"/staff/complaint/{way}",
        hub_name=here.enrolled.fair.organiser.name,
        intake=here.enrolled.desk.intake,
        standing=here.enrolled.desk.standing,
    )
    return web.page("booth/complaints/choose.html", page=page)


def _triage_page(here: Enrolment, root: str) -> TriagePage:
    return TriagePage(root, here.fair.organiser, here.desk.intake, here.desk.standing)


@desk_views.get("/staff/complaint")
def new() -> Response:
    refuse_unless_it_can_be_kept(booth())
    return web.page("complaints/triage.html", page=_triage_page(booth().enrolled, "/staff/complaint"))


@desk_views.get("/staff/complaint/settle")
def new_complaint() -> Response:
    return _begin("settle")


@desk_views.get("/staff/complaint/report")
def new_report() -> Response:
    return _begin("report")


def _begin(way: str) -> Response:
    here = booth()
    refuse_unless_it_can_be_kept(here)
    posted = complaint_form.blank(new_id(), complaint_form.WAYS[way], here.enrolled.fair.form, code=draw_code())
    return _first_page(here, posted)


@desk_views.post("/staff/complaint/also")
def also() -> Response:
    """A report of the merchant of whom a complaint was just filed: its data comes in the page and is kept nowhere."""
    here = booth()
    refuse_unless_it_can_be_kept(here)
    return _first_page(here, complaint_form.read_also(new_id(), here.enrolled.fair.form, code=draw_code()))


def _first_page(here: Booth, posted: complaint_form.Posted) -> Response:
    """The codes are stretched while the notice is read: that takes longer than anything a later touch waits for."""
    salt, session = bytes.fromhex(here.enrolled.certificate.journal), staff.signed_in()
    with suppress(Problem):  # here, so that no later touch waits for it; whether there is room is said then
        tidy(here)

    def work() -> None:
        _stretched(posted.code, salt, session)
        session.hashed_query = (posted.query, posted.hashed_query())

    threading.Thread(target=work, daemon=True).start()
    return _form_page(here, posted)


@desk_views.post("/staff/complaint")
def fill() -> Response:
    """One screen of the form: checked, kept encrypted, and on the last screen sealed and filed."""
    here = booth()
    try:
        volunteer = staff.signed_in()
    except Problem:
        return _ask_over_form(here)
    joined = here.enrolled
    posted = asked(joined, complaint_form.read(joined.fair.form, with_code=True))
    now = days.now(here)
    step = posted.turn(last_day(now))
    goes_on = not (step.is_complete or step.faults)
    if goes_on and _keep(here, step, volunteer, now):
        return _form_page(here, step, now=now)
    filed = here.journal.fact(posted.fact_id)
    if filed is not None:
        return _receipt(here, same_case(filed, posted.case), posted)
    if not step.is_complete:
        return _form_page(here, step, Problem(DRAFT_UNKEPT) if goes_on else None, now=now)
    try:
        _refuse_unless_it_opens(here.enrolled)
        fact, is_own = file(here, step, volunteer)
    except Problem as problem:
        if problem.kind in FOR_NOW:
            return _form_page(here, posted, problem, problem.status)
        raise
    with suppress(Problem):  # the complaint is filed, whatever comes of this
        discard_draft(here, step, volunteer)
    return _receipt(here, fact, posted, is_own=is_own)


@desk_views.post("/staff/complaint/photos")
def photograph() -> Response:
    """The screen with the photos: one more, or one less. Each is sealed and kept the moment it comes."""
    here = booth()
    if not takes_photos(here.enrolled):
        raise Problem(PAGE_NOT_FOUND)
    posted = complaint_form.read(here.enrolled.fair.form, with_code=True, goes=evidence.GOES, photos=("photo",))
    posted, problem = msgspec.structs.replace(posted, step="photos"), None
    try:
        if here.journal.fact(posted.fact_id) is not None:
            raise Problem(FACT_CONFLICT)
        photos.drop(here, posted.fact_id, evidence.dropped(posted))
        for data in web.read_files("photo"):
            _refuse_unless_it_opens(here.enrolled)
            photos.keep(here, posted, data)
    except Problem as refusal:
        if refusal.kind not in FOR_NOW and not refusal.code.startswith("photo."):
            raise
        problem = refusal
    _keep(here, posted, staff.signed_in())
    return _form_page(here, posted, problem, problem.status if problem else 200)


@desk_views.post("/staff/complaint/unlock")
def unlock() -> Response:
    """The PIN over a form that was being filled when the screen locked: right, and it goes on where it was."""
    posted = complaint_form.read(booth().enrolled.fair.form, "volunteer", "pin", with_code=True)
    who = request.form["volunteer"]
    try:
        session = staff.admit(who, request.form["pin"])
    except Problem as problem:
        if problem.kind not in (*staff.PIN_PROBLEMS, *FOR_NOW):
            raise
        return staff.enter_page(_behind_pin(booth(), posted), problem, who)
    return staff.with_session(_form_page(booth(), posted), session)


@desk_views.get("/staff/complaint/resume")
def resume_form() -> Response:
    return web.page("booth/complaints/resume.html", page=ResumePage("", None))


@desk_views.post("/staff/complaint/resume")
def resume() -> Response:
    form = web.read_form("code")
    here = booth()
    try:
        posted = complaint_form.from_draft(open_draft(here, form["code"]), here.enrolled.fair.form)
    except Problem as problem:
        sentence = problem.sentence(web.language())
        return web.page("booth/complaints/resume.html", problem.status, page=ResumePage(form["code"], sentence))
    return _form_page(here, posted)


def file(here: Booth, posted: complaint_form.Posted, session: StaffSession) -> tuple[Fact, bool]:
    """Seal a complete form in memory and append the fact that names the sealed blob.

    Returns that fact, and whether it is this one: touched twice, the other touch may have been quicker.
    """
    enrolment, volunteer = here.enrolled, session.volunteer
    context = Context(fair=enrolment.fair.id, fact=posted.fact_id, case=posted.case)
    taken = photos.drafts(here, posted, volunteer)
    content = msgspec.json.encode(complaints.compose(posted.values, context, len(taken)))
    blob = keys.seal(enrolment.sealing_key, content)
    query, hashed = session.hashed_query or ("", "")
    code = hashed if query == posted.query else posted.hashed_query()
    body = posted.filed(enrolment.fair, enrolment.desk.id, "volunteer", blob, code)
    fact = here.journal.append_once(Draft(posted.fact_id, body, volunteer, blob), *taken)
    return same_case(fact, posted.case), fact.body["blob"] == body.blob


def _keep(
    here: Booth, posted: complaint_form.Posted, session: StaffSession | None = None, now: days.Now | None = None
) -> bool:
    """Whether a form is kept. One that was begun goes on without: what somebody told is not thrown away."""
    try:
        return keep_draft(here, posted.code, posted.as_fields(), session, now)
    except Problem:
        return False


def refuse_unless_it_can_be_kept(here: Booth) -> None:
    """Before a form is begun. Raises `storage.low`, `complaint.uncertified` or `complaint.unopenable`."""
    here.storage.refuse_unless_ample()
    if "complaint.filed" not in here.enrolled.certificate.kinds:
        raise Problem(COMPLAINT_UNCERTIFIED)
    _refuse_unless_it_opens(here.enrolled)


def _refuse_unless_it_opens(enrolment: Enrolment) -> None:
    """Raises `complaint.unopenable` where the first thing sealed here did not open at the hub."""
    if enrolment.canary == "broken":
        raise Problem(COMPLAINT_UNOPENABLE)


def takes_photos(enrolment: Enrolment) -> bool:
    """Whether photos count; a tablet that was certified by an older release goes on without them."""
    return "complaint.evidence" in enrolment.certificate.kinds


def asked(enrolment: Enrolment, posted: complaint_form.Posted) -> complaint_form.Posted:
    """A form as this tablet asks it."""
    return posted if takes_photos(enrolment) else posted.without_photos()


def last_day(now: days.Now) -> date:
    """The last day on which something can have been bought: today, if it is known which day that is."""
    return now.date if now.is_sure else date.max


def same_case(fact: Fact, case: str) -> Fact:
    """Submitting again is the same complaint; another complaint cannot take its id."""
    if fact.kind != "complaint.filed" or fact.body["case"] != case:
        raise Problem(FACT_CONFLICT)
    return fact


def _form_page(
    here: Booth,
    posted: complaint_form.Posted,
    problem: Problem | None = None,
    status: int = 200,
    now: days.Now | None = None,
) -> Response:
    enrolment = here.enrolled
    posted = asked(enrolment, posted)
    page = FormPage.of(
        posted,
        action="/staff/complaint",
        fair=enrolment.fair,
        desk=enrolment.desk,
        today=last_day(now or days.now(here)),
        problem=problem.sentence(web.language()) if problem else "",
        photos=photos.numbers(here, posted.fact_id) if posted.step == "photos" else (),
    )
    status = 422 if posted.faults else status
    if here.behind is not None:  # a rehearsal says so on every page
        return web.page("complaints/form.html", status, page=page)
    return page.shown(status, root="", idle_seconds=here.config.staff_idle_seconds)


def _receipt(here: Booth, fact: Fact, posted: complaint_form.Posted, *, is_own: bool = False) -> Response:
    also = complaint_form.also_of(posted, "/staff/complaint/also")
    return receipt(here, fact, posted.query, also, is_own=is_own)


def receipt(here: Booth, fact: Fact, query: str, also: Also | None = None, *, is_own: bool = False) -> Response:
    """The receipt of what was filed; with its query code if `query` is that, for only its hash is kept.

    `is_own`: it is, for the hash was made of it in this request.
    """
    joined, body = here.enrolled, REGISTRY.read(fact)
    assert isinstance(body, ComplaintFiled)
    at = stamp(days.of(here, fact))
    filed = Filed(fact.desk, body.case, at, body.matter, body.standing, body.blob)
    slip = signed(outbox.load_key(here.config.data), joined.fair.id, joined.public_url, filed)
    code = query if is_own or keys.is_password(body.code or None, crockford.normal(query)) else ""
    page = ReceiptPage.of(joined.fair, filed, body.intake, slip, code, Calendar(), body.linked, also)
    return web.page("complaints/receipt.html", page=page)


# --- half-filled forms ----------------------------------------------------------------------------

#: One that is there is written over where it stands: to replace it would write its key anew, as much again.
_KEEP = """INSERT INTO drafts (key_hash, day, sealed) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM facts WHERE id = ?)
    ON CONFLICT (key_hash) DO UPDATE SET day = excluded.day, sealed = excluded.sealed"""


def draw_code() -> str:
    """Eight symbols, 40 bits: with Argon2id between guesses that is years of a stolen tablet's time."""
    return crockford.hyphenated("".join(secrets.choice(crockford.ALPHABET) for _ in range(8)))


def keep_draft(
    here: Booth, code: str, draft: dict[str, str], session: StaffSession | None = None, now: days.Now | None = None
) -> bool:
    """Keep a half-filled form for the rest of the day, unless it is filed: whether it is kept. Raises `storage.low`."""
    here.storage.refuse_unless_ample()
    name, key = _draft_key(here, code, session)
    sealed = keys.lock(msgspec.json.encode(draft), key)
    return here.journal.write(_KEEP, (name, (now or days.now(here)).day, sealed, draft["id"])) == 1


def open_draft(here: Booth, code: str) -> dict[str, str]:
    """The half-filled form of a code. Raises `complaint.draft_unknown`."""
    name, key = _draft_key(here, code)
    query = "SELECT sealed FROM drafts WHERE key_hash = ? AND day >= ?"
    row = here.journal.read_one(query, (name, days.now(here).day))
    plain = keys.unlock(row[0], key) if row else None
    if plain is None:
        raise Problem(DRAFT_UNKNOWN)
    return msgspec.json.decode(plain, type=dict[str, str])


def tidy(here: Booth) -> None:
    """Now and then: away with the forms of days that are over, and their photos."""
    here.journal.transact(partial(discard_old, here, day=days.now(here).day))


def discard_old(here: Booth, connection: sqlite3.Connection, day: str) -> None:
    """A half-filled form lives for the day; nobody is coming back for yesterday's.

    What a clock that is wrong, or was, says is of tomorrow may well be of today.
    """
    connection.execute("DELETE FROM drafts WHERE day < ?", (day,))
    photos.discard_old(here, connection, day)


def discard_draft(here: Booth, posted: complaint_form.Posted, session: StaffSession) -> None:
    """The form is filed: away with it, and with what is left of its photos, in one go."""
    name, _ = _draft_key(here, posted.code, session)

    def job(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM drafts WHERE key_hash = ?", (name,))
        connection.execute("DELETE FROM draft_photos WHERE fact = ?", (posted.fact_id,))

    here.journal.transact(job)
    session.draft_key = session.hashed_query = None


def _draft_key(here: Booth, code: str, session: StaffSession | None = None) -> tuple[str, bytes]:
    """From a code: the name a draft is kept under, and the key it is encrypted with."""
    text = crockford.normal(code)
    if crockford.read(text, 8) is None:
        raise Problem(FIELD_INVALID, field="code")
    return _stretched(text, bytes.fromhex(here.enrolled.certificate.journal), session)


def _stretched(code: str, salt: bytes, session: StaffSession | None) -> tuple[str, bytes]:
    """Once a form for whoever fills it in; every time for whoever only says a code."""
    text = crockford.normal(code)
    if session is not None and session.draft_key is not None and session.draft_key[0] == text:
        return session.draft_key[1:]
    material = keys.stretch(text, salt, 64)
    name, key = material[32:].hex(), material[:32]
    if session is not None:
        session.draft_key = (text, name, key)
    return name, key
