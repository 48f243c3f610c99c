"""Statements: every figure of a fair as it is now, and the versions of it that were frozen and sent up.

A frozen version stands here whole, and its digest in the hub's own journal: what is exported of it tomorrow says what
it said today. What comes later makes the next version, which tells what it changes and why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

import msgspec
from sqlalchemy import Connection, func, select

from kiosk import strictjson
from kiosk.clock import stamp
from kiosk.errors import FACT_CONFLICT, STATEMENT_DAMAGED, STATEMENT_SAME, STATEMENT_UNKNOWN, STATEMENT_WHY, Problem
from kiosk.facts.figures import DESK, NOTE_LIMIT, StatementFrozen, StatementSent
from kiosk.hub import completeness, doubts, fairs, journal, people, totals, units, words
from kiosk.hub.completeness import BoothRow
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import journals, records, statement_steps, statements
from kiosk.hub.typed import refuse_other
from kiosk.packs.fairs import Fair
from kiosk.reports import catalogue, checks, statement
from kiosk.reports.catalogue import Definition
from kiosk.reports.figures import Figure, figures
from kiosk.reports.missing import missing
from kiosk.reports.statement import Cell, Column, Day, Place, Record, Statement

#: Figures that have a curve over the hours of a day, and the metric of each.
CURVES = {"headcount": "tally.headcount", "consultations": "tally.consultation", "quiz_finished": "quiz.finished"}

MOST_VERSIONS = 10_000  # as `facts.figures` has it


class Version(msgspec.Struct, frozen=True):
    """A frozen version, as a list of them shows it."""

    number: int
    at: str  # moment
    by: str  # name
    why: str
    digest: str
    sent: Sequence[tuple[str, str, str]]  # moment, to whom, how


# --- as it is now ---------------------------------------------------------------------------------


def draft(
    tx: Connection, here: Hub, fair: Fair, *, whole: bool = True, rows: Sequence[BoothRow] | None = None
) -> Statement:
    """The figures of this moment, as version 0, with what they change against the newest frozen version.

    Not `whole`: without those of desks, which a page of a thousand of them shows nowhere. `rows`: of
    `completeness.booths`, where somebody has asked for them already.
    """
    wanted = catalogue.columns(fair)
    last, sums = newest(tx, fair.id, whole=False), totals.sums(tx, fair.id)
    period = _together(tx, fair, wanted, _cells(wanted, fairs.figures_of(tx, fair, over=units.metrics(tx, here, fair))))
    if rows is None:
        rows = completeness.booths(tx, fair, here.clock.now(), here.pack.version)
    made = Statement(
        fair=fair.id,
        title=fair.title,
        theme=fair.theme,
        unit=fair.organiser.name,
        contact=fair.organiser.contact,
        starts=fair.starts,
        ends=fair.ends,
        deadline=fair.deadline,
        venues=len(fair.venues),
        version=0,
        made_at=stamp(here.clock.now()),
        made_by="",
        why="",
        columns=[Column(one.key, one.label, one.unit, one.group, one.means, one.rule) for one in wanted],
        period=period,
        year=_together(tx, fair, wanted, _cells(wanted, fairs.figures_of(tx, fair, window="year")), "year"),
        days=list(_days(tx, fair, wanted)),
        places=list(_places(tx, here, fair, wanted, whole=whole)),
        records=list(_records(tx, fair)),
        findings=[],
        missing=[one.key for one in missing(wanted, sums, period)],
        changes=[],
        facts=_facts(tx, fair),
        unsent=sum(row.unsent for row in rows),
        words=words.of(tx, fair.id),
        photos=words.chosen(tx, fair.id),
    )
    last_year, peers = _of_last_year(tx, fair), _of_offices_alike(tx, fair)
    found = checks.findings(made, last_year, peers=peers, sums=sums, words=made.words)
    changed = statement.changes(last, made) if last else []
    return msgspec.structs.replace(made, findings=doubts.answered(tx, fair, found), changes=changed)


class Snapshot(msgspec.Struct, frozen=True):
    """A draft whose every figure is of one moment."""

    now: Statement
    after: int  # the newest version there was then


def snapshot(here: Hub, fair: Fair) -> Snapshot:
    """In a transaction of its own: in one that writes, PostgreSQL shows each question what was committed before it."""
    with here.store.reading() as tx:
        return Snapshot(draft(tx, here, fair), _last_number(tx, fair.id))


def _cells(wanted: Sequence[Definition], figures: Iterable[Figure]) -> list[Cell]:
    """In the office's order."""
    found = {one.key: Cell(one.key, one.value, one.parts, one.by, one.note) for one in figures}
    return [found.get(one.key) or Cell(one.key, None, {}, {}) for one in wanted]


def _together(
    tx: Connection, fair: Fair, wanted: Sequence[Definition], own: list[Cell], window: str = "period", day: str = ""
) -> list[Cell]:
    """Our own with what units below sent up, where there are any."""
    return units.combine(tx, fair, wanted, own, window, day) if fair.units else own


def _days(tx: Connection, fair: Fair, wanted: Sequence[Definition]) -> Iterator[Day]:
    """Every day of which anything is known here; of units below the days of the fair."""
    curves, days = _hours(tx, fair.id), set(totals.all_days(tx, fair.id))
    if fair.units:
        days |= set(_of_fair(fair)) & units.days(tx, fair)
    for day in sorted(days):
        own = _cells(wanted, fairs.figures_of(tx, fair, day, definitions=wanted))
        yield Day(day, _together(tx, fair, wanted, own, "day", day), curves.get(day, {}))


def _of_fair(fair: Fair) -> list[str]:
    first, last = date.fromisoformat(fair.starts), date.fromisoformat(fair.ends)
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def _hours(tx: Connection, fair: str) -> dict[str, dict[str, dict[str, int]]]:
    """Day → figure → hour → how many."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for key, metric in CURVES.items():
        for day, hour, n in totals.hours_of(tx, fair, metric):
            found.setdefault(day, {}).setdefault(key, {})[f"{hour:02d}"] = n
    return found


def _places(tx: Connection, here: Hub, fair: Fair, wanted: Sequence[Definition], *, whole: bool) -> Iterator[Place]:
    cells = _cells_by_venue(tx, here, fair, wanted)
    by_desk = fairs.figures_by_desk(tx, fair, wanted) if whole else {}
    for venue in fair.venues:
        yield Place("venue", venue.id, venue.name, "", cells[venue.id])
    for desk in fair.desks if whole else ():
        yield Place("desk", desk.id, desk.name, desk.venue, _cells(wanted, by_desk.get(desk.id, ())))
    if fair.units:
        yield from units.places(tx, fair, [one.key for one in wanted])


def _cells_by_venue(tx: Connection, here: Hub, fair: Fair, wanted: Sequence[Definition]) -> dict[str, Sequence[Cell]]:
    """Those of a venue whose sums are as they were are remembered: of a large fair they are most of a draft's work."""
    window, by_venue = fairs.sums_by_venue(tx, fair, wanted)

    def cells(sums: Mapping[str, int]) -> list[Cell]:
        return _cells(wanted, figures(sums, window, {"kind": "venue"}, wanted))

    return {
        venue: here.venues.get(f"{fair.id} {venue}", (wanted, window, sums), partial(cells, sums))
        for venue, sums in by_venue.items()
    }


def _records(tx: Connection, fair: Fair) -> Iterator[Record]:
    """What stands on the lists, in the order in which it was put there."""
    of_fair = select(records).where(records.c.fair == fair.id).order_by(records.c.list, records.c.seq)
    rows, names = tx.execute(of_fair).all(), fair.unit_names("zh")
    struck = {row.record for row in rows if row.step == "struck"}
    for row in rows:
        if row.step == "listed" and row.fact not in struck:
            body = strictjson.loads(row.body.encode(), 64 * 1024)
            assert isinstance(body, dict)
            told = (body["texts"], body["amounts"], body["source"], names.get(row.unit, row.unit), row.fact)
            yield Record(row.list, row.title, row.day, *told)


def _facts(tx: Connection, fair: Fair) -> int:
    of_fair = select(func.coalesce(func.sum(journals.c.seq), 0)).where(journals.c.fair == fair.id)
    return int(tx.execute(of_fair).scalar_one())


def _of_last_year(tx: Connection, fair: Fair) -> Statement | None:
    """What the same office froze last of its fair a year ago, if that was at this hub."""
    for other in fairs.all_fairs(tx):
        is_its = other.organiser.name == fair.organiser.name and int(other.starts[:4]) == int(fair.starts[:4]) - 1
        if is_its and (found := newest(tx, other.id, whole=False)) is not None:
            return found
    return None


def _of_offices_alike(tx: Connection, fair: Fair) -> list[Statement]:
    """What other offices froze last of their fairs of the same year at this hub."""
    others = [
        other
        for other in fairs.all_fairs(tx)
        if other.organiser.name != fair.organiser.name and other.starts[:4] == fair.starts[:4]
    ]
    return [found for other in others if (found := newest(tx, other.id, whole=False)) is not None]


# --- frozen versions ------------------------------------------------------------------------------


def freeze(
    tx: Connection, here: Hub, fair: Fair, by: Person, why: str, fact_id: str, seen: Snapshot | None = None
) -> Statement:
    """Keep the figures of this moment as the next version. The same touch again gives the version it made.

    `seen`: a snapshot from before this transaction, so that nobody waits for figures to be added up; where another
    version was frozen since, or without it, there is a new one.

    Raises `statement.same` where nothing is said otherwise than in the version before; `statement.why` where a later
    version does not say why there is one.
    """
    own = journal.lock(tx, fair.id)
    if (before := _made_by(tx, fair.id, fact_id)) is not None:
        return held(tx, fair.id, before)
    refuse_other(tx, own, fact_id)
    last = newest(tx, fair.id)
    number = last.version + 1 if last else 1
    now = (seen if seen and seen.after == number - 1 else snapshot(here, fair)).now
    if last and not differences(last, now):
        raise Problem(STATEMENT_SAME, version=last.version)
    if last and not why.strip():
        raise Problem(STATEMENT_WHY, version=number)
    signed = msgspec.structs.replace(now, made_by=by.name, why=why.strip()[:NOTE_LIMIT])
    made = msgspec.structs.replace(signed, version=number, sections=words.as_printed(signed, words.questions(here)))
    document = made.encode()
    body = StatementFrozen(version=number, digest=statement.digest(document), why=made.why)
    journal.append(
        tx, fair.id, body, desk=DESK, by=by.id, now=here.clock.now(), mono=here.clock.monotonic(), fact_id=fact_id
    )
    row = {"fair": fair.id, "version": number, "digest": body.digest, "document": document, "frozen_at": made.made_at}
    tx.execute(statements.insert().values(**row))
    return made


def differences(last: Statement, now: Statement) -> list[str]:
    """What a later statement says otherwise, of `DIFFERENCES`; what is printed of neither does not count."""
    found = [name for name, fields in _FIELDS.items() if _told(last, fields) != _told(now, fields)]
    if "figures" in found and not statement.changes(last, now):
        found[found.index("figures")] = "makeup"
    return found


#: Part of a statement → where it stands. "makeup": where from, in which hour, with the same figures.
_FIELDS = {
    "figures": ("period", "year", "days", "missing"),
    "places": ("venues", "places"),
    "records": ("records",),
    "words": ("words",),
    "photos": ("photos",),
    "notes": ("findings",),
    "head": ("title", "theme", "unit", "contact", "starts", "ends", "deadline", "columns"),
}
DIFFERENCES = ("makeup", *_FIELDS)


def _told(said: Statement, fields: Sequence[str]) -> bytes:
    return msgspec.json.encode([getattr(said, name) for name in fields], order="deterministic")


def is_made(tx: Connection, fair: str, fact_id: str) -> bool:
    """Whether this very touch has made its version already."""
    return _made_by(tx, fair, fact_id) is not None


def send(tx: Connection, here: Hub, fair: Fair, number: int, to: str, how: str, by: Person, fact_id: str) -> None:
    """Write down that a version went to whom it is owed. The same touch again is one. Raises `statement.unknown`."""
    own = journal.lock(tx, fair.id)
    held(tx, fair.id, number)
    of_it = (statement_steps.c.journal == own) & (statement_steps.c.fact == fact_id)
    row = tx.execute(select(statement_steps).where(of_it)).one_or_none()
    if row is not None:
        if (row.step, row.version, row.name, row.words) != ("sent", number, to, how):
            raise Problem(FACT_CONFLICT)
        return
    refuse_other(tx, own, fact_id, statement_steps.name)
    body = StatementSent(version=number, to=to, how=how)
    journal.append(
        tx, fair.id, body, desk=DESK, by=by.id, now=here.clock.now(), mono=here.clock.monotonic(), fact_id=fact_id
    )


def held(tx: Connection, fair: str, number: int, *, whole: bool = True) -> Statement:
    """A frozen version as it was frozen; not `whole`: but for the figures of desks.

    Raises `statement.unknown`; `statement.damaged` for other bytes than were frozen.
    """
    found = document(tx, fair, number)
    return statement.read(found if whole else _without_desks(found))


def document(tx: Connection, fair: str, number: int) -> bytes:
    """The bytes of a frozen version. Raises as `held`."""
    if not 0 < number <= MOST_VERSIONS:
        raise Problem(STATEMENT_UNKNOWN, version=number)
    of = (statements.c.fair == fair) & (statements.c.version == number)
    row = tx.execute(select(statements).where(of)).one_or_none()
    if row is None:
        raise Problem(STATEMENT_UNKNOWN, version=number)
    found = bytes(row.document)
    if statement.digest(found) != _digest_of(tx, fair, number):
        raise Problem(STATEMENT_DAMAGED, version=number)
    return found


class _Kind(msgspec.Struct):
    kind: str


def _without_desks(document: bytes) -> bytes:
    """Of a thousand desks they are nine tenths of it, and most of what reading it takes."""
    parts = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    places = msgspec.json.decode(parts["places"], type=list[msgspec.Raw])
    others = [one for one in places if msgspec.json.decode(one, type=_Kind).kind != "desk"]
    return msgspec.json.encode({**parts, "places": others})


def newest(tx: Connection, fair: str, *, whole: bool = True) -> Statement | None:
    number = _last_number(tx, fair)
    return held(tx, fair, number, whole=whole) if number else None


def versions(tx: Connection, fair: str) -> list[Version]:
    """All versions, the newest first."""
    of_fair = select(statement_steps).where(statement_steps.c.fair == fair).order_by(statement_steps.c.seq.desc())
    rows, names = tx.execute(of_fair.where(statement_steps.c.step.in_(("frozen", "sent")))).all(), people.names(tx)
    sent: dict[int, list[tuple[str, str, str]]] = {}
    for row in rows:
        if row.step == "sent":
            sent.setdefault(row.version, []).append((row.at, row.name, row.words))
    return [
        Version(
            row.version, row.at, names.get(row.person, row.person), row.words, row.digest, sent.get(row.version, [])
        )
        for row in rows
        if row.step == "frozen"
    ]


def faults(tx: Connection, fair: str) -> Iterator[str]:
    """Where what stands here of frozen versions is not what the hub's own journal says was frozen."""
    told = {one.number: one.digest for one in versions(tx, fair)}
    rows = tx.execute(select(statements).where(statements.c.fair == fair).order_by(statements.c.version)).all()
    for row in rows:
        if row.version not in told:
            yield f"version {row.version} of the figures stands here, and no fact says that it was frozen"
        elif not row.digest == statement.digest(bytes(row.document)) == told[row.version]:
            yield f"version {row.version} of the figures is not what was frozen"
    for number in sorted(told.keys() - {row.version for row in rows}):
        yield f"version {number} of the figures was frozen and is gone"
    yield from words.faults(tx, fair)


def _last_number(tx: Connection, fair: str) -> int:
    steps = statement_steps.c
    return tx.execute(select(func.max(steps.version)).where(steps.fair == fair, steps.step == "frozen")).scalar() or 0


def _digest_of(tx: Connection, fair: str, number: int) -> str:
    steps = statement_steps.c
    of = (steps.fair == fair) & (steps.step == "frozen") & (steps.version == number)
    return tx.execute(select(steps.digest).where(of)).scalar() or ""


def _made_by(tx: Connection, fair: str, fact_id: str) -> int | None:
    """The version a fact froze; None where there is no such fact."""
    steps = statement_steps.c
    of = (steps.fair == fair) & (steps.step == "frozen") & (steps.fact == fact_id)
    return tx.execute(select(steps.version).where(of)).scalar()
