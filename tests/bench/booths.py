"""A booth beside a floor that does the least: its start and memory, taps, pages, answers, screens in a browser."""

import random
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from kiosk.packs.quizzes import CHALLENGE, Bank
from kiosk.packs.reader import BUILTIN, read_pack
from tests.bench import cases, counting, crowd, load, sides
from tests.bench.browser import chromium, first_load, frames
from tests.bench.rows import Rounds, Row, alternating, as_far_as_it_goes, repeated, timing
from tests.bench.sides import Running, Side
from tests.bench.stolen import quietly
from tests.faults.disk import build, preloaded

STARTS = 5
SLICES = 25  # many and short: a neighbour's burst spoils a few, and the median does not care
SECONDS = 0.2  # one slice of load
LOADS = 7
ROUNDS = 5
SLOWDOWN, GALLERY_SLOWDOWN = 6, 4
REQUESTS = 200  # before memory is read
BANK = 5_000


def rows(folder: Path) -> Iterator[Row]:
    booth, floor = sides.make_booth(folder), sides.make_floor(folder)
    yield from as_far_as_it_goes("start", starts(booth, floor))
    with booth.running() as ours, floor.running() as least:
        yield from as_far_as_it_goes("tap", taps(ours, least))
        yield from as_far_as_it_goes("pages", pages(ours, least))
        yield from as_far_as_it_goes("answers", answers(ours, least))
        yield from as_far_as_it_goes("first load", screens(ours, least))
        yield from as_far_as_it_goes("gallery", gallery(ours))
        yield from as_far_as_it_goes("form on the tablet", cases.desk_rows(ours, least))
    yield from as_far_as_it_goes("draw", draws())
    yield from as_far_as_it_goes("slow disk, idle sockets", patience(booth, floor, folder))
    data = folder / "fair" / "booth"
    (data / "booth.toml").write_text(f'phone_url = "http://127.0.0.1:{booth.port}"\n', "utf-8")
    with booth.running() as ours:
        yield from as_far_as_it_goes("60 phones", phones(ours))
        yield from as_far_as_it_goes("counting on phones", counting.rows(ours, data / "booth.db"))
    yield from as_far_as_it_goes("form on a phone, register", cases.hub_rows(folder, floor))


def starts(booth: Side, floor: Side) -> Iterator[Row]:
    """Seconds to the first answer, and memory after some use. The first start of each only warms the disk's cache."""

    def start(side: Side) -> tuple[float, float]:
        with side.running() as running:
            running.use(REQUESTS)
            return running.seconds, running.pss()

    rounds = alternating(1 + STARTS, lambda: start(booth), lambda: start(floor))[1:]
    yield Row("start to first 200", "s", [(ours[0], least[0]) for ours, least in rounds], 1.5)
    yield Row(f"PSS after {REQUESTS} requests", "MB", [(ours[1], least[1]) for ours, least in rounds], 1.5)


def taps(booth: Running, floor: Running) -> Iterator[Row]:
    ours, least = booth.tap(), floor.tap()
    for clients in (1, 8):
        rounds = _rates((booth, ours), (floor, least), clients=clients)
        yield Row(f"tap, durable, c={clients}", "/s", rounds, 0.5, is_least=True)


def patience(booth: Side, floor: Side, folder: Path) -> Iterator[Row]:
    """A tablet's slow flash: 5 ms in every flush. And browsers, which hold sockets open that say nothing."""
    disk = preloaded(build(folder), slow_us=5_000)
    with booth.running(disk) as ours, floor.running(disk) as least:
        slow = [lambda side=side: _p99(load.latencies(side.side.port, side.tap(), 8, 2)) for side in (ours, least)]
        rounds, noise = quietly(lambda: alternating(ROUNDS, *slow))
    yield Row("tap at 5 ms a flush, c=8, p99", "ms", rounds, alone=40, noise=noise)
    with booth.running() as ours, floor.running() as least:
        load.repeat(booth.port, ours.tap(), 5)
        idle = [lambda side=side: load.beside_idle(side.side.port, side.tap(), 6) for side in (ours, least)]
        rounds, noise = quietly(lambda: alternating(ROUNDS, *idle))
    yield Row("tap beside 6 idle sockets", "ms", rounds, alone=50, noise=noise)


def _p99(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[98]


def pages(booth: Running, floor: Running) -> Iterator[Row]:
    page = load.get("/")
    for name, ours in (("attract page", page), ("quiz question", booth.quiz())):
        yield Row(f"{name}, c=1", "/s", _rates((booth, ours), (floor, page)), 0.6, is_least=True)


def answers(booth: Running, floor: Running) -> Iterator[Row]:
    player, tap = crowd.Player(booth.side.port), floor.tap()
    ours, least = (lambda: player.answers(SECONDS)), (lambda: crowd.taps_with_page(floor.side.port, tap, SECONDS))
    yield Row("quiz answer and its page, c=1", "/s", alternating(SLICES, ours, least), 0.5, is_least=True)


def draws() -> Iterator[Row]:
    """The questions of the longest play, out of a bank of the built-in ones many times over."""
    known, dice = read_pack(BUILTIN).questions, random.Random(315)
    many = [msgspec.structs.replace(known[number % len(known)], id=f"q{number}") for number in range(BANK)]
    bank = Bank(many, "2027-03-15")
    work = timing(lambda: bank.draw(CHALLENGE, dice), 1_000)
    yield Row(f"{CHALLENGE.questions} questions drawn from {bank.size:,}", "ms", repeated(SLICES, work), alone=5)


def phones(booth: Running) -> Iterator[Row]:
    """Sixty of them, in the same moment, five times a round."""

    def play() -> float:
        there = crowd.gather(booth.side.port, 60)
        for _ in range(5):
            crowd.answer_at_once(there)
            for phone in there:
                phone.goes_on()
        for phone in there:
            phone.hangs_up()
        return _p99([wait for phone in there for wait in phone.milliseconds])

    rounds, noise = quietly(lambda: repeated(2, play))  # a tablet keeps 500 visits, and this may be tried three times
    yield Row("60 phones answer at once, p99", "ms", rounds, alone=500, noise=noise)


def _rates(*sides_: tuple[Running, load.Request], clients: int = 1) -> Rounds:
    def measure(running: Running, request: load.Request) -> Callable[[], float]:
        return lambda: load.rate(running.side.port, request, clients, SECONDS)

    return alternating(SLICES, *(measure(running, request) for running, request in sides_))


def screens(booth: Running, floor: Running) -> Iterator[Row]:
    with chromium() as browser:
        urls = [f"http://127.0.0.1:{running.side.port}/" for running in (booth, floor)]
        for url in urls:  # warms the browser, not its cache: every load has one of its own
            first_load(browser, url, 1)
        rounds = alternating(LOADS, *(lambda url=url: first_load(browser, url, SLOWDOWN) for url in urls))
    weights = [tuple(one.kilobytes for one in loads) for loads in rounds]
    counts = [tuple(one.requests for one in loads) for loads in rounds]
    paints = [tuple(one.paint for one in loads) for loads in rounds]
    yield Row("first load, on the wire", "KB", weights, alone=60)
    yield Row("first load, requests", "", counts, alone=6)
    yield Row(f"largest paint, CPU ÷ {SLOWDOWN}", "ms", paints, 2)


def gallery(booth: Running) -> Iterator[Row]:
    """An exhibit under a finger, beside the same page at rest: sixty frames a second are 16.7 ms."""
    with chromium() as browser:
        url = f"http://127.0.0.1:{booth.side.port}/gallery/e12/find"
        rounds = [frames(browser, url, GALLERY_SLOWDOWN) for _ in range(ROUNDS)]
    yield Row(f"exhibit zoomed and moved, CPU ÷ {GALLERY_SLOWDOWN}, a frame", "ms", rounds, alone=17)
