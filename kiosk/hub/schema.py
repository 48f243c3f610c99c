"""The hub's schema: made and brought up to date by small named steps, each in the one transaction that records it."""

from collections.abc import Callable
from itertools import groupby

from sqlalchemy import Connection, func, inspect, select, update
from sqlalchemy.schema import CreateColumn

from kiosk.facts.clocks import MOST_BOOTS, Clocks
from kiosk.hub.branches import settle_to
from kiosk.hub.journal import foreseeable
from kiosk.hub.judging import judge_places
from kiosk.hub.store import Store
from kiosk.hub.tables import (
    complaints,
    devices,
    facts,
    fairs,
    identity,
    item_folds,
    journals,
    metadata,
    people,
    schema_version,
)
from kiosk.hub.totals import refold


def _first(tx: Connection) -> None:
    """Everything the first release knows."""


def _roads_and_clocks(tx: Connection) -> None:
    """Tablets that wait or were withdrawn, slips, corrected time, decisions, erased blobs."""


def _desk_totals(tx: Connection) -> None:
    """What every desk has come to, beside the totals by the hour; and what each journal says of its tablet's clocks."""
    for journal in tx.execute(select(journals.c.journal)).scalars().all():
        refold(tx, journal)


def _own_journals(tx: Connection) -> None:
    """Who brought which content; and which journal of a fair is the hub's own: before, its id was reckoned."""
    hub = tx.execute(select(identity.c.hub)).scalar()
    for fair in tx.execute(select(fairs.c.id).where(fairs.c.journal == "")).scalars().all():
        tx.execute(update(fairs).where(fairs.c.id == fair).values(journal=foreseeable(str(hub), fair)))


def _settled_runs(tx: Connection) -> None:
    """Which run of a withdrawn tablet counts; and notes of the hub's time that tell none, or too many boots."""
    for row in tx.execute(select(devices.c.journal, devices.c.cutoff).where(devices.c.cutoff.is_not(None))).all():
        settle_to(tx, row.journal, row.cutoff)
    noted = select(facts.c.journal, facts.c.seq).where(facts.c.kind == "clock.compared", facts.c.problem.is_(None))
    rows = tx.execute(noted.order_by(facts.c.journal, facts.c.seq)).all()
    for journal, some in groupby(rows, lambda row: str(row.journal)):
        judge_places(tx, journal, [row.seq for row in some])
    is_long = func.length(journals.c.clocks) > MOST_BOOTS * 60
    for row in tx.execute(select(journals.c.journal, journals.c.clocks).where(is_long)).all():
        if len(Clocks.load(row.clocks).boots) > MOST_BOOTS:
            refold(tx, row.journal)


def _items(tx: Connection) -> None:
    """What answers to each question come to. They are folded outside of this, when somebody looks."""


def _exhibits(tx: Connection) -> None:
    """What is done with exhibits, summed beside the answers: all is folded again, when somebody looks."""
    tx.execute(update(item_folds).values(generation=item_folds.c.generation + 1))


def _cases(tx: Connection) -> None:
    """Complaints and reports, who took them in, and how; their life; questions to be answered; duty at the hotline."""
    for index in complaints.indexes:
        index.create(tx, checkfirst=True)
    for person, roles in tx.execute(select(people.c.id, people.c.roles)).all():
        others = {"supervisor" if role == "caseworker" else role for role in roles.split()}
        tx.execute(update(people).where(people.c.id == person).values(roles=" ".join(sorted(others))))
    # `contents` is filled by that, too: before, nothing but complaints had any.
    for journal in tx.execute(select(complaints.c.journal).distinct()).scalars().all():
        refold(tx, journal)


def _strays(tx: Connection) -> None:
    """Which marked place a touch came down beside: what is done with exhibits is folded again, when somebody looks."""
    _exhibits(tx)


def _fair_days(tx: Connection) -> None:
    """The organiser's day: what sets a fair up, surveys, shifts, stock, quick tests, sheets of paper, corrections."""
    # What was looked at is counted by exhibit, too.
    viewed = select(facts.c.journal).where(facts.c.kind == "exhibit.viewed").distinct()
    for journal in tx.execute(viewed).scalars().all():
        refold(tx, journal)


def _figures(tx: Connection) -> None:
    """Figures that were typed, lists, frozen versions, the words of the summary; what units report, the way up."""
    # Answers in English, with help, in large type are counted beside the others, and points of the satisfaction survey.
    answered = select(facts.c.journal).where(facts.c.kind.in_(("quiz.answered", "survey.answered"))).distinct()
    for journal in tx.execute(answered).scalars().all():
        refold(tx, journal)


def _windows(tx: Connection) -> None:
    """No time of Order 121 runs for what was filed at a window that is no market regulator's."""
    theirs = (complaints.c.intake != "regulator") & (complaints.c.standing == "window")
    tx.execute(update(complaints).where(theirs).values(clock="", clock_from=""))


#: In order; the place in the list is the version it leads to: what a step does with the data that is there, once every
#: table and column is. A released step is never changed.
STEPS: tuple[Callable[[Connection], None], ...] = (
    _first,
    _roads_and_clocks,
    _desk_totals,
    _own_journals,
    _settled_runs,
    _items,
    _exhibits,
    _cases,
    _strays,
    _fair_days,
    _figures,
    _windows,
)


def migrate(store: Store) -> None:
    """Bring the database to the newest version. Several processes may start at once; one does the work."""
    with store.begin() as tx:
        if not store.is_sqlite:
            tx.exec_driver_sql("SELECT pg_advisory_xact_lock(315)")
        at = version_of(tx)
        if at == 0:
            metadata.create_all(tx, checkfirst=False)
        elif at < len(STEPS):
            _add_what_is_new(tx)
        for version, step in enumerate(STEPS[at:], at + 1):
            step(tx)
            tx.execute(schema_version.insert().values(version=version))


def _add_what_is_new(tx: Connection) -> None:
    """Tables and columns that are not there yet."""
    metadata.create_all(tx)
    held = inspect(tx).get_multi_columns()
    for table in metadata.sorted_tables:
        known = {column["name"] for column in held[None, table.name]}
        for column in table.columns:
            if column.name not in known:
                specification = CreateColumn(column).compile(dialect=tx.dialect)
                tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {specification}")


def version_of(tx: Connection) -> int:
    """The version a database is at; 0 for an empty one."""
    if not inspect(tx).has_table(schema_version.name):
        return 0
    return tx.execute(select(schema_version.c.version).order_by(schema_version.c.version.desc()).limit(1)).scalar() or 0
