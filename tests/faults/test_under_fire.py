"""The wire under fire: cut anywhere, in any order, many at once, and fed with rubbish. Everything arrives, once."""

import gzip
import random
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import pairwise

import pytest
from werkzeug.serving import make_server

from kiosk.errors import Problem
from kiosk.hub.app import create_hub_app
from kiosk.sync import protocol
from kiosk.sync.http import HttpTransport
from tests.hub.tablets import Tablet, a_tablet, deliver, everything, run_of, totals_of
from tests.makers import Pair, a_draft, a_headcount, an_id
from tests.proof import figure, share, share_hubs

SEED = 315


# --- cut ------------------------------------------------------------------------------------------------


class CuttingProxy:
    """A line to a server that is cut after so many bytes, in one direction or the other."""

    def __init__(self, port: int) -> None:
        self._server, self._target = socket.create_server(("127.0.0.1", 0)), port
        self.port: int = self._server.getsockname()[1]
        self.budgets: dict[str, int | None] = {"up": None, "down": None}
        self.cuts = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def cut_after(self, direction: str, size: int) -> None:
        self.budgets = {"up": None, "down": None, direction: size}

    def mend(self) -> None:
        self.budgets = {"up": None, "down": None}

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._target)) as hub:
                ways = [
                    threading.Thread(target=self._carry, args=(client, hub, "up")),
                    threading.Thread(target=self._carry, args=(hub, client, "down")),
                ]
                for way in ways:
                    way.start()
                for way in ways:
                    way.join()

    def _carry(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                left = self.budgets[direction]
                if left is not None and len(data) > left:
                    self.budgets[direction] = None  # one cut a try
                    self.cuts += 1
                    sink.sendall(data[:left])
                    for end in (source, sink):
                        end.shutdown(socket.SHUT_RDWR)
                    return
                if left is not None:
                    self.budgets[direction] = left - len(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def served(pair: Pair) -> Iterator[int]:
    """The hub on a real port."""
    server = make_server("127.0.0.1", 0, pair.hub_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@share_hubs
def test_a_line_cut_at_any_byte_in_either_direction_loses_and_doubles_nothing(paired: Pair):
    dice, wanted = random.Random(SEED), share(1_000, 25)
    with served(paired) as port, closing(CuttingProxy(port)) as proxy:
        road = HttpTransport(f"http://127.0.0.1:{proxy.port}")
        while proxy.cuts < wanted:
            paired.booth.journal.append(*(a_draft() for _ in range(dice.randint(0, 3))))
            proxy.cut_after(dice.choice(("up", "down")), int(dice.triangular(0, 4_000, 300)))
            with suppress(Problem):
                paired.booth.sync(road)
        proxy.mend()
        paired.booth.sync(road)
        assert paired.booth.sync(road).new == 0
    head = paired.booth.journal.head()
    assert run_of(paired.hub, paired.booth.enrolled.certificate.journal) == (*head, None)
    assert totals_of(paired.hub, paired.booth.enrolled.certificate.journal) == paired.booth.journal.totals()
    figure(f"connections cut at a random byte, {paired.hub.store.describe()['name']}", proxy.cuts)


# --- in any order ---------------------------------------------------------------------------------------


@share_hubs
def test_any_order_and_repetition_of_batches_comes_to_the_same(hub):
    dice, times = random.Random(SEED), share(500, 15)
    for _ in range(times):
        tablet = a_tablet(hub)
        for number in range(40):
            tablet.record(a_headcount(number % 7 + 1))
        cuts = sorted({0, 40, *dice.sample(range(1, 40), 6)})
        parts = [(first + 1, last - first) for first, last in pairwise(cuts)]
        parts += dice.choices(parts, k=5)
        dice.shuffle(parts)
        for first, count in parts:
            deliver(hub, tablet.batch(first, count))
        assert run_of(hub, tablet.journal) == (40, tablet.hash_at(40), None)
        assert sum(totals_of(hub, tablet.journal).values()) == sum(number % 7 + 1 for number in range(40))
    figure(f"orders and repetitions of batches, {hub.store.describe()['name']}", times)


# --- many at once ---------------------------------------------------------------------------------------


def test_eight_syncs_of_one_booth_at_once_round_after_round(hub):
    rounds, tablet = share(50, 5), a_tablet(hub)
    app = create_hub_app(hub)
    with ThreadPoolExecutor(8) as threads:
        for number in range(1, rounds + 1):
            for _ in range(9):
                tablet.record()
            batches = [tablet.batch(first) for first in (1, len(tablet.lines) - 8, len(tablet.lines) - 3, 1)] * 2
            answers = list(threads.map(lambda batch: post(app, batch), batches))
            assert {answer.status_code for answer in answers} == {200}
            assert run_of(hub, tablet.journal) == (9 * number, tablet.hash_at(9 * number), None)
    assert sum(totals_of(hub, tablet.journal).values()) == 9 * rounds
    figure(f"rounds of eight syncs at once, {hub.store.describe()['name']}", rounds)


def post(app, body: bytes, **headers: str):
    return app.test_client().post("/sync/v1/batches", data=body, headers={protocol.HEADER: "1", **headers})


# --- rubbish --------------------------------------------------------------------------------------------


@share_hubs
def test_malformed_batches_are_refused_with_a_code_and_leave_nothing(hub):
    dice, times = random.Random(SEED), share(10_000, 100)
    app, tablet = create_hub_app(hub), a_tablet(hub).record().record().record()
    before, good = everything(hub), tablet.batch()
    client, answers = app.test_client(), {}
    client.post("/sync/v1/batches", data=b"warm", headers={protocol.HEADER: "1"})
    tracemalloc.start()
    for _ in range(times):
        body, headers = spoil(dice, good, tablet)
        answer = client.post("/sync/v1/batches", data=body, headers={protocol.HEADER: "1", **headers})
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        assert answer.status_code in (400, 403, 409, 413), answer.data[:200]
        assert answer.get_json()["problem"] != "internal"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert everything(hub) == before
    assert most < 50 * 2**20
    figure(f"malformed batches refused, {hub.store.describe()['name']}", times)


def spoil(dice: random.Random, good: bytes, tablet: Tablet) -> tuple[bytes, dict[str, str]]:
    """A batch that nobody should take, and the headers it comes with."""
    match dice.randrange(8):
        case 0:  # one bit
            place = dice.randrange(len(good))
            return good[:place] + bytes([good[place] ^ 1 << dice.randrange(8)]) + good[place + 1 :], {}
        case 1:  # not all of it
            return good[: dice.randrange(len(good))], {}
        case 2:  # and more
            return good + dice.randbytes(dice.randint(1, 40)), {}
        case 3:  # a piece twice, or gone
            start, length = dice.randrange(len(good)), dice.randint(1, 200)
            return good[:start] + good[start : start + length] * dice.choice((0, 2)) + good[start + length :], {}
        case 4:  # noise
            return dice.randbytes(dice.randint(0, 3_000)), {}
        case 5:  # what says it is compressed and is not, or not to its end
            packed = gzip.compress(good)
            spoilt = packed[:20] + bytes([packed[20] ^ 1]) + packed[21:]
            return dice.choice((good, packed[:-5], packed + b"x", spoilt)), {
                "Content-Encoding": dice.choice(("gzip", "br", "deflate"))
            }
        case 6:  # little that grows large
            return gzip.compress(b"0" * dice.randint(9_000_000, 20_000_000), 1), {"Content-Encoding": "gzip"}
        case _:  # a header that says something else, rightly signed
            foreign = {"hub": an_id(3), "fair": "other", "journal": an_id(4), "device": an_id(5)}
            name = dice.choice(list(foreign))
            return tablet.batch(**{name: foreign[name]}), {}


@share_hubs
@pytest.mark.parametrize("first", [0, -1, 2**53 + 1, 1.5, "1", None, True])
def test_a_place_that_is_none_is_refused(hub, first):
    tablet = a_tablet(hub).record()
    body = tablet.batch().replace(b'"first":1', b'"first":' + repr(first).replace("'", '"').encode())
    assert post(create_hub_app(hub), body).status_code in (400, 403)
