"""Forms: the steps of a case as people send them, and notes."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, Row

from kiosk import web
from kiosk.errors import CASE_WRONG_STEP, FIELD_INVALID, Problem
from kiosk.facts import complaints
from kiosk.facts.cases import (
    DELIVERIES,
    OUTCOMES,
    PAPERS,
    REFUSALS,
    REOPENINGS,
    ROADS,
    TERMINATIONS,
    CaseAccepted,
    CaseAssigned,
    CaseCalledBack,
    CaseClassified,
    CaseClosed,
    CaseDelivery,
    CaseEnded,
    CaseEnforced,
    CaseMerged,
    CaseReceived,
    CaseRefused,
    CaseSupplementAsked,
    CaseSupplemented,
    CaseTestingBegun,
    CaseTestingEnded,
    CaseTold,
    CaseTransferred,
    Step,
)
from kiosk.facts.lives import State, reopening
from kiosk.hub import cases, casework, lives, people, transfers
from kiosk.hub.context import acting, hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES
from kiosk.packs.codelists import newest
from kiosk.packs.fairs import Fair

views = Blueprint("steps", __name__)


class Sent(msgspec.Struct, frozen=True):
    """A step as somebody sent it, and the case as it stands. What reads a field raises `field.invalid`."""

    form: Mapping[str, str]
    row: Row[Any]  # of `complaints`
    state: State

    @property
    def case(self) -> str:
        return str(self.row.case)

    def choice(self, name: str, choices: Sequence[Any]) -> Any:
        return web.read_choice(self.form, name, choices)

    def ticked(self, name: str, choices: Sequence[Any]) -> list[Any]:
        return [one for one in choices if self.form[f"{name}.{one}"]]

    def fen(self, name: str) -> int:
        """Yuan as typed; nothing is 0."""
        fen = complaints.fen_typed(self.form[name]) if self.form[name].strip() else 0
        return fen if fen is not None else _refuse(name)

    def number(self, name: str, least: int, most: int) -> int:
        text = unicodedata.normalize("NFKC", self.form[name]).strip()
        is_number = text.isascii() and text.isdigit() and len(text) < 4 and least <= int(text) <= most
        return int(text) if is_number else _refuse(name)


class Action(msgspec.Struct, frozen=True):
    """What a form asks for beside its id, and the step it comes to."""

    make: Callable[[Sent], Step]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def _refuse(name: str) -> NoReturn:
    raise Problem(FIELD_INVALID, field=name)


# --- steps ----------------------------------------------------------------------------------------


def _assigned(sent: Sent) -> Step:
    return CaseAssigned(case=sent.case, unit=sent.form["unit"], handler=sent.form["handler"])


def _transferred(sent: Sent) -> Step:
    """Whoever passes a case on says that they may. What the person said is sealed: here nobody can look it up."""
    if sent.form["consent"] != "yes":
        _refuse("consent")
    recipient = complaints.clean(sent.form["recipient"]).replace("\n", " ")
    if not 1 <= len(recipient) <= 80:
        _refuse("recipient")
    return CaseTransferred(case=sent.case, recipient=recipient, road=sent.choice("road", ROADS))


def _delivered(sent: Sent) -> Step:
    transfer = web.read_id(sent.form, "transfer")
    return CaseDelivery(case=sent.case, transfer=transfer, state=sent.choice("state", DELIVERIES))


def _refused(sent: Sent) -> Step:
    reasons = sent.ticked("reason", REFUSALS)
    return CaseRefused(case=sent.case, reasons=reasons) if reasons else _refuse("reason")


def _asked_for_more(sent: Sent) -> Step:
    items, days = sent.ticked("item", PAPERS), sent.number("days", 1, 60)
    return CaseSupplementAsked(case=sent.case, items=items, days=days) if items else _refuse("item")


def _ended(sent: Sent) -> Step:
    outcome, reasons = sent.choice("outcome", OUTCOMES), sent.ticked("reason", TERMINATIONS)
    if (outcome == "terminated") != bool(reasons):
        _refuse("reason")
    recovered, doubled = sent.fen("recovered"), sent.fen("doubled")
    if doubled > recovered or (recovered and outcome in ("withdrawn", "terminated")):
        _refuse("recovered")
    return CaseEnded(
        case=sent.case, matter=sent.row.matter, outcome=outcome, reasons=reasons, recovered=recovered,
        doubled=doubled, on_site=bool(sent.form["on_site"]),
    )  # fmt: skip


def _called_back(sent: Sent) -> Step:
    level = sent.number("level", 0, 4)
    return CaseCalledBack(case=sent.case, reached=level > 0, level=level or None)


def _reopened(sent: Sent) -> Step:
    return reopening(sent.case, sent.state, sent.row.matter, sent.choice("reason", REOPENINGS))


def _classified(sent: Sent) -> Step:
    lists = newest()
    which, _, code = sent.form["category"].partition(":")
    goods, service = (code if which == name else "" for name in ("goods", "service"))
    grievances = sent.ticked("grievance", [one.id for one in lists.grievances])
    if (sent.form["category"] and not (goods or service)) or not lists.knows(goods, service, grievances):
        _refuse("category")
    return CaseClassified(case=sent.case, version=lists.version, goods=goods, service=service, grievances=grievances)


def _enforced(sent: Sent) -> Step:
    if sent.form["undo"] and sent.state.enforced is None:
        _refuse("undo")
    fine = None if sent.form["undo"] else sent.fen("fine")
    return CaseEnforced(case=sent.case, fine=fine, before=sent.state.enforced)


def _merged(sent: Sent) -> Step:
    into = complaints.normal_case_number(sent.form["into"])
    if into is None or into == sent.case:
        _refuse("into")
    return CaseMerged(case=sent.case, matter=sent.row.matter, into=into)


def _plain(shape: type[Step]) -> Action:
    return Action(lambda sent: shape(case=sent.case))


def _boxes(name: str, choices: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}.{one}" for one in choices)


#: Last word of the address → what it does.
ACTIONS: dict[str, Action] = {
    "receive": _plain(CaseReceived),
    "assign": Action(_assigned, ("unit", "handler")),
    "transfer": Action(_transferred, ("recipient", "road"), ("consent",)),
    # Back to the list of what was passed on, where the form stood there.
    "delivery": Action(_delivered, ("transfer", "state"), ("back",)),
    "accept": _plain(CaseAccepted),
    "refuse": Action(_refused, (), _boxes("reason", REFUSALS)),
    "supplement": Action(_asked_for_more, ("days",), _boxes("item", PAPERS)),
    "supplemented": _plain(CaseSupplemented),
    "test": _plain(CaseTestingBegun),
    "tested": _plain(CaseTestingEnded),
    "end": Action(_ended, ("outcome",), ("recovered", "doubled", "on_site", *_boxes("reason", TERMINATIONS))),
    "tell": Action(lambda sent: CaseTold(case=sent.case, road=sent.choice("road", ROADS)), ("road",)),
    "close": Action(lambda sent: CaseClosed(case=sent.case, matter=sent.row.matter)),
    "call": Action(_called_back, ("level",)),
    "reopen": Action(_reopened, ("reason",)),
    "classify": Action(_classified, ("category",), _boxes("grievance", [one.id for one in newest().grievances])),
    "enforce": Action(_enforced, ("fine",), ("undo",)),
    "merge": Action(_merged, ("into",)),
}


# --- pages ----------------------------------------------------------------------------------------


def _act(name: str) -> Callable[..., Response]:
    action = ACTIONS[name]

    def view(fair_id: str, case: str) -> Response:
        posted = web.read_form("id", *action.required, optional=action.optional)
        fact_id = web.read_id(posted, "id")
        try:
            with acting(*KEY_ROLES) as (tx, session):
                fair = find_fair(tx, fair_id)
                row = cases.find(tx, fair, case)
                body = action.make(Sent(posted, row, lives.known_state(tx, row)))
                _check(tx, fair, row, body)
                cases.take(tx, hub(), session, fair, body, fact_id=fact_id)
        except Problem as problem:
            if problem.kind not in (CASE_WRONG_STEP, FIELD_INVALID):
                raise
            return casework.refused(fair_id, case, problem)
        if posted.get("back"):
            return web.see_other("transfers.listing", fair_id=fair_id)
        return web.see_other("casework.one", fair_id=fair_id, case=case)

    return view


for _name in ACTIONS:
    views.add_url_rule(f"/fairs/<fair_id>/cases/<case>/{_name}", f"do_{_name}", _act(_name), methods=["POST"])


def _check(tx: Connection, fair: Fair, row: Row[Any], body: Step) -> None:
    """What only the tables can tell. Raises `field.invalid`."""
    if isinstance(body, CaseAssigned):
        if not (body.unit or body.handler or row.unit or row.handler):
            _refuse("handler")  # to nobody, and it was nobody's
        if body.unit and body.unit not in {unit.id for unit in fair.units}:
            _refuse("unit")
        if body.handler and body.handler not in dict(people.handlers(tx)):
            _refuse("handler")
    elif isinstance(body, CaseDelivery) and not transfers.is_of(tx, fair, row.case, body.transfer):
        _refuse("transfer")


@views.post("/fairs/<fair_id>/cases/<case>/note")
def note(fair_id: str, case: str) -> Response:
    """Write something down about a case. It is sealed at once."""
    posted = web.read_form("id", "text", limit=cases.NOTE_LIMIT)
    fact_id = web.read_id(posted, "id")
    with acting(*KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case)
        cases.note(tx, hub(), session, fair, row.case, complaints.clean(posted["text"]), fact_id)
    return web.see_other("casework.one", fair_id=fair_id, case=case)
