"""Pages: sheets of paper with numbers of their own, printed here, keyed in once each, and accounted for to the last.

A sheet that is void or blank and turns up after all may still be keyed in; one that was keyed in stays as it was, and
what is wrong in it is put right by corrections.
"""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, func, select

from kiosk import crockford, web
from kiosk.clock import to_minute
from kiosk.errors import (
    FIELD_INVALID,
    PAPER_ELSEWHERE,
    PAPER_FULL,
    PAPER_MANY,
    PAPER_NUMBER,
    PAPER_RANGE,
    PAPER_TAKEN,
    PAPER_UNKNOWN,
    SHEET_EMPTY,
    Problem,
)
from kiosk.facts import complaints as form_rules
from kiosk.facts import papers
from kiosk.facts.complaints import NOTICE_VERSION, clean
from kiosk.facts.kinds import Body
from kiosk.facts.papers import (
    KINDS,
    LAST_NUMBER,
    REASON_LIMIT,
    SheetBlank,
    SheetKind,
    SheetPrinted,
    SheetVoided,
    write_number,
)
from kiosk.hub import journal, people
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair, hold_fair, hold_journal
from kiosk.hub.people import Session
from kiosk.hub.tables import sheets
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.model import Text
from kiosk.reports.counters import counters_of
from kiosk.values import derived_id

views = Blueprint("papers", __name__)
#: Sheets printed at once, of them so many a desk; set aside as blank at once.
MOST_PRINTED, MOST_COPIES, MOST_BLANK = 300, 50, 300
_SHOWN = 12  # open numbers a desk shows before the rest folds away
#: The columns of a desk that does not say when it is open.
_USUAL_HOURS = range(8, 19)
_FIRST_COPIES = "3"
_DESKS = 40  # on a page of the balance


class Sheet(msgspec.Struct, frozen=True):
    """One sheet, and what became of it."""

    fair: str
    number: int
    kind: SheetKind
    desk: str
    notice: str
    step: str = ""  # "keyed", "voided", "blank"; "" while it is out there
    seq: int = 0  # of the fact that says so
    person: str = ""
    at: str = ""
    day: str = ""
    reason: str = ""

    @property
    def code(self) -> str:
        """The number as it stands on paper."""
        return write_number(self.fair, self.number)


class SheetRow(msgspec.Struct, frozen=True):
    """One row of a tally sheet."""

    field: str  # "n" or, for whole bundles, "b"
    counter: str
    name: Text
    unit: Text
    each: int  # what one stroke stands for

    def at(self, hour: int) -> str:
        """The name of a cell."""
        return f"{self.field}.{hour}.{self.counter}"


class DeskBalance(msgspec.Struct, frozen=True):
    desk: Desk
    venue: Venue
    printed: int
    keyed: int
    voided: int
    blank: int
    open: list[Sheet]  # in order of their numbers

    @property
    def is_even(self) -> bool:
        return self.printed == self.keyed + self.voided + self.blank


class PapersPage(msgspec.Struct, frozen=True):
    fair: Fair
    balances: list[DeskBalance]  # desks with sheets
    fact_id: str
    may_print: bool
    most_copies: int
    number: int  # of the page
    limits: Mapping[str, int]
    problem: str = ""
    of: str = ""  # the form the problem is of: "find", "print", "void" or "blank"
    typed: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def pages(self) -> int:
        return web.pages_of(len(self.balances), _DESKS)

    @property
    def shown(self) -> list[DeskBalance]:
        """The desks of this page."""
        return self.balances[(self.number - 1) * _DESKS : self.number * _DESKS]

    @property
    def sums(self) -> dict[str, int]:
        found = {
            name: sum(getattr(one, name) for one in self.balances) for name in ("printed", "keyed", "voided", "blank")
        }
        return {**found, "open": sum(len(one.open) for one in self.balances)}


class AskPage(msgspec.Struct, frozen=True):
    """What is about to be set aside for good, for somebody to look at once more."""

    fair: Fair
    what: str  # "void" or "blank"
    typed: Mapping[str, str]
    desks: list[tuple[Text, list[str]]]  # place → its sheets' numbers
    passed: int = 0  # sheets of the range that were dealt with before, and stay so
    shown: int = _SHOWN  # numbers a desk shows before the rest folds away

    @property
    def count(self) -> int:
        return sum(len(codes) for _, codes in self.desks)


class PrintedSheet(msgspec.Struct, frozen=True):
    number: int
    code: str
    kind: SheetKind
    desk: Desk
    venue: Venue
    address: str  # what its QR code says
    rows: list[SheetRow]
    hours: list[int]
    notice: str


class PrintPage(msgspec.Struct, frozen=True):
    fair: Fair
    sheets: list[PrintedSheet]
    requests: Sequence[str]


# --- the balance ----------------------------------------------------------------------------------------


def open_sheets(tx: Connection, fair: Fair, day: str) -> dict[str, int]:
    """Desk → sheets printed up to a day that are neither keyed in nor void nor blank; desks with none left out."""
    found: dict[str, int] = {}
    for one in _all_sheets(tx, fair, day):
        if not one.step:
            found[one.desk] = found.get(one.desk, 0) + 1
    return found


def has_open_tallies(tx: Connection, fair: Fair) -> bool:
    """Whether a tally sheet is out there that may still be keyed in."""
    return any(one.kind == "tally" and not one.step for one in _all_sheets(tx, fair))


def _all_sheets(tx: Connection, fair: Fair, day: str = "9999-12-31") -> Iterable[Sheet]:
    rows = tx.execute(select(sheets).where(sheets.c.fair == fair.id).order_by(sheets.c.seq)).all()
    fates: dict[int, Row[Any]] = {}
    for row in rows:
        if row.step != "printed" and (row.first not in fates or row.step == "keyed"):
            fates[row.first] = row
    for series in rows:
        if series.step == "printed" and series.at[:10] <= day:
            for number in range(series.first, series.last + 1):
                yield _sheet(fair, number, series, fates.get(number))


def _sheet(fair: Fair, number: int, series: Row[Any], fate: Row[Any] | None) -> Sheet:
    sheet = Sheet(fair.id, number, series.kind, series.desk, series.more)
    if fate is None:
        return sheet
    return msgspec.structs.replace(
        sheet, step=fate.step, seq=fate.seq, person=fate.person, at=fate.at, day=fate.day, reason=fate.more
    )


def find_sheet(tx: Connection, fair: Fair, typed: str) -> Sheet:
    """The sheet of a number as people type it. Raises `paper.number`, `paper.elsewhere` or `paper.unknown`."""
    number = papers.read_number(fair.id, typed)
    if number is None:
        raise Problem(PAPER_NUMBER, number=clean(typed)[:20])
    code = crockford.hyphenated(crockford.normal(unicodedata.normalize("NFKC", typed)))
    if number == 0:
        raise Problem(PAPER_ELSEWHERE, number=code)
    of_it = (sheets.c.fair == fair.id, sheets.c.first <= number, sheets.c.last >= number)
    rows = tx.execute(select(sheets).where(*of_it).order_by(sheets.c.seq)).all()
    series = next((row for row in rows if row.step == "printed"), None)
    if series is None:
        raise Problem(PAPER_UNKNOWN, number=code)
    fates = [row for row in rows if row.step != "printed"]
    return _sheet(
        fair, number, series, next((row for row in fates if row.step == "keyed"), fates[0] if fates else None)
    )


def _balances(tx: Connection, fair: Fair) -> list[DeskBalance]:
    by_desk: dict[str, list[Sheet]] = {}
    for one in _all_sheets(tx, fair):
        by_desk.setdefault(one.desk, []).append(one)
    found = []
    for desk in fair.desks:
        steps = [one.step for one in by_desk.get(desk.id, [])]
        if steps:
            open_ = [one for one in by_desk[desk.id] if not one.step]
            keyed, voided, left_blank = (steps.count(step) for step in ("keyed", "voided", "blank"))
            balance = DeskBalance(desk, fair.venue(desk.venue), len(steps), keyed, voided, left_blank, open_)
            found.append(balance)
    return found


@views.get("/fairs/<fair_id>/papers")
def listing(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        return _listing(tx, fair)


def _listing(
    tx: Connection, fair: Fair, problem: Problem | None = None, of: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    balances = _balances(tx, fair)
    page = PapersPage(
        fair=fair,
        balances=balances,
        fact_id=secrets.token_hex(16),
        may_print=signed_in().person.may("organiser"),
        most_copies=MOST_COPIES,
        number=web.read_page(web.pages_of(len(balances), _DESKS)),
        limits={"reason": REASON_LIMIT, "shown": _SHOWN},
        problem=problem.sentence(web.language()) if problem else "",
        of=of,
        typed=typed or {"copies": _FIRST_COPIES},
    )
    status = 422 if "fault" in page.typed else problem.status if problem else 200
    return web.page("hub/papers/list.html", status, page=page, fair=fair)


@views.get("/fairs/<fair_id>/papers/find")
def find(fair_id: str) -> Response:
    """From a number as it was typed, or as a scanner typed the address behind it, to its sheet."""
    signed_in()
    typed = request.args.get("number", "")[:400].strip().rpartition("/")[2]
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        if not typed:
            return _listing(tx, fair)
        try:
            sheet = find_sheet(tx, fair, typed)
        except Problem as problem:
            return _listing(tx, fair, problem, "find", {"number": clean(typed)[:40], "copies": _FIRST_COPIES})
    return web.see_other("keying.show", fair_id=fair.id, sheet=sheet.code)


# --- printing ---------------------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/papers/print")
def reserve(fair_id: str) -> Response:
    """Numbers for some sheets of some desks. Sent twice they are the same. Raises `fair.elsewhere`."""
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    form = web.read_form("id", "kind", "copies", optional=[f"desk.{desk.id}" for desk in fair.desks])
    form_id, kind = web.read_id(form, "id"), web.read_choice(form, "kind", KINDS)
    with acting("organiser") as (tx, session):
        hold_fair(tx, fair_id)  # another hub gives out the numbers of its own fairs
        fair, own = hold_journal(tx, fair_id)
        chosen = [desk.id for desk in fair.desks if form.get(f"desk.{desk.id}") == "yes"]
        try:
            first, last = _reserved(tx, fair, own, session, form_id, kind, chosen, _copies(form["copies"]))
        except Problem as problem:
            if problem.kind not in (SHEET_EMPTY, PAPER_MANY, PAPER_FULL):
                raise
            return _listing(tx, fair, problem, "print", form)
    return web.see_other("papers.on_paper", fair_id=fair.id, first=first, last=last)


def _copies(text: str) -> int:
    """Raises `paper.many` for what is no number of copies."""
    bare = unicodedata.normalize("NFKC", text).strip()
    if not (bare.isascii() and bare.isdigit() and len(bare) < 4 and 1 <= int(bare) <= MOST_COPIES):
        raise Problem(PAPER_MANY, most=MOST_COPIES)
    return int(bare)


def _reserved(
    tx: Connection,
    fair: Fair,
    own: str,
    session: Session,
    form_id: str,
    kind: SheetKind,
    chosen: Sequence[str],
    copies: int,
) -> tuple[int, int]:
    """First and last number. Raises `sheet.empty`, `paper.many` or `paper.full`."""
    ids = [derived_id(b"kiosk/sheets-printed/1/%d" % nth, form_id) for nth, _ in enumerate(chosen)]
    of_form = select(sheets).where(sheets.c.journal == own, sheets.c.fact.in_(ids)).order_by(sheets.c.first)
    there = tx.execute(of_form).all()
    if there:
        return there[0].first, there[-1].last
    if not chosen:
        raise Problem(SHEET_EMPTY)
    if len(chosen) * copies > MOST_PRINTED:
        raise Problem(PAPER_MANY, most=MOST_PRINTED)
    taken = tx.execute(select(func.max(sheets.c.last)).where(sheets.c.fair == fair.id)).scalar() or 0
    if taken + len(chosen) * copies > LAST_NUMBER:
        raise Problem(PAPER_FULL)
    notice = NOTICE_VERSION if kind == "complaint" else ""
    for nth, desk in enumerate(chosen):
        first = taken + nth * copies + 1
        body = SheetPrinted(kind=kind, first=first, last=first + copies - 1, notice=notice)
        append(tx, fair, body, desk, session, ids[nth])
    return taken + 1, taken + len(chosen) * copies


@views.get("/fairs/<fair_id>/papers/print")
def on_paper(fair_id: str) -> Response:
    """Sheets as they are printed; again after a jam, under the same numbers."""
    signed_in("organiser")
    first, last = (_digits(request.args.get(name, "")) for name in ("first", "last"))
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        last = min(last, first + MOST_PRINTED - 1)
        series = (
            select(sheets)
            .where(sheets.c.fair == fair.id, sheets.c.step == "printed", sheets.c.first <= last, sheets.c.last >= first)
            .order_by(sheets.c.first)
        )
        found = [
            _printed(fair, row, number)
            for row in tx.execute(series)
            for number in range(max(first, row.first), min(last, row.last) + 1)
        ]
    if not found:
        return web.see_other("papers.listing", fair_id=fair.id)
    return web.page("hub/papers/print.html", page=PrintPage(fair, found, form_rules.REQUESTS), fair=fair)


def _digits(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _printed(fair: Fair, row: Row[Any], number: int) -> PrintedSheet:
    desk, code = desk_of(fair, row.desk), write_number(fair.id, number)
    address = f"{hub().config.public_url.rstrip('/')}/fairs/{fair.id}/papers/sheets/{code}"
    return PrintedSheet(
        number, code, row.kind, desk, fair.venue(desk.venue), address, rows_at(fair, desk), hours_at(desk), row.more
    )


def desk_of(fair: Fair, desk_id: str) -> Desk:
    """Of a sheet. One that the fair does not have any more goes by its id, at the first venue."""
    gone = Desk(desk_id, fair.venues[0].id, "advice", Text(desk_id, desk_id))
    return next((desk for desk in fair.desks if desk.id == desk_id), gone)


def rows_at(fair: Fair, desk: Desk) -> list[SheetRow]:
    """The rows of a tally sheet: of what comes in bundles one for whole ones, one for the rest."""
    found = []
    for one in counters_of(fair, desk):
        if one.bundle:
            whole = Text(f"{one.name.zh}（整捆，每捆{one.bundle}）", f"{one.name.en} (bundles of {one.bundle})")
            loose = Text(f"{one.name.zh}（零散）", f"{one.name.en} (loose)")
            found += [
                SheetRow("b", one.id, whole, Text("捆", "bundles"), one.bundle),
                SheetRow("n", one.id, loose, one.unit, 1),
            ]
        else:
            found.append(SheetRow("n", one.id, one.name, one.unit, 1))
    return found


def hours_at(desk: Desk) -> list[int]:
    """The columns: from the hour it opens to the one after it closes."""
    if not (desk.opens and desk.closes) or desk.closes < desk.opens:
        return list(_USUAL_HOURS)
    return list(range(int(desk.opens[:2]), min(23, int(desk.closes[:2]) + 1) + 1))


# --- void and blank -----------------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/papers/void")
def void(fair_id: str) -> Response:
    """One spoiled or lost sheet, and why: first which it is, then for good with `sure`."""
    form = web.read_form("number", "reason", optional=("sure",))
    reason = clean(form["reason"])
    with acting("organiser") as (tx, session):
        fair, own = hold_journal(tx, fair_id)
        try:
            sheet = find_sheet(tx, fair, form["number"])
            if sheet.step and (sheet.step, sheet.person, sheet.reason) != ("voided", session.person.id, reason):
                raise taken(tx, fair, sheet)
        except Problem as problem:
            return _listing(tx, fair, problem, "void", form)
        fault = web.text_fault(reason, REASON_LIMIT)
        if fault:
            return _listing(tx, fair, Problem(FIELD_INVALID, field="reason"), "void", {**form, "fault": fault})
        if not sheet.step and form["sure"] != "1":
            return _ask(fair, "void", {"number": sheet.code, "reason": reason}, [sheet])
        if not sheet.step:
            body = SheetVoided(number=sheet.number, reason=reason)
            append(tx, fair, body, sheet.desk, session, papers.set_aside_id(own, sheet.number))
    return web.see_other("papers.listing", fair_id=fair.id)


@views.post("/fairs/<fair_id>/papers/blank")
def blank(fair_id: str) -> Response:
    """Sheets nobody wrote on: one, or all from one number to another that are still open; for good with `sure`."""
    form = web.read_form("first", optional=("last", "sure"))
    with acting("organiser") as (tx, session):
        fair, own = hold_journal(tx, fair_id)
        try:
            meant = _meant(tx, fair, form["first"], form["last"] or form["first"])
        except Problem as problem:
            return _listing(tx, fair, problem, "blank", form)
        left = [one for one in meant if not one.step]
        if left and form["sure"] != "1":
            typed = {"first": meant[0].code, "last": meant[-1].code}
            return _ask(fair, "blank", typed, left, len(meant) - len(left))
        for sheet in left:
            body = SheetBlank(number=sheet.number)
            append(tx, fair, body, sheet.desk, session, papers.set_aside_id(own, sheet.number))
    return web.see_other("papers.listing", fair_id=fair.id)


def _ask(fair: Fair, what: str, typed: Mapping[str, str], meant: Iterable[Sheet], passed: int = 0) -> Response:
    by_desk: dict[str, list[str]] = {}
    for sheet in meant:
        by_desk.setdefault(sheet.desk, []).append(sheet.code)
    desks = [(place_of(fair, desk), codes) for desk, codes in by_desk.items()]
    return web.page("hub/papers/ask.html", page=AskPage(fair, what, typed, desks, passed), fair=fair)


def place_of(fair: Fair, desk_id: str) -> Text:
    desk = desk_of(fair, desk_id)
    venue = fair.venue(desk.venue)
    return Text(f"{venue.name.zh} · {desk.name.zh}", f"{venue.name.en} · {desk.name.en}")


def _meant(tx: Connection, fair: Fair, first: str, last: str) -> list[Sheet]:
    """All of a range. Raises `paper.*`; `paper.taken` where one number is meant that is none of them."""
    begins, ends = find_sheet(tx, fair, first), find_sheet(tx, fair, last)
    if begins.number == ends.number and begins.step not in ("", "blank"):
        raise taken(tx, fair, begins)
    meant = range(begins.number, ends.number + 1)
    found = [one for one in _all_sheets(tx, fair) if one.number in meant]
    if not found or len(found) != len(meant) or len(found) > MOST_BLANK:
        raise Problem(PAPER_RANGE, most=MOST_BLANK)
    return found


def taken(tx: Connection, fair: Fair, sheet: Sheet) -> Problem:
    """That a sheet was dealt with before: what was done, by whom and when."""
    said = {
        "keyed": Text("录入", "keyed in"),
        "voided": Text("作废", "void"),
        "blank": Text("登记为空白", "left blank"),
    }
    who = people.names_at(tx, fair.id).get(sheet.person, sheet.person)
    return Problem(
        PAPER_TAKEN, number=sheet.code, who=who, at=to_minute(sheet.at), what=said[sheet.step].in_(web.language())
    )


def append(tx: Connection, fair: Fair, body: Body, desk: str, session: Session, fact_id: str) -> None:
    here = hub()
    journal.append(
        tx, fair.id, body,
        desk=desk, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(), fact_id=fact_id,
    )  # fmt: skip
