"""Pages: the units that report to a fair, what they come to figure by figure, and this fair's own way up."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import (
    FIELD_INVALID,
    PAGE_NOT_FOUND,
    SYNC_REFUSED,
    SYNC_UNREACHABLE,
    UNIT_SILENT,
    UNIT_UNKNOWN,
    Problem,
)
from kiosk.facts.reporting import ReportPlace
from kiosk.hub import devices, rehearsals, units, upward
from kiosk.hub.context import Hub, acting, hub, reading, signed_in
from kiosk.hub.fairs import ago, figures_of, find_fair
from kiosk.hub.units import Share, Standing
from kiosk.hub.upward import State
from kiosk.packs.fairs import Fair, Unit
from kiosk.packs.model import Text
from kiosk.reports import rollup
from kiosk.reports.catalogue import GROUPS, RULES, Definition, Group, columns
from kiosk.reports.rollup import Said
from kiosk.reports.statement import Cell
from kiosk.sync.http import HttpTransport

views = Blueprint("units", __name__)
#: How a unit's state looks: a drawing and a colour of `hub/_words.html`.
LOOKS = {"in_time": "whole", "late": "behind", "missing": "silent", "silent": "none", "absent": "none"}


class UnitRow(msgspec.Struct, frozen=True):
    told: Standing
    came: str  # when all of what counts was here; or ""

    @property
    def look(self) -> str:
        return LOOKS[self.told.state]


class WaitingRow(msgspec.Struct, frozen=True):
    """A hub that asked to be let in, and waits for somebody to look at six digits."""

    id: str
    unit: Text
    digits: str
    asked: str


class Ticket(msgspec.Struct, frozen=True):
    unit: Unit
    code: str
    until: str


class FigureRow(msgspec.Struct, frozen=True):
    """One figure: of this office itself, of the units, and of both by the figure's rule."""

    definition: Definition
    own: Cell
    below: Cell | None
    both: Cell
    rule: Text
    units: int  # that said anything about it

    @property
    def is_said(self) -> bool:
        return self.units > 0 or self.own.value not in (None, 0, "0.00", "0")


class Sent(msgspec.Struct, frozen=True):
    """What became of sending a version up: "signed", "unusable" (kept above, and not counted), "road", "failed"."""

    how: str
    unusable: int = 0  # facts the hub above cannot use
    why: str = ""  # it failed

    @property
    def status(self) -> int:
        return 200 if self.how == "signed" else 422


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    units: list[UnitRow]
    waiting: list[WaitingRow]
    ticket: Ticket | None
    groups: list[tuple[Group, list[FigureRow]]]
    empty: list[Definition]  # figures of which nobody has said anything
    deadline: str
    counts: Mapping[str, int]  # state → units
    hub_url: str
    up: State | None
    sent: Sent | None  # what became of sending it up just now


class FigurePage(msgspec.Struct, frozen=True):
    fair: Fair
    row: FigureRow
    shares: list[Share]
    silent: list[Unit]  # units that said nothing about it
    shared: tuple[int, int]  # keys, joint activities that several of them have


class UnitPage(msgspec.Struct, frozen=True):
    fair: Fair
    row: UnitRow
    figures: list[tuple[Said, Share]]
    places: list[ReportPlace]
    labels: Mapping[str, Text]
    units_of: Mapping[str, str]  # figure → what it is counted in
    wanted: Collection[str]  # figures this office has in its table


# --- looking ----------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/units")
def listing(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        return _list(tx, find_fair(tx, fair_id))


@views.get("/fairs/<fair_id>/units/<unit_id>")
def one(fair_id: str, unit_id: str) -> Response:
    signed_in()
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        row = _row(_standing(units.standings(tx, here, fair), unit_id))
        report = row.told.report
        said = units.said_in(tx, [report], "period")[unit_id] if report else {}
        places = units.places_of(tx, report) if report else []
    known = {definition.key: definition for definition in columns(fair)}
    found = []
    for key, figure in said.items():
        definition = known.get(key)
        fits = definition is not None and figure.fits(definition)
        column = rollup.Counted(key, figure.unit, figure.rule)
        found.append((figure, units.share_of(column, row.told.unit, figure.value, figure.by, fits=fits)))
    labels, counted_in = ({key: getattr(one, name) for key, one in said.items()} for name in ("label", "unit"))
    page = UnitPage(fair, row, found, places, labels, counted_in, known)
    return web.page("hub/units/one.html", page=page, fair=fair, written=rollup.written)


@views.get("/fairs/<fair_id>/units/figures/<figure>")
def figure(fair_id: str, figure: str) -> Response:
    """What a figure of the superior is made of, unit by unit."""
    signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        definition = next((one for one in columns(fair) if one.key == figure), None)
        if definition is None:
            raise Problem(PAGE_NOT_FOUND)
        told = units.said(tx, fair, figures=units.with_sides([definition]))
        rows, source = _figure_rows(tx, fair, told, [definition]), units.source_of(tx, fair)
    values = {unit: some[figure] for unit, some in told.items() if figure in some}
    own = rows[0].own
    mine = rollup.value_of(definition, own, source)
    shares = [units.share_of(definition, None, mine, own.by)]
    shares += [
        units.share_of(
            rollup.Counted(figure, values[unit.id].unit, values[unit.id].rule),
            unit,
            values[unit.id].value,
            values[unit.id].by,
            fits=values[unit.id].fits(definition),
        )
        for unit in fair.units
        if unit.id in values
    ]
    silent = [unit for unit in fair.units if unit.id not in values]
    twice = rollup.shared([mine, *(one.value for one in values.values() if one.fits(definition))])
    page = FigurePage(fair, rows[0], shares, silent, twice)
    return web.page("hub/units/figure.html", page=page, fair=fair, written=rollup.written)


def _list(tx: Connection, fair: Fair, ticket: Ticket | None = None, sent: Sent | None = None) -> Response:
    here = hub()
    now = here.clock.now()
    rows = [_row(told) for told in units.standings(tx, here, fair)]
    reports = [row.told.report for row in rows if row.told.report is not None and row.told.counts]
    told = units.said_in(tx, reports, "period")
    figures = _figure_rows(tx, fair, told, columns(fair)) if told else []
    names = {unit.id: unit.name for unit in fair.units}
    page = ListPage(
        fair=fair,
        units=rows,
        waiting=[
            WaitingRow(one.id, names.get(one.desk, Text(one.desk, one.desk)), one.digits, ago(one.asked_at, now) or "")
            for one in devices.waiting(tx, here, rehearsals.reports(fair.id))
        ],
        ticket=ticket,
        groups=_grouped([row for row in figures if row.is_said]),
        empty=[row.definition for row in figures if not row.is_said],
        deadline=_long(datetime.fromisoformat(fair.deadline).timestamp()) if fair.deadline else "",
        counts={state: sum(row.told.state == state for row in rows) for state in LOOKS},
        hub_url=here.config.public_url.rstrip("/"),
        up=upward.state_of(tx, fair.id),
        sent=sent,
    )
    return web.page("hub/units/list.html", sent.status if sent else 200, page=page, fair=fair)


def _row(told: Standing) -> UnitRow:
    return UnitRow(told, _long(told.came_at) if told.came_at is not None else "")


def _standing(found: Sequence[Standing], unit_id: str) -> Standing:
    for told in found:
        if told.unit.id == unit_id:
            return told
    raise Problem(UNIT_UNKNOWN, unit=unit_id[:64])


def _figure_rows(
    tx: Connection, fair: Fair, told: Mapping[str, Mapping[str, Said]], wanted: Sequence[Definition]
) -> list[FigureRow]:
    figures, source = {one.key: one for one in figures_of(tx, fair)}, units.source_of(tx, fair)
    cells = [Cell(one.key, one.value, one.parts, one.by, one.note) for one in (figures[key.key] for key in wanted)]
    found = []
    for definition, own in zip(wanted, units.own_cells(tx, fair, cells, told), strict=True):
        lower = units.below(definition, fair, told) if told else None
        both = rollup.add_below(definition, own, lower, source)
        saying = sum(definition.key in some for some in told.values())
        found.append(FigureRow(definition, own, lower, both, RULES[definition.rule], saying))
    return found


def _grouped(rows: Sequence[FigureRow]) -> list[tuple[Group, list[FigureRow]]]:
    groups = [(group, [row for row in rows if row.definition.group == group.id]) for group in GROUPS]
    return [(group, some) for group, some in groups if some]


def _long(moment: float) -> str:
    return datetime.fromtimestamp(moment, BEIJING).strftime("%m-%d %H:%M")


# --- letting a hub in, and out ----------------------------------------------------------------------


@views.post("/fairs/<fair_id>/units/<unit_id>/code")
def new_code(fair_id: str, unit_id: str) -> Response:
    """Draw a code with which a unit's hub joins, and show it once."""
    web.read_form()
    here = hub()
    now = here.clock.now()
    with acting("organiser") as (tx, _session):
        fair = find_fair(tx, fair_id)
        code = devices.draw_unit_code(tx, here, fair, unit_id, now, kind="screen")
        unit = next(unit for unit in fair.units if unit.id == unit_id)
        until = now + timedelta(minutes=devices.CODE_MINUTES)
        return _list(tx, fair, Ticket(unit, code, _long(until.timestamp())))


@views.post("/fairs/<fair_id>/units/waiting")
def decide(fair_id: str) -> Response:
    """The digits were the same here and there, or they were not."""
    form = web.read_form("enrolment", "verdict")
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        rows = rehearsals.reports(fair.id)
        match form["verdict"]:
            case "same":
                devices.confirm(tx, hub(), rows, form["enrolment"], session.person.id, session.key)
            case "different":
                devices.reject(tx, rows, form["enrolment"])
            case _:
                raise Problem(FIELD_INVALID, field="verdict")
    return web.see_other("units.listing", fair_id=fair.id)


@views.post("/fairs/<fair_id>/units/<unit_id>/withdraw")
def withdraw(fair_id: str, unit_id: str) -> Response:
    """Nothing more of that unit's hub counts; with `all`, nothing it ever said."""
    form = web.read_form("reason", optional=["all"])
    here = hub()
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        told = _standing(units.standings(tx, here, fair), unit_id)
        if not told.device:
            raise Problem(UNIT_SILENT)
        cutoff = 0 if form["all"] == "yes" else None
        devices.revoke(tx, here, told.device, form["reason"], session.person.id, cutoff)
    return web.see_other("units.one", fair_id=fair.id, unit_id=unit_id)


# --- this fair's own way up -------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/units/up")
def report_up(fair_id: str) -> Response:
    """Send the newest frozen version to the hub above. What was written stays written, whether it arrives or not."""
    web.read_form()
    here = hub()
    with acting("organiser") as (tx, _session):
        fair = find_fair(tx, fair_id)
        upward.submit_latest(tx, here, fair)
        state = upward.state_of(tx, fair.id)
    assert state is not None  # else it would have been said already
    sent = _send(here, fair, state.link.url)
    with reading() as tx:
        return _list(tx, fair, sent=sent)


def _send(here: Hub, fair: Fair, url: str) -> Sent:
    if not url:
        return Sent("road")
    try:
        result = upward.send(here, fair, HttpTransport(url))
    except Problem as problem:
        if problem.kind not in (SYNC_UNREACHABLE, SYNC_REFUSED):
            raise
        return Sent("failed", why=str(problem.details.get("reason", problem.code)))
    return Sent("unusable" if result.quarantined else "signed", result.quarantined)
