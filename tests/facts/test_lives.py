"""The life of a case: what may follow what, and what it comes to."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Problem
from kiosk.facts import lives as machine
from kiosk.facts.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseCalledBack,
    CaseClassified,
    CaseClosed,
    CaseEnded,
    CaseEnforced,
    CaseMerged,
    CaseReceived,
    CaseRefused,
    CaseSupplementAsked,
    CaseSupplemented,
    CaseTestingBegun,
    CaseTestingEnded,
    CaseTold,
    CaseTransferred,
    Step,
)
from kiosk.facts.kinds import REGISTRY
from kiosk.facts.lives import PHASES, STEPS, State, reopening, running
from kiosk.reports.amounts import amounts

CASE = "7KQ2-M0ZRD"
FILED_ON = "2027-03-15"


def at(day: int) -> str:
    """A moment `day` days after the fair."""
    return f"{date(2027, 3, 15) + timedelta(days=day)}T10:00:00.000+08:00"


def an_ending(outcome: str = "mediated", matter: str = "complaint", **more: Any) -> CaseEnded:
    told = {"reasons": ["unwilling"] if outcome == "terminated" else [], "recovered": 0, "doubled": 0, "on_site": False}
    return CaseEnded(case=CASE, matter=matter, outcome=outcome, **{**told, **more})


def walk(*steps: Step, standing: str = "window", matter: Any = "complaint") -> State:
    state = State().filed(standing, FILED_ON)
    for day, step in enumerate(steps, 1):
        state = state.after(step, at(day), matter)
    return state


def a_closed_case() -> State:
    return walk(
        CaseAccepted(case=CASE), an_ending(recovered=12_850, doubled=5_000), CaseTold(case=CASE, road="phone"),
        CaseClosed(case=CASE, matter="complaint"),
    )  # fmt: skip


def added_up(*steps: Step) -> dict[str, int]:
    """Metric → what the steps come to; zeros left out."""
    sums: Counter[str] = Counter()
    for body in steps:
        sums.update(amounts(body))
    return {metric: n for metric, n in sums.items() if n}


def refused(state: State, body: Step, matter: Any = "complaint") -> str:
    with pytest.raises(Problem) as caught:
        state.after(body, at(9), matter)
    return caught.value.code


# --- a life ------------------------------------------------------------------------------------------


def test_a_case_goes_from_the_window_to_its_end():
    state = a_closed_case()
    assert (state.phase, state.outcome, state.recovered, state.doubled) == ("closed", "mediated", 12_850, 5_000)
    assert (state.received_at, state.accepted_at, state.ended_at, state.told_at, state.closed_at) == (
        FILED_ON, at(1), at(2), at(3), at(4),
    )  # fmt: skip


def test_what_was_filed_at_a_window_is_received_and_a_pre_registration_is_not():
    assert State().filed("window", FILED_ON).phase == "received"
    pre = State().filed("pre", FILED_ON)
    assert (pre.phase, pre.received_at) == ("registered", "")
    assert refused(pre, CaseAccepted(case=CASE)) == "case.wrong_step"
    assert pre.after(CaseReceived(case=CASE), at(2), "complaint").received_at == at(2)


def test_a_wrong_step_says_what_would_be_right():
    with pytest.raises(Problem) as caught:
        a_closed_case().after(CaseAccepted(case=CASE), at(9), "complaint")
    assert caught.value.details == {"now": "closed", "may": "case.called_back, case.reopened"}


def test_a_report_is_neither_accepted_nor_mediated():
    state = State().filed("window", FILED_ON)
    for body in (CaseAccepted(case=CASE), CaseTestingBegun(case=CASE), an_ending("mediated", "report")):
        assert refused(state, body, "report") == "case.wrong_step"
    assert state.after(an_ending("handled", "report"), at(1), "report").outcome == "handled"


@pytest.mark.parametrize(
    "ending",
    [
        an_ending("mediated"),  # nobody accepted it
        an_ending("terminated"),
        an_ending("terminated", reasons=[]),
        an_ending("settled", reasons=["unwilling"]),
        an_ending("handled"),
        an_ending("withdrawn", recovered=1),
        an_ending("settled", doubled=2, recovered=1),
        an_ending("withdrawn", on_site=True),
        an_ending("settled", "report"),
    ],
    ids=lambda body: f"{body.outcome} {body.reasons} {body.recovered}",
)
def test_an_ending_that_does_not_fit_is_refused(ending):
    assert refused(State().filed("window", FILED_ON), ending) == "case.wrong_step"


def test_what_was_settled_on_the_spot_needs_no_letter():
    state = walk(an_ending("settled", on_site=True, recovered=100))
    assert running(state, "complaint", "regulator") == ("", "")
    assert state.after(CaseClosed(case=CASE, matter="complaint"), at(2), "complaint").phase == "closed"
    assert refused(walk(an_ending("settled")), CaseClosed(case=CASE, matter="complaint")) == "case.wrong_step"


def test_whoever_was_reached_is_asked_once():
    state = a_closed_case().after(CaseCalledBack(case=CASE, reached=False, level=None), at(6), "complaint")
    state = state.after(CaseCalledBack(case=CASE, reached=True, level=2), at(7), "complaint")
    assert (state.called, state.level) == (2, 2)
    assert refused(state, CaseCalledBack(case=CASE, reached=True, level=1)) == "case.wrong_step"
    assert refused(a_closed_case(), CaseCalledBack(case=CASE, reached=False, level=1)) == "case.wrong_step"


def test_a_reopened_case_takes_back_what_it_had_come_to_and_nothing_else():
    before = a_closed_case()
    step = reopening(CASE, before, "complaint", "not_kept")
    state = before.after(step, at(8), "complaint")
    assert (state.phase, state.accepted_at, state.recovered, state.closed_at) == ("accepted", at(1), 0, "")
    assert refused(before, msgspec.structs.replace(step, recovered=1)) == "case.wrong_step"
    ended = an_ending(recovered=12_850, doubled=5_000)
    assert added_up(ended, CaseClosed(case=CASE, matter="complaint"), step) == {"case.reopened": 1}


def test_a_case_is_not_merged_into_itself_and_then_rests():
    state = State().filed("window", FILED_ON)
    assert refused(state, CaseMerged(case=CASE, matter="complaint", into=CASE)) == "case.wrong_step"
    merged = state.after(CaseMerged(case=CASE, matter="complaint", into="7KQ2-M0ZRT"), at(1), "complaint")
    assert (merged.phase, merged.into, merged.steps("complaint")) == ("merged", "7KQ2-M0ZRT", ("case.reopened",))


def test_a_case_that_was_merged_by_mistake_and_only_that_goes_on_by_itself():
    accepted = walk(CaseAccepted(case=CASE))
    merging = CaseMerged(case=CASE, matter="complaint", into="7KQ2-M0ZRT")
    merged = accepted.after(merging, at(2), "complaint")
    assert refused(merged, reopening(CASE, merged, "complaint", "new_facts")) == "case.wrong_step"
    step = reopening(CASE, merged, "complaint", "mistake")
    assert merged.after(step, at(3), "complaint") == accepted
    assert added_up(merging, step) == {"case.reopened": 1}


def test_a_case_leads_to_one_case_of_enforcement_however_often_its_fines_are_corrected():
    state, steps = walk(), []
    for fine in (5_000, 2_000, None, 700):
        steps.append(CaseEnforced(case=CASE, fine=fine, before=state.enforced))
        state = state.after(steps[-1], at(1), "complaint")
    assert added_up(*steps[:2]) == {"case.enforced": 1, "case.fines": 2_000}
    assert added_up(*steps[:3]) == {}
    assert added_up(*steps) == {"case.enforced": 1, "case.fines": 700}
    assert refused(state, steps[0]) == "case.wrong_step"  # of two who correct it at once one looks again
    assert refused(walk(), CaseEnforced(case=CASE, fine=None, before=None)) == "case.wrong_step"


def test_of_a_case_that_was_reopened_the_last_call_counts():
    steps, state = [], a_closed_case()
    for level in (1, 4):
        called = CaseCalledBack(case=CASE, reached=True, level=level)
        steps += [called, reopening(CASE, state.after(called, at(6), "complaint"), "complaint", "not_kept")]
    last = added_up(*steps[:-1])
    assert (last["case.reached"], last["case.rated"], last.get("case.content")) == (1, 1, None)
    assert (last["case.level.4"], last.get("case.level.1")) == (1, None)
    assert "case.level.1" not in added_up(*steps)
    assert added_up(*steps)["case.called"] == 2


# --- the time that runs ---------------------------------------------------------------------------------


def test_the_time_that_runs_follows_the_case():
    state = State().filed("window", FILED_ON)
    assert running(state, "complaint", "regulator") == ("decide", "2027-03-15")
    assert running(state, "report", "regulator") == ("", "")
    assert running(State().filed("pre", FILED_ON), "complaint", "regulator") == ("", "")
    accepted = state.after(CaseAccepted(case=CASE), at(3), "complaint")
    assert running(accepted, "complaint", "regulator") == ("mediate", "2027-03-18")
    assert running(accepted.after(an_ending(), at(9), "complaint"), "complaint", "regulator") == ("tell", "2027-03-24")
    assert running(a_closed_case(), "complaint", "regulator") == ("", "")


@pytest.mark.parametrize("intake", ["association", "other"])
def test_at_the_window_of_who_is_no_market_regulator_no_statutory_time_runs(intake):
    state = State().filed("window", FILED_ON)
    assert running(state, "complaint", intake) == ("", "")
    accepted = state.after(CaseAccepted(case=CASE), at(3), "complaint")
    assert running(accepted, "complaint", intake) == ("", "")
    assert running(accepted.after(an_ending(), at(9), "complaint"), "complaint", intake) == ("", "")


@pytest.mark.parametrize("intake", ["regulator", "association", "other"])
def test_of_a_pre_registration_it_runs_from_when_the_authority_has_it_whoever_took_it_down(intake):
    state = State().filed("pre", FILED_ON)
    assert running(state, "complaint", intake) == ("", "")
    received = state.after(CaseReceived(case=CASE), at(1), "complaint")
    assert running(received, "complaint", intake) == ("decide", "2027-03-16")


def test_days_of_testing_do_not_count():
    state = walk(CaseAccepted(case=CASE))
    testing = state.after(CaseTestingBegun(case=CASE), at(5), "complaint")
    assert running(testing, "complaint", "regulator") == ("", "")
    back = testing.after(CaseTestingEnded(case=CASE), at(25), "complaint")
    assert (back.tested_days, running(back, "complaint", "regulator")) == (20, ("mediate", "2027-04-05"))
    ended = testing.after(an_ending(), at(25), "complaint")  # while it was being tested
    again = ended.after(reopening(CASE, ended, "complaint", "not_kept"), at(30), "complaint")
    assert (again.tested_days, running(again, "complaint", "regulator")) == (20, ("mediate", "2027-04-05"))


def test_asking_for_more_stops_no_clock_and_neither_does_refusing_before_it_is_told():
    asked = walk(CaseSupplementAsked(case=CASE, items=["grounds"], days=5))
    assert running(asked, "complaint", "regulator") == ("decide", "2027-03-15")
    no = asked.after(CaseRefused(case=CASE, reasons=["papers"]), at(4), "complaint")
    assert running(no, "complaint", "regulator") == ("decide", "2027-03-15")
    assert running(no.after(CaseTold(case=CASE, road="letter"), at(5), "complaint"), "complaint", "regulator") == (
        "",
        "",
    )


# --- any life -------------------------------------------------------------------------------------------

_BODIES: dict[str, Any] = {
    "case.received": lambda _s, _m: CaseReceived(case=CASE),
    "case.assigned": lambda _s, _m: CaseAssigned(case=CASE, unit="u1", handler="p-1"),
    "case.transferred": lambda _s, _m: CaseTransferred(case=CASE, recipient="住建局", road="hand"),
    "case.accepted": lambda _s, _m: CaseAccepted(case=CASE),
    "case.refused": lambda _s, _m: CaseRefused(case=CASE, reasons=["papers"]),
    "case.supplement_asked": lambda _s, _m: CaseSupplementAsked(case=CASE, items=["grounds"], days=3),
    "case.supplemented": lambda _s, _m: CaseSupplemented(case=CASE),
    "case.testing_begun": lambda _s, _m: CaseTestingBegun(case=CASE),
    "case.testing_ended": lambda _s, _m: CaseTestingEnded(case=CASE),
    "case.ended": lambda s, m: an_ending(
        "handled" if m == "report" else "mediated" if s.accepted_at else "settled", m, recovered=300
    ),
    "case.told": lambda _s, _m: CaseTold(case=CASE, road="phone"),
    "case.closed": lambda _s, m: CaseClosed(case=CASE, matter=m),
    "case.called_back": lambda _s, _m: CaseCalledBack(case=CASE, reached=True, level=1),
    "case.reopened": lambda s, m: reopening(CASE, s, m, "mistake"),
    "case.merged": lambda _s, m: CaseMerged(case=CASE, matter=m, into="7KQ2-M0ZRT"),
    "case.classified": lambda _s, _m: CaseClassified(
        case=CASE, version="1", goods="food", service="", grievances=["x"]
    ),
    "case.enforced": lambda s, _m: CaseEnforced(case=CASE, fine=5, before=s.enforced),
}
lives = st.tuples(
    st.sampled_from(["complaint", "report"]),
    st.sampled_from(["window", "pre"]),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=14),
)


def live(matter: Any, standing: str, dice: list[tuple[int, int]]) -> tuple[State, list[tuple[Step, str]]]:
    """Any sequence of legal steps."""
    state, steps, day = State().filed(standing, FILED_ON), [], 0
    for which, later in dice:
        may = [*state.steps(matter), "case.classified", "case.enforced"]
        body, day = _BODIES[may[which % len(may)]](state, matter), day + later
        state = state.after(body, at(day), matter)
        steps.append((body, at(day)))
    return state, steps


@given(lives)
def test_every_legal_life_keeps_what_must_hold(life):
    matter = life[0]
    state, _ = live(*life)
    assert state.phase in PHASES
    assert not (state.phase == "closed" and not state.closed_at)
    assert state.doubled <= state.recovered
    assert bool(state.outcome) == bool(state.ended_at)
    assert not (state.closed_at and not state.told_at and not state.on_site)
    assert not (state.level and not state.closed_at)
    clock, began = running(state, matter, "regulator")
    assert bool(clock) == bool(began)
    assert not (matter == "report" and (clock or state.accepted_at))
    assert not (state.phase in ("told", "closed", "merged", "testing", "registered") and clock)


@given(lives)
def test_whatever_is_not_offered_is_refused(life):
    matter = life[0]
    state, _ = live(*life)
    for name, make in _BODIES.items():
        if name not in state.steps(matter) and name not in ("case.classified", "case.enforced"):
            assert refused(state, make(state, matter), matter) == "case.wrong_step", name


@given(lives)
def test_steps_come_to_the_same_whether_the_filing_is_known_before_or_after(life):
    """The hub folds the steps by themselves; how the case was filed may arrive later, from a tablet."""
    known, steps = live(*life)
    folded = State()
    for body, moment in steps:
        folded = folded.after(body, moment)
    assert folded.filed(life[1], FILED_ON) == known


@given(lives)
def test_what_all_steps_add_up_to_is_what_the_case_has_come_to(life):
    matter = life[0]
    state, steps = live(*life)
    sums = added_up(*(body for body, _ in steps))
    assert sums.get("case.recovered", 0) == state.recovered
    assert (sums.get("case.enforced"), sums.get("case.fines")) == ((1, 5) if state.enforced else (None, None))
    assert sums.get("case.rated", 0) == int(bool(state.level))
    assert sums.get(f"case.merged.{matter}", 0) == int(state.phase == "merged")
    assert sums.get("case.refused", 0) == int(state.outcome == "refused")
    assert sums.get(f"case.ended.{matter}", 0) == int(state.outcome not in ("", "refused"))
    assert sums.get(f"case.closed.{matter}", 0) == int(bool(state.closed_at))
    assert sums.get(f"case.done.{matter}", 0) == int(state.phase in ("closed", "merged"))


@given(lives)
def test_a_state_is_the_same_after_it_was_written_down(life):
    state, _ = live(*life)
    assert msgspec.json.decode(msgspec.json.encode(state), type=State) == state


def test_every_step_there_is_has_a_place_in_the_machine():
    names = {name for name in REGISTRY.names() if name.startswith("case.")}
    placed = {name for may in STEPS.values() for name in may} | machine._ALWAYS
    assert placed == names
    assert set(STEPS) == set(PHASES)
