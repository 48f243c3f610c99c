"""The page that reads codes off tablets: facts as a sequence of QR codes, and day slips. Both can be pasted, too."""

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, select, update

from kiosk import web
from kiosk.errors import SEQUENCE_MALFORMED, Problem
from kiosk.hub import intake, rehearsals, slips
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.slips import SlipRow
from kiosk.hub.tables import devices
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.sync import sequence
from kiosk.sync.protocol import NAMES, Receipt, Slip

views = Blueprint("sequence", __name__)
#: Characters of what may be pasted: all codes that a tablet shows at most, and their line breaks.
TEXT_LIMIT = sequence.PARTS * (sequence.PART_LIMIT + 2)


class Taken(msgspec.Struct, frozen=True):
    """What came of a sequence of codes."""

    receipt: Receipt
    desk: Desk
    venue: Venue
    known: int  # facts the tablet has said it holds, or more
    text: str  # the receipt, as a code for the tablet to read


class ScanPage(msgspec.Struct, frozen=True):
    fair: Fair
    taken: Taken | None = None
    slip: SlipRow | None = None
    is_rehearsal: bool = False  # what was read counts for nothing
    problem: str | None = None


@views.get("/fairs/<fair_id>/scan")
def scan(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        return _answer(ScanPage(find_fair(tx, fair_id)))


@views.post("/fairs/<fair_id>/scan")
def take(fair_id: str) -> Response:
    """Everything that was read, at once: the parts of a sequence line by line, or a slip."""
    text = web.read_form("text", limit=TEXT_LIMIT)["text"]
    read = _keep_slip if _is_slip(text) else _receive
    try:
        with acting("organiser") as (tx, session):
            fair = find_fair(tx, fair_id)
            found = read(tx, text, session.person.id)
    except Problem as problem:
        if not problem.code.startswith(("sequence.", "sync.", "json.")):
            raise
        with reading() as tx:
            page = ScanPage(find_fair(tx, fair_id), problem=problem.sentence(web.language()))
        return _answer(page, problem.status)
    with reading() as tx:
        of = found.journal if isinstance(found, Receipt) else found.verdict.journal
        is_rehearsal = bool(tx.execute(select(devices.c.rehearses).where(devices.c.journal == of)).scalar())
        if isinstance(found, Receipt):  # signed only now that it is on the disk
            return _answer(ScanPage(fair, taken=_taken(tx, found), is_rehearsal=is_rehearsal))
    return _answer(ScanPage(fair, slip=found, is_rehearsal=is_rehearsal))


def _is_slip(text: str) -> bool:
    return text.lstrip().startswith((sequence.SLIP, NAMES[Slip]))


def _slip(text: str) -> bytes:
    """The signed document of a slip: from its code, or as it is."""
    if text.lstrip().startswith(sequence.SLIP):
        return sequence.read_document(sequence.SLIP, text.strip())
    return b"".join(line.encode() + b"\n" for line in text.strip().splitlines())


def _keep_slip(tx: Connection, text: str, person: str) -> SlipRow:
    kept = slips.keep(tx, hub(), _slip(text), hub().clock.now(), person)
    device = tx.execute(select(devices).where(devices.c.journal == kept.journal)).one()
    return slips.row_of(find_fair(tx, rehearsals.fair_of(device.fair)), kept)


def _receive(tx: Connection, text: str, _person: str) -> Receipt:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise Problem(SEQUENCE_MALFORMED, reason="nothing was read")
    here, now = hub(), hub().clock.now()
    receipt = intake.receive(tx, sequence.read_parts(lines), here.id, now)
    # It was held before our camera a moment ago.
    tx.execute(update(devices).where(devices.c.journal == receipt.journal).values(seen_at=now.timestamp()))
    return receipt


def _taken(tx: Connection, receipt: Receipt) -> Taken:
    device = tx.execute(select(devices).where(devices.c.journal == receipt.journal)).one()
    fair = find_fair(tx, rehearsals.fair_of(device.fair))
    desk = fair.desk(device.desk)
    text = sequence.write_document(sequence.RECEIPT, hub().sign(receipt))
    return Taken(receipt, desk, fair.venue(desk.venue), max(receipt.seq, device.told_seq or 0), text)


def _answer(page: ScanPage, status: int = 200) -> Response:
    return web.with_camera(web.page("hub/sequence/scan.html", status, page=page, fair=page.fair))
