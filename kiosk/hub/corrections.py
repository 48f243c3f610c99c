"""Pages: counts put right, by a signed difference beside what was counted; by two persons where it is much.

A difference counts to one hour. Said of a whole day it goes to the hour with most of that counter at that desk, where
it bends the day's curve least; with nothing counted, to the hour in which the desk opens, or to noon.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, func, select, tuple_

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import (
    CORRECTION_BELOW,
    CORRECTION_DECIDED,
    CORRECTION_NOTHING,
    CORRECTION_OWN,
    DESK_UNKNOWN,
    FACT_CONFLICT,
    FIELD_INVALID,
    PAGE_NOT_FOUND,
    Problem,
)
from kiosk.facts.complaints import clean
from kiosk.facts.corrections import MOST, CorrectionDeclined, CorrectionProposed, decision_id, takes_two
from kiosk.facts.kinds import Body
from kiosk.facts.tallies import HEADCOUNT, LEFT, REASON_LIMIT, TallyCorrected, metrics_of
from kiosk.hub import journal, people
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import find_fair, hold_journal
from kiosk.hub.people import Session
from kiosk.hub.tables import corrections, totals
from kiosk.packs.fairs import Desk, Fair
from kiosk.packs.model import Text
from kiosk.reports.counters import Counter, counters_of

views = Blueprint("corrections", __name__)
_PAGE = 40
#: What a count of one day at one desk may come to.
_MOST_TOTAL = 10_000_000
_NOON = 12


class Place(msgspec.Struct, frozen=True):
    """What is put right."""

    day: str
    hour: int | None  # None: the whole day
    desk: str
    counter: str


class Counted(msgspec.Struct, frozen=True):
    """What stands at a place."""

    raw: int  # as it was counted, paper and all
    corrected: int  # the differences that were added
    paper: int  # of `raw`, keyed in from paper

    @property
    def total(self) -> int:
        return self.raw + self.corrected


class Entry(msgspec.Struct, frozen=True):
    """A correction as the list shows it."""

    fact: str
    at: str
    day: str
    hour: int
    desk: Text
    counter: Text
    n: int
    reason: str
    by: str
    second: str
    state: str  # "made", "waiting" or "declined"
    now: Counted  # of that day, desk and counter
    declined_by: str = ""
    is_own: bool = False


class Preview(msgspec.Struct, frozen=True):
    before: int
    n: int
    hour: int  # it will count to
    alone: int  # by how much this person has changed it already with nobody's consent, up and down together
    needs_second: bool
    moved: bool  # something was counted since the last preview

    @property
    def after(self) -> int:
        return self.before + self.n


class Days(msgspec.Struct, frozen=True):
    """The days a form may name, from the first to the last; and the one it says before anybody types."""

    earliest: str
    latest: str
    likely: str


class CorrectionsPage(msgspec.Struct, frozen=True):
    fair: Fair
    place: Place
    days: Days
    counters: list[Counter]
    counted: Counted
    entries: list[Entry]
    waiting: list[Entry]
    here: int  # corrections of this place
    number: int  # of the page
    pages: int
    fact_id: str
    limits: Mapping[str, int]
    typed: Mapping[str, str] = msgspec.field(default_factory=dict)
    faults: Mapping[str, str] = msgspec.field(default_factory=dict)  # reason → why, number → "invalid", day → as asked
    preview: Preview | None = None
    problem: str = ""

    @property
    def counter(self) -> Counter:
        return next(one for one in self.counters if one.id == self.place.counter)


# --- what can be put right --------------------------------------------------------------------------


def counters_at(fair: Fair, desk: Desk) -> list[Counter]:
    """What may be counted at a desk, in its order; where entrances are counted, that of all heads after them, too."""
    found = counters_of(fair, desk)
    if not fair.venue(desk.venue).entrances:
        return found
    wholes = {
        HEADCOUNT: Text("进场 · 全部入口合计", "In · all entrances"),
        LEFT: Text("离场 · 全部入口合计", "Out · all entrances"),
    }
    for whole, name in wholes.items():
        last = max(place for place, one in enumerate(found) if one.id.startswith(f"{whole}."))
        found.insert(last + 1, msgspec.structs.replace(found[last], id=whole, name=name))
    return found


def may_be_day(tx: Connection, fair: Fair, day: str, now: date) -> bool:
    """Whether something may have been counted on a day: today, one of the fair's, or one with counts; none to come."""
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        return False
    if asked.isoformat() != day or asked > now:
        return False
    of_day = select(totals.c.day).where(totals.c.fair == fair.id, totals.c.day == day).limit(1)
    return asked == now or fair.starts <= day <= fair.ends or tx.execute(of_day).first() is not None


def days_of(tx: Connection, fair: Fair, now: date) -> Days:
    """What a form with a day starts from; `may_be_day` takes the first, the last and the likely one."""
    day = now.isoformat()
    of_fair = select(func.min(totals.c.day), func.max(totals.c.day)).where(totals.c.fair == fair.id)
    first, last = tx.execute(of_fair.where(totals.c.day != "", totals.c.day <= day)).one()
    begun = fair.starts if fair.starts <= day else ""
    likely = day if fair.starts <= day <= fair.ends else last or begun or day
    return Days(min(one for one in (first, begun, day) if one), day, likely)


def number_typed(text: str) -> int | None:
    """Digits with a sign, full width as a keyboard's; None for anything else, or too many of them."""
    bare = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    return int(bare) if re.fullmatch(r"[+-]?[0-9]{1,8}", bare, re.ASCII) else None


# --- pages --------------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/corrections")
def listing(fair_id: str) -> Response:
    session = signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _page(tx, fair, _asked_place(tx, fair), session)
        asked = request.args.get("day", page.place.day)
        if asked not in ("", page.place.day):
            page = msgspec.structs.replace(page, faults={"day": asked[:20]})
    return web.page("hub/corrections/list.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/corrections/check")
def check(fair_id: str) -> Response:
    """What it would come to. Nothing is kept."""
    return _correct(fair_id, is_sure=False)


@views.post("/fairs/<fair_id>/corrections")
def correct(fair_id: str) -> Response:
    """Put it right, or propose to. Sent twice it is one; where the count moved since it was looked at, look again."""
    return _correct(fair_id, is_sure=True)


@views.post("/fairs/<fair_id>/corrections/decide")
def decide(fair_id: str) -> Response:
    """A second person agrees, or somebody declines. The same touch again is the same decision."""
    form = web.read_form("proposal", "verdict")
    proposal_id, verdict = web.read_id(form, "proposal"), web.read_choice(form, "verdict", ("agree", "decline"))
    with acting("organiser") as (tx, session):
        fair, own = hold_journal(tx, fair_id)
        proposal = _row(tx, own, proposal_id)
        if proposal is None or proposal.step != "proposed":
            raise Problem(PAGE_NOT_FOUND)
        decided = _row(tx, own, decision_id(proposal_id))
        if decided is not None:
            _refuse_another_decision(tx, fair, decided, verdict, session)
        else:
            body = (
                _agreed(tx, fair, proposal, session) if verdict == "agree" else CorrectionDeclined(proposal=proposal_id)
            )
            by = proposal.person if verdict == "agree" else session.person.id
            _append(tx, fair, body, proposal.desk, by, decision_id(proposal_id))
    return web.see_other("corrections.listing", fair_id=fair.id, **_words_of(_place_of(proposal)))


def _agreed(tx: Connection, fair: Fair, proposal: Row[Any], session: Session) -> TallyCorrected:
    """Raises `correction.own` or, with what was counted by now, `correction.below`."""
    if proposal.person == session.person.id:
        raise Problem(CORRECTION_OWN)
    _refuse_below_nothing(tx, fair, _place_of(proposal), proposal.hour, proposal.n)
    told = {name: getattr(proposal, name) for name in ("day", "hour", "counter", "n", "reason")}
    return TallyCorrected(**told, second=session.person.id)


def _refuse_another_decision(tx: Connection, fair: Fair, decided: Row[Any], verdict: str, session: Session) -> None:
    who, is_agreed = (decided.second, True) if decided.step == "made" else (decided.person, False)
    if (who, is_agreed) != (session.person.id, verdict == "agree"):
        raise Problem(CORRECTION_DECIDED, who=people.names_at(tx, fair.id).get(who, who), at=to_minute(decided.at))


def _correct(fair_id: str, *, is_sure: bool) -> Response:
    form = web.read_form("id", "day", "desk", "counter", "how", "number", "reason", optional=("hour", "was"))
    fact_id, how = web.read_id(form, "id"), web.read_choice(form, "how", ("total", "difference"))
    with acting("organiser") as (tx, session):
        fair, own = hold_journal(tx, fair_id)
        is_day = may_be_day(tx, fair, form["day"], today())
        place = _read_place(fair, form if is_day else {**form, "day": days_of(tx, fair, today()).likely})
        typed = {**form, "reason": clean(form["reason"])}
        if not is_day:
            page = _page(tx, fair, place, session)
            page = msgspec.structs.replace(page, fact_id=fact_id, typed=typed, faults={"day": form["day"][:20]})
            return web.page("hub/corrections/list.html", 422, page=page, fair=fair)
        there = _row(tx, own, fact_id)
        if there is not None and is_sure:
            _refuse_another(there, place, typed)
            return web.see_other("corrections.listing", fair_id=fair.id, **_words_of(place))
        number = _in_bounds(number_typed(form["number"]), how)
        reason_fault = web.text_fault(typed["reason"], REASON_LIMIT)
        faults = {"number": "invalid"} if number is None else {}
        faults |= {"reason": reason_fault} if reason_fault else {}
        page = msgspec.structs.replace(_page(tx, fair, place, session), fact_id=fact_id, typed=typed, faults=faults)
        if number is None or faults:
            return web.page("hub/corrections/list.html", 422, page=page, fair=fair)
        before = page.counted.total
        n = number - before if how == "total" else number
        try:
            preview = _previewed(tx, fair, place, before, n, form["was"], _alone(tx, fair, place, session))
        except Problem as problem:
            page = msgspec.structs.replace(page, problem=problem.sentence(web.language()))
            return web.page("hub/corrections/list.html", problem.status, page=page, fair=fair)
        if not is_sure or preview.moved:
            page = msgspec.structs.replace(page, preview=preview)
            return web.page("hub/corrections/list.html", 409 if is_sure else 200, page=page, fair=fair)
        _append(tx, fair, _body(place, preview, typed["reason"]), place.desk, session.person.id, fact_id)
    return web.see_other("corrections.listing", fair_id=fair.id, **_words_of(place))


def _previewed(tx: Connection, fair: Fair, place: Place, before: int, n: int, was: str, alone: int) -> Preview:
    """Raises `correction.nothing` or `correction.below`."""
    if n == 0:
        raise Problem(CORRECTION_NOTHING)
    hour = _busiest(tx, fair, place) if place.hour is None else place.hour
    _refuse_below_nothing(tx, fair, place, hour, n)
    if abs(n) > MOST:
        raise Problem(FIELD_INVALID, field="number")
    needs_second = takes_two(n, alone, fair.correction_limit)
    return Preview(before, n, hour, alone, needs_second, moved=was != str(before) and was != "")


def _alone(tx: Connection, fair: Fair, place: Place, session: Session) -> int:
    """By how much somebody has changed a count of a day at a desk, whatever the hour, with nobody's consent."""
    there = corrections.c
    query = select(func.coalesce(func.sum(func.abs(there.n)), 0)).where(
        there.fair == fair.id, there.day == place.day, there.desk == place.desk, there.counter == place.counter,
        there.person == session.person.id, there.step == "made", there.second == "",
    )  # fmt: skip
    return int(tx.execute(query).scalar_one())


def _body(place: Place, preview: Preview, reason: str) -> Body:
    day, hour, counter, n = place.day, preview.hour, place.counter, preview.n
    if preview.needs_second:
        return CorrectionProposed(day=day, hour=hour, counter=counter, n=n, reason=reason)
    return TallyCorrected(day=day, hour=hour, counter=counter, n=n, reason=reason, second="")


def _append(tx: Connection, fair: Fair, body: Body, desk: str, by: str, fact_id: str) -> None:
    here = hub()
    journal.append(
        tx, fair.id, body, desk=desk, by=by, now=here.clock.now(), mono=here.clock.monotonic(), fact_id=fact_id
    )


def _row(tx: Connection, own: str, fact_id: str) -> Row[Any] | None:
    query = select(corrections).where(corrections.c.journal == own, corrections.c.fact == fact_id)
    return tx.execute(query).one_or_none()


def _refuse_another(row: Row[Any], place: Place, typed: Mapping[str, str]) -> None:
    """Raises `fact.conflict` unless a row is what is just being sent again."""
    told = (place.day, place.desk, place.counter, typed["reason"])
    if (row.day, row.desk, row.counter, row.reason) != told or place.hour not in (None, row.hour):
        raise Problem(FACT_CONFLICT)
    number = number_typed(typed["number"])
    before = 0 if typed["how"] == "difference" else number_typed(typed["was"])
    if number is not None and before is not None and number != before + row.n:
        raise Problem(FACT_CONFLICT)  # typed anew on a page of before: it was not kept


# --- the place ----------------------------------------------------------------------------------------


def _asked_place(tx: Connection, fair: Fair) -> Place:
    """As an address names it; whatever it names wrongly is the first there is."""
    asked, now = request.args, today()
    day = asked.get("day", "")
    desk = next((one for one in fair.desks if one.id == asked.get("desk")), fair.desks[0])
    found = counters_at(fair, desk)
    counter = next((one.id for one in found if one.id == asked.get("counter")), found[0].id)
    hour = number_typed(asked.get("hour", ""))
    return Place(
        day if may_be_day(tx, fair, day, now) else days_of(tx, fair, now).likely,
        hour if hour is not None and 0 <= hour <= 23 else None,
        desk.id,
        counter,
    )


def _read_place(fair: Fair, form: Mapping[str, str]) -> Place:
    """As a form with a day that may be names it. Raises `field.invalid` or `desk.unknown`."""
    hour = number_typed(form["hour"]) if form["hour"] else None
    if form["hour"] and (hour is None or not 0 <= hour <= 23):
        raise Problem(FIELD_INVALID, field="hour")
    desk = next((one for one in fair.desks if one.id == form["desk"]), None)
    if desk is None:
        raise Problem(DESK_UNKNOWN, desk=form["desk"][:40])
    counter = web.read_choice(form, "counter", [one.id for one in counters_at(fair, desk)])
    return Place(form["day"], hour, desk.id, counter)


def _place_of(row: Row[Any]) -> Place:
    return Place(row.day, row.hour, row.desk, row.counter)


def _words_of(place: Place) -> dict[str, str]:
    """A place as an address names it."""
    hour = {} if place.hour is None else {"hour": str(place.hour)}
    return {"day": place.day, **hour, "desk": place.desk, "counter": place.counter}


def _in_bounds(number: int | None, how: str) -> int | None:
    """A number that can be meant: no total below nothing, none beyond counting."""
    if number is None or (how == "total" and not 0 <= number <= _MOST_TOTAL) or abs(number) > _MOST_TOTAL:
        return None
    return number


# --- what stands there ----------------------------------------------------------------------------------


def _by_hour(tx: Connection, fair: Fair, metric: str, place: Place) -> dict[int, int]:
    query = (
        select(totals.c.hour, func.sum(totals.c.n))
        .where(
            totals.c.fair == fair.id,
            totals.c.metric == metric,
            totals.c.day == place.day,
            totals.c.desk == place.desk,
        )
        .group_by(totals.c.hour)
    )
    return {int(hour): int(n) for hour, n in tx.execute(query)}


def _counted(tx: Connection, fair: Fair, place: Place) -> Counted:
    def of(prefix: str) -> int:
        hours = _by_hour(tx, fair, f"{prefix}tally.{place.counter}", place)
        return sum(hours.values()) if place.hour is None else hours.get(place.hour, 0)

    corrected = of("corrected.")
    return Counted(of("") - corrected, corrected, of("paper."))


def _busiest(tx: Connection, fair: Fair, place: Place) -> int:
    """The hour a difference of the whole day counts to."""
    hours = {hour: n for hour, n in _by_hour(tx, fair, f"tally.{place.counter}", place).items() if n > 0}
    if hours:
        return max(sorted(hours), key=lambda hour: hours[hour])
    opens = fair.desk(place.desk).opens
    return int(opens[:2]) if opens else _NOON


def _refuse_below_nothing(tx: Connection, fair: Fair, place: Place, hour: int, n: int) -> None:
    """Neither the hour nor the day may end below nothing. Raises `correction.below`."""
    for metric in metrics_of(place.counter) if n < 0 else ():
        hours = _by_hour(tx, fair, metric, place)
        left = min(hours.get(hour, 0), sum(hours.values()))
        if left + n < 0:
            raise Problem(CORRECTION_BELOW, left=left)


# --- the list -------------------------------------------------------------------------------------------


def _page(tx: Connection, fair: Fair, place: Place, session: Session) -> CorrectionsPage:
    listed = corrections.c.fair == fair.id
    declined = dict(
        tx.execute(
            select(corrections.c.proposal, corrections.c.person).where(listed, corrections.c.step == "declined")
        ).all()
    )
    proposed = tx.execute(
        select(corrections).where(listed, corrections.c.step == "proposed").order_by(corrections.c.at)
    ).all()
    made = select(corrections.c.fact).where(listed, corrections.c.step == "made")
    agreed = set(tx.execute(made.where(corrections.c.second != "")).scalars())
    open_ = [row for row in proposed if row.fact not in declined and decision_id(row.fact) not in agreed]
    shown = listed & ((corrections.c.step == "made") | corrections.c.fact.in_(list(declined)))
    count = tx.execute(select(func.count()).select_from(corrections).where(shown)).scalar_one()
    pages = web.pages_of(count, _PAGE)
    number = web.read_page(pages)
    newest = select(corrections).where(shown).order_by(corrections.c.at.desc(), corrections.c.seq.desc())
    rows = tx.execute(newest.limit(_PAGE).offset((number - 1) * _PAGE)).all()
    desk = fair.desk(place.desk)
    of_place = (
        (corrections.c.day == place.day) & (corrections.c.desk == place.desk) & (corrections.c.counter == place.counter)
    )
    here = select(func.count()).select_from(corrections).where(listed, of_place, corrections.c.step == "made")
    return CorrectionsPage(
        fair=fair,
        place=place,
        days=days_of(tx, fair, today()),
        counters=counters_at(fair, desk),
        counted=_counted(tx, fair, place),
        entries=_entries(tx, fair, rows, session, declined),
        waiting=_entries(tx, fair, open_, session, declined),
        here=tx.execute(here if place.hour is None else here.where(corrections.c.hour == place.hour)).scalar_one(),
        number=number,
        pages=pages,
        fact_id=secrets.token_hex(16),
        limits={"reason": REASON_LIMIT, "limit": fair.correction_limit},
    )


def _entries(
    tx: Connection, fair: Fair, rows: Sequence[Row[Any]], session: Session, declined: Mapping[str, str]
) -> list[Entry]:
    names, sums = people.names_at(tx, fair.id), _sums(tx, fair, rows)
    return [
        Entry(
            fact=row.fact,
            at=to_minute(row.at),
            day=row.day,
            hour=row.hour,
            desk=_desk_name(fair, row.desk),
            counter=counter_name(fair, row.desk, row.counter),
            n=row.n,
            reason=row.reason,
            by=names.get(row.person, row.person),
            second=names.get(row.second, row.second),
            state="made" if row.step == "made" else "declined" if row.fact in declined else "waiting",
            now=sums[row.day, row.desk, row.counter],
            declined_by=names.get(declined.get(row.fact, ""), declined.get(row.fact, "")),
            is_own=row.person == session.person.id,
        )
        for row in rows
    ]


def _sums(tx: Connection, fair: Fair, rows: Iterable[Row[Any]]) -> dict[tuple[str, str, str], Counted]:
    """(day, desk, counter) → what stands there."""
    places = {(row.day, row.desk, row.counter) for row in rows}
    asked = [
        (f"{how}tally.{counter}", day, desk) for day, desk, counter in places for how in ("", "corrected.", "paper.")
    ]
    key = (totals.c.metric, totals.c.day, totals.c.desk)
    query = select(*key, func.sum(totals.c.n)).where(totals.c.fair == fair.id, tuple_(*key).in_(asked)).group_by(*key)
    found = {(metric, day, desk): int(n) for metric, day, desk, n in tx.execute(query)} if asked else {}

    def of(how: str, place: tuple[str, str, str]) -> int:
        day, desk, counter = place
        return found.get((f"{how}tally.{counter}", day, desk), 0)

    return {
        place: Counted(of("", place) - of("corrected.", place), of("corrected.", place), of("paper.", place))
        for place in places
    }


def _desk_name(fair: Fair, desk_id: str) -> Text:
    known = any(desk.id == desk_id for desk in fair.desks)
    return fair.place(desk_id) if known else Text(desk_id, desk_id)


def counter_name(fair: Fair, desk_id: str, counter: str) -> Text:
    """A counter that is not of the fair any more goes by its id."""
    desk = next((desk for desk in fair.desks if desk.id == desk_id), fair.desks[0])
    return next((one.name for one in counters_at(fair, desk) if one.id == counter), Text(counter, counter))
