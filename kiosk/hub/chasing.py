"""Pages: which units of a fair have told anything, and reported in time; who was reminded, a text to remind with."""

import secrets
from collections.abc import Mapping
from datetime import datetime

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection, func, select

from kiosk import web
from kiosk.clock import BEIJING, to_minute
from kiosk.errors import FACT_CONFLICT, Problem
from kiosk.facts.figures import TEXT_LIMIT, UnitReminded
from kiosk.hub import journal, people
from kiosk.hub import units as reporting
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.records import standing
from kiosk.hub.tables import devices, statement_steps, typed_figures
from kiosk.hub.typed import append, refuse_other, shown
from kiosk.hub.units import Standing
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair, Unit

views = Blueprint("chasing", __name__)


class Chased(msgspec.Struct, frozen=True):
    """A unit, and what is here of it."""

    unit: Unit
    said: int  # figures that were said, and records on lists
    last: str  # when its last word came: of people, of its tablets, or a version of its own hub; "" for never
    desks: int
    heard: int  # of its desks those whose tablet was heard of
    reminded: str  # when last, and by whom and how; "" for never
    fact_id: str
    text: str  # to remind it with
    told: Standing  # how its own hub stands, where it has one

    @property
    def is_silent(self) -> bool:
        return not self.last

    @property
    def is_due(self) -> bool:
        """Its own hub has joined, and what it owes is not here, or only in part."""
        return self.told.report is None and self.told.state in ("silent", "missing") and bool(self.told.device)

    @property
    def look(self) -> str:
        """Its state as a drawing of `hub/_words.html`."""
        return "behind" if self.is_silent or self.is_due else "whole"


class UnitsPage(msgspec.Struct, frozen=True):
    fair: Fair
    units: list[Chased]  # the silent ones first, then those whose hub owes its report
    faults: Mapping[str, str]  # unit → what is wrong with its reminder

    @property
    def silent(self) -> int:
        return sum(one.is_silent for one in self.units)

    @property
    def due(self) -> int:
        return sum(one.is_due and not one.is_silent for one in self.units)


@views.get("/fairs/<fair_id>/typed/units")
def units(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = UnitsPage(fair, _chased(tx, fair), {})
    return web.page("hub/typed/units.html", page=page, fair=fair, **shown(fair))


@views.post("/fairs/<fair_id>/typed/units/remind")
def remind(fair_id: str) -> Response:
    """Note that a unit was reminded, and how. Sent twice it is once."""
    signed_in("organiser")
    words = web.read_form("id", "unit", "how")
    fact_id, how = web.read_id(words, "id"), " ".join(clean(words["how"]).split())
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        own = journal.lock(tx, fair.id)
        unit = web.read_choice(words, "unit", [one.id for one in fair.units])
        if fault := web.text_fault(how, TEXT_LIMIT):
            page = UnitsPage(fair, _chased(tx, fair), {unit: fault})
            return web.page("hub/typed/units.html", 422, page=page, fair=fair, **shown(fair))
        if not is_step_here(tx, own, fact_id, ("reminded", unit, how)):
            append(tx, fair, UnitReminded(unit=unit, how=how), session, fact_id)
    return web.see_other("chasing.units", fair_id=fair.id)


def is_step_here(tx: Connection, own: str, fact_id: str, told: tuple[str, str, str]) -> bool:
    """Whether this very (step, name, words) is noted. Raises `fact.conflict` where something else has its id."""
    refuse_other(tx, own, fact_id, statement_steps.name)
    table = statement_steps
    query = select(table.c.step, table.c.name, table.c.words).where(table.c.journal == own, table.c.fact == fact_id)
    row = tx.execute(query).one_or_none()
    if row is not None and tuple(row) != told:
        raise Problem(FACT_CONFLICT)
    return row is not None


def _chased(tx: Connection, fair: Fair) -> list[Chased]:
    said, last = _said(tx, fair)
    heard = _heard(tx, fair)
    reminded = _reminded(tx, fair)
    found = []
    for told in reporting.standings(tx, hub(), fair):
        unit = told.unit
        desks = [desk.id for desk in fair.desks if desk.unit == unit.id]
        tablets = [heard[desk] for desk in desks if desk in heard]
        found.append(
            Chased(
                unit=unit,
                said=said.get(unit.id, 0),
                last=max([last.get(unit.id, ""), *tablets, _minute(told.came_at) if told.came_at else ""]),
                desks=len(desks),
                heard=len(tablets),
                reminded=reminded.get(unit.id, ""),
                fact_id=secrets.token_hex(16),
                text=reminder(fair, unit, told),
                told=told,
            )
        )
    return sorted(found, key=lambda one: (not one.is_silent, not one.is_due, one.last))


def reminder(fair: Fair, unit: Unit, told: Standing | None = None) -> str:
    """A text to send to a unit, in Chinese: it goes to an office. `told`: of one with a hub, how that stands."""
    due = f"请在 {fair.deadline[:16].replace('T', ' ')}（北京时间）以前" if fair.deadline else "请尽快"
    if told is not None and told.state == "missing":
        due = f"报送时限（{fair.deadline[:16].replace('T', ' ')}）已经过了，请马上"
    if told is not None and told.device and told.report is None:
        return (
            f"{unit.name.zh}：“{fair.title.zh}”还没有收到你单位汇总端的统计表。{due}冻结统计表并向上级报送"
            f"（下级单位页“现在报送”），报给{fair.organiser.name.zh}。"
        )
    return (
        f"{unit.name.zh}：“{fair.title.zh}”的活动情况统计表还缺你单位的数字。{due}把短信、媒体、会议、销毁等数字"
        f"连同来源报给{fair.organiser.name.zh}；没有的项目请报“0”。"
    )


def _said(tx: Connection, fair: Fair) -> tuple[dict[str, int], dict[str, str]]:
    """Unit → how much stands that was said of it, and when the last of that was: what was taken back is nothing."""
    counts: dict[str, int] = {}
    last: dict[str, str] = {}
    for unit, at in [*_typed(tx, fair), *((row.unit, row.at) for row, _body in standing(tx, fair))]:
        counts[unit] = counts.get(unit, 0) + 1
        last[unit] = max(last.get(unit, ""), to_minute(at))
    return counts, last


def _typed(tx: Connection, fair: Fair) -> list[tuple[str, str]]:
    """(unit, moment) of every figure as it was said last."""
    table = typed_figures.c
    query = select(table.figure, table.window, table.day, table.unit, table.n, table.at).where(table.fair == fair.id)
    held = {tuple(row)[:4]: row for row in tx.execute(query.order_by(table.at, table.seq))}
    return [(row.unit, row.at) for row in held.values() if row.n is not None]


def _heard(tx: Connection, fair: Fair) -> dict[str, str]:
    """Desk → when its tablet was last heard of."""
    query = select(devices.c.desk, func.max(devices.c.seen_at)).where(
        devices.c.fair == fair.id, devices.c.seen_at.is_not(None)
    )
    return {desk: _minute(at) for desk, at in tx.execute(query.group_by(devices.c.desk))}


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, BEIJING).strftime("%Y-%m-%d %H:%M")


def _reminded(tx: Connection, fair: Fair) -> dict[str, str]:
    """Unit → when it was last reminded, by whom and how."""
    table, names = statement_steps, people.names(tx)
    query = select(table).where(table.c.fair == fair.id, table.c.step == "reminded").order_by(table.c.at, table.c.seq)
    return {
        row.name: f"{to_minute(row.at)} {names.get(row.person, row.person)} · {row.words}" for row in tx.execute(query)
    }
