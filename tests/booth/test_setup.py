"""Making a booth, and making it once more after the power went."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.booth import folder, outbox, schema
from kiosk.booth.journal import Journal
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from tests.clocks import FakeClock
from tests.makers import a_journal


@pytest.fixture
def settings(tmp_path: Path) -> BoothConfig:
    return BoothConfig(tmp_path / "booth", reserve_mb=0)


def test_making_a_booth_that_was_interrupted_goes_on_with_the_key_it_made(settings: BoothConfig, monkeypatch):
    def no_room(_: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as full:
        full.setattr(schema, "connect", no_room)
        with pytest.raises(Problem, match=r"storage\.failed"):
            init_booth(settings, FakeClock())
    key = outbox.load_key(settings.data)
    with closing(init_booth(settings, FakeClock())) as journal:
        assert journal.identity().public_key == bytes(key.verify_key).hex()
    assert outbox.load_key(settings.data) == key


def test_a_key_that_was_half_written_is_made_anew(settings: BoothConfig):
    settings.data.mkdir()
    (settings.data / outbox.KEY_FILE).write_bytes(b"half")
    with closing(init_booth(settings, FakeClock())) as journal:
        own = outbox.load_key(settings.data)
        assert journal.identity().public_key == bytes(own.verify_key).hex()


def test_where_there_is_a_booth_none_is_made(settings: BoothConfig):
    init_booth(settings, FakeClock()).close()
    with pytest.raises(Problem, match=r"booth\.exists"):
        init_booth(settings, FakeClock())


@pytest.mark.parametrize("left", [folder.HEAD, "booth.db-wal"])
def test_the_key_of_a_booth_whose_journal_is_gone_signs_for_no_other(settings: BoothConfig, left: str):
    a_journal(settings.data, FakeClock()).close()
    with closing(Journal(settings.database, FakeClock())):
        pass
    settings.database.unlink()
    if left != folder.HEAD:
        (settings.data / folder.HEAD).unlink()
        (settings.data / left).write_bytes(b"hot")
    with pytest.raises(Problem, match=r"booth\.exists"):
        init_booth(settings, FakeClock())
    assert not settings.database.exists()
