"""A fair: one campaign with its theme, dates, venues, desks and leaflets."""

from calendar import monthrange
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from kiosk.errors import DESK_UNKNOWN, Problem
from kiosk.packs.model import Item, Text
from kiosk.packs.quizzes import ModeId
from kiosk.values import Date, Slug

#: Of what is given away: short, and without dots, for names of metrics are made of it.
_WareId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]


#: "09:30"; or "" where nobody said.
_Hours = Annotated[str, msgspec.Meta(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?\Z")]
_MaybeSlug = Annotated[str, msgspec.Meta(pattern=r"^(?:[a-z0-9][a-z0-9._-]{0,63})?\Z")]
_MaybeMoment = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+08:00)?\Z")
]


class Organiser(Item, frozen=True):
    """Who answers for the fair and for the personal data in complaints."""

    name: Text
    contact: Annotated[str, msgspec.Meta(max_length=120)]  # telephone and address, as shown in the notice
    contact_en: Annotated[str, msgspec.Meta(max_length=240)] = ""  # "" where nobody wrote it in English

    def contact_in(self, language: str) -> str:
        return self.contact_en if language.startswith("en") and self.contact_en else self.contact


class Entrance(Item, frozen=True):
    """A way into a venue, counted by itself."""

    id: _WareId
    name: Text


class Venue(Item, frozen=True):
    id: Slug
    name: Text
    entrances: Annotated[list[Entrance], msgspec.Meta(max_length=12)] = msgspec.field(default_factory=list)


class Desk(Item, frozen=True):
    id: Slug
    venue: Slug
    type: Literal["advice", "complaints", "exhibits", "quicktests", "lectures"]
    name: Text
    # Of a complaints desk: who takes complaints in there; and whether as a published channel ("window") or, until the
    # organiser says that it is one, as a pre-registration (预登记).
    intake: Literal["regulator", "association", "other"] = "regulator"
    standing: Literal["window", "pre"] = "pre"
    opens: _Hours = ""  # "09:30", Beijing time
    closes: _Hours = ""
    unit: _MaybeSlug = ""  # of `units`: who runs it


class Leaflet(Item, frozen=True):
    id: _WareId
    name: Text
    bundle: Annotated[int, msgspec.Meta(ge=2, le=1000)]  # copies in a bundle


class Material(Item, frozen=True):
    """What is given away beside leaflets: bags, cups (宣传品)."""

    id: _WareId
    name: Text
    unit: Text  # 个, 件
    bundle: Annotated[int, msgspec.Meta(ge=2, le=1000)]  # in a box


class Prize(Item, frozen=True, kw_only=True):
    """A class of small gifts for who plays the quiz."""

    id: _WareId
    name: Text
    earned_by: Literal["passed", "finished", "lot"]  # by lot: among all who finished
    quota: Annotated[int, msgspec.Meta(ge=1, le=10_000)]  # vouchers a tablet may issue in all
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None  # and in one hour of the clock


class Board(Item, frozen=True):
    """Display boards (展板) of one title."""

    id: _WareId
    name: Text
    n: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1  # so many of them at each venue they stand at
    venue: _MaybeSlug = ""  # where they stand; "" at every venue


class Unit(Item, frozen=True):
    """Who handles complaints inside the organiser (办理单位)."""

    id: Slug
    name: Text


class OwnFigure(Item, frozen=True):
    """A figure only this office wants: people type it, and it stands in the table beside those of the catalogue."""

    id: _WareId
    label: Text
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]  # 人次, 份, 件 …
    means: Text  # what is counted, and what not
    group: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,31}\Z")]  # of `reports.catalogue`: where it stands
    rule: Literal["sum", "max", "none"]  # how several units' are put together

    @property
    def key(self) -> str:
        """What it is called among figures."""
        return f"own.{self.id}"

    @property
    def name(self) -> Text:
        return self.label


class Fair(Item, frozen=True, kw_only=True, omit_defaults=True):
    """What is as it is by default is not written, so that who is of an older release reads what is left."""

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
    answer_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 7  # so soon a question left behind is to be answered
    form: Literal["2026", "2019"] = "2026"  # which set of fields a complaint is asked for
    units: Annotated[list[Unit], msgspec.Meta(max_length=500)] = msgspec.field(default_factory=list)
    retention_months: Annotated[int, msgspec.Meta(ge=1, le=120)] = 6  # content is kept this long after fair and case
    slogans: Annotated[list[Text], msgspec.Meta(max_length=30)] = msgspec.field(default_factory=list)  # [] the pack's
    materials: Annotated[list[Material], msgspec.Meta(max_length=30)] = msgspec.field(default_factory=list)
    surveys: Annotated[list[Slug], msgspec.Meta(max_length=10)] = msgspec.field(default_factory=list)  # asked at desks
    # Lengths of the quiz, the first for whoever chooses none; [] all of them, five questions first.
    quiz_modes: Annotated[list[ModeId], msgspec.Meta(max_length=3)] = msgspec.field(default_factory=list)
    quiz_topics: Annotated[list[Slug], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)  # [] all
    boards: Annotated[list[Board], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)
    quiz_pair: _MaybeSlug = ""  # the survey asked before a quiz and again after it; or ""
    wanted: Annotated[list[Slug], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)  # figures; [] all
    deadline: _MaybeMoment = ""  # by when table and summary are to be sent up
    correction_limit: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 50  # a larger difference takes two people
    public_screen: bool = False  # whether anybody may open the big screen at the hub
    own_figures: Annotated[list[OwnFigure], msgspec.Meta(max_length=30)] = msgspec.field(default_factory=list)

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

    def unit_names(self, lang: str) -> dict[str, str]:
        """Id → name."""
        return {unit.id: unit.name.in_(lang) for unit in self.units}

    def boards_at(self, venue_id: str) -> int:
        """How many display boards are to stand at a venue."""
        return sum(board.n for board in self.boards if board.venue in ("", venue_id))

    def at(self, desk_id: str) -> "Fair":
        """The fair as one desk needs to know it: of a thousand desks its own, and the venue it stands in."""
        desk = self.desk(desk_id)
        units = [unit for unit in self.units if unit.id == desk.unit]
        mine: dict[str, Any] = {"venues": [self.venue(desk.venue)], "desks": [desk], "units": units}
        return msgspec.structs.replace(self, **mine, boards=[], own_figures=[])

    @property
    def keeps_until(self) -> date:
        """The last day, in Beijing, on which the content of what nobody has to handle is kept; of a case at least."""
        return _months_after(self.ends, self.retention_months)

    def keeps_case_until(self, over: str) -> date:
        """The last day, in Beijing, on which the content of a case is kept that was over on that day."""
        return max(self.keeps_until, _months_after(over, self.retention_months))

    def faults(self) -> list[str]:
        found = []
        for what, ids in (
            ("venue", [venue.id for venue in self.venues]),
            ("desk", [desk.id for desk in self.desks]),
            ("leaflet", [leaflet.id for leaflet in self.leaflets]),
            ("prize", [prize.id for prize in self.prizes]),
            ("material", [material.id for material in self.materials]),
            ("unit", [unit.id for unit in self.units]),
            ("board", [board.id for board in self.boards]),
            ("figure of its own", [figure.id for figure in self.own_figures]),
            ("figure", self.wanted),
            ("length of the quiz", [str(mode) for mode in self.quiz_modes]),
            *(("entrance", [entrance.id for entrance in venue.entrances]) for venue in self.venues),
        ):
            found += [f"{what} {one} stands twice" for one in sorted({i for i in ids if ids.count(i) > 1})]
        venues = {venue.id for venue in self.venues}
        found += [
            f"desk {d.id} is at venue {d.venue}, which does not exist" for d in self.desks if d.venue not in venues
        ]
        found += [
            f"board {b.id} is at venue {b.venue}, which does not exist"
            for b in self.boards
            if b.venue not in venues | {""}
        ]
        units = {unit.id for unit in self.units}
        found += [
            f"desk {d.id} is run by unit {d.unit}, which does not exist"
            for d in self.desks
            if d.unit not in units | {""}
        ]
        for what, day in (("starts", self.starts), ("ends", self.ends)):
            if not _is_day(day):
                found.append(f"it {what} on {day}, which is no day")
        if self.ends < self.starts:
            found.append("it ends before it starts")
        return found


def _months_after(day: str, months: int) -> date:
    """The same day of a later month, or its last; of what is no day, some day."""
    year, month, of_month = (int(part) for part in day.split("-"))
    year, month = divmod(year * 12 + month - 1 + months, 12)
    year = min(max(year, 1), 9999)
    return date(year, month + 1, min(max(of_month, 1), monthrange(year, month + 1)[1]))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
