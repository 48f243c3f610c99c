"""The next visitor finds nothing of the last one."""

import pytest
from playwright.sync_api import expect

from tests.journeys.screens import LYING, STANDING
from tests.proof import at_length, share

#: Everything a page can leave in a browser. None of it is ours to fill.
STORED = """async () => [
  ...Object.entries(localStorage).flat(),
  ...Object.entries(sessionStorage).flat(),
  ...(await indexedDB.databases()).map((one) => one.name),
  ...(await caches.keys()),
  document.cookie,
].filter(Boolean)"""

#: Of what is typed in the stories; none of them stands in the pack, which the next visitor may well be shown.
WORDS = ("张小花", "13912345678", "长江路2号测试楼", "好又多小卖部", "用了一天就不热了")


def leaves_nothing(person, *words):
    """Back five times, each page once more by reload: nothing of what was seen or typed."""
    page = person.page
    for _ in range(6):
        for _ in range(2):
            assert page.locator(".ask-done, .result, .progress .right, .progress .wrong, .verdict").count() == 0
            shown = page.content() + "\n".join(
                page.locator("input, textarea").evaluate_all("all => all.map(x => x.value)")
            )
            for word in (*WORDS, *words):
                assert word not in shown
            assert page.evaluate(STORED) == []
            if page.url == "about:blank":
                break
            page.reload()
        if page.url == "about:blank" or page.go_back() is None:
            break


def goes_by(person, seconds):
    """So much time, once the page's script is there to notice."""
    person.page.wait_for_load_state()
    person.page.clock.fast_forward(seconds * 1000)


def is_asked(person, seconds=60):
    """Nobody touches the screen: the page asks whether somebody is there."""
    page = person.page
    page.locator("#still[data-awake]").wait_for(state="attached")  # somebody looks at the clock
    page.clock.fast_forward(seconds * 1000)
    expect(page.locator("#still")).to_be_visible()


def idles(person, seconds):
    """Asked, counted down, sent home."""
    is_asked(person, seconds)
    person.page.clock.fast_forward(15_000)
    person.sees(".attract .doors")


ENDS = [("finished", LYING), ("left", STANDING), ("idled", LYING)]


@pytest.mark.parametrize(("end", "size"), share(ENDS, ENDS[2:]))
def test_after_a_quiz_nothing_is_left(fair, a_visitor, end, size):
    visitor = a_visitor(fair, size, clock=True).comes().opens_quiz()
    if end == "finished":
        visitor.plays_quiz(right=5)
        visitor.goes_home()
    elif end == "left":
        visitor.answers()
        visitor.goes_home()
    else:
        visitor.answers()
        idles(visitor, 60)
    assert not [one for one in visitor.page.context.cookies() if one["name"] == "visit"]
    leaves_nothing(visitor)


def test_whoever_is_still_there_stays(fair, a_visitor):
    visitor = a_visitor(fair, clock=True).comes().opens_quiz()
    question = visitor.page.locator(".ask h1").inner_text()
    is_asked(visitor)
    visitor.touches(visitor.page.locator("#still form[method=dialog] button"))
    expect(visitor.page.locator("#still")).to_be_hidden()
    visitor.page.wait_for_timeout(500)  # for an answer that nobody gave
    assert visitor.page.locator(".ask-done").count() == 0, "the touch went through to what lies below"
    visitor.page.clock.fast_forward(50_000)
    expect(visitor.page.locator("#still")).to_be_hidden()
    assert visitor.page.locator(".ask h1").inner_text() == question


@at_length
def test_a_touch_beside_the_question_answers_nothing_below_it(fair, a_visitor):
    visitor = a_visitor(fair, clock=True).comes().opens_quiz()
    option = visitor.page.locator(".option").first.bounding_box()
    is_asked(visitor)
    visitor.page.touchscreen.tap(option["x"] + option["width"] - 20, option["y"] + 20)
    expect(visitor.page.locator("#still")).to_be_hidden()
    visitor.page.wait_for_timeout(500)
    assert visitor.page.locator(".ask-done").count() == 0, "the touch went through to what lies below"


@at_length
def test_whoever_has_finished_ends_it_there(fair, a_visitor):
    visitor = a_visitor(fair, clock=True).comes().opens_quiz()
    is_asked(visitor)
    visitor.touches(visitor.page.locator("#still form[action='/leave'] button"))
    visitor.sees(".attract .doors")
    leaves_nothing(visitor)


def test_a_choice_of_language_and_type_goes_with_the_visitor(fair, a_visitor):
    visitor = a_visitor(fair, clock=True).comes().prefers(english=True, large=True)
    visitor.opens_quiz()
    idles(visitor, 60)
    visitor.sees("html[lang='zh-CN']:not([data-large])")
    assert visitor.page.context.cookies() == []


def test_choices_made_on_the_first_page_are_forgotten_there_too(fair, a_visitor):
    """Also where no slogans take turns: with reduced motion they stand still."""
    visitor = a_visitor(fair, clock=True, reduced_motion="reduce").comes().prefers(english=True, large=True)
    goes_by(visitor, 60)
    visitor.sees("html[lang='zh-CN']:not([data-large])")
    assert visitor.page.context.cookies() == []


@at_length
def test_an_exhibit_judged_is_not_shown_to_the_next(fair, a_visitor):
    visitor = a_visitor(fair, clock=True).comes().goes_to("/gallery")
    visitor.judges_exhibit()
    idles(visitor, 60)
    leaves_nothing(visitor)
    visitor.goes_to("/gallery")
    assert visitor.page.locator(".card-done").count() == 0


@pytest.mark.parametrize("end", share(["filed", "locked", "idled"], ["locked"]))
def test_after_a_complaint_nothing_is_left(fair, a_volunteer, end):
    volunteer = a_volunteer(fair, clock=True).signs_in().opens_complaint()
    if end == "filed":
        case = volunteer.files_complaint()
        volunteer.press(volunteer.page.locator(".receipt-keys a"))
        volunteer.sees(".counter-grid")
        leaves_nothing(volunteer, case)
        return
    volunteer.fills_until("identity").fills_screen("identity")
    code = volunteer.page.locator(".wizard-code .code").inner_text()
    if end == "locked":
        volunteer.press(volunteer.page.locator(".bar a[href='/staff']"))
        volunteer.locks()
    else:
        idles(volunteer, 300)
    leaves_nothing(volunteer, code)


def test_on_the_own_phone_nothing_is_left_either(fair, a_visitor):
    tablet = a_visitor(fair).goes_to("/complaint/settle")
    address = "http://" + tablet.page.locator(".way-address").inner_text()
    phone = a_visitor(fair, size=(390, 844))
    phone.page.goto(address)
    case = phone.begins().files_complaint()
    phone.page.reload()
    leaves_nothing(phone, case)


def test_a_page_brought_back_from_the_browsers_memory_is_loaded_again(fair, a_visitor):
    """Chromium under test has no back-forward cache; what a page does when it comes out of one can still be seen."""
    visitor = a_visitor(fair).comes().opens_quiz()
    visitor.answers()
    with visitor.page.expect_request(lambda request: request.is_navigation_request()):
        # Not at once: the page would be gone before it could answer, and Chromium may wait for that answer for ever.
        visitor.page.evaluate(
            "setTimeout(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))"
        )
    visitor.page.wait_for_load_state()


def test_every_page_forbids_to_be_kept(fair, a_visitor):
    visitor = a_visitor(fair)
    for path in ("/", "/quiz", "/gallery", "/complaint", "/staff/enter"):
        answer = visitor.page.goto(fair.booth.url + path)
        assert answer.header_value("cache-control") == "no-store"


@at_length
def test_without_javascript_a_page_goes_home_by_itself(fair, a_visitor):
    visitor = a_visitor(fair, java_script_enabled=False)
    for path in ("/quiz", "/gallery", "/complaint", "/staff/enter"):
        visitor.goes_to(path)
        refresh = visitor.page.locator("head meta[http-equiv=refresh]")
        assert refresh.get_attribute("content") == "75;url=/"
