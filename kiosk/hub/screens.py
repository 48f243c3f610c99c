"""The big screen of a fair: what it has come to so far, large, for everybody in the square to see.

Added up once a second however many look, and sent only where something changed. Numbers of people and things; nothing
of anybody.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from kiosk import strictjson, web
from kiosk.clock import BEIJING
from kiosk.hub import board, totals
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.packs.fairs import Fair, Venue
from kiosk.packs.model import Text
from kiosk.reports.catalogue import BY_KEY
from kiosk.reports.figures import Figure

views = Blueprint("screens", __name__)
#: What is shown, the largest first; then, smaller, what the live board shows beside its own.
FIGURES = ("headcount", "leaflets", "consultations", "quiz_finished", "exhibits_judged")
#: A fair with more venues shows the busiest.
MOST_VENUES = 6
WORDS: Mapping[str, Text] = {
    "venues": Text("各会场参与群众", "Visitors by venue"),
    "stale": Text("连不上汇总端，数字停在", "Out of touch; figures as of"),
    "call": Text("消费维权热线", "Consumer hotline"),
}
#: Shown smaller, before what the live board shows so.
SMALL = ("complaints",)


class VenueBar(msgspec.Struct, frozen=True):
    venue: Venue
    n: int
    share: int  # of the busiest, per cent


class Screen(msgspec.Struct, frozen=True):
    fair: Fair
    figures: list[Figure]
    small: list[Figure]  # shown smaller
    venues: list[VenueBar]
    tag: str  # of these numbers

    def numbers(self) -> bytes:
        """As the page asks for them: figure → n, venue → [n, per cent]."""
        return _numbers([*self.figures, *self.small], self.venues)


@views.get("/screen/<fair_id>")
def screen(fair_id: str) -> Response:
    """For anybody where the organiser said so, else for whoever is signed in."""
    here, found = hub(), _seen(fair_id)
    now = here.clock.now()
    return web.page(
        "hub/screens/screen.html",
        page=found,
        slogans=found.fair.slogans or list(here.pack.slogans),
        clock=now.astimezone(BEIJING).strftime("%H:%M"),
        now_ms=round(now.timestamp() * 1000),
        words=WORDS,
    )


@views.get("/screen/<fair_id>/numbers")
def numbers(fair_id: str) -> Response:
    """304 while nothing changed."""
    found = _seen(fair_id)
    response = Response(found.numbers(), content_type="application/json")
    response.set_etag(found.tag)
    response.make_conditional(request)
    return response


def _seen(fair_id: str) -> Screen:
    """What there is to be seen, by whoever may. Raises `fair.unknown`, `login.needed`."""
    here = hub()
    with reading() as tx:
        is_public = find_fair(tx, fair_id).public_screen  # as it is now: what was added up is from a moment ago
    if not is_public:
        signed_in()

    def added_up() -> Screen:
        with here.store.reading() as tx:
            return _screen(tx, find_fair(tx, fair_id))

    found = here.lookout.see(f"screen {fair_id}", added_up)
    assert isinstance(found, Screen)
    return found


def _screen(tx: Connection, fair: Fair) -> Screen:
    wanted = [BY_KEY[key] for key in (*FIGURES, *SMALL, *board.BESIDE)]
    by_key = {figure.key: figure for figure in figures_of(tx, fair, definitions=wanted)}
    shown = [by_key[key] for key in FIGURES]
    small = [*(by_key[key] for key in SMALL), *board.beside(fair, by_key)]
    bars = _bars(tx, fair)
    return Screen(fair, shown, small, bars, hashlib.sha256(_numbers([*shown, *small], bars)).hexdigest()[:16])


def _bars(tx: Connection, fair: Fair) -> list[VenueBar]:
    heads: Counter[str] = Counter({venue.id: 0 for venue in fair.venues})
    by_desk = totals.sums_of_metric(tx, fair.id, "tally.headcount")
    for desk in fair.desks:
        heads[desk.venue] += by_desk.get(desk.id, 0)
    venues = list(fair.venues)
    if len(venues) > MOST_VENUES:
        venues = sorted(venues, key=lambda venue: -heads[venue.id])[:MOST_VENUES]
    most = max([1, *(heads[venue.id] for venue in venues)])
    return [VenueBar(venue, heads[venue.id], max(0, heads[venue.id]) * 100 // most) for venue in venues]


def _numbers(shown: Sequence[Figure], bars: Sequence[VenueBar]) -> bytes:
    return strictjson.dumps(
        {
            "figures": {figure.key: figure.value for figure in shown},
            "venues": {bar.venue.id: [bar.n, bar.share] for bar in bars},
        }
    )
