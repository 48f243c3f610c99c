"""Posters that lead a visitor's phone to a desk's form at the hub: a plain public address, nothing that is secret."""

from typing import Literal

import msgspec
from flask import request

from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

Size = Literal["a4", "a5", "card"]
SIZES: tuple[Size, ...] = ("a4", "a5", "card")


class Poster(msgspec.Struct, frozen=True):
    """What `templates/complaints/_poster.html` shows."""

    place: Text
    desk: str
    organiser: Text
    link: str

    @classmethod
    def of(cls, fair: Fair, desk_id: str, hub_url: str, device: str) -> "Poster":
        link = f"{hub_url.rstrip('/')}/m/complaint/{device}"
        return cls(fair.place(desk_id), desk_id, fair.organiser.name, link)


def asked_size() -> Size:
    """The size the address asks for; the largest unless it is one of the others."""
    wanted = request.args.get("size")
    return next((size for size in SIZES if size == wanted), "a4")
