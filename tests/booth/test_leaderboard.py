"""The board: names from the list and no others, once a play, and only where the fair wants it."""

import pytest

from kiosk.booth.context import Booth
from kiosk.facts.leaderboard import join_id, ranked
from kiosk.packs.model import OFFERED
from tests.booth.test_prizes import wins
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Form, facts_of, give_prizes


@pytest.fixture
def at_fair(booth: Booth) -> Booth:
    give_prizes(booth, leaderboard=True)
    return booth


def joins(visitor: Browser, booth: Booth, clock: FakeClock, place: int = 0, **how) -> Form:
    form = wins(visitor, booth, clock, **how).form("/board/join")
    form.values["nickname"] = form.choices("nickname")[place]
    visitor.send(form)
    return form


def test_it_is_off_unless_the_fair_says_so(visitor: Browser, booth: Booth, clock: FakeClock):
    assert "/board/join" not in wins(visitor, booth, clock)
    assert visitor.get("/board").status == 404
    assert visitor.post("/board/join", session="00" * 16, nickname="panda").status == 404
    assert facts_of(booth.journal, "board.joined") == []


def test_a_visitor_picks_one_of_a_few_names_and_stands_on_the_board(visitor: Browser, at_fair: Booth, clock: FakeClock):
    form = wins(visitor, at_fair, clock).form("/board/join")
    assert len(form.choices("nickname")) == OFFERED
    picked = form.choices("nickname")[2]
    page = visitor.send(form, nickname=picked)
    [fact] = facts_of(at_fair.journal, "board.joined")
    assert fact.body | {"session": ""} == {
        "session": "", "nickname": picked, "mode": "standard", "right": 5, "questions": 5, "ms": 25_000,
    }  # fmt: skip
    assert at_fair.pack.nickname_by_id[picked].zh in page
    assert "这是您" in page


def test_a_play_joins_once(visitor: Browser, at_fair: Booth, clock: FakeClock):
    form = joins(visitor, at_fair, clock)
    visitor.send(form, nickname=form.choices("nickname")[1])
    assert [fact.body["nickname"] for fact in facts_of(at_fair.journal, "board.joined")] == form.choices("nickname")[:1]
    assert "已上榜" in visitor.get("/quiz")


def test_a_play_whose_entry_has_lost_its_id_to_another_fact_joins_once(
    booth_app, visitor: Browser, at_fair: Booth, clock: FakeClock
):
    form = wins(visitor, at_fair, clock).form("/board/join")
    desk = Browser(booth_app.test_client()).enter(*VOLUNTEER)
    desk.post("/staff/tally", id=join_id(form.values["session"]), counter="headcount", n="1")
    for nickname in form.choices("nickname")[:2]:
        assert "这是您" in visitor.send(form, nickname=nickname)
    assert [fact.body["nickname"] for fact in facts_of(at_fair.journal, "board.joined")] == form.choices("nickname")[:1]
    assert "已上榜" in visitor.get("/quiz")


def test_only_names_that_were_offered(visitor: Browser, at_fair: Booth, clock: FakeClock):
    form = wins(visitor, at_fair, clock).form("/board/join")
    offered = set(form.choices("nickname"))
    other = next(one.id for one in at_fair.pack.nicknames if one.id not in offered)
    for name in (other, "nobody", "", "大熊猫", "<b>"):
        assert visitor.send(form, nickname=name).status == 409
    assert facts_of(at_fair.journal, "board.joined") == []


def test_who_was_too_fast_is_offered_nothing_and_cannot_join(visitor: Browser, at_fair: Booth, clock: FakeClock):
    assert "/board/join" not in wins(visitor, at_fair, clock, seconds=1.9)
    play = next(iter(at_fair.visits._visits.values())).play
    assert play is not None
    assert visitor.post("/board/join", session=play.session, nickname="panda").status == 409


def test_nobody_joins_with_the_play_of_another(visitor: Browser, booth_app, at_fair: Booth, clock: FakeClock):
    form = wins(visitor, at_fair, clock).form("/board/join")
    other = Browser(booth_app.test_client())
    assert other.send(form, nickname=form.choices("nickname")[0]).status == 409
    assert facts_of(at_fair.journal, "board.joined") == []


def test_practice_is_offered_nothing(booth_app, at_fair: Booth, clock: FakeClock):
    desk = Browser(booth_app.test_client()).enter(*VOLUNTEER)
    page = desk.post("/staff/practice")
    assert "board/join" not in page
    assert facts_of(at_fair.journal, "board.joined") == []


def test_a_name_on_today_s_board_is_not_offered_again_while_others_are(
    visitor: Browser, at_fair: Booth, clock: FakeClock
):
    taken = {joins(visitor, at_fair, clock).values["nickname"] for _ in range(4)}
    assert len(taken) == 4
    assert not taken & set(wins(visitor, at_fair, clock).form("/board/join").choices("nickname"))


def test_yesterday_is_not_on_it(visitor: Browser, at_fair: Booth, clock: FakeClock):
    joins(visitor, at_fair, clock)
    clock.tick(24 * 3600)
    assert "还没有人上榜" in visitor.get("/board")


def test_more_right_ones_first_then_the_shorter_play_then_the_quicker_and_equals_share_a_rank():
    entries = [("a", 5, 5, 900), ("b", 9, 10, 99_000), ("c", 5, 10, 10), ("d", 5, 5, 800), ("e", 5, 5, 900)]
    assert [(line.rank, line.nickname) for line in ranked(entries)] == [
        (1, "b"),
        (2, "d"),
        (3, "a"),
        (3, "e"),
        (5, "c"),
    ]
    assert len(ranked([("a", 1, 3, n) for n in range(100)])) == 20
