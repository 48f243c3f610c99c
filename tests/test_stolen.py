"""The bench says what the host stole, measures a latency again where that was much, and holds rows against limits."""

import pytest

from tests.bench import stolen
from tests.bench.rows import Row, alternating, table, watched
from tests.bench.stolen import Noise, Watch, quietly


@pytest.fixture
def stat(tmp_path, monkeypatch):
    """The machine's account of its processors' time, as a test writes it."""
    file = tmp_path / "stat"
    monkeypatch.setattr(stolen, "_STAT", file)

    def write(busy: int, idle: int, taken: int) -> None:
        file.write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 {taken} 99 99\ncpu0 1 1 1 1 1 1 1 1 1 1\n", "ascii")

    write(0, 0, 0)
    return write


def tried(shares: list[float | None], values: str):
    told, found = iter(shares), iter(values)
    return quietly(lambda: next(found), lambda: lambda: next(told))


def test_the_share_is_of_all_processors_and_counts_nothing_twice(stat):
    watch = Watch.start()
    stat(500, 250, 250)
    assert watch.percent() == 25


def test_where_nobody_says_or_no_time_passed_there_is_no_share(stat, tmp_path):
    watch = Watch.start()
    stat(2, 1, 1)
    assert watch.percent() is None
    (tmp_path / "stat").unlink()
    assert (watch.percent(), Watch.start().percent()) == (None, None)


def test_a_quiet_try_stands_and_the_quietest_of_three_others():
    assert tried([1.9], "a") == ("a", Noise(1.9, 1))
    assert tried([None], "a") == ("a", Noise(None, 1))
    assert tried([30, 0.5], "ab") == ("b", Noise(0.5, 2))
    assert tried([30, 12, 20], "abc") == ("b", Noise(12, 3))


def test_each_row_says_what_was_stolen_meanwhile(stat):
    def rows():
        stat(50, 40, 10)
        yield Row("one", "ms", [(1.0, 1.0)], 2)
        yield Row("of the same measurement", "ms", [(1.0, 1.0)], 2)
        stat(150, 140, 10)
        yield Row("another", "ms", [(1.0, 1.0)], 2)
        yield Row("tried", "ms", [(1.0, 1.0)], 2, noise=Noise(7.4, 3))

    assert [row.columns()[-1] for row in watched(rows())] == ["10 %", "10 %", "0 %", "7 %, quietest of 3"]


@pytest.mark.parametrize(
    ("limits", "is_kept"),
    [
        ({"limit": 0.5}, True),
        ({"limit": 0.4}, False),
        ({"alone": 2}, True),
        ({"alone": 1.9}, False),
        ({"limit": 0.5, "alone": 1.9}, False),
        ({"limit": 0.4, "alone": 2}, False),
        ({"limit": 0.5, "alone": 2, "is_least": True}, True),
        ({"limit": 0.6, "is_least": True}, False),
        ({"alone": 2.1, "is_least": True}, False),
    ],
)
def test_the_median_of_the_rounds_is_held_against_every_limit(limits, is_kept):
    assert Row("", "ms", [(2.0, 4.0), (1.0, 2.0), (90.0, 180.0)], **limits).is_kept is is_kept


def test_a_row_shows_its_limits_and_no_floor_where_there_is_none():
    beside = Row("pages", "ms", [(10.0, 40.0), (20.0, 40.0), (30.0, 40.0)], 0.5, alone=1_000)
    assert beside.columns() == ("pages", "20 ms", "40 ms", "0.50", "≤ 0.5 ×, 1,000 ms", "pass", "100%", "")
    alone = Row("facts", "/s", [(5.0,)], alone=6, is_least=True)
    assert alone.columns() == ("facts", "5 /s", "", "", "≥ 6 /s", "FAIL", "0%", "")


def test_the_table_stands_in_columns():
    lines = table([Row("a long name", "s", [(1.0, 1.0)], 2), Row("short", "s", [(1.0,)], alone=2)]).splitlines()
    assert [line.index("pass") for line in lines[1:]] == [lines[1].index("pass")] * 2


def test_both_sides_are_measured_in_turns():
    order: list[str] = []
    rounds = alternating(3, lambda: order.append("a") or 1.0, lambda: order.append("b") or 2.0)
    assert ("".join(order), rounds) == ("abbaab", [(1.0, 2.0)] * 3)
