"""The people of the stories, and what they do at a screen. Every touch, key and look of a story is here.

Nobody here reads words to find a button: the same person walks through a Chinese and an English screen.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Self

from playwright.sync_api import Locator, Page, expect

from kiosk import demo
from kiosk.packs.galleries import Exhibit
from kiosk.packs.quizzes import Question
from kiosk.packs.reader import BUILTIN, read_pack
from tests.journeys.fair import Fair

VOLUNTEER = next(iter(demo.VOLUNTEERS))

#: A complaint by somebody who does not exist, screen by screen.
COMPLAINT: Mapping[str, Mapping[str, str]] = {
    "notice": {"notice": "yes"},
    "who": {"consumer": "adult"},
    "respondent": {"respondent": "好又多小卖部", "respondent_address": "人民路1号"},
    "what": {"what": "电饭锅", "place": "店里买的", "bought_on": "2026-03-01", "amount": "1,280.50"},
    "facts": {"facts": "电饭锅用了一天就不热了。\n商家不肯退。", "grounds": "购物小票一张"},
    "photos": {},
    "request": {"want_refund": "yes", "request": "退货退款"},
    "consents": {"forward": "yes", "mediation": "yes", "publicity": "no"},
    "identity": {"name": "张小花", "phone": "13912345678", "address": "长江路2号测试楼"},
}
#: The same, brought by somebody whom the consumer asked to.
FOR_ANOTHER: Mapping[str, Mapping[str, str]] = {
    "notice": COMPLAINT["notice"],
    "who": {"consumer": "other"},
    "agent": {"on_behalf": "张大花", "on_behalf_phone": "13912345679", "relation": "family"},
    "authority": {"authority": "no"},
    **{name: COMPLAINT[name] for name in list(COMPLAINT)[2:]},
}
#: Screen → what a report without a name says there, where it is not what the complaint says.
REPORT: Mapping[str, Mapping[str, str]] = {
    "notice": COMPLAINT["notice"],
    "sign": {"anonymous": "yes"},
    **{name: COMPLAINT[name] for name in ("respondent", "what", "facts", "photos")},
}
#: What was typed, to be looked for.
WORDS = [
    text
    for screen in COMPLAINT.values()
    for name, text in screen.items()
    if text not in ("yes", "no", "adult") and name not in ("bought_on", "amount")
]


@cache
def questions() -> dict[str, Question]:
    return read_pack(BUILTIN).question_by_id


@cache
def exhibits() -> dict[str, Exhibit]:
    return read_pack(BUILTIN).exhibit_by_id


def wrong_answer(question: Question) -> list[str]:
    if question.kind == "order":
        return [*question.answer[1:], question.answer[0]]
    return [next(option.id for option in question.options if option.id not in question.answer)]


class Person:
    """Somebody at a screen, with a finger, a mouse, or nothing but a keyboard."""

    def __init__(self, page: Page, url: str, hand: str = "touch") -> None:
        self.page = page
        self.url = url
        self.hand = hand

    def goes_to(self, path: str) -> Self:
        self.page.goto(self.url + path)
        return self

    def press(self, what: Locator) -> None:
        if self.hand == "touch":
            what.tap()
        elif self.hand == "mouse":
            what.click()
        else:
            self.tabs_to(what)
            self.page.keyboard.press("Enter")

    def chooses(self, box: Locator) -> None:
        """A box to tick, or one of several to choose."""
        if self.hand == "keyboard":
            self.tabs_to(box)
            self.page.keyboard.press("Space")
        else:
            self.press(box)
        expect(box).to_be_checked()

    def touches(self, what: Locator) -> None:
        """A finger on the glass there, whatever lies on top or comes up meanwhile."""
        self.page.touchscreen.tap(*self.place_of(what))

    def place_of(self, what: Locator) -> tuple[float, float]:
        """Its middle, as far as it is on the screen at all."""
        what.wait_for()
        box = what.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def tabs_to(self, what: Locator) -> None:
        """Tab on until it has the focus, as somebody does who cannot touch."""
        what.wait_for()
        for _ in range(60):
            if what.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {what}")

    def types(self, name: str, text: str) -> None:
        self.page.locator(f"#{name}").fill(text)

    def sees(self, selector: str) -> Locator:
        """Wait until it is on the screen."""
        found = self.page.locator(selector)
        found.first.wait_for()  # not `expect`, which looks again at ever longer intervals
        return found

    def prefers(self, *, english: bool = False, large: bool = False) -> Self:
        """Language and size of type, by the keys of the page."""
        if english:
            self.press(self.page.locator("button[name=lang][value=en]"))
            self.sees("html[lang=en]")
        if large:
            self.press(self.page.locator("button[name=large][value='1']"))
            self.sees("html[data-large]")
        return self


class Complaining(Person):
    """Whoever types a complaint: the volunteer on the tablet, or the visitor on the own phone."""

    def begins(self, way: str = "settle") -> Self:
        """Answer the question before the form: "settle", "report" or "ask"."""
        self.press(self.page.locator(f".triage-way[href$='/{way}']"))
        return self

    def is_on_screen(self, name: str) -> Self:
        self.sees(f".wizard:has(input[name=step][value='{name}'])")
        return self

    def goes_on(self) -> None:
        self.press(self.page.locator("button[name=go][value=next]"))

    def goes_back(self) -> None:
        self.press(self.page.locator("button[name=go][value=back]"))

    def agrees(self) -> None:
        self.chooses(self.page.locator("#notice"))

    def fills_screen(self, screen: str, **changes: str) -> Self:
        """What the complaint (or the report) says to that screen; `changes` say something else instead."""
        self.is_on_screen(screen)
        for name, text in {**{**FOR_ANOTHER, **REPORT, **COMPLAINT}[screen], **changes}.items():
            self.answers_field(name, text)
        return self

    def answers_field(self, name: str, text: str) -> None:
        """Typed, ticked, or chosen."""
        boxes = f".wizard input[name={name}]:is([type=checkbox], [type=radio])"
        if self.page.locator(boxes).count():
            box = self.page.locator(f"{boxes}[value={text}]")
            if not box.is_checked():  # a second touch would take it back
                self.chooses(box)
        else:
            self.types(name, text)

    def fills_until(self, screen: str, story: Mapping[str, Mapping[str, str]] = COMPLAINT) -> Self:
        """Every screen from the one that is shown to the one before `screen`."""
        names = list(story)
        first = names.index(self.page.locator(".wizard input[name=step]").input_value())
        for name in names[first : names.index(screen)]:
            self.fills_screen(name).goes_on()
        return self.is_on_screen(screen)

    def files_complaint(self, first: str = "notice") -> str:
        """All screens from `first`; returns the number on the receipt."""
        return self._files(COMPLAINT, first)

    def files_report(self, first: str = "notice") -> str:
        """Without a name."""
        return self._files(REPORT, first)

    def _files(self, story: Mapping[str, Mapping[str, str]], first: str) -> str:
        names = list(story)
        for name in names[names.index(first) :]:
            self.fills_screen(name).goes_on()
        return self.reads_receipt()

    def asks_how_it_stands(self, case: str, code: str) -> None:
        """By the number and the query code of the receipt, at the hub."""
        self.goes_to("/m/status")
        self.types("case", case)
        self.types("code", code)
        self.press(self.page.locator(".receipt-ask button"))

    def reads_receipt(self) -> str:
        return self.sees(".slip-number strong:not(.slip-query)").inner_text()

    def reads_fault(self, name: str) -> str:
        """The sentence beside the field; a screen reader finds it from there, too."""
        fault = self.sees(f"#{name}-fault")
        field = self.page.locator(f"#{name}")
        expect(field).to_have_attribute("aria-invalid", "true")
        assert f"{name}-fault" in (field.get_attribute("aria-describedby") or "").split()
        return fault.inner_text()


class Visitor(Complaining):
    """A visitor of the fair."""

    def comes(self) -> Self:
        self.goes_to("/")
        self.sees(".attract .doors")
        return self

    def opens_quiz(self) -> Self:
        self.press(self.page.locator("a[href='/quiz']"))
        self.sees(".ask .option")
        return self

    def answers(self, *, right: bool = True) -> bool:
        """One question; returns whether the screen called the answer right."""
        form = self.page.locator("form.options")
        question = questions()[form.locator("input[name=question]").get_attribute("value") or ""]
        for option in question.answer if right else wrong_answer(question):
            self.press(self.page.locator(f".option[value='{option}']"))
            if question.takes_several:
                self.sees(f".option-picked[value='{option}']")
        if question.takes_several:
            self.press(form.locator(".option-go"))
        return "why-right" in (self.sees(".why").get_attribute("class") or "")

    def goes_on_in_quiz(self) -> None:
        number, _, total = self.page.locator(".progress-text").inner_text().partition(" / ")
        self.press(self.page.locator("[data-next]"))
        self.sees(".result" if number == total else ".ask form.options")

    def chooses_length(self, questions: int) -> Self:
        self.press(self.page.locator(".lengths button[name=mode]", has_text=f"{questions} "))
        self.page.locator(".progress-text", has_text=re.compile(f"^1 / {questions}$")).wait_for()
        return self

    def plays_quiz(self, right: int) -> tuple[int, int]:
        """To the end, with so many right answers. Returns the score the screen shows."""
        for number in range(int(self.page.locator(".progress-text").inner_text().partition(" / ")[2])):
            assert self.answers(right=number < right) == (number < right)
            self.goes_on_in_quiz()
        words = self.sees(".score-figure").locator("strong, [aria-hidden]").all_inner_texts()
        shown, of = re.findall(r"\d+", " ".join(words))
        return int(shown), int(of)

    def judges_exhibit(self, number: int = 0) -> None:
        self.press(self.page.locator(".card").nth(number))
        self.press(self.sees(".guess-key").first)
        self.sees(".verdict")

    def points_at(self, exhibit: str, region: int | None) -> Self:
        """Touch a place of the fake where something is wrong, or (None) a corner where nothing is."""
        x, y = 0.02, 0.02
        if region is not None:
            place = exhibits()[exhibit].regions[region]
            x, y = place.x + place.w / 2, place.y + place.h / 2
        if self.hand == "keyboard":
            self._moves_to(x, y)
            self.page.keyboard.press("Enter")
            return self
        box = self.page.locator("[data-inner]").first.bounding_box()
        assert box is not None
        hand = self.page.touchscreen.tap if self.hand == "touch" else self.page.mouse.click
        hand(box["x"] + x * box["width"], box["y"] + y * box["height"])
        return self

    def _moves_to(self, x: float, y: float) -> None:
        """By arrow keys, over cells that are twelve across and sixteen down; the first key shows where one is."""
        self.sees("[data-live]")
        self.tabs_to(self.page.locator(".spot-wide"))
        cursor = self.page.locator("[data-cursor]").first
        if cursor.is_hidden():
            self.page.keyboard.press("ArrowLeft")
        expect(cursor).to_be_visible()
        left, top = cursor.evaluate("one => [parseFloat(one.style.left), parseFloat(one.style.top)]")
        right, down = int(x * 12) - round(left * 0.12), int(y * 16) - round(top * 0.16)
        for key, times in (("ArrowRight", right), ("ArrowLeft", -right), ("ArrowDown", down), ("ArrowUp", -down)):
            for _ in range(times):
                self.page.keyboard.press(key)

    def plays_pairs(self) -> None:
        """A whole round, the left one always."""
        for _ in range(int(self.page.locator(".progress-text").inner_text().partition(" / ")[2])):
            self.press(self.sees(".guess-key").first)
            self.sees(".verdict")
            self.press(self.page.locator("[data-next]"))
        self.sees(".score-keys")

    def goes_home(self) -> None:
        self.press(self.page.locator(".bar form[action='/leave'] button, .result form[action='/leave'] button").first)
        self.sees(".attract .doors")


class Volunteer(Complaining):
    """Who stands at the desk."""

    def signs_in(self, who: str = VOLUNTEER, pin: str = demo.PIN, *, by_keys: bool = False) -> Self:
        """Types the PIN, or touches the keys for it on the screen."""
        self.goes_to("/staff")
        person = self.sees(f".person:has(input[value='{who}'])")
        if self.hand == "keyboard":
            self.chooses(person.locator("input"))
        else:
            self.press(person)
        if by_keys:
            for digit in pin:
                self.press(self.page.locator(f".keypad button[value='{digit}']"))
        else:
            self.types("pin", pin)
        self.press(self.page.locator(".pin-go"))
        self.sees(".counter-grid")
        return self

    def key(self, counter: str, n: int = 1) -> Locator:
        return self.page.locator(f"form[data-tap='{slot(counter)}']:has(input[name=n][value='{n}']) button")

    def reads(self, counter: str) -> int:
        return int(self.page.locator(f"#counter-{slot(counter)} .counter-figure strong").inner_text().replace(",", ""))

    def expects(self, counter: str, total: int) -> None:
        """Wait until the booth has it: the total is there and nothing is pending."""
        figure = self.page.locator(f"#counter-{slot(counter)} .counter-figure strong")
        figure.filter(has_text=re.compile(f"^{total:,}$")).wait_for()
        expect(self.page.locator(f"#pending-{slot(counter)}")).to_be_hidden()

    def counts(self, counter: str, n: int = 1) -> None:
        total = self.reads(counter) + n
        self.press(self.key(counter, n))
        self.expects(counter, total)

    def taps_fast(self, counter: str, times: int) -> None:
        """Does not wait for the booth between two touches."""
        for _ in range(times):
            self.touches(self.key(counter))

    def undo(self, counter: str) -> Locator:
        return self.page.locator(f"#counter-{slot(counter)} .undo button")

    def takes_back(self, counter: str, n: int) -> None:
        total = self.reads(counter) - n
        self.press(self.undo(counter))
        self.expects(counter, total)

    def opens_complaint(self, way: str = "settle") -> Self:
        self.press(self.page.locator(".counter-foot a[href='/staff/complaint']"))
        return self.begins(way).is_on_screen("notice")

    def resumes(self, code: str) -> None:
        self.press(self.page.locator("a[href='/staff/complaint/resume']"))
        self.types("code", code)
        self.press(self.page.locator(".wizard-keys button"))

    def locks(self) -> None:
        self.press(self.page.locator("form[action='/staff/lock'] button").first)
        self.sees(".attract .doors")

    def closes_day(self) -> str:
        """Returns the eight characters of the slip."""
        self.goes_to("/staff/close")
        self.press(self.page.locator(".day-go"))
        return self.sees("#slip-code").inner_text()

    def stops_codes(self) -> int:
        """At the page of codes that take turns; returns how many there are."""
        self.goes_to("/staff/qr")
        self.sees("[data-codes] canvas")
        self.press(self.page.locator("[data-toggle]"))
        return self.page.locator("[data-codes] ol > li").count()

    def steps(self, by: int = 1) -> Locator:
        """To another of the codes; returns where it is seen."""
        self.press(self.page.locator(f"[data-step='{by}']"))
        return self.page.locator(".show-code canvas")

    def hands_in_receipt(self, text: str) -> Self:
        """Without a camera: the receipt's text."""
        self.press(self.page.locator(".take-text summary"))
        self.types("text", text)
        self.press(self.page.locator(".take-text button"))
        return self


class Installer(Person):
    """Who sets a new tablet up, at the tablet."""

    def comes(self) -> Self:
        self.goes_to("/")
        self.sees("#joining [name=code]")
        return self

    def types_code(self, hub: str, code: str) -> Self:
        self.types("hub", hub)
        self.types("code", code)
        self.press(self.page.locator(".joining-type button"))
        return self

    def opens_camera(self) -> Self:
        self.press(self.page.locator("[data-scan-start]"))
        return self

    def reads_digits(self) -> str:
        return self.sees("#digits").inner_text()

    def is_ready(self) -> None:
        self.sees(".joined-ready")


_SEND_EACH = """async (buttons) => {
  for (const one of buttons) {
    const told = new URLSearchParams(new FormData(one.form, one));
    await fetch(one.form.action, { method: "POST", body: told, redirect: "manual" });
  }
}"""
_OWN_WORDS = "one => [...one.childNodes].filter((part) => part.nodeType === 3).map((part) => part.data).join('').trim()"


class Organiser(Person):
    """Who signed in at the hub, and may open complaints."""

    fair_id = "demo"

    def gives_password(self, name: str = demo.LOGIN, password: str = demo.PASSWORD) -> Self:
        self.goes_to("/")
        self.types("name", name)
        self.types("password", password)
        self.press(self.page.locator(".gate .go"))
        return self

    def signs_in(self, fair: Fair) -> Self:
        """With name and password; the next time in the same fair with the cookie, for the door is throttled."""
        if fair.badge:
            self.page.context.add_cookies(fair.badge)
            return self.opens()
        self.gives_password().sees("#board")
        fair.badge = [{**one, "url": self.url} for one in self.page.context.cookies() if one["name"] == "session"]
        for one in fair.badge:
            del one["domain"], one["path"]
        return self

    def sends_each(self, buttons: Locator) -> None:
        """The form of each of them, and no page is looked at in between."""
        buttons.evaluate_all(_SEND_EACH)

    def opens(self, place: str = "") -> Self:
        """The board, or another place of the fair: "complaints", "codes"."""
        return self.goes_to(f"/fairs/{self.fair_id}/{place}".rstrip("/"))

    def reads_board(self) -> dict[str, str]:
        """What the board shows, by the label."""
        tiles = self.sees(".tiles .tile").all()
        return {
            tile.locator("dt").evaluate(_OWN_WORDS): tile.locator(".big").inner_text().replace(",", "")
            for tile in tiles
        }

    def draws_code(self, desk: str) -> Locator:
        """A code for a desk; returns where it is shown."""
        self.opens("codes")
        self.press(self.page.locator(f"button[name=desk][value={desk}]"))
        return self.sees(".ticket")

    def prints_sheet(self) -> Locator:
        """The sheet for the desks that are proposed; returns its slips."""
        self.opens("codes/sheet")
        self.press(self.page.locator(".sheet-form .go"))
        return self.sees(".strip-slip")

    def reads_digits(self) -> list[str]:
        """Of every tablet that waits; the page brings them by itself."""
        return self.sees("#waiting .digits").all_inner_texts()

    def says(self, verdict: str, place: int = 0) -> Self:
        """`same` or `different`, of one of those that wait."""
        self.press(self.page.locator(f"#waiting button[value={verdict}]").nth(place))
        self.sees("h1")
        return self

    def hands_in(self, *texts: str) -> Self:
        """What was read off a tablet, one text a line."""
        self.opens("scan")
        self.types("text", "\n".join(texts))
        self.press(self.page.locator(".typing .go"))
        return self

    def finds_case(self, case: str) -> Locator:
        self.opens("complaints")
        return self.sees(f"#case-{case}")

    def opens_case(self, case: str) -> str:
        """All words of the case, opened for a reason."""
        self.press(self.finds_case(case).locator("a.case"))
        self.press(self.page.locator("form.openers[action$='/open'] button").first)
        self.sees(".said")
        return self.sees(".file").inner_text()


def slot(counter: str) -> str:
    return counter.replace(".", "-")
