"""The journal: appended once, in one chain, and on disk before anybody is told."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk import ROOT
from kiosk.booth import schema
from kiosk.booth.journal import Draft, Journal
from kiosk.errors import Problem
from kiosk.facts.envelope import day_and_hour
from kiosk.facts.galleries import ExhibitJudged
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone, undo_id
from kiosk.reports.amounts import fold
from tests.clocks import FakeClock
from tests.makers import a_draft, a_headcount, a_journal, an_id, facts_of


def code_of(problem: pytest.ExceptionInfo[Problem]) -> str:
    return problem.value.code


def assert_whole(journal: Journal, *acknowledged: str) -> None:
    """Seqs without a gap, every chain hash as written, totals as folded, every acknowledged id once."""
    facts = facts_of(journal)
    ids = [fact.id for fact in facts]
    assert journal.verify() == len(facts)
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    assert len(set(ids)) == len(ids)
    assert set(acknowledged) <= set(ids)
    assert journal.totals() == {bucket: n for bucket, n in fold(facts).items() if n}


# --- appending ------------------------------------------------------------------------------------


def test_a_fact_says_who_when_where_and_what(journal: Journal, clock: FakeClock):
    [fact] = journal.append(Draft(an_id(), a_headcount(5), "li"))
    assert (fact.seq, fact.kind, fact.by, fact.desk, fact.v) == (1, "tally.counted", "li", "d01", 1)
    assert (fact.moment, fact.mono, fact.boot) == (clock.now(), clock.monotonic(), journal.boot)
    assert fact.body == {"counter": "headcount", "n": 5}


def test_what_is_appended_is_what_is_stored(journal: Journal):
    facts = journal.append(a_draft(), a_draft(by="visitor"))
    assert facts_of(journal) == facts
    assert_whole(journal)


def test_the_same_draft_again_is_the_same_fact(journal: Journal, clock: FakeClock):
    draft = a_draft()
    first = journal.append(draft)
    clock.tick(60)
    assert journal.append(draft) == first
    assert_whole(journal, draft.id)


def test_the_same_draft_twice_in_one_call_is_one_fact(journal: Journal):
    draft = a_draft()
    one, other = journal.append(draft, draft)
    assert one == other
    assert_whole(journal)


@pytest.mark.parametrize(
    "other",
    [
        Draft(an_id(), a_headcount(2), "li"),
        Draft(an_id(), a_headcount(1), "wang"),
        Draft(an_id(), TallyCounted(counter="board", n=1), "li"),
        Draft(an_id(), TallyUndone(undoes=an_id(9), counter="headcount", n=1), "li"),
    ],
    ids=["another amount", "another person", "another counter", "another kind"],
)
def test_the_same_id_with_other_content_is_a_conflict(journal: Journal, other: Draft):
    stored = journal.append(Draft(an_id(), a_headcount(1), "li"))
    with pytest.raises(Problem) as caught:
        journal.append(a_draft(fact_id=an_id(2)), other)
    assert code_of(caught) == "fact.conflict"
    assert facts_of(journal) == stored


def test_all_drafts_of_a_call_are_kept_or_none(journal: Journal):
    with pytest.raises(KeyError):
        journal.append(a_draft(), Draft(an_id(), object(), "li"))  # type: ignore[arg-type]
    assert facts_of(journal) == []
    assert journal.totals() == {}


def test_a_day_s_total_comes_with_the_tap(journal: Journal, clock: FakeClock):
    today, _ = day_and_hour(clock.now())
    _, hour = day_and_hour(clock.now())
    totals = [journal.tally(a_draft(a_headcount(n)), ["tally.headcount", "tally.board"], today) for n in (1, 5, 10)]
    assert totals == [{"tally.headcount": {hour: n}} for n in (1, 6, 16)]
    assert journal.day_totals(today) == {"tally.headcount": 16}


def test_a_new_day_counts_from_nothing(journal: Journal, clock: FakeClock):
    journal.append(a_draft(a_headcount(5)))
    clock.tick(24 * 3600)
    tomorrow, hour = day_and_hour(clock.now())
    assert journal.tally(a_draft(a_headcount(2)), ["tally.headcount"], tomorrow) == {"tally.headcount": {hour: 2}}


COUNTERS = st.sampled_from(["headcount", "board", "leaflet.law"])
BODIES = st.one_of(
    st.builds(TallyCounted, counter=COUNTERS, n=st.integers(1, 1000)),
    st.builds(TallyUndone, undoes=st.just(an_id(9)), counter=COUNTERS, n=st.integers(1, 1000)),
    st.builds(ExhibitJudged, session=st.just(an_id(7)), exhibit=st.just("e01"), right=st.booleans()),
    st.builds(
        TallyCorrected,
        counter=COUNTERS,
        n=st.integers(-9, 9).filter(bool),
        day=st.just("2027-03-14"),
        hour=st.integers(9, 11),
        reason=st.just("recount"),
        second=st.just(""),
    ),
)
STEPS = st.lists(st.tuples(st.integers(1, 12), BODIES, st.integers(0, 4000)), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_totals_are_the_fold_of_the_facts_whatever_happens(tmp_path_factory: pytest.TempPathFactory, steps: list):
    clock = FakeClock()
    with closing(a_journal(tmp_path_factory.mktemp("booth"), clock)) as journal:
        for number, body, seconds in steps:  # few ids, so that some are repeated and some conflict
            clock.tick(seconds)
            try:
                journal.append(Draft(an_id(number), body, "li"))
            except Problem as problem:
                assert problem.code == "fact.conflict"  # noqa: PT017
        assert_whole(journal)


# --- many at once ---------------------------------------------------------------------------------


def at_once(*errands: Callable[[], None]) -> None:
    threads = [threading.Thread(target=errand) for errand in errands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_threads_leave_no_gap_and_no_twin(journal: Journal):
    acknowledged: list[str] = []

    def errand() -> None:
        for _ in range(200):
            acknowledged.extend(fact.id for fact in journal.append(a_draft()))

    at_once(*[errand] * 8)
    assert len(acknowledged) == 1600 == journal.head()[0]
    assert_whole(journal, *acknowledged)


def test_a_double_touch_on_two_threads_is_one_fact(journal: Journal):
    for _ in range(50):
        draft = a_draft()
        at_once(*[lambda draft=draft: journal.append(draft)] * 2)
    assert journal.head()[0] == 50
    assert_whole(journal)


def test_two_journals_on_one_file_share_one_chain(journal: Journal, clock: FakeClock):
    with closing(Journal(journal.file, clock)) as other:
        at_once(*[lambda here=here: [here.append(a_draft()) for _ in range(100)] for here in (journal, other)])
    assert journal.head()[0] == 200
    assert_whole(journal)


def test_two_processes_on_one_file_share_one_chain(journal: Journal):
    def errand() -> None:
        run_beside(journal, "for _ in range(100): append(journal)")

    at_once(errand, errand)
    assert journal.head()[0] == 200
    assert_whole(journal)


_BESIDE = """
import secrets, sys
from pathlib import Path
from kiosk.booth.journal import Draft, Journal
from kiosk.clock import SystemClock
from kiosk.facts.tallies import TallyCounted
journal = Journal(Path(sys.argv[1]), SystemClock())
def append(to):
    return to.append(Draft(secrets.token_hex(16), TallyCounted(counter="headcount", n=1), "li"))[0].id
"""


def run_beside(journal: Journal, errand: str) -> list[str]:
    """Run Python in a process of its own, with `journal` opened on the same file; the words it prints."""
    script = [sys.executable, "-c", _BESIDE + errand + "\njournal.close()", str(journal.file)]
    return subprocess.run(script, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode().split()


KILLS = 20
_KILL = f"""
import os, random, signal, time
journal.close()  # no thread may be running when this process forks
dice = random.Random(315)
for _ in range({KILLS}):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        victim = Journal(journal.file, SystemClock())
        while True:
            os.write(writing, append(victim).encode() + b"\\n")
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        print(told.readline().decode())
        time.sleep(dice.random() / 50)  # anywhere in the middle of an append
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(told.read().decode())
"""


def test_whatever_was_acknowledged_survives_a_kill(journal: Journal):
    acknowledged = run_beside(journal, _KILL)
    assert len(acknowledged) >= KILLS
    assert_whole(journal, *acknowledged)


# --- append-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts SET line = x'7b7d'",
        "DELETE FROM facts",
        "DELETE FROM facts WHERE seq = 1",
        "INSERT OR REPLACE INTO facts SELECT seq, id, kind, at, mono, boot, x'7b7d', hash FROM facts WHERE seq = 1",
        "REPLACE INTO facts SELECT 9, id, kind, at, mono, boot, line, hash FROM facts WHERE seq = 1",
        "UPDATE OR REPLACE facts SET seq = 1 WHERE seq = 2",
    ],
)
def test_a_fact_is_never_changed_or_taken_away(journal: Journal, statement: str):
    facts = journal.append(a_draft(), a_draft())
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        journal.write(statement)
    assert facts_of(journal) == facts


def test_a_reader_cannot_write(journal: Journal):
    with journal.reading() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM drafts")


def tamper(journal: Journal, statement: str) -> None:
    """What somebody with the file and a database tool can do."""
    with closing(sqlite3.connect(journal.file, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER facts_are_never_changed")
        connection.execute("DROP TRIGGER facts_are_never_deleted")
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE facts SET line = CAST(line || ' ' AS BLOB) WHERE seq = 2", 2),
        ("UPDATE facts SET hash = zeroblob(32) WHERE seq = 3", 3),
        ("DELETE FROM facts WHERE seq = 1", 1),
        ("DELETE FROM facts WHERE seq = 2", 2),
        ("UPDATE facts SET seq = 9 WHERE seq = 3", 3),
    ],
)
def test_tampering_is_seen_and_the_place_is_named(journal: Journal, statement: str, seq: int):
    journal.append(*(a_draft() for _ in range(3)))
    tamper(journal, statement)
    with pytest.raises(Problem) as caught:
        journal.verify()
    assert (code_of(caught), caught.value.details) == ("journal.damaged", {"seq": seq})


def test_a_journal_that_nobody_touched_verifies(journal: Journal):
    journal.append(*(a_draft() for _ in range(3)))
    assert journal.verify() == 3


def test_without_an_enrolment_nothing_is_recorded(tmp_path: Path, clock: FakeClock):
    with closing(Journal.create(tmp_path / "booth.db", clock, "00" * 32)) as journal, pytest.raises(Problem) as caught:
        journal.append(a_draft())
    assert code_of(caught) == "booth.unenrolled"


# --- what it stands on ----------------------------------------------------------------------------


def test_every_commit_is_on_disk_before_it_is_told(journal: Journal):
    assert journal.safety() == {"journal_mode": "wal", "synchronous": "full"}


@pytest.mark.parametrize("pragma", ["journal_mode = DELETE", "journal_mode = MEMORY", "synchronous = NORMAL"])
def test_a_journal_refuses_to_start_on_unsafe_settings(
    journal: Journal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, pragma: str
):
    def connect(file: Path) -> sqlite3.Connection:
        connection = safe(file)
        connection.execute(f"PRAGMA {pragma}")
        return connection

    safe = schema.connect
    journal.close()  # the mode cannot be changed while somebody has it open
    monkeypatch.setattr(schema, "connect", connect)
    with pytest.raises(Problem) as caught:
        Journal(journal.file, clock)
    assert code_of(caught) == "journal.unsafe"


def test_where_there_is_no_file_there_is_no_journal(tmp_path: Path, clock: FakeClock):
    with pytest.raises(Problem) as caught:
        Journal(tmp_path / "booth.db", clock)
    assert code_of(caught) == "booth.missing"
    assert not (tmp_path / "booth.db").exists()


def test_a_journal_may_lie_in_a_folder_with_any_name(tmp_path: Path, clock: FakeClock):
    folder = tmp_path / "展台 #1 100%?"
    with closing(a_journal(folder, clock)) as journal:
        journal.append(a_draft())
        assert_whole(journal)


def test_a_journal_goes_on_where_it_was(journal: Journal, clock: FakeClock):
    journal.append(a_draft())
    journal.close()
    with closing(Journal(journal.file, clock)) as again:
        assert again.append(a_draft())[0].seq == 2
        assert again.boot == journal.boot  # the machine was not switched off
        assert_whole(again)


def test_a_restored_copy_goes_another_way(journal: Journal, clock: FakeClock, tmp_path: Path):
    """The same seq with another hash: how the hub sees a fork."""
    journal.append(a_draft())
    home = shutil.copytree(journal.file.parent, tmp_path / "copy")
    with closing(Journal(home / journal.file.name, clock)) as copy:
        copy.append(a_draft())
        journal.append(a_draft())
        assert copy.hash_at(1) == journal.hash_at(1)
        assert copy.hash_at(2) != journal.hash_at(2)


# --- a full disk ----------------------------------------------------------------------------------


def limit_pages(journal: Journal, pages: int) -> None:
    journal.transact(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())


def fill_up(journal: Journal) -> list[str]:
    """Append until there is no room; the ids that were acknowledged."""
    limit_pages(journal, 1)  # SQLite takes the pages there are
    acknowledged: list[str] = []
    for _ in range(1000):
        try:
            acknowledged += [fact.id for fact in journal.append(a_draft(TallyCounted(counter="headcount", n=1)))]
        except Problem as problem:
            assert problem.code == "storage.full"  # noqa: PT017
            return acknowledged
    raise AssertionError("the disk was never full")


def test_on_a_full_disk_nothing_is_half_written(journal: Journal):
    acknowledged = fill_up(journal)
    assert [fact.id for fact in facts_of(journal)] == acknowledged
    assert_whole(journal)


def test_once_there_is_room_again_the_same_tap_is_kept(journal: Journal):
    acknowledged, draft = fill_up(journal), a_draft()
    with pytest.raises(Problem):
        journal.append(draft)
    limit_pages(journal, 1_000_000)
    journal.append(draft)
    assert_whole(journal, *acknowledged, draft.id)


# --- reading --------------------------------------------------------------------------------------


def test_an_undo_has_an_id_of_its_own(journal: Journal):
    tap = a_draft()
    journal.append(tap, Draft(undo_id(tap.id), TallyUndone(undoes=tap.id, counter="headcount", n=1), "li"))
    assert journal.totals() == {}
    assert_whole(journal, tap.id, undo_id(tap.id))


def test_lines_come_back_byte_by_byte_from_any_place(journal: Journal):
    journal.append(*(a_draft() for _ in range(5)))
    everything = journal.lines(1, 100)
    assert journal.lines(3, 2) == everything[2:4]
    assert journal.lines(6, 10) == []
