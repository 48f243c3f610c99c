"""A case: the life of a complaint (投诉) or report (举报) after the booth, step by step, as the hub writes it down.

Every step is a fact of the hub's own journal; the envelope's `by` says who took it. Bodies hold codes, never free text:
what somebody writes about a case is sealed content that `case.noted` names. What may follow what is told by `lives`.
"""

from typing import Annotated, Any, Literal

import msgspec

from kiosk.facts.complaints import CaseNumber, Matter
from kiosk.facts.kinds import REGISTRY, Body, kind
from kiosk.values import Hex32, Id

#: A person's id at the hub, a unit of the fair, a code of a list: short, and without anything a name could stand in.
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
_NameOrNone = Annotated[str, msgspec.Meta(pattern=r"^(?:[a-z0-9][a-z0-9._-]{0,63})?\Z")]
#: In fen (分).
_Fen = Annotated[int, msgspec.Meta(ge=0, le=10**12)]

Road = Literal["platform", "letter", "hand", "phone"]
Delivery = Literal["sent", "acknowledged", "failed"]
Outcome = Literal["mediated", "settled", "withdrawn", "terminated", "handled"]
#: Why a complaint is not taken up, by the items of Order 121, article 16, in order; "by_law": whatever else a law says.
Refusal = Literal["no_power", "handled_before", "not_consumer", "too_late", "papers", "identity", "by_law"]
#: Why mediation ends without an agreement, by the items of article 23, in order.
Termination = Literal[
    "withdrawn", "unwilling", "no_agreement", "testing_costs", "time_over", "not_acceptable", "party_gone", "by_law"
]
#: What is still missing, by article 10 and 11.
Paper = Literal["identity", "respondent", "request", "grounds", "authority"]
#: What a case is opened for. There is no "other": a reason that is none of these is none.
Opening = Literal["handling", "call_back", "supervision", "person_asks", "duplicate"]
Reopening = Literal["person_objects", "not_kept", "mistake", "new_facts", "sent_back"]

Wish = Literal["export", "erasure"]

REFUSALS: tuple[Refusal, ...] = (
    "no_power", "handled_before", "not_consumer", "too_late", "papers", "identity", "by_law",
)  # fmt: skip
TERMINATIONS: tuple[Termination, ...] = (
    "withdrawn", "unwilling", "no_agreement", "testing_costs", "time_over", "not_acceptable", "party_gone", "by_law",
)  # fmt: skip
PAPERS: tuple[Paper, ...] = ("identity", "respondent", "request", "grounds", "authority")
OPENINGS: tuple[Opening, ...] = ("handling", "call_back", "supervision", "person_asks", "duplicate")
REOPENINGS: tuple[Reopening, ...] = ("person_objects", "not_kept", "mistake", "new_facts", "sent_back")
WISHES: tuple[Wish, ...] = ("export", "erasure")
ROADS: tuple[Road, ...] = ("platform", "letter", "hand", "phone")
DELIVERIES: tuple[Delivery, ...] = ("sent", "acknowledged", "failed")
OUTCOMES: tuple[Outcome, ...] = ("mediated", "settled", "withdrawn", "terminated", "handled")


class Step(Body, frozen=True):
    """What every step of a case says."""

    case: CaseNumber


# --- the steps ------------------------------------------------------------------------------------


@kind("case.received")
class CaseReceived(Step, frozen=True):
    """The authority has it (接收). Of what was filed at a published window that is so from the filing on."""


@kind("case.assigned")
class CaseAssigned(Step, frozen=True):
    """It was given to a unit of the fair or a person (分流); to nobody where both are empty."""

    unit: _NameOrNone
    handler: _NameOrNone


@kind("case.transferred")
class CaseTransferred(Step, frozen=True):
    """It was passed on to an outside body (转办), named as on its door."""

    recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    road: Road


@kind("case.delivery")
class CaseDelivery(Step, frozen=True):
    """How what was passed on fared. Says nothing of the case: a letter that came back leaves that as it was."""

    transfer: Id  # the fact that passed it on
    state: Delivery


@kind("case.accepted")
class CaseAccepted(Step, frozen=True):
    """受理."""


@kind("case.refused")
class CaseRefused(Step, frozen=True):
    """不予受理."""

    reasons: Annotated[list[Refusal], msgspec.Meta(min_length=1, max_length=7)]


@kind("case.supplement_asked")
class CaseSupplementAsked(Step, frozen=True):
    """Something is missing, and was asked for."""

    items: Annotated[list[Paper], msgspec.Meta(min_length=1, max_length=5)]
    days: Annotated[int, msgspec.Meta(ge=1, le=60)]  # working days to bring it


@kind("case.supplemented")
class CaseSupplemented(Step, frozen=True):
    """What was missing came."""


@kind("case.testing_begun")
class CaseTestingBegun(Step, frozen=True):
    """鉴定检测: its days do not count towards mediation."""


@kind("case.testing_ended")
class CaseTestingEnded(Step, frozen=True):
    pass


@kind("case.ended")
class CaseEnded(Step, frozen=True):
    """处置: what came of it."""

    matter: Matter
    outcome: Outcome
    reasons: Annotated[list[Termination], msgspec.Meta(max_length=8)]  # of a terminated one
    recovered: _Fen
    doubled: _Fen  # damages beyond the loss, for fraud (加倍赔偿); part of what was recovered
    on_site: bool  # settled before the person left the fair


@kind("case.told")
class CaseTold(Step, frozen=True):
    """反馈: the person knows what came of it."""

    road: Road


@kind("case.closed")
class CaseClosed(Step, frozen=True):
    """办结."""

    matter: Matter


@kind("case.called_back")
class CaseCalledBack(Step, frozen=True):
    """回访. Whoever was not reached has no say in how content people are."""

    reached: bool
    level: Annotated[int, msgspec.Meta(ge=1, le=4)] | None  # 非常满意, 满意, 一般, 不满意


@kind("case.reopened")
class CaseReopened(Step, frozen=True):
    """It goes on after its end. Says what no longer stands, so that the figures lose exactly what they had."""

    matter: Matter
    reason: Reopening
    outcome: Outcome | Literal["refused", ""]
    recovered: _Fen
    doubled: _Fen
    on_site: bool
    closed: bool
    merged: bool
    level: Annotated[int, msgspec.Meta(ge=0, le=4)]  # what the person said when called back; 0: nothing


@kind("case.classified")
class CaseClassified(Step, frozen=True):
    """What it is about. The last word counts."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z.-]{1,20}\Z")]  # of the code list
    goods: _NameOrNone
    service: _NameOrNone
    grievances: Annotated[list[_Name], msgspec.Meta(max_length=10)]


@kind("case.enforced")
class CaseEnforced(Step, frozen=True):
    """It led to a case of enforcement (诉转案), with these fines in all; null: it led to none after all.

    Says what was said of it before, and no longer stands. The last word counts.
    """

    fine: _Fen | None
    before: _Fen | None  # null: nothing


@kind("case.merged")
class CaseMerged(Step, frozen=True):
    """The same matter was filed twice: this one goes on under the other."""

    matter: Matter
    into: CaseNumber


@kind("case.noted")
class CaseNoted(Step, frozen=True):
    """Somebody wrote something down; it is sealed."""

    blob: Hex32
    size: Annotated[int, msgspec.Meta(ge=1, le=64 * 1024)]  # bytes of the sealed content


@kind("case.opened", 2)
class CaseOpened(Step, frozen=True):
    """A named person opened the sealed content of a case. The envelope's `by` says who."""

    reason: Opening


@REGISTRY.upcaster("case.opened", 1)
def _first_openings(body: dict[str, Any]) -> dict[str, Any]:
    """The first release asked for no reason."""
    return {**body, "reason": "handling"}


@kind("case.erased")
class CaseErased(Step, frozen=True):
    """The sealed content of a case was deleted because its time was over. What was filed, and when, stays."""

    blob: Hex32  # of the sealed content


@kind("case.request")
class CaseRequest(Step, frozen=True):
    """The person asked for what is kept of them, or for its deletion; one who works here took that down."""

    what: Wish


@kind("case.granted")
class CaseGranted(Step, frozen=True):
    """Another one who works here let it be done."""

    request: Id  # the fact that asked
