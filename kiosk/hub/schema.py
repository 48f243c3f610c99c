"""The hub's schema: made and brought up to date by small named steps, each in the one transaction that records it."""

from collections.abc import Callable

from sqlalchemy import Connection, inspect, select
from sqlalchemy.schema import CreateColumn

from kiosk.hub.store import Store
from kiosk.hub.tables import journals, metadata, schema_version
from kiosk.hub.totals import refold


def _first(tx: Connection) -> None:
    """Everything the first release knows."""
    metadata.create_all(tx)


def _roads_and_clocks(tx: Connection) -> None:
    """Tablets that wait or were withdrawn, slips, corrected time, decisions, erased blobs."""
    metadata.create_all(tx)
    known = inspect(tx)
    for table in metadata.sorted_tables:
        held = {column["name"] for column in known.get_columns(table.name)}
        for column in table.columns:
            if column.name not in held:
                specification = CreateColumn(column).compile(dialect=tx.dialect)
                tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {specification}")


def _desk_totals(tx: Connection) -> None:
    """What every desk has come to, beside the totals by the hour; and what each journal says of its tablet's clocks."""
    metadata.create_all(tx)
    for journal in tx.execute(select(journals.c.journal)).scalars().all():
        refold(tx, journal)


#: In order; the place in the list is the version it leads to. A released step is never changed.
STEPS: tuple[Callable[[Connection], None], ...] = (_first, _roads_and_clocks, _desk_totals)


def migrate(store: Store) -> None:
    """Bring the database to the newest version. Several processes may start at once; one does the work."""
    with store.begin() as tx:
        if not store.is_sqlite:
            tx.exec_driver_sql("SELECT pg_advisory_xact_lock(315)")
        at = version_of(tx)
        for version, step in enumerate(STEPS[at:], at + 1):
            step(tx)
            tx.execute(schema_version.insert().values(version=version))


def version_of(tx: Connection) -> int:
    """The version a database is at; 0 for an empty one."""
    if not inspect(tx).has_table(schema_version.name):
        return 0
    return tx.execute(select(schema_version.c.version).order_by(schema_version.c.version.desc()).limit(1)).scalar() or 0
