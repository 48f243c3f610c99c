"""The rights quiz on the tablet. Which option is right stays at the server until it was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import days, visits
from kiosk.booth.context import booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Play, Visit
from kiosk.errors import FIELD_INVALID, Problem
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.packs import quizzes
from kiosk.packs.model import Text, is_in_force
from kiosk.packs.quizzes import PASS_MARK, Option, Question

views = Blueprint("quizzes", __name__)


@dataclass(frozen=True)
class QuestionPage:
    question: Question
    options: list[Option]
    number: int
    total: int
    marks: list[str]  # "right", "wrong", "now" or "todo", by question
    topic: Text
    fact_id: str
    chosen: str | None
    right_id: str | None  # only once answered
    is_right: bool | None
    is_last: bool


@dataclass(frozen=True)
class Learned:
    question: Question
    was_right: bool


@dataclass(frozen=True)
class ResultPage:
    right: int
    total: int
    pass_mark: int
    passed: bool
    learned: list[Learned]


@views.get("/quiz")
def quiz() -> Response:
    """The screen a visitor is at: a question, its explanation, or the result. Starts a play if there is none."""
    visit = visits.current()
    with visit.lock:
        play = visit.play or start(visit)
        response = _result(play) if play.is_over else _question(play)
    return visits.with_cookie(response, visit)


@views.post("/quiz/answer")
def answer() -> Response:
    form = web.read_form("id", "question", "option")
    visit = visits.current()
    with visit.lock:
        play = visit.play
        if play is not None and not play.is_over and play.questions[play.at].id == form["question"]:
            record_answer(play, form["id"], form["option"])
    return visits.with_cookie(web.see_other("quizzes.quiz"), visit)


@views.post("/quiz/next")
def next_question() -> Response:
    form = web.read_form("question")
    visit = visits.current()
    with visit.lock:
        play = visit.play
        if play and not play.is_over and play.is_answered and play.questions[play.at].id == form["question"]:
            play.at += 1
            play.shown_at = booth().clock.monotonic()
    return visits.with_cookie(web.see_other("quizzes.quiz"), visit)


@views.post("/quiz/again")
def again() -> Response:
    web.read_form()
    visit = visits.current()
    with visit.lock:
        start(visit)
    return visits.with_cookie(web.see_other("quizzes.quiz"), visit)


def start(visit: Visit) -> Play:
    """Draw a new play of questions in force today; none this visitor was asked before while others are left."""
    here = booth()
    here.enrolled  # noqa: B018 (nothing can be recorded before enrolment)
    day = _day_of_questions(here.pack.questions, days.now(here).day)
    dice = here.visits.dice
    in_force = _in_force(here.pack.questions, day)
    fresh = [question for question in in_force if question.id not in visit.asked]
    drawn = quizzes.draw(fresh if len(fresh) >= quizzes.QUESTIONS else in_force, day, dice)
    visit.asked.update(question.id for question in drawn)
    visit.play = Play(
        session=new_id(),
        questions=drawn,
        options=[quizzes.shuffled(question, dice) for question in drawn],
        fact_ids=[new_id() for _ in drawn],
        finish_id=new_id(),
        shown_at=here.clock.monotonic(),
    )
    return visit.play


def _day_of_questions(questions: Sequence[Question], today: str) -> str:
    """Today; or, where too few are in force for a play, the last day on which most were: a clock may be years off."""
    if len(_in_force(questions, today)) >= quizzes.QUESTIONS:
        return today
    return max((len(_in_force(questions, day)), day) for day in {question.valid_from for question in questions})[1]


def _in_force(questions: Sequence[Question], day: str) -> list[Question]:
    return [question for question in questions if is_in_force(question.valid_from, question.valid_until, day)]


def record_answer(play: Play, fact_id: str, option: str) -> None:
    """Append the first answer to the current question, and the end of the play with the last one."""
    question = play.questions[play.at]
    if fact_id != play.fact_ids[play.at]:
        raise Problem(FIELD_INVALID, field="id")
    if option not in {one.id for one in question.options}:
        raise Problem(FIELD_INVALID, field="option")
    if play.is_answered:
        return
    here = booth()
    shown_for = min(here.clock.monotonic() - play.shown_at, 3_600_000)
    right = question.is_right([option])
    body = QuizAnswered(session=play.session, question=question.id, chosen=[option], right=right, ms=shown_for)
    drafts = [Draft(fact_id, body, "visitor")]
    if play.at == len(play.questions) - 1:
        score = sum(play.right) + right
        finished = QuizFinished(
            session=play.session,
            questions=len(play.questions),
            right=score,
            passed=score >= PASS_MARK,
            pass_mark=PASS_MARK,
        )
        drafts.append(Draft(play.finish_id, finished, "visitor"))
    here.journal.append(*drafts)
    play.chosen.append(option)


def _question(play: Play) -> Response:
    question = play.questions[play.at]
    chosen = play.chosen[play.at] if play.is_answered else None
    marks = ["right" if right else "wrong" for right in play.right[: play.at + 1]]
    marks += ["now"] * (len(marks) == play.at)
    marks += ["todo"] * (len(play.questions) - len(marks))
    page = QuestionPage(
        question=question,
        options=play.options[play.at],
        number=play.at + 1,
        total=len(play.questions),
        marks=marks,
        topic=booth().pack.topics[question.topic],
        fact_id=play.fact_ids[play.at],
        chosen=chosen,
        right_id=question.answer[0] if chosen else None,
        is_right=question.is_right([chosen]) if chosen else None,
        is_last=play.at == len(play.questions) - 1,
    )
    return web.page("booth/quizzes/question.html", page=page)


def _result(play: Play) -> Response:
    right = play.right
    page = ResultPage(
        right=sum(right),
        total=len(play.questions),
        pass_mark=PASS_MARK,
        passed=sum(right) >= PASS_MARK,
        learned=[Learned(question, was) for question, was in zip(play.questions, right, strict=True)],
    )
    return web.page("booth/quizzes/result.html", page=page)
