"""Pages: what people see of the fakes on show, from what `answers` has folded.

The words come from the pack of this hub; an exhibit or a region that it does not have is shown by its id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, func, select

from kiosk import web
from kiosk.hub import answers
from kiosk.hub.context import hub, signed_in
from kiosk.hub.items import looked_at
from kiosk.hub.tables import exhibit_sums
from kiosk.packs.fairs import Fair
from kiosk.packs.galleries import OWN_ID
from kiosk.packs.galleries import Exhibit as Shown
from kiosk.packs.model import Text
from kiosk.packs.reader import Pack
from kiosk.reports.exhibits import LOOKS, Exhibit, exhibits, least_found, most_taken_for_real, sentence
from kiosk.reports.items import LEAST, Item

views = Blueprint("exhibits", __name__)
#: Should a tablet tell of any number: exhibits of a page, those with most looks; and of each, regions nobody knows.
_MOST, _MOST_REGIONS = 500, 6


class Row(msgspec.Struct, frozen=True):
    """An exhibit, and what this hub can say of it."""

    exhibit: Exhibit
    shown: Shown | None  # as the pack has it

    @property
    def is_own(self) -> bool:
        """Whether a tablet made it, from a photo: no pack has such an id."""
        return self.shown is None and OWN_ID.fullmatch(self.exhibit.id) is not None

    @property
    def name(self) -> Text:
        if self.is_own:
            return Text(f"一台平板的展品 {self.exhibit.id}", f"A tablet’s own exhibit {self.exhibit.id}")
        return self.shown.title if self.shown else Text(self.exhibit.id, self.exhibit.id)

    def region(self, region_id: str) -> Text:
        """What is wrong there."""
        found = next((one for one in self.shown.regions if one.id == region_id), None) if self.shown else None
        return found.wrong if found else Text(region_id, region_id)


class Place(msgspec.Struct, frozen=True):
    """A marked place of an exhibit, and how often it was found."""

    row: Row
    found: Item


class Report(msgspec.Struct, frozen=True):
    """All there is to say about the exhibits of a fair, or of one of its venues."""

    venue: str
    rows: list[Row]  # by number; at the end those the pack does not have
    on_show: int  # exhibits of the pack
    kinds_on_show: int  # categories of these
    kinds_looked_at: int
    mistaken: list[Row]  # most often taken for real
    unseen: list[Place]  # places found least often
    pending: int  # facts not folded yet

    @property
    def looked_at(self) -> int:
        """Exhibits somebody viewed, judged or searched; of tablets' own see `own_looked_at`."""
        return sum(row.exhibit.is_touched and not row.is_own for row in self.rows)

    @property
    def own_looked_at(self) -> int:
        return sum(row.exhibit.is_touched and row.is_own for row in self.rows)

    @property
    def views(self) -> int:
        return sum(row.exhibit.viewed for row in self.rows)

    @property
    def visits(self) -> int:
        """Of visitors who looked at anything at all."""
        return sum(row.exhibit.visits for row in self.rows)

    def sentence(self, language: str) -> str:
        """What was measured, in one sentence for a summary."""
        name = self.mistaken[0].name.in_(language) if self.mistaken else ""
        return sentence([row.exhibit for row in self.rows], name, language)


def report(tx: Connection, fair: Fair, pack: Pack, wanted: Mapping[str, str]) -> Report:
    """What was done with each exhibit. `wanted` may choose a venue; one the fair does not have is passed over."""
    venue = wanted.get("venue", "")
    venue = venue if venue in {one.id for one in fair.venues} else ""
    rows = {one.id: Row(one, pack.exhibit_by_id.get(one.id)) for one in exhibits(_sums(tx, fair.id, venue, pack))}
    for shown in pack.exhibits:
        rows.setdefault(shown.id, Row(Exhibit(shown.id), shown))
    touched = [row.exhibit for row in rows.values()]
    return Report(
        venue=venue,
        rows=sorted(
            rows.values(), key=lambda row: (row.shown is None, row.shown.number if row.shown else 0, row.name.zh)
        ),
        on_show=len(pack.exhibits),
        kinds_on_show=len({one.category for one in pack.exhibits}),
        kinds_looked_at=len({row.shown.category for row in rows.values() if row.shown and row.exhibit.is_touched}),
        mistaken=[rows[one.id] for one in most_taken_for_real(touched)],
        unseen=[Place(rows[one.id], region) for one, region in least_found(touched)],
        pending=answers.pending(tx, fair.id),
    )


def _sums(tx: Connection, fair: str, venue: str, pack: Pack) -> list[tuple[str, str, Sequence[int]]]:
    sums = exhibit_sums.c
    here = (sums.fair == fair, sums.venue == venue)
    most = select(sums.exhibit).where(*here).group_by(sums.exhibit)
    most = most.order_by(func.sum(sums.viewed + sums.judged + sums.searched).desc(), sums.exhibit).limit(_MOST)
    known = sorted({region.id for one in pack.exhibits for region in one.regions} | {""})
    told = (sums.exhibit, sums.region, *(sums[name] for name in LOOKS))
    place = func.row_number().over(partition_by=sums.exhibit, order_by=(-sums.found - sums.missed, sums.region))
    others = select(*told, place.label("place")).where(*here, sums.exhibit.in_(most), sums.region.not_in(known))
    some = others.subquery()
    columns = [column for column in some.c if column.name != "place"]
    rows = [
        *tx.execute(select(*told).where(*here, sums.exhibit.in_(most), sums.region.in_(known))),
        *tx.execute(select(*columns).where(some.c.place <= _MOST_REGIONS)),
    ]
    return [(row[0], row[1], tuple(row[2:])) for row in rows]


def as_json(fair: Fair, found: Report) -> dict[str, Any]:
    """The whole report, for programs."""
    return {
        "fair": fair.id,
        "venue": found.venue,
        "pending": found.pending,
        "least": LEAST,
        "on_show": found.on_show,
        "kinds_on_show": found.kinds_on_show,
        "looked_at": found.looked_at,
        "kinds_looked_at": found.kinds_looked_at,
        "own_looked_at": found.own_looked_at,
        "views": found.views,
        "visits": found.visits,
        "sentence": {language: found.sentence(language) for language in ("zh", "en")},
        "exhibits": [_as_json(row) for row in found.rows],
    }


def _as_json(row: Row) -> dict[str, Any]:
    one = row.exhibit
    return {
        "id": one.id,
        "title": msgspec.to_builtins(row.name),
        "viewed": one.viewed,
        "judged": _rate(one.judged),
        "searched": one.searched,
        "hints": one.hints,
        "astray": one.astray,
        "regions": [
            {"id": region.id, **_rate(region), "strays": one.strays.get(region.id, 0)} for region in one.regions
        ],
    }


def _rate(item: Item) -> dict[str, Any]:
    interval = list(item.interval) if item.n else None
    return {"n": item.n, "right": item.correct, "rate": item.rate, "interval": interval, "ranked": item.is_ranked}


@views.get("/fairs/<fair_id>/exhibits")
def page(fair_id: str) -> Response:
    signed_in("organiser")
    fair = looked_at(hub(), fair_id)
    with hub().store.reading() as tx:
        found = report(tx, fair, hub().pack, request.args)
    return web.page("hub/exhibits/list.html", fair=fair, page=found, least=LEAST)
