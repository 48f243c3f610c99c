"""Doubts about a statement's figures, answered: one never stops anybody, and stays until somebody wrote a note."""

from collections.abc import Iterable

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.errors import FIELD_INVALID, Problem
from kiosk.facts.figures import NOTE_LIMIT, CheckNoted
from kiosk.hub import journal, people
from kiosk.hub.chasing import is_step_here
from kiosk.hub.context import acting, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import statement_steps
from kiosk.hub.typed import append
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair
from kiosk.reports.checks import CHECKS
from kiosk.reports.statement import Finding

views = Blueprint("doubts", __name__)


class NotePage(msgspec.Struct, frozen=True):
    """The answer to a doubt once more, where it cannot be kept as it is."""

    fair: Fair
    fact_id: str
    check: str
    found: str
    note: str
    fault: str
    limit: int = NOTE_LIMIT


@views.post("/fairs/<fair_id>/statement/doubts")
def answer(fair_id: str) -> Response:
    """Keep the answer to a doubt. Answered again, the newer answer holds; sent twice it is one."""
    signed_in("organiser")
    words = web.read_form("id", "check", "found", "note")
    fact_id, check = web.read_id(words, "id"), web.read_choice(words, "check", CHECKS)
    note = " ".join(clean(words["note"]).split())
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        own = journal.lock(tx, fair.id)
        if fault := web.text_fault(note, NOTE_LIMIT):
            page = NotePage(fair, fact_id, check, words["found"], note, fault)
            return web.page("hub/typed/doubt.html", 422, page=page, fair=fair)
        if not is_step_here(tx, own, fact_id, ("noted", check, note)):
            append(tx, fair, _body(check, words["found"], note), session, fact_id)
    return web.to(f"/fairs/{fair.id}/statement")


def _body(check: str, found: str, note: str) -> CheckNoted:
    try:
        return msgspec.convert({"check": check, "found": found, "note": note}, CheckNoted)
    except msgspec.ValidationError:
        raise Problem(FIELD_INVALID, field="found") from None


def answered(tx: Connection, fair: Fair, findings: Iterable[Finding]) -> list[Finding]:
    """Doubts with what was answered to them, those nobody answered first."""
    names, table = people.names(tx), statement_steps
    query = select(table).where(table.c.fair == fair.id, table.c.step == "noted").order_by(table.c.at, table.c.seq)
    notes = {(row.name, row.digest): (row.words, names.get(row.person, row.person)) for row in tx.execute(query)}
    found = []
    for one in findings:
        note, by = notes.get((one.check, one.digest), ("", ""))
        found.append(msgspec.structs.replace(one, note=note, by=by))
    return sorted(found, key=lambda one: bool(one.note))
