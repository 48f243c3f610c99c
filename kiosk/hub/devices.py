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
from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from kiosk.clock import stamp
from kiosk.errors import (
    DESK_UNKNOWN,
    DEVICE_CUTOFF,
    DEVICE_REVOKED,
    DEVICE_STATE,
    DEVICE_UNKNOWN,
    ENROL_CODE,
    ENROL_KNOWN,
    ENROL_PROOF,
    ENROL_REJECTED,
    ENROL_SETTLED,
    FIELD_INVALID,
    REHEARSAL_MANY,
    SYNC_DEVICE,
    SYNC_SIGNATURE,
    UNIT_RAW,
    UNIT_UNKNOWN,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.devices import DeviceConfirmed, DeviceEnrolled, DeviceReinstated, DeviceReplaced, DeviceRevoked
from kiosk.facts.kinds import Body
from kiosk.facts.reporting import REPORT_KINDS
from kiosk.hub import branches, journal, judging, rehearsals, surveys
from kiosk.hub.context import Hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.store import insert_once
from kiosk.hub.tables import devices, enrolments, fairs, journals, volunteers
from kiosk.packs.fairs import Fair
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, EnrolRequest, FairNotice, RehearsalRequest

CODE_MINUTES = 10
CERTIFICATE_DAYS = 400
REASON_LIMIT = 200  # characters
REHEARSALS = 100  # certificates to rehearse with that one tablet is given
#: What a booth may record.
BOOTH_KINDS = (
    "advice.asked", "board.joined", "clock.compared", "code.checked", "complaint.evidence", "complaint.filed",
    "day.closed", "exhibit.approved", "exhibit.judged", "exhibit.searched", "exhibit.viewed", "exhibit.withdrawn",
    "lot.closed", "lot.committed", "lot.drawn", "lot.entered", "lot.passed", "prize.expired", "prize.issued",
    "prize.redeemed", "prize.stocked", "quicktest.recorded", "quicktest.voided",
    "quiz.answered", "quiz.finished", "shift.began", "shift.ended", "shift.entered",
    "shift.handed", "shift.refused", "stock.counted", "stock.opened",
    "survey.answered", "tally.corrected", "tally.counted", "tally.undone",
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
    return _draw(tx, here, fair.id, desk_id, now, kind, until)


def draw_unit_code(tx: Connection, here: Hub, fair: Fair, unit_id: str, now: datetime, *, kind: str = "cli") -> str:
    """A one-time code with which a hub below joins for a unit of the fair; as `draw_code`. Raises `unit.*`."""
    refuse_unit(tx, fair, unit_id)
    return _draw(tx, here, rehearsals.reports(fair.id), unit_id, now, kind, None)


def refuse_unit(tx: Connection, fair: Fair, unit_id: str) -> None:
    """No hub reports for a unit that the fair has not, nor to a fair whose raw data came from elsewhere.

    Raises `unit.unknown`, `unit.raw`.
    """
    if unit_id not in {unit.id for unit in fair.units}:
        raise Problem(UNIT_UNKNOWN, unit=unit_id)
    if tx.execute(select(fairs.c.origin).where(fairs.c.id == fair.id)).scalar():
        raise Problem(UNIT_RAW, fair=fair.id)


def _draw(tx: Connection, here: Hub, fair: str, place: str, now: datetime, kind: str, until: datetime | None) -> str:
    """`fair` as it is in rows; `place`: a desk, or a unit."""
    if kind != "cli":
        _void(tx, _unused(fair, kind), enrolments.c.desk == place)
    token = secrets.token_hex(16)
    expires = until or now + timedelta(minutes=CODE_MINUTES)
    tx.execute(
        enrolments.insert().values(
            token_hash=_hash(token),
            fair=fair,
            desk=place,
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


def void_desks(tx: Connection, fair: str, desks: Sequence[str]) -> None:
    """Some desks are no more: no tablet is taken in for one, not even one that waits."""
    for desk in desks:
        _void(tx, enrolments.c.fair == fair, enrolments.c.desk == desk, enrolments.c.certificate.is_(None))


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
    if rehearsals.is_report(code.fair) and request.canary:
        raise Problem(ENROL_CODE)  # a tablet's; the code is for a hub, which seals nothing
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
    is_unit = rehearsals.is_report(code.fair)
    certificate = Certificate(
        device=secrets.token_hex(16),
        public_key=request.public_key,
        journal=request.journal,
        hub=here.id,
        fair=rehearsals.fair_of(code.fair),
        desk=code.desk,
        kinds=list(REPORT_KINDS if is_unit else BOOTH_KINDS),
        not_before=stamp(now),
        not_after=stamp(now + timedelta(days=CERTIFICATE_DAYS)),
        unit=code.desk if is_unit else msgspec.UNSET,
    )
    document = here.sign(certificate)
    _keep(tx, certificate, document, bytes.fromhex(request.canary))
    values = {"certificate": document, "request": None}
    tx.execute(update(enrolments).where(enrolments.c.token_hash == code.token_hash).values(**values))
    body = DeviceEnrolled(device=certificate.device, journal=certificate.journal, desk=certificate.desk)
    journal.append(tx, certificate.fair, body, desk=code.desk, by="hub", now=now, mono=mono)
    return document, certificate


def admit(tx: Connection, here: Hub, fair: Fair, unit_id: str, public_key: str, name: str, now: datetime) -> bytes:
    """Let a hub in for a unit whose request came by a file: its signed certificate for journal `name`.

    The same request again gives the same certificate. Raises `unit.*`, `enrol.known`.
    """
    refuse_unit(tx, fair, unit_id)
    journal.lock(tx, fair.id)  # it may be brought in twice at once
    known = tx.execute(select(devices).where(devices.c.journal == name)).one_or_none()
    if known is not None:
        its_own = (rehearsals.reports(fair.id), unit_id, public_key)
        if (known.fair, known.desk, known.public_key) != its_own or known.certificate is None:
            raise Problem(ENROL_KNOWN)
        return bytes(known.certificate)
    certificate = Certificate(
        device=secrets.token_hex(16),
        public_key=public_key,
        journal=name,
        hub=here.id,
        fair=fair.id,
        desk=unit_id,
        kinds=list(REPORT_KINDS),
        not_before=stamp(now),
        not_after=stamp(now + timedelta(days=CERTIFICATE_DAYS)),
        unit=unit_id,
    )
    document = here.sign(certificate)
    _keep(tx, certificate, document, b"")
    body = DeviceEnrolled(device=certificate.device, journal=certificate.journal, desk=unit_id)
    _note(tx, here, fair.id, unit_id, body, "hub")
    return document


def _keep(tx: Connection, certificate: Certificate, document: bytes, canary: bytes) -> None:
    root, fair = envelope.root(document), rehearsals.fair_in_rows(certificate)
    row = {"journal": certificate.journal, "fair": fair, "root": root, "seq": 0, "hash": root}
    insert_once(tx, journals, [row])
    # Whoever comes with a journal that is here already must not become its writer, not even at the same moment.
    held = tx.execute(select(journals.c.root).where(journals.c.journal == certificate.journal)).scalar_one()
    if bytes(held) != root:
        raise Problem(ENROL_KNOWN)
    tx.execute(
        devices.insert().values(
            device=certificate.device,
            journal=certificate.journal,
            fair=fair,
            rehearses=certificate.rehearsal or "",
            desk=certificate.desk,
            public_key=certificate.public_key,
            kinds=" ".join(certificate.kinds),
            certificate=document,
            not_after=datetime.fromisoformat(certificate.not_after).timestamp(),
            canary=canary or None,
            canary_state="waiting" if canary else "none",
        )
    )


# --- rehearsing -----------------------------------------------------------------------------------


def certify_rehearsal(tx: Connection, here: Hub, device: Row[Any], request: RehearsalRequest, now: datetime) -> bytes:
    """A certificate for a second journal of a tablet, in which nothing counts, at its own desk and for as long as its
    own. Asking again for the same journal gives the same. It leaves no trace in the hub's own journal.

    Raises `device.revoked` for a withdrawn tablet, `sync.device` for one that rehearses, or is another hub's,
    `enrol.proof`, `enrol.known`, `rehearsal.many`.
    """
    if device.state == "revoked":
        raise Problem(DEVICE_REVOKED)
    if device.rehearses or rehearsals.is_report(device.fair) or device.hub not in ("", here.id):
        raise Problem(SYNC_DEVICE)
    key = keys.VerifyKey(bytes.fromhex(request.public_key))
    proof = protocol.rehearsal_proof(device.device, request.public_key, request.journal, here.id)
    if not keys.is_signed(key, b"kiosk/rehearsal/1", proof, request.proof):
        raise Problem(ENROL_PROOF)
    journal.lock(tx, device.fair)  # it may ask by two roads at once
    query = select(devices.c.certificate, devices.c.public_key).where(
        devices.c.rehearses == device.device, devices.c.journal == request.journal
    )
    known = tx.execute(query).one_or_none()
    if known is not None and known.public_key == request.public_key:
        return bytes(known.certificate)
    if tx.execute(select(journals.c.journal).where(journals.c.journal == request.journal)).first():
        raise Problem(ENROL_KNOWN)
    held = select(func.count()).where(devices.c.rehearses == device.device)
    if tx.execute(held).scalar_one() >= REHEARSALS:
        raise Problem(REHEARSAL_MANY, most=REHEARSALS)
    certificate = Certificate(
        device=secrets.token_hex(16),
        public_key=request.public_key,
        journal=request.journal,
        hub=here.id,
        fair=device.fair,
        desk=device.desk,
        kinds=device.kinds.split(),
        not_before=stamp(now),
        not_after=_read(here, device.certificate).not_after,
        rehearsal=device.device,
    )
    document = here.sign(certificate)
    _keep(tx, certificate, document, b"")
    return document


def end_rehearsal(tx: Connection, device: Row[Any], name: str) -> None:
    """A tablet says that its rehearsal is over. Saying so again changes nothing."""
    its_own = (devices.c.journal == name) & (devices.c.rehearses == device.device)
    tx.execute(update(devices).where(its_own).values(state="ended"))


def is_withdrawn(tx: Connection, device: Row[Any]) -> bool:
    """Whether a tablet was withdrawn; of a rehearsal, the tablet it is on."""
    if not device.rehearses:
        return bool(device.state == "revoked")
    return tx.execute(select(devices.c.state).where(devices.c.device == device.rehearses)).scalar() == "revoked"


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
    fair = find_fair(tx, certificate.fair)
    if not certificate.unit:
        fair.desk(certificate.desk)
    elif certificate.unit not in {unit.id for unit in fair.units}:
        raise Problem(UNIT_UNKNOWN, unit=certificate.unit)
    journal.lock(tx, certificate.fair)  # it may come by two roads at once
    if tx.execute(select(devices.c.device).where(devices.c.device == certificate.device)).first() is None:
        if tx.execute(select(devices.c.device).where(devices.c.journal == certificate.journal)).first() is not None:
            raise Problem(ENROL_KNOWN)  # another tablet writes that journal
        _keep(tx, certificate, document, canary)
        if not certificate.rehearsal:
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
            surveys=surveys.carried(tx, fair, here.pack)[0] or msgspec.UNSET,
        )
    )


def find(tx: Connection, beginning: str, fair: str | None = None) -> Row[Any]:
    """The one tablet whose id begins so. Raises `device.unknown`."""
    found: Sequence[Row[Any]] = ()
    if beginning and set(beginning) <= set("0123456789abcdef"):
        query = select(devices).where(devices.c.device.startswith(beginning), devices.c.rehearses == "").limit(2)
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
    now, mono = here.clock.now(), here.clock.monotonic()
    journal.append(tx, rehearsals.fair_of(fair), body, desk=desk, by=by, now=now, mono=mono)


def reason_of(typed: str) -> str:
    """Why a person decided something, in a few words on one line. Raises `field.invalid`."""
    text = " ".join(typed.split())
    if not 1 <= len(text) <= REASON_LIMIT or not text.isprintable():
        raise Problem(FIELD_INVALID, field="reason")
    return text
