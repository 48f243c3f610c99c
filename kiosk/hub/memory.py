"""What a process of the hub remembers for a short while, and may forget at any time."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from kiosk.clock import Clock

_Value = TypeVar("_Value")
#: Milliseconds for which the same tries are counted, and so many of whom at once.
COUNTED, MOST = 600_000, 10_000
#: Milliseconds for which an answer of a moment ago will do.
MOMENT = 5_000


class Counts:
    """Tries by a mark of who tries. What a process counts is its own: for bounds that need not be exact."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[str, tuple[int, int]] = {}  # since when, how many

    def may(self, who: str, most: int) -> bool:
        """Count one more; whether it is within `most`."""
        now = self._clock.monotonic()
        with self._lock:
            since, count = self._counts.get(who, (now, 0))
            if now - since > COUNTED:
                del self._counts[who]  # it is the newest from here on
                since, count = now, 0
            if who not in self._counts and len(self._counts) >= MOST:
                del self._counts[next(iter(self._counts))]
            self._counts[who] = (since, min(count, most) + 1)
            return count < most


class Remembered(Generic[_Value]):
    """Answers by what was asked, as they were a moment ago. Problems are not remembered."""

    def __init__(self, clock: Clock, milliseconds: int = MOMENT) -> None:
        self._clock, self._span = clock, milliseconds
        self._lock = Lock()
        self._answers: dict[str, tuple[int, _Value]] = {}

    def get(self, key: str, ask: Callable[[], _Value]) -> _Value:
        now = self._clock.monotonic()
        known = self._answers.get(key)
        if known is not None and now - known[0] < self._span:
            return known[1]
        answer = ask()
        with self._lock:
            self._answers.pop(key, None)
            self._answers[key] = (now, answer)
            while len(self._answers) > MOST:
                del self._answers[next(iter(self._answers))]
        return answer
