"""Is the number on my packet right? Every checker, by touch and by keyboard; a camera only fills the field in."""

import pytest
from PIL import Image
from playwright.sync_api import expect

from kiosk.codes.catalogue import KINDS
from tests.codes.examples import PERSONAL, RIGHT, WRONG
from tests.journeys.cameras import film
from tests.journeys.people import Visitor
from tests.journeys.screens import LYING, STANDING
from tests.journeys.test_phone import picture_of, read_code

#: What the browser of a tablet brings along and the one of these stories does not: it reads whatever it sees as this.
DETECTOR = """globalThis.BarcodeDetector = class {
  static getSupportedFormats() { return Promise.resolve(["ean_13", "qr_code"]); }
  detect() { return Promise.resolve([{ rawValue: "6901234567892" }]); }
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


@pytest.mark.parametrize(("hand", "size"), [("touch", STANDING), ("keyboard", LYING)])
def test_every_checker_takes_a_right_and_a_wrong_number(fair, a_visitor, hand, size):
    visitor = a_visitor(fair, size, hand=hand).comes()
    visitor.press(visitor.page.locator("a[href='/gallery']"))
    visitor.press(visitor.page.locator("a[href='/check']"))
    visitor.sees("#code")
    for kind in KINDS:
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


def test_without_a_reader_of_barcodes_there_is_no_key_for_the_camera(fair, a_visitor):
    visitor = a_visitor(fair).goes_to("/check")
    visitor.sees("#code")
    assert visitor.page.evaluate("'BarcodeDetector' in globalThis") is False
    expect(visitor.page.locator("[data-scan-start]")).to_be_hidden()


def test_what_the_camera_reads_stands_in_the_field_before_anything_is_sent(fair, a_camera, watch, tmp_path):
    page = a_camera(film(Image.new("L", (300, 300), 255), tmp_path / "camera.y4m"))
    watch.hosts.add(fair.booth.url.partition("//")[2])
    page.add_init_script(DETECTOR)
    visitor = Visitor(page, fair.booth.url).goes_to("/check")
    visitor.press(visitor.sees("[data-scan-start]"))
    expect(page.locator("#code")).to_have_value("6901234567892")
    expect(page.locator(".asking-form .button")).to_be_focused()
    expect(page.locator("[data-scan-start]")).to_be_visible()  # the camera is off again
    visitor.press(page.locator(".asking-form .button"))
    visitor.sees(".told-right")
