"""Everybody at once: nothing is lost, nothing counts twice, and whoever is told to come again does so by itself."""

import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.errors import SYNC_BUSY, SYNC_UNREACHABLE, Problem
from kiosk.hub import ledger
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import facts, totals
from kiosk.sync.http import HttpTransport
from kiosk.sync.protocol import Hello, Receipt
from kiosk.sync.push import Answer, Client, Result, push
from tests.clocks import FakeClock
from tests.conftest import _a_database
from tests.deploy.machine import gunicorn, machine
from tests.hub.tablets import Tablet, a_tablet
from tests.makers import HUB_URL, a_headcount, a_hello, a_hub
from tests.proof import at_length, figure, share


@dataclass
class Sending:
    """A tablet without a disk, as a push sees it."""

    tablet: Tablet
    receipts: list[Receipt] = field(default_factory=list)

    def head(self) -> tuple[int, bytes]:
        return len(self.tablet.lines), self.hash_at(len(self.tablet.lines))

    def hash_at(self, seq: int) -> bytes:
        return self.tablet.hash_at(seq)

    def lines(self, first: int, count: int) -> list[bytes]:
        return self.tablet.lines[first - 1 : first - 1 + count]

    def blob(self, _sha256: str) -> None:
        return None

    def unsent_names(self) -> list[str]:
        return []

    def mark_blob_sent(self, _sha256: str) -> None:
        raise AssertionError("there is none")

    def mark_blob_missing(self, _sha256: str) -> None:
        raise AssertionError("there is none")

    def keep_receipt(self, receipt: Receipt, _document: bytes) -> None:
        self.receipts.append(receipt)

    def unsent(self) -> int:
        return len(self.tablet.lines) - max((receipt.seq for receipt in self.receipts), default=0)


class Watched:
    """A road that counts what comes back."""

    def __init__(self, url: str, statuses: Counter[int]) -> None:
        self._way = HttpTransport(url)
        self._statuses = statuses

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = self._way(method, path, body, headers)
        self._statuses[answer.status] += 1
        return answer


def some_tablets(hub: Hub, count: int, facts_each: int) -> list[Sending]:
    found = []
    for number in range(count):
        tablet = a_tablet(hub, f"d{number % 20 + 1:02d}")
        for n in range(facts_each):
            tablet.record(a_headcount(n % 7 + 1))
        found.append(Sending(tablet))
    return found


def send_all(sendings: list[Sending], hello: Hello, url: str) -> tuple[list[Result | Exception], Counter[int], float]:
    """Every tablet in a thread of its own, all at once: (what came of each, HTTP statuses, seconds)."""
    statuses: Counter[int] = Counter()
    outcomes: list[Result | Exception] = []
    start = threading.Barrier(len(sendings) + 1)

    def send(one: Sending) -> None:
        client = Client(Watched(url, statuses), one.tablet.key, one.tablet.certificate, hello)
        start.wait()
        outcomes.append(come_until_heard(client, one))

    threads = [threading.Thread(target=send, args=(one,)) for one in sendings]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.monotonic()
    for thread in threads:
        thread.join()
    return outcomes, statuses, time.monotonic() - began


def come_until_heard(client: Client, one: Sending) -> Result | Exception:
    """A crowded machine may reset a connection, or be busy for long; a courier comes again then, and so does this."""
    for _ in range(5):
        try:
            return push(client, one, SystemClock())
        except Exception as error:  # noqa: BLE001 (shown by whoever asked)
            last = error
            if not (isinstance(error, Problem) and error.kind in (SYNC_UNREACHABLE, SYNC_BUSY)):
                break
    return last


def counted(hub: Hub) -> tuple[int, int]:
    """(facts of tablets, heads counted)"""
    with hub.store.reading() as tx:
        of_tablets = tx.execute(select(func.count()).where(facts.c.kind == "tally.counted")).scalar_one()
        heads = tx.execute(select(func.sum(totals.c.n)).where(totals.c.metric == "tally.headcount")).scalar_one()
    return int(of_tablets), int(heads or 0)


def heads(sendings: list[Sending]) -> int:
    return sum(n % 7 + 1 for one in sendings for n in range(len(one.tablet.lines)))


@at_length
def test_fifty_tablets_bring_a_day_at_closing_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    each = share(2_000, 150)
    with closing(a_hub(tmp_path / "hub", FakeClock())) as hub:
        sendings = some_tablets(hub, 50, each)
        hello = a_hello(hub.key, hub.id)
    with machine(tmp_path / "hub") as there:
        monkeypatch.setenv("SSL_CERT_FILE", str(there.certificate))
        outcomes, statuses, seconds = send_all(sendings, hello, there.url)
    assert [one for one in outcomes if isinstance(one, Exception)] == [], "an error that the tablet did not see to"
    assert [one.unsent() for one in sendings] == [0] * 50
    with closing(open_hub(HubConfig(tmp_path / "hub", public_url=HUB_URL), FakeClock())) as hub:
        assert counted(hub) == (50 * each, heads(sendings))
        assert ledger.verify(hub) == []
    figure(f"50 tablets with {each:,} facts each, seconds", round(seconds, 1))
    figure("of their requests told to come again", statuses[503])
    assert seconds < share(120, 240)  # `make test` runs beside itself, on whatever machine


def test_four_processes_over_one_postgresql_take_in_everything_once(postgres: str, tmp_path: Path):
    """Each tablet by two roads at once, so that the processes get in each other's way wherever they can."""
    with _a_database(postgres) as url:
        with closing(a_hub(tmp_path / "hub", FakeClock(), url)) as hub:
            sendings = some_tablets(hub, 16, share(2_000, 100))
            hello = a_hello(hub.key, hub.id)
        twice = sendings + [Sending(one.tablet) for one in sendings]
        with gunicorn(tmp_path / "hub", url, workers=4) as port:
            outcomes, statuses, seconds = send_all(twice, hello, f"http://127.0.0.1:{port}")
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        assert [one.unsent() for one in twice] == [0] * len(twice)
        recorded = sum(len(one.tablet.lines) for one in sendings)
        assert sum(one.new for one in outcomes if isinstance(one, Result)) <= recorded  # less what a reset cut off
        with closing(open_hub(HubConfig(tmp_path / "hub", url, public_url=HUB_URL), FakeClock())) as hub:
            assert counted(hub) == (recorded, heads(sendings))
            assert ledger.verify(hub) == []
        with psycopg.connect(url) as connection:
            ((deadlocks,),) = connection.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            ).fetchall()
    log = (tmp_path / "gunicorn.log").read_text()
    assert log.count("Booting worker") == 4
    assert not re.search(r" 500 \d+ bytes", log)
    figure("deadlocks of four processes", deadlocks)
    figure("seconds of 16 tablets by two roads at once", round(seconds, 1))
    assert (deadlocks, statuses[500]) == (0, 0)
