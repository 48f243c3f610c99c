"""The rights quiz: each answer, and a quiz played to its end."""

from typing import Annotated, Any, Literal

import msgspec

from kiosk.facts.kinds import REGISTRY, Body, kind
from kiosk.values import Id, Slug

Answered = Annotated[int, msgspec.Meta(ge=1, le=50)]


@kind("quiz.answered", 2)
class QuizAnswered(Body, frozen=True):
    """A first try at one question. Trying again after the explanation is not recorded.

    With its pack the answer stays readable for ever: that version says which options were shown, and what they said.
    """

    session: Id  # one play of one visitor; thrown away with the visit, links nothing to a person
    question: Slug
    chosen: Annotated[list[Slug], msgspec.Meta(min_length=1, max_length=8)]  # option ids as touched
    right: bool
    ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]  # from question shown to answer
    pack: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{12})?\Z")]  # version of the pack; empty: not noted yet then
    mode: Slug  # length of the play
    lang: Literal["zh", "en"]  # of the page
    on: Literal["tablet", "phone"]  # whose screen
    helped: bool  # a volunteer touched the screen for the visitor


@REGISTRY.upcaster("quiz.answered", 1)
def _first_answers(body: dict[str, Any]) -> dict[str, Any]:
    """Release 1 knew one length of play, on tablets."""
    return {**body, "pack": "", "mode": "standard", "lang": "zh", "on": "tablet", "helped": False}


@kind("quiz.finished")
class QuizFinished(Body, frozen=True):
    """Every question of a play was answered."""

    session: Id
    questions: Answered  # how many were asked
    right: Annotated[int, msgspec.Meta(ge=0, le=50)]
    passed: bool  # at or above the pass mark in force at that moment
    pass_mark: Annotated[int, msgspec.Meta(ge=0, le=50)]
