"""The one writer of a booth's database: a thread that commits what is waiting in one go.

On a tablet's flash a durable commit takes milliseconds. Eight taps at once, each with a commit of its
own, wait for one another for a second; sharing one commit they wait for one.
"""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from kiosk.booth.schema import connect
from kiosk.errors import JOURNAL_LOCKED, STORAGE_FAILED, STORAGE_FULL, Problem

_Result = TypeVar("_Result")
Job = Callable[[sqlite3.Connection], Any]
_MOST_JOBS = 64  # a commit is shared by at most this many


class Writer:
    """Runs jobs inside `BEGIN IMMEDIATE … COMMIT`; each sees what the ones before it wrote."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._queue: SimpleQueue[tuple[Job, Future[Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def write(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Run `job` and return its result once it is on disk. Its problem is raised; nothing is kept then."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
                self._thread.start()
        future: Future[_Result] = Future()
        self._queue.put((job, future))
        return future.result()

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while (first := self._queue.get()) is not None:
                jobs = [first]
                stop = self._take_waiting(jobs)
                try:
                    connection = connection or connect(self._file)
                except sqlite3.Error as error:  # the disk is gone or the file locked: say so, and try anew next time
                    _fail(jobs, error)
                else:
                    _commit(connection, jobs)
                if stop:
                    return
        finally:
            if connection is not None:
                connection.close()

    def _take_waiting(self, jobs: list[tuple[Job, Future[Any]]]) -> bool:
        while len(jobs) < _MOST_JOBS:
            try:
                job = self._queue.get_nowait()
            except Empty:
                return False
            if job is None:
                return True
            jobs.append(job)
        return False


def _commit(connection: sqlite3.Connection, jobs: list[tuple[Job, Future[Any]]]) -> None:
    """One transaction for all jobs. A job that raises is undone alone; a failing disk fails them all."""
    outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job, future in jobs:
            outcomes.append((future, *_run_job(connection, job)))
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 (every waiting job must hear of it)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        _fail(jobs, error)
        return
    for future, result, raised in outcomes:
        if raised is not None:
            future.set_exception(raised)
        else:
            future.set_result(result)


def _fail(jobs: list[tuple[Job, Future[Any]]], error: BaseException) -> None:
    problem = _as_problem(error)
    for _, future in jobs:
        future.set_exception(problem)


def _run_job(connection: sqlite3.Connection, job: Job) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT job")
    try:
        result = job(connection)
    except sqlite3.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 (handed to the one who asked)
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return None, error
    connection.execute("RELEASE job")
    return result, None


def _as_problem(error: BaseException) -> BaseException:
    match getattr(error, "sqlite_errorcode", None):
        case None:
            return error
        case sqlite3.SQLITE_FULL:
            return Problem(STORAGE_FULL)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Problem(JOURNAL_LOCKED)
        case _:
            return Problem(STORAGE_FAILED)
