"""Pages: volunteers by day with their hours, shifts that nobody ended, hand-overs; the hours as a file."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.clock import BEIJING, stamp
from kiosk.errors import SHIFT_TIME, SHIFT_UNKNOWN, Problem
from kiosk.facts.clocks import Clocks
from kiosk.facts.shifts import ShiftEnded
from kiosk.hub import exports, journal, people
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import find_fair
from kiosk.hub.presences import END, FIRST, Shift, all_shifts, clocks_of
from kiosk.hub.tables import handovers
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports import shifts as reckoning
from kiosk.reports.shifts import LONGEST, Service, hours

views = Blueprint("shifts", __name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=BEIJING)
_TIME = re.compile(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]")
#: Rows of a table on the page; all of them stand in the file.
_SHOWN = 200


# --- the page -------------------------------------------------------------------------------------


class ShiftLine(msgspec.Struct, frozen=True):
    shift: Shift
    place: Text
    began: str  # "09:05"
    ended: str  # "13:32"; "" where nobody ended it


class Person(msgspec.Struct, frozen=True):
    """A volunteer on one day."""

    volunteer: str
    name: str
    service: Service
    lines: list[ShiftLine]

    @property
    def hours(self) -> str:
        return hours(self.service.seconds)


class Group(msgspec.Struct, frozen=True):
    """The service of one unit or desk."""

    name: Text
    people: int
    turns: int
    hours: str


class HandoverLine(msgspec.Struct, frozen=True):
    at: str  # "11:31"
    place: Text
    outgoing: str
    incoming: str
    counters: list[tuple[Text, int]]
    stock: list[tuple[Text, int]]
    open: int
    unsent: int
    faults: str


class ShiftsPage(msgspec.Struct, frozen=True):
    fair: Fair
    day: str
    days: list[str]
    turns: int
    people: int
    hours: str
    present: list[Person]  # not all of them
    came: int  # all of them
    open: list[ShiftLine]  # of any day; not all of them
    unended: int  # all of them
    names: Mapping[str, str]
    units: list[Group]
    desks: list[Group]
    handovers: list[HandoverLine]
    problem: str | None
    may_act: bool


@views.get("/fairs/<fair_id>/shifts")
def listing(fair_id: str) -> Response:
    signed_in()
    return _answer(fair_id)


@views.post("/fairs/<fair_id>/shifts/end")
def end_afterwards(fair_id: str) -> Response:
    """Somebody went without touching their name: the organiser says when. The tablet's own word, if it comes, holds."""
    form = web.read_form("began", "until")
    began = web.read_id(form, "began")
    try:
        with acting("organiser") as (tx, session):
            fair = find_fair(tx, fair_id)
            journal.lock(tx, fair.id)
            one = next((one for one in all_shifts(tx, fair.id) if one.fact == began), None)
            if one is None:
                raise Problem(SHIFT_UNKNOWN)
            if one.ended is None:
                until = _until(one, form["until"].strip())
                body = ShiftEnded(volunteer=one.volunteer, began=began, how="afterwards", until=until)
                now, mono = hub().clock.now(), hub().clock.monotonic()
                journal.append(tx, fair.id, body, desk=one.desk, by=session.person.id, now=now, mono=mono)
    except Problem as problem:
        if problem.kind is not SHIFT_TIME:
            raise
        return _answer(fair_id, problem)
    return web.see_other("shifts.listing", fair_id=fair.id, day=one.day)


def _until(shift: Shift, typed: str) -> str:
    """The moment at which somebody left, on the day they came or in the night after it. Raises `shift.time`."""
    typed = typed.replace("：", ":")
    if not _TIME.fullmatch(typed) or not FIRST <= shift.began < END:
        raise Problem(SHIFT_TIME)
    hour, minute = map(int, typed.split(":"))
    began = _EPOCH + timedelta(seconds=shift.began)
    until = began.replace(hour=hour, minute=minute, second=0, microsecond=0)
    until += timedelta(days=until < began.replace(second=0))
    if (until - began).total_seconds() > LONGEST:
        raise Problem(SHIFT_TIME)
    return stamp(max(until, began))


def _answer(fair_id: str, problem: Problem | None = None) -> Response:
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _page(tx, fair, problem)
    return web.page("hub/shifts/list.html", problem.status if problem else 200, page=page, fair=fair)


def _page(tx: Connection, fair: Fair, problem: Problem | None) -> ShiftsPage:
    every = all_shifts(tx, fair.id)
    days = sorted({one.day for one in every}, reverse=True)
    asked, now = request.args.get("day", ""), today().isoformat()
    day = asked if asked in days else now if now in days or not days else days[0]
    of_day = [one for one in every if one.day == day]
    unended = [one for one in every if one.ended is None]
    served = reckoning.service(one.presence for one in of_day)
    summed = reckoning.sums(served)
    names, places = people.names_at(tx, fair.id), places_of(fair)
    return ShiftsPage(
        fair=fair,
        day=day,
        days=days[:30],
        turns=summed["shift.turns"],
        people=summed["shift.volunteers"],
        hours=hours(summed["shift.seconds"]),
        present=_present(served, [_line(one, places) for one in of_day], names)[:_SHOWN],
        came=len(served),
        open=[_line(one, places) for one in unended[:_SHOWN]],
        unended=len(unended),
        names=names,
        units=_by_unit(fair, of_day),
        desks=_groups(of_day, lambda one: one.desk, lambda desk: places.get(desk, Text(desk, desk))),
        handovers=_handovers(tx, fair, names, day),
        problem=problem.sentence(web.language()) if problem else None,
        may_act=signed_in().person.may("organiser"),
    )


def _present(
    served: Mapping[tuple[str, str], Service], lines: Sequence[ShiftLine], names: Mapping[str, str]
) -> list[Person]:
    of_each: dict[str, list[ShiftLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line.shift.began):
        of_each[line.shift.volunteer].append(line)
    found = [
        Person(volunteer, names.get(volunteer, volunteer), service, of_each[volunteer])
        for (_day, volunteer), service in served.items()
    ]
    return sorted(found, key=lambda person: (person.lines[0].shift.began, person.name))


def _by_unit(fair: Fair, of_day: Sequence[Shift]) -> list[Group]:
    """[] where no desk is run by any."""
    units = {desk.id: desk.unit for desk in fair.desks}
    names = {unit.id: unit.name for unit in fair.units}
    if not any(units.values()):
        return []
    rest = Text("没有写单位", "No unit named")
    return _groups(of_day, lambda one: units.get(one.desk, ""), lambda unit: names.get(unit, rest))


def _groups(of_day: Sequence[Shift], key: Callable[[Shift], str], name: Callable[[str], Text]) -> list[Group]:
    found: dict[str, list[Shift]] = defaultdict(list)
    for one in of_day:
        found[key(one)].append(one)
    groups = []
    for group, some in sorted(found.items()):
        summed = reckoning.sums(reckoning.service(one.presence for one in some))
        told = (summed["shift.volunteers"], summed["shift.turns"], hours(summed["shift.seconds"]))
        groups.append(Group(name(group), *told))
    return groups


def _handovers(tx: Connection, fair: Fair, names: Mapping[str, str], day: str) -> list[HandoverLine]:
    rows = tx.execute(select(handovers).where(handovers.c.fair == fair.id)).all()
    if not rows:
        return []
    dates, places, found = clocks_of(tx, fair.id, handovers), places_of(fair), []
    for row in rows:
        of_tablet = dates.get(row.journal) or Clocks()
        if of_tablet.day_and_hour(row.boot, row.at, row.mono)[0] != day:
            continue
        moment = of_tablet.moment(row.boot, row.at, row.mono)
        line = HandoverLine(
            at=clock_time(moment),
            place=places.get(row.desk, Text(row.desk, row.desk)),
            outgoing=names.get(row.outgoing, row.outgoing),
            incoming=names.get(row.incoming, row.incoming),
            counters=_named(fair, json.loads(row.counters)),
            stock=_named(fair, json.loads(row.stock)),
            open=row.open,
            unsent=row.unsent,
            faults=row.faults,
        )
        found.append((moment, line))
    return [line for _moment, line in sorted(found, key=lambda one: one[0])]


def item_names(fair: Fair) -> dict[str, Text]:
    """Counter → what it counts, of all that is handed out."""
    leaflets = {f"leaflet.{one.id}": one.name for one in fair.leaflets}
    return leaflets | {f"material.{one.id}": one.name for one in fair.materials}


#: What else a hand-over names.
_NAMES = {
    "headcount": Text("进场群众", "Visitors in"),
    "headout": Text("离场群众", "Visitors out"),
    "consultation": Text("接受咨询", "Consultations"),
    "board": Text("展板", "Display boards"),
    "complaint.filed": Text("投诉登记", "Complaints"),
    "report.filed": Text("举报登记", "Reports"),
    "quiz.finished": Text("知识问答", "Quizzes"),
    "prize.redeemed": Text("发放奖品", "Prizes given"),
}


def _named(fair: Fair, amounts: Mapping[str, int]) -> list[tuple[Text, int]]:
    names = item_names(fair) | _NAMES
    told = [(metric.removeprefix("tally."), n) for metric, n in amounts.items()]
    return [(names[metric], n) for metric, n in told if metric in names]


# --- as a file ------------------------------------------------------------------------------------

_HEADINGS = ("日期", "志愿者编号", "姓名", "服务台", "人次", "服务时长（小时）", "没有签退（班）")


@views.get("/fairs/<fair_id>/shifts.csv")
def as_csv(fair_id: str) -> Response:
    return exports.csv_file(_table(fair_id), "volunteer-hours.csv")


@views.get("/fairs/<fair_id>/shifts.xlsx")
def as_xlsx(fair_id: str) -> Response:
    return exports.xlsx_file("服务时长", _table(fair_id), "volunteer-hours.xlsx")


def _table(fair_id: str) -> list[Sequence[str | int | float]]:
    """Every volunteer and day with their hours."""
    signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        every, names = all_shifts(tx, fair.id), people.names_at(tx, fair.id)
    desks: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in every:
        if one.desk not in desks[one.day, one.volunteer]:
            desks[one.day, one.volunteer].append(one.desk)
    served = reckoning.service(one.presence for one in every)
    rows: list[Sequence[str | int | float]] = [_HEADINGS]
    for (day, who), one_day in sorted(served.items()):
        name, at = names.get(who, who), "、".join(desks[day, who])
        rows.append((day, who, name, at, one_day.turns, float(hours(one_day.seconds)), one_day.open))
    return rows


# --- words ----------------------------------------------------------------------------------------


def clock_time(moment: int) -> str:
    if not FIRST <= moment < END:
        return "—"
    return (_EPOCH + timedelta(seconds=moment)).strftime("%H:%M")


def _line(one: Shift, places: Mapping[str, Text]) -> ShiftLine:
    place = places.get(one.desk, Text(one.desk, one.desk))
    return ShiftLine(one, place, clock_time(one.began), clock_time(one.ended) if one.ended is not None else "")


def places_of(fair: Fair) -> dict[str, Text]:
    venues = {venue.id: venue.name for venue in fair.venues}
    return {
        desk.id: Text(f"{venues[desk.venue].zh} · {desk.name.zh}", f"{venues[desk.venue].en} · {desk.name.en}")
        for desk in fair.desks
    }


def open_desks(every: Iterable[Shift], day: str) -> dict[str, list[Shift]]:
    """Desk → the shifts of a day, or before it, that nobody ended."""
    found: dict[str, list[Shift]] = defaultdict(list)
    for one in every:
        if one.ended is None and one.day <= day:
            found[one.desk].append(one)
    return found
