"""Setting a fair up at the hub: small forms, volunteers, new fairs, rosters from workbooks, twenty tablets."""

import io
import re
import time
from dataclasses import replace

import pytest
from msgspec.structs import replace as replaced
from sqlalchemy import select

from kiosk.facts import envelope
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import fairs, ledger, people, setups, volunteers
from kiosk.hub.sections import PLAIN
from kiosk.hub.tables import facts, item_folds
from kiosk.hub.tables import fairs as fairs_table
from kiosk.packs import themes
from kiosk.packs.fairs import Board, Entrance
from kiosk.packs.model import Text
from kiosk.packs.reader import not_in_force
from kiosk.reports.counters import counters_of
from kiosk.sync import keys
from tests.hub.joining import Newcomer, a_screen_code, digits_on, says_the_same, slips_on
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_api import code_of
from tests.makers import CASEWORKER, VOLUNTEER, Browser, Page, Pair, a_fair
from tests.packs.test_fair_sheets import a_book, desk_row, saved
from tests.proof import figure

#: What says nothing of the database is tried on one.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
SETUP, ROSTER, HELPERS = "/fairs/demo/setup", "/fairs/demo/roster", "/fairs/demo/volunteers"


@pytest.fixture
def office(hub_app) -> Browser:
    return Browser(hub_app.test_client()).sign_in(*CASEWORKER)


def fair_of(hub, fair_id: str = "demo"):
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, fair_id)


def rows(hub, table) -> list:
    with hub.store.reading() as tx:
        return list(tx.execute(select(table)))


def changes(hub) -> list[tuple[str, list[str]]]:
    """(who, what) of every change there was."""
    found = [envelope.decode(row.line) for row in rows(hub, facts) if row.kind == "fair.changed"]
    return [(fact.by[:2], fact.body["what"]) for fact in found]


def edit(office: Browser, section: str, item: str = "", **told: str) -> Page:
    """Open a part, or a thing of a list, change some fields, save."""
    page = office.get(f"{SETUP}/{section}" + (f"/{item}" if item else ""))
    return office.send(filled(page, f"{SETUP}/{section}"), **told)


def filled(page: Page, action: str):
    """The form with what is chosen in its lists, which a browser would send too."""
    form = page.form(action)
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]+)">(.*?)</select>', page.text, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        form.values[name] = next((value for value, chosen in values if chosen), values[0][0])
    return form


# --- one part at a time -----------------------------------------------------------------------------


def test_each_part_is_saved_by_itself_and_that_it_was_is_a_fact(office, hub):
    steps = {
        "basics": {"title": "示范活动", "title_en": "", "starts": "2027-03-13", "ends": "2027-03-14"},
        "theme": {"theme": "新的主题"},
        "slogans": {"slogans": "诚信经营 | Honest trade\n\n放心消费"},
        "organiser": {"contact": "12315 · 建设路2号", "contact_en": "12315 · 2 Jianshe Road"},
        "switches": {"public_screen": "yes", "retention_months": "12"},
        "deadline": {"deadline": "2027-03-18T18:00", "correction_limit": "80"},
    }
    for section, told in steps.items():
        assert edit(office, section, **told).path == SETUP, section
    fair = fair_of(hub)
    assert (fair.title, fair.starts, fair.ends) == (Text("示范活动", "示范活动"), "2027-03-13", "2027-03-14")
    assert fair.theme.zh == "新的主题"
    assert fair.slogans == [Text("诚信经营", "Honest trade"), Text("放心消费", "放心消费")]
    assert (fair.organiser.contact, fair.organiser.name.en) == ("12315 · 建设路2号", "Demo City Market Regulator")
    assert (fair.organiser.contact_in("zh"), fair.organiser.contact_in("en")) == (
        "12315 · 建设路2号",
        "12315 · 2 Jianshe Road",
    )
    assert (fair.public_screen, fair.leaderboard, fair.retention_months) == (True, False, 12)
    assert (fair.deadline, fair.correction_limit) == ("2027-03-18T18:00:00.000+08:00", 80)
    assert changes(hub) == [("p-", [section]) for section in steps]
    assert ledger.verify(hub) == []


@on_sqlite
def test_saving_what_is_already_so_writes_nothing_down(office, hub):
    for section in PLAIN:
        before = fair_of(hub)
        assert edit(office, section).path == SETUP, section
        assert fair_of(hub) == before, section
    assert changes(hub) == []


@on_sqlite
def test_a_theme_nobody_knows_yet_may_be_left_blank(office, hub):
    assert "2027 年的年主题待公布" in office.get(f"{SETUP}/theme")
    edit(office, "theme", theme="", theme_en="")
    assert fair_of(hub).theme == themes.UNKNOWN
    assert office.get(f"{SETUP}/theme").form(f"{SETUP}/theme").values["theme"] == ""
    assert "2027 年的年主题待公布" in office.get(SETUP)


WRONG = (
    ("basics", {"title": " "}, "title"),
    ("basics", {"starts": "2027-02-30"}, "starts"),
    ("basics", {"ends": "2027-03-14"}, "ends"),
    ("slogans", {"slogans": "长" * 61}, "slogans"),
    ("organiser", {"contact": ""}, "contact"),
    ("organiser", {"contact_en": "x" * 241}, "contact_en"),
    ("switches", {"answer_days": "0"}, "answer_days"),
    ("deadline", {"deadline": "2027-03-14T18:00"}, "deadline"),
    ("deadline", {"correction_limit": "五十"}, "correction_limit"),
    ("leaflets", {"name": "新手册", "bundle": "1"}, "bundle"),
    ("boards", {"name": "新展板", "n": "0"}, "n"),
    ("desks", {"name": "宣传咨询台", "venue": "v4"}, "name"),
    ("desks", {"name": "x", "opens": "10:00", "closes": "09:00"}, "closes"),
)


@on_sqlite
def test_what_does_not_fit_is_shown_again_with_the_field_named_and_nothing_is_kept(office, hub):
    before = fair_of(hub)
    for section, told, field in WRONG:
        page = edit(office, section, **told)
        assert (page.status, f'id="{field}-fault"' in page) == (422, True), (section, told)
        form = filled(page, f"{SETUP}/{section}")
        assert {name: form.values[name] for name in told} == told
    assert fair_of(hub) == before


@on_sqlite
def test_who_saves_what_somebody_else_has_changed_is_told_and_a_retry_is_not(office, hub):
    mine, theirs = (filled(office.get(f"{SETUP}/organiser"), f"{SETUP}/organiser") for _ in "ab")
    assert office.send(theirs, contact="乙写的").status == 200
    assert office.send(theirs, contact="乙写的").status == 200  # the answer was lost
    page = office.send(mine, contact="甲写的")
    assert (page.status, "fair.stale" in page, fair_of(hub).organiser.contact) == (409, True, "乙写的")
    assert len(changes(hub)) == 1


# --- lists ------------------------------------------------------------------------------------------


def test_a_desk_is_added_once_however_often_it_is_sent_and_changed_under_the_same_id(office, hub):
    form = filled(office.get(f"{SETUP}/desks"), f"{SETUP}/desks")
    for _ in range(2):
        page = office.send(form, name="雨棚咨询台", venue="v2", opens="09:30", closes="13:30")
        assert page.path == f"{SETUP}/desks"
    desk = fair_of(hub).desks[-1]
    assert (desk.id, desk.venue, desk.opens, len(fair_of(hub).desks)) == ("d21", "v2", "09:30", 21)
    edit(office, "desks", "d21", name="大棚咨询台", unit="xinhua")
    desk = fair_of(hub).desks[-1]
    assert (desk.id, desk.name.zh, desk.unit) == ("d21", "大棚咨询台", "xinhua")
    assert office.send(office.get(f"{SETUP}/desks/d21").form(f"{SETUP}/desks/remove"), id="d21").status == 200
    assert len(fair_of(hub).desks) == 20


@on_sqlite
def test_hours_are_written_for_all_that_have_none_at_once(office, hub):
    edit(office, "desks", "d01", opens="08:00", closes="12:00")
    office.send(office.get(f"{SETUP}/desks").form(f"{SETUP}/desks/hours"), opens="09:30", closes="13:30")
    assert [desk.opens for desk in fair_of(hub).desks[:3]] == ["08:00", "09:30", "09:30"]
    assert office.post(f"{SETUP}/desks/hours", opens="9", closes="8", csrf="x").status >= 400


@on_sqlite
def test_entrances_of_a_venue_are_named_and_keep_their_ids(office, hub):
    edit(office, "venues", "v1", way1="东门", way2="西门", way2_en="West gate")
    assert fair_of(hub).venues[0].entrances == [
        Entrance("e1", Text("东门", "东门")),
        Entrance("e2", Text("西门", "West gate")),
    ]
    edit(office, "venues", "v1", way1="")
    assert [way.id for way in fair_of(hub).venues[0].entrances] == ["e2"]


def test_what_has_a_tablet_or_records_is_neither_removed_nor_moved(hub_app, office, hub):
    a_tablet(hub, "d01")
    before = fair_of(hub)
    remove = office.get(f"{SETUP}/desks/d01").form(f"{SETUP}/desks/remove")
    page = office.send(remove, id="d01")
    assert (page.status, "fair.in_use" in page) == (409, True)
    page = edit(office, "desks", "d01", venue="v2", name="别的名")
    assert (page.status, "desk.in_use" in page) == (409, True)
    page = office.send(office.get(f"{SETUP}/venues/v1").form(f"{SETUP}/venues/remove"), id="v1")
    assert (page.status, "fair.in_use" in page) == (409, True)
    assert fair_of(hub) == before
    assert edit(office, "desks", "d01", name="总咨询台").status == 200
    assert edit(office, "desks", "d02", venue="v2", name="投诉台").status == 200  # has none
    assert [desk.venue for desk in fair_of(hub).desks[:2]] == ["v1", "v2"]
    assert rows(hub, item_folds) == []


def test_a_leaflet_that_was_counted_stays_and_so_does_its_entrance(hub, office):
    edit(office, "venues", "v1", way1="东门", way2="西门")
    tablet = a_tablet(hub, "d01").record(TallyCounted(counter="leaflet.law", n=50))
    deliver(hub, tablet.record(TallyCounted(counter="headcount.e1", n=3)).batch())
    page = office.send(office.get(f"{SETUP}/leaflets/law").form(f"{SETUP}/leaflets/remove"), id="law")
    assert (page.status, "消法手册" in page) == (409, True)
    assert edit(office, "venues", "v1", way1="").status == 409
    assert edit(office, "venues", "v1", way2="").status == 200
    assert office.send(office.get(f"{SETUP}/leaflets/fakes").form(f"{SETUP}/leaflets/remove"), id="fakes").status == 200


@on_sqlite
def test_a_desk_that_is_no_more_takes_its_codes_along_and_whoever_waits_with_one(office, hub, hub_app):
    client = hub_app.test_client()
    early, late = (Newcomer(hub, a_screen_code(hub, "d20", kind)) for kind in ("sheet", "screen"))
    early.asks(client)
    office.send(office.get(f"{SETUP}/desks/d20").form(f"{SETUP}/desks/remove"), id="d20")
    assert [code_of(one.asks(client)) for one in (early, late)] == ["enrol.rejected", "enrol.code"]
    assert (office.get("/fairs/demo/devices").status, office.get("/fairs/demo/codes").status) == (200, 200)


@on_sqlite
def test_the_last_of_a_list_that_must_not_be_empty_stays(office, hub):
    for leaflet in ("law", "fakes"):
        page = office.send(office.get(f"{SETUP}/leaflets/{leaflet}").form(f"{SETUP}/leaflets/remove"), id=leaflet)
    assert (page.status, "fair.faulty" in page) == (422, True)
    assert [one.id for one in fair_of(hub).leaflets] == ["fakes"]


@on_sqlite
def test_parts_and_things_there_are_not_are_not_found(office, hub):
    for path in ("nothing", "desks/d99", "theme/x", "desks/remove"):
        assert office.get(f"{SETUP}/{path}").status == 404, path


@on_sqlite
def test_nobody_without_the_role_sees_or_changes_anything(hub, hub_app):
    with hub.store.begin() as tx:
        people.add_person(tx, "lin", "another-made-up-password", {"viewer"})
    viewer = Browser(hub_app.test_client()).sign_in("lin", "another-made-up-password")
    csrf = viewer.get("/fairs/demo").forms[0].values["csrf"]
    assert SETUP not in viewer.get("/fairs/demo")
    before = fair_of(hub)
    for path in (
        SETUP,
        f"{SETUP}/theme",
        f"{SETUP}/desks/d01",
        HELPERS,
        ROSTER,
        "/fairs/new",
        "/fairs/demo/desks/d01/preview",
    ):
        assert viewer.get(path).status == 403, path
    for path, told in {
        f"{SETUP}/theme": {"theme": "x", "was": "x"},
        f"{SETUP}/desks/remove": {"id": "d20"},
        HELPERS: {"id": "v-1", "name": "x"},
        f"{HELPERS}/remove": {"id": "li"},
        f"{HELPERS}/pins": {},
    }.items():
        assert viewer.post(path, **told, csrf=csrf).status == 403, path
    assert (fair_of(hub), changes(hub)) == (before, [])


@on_sqlite
def test_a_fair_of_another_hub_is_not_changed_here(office, hub):
    with hub.store.begin() as tx:
        tx.execute(fairs_table.update().values(origin="ab" * 16))
    page = edit(office, "theme", theme="别的")
    assert (page.status, "fair.elsewhere" in page) == (409, True)


# --- tablets hear of it -----------------------------------------------------------------------------


def hears(pair: Pair) -> None:
    """The tablet asks the hub, and its server looks what came of it."""
    pair.sync()
    pair.clock.tick(60)


@on_sqlite
def test_a_tablet_shows_what_was_changed_after_it_next_asked(paired: Pair):
    office = paired.in_the_office()
    hears(paired)
    edit(office, "theme", theme="放心消费 你我同行", theme_en="")
    edit(office, "slogans", slogans="扫码看真假")
    assert "放心消费 你我同行" not in paired.visitor().get("/")
    hears(paired)
    page = paired.visitor().get("/")
    assert "放心消费 你我同行" in page
    assert "扫码看真假" in page


# --- volunteers -------------------------------------------------------------------------------------


def pins_on(page: Page) -> list[tuple[str, str]]:
    return [
        (name, pin.replace(" ", ""))
        for name, pin in re.findall(r"<b>([^<]+)</b><strong class=\"num\">([0-9 ]+)<", page.text)
    ]


@on_sqlite
def test_a_volunteer_is_added_with_a_pin_that_is_shown_once_and_opens_a_tablet(paired: Pair):
    office = paired.in_the_office()
    page = office.send(office.get(HELPERS).form(HELPERS), name="王芳")
    [(name, pin)] = pins_on(page)
    assert (name, len(pin), pins_on(office.get(HELPERS))) == ("王芳", 6, [])
    with paired.hub.store.reading() as tx:
        [who] = [one for one, called in volunteers.names(tx, "demo").items() if called == "王芳"]
    held = next(row for row in rows(paired.hub, volunteers.volunteers) if row.id == who)
    assert held.pin.startswith("$argon2id$")
    assert keys.is_password(held.pin, pin)
    hears(paired)
    paired.visitor().enter(who, pin)
    assert "王芳" not in str([row.line for row in rows(paired.hub, facts)])


@on_sqlite
def test_the_same_name_twice_a_number_or_none_is_refused(office, hub):
    for name in ("李志愿", "", "王芳 13800000000", "长" * 41):
        page = office.send(office.get(HELPERS).form(HELPERS), name=name)
        assert (page.status, "data-say" in page) == (422, True), name
    assert len(rows(hub, volunteers.volunteers)) == 1


@on_sqlite
def test_a_new_pin_takes_the_place_of_the_old_one_and_who_is_removed_opens_nothing(paired: Pair):
    office = paired.in_the_office()
    [(name, pin)] = pins_on(office.send(office.get(HELPERS).form(f"{HELPERS}/pin"), id="li"))
    assert name == "李志愿"
    hears(paired)
    paired.visitor().enter("li", pin)
    office.send(office.get(HELPERS).form(f"{HELPERS}/remove"), id="li")
    hears(paired)
    assert paired.visitor().post("/staff/enter", volunteer="li", pin=pin, next="/staff").path != "/staff"
    assert office.send(office.get(HELPERS).form(HELPERS), name="又一位").status == 200
    assert office.post(f"{HELPERS}/pin", id="li", csrf=office.get(HELPERS).forms[0].values["csrf"]).status == 404


@on_sqlite
def test_new_pins_for_all_are_slips_to_be_printed(office, hub):
    office.send(office.get(HELPERS).form(HELPERS), name="王芳")
    page = office.send(office.get(HELPERS).form(f"{HELPERS}/pins"))
    assert sorted(name for name, _ in pins_on(page)) == ["李志愿", "王芳"]
    assert "data-print" in page
    held = {row.name: row.pin for row in rows(hub, volunteers.volunteers)}
    assert all(keys.is_password(held[name], pin) for name, pin in pins_on(page))


# --- a new fair -------------------------------------------------------------------------------------


def test_last_year_s_fair_is_copied_with_its_days_moved_and_nothing_counted(office, hub):
    edit(office, "deadline", deadline="2027-03-18T18:00")
    a_tablet(hub, "d01")
    form = office.get("/fairs/new?like=demo").form("/fairs/new")
    assert form.values["title"] == "2028年“3·15”国际消费者权益日宣传活动"
    for _ in range(2):  # the second time the answer was lost
        page = office.send(form, starts="2028-03-10", ends="2028-03-10", helpers="pins")
    new, old = fair_of(hub, "2028-03-10"), fair_of(hub)
    assert (new.venues, new.desks, new.leaflets, new.units) == (old.venues, old.desks, old.leaflets, old.units)
    assert (new.deadline, new.theme) == ("2028-03-13T18:00:00.000+08:00", themes.UNKNOWN)
    with hub.store.reading() as tx:
        assert [fair.id for fair in fairs.all_fairs(tx)] == ["2028-03-10", "demo"]
        assert list(volunteers.names(tx, new.id).values()) == ["李志愿"]
        assert {figure.value for figure in fairs.figures_of(tx, new)} <= {0, None, "0.00"}
    assert page.status == 200
    assert ledger.verify(hub) == []


@on_sqlite
def test_volunteers_come_along_with_new_pins_or_none_that_opens(office, hub):
    form = office.get("/fairs/new?like=demo").form("/fairs/new")
    assert "换一个活动" not in office.get("/fairs/demo/setup")  # there is no other
    page = office.send(form, helpers="pins")
    assert "已建好" in page
    [(name, pin)] = pins_on(page)
    office.send(form, title="无 PIN 的", helpers="names")
    office.send(form, title="没有人的", helpers="none")
    held = {row.fair: row.pin for row in rows(hub, volunteers.volunteers)}
    assert set(held) == {"demo", "2028-03-15", "2028-03-15-2"}
    assert keys.is_password(held["2028-03-15"], pin)
    assert not any(keys.is_password(held["2028-03-15-2"], one) for one in (pin, VOLUNTEER[1], ""))
    assert name == "李志愿"


@on_sqlite
def test_a_fair_from_nothing_has_something_to_change(office, hub):
    form = office.get("/fairs/new").form("/fairs/new")
    assert office.send(form, title="x", organiser="", contact="").status == 422
    page = office.send(form, title="小区宣传", starts="2026-03-14", ends="", organiser="示范局", contact="12315")
    assert (page.path.partition("?")[0], "“小区宣传”已建好" in page) == ("/fairs/2026-03-14/setup", True)
    assert 'href="/">换一个活动' in page
    fair = fair_of(hub, "2026-03-14")
    assert (fair.ends, fair.theme.zh, len(fair.desks), fair.faults()) == ("2026-03-14", "提升消费品质", 5, [])
    chosen = office.get("/")
    assert (chosen.path, "/fairs/2026-03-14" in chosen, "/fairs/demo" in chosen) == ("/", True, True)


def test_what_is_missing_is_said(hub):
    fair = a_fair(
        theme=themes.UNKNOWN, desks=[one for one in a_fair().desks if one.type == "advice" and one.venue == "v1"]
    )
    said = setups.missing(fair, 0, "2027-03-01")
    assert said == ["theme", "venues", "hours", "complaints", "volunteers", "deadline"]
    assert setups.missing(fair, 0, "2027-03-16")[0] == "past"


# --- a roster ---------------------------------------------------------------------------------------


def upload(office: Browser, data: bytes, what: str, *, only: bool = False, name: str = "名单.xlsx") -> Page:
    form = office.get(ROSTER).form(ROSTER)
    told = {"csrf": form.values["csrf"], "what": what, **({"only": "1"} if only else {})}
    return Page(office.client.post(ROSTER, data={**told, "file": (io.BytesIO(data), name)}))


def test_a_roster_is_looked_at_then_saved_and_the_second_time_nothing_changes(office, hub):
    book = saved(
        a_book(会场=[[None, "新会场"]], 服务台=[desk_row(venue="新会场", opens="9:30")], 志愿者=[["王芳"], ["张伟"]])
    )
    before = fair_of(hub)
    page = upload(office, book, "look")
    assert ("新会场 · 新咨询台" in page, pins_on(page), fair_of(hub)) == (True, [], before)
    page = upload(office, book, "save")
    assert [name for name, _ in pins_on(page)] == ["王芳", "张伟"]
    assert fair_of(hub).desks[-1].opens == "09:30"
    kept, said = fair_of(hub), changes(hub)
    page = upload(office, book, "save")
    assert (page.status, pins_on(page), fair_of(hub), changes(hub)) == (200, [], kept, said)
    assert said == [("p-", ["venues", "desks", "volunteers"])]
    assert "没有要改的" in upload(office, office.client.get(f"{ROSTER}/now.xlsx").data, "look")


@on_sqlite
def test_the_desks_of_a_new_fair_are_numbered_from_the_first_until_a_code_was_made(office, hub):
    form = office.get("/fairs/new").form("/fairs/new")
    office.send(form, title="小区宣传", starts="2026-03-14", ends="", organiser="示范局", contact="12315")
    at = "/fairs/2026-03-14"

    def take(*venues: str) -> list[tuple[str, str]]:
        book = a_book(会场=[[None, one] for one in venues], 服务台=[desk_row(f"{one}台", venue=one) for one in venues])
        told = {"csrf": office.get(f"{at}/roster").form(f"{at}/roster").values["csrf"], "what": "save", "only": "1"}
        page = Page(office.client.post(f"{at}/roster", data={**told, "file": (io.BytesIO(saved(book)), "x.xlsx")}))
        assert page.status == 200, page.text
        return [(desk.venue, desk.id) for desk in fair_of(hub, "2026-03-14").desks]

    assert take("东门", "西门") == [("v1", "d01"), ("v2", "d02")]
    assert take("南门") == [("v1", "d01")]
    office.send(office.get(f"{at}/codes/sheet").form(f"{at}/codes/sheet"), **{"desk.d01": "yes"})
    assert take("北门") == [("v2", "d02")]  # who holds the code for d01 does not come to another desk
    assert ledger.verify(hub) == []


@on_sqlite
def test_one_fault_and_nothing_of_the_file_is_kept(office, hub):
    before = fair_of(hub)
    book = saved(a_book(会场=[[None, "新会场"]], 服务台=[desk_row(venue="火星")], 志愿者=[["王芳"]]))
    page = upload(office, book, "save")
    assert page.status == 422
    assert "<td>服务台</td><td>2</td><td>B</td>" in page
    assert (fair_of(hub), changes(hub), len(rows(hub, volunteers.volunteers))) == (before, [], 1)


def test_a_file_does_not_take_out_what_is_in_use(office, hub):
    a_tablet(hub, "d01")
    page = upload(office, saved(a_book(服务台=[desk_row()])), "save", only=True)
    assert (page.status, "“人民广场 · 宣传咨询台”已经用上了" in page) == (422, True)
    assert len(fair_of(hub).desks) == 20
    kept = saved(a_book(服务台=[desk_row(), desk_row("宣传咨询台")]))
    assert upload(office, kept, "save", only=True).status == 200
    assert [desk.id for desk in fair_of(hub).desks] == ["d21", "d01"]


@on_sqlite
def test_what_is_no_workbook_is_refused_politely(office, hub):
    page = upload(office, b"name,venue\n", "save", name="名单.csv")
    assert (page.status, "这不是 .xlsx 文件" in page) == (422, True)


@on_sqlite
def test_the_commands_do_the_same(office, hub, runner, tmp_path):
    from kiosk.cli import main

    place = ["--data", str(hub.config.data)]
    (tmp_path / "new.xlsx").write_bytes(saved(a_book(服务台=[desk_row()], 志愿者=[["王芳"]])))
    (tmp_path / "bad.xlsx").write_bytes(saved(a_book(服务台=[desk_row(venue="火星")])))
    looked = runner.invoke(main, ["hub", "fair", "import", str(tmp_path / "new.xlsx"), *place])
    assert "desks: +1 ~0 -0" in looked.output
    assert "nothing was saved" in looked.output
    done = runner.invoke(main, ["hub", "fair", "import", str(tmp_path / "new.xlsx"), *place, "--save"])
    assert re.search(r"王芳: PIN \d{6}\nsaved in fair demo", done.output)
    bad = runner.invoke(main, ["hub", "fair", "import", str(tmp_path / "bad.xlsx"), *place, "--save"])
    assert bad.exit_code != 0
    assert "工作表“服务台” 第 2 行 B 列" in bad.output
    filled_in = ["hub", "fair", "template", str(tmp_path / "now.xlsx"), "--filled", *place]
    assert runner.invoke(main, filled_in).exit_code == 0
    again = runner.invoke(main, ["hub", "fair", "import", str(tmp_path / "now.xlsx"), *place])
    assert again.output == "nothing to change\n"
    assert len(fair_of(hub).desks) == 21


@on_sqlite
def test_a_fair_moved_to_days_on_which_the_pack_is_not_the_law_is_warned_of(office, hub):
    """As `kiosk hub init` refuses to begin with."""
    laws = [replaced(one, valid_until="2027-03-31") if one.name == "商标法" else one for one in hub.pack.laws]
    hub.pack = replace(hub.pack, laws=laws)
    assert "已经失效" not in office.get(SETUP)
    edit(office, "basics", ends="2027-04-01")
    assert "2027-03-15 – 2027-04-01 那几天，内容包引用的法规有 1 部还没施行或已经失效：商标法。" in office.get(SETUP)
    edit(office, "basics", ends="2027-03-31")
    assert "已经失效" not in office.get(SETUP)
    assert not_in_force(hub.pack, ["2026-12-31"]) == ["商标法"]  # not in force yet


# --- the quiz, boards, who may raise a limit --------------------------------------------------------------


@on_sqlite
def test_the_quiz_offers_what_was_chosen_and_asks_about_it(office, hub):
    edit(office, "quiz", first="quick", **{"mode.quick": "yes", "mode.standard": "yes", "mode.challenge": ""})
    assert fair_of(hub).quiz_modes == ["quick", "standard"]
    edit(office, "quiz", **{"topic.returns": "yes", "topic.food": "yes"})
    fair = fair_of(hub)
    assert (fair.quiz_modes, fair.quiz_topics) == (["quick", "standard"], ["food", "returns"])
    page = office.get("/fairs/demo/desks/d02/preview")
    for said in ("3 道题，答对 2 道就过关", "3 题、5 题", "（先给 3 题）", "只考 2 个话题：", "退货"):
        assert said in page, said
    assert "3 题、5 题 · 2 个话题" in office.get(SETUP)
    edit(office, "quiz", first="standard", **{f"mode.{one}": "yes" for one in ("quick", "standard", "challenge")})
    edit(office, "quiz", **{f"topic.{one}": "yes" for one in hub.pack.topics})
    assert (fair_of(hub).quiz_modes, fair_of(hub).quiz_topics) == ([], [])
    assert changes(hub) == [("p-", ["quiz"])] * 4


@on_sqlite
def test_topics_that_are_too_few_for_the_longest_quiz_are_refused_and_one_that_is_short_enough_is_not(office, hub):
    told = {"topic.games": "yes"}
    page = edit(office, "quiz", **told)
    assert page.status == 422
    assert "只有 4 道题，最长的一套要 10 道" in page
    assert filled(page, f"{SETUP}/quiz").values["topic.games"] == "yes"
    assert fair_of(hub).quiz_topics == []
    short = {"mode.quick": "yes", "mode.standard": "", "mode.challenge": ""}
    assert edit(office, "quiz", first="quick", **told, **short).path == SETUP
    assert (fair_of(hub).quiz_topics, fair_of(hub).quiz_modes) == (["games"], ["quick"])
    assert setups.missing(a_fair(), 0, "2027-03-01", is_quiz_short=True).count("quiz") == 1


@on_sqlite
def test_boards_are_planned_by_venue_and_stand_beside_what_was_counted(office, hub):
    edit(office, "boards", name="识假辨假", n="20")
    edit(office, "boards", name="预付卡", venue="v1", n="16")
    assert [(one.id, one.n, one.venue) for one in fair_of(hub).boards] == [("b1", 20, ""), ("b2", 16, "v1")]
    assert edit(office, "boards", name="预付卡", venue="v1", n="1").status == 422  # there is one of that name there
    deliver(hub, a_tablet(hub).record(TallyCounted(counter="board", n=36)).batch())
    page = office.get(f"{SETUP}/boards")
    assert re.search(r'人民广场</th><td class="num">36</td><td class="num">36</td>', page.text)
    assert re.search(r'合计</th><td class="num">96</td><td class="num">36</td>', page.text)
    assert "96 块" in office.get(SETUP)
    assert "这个会场 36 块" in office.get("/fairs/demo/desks/d01/preview")
    assert fair_of(hub).at("d01").boards == []  # a tablet need not know
    assert ledger.verify(hub) == []


def test_a_venue_at_which_a_board_stands_stays():
    fair = a_fair(boards=[Board("b1", Text("预付卡", "Cards"), 1, "v9")])
    assert fair.faults() == ["board b1 is at venue v9, which does not exist"]


def with_another(hub, name: str = "zhou", role: str = "organiser") -> dict[str, str]:
    with hub.store.begin() as tx:
        people.add_person(tx, name, "another-made-up-password", {role})
    return {"second": name, "second_password": "another-made-up-password"}


def test_once_something_was_counted_nobody_raises_the_limit_alone(office, hub):
    deliver(hub, a_tablet(hub).record(TallyCounted(counter="headcount", n=1)).batch())
    zhou, clerk = with_another(hub), with_another(hub, "ma", "caseworker")
    own = {"second": CASEWORKER[0], "second_password": CASEWORKER[1]}
    for second in ({}, own, clerk, {**zhou, "second_password": "a guess"}):
        page = edit(office, "deadline", correction_limit="1000", **second)
        assert (page.status, 'id="second-fault"' in page) == (422, True), second
        assert not second or second["second_password"] not in page
    assert (fair_of(hub).correction_limit, changes(hub)) == (50, [])
    assert edit(office, "deadline", correction_limit="1000", **zhou).path == SETUP
    assert fair_of(hub).correction_limit == 1000
    stood = [envelope.decode(row.line) for row in rows(hub, facts) if row.kind == "fair.changed"]
    assert len({fact.by for fact in stood}) == 2  # one raised it, and the other stands for it
    assert len({fact.body["digest"] for fact in stood}) == 1
    assert edit(office, "deadline", correction_limit="20").path == SETUP  # lowering it needs nobody
    assert ledger.verify(hub) == []


@on_sqlite
def test_a_second_s_password_is_guessed_at_as_slowly_as_at_the_door(office, hub):
    deliver(hub, a_tablet(hub).record(TallyCounted(counter="headcount", n=1)).batch())
    wrong = {**with_another(hub), "second_password": "a guess"}
    found = [edit(office, "deadline", correction_limit="1000", **wrong).status for _ in range(6)]
    assert found == [422] * 5 + [429]


# --- what tablets will show ---------------------------------------------------------------------------


@on_sqlite
def test_a_preview_shows_what_the_desk_s_tablet_will_show(office, hub):
    edit(office, "venues", "v1", way1="东门", way2="西门")
    edit(office, "materials", name="环保袋", unit="个", unit_en="", bundle="50")
    page = office.get("/fairs/demo/desks/d02/preview")
    for said in ("提升消费品质", "投诉举报台", "消法手册", "整捆 +50", "环保袋", "正式受理窗口", "2 / 20"):
        assert said in page, said
    shown = re.findall(r"<li><b>([^<]+)</b><span", page.text)
    assert shown == [one.name.zh for one in counters_of(fair_of(hub), fair_of(hub).desk("d02"))]
    assert shown[0] == "接受咨询"
    assert {"东门 进场", "西门 离场"} < set(shown)
    assert "消费问卷" not in page
    assert "/fairs/demo/desks/d01/preview" in page
    assert office.get("/fairs/demo/desks/d99/preview").status == 404
    edit(office, "surveys", **{f"survey.{hub.pack.surveys[0].id}": "yes"})
    assert "消费问卷" in office.get("/fairs/demo/desks/d02/preview")
    for desk in fair_of(hub).desks[:5]:
        has_door = "快检结果" in office.get(f"/fairs/demo/desks/{desk.id}/preview")
        assert has_door == (desk.type == "quicktests"), desk


# --- the evening before -------------------------------------------------------------------------------


@on_sqlite
def test_twenty_tablets_are_set_up_from_the_sheet(hub_app, hub):
    """A person's touches are counted as they would be made; what the machines need besides is measured."""
    began, touches = time.thread_time(), 0
    office, client = Browser(hub_app.test_client()).sign_in(*CASEWORKER), hub_app.test_client()
    form = office.get("/fairs/new").form("/fairs/new")
    page = office.send(
        form, title="宣传活动", starts="2027-03-14", ends="2027-03-14", organiser="示范局", contact="12315"
    )
    touches += 6  # 新建, three fields beside the days, the button, import
    fair = "/fairs/2027-03-14"
    venues = [[None, f"第{n}广场", None, None] for n in "一二三四"]
    desks = [
        desk_row(f"{kind}台", "09:30", "13:30", venue[1], kind)
        for venue in venues
        for kind in ("宣传咨询", "投诉举报", "实物展示", "食品快检", "知识讲解")
    ]
    book = saved(a_book(会场=venues, 服务台=desks, 志愿者=[[f"志愿者{n}"] for n in range(20)]))
    csrf = office.get(f"{fair}/roster").form(f"{fair}/roster").values["csrf"]
    for what in ("look", "save"):
        told = {"csrf": csrf, "what": what, "only": "1", "file": (io.BytesIO(book), "名单.xlsx")}
        answer = office.client.post(f"{fair}/roster", data=told)
        assert answer.status_code == 200
        touches += 1
    touches += 3  # choosing the file; printing the PINs
    sheet = office.send(office.get(f"{fair}/setup").form(f"{fair}/codes/sheet"))
    touches += 2  # the one button; printing
    codes = slips_on(sheet)
    assert len(set(codes)) == 20
    assert all(f"<h2>{desk[3]}</h2>" in sheet and f">{desk[1]}</p>" in sheet for desk in desks)
    for code in codes:
        tablet = Newcomer(hub, code)
        assert tablet.asks(client).status_code == 409
        listed = office.get(f"{fair}/devices")
        assert digits_on(listed) == [tablet.digits]
        says_the_same(office, listed)
        assert tablet.asks(client).status_code == 200
        touches += 4  # at the tablet: 登记这台平板, the camera finds the code, 好了; at the hub: 一样
    page = office.get(f"{fair}/setup")
    assert "平板 20 / 20" in page
    spent = time.thread_time() - began  # which are those of the hub, too
    figure("20 booths from the sheet", f"{spent:.1f} s of machine, {touches} touches")
    assert spent < 60


@on_sqlite
def test_a_fair_of_the_last_year_there_is_can_be_copied(office, hub):
    assert edit(office, "basics", starts="9999-12-30", ends="9999-12-31").path == SETUP
    assert 'value="9999-12-30"' in office.get("/fairs/new?like=demo")
