"""How long cases take between four moments (接收, 分流, 处置, 反馈), and the median hours of each step. Pure.

A median of medians says nothing: whoever puts cases of several places together puts their minutes together.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

import msgspec

from kiosk.facts.lives import State

#: Step → the moments between which it lies.
STEPS: Mapping[str, tuple[str, str]] = {
    "sort": ("received", "sorted"),
    "end": ("received", "ended"),
    "tell": ("ended", "told"),
}
_MINUTE = timedelta(minutes=1)


class Moments(msgspec.Struct, frozen=True):
    """Of one case, as its facts have them (RFC 3339); "" for what has not come yet."""

    received: str
    sorted: str
    ended: str
    told: str

    @classmethod
    def of(cls, state: State, filed_at: str) -> "Moments":
        """Of a state that knows how its case was filed: at a published window it was received by that."""
        received = filed_at if len(state.received_at) == len("2027-03-15") else state.received_at
        return cls(received, state.sorted_at, state.ended_at, state.told_at)


def minutes(cases: Iterable[Moments]) -> dict[str, list[int]]:
    """Step → whole minutes of every case that took it, in no order.

    A case that was passed on before it was received took no time to be sorted: it is left out of that step.
    """
    found: dict[str, list[int]] = {step: [] for step in STEPS}
    for one in cases:
        for step, (began, ended) in STEPS.items():
            since, until = getattr(one, began), getattr(one, ended)
            if (
                since
                and until
                and (took := datetime.fromisoformat(until) - datetime.fromisoformat(since)) >= timedelta()
            ):
                found[step].append(took // _MINUTE)
    return found


def median_hours(taken: Sequence[int]) -> float | None:
    """The middle one of some minutes, as hours with one decimal; None where there are none."""
    return round(median(taken) / 60, 1) if taken else None
