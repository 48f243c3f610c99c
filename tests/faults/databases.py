"""What a database file says, whatever happened to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
Picture = dict[str, list[Row]]  # table → rows; and under "" the schema


class Damaged(Exception):
    """What was found is nothing that our programs ever stored."""


@contextmanager
def after_the_crash(file: Path) -> Iterator[sqlite3.Connection]:
    """Open what was left as any program would; SQLite repairs what it can."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchall()
            if found != [("ok",)]:
                raise Damaged(str(found))
            yield connection
    except sqlite3.DatabaseError as error:
        raise Damaged(f"SQLite: {error}") from None


def picture(file: Path) -> Picture:
    """All that a database says, but for the moment at which a migration was noted."""
    if not file.exists():
        return {"": []}
    with after_the_crash(file) as connection:
        schema = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        tables = [name for kind, name, _ in schema if kind == "table"]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    if notes := rows.get("_sqlite_migrations"):
        rows["_sqlite_migrations"] = [row[:3] for row in notes]
    return {"": schema, **rows}
