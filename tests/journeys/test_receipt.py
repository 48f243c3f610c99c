"""The receipt: read off a screen, checked on another machine, refused once it was changed; and how the case stands."""

from subprocess import CompletedProcess

import pytest
from playwright.sync_api import expect

from tests import programs
from tests.journeys import cameras
from tests.journeys.fair import environment
from tests.journeys.people import Complaining
from tests.journeys.screens import LYING, PHONE, STANDING, TABLETS
from tests.proof import at_length, share


def receipt_on(person) -> str:
    """What a scanner reads off the receipt that is on the screen."""
    (text,) = cameras.read(cameras.picture(person.sees(".slip-code svg")))
    return text


@pytest.fixture
def verify(tmp_path):
    """`kiosk receipt verify`, with nothing but the file of keys that the hub gave out."""
    file = tmp_path / "keys.txt"

    def run(fair, text: str) -> "CompletedProcess[str]":
        if not file.exists():
            fair.hub.ask("keys", str(file))
        return programs.run("kiosk.cli", ["receipt", "verify", text, "--keys", str(file)], environment({}), 60)

    return run


def changed(text: str) -> str:
    """With one character changed, in the middle of the content's hash."""
    parts = text.split(":")
    parts[-2] = ("0" if parts[-2][9] != "0" else "1").join((parts[-2][:9], parts[-2][10:]))
    return ":".join(parts)


@pytest.mark.parametrize("size", share(TABLETS, [LYING]), ids=str)
def test_a_receipt_read_off_the_tablet_s_screen_is_verified_and_a_changed_one_refused(fair, a_volunteer, verify, size):
    volunteer = a_volunteer(fair, size).signs_in().opens_complaint()
    case = volunteer.files_complaint()
    text = receipt_on(volunteer)
    assert text.startswith(f"{fair.hub.url}/m/receipt#K315R1:")

    done = verify(fair, text)
    assert (done.returncode, done.stderr) == (0, "")
    assert (done.stdout.splitlines()[1:3], "unchanged" in done.stdout) == ([case, "demo, d01"], True)
    refused = verify(fair, changed(text))
    assert (refused.returncode, refused.stderr.partition(":")[0]) == (1, "case_receipt.changed")
    assert len(refused.stderr.splitlines()) == 1


def test_a_phone_that_scans_a_receipt_is_told_whether_it_is_unchanged(fair, a_volunteer, screens):
    volunteer = a_volunteer(fair).signs_in().opens_complaint()
    volunteer.files_complaint()
    text = receipt_on(volunteer)
    screens.watch.allow("409")
    for address, said in ((text, "有效，没有改动"), (changed(text), "被改动过")):
        phone = Complaining(screens.open(PHONE), "")
        phone.goes_to(address)
        expect(phone.page.locator("main")).to_contain_text(said)
        assert "#" not in phone.page.url
        assert "张小花" not in phone.page.content()


@at_length
def test_who_filed_by_phone_reads_how_the_case_stands(fair, a_visitor, screens):
    tablet = a_visitor(fair, STANDING).goes_to("/complaint/settle")
    phone = Complaining(screens.open(PHONE), "")
    phone.goes_to(cameras.read(cameras.picture(tablet.page))[0])
    assert "/t/" not in phone.page.url
    case, code = phone.files_complaint(), phone.sees(".slip-query").inner_text()

    screens.watch.allow("404")
    later = Complaining(screens.open(PHONE), fair.hub.url)
    later.asks_how_it_stands(case, code[:-1] + ("0" if code[-1] != "0" else "1"))
    expect(later.page.locator("#status-problem")).to_contain_text("编号或查询码不对")
    later.types("case", case.lower().replace("-", " "))
    later.types("code", code.lower())
    later.press(later.page.locator(".receipt-ask button"))
    assert later.sees(".slip strong").inner_text() == case
    shown = later.page.locator("main").inner_text()
    assert "已登记" in shown or "已收到" in shown
    for secret in ("张小花", "13912345678"):
        assert secret not in later.page.content()


@at_length
def test_the_slip_is_one_small_page_on_a_roll_and_on_a6(fair, a_volunteer):
    volunteer = a_volunteer(fair).signs_in().opens_complaint()
    volunteer.files_complaint()
    for paper in ({"width": "80mm", "height": "200mm"}, {"width": "105mm", "height": "148mm"}):
        assert volunteer.page.pdf(**paper).count(b"/Type /Page\n") == 1, paper
    volunteer.page.emulate_media(media="print")
    volunteer.page.set_viewport_size({"width": 272, "height": 700})  # 72 mm of print on a roll of 80
    assert volunteer.page.evaluate("document.documentElement.scrollWidth") <= 272
    assert receipt_on(volunteer).startswith(fair.hub.url)


@at_length
def test_posters_print_one_a_sheet_and_cards_ten_a_sheet(fair, an_organiser):
    organiser = an_organiser(fair)
    for size, ratio in (("a4", 297 / 210), ("a5", 148 / 210), ("card", 297 / 210)):
        organiser.goes_to(f"/fairs/demo/posters?size={size}")
        sheets = organiser.page.pdf(prefer_css_page_size=True)
        posters = organiser.page.locator(".poster").count()
        assert sheets.count(b"/Type /Page\n") == (-(-posters // 10) if size == "card" else posters), size
        box = organiser.page.locator(".poster").first.bounding_box()
        assert box["height"] / box["width"] == pytest.approx(54 / 90 if size == "card" else ratio, abs=0.01)
