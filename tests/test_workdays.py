"""China's working days: the library's years, a notice entered by hand, and what is only estimated."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.workdays import Calendar, Day, Notice

#: Made up for these tests.
NOTICE = Notice(
    year=2027,
    off=["2027-01-01", *(f"2027-02-{day:02d}" for day in range(6, 13)), *(f"2027-10-{day:02d}" for day in range(1, 8))],
    worked=["2027-02-14", "2027-09-26"],
)
calendars = st.sampled_from([Calendar(), Calendar([NOTICE])])
days = st.dates(date(2024, 1, 1), date(2029, 12, 31))


def test_national_day_of_2026_is_off_and_its_made_up_days_are_worked():
    calendar = Calendar()
    assert not any(calendar.is_workday(date(2026, 10, day)) for day in range(1, 8))
    assert calendar.is_workday(date(2026, 10, 10))  # a Saturday that is made up for
    assert calendar.rolled(date(2026, 10, 2)) == Day(date(2026, 10, 8), is_estimated=False)


def test_a_plain_weekend_is_no_holiday():
    assert Calendar().rolled(date(2026, 3, 14)).day == date(2026, 3, 14)


def test_the_day_something_happened_does_not_count():
    assert Calendar().add_workdays(date(2026, 3, 16), 7) == Day(date(2026, 3, 25), is_estimated=False)


def test_a_year_without_a_notice_is_estimated_until_somebody_enters_it():
    day = date(2027, 2, 5)  # a Friday
    assert Calendar().add_workdays(day, 1) == Day(date(2027, 2, 8), is_estimated=True)
    assert Calendar([NOTICE]).add_workdays(day, 1) == Day(date(2027, 2, 14), is_estimated=False)
    assert Calendar().add_workdays(date(2026, 12, 30), 3).is_estimated, "it reaches into a year nobody knows"


def test_what_was_entered_counts_before_what_the_library_says():
    strike = Notice(year=2026, off=[f"2026-05-{day:02d}" for day in range(1, 8)], worked=[])
    assert Calendar([strike]).is_workday(date(2026, 10, 1))
    assert not Calendar([strike]).is_workday(date(2026, 5, 7))


@pytest.mark.parametrize(
    ("off", "worked"),
    [
        (["2026-01-01"], []),
        (["2027-02-30"], []),
        (["x"], []),
        (NOTICE.off, ["2027-02-15"]),
        (NOTICE.off, ["2027-01-01"]),
    ],
)
def test_a_notice_that_cannot_be_is_told(off, worked):
    assert Notice(year=2027, off=off, worked=worked).faults()


def test_a_notice_that_can_be_has_no_faults():
    assert NOTICE.faults() == []


@given(calendars, days, st.integers(0, 30))
def test_so_many_working_days_lie_between_and_the_last_is_one(calendar, day, n):
    end = calendar.add_workdays(day, n).day
    assert calendar.workdays_between(day, end) == n
    assert n == 0 or calendar.is_workday(end)


@given(calendars, days, st.integers(1, 20))
def test_who_begins_later_ends_no_earlier(calendar, day, n):
    later = day + timedelta(days=1)
    assert calendar.add_workdays(day, n).day <= calendar.add_workdays(later, n).day
    assert calendar.rolled(day).day <= calendar.rolled(later).day


@given(calendars, days)
def test_a_day_is_rolled_to_the_first_that_is_no_holiday(calendar, day):
    end = calendar.rolled(day).day
    assert not calendar.is_holiday(end)
    assert all(calendar.is_holiday(day + timedelta(days=n)) for n in range((end - day).days))


@given(days, st.integers(0, 20))
def test_whatever_touches_a_year_without_a_notice_says_so(day, n):
    found = Calendar().add_workdays(day, n)
    assert found.is_estimated == (found.day.year > 2026)
