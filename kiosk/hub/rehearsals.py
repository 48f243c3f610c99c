"""Rehearsals at the hub: journals that are taken in, verified and receipted like any, and never counted.

Whatever asks about a fair asks by its id. The rows of a rehearsal stand under that id with a `~` before it, which no
fair can be called: so nothing finds them that does not look for them, and `totals` folds none of them. What hubs below
report (`units`) stands under the id with a `^` before it, for the same reason; of that the reports are folded.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select

from kiosk.hub.tables import devices, journals
from kiosk.packs.fairs import Desk, Fair
from kiosk.packs.hours import is_open
from kiosk.sync.protocol import Certificate

_ASIDE = "~"
_REPORTS = "^"
#: A rehearsal that was not heard of for this long, and did not say that it is over, was left on or went flat.
SILENT_SECONDS = 300


def fair_in_rows(certificate: Certificate) -> str:
    """What `fair` is in the rows of a journal."""
    if certificate.unit:
        return reports(certificate.fair)
    return aside(certificate.fair) if certificate.rehearsal else certificate.fair


def aside(fair: str) -> str:
    """What `fair` is in the rows of the rehearsals of a fair."""
    return _ASIDE + fair


def reports(fair: str) -> str:
    """What `fair` is in the rows of the hubs that report to a fair."""
    return _REPORTS + fair


def is_report(fair: str) -> bool:
    """Of `fair` as it stands in a row."""
    return fair.startswith(_REPORTS)


def is_rehearsal(fair: str) -> bool:
    """Of `fair` as it stands in a row."""
    return fair.startswith(_ASIDE)


def fair_of(fair: str) -> str:
    """The fair that a row is about, by its `fair`."""
    return fair.removeprefix(_ASIDE).removeprefix(_REPORTS)


class Rehearsal(msgspec.Struct, frozen=True):
    """The last rehearsal at a desk: whether what was rehearsed there arrived."""

    desk: Desk
    held: int  # facts of it that are here without a gap
    known: int  # facts of it, as its tablet last said, or as were received
    seen_at: float  # epoch seconds
    state: str  # "on"; "silent": on, and not heard of; "over"
    is_open: bool  # the desk's hours run: visitors who come now are counted nowhere

    @property
    def is_whole(self) -> bool:
        return self.held >= self.known

    @property
    def is_on(self) -> bool:
        return self.state != "over"


def rehearsals(tx: Connection, fair: Fair, now: datetime) -> list[Rehearsal]:
    """By desk, in the fair's order: of each the rehearsal heard of last. Those that are on go before newer ones."""
    query = (
        select(devices.c.desk, devices.c.seen_at, devices.c.told_seq, devices.c.state, journals.c.seq)
        .join(journals, journals.c.journal == devices.c.journal)
        .where(devices.c.fair == aside(fair.id), _has_begun())
        .order_by(devices.c.desk, devices.c.state == "active", devices.c.seen_at)
    )
    newest = {row.desk: row for row in tx.execute(query)}
    return [_of(fair, desk, newest[desk.id], now) for desk in fair.desks if desk.id in newest]


def rehearsing(tx: Connection, fair: Fair, now: datetime) -> list[Rehearsal]:
    """Those that are still on, as far as the hub was told."""
    return [one for one in rehearsals(tx, fair, now) if one.is_on]


def _has_begun() -> ColumnElement[bool]:
    """Certificates are fetched beforehand: most are of rehearsals that may begin some day."""
    return or_(devices.c.seen_at.is_not(None), devices.c.told_seq.is_not(None))


def _of(fair: Fair, desk: Desk, row: Any, now: datetime) -> Rehearsal:
    seen = row.seen_at or 0.0
    state = "over" if row.state == "ended" else "silent" if now.timestamp() - seen > SILENT_SECONDS else "on"
    return Rehearsal(desk, row.seq, max(row.seq, row.told_seq or 0), seen, state, is_open(fair, desk, now))
