"""Screens to stand before: browser contexts of a size, watched for everything that must not happen on one."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from tests.provision import browser as find_browser

#: ms. A story asks what happens, not how soon: a machine whose host takes its time back is slow for long.
PATIENCE = 60_000
LYING, STANDING, PHONE = (1280, 800), (800, 1280), (390, 844)
OFFICE, BIG = (1440, 900), (1920, 1080)
TABLETS = (LYING, STANDING)
EVERY = (LYING, STANDING, PHONE)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP tablet.test 127.0.0.1",  # the tablet as phones know it: no localhost, no HTTPS
]


def program() -> str:
    return shutil.which(find_browser() or "chromium") or "/usr/bin/chromium"


def light_program() -> str:
    """The same engine without the windows around it, where that is installed: every page costs a third less."""
    return program() if os.environ.get("CHROMIUM") else shutil.which("chromium-headless-shell") or program()


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=light_program(), args=[*ARGUMENTS, "--in-process-gpu"])
    try:
        yield browser
    finally:
        browser.close()


def looks(size: tuple[int, int], **more: Any) -> dict[str, Any]:
    """The options of a context with a screen of that size; tablets and phones are touched."""
    width, height = size
    touched = size in EVERY
    return {"viewport": {"width": width, "height": height}, "locale": "zh-CN", "has_touch": touched, **more}


@dataclass
class Watch:
    """Writes down every console error, uncaught error, breach of the policy, failed request and foreign address."""

    hosts: set[str]
    seen: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> BrowserContext:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.append(f"uncaught: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("request", self._asked)
        return context

    def allow(self, pattern: str) -> None:
        """A story that breaks something says what will be heard of it."""
        self.allowed.append(pattern)

    @property
    def faults(self) -> list[str]:
        return [one for one in self.seen if not any(re.search(pattern, one) for pattern in self.allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.seen.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _failed(self, request: Request) -> None:
        # ERR_ABORTED: the browser itself gave up what it no longer needed, as when a page is left.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https") and address.netloc not in self.hosts:
            self.seen.append(f"foreign: {request.url}")


@dataclass
class Screens:
    """Opens screens for one story, and closes them after it."""

    browser: Browser
    watch: Watch
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, size: tuple[int, int] = LYING, *, clock: bool = False, **options: Any) -> Page:
        """A fresh screen: no cookies, an empty cache. `clock`: its time can be moved on by `page.clock`."""
        context = self.browser.new_context(**looks(size, **options))
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if clock:
            context.clock.install()
        return self.watch.over(context).new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()
