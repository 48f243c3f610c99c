"""The lists of a fair, the chase list of its units, the answers to doubts: put down once, struck with a reason."""

import re

import msgspec
import pytest
from flask import render_template_string
from sqlalchemy import update

from kiosk.hub import doubts, fairs, ledger
from kiosk.hub.people import Person
from kiosk.hub.tables import fairs as fairs_table
from kiosk.packs.fairs import Unit
from kiosk.packs.model import Text
from kiosk.reports import catalogue
from kiosk.reports.records import LISTS
from kiosk.reports.statement import Finding
from tests.makers import Browser, Page, Pair, an_id

#: What says nothing of the database is tried on one.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
LISTED, UNITS = "/fairs/demo/typed/lists", "/fairs/demo/typed/units"
WINE = {
    "title": "假冒白酒",
    "category": "酒类",
    "quantity": "1,200",
    "measure": "件",
    "value": "3.5万",
    "source": "销毁清单",
}
BEDS = {
    "title": "黑心棉",
    "category": "纺织品",
    "quantity": "1530",
    "measure": "床",
    "value": "7万",
    "source": "销毁清单",
}


@pytest.fixture
def office(paired: Pair) -> Browser:
    with paired.hub.store.begin() as tx:
        units = [Unit("u1", Text("城区分局", "Town branch")), Unit("u2", Text("开发区分局", "Zone branch"))]
        fair = msgspec.structs.replace(fairs.find_fair(tx, "demo"), units=units)
        tx.execute(update(fairs_table).values(document=msgspec.json.encode(fair).decode()))
    return paired.in_the_office()


def put(office: Browser, list_id: str, **told: str) -> Page:
    at = f"{LISTED}/{list_id}"
    return office.send(office.get(at).form(at), **told)


def figures(paired: Pair) -> dict[str, object]:
    with paired.hub.store.reading() as tx:
        return {one.key: one.value for one in fairs.figures_of(tx, fairs.find_fair(tx, "demo"))}


# --- lists --------------------------------------------------------------------------------------------


def test_goods_destroyed_add_up_by_their_own_rules(paired: Pair, office: Browser):
    put(office, "destroyed", **WINE)
    put(office, "destroyed", **{**WINE, "quantity": "300", "value": "", "weight": "0.5吨"})
    page = put(office, "destroyed", **BEDS)
    found = figures(paired)
    assert found["destroyed_categories"] == 2
    assert found["destroyed_kinds"] == 2
    assert found["destroyed_pieces"] == 1500, "beds are no pieces"
    assert found["destroyed_weight"] == "500.00"
    assert found["destroyed_value"] == "105000.00"
    assert re.search(r"1,500</b>\s*<span[^>]*>件", page.text)
    assert re.search(r"1,530</b>\s*<span[^>]*>床", page.text)


def test_what_is_struck_counts_no_more_and_stays_in_sight(paired: Pair, office: Browser):
    put(office, "destroyed", **WINE)
    page = put(office, "destroyed", **BEDS)
    strike = page.form(f"{LISTED}/destroyed/strike")
    assert office.send(strike, reason="").status == 422
    for _ in range(2):
        page = office.send(strike, reason="填了两遍")
    assert "填了两遍" in page
    assert figures(paired)["destroyed_kinds"] == 1
    assert figures(paired)["destroyed_value"] == "35000.00"
    before = figures(paired)
    ledger.rebuild(paired.hub)
    assert figures(paired) == before


@on_sqlite
def test_a_form_sent_twice_is_one_record(paired: Pair, office: Browser):
    form = office.get(f"{LISTED}/destroyed").form(f"{LISTED}/destroyed")
    for _ in range(3):
        office.send(form, **WINE)
    assert figures(paired)["destroyed_value"] == "35000.00"
    assert office.send(form, **BEDS).status == 409


@on_sqlite
def test_one_story_printed_by_two_is_one_item_and_one_reprint(paired: Pair, office: Browser):
    story = {"title": "“3·15”现场见闻", "medium": "press", "source": "剪报"}
    put(office, "media", **story, outlet="日报", kind="original")
    put(office, "media", **{**story, "title": "「3·15」 现场见闻"}, outlet="晚报", kind="reprint")
    found = figures(paired)
    assert (found["media_reports"], found["media_reprints"], found["media_outlets"]) == (1, 1, 2)


@on_sqlite
def test_a_unit_counts_once_by_its_code_or_else_its_name(paired: Pair, office: Browser):
    code = {"code": "91640100MA75W00X4P", "source": "签到表"}
    put(office, "units", title="某某超市", type="business", **code)
    put(office, "units", title="某某超市有限公司", type="business", **code)
    put(office, "units", title="市 消协", type="society", source="签到表")
    put(office, "units", title="市消协", type="society", source="签到表")
    found = figures(paired)
    assert (found["units"], found["units_businesses"], found["units_societies"]) == (2, 1, 1)


@on_sqlite
def test_only_one_s_own_warnings_count(paired: Pair, office: Browser):
    put(office, "warnings", title="预付卡消费警示", kind="warning", origin="own", source="网站")
    put(office, "warnings", title="上级的警示", kind="warning", origin="forwarded", source="网站")
    assert figures(paired)["warnings"] == 1


@on_sqlite
def test_what_is_wrong_with_a_record_is_said_beside_its_field_and_what_was_typed_stays(office: Browser):
    for told, sentence in (
        ({"title": ""}, "还没有写"),
        ({"title": "名" * 201}, "写得太长"),
        ({"quantity": "-3"}, "不能是负数"),
        ({"quantity": "=1+1"}, "请只写数字"),
        ({"value": "3吨"}, "单位和这个指标的不一样"),
        ({"day": "2027-05-01"}, "不在活动日期里"),
        ({"source": ""}, "还没有写"),
        ({"host": "找 13800138000"}, "手机号"),
    ):
        page = put(office, "destroyed", **{**WINE, **told})
        assert (page.status, sentence in page) == (422, True), told
        assert 'value="酒类"' in page
    assert '清单上的 <small class="num">0</small>' in page


@on_sqlite
def test_goods_that_are_counted_by_weight_weigh_as_much(paired: Pair, office: Browser):
    """180 tonnes of frozen meat, 300 斤 of tea: nobody writes them once more as a weight."""
    for title, quantity, measure, weight in (
        ("冻品", "180", "吨", ""), ("茶叶", "300", "斤", ""), ("药材", "20", "KG", ""), ("奶粉", "2", "吨", "1吨"),
        ("假烟", "50", "条", ""),
    ):  # fmt: skip
        put(office, "destroyed", **{**WINE, "title": title, "quantity": quantity, "measure": measure, "weight": weight})
    found = figures(paired)
    assert found["destroyed_weight"] == f"{180_000 + 150 + 20 + 1_000}.00", "what was written of the weight is believed"
    assert found["destroyed_pieces"] == 0
    page = put(office, "destroyed", **{**WINE, "quantity": "9999999999", "measure": "吨"})
    assert (page.status, "数字太大" in page) == (422, True)


@on_sqlite
def test_an_absurd_amount_is_asked_about_once_more_and_another_anew(paired: Pair, office: Browser):
    page = put(office, "destroyed", **{**WINE, "quantity": "10亿", "value": "9999亿"})
    assert page.status == 422
    assert "读成 1,000,000,000，多得少见" in page
    assert "读成 999,900,000,000.00 元" in page
    assert figures(paired)["destroyed_pieces"] is None, "nothing was kept"
    at = f"{LISTED}/destroyed"
    page = office.send(page.form(at), **{**WINE, "quantity": "20亿", "value": "9999亿"})
    assert page.status == 422, "confirmed was another number"
    for _ in range(2):
        assert office.send(page.form(at), **{**WINE, "quantity": "20亿", "value": "9999亿"}).status == 200
    found = figures(paired)
    assert (found["destroyed_pieces"], found["destroyed_value"]) == (2 * 10**9, "999900000000.00")


@on_sqlite
def test_words_stay_words(office: Browser):
    for title in ("<script>alert(1)</script>", '=HYPERLINK("x")', "𠮷野家🎉", "名" * 200):
        page = put(office, "destroyed", **{**WINE, "title": title})
        assert page.status == 200
        assert "<script>alert" not in page


@on_sqlite
def test_choices_lists_and_units_are_those_of_the_page(office: Browser):
    assert put(office, "media", title="x", outlet="y", medium="smoke", kind="original", source="z").status == 400
    assert put(office, "destroyed", **WINE, unit="u9").status == 400
    assert office.get(f"{LISTED}/nothing").status == 404
    csrf = office.get(f"{LISTED}/media").form("/logout").values["csrf"]
    told = {"record": an_id(4), "reason": "没有", "csrf": csrf}
    assert office.post(f"{LISTED}/media/strike", **told).status == 404


def test_every_list_a_figure_is_made_of_is_there_with_what_it_adds_up():
    for one in catalogue.CATALOGUE:
        if one.list:
            form = LISTS[one.list]
            assert not one.amount or one.amount in form.amounts, one.key
            assert not one.keyed or one.keyed in form.keys, one.key


# --- units --------------------------------------------------------------------------------------------


def test_the_silent_units_stand_first_and_a_reminder_is_noted_once(paired: Pair, office: Browser):
    put(office, "destroyed", **WINE, unit="u1")
    page = office.get(UNITS)
    assert "1 个单位什么都没有" in page
    assert page.text.index("开发区分局") < page.text.index("城区分局")
    assert "请报“0”" in page
    form = page.form(f"{UNITS}/remind", unit="u2")
    assert office.send(form, how="").status == 422
    for _ in range(2):
        page = office.send(form, how="内网邮件")
    assert page.text.count("提醒过：") == 1
    assert "内网邮件" in page


@on_sqlite
def test_only_units_of_the_fair_are_reminded(office: Browser):
    form = office.get(UNITS).form(f"{UNITS}/remind")
    assert office.send(form, unit="u9", how="电话").status == 400


# --- doubts -------------------------------------------------------------------------------------------


def test_a_doubt_is_answered_as_it_says_now_and_no_other(paired: Pair, office: Browser):
    one = Finding("closed-accepted", ["complaints_closed"], Text("办结多", "more closed"), "ab" * 32, "", "")
    csrf = office.get(UNITS).form("/logout").values["csrf"]
    told = {"id": an_id(5), "check": one.check, "found": one.digest, "note": "上年结转两件", "csrf": csrf}
    for _ in range(2):
        assert office.client.post("/fairs/demo/statement/doubts", data=told).status_code == 303
    with paired.hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
        other = msgspec.structs.replace(one, digest="cd" * 32)
        open_, done = doubts.answered(tx, fair, [one, other])
    assert (done.note, done.by) == ("上年结转两件", "chen")
    assert (open_.digest, open_.note) == ("cd" * 32, "")


@on_sqlite
def test_an_answer_has_words_and_is_to_a_doubt_there_is(office: Browser):
    csrf = office.get(UNITS).form("/logout").values["csrf"]
    told = {"id": an_id(5), "check": "closed-accepted", "found": "ab" * 32, "note": "", "csrf": csrf}
    page = office.post("/fairs/demo/statement/doubts", **told)
    assert page.status == 422
    assert "还没有写" in page
    for wrong in ({"check": "nothing"}, {"found": "x"}):
        assert office.post("/fairs/demo/statement/doubts", **{**told, "note": "好", **wrong}).status == 400


@on_sqlite
def test_a_page_of_doubts_has_a_form_for_each_that_goes_to_its_answer(paired: Pair, office: Browser):
    one = Finding("within", ["a"], Text("<b>多于</b>", "more"), "ab" * 32, "", "")
    done = Finding("peers", ["a"], Text("差十倍", "far"), "cd" * 32, "核对过", "chen")
    macro = '{% from "hub/typed/_findings.html" import findings with context %}'  # as the page of a statement does
    with paired.hub_app.test_request_context("/"):
        paired.hub_app.preprocess_request()
        with paired.hub.store.reading() as tx:
            fair = fairs.find_fair(tx, "demo")
        organiser = Person("p", "chen", frozenset({"organiser"}))
        told = {"found": [one, done], "ids": {"ab" * 32: an_id(1), "cd" * 32: an_id(2)}, "lang": "zh", "csrf": "x"}
        text = render_template_string(macro + "{{ findings(found, ids) }}", fair=fair, person=organiser, **told)
    assert "1 处请看一眼" in text
    assert "&lt;b&gt;多于" in text
    assert text.count('action="/fairs/demo/statement/doubts"') == 2
    assert an_id(1) in text
    assert "核对过" in text
