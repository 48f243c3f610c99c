"""Totals and read models at the hub: folded in the transaction that takes facts in, and folded again by rebuild."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, func, select

from kiosk.facts import envelope
from kiosk.facts.cases import CaseOpened
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.envelope import Fact
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub.store import add_up, insert_once
from kiosk.hub.tables import complaints, facts, journals, openings, totals
from kiosk.reports.amounts import Bucket, buckets

_CHUNK = 5_000


def count(tx: Connection, journal: str, fair: str, counted: Iterable[Fact]) -> None:
    """Fold facts that have just joined the unbroken run of a journal."""
    sums: Counter[Bucket] = Counter()
    filed, opened = [], []
    for fact in counted:
        sums.update(buckets(fact))
        match REGISTRY.read(fact):
            case ComplaintFiled() as body:
                filed.append(_complaint_row(journal, fair, fact, body))
            case CaseOpened() as body:
                opened.append(
                    {"journal": journal, "seq": fact.seq, "case": body.case, "at": fact.at, "person": fact.by}
                )
    add_up(tx, totals, [_total_row(journal, fair, bucket, n) for bucket, n in sums.items()])
    insert_once(tx, complaints, filed)
    insert_once(tx, openings, opened)


def _total_row(journal: str, fair: str, bucket: Bucket, n: int) -> dict[str, object]:
    day, hour, desk, metric = bucket
    return {
        "journal": journal,
        "fair": fair,
        "day": day,
        "hour": hour,
        "desk": desk,
        "metric": metric,
        "n": n,
    }


def _complaint_row(journal: str, fair: str, fact: Fact, body: ComplaintFiled) -> dict[str, object]:
    return {
        "journal": journal,
        "seq": fact.seq,
        "case": body.case,
        "fair": fair,
        "desk": fact.desk,
        "at": fact.at,
        "channel": body.channel,
        "blob": body.blob,
        "fact": fact.id,
    }


def forget(tx: Connection, journal: str) -> None:
    """Delete what was folded from a journal; its facts stay."""
    for table in (totals, complaints, openings):
        tx.execute(delete(table).where(table.c.journal == journal))


def refold(tx: Connection, journal: str) -> None:
    """Forget a journal's totals and fold its counted run again."""
    forget(tx, journal)
    row = tx.execute(select(journals.c.fair, journals.c.seq).where(journals.c.journal == journal)).one()
    for first in range(1, row.seq + 1, _CHUNK):
        last = min(first + _CHUNK - 1, row.seq)
        count(tx, journal, row.fair, usable(tx, journal, first, last))


def usable(tx: Connection, journal: str, first: int, last: int) -> list[Fact]:
    """The facts of a stretch that count, read from their stored lines."""
    rows = tx.execute(
        select(facts.c.line)
        .where(facts.c.journal == journal, facts.c.seq.between(first, last), facts.c.problem.is_(None))
        .order_by(facts.c.seq)
    )
    return [envelope.decode(row.line) for row in rows]


def all_buckets(tx: Connection) -> dict[tuple[str, Bucket], int]:
    """(journal, bucket) → n, zeros left out."""
    rows = tx.execute(select(totals).where(totals.c.n != 0))
    return {(row.journal, (row.day, row.hour, row.desk, row.metric)): row.n for row in rows}


def sums(tx: Connection, fair: str, day: str | None = None, desks: Iterable[str] | None = None) -> dict[str, int]:
    """Metric → sum, of a fair, optionally of one day or some desks."""
    query = select(totals.c.metric, func.sum(totals.c.n)).where(totals.c.fair == fair).group_by(totals.c.metric)
    if day is not None:
        query = query.where(totals.c.day == day)
    if desks is not None:
        query = query.where(totals.c.desk.in_(list(desks)))
    return {metric: int(n) for metric, n in tx.execute(query)}


def days(tx: Connection, fair: str) -> tuple[str, str] | None:
    """First and last business day that anything was counted on."""
    first, last = tx.execute(select(func.min(totals.c.day), func.max(totals.c.day)).where(totals.c.fair == fair)).one()
    return (first, last) if first else None


def sums_by_desk(tx: Connection, fair: str) -> dict[str, dict[str, int]]:
    """Desk → metric → sum."""
    query = (
        select(totals.c.desk, totals.c.metric, func.sum(totals.c.n))
        .where(totals.c.fair == fair)
        .group_by(totals.c.desk, totals.c.metric)
    )
    found: dict[str, dict[str, int]] = {}
    for desk, metric, n in tx.execute(query):
        found.setdefault(desk, {})[metric] = int(n)
    return found


def sums_by_hour(tx: Connection, fair: str, metric: str) -> Mapping[int, int]:
    """Hour → sum of one metric on the latest day that has any."""
    of_metric = (totals.c.fair == fair) & (totals.c.metric == metric)
    day = tx.execute(select(func.max(totals.c.day)).where(of_metric)).scalar()
    query = select(totals.c.hour, func.sum(totals.c.n)).where(of_metric, totals.c.day == day).group_by(totals.c.hour)
    return {int(hour): int(n) for hour, n in tx.execute(query)}
