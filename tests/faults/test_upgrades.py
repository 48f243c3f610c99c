"""A new release in the middle of a fair: the schema changes wholly or not at all, and nothing stored is lost."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.booth import outbox
from kiosk.booth.journal import Journal
from kiosk.config import HubConfig
from kiosk.hub import ledger
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.packs.reader import BUILTIN, read_pack
from tests.clocks import FakeClock
from tests.faults.kills import run_kills
from tests.faults.power.programs import make_booth_ready, make_hub_ready
from tests.faults.released.open import FACTS, SENT, released_booth, released_hub
from tests.makers import HUB_URL, WsgiTransport, facts_of
from tests.proof import figure, share

KILLS = share(0, 3)  # of each start; with 0 one at each of its statements


def test_a_start_that_is_killed_at_any_statement_is_mended_by_the_next(memory: Path):
    reports = run_kills("upgrade", memory, KILLS)
    for what, report in reports.items():
        figure(f"kill -9 at statements of the start of {what}: kills", report["kills"])
        figure(f"kill -9 at statements of the start of {what}: not mended", len(report["faults"]))
    assert [fault for report in reports.values() for fault in report["faults"]] == []
    assert all(report["kills"] >= (KILLS or 10) for report in reports.values())


def shape(file: Path) -> dict[str, object]:
    """Table → its columns in whatever order, and its indexes; the facts' columns in their order."""
    with closing(sqlite3.connect(file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {
            name: [row[1:] for row in connection.execute(f"PRAGMA table_info({name})")] for name in sorted(tables)
        }
        indexes = {
            name: {
                (row[2], row[4], tuple(info[2] for info in connection.execute(f"PRAGMA index_info('{row[1]}')")))
                for row in connection.execute(f"PRAGMA index_list({name})")
            }
            for name in tables
        }
        triggers = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchall()
    return {
        "columns": {name: sorted(found) for name, found in columns.items()},
        "order": [column[0] for column in columns["facts"]],
        "indexes": indexes,
        "triggers": triggers,
    }


@pytest.mark.parametrize(
    ("database", "released", "make_ready"),
    [("booth.db", released_booth, make_booth_ready), ("hub.db", released_hub, make_hub_ready)],
    ids=["booth", "hub"],
)
def test_an_old_database_is_brought_to_the_shape_of_a_new_one(tmp_path: Path, database, released, make_ready):
    (tmp_path / "new").mkdir()
    make_ready(tmp_path / "new")
    make_ready(released(tmp_path / "old"))
    old, new = shape(tmp_path / "old" / database), shape(tmp_path / "new" / database)
    for part in new:
        assert old[part] == new[part]


def test_a_released_booth_goes_on_where_it_was(tmp_path: Path):
    with closing(Journal(released_booth(tmp_path) / "booth.db", FakeClock())) as journal:
        assert (journal.verify(), journal.receipted()) == (FACTS, SENT)
        assert [fact.seq for fact in facts_of(journal)] == list(range(1, FACTS + 1))


def test_a_released_booth_and_a_released_hub_still_understand_each_other(tmp_path: Path):
    """Both are of this release now; what is between them is from before."""
    clock, booth_folder = FakeClock(), released_booth(tmp_path / "booth")
    settings = HubConfig(released_hub(tmp_path / "hub"), public_url=HUB_URL)
    with (
        closing(open_hub(settings, clock)) as here,
        closing(Journal(booth_folder / "booth.db", clock)) as journal,
    ):
        assert ledger.verify(here) == []
        road, key = WsgiTransport(create_hub_app(here)), outbox.load_key(booth_folder)
        result = outbox.sync(journal, key, road, read_pack(BUILTIN).version, clock, lambda _done, _of: None)
        assert result.seq == journal.head()[0] >= FACTS
        assert result.new == result.seq - SENT
        assert journal.unsent() == 0
        assert ledger.verify(here) == []
        assert ledger.rebuild(here) >= FACTS
