"""Photos from visitors' phones for complaints that are not filed yet: blobs as soon as they come, gone after a day.

They wait under a mark of the id the complaint will have and of its query code: nobody else adds or drops one. The hub
can open none of them: no process holds the private key here.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, select, true, update

from kiosk.errors import FACT_CONFLICT, PHOTO_MANY, PHOTO_ROOM, Problem
from kiosk.facts.complaints import PHOTOS
from kiosk.hub import journal
from kiosk.hub.context import Hub
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blobs, complaints, contents, phone_photos
from kiosk.web import evidence
from kiosk.web.complaint_form import Posted

#: Seconds after which a photo whose form was never handed in is gone.
UNUSED_SECONDS = 24 * 3600
#: Bytes of all photos that wait: whoever sends photos and never a form cannot fill the disk.
WAITING_LIMIT = 2 * 2**30
#: That part of it those of one network may take.
_SHARE = 4
#: Seconds after which photos make room for others, where their form did not go on.
IDLE_SECONDS = 1800


class Kept(msgspec.Struct, frozen=True):
    """A sealed photo that waits."""

    number: int
    sha256: str
    size: int  # bytes


#: Made once: to make a statement takes longer than to run this one.
_OF_FORM = (
    select(phone_photos.c.number, phone_photos.c.sha256, phone_photos.c.size)
    .where(phone_photos.c.form == bindparam("of_form"))
    .order_by(phone_photos.c.number)
)
_SETTLING = delete(phone_photos).where(phone_photos.c.form == bindparam("of_form"))


def form_of(here: Hub, posted: Posted) -> str:
    """What the photos of a form wait under."""
    return here.mark("photos", f"{posted.fact_id} {posted.query}")


def numbers(here: Hub, posted: Posted) -> tuple[int, ...]:
    """Of the photos that wait for a complaint, in order: a screen tells them, and is to be there at once."""
    question = "SELECT number FROM phone_photos WHERE form = ? ORDER BY number"
    return tuple(number for (number,) in here.store.glance(question, form_of(here, posted)))


def of(tx: Connection, form: str) -> Sequence[Kept]:
    """The photos that wait for a complaint, in order."""
    return [Kept(*row) for row in tx.execute(_OF_FORM, {"of_form": form})]


def go_on(here: Hub, form: str) -> None:
    """Its form went on: the photos, if there are any, wait from here on. Noted once a minute."""
    here.going_on.get(form, lambda: _note(here, form))


def _note(here: Hub, form: str) -> None:
    if here.store.glance("SELECT 1 FROM phone_photos WHERE form = ? LIMIT 1", form):
        with here.store.begin() as tx:
            of_form = phone_photos.c.form == form
            tx.execute(update(phone_photos).where(of_form).values(at=here.clock.now().timestamp()))


def keep(here: Hub, fair: str, posted: Posted, data: bytes, network: str, now: datetime) -> None:
    """Seal a photo from a network and keep it; the same one again is the same one.

    Raises `photo.*` or `fact.conflict`.
    """
    photo, form = evidence.look_at(posted, data), form_of(here, posted)
    while True:
        with here.store.reading() as tx:
            held = _held(tx, form)
        if photo.mark in held.values():
            return
        number = evidence.free(held)
        if not number:
            raise Problem(PHOTO_MANY, limit=PHOTOS)
        blob = evidence.seal(here.sealing_key, fair, posted, number, photo)  # before the one writer is asked for
        with here.store.begin() as tx:
            drop_unused(tx, now)
            _refuse_filed(tx, fair, posted.fact_id)
            _make_room(tx, form, network, len(blob), now)
            if _add(tx, form, number, photo.mark, blob, network, now):
                return


def _refuse_filed(tx: Connection, fair: str, fact_id: str) -> None:
    own = journal.own_journal(tx, fair)
    if tx.execute(select(complaints.c.seq).where(complaints.c.journal == own, complaints.c.fact == fact_id)).first():
        raise Problem(FACT_CONFLICT)


def _make_room(tx: Connection, form: str, network: str, size: int, now: datetime) -> None:
    """Among those of its network, then among all. Raises `photo.room` where the others' forms still go on."""
    of_network = phone_photos.c.network == network
    last = func.max(phone_photos.c.at)
    for among, limit in ((of_network, WAITING_LIMIT // _SHARE), (true(), WAITING_LIMIT)):
        waiting = select(func.coalesce(func.sum(phone_photos.c.size), 0)).where(among)
        idle = select(phone_photos.c.form).where(among, phone_photos.c.form != form).group_by(phone_photos.c.form)
        oldest = idle.having(last < now.timestamp() - IDLE_SECONDS).order_by(last).limit(1)
        while int(tx.execute(waiting).scalar_one()) + size > limit:
            gone = tx.execute(oldest).scalar()
            if gone is None:
                raise Problem(PHOTO_ROOM)
            _drop(tx, phone_photos.c.form == gone)


def _add(tx: Connection, form: str, number: int, mark: str, blob: bytes, network: str, now: datetime) -> bool:
    """Whether it is this one that is kept: another may have been quicker, with this number or with this photo."""
    name, at = hashlib.sha256(blob).hexdigest(), now.timestamp()
    row = {"form": form, "number": number, "mark": mark, "sha256": name, "size": len(blob), "at": at}
    insert_once(tx, phone_photos, [{**row, "network": network}])
    kept = select(phone_photos.c.sha256).where(phone_photos.c.form == form, phone_photos.c.mark == mark)
    if tx.execute(kept).scalar() != name:
        return False
    insert_once(tx, blobs, [{"sha256": name, "content": blob, "received_at": at}])
    return True


def settle(tx: Connection, form: str) -> None:
    """They are filed: facts name them now."""
    tx.execute(_SETTLING, {"of_form": form})


def drop(tx: Connection, form: str, number: int) -> None:
    _drop(tx, (phone_photos.c.form == form) & (phone_photos.c.number == number))


def drop_unused(tx: Connection, now: datetime) -> int:
    """Delete those whose form did not go on for a day; returns how many."""
    return _drop(tx, phone_photos.c.at < now.timestamp() - UNUSED_SECONDS)


def _drop(tx: Connection, which: ColumnElement[bool]) -> int:
    names = list(tx.execute(select(phone_photos.c.sha256).where(which)).scalars())
    if names:
        tx.execute(delete(phone_photos).where(which))
        unnamed = blobs.c.sha256.in_(names) & ~exists().where(contents.c.blob == blobs.c.sha256)
        tx.execute(delete(blobs).where(unnamed))
    return len(names)


def _held(tx: Connection, form: str) -> dict[int, str]:
    """Number → mark."""
    query = select(phone_photos.c.number, phone_photos.c.mark).where(phone_photos.c.form == form)
    return {row.number: row.mark for row in tx.execute(query)}
