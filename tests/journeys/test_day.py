"""A whole fair from the evening before to the last tablet handed back: twenty tablets, one dead network, one sum.

Whoever counts writes it down in the story's own ledger, too; in the end the hub has to say the same to the last one.
The clock of every side is turned on by hand, and nobody waits for an hour to go by.
"""

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kiosk import demo
from kiosk.booth import outbox
from kiosk.booth.app import _round, create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.journal import Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import SystemClock
from kiosk.config import BoothConfig, HubConfig
from kiosk.hub import people
from kiosk.hub.app import create_hub
from kiosk.packs import workbooks
from kiosk.packs.fair_forms import FORMS, HELP, rows_of
from kiosk.packs.fairs import Desk, Entrance, Fair, Leaflet, Organiser, Venue
from kiosk.packs.model import Text
from kiosk.packs.reader import BUILTIN, read_pack
from kiosk.sync.push import Client
from tests.clocks import FakeClock
from tests.journeys.fair import Server
from tests.journeys.people import Installer, Volunteer
from tests.journeys.people import Organiser as Host
from tests.journeys.screens import BIG, LYING, OFFICE, PHONE, Screens
from tests.journeys.test_counting import BROKEN, card, expects, taps
from tests.journeys.test_phone import picture_of, read_code
from tests.makers import REPORT, Browser, facts_of, fill_complaint
from tests.makers import Page as PageRead

#: What the model fair of 2019 came to, as exactly as it was never told.
COUNTED = {
    "headcount": 9_863, "leaflets": 20_416, "boards": 96, "consultations": 256, "complaints": 1, "reports": 1,
    "quicktest_batches": 18, "quicktest_passed": 18, "exhibit_kinds": 16, "advice_asked": 2,
}  # fmt: skip
EVE = datetime.fromisoformat("2027-03-14T19:00:00+08:00")
DAY = "2027-03-15"
VENUES = ("丝路广场", "人民公园", "新百广场", "火车站")
TYPES = {"advice": "宣传咨询台", "complaints": "投诉举报台", "exhibits": "假冒伪劣展示台", "quicktests": "食品快检台",
         "lectures": "识假辨假讲解台"}  # fmt: skip
#: One for each desk, and who takes over from the first of them.
VOLUNTEERS = [f"{name}志愿" for name in "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何"]
KINDS = [one.id for one in read_pack(BUILTIN).exhibits[:16]]
#: Counter → the figure it adds to.
FIGURES = {"headcount": "headcount", "leaflet": "leaflets", "consultation": "consultations", "board": "boards"}
PHONES = "192.168.31.5:3150"


def roster() -> bytes:
    """The workbook the office fills in: four venues with five desks each. Nothing in it has an id yet."""
    venues = [Venue(f"v{n}", Text(name, name)) for n, name in enumerate(VENUES)]
    ways = [Entrance("e1", Text("东门", "East gate")), Entrance("e2", Text("西门", "West gate"))]
    venues[0] = Venue("v0", venues[0].name, ways)
    desks = [
        Desk(f"d{venue.id}{kind}", venue.id, kind, Text(name, name), opens="09:30", closes="13:30")
        for venue in venues
        for kind, name in TYPES.items()
    ]
    fair = Fair(
        id="roster",
        title=Text("2027年“3·15”集中宣传活动", "World Consumer Rights Day 2027"),
        theme=Text("放心消费在身边", "Honest trade next door"),
        starts=DAY,
        ends=DAY,
        organiser=Organiser(Text("示范市市场监督管理局", "Demo City Market Regulator"), "12315 · 示范市建设路1号"),
        venues=venues,
        desks=desks,
        leaflets=[Leaflet("a", Text("消法手册", "The law"), 100), Leaflet("b", Text("识假折页", "Spot fakes"), 50)],
        deadline="2027-03-18T18:00:00.000+08:00",
    )
    rows = rows_of(fair, dict.fromkeys(VOLUNTEERS, ""))
    rows["volunteers"] = [{"name": name} for name in VOLUNTEERS]
    new = {form: [{k: v for k, v in row.items() if k != "id"} for row in some] for form, some in rows.items()}
    return workbooks.write_tables(FORMS, new, HELP)


class Tablet:
    """A tablet of the fair without a screen: its own folder, journal and clock; people touch it page by page."""

    def __init__(self, day: "Day", folder: Path) -> None:
        self.day = day
        self.clock = FakeClock(EVE)
        settings = BoothConfig(folder, sync_seconds=0, phone_url=f"http://{PHONES}")
        init_booth(settings, self.clock).close()
        self.app = create_booth_app(settings, self.clock)
        self.volunteer = ""

    @property
    def booth(self) -> Booth:
        here = self.app.extensions["booth"]
        assert isinstance(here, Booth)
        return here

    @property
    def screen(self) -> Browser:
        """Somebody new before it."""
        return Browser(self.app.test_client())

    def unlocked(self) -> Browser:
        return self.screen.enter(*self.day.knows(self.volunteer))

    def shows_digits(self) -> str:
        found = re.search(r'id="digits">([0-9 ]+)<', self.screen.get("/enrol").text)
        assert found
        return found[1]

    def counts(self, counter: str, *keys: tuple[int, int]) -> PageRead:
        """On its staff page: each key so many times. Returns what the last touch led to."""
        desk = self.unlocked()
        shown = desk.get("/staff")
        for n, times in keys:
            form = shown.form("/staff/tally", counter=counter, n=str(n))
            for _ in range(times):
                told = {**form.values, "id": secrets.token_hex(11) + form.values["id"][-10:]}  # as the page draws one
                page = PageRead(desk.client.post(form.action, data=told, headers={"HX-Request": "true"}))
                assert page.status == 200
            self.day.notes(counter, n * times)
        return page

    def takes_back(self, page: PageRead, counter: str, n: int) -> None:
        """The last touch."""
        assert self.unlocked().send(page.form("/staff/undo")).status == 200
        self.day.notes(counter, -n)

    def counts_by_phone(self, counter: str, total: int, n: int = 5) -> None:
        """On the phone of its volunteer, which sends what it keeps by the hundred."""
        phone = self.app.test_client()
        phone.environ_base |= {"REMOTE_ADDR": "192.168.31.77", "HTTP_HOST": PHONES}
        word = self.booth.counting.offer(self.day.ids[self.volunteer])
        browser = Browser(phone)
        browser.send(browser.get(f"/m/count/{word}").form("/m/count/take"))
        stint = phone.post("/m/count/taps", json={"waiting": 0, "taps": []}).get_json()["stint"]
        left = [n] * (total // n) + [1] * (total % n)
        while left:
            some, left = left[:100], left[100:]
            made = [{"id": secrets.token_hex(16), "stint": stint, "counter": counter, "n": one} for one in some]
            told = phone.post("/m/count/taps", json={"waiting": len(left), "taps": made}).get_json()
            assert {one["came_to"] for one in told["taps"]} == {"ok"}
        self.day.notes(counter, total)

    def shows_exhibits(self) -> None:
        """To one visitor, who looks at each long enough."""
        visitor = self.screen
        visitor.get("/")
        for exhibit in KINDS:
            visitor.get(f"/gallery/{exhibit}")
            self.clock.tick(4)
            self.day.shown.add(exhibit)
        visitor.get("/")

    def tests_batches(self, n: int) -> None:
        desk = self.unlocked()
        for number in range(n):
            form = desk.get("/staff/quicktests/new").form("/staff/quicktests/new")
            row = next(name for name in form.values if name.startswith("value.")).removeprefix("value.")
            told = {"other": f"菠菜{number}", "source": "brought", f"result.{row}": "pass"}
            assert desk.send(form, **told).path == "/staff/quicktests"
        self.day.ledger["quicktest_batches"] += n
        self.day.ledger["quicktest_passed"] += n

    def opens_stock(self, **bundles: int) -> None:
        desk = self.unlocked()
        page = desk.get("/staff/stock")
        for leaflet, n in bundles.items():
            for key in ["10"] * (n // 10) + ["1"] * (n % 10):
                page = desk.send(page.form("/staff/stock/open", item=f"leaflet.{leaflet}"), bundles=key)

    def counts_stock(self, **left: int) -> None:
        """What is left is what was opened less what was tapped: nobody asks why."""
        desk = self.unlocked()
        page = desk.get("/staff/stock")
        for leaflet, n in left.items():
            page = desk.send(page.form("/staff/stock/count", item=f"leaflet.{leaflet}"), left=str(n))
            assert (page.status, "stock-why" in page, "对上了" in page) == (200, False, True)

    def closes(self) -> None:
        desk = self.unlocked()
        assert 'id="slip-code"' in desk.send(desk.get("/staff/close").form("/staff/close"))


class Day:
    """The hub, one tablet with a screen, nineteen without, and what was counted."""

    def __init__(self, folder: Path, screens: Screens) -> None:
        settings = {"KIOSK_BOOTH_SYNC_SECONDS": "0"}
        self.folder, self.screens = folder, screens
        self.hub, self.booth = (Server(side, folder / side, settings) for side in ("hub", "booth"))
        for server in (self.hub, self.booth):
            server.at = EVE.isoformat()
        self.phone_url = f"http://tablet.test:{self.booth.port}"
        settings |= {"KIOSK_HUB_PUBLIC_URL": self.hub.url, "KIOSK_BOOTH_PHONE_URL": self.phone_url}
        screens.watch.hosts |= {url.partition("//")[2] for url in (self.hub.url, self.booth.url, self.phone_url)}
        self.tablets: list[Tablet] = []
        self.at: dict[tuple[str, str], Tablet] = {}  # (venue, type) → its tablet
        self.pins: dict[str, str] = {}  # of a volunteer, by name; and what a tablet knows them by
        self.ids: dict[str, str] = {}
        self.ledger: Counter[str] = Counter()
        self.shown: set[str] = set()  # exhibits
        self.law = self.fakes = ""  # ids of the two leaflets

    def opens(self) -> None:
        here, key = create_hub(HubConfig(self.hub.data, public_url=self.hub.url), FakeClock(EVE))
        with closing(here), here.store.begin() as tx:
            people.add_person(tx, demo.LOGIN, demo.PASSWORD, {"organiser", "supervisor"}, key)
        self.hub.start()
        self.booth.ask("init")
        self.booth.start()
        self.tablets = [Tablet(self, self.folder / f"tablet-{n}") for n in range(19)]
        self.desk = Volunteer(self.screens.open(LYING), self.booth.url)  # at the tablet with a screen

    def close(self) -> None:
        self.screens.close()  # before what they show is gone
        for tablet in self.tablets:
            tablet.booth.close()
        self.booth.stop()
        self.hub.stop()

    @contextmanager
    def hour(self, moment: str, what: str) -> Iterator[None]:
        """Every clock is put on to then; what fails in it says so."""
        now = datetime.fromisoformat(f"{moment}:00+08:00")
        for server in (self.hub, self.booth):
            server.lets_pass(round((now - EVE).total_seconds()) - server.later)
        for tablet in self.tablets:
            tablet.clock.tick((now - tablet.clock.now()).total_seconds())
        try:
            yield
        except BaseException as error:
            error.add_note(f"{moment}: {what}")
            raise

    def notes(self, counter: str, n: int) -> None:
        self.ledger[FIGURES[counter.partition(".")[0]]] += n

    def host(self) -> Host:
        host = Host(self.screens.open(OFFICE), self.hub.url, "mouse").gives_password()
        host.fair_id = DAY
        return host

    def knows(self, name: str) -> tuple[str, str]:
        """Id and PIN of a volunteer."""
        return self.ids[name], self.pins[name]

    def figures(self) -> dict[str, object]:
        return {one["key"]: one["value"] for one in self.reads()}

    def reads(self) -> list[dict]:
        return json.loads(self.hub.ask("figures", "--json"))["figures"]

    def sends(self) -> int:
        """Every tablet sends what it has; returns how many facts were new."""
        told = re.match(r"(\d+) new", self.booth.ask("sync"))
        assert told
        return int(told[1]) + sum(tablet.booth.sync().new for tablet in self.tablets)


@pytest.fixture
def day(tmp_path_factory: pytest.TempPathFactory, screens: Screens) -> Iterator[Day]:
    day = Day(tmp_path_factory.mktemp("day"), screens)
    try:
        day.opens()
        yield day
    finally:
        day.close()


# --- the evening before ---------------------------------------------------------------------------------


def makes_the_fair(day: Day, host: Host, book: Path) -> None:
    page = host.page
    host.sees("form[action='/fairs/new']")
    assert page.locator("#starts").input_value() == DAY
    host.types("organiser", "示范市市场监督管理局")
    host.types("contact", "12315 · 示范市建设路1号")
    host.press(page.locator("form[action='/fairs/new'] .go"))
    host.sees(".setup-lead")

    host.opens("roster")
    page.locator("#file").set_input_files(book)
    host.press(page.locator("button[value=look]"))
    assert "服务台 20" in host.sees("#found .kinds").inner_text()
    host.press(page.locator("#found button[value=save]"))
    slips = host.sees(".pin-slips li")
    for slip in slips.all():
        day.pins[slip.locator("b").inner_text()] = slip.locator("strong").inner_text().replace(" ", "")
    assert list(day.pins) == VOLUNTEERS

    host.opens("setup/switches")
    host.chooses(page.locator("[name=public_screen]"))
    host.press(page.locator(".setup-form .go"))
    expect(page.locator(".setup-lead.ready")).to_be_visible()


def prints(host: Host) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Two sheets to count on by hand, and the codes; returns (venue, desk) → code, and the sheets' numbers."""
    page = host.page
    host.opens("papers").types("copies", "2")
    host.chooses(page.locator("form[action$='/papers/print'] fieldset").nth(3).locator("input").nth(4))
    host.press(page.locator("form[action$='/papers/print'] .go"))
    sheets = host.sees(".ps-number b").all_inner_texts()
    host.opens("setup")
    host.press(page.locator("form[action$='/codes/sheet'] .go"))
    codes = {}
    for slip in host.sees(".strip-slip").all():
        place = (slip.locator(".strip-venue").inner_text(), slip.locator("h2").inner_text())
        codes[place] = slip.locator(".strip-code").inner_text().split()[-1]
    return codes, sheets


def sets_tablets_up(day: Day, host: Host, codes: dict[tuple[str, str], str]) -> None:
    """One types at its screen, nineteen are sent the code; every six digits are compared."""
    places = [(venue, desk) for venue in VENUES for desk in TYPES.values()]
    assert list(codes) == places
    installer = Installer(day.desk.page, day.booth.url).comes()
    installer.types_code(day.hub.url, codes[places[0]])
    shown = {installer.reads_digits()}
    for tablet, place in zip(day.tablets, places[1:], strict=True):
        assert tablet.screen.post("/enrol", hub=day.hub.url, code=codes[place]).path == "/enrol"
        shown.add(tablet.shows_digits())
    host.goes_to(f"/fairs/{DAY}/devices")
    waiting = host.page.locator("#waiting .digits")
    for _ in range(3):
        shown.remove(waiting.first.inner_text())
        host.says("same")
        expect(waiting).to_have_count(len(shown))
    assert set(waiting.all_inner_texts()) == shown
    host.sends_each(host.page.locator("#waiting button[value=same]"))
    installer.is_ready()
    for tablet in day.tablets:
        assert "joined-ready" in tablet.screen.get("/enrol")


def learns_who_is_where(day: Day) -> None:
    fair = day.tablets[0].booth.enrolled.fair
    day.law, day.fakes = (one.id for one in fair.leaflets)
    day.ids = {one["name"]: who for who, one in day.tablets[0].booth.enrolled.volunteers.items()}
    for tablet, name in zip(day.tablets, VOLUNTEERS[1:], strict=False):
        joined = tablet.booth.enrolled
        tablet.volunteer = name
        day.at[joined.venue.name.zh, joined.desk.type] = tablet


def rehearse(day: Day) -> None:
    """On the tablet with a screen, and on another one."""
    volunteer = day.desk.signs_in(*day.knows(VOLUNTEERS[0])).goes_to("/staff/rehearsal")
    volunteer.press(volunteer.page.locator("form[action='/staff/rehearsal/start'] button"))
    volunteer.sees(".attract .doors")
    volunteer.signs_in(*day.knows(VOLUNTEERS[0])).counts("headcount.e1", 5)
    volunteer.counts(f"leaflet.{day.law}", 100)
    volunteer.opens_complaint().files_complaint()
    volunteer.goes_to("/staff/rehearsal")
    volunteer.press(volunteer.page.locator("form[action='/staff/rehearsal/end'] button"))
    assert "投诉登记" in volunteer.sees(".rehearsed").inner_text()

    tablet, before = day.at[VENUES[1], "lectures"], +day.ledger
    tablet.unlocked().post("/staff/rehearsal/start")
    tablet.counts("board", (1, 3))
    tablet.unlocked().post("/staff/rehearsal/end")
    day.ledger = before  # none of it counts
    _round(tablet.booth)
    day.booth.ask("sync")
    figures = day.figures()
    assert not any(figures[key] for key in COUNTED)


# --- the day --------------------------------------------------------------------------------------------


def check_in(day: Day) -> None:
    """By a touch of their names; then bundles are opened."""
    for tablet in day.tablets:
        desk, who = tablet.unlocked(), day.ids[tablet.volunteer]
        desk.send(desk.get("/staff/shift").form("/staff/shift/begin"), **{f"v-{who}": "1"})
    day.at[VENUES[1], "advice"].opens_stock(**{day.law: 61, day.fakes: 40})
    day.at[VENUES[2], "advice"].opens_stock(**{day.law: 51, day.fakes: 31})
    day.at[VENUES[3], "advice"].opens_stock(**{day.law: 30, day.fakes: 54})
    volunteer = day.desk.signs_in(*day.knows(VOLUNTEERS[0])).goes_to("/staff/shift")
    volunteer.chooses(volunteer.page.locator(f"[name=v-{day.ids[VOLUNTEERS[0]]}]"))
    volunteer.press(volunteer.page.locator("form[action='/staff/shift/begin'] .button"))
    expect(volunteer.page.locator(".shift-here li")).to_contain_text(VOLUNTEERS[0])
    volunteer.goes_to("/staff/stock")
    stock = volunteer.page.locator(f"#leaflet-{day.law}")
    for opened in ("100", "200"):
        volunteer.press(stock.locator("button[name=bundles][value='1']"))
        expect(stock.locator(".stock-head b")).to_have_text(opened)


def let_a_phone_in(day: Day) -> Page:
    """The volunteer's own, at the west gate."""
    volunteer = day.desk.signs_in(*day.knows(VOLUNTEERS[0])).goes_to("/staff/counting")
    volunteer.sees(".counting-screen .qr svg")
    day.screens.watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
    phone = day.screens.open(PHONE)
    phone.goto(read_code(picture_of(volunteer)))
    phone.locator("form[action='/m/count/take'] button").tap()
    expect(card(phone, "headcount.e2").locator(".key-main")).to_be_enabled()
    return phone


def count_by_touch(day: Day, phone: Page) -> Page:
    """At the tablet with a screen and on that phone, which is cut off, closed and opened again; returns its page."""
    volunteer = day.desk
    law, fakes = f"leaflet.{day.law}", f"leaflet.{day.fakes}"
    volunteer.goes_to("/staff")
    volunteer.taps_fast("headcount.e1", 5)
    volunteer.expects("headcount.e1", 5)
    day.notes("headcount", 5)
    keys = [("headcount.e1", 5), (law, 1), (law, 10), (law, 100), (fakes, 50), *[("consultation", 1)] * 3]
    for counter, n in keys:
        volunteer.counts(counter, n)
        day.notes(counter, n)
    volunteer.takes_back(fakes, 50)
    day.notes(fakes, -50)

    taps(phone, 4, "headcount.e2")
    expects(phone, 4, counter="headcount.e2")
    day.screens.watch.allow(BROKEN)
    context = phone.context
    context.set_offline(True)
    taps(phone, 6, "headcount.e2")
    expects(phone, 10, waiting=6, counter="headcount.e2")
    phone.close()
    phone = context.new_page()
    phone.goto(f"{day.phone_url}/m/count")
    expects(phone, 10, waiting=6, counter="headcount.e2")
    context.set_offline(False)
    expects(phone, 10, counter="headcount.e2")
    day.notes("headcount", 10)

    volunteer.opens_complaint().files_complaint()
    day.ledger["complaints"] += 1
    return phone


def count_everywhere(day: Day) -> None:
    law, fakes = f"leaflet.{day.law}", f"leaflet.{day.fakes}"
    first, second, third, fourth = VENUES
    for place, gate, n in (
        ((first, "exhibits"), "headcount.e1", 2_640), ((first, "lectures"), "headcount.e2", 700),
        ((second, "exhibits"), "headcount", 2_320), ((third, "exhibits"), "headcount", 1_880),
        ((fourth, "lectures"), "headcount", 2_258),
    ):  # fmt: skip
        day.at[place].counts_by_phone(gate, n)
    for venue, of_law, of_fakes in (
        (second, [(100, 60), (10, 5), (1, 5)], [(50, 40)]),
        (third, [(100, 50), (10, 4)], [(50, 30), (1, 5)]),
        (fourth, [(100, 30)], [(50, 53), (10, 2)]),
    ):
        day.at[venue, "advice"].counts(law, *of_law)
        day.at[venue, "advice"].counts(fakes, *of_fakes)
    for place, n in (((second, "advice"), 80), ((third, "advice"), 70), ((fourth, "advice"), 60),
                     ((first, "complaints"), 35)):  # fmt: skip
        day.at[place].counts_by_phone("consultation", n, 1)
    for venue in VENUES:
        page = day.at[venue, "lectures"].counts("board", (1, 25 if venue == fourth else 24))
        day.at[venue, "exhibits"].shows_exhibits()
    day.at[fourth, "lectures"].takes_back(page, "board", 1)
    day.ledger["exhibit_kinds"] = len(day.shown)
    for venue, n in zip(VENUES, (5, 5, 4, 4), strict=True):
        day.at[venue, "quicktests"].tests_batches(n)
    for desk in (day.at[first, "complaints"].screen, day.at[second, "advice"].screen):
        assert "slip-number" in desk.send(desk.get("/advice").form("/advice"), question="预付卡能退吗？")
        day.ledger.update(advice_asked=1, consultations=1)
    *_, receipt = fill_complaint(day.at[third, "complaints"].unlocked(), **REPORT)
    assert "slip-number" in receipt
    day.ledger["reports"] += 1


def hand_over(day: Day, phone: Page) -> None:
    """Both PINs, while the phone of the old shift still holds three taps."""
    (old, old_pin), (new, new_pin) = (day.knows(name) for name in (VOLUNTEERS[0], VOLUNTEERS[-1]))
    phone.context.set_offline(True)
    taps(phone, 3, "headcount.e2")
    expects(phone, 13, waiting=3, counter="headcount.e2")
    volunteer = day.desk.signs_in(old, old_pin).goes_to("/staff/shift")
    volunteer.types("pin", old_pin)
    volunteer.page.locator("#incoming").select_option(new)
    volunteer.types("incoming-pin", new_pin)
    volunteer.press(volunteer.page.locator(".shift-hand .day-go"))
    expect(volunteer.page.locator(".bar [role=status]")).to_contain_text(f"{VOLUNTEERS[0]} 交给 {VOLUNTEERS[-1]}")
    phone.context.set_offline(False)
    expect(phone.locator("#count-say")).to_contain_text("已经交班")
    expect(card(phone, "headcount.e2").locator(".pending")).to_be_hidden()
    day.notes("headcount", 3)
    volunteer.goes_to("/staff").counts("headcount.e1")
    volunteer.counts("headcount.e1")
    volunteer.counts(f"leaflet.{day.law}", 10)
    day.notes("headcount", 2)
    day.notes("leaflet", 10)
    with closing(Journal(day.booth.data / "booth.db", SystemClock())) as journal:
        found = facts_of(journal)
        handed = next(fact.seq for fact in found if fact.kind == "shift.handed")
        late = [(fact.by, fact.body["counter"]) for fact in found if fact.seq > handed and fact.kind == "tally.counted"]
    assert late == [(old, "headcount.e2")] * 3 + [(new, "headcount.e1")] * 2 + [(new, f"leaflet.{day.law}")]


def close_the_desks(day: Day) -> tuple[str, str, str]:
    """Stock, then the slips; returns desk, number of facts and code on that of the tablet with a screen."""
    day.screens.watch.allow("422.*/staff/stock/count")  # the question why
    volunteer = day.desk.signs_in(*day.knows(VOLUNTEERS[-1])).goes_to("/staff/stock")
    stock = volunteer.page.locator(f"#leaflet-{day.law}")
    stock.locator("input[name=left]").fill("60")  # of 200 opened; 121 were tapped
    volunteer.press(stock.locator(".stock-count .button").first)
    volunteer.chooses(stock.locator("input[name=why][value=missed]"))
    volunteer.press(stock.locator(".stock-count .button").first)
    expect(stock.locator(".stock-why")).to_have_count(0)
    expect(stock).to_contain_text("漏按了计数")
    code = volunteer.closes_day()
    count = volunteer.page.locator("#slip-count").inner_text().replace(",", "")
    desk = volunteer.page.locator(".day-head .desk-id").inner_text()
    volunteer.goes_to("/staff").locks()
    day.at[VENUES[1], "advice"].counts_stock(**{day.law: 45, day.fakes: 0})
    day.at[VENUES[2], "advice"].counts_stock(**{day.law: 60, day.fakes: 45})
    day.at[VENUES[3], "advice"].counts_stock(**{day.law: 0, day.fakes: 30})
    for tablet in day.tablets:
        tablet.closes()
    return desk, count, code


def push_again(tablet: Tablet) -> None:
    """Every fact of a tablet, as if the hub had never had it."""
    journal = tablet.booth.journal
    identity = journal.identity()
    assert identity.certificate is not None
    assert identity.hello is not None
    road = tablet.booth.road(identity.hub_url or "")
    client = Client(road, outbox.load_key(tablet.booth.config.data), identity.certificate, identity.hello)
    lines = journal.lines(1, 100)
    receipt, _ = client.send_batch(journal, 1, lines)
    assert (receipt.accepted, receipt.duplicates) == (0, len(lines))


# --- the office -----------------------------------------------------------------------------------------


def put_right(day: Day, host: Host, sheets: list[str]) -> None:
    """Six who asked at the second venue and nobody tapped; and what a fifth desk counted on paper."""
    page, desk = host.page, day.at[VENUES[1], "advice"].booth.enrolled.desk.id
    host.opens(f"corrections?day={DAY}&hour=10&desk={desk}&counter=consultation")
    host.chooses(page.locator("[name=how][value=difference]"))
    host.types("number", "+6")
    host.types("reason", "咨询台漏按六位")
    host.press(page.locator("form.typing .go"))
    expect(page.locator(".fix-preview")).to_contain_text("+6")
    host.press(page.locator("form.two-keys .go"))
    assert "咨询台漏按六位" in host.sees(".fix-list").inner_text()
    day.notes("consultation", 6)

    host.opens("papers").types("find", sheets[0])
    host.press(page.locator("form[action$='/papers/find'] .go"))
    host.sees(".paper-cells")
    page.locator("[name='n.10.headcount']").fill("40")
    page.locator(f"[name='n.11.leaflet.{day.law}']").fill("25")
    host.press(page.locator("button[value=check]"))
    host.press(page.locator("button[value=keep]"))
    host.sees("h1")
    day.notes("headcount", 40)
    day.notes("leaflet", 25)
    host.opens("papers").types("blank-first", sheets[1])
    host.press(page.locator("form[action$='/papers/blank'] button"))
    host.press(page.locator("form.two-keys .go"))
    expect(page.locator(".paper-sum .warn")).to_have_count(0)


def take_tablets_back(host: Host) -> None:
    host.opens("close")
    assert "20 个服务台的平板没收回" in host.sees("#verdict").inner_text()
    buttons = host.page.locator("button[name=state][value=returned]")
    for left in (19, 18, 17):
        host.press(buttons.first)
        expect(buttons).to_have_count(left)
    host.sends_each(buttons)
    host.opens("close")
    expect(host.page.locator("#verdict")).to_contain_text("收工完毕：20 个服务台都已收工")


def compare(day: Day, host: Host) -> None:
    """The command, the board and the big screen: the same numbers, and they are those of the ledger."""
    assert dict(day.ledger) == COUNTED
    read = {one["key"]: one for one in day.reads()}
    assert {key: read[key]["value"] for key in COUNTED} == COUNTED
    assert (read["consultations"]["raw"], read["headcount"]["paper"], read["leaflets"]["paper"]) == (250, 40, 25)
    assert sum(read["leaflets"]["parts"].values()) == COUNTED["leaflets"]
    assert read["volunteers"]["value"] == len(VOLUNTEERS)
    host.opens()
    labels = {read[key]["label"]["zh"]: str(n) for key, n in COUNTED.items()}
    shown = host.reads_board()
    assert {name: n for name, n in shown.items() if name in labels} == {n: labels[n] for n in labels if n in shown}
    assert len(shown.keys() & labels.keys()) >= 5
    passer = day.screens.open(BIG)  # whom nobody let in
    passer.goto(f"{day.hub.url}/screen/{DAY}")
    for key in ("headcount", "leaflets", "consultations"):
        expect(passer.locator(f"[data-figure={key}]")).to_have_text(f"{COUNTED[key]:,}")
    bars = passer.locator("[data-venue] b").all_inner_texts()
    assert sum(int(n.replace(",", "")) for n in bars) == COUNTED["headcount"]


def test_a_whole_day_from_the_roster_to_the_last_tablet_handed_back(day: Day, tmp_path: Path):
    (book := tmp_path / "名单.xlsx").write_bytes(roster())
    with day.hour("2027-03-14T19:05", "the fair is made from a roster"):
        host = day.host()
        makes_the_fair(day, host, book)
        host.opens("setup")
        host.press(host.page.locator("a[href$='/preview']"))
        assert "丝路广场" in host.sees("main").inner_text()
        codes, sheets = prints(host)
    with day.hour("2027-03-14T19:10", "twenty tablets join"):
        sets_tablets_up(day, host, codes)
        learns_who_is_where(day)
    with day.hour("2027-03-14T20:00", "two tablets rehearse"):
        host.page.context.close()
        rehearse(day)
    with day.hour(f"{DAY}T08:40", "the tablets are ready and volunteers come"):
        check_in(day)
        day.sends()
        host = day.host().opens("readiness")
        assert "可以开始" in host.sees("#headline").inner_text()
        host.page.context.close()
    with day.hour(f"{DAY}T10:05", "the network is dead and everybody counts"):
        day.hub.stop()
        phone = count_by_touch(day, let_a_phone_in(day))
        count_everywhere(day)
    with day.hour(f"{DAY}T11:30", "one desk is handed over"):
        hand_over(day, phone)
    with day.hour(f"{DAY}T13:30", "the desks close"):
        desk, count, code = close_the_desks(day)
    with day.hour(f"{DAY}T14:00", "the network is back"):
        day.hub.start()
        assert day.sends() > 2_000
        before = day.figures()
        day.sends()
        push_again(day.at[VENUES[1], "advice"])
        assert day.figures() == before
    with day.hour(f"{DAY}T14:20", "the office puts right, compares and closes"):
        host = day.host()
        put_right(day, host, sheets)
        host.opens("slips")
        for name, text in (("desk", desk), ("seq", count), ("code", code)):
            host.types(name, text)
        host.press(host.page.locator(".typing .go"))
        expect(host.page.locator("#outcome")).to_contain_text(f"{int(count):,} / {int(count):,} 一致")
        take_tablets_back(host)
        compare(day, host)
        stood = day.figures()
        assert "as it should be" in day.hub.ask("verify")
        day.hub.ask("rebuild")
        assert day.figures() == stood
