"""Photos for the summary: drawn anew, sealed to this hub as they come, opened in memory by who holds the key."""

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, delete, select

from kiosk import pictures
from kiosk.errors import PHOTO_MANY, SEAL_BROKEN, SEAL_MISSING, Problem
from kiosk.hub import blobs, journal, seals, words
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import blobs as blobs_table
from kiosk.hub.tables import statements
from kiosk.hub.words import Kept
from kiosk.reports.statement import Statement
from kiosk.sync import keys
from kiosk.web.requests import FORM_LIMIT

LIMIT = pictures.FILE_LIMIT  # bytes of a file
UPLOAD_LIMIT = LIMIT + FORM_LIMIT
FIELD = "photo"
MOST = 24
CAPTION_LIMIT = 60
#: As large as it is printed: the width of a page at 200 dots an inch.
_SHAPE = pictures.Shape(LIMIT, 200, 5, (1_800, 1_400, 1_000), 1_800 * 1_800, 600 * 1024)


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of what is sealed, compared after opening."""

    fair: str
    type: Literal["summary-photo"] = "summary-photo"


def redrawn(data: bytes) -> bytes:
    """What a form brought, as a JPEG that is nothing else. It takes its time, so nobody writes meanwhile.

    Raises `photo.*`.
    """
    return pictures.redrawn(data, _SHAPE).jpeg


def take(tx: Connection, here: Hub, fair: str, jpeg: bytes, by: Person, fact_id: str) -> bool:
    """Keep a photo that was drawn anew, and choose it. The same touch again is one photo. Raises `photo.many`."""
    if words.is_kept(tx, fair, words.PHOTOS, fact_id):
        return False
    held = words.photos(tx, fair)
    if len(held) >= MOST:
        raise Problem(PHOTO_MANY, limit=MOST)
    sealed = keys.seal(here.sealing_key, msgspec.json.encode(Context(fair)) + b"\n" + jpeg)
    name = hashlib.sha256(sealed).hexdigest()
    blobs.keep(tx, sealed, here.clock.now())
    return words.keep_photos(tx, here, fair, [*held, Kept(name, "", is_chosen=True)], by, fact_id)


def drop(tx: Connection, here: Hub, fair: str, blob: str, by: Person, fact_id: str) -> None:
    """Take a photo off the list; what no frozen version names is deleted with it."""
    journal.lock(tx, fair)  # before the list is read: somebody else may be changing it
    held = words.photos(tx, fair)
    left = [one for one in held if one.blob != blob]
    if left == held:
        return
    words.keep_photos(tx, here, fair, left, by, fact_id)
    documents = tx.execute(select(statements.c.document).where(statements.c.fair == fair)).scalars()
    if not any(blob.encode() in bytes(document) for document in documents):
        tx.execute(delete(blobs_table).where(blobs_table.c.sha256 == blob))


def show(tx: Connection, key: keys.PrivateKey, fair: str, blob: str) -> bytes:
    """The JPEG of a photo. Raises `seal.missing`, `seal.broken`."""
    line, _, jpeg = seals.open_blob(tx, key, blob).partition(b"\n")
    context = seals.decode(lambda one: msgspec.json.decode(one, type=Context), line, "photo for a summary")
    if context.fair != fair:
        raise Problem(SEAL_BROKEN, reason="it belongs to another fair")
    return jpeg


def opened(tx: Connection, key: keys.PrivateKey, said: Statement) -> Sequence[tuple[bytes, str]]:
    """The photos that go along, each with what stands under it. One that is here no more is left out."""
    found = []
    for one in said.photos:
        try:
            found.append((show(tx, key, said.fair, one.blob), one.caption))
        except Problem as problem:
            if problem.kind is not SEAL_MISSING:
                raise
    return found
