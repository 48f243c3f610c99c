"""The form of a complaint beside a bare page of its size; what photos add; a register of 100,000 cases."""

import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import select

from kiosk import demo
from kiosk.config import HubConfig
from kiosk.facts import complaints
from kiosk.facts.lives import PHASES
from kiosk.hub import fairs
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import complaints as table
from kiosk.hub.tables import devices
from tests.bench import hubs, load
from tests.bench.rows import Rounds, Row, alternating, repeated
from tests.bench.sides import Running, Side
from tests.bench.stolen import quietly
from tests.makers import COMPLAINT, an_id, screens_of
from tests.photos import a_large_photo

ROUNDS = 5
LOOKS = 101  # at each screen, for the slowest of eight counts; a hub lets one address send 6,000 in ten minutes
FILINGS = 21  # of 120; each may be measured three times
PHOTOS, PHOTO = 3, 1_000_000  # bytes
CASES = 100_000
TOLD = {**COMPLAINT, "bought_on": ""}  # the clock is the machine's
_READING = 0.3  # seconds; nobody reads the notice in less


@dataclass(frozen=True)
class Form:
    """The form at one door, over one connection."""

    connection: load.Connection
    path: str
    cookie: str
    fixed: dict[str, str]  # what every screen carries

    @classmethod
    def begin(cls, port: int, path: str, cookie: str = "") -> "Form":
        connection = load.Connection(port)
        page = connection.ask(load.page(f"{path}/settle", cookie))
        load.accept(page)
        told = dict(re.findall(rb'<input type="hidden" name="(\w+)" value="([^"]*)"', page.body))
        names = ("id", "case", "query", "matter", "code")
        fixed = {name: told[name.encode()].decode() for name in names if name.encode() in told}
        time.sleep(_READING)
        return cls(connection, path, cookie, fixed)

    def told(self, step: str) -> dict[str, str]:
        """What a screen sends, with what was typed up to there."""
        names, done = screens_of(), {}
        for one in complaints.STEPS:
            if one.name in names[: names.index(step) + 1]:
                done |= {field.name: TOLD.get(field.name, "") for field in one.fields}
        return {**self.fixed, **done, "step": step, "go": "next"}

    def screen(self, step: str) -> bytes:
        return load.form(self.path, self.told(step), self.cookie)

    def photo(self, data: bytes) -> bytes:
        parts = "".join(
            f'--x315\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in {**self.fixed, "step": "photos", "go": "add"}.items()
        )
        parts += '--x315\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        body = parts.encode() + data + b"\r\n--x315--\r\n"
        return load.post(f"{self.path}/photos", body, "multipart/form-data; boundary=x315", self.cookie)

    def ask(self, request: bytes) -> load.Answer:
        return asked(self.connection, request)[0]


def asked(connection: load.Connection, request: bytes) -> tuple[load.Answer, float]:
    """The answer, which is 200, and its milliseconds."""
    start = time.perf_counter()
    answer = connection.ask(request)
    took = (time.perf_counter() - start) * 1000
    load.accept(answer)
    return answer, took


def form_rows(name: str, port: int, path: str, cookie: str, floor: Running) -> Iterator[Row]:
    """Each screen beside a bare page that takes the same form and has as many bytes; the slowest counts.

    What keeps each screen on its disk, a tablet, has a floor that does, as durably: it is most of the time there.
    Filing hashes a code and keeps what it files, so its floor does.
    """
    with load.Connection(floor.side.port) as bare:
        slowest, noise = quietly(lambda: _slowest_screen(Form.begin(port, path, cookie), bare))
        yield Row(f"slowest screen of the form, {name}", "ms", slowest, 1.5, noise=noise)
        filed, noise = quietly(lambda: [_filing(Form.begin(port, path, cookie), bare) for _ in range(FILINGS)])
        yield Row(f"filing beside a hash and a page, {name}", "ms", filed, 1.5, noise=noise)
    added, noise = quietly(lambda: _photos(port, path, cookie))
    yield Row(f"three photos of 1 MB add, {name}", "ms", added, alone=300, noise=noise)


def _slowest_screen(form: Form, bare: load.Connection) -> Rounds:
    bare_page, found = "/kept" if "code" in form.fixed else "/page", []
    for step in screens_of()[:-1]:
        request = form.screen(step)
        plain = load.form(f"{bare_page}/{len(form.ask(request).body)}", form.told(step))
        found.append(alternating(LOOKS, _taken(form.connection, request), _taken(bare, plain)))
    return max(found, key=lambda rounds: statistics.median(ours / least for ours, least in rounds))


def _filing(form: Form, bare: load.Connection) -> tuple[float, float]:
    last = screens_of()[-1]
    answer, ours = asked(form.connection, form.screen(last))
    plain = load.form(f"/hashed/{len(answer.body)}", form.told(last))
    return ours, asked(bare, plain)[1]


def _taken(connection: load.Connection, request: bytes) -> Callable[[], float]:
    return lambda: asked(connection, request)[1]


def _photos(port: int, path: str, cookie: str) -> Rounds:
    """What three photos add to the milliseconds of filing: theirs and those of one with them, less one without."""

    def file(photos: list[bytes]) -> float:
        form = Form.begin(port, path, cookie)
        requests = [*(form.photo(data) for data in photos), form.screen(screens_of()[-1])]
        return sum(asked(form.connection, request)[1] for request in requests)

    rounds = alternating(ROUNDS, lambda: file(_made_up()), lambda: file([]))
    return [(with_photos - without, without) for with_photos, without in rounds]


@cache
def _made_up() -> list[bytes]:
    return [a_large_photo(PHOTO, seed) for seed in range(PHOTOS)]


def desk_rows(booth: Running, floor: Running) -> Iterator[Row]:
    yield from form_rows("tablet", booth.side.port, "/staff/complaint", booth.sign_in(), floor)


def hub_rows(folder: Path, floor: Side) -> Iterator[Row]:
    """At the hub of the tablet's fair: the form on a phone, and an office with a city's cases."""
    settings = HubConfig(folder / "fair" / "hub")
    with closing(open_hub(settings)) as hub, hub.store.reading() as tx:
        device = tx.execute(select(devices.c.device)).scalars().first()
    with hubs.a_hub_server(settings) as (port, _), floor.running() as least:
        yield from form_rows("phone", port, f"/m/complaint/{device}", "", least)
    with closing(open_hub(settings)) as hub:
        case = fill(hub)
    with hubs.a_hub_server(settings) as (port, _):
        yield from office_rows(port, case)


def office_rows(port: int, case: str) -> Iterator[Row]:
    cookie, at = hubs.sign_in(port, demo.LOGIN, demo.PASSWORD), "/fairs/demo/cases"
    with load.Connection(port) as connection:
        first = connection.ask(load.page(at, cookie)).body.decode()
        found = []
        for query in (*QUERIES, f"text={case}"):
            request = load.page(f"{at}?{query}", cookie)
            asked(connection, request)
            found.append(repeated(ROUNDS, _taken(connection, request)))
        slowest = max(found, key=lambda rounds: statistics.median(ours for (ours,) in rounds))
        yield Row(f"register of {CASES:,} cases, slowest", "ms", slowest, alone=150)
        csrf = re.search(r'name="csrf" value="([^"]*)"', first)
        assert csrf is not None
        request = load.form(f"{at}/{case}/open", {"csrf": csrf[1], "reason": "handling"}, cookie)
        assert COMPLAINT["facts"] in asked(connection, request)[0].body.decode()
        yield Row("a case opened", "ms", repeated(2 * ROUNDS, _taken(connection, request)), alone=100)


#: What people choose by, and how far they turn the pages.
QUERIES = (
    "", "page=1000", f"page={CASES // 50}", "state=open", "state=open&page=500", "state=closed&page=100",
    "matter=report&page=50", "venue=v1&state=open", "unit=xinhua&page=100", "day=2027-03-15", "handler=nobody",
    "due=overdue", "due=overdue&page=300", "due=soon", "due=overdue&venue=v1&matter=complaint&unit=xinhua",
    "due=soon&state=accepted&page=3", "state=nonsense",
)  # fmt: skip


def fill(hub: Hub, count: int = CASES) -> str:
    """So many cases as rows, alike but for what the register asks for; returns the number of the one that is real."""
    dice = random.Random(315)
    with hub.store.begin() as tx:
        fair = fairs.find_fair(tx, "demo")
        real = tx.execute(select(table).order_by(table.c.at.desc())).mappings().first()
        assert real is not None
        rows = [{**real, **_made(dice, number, fair)} for number in range(count)]
        for at in range(0, count, 10_000):
            tx.execute(table.insert(), rows[at : at + 10_000])
    return str(real["case"])


def _made(dice: random.Random, number: int, fair: fairs.Fair) -> dict[str, object]:
    day = (date(2027, 1, 1) + timedelta(days=dice.randrange(90))).isoformat()
    state = dice.choice(PHASES)
    clock = dice.choice(("decide", "mediate", "tell")) if state not in ("closed", "merged") else ""
    return {
        "journal": "made up",
        "seq": number,
        "case": complaints.draw_case_number(dice.randrange),
        "fact": an_id(number),
        "blob": f"{number:064x}",
        "desk": dice.choice(fair.desks).id,
        "at": f"{day}T{dice.randrange(8, 18):02d}:{dice.randrange(60):02d}:00.000+08:00",
        "day": day,
        "matter": dice.choice(("complaint", "complaint", "report")),
        "state": state,
        "unit": dice.choice(("", *(unit.id for unit in fair.units))),
        "clock": clock,
        "clock_from": day if clock else "",
    }
