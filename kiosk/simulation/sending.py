"""The simulated tablets send their journals to a hub, as real ones would, over a network that loses things."""

import http.client
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NoReturn
from urllib.parse import urlsplit

from kiosk import __version__
from kiosk.clock import Clock, stamp
from kiosk.errors import SIMULATION_UNKNOWN, SYNC_BUSY, SYNC_DEVICE, SYNC_REFUSED, SYNC_UNREACHABLE, Problem
from kiosk.simulation.dice import Dice
from kiosk.simulation.fleet import Booth, Fleet
from kiosk.simulation.journals import Written
from kiosk.sync import protocol
from kiosk.sync.courier import Pauses
from kiosk.sync.http import HttpTransport
from kiosk.sync.protocol import Hello, Receipt, Status
from kiosk.sync.push import Answer, Client, Transport, push
from kiosk.values import learn_structs

#: What befalls how many requests. The rest arrive and are answered.
FATES = {
    "dropped": 0.02,  # never left
    "cut": 0.015,  # the connection broke in the middle of it
    "unanswered": 0.02,  # arrived, but the answer did not
    "repeated": 0.03,  # arrived twice
}
#: How often a tablet tries in a row when the hub really is out of reach.
_TRIES = 6


@dataclass
class Sent:
    """What sending came to, over all tablets."""

    facts: int = 0  # the hub has signed for
    blobs: int = 0
    quarantined: int = 0
    requests: int = 0
    fates: Counter[str] = field(default_factory=Counter)  # what befell how many of them

    def add(self, source: "Source", road: "RoughRoad") -> None:
        self.facts += len(source.journal.lines)
        self.blobs += len(source.journal.blobs)
        self.quarantined += source.quarantined
        self.requests += road.requests
        self.fates.update(road.fates)


def send_all(fleet: Fleet, url: str, clock: Clock, at_once: int, progress: Callable[[], None] = lambda: None) -> Sent:
    """Send every journal, some tablets at a time, until the hub has signed for all of it.

    Raises `simulation.unknown` where the hub was not given the roster first, `sync.*` where it refuses.
    """
    hello = _meet(fleet, url)
    sent = Sent()
    learn_structs()
    with ThreadPoolExecutor(at_once, thread_name_prefix="tablet") as tablets:
        errands = [
            tablets.submit(_send, fleet, number, url, hello, clock) for number in range(1, fleet.size.booths + 1)
        ]
        try:
            for errand in as_completed(errands):
                sent.add(*errand.result())
                progress()
        except BaseException:
            tablets.shutdown(cancel_futures=True)
            raise
    return sent


def _meet(fleet: Fleet, url: str) -> Hello:
    """Who the hub is, and that it knows our tablets."""
    road, booth = HttpTransport(url), fleet.booth(1)
    answer = road("GET", "/sync/v1/hello", b"", {protocol.HEADER: str(protocol.VERSION)})
    if answer.status != 200:
        raise Problem(SYNC_UNREACHABLE, reason=f"{url} is no hub")
    hello = protocol.parse(Hello, answer.body)
    try:
        Client(road, booth.key, booth.certificate, hello).head()
    except Problem as problem:
        if problem.kind is SYNC_REFUSED and problem.details.get("code") == SYNC_DEVICE.code:
            size, seed = fleet.size.name, fleet.seed.number
            first = f"kiosk simulate --fair-size {size} --seed {seed} --out DIR"
            raise Problem(
                SIMULATION_UNKNOWN, fair=fleet.fair.id, first=first, then="kiosk hub import DIR/roster"
            ) from None
        raise
    return hello


def _send(fleet: Fleet, number: int, url: str, hello: Hello, clock: Clock) -> tuple["Source", "RoughRoad"]:
    """One tablet, from its first fact to the receipt that names its last."""
    booth = fleet.booth(number)
    source = Source(fleet.journal(booth))
    road = RoughRoad(HttpTransport(url), url, fleet.seed.dice("network", number))
    client = Client(road, booth.key, booth.certificate, hello)
    pauses, tries = Pauses(1, longest=30), 0
    while True:
        try:
            client.send_status(_status(booth, source, fleet.pack.version, clock))
            push(client, source, clock)
            return source, road
        except LostOnTheWay:
            continue
        except Problem as problem:
            tries += 1
            if problem.kind not in (SYNC_UNREACHABLE, SYNC_BUSY) or tries >= _TRIES:
                raise
            time.sleep(pauses.after_failure())


def _status(booth: Booth, source: "Source", pack: str, clock: Clock) -> Status:
    seq, digest = source.head()
    return Status(
        journal=booth.certificate.journal,
        seq=seq,
        hash=digest.hex(),
        pack=pack,
        version=__version__,
        free_mb=4_096,
        at=stamp(clock.now()),
        boot=source.journal.boot,
        mono=source.journal.mono,
    )


class Source:
    """A finished journal in memory, as `push` wants it."""

    def __init__(self, journal: Written) -> None:
        self.journal = journal
        self._blobs = {sha256(content).hexdigest(): content for content in journal.blobs}
        self._unsent = set(self._blobs)
        self._receipted = 0
        self.quarantined = 0

    def head(self) -> tuple[int, bytes]:
        return len(self.journal.lines), self.journal.head

    def hash_at(self, seq: int) -> bytes:
        return self.journal.hash_at(seq)

    def lines(self, first: int, count: int) -> list[bytes]:
        return self.journal.lines[first - 1 : first - 1 + count]

    def blob(self, sha256: str) -> bytes | None:
        return self._blobs.get(sha256)

    def unsent_names(self) -> list[str]:
        return sorted(self._unsent)

    def mark_blob_sent(self, sha256: str) -> None:
        self._unsent.discard(sha256)

    def mark_blob_missing(self, sha256: str) -> None:
        self._unsent.add(sha256)

    def keep_receipt(self, receipt: Receipt, _document: bytes) -> None:
        self._receipted = receipt.seq
        self.quarantined += receipt.quarantined

    def unsent(self) -> int:
        return len(self.journal.lines) - self._receipted + len(self._unsent)


class LostOnTheWay(Problem):
    """A request that the dice let get lost."""


class RoughRoad:
    """A road to the hub on which the dice let some requests get lost, break off, go unanswered or arrive twice."""

    def __init__(self, road: Transport, url: str, dice: Dice) -> None:
        self._road = road
        self._url = urlsplit(url)
        self._dice = dice
        self.requests = 0
        self.fates: Counter[str] = Counter()

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.requests += 1
        fate = self._draw()
        self.fates[fate] += fate != ""
        match fate:
            case "dropped":
                self._lose()
            case "cut":
                self._send_half(method, path, body, headers)
                self._lose()
            case "unanswered":
                self._road(method, path, body, headers)
                self._lose()
            case "repeated":
                self._road(method, path, body, headers)
        return self._road(method, path, body, headers)

    def _draw(self) -> str:
        number = self._dice.random()
        for fate, share in FATES.items():
            number -= share
            if number < 0:
                return fate
        return ""

    def _lose(self) -> NoReturn:
        raise LostOnTheWay(SYNC_UNREACHABLE, reason="lost on the way, as the dice would have it")

    def _send_half(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """A request that promises more than comes."""
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=20)
        try:
            connection.putrequest(method, self._url.path.rstrip("/") + path)
            for name, value in {**headers, "Content-Length": str(len(body) + 1)}.items():
                connection.putheader(name, value)
            connection.endheaders(body[: self._dice.randrange(len(body) + 1)])
        except OSError:
            pass  # it was to get lost in any case
        finally:
            connection.close()
