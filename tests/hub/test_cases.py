"""Cases at the hub: steps with a name, folded the same whatever came first, and found by a phone number."""

import hashlib
import secrets
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kiosk.errors import Problem
from kiosk.facts import complaints as form
from kiosk.facts.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseDelivery,
    CaseEnded,
    CaseMerged,
    CaseReceived,
    CaseRefused,
    CaseTold,
    CaseTransferred,
    Step,
)
from kiosk.facts.complaints import Context
from kiosk.facts.lives import State, reopening
from kiosk.hub import cases, journal, ledger, lives, people, schema
from kiosk.hub.context import Hub
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.people import Person, Session
from kiosk.hub.tables import blobs, case_states, complaints, openings
from kiosk.hub.tables import facts as facts_table
from kiosk.hub.tables import people as people_table
from kiosk.sync import keys
from tests.facts.test_lives import _BODIES
from tests.hub.search import find, stored
from tests.hub.tablets import Tablet, a_tablet, deliver, law, rows
from tests.makers import CASEWORKER, COMPLAINT, a_filing, an_id
from tests.proof import share_hubs

CASE = "7KQ2-M0ZRT"
TWIN = "7KQ2-M0ZRD"
SUPERVISOR = Person("p-super", "陈督办", frozenset({"supervisor"}))
HANDLER = Person("p-handler", "周承办", frozenset({"handler"}))
OTHER = Person("p-other", "吴承办", frozenset({"handler"}))
INTAKE = Person("p-intake", "李登记", frozenset({"intake"}))
AUDITOR = Person("p-auditor", "郑监督", frozenset({"auditor"}))


def key_of(hub: Hub) -> keys.PrivateKey:
    with hub.store.reading() as tx:
        return people.open_key(tx, *CASEWORKER)


def session(person: Person = SUPERVISOR, key: keys.PrivateKey | None = None) -> Session:
    return Session(person, "", key)


def a_case(
    hub: Hub, case: str = CASE, tablet: Tablet | None = None, phone: str = "13800000000", said_at: str = "", **how: str
) -> Tablet:
    """A complaint filed at a desk, with its sealed content; by the tablet's word at that time."""
    tablet = tablet or a_tablet(hub)
    fact_id = secrets.token_hex(16)
    told = form.compose({**COMPLAINT, "phone": phone}, Context(fair="demo", fact=fact_id, case=case))
    content = keys.seal(hub.sealing_key, msgspec.json.encode(told))
    name = hashlib.sha256(content).hexdigest()
    first = len(tablet.lines) + 1
    tablet.record(a_filing(name, len(content), case=case, **how), id=fact_id, **({"at": said_at} if said_at else {}))
    with hub.store.begin() as tx:
        tx.execute(blobs.insert().values(sha256=name, content=content, received_at=hub.clock.now().timestamp()))
    deliver(hub, tablet.batch(first))
    return tablet


@contextmanager
def at(hub: Hub):
    with hub.store.begin() as tx:
        yield tx, find_fair(tx, "demo")


def take(hub: Hub, body: Step, person: Person = SUPERVISOR) -> None:
    with at(hub) as (tx, fair):
        cases.take(tx, hub, session(person), fair, body)


def row_of(hub: Hub, case: str = CASE) -> Any:
    with hub.store.reading() as tx:
        return tx.execute(select(complaints).where(complaints.c.case == case)).one()


def state_of(hub: Hub, case: str = CASE) -> State:
    with hub.store.reading() as tx:
        return lives.known_state(tx, row_of(hub, case))


def an_ending(**more: Any) -> CaseEnded:
    told = {
        "case": CASE,
        "outcome": "mediated",
        "reasons": [],
        "recovered": 12_850,
        "doubled": 0,
        "on_site": False,
        **more,
    }
    return CaseEnded(matter="complaint", **told)


def withdraw(hub: Hub, case: str = CASE, fair: str = "demo") -> str:
    """The person lets it be: so it is over."""
    body = an_ending(case=case, outcome="withdrawn", recovered=0)
    with hub.store.begin() as tx:
        cases.take(tx, hub, session(), find_fair(tx, fair), body)
    return case


def figure(hub: Hub, key: str) -> Any:
    with hub.store.reading() as tx:
        return next(one for one in figures_of(tx, find_fair(tx, "demo")) if one.key == key)


def refused(act) -> str:
    with pytest.raises(Problem) as caught:
        act()
    return caught.value.code


# --- a life -----------------------------------------------------------------------------------------


def test_a_case_is_walked_to_its_end_and_each_step_stands_with_a_name(hub):
    a_case(hub)
    assert (row_of(hub).state, row_of(hub).clock, row_of(hub).clock_from) == ("received", "decide", "2027-03-15")
    for body in (
        CaseAssigned(case=CASE, unit="xinhua", handler="p-handler"),
        CaseAccepted(case=CASE),
        an_ending(),
        CaseTold(case=CASE, road="phone"),
        CaseClosed(case=CASE, matter="complaint"),
    ):
        take(hub, body)
    row = row_of(hub)
    assert (row.state, row.unit, row.handler, row.clock, row.outcome) == (
        "closed", "xinhua", "p-handler", "", "mediated",
    )  # fmt: skip
    steps = [fact for fact in rows(hub, facts_table) if str(fact[4]).startswith("case.")]
    assert all(b'"by":"p-super"' in fact[2] for fact in steps)
    assert [fact[4] for fact in steps] == ["case.assigned", "case.accepted", "case.ended", "case.told", "case.closed"]
    assert ledger.verify(hub) == []


def test_the_figures_say_what_was_settled_and_take_it_back_when_a_case_goes_on(hub):
    a_case(hub)
    for body in (CaseAccepted(case=CASE), an_ending(doubled=5_000), CaseTold(case=CASE, road="phone")):
        take(hub, body)
    take(hub, CaseClosed(case=CASE, matter="complaint"))
    assert (figure(hub, "recovered").value, figure(hub, "doubled").value) == ("128.50", 1)
    assert figure(hub, "complaints_closed").value == 1
    assert figure(hub, "closing_rate").parts == {"numerator": 1, "denominator": 1}
    take(hub, reopening(CASE, state_of(hub), "complaint", "not_kept"))
    assert (figure(hub, "recovered").value, figure(hub, "complaints_closed").value) == ("0.00", 0)
    assert row_of(hub).state == "accepted"
    assert ledger.verify(hub) == []


def test_a_step_that_cannot_come_now_writes_nothing(hub):
    a_case(hub)
    before = rows(hub, facts_table)
    assert refused(lambda: take(hub, CaseClosed(case=CASE, matter="complaint"))) == "case.wrong_step"
    assert refused(lambda: take(hub, CaseAccepted(case="0000-00000"))) == "case.unknown"
    assert rows(hub, facts_table) == before


def test_a_pre_registration_is_received_by_a_step_and_only_then_has_a_time(hub):
    a_case(hub, standing="pre")
    assert (row_of(hub).state, row_of(hub).clock) == ("registered", "")
    assert refused(lambda: take(hub, CaseAccepted(case=CASE))) == "case.wrong_step"
    hub.clock.tick(3 * 24 * 3600)
    take(hub, CaseReceived(case=CASE))
    assert (row_of(hub).state, row_of(hub).clock_from) == ("received", "2027-03-18")


def test_a_tablet_whose_clock_is_years_off_starts_the_time_on_the_right_day(hub):
    """The day of its filing is by the hub's time, as all its figures are."""
    from kiosk.facts.clocks import ClockCompared

    tablet = a_tablet(hub)
    wrong = "2019-01-01T00:00:00.000+08:00"
    tablet.record(ClockCompared(hub_at="2027-03-15T09:00:00.000+08:00", rtt_ms=10), at=wrong, mono=1_000)
    deliver(hub, tablet.batch())
    tablet.record(a_filing(), at="2019-01-01T00:10:00.000+08:00", mono=601_000)
    deliver(hub, tablet.batch(2))
    assert (row_of(hub).at[:4], row_of(hub).day, row_of(hub).clock_from) == ("2019", "2027-03-15", "2027-03-15")
    assert ledger.verify(hub) == []


def test_delivery_of_what_was_passed_on_leaves_the_case_as_it_was(hub):
    a_case(hub)
    take(hub, CaseTransferred(case=CASE, recipient="示范市住房和城乡建设局", road="letter"))
    (fact,) = [fact for fact in rows(hub, facts_table) if fact[4] == "case.transferred"]
    transfer = msgspec.json.decode(fact[2])["id"]
    for state in ("sent", "failed", "sent", "acknowledged"):
        take(hub, CaseDelivery(case=CASE, transfer=transfer, state=state))
    assert row_of(hub).state == "transferred"
    assert ledger.verify(hub) == []


def test_a_pre_registration_that_goes_on_after_its_end_is_as_if_nothing_had_been_done(hub):
    a_case(hub, standing="pre")
    take(hub, an_ending(outcome="settled", recovered=100, on_site=True))
    take(hub, reopening(CASE, state_of(hub), "complaint", "not_kept"))
    assert (row_of(hub).state, rows(hub, case_states)) == ("registered", [])
    assert ledger.verify(hub) == []


# --- who may ------------------------------------------------------------------------------------------


def test_a_handler_moves_only_what_is_theirs_and_intake_only_gives_out(hub):
    a_case(hub)
    accept = CaseAccepted(case=CASE)
    for person in (HANDLER, INTAKE, AUDITOR):
        assert refused(lambda person=person: take(hub, accept, person)) == "login.role"
    take(hub, CaseAssigned(case=CASE, unit="", handler=HANDLER.id), INTAKE)
    assert refused(lambda: take(hub, accept, OTHER)) == "login.role"
    assert refused(lambda: take(hub, CaseAssigned(case=CASE, unit="", handler=""), HANDLER)) == "login.role"
    mine = CaseAssigned(case=CASE, unit="", handler="")
    assert refused(lambda: take(hub, mine, INTAKE)) == "login.role"  # else intake would open what somebody handles
    take(hub, accept, HANDLER)
    assert row_of(hub).state == "accepted"
    take(hub, mine)


@pytest.mark.parametrize(
    ("person", "before", "after"),
    [
        (SUPERVISOR, True, True),
        (INTAKE, True, False),
        (HANDLER, False, True),
        (OTHER, False, False),
        (AUDITOR, False, False),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_who_opens_a_case_before_and_after_somebody_has_it(person, before, after):
    free, given = (msgspec.json.decode(b'{"handler":"%s"}' % who, type=_Row) for who in (b"", b"p-handler"))
    assert (cases.may_open(person, free), cases.may_open(person, given)) == (before, after)


class _Row(msgspec.Struct):
    handler: str


def test_opening_is_a_fact_with_a_reason_and_a_locked_session_opens_nothing(hub):
    a_case(hub)
    with at(hub) as (tx, fair):
        row = cases.find(tx, fair, CASE)
        told = cases.open_case(tx, hub, session(key=key_of(hub)), fair, row, "call_back")
    assert told.name == COMPLAINT["name"]
    with at(hub) as (tx, fair):
        assert refused(lambda: cases.open_case(tx, hub, session(), fair, row, "handling")) == "seal.locked"
    ((*_, person, reason),) = rows(hub, openings)
    assert (person, reason) == ("p-super", "call_back")


def test_a_note_is_sealed_and_read_only_with_the_key(hub):
    a_case(hub)
    text = "商家老板答应下周三退款"
    with at(hub) as (tx, fair):
        fact = cases.note(tx, hub, session(), fair, CASE, text, an_id())
    assert find(stored(hub), text) == []
    with at(hub) as (tx, _):
        assert cases.read_note(tx, key_of(hub), fact, "demo") == text
        assert refused(lambda: cases.read_note(tx, key_of(hub), fact, "other")) == "seal.broken"
    with at(hub) as (tx, fair):
        assert refused(lambda: cases.note(tx, hub, session(), fair, CASE, "", an_id(2))) == "field.invalid"
    assert ledger.verify(hub) == []


# --- the same, filed twice ----------------------------------------------------------------------------


def test_a_merged_case_goes_on_under_the_other_and_both_stay_counted(hub):
    tablet = a_case(hub)
    a_case(hub, TWIN, tablet)
    take(hub, CaseMerged(case=CASE, matter="complaint", into=TWIN))
    assert (row_of(hub).state, row_of(hub).into_case) == ("merged", TWIN)
    assert (figure(hub, "complaints").value, figure(hub, "complaints_merged").value) == (2, 1)
    back = CaseMerged(case=TWIN, matter="complaint", into=CASE)
    assert refused(lambda: take(hub, back)) == "field.invalid"
    unknown = CaseMerged(case=TWIN, matter="complaint", into="0000-00000")
    assert refused(lambda: take(hub, unknown)) == "case.unknown"


def test_a_merge_that_was_a_mistake_is_taken_back(hub):
    tablet = a_case(hub)
    a_case(hub, TWIN, tablet)
    take(hub, CaseAccepted(case=CASE))
    take(hub, CaseMerged(case=CASE, matter="complaint", into=TWIN))
    take(hub, reopening(CASE, state_of(hub), "complaint", "mistake"))
    row = row_of(hub)
    assert (row.state, row.into_case, row.clock) == ("accepted", "", "mediate")
    assert figure(hub, "complaints_merged").value == 0
    assert figure(hub, "closing_rate").parts == {"numerator": 0, "denominator": 2}
    take(hub, CaseMerged(case=TWIN, matter="complaint", into=CASE))  # the other way round, as it should have been
    assert ledger.verify(hub) == []


@share_hubs
@pytest.mark.parametrize(
    "over",
    [
        [CaseRefused(case=TWIN, reasons=["no_power"])],
        [CaseRefused(case=TWIN, reasons=["no_power"]), CaseTold(case=TWIN, road="phone")],
        [
            CaseEnded(
                case=TWIN, matter="complaint", outcome="settled", reasons=[], recovered=0, doubled=0, on_site=True
            ),
            CaseClosed(case=TWIN, matter="complaint"),
        ],
    ],
    ids=["refused", "refused and told", "closed"],
)
def test_a_case_is_not_merged_into_one_that_is_over(hub, over):
    tablet = a_case(hub)
    a_case(hub, TWIN, tablet)
    for body in over:
        take(hub, body)
    assert refused(lambda: take(hub, CaseMerged(case=CASE, matter="complaint", into=TWIN))) == "field.invalid"
    assert (row_of(hub).state, row_of(hub).clock) == ("received", "decide")


def test_a_complaint_is_not_merged_into_a_report(hub):
    tablet = a_case(hub)
    a_case(hub, TWIN, tablet, matter="report")
    wrong = CaseMerged(case=CASE, matter="complaint", into=TWIN)
    assert refused(lambda: take(hub, wrong)) == "field.invalid"


# --- whatever came first -------------------------------------------------------------------------------

lives_of_any = st.tuples(
    st.sampled_from(["complaint", "report"]),
    st.sampled_from(["window", "pre"]),
    st.lists(st.integers(0, 30), max_size=6),
)


@law
@given(lives_of_any)
def test_it_comes_to_the_same_whether_the_complaint_or_its_steps_came_first(hub, life):
    matter, standing, dice = life
    early, late = form.draw_case_number(), form.draw_case_number()
    tablet = a_case(hub, early, matter=matter, standing=standing)
    bodies = []
    for which in dice:
        state = state_of(hub, early)
        may = [*state.steps(matter), "case.classified"]
        body = _BODIES[may[which % len(may)]](state, matter)
        if isinstance(body, CaseMerged):
            continue
        body = msgspec.structs.replace(body, case=early)
        take(hub, body)
        bodies.append(body)
    for body in bodies:  # as they stood in the journal before the tablet brought what they are about
        with at(hub) as (tx, fair):
            again = msgspec.structs.replace(body, case=late)
            journal.append(tx, fair.id, again, desk="d01", by="p-super", now=hub.clock.now(), mono=0)
    a_case(hub, late, tablet, matter=matter, standing=standing)
    copied = ("state", "unit", "handler", "clock", "clock_from", "outcome", "into_case")
    one, other = row_of(hub, early), row_of(hub, late)
    assert [getattr(one, name) for name in copied] == [getattr(other, name) for name in copied]


def test_rebuild_comes_to_the_same_and_verify_sees_what_was_changed(hub):
    a_case(hub)
    take(hub, CaseAccepted(case=CASE))
    take(hub, CaseAssigned(case=CASE, unit="xinhua", handler=""))
    before = rows(hub, complaints), rows(hub, case_states)
    with hub.store.begin() as tx:
        tx.execute(complaints.update().values(state="closed", clock=""))
    assert [fault for fault in ledger.verify(hub) if "complaints" in fault]
    with hub.store.begin() as tx:
        tx.execute(case_states.update().values(document='{"phase":"closed"}'))
    assert [fault for fault in ledger.verify(hub) if "its life" in fault]
    ledger.rebuild(hub)
    assert (rows(hub, complaints), rows(hub, case_states)) == before
    assert ledger.verify(hub) == []


# --- who takes it in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("intake", ["association", "other"])
def test_at_the_window_of_who_is_no_market_regulator_no_time_runs_whichever_came_first(hub, intake):
    take_early, tablet = CaseAccepted(case=TWIN), a_tablet(hub)
    with at(hub) as (tx, fair):  # the step is known before what it is a step of
        journal.append(tx, fair.id, take_early, desk="d01", by="p-super", now=hub.clock.now(), mono=1)
    for case in (CASE, TWIN):
        a_case(hub, case, tablet, intake=intake)
    assert [(row_of(hub, case).state, row_of(hub, case).clock) for case in (CASE, TWIN)] == [
        ("received", ""),
        ("accepted", ""),
    ]
    take(hub, CaseAccepted(case=CASE))
    assert (row_of(hub).state, row_of(hub).clock, row_of(hub).clock_from) == ("accepted", "", "")
    assert ledger.verify(hub) == []


def test_times_that_former_releases_let_run_for_others_stop(hub):
    tablet = a_tablet(hub)
    a_case(hub, CASE, tablet, intake="association")
    a_case(hub, TWIN, tablet)
    with hub.store.begin() as tx:
        tx.execute(complaints.update().values(clock="decide", clock_from="2027-03-15"))
    assert ledger.verify(hub) != []
    with hub.store.begin() as tx:
        schema._windows(tx)
    assert [row_of(hub, case).clock for case in (CASE, TWIN)] == ["", "decide"]
    assert ledger.verify(hub) == []


# --- accounts of former releases ----------------------------------------------------------------------------


def test_whoever_opened_complaints_before_is_a_supervisor_now(hub):
    with hub.store.begin() as tx:
        tx.execute(people_table.insert().values(id="p-old", name="old", password="", roles="caseworker organiser"))
        schema.STEPS[7](tx)
        roles = tx.execute(select(people_table.c.roles).where(people_table.c.id == "p-old")).scalar()
    assert roles == "organiser supervisor"
