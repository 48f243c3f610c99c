"""A fake that somebody brought: from the camera to the visitors, and from a card on the table to its page."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from kiosk import demo
from tests.journeys.cameras import film, picture, read
from tests.journeys.fair import Fair
from tests.journeys.people import Volunteer
from tests.journeys.screens import PHONE, Watch
from tests.proof import at_length


def a_bottle() -> Image.Image:
    """What lies before the camera."""
    image = Image.new("L", (600, 450), 90)
    brush = ImageDraw.Draw(image)
    brush.rectangle((180, 30, 420, 420), fill=230, outline=20, width=8)
    for line in range(90, 400, 60):
        brush.rectangle((210, line, 390, line + 18), fill=60)
    return image


def signs_in(page: Page, fair: Fair, watch: Watch) -> None:
    watch.hosts |= {fair.booth.url.partition("//")[2]}
    Volunteer(page, fair.booth.url).signs_in()


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Over the photo, in fractions of it."""
    box = page.locator(".own-boxes").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.mouse.up()


def touch(page: Page, x: float, y: float) -> None:
    box = page.locator(".own-boxes").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])


def places_of(page: Page) -> list[list[int]]:
    """As the page will send them: left, top, width, height in ten thousandths."""
    text = page.locator("[name=places]").input_value()
    return [[int(one) for one in part.partition(":")[2].split(",")] for part in text.split(";") if part]


@at_length
def test_a_fake_that_was_brought_is_on_show_a_minute_later(
    fair: Fair, a_camera, a_visitor, watch: Watch, tmp_path: Path
):
    page = a_camera(film(a_bottle(), tmp_path / "bottle.y4m"))
    signs_in(page, fair, watch)
    page.locator(".counter-foot a", has_text="展品").click()
    page.get_by_text("拍一件新的").click()

    expect(page.get_by_text("请不要拍到人脸、证件、单号")).to_be_visible()
    expect(page.locator(".snap-file")).to_be_visible()  # beside the camera, in the words of the page
    page.get_by_role("button", name="打开相机").click()
    expect(page.locator("video")).to_have_js_property("videoWidth", 640)
    page.get_by_role("button", name="拍下").click()
    expect(page.get_by_text("看看清楚不清楚")).to_be_visible()
    assert page.evaluate("document.querySelector('video').srcObject") is None  # its light is out
    page.get_by_role("button", name="用这张").click()

    page.locator(".own-live").wait_for()
    drag(page, (0.3, 0.2), (0.7, 0.35))  # by mouse
    touch(page, 0.35, 0.6)  # by finger: two corners
    expect(page.get_by_text("再点对面的一角")).to_be_visible()
    touch(page, 0.65, 0.75)
    page.get_by_role("button", name="加一处").click()  # and by keyboard
    before = places_of(page)
    for key in ("ArrowDown", "ArrowLeft", "Shift+ArrowRight"):
        page.keyboard.press(key)
    third = places_of(page)[2]
    assert third == [before[2][0] - 100, before[2][1] + 100, before[2][2] + 100, before[2][3]]
    page.keyboard.press("Delete")
    found = places_of(page)
    assert len(found) == 2
    assert found[0] == pytest.approx([3000, 2000, 4000, 1500], abs=60)
    assert found[1] == pytest.approx([3500, 6000, 3000, 1500], abs=60)
    page.get_by_role("button", name="写明哪里不对").click()

    page.wait_for_url("**/words")
    watch.allow("422")
    page.get_by_role("button", name="看一遍").click()
    expect(page.get_by_role("alert").filter(has_text="都要写中文")).to_be_visible()
    page.fill("#title_zh", "一瓶“老井坊”白酒")
    kept = re.compile("wrong_1_zh=%")
    with page.expect_response(lambda answer: bool(kept.search(answer.request.post_data or ""))):
        page.fill("#wrong_1_zh", "厂名印得发虚")  # kept while one types: nobody pressed anything
    page.goto(page.url)
    expect(page.locator("#wrong_1_zh")).to_have_value("厂名印得发虚")
    page.fill("#check_1_zh", "在亮处看笔画清楚不清楚。")
    page.fill("#wrong_2_zh", "没有生产日期")
    page.fill("#check_2_zh", "找到年、月、日再买。")
    page.get_by_role("button", name="看一遍").click()

    page.wait_for_url("**/look")
    expect(page.get_by_text("本台工作人员核对的说明，不是法律结论")).to_be_visible()
    for digit in demo.PIN:
        page.locator(f".keypad button[value='{digit}']").click()
    page.get_by_role("button", name="核对过了，展出").click()
    expect(page.get_by_text("正在展出")).to_be_visible()

    visitor = a_visitor(fair)
    visitor.goes_to("/gallery")
    visitor.page.locator(".card", has_text="老井坊").click()
    expect(visitor.page.get_by_text("没有生产日期")).to_be_visible()
    expect(visitor.page.locator(".marks .mark")).to_have_count(2)
    expect(visitor.page.locator(".own-photo img")).not_to_have_js_property("naturalWidth", 0)
    own = page.locator(".own-card", has_text="老井坊")
    own.get_by_role("button", name=re.compile("撤下")).click()
    expect(own.get_by_text("已撤下")).to_be_visible()
    watch.allow("404")
    visitor.page.reload()
    expect(visitor.page.get_by_text("没有这件展品")).to_be_visible()


@at_length
def test_without_a_camera_a_photo_is_chosen(fair: Fair, a_camera, watch: Watch, tmp_path: Path):
    file = tmp_path / "bottle.webp"
    a_bottle().save(file)
    page = a_camera()
    signs_in(page, fair, watch)
    page.goto(f"{fair.booth.url}/staff/exhibits/new")
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_text("没有找到相机")).to_be_visible()
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as out:
        out.truncate(200 * 2**20)
    page.set_input_files("[type=file]", huge)
    expect(page.get_by_text("照片文件太大，最多 20 MB")).to_be_visible()
    expect(page.get_by_role("button", name="用这张")).to_be_hidden()  # it is not even sent
    page.set_input_files("[type=file]", file)
    page.get_by_role("button", name="用这张").click()
    page.wait_for_url("**/places")
    page.goto(f"{fair.booth.url}/staff/exhibits")
    nameless = page.locator(".own-card", has_text="还没有名称")
    nameless.locator("summary").click()
    nameless.get_by_role("button", name="照片和文字都删掉").click()
    expect(nameless).to_have_count(0)


@at_length
def test_a_card_from_the_printer_opens_its_exhibit(
    fair: Fair, a_volunteer, a_camera, screens, watch: Watch, tmp_path: Path
):
    volunteer = a_volunteer(fair).signs_in()
    volunteer.goes_to("/gallery/cards")
    volunteer.page.emulate_media(media="print")
    card = volunteer.page.locator(".table-card").nth(2)
    number, title = card.locator(".table-number").inner_text(), card.locator("h2").inner_text()
    seen = picture(card)
    [address] = read(seen)
    assert address.startswith(f"{fair.phone_url}/m/gallery/")

    page = a_camera(film(seen, tmp_path / "card.y4m", size=(1280, 960)))
    page.goto(f"{fair.booth.url}/gallery")
    page.get_by_text("扫卡片").click()
    page.get_by_role("button", name="打开相机扫码").click()
    expect(page.locator(".exhibit-name")).to_contain_text(title)
    page.goto(f"{fair.booth.url}/gallery/scan")
    page.get_by_label("或者输入卡片上的号码").fill(number)
    page.get_by_role("button", name="打开", exact=True).click()
    expect(page.locator(".exhibit-name")).to_contain_text(title)

    watch.hosts.add(fair.phone_url.partition("//")[2])
    watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
    phone = screens.open(PHONE)
    phone.goto(address)
    expect(phone.locator("h1")).to_contain_text(title)
