"""What persons decide about facts that do not count: which of them do all the same, and which branch of a fork.

Each decision is a fact of the hub's own journal of the fair. `decisions` and `choices` are folded from those facts,
and what counts follows from them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, delete, select, tuple_

from kiosk.errors import FACT_DISMISSED, QUARANTINE_CHANGED, QUARANTINE_UNREADABLE, Problem
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.quarantine import MOST_AT_ONCE, FactDismissed, FactReleased, ForkDecided, Place
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import branches, journal, judging
from kiosk.hub.context import Hub
from kiosk.hub.devices import BOOTH_KINDS, reason_of
from kiosk.hub.reading import RELEASABLE
from kiosk.hub.tables import choices, decisions, devices, facts, journals

_KINDS = ("fact.released", "fact.dismissed", "fork.decided")
_ROWS = 400  # rows a statement


class Named(NamedTuple):
    """One fact of a tablet's journal."""

    seq: int
    hash: bytes


# --- deciding -------------------------------------------------------------------------------------


def release(tx: Connection, here: Hub, device: Row[Any], named: Sequence[Named], reason: str, by: str) -> None:
    """They count from now on, though the tablet was not to record them. Doing it again changes nothing.

    Raises `quarantine.changed` where one of them is not there (any more), `quarantine.unreadable` where one can never
    count, `field.invalid`; and then nothing was decided.
    """
    _lock(tx, device)
    for row in _stored(tx, device.journal, named):
        is_readable = row.problem in (None, FACT_DISMISSED.code) or row.problem in RELEASABLE
        if not is_readable or row.kind not in BOOTH_KINDS:  # what only a hub may say, no tablet can have said
            raise Problem(QUARANTINE_UNREADABLE)
    _decide(tx, here, device, FactReleased, named, reason, by)


def dismiss(tx: Connection, here: Hub, device: Row[Any], named: Sequence[Named], reason: str, by: str) -> None:
    """Somebody looked at them: they stay kept and do not count. Raises `quarantine.changed`, `field.invalid`."""
    _lock(tx, device)
    released = _with_verdict(tx, device.journal, "released")
    for row in _stored(tx, device.journal, named):
        if row.problem is None and (row.seq, bytes(row.hash)) not in released:
            raise Problem(QUARANTINE_CHANGED)  # it counts like any other
    _decide(tx, here, device, FactDismissed, named, reason, by)


def choose(
    tx: Connection,
    here: Hub,
    device: Row[Any],
    seq: int,
    kept: bytes | None,
    lost: Sequence[bytes],
    reason: str,
    by: str,
) -> None:
    """Of the branches that part at `seq` the one that begins with `kept` counts, or none; those in `lost` do not.

    A branch that is not named is undecided, should it ever arrive. Raises `field.invalid`.
    """
    _lock(tx, device)
    withdrawn = _withdrawn(tx, device)
    if withdrawn is not None:  # what was settled from there on is what a person now says anew
        branches.settle_to(tx, device.journal, min(seq - 1, withdrawn.settled_seq))
    for some in _some(lost):
        body = ForkDecided(
            journal=device.journal,
            seq=seq,
            kept="" if kept is None else kept.hex(),
            lost=[digest.hex() for digest in some],
            reason=reason_of(reason),
        )
        _append(tx, here, device, body, by)
    branches.untangle(tx, device.journal)
    if withdrawn is not None:
        branches.settle_to(tx, device.journal, withdrawn.cutoff)


def _lock(tx: Connection, device: Row[Any]) -> None:
    """The tablet's journal held fast, before the hub's own: the order in which everybody takes them."""
    tx.execute(select(journals.c.seq).where(journals.c.journal == device.journal).with_for_update()).one()


def _withdrawn(tx: Connection, device: Row[Any]) -> Row[Any] | None:
    """The tablet as it is now, if it was withdrawn. Whoever calls holds its journal."""
    query = select(devices).where(devices.c.device == device.device, devices.c.cutoff.is_not(None))
    return tx.execute(query).one_or_none()


def _stored(tx: Connection, journal: str, named: Sequence[Named]) -> Iterator[Any]:
    """What stands in `facts` of those named. Raises `quarantine.changed` where one does not."""
    for start in range(0, len(named), _ROWS):
        some = named[start : start + _ROWS]
        same = tuple_(facts.c.seq, facts.c.hash).in_([tuple(one) for one in some])
        query = select(facts.c.seq, facts.c.hash, facts.c.kind, facts.c.problem)
        rows = tx.execute(query.where(facts.c.journal == journal, same)).all()
        if len(rows) < len(some):
            raise Problem(QUARANTINE_CHANGED)
        yield from rows


def _with_verdict(tx: Connection, journal: str, verdict: str) -> set[tuple[int, bytes]]:
    query = select(decisions.c.seq, decisions.c.hash)
    found = tx.execute(query.where(decisions.c.journal == journal, decisions.c.verdict == verdict))
    return {(row.seq, bytes(row.hash)) for row in found}


def _decide(
    tx: Connection,
    here: Hub,
    device: Row[Any],
    shape: type[FactReleased] | type[FactDismissed],
    named: Sequence[Named],
    reason: str,
    by: str,
) -> None:
    why = reason_of(reason)
    for some in _some(named):
        places = [Place(seq=one.seq, hash=one.hash.hex()) for one in some]
        _append(tx, here, device, shape(journal=device.journal, facts=places, reason=why), by)
    judging.judge_places(tx, device.journal, [one.seq for one in named])


def _append(tx: Connection, here: Hub, device: Row[Any], body: Body, by: str) -> None:
    now, mono = here.clock.now(), here.clock.monotonic()
    fact = journal.append(tx, device.fair, body, desk=device.desk, by=by, now=now, mono=mono)
    _keep(tx, list(_rows(fact)))


def _some(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), MOST_AT_ONCE):
        yield items[start : start + MOST_AT_ONCE]


# --- folding --------------------------------------------------------------------------------------


def _rows(fact: Fact) -> Iterator[tuple[Table, dict[str, Any]]]:
    """What a decision comes to, row by row."""
    body = REGISTRY.read(fact)
    said = {"person": fact.by, "at": fact.at}
    if isinstance(body, ForkDecided):
        kept, lost = bytes.fromhex(body.kept) or None, " ".join(body.lost)
        row = {"journal": body.journal, "number": fact.seq, "seq": body.seq, "kept": kept, "lost": lost}
        yield choices, {**row, **said, "reason": body.reason}
    elif isinstance(body, FactReleased | FactDismissed):
        verdict = "released" if isinstance(body, FactReleased) else "dismissed"
        for one in body.facts:
            row = {"journal": body.journal, "seq": one.seq, "hash": bytes.fromhex(one.hash), "verdict": verdict}
            yield decisions, {**row, **said, "reason": body.reason}


def _keep(tx: Connection, rows: Sequence[tuple[Table, dict[str, Any]]]) -> None:
    for table in (decisions, choices):
        mine = [row for of, row in rows if of is table]
        if not mine:
            continue
        if table is decisions:  # the last word about a fact is the one that counts
            before = tuple_(decisions.c.seq, decisions.c.hash).in_([(row["seq"], row["hash"]) for row in mine])
            tx.execute(delete(decisions).where(decisions.c.journal == mine[0]["journal"], before))
        tx.execute(table.insert(), mine)


def fold_again(tx: Connection, own: str, fair: str) -> None:
    """Forget all decisions of a fair and fold them again from the hub's own journal of it."""
    of_fair = select(journals.c.journal).where(journals.c.fair == fair)
    for table in (decisions, choices):
        tx.execute(delete(table).where(table.c.journal.in_(of_fair)))
    for fact in _decided(tx, own):
        _keep(tx, list(_rows(fact)))


def faults(tx: Connection, own: str, fair: str) -> Iterator[str]:
    """What is written down of decisions, against the facts of the hub's own journal that made them."""
    of_fair = select(journals.c.journal).where(journals.c.fair == fair)
    expected: dict[Table, dict[tuple[Any, ...], dict[str, Any]]] = {decisions: {}, choices: {}}
    for fact in _decided(tx, own):
        for table, row in _rows(fact):
            expected[table][tuple(row[column.name] for column in table.primary_key)] = row
    for table, rows in expected.items():
        found = [dict(row._mapping) for row in tx.execute(select(table).where(table.c.journal.in_(of_fair)))]  # noqa: SLF001
        stored = {tuple(row[column.name] for column in table.primary_key): row for row in found}
        for key in sorted({*rows, *stored}):
            if rows.get(key) != stored.get(key):
                yield f"a decision about fact {key[1]} of journal {key[0]} is not the one that was written down"


def _decided(tx: Connection, own: str) -> Iterator[Fact]:
    """All decisions of a fair, in order."""
    query = select(facts.c.line).where(facts.c.journal == own, facts.c.kind.in_(_KINDS)).order_by(facts.c.seq)
    for line in tx.execute(query).scalars().all():
        yield envelope.decode(bytes(line))
