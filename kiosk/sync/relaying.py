"""What a booth and a relay say to one another, beside the bundles themselves. Pure.

A relay is believed nothing: what it says spares sending things twice, and its receipts are the hub's or none.
"""

from typing import Annotated

import msgspec

from kiosk.sync.protocol import Count, Message
from kiosk.values import Hex32, Id, Seq

HELD_LIMIT = 1024 * 1024  # bytes of the answer
BLOBS_LIMIT = 5_000  # names a relay lists; the others would come again, and be known
STRETCHES_LIMIT = 1_000


class Stretch(Message, frozen=True):
    """Facts that a relay keeps, one after another."""

    first: Seq
    last: Count
    hash: Hex32  # chain hash at `last`, as the booth's own bundle says


class Held(Message, frozen=True):
    """The answer to `POST /relay/v1/bundles` and `GET /relay/v1/journals/<id>`: what the relay keeps for the hub."""

    journal: Id
    stretches: Annotated[list[Stretch], msgspec.Meta(max_length=STRETCHES_LIMIT)]  # in order
    blobs: Annotated[list[Hex32], msgspec.Meta(max_length=BLOBS_LIMIT)]
    receipts: str  # a file of receipts: what the hub last signed for; empty for nothing
