"""`make bench`: what a booth and a hub cost beside floors that do the least. Exits with 1 if a limit is missed.

Never a bare time: the machine may be slow, shared or busy, but both sides are measured in turns, and what is held
against the limit is the median of the rounds. Its spread, from the lower to the upper quartile in hundredths of the
median, says how far to trust it. So does what the machine's host stole of its processors meanwhile; a latency is
measured again where that was much, and the quietest try stands. Where a measurement breaks off, a row says so, and the
others go on.

Words after `python -m tests.bench` choose parts: booth, intake, wire.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from kiosk import ROOT
from kiosk.sync import protocol
from tests.bench import boards, booths, figures, hubs, intake, one_booth, wire
from tests.bench.rows import Row, as_far_as_it_goes, for_the_page, table, watched
from tests.bench.servers import postgres
from tests.bench.shipment import Parcel, Province

BOOTHS = 168  # of the province, with some 250,000 facts
IN_PROCESS = 336  # with some 500,000
ALL = 1_000  # 1.5 million facts
IS_LONG = os.environ.get("BENCH") == "long"  # the whole province over HTTP


@cache
def the_province() -> Province:
    return Province(protocol.BATCH_COUNT)


def intake_rows(folder: Path) -> Iterator[Row]:
    """Facts into a hub as quickly as they go: in process, and from one booth."""
    province, parcels = the_province(), the_province().some(BOOTHS)
    yield from as_far_as_it_goes("intake, SQLite", intake.sqlite_rows(folder, province, province.some(IN_PROCESS)))
    yield from as_far_as_it_goes("intake, PostgreSQL", on_postgres(folder, province, parcels))
    yield from as_far_as_it_goes("one booth", one_booth.rows(folder, province))


def on_postgres(folder: Path, province: Province, parcels: list[Parcel]) -> Iterator[Row]:
    with postgres() as address:
        yield from intake.postgres_rows(folder, province, parcels, address)


def wire_rows(folder: Path) -> Iterator[Row]:
    """A large fair over HTTP, and what is asked of the hub that then holds it."""
    province = the_province()
    settings = hubs.make_hub(folder / "province", province)
    parcels = province.some(ALL if IS_LONG else BOOTHS)
    yield from as_far_as_it_goes("province over HTTP", wire.rows(folder, settings, province, parcels))
    yield from as_far_as_it_goes("figures", figures.rows(settings, province.fair, (hubs.LOGIN, hubs.PASSWORD)))
    yield from as_far_as_it_goes("boards", boards.rows(settings, province))
    yield from as_far_as_it_goes("units", figures.unit_rows(settings))


PARTS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "booth": booths.rows,
    "intake": intake_rows,
    "wire": wire_rows,
}


def measure(parts: list[str]) -> Iterator[Row]:
    # Beside the project, not in /tmp: where that lives in memory a durable commit costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "instance") as folder:
        for name in parts:
            yield from as_far_as_it_goes(name, PARTS[name](Path(folder)))


def main(parts: list[str]) -> int:
    began, before = time.monotonic(), os.getloadavg()[0]
    rows = []
    try:
        for row in watched(measure(parts)):
            rows.append(row)
            print("·", *filter(None, row.columns()), sep="  ", file=sys.stderr, flush=True)
    finally:
        print(table(rows))  # a quarter of an hour is not thrown away for one row
        print(f"\nFor docs/proof.md:\n\n{for_the_page(rows)}")
    print(f"\n{os.cpu_count()} cores, load {before:.1f} before; took {time.monotonic() - began:.0f} s")
    return 0 if all(row.is_kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PARTS)))
