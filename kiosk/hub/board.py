"""The live board over a fair: its figures, its venues, whether everything is here, and who needs somebody.

It is asked for every few seconds by everybody who looks at it: a few sums over what is kept by the desk, and no more
rows on the page than a person takes in at a glance.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.hub import completeness, totals
from kiosk.hub.completeness import BoothRow, Words
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.packs.fairs import Fair, Venue
from kiosk.reports.completeness import Standing, sentence
from kiosk.reports.figures import CATALOGUE, Definition, Figure, figures

views = Blueprint("board", __name__)
_COLUMNS = ("headcount", "leaflets", "consultations", "complaints", "quiz_finished", "exhibits_judged")
_TILES = ("headcount", "leaflets", "boards", "consultations", "complaints", "quiz_finished")
#: A fair with more venues shows the busiest here, and all of them on a page of their own.
MOST_VENUES = 24
MOST_BOOTHS = 12
#: A fair with more desks is added up once a second for all who look, and what they see may be two seconds old.
MANY_DESKS = 200


class VenueRow(msgspec.Struct, frozen=True):
    venue: Venue
    values: list[int]
    booths: int  # tablets in use
    states: Mapping[str, int]  # state → how many of them


class BoardPage(msgspec.Struct, frozen=True):
    fair: Fair
    updated: str
    tiles: list[Figure]
    columns: list[Definition]
    venues: list[VenueRow]
    hours: list[tuple[str, int]]
    booths: list[BoothRow]  # tablets, those that need somebody first; not all of them
    states: Mapping[str, int]  # state → tablets in it; "none": desks without one
    worried: int  # tablets that need somebody
    standing: Standing

    @property
    def tablets(self) -> int:
        return sum(n for state, n in self.states.items() if state != "none")

    @property
    def sentence(self) -> str:
        """Whether everything is here, in the language of whoever asks."""
        return sentence(self.standing, web.language())

    @property
    def summary(self) -> str:
        """The worst state there is: "forked", "behind", "silent", "whole" or "none"."""
        worst = next((state for state in ("forked", "behind", "silent") if self.states.get(state)), None)
        return worst or ("none" if not self.tablets else "whole" if self.standing.is_whole else "behind")


class VenuesPage(msgspec.Struct, frozen=True):
    fair: Fair
    updated: str
    columns: list[Definition]
    venues: list[VenueRow]


@views.get("/fairs/<fair_id>")
def board(fair_id: str) -> Response:
    signed_in()
    here = hub()
    now = here.clock.now()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    here.answers.keep_near(fair)

    def added_up() -> BoardPage:
        with here.store.reading() as tx:
            return _board(tx, fair, here.clock.now(), here.pack.version)

    page = here.lookout.see(fair.id, added_up) if len(fair.desks) > MANY_DESKS else added_up()
    return web.page("hub/fairs/board.html", page=page, fair=fair, words=Words(now))


@views.get("/fairs/<fair_id>/venues")
def all_venues(fair_id: str) -> Response:
    signed_in()
    here = hub()
    now = here.clock.now()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        booths = completeness.booths(tx, fair, now, here.pack.version)
        page = VenuesPage(fair, _clock(now), _columns(), _venues(tx, fair, fair.venues, booths))
    return web.page("hub/fairs/venues.html", page=page, fair=fair)


def _board(tx: Connection, fair: Fair, now: datetime, pack: str) -> BoardPage:
    all_figures = {figure.key: figure for figure in figures_of(tx, fair)}
    booths = completeness.booths(tx, fair, now, pack)
    tablets = [row for row in booths if row.device]
    standing = completeness.standing(booths)
    return BoardPage(
        fair=fair,
        updated=_clock(now),
        tiles=[all_figures[key] for key in _TILES],
        columns=_columns(),
        venues=_venues(tx, fair, _busiest(tx, fair), booths),
        hours=_hours(totals.sums_by_hour(tx, fair.id, "tally.headcount")),
        booths=tablets[:MOST_BOOTHS],
        states=Counter(row.state for row in booths),
        worried=sum(bool(row.worries) for row in tablets),
        standing=standing,
    )


def _columns() -> list[Definition]:
    return [definition for definition in CATALOGUE if definition.key in _COLUMNS]


def _busiest(tx: Connection, fair: Fair) -> Sequence[Venue]:
    """All venues of a fair, or of a large one those with most visitors."""
    if len(fair.venues) <= MOST_VENUES:
        return fair.venues
    heads: Counter[str] = Counter()
    by_desk = totals.sums_of_metric(tx, fair.id, "tally.headcount")
    for desk in fair.desks:
        heads[desk.venue] += by_desk.get(desk.id, 0)
    return sorted(fair.venues, key=lambda venue: -heads[venue.id])[:MOST_VENUES]


def _venues(tx: Connection, fair: Fair, venues: Sequence[Venue], booths: Sequence[BoothRow]) -> list[VenueRow]:
    """Rows for some venues; every desk and every tablet is looked at once."""
    shown = {venue.id for venue in venues}
    desks = {desk.id: desk.venue for desk in fair.desks if desk.venue in shown}
    sums: dict[str, Counter[str]] = {venue.id: Counter() for venue in venues}
    for desk, of_desk in totals.sums_by_desk(tx, fair.id, desks).items():
        sums[desks[desk]].update(of_desk)
    states: dict[str, Counter[str]] = {venue.id: Counter() for venue in venues}
    for row in booths:
        if row.device and row.use == "active" and row.venue.id in shown:
            states[row.venue.id][row.state] += 1
    return [_venue_row(venue, sums[venue.id], states[venue.id]) for venue in venues]


def _venue_row(venue: Venue, sums: Mapping[str, int], states: Mapping[str, int]) -> VenueRow:
    values = {figure.key: figure.value for figure in figures(sums, {}, {"kind": "venue", "id": venue.id})}
    return VenueRow(venue, [int(values[one.key] or 0) for one in _columns()], sum(states.values()), states)


def _hours(sums: Mapping[int, int]) -> list[tuple[str, int]]:
    if not sums:
        return []
    return [(f"{hour:02d}", sums.get(hour, 0)) for hour in range(min(sums), max(sums) + 1)]


def _clock(now: datetime) -> str:
    return now.astimezone(BEIJING).strftime("%H:%M:%S")
