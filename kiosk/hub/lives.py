"""What the steps of cases come to: folded from the hub's own journal, in the transaction that takes a step.

`case_states` says it of a case whose complaint may not have arrived yet; the columns of `complaints` are copied from
there whenever either of the two changes. So it is the same whichever came first. For `totals` and for `audit`.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, bindparam, delete, select, update

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.cases import (
    CaseDelivery,
    CaseErased,
    CaseOpened,
    CaseTransferred,
    Step,
)
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import REGISTRY
from kiosk.facts.lives import State, running
from kiosk.hub.store import insert_once
from kiosk.hub.tables import case_states, case_steps, complaints, deliveries, fairs, journals, phones, transfers
from kiosk.hub.tables import facts as facts_table

#: The bodies that are steps of a life. Who opened it is told elsewhere.
BODIES = frozenset(shape for shape in Step.__subclasses__() if shape is not CaseOpened)
KINDS = frozenset(name for name in REGISTRY.names() if REGISTRY.shape_of(name) in BODIES)
#: Of which a row stands for a fact of the same place.
TABLES: tuple[Table, ...] = (case_steps, transfers, deliveries)
#: All that is folded from a journal.
FOLDED: tuple[Table, ...] = (*TABLES, case_states)
#: Made once: to make a statement takes longer than to run one of these.
_OWN = (
    select(journals.c.seq)
    .where(journals.c.journal == select(fairs.c.journal).where(fairs.c.id == bindparam("of_fair")).scalar_subquery())
    .with_for_update()
)
_STATE = select(case_states.c.document).where(
    case_states.c.fair == bindparam("of_fair"), case_states.c.case == bindparam("of_case")
)


def hold(tx: Connection, fair: str) -> None:
    """Nobody takes a step in a fair's cases until this transaction ends: it is about to copy what they came to.

    Whoever holds a tablet's journal takes this afterwards: the order in which everybody takes them.
    """
    tx.execute(_OWN, {"of_fair": fair}).one_or_none()


def state_of(tx: Connection, fair: str, case: str) -> State:
    """What the steps of a case have come to, whatever it is that was filed."""
    document = tx.execute(_STATE, {"of_fair": fair, "of_case": case}).scalar()
    return msgspec.json.decode(document, type=State) if document else State()


def columns(state: State, matter: Any, intake: Any, standing: str, day: str) -> dict[str, str]:
    """What `complaints` copies of a life."""
    known = state.filed(standing, day)
    clock, since = running(known, matter, intake)
    return {
        "state": known.phase,
        "unit": known.unit,
        "handler": known.handler,
        "clock": clock,
        "clock_from": since,
        "outcome": known.outcome,
        "into_case": known.into,
    }


def known_state(tx: Connection, row: Row[Any]) -> State:
    """The state of a case, of its row in `complaints`."""
    return state_of(tx, row.fair, row.case).filed(row.standing, row.day)


def fold(tx: Connection, journal: str, fair: str, fact: Fact, body: Step) -> None:
    """Take one step of the hub's own journal into the tables."""
    for table, row in rows_of(journal, fair, fact, body):
        insert_once(tx, table, [row])
    if isinstance(body, CaseErased):  # nothing that follows from deleted content stays
        tx.execute(delete(phones).where(phones.c.fair == fair, phones.c.case == body.case))
    before = state_of(tx, fair, body.case)
    after = step(before, fact, body)
    if after == before:
        return
    of_case = (case_states.c.fair == fair) & (case_states.c.case == body.case)
    tx.execute(delete(case_states).where(of_case))
    if after != State():  # else it is as if nothing had been done: so a pre-registration that goes on after its end
        row = {"fair": fair, "case": body.case, "journal": journal, "document": _written(after)}
        tx.execute(case_states.insert().values(row))
    copy(tx, fair, body.case, after)


def step(before: State, fact: Fact, body: Step) -> State:
    """The state after a fact. One that cannot come there was written by another release: it changes nothing."""
    try:
        return before.after(body, fact.at)
    except Problem:
        return before


def copy(tx: Connection, fair: str, case: str, state: State) -> None:
    table = complaints.c
    of_case = (table.fair == fair) & (table.case == case)
    filed = (table.journal, table.seq, table.matter, table.intake, table.standing, table.day)
    for row in tx.execute(select(*filed).where(of_case)):
        values = columns(state, row.matter, row.intake, row.standing, row.day)
        tx.execute(update(complaints).where(table.journal == row.journal, table.seq == row.seq).values(values))


def rows_of(journal: str, fair: str, fact: Fact, body: Step) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The rows that a step makes, whatever came before it."""
    place = {"journal": journal, "seq": fact.seq, "fair": fair, "case": body.case}
    yield case_steps, {**place, "kind": fact.kind, "at": fact.at, "person": fact.by, "fact": fact.id}
    if isinstance(body, CaseTransferred):
        yield transfers, {**place, "fact": fact.id, "recipient": body.recipient, "road": body.road, "at": fact.at}
    elif isinstance(body, CaseDelivery):
        yield deliveries, {**place, "transfer": body.transfer, "state": body.state, "at": fact.at}


# --- checking -------------------------------------------------------------------------------------


def faults(tx: Connection, own: str, fair: str) -> Iterator[str]:
    """What is written down of cases, against the facts of the hub's own journal.

    The register's copy is compared with it complaint by complaint, in whichever journals these are.
    """
    expected: dict[str, State] = {}
    for fact in _steps(tx, own):
        body = REGISTRY.read(fact)
        assert isinstance(body, Step)
        expected[body.case] = step(expected.get(body.case, State()), fact, body)
    expected = {case: state for case, state in expected.items() if state != State()}
    query = select(case_states.c.case, case_states.c.document).where(case_states.c.fair == fair)
    stored = {row.case: row.document for row in tx.execute(query)}
    for case in sorted({*expected, *stored}):
        if stored.get(case) != (_written(expected[case]) if case in expected else None):
            yield f"case {case}: what is kept of its life is not what its steps say"


def _steps(tx: Connection, own: str) -> Iterator[Fact]:
    """All steps of a fair's cases, in order, some thousand at a time."""
    query = select(facts_table.c.seq, facts_table.c.line).where(
        facts_table.c.journal == own, facts_table.c.kind.in_(sorted(KINDS))
    )
    at = 0
    while rows := tx.execute(query.where(facts_table.c.seq > at).order_by(facts_table.c.seq).limit(2_000)).all():
        yield from (envelope.decode(bytes(row.line)) for row in rows)
        at = rows[-1].seq


def _written(state: State) -> str:
    return msgspec.json.encode(state).decode()
