"""Facts that name sealed content: which kinds they are, and whose content it is."""

from kiosk.facts.advice import AdviceAsked
from kiosk.facts.cases import CaseNoted
from kiosk.facts.complaints import ComplaintEvidence, ComplaintFiled
from kiosk.facts.figures import FigureTyped, RecordListed
from kiosk.facts.kinds import REGISTRY, Body
from kiosk.facts.surveys import SurveyAnswered

Naming = AdviceAsked | CaseNoted | ComplaintEvidence | ComplaintFiled | FigureTyped | RecordListed | SurveyAnswered
#: The bodies that have a `blob` of that sort, and how their kinds are called.
BODIES: frozenset[type[Naming]] = frozenset(
    {AdviceAsked, CaseNoted, ComplaintEvidence, ComplaintFiled, FigureTyped, RecordListed, SurveyAnswered}
)
KINDS = tuple(name for name in REGISTRY.names() if REGISTRY.shape_of(name) in BODIES)


def named_by(body: Body | None) -> Naming | None:
    """The body itself if it names sealed content. A survey without a word, a figure without an attachment name none."""
    return body if isinstance(body, Naming) and body.blob else None


def case_of(body: Naming) -> str:
    """The case the content is of; of a question its number, which is one of the same sort; of all others none, ""."""
    if isinstance(body, FigureTyped | RecordListed | SurveyAnswered):
        return ""
    return body.number if isinstance(body, AdviceAsked) else body.case
