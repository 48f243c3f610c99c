"""Cases at the hub: who may take which step, opening what is sealed, and notes.

What a step comes to is folded by `lives`. The pages are those of `register` and `casework`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select

from kiosk import web
from kiosk.clock import BEIJING, to_minute
from kiosk.errors import (
    CASE_UNKNOWN,
    CASE_WRONG_STEP,
    FACT_CONFLICT,
    FIELD_INVALID,
    ROLE_NEEDED,
    SEAL_LOCKED,
    Problem,
)
from kiosk.facts import envelope
from kiosk.facts.cases import (
    CaseMerged,
    CaseNoted,
    CaseOpened,
    Opening,
    Step,
)
from kiosk.facts.complaints import Complaint
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import REGISTRY
from kiosk.facts.lives import State
from kiosk.hub import blobs, journal, lives, phonebook, seals
from kiosk.hub.context import Hub
from kiosk.hub.people import Person, Session
from kiosk.hub.tables import case_steps, erased, facts, openings
from kiosk.hub.tables import complaints as table
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.figures import yuan
from kiosk.sync import keys

NOTE_LIMIT = 2_000  # characters
_RECORDS = 50  # with one number, on its page
#: The phases of what is over: nothing is waited for.
OVER = ("closed", "merged")
#: What each role may do. A handler's steps are those of cases that are theirs.
_STEPS_OF = {
    "intake": frozenset(
        {"case.received", "case.assigned", "case.classified", "case.noted", "case.delivery", "case.request"}
    ),
    "handler": frozenset(
        {
            "case.received", "case.accepted", "case.refused", "case.supplement_asked", "case.supplemented",
            "case.testing_begun", "case.testing_ended", "case.ended", "case.transferred", "case.delivery", "case.told",
            "case.closed", "case.called_back", "case.classified", "case.enforced", "case.noted", "case.request",
        }
    ),
}  # fmt: skip


def find(tx: Connection, fair: Fair, case: str, record: str = "") -> Row[Any]:
    """The row of a case: of several records with its number the first, or that of a fact. Raises `case.unknown`."""
    found = first_received(select(table).where(table.c.fair == fair.id, table.c.case == case))
    row = tx.execute((found.where(table.c.fact == record) if record else found).limit(1)).first()
    if row is None:
        raise Problem(CASE_UNKNOWN)
    return row


def read_record(told: Mapping[str, str]) -> str:
    """The fact of the record that is asked for; empty for the first of its number. Raises `field.invalid`."""
    return web.read_id(told, "record") if told.get("record") else ""


def first_received(rows: Select[Any]) -> Select[Any]:
    """Rows of `complaints`, those that came here first before the others: what a tablet calls the time is its own word,
    and nobody who files a number that is there already takes the place of whoever has it.
    """
    place = (facts.c.journal == table.c.journal) & (facts.c.seq == table.c.seq)
    return rows.join(facts, place).order_by(facts.c.received_at, table.c.journal, table.c.seq)


def records(tx: Connection, row: Row[Any]) -> list[Row[Any]]:
    """All records with the number of a case, as they came; more than one where a number was used again."""
    same = select(table).where(table.c.fair == row.fair, table.c.case == row.case)
    return list(tx.execute(first_received(same).limit(_RECORDS)))


# --- who may --------------------------------------------------------------------------------------


def may_step(person: Person, row: Row[Any], kind: str) -> bool:
    """Whether this is somebody's to do, as things stand. Intake gives out only what nobody has yet."""
    if person.may("supervisor"):
        return True
    if kind == "case.assigned" and row.handler:
        return False
    is_own = person.may("handler") and row.handler == person.id
    return (is_own and kind in _STEPS_OF["handler"]) or (person.may("intake") and kind in _STEPS_OF["intake"])


def may_open(person: Person, row: Row[Any]) -> bool:
    """A supervisor opens any, a handler their own, intake what nobody handles yet."""
    return (
        person.may("supervisor")
        or (person.may("handler") and row.handler == person.id)
        or (person.may("intake") and not row.handler)
    )


def may_watch(person: Person, row: Row[Any]) -> bool:
    """Whether somebody sees who opened a case and who took which step."""
    return person.may("auditor") or may_open(person, row)


# --- steps ----------------------------------------------------------------------------------------


def take(tx: Connection, here: Hub, session: Session, fair: Fair, body: Step, *, fact_id: str = "") -> Fact:
    """Take a step, as a fact with the person's name; sent again under the same id it is the same fact.

    Raises `case.unknown`, `case.wrong_step` or `login.role`; `fact.conflict` where the id is another step's.
    """
    kind = REGISTRY.name_of(body)
    taken = _taken(tx, fair, body.case, kind, fact_id)
    if taken is not None:
        return taken
    row = find(tx, fair, body.case)
    if not may_step(session.person, row, kind):
        raise Problem(ROLE_NEEDED)
    if isinstance(body, CaseNoted) and is_erased_on_request(tx, row.blob):
        raise Problem(CASE_WRONG_STEP, now="erased", may="-")
    lives.known_state(tx, row).check(body, row.matter)
    if isinstance(body, CaseMerged):
        _check_merge(tx, fair, row, body)
    return _append(tx, here, session, fair, row, body, fact_id)


def _taken(tx: Connection, fair: Fair, case: str, kind: str, fact_id: str) -> Fact | None:
    """The step that was taken under an id. Raises `fact.conflict` where it is another one.

    Nobody else takes a step until the transaction ends: two who send at once are looked at one after the other.
    """
    own = journal.lock(tx, fair.id)
    place = (facts.c.journal == case_steps.c.journal) & (facts.c.seq == case_steps.c.seq)
    of_id = (case_steps.c.journal == own) & (case_steps.c.fact == fact_id)
    row = tx.execute(select(facts.c.line, case_steps.c.case).join(case_steps, place).where(of_id)).first()
    if row is None:
        return None
    fact = envelope.decode(bytes(row.line))
    if (row.case, fact.kind) != (case, kind):
        raise Problem(FACT_CONFLICT)
    return fact


def _check_merge(tx: Connection, fair: Fair, row: Row[Any], body: CaseMerged) -> None:
    """Into a case of the same matter that somebody still works on. Raises `case.unknown` or `field.invalid`."""
    into = find(tx, fair, body.into)
    if into.matter != row.matter or into.state in OVER or into.outcome == "refused":
        raise Problem(FIELD_INVALID, field="into")
    under_it = select(table.c.case).where(table.c.fair == fair.id, table.c.into_case == body.case).limit(1)
    if tx.execute(under_it).first() is not None:  # else a chain would have to be followed to find where it goes on
        raise Problem(FIELD_INVALID, field="into")


def _append(
    tx: Connection, here: Hub, session: Session, fair: Fair, row: Row[Any], body: Step, fact_id: str = ""
) -> Fact:
    now, mono = here.clock.now(), here.clock.monotonic()
    return journal.append(tx, fair.id, body, desk=row.desk, by=session.person.id, now=now, mono=mono, fact_id=fact_id)


def possible(person: Person, row: Row[Any], state: State) -> tuple[str, ...]:
    """The steps this person may take now, in the order a page offers them."""
    return tuple(kind for kind in state.steps(row.matter) if may_step(person, row, kind))


# --- sealed content -------------------------------------------------------------------------------


def open_case(tx: Connection, here: Hub, session: Session, fair: Fair, row: Row[Any], reason: Opening) -> Complaint:
    """Open a case, as a fact with a name and a reason. Raises `login.role` or `seal.*`; then it was not opened."""
    if not may_open(session.person, row):
        raise Problem(ROLE_NEEDED)
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    complaint = seals.open_complaint(tx, here, session.key, row)
    _append(tx, here, session, fair, row, CaseOpened(case=row.case, reason=reason))
    phonebook.index(tx, session.key, row, complaint)
    return complaint


def note(tx: Connection, here: Hub, session: Session, fair: Fair, case: str, text: str, fact_id: str) -> Fact:
    """Seal what somebody wrote, and name it. Needs no key. Raises `field.invalid` and what `take` raises."""
    if not text or len(text) > NOTE_LIMIT:
        raise Problem(FIELD_INVALID, field="text")
    taken = _taken(tx, fair, case, "case.noted", fact_id)
    if taken is not None:  # asked before it is sealed: that comes to other bytes each time
        return taken
    sealed = keys.seal(here.sealing_key, msgspec.json.encode(seals.Note(fair.id, case, fact_id, text)))
    blobs.keep(tx, sealed, here.clock.now())
    body = CaseNoted(case=case, blob=hashlib.sha256(sealed).hexdigest(), size=len(sealed))
    return take(tx, here, session, fair, body, fact_id=fact_id)


def read_note(tx: Connection, key: keys.PrivateKey, fact: Fact, fair: str) -> str:
    """What a note says; empty once it was deleted. Raises `seal.broken`."""
    body = REGISTRY.read(fact)
    assert isinstance(body, CaseNoted)
    return seals.open_note(tx, key, body.blob, fair, body.case, fact.id)


# --- what a page shows beside the content -----------------------------------------------------------


def received(row: Row[Any], state: State) -> str:
    """When the authority has had it, to the minute: at a published window from the filing on. Empty until then."""
    return to_minute(row.at if len(state.received_at) == 10 else state.received_at)


def erased_days(tx: Connection, names: Sequence[str]) -> dict[str, str]:
    """Of some blobs those that were deleted, and on which day."""
    query = select(erased.c.sha256, erased.c.at).where(erased.c.sha256.in_(names))
    return {row.sha256: datetime.fromtimestamp(row.at, BEIJING).date().isoformat() for row in tx.execute(query)}


def is_erased_on_request(tx: Connection, blob: str) -> bool:
    """Whether persons had it erased, and not its date."""
    by = tx.execute(select(erased.c.person).where(erased.c.sha256 == blob)).scalar()
    return by is not None and by != "hub"


def opened(tx: Connection, fair: str, cases: Sequence[str]) -> dict[str, int]:
    """How often each of some cases was opened."""
    own = journal.own_journal(tx, fair)
    found: dict[str, int] = dict.fromkeys(cases, 0)
    for row in tx.execute(select(openings.c.case, openings.c.journal).where(openings.c.case.in_(cases))):
        if row.journal == own:  # asked here: in the query SQLite would walk the whole journal instead
            found[row.case] += 1
    return found


def place(fair: Fair, desk_id: str) -> tuple[Text, Text]:
    """Names of the venue and the desk."""
    desk = fair.desk(desk_id)
    return fair.venue(desk.venue).name, desk.name


def amount(told: Complaint) -> str:
    """The amount in question in yuan; empty where nothing was said."""
    return yuan(told.amount) if told.amount is not None else ""
