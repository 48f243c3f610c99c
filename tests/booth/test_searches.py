"""Find what is wrong: every touch answered here, one fact in the end."""

import gzip
import re

import msgspec
import pytest
from flask.testing import FlaskClient

from kiosk.booth import searches
from kiosk.booth.context import Booth
from kiosk.booth.sessions import Search
from kiosk.packs.galleries import Exhibit
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Page, facts_of

FIND = "/gallery/e01/find"
NOWHERE = (0.02, 0.02)


def the_exhibit(booth: Booth) -> Exhibit:
    return booth.pack.exhibit_by_id["e01"]


def middle(booth: Booth, place: int) -> tuple[float, float]:
    region = the_exhibit(booth).regions[place]
    return region.x + region.w / 2, region.y + region.h / 2


def told(page: Page, do: str, spot: tuple[float, float] | None = None) -> dict[str, str]:
    """What the page would send: its search, its turn, and where it was touched."""
    values = {name: page.form(FIND).values[name] for name in ("id", "turn")} | {"do": do}
    return values | ({axis: str(round(at * 10_000)) for axis, at in zip("xy", spot, strict=True)} if spot else {})


def touches(visitor: Browser, spot: tuple[float, float]) -> Page:
    return visitor.post(FIND, **told(visitor.get(FIND), "touch", spot))


def asks(visitor: Browser, do: str) -> Page:
    return visitor.post(FIND, **told(visitor.get(FIND), do))


def word(page: Page) -> str:
    return page.text.partition('class="find-word word-')[2].partition('"')[0]


def marked(page: Page) -> int:
    """How many places have a mark."""
    return len(re.findall(r'<rect class="mark(?: mark-missed)?"', page.text))


def searched(booth: Booth) -> list[dict]:
    return [fact.body for fact in facts_of(booth.journal, "exhibit.searched")]


# --- playing ----------------------------------------------------------------------------------------------


def test_nothing_on_the_page_says_where_to_touch(visitor: Browser, booth: Booth):
    """Beyond what somebody who cannot see it is told to be on the drawing."""
    for one in booth.pack.exhibits:
        page = visitor.get(f"/gallery/{one.id}/find")
        assert "<rect" not in page
        for region in one.regions:
            assert region.wrong.zh not in page.text.replace(one.fake_alt.zh, "")
            assert region.why.zh not in page
            assert f"{region.x * 100}%" not in page


def test_a_touch_in_the_right_place_is_marked_and_explained(visitor: Browser, booth: Booth):
    page = touches(visitor, middle(booth, 1))
    found, *others = [the_exhibit(booth).regions[place] for place in (1, 0, 2)]
    assert word(page) == "hit"
    assert all(text.zh in page for text in (found.wrong, found.why, found.check))
    assert found.source.law in page
    assert marked(page) == 1
    assert all(region.wrong.zh not in page for region in others)


def test_a_touch_beside_it_is_answered_kindly(visitor: Browser, booth: Booth):
    page = touches(visitor, NOWHERE)
    assert word(page) == "miss"
    assert "<rect" not in page
    assert searched(booth) == []


def test_a_finger_may_come_down_a_little_beside(visitor: Browser, booth: Booth):
    region = the_exhibit(booth).regions[0]
    x, y = region.x + region.w / 2, region.y
    assert word(touches(visitor, (x, y - searches.SLACK * 3))) == "miss"
    assert word(touches(visitor, (x, y - searches.SLACK / 2))) == "hit"


def test_where_two_places_overlap_the_smaller_is_found_first_and_then_the_other(booth: Booth):
    one, two = the_exhibit(booth).regions[:2]
    wide = msgspec.structs.replace(one, x=0.1, y=0.1, w=0.8, h=0.8)
    small = msgspec.structs.replace(two, x=0.4, y=0.4, w=0.2, h=0.2)
    exhibit, search = msgspec.structs.replace(the_exhibit(booth), regions=[wide, small]), Search("0" * 32)
    for _ in range(3):
        searches.touch(exhibit, search, (0.5, 0.5), is_now=True)
    assert (search.found, search.said, search.false) == ([small.id, wide.id], "again", 0)


def test_a_touch_beside_is_told_of_the_nearest_place_that_is_not_found_yet(booth: Booth):
    """By the distance to its outline in the drawing, which is higher than wide; of two as near the first in order."""
    one, two, three = the_exhibit(booth).regions
    high = msgspec.structs.replace(one, x=0.4, y=0.1, w=0.2, h=0.2)
    low = msgspec.structs.replace(two, x=0.4, y=0.7, w=0.2, h=0.2)
    long = msgspec.structs.replace(three, x=0.8, y=0.0, w=0.1, h=1.0)
    exhibit, search = msgspec.structs.replace(the_exhibit(booth), regions=[high, low, long]), Search("0" * 32)

    def beside(x: float, y: float) -> str:
        before = dict(search.strays)
        searches.touch(exhibit, search, (x, y), is_now=True)
        [new] = [region for region, n in search.strays.items() if n > before.get(region, 0)]
        return new

    assert [beside(0.5, y) for y in (0.34, 0.49, 0.51, 0.66)] == ["r1", "r1", "r2", "r2"]
    assert beside(0.5, 0.5) == "r1"  # as far from both
    assert beside(0.7, 0.2) == "r1"  # as far from both, across
    assert beside(0.72, 0.2) == "r3"
    assert beside(0.5, 0.02) == "r1"
    assert beside(0.58, 0.505) == "r3"  # 123 across, 125 and 131 down; as fractions it would be the farthest
    searches.touch(exhibit, search, (0.5, 0.2), is_now=True)
    assert beside(0.5, 0.34) == "r3"  # the first one is found
    assert sum(search.strays.values()) == search.false == 10


def test_finding_everything_is_one_fact(visitor: Browser, booth: Booth):
    touches(visitor, NOWHERE)
    for place in (2, 0, 1):
        page = touches(visitor, middle(booth, place))
    [body] = searched(booth)
    assert body | {"session": ""} == {
        "session": "", "exhibit": "e01", "found": ["r3", "r1", "r2"], "missed": [], "hints": 0, "false": 1,
        "strays": {"r1": 1},
    }  # fmt: skip
    assert word(page) == "hit"
    assert the_exhibit(booth).remember.zh in page
    assert 'name="do"' not in page


def test_a_hint_lights_most_of_every_place_and_seldom_more_than_half_of_the_picture(booth: Booth):
    """Of a place across a middle line a quarter would show a part, and darken the rest."""
    parts = []
    for one in booth.pack.exhibits:
        for region in one.regions:
            search = Search("0" * 32, found=[other.id for other in one.regions if other is not region])
            searches.hint(one, search)
            x, y, w, h = (corner / 100 for corner in searches.PARTS[search.lit])
            across = min(region.x + region.w, x + w) - max(region.x, x)
            down = min(region.y + region.h, y + h) - max(region.y, y)
            assert across > 0 < down
            assert across * down >= 0.7 * region.w * region.h, (one.id, region.id, search.lit)
            parts.append(search.lit)
    assert parts.count("all") <= len(parts) / 50


@pytest.mark.parametrize(
    ("corners", "part"),
    [
        ((0.1, 0.1, 0.2, 0.2), "nw"),
        ((0.2, 0.3, 0.6, 0.1), "middle"),
        ((0.05, 0.7, 0.9, 0.1), "s"),
        ((0.05, 0.1, 0.9, 0.1), "n"),
        ((0.1, 0.05, 0.2, 0.9), "w"),
        ((0.7, 0.05, 0.2, 0.9), "e"),
        ((0.02, 0.4, 0.96, 0.2), "across"),
        ((0.02, 0.02, 0.96, 0.96), "all"),
    ],
)
def test_a_hint_lights_the_smallest_part_that_holds_the_place(booth: Booth, corners, part: str):
    one, search = the_exhibit(booth), Search("0" * 32)
    x, y, w, h = corners
    region = msgspec.structs.replace(one.regions[0], x=x, y=y, w=w, h=h)
    searches.hint(msgspec.structs.replace(one, regions=[region]), search)
    assert search.lit == part


def test_a_hint_says_which_part_it_lights(visitor: Browser, booth: Booth):
    words = {"nw": "左上", "ne": "右上", "sw": "左下", "se": "右下", "middle": "中间", "n": "上面", "s": "下面"}
    words |= {"w": "左半边", "e": "右半边", "across": "中间", "all": "整张图"}
    seen = {}
    for one in booth.pack.exhibits:
        search = Search("0" * 32)
        searches.hint(one, search)
        seen.setdefault(search.lit, one.id)
    for part, exhibit in seen.items():
        at = f"/gallery/{exhibit}/find"
        page = visitor.post(at, id=visitor.get(at).form(at).values["id"], turn="0", do="hint")
        assert f"看看{words[part]}这一块" in page
    assert len(seen) > 4


def test_a_hint_that_is_lit_already_is_no_second_one(visitor: Browser, booth: Booth):
    assert 'class="lit"' in asks(visitor, "hint")
    asks(visitor, "hint")  # lit already: nothing new was said
    assert 'class="lit"' not in touches(visitor, middle(booth, 0))
    asks(visitor, "end")
    assert [body["hints"] for body in searched(booth)] == [1]


def test_giving_up_shows_the_rest_and_says_which_were_missed(visitor: Browser, booth: Booth):
    touches(visitor, middle(booth, 0))
    page = asks(visitor, "end")
    assert all(region.wrong.zh in page for region in the_exhibit(booth).regions)
    assert page.text.count('<rect class="mark mark-missed"') == 2
    assert (page.text.count("没找到</small>"), page.text.count("找到了</small>")) == (2, 1)
    assert [(body["found"], body["missed"]) for body in searched(booth)] == [(["r1"], ["r2", "r3"])]


def test_the_genuine_one_stands_beside_it_when_asked_for(visitor: Browser):
    assert "genuine.svg" not in visitor.get(FIND)
    assert "genuine.svg" in asks(visitor, "compare")
    assert "genuine.svg" not in asks(visitor, "alone")


def test_without_javascript_the_picture_s_own_pixels_are_understood(visitor: Browser, booth: Booth):
    for place, (name, (width, height)) in enumerate(searches.BUTTONS.items()):
        x, y = middle(booth, place)
        form = visitor.get(FIND).form(FIND)
        spot = {f"{name}.x": str(round(x * width)), f"{name}.y": str(round(y * height))}
        assert (
            word(visitor.post(FIND, **{"id": form.values["id"], "turn": form.values["turn"], "do": "touch"} | spot))
            == "hit"
        )


def test_a_picture_pressed_by_a_key_is_touched_nowhere(visitor: Browser):
    """Browsers say 0, 0 then."""
    for spot in ({"wide.x": "0", "wide.y": "0"}, {"x": "", "y": "", "wide": ""}):
        page = visitor.post(FIND, **told(visitor.get(FIND), "touch"), **spot)
        assert (page.status, word(page)) == (200, "ask")


# --- what comes twice, late, or made up ---------------------------------------------------------------------


def test_a_touch_that_comes_twice_counts_once(visitor: Browser, booth: Booth):
    page = visitor.get(FIND)
    for spot in (NOWHERE, middle(booth, 0)):
        sent = told(page, "touch", spot)
        page = visitor.post(FIND, **sent)
        page = visitor.post(FIND, **sent)
    asks(visitor, "end")
    [body] = searched(booth)
    assert (body["found"], body["false"]) == (["r1"], 1)


def test_touches_that_arrive_in_another_order_find_the_same(visitor: Browser, booth: Booth):
    page = visitor.get(FIND)
    sent = [told(page, "touch", middle(booth, place)) for place in range(3)]
    for values in reversed(sent):
        page = visitor.post(FIND, **values)
    [body] = searched(booth)
    assert (sorted(body["found"]), body["false"]) == (["r1", "r2", "r3"], 0)


def test_two_tabs_search_as_one(visitor: Browser, booth: Booth):
    one, two = visitor.get(FIND), visitor.get(FIND)
    visitor.post(FIND, **told(one, "touch", middle(booth, 0)))
    page = visitor.post(FIND, **told(two, "touch", middle(booth, 1)))
    assert marked(page) == 2
    visitor.post(FIND, **told(one, "end"))
    visitor.post(FIND, **told(two, "end"))
    visitor.post(FIND, **told(two, "touch", middle(booth, 2)))
    assert [body["found"] for body in searched(booth)] == [["r1", "r2"]]


def test_what_was_found_is_still_there_after_back_and_reload(visitor: Browser, booth: Booth):
    touches(visitor, middle(booth, 0))
    visitor.get("/gallery")
    assert marked(visitor.get(FIND)) == 1


def test_a_made_up_search_changes_nothing(visitor: Browser, booth: Booth):
    page = visitor.get(FIND)
    for do in ("touch", "hint", "end", "compare"):
        answer = visitor.post(FIND, **told(page, do, middle(booth, 0)) | {"id": "0" * 32})
        assert (answer.status, word(answer)) == (200, "ask")
    assert searched(booth) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"do": "win"}, {"do": ""}, {"x": "10001"}, {"x": "-1"}, {"x": "0.5"}, {"x": "５"}, {"x": "1e3"},
        {"x": "999999"},
        {"y": "²"}, {"y": ""}, {"x": "", "y": "", "wide.x": "561", "wide.y": "1"},
        {"x": "", "y": "", "narrow.x": "350"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_touch_is_refused(visitor: Browser, booth: Booth, changes: dict[str, str]):
    sent = told(visitor.get(FIND), "touch", NOWHERE)
    assert visitor.post(FIND, **sent | changes).status == 400
    touches(visitor, NOWHERE)
    asks(visitor, "end")
    assert [body["false"] for body in searched(booth)] == [1]


def test_a_hundred_wrong_touches_are_a_fact_all_the_same(visitor: Browser, booth: Booth):
    for _ in range(102):
        touches(visitor, NOWHERE)
    asks(visitor, "end")
    [body] = searched(booth)
    assert (body["false"], body["strays"]) == (99, {"r1": 99})


def test_a_search_nobody_ended_ends_with_the_visit(visitor: Browser, booth: Booth):
    for way in (lambda: visitor.get("/"), lambda: visitor.post("/leave")):
        touches(visitor, middle(booth, 0))
        way()
    assert [body["missed"] for body in searched(booth)] == [["r2", "r3"]] * 2
    assert len({body["session"] for body in searched(booth)}) == 2


def test_who_walked_away_has_ended_the_search(visitor: Browser, booth: Booth, clock: FakeClock):
    """The page goes home by itself, when the visit has been idle too long to be found."""
    touches(visitor, NOWHERE)
    clock.tick(booth.config.idle_seconds + 60)
    visitor.post("/leave")
    assert [body["false"] for body in searched(booth)] == [1]


def test_a_search_that_was_only_looked_at_is_none(visitor: Browser, booth: Booth):
    visitor.get(FIND)
    visitor.post("/leave")
    assert searched(booth) == []


def test_the_next_visitor_searches_anew(visitor: Browser, booth: Booth):
    touches(visitor, middle(booth, 0))
    visitor.post("/leave")
    assert "<rect" not in visitor.get(FIND)


def test_practice_of_volunteers_is_no_fact(booth: Booth, client: FlaskClient, clock: FakeClock):
    volunteer = Browser(client).enter(*VOLUNTEER)
    volunteer.post("/staff/practice")
    before = len(facts_of(booth.journal))
    touches(volunteer, middle(booth, 0))
    asks(volunteer, "end")
    clock.tick(5)
    volunteer.post(
        "/gallery/e01/judge", side="left", id=volunteer.get("/gallery/e01").text.partition('name="id" value="')[2][:32]
    )
    volunteer.post("/leave")
    assert len(facts_of(booth.journal)) == before


# --- what it weighs -----------------------------------------------------------------------------------------


def weight(client: FlaskClient, *paths: str) -> int:
    return sum(len(client.get(path, headers={"Accept-Encoding": "gzip"}).data) for path in paths)


def assets_of(client: FlaskClient, path: str) -> set[str]:
    """Style sheet, scripts, and what a gallery page loads after them."""
    page = client.get(path).text
    modules = ("shell", "idle", "gallery")
    return {*re.findall(r'(?:href|src)="(/static/[^"]+)"', page), *(f"/static/js/{name}.js" for name in modules)}


def test_the_first_load_of_the_wall_is_light(booth: Booth, client: FlaskClient):
    """With the drawings in sight and just below: fifteen, on a tablet lying or standing."""
    shown = re.findall(r'data-src="([^"]+)"', client.get("/gallery").text)
    heaviest = sorted((weight(client, path.replace("&amp;", "&")) for path in shown), reverse=True)[:15]
    assert weight(client, "/gallery", *assets_of(client, "/gallery")) + sum(heaviest) <= 150_000
    assert len(shown) == len(booth.pack.exhibits)


def test_an_exhibit_is_light(booth: Booth, client: FlaskClient):
    """All that comes after the wall: its pages with both drawings."""
    for one in booth.pack.exhibits:
        at = f"/gallery/{one.id}"
        parts = (at, f"{at}/find", f"{at}/tour", f"{at}/genuine.svg", f"{at}/fake.svg")
        assert weight(client, *parts) <= 60_000, one.id


def test_a_drawing_is_sent_small_and_kept_as_long_as_the_pack(booth: Booth, client: FlaskClient):
    path = f"/gallery/e01/fake.svg?v={booth.pack.version}"
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data) == client.get(path).data
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/gallery/e01/fake.svg?v=0").headers["Cache-Control"] == "no-store"
    client.get("/gallery/e01")
    version = f"?v={booth.pack.version}"
    assert client.get(f"/gallery/e01/left.svg{version}").headers["Cache-Control"] == "no-store"
