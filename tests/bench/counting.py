"""Volunteers' phones that count at one booth: every tap once, and none waits; and one phone's page in a browser."""

import json
import os
import random
import re
import secrets
import selectors
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser

from tests.bench import crowd, load
from tests.bench.browser import chromium
from tests.bench.rows import Row
from tests.bench.sides import Running
from tests.bench.stolen import quietly

PHONES, RATE, SECONDS = 20, 3, 60
SLOWDOWN, TOUCHES = 4, 40

#: Milliseconds from the touch on a key until the tablet's answer is on the screen: the total is up, nothing waits.
_CONFIRMED = """() => new Promise((resolve) => {
  const card = document.querySelector(".count-first"), mark = card.querySelector(".pending");
  const figure = card.querySelector("strong"), before = figure.textContent;
  let touched = 0;
  addEventListener("pointerdown", (event) => { touched = event.timeStamp; }, { capture: true, once: true });
  const watch = new MutationObserver(() => {
    if (!touched || !mark.hidden || figure.textContent === before) return;
    watch.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - touched));
  });
  watch.observe(card, { subtree: true, childList: true, characterData: true, attributes: true });
})"""


@dataclass
class Phone:
    """One phone: it sends what it keeps as soon as no other request of it is on its way, and keeps what was lost."""

    port: int
    cookie: str
    stint: str
    connection: load.Connection | None = None
    kept: dict[str, float] = field(default_factory=dict)  # id → when it was touched
    going: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)

    def touches(self) -> None:
        self.touched.append(secrets.token_hex(16))
        self.kept[self.touched[-1]] = time.perf_counter()

    def request(self) -> bytes:
        self.going = list(self.kept)[:100]
        taps = [{"id": one, "stint": self.stint, "counter": "headcount", "n": 1} for one in self.going]
        body = json.dumps({"waiting": 0, "taps": taps}).encode()
        return load.post("/m/count/taps", body, "application/json", self.cookie)

    def hears(self, answer: load.Answer) -> None:
        now = time.perf_counter()
        if answer.status != 200:
            raise ConnectionError(f"{answer.status}: {answer.body[:300]!r}")
        for told in json.loads(answer.body)["taps"]:
            assert told["came_to"] in ("ok", "same"), told
            self.milliseconds.append((now - self.kept.pop(told["id"])) * 1000)
        self.going = []


def let_in(port: int, staff: str, count: int) -> list[Phone]:
    """Phones that a signed-in volunteer's tablet let in, each by a code of its own."""
    return [_let_in(port, staff) for _ in range(count)]


def _let_in(port: int, staff: str) -> Phone:
    at = crowd.address_in(load.ask(port, load.get("/staff/counting", staff)).body.decode())
    page = load.ask(port, load.get(at)).body.decode()
    found = re.search(r'name="phone" value="([0-9a-f]{32})"', page)
    assert found is not None
    told = {"word": at.rpartition("/")[2], "phone": found[1]}
    taken = load.ask(port, lambda: load.form("/m/count/take", told))
    phone = Phone(port, load.cookie_in(taken, "counting"), "")
    answer = load.ask(port, phone.request)
    phone.stint = json.loads(answer.body)["stint"]
    return phone


def count(phones: Sequence[Phone], seconds: float, lost: float = 0, rate: float = RATE) -> None:
    """All touch so often a second, at times of their own; of some requests the answer is lost on its way."""
    dice, waiting, start = random.Random(315), selectors.DefaultSelector(), time.perf_counter()
    due = sorted(
        (start + (number + dice.random()) / rate, at)
        for at in range(len(phones))
        for number in range(int(seconds * rate))
    )
    deadline = start + seconds + 60
    while due or any(phone.kept for phone in phones):
        now = time.perf_counter()
        assert now < deadline, "some taps were never confirmed"
        while due and due[0][0] <= now:
            phones[due.pop(0)[1]].touches()
        for phone in phones:
            if phone.kept and not phone.going:
                _send(phone, waiting, is_lost=dice.random() < lost)
        pause = min(0.01, due[0][0] - now) if due else 0.01
        for key, _ in waiting.select(max(0.0, pause)):
            _receive(key.data, waiting)
    for phone in phones:
        if phone.connection is not None:
            _hang_up(phone, waiting)
    waiting.close()


def _send(phone: Phone, waiting: selectors.BaseSelector, *, is_lost: bool) -> None:
    if phone.connection is None:
        phone.connection = load.Connection(phone.port)
        waiting.register(phone.connection.socket, selectors.EVENT_READ, phone)
    try:
        phone.connection.socket.sendall(phone.request())
    except OSError:
        _hang_up(phone, waiting)
        return
    if is_lost:  # the tablet has it, and nobody hears of it
        _hang_up(phone, waiting)


def _receive(phone: Phone, waiting: selectors.BaseSelector) -> None:
    assert phone.connection is not None
    try:
        answer = phone.connection.receive()
    except OSError:
        _hang_up(phone, waiting)
        return
    if answer is not None:
        phone.hears(answer)


def _hang_up(phone: Phone, waiting: selectors.BaseSelector) -> None:
    assert phone.connection is not None
    waiting.unregister(phone.connection.socket)
    with suppress(OSError):
        phone.connection.socket.close()
    phone.connection, phone.going = None, []


def p99(phones: Sequence[Phone]) -> float:
    return statistics.quantiles([wait for phone in phones for wait in phone.milliseconds], n=100)[98]


def kept_once(file: Path, phones: Sequence[Phone]) -> tuple[int, int]:
    """(taps that are not in a booth's journal, facts that are there beyond one a tap)."""
    touched = [one for phone in phones for one in phone.touched]
    with closing(sqlite3.connect(file)) as connection:
        kept = [row[0] for row in connection.execute("SELECT id FROM facts WHERE kind = 'tally.counted'")]
    known = set(touched)
    found = [one for one in kept if one in known]
    return len(known) - len(set(found)), len(found) - len(set(found))


def confirmed(browser: Browser, url: str, cookie: str, slowdown: int, touches: int) -> list[float]:
    """Milliseconds of touches on the phone's page, on a processor slowed down so many times."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN")
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": f"{url}/m/count"}])
    page = context.new_page()
    page.goto(f"{url}/m/count")
    key = page.locator(".count-first .key-main")
    page.locator(".count-first .key-main:enabled").wait_for()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    box = key.bounding_box()
    assert box is not None
    found = []
    for _ in range(touches):
        page.evaluate(f"void (window.took = ({_CONFIRMED})())")
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        found.append(page.evaluate("window.took"))
    context.close()
    return found


@contextmanager
def flushing(folder: Path, every: float = 0.05) -> Iterator[list[float]]:
    """Milliseconds of bare flushes to the same disk meanwhile: no tap that is kept is quicker than those."""
    found: list[float] = []
    stop = threading.Event()

    def flush() -> None:
        with (folder / "flushed").open("wb", buffering=0) as file:
            while not stop.wait(every):
                file.write(b"." * 4096)
                began = time.perf_counter()
                os.fdatasync(file.fileno())
                found.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=flush)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def rows(booth: Running, file: Path) -> Iterator[Row]:
    """The floor of the wait is the disk's own: another program's writes hold up every flush, for a second at times."""
    staff = booth.sign_in()
    phones = let_in(booth.side.port, staff, PHONES)

    def once() -> tuple[float, float]:
        for phone in phones:
            phone.milliseconds.clear()
        with flushing(file.parent) as bare:
            count(phones, SECONDS)
        return p99(phones), statistics.quantiles(bare, n=100)[98]

    (ours, bare), noise = quietly(once)
    lost, doubled = kept_once(file, phones)
    touched = sum(len(phone.touched) for phone in phones)
    name = f"{PHONES} phones, {RATE} taps a second, {SECONDS} s"
    yield Row(f"{name}: p99", "ms", [(ours, bare)], alone=300, noise=noise)
    share = 100 * (touched - lost - doubled) / touched
    yield Row(f"{name}: {touched} taps, {lost} lost, {doubled} doubled", "%", [(share,)], alone=100, is_least=True)
    with chromium() as browser:
        url = f"http://127.0.0.1:{booth.side.port}"
        cookie = _let_in(booth.side.port, staff).cookie
        found, noise = quietly(lambda: confirmed(browser, url, cookie, SLOWDOWN, TOUCHES))
    touches = [(milliseconds,) for milliseconds in found]
    yield Row(f"tap on a phone confirmed, CPU ÷ {SLOWDOWN}", "ms", touches, alone=100, noise=noise)
