"""Taking in a fair that is run at another hub, with its tablets, so that their batches can be counted here too."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from kiosk.errors import ROSTER_OTHER, ROSTER_OWN, ROSTER_TAKEN, Problem
from kiosk.facts import envelope
from kiosk.hub import sections, uses
from kiosk.hub.context import Hub
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.hub.fairs import add_fair
from kiosk.hub.tables import devices, fairs, journals
from kiosk.packs.fairs import Fair
from kiosk.sync.protocol import Certificate
from kiosk.sync.rosters import Roster

_ROWS = 400  # rows a statement; both databases bound the number of parameters


class Adopted(msgspec.Struct, frozen=True):
    """What taking in a roster came to."""

    fair: str
    origin: str  # fingerprint of the hub the fair is run at, hex
    new: int  # tablets not known before
    known: int
    changed: Sequence[str] = ()  # sections of the fair that are otherwise than before


def adopt(tx: Connection, here: Hub, roster: Roster, *, may_change: bool = False) -> Adopted:
    """Take in a fair run elsewhere, with its tablets. Doing it again changes nothing, but may add tablets.

    `may_change`: the fair may be otherwise than it was told before, if all that is in use here stays in it; a roster
    does not say when it was written, so a person has to say that this one is the newer.
    Only an operator's command calls this: whoever can make this hub believe a roster can make it count anything
    for that fair. It never touches a fair of this hub. Raises `roster.own`, `roster.other` or `roster.taken`.
    """
    header = roster.header
    if header.hub == here.id:
        raise Problem(ROSTER_OWN, fair=header.fair)
    changed: Sequence[str] = ()
    held = tx.execute(select(fairs).where(fairs.c.id == header.fair).with_for_update()).one_or_none()
    if held is None:
        add_fair(tx, roster.fair)
        tx.execute(
            update(fairs)
            .where(fairs.c.id == header.fair)
            .values(origin=header.hub, origin_fingerprint=header.fingerprint.hex())
        )
    else:
        changed = _taken_over(tx, here, held, roster, may_change=may_change)
    known = _known(tx, roster)
    _keep(tx, roster, [one for one in roster.certificates if one[0].device not in known])
    _widen(tx, [one for one, _ in roster.certificates if one.device in known], known)
    return Adopted(header.fair, header.fingerprint.hex(), len(roster.certificates) - len(known), len(known), changed)


def _taken_over(tx: Connection, here: Hub, held: Row[Any], roster: Roster, *, may_change: bool) -> Sequence[str]:
    """A fair that is here already must have come from the same hub with the same keys; in what it is otherwise now."""
    header = roster.header
    if not held.origin:
        raise Problem(ROSTER_OWN, fair=header.fair)
    if held.origin != header.hub:
        raise Problem(ROSTER_OTHER, fair=header.fair, reason="it came from another hub")
    if held.origin_fingerprint != header.fingerprint.hex():
        raise Problem(ROSTER_OTHER, fair=header.fair, reason="the hub it came from had other keys")
    old = msgspec.json.decode(held.document, type=Fair)
    if old == roster.fair:
        return ()
    changed = sections.differing(old, roster.fair) or ["basics"]
    if not may_change:
        reason = f"these parts of the fair are otherwise: {', '.join(changed)}; if this is the newer one, add --changed"
        raise Problem(ROSTER_OTHER, fair=header.fair, reason=reason)
    try:
        uses.change(tx, here, old, roster.fair, changed, "hub")
    except Problem as problem:
        raise Problem(ROSTER_OTHER, fair=header.fair, reason=problem.sentence("en")) from None
    return changed


def _known(tx: Connection, roster: Roster) -> dict[str, Row[Any]]:
    """Device → row, of those taken in before. Raises `roster.taken` where this hub knows them as something else."""
    known = {}
    for some in _chunks(roster.certificates):
        documents = {certificate.device: document for certificate, document in some}
        names = {certificate.journal: certificate.device for certificate, _ in some}
        for row in tx.execute(select(devices).where(devices.c.device.in_(documents))):
            if row.certificate is None or bytes(row.certificate) != documents[row.device]:
                raise Problem(ROSTER_TAKEN, device=row.device)
            known[row.device] = row
        for journal in tx.execute(select(journals.c.journal).where(journals.c.journal.in_(names))).scalars():
            if names[journal] not in known:
                raise Problem(ROSTER_TAKEN, device=names[journal])
    return known


def _keep(tx: Connection, roster: Roster, new: Sequence[tuple[Certificate, bytes]]) -> None:
    for some in _chunks(new):
        tx.execute(journals.insert(), [_journal_row(one, envelope.root(document)) for one, document in some])
        tx.execute(devices.insert(), [_device_row(roster, one, document) for one, document in some])


def _journal_row(certificate: Certificate, root: bytes) -> dict[str, object]:
    return {
        "journal": certificate.journal,
        "fair": certificate.fair,
        "root": root,
        "seq": 0,
        "hash": root,
        "forked_at": None,
    }


def _device_row(roster: Roster, certificate: Certificate, document: bytes) -> dict[str, object]:
    return {
        "device": certificate.device,
        "journal": certificate.journal,
        "fair": certificate.fair,
        "desk": certificate.desk,
        "public_key": certificate.public_key,
        "kinds": _kinds(certificate),
        "hub": roster.header.hub,
        "certificate": document,
        "not_after": datetime.fromisoformat(certificate.not_after).timestamp(),
    }


def _kinds(certificate: Certificate) -> str:
    """What the tablet may record here: never what only a hub may say, whatever its own hub allowed it."""
    return " ".join(kind for kind in BOOTH_KINDS if kind in certificate.kinds)


def _widen(tx: Connection, certificates: Iterable[Certificate], known: dict[str, Row[Any]]) -> None:
    """A release that knows more kinds than the one that took the tablet in counts them from now on."""
    for one in certificates:
        if known[one.device].kinds != _kinds(one):
            tx.execute(update(devices).where(devices.c.device == one.device).values(kinds=_kinds(one)))


def _chunks(items: Sequence[tuple[Certificate, bytes]]) -> Iterable[Sequence[tuple[Certificate, bytes]]]:
    every = iter(items)
    while some := list(islice(every, _ROWS)):
        yield some
