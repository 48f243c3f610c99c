"""A real booth's whole journal to a real hub over loopback; beside a bare journal sent bare."""

import gzip
import http.client
import json
import os
import sqlite3
import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kiosk.booth import outbox
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import SystemClock
from kiosk.config import BoothConfig, HubConfig
from kiosk.facts.kinds import Body
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import devices, fairs
from kiosk.hub.app import open_hub
from kiosk.sync import keys, protocol
from kiosk.sync.http import HttpTransport
from kiosk.sync.push import Client
from tests.bench.hubs import a_bare_server, a_hub_server, make_hub
from tests.bench.rows import Row, timed
from tests.bench.shipment import Province
from tests.makers import an_answer

ROUNDS = 5
FACTS = 9_000  # a round


def rows(folder: Path, province: Province) -> Iterator[Row]:
    """A real booth's whole journal to a real hub; beside a bare journal sent bare."""
    settings = make_hub(folder / "one", province)
    with a_hub_server(settings) as (port, _), a_bare_server(folder / "bare-one") as (bare_port, _):
        booth = a_booth(folder / "booth", settings, port)
        bare = BareBooth(folder / "bare-booth.db", bare_port)
        rounds = []
        for number in range(ROUNDS):
            booth.fill(FACTS)
            bare.fill(FACTS)
            pair = [booth.send, bare.send] if number % 2 == 0 else [bare.send, booth.send]
            took = {one: timed(one) for one in pair}
            rounds.append((FACTS / took[booth.send], FACTS / took[bare.send]))
        yield Row("one booth over HTTP", "facts/s", rounds, 0.5, is_least=True)
        first = ROUNDS * FACTS / statistics.median(ours for ours, _ in rounds)
        yield Row("its whole journal again", "s", [(timed(booth.send_again), first)], 1.0)
        booth.close()


class BenchBooth:
    def __init__(self, journal: Journal, key: keys.SigningKey, port: int) -> None:
        self._journal, self._key, self._clock = journal, key, SystemClock()
        self._road = HttpTransport(f"http://127.0.0.1:{port}")

    def fill(self, count: int) -> None:
        """A mixed day, a few hundred facts a commit."""
        drafts = [Draft(os.urandom(16).hex(), _body(number), "li") for number in range(count)]
        for at in range(0, count, 500):
            self._journal.append(*drafts[at : at + 500])

    def send(self) -> None:
        outbox.sync(self._journal, self._key, self._road, "bench", self._clock)
        assert self._journal.unsent() == 0

    def send_again(self) -> None:
        identity = self._journal.identity()
        client = Client(self._road, self._key, identity.certificate, identity.hello)
        last = self._journal.head()[0]
        for first in range(1, last + 1, protocol.BATCH_COUNT):
            receipt, _ = client.send_batch(self._journal, first, self._journal.lines(first, protocol.BATCH_COUNT))
            assert receipt.accepted == 0

    def close(self) -> None:
        self._journal.close()


def _body(number: int) -> Body:
    if number % 5 == 0:
        session = os.urandom(16).hex()
        return an_answer(session=session, question=f"q{number % 70:03d}", chosen=["a"], right=True, ms=number)
    return TallyCounted(counter="headcount" if number % 3 else "leaflet.law", n=1 if number % 3 else 50)


def a_booth(folder: Path, settings: HubConfig, port: int) -> BenchBooth:
    journal = init_booth(BoothConfig(folder), SystemClock())
    with closing(open_hub(settings)) as hub, hub.store.begin() as tx:
        code = devices.draw_code(tx, hub, fairs.find_fair(tx, "demo"), "d01", hub.clock.now())
    url = f"http://127.0.0.1:{port}"
    key = outbox.load_key(folder)
    outbox.enrol(journal, key, HttpTransport(url), url, code)
    return BenchBooth(journal, key, port)


class BareBooth:
    """A journal without a chain, and a sender without a key."""

    def __init__(self, file: Path, port: int) -> None:
        self._connection, self._port, self._sent = sqlite3.connect(file, isolation_level=None), port, 0
        self._connection.execute("CREATE TABLE facts (seq INTEGER PRIMARY KEY, kind TEXT, at TEXT, n INTEGER)")

    def fill(self, count: int) -> None:
        self._connection.execute("BEGIN")
        rows = [("tally.counted", "2027-03-15T09:31:07.123+08:00", 1)] * count
        self._connection.executemany("INSERT INTO facts (kind, at, n) VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def send(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while True:
            query = "SELECT seq, kind, at, n FROM facts WHERE seq > ? ORDER BY seq LIMIT 1500"
            rows = self._connection.execute(query, (self._sent,)).fetchall()
            if not rows:
                return
            facts = [[seq, kind, at, {"n": n}] for seq, kind, at, n in rows]
            body = gzip.compress(json.dumps({"journal": "bare", "desk": "d01", "facts": facts}).encode(), 6)
            connection.request("POST", "/facts", body)
            self._sent = json.loads(connection.getresponse().read())["seq"]
