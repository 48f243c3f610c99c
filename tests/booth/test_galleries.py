"""The gallery: two drawings, one judgement, one fact; what was viewed; pairs in a row; the tour; phones."""

import re
import sqlite3

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.booth.context import Booth, new_id
from kiosk.booth.galleries import PAIRS, _around, _frame, marked
from kiosk.booth.journal import Draft
from kiosk.facts.galleries import ExhibitJudged
from tests.booth.test_visits import IDLE
from tests.clocks import FakeClock
from tests.makers import Browser, Form, Page, facts_of


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


@pytest.mark.parametrize(("way", "chosen"), [("", "辨真假"), ("?play=find", "找问题"), ("?play=tour", "讲解")])
def test_the_game_a_card_leads_to_is_the_one_that_is_shown_chosen(visitor: Browser, way: str, chosen: str):
    text = visitor.get(f"/gallery{way}").text
    games = re.findall(r'<a class="game"[^>]*aria-current="true"[^>]*>.*?<b>(.*?)</b>', text)
    assert games == [chosen]
    assert ("选一件看看" in text) == (way == "")


@pytest.mark.parametrize("side", ["left", "right"])
def test_each_of_a_pair_can_be_looked_at_as_large_as_the_screen_before_judging(
    visitor: Browser, booth: Booth, side: str
):
    assert f'href="/gallery/e01/closer/{side}"' in visitor.get("/gallery/e01")
    page = visitor.get(f"/gallery/e01/closer/{side}")
    assert f'src="/gallery/e01/{side}.svg"' in page
    assert 'href="/gallery/e01"' in page
    assert not any(word in page for word in ("假的", "真的", '<rect class="mark'))  # nothing gives it away
    assert facts_of(booth.journal) == []


def test_after_judging_the_closer_look_shows_what_is_wrong(visitor: Browser, booth: Booth):
    form = the_form(visitor)
    fake = fake_side(visitor, booth)
    visitor.send(form, side=fake)
    assert f'href="/gallery/e01/closer/{fake}"' in visitor.get("/gallery/e01")
    page = visitor.get(f"/gallery/e01/closer/{fake}")
    assert page.text.count('<rect class="mark"') == len(booth.pack.exhibit_by_id["e01"].regions)
    other = {"left": "right", "right": "left"}[fake]
    assert '<rect class="mark"' not in visitor.get(f"/gallery/e01/closer/{other}")


def test_who_looked_closer_at_one_of_a_row_of_pairs_comes_back_to_the_row(visitor: Browser):
    page = visitor.get("/gallery/pairs")
    [address, _] = re.findall(r'href="(/gallery/e\d+/closer/\w+\?then=pairs)"', page.text)
    assert 'href="/gallery/pairs"' in visitor.get(address)
    exhibit = address.split("/")[2]
    visitor.send(page.form(f"/gallery/{exhibit}/judge"), side="left")
    visitor.send(visitor.get("/gallery/pairs").form("/gallery/pairs/next"))
    assert f'href="/gallery/{exhibit}"' in visitor.get(address)  # that pair is over


@pytest.mark.parametrize("side", ["genuine", "fake", "middle"])
def test_there_is_no_closer_look_that_would_name_the_fake(visitor: Browser, side: str):
    assert visitor.get(f"/gallery/e01/closer/{side}").status == 404


def test_a_closer_look_is_part_of_the_view(visitor: Browser, booth: Booth, clock: FakeClock):
    visitor.get("/gallery/e01")
    clock.tick(2)
    visitor.get("/gallery/e01/closer/left")
    clock.tick(2)
    visitor.get("/gallery")
    assert [fact.body["ms"] for fact in facts_of(booth.journal, "exhibit.viewed")] == [4_000]


def test_no_number_hides_what_is_marked(booth: Booth):
    """As large as a number is on the smallest picture, beside a place that leaves room for it somewhere."""
    for one in booth.pack.exhibits:
        for mark in marked([(region, True) for region in one.regions]):
            left, top, width, height = _around(mark.badge)
            assert 0 <= left <= 1 - width, one.id
            assert 0 <= top <= 1 - height, one.id
            across = min(mark.region.x + mark.region.w, left + width) - max(mark.region.x, left)
            down = min(mark.region.y + mark.region.h, top + height) - max(mark.region.y, top)
            assert min(across, down) < 1e-6, (one.id, mark.region.id)


def test_a_place_that_leaves_no_room_has_its_number_all_the_same(booth: Booth):
    region = msgspec.structs.replace(booth.pack.exhibits[0].regions[0], x=0, y=0, w=1, h=1)
    [mark] = marked([(region, True)])
    assert (mark.badge.dx, mark.badge.dy) == (1, 1)


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


@pytest.mark.parametrize("kept", [True, False])
def test_a_judgement_the_disk_kept_without_saying_so_is_answered(visitor: Browser, booth: Booth, kept: bool):
    form = the_form(visitor)
    body = ExhibitJudged(session=new_id(), exhibit="e01", right=kept)
    booth.journal.append(Draft(form.values["id"], body, "visitor"))
    page = visitor.send(form, side="left")
    assert (page.status, "verdict" in page) == (200, True)
    assert [fact.body["right"] for fact in facts_of(booth.journal)] == [kept]


def searches(visitor: Browser, exhibit: str, do: str = "") -> None:
    at = f"/gallery/{exhibit}/find"
    page = visitor.get(at)
    if do:
        visitor.post(at, id=page.form(at).values["id"], turn="0", do=do)


def gives_up(visitor: Browser, exhibit: str) -> None:
    searches(visitor, exhibit, "end")


def compares(visitor: Browser, exhibit: str) -> None:
    searches(visitor, exhibit, "compare")


def tours(visitor: Browser, exhibit: str) -> None:
    visitor.get(f"/gallery/{exhibit}/tour")


@pytest.mark.parametrize("way", [tours, searches, gives_up, compares])
@pytest.mark.parametrize("is_form_older", [True, False])
def test_who_was_told_which_is_the_fake_judges_for_fun_only(visitor: Browser, booth: Booth, way, is_form_older: bool):
    older = the_form(visitor) if is_form_older else None
    way(visitor, "e01")
    form = older or the_form(visitor)
    page = visitor.send(form, side=fake_side(visitor, booth))
    assert "verdict-right" in page
    assert facts_of(booth.journal, "exhibit.judged") == []


def test_a_visit_that_begins_with_the_tour_was_told(client: FlaskClient, booth: Booth):
    visitor = Browser(client)
    tours(visitor, "e01")
    visitor.send(the_form(visitor), side="left")
    assert facts_of(booth.journal) == []


def test_a_look_at_one_exhibit_tells_nothing_of_another(visitor: Browser, booth: Booth):
    tours(visitor, "e02")
    visitor.send(the_form(visitor), side="left")
    assert [fact.body["exhibit"] for fact in facts_of(booth.journal, "exhibit.judged")] == ["e01"]


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
    "path",
    ["/gallery/e99", "/gallery/e99/left.svg", "/gallery/e99/fake.svg", "/gallery/e01/x.svg", "/gallery/e99/tour"],
)
def test_what_is_not_there_is_not_found(visitor: Browser, path: str):
    assert visitor.get(path).status == 404


def test_no_exhibit_of_a_pack_can_be_hidden_behind_a_page(booth_app: Flask, booth: Booth):
    paths = [rule.rule.split("/") for rule in booth_app.url_map.iter_rules()]
    pages = {path[2] for path in paths if path[1] == "gallery" and len(path) > 2 and "<" not in path[2]}
    one = booth.pack.exhibit_by_id["e01"]
    assert pages
    for taken in (*pages, f"o{new_id()[:8]}"):
        assert msgspec.structs.replace(one, id=taken).faults() == ["this id is a page of its own"]
    for free in ("o1", f"o{new_id()[:9]}", "own2", "find"):
        assert msgspec.structs.replace(one, id=free).faults() == []


def test_a_drawing_is_a_drawing(visitor: Browser):
    answer = visitor.get("/gallery/e01/genuine.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


# --- viewed -----------------------------------------------------------------------------------------------


def viewed(booth: Booth) -> list[tuple[str, int]]:
    return [(fact.body["exhibit"], fact.body["ms"]) for fact in facts_of(booth.journal, "exhibit.viewed")]


def test_the_first_exhibit_of_a_visit_says_so(visitor: Browser, booth: Booth, clock: FakeClock):
    for _ in range(2):
        for exhibit in ("e01", "e02"):
            visitor.get(f"/gallery/{exhibit}")
            clock.tick(4)
        visitor.get("/")
    told = [(fact.body["exhibit"], fact.body["first"]) for fact in facts_of(booth.journal, "exhibit.viewed")]
    assert told == [("e01", True), ("e02", False)] * 2


def test_what_was_looked_at_for_three_seconds_was_viewed_once(visitor: Browser, booth: Booth, clock: FakeClock):
    for seconds in (2.999, 3, 60):
        visitor.get("/gallery/e02")
        clock.tick(seconds)
        visitor.get("/gallery")
    assert viewed(booth) == [("e02", 3_000)]


def test_all_pages_of_an_exhibit_are_one_look(visitor: Browser, booth: Booth, clock: FakeClock):
    for page in ("", "/find", "/tour?at=1", ""):
        visitor.get(f"/gallery/e01{page}")
        clock.tick(2)
    visitor.get("/gallery/e02")
    assert viewed(booth) == [("e01", 8_000)]


def test_drawings_end_no_look(visitor: Browser, booth: Booth, clock: FakeClock):
    visitor.get("/gallery/e01")
    visitor.get("/gallery/e02/genuine.svg")
    clock.tick(4)
    visitor.post("/leave")
    assert viewed(booth) == [("e01", 4_000)]


def test_a_look_is_not_longer_than_ten_minutes(visitor: Browser, booth: Booth, clock: FakeClock):
    visitor.get("/gallery/e01")
    clock.tick(3_600)
    visitor.get("/")
    assert viewed(booth) == [("e01", 600_000)]


def test_the_next_visitor_views_anew(visitor: Browser, booth: Booth, clock: FakeClock):
    for _ in range(2):
        visitor.get("/gallery/e01")
        clock.tick(5)
        visitor.post("/leave")
    assert len({fact.body["session"] for fact in facts_of(booth.journal, "exhibit.viewed")}) == 2


def test_the_minute_in_which_nobody_was_there_is_no_view(visitor: Browser, booth: Booth, clock: FakeClock):
    """The page ends the visit when nobody has touched it for an idle limit and its grace: that long, nobody looked."""
    for seconds in (2.999, 4):
        visitor.get("/gallery/e02")
        leave = visitor.get("/gallery/e02").text.partition('id="still"')[2]
        assert '<form method="post" action="/leave"><input type="hidden" name="idle" value="1">' in leave
        clock.tick(seconds + IDLE)
        visitor.post("/leave", idle="1")
    assert viewed(booth) == [("e02", 4_000)]


@pytest.mark.parametrize("path", ["/", "/gallery"])
def test_a_visit_that_was_over_by_itself_saw_no_more_than_before(
    visitor: Browser, booth: Booth, clock: FakeClock, path: str
):
    """A tablet that slept, or has no JavaScript and goes home by itself."""
    visitor.get("/gallery/e02")
    clock.tick(1 + IDLE)
    visitor.get(path)
    assert viewed(booth) == []


def test_touches_that_ask_nothing_of_the_booth_were_a_look(visitor: Browser, booth: Booth, clock: FakeClock):
    visitor.get("/gallery/e02")
    clock.tick(90 + IDLE)
    visitor.post("/leave", idle="1")
    assert viewed(booth) == [("e02", 90_000)]


# --- the wall ---------------------------------------------------------------------------------------------


def cards(page: Page, end: str = "") -> list[str]:
    return re.findall(rf'<a class="card[^"]*" href="/gallery/([a-z0-9]+){end}"', page.text)


def test_a_category_is_one_touch_away(visitor: Browser, booth: Booth):
    page = visitor.get("/gallery")
    assert sorted(cards(page)) == sorted(booth.pack.exhibit_by_id)
    for category in {one.category for one in booth.pack.exhibits}:
        assert f'href="/gallery?category={category}"' in page
        shown = cards(visitor.get(f"/gallery?category={category}"))
        assert shown == [one.id for one in booth.pack.exhibits if one.category == category]


@pytest.mark.parametrize("query", ["?category=nosuch", "?category=", "?play=nosuch", "?category=%3Cx&play=%00"])
def test_an_unknown_choice_shows_everything(visitor: Browser, booth: Booth, query: str):
    assert len(cards(visitor.get(f"/gallery{query}"))) == len(booth.pack.exhibits)


def test_the_wall_needs_no_journal(visitor: Browser, booth: Booth):
    """Which of its own the tablet shows stands in the journal; the pack's are shown all the same."""
    with sqlite3.connect(booth.config.database) as connection:
        connection.execute("ALTER TABLE facts RENAME TO lost")
    page = visitor.get("/gallery")
    assert (page.status, len(cards(page))) == (200, len(booth.pack.exhibits))


@pytest.mark.parametrize("way", ["find", "tour"])
def test_a_game_leads_every_card_there(visitor: Browser, booth: Booth, way: str):
    assert len(cards(visitor.get(f"/gallery?play={way}"), f"/{way}")) == len(booth.pack.exhibits)
    assert f'href="/gallery?category=food&amp;play={way}"' in visitor.get(f"/gallery?play={way}")


# --- quick pairs ------------------------------------------------------------------------------------------


def exhibit_of(page: Page) -> str:
    return re.findall(r'action="/gallery/([a-z0-9]+)/judge"', page.text)[0]


def judges(visitor: Browser, booth: Booth, *, rightly: bool = True) -> Page:
    page = visitor.get("/gallery/pairs")
    exhibit = exhibit_of(page)
    fake = fake_side(visitor, booth, exhibit)
    side = fake if rightly else {"left": "right", "right": "left"}[fake]
    return visitor.send(page.form(f"/gallery/{exhibit}/judge"), side=side)


def test_eight_pairs_in_a_row_have_a_score_and_something_to_remember(visitor: Browser, booth: Booth):
    missed = []
    for number in range(PAIRS):
        page = judges(visitor, booth, rightly=number > 1)
        assert f"{number + 1} / {PAIRS}" in page
        following = page.form("/gallery/pairs/next")
        missed += [following.values["exhibit"]] * (number < 2)
        page = visitor.send(following)
    assert f"{PAIRS} 对里认出 {PAIRS - 2} 对" in page
    assert all(booth.pack.exhibit_by_id[one].remember.zh in page for one in missed)
    assert page.text.count("看讲解") == 2
    facts = facts_of(booth.journal, "exhibit.judged")
    assert (len(facts), sum(fact.body["right"] for fact in facts)) == (PAIRS, PAIRS - 2)


def test_another_round_has_pairs_not_seen_yet_until_there_are_none(visitor: Browser, booth: Booth):
    seen = []
    while "/gallery/pairs/start" in (page := visitor.get("/gallery/pairs")) or exhibit_of(page):
        if "/gallery/pairs/start" in page:
            visitor.post("/gallery/pairs/start")
        seen.append(exhibit_of(visitor.get("/gallery/pairs")))
        page = visitor.send(judges(visitor, booth).form("/gallery/pairs/next"))
        if "judge" not in page and "/gallery/pairs/start" not in page:
            break
    assert sorted(seen) == sorted(booth.pack.exhibit_by_id)
    again = visitor.post("/gallery/pairs/start")
    assert again.status == 200
    assert "/gallery/pairs/start" not in again


def test_a_round_is_of_pairs_nobody_was_told_of_as_long_as_there_are_any(visitor: Browser, booth: Booth):
    known, *others = sorted(booth.pack.exhibit_by_id)
    untold = set(others[:3])
    for exhibit in others[3:]:
        (tours if exhibit < "e20" else gives_up)(visitor, exhibit)
    visitor.send(the_form(visitor, known), side="left")
    drawn = []
    for _ in range(PAIRS):
        drawn.append(exhibit_of(visitor.get("/gallery/pairs")))
        visitor.send(judges(visitor, booth).form("/gallery/pairs/next"))
    assert set(drawn[:3]) == untold
    assert (len(set(drawn)), known in drawn) == (PAIRS, False)
    assert {fact.body["exhibit"] for fact in facts_of(booth.journal, "exhibit.judged")} == {known, *untold}


def test_nobody_goes_on_before_judging_or_twice(visitor: Browser, booth: Booth):
    first = exhibit_of(visitor.get("/gallery/pairs"))
    assert exhibit_of(visitor.post("/gallery/pairs/next", exhibit=first)) == first
    form = judges(visitor, booth).form("/gallery/pairs/next")
    second = exhibit_of(visitor.send(form))
    assert exhibit_of(visitor.send(form)) == second
    assert exhibit_of(visitor.post("/gallery/pairs/next", exhibit="nosuch")) == second


def test_a_round_goes_on_after_a_look_elsewhere(visitor: Browser, booth: Booth):
    visitor.send(judges(visitor, booth).form("/gallery/pairs/next"))
    there = exhibit_of(visitor.get("/gallery/pairs"))
    visitor.get("/gallery")
    assert exhibit_of(visitor.get("/gallery/pairs")) == there


def test_what_follows_a_judgement_is_ours_to_say(visitor: Browser):
    assert visitor.send(the_form(visitor), side="left", then="//evil.example").status == 400


# --- the tour ---------------------------------------------------------------------------------------------


def test_the_tour_shows_one_place_after_the_other(visitor: Browser, booth: Booth):
    one = booth.pack.exhibit_by_id["e01"]
    page, words = visitor.get("/gallery/e01/tour"), []
    for _ in range(len(one.regions) + 1):
        [following] = re.findall(r'href="(/gallery/e01/tour\?at=\d+)" data-next', page.text)
        page = visitor.get(following)
        words.append([region.id for region in one.regions if region.wrong.zh in page])
        assert page.text.count("<image") == 2
    assert words == [["r1"], ["r2"], ["r3"], []]
    assert one.remember.zh in page
    assert 'href="/gallery/e02/tour" data-next' in page


@pytest.mark.parametrize("at", ["-1", "99", "x", "²", "1.0", ""])
def test_a_step_that_is_not_there_is_the_beginning(visitor: Browser, at: str):
    assert visitor.get(f"/gallery/e01/tour?at={at}").text.count("1 / 5") == 1


def test_the_part_that_is_shown_lies_on_the_drawing_with_the_place_in_it(booth: Booth):
    for one in booth.pack.exhibits:
        for region in one.regions:
            x, y, w, h = _frame(region)
            assert 0 <= x <= region.x * 560
            assert 0 <= y <= region.y * 640
            assert (region.x + region.w) * 560 <= x + w + 1
            assert (region.y + region.h) * 640 <= y + h + 1
            assert (x + w <= 560, y + h <= 640) == (True, True)


# --- on the visitor's own phone ---------------------------------------------------------------------------


def test_a_phone_that_read_no_code_may_look_and_not_play(booth: Booth, client: FlaskClient):
    phone = Browser(client)
    for path in ("/m/gallery", "/m/gallery/e01/tour", "/m/gallery/e01/genuine.svg"):
        page = phone.get(path)
        assert (page.status, page.path) == (200, path)
    assert cards(phone.get("/m/gallery"), "/tour") == []  # those are the tablet's
    assert 'href="/m/gallery/e01/tour"' in phone.get("/m/gallery")
    assert "/m/gallery/pairs" not in phone.get("/m/gallery")
    assert phone.get("/m/gallery/e01").path == "/m/gallery/e01/tour"
    for unknown in ("e99", "a%0ab", "a%0d%0aX:1", "%ff", "a%3fb"):
        assert phone.get(f"/m/gallery/{unknown}").status == 404
    for path in ("/m/gallery/e01/find", "/m/gallery/pairs"):
        assert phone.get(path).path == "/m/"
    assert 'href="/m/gallery"' in phone.get("/m/")
    assert phone.post("/m/gallery/e01/find", id="0" * 32, turn="0", do="end").path == "/m/"
    assert facts_of(booth.journal) == []


def test_a_phone_with_a_visit_plays_as_the_tablet_does(booth: Booth, client: FlaskClient, clock: FakeClock):
    client.set_cookie("phone", booth.phones.visits.start().token, path="/m")
    phone = Browser(client)
    page = phone.get("/m/gallery/e01/find")
    assert 'href="/gallery' not in page
    told = page.form("/m/gallery/e01/find").values
    assert phone.post("/m/gallery/e01/find", id=told["id"], turn="0", do="end").path == "/m/gallery/e01/find"
    page = phone.get("/m/gallery/pairs")
    exhibit = re.findall(r'action="/m/gallery/([a-z0-9]+)/judge"', page.text)[0]
    assert phone.send(page.form(f"/m/gallery/{exhibit}/judge"), side="left").path == "/m/gallery/pairs"
    clock.tick(5)
    phone.post("/m/leave")
    kinds = [fact.kind for fact in facts_of(booth.journal)]
    assert sorted(kinds) == ["exhibit.judged", "exhibit.searched", "exhibit.viewed"]
