"""The registry: kind and version → the shape of a body.

Facts are never migrated. When a body's shape changes, its class takes the next version and an upcaster
from the one before is registered; old facts stay as written and are read through the chain of upcasters.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec

from kiosk.errors import FACT_MALFORMED, FACT_UNKNOWN_KIND, Problem
from kiosk.facts.envelope import Fact
from kiosk.values import Date

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every body is: frozen, typed, and strict about unknown fields."""


class Dated(Body, frozen=True):
    """A body that says itself which business day and hour it counts to: what was on paper is keyed in afterwards."""

    day: Date
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)]  # of Beijing time, in which it began

    def __post_init__(self) -> None:
        date.fromisoformat(self.day)  # its ValueError is how msgspec hears that the calendar has no such day

    @property
    def bucket(self) -> tuple[str, int]:
        return self.day, self.hour


_BodyType = TypeVar("_BodyType", bound=type[Body])


class Registry:
    """Kinds with their current shapes and the upcasters that lead to them."""

    def __init__(self) -> None:
        self._current: dict[str, tuple[int, type[Body]]] = {}
        self._names: dict[type[Body], str] = {}
        self._upcasters: dict[tuple[str, int], Upcaster] = {}

    def kind(self, name: str, version: int = 1) -> Callable[[_BodyType], _BodyType]:
        """Class decorator: this is the current shape of `name`."""

        def register(body: _BodyType) -> _BodyType:
            if name in self._current:
                raise ValueError(f"kind {name} is registered twice")
            self._current[name] = (version, body)
            self._names[body] = name
            return body

        return register

    def upcaster(self, name: str, version: int) -> Callable[[Upcaster], Upcaster]:
        """Function decorator: turns a body of `name` at `version` into one of `version + 1`."""

        def register(function: Upcaster) -> Upcaster:
            self._upcasters[name, version] = function
            return function

        return register

    def name_of(self, body: Body) -> str:
        return self._names[type(body)]

    def version_of(self, name: str) -> int:
        return self._current[name][0]

    def shape_of(self, name: str) -> type[Body]:
        return self._current[name][1]

    def names(self) -> list[str]:
        return sorted(self._current)

    def read_written(self, name: str, version: int, body: bytes) -> Body | None:
        """The body from its bytes, if it is of the current version and spelt as this release spells it.

        Spelling it again and getting the same bytes proves that the strict reader would come to the same: no key
        twice, no odd number, no hidden escape. None says nothing: read the whole line strictly.
        """
        current, shape = self._current.get(name, (0, Body))
        if version != current or b"\\u" in body:
            return None
        try:
            found = msgspec.json.decode(body, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found if msgspec.json.encode(found) == body else None

    def read(self, fact: Fact) -> Body:
        """The body in its current shape. Raises `fact.unknown_kind` or `fact.malformed`."""
        version, shape = self._current.get(fact.kind, (0, Body))
        if not 1 <= fact.v <= version:
            raise Problem(FACT_UNKNOWN_KIND, kind=fact.kind, version=fact.v)
        body = fact.body
        try:
            for step in range(fact.v, version):
                body = self._upcasters[fact.kind, step](body)
            return msgspec.convert(body, shape)
        except (msgspec.ValidationError, KeyError, TypeError, ValueError) as error:
            raise Problem(FACT_MALFORMED, reason=str(error)) from None


#: The kinds of this release. The noun modules register themselves here; `facts.vocabulary` imports them all.
REGISTRY = Registry()
kind = REGISTRY.kind
