"""The figures of docs/proof.md, as the tests that measured them say them; pytest shows them in the end.

`make test` repeats a proof as often as it has time for, `make test-long` at full length.
"""

import os
import tempfile
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

FULL = os.environ.get("KIOSK_PROOF_FULL") == "1"
_Part = TypeVar("_Part")
_FILE = "KIOSK_PROOF"  # names the file that figures are appended to


def share(full: _Part, budgeted: _Part) -> _Part:
    """How often a proof repeats itself, or over what: at full length, or in `make test`."""
    return full if FULL else budgeted


# Databases and apps are made anew for each test, not for each example; and a busy machine is no failure. `make test`
# tries the same examples each time, and so says the same of the same code; new ones are found at full length.
settings.register_profile(
    "kiosk",
    max_examples=share(50, 20),
    deadline=None,
    derandomize=not FULL,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kiosk")


#: A story of which other tests take every step too, or which takes the longer way to what another one shows: told by
#: `make test-long` alone, and to whoever asks for it by name.
at_length = pytest.mark.at_length

#: Of a test that says nothing of the database: it meets both at full length, and in `make test` the quicker one.
share_hubs = pytest.mark.parametrize("hub", share(["sqlite", "postgresql"], ["sqlite"]), indirect=True)


def figure(name: str, value: object) -> None:
    """Note one figure."""
    line = f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}"
    print(line, flush=True)
    if file := os.environ.get(_FILE):
        with Path(file).open("a", encoding="utf-8") as proof:
            proof.write(line + "\n")  # one write a line, so that parallel workers do not mix theirs


# --- as a plugin of pytest, named in tests/conftest.py ---------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Before there are any workers, so that they append to the same file."""
    config.addinivalue_line("markers", "at_length: told by `make test-long` alone")
    if _FILE not in os.environ:
        descriptor, os.environ[_FILE] = tempfile.mkstemp(prefix="kiosk-proof-")
        os.close(descriptor)
        config.add_cleanup(_forget)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if FULL or any("::" in asked for asked in config.args):
        return
    long = [item for item in items if item.get_closest_marker(at_length.name)]
    items[:] = [item for item in items if item not in long]
    config.hook.pytest_deselected(items=long)


def _forget() -> None:
    Path(os.environ.pop(_FILE)).unlink()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = Path(os.environ[_FILE])
    if figures.exists() and (text := figures.read_text(encoding="utf-8")):
        terminalreporter.section("figures")
        terminalreporter.write(text)
