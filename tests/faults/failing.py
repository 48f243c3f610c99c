"""Programs whose disk fails at the n-th write, for every n; and what they made of it.

Run by test_failing_writes.py with disk.c preloaded: python -m tests.faults.failing NAME FOLDER LAST STEP
"""

import errno
import hashlib
import importlib
import json
import resource
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from kiosk.booth.journal import Draft, Journal
from kiosk.booth.storage import Storage
from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.hub import ledger
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import facts
from kiosk.reports.amounts import fold
from kiosk.sync import protocol
from tests.clocks import FakeClock
from tests.faults.disk import Disk
from tests.hub.tablets import Tablet, a_tablet
from tests.makers import HUB_URL, a_filing, a_headcount, a_hub, a_journal, an_id, facts_of

#: How the disk fails: with which error, and for how long.
CASES = {
    "full": (errno.ENOSPC, Disk.ON),
    "full until the reserve is given up": (errno.ENOSPC, Disk.UNTIL_ROOM),
    "full for a moment": (errno.ENOSPC, Disk.ONCE),
    "broken": (errno.EIO, Disk.ON),
    "broken for a moment": (errno.EIO, Disk.ONCE),
}
RESERVE = 1 << 20
BATCH = 4
AFTERWARDS = 2  # more tries after the first failure


@dataclass
class Report:
    """What came of it, over all n."""

    runs: int = 0
    failures: int = 0  # calls that failed
    acknowledged: int = 0
    told: Counter[str] = field(default_factory=Counter)  # code of the problem → how often
    kept_unheard: int = 0  # told that it failed, and there all the same: asked again, it is the same fact
    faults: list[str] = field(default_factory=list)

    def check(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.faults.append(what)


# --- a booth ----------------------------------------------------------------------------------------------


def booth(folder: Path, case: str, calls: Iterable[int]) -> Report:
    """Somebody counts, the disk fails in the middle, somebody goes on counting, and the disk is well again."""
    report, disk = Report(), Disk()
    a_journal(folder / "new", FakeClock()).close()
    for call in calls:
        home = folder / "booth"
        shutil.copytree(folder / "new", home)
        storage = Storage(home, RESERVE if "reserve" in case else 0)
        storage.start()
        with closing(Journal(home / "booth.db", FakeClock(), storage)) as journal:
            disk.arm(home, call, *CASES[case])
            kept, refused = _count(journal, report, lambda: disk.failures > 0, f"call {call}")
            report.runs += 1
            report.failures += disk.disarm()
            _count_on(journal, report, kept, refused, f"call {call}")
        with closing(Journal(home / "booth.db", FakeClock())) as journal:
            report.check(journal.trouble is None, f"call {call}: the next start finds {journal.trouble}")
            report.check(journal.verify() == len(kept) + len(refused) + 1, f"call {call}: facts are gone")
        shutil.rmtree(home)
    return report


def _count(
    journal: Journal, report: Report, has_failed: Callable[[], bool], run: str
) -> tuple[list[Draft], list[Draft]]:
    """What was acknowledged, and what was refused."""
    kept: list[Draft] = []
    refused: list[Draft] = []
    tries = AFTERWARDS
    for number in count():
        draft = a_draft_with_or_without_blob(number)
        try:
            journal.append(draft)
            kept.append(draft)
        except Problem as problem:
            report.told[problem.code] += 1
            refused.append(draft)
        except Exception as error:  # noqa: BLE001 (just what must never come out)
            report.check(False, f"{run}: raised {error!r}")
            refused.append(draft)
        if has_failed():
            if tries == 0:
                break
            tries -= 1
    report.acknowledged += len(kept)
    return kept, refused


def a_draft_with_or_without_blob(number: int) -> Draft:
    if number % 5 != 3:
        return Draft(an_id(number), a_headcount(1 + number % 9), "li")
    sealed = bytes([number % 256]) * 3000
    name = hashlib.sha256(sealed).hexdigest()
    body = a_filing(name, len(sealed))
    return Draft(an_id(number), body, "li", sealed)


def _count_on(journal: Journal, report: Report, kept: list[Draft], refused: list[Draft], run: str) -> None:
    """Everything acknowledged is there, everything else wholly or not at all; and a second try succeeds."""
    there = {fact.id for fact in facts_of(journal)}
    report.check({draft.id for draft in kept} <= there, f"{run}: an acknowledged fact is gone")
    report.check(there <= {draft.id for draft in (*kept, *refused)}, f"{run}: a fact from nowhere")
    report.kept_unheard += sum(draft.id in there for draft in refused)
    _check_whole(journal, report, run)
    journal.append(*refused, Draft(an_id(0xF315), a_headcount(), "li"))
    _check_whole(journal, report, run)


def _check_whole(journal: Journal, report: Report, run: str) -> None:
    found = facts_of(journal)
    report.check(journal.trouble is None, f"{run}: {journal.trouble}")
    report.check(journal.verify() == len(found), f"{run}: the chain is broken")
    report.check(journal.totals() == {key: n for key, n in fold(found).items() if n}, f"{run}: totals are not the sum")
    named = {fact.body["blob"] for fact in found if "blob" in fact.body}
    with journal.reading() as connection:
        blobs = {name for (name,) in connection.execute("SELECT sha256 FROM blobs")}
    report.check(blobs == named, f"{run}: blobs without facts, or facts without blobs")


# --- a booth that is made ------------------------------------------------------------------------------------


def new(folder: Path, case: str, calls: Iterable[int]) -> Report:
    """The disk fails while the journal is made: it is there whole, or not at all and can be made again."""
    report, disk = Report(), Disk()
    for call in calls:
        home = folder / "booth"
        home.mkdir()
        disk.arm(home, call, *CASES[case])
        try:
            Journal.create(home / "booth.db", FakeClock(), "00" * 32).close()
            report.acknowledged += 1
        except Problem as problem:
            report.told[problem.code] += 1
        except Exception as error:  # noqa: BLE001 (just what must never come out)
            report.check(False, f"call {call}: raised {error!r}")
        report.runs += 1
        report.failures += disk.disarm()
        is_there = (home / "booth.db").exists()
        make = Journal if is_there else lambda file, clock: Journal.create(file, clock, "00" * 32)
        with closing(make(home / "booth.db", FakeClock())) as journal:
            report.check(journal.trouble is None, f"call {call}: {journal.trouble}")
            report.check(journal.trouble is not None or len(journal.identity().journal) == 32, f"call {call}: no id")
        left = {file.name for file in home.iterdir()} - {"booth.db"}
        report.check(not left, f"call {call}: {left} is left")
        shutil.rmtree(home)
    return report


# --- a booth that starts after a power cut --------------------------------------------------------------------


def start(folder: Path, case: str, calls: Iterable[int]) -> Report:
    """The last run was cut off in a commit, so the start has to roll back, and the disk fails meanwhile."""
    report, disk = Report(), Disk()
    _cut_off(folder / "new")
    for call in calls:
        home = folder / "booth"
        shutil.copytree(folder / "new", home)
        disk.arm(home, call, *CASES[case])
        try:
            journal = Journal(home / "booth.db", FakeClock())
            report.check(journal.trouble is None, f"call {call}: {journal.trouble}")
            journal.close()
        except Problem as problem:
            report.told[problem.code] += 1
        except Exception as error:  # noqa: BLE001 (just what must never come out)
            report.check(False, f"call {call}: raised {error!r}")
        report.runs += 1
        report.failures += disk.disarm()
        with closing(Journal(home / "booth.db", FakeClock())) as journal:
            report.check(journal.trouble is None, f"call {call}: {journal.trouble}")
            _count_on(
                journal, report, [a_draft_with_or_without_blob(number) for number in range(20)], [], f"call {call}"
            )
        shutil.rmtree(home)
    return report


def _cut_off(folder: Path) -> None:
    """A journal of twenty facts as it lies there in the middle of a commit: half new, with what undoes it beside."""
    with closing(a_journal(folder.with_name("whole"), FakeClock())) as journal:
        journal.append(*(a_draft_with_or_without_blob(number) for number in range(20)))
    with closing(sqlite3.connect(folder.with_name("whole") / "booth.db", isolation_level=None)) as connection:
        for statement in (
            "PRAGMA cache_size = 1",
            "BEGIN IMMEDIATE",
            "UPDATE totals SET n = n + 1000",
            "INSERT INTO drafts SELECT hex(randomblob(16)), 'x', zeroblob(5000) FROM facts",
        ):
            connection.execute(statement).fetchone()
        shutil.copytree(folder.with_name("whole"), folder)
        connection.execute("ROLLBACK")


# --- a hub ------------------------------------------------------------------------------------------------


def hub(folder: Path, case: str, calls: Iterable[int]) -> Report:
    """A tablet sends, the hub's disk fails, the tablet goes on sending, and the disk is well again."""
    importlib.import_module("tests.conftest")  # hubs share what is the same for all, as in any other test
    report, disk = Report(), Disk()
    new, tablet = _a_hub_with_a_tablet(folder.with_name("new"))
    batches = [tablet.batch(first, BATCH) for first in range(1, 10 * BATCH, BATCH)]
    for call in calls:
        home = folder / "hub"
        shutil.copytree(new, home)
        with closing(open_hub(HubConfig(home, public_url=HUB_URL), FakeClock())) as here:
            app = create_hub_app(here)
            disk.arm(home, call, *CASES[case])
            signed = _send(app, batches, report)
            report.runs += 1
            report.failures += disk.disarm()
            _check_hub(here, tablet, signed, report, f"call {call}")
            _send(app, batches, again := Report())
            report.check(not again.told, f"call {call}: {again.told}, though all was well again")
            report.check(_held(here, tablet) == tablet.lines, f"call {call}: sent again, it is not what was sent")
            report.faults += [f"call {call}: {fault}" for fault in ledger.verify(here)]
        shutil.rmtree(home)
    return report


@cache  # for all ways to fail: most of it is Argon2
def _a_hub_with_a_tablet(folder: Path) -> tuple[Path, Tablet]:
    with closing(a_hub(folder, FakeClock())) as here:
        tablet = a_tablet(here)
    for _ in range(10 * BATCH):
        tablet.record(a_headcount(3))
    return folder, tablet


def _check_hub(here: Hub, tablet: Tablet, signed: list[int], report: Report, run: str) -> None:
    """Each batch is held wholly or not at all, and wholly if the hub signed for it."""
    held = set(_held(here, tablet))
    for number in range(10):
        lines = set(tablet.lines[number * BATCH : (number + 1) * BATCH])
        report.check(len(lines & held) in (0, BATCH), f"{run}: half of batch {number}")
        report.check(number not in signed or lines <= held, f"{run}: signed for batch {number}, and it is gone")
        report.kept_unheard += number not in signed and lines <= held
    report.faults += [f"{run}: {fault}" for fault in ledger.verify(here)]


def _send(app: Flask, batches: list[bytes], report: Report) -> list[int]:
    """Send all, though a tablet would stop at the first refusal; the numbers of those the hub signed for."""
    signed = []
    with app.test_client() as client:
        for number, batch in enumerate(batches):
            answer = client.post("/sync/v1/batches", data=batch, headers={protocol.HEADER: "1"})
            if answer.status_code == 200:
                signed.append(number)
            else:
                report.told[f"{answer.status_code} {answer.get_json()['problem']}"] += 1
    report.acknowledged += BATCH * len(signed)
    return signed


def _held(here: Hub, tablet: Tablet) -> list[bytes]:
    with here.store.reading() as tx:
        query = select(facts.c.line).where(facts.c.journal == tablet.journal).order_by(facts.c.seq)
        return [bytes(line) for line in tx.execute(query).scalars()]


# --- another way to run out of room -------------------------------------------------------------------------


def limit(folder: Path, _case: str, kilobytes: Iterable[int]) -> Report:
    """No file may become larger than the database and so much more. To SQLite that is just a failed write."""
    report = Report()
    a_journal(folder / "new", FakeClock()).close()
    for more in kilobytes:
        home = folder / "booth"
        shutil.copytree(folder / "new", home)
        told = report.told.total()
        with closing(Journal(home / "booth.db", FakeClock())) as journal:
            size = (home / "booth.db").stat().st_size + 1024 * more
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            try:
                kept, refused = _count(journal, report, lambda told=told: report.told.total() > told, f"{more} KB more")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            report.runs += 1
            _count_on(journal, report, kept, refused, f"{more} KB more")
        shutil.rmtree(home)
    return report


PROGRAMS: dict[str, Callable[[Path, str, Iterable[int]], Report]] = {
    "booth": booth,
    "new": new,
    "start": start,
    "hub": hub,
    "limit": limit,
}


def main(name: str, folder: Path, last: int, step: int) -> dict[str, dict[str, Any]]:
    """Case → report. Every case takes each `step`-th call from another one on, so that together they take all."""
    reports = {}
    for number, case in enumerate(CASES if name != "limit" else ["quota"]):
        (folder / str(number)).mkdir()
        calls = range(1 + number % step, last + 1, step)
        reports[case] = vars(PROGRAMS[name](folder / str(number), case, calls))
    return reports


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
