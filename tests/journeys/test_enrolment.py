"""From a code on a screen to a tablet that is ready: across both sides, through a real camera's eye."""

import io
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest
from PIL import Image
from playwright.sync_api import expect

from kiosk.config import HubConfig
from kiosk.hub import devices
from kiosk.hub.app import open_hub
from kiosk.sync import protocol, tickets
from tests.journeys.cameras import film, picture, read
from tests.journeys.fair import Fair, Server
from tests.journeys.people import Installer, Organiser
from tests.journeys.screens import LYING, STANDING, Watch
from tests.proof import at_length


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fair]:
    """One fair for all stories here, and beside its own tablet one that never gets in."""
    fair = Fair(tmp_path_factory.mktemp("square"))
    try:
        yield fair.open()
    finally:
        fair.close()


@pytest.fixture(scope="module")
def eternal(square: Fair) -> Server:
    return square.new_tablet("eternal")


@pytest.fixture
def organiser(square: Fair, an_organiser) -> Iterator[Organiser]:
    """At the hub, where nobody waits when the story begins."""
    yield an_organiser(square)
    with closing(open_hub(HubConfig(square.hub.data))) as here, here.store.begin() as tx:
        for one in devices.waiting(tx, here, "demo"):
            devices.reject(tx, "demo", one.id)


@pytest.fixture
def tablet(square: Fair, eternal: Server, watch: Watch) -> Iterator[Server]:
    """A tablet that nobody has enrolled."""
    watch.hosts |= {eternal.url.partition("//")[2], square.hub.url.partition("//")[2]}
    yield eternal
    urllib.request.urlopen(eternal.url + "/enrol/cancel", data=b"").close()


@pytest.fixture
def newcomer(square: Fair, watch: Watch) -> Server:
    """A tablet that is enrolled in the end."""
    booth = square.new_tablet(secrets.token_hex(3))
    watch.hosts |= {booth.url.partition("//")[2], square.hub.url.partition("//")[2]}
    return booth


def test_a_code_is_scanned_compared_confirmed_and_the_tablet_is_ready(square, newcomer, organiser, a_camera, tmp_path):
    ticket = organiser.draws_code("d05")
    shown = picture(ticket.locator(".scan svg"))
    (text,) = read(shown)
    address, code = tickets.read(text)
    assert address == square.hub.url == ticket.locator(".typed code").inner_text()
    assert protocol.read_code(code) == protocol.read_code(ticket.locator(".token").inner_text())

    installer = Installer(a_camera(film(shown, tmp_path / "camera.y4m")), newcomer.url)
    installer.comes().opens_camera()
    digits = installer.reads_digits()
    assert organiser.reads_digits() == [digits]  # the page with the code brings them by itself
    organiser.says("same")
    installer.is_ready()
    device = next(line for line in square.hub.ask("devices").splitlines() if "\td05\t" in line)
    assert device.split("\t")[4] == "opened"
    expect(organiser.page.locator(f"#tablet-{device.split()[0]}")).to_be_visible()
    installer.press(installer.page.locator(".joined .button[href='/']"))
    installer.sees(".attract .doors")
    assert '"ready":true' in installer.page.request.get(newcomer.url + "/healthz").text()


@at_length
def test_a_slip_off_the_printed_sheet_is_read_too(tablet, organiser, a_camera, tmp_path):
    slips = organiser.prints_sheet()
    assert slips.count() > 12
    texts = read(picture(organiser.page.locator("main")))
    codes = [tickets.read(text)[1] for text in texts]
    typed = [one.inner_text().split()[-1] for one in slips.locator(".strip-code").all()]
    assert sorted(protocol.read_code(code) for code in codes) == sorted(protocol.read_code(code) for code in typed)
    installer = Installer(a_camera(film(picture(slips.nth(7)), tmp_path / "camera.y4m")), tablet.url)
    installer.comes().opens_camera()
    digits = installer.reads_digits()
    organiser.opens("devices")
    assert organiser.reads_digits() == [digits]


def test_on_paper_a_slip_keeps_whole_and_twenty_fit_two_pages(organiser):
    organiser.prints_sheet()
    organiser.page.emulate_media(media="print")
    heights = organiser.page.locator(".strip-slip").evaluate_all(
        "slips => slips.map((one) => one.scrollHeight - one.clientHeight)"
    )
    assert max(heights) <= 0  # nothing is cut off
    pdf = organiser.page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == 2
    size = organiser.page.locator(".strip-qr svg").first.bounding_box()
    assert size is not None
    assert size["width"] >= 140  # 37 mm at 96 dots an inch


def test_what_was_photographed_and_used_by_another_is_made_void(square, tablet, newcomer, organiser, screens):
    ticket = organiser.draws_code("d07")
    hub, code = square.hub.url, ticket.locator(".token").inner_text()
    thief = Installer(screens.open(LYING), newcomer.url).comes().types_code(hub, code)
    stolen = thief.reads_digits()
    ours = Installer(screens.open(STANDING), tablet.url).comes().types_code(hub, code)
    assert "已用过" in ours.sees("#problem").inner_text()
    assert organiser.reads_digits() == [stolen]
    organiser.says("different")
    assert "作废" in thief.sees("#problem").inner_text()
    expect(organiser.page.locator("#waiting .digits")).to_have_count(0)
    ours.types_code(hub, organiser.draws_code("d07").locator(".token").inner_text())
    assert organiser.reads_digits() == [ours.reads_digits()]


def test_without_javascript_one_types_and_the_page_asks_by_itself(square, newcomer, organiser, screens):
    code = organiser.draws_code("d06").locator(".token").inner_text()
    installer = Installer(screens.open(LYING, java_script_enabled=False), newcomer.url)
    installer.comes()
    expect(installer.page.locator("[data-scan-start]")).to_be_hidden()
    installer.types_code(square.hub.url, code)
    assert organiser.reads_digits() == [installer.reads_digits()]
    organiser.says("same")
    installer.is_ready()


# --- the camera -----------------------------------------------------------------------------------


def test_a_camera_that_is_not_allowed_is_said_and_the_other_ways_are_there(tablet, a_camera, tmp_path):
    page = a_camera(film(Image.new("L", (10, 10)), tmp_path / "camera.y4m"), allowed=False)
    installer = Installer(page, tablet.url).comes().opens_camera()
    expect(page.locator(".scanner-say")).to_contain_text("许可")
    assert installer.page.locator("#code").is_visible()
    assert page.locator("[data-scan-start]").is_enabled()


@at_length
def test_a_tablet_without_a_camera_says_so(tablet, a_camera):
    page = a_camera()
    Installer(page, tablet.url).comes().opens_camera()
    expect(page.locator(".scanner-say")).to_contain_text("没有找到相机")


@at_length
def test_the_camera_goes_out_when_it_is_closed_and_when_one_leaves(tablet, a_camera, tmp_path):
    page = a_camera(film(Image.new("L", (10, 10), 255), tmp_path / "camera.y4m"))
    page.add_init_script(
        "const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (wish) => (globalThis.seen = await get(wish));"
    )
    installer = Installer(page, tablet.url).comes().opens_camera()
    installer.sees(".scanner-on")
    tracks = "seen.getTracks().map((one) => one.readyState)"
    assert page.evaluate(tracks) == ["live"]
    installer.press(page.locator("[data-scan-stop]"))
    assert page.evaluate(tracks) == ["ended"]
    installer.opens_camera().sees(".scanner-on")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert page.evaluate(tracks) == ["ended"]


def test_only_a_page_that_scans_may_have_the_camera(square, tablet, a_visitor):
    visitor = a_visitor(square).comes()
    policy = "document.featurePolicy.allowsFeature('camera')"
    assert visitor.page.evaluate(policy) is False
    visitor.page.goto(tablet.url + "/enrol")
    assert visitor.page.evaluate(policy) is True


@at_length
@pytest.mark.parametrize("kind", ["text", "photo", "slanted photo"])
def test_a_file_or_a_photo_of_the_code_will_do(tablet, organiser, screens, tmp_path, kind):
    ticket = organiser.draws_code("d07")
    if kind == "text":
        with organiser.page.expect_download() as download:
            organiser.press(ticket.locator("form[action$=file] button"))
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.name == "kiosk-enrol-d07.txt"
    else:
        file = tmp_path / "photo.jpg"
        image = Image.new("L", (4000, 3000), 190)
        shown = picture(ticket.locator(".scan svg")).resize((900, 900))
        image.paste(shown, (1700, 1100))
        turned = image.rotate(17, Image.Resampling.BILINEAR, fillcolor=190) if kind.startswith("slanted") else image
        turned.save(file, quality=70)
    installer = Installer(screens.open(LYING), tablet.url).comes()
    installer.page.locator("[data-scan-file]").set_input_files(file)
    assert organiser.reads_digits() == [installer.reads_digits()]


@at_length
def test_a_file_without_a_code_is_said(tablet, screens, tmp_path):
    installer = Installer(screens.open(LYING), tablet.url).comes()
    for name, content in (("cat.jpg", _jpeg()), ("x.jpg", b"no picture"), ("long.txt", b"x" * 100_000)):
        file = tmp_path / name
        file.write_bytes(content)
        installer.page.locator("[data-scan-file]").set_input_files(file)
        expect(installer.page.locator(".scanner-say")).to_contain_text("没有读到")


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(out, "JPEG")
    return out.getvalue()
