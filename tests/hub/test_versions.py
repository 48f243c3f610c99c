"""What makes a version: one moment whatever comes meanwhile, what differs from the one before, any length of fair."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy import event, update

from kiosk.errors import Problem
from kiosk.hub import fairs, statement_files, statements, words
from kiosk.hub.context import Hub
from kiosk.hub.statement_pages import DIFFERENCES
from kiosk.hub.tables import statements as statements_table
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.statement import Finding, Photo, Record
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_statements import AT, LI, count, draft, faults, files_of, freeze, held, on_sqlite
from tests.makers import Browser, Pair, a_headcount, an_id

Found = TypeVar("Found")


@pytest.fixture
def office(paired: Pair) -> Browser:
    count(paired.hub, 3)
    return paired.in_the_office()


# --- one moment, whatever comes meanwhile -----------------------------------------------------------


def while_asking(hub: Hub, happens: Callable[[], object], use: Callable[[], Found], at: int) -> Found:
    """Something that is committed between two questions of a snapshot."""
    asked: list[str] = []

    def before(_connection, _cursor, statement: str, *_rest) -> None:
        asked.append(statement)
        if len(asked) == at:
            happens()

    event.listen(hub.store.engine, "before_cursor_execute", before)
    found = use()
    event.remove(hub.store.engine, "before_cursor_execute", before)
    assert len(asked) >= at
    return found


def demo(hub: Hub) -> Fair:
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, "demo")


@pytest.mark.parametrize("at", [6, 12, 20])
def test_every_figure_of_a_version_is_of_one_moment(hub: Hub, at: int):
    """Facts that arrive between two questions are in all of its figures, or in none."""
    count(hub, 3)
    tablet, fair = a_tablet(hub, "d02").record(a_headcount(50)), demo(hub)
    seen = while_asking(hub, lambda: deliver(hub, tablet.batch()), lambda: statements.snapshot(hub, fair), at)
    with hub.store.begin() as tx:
        said = statements.freeze(tx, hub, fair, LI, "", an_id(1), seen)
    told = [said.cell("headcount"), *(cell for place in (*said.days, *said.places) for cell in place.cells)]
    of_desks = [one for one in said.places if one.kind == "desk"]
    sums = {sum(cell.value or 0 for one in of_desks for cell in one.cells if cell.key == "headcount"),
            sum(cell.value or 0 for day in said.days for cell in day.cells if cell.key == "headcount"),
            said.cell("headcount").value, sum(said.days[0].hours["headcount"].values())}  # fmt: skip
    assert sums in ({3}, {53}), told
    with hub.store.begin() as tx:
        assert statements.freeze(tx, hub, fair, LI, "又来了一台", an_id(2)).cell("headcount").value == 53


def test_a_snapshot_from_before_another_version_never_takes_figures_back(hub: Hub):
    count(hub, 3)
    fair = demo(hub)
    old = statements.snapshot(hub, fair)
    count(hub, 4)
    freeze(hub)
    with hub.store.begin() as tx, pytest.raises(Problem, match=r"statement\.same"):
        statements.freeze(tx, hub, fair, LI, "旧的", an_id(2), old)
    assert held(hub, 1).cell("headcount").value == 7


@on_sqlite
def test_a_tablet_that_sends_while_somebody_freezes_does_not_wait_for_the_table(paired: Pair, office: Browser):
    hub = paired.hub
    form = office.get(AT).form(f"{AT}/freeze")
    page = while_asking(hub, lambda: count(hub, 9), lambda: office.send(form), 30)
    assert page.path == f"{AT}/versions/1"
    assert held(hub, 1).cell("headcount").value in (3, 12)


# --- what makes another version -------------------------------------------------------------------


def test_whatever_is_printed_otherwise_is_worth_another_version(hub: Hub):
    count(hub, 3)
    freeze(hub)
    with hub.store.begin() as tx:
        fair = fairs.hold_fair(tx, "demo")
        renamed = msgspec.structs.replace(fair, theme=Text("新的主题", "Another theme"))
        fairs.keep_fair(tx, hub, renamed, ["theme"], LI.id)
    second = freeze(hub, 2, "主题写错了")
    assert second.changes == []
    assert statements.differences(held(hub, 1), second) == ["head"]


def test_each_part_of_a_statement_that_differs_is_named(hub: Hub):
    count(hub, 3)
    said = draft(hub)
    zero = [msgspec.structs.replace(cell, value=None, by={}) for cell in said.period]
    other = [msgspec.structs.replace(cell, by={"paper": 1}) for cell in said.period]
    record = Record("destroyed", "a", "2027-03-15", {}, {}, "b", "", an_id(3))
    finding = Finding("check", [], Text("a", "b"), "ab" * 32, "", "")
    for name, changed in {
        "figures": {"period": zero}, "makeup": {"period": other}, "places": {"places": said.places[1:]},
        "records": {"records": [record]}, "words": {"words": {"next": "a"}}, "notes": {"findings": [finding]},
        "photos": {"photos": [Photo("ab" * 32, "a")]}, "head": {"deadline": "2027-03-18T18:00:00+08:00"},
    }.items():  # fmt: skip
        assert statements.differences(said, msgspec.structs.replace(said, **changed)) == [name]
        assert name in statements.DIFFERENCES
        assert name in DIFFERENCES
    same = msgspec.structs.replace(said, version=9, why="x", made_by="y", facts=99, unsent=3, made_at="z")
    assert statements.differences(said, same) == []


@on_sqlite
def test_the_page_says_what_another_version_would_say_otherwise(paired: Pair, office: Browser):
    office.send(office.get(AT).form(f"{AT}/freeze"))
    with paired.hub.store.begin() as tx:
        words.keep(tx, paired.hub, "demo", "next", "打算。", LI)
    page = office.get(AT)
    assert "变的是总结的文字" in page
    page = office.send(page.form(f"{AT}/freeze"), why="补写打算")
    assert page.path == f"{AT}/versions/2"
    assert "变的是总结的文字" in page
    assert "为什么有这一版" in page


@on_sqlite
def test_a_version_s_page_stays_when_the_one_before_it_is_damaged(paired: Pair, office: Browser):
    office.send(office.get(AT).form(f"{AT}/freeze"))
    count(paired.hub, 9)
    office.send(office.get(AT).form(f"{AT}/freeze"), why="晚到")
    with paired.hub.store.begin() as tx:
        tx.execute(update(statements_table).where(statements_table.c.version == 1).values(document=b"{}"))
    assert office.get(f"{AT}/versions/1").status == 409
    assert office.get(f"{AT}/versions/2").status == 200


@on_sqlite
def test_doubts_and_what_was_said_of_them_stand_with_the_version(paired: Pair, office: Browser):
    hub = paired.hub
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", "next", "发放了×××份。", LI)  # left over from somebody's pattern
    [form] = [form for form in office.get(AT).forms if form.action == f"{AT}/doubts"]
    office.send(form, note="核对过了")
    office.send(office.get(AT).form(f"{AT}/freeze"))
    said, page = held(hub, 1), office.get(f"{AT}/versions/1")
    assert [one.note for one in said.findings if one.note] == ["核对过了"]
    assert "定稿时的存疑和说明" in page
    assert "核对过了" in page


# --- fairs of every length --------------------------------------------------------------------------


def test_a_fair_of_which_nothing_is_known_yet_can_be_frozen(hub: Hub):
    made = freeze(hub)
    assert (made.version, made.days, made.facts) == (1, [], 0)
    assert made.cell("headcount").value in (None, 0)
    assert files_of(hub, held(hub, 1)) == files_of(hub, held(hub, 1))
    assert faults(hub) == []
    count(hub, 3)
    assert freeze(hub, 2, "活动开始了").changes


def test_a_fair_of_ten_days_tells_each_day_and_late_facts_of_the_first_change_it(hub: Hub):
    with hub.store.begin() as tx:
        ten = msgspec.structs.replace(fairs.find_fair(tx, "demo"), id="ten", starts="2027-03-08", ends="2027-03-17")
        fairs.add_fair(tx, ten)
    tablet = a_tablet(hub, "d01", "ten")
    for day in range(8, 18):
        tablet.record(a_headcount(day), at=f"2027-03-{day:02d}T10:00:00.000+08:00", mono=day * 86_400_000)
    deliver(hub, tablet.batch())
    with hub.store.begin() as tx:
        first = statements.freeze(tx, hub, ten, LI, "", an_id(1))
    assert [day.day for day in first.days] == [f"2027-03-{day:02d}" for day in range(8, 18)]
    assert first.cell("headcount").value == sum(range(8, 18))
    late = a_tablet(hub, "d02", "ten").record(a_headcount(5), at="2027-03-08T11:00:00.000+08:00", mono=8 * 86_400_000)
    deliver(hub, late.batch())
    with hub.store.begin() as tx:
        second = statements.freeze(tx, hub, ten, LI, "一台晚到", an_id(2))
    assert {one.window for one in second.changes if one.key == "headcount"} == {"period", "2027-03-08"}
    assert files_of(hub, second) != files_of(hub, first)


@on_sqlite
def test_files_are_the_same_bytes_in_whichever_language_somebody_asks(paired: Pair, office: Browser):
    office.send(office.get(AT).form(f"{AT}/freeze"))
    sorts = [one.id for one in statement_files.SORTS if one.ending != "pdf"]
    chinese = {sort: office.client.get(f"{AT}/versions/1/{sort}").data for sort in sorts}
    office.client.set_cookie("lang", "en")
    assert "version 1" in office.get(f"{AT}/versions/1").text.lower()
    assert {sort: office.client.get(f"{AT}/versions/1/{sort}").data for sort in sorts} == chinese
