"""Making a booth in an empty folder."""

from contextlib import suppress
from pathlib import Path

from kiosk.booth.folder import HEAD, make_folder
from kiosk.booth.journal import Journal
from kiosk.booth.outbox import KEY_FILE, load_key
from kiosk.booth.storage import Storage
from kiosk.clock import Clock
from kiosk.config import BoothConfig
from kiosk.errors import BOOTH_EXISTS, Problem
from kiosk.sync import keys


def init_booth(settings: BoothConfig, clock: Clock) -> Journal:
    """A key pair that never leaves this folder, an empty journal, and room set aside. Raises `booth.exists`.

    Interrupted, it goes on where it was when it is run again: a key that has no journal yet is used.
    """
    make_folder(settings.data)
    if _was_there(settings):
        raise Problem(BOOTH_EXISTS)
    key = _key(settings.data)
    Storage.of(settings).start()
    return Journal.create(settings.database, clock, bytes(key.verify_key).hex())


def _was_there(settings: BoothConfig) -> bool:
    """A journal, or what a journal that is gone has left behind: its key signs for no other."""
    log = settings.database.with_name(f"{settings.database.name}-wal")
    return any(file.exists() for file in (settings.database, log, settings.data / HEAD))


def _key(data: Path) -> keys.SigningKey:
    with suppress(Problem):
        return load_key(data)
    (data / KEY_FILE).unlink(missing_ok=True)  # half-written
    key = keys.SigningKey.generate()
    keys.write_secret(data / KEY_FILE, bytes(key))
    return key
