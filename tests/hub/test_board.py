"""The live board: the same numbers as the figures, whether everything is here, and who needs somebody."""

import re

import msgspec
from sqlalchemy import event

from kiosk import strictjson
from kiosk.cli import main
from kiosk.facts.duty import DutyCalled
from kiosk.facts.galleries import ExhibitViewed
from kiosk.facts.prizes import PrizeExpired, PrizeIssued, PrizeRedeemed, PrizeStocked, code_of
from kiosk.facts.quizzes import QuizFinished
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import board as boards
from kiosk.hub import duty, fairs, journal, people
from kiosk.hub.tables import devices
from kiosk.hub.tables import fairs as fairs_table
from kiosk.packs.fairs import Desk, Prize, Venue
from kiosk.packs.model import Text
from kiosk.reports.completeness import sentence
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_api import a_status, send_status
from tests.makers import CASEWORKER, Browser, a_fair, a_filing, a_headcount, a_prize, an_answer, an_id
from tests.proof import share_hubs


def board(hub_app, clock, fair: str = "demo"):
    """The board's data, and its page."""
    here = hub_app.extensions["hub"]
    pace = here.paces.of(fair, clock.now())
    with hub_app.test_request_context("/", base_url="http://localhost"), here.store.reading() as tx:
        return boards._board(tx, fairs.find_fair(tx, fair), clock.now(), here.pack.version, pace)


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
        case = a_filing("00" * 32, 1)
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


def test_so_many_hours_that_not_each_has_room_for_its_name_are_a_drawing_with_a_table(hub, hub_app):
    counted(hub, "d01", *[(hour, hour, 0) for hour in range(8, 20)])
    text = Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").text
    [drawing] = re.findall(r'<svg[^>]*aria-labelledby="by-hour-title by-hour-words".*?</table>', text, re.DOTALL)
    names = re.findall(r'class="label">(\d\d)<', drawing)
    assert names == ["09", "12", "15", "18"]
    said = [(str(hour), str(hour)) if hour > 9 else (f"0{hour}", str(hour)) for hour in range(8, 20)]
    assert re.findall(r'<th scope="row">(\d\d)[^<]*</th><td>(\d+)</td>', drawing) == said


def test_how_far_complaints_came_is_on_the_board_with_the_way_to_each_figure(hub, hub_app, clock):
    assert board(hub_app, clock).funnel == []
    a_busy_day(hub)
    assert [(step.key, step.n) for step in board(hub_app, clock).funnel][:2] == [
        ("complaints", 3),
        ("complaints_accepted", 0),
    ]
    page = Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo")
    assert 'href="/fairs/demo/figures/complaints_accepted"' in page
    assert 'href="/fairs/demo/figures/charts"' in page


def counted(hub, desk: str, *hours: tuple[int, int, int]) -> None:
    """At a desk, of hours: who came, who went."""
    tablet = a_tablet(hub, desk)
    for hour, *both in hours:
        for counter, n in zip(("headcount", "headout"), both, strict=True):
            if n:
                tablet.record(TallyCounted(counter=counter, n=n), at=f"2027-03-15T{hour:02d}:30:00.000+08:00")
    deliver(hub, tablet.batch())


def test_the_most_who_were_there_is_of_the_fullest_venue_and_only_where_people_were_counted_out(hub):
    def peak():
        with hub.store.reading() as tx:
            found = next(one for one in fairs.figures_of(tx, a_fair()) if one.key == "most_present")
            of_day = next(one for one in fairs.figures_of(tx, a_fair(), "2027-03-14") if one.key == "most_present")
        return found.value, dict(found.parts), of_day.value

    counted(hub, "d11", (9, 900, 0))  # a venue at which nobody counts who leaves
    assert peak() == (None, {}, None)
    counted(hub, "d01", (9, 60, 0), (10, 30, 80))
    counted(hub, "d02", (10, 25, 0))
    counted(hub, "d06", (9, 50, 10))
    assert peak() == (60, {"v1": 60, "v2": 40}, None)


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
    page = board(hub_app, clock, "large")
    assert [row.values[0] for row in page.venues[:3]] == [20, 19, 18]
    assert len(page.venues) == boards.MOST_VENUES
    assert (len(page.booths), page.tablets, page.worried) == (boards.MOST_BOOTHS, 21, 1)
    assert page.booths[0].desk.id == "d039"
    text = office.get("/fairs/large").text
    assert text.count("<tr id=") == boards.MOST_VENUES + boards.MOST_BOOTHS
    assert "/fairs/large/completeness" in text
    everything = office.get("/fairs/large/venues")
    assert (everything.status, everything.text.count('<tr id="venue-')) == (200, 30)


def test_a_large_board_is_drawn_once_for_all_whom_it_looks_the_same_to(hub, hub_app, monkeypatch):
    """And what another language, type or role has to see is not what somebody else saw."""
    drawn, draw = [], boards._drawn
    monkeypatch.setattr(boards, "MANY_DESKS", 20)
    monkeypatch.setattr(boards, "_drawn", lambda page: drawn.append(page) or draw(page))
    add_large_fair(hub, venues=3, desks=21)
    with hub.store.begin() as tx:
        people.add_person(tx, "wu", "another-made-up-password", {"supervisor"}, None)
    one, other = (Browser(hub_app.test_client()).sign_in(*CASEWORKER) for _ in range(2))
    third = Browser(hub_app.test_client()).sign_in("wu", "another-made-up-password")
    assert [board_of(page) for page in (one, other)] == [board_of(one)] * 2
    assert len(drawn) == 1
    assert ("去登记平板" in board_of(one), "去登记平板" in board_of(third)) == (True, False)
    other.client.set_cookie("lang", "en")
    assert "21 desks" in board_of(other)
    other.client.set_cookie("large", "1")
    board_of(other)
    assert (len(drawn), len({id(page) for page in drawn})) == (4, 1)


def board_of(browser: Browser) -> str:
    answer = browser.get("/fairs/large", **{"HX-Request": "true"})
    assert answer.status == 200
    return answer.text[answer.text.index('id="board"') :]


def test_what_a_poll_asks_for_does_not_grow_with_the_tablets(hub, hub_app, clock):
    """The board is asked for every few seconds by everybody: so many questions, however many tablets there are."""

    def questions(fair: str) -> int:
        asked = []
        here = hub_app.extensions["hub"]
        with hub_app.test_request_context("/"), here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
            pace = here.paces.of(fair, clock.now())
            event.listen(tx, "before_cursor_execute", lambda *told: asked.append(told[2]))
            boards._board(tx, found, clock.now(), here.pack.version, pace)
        return len(asked)

    add_large_fair(hub, venues=10, desks=30)
    none = questions("large")
    for number in range(12):
        deliver(hub, a_tablet(hub, f"d{number:03d}", "large").record().batch())
    assert questions("large") == none
    assert none <= 17


@share_hubs
def test_every_state_has_a_page(hub, hub_app, clock):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    a_tablet(hub)
    for seen_at, told_seq in ((None, None), (clock.now().timestamp(), None), (0.0, 2**53), (1e12, 0)):
        with hub.store.begin() as tx:
            tx.execute(devices.update().values(seen_at=seen_at, told_seq=told_seq))
        for language in ("zh", "en"):
            office.client.set_cookie("lang", language)
            assert office.get("/fairs/demo").status == 200


# --- what goes on just now ----------------------------------------------------------------------------


def test_the_board_and_the_command_say_the_very_same(hub, hub_app, clock, runner):
    """Whatever is shown on the board adds up to the figures that `kiosk hub figures` prints."""
    a_busy_day(hub)
    database = ["--database", hub.config.database] if hub.config.database else []
    told = runner.invoke(main, ["hub", "figures", "--json", "--data", str(hub.config.data), *database])
    printed = {figure["key"]: figure["value"] for figure in strictjson.loads(told.stdout.encode(), 1 << 20)["figures"]}
    page = board(hub_app, clock)
    assert {tile.key: tile.value for tile in page.tiles} == {tile.key: printed[tile.key] for tile in page.tiles}
    assert sum(n for _, n in page.hours) == printed["headcount"] == 1541
    for place, column in enumerate(page.columns):
        assert sum(venue.values[place] for venue in page.venues) == printed[column.key], column.key
    sums = {"tally.headcount": "headcount", "tally.consultation": "consultations", "quiz.finished": "quiz_finished"}
    for metric, key in sums.items():
        assert sum(row.sums.get(metric, 0) for row in page.desks) == printed[key], key
    assert len(page.desks) == 20


def test_this_hour_and_the_last_are_told_by_desk_and_venue(hub, hub_app, clock):
    tablet = a_tablet(hub, "d02")
    for hour, n in ((7, 100), (8, 20), (9, 3)):
        tablet.record(a_headcount(n), at=f"2027-03-15T{hour:02d}:10:00.000+08:00")
    tablet.record(a_headcount(500), at="2027-03-14T09:10:00.000+08:00")  # the same hour, another day
    deliver(hub, tablet.batch())
    page = board(hub_app, clock)  # at half past nine
    (row,) = [row for row in page.desks if row.desk.id == "d02"]
    metric = "tally.headcount"
    assert (row.now[metric], row.before[metric], row.sums[metric]) == (3, 20, 623)
    assert [(one.now, one.before) for one in page.venues if one.venue.id == "v1"] == [(3, 20)]
    assert (page.hour, page.is_today, page.hours) == ("09", True, [("07", 100), ("08", 20), ("09", 3)])
    clock.tick(86_400)
    later = board(hub_app, clock)
    assert (later.is_today, later.day, sum(one.now for one in later.venues)) == (False, "2027-03-15", 0)


def test_a_tablet_that_will_soon_be_off_is_pointed_out_until_it_is_plugged_in(hub, hub_app, clock):
    tablet = a_tablet(hub, "d02")
    client = hub_app.test_client()
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    cases: tuple[tuple[dict[str, object], list[int]], ...] = (
        ({"battery": 19, "charging": False}, [19]),
        ({"battery": 19, "charging": True}, []),
        ({"battery": 20, "charging": False}, []),
        ({"battery": 0, "charging": False}, [0]),
        ({}, []),
    )
    for health, lows in cases:
        body = strictjson.dumps(a_status(tablet, seq=0, hash=tablet.root.hex(), health=health))
        assert send_status(client, tablet, body).status_code == 200
        page = board(hub_app, clock)
        assert ([one.battery for one in page.low], page.lows) == (lows, len(lows))
        assert ("电量 19%" in office.get("/fairs/demo")) == (lows == [19])


def test_what_is_left_of_prizes_is_what_their_tablets_reckon(hub, hub_app, clock):
    set_prizes(hub, a_prize(quota=30), a_prize(id="cup", quota=5))
    one, other = a_tablet(hub, "d02"), a_tablet(hub, "d03")
    one.record(PrizeStocked(prize="bag", n=50))
    for number in range(4):
        one.record(PrizeIssued(prize="bag", session=an_id(number), code=code_of(an_id(number))))
    one.record(PrizeExpired(prize="bag", voucher=an_id(1))).record(
        PrizeRedeemed(prize="bag", voucher=an_id(2), hand=an_id(3))
    )
    other.record(PrizeStocked(prize="bag", n=10))
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    page = board(hub_app, clock)
    told = [(row.prize.id, row.stocked, row.redeemed, row.left) for row in page.prizes]
    assert told == [("bag", 60, 1, 30 - 4 + 1 + 10), ("cup", 0, 0, 0)]
    assert {row.desk.id: row.prizes for row in page.desks if row.prizes is not None} == {"d02": 27, "d03": 10}
    assert "还能发" in Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo")


def set_prizes(hub, *prizes: Prize) -> None:
    document = msgspec.json.encode(a_fair(prizes=list(prizes))).decode()
    with hub.store.begin() as tx:
        tx.execute(fairs_table.update().values(document=document))


def test_what_tablets_still_hold_is_added_up(hub, hub_app, clock):
    for desk, seq in (("d02", 4), ("d03", 7)):
        tell(hub_app, a_tablet(hub, desk), seq)
    assert board(hub_app, clock).unsent == 11
    assert "平板上还有 11 条没传" in Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo")


def test_a_desk_of_a_large_fair_is_shown_where_most_goes_on(hub, hub_app, clock):
    add_large_fair(hub, venues=10, desks=60)
    for number in range(30):
        tablet = a_tablet(hub, f"d{number:03d}", "large")
        deliver(hub, tablet.record(a_headcount(number + 1), at="2027-03-15T09:10:00.000+08:00").batch())
    page = board(hub_app, clock, "large")
    assert {row.desk.id for row in page.desks} == {f"d{number:03d}" for number in range(6, 30)}


def test_what_happens_in_the_office_is_counted_at_no_venue(hub, hub_app, clock):
    """A call to the hotline stands at no desk of the fair."""
    with hub.store.begin() as tx:
        body = DutyCalled(kind="advice", topic="goods")
        journal.append(tx, "demo", body, desk=duty.DESK, by="chen", now=clock.now(), mono=1)
    assert Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo/venues").status == 200


def test_a_tablet_years_ahead_does_not_take_the_place_of_today_s_hours(hub):
    deliver(hub, a_tablet(hub).record(a_headcount(3)).batch())
    deliver(hub, a_tablet(hub, "d02").record(a_headcount(4), at="2199-01-01T10:00:00.000+08:00").batch())
    with hub.store.reading() as tx:
        assert boards._hours(tx, a_fair(), "2027-03-15") == ("2027-03-15", [("09", 3)])


# --- the last hour, and what stands beside ------------------------------------------------------------


def test_the_last_hour_is_drawn_by_five_minutes_and_said_in_a_table(hub, hub_app, clock):
    tablet = a_tablet(hub)
    for time, n in (("08:20", 5), ("08:40", 7), ("09:10", 30), ("09:29", 3)):
        tablet.record(a_headcount(n), at=f"2027-03-15T{time}:00.000+08:00")
    deliver(hub, tablet.batch())
    page = board(hub_app, clock)
    assert [(bar.label, bar.n) for bar in page.pace.bars if bar.n] == [("08:40", 7), ("09:10", 30), ("09:25", 3)]
    assert (page.pace.total, page.is_pace_whole, len(page.pace.bars)) == (40, True, 12)
    text = Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").text
    drawn = text[text.index('<svg class="chart-bars') :]
    drawn = drawn[: drawn.index("</table>")]
    assert "<title" in drawn
    assert "共 40 人次" in drawn
    assert drawn.count("<rect") == 12
    assert re.findall(r'<th scope="row">(09:10)</th><td>(30)</td>', drawn) == [("09:10", "30")]


def test_where_nobody_came_within_the_hour_it_says_so(hub, hub_app, clock):
    deliver(hub, a_tablet(hub).record(a_headcount(7), at="2027-03-15T08:00:00.000+08:00").batch())
    text = Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").text
    assert "最近一小时没有人进场的记录。" in text
    assert "chart-bars" not in text


def test_reports_quick_tests_and_kinds_on_show_are_those_of_the_table(hub, hub_app, clock):
    tablet = a_tablet(hub, "d03")
    for exhibit in ("e01", "e02", "e02"):
        tablet.record(ExhibitViewed(session=an_id(), exhibit=exhibit, ms=5_000, first=True))
    deliver(hub, tablet.batch())
    deliver(hub, a_tablet(hub, "d02").record(a_filing(matter="report")).batch())
    with hub.store.reading() as tx:
        known = {figure.key: figure.value for figure in fairs.figures_of(tx, a_fair())}
    beside = {figure.key: figure.value for figure in board(hub_app, clock).beside}
    assert beside == {key: known[key] for key in ("reports", "quicktest_batches", "exhibit_kinds")}
    assert (beside["reports"], beside["exhibit_kinds"]) == (1, 2)
    text = Browser(hub_app.test_client()).sign_in(*CASEWORKER).get("/fairs/demo").text
    assert "登记举报" in text
    assert "食品快检" in text


def test_a_fair_without_such_desks_shows_them_only_where_there_are_any(hub, hub_app, clock):
    add_large_fair(hub, venues=2, desks=4)
    assert board(hub_app, clock, "large").beside == []
    deliver(hub, a_tablet(hub, "d001", "large").record(a_filing(matter="report")).batch())
    assert [figure.key for figure in board(hub_app, clock, "large").beside] == ["reports"]
