"""Exhibits of the counterfeit gallery: a genuine and a fake drawing, and what gives the fake away."""

import re
from typing import Annotated

import msgspec

from kiosk.packs.laws import Article, article_cn
from kiosk.packs.model import FileName, Item, Text
from kiosk.values import Date, Slug

#: Of an exhibit that a tablet has of its own.
OWN_ID = re.compile(r"o[0-9a-f]{8}")
#: Ids no exhibit of a pack can have: pages beside `/gallery/<id>`, and those.
_TAKEN = re.compile(rf"cards|own|pairs|scan|{OWN_ID.pattern}")

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Source(Item, frozen=True, kw_only=True):
    law: str
    article: Article | None
    key: str
    checked_on: Date

    @property
    def article_cn(self) -> str:
        return article_cn(self.article) if self.article is not None else ""


class Region(Item, frozen=True, kw_only=True):
    """A marked place on the fake. Coordinates are fractions of the drawing."""

    id: Slug
    x: Fraction
    y: Fraction
    w: Fraction
    h: Fraction
    wrong: Text
    why: Text
    check: Text
    source: Source


class Exhibit(Item, frozen=True, kw_only=True):
    id: Slug
    number: Annotated[int, msgspec.Meta(ge=1, le=999)]
    category: Slug
    title: Text
    department: Text
    genuine: FileName
    fake: FileName
    genuine_alt: Text
    fake_alt: Text
    regions: Annotated[list[Region], msgspec.Meta(min_length=1, max_length=6)]
    remember: Text
    valid_from: Date
    valid_until: Date | None

    def faults(self) -> list[str]:
        taken = ["this id is a page of its own"] if _TAKEN.fullmatch(self.id) else []
        return taken + [f"region {r.id} reaches over the edge" for r in self.regions if r.x + r.w > 1 or r.y + r.h > 1]
