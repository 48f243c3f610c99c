"""A complaint on the visitor's own phone over the booth's Wi-Fi: sealed in the page, and heard by nobody on the way."""

import io
import re
import sqlite3
from contextlib import closing

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import select

from kiosk import demo
from kiosk.booth.journal import Journal
from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.facts.complaints import Complaint, Consents, normal_case_number, split_photo
from kiosk.hub import people
from kiosk.hub.app import open_hub
from kiosk.hub.tables import blobs
from kiosk.sync import keys
from tests.journeys import layout, leaks
from tests.journeys.people import COMPLAINT, FOR_ANOTHER, REPORT, WORDS, Complaining
from tests.journeys.screens import ARGUMENTS, LYING, PHONE, STANDING, looks, program
from tests.journeys.test_phone import picture_of, read_code
from tests.journeys.test_quiz import added
from tests.journeys.wire import tapped
from tests.photos import EXIF_MARK, a_heic, a_photo
from tests.proof import at_length, share

#: Not the words for it that the page itself has as an example.
SECRETS = [COMPLAINT["identity"][name] for name in ("name", "phone", "address")]
SECRETS += [COMPLAINT["respondent"]["respondent"], *COMPLAINT["facts"]["facts"].split("\n")]
#: A page that forgets to seal.
FORGETFUL = """
export async function sealer() { return (_key, bytes) => bytes; }
export function joined(...parts) { return new Uint8Array(parts.flatMap((part) => [...part])); }
"""
#: What a photo shows, in grey: its very pixels read so.
SHOWN = "KIOSK315 MADE-UP RECEIPT"


def a_slip():
    """A PNG whose pixels are as they are in memory, so that a search finds what it shows."""
    row = (SHOWN.encode() * 20)[:400]
    out = io.BytesIO()
    image = Image.frombytes("P", (400, 300), row * 300)  # of a palette no pixel is written as what it differs by
    image.putpalette([grey for grey in range(256) for _ in "rgb"])
    image.save(out, "PNG", compress_level=0)
    assert SHOWN.encode() in out.getvalue()
    return out.getvalue()


class OnOwnPhone(Complaining):
    """Fills in the form that lies in one page."""

    def is_on_screen(self, name):
        self.sees(f".wizard.wizard-{name}")
        return self

    def shows(self, *photos):
        """Choose photos from the phone, one after the other, whatever they are called."""
        for data in photos:
            there = self.page.locator("[data-number]").count()
            self.picks(data)
            expect(self.page.locator("[data-number]")).to_have_count(there + 1)
        expect(self.page.locator("[data-told]")).to_have_text("")
        return self

    def picks(self, data):
        """Choose one file."""
        file = {"name": "张小花.jpg", "mimeType": "image/jpeg", "buffer": data}
        self.page.locator("[data-pick]").last.set_input_files(file)

    def fills_until(self, screen, story=COMPLAINT):
        names, shown = list(story), self.sees(".wizard").get_attribute("class").rpartition("-")[2]
        for name in names[names.index(shown) : names.index(screen)]:
            self.fills_screen(name).goes_on()
        return self.is_on_screen(screen)

    def goes_on(self):
        self.press(self.page.locator("[data-turn=next]:visible"))

    def goes_back(self):
        self.press(self.page.locator("[data-turn=back]:visible"))

    def answers_field(self, name, text):
        boxes = f".wizard [data-field={name}]:is([type=checkbox], [type=radio])"
        if self.page.locator(boxes).count():
            self.chooses(self.page.locator(f"{boxes}[value={text}]"))
        else:
            self.types(name, text)


@pytest.fixture
def a_phone(screens):
    """A phone in the booth's Wi-Fi that opened the form: `a_phone(fair, way, **options of the context)`."""

    def come(fair, way="settle", **options):
        screens.watch.hosts.add(fair.phone_url.partition("//")[2])
        screens.watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
        return OnOwnPhone(screens.open(PHONE, **options), fair.phone_url).goes_to(f"/m/complaint/{way}")

    return come


# --- heard by nobody ------------------------------------------------------------------------------


def test_no_byte_on_the_wire_no_disk_and_no_log_knows_who_complained(own_fair, tmp_path, playwright, watch):
    fair = own_fair
    watch.hosts |= {fair.phone_url.partition("//")[2], fair.hub.url.partition("//")[2]}
    watch.allow("Cross-Origin-Opener-Policy header has been ignored")
    with tapped(fair.booth.port) as wire:
        phone_context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "phone"),
            executable_path=program(),
            args=ARGUMENTS,
            proxy={"server": wire.server},
            **looks(PHONE),
        )
        phone = OnOwnPhone(watch.over(phone_context).new_page(), fair.phone_url).goes_to("/m/complaint/settle")
        phone.fills_until("photos").shows(a_photo(), a_slip())
        expect(phone.page.locator("[data-number] img")).to_have_count(2)
        phone.goes_on()
        phone.fills_until("identity").fills_screen("identity", phone="1391234").goes_on()  # a fault stays on the phone
        assert "号码不对" in phone.reads_fault("phone")
        case = phone.files_complaint(first="identity")
        assert phone.page.url == f"{fair.phone_url}/m/complaint/settle"
        assert phone.page.evaluate("() => localStorage.length + sessionStorage.length") == 0
        phone_context.close()

    heard = b"".join(wire.up)
    # More, where a connection was closed just as the phone used it again: then the browser itself sends it once more.
    assert heard.count(f"POST {fair.phone_url}".encode()) == heard.count(b"kiosk-sealed/1\n") >= 3
    assert case.encode() in heard  # the wire was tapped at the right place
    assert wire.hits([*SECRETS, EXIF_MARK, SHOWN]) == []

    assert "3 sealed" in fair.sync()
    told, *photos = opened_at_the_hub(fair)
    assert [data for _, data in photos] == [a_photo(), a_slip()]
    assert [(one.case, one.number, one.type) for one, _ in photos] == [(case, 1, "image/jpeg"), (case, 2, "image/png")]
    assert told.photos == 2
    assert told.context.case == case
    assert {told.name, told.phone, told.address} == set(COMPLAINT["identity"].values())
    assert [words for words in WORDS if words not in msgspec.to_builtins(told).values()] == []
    assert (told.amount, told.requests, told.consents) == (128_050, ["refund"], Consents(forward=True, mediation=True))
    fair.close()
    places = [fair.folder / "booth", fair.booth.log, fair.hub.log, fair.hub.data, tmp_path / "phone"]
    assert leaks.hits(places, [*SECRETS, EXIF_MARK, SHOWN]) == []


@at_length
def test_a_page_that_forgot_to_seal_would_be_heard(fair, a_phone, screens):
    """What the search above is worth; and the tablet takes in nothing that was not sealed."""
    screens.watch.allow("422")
    before = fair.figures()
    with tapped(fair.booth.port) as wire:
        phone = a_phone(fair, proxy={"server": wire.server})
        phone.page.route("**/sealing.js", lambda route: route.fulfill(body=FORGETFUL, content_type="text/javascript"))
        phone.goes_to("/m/complaint/settle")
        for photo in (a_photo(), a_slip()):
            phone.fills_until("photos").picks(photo)
            expect(phone.page.locator("[data-told]")).to_contain_text("加密内容打不开")
        phone.fills_until("identity").fills_screen("identity").goes_on()
        expect(phone.page.locator(".problem")).to_contain_text("加密内容打不开")
    heard = {hit.split(" as ")[0] for hit in wire.hits([*SECRETS, EXIF_MARK, SHOWN])}
    assert heard >= {f"up: {secret}" for secret in [*SECRETS, EXIF_MARK, SHOWN]}
    fair.sync()
    assert added(before, fair.figures()) == {}


def opened_at_the_hub(fair):
    """The one complaint of a fair and its photos, by who has the key."""
    with closing(Journal(fair.booth.data / "booth.db", SystemClock())) as journal:
        facts = [*journal.of_kind("complaint.filed"), *journal.of_kind("complaint.evidence")]
    with closing(open_hub(HubConfig(fair.hub.data), SystemClock())) as hub, hub.store.reading() as tx:
        key = people.open_key(tx, demo.LOGIN, demo.PASSWORD)
        query = select(blobs.c.content).where
        filed, *photos = [
            keys.unseal(key, tx.execute(query(blobs.c.sha256 == fact.body["blob"])).scalar_one()) for fact in facts
        ]
    return msgspec.json.decode(filed, type=Complaint), *map(split_photo, photos)


# --- from the code on the tablet to the receipt -----------------------------------------------------


def test_a_phone_reads_the_code_and_files_a_complaint(fair, a_visitor, a_phone):
    before = fair.figures()
    for size in (LYING, STANDING):
        tablet = a_visitor(fair, size).goes_to("/complaint/settle")
        tablet.press(tablet.page.locator("a[href='/complaint/settle/wifi']"))
        tablet.sees("#moving .qr svg")
        assert read_code(picture_of(tablet)) == f"{fair.phone_url}/m/complaint/settle"
    case = a_phone(fair).files_complaint()
    assert normal_case_number(case) == case
    fair.sync()
    assert added(before, fair.figures()) == {"complaints": 1}


@at_length
def test_who_reports_without_a_name_is_asked_for_none(fair, a_phone):
    before = fair.figures()
    phone = a_phone(fair, "report").fills_until("facts", REPORT)
    expect(phone.page.locator(".progress-text")).to_have_text("第 5 步，共 6 步")
    phone.files_report(first="facts")
    fair.sync()
    assert added(before, fair.figures()) == {"reports": 1}


def test_what_was_typed_stays_on_the_way_back_by_key_or_by_the_phone_itself(fair, a_phone):
    phone = a_phone(fair).fills_until("facts")
    phone.goes_back()
    expect(phone.is_on_screen("what").page.locator("#what")).to_have_value("电饭锅")
    phone.page.go_back()
    expect(phone.is_on_screen("respondent").page.locator("#respondent")).to_have_value("好又多小卖部")
    phone.goes_on()
    phone.is_on_screen("what").goes_on()
    phone.is_on_screen("facts")


@at_length
def test_language_and_type_are_chosen_before_anything_is_typed(fair, a_phone):
    with tapped(fair.booth.port) as wire:
        phone = a_phone(fair, proxy={"server": wire.server}).prefers(english=True, large=True)
        assert phone.page.url == f"{fair.phone_url}/m/complaint/settle"
        phone.fills_until("respondent").fills_screen("respondent")
        expect(phone.page.locator("label[for=respondent]")).to_have_text("Name of the shop")
        phone.goes_back()
        phone.is_on_screen("who").goes_back()
        expect(phone.is_on_screen("notice").page.locator("html[lang=en][data-large] #notice")).to_be_checked()
        expect(phone.page.locator(".looks")).to_have_count(0)  # they load the page anew: what was typed would be lost
    assert wire.hits(SECRETS) == []


@at_length
def test_no_screen_is_wider_than_the_phone_in_the_longer_language_and_large_type(fair, a_phone):
    phone = a_phone(fair).prefers(english=True, large=True)
    for screen in FOR_ANOTHER:
        assert layout.sideways(phone.is_on_screen(screen).page) == []
        phone.fills_screen(screen, **FOR_ANOTHER[screen]).goes_on()
    assert phone.reads_receipt()
    assert layout.sideways(phone.page) == []


def test_every_screen_says_what_is_missing_until_it_is_there(fair, a_phone):
    phone = a_phone(fair)
    firsts = ("notice", "consumer", "respondent", "what", "facts", "", "request", "forward", "name")
    for screen, required in zip(COMPLAINT, firsts, strict=True):
        phone.is_on_screen(screen).goes_on()
        if not required:  # photos may be left out
            continue
        assert phone.reads_fault(required)
        expect(phone.page.locator(f"#{required}")).to_be_focused()
        if screen == "request":  # a tick will do as well
            phone.answers_field("want_return", "yes")
        else:
            phone.fills_screen(screen)
        expect(phone.page.locator(".fault")).to_have_count(0)
        if screen != "identity":
            phone.goes_on()


def test_what_is_too_long_stays_to_be_made_shorter(fair, a_phone):
    phone = a_phone(fair).fills_until("respondent").fills_screen("respondent", respondent_address="")
    phone.page.locator("#respondent_address").focus()
    phone.page.keyboard.insert_text("长江路" * 100)  # as the phone's own paste: no more than the field lets in
    phone.goes_on()
    assert "最多 120 字" in phone.reads_fault("respondent_address")
    expect(phone.page.locator("#respondent_address")).to_have_value("长江路" * 100)


@at_length
def test_a_guardian_is_asked_for_a_child_and_the_questions_say_whose_data(fair, a_phone):
    phone = a_phone(fair).fills_until("who")
    phone.answers_field("consumer", "minor")
    phone.goes_on()
    assert phone.reads_fault("guardian")
    phone.types("guardian", "张大花")
    phone.goes_on()
    phone.fills_until("identity")
    expect(phone.page.locator("label[for=name]")).to_have_text("未成年人的姓名")


@at_length
def test_who_acts_for_somebody_else_says_so_and_the_last_questions_are_about_that_person(fair, a_phone):
    phone = a_phone(fair).fills_until("who")
    phone.answers_field("consumer", "other")
    phone.goes_on()
    phone.is_on_screen("agent").goes_on()
    assert phone.reads_fault("on_behalf")
    for name, text in (("on_behalf", "李小明"), ("on_behalf_phone", "139 0000 1111"), ("relation", "family")):
        phone.answers_field(name, text)
    phone.goes_on()
    phone.is_on_screen("authority").answers_field("authority", "no")
    phone.goes_on()
    phone.fills_until("identity").fills_screen("identity")
    expect(phone.page.locator("label[for=name]")).to_have_text("委托您的人的姓名")
    phone.goes_on()
    assert phone.reads_receipt()


def test_after_a_lost_answer_the_same_touch_again_comes_to_the_same_case(fair, a_phone, screens):
    before = fair.figures()
    phone = a_phone(fair).fills_until("identity").fills_screen("identity")
    screens.watch.allow("ERR_FAILED|Failed to fetch")

    def lose_the_answer(route):
        headers = {name: text for name, text in route.request.headers.items() if name not in ("origin", "referer")}
        assert route.fetch(url=f"{fair.booth.url}/m/complaint", headers=headers).ok  # by the name this test knows it by
        route.abort()

    phone.page.route("**/m/complaint", lose_the_answer, times=1)
    phone.goes_on()
    phone.press(phone.sees("#alarm button"))
    expect(phone.page.locator("#name")).to_have_value("张小花")
    phone.goes_on()
    assert phone.reads_receipt()
    fair.sync()
    assert added(before, fair.figures()) == {"complaints": 1}


def test_what_is_no_photo_never_leaves_the_phone(fair, a_phone):
    phone = a_phone(fair).fills_until("photos")
    asked = []
    phone.page.on("request", lambda request: asked.append(request.url))
    for data, words in (
        (b"%PDF-1.7", "这种文件收不了"),
        (b"", "这种文件收不了"),
        (a_photo() + bytes(7 << 20), "最多 7 MB"),
    ):
        phone.picks(data)
        expect(phone.page.locator("[data-told]")).to_contain_text(words)
    assert [url for url in asked if not url.startswith("blob:")] == []
    expect(phone.page.locator("[data-number]")).to_have_count(0)
    phone.shows(a_heic(), a_photo("WEBP"))
    expect(phone.page.locator("[data-number]")).to_have_count(2)


def test_a_photo_can_be_taken_away_and_what_the_tablet_let_go_of_is_sent_again(fair, a_phone, screens):
    before = fair.figures()
    phone = a_phone(fair).fills_until("photos").shows(*(a_photo(seed=seed) for seed in range(3)))
    phone.press(phone.page.locator("[data-number='2'] button"))
    expect(phone.page.locator(".photo-count")).to_contain_text("2")
    phone.goes_on()
    phone.is_on_screen("request").goes_back()
    expect(phone.is_on_screen("photos").page.locator("[data-number] img")).to_have_count(2)
    with closing(sqlite3.connect(fair.booth.data / "booth.db")) as tablet:
        tablet.execute("DELETE FROM draft_photos")
        tablet.commit()
    screens.watch.allow("409")
    assert phone.files_complaint(first="photos")
    fair.sync()
    assert added(before, fair.figures()) == {"complaints": 1}
    with closing(Journal(fair.booth.data / "booth.db", SystemClock())) as journal:
        assert [fact.body["number"] for fact in journal.of_kind("complaint.evidence")][-2:] == [1, 3]


@at_length
def test_the_receipt_leads_to_a_report_of_the_same_merchant_and_no_word_of_it_is_heard(fair, a_phone):
    before = fair.figures()
    with tapped(fair.booth.port) as wire:
        phone = a_phone(fair, proxy={"server": wire.server})
        case = phone.files_complaint()
        phone.press(phone.page.locator("[data-also]"))
        for screen in ("notice", "sign"):
            phone.fills_screen(screen)
            expect(phone.page.locator(".looks")).to_have_count(0)  # what was brought would be lost
            phone.goes_on()
        expect(phone.is_on_screen("respondent").page.locator("#respondent")).to_have_value("好又多小卖部")
        for screen in ("respondent", "what", "facts", "photos"):
            phone.is_on_screen(screen).goes_on()
        assert case in phone.sees(".receipt .hint").inner_text()
        expect(phone.page.locator("[data-also]")).to_have_count(0)
    assert phone.reads_receipt() != case
    assert wire.hits(SECRETS) == []
    fair.sync()
    assert added(before, fair.figures()) == {"complaints": 1, "reports": 1}


# --- where the page cannot seal ---------------------------------------------------------------------


def offers_only_a_volunteer(phone):
    expect(phone.page.locator(".sealed-stop h1")).to_have_text("请到志愿者处登记")
    expect(phone.page.locator(".sealed-stop")).to_have_css("opacity", "1")
    assert phone.page.locator("input, textarea, button:not(#alarm *)").count() == 0


def test_without_javascript_there_is_nothing_to_fill_in(fair, a_phone):
    offers_only_a_volunteer(a_phone(fair, java_script_enabled=False))


PARTS = ["nacl-fast.min.js", "blake2.js", "sealing.js", "complaint-rules.js", "sealed-photos.js"]


@pytest.mark.parametrize("missing", share(PARTS, PARTS[1::3]))
def test_without_the_library_there_is_nothing_to_fill_in(fair, a_phone, screens, missing):
    screens.watch.allow("ERR_FAILED|Failed to fetch|dynamically imported")
    phone = a_phone(fair)
    phone.page.route(f"**/{missing}", lambda route: route.abort())
    phone.goes_to("/m/complaint/settle")
    offers_only_a_volunteer(phone)


def test_without_random_numbers_there_is_nothing_to_fill_in(fair, a_phone):
    phone = a_phone(fair)
    phone.page.add_init_script("delete Crypto.prototype.getRandomValues")
    phone.goes_to("/m/complaint/settle")
    offers_only_a_volunteer(phone)


def test_no_field_could_be_submitted_or_filled_in_by_the_browser(fair, a_phone):
    phone = a_phone(fair)
    for screen in COMPLAINT:
        phone.fills_screen(screen)
        fields = phone.page.locator(".wizard :is(input, textarea)")
        for field in fields.all():
            assert field.evaluate("one => one.form") is None
            assert re.fullmatch(r"|choice-\w+", field.get_attribute("name") or "")
            assert field.get_attribute("autocomplete") == "off"
        if screen != "identity":
            phone.goes_on()
