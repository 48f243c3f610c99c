"""Two programs on one journal: one chain, no number twice, none left out."""

import subprocess
import sys
from itertools import pairwise

from kiosk import ROOT
from kiosk.booth.journal import Journal
from tests.makers import facts_of
from tests.proof import figure, share

TAPS = share(2_000, 600)


def test_two_processes_tap_into_one_journal_and_leave_one_chain(journal: Journal):
    words = [sys.executable, "-m", "tests.faults.counting", str(journal.file), str(TAPS // 2)]
    pair = [
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.stdout.readline() for process in pair] == ["ready\n"] * 2
    for process in pair:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0].split() for process in pair]
    facts = facts_of(journal)
    figure("two processes on one journal: taps", len(facts))
    assert [process.returncode for process in pair] == [0, 0]
    assert [fact.seq for fact in facts] == list(range(1, TAPS + 1))
    assert sorted(fact.id for fact in facts) == sorted(one for ids in told for one in ids)
    assert journal.verify() == TAPS
    first = set(told[0])
    turns = sum((one.id in first) != (other.id in first) for one, other in pairwise(facts))
    figure("two processes on one journal: turns", turns)
    assert turns > 10  # they did write at the same time, and not one after the other
