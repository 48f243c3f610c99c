"""Numbers as bars to be drawn: where each stands and how high, in per cent of the drawing. Pure, and without a word of
markup: the macro in templates/hub/_charts.html draws them.
"""

from collections.abc import Collection, Sequence

import msgspec

#: Of a bar's place so much is left free beside it.
_GAP = 0.26


class Bar(msgspec.Struct, frozen=True):
    """One of them. Places and sizes are per cent of the drawing's width, and of the height of the highest."""

    label: str
    n: int
    x: float  # where it begins
    width: float
    height: float  # 0 … 100
    is_peak: bool  # the first of the highest
    is_marked: bool  # its label is written under it; all stand in the table

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


class Bars(msgspec.Struct, frozen=True):
    bars: list[Bar]
    total: int
    top: int  # the highest number, 0 where there is nothing


def bars(values: Sequence[int], labels: Sequence[str], marked: Collection[str] | None = None) -> Bars:
    """Bars side by side over the whole width, of as many values as labels. One below nothing has no height.

    Of `marked` labels, without any of all of them, it is said that they are written.
    """
    step = 100 / max(1, len(values))
    top = max([0, *values])
    peak = values.index(top) if top else -1
    drawn = [
        Bar(
            label,
            n,
            round(step * (place + _GAP / 2), 2),
            round(step * (1 - _GAP), 2),
            round(max(0, n) * 100 / top, 2) if top else 0.0,
            place == peak,
            marked is None or label in marked,
        )
        for place, (n, label) in enumerate(zip(values, labels, strict=True))
    ]
    return Bars(drawn, sum(values), top)
