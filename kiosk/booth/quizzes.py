"""The rights quiz, on the tablet and on phones. Which option is right stays at the server until it was chosen."""

from typing import Literal

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import days, handoff, leaderboard, lots, prizes, staff, surveys, visits
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.handoff import Code
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Play, Visit, Voucher
from kiosk.errors import FACT_CONFLICT, FIELD_INVALID, PAGE_NOT_FOUND, Problem
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.packs import quizzes
from kiosk.packs.model import Text
from kiosk.packs.quizzes import MODES, QUICK, Bank, Mode, Option, Question

#: Registered twice: at the tablet, and for phones below `/m`.
views = Blueprint("quizzes", __name__)
#: For the tablet alone.
tablet_views = Blueprint("helping", __name__)
practice = Blueprint("practice", __name__)
practice.before_request(staff.ask_for_pin)


class OptionView(msgspec.Struct, frozen=True):
    """An option as it stands on the screen."""

    option: Option
    place: int  # 1, 2, … in what was touched so far; 0: not touched
    is_chosen: bool = False
    is_right: bool = False
    right_place: int = 0  # of an order, once answered


class QuestionPage(msgspec.Struct, frozen=True):
    question: Question
    law: Text
    options: list[OptionView]
    number: int
    total: int
    marks: list[str]  # "right", "wrong", "now" or "todo", by question
    topic: Text
    fact_id: str
    mode: Mode
    modes: list[Mode]  # to choose from; none once something was answered
    is_answered: bool
    is_right: bool
    is_complete: bool  # enough was touched to be an answer
    is_last: bool
    is_helped: bool
    is_practice: bool
    door: Code | None  # for those who wait: to a play on their own phone
    can_move: bool  # to the visitor's own phone


class Learned(msgspec.Struct, frozen=True):
    question: Question
    was_right: bool


class ResultPage(msgspec.Struct, frozen=True):
    right: int
    total: int
    mode: Mode
    longer: Mode | None  # the next longer play, for who has passed this one
    pass_mark: int
    passed: bool
    learned: list[Learned]
    is_practice: bool
    voucher: Voucher | None
    no_prize: str | None  # why there is none, where there might have been one
    asks_again: bool  # the two questions from before the play


@views.before_request
def ask_phones_to_come_by_the_tablet() -> Response | None:
    """A phone has no visit unless it read a code; on the tablet whoever touches the screen is a visitor."""
    return web.see_other("phones.outside") if visits.is_phone() and visits.found() is None else None


@views.get("/quiz")
def quiz() -> Response:
    """The screen a visitor is at: a question, its explanation, or the result. Starts a play if there is none."""
    visit = visits.current()
    with visit.lock:
        handoff.withdraw(visit)
        play = visit.play or start(visit, _offered()[0])
        if play.pair is not None and play.pair.step == "before" and not play.chosen:
            response = surveys.pair_page(booth(), play.pair)
        else:
            response = _result(visit, play) if play.is_over else _question(visit, play)
    return visits.with_cookie(response, visit)


@views.get("/quiz/pair")
def pair() -> Response:
    """The two questions once more, after the result."""
    visit = visits.current()
    with visit.lock:
        play = visit.play
        if play is None or play.pair is None or not (play.is_over and play.pair.step == "during"):
            return _to_the_quiz(visit)
        play.pair.shown_at = booth().clock.monotonic()
        return visits.with_cookie(surveys.pair_page(booth(), play.pair), visit)


@views.post("/quiz/pair")
def take_pair() -> Response:
    """Both answers, or a touch that leaves them out."""
    visit = visits.current()
    with visit.lock:
        again = surveys.take_pair(booth(), visit)
        if visit.play is not None and not visit.play.chosen:
            visit.play.shown_at = booth().clock.monotonic()
    return _to_the_quiz(visit) if again is None else visits.with_cookie(again, visit)


@views.get("/quiz/pictures/<drawing>")
def picture(drawing: str) -> Response:
    """A drawing a question of the pack names."""
    here = booth()
    if all(question.picture != drawing for question in here.pack.questions):
        raise Problem(PAGE_NOT_FOUND)
    return web.drawing(here.pack.pictures / drawing)


@views.post("/quiz/start")
def start_anew() -> Response:
    """Another play: of another length, or once more."""
    form = web.read_form("mode")
    mode = MODES.get(form["mode"])
    if mode is None:
        raise Problem(FIELD_INVALID, field="mode")
    visit = visits.current()
    offered = _offered()
    with visit.lock:
        # A page from before the fair offered others leads to the one that is given now.
        start(visit, mode if mode in offered else offered[0])
    return _to_the_quiz(visit)


@views.post("/quiz/pick")
def pick() -> Response:
    """One touch of several: `on` says how the option is to stand, so that a touch repeated changes nothing."""
    form = web.read_form("question", "option", "on")
    visit = visits.current()
    with visit.lock:
        play = _play_at(visit, form["question"])
        if play is not None and not play.is_answered:
            play.picked = picked(play.questions[play.at], play.picked, form["option"], is_on=form["on"] == "1")
    return _to_the_quiz(visit)


@views.post("/quiz/answer")
def answer() -> Response:
    """`option` is the one chosen; where the answer is several touches, they were posted before."""
    form = web.read_form("id", "question", optional=("option",))
    visit = visits.current()
    with visit.lock:
        play = _play_at(visit, form["question"])
        if play is not None:
            several = play.questions[play.at].takes_several
            record_answer(visit, play, form["id"], list(play.picked) if several else [form["option"]])
    return _to_the_quiz(visit)


@views.post("/quiz/next")
def next_question() -> Response:
    form = web.read_form("question")
    visit = visits.current()
    with visit.lock:
        play = _play_at(visit, form["question"])
        if play is not None and play.is_answered:
            play.at += 1
            play.picked = []
            play.shown_at = booth().clock.monotonic()
    return _to_the_quiz(visit)


@tablet_views.post("/quiz/helped")
def helped() -> Response:
    """A volunteer touches the screen for the visitor, or does so no longer."""
    form = web.read_form("on")
    visit = visits.current()
    with visit.lock:
        if visit.play is not None:
            visit.play.is_helped = form["on"] == "1"
    return _to_the_quiz(visit)


@practice.post("/staff/practice")
def begin_practice() -> Response:
    """The quiz as visitors see it, for volunteers to try; nothing of it is recorded."""
    web.read_form()
    visit = booth().visits.start()
    visit.is_practice = True
    return _to_the_quiz(visit)


def _to_the_quiz(visit: Visit) -> Response:
    return visits.with_cookie(web.to(f"{visits.root()}/quiz"), visit)


def start(visit: Visit, mode: Mode) -> Play:
    """Draw a new play of questions in force today; none this visitor was asked before while others are left."""
    here = booth()
    dice = here.visits.dice
    drawn = _bank(here, mode).draw(mode, dice, visit.asked)
    visit.asked.update(question.id for question in drawn)
    before = visit.play
    # Another length before the first answer: what was asked before the play belongs to this one.
    is_same = before is not None and before.pair is not None and not before.chosen and mode is not QUICK
    visit.play = Play(
        session=before.session if before is not None and is_same else new_id(),
        mode=mode,
        questions=drawn,
        options=[quizzes.shuffled(question, dice) for question in drawn],
        fact_ids=[new_id() for _ in drawn],
        finish_id=new_id(),
        shown_at=here.clock.monotonic(),
        is_helped=before is not None and before.is_helped,
        pair=before.pair if before is not None and is_same else surveys.pair_of(here, visit, mode),
    )
    return visit.play


def _offered() -> list[Mode]:
    """The lengths of this fair, first the one a visitor is given."""
    return quizzes.offered(booth().enrolled.fair.quiz_modes)


def _bank(here: Booth, mode: Mode) -> Bank:
    """The questions on what the fair chose to ask about. Too few for a play, as in another pack: all of them."""
    every = here.pack.bank(days.now(here).day)
    chosen = every.about(here.enrolled.fair.quiz_topics)
    return chosen if chosen.size >= mode.questions else every


def picked(question: Question, before: list[str], option: str, *, is_on: bool) -> list[str]:
    """What is touched after one more touch. In an order, taking a step back takes back those after it.

    Raises `field.invalid` for an option that is not there, or a question that takes one touch.
    """
    if not question.takes_several or option not in {one.id for one in question.options}:
        raise Problem(FIELD_INVALID, field="option")
    if is_on:
        return before if option in before else [*before, option]
    if option not in before:
        return before
    place = before.index(option)
    return before[:place] if question.kind == "order" else before[:place] + before[place + 1 :]


def record_answer(visit: Visit, play: Play, fact_id: str, chosen: list[str]) -> None:
    """Append the first answer to the current question, and the end of the play with the last one."""
    question = play.questions[play.at]
    if fact_id != play.fact_ids[play.at]:
        raise Problem(FIELD_INVALID, field="id")
    if play.is_answered:
        return
    if not question.is_possible(chosen):
        raise Problem(FIELD_INVALID, field="option")
    if not visit.is_practice:
        chosen = _record(play, question, chosen, visit.on)
    play.took += booth().clock.monotonic() - play.shown_at
    play.chosen.append(chosen)
    if len(play.chosen) == len(play.questions) and not visit.is_practice:
        prizes.award(booth(), visit, play)
        lots.enter(booth(), visit, play)


def _record(play: Play, question: Question, chosen: list[str], on: Literal["tablet", "phone"]) -> list[str]:
    """What was chosen, once it is on the disk: now, or before, when the disk failed to say that it had it."""
    journal = booth().journal
    try:
        journal.append(*_drafts(play, question, chosen, on))
    except Problem as problem:
        kept = journal.fact(play.fact_ids[play.at]) if problem.kind is FACT_CONFLICT else None
        if kept is None or kept.kind != "quiz.answered":
            raise
        return list(kept.body["chosen"])
    return chosen


def _drafts(play: Play, question: Question, chosen: list[str], on: Literal["tablet", "phone"]) -> list[Draft]:
    here = booth()
    right = question.is_right(chosen)
    body = QuizAnswered(
        session=play.session,
        question=question.id,
        chosen=chosen,
        right=right,
        ms=min(here.clock.monotonic() - play.shown_at, 3_600_000),
        pack=here.pack.version,
        mode=play.mode.id,
        lang="en" if web.language() == "en" else "zh",
        on=on,
        helped=play.is_helped,
    )
    drafts = [Draft(play.fact_ids[play.at], body, "visitor")]
    if play.at == len(play.questions) - 1:
        score = sum(play.right) + right
        finished = QuizFinished(
            session=play.session,
            questions=len(play.questions),
            right=score,
            passed=score >= play.pass_mark,
            pass_mark=play.pass_mark,
        )
        drafts.append(Draft(play.finish_id, finished, "visitor"))
    return drafts


def _play_at(visit: Visit, question: str) -> Play | None:
    """The play, if this is the question on the screen: a page from before changes nothing."""
    play = visit.play
    return play if play is not None and not play.is_over and play.questions[play.at].id == question else None


def _question(visit: Visit, play: Play) -> Response:
    question = play.questions[play.at]
    chosen = play.chosen[play.at] if play.is_answered else None
    marks = ["right" if right else "wrong" for right in play.right[: play.at + 1]]
    marks += ["now"] * (len(marks) == play.at)
    marks += ["todo"] * (len(play.questions) - len(marks))
    here = booth()
    law = here.pack.law_by_name[question.law]
    options = [_view(question, option, play.picked, chosen) for option in play.options[play.at]]
    if chosen is not None:
        options.sort(key=lambda one: one.right_place if question.kind == "order" else 0)
    page = QuestionPage(
        question=question,
        law=Text(law.name, law.en),
        options=options,
        number=play.at + 1,
        total=len(play.questions),
        marks=marks,
        topic=here.pack.topics[question.topic],
        fact_id=play.fact_ids[play.at],
        mode=play.mode,
        modes=[] if play.chosen else sorted(_offered(), key=lambda mode: mode.questions),
        is_answered=chosen is not None,
        is_right=chosen is not None and question.is_right(chosen),
        is_complete=question.is_possible(play.picked),
        is_last=play.at == len(play.questions) - 1,
        is_helped=play.is_helped,
        is_practice=visit.is_practice,
        door=here.phones.door() if visit.on == "tablet" and chosen is None else None,
        can_move=visit.on == "tablet" and bool(here.phones.url) and chosen is None,
    )
    return web.page("booth/quizzes/question.html", page=page)


def _view(question: Question, option: Option, touched: list[str], chosen: list[str] | None) -> OptionView:
    if chosen is None:
        return OptionView(option, place=touched.index(option.id) + 1 if option.id in touched else 0)
    place = chosen.index(option.id) + 1 if option.id in chosen else 0
    right_place = question.answer.index(option.id) + 1 if option.id in question.answer else 0
    if question.kind == "order":
        return OptionView(option, place, is_chosen=True, is_right=place == right_place, right_place=right_place)
    return OptionView(option, place, is_chosen=place > 0, is_right=right_place > 0)


def _result(visit: Visit, play: Play) -> Response:
    right = play.right
    learned = [Learned(question, was) for question, was in zip(play.questions, right, strict=True)]
    longer = [mode for mode in _offered() if mode.questions > play.mode.questions]
    page = ResultPage(
        right=sum(right),
        total=len(play.questions),
        mode=play.mode,
        longer=min(longer, key=lambda mode: mode.questions, default=None) if play.has_passed else None,
        pass_mark=play.pass_mark,
        passed=play.has_passed,
        learned=sorted(learned, key=lambda one: one.was_right),
        is_practice=visit.is_practice,
        voucher=visit.voucher,
        no_prize=visit.no_prize.sentence(web.language()) if visit.no_prize else None,
        asks_again=play.pair is not None and play.pair.step == "during",
    )
    board = leaderboard.offer(visit, play)
    return web.page("booth/quizzes/result.html", page=page, ticket=lots.ticket_of(booth(), visit), board=board)
