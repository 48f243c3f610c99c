"""A release later than this one, as far as facts are concerned."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kiosk.facts.kinds import Body
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import reading
from kiosk.reports.amounts import amounts


class NewTally(Body, frozen=True):
    """What a tap could be in a later release: `n` is called `times`, and it says how it was counted."""

    counter: str
    times: int
    how: str


class PrizeGiven(Body, frozen=True):
    """A kind that only a later release knows."""

    prize: str


@amounts.register
def _(body: NewTally) -> dict[str, int]:
    return {f"tally.{body.counter}": body.times}


@amounts.register
def _(_body: PrizeGiven) -> dict[str, int]:
    return {"prize.given": 1}


@contextmanager
def a_later_release() -> Iterator[None]:
    """This very program, but taps have a second version, read through an upcaster, and prizes are known."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRY._current, "tally.counted", (2, NewTally))
        patch.setitem(REGISTRY._names, NewTally, "tally.counted")
        patch.setitem(
            REGISTRY._upcasters,
            ("tally.counted", 1),
            lambda body: {"counter": body["counter"], "times": body["n"], "how": "touch"},
        )
        patch.setitem(REGISTRY._current, "prize.given", (1, PrizeGiven))
        patch.setitem(REGISTRY._names, PrizeGiven, "prize.given")
        reading._meaning_of.cache_clear()
        yield
    reading._meaning_of.cache_clear()
