"""A pack: questions, exhibits, slogans. Text stands in Simplified Chinese with English beside it."""

from typing import Annotated

import msgspec

from kiosk.values import Slug

#: Of a drawing that lies in the pack.
FileName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,60}\.svg\Z")]


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What everything in a pack is: frozen, typed, strict."""


class Text(Item, frozen=True):
    """One piece of wording in both languages."""

    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=1200)]

    def in_(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh


#: Names a visitor is offered for the leaderboard at a time; a pack has at least so many.
OFFERED = 6


class Nickname(Item, frozen=True):
    """A made-up name for the leaderboard: short, friendly, nobody's."""

    id: Slug
    zh: Annotated[str, msgspec.Meta(min_length=2, max_length=8)]
    en: Annotated[str, msgspec.Meta(min_length=2, max_length=24)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


def is_in_force(valid_from: str, valid_until: str | None, day: str) -> bool:
    """Whether a rule holds on an ISO day; both ends belong to it."""
    return valid_from <= day and (valid_until is None or day <= valid_until)
