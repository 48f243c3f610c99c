"""Surveys at the tablet and on phones at it: one question a screen, one fact at the end, and the pair around a quiz.

A phone has no visit here, for nothing of it is kept between two screens; how often an address hands in is bounded.
The pair is two questions on one screen: before the first question of the first play of a visit, and again after its
result for who answered them. Not around a quick play, which it would more than double.
"""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import days, handoff, looks, visits
from kiosk.booth.complaints import FOR_NOW
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Pair, Play, Visit
from kiosk.errors import FACT_CONFLICT, SURVEY_UNKNOWN, Problem
from kiosk.facts.surveys import SurveyAnswered
from kiosk.packs import answering
from kiosk.packs.quizzes import QUICK, Mode
from kiosk.packs.surveys import ANSWERED, Question, Survey
from kiosk.web import surveys as form
from kiosk.web.surveys import ChoiceView, Posted, StartPage

#: Choices of a question of the pair: both stand on one screen.
MOST_OF_PAIR = 7
#: What its answers are called in the form.
FIELDS = ("first", "second")
_LONGEST = 3_600_000  # milliseconds before the screen that are counted

#: Registered twice, as the quiz is: at the tablet, and for phones below `/m`.
views = Blueprint("surveys", __name__)


class PairQuestion(msgspec.Struct, frozen=True):
    field: str  # one of FIELDS
    question: Question
    choices: list[ChoiceView]
    ends: list[str]  # words for the first and the last step of a scale
    is_missing: bool


class PairPage(msgspec.Struct, frozen=True):
    """Both questions around a quiz."""

    is_before: bool
    fact_id: str
    questions: list[PairQuestion]


@views.get("/survey")
def choose() -> Response:
    """The surveys to choose from; where there is one, that one."""
    here, root = booth(), visits.root()
    looks.turn_away(here, visits.found())
    offered = here.surveys
    if not offered:
        raise Problem(SURVEY_UNKNOWN)
    if len(offered) == 1:
        return web.to(f"{root}/survey/{offered[0].id}")
    return _at_the_tablet(web.page("survey/choose.html", surveys=offered, base=f"{root}/survey"))


@views.get("/survey/<survey_id>")
def start(survey_id: str) -> Response:
    """What it is about, that nobody is asked who they are, and the way to a phone."""
    here = booth()
    looks.turn_away(here, visits.found())
    return _at_the_tablet(web.page("survey/start.html", page=_start_page(here, _offered(here, survey_id))))


@views.post("/survey/<survey_id>/begin")
def begin(survey_id: str) -> Response:
    """The first question."""
    here, survey = booth(), _offered(booth(), survey_id)
    posted = web.read_form("id", optional=("assisted",))
    web.read_choice(posted, "assisted", ("", "1"))
    fact_id, is_assisted = web.read_id(posted, "id"), posted["assisted"] == "1"
    day = days.now(here).date
    first = form.first(survey, fact_id, here.clock.monotonic(), day, is_assisted=is_assisted)
    return _end(here, first) if first.is_over else _question(here, first)


@views.post("/survey/<survey_id>")
def answer(survey_id: str) -> Response:
    """One screen: checked, and on to the next; after the last one fact, on the disk before anybody is thanked."""
    here = booth()
    day = days.now(here).date
    posted = form.read(_offered(here, survey_id), day).turn(day, web.language())
    return _end(here, posted) if posted.is_over else _question(here, posted)


def _offered(here: Booth, survey_id: str) -> Survey:
    for survey in here.surveys:
        if survey.id == survey_id:
            return survey
    raise Problem(SURVEY_UNKNOWN)


def _start_page(here: Booth, survey: Survey) -> StartPage:
    root, enrolment = visits.root(), here.enrolled
    address = ""
    if not root and here.phones.url:
        address = f"{here.phones.url}{visits.PHONE}/survey/{survey.id}"
    elif not root and enrolment.public_url:
        where = f"survey/{enrolment.fair.id}/{survey.id}?at={enrolment.certificate.device}"
        address = f"{enrolment.public_url}{visits.PHONE}/{where}"
    return StartPage(
        survey=survey,
        action=f"{root}/survey/{survey.id}/begin",
        questions=sum(question.kind in ANSWERED for question in survey.questions),
        fact_id=new_id(),
        phone=address,
        code=handoff.drawn(address) if address else form.NO_CODE,
        wifi=here.phones.wifi if here.phones.url else "",
        can_be_assisted=not root,
    )


def _question(here: Booth, posted: Posted, problem: Problem | None = None) -> Response:
    action = f"{visits.root()}/survey/{posted.survey.id}"
    page = form.screen(
        posted, days.now(here).date, web.language(), action, problem=problem, is_open=visits.is_phone()
    )  # fmt: skip
    status = problem.status if problem else 422 if posted.fault else 200
    return _at_the_tablet(web.page("survey/question.html", status, page=page))


def _end(here: Booth, posted: Posted) -> Response:
    """One fact however often the last screen is sent."""
    fact = here.journal.fact(posted.fact_id)
    if fact is None:
        here.phones.surveys.refuse(request.remote_addr or "")
        try:
            here.journal.append_new(_draft(here, posted))
        except Problem as problem:
            if problem.kind in FOR_NOW and posted.survey.questions:
                return _question(here, _last(here, posted), problem)
            raise
    elif fact.kind != "survey.answered":
        raise Problem(FACT_CONFLICT)
    return _at_the_tablet(web.page("survey/thanks.html", title=posted.survey.title))


def _last(here: Booth, posted: Posted) -> Posted:
    """Back to the last question: what was answered stays on the screen, and can be sent again."""
    shown = answering.shown(posted.survey, posted.answers, days.now(here).date)
    return posted.to_question((shown or posted.survey.questions)[-1].name)


def _draft(here: Booth, posted: Posted) -> Draft:
    enrolment = here.enrolled
    body = posted.body(
        days.now(here).date,
        here.clock.monotonic(),
        "wifi" if visits.is_phone() else "assisted" if posted.is_assisted else "booth",
        web.language(),
        large=web.is_large(),
    )
    if posted.words:
        here.storage.refuse_unless_ample()
    body, blob = form.sealed(enrolment.sealing_key, posted.fact_id, enrolment.fair.id, body, posted.words)
    return Draft(posted.fact_id, body, "visitor", blob)


def _at_the_tablet(response: Response) -> Response:
    """A visitor is at the tablet; who comes with a phone needs no visit."""
    return response if visits.is_phone() else visits.with_cookie(response, visits.possible())


# --- the pair around a quiz -----------------------------------------------------------------------------


def pair_of(here: Booth, visit: Visit, mode: Mode) -> Pair | None:
    """The pair for a play that is about to begin, if the fair wants one and this visitor was not asked before."""
    wanted = here.enrolled.fair.quiz_pair
    if not wanted or mode == QUICK or visit.is_practice or visit.play is not None:
        return None
    survey = here.survey(wanted)
    day = days.now(here).date
    if survey is None or len(survey.questions) != 2:
        return None
    if not all(0 < len(form.choices_of(survey, one, {}, day)) <= MOST_OF_PAIR for one in survey.questions):
        return None
    return Pair(survey, new_id(), new_id(), here.clock.monotonic())


def pair_page(here: Booth, pair: Pair, given: tuple[str, str] | None = None) -> Response:
    """Both questions on one screen; `given`: what was chosen, where a part of it is missing."""
    lang, day = web.language(), days.now(here).date
    questions = [
        PairQuestion(
            field,
            question,
            [
                ChoiceView(one.code, one.label.in_(lang), is_on=one.code == chosen)
                for one in form.choices_of(pair.survey, question, {}, day)
            ],
            ends=form.ends_of(question, question.hint.in_(lang) if question.hint else ""),
            is_missing=given is not None and not chosen,
        )
        for field, question, chosen in zip(FIELDS, pair.survey.questions, given or ("", ""), strict=True)
    ]
    page = PairPage(pair.step == "before", pair.fact_id, questions)
    return web.page("booth/surveys/pair.html", 200 if given is None else 422, page=page)


def take_pair(here: Booth, visit: Visit) -> Response | None:
    """What was chosen, kept as a fact; or left out. None where the play goes on, else the screen once more.

    A screen from before changes nothing. Raises `field.*`; the caller holds the visit's lock.
    """
    posted = web.read_form("id", "go", optional=FIELDS)
    fact_id, go = web.read_id(posted, "id"), web.read_choice(posted, "go", ("next", "skip"))
    play = visit.play
    if play is None or play.pair is None or play.pair.step == "over" or play.pair.fact_id != fact_id:
        return None
    pair, day = play.pair, days.now(here).date
    if go == "next":
        for field, question in zip(FIELDS, pair.survey.questions, strict=True):
            offered = (one.code for one in form.choices_of(pair.survey, question, {}, day))
            web.read_choice(posted, field, ("", *offered))
        first, second = (posted[field] for field in FIELDS)
        if not (first and second):
            return pair_page(here, pair, (first, second))
        here.journal.append_new(Draft(fact_id, _body(here, visit, play, pair, (first, second)), "visitor"))
    pair.step = "during" if pair.step == "before" and go == "next" else "over"
    return None


def _body(here: Booth, visit: Visit, play: Play, pair: Pair, given: tuple[str, str]) -> SurveyAnswered:
    ms = min(max(here.clock.monotonic() - pair.shown_at, 0), _LONGEST)
    return SurveyAnswered(
        survey=pair.survey.id,
        version=pair.survey.version,
        answers={one.name: [code] for one, code in zip(pair.survey.questions, given, strict=True)},
        asked=len(given),
        ms=ms,
        valid=ms >= form.READING * len(given),
        lang="en" if web.language() == "en" else "zh",
        large=web.is_large(),
        channel="wifi" if visit.on == "phone" else "assisted" if play.is_helped else "booth",
        phase="before" if pair.step == "before" else "after",
        play=play.session,
        blob="",
        size=0,
    )
