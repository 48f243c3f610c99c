"""Quick tests at the hub: counts to the last batch, positives for few eyes, release once, the day's sheet, files."""

import csv
import io
import zipfile

import pytest

from kiosk.facts import envelope
from kiosk.hub import ledger, people
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.tables import facts, quicktests
from tests.clocks import FakeClock
from tests.hub.tablets import rows
from tests.makers import Browser, Page, Pair, facts_of
from tests.proof import share_hubs

AT, DESK = "/fairs/demo/quicktests", "/staff/quicktests"
#: A day of one desk: what each sample came to, and what was brought. Eighteen batches, as the papers told of one.
DAY = ["pass"] * 13 + ["fail", "fail", "fail", "invalid", "pass"]


@pytest.fixture
def office(paired: Pair) -> Browser:
    return paired.in_the_office()


def records(desk: Browser, result: str, sample: str, **told: str) -> None:
    form = desk.get(f"{DESK}/new").form(f"{DESK}/new")
    told = {"sample": sample, "source": "brought", "result.pesticide": result, "sure": "yes", **told}
    assert desk.send(form, **told).status == 200


def batch(paired: Pair, n: int) -> str:
    """The address of the n-th batch, from 1."""
    fact = facts_of(paired.booth.journal, "quicktest.recorded")[n - 1]
    return f"{AT}/{paired.booth.journal.identity().journal}/{fact.id}"


def a_day(paired: Pair) -> None:
    desk = paired.at_the_desk()
    for n, result in enumerate(DAY):
        told = {"result.nitrite": "pass"} if n % 2 else {}
        records(desk, result, f"样品{n + 1}", source="chosen" if n < 4 else "brought", **told)
    paired.sync()


def release(office: Browser, at: str, outcome: str = "confirmed", reason: str = "市所报告 2027-118") -> Page:
    """In two touches."""
    page = office.send(office.get(at).form(f"{at}/release"), outcome=outcome, reason=reason)
    return office.send(page.form(f"{at}/release"), sure="yes")


def signed_in(paired: Pair, role: str) -> Browser:
    with paired.hub.store.begin() as tx:
        key = people.open_key(tx, *paired.caseworker) if role in people.KEY_ROLES else None
        people.add_person(tx, role, f"made-up-{role}", {role}, key)
    return Browser(paired.hub_app.test_client()).sign_in(role, f"made-up-{role}")


def figures(paired: Pair, day: str | None = None) -> dict[str, object]:
    with paired.hub.store.reading() as tx:
        found = {one.key: one.value for one in figures_of(tx, find_fair(tx, "demo"), day)}
    return {key.removeprefix("quicktest_"): n for key, n in found.items() if key.startswith("quicktest_") and n}


def test_a_day_is_counted_released_and_folded_anew_as_by_hand(paired: Pair, office: Browser, clock: FakeClock):
    a_day(paired)
    paired.at_the_desk().post(f"{DESK}/void", fact=batch(paired, 18).rpartition("/")[2], why="doubled")
    paired.sync()
    counted = {"batches": 17, "passed": 13, "pending": 3, "invalid": 1, "items": 17 + 8, "brought": 13, "chosen": 4}
    assert figures(paired) == counted
    clock.tick(86_400)  # the laboratory takes its time
    office = paired.in_the_office()
    for n, outcome in ((14, "confirmed"), (15, "cleared"), (16, "withdrawn")):
        assert release(office, batch(paired, n), outcome).status == 200
    counted = {"batches": 16, "passed": 14, "failed": 1, "invalid": 1, "items": 16 + 7, "brought": 12, "chosen": 4}
    assert figures(paired, "2027-03-15") == figures(paired) == counted
    assert figures(paired, "2027-03-16") == {}
    kept = rows(paired.hub, quicktests)
    assert list(ledger.verify(paired.hub)) == []
    ledger.rebuild(paired.hub)
    assert rows(paired.hub, quicktests) == kept
    with paired.hub.store.begin() as tx:
        tx.execute(quicktests.update().where(quicktests.c.step == "released").values(verdict="cleared"))
    assert any("quicktests" in fault for fault in ledger.verify(paired.hub))


@pytest.fixture
def positive(paired: Pair) -> str:
    records(paired.at_the_desk(), "fail", "毛肚")
    paired.sync()
    return batch(paired, 1)


def test_a_release_takes_two_touches_and_happens_once(paired: Pair, office: Browser, positive: str):
    page = office.send(office.get(positive).form(f"{positive}/release"), outcome="confirmed", reason="报告 118")
    assert ("核对实验室报告" in page, figures(paired)["pending"]) == (True, 1)
    form = page.form(f"{positive}/release")
    for _ in range(2):
        page = office.send(form, sure="yes")
        assert ("不合格（复检确认）" in page, "报告 118" in page, page.status) == (True, True, 200)
    assert office.send(form, sure="yes", outcome="cleared").status == 409
    kinds = [envelope.decode(bytes(row[2])).kind for row in rows(paired.hub, facts)]
    assert (kinds.count("quicktest.released"), figures(paired)["failed"]) == (1, 1)


def test_a_release_says_what_and_why(paired: Pair, office: Browser, positive: str):
    for told, says in (
        ({"outcome": "cleared", "reason": ""}, "请写依据"),
        ({"outcome": "", "reason": "报告"}, "请选一个结果"),
        ({"outcome": "passed", "reason": "报告"}, "请选一个结果"),
        ({"outcome": "cleared", "reason": "王某 13800138000"}, "像有手机号"),
        ({"outcome": "cleared", "reason": "报" * 201}, "最多 200 字"),
    ):
        page = office.send(office.get(positive).form(f"{positive}/release"), sure="yes", **told)
        assert (page.status, says in page, figures(paired)["pending"]) == (422, True, 1), says


def test_a_positive_is_restricted_until_it_is_released(paired: Pair, office: Browser, positive: str):
    others = [signed_in(paired, role) for role in ("viewer", "auditor", "intake")]
    for other in others:
        pages = [other.get(at) for at in (AT, f"{AT}?state=pending", f"{AT}.csv", "/fairs/demo", "/screen/demo")]
        assert [("毛肚" in page, page.status) for page in pages] == [(False, 200)] * 5
        assert [other.get(at).status for at in (positive, f"{AT}/sheet")] == [404, 403]
        token = pages[0].form("/logout").values["csrf"]
        assert other.post(f"{positive}/release", outcome="cleared", reason="x", csrf=token).status == 403
    release(office, positive)
    for other in others:
        assert ["毛肚" in other.get(at) for at in (AT, positive, f"{AT}.csv")] == [True, True, True]


def test_who_answers_for_it_sees_a_positive_and_releases_none(paired: Pair, positive: str):
    for role in ("organiser", "handler"):
        other = signed_in(paired, role)
        page = other.get(AT)
        assert ("毛肚" in page, "只限有权限的人看" in page) == (True, True)
        page = other.get(positive)
        assert ("由主管在这里记下" in page, "/release" in page) == (True, False)
        form = {"outcome": "cleared", "reason": "x", "sure": "yes", "csrf": page.form("/logout").values["csrf"]}
        assert (other.post(f"{positive}/release", **form).status, figures(paired)["pending"]) == (403, 1)


def test_only_what_failed_is_released(paired: Pair, office: Browser):
    records(paired.at_the_desk(), "pass", "芹菜")
    paired.sync()
    at = batch(paired, 1)
    page = office.get(at)
    assert ("/release" in page, page.status) == (False, 200)
    form = {"outcome": "cleared", "reason": "x", "sure": "yes", "csrf": page.forms[0].values["csrf"]}
    assert office.post(f"{at}/release", **form).status == 404
    assert office.get(f"{at[:-1]}g").status == 404


def test_the_list_is_looked_at_by_day_desk_and_state(paired: Pair, office: Browser):
    a_day(paired)
    for query, n in (
        ("state=pending", 3), ("state=invalid", 1), ("state=odd", 18), ("desk=d01", 18), ("desk=d02", 0),
        ("day=2027-03-15&state=passed", 14), ("day=2027-03-16", 0), ("day=%00&desk=%00", 18), ("page=99", 18),
    ):  # fmt: skip
        page = office.get(f"{AT}?{query}")
        assert (page.status, page.text.count('class="case"')) == (200, n), query
    assert "3 批待复检" in office.get(AT)


@share_hubs
def test_the_sheet_of_a_day_has_every_batch_its_fields_and_room_to_sign(paired: Pair, office: Browser):
    desk = paired.at_the_desk()
    told = {"place": "东门市场 12 号", "made_on": "2027-03-14", "lot": "R-2701", "agency": "市食品检验所"}
    records(desk, "pass", "芹菜", **told, **{"value.pesticide": "12%", "limit.pesticide": "<50%"})
    records(desk, "fail", "毛肚", **{"result.nitrite": "pass"})
    paired.sync()
    page = office.get(f"{AT}/sheet?day=2027-03-15&desk=d01")
    for said in (*told.values(), "芹菜", "毛肚", "12%", "&lt;50%", "酶抑制法", "你送我检", "D01-0315-", "李"):
        assert said in page, said
    assert (page.text.count("<tbody"), page.text.count("签名"), "<b>待复检</b>" in page) == (2, 3, True)
    assert "没有快检批次" in office.get(f"{AT}/sheet?day=2027-03-16")


@share_hubs
def test_a_file_runs_no_formula(paired: Pair, office: Browser):
    records(paired.at_the_desk(), "fail", "x", other="=cmd|' /C calc'!A0", place="+1", lot="@x", agency=" -1")
    paired.sync()
    content = office.client.get(f"{AT}.csv").get_data().decode("utf-8-sig")
    head, line = csv.reader(io.StringIO(content))
    found = dict(zip(head, line, strict=True))
    assert [found[name] for name in ("样品名称", "市场、摊位", "试剂批号")] == ["'=cmd|' /C calc'!A0", "'+1", "'@x"]
    assert (found["结果"], found["本批结论"]) == ("不合格（待复检）", "待复检")
    with zipfile.ZipFile(io.BytesIO(office.client.get(f"{AT}.xlsx").get_data())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert ("<f>" in sheet, "=cmd" in sheet) == (False, True)
