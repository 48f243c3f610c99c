"""Pages: figures that people say, because no tablet sees them; what is missing first, and every saying with its source.

A figure is said of a place: a window, a day, a unit. Said again it is replaced, never added; all that was said stays.
"""

import itertools
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import FACT_CONFLICT, FIGURE_UNTYPED, PAGE_NOT_FOUND, Problem
from kiosk.facts.figures import DESK, SOURCE_LIMIT, FigureTyped
from kiosk.facts.kinds import Body
from kiosk.hub import attachments, journal, people, totals, units
from kiosk.hub.attachments import Attached
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.tables import records, statement_steps, typed_figures
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair
from kiosk.reports import quantities
from kiosk.reports.catalogue import GROUPS, Definition, columns, find
from kiosk.reports.missing import is_known, missing
from kiosk.values import is_id

views = Blueprint("typed", __name__)
#: Views that take a file, and how large the form may be.
UPLOADS = {"typed.say": attachments.UPLOAD_LIMIT}
#: What is so much, or so many times the largest that is known, is asked about once more.
MUCH, TIMES = 10**8, 10
_DAYS_SHOWN = 62


class Place(msgspec.Struct, frozen=True):
    """Of what a figure is said."""

    window: str
    day: str  # of a period or year the fair's first
    unit: str  # "": the organiser itself


class Saying(msgspec.Struct, frozen=True):
    """What somebody said once."""

    fact: str
    figure: str
    place: Place
    n: int | None
    source: str
    by: str
    at: str
    blob: str
    before: int | None = None


class Entry(msgspec.Struct, frozen=True):
    """A form as it stands: what is in it, what it saw, what is wrong with it."""

    fact_id: str
    words: Mapping[str, str]
    before: str = ""  # the newest saying the form knows of; "" where there was none
    faults: Mapping[str, str] = {}
    confirm: str = ""  # the number that is asked about once more
    other: Saying | None = None  # what somebody else has said meanwhile


class HomePage(msgspec.Struct, frozen=True):
    fair: Fair
    missing: list[Definition]
    said: list[tuple[Definition, list[Saying]]]  # with what holds now
    listed: list[Definition]  # made of lists that have something on them
    fact_ids: dict[str, str]  # of the form of each missing figure
    newest: dict[str, str]  # figure → its newest saying, if it was ever said: what its form knows of
    just: Saying | None  # what was said a moment ago
    just_of: Definition | None
    wanted: int  # how many people may say

    @property
    def groups(self) -> list[tuple[str, list[Definition]]]:
        """(group, its missing figures)."""
        found = [(one.label.in_(web.language()), [d for d in self.missing if d.group == one.id]) for one in GROUPS]
        return [one for one in found if one[1]]


class FigurePage(msgspec.Struct, frozen=True):
    fair: Fair
    figure: Definition
    windows: list[str]
    days: list[str]
    now: list[Saying]  # what holds, place by place
    history: list[Saying]  # all that was said, newest first
    measured: int | None  # what was counted without anybody saying it
    entry: Entry
    back_ids: dict[str, str]  # saying → id of the fact that would take it back
    may_open: bool  # attachments
    limit: int = SOURCE_LIMIT


# --- the page of everything -------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/typed")
def home(fair_id: str) -> Response:
    """What is missing first, each with a small form; then what was said."""
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _home(tx, fair, request.args.get("said", ""))
    return web.page("hub/typed/home.html", page=page, fair=fair, **shown(fair))


def _home(tx: Connection, fair: Fair, just: str) -> HomePage:
    wanted, sums = columns(fair), totals.sums(tx, fair.id)
    may = [one for one in wanted if one.typed]
    owed = missing(wanted, sums, units.whole(tx, fair, wanted))
    sayings = _sayings(tx, fair)
    held = _now(sayings)
    by_figure: dict[str, list[Saying]] = {}
    for saying in held.values():
        by_figure.setdefault(saying.figure, []).append(saying)
    known = {one.key: one for one in may}
    last = next((one for one in sayings if one.fact == just), None)
    return HomePage(
        fair=fair,
        missing=owed,
        said=[(one, by_figure[one.key]) for one in may if one.key in by_figure],
        listed=[one for one in may if one.list and sums.get(f"list.{one.list}", 0) > 0],
        fact_ids={one.key: secrets.token_hex(16) for one in owed},
        newest={one.figure: one.fact for one in reversed(sayings)},
        just=last,
        just_of=known.get(last.figure) if last else None,
        wanted=len(may),
    )


def countdown(fair: Fair) -> str:
    """How long there is until the figures are due, in words for the head of a page; "" without a deadline."""
    return left_until(fair.deadline, hub().clock.now(), web.language())


def left_until(deadline: str, now: datetime, lang: str) -> str:
    """Such as "还有 5 小时 12 分" or "已过 2 天 3 小时"; "" where there is no deadline, or one in no calendar."""
    try:
        moment = datetime.fromisoformat(deadline)
    except ValueError:
        return ""
    rest = moment - now
    minutes = int(abs(rest).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    zh = f"{days} 天 {hours} 小时" if days else f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分"
    en = f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min"
    if rest < timedelta():
        return f"{en} late" if lang == "en" else f"已过 {zh}"
    return f"{en} left" if lang == "en" else f"还有 {zh}"


def shown(fair: Fair) -> dict[str, Any]:
    """What every page of this room shows beside its own."""
    return {"countdown": countdown(fair), "written": quantities.written}


# --- one figure --------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/typed/figures/<figure>")
def form(fair_id: str, figure: str) -> Response:
    """One figure: what it means, what was said of it, and the form. `?window=&day=&unit=`: that place again."""
    session = signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        found = definition(fair, figure)
        sayings = _sayings(tx, fair, found.key)
        now = _now(sayings)
        place = _place_of(fair, found, request.args)
        newest = sayings[0].fact if sayings else ""
        page = _page(tx, fair, found, session, _entry(found, place, now.get((found.key, place)), newest))
    return web.page("hub/typed/figure.html", page=page, fair=fair, **shown(fair))


def definition(fair: Fair, key: str) -> Definition:
    """A figure that people may say. Raises `figure.untyped`."""
    found = find(fair, key)
    if found is None or not found.typed:
        raise Problem(FIGURE_UNTYPED)
    return found


def windows_of(found: Definition) -> list[str]:
    """In which it may be said; what is best said of the whole comes first."""
    return [one for one in ("period", "day", "year") if one in found.windows]


def days_of(fair: Fair) -> list[str]:
    first, last = date.fromisoformat(fair.starts), date.fromisoformat(fair.ends)
    count = min((last - first).days + 1, 400)
    return [(first + timedelta(days=n)).isoformat() for n in range(count)]


def _place_of(fair: Fair, found: Definition, told: Mapping[str, str]) -> Place:
    """Of an address: what is not of this fair is as if nobody had said it."""
    windows, days, known = windows_of(found), days_of(fair), {one.id for one in fair.units}
    window = told.get("window", "") if told.get("window", "") in windows else windows[0]
    day = told.get("day", "") if window == "day" and told.get("day", "") in days else days[0]
    return Place(window, day, told.get("unit", "") if told.get("unit", "") in known else "")


def _entry(found: Definition, place: Place, held: Saying | None, newest: str) -> Entry:
    said = held.n if held else None
    words = {
        "value": "" if said is None else quantities.plain(said, found.unit),
        "window": place.window,
        "day": place.day,
        "unit": place.unit,
        "source": held.source if held and said is not None else "",
    }
    return Entry(secrets.token_hex(16), words, newest)


def _page(tx: Connection, fair: Fair, found: Definition, session: Session, entry: Entry) -> FigurePage:
    sayings = _sayings(tx, fair, found.key)
    now = list(_now(sayings).values())
    return FigurePage(
        fair=fair,
        figure=found,
        windows=windows_of(found),
        days=days_of(fair)[:_DAYS_SHOWN],
        now=now,
        history=sayings,
        measured=_measured(found, totals.sums(tx, fair.id)),
        entry=entry,
        back_ids={one.fact: secrets.token_hex(16) for one in now},
        may_open=session.key is not None,
    )


def _measured(found: Definition, sums: Mapping[str, int]) -> int | None:
    plain = [metric for metric in found.metrics if metric and not metric.endswith(".")]
    n = sum(sums.get(metric, 0) for metric in plain)
    return n if plain and is_known(found, sums) and (n or found.typed != "only") else None


def _sayings(tx: Connection, fair: Fair, figure: str = "") -> list[Saying]:
    """All that was said of one figure, or of all, newest first; each knows what it replaced."""
    query = select(typed_figures).where(typed_figures.c.fair == fair.id)
    if figure:
        query = query.where(typed_figures.c.figure == figure)
    names = people.names(tx)
    found: list[Saying] = []
    before: dict[tuple[str, Place], int | None] = {}
    for row in tx.execute(query.order_by(typed_figures.c.at, typed_figures.c.seq)):
        place = Place(row.window, row.day, row.unit)
        found.append(
            Saying(
                row.fact, row.figure, place, row.n, row.source, names.get(row.person, row.person), to_minute(row.at),
                row.blob, before.get((row.figure, place)),
            )
        )  # fmt: skip
        before[row.figure, place] = row.n
    return found[::-1]


def _now(sayings: Iterable[Saying]) -> dict[tuple[str, Place], Saying]:
    """What holds of each place, of sayings from the newest on; what was taken back is not said."""
    held: dict[tuple[str, Place], Saying] = {}
    for one in sayings:
        held.setdefault((one.figure, one.place), one)
    return {key: one for key, one in held.items() if one.n is not None}


# --- saying it ---------------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/typed/figures/<figure>")
def say(fair_id: str, figure: str) -> Response:
    """Say what a figure is, or say it again. Sent twice it is one saying."""
    signed_in("organiser")
    told = web.read_form(
        "id", "value", "source", optional=("window", "day", "unit", "before", "confirm", "back"),
        files=(attachments.FIELD,),
    )  # fmt: skip
    fact_id, attached = web.read_id(told, "id"), attachments.read()
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        journal.lock(tx, fair.id)
        found = definition(fair, figure)
        place, faults = _place(fair, found, told)
        quantity = quantities.read(told["value"], found.unit)
        source = " ".join(clean(told["source"]).split())
        if quantity.fault:
            faults["value"] = quantity.fault
        if fault := web.text_fault(source, SOURCE_LIMIT):
            faults["source"] = fault
        entry = Entry(fact_id, told, told["before"] if is_id(told["before"]) else "", faults)
        if not faults:
            body = _body(found.key, place, quantity.n, None, source)
            if kept := _kept(tx, fair, fact_id, body):
                return _said(fair, found, kept, told["back"])
            entry = _doubts(tx, fair, found, place, quantity.n, entry)
        if entry.faults:
            page = _page(tx, fair, found, session, entry)
            status = 409 if entry.other else 422
            return web.page("hub/typed/figure.html", status, page=page, fair=fair, **shown(fair))
        _append(tx, fair, session, fact_id, found, place, quantity.n, source, attached)
    return _said(fair, found, fact_id, told["back"])


def _said(fair: Fair, found: Definition, fact_id: str, back: str) -> Response:
    if back == "home":
        return web.see_other("typed.home", fair_id=fair.id, said=fact_id)
    return web.see_other("typed.form", fair_id=fair.id, figure=found.key, said=fact_id)


def _place(fair: Fair, found: Definition, told: Mapping[str, str]) -> tuple[Place, dict[str, str]]:
    """Where it belongs, and what is wrong with that. Raises `field.invalid` for what no form of ours says."""
    faults: dict[str, str] = {}
    windows = windows_of(found)
    window = web.read_choice(told, "window", windows) if told["window"] else windows[0]
    unit = web.read_choice(told, "unit", ["", *(one.id for one in fair.units)])
    day = fair.starts
    if window == "day":
        day = told["day"][:10]
        if day not in days_of(fair):
            faults["day"] = "outside" if day else "missing"
            day = fair.starts
    return Place(window, day, unit), faults


def _body(key: str, place: Place, n: int | None, before: int | None, source: str, blob: str = "") -> FigureTyped:
    window: Any = place.window
    return FigureTyped(
        day=place.day, hour=0, figure=key, window=window, n=n, before=before, source=source, unit=place.unit,
        blob=blob,
    )  # fmt: skip


def _kept(tx: Connection, fair: Fair, fact_id: str, body: FigureTyped) -> str:
    """The id itself where this very saying is here already. Raises `fact.conflict` where something else has it."""
    own = journal.own_journal(tx, fair.id)
    refuse_other(tx, own, fact_id, typed_figures.name)
    of_it = (typed_figures.c.journal == own) & (typed_figures.c.fact == fact_id)
    row = tx.execute(select(typed_figures).where(of_it)).one_or_none()
    if row is None:
        return ""
    said = (row.figure, row.window, row.day, row.unit, row.n, row.source)
    if said != (body.figure, body.window, body.day, body.unit, body.n, body.source):
        raise Problem(FACT_CONFLICT)
    return fact_id


def refuse_other(tx: Connection, own: str, fact_id: str, name: str = "") -> None:
    """Raises `fact.conflict` where a fact of this room has the id, in another table than `name`."""
    for table in (typed_figures, records, statement_steps):
        of_it = (table.c.journal == own) & (table.c.fact == fact_id)
        if table.name != name and tx.execute(select(table.c.seq).where(of_it)).first():
            raise Problem(FACT_CONFLICT)


def _doubts(tx: Connection, fair: Fair, found: Definition, place: Place, n: int, entry: Entry) -> Entry:
    """Whether somebody said something else meanwhile, and whether so much is meant."""
    sayings = _sayings(tx, fair, found.key)
    since = list(itertools.takewhile(lambda one: one.fact != entry.before, sayings))
    other = next((one for one in since if one.place == place), None)
    if other is not None:
        return msgspec.structs.replace(entry, before=sayings[0].fact, faults={"value": "changed"}, other=other)
    if is_much(n, found, _known(found, sayings, totals.sums(tx, fair.id), place)) and entry.words["confirm"] != str(n):
        return msgspec.structs.replace(entry, faults={"value": "far"}, confirm=str(n))
    return entry


def _known(found: Definition, sayings: Iterable[Saying], sums: Mapping[str, int], place: Place) -> int:
    """The largest that is known of a figure: counted, or said of another place."""
    others = [one.n or 0 for one in _now(sayings).values() if one.place != place]
    return max([_measured(found, sums) or 0, *others])


def is_much(n: int, found: Definition, known: int) -> bool:
    """Whether a number is far above what it may well be."""
    return n > MUCH * quantities.whole_of(found.unit) or (known > 0 and n > TIMES * known)


def _append(
    tx: Connection, fair: Fair, session: Session, fact_id: str, found: Definition, place: Place, n: int | None,
    source: str, attached: Attached | None = None,
) -> None:  # fmt: skip
    """Append a saying, unless it says what is said already, word for word."""
    held = _now(_sayings(tx, fair, found.key)).get((found.key, place))
    before = held.n if held else None
    if held and (n, source) == (before, held.source) and attached is None:
        return
    blob = attachments.keep(tx, hub(), fair.id, fact_id, attached)
    append(tx, fair, _body(found.key, place, n, before, source, blob), session, fact_id)


def append(tx: Connection, fair: Fair, body: Body, session: Session, fact_id: str) -> None:
    """Append what somebody did to the hub's journal of a fair."""
    here = hub()
    journal.append(
        tx, fair.id, body, desk=DESK, by=session.person.id, now=here.clock.now(), mono=here.clock.monotonic(),
        fact_id=fact_id,
    )  # fmt: skip


@views.post("/fairs/<fair_id>/typed/figures/<figure>/back")
def take_back(fair_id: str, figure: str) -> Response:
    """It is not said any more, with a reason. What was said stays in the history."""
    signed_in("organiser")
    told = web.read_form("id", "window", "day", "unit", "before", "reason")
    fact_id = web.read_id(told, "id")
    reason = " ".join(clean(told["reason"]).split())
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        journal.lock(tx, fair.id)
        found = definition(fair, figure)
        place, faults = _place(fair, found, told)
        if faults:
            raise Problem(PAGE_NOT_FOUND)
        if _kept(tx, fair, fact_id, _body(found.key, place, None, None, reason)):
            return _said(fair, found, fact_id, "")
        held = _now(_sayings(tx, fair, found.key)).get((found.key, place))
        fault: str = web.text_fault(reason, SOURCE_LIMIT)
        if held is not None and str(held.n) != told["before"]:
            fault = "changed"
        if held is not None and fault:
            entry = _entry(found, place, held, held.fact)
            other = held if fault == "changed" else None
            entry = msgspec.structs.replace(entry, faults={"reason": fault}, other=other)
            page = _page(tx, fair, found, session, entry)
            return web.page("hub/typed/figure.html", 409 if other else 422, page=page, fair=fair, **shown(fair))
        if held is not None:
            _append(tx, fair, session, fact_id, found, place, None, reason)
    return _said(fair, found, fact_id, "")


@views.get("/fairs/<fair_id>/typed/attachments/<fact>")
def attachment(fair_id: str, fact: str) -> Response:
    """What went with a saying or a record, for who holds the key."""
    session = signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        for table in (typed_figures, records):
            of_it = (table.c.fair == fair.id) & (table.c.fact == fact) & (table.c.blob != "")
            blob = tx.execute(select(table.c.blob).where(of_it)).scalar()
            if blob:
                return attachments.show(tx, session, fair.id, fact, blob)
    raise Problem(PAGE_NOT_FOUND)
