"""What a visitor's browser sees: bytes, requests and paint of a first load; frames while a picture moves."""

import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from playwright.sync_api import Browser, Page, sync_playwright

from tests.provision import browser as find_browser

_PAINT = """() => new Promise((resolve) =>
  new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
    .observe({ type: "largest-contentful-paint", buffered: true }))"""


#: Notes when each frame is drawn, from the first call on; every call begins a new list.
_RECORD = """() => {
  const is_first = !window.drawn;
  window.drawn = [];
  const note = (now) => { window.drawn.push(now); requestAnimationFrame(note); };
  if (is_first) requestAnimationFrame(note);
}"""


@dataclass(frozen=True)
class Load:
    """One first load with an empty cache."""

    kilobytes: float  # as they came over the wire, headers included
    requests: int
    paint: float  # milliseconds from navigation to the largest paint


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = shutil.which(find_browser() or "chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def first_load(browser: Browser, url: str, slowdown: int) -> Load:
    """Load a page in a new context, which has a cache of its own, on a processor slowed down so many times."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    asked: set[str] = set()
    sizes: list[float] = []
    devtools.on("Network.requestWillBeSent", lambda event: asked.add(event["requestId"]))
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    devtools.send("Network.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    page.goto(url, wait_until="networkidle")
    paint = page.evaluate(_PAINT)
    context.close()
    return Load(sum(sizes) / 1000, len(asked), paint)


def frames(browser: Browser, url: str, slowdown: int) -> tuple[float, float]:
    """Median milliseconds a frame takes while the picture on a page is zoomed and pulled about, and while it rests."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    box = page.locator("[data-stage]").first.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    moving = _milliseconds(page, lambda: _move_about(page, middle))
    assert page.locator(".zoomed").count(), "the picture did not move"
    resting = _milliseconds(page, lambda: page.wait_for_timeout(1_000))
    context.close()
    return moving, resting


def _move_about(page: Page, middle: tuple[float, float]) -> None:
    for _ in range(30):
        page.mouse.wheel(0, -30)
    page.mouse.down()
    for way in (-1, 1, -1):
        page.mouse.move(middle[0] + way * 150, middle[1] + way * 120, steps=25)
    page.mouse.up()


def _milliseconds(page: Page, work: Callable[[], object]) -> float:
    page.evaluate(_RECORD)
    work()
    drawn = page.evaluate("() => window.drawn.splice(0)")
    return statistics.median(later - earlier for earlier, later in pairwise(drawn))
