"""What many people look at and what takes long to add up: added up once in a while, for all of them.

Nobody waits for it but the first: who asks later gets what is there, and the next is being added up meanwhile. A
moment is longer where the machine is busy.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kiosk.clock import Clock

log = logging.getLogger("kiosk.lookouts")
_Value = TypeVar("_Value")
#: What took long to add up stays fresh for so many times as long: looking must not keep a busy machine busy.
_REST = 10


@dataclass
class _Kept(Generic[_Value]):
    value: _Value
    made_at: int  # by the monotonic clock, milliseconds
    fresh_ms: int
    is_being_made: bool = False


class Lookout(Generic[_Value]):
    """Values by name, each at most a moment old when somebody keeps asking for it."""

    def __init__(self, clock: Clock, fresh_ms: int = 1_000, too_old_ms: int = 10_000) -> None:
        self._clock = clock
        self._fresh, self._too_old = fresh_ms, too_old_ms
        self._kept: dict[str, _Kept[_Value]] = {}
        self._turn = threading.Lock()

    def see(self, name: str, make: Callable[[], _Value]) -> _Value:
        """The value of a name; made now where there is none, or only one from long ago."""
        with self._turn:
            kept = self._kept.get(name)
            age = self._clock.monotonic() - kept.made_at if kept else self._too_old
            if kept and age < kept.fresh_ms:
                return kept.value
            if kept and age < self._too_old:
                if not kept.is_being_made:
                    kept.is_being_made = True
                    threading.Thread(target=self._renew, args=(name, make), daemon=True).start()
                return kept.value
        return self._make(name, make)

    def now(self, name: str, make: Callable[[], _Value]) -> _Value:
        """The value of a name if it is fresh, else made now: for who waits behind the scenes himself."""
        with self._turn:
            kept = self._kept.get(name)
        if kept and self._clock.monotonic() - kept.made_at < kept.fresh_ms:
            return kept.value
        return self._make(name, make)

    def _renew(self, name: str, make: Callable[[], _Value]) -> None:
        try:
            self._make(name, make)
        except Exception as error:  # noqa: BLE001 (nobody waits for this one: whoever asks next will be told)
            log.error("not added up: %s", type(error).__name__)  # noqa: TRY400 (no message: it could hold data)
            with self._turn:
                self._kept.pop(name, None)

    def _make(self, name: str, make: Callable[[], _Value]) -> _Value:
        began = self._clock.monotonic()
        value = make()
        took = self._clock.monotonic() - began
        with self._turn:
            self._kept[name] = _Kept(value, began, min(max(self._fresh, took * _REST), self._too_old // 2))
        return value
