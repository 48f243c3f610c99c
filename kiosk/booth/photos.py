"""Photos for complaints that are not filed yet: sealed the moment they come, and gone with the day.

They wait under the id the complaint will have. Who has the tablet can open none of them, this tablet included.
"""

import hashlib
import sqlite3
from collections.abc import Collection

from kiosk.booth import days
from kiosk.booth.context import Booth
from kiosk.booth.journal import Draft
from kiosk.errors import PHOTO_MANY, PHOTO_ROOM, Problem
from kiosk.facts.complaints import PHOTOS, evidence_id
from kiosk.web import evidence
from kiosk.web.complaint_form import Posted

#: Bytes of all photos of phones' forms that wait; beyond it the form that sent nothing for longest loses its own.
WAITING_LIMIT = 300 * 2**20
#: Bytes of sealed content that is filed and not sent yet, beyond which no phone's photo is kept.
UNSENT_LIMIT = 2**30
#: Seconds after which those of a phone's form that sends nothing more are gone.
IDLE_SECONDS = 30 * 60


def numbers(here: Booth, fact_id: str) -> tuple[int, ...]:
    """Of the photos that wait for a complaint, in order."""
    return tuple(sorted(_held(here, fact_id)))


def keep(here: Booth, posted: Posted, data: bytes) -> None:
    """Seal a photo and keep it; the same one again is the same one. Raises `photo.*` or `storage.low`."""
    photo = evidence.look_at(posted, data)
    here.storage.refuse_unless_ample()
    while photo.mark not in (held := _held(here, posted.fact_id)).values():
        number = evidence.free(held)
        if not number:
            raise Problem(PHOTO_MANY, limit=PHOTOS)
        blob = evidence.seal(here.enrolled.sealing_key, here.enrolled.fair.id, posted, number, photo)
        # Ignored where another one was quicker, with this number or with this photo.
        here.journal.write(
            "INSERT OR IGNORE INTO draft_photos (fact, number, mark, day, content) VALUES (?, ?, ?, ?, ?)",
            (posted.fact_id, number, photo.mark, days.now(here).day, blob),
        )


def keep_sealed(here: Booth, fact_id: str, number: int, blob: bytes) -> None:
    """Keep what a phone sealed, in the place of what stands there. Raises `storage.low` or `photo.room`."""
    here.storage.refuse_unless_ample()
    now, day, mark = here.clock.monotonic(), days.now(here).day, hashlib.sha256(blob).hexdigest()

    def job(connection: sqlite3.Connection) -> None:
        discard_old(here, connection, day)
        unsent = "SELECT coalesce(sum(length(content)), 0) FROM blobs WHERE sent = 0"
        if connection.execute(unsent).fetchone()[0] + len(blob) > UNSENT_LIMIT:
            raise Problem(PHOTO_ROOM)
        row = (fact_id, number, mark, day, here.journal.boot, now, blob)
        connection.execute(
            "INSERT OR REPLACE INTO draft_photos (fact, number, mark, day, boot, came, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        _make_room(connection, fact_id)

    here.journal.transact(job)


def _make_room(connection: sqlite3.Connection, fact_id: str) -> None:
    """Let forms of phones lose their photos, the longest idle first, never the one that is sending."""
    query = "SELECT fact, sum(length(content)) FROM draft_photos WHERE boot != '' GROUP BY fact ORDER BY max(came)"
    forms = connection.execute(query).fetchall()
    waiting = sum(size for _, size in forms)
    for fact, size in forms:
        if waiting > WAITING_LIMIT and fact != fact_id:
            connection.execute("DELETE FROM draft_photos WHERE fact = ?", (fact,))
            waiting -= size


def is_kept(here: Booth, fact_id: str, number: int, blob: bytes) -> bool:
    return _held(here, fact_id).get(number) == hashlib.sha256(blob).hexdigest()


def drafts(here: Booth, posted: Posted, volunteer: str, among: Collection[int] = range(1, PHOTOS + 1)) -> list[Draft]:
    """The facts of the photos that wait and have one of the numbers, to be appended with their complaint."""
    with here.journal.reading() as connection:
        query = "SELECT number, content FROM draft_photos WHERE fact = ? ORDER BY number"
        rows = connection.execute(query, (posted.fact_id,)).fetchall()
    return [
        Draft(
            evidence_id(posted.fact_id, number),
            evidence.body_of(posted.case, number, hashlib.sha256(blob).hexdigest(), len(blob)),
            volunteer,
            blob,
        )
        for number, blob in rows
        if number in among
    ]


def drop(here: Booth, fact_id: str, number: int) -> None:
    if number:
        here.journal.write("DELETE FROM draft_photos WHERE fact = ? AND number = ?", (fact_id, number))


def discard(here: Booth, fact_id: str) -> None:
    """Those of one complaint: it is filed."""
    here.journal.write("DELETE FROM draft_photos WHERE fact = ?", (fact_id,))


def discard_old(here: Booth, connection: sqlite3.Connection, day: str) -> None:
    """Those of days that are over, as the half-filled forms they are of; a phone's keeps them half an hour."""
    since = here.clock.monotonic() - IDLE_SECONDS * 1000
    connection.execute(
        "DELETE FROM draft_photos WHERE day < ? OR boot NOT IN ('', ?) OR fact IN"
        " (SELECT fact FROM draft_photos WHERE boot != '' GROUP BY fact HAVING max(came) < ?)",
        (day, here.journal.boot, since),
    )


def _held(here: Booth, fact_id: str) -> dict[int, str]:
    """Number → mark."""
    with here.journal.reading() as connection:
        return dict(connection.execute("SELECT number, mark FROM draft_photos WHERE fact = ?", (fact_id,)).fetchall())
