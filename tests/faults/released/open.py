"""Databases as released versions wrote them: a booth with 40 facts, 30 of them sent, and the hub it sent them to."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kiosk.booth.outbox import KEY_FILE
from kiosk.hub.app import SIGNING_KEY
from kiosk.sync import keys
from tests.makers import a_key

HERE = Path(__file__).parent
FACTS, SENT = 40, 30


def released_booth(folder: Path) -> Path:
    """A booth's folder of release 1; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    keys.write_secret(folder / KEY_FILE, bytes(a_key(1)))
    return _restored(folder, "booth")


def released_hub(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    keys.write_secret(folder / SIGNING_KEY, bytes(a_key(9)))
    return _restored(folder, "hub")


def _restored(folder: Path, side: str) -> Path:
    with closing(sqlite3.connect(folder / f"{side}.db", isolation_level=None)) as connection:
        connection.executescript((HERE / f"{side}.1.sql").read_text(encoding="utf-8"))
    return folder
