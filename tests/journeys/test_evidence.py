"""Photos for a complaint: by the tablet's camera in the page, or from the visitor's phone; seen by the caseworker."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys import leaks
from tests.journeys.cameras import films
from tests.journeys.fair import Fair
from tests.journeys.people import Complaining, Visitor, Volunteer
from tests.journeys.screens import PHONE, STANDING, Watch
from tests.journeys.test_brought import a_bottle
from tests.photos import EXIF_MARK, a_heic, a_photo
from tests.proof import at_length


def is_drawn(page: Page, picture: str) -> bool:
    """Whether a picture is more than a place for one."""
    image = page.locator(picture)
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", value=True)
    return int(image.evaluate("one => one.naturalWidth")) > 0


_HAS_RUN = "seconds => document.querySelector('[data-view] video')?.currentTime > seconds"


def shoots(page: Page, after: float = 0) -> None:
    """`after`: how much of the film has gone by, s; it begins anew whenever the camera is opened."""
    expect(page.locator("[data-view] video")).to_have_js_property("videoWidth", 640)
    page.wait_for_function(_HAS_RUN, arg=after)
    page.get_by_role("button", name="拍下").click()
    expect(page.get_by_text("看看清楚不清楚")).to_be_visible()


def takes_photo(page: Page, after: float = 0) -> None:
    page.get_by_role("button", name="打开相机").click()
    shoots(page, after)
    assert page.evaluate("document.querySelector('video').srcObject") is None  # its light is out
    page.get_by_role("button", name="收下这张").click()
    expect(page.get_by_role("button", name="打开相机")).to_be_visible()


def test_a_volunteer_photographs_the_slip_with_the_tablet(
    fair: Fair, a_camera, an_organiser, watch: Watch, tmp_path: Path
):
    turned = [a_bottle().rotate(angle, fillcolor=90) for angle in range(0, 60, 3)]  # no two shots are the same photo
    page = a_camera(films(turned, tmp_path / "bottle.y4m", frames=2))
    watch.hosts |= {fair.booth.url.partition("//")[2]}
    volunteer = Volunteer(page, fair.booth.url).signs_in().opens_complaint().fills_until("photos")
    assert page.locator("[type=file]").count() == 0
    takes_photo(page)
    expect(page.locator("[data-number] img")).to_have_count(1)
    page.get_by_role("button", name="打开相机").click()  # another one, and once more: it was not sharp
    shoots(page)
    page.get_by_role("button", name="重拍").click()
    shoots(page, after=1)
    expect(page.locator("button[value=next]")).to_be_disabled()  # or it would be lost
    page.get_by_role("button", name="收下这张").click()
    expect(page.get_by_role("button", name="打开相机")).to_be_visible()
    while page.locator("[data-number]").count() < 2:  # the very frame of the first: that one is there already
        takes_photo(page, after=1.3)
    volunteer.goes_on()  # and back: what this page saw is still to be seen
    volunteer.is_on_screen("request").goes_back()
    expect(page.locator("[data-number] img")).to_have_count(2)
    page.get_by_role("button", name="删掉第 1 张").click()
    expect(page.locator("[data-number]")).to_have_count(1)
    page.set_viewport_size({"width": STANDING[0], "height": STANDING[1]})
    expect(page.locator("[data-number='2'] img")).to_be_visible()

    case = volunteer.files_complaint(first="photos")
    fair.sync()
    office = an_organiser(fair)
    office.opens_case(case)
    assert is_drawn(office.page, ".photos img")


@at_length
def test_a_visitor_sends_photos_from_the_phone(fair: Fair, screens, an_organiser, a_visitor, tmp_path: Path):
    tablet: Visitor = a_visitor(fair).goes_to("/complaint/settle")
    address = "http://" + tablet.sees(".way-address").inner_text()
    phone = Complaining(screens.open(PHONE), fair.hub.url)
    phone.page.goto(address)
    phone.begins().fills_until("photos")
    screens.watch.allow("422")
    files = [
        {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": a_photo()},
        {"name": "2.heic", "mimeType": "image/heic", "buffer": a_heic(seed=2)},
        {"name": "3.gif", "mimeType": "image/gif", "buffer": a_photo("GIF")},
    ]
    assert EXIF_MARK.encode() in a_photo()
    phone.page.locator("[data-pick][multiple]").set_input_files(files)
    expect(phone.page.locator("[data-told]")).to_contain_text("这种文件收不了")
    expect(phone.page.locator("[data-number]")).to_have_count(2)
    expect(phone.page.locator("[data-number='1'] img")).to_be_visible()
    case = phone.files_complaint(first="photos")

    office = an_organiser(fair)
    office.opens_case(case)
    for number in (1, 2):
        assert is_drawn(office.page, f".photos img[src$='/{number}.jpg']")
    answer = office.page.request.get(f"{fair.hub.url}/fairs/demo/cases/{case}/photos/1.jpg")
    assert Image.open(io.BytesIO(answer.body())).size == (640, 480)
    assert EXIF_MARK.encode() not in answer.body()
    assert leaks.hits([fair.folder], [EXIF_MARK]) == []
