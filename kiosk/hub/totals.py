"""Totals and read models at the hub: folded in the transaction that takes facts in, and folded again by rebuild."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    union_all,
    update,
)

from kiosk.facts import envelope
from kiosk.facts.cases import CaseOpened, Step
from kiosk.facts.clocks import ClockCompared, Clocks
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.contents import Naming, case_of, named_by
from kiosk.facts.envelope import Fact
from kiosk.facts.leaderboard import BoardJoined
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import entries, lives, rehearsals
from kiosk.hub.reading import Stretch, read_again
from kiosk.hub.store import add_up, driver_rows, insert_once
from kiosk.hub.tables import (
    complaints,
    contents,
    desk_totals,
    facts,
    item_folds,
    journals,
    leaderboard,
    openings,
    totals,
)
from kiosk.reports.amounts import Bucket

_CHUNK = 5_000  # facts held in memory at a time
_LEARNT = (
    update(journals)
    .where(journals.c.journal == bindparam("of"))
    .values(clocks=bindparam("dates"), doubtful=bindparam("many"))
)
_LINE = select(facts.c.line).where(facts.c.journal == bindparam("journal"), facts.c.seq == bindparam("seq"))


def _of_some(table: Table) -> ColumnElement[bool]:
    """What a table has of the journals that are named when it is asked."""
    return table.c.journal.in_(bindparam("of", expanding=True))


_SUMS = (totals, desk_totals)
_MODELS = (complaints, contents, openings, leaderboard, *entries.TABLES, *lives.FOLDED)
_FOLDED = (*_SUMS, *_MODELS)
#: Of `_FOLDED` the places of those that have anything of a journal: most have nothing of most.
_HOLDING = union_all(
    *(select(literal(place)).where(exists().where(_of_some(table))) for place, table in enumerate(_FOLDED))
)
_EMPTYING = [delete(table).where(_of_some(table)) for table in _FOLDED]
_KEPT = {table: select(table).where(_of_some(table)) for table in _SUMS}
#: Names for the values of a row's key; a column's own name would stand for a value to be set.
_KEY_NAMES = tuple(f"key_{place}" for place in range(5))
_STRIKING = {
    table: delete(table).where(
        *(column == bindparam(name) for name, column in zip(_KEY_NAMES, table.primary_key, strict=False))
    )
    for table in _SUMS
}
_FILED_AT = select(complaints.c.fair).where(_of_some(complaints)).distinct().order_by(complaints.c.fair)
_FORGETTING = update(item_folds).where(_of_some(item_folds)).values(generation=item_folds.c.generation + 1)

#: Gives the stretches to fold, as often as it is called.
Stretches = Callable[[], Iterable[Stretch]]


def join(tx: Connection, held: "Row[Any] | _Unread", stretches: Stretches) -> None:
    """Fold what has just joined the counted run of a journal; `held` is its row from before.

    Of a rehearsal nothing is folded, here and nowhere else: no total, case, exhibit or completeness knows of it.
    """
    if rehearsals.is_rehearsal(held.fair):
        return
    before, dates = Clocks.load(held.clocks), Clocks.load(held.clocks)
    for stretch in stretches():
        learn(dates, stretch)
    if _says_otherwise(dates, before):
        _empty(tx, [held.journal])
        for stretch in stored(tx, held.journal, 1, held.seq):
            count(tx, held.journal, held.fair, stretch, dates)
    for stretch in stretches():
        count(tx, held.journal, held.fair, stretch, dates)
    tx.execute(_LEARNT, {"of": held.journal, "dates": dates.dump(), "many": dates.doubtful()})


def refold(tx: Connection, journal: str) -> None:
    """Forget a journal's totals and fold its counted run again."""
    forget(tx, journal)
    row = tx.execute(select(journals).where(journals.c.journal == journal)).one()
    join(tx, _Unread(row.journal, row.fair), lambda: stored(tx, journal, 1, row.seq))


def fold_whole(tx: Connection, wholes: Sequence[tuple[Row[Any], Stretches]]) -> list[Clocks]:
    """Make totals and read models of journals what these stretches say, which are all of each; returns their clocks.

    Of the totals only those are written that differ, and mostly none does: to write costs more than to look.
    """
    names = [held.journal for held, _ in wholes]
    _empty(tx, names, _MODELS)
    tx.execute(_FORGETTING, {"of": names})
    clocks: list[Clocks] = []
    rows: dict[Table, list[tuple[Any, ...]]] = {table: [] for table in _SUMS}
    for held, stretches in wholes:
        dates, sums = _fold_one(tx, held, stretches)
        clocks.append(dates)
        for table, some in _rows(held.journal, held.fair, sums).items():
            rows[table] += some
    for table, some in rows.items():
        _put_right(tx, table, names, some)
    return clocks


def _fold_one(tx: Connection, held: Row[Any], stretches: Stretches) -> tuple[Clocks, Counter[Bucket]]:
    """Fold a whole journal into the read models; returns its clocks and what the totals are to be."""
    dates, sums = Clocks(), Counter[Bucket]()
    if not rehearsals.is_rehearsal(held.fair):
        for stretch in stretches():
            learn(dates, stretch)
        for stretch in stretches():
            hours = dates.hours(stretch.boot, stretch.hour, stretch.rest, stretch.mono)
            sums.update(_sums(stretch, hours))
            _model(tx, held.journal, held.fair, stretch, hours)
    return dates, sums


def learn(dates: Clocks, stretch: Stretch) -> None:
    """What a stretch says about its device's clocks. Within a boot, its first and last fact say it all."""
    compared = {place: body for place, body in stretch.wanted if isinstance(body, ClockCompared)}
    for place in sorted({*_ends_of_boots(stretch), *compared}):
        dates.learn(*_stamp(stretch, place))
        if place in compared:
            dates.compare(*_stamp(stretch, place), int(stretch.mono[place]), compared[place])


def _ends_of_boots(stretch: Stretch) -> Iterator[int]:
    """Places of the first and last fact of each run of one boot, of those that count."""
    places: Sequence[int] = range(len(stretch.boot))
    if any(stretch.problems):
        places = [place for place in places if stretch.problems[place] is None]
    at = 0
    for _, run in groupby(map(stretch.boot.__getitem__, places)):
        yield places[at]
        at += len(list(run))
        yield places[at - 1]


def _stamp(stretch: Stretch, place: int) -> tuple[str, str]:
    """Boot and moment of a fact."""
    return stretch.boot[place].decode(), (stretch.hour[place] + stretch.rest[place]).decode()


def count(tx: Connection, journal: str, fair: str, stretch: Stretch, dates: Clocks) -> None:
    """Add a stretch to the totals and read models."""
    hours = dates.hours(stretch.boot, stretch.hour, stretch.rest, stretch.mono)
    for table, rows in _rows(journal, fair, _sums(stretch, hours)).items():
        add_up(tx, table, rows)
    _model(tx, journal, fair, stretch, hours)


def _sums(stretch: Stretch, hours: Sequence[bytes]) -> Counter[Bucket]:
    """What a stretch adds to which bucket, its facts being of these hours."""
    sums: Counter[Bucket] = Counter()
    for (hour, desk, meaning), times in Counter(zip(hours, stretch.desk, stretch.meanings, strict=True)).items():
        if meaning is None:
            continue
        counts_to = meaning.hour or hour
        for metric, n in meaning.adds:
            sums[counts_to[:10].decode(), int(counts_to[11:]), desk.decode(), metric] += n * times
    return sums


def _rows(journal: str, fair: str, sums: Mapping[Bucket, int]) -> dict[Table, list[tuple[Any, ...]]]:
    """What sums are as whole rows of the two tables of totals."""
    by_desk: Counter[tuple[str, str]] = Counter()
    for (_day, _hour, desk, metric), n in sums.items():
        by_desk[metric, desk] += n
    return {
        totals: [(journal, metric, day, hour, desk, fair, n) for (day, hour, desk, metric), n in sums.items()],
        desk_totals: [(journal, metric, desk, fair, n) for (metric, desk), n in by_desk.items()],
    }


def _put_right(tx: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Let a table have these whole rows of some journals and no others."""
    stored = set(driver_rows(tx.execute(_KEPT[table], {"of": names})))
    wrong = stored.difference(rows)
    if wrong:
        tx.execute(_STRIKING[table], [dict(zip(_KEY_NAMES, row, strict=False)) for row in wrong])
    add_up(tx, table, [row for row in rows if row not in stored])


def _model(tx: Connection, journal: str, fair: str, stretch: Stretch, hours: Sequence[bytes]) -> None:
    """Put what is more than numbers into the read models."""
    wanted = [(stretch.first + place, body) for place, body in stretch.wanted]
    if not wanted:
        return
    boards = [seq for seq, body in wanted if isinstance(body, BoardJoined)]
    if boards:
        insert_once(tx, leaderboard, _board_rows(tx, journal, fair, stretch, hours, boards))
    for seq, body in wanted:
        if isinstance(body, ComplaintFiled):
            lives.hold(tx, fair)
            day = hours[seq - stretch.first][:10].decode()
            insert_once(tx, complaints, [complaint_row(tx, journal, fair, _whole(tx, journal, seq), body, day)])
        elif isinstance(body, CaseOpened):
            insert_once(tx, openings, [_opening_row(journal, _whole(tx, journal, seq), body)])
        elif type(body) in entries.BODIES:
            table, row = entries.row_of(journal, fair, _whole(tx, journal, seq), body)
            insert_once(tx, table, [row])
        elif type(body) in lives.BODIES:
            assert isinstance(body, Step)
            lives.fold(tx, journal, fair, _whole(tx, journal, seq), body)
    naming = [
        content_row(journal, fair, seq, stretch.desk[seq - stretch.first].decode(), named)
        for seq, body in wanted
        if (named := named_by(body)) is not None
    ]
    insert_once(tx, contents, naming)


def _board_rows(
    tx: Connection, journal: str, fair: str, stretch: Stretch, hours: Sequence[bytes], seqs: Sequence[int]
) -> list[dict[str, object]]:
    """Rows of the leaderboard. Their bodies are read from the stored lines: a shared meaning says no time."""
    of_them = (facts.c.journal == journal) & facts.c.seq.in_(seqs)
    rows = []
    for seq, line in tx.execute(select(facts.c.seq, facts.c.line).where(of_them).order_by(facts.c.seq)):
        body, place = REGISTRY.read(envelope.decode(bytes(line))), seq - stretch.first
        assert isinstance(body, BoardJoined)
        row = board_row(body, stretch.desk[place].decode(), hours[place][:10].decode())
        rows.append({"journal": journal, "seq": seq, "fair": fair, **row})
    return rows


def _whole(tx: Connection, journal: str, seq: int) -> Fact:
    """A stored fact with all its members, for the few kinds that need them."""
    return envelope.decode(bytes(tx.execute(_LINE, {"journal": journal, "seq": seq}).scalar_one()))


class _Unread(msgspec.Struct, frozen=True):
    """A journal of which nothing was folded yet, in the shape of its row."""

    journal: str
    fair: str
    seq: int = 0
    clocks: str = ""


def _says_otherwise(dates: Clocks, before: Clocks) -> bool:
    """Whether what came now dates facts anew that were folded before."""
    readings = dates.readings()
    return any(readings[boot] != reading for boot, reading in before.readings().items())


def complaint_row(
    tx: Connection, journal: str, fair: str, fact: Fact, body: ComplaintFiled, day: str
) -> dict[str, object]:
    """The row of a complaint filed on a `day` of the hub's time, with what has become of it since."""
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
        **complaint_terms(body),
        "day": day,
        **lives.columns(lives.state_of(tx, fair, body.case), body.matter, body.intake, body.standing, day),
    }


def content_row(journal: str, fair: str, seq: int, desk: str, body: Naming) -> dict[str, object]:
    """The row of sealed content that a fact names."""
    place = {"journal": journal, "seq": seq, "fair": fair, "case": case_of(body), "desk": desk}
    return {**place, "kind": REGISTRY.name_of(body), "blob": body.blob}


def complaint_terms(body: ComplaintFiled) -> dict[str, str]:
    """What was filed, and how it was taken in."""
    told = {"matter": body.matter, "intake": body.intake, "standing": body.standing, "form": body.form}
    return {**told, "code": body.code, "linked": body.linked}


def board_row(body: BoardJoined, desk: str, day: str) -> dict[str, object]:
    """What the leaderboard keeps of an entry, beside whose it is."""
    told = {"nickname": body.nickname, "right": body.right, "questions": body.questions, "ms": body.ms}
    return {"desk": desk, "day": day, "session": body.session, **told}


def _opening_row(journal: str, fact: Fact, body: CaseOpened) -> dict[str, object]:
    told = {"case": body.case, "at": fact.at, "person": fact.by, "reason": body.reason}
    return {"journal": journal, "seq": fact.seq, **told}


def forget(tx: Connection, journal: str) -> None:
    """Delete what was folded from a journal; its facts stay. Its answers are folded again later, by `answers`."""
    _empty(tx, [journal])
    tx.execute(_FORGETTING, {"of": [journal]})


def _empty(tx: Connection, names: Sequence[str], tables: Collection[Table] = _FOLDED) -> None:
    for fair in tx.execute(_FILED_AT, {"of": names}).scalars().all():
        lives.hold(tx, fair)
    for place in tx.execute(_HOLDING, {"of": names}).scalars().all():
        if _FOLDED[place] in tables:
            tx.execute(_EMPTYING[place], {"of": names})


def stored(tx: Connection, journal: str, first: int, last: int) -> Iterator[Stretch]:
    """A stretch of the stored facts, some thousand at a time."""
    for start in range(first, last + 1, _CHUNK):
        rows = tx.execute(
            select(facts.c.line, facts.c.problem)
            .where(facts.c.journal == journal, facts.c.seq.between(start, min(start + _CHUNK - 1, last)))
            .order_by(facts.c.seq)
        ).all()
        yield read_again([bytes(row.line) for row in rows], [row.problem for row in rows], start)


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
    table = desk_totals if day is None else totals
    query = select(table.c.metric, func.sum(table.c.n)).where(table.c.fair == fair).group_by(table.c.metric)
    if day is not None:
        query = query.where(totals.c.day == day)
    if desks is not None:
        query = query.where(table.c.desk.in_(list(desks)))
    return {metric: int(n) for metric, n in tx.execute(query)}


def days(tx: Connection, fair: str) -> tuple[str, str] | None:
    """First and last business day that anything was counted on."""
    # Metric by metric, because the index has the days in order only within one.
    metrics = select(desk_totals.c.metric).where(desk_totals.c.fair == fair, *_of_days()).distinct().subquery()
    of_metric = (totals.c.fair == fair) & (totals.c.metric == metrics.c.metric)
    ends = [select(end(totals.c.day)).where(of_metric).scalar_subquery() for end in (func.min, func.max)]
    first, last = tx.execute(select(func.min(ends[0]), func.max(ends[1])).select_from(metrics)).one()
    return (first, last) if first else None


def _of_days() -> Iterator[ColumnElement[bool]]:
    """Metrics that belong to the day they stand under. What was said of a period or year stands under the first."""
    for name in ("typed", "said"):
        for window in ("period", "year"):
            yield desk_totals.c.metric.not_like(f"{name}.{window}.%")


def all_days(tx: Connection, fair: str) -> list[str]:
    """Every business day that anything was counted on, in order."""
    ends = days(tx, fair)
    found = [ends[0]] if ends else []
    # From each to the next, because an index has it at hand; there are few, and many rows of each.
    metrics = select(desk_totals.c.metric).where(desk_totals.c.fair == fair, *_of_days()).distinct().subquery()
    later = (totals.c.fair == fair) & (totals.c.metric == metrics.c.metric) & (totals.c.day > bindparam("after"))
    query = select(func.min(select(func.min(totals.c.day)).where(later).scalar_subquery())).select_from(metrics)
    while ends and found[-1] != ends[1]:
        found.append(tx.execute(query, {"after": found[-1]}).scalar_one())
    return found


def hours_of(tx: Connection, fair: str, metric: str) -> Iterator[tuple[str, int, int]]:
    """(day, hour, n) of one metric, in order."""
    key = (totals.c.day, totals.c.hour)
    of_metric = (totals.c.fair == fair) & (totals.c.metric == metric)
    for day, hour, n in tx.execute(select(*key, func.sum(totals.c.n)).where(of_metric).group_by(*key).order_by(*key)):
        yield day, int(hour), int(n)


def sums_by_desk(tx: Connection, fair: str, desks: Iterable[str] | None = None) -> dict[str, dict[str, int]]:
    """Desk → metric → sum, of all desks of a fair or of some."""
    table = desk_totals.c
    query = select(table.desk, table.metric, func.sum(table.n)).where(table.fair == fair)
    if desks is not None:
        query = query.where(table.desk.in_(list(desks)))
    found: dict[str, dict[str, int]] = {}
    for desk, metric, n in tx.execute(query.group_by(table.metric, table.desk)):
        found.setdefault(desk, {})[metric] = int(n)
    return found


def sums_of_metric(tx: Connection, fair: str, metric: str) -> dict[str, int]:
    """Desk → sum of one metric."""
    table = desk_totals.c
    query = select(table.desk, func.sum(table.n)).where(table.fair == fair, table.metric == metric)
    return {desk: int(n) for desk, n in tx.execute(query.group_by(table.desk))}


def desk_faults(tx: Connection) -> list[str]:
    """Where what is kept by the desk is not the sum of what is kept by the hour."""
    faults = []
    key = (totals.c.journal, totals.c.metric, totals.c.desk)
    hours = {tuple(row[:3]): int(row[3]) for row in tx.execute(select(*key, func.sum(totals.c.n)).group_by(*key))}
    desks = {(row.journal, row.metric, row.desk): row.n for row in tx.execute(select(desk_totals))}
    for journal, metric, desk in sorted({*hours, *desks}):
        n, by_the_hour = desks.get((journal, metric, desk), 0), hours.get((journal, metric, desk), 0)
        if n != by_the_hour:
            faults.append(f"journal {journal}: {metric} at desk {desk} is {n}, its hours say {by_the_hour}")
    return faults


def sums_by_hour(tx: Connection, fair: str, metric: str) -> Mapping[int, int]:
    """Hour → sum of one metric on the latest day that has any."""
    of_metric = (totals.c.fair == fair) & (totals.c.metric == metric)
    day = tx.execute(select(func.max(totals.c.day)).where(of_metric)).scalar()
    query = select(totals.c.hour, func.sum(totals.c.n)).where(of_metric, totals.c.day == day).group_by(totals.c.hour)
    return {int(hour): int(n) for hour, n in tx.execute(query)}


def by_the_hour(
    tx: Connection, fair: str, metrics: Iterable[str], desks: Iterable[str], day: str | None = None
) -> Iterator[tuple[str, str, int, str, int]]:
    """(desk, day, hour, metric, n) of some metrics at some desks, of all days or of one."""
    key = (totals.c.desk, totals.c.day, totals.c.hour, totals.c.metric)
    query = select(*key, func.sum(totals.c.n)).where(
        totals.c.fair == fair, totals.c.metric.in_(list(metrics)), totals.c.desk.in_(list(desks))
    )
    if day is not None:
        query = query.where(totals.c.day == day)
    for desk, on, hour, metric, n in tx.execute(query.group_by(*key)):
        yield desk, on, int(hour), metric, int(n)
