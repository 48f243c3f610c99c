"""The visitor's own phone: from the code on the tablet's screen to the hub, past the tablet."""

import io

import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.journeys.people import WORDS, Complaining
from tests.journeys.screens import LYING, PHONE, STANDING
from tests.journeys.test_quiz import added
from tests.proof import at_length


def read_code(picture):
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)  # stripes askew may look like others
    assert len(found) == 1, f"{len(found)} codes are read off the screen"
    return found[0].text


def picture_of(visitor, selector=None):
    of = visitor.page.locator(selector) if selector else visitor.page
    data = of.screenshot(animations="disabled")  # what comes up bit by bit is there
    return Image.open(io.BytesIO(data)).convert("L")


def test_a_phone_reads_the_code_off_the_screen_and_files_a_complaint(fair, a_visitor, an_organiser, screens):
    before = fair.figures()
    at_the_tablet = a_visitor(fair).comes()
    at_the_tablet.press(at_the_tablet.page.locator("a[href='/complaint']"))
    at_the_tablet.begins()
    at_the_tablet.sees(".qr svg")
    address = read_code(picture_of(at_the_tablet))
    assert address.startswith(f"{fair.hub.url}/m/complaint/")

    phone = Complaining(screens.open(PHONE), "")
    phone.goes_to(address)
    case = phone.files_complaint()

    assert added(before, fair.figures()) == {"complaints": 1}
    organiser = an_organiser(fair)
    assert "本人手机填写" in organiser.finds_case(case).inner_text()
    told = organiser.opens_case(case)
    assert all(words in told for words in WORDS)


@at_length
def test_a_phone_without_javascript_files_a_complaint_and_hears_of_a_fault(fair, a_visitor, an_organiser, screens):
    at_the_tablet = a_visitor(fair, STANDING).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE, java_script_enabled=False), "")
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    screens.watch.allow("422")
    phone.is_on_screen("notice").goes_on()
    assert phone.reads_fault("notice")
    case = phone.files_complaint()
    assert "张小花" in an_organiser(fair).opens_case(case)


def test_on_the_own_phone_language_and_type_are_chosen_before_anything_is_typed(fair, a_visitor, screens):
    at_the_tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    phone.prefers(english=True, large=True).fills_screen("notice").goes_on()
    phone.is_on_screen("who").goes_back()
    phone.is_on_screen("notice")
    expect(phone.page.locator("#notice")).to_be_checked()
    expect(phone.page.locator("html[lang=en][data-large]")).to_have_count(1)
    expect(phone.page.locator(".looks")).to_have_count(0)  # they load the page anew, and what was typed would be lost


def test_the_phones_own_way_back_leads_to_the_screen_before_until_the_receipt_is_there(fair, a_visitor, screens):
    at_the_tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    phone.fills_until("facts").page.go_back()
    expect(phone.is_on_screen("what").page.locator("#what")).to_have_value("电饭锅")
    phone.goes_back()
    phone.is_on_screen("respondent").page.go_back()
    phone.is_on_screen("who")
    case = phone.files_complaint(first="who")
    phone.page.go_back()
    assert phone.reads_receipt() == case


def test_who_would_leave_a_form_with_words_in_it_is_asked_first(fair, a_visitor, screens):
    at_the_tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    asked = []
    phone.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    phone.fills_screen("notice").page.reload()
    phone.fills_until("what").page.reload()
    phone.is_on_screen("notice")
    assert asked == ["beforeunload"]


@at_length
def test_what_is_wrong_below_the_edge_is_brought_into_sight(fair, a_visitor, screens):
    at_the_tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    screens.watch.allow("422")
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    phone.prefers(large=True).fills_until("consents")
    for name in ("forward", "mediation"):
        phone.answers_field(name, "yes")
    phone.goes_on()
    assert phone.reads_fault("publicity")
    expect(phone.page.locator("#publicity-fault")).to_be_in_viewport(ratio=1)


def test_filing_twice_is_one_complaint(fair, a_visitor, screens):
    """The answer was lost on the way and the phone sends the last screen again."""
    before = fair.figures()
    at_the_tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    phone.fills_until("identity").fills_screen("identity")
    screens.watch.allow("ERR_FAILED|Failed to fetch|htmx")

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    phone.page.route("**/m/complaint/**", lose_the_answer, times=1)
    phone.goes_on()
    phone.press(phone.sees("#alarm button"))
    expect(phone.page.locator("#name")).to_have_value("张小花")
    phone.goes_on()
    assert phone.reads_receipt()
    assert added(before, fair.figures()) == {"complaints": 1}


def test_the_banner_leaves_the_key_free_that_it_asks_to_press_again(fair, a_visitor, screens):
    at_the_tablet = a_visitor(fair).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    phone.goes_to(read_code(picture_of(at_the_tablet)))
    phone.fills_screen("notice")
    screens.watch.allow("ERR_FAILED|Failed to fetch|htmx")
    phone.page.route("**/m/complaint/**", lambda route: route.abort(), times=1)
    phone.goes_on()
    phone.sees("#alarm")
    phone.touches(phone.page.locator("button[name=go][value=next]"))
    phone.is_on_screen("who")


@at_length
def test_the_code_is_read_askew_and_from_afar(fair, a_visitor):
    for size in (LYING, STANDING):
        visitor = a_visitor(fair, size).goes_to("/complaint/settle")
        address = read_code(picture_of(visitor))
        whole = picture_of(visitor)
        assert read_code(whole.rotate(8, resample=Image.Resampling.BICUBIC, fillcolor=251)) == address
        code = picture_of(visitor, ".qr")
        small = code.resize((320, round(320 * code.height / code.width)), Image.Resampling.LANCZOS)
        assert read_code(small) == address
        assert read_code(small.rotate(8, resample=Image.Resampling.BICUBIC, fillcolor=255)) == address
