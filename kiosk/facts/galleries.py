"""The counterfeit gallery: what was looked at, which one was taken for the fake, and what was found wrong with it."""

from typing import Annotated, Any

import msgspec

from kiosk.facts.kinds import REGISTRY, Body, kind
from kiosk.values import Hex32, Id, Slug

#: Region ids; an exhibit has at most as many.
Regions = Annotated[list[Slug], msgspec.Meta(max_length=6)]
#: Region → touches beside it.
Strays = Annotated[dict[Slug, Annotated[int, msgspec.Meta(ge=1, le=99)]], msgspec.Meta(max_length=6)]


@kind("exhibit.judged")
class ExhibitJudged(Body, frozen=True):
    session: Id  # the visit; see quizzes.QuizAnswered.session
    exhibit: Slug
    right: bool  # touched the fake


@kind("exhibit.viewed")
class ExhibitViewed(Body, frozen=True):
    """An exhibit was on the screen for three seconds or more: once a visit, for the first time it was."""

    session: Id
    exhibit: Slug
    ms: Annotated[int, msgspec.Meta(ge=3_000, le=600_000)]
    first: bool  # exhibit this visit looked at


@kind("exhibit.searched", version=2)
class ExhibitSearched(Body, frozen=True):
    """A search for what is wrong came to its end: all found, given up, or left."""

    session: Id
    exhibit: Slug
    found: Regions  # in the order they were found
    missed: Regions
    hints: Annotated[int, msgspec.Meta(ge=0, le=20)]
    false: Annotated[int, msgspec.Meta(ge=0, le=99)]  # touches where nothing is wrong
    strays: Strays  # each of these under the region that was nearest of those not found by then


@REGISTRY.upcaster("exhibit.searched", 1)
def _first_searches(body: dict[str, Any]) -> dict[str, Any]:
    """Release 1 did not say what they were nearest to; nobody can know."""
    return {**body, "strays": {}}


@kind("exhibit.approved")
class ExhibitApproved(Body, frozen=True):
    """A volunteer stands for an exhibit made at the tablet: it is shown from here on, as long as it stays as it is."""

    exhibit: Slug
    digest: Hex32  # SHA-256 of its file, which names that of its photo


@kind("exhibit.withdrawn")
class ExhibitWithdrawn(Body, frozen=True):
    """It is shown no more."""

    exhibit: Slug
