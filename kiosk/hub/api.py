"""/sync/v1/: the machine door. The bytes are described in docs/protocol.md."""

import hashlib
import zlib

from flask import Blueprint, Response, request
from sqlalchemy import select, update

from kiosk import web
from kiosk.clock import stamp
from kiosk.errors import (
    BLOB_MISMATCH,
    PAGE_NOT_FOUND,
    REQUEST_TOO_LARGE,
    SYNC_HEADER,
    SYNC_VERSION,
    Problem,
)
from kiosk.hub import devices as enrolment
from kiosk.hub import intake
from kiosk.hub.context import client_address, hub, reading, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import throttle
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blobs, complaints, devices, journals
from kiosk.sync import protocol
from kiosk.sync.protocol import EnrolRequest, Head, Hello, Status, dump

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
    with writing() as tx:
        throttle(tx, "enrol", client_address(), 60, 600, here.clock.now())
    with writing() as tx:
        certificate = enrolment.enrol(tx, here, asked, here.clock.now(), here.clock.monotonic())
    return Response(certificate, content_type=_DOCUMENT)


@views.get("/journals/<journal>")
def head(journal: str) -> Response:
    with reading() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "GET", request.path, b"")
        if device.journal != journal:
            raise Problem(PAGE_NOT_FOUND)
        held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
        missing = tx.execute(
            select(complaints.c.blob).where(
                complaints.c.journal == journal, complaints.c.blob.not_in(select(blobs.c.sha256))
            )
        ).scalars()
        answer = Head(
            seq=held.seq,
            hash=bytes(held.hash).hex(),
            forked_at=held.forked_at,
            missing_blobs=list(missing)[:100],
        )
    return Response(dump(answer), content_type=_JSON)


@views.post("/batches")
def batches() -> Response:
    data = _body(protocol.BATCH_BYTES_LIMIT)
    here = hub()
    with writing() as tx:
        receipt = intake.receive(tx, data, here.id, here.clock.now())
        tx.execute(
            update(devices).where(devices.c.journal == receipt.journal).values(seen_at=here.clock.now().timestamp())
        )
    return Response(here.sign(receipt), content_type=_DOCUMENT)


@views.put("/blobs/<sha256>")
def blob(sha256: str) -> Response:
    content = _body(protocol.BLOB_LIMIT)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Problem(BLOB_MISMATCH)
    here = hub()
    with writing() as tx:
        enrolment.authenticate(tx, _authorisation(), "PUT", request.path, content)
        insert_once(tx, blobs, [{"sha256": sha256, "content": content, "received_at": here.clock.now().timestamp()}])
    return web.json_response({"sha256": sha256})


@views.post("/status")
def status() -> Response:
    body = _body(4096)
    told = protocol.parse(Status, body)
    here = hub()
    with writing() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "POST", request.path, body)
        if device.journal != told.journal:
            raise Problem(PAGE_NOT_FOUND)
        tx.execute(
            update(devices)
            .where(devices.c.device == device.device)
            .values(
                seen_at=here.clock.now().timestamp(),
                told_seq=told.seq,
                pack=told.pack,
                version=told.version,
                free_mb=told.free_mb,
            )
        )
    return web.json_response({"ok": True})


@views.get("/packs/<fair_id>")
def packs(fair_id: str) -> Response:
    with reading() as tx:
        device = enrolment.authenticate(tx, _authorisation(), "GET", request.path, b"")
        if device.fair != fair_id:
            raise Problem(PAGE_NOT_FOUND)
        document = enrolment.notice(tx, hub(), find_fair(tx, fair_id))
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
