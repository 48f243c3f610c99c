"""Pages: what was passed on to outside bodies, and how that fared."""

import secrets

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Column, ColumnElement, Connection, Label, func, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.hub.context import reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import deliveries, transfers
from kiosk.packs.fairs import Fair

views = Blueprint("transfers", __name__)
_PAGE = 200  # on a page


class PassedOn(msgspec.Struct, frozen=True):
    """What was passed on to an outside body, and the last word of how it fared."""

    case: str
    fact: str
    recipient: str
    road: str
    at: str
    state: str  # "" while nothing is known
    state_at: str


class DeliveriesPage(msgspec.Struct, frozen=True):
    fair: Fair
    rows: list[PassedOn]
    can_tell: bool
    at: int  # from 1
    pages: int

    def draw_id(self) -> str:
        """The id of the fact that a form on this page may come to: sent twice it is one."""
        return secrets.token_hex(16)


@views.get("/fairs/<fair_id>/cases/deliveries")
def listing(fair_id: str) -> Response:
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        pages = web.pages_of(_count(tx, transfers.c.fair == fair.id), _PAGE)
        at, can_tell = web.read_page(pages), bool(session.person.roles & {"intake", "supervisor"})
        page = DeliveriesPage(fair, passed_on(tx, fair, page=at), can_tell, at, pages)
    return web.page("hub/cases/deliveries.html", page=page, fair=fair)


def passed_on(tx: Connection, fair: Fair, case: str = "", page: int = 1) -> list[PassedOn]:
    """Of a fair or of one case of it, as much as a page takes: what has not arrived first, newest first."""
    query = select(transfers, _last(deliveries.c.state), _last(deliveries.c.at)).where(transfers.c.fair == fair.id)
    if case:
        query = query.where(transfers.c.case == case)
    query = query.order_by(_has_arrived(), transfers.c.at.desc(), transfers.c.seq.desc())
    query = query.limit(_PAGE).offset((page - 1) * _PAGE)
    return [
        PassedOn(
            row.case, row.fact, row.recipient, row.road, to_minute(row.at), row.last_state or "",
            to_minute(row.last_at or ""),
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def waiting(tx: Connection, fair: Fair) -> int:
    """How much was passed on, and is not known to have arrived."""
    return _count(tx, transfers.c.fair == fair.id, ~_has_arrived())


def _count(tx: Connection, *chosen: ColumnElement[bool]) -> int:
    return int(tx.execute(select(func.count()).select_from(transfers).where(*chosen)).scalar_one())


def _last(column: Column[str]) -> Label[str]:
    """The last word of how something fared, as `last_` and the name of the column."""
    of_it = (deliveries.c.journal == transfers.c.journal) & (deliveries.c.transfer == transfers.c.fact)
    newest = select(column).where(of_it).order_by(deliveries.c.seq.desc()).limit(1)
    return newest.correlate(transfers).scalar_subquery().label(f"last_{column.name}")


def _has_arrived() -> ColumnElement[bool]:
    return func.coalesce(_last(deliveries.c.state).element, "") == "acknowledged"


def is_of(tx: Connection, fair: Fair, case: str, fact: str) -> bool:
    """Whether a fact passed a case on."""
    of_case = (transfers.c.fair == fair.id) & (transfers.c.case == case) & (transfers.c.fact == fact)
    return tx.execute(select(transfers.c.seq).where(of_case)).first() is not None
