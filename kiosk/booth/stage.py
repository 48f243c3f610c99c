"""Which booth the requests are served by: the one in earnest, or its rehearsal for as long as one is on."""

import threading
import time
from typing import Generic, TypeVar

_Booth = TypeVar("_Booth")
#: Seconds that whoever ends a rehearsal waits for requests it still serves.
_PATIENCE = 10.0


class Stage(Generic[_Booth]):
    """Holds the rehearsal while there is one. A request keeps to the booth it began with."""

    def __init__(self) -> None:
        self.turn = threading.RLock()  # one at a time prepares, begins or ends a rehearsal
        self.sending = threading.Lock()  # one at a time sends what ended ones have left
        self.is_refused = False  # the hub gives no certificates to rehearse with: it is not asked again
        self.is_in_reach = True  # the hub took the last thing of a rehearsal that was sent
        self._rehearsal: _Booth | None = None
        self._users = 0
        self._changed = threading.Condition()

    @property
    def rehearsal(self) -> _Booth | None:
        return self._rehearsal

    def enter(self) -> _Booth | None:
        """The rehearsal, if one is on: it is not ended before `leave`."""
        if self._rehearsal is None:  # nearly always, and then nobody waits for anybody
            return None
        with self._changed:
            self._users += self._rehearsal is not None
            return self._rehearsal

    def leave(self) -> None:
        with self._changed:
            self._users -= 1
            self._changed.notify_all()

    def begin(self, rehearsal: _Booth) -> None:
        self._rehearsal = rehearsal

    def end(self) -> _Booth | None:
        """Serve in earnest from now on; the rehearsal that was, once nobody is served by it any more."""
        until = time.monotonic() + _PATIENCE
        with self._changed:
            rehearsal, self._rehearsal = self._rehearsal, None
            while self._users > 0 and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
        return rehearsal
