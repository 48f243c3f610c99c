"""One fair and one browser for all stories of a worker; a fair of one's own for stories that break things."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.journeys.cameras import Camera, Cameras
from tests.journeys.fair import Fair
from tests.journeys.people import Organiser, Visitor, Volunteer
from tests.journeys.screens import LYING, OFFICE, PATIENCE, PHONE, Screens, Watch, chromium

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story is long: on a machine that does much else at the same time it is no sign that one hangs."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1_200))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def shared_fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fair]:
    fair = Fair(tmp_path_factory.mktemp("fair"))
    try:
        yield fair.open()
    finally:
        fair.close()


@pytest.fixture
def fair(shared_fair: Fair) -> Fair:
    """The fair all stories share: everything done so far has reached the hub, so a story counts what it adds."""
    shared_fair.sync()
    return shared_fair


@pytest.fixture(scope="session")
def new_fair(tmp_path_factory: pytest.TempPathFactory) -> Fair:
    """A fair in which nothing has happened yet, switched off: to be copied."""
    fair = Fair(tmp_path_factory.mktemp("new-fair"))
    try:
        return fair.open()
    finally:
        fair.close()


@pytest.fixture
def own_fair(new_fair: Fair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fair]:
    """A fair in which nothing has happened yet."""
    fair = Fair(tmp_path_factory.mktemp("own-fair"), new_fair)
    try:
        yield fair.begin()
    finally:
        fair.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What went wrong on any screen of the story fails it."""
    watch = Watch(set())
    yield watch
    assert not watch.faults, "\n".join(watch.faults)


@pytest.fixture
def screens(browser: Browser, watch: Watch) -> Iterator[Screens]:
    screens = Screens(browser, watch)
    yield screens
    screens.close()


@pytest.fixture
def a_visitor(screens: Screens) -> Callable[..., Visitor]:
    """Somebody who walks up to the tablet: `a_visitor(fair, size, hand="keyboard", clock=True, …)`."""

    def come(fair: Fair, size=LYING, hand="touch", **options) -> Visitor:
        screens.watch.hosts |= {fair.booth.url.partition("//")[2], fair.hub.url.partition("//")[2]}
        return Visitor(screens.open(size, **options), fair.booth.url, hand)

    return come


@pytest.fixture
def a_phone(screens: Screens) -> Callable[..., Visitor]:
    """A visitor's own phone that opens what its camera read off the tablet's screen."""

    def scan(fair: Fair, address: str, **options) -> Visitor:
        assert address.startswith(f"{fair.phone_url}/m/quiz/")
        screens.watch.hosts.add(fair.phone_url.partition("//")[2])
        screens.watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
        phone = Visitor(screens.open(PHONE, **options), fair.phone_url)
        phone.page.goto(address)
        return phone

    return scan


@pytest.fixture
def a_volunteer(screens: Screens) -> Callable[..., Volunteer]:
    """The volunteer at the desk."""

    def come(fair: Fair, size=LYING, hand="touch", **options) -> Volunteer:
        screens.watch.hosts |= {fair.booth.url.partition("//")[2], fair.hub.url.partition("//")[2]}
        return Volunteer(screens.open(size, **options), fair.booth.url, hand)

    return come


@pytest.fixture
def an_organiser(screens: Screens) -> Callable[..., Organiser]:
    """Who looks at the hub, in an office."""

    def come(fair: Fair, size=OFFICE, **options) -> Organiser:
        screens.watch.hosts.add(fair.hub.url.partition("//")[2])
        return Organiser(screens.open(size, **options), fair.hub.url, "mouse").signs_in(fair)

    return come


@pytest.fixture(scope="session")
def cameras(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cameras]:
    cameras = Cameras(playwright, tmp_path_factory.mktemp("cameras"))
    yield cameras
    cameras.close()


@pytest.fixture
def a_camera(cameras: Cameras, watch: Watch) -> Iterator[Callable[..., Page]]:
    """A screen with a camera: `a_camera(film)`; without a film there is none."""
    held: list[Camera] = []

    def hold(film: Path | None = None, **options) -> Page:
        camera, page = cameras.take(watch, film, **options)
        held.append(camera)
        return page

    yield hold
    for camera in held:
        camera.put_down()
