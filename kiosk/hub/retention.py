"""The end of sealed content: deleted once its fair's time is over, with a fact that says so.

What was filed stays: the facts carry only hashes of the content, so no chain breaks when it goes.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, exists, select

from kiosk.clock import BEIJING
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.cases import CaseErased
from kiosk.facts.complaints import CaseNumber
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import blobs, journal
from kiosk.hub.context import Hub
from kiosk.hub.fairs import all_fairs
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blob_origins, blob_parts, complaints, erased, facts, forks, journals
from kiosk.hub.tables import blobs as blobs_table
from kiosk.packs.fairs import Fair
from kiosk.values import Hex32

_CHUNK = 100  # contents deleted in one transaction, so that intake is not kept waiting
_LONGEST_MONTH = 31
_EARLY = timedelta(days=90)  # so long before a fair its tablets may be tried out with complaints


class Content(msgspec.Struct, frozen=True):
    """Sealed content, and the case whose it is; no case where the fact that names it cannot be read whole."""

    blob: str
    case: str | None
    desk: str


class Erasure(msgspec.Struct, frozen=True):
    """What came of one fair; of content that no fair's facts name where `fair` is empty."""

    fair: str
    until: str  # the last day on which its content is kept
    is_over: bool
    count: int


def erase(here: Hub, *, dry_run: bool = False, progress: Callable[[int], None] = lambda _n: None) -> list[Erasure]:
    """Delete the content of all complaints whose time is over. Doing it again finds nothing left to do."""
    now = here.clock.now()
    today = now.astimezone(BEIJING).date()
    done = []
    with here.store.reading() as tx:
        known = all_fairs(tx)
    for fair in known:
        is_over = today > fair.keeps_until
        count = _erase_fair(here, fair, now, dry_run, progress) if is_over else 0
        done.append(Erasure(fair.id, fair.keeps_until.isoformat(), is_over, count))
    unnamed = _erase_unnamed(here, known, now, dry_run)
    if unnamed:
        done.append(Erasure("", "", True, unnamed))
    if not dry_run:
        with here.store.begin() as tx:
            blobs.forget_unfinished(tx, now)
        here.store.scrub()
    return done


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
    told, kept = erased_of(tx, fair), _kept(tx, now)
    left: dict[str, Content] = {}
    for content in contents:
        is_done = content.blob in (told if content.case is not None else gone) and content.blob not in back
        if not is_done and content.blob not in kept:
            left.setdefault(content.blob, content)
    return list(left.values())


def _kept(tx: Connection, now: datetime) -> set[str]:
    """Content of complaints that count at fairs whose time is not over."""
    today = now.astimezone(BEIJING).date()
    going_on = [fair.id for fair in all_fairs(tx) if today <= fair.keeps_until]
    return set(tx.execute(select(complaints.c.blob).where(complaints.c.fair.in_(going_on))).scalars())


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


def _delete(tx: Connection, names: list[str], now: datetime) -> None:
    if tx.dialect.name == "postgresql":
        # Whoever is just bringing some of it is waited for; whoever comes after waits, and sees that it is erased.
        tx.exec_driver_sql("LOCK TABLE blobs IN SHARE ROW EXCLUSIVE MODE")
    for table in (blobs_table, blob_parts, blob_origins):
        tx.execute(delete(table).where(table.c.sha256.in_(names)))
    insert_once(tx, erased, [{"sha256": name, "at": now.timestamp(), "person": "hub"} for name in names])


# --- whose content it is --------------------------------------------------------------------------


def _named(tx: Connection, fair: str) -> Iterator[Content]:
    """All sealed content that facts of a fair name: first those that count, then the others."""
    counted = select(complaints.c.blob, complaints.c.case, complaints.c.desk).where(complaints.c.fair == fair)
    for row in tx.execute(counted):
        yield Content(row.blob, row.case, row.desk)
    for query in _uncounted(fair):
        for row in tx.execute(query):
            content = _content(bytes(row.line))
            if content is not None:
                yield content


def _uncounted(fair: str) -> Iterator[Select[Any]]:
    """Lines that stand in no read model: in quarantine, beyond the counted run, on the other branch of a fork."""
    of_fair = journals.c.fair == fair
    its_facts = select(facts.c.line).join(journals, journals.c.journal == facts.c.journal).where(of_fair)
    filed = facts.c.kind == "complaint.filed"
    yield its_facts.where(facts.c.problem.is_not(None), filed)
    yield its_facts.where(facts.c.seq > journals.c.seq, filed)
    yield select(forks.c.line).join(journals, journals.c.journal == forks.c.journal).where(of_fair)


class _Filed(msgspec.Struct):
    """What the fact of a complaint, of any release, says of its content."""

    blob: Hex32
    case: Any = None


def _content(line: bytes) -> Content | None:
    """The content that a line names, if it does."""
    try:
        fact = envelope.decode(line)
        filed = msgspec.convert(fact.body, _Filed)
    except (Problem, msgspec.ValidationError):
        return None
    if fact.kind != "complaint.filed":
        return None
    try:
        return Content(filed.blob, msgspec.convert(filed.case, CaseNumber), fact.desk)
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
            ~exists().where(complaints.c.blob == blobs_table.c.sha256),
        )
        names = set(tx.execute(query).scalars())
        if names:
            names -= {content.blob for fair in known for content in _named(tx, fair.id)}
    if names and not dry_run:
        with here.store.begin() as tx:
            _delete(tx, sorted(names), now)
    return len(names)
