"""A fair: one campaign with its theme, dates, venues, desks and leaflets."""

from calendar import monthrange
from datetime import date
from typing import Annotated, Literal

import msgspec

from kiosk.errors import DESK_UNKNOWN, Problem
from kiosk.packs.model import Item, Text
from kiosk.values import Date, Slug

#: Of what is given away: short, and without dots, for names of metrics are made of it.
_WareId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]


class Organiser(Item, frozen=True):
    """Who answers for the fair and for the personal data in complaints."""

    name: Text
    contact: Annotated[str, msgspec.Meta(max_length=120)]  # telephone and address, as shown in the notice


class Venue(Item, frozen=True):
    id: Slug
    name: Text


class Desk(Item, frozen=True):
    id: Slug
    venue: Slug
    type: Literal["advice", "complaints", "exhibits", "quicktests", "lectures"]
    name: Text


class Leaflet(Item, frozen=True):
    id: _WareId
    name: Text
    bundle: Annotated[int, msgspec.Meta(ge=2, le=1000)]  # copies in a bundle


class Prize(Item, frozen=True, kw_only=True):
    """A class of small gifts for who plays the quiz."""

    id: _WareId
    name: Text
    earned_by: Literal["passed", "finished", "lot"]  # by lot: among all who finished
    quota: Annotated[int, msgspec.Meta(ge=1, le=10_000)]  # vouchers a tablet may issue in all
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None  # and in one hour of the clock


class Fair(Item, frozen=True, kw_only=True):
    id: Slug
    title: Text
    theme: Text
    starts: Date
    ends: Date
    organiser: Organiser
    venues: Annotated[list[Venue], msgspec.Meta(min_length=1, max_length=500)]
    desks: Annotated[list[Desk], msgspec.Meta(min_length=1, max_length=5000)]
    leaflets: Annotated[list[Leaflet], msgspec.Meta(min_length=1, max_length=30)]
    # The first that is left of what a play earns is given.
    prizes: Annotated[list[Prize], msgspec.Meta(max_length=10)] = msgspec.field(default_factory=list)
    leaderboard: bool = False  # whether the best plays are shown, under made-up names
    retention_months: Annotated[int, msgspec.Meta(ge=1, le=120)] = 6  # complaints are deleted this long after closing

    def desk(self, desk_id: str) -> Desk:
        """Raises `desk.unknown`."""
        for desk in self.desks:
            if desk.id == desk_id:
                return desk
        raise Problem(DESK_UNKNOWN, desk=desk_id)

    def venue(self, venue_id: str) -> Venue:
        return next(venue for venue in self.venues if venue.id == venue_id)

    def place(self, desk_id: str) -> Text:
        """Where a desk is, e.g. "人民广场 · 投诉举报台"."""
        desk = self.desk(desk_id)
        venue = self.venue(desk.venue)
        return Text(f"{venue.name.zh} · {desk.name.zh}", f"{venue.name.en} · {desk.name.en}")

    def at(self, desk_id: str) -> "Fair":
        """The fair as one desk needs to know it: of a thousand desks its own, and the venue it stands in."""
        desk = self.desk(desk_id)
        return msgspec.structs.replace(self, venues=[self.venue(desk.venue)], desks=[desk])

    @property
    def keeps_until(self) -> date:
        """The last day, in Beijing, on which the content of its complaints is kept."""
        year, month, day = (int(part) for part in self.ends.split("-"))
        year, month = divmod(year * 12 + month - 1 + self.retention_months, 12)
        year = min(max(year, 1), 9999)
        return date(year, month + 1, min(max(day, 1), monthrange(year, month + 1)[1]))

    def faults(self) -> list[str]:
        found = []
        for what, ids in (
            ("venue", [venue.id for venue in self.venues]),
            ("desk", [desk.id for desk in self.desks]),
            ("leaflet", [leaflet.id for leaflet in self.leaflets]),
            ("prize", [prize.id for prize in self.prizes]),
        ):
            found += [f"{what} {one} stands twice" for one in sorted({i for i in ids if ids.count(i) > 1})]
        venues = {venue.id for venue in self.venues}
        found += [
            f"desk {d.id} is at venue {d.venue}, which does not exist" for d in self.desks if d.venue not in venues
        ]
        for what, day in (("starts", self.starts), ("ends", self.ends)):
            if not _is_day(day):
                found.append(f"it {what} on {day}, which is no day")
        if self.ends < self.starts:
            found.append("it ends before it starts")
        return found


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
