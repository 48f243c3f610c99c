"""kill -9, at any moment: what was acknowledged is there once, and whoever was not told may ask again.

An answer that did not come says nothing: the fact may be there or not, and asking again with the same id settles it.
"""

import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import reduce
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from sqlalchemy import select

from kiosk.booth.journal import Journal
from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.facts import envelope
from kiosk.hub import ledger
from kiosk.hub.app import open_hub
from kiosk.hub.tables import facts
from kiosk.sync import protocol
from kiosk.sync.protocol import BatchHeader
from tests import programs
from tests.clocks import FakeClock
from tests.faults.kills import BATCH, run_kills
from tests.hub.tablets import Tablet, a_tablet, deliver, run_of
from tests.makers import HUB_URL, VOLUNTEER, a_fact, a_headcount, an_id, facts_of
from tests.proof import figure, share

KILLS_OF_A_WRITER = share(1000, 30)
KILLS_OF_A_HUB = share(200, 8)
KILLS_OF_A_SERVER = share(100, 3)
FACTS = share(50_000, 4_000)


# --- a booth's writer -------------------------------------------------------------------------------------


def test_a_killed_writer_has_kept_what_it_acknowledged(memory: Path):
    report = run_kills("booth", memory, KILLS_OF_A_WRITER)
    figure("kill -9 of a booth's writer: kills", report["kills"])
    figure("kill -9 of a booth's writer: facts acknowledged", report["acknowledged"])
    figure("kill -9 of a booth's writer: lost or doubled", len(report["faults"]))
    assert report["faults"] == []
    assert report["kills"] == KILLS_OF_A_WRITER <= report["acknowledged"]


# --- a booth's server -------------------------------------------------------------------------------------


class Taps:
    """Every tap ever made, and what is known of it: kept, refused, or unknown, which is neither."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unknown: list[str] = []  # to be asked again, with the same id, as the page does it
        self.outcomes: dict[str, str] = {}
        self.unanswered = 0
        self._answered = threading.Semaphore(0)

    def next(self) -> str:
        with self._lock:
            return self._unknown.pop() if self._unknown else secrets.token_hex(16)

    def note(self, fact_id: str, outcome: str) -> None:
        with self._lock:
            self.outcomes[fact_id] = outcome
            if outcome == "unknown":
                self._unknown.append(fact_id)
                self.unanswered += 1
            else:
                self._answered.release()

    def wait_for(self, count: int) -> None:
        """Until so many more were answered for."""
        for _ in range(count):
            assert self._answered.acquire(timeout=60)

    @property
    def has_unknown(self) -> bool:
        return bool(self._unknown)


def tap_until_the_server_is_gone(port: int, cookie: str, taps: Taps, is_enough=lambda: False) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        while not is_enough():
            fact_id = taps.next()
            taps.note(fact_id, outcome := tap(connection, cookie, fact_id))
            if outcome == "unknown":
                return


def tap(connection: http.client.HTTPConnection, cookie: str, fact_id: str) -> str:
    try:
        answer = post(connection, "/staff/tally", cookie, id=fact_id, counter="headcount", n="1")
    except (OSError, http.client.HTTPException):
        return "unknown"
    return "kept" if answer.status == 200 else f"refused with {answer.status}"


def post(connection: http.client.HTTPConnection, path: str, cookie: str = "", **form: str) -> http.client.HTTPResponse:
    words = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true", "Cookie": cookie}
    connection.request("POST", path, urlencode(form), words)
    answer = connection.getresponse()
    answer.read()
    return answer


def sign_in(port: int) -> str:
    """The cookie of the volunteer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        answer = post(connection, "/staff/enter", volunteer=VOLUNTEER[0], pin=VOLUNTEER[1], next="/staff")
    found = re.search(r"staff=[^;]+", answer.headers["Set-Cookie"] or "")
    assert found, answer.status
    return found[0]


@contextmanager
def a_server(folder: Path) -> Iterator[tuple[int, ForkServerProcess]]:
    """`kiosk booth serve` on a free port, until it is killed with its workers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words, log = ["booth", "serve", "--data", str(folder), "--port", str(port)], folder.with_name("log")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KIOSK_")}
    environment["KIOSK_BOOTH_SYNC_SECONDS"] = "0"
    server = programs.start("kiosk.cli", words, environment, log, log)
    try:
        wait_for(port, server)
        yield port, server
    finally:
        with suppress(ProcessLookupError):  # killed already, and gone
            os.killpg(server.pid, signal.SIGKILL)
        server.join()


def wait_for(port: int, server: ForkServerProcess) -> None:
    while server.is_alive():
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                connection.request("GET", "/healthz")
                assert connection.getresponse().status == 200
                return
        except OSError:
            time.sleep(0.01)  # not there yet
    raise AssertionError(f"the server ended with {server.exitcode}")


def test_a_killed_server_has_kept_what_it_acknowledged(booth_folder: Path, tmp_path: Path):
    folder, taps, dice = tmp_path / "booth", Taps(), Random(315)
    shutil.copytree(booth_folder, folder)
    for _ in range(KILLS_OF_A_SERVER):
        with a_server(folder) as (port, server):
            words = (port, sign_in(port), taps)
            hands = [threading.Thread(target=tap_until_the_server_is_gone, args=words) for _ in range(4)]
            for hand in hands:
                hand.start()
            taps.wait_for(dice.randrange(40))
            time.sleep(dice.random() / 50)  # anywhere in the middle of what comes next
            os.killpg(server.pid, signal.SIGKILL)
            for hand in hands:
                hand.join()
    with a_server(folder) as (port, _):
        tap_until_the_server_is_gone(port, sign_in(port), taps, is_enough=lambda: not taps.has_unknown)
    with closing(Journal(folder / "booth.db", SystemClock())) as journal:
        journal.verify()
        found = Counter(fact.id for fact in facts_of(journal, "tally.counted"))
    figure("kill -9 of a booth's server: kills", KILLS_OF_A_SERVER)
    figure("kill -9 of a booth's server: taps of 4 clients", len(taps.outcomes))
    figure("kill -9 of a booth's server: answers that never came", taps.unanswered)
    figure("kill -9 of a booth's server: lost", len(taps.outcomes.keys() - found.keys()))
    figure("kill -9 of a booth's server: doubled", sum(n - 1 for n in found.values()))
    assert set(taps.outcomes.values()) == {"kept"}
    assert found == Counter(taps.outcomes.keys())
    assert len(found) > 10 * KILLS_OF_A_SERVER
    assert taps.unanswered > KILLS_OF_A_SERVER


# --- a hub's intake ---------------------------------------------------------------------------------------


def in_batches(tablet: Tablet, count: int) -> list[bytes]:
    """A journal of so many visitors, cut into batches."""
    batches, before = [], tablet.root
    for first in range(1, count + 1, BATCH):
        lines = [envelope.encode(a_fact(a_headcount(), seq=seq, id=an_id(seq))) for seq in range(first, first + BATCH)]
        header = BatchHeader(
            journal=tablet.journal,
            device=tablet.certificate.device,
            fair=tablet.certificate.fair,
            hub=tablet.certificate.hub,
            first=first,
            count=BATCH,
            prev=before.hex(),
        )
        batches.append(protocol.write_batch(header, lines, tablet.key))
        before = reduce(envelope.chain, lines, before)
        tablet.lines += lines
    return batches


def test_a_killed_hub_holds_what_it_signed_for_and_is_sent_the_rest_once(hub_folder: Path, memory: Path):
    folder = memory / "hub"
    shutil.copytree(hub_folder, folder)
    settings = HubConfig(folder, public_url=HUB_URL)
    with closing(open_hub(settings, FakeClock())) as here:
        tablet = a_tablet(here)
    batches = in_batches(tablet, FACTS)
    (folder / "journal").write_text(tablet.journal)
    (folder / "batches").mkdir()
    for number, batch in enumerate(batches):
        (folder / "batches" / f"{number:04}").write_bytes(batch)
    report = run_kills("hub", folder, KILLS_OF_A_HUB)
    with closing(open_hub(settings, FakeClock())) as here:
        reached = run_of(here, tablet.journal)[0]
        for batch in batches[reached // BATCH :]:
            deliver(here, batch)
        again = sum(deliver(here, batch).accepted for batch in batches)
        faults = ledger.verify(here)
        with here.store.reading() as tx:
            rows = tx.execute(select(facts.c.line).where(facts.c.journal == tablet.journal).order_by(facts.c.seq))
            held = [bytes(line) for line in rows.scalars()]
    figure("kill -9 of a hub taking a journal in: kills", report["kills"])
    figure("kill -9 of a hub taking a journal in: facts in the journal", len(batches) * BATCH)
    figure("kill -9 of a hub taking a journal in: kills before it was whole", report["kills_on_the_way"])
    figure("kill -9 of a hub taking a journal in: lost or doubled", len(report["faults"]))
    figure("kill -9 of a hub taking a journal in: new facts when all is sent again", again)
    assert (report["faults"], faults, again) == ([], [], 0)
    assert held == tablet.lines
