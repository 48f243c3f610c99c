"""The end of the day without a network: slips and codes that are looked at, not sent; and what the hub says then."""

import random

from playwright.sync_api import expect

from kiosk.sync import sequence
from tests.journeys.cameras import film, films, picture, read
from tests.journeys.people import Organiser, Volunteer
from tests.journeys.screens import PHONE
from tests.proof import at_length


def works(volunteer: Volunteer) -> None:
    """A morning at the desk."""
    for n in (5, 5, 1):
        volunteer.counts("headcount", n)
    for _ in range(6):
        volunteer.counts("leaflet.law", 50)
    volunteer.counts("board")
    volunteer.takes_back("board", 1)


@at_length
def test_a_slip_is_photographed_and_compared_and_what_it_misses_is_brought_by_codes(
    own_fair, a_volunteer, an_organiser, watch
):
    fair = own_fair
    volunteer = a_volunteer(fair).signs_in()
    works(volunteer)
    code = volunteer.closes_day()
    (slip,) = read(picture(volunteer.page.locator("#slip-qr")))
    count = int(volunteer.page.locator("#slip-count").inner_text())

    organiser: Organiser = an_organiser(fair).hands_in(slip)
    expect(organiser.page.locator("#outcome")).to_contain_text(f"0 / {count} 不一致")

    of = volunteer.stops_codes()
    texts = [text for _ in range(of) for text in read(picture(volunteer.steps()))]
    assert len(set(texts)) == of > 2
    random.Random(315).shuffle(texts)
    organiser.hands_in(*texts)
    expect(organiser.page.locator("#taken .tally")).to_have_text(f"{count} / {count}")
    (receipt,) = read(picture(organiser.page.locator(".receipt-code")))
    assert receipt.startswith(sequence.RECEIPT)

    volunteer.hands_in_receipt(receipt)
    expect(volunteer.page.locator("#arrived")).to_contain_text(f"汇总端已签收 {count} 条，全部")
    expect(volunteer.page.locator("[data-codes]")).to_have_count(0)
    volunteer.goes_to("/staff").sees("#unsent .dot:not(.dot-wait)")

    organiser.hands_in(slip)
    expect(organiser.page.locator("#outcome")).to_contain_text(f"{count} / {count} 一致")
    organiser.opens("slips")
    for name, text in (("desk", "D01"), ("seq", str(count)), ("code", code.lower())):
        organiser.types(name, text)
    organiser.press(organiser.page.locator(".typing .go"))
    expect(organiser.page.locator("#outcome")).to_contain_text(f"{count} / {count} 一致")

    organiser.opens("completeness")
    assert f"1 台平板的记录到齐：{count} 条" in organiser.sees("#standing").inner_text()
    figures = fair.figures()
    assert (figures["headcount"], figures["leaflets"], figures["boards"]) == (11, 300, 0)
    fair.hub.ask("completeness")
    assert fair.sync().startswith("1 new, 0 known")  # the network comes back, and tells the tablet the time
    assert "as it should be" in fair.hub.ask("verify")


def test_codes_are_read_by_a_camera_and_the_receipt_by_another(own_fair, a_volunteer, an_organiser, a_camera, tmp_path):
    fair = own_fair
    volunteer = a_volunteer(fair).signs_in()
    works(volunteer)
    of = volunteer.stops_codes()
    codes = films([picture(volunteer.steps()) for _ in range(of)], tmp_path / "codes.y4m", size=(1280, 720))

    an_organiser(fair)
    organiser = Organiser(a_camera(codes), fair.hub.url, "mouse")
    organiser.page.context.add_cookies(fair.badge)
    organiser.opens("scan")
    organiser.press(organiser.page.locator("[data-scan-start]"))
    expect(organiser.page.locator("#taken")).to_be_visible()
    receipt = film(picture(organiser.page.locator(".receipt-code svg")), tmp_path / "receipt.y4m", size=(1280, 720))

    tablet = Volunteer(a_camera(receipt), fair.booth.url).signs_in()
    tablet.goes_to("/staff/qr")
    tablet.press(tablet.page.locator("[data-scan-start]"))
    # Signing in was a fact of its own, after those the receipt is for.
    expect(tablet.page.locator("#arrived")).to_contain_text("还有 1 条没有传到汇总端")


def test_without_a_script_there_is_a_slip_and_the_codes_have_a_page_each(fair, a_volunteer):
    volunteer = a_volunteer(fair, PHONE, java_script_enabled=False)
    volunteer.signs_in()
    volunteer.closes_day()
    (slip,) = read(picture(volunteer.page.locator("#slip-qr")))
    assert slip.startswith(sequence.SLIP)
    volunteer.goes_to("/staff/qr")
    of = volunteer.page.locator("[data-codes] ol > li").count()
    texts = []
    for _ in range(of):
        texts += read(picture(volunteer.page.locator(".show-code svg")))
        if of > 1:
            volunteer.press(volunteer.page.locator("[data-step='1']"))
    assert len(texts) == of
    assert sequence.read_parts(texts).count(b"\n") == 2 + 2  # header, two facts, end


@at_length
def test_the_slip_is_one_small_sheet_of_paper(own_fair, a_visitor, a_volunteer):
    fair = own_fair
    visitor = a_visitor(fair).comes().opens_quiz()
    visitor.plays_quiz(right=5)
    visitor.goes_home()
    visitor.press(visitor.page.locator("a[href='/gallery']"))
    visitor.judges_exhibit()
    volunteer = a_volunteer(fair).signs_in()
    works(volunteer)  # of everything something, so that no line of the slip is left out
    volunteer.counts("consultation")
    volunteer.opens_complaint().files_complaint()
    volunteer.closes_day()
    assert b"/Count 1\n" in volunteer.page.pdf(prefer_css_page_size=True)
    volunteer.page.emulate_media(media="print")
    volunteer.page.set_viewport_size({"width": 506, "height": 344})  # A6 within its margins
    paper = picture(volunteer.page)
    (text,) = read(paper.resize((paper.width * 3, paper.height * 3)))
    assert text.startswith(sequence.SLIP)
    assert volunteer.page.locator(".day-side").is_hidden()
    assert volunteer.page.evaluate("document.documentElement.scrollHeight") <= 344
