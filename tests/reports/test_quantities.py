"""What people write for a number: read one way or refused with a word for why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.figures import MOST
from kiosk.reports import quantities
from kiosk.reports.catalogue import SCALES


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
        ("3斤", "千克", 1_500),
        ("1.5 公斤", "千克", 1_500),
        ("3KG", "千克", 3_000),
        ("2.5t", "千克", 2_500_000),
        ("3千", "千克", 3_000_000),  # three thousand of them; 3千克 are three
        ("3角", "元", 30),
        ("1.00", "元", 100),
        ("12.34万", "份", 123_400),
        ("1千万", "条", 10**7),
        ("20 000", "份", 20_000),
        ("\ufeff1\u200b200", "份", 1_200),  # copied out of a table
        ("5.", "份", 5),
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
        ("3斤", "件", "unit"),
        ("3吨", "件", "unit"),
        ("3箱", "件", "unit"),
        ("3箱", "千克", "unit"),
        ("3件", "千克", "unit"),
        ("3人", "人次", "unit"),
        ("3人次", "人", "unit"),
        ("3条", "条次", "unit"),
        ("5户", "户次", "unit"),
        ("3元", "件", "unit"),
        ("90分", "小时", "unit"),
        ("0,001", "件", "commas"),
        ("3 15", "件", "commas"),
        ("1.000", "件", "fraction"),  # a thousand, or one
        ("1.000", "元", "fraction"),
        ("1万2", "件", "letters"),
        ("1小时30分", "小时", "letters"),
        ("10⁹", "件", "letters"),
        ("½", "件", "letters"),
        ("٣", "件", "letters"),
        ("5%", "件", "letters"),
        ("NaN", "件", "letters"),
        ("@SUM(A1)", "件", "letters"),
        ("<b>5</b>", "件", "letters"),
        ("12\u202e34", "件", "letters"),
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


@given(st.one_of(st.integers(0, 10**6), st.integers(0, MOST)), st.sampled_from([*SCALES, "件", "克"]))
def test_what_is_put_into_a_field_reads_as_itself(n, unit):
    assert quantities.read(quantities.plain(n, unit), unit) == quantities.Quantity(n)


@given(st.text(max_size=60), st.sampled_from([*SCALES, "件"]))
def test_whatever_is_written_is_a_number_there_is_or_refused(text, unit):
    found = quantities.read(text, unit)
    assert 0 <= found.n <= MOST
    assert not (found.n and found.fault)
