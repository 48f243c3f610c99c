"""Is the number on my packet right? Every checker, by touch and by keyboard; a camera only fills the field in."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageOps
from playwright.sync_api import expect

from kiosk.codes.catalogue import KINDS
from tests.codes.examples import PERSONAL, RIGHT, WRONG
from tests.journeys.cameras import film, films
from tests.journeys.people import Visitor
from tests.journeys.screens import LYING, STANDING
from tests.journeys.test_phone import picture_of, read_code
from tests.proof import at_length, share

#: What the browser of a tablet brings along and the one of these stories does not: it reads whatever it sees as this.
DETECTOR = """globalThis.BarcodeDetector = class {
  static getSupportedFormats() { return Promise.resolve(["ean_13", "upc_a", "qr_code"]); }
  detect() { return Promise.resolve([{ rawValue: "CODE", format: "FORMAT" }]); }
};"""


def checks(visitor: Visitor, code: str) -> str:
    """Type a number and press the key; what the page comes to."""
    visitor.types("code", code)
    visitor.press(visitor.page.locator(".asking-form .button"))
    said = visitor.sees(".told-verdict").first.inner_text()
    assert code not in visitor.page.url
    visitor.press(visitor.page.locator(".told-keys .button"))
    visitor.sees("#code")
    return said


@pytest.mark.parametrize(
    ("hand", "size", "kinds"),
    [
        pytest.param("touch", STANDING, share(KINDS, KINDS[::4]), id="touch"),
        pytest.param("keyboard", LYING, KINDS, id="keyboard", marks=at_length),
    ],
)
def test_every_checker_takes_a_right_and_a_wrong_number(fair, a_visitor, hand, size, kinds):
    visitor = a_visitor(fair, size, hand=hand).comes()
    visitor.press(visitor.page.locator("a[href='/gallery']"))
    visitor.press(visitor.page.locator("a[href='/check']"))
    visitor.sees("#code")
    for kind in kinds:
        right = checks(visitor, RIGHT[kind.id][0])
        assert right in {"校验码对得上", "写法对", "和常见的写法一样"}, kind.id
        assert (right == "校验码对得上") == bool(kind.check)
        wrong = checks(visitor, WRONG[kind.id][0])
        assert wrong in {"校验码对不上", "写法不对", "和常见的写法不一样"}, kind.id


@pytest.mark.parametrize("javascript", [True, False])
def test_an_example_is_one_touch_and_a_look_alike_one_more(fair, a_visitor, javascript):
    visitor = a_visitor(fair, java_script_enabled=javascript).goes_to("/check")
    visitor.press(visitor.page.locator(".sample").first)
    assert visitor.sees(".told-verdict").inner_text() == "校验码对得上"
    visitor.press(visitor.page.locator(".told-keys .button"))
    visitor.sees("#code")
    visitor.types("code", "sc1o111010812347")
    visitor.press(visitor.page.locator(".asking-form .button"))
    assert visitor.sees(".signs mark").inner_text() == "O"
    visitor.press(visitor.page.locator(".told-ask button"))
    visitor.sees(".told-right")


def test_a_personal_number_is_gone_from_the_screen(fair, a_visitor):
    visitor = a_visitor(fair).goes_to("/check")
    assert checks(visitor, PERSONAL[0]) == "这个号码不查"
    expect(visitor.page.locator("#code")).to_have_value("")


def test_a_phone_does_not_even_send_what_looks_like_a_person_s_number(fair, a_visitor, a_phone):
    phone = a_phone(fair, read_code(picture_of(a_visitor(fair).comes()))).goes_to("/m/check")
    sent = []
    phone.page.on("request", lambda request: sent.append(request.post_data) if request.method == "POST" else None)
    for text in ("13900000000", "139 0000 0000", "电话13900000000", "110101190001010014", "6217 0000 0000 0000 06"):
        phone.types("code", text)
        phone.press(phone.page.locator(".asking-form .button"))
        expect(phone.page.locator("#code:invalid")).to_have_value(text)
    assert sent == []
    for kind in KINDS:
        phone.types("code", RIGHT[kind.id][0])
        expect(phone.page.locator("#code:valid")).to_be_visible()
    assert checks(phone, "6901234567892") == "校验码对得上"


def test_on_a_phone_without_encryption_there_is_no_key_for_the_camera(fair, a_visitor, a_phone):
    phone = a_phone(fair, read_code(picture_of(a_visitor(fair).comes()))).goes_to("/m/check")
    phone.sees("#code")
    expect(phone.page.locator("[data-scan-start]")).to_be_hidden()


def packet(code: str, form: zxingcpp.BarcodeFormat, file: Path, *, turned: float = 0) -> Path:
    """What a camera sees that is held before a packet, turned by so many degrees; no camera's picture is clean."""
    drawn = memoryview(zxingcpp.create_barcode(code, form).to_image(scale=3))
    bars = Image.frombytes("L", (drawn.shape[1], drawn.shape[0]), drawn.tobytes())
    paper = ImageOps.expand(bars, 20, 255).rotate(turned, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    seen = ImageChops.add(paper, Image.effect_noise(paper.size, 8), offset=-128)
    return films([seen], file, frames=3, size=(1280, 720))


BARCODES = [
    pytest.param("6901234567892", zxingcpp.EAN13, 0, "6901234567892", "13", id="EAN-13"),
    pytest.param("6901234567892", zxingcpp.EAN13, 90, "6901234567892", "13", id="EAN-13 on its side"),
    pytest.param("96385074", zxingcpp.EAN8, 12, "96385074", "8", id="EAN-8 askew"),
    pytest.param("013900000001", zxingcpp.UPCA, 180, "UPC 013900000001", "12", id="UPC-A upside down"),
    pytest.param("04252614", zxingcpp.UPCE, 0, "UPC 04252614", "UPC-E", id="UPC-E"),
    pytest.param("11234538", zxingcpp.UPCE, 187, "UPC 11234538", "UPC-E", id="UPC-E of system 1"),
    pytest.param("16901234567899", zxingcpp.ITF14, 0, "16901234567899", "14", id="ITF-14"),
]


@pytest.mark.parametrize(("code", "form", "turned", "typed", "kind"), share(BARCODES, BARCODES[1:2]))
def test_a_barcode_is_read_where_the_browser_itself_reads_none(
    fair, a_camera, watch, tmp_path, code, form, turned, typed, kind
):
    page = a_camera(packet(code, form, tmp_path / "camera.y4m", turned=turned))
    watch.hosts.add(fair.booth.url.partition("//")[2])
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    visitor = Visitor(page, fair.booth.url).goes_to("/check")
    visitor.sees("[data-scan-start]")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("'BarcodeDetector' in globalThis") is False
    assert [url for url in loaded if "vendor/zxing" in url or "barcodes.js" in url] == []
    visitor.press(page.locator("[data-scan-start]"))
    expect(page.locator("#code")).to_have_value(typed)
    assert len([url for url in loaded if "vendor/zxing" in url]) == 1
    visitor.press(page.locator(".asking-form .button"))
    visitor.sees(".told-right")
    assert kind in visitor.sees(".told").first.inner_text()


@at_length
def test_a_reader_that_breaks_its_promise_is_replaced(fair, a_camera, watch, tmp_path):
    """Some systems lack the service behind it."""
    page = a_camera(packet("6901234567892", zxingcpp.EAN13, tmp_path / "camera.y4m"))
    watch.hosts.add(fair.booth.url.partition("//")[2])
    page.add_init_script(DETECTOR.replace("Promise.resolve([{", "Promise.reject([{"))
    visitor = Visitor(page, fair.booth.url).goes_to("/check")
    visitor.press(visitor.sees("[data-scan-start]"))
    expect(page.locator("#code")).to_have_value("6901234567892")


def test_where_no_reader_can_be_loaded_the_page_says_so_and_the_camera_stays_off(fair, a_camera, watch, tmp_path):
    page = a_camera(packet("6901234567892", zxingcpp.EAN13, tmp_path / "camera.y4m"))
    watch.hosts.add(fair.booth.url.partition("//")[2])
    watch.allow("zxing.min.js")
    page.route("**/zxing.min.js", lambda route: route.abort())
    visitor = Visitor(page, fair.booth.url).goes_to("/check")
    visitor.press(visitor.sees("[data-scan-start]"))
    expect(page.locator(".scanner-say")).to_have_text("这里没法用相机读条码，请直接打号码。")
    expect(page.locator("video")).to_be_hidden()
    expect(page.locator("[data-scan-start]")).to_be_enabled()


@pytest.mark.parametrize(
    ("code", "form", "typed"),
    [
        pytest.param("6901234567892", "ean_13", "6901234567892", id="EAN", marks=at_length),
        # Twelve digits alone might be somebody's mobile number, and would be refused.
        pytest.param("013900000001", "upc_a", "UPC 013900000001", id="UPC"),
    ],
)
def test_what_the_camera_reads_stands_in_the_field_before_anything_is_sent(
    fair, a_camera, watch, tmp_path, code, form, typed
):
    page = a_camera(film(Image.new("L", (300, 300), 255), tmp_path / "camera.y4m"))
    watch.hosts.add(fair.booth.url.partition("//")[2])
    page.add_init_script(DETECTOR.replace("CODE", code).replace("FORMAT", form))
    visitor = Visitor(page, fair.booth.url).goes_to("/check")
    visitor.press(visitor.sees("[data-scan-start]"))
    expect(page.locator("#code")).to_have_value(typed)
    expect(page.locator(".asking-form .button")).to_be_focused()
    expect(page.locator("[data-scan-start]")).to_be_visible()  # the camera is off again
    visitor.press(page.locator(".asking-form .button"))
    visitor.sees(".told-right")
