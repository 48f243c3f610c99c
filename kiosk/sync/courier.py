"""The courier: tries an errand every so often while something serves. Failing is its normal state."""

import logging
import random
import threading
from collections.abc import Callable, Mapping

from kiosk.errors import Problem

log = logging.getLogger("kiosk.courier")
#: However long the other side asks to wait, or trying has failed.
LONGEST = 15 * 60


class Pauses:
    """How long to wait between two tries: a steady while things go well, longer each time they do not.

    Up to a half is drawn by lot, so that twenty tablets that lost one network do not all come back at once.
    """

    def __init__(self, seconds: float, longest: float = 300, dice: random.Random | None = None) -> None:
        self._seconds = seconds
        self._longest = max(longest, seconds)
        self._dice = dice or random.Random()  # noqa: S311 (no secret hangs on it)
        self._failures = 0

    def after_success(self) -> float:
        self._failures = 0
        return self._seconds

    def after_failure(self, asked_for: float = 0) -> float:
        """`asked_for`: seconds the other side asked to be left alone."""
        longer = min(self._seconds * 2.0 ** min(self._failures, 20), self._longest)
        self._failures += 1
        return min(max(longer, asked_for), LONGEST) * (1 + self._dice.random() / 2)


class Courier(threading.Thread):
    """Runs an errand until told to stop."""

    def __init__(self, errand: Callable[[], object], pauses: Pauses) -> None:
        super().__init__(name="courier", daemon=True)
        self._errand = errand
        self._pauses = pauses
        self._stopped = threading.Event()

    def run(self) -> None:
        pause = self._pauses.after_success()
        while not self._stopped.wait(pause):
            pause = self._try()

    def stop(self) -> None:
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=30)

    def _try(self) -> float:
        """Run the errand once; returns the seconds until the next try."""
        try:
            self._errand()
        except Problem as problem:
            log.info("not sent: %s", problem.code)
            return self._pauses.after_failure(_seconds(problem.details.get("seconds")))
        except Exception as error:  # noqa: BLE001 (whatever it was, the next try comes)
            log.error("sending failed: %s", type(error).__name__)  # noqa: TRY400 (no message: it could hold data)
            return self._pauses.after_failure()
        return self._pauses.after_success()


def retry_after(headers: Mapping[str, str]) -> int:
    """Seconds a `Retry-After` asks for; 0 where there is none. A date counts as a minute: the clock may be wrong."""
    given = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if given.isascii() and given.isdigit():
        return min(int(given[:9]), LONGEST)
    return 60 if given else 0


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
