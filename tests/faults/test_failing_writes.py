"""The n-th write fails, for every n: whoever was told "kept" finds it kept, everybody else is told what to do.

A disk that fails says nothing of what it did before. So a refused fact may be there after all; then it is there wholly,
and the same tap made again is the same fact.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import ROOT
from kiosk.booth.journal import Journal
from kiosk.errors import Problem
from tests.faults import disk
from tests.makers import a_draft, facts_of
from tests.proof import figure, share

CALLS = share(500, 60)
HUB_CALLS = share(100, 10)
START_CALLS = 12
NEW_CALLS = 60
STEP = share(1, 5)  # there are five ways to fail; in `make test` each call fails in one of them
ROOM = share(1, 3)  # kilobytes from one quota to the next


def run(name: str, library: Path, folder: Path, last: int, step: int) -> dict[str, dict]:
    """Case → report of one of the programs of failing.py on the failing disk."""
    # -B: a Python that may write no more than that would leave half a compiled module behind, for everybody.
    words = [sys.executable, "-B", "-m", "tests.faults.failing", name, str(folder), str(last), str(step)]
    done = subprocess.run(words, cwd=ROOT, env=disk.preloaded(library), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def assert_nothing_is_lost(reports: dict[str, dict], what: str, *codes: str) -> None:
    faults = [f"{case}: {fault}" for case, report in reports.items() for fault in report["faults"]]
    told = {code for report in reports.values() for code in report["told"]}
    for name in ("runs", "failures", "acknowledged", "kept_unheard"):
        figure(f"failing writes, {what}: {name.replace('_', ' ')}", sum(report[name] for report in reports.values()))
    figure(f"failing writes, {what}: faults", len(faults))
    assert faults[:5] == []
    assert told <= set(codes)
    assert all(report["failures"] for report in reports.values())


def test_a_booth_whose_disk_fails_at_the_nth_write_loses_nothing(failing_disk: Path, memory: Path):
    reports = run("booth", failing_disk, memory, CALLS, STEP)
    assert_nothing_is_lost(reports, f"a booth, call 1 … {CALLS}", "storage.full", "storage.failed")
    assert set(reports["full"]["told"]) == {"storage.full"}
    assert set(reports["broken"]["told"]) == {"storage.failed"}
    with_reserve = reports["full until the reserve is given up"]
    assert with_reserve["told"] == {}  # counting went on
    assert with_reserve["failures"] >= with_reserve["runs"]


def test_a_journal_made_on_a_failing_disk_is_whole_or_can_be_made_again(failing_disk: Path, memory: Path):
    reports = run("new", failing_disk, memory, NEW_CALLS, STEP)
    assert_nothing_is_lost(reports, f"a journal that is made, call 1 … {NEW_CALLS}", "storage.full", "storage.failed")


def test_a_booth_that_starts_on_a_failing_disk_says_so_and_starts_later(failing_disk: Path, memory: Path):
    reports = run("start", failing_disk, memory, START_CALLS, STEP)
    assert_nothing_is_lost(reports, f"a booth's start, call 1 … {START_CALLS}", "storage.full", "storage.failed")


def test_a_hub_whose_disk_fails_at_the_nth_write_signs_only_for_what_it_holds(failing_disk: Path, memory: Path):
    reports = run("hub", failing_disk, memory, HUB_CALLS, STEP)
    assert_nothing_is_lost(reports, f"a hub, call 1 … {HUB_CALLS}", "503 hub.storage")


def test_a_booth_under_a_quota_says_that_it_is_full_and_goes_on_afterwards(failing_disk: Path, memory: Path):
    report = run("limit", failing_disk, memory, 40, ROOM)["quota"]
    figure("failing writes, a booth under a quota: runs", report["runs"])
    assert report["faults"] == []
    assert set(report["told"]) == {"storage.full"}


@pytest.mark.parametrize("more", range(6))
def test_a_booth_whose_database_may_not_grow_says_that_it_is_full_and_goes_on_afterwards(journal: Journal, more: int):
    kept = set()

    def count_on() -> None:
        while True:
            kept.add(journal.append(a_draft())[0].id)

    pages = journal.transact(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    journal.transact(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + more}").fetchone())
    with pytest.raises(Problem, match=r"storage\.full"):
        count_on()
    assert {fact.id for fact in facts_of(journal)} == kept
    journal.transact(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    journal.append(a_draft())
    assert journal.verify() == len(kept) + 1


def test_a_slow_disk_is_slow_at_every_flush_of_its_folder(failing_disk: Path, memory: Path):
    """The bench measures taps on such a disk."""
    (memory / "slow").mkdir()
    program = (
        "import os, sys, time\n"
        "for folder in sys.argv[1:]:\n"
        "    file = os.open(folder + '/file', os.O_RDWR | os.O_CREAT)\n"
        "    begun = time.perf_counter()\n"
        "    [(os.write(file, b'x'), os.fsync(file), os.fdatasync(file)) for _ in range(5)]\n"
        "    print(time.perf_counter() - begun)\n"
    )
    environment = disk.preloaded(failing_disk, slow_us=50_000, folder=memory / "slow")
    words = [sys.executable, "-c", program, str(memory / "slow"), str(memory)]
    slow, quick = map(float, subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True).stdout.split())
    assert slow >= 10 * 0.05
    assert quick < slow
