"""Where anybody took part: which venues and desks were at work, on which days, and whose desks they are. Pure.

None of it is a plain sum of facts: a venue with a thousand visitors is one, and four desks of one unit are one unit.
"""

from collections import Counter
from collections.abc import Iterable

from kiosk.facts.figures import key_of
from kiosk.facts.tallies import CONSULTATION, HEADCOUNT, LEAFLET, MATERIAL
from kiosk.packs.fairs import Fair

#: + the venue's id: days on which anybody took part there.
SESSIONS = "site.sessions."
#: + the type: desks at which anybody took part.
DESKS = "site.desks."
#: + `key_of` its name: the unit has one of these desks.
UNITS = "site.unit."
#: A desk with any of these had visitors. Boards, stock and shifts need none.
_VISITED = (
    f"tally.{HEADCOUNT}", f"tally.{CONSULTATION}", "quiz.answered", "survey.answered", "exhibit.viewed",
    "exhibit.judged", "complaint.filed", "report.filed", "advice.asked", "code.checked", "quicktest.batches",
    "prize.redeemed",
)  # fmt: skip


def visited_by(fair: Fair) -> list[str]:
    """The metrics of which any means that there were visitors; what is given away has one for each title."""
    given = [f"tally.{LEAFLET}{one.id}" for one in fair.leaflets]
    return [*_VISITED, *given, *(f"tally.{MATERIAL}{one.id}" for one in fair.materials)]


class Places:
    """The desks of a fair, as far as it matters who was at work. Of a thousand desks they are looked up once."""

    def __init__(self, fair: Fair) -> None:
        names = {unit.id: key_of(unit.name.zh) for unit in fair.units}
        organiser = key_of(fair.organiser.name.zh)
        self._desks = {desk.id: (desk.venue, desk.type, names.get(desk.unit, organiser)) for desk in fair.desks}

    def at_work(self, visited: Iterable[tuple[str, str]]) -> dict[str, int]:
        """(day, desk) with visitors → how many days each venue, how many desks of each type, which units.

        What was written down at no desk of the fair is nowhere. A desk that no unit runs is the organiser's.
        """
        known = {(day, desk) for day, desk in visited if desk in self._desks}
        sessions = {(day, self._desks[desk][0]) for day, desk in known}
        working = [self._desks[desk] for desk in {desk for _, desk in known}]
        return {
            **Counter(SESSIONS + venue for _, venue in sessions),
            **Counter(DESKS + type_ for _, type_, _ in working),
            **{UNITS + unit: 1 for _, _, unit in working},
        }
