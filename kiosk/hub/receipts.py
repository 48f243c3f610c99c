"""Receipts of complaints and reports: signed here for phones, the keys published, and the page that checks one."""

from collections.abc import Iterator

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.clock import stamp
from kiosk.errors import (
    RECEIPT_CHANGED,
    RECEIPT_FOREIGN,
    RECEIPT_REHEARSED,
    RECEIPT_UNKNOWN,
    RECEIPT_WITHDRAWN,
    TOO_MANY_REQUESTS,
    Problem,
)
from kiosk.hub import rehearsals
from kiosk.hub.context import Hub, client_mark, hub, reading, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import throttle
from kiosk.hub.tables import complaints, devices, fairs
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.sync import case_receipts
from kiosk.sync.case_receipts import Filed, Signer
from kiosk.sync.protocol import FairKeys, TabletKey

views = Blueprint("receipts", __name__)
TRIES = 60  # receipts checked from one address in ten minutes
_REFUSALS = (RECEIPT_CHANGED, RECEIPT_FOREIGN, RECEIPT_REHEARSED, RECEIPT_UNKNOWN, RECEIPT_WITHDRAWN, TOO_MANY_REQUESTS)


class Sound(msgspec.Struct, frozen=True):
    """A receipt that is as it was signed."""

    filed: Filed
    fair: Fair
    place: Text
    at: str
    has_arrived: bool  # the very content is named by a fact here; else it is still on its tablet

    @property
    def content(self) -> str:
        return case_receipts.short(self.filed.content)


class CheckPage(msgspec.Struct, frozen=True):
    sound: Sound | None = None
    code: str = ""  # of the problem
    problem: str = ""


# --- the published keys ---------------------------------------------------------------------------


def published(tx: Connection, here: Hub, fair: Fair) -> bytes:
    """The keys of a fair, as a signed document."""
    query = select(devices.c.desk, devices.c.public_key, devices.c.state).where(devices.c.fair == fair.id)
    return here.sign(
        FairKeys(
            hub=here.id,
            signing_key=bytes(here.key.verify_key).hex(),
            sealing_key=bytes(here.sealing_key).hex(),
            fair=fair.id,
            tablets=[
                TabletKey(desk=row.desk, public_key=row.public_key, withdrawn=row.state == "revoked")
                for row in tx.execute(query.order_by(devices.c.desk, devices.c.device))
            ],
            at=stamp(here.clock.now()),
        )
    )


@views.get("/m/keys/<fair_id>")
def keys_of(fair_id: str) -> Response:
    """For anybody who wants to check receipts by themselves; nothing in there is a secret."""
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        document = published(tx, hub(), fair)
    name = f'attachment; filename="kiosk-keys-{fair.id}.txt"'
    return Response(document, content_type="application/octet-stream", headers={"Content-Disposition": name})


# --- the page that checks one ---------------------------------------------------------------------


@views.get("/m/receipt")
def form() -> Response:
    return _page(CheckPage(), 200)


@views.post("/m/receipt")
def check() -> Response:
    """Says whether a receipt is unchanged, and whether what it names has arrived; nothing of a person."""
    text = web.read_form("receipt", limit=case_receipts.LIMIT)["receipt"]
    try:
        with writing() as tx:
            throttle(tx, "receipt", client_mark(), TRIES, 600, hub().clock.now())
        with reading() as tx:
            return _page(CheckPage(sound(tx, hub(), text)), 200)
    except Problem as problem:
        if problem.kind not in _REFUSALS:
            raise
        return _page(CheckPage(None, problem.code, problem.sentence(web.language())), problem.status)


def _page(page: CheckPage, status: int) -> Response:
    return web.with_camera(web.page("hub/receipts/check.html", status, page=page))


def sound(tx: Connection, here: Hub, text: str) -> Sound:
    """What a receipt says. Of a tablet that was withdrawn it is believed once its content is here.

    Raises `case_receipt.*`.
    """
    signed = case_receipts.read(text)
    filed, signer = signed.filed, case_receipts.signer_of(signed, _signers(tx, here, signed.filed.desk))
    arrived = _has_arrived(tx, signer.fair, filed)
    believed = msgspec.structs.replace(signer, is_withdrawn=signer.is_withdrawn and not arrived)
    case_receipts.refuse_unless_it_counts(signed, believed)
    fair = find_fair(tx, signer.fair)
    return Sound(filed, fair, fair.place(filed.desk), case_receipts.as_people_read(filed.at), arrived)


def _signers(tx: Connection, here: Hub, desk: str) -> Iterator[Signer]:
    query = select(devices.c.fair, devices.c.public_key, devices.c.state).where(devices.c.desk == desk)
    for row in tx.execute(query):
        if rehearsals.is_report(row.fair):  # a hub below; its unit may be called as a desk is
            continue
        is_rehearsal = rehearsals.is_rehearsal(row.fair)
        yield Signer(rehearsals.fair_of(row.fair), desk, row.public_key, row.state == "revoked", is_rehearsal)
    own = bytes(here.key.verify_key).hex()
    for fair in tx.execute(select(fairs.c.id)).scalars():
        yield Signer(fair, "", own)


def _has_arrived(tx: Connection, fair: str, filed: Filed) -> bool:
    found = select(complaints.c.blob).where(complaints.c.case == filed.case, complaints.c.fair == fair)
    return filed.content in tx.execute(found).scalars()
