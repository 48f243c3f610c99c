"""The end of sealed content: deleted once its time is over, with a fact that says so.

That is the fair's own time; of a case that was over later, as many months from that day on. While a case is not over
(`State.over_since`) its content stays, whatever the day: whoever has to decide, to tell or to call back needs it.
What was filed stays: the facts carry only hashes of the content, so no chain breaks when it goes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, delete, exists, select

from kiosk.clock import BEIJING
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.cases import CaseErased
from kiosk.facts.complaints import CaseNumber
from kiosk.facts.contents import KINDS
from kiosk.facts.lives import State
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import blobs, journal, people, photos
from kiosk.hub.context import Hub
from kiosk.hub.fairs import all_fairs
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blob_origins, blob_parts, case_states, complaints, erased, facts, forks, journals
from kiosk.hub.tables import blobs as blobs_table
from kiosk.hub.tables import contents as named
from kiosk.packs.fairs import Fair
from kiosk.values import Hex32

_CHUNK = 100  # contents deleted in one transaction, so that intake is not kept waiting
_LONGEST_MONTH = 31
_EARLY = timedelta(days=90)  # so long before a fair its tablets may be tried out with complaints
_INTO = case_states.alias("into")


class Content(msgspec.Struct, frozen=True):
    """Sealed content, and the case whose it is; no case of a survey, or where its fact cannot be read whole."""

    blob: str
    case: str | None
    desk: str


class Erasure(msgspec.Struct, frozen=True):
    """What came of one fair; of content that no fair's facts name where `fair` is empty."""

    fair: str
    until: str  # the last day on which its content is kept, but for that of the cases below
    is_over: bool
    count: int
    in_hand: int = 0  # cases that keep their content because they are not over
    late: int = 0  # and because they were over so late that their own months still run


def erase(here: Hub, *, dry_run: bool = False, progress: Callable[[int], None] = lambda _n: None) -> list[Erasure]:
    """Delete all sealed content whose time is over. Doing it again finds nothing left to do."""
    now = here.clock.now()
    today = now.astimezone(BEIJING).date()
    done = []
    with here.store.reading() as tx:
        known = all_fairs(tx)
    for fair in known:
        is_over = today > fair.keeps_until
        count = _erase_fair(here, fair, now, dry_run, progress) if is_over else 0
        staying = _staying(here, fair, today) if is_over else (0, 0)
        done.append(Erasure(fair.id, fair.keeps_until.isoformat(), is_over, count, *staying))
        late = _erase_late(here, fair.id, now, dry_run)
        if late:
            done[-1] = msgspec.structs.replace(done[-1], count=done[-1].count + late)
    unnamed = _erase_unnamed(here, known, now, dry_run)
    if unnamed:
        done.append(Erasure("", "", True, unnamed))
    if not dry_run:
        with here.store.begin() as tx:
            blobs.forget_unfinished(tx, now)
            photos.drop_unused(tx, now)
            people.forget_tries(tx, now)
        here.store.scrub()
    return done


def _staying(here: Hub, fair: Fair, today: date) -> tuple[int, int]:
    """How many cases of a fair keep their content beyond its own time: those in hand, and those that were over late."""
    is_here = ~exists().where(erased.c.sha256 == complaints.c.blob)
    query = _with_lives(complaints, complaints.c.fair, complaints.c.case).where(complaints.c.fair == fair.id, is_here)
    with here.store.reading() as tx:
        last_days = {row.case: _last_day(fair, row) for row in tx.execute(query)}
    return (
        sum(day is None for day in last_days.values()),
        sum(day is not None and today <= day for day in last_days.values()),
    )


def erased_of(tx: Connection, fair: str) -> set[str]:
    """Blobs whose erasure stands in the hub's journal of a fair."""
    own = journal.own_journal(tx, fair)
    query = select(facts.c.line).where(facts.c.journal == own, facts.c.kind == "case.erased")
    bodies = [REGISTRY.read(envelope.decode(bytes(line))) for line in tx.execute(query).scalars()]
    return {body.blob for body in bodies if isinstance(body, CaseErased)}


def _erase_fair(here: Hub, fair: Fair, now: datetime, dry_run: bool, progress: Callable[[int], None]) -> int:
    with here.store.reading() as tx:
        left = iter(_left(tx, fair.id, _named(tx, fair.id), now))
    count = 0
    while some := list(islice(left, _CHUNK)):
        if not dry_run:
            with here.store.begin() as tx:
                some = _erase_some(tx, here, fair.id, some, now)
        count += len(some)
        progress(count)
    return count


def _left(tx: Connection, fair: str, contents: Iterable[Content], now: datetime) -> list[Content]:
    """Those of some contents that were not erased yet, each once; or were, and no fact says so yet, or are here again.

    What counts at a fair that still keeps its content stays until that one lets it go, whoever else names it.
    """
    gone = set(tx.execute(select(erased.c.sha256)).scalars())
    back = set(
        tx.execute(select(erased.c.sha256).where(exists().where(blobs_table.c.sha256 == erased.c.sha256))).scalars()
    )
    told = erased_of(tx, fair)
    left: dict[str, Content] = {}
    for content in contents:
        is_done = content.blob in (told if content.case is not None else gone) and content.blob not in back
        if not is_done:
            left.setdefault(content.blob, content)
    kept = _kept(tx, left, now.astimezone(BEIJING).date())
    return [content for content in left.values() if content.blob not in kept]


def _kept(tx: Connection, names: Iterable[str], today: date) -> set[str]:
    """Of some content what facts name that count and whose time is not over, at whichever fair."""
    known = {fair.id: fair for fair in all_fairs(tx)}
    its_case = (complaints.c.fair == named.c.fair) & (complaints.c.case == named.c.case)
    with_lives = _with_lives(named.outerjoin(complaints, its_case), named.c.fair, named.c.blob)
    kept: set[str] = set()
    rest = iter(names)
    while some := list(islice(rest, _CHUNK)):
        for row in tx.execute(with_lives.where(named.c.blob.in_(some))):
            last_day = _last_day(known[row.fair], row) if row.fair in known else date.min
            if last_day is None or today <= last_day:
                kept.add(row.blob)
    return kept


def _with_lives(start: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """What `_last_day` asks of complaints: what their steps came to, and those of the case they were merged into."""
    of = complaints.c
    lives = start.outerjoin(case_states, (case_states.c.fair == of.fair) & (case_states.c.case == of.case))
    both = lives.outerjoin(_INTO, (_INTO.c.fair == of.fair) & (_INTO.c.case == of.into_case))
    return select(*columns, of.state, case_states.c.document, _INTO.c.document.label("into")).select_from(both)


def _last_day(fair: Fair, row: Row[Any]) -> date | None:
    """The last day on which the content of a row is kept; none while its case is not over."""
    if row.state is None:  # of no case in the register: a question, a survey, what came before its complaint
        return fair.keeps_until
    document = row.into if row.state == "merged" else row.document
    over = msgspec.json.decode(document, type=State).over_since if document else ""
    return fair.keeps_case_until(over) if over else None


def _erase_some(tx: Connection, here: Hub, fair: str, contents: list[Content], now: datetime) -> list[Content]:
    journal.lock(tx, fair)  # whoever erases at the same time waits here, and then finds it done
    contents, told = _left(tx, fair, contents, now), erased_of(tx, fair)
    _delete(tx, [content.blob for content in contents], now)
    for content in contents:
        if content.case is not None and content.blob not in told:
            journal.append(
                tx, fair, CaseErased(case=content.case, blob=content.blob),
                desk=content.desk, by="hub", now=now, mono=here.clock.monotonic(),
            )  # fmt: skip
    return contents


def erase_case(tx: Connection, here: Hub, fair: str, case: str, by: str, now: datetime) -> int:
    """Delete the content of one case before its date, whether it has arrived or not; returns how much there was.

    Needs `store.scrub` afterwards, like every deletion.
    """
    journal.lock(tx, fair)
    told = erased_of(tx, fair)
    counted = select(named.c.blob, named.c.case, named.c.desk).where(named.c.fair == fair, named.c.case == case)
    found = [Content(row.blob, row.case, row.desk) for row in tx.execute(counted)]
    of_case = {one.blob: one for one in (*found, *_named_elsewhere(tx, journals.c.fair == fair)) if one.case == case}
    _delete(tx, list(of_case), now, by)
    for content in of_case.values():
        if content.blob not in told:
            journal.append(
                tx, fair, CaseErased(case=case, blob=content.blob), desk=content.desk, by=by, now=now,
                mono=here.clock.monotonic(),
            )  # fmt: skip
    return len(of_case)


def erase_what_came(here: Hub, came_in: str) -> None:
    """Delete at once what a journal brought of cases that were erased on request before, whether it counts or not."""
    with here.store.reading() as tx:
        fair = tx.execute(select(journals.c.fair).where(journals.c.journal == came_in)).scalar_one()
        persons = _on_request(tx, fair)
        late = _late(tx, persons, _of_journal(tx, came_in, persons)) if persons else {}
    if _erase_again(here, fair, late, persons, here.clock.now()):
        here.store.scrub()


def _erase_late(here: Hub, fair: str, now: datetime, dry_run: bool) -> int:
    """Delete what came, or may still come, of cases after they were erased on request; returns how much."""
    with here.store.reading() as tx:
        persons = _on_request(tx, fair)
        late = _late(tx, persons, _named(tx, fair)) if persons else {}
    return len(late) if dry_run else _erase_again(here, fair, late, persons, now)


def _on_request(tx: Connection, fair: str) -> dict[str, str]:
    """Cases of a fair that were erased on request → who let it be done. Nearly always none, which is found at once."""
    gone = {row.sha256: row.person for row in tx.execute(select(erased).where(erased.c.person != "hub"))}
    persons: dict[str, str] = {}
    names = iter(gone)
    while some := list(islice(names, _CHUNK)):
        of_fair = select(named.c.case, named.c.blob).where(named.c.blob.in_(some), named.c.fair == fair)
        persons |= {row.case: gone[row.blob] for row in tx.execute(of_fair) if row.case}
    return persons


def _late(tx: Connection, persons: Mapping[str, str], contents: Iterable[Content]) -> dict[str, str]:
    """Of some contents those of cases that were erased on request, and which are not erased yet: blob → case."""
    late = {one.blob: one.case for one in contents if one.case and one.case in persons}
    gone = set(tx.execute(select(erased.c.sha256)).scalars()) if late else set()
    return {blob: case for blob, case in late.items() if blob not in gone}


def _erase_again(here: Hub, fair: str, late: Mapping[str, str], persons: Mapping[str, str], now: datetime) -> int:
    for case in sorted(set(late.values())):
        with here.store.begin() as tx:
            erase_case(tx, here, fair, case, persons[case], now)
    return len(late)


def _delete(tx: Connection, names: list[str], now: datetime, person: str = "hub") -> None:
    if tx.dialect.name == "postgresql":
        # Whoever is just bringing some of it is waited for; whoever comes after waits, and sees that it is erased.
        tx.exec_driver_sql("LOCK TABLE blobs IN SHARE ROW EXCLUSIVE MODE")
    for table in (blobs_table, blob_parts, blob_origins):
        tx.execute(delete(table).where(table.c.sha256.in_(names)))
    insert_once(tx, erased, [{"sha256": name, "at": now.timestamp(), "person": person} for name in names])


# --- whose content it is --------------------------------------------------------------------------


def _named(tx: Connection, fair: str) -> Iterator[Content]:
    """All sealed content that facts of a fair name: first those that count, then the others."""
    counted = select(named.c.blob, named.c.case, named.c.desk).where(named.c.fair == fair)
    for row in tx.execute(counted):
        yield Content(row.blob, row.case or None, row.desk)
    yield from _named_elsewhere(tx, journals.c.fair == fair)


def _of_journal(tx: Connection, journal_id: str, cases: Iterable[str]) -> Iterator[Content]:
    """What facts of one journal name: of some cases what counts, and all that does not count."""
    counted = select(named.c.blob, named.c.case, named.c.desk).where(named.c.journal == journal_id)
    for row in tx.execute(counted.where(named.c.case.in_(cases))):
        yield Content(row.blob, row.case, row.desk)
    yield from _named_elsewhere(tx, journals.c.journal == journal_id)


def _named_elsewhere(tx: Connection, where: ColumnElement[bool]) -> Iterator[Content]:
    """What facts name that do not count. `where`: of which journals."""
    for query in _uncounted(where):
        for row in tx.execute(query):
            content = _content(bytes(row.line))
            if content is not None:
                yield content


def _uncounted(where: ColumnElement[bool]) -> Iterator[Select[Any]]:
    """Lines that stand in no read model: in quarantine, beyond the counted run, on the other branch of a fork."""
    its_facts = select(facts.c.line).join(journals, journals.c.journal == facts.c.journal).where(where)
    filed = facts.c.kind.in_(KINDS)
    yield its_facts.where(facts.c.problem.is_not(None), filed)
    yield its_facts.where(facts.c.seq > journals.c.seq, filed)
    yield select(forks.c.line).join(journals, journals.c.journal == forks.c.journal).where(where)


class _Filed(msgspec.Struct):
    """What the fact of a complaint, a question or a survey, of any release, says of its content."""

    blob: Hex32
    case: Any = None
    number: Any = None  # of a question


def _content(line: bytes) -> Content | None:
    """The content that a line names, if it does."""
    try:
        fact = envelope.decode(line)
        filed = msgspec.convert(fact.body, _Filed)
    except (Problem, msgspec.ValidationError):
        return None
    if fact.kind not in KINDS:
        return None
    try:
        return Content(filed.blob, msgspec.convert(filed.case or filed.number, CaseNumber), fact.desk)
    except msgspec.ValidationError:
        return Content(filed.blob, None, fact.desk)


def _erase_unnamed(here: Hub, known: list[Fair], now: datetime, dry_run: bool) -> int:
    """Content whose facts never came: nobody can say which fair's it is, so it is kept as long as any fair's.

    Its facts may still come as long as a fair keeps its content whose tablets may have brought it.
    """
    if not known:
        return 0
    today = now.astimezone(BEIJING).date()
    longest = timedelta(days=_LONGEST_MONTH * max(fair.retention_months for fair in known))
    going_on = [date.fromisoformat(fair.starts) - _EARLY for fair in known if today <= fair.keeps_until]
    before = min([now - longest, *(datetime.combine(day, time(), BEIJING) for day in going_on)])
    with here.store.reading() as tx:
        query = select(blobs_table.c.sha256).where(
            blobs_table.c.received_at < before.timestamp(),
            ~exists().where(named.c.blob == blobs_table.c.sha256),
        )
        names = set(tx.execute(query).scalars())
        if names:
            names -= {content.blob for fair in known for content in _named(tx, fair.id)}
    if names and not dry_run:
        with here.store.begin() as tx:
            _delete(tx, sorted(names), now)
    return len(names)
