"""Tablets at the hub: codes, waiting requests, certificates, signed requests, canaries; withdrawing and replacing one.

A code drawn on a screen or printed on a sheet can be photographed, so its tablet is taken in only once a person saw
the same six digits on both sides. A code of the command line never left the hands of whoever runs the hub.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select, update

from kiosk.clock import stamp
from kiosk.errors import (
    DESK_UNKNOWN,
    DEVICE_CUTOFF,
    DEVICE_STATE,
    DEVICE_UNKNOWN,
    ENROL_CODE,
    ENROL_KNOWN,
    ENROL_PROOF,
    ENROL_REJECTED,
    ENROL_SETTLED,
    FIELD_INVALID,
    SYNC_DEVICE,
    SYNC_SIGNATURE,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.devices import DeviceConfirmed, DeviceEnrolled, DeviceReinstated, DeviceReplaced, DeviceRevoked
from kiosk.facts.kinds import Body
from kiosk.hub import branches, journal, judging
from kiosk.hub.context import Hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.store import insert_once
from kiosk.hub.tables import devices, enrolments, journals, volunteers
from kiosk.packs.fairs import Fair
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, EnrolRequest, FairNotice

CODE_MINUTES = 10
CERTIFICATE_DAYS = 400
REASON_LIMIT = 200  # characters
#: What a booth may record.
BOOTH_KINDS = (
    "board.joined", "clock.compared", "code.checked", "complaint.filed", "day.closed", "exhibit.approved",
    "exhibit.judged", "exhibit.searched", "exhibit.viewed", "exhibit.withdrawn", "lot.closed", "lot.committed",
    "lot.drawn", "lot.entered", "lot.passed", "prize.expired", "prize.issued", "prize.redeemed", "prize.stocked",
    "quiz.answered", "quiz.finished", "shift.entered", "shift.refused", "tally.counted", "tally.undone",
)  # fmt: skip
#: When a code expired that somebody declared void.
_VOID = 0.0


# --- codes ----------------------------------------------------------------------------------------


def draw_code(
    tx: Connection,
    here: Hub,
    fair: Fair,
    desk_id: str,
    now: datetime,
    *,
    kind: str = "cli",
    until: datetime | None = None,
) -> str:
    """A one-time enrolment code for a desk. Only its hash is kept.

    `kind`: "cli", or "screen" or "sheet", whose tablets wait until the digits were compared; one of these takes
    the place of an unused one of its kind for the same desk. Good until `until`, or for ten minutes.
    """
    if desk_id not in {desk.id for desk in fair.desks}:
        raise Problem(DESK_UNKNOWN, desk=desk_id)
    if kind != "cli":
        _void(tx, _unused(fair.id, kind), enrolments.c.desk == desk_id)
    token = secrets.token_hex(16)
    expires = until or now + timedelta(minutes=CODE_MINUTES)
    tx.execute(
        enrolments.insert().values(
            token_hash=_hash(token),
            fair=fair.id,
            desk=desk_id,
            expires_at=expires.timestamp(),
            used_by=None,
            kind=kind,
            compare_needed=kind != "cli",
        )
    )
    return protocol.write_code(token, here.fingerprint)


class OpenCode(msgspec.Struct, frozen=True):
    """A code that a tablet could still use."""

    desk: str
    kind: str
    expires_at: float  # epoch seconds


def open_codes(tx: Connection, fair: str, now: datetime) -> list[OpenCode]:
    query = select(enrolments).where(_unused(fair), enrolments.c.expires_at >= now.timestamp())
    return [OpenCode(row.desk, row.kind, row.expires_at) for row in tx.execute(query.order_by(enrolments.c.expires_at))]


def find_open(tx: Connection, fair: str, code: str, now: datetime) -> OpenCode:
    """What is known of a code, for whoever holds it. Raises `enrol.code` when no tablet could use it any more."""
    token, _ = protocol.read_code(code)
    found = select(enrolments).where(_unused(fair), enrolments.c.token_hash == _hash(token))
    row = tx.execute(found.where(enrolments.c.expires_at >= now.timestamp())).one_or_none()
    if row is None:
        raise Problem(ENROL_CODE)
    return OpenCode(row.desk, row.kind, row.expires_at)


def void_codes(tx: Connection, fair: str, kind: str) -> None:
    """No tablet can use any code of that kind any more. Those that have asked already are not touched."""
    _void(tx, _unused(fair, kind))


def _unused(fair: str, kind: str | None = None) -> ColumnElement[bool]:
    unused = (enrolments.c.fair == fair) & enrolments.c.used_by.is_(None)
    return unused if kind is None else unused & (enrolments.c.kind == kind)


def _void(tx: Connection, *which: ColumnElement[bool]) -> None:
    tx.execute(update(enrolments).where(*which).values(expires_at=_VOID, request=None))


def _hash(token: str) -> str:
    return hashlib.sha256(b"kiosk/enrol-token/1\0" + token.encode()).hexdigest()


# --- asking, comparing, taking in -----------------------------------------------------------------


def enrol(tx: Connection, here: Hub, request: EnrolRequest, now: datetime, mono: int) -> bytes | None:
    """Take a tablet in: its signed certificate, or None while somebody has yet to compare the digits.

    Asking again with the same key is the same request. The first key to use a code is the only one that can.
    Raises `enrol.proof`, `enrol.code`, `enrol.known` or `enrol.rejected`; then nothing was used up.
    """
    key = keys.VerifyKey(bytes.fromhex(request.public_key))
    proof = protocol.enrol_proof(request.token, request.public_key, request.journal, here.id)
    if not keys.is_signed(key, b"kiosk/enrol/1", proof, request.proof):
        raise Problem(ENROL_PROOF)
    code = tx.execute(
        select(enrolments).where(enrolments.c.token_hash == _hash(request.token)).with_for_update()
    ).one_or_none()
    if code is not None and code.used_by == _asker(request):
        return _answer_again(code)
    if code is None or code.used_by is not None or now.timestamp() > code.expires_at:
        raise Problem(ENROL_CODE)
    if tx.execute(select(journals.c.journal).where(journals.c.journal == request.journal)).first():
        raise Problem(ENROL_KNOWN)
    used = {"used_by": _asker(request), "asked_at": now.timestamp(), "request": protocol.dump(request)}
    tx.execute(update(enrolments).where(enrolments.c.token_hash == code.token_hash).values(**used))
    if code.compare_needed:
        return None
    document, _ = _certify(tx, here, code, request, now, mono)
    return document


def has_asked(tx: Connection, request: EnrolRequest) -> bool:
    """Whether it is a request that was let through before."""
    query = select(enrolments.c.used_by).where(enrolments.c.token_hash == _hash(request.token))
    return tx.execute(query).scalar() == _asker(request)


def _asker(request: EnrolRequest) -> str:
    return f"{request.public_key} {request.journal}"


def _answer_again(code: Row[Any]) -> bytes | None:
    if code.certificate is not None:
        return bytes(code.certificate)
    if code.expires_at == _VOID:
        raise Problem(ENROL_REJECTED)
    return None


class Waiting(msgspec.Struct, frozen=True):
    """A tablet that asked and waits for a person to compare the digits."""

    id: str  # the hash of its code's token
    desk: str
    digits: str
    asked_at: float  # epoch seconds


def waiting(tx: Connection, here: Hub, fair: str) -> list[Waiting]:
    """Those who wait, who asked first first."""
    query = select(enrolments).where(enrolments.c.fair == fair, enrolments.c.request.is_not(None))
    return [
        Waiting(row.token_hash, row.desk, _digits(here, row), row.asked_at)
        for row in tx.execute(query.order_by(enrolments.c.asked_at, enrolments.c.token_hash))
    ]


def _digits(here: Hub, row: Row[Any]) -> str:
    request = protocol.parse(EnrolRequest, bytes(row.request))
    return protocol.comparison(request, here.fingerprint, protocol.acknowledge(here.key, request, here.id))


def confirm(
    tx: Connection, here: Hub, fair: str, waiting_id: str, person: str, key: keys.PrivateKey | None = None
) -> str:
    """A person saw the same digits on both screens: the tablet is taken in; returns its id.

    `key` opens its canary at once; without it that is left to whoever holds one. Doing it again changes nothing.
    Raises `enrol.settled` when it was turned down meanwhile.
    """
    code = tx.execute(
        select(enrolments).where(enrolments.c.token_hash == waiting_id, enrolments.c.fair == fair).with_for_update()
    ).one_or_none()
    if code is not None and code.confirmed_by is not None:
        return _read(here, code.certificate).device
    if code is None or code.request is None:
        raise Problem(ENROL_SETTLED)
    now, mono = here.clock.now(), here.clock.monotonic()
    request = protocol.parse(EnrolRequest, bytes(code.request))
    _, certificate = _certify(tx, here, code, request, now, mono)
    tx.execute(update(enrolments).where(enrolments.c.token_hash == waiting_id).values(confirmed_by=person))
    _note(tx, here, fair, code.desk, DeviceConfirmed(device=certificate.device), person)
    if key is not None:
        open_canaries(tx, here, key)
    return certificate.device


def reject(tx: Connection, fair: str, waiting_id: str) -> None:
    """The digits differ: the code is void, and whoever asked with it gets nothing. Raises `enrol.settled`."""
    code = tx.execute(
        select(enrolments).where(enrolments.c.token_hash == waiting_id, enrolments.c.fair == fair).with_for_update()
    ).one_or_none()
    if code is None or code.certificate is not None:
        raise Problem(ENROL_SETTLED)
    _void(tx, enrolments.c.token_hash == waiting_id)


def _certify(
    tx: Connection, here: Hub, code: Row[Any], request: EnrolRequest, now: datetime, mono: int
) -> tuple[bytes, Certificate]:
    certificate = Certificate(
        device=secrets.token_hex(16),
        public_key=request.public_key,
        journal=request.journal,
        hub=here.id,
        fair=code.fair,
        desk=code.desk,
        kinds=list(BOOTH_KINDS),
        not_before=stamp(now),
        not_after=stamp(now + timedelta(days=CERTIFICATE_DAYS)),
    )
    document = here.sign(certificate)
    _keep(tx, certificate, document, bytes.fromhex(request.canary))
    values = {"certificate": document, "request": None}
    tx.execute(update(enrolments).where(enrolments.c.token_hash == code.token_hash).values(**values))
    body = DeviceEnrolled(device=certificate.device, journal=certificate.journal, desk=certificate.desk)
    journal.append(tx, code.fair, body, desk=code.desk, by="hub", now=now, mono=mono)
    return document, certificate


def _keep(tx: Connection, certificate: Certificate, document: bytes, canary: bytes) -> None:
    root = envelope.root(document)
    row = {"journal": certificate.journal, "fair": certificate.fair, "root": root, "seq": 0, "hash": root}
    insert_once(tx, journals, [row])
    # Whoever comes with a journal that is here already must not become its writer, not even at the same moment.
    held = tx.execute(select(journals.c.root).where(journals.c.journal == certificate.journal)).scalar_one()
    if bytes(held) != root:
        raise Problem(ENROL_KNOWN)
    tx.execute(
        devices.insert().values(
            device=certificate.device,
            journal=certificate.journal,
            fair=certificate.fair,
            desk=certificate.desk,
            public_key=certificate.public_key,
            kinds=" ".join(certificate.kinds),
            certificate=document,
            not_after=datetime.fromisoformat(certificate.not_after).timestamp(),
            canary=canary or None,
            canary_state="waiting" if canary else "none",
        )
    )


def _read(here: Hub, document: bytes) -> Certificate:
    return protocol.read_document(Certificate, bytes(document), here.key.verify_key)


# --- the canary -----------------------------------------------------------------------------------


class Canaries(msgspec.Struct, frozen=True):
    """What became of the canaries that were waiting."""

    opened: int
    broken: int


def open_canaries(tx: Connection, here: Hub, key: keys.PrivateKey) -> Canaries:
    """Open what tablets sealed first of all: what a citizen tells must not be the first thing to find the key wrong.

    A key that is not this hub's says nothing about them, and leaves them as they are.
    """
    if key.public_key != here.sealing_key:
        return Canaries(0, 0)
    query = select(devices).where(devices.c.canary_state == "waiting").with_for_update()
    opened = {row.device: _is_sound(here, key, row) for row in tx.execute(query)}
    for device, is_sound in opened.items():
        state = "opened" if is_sound else "broken"
        tx.execute(update(devices).where(devices.c.device == device).values(canary_state=state))
    sound = sum(opened.values())
    return Canaries(sound, len(opened) - sound)


def _is_sound(here: Hub, key: keys.PrivateKey, row: Row[Any]) -> bool:
    try:
        return keys.unseal(key, bytes(row.canary)) == protocol.canary_text(row.journal, here.id)
    except Problem:
        return False


# --- those who are in -----------------------------------------------------------------------------


def authenticate(tx: Connection, authorisation: str, method: str, path: str, body: bytes) -> Row[Any]:
    """The device that signed a request. Raises `sync.device` or `sync.signature`."""
    device_id, _, signature = authorisation.partition(" ")
    device = tx.execute(select(devices).where(devices.c.device == device_id)).one_or_none()
    if device is None:
        raise Problem(SYNC_DEVICE)
    key = keys.VerifyKey(bytes.fromhex(device.public_key))
    if not protocol.is_authorised(key, signature, method, path, body):
        raise Problem(SYNC_SIGNATURE)
    return device


def readmit(tx: Connection, here: Hub, document: bytes, canary: bytes = b"") -> Certificate:
    """Know a tablet again that this hub certified, before it was set back to a copy from which the tablet is missing.

    Its certificate says all there was to know. Raises `sync.device` where it is none of this hub, `fair.unknown` and
    `desk.unknown` where the fair is missing too, `enrol.known`.
    """
    try:
        certificate = _read(here, document)
    except Problem:
        raise Problem(SYNC_DEVICE) from None
    if certificate.hub != here.id or certificate.device == here.id:
        raise Problem(SYNC_DEVICE)
    find_fair(tx, certificate.fair).desk(certificate.desk)
    journal.lock(tx, certificate.fair)  # it may come by two roads at once
    if tx.execute(select(devices.c.device).where(devices.c.device == certificate.device)).first() is None:
        if tx.execute(select(devices.c.device).where(devices.c.journal == certificate.journal)).first() is not None:
            raise Problem(ENROL_KNOWN)  # another tablet writes that journal
        _keep(tx, certificate, document, canary)
        body = DeviceEnrolled(device=certificate.device, journal=certificate.journal, desk=certificate.desk)
        _note(tx, here, certificate.fair, certificate.desk, body, "hub")
    return certificate


def notice(tx: Connection, here: Hub, fair: Fair, desk: str) -> bytes:
    """The fair as the booth at a desk needs it, signed. The same content gives the same bytes."""
    rows = tx.execute(select(volunteers).where(volunteers.c.fair == fair.id).order_by(volunteers.c.id))
    return here.sign(
        FairNotice(
            fair=fair.at(desk),
            public_url=here.config.public_url.rstrip("/"),
            pack=here.pack.version,
            volunteers=[{"id": row.id, "name": row.name, "pin": row.pin} for row in rows],
        )
    )


def find(tx: Connection, beginning: str, fair: str | None = None) -> Row[Any]:
    """The one tablet whose id begins so. Raises `device.unknown`."""
    found: Sequence[Row[Any]] = ()
    if beginning and set(beginning) <= set("0123456789abcdef"):
        query = select(devices).where(devices.c.device.startswith(beginning)).limit(2)
        found = tx.execute(query if fair is None else query.where(devices.c.fair == fair)).all()
    if len(found) != 1:
        raise Problem(DEVICE_UNKNOWN, device=beginning[:40])
    return found[0]


# --- withdrawing and replacing --------------------------------------------------------------------


def counted(tx: Connection, device: Row[Any]) -> int:
    """The last fact of a tablet that may count: the end of its unbroken run, or its cut-off.

    A fork that nobody has decided about takes nothing off it: whoever made it must not choose what may count.
    """
    seq = branches.unbroken(tx, device.journal)
    return seq if device.cutoff is None else min(seq, device.cutoff)


def revoke(tx: Connection, here: Hub, device_id: str, reason: str, by: str, cutoff: int | None = None) -> int:
    """Withdraw a tablet that is lost, stolen or not to be trusted; returns the cut-off.

    Nothing after fact `cutoff` counts, whenever and however it arrives; what did count is taken out again. Without
    `cutoff`: what has been counted so far stays. A withdrawn tablet can be cut off earlier, never later.
    Raises `device.cutoff`, `field.invalid`.
    """
    device = _lock(tx, device_id)
    most = counted(tx, device)
    cutoff = most if cutoff is None else cutoff
    if not 0 <= cutoff <= most:
        raise Problem(DEVICE_CUTOFF, most=most)
    body = DeviceRevoked(device=device.device, cutoff=cutoff, reason=reason_of(reason))
    _note(tx, here, device.fair, device.desk, body, by)
    _set(tx, device, state="revoked", cutoff=cutoff, reason=body.reason)
    judging.judge_again(tx, device.journal)
    branches.settle_to(tx, device.journal, cutoff)
    return cutoff


def replace(tx: Connection, here: Hub, device_id: str, reason: str, by: str) -> Row[Any]:
    """A broken tablet makes room for another at its desk. What it still holds may arrive, and counts.

    Raises `device.state` unless it is in use, `field.invalid`.
    """
    device = _lock(tx, device_id)
    if device.state != "active":
        raise Problem(DEVICE_STATE)
    body = DeviceReplaced(device=device.device, reason=reason_of(reason))
    _note(tx, here, device.fair, device.desk, body, by)
    _set(tx, device, state="replaced", reason=body.reason)
    return device


def reinstate(tx: Connection, here: Hub, device_id: str, by: str) -> None:
    """A replaced tablet works again. Raises `device.state` unless it was replaced."""
    device = _lock(tx, device_id)
    if device.state != "replaced":
        raise Problem(DEVICE_STATE)
    _note(tx, here, device.fair, device.desk, DeviceReinstated(device=device.device), by)
    _set(tx, device, state="active", reason="")


def _lock(tx: Connection, device_id: str) -> Row[Any]:
    """The tablet, and its journal held fast, in the order in which intake takes them. Raises `device.unknown`."""
    row = find(tx, device_id)
    tx.execute(select(journals.c.seq).where(journals.c.journal == row.journal).with_for_update()).one()
    return tx.execute(select(devices).where(devices.c.device == row.device).with_for_update()).one()


def _set(tx: Connection, device: Row[Any], **values: str | int) -> None:
    tx.execute(update(devices).where(devices.c.device == device.device).values(**values))


def _note(tx: Connection, here: Hub, fair: str, desk: str, body: Body, by: str) -> None:
    """Write down in the hub's own journal what was decided about a tablet."""
    journal.append(tx, fair, body, desk=desk, by=by, now=here.clock.now(), mono=here.clock.monotonic())


def reason_of(typed: str) -> str:
    """Why a person decided something, in a few words on one line. Raises `field.invalid`."""
    text = " ".join(typed.split())
    if not 1 <= len(text) <= REASON_LIMIT or not text.isprintable():
        raise Problem(FIELD_INVALID, field="reason")
    return text
