"""Pages: the close of a day at the hub: desk by desk what is here, what is missing, and which tablets came back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Select, func, select

from kiosk import web
from kiosk.clock import stamp
from kiosk.errors import FIELD_INVALID, Problem
from kiosk.facts import envelope
from kiosk.facts.clocks import Clocks
from kiosk.facts.days import HOUSEKEEPING
from kiosk.facts.devices import TabletLent, TabletReturned
from kiosk.hub import completeness, journal, papers, people, presences, shifts, stocks
from kiosk.hub.completeness import BoothRow
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import custody, devices, facts, journals, totals
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.model import Text

views = Blueprint("closings", __name__)
#: What a desk may lack, in the order in which it is put right.
LACKS = ("closed", "facts", "stock", "shifts", "sheets", "tablet")

_PAGE = 60  # desks
#: How far back from the end of a journal its closing is looked for: behind it come only locks and clocks.
_NEAR = 8


class TabletRow(msgspec.Struct, frozen=True):
    """A tablet in use at a desk."""

    booth: BoothRow
    is_closed: bool
    has_slip: bool
    is_returned: bool

    @property
    def is_whole(self) -> bool:
        """Everything it is known to hold is here, and nobody has to look into it."""
        row = self.booth
        return row.state not in ("behind", "forked") and not row.absent and not row.blobs


class DeskRow(msgspec.Struct, frozen=True):
    desk: Desk
    venue: Venue
    tablets: list[TabletRow]
    stock: list[stocks.StockRow]  # that lack something
    has_stock: bool
    open_shifts: list[str]  # names
    sheets: int

    @property
    def lacks(self) -> list[str]:
        found = {
            "closed": any(not one.is_closed for one in self.tablets),
            "facts": any(not one.is_whole for one in self.tablets),
            "stock": bool(self.stock),
            "shifts": bool(self.open_shifts),
            "sheets": self.sheets > 0,
            "tablet": any(not one.is_returned for one in self.tablets),
        }
        return [lack for lack in LACKS if found[lack]]

    @property
    def is_idle(self) -> bool:
        return not self.tablets and not self.has_stock and not self.lacks


class ClosePage(msgspec.Struct, frozen=True):
    fair: Fair
    day: str
    days: list[str]
    sentence: str
    is_done: bool
    show: str  # "all" or "care"
    venue: str  # only desks of this venue, or ""
    care: int  # desks that lack something; of that venue
    venues: list[tuple[Venue, list[DeskRow]]]  # of this page
    idle: int  # desks without a tablet at which nothing is to be done: not listed
    may_act: bool
    number: int  # of the page
    pages: int

    @property
    def query(self) -> str:
        """What of the address says which rows are shown, but for the page."""
        show = "care" if self.show == "care" else ""
        parts = (("day", self.day), ("venue", self.venue), ("show", show))
        return "&".join(f"{name}={value}" for name, value in parts if value)


@views.get("/fairs/<fair_id>/close")
def close(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        page = _page(tx, find_fair(tx, fair_id))
    return web.page("hub/closings/close.html", page=page, fair=page.fair)


@views.post("/fairs/<fair_id>/close/tablets")
def custody_of(fair_id: str) -> Response:
    """A tablet came back, or it went out again. The same touch again changes nothing."""
    form = web.read_form("device", "state", optional=("day", "show", "venue", "page"))
    device = web.read_id(form, "device")
    state = web.read_choice(form, "state", ("returned", "lent"))
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        journal.lock(tx, fair.id)
        of_fair = select(devices.c.desk).where(devices.c.fair == fair.id, devices.c.device == device)
        desk = tx.execute(of_fair).scalar()
        if desk is None:
            raise Problem(FIELD_INVALID, field="device")
        now, mono = hub().clock.now(), hub().clock.monotonic()
        is_back = device in returned(tx, fair, stamp(now)[:10])
        if is_back != (state == "returned"):
            body = TabletReturned(device=device) if state == "returned" else TabletLent(device=device)
            journal.append(tx, fair.id, body, desk=desk, by=session.person.id, now=now, mono=mono)
    told = {name: form[name] for name in ("day", "show", "venue", "page") if form[name]}
    return web.see_other("closings.close", fair_id=fair.id, **told)


def returned(tx: Connection, fair: Fair, day: str) -> set[str]:
    """Tablets that were handed back on a day or after it, and did not go out again."""
    rows = tx.execute(select(custody).where(custody.c.fair == fair.id).order_by(custody.c.seq))
    newest = {row.device: row for row in rows}
    return {device for device, row in newest.items() if row.state == "returned" and row.at[:10] >= day}


def _page(tx: Connection, fair: Fair) -> ClosePage:
    days = _days(tx, fair)
    asked, now = request.args.get("day", ""), today().isoformat()
    day = asked if asked in days else now if now in days or not days else days[0]
    rows = desks_of(tx, fair, day)
    show = "care" if request.args.get("show") == "care" else "all"
    venue = next((one.id for one in fair.venues if one.id == request.args.get("venue")), "")
    of_venue = [row for row in rows if venue in ("", row.venue.id)]
    order = {one.id: place for place, one in enumerate(fair.venues)}
    listed = [row for row in of_venue if row.lacks or (show == "all" and not row.is_idle)]
    listed.sort(key=lambda row: order[row.venue.id])
    pages = web.pages_of(len(listed), _PAGE)
    number = web.read_page(pages)
    shown = listed[(number - 1) * _PAGE : number * _PAGE]
    return ClosePage(
        fair=fair,
        day=day,
        days=days[:30],
        sentence=sentence(rows, web.language()),
        is_done=not any(row.lacks for row in rows) and any(row.tablets for row in rows),
        show=show,
        venue=venue,
        care=sum(bool(row.lacks) for row in of_venue),
        venues=[(some[0].venue, some) for _id, found in groupby(shown, lambda row: row.venue.id) if (some := [*found])],
        idle=sum(row.is_idle for row in of_venue) if show == "all" and number == pages else 0,
        may_act=signed_in().person.may("organiser"),
        number=number,
        pages=pages,
    )


def _days(tx: Connection, fair: Fair) -> list[str]:
    """Days on which something happened, the newest first, and today where the fair is on."""
    found = set(tx.execute(select(totals.c.day).where(totals.c.fair == fair.id).distinct()).scalars())
    now = today().isoformat()
    return sorted(found | ({now} if fair.starts <= now <= fair.ends else set()), reverse=True)


def desks_of(tx: Connection, fair: Fair, day: str) -> list[DeskRow]:
    """Every desk of the fair with what a day's close still lacks."""
    here = hub()
    booths: dict[str, list[BoothRow]] = defaultdict(list)
    for row in completeness.booths(tx, fair, here.clock.now(), here.pack.version):
        if row.device and row.use == "active":
            booths[row.desk.id].append(row)
    back, names = returned(tx, fair, day), people.names_at(tx, fair.id)
    closed = closed_journals(tx, fair, day)
    stock: dict[str, list[stocks.StockRow]] = defaultdict(list)
    for one in stocks.rows_of(tx, fair, day):
        stock[one.desk].append(one)
    unended = shifts.open_desks(presences.all_shifts(tx, fair.id), day)
    sheets = papers.open_sheets(tx, fair, day)
    venues = {venue.id: venue for venue in fair.venues}
    return [
        DeskRow(
            desk=desk,
            venue=venues[desk.venue],
            tablets=[_tablet(row, day, back, closed) for row in booths[desk.id]],
            stock=[one for one in stock[desk.id] if one.lack],
            has_stock=bool(stock[desk.id]),
            open_shifts=list(dict.fromkeys(names.get(one.volunteer, one.volunteer) for one in unended[desk.id])),
            sheets=sheets.get(desk.id, 0),
        )
        for desk in fair.desks
    ]


def _tablet(row: BoothRow, day: str, back: set[str], closed: set[str]) -> TabletRow:
    has_slip = row.slip is not None and row.slip.state == "agrees" and row.slip.day >= day
    return TabletRow(
        booth=row,
        is_closed=row.journal in closed or (row.closed is not None and row.closed >= day),
        has_slip=has_slip,
        is_returned=row.device in back,
    )


def closed_journals(tx: Connection, fair: Fair, day: str) -> set[str]:
    """Journals of tablets that closed a day, by the hub's time, and recorded nothing that counts on it afterwards.

    Of a day that is over it is enough that they closed it: what they did since is another day's.
    """
    dates = presences.clocks_of(tx, fair.id)
    found = {name for name, line in _endings(tx, fair) if _closed_on(line, dates.get(name)) >= day}
    if day < today().isoformat():
        rows = tx.execute(_closings(fair).where(journals.c.journal.not_in(found))).all()
        found |= {row.journal for row in rows if _closed_on(bytes(row.line), dates.get(row.journal)) == day}
    return found


def _closed_on(line: bytes, of_tablet: Clocks | None) -> str:
    """The day of a closing; "" of any other fact."""
    if b'"kind":"day.closed"' not in line:
        return ""
    try:
        fact = envelope.decode(line)
    except Problem:
        return ""
    return (of_tablet or Clocks()).day_and_hour(fact.boot, fact.at, fact.mono)[0]


def _endings(tx: Connection, fair: Fair) -> list[tuple[str, bytes]]:
    """(journal, its last fact but for locks and clocks) of every tablet in use."""
    ending = (
        select(facts.c.line)
        .where(
            facts.c.journal == journals.c.journal,
            facts.c.seq.between(journals.c.seq - _NEAR, journals.c.seq),
            func.coalesce(facts.c.kind, "").not_in(HOUSEKEEPING),
        )
        .order_by(facts.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(journals.c.journal, ending.label("line")).join(devices, devices.c.journal == journals.c.journal)
    in_use = (devices.c.fair == fair.id, devices.c.state == "active")
    return [(row.journal, bytes(row.line)) for row in tx.execute(query.where(*in_use)) if row.line is not None]


def _closings(fair: Fair) -> Select[Any]:
    counted = (facts.c.journal == journals.c.journal) & (facts.c.seq <= journals.c.seq) & facts.c.problem.is_(None)
    query = select(journals.c.journal, facts.c.line).join(facts, counted)
    return query.where(journals.c.fair == fair.id, facts.c.kind == "day.closed")


# --- in words -------------------------------------------------------------------------------------

_WORDS = {
    "closed": Text("{n} 个服务台没有收工", "{n} not closed"),
    "facts": Text("{n} 个服务台的记录没到齐", "records of {n} not all here"),
    "stock": Text("{n} 个服务台的库存没对上", "stock of {n} not settled"),
    "shifts": Text("{n} 个服务台有人没签退", "somebody not checked out at {n}"),
    "sheets": Text("{n} 个服务台有纸质表没交代", "paper sheets of {n} not accounted for"),
    "tablet": Text("{n} 个服务台的平板没收回", "tablets of {n} not back"),
}


def sentence(rows: Sequence[DeskRow], language: str) -> str:
    """One line for the whole day, in "zh" or "en": complete, or what is missing."""
    used = [row for row in rows if row.tablets]
    if not used:
        return "No tablet is enrolled yet." if language == "en" else "还没有平板登记。"
    counts: Mapping[str, int] = {lack: sum(lack in row.lacks for row in rows) for lack in LACKS}
    missing = [_WORDS[lack].in_(language).format(n=n) for lack, n in counts.items() if n]
    if language == "en":
        desks = f"{len(used):,} desk" if len(used) == 1 else f"{len(used):,} desks"
        if not missing:
            return f"Closed: {desks}, all records here, stock settled, everybody checked out, all tablets back."
        return f"Not closed yet, of {desks}: {'; '.join(missing)}."
    if not missing:
        return f"收工完毕：{len(used):,} 个服务台都已收工，记录到齐，库存对上，人都签退，平板都收回。"
    return f"还差：{'；'.join(missing)}。"
