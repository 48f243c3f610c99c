"""The rights quiz: each answer, and a quiz played to its end."""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug

Answered = Annotated[int, msgspec.Meta(ge=1, le=50)]


@kind("quiz.answered")
class QuizAnswered(Body, frozen=True):
    """A first try at one question. Trying again after the explanation is not recorded."""

    session: Id  # one play of one visitor; thrown away with the visit, links nothing to a person
    question: Slug
    chosen: Annotated[list[Slug], msgspec.Meta(min_length=1, max_length=8)]  # option ids as touched
    right: bool
    ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]  # from question shown to answer


@kind("quiz.finished")
class QuizFinished(Body, frozen=True):
    """Every question of a play was answered."""

    session: Id
    questions: Answered  # how many were asked
    right: Annotated[int, msgspec.Meta(ge=0, le=50)]
    passed: bool  # at or above the pass mark in force at that moment
    pass_mark: Annotated[int, msgspec.Meta(ge=0, le=50)]
