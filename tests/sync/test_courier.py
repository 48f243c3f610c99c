"""The courier who keeps trying, and how long it waits between two tries."""

import random
import threading

import pytest

from kiosk.errors import SYNC_BUSY, SYNC_UNREACHABLE, Problem
from kiosk.sync.courier import LONGEST, Courier, Pauses, retry_after


class Fixed(random.Random):
    """A die with one number on all its sides."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self._number = number

    def random(self) -> float:
        return self._number


def test_while_things_go_well_the_pauses_are_steady():
    pauses = Pauses(30)
    assert [pauses.after_success() for _ in range(3)] == [30, 30, 30]


def test_each_failure_makes_them_longer_up_to_an_end_and_a_success_makes_them_short_again():
    pauses = Pauses(30, dice=Fixed(0))
    assert [pauses.after_failure() for _ in range(6)] == [30, 60, 120, 240, 300, 300]
    pauses.after_success()
    assert pauses.after_failure() == 30


def test_up_to_a_half_is_drawn_by_lot():
    drawn = [Pauses(30, dice=random.Random(seed)).after_failure() for seed in range(200)]
    assert all(30 <= pause < 45 for pause in drawn)
    assert max(drawn) - min(drawn) > 13


def test_a_thousand_failures_are_no_overflow():
    pauses = Pauses(30, dice=Fixed(0))
    assert [pauses.after_failure() for _ in range(2000)][-1] == 300


def test_what_the_other_side_asks_for_is_heeded_within_reason():
    pauses = Pauses(30, dice=Fixed(0))
    assert pauses.after_failure(asked_for=77) == 77
    assert pauses.after_failure(asked_for=10**9) == LONGEST


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7), (" 7 ", 7), ("99999999999", LONGEST), ("Wed, 21 Oct 2015 07:28:00 GMT", 60), ("-1", 60), ("٧", 60)],
)
def test_retry_after_is_read_whatever_it_says(given: str, seconds: int):
    assert retry_after({"retry-AFTER": given}) == seconds


def test_without_retry_after_nothing_is_asked_for():
    assert retry_after({"Content-Type": "text/plain"}) == 0


def test_a_courier_goes_on_whatever_happens():
    tries: list[int] = []
    enough = threading.Event()

    def errand() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise Problem(SYNC_UNREACHABLE, reason="no network")
        if len(tries) == 2:
            raise RuntimeError("something nobody thought of")
        enough.set()

    courier = Courier(errand, Pauses(0))
    courier.start()
    assert enough.wait(60)
    courier.stop()
    assert not courier.is_alive()


def test_a_courier_waits_as_long_as_it_was_asked_to():
    def busy() -> None:
        raise Problem(SYNC_BUSY, seconds=77)

    assert Courier(busy, Pauses(30, dice=Fixed(0)))._try() == 77
    assert Courier(lambda: None, Pauses(30))._try() == 30


def test_a_courier_s_log_holds_no_message_of_an_unknown_error(caplog: pytest.LogCaptureFixture):
    told = threading.Event()

    def errand() -> None:
        told.set()
        raise RuntimeError("13800000000")

    courier = Courier(errand, Pauses(0))
    courier.start()
    assert told.wait(60)
    courier.stop()
    assert "RuntimeError" in caplog.text
    assert "13800000000" not in caplog.text
