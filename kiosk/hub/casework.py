"""Pages: one case. Everything but what is sealed; that is opened by a named person for a reason, each time anew, and
leaves the page with it.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.cases import OPENINGS, PAPERS, REFUSALS, REOPENINGS, TERMINATIONS, CaseOpened
from kiosk.facts.complaints import Complaint
from kiosk.facts.kinds import REGISTRY, Body
from kiosk.facts.lives import State, running
from kiosk.hub import blobs, cases, evidence, journal, lives, people, phonebook, printouts, transfers
from kiosk.hub.calendars import calendar_of
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES, Session
from kiosk.hub.tables import case_steps, facts, openings
from kiosk.hub.tables import complaints as table
from kiosk.hub.transfers import PassedOn
from kiosk.packs.codelists import CodeList, codelist, newest
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.deadlines import Deadline, deadline
from kiosk.sync import keys

views = Blueprint("casework", __name__)
_HISTORY = 200  # steps and openings on a page
#: What the forms of a case offer.
_CHOICES: dict[str, Any] = {
    "openings": OPENINGS, "refusals": REFUSALS, "terminations": TERMINATIONS, "papers": PAPERS,
}  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """One line of a case's history."""

    at: str
    who: str
    kind: str
    body: Body | None
    note: str = ""  # what a note says, while the case is open


class CasePage(msgspec.Struct, frozen=True):
    fair: Fair
    row: Any  # of `complaints`
    venue: Text
    desk: Text
    filed_at: str
    state: State
    unit: str
    handler: str
    deadline: Deadline | None
    times: Sequence[tuple[str, str]]  # 接收, 分流, 处置, 反馈: which, and when; empty while it is not so
    steps: tuple[str, ...]  # kinds this person may take now
    can_note: bool
    can_classify: bool
    can_enforce: bool
    can_deliver: bool
    can_open: bool
    arrived: bool
    erased: str
    history: list[Line] | None  # None: not for this person
    passed_on: list[PassedOn]
    merged: list[str]  # cases that go on under this one
    same_phone: list[str]
    lists: CodeList
    words: CodeList  # by which it was classified
    handlers: Sequence[tuple[str, str]]
    units: Mapping[str, str]
    names: Mapping[str, str]
    records: Sequence[tuple[str, str]]  # with this number, as they came: fact, and when it was filed
    photos: Sequence[evidence.Named]  # only while it is open
    can_ask: bool  # take down what the person asks
    is_erased_on_request: bool
    complaint: Complaint | None  # only while it is open
    prints: Sequence[str]  # the official forms that go with where it is; only while it is open
    amount: str

    @property
    def address(self) -> str:
        return f"/fairs/{self.fair.id}/cases/{self.row.case}"

    def draw_id(self) -> str:
        """The id of the fact that a form on this page may come to: sent twice it is one."""
        return secrets.token_hex(16)

    @property
    def record(self) -> str:
        """Which record of its number this is: empty for the first."""
        return "" if self.row.fact == self.records[0][0] else str(self.row.fact)

    def dial(self, typed: str) -> str:
        """What to dial; "" for what is no number."""
        return phonebook.normal_phone(typed)

    @property
    def forward(self) -> str:
        """Whether the person lets it be passed on: "yes", "no", "unasked", or "unknown" while it is not open.

        What is passed on is the case, so another record of its number does not tell.
        """
        if self.complaint is None or self.record:
            return "unknown"
        said = self.complaint.consents_said().get("forward")
        return "unasked" if said is None else "yes" if said else "no"

    @property
    def outcomes(self) -> list[str]:
        """What may come of it now."""
        if self.row.matter == "report":
            return ["handled"]
        found = ["mediated"] if self.state.accepted_at else []
        found += ["settled", "withdrawn"]
        found += ["terminated"] if self.state.accepted_at else []
        return [*found, "handled"] if self.state.phase == "transferred" else found

    @property
    def reopenings(self) -> Sequence[str]:
        """What it may go on for: after it was merged, only that it should not have been."""
        return ("mistake",) if self.state.phase == "merged" else REOPENINGS

    def lists_of(self, version: str) -> CodeList:
        return codelist(version)


class Refusal(msgspec.Struct, frozen=True):
    """Why a step was not taken."""

    code: str
    field: str  # where somebody has to look again; "" where it is none
    sentence: str


# --- pages ----------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/complaints/<case>")
def moved(fair_id: str, case: str) -> Response:
    signed_in()
    return web.see_other("casework.one", fair_id=fair_id, case=case)


@views.get("/fairs/<fair_id>/cases/<case>")
def one(fair_id: str, case: str) -> Response:
    """A case, but for what is sealed."""
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _page(tx, fair, session, cases.find(tx, fair, case, cases.read_record(request.args)), None)
    return web.page("hub/cases/one.html", page=page, fair=fair, **_CHOICES)


def refused(fair_id: str, case: str, problem: Problem) -> Response:
    """The case as it is now, and why a step was not taken: nobody has to find it again."""
    session = signed_in()
    refusal = Refusal(problem.code, str(problem.details.get("field", "")), problem.sentence(web.language()))
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _page(tx, fair, session, cases.find(tx, fair, case), None)
    return web.page("hub/cases/one.html", problem.status, page=page, fair=fair, refusal=refusal, **_CHOICES)


@views.post("/fairs/<fair_id>/cases/<case>/open")
def open_one(fair_id: str, case: str) -> Response:
    """Open what is sealed, for a reason. It is on this page and nowhere else: whoever reloads it opens it again."""
    posted = web.read_form("reason", optional=("record",), limit=40)
    reason, record = web.read_choice(posted, "reason", OPENINGS), cases.read_record(posted)
    with acting(*KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case, record)
        page = _page(tx, fair, session, row, cases.open_case(tx, hub(), session, fair, row, reason))
    return web.page("hub/cases/one.html", page=page, fair=fair, **_CHOICES)


def _page(tx: Connection, fair: Fair, session: Session, row: Row[Any], told: Complaint | None) -> CasePage:
    state, person = lives.known_state(tx, row), session.person
    clock, since = running(state, row.matter, row.intake)
    venue, desk = cases.place(fair, row.desk)
    names, units = people.names(tx), fair.unit_names(web.language())
    erased = cases.erased_days(tx, [row.blob]).get(row.blob, "")
    is_erased_on_request = cases.is_erased_on_request(tx, row.blob)
    return CasePage(
        fair=fair,
        row=row,
        venue=venue,
        desk=desk,
        filed_at=to_minute(row.at),
        state=state,
        unit=units.get(state.unit, state.unit),
        handler=names.get(state.handler, state.handler),
        deadline=deadline(clock, since, today(), calendar_of(tx)),
        times=[
            ("received", cases.received(row, state)),
            ("sorted", to_minute(state.sorted_at)),
            ("ended", to_minute(state.ended_at)),
            ("told", to_minute(state.told_at)),
        ],
        steps=cases.possible(person, row, state),
        can_note=cases.may_step(person, row, "case.noted") and not is_erased_on_request,
        can_classify=cases.may_step(person, row, "case.classified"),
        can_enforce=cases.may_step(person, row, "case.enforced"),
        can_deliver=cases.may_step(person, row, "case.delivery"),
        can_open=session.key is not None and cases.may_open(person, row),
        arrived=blobs.is_here(tx, row.blob),
        erased=erased,
        history=_history(tx, row, names, session.key if told else None) if cases.may_watch(person, row) else None,
        passed_on=transfers.passed_on(tx, fair, row.case),
        merged=_merged(tx, row),
        same_phone=phonebook.of_same_phone(tx, row) if told else [],
        lists=newest(),
        words=codelist(state.version),
        handlers=people.handlers(tx),
        units=units,
        names=names,
        records=[(one.fact, to_minute(one.at)) for one in cases.records(tx, row)],
        photos=evidence.photos(tx, row) if told else [],
        can_ask=not erased and cases.may_step(person, row, "case.request"),
        is_erased_on_request=is_erased_on_request,
        complaint=told,
        prints=printouts.fitting(row, state, printouts.said_of(tx, row, state)) if told else (),
        amount=cases.amount(told) if told else "",
    )


def _merged(tx: Connection, row: Row[Any]) -> list[str]:
    """The cases that go on under one."""
    under = select(table.c.case).where(table.c.fair == row.fair, table.c.into_case == row.case)
    return sorted(tx.execute(under).scalars())


def _history(tx: Connection, row: Row[Any], names: Mapping[str, str], key: keys.PrivateKey | None) -> list[Line]:
    """Newest first: every step and every opening, with who and when; with a key what the notes say."""
    found = [*_steps(tx, row, names, key), *_openings(tx, row, names)]
    return [told for _, told in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _steps(
    tx: Connection, row: Row[Any], names: Mapping[str, str], key: keys.PrivateKey | None
) -> Iterator[tuple[int, Line]]:
    """The last steps, each with its place in the hub's journal."""
    place = (facts.c.journal == case_steps.c.journal) & (facts.c.seq == case_steps.c.seq)
    of_case = (case_steps.c.fair == row.fair) & (case_steps.c.case == row.case)
    query = select(facts.c.line, case_steps.c.seq).join(facts, place).where(of_case)
    for line, seq in tx.execute(query.order_by(case_steps.c.seq.desc()).limit(_HISTORY)):
        fact = envelope.decode(bytes(line))
        note = cases.read_note(tx, key, fact, row.fair) if key is not None and fact.kind == "case.noted" else ""
        yield seq, Line(to_minute(fact.at), names.get(fact.by, fact.by), fact.kind, REGISTRY.read(fact), note)


def _openings(tx: Connection, row: Row[Any], names: Mapping[str, str]) -> Iterator[tuple[int, Line]]:
    own = journal.own_journal(tx, row.fair)
    query = select(openings).where(openings.c.case == row.case).order_by(openings.c.seq.desc())
    # The journal is asked for here: in the query SQLite would walk the whole journal instead of the case's few.
    for one in islice((one for one in tx.execute(query) if one.journal == own), _HISTORY):
        body = CaseOpened(case=one.case, reason=one.reason)
        yield one.seq, Line(to_minute(one.at), names.get(one.person, one.person), "case.opened", body)
