"""Figures of a large fair beside a plain scan of the same facts: all of them from totals, one taken apart, the two
documents and their memory, everything folded again; and what two hundred units come to.

`python -m tests.bench.figures DATA FAIR` makes the two documents in a process of its own and says what they took.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from kiosk import ROOT
from kiosk.config import HubConfig
from kiosk.hub import fairs, ledger, statement_files, statements, units
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Unit
from kiosk.packs.model import Text
from kiosk.reports.catalogue import columns
from tests.bench.rows import Rounds, Row, alternating, as_far_as_it_goes, timed, timing
from tests.bench.sides import environment
from tests.bench.stolen import Noise, quietly
from tests.hub.hierarchy import a_city_fair, fill, set_fair

ROUNDS = 5
UNITS = 200
FILES = ("table.xlsx", "summary.docx")
#: How many facts there are of each kind, by looking at them all: the least anybody can do without totals.
SCAN = "SELECT kind, count(*), sum(length(line)) FROM facts WHERE problem IS NULL GROUP BY kind"
#: Likewise of what units reported.
REPORTED = """SELECT figure, "window", day, count(*), sum(length(body)) FROM reported GROUP BY figure, "window", day"""
#: A figure with facts at every desk, and one that is rare.
KEYS = ("headcount", "complaints")

Work = Callable[[], object]


def rows(settings: HubConfig, fair_id: str, login: tuple[str, str]) -> Iterator[Row]:
    """At a hub that has taken the facts of a fair in."""
    with closing(open_hub(settings)) as hub:
        yield from as_far_as_it_goes("every figure", sum_rows(hub, fair_id, "SQLite"))
        yield from as_far_as_it_goes("figures taken apart", page_rows(hub, fair_id, login))
        yield from as_far_as_it_goes("statement and documents", document_rows(hub, settings, fair_id))
        yield from as_far_as_it_goes("rebuild", rebuild_rows(hub))


def sum_rows(hub: Hub, fair_id: str, database: str) -> Iterator[Row]:
    """Every figure the catalogue knows, for the whole fair, from totals."""
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, fair_id)
        rounds, noise = _in_turns(lambda: fairs.figures_of(tx, fair), _scan(tx, SCAN))
        yield Row(f"every figure, {database}, beside a scan", "ms", rounds, 0.5, alone=300, noise=noise)


def page_rows(hub: Hub, fair_id: str, login: tuple[str, str]) -> Iterator[Row]:
    """One figure taken apart, and the first page of the facts behind it, as whoever looks gets them."""
    client, (name, password) = create_hub_app(hub).test_client(), login
    assert client.post("/login", data={"name": name, "password": password, "next": "/"}).status_code == 303

    def get(path: str) -> Work:
        def look() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)

        return look

    with hub.store.reading() as tx:
        for key in KEYS:
            at = f"/fairs/{fair_id}/figures/{key}"
            rounds, noise = _in_turns(get(at), _scan(tx, SCAN))
            yield Row(f"a figure taken apart, {key}, beside a scan", "ms", rounds, 0.5, alone=200, noise=noise)
            rounds, noise = _in_turns(get(f"{at}/facts"), _scan(tx, SCAN))
            yield Row(f"facts behind a figure, {key}, beside a scan", "ms", rounds, 0.5, alone=200, noise=noise)


def document_rows(hub: Hub, settings: HubConfig, fair_id: str) -> Iterator[Row]:
    """A statement as it is now, and both documents of it, in a process that does nothing else."""
    megabytes: list[float] = []

    def documents() -> float:
        command = [sys.executable, "-m", "tests.bench.figures", str(settings.data), fair_id]
        done = subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True, text=True)
        told = json.loads(done.stdout)
        megabytes.append(told["megabytes"])
        return float(told["seconds"])

    with hub.store.reading() as tx:
        rounds, noise = quietly(lambda: alternating(ROUNDS, documents, timing(_scan(tx, SCAN))))
    yield Row("statement, table and summary, beside a scan", "s", rounds, 40, alone=10, noise=noise)
    yield Row("memory of statement, table and summary", "MB", [(one,) for one in megabytes], alone=300)


def rebuild_rows(hub: Hub) -> Iterator[Row]:
    """Everything folded again, in facts a second; the scan looks at as many."""
    with hub.store.reading() as tx:
        facts = tx.exec_driver_sql("SELECT count(*) FROM facts WHERE problem IS NULL").scalar_one()

    def rebuilt() -> float:
        return facts / timed(lambda: ledger.rebuild(hub))

    def scanned() -> float:
        with hub.store.reading() as tx:
            return facts / timed(_scan(tx, SCAN))

    rounds, noise = quietly(lambda: alternating(ROUNDS, rebuilt, scanned))
    yield Row("rebuild, beside a scan", "facts/s", rounds, 0.05, alone=100_000, is_least=True, noise=noise)


def unit_rows(settings: HubConfig) -> Iterator[Row]:
    """What many units come to, at a fair whose organiser has as many: every figure by its rule.

    Their facts are made up and can be read by nobody: nothing is done at this hub any more.
    """
    crowd = [Unit(f"u{n}", Text(f"第{n}区", f"District {n}")) for n in range(UNITS)]
    with closing(open_hub(settings)) as hub:
        fair = set_fair(hub, a_city_fair(units=crowd))
        fill(hub, fair, days=2)
        with hub.store.reading() as tx:
            assert len(units.counted(tx, fair)) == UNITS
            rounds, noise = _in_turns(lambda: units.whole(tx, fair, columns(fair)), _scan(tx, REPORTED))
            yield Row(f"{UNITS} units put together, beside a scan", "ms", rounds, 20, alone=1_000, noise=noise)


def _in_turns(work: Work, scan: Work) -> tuple[Rounds, Noise]:
    """Milliseconds of both, in turns, when each was done once."""
    work()
    scan()
    return quietly(lambda: alternating(ROUNDS, timing(work, 1_000), timing(scan, 1_000)))


def _scan(tx: Connection, query: str) -> Work:
    return lambda: tx.exec_driver_sql(query).all()


# --- the process that makes the documents ---------------------------------------------------------------


def main(data: Path, fair_id: str) -> None:
    seconds = timed(lambda: make_documents(data, fair_id))
    print(json.dumps({"seconds": seconds, "megabytes": most_memory()}))


def make_documents(data: Path, fair_id: str) -> None:
    with closing(open_hub(HubConfig(data))) as hub:
        with hub.store.reading() as tx:
            statement = statements.draft(tx, hub, fairs.find_fair(tx, fair_id))
        for one in FILES:
            assert statement_files.made(hub, statement, statement_files.BY_ID[one]).content


def most_memory() -> float:
    """Megabytes this program held at most. `getrusage` would also count whoever started it."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
