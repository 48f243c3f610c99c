"""Which parts of a fair have been used: what tablets stand at and facts speak of stays, and its id never changes."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from kiosk.errors import DESK_IN_USE, FAIR_IN_USE, FAIR_ON_PAPER, Problem
from kiosk.facts.fairs import Section
from kiosk.hub import devices, journal, papers, rehearsals
from kiosk.hub.context import Hub
from kiosk.hub.fairs import keep_fair
from kiosk.hub.tables import complaints, desk_totals, enrolments, metadata, records, totals, typed_figures
from kiosk.hub.tables import devices as joined
from kiosk.packs.fair_sheets import called
from kiosk.packs.fairs import Fair, Leaflet, Material

_ROWS = 400  # ids a statement; both databases bound the number of parameters
#: Where a desk of a fair stands. A code nobody has used yet is none of it; `desk_totals` has what `totals` has.
_WITH_DESKS = tuple(
    table
    for table in metadata.sorted_tables
    if {"fair", "desk"} <= set(table.c.keys()) and table not in (enrolments, totals)
)
#: Lists of what is given away, and the word before its id in the name of a metric.
_WARES = {"leaflets": "leaflet", "materials": "material", "prizes": "prize"}


def used_desks(tx: Connection, fair: str, desks: Iterable[str]) -> set[str]:
    """Of some desks those that have, or had, a tablet or facts."""
    found: set[str] = set()
    every = iter(sorted(set(desks)))
    while some := list(islice(every, _ROWS)):
        for table in _WITH_DESKS:
            query = select(table.c.desk).where(table.c.fair == fair, table.c.desk.in_(some)).distinct()
            found.update(tx.execute(query).scalars())
    return found


def is_untouched(tx: Connection, fair: str) -> bool:
    """Whether nobody can have used an id of the fair: no tablet, no code for one, no paper, nothing recorded."""
    tables = (*_WITH_DESKS, enrolments)
    return not any(tx.execute(select(table.c.desk).where(table.c.fair == fair).limit(1)).first() for table in tables)


def is_counted(tx: Connection, fair: str) -> bool:
    """Whether anything was counted there."""
    return tx.execute(select(desk_totals.c.desk).where(desk_totals.c.fair == fair).limit(1)).first() is not None


def used_wares(tx: Connection, fair: str, section: str) -> set[str]:
    """The ids of leaflets, materials or prizes that were counted."""
    metrics = tx.execute(select(desk_totals.c.metric).where(desk_totals.c.fair == fair).distinct()).scalars()
    parts = [metric.split(".") for metric in metrics]
    return {one[-1] for one in parts if _WARES[section] in one[:-1]}


def used_entrances(tx: Connection, fair: Fair, venue: str) -> set[str]:
    desks = [desk.id for desk in fair.desks if desk.venue == venue]
    held = desk_totals.c.metric.like("%.headcount.%") | desk_totals.c.metric.like("%.headout.%")
    query = select(desk_totals.c.metric, desk_totals.c.desk).where(desk_totals.c.fair == fair.id, held).distinct()
    return {row.metric.rpartition(".")[2] for row in tx.execute(query) if row.desk in desks}


def used_units(tx: Connection, fair: Fair) -> set[str]:
    found = {desk.unit for desk in fair.desks}
    for table in (complaints, typed_figures, records):
        found.update(tx.execute(select(table.c.unit).where(table.c.fair == fair.id).distinct()).scalars())
    reporting = select(joined.c.desk).where(joined.c.fair == rehearsals.reports(fair.id))  # a hub below is one
    return found | set(tx.execute(reporting).scalars())


def said_figures(tx: Connection, fair: str) -> set[str]:
    """Keys of figures anybody ever said."""
    return set(tx.execute(select(typed_figures.c.figure).where(typed_figures.c.fair == fair).distinct()).scalars())


def change(tx: Connection, here: Hub, old: Fair, new: Fair, what: Sequence[Section], by: str) -> None:
    """Keep a fair that is held as it now is; codes for desks that are no more are void.

    Raises `fair.in_use`, `fair.on_paper`, `desk.in_use` or `fair.faulty`.
    """
    # First who is joining with a code, then who writes of a desk: nothing comes to one while it is looked whether
    # anything did. Who joins asks for the two in this order too.
    devices.void_desks(tx, old.id, [desk.id for desk in _gone(old.desks, new.desks)])
    journal.lock(tx, old.id)
    for refusal in refusals(tx, old, new):
        raise refusal
    keep_fair(tx, here, new, what, by)


def refusals(tx: Connection, old: Fair, new: Fair) -> list[Problem]:
    """Why an old fair may not become a new one: `fair.in_use`, `fair.on_paper`, `desk.in_use`, with its name."""
    after = {desk.id: desk for desk in new.desks}
    changed = [desk for desk in old.desks if desk.id not in after or after[desk.id].venue != desk.venue]
    used = used_desks(tx, old.id, [desk.id for desk in changed])
    found = [
        Problem(DESK_IN_USE if desk.id in after else FAIR_IN_USE, name=called(old, desk))
        for desk in changed
        if desk.id in used
    ]
    for section in _WARES:
        gone = _gone(getattr(old, section), getattr(new, section))
        held = used_wares(tx, old.id, section) if gone else set()
        found += [Problem(FAIR_IN_USE, name=one.name.zh) for one in gone if one.id in held]
    found += _paper_refusals(tx, old, new)
    if of_its_own := _gone(old.own_figures, new.own_figures):
        said = said_figures(tx, old.id)
        found += [Problem(FAIR_IN_USE, name=one.label.zh) for one in of_its_own if one.key in said]
    gone = _gone(old.units, new.units)
    if gone:
        held = used_units(tx, new)
        found += [Problem(FAIR_IN_USE, name=one.name.zh) for one in gone if one.id in held]
    return found + _venue_refusals(tx, old, new)


def _paper_refusals(tx: Connection, old: Fair, new: Fair) -> list[Problem]:
    """What a tally sheet that is still out has a row for: it could not be keyed in, or would count other bundles."""
    after = _bundled(new)
    changed = [one for key, one in _bundled(old).items() if key not in after or after[key].bundle != one.bundle]
    if not changed or not papers.has_open_tallies(tx, old):
        return []
    return [Problem(FAIR_ON_PAPER, name=one.name.zh) for one in changed]


def _bundled(fair: Fair) -> dict[tuple[str, str], Leaflet | Material]:
    """What comes in bundles, by its list and id."""
    leaflets: dict[tuple[str, str], Leaflet | Material] = {("leaflets", one.id): one for one in fair.leaflets}
    return leaflets | {("materials", one.id): one for one in fair.materials}


def _venue_refusals(tx: Connection, old: Fair, new: Fair) -> list[Problem]:
    stood_at = {desk.venue for desk in new.desks} | {board.venue for board in new.boards}
    after = {venue.id: venue for venue in new.venues}
    found = []
    for venue in old.venues:
        if venue.id not in after:
            found += [Problem(FAIR_IN_USE, name=venue.name.zh)] if venue.id in stood_at else []
        elif gone := _gone(venue.entrances, after[venue.id].entrances):
            held = used_entrances(tx, old, venue.id)
            found += [Problem(FAIR_IN_USE, name=one.name.zh) for one in gone if one.id in held]
    return found


def _gone(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    after = {one.id for one in new}
    return [one for one in old if one.id not in after]
