"""Pages: the official forms of a case, filled in, to be printed."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.facts.cases import OPENINGS
from kiosk.facts.complaints import Complaint, Matter
from kiosk.facts.lives import State
from kiosk.hub import cases, lives
from kiosk.hub.calendars import calendar_of
from kiosk.hub.context import acting, hub, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.deadlines import Deadline, deadline

views = Blueprint("printouts", __name__)
FORMS = (
    "registration", "forward", "identity", "accepted", "refused", "mediation", "terminated", "agreement", "result",
)  # fmt: skip


class PrintPage(msgspec.Struct, frozen=True):
    """An official form, filled in."""

    fair: Fair
    form: str  # one of FORMS
    row: Any  # of `complaints`
    state: State
    complaint: Complaint
    amount: str
    received: str
    decide_by: Deadline | None
    today: str
    desk: Text


def fitting(matter: Matter, state: State) -> list[str]:
    """The forms that go with where a case is."""
    found = {"registration", "forward", "result" if matter == "report" else "identity"}
    if state.accepted_at:
        found |= {"accepted", "mediation"}
    if state.outcome in ("terminated", "refused"):
        found.add(state.outcome)
    if state.outcome == "mediated":
        found.add("agreement")
    return [one for one in FORMS if one in found]


@views.post("/fairs/<fair_id>/cases/<case>/print")
def on_paper(fair_id: str, case: str) -> Response:
    """One form with what is sealed: an opening like any other."""
    posted = web.read_form("form", "reason", optional=("record",), limit=40)
    which, reason = web.read_choice(posted, "form", FORMS), web.read_choice(posted, "reason", OPENINGS)
    with acting(*KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case, cases.read_record(posted))
        told, state = cases.open_case(tx, hub(), session, fair, row, reason), lives.known_state(tx, row)
        began = state.received_at[:10] if row.matter == "complaint" else ""
        page = PrintPage(
            fair=fair,
            form=which,
            row=row,
            state=state,
            complaint=told,
            amount=cases.amount(told),
            received=cases.received(row, state),
            decide_by=deadline("decide", began, today(), calendar_of(tx)),
            today=today().isoformat(),
            desk=fair.desk(row.desk).name,
        )
    return web.page("hub/cases/print.html", page=page, fair=fair)
