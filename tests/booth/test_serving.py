"""One program serves a booth's folder; the others work beside it."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk import ROOT
from kiosk.booth.folder import ServeLock
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.serving import serving
from kiosk.cli import main
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from tests.booth.test_journal import assert_whole, at_once
from tests.cli.test_commands import CLEAN, one_line
from tests.clocks import FakeClock
from tests.makers import a_draft
from tests.proof import figure, share

#: Serves as gunicorn's master does: the lock is taken here, the work is done by a process forked later.
_SERVE = """
import os, signal, sys
from pathlib import Path
from kiosk.booth.serving import serving
from kiosk.booth.journal import Draft
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from kiosk.facts.tallies import TallyCounted
def keep(journal, draft):
    try:
        return journal.append(draft)[0].seq
    except Problem as problem:
        assert problem.code == "journal.locked"
start, stop = serving(BoothConfig(Path(sys.argv[1]), sync_seconds=0))
worker = os.fork()
if worker == 0:
    journal = start().extensions["booth"].journal
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            draft, seq = Draft(os.urandom(16).hex(), TallyCounted(counter="headcount", n=1), "li"), None
            while seq is None:
                seq = keep(journal, draft)
        print("done", flush=True)
    stop()
else:
    os.waitpid(worker, 0)
"""


def keep(journal: Journal, draft: Draft) -> None:
    """Touch until it is recorded, as people do; it is the same touch."""
    while True:
        try:
            journal.append(draft)
        except Problem as problem:
            assert problem.code == "journal.locked"  # noqa: PT017
        else:
            return


class Server:
    """A booth that is served by a process of its own and the worker it forked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        words = [sys.executable, "-c", _SERVE, str(home)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.worker = int(self.process.stdout.readline())

    def counts(self, touches: int) -> None:
        self.process.stdin.write(f"{touches}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def ends(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


@pytest.fixture
def server(booth_folder: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(shutil.copytree(booth_folder, tmp_path / "booth"))
    yield server
    server.process.kill()
    server.process.wait()
    server.process.stdin.close()
    server.process.stdout.close()


def test_a_second_server_ends_with_one_line(server: Server, runner: CliRunner):
    answer = runner.invoke(main, ["booth", "serve", "--data", str(server.home), "--port", "1"], env=CLEAN)
    assert (answer.exit_code, answer.stderr.partition(":")[0], one_line(answer.stderr)) == (1, "booth.serving", True)
    server.ends()
    _, stop = serving(BoothConfig(server.home))
    stop()


def test_the_lock_is_held_as_long_as_the_worker_lives(server: Server):
    """The master was killed; what it forked still serves for a moment."""
    server.process.kill()
    server.process.wait()
    with pytest.raises(Problem, match=r"booth\.serving"):
        serving(BoothConfig(server.home))
    server.process.stdin.close()  # the worker's end
    ServeLock(server.home, patience=30).release()


def test_a_server_that_is_told_to_wait_follows_the_one_that_ends(server: Server):
    ending = threading.Thread(target=server.ends)
    ending.start()
    _, stop = serving(BoothConfig(server.home), patience=30)
    ending.join()
    stop()


def test_commands_work_beside_a_running_server(server: Server, runner: CliRunner, clock: FakeClock):
    server.counts(5)
    answer = runner.invoke(main, ["booth", "sync", "--data", str(server.home)], env=CLEAN)
    assert answer.stderr.partition(":")[0] == "sync.unreachable"  # it got as far as the network
    with closing(Journal(server.home / "booth.db", clock)) as beside:
        assert beside.trouble is None
        beside.append(a_draft())
    server.counts(5)


def test_two_programs_leave_no_gap_and_no_twin(server: Server, clock: FakeClock):
    """Taps at the server and records of a command beside it."""
    each = share(1000, 300)
    with closing(Journal(server.home / "booth.db", clock)) as beside:
        before = beside.head()[0]
        at_once(lambda: server.counts(each), lambda: [keep(beside, a_draft()) for _ in range(each)])
        assert beside.head()[0] == before + 2 * each
        assert_whole(beside)
    figure("records of two programs on one journal, no gap and no twin", 2 * each)


def test_stopping_twice_is_stopping_once(booth_folder: Path, tmp_path: Path):
    home = shutil.copytree(booth_folder, tmp_path / "booth")
    start, stop = serving(BoothConfig(home, sync_seconds=0))
    start()
    stop()
    stop()


def test_the_process_that_only_watches_loads_nothing_of_what_is_served():
    """Both would have it in memory: a copy each, on a tablet with little."""
    watched = "import sys, kiosk.cli, kiosk.serve, kiosk.booth.serving; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", watched], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "kiosk.booth.serving" in loaded
    assert loaded.isdisjoint({"flask", "jinja2", "sqlite_utils", "nacl", "kiosk.booth.app", "kiosk.booth.journal"})
