"""Pages: the lists of a fair (goods destroyed, articles, units that took part), kept by hand, struck with a reason."""

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, func, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import FACT_CONFLICT, FIELD_INVALID, PAGE_NOT_FOUND, Problem
from kiosk.facts.figures import REASON_LIMIT, SOURCE_LIMIT, TEXT_LIMIT, RecordListed, RecordStruck, strike_id
from kiosk.hub import attachments, journal, people
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.tables import records
from kiosk.hub.typed import MUCH, append, days_of, refuse_other, shown
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair
from kiosk.reports import quantities
from kiosk.reports.catalogue import Definition, columns
from kiosk.reports.records import LISTS, Made, RecordList, as_known, by_measure, made, said

views = Blueprint("records", __name__)
#: Views that take a file, and how large the form may be.
UPLOADS = {"records.add": attachments.UPLOAD_LIMIT}
_PAGE = 100


class Entry(msgspec.Struct, frozen=True):
    """A record as the page shows it."""

    fact: str
    title: str
    day: str
    said: list[tuple[str, str]]  # (field, what it says)
    source: str
    unit: str  # name of whose it is; "" of the organiser itself
    host: str
    joint: bool
    blob: str
    by: str
    at: str
    struck: str = ""  # the reason, where it is struck
    struck_by: str = ""


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    form: RecordList
    lists: list[tuple[RecordList, int]]  # with how many records stand on each
    entries: list[Entry]  # newest first
    count: int  # that stand, on all pages
    measures: list[tuple[str, int]]  # of goods destroyed: how many of each unit
    figures: list[Definition]  # of those wanted, made of this list
    days: list[str]
    fact_id: str
    words: Mapping[str, str]
    faults: Mapping[str, str]
    strike_faults: Mapping[str, str]  # record → what is wrong with the reason
    far: Mapping[str, str]  # field → the number as it was read, that is asked about once more
    confirm: str  # what all of these were
    number: int
    pages: int
    may_open: bool


def form_of(list_id: str) -> RecordList:
    """Raises `page.not_found`."""
    if list_id not in LISTS:
        raise Problem(PAGE_NOT_FOUND)
    return LISTS[list_id]


@views.get("/fairs/<fair_id>/typed/lists/<list_id>")
def show(fair_id: str, list_id: str) -> Response:
    session, form = signed_in("organiser"), form_of(list_id)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _page(tx, fair, form, session)
    return web.page("hub/typed/list.html", page=page, fair=fair, **shown(fair))


@views.post("/fairs/<fair_id>/typed/lists/<list_id>")
def add(fair_id: str, list_id: str) -> Response:
    """Put one more on the list. Sent twice it is one."""
    signed_in("organiser")
    form = form_of(list_id)
    fields = [field.id for field in form.fields]
    words = web.read_form(
        "id", "title", "source", optional=(*fields, "day", "unit", "host", "joint", "confirm"),
        files=(attachments.FIELD,),
    )  # fmt: skip
    fact_id, attached = web.read_id(words, "id"), attachments.read()
    record = _made(form, words)
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        own = journal.lock(tx, fair.id)
        far = _far(form, record)
        confirm = " ".join(f"{name}={record.amounts[name]}" for name in far)
        faults = {**record.faults, **_place_faults(fair, words)}
        if not faults and words["confirm"] != confirm:
            faults = dict.fromkeys(far, "far")
        if faults:
            page = _page(tx, fair, form, session)
            told = {"fact_id": fact_id, "words": words, "faults": faults, "far": far, "confirm": confirm}
            page = msgspec.structs.replace(page, **told)
            return web.page("hub/typed/list.html", 422, page=page, fair=fair, **shown(fair))
        body = _body(form, _as_known(tx, fair, form, record), words)
        if not _is_here(tx, own, fact_id, form, body):
            blob = attachments.keep(tx, hub(), fair.id, fact_id, attached)
            append(tx, fair, msgspec.structs.replace(body, blob=blob), session, fact_id)
    return web.see_other("records.show", fair_id=fair.id, list_id=form.id)


def _made(form: RecordList, words: Mapping[str, str]) -> Made:
    try:
        return made(form, words)
    except KeyError:
        raise Problem(FIELD_INVALID, field="choice") from None


def _far(form: RecordList, record: Made) -> dict[str, str]:
    """The amounts that are larger than any is likely to be: field → number and unit, as they were read."""
    return {
        field.id: f"{quantities.written(record.amounts[field.id], field.counted_in)} {field.counted_in}".strip()
        for field in form.fields
        if record.amounts.get(field.id, 0) > MUCH * quantities.whole_of(field.counted_in)
    }


def _place_faults(fair: Fair, words: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the source, the day and the host. Raises `field.invalid` for a unit of no fair."""
    faults = {
        "source": web.text_fault(_line(words["source"]), SOURCE_LIMIT),
        "host": web.text_fault(_line(words["host"]), TEXT_LIMIT, is_needed=False),
        "day": "" if words["day"] in days_of(fair) else "outside" if words["day"] else "missing",
    }
    web.read_choice(words, "unit", ["", *(one.id for one in fair.units)])
    web.read_choice(words, "joint", ["", "yes"])
    return {name: fault for name, fault in faults.items() if fault}


def _line(said: str) -> str:
    return " ".join(clean(said).split())


def _body(form: RecordList, record: Made, words: Mapping[str, str]) -> RecordListed:
    return RecordListed(
        day=words["day"], hour=0, list=form.id, texts=record.texts, keys=record.keys, amounts=record.amounts,
        title=record.title, source=_line(words["source"]), unit=words["unit"], host=_line(words["host"]),
        joint=words["joint"] == "yes", blob="",
    )  # fmt: skip


def _as_known(tx: Connection, fair: Fair, form: RecordList, record: Made) -> Made:
    """The record, counted under what whoever it names is counted under already, here or at a desk of the fair."""
    if not form.code:
        return record
    names = [fair.organiser.name.zh, *fair.unit_names("zh").values()] if form.id == "units" else []
    return as_known(form, record, [(body.title, body.texts) for _row, body in standing(tx, fair, form.id)], names)


def _is_here(tx: Connection, own: str, fact_id: str, form: RecordList, body: RecordListed) -> bool:
    """Whether this very record is listed already. Raises `fact.conflict` where something else has its id."""
    refuse_other(tx, own, fact_id, records.name)
    row = tx.execute(select(records).where(records.c.journal == own, records.c.fact == fact_id)).one_or_none()
    if row is None:
        return False
    if row.step != "listed" or _as_said(form, msgspec.json.decode(row.body, type=RecordListed)) != _as_said(form, body):
        raise Problem(FACT_CONFLICT)
    return True


def _as_said(form: RecordList, body: RecordListed) -> RecordListed:
    """What somebody said of it: not under what it is counted, nor the file, which is sealed anew each time."""
    told = {field.id: body.texts[field.id] for field in form.fields if field.id in body.texts}
    return msgspec.structs.replace(body, texts=told, keys=[], blob="")


@views.post("/fairs/<fair_id>/typed/lists/<list_id>/strike")
def strike(fair_id: str, list_id: str) -> Response:
    """Take a record off its list, with a reason. Both stay in the journal, and it is struck once."""
    signed_in("organiser")
    form = form_of(list_id)
    words = web.read_form("record", "reason")
    record, reason = web.read_id(words, "record"), _line(words["reason"])
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        own = journal.lock(tx, fair.id)
        of_it = (records.c.journal == own) & (records.c.fact == record) & (records.c.step == "listed")
        row = tx.execute(select(records).where(of_it, records.c.list == form.id)).one_or_none()
        if row is None:
            raise Problem(PAGE_NOT_FOUND)
        struck = select(records.c.seq).where(records.c.journal == own, records.c.fact == strike_id(record))
        if tx.execute(struck).first() is None:
            if fault := web.text_fault(reason, REASON_LIMIT):
                page = msgspec.structs.replace(_page(tx, fair, form, session), strike_faults={record: fault})
                return web.page("hub/typed/list.html", 422, page=page, fair=fair, **shown(fair))
            body = msgspec.json.decode(row.body, type=RecordListed)
            off = RecordStruck(
                day=body.day, hour=body.hour, list=body.list, texts=body.texts, keys=body.keys, amounts=body.amounts,
                record=record, reason=reason,
            )  # fmt: skip
            append(tx, fair, off, session, strike_id(record))
    return web.see_other("records.show", fair_id=fair.id, list_id=form.id)


# --- the page ----------------------------------------------------------------------------------------


def _page(tx: Connection, fair: Fair, form: RecordList, session: Session) -> ListPage:
    of_list = (records.c.fair == fair.id) & (records.c.list == form.id)
    listed = int(
        tx.execute(select(func.count()).select_from(records).where(of_list, records.c.step == "listed")).scalar_one()
    )
    struck = {row.record: row for row in tx.execute(select(records).where(of_list, records.c.step == "struck"))}
    pages = web.pages_of(listed, _PAGE)
    number = web.read_page(pages)
    newest = select(records).where(of_list, records.c.step == "listed")
    newest = newest.order_by(records.c.at.desc(), records.c.seq.desc()).limit(_PAGE).offset((number - 1) * _PAGE)
    names, units = people.names(tx), fair.unit_names(web.language())
    return ListPage(
        fair=fair,
        form=form,
        lists=_counts(tx, fair),
        entries=[_entry(form, row, struck.get(row.fact), names, units) for row in tx.execute(newest)],
        count=listed - len(struck),
        measures=_measures(tx, fair) if form.id == "destroyed" else [],
        figures=[one for one in columns(fair) if one.list == form.id],
        days=days_of(fair),
        fact_id=secrets.token_hex(16),
        words={},
        faults={},
        strike_faults={},
        far={},
        confirm="",
        number=number,
        pages=pages,
        may_open=session.key is not None,
    )


def _entry(form: RecordList, row: Any, off: Any, names: Mapping[str, str], units: Mapping[str, str]) -> Entry:
    body = msgspec.json.decode(row.body, type=RecordListed)
    return Entry(
        fact=row.fact,
        title=body.title,
        day=body.day,
        said=said(form, body.texts, body.amounts, web.language()),
        source=body.source,
        unit=units.get(body.unit, body.unit),
        host=body.host,
        joint=body.joint,
        blob=body.blob,
        by=names.get(row.person, row.person),
        at=to_minute(row.at),
        struck=off.title if off else "",
        struck_by=names.get(off.person, off.person) if off else "",
    )


def _counts(tx: Connection, fair: Fair) -> list[tuple[RecordList, int]]:
    """Each list, and how many records stand on it."""
    query = select(records.c.list, records.c.step, func.count()).where(records.c.fair == fair.id)
    counts = {(name, step): int(n) for name, step, n in tx.execute(query.group_by(records.c.list, records.c.step))}
    return [(one, counts.get((one.id, "listed"), 0) - counts.get((one.id, "struck"), 0)) for one in LISTS.values()]


def _measures(tx: Connection, fair: Fair) -> list[tuple[str, int]]:
    """Of what stands: of mixed units there is no one sum."""
    return by_measure((body.texts, body.amounts) for _row, body in standing(tx, fair, "destroyed"))


def standing(tx: Connection, fair: Fair, list_id: str = "") -> list[tuple[Any, RecordListed]]:
    """(row, record) of all that stand on a list, or on all lists, oldest first."""
    of_it = records.c.fair == fair.id
    if list_id:
        of_it &= records.c.list == list_id
    gone = set(tx.execute(select(records.c.record).where(of_it, records.c.step == "struck")).scalars())
    query = (
        select(records).where(of_it, records.c.step == "listed").order_by(records.c.list, records.c.at, records.c.seq)
    )
    rows = [row for row in tx.execute(query) if row.fact not in gone]
    return [(row, msgspec.json.decode(row.body, type=RecordListed)) for row in rows]
