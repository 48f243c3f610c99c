"""What many look at: nobody waits but the first, and nobody is shown what is long past."""

import threading

import pytest

from kiosk.hub.lookouts import Lookout
from tests.clocks import FakeClock


class Sums:
    """Something that takes long to add up: it is done when a test says so."""

    def __init__(self):
        self.made, self.is_slow, self.may_end, self.ended = 0, False, threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.made += 1
        value = self.made
        if self.is_slow:
            assert self.may_end.wait(60)
        self.ended.set()
        return value


def test_within_a_second_everybody_sees_the_same():
    clock, sums = FakeClock(), Sums()
    lookout = Lookout(clock)
    assert [lookout.see("demo", sums) for _ in range(3)] == [1, 1, 1]
    assert lookout.see("other", sums) == 2


def test_after_a_second_it_is_added_up_anew_and_nobody_waits():
    clock, sums = FakeClock(), Sums()
    lookout = Lookout(clock)
    lookout.see("demo", sums)
    sums.ended.clear()
    sums.is_slow = True
    clock.tick(1.5)
    assert [lookout.see("demo", sums) for _ in range(3)] == [1, 1, 1]
    sums.may_end.set()
    assert sums.ended.wait(60)
    while lookout.see("demo", sums) == 1:  # it is put in its place a moment after it was made
        pass
    assert (lookout.see("demo", sums), sums.made) == (2, 2)


def test_what_is_long_past_is_shown_to_nobody():
    clock, sums = FakeClock(), Sums()
    lookout = Lookout(clock)
    lookout.see("demo", sums)
    clock.tick(60)
    assert lookout.see("demo", sums) == 2


class Slow(Sums):
    """Takes so many seconds."""

    def __init__(self, clock: FakeClock, seconds: float):
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def __call__(self) -> int:
        self.clock.tick(self.seconds)
        return super().__call__()


@pytest.mark.parametrize(("seconds", "fresh"), [(0.05, 1), (0.3, 3), (3, 5)])
def test_what_takes_long_is_added_up_less_often(seconds, fresh):
    clock = FakeClock()
    lookout, sums = Lookout(clock), Slow(clock, seconds)
    lookout.see("demo", sums)
    clock.tick(fresh - seconds - 0.01)  # from when it was begun
    assert lookout.now("demo", sums) == 1
    clock.tick(0.01)
    assert lookout.now("demo", sums) == 2


def test_a_failure_behind_the_scenes_is_told_to_whoever_asks_next():
    clock = FakeClock()
    lookout = Lookout(clock)
    tried = threading.Event()

    def fails() -> int:
        tried.set()
        raise OSError("the database is gone")

    lookout.see("demo", lambda: 1)
    clock.tick(2)
    assert lookout.see("demo", fails) == 1
    assert tried.wait(60)
    while lookout._kept:
        pass
    assert lookout.see("demo", lambda: 5) == 5
