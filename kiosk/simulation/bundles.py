"""A journal → the bundle a stick would bring: its batches, some of them twice, out of order or overlapping."""

from collections.abc import Sequence
from itertools import pairwise
from typing import BinaryIO

import msgspec

from kiosk.simulation.dice import Dice
from kiosk.simulation.fleet import Booth
from kiosk.simulation.journals import Closing, Written
from kiosk.simulation.moments import MINUTE, stamp
from kiosk.sync import protocol
from kiosk.sync.bundles import BundleHeader, BundleWriter
from kiosk.sync.protocol import BatchHeader, Slip

#: How many of the bundles have which trouble. A bundle may have several.
TROUBLES = {"repeated": 0.3, "out_of_order": 0.3, "overlapping": 0.25}
Cut = tuple[int, int]  # first fact, last fact


class Sent(msgspec.Struct, frozen=True):
    """What a bundle holds."""

    batches: int
    repeated: int  # batches that stand there twice
    out_of_order: int  # batches that stand before one they follow on
    overlapping: int  # batches that tell over again a part of two others


def troubles(booths: int, dice: Dice) -> list[frozenset[str]]:
    """Which troubles each tablet's bundle has. Every kind occurs."""
    found: list[set[str]] = [set() for _ in range(booths)]
    for trouble, share in TROUBLES.items():
        for place in dice.sample(range(booths), max(1, round(booths * share))):
            found[place].add(trouble)
    return [frozenset(one) for one in found]


def cuts(count: int, batch: tuple[int, int], dice: Dice) -> list[Cut]:
    """Where a tablet that found the network now and then cut its journal."""
    ends = [0]
    while ends[-1] < count:
        ends.append(min(count, ends[-1] + dice.randint(*batch)))
    return [(before + 1, end) for before, end in pairwise(ends)]


def plant(whole: Sequence[Cut], wanted: frozenset[str], dice: Dice) -> tuple[list[Cut], Sent]:
    """The batches in the order they stand in the file, with the troubles that are wanted."""
    found, repeated, swapped, overlapping = list(whole), 0, 0, 0
    if "out_of_order" in wanted and len(whole) > 1:
        place = dice.randrange(len(whole) - 1)
        found[place], found[place + 1] = found[place + 1], found[place]
        swapped = 1
    if "overlapping" in wanted and len(whole) > 1:
        place = dice.randrange(len(whole) - 1)
        (first, _), (_, last) = whole[place], whole[place + 1]
        middle = whole[place][1]
        again = (dice.randint((first + middle) // 2, middle), dice.randint(middle + 1, (middle + last + 1) // 2))
        found.insert(dice.randrange(len(found) + 1), again)
        overlapping = 1
    if "repeated" in wanted:
        found.insert(dice.randrange(len(found) + 1), dice.choice(list(whole)))
        repeated = 1
    return found, Sent(len(found), repeated, swapped, overlapping)


def write_bundle(stream: BinaryIO, booth: Booth, journal: Written, order: Sequence[Cut]) -> None:
    """The file, sealed content first."""
    certificate = booth.certificate
    header = BundleHeader(
        journal=certificate.journal,
        device=certificate.device,
        fair=certificate.fair,
        hub=certificate.hub,
        certificate=booth.document.decode(),
        seq=len(journal.lines),
        hash=journal.head.hex(),
        first=1,
        at=stamp(journal.ends + 10 * MINUTE),
    )
    writer = BundleWriter(stream, header)
    for blob in journal.blobs:
        writer.add("blob", blob)
    for first, last in order:
        writer.add("batch", _batch(booth, journal, first, last))
    if journal.closing is not None:
        writer.add("slip", _slip(booth, journal, journal.closing))
    writer.close(booth.key)


def _slip(booth: Booth, journal: Written, closing: Closing) -> bytes:
    """The day slip the tablet showed when it was closed last."""
    certificate = booth.certificate
    slip = Slip(
        journal=certificate.journal,
        device=certificate.device,
        hub=certificate.hub,
        fair=certificate.fair,
        desk=certificate.desk,
        day=closing.body.day,
        first=closing.body.first,
        last=closing.seq,
        hash=journal.hash_at(closing.seq).hex(),
        counts=dict(sorted(closing.kinds.items())),
        at=closing.at,
    )
    return protocol.sign_document(slip, booth.key)


def _batch(booth: Booth, journal: Written, first: int, last: int) -> bytes:
    certificate = booth.certificate
    header = BatchHeader(
        journal=certificate.journal,
        device=certificate.device,
        fair=certificate.fair,
        hub=certificate.hub,
        first=first,
        count=last - first + 1,
        prev=journal.hash_at(first - 1).hex(),
    )
    return protocol.write_batch(header, journal.lines[first - 1 : last], booth.key)
