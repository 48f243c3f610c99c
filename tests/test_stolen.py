"""The bench says what the host stole, and measures a latency again where that was much."""

import pytest

from tests.bench import stolen
from tests.bench.__main__ import watched
from tests.bench.rows import Row
from tests.bench.stolen import Watch, quietly


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
    assert tried([1.9], "a") == stolen.Measured("a", 1.9, 1)
    assert tried([None], "a") == stolen.Measured("a", None, 1)
    assert tried([30, 0.5], "ab") == stolen.Measured("b", 0.5, 2)
    assert tried([30, 12, 20], "abc") == stolen.Measured("b", 12, 3)


def test_each_row_says_what_was_stolen_meanwhile(stat):
    def rows():
        stat(50, 40, 10)
        yield Row("one", "ms", [(1.0, 1.0)], 2)
        yield Row("of the same measurement", "ms", [(1.0, 1.0)], 2)
        stat(150, 140, 10)
        yield Row("another", "ms", [(1.0, 1.0)], 2)
        yield Row("tried", "ms", [(1.0, 1.0)], 2, stolen=7.4, tries=3)

    assert [row.columns()[-1] for row in watched(rows())] == ["10 %", "10 %", "0 %", "7 %, quietest of 3"]
