"""Surveys: that one was answered, and what was chosen. What was written in words is sealed."""

from typing import Annotated, Literal

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Hex32, Id, Slug

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")]
#: A code of a choice, a number or a date: never words.
_Value = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:+-]{1,64}\Z")]
_MaybeId = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{32})?\Z")]
_MaybeHash = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")]


@kind("survey.answered")
class SurveyAnswered(Body, frozen=True):
    """One person's answers, once they have reached the end."""

    survey: Slug
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    answers: dict[_Name, Annotated[list[_Value], msgspec.Meta(max_length=200)]]  # a choice of several has several
    asked: Annotated[int, msgspec.Meta(ge=0, le=1000)]  # questions that were shown
    ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]  # from the first screen to the last
    valid: bool  # everything required was answered, and not quicker than anybody reads
    lang: Literal["zh", "en"]
    large: bool
    channel: Literal["booth", "assisted", "wifi", "phone"]  # tablet; with a volunteer; phone at the tablet, at the hub
    phase: Literal["", "before", "after"]  # of the pair around a quiz
    play: _MaybeId  # that quiz; or ""
    blob: _MaybeHash  # of what was written in words, sealed; or ""
    size: Annotated[int, msgspec.Meta(ge=0, le=64 * 1024)]  # bytes of it


#: Where the facts of a survey as such have a desk: none of the fair's. So have answers from phones of which nobody
#: knows.
DESK = "survey"
#: Why the words people wrote are opened.
Opening = Literal["reading", "supervision"]
OPENINGS: tuple[Opening, ...] = ("reading", "supervision")


@kind("survey.added")
class SurveyAdded(Body, frozen=True):
    """A survey, or a new version of one, was kept at the hub. What it asks stands in no fact, only its hash."""

    survey: Slug
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    digest: Hex32  # SHA-256 of the survey as it is kept


@kind("survey.opened")
class SurveyOpened(Body, frozen=True):
    """A named person opened words that people wrote. The envelope's `by` says who."""

    survey: Slug
    reason: Opening


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content, in memory only: what one person wrote in words, and where it belongs, compared after opening."""

    words: dict[str, str]  # name of the question → what was written
    survey: Slug
    fair: str
    fact: Id  # that names the content
