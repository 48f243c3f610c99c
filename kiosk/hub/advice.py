"""Questions left at the booths: opened by a named person with the key, answered, and read by the code from anywhere."""

import secrets
from datetime import date, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, Select, Subquery, func, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import PAGE_NOT_FOUND, SEAL_BROKEN, SEAL_LOCKED, Problem
from kiosk.facts.advice import (
    ANSWER_LIMIT,
    OPENINGS,
    WORDING_LIMIT,
    AdviceAnswered,
    AdviceOpened,
    Opening,
    Question,
)
from kiosk.facts.complaints import Context, clean, normal_case_number
from kiosk.hub import journal, seals
from kiosk.hub.context import client_mark, hub, reading, signed_in, today, writing
from kiosk.hub.fairs import all_fairs, find_fair
from kiosk.hub.people import Session, throttle
from kiosk.hub.tables import advice, blobs, erased, people, replies
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("advice", __name__)
TRIES = 60  # codes looked up from one address in ten minutes
PUBLISHED = 100  # answers in the public list, the newest
_PAGE = 50
_questions = msgspec.json.Decoder(Question)


# --- for everybody --------------------------------------------------------------------------------


class Published(msgspec.Struct, frozen=True):
    question: str  # as the answerer worded it, or ""
    answer: str
    day: str
    organiser: Text


class PublicPage(msgspec.Struct, frozen=True):
    typed: str
    found: list[Published] | None  # None: nothing was looked up
    published: list[Published]


@views.get("/m/advice")
def public() -> Response:
    with reading() as tx:
        page = PublicPage("", None, _published(tx))
    return web.page("hub/advice/public.html", page=page)


@views.post("/m/advice")
def look_up() -> Response:
    """The answer under a code. Of a code nobody was given and of one that waits the page says, and takes, the same."""
    form = web.read_form("code", limit=40)
    with writing() as tx:
        throttle(tx, "advice", client_mark(), TRIES, 600, hub().clock.now())
    number = normal_case_number(form["code"]) or ""
    with reading() as tx:
        own = replies.alias()
        newest = select(func.max(own.c.seq)).where(own.c.journal == replies.c.journal, own.c.number == number)
        query = select(replies).where(replies.c.number == number, replies.c.seq == newest.scalar_subquery())
        page = PublicPage(form["code"], _named(tx, query), _published(tx))
    return web.page("hub/advice/public.html", page=page)


def _published(tx: Connection) -> list[Published]:
    newest = _newest()
    query = (
        select(replies)
        .join(newest, (newest.c.journal == replies.c.journal) & (newest.c.seq == replies.c.seq))
        .where(replies.c.question != "")
        .order_by(replies.c.at.desc(), replies.c.number)
        .limit(PUBLISHED)
    )
    return _named(tx, query)


def _named(tx: Connection, query: Select[Any]) -> list[Published]:
    organisers = {fair.id: fair.organiser.name for fair in all_fairs(tx)}
    return [Published(row.question, row.answer, row.at[:10], organisers[row.fair]) for row in tx.execute(query)]


def _newest() -> Subquery:
    """Where the reply that holds stands, of each number."""
    key = (replies.c.journal, replies.c.fair, replies.c.number)
    return select(*key, func.max(replies.c.seq).label("seq")).group_by(*key).subquery()


# --- for people who are signed in -----------------------------------------------------------------


class AskedRow(msgspec.Struct, frozen=True):
    number: str
    at: str
    place: Text
    channel: str
    state: str  # "waiting", "overdue", "missing" (not arrived yet), "erased" or "answered"
    due: str  # ISO date
    answered: str  # when and by whom, or ""


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    rows: list[AskedRow]
    shows: str  # "waiting" or "answered"
    waiting: int
    overdue: int
    answered: int
    can_open: bool
    at: int  # page
    pages: int


class OnePage(msgspec.Struct, frozen=True):
    fair: Fair
    number: str
    at: str
    place: Text
    due: str
    state: str  # of the question: "sealed", "open", "missing" (not arrived yet) or "erased"
    question: str  # what was asked, where it is open
    openings: tuple[Opening, ...]
    can_open: bool
    fact_id: str
    answer: str
    wording: str  # of the question in the public list
    is_listed: bool
    faults: dict[str, str]  # field → "missing", "long" or "personal"
    history: list[tuple[str, str, str]]  # when, by whom, answer
    answer_limit: int
    wording_limit: int


@views.get("/fairs/<fair_id>/advice")
def listing(fair_id: str) -> Response:
    session = signed_in()
    shows = "answered" if request.args.get("show") == "answered" else "waiting"
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _list_page(tx, fair, shows, session)
    return web.page("hub/advice/list.html", page=page, fair=fair)


@views.get("/fairs/<fair_id>/advice/<number>")
def one(fair_id: str, number: str) -> Response:
    """One question as it lies there: sealed."""
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _one_page(tx, fair, session, _find(tx, fair, number))
    return web.page("hub/advice/one.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/advice/<number>/open")
def open_one(fair_id: str, number: str) -> Response:
    """Open one question, for a reason. Each opening is a fact with the name of the person."""
    reason, session = web.read_choice(web.read_form("reason", limit=40), "reason", OPENINGS), _with_key()
    with writing() as tx:
        fair = find_fair(tx, fair_id)
        row = _find(tx, fair, number)
        page = _one_page(tx, fair, session, row, _open(tx, session, fair, row, reason))
    return web.page("hub/advice/one.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/advice/<number>")
def answer(fair_id: str, number: str) -> Response:
    """Publish the answer; with a tick, the question too, in the answerer's words. What is public holds no number."""
    form = web.read_form("id", "answer", optional=("listed", "wording"))
    fact_id, told, wording = web.read_id(form, "id"), clean(form["answer"]), clean(form["wording"])
    is_listed = web.read_choice(form, "listed", ("", "yes")) == "yes"
    here, session = hub(), _with_key()
    faults = _faults(told, wording if is_listed else None)
    with writing() as tx:
        fair = find_fair(tx, fair_id)
        row = _find(tx, fair, number)
        if faults:
            page = _one_page(tx, fair, session, row, _open(tx, session, fair, row, "answering"))
            typed = {"answer": told, "wording": wording, "is_listed": is_listed, "faults": faults}
            page = msgspec.structs.replace(page, fact_id=fact_id, **typed)
            return web.page("hub/advice/one.html", 422, page=page, fair=fair)
        own = journal.lock(tx, fair.id)
        before = tx.execute(
            select(replies.c.fact).where(replies.c.journal == own, replies.c.number == row.number)
        ).scalars()
        facts = set(before)
        if fact_id not in facts:
            body = AdviceAnswered(
                number=row.number, answer=told, question=wording if is_listed else "", again=bool(facts)
            )
            journal.append(
                tx, fair.id, body,
                desk=row.desk, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(), fact_id=fact_id,
            )  # fmt: skip
    return web.see_other("advice.listing", fair_id=fair.id, show="answered")


def _with_key() -> Session:
    session = signed_in()
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    return session


def _faults(told: str, wording: str | None) -> dict[str, str]:
    """What is wrong with an answer, and with the question as it would be published, by field."""
    found = {"answer": web.text_fault(told, ANSWER_LIMIT)}
    if wording is not None:
        found["wording"] = web.text_fault(wording, WORDING_LIMIT)
    return {name: fault for name, fault in found.items() if fault}


def _find(tx: Connection, fair: Fair, number: str) -> Row[Any]:
    query = select(advice).where(advice.c.fair == fair.id, advice.c.number == number).order_by(advice.c.at)
    row = tx.execute(query).first()
    if row is None:
        raise Problem(PAGE_NOT_FOUND)
    return row


def _open(tx: Connection, session: Session, fair: Fair, row: Row[Any], reason: Opening) -> str | None:
    """What was asked, shown to a named person: a fact each time, whichever page shows it. Raises `seal.*`."""
    question, here = _unseal(tx, session, row), hub()
    if question is not None:
        journal.append(
            tx, fair.id, AdviceOpened(number=row.number, reason=reason),
            desk=row.desk, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(),
        )  # fmt: skip
    return question


def _unseal(tx: Connection, session: Session, row: Row[Any]) -> str | None:
    """What was asked, checked to be of this number; None once it was erased. Raises `seal.*`."""
    if tx.execute(select(erased.c.at).where(erased.c.sha256 == row.blob)).first():
        return None
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    sealed = seals.open_from(tx, hub(), session.key, row.journal, row.blob)
    question = seals.decode(_questions.decode, sealed, "question")
    if question.context != Context(fair=row.fair, fact=row.fact, case=row.number):
        raise Problem(SEAL_BROKEN, reason="it belongs to another question")
    return question.text


def _one_page(tx: Connection, fair: Fair, session: Session, row: Row[Any], question: str | None = None) -> OnePage:
    query = (
        select(replies.c.at, people.c.name, replies.c.answer, replies.c.question)
        .join(people, people.c.id == replies.c.person, isouter=True)
        .where(replies.c.fair == fair.id, replies.c.number == row.number)
        .order_by(replies.c.seq.desc())
    )
    history = tx.execute(query).all()
    return OnePage(
        fair=fair,
        number=row.number,
        at=to_minute(row.at),
        place=fair.place(row.desk),
        due=_due(fair, row.at),
        state="open" if question is not None else _state(tx, row),
        question=question or "",
        openings=OPENINGS,
        can_open=session.key is not None,
        fact_id=secrets.token_hex(16),
        answer=history[0].answer if history else "",
        wording=history[0].question if history else "",
        is_listed=bool(history and history[0].question),
        faults={},
        history=[(to_minute(at), name or "", told) for at, name, told, _ in history],
        answer_limit=ANSWER_LIMIT,
        wording_limit=WORDING_LIMIT,
    )


def _state(tx: Connection, row: Row[Any]) -> str:
    """Of what was asked, as long as nobody opened it."""
    if tx.execute(select(erased.c.at).where(erased.c.sha256 == row.blob)).first():
        return "erased"
    return "sealed" if tx.execute(select(blobs.c.sha256).where(blobs.c.sha256 == row.blob)).first() else "missing"


def _list_page(tx: Connection, fair: Fair, shows: str, session: Session) -> ListPage:
    newest, since = _newest(), (today() - timedelta(days=fair.answer_days)).isoformat()
    joined = (newest.c.fair == advice.c.fair) & (newest.c.number == advice.c.number)
    asked = (
        select(advice, blobs.c.sha256, erased.c.at.label("erased_at"), replies.c.at.label("replied"), people.c.name)
        .join(newest, joined, isouter=True)
        .join(replies, (replies.c.journal == newest.c.journal) & (replies.c.seq == newest.c.seq), isouter=True)
        .join(people, people.c.id == replies.c.person, isouter=True)
        .join(blobs, blobs.c.sha256 == advice.c.blob, isouter=True)
        .join(erased, erased.c.sha256 == advice.c.blob, isouter=True)
        .where(advice.c.fair == fair.id)
    )
    waiting, answered = asked.where(replies.c.at.is_(None)), asked.where(replies.c.at.is_not(None))

    def count(query: Select[Any]) -> int:
        return int(tx.execute(select(func.count()).select_from(query.subquery())).scalar_one())

    n_waiting, n_answered = count(waiting), count(answered)
    overdue = count(waiting.where(func.substr(advice.c.at, 1, 10) < since))
    pages = web.pages_of(n_answered if shows == "answered" else n_waiting, _PAGE)
    at = web.read_page(pages)
    rows = waiting.order_by(advice.c.at, advice.c.number)
    if shows == "answered":
        rows = answered.order_by(replies.c.at.desc(), advice.c.number)
    found = tx.execute(rows.limit(_PAGE).offset((at - 1) * _PAGE))
    return ListPage(
        fair, [_row(fair, row, since) for row in found], shows,
        n_waiting, overdue, n_answered, session.key is not None, at, pages,
    )  # fmt: skip


def _row(fair: Fair, row: Row[Any], since: str) -> AskedRow:
    if row.replied:
        state = "answered"
    elif row.erased_at is not None:
        state = "erased"
    elif row.sha256 is None:
        state = "missing"
    else:
        state = "overdue" if row.at[:10] < since else "waiting"
    by = f"{to_minute(row.replied)} {row.name or ''}".strip() if row.replied else ""
    return AskedRow(row.number, to_minute(row.at), fair.place(row.desk), row.channel, state, _due(fair, row.at), by)


def _due(fair: Fair, at: str) -> str:
    """The last day of the promise; as the tablet's clock has it where that is no day of the calendar's."""
    try:
        return (date.fromisoformat(at[:10]) + timedelta(days=fair.answer_days)).isoformat()
    except (OverflowError, ValueError):
        return at[:10]
