"""Statutory time: when it is over, and where a database draws the line."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.reports.deadlines import CLOCKS, deadline, last_day, thresholds
from kiosk.workdays import Calendar, Notice

NOTICE = Notice(
    year=2027,
    off=[*(f"2027-02-{day:02d}" for day in range(6, 13)), *(f"2027-05-{day:02d}" for day in range(1, 6))],
    worked=["2027-02-14", "2027-05-08"],
)
calendars = st.sampled_from([Calendar(), Calendar([NOTICE])])
days = st.dates(date(2025, 6, 1), date(2028, 6, 1))
clocks = st.sampled_from(sorted(CLOCKS))


@pytest.mark.parametrize(
    ("clock", "began", "ends"),
    [
        ("decide", date(2026, 3, 15), date(2026, 3, 24)),  # a Sunday; seven working days from Monday on
        ("decide", date(2026, 9, 28), date(2026, 10, 13)),  # over National Day, with a Saturday made up for
        ("mediate", date(2026, 3, 16), date(2026, 5, 15)),
        ("mediate", date(2026, 8, 3), date(2026, 10, 8)),  # ends on 2 October: the first day after the holiday
        ("tell", date(2026, 4, 30), date(2026, 5, 13)),
    ],
)
def test_the_last_day_of_each_time(clock, began, ends):
    assert last_day(clock, began, Calendar()).day == ends


def test_on_the_last_day_it_is_not_over_and_on_the_next_it_is():
    today = [deadline("decide", "2026-03-16", date(2026, 3, day), Calendar()) for day in (20, 25, 26)]
    assert [(one.left, one.is_overdue, one.is_soon) for one in today] == [
        (3, False, True), (0, False, True), (-1, True, False),
    ]  # fmt: skip


def test_over_by_a_weekend_is_over():
    assert deadline("mediate", "2026-03-17", date(2026, 5, 17), Calendar()).left == -1  # ended on Saturday the 16th


def test_of_later_years_it_says_that_it_is_estimated():
    assert deadline("decide", "2027-03-15", date(2027, 3, 16), Calendar()).is_estimated
    assert not deadline("decide", "2027-03-15", date(2027, 3, 16), Calendar([NOTICE])).is_estimated


@pytest.mark.parametrize("began", ["", "0001-01-01", "9999-12-31", "2027-02-30", "x"])
def test_a_day_no_calendar_has_breaks_nothing(began):
    found = deadline("decide", began, date(2027, 3, 16), Calendar())
    assert found is None or found.is_overdue


def test_nothing_is_due_where_no_clock_runs():
    assert deadline("", "2027-03-15", date(2027, 3, 16), Calendar()) is None


@given(calendars, clocks, days)
def test_what_begins_later_ends_no_earlier(calendar, clock, began):
    assert last_day(clock, began, calendar).day <= last_day(clock, began + timedelta(days=1), calendar).day


@given(calendars, clocks, days, st.integers(-130, 10))
def test_the_line_a_database_draws_says_what_the_deadline_says(calendar, clock, today, before):
    began = (today + timedelta(days=before)).isoformat()
    line, end = thresholds(today, calendar)[clock], deadline(clock, began, today, calendar)
    assert (began <= line.overdue) == end.is_overdue
    assert (line.overdue < began <= line.soon) == end.is_soon
