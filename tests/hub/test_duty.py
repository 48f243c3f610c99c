"""Night duty: calls to the line and what was exposed, by hand at the hub, and never in the booths' figures."""

import re

import pytest

from kiosk.facts import envelope
from kiosk.facts.duty import UNDO_SECONDS
from kiosk.hub import ledger, people
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.tables import calls, exposures, facts
from kiosk.hub.totals import sums_by_desk
from tests.hub.tablets import rows
from tests.makers import Browser, Page, Pair, an_id
from tests.proof import share_hubs

AT, EXPOSED = "/fairs/demo/duty", "/fairs/demo/exposures"


@pytest.fixture
def office(paired: Pair) -> Browser:
    return paired.in_the_office()


def call(office: Browser, kind: str, **told: str) -> Page:
    return office.send(office.get(AT).form(AT), kind=kind, **told)


def figures(paired: Pair, day: str | None = None) -> dict[str, object]:
    with paired.hub.store.reading() as tx:
        return {one.key: one.value for one in figures_of(tx, find_fair(tx, "demo"), day)}


def hotline(paired: Pair, day: str | None = None) -> tuple[object, ...]:
    found = figures(paired, day)
    return tuple(found[f"hotline_{one}"] for one in ("calls", "advice", "complaints", "reports"))


def expose(office: Browser, title: str = "翻新轮胎当新胎卖", **told: str) -> Page:
    return office.send(office.get(EXPOSED).form(EXPOSED), title=title, **told)


def step(office: Browser, item: int, what: str, /, **told: str) -> Page:
    return office.send(office.get(EXPOSED).form(f"{EXPOSED}/{item}/{what}"), **told)


# --- the line ---------------------------------------------------------------------------------------------


def test_each_touch_is_one_call_of_its_kind(paired: Pair, office: Browser):
    for kind in ("advice", "advice", "complaint", "report"):
        call(office, kind)
    assert hotline(paired) == (4, 2, 1, 1)
    assert hotline(paired, "2027-03-15") == (4, 2, 1, 1)
    assert hotline(paired, "2027-03-16") == (0, 0, 0, 0)


def test_a_topic_may_be_said_and_stays_chosen_for_the_next_call(paired: Pair, office: Browser):
    page = call(office, "complaint", topic="food")
    assert 'value="food" checked' in page
    assert re.search(r"投诉 · 食品", page.text)
    assert hotline(paired) == (1, 0, 1, 0)


def test_a_touch_sent_twice_is_one_call(paired: Pair, office: Browser):
    form = office.get(AT).form(AT)
    for _ in range(3):
        office.send(form, kind="report")
    assert hotline(paired) == (1, 0, 0, 1)


def test_a_fresh_call_is_taken_back_once_and_both_facts_stay(paired: Pair, office: Browser):
    page = call(office, "complaint", topic="price")
    back = page.form(f"{AT}/undo")
    for _ in range(2):
        page = office.send(back)
    assert hotline(paired) == (0, 0, 0, 0)
    assert "还没有记过电话" in page
    kinds = [envelope.decode(bytes(row[2])).kind for row in rows(paired.hub, facts)]
    assert (kinds.count("duty.called"), kinds.count("duty.undone")) == (1, 1)


def test_an_old_call_stays(paired: Pair, office: Browser):
    back = call(office, "complaint").form(f"{AT}/undo")
    paired.clock.tick(UNDO_SECONDS + 1)
    page = office.send(back)
    assert hotline(paired) == (1, 0, 1, 0)
    assert f'action="{AT}/undo"' not in page


def test_what_was_never_called_cannot_be_taken_back(office: Browser):
    csrf = office.get(AT).form(AT).values["csrf"]
    assert office.post(f"{AT}/undo", undoes=an_id(7), csrf=csrf).status == 404


@share_hubs
@pytest.mark.parametrize("told", [{"kind": "x"}, {"kind": ""}, {"kind": "advice", "topic": "x"}], ids=str)
def test_kinds_and_topics_are_those_of_the_page(paired: Pair, office: Browser, told):
    assert office.send(office.get(AT).form(AT), **told).status == 400
    assert hotline(paired) == (0, 0, 0, 0)


def test_no_figure_of_the_booths_changes_by_it_nor_any_desk_s(paired: Pair, office: Browser):
    paired.at_the_desk().post("/staff/tally", id=an_id(5), counter="consultation", n="1")
    paired.sync()
    own = ("hotline_", "exposure_", "measured_share")  # the last says of how many figures it can be said
    before = {key: value for key, value in figures(paired).items() if not key.startswith(own)}
    with paired.hub.store.reading() as tx:
        desks = {desk.id for desk in find_fair(tx, "demo").desks}
        by_desk = {desk: sums for desk, sums in sums_by_desk(tx, "demo").items() if desk in desks}
    for kind in ("advice", "complaint", "report"):
        call(office, kind, topic="food")
    expose(office)
    step(office, 1, "close", result="concerned")
    assert {key: value for key, value in figures(paired).items() if not key.startswith(own)} == before
    with paired.hub.store.reading() as tx:
        assert {desk: sums for desk, sums in sums_by_desk(tx, "demo").items() if desk in desks} == by_desk
    assert hotline(paired) == (3, 1, 1, 1)


def test_who_only_looks_sees_the_page_and_writes_nothing(paired: Pair):
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "wang", "another-made-up-password", {"viewer"})
    viewer = Browser(paired.hub_app.test_client()).sign_in("wang", "another-made-up-password")
    page = viewer.get(AT)
    assert "duty-keys" not in page
    csrf = page.form("/logout").values["csrf"]
    for address, told in (
        (AT, {"id": an_id(), "kind": "advice"}),
        (f"{AT}/undo", {"undoes": an_id()}),
        (EXPOSED, {"id": an_id(), "title": "x"}),
        (f"{EXPOSED}/1/assign", {"id": an_id(), "office": "x"}),
        (f"{EXPOSED}/1/close", {"id": an_id(), "result": "concerned"}),
    ):
        assert viewer.post(address, csrf=csrf, **told).status == 403
    assert rows(paired.hub, calls) == rows(paired.hub, exposures) == []


# --- what was exposed ----------------------------------------------------------------------------------------


def test_an_exposed_item_is_given_to_an_office_and_closed_as_not_concerning_this_place(paired: Pair, office: Browser):
    assert "还没有交给谁" in expose(office, source="3·15晚会")
    assert "由 质量科 查" in step(office, 1, "assign", office="质量科")
    page = step(office, 1, "close", result="not_concerned", note="查了12家，没有")
    assert ("不涉及" in page, "查了12家，没有" in page, "没有还在查的" in page) == (True, True, True)
    found = figures(paired)
    assert (found["exposure_listed"], found["exposure_closed"]) == (1, 1)


def test_what_is_closed_stays_as_it_was_closed(paired: Pair, office: Browser):
    expose(office)
    form = office.get(EXPOSED).form(f"{EXPOSED}/1/close")
    office.send(form, result="not_concerned")
    office.send(form, result="concerned", id=an_id(77))
    assert [row[6:8] for row in rows(paired.hub, exposures)][-1] == ("closed", "not_concerned")
    assert figures(paired)["exposure_closed"] == 1


def test_what_was_closed_by_mistake_is_looked_into_again_and_counts_no_more(paired: Pair, office: Browser):
    expose(office)
    step(office, 1, "close", result="not_concerned", note="点错了")
    form = office.get(EXPOSED).form(f"{EXPOSED}/1/reopen")
    for _ in range(2):
        page = office.send(form)
    office.send(form, id=an_id(78))
    assert ("没有还在查的" in page, "点错了" in page) == (False, False)
    assert [row[6] for row in rows(paired.hub, exposures)] == ["listed", "closed", "reopened"]
    assert (figures(paired)["exposure_listed"], figures(paired)["exposure_closed"]) == (1, 0)
    step(office, 1, "close", result="concerned")
    assert office.send(form, id=an_id(79), result="not_concerned").status == 200  # not how it was closed this time
    assert figures(paired)["exposure_closed"] == 1
    assert ledger.verify(paired.hub) == []


def test_items_are_numbered_and_one_sent_twice_is_one(paired: Pair, office: Browser):
    form = office.get(EXPOSED).form(EXPOSED)
    for _ in range(2):
        office.send(form, title="甲")
    expose(office, "乙")
    assert [(row[5], row[7]) for row in rows(paired.hub, exposures)] == [(1, "甲"), (2, "乙")]


@share_hubs
@pytest.mark.parametrize("title", ["", "题" * 121, "举报人13800000000"])
def test_a_title_that_is_missing_endless_or_holds_a_number_comes_back(paired: Pair, office: Browser, title: str):
    page = expose(office, title)
    assert (page.status, "warn" in page) == (422, True)
    assert rows(paired.hub, exposures) == []


def test_an_item_that_is_not_there_can_be_neither_given_nor_closed(office: Browser):
    csrf = office.get(EXPOSED).form(EXPOSED).values["csrf"]
    assert office.post(f"{EXPOSED}/7/assign", id=an_id(), office="x", csrf=csrf).status == 404
    assert office.post(f"{EXPOSED}/7/close", id=an_id(), result="concerned", csrf=csrf).status == 404


def test_the_summary_says_the_numbers_of_a_day_and_what_they_are(paired: Pair, office: Browser):
    for kind in ("advice", "complaint"):
        call(office, kind)
    for title in ("甲", "乙"):
        expose(office, title)
    step(office, 1, "close", result="not_concerned")
    paired.clock.tick(24 * 3600)
    office = paired.in_the_office()
    call(office, "report")
    page = office.get(f"{AT}/summary?day=2027-03-15")
    assert "接到来电 2 件，其中咨询 1 件、投诉 1 件、举报 0 件" in page
    assert "2 项线索逐项排查，办结 1 项：涉及本地 0 项，不涉及 1 项；还在查 1 项" in page
    assert "不与现场的咨询、投诉、举报相加" in page
    assert "接到来电 1 件" in office.get(f"{AT}/summary")
    for day in ("x", "2027-13-99", "%00"):
        assert office.get(f"{AT}/summary?day={day}").status == 200


# --- folded again ---------------------------------------------------------------------------------------------


def test_folding_everything_again_comes_to_the_same_and_a_missing_row_is_found(paired: Pair, office: Browser):
    office.send(call(office, "advice").form(f"{AT}/undo"))
    call(office, "report", topic="online")
    expose(office)
    step(office, 1, "assign", office="质量科")
    step(office, 1, "close", result="concerned")
    before = rows(paired.hub, calls), rows(paired.hub, exposures)
    assert list(ledger.verify(paired.hub)) == []
    ledger.rebuild(paired.hub)
    assert (rows(paired.hub, calls), rows(paired.hub, exposures)) == before
    with paired.hub.store.begin() as tx:
        tx.execute(exposures.delete().where(exposures.c.step == "assigned"))
    assert any("among the exposures is not what it says" in fault for fault in ledger.verify(paired.hub))
