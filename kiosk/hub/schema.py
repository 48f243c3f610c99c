"""The hub's schema: made and brought up to date by small named steps, each in the one transaction that records it."""

from collections.abc import Callable

from sqlalchemy import Connection, inspect, select

from kiosk.hub.store import Store
from kiosk.hub.tables import metadata, schema_version


def _first(tx: Connection) -> None:
    """Everything the first release knows."""
    metadata.create_all(tx)


#: In order; the place in the list is the version it leads to. A released step is never changed.
STEPS: tuple[Callable[[Connection], None], ...] = (_first,)


def migrate(store: Store) -> None:
    """Bring the database to the newest version. Several processes may start at once; one does the work."""
    with store.begin() as tx:
        if not store.is_sqlite:
            tx.exec_driver_sql("SELECT pg_advisory_xact_lock(315)")
        at = _version(tx)
        for version, step in enumerate(STEPS[at:], at + 1):
            step(tx)
            tx.execute(schema_version.insert().values(version=version))


def _version(tx: Connection) -> int:
    if not inspect(tx).has_table(schema_version.name):
        return 0
    return tx.execute(select(schema_version.c.version).order_by(schema_version.c.version.desc()).limit(1)).scalar() or 0
