"""The hub beside its floor: intake in process and over HTTP, on SQLite and PostgreSQL, and the board over it all."""

import gc
import gzip
import http.client
import json
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from sqlalchemy import Connection, func, select

from kiosk import ROOT
from kiosk.booth import outbox
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import SystemClock
from kiosk.config import BoothConfig, HubConfig
from kiosk.facts.kinds import Body
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import board, devices, fairs, intake, readiness, screens, tables, totals
from kiosk.hub.app import create_hub, create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.people import add_person
from kiosk.packs.reader import BUILTIN, read_fair
from kiosk.sync import keys, protocol
from kiosk.sync.http import HttpTransport
from kiosk.sync.push import Client
from tests.bench import bare_hub, figures, load
from tests.bench.rows import Row
from tests.bench.shipment import Parcel, Province, bytes_per_fact, facts_in
from tests.bench.sides import _environment, _stop, free_port
from tests.bench.stolen import quietly
from tests.makers import an_answer

ROUNDS = 5
LOGIN, PASSWORD = "bench", "bench-and-nothing-else"
HEADERS = {protocol.HEADER: "1", "Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}


def make_hub(folder: Path, province: Province, database: str = "") -> HubConfig:
    """A hub that knows the built-in fair, the province's tablets, and one person."""
    settings = HubConfig(folder, database)
    hub, sealing_key = create_hub(settings, SystemClock())
    with closing(hub):
        with hub.store.begin() as tx:
            fairs.add_fair(tx, read_fair(BUILTIN / "fair.json"))
            add_person(tx, LOGIN, PASSWORD, {"organiser", "supervisor"}, sealing_key)
        province.join(hub)
    return settings


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shares(parcels: Sequence[Parcel], count: int) -> list[Sequence[Parcel]]:
    """Equal parts, one for each round: what was taken in once cannot be taken in again as new."""
    step = len(parcels) // count
    return [parcels[at * step : (at + 1) * step] for at in range(count)]


# --- in process -------------------------------------------------------------------------------------


def receive_all(hub: Hub, parcels: Sequence[Parcel]) -> None:
    for parcel in parcels:
        for batch in parcel.batches:
            with hub.store.begin() as tx:
                intake.receive(tx, batch, hub.id, hub.clock.now())


def intake_rows(folder: Path, province: Province, parcels: list[Parcel]) -> Iterator[Row]:
    """Facts a second into SQLite: verified, chained, judged, folded; beside the same rows merely stored."""
    settings = make_hub(folder / "intake", province)
    *parts, spare = shares(parcels, ROUNDS + 1)
    bare = [[(parcel.rows, parcel.totals) for parcel in part] for part in parts]
    with closing(open_hub(settings)) as hub, closing(bare_hub.connect(folder / "floor.db")) as floor:
        rounds = _paired(
            parts,
            lambda part: receive_all(hub, part),
            lambda number: [bare_hub.take_in(floor, *one) for one in bare[number]],
        )
        yield Row("intake, SQLite, in process", "facts/s", rounds, 0.45, is_least=True)
        yield Row("integrity's share of intake", "% CPU", [(_integrity(hub, spare), 100.0)], 35, is_ratio=False)


def _paired(
    parts: Sequence[Sequence[Parcel]], ours: Callable[[Sequence[Parcel]], object], least: Callable[[int], object]
) -> list[tuple[float, ...]]:
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


# --- over HTTP --------------------------------------------------------------------------------------


@contextmanager
def serving(command: list[str], path: str) -> Iterator[tuple[int, int]]:
    """(port, process id) of a server once it answers."""
    port = free_port()
    words = [sys.executable, "-m", *command, str(port)]
    process = subprocess.Popen(words, cwd=ROOT, env=_environment(), start_new_session=True)
    try:
        load.first_ok(port, load.get(path), lambda: process.poll() is None)
        yield port, process.pid
    finally:
        _stop(process)


def a_hub_server(settings: HubConfig) -> "contextmanager":
    return serving(["kiosk.cli", "hub", "serve", "--data", str(settings.data), "--port"], "/healthz")


def a_bare_server(folder: Path) -> "contextmanager":
    folder.mkdir(exist_ok=True)
    return serving(["tests.bench.bare_hub", str(folder)], "/")


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


def send(port: int, path: str, bodies: Sequence[bytes], senders: int = 2) -> float:
    """Seconds until some senders at once have sent everything."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=post_all, args=(port, path, bodies[at::senders])) for at in range(senders)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    return time.perf_counter() - start


def province_rows(folder: Path, province: Province, parcels: list[Parcel]) -> Iterator[Row]:
    """Many booths over HTTP into one hub process, while the board is looked at."""
    settings = make_hub(folder / "province", province)
    parts = shares(parcels, ROUNDS)
    ours = [[body for parcel in part for body in parcel.compressed] for part in parts]
    bare = [[body for parcel in part for body in parcel.bare] for part in parts]
    with a_hub_server(settings) as (port, process), a_bare_server(folder / "bare") as (bare_port, _):
        cookie = sign_in(port)
        idle = Poll(port, f"/fairs/{province.fair}", cookie).during(lambda: time.sleep(2))
        seconds, busy = [], []
        for number in range(ROUNDS):

            def at_the_hub(number: int = number) -> float:
                poll = Poll(port, f"/fairs/{province.fair}", cookie)
                spent: list[float] = []
                busy.extend(poll.during(lambda: spent.append(send(port, "/sync/v1/batches", ours[number]))))
                return spent[0]

            def at_the_floor(number: int = number) -> float:
                return send(bare_port, "/facts", bare[number])

            pair = [at_the_hub, at_the_floor] if number % 2 == 0 else [at_the_floor, at_the_hub]
            took = {measure: measure() for measure in pair}
            seconds.append((took[at_the_hub], took[at_the_floor]))
        again = sum(send(port, "/sync/v1/batches", bodies) for bodies in ours)
        yield Row(f"{facts_in(parcels):,} facts over HTTP, 2 senders", "s", seconds, 2.0)
        yield Row("the same again, beside the first time", "s", [(again, sum(ours for ours, _ in seconds))], 1.0)
        yield Row("hub's memory afterwards", "MB", [(rss(process), 150.0)], 150, is_ratio=False)
        middle = statistics.median
        yield Row("board while it is busy, p50", "ms", [(middle(busy) * 1000, middle(idle) * 1000)], 2.5)
        worst = statistics.quantiles(busy, n=100)[98] * 1000
        yield Row("board while it is busy, p99", "ms", [(worst, 100.0)], 100, is_ratio=False)
    yield from figures.rows(settings, province.fair, (LOGIN, PASSWORD))
    yield from board_rows(settings, province)
    yield from figures.unit_rows(settings)
    yield Row("bytes a fact on the wire", "B", [(bytes_per_fact(parcels), 45.0)], 45, is_ratio=False)


class Poll:
    """The board, asked for ten times a second: as by fifty people, whose boards ask every five seconds."""

    def __init__(self, port: int, path: str, cookie: str) -> None:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nHX-Request: true\r\n\r\n"
        self._request, self._port = head.encode(), port
        self._stop, self.seconds = threading.Event(), []

    def during(self, work: Callable[[], object]) -> list[float]:
        """Seconds of each answer while something else is going on."""
        thread = threading.Thread(target=self._ask)
        thread.start()
        work()
        self._stop.set()
        thread.join()
        return self.seconds

    def _ask(self) -> None:
        with load.Connection(self._port) as connection:
            while not self._stop.wait(0.1):
                start = time.perf_counter()
                load._accept(connection.ask(self._request))
                self.seconds.append(time.perf_counter() - start)


def sign_in(port: int, name: str = LOGIN, password: str = PASSWORD) -> str:
    body = urlencode({"name": name, "password": password, "next": "/"})
    request = (
        "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    answer = load.ask(port, request.encode)
    cookies = [line for line in answer.head.decode().split("\r\n") if line.lower().startswith("set-cookie: session=")]
    return cookies[0].split(" ", 1)[1].split(";")[0]


def rss(process: int) -> float:
    """Megabytes the largest process of a server holds."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (process, *children)]
    return max(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


#: What the board shows, asked of the facts themselves: sums by desk, hour and counter.
SCAN = """SELECT told ->> '$.desk', substr(told ->> '$.at', 1, 13), told ->> '$.kind', told ->> '$.body.counter',
                 count(*), sum(told ->> '$.body.n')
          FROM (SELECT CAST(line AS TEXT) AS told FROM facts WHERE problem IS NULL) GROUP BY 1, 2, 3, 4"""


def board_rows(settings: HubConfig, province: Province) -> Iterator[Row]:
    """What the board asks of the totals, beside asking the facts themselves; and one venue."""
    with closing(open_hub(settings)) as hub, hub.store.reading() as tx:
        fair = fairs.find_fair(tx, province.fair)
        desks = [desk.id for desk in fair.desks if desk.venue == fair.venues[0].id]

        def shown() -> None:
            totals.sums(tx, fair.id)
            totals.sums_by_desk(tx, fair.id)
            totals.sums_by_hour(tx, fair.id, "tally.headcount")

        shown()
        rounds = [(timed(shown), timed(lambda: tx.exec_driver_sql(SCAN).all())) for _ in range(ROUNDS)]
        yield Row("the board's sums, beside a scan", "s", rounds, 1 / 50)
        one = statistics.median(timed(lambda: totals.sums(tx, fair.id, desks=desks)) for _ in range(ROUNDS)) * 1000
        yield Row("one venue's sums", "ms", [(one, 5.0)], 5, is_ratio=False)
    yield from thousand_rows(settings, province)


class Noon(SystemClock):
    """The machine's clock, at noon of the province's second day when it is made."""

    def __init__(self) -> None:
        self._ahead = datetime.fromisoformat("2027-03-15T12:30:00+08:00") - super().now()

    def now(self) -> datetime:
        return super().now() + self._ahead


def thousand_rows(settings: HubConfig, province: Province) -> Iterator[Row]:
    """A refresh with every tablet of a large fair counting: added up anew, as once a second behind the scenes, and
    as whoever looks gets it. It is noon of the fair's second day: this hour and the last have their numbers.
    """
    with closing(open_hub(settings, Noon())) as hub:
        with hub.store.reading() as tx:
            tablets = tx.execute(select(func.count(tables.totals.c.journal.distinct()))).scalar_one()
        read = timed(lambda: hub.paces.of(province.fair, hub.clock.now(), 600_000)) * 1000 / tablets
        yield Row(f"last hour of {tablets} tablets read from nothing, each", "ms", [(read, 10.0)], 10, is_ratio=False)
        with hub.store.begin() as tx:
            let_all_count(tx, province.fair)
        app = create_hub_app(hub)
        with hub.store.reading() as tx:
            fair, now, pack = fairs.find_fair(tx, province.fair), hub.clock.now(), hub.pack.version
        pace = hub.paces.of(fair.id, now, 600_000)
        client = app.test_client()
        assert client.post("/login", data={"name": LOGIN, "password": PASSWORD, "next": "/"}).status_code == 303

        def anew(add_up: Callable[[Connection], object]) -> Callable[[], object]:
            def work() -> None:
                with app.test_request_context(), hub.store.reading() as tx:
                    add_up(tx)

            return work

        def get(path: str) -> Callable[[], object]:
            return lambda: client.get(path, headers={"HX-Request": "true"}).get_data()

        works = {
            "last hour, nothing new": lambda: hub.paces.of(fair.id, now, 600_000),
            "board, added up": anew(lambda tx: board._board(tx, fair, now, pack, pace)),
            "board, to who looks": get(f"/fairs/{fair.id}"),
            "readiness, added up": anew(lambda tx: readiness.summary(tx, fair, now, pack)),
            "big screen, added up": anew(lambda tx: screens._screen(tx, fair)),
            "big screen, to who looks": get(f"/screen/{fair.id}/numbers"),
        }
        for name, work in works.items():
            work()
            found = quietly(lambda work=work: statistics.median(timed(work) for _ in range(ROUNDS)) * 1000)
            told = {"is_ratio": False, "stolen": found.stolen, "tries": found.tries}
            yield Row(f"{len(fair.desks):,} desks: {name}", "ms", [(found.value, 200.0)], 200, **told)


def let_all_count(tx: Connection, fair: str) -> None:
    """Give every tablet that sent nothing the sums of one that did, and let all of them have told how they are."""
    counted = select(tables.totals.c.journal).where(tables.totals.c.fair == fair).distinct()
    known = tx.execute(counted.order_by(tables.totals.c.journal)).scalars().all()
    others = tx.execute(select(tables.devices).where(tables.devices.c.fair == fair)).all()
    silent = [row for row in others if row.journal not in set(known)]
    for table in (tables.totals, tables.desk_totals):
        rows = [dict(row._mapping) for row in tx.execute(select(table).where(table.c.journal == known[0]))]
        for other in silent:
            tx.execute(table.insert(), [{**row, "journal": other.journal, "desk": other.desk} for row in rows])
    told = {"seen_at": time.time(), "battery": 64, "charging": False, "free_mb": 9_000, "camera": "works"}
    tx.execute(tables.devices.update().where(tables.devices.c.fair == fair).values(**told))


# --- one booth --------------------------------------------------------------------------------------

FACTS = 9_000  # a round


def one_booth_rows(folder: Path, province: Province) -> Iterator[Row]:
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
