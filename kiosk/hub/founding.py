"""Making a hub, and opening one: a database that says who it is, and a folder with the key that belongs to it.

All rows of a new hub are written in one transaction. Its key waits beside its place meanwhile and takes it last; a
folder without a key is no hub. So whatever is killed half-way leaves nothing but what the next try clears away.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, delete, select
from sqlalchemy.exc import SQLAlchemyError

from kiosk.clock import Clock, SystemClock, stamp
from kiosk.config import HubConfig
from kiosk.errors import (
    FILE_UNUSABLE,
    HUB_DATABASE,
    HUB_EXISTS,
    HUB_KEY_EXPOSED,
    HUB_KEY_OTHER,
    HUB_MISSING,
    Problem,
)
from kiosk.files import sync_folder
from kiosk.hub import schema
from kiosk.hub.context import Hub
from kiosk.hub.store import Store
from kiosk.hub.tables import identity, metadata, schema_version
from kiosk.packs.reader import BUILTIN, read_pack
from kiosk.sync import keys
from kiosk.sync.protocol import Certificate, read_document, sign_document

SIGNING_KEY = "hub.key"
_WAITING = SIGNING_KEY + ".new"

#: Writes what a new hub begins with, in the transaction that makes it.
Furnish = Callable[[Connection, keys.PrivateKey], None]


def create_hub(
    settings: HubConfig, clock: Clock, furnish: Furnish = lambda _tx, _key: None
) -> tuple[Hub, keys.PrivateKey]:
    """Make a hub. The private sealing key is returned once, and stored nowhere. Raises `hub.exists`."""
    key, sealing = keys.SigningKey.generate(), keys.PrivateKey.generate()
    hub_id = secrets.token_hex(16)
    certificate = sign_document(
        Certificate(
            device=hub_id,
            public_key=bytes(key.verify_key).hex(),
            journal=hub_id,
            hub=hub_id,
            fair="hub",
            desk="hub",
            kinds=[],
            not_before=stamp(clock.now()),
            not_after="9999-12-31T23:59:59.000+08:00",
        ),
        key,
    )
    row = {"hub": hub_id, "certificate": certificate, "sealing_key": bytes(sealing.public_key).hex()}
    with founding(settings, key) as tx:
        tx.execute(identity.insert().values(row))
        furnish(tx, sealing)
    return open_hub(settings, clock), sealing


@contextmanager
def founding(settings: HubConfig, key: keys.SigningKey) -> Iterator[Connection]:
    """A transaction on an empty database that is to become the hub of `key`. Raises `hub.exists`."""
    settings.data.parent.mkdir(parents=True, exist_ok=True)
    settings.data.mkdir(mode=0o700, exist_ok=True)
    place, waiting = settings.data / SIGNING_KEY, settings.data / _WAITING
    with _alone(settings.data):
        if place.exists():
            raise Problem(HUB_EXISTS)
        store = _open_store(settings)
        try:
            with store.begin() as tx:
                _clear(tx, _unfinished(waiting))
                waiting.unlink(missing_ok=True)
                keys.write_secret(waiting, bytes(key))
                yield tx
        except Exception:
            waiting.unlink(missing_ok=True)
            raise
        finally:
            store.close()
        waiting.rename(place)
        sync_folder(settings.data)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two programs never make a hub in one folder at once."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unfinished(waiting: Path) -> keys.SigningKey | None:
    """The key of a hub that was being made here when something stopped it."""
    try:
        return keys.SigningKey(waiting.read_bytes())
    except (OSError, ValueError):
        return None


def _clear(tx: Connection, unfinished: keys.SigningKey | None) -> None:
    """See to it that the database is empty. Raises `hub.exists` unless what it holds is that unfinished hub."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE identity IN EXCLUSIVE MODE")  # another machine may be about to do the same
    tables = [table for table in reversed(metadata.sorted_tables) if table is not schema_version]
    if all(tx.execute(select(table).limit(1)).first() is None for table in tables):
        return
    row = tx.execute(select(identity)).first()
    if row is None or unfinished is None or not _is_key_of(unfinished, bytes(row.certificate)):
        raise Problem(HUB_EXISTS)
    for table in tables:
        tx.execute(delete(table))


def _is_key_of(key: keys.SigningKey, certificate: bytes) -> bool:
    try:
        return read_document(Certificate, certificate, key.verify_key).public_key == bytes(key.verify_key).hex()
    except Problem:
        return False


# --- opening --------------------------------------------------------------------------------------


def open_hub(settings: HubConfig, clock: Clock | None = None) -> Hub:
    """The hub of a data folder and database. Raises `hub.missing`, `hub.key_exposed` or `hub.key_other`."""
    key = _load_key(settings.data / SIGNING_KEY)
    store = _open_store(settings)
    try:
        with store.reading() as tx:
            row = tx.execute(select(identity)).one_or_none()
        if row is None:
            raise Problem(HUB_MISSING)
        if not _is_key_of(key, bytes(row.certificate)):
            raise Problem(HUB_KEY_OTHER)
        pack = read_pack(settings.pack or BUILTIN)
    except BaseException:
        store.close()
        raise
    return Hub(settings, store, pack, clock or SystemClock(), row.hub, key, row.sealing_key)


def _load_key(file: Path) -> keys.SigningKey:
    if not file.is_file():
        raise Problem(HUB_MISSING)
    if file.stat().st_mode & 0o077:
        raise Problem(HUB_KEY_EXPOSED, file=file)
    try:
        return keys.SigningKey(file.read_bytes())
    except ValueError:
        raise Problem(FILE_UNUSABLE, reason=f"{file}: it is no key") from None


def _open_store(settings: HubConfig) -> Store:
    """The database, brought up to date. Raises `hub.database`."""
    try:
        store = Store(settings.url or URL.create("sqlite", database=str(settings.data / "hub.db")))
    except (SQLAlchemyError, OSError) as error:
        raise Problem(HUB_DATABASE, reason=type(error).__name__) from None
    try:
        schema.migrate(store)
        store.assert_safe()
    except SQLAlchemyError as error:
        store.close()
        raise Problem(HUB_DATABASE, reason=type(error).__name__) from None
    except BaseException:
        store.close()
        raise
    return store
