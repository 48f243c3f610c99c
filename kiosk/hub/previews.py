"""What the tablet of a desk will show, drawn small, before there is a tablet."""

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.setups import Quiz, known_surveys, quiz_of
from kiosk.packs.fair_forms import TYPES
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.model import Text
from kiosk.reports.counters import Counter, counters_of

views = Blueprint("previews", __name__)


class PreviewPage(msgspec.Struct, frozen=True):
    fair: Fair
    desk: Desk
    venue: Venue
    desks: list[tuple[Venue, list[Desk]]]
    before: str  # id of the desk before, and of the one after; empty at the ends
    after: str
    place: int  # of the desk among all, from 1
    slogans: list[Text]
    quiz: Quiz
    exhibits: int
    surveys: list[Text]  # titles
    pair: Text | None
    type: Text
    unit: Text | None
    counters: list[Counter]  # as its tablet orders them


@views.get("/fairs/<fair_id>/desks/<desk_id>/preview")
def preview(fair_id: str, desk_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        surveys = {one.id: one.title for one in known_surveys(tx, fair)}
    desk, pack = fair.desk(desk_id), hub().pack
    every = [one.id for venue in fair.venues for one in fair.desks if one.venue == venue.id]
    place = every.index(desk.id)
    page = PreviewPage(
        fair=fair,
        desk=desk,
        venue=fair.venue(desk.venue),
        desks=[(venue, [one for one in fair.desks if one.venue == venue.id]) for venue in fair.venues],
        before=every[place - 1] if place else "",
        after=every[place + 1] if place + 1 < len(every) else "",
        place=place + 1,
        slogans=list(fair.slogans or pack.slogans),
        quiz=quiz_of(fair),
        exhibits=len(pack.exhibits),
        surveys=[surveys[one] for one in fair.surveys if one in surveys],
        pair=surveys.get(fair.quiz_pair),
        type=TYPES[desk.type],
        unit=next((unit.name for unit in fair.units if unit.id == desk.unit), None),
        counters=counters_of(fair, desk),
    )
    return web.page("hub/setups/preview.html", page=page, fair=fair)
