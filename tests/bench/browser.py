"""What a visitor's browser sees of a first load: bytes on the wire, requests, and the largest paint."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from tests.provision import browser as find_browser

_PAINT = """() => new Promise((resolve) =>
  new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
    .observe({ type: "largest-contentful-paint", buffered: true }))"""


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
