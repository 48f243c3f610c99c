"""Notices of holidays that somebody entered, for years the library does not know."""

from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, select

from kiosk import files, strictjson
from kiosk.errors import CALENDAR_FAULTY, Problem
from kiosk.hub.tables import notices
from kiosk.workdays import Calendar, Notice

_LIMIT = 64 * 1024


def calendar_of(tx: Connection) -> Calendar:
    documents = tx.execute(select(notices.c.document).order_by(notices.c.year)).scalars()
    return Calendar([msgspec.json.decode(document, type=Notice) for document in documents])


def read_notice(file: Path) -> Notice:
    """A year's notice from its JSON file. Raises `calendar.faulty` with all faults."""
    with files.opened(file) as content:
        try:
            notice = msgspec.convert(strictjson.loads(content.read(_LIMIT + 1), _LIMIT), Notice)
        except msgspec.ValidationError as error:
            raise Problem(CALENDAR_FAULTY, file=file, faults=str(error)) from None
    faults = notice.faults()
    if faults:
        raise Problem(CALENDAR_FAULTY, file=file, faults="; ".join(faults))
    return notice


def enter(tx: Connection, notice: Notice) -> None:
    """From now on this is what counts for its year."""
    tx.execute(delete(notices).where(notices.c.year == notice.year))
    tx.execute(notices.insert().values(year=notice.year, document=msgspec.json.encode(notice).decode()))
