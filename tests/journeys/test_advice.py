"""A question nobody at the desk can answer: from the tablet without a network to the visitor's own phone."""

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Organiser, Person
from tests.journeys.screens import LYING, PHONE, STANDING
from tests.journeys.test_quiz import added
from tests.proof import share

QUESTION = "我在一家健身房充了2000元的卡，现在店关门了，卡里的钱还能要回来吗？"
ANSWER = "可以要求退还余额。先保存好充值记录，再拨打 12315。"
WORDING = "店关门了，预付卡里的钱怎么要回来？"


def answers(organiser: Organiser, number: str) -> None:
    """Opens what was asked, answers it, and puts it into the list for everybody."""
    organiser.opens("advice").press(organiser.page.get_by_role("link", name=number))
    assert organiser.page.get_by_text(QUESTION).count() == 0, "it is sealed until somebody says why it is opened"
    organiser.press(organiser.page.locator(".openers .go"))
    expect(organiser.page.get_by_text(QUESTION)).to_be_visible()
    organiser.types("answer", ANSWER)
    organiser.press(organiser.page.locator("#listed"))
    organiser.types("wording", WORDING)
    organiser.press(organiser.page.locator(".saying .go"))
    organiser.sees("a[aria-current='true'][href$='answered']")


def looks_up(phone: Person, code: str) -> str:
    phone.types("code", code)
    with phone.page.expect_response("**/m/advice"):
        phone.press(phone.page.locator(".advice-form .button"))
    return phone.sees(".slip").inner_text()


@pytest.mark.parametrize("size", share([LYING, STANDING], [LYING]), ids=str)
def test_a_question_left_without_a_network_is_answered_and_read_by_its_code(
    fair, a_visitor, an_organiser, screens, watch, size
):
    before = fair.figures()
    fair.hub.stop()
    visitor = a_visitor(fair, size).goes_to("/advice")
    watch.allow("422")
    visitor.types("question", QUESTION + "电话13800000000")
    visitor.press(visitor.page.locator(".wizard-keys .button"))
    assert "没有记下" in visitor.sees("#question-fault").inner_text()
    visitor.types("question", QUESTION)
    visitor.press(visitor.page.locator(".wizard-keys .button"))
    number = visitor.sees(".slip-number strong").inner_text()
    visitor.press(visitor.page.get_by_role("link", name="完成"))
    visitor.sees(".attract .doors")
    assert number not in visitor.page.content()

    fair.hub.start()
    fair.sync()
    assert added(before, fair.figures()) == {"advice_asked": 1, "consultations": 1}

    phone = Person(screens.open(PHONE), fair.hub.url)
    assert "还没有答复" in looks_up(phone.goes_to("/m/advice"), number)
    answers(an_organiser(fair), number)
    assert added(before, fair.figures()) == {"advice_asked": 1, "advice_answered": 1, "consultations": 1}
    told = looks_up(phone.goes_to("/m/advice"), number.lower().replace("-", ""))
    assert ANSWER in told
    assert QUESTION not in phone.page.content()

    somebody = Person(screens.open(PHONE), fair.hub.url).goes_to("/m/advice")
    somebody.press(somebody.page.get_by_text(WORDING))
    expect(somebody.page.get_by_text(ANSWER)).to_be_visible()


def test_a_question_is_left_and_looked_up_without_javascript(fair, a_visitor, screens):
    visitor = a_visitor(fair, java_script_enabled=False).goes_to("/advice")
    visitor.types("question", QUESTION)
    visitor.press(visitor.page.locator(".wizard-keys .button"))
    number = visitor.sees(".slip-number strong").inner_text()
    phone = Person(screens.open(PHONE, java_script_enabled=False), fair.hub.url).goes_to("/m/advice")
    phone.types("code", number)
    phone.press(phone.page.locator(".advice-form .button"))
    assert "还没有答复" in phone.sees(".slip").inner_text()
