"""What no program on a tablet can see, and its page or a volunteer can: battery, camera, printer, voice. In memory."""

import threading
from typing import Any

import msgspec

from kiosk.clock import Clock
from kiosk.sync import protocol

#: Milliseconds for which what the page said of the battery is believed: it tells it once a minute.
BATTERY_IS_FRESH = 5 * 60_000


class Health:
    """The last word about each, and when the hub was last reached. Gone when the program ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known = protocol.UNKNOWN_HEALTH
        self._battery_at = 0
        self._hub_at: int | None = None
        self._lock = threading.Lock()

    def learn(self, **told: Any) -> None:
        """Some fields of `protocol.Health`, as they were read. A camera that showed a picture is not forgotten for
        one that is merely named.
        """
        if told.get("camera") == "seen" and self.told().camera == "works":
            del told["camera"]
        with self._lock:
            self._known = msgspec.structs.replace(self._known, **told)
            if "battery" in told:
                self._battery_at = self._clock.monotonic()

    def told(self) -> protocol.Health:
        """What is known now: what was said of the battery long ago says nothing of it any more."""
        with self._lock:
            known = self._known
            if self._clock.monotonic() - self._battery_at > BATTERY_IS_FRESH:
                known = msgspec.structs.replace(known, battery=msgspec.UNSET, charging=msgspec.UNSET)
            return known

    def note_hub(self) -> None:
        """The hub was reached just now."""
        self._hub_at = self._clock.monotonic()

    @property
    def minutes_since_hub(self) -> int | None:
        """Whole minutes since the hub was last reached; None: not since this program began."""
        return None if self._hub_at is None else (self._clock.monotonic() - self._hub_at) // 60_000
