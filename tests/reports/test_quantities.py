"""What people write for a number: read one way or refused with a word for why."""

import pytest

from kiosk.reports import quantities


@pytest.mark.parametrize(
    ("written", "unit", "n"),
    [
        ("30万", "条", 300_000),
        ("30万条", "条", 300_000),
        ("1.5万", "份", 15_000),
        ("３，０００", "份", 3_000),
        ("1,234.5", "元", 123_450),
        ("511.5万元", "元", 511_500_000),
        ("511.5", "万元", 511_500_000),
        ("7万", "元", 7_000_000),
        ("3吨", "千克", 3_000_000),
        ("3千克", "千克", 3_000),
        ("1.5小时", "小时", 5_400),
        ("90分钟", "小时", 5_400),
        ("0", "件", 0),
    ],
)
def test_a_number_is_kept_in_the_smallest_unit(written, unit, n):
    assert quantities.read(written, unit) == quantities.Quantity(n)


@pytest.mark.parametrize(
    ("written", "unit", "fault"),
    [
        ("", "件", "missing"),
        ("-3", "份", "negative"),
        ("−3", "份", "negative"),
        ("三百", "份", "letters"),
        ("1e9", "份", "letters"),
        ("=1+1", "份", "letters"),
        ("12:30", "小时", "letters"),
        ("𠮷", "份", "letters"),
        ("🎉3", "件", "letters"),
        ("9" * 41, "件", "many"),
        ("3" * 5_000, "件", "many"),
        ("2万余", "份", "about"),
        ("近万", "份", "about"),
        ("3.5", "件", "fraction"),
        ("1.005", "元", "fraction"),
        ("1530床", "件", "unit"),
        ("3吨", "元", "unit"),
        ("1,23", "份", "commas"),
        ("20000亿", "元", "many"),
    ],
)
def test_what_could_mean_anything_else_is_refused(written, unit, fault):
    assert quantities.read(written, unit).fault == fault


@pytest.mark.parametrize(
    ("n", "unit", "says"),
    [(300_000, "条", "300,000"), (123_450, "元", "1,234.50"), (3_500, "千克", "3.5"), (5_400, "小时", "1.5"),
     (511_500_000, "万元", "511.5"), (1_000, "小时", "0.277778"), (0, "元", "0.00")],
)  # fmt: skip
def test_it_is_said_back_as_people_read_it(n, unit, says):
    assert quantities.written(n, unit) == says


@pytest.mark.parametrize("unit", ["件", "元", "千克", "小时", "万元"])
@pytest.mark.parametrize("n", [0, 3_600, 1_234_800_000])
def test_what_is_put_into_a_field_reads_as_itself(n, unit):
    assert quantities.read(quantities.plain(n, unit), unit).n == n
