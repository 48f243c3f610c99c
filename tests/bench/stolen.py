"""What the host of this machine took of its processors' time while something was measured: Linux says so where there is
a host that takes any. A latency measured meanwhile says more of the neighbours than of the program.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Value = TypeVar("_Value")
_STAT = Path("/proc/stat")
#: A share above this spoils a latency, per cent; and so often it is measured again.
QUIET, TRIES = 2.0, 3
#: Less time than this, of all processors together, tells no share: seconds.
_SHORTEST = 0.3


@dataclass(frozen=True)
class Noise:
    """How far a measurement can be trusted."""

    stolen: float | None  # of all processors' time meanwhile, per cent; None: nobody says
    tries: int = 1  # it is the quietest of so many


@dataclass
class Watch:
    """From when it is made."""

    began: tuple[int, int] | None

    @classmethod
    def start(cls) -> "Watch":
        return cls(_read())

    def percent(self) -> float | None:
        """What was stolen since, of all processors' time; None where nobody says, or too little time passed."""
        now = _read()
        if self.began is None or now is None:
            return None
        every, stolen = (after - before for after, before in zip(now, self.began, strict=True))
        if every < _SHORTEST * os.sysconf("SC_CLK_TCK"):
            return None
        return 100 * stolen / every


def quietly(
    measure: Callable[[], _Value], share: Callable[[], Callable[[], float | None]] | None = None
) -> tuple[_Value, Noise]:
    """Measure, and again where much was stolen meanwhile: the quietest try counts, not the one with the best value.

    `share` begins to watch, and gives what tells the share since.
    """
    tries: list[tuple[_Value, float | None]] = []
    while not tries or (len(tries) < TRIES and (tries[-1][1] or 0) > QUIET):
        told = (share or (lambda: Watch.start().percent))()
        tries.append((measure(), told()))
    value, stolen = min(tries, key=lambda one: one[1] or 0)
    return value, Noise(stolen, len(tries))


def _read() -> tuple[int, int] | None:
    """Ticks of all processors since the machine started: all of them, and those stolen."""
    try:
        name, *ticks = _STAT.read_text("ascii").split("\n", 1)[0].split()
        told = [int(one) for one in ticks[:8]]  # what follows is contained in these
    except (OSError, ValueError):
        return None
    return (sum(told), told[7]) if name == "cpu" and len(told) == 8 else None
