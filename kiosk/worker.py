"""The server processes: whoever sends what is no request leaves no trace in the log, and where a whole hall or square
may come, who sends slowly or opens many connections holds up nobody else.

A thread that reads a request belongs to its sender until all of it is there. So there is an hourglass for every part,
whoever lets it run out is hung up on, and nobody may hold more than a few connections.
"""

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_RDWR, socket
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

#: After so long a thread at work lets another in that waits. Who asks for a page waits a dozen times, at each word with
#: the database: behind a large batch that is being read it must be short each time.
_SWITCH_SECONDS = 0.001
_CONNECTIONS = 20  # of one address, and never more than half the threads
_OWN = ("127.0.0.1", "::1")  # the tablet's own screen, which nobody else can pass for
_HEADER_SECONDS = 10.0  # for what stands before a body
_READ_SECONDS = 10.0  # for each piece of a body that the app asks for
_WORK_SECONDS = 60.0  # for the app's own work, and for the answer


class Hourglass(threading.Thread):
    """Hangs up on connections whose time is over."""

    def __init__(self) -> None:
        super().__init__(name="hourglass", daemon=True)
        self._ends: dict[socket, float] = {}
        self._never = threading.Event()

    def turn(self, connection: socket, seconds: float) -> None:
        """From now on so many seconds, whatever there was before."""
        self._ends[connection] = time.monotonic() + seconds

    def forget(self, connection: socket) -> None:
        self._ends.pop(connection, None)

    def run(self) -> None:
        while not self._never.wait(1):
            now = time.monotonic()
            for connection, end in list(self._ends.items()):
                if end <= now:
                    with suppress(OSError):
                        connection.shutdown(SHUT_RDWR)  # whoever reads from it is told that there is no more


class _Body:
    """A request's body, read against the hourglass."""

    def __init__(self, body: Any, turn: Callable[[float], None]) -> None:
        self._body = body
        self._turn = turn

    def read(self, size: int = -1) -> bytes:
        self._turn(_READ_SECONDS)
        try:
            return bytes(self._body.read(size))
        finally:
            self._turn(_WORK_SECONDS)


def names_nobody(record: logging.LogRecord) -> bool:
    """gunicorn's log without addresses and without pieces of requests: what people type may stand in them."""
    said = str(record.msg)
    if said.startswith("Error handling request"):
        record.msg, record.args = "Error handling a request", ()
    return not said.startswith("Invalid request from")


class QuietWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, whose log tells nothing of clients."""

    def init_process(self) -> None:
        sys.setswitchinterval(_SWITCH_SECONDS)
        self.log.error_log.addFilter(names_nobody)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app, and let it be: to look through all of it for what is not used any more, again and again, would
        make the start a quarter longer, and stop everybody for a tenth of a second each time afterwards.
        """
        gc.disable()
        super().load_wsgi()
        gc.freeze()
        gc.enable()


class CrowdWorker(QuietWorker):
    """For clients that nobody knows."""

    def init_process(self) -> None:
        self._most = min(_CONNECTIONS, self.cfg.threads // 2)
        self._open: list[Any] = []
        self._hourglass = Hourglass()
        self._hourglass.start()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        is_new = not (conn.initialized or conn.data_ready)
        if is_new and not self._is_let_in(conn):
            self.nr_conns -= 1
            conn.close()
            return
        super().enqueue_req(conn)

    def _is_let_in(self, conn: Any) -> bool:
        if conn.client[0] in _OWN:
            return True
        self._open = [one for one in self._open if one.sock.fileno() >= 0]
        if sum(one.client[0] == conn.client[0] for one in self._open) >= self._most:
            return False
        self._open.append(conn)
        return True

    def handle(self, conn: Any) -> Any:
        connection = conn.sock
        self._hourglass.turn(connection, _HEADER_SECONDS)
        try:
            goes_on = super().handle(conn)
            if not goes_on:
                _hang_up(conn)
            return goes_on
        finally:
            self._hourglass.forget(connection)

    def handle_request(self, req: Any, conn: Any) -> Any:
        self._hourglass.turn(conn.sock, _WORK_SECONDS)
        body = req.body
        req.body = _Body(body, lambda seconds: self._hourglass.turn(conn.sock, seconds))
        try:
            goes_on = super().handle_request(req, conn)
        finally:
            req.body = body
        return goes_on and _is_read(body)  # gunicorn would wait for what a sender still owes of it


def _is_read(body: Any) -> bool:
    """Whether nothing of it is still to come, as far as its length says."""
    return getattr(body.reader, "length", None) == 0


def _hang_up(conn: Any) -> None:
    """Waiting for the other side to hang up, too, is for this thread: gunicorn would wait in the one that lets in."""
    with suppress(OSError):
        conn.close(graceful=True)
    conn.close = lambda graceful=False: None  # noqa: ARG005 (as gunicorn calls it)
