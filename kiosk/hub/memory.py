"""What a process of the hub remembers for a short while, and may forget at any time."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from kiosk.clock import Clock

_Value = TypeVar("_Value")
#: Milliseconds for which the same tries are counted, and so many of whom at once.
COUNTED, MOST = 600_000, 10_000
#: Names of which the newest answer is kept, unless somebody says how many.
FEW = 20
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


class Latest(Generic[_Value]):
    """Of each name the newest answer, for as long as nothing changed that it was made of."""

    def __init__(self, most: int = FEW) -> None:
        self._most, self._lock = most, Lock()
        self._answers: dict[str, tuple[object, _Value]] = {}

    def get(self, name: str, marks: object, make: Callable[[], _Value]) -> _Value:
        """The answer made of what has these `marks`; made now where there is none. Problems are not remembered."""
        known = self._answers.get(name)
        if known is not None and known[0] == marks:
            return known[1]
        answer = make()
        with self._lock:
            self._answers.pop(name, None)
            self._answers[name] = (marks, answer)
            while len(self._answers) > self._most:
                del self._answers[next(iter(self._answers))]
        return answer
