"""Codes on the hub's pages: drawn for one desk, printed for twenty, compared, and made void."""

import html
import re
import shlex
from datetime import timedelta

import pytest

from kiosk.hub import people
from kiosk.hub.tables import devices, enrolments, facts
from kiosk.sync import protocol, tickets
from tests.hub.joining import Newcomer, code_on, digits_on, says_the_same, slips_on, states, waiting
from tests.hub.tablets import rows
from tests.hub.test_api import code_of
from tests.makers import HUB_URL, Browser, Page, Pair
from tests.proof import share_hubs

CODES, SHEET = "/fairs/demo/codes", "/fairs/demo/codes/sheet"


def draw(office: Browser, desk: str = "d02") -> Page:
    return office.send(office.get(CODES).form(CODES), desk=desk)


def ticket_file(office: Browser, page: Page):
    form = page.form(f"{CODES}/file")
    return office.client.post(form.action, data=form.values)


# --- one code -------------------------------------------------------------------------------------


def test_an_organiser_draws_a_code_compares_and_lets_the_tablet_in(paired: Pair):
    office, client = paired.in_the_office(), paired.hub_app.test_client()
    form = office.get(CODES).form(CODES)
    assert "d01" not in form.choices("desk")  # has its tablet already
    tablet = Newcomer(paired.hub, code_on(draw(office)))
    assert code_of(tablet.asks(client)) == "enrol.waiting"
    page = office.get(CODES)
    assert digits_on(page) == [tablet.digits]
    listed = says_the_same(office, page)
    assert (listed.path, digits_on(listed)) == ("/fairs/demo/devices", [])
    assert tablet.asks(client).status_code == 200
    assert set(states(paired.hub).values()) == {("active", "opened")}  # the organiser holds the key here


def test_an_organiser_who_sees_other_digits_makes_the_code_void(paired: Pair):
    office, client = paired.in_the_office(), paired.hub_app.test_client()
    thief = Newcomer(paired.hub, code_on(draw(office)))
    thief.asks(client)
    assert digits_on(says_the_same(office, office.get("/fairs/demo/devices"), verdict="different")) == []
    assert code_of(thief.asks(client)) == "enrol.rejected"
    assert len(states(paired.hub)) == 1


def test_a_decision_that_was_taken_already_is_said(paired: Pair):
    office = paired.in_the_office()
    Newcomer(paired.hub, code_on(draw(office))).asks(paired.hub_app.test_client())
    page = office.get(CODES)
    says_the_same(office, page, verdict="different")
    again = says_the_same(office, page)
    assert (again.status, "enrol.settled" in again) == (409, True)
    assert says_the_same(office, page, verdict="perhaps").status == 400


def test_the_file_holds_the_code_and_nothing_of_it_is_kept(paired: Pair):
    office = paired.in_the_office()
    page = draw(office, "d05")
    answer = ticket_file(office, page)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kiosk-enrol-d05.txt"'
    assert answer.mimetype == "text/plain"
    address, code = tickets.read(answer.text)
    assert (address, protocol.read_code(code)) == (HUB_URL, protocol.read_code(code_on(page)))
    assert "人民广场" in answer.text
    assert protocol.read_code(code)[0] not in str(rows(paired.hub, enrolments))


def test_there_is_no_file_of_a_code_that_is_used_up_or_was_never_drawn(paired: Pair):
    office = paired.in_the_office()
    page = draw(office)
    Newcomer(paired.hub, code_on(page)).asks(paired.hub_app.test_client())
    assert ticket_file(office, page).status_code == 403
    made_up = protocol.write_code("0" * 32, paired.hub.fingerprint)
    for code in (made_up, "", "x", "0" * 39):
        assert office.send(page.form(f"{CODES}/file"), code=code).status == 403


@share_hubs
def test_the_command_that_is_shown_is_the_command_there_is(paired: Pair, runner):
    from kiosk.cli import main

    shown = html.unescape(draw(paired.in_the_office()).text)
    command = re.search(r"<code>(kiosk booth enrol [^<]+)</code>", shown)
    assert command
    answer = runner.invoke(main, [*shlex.split(command[1])[1:], "--data", str(paired.booth.config.data / "none")])
    assert "booth.missing" in answer.output  # everything else was understood


def test_nobody_without_the_role_draws_prints_compares_or_withdraws(paired: Pair):
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "lin", "another-made-up-password", {"viewer"})
    device = next(iter(states(paired.hub)))
    stranger = Browser(paired.hub_app.test_client())
    viewer = Browser(paired.hub_app.test_client()).sign_in("lin", "another-made-up-password")
    csrf = viewer.get("/fairs/demo").forms[0].values["csrf"]
    before = rows(paired.hub, enrolments), rows(paired.hub, devices), rows(paired.hub, facts)
    posts = {
        CODES: {"desk": "d02"},
        SHEET: {"until": "2027-03-16T09:00", "desk.d02": "yes"},
        f"{CODES}/file": {"code": "x"},
        f"{CODES}/void": {},
        "/fairs/demo/enrolments": {"enrolment": "0" * 64, "verdict": "same"},
        "/fairs/demo/devices/canaries": {},
        f"/fairs/demo/devices/{device}/revoke": {"reason": "x"},
        f"/fairs/demo/devices/{device}/replace": {"reason": "x"},
        f"/fairs/demo/devices/{device}/reinstate": {},
    }
    for path, told in posts.items():
        assert stranger.post(path, **told).status == 401, path
        assert viewer.post(path, **told, csrf=csrf).status == 403, path
    for path in (CODES, SHEET, f"/fairs/demo/devices/{device}"):
        assert stranger.get(path).path == "/login", path
        assert viewer.get(path).status == 403, path
    listed = viewer.get("/fairs/demo/devices")  # may look, and is offered nothing
    assert (listed.status, [form for form in listed.forms if "/fairs/" in form.action]) == (200, [])
    assert (rows(paired.hub, enrolments), rows(paired.hub, devices), rows(paired.hub, facts)) == before


def test_a_code_for_a_desk_that_does_not_exist_is_refused(paired: Pair):
    office = paired.in_the_office()
    form = office.get(CODES).form(CODES)
    for desk in ("d99", "", "d01\0", "../d01"):
        assert office.send(form, desk=desk).status in (400, 404)


# --- a sheet --------------------------------------------------------------------------------------


def print_sheet(office: Browser, *chosen: str, **told: str) -> Page:
    """Fill in the form: the desks it proposes, or those chosen."""
    form = office.get(SHEET).form(SHEET)
    if chosen:
        form.values = {name: value for name, value in form.values.items() if not name.startswith("desk.")}
        form.values |= {f"desk.{desk}": "yes" for desk in chosen}
    return office.send(form, **told)


def test_twenty_tablets_join_from_one_printed_sheet(hub, hub_app):
    office, client = Browser(hub_app.test_client()).sign_in("chen", "a-made-up-password"), hub_app.test_client()
    codes = slips_on(print_sheet(office))
    assert len(set(codes)) == 20
    fleet = [Newcomer(hub, code) for code in codes]
    assert {code_of(tablet.asks(client)) for tablet in fleet} == {"enrol.waiting"}
    page = office.get("/fairs/demo/devices")
    assert sorted(digits_on(page)) == sorted(tablet.digits for tablet in fleet)
    for _ in fleet:
        page = says_the_same(office, page)
    answers = [tablet.asks(client) for tablet in fleet]
    assert {answer.status_code for answer in answers} == {200}
    certificates = [protocol.read_document(protocol.Certificate, answer.data, hub.key.verify_key) for answer in answers]
    assert {one.desk for one in certificates} == {f"d{number:02d}" for number in range(1, 21)}
    assert [one.journal for one in certificates] == [tablet.journal for tablet in fleet]
    assert list(states(hub).values()) == [("active", "opened")] * 20
    assert waiting(hub) == []
    assert slips_on(print_sheet(office)) == []  # every desk has its tablet: nothing is proposed any more


def test_a_sheet_is_for_the_desks_that_were_chosen(paired: Pair):
    page = print_sheet(paired.in_the_office(), "d03", "d07")
    assert len(slips_on(page)) == 2
    assert "/fairs/demo/devices" in page
    assert HUB_URL in page


@share_hubs
def test_a_sheet_is_good_for_a_day_unless_somebody_says_otherwise(paired: Pair, clock):
    office, client = paired.in_the_office(), paired.hub_app.test_client()
    first, second = slips_on(print_sheet(office, "d03", "d04"))
    clock.tick(24 * 3600)
    assert code_of(Newcomer(paired.hub, first).asks(client)) == "enrol.waiting"
    clock.tick(61)
    assert code_of(Newcomer(paired.hub, second).asks(client)) == "enrol.code"


@share_hubs
def test_a_sheet_may_be_good_for_three_days_and_not_for_longer(paired: Pair, clock):
    office = paired.in_the_office()
    for hours, status in ((72, 200), (73, 422), (0, 422), (-1, 422), (1, 200)):
        until = (clock.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")
        page = print_sheet(office, "d03", until=until)
        assert (page.status, len(slips_on(page))) == (status, int(status == 200)), hours
        assert status == 200 or "desk.d03" in page.form(SHEET).values  # what was chosen is chosen still


@share_hubs
@pytest.mark.parametrize("until", ["", "tomorrow", "2027-02-30T09:00", "9999-12-31T23:59", "0001-01-01T00:00", "2027"])
def test_a_moment_that_is_none_is_refused(paired: Pair, until):
    page = print_sheet(paired.in_the_office(), "d03", until=until)
    assert (page.status in (400, 422), slips_on(page)) == (True, [])


@share_hubs
def test_a_sheet_for_no_desk_is_none(paired: Pair):
    office = paired.in_the_office()
    form = office.get(SHEET).form(SHEET)
    form.values = {name: value for name, value in form.values.items() if not name.startswith("desk.")}
    page = office.send(form)
    assert (page.status, "desk" in page) == (422, True)
    assert len(rows(paired.hub, enrolments)) == 1


def test_a_lost_sheet_is_made_void_at_once(paired: Pair):
    office, client = paired.in_the_office(), paired.hub_app.test_client()
    codes = slips_on(print_sheet(office, "d03", "d04"))
    on_screen = code_on(draw(office, "d05"))
    form = office.get(CODES).form(f"{CODES}/void")
    page = office.send(form)
    assert all(form.action != f"{CODES}/void" for form in page.forms)
    assert {code_of(Newcomer(paired.hub, code).asks(client)) for code in codes} == {"enrol.code"}
    assert code_of(Newcomer(paired.hub, on_screen).asks(client)) == "enrol.waiting"


def test_a_slip_is_good_for_one_tablet(paired: Pair):
    (code,) = slips_on(print_sheet(paired.in_the_office(), "d03"))
    client = paired.hub_app.test_client()
    first, second = Newcomer(paired.hub, code), Newcomer(paired.hub, code)
    assert code_of(first.asks(client)) == "enrol.waiting"
    assert code_of(second.asks(client)) == "enrol.code"
