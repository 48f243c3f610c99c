"""Intake in process, beside the same rows merely stored: on SQLite, on PostgreSQL, by one process and by four."""

import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from kiosk.config import HubConfig
from kiosk.hub import intake, tables
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.sync import keys, protocol
from tests.bench import bare_hub, figures
from tests.bench.hubs import make_hub
from tests.bench.rows import Rounds, Row, timed
from tests.bench.shipment import Parcel, Province, facts_in, shares

ROUNDS = 5
MORE_ROUNDS = 11  # in process, where a round is over in a second and the disk is never twice the same


def receive_all(hub: Hub, parcels: Sequence[Parcel]) -> None:
    for parcel in parcels:
        for batch in parcel.batches:
            with hub.store.begin() as tx:
                intake.receive(tx, batch, hub.id, hub.clock.now())


def sqlite_rows(folder: Path, province: Province, parcels: list[Parcel]) -> Iterator[Row]:
    """Facts a second into SQLite: verified, chained, judged, folded; beside the same rows merely stored."""
    settings = make_hub(folder / "intake", province)
    *parts, spare = shares(parcels, MORE_ROUNDS + 1)
    bare = [[(parcel.rows, parcel.totals) for parcel in part] for part in parts]
    with closing(open_hub(settings)) as hub, closing(bare_hub.connect(folder / "floor.db")) as floor:
        rounds = _paired(
            parts,
            lambda part: receive_all(hub, part),
            lambda number: [bare_hub.take_in(floor, *one) for one in bare[number]],
        )
        yield Row("intake, SQLite, in process", "facts/s", rounds, 0.45, is_least=True)
        yield Row("integrity's share of intake", "% CPU", [(_integrity(hub, spare),)], alone=35)


def _paired(
    parts: Sequence[Sequence[Parcel]], ours: Callable[[Sequence[Parcel]], object], least: Callable[[int], object]
) -> Rounds:
    """Facts a second, ours and the floor's in turns, each round with facts of its own."""
    gc.collect()
    gc.freeze()  # as a serving hub does
    found = []
    for number, part in enumerate(parts):
        measures = [lambda part=part: timed(lambda: ours(part)), lambda number=number: timed(lambda: least(number))]
        order = measures if number % 2 == 0 else measures[::-1]
        seconds = {measure: measure() for measure in order}
        found.append(tuple(facts_in(part) / seconds[measure] for measure in measures))
    gc.unfreeze()
    return found


def _integrity(hub: Hub, parcels: Sequence[Parcel]) -> float:
    """What checking signature, chain and digest takes of intake's processor time, in percent."""
    with hub.store.reading() as tx:
        known = {row.device: row.public_key for row in tx.execute(tables.devices.select())}
    began = time.process_time()
    for parcel in parcels:
        for batch in parcel.batches:
            protocol.read_batch(batch, lambda header: keys.VerifyKey(bytes.fromhex(known[header.device])))
    checking = time.process_time() - began
    began = time.process_time()
    receive_all(hub, parcels)
    return 100 * checking / (time.process_time() - began)


def postgres_rows(folder: Path, province: Province, parcels: list[Parcel], address: str) -> Iterator[Row]:
    """The same on PostgreSQL; and four processes at once beside one."""
    settings = make_hub(folder / "postgres", province, address)
    *parts, alone, together = shares(parcels, ROUNDS + 2)
    bare = [[(parcel.rows, parcel.totals) for parcel in part] for part in parts]
    with closing(open_hub(settings)) as hub, psycopg.connect(address, autocommit=True) as floor:
        for statement in bare_hub.POSTGRES_TABLES:
            floor.execute(statement)
        rounds = _paired(
            parts,
            lambda part: receive_all(hub, part),
            lambda number: [bare_hub.copy_in(floor, *one) for one in bare[number]],
        )
        yield Row("intake, PostgreSQL, in process", "facts/s", rounds, 0.5, is_least=True)
        yield from figures.sum_rows(hub, province.fair, "PostgreSQL")
    one = facts_in(alone) / _processes(settings, [alone])
    four = facts_in(together) / _processes(settings, shares(together, 4))
    yield Row("PostgreSQL, 4 processes beside 1", "facts/s", [(four, one)], 1.0, is_least=True)


def _processes(settings: HubConfig, parts: Sequence[Sequence[Parcel]]) -> float:
    """Seconds that hub processes take for their parts, all at once."""
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(len(parts) + 1)
    workers = [context.Process(target=_work, args=(settings, part, gate)) for part in parts]
    for worker in workers:
        worker.start()
    gate.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    return time.perf_counter() - start


def _work(settings: HubConfig, parcels: Sequence[Parcel], gate: "multiprocessing.synchronize.Barrier") -> None:
    with closing(open_hub(settings)) as hub:
        gate.wait()
        receive_all(hub, parcels)
