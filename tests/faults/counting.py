"""Taps into a journal that somebody else is writing to, too:  python -m tests.faults.counting FILE TAPS

Prints the id of each acknowledged tap. Whoever is told that the journal is in use taps again, with the same id.
"""

import sys
import time
from contextlib import closing
from pathlib import Path

from kiosk.booth.journal import Draft, Journal
from kiosk.clock import SystemClock
from kiosk.errors import JOURNAL_LOCKED, Problem
from tests.makers import a_draft


def append(journal: Journal, draft: Draft) -> str:
    while True:
        try:
            return journal.append(draft)[0].id
        except Problem as problem:
            if problem.kind is not JOURNAL_LOCKED:
                raise


if __name__ == "__main__":
    with closing(Journal(Path(sys.argv[1]), SystemClock())) as open_journal:
        print("ready", flush=True)
        sys.stdin.readline()  # both begin at once
        for _ in range(int(sys.argv[2])):
            print(append(open_journal, a_draft()))
            time.sleep(0.0005)  # a hand goes up and down; without that one would have all turns until it is done
