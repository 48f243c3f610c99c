"""Bars: as wide as there is room, as high as their share of the highest, and none below nothing."""

from itertools import pairwise

from kiosk.reports.curves import bars


def test_bars_stand_side_by_side_and_the_highest_fills_the_height():
    chart = bars([10, 40, 0, 40], ["a", "b", "c", "d"], marked=["a", "c"])
    assert [(bar.height, bar.is_peak, bar.is_marked) for bar in chart.bars] == [
        (25.0, False, True),
        (100.0, True, False),
        (0.0, False, True),
        (100.0, False, False),
    ]
    assert (chart.top, chart.total) == (40, 90)
    places = [(bar.x, bar.x + bar.width) for bar in chart.bars]
    assert all(ends < begins for (_, ends), (begins, _) in pairwise(places))
    assert 0 < places[0][0] < places[-1][1] < 100
    assert [bar.middle for bar in chart.bars] == [12.5, 37.5, 62.5, 87.5]


def test_nothing_and_less_than_nothing_have_no_height():
    assert [bar.height for bar in bars([0, 0], ["a", "b"]).bars] == [0, 0]
    chart = bars([-3, 6], ["a", "b"])
    assert [(bar.n, bar.height, bar.is_marked) for bar in chart.bars] == [(-3, 0, True), (6, 100, True)]
    assert bars([], []).bars == []
