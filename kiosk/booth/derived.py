"""Facts whose id follows from another: each can happen only once, whoever asks for it and however often.

Some forms bring the id of their fact, so a person can give it an id that another fact ought to have. No kind of fact
has both: where one of another kind is in the place, the next place counts, and the same one for everybody.
"""

import sqlite3

import msgspec

from kiosk.booth.journal import Journal, stored
from kiosk.facts.envelope import Fact
from kiosk.values import derived_id


class Place(msgspec.Struct, frozen=True):
    """Where a fact with a derived id is, or belongs."""

    id: str
    fact: Fact | None


def place(connection: sqlite3.Connection, fact_id: str, *kinds: str) -> Place:
    """The first id from the derived one on that no fact but one of these kinds has."""
    while True:
        fact = stored(connection, fact_id)
        if fact is None or fact.kind in kinds:
            return Place(fact_id, fact)
        fact_id = derived_id(b"kiosk/next/1", fact_id)


def look(journal: Journal, fact_id: str, *kinds: str) -> Place:
    """As `place`, with a connection of its own."""
    with journal.reading() as connection:
        return place(connection, fact_id, *kinds)
