"""What charts are drawn of, in per cent of their room: bars in rows, a bar in pieces, steps of a funnel. Pure, and
without a word of markup: the macros of templates/hub/_charts.html draw them. Bars side by side are `reports.curves`.
"""

from collections.abc import Mapping, Sequence

import msgspec

from kiosk.packs.model import Text
from kiosk.reports.figures import percent


class Row(msgspec.Struct, frozen=True):
    """One bar of several below one another."""

    label: str
    n: int | str  # as it is written beside the bar; of a rate its per cent
    width: float  # per cent of the room
    address: str = ""  # where it is explained; or ""
    note: str = ""


class Piece(msgspec.Struct, frozen=True):
    """One piece of a bar that is made of several. Below nothing it has no width, and is listed all the same."""

    key: str
    n: int
    x: float
    width: float


class Step(msgspec.Struct, frozen=True):
    """One step of a funnel: what came so far, in the middle of the room."""

    label: Text
    n: int
    x: float
    width: float
    of_first: str | None  # per cent of the first step; None where these are too few to speak of a rate
    of_whole: str | None  # … of the step it is part of, where that is not the first
    key: str = ""  # of the figure it is
    whole: Text | None = None  # that step


def rows(labels: Sequence[str], values: Sequence[int], addresses: Sequence[str] = ()) -> list[Row]:
    """Bars as long as their share of the longest. One below nothing has no length."""
    top = max([0, *values])
    at = addresses or [""] * len(values)
    return [Row(label, n, _share(n, top), to) for label, n, to in zip(labels, values, at, strict=True)]


def stack(parts: Mapping[str, int]) -> list[Piece]:
    """Pieces one behind the other, which fill the room together. What is nothing is left out."""
    whole, x, found = sum(n for n in parts.values() if n > 0), 0.0, []
    for key, n in parts.items():
        if n:
            width = _share(n, whole)
            found.append(Piece(key, n, round(x, 2), width))
            x += width
    return found


def funnel(steps: Sequence[tuple[str, Text, int, str]]) -> list[Step]:
    """(key, label, n, key of what it is part of) of each step → bars in the middle, the highest as wide as the room.

    A step need not be part of the one before it: what is mediated is accepted, what is closed need not be mediated.
    """
    by_key, found = {key: (label, n) for key, label, n, _ in steps}, []
    first, top = (steps[0][2] if steps else 0), max([0, *(n for _, _, n, _ in steps)])
    for place, (key, label, n, of) in enumerate(steps):
        width = _share(n, top)
        whole, parts = by_key[of] if of and of != steps[0][0] else (None, 0)
        of_first = percent(n, first) if place else None
        of_whole = percent(n, parts) if whole else None
        found.append(Step(label, n, round((100 - width) / 2, 2), width, of_first, of_whole, key, whole))
    return found


def _share(n: int, whole: int) -> float:
    return round(max(0, n) * 100 / whole, 2) if whole else 0.0
