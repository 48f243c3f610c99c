"""What a person asks of what is kept of them: a copy, or its deletion. One takes it down, another one grants it.

A copy is made in memory for whoever hands it over, and is an opening like any other. A deletion is done at once.
"""

import io
import zipfile
from datetime import timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, render_template
from sqlalchemy import Connection, Row, select

from kiosk import strictjson, web
from kiosk.clock import stamp, to_minute
from kiosk.errors import CASE_NOT_ASKED, CASE_SECOND_PERSON, SEAL_BROKEN, SEAL_MISSING, Problem
from kiosk.facts import envelope
from kiosk.facts.cases import WISHES, CaseGranted, CaseRequest
from kiosk.facts.complaints import Complaint
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import cases, evidence, journal, people, retention
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES
from kiosk.hub.tables import case_steps, complaints, facts
from kiosk.packs.fairs import Fair

views = Blueprint("persons", __name__)
#: So long after it was granted a copy may be made, in case the first one did not reach the person.
COPIED_FOR = timedelta(days=30)
_MOST = 200  # requests on a page
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic"}


class Request(msgspec.Struct, frozen=True):
    """What was asked for a person, and whether it was granted."""

    case: str
    fact: str
    what: str  # "export" or "erasure"
    by: str  # person id
    at: str
    granted_by: str  # person id; "" while it waits
    granted_at: str


class RequestRow(msgspec.Struct, frozen=True):
    request: Request
    who: str
    granter: str
    can_grant: bool
    copies: list[tuple[str, str]]  # records of which a copy may be made now: fact, when it was filed


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    rows: list[RequestRow]
    person: str


def requests(tx: Connection, fair: str, case: str = "") -> list[Request]:
    """Newest first, of a fair or of one case of it."""
    own = journal.own_journal(tx, fair)
    place = (facts.c.journal == case_steps.c.journal) & (facts.c.seq == case_steps.c.seq)
    kinds = case_steps.c.kind.in_(("case.request", "case.granted"))
    query = select(facts.c.line).join(case_steps, place).where(case_steps.c.fair == fair, kinds)
    query = query.where(case_steps.c.journal == own)
    if case:
        query = query.where(case_steps.c.case == case)
    asked: dict[str, Request] = {}
    for line in tx.execute(query.order_by(case_steps.c.seq)).scalars():
        fact = envelope.decode(bytes(line))
        body = REGISTRY.read(fact)
        if isinstance(body, CaseRequest):
            asked[fact.id] = Request(body.case, fact.id, body.what, fact.by, fact.at, "", "")
        elif isinstance(body, CaseGranted) and body.request in asked:
            known = asked[body.request]
            asked[body.request] = msgspec.structs.replace(known, granted_by=fact.by, granted_at=fact.at)
    return list(asked.values())[::-1]


# --- pages ----------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/persons")
def listing(fair_id: str) -> Response:
    session = signed_in(*KEY_ROLES, "auditor")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        names = people.names(tx)
        rows = [
            RequestRow(
                one,
                names.get(one.by, one.by),
                names.get(one.granted_by, one.granted_by),
                session.person.may("supervisor") and not one.granted_by and one.by != session.person.id,
                _records(tx, one, fair.id)
                if session.key is not None and one.what == "export" and _is_copied(one)
                else [],
            )
            for one in requests(tx, fair.id)[:_MOST]
        ]
    return web.page("hub/persons/list.html", page=ListPage(fair, rows, session.person.id), fair=fair)


def _is_copied(one: Request) -> bool:
    """Whether a copy may be made now."""
    return bool(one.granted_at) and one.granted_at >= stamp(hub().clock.now() - COPIED_FOR)


def _records(tx: Connection, asked: Request, fair: str) -> list[tuple[str, str]]:
    """All with the number: who has the query code of one need not be the person of another, so each is a copy."""
    of_case = (complaints.c.fair == fair) & (complaints.c.case == asked.case)
    found = tx.execute(cases.first_received(select(complaints).where(of_case)).limit(_MOST))
    return [(row.fact, to_minute(row.at)) for row in found]


@views.post("/fairs/<fair_id>/cases/<case>/request")
def ask(fair_id: str, case: str) -> Response:
    """Take down what the person asks."""
    what = web.read_choice(web.read_form("what", limit=20), "what", WISHES)
    with acting(*KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case)
        if not any(one.what == what and not one.granted_by for one in requests(tx, fair.id, row.case)):
            cases.take(tx, hub(), session, fair, CaseRequest(case=row.case, what=what))
    return web.see_other("persons.listing", fair_id=fair_id)


@views.post("/fairs/<fair_id>/cases/<case>/grant")
def grant(fair_id: str, case: str) -> Response:
    """Let it be done, which for a deletion is now. Never by whoever took it down."""
    wanted, here = web.read_id(web.read_form("request"), "request"), hub()
    with acting("supervisor") as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case)
        journal.lock(tx, fair.id)  # before looking: two who grant it at once do so one after the other
        asked = _asked(tx, fair, row, wanted)
        if asked.granted_by:
            raise Problem(CASE_NOT_ASKED)
        if asked.by == session.person.id:
            raise Problem(CASE_SECOND_PERSON)
        cases.take(tx, here, session, fair, CaseGranted(case=row.case, request=wanted))
        if asked.what == "erasure":
            retention.erase_case(tx, here, fair.id, row.case, session.person.id, here.clock.now())
    if asked.what == "erasure":
        here.store.scrub()
    return web.see_other("persons.listing", fair_id=fair_id)


@views.post("/fairs/<fair_id>/cases/<case>/copy")
def copy(fair_id: str, case: str) -> Response:
    """The copy of one record, once it was granted: one file, made in memory. An opening like any other."""
    told_by = web.read_form("request", optional=("record",))
    wanted, record = web.read_id(told_by, "request"), cases.read_record(told_by)
    with acting(*KEY_ROLES) as (tx, session):
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case, record)
        asked = _asked(tx, fair, row, wanted)
        if asked.what != "export" or not _is_copied(asked):
            raise Problem(CASE_NOT_ASKED)
        told = cases.open_case(tx, hub(), session, fair, row, "person_asks")
        assert session.key is not None  # or it could not have been opened
        photos, missing = _photos(tx, session.key, row)
    headers = {"Content-Disposition": f'attachment; filename="{row.case}.zip"'}
    return Response(_packed(fair, row, told, photos, missing), content_type="application/zip", headers=headers)


def _asked(tx: Connection, fair: Fair, row: Row[Any], wanted: str) -> Request:
    """Raises `case.not_asked`."""
    found = next((one for one in requests(tx, fair.id, row.case) if one.fact == wanted), None)
    if found is None:
        raise Problem(CASE_NOT_ASKED)
    return found


# --- the copy -------------------------------------------------------------------------------------


def _photos(tx: Connection, key: Any, row: Row[Any]) -> tuple[dict[str, bytes], list[int]]:
    """File name → photo as it was sent; and the numbers of those that have not arrived or do not open."""
    found: dict[str, bytes] = {}
    missing = []
    for named in evidence.photos(tx, row):
        try:
            context, data = evidence.unseal(tx, key, row, named)
        except Problem as problem:
            if problem.kind not in (SEAL_BROKEN, SEAL_MISSING):
                raise
            missing.append(named.number)
        else:
            found[f"photo-{named.number}.{_ENDINGS[context.type]}"] = data
    return found, missing


def _packed(fair: Fair, row: Row[Any], told: Complaint, photos: dict[str, bytes], missing: list[int]) -> bytes:
    """What was filed as a page to read, as JSON, and the photos as they were sent."""
    filed = {"fair": fair.id, "case": row.case, "matter": row.matter, "filed_at": row.at, "channel": row.channel}
    document = {**filed, "content": msgspec.to_builtins(told), "photos": [*photos], "photos_missing": missing}
    page = render_template(
        "hub/persons/copy.html",
        fair=fair,
        row=row,
        told=told,
        amount=cases.amount(told),
        photos=[*photos],
        missing=missing,
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in {
            f"{row.case}.html": page.encode(),
            f"{row.case}.json": strictjson.dumps(document),
            **photos,
        }.items():
            packed.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()
