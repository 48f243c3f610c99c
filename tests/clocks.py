"""A clock that a test moves by hand: nothing here ever sleeps."""

from datetime import datetime, timedelta

#: The morning of the built-in fair.
FAIR_MORNING = datetime.fromisoformat("2027-03-15T09:30:00+08:00")


class FakeClock:
    """Wall and monotonic time; a test may set the wall, as a person may set a tablet's."""

    def __init__(self, wall: datetime = FAIR_MORNING, monotonic: int = 1_000_000) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._boot = "b0071e55"

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> int:
        return self._monotonic

    @property
    def boot(self) -> str:
        return self._boot

    def tick(self, seconds: float) -> None:
        """Time goes by."""
        self._wall += timedelta(seconds=seconds)
        self._monotonic += round(seconds * 1000)

    def reboot(self, monotonic: int = 20_000) -> None:
        """The machine was switched off and on: its monotonic clock starts anew, under another boot id."""
        self._monotonic = monotonic
        self._boot = f"{int(self._boot, 16) + 1:08x}"

    def jump_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock; the monotonic one knows nothing of it."""
        self._wall += timedelta(seconds=seconds)
