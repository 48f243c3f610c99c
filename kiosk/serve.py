"""Running a web app for real: gunicorn with threads, never Flask's development server."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kiosk.errors import Problem

if TYPE_CHECKING:
    from flask import Flask  # only the process that serves loads it

QUIET, CROWD = "kiosk.worker.QuietWorker", "kiosk.worker.CrowdWorker"
_APP_LOAD_ERROR = 4  # gunicorn's word for: do not try again


def serve(
    make_app: Callable[[], "Flask"],
    bind: str,
    threads: int,
    on_exit: Callable[[], None] = lambda: None,
    worker: str = QUIET,
) -> None:
    """Serve one process until it is told to stop. `make_app` is called in the process that serves.

    `worker`: `CROWD` where anybody near may connect, with no proxy before it.

    Threads, because browsers hold idle sockets open and a synchronous worker would stand still for each.
    """
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415  (80 ms that no other command should pay)

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings: dict[str, Any] = {
                "bind": bind,
                "workers": 1,
                "worker_class": worker,
                "threads": threads,
                "control_socket_disable": True,
                "forwarder_headers": "",  # no header of a client may move the app to another path
                "worker_exit": lambda _server, _worker: on_exit(),
                "loglevel": "warning",
            }
            for key, value in settings.items():
                self.cfg.set(key, value)

        def load(self) -> "Flask":
            try:
                return make_app()
            except Problem as problem:
                sys.stderr.write(f"{problem}\n")
                raise SystemExit(_APP_LOAD_ERROR) from None

    Server().run()
