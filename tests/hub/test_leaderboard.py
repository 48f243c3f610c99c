"""The board at the hub: of a venue and a day, public where the fair says so, and the same however facts come."""

import msgspec
import pytest
from sqlalchemy import delete, select, update

from kiosk.facts.leaderboard import BoardJoined
from kiosk.hub import audit, ledger
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import Hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import fairs, leaderboard
from kiosk.packs.quizzes import READING
from tests.hub.tablets import Tablet, a_tablet, deliver, rows
from tests.makers import CASEWORKER, Browser, an_id


def an_entry(nickname: str, right: int, ms: int = 40_000, session: int = 1, questions: int = 5) -> BoardJoined:
    told = {"nickname": nickname, "right": right, "questions": questions, "ms": ms}
    return BoardJoined(session=an_id(session), mode="standard", **told)


def shows_board(hub: Hub, *, on: bool = True) -> None:
    with hub.store.begin() as tx:
        fair = msgspec.structs.replace(find_fair(tx, None), leaderboard=on)
        tx.execute(update(fairs).values(document=msgspec.json.encode(fair).decode()))


def entries(tablet: Tablet, *bodies: BoardJoined) -> Tablet:
    for body in bodies:
        tablet.record(body)
    return tablet


@pytest.fixture
def visitor(hub: Hub) -> Browser:
    return Browser(create_hub_app(hub).test_client())


def names(page: str) -> list[str]:
    return [part.partition("<")[0] for part in page.split('<th scope="row">')[1:]]


def test_the_best_of_a_venue_are_shown_to_everybody_where_the_fair_says_so(hub: Hub, visitor: Browser):
    shows_board(hub)
    deliver(hub, entries(a_tablet(hub, "d01"), an_entry("panda", 4), an_entry("otter", 5, session=2)).batch())
    page = visitor.get("/fairs/demo/leaderboard/v1")
    assert names(page.text) == ["小水獭", "大熊猫"]
    assert names(visitor.get("/fairs/demo/leaderboard/v2").text) == []


def test_where_it_is_off_only_who_signed_in_sees_it(hub: Hub, visitor: Browser):
    assert visitor.get("/fairs/demo/leaderboard/v1").path == "/login"
    assert visitor.get("/fairs/none/leaderboard/v1").path == "/login"
    visitor.sign_in(*CASEWORKER)
    assert "没有开光荣榜" in visitor.get("/fairs/demo/leaderboard/v1")
    assert visitor.get("/fairs/demo/leaderboard/nowhere").status == 404


def test_a_batch_twice_is_an_entry_once_and_rebuild_and_verify_agree(hub: Hub):
    batch = entries(a_tablet(hub, "d01"), an_entry("panda", 4)).batch()
    for _ in range(2):
        deliver(hub, batch)
    before = rows(hub, leaderboard)
    assert len(before) == 1
    assert list(audit.faults(hub)) == []
    ledger.rebuild(hub)
    assert rows(hub, leaderboard) == before


def test_verify_notices_an_entry_somebody_changed_or_took_away(hub: Hub):
    deliver(hub, entries(a_tablet(hub, "d01"), an_entry("panda", 4)).batch())
    with hub.store.begin() as tx:
        tx.execute(update(leaderboard).values(right=5))
    assert any("leaderboard" in fault for fault in audit.faults(hub))
    with hub.store.begin() as tx:
        tx.execute(delete(leaderboard))
    assert any("leaderboard" in fault for fault in audit.faults(hub))


def test_a_thousand_entries_show_the_best_twenty_in_order(hub: Hub, visitor: Browser):
    shows_board(hub)
    bodies = [an_entry("panda", n % 6, ms=10_000 + n, session=n) for n in range(1, 1001)]
    deliver(hub, entries(a_tablet(hub, "d01"), *bodies).batch())
    page = visitor.get("/fairs/demo/leaderboard/v1")
    best = sorted((-one.right, one.questions, one.ms) for one in bodies)[:20]
    assert page.text.count('<th scope="row">') == 20
    assert [f"{ms / 1000:.1f} 秒" for *_, ms in best] == [
        part.partition("</td>")[0].rpartition("<td>")[2] for part in page.text.split(" / 5</td>")[1:]
    ]


def shown(hub: Hub, visitor: Browser, *bodies: BoardJoined) -> list[str]:
    """The names on the board after some entries of one tablet."""
    shows_board(hub)
    deliver(hub, entries(a_tablet(hub, "d01"), *bodies).batch())
    with hub.store.reading() as tx:
        assert set(tx.execute(select(leaderboard.c.day)).scalars()) == {"2027-03-15"}
    return names(visitor.get("/fairs/demo/leaderboard/v1").text)


def test_a_name_this_pack_does_not_know_is_never_shown_and_takes_nobodys_line(hub: Hub, visitor: Browser):
    forged = [an_entry(f"call.me-{n}.example.com", 5, session=n) for n in range(1, 31)]
    assert shown(hub, visitor, *forged, an_entry("panda", 1, session=40)) == ["大熊猫"]


def test_a_play_that_cannot_have_been_is_not_shown(hub: Hub, visitor: Browser):
    impossible = [
        an_entry("otter", 6, session=1),  # more right ones than questions
        an_entry("otter", 5, ms=5 * READING - 1, session=2),  # faster than one can read
        an_entry("otter", 40, ms=900_000, questions=40, session=3),  # no play is so long
    ]
    assert shown(hub, visitor, *impossible, an_entry("panda", 5, ms=5 * READING, session=4)) == ["大熊猫"]


def test_a_play_stands_once_as_its_tablet_told_of_it_first(hub: Hub, visitor: Browser):
    assert shown(hub, visitor, an_entry("panda", 3), an_entry("otter", 5), an_entry("panda", 3)) == ["大熊猫"]
