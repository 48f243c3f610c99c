"""What the answers to each question, and the looks at each exhibit, come to: folded from facts behind the scenes, and
little by little while tablets are served.

A step reads some thousand facts from a snapshot and adds what they come to in one short transaction, which is given up
if the journal was meanwhile folded or changed by somebody else. So whoever folds, however often and in whatever order
facts came, the sums are those of the counted runs. A journal whose run was changed other than at its end gets another
generation (`totals.forget`); the sums of its venue are then taken off those of the fair and folded from the beginning.

An answer belongs to the venue its tablet was enrolled for.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Row, Select, Table, and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kiosk.clock import Clock
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub.store import Store, add_up, insert_once
from kiosk.hub.tables import devices, exhibit_sums, facts, item_folds, item_sums, item_wrongs, journals
from kiosk.packs.fairs import Fair
from kiosk.reports.sums import KINDS, Plays, Sums

log = logging.getLogger("kiosk.answers")
CHUNK = 2_000  # facts a step: what is added at once keeps a writing tablet waiting
_NOW_AND_THEN = 20_000  # milliseconds
#: A tablet served so many milliseconds ago may be one of many that wait; so many seconds' rest after each step then.
_LATELY, _REST = 2_000, 5.0
_TURN = 3_150_006  # of the servers' lock: one folds at a time
#: What is folded: keys begin with fair and venue, and all else is numbers that add.
_TABLES = (item_sums, item_wrongs, exhibit_sums)


# --- folding ----------------------------------------------------------------------------------------


class Folder:
    """Keeps the sums of a process's hub near what its facts say."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._turn = threading.Lock()
        self._is_busy = False
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._begun: dict[str, int] = {}  # when it last was, by the monotonic clock
        self._served_at = -_LATELY  # likewise, a tablet

    def fold(self, fair: Fair, patience_ms: int | None = None) -> None:
        """Fold what is not folded yet, for so long; without a limit, all of it. Raises `hub.storage`."""
        until = None if patience_ms is None else self._clock.monotonic() + patience_ms
        while not self._closed.is_set() and step(self._store, fair):
            if until is not None and self._clock.monotonic() >= until:
                return

    def look(self, fair: Fair, patience_ms: int) -> None:
        """For a page: so much at once, and the rest behind the scenes. What cannot be written now is left."""
        try:
            self.fold(fair, patience_ms)
        except Problem as problem:
            log.warning("answers not folded: %s", problem.kind.code)
            return
        with self._store.reading() as tx:
            is_done = not pending(tx, fair.id)
        if not is_done:
            self.later(fair)

    def keep_near(self, fair: Fair) -> None:
        """For what is looked at all the time: fold behind the scenes, every now and then."""
        if self._clock.monotonic() - self._begun.get(fair.id, -_NOW_AND_THEN) >= _NOW_AND_THEN:
            self.later(fair)

    def make_way(self) -> None:
        """A tablet is being served: what is done behind the scenes takes its time."""
        self._served_at = self._clock.monotonic()

    def later(self, fair: Fair) -> None:
        """Fold it all, without anybody waiting; nothing if that is being done."""
        with self._turn:
            if self._is_busy or self._closed.is_set():
                return
            self._is_busy = True
            self._begun[fair.id] = self._clock.monotonic()
            self._thread = threading.Thread(target=self._renew, args=(fair,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop what goes on behind the scenes, after the step it is at."""
        with self._turn:
            self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _renew(self, fair: Fair) -> None:
        try:
            while not self._closed.is_set() and step(self._store, fair):
                if self._clock.monotonic() - self._served_at < _LATELY:
                    self._closed.wait(_REST)
        except Exception as error:  # noqa: BLE001 (nobody waits for this one: whoever looks next begins it again)
            log.error("answers not folded: %s", type(error).__name__)  # noqa: TRY400 (no message: it could hold data)
        finally:
            with self._turn:
                self._is_busy = False


def pending(tx: Connection, fair: str) -> int:
    """How many facts of the counted runs are not folded yet, answers or not."""
    done = func.coalesce(item_folds.c.seq, 0)
    left = select(func.coalesce(func.sum(journals.c.seq - done), 0)).select_from(_with_folds())
    return int(tx.execute(left.where(devices.c.fair == fair)).scalar_one())


def step(store: Store, fair: Fair) -> bool:
    """One short piece of what is to be done; whether there may be more."""
    try:
        with store.reading() as tx:
            held = tx.execute(_left(fair.id)).all()
            behind = [row for row in held if row.folded == row.generation is not None]
            read = _read(tx, behind) if len(behind) == len(held) else []
    except _SpoiltError as spoilt:
        _give_up(store, spoilt.held)
        return True
    if not held:
        return False
    rows = _rows(fair.id, read)  # before anybody has to wait for us
    try:
        with store.begin() as tx:
            _lock(tx)
            if read:
                _keep(tx, read, rows)
            else:
                _prepare(tx, fair, held)
    except _OvertakenError:
        pass  # somebody else did it, or it is to be done otherwise now
    return True


class _Read(msgspec.Struct):
    """What was read of one journal."""

    held: Row[Any]
    last: int
    plays: Plays
    sums: Sums


class _SpoiltError(Exception):
    """What is kept of a journal's open plays cannot be read."""

    def __init__(self, held: Row[Any]) -> None:
        super().__init__(held.journal)
        self.held = held


class _OvertakenError(Exception):
    """The journal was folded or changed since it was read."""


def _with_folds() -> Any:
    return devices.join(journals, journals.c.journal == devices.c.journal).join(
        item_folds, item_folds.c.journal == journals.c.journal, isouter=True
    )


def _left(fair: str) -> Any:
    """Journals of a fair with anything to do."""
    of_fold = (item_folds.c.venue, item_folds.c.generation, item_folds.c.folded, item_folds.c.plays)
    is_new = item_folds.c.journal.is_(None)
    is_stale = item_folds.c.folded != item_folds.c.generation
    query = select(journals.c.journal, journals.c.seq, devices.c.desk, item_folds.c.seq.label("from_seq"), *of_fold)
    return (
        query.select_from(_with_folds())
        .where(devices.c.fair == fair, or_(is_new, is_stale, item_folds.c.seq < journals.c.seq))
        .order_by(item_folds.c.venue, journals.c.journal)
    )


def _read(tx: Connection, behind: Sequence[Row[Any]]) -> list[_Read]:
    found, left = [], CHUNK
    for held in behind:
        last = min(held.seq, held.from_seq + left)
        one = _Read(held, last, _plays(held), Sums())
        for body in _bodies(tx, held.journal, held.from_seq, last):
            one.sums.add(body, one.plays)
        found.append(one)
        left -= last - held.from_seq
        if left <= 0:
            break
    return found


def _plays(held: Row[Any]) -> Plays:
    try:
        return msgspec.msgpack.decode(held.plays, type=Plays) if held.plays else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _SpoiltError(held) from error


def _give_up(store: Store, held: Row[Any]) -> None:
    """Say that a journal is to be folded anew, with its venue; its facts are all there."""
    log.warning("answers of journal %s: what was kept of them cannot be read; its venue is folded anew", held.journal)
    is_as_read = and_(item_folds.c.journal == held.journal, item_folds.c.generation == held.generation)
    with store.begin() as tx:
        tx.execute(update(item_folds).where(is_as_read).values(generation=held.generation + 1))


def _bodies(tx: Connection, journal: str, after: int, last: int) -> Iterator[Body]:
    """What was answered and finished between two places, of what counts, in order."""
    is_wanted = and_(facts.c.kind.in_(KINDS), facts.c.problem.is_(None))
    query = select(facts.c.line).where(facts.c.journal == journal, facts.c.seq > after, facts.c.seq <= last, is_wanted)
    lines = [bytes(line) for line in tx.execute(query.order_by(facts.c.seq)).scalars()]
    spelt = envelope.spelt(lines)
    for place, line in enumerate(lines):
        body = None
        if spelt:
            version, _, kind, *_, written = spelt[place]
            body = REGISTRY.read_written(kind.decode(), int(version), written)
        try:
            yield body or REGISTRY.read(envelope.decode(line))
        except Problem:
            continue  # a former release let it count; it adds nothing


def _lock(tx: Connection) -> None:
    """One process at a time: two that add to the same rows would wait for one another."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_TURN)))


def _prepare(tx: Connection, fair: Fair, held: Sequence[Row[Any]]) -> None:
    """Begin journals that are new, and begin anew the venues of those that were changed."""
    venues = {desk.id: desk.venue for desk in fair.desks}
    fresh = [row for row in held if row.generation is None]
    insert_once(
        tx,
        item_folds,
        [
            {
                "journal": row.journal,
                "fair": fair.id,
                "venue": venues.get(row.desk, row.desk),
                "generation": 0,
                "folded": 0,
                "seq": 0,
                "plays": b"",
            }
            for row in fresh
        ],
    )
    for venue in sorted({row.venue for row in held if row.generation != row.folded}):
        _begin_anew(tx, fair.id, venue)


def begin_all_anew(tx: Connection) -> None:
    """Forget all sums of all fairs."""
    _lock(tx)
    following = item_folds.c.generation + 1  # whoever has read something is overtaken
    tx.execute(update(item_folds).values(seq=0, plays=b"", generation=following, folded=following))
    for table in _TABLES:
        tx.execute(delete(table))


def _begin_anew(tx: Connection, fair: str, venue: str) -> None:
    """Take a venue's sums off the fair's, and forget them."""
    here = and_(item_folds.c.fair == fair, item_folds.c.venue == venue)
    tx.execute(update(item_folds).where(here).values(seq=0, plays=b"", folded=item_folds.c.generation))
    for table in _TABLES:
        _take_off(tx, table, fair, venue)
        tx.execute(delete(table).where(table.c.fair == fair, table.c.venue == venue))
        is_nothing = and_(*(column == 0 for column in _numbers(table)))
        tx.execute(delete(table).where(table.c.fair == fair, table.c.venue == "", is_nothing))


def _take_off(tx: Connection, table: Table, fair: str, venue: str) -> None:
    """Subtract a venue's rows from those of the whole fair."""
    columns: dict[str, Any] = {column.name: column if column.primary_key else -column for column in table.c}
    columns["venue"] = literal("")
    rows = select(*columns.values()).where(table.c.fair == fair, table.c.venue == venue)
    insert = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table).from_select(list(columns), rows)
    sums = {column.name: column + insert.excluded[column.name] for column in _numbers(table)}
    tx.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums))


def _numbers(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if not column.primary_key]


def _keep(tx: Connection, read: Sequence[_Read], rows: "_Rows") -> None:
    """Raises `_OvertakenError`, and then nothing was added."""
    for one in sorted(read, key=lambda one: str(one.held.journal)):
        held = one.held
        is_as_read = and_(
            item_folds.c.journal == held.journal,
            item_folds.c.seq == held.from_seq,
            item_folds.c.generation == held.generation,
            item_folds.c.folded == held.folded,
        )
        plays = msgspec.msgpack.encode(one.plays)
        if tx.execute(update(item_folds).where(is_as_read).values(seq=one.last, plays=plays)).rowcount != 1:
            raise _OvertakenError
    for table, some in rows.items():
        add_up(tx, table, some)


#: What to add to each table: whole rows in order of their keys.
_Rows = dict[Table, list[tuple[Any, ...]]]


def _rows(fair: str, read: Sequence[_Read]) -> _Rows:
    """Of each venue, and under an empty name of them all."""
    added: dict[Table, dict[tuple[str, ...], list[int]]] = {table: {} for table in _TABLES}
    for one in read:
        for venue in (one.held.venue, ""):
            for table, some in _by_table(one.sums).items():
                of_table = added[table]
                for key, numbers in some.items():
                    known = of_table.get((venue, *key))
                    of_table[venue, *key] = list(map(int.__add__, known, numbers)) if known else list(numbers)
    return {table: [(fair, *key, *some[key]) for key in sorted(some)] for table, some in added.items()}


def _by_table(sums: Sums) -> dict[Table, dict[tuple[str, ...], Sequence[int]]]:
    """Sums as rows: key beside fair and venue → numbers."""
    return {
        item_sums: dict(sums.questions),
        item_wrongs: {(*question, chosen): (n,) for (question, chosen), n in sums.wrongs.items()},
        exhibit_sums: dict(sums.looks),
    }


# --- checking -----------------------------------------------------------------------------------------


def faults(store: Store, fair: str) -> Iterator[str]:
    """Where the sums are not what the facts folded so far come to: a venue at a time, then the fair against them."""
    with store.reading() as tx:
        venues = sorted(set(tx.execute(select(item_folds.c.venue).where(item_folds.c.fair == fair)).scalars()))
        whole = _stored(tx, fair, "") != _added_up(tx, fair)
    for venue in venues:
        with store.reading() as tx:
            folds = tx.execute(select(item_folds).where(item_folds.c.fair == fair, item_folds.c.venue == venue)).all()
            if any(fold.folded != fold.generation for fold in folds):
                continue  # known to be old: begun anew when somebody looks
            if _stored(tx, fair, venue) != _from_facts(tx, folds):
                yield f"fair {fair}: what the answers at venue {venue} come to is not what its facts say"
    if whole:
        yield f"fair {fair}: what all answers come to is not the sum of its venues"


_Stored = dict[Table, dict[tuple[str, ...], tuple[int, ...]]]


def _stored(tx: Connection, fair: str, venue: str) -> _Stored:
    return {
        table: _keyed(tx, table, select(table).where(table.c.fair == fair, table.c.venue == venue)) for table in _TABLES
    }


def _added_up(tx: Connection, fair: str) -> _Stored:
    """What the venues' rows come to."""
    found = {}
    for table in _TABLES:
        key = [column for column in table.primary_key if column.name != "venue"]
        columns = [*key[:1], literal(""), *key[1:], *map(func.sum, _numbers(table))]
        added = select(*columns).where(table.c.fair == fair, table.c.venue != "").group_by(*key)
        found[table] = _keyed(tx, table, added)
    return found


def _keyed(tx: Connection, table: Table, query: Select[Any]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Key beside fair and venue → numbers."""
    width = len(table.primary_key)
    return {tuple(row[2:width]): tuple(map(int, row[width:])) for row in tx.execute(query)}


def _from_facts(tx: Connection, folds: Sequence[Row[Any]]) -> _Stored:
    sums = Sums()
    for fold in folds:
        plays: Plays = {}
        for body in _bodies(tx, fold.journal, 0, fold.seq):
            sums.add(body, plays)
    return {table: {key: tuple(row) for key, row in some.items()} for table, some in _by_table(sums).items()}
