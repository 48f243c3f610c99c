"""What a quick-test desk offers to touch: usual samples, and what they are tested for by which method.

No limit of a law or standard stands here: which one holds depends on the sample, and the desk types it from the leaflet
of its reagent.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec

from kiosk import strictjson
from kiosk.errors import PACK_FAULTY, Problem
from kiosk.packs.model import Item, Text

FILE = Path(__file__).parent / "builtin" / "quicktests.json"
_LIMIT = 256 * 1024


class Kit(Item, frozen=True):
    """One item and how a desk tests for it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,30}\Z")]
    item: Text
    method: Text


class Offer(Item, frozen=True):
    kits: Annotated[list[Kit], msgspec.Meta(min_length=1)]
    samples: list[Text]


@lru_cache(1)
def offer(file: Path = FILE) -> Offer:
    """What the desk offers. Raises `pack.faulty`."""
    try:
        found = msgspec.convert(strictjson.loads(file.read_bytes(), _LIMIT), Offer)
    except (msgspec.ValidationError, OSError) as error:
        raise Problem(PACK_FAULTY, count=1, faults=f"  {file.name}: {error}") from None
    ids = [kit.id for kit in found.kits]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        faults = "\n".join(f"  {file.name}: {one} stands twice" for one in twice)
        raise Problem(PACK_FAULTY, count=len(twice), faults=faults)
    return found
