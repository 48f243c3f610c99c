"""What day it is, by the hub's time as it was last noted, whichever program noted it."""

from contextlib import closing
from datetime import timedelta

from kiosk.booth import days
from kiosk.booth.context import Booth
from kiosk.booth.journal import Draft, Journal
from kiosk.clock import stamp
from kiosk.sync.push import Meeting
from tests.clocks import FakeClock
from tests.makers import a_headcount, an_id

HOUR = timedelta(hours=1)


def note_the_hub_s_time(journal: Journal, clock: FakeClock, ahead: timedelta) -> None:
    """The hub is asked, whose clock is ahead of the tablet's."""
    assert journal.compare_clocks(Meeting(stamp(clock.now() + ahead), clock.monotonic(), 0))


def test_without_the_hub_s_time_it_is_what_the_tablet_s_clock_says(booth: Booth, clock: FakeClock):
    assert days.now(booth).moment == clock.now()


def test_the_hub_s_time_is_believed_once_this_program_has_noted_it(booth: Booth, clock: FakeClock):
    days.now(booth)
    note_the_hub_s_time(booth.journal, clock, HOUR)
    assert days.now(booth).moment == clock.now() + HOUR


def test_the_hub_s_time_is_believed_once_another_program_has_noted_it(booth: Booth, clock: FakeClock):
    """`kiosk booth sync` runs beside the server."""
    days.now(booth)
    with closing(Journal(booth.journal.file, clock)) as beside:
        note_the_hub_s_time(beside, clock, HOUR)
    assert days.now(booth).moment == clock.now() + HOUR


def test_what_is_recorded_afterwards_leaves_it_noted(booth: Booth, clock: FakeClock):
    note_the_hub_s_time(booth.journal, clock, HOUR)
    for number in range(3):
        assert days.now(booth).moment == clock.now() + HOUR
        booth.journal.append(Draft(an_id(number), a_headcount(), "li"))
