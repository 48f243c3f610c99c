"""The life of a case: what may follow what, what the steps so far have come to, and which statutory time runs.

`State` is pure. The hub asks it before it appends a step, and folds with it afterwards.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import singledispatch
from typing import Any, Literal

import msgspec

from kiosk.errors import CASE_WRONG_STEP, Problem
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
    CaseReopened,
    CaseSupplementAsked,
    CaseSupplemented,
    CaseTestingBegun,
    CaseTestingEnded,
    CaseTold,
    CaseTransferred,
    Reopening,
    Step,
)
from kiosk.facts.complaints import Intake, Matter
from kiosk.facts.kinds import REGISTRY

#: Where a case is. "" while nothing but notes was written: then how it was filed says which of the next two it is.
Phase = Literal[
    "", "registered", "received", "supplement", "accepted", "testing", "refused", "transferred", "ended", "told",
    "closed", "merged",
]  # fmt: skip
PHASES: tuple[Phase, ...] = (
    "registered", "received", "supplement", "accepted", "testing", "refused", "transferred", "ended", "told", "closed",
    "merged",
)  # fmt: skip

_ALWAYS = frozenset(
    {
        "case.noted", "case.classified", "case.enforced", "case.opened", "case.erased", "case.request", "case.granted",
        "case.delivery",
    }
)  # fmt: skip
#: What may come next, in the order a page offers it.
STEPS: dict[Phase, tuple[str, ...]] = {
    "registered": ("case.received", "case.transferred", "case.ended", "case.assigned", "case.merged"),
    "received": (
        "case.accepted", "case.refused", "case.supplement_asked", "case.ended", "case.transferred", "case.assigned",
        "case.merged",
    ),
    "supplement": ("case.supplemented", "case.accepted", "case.refused", "case.ended", "case.assigned", "case.merged"),
    "accepted": ("case.ended", "case.testing_begun", "case.transferred", "case.assigned", "case.merged"),
    "testing": ("case.testing_ended", "case.ended", "case.assigned"),
    "refused": ("case.told", "case.reopened"),
    "transferred": ("case.ended", "case.told", "case.transferred", "case.reopened"),
    "ended": ("case.told", "case.closed", "case.reopened"),
    "told": ("case.closed", "case.reopened"),
    "closed": ("case.called_back", "case.reopened"),
    "merged": ("case.reopened",),
}  # fmt: skip
#: Of a report no law says that it is accepted or mediated.
_OF_COMPLAINTS = frozenset(
    {
        "case.accepted", "case.refused", "case.supplement_asked", "case.supplemented", "case.testing_begun",
        "case.testing_ended",
    }
)  # fmt: skip


# --- a state --------------------------------------------------------------------------------------


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the steps of a case have come to. Days are in Beijing; the moments are those of the facts."""

    phase: Phase = ""
    unit: str = ""
    handler: str = ""
    received_at: str = ""  # only a day where it was received by being filed
    sorted_at: str = ""  # first assigned or passed on
    accepted_at: str = ""
    testing_from: str = ""
    tested_days: int = 0  # finished stretches of testing
    ended_at: str = ""  # accepted no further: refused, or what came of it
    told_at: str = ""
    closed_at: str = ""
    outcome: str = ""  # an `Outcome`, "refused", or ""
    reasons: tuple[str, ...] = ()
    recovered: int = 0
    doubled: int = 0
    on_site: bool = False
    called: int = 0  # times somebody tried to call back
    level: int = 0  # what the person said when reached; 0: nothing yet
    enforced: int | None = None  # fines of the case of enforcement it led to, in fen; None: it led to none
    into: str = ""  # of a merged one
    version: str = ""  # of the code list it was classified by
    goods: str = ""
    service: str = ""
    grievances: tuple[str, ...] = ()

    def filed(self, standing: str, on: str) -> "State":
        """The same, once it is known how the case was filed, and on which day: at a published window it is received
        by that.
        """
        if standing != "window":
            return self if self.phase else msgspec.structs.replace(self, phase="registered")
        return msgspec.structs.replace(self, phase=self.phase or "received", received_at=self.received_at or on)

    @property
    def over_since(self) -> str:
        """The day from which nothing more is to come for the person; "" while something is. A merged one goes on as
        `into` does.

        Closed is over. So is refused once the person was told, and withdrawn at once, told or not: neither waits for
        anybody, and a register in which nobody closes them must not keep their content for ever. All else still waits
        for a decision, an outcome or its telling.
        """
        if self.closed_at:
            return self.closed_at[:10]
        if self.outcome == "refused":
            return self.told_at[:10]
        return self.ended_at[:10] if self.outcome == "withdrawn" else ""

    def steps(self, matter: Matter) -> tuple[str, ...]:
        """Kinds of steps that may come now, in the order a page offers them. How it was filed must be known."""
        found = STEPS.get(self.phase, ())
        if matter == "report":
            found = tuple(one for one in found if one not in _OF_COMPLAINTS)
        if self.phase == "ended" and not self.on_site:
            found = tuple(one for one in found if one != "case.closed")
        if self.phase == "closed" and self.level:
            found = tuple(one for one in found if one != "case.called_back")
        return found

    def check(self, body: Step, matter: Matter) -> None:
        """Raises `case.wrong_step`, which says what may come now."""
        name, may = REGISTRY.name_of(body), self.steps(matter)
        if name not in may and name not in _ALWAYS:
            raise Problem(CASE_WRONG_STEP, now=self.phase or "-", may=", ".join(may) or "-")
        if not _fits(body, self, matter):
            raise Problem(CASE_WRONG_STEP, now=f"{self.phase}, {name}", may=", ".join(may) or "-")

    def after(self, body: Step, at: str, matter: Matter | None = None) -> "State":
        """The state after a step. Raises `case.wrong_step` where it may not come now; without `matter`, and before it
        is known how the case was filed, whatever may come of either is let through.
        """
        if matter is not None:
            self.check(body, matter)
        elif self.phase and not any(self._may(body, one) for one in ("complaint", "report")):
            raise Problem(CASE_WRONG_STEP, now=self.phase, may="-")
        found = _after(body, self, at)
        return _moved(found, "registered") if matter is not None and not found.phase else found

    def _may(self, body: Step, matter: Any) -> bool:
        try:
            self.check(body, matter)
        except Problem:
            return False
        return True


# --- whether what a step says goes with its case --------------------------------------------------


def _fits(body: Step, state: State, matter: Matter) -> bool:
    """Whether what a step says goes with its case."""
    check = _CHECKS.get(type(body))
    return check is None or check(body, state, matter)


def _ending_fits(body: CaseEnded, state: State, matter: Matter) -> bool:
    of_report = body.outcome == "handled"
    is_other = state.phase == "transferred" and of_report  # what another authority did with a complaint
    is_agreed = body.outcome in ("mediated", "settled")
    return (
        body.matter == matter
        and (of_report == (matter == "report") or is_other)
        and (body.outcome != "mediated" or bool(state.accepted_at))
        and (body.outcome != "terminated" or bool(state.accepted_at))
        and bool(body.reasons) == (body.outcome == "terminated")
        and body.doubled <= body.recovered
        and (is_agreed or body.outcome == "handled" or body.recovered == 0)
        and (not body.on_site or is_agreed)
    )


def _reopening_fits(body: CaseReopened, state: State, matter: Matter) -> bool:
    was_mistaken = body.reason == "mistake" or state.phase != "merged"  # two are one case, or they never were
    return was_mistaken and body == reopening(body.case, state, matter, body.reason)


_CHECKS: dict[type[Step], Callable[[Any, State, Matter], bool]] = {
    CaseEnded: _ending_fits,
    CaseReopened: _reopening_fits,
    CaseClosed: lambda body, _state, matter: body.matter == matter,
    CaseMerged: lambda body, _state, matter: body.matter == matter and body.into != body.case,
    CaseCalledBack: lambda body, _state, _matter: body.reached == (body.level is not None),
    CaseClassified: lambda body, _state, _matter: not (body.goods and body.service),
    CaseEnforced: lambda body, state, _matter: body.before == state.enforced and {body.fine, body.before} != {None},
}


def reopening(case: str, state: State, matter: Matter, reason: Reopening) -> CaseReopened:
    """The step that takes back whatever the case had come to."""
    return CaseReopened(
        case=case, matter=matter, reason=reason, outcome=state.outcome, recovered=state.recovered,  # type: ignore[arg-type]
        doubled=state.doubled, on_site=state.on_site, closed=bool(state.closed_at), merged=state.phase == "merged",
        level=state.level,
    )  # fmt: skip


# --- what a step changes --------------------------------------------------------------------------


@singledispatch
def _after(_body: Step, state: State, _at: str) -> State:
    return state


def _moved(state: State, phase: Phase, **changes: Any) -> State:
    return msgspec.structs.replace(state, phase=phase, **changes)


@_after.register
def _(_body: CaseReceived, state: State, at: str) -> State:
    return _moved(state, "received", received_at=at)


@_after.register
def _(body: CaseAssigned, state: State, at: str) -> State:
    return msgspec.structs.replace(state, unit=body.unit, handler=body.handler, sorted_at=state.sorted_at or at)


@_after.register
def _(_body: CaseTransferred, state: State, at: str) -> State:
    return _moved(state, "transferred", sorted_at=state.sorted_at or at)


@_after.register
def _(_body: CaseAccepted, state: State, at: str) -> State:
    return _moved(state, "accepted", accepted_at=at)


@_after.register
def _(body: CaseRefused, state: State, at: str) -> State:
    return _moved(state, "refused", ended_at=at, outcome="refused", reasons=tuple(body.reasons))


@_after.register
def _(_body: CaseSupplementAsked, state: State, _at: str) -> State:
    return _moved(state, "supplement")


@_after.register
def _(_body: CaseSupplemented, state: State, _at: str) -> State:
    return _moved(state, "received")


@_after.register
def _(_body: CaseTestingBegun, state: State, at: str) -> State:
    return _moved(state, "testing", testing_from=at)


@_after.register
def _(_body: CaseTestingEnded, state: State, at: str) -> State:
    return _moved(state, "accepted", testing_from="", tested_days=_tested(state, at))


def _tested(state: State, at: str) -> int:
    """Days of testing by a moment, with the stretch that is still open."""
    open_days = (day_of(at) - day_of(state.testing_from)).days if state.testing_from else 0
    return state.tested_days + max(open_days, 0)


@_after.register
def _(body: CaseEnded, state: State, at: str) -> State:
    return _moved(
        state, "ended", ended_at=at, outcome=body.outcome, reasons=tuple(body.reasons), recovered=body.recovered,
        doubled=body.doubled, on_site=body.on_site, testing_from="", tested_days=_tested(state, at),
    )  # fmt: skip


@_after.register
def _(_body: CaseTold, state: State, at: str) -> State:
    return _moved(state, "told", told_at=at)


@_after.register
def _(_body: CaseClosed, state: State, at: str) -> State:
    return _moved(state, "closed", closed_at=at)


@_after.register
def _(body: CaseCalledBack, state: State, _at: str) -> State:
    return msgspec.structs.replace(state, called=state.called + 1, level=body.level or 0)


@_after.register
def _(_body: CaseReopened, state: State, _at: str) -> State:
    """Back to where it can be decided anew; when it was received and accepted is as it was. "": as it was filed."""
    phase: Phase = "accepted" if state.accepted_at else "received" if state.received_at else ""
    return _moved(
        state, phase, ended_at="", told_at="", closed_at="", outcome="", reasons=(), recovered=0, doubled=0,
        on_site=False, level=0, into="",
    )  # fmt: skip


@_after.register
def _(body: CaseClassified, state: State, _at: str) -> State:
    return msgspec.structs.replace(
        state, version=body.version, goods=body.goods, service=body.service, grievances=tuple(body.grievances)
    )


@_after.register
def _(body: CaseEnforced, state: State, _at: str) -> State:
    return msgspec.structs.replace(state, enforced=body.fine)


@_after.register
def _(body: CaseMerged, state: State, _at: str) -> State:
    return _moved(state, "merged", into=body.into)


# --- the time that runs ---------------------------------------------------------------------------

#: Which statutory time runs (`reports.deadlines`), and the day it runs from; ("", "") while none does.
Running = tuple[str, str]


def is_regulators(state: State, intake: Intake) -> bool:
    """Whether a complaint is a market regulator's to decide, of a state that knows how it was filed.

    Order 121 binds market regulators alone. What was received by being filed at an association's or another's window is
    theirs; a pre-registration is nobody's there until somebody notes that the authority has it.
    """
    return intake == "regulator" or len(state.received_at) > len("2027-03-15")


def running(state: State, matter: Matter, intake: Intake) -> Running:
    """The time that runs for a case, of a state that knows how it was filed; none where no regulator has it.

    What is to be supplemented stops no clock: the law as verified does not say so.
    """
    if matter == "report" or not is_regulators(state, intake):
        return "", ""
    if state.phase in ("received", "supplement", "refused"):
        return "decide", state.received_at[:10]
    if state.phase == "accepted":
        return "mediate", (day_of(state.accepted_at) + timedelta(days=state.tested_days)).isoformat()
    if state.phase == "ended" and not state.on_site:
        return "tell", state.ended_at[:10]
    return "", ""


def day_of(at: str) -> date:
    return date.fromisoformat(at[:10])
