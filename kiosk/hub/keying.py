"""Pages: a sheet of paper keyed in, once: what it counted, by the hour; or a complaint, sealed and filed.

Keyed in, a sheet stays as it was; what is wrong in it is put right by corrections.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import crockford, web
from kiosk.errors import COMPLAINT_OVER, FACT_CONFLICT, FIELD_INVALID, PAPER_EMPTY, PAPER_KIND, Problem
from kiosk.facts import complaints as form_rules
from kiosk.facts import envelope, papers
from kiosk.facts.complaints import ComplaintFiled, Context
from kiosk.facts.papers import MOST, SheetCounted, SheetKeyed, SheetKind
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import blobs, journal
from kiosk.hub.calendars import calendar_of
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.corrections import Days, counter_name, days_of, may_be_day
from kiosk.hub.fairs import find_fair
from kiosk.hub.papers import Sheet, SheetRow, append, desk_of, find_sheet, hours_at, place_of, rows_at, taken
from kiosk.hub.people import Session
from kiosk.hub.tables import complaints as cases
from kiosk.hub.tables import facts
from kiosk.packs.fairs import Desk, Fair, Organiser
from kiosk.packs.model import Text
from kiosk.sync import keys
from kiosk.sync.case_receipts import Filed
from kiosk.web import complaint_form
from kiosk.web.case_receipts import ReceiptPage, signed
from kiosk.web.complaint_form import Posted

views = Blueprint("keying", __name__)
#: Who keys in counts; complaints only who takes complaints in.
KEYERS = ("organiser", "intake", "handler", "supervisor")
TAKERS = ("intake", "supervisor")
_MOST_CELLS = 5_000  # of one sheet


class TallyPage(msgspec.Struct, frozen=True):
    """The form of a tally sheet."""

    fair: Fair
    sheet: Sheet
    place: Text
    rows: list[SheetRow]
    hours: list[int]
    days: Days
    day: str
    values: Mapping[str, str]
    faults: Mapping[str, str]  # cell or "day" → "invalid"
    sums: Mapping[str, int] | None  # by row (its cell of hour 0), once there is something to compare
    problem: str = ""
    was: str = ""  # "voided" or "blank", where it was set aside before
    is_wide: bool = False  # all hours are shown


class ComplaintPage(msgspec.Struct, frozen=True):
    """The form of a complaint sheet, and what the fields of the complaint's form ask of a page."""

    fair: Fair
    sheet: Sheet
    place: Text
    values: Mapping[str, str]
    faults: Mapping[str, str]
    here: tuple[str, ...]
    matter: str
    fact_id: str
    case: str
    query: str
    day: str
    today: str
    days: Days
    organiser: Organiser
    problem: str = ""
    was: str = ""


class KeyedPage(msgspec.Struct, frozen=True):
    """A sheet that was keyed in."""

    fair: Fair
    sheet: Sheet
    place: Text
    who: str
    at: str
    rows: list[tuple[Text, list[tuple[int, int]], int]]  # counter, (hour, n) in order, sum; of a complaint none
    problem: str


# --- keying in ------------------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/papers/sheets/<sheet>")
def show(fair_id: str, sheet: str) -> Response:
    """Where the QR code of a sheet leads: its form; or, once it was keyed in, by whom and when."""
    signed_in(*KEYERS)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        found, days = find_sheet(tx, fair, sheet), days_of(tx, fair, today())
        if found.step == "keyed":
            return _keyed_page(tx, fair, found, 200)
        if found.kind == "complaint":
            signed_in(*TAKERS)
            _refuse_late(fair)
            blank_form = complaint_form.blank(secrets.token_hex(16), "complaint", fair.form).without_photos()
            return _complaint_page(fair, found, blank_form, days, days.likely)
        return _tally_page(fair, found, days, {"day": days.likely})


def _keyed_page(tx: Connection, fair: Fair, sheet: Sheet, status: int) -> Response:
    """Who keyed a sheet in, when, and its counts; as a problem where somebody has just tried to do it again."""
    problem = taken(tx, fair, sheet)
    by_counter: dict[str, list[tuple[int, int]]] = {}
    if sheet.kind == "tally":
        for (counter, hour), n in _counted(tx, journal.own_journal(tx, fair.id), sheet).items():
            by_counter.setdefault(counter, []).append((hour, n))
    page = KeyedPage(
        fair=fair,
        sheet=sheet,
        place=place_of(fair, sheet.desk),
        who=str(problem.details["who"]),
        at=str(problem.details["at"]),
        rows=[
            (counter_name(fair, sheet.desk, counter), sorted(cells), sum(n for _, n in cells))
            for counter, cells in by_counter.items()
        ],
        problem=problem.sentence(web.language()) if status != 200 else "",
    )
    return web.page("hub/papers/keyed.html", status, page=page, fair=fair)


def _of_kind(tx: Connection, fair: Fair, typed: str, kind: SheetKind) -> Sheet:
    """Raises `paper.*`."""
    sheet = find_sheet(tx, fair, typed)
    if sheet.kind != kind:
        raise Problem(PAPER_KIND, number=sheet.code)
    return sheet


# --- counts -----------------------------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/papers/sheets/<sheet>/counts")
def key_counts(fair_id: str, sheet: str) -> Response:
    """The counts of a sheet: first what they come to, to compare with the paper; then for good, and once."""
    signed_in(*KEYERS)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        own_cells = _cells(rows_at(fair, desk_of(fair, find_sheet(tx, fair, sheet).desk)))
    cells = _cells([row for desk in _kinds_of_desks(fair) for row in rows_at(fair, desk)]) | own_cells
    form = web.read_form("day", "go", optional=tuple(cells))
    go = web.read_choice(form, "go", ("check", "keep"))
    with acting(*KEYERS) as (tx, session):
        own = journal.lock(tx, fair.id)
        found = _of_kind(tx, fair, sheet, "tally")
        strange = next((name for name in cells.keys() - own_cells.keys() if form[name]), "")
        if strange:
            raise Problem(FIELD_INVALID, field=strange[:40])
        counts, faults = _read_cells(form, own_cells)
        if not may_be_day(tx, fair, form["day"], today()):
            faults["day"] = "invalid"
        if found.step == "keyed":
            is_again = (found.person, found.day) == (session.person.id, form["day"]) and counts == _counted(
                tx, own, found
            )
            if go == "keep" and not faults and is_again:
                return web.see_other("keying.show", fair_id=fair.id, sheet=found.code)
            return _keyed_page(tx, fair, found, 409)
        problem = Problem(PAPER_EMPTY) if not counts and not faults else None
        if faults or problem or go == "check":
            sums = _row_sums(form, own_cells) if not (faults or problem) else None
            return _tally_page(fair, found, days_of(tx, fair, today()), form, faults, problem, sums)
        keyed = SheetKeyed(number=found.number, kind="tally", day=form["day"])
        append(tx, fair, keyed, found.desk, session, papers.keyed_id(own, found.number))
        for (counter, hour), n in counts.items():
            body = SheetCounted(number=found.number, counter=counter, n=n, day=form["day"], hour=hour)
            append(tx, fair, body, found.desk, session, papers.counted_id(own, found.number, hour, counter))
    return web.see_other("keying.show", fair_id=fair.id, sheet=found.code)


def _counted(tx: Connection, own: str, sheet: Sheet) -> dict[tuple[str, int], int]:
    """(counter, hour) → n, as it was keyed in: those facts come right behind that of the sheet."""
    of_sheet = (facts.c.journal == own, facts.c.kind == "sheet.counted")
    behind = facts.c.seq.between(sheet.seq + 1, sheet.seq + _MOST_CELLS)
    found: dict[tuple[str, int], int] = {}
    for line in tx.execute(select(facts.c.line).where(*of_sheet, behind).order_by(facts.c.seq)).scalars():
        body = REGISTRY.read(envelope.decode(bytes(line)))
        if isinstance(body, SheetCounted) and body.number == sheet.number:
            found[body.counter, body.hour] = body.n
    return found


def _cells(rows: Iterable[SheetRow]) -> dict[str, tuple[SheetRow, int]]:
    """Name of a cell → its row and hour, of all hours of a day."""
    return {row.at(hour): (row, hour) for row in rows for hour in range(24)}


def _kinds_of_desks(fair: Fair) -> Iterable[Desk]:
    """One desk a venue: what is counted differs by its entrances alone."""
    return {desk.venue: desk for desk in fair.desks}.values()


def _read_cells(
    form: Mapping[str, str], cells: Mapping[str, tuple[SheetRow, int]]
) -> tuple[dict[tuple[str, int], int], dict[str, str]]:
    """(counter, hour) → n, zeros left out; and the cells that hold no count."""
    counts: dict[tuple[str, int], int] = {}
    faults: dict[str, str] = {}
    for name, (row, hour) in cells.items():
        n = _cell(form[name])
        if n is None or n * row.each + counts.get((row.counter, hour), 0) > MOST:
            faults[name] = "invalid"
        elif n:
            counts[row.counter, hour] = counts.get((row.counter, hour), 0) + n * row.each
    return counts, faults


def _cell(text: str) -> int | None:
    """What was typed in a cell: digits, full width too; nothing is none. None where it is no count."""
    bare = unicodedata.normalize("NFKC", text).strip()
    return int(bare or 0) if re.fullmatch(r"[0-9]{0,6}", bare, re.ASCII) else None


def _row_sums(form: Mapping[str, str], cells: Mapping[str, tuple[SheetRow, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, (row, _hour) in cells.items():
        sums[row.at(0)] = sums.get(row.at(0), 0) + (_cell(form[name]) or 0)
    return sums


def _tally_page(
    fair: Fair,
    sheet: Sheet,
    days: Days,
    values: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    problem: Problem | None = None,
    sums: Mapping[str, int] | None = None,
) -> Response:
    desk = desk_of(fair, sheet.desk)
    rows, is_wide = rows_at(fair, desk), request.args.get("all") == "1"
    typed = {hour for row in rows for hour in range(24) if values.get(row.at(hour))}
    page = TallyPage(
        fair=fair,
        sheet=sheet,
        place=place_of(fair, sheet.desk),
        rows=rows,
        hours=list(range(24)) if is_wide else sorted({*hours_at(desk), *typed}),
        days=days,
        day=values["day"],
        values=values,
        faults=faults or {},
        sums=sums,
        problem=problem.sentence(web.language()) if problem else "",
        was=sheet.step,
        is_wide=is_wide,
    )
    status = problem.status if problem else 422 if faults else 200
    return web.page("hub/papers/tally.html", status, page=page, fair=fair)


# --- complaints -------------------------------------------------------------------------------------------------


def _refuse_late(fair: Fair) -> None:
    """Raises `complaint.over` where nobody takes them any more."""
    if today() > fair.keeps_until:
        raise Problem(COMPLAINT_OVER)


@views.post("/fairs/<fair_id>/papers/sheets/<sheet>/complaint")
def key_complaint(fair_id: str, sheet: str) -> Response:
    """A complaint on paper: sealed, and filed like any other. That its sheet was keyed in says nothing of it."""
    signed_in(*TAKERS)
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        posted = complaint_form.read(fair.form, "day", with_code=False).without_photos()
        _refuse_late(fair)
        found = _of_kind(tx, fair, sheet, "complaint")
        day, days = request.form.get("day", ""), days_of(tx, fair, today())
        faults = _faults(posted) | ({} if may_be_day(tx, fair, day, today()) else {"day": "invalid"})
    if faults:
        return _complaint_page(fair, found, msgspec.structs.replace(posted, faults=faults), days, day)
    # Before the one writer is asked for: hashing a code takes its time.
    context = Context(fair=fair.id, fact=posted.fact_id, case=posted.case)
    blob = keys.seal(here.sealing_key, msgspec.json.encode(form_rules.compose(posted.values, context)))
    body = msgspec.structs.replace(posted.filed(fair, found.desk, "paper", blob), notice=found.notice)
    with acting(*TAKERS) as (tx, session):
        own = journal.lock(tx, fair.id)
        found = find_sheet(tx, fair, sheet)
        row = _case(tx, own, fair, body.case, posted.fact_id)
        if row is None and found.step == "keyed":
            return _keyed_page(tx, fair, found, 409)
        if row is None:
            row = _file(tx, fair, found, session, own, posted.fact_id, body, blob, day)
        elif found.step != "keyed":
            raise Problem(FACT_CONFLICT)
    return _receipt(fair, posted, row)


def _faults(posted: Posted) -> dict[str, str]:
    """Of all screens at once: paper has but one."""
    found: dict[str, str] = {}
    for step in posted.steps:
        found |= complaint_form.faults(posted.values, step.fields, today())
    return found


def _case(tx: Connection, own: str, fair: Fair, case: str, fact_id: str) -> Row[Any] | None:
    """What was filed with this form. Raises `fact.conflict` where its id or number is another's."""
    row = tx.execute(select(cases).where(cases.c.journal == own, cases.c.fact == fact_id)).one_or_none()
    of_case = select(cases.c.fact).where(cases.c.fair == fair.id, cases.c.case == case)
    if (row is not None and row.case != case) or any(one != fact_id for one in tx.execute(of_case).scalars()):
        raise Problem(FACT_CONFLICT)
    return row


def _file(
    tx: Connection,
    fair: Fair,
    sheet: Sheet,
    session: Session,
    own: str,
    fact_id: str,
    body: ComplaintFiled,
    blob: bytes,
    day: str,
) -> Row[Any]:
    blobs.keep(tx, blob, hub().clock.now())
    keyed = SheetKeyed(number=sheet.number, kind="complaint", day=day)
    append(tx, fair, keyed, sheet.desk, session, papers.keyed_id(own, sheet.number))
    append(tx, fair, body, sheet.desk, session, fact_id)
    return tx.execute(select(cases).where(cases.c.journal == own, cases.c.fact == fact_id)).one()


def _receipt(fair: Fair, posted: Posted, row: Row[Any]) -> Response:
    """With the query code, which only this form knows, if it is that of what was filed."""
    here = hub()
    filed = Filed(row.desk, row.case, row.at, row.matter, row.standing, row.blob)
    slip = signed(here.key, fair.id, here.config.public_url, filed)
    is_right = keys.is_password(row.code or None, crockford.normal(posted.query))
    with reading() as tx:
        calendar = calendar_of(tx)
    page = ReceiptPage.of(fair, filed, row.intake, slip, posted.query if is_right else "", calendar)
    return web.page("hub/papers/receipt.html", page=page, fair=fair)


def _complaint_page(fair: Fair, sheet: Sheet, posted: Posted, days: Days, day: str) -> Response:
    of_form = {**posted.values, "form": fair.form}
    page = ComplaintPage(
        fair=fair,
        sheet=sheet,
        place=place_of(fair, sheet.desk),
        values=posted.values,
        faults=posted.faults,
        here=tuple(field.name for field in form_rules.FIELDS if _may_be_asked(field.name, of_form)),
        matter=posted.matter,
        fact_id=posted.fact_id,
        case=posted.case,
        query=posted.query,
        day=day,
        today=today().isoformat(),
        days=days,
        organiser=fair.organiser,
        was=sheet.step,
    )
    return web.page("hub/papers/complaint.html", 422 if posted.faults else 200, page=page, fair=fair)


def _may_be_asked(name: str, values: Mapping[str, str]) -> bool:
    """Whether a field is on the form of this year, whatever else was said."""
    return values["form"] == "2026" or name not in _OF_2026


#: Fields the form of 2019 does not ask for.
_OF_2026 = frozenset(
    field.name
    for field in form_rules.FIELDS
    if not any(
        field.asked({**told, "matter": matter, "form": "2019"})
        for matter in ("complaint", "report")
        for told in ({}, {"anonymous": "no"}, {"consumer": "minor"}, {"consumer": "other"})
    )
)
