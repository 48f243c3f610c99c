"""How a case stands, for whoever has its number and query code. Public; never a name, telephone or address, and of what
was decided only codes and days: nothing that somebody here wrote in words of their own.

Every failure says the same and takes as long. Tries are counted by address before anything is hashed, and hashed two at
a time: that is what guessing costs. Wrong ones are counted by number, too, whether there is such a case or not; beyond
the limit a wrong code is told to wait, but the right one still opens: nobody finds 65 random bits by guessing, and
whoever knows a number must not be able to keep its owner out.
"""

from collections.abc import Sequence
from threading import BoundedSemaphore
from typing import Any

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, Row, select

from kiosk import crockford, web
from kiosk.errors import STATUS_UNKNOWN, TOO_MANY_REQUESTS, Problem
from kiosk.facts import envelope
from kiosk.facts.cases import CaseSupplementAsked, Paper
from kiosk.facts.complaints import Matter, Standing, normal_case_number
from kiosk.facts.kinds import REGISTRY
from kiosk.facts.lives import Phase, State, day_of, is_regulators, running
from kiosk.hub import lives
from kiosk.hub.calendars import calendar_of
from kiosk.hub.cases import find, first_received, is_erased_on_request
from kiosk.hub.context import client_mark, hub, reading, refuse_exposed, today, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import throttle
from kiosk.hub.tables import case_steps, complaints, facts
from kiosk.packs.fairs import Fair, Organiser
from kiosk.reports.deadlines import Deadline, deadline
from kiosk.sync import keys
from kiosk.workdays import Day

views = Blueprint("status", __name__)
TRIES = 10  # from one address in a minute
WRONG_OF_CASE = 20  # wrong ones of one number in ten minutes
RECORDS = 3  # with one number, the first that came, that a code is compared with
#: So many are hashed at once in a process: each costs 20 ms a record and 19 MiB.
_hashing = BoundedSemaphore(2)


class AskPage(msgspec.Struct, frozen=True):
    problem: str = ""
    case: str = ""  # as it was typed: only the code is asked for again, which no page gives back


class Supplement(msgspec.Struct, frozen=True):
    """What the person is still asked to bring, and by when."""

    items: Sequence[Paper]
    by: Day


class CasePage(msgspec.Struct, frozen=True):
    """Days as ISO dates; "" for what has not come yet."""

    case: str
    matter: Matter
    standing: Standing
    is_merged: bool  # then its phase and days, but for the first, are those of the case it went into
    phase: Phase
    filed_on: str
    received_on: str
    sorted_on: str
    ended_on: str
    told_on: str
    closed_on: str
    next: Deadline | None  # the statutory time that runs
    supplement: Supplement | None  # while it is waited for
    outcome: str  # an `Outcome`, "refused", or ""
    reasons: Sequence[str]  # of a refused one each a `Refusal`, of a terminated one a `Termination`
    is_regulators: bool  # then it was decided by Order 121
    is_erased: bool  # what was filed was deleted because the person asked for it
    organiser: Organiser


@views.before_request
def _only_encrypted() -> None:
    refuse_exposed()


@views.record_once
def _be_ready(_state: object) -> None:
    keys.prepare()  # else the first failure of a process would take longer than the next


@views.get("/m/status")
def form() -> Response:
    return web.page("hub/status/ask.html", page=AskPage())


@views.post("/m/status")
def show() -> Response:
    told = web.read_form("case", "code", limit=100)
    try:
        row = _find(told["case"], told["code"])
    except Problem as problem:
        if problem.kind not in (STATUS_UNKNOWN, TOO_MANY_REQUESTS):
            raise
        return web.page(
            "hub/status/ask.html", problem.status, page=AskPage(problem.sentence(web.language()), told["case"])
        )
    with reading() as tx:
        return web.page("hub/status/case.html", page=_status(tx, row))


def _find(number: str, code: str) -> Row[Any]:
    """The record of a number and its code. Raises `status.unknown` or `request.too_many`."""
    now, case = hub().clock.now(), normal_case_number(number) or crockford.normal(number)
    with writing() as tx:
        throttle(tx, "status", client_mark(), TRIES, 60, now)
    if not _hashing.acquire(blocking=False):
        raise Problem(TOO_MANY_REQUESTS)
    try:
        with reading() as tx:
            query = first_received(select(complaints).where(complaints.c.case == case))
            rows = tx.execute(query.limit(RECORDS)).all()
        padded = (*rows, *[None] * (RECORDS - len(rows)))
        right = [row for row in padded if _is_of(row, code) and row is not None]  # all of them, always: the same time
    finally:
        _hashing.release()
    if not right:
        with writing() as tx:
            throttle(tx, "status of a case", hub().mark("case", case), WRONG_OF_CASE, 600, now)
        raise Problem(STATUS_UNKNOWN)
    return right[0]


def _is_of(row: Row[Any] | None, code: str) -> bool:
    stored = row.code if row is not None and keys.is_usual(row.code) else None
    return keys.is_password(stored, crockford.normal(code))


def _status(tx: Connection, row: Row[Any]) -> CasePage:
    fair, state = find_fair(tx, row.fair), lives.known_state(tx, row)
    if find(tx, fair, row.case).fact != row.fact:  # steps are of the first: who uses its number again learns nothing
        state = State().filed(row.standing, row.day)
    is_merged, at = state.phase == "merged", row
    if is_merged:
        at = find(tx, fair, state.into)
        state = lives.known_state(tx, at)
    clock, began = running(state, row.matter, at.intake)
    return CasePage(
        case=row.case,
        matter=row.matter,
        standing=row.standing,
        phase=state.phase,
        is_merged=is_merged,
        filed_on=row.day or row.at[:10],
        received_on=state.received_at[:10],
        sorted_on=state.sorted_at[:10],
        ended_on=state.ended_at[:10],
        told_on=state.told_at[:10],
        closed_on=state.closed_at[:10],
        next=deadline(clock, began, today(), calendar_of(tx)),
        supplement=_supplement(tx, fair, at.case) if state.phase == "supplement" else None,
        outcome=state.outcome,
        reasons=state.reasons,
        is_regulators=is_regulators(state, at.intake),
        is_erased=is_erased_on_request(tx, row.blob),
        organiser=fair.organiser,
    )


def _supplement(tx: Connection, fair: Fair, case: str) -> Supplement:
    """What was last asked for of a case that waits for it."""
    place = (facts.c.journal == case_steps.c.journal) & (facts.c.seq == case_steps.c.seq)
    asked = (
        (case_steps.c.fair == fair.id) & (case_steps.c.case == case) & (case_steps.c.kind == "case.supplement_asked")
    )
    query = select(facts.c.line).join(case_steps, place).where(asked).order_by(case_steps.c.seq.desc()).limit(1)
    fact = envelope.decode(bytes(tx.execute(query).scalar_one()))
    body = REGISTRY.read(fact)
    assert isinstance(body, CaseSupplementAsked)
    return Supplement(body.items, calendar_of(tx).add_workdays(day_of(fact.at), body.days))
