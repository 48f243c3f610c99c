"""Facts that were taken in and do not count: every one of them, why, and what a person can do about it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import ColumnElement, Connection, Row, exists, func, select
from sqlalchemy.sql.selectable import Join

from kiosk import web
from kiosk.clock import BEIJING, to_minute
from kiosk.errors import (
    DEVICE_EXPIRED,
    DEVICE_REVOKED,
    FACT_DISMISSED,
    FACT_MALFORMED,
    FACT_NOT_ALLOWED,
    FACT_UNKNOWN_KIND,
    FIELD_INVALID,
    JSON_MALFORMED,
    PAGE_NOT_FOUND,
    QUARANTINE_CHANGED,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.envelope import LINE_LIMIT
from kiosk.hub import branches, decisions, judging
from kiosk.hub.context import acting, hub, reading, signed_in, writing
from kiosk.hub.decisions import Named
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import names
from kiosk.hub.reading import RELEASABLE
from kiosk.hub.tables import choices, devices, facts, journals, people
from kiosk.hub.tables import decisions as verdicts
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.values import is_id

views = Blueprint("quarantine", __name__)
#: Why a fact does not count: first those a person may overrule, last those nobody can read.
REASONS = tuple(
    kind.code
    for kind in (DEVICE_REVOKED, DEVICE_EXPIRED, FACT_NOT_ALLOWED, FACT_UNKNOWN_KIND, FACT_MALFORMED, JSON_MALFORMED)
)
LISTS = (*REASONS, "released", "dismissed")
_NEWER_MAY_READ = (FACT_UNKNOWN_KIND.code, FACT_MALFORMED.code, JSON_MALFORMED.code)
_PAGE = 20  # facts a page
_GROUPS = 50  # groups a page
_SHOWN = 4_096  # bytes of a line that a page shows
_ROWS = 500  # rows read at a time
Act = Callable[..., None]


class Group(msgspec.Struct, frozen=True):
    """Facts of one tablet that do not count for the same reason, or that were decided about alike."""

    journal: str
    desk: Desk
    venue: Venue
    device: str
    why: str  # one of LISTS
    n: int
    since: str  # when the first of them was received
    until: str


class ForkRow(msgspec.Struct, frozen=True):
    """A journal that parts into branches, or did until a person chose."""

    journal: str
    desk: Desk
    venue: Venue
    device: str
    seq: int
    state: str  # "open", "none" or "chosen"
    person: str = ""
    at: str = ""
    reason: str = ""


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    forks: list[ForkRow]  # where somebody has to choose
    groups: list[Group]  # what nobody has decided about
    waiting: int  # facts in all groups, those on other pages too
    unread: int  # of these, what a newer release may read
    done: list[Group]
    chosen: list[ForkRow]
    page: int
    pages: int
    judged: int | None  # facts that count since they were judged again just now


class Shown(msgspec.Struct, frozen=True):
    """The bytes of a line, for eyes only."""

    text: str
    is_hex: bool
    size: int
    cut: int  # bytes that are not shown


class FactRow(msgspec.Struct, frozen=True):
    """One fact that does not count, or did not."""

    seq: int
    head: str  # its chain hash, hex
    kind: str | None
    problem: str | None
    received: str
    at: str | None  # by the tablet's clock
    line: Shown
    verdict: str | None  # "released" or "dismissed"
    person: str
    decided: str
    reason: str
    can_release: bool


class Scope(msgspec.Struct, frozen=True):
    """Facts a form speaks of: so many between two places, the last of which is that very one."""

    n: int
    first: int
    last: int
    head: str


class FactsPage(msgspec.Struct, frozen=True):
    fair: Fair
    journal: str
    desk: Desk
    venue: Venue
    device: str
    why: str
    rows: list[FactRow]
    every: Scope | None  # all of them
    releasable: Scope | None  # those a person may let count
    next: int | None  # the page after this one begins behind this place
    is_first: bool
    problem: str | None
    reason: str  # as typed


# --- the list -------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/quarantine")
def listing(fair_id: str) -> Response:
    signed_in("organiser")
    judged = request.args.get("judged", "")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _list_page(tx, fair, int(judged) if is_number(judged) else None)
    return web.page("hub/quarantine/list.html", page=page, fair=fair)


@views.post("/fairs/<fair_id>/quarantine/judge")
def judge_again(fair_id: str) -> Response:
    """After an upgrade: what this release can read counts from now on."""
    web.read_form()
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        query = select(facts.c.journal).join(devices, devices.c.journal == facts.c.journal).distinct()
        query = query.where(devices.c.fair == fair.id, facts.c.problem.in_(_NEWER_MAY_READ))
        names = tx.execute(query.order_by(facts.c.journal)).scalars().all()
    judged = 0
    for journal in names:  # each in its own transaction: intake goes on beside it
        with writing() as tx:
            judged += judging.judge_unusable(tx, journal)
    return web.see_other("quarantine.listing", fair_id=fair.id, judged=judged)


def _list_page(tx: Connection, fair: Fair, judged: int | None) -> ListPage:
    groups = sorted(_groups(tx, fair), key=lambda group: (LISTS.index(group.why), group.desk.id, group.device))
    waiting = [group for group in groups if group.why in REASONS]
    rows = fork_rows(tx, fair)
    pages = web.pages_of(len(waiting), _GROUPS)
    page = web.read_page(pages)
    return ListPage(
        fair=fair,
        forks=[row for row in rows if row.state == "open"],
        groups=waiting[(page - 1) * _GROUPS : page * _GROUPS],
        waiting=sum(group.n for group in waiting),
        unread=sum(group.n for group in waiting if group.why in _NEWER_MAY_READ),
        done=[group for group in groups if group.why not in REASONS],
        chosen=[row for row in rows if row.state != "open"],
        page=page,
        pages=pages,
        judged=judged,
    )


def _groups(tx: Connection, fair: Fair) -> Iterator[Group]:
    n, since, until = func.count().label("n"), func.min(facts.c.received_at), func.max(facts.c.received_at)
    key = (facts.c.journal, facts.c.problem, verdicts.c.verdict)
    query = select(*key, n, since.label("since"), until.label("until")).select_from(
        facts.join(verdicts, _SAME, isouter=True)
    )
    # Whose each is, is asked of the few there are: asked for a fair's tablets, SQLite would read all facts of each.
    of_fair = exists().where(devices.c.journal == facts.c.journal, devices.c.fair == fair.id)
    told = select(devices.c.journal, devices.c.desk, devices.c.device).where(devices.c.fair == fair.id)
    tablets = {row.journal: row for row in tx.execute(told).all()}
    # Two questions rather than one with OR: each is answered from an index.
    for which in (facts.c.problem.is_not(None), facts.c.problem.is_(None) & (verdicts.c.verdict == "released")):
        rows = tx.execute(query.where(which, of_fair).group_by(*key)).all()
        yield from _merged(fair, rows, tablets)


def _merged(fair: Fair, rows: Sequence[Row[Any]], tablets: Mapping[str, Any]) -> Iterator[Group]:
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        why = "released" if row.problem is None else "dismissed" if row.verdict == "dismissed" else row.problem
        found.setdefault((row.journal, why), []).append(row)
    for (journal, why), same in found.items():
        tablet = tablets[journal]
        desk = fair.desk(tablet.desk)
        yield Group(
            journal=journal,
            desk=desk,
            venue=fair.venue(desk.venue),
            device=tablet.device[:8],
            why=why,
            n=sum(row.n for row in same),
            since=moment(min(row.since for row in same)),
            until=moment(max(row.until for row in same)),
        )


#: What was decided about that very fact.
_SAME = (verdicts.c.journal == facts.c.journal) & (verdicts.c.seq == facts.c.seq) & (verdicts.c.hash == facts.c.hash)


def _with_verdicts() -> Join:
    """Facts of tablets, each with what was decided about it."""
    return facts.join(devices, devices.c.journal == facts.c.journal).join(verdicts, _SAME, isouter=True)


def fork_rows(tx: Connection, fair: Fair) -> list[ForkRow]:
    """Every journal of a fair that parts somewhere: where it still has to be chosen, and what was chosen."""
    told = names(tx)
    query = select(devices, journals.c.forked_at).join(journals, journals.c.journal == devices.c.journal)
    tablets = {row.journal: row for row in tx.execute(query.where(devices.c.fair == fair.id)).all()}
    of_fair = select(devices.c.journal).where(devices.c.fair == fair.id)
    last: dict[tuple[str, int], Any] = {}
    for row in tx.execute(select(choices).where(choices.c.journal.in_(of_fair)).order_by(choices.c.number)):
        last[row.journal, row.seq] = row
    waiting = {
        (journal, tablet.forked_at)
        for journal, tablet in tablets.items()
        if tablet.forked_at is not None
        and (tablet.cutoff is None or tablet.forked_at <= tablet.cutoff)  # else none of it can count any more
        and branches.is_undecided(tx, journal, tablet.forked_at)
    }
    found = [_fork_row(fair, tablets[journal], seq, "open") for journal, seq in sorted(waiting)]
    for (journal, seq), row in sorted(last.items()):
        if (journal, seq) not in waiting:
            state = "none" if row.kept is None else "chosen"
            who = told.get(row.person, row.person)
            found.append(_fork_row(fair, tablets[journal], seq, state, who, _long(row.at), row.reason))
    return found


def _fork_row(fair: Fair, tablet: Row[Any], seq: int, state: str, *told: str) -> ForkRow:
    desk = fair.desk(tablet.desk)
    return ForkRow(tablet.journal, desk, fair.venue(desk.venue), tablet.device[:8], seq, state, *told)


# --- the facts of one group -------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/quarantine/facts/<journal>/<why>")
def listed(fair_id: str, journal: str, why: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        return _facts_page(tx, find_fair(tx, fair_id), journal, why)


@views.post("/fairs/<fair_id>/quarantine/facts/<journal>/<why>/release")
def release(fair_id: str, journal: str, why: str) -> Response:
    return _decide(fair_id, journal, why, decisions.release)


@views.post("/fairs/<fair_id>/quarantine/facts/<journal>/<why>/dismiss")
def dismiss(fair_id: str, journal: str, why: str) -> Response:
    return _decide(fair_id, journal, why, decisions.dismiss)


def _decide(fair_id: str, journal: str, why: str, act: Act) -> Response:
    form = web.read_form("reason", "first", "last", "n", "head")
    try:
        with acting("organiser") as (tx, session):
            fair = find_fair(tx, fair_id)
            device = tablet_of(tx, fair, journal)
            named = _named(tx, device, why, form, only_releasable=act is decisions.release)
            act(tx, hub(), device, named, form["reason"], session.person.id)
    except Problem as problem:
        if not problem.code.startswith(("quarantine.", "field.invalid")):
            raise
        with reading() as tx:
            return _facts_page(tx, find_fair(tx, fair_id), journal, why, problem, form["reason"])
    return web.see_other("quarantine.listed", fair_id=fair.id, journal=journal, why=why)


def _named(
    tx: Connection, device: Row[Any], why: str, form: dict[str, str], *, only_releasable: bool
) -> Sequence[Named]:
    """The facts a form speaks of, as they were when it was shown. Raises `quarantine.changed`."""
    first, last, n = (_number(form, name) for name in ("first", "last", "n"))
    query = select(facts.c.seq, facts.c.hash).select_from(_with_verdicts()).where(*_which(device.journal, why))
    query = query.where(facts.c.seq.between(first, last)).order_by(facts.c.seq)
    rows = tx.execute(query.where(*_may_release()) if only_releasable else query).all()
    if len(rows) != n or not rows or bytes(rows[-1].hash).hex() != form["head"]:
        raise Problem(QUARANTINE_CHANGED)
    return [Named(row.seq, bytes(row.hash)) for row in rows]


def _facts_page(
    tx: Connection, fair: Fair, journal: str, why: str, problem: Problem | None = None, reason: str = ""
) -> Response:
    device = tablet_of(tx, fair, journal)
    desk = fair.desk(device.desk)
    asked = request.args.get("after", "")
    after = int(asked) if is_number(asked) else 0
    rows = _rows(tx, device, why, after)
    page = FactsPage(
        fair=fair,
        journal=journal,
        desk=desk,
        venue=fair.venue(desk.venue),
        device=device.device[:8],
        why=why,
        rows=rows[:_PAGE],
        every=_scope(tx, device, why),
        releasable=_scope(tx, device, why, *_may_release()),
        next=rows[_PAGE - 1].seq if len(rows) > _PAGE else None,
        is_first=after == 0,
        problem=problem.sentence(web.language()) if problem else None,
        reason=reason,
    )
    return web.page("hub/quarantine/facts.html", problem.status if problem else 200, page=page, fair=fair)


def tablet_of(tx: Connection, fair: Fair, journal: str) -> Row[Any]:
    """The tablet whose journal an address names. Raises `page.not_found`."""
    query = select(devices).where(devices.c.journal == journal, devices.c.fair == fair.id)
    device = tx.execute(query).one_or_none() if is_id(journal) else None
    if device is None:
        raise Problem(PAGE_NOT_FOUND)
    return device


def _which(journal: str, why: str) -> tuple[ColumnElement[bool], ...]:
    """The facts of a group. Raises `page.not_found` where there is no such group."""
    of_journal = facts.c.journal == journal
    if why == "released":
        return of_journal, facts.c.problem.is_(None), verdicts.c.verdict == "released"
    if why == "dismissed":
        return of_journal, facts.c.problem.is_not(None), verdicts.c.verdict == "dismissed"
    if why not in REASONS:
        raise Problem(PAGE_NOT_FOUND)
    return of_journal, facts.c.problem == why, func.coalesce(verdicts.c.verdict, "") != "dismissed"


def _may_release() -> tuple[ColumnElement[bool], ...]:
    return facts.c.problem.in_([*RELEASABLE, FACT_DISMISSED.code]), facts.c.kind.in_(BOOTH_KINDS)


def _scope(tx: Connection, device: Row[Any], why: str, *only: ColumnElement[bool]) -> Scope | None:
    n, first, last = func.count(), func.min(facts.c.seq), func.max(facts.c.seq)
    query = select(n, first, last).select_from(_with_verdicts()).where(*_which(device.journal, why), *only)
    count, begins, ends = tx.execute(query).one()
    if not count:
        return None
    head = select(facts.c.hash).where(facts.c.journal == device.journal, facts.c.seq == ends)
    return Scope(int(count), int(begins), int(ends), bytes(tx.execute(head).scalar_one()).hex())


def _rows(tx: Connection, device: Row[Any], why: str, after: int) -> list[FactRow]:
    """One more than fits on a page, to see whether there is another one."""
    told = (verdicts.c.verdict, verdicts.c.person, verdicts.c.at.label("decided"), verdicts.c.reason, people.c.name)
    query = (
        select(facts, *told)
        .select_from(_with_verdicts().join(people, people.c.id == verdicts.c.person, isouter=True))
        .where(*_which(device.journal, why), facts.c.seq > after)
        .order_by(facts.c.seq)
        .limit(_PAGE + 1)
    )
    return [_row(row) for row in tx.execute(query)]


def _row(row: Row[Any]) -> FactRow:
    line = bytes(row.line)
    return FactRow(
        seq=row.seq,
        head=bytes(row.hash).hex(),
        kind=row.kind,
        problem=row.problem,
        received=moment(row.received_at),
        at=_told_at(line),
        line=shown(line),
        verdict=row.verdict,
        person=row.name or row.person or "",
        decided=_long(row.decided) if row.decided else "",
        reason=row.reason or "",
        can_release=row.problem in (*RELEASABLE, FACT_DISMISSED.code) and row.kind in BOOTH_KINDS,
    )


def _told_at(line: bytes) -> str | None:
    try:
        return _long(envelope.decode(line).at)
    except Problem:
        return None


def shown(line: bytes, limit: int = _SHOWN) -> Shown:
    """A line as a person can look at it: text with every odd character spelt out, or bytes in hex."""
    some = line[:limit]
    try:
        text = line.decode()
    except UnicodeDecodeError:
        rows = [some[at : at + 16].hex(" ") for at in range(0, len(some), 16)]
        return Shown("\n".join(rows), True, len(line), len(line) - len(some))
    some_text = some.decode(errors="ignore")
    plain = "".join(letter if letter.isprintable() else f"\\u{{{ord(letter):04x}}}" for letter in some_text)
    return Shown(plain, False, len(line), len(text.encode()) - len(some_text.encode()))


def _number(form: dict[str, str], name: str) -> int:
    if not is_number(form[name]):
        raise Problem(FIELD_INVALID, field=name)
    return int(form[name])


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, BEIJING).strftime("%m-%d %H:%M")


def _long(at: str) -> str:
    """A fact's moment, which is Beijing time: `03-15 09:31`."""
    return to_minute(at)[5:]


# --- for the command line -------------------------------------------------------------------------


def every(tx: Connection, *, with_lines: bool = False) -> Iterator[dict[str, Any]]:
    """All facts of all fairs that do not count, some hundred in memory at a time."""
    columns = [facts.c.journal, facts.c.seq, facts.c.kind, facts.c.problem, facts.c.received_at, devices.c.device,
               devices.c.fair, devices.c.desk, verdicts.c.verdict]  # fmt: skip
    query = select(*columns, *([facts.c.line] if with_lines else [])).select_from(_with_verdicts())
    query = query.where(facts.c.problem.is_not(None)).order_by(facts.c.journal, facts.c.seq).limit(_ROWS)
    journal, seq = "", 0
    while True:
        behind = (facts.c.journal > journal) | ((facts.c.journal == journal) & (facts.c.seq > seq))
        rows = tx.execute(query.where(behind)).all()
        for row in rows:
            yield _as_json(row, bytes(row.line) if with_lines else None)
        if not rows:
            return
        journal, seq = rows[-1].journal, rows[-1].seq


def _as_json(row: Row[Any], line: bytes | None) -> dict[str, Any]:
    told = {
        "journal": row.journal,
        "seq": row.seq,
        "kind": row.kind,
        "problem": row.problem,
        "fair": row.fair,
        "desk": row.desk,
        "device": row.device,
        "received_at": datetime.fromtimestamp(row.received_at, BEIJING).isoformat(timespec="seconds"),
        "dismissed": row.verdict == "dismissed",
    }
    return told if line is None else {**told, "raw": line.hex()}


def as_text(one: dict[str, Any]) -> str:
    """One fact on one line, for a terminal that must not be told anything by what stands in it."""
    columns = [one["journal"], str(one["seq"]), one["kind"] or "?", one["problem"]]
    if one["dismissed"]:
        columns[3] += " (dismissed)"
    if "raw" in one:
        columns.append(shown(bytes.fromhex(one["raw"]), limit=LINE_LIMIT).text.replace("\n", " "))
    return "\t".join(columns)
