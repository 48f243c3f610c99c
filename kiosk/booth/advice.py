"""Answer me later: a question the desk cannot answer now, sealed before it is kept, and the code of its answer.

Nobody is asked for a phone number, and one that is typed all the same is refused: the answer is read by the code.
"""

import hashlib

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import staff, visits
from kiosk.booth.complaints import FOR_NOW, refuse_unless_it_can_be_kept
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.clock import to_minute
from kiosk.errors import FACT_CONFLICT, Problem
from kiosk.facts.advice import QUESTION_LIMIT, AdviceAsked, Question
from kiosk.facts.complaints import Context, clean, draw_case_number
from kiosk.facts.envelope import Fact
from kiosk.packs.model import Text
from kiosk.sync import keys

views = Blueprint("advice", __name__)


class AskPage(msgspec.Struct, frozen=True):
    action: str
    fact_id: str
    question: str
    fault: str  # "missing", "long", "personal" or ""
    problem: str  # a sentence over the field, or ""
    limit: int
    days: int  # until it is to be answered


class SlipPage(msgspec.Struct, frozen=True):
    number: str
    url: str  # where the answer will stand
    days: int
    at: str
    place: Text
    is_staff: bool


@views.get("/advice")
def ask() -> Response:
    return visits.with_cookie(_ask_page("/advice"), visits.possible())


@views.post("/advice")
def keep() -> Response:
    return _keep("/advice", "visitor")


@views.get("/staff/advice")
def staff_ask() -> Response:
    staff.signed_in()
    return _ask_page("/staff/advice")


@views.post("/staff/advice")
def staff_keep() -> Response:
    """Written down by a volunteer. Where the screen locked meanwhile it is kept without their name: anybody may ask."""
    return _keep("/staff/advice", staff.signed_in().volunteer if staff.is_signed_in() else "visitor")


@views.before_request
def _ask_for_pin() -> Response | None:
    is_form = request.endpoint == "advice.staff_ask"
    return staff.ask_for_pin() if is_form else None


def _keep(action: str, by: str) -> Response:
    form = web.read_form("id", "question")
    fact_id, question, here = web.read_id(form, "id"), clean(form["question"]), booth()
    fact = here.journal.fact(fact_id)
    if fact is None:
        fault = web.text_fault(question, QUESTION_LIMIT)
        if fault:
            return _ask_page(action, fact_id, question, fault=fault)
        try:
            fact = _file(here, fact_id, question, by)
        except Problem as problem:
            if problem.kind in FOR_NOW:
                return _ask_page(action, fact_id, question, problem=problem)
            raise
    if fact.kind != "advice.asked":
        raise Problem(FACT_CONFLICT)
    return _slip(here, fact, is_staff=by != "visitor")


def _file(here: Booth, fact_id: str, question: str, by: str) -> Fact:
    """Seal a question in memory and append the fact that names the sealed blob."""
    refuse_unless_it_can_be_kept(here)
    enrolment, number = here.enrolled, draw_case_number()
    context = Context(fair=enrolment.fair.id, fact=fact_id, case=number)
    blob = keys.seal(enrolment.sealing_key, msgspec.json.encode(Question(text=question, context=context)))
    body = AdviceAsked(
        number=number,
        blob=hashlib.sha256(blob).hexdigest(),
        size=len(blob),
        channel="visitor" if by == "visitor" else "volunteer",
    )
    return here.journal.append_once(Draft(fact_id, body, by, blob))


def _ask_page(
    action: str, fact_id: str = "", question: str = "", *, fault: str = "", problem: Problem | None = None
) -> Response:
    page = AskPage(
        action=action,
        fact_id=fact_id or new_id(),
        question=question,
        fault=fault,
        problem=problem.sentence(web.language()) if problem else "",
        limit=QUESTION_LIMIT,
        days=booth().enrolled.fair.answer_days,
    )
    status = problem.status if problem else 422 if fault else 200
    return web.page("booth/advice/ask.html", status, page=page)


def _slip(here: Booth, fact: Fact, *, is_staff: bool) -> Response:
    enrolment = here.enrolled
    page = SlipPage(
        number=fact.body["number"],
        url=f"{enrolment.public_url}/m/advice",
        days=enrolment.fair.answer_days,
        at=to_minute(fact.at),
        place=enrolment.fair.place(enrolment.desk.id),
        is_staff=is_staff,
    )
    return web.page("booth/advice/slip.html", page=page)
