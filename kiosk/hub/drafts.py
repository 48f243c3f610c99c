"""The draft of a statement as pages show it: made anew where anything it is made of has changed, else remembered.

What it is made of is asked of the database each time, in the snapshot the page is read from. So whoever typed a figure
sees it at once, whichever process answers.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.clock import stamp
from kiosk.errors import Problem
from kiosk.hub import statements
from kiosk.hub.completeness import BoothRow
from kiosk.hub.context import Hub
from kiosk.hub.tables import devices, fairs, item_folds, journals, notices, people
from kiosk.packs.fairs import Fair
from kiosk.reports import statement
from kiosk.reports.statement import Statement

#: Of so many desks pages ask each; of more, a change in one that its venue does not show takes `kiosk hub freeze`.
_DESKS_COMPARED = 200


class Draft(msgspec.Struct, frozen=True):
    """The figures as they are now, and what the next version would say otherwise."""

    now: Statement  # of a fair with many desks without theirs
    is_new: bool  # there is something to freeze
    differs: Sequence[str]  # of `statements.DIFFERENCES`


def of(tx: Connection, here: Hub, fair: Fair, rows: Sequence[BoothRow] | None = None) -> Draft:
    """`tx`: a snapshot. `rows`: of `completeness.booths`, where somebody has asked for them already."""
    found: Draft = here.drafts.get(fair.id, _marks(tx, here), lambda: _made(tx, here, fair, rows))
    return found


def differing(tx: Connection, here: Hub, fair: str, number: int) -> Sequence[str]:
    """What a frozen version says otherwise than the one before it; nothing where that is damaged, or there is none."""
    try:
        before, after = (statements.document(tx, fair, one) for one in (number - 1, number))
    except Problem:
        return []
    marks = (statement.digest(before), statement.digest(after))
    told: Sequence[str] = here.drafts.get(
        f"{fair} {number}", marks, lambda: statements.differences(statement.read(before), statement.read(after))
    )
    return told


def _made(tx: Connection, here: Hub, fair: Fair, rows: Sequence[BoothRow] | None) -> Draft:
    is_whole = len(fair.desks) <= _DESKS_COMPARED
    now = statements.draft(tx, here, fair, whole=is_whole, rows=rows)
    last = statements.newest(tx, fair.id, whole=is_whole)
    differs = statements.differences(last, now) if last else []
    return Draft(now, last is None or bool(differs), differs)


def _marks(tx: Connection, here: Hub) -> tuple[object, ...]:
    """What changes with anything that a draft is made of.

    Whatever a person or a tablet does is a fact, so it moves the end of a journal; beside that tablets say what they
    still hold, answers are folded, fairs, accounts and holidays are changed. Of other fairs a draft knows what they
    froze. The minute is in it because deadlines pass, and because `kiosk hub rebuild` moves the end of no journal.
    """
    ends = select(journals.c.journal, journals.c.seq, journals.c.hash, journals.c.forked_at)
    told = select(devices.c.device, devices.c.state, devices.c.cutoff, devices.c.told_seq)
    folds = (item_folds.c.seq, item_folds.c.generation, item_folds.c.folded)
    folded = select(func.count(), *map(func.sum, folds))
    rest: list[Any] = [select(fairs.c.document), select(people.c.id, people.c.name), select(notices.c.document)]
    asked = [ends, told, folded, *rest]
    return (stamp(here.clock.now())[:16], *(frozenset(map(tuple, tx.execute(one).all())) for one in asked))
