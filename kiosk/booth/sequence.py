"""The QR road at the booth: what the hub has not signed for as codes that take turns, and the receipt that comes back.

No sealed content goes this way: a complaint's own words do not belong on a screen.
"""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import carrying, outbox, staff
from kiosk.booth.carrying import Carrier, blob_names
from kiosk.booth.context import Booth, booth
from kiosk.errors import JOURNAL_FORKED, RECEIPTS_MALFORMED, SEQUENCE_TOO_LONG, Problem
from kiosk.sync import sequence

views = Blueprint("sequence", __name__)
views.before_request(staff.ask_for_pin)
_NUMBER_LIMIT = 12  # digits


class CodesPage(msgspec.Struct, frozen=True):
    texts: list[str]  # of all codes
    part: int  # the one that is drawn on the page, from 1
    first: int  # the facts they hold, as far as they fit
    last: int
    facts_unsent: int
    blobs_unsent: int
    receipted: int  # the hub has signed for facts up to here
    problem: str | None


@views.get("/staff/qr")
def codes() -> Response:
    return _answer(booth())


@views.post("/staff/qr")
def take_receipt() -> Response:
    """The hub's receipt, off its screen."""
    text = web.read_form("text")["text"].strip()
    here = booth()
    try:
        carrying.take_receipts(_carrier(here), _receipt(text))
    except Problem as problem:
        if problem.kind is not JOURNAL_FORKED and not problem.code.startswith(("receipts.", "sync.")):
            raise
        return _answer(here, problem)
    return web.see_other("sequence.codes")


def _receipt(text: str) -> bytes:
    """The document of a receipt's code. Raises `receipts.malformed`."""
    try:
        return sequence.read_document(sequence.RECEIPT, text)
    except Problem as problem:
        raise Problem(RECEIPTS_MALFORMED, reason=problem.details.get("reason", "it is not whole")) from None


def _carrier(here: Booth) -> Carrier:
    return Carrier.of(here.journal, outbox.load_key(here.config.data))


def _answer(here: Booth, problem: Problem | None = None) -> Response:
    journal = here.journal
    receipted, (head, _) = journal.receipted(), journal.head()
    # A page for each code: they must be of one sequence, whatever is recorded or signed for meanwhile.
    first = min(_asked("first", receipted + 1), head + 1)
    last = min(_asked("last", head), head)
    try:
        texts = _texts(_carrier(here), first, last)
    except Problem as too_long:
        if too_long.kind is not SEQUENCE_TOO_LONG:
            raise
        texts, problem = [], problem or too_long
    page = CodesPage(
        texts=texts,
        part=min(max(1, _asked("part", 1)), max(1, len(texts))),
        first=first,
        last=last,
        facts_unsent=head - receipted,
        blobs_unsent=len(blob_names(journal, unsent_only=True)),
        receipted=receipted,
        problem=problem.sentence(web.language()) if problem else None,
    )
    answer = web.page("booth/sequence/codes.html", _status(problem), page=page, unsent=journal.unsent())
    return web.with_camera(answer)


def _status(problem: Problem | None) -> int:
    """What somebody pasted that is no receipt of the hub's is their mistake, and no failure of another server."""
    if problem is None:
        return 200
    return problem.status if problem.status < 500 else 422


def _asked(name: str, otherwise: int) -> int:
    given = request.args.get(name, "")
    is_number = given.isascii() and given.isdigit() and len(given) <= _NUMBER_LIMIT
    return max(1, int(given)) if is_number else otherwise


def _texts(carrier: Carrier, first: int, last: int) -> list[str]:
    """The codes of as many facts from `first` as fit; none where there is nothing to tell."""
    lines = carrier.lines(first, last) if first <= last else []
    return sequence.write_most(lambda count: carrier.batch(first, lines[:count]), len(lines)) if lines else []
