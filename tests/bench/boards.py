"""What a board and a big screen show, from totals: beside asking the facts themselves, and with a thousand tablets."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime

from sqlalchemy import Connection, func, select

from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub import board, fairs, readiness, screens, tables, totals
from kiosk.hub.app import create_hub_app, open_hub
from tests.bench.hubs import LOGIN, PASSWORD
from tests.bench.rows import Row, alternating, as_far_as_it_goes, repeated, timed, timing
from tests.bench.shipment import Province
from tests.bench.stolen import quietly

ROUNDS = 5


def rows(settings: HubConfig, province: Province) -> Iterator[Row]:
    """At a hub that has taken the facts of a fair in."""
    yield from as_far_as_it_goes("the board's sums", sum_rows(settings, province))
    yield from as_far_as_it_goes("a board of a thousand", thousand_rows(settings, province))


#: What the board shows, asked of the facts themselves: sums by desk, hour and counter.
SCAN = """SELECT told ->> '$.desk', substr(told ->> '$.at', 1, 13), told ->> '$.kind', told ->> '$.body.counter',
                 count(*), sum(told ->> '$.body.n')
          FROM (SELECT CAST(line AS TEXT) AS told FROM facts WHERE problem IS NULL) GROUP BY 1, 2, 3, 4"""


def sum_rows(settings: HubConfig, province: Province) -> Iterator[Row]:
    """What the board asks of the totals, beside asking the facts themselves; and one venue."""
    with closing(open_hub(settings)) as hub, hub.store.reading() as tx:
        fair = fairs.find_fair(tx, province.fair)
        desks = [desk.id for desk in fair.desks if desk.venue == fair.venues[0].id]

        def shown() -> None:
            totals.sums(tx, fair.id)
            totals.sums_by_desk(tx, fair.id)
            totals.sums_by_hour(tx, fair.id, "tally.headcount")

        shown()
        rounds = alternating(ROUNDS, timing(shown), timing(lambda: tx.exec_driver_sql(SCAN).all()))
        yield Row("the board's sums, beside a scan", "s", rounds, 1 / 50)
        venue = timing(lambda: totals.sums(tx, fair.id, desks=desks), 1_000)
        yield Row("one venue's sums", "ms", repeated(ROUNDS, venue), alone=5)


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
        read = timed(lambda: hub.paces.of(province.fair, hub.clock.now(), 600_000)) * 1_000 / tablets
        yield Row(f"last hour of {tablets} tablets read from nothing, each", "ms", [(read,)], alone=10)
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
            rounds, noise = quietly(lambda work=work: repeated(ROUNDS, timing(work, 1_000)))
            yield Row(f"{len(fair.desks):,} desks: {name}", "ms", rounds, alone=200, noise=noise)


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
