"""The photos of a case, for whoever has just opened it for a reason: drawn anew in memory, the picture and no more."""

from datetime import timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import pictures
from kiosk.clock import stamp
from kiosk.errors import (
    CASE_UNOPENED,
    PAGE_NOT_FOUND,
    ROLE_NEEDED,
    SEAL_BROKEN,
    SEAL_LOCKED,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.complaints import ComplaintEvidence, PhotoContext, split_photo
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import cases, journal, seals
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import KEY_ROLES, Person
from kiosk.hub.tables import contents, facts, openings
from kiosk.sync import keys

views = Blueprint("evidence", __name__)
#: So long after a case was opened the same person sees its photos: that opening is the reason.
SEEN_FOR = timedelta(minutes=15)


class Named(msgspec.Struct, frozen=True):
    """A photo that a counted fact names."""

    number: int
    fact: str
    blob: str


def photos(tx: Connection, row: Row[Any]) -> list[Named]:
    """The photos of a case, in order: those that came with its filing, from the same journal."""
    place = (facts.c.journal == contents.c.journal) & (facts.c.seq == contents.c.seq)
    of_case = (contents.c.fair == row.fair) & (contents.c.case == row.case) & (contents.c.journal == row.journal)
    query = select(facts.c.line).join(contents, place).where(of_case, contents.c.kind == "complaint.evidence")
    found: dict[int, Named] = {}
    for line in tx.execute(query.order_by(contents.c.seq)).scalars():
        fact = envelope.decode(bytes(line))
        body = REGISTRY.read(fact)
        assert isinstance(body, ComplaintEvidence)
        found.setdefault(body.number, Named(body.number, fact.id, body.blob))
    return [found[number] for number in sorted(found)]


@views.get("/fairs/<fair_id>/cases/<case>/photos/<int:nth>.jpg")
def photo(fair_id: str, case: str, nth: int) -> Response:
    """One photo, upright and small enough for a screen. Never the file that was sent."""
    session = signed_in(*KEY_ROLES)
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        row = cases.find(tx, fair, case, cases.read_record(request.args))
        if not cases.may_open(session.person, row):
            raise Problem(ROLE_NEEDED)
        _refuse_unless_opened(tx, session.person, fair.id, row.case)
        named = next((one for one in photos(tx, row) if one.number == nth), None)
        if named is None:
            raise Problem(PAGE_NOT_FOUND)
        _, data = unseal(tx, session.key, row, named)
    return Response(pictures.redrawn(data, pictures.EVIDENCE).jpeg, content_type="image/jpeg")


def _refuse_unless_opened(tx: Connection, person: Person, fair: str, case: str) -> None:
    own, since = journal.own_journal(tx, fair), stamp(hub().clock.now() - SEEN_FOR)
    just_now = select(openings.c.seq).where(
        openings.c.journal == own, openings.c.case == case, openings.c.person == person.id, openings.c.at >= since
    )
    if tx.execute(just_now.limit(1)).first() is None:
        raise Problem(CASE_UNOPENED)


def unseal(tx: Connection, key: keys.PrivateKey, row: Row[Any], named: Named) -> tuple[PhotoContext, bytes]:
    """Open a photo in memory and check that it is the one its fact names. Raises `seal.*`."""
    context, data = seals.decode(split_photo, seals.open_from(tx, hub(), key, row.journal, named.blob), "photo")
    if (context.fair, context.fact, context.case, context.number) != (row.fair, named.fact, row.case, named.number):
        raise Problem(SEAL_BROKEN, reason="it belongs to another case")
    return context, data
