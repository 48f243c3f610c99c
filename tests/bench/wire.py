"""A province's day over HTTP into one hub process, while its board is looked at; beside a bare server."""

import http.client
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kiosk.config import HubConfig
from kiosk.sync import protocol
from tests.bench import load
from tests.bench.hubs import a_bare_server, a_hub_server, come_to_rest, rss, sign_in
from tests.bench.rows import Row, timed
from tests.bench.shipment import Parcel, Province, bytes_per_fact, facts_in, shares

ROUNDS = 5
HEADERS = {protocol.HEADER: "1", "Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}


def rows(folder: Path, settings: HubConfig, province: Province, parcels: list[Parcel]) -> Iterator[Row]:
    """Afterwards the hub has the facts."""
    parts = shares(parcels, ROUNDS)
    ours = [[body for parcel in part for body in parcel.compressed] for part in parts]
    bare = [[body for parcel in part for body in parcel.bare] for part in parts]
    with a_hub_server(settings) as (port, process), a_bare_server(folder / "bare") as (bare_port, _):
        board = Board(port, f"/fairs/{province.fair}")
        idle = board.during(lambda: time.sleep(2))
        seconds, busy = [], []
        for number in range(ROUNDS):

            def at_the_hub(number: int = number) -> None:
                busy.extend(board.during(lambda: send(port, "/sync/v1/batches", ours[number])))

            def at_the_floor(number: int = number) -> None:
                send(bare_port, "/facts", bare[number])

            pair = [at_the_hub, at_the_floor] if number % 2 == 0 else [at_the_floor, at_the_hub]
            took = {}
            for measure in pair:
                come_to_rest(process)  # the floor is not to be measured beside what the hub does afterwards
                took[measure] = timed(measure)
            seconds.append((took[at_the_hub], took[at_the_floor]))
        again = timed(lambda: [send(port, "/sync/v1/batches", bodies) for bodies in ours])
        yield Row(f"{facts_in(parcels):,} facts over HTTP, 2 senders", "s", seconds, 2.0)
        yield Row("the same again, beside the first time", "s", [(again, sum(ours for ours, _ in seconds))], 1.0)
        yield Row("hub's memory afterwards", "MB", [(rss(process),)], alone=150)
        yield Row("board while it is busy, p50", "ms", [(statistics.median(busy), statistics.median(idle))], 2.5)
        yield Row("board while it is busy, p99", "ms", [(statistics.quantiles(busy, n=100)[98],)], alone=100)
    yield Row("bytes a fact on the wire", "B", [(bytes_per_fact(parcels),)], alone=45)


class Board:
    """It is asked for ten times a second: as by fifty people, whose boards ask every five seconds."""

    def __init__(self, port: int, path: str) -> None:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {sign_in(port)}\r\nHX-Request: true\r\n\r\n"
        self._request, self._port = head.encode(), port

    def during(self, work: Callable[[], object]) -> list[float]:
        """Milliseconds of each answer while something else is going on. Of fifty people nobody is the first to look."""
        with load.Connection(self._port) as connection:
            load.accept(connection.ask(self._request))
        stop, milliseconds = threading.Event(), []
        thread = threading.Thread(target=self._ask, args=(stop, milliseconds))
        thread.start()
        work()
        stop.set()
        thread.join()
        return milliseconds

    def _ask(self, stop: threading.Event, milliseconds: list[float]) -> None:
        with load.Connection(self._port) as connection:
            while not stop.wait(0.1):
                start = time.perf_counter()
                load.accept(connection.ask(self._request))
                milliseconds.append((time.perf_counter() - start) * 1_000)


def post_all(port: int, path: str, bodies: Sequence[bytes]) -> None:
    """Post one after another on one connection; every answer must be 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for body in bodies:
        connection.request("POST", path, body, HEADERS)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise ConnectionError(f"{answer.status}: {told[:300]!r}")
    connection.close()


def send(port: int, path: str, bodies: Sequence[bytes], senders: int = 2) -> None:
    """Send everything, from some senders at once."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=post_all, args=(port, path, bodies[at::senders])) for at in range(senders)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
