"""Figures of a large fair beside a plain scan of the same facts: all of them from totals, the two documents with their
memory, one figure taken apart, everything folded again; and what two hundred units come to.

`python -m tests.bench.figures DATA FAIR` makes the two documents in a process of its own and says what they took.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from kiosk import ROOT
from kiosk.config import HubConfig
from kiosk.hub import fairs, ledger, statement_files, statements, units
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Unit
from kiosk.packs.model import Text
from tests.bench.rows import Row
from tests.bench.sides import _environment, alternating
from tests.bench.stolen import Measured, quietly
from tests.hub.hierarchy import a_city_fair, set_fair
from tests.hub.test_units import fill

ROUNDS, FEWER = 5, 3  # the latter of what takes seconds
UNITS = 200
FILES = ("table.xlsx", "summary.docx")
#: How many facts there are of each kind, by looking at them all: the least anybody can do without totals.
SCAN = "SELECT kind, count(*), sum(length(line)) FROM facts WHERE problem IS NULL GROUP BY kind"
#: Likewise of what units reported.
REPORTED = """SELECT figure, "window", day, count(*), sum(length(body)) FROM reported GROUP BY figure, "window", day"""
#: A figure with facts at every desk, and one that is rare.
KEYS = ("headcount", "complaints")


def rows(settings: HubConfig, fair_id: str, login: tuple[str, str]) -> Iterator[Row]:
    """At a hub that has taken the facts of a fair in."""
    with closing(open_hub(settings)) as hub:
        yield from sum_rows(hub, fair_id, "SQLite")
        yield from page_rows(hub, fair_id, login)
        yield from document_rows(hub, settings, fair_id)
        yield from rebuild_rows(hub)


def sum_rows(hub: Hub, fair_id: str, database: str) -> Iterator[Row]:
    """Every figure the catalogue knows, for the whole fair, from totals."""
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, fair_id)
        found = in_turns(lambda: fairs.figures_of(tx, fair), _scan(tx, SCAN))
        yield Row(f"every figure, {database}", "ms", found.value, 300, is_ratio=False, **_told(found))
        yield Row(f"every figure, {database}, beside a scan", "ms", found.value, 0.5, **_told(found))


def page_rows(hub: Hub, fair_id: str, login: tuple[str, str]) -> Iterator[Row]:
    """One figure taken apart, and the first page of the facts behind it, as whoever looks gets them."""
    client, (name, password) = create_hub_app(hub).test_client(), login
    assert client.post("/login", data={"name": name, "password": password, "next": "/"}).status_code == 303

    def get(path: str) -> Callable[[], object]:
        def look() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)

        return look

    with hub.store.reading() as tx:
        for key in KEYS:
            at = f"/fairs/{fair_id}/figures/{key}"
            found = in_turns(get(at), _scan(tx, SCAN))
            yield Row(f"a figure taken apart, {key}", "ms", found.value, 200, is_ratio=False, **_told(found))
            yield Row(f"a figure taken apart, {key}, beside a scan", "ms", found.value, 0.5, **_told(found))
            found = in_turns(get(f"{at}/facts"), _scan(tx, SCAN))
            yield Row(f"facts behind a figure, {key}", "ms", found.value, 200, is_ratio=False, **_told(found))
            yield Row(f"facts behind a figure, {key}, beside a scan", "ms", found.value, 0.5, **_told(found))


def document_rows(hub: Hub, settings: HubConfig, fair_id: str) -> Iterator[Row]:
    """A statement as it is now, and both documents of it, in a process that does nothing else."""
    made: list[dict[str, float]] = []

    def documents() -> float:
        command = [sys.executable, "-m", "tests.bench.figures", str(settings.data), fair_id]
        done = subprocess.run(command, cwd=ROOT, env=_environment(), check=True, capture_output=True, text=True)
        made.append(json.loads(done.stdout))
        return made[-1]["seconds"]

    with hub.store.reading() as tx:
        found = quietly(lambda: alternating(FEWER, documents, _seconds(_scan(tx, SCAN))))
    yield Row("statement, table and summary", "s", found.value, 10, is_ratio=False, **_told(found))
    yield Row("statement, table and summary, beside a scan", "s", found.value, 40, **_told(found))
    memory = [(one["megabytes"], 300.0) for one in made]
    yield Row("memory of statement, table and summary", "MB", memory, 300, is_ratio=False)


def rebuild_rows(hub: Hub) -> Iterator[Row]:
    """Everything folded again, in facts a second; the scan looks at as many."""
    with hub.store.reading() as tx:
        facts = tx.exec_driver_sql("SELECT count(*) FROM facts WHERE problem IS NULL").scalar_one()

    def scanned() -> float:
        with hub.store.reading() as tx:
            return facts / _seconds(_scan(tx, SCAN))()

    found = quietly(lambda: alternating(FEWER, lambda: facts / _seconds(lambda: ledger.rebuild(hub))(), scanned))
    yield Row("rebuild", "facts/s", found.value, 100_000, is_least=True, is_ratio=False, **_told(found))
    yield Row("rebuild, beside a scan", "facts/s", found.value, 0.05, is_least=True, **_told(found))


def unit_rows(settings: HubConfig) -> Iterator[Row]:
    """What many units come to, at a fair whose organiser has as many: every figure by its rule.

    Their facts are made up and can be read by nobody: nothing is done at this hub any more.
    """
    with closing(open_hub(settings)) as hub:
        yield from _unit_rows(hub)


def _unit_rows(hub: Hub) -> Iterator[Row]:
    crowd = [Unit(f"u{n}", Text(f"第{n}区", f"District {n}")) for n in range(UNITS)]
    fair = set_fair(hub, a_city_fair(units=crowd))
    fill(hub, fair, days=2)
    with hub.store.reading() as tx:
        assert len(units.counted(tx, fair)) == UNITS
        found = in_turns(lambda: units.rolled(tx, fair), _scan(tx, REPORTED))
        yield Row(f"{UNITS} units put together", "ms", found.value, 1_000, is_ratio=False, **_told(found))
        yield Row(f"{UNITS} units put together, beside a scan", "ms", found.value, 20, **_told(found))


def in_turns(work: Callable[[], object], scan: Callable[[], object]) -> Measured:
    """Milliseconds of both, in turns, when each was done once."""
    work()
    scan()
    found = quietly(lambda: alternating(ROUNDS, _seconds(work), _seconds(scan)))
    return replace(found, value=[tuple(1000 * seconds for seconds in one) for one in found.value])


def _told(found: Measured) -> dict[str, Any]:
    return {"stolen": found.stolen, "tries": found.tries}


def _seconds(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return measure


def _scan(tx: Connection, query: str) -> Callable[[], Sequence[object]]:
    return lambda: tx.exec_driver_sql(query).all()


# --- the process that makes the documents ---------------------------------------------------------------


def main(data: Path, fair_id: str) -> None:
    start = time.perf_counter()
    with closing(open_hub(HubConfig(data))) as hub:
        with hub.store.reading() as tx:
            statement = statements.draft(tx, hub, fairs.find_fair(tx, fair_id))
        made = [statement_files.made(hub, statement, statement_files.BY_ID[one]) for one in FILES]
    told = {
        "seconds": time.perf_counter() - start,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **{one.name: len(one.content) for one in made},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
