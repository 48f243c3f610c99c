"""One writer: commits are shared, failures are not."""

import signal
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from kiosk import files
from kiosk.booth import schema
from kiosk.booth.journal import Journal
from kiosk.booth.writer import Writer
from kiosk.errors import STAFF_ONLY, Problem
from tests.makers import a_draft, facts_of

Job = Callable[[sqlite3.Connection], Any]


@pytest.fixture
def writer(journal: Journal):
    with closing(Writer(journal.file)) as writer:
        yield writer


def keep(day: str) -> Job:
    return lambda connection: connection.execute("INSERT INTO drafts VALUES (?, ?, x'00')", (day, day)).rowcount


def kept(journal: Journal) -> list[str]:
    with journal.reading() as connection:
        return [row[0] for row in connection.execute("SELECT day FROM drafts ORDER BY day")]


def fail(_connection: sqlite3.Connection) -> None:
    raise Problem(STAFF_ONLY)


def in_one_commit(writer: Writer, *jobs: Job) -> tuple[list[Future[Any]], list[str]]:
    """Hold the writer until all jobs are waiting; their outcomes, and the transactions' own statements."""
    statements: list[str] = []
    ready, go = threading.Event(), threading.Event()

    def hold(connection: sqlite3.Connection) -> None:
        ready.set()
        go.wait(60)
        connection.set_trace_callback(statements.append)

    with ThreadPoolExecutor(len(jobs) + 1) as pool:
        held = pool.submit(writer.write, hold)
        ready.wait(60)
        futures = []
        for job in jobs:
            futures.append(pool.submit(writer.write, job))
            while len(writer._waiting) < len(futures):  # in this order
                pass
        go.set()
        held.result(60)
    return futures, [word for word in statements if word.startswith(("BEGIN", "COMMIT", "ROLLBACK;"))]


def test_a_job_gives_back_its_result(writer: Writer):
    assert writer.write(keep("a")) == 1


def test_a_job_that_raises_is_undone_and_its_problem_raised(journal: Journal, writer: Writer):
    def job(connection: sqlite3.Connection) -> None:
        keep("a")(connection)
        fail(connection)

    with pytest.raises(Problem, match=r"staff\.only"):
        writer.write(job)
    assert kept(journal) == []


def test_jobs_that_wait_share_one_commit(writer: Writer):
    _, statements = in_one_commit(writer, keep("a"), keep("b"), keep("c"))
    assert statements == ["COMMIT", "BEGIN IMMEDIATE", "COMMIT"]  # the first one is the holder's


def test_a_failing_job_does_not_spoil_the_commit_of_the_others(journal: Journal, writer: Writer):
    futures, statements = in_one_commit(writer, keep("a"), fail, keep("a"), keep("b"))
    assert statements.count("COMMIT") == 2
    assert [type(future.exception()) for future in futures] == [type(None), Problem, sqlite3.IntegrityError, type(None)]
    assert kept(journal) == ["a", "b"]


def test_a_job_sees_what_the_one_before_it_wrote(writer: Writer):
    futures, _ = in_one_commit(
        writer, keep("a"), lambda connection: connection.execute("SELECT day FROM drafts").fetchall()
    )
    assert futures[1].result() == [("a",)]


def test_when_the_commit_fails_every_job_hears_of_it(journal: Journal, writer: Writer):
    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1").fetchone()
        connection.execute("INSERT INTO drafts VALUES ('big', 'big', zeroblob(1000000))")

    futures, _ = in_one_commit(writer, keep("a"), fill, keep("b"))
    assert [str(future.exception())[:12] for future in futures] == ["storage.full"] * 3
    assert kept(journal) == []


def test_another_program_holding_the_file_is_named(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    with closing(sqlite3.connect(journal.file, isolation_level=None)) as other:
        journal.transact(lambda connection: connection.execute("PRAGMA busy_timeout = 1").fetchone())
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Problem) as caught:
            journal.append(a_draft())
        other.execute("ROLLBACK")
    assert caught.value.code == "journal.locked"
    journal.append(a_draft())
    assert len(facts_of(journal)) == 1


def test_who_comes_while_another_program_holds_the_folder_waits_no_longer_than_the_one_before(
    writer: Writer, journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schema, "PATIENCE", 3)
    with ThreadPoolExecutor(2) as pool, files.alone(journal.file.parent):
        first = pool.submit(writer.write, keep("a"))
        while not writer._turn.locked():
            pass
        second = pool.submit(writer.write, keep("b"))
        told = [str(one.exception(patience))[:14] for one, patience in ((first, 60), (second, 2.5))]
    assert told == ["journal.locked"] * 2
    assert kept(journal) == []
    assert writer.write(keep("a")) == 1


def held_up() -> tuple[Job, threading.Event, threading.Event]:
    """A job that stays in its commit; an event that says it is there, and one that lets it go on."""
    there, go = threading.Event(), threading.Event()

    def job(_connection: sqlite3.Connection) -> None:
        there.set()
        go.wait(60)

    return job, there, go


def test_whose_job_is_done_does_not_wait_for_the_next_commit(writer: Writer):
    before, is_before, go_before = held_up()
    after, is_after, go_after = held_up()

    def until_the_next_one_waits(_connection: sqlite3.Connection) -> None:
        thirds.append(pool.submit(writer.write, after))
        while not writer._waiting:
            pass

    thirds: list[Future[Any]] = []
    with ThreadPoolExecutor(4) as pool:
        pool.submit(writer.write, before)
        assert is_before.wait(60)
        pair = []
        for job in (keep("a"), until_the_next_one_waits):
            pair.append(pool.submit(writer.write, job))
            while len(writer._waiting) < len(pair):
                pass
        go_before.set()
        try:
            assert is_after.wait(60)
            assert [one.result(60) for one in pair] == [1, None]
            assert not thirds[0].done()
        finally:
            go_after.set()


@pytest.mark.parametrize("commits", [True, False])
def test_whoever_a_signal_calls_away_holds_up_nobody(journal: Journal, writer: Writer, commits: bool):
    """`commits`: it would be the one to commit for all who wait, and not one of those."""

    class Gone(Exception):
        pass

    def call_away(*_: object) -> None:
        raise Gone

    def another_waits_then_call() -> int:
        while not writer._waiting:
            pass
        later = pool.submit(writer.write, keep("later"))
        while len(writer._waiting) < 2:
            pass
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        return later.result(60)

    job, is_there, go = held_up()
    usual = signal.signal(signal.SIGUSR1, call_away)
    with ThreadPoolExecutor(3) as pool:
        try:
            if commits:
                writer._turn.acquire()
            else:
                pool.submit(writer.write, job)
                assert is_there.wait(60)
            others = pool.submit(another_waits_then_call)
            with pytest.raises(Gone):
                writer.write(keep("gone"))
        finally:
            signal.signal(signal.SIGUSR1, usual)
            go.set()
            if commits:
                writer._turn.release()
        assert others.result(60) == 1
    assert writer.write(keep("last")) == 1
    assert kept(journal) == ["last", "later"]


def test_closing_finishes_what_is_waiting(journal: Journal):
    writer = Writer(journal.file)
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(writer.write, keep(str(number))) for number in range(20)]
    writer.close()
    assert [future.result() for future in futures] == [1] * 20


def test_closing_twice_is_closing_once(writer: Writer):
    writer.write(keep("a"))
    writer.close()
    writer.close()
