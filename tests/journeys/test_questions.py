"""Every question of the pack on the tablet: a visitor decides without scrolling, whichever one chance draws."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route

from kiosk.booth import galleries, quizzes
from kiosk.booth.context import Booth
from kiosk.booth.handoff import Phones
from kiosk.booth.sessions import Play, Round, Visit
from kiosk.packs.quizzes import STANDARD, Question
from tests.journeys.screens import LYING, PHONE, STANDING, looks
from tests.proof import at_length, share

ADDRESS = "http://127.0.0.1:3150"
HERE = {"REMOTE_ADDR": "127.0.0.1"}
#: Of each kind and place: all of them at full length.
MOST = share(10_000, 8)
#: Screen by screen: how far the page goes below the edge, how far the key to go on does, and how far it goes sideways.
_MEASURE = """async ([screens, lang, large]) => {
  document.documentElement.lang = lang;
  document.documentElement.toggleAttribute("data-large", large);
  const found = [];
  for (const html of screens) {
    document.querySelector("#page").outerHTML = html;
    await document.querySelector(".ask-drawing")?.decode();
    document.querySelectorAll("[data-speak]").forEach((one) => one.hidden = false); // as where the tablet has a voice
    const next = document.querySelector("[data-next]");
    found.push([document.documentElement.scrollHeight - innerHeight,
      next ? Math.round(next.getBoundingClientRect().bottom - innerHeight) : 0,
      document.documentElement.scrollWidth - innerWidth]);
  }
  return found;
}"""


def wrongest(question: Question) -> list[str]:
    """The answer that leaves most to be said."""
    ids = [option.id for option in question.options]
    if question.kind == "order":
        return list(reversed(question.answer))
    if question.kind == "multiple":
        return ids if set(ids) != set(question.answer) else ids[:1]
    wrong = [option for option in question.options if option.id not in question.answer]
    return [max(wrong, key=lambda option: len(option.text.zh)).id]


def play_of(question: Question, *, is_answered: bool) -> Play:
    """The first of five questions: the only one with more on the screen than itself."""
    play = Play(
        session="s",
        mode=STANDARD,
        questions=[question] * STANDARD.questions,
        options=[question.options] * STANDARD.questions,
        fact_ids=["0" * 32] * STANDARD.questions,
        finish_id="0" * 32,
        shown_at=0,
    )
    if is_answered:
        play.chosen.append(wrongest(question))
    return play


def screens_of(app: Flask, questions: Iterable[Question], cookies: str) -> Iterator[tuple[str, str]]:
    """Each question before and after it is answered: what it is called here, and its fragment."""
    headers = {"HX-Request": "true", "Cookie": cookies}
    for question in questions:
        for is_answered in (False, True):
            with app.test_request_context("/quiz", headers=headers, environ_base=HERE):
                app.preprocess_request()
                visit = Visit("t", "s", 0, play=play_of(question, is_answered=is_answered))
                shown = quizzes._question(visit, visit.play).get_data(as_text=True)
            yield f"{question.id} {question.kind}{' answered' if is_answered else ''}", shown[shown.index("<div id") :]


def beyond(
    page: Page,
    app: Flask,
    questions: Iterable[Question],
    cookies: str = "",
    sizes: Iterable[tuple[int, int]] = (LYING, STANDING),
) -> list[tuple[str, int, int, int]]:
    """By screen and question: pixels below the edge of the page, of the key to go on, and beside the page."""
    named = list(screens_of(app, questions, cookies))
    look = ["en" if "lang=en" in cookies else "zh-CN", "large" in cookies]
    found = []
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        measured = page.evaluate(_MEASURE, [[html for _, html in named], *look])
        found += [(f"{name} at {width}×{height}", *one) for (name, _), one in zip(named, measured, strict=True)]
    return found


@pytest.fixture
def asking(booth_app: Flask, booth: Booth, browser: Browser) -> Iterator[Page]:
    """A page of the booth's looks without a server: what it asks for is answered by the app itself."""
    client = booth_app.test_client()
    booth.phones = Phones(booth.clock, ADDRESS, "KIOSK-315", booth.visits)

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.path.endswith(".js"):
            route.fulfill(status=200, content_type="text/javascript", body="")
            return
        cookie = route.request.headers.get("cookie", "")
        response = client.get(address.path, base_url=ADDRESS, headers={"Cookie": cookie})
        route.fulfill(status=response.status_code, content_type=response.content_type, body=response.get_data())

    context = browser.new_context(**looks(LYING))
    context.route("**/*", answer)
    page = context.new_page()
    yield page
    context.close()


def longest(questions: list[Question], language: str) -> list[Question]:
    """Of each kind, those with most to be read in any one place."""
    places: list[Callable[[Question], int]] = [
        lambda one: len(one.text.in_(language) + (one.story.in_(language) if one.story else "")),
        lambda one: sum(len(option.text.in_(language)) for option in one.options),
        lambda one: max(len(option.text.in_(language)) for option in one.options),
        lambda one: len(one.explanation.in_(language)),
    ]
    chosen = {}
    for kind in {one.kind for one in questions}:
        alike = [one for one in questions if one.kind == kind]
        for place in places:
            chosen |= {one.id: one for one in sorted(alike, key=place)[-MOST:]}
    return list(chosen.values())


@pytest.mark.parametrize("language", share(["zh", "en"], ["en"]))
def test_a_visitor_decides_without_scrolling_whatever_is_asked(asking, booth_app, booth, language):
    asking.goto(f"{ADDRESS}/quiz")
    questions = longest(booth.pack.questions, language)
    found = beyond(asking, booth_app, questions, f"lang={language}")
    assert [f"{name} scrolls down by {page}px" for name, page, *_ in found if page > 0] == []


def test_in_large_type_the_key_that_leads_on_is_in_sight_whatever_was_asked(asking, booth_app, booth):
    asking.goto(f"{ADDRESS}/quiz")
    questions = longest(booth.pack.questions, "en")
    found = beyond(asking, booth_app, questions, "lang=en; large=1")
    assert [f"{name}: {key}px below the edge" for name, _, key, _ in found if key > 1] == []


@at_length
@pytest.mark.parametrize("cookies", ["lang=zh; large=1", "lang=en; large=1"])
def test_no_word_is_too_wide_for_a_phone_in_large_type(asking, booth_app, booth, cookies):
    asking.goto(f"{ADDRESS}/quiz")
    found = beyond(asking, booth_app, booth.pack.questions, cookies, [PHONE])
    assert [f"{name}: {beside}px beside the page" for name, _, _, beside in found if beside > 0] == []


# --- pairs ----------------------------------------------------------------------------------------


def pairs_of(app: Flask, exhibits: Sequence[str], cookies: str) -> Iterator[tuple[str, str]]:
    """Each pair as one of a round: what it is called here, and its fragment."""
    headers = {"HX-Request": "true", "Cookie": cookies}
    for exhibit in exhibits:
        others = [one for one in exhibits if one != exhibit][: galleries.PAIRS - 1]
        with app.test_request_context("/gallery/pairs", headers=headers, environ_base=HERE):
            app.preprocess_request()
            visit = Visit("t", "s", 0, round=Round([*others, exhibit], at=len(others)))
            shown = galleries._pair(visit, visit.round).get_data(as_text=True)
        yield exhibit, shown[shown.index("<div id") :]


@pytest.mark.parametrize("language", share(["zh", "en"], ["en"]))
def test_a_visitor_judges_without_scrolling_whichever_pair_is_drawn(asking, booth_app, booth, language):
    asking.goto(f"{ADDRESS}/gallery")
    named = list(pairs_of(booth_app, [one.id for one in booth.pack.exhibits], f"lang={language}"))
    beyond = []
    for width, height in (LYING, STANDING):
        asking.set_viewport_size({"width": width, "height": height})
        look = ["en" if language == "en" else "zh-CN", False]
        measured = asking.evaluate(_MEASURE, [[html for _, html in named], *look])
        beyond += [(name, width, below) for (name, _), (below, *_) in zip(named, measured, strict=True) if below > 0]
    assert beyond == []
