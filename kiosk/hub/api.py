"""/sync/v1/: the machine door. The bytes are described in docs/protocol.md."""

import hashlib
import io
import zlib
from datetime import datetime

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import select, update

from kiosk import web
from kiosk.clock import stamp
from kiosk.errors import (
    BLOB_MISMATCH,
    DEVICE_REVOKED,
    ENROL_WAITING,
    PAGE_NOT_FOUND,
    REQUEST_TOO_LARGE,
    SYNC_DEVICE,
    SYNC_HEADER,
    SYNC_VERSION,
    Problem,
)
from kiosk.hub import blobs, carrying, intake, rehearsals, retention
from kiosk.hub import devices as enrolment
from kiosk.hub.context import client_mark, hub, queueing, reading, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import throttle
from kiosk.hub.tables import devices, journals
from kiosk.sync import bundles, protocol
from kiosk.sync.protocol import EnrolRequest, Head, Hello, RehearsalRequest, Return, Status, dump

views = Blueprint("api", __name__, url_prefix="/sync/v1")
_JSON = "application/json"
_DOCUMENT = "application/octet-stream"


@views.before_request
def _only_for_booths() -> None:
    version = request.headers.get(protocol.HEADER)
    if version is None:
        raise Problem(SYNC_HEADER)
    if version != str(protocol.VERSION):
        raise Problem(SYNC_VERSION)


@views.get("/hello")
def hello() -> Response:
    here = hub()
    return Response(
        dump(
            Hello(
                hub=here.id,
                signing_key=bytes(here.key.verify_key).hex(),
                sealing_key=bytes(here.sealing_key).hex(),
                protocol=[protocol.VERSION],
                capabilities=list(protocol.CAPABILITIES),
                time=stamp(here.clock.now()),
            )
        ),
        content_type=_JSON,
    )


@views.post("/enrol")
def enrol() -> Response:
    asked = protocol.parse(EnrolRequest, _body(4096))
    here = hub()
    with reading() as tx:
        is_first = not enrolment.has_asked(tx, asked)
    if is_first:  # who waits for somebody to compare the digits asks every few seconds, and guesses nothing
        with writing() as tx:
            throttle(tx, "enrol", client_mark(), 60, 600, here.clock.now())
    with writing() as tx:
        certificate = enrolment.enrol(tx, here, asked, here.clock.now(), here.clock.monotonic())
    if certificate is None:
        waiting = web.show_problem(Problem(ENROL_WAITING))
        waiting.headers[protocol.VOUCH_HEADER] = protocol.acknowledge(here.key, asked, here.id)
        return waiting
    return Response(certificate, content_type=_DOCUMENT)


@views.post("/rehearsals")
def rehearsal() -> Response:
    """A tablet of this fair asks for a journal in which nothing counts."""
    body = _body(4096)
    asked = protocol.parse(RehearsalRequest, body)
    here = hub()
    with queueing() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "POST", request.path, body)
        document = enrolment.certify_rehearsal(tx, here, device, asked, here.clock.now())
    return Response(document, content_type=_DOCUMENT)


@views.delete("/rehearsals/<journal>")
def rehearsal_is_over(journal: str) -> Response:
    """Nobody rehearses there any more; what is still to come of it is taken in all the same."""
    with queueing() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "DELETE", request.path, b"")
        enrolment.end_rehearsal(tx, device, journal)
    return web.json_response({"ok": True})


@views.put("/devices/<device>")
def returned(device: str) -> Response:
    """Proved by the hub's own signature on the certificate, and by the tablet's on the request."""
    body = _body(32 * 1024)
    told = protocol.parse(Return, body)
    here = hub()
    with queueing() as tx:
        certificate = enrolment.readmit(tx, here, told.certificate.encode(), bytes.fromhex(told.canary))
        if enrolment.authenticate(tx, _authorisation(), "PUT", request.path, body).device != device:
            raise Problem(SYNC_DEVICE)
    return web.json_response({"device": certificate.device})


@views.get("/journals/<journal>")
def head(journal: str) -> Response:
    """With a nonce the answer is one to this very question, and no older one."""
    asked = request.args.get("nonce")
    nonce = msgspec.UNSET if asked is None else protocol.read_nonce(asked)
    here = hub()
    with reading() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "GET", request.path, b"")
        if device.journal != journal:
            raise Problem(PAGE_NOT_FOUND)
        held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
        answer = Head(
            seq=held.seq,
            hash=bytes(held.hash).hex(),
            forked_at=held.forked_at,
            canary=device.canary_state,
            cutoff=device.cutoff,
            missing_blobs=blobs.missing(tx, journal, limit=protocol.MISSING_LIMIT),
            nonce=nonce,
            at=msgspec.UNSET if asked is None else stamp(here.clock.now()),
        )
    body = dump(answer)
    signature = protocol.vouch(here.key, journal, body)
    return Response(body, content_type=_JSON, headers={protocol.VOUCH_HEADER: signature})


@views.post("/batches")
def batches() -> Response:
    data = _body(protocol.BATCH_BYTES_LIMIT)
    here = hub()
    with queueing() as tx:
        receipt = intake.receive(tx, data, here.id, here.clock.now())
        tx.execute(
            update(devices).where(devices.c.journal == receipt.journal).values(seen_at=here.clock.now().timestamp())
        )
    if receipt.accepted or receipt.forked:
        retention.erase_what_came(here, receipt.journal)
    return Response(here.sign(receipt), content_type=_DOCUMENT)


@views.post("/bundles")
def bundle() -> Response:
    here = hub()
    checked = carrying.verify(here, io.BytesIO(_body(bundles.POST_LIMIT)), is_posted=True)
    with queueing() as tx:
        taken = carrying.take_in(tx, here, checked)
        answer = carrying.answer(tx, here, checked, taken)
        tx.execute(
            update(devices)
            .where(devices.c.journal == checked.header.journal)
            .values(seen_at=here.clock.now().timestamp())
        )
    if taken.new or taken.forked:
        retention.erase_what_came(here, checked.header.journal)
    return Response(carrying.sign_all(here, answer), content_type=_DOCUMENT)


@views.get("/blobs/<sha256>")
def blob_head(sha256: str) -> Response:
    blobs.check_name(sha256)
    with reading() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "GET", request.path, b"")
        answer = blobs.head(tx, device.device, sha256)
    return Response(dump(answer), content_type=_JSON)


@views.put("/blobs/<sha256>")
def blob(sha256: str) -> Response:
    """A whole blob that fits into one request, or the part of one that `Content-Range` names."""
    content = _body(protocol.BLOB_PART)
    blobs.check_name(sha256)
    given = request.headers.get(protocol.RANGE_HEADER)
    start, total = (0, len(content)) if given is None else protocol.read_range(given, len(content))
    here = hub()
    with queueing() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "PUT", request.path, content)
        answer = blobs.take(tx, device.device, sha256, blobs.Part(start, total, content), here.clock.now())
    if answer is None:  # said only now: what was dropped stays dropped
        raise Problem(BLOB_MISMATCH)
    return Response(dump(answer), content_type=_JSON)


@views.post("/status")
def status() -> Response:
    body = _body(4096)
    told = protocol.parse(Status, body)
    here = hub()
    now = here.clock.now()
    try:
        skew = round((now - datetime.fromisoformat(told.at)).total_seconds() * 1000)
    except ValueError:
        raise protocol.malformed("its time is none") from None
    with queueing() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "POST", request.path, body)
        if device.journal != told.journal:
            raise Problem(PAGE_NOT_FOUND)
        tx.execute(
            update(devices)
            .where(devices.c.device == device.device)
            .values(
                seen_at=now.timestamp(),
                told_seq=told.seq,
                pack=told.pack,
                version=told.version,
                free_mb=told.free_mb,
                told_hash=told.hash,
                told_at=told.at,
                skew_ms=skew,
                **_health(told),
            )
        )
    return web.json_response({"ok": True})


def _health(told: Status) -> dict[str, object]:
    """Columns of a tablet: its battery as it is now, and what of the rest it says anything about."""
    health = protocol.UNKNOWN_HEALTH if told.health is msgspec.UNSET else told.health
    return {"battery": None, "charging": None, **msgspec.to_builtins(health)}


@views.get("/packs/<fair_id>")
def packs(fair_id: str) -> Response:
    with reading() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "GET", request.path, b"")
        if rehearsals.fair_of(device.fair) != fair_id:
            raise Problem(PAGE_NOT_FOUND)
        if enrolment.is_withdrawn(tx, device):
            raise Problem(DEVICE_REVOKED)  # whoever stole it learns no new names and PINs
        document = enrolment.notice(tx, hub(), find_fair(tx, fair_id), device.desk)
    response = Response(document, content_type=_DOCUMENT)
    response.set_etag(hashlib.sha256(document).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _authorisation() -> str:
    return request.headers.get(protocol.AUTH_HEADER, "")


def _body(limit: int) -> bytes:
    """The request's plain bytes, inflated within bounds when it came compressed."""
    request.max_content_length = limit
    data = request.get_data(cache=False)
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding == "identity":
        return data
    if encoding != "gzip":
        raise protocol.malformed("unknown content encoding")
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(data, limit + 1)
    except zlib.error:
        raise protocol.malformed("broken gzip") from None
    if len(plain) > limit:
        raise Problem(REQUEST_TOO_LARGE)
    if not inflater.eof or inflater.unused_data:
        raise protocol.malformed("broken gzip")
    return plain
