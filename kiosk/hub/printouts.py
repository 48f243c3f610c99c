"""Pages: the official forms of a case, filled in, to be printed."""

from typing import Any

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, Row, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import CASE_FORM, Problem
from kiosk.facts import envelope
from kiosk.facts.cases import OPENINGS, CaseSupplementAsked, CaseTransferred
from kiosk.facts.complaints import Complaint
from kiosk.facts.kinds import REGISTRY
from kiosk.facts.lives import State, is_regulators
from kiosk.hub import cases, lives
from kiosk.hub.context import acting, hub, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES
from kiosk.hub.tables import case_steps, facts
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("printouts", __name__)
FORMS = (
    "registration", "forward", "identity", "accepted", "refused", "mediation", "terminated", "agreement", "result",
)  # fmt: skip
#: The steps that say what only a form needs.
_SAYING = ("case.transferred", "case.reopened", "case.supplement_asked")


class Said(msgspec.Struct, frozen=True):
    """What the last steps say that stands on a form."""

    recipient: str  # whom it was passed on to; "" where it is with nobody else
    days: int  # working days to bring proof of identity; 0 where that is not waited for


class PrintPage(msgspec.Struct, frozen=True):
    """An official form, filled in."""

    fair: Fair
    form: str  # one of FORMS
    row: Any  # of `complaints`
    state: State
    said: Said
    complaint: Complaint
    amount: str
    received: str  # when the authority has had it; until then when it was filed
    today: str
    desk: Text


def said_of(tx: Connection, row: Row[Any], state: State) -> Said:
    """What the steps of a case, in its row in `complaints`, have put on paper."""
    place = (facts.c.journal == case_steps.c.journal) & (facts.c.seq == case_steps.c.seq)
    of_case = (case_steps.c.fair == row.fair) & (case_steps.c.case == row.case) & case_steps.c.kind.in_(_SAYING)
    query = select(facts.c.line).join(case_steps, place).where(of_case).order_by(case_steps.c.seq)
    recipient, asked = "", None
    for line in tx.execute(query).scalars():
        body = REGISTRY.read(envelope.decode(bytes(line)))
        if isinstance(body, CaseSupplementAsked):
            asked = body
        else:  # reopened, it is here again
            recipient = body.recipient if isinstance(body, CaseTransferred) else ""
    is_waited_for = state.phase == "supplement" and asked is not None and "identity" in asked.items
    return Said(recipient, asked.days if is_waited_for and asked else 0)


def fitting(row: Row[Any], state: State, said: Said) -> list[str]:
    """The forms that go with where a case is. Those of mediation are a market regulator's, by Order 121."""
    found = {"registration"}
    if said.recipient:
        found.add("forward")
    if row.matter == "report":
        found |= {"result"} if state.outcome else set()
    elif is_regulators(state, row.intake):
        found |= _of_mediation(state, said)
    return [one for one in FORMS if one in found]


def _of_mediation(state: State, said: Said) -> set[str]:
    found = {"identity"} if said.days else set()
    if state.accepted_at:
        found.add("accepted")
    if state.phase in ("accepted", "testing"):
        found.add("mediation")
    if state.outcome in ("terminated", "refused"):
        found.add(state.outcome)
    if state.outcome == "mediated":
        found.add("agreement")
    return found


@views.post("/fairs/<fair_id>/cases/<case>/print")
def on_paper(fair_id: str, case: str) -> Response:
    """One form with what is sealed: an opening like any other. Raises `case.form` where the case is not there."""
    posted = web.read_form("form", "reason", optional=("record",), limit=40)
    which, reason = web.read_choice(posted, "form", FORMS), web.read_choice(posted, "reason", OPENINGS)
    with acting(*KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case, cases.read_record(posted))
        state = lives.known_state(tx, row)
        said = said_of(tx, row, state)
        if which not in fitting(row, state, said):
            raise Problem(CASE_FORM)
        told = cases.open_case(tx, hub(), session, fair, row, reason)
        page = PrintPage(
            fair=fair,
            form=which,
            row=row,
            state=state,
            said=said,
            complaint=told,
            amount=cases.amount(told),
            received=cases.received(row, state) or to_minute(row.at),
            today=today().isoformat(),
            desk=fair.desk(row.desk).name,
        )
    return web.page("hub/cases/print.html", page=page, fair=fair)
