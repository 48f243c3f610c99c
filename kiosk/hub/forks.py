"""A journal that parts into branches, side by side; and the person who says which of them counts."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import FIELD_INVALID, QUARANTINE_CHANGED, Problem
from kiosk.facts.complaints import ComplaintFiled
from kiosk.hub import branches, decisions, people
from kiosk.hub.branches import Branch
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.judging import judge_for
from kiosk.hub.quarantine import is_number, moment, tablet_of
from kiosk.hub.tables import choices, facts, journals
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.reports.figures import Figure, figures

views = Blueprint("forks", __name__)
_BRANCHES = 8  # shown side by side; those of more facts first
_CASES = 10  # complaints named for each branch


class Column(msgspec.Struct, frozen=True):
    """One branch: what it is, and what it would add."""

    hash: str  # of its first fact, hex: what a choice names
    n: int
    last: int
    began: str | None  # first and last by the tablet's own clock
    ended: str | None
    received: str  # the last of it
    unusable: int  # of its facts
    figures: dict[str, int]  # key of the catalogue → what it adds
    cases: list[str]
    complaints: int
    forked_at: int | None  # where it parts again
    is_whole: bool  # its beginning is here
    is_chosen: bool  # counts now because a person said so
    is_lost: bool  # a person said that it does not count


class Choice(msgspec.Struct, frozen=True):
    """What a person said before."""

    person: str
    at: str
    reason: str
    letter: int | None  # which of the columns counts; None: none does
    is_here: bool  # of the branches shown


class ForkPage(msgspec.Struct, frozen=True):
    fair: Fair
    journal: str
    desk: Desk
    venue: Venue
    device: str
    seq: int | None  # where it parts; None where it does not
    columns: list[Column]
    more: int  # branches that are not shown
    rows: list[Figure]  # the figures any of them adds to
    is_open: bool  # nothing from here on counts until somebody chooses
    joins: bool  # whether any branch follows from what is here
    choices: list[Choice]  # the latest first
    seen: str  # stands for what is shown
    problem: str | None
    kept: str  # as chosen on the form
    reason: str


@views.get("/fairs/<fair_id>/quarantine/forks/<journal>")
def one(fair_id: str, journal: str) -> Response:
    signed_in("organiser")
    asked = request.args.get("at", "")
    with reading() as tx:
        return _page(tx, find_fair(tx, fair_id), journal, int(asked) if is_number(asked) else None)


@views.post("/fairs/<fair_id>/quarantine/forks/<journal>")
def choose(fair_id: str, journal: str) -> Response:
    form = web.read_form("seq", "seen", "reason", optional=("kept",))
    seq = int(form["seq"]) if is_number(form["seq"]) else None
    try:
        with acting("organiser") as (tx, session):
            fair = find_fair(tx, fair_id)
            device = tablet_of(tx, fair, journal)
            if seq is None:
                raise Problem(FIELD_INVALID, field="seq")
            _choose(tx, device, seq, form, session.person.id)
    except Problem as problem:
        if not problem.code.startswith(("quarantine.", "field.invalid")):
            raise
        with reading() as tx:
            return _page(tx, find_fair(tx, fair_id), journal, seq, problem, form)
    return web.see_other("quarantine.listing", fair_id=fair.id)


def _choose(tx: Connection, device: Row[Any], seq: int, form: dict[str, str], by: str) -> None:
    # Nobody may bring another branch between looking and choosing.
    tx.execute(select(journals.c.seq).where(journals.c.journal == device.journal).with_for_update()).one()
    found = branches.branches_at(tx, device.journal, seq)
    if not found or _seen(found) != form["seen"]:
        raise Problem(QUARANTINE_CHANGED)
    if form["kept"] not in {"none", *(branch.first.hex() for branch in found if branch.is_whole)}:
        raise Problem(FIELD_INVALID, field="kept")
    kept = None if form["kept"] == "none" else bytes.fromhex(form["kept"])
    lost = [branch.first for branch in found if branch.first != kept]
    if not lost:
        raise Problem(QUARANTINE_CHANGED)
    decisions.choose(tx, hub(), device, seq, kept, lost, form["reason"], by)


def _seen(found: Sequence[Branch]) -> str:
    """Stands for some branches, however long each of them has grown."""
    return hashlib.sha256(b"".join(sorted(branch.first for branch in found))).hexdigest()[:16]


# --- what is shown --------------------------------------------------------------------------------


def _page(
    tx: Connection,
    fair: Fair,
    journal: str,
    asked: int | None,
    problem: Problem | None = None,
    form: dict[str, str] | None = None,
) -> Response:
    device = tablet_of(tx, fair, journal)
    told = tx.execute(select(choices).where(choices.c.journal == journal).order_by(choices.c.number.desc())).all()
    forked_at = tx.execute(select(journals.c.forked_at).where(journals.c.journal == journal)).scalar()
    seq = asked or forked_at or (told[0].seq if told else None)
    if seq != forked_at and seq not in {row.seq for row in told}:
        seq = None
    found = branches.branches_at(tx, journal, seq) if seq else []
    columns = [_column(tx, device, branch) for branch in found[:_BRANCHES]]
    desk = fair.desk(device.desk)
    page = ForkPage(
        fair=fair,
        journal=journal,
        desk=desk,
        venue=fair.venue(desk.venue),
        device=device.device[:8],
        seq=seq,
        columns=columns,
        more=len(found) - len(columns),
        rows=_rows(columns),
        is_open=seq is not None and seq == forked_at and branches.is_undecided(tx, journal, seq),
        joins=any(branch.is_whole for branch in found),
        choices=_choices(tx, [row for row in told if row.seq == seq], columns),
        seen=_seen(found),
        problem=problem.sentence(web.language()) if problem else None,
        kept=form["kept"] if form else "",
        reason=form["reason"] if form else "",
    )
    return web.page("hub/quarantine/fork.html", problem.status if problem else 200, page=page, fair=fair)


def _column(tx: Connection, device: Row[Any], branch: Branch) -> Column:
    """Sum up a branch by the rules it would count by."""
    judge, sums = judge_for(tx, device), Counter[str]()
    times: list[str] = []
    cases: list[str] = []
    unusable = complaints = 0
    received = 0.0
    marks = branches.marks_of(tx, device.journal)
    for row in branches.lines_of(tx, device.journal, branch.nodes):
        received = max(received, row.received_at)
        stretch = judge.read(row.seq, [bytes(row.line)], [bytes(row.hash)], row.received_at)
        meaning = stretch.meanings[0]
        if meaning is None:
            unusable += 1
            continue
        sums.update(dict(meaning.adds))
        times.append((stretch.hour[0] + stretch.rest[0]).decode())
        if isinstance(meaning.body, ComplaintFiled):
            complaints += 1
            cases += [meaning.body.case] if len(cases) < _CASES else []
    found = figures(sums, {}, {"kind": "branch", "id": branch.first.hex()})
    return Column(
        hash=branch.first.hex(),
        n=len(branch.nodes),
        last=branch.nodes[-1][0],
        began=_clock(times[0]) if times else None,
        ended=_clock(times[-1]) if times else None,
        received=moment(received),
        unusable=unusable,
        figures={figure.key: figure.value for figure in found if isinstance(figure.value, int)},
        cases=cases,
        complaints=complaints,
        forked_at=branch.forked_at,
        is_whole=branch.is_whole,
        is_chosen=branch.first in marks.kept and _counts(tx, device.journal, branch),
        is_lost=branch.first in marks.lost,
    )


def _counts(tx: Connection, journal: str, branch: Branch) -> bool:
    seq, first = branch.nodes[0]
    held = tx.execute(select(journals.c.seq).where(journals.c.journal == journal)).scalar_one()
    query = select(facts.c.hash).where(facts.c.journal == journal, facts.c.seq == seq)
    return bool(held >= seq) and bytes(tx.execute(query).scalar() or b"") == first


def _rows(columns: Sequence[Column]) -> list[Figure]:
    """The figures that differ from nothing on any branch, in the order of the catalogue."""
    every = figures({}, {}, {})
    return [figure for figure in every if any(column.figures.get(figure.key) for column in columns)]


def _choices(tx: Connection, told: Sequence[Row[Any]], columns: Sequence[Column]) -> list[Choice]:
    names = people.names(tx)
    places = {bytes.fromhex(column.hash): place for place, column in enumerate(columns)}
    return [
        Choice(
            person=names.get(row.person, row.person),
            at=_clock(row.at),
            reason=row.reason,
            letter=None if row.kept is None else places.get(bytes(row.kept)),
            is_here=row.kept is None or bytes(row.kept) in places,
        )
        for row in told
    ]


def _clock(at: str) -> str:
    return to_minute(at)[5:]
