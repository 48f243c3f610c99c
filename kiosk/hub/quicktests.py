"""Pages: the batches of the quick-test desks; what becomes of those that failed; the day's sheet, and a file of all.

A quick test only screens. Of a batch that failed nobody learns here but who settles it or answers for the desk, until a
supervisor has released it; a batch that was withdrawn stays with them. What was released tablets do not hear of.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import web
from kiosk.errors import FACT_CONFLICT, PAGE_NOT_FOUND, ROLE_NEEDED, Problem
from kiosk.facts.clocks import Clocks
from kiosk.facts.complaints import clean
from kiosk.facts.quicktests import OUTCOMES, REASON_LIMIT, QuicktestRecorded, QuicktestReleased, release_id
from kiosk.hub import exports, journal, people, totals
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.presences import clocks_of
from kiosk.hub.shifts import clock_time
from kiosk.hub.tables import quicktests
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("quicktests", __name__)
#: Who sees a batch that failed before it is released, and one that was withdrawn.
TRUSTED = frozenset({"organiser", "handler", "supervisor"})
State = Literal["passed", "invalid", "pending", "confirmed", "cleared", "voided", "withdrawn"]
STATES: tuple[State, ...] = ("pending", "confirmed", "cleared", "passed", "invalid", "voided", "withdrawn")
_AS_TESTED: Mapping[str, State] = {"pass": "passed", "fail": "pending", "invalid": "invalid"}
_RESTRICTED = ("pending", "withdrawn")
_PAGE = 50


class Batch(msgspec.Struct, frozen=True):
    """One batch and what has become of it."""

    journal: str
    fact: str
    number: str
    desk: str
    day: str  # by the hub's time
    hour: int
    at: str  # "10:31"
    body: QuicktestRecorded
    state: State
    reason: str = ""  # of what became of it
    settled: str = ""  # when, "2027-03-16 09:12"
    by: str = ""  # who settled it: volunteer or person

    @property
    def is_restricted(self) -> bool:
        return self.state in _RESTRICTED


class Wanted(msgspec.Struct, frozen=True):
    """What the list is to show; an empty field asks for nothing."""

    day: str = ""
    desk: str = ""
    state: str = ""

    def holds(self, batch: Batch) -> bool:
        wanted = ((self.day, batch.day), (self.desk, batch.desk), (self.state, batch.state))
        return all(not asked or asked == found for asked, found in wanted)


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    counts: Mapping[str, int]  # metric without "quicktest." → sum of the days that are shown
    batches: list[Batch]
    found: int
    page: int
    pages: int
    wanted: Wanted
    days: list[str]  # with batches, the newest first
    desks: list[tuple[str, Text]]  # with batches
    places: Mapping[str, Text]
    states: Sequence[str]
    waiting: int  # that this person may settle
    is_trusted: bool


class BatchPage(msgspec.Struct, frozen=True):
    fair: Fair
    batch: Batch
    place: Text
    names: Mapping[str, str]
    may_release: bool
    outcome: str
    reason: str
    fault: str  # "missing", "long", "personal", "choose" or ""
    asks: bool  # the second touch
    limit: int


class Sheet(msgspec.Struct, frozen=True):
    """What one desk tested on one day."""

    day: str
    place: Text
    batches: list[Batch]  # in the order of the day
    counts: Mapping[str, int]  # state → batches


class SheetPage(msgspec.Struct, frozen=True):
    fair: Fair
    sheets: list[Sheet]
    names: Mapping[str, str]


# --- what there is --------------------------------------------------------------------------------


def batches_of(tx: Connection, fair: Fair, session: Session) -> list[Batch]:
    """Every batch a person may know of, the newest first."""
    rows = tx.execute(
        select(quicktests).where(quicktests.c.fair == fair.id).order_by(quicktests.c.journal, quicktests.c.seq)
    ).all()
    settled: dict[tuple[str, str], Row[Any]] = {}
    for row in rows:
        if row.step != "recorded":
            settled.setdefault((row.of_journal or row.journal, row.of_fact), row)
    dates = clocks_of(tx, fair.id, quicktests)
    found = [
        _batch(row, settled.get((row.journal, row.fact)), dates.get(row.journal) or Clocks())
        for row in rows
        if row.step == "recorded"
    ]
    is_trusted = bool(session.person.roles & TRUSTED)
    known = [one for one in found if is_trusted or not one.is_restricted]
    return sorted(known, key=lambda one: (one.day, one.at, one.number), reverse=True)


def _batch(row: Row[Any], after: Row[Any] | None, dates: Clocks) -> Batch:
    day, hour = dates.day_and_hour(row.boot, row.at, row.mono)
    at = clock_time(dates.moment(row.boot, row.at, row.mono))
    body = msgspec.json.decode(row.body, type=QuicktestRecorded)
    state = _AS_TESTED[row.verdict]
    about = (row.journal, row.fact, row.batch, row.desk, day, hour, at, body)
    if after is None:
        return Batch(*about, state)
    if after.step == "released":
        state = after.verdict
    elif state != "pending":  # one that failed is not taken back at a desk, whatever a tablet says
        state = "voided"
    reason = msgspec.json.decode(after.body)["reason"]
    return Batch(*about, state, reason, after.at[:16].replace("T", " "), after.person)


def _find(tx: Connection, fair: Fair, session: Session, of_journal: str, fact: str) -> Batch:
    """One batch. Raises `page.not_found` for one a person may not know of, too."""
    for batch in batches_of(tx, fair, session):
        if (batch.journal, batch.fact) == (of_journal, fact):
            return batch
    raise Problem(PAGE_NOT_FOUND)


def places_of(fair: Fair) -> dict[str, Text]:
    return {desk.id: fair.place(desk.id) for desk in fair.desks}


# --- the list -------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/quicktests")
def listing(fair_id: str) -> Response:
    session = signed_in()
    wanted = _wanted()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        every = batches_of(tx, fair, session)
        sums = totals.sums(tx, fair.id, wanted.day) if wanted.day else totals.sums(tx, fair.id)
    found = [batch for batch in every if wanted.holds(batch)]
    pages = web.pages_of(len(found), _PAGE)
    number = web.read_page(pages)
    is_trusted = bool(session.person.roles & TRUSTED)
    places = places_of(fair)
    page = ListPage(
        fair=fair,
        counts={name.removeprefix("quicktest."): n for name, n in sums.items() if name.startswith("quicktest.")},
        batches=found[(number - 1) * _PAGE : number * _PAGE],
        found=len(found),
        page=number,
        pages=pages,
        wanted=wanted,
        days=sorted({batch.day for batch in every}, reverse=True),
        desks=[(desk, places.get(desk, Text(desk, desk))) for desk in sorted({batch.desk for batch in every})],
        places=places,
        states=[state for state in STATES if is_trusted or state not in _RESTRICTED],
        waiting=sum(batch.state == "pending" for batch in every),
        is_trusted=is_trusted,
    )
    return web.page("hub/quicktests/list.html", page=page, fair=fair)


def _wanted() -> Wanted:
    """What the address asks for. What no form of ours sends asks for nothing."""
    asked = {name: clean(request.args.get(name, "")) for name in ("day", "desk", "state")}
    if asked["state"] not in STATES:
        asked["state"] = ""
    return Wanted(**{name: text if len(text) <= 64 and "\0" not in text else "" for name, text in asked.items()})


# --- one batch, and what became of it ---------------------------------------------------------------


@views.get("/fairs/<fair_id>/quicktests/<journal>/<fact>")
def one(fair_id: str, journal: str, fact: str) -> Response:
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _batch_page(tx, fair, session, _find(tx, fair, session, journal, fact))
    return web.page("hub/quicktests/one.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/quicktests/<journal>/<fact>/release")
def release(fair_id: str, journal: str, fact: str) -> Response:
    """Say what became of a batch that failed. The first touch asks, the second writes it down; for good."""
    form = web.read_form("outcome", "reason", optional=("sure",))
    outcome, reason = form["outcome"], clean(form["reason"])
    with acting("supervisor") as (tx, session):
        fair = find_fair(tx, fair_id)
        hold(tx, fair)
        batch = _find(tx, fair, session, journal, fact)
        if batch.body.verdict != "fail":
            raise Problem(PAGE_NOT_FOUND)
        if batch.state != "pending":
            if (batch.state, batch.reason) != (outcome, reason):
                raise Problem(FACT_CONFLICT)
            return web.see_other("quicktests.one", fair_id=fair.id, journal=journal, fact=fact)
        fault = "choose" if outcome not in OUTCOMES else web.text_fault(reason, REASON_LIMIT)
        if fault or form["sure"] != "yes":
            page = _batch_page(tx, fair, session, batch)
            asks = not fault
            page = msgspec.structs.replace(page, outcome=outcome, reason=reason, fault=fault, asks=asks)
            return web.page("hub/quicktests/one.html", 422 if fault else 200, page=page, fair=fair)
        _release(tx, fair, batch, session, outcome, reason)
    return web.see_other("quicktests.one", fair_id=fair.id, journal=batch.journal, fact=batch.fact)


def hold(tx: Connection, fair: Fair) -> None:
    """Whoever settles a batch waits for whoever is at it: what became of it is said once."""
    journal.lock(tx, fair.id)


def _release(tx: Connection, fair: Fair, batch: Batch, session: Session, outcome: Any, reason: str) -> None:
    body = QuicktestReleased(
        batch=batch.number,
        journal=batch.journal,
        fact=batch.fact,
        outcome=outcome,
        items=len(batch.body.tests),
        source=batch.body.source,
        reason=reason,
        day=batch.day,
        hour=batch.hour,
    )
    here = hub()
    journal.append(
        tx, fair.id, body, desk=batch.desk, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(),
        fact_id=release_id(batch.journal, batch.fact),
    )  # fmt: skip


def _batch_page(tx: Connection, fair: Fair, session: Session, batch: Batch) -> BatchPage:
    may_release = batch.state == "pending" and session.person.may("supervisor")
    return BatchPage(
        fair=fair,
        batch=batch,
        place=places_of(fair).get(batch.desk, Text(batch.desk, batch.desk)),
        names=people.names_at(tx, fair.id),
        may_release=may_release,
        outcome="",
        reason="",
        fault="",
        asks=False,
        limit=REASON_LIMIT,
    )


# --- on paper, and as a file ------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/quicktests/sheet")
def sheet(fair_id: str) -> Response:
    """A sheet a desk and day, to be signed. It names what waits, so it is for who may know of it."""
    session = signed_in()
    if not session.person.roles & TRUSTED:
        raise Problem(ROLE_NEEDED)
    wanted = msgspec.structs.replace(_wanted(), state="")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        found = [batch for batch in batches_of(tx, fair, session) if wanted.holds(batch)]
        names = people.names_at(tx, fair.id)
    page = SheetPage(fair, _sheets(fair, found), names)
    return web.page("hub/quicktests/sheet.html", page=page)


def _sheets(fair: Fair, found: Iterable[Batch]) -> list[Sheet]:
    groups: dict[tuple[str, str], list[Batch]] = {}
    for batch in sorted(found, key=lambda one: (one.day, one.desk, one.at, one.number)):
        groups.setdefault((batch.day, batch.desk), []).append(batch)
    places = places_of(fair)
    return [
        Sheet(day, places.get(desk, Text(desk, desk)), some, {state: _count(some, state) for state in STATES})
        for (day, desk), some in groups.items()
    ]


def _count(batches: Iterable[Batch], state: str) -> int:
    return sum(batch.state == state for batch in batches)


_HEADINGS = (
    "日期", "时间", "批次号", "服务台", "样品名称", "市场、摊位", "生产日期", "来源", "检测项目", "检测方法", "检测值",
    "限量", "结果", "本批结论", "试剂批号", "检测机构", "检测人", "处理原因",
)  # fmt: skip
#: As the office writes them.
SOURCE_WORDS = {"brought": "你送我检", "chosen": "你点我检", "sampled": "抽样"}
RESULT_WORDS = {"pass": "合格", "fail": "不合格", "invalid": "无效"}
STATE_WORDS: Mapping[State, str] = {
    "passed": "合格",
    "invalid": "无效",
    "pending": "待复检",
    "confirmed": "不合格（复检确认）",
    "cleared": "合格（复检）",
    "voided": "作废",
    "withdrawn": "作废（主管）",
}


@views.get("/fairs/<fair_id>/quicktests.csv")
def as_csv(fair_id: str) -> Response:
    return exports.csv_file(_table(fair_id), "quicktests.csv")


@views.get("/fairs/<fair_id>/quicktests.xlsx")
def as_xlsx(fair_id: str) -> Response:
    return exports.xlsx_file("食品快检", _table(fair_id), "quicktests.xlsx")


def _table(fair_id: str) -> list[Sequence[str]]:
    """A line an item; of every batch whoever asks may know of."""
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        every, names, places = batches_of(tx, fair, session), people.names_at(tx, fair.id), places_of(fair)
    rows: list[Sequence[str]] = [_HEADINGS]
    for batch in reversed(every):
        body, place = batch.body, places.get(batch.desk)
        head = (batch.day, batch.at, batch.number, place.zh if place else batch.desk, body.sample, body.place,
                body.made_on, SOURCE_WORDS[body.source])  # fmt: skip
        tail = (STATE_WORDS[batch.state], body.lot, body.agency, names.get(body.tester, body.tester), batch.reason)
        for test in body.tests:
            # What a single item came to is what a laboratory is asked about: it says less than a batch's own words.
            result = RESULT_WORDS[test.result] + ("（待复检）" if test.result == "fail" and batch.is_restricted else "")
            rows.append((*head, test.item, test.method, test.value, test.limit, result, *tail))
    return rows
