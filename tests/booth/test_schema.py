"""An upgrade in the middle of the event: all of it or nothing, beside whoever is working, and never backwards."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from kiosk import ROOT
from kiosk.booth import schema
from kiosk.booth.app import create_booth_app
from kiosk.booth.journal import Journal
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from tests.booth.test_journal import assert_whole
from tests.clocks import FakeClock
from tests.makers import Browser, a_draft
from tests.proof import figure

LATER = (
    "ALTER TABLE facts ADD COLUMN later TEXT NOT NULL DEFAULT 'later'",
    "CREATE TABLE notes (one INTEGER PRIMARY KEY) STRICT",
    "INSERT INTO notes VALUES (1)",
)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The release after this one: one migration more, of three statements. A test may change them."""
    statements = list(LATER)
    monkeypatch.setattr(schema.migrations, "_migrations", [*schema.migrations._migrations])

    @schema.migrations(name="a later release")
    def change(db: Database) -> None:
        for statement in statements:
            db.execute(statement)

    return statements


def shape(file: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()


def test_an_upgrade_keeps_every_fact(journal: Journal, clock: FakeClock, later: list[str]):
    facts = journal.append(a_draft(), a_draft())
    journal.close()
    with closing(Journal(journal.file, clock)) as upgraded:
        assert upgraded.trouble is None
        assert upgraded.read_one("SELECT count(*), later FROM facts") == (2, "later")
        upgraded.append(a_draft())
        assert_whole(upgraded, *(fact.id for fact in facts))


@pytest.mark.parametrize("failing", range(3))
def test_an_upgrade_that_fails_half_way_changes_nothing(
    journal: Journal, clock: FakeClock, later: list[str], failing: int
):
    journal.append(a_draft())
    journal.close()
    before = shape(journal.file)
    later[failing] = "INSERT INTO identity SELECT * FROM identity"
    with pytest.raises(sqlite3.IntegrityError):
        Journal(journal.file, clock)
    assert shape(journal.file) == before
    later[failing] = LATER[failing]
    with closing(Journal(journal.file, clock)) as upgraded:
        assert upgraded.read_one("SELECT later FROM facts") == ("later",)


def test_pending_steps_are_taken_in_one_transaction(journal: Journal, clock: FakeClock, later: list[str], monkeypatch):
    schema.migrations(name="and another")(lambda db: db.execute("INSERT INTO notes VALUES (2)"))
    journal.close()
    statements: list[str] = []
    connect = schema.connect

    def traced(file: Path) -> sqlite3.Connection:
        connection = connect(file)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(schema, "connect", traced)
    Journal(journal.file, clock).close()
    assert [word for word in statements if word.startswith(("BEGIN", "COMMIT", "ROLLBACK;"))] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]


def test_up_to_date_no_lock_is_taken(journal: Journal, clock: FakeClock):
    """A booth is counting, and another program opens the same folder."""
    with closing(sqlite3.connect(journal.file, isolation_level=None)) as counting:
        counting.execute("BEGIN IMMEDIATE")
        with closing(Journal(journal.file, clock)) as beside:
            assert beside.trouble is None
            assert beside.head() == (0, beside.hash_at(0))
        counting.execute("COMMIT")


def test_two_programs_that_upgrade_at_once_take_turns(journal: Journal, clock: FakeClock, later: list[str]):
    journal.append(a_draft())
    journal.close()
    opened: list[Journal] = []
    threads = [threading.Thread(target=lambda: opened.append(Journal(journal.file, clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.trouble for one in opened] == [None] * 4
    assert opened[0].read_one("SELECT count(*) FROM notes") == (1,)
    for one in opened:
        one.close()


def test_a_file_that_is_busy_is_locked_and_not_unsafe(
    journal: Journal, clock: FakeClock, later: list[str], monkeypatch: pytest.MonkeyPatch
):
    journal.close()
    patient = sqlite3.connect
    migrating = patient(journal.file, isolation_level=None)
    monkeypatch.setattr(sqlite3, "connect", lambda *words, **more: patient(*words, **{**more, "timeout": 0.01}))
    with closing(migrating):
        migrating.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Problem, match=r"journal\.locked"):
            Journal(journal.file, clock)
        migrating.execute("ROLLBACK")
        migrating.execute("BEGIN IMMEDIATE")  # as a booth that counts: only the upgrade has to wait
        with pytest.raises(Problem, match=r"journal\.locked"):
            Journal(journal.file, clock)
        migrating.execute("ROLLBACK")
    with closing(Journal(journal.file, clock)) as upgraded:
        assert upgraded.trouble is None


@pytest.fixture
def from_the_future(booth_app, clock: FakeClock) -> BoothConfig:
    """The folder of a booth that a later release has upgraded."""
    here = booth_app.extensions["booth"]
    here.journal.append(a_draft())
    here.journal.write(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('kiosk.booth', 'x', 'x')"
    )
    here.journal.write("ALTER TABLE identity RENAME COLUMN notice TO signed_notice")
    here.close()
    return here.config


def test_a_file_of_a_later_release_is_not_touched_and_says_what_to_do(from_the_future: BoothConfig, clock: FakeClock):
    before = from_the_future.database.read_bytes()
    app = create_booth_app(from_the_future, clock)
    with closing(app.extensions["booth"]) as booth:
        page = Browser(app.test_client()).get("/")
        assert (page.status, "这台平板上的程序太旧" in page, "journal.newer" in page) == (500, True, True)
        health = app.test_client().get("/healthz")
        assert (health.status_code, health.get_json()["problem"]) == (503, "journal.newer")
        for ask in (booth.journal.head, lambda: booth.journal.append(a_draft()), booth.sync, booth.journal.totals):
            with pytest.raises(Problem, match=r"journal\.newer"):
                ask()
    assert from_the_future.database.read_bytes() == before


def test_a_file_that_knows_other_releases_than_ours_is_damaged(journal: Journal, clock: FakeClock):
    journal.write("UPDATE _sqlite_migrations SET name = 'jourmal' WHERE name = 'journal'")
    journal.close()
    with closing(Journal(journal.file, clock)) as other:
        assert other.trouble.code == "journal.damaged"


def test_what_somebody_added_to_the_file_does_no_harm(journal: Journal, clock: FakeClock):
    journal.write("CREATE INDEX facts_by_day ON facts (at)")
    journal.close()
    with closing(Journal(journal.file, clock)) as other:
        assert other.trouble is None


def test_a_booth_whose_making_was_cut_short_is_none_yet(tmp_path: Path, clock: FakeClock):
    """The database comes into being with all that belongs to it, or not at all."""
    (tmp_path / "booth.db.new").write_bytes(b"half")
    with pytest.raises(Problem, match=r"booth\.missing"):
        Journal(tmp_path / "booth.db", clock)
    (tmp_path / "booth.db.new").unlink()
    with closing(Journal.create(tmp_path / "booth.db", clock, "00" * 32)) as journal:
        assert journal.trouble is None
    assert {file.name for file in tmp_path.iterdir()} == {"booth.db"}


# --- killed at every statement ------------------------------------------------------------------------

_UPGRADE = """
import os, shutil, signal, sys
from pathlib import Path
from kiosk.booth import schema
folder, connect, seen = Path(sys.argv[1]), schema.connect, []
@schema.migrations(name="a later release")
def change(db):
    for statement in %r:
        db.execute(statement)
def upgrade(at):
    def fatal(statement):
        seen.append(statement)
        if len(seen) == at:
            os.kill(os.getpid(), signal.SIGKILL)
    def traced(file):
        connection = connect(file)
        connection.set_trace_callback(fatal)
        return connection
    schema.connect = traced
    schema.make_ready(shutil.copy(folder / "old.db", folder / f"{at}.db"))
upgrade(0)
for at in range(1, len(seen) + 1):
    child = os.fork()
    if child == 0:
        seen.clear()
        upgrade(at)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
print(len(seen))
"""


def test_killed_at_any_statement_of_an_upgrade_nothing_is_lost(journal: Journal, tmp_path: Path):
    facts = [fact.id for fact in journal.append(a_draft(), a_draft())]
    journal.close()
    old = shape(shutil.copy(journal.file, tmp_path / "old.db"))
    words = [sys.executable, "-c", _UPGRADE % (LATER,), str(tmp_path)]
    kills = int(subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    shapes = []
    for at in range(kills + 1):
        with closing(sqlite3.connect(tmp_path / f"{at}.db")) as connection:  # rolls back what was left half-done
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert [row[0] for row in connection.execute("SELECT id FROM facts ORDER BY seq")] == facts
        shapes.append(shape(tmp_path / f"{at}.db"))
    assert kills > 20
    assert (shapes[1], shapes[kills], len(set(map(str, shapes)))) == (old, shapes[0], 2)
    figure("kills at a statement of an upgrade of a booth, nothing lost", kills)
