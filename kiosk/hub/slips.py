"""Day slips at the hub: what tablets said they held when they closed, against what is here.

A slip names its tablet's real head, so the hub learns of facts that never reached any network. It comes as a signed
document, whatever carried it, or typed off paper: a desk, a number of facts and eight characters.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, Row, case, select

from kiosk import crockford, strictjson, web
from kiosk.clock import BEIJING, stamp
from kiosk.errors import (
    DESK_BARE,
    DESK_UNKNOWN,
    FIELD_INVALID,
    SLIP_CODE,
    SLIP_TABLET,
    SYNC_ADDRESSEE,
    SYNC_DEVICE,
    Problem,
)
from kiosk.facts.envelope import day_and_hour
from kiosk.hub import rehearsals
from kiosk.hub.context import Hub, acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.store import insert_once
from kiosk.hub.tables import devices, facts, journals, slips
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Slip

views = Blueprint("slips", __name__)
_SHOWN = 30  # slips on the page
_FIRST_LINE = re.compile(rb"kiosk-slip/1 (\{[^\n]*\})\n")


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """A slip against what is here now."""

    journal: str
    device: str
    desk: str
    seq: int  # facts the slip speaks of
    hash: str  # the last one's chain hash, hex; of a typed slip its first ten digits
    held: int  # facts of that tablet here, without a gap
    state: str  # "agrees"; "behind": there are fewer here; "differs": another fact stands at that place
    is_typed: bool
    day: str
    at: str  # when the tablet made it, or when it was typed
    received_at: float = 0
    vouched: int = 0  # facts of that tablet that any of its signed slips vouches for

    @property
    def is_conflict(self) -> bool:
        """Whether it proves that the tablet's journal is known in two versions. What is typed may be mistyped."""
        return self.state == "differs" and not self.is_typed


# --- taking one in --------------------------------------------------------------------------------


def keep(tx: Connection, here: Hub, document: bytes, now: datetime, person: str = "") -> Verdict:
    """Verify a signed slip and keep it. The same slip again changes nothing.

    Raises `sync.malformed`, `sync.device`, `sync.addressee` or `sync.signature`; then nothing was kept.
    """
    device = _device_of(tx, document)
    slip = protocol.read_document(Slip, document, keys.VerifyKey(bytes.fromhex(device.public_key)))
    if (slip.journal, slip.device) != (device.journal, device.device):
        raise Problem(SYNC_DEVICE)
    if (slip.hub, slip.fair, slip.desk) != (device.hub or here.id, rehearsals.fair_of(device.fair), device.desk):
        raise Problem(SYNC_ADDRESSEE)
    row = {
        "journal": slip.journal,
        "seq": slip.last,
        "hash": slip.hash,
        "fair": device.fair,
        "desk": slip.desk,
        "day": slip.day,
        "at": slip.at,
        "counts": strictjson.dumps(slip.counts).decode(),
        "source": "document",
        "received_at": now.timestamp(),
        "person": person,
    }
    insert_once(tx, slips, [row])
    return _judge(tx, row, device.device)


def _device_of(tx: Connection, document: bytes) -> Row[Any]:
    """The tablet a slip says it is of; whether it is, its signature tells."""
    match = _FIRST_LINE.match(document[: protocol.DOCUMENT_LIMIT])
    if match is None:
        raise protocol.malformed("it does not begin with kiosk-slip/1")
    named = protocol.parse(Slip, match[1]).device
    device = tx.execute(select(devices).where(devices.c.device == named)).one_or_none()
    if device is None:
        raise Problem(SYNC_DEVICE)
    return device


def keep_typed(
    tx: Connection, fair: str, desk: str, seq: int, code: str, now: datetime, person: str, device: str = ""
) -> Verdict:
    """A slip typed off paper. Of several tablets at a desk it is the one whose facts it fits, else the one named.

    `device`: which tablet's it is, as a person says. What was typed for that tablet before is forgotten: whoever
    mistyped types again. Raises `slip.code` for characters that are none, `desk.bare` where no tablet was ever
    enrolled for that desk, `slip.tablet` where it fits none of several and nobody said whose it is.
    """
    number = crockford.read(code, 8)
    if number is None:
        raise Problem(SLIP_CODE)
    digits = number.to_bytes(5).hex()
    every = tablets_at(tx, fair, desk)
    if not every:
        raise Problem(DESK_BARE, desk=desk)
    tablets = [tablet for tablet in every if tablet.device == device] if device else every
    verdicts = []
    for tablet in tablets:
        row = {
            "journal": tablet.journal,
            "seq": seq,
            "hash": digits,
            "fair": fair,
            "desk": desk,
            "day": day_and_hour(now)[0],
            "at": stamp(now),
            "counts": "{}",
            "source": "typed",
            "received_at": now.timestamp(),
            "person": person,
        }
        verdicts.append((_judge(tx, row, tablet.device), row))
    agreeing = [one for one in verdicts if one[0].state == "agrees"]
    if not agreeing and len(verdicts) != 1:
        raise Problem(SLIP_TABLET, desk=desk)
    verdict, row = (agreeing or verdicts)[0]
    tx.execute(slips.delete().where(slips.c.journal == verdict.journal, slips.c.source == "typed"))
    insert_once(tx, slips, [row])
    return verdict


def tablets_at(tx: Connection, fair: str, desk: str) -> Sequence[Row[Any]]:
    """Those in use before those that are not, the newest certificate first."""
    rows = tx.execute(select(devices).where(devices.c.fair == fair, devices.c.desk == desk)).all()
    return sorted(rows, key=lambda row: (row.state != "active", -row.not_after, row.device))


# --- comparing ------------------------------------------------------------------------------------


def _judge(tx: Connection, told: Mapping[str, Any], device: str) -> Verdict:
    held = tx.execute(select(journals.c.seq, journals.c.root).where(journals.c.journal == told["journal"])).one()
    at = (facts.c.journal == told["journal"]) & (facts.c.seq == told["seq"])
    return _verdict(told, device, held.seq, held.root, tx.execute(select(facts.c.hash).where(at)).scalar())


def of_fair(tx: Connection, fair: str) -> dict[str, Verdict]:
    """Journal → the slip that speaks for it, compared with what is here now."""
    # Most slips speak of the end of the run, which stands in its journal's row: facts are looked at for the others.
    stored = select(facts.c.hash).where(facts.c.journal == slips.c.journal, facts.c.seq == slips.c.seq)
    here = case((slips.c.seq == journals.c.seq, journals.c.hash), else_=stored.scalar_subquery())
    query = (
        select(slips, devices.c.device, journals.c.seq.label("held"), journals.c.root, here.label("stored"))
        .join(devices, devices.c.journal == slips.c.journal)
        .join(journals, journals.c.journal == slips.c.journal)
        .where(slips.c.fair == fair)
    )
    found: dict[str, list[Verdict]] = defaultdict(list)
    for row in tx.execute(query).mappings().all():
        found[row["journal"]].append(_verdict(row, row["device"], row["held"], row["root"], row["stored"]))
    return {name: foremost(of_journal) for name, of_journal in found.items()}


def _verdict(told: Mapping[Any, Any], device: str, held: int, root: bytes, stored: bytes | None) -> Verdict:
    """`held`: end of the counted run; `stored`: the chain hash here at the slip's place, counted or not."""
    digest = root if told["seq"] == 0 else stored
    if digest is not None and not bytes(digest).hex().startswith(told["hash"]):
        state = "differs"
    else:
        state = "behind" if digest is None or held < told["seq"] else "agrees"
    return Verdict(
        journal=told["journal"],
        device=device,
        desk=told["desk"],
        seq=told["seq"],
        hash=told["hash"],
        held=held,
        state=state,
        is_typed=told["source"] == "typed",
        day=told["day"],
        at=told["at"],
        received_at=told["received_at"],
    )


def foremost(verdicts: Sequence[Verdict]) -> Verdict:
    """The slip that speaks for a journal: one that proves a fork, else the one that goes furthest.

    What was typed counts only where it goes further than any document. It vouches for nothing: it may be mistyped.
    """
    first = max(verdicts, key=lambda one: (one.is_conflict, one.seq, not one.is_typed, one.received_at))
    vouched = (one.seq for one in verdicts if not one.is_typed and one.state != "differs")
    return msgspec.structs.replace(first, vouched=max(vouched, default=0))


# --- the page -------------------------------------------------------------------------------------


class SlipRow(msgspec.Struct, frozen=True):
    """A slip that was kept."""

    verdict: Verdict
    desk: Desk
    venue: Venue
    when: str  # when it came, "03-15 17:05"


class SlipsPage(msgspec.Struct, frozen=True):
    fair: Fair
    rows: list[SlipRow]  # the latest of each tablet, those that differ first; not all of them
    agreeing: int
    differing: int
    kept: SlipRow | None  # the one just typed
    problem: str | None
    typed: Mapping[str, str]
    tablets: Sequence[Row[Any]]  # of the desk that was typed, where a person has to say whose the slip is


@views.get("/fairs/<fair_id>/slips")
def listing(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        return _answer(tx, find_fair(tx, fair_id))


@views.post("/fairs/<fair_id>/slips")
def type_one(fair_id: str) -> Response:
    """A slip typed off paper."""
    form = web.read_form("desk", "seq", "code", optional=("device",))
    try:
        with acting("organiser") as (tx, session):
            fair, now = find_fair(tx, fair_id), hub().clock.now()
            desk = fair.desk(form["desk"].strip().lower())
            kept = keep_typed(
                tx, fair.id, desk.id, _number(form["seq"]), form["code"], now, session.person.id, form["device"]
            )
    except Problem as problem:
        if problem.kind not in (DESK_BARE, DESK_UNKNOWN, FIELD_INVALID, SLIP_CODE, SLIP_TABLET):
            raise
        with reading() as tx:
            return _answer(tx, find_fair(tx, fair_id), problem=problem, typed=form)
    with reading() as tx:
        return _answer(tx, fair, kept)


def _number(text: str) -> int:
    """A number of facts as people write it: 1,286 or １２８６."""
    digits = re.sub(r"[\s,，]", "", unicodedata.normalize("NFKC", text))
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Problem(FIELD_INVALID, field="seq")
    return int(digits)


def _answer(
    tx: Connection,
    fair: Fair,
    kept: Verdict | None = None,
    problem: Problem | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    found = sorted(of_fair(tx, fair.id).values(), key=lambda one: (one.state == "agrees", -one.received_at))
    page = SlipsPage(
        fair=fair,
        rows=[row_of(fair, verdict) for verdict in found[:_SHOWN]],
        agreeing=sum(one.state == "agrees" for one in found),
        differing=sum(one.state != "agrees" for one in found),
        kept=row_of(fair, kept) if kept else None,
        problem=problem.sentence(web.language()) if problem else None,
        typed=typed or {},
        tablets=_choice(tx, fair, typed["desk"]) if problem and typed and problem.kind is SLIP_TABLET else (),
    )
    return web.page("hub/slips/list.html", problem.status if problem else 200, page=page, fair=fair)


def _choice(tx: Connection, fair: Fair, typed: str) -> Sequence[Row[Any]]:
    return tablets_at(tx, fair.id, typed.strip().lower())


def row_of(fair: Fair, verdict: Verdict) -> SlipRow:
    desk = fair.desk(verdict.desk)
    when = datetime.fromtimestamp(verdict.received_at, BEIJING).strftime("%m-%d %H:%M")
    return SlipRow(verdict, desk, fair.venue(desk.venue), when)
