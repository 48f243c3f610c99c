"""Opening what was sealed to this hub, in memory, with the key of somebody who is signed in.

What comes out is checked to be what the fact that names it says, so no blob can stand in for another.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, select

from kiosk.errors import SEAL_BROKEN, SEAL_ELSEWHERE, SEAL_MISSING, Problem
from kiosk.facts.complaints import Complaint, Context
from kiosk.hub.context import Hub
from kiosk.hub.tables import blobs, devices
from kiosk.sync import keys
from kiosk.values import Id

Content = TypeVar("Content")


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody wrote about a case; sealed, and opened with it."""

    fair: str
    case: str
    fact: Id
    text: str


_complaints, _notes = msgspec.json.Decoder(Complaint), msgspec.json.Decoder(Note)


def decode(read: Callable[[bytes], Content], sealed: bytes, what: str) -> Content:
    """What was sealed, read as what it has to be: whoever sealed it may have written anything. Raises `seal.broken`."""
    try:
        return read(sealed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Problem(SEAL_BROKEN, reason=f"it is not a {what}") from None


def open_blob(tx: Connection, key: keys.PrivateKey, sha256: str) -> bytes:
    """The content of a blob. Raises `seal.missing` or `seal.broken`."""
    content = tx.execute(select(blobs.c.content).where(blobs.c.sha256 == sha256)).scalar()
    if content is None:
        raise Problem(SEAL_MISSING)
    return keys.unseal(key, bytes(content))


def open_from(tx: Connection, here: Hub, key: keys.PrivateKey, journal: str, sha256: str) -> bytes:
    """The same of a blob that a tablet's fact names. Raises `seal.elsewhere` where it was sealed to another hub."""
    sealed_for = tx.execute(select(devices.c.hub).where(devices.c.journal == journal)).scalar()
    if sealed_for not in (None, "", here.id):
        raise Problem(SEAL_ELSEWHERE)  # of a fair taken in with its roster
    return open_blob(tx, key, sha256)


def open_complaint(tx: Connection, here: Hub, key: keys.PrivateKey, row: Row[Any]) -> Complaint:
    """What was filed, of its row in `complaints`. Raises `seal.*`."""
    complaint = decode(_complaints.decode, open_from(tx, here, key, row.journal, row.blob), "complaint")
    if complaint.context != Context(fair=str(row.fair), fact=str(row.fact), case=str(row.case)):
        raise Problem(SEAL_BROKEN, reason="it belongs to another case")
    return complaint


def open_note(tx: Connection, key: keys.PrivateKey, sha256: str, fair: str, case: str, fact: str) -> str:
    """What a note says; empty once it was deleted. Raises `seal.broken`."""
    try:
        found = decode(_notes.decode, open_blob(tx, key, sha256), "note")
    except Problem as problem:
        if problem.kind is SEAL_MISSING:
            return ""
        raise
    if (found.fair, found.case, found.fact) != (fair, case, fact):
        raise Problem(SEAL_BROKEN, reason="it belongs to another case")
    return found.text
