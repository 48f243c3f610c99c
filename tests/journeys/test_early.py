"""Whoever is faster than the page's script, or than the network: nothing of what was touched or chosen is lost."""

import time
from contextlib import contextmanager

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.journeys.people import Complaining
from tests.journeys.screens import PATIENCE, PHONE
from tests.journeys.test_quiz import added
from tests.journeys.test_wifi_complaint import OnOwnPhone
from tests.photos import a_photo
from tests.proof import at_length

VOICE = "speechSynthesis.getVoices = () => [{ lang: 'zh-CN', name: 'a voice' }];"


@contextmanager
def held_back(page, pattern):
    """What is asked for meanwhile is answered at the end of the block, when somebody has asked."""
    waiting, opened = [], []
    page.route(pattern, lambda route: route.continue_() if opened else waiting.append(route))
    yield
    deadline = time.monotonic() + PATIENCE / 1000
    while not waiting:  # whoever is quick is done before the browser has got as far
        assert time.monotonic() < deadline, f"nobody asked for {pattern}"
        page.wait_for_timeout(20)
    opened.append(True)
    for route in waiting:
        route.continue_()


def a_picture(kind="JPEG", seed=1):
    return {"name": f"slip.{kind}", "mimeType": f"image/{kind.lower()}", "buffer": a_photo(kind, seed=seed)}


@pytest.fixture
def newcomer(fair, a_visitor, screens):
    """At the question before the form of a complaint, on the hub's own page."""
    tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), fair.hub.url)
    phone.page.add_init_script(VOICE)
    phone.page.goto("http://" + tablet.page.locator(".way-address").inner_text())
    return phone


@pytest.fixture
def phone(newcomer):
    """At the form, with the scripts that every page has."""
    newcomer.begins().is_on_screen("notice").page.wait_for_load_state()
    return newcomer


def test_touches_before_the_counters_script_are_as_many_facts_and_leaving_waits_for_them(fair, a_volunteer):
    before = fair.figures()
    volunteer = a_volunteer(fair)
    with held_back(volunteer.page, "**/js/taps.js*"):
        volunteer.signs_in()
        for _ in range(3):
            volunteer.touches(volunteer.key("headcount"))
        volunteer.touches(volunteer.page.locator("a[href='/staff/complaint']").first)
    volunteer.sees(".triage-ways")
    fair.sync()
    assert added(before, fair.figures()) == {"headcount": 3}


def test_a_photo_chosen_before_its_script_goes_along(phone):
    with held_back(phone.page, "**/js/photos.js*"):
        phone.fills_until("photos")
        phone.page.locator("[data-pick][multiple]").set_input_files(a_picture())
        phone.goes_on()
    phone.is_on_screen("request").goes_back()
    expect(phone.is_on_screen("photos").page.locator("[data-number] img")).to_have_count(1)


@at_length
def test_a_photo_chosen_before_any_script_goes_along(newcomer):
    with held_back(newcomer.page, "**/js/hub.js*"):
        newcomer.begins().fills_until("photos")
        newcomer.page.locator("[data-pick][multiple]").set_input_files(a_picture())
        newcomer.goes_on()
        newcomer.is_on_screen("request")
    newcomer.goes_back()
    expect(newcomer.is_on_screen("photos").page.locator("[data-number]")).to_have_count(1)


def test_whoever_goes_on_waits_for_the_photo_and_hears_why_one_was_not_taken(phone, watch):
    watch.allow("422")
    phone.fills_until("photos")
    pick = phone.page.locator("[data-photos][data-live] [data-pick][multiple]")
    with held_back(phone.page, "**/photos"):
        pick.set_input_files(a_picture("GIF"))
        phone.goes_on()
    expect(phone.is_on_screen("photos").page.locator("[data-told]")).to_contain_text("这种文件收不了")
    phone.page.unroute_all()
    with held_back(phone.page, "**/photos"):
        pick.set_input_files([a_picture(), a_picture(seed=2)])
        phone.goes_on()
        phone.is_on_screen("photos")
    phone.is_on_screen("request").goes_back()
    expect(phone.is_on_screen("photos").page.locator("[data-number]")).to_have_count(2)


@at_length
def test_in_the_booths_wifi_one_waits_for_the_photo_too(fair, screens):
    screens.watch.hosts.add(fair.phone_url.partition("//")[2])
    screens.watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
    phone = OnOwnPhone(screens.open(PHONE), fair.phone_url).goes_to("/m/complaint/settle").fills_until("photos")
    phone.picks(b"%PDF-1.7")
    expect(phone.page.locator("[data-told]")).to_contain_text("这种文件收不了")
    with held_back(phone.page, "**/m/complaint/photos"):
        phone.picks(a_photo())
        phone.goes_on()
        phone.is_on_screen("photos")
    phone.is_on_screen("request").goes_back()
    expect(phone.is_on_screen("photos").page.locator("[data-number]")).to_have_count(1)


def test_a_part_of_the_script_that_could_not_be_had_is_asked_for_again(fair, a_visitor, watch):
    watch.allow("ERR_FAILED")
    visitor = a_visitor(fair, clock=True).comes()
    visitor.page.route("**/js/idle.js*", lambda route: route.abort(), times=1)
    with visitor.page.expect_event("requestfailed"):
        visitor.opens_quiz()
    visitor.page.clock.run_for(3_000)
    visitor.page.locator("#still[data-awake]").wait_for(state="attached")


def test_of_two_files_the_one_chosen_last_is_read(fair, screens, tmp_path):
    drawn = memoryview(zxingcpp.create_barcode("K315R1:anything", zxingcpp.QRCode).to_image(scale=8))
    Image.frombytes("L", (drawn.shape[1], drawn.shape[0]), drawn.tobytes()).save(tmp_path / "code.png")
    Image.effect_noise((300, 200), 60).save(tmp_path / "cat.jpg")
    page = screens.open(PHONE)
    screens.watch.hosts.add(fair.hub.url.partition("//")[2])
    page.goto(f"{fair.hub.url}/m/receipt")
    page.locator("[data-scan]").wait_for()
    with held_back(page, "**/qr/decode.js*"):  # the first one is still being read
        for name in ("code.png", "cat.jpg"):
            page.locator("[data-scan-file]").set_input_files(tmp_path / name)
    expect(page.locator(".scanner-say")).to_contain_text("没有读到")
    expect(page.locator("#receipt")).to_have_value("")


@at_length
def test_on_a_phone_every_screen_is_read_out_and_the_receipt_can_be_printed(phone):
    key = phone.page.locator("[data-speak]")
    for screen in ("notice", "who"):
        expect(phone.is_on_screen(screen).page.locator("[data-speak]")).to_be_visible()
        phone.fills_screen(screen).goes_on()
    expect(key).to_be_visible()
    phone.files_complaint(first="respondent")
    expect(phone.page.locator("[data-print]")).to_be_visible()
