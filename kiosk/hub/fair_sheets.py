"""A fair's roster as a workbook at the hub: the template, what a file would change, and changing it so."""

from collections.abc import Sequence

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.errors import FAIR_SHEET, Problem
from kiosk.hub import uses, volunteers
from kiosk.hub.context import Hub, hub, reading, signed_in
from kiosk.hub.exports import XLSX, attachment
from kiosk.hub.fairs import find_fair, hold_fair
from kiosk.hub.tables import devices
from kiosk.hub.volunteers import Slip
from kiosk.packs import fair_sheets
from kiosk.packs.drafts import Fault, Place
from kiosk.packs.fair_forms import FORMS
from kiosk.packs.fair_sheets import Plan
from kiosk.packs.fairs import Fair
from kiosk.packs.sheets import Form, Tables
from kiosk.web.requests import FORM_LIMIT

views = Blueprint("fair_sheets", __name__)
UPLOAD = "fair_sheets.take"  # the address that takes a file
UPLOAD_LIMIT = fair_sheets.FILE_LIMIT + FORM_LIMIT
_FAULTS_SHOWN = 300


class RosterPage(msgspec.Struct, frozen=True):
    fair: Fair
    only: bool
    found: Plan | None = None
    name: str = ""  # of the file
    is_saved: bool = False
    slips: Sequence[Slip] = ()  # PINs of who is new

    @property
    def faults(self) -> Sequence[Fault]:
        return self.found.faults[:_FAULTS_SHOWN] if self.found else ()

    @property
    def sheets(self) -> list[tuple[Form, int]]:
        """The sheets that were read, with their rows."""
        rows = self.found.rows if self.found else {}
        return [(form, rows[form.id]) for form in FORMS if form.id in rows]


@views.get("/fairs/<fair_id>/roster")
def form(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        # Before any tablet came there is nothing to lose by taking the file as all there is.
        is_bare = tx.execute(select(devices.c.device).where(devices.c.fair == fair.id).limit(1)).first() is None
    return _answer(RosterPage(fair, is_bare))


@views.post("/fairs/<fair_id>/roster")
def take(fair_id: str) -> Response:
    """A file, to look at or to save: `what` is look or save."""
    session = signed_in("organiser")
    typed = web.read_form("what", optional=("only",), files=("file",))
    name, data = web.read_file("file")
    only = typed["only"] == "1"
    tables = fair_sheets.read(data)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        found = look(tx, tables, fair, only=only)
    if typed["what"] != "save" or not found.is_ready:
        return _answer(RosterPage(fair, only, found, name), 200 if typed["what"] != "save" else 422)
    done = save(hub(), tables, fair.id, session.person.id, only=only)
    return _answer(RosterPage(done.found.fair, only, done.found, name, is_saved=True, slips=done.slips))


@views.get("/fairs/<fair_id>/roster/template.xlsx")
def template(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        find_fair(tx, fair_id)
    return _file(fair_sheets.write(), "fair-template.xlsx")


@views.get("/fairs/<fair_id>/roster/now.xlsx")
def now(fair_id: str) -> Response:
    """The roster as it is, to be changed and imported again."""
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        helpers = volunteers.names(tx, fair.id)
    return _file(fair_sheets.write(fair, helpers), f"fair-{fair.id}.xlsx")


def look(tx: Connection, tables: Tables, fair: Fair, *, only: bool) -> Plan:
    """What a file would come to, with what is in use and may not go among its faults."""
    found = fair_sheets.plan(
        tables, fair, volunteers.names(tx, fair.id), only=only, is_untouched=uses.is_untouched(tx, fair.id)
    )
    refused = [
        Fault(Place(), problem.sentence("zh"), problem.sentence("en"))
        for problem in (uses.refusals(tx, fair, found.fair) if found.is_ready else ())
    ]
    return msgspec.structs.replace(found, faults=[*found.faults, *refused])


class Done(msgspec.Struct, frozen=True):
    found: Plan
    slips: list[Slip]


def save(here: Hub, tables: Tables, fair_id: str, by: str, *, only: bool) -> Done:
    """Change a fair as a file says, wholly or not at all. The same file once more changes nothing.

    Raises `fair.sheet` with every fault; `fair.unknown`, `fair.elsewhere`.
    """
    with here.store.reading() as tx:
        expected = look(tx, tables, find_fair(tx, fair_id), only=only)
    drawn = {name: volunteers.draw(name) for name in expected.new_volunteers}  # slow, and so before anybody waits
    with here.store.begin() as tx:
        old = hold_fair(tx, fair_id)
        found = look(tx, tables, old, only=only)
        refuse_faults(found)
        new = [drawn.get(name) or volunteers.draw(name) for name in found.new_volunteers]
        volunteers.join(tx, fair_id, new)
        volunteers.rename(tx, fair_id, found.renamed)
        if found.changes:
            uses.change(tx, here, old, found.fair, found.sections, by)
    return Done(found, [one.slip for one in new])


def refuse_faults(found: Plan) -> None:
    """Raises `fair.sheet`."""
    if found.faults:
        lines = "\n".join(f"  {fault.line('zh')}\n    {fault.line('en')}" for fault in found.faults)
        raise Problem(FAIR_SHEET, count=len(found.faults), faults=lines)


def _file(data: bytes, name: str) -> Response:
    return attachment(data, XLSX, name)


def _answer(page: RosterPage, status: int = 200) -> Response:
    return web.page("hub/setups/roster.html", status, page=page, fair=page.fair)
