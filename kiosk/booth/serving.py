"""Serving a booth: what the process does that only watches over the one that serves.

It loads no more than this: of what both have loaded, each soon has a copy of its own, for Python writes to whatever it
looks at. On a tablet with 2 GB that is worth a late import.
"""

import atexit
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk import config
from kiosk.booth.folder import ServeLock
from kiosk.config import BoothConfig
from kiosk.errors import BOOTH_MISSING, Problem

if TYPE_CHECKING:
    from flask import Flask

THREADS = 16  # of the one process, because browsers hold idle sockets open


def serving(settings: BoothConfig, patience: float = 0) -> tuple[Callable[[], "Flask"], Callable[[], None]]:
    """(start, stop) of a booth that serves: the app with its courier to the hub, and the tidy end of both.

    Raises `booth.missing` and `booth.serving` at once, rather than in a server process nobody looks at; the latter
    after `patience` seconds, in which another server may come to its end.
    """
    if not settings.database.is_file():
        raise Problem(BOOTH_MISSING)
    lock = ServeLock(settings.data, patience)
    running: list[Callable[[], None]] = []

    def start() -> "Flask":
        from kiosk.booth.app import begin  # noqa: PLC0415  (in the process that serves, and in no other)

        app, end = begin(settings)
        running.append(end)
        return app

    def stop() -> None:
        for end in running:
            end()
        lock.release()

    return start, stop


def from_environment() -> "Flask":
    """For gunicorn: the app of `KIOSK_BOOTH_DATA`."""
    start, stop = serving(config.booth_config(), patience=40)  # told to reload, gunicorn starts the next one first
    atexit.register(stop)
    return start()
