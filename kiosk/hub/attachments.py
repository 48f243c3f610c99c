"""What goes with a typed figure or a record: a photo or a PDF, sealed before it is kept, opened by who holds a key."""

import hashlib
from typing import Literal

import msgspec
from flask import Response, request
from sqlalchemy import Connection

from kiosk import pictures
from kiosk.errors import (
    ATTACHMENT_FORMAT,
    ATTACHMENT_LARGE,
    PHOTO_FORMAT,
    SEAL_BROKEN,
    SEAL_LOCKED,
    Problem,
)
from kiosk.hub import blobs, seals
from kiosk.hub.context import Hub
from kiosk.hub.people import Session
from kiosk.sync import keys
from kiosk.values import Id
from kiosk.web.requests import FORM_LIMIT

#: Bytes of a file.
LIMIT = 5 * 2**20
#: Of a form with one in it.
UPLOAD_LIMIT = LIMIT + FORM_LIMIT
#: The file's field.
FIELD = "attachment"
_SHAPE = pictures.Shape(LIMIT, 50, 60, (4_000, 2_400, 1_600, 1_000, 500, 100), 6_000_000, 2**20)


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of what is sealed, compared after opening."""

    fair: str
    fact: Id
    type: Literal["image/jpeg", "application/pdf"]


class Attached(msgspec.Struct, frozen=True):
    """What came with a form, looked at: a photo is drawn anew, so that it says no place and no camera."""

    type: Literal["image/jpeg", "application/pdf"]
    data: bytes


def read() -> Attached | None:
    """The file that came with a form, if one did. Raises `attachment.*` or `photo.*`."""
    file = request.files.get(FIELD)
    if file is None or not file.filename:
        return None
    data = file.read()
    if len(data) > LIMIT:
        raise Problem(ATTACHMENT_LARGE, limit=LIMIT // 2**20)
    if data.startswith(b"%PDF-"):
        return Attached("application/pdf", data)
    try:
        return Attached("image/jpeg", pictures.redrawn(data, _SHAPE).jpeg)
    except Problem as problem:
        if problem.kind is PHOTO_FORMAT:
            raise Problem(ATTACHMENT_FORMAT) from None
        raise


def keep(tx: Connection, here: Hub, fair: str, fact: str, attached: Attached | None) -> str:
    """Seal it to this hub and keep it; its name as the fact has it, "" for none."""
    if attached is None:
        return ""
    line = msgspec.json.encode(Context(fair, fact, attached.type))
    sealed = keys.seal(here.sealing_key, line + b"\n" + attached.data)
    blobs.keep(tx, sealed, here.clock.now())
    return hashlib.sha256(sealed).hexdigest()


def show(tx: Connection, session: Session, fair: str, fact: str, blob: str) -> Response:
    """The file that a fact of a fair names, opened in memory. Raises `seal.*`."""
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    context, data = seals.decode(_split, seals.open_blob(tx, session.key, blob), "attachment")
    if (context.fair, context.fact) != (fair, fact):
        raise Problem(SEAL_BROKEN, reason="it belongs to another figure")
    ending = "pdf" if context.type == "application/pdf" else "jpg"
    headers = {"Content-Disposition": f'attachment; filename="{context.fact[:8]}.{ending}"'}
    return Response(data, content_type=context.type, headers=headers)


def _split(content: bytes) -> tuple[Context, bytes]:
    line, _, data = content.partition(b"\n")
    return msgspec.json.decode(line, type=Context), data
