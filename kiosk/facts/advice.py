"""Answer me later: a question the desk cannot answer, and the answer under its code, for everybody to read.

The question is what a stranger wrote. It is sealed to the hub's key like a complaint; the fact names the sealed blob.
The answer is public from the start, and so is what the answerer makes of the question.
"""

from typing import Annotated, Any, Literal

import msgspec

from kiosk.facts.complaints import CaseNumber, Context
from kiosk.facts.kinds import REGISTRY, Body, kind
from kiosk.values import Hex32

#: Characters of a question, of an answer, of a question as it is published.
QUESTION_LIMIT = 500
ANSWER_LIMIT = 2_000
WORDING_LIMIT = 300

#: Why a question is opened.
Opening = Literal["answering", "supervision"]
OPENINGS: tuple[Opening, ...] = ("answering", "supervision")


@kind("advice.asked")
class AdviceAsked(Body, frozen=True):
    number: CaseNumber  # the code on the slip: drawn and checked as a case number is
    blob: Hex32  # of the sealed question
    size: Annotated[int, msgspec.Meta(ge=1, le=64 * 1024)]  # bytes of the sealed question
    channel: Literal["visitor", "volunteer"]  # who typed it


@kind("advice.opened", 2)
class AdviceOpened(Body, frozen=True):
    """A named person opened a sealed question. The envelope's `by` says who."""

    number: CaseNumber
    reason: Opening


@REGISTRY.upcaster("advice.opened", 1)
def _first_openings(body: dict[str, Any]) -> dict[str, Any]:
    """The first release asked for no reason."""
    return {**body, "reason": "answering"}


@kind("advice.answered")
class AdviceAnswered(Body, frozen=True):
    """The answer to a question, published. The newest one holds."""

    number: CaseNumber
    answer: Annotated[str, msgspec.Meta(min_length=1, max_length=ANSWER_LIMIT)]
    question: Annotated[str, msgspec.Meta(max_length=WORDING_LIMIT)]  # as the answerer words it for the list; "" none
    again: bool  # it takes the place of an earlier answer


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content, in memory only."""

    text: str
    context: Context  # its `case` is the number
