"""Night duty at the 12315 line, and what was exposed that evening: logged here, by whoever is on duty.

None of it is of the booths. Its facts stand in the hub's own journal, at a desk of no fair; its metrics are its own.
"""

import secrets
from datetime import timedelta
from typing import Any, get_args

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, exists, func, select

from kiosk import web
from kiosk.clock import stamp, to_minute
from kiosk.errors import FACT_CONFLICT, FIELD_INVALID, PAGE_NOT_FOUND, ROLE_NEEDED, Problem
from kiosk.facts.complaints import clean
from kiosk.facts.duty import (
    CALLS,
    MOST_EXPOSED,
    NOTE_LIMIT,
    OFFICE_LIMIT,
    RESULTS,
    SOURCE_LIMIT,
    TITLE_LIMIT,
    TOPICS,
    UNDO_SECONDS,
    DutyCalled,
    DutyUndone,
    ExposureAssigned,
    ExposureClosed,
    ExposureListed,
    ExposureReopened,
    Topic,
    undo_id,
)
from kiosk.facts.kinds import Body
from kiosk.hub import journal, totals
from kiosk.hub.context import hub, reading, signed_in, today, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.tables import calls, exposures, people
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("duty", __name__)
DESK = "duty"  # stands where a desk does; no fair's figures by desk hold it
_LOOKS = frozenset({"auditor", "viewer"})  # roles that only look
_RECENT = 8
#: What the topics are called.
NAMES = {
    "food": Text("食品", "Food"),
    "goods": Text("日用商品", "Goods"),
    "services": Text("服务", "Services"),
    "online": Text("网购", "Online"),
    "prepaid": Text("预付卡", "Prepaid"),
    "fakes": Text("假冒伪劣", "Fakes"),
    "price": Text("价格", "Prices"),
    "other": Text("其他", "Other"),
}


class Call(msgspec.Struct, frozen=True):
    fact: str
    kind: str
    topic: Text | None
    at: str  # "20:31"
    by: str
    can_undo: bool


class Exposure(msgspec.Struct, frozen=True):
    """One exposed item, as its steps have it."""

    number: int
    title: str
    source: str
    listed: str  # when
    office: str = ""
    result: str = ""  # "concerned", "not_concerned" or "" while it is open
    note: str = ""
    closed: str = ""  # when and by whom


class Counts(msgspec.Struct, frozen=True):
    """Calls of one day."""

    day: str
    called: int
    advice: int
    complaint: int
    report: int
    topics: list[tuple[Text, int]]


class DutyPage(msgspec.Struct, frozen=True):
    fair: Fair
    counts: Counts
    topic: str  # as chosen for the last call: the next one is often of the same
    topics: list[tuple[str, Text]]
    fact_id: str
    recent: list[Call]
    may_log: bool


class ExposuresPage(msgspec.Struct, frozen=True):
    fair: Fair
    open: list[Exposure]
    closed: list[Exposure]
    fact_id: str
    faults: dict[str, str]  # field → "missing", "long" or "personal"
    typed: dict[str, str]  # what was sent and is at fault
    of: int  # the item the faults are of; 0 for the new one
    limits: dict[str, int]
    may_log: bool


class SummaryPage(msgspec.Struct, frozen=True):
    fair: Fair
    counts: Counts
    days: list[str]  # with calls, the newest first
    exposures: list[Exposure]


def on_duty() -> Session:
    """Whoever may write something down here: anybody but who only looks. Raises `login.role`."""
    session = signed_in()
    if session.person.roles <= _LOOKS:
        raise Problem(ROLE_NEEDED)
    return session


# --- the line -------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/duty")
def log(fair_id: str) -> Response:
    session = signed_in()
    topic = request.args.get("topic", "")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = DutyPage(
            fair=fair,
            counts=_counts(tx, fair, today().isoformat()),
            topic=topic if topic in NAMES else "",
            topics=list(NAMES.items()),
            fact_id=secrets.token_hex(16),
            recent=_recent(tx, fair),
            may_log=not session.person.roles <= _LOOKS,
        )
    return web.page("hub/duty/log.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/duty")
def called(fair_id: str) -> Response:
    """One touch, one call. Sent twice it is one."""
    form = web.read_form("id", "kind", optional=("topic",))
    fact_id = web.read_id(form, "id")
    kind = web.read_choice(form, "kind", CALLS)
    topic: Topic = web.read_choice(form, "topic", get_args(Topic))
    session = on_duty()
    with writing() as tx:
        fair = find_fair(tx, fair_id)
        _append_once(tx, fair, DutyCalled(kind=kind, topic=topic), session, fact_id)
    return web.see_other("duty.log", fair_id=fair.id, **({"topic": topic} if topic else {}))


@views.post("/fairs/<fair_id>/duty/undo")
def undo(fair_id: str) -> Response:
    """Take a call back, as long as it is fresh. Both stay in the journal."""
    form = web.read_form("undoes")
    fact_id, session = web.read_id(form, "undoes"), on_duty()
    with writing() as tx:
        fair = find_fair(tx, fair_id)
        own = journal.lock(tx, fair.id)
        of_it = (calls.c.journal == own, calls.c.fact == fact_id, calls.c.undoes == "")
        call = tx.execute(select(calls).where(*of_it)).one_or_none()
        if call is None:
            raise Problem(PAGE_NOT_FOUND)
        if call.at >= _fresh():
            body = DutyUndone(undoes=fact_id, kind=call.kind, topic=call.topic)
            _append_once(tx, fair, body, session, undo_id(fact_id))
    return web.see_other("duty.log", fair_id=fair.id)


def _append_once(tx: Connection, fair: Fair, body: Body, session: Session, fact_id: str) -> None:
    """Append a fact unless it is there. Raises `fact.conflict` where its id is another's."""
    own, here = journal.lock(tx, fair.id), hub()
    for table in (calls, exposures):
        query = select(table.c.fact).where(table.c.journal == own, table.c.fact == fact_id)
        if tx.execute(query).first():
            if (table is calls) != isinstance(body, DutyCalled | DutyUndone):
                raise Problem(FACT_CONFLICT)
            return
    journal.append(
        tx, fair.id, body,
        desk=DESK, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(), fact_id=fact_id,
    )  # fmt: skip


def _fresh() -> str:
    """The moment from which on a call can be taken back."""
    return stamp(hub().clock.now() - timedelta(seconds=UNDO_SECONDS))


def _counts(tx: Connection, fair: Fair, day: str) -> Counts:
    sums = totals.sums(tx, fair.id, day)
    kinds = {kind: sums.get(f"hotline.{kind}", 0) for kind in CALLS}
    topics = [(NAMES[topic], sums.get(f"hotline.topic.{topic}", 0)) for topic in TOPICS]
    return Counts(day=day, called=sums.get("hotline.called", 0), topics=[one for one in topics if one[1]], **kinds)


def _recent(tx: Connection, fair: Fair) -> list[Call]:
    """The last calls, those taken back left out."""
    backs = calls.alias()
    query = (
        select(calls, people.c.name)
        .join(people, people.c.id == calls.c.person, isouter=True)
        .where(
            calls.c.fair == fair.id,
            calls.c.undoes == "",
            ~exists().where(backs.c.journal == calls.c.journal, backs.c.undoes == calls.c.fact),
        )
        .order_by(calls.c.at.desc(), calls.c.seq.desc())
        .limit(_RECENT)
    )
    fresh = _fresh()
    return [
        Call(row.fact, row.kind, NAMES.get(row.topic), row.at[11:16], row.name or "", row.at >= fresh)
        for row in tx.execute(query)
    ]


# --- what was exposed -----------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/exposures")
def exposed(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _exposures_page(tx, fair)
    return web.page("hub/duty/exposures.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/exposures")
def expose(fair_id: str) -> Response:
    """List one more item. Sent twice it is one."""
    form = web.read_form("id", "title", optional=("source",))
    typed = {"title": clean(form["title"]), "source": clean(form["source"])}
    faults = _faults(typed, {"title": TITLE_LIMIT, "source": SOURCE_LIMIT}, needed="title")
    return _step(
        fair_id, web.read_id(form, "id"), 0, typed, faults,
        lambda tx, fair: ExposureListed(number=_next_number(tx, fair), **typed),
    )  # fmt: skip


@views.post("/fairs/<fair_id>/exposures/<int:item>/assign")
def assign(fair_id: str, item: int) -> Response:
    form = web.read_form("id", "office")
    typed = {"office": clean(form["office"])}
    faults = _faults(typed, {"office": OFFICE_LIMIT}, needed="office")
    return _step(
        fair_id, web.read_id(form, "id"), item, typed, faults,
        lambda _tx, _fair: ExposureAssigned(number=item, **typed),
    )  # fmt: skip


@views.post("/fairs/<fair_id>/exposures/<int:item>/close")
def close(fair_id: str, item: int) -> Response:
    """What came of it. An item that is closed stays as it was closed, unless it is looked into again."""
    form = web.read_form("id", "result", optional=("note",))
    typed = {"note": clean(form["note"])}
    result = web.read_choice(form, "result", RESULTS)
    faults = _faults(typed, {"note": NOTE_LIMIT})
    return _step(
        fair_id, web.read_id(form, "id"), item, typed, faults,
        lambda _tx, _fair: ExposureClosed(number=item, result=result, note=typed["note"]),
    )  # fmt: skip


@views.post("/fairs/<fair_id>/exposures/<int:item>/reopen")
def reopen(fair_id: str, item: int) -> Response:
    """It was closed by mistake. How it was closed stays in the journal; the figures go back down."""
    form = web.read_form("id", "result")
    result = web.read_choice(form, "result", RESULTS)
    return _step(
        fair_id, web.read_id(form, "id"), item, {}, {},
        lambda _tx, _fair: ExposureReopened(number=item, result=result), takes_back=result,
    )  # fmt: skip


def _step(
    fair_id: str,
    fact_id: str,
    number: int,
    typed: dict[str, str],
    faults: dict[str, str],
    make: Any,
    *,
    takes_back: str = "",
) -> Response:
    """Append what `make` says, where the item is open still; or where its result is the one that is taken back."""
    session = on_duty()
    with writing() as tx:
        fair = find_fair(tx, fair_id)
        journal.lock(tx, fair.id)
        item = next((one for one in _exposures(tx, fair) if one.number == number), None)
        if number and item is None:
            raise Problem(PAGE_NOT_FOUND)
        if faults:
            page = _exposures_page(tx, fair)
            page = msgspec.structs.replace(page, fact_id=fact_id, faults=faults, typed=typed, of=number)
            return web.page("hub/duty/exposures.html", 422, page=page, fair=fair)
        if item is None or item.result == takes_back:
            _append_once(tx, fair, make(tx, fair), session, fact_id)
    return web.see_other("duty.exposed", fair_id=fair.id)


def _faults(typed: dict[str, str], limits: dict[str, int], needed: str = "") -> dict[str, str]:
    found = {name: web.text_fault(text, limits[name], is_needed=name == needed) for name, text in typed.items()}
    return {name: fault for name, fault in found.items() if fault}


def _next_number(tx: Connection, fair: Fair) -> int:
    """Of the next item. Raises `field.invalid` where there are more than anybody could look into."""
    last = tx.execute(select(func.max(exposures.c.number)).where(exposures.c.fair == fair.id)).scalar() or 0
    if last >= MOST_EXPOSED:
        raise Problem(FIELD_INVALID, field="title")
    return int(last) + 1


def _exposures_page(tx: Connection, fair: Fair) -> ExposuresPage:
    found = _exposures(tx, fair)
    return ExposuresPage(
        fair=fair,
        open=[one for one in found if not one.result],
        closed=[one for one in found if one.result],
        fact_id=secrets.token_hex(16),
        faults={},
        typed={},
        of=0,
        limits={"title": TITLE_LIMIT, "source": SOURCE_LIMIT, "office": OFFICE_LIMIT, "note": NOTE_LIMIT},
        may_log=not signed_in().person.roles <= _LOOKS,
    )


def _exposures(tx: Connection, fair: Fair) -> list[Exposure]:
    """All items, by number: each step in its order, the newest office holds."""
    query = (
        select(exposures, people.c.name)
        .join(people, people.c.id == exposures.c.person, isouter=True)
        .where(exposures.c.fair == fair.id)
        .order_by(exposures.c.number, exposures.c.seq)
    )
    found: dict[int, Exposure] = {}
    for row in tx.execute(query):
        found[row.number] = _after(found.get(row.number), row)
    return list(found.values())


def _after(item: Exposure | None, row: Row[Any]) -> Exposure:
    at = to_minute(row.at)
    if item is None or row.step == "listed":
        return Exposure(row.number, row.what, row.more, at)
    if row.step == "assigned":
        return msgspec.structs.replace(item, office=row.what)
    if row.step == "reopened":
        return msgspec.structs.replace(item, result="", note="", closed="")
    return msgspec.structs.replace(item, result=row.what, note=row.more, closed=f"{at} {row.name or ''}".strip())


# --- for the summary ------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/duty/summary")
def summary(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        day = func.substr(calls.c.at, 1, 10)
        days = list(tx.execute(select(day).where(calls.c.fair == fair.id).distinct().order_by(day.desc())).scalars())
        asked = request.args.get("day", "")
        shown = asked if asked in days else days[0] if days else today().isoformat()
        page = SummaryPage(fair, _counts(tx, fair, shown), days[:30], _exposures(tx, fair))
    return web.page("hub/duty/summary.html", page=page, fair=fair)
