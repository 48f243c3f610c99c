"""What the bench prints, whatever becomes of a measurement."""

from collections.abc import Iterator

import pytest

from tests.bench.rows import Row, as_far_as_it_goes, for_the_page, table

QUICK = Row("quick", "/s", [(50.0, 100.0), (60.0, 100.0), (70.0, 100.0)], 0.5, is_least=True)
SLOW = Row("slow", "ms", [(1_200.0,)], alone=1_000)


def breaking_off() -> Iterator[Row]:
    yield QUICK
    raise ConnectionError("500:\n  no answer")


def test_a_measurement_that_breaks_off_leaves_what_it_had_and_a_row_that_says_why(capsys: pytest.CaptureFixture[str]):
    found = [*as_far_as_it_goes("taps", breaking_off()), *as_far_as_it_goes("pages", iter([SLOW]))]
    assert [row.name for row in found] == ["quick", "taps: broke off", "slow"]
    assert [row.is_kept for row in found] == [True, False, False]
    told = table(found).splitlines()[2]
    assert ("FAIL" in told, "ConnectionError 500: no answer" in told) == (True, True)
    assert "Traceback" in capsys.readouterr().err


def test_rows_are_told_as_the_page_tells_them():
    [broken] = [row for row in as_far_as_it_goes("taps", breaking_off()) if row.fault]
    assert for_the_page([QUICK, SLOW, broken]).splitlines() == [
        "| `quick` | 0.60 (60 /s beside 100 /s) |",
        "| `slow` | missed: 1,200 ms |",
        "| `taps: broke off` | missed: ConnectionError 500: no answer |",
    ]
