"""Finding cases by a phone number that stands nowhere: by its hash, keyed from the private sealing key.

Whoever has the disk can try no numbers. The index fills up while people who hold the key sign in, search and open.
"""

import hashlib
import hmac
import re
import unicodedata
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, select

from kiosk.errors import FIELD_INVALID, Problem
from kiosk.facts.complaints import Complaint, tidy_phone
from kiosk.hub import seals
from kiosk.hub.context import Hub
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blobs, phones
from kiosk.hub.tables import complaints as table
from kiosk.sync import keys

#: Sealed content read for the index at one sign-in or search, so that neither takes longer than a touch.
_READ_AT_ONCE = 300
_NUMBER = re.compile(r"[0-9]{6,20}")


def normal_phone(typed: str) -> str:
    """A number however it was typed, as digits: without country code, blanks and dashes. Empty where it is none.

    As the form reads it, so that what was filed is found by it.
    """
    bare = re.sub(r"[\s()+-]", "", tidy_phone(unicodedata.normalize("NFKC", typed)))
    return bare if _NUMBER.fullmatch(bare) else ""


def mark_of(key: keys.PrivateKey, number: str) -> str:
    """What stands for a number in the index: nobody without the private sealing key can try numbers against it."""
    derived = hashlib.sha256(b"kiosk/phone-key/1\0" + bytes(key)).digest()
    return hmac.new(derived, number.encode(), hashlib.sha256).hexdigest()


def index(tx: Connection, key: keys.PrivateKey, row: Row[Any], complaint: Complaint) -> None:
    """Note the numbers of a case that was opened, or that it has none: who acts for somebody else calls, too."""
    numbers = {normal_phone(complaint.phone), normal_phone(complaint.on_behalf_phone)} - {""}
    marks = [mark_of(key, number) for number in numbers] or [""]
    nothing = (phones.c.fair == row.fair) & (phones.c.case == row.case) & (phones.c.mark == "")
    tx.execute(delete(phones).where(nothing))  # of several records with one number each is found by its own
    insert_once(tx, phones, [{"fair": row.fair, "mark": mark, "case": row.case} for mark in marks])


def index_more(tx: Connection, here: Hub, key: keys.PrivateKey, most: int = _READ_AT_ONCE) -> None:
    """Read some of the content that is not in the index yet, newest first. Nobody is shown any of it."""
    for row in tx.execute(_unread(table).order_by(table.c.at.desc()).limit(most)).all():
        try:
            index(tx, key, row, seals.open_complaint(tx, here, key, row))
        except Problem:  # what cannot be opened has no number, and is not tried at each sign-in
            insert_once(tx, phones, [{"fair": row.fair, "mark": "", "case": row.case}])


def unindexed(tx: Connection, fair: str) -> bool:
    """Whether the content of some case is here and not in the index."""
    return tx.execute(_unread(table.c.case).where(table.c.fair == fair).limit(1)).first() is not None


def _unread(*columns: Any) -> Select[Any]:
    """Of cases whose content is here and not in the index."""
    in_index = exists().where(phones.c.fair == table.c.fair, phones.c.case == table.c.case)
    return select(*columns).join(blobs, blobs.c.sha256 == table.c.blob).where(~in_index)


def with_phone(tx: Connection, fair: str, key: keys.PrivateKey, typed: str) -> list[str]:
    """Case numbers of a phone number, at most a page of them. Raises `field.invalid` where it is no number."""
    number = normal_phone(typed)
    if not number:
        raise Problem(FIELD_INVALID, field="phone")
    query = select(phones.c.case).where(phones.c.fair == fair, phones.c.mark == mark_of(key, number))
    return list(tx.execute(query.order_by(phones.c.case).limit(50)).scalars())


def of_same_phone(tx: Connection, row: Row[Any]) -> list[str]:
    """Other cases of the fair with the same number: perhaps the same matter, filed twice."""
    mine = select(phones.c.mark).where(phones.c.fair == row.fair, phones.c.case == row.case, phones.c.mark != "")
    query = select(phones.c.case).where(phones.c.fair == row.fair, phones.c.mark.in_(mine), phones.c.case != row.case)
    return list(tx.execute(query.order_by(phones.c.case).limit(10)).scalars())
