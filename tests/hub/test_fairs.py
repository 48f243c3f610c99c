"""The live board: the same numbers as the figures, and who needs somebody."""

import re

import pytest

from kiosk.errors import Problem
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import fairs
from kiosk.hub.tables import devices
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_api import a_status, send_status
from tests.makers import CASEWORKER, Browser, a_fair, a_headcount, an_id


def board(hub_app, clock):
    """The board's data, and its page."""
    here = hub_app.extensions["hub"]
    with hub_app.test_request_context("/", base_url="http://localhost"), here.store.reading() as tx:
        return fairs._board(tx, fairs.find_fair(tx, "demo"), clock.now())


def states(hub_app, clock) -> dict[str, str]:
    return {row.desk.id: row.state for row in board(hub_app, clock).booths if row.state != "none"}


def tell(hub_app, tablet, seq: int, pack: str = "") -> None:
    from kiosk import strictjson

    body = strictjson.dumps(a_status(tablet, seq=seq, pack=pack or hub_app.extensions["hub"].pack.version))
    assert send_status(hub_app.test_client(), tablet, body).status_code == 200


def push(hub_app, tablet) -> None:
    answer = hub_app.test_client().post("/sync/v1/batches", data=tablet.batch(), headers={"X-Kiosk-Protocol": "1"})
    assert answer.status_code == 200


# --- numbers ------------------------------------------------------------------------------------------


def a_busy_day(hub) -> None:
    for desk, heads in (("d01", 1234), ("d06", 300), ("d11", 7)):
        tablet = a_tablet(hub, desk)
        for n in (heads % 1000 or 1, *[1000] * (heads // 1000)):
            tablet.record(a_headcount(n))
        tablet.record(TallyCounted(counter="leaflet.rights", n=50))
        for number in range(12):
            body = QuizAnswered(session=an_id(), question=f"q{number}", chosen=["a"], right=number < 9, ms=1)
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
    assert (page.summary, page.hours, {row.state for row in page.booths}) == ("none", [], {"none"})
    assert len(page.booths) == 20
    assert Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").status == 200


# --- states -----------------------------------------------------------------------------------------


def test_a_desk_without_a_tablet_has_none_and_one_never_heard_of_is_silent(hub, hub_app, clock):
    a_tablet(hub)
    assert states(hub_app, clock) == {"d01": "silent"}
    assert board(hub_app, clock).summary == "whole"  # nothing is known to be missing


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
    tablet = a_tablet(hub).record()
    push(hub_app, tablet)
    tell(hub_app, tablet, 4)
    (row,) = [row for row in board(hub_app, clock).booths if row.device]
    assert (row.state, row.held, row.known, row.unsent) == ("behind", 1, 4, 3)
    push(hub_app, tablet.record().record().record())
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
    assert [row.state for row in page.booths[:3]] == ["forked", "behind", "whole"]
    assert page.summary == "forked"
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


def test_every_state_has_a_page(hub, hub_app, clock):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    a_tablet(hub)
    for seen_at, told_seq in ((None, None), (clock.now().timestamp(), None), (0.0, 2**53), (1e12, 0)):
        with hub.store.begin() as tx:
            tx.execute(devices.update().values(seen_at=seen_at, told_seq=told_seq))
        for language in ("zh", "en"):
            office.client.set_cookie("lang", language)
            assert office.get("/fairs/demo").status == 200


# --- which fair ---------------------------------------------------------------------------------------


def test_the_only_fair_needs_no_name(hub):
    with hub.store.reading() as tx:
        assert fairs.find_fair(tx, None).id == "demo"
        with pytest.raises(Problem, match=r"fair\.unknown"):
            fairs.find_fair(tx, "none")


def test_of_two_fairs_one_must_be_named_and_none_is_added_twice(hub):
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other"))
        with pytest.raises(Problem, match=r"fair\.ambiguous.*demo, other"):
            fairs.find_fair(tx, None)
        assert fairs.find_fair(tx, "other").id == "other"
        with pytest.raises(Problem, match=r"fair\.exists"):
            fairs.add_fair(tx, a_fair())


def test_home_leads_to_the_board(hub_app):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    assert office.get("/").path == "/fairs/demo"
    assert office.get("/fairs/none").status == 404
