"""Pages: the register of cases, filtered, by what is due, and by a phone number.

It reads `complaints` alone, by index.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, true

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import SEAL_LOCKED, Problem
from kiosk.facts.complaints import normal_case_number
from kiosk.facts.lives import PHASES
from kiosk.hub import cases, people, phonebook, transfers
from kiosk.hub.calendars import calendar_of
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES, Session
from kiosk.hub.tables import blobs
from kiosk.hub.tables import complaints as table
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.deadlines import Deadline, Thresholds, deadline, thresholds
from kiosk.workdays import Calendar

views = Blueprint("register", __name__)
_PAGE = 50  # rows
_NEWEST_FIRST: Sequence[Any] = (table.c.at.desc(), table.c.case.desc())
_LONGEST_FIRST: Sequence[Any] = (table.c.clock_from, table.c.case)


class Wanted(msgspec.Struct, frozen=True):
    """Which cases are looked at; what is empty is not chosen by."""

    state: str = ""  # a phase, "open" for all that are not over, or ""
    due: str = ""  # "overdue", "soon" or ""
    matter: str = ""
    venue: str = ""
    unit: str = ""
    handler: str = ""
    day: str = ""
    text: str = ""
    page: int = 1

    def address(self, **changes: Any) -> str:
        """The part of an address after the `?` that asks for the same with some changes."""
        told = {**msgspec.structs.asdict(self), "page": 1, **changes}
        return urlencode({name: value for name, value in told.items() if value not in ("", 1)})

    @property
    def is_filtered(self) -> bool:
        """Whether anything but what is due is chosen by."""
        return bool(self.address(due=""))

    @property
    def is_any(self) -> bool:
        """Whether anything is chosen by."""
        return bool(self.address())


class CaseRow(msgspec.Struct, frozen=True):
    case: str
    at: str
    matter: str
    venue: Text
    desk: Text
    channel: str
    standing: str
    state: str
    outcome: str
    unit: str  # its name
    handler: str  # the person's name
    deadline: Deadline | None
    arrived: bool
    erased: str  # the day its content was deleted because its time was over; empty while it is kept
    opened: int


class RegisterPage(msgspec.Struct, frozen=True):
    fair: Fair
    wanted: Wanted
    rows: list[CaseRow]
    total: int
    overdue: int
    soon: int
    waiting: int  # passed on, and not known to have arrived
    can_search: bool
    handlers: Sequence[tuple[str, str]]  # id, name
    is_searched: bool = False  # by phone
    is_partial: bool = False  # some content is not in the index yet

    @property
    def pages(self) -> int:
        return web.pages_of(self.total, _PAGE)


# --- pages ----------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/complaints")
def moved_list(fair_id: str) -> Response:
    signed_in()
    return web.see_other("register.listing", fair_id=fair_id)


@views.get("/fairs/<fair_id>/cases")
def listing(fair_id: str) -> Response:
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        wanted = _wanted(request.args)
        page = _register(tx, fair, session, wanted, [_chosen(fair, wanted)])
    return web.page("hub/cases/list.html", page=page, fair=fair, states=PHASES)


@views.post("/fairs/<fair_id>/cases/find")
def find_by_phone(fair_id: str) -> Response:
    """Search by a phone number, which is posted and stands in no address. A handler finds only what is theirs."""
    posted = web.read_form("phone", limit=40)
    with acting(*KEY_ROLES) as (tx, session):
        if session.key is None:
            raise Problem(SEAL_LOCKED)
        fair = find_fair(tx, fair_id)
        phonebook.index_more(tx, hub(), session.key)
        found = phonebook.with_phone(tx, fair.id, session.key, posted["phone"])
        page = _register(tx, fair, session, Wanted(), [table.c.case.in_(found), _shown(session)])
        page = msgspec.structs.replace(page, is_searched=True, is_partial=phonebook.unindexed(tx, fair.id))
    return web.page("hub/cases/list.html", page=page, fair=fair, states=PHASES)


def _shown(session: Session) -> ColumnElement[bool]:
    """Whose cases a telephone number leads to: no fact tells of a search, so nobody learns by one who complained."""
    person = session.person
    return true() if person.may("supervisor") or person.may("intake") else table.c.handler == person.id


# --- what is asked for ----------------------------------------------------------------------------


def _wanted(args: Mapping[str, str]) -> Wanted:
    told = {name: args.get(name, "")[:80] for name in Wanted.__struct_fields__ if name != "page"}
    told = {name: "" if "\x00" in value else value for name, value in told.items()}
    typed = told["text"]
    return Wanted(**{**told, "text": normal_case_number(typed) or typed.strip().upper()}, page=web.read_page())


def _chosen(fair: Fair, wanted: Wanted) -> ColumnElement[bool]:
    """What is asked for, but for what is due. What cannot be is nothing."""
    found: list[ColumnElement[bool]] = []
    if wanted.state == "open":
        found.append(table.c.state.not_in(cases.OVER))
    elif wanted.state:
        found.append(table.c.state == wanted.state)
    if wanted.venue:
        found.append(table.c.desk.in_([desk.id for desk in fair.desks if desk.venue == wanted.venue]))
    for name, value in (
        ("matter", wanted.matter), ("unit", wanted.unit), ("handler", wanted.handler), ("day", wanted.day),
        ("case", wanted.text),
    ):  # fmt: skip
        if value:
            found.append(table.c[name] == value)
    return and_(*found) if found else true()


def _ranges(lines: Mapping[str, Thresholds], due: str) -> list[ColumnElement[bool]]:
    """The cases whose time is over, or will be soon: one stretch of the index a clock, shortest time first."""
    found = []
    for key in ("decide", "tell", "mediate"):
        stretch = [
            table.c.clock == key,
            table.c.clock_from <= (lines[key].overdue if due == "overdue" else lines[key].soon),
        ]
        found.append(and_(*stretch) if due == "overdue" else and_(*stretch, table.c.clock_from > lines[key].overdue))
    return found


# --- what is found --------------------------------------------------------------------------------


def _register(
    tx: Connection, fair: Fair, session: Session, wanted: Wanted, chosen: list[ColumnElement[bool]]
) -> RegisterPage:
    calendar, of_fair = calendar_of(tx), table.c.fair == fair.id
    lines = thresholds(today(), calendar)
    due = {which: [[of_fair, one] for one in _ranges(lines, which)] for which in ("overdue", "soon")}
    counts = {which: [_count(tx, *one) for one in stretches] for which, stretches in due.items()}
    if wanted.due in due:
        stretches, order = [[*one, *chosen] for one in due[wanted.due]], _LONGEST_FIRST
        sizes = [_count(tx, *one) for one in stretches] if wanted.is_filtered else counts[wanted.due]
    else:
        stretches, order = [[of_fair, *chosen]], _NEWEST_FIRST
        sizes = [_count(tx, *stretches[0])]
    return RegisterPage(
        fair=fair,
        wanted=wanted,
        rows=_rows(tx, fair, _page_of(tx, fair, stretches, sizes, order, wanted.page), calendar),
        total=sum(sizes),
        overdue=sum(counts["overdue"]),
        soon=sum(counts["soon"]),
        waiting=transfers.waiting(tx, fair),
        can_search=session.key is not None,
        handlers=people.handlers(tx),
    )


def _count(tx: Connection, *chosen: ColumnElement[bool]) -> int:
    return int(tx.execute(select(func.count()).select_from(table).where(*chosen)).scalar_one())


def _page_of(
    tx: Connection,
    fair: Fair,
    stretches: Sequence[list[ColumnElement[bool]]],
    sizes: Sequence[int],
    order: Sequence[Any],
    page: int,
) -> list[Row[Any]]:
    """The rows of one page of some stretches, one after the other. First their numbers, from the index alone."""
    skip, numbers = (page - 1) * _PAGE, list[str]()
    for chosen, size in zip(stretches, sizes, strict=True):
        wanted = _PAGE - len(numbers)
        if skip < size and wanted:
            query = select(table.c.case).where(*chosen).order_by(*order).limit(wanted).offset(skip)
            numbers += tx.execute(query).scalars()
        skip = max(skip - size, 0)
    place = {number: at for at, number in enumerate(numbers)}
    of_them = (table.c.fair == fair.id) & table.c.case.in_(numbers)
    return sorted(tx.execute(select(table).where(of_them)), key=lambda row: place[row.case])


def _rows(tx: Connection, fair: Fair, rows: Sequence[Row[Any]], calendar: Calendar) -> list[CaseRow]:
    names, units, wanted = people.names(tx), fair.unit_names(web.language()), [row.blob for row in rows]
    here = set(tx.execute(select(blobs.c.sha256).where(blobs.c.sha256.in_(wanted))).scalars())
    gone = cases.erased_days(tx, wanted)
    times = cases.opened(tx, fair.id, [row.case for row in rows])
    found = []
    for row in rows:
        venue, desk = cases.place(fair, row.desk)
        found.append(
            CaseRow(
                case=row.case,
                at=to_minute(row.at)[5:],
                matter=row.matter,
                venue=venue,
                desk=desk,
                channel=row.channel,
                standing=row.standing,
                state=row.state,
                outcome=row.outcome,
                unit=units.get(row.unit, row.unit),
                handler=names.get(row.handler, row.handler),
                deadline=deadline(row.clock, row.clock_from, today(), calendar),
                arrived=row.blob in here,
                erased=gone.get(row.blob, ""),
                opened=times[row.case],
            )
        )
    return found
