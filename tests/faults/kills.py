"""Programs that are killed in the middle of their work, and the one that kills them and looks at what is left.

Run by test_kill.py and test_upgrades.py as a process of its own, because only a process without threads may fork:
python -m tests.faults.kills NAME FOLDER NUMBER SEED
"""

import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from sqlalchemy import Engine, event

from kiosk import ROOT
from kiosk.booth import schema as booth_schema
from kiosk.booth.journal import Journal
from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub.app import open_hub
from kiosk.reports.amounts import fold
from tests.faults.databases import picture
from tests.faults.power.programs import (
    AS_IT_IS,
    BOOTH_START,
    HUB_START,
    Program,
    know_a_later_booth,
    know_a_later_hub,
)
from tests.faults.released.open import released_booth, released_hub
from tests.hub.tablets import deliver
from tests.makers import HUB_URL, a_draft, a_journal, facts_of

RENEWED = 20  # kills after which a new journal is begun, lest looking at it take longer than the killing
BATCH = 100  # facts


def run_kills(name: str, folder: Path, number: int) -> dict[str, Any]:
    """Run one of the programs below; its report."""
    seed = str(secrets.randbits(32))
    print(f"seed {seed}")
    words = [sys.executable, "-m", "tests.faults.kills", name, str(folder), str(number), seed]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


@dataclass
class Report:
    """What came of the kills."""

    kills: int = 0
    kills_on_the_way: int = 0  # of a hub: before it held the whole journal
    acknowledged: int = 0
    kept_unheard: int = 0  # kept, though nobody was told: the kill came between commit and answer
    faults: list[str] = field(default_factory=list)

    def check(self, is_right: bool, otherwise: str) -> None:
        if not is_right:
            self.faults.append(f"after kill {self.kills}: {otherwise}")


def kill_a_child(work: Callable[[Callable[[str], None]], NoReturn], words: int, seconds: float) -> list[str]:
    """Let a child work until it has told so many words, and so long after that; then kill it. All it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(lambda word: os.write(writing, word.encode() + b"\n"))
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        heard = [told.readline().decode().strip() for _ in range(words)]
        time.sleep(seconds)  # anywhere in the middle of what it does next
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        heard += told.read().decode().split()
    assert os.WIFSIGNALED(status), f"the child ended by itself: {heard[-3:]}"
    return heard


# --- a booth's writer -------------------------------------------------------------------------------------


def booth(folder: Path, kills: int, dice: Random) -> Report:
    report = Report()
    for first in range(0, kills, RENEWED):
        home = folder / f"booth-{first}"
        a_journal(home, SystemClock()).close()
        _one_journal(home / "booth.db", min(RENEWED, kills - first), dice, report)
    return report


def _one_journal(file: Path, kills: int, dice: Random, report: Report) -> None:
    acknowledged: list[str] = []
    for _ in range(kills):
        threads = dice.choice((1, 4))  # alone, or sharing commits
        work = partial(_count, file, threads)
        told = kill_a_child(work, dice.randrange(12), dice.random() / 300)
        report.kills += 1
        report.acknowledged += len(told)
        acknowledged += told
        with closing(Journal(file, SystemClock())) as journal:
            length = journal.verify()
            with journal.reading() as connection:
                kept = [row[0] for row in connection.execute("SELECT id FROM facts")]
        report.check(length == len(kept) == len(set(kept)), "an id is there twice")
        report.check(set(acknowledged) <= set(kept), "an acknowledged fact is gone")
        report.kept_unheard += len(kept) - len(acknowledged)
        acknowledged = kept  # what is there once must stay
    with closing(Journal(file, SystemClock())) as journal:
        folded = {bucket: n for bucket, n in fold(facts_of(journal)).items() if n}
        report.check(journal.totals() == folded, "the totals are not the sum of the facts")


def _count(file: Path, threads: int, tell: Callable[[str], None]) -> NoReturn:
    journal = Journal(file, SystemClock())

    def append() -> None:
        while True:
            tell(journal.append(a_draft())[0].id)

    for _ in range(threads - 1):
        threading.Thread(target=append).start()
    append()
    raise AssertionError("it counts for ever")


# --- a hub's intake ---------------------------------------------------------------------------------------


def hub(folder: Path, kills: int, dice: Random) -> Report:
    """`folder` holds a hub, and in batches/ a journal. It is sent from wherever the hub is; when it ends, once more."""
    batches = [file.read_bytes() for file in sorted((folder / "batches").iterdir())]
    told_of = (folder / "journal").read_text()
    report, signed = Report(), 0
    for _ in range(kills):
        told = kill_a_child(partial(_send, folder, told_of, batches), dice.randrange(5), dice.random() / 100)
        report.kills += 1
        before, signed = signed, max([signed, *map(int, told)])
        report.acknowledged += signed - before
        held, facts, last, total = _held(folder / "hub.db", told_of)
        report.check(held >= signed, f"the hub signed for {signed} and holds {held}")
        report.check(held == facts == last == total, f"{facts} facts up to {last}, {total} counted, {held} claimed")
        report.kept_unheard += held - signed
        signed = held
        report.kills_on_the_way += held < BATCH * len(batches)
    return report


def _send(folder: Path, journal: str, batches: list[bytes], tell: Callable[[str], None]) -> NoReturn:
    here = open_hub(HubConfig(folder, public_url=HUB_URL), SystemClock())
    while True:
        held = _held(folder / "hub.db", journal)[0]
        for batch in batches[held // BATCH :] or batches:
            tell(str(deliver(here, batch).seq))


def _held(file: Path, journal: str) -> tuple[int, ...]:
    """(where the counted run ends, facts there are, last of them, visitors counted), each fact being one visitor."""
    with closing(sqlite3.connect(file)) as connection:
        return tuple(connection.execute(_HELD, {"journal": journal}).fetchone())


_HELD = """SELECT seq, (SELECT count(*) FROM facts WHERE journal = :journal),
    (SELECT coalesce(max(seq), 0) FROM facts WHERE journal = :journal),
    (SELECT coalesce(sum(n), 0) FROM totals WHERE journal = :journal)
  FROM journals WHERE journal = :journal"""


# --- a start that changes the schema ------------------------------------------------------------------------


def start(program: Program, folder: Path, kills: int, dice: Random) -> Report:
    """Start on copies of `folder`, each killed at another statement: at so many of them, or with 0 at every one."""
    report, before = Report(), picture(folder / program.database)
    whole = shutil.copytree(folder, folder.parent / "whole")
    statements = range(1, _statements(program, whole) + 1)
    after = picture(whole / program.database)
    for statement in dice.sample(statements, min(kills, len(statements)) or len(statements)):
        home = shutil.copytree(folder, folder.parent / "killed")
        child = os.fork()
        if child == 0:
            _start_and_die(program, home, statement)
        _, status = os.waitpid(child, 0)
        report.kills += 1
        report.check(os.WIFSIGNALED(status), f"the start ended by itself before statement {statement}")
        found = picture(home / program.database)
        report.check(found in (before, after), f"killed at statement {statement}, half a change was left")
        program.run(home, AS_IT_IS)
        report.check(
            picture(home / program.database) == after,
            f"killed at statement {statement}, the next start did not mend it",
        )
        shutil.rmtree(home)
    return report


def _statements(program: Program, folder: Path) -> int:
    """Let a child start in `folder`; how many statements it took."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        seen: list[str] = []
        _on_each_statement(seen.append)
        try:
            program.run(folder, AS_IT_IS)
            os.write(writing, str(len(seen)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        return int(told.read())


def _start_and_die(program: Program, folder: Path, statement: int) -> NoReturn:
    """Kill ourselves just before the n-th statement on the database, whichever connection it comes over."""
    left = count(statement, -1)

    def die(_sql: str) -> None:
        if next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    _on_each_statement(die)
    try:
        program.run(folder, AS_IT_IS)
    finally:
        os._exit(1)


def _on_each_statement(notice: Callable[[str], None]) -> None:
    plain = booth_schema.connect

    def connect(file: Path) -> sqlite3.Connection:
        connection = plain(file)
        connection.set_trace_callback(notice)
        return connection

    booth_schema.connect = connect
    event.listen(Engine, "connect", lambda connection, _record: connection.set_trace_callback(notice))


def upgrade(folder: Path, kills: int, dice: Random) -> dict[str, Report]:
    """Each start there is: on nothing, and on what the first release left, as a release after this one would.

    `kills` of each, or with 0 one at every statement.
    """
    old_booth, old_hub = released_booth(folder / "booth" / "old"), released_hub(folder / "hub" / "old")
    no_booth, no_hub = folder / "no booth" / "old", folder / "no hub" / "old"
    for home in (no_booth, no_hub):
        home.mkdir(parents=True)
    reports = {
        "a new booth": start(BOOTH_START, no_booth, kills, dice),
        "a new hub": start(HUB_START, no_hub, kills, dice),
    }
    know_a_later_booth()
    know_a_later_hub()
    reports["a released booth"] = start(BOOTH_START, old_booth, kills, dice)
    reports["a released hub"] = start(HUB_START, old_hub, kills, dice)
    return reports


if __name__ == "__main__":
    names: dict[str, Callable[[Path, int, Random], Any]] = {"booth": booth, "hub": hub, "upgrade": upgrade}
    found = names[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), Random(sys.argv[4]))
    print(json.dumps(found, default=asdict))
