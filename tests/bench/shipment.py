"""What booths of a simulated province send, made before anything is measured."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from kiosk.hub import rosters
from kiosk.hub.context import Hub
from kiosk.simulation.bundles import _batch
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.sizes import SIZES
from kiosk.sync import protocol
from kiosk.sync.rosters import read_roster

SEED = 315


@dataclass(frozen=True)
class Parcel:
    """One booth's whole journal."""

    journal: str
    desk: str
    lines: list[bytes]
    hashes: list[bytes]
    kinds: list[str]
    batches: list[bytes]

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """As the hub stores them."""
        told = zip(self.lines, self.hashes, self.kinds, strict=True)
        return [(self.journal, seq, line, digest, kind, None, 1.0) for seq, (line, digest, kind) in enumerate(told, 1)]

    @property
    def totals(self) -> list[tuple[object, ...]]:
        """About as many sums as come out of such a journal."""
        hours = [(f"2027-03-1{day}", hour) for day in (4, 5) for hour in range(9, 17)]
        return [(self.journal, f"metric{m}", day, hour, self.desk, "fair", 3) for day, hour in hours for m in range(7)]

    @cached_property
    def compressed(self) -> list[bytes]:
        """Batches as they travel."""
        return [protocol.compress(batch) for batch in self.batches]

    @cached_property
    def bare(self) -> list[bytes]:
        """The same facts as somebody would send them who signs nothing and chains nothing: arrays, gzip'ed."""
        told = [json.loads(line) for line in self.lines]
        arrays = [[one["seq"], one["kind"], one["at"], one["body"]] for one in told]
        return [
            gzip.compress(
                json.dumps({"journal": self.journal, "desk": self.desk, "facts": arrays[at : at + 1_500]}).encode(), 6
            )
            for at in range(0, len(arrays), 1_500)
        ]


class Province:
    """A simulated province, booth by booth."""

    def __init__(self, batch_count: int) -> None:
        self._fleet = Fleet(SIZES["province"], SEED)
        self._batch_count = batch_count
        self._coming, self._made = self._parcels(), list[Parcel]()
        self.fair = self._fleet.fair.id

    def join(self, hub: Hub) -> None:
        """Make its tablets known to a hub."""
        with hub.store.begin() as tx:
            rosters.adopt(tx, hub, read_roster(self._fleet.roster()))

    def some(self, count: int) -> list[Parcel]:
        """The first so many booths' parcels; none is made twice."""
        self._made += islice(self._coming, max(0, count - len(self._made)))
        return self._made[:count]

    def _parcels(self) -> Iterator[Parcel]:
        for number in range(1, self._fleet.size.booths + 1):
            booth = self._fleet.booth(number)
            journal = self._fleet.journal(booth)
            lines, step = journal.lines, self._batch_count
            firsts = range(1, len(lines) + 1, step)
            batches = [_batch(booth, journal, first, min(first + step - 1, len(lines))) for first in firsts]
            kinds = [json.loads(line)["kind"] for line in lines]
            yield Parcel(booth.certificate.journal, booth.desk.id, lines, journal.hashes, kinds, batches)


def bytes_per_fact(parcels: list[Parcel]) -> float:
    return sum(len(one) for parcel in parcels for one in parcel.compressed) / facts_in(parcels)


def facts_in(parcels: list[Parcel]) -> int:
    return sum(len(parcel.lines) for parcel in parcels)


def shares(parcels: Sequence[Parcel], count: int) -> list[Sequence[Parcel]]:
    """Equal parts, one for each round: what was taken in once cannot be taken in again as new."""
    step = len(parcels) // count
    return [parcels[at * step : (at + 1) * step] for at in range(count)]
