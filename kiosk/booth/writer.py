"""The one writer of a booth's database: one connection, and commits that all who wait share.

On a tablet's flash a durable commit takes milliseconds. Eight taps at once, each with a commit of its
own, wait for one another for a second; sharing one commit they wait for one.

A commit that finds no room on the disk is tried again in the room that the log took, and then in that of the reserve.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from kiosk.booth.schema import connect, empty_log, in_turn
from kiosk.booth.storage import Storage, as_problem, is_damage, is_lack_of_room

_Result = TypeVar("_Result")
_MOST_JOBS = 64  # a commit is shared by at most this many


class _Ticket(Generic[_Result]):
    """A job that waits for its commit, and afterwards what came of it."""

    def __init__(self, job: Callable[[sqlite3.Connection], _Result]) -> None:
        self.job = job
        self.called = threading.Lock()  # held until the job is done, or until its thread is to commit for all who wait
        self.called.acquire()
        self.is_done = False
        self.problem: BaseException | None = None
        self.result: _Result | None = None


class Writer:
    """Runs jobs inside `BEGIN IMMEDIATE … COMMIT`; each sees what the ones before it wrote."""

    def __init__(
        self,
        file: Path,
        storage: Storage | None = None,
        refuse: Callable[[], None] = lambda: None,
        translate: Callable[[BaseException], BaseException] | None = None,
    ) -> None:
        """`refuse` may raise before anything is written; `translate` has the last word on what is raised."""
        self._file = file
        self._storage = storage or Storage(file.parent)
        self._refuse = refuse
        self._translate = translate or (lambda error: as_problem(error, file))
        self._waiting: deque[_Ticket[Any]] = deque()
        self._leader: _Ticket[Any] | None = None  # whose thread commits for all who wait; None where nobody waits
        self._line = threading.Lock()  # of those two, held for moments
        self._turn = threading.Lock()  # of the connection
        self._connection: sqlite3.Connection | None = None

    def write(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Run `job` and return its result once it is on disk. Its problem is raised; nothing is kept then.

        A job may be run again: what the run before wrote is gone by then.

        Who finds nobody there commits; who comes meanwhile waits, and the first of those commits for them all. Each is
        called by name: for a turn that anybody may take, one whose job is done would wait behind others' commits.
        """
        self._refuse()
        ticket = _Ticket(job)
        try:
            if not self._is_first(ticket):
                ticket.called.acquire()
            if not ticket.is_done:
                with self._turn:
                    self._commit_waiting()
        finally:
            if not ticket.is_done:  # a signal broke in: nobody is to wait for a thread that went away
                self._leave(ticket)
        if ticket.problem is not None:
            raise self._translate(ticket.problem)
        return cast(_Result, ticket.result)

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _is_first(self, ticket: _Ticket[Any]) -> bool:
        """Join the line. Whether nobody commits at the moment: this thread does, then."""
        with self._line:
            self._waiting.append(ticket)
            self._leader = self._leader or ticket
            return self._leader is ticket

    def _leave(self, ticket: _Ticket[Any]) -> None:
        with self._line:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            is_called = self._leader is ticket
        if is_called:
            self._call_next()

    def _call_next(self) -> None:
        with self._line:
            self._leader = self._waiting[0] if self._waiting else None
            if self._leader is not None:
                self._leader.called.release()

    def _commit_waiting(self) -> None:
        tickets: list[_Ticket[Any]] = []
        try:
            with in_turn(self._file):
                tickets = self._take(_MOST_JOBS)  # only now: who came while this waited is not to wait again
                self._connection = self._connection or connect(self._file)
                self._commit_somehow(self._connection, tickets)
        except BaseException as error:  # noqa: BLE001 (every waiting job must hear of it)
            if is_lack_of_room(error, self._file):
                self._storage.found_none()
            tickets = tickets or self._take(len(self._waiting))
            for ticket in tickets:
                ticket.problem = error
        self._call_next()  # first: the next commit begins while answers are made to this one's
        for ticket in tickets:
            ticket.is_done = True
            ticket.called.release()

    def _take(self, most: int) -> list[_Ticket[Any]]:
        with self._line:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]

    def _commit_somehow(self, connection: sqlite3.Connection, tickets: list[_Ticket[Any]]) -> None:
        before, ways_out = connection.total_changes, iter((partial(_empty_log, connection), self._storage.make_room))
        while True:
            try:
                _commit(connection, tickets)
                break
            except sqlite3.Error as error:
                if not (is_lack_of_room(error, self._file) and any(made_room() for made_room in ways_out)):
                    raise
        if connection.total_changes != before:
            self._storage.found_some()
        if not self._storage.is_reserved:  # else the log takes the room that it takes to empty it
            _shorten_log(connection)


def _commit(connection: sqlite3.Connection, tickets: list[_Ticket[Any]]) -> None:
    """One transaction for all jobs. A job that raises is undone alone; a failing disk fails them all."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for ticket in tickets:
            if len(tickets) > 1:
                _run_apart(connection, ticket)
            else:  # two statements fewer, between which other threads would take the interpreter
                _run(connection, ticket)
        connection.execute("ROLLBACK" if all(ticket.problem is not None for ticket in tickets) else "COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Move into the database what the log beside it holds, which takes a fraction of the room. Whether it could be."""
    try:
        return empty_log(connection)
    except sqlite3.Error:
        return False


def _shorten_log(connection: sqlite3.Connection) -> None:
    """As `_empty_log`, but nobody who reads is waited for: the whole tablet would wait. The next commit will do."""
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        _empty_log(connection)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")


def _run_apart(connection: sqlite3.Connection, ticket: _Ticket[Any]) -> None:
    """What a job that raises has written is undone."""
    connection.execute("SAVEPOINT job")
    _run(connection, ticket)
    if ticket.problem is not None:
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _run(connection: sqlite3.Connection, ticket: _Ticket[Any]) -> None:
    ticket.result = ticket.problem = None
    try:
        ticket.result = ticket.job(connection)
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        if is_damage(error):
            raise
        ticket.problem = error
