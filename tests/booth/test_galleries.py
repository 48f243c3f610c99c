"""The gallery: two drawings, one judgement, one fact."""

import pytest
from flask.testing import FlaskClient

from kiosk.booth.context import Booth
from tests.makers import Browser, Form, facts_of


def the_form(visitor: Browser, exhibit: str = "e01") -> Form:
    return visitor.get(f"/gallery/{exhibit}").form(f"/gallery/{exhibit}/judge")


def fake_side(visitor: Browser, booth: Booth, exhibit: str = "e01") -> str:
    """Where the fake is, as only somebody with the pack's files could tell."""
    fake = (booth.pack.drawings / booth.pack.exhibit_by_id[exhibit].fake).read_text("utf-8")
    [side] = [side for side in ("left", "right") if visitor.get(f"/gallery/{exhibit}/{side}.svg").text == fake]
    return side


def test_every_exhibit_has_its_card(visitor: Browser, booth: Booth):
    page = visitor.get("/gallery")
    assert all(f'href="/gallery/{exhibit.id}"' in page for exhibit in booth.pack.exhibits)


@pytest.mark.parametrize("rightly", [True, False])
def test_a_judgement_is_one_fact(visitor: Browser, booth: Booth, rightly: bool):
    form = the_form(visitor)
    fake = fake_side(visitor, booth)
    page = visitor.send(form, side=fake if rightly else {"left": "right", "right": "left"}[fake])
    [fact] = facts_of(booth.journal)
    assert (fact.id, fact.body["exhibit"], fact.body["right"]) == (form.values["id"], "e01", rightly)
    assert ("verdict-right" in page) == rightly


def test_a_double_touch_is_one_judgement(visitor: Browser, booth: Booth):
    form = the_form(visitor)
    assert [visitor.send(form, side=side).status for side in ("left", "right")] == [200, 200]
    assert len(facts_of(booth.journal)) == 1


def test_a_made_up_fact_id_counts_nothing(visitor: Browser, booth: Booth):
    visitor.send(the_form(visitor), id="0" * 32, side="left")
    assert facts_of(booth.journal) == []


@pytest.mark.parametrize("side", ["", "middle", "LEFT"])
def test_an_unknown_side_is_refused(visitor: Browser, booth: Booth, side: str):
    assert visitor.send(the_form(visitor), side=side).status == 400
    assert facts_of(booth.journal) == []


def test_the_page_does_not_say_which_is_the_fake_before_the_judgement(visitor: Browser, booth: Booth):
    for exhibit in booth.pack.exhibits:
        page = visitor.get(f"/gallery/{exhibit.id}")
        assert "is-fake" not in page
        assert exhibit.fake not in page
        assert all(region.why.zh not in page for region in exhibit.regions)


def test_the_fake_is_not_always_on_one_side(booth: Booth, client: FlaskClient):
    sides = set()
    for _ in range(40):
        visitor = Browser(client)
        visitor.get("/")
        visitor.get("/gallery/e01")
        sides.add(fake_side(visitor, booth))
    assert sides == {"left", "right"}


def test_the_marks_are_shown_after_the_judgement(visitor: Browser, booth: Booth):
    page = visitor.send(the_form(visitor), side="left")
    assert all(region.wrong.zh in page for region in booth.pack.exhibit_by_id["e01"].regions)


def test_the_card_remembers_for_this_visit_only(visitor: Browser):
    visitor.send(the_form(visitor), side="left")
    assert "card-done" in visitor.get("/gallery")
    visitor.get("/")
    assert "card-done" not in visitor.get("/gallery")


@pytest.mark.parametrize(
    "path", ["/gallery/e99", "/gallery/e99/left.svg", "/gallery/e01/fake.svg", "/gallery/e01/x.svg"]
)
def test_what_is_not_there_is_not_found(visitor: Browser, path: str):
    assert visitor.get(path).status == 404


def test_a_drawing_is_a_drawing(visitor: Browser):
    answer = visitor.get("/gallery/e01/genuine.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
