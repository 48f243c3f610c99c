"""The live board: the same numbers as the figures, whether everything is here, and who needs somebody."""

import re

from sqlalchemy import event

from kiosk import strictjson
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.quizzes import QuizFinished
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import board as boards
from kiosk.hub import fairs
from kiosk.hub.tables import devices
from kiosk.packs.fairs import Desk, Venue
from kiosk.packs.model import Text
from kiosk.reports.completeness import sentence
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_api import a_status, send_status
from tests.makers import CASEWORKER, Browser, a_fair, a_headcount, an_answer, an_id


def board(hub_app, clock):
    """The board's data, and its page."""
    here = hub_app.extensions["hub"]
    with hub_app.test_request_context("/", base_url="http://localhost"), here.store.reading() as tx:
        return boards._board(tx, fairs.find_fair(tx, "demo"), clock.now(), here.pack.version)


def states(hub_app, clock) -> dict[str, str]:
    return {row.desk.id: row.state for row in board(hub_app, clock).booths if row.state != "none"}


def tell(hub_app, tablet, seq: int, pack: str = "") -> None:
    """The tablet says how it is; of facts it does not have yet it names some hash."""
    known = tablet.hash_at(seq).hex() if seq <= len(tablet.lines) else "ab" * 32
    told = a_status(tablet, seq=seq, hash=known, pack=pack or hub_app.extensions["hub"].pack.version)
    body = strictjson.dumps(told)
    assert send_status(hub_app.test_client(), tablet, body).status_code == 200


def push(hub_app, tablet) -> None:
    answer = hub_app.test_client().post("/sync/v1/batches", data=tablet.batch(), headers={"X-Kiosk-Protocol": "1"})
    assert answer.status_code == 200


def add_large_fair(hub, venues: int, desks: int) -> None:
    """A fair with more places than a screen has room for, beside the built-in one."""
    name = Text("某处", "Somewhere")
    fair = a_fair(
        id="large",
        venues=[Venue(f"v{number:03d}", Text(f"会场{number}", f"Venue {number}")) for number in range(venues)],
        desks=[Desk(f"d{number:03d}", f"v{number % venues:03d}", "advice", name) for number in range(desks)],
    )
    with hub.store.begin() as tx:
        fairs.add_fair(tx, fair)


# --- numbers ------------------------------------------------------------------------------------------


def a_busy_day(hub) -> None:
    for desk, heads in (("d01", 1234), ("d06", 300), ("d11", 7)):
        tablet = a_tablet(hub, desk)
        for n in (heads % 1000 or 1, *[1000] * (heads // 1000)):
            tablet.record(a_headcount(n))
        tablet.record(TallyCounted(counter="leaflet.rights", n=50))
        for number in range(12):
            body = an_answer(session=an_id(), question=f"q{number}", chosen=["a"], right=number < 9, ms=1)
            tablet.record(body)
        tablet.record(QuizFinished(session=an_id(), questions=5, right=4, passed=True, pass_mark=4))
        case = ComplaintFiled(case="7KQ2-M0ZRT", blob="00" * 32, size=1, channel="volunteer", notice="1")
        deliver(hub, tablet.record(case).batch())


def test_the_board_shows_the_figures(hub, hub_app, clock):
    a_busy_day(hub)
    with hub.store.reading() as tx:
        known = {figure.key: figure.value for figure in fairs.figures_of(tx, a_fair())}
    page = board(hub_app, clock)
    assert {tile.key: tile.value for tile in page.tiles} == {tile.key: known[tile.key] for tile in page.tiles}
    assert (known["headcount"], known["leaflets"], known["complaints"], known["accuracy"]) == (1541, 150, 3, "75.00")
    text = re.sub(r"<[^>]+>", " ", Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").text)
    assert "1,541" in text


def test_the_venues_add_up_to_the_whole(hub, hub_app, clock):
    a_busy_day(hub)
    page = board(hub_app, clock)
    tiles = {tile.key: tile.value for tile in page.tiles}
    for place, column in enumerate(page.columns):
        if column.key in tiles:
            assert sum(venue.values[place] for venue in page.venues) == tiles[column.key]
    assert {venue.venue.id: venue.values[0] for venue in page.venues} == {"v1": 1234, "v2": 300, "v3": 7, "v4": 0}


def test_the_hours_are_those_of_beijing(hub, hub_app, clock):
    tablet = a_tablet(hub)
    for hour in (9, 11):
        tablet.record(a_headcount(hour), at=f"2027-03-15T{hour:02d}:59:59.999+08:00")
    deliver(hub, tablet.batch())
    assert board(hub_app, clock).hours == [("09", 9), ("10", 0), ("11", 11)]


def test_a_board_without_anything_is_no_error(hub_app, clock):
    page = board(hub_app, clock)
    assert (page.summary, page.hours, page.booths, page.states) == ("none", [], [], {"none": 20})
    assert sentence(page.standing, "zh") == "还没有平板登记。"
    assert Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").status == 200


# --- states -----------------------------------------------------------------------------------------


def test_a_desk_without_a_tablet_has_none_and_one_never_heard_of_is_silent(hub, hub_app, clock):
    a_tablet(hub)
    assert states(hub_app, clock) == {"d01": "silent"}
    page = board(hub_app, clock)
    assert (page.summary, page.states) == ("silent", {"silent": 1, "none": 19})
    assert sentence(page.standing, "zh") == "还不能算到齐：1 台登记后没有联系过。"


def test_a_tablet_that_sent_everything_is_whole_until_it_is_silent(hub, hub_app, clock):
    tablet = a_tablet(hub).record()
    tell(hub_app, tablet, 1)
    push(hub_app, tablet)
    assert states(hub_app, clock) == {"d01": "whole"}
    clock.tick(fairs.SILENT_SECONDS)
    assert states(hub_app, clock) == {"d01": "whole"}
    clock.tick(1)
    assert states(hub_app, clock) == {"d01": "silent"}
    push(hub_app, tablet)  # nothing new, but a sign of life
    assert states(hub_app, clock) == {"d01": "whole"}


def test_a_tablet_that_holds_more_than_the_hub_is_behind(hub, hub_app, clock):
    tablet = a_tablet(hub).record().record().record().record()
    deliver(hub, tablet.batch(1, 1))
    tell(hub_app, tablet, 4)
    (row,) = [row for row in board(hub_app, clock).booths if row.device]
    assert (row.state, row.held, row.known, row.unsent) == ("behind", 1, 4, 3)
    push(hub_app, tablet)
    assert states(hub_app, clock) == {"d01": "whole"}


def test_a_gap_is_behind_and_a_fork_is_forked_and_both_come_first(hub, hub_app, clock):
    whole, gap, fork = (a_tablet(hub, desk).record() for desk in ("d01", "d02", "d03"))
    push(hub_app, whole)
    tell(hub_app, gap.record(), 2)
    twin = fork.clone().record()
    push(hub_app, fork.record())
    push(hub_app, twin)
    assert states(hub_app, clock) == {"d03": "forked", "d02": "behind", "d01": "whole"}
    page = board(hub_app, clock)
    assert [row.state for row in page.booths] == ["forked", "behind", "whole"]
    assert (page.summary, page.worried) == ("forked", 2)
    assert sentence(page.standing, "zh") == "还差 2 条：人民广场 d02 缺 2 条；1 台分叉。"
    assert Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").status == 200


def test_a_tablet_with_another_pack_is_pointed_out(hub, hub_app, clock):
    tablet = a_tablet(hub)
    tell(hub_app, tablet, 0, pack="of-last-year")
    (row,) = [row for row in board(hub_app, clock).booths if row.device]
    assert (row.pack, row.pack_ok) == ("of-last-year", False)


def test_two_tablets_at_one_desk_are_both_shown_and_so_is_what_could_not_be_used(hub, hub_app, clock):
    one, other = a_tablet(hub).record(), a_tablet(hub).record(b"\xff").record(b"")
    for tablet in (one, other):
        push(hub_app, tablet)
    found = [row for row in board(hub_app, clock).booths if row.device]
    assert sorted((row.desk.id, row.held, row.quarantined) for row in found) == [("d01", 1, 0), ("d01", 2, 2)]


def test_a_large_fair_shows_the_busiest_venues_and_those_who_need_somebody(hub, hub_app, clock):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    add_large_fair(hub, venues=30, desks=40)
    for number in range(20):
        tablet = a_tablet(hub, f"d{number:03d}", "large").record(a_headcount(number + 1))
        deliver(hub, tablet.batch())
    a_tablet(hub, "d039", "large")
    here = hub_app.extensions["hub"]
    with hub_app.test_request_context("/"), here.store.reading() as tx:
        page = boards._board(tx, fairs.find_fair(tx, "large"), clock.now(), here.pack.version)
    assert [row.values[0] for row in page.venues[:3]] == [20, 19, 18]
    assert len(page.venues) == boards.MOST_VENUES
    assert (len(page.booths), page.tablets, page.worried) == (boards.MOST_BOOTHS, 21, 1)
    assert page.booths[0].desk.id == "d039"
    text = office.get("/fairs/large").text
    assert text.count("<tr id=") == boards.MOST_VENUES + boards.MOST_BOOTHS
    assert "/fairs/large/completeness" in text
    everything = office.get("/fairs/large/venues")
    assert (everything.status, everything.text.count('<tr id="venue-')) == (200, 30)


def test_what_a_poll_asks_for_does_not_grow_with_the_tablets(hub, hub_app, clock):
    """The board is asked for every few seconds by everybody: so many questions, however many tablets there are."""

    def questions(fair: str) -> int:
        asked = []
        here = hub_app.extensions["hub"]
        with hub_app.test_request_context("/"), here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
            event.listen(tx, "before_cursor_execute", lambda *told: asked.append(told[2]))
            boards._board(tx, found, clock.now(), here.pack.version)
        return len(asked)

    add_large_fair(hub, venues=10, desks=30)
    none = questions("large")
    for number in range(12):
        deliver(hub, a_tablet(hub, f"d{number:03d}", "large").record().batch())
    assert questions("large") == none
    assert none <= 13


def test_every_state_has_a_page(hub, hub_app, clock):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    a_tablet(hub)
    for seen_at, told_seq in ((None, None), (clock.now().timestamp(), None), (0.0, 2**53), (1e12, 0)):
        with hub.store.begin() as tx:
            tx.execute(devices.update().values(seen_at=seen_at, told_seq=told_seq))
        for language in ("zh", "en"):
            office.client.set_cookie("lang", language)
            assert office.get("/fairs/demo").status == 200
