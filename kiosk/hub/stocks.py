"""Pages: what was brought to the desks, what is left, and whether that fits what was tapped."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, func, select

from kiosk import web
from kiosk.facts.clocks import Clocks
from kiosk.facts.stock import is_far
from kiosk.hub import people, shifts
from kiosk.hub.context import reading, signed_in, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.presences import clocks_of
from kiosk.hub.tables import stock_counts, totals
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("stocks", __name__)
_SHOWN = 300  # rows on the page


class StockRow(msgspec.Struct, frozen=True):
    """One item at one desk on one day; or at all of them."""

    desk: str
    place: Text
    item: str
    name: Text
    opened: int
    left: int
    gone: int
    tapped: int
    is_counted: bool
    reasons: list[str]  # what was said of differences, the newest last
    counted_by: str = ""
    counted_at: str = ""  # "13:05"
    moved: int = 0  # of what was tapped, after the counts: the reasons know nothing of it

    @property
    def since(self) -> int:
        """Opened after the last count."""
        return self.opened - self.gone - self.left

    @property
    def apart(self) -> int:
        return self.gone - self.tapped

    @property
    def is_far(self) -> bool:
        return self.is_counted and is_far(self.tapped, self.gone)

    @property
    def lack(self) -> str:
        """What is still to be done: "count", "again", "moved", "reason"; or ""."""
        if not self.opened and not self.is_counted:
            return ""
        if not self.is_counted:
            return "count"
        if self.since:
            return "again"
        if not self.is_far:
            return ""
        return "moved" if self.reasons and self.moved else "" if self.reasons else "reason"


class StockPage(msgspec.Struct, frozen=True):
    fair: Fair
    day: str
    days: list[str]
    items: list[StockRow]  # all desks together
    rows: list[StockRow]  # those that lack something first; not all of them
    more: int  # the rest
    lacking: int


@views.get("/fairs/<fair_id>/stock")
def listing(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        page = _page(tx, find_fair(tx, fair_id))
    return web.page("hub/stock/list.html", page=page, fair=page.fair)


def _page(tx: Connection, fair: Fair) -> StockPage:
    days = _days(tx, fair)
    asked, now = request.args.get("day", ""), today().isoformat()
    day = asked if asked in days else now if now in days or not days else days[0]
    rows = rows_of(tx, fair, day)
    ordered = sorted(rows, key=lambda row: not row.lack)
    lacking = sum(bool(row.lack) for row in rows)
    return StockPage(fair, day, days[:30], _items(rows), ordered[:_SHOWN], max(0, len(rows) - _SHOWN), lacking)


def rows_of(tx: Connection, fair: Fair, day: str) -> list[StockRow]:
    """Every desk and item that had any stock on a day, in the fair's order."""
    names, places = shifts.item_names(fair), shifts.places_of(fair)
    sums = _sums(tx, fair, day, list(names))
    told = _counts(tx, fair, day)
    tallies, corrected = (_by_journal(tx, fair, day, prefix, list(names)) for prefix in ("tally", "corrected.tally"))
    found = []
    for desk in fair.desks:
        amounts = sums.get(desk.id, Counter[str]())
        for item, name in names.items():
            opened, counted = (amounts.get(f"stock.{what}.{item}", 0) for what in ("opened", "counted"))
            if not opened and not counted:
                continue
            words = told.get((desk.id, item))
            row = StockRow(
                desk=desk.id,
                place=places[desk.id],
                item=item,
                name=name,
                opened=opened,
                left=amounts.get(f"stock.left.{item}", 0),
                gone=amounts.get(f"stock.given.{item}", 0),
                tapped=amounts.get(f"tally.{item}", 0),
                is_counted=counted > 0,
                reasons=words.reasons if words else [],
                counted_by=words.by if words else "",
                counted_at=words.at if words else "",
                moved=_moved(tallies[desk.id, item], corrected[desk.id, item], words.noted if words else {}),
            )
            found.append(row)
    return found


def _items(rows: Sequence[StockRow]) -> list[StockRow]:
    """The same item at all desks."""
    found: dict[str, list[StockRow]] = defaultdict(list)
    for row in rows:
        found[row.item].append(row)
    return [
        StockRow(
            desk="",
            place=Text("", ""),
            item=item,
            name=some[0].name,
            opened=sum(row.opened for row in some),
            left=sum(row.left for row in some),
            gone=sum(row.gone for row in some),
            tapped=sum(row.tapped for row in some),
            is_counted=all(row.is_counted for row in some),
            reasons=[],
        )
        for item, some in found.items()
    ]


def _sums(tx: Connection, fair: Fair, day: str, items: Sequence[str]) -> dict[str, Counter[str]]:
    """Desk → metric → sum, of what concerns stock."""
    metrics = [f"stock.{what}.{item}" for item in items for what in ("opened", "left", "given", "counted")]
    metrics += [f"tally.{item}" for item in items]
    query = (
        select(totals.c.desk, totals.c.metric, func.sum(totals.c.n))
        .where(totals.c.fair == fair.id, totals.c.day == day, totals.c.metric.in_(metrics))
        .group_by(totals.c.desk, totals.c.metric)
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for desk, metric, n in tx.execute(query):
        found[desk][metric] = int(n)
    return found


_ByJournal = defaultdict[tuple[str, str], dict[str, int]]


def _by_journal(tx: Connection, fair: Fair, day: str, prefix: str, items: Sequence[str]) -> _ByJournal:
    """(desk, item) → journal → its sum: of several tablets each notes its own counter."""
    metrics = [f"{prefix}.{item}" for item in items]
    query = (
        select(totals.c.desk, totals.c.metric, totals.c.journal, func.sum(totals.c.n))
        .where(totals.c.fair == fair.id, totals.c.day == day, totals.c.metric.in_(metrics))
        .group_by(totals.c.desk, totals.c.metric, totals.c.journal)
    )
    found: _ByJournal = defaultdict(dict)
    for desk, metric, journal, n in tx.execute(query):
        found[desk, metric.removeprefix(f"{prefix}.")][journal] = int(n)
    return found


def _moved(tallies: Mapping[str, int], corrected: Mapping[str, int], noted: Mapping[str, int]) -> int:
    """By how much the counters that were noted have changed since, and whoever noted none was put right."""
    elsewhere = sum(n for journal, n in corrected.items() if journal not in noted)
    return elsewhere + sum(tallies.get(journal, 0) - n for journal, n in noted.items())


class _Told(msgspec.Struct):
    reasons: list[str]
    noted: dict[str, int]  # journal → what its counter said at its last count
    by: str = ""
    at: str = ""
    moment: int = 0


def _counts(tx: Connection, fair: Fair, day: str) -> Mapping[tuple[str, str], _Told]:
    """(desk, item) → what was said at the counts of a day."""
    rows = tx.execute(
        select(stock_counts).where(stock_counts.c.fair == fair.id).order_by(stock_counts.c.journal, stock_counts.c.seq)
    ).all()
    if not rows:
        return {}
    dates, names = clocks_of(tx, fair.id, stock_counts), people.names_at(tx, fair.id)
    found: dict[tuple[str, str], _Told] = {}
    for row in rows:
        of_tablet = dates.get(row.journal) or Clocks()
        if of_tablet.day_and_hour(row.boot, row.at, row.mono)[0] != day:
            continue
        told = found.setdefault((row.desk, row.item), _Told([], {}))
        told.noted[row.journal] = row.given  # in order: the last count of each
        if row.reason:
            told.reasons.append(row.reason)
        moment = of_tablet.moment(row.boot, row.at, row.mono)
        if moment >= told.moment:
            told.by, told.at, told.moment = names.get(row.person, row.person), shifts.clock_time(moment), moment
    return found


def _days(tx: Connection, fair: Fair) -> list[str]:
    """Days on which anything was opened, the newest first."""
    metrics = [f"stock.opened.{item}" for item in shifts.item_names(fair)]
    query = select(totals.c.day).where(totals.c.fair == fair.id, totals.c.metric.in_(metrics)).distinct()
    return sorted(tx.execute(query).scalars(), reverse=True)
