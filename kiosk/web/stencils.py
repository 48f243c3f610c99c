"""Pages that are the same for everybody but for what one visitor typed: rendered once, and filled in for each.

A stencil is rendered with slots in the places of a visitor's values. A slot cannot be looked into, so no template can
decide by what a visitor typed, and nothing of it is ever kept; what fills it is escaped, and is not read again.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Iterator, Mapping
from threading import Lock
from typing import Any, NoReturn

from flask import Response, current_app
from markupsafe import escape

from kiosk.web import layout

#: Stencils a process keeps; of a form there are some dozens a fair and language, of a few kilobytes each.
MOST = 512
#: Nobody outside this process can write a slot.
_MARK = secrets.token_hex(12)
_SLOTS = re.compile(rf"\[{_MARK} ([\w.-]+)\]")

#: What fills a slot, by its name.
Fill = Callable[[str], str]


class Slot:
    """The place of one value in a stencil. Raises `TypeError` where a template wants to know the value."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __html__(self) -> str:
        return f"[{_MARK} {self._name}]"

    def __str__(self) -> str:
        return self.__html__()

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(f"slot {self._name!r} has no value here")

    __bool__ = __eq__ = __len__ = __iter__ = __contains__ = __hash__ = _refuse


class Slots(Mapping[str, Any]):
    """Values as a stencil has them: whatever is asked for is a slot."""

    def __getitem__(self, name: str) -> Slot:
        return Slot(f"value.{name}")

    def __iter__(self) -> Iterator[str]:
        raise TypeError("slots are not to be counted")

    def __len__(self) -> int:
        raise TypeError("slots are not to be counted")

    __hash__ = object.__hash__
    __eq__ = object.__eq__


#: All there are: one is like another.
SLOTS = Slots()


def ticked(values: Mapping[str, str], name: str, value: str) -> str | Slot:
    """For templates: ` checked` where `value` was chosen."""
    if isinstance(values, Slots):
        return Slot(f"ticked.{name}.{value}")
    return " checked" if values.get(name) == value else ""


def fill(values: Mapping[str, str], slot: str) -> str:
    """What a slot of `SLOTS` or `ticked` stands for."""
    kind, _, name = slot.partition(".")
    if kind == "value":
        return values.get(name, "")
    name, _, value = name.partition(".")
    return ticked(values, name, value)  # type: ignore[return-value]  # no slots are given here


class Stencil:
    """A rendered page with its slots."""

    def __init__(self, text: str) -> None:
        parts = _SLOTS.split(text)
        self.fixed, self.slots = parts[::2], parts[1::2]

    def filled(self, fill: Fill) -> str:
        """The page. Each value is escaped, unless it is markup of ours."""
        parts = [self.fixed[0]]
        for slot, fixed in zip(self.slots, self.fixed[1:], strict=True):
            parts += (escape(fill(slot)), fixed)
        return "".join(parts)


class Stencils:
    """Those an app keeps, the oldest dropped first."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Stencil] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], str]) -> Stencil:
        found = self._kept.get(key)
        if found is None:
            found = Stencil(make())
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > MOST:
                    del self._kept[next(iter(self._kept))]
        return found


def page(
    template: str, look: Hashable, fill: Fill, context: Callable[[], dict[str, Any]], status: int = 200
) -> Response:
    """Render one template, as page or as fragment, and fill in its slots.

    `look`: what of `context` is no slot, to tell this stencil from others; beside it the template knows nothing.
    """
    around = layout.look()
    key = (template, look, *around.values())
    stencil = kept().get(key, lambda: _rendered(template, {**layout.speech(), **around, **context()}))
    return Response(stencil.filled(fill), status, content_type="text/html; charset=utf-8")


def kept() -> Stencils:
    """The stencils of the app of this request."""
    found = current_app.extensions["stencils"]
    assert isinstance(found, Stencils)
    return found


def _rendered(template: str, context: dict[str, Any]) -> str:
    return current_app.jinja_env.get_template(template).render(context)
