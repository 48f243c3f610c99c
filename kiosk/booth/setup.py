"""Making a booth in an empty folder."""

from kiosk.booth.folder import make_folder
from kiosk.booth.journal import Journal
from kiosk.booth.outbox import KEY_FILE
from kiosk.booth.storage import Storage
from kiosk.clock import Clock
from kiosk.config import BoothConfig
from kiosk.errors import BOOTH_EXISTS, Problem
from kiosk.sync import keys


def init_booth(settings: BoothConfig, clock: Clock) -> Journal:
    """A key pair that never leaves this folder, an empty journal, and room set aside. Raises `booth.exists`."""
    make_folder(settings.data)
    if settings.database.exists() or (settings.data / KEY_FILE).exists():
        raise Problem(BOOTH_EXISTS)
    key = keys.SigningKey.generate()
    keys.write_secret(settings.data / KEY_FILE, bytes(key))
    Storage.of(settings).start()
    return Journal.create(settings.database, clock, bytes(key.verify_key).hex())
