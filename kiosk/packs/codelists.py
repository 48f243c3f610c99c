"""What cases are about: two lists of categories, goods and services, never merged, and ten kinds of grievance.

The lists are versioned, for figures of one year are told in its words. A case says which version it was classified by;
the newest is what is offered.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec

from kiosk import strictjson
from kiosk.errors import PACK_FAULTY, Problem
from kiosk.packs.model import Item, Text
from kiosk.values import Slug

FILE = Path(__file__).parent / "builtin" / "codelists.json"
_LIMIT = 1024 * 1024


class Code(Item, frozen=True):
    id: Slug
    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class CodeList(Item, frozen=True):
    """One version of the lists."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z.-]{1,20}\Z")]
    goods: list[Code]
    services: list[Code]
    grievances: Annotated[list[Code], msgspec.Meta(max_length=10)]

    def faults(self) -> list[str]:
        """An id stands once in a list, and in goods or services but not in both."""
        both = [code.id for code in (*self.goods, *self.services)]
        of_grievances = [code.id for code in self.grievances]
        return [
            f"codelists {self.version}: {one} stands twice"
            for ids in (both, of_grievances)
            for one in sorted({i for i in ids if ids.count(i) > 1})
        ]

    def good(self, code: str) -> Text:
        """The words of a code; of one that is not there the code itself, for an older hub may hold a newer case."""
        return _words(self.goods, code)

    def service(self, code: str) -> Text:
        return _words(self.services, code)

    def grievance(self, code: str) -> Text:
        return _words(self.grievances, code)

    def knows(self, goods: str, service: str, grievances: list[str]) -> bool:
        """Whether a case can be classified so."""
        return (
            goods in {"", *(code.id for code in self.goods)}
            and service in {"", *(code.id for code in self.services)}
            and not (goods and service)
            and len(set(grievances)) == len(grievances)
            and set(grievances) <= {code.id for code in self.grievances}
        )


def _words(codes: list[Code], wanted: str) -> Text:
    return next((code.text for code in codes if code.id == wanted), Text(wanted or "—", wanted or "—"))


@lru_cache(1)
def codelists(file: Path = FILE) -> tuple[CodeList, ...]:
    """All versions, oldest first. Raises `pack.faulty`."""
    try:
        found = msgspec.convert(strictjson.loads(file.read_bytes(), _LIMIT), list[CodeList])
    except (msgspec.ValidationError, OSError) as error:
        raise Problem(PACK_FAULTY, count=1, faults=f"  {file.name}: {error}") from None
    faults = [fault for one in found for fault in one.faults()]
    if faults or not found:
        raise Problem(PACK_FAULTY, count=len(faults) or 1, faults="\n".join(faults) or f"  {file.name}: it is empty")
    return tuple(found)


def newest() -> CodeList:
    return codelists()[-1]


def codelist(version: str) -> CodeList:
    """A version of the lists; where it is not known, the newest."""
    return next((one for one in codelists() if one.version == version), newest())
