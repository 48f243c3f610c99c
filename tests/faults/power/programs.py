"""What the power is cut from under: the real journal, the real intake, the real migrations.

Run under strace by test_power_loss.py:  python -m tests.faults.power.programs NAME FOLDER SAFETY
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlalchemy import Connection, text
from sqlite_utils import Database

from kiosk.booth import schema as booth_schema
from kiosk.booth.journal import Draft, Journal
from kiosk.config import HubConfig
from kiosk.hub import schema as hub_schema
from kiosk.hub import store
from kiosk.hub.app import open_hub
from tests.clocks import FakeClock
from tests.faults.power.trace import say
from tests.hub.tablets import deliver
from tests.makers import HUB_URL, a_filing, a_headcount, an_id

#: journal_mode and synchronous: those of the code as it is; what tutorials set, and SQLite's own default, which must be
#: seen to lose; and a setting under which nothing at all is flushed, which must be seen to destroy.
AS_IT_IS = "as it is"
TUTORIAL = "WAL NORMAL"
DEFAULT = "DELETE FULL"
CARELESS = "TRUNCATE OFF"

APPENDS = 110
BATCHES = "batches"  # a folder beside the hub's database: what is delivered, in order of the names


def count_visitors(folder: Path, safety: str) -> None:
    """A volunteer counts, sometimes several things at once, sometimes a complaint with its sealed blob.

    Checkpoints come often, so that the cut falls into many of them.
    """
    booth_schema.PRAGMAS = (*booth_schema.PRAGMAS, "wal_autocheckpoint = 8")
    if safety != AS_IT_IS:
        mode, level = safety.split()
        booth_schema.PRAGMAS = (f"journal_mode = {mode}", f"synchronous = {level}", *booth_schema.PRAGMAS[2:])
        booth_schema.assert_safe = lambda _connection: None
    clock, dice = FakeClock(), Random(315)
    journal = Journal(folder / "booth.db", clock)
    for number in range(APPENDS):
        clock.tick(dice.randrange(600))
        say(str(journal.append(*some_drafts(number, dice))[-1].seq))
        if number % 25 == 24 and safety == AS_IT_IS:
            journal.keep_mark()  # as after a sync; of a control it would tell the next start what is gone
    journal.close()


def some_drafts(number: int, dice: Random) -> list[Draft]:
    ids = [an_id(1000 * number + n) for n in range(dice.choice((1, 1, 1, 3)))]
    drafts = [Draft(one, a_headcount(dice.randint(1, 9)), "li") for one in ids]
    if number % 10 == 7:
        sealed = dice.randbytes(dice.choice((300, 5_000)))
        name = hashlib.sha256(sealed).hexdigest()
        body = a_filing(name, len(sealed))
        drafts.append(Draft(an_id(1000 * number + 900), body, "li", sealed))
    return drafts


def take_batches_in(folder: Path, safety: str) -> None:
    """A hub receives what tablets send. Checkpoints come often, so that the cut falls into many of them."""
    pragmas = ["wal_autocheckpoint = 8"]
    if safety != AS_IT_IS:
        pragmas.append(f"synchronous = {safety.split()[1]}")
    store._WRITER_PRAGMAS = (*store._WRITER_PRAGMAS, *pragmas)
    here = open_hub(HubConfig(folder, public_url=HUB_URL), FakeClock())
    for number, file in enumerate(sorted((folder / BATCHES).iterdir()), 1):
        deliver(here, file.read_bytes())
        say(str(number))
    here.close()


def make_booth_ready(folder: Path, _safety: str = AS_IT_IS) -> None:
    """A booth starts on whatever database there is."""
    booth_schema.make_ready(folder / "booth.db")


def make_hub_ready(folder: Path, _safety: str = AS_IT_IS) -> None:
    here = store.Store(f"sqlite:///{folder}/hub.db")
    try:
        hub_schema.migrate(here)
    finally:
        here.close()


def make_booth_later(folder: Path, _safety: str) -> None:
    """As a release after this one would."""
    know_a_later_booth()
    make_booth_ready(folder)


def make_hub_later(folder: Path, _safety: str) -> None:
    know_a_later_hub()
    make_hub_ready(folder)


def know_a_later_booth() -> None:
    booth_schema.migrations(name="the release after this one")(_change_a_booth)


def know_a_later_hub() -> None:
    hub_schema.STEPS = (*hub_schema.STEPS, _change_a_hub)


#: What migrations do on a bad day: a column on the largest table, rows rewritten, a table made from another, one gone.
_CHANGES = (
    "ALTER TABLE facts ADD COLUMN later TEXT NOT NULL DEFAULT 'later'",
    "CREATE INDEX facts_by_kind ON facts (kind, later)",
    "UPDATE totals SET n = n * 1000",
    "CREATE TABLE kinds AS SELECT kind, count(*) AS n FROM facts GROUP BY kind",
)


def _change_a_booth(db: Database) -> None:
    for statement in (*_CHANGES, "DROP TABLE drafts"):
        db.execute(statement)


def _change_a_hub(tx: Connection) -> None:
    for statement in (*_CHANGES, "DROP TABLE throttles"):
        tx.execute(text(statement))


@dataclass(frozen=True)
class Program:
    run: Callable[[Path, str], None]
    database: str
    files: tuple[str, ...]  # what the names of its files begin with
    is_one_promise: bool = False  # kept when it ends; others make theirs on the way

    def command(self, folder: Path, safety: str) -> list[str]:
        """The words that run it in a process of its own."""
        name = next(name for name, program in PROGRAMS.items() if program is self)
        return [sys.executable, "-m", "tests.faults.power.programs", name, str(folder.resolve()), safety]


BOOTH = ("booth.db", ("booth.db", "head.json"))
HUB = ("hub.db", ("hub.db",))
COUNTING = Program(count_visitors, *BOOTH)
INTAKE = Program(take_batches_in, *HUB)
BOOTH_START = Program(make_booth_ready, *BOOTH, is_one_promise=True)
HUB_START = Program(make_hub_ready, *HUB, is_one_promise=True)
LATER_BOOTH_START = Program(make_booth_later, *BOOTH, is_one_promise=True)
LATER_HUB_START = Program(make_hub_later, *HUB, is_one_promise=True)
PROGRAMS = {name: program for name, program in globals().items() if isinstance(program, Program)}

if __name__ == "__main__":
    program = PROGRAMS[sys.argv[1]]
    program.run(Path(sys.argv[2]), sys.argv[3])
    if program.is_one_promise:
        say("1")
