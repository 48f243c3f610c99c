"""The session wall: the next visitor sees nothing of the last one."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.booth.context import Booth
from tests.booth.test_quizzes import answer
from tests.clocks import FakeClock
from tests.makers import Browser, facts_of

#: Seconds: a minute without a touch, and fifteen in which the page asks "still there?".
IDLE = 60 + 15


def question_of(visitor: Browser) -> str:
    return visitor.get("/quiz").form("/quiz/answer").values["question"]


def test_a_visit_goes_on_from_page_to_page(visitor: Browser):
    assert question_of(visitor) == question_of(visitor)


def test_coming_home_ends_the_visit(visitor: Browser, booth: Booth):
    answer(visitor, booth)
    visitor.get("/")
    page = visitor.get("/quiz")
    assert page.form("/quiz/answer").values["id"] not in {fact.id for fact in facts_of(booth.journal)}
    assert "option-right" not in page


def test_leaving_ends_the_visit_and_its_choices(client: FlaskClient, visitor: Browser, booth: Booth):
    visitor.post("/preferences", lang="en", large="1", next="/")
    answer(visitor, booth)
    visitor.post("/leave")
    assert [client.get_cookie(name) for name in ("visit", "lang", "large")] == [None] * 3


def test_how_one_leaves_is_ours_to_say(client: FlaskClient, visitor: Browser):
    visitor.get("/quiz")
    assert visitor.post("/leave", idle="75").status == 400
    assert client.get_cookie("visit") is not None
    assert visitor.post("/leave", idle="1").path == "/"


def test_an_old_cookie_opens_nothing(client: FlaskClient, visitor: Browser, booth: Booth):
    answer(visitor, booth)
    token = client.get_cookie("visit").value
    visitor.get("/")
    client.set_cookie("visit", token)
    assert "option-right" not in visitor.get("/quiz")


def test_a_visitor_who_lingers_is_still_there(visitor: Browser, clock: FakeClock, booth: Booth):
    answer(visitor, booth)
    clock.tick(IDLE)
    assert "option-right" in visitor.get("/quiz")


def test_a_visitor_who_walked_away_is_forgotten(visitor: Browser, clock: FakeClock, booth: Booth):
    answer(visitor, booth)
    clock.tick(IDLE + 0.001)
    assert "option-right" not in visitor.get("/quiz")


def test_a_clock_set_by_hand_ends_no_visit(visitor: Browser, clock: FakeClock, booth: Booth):
    answer(visitor, booth)
    clock.jump_wall(3600)
    assert "option-right" in visitor.get("/quiz")


def test_two_visitors_are_strangers(booth_app: Flask, booth: Booth):
    one, other = Browser(booth_app.test_client()), Browser(booth_app.test_client())
    answer(one, booth)
    answer(other, booth)
    sessions = {fact.body["session"] for fact in facts_of(booth.journal)}
    assert len(sessions) == 2


def test_a_second_play_is_another_session(visitor: Browser, booth: Booth):
    answer(visitor, booth)
    visitor.post("/quiz/start", mode="standard")
    answer(visitor, booth)
    assert len({fact.body["session"] for fact in facts_of(booth.journal)}) == 2


def test_the_cookie_is_drawn_at_random_and_out_of_reach_of_scripts(client: FlaskClient, visitor: Browser):
    tokens = set()
    for _ in range(2):
        header = client.get("/quiz").headers["Set-Cookie"]
        assert "HttpOnly" in header
        assert "SameSite=Strict" in header
        assert "Expires" not in header
        tokens.add(client.get_cookie("visit").value)
        visitor.get("/")
    assert len(tokens) == 2


@pytest.mark.parametrize("path", ["/", "/quiz", "/gallery", "/gallery/e01", "/complaint", "/staff/enter", "/nowhere"])
def test_no_page_is_kept_by_the_browser(visitor: Browser, path: str):
    assert visitor.get(path).headers["Cache-Control"] == "no-store"


def test_no_more_visits_are_remembered_than_a_tablet_can_hold(booth: Booth):
    tokens = [booth.visits.start().token for _ in range(600)]
    assert [booth.visits.find(token) is not None for token in tokens] == [False] * 100 + [True] * 500
