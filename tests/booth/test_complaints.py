"""Complaints at the desk: sealed before anything touches the disk, filed once, picked up where they were left."""

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk import crockford, strictjson
from kiosk.booth import complaints
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.sessions import StaffSession
from kiosk.clock import stamp
from kiosk.facts.complaints import draw_query_code, normal_case_number
from kiosk.hub import people
from kiosk.sync import keys, protocol
from kiosk.sync.push import Meeting
from kiosk.web import complaint_form
from tests.clocks import FakeClock
from tests.makers import (
    CASEWORKER,
    COMPLAINT,
    FOR_ANOTHER,
    REPORT,
    VOLUNTEER,
    Browser,
    Page,
    Pair,
    an_id,
    answers,
    facts_of,
    fill_complaint,
    screens_of,
    unsent_blobs,
)

FORM = "/staff/complaint"
UNLOCK = "/staff/complaint/unlock"
DAY = 24 * 3600


@pytest.fixture
def desk(client: FlaskClient) -> Browser:
    return Browser(client).enter(*VOLUNTEER)


def the_filed(booth: Booth) -> list[dict[str, object]]:
    return [fact.body for fact in facts_of(booth.journal, "complaint.filed")]


def turn(desk: Browser, page: Page, **changes: str) -> Page:
    return desk.send(page.form(FORM), go="next", **answers(page, **changes))


def screen(desk: Browser, name: str, **changes: str) -> Page:
    """The form at a screen, what came before filled in."""
    return next(page for page in fill_complaint(desk, **changes) if shown(page) == name)


def shown(page: Page) -> str:
    """The name of the screen."""
    return page.form(FORM).values["step"]


def filled(desk: Browser, page: Page, **changes: str) -> Page:
    """From a screen to the receipt."""
    while "slip-number" not in page:
        assert page.status == 200, page.text
        page = turn(desk, page, **changes)
    return page


# --- from the first screen to the receipt ---------------------------------------------------------


def test_a_complaint_is_filed_screen_by_screen(desk: Browser, booth: Booth):
    *screens, receipt = fill_complaint(desk)
    assert [shown(page) for page in screens] == screens_of()
    [filed] = the_filed(booth)
    assert str(filed["case"]) in receipt
    assert normal_case_number(str(filed["case"])) == filed["case"]


def test_the_fact_names_the_sealed_content_by_its_hash(desk: Browser, booth: Booth):
    list(fill_complaint(desk))
    [filed] = the_filed(booth)
    [(name, blob)] = unsent_blobs(booth.journal)
    assert filed["blob"] == name == hashlib.sha256(blob).hexdigest()
    assert (filed["size"], filed["channel"]) == (len(blob), "volunteer")


def test_only_the_hub_can_open_what_was_typed(paired: Pair):
    list(fill_complaint(paired.at_the_desk()))
    [(_, blob)] = unsent_blobs(paired.booth.journal)
    with paired.hub.store.reading() as tx:
        told = strictjson.loads(keys.unseal(people.open_key(tx, *CASEWORKER), blob))
    [fact] = facts_of(paired.booth.journal, "complaint.filed")
    assert {name: told[name] for name in ("name", "phone", "facts", "amount")} == {
        "name": COMPLAINT["name"],
        "phone": COMPLAINT["phone"],
        "facts": COMPLAINT["facts"],
        "amount": 12_850,
    }
    assert told["context"] == {"fair": "demo", "fact": fact.id, "case": fact.body["case"]}


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_nothing_that_was_typed_is_on_the_tablet_s_disk(desk: Browser, booth: Booth):
    assert "示范市".encode() in on_disk(booth.config.data)  # the search finds what is there
    list(fill_complaint(desk))
    found = on_disk(booth.config.data)
    typed = [
        text
        for name, text in COMPLAINT.items()
        if text not in ("yes", "no", "adult", "店里", "电饭锅") and name != "bought_on"
    ]
    for value in typed:
        for encoding in ("utf-8", "utf-16-le", "gbk", "unicode-escape"):
            assert value.encode(encoding) not in found, (value, encoding)
        assert value.encode().hex().encode() not in found


def test_the_answer_may_be_kept_nowhere(desk: Browser):
    assert {page.headers["Cache-Control"] for page in fill_complaint(desk)} == {"no-store"}


# --- faults, and the way back ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field", "text"),
    [
        ("notice", "notice", ""),
        ("who", "consumer", ""),
        ("respondent", "respondent", ""),
        ("respondent", "respondent", "   "),
        ("respondent", "respondent_address", "a" * 2000),
        ("respondent", "respondent_code", "91350100M000100Y44"),
        ("what", "what", ""),
        ("what", "bought_on", "2027-03-16"),
        ("what", "amount", "很多"),
        ("facts", "facts", "\u200b"),
        ("consents", "forward", ""),
        ("consents", "mediation", ""),
        ("consents", "publicity", "maybe"),
        ("identity", "phone", "123"),
    ],
)
def test_a_fault_is_shown_on_its_screen(desk: Browser, booth: Booth, name: str, field: str, text: str):
    page = turn(desk, screen(desk, name), **{field: text})
    assert (page.status, shown(page)) == (422, name)
    assert f'id="{field}-fault"' in page
    assert the_filed(booth) == []


def test_what_was_typed_is_still_there_after_a_fault(desk: Browser):
    page = turn(desk, screen(desk, "identity"), phone="123")
    assert page.form(FORM).values["facts"] == COMPLAINT["facts"]
    assert page.form(FORM).values["phone"] == "123"


def test_the_way_back_loses_nothing(desk: Browser):
    page = screen(desk, "facts")
    page = desk.send(page.form(FORM), go="back", facts="写到一半")
    assert shown(page) == "what"
    page = desk.send(page.form(FORM), go="next")
    assert page.form(FORM).values["facts"] == "写到一半"


def test_there_is_no_way_back_before_the_beginning(desk: Browser):
    page = desk.send(screen(desk, "notice").form(FORM), go="back")
    assert shown(page) == "notice"


def test_a_jump_to_the_last_screen_leads_back_to_what_is_missing(desk: Browser, booth: Booth):
    form = screen(desk, "notice").form(FORM)
    page = desk.send(form, go="next", **{**COMPLAINT, "step": "identity", "respondent": ""})
    assert (page.status, shown(page)) == (422, "respondent")
    assert the_filed(booth) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x"},
        {"case": "0000-00001"},
        {"case": "0000-0000O"},
        {"step": "5"},
        {"step": ""},
        {"step": "sign"},
        {"step": "../base"},
        {"matter": "advice"},
        {"query": "7KQ2-M0ZR"},
        {"query": "7kq2-m0zr-8xdpa"},
        {"linked": "7KQ2-M0ZRU"},
        {"go": "on"},
        {"code": "none!"},
        {"colour": "red"},
        {"name": "a" * 4001},
    ],
    ids=str,
)
def test_what_no_screen_of_ours_would_send_is_refused(desk: Browser, booth: Booth, changes: dict[str, str]):
    form = screen(desk, "notice").form(FORM)
    page = desk.send(form, **{"go": "next", "notice": "yes", **changes})
    assert page.status in (400, 413)
    assert the_filed(booth) == []


def test_hostile_text_is_text(desk: Browser):
    page = screen(desk, "request", respondent="<script>alert(1)</script>", facts="{{ 7 * 7 }} \u202e'\"")
    assert "<script>alert" not in page
    assert page.form(FORM).values["respondent"] == "<script>alert(1)</script>"
    assert page.form(FORM).values["facts"] == "{{ 7 * 7 }} '\""


@pytest.mark.parametrize(
    ("name", "field"),
    [("facts", "facts"), ("facts", "grounds"), ("request", "request"), ("identity", "name"), ("identity", "address")],
)
@pytest.mark.parametrize(
    "number",
    ["110105194912310021", "身份证号：１１０１０５ １９４９１２３１ ００２１。", "卡号 6222 0212 3456 7890 12"],
)
def test_the_number_of_an_identity_or_bank_card_is_refused_wherever_it_is_typed(
    desk: Browser, booth: Booth, name: str, field: str, number: str
):
    page = turn(desk, screen(desk, name), **{field: number})
    assert (page.status, shown(page), "身份证号或银行卡号" in page) == (422, name, True)
    assert page.form(FORM).values[field] == number  # to take it out
    assert booth.journal.read_one("SELECT count(*) FROM drafts WHERE sealed LIKE ?", (f"%{number}%",)) == (0,)


@pytest.mark.parametrize("told", ["打了 13900000000 没人接", "订单号 1234567890123456789", "快递 SF1234567890123"])
def test_the_numbers_of_a_shop_an_order_or_a_parcel_belong_to_the_story(desk: Browser, told: str):
    assert turn(desk, screen(desk, "facts"), facts=told).status == 200


# --- two matters ----------------------------------------------------------------------------------


def opened(pair: Pair) -> list[dict[str, Any]]:
    """What was filed at the tablet, as the hub's key opens it, oldest first."""
    blobs = dict(unsent_blobs(pair.booth.journal))
    with pair.hub.store.reading() as tx:
        key = people.open_key(tx, *CASEWORKER)
    return [strictjson.loads(keys.unseal(key, blobs[str(body["blob"])])) for body in the_filed(pair.booth)]


def test_one_question_leads_to_a_complaint_a_report_or_advice(client: FlaskClient):
    visitor = Browser(client)
    page = visitor.get("/complaint")
    for way in ("settle", "report", "ask"):
        assert f'href="/complaint/{way}"' in page
    assert 'href="/staff/complaint/settle"' in visitor.get("/complaint/settle")
    assert 'href="/staff/complaint/report"' in visitor.get("/complaint/report")
    assert "12315" in visitor.get("/complaint/ask")


def test_advice_leaves_no_record(client: FlaskClient, booth: Booth):
    before = booth.journal.head()
    Browser(client).get("/complaint/ask")
    assert booth.journal.head() == before


def test_a_report_may_be_made_without_a_name(paired: Pair):
    *screens, receipt = fill_complaint(paired.at_the_desk(), **REPORT)
    assert [shown(page) for page in screens] == ["notice", "sign", "respondent", "what", "facts", "photos"]
    [told] = opened(paired)
    assert (told["matter"], told["name"], told["phone"], told["address"]) == ("report", "", "", "")
    assert told["facts"] == COMPLAINT["facts"]
    assert the_filed(paired.booth)[0]["matter"] == "report"
    assert "举报" in receipt


def test_who_signs_a_report_is_asked_who_they_are_and_whether_it_may_be_passed_on(paired: Pair):
    *screens, _ = fill_complaint(paired.at_the_desk(), matter="report", anonymous="no")
    assert [shown(page) for page in screens][-2:] == ["consents", "identity"]
    [told] = opened(paired)
    assert (told["name"], told["consents"]) == (
        COMPLAINT["name"], {"forward": True, "mediation": False, "publicity": False},
    )  # fmt: skip


def test_a_name_typed_before_the_report_was_made_without_one_is_not_in_it(paired: Pair):
    desk = paired.at_the_desk()
    page = screen(desk, "identity", matter="report", anonymous="no")
    page = desk.send(page.form(FORM), step="sign", anonymous="yes", go="next", **answers(page))
    filled(desk, page, **REPORT)
    assert opened(paired)[0]["name"] == ""


def test_somebody_under_age_has_a_guardian(paired: Pair):
    desk = paired.at_the_desk()
    page = turn(desk, screen(desk, "who"), consumer="minor")
    assert (page.status, 'id="guardian-fault"' in page, "请监护人填写" in page) == (422, True, True)
    told = {"consumer": "minor", "guardian": "张大海"}
    filled(desk, turn(desk, page, **told), **told)
    assert opened(paired)[0]["guardian"] == "张大海"


def test_somebody_may_act_for_another_and_says_who_they_are_and_whether_that_was_signed(paired: Pair):
    desk = paired.at_the_desk()
    page = turn(desk, screen(desk, "agent", **FOR_ANOTHER), **{**FOR_ANOTHER, "on_behalf": "", "relation": ""})
    assert (page.status, 'id="on_behalf-fault"' in page, 'id="relation-fault"' in page) == (422, True, True)
    while shown(page) != "identity":
        page = turn(desk, page, **FOR_ANOTHER)
    assert "委托您的是谁？" in page
    assert "委托您的人的姓名" in page
    filled(desk, page, **FOR_ANOTHER)
    told = opened(paired)[0]
    assert {name: told[name] for name in FOR_ANOTHER if name != "consumer"} == {
        "on_behalf": "李小明", "on_behalf_phone": "13900001111", "relation": "family", "authority": False,
    }  # fmt: skip
    assert (told["name"], told["phone"]) == (COMPLAINT["name"], COMPLAINT["phone"])


def test_who_acts_for_another_and_then_for_themselves_leaves_nothing_of_it_behind(paired: Pair):
    desk = paired.at_the_desk()
    page = screen(desk, "identity", **FOR_ANOTHER)
    page = desk.send(page.form(FORM), step="who", consumer="adult", go="next", **answers(page))
    filled(desk, page)
    assert "李小明" not in str(opened(paired)[0])


def test_after_a_complaint_the_same_merchant_can_be_reported_and_the_two_are_linked(paired: Pair):
    desk = paired.at_the_desk()
    *_, receipt = fill_complaint(desk)
    form = receipt.form("/staff/complaint/also")
    assert not {"name", "phone", "address"} & form.values.keys()
    page = desk.send(form)
    values = page.form(FORM).values
    assert (shown(page), values["matter"], values["respondent"]) == ("notice", "report", COMPLAINT["respondent"])
    last = filled(desk, page, **REPORT)
    complaint, report = the_filed(paired.booth)
    assert (complaint["linked"], report["linked"]) == ("", complaint["case"])
    assert str(complaint["case"]) in last
    assert "/staff/complaint/also" not in last
    assert [told["respondent"] for told in opened(paired)] == [COMPLAINT["respondent"]] * 2


def test_what_a_report_takes_over_is_kept_nowhere(desk: Browser, booth: Booth):
    *_, receipt = fill_complaint(desk)
    desk.send(receipt.form("/staff/complaint/also"))
    assert booth.journal.read_one("SELECT count(*) FROM drafts") == (0,)
    assert COMPLAINT["respondent"].encode() not in on_disk(booth.config.data)


def set_fair(booth: Booth, form: str = "2026", **desk: str) -> None:
    """As if the hub had said so in its notice, which is not read again."""
    joined = booth.enrolled
    desks = [msgspec.structs.replace(one, **desk) for one in joined.fair.desks]
    fair = msgspec.structs.replace(joined.fair, form=form, desks=desks)
    booth._enrolment = msgspec.structs.replace(joined, fair=fair, desk=fair.desk(joined.desk.id))
    booth._read_at = 1 << 60


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"intake": "regulator", "standing": "window"}, ("市场监管部门", "公布的受理窗口")),
        ({"intake": "association", "standing": "pre"}, ("消费者协会", "预登记")),
        ({"intake": "other", "standing": "pre"}, ("主办方", "预登记")),
    ],
    ids=str,
)
def test_who_takes_it_in_is_shown_before_the_form_and_kept_with_the_record(
    paired: Pair, terms: dict[str, str], words: tuple[str, ...]
):
    set_fair(paired.booth, **terms)
    visitor, desk = paired.visitor(), paired.at_the_desk()
    for page in (visitor.get("/complaint"), visitor.get("/complaint/settle")):
        assert all(word in page for word in words)
    notice = desk.get("/staff/complaint/settle")
    assert (words[0] in notice, "不等于正式提交" in notice) == (True, terms["standing"] == "pre")
    *_, receipt = fill_complaint(desk)
    assert words[0] in receipt
    [body] = the_filed(paired.booth)
    assert {name: body[name] for name in terms} == terms


@pytest.mark.parametrize(
    ("intake", "standing", "promise", "last"),
    [
        ("regulator", "window", True, "是否受理会另行告诉您，也可以拨打 12315。"),
        ("association", "window", False, "受不受理由消费者协会决定，会另行告诉您；要找市场监管部门，请拨打 12315。"),
        ("other", "window", False, "受不受理由主办方决定，会另行告诉您；要找市场监管部门，请拨打 12315。"),
        ("regulator", "pre", False, ""),
        ("association", "pre", False, ""),
        ("other", "pre", False, ""),
    ],
)
def test_a_receipt_promises_seven_working_days_at_a_market_regulator_s_window_alone(
    paired: Pair, intake: str, standing: str, promise: bool, last: str
):
    set_fair(paired.booth, intake=intake, standing=standing)
    *_, receipt = fill_complaint(paired.at_the_desk())
    assert ("七个工作日" in receipt, "最迟答复" in receipt) == (promise, promise)
    [end] = re.findall(r"不是受理决定。(.*?)</p>", receipt.text)
    assert end == last
    assert ("这是预登记，还要您自己正式提交一次" in receipt) == (standing == "pre")


def test_of_a_report_nobody_s_receipt_promises_a_day_or_says_who_takes_it_up(paired: Pair):
    set_fair(paired.booth, intake="association", standing="window")
    *_, receipt = fill_complaint(paired.at_the_desk(), **REPORT)
    assert ("最迟答复" in receipt, "消费者协会决定" in receipt) == (False, False)


@pytest.mark.parametrize("way", ["/complaint", "/staff/complaint"])
def test_whoever_chooses_reads_that_what_another_body_took_up_is_not_taken_up_again(paired: Pair, way: str):
    at = paired.visitor() if way == "/complaint" else paired.at_the_desk()
    assert "同一件纠纷别处已经受理的，市场监管部门不再受理。" in at.get(way)


def test_a_desk_is_no_published_channel_until_the_organiser_says_so(desk: Browser, booth: Booth):
    *_, receipt = fill_complaint(desk)
    assert the_filed(booth)[0]["standing"] == "pre"
    assert "预登记" in receipt


def test_a_fair_may_ask_by_the_form_of_2019(paired: Pair):
    set_fair(paired.booth, form="2019")
    desk = paired.at_the_desk()
    consents = screen(desk, "consents")
    assert ('name="forward"' in consents, 'name="mediation"' in consents) == (True, False)
    filled(desk, consents)
    [body], [told] = the_filed(paired.booth), opened(paired)
    assert (body["form"], told["form"], told["what"], told["consents"]["publicity"]) == ("2019", "2019", "", False)


def test_no_box_is_ticked_before_the_person_does(desk: Browser):
    for page in fill_complaint(desk):
        fresh = page.text if "wizard" in page else ""
        assert "checked" not in fresh.replace(":checked", "")


# --- the query code -------------------------------------------------------------------------------


def test_the_receipt_shows_the_query_code_and_the_fact_keeps_its_hash(desk: Browser, booth: Booth):
    last = screen(desk, "identity")
    code = last.form(FORM).values["query"]
    receipt = turn(desk, last)
    [filed] = the_filed(booth)
    assert code in receipt
    assert keys.is_password(str(filed["code"]), crockford.normal(code))
    assert code.encode() not in on_disk(booth.config.data)


def test_sent_again_with_another_query_code_the_receipt_shows_none(desk: Browser):
    last = screen(desk, "identity")
    turn(desk, last)
    other = draw_query_code()
    receipt = desk.send(last.form(FORM), go="next", **{**answers(last), "query": other})
    assert (receipt.status, other in receipt) == (200, False)


def test_the_same_form_five_times_at_once_is_one_case(desk: Browser, booth_app: Flask, booth: Booth):
    last = screen(desk, "identity")
    told = {**last.form(FORM).values, **answers(last), "go": "next"}
    staff = desk.client.get_cookie("staff")
    assert staff is not None

    def send() -> str:
        client = booth_app.test_client()
        client.set_cookie("staff", staff.value)
        return client.post(FORM, data=told).text

    with ThreadPoolExecutor(5) as hands:
        receipts = [one.result() for one in [hands.submit(send) for _ in range(5)]]
    assert len(set(receipts)) == 1
    assert "slip-number" in receipts[0]
    assert len(the_filed(booth)) == 1


# --- once -----------------------------------------------------------------------------------------


def test_sending_again_gives_the_same_receipt_and_no_second_fact(desk: Browser, booth: Booth):
    last = screen(desk, "identity")
    form, told = last.form(FORM), answers(last)
    first, again = (desk.send(form, go="next", **told) for _ in range(2))
    assert first.text == again.text
    assert len(the_filed(booth)) == 1
    assert len(unsent_blobs(booth.journal)) == 1


def test_an_earlier_screen_sent_after_the_filing_is_answered_by_the_receipt_and_kept_nowhere(
    desk: Browser, booth: Booth
):
    *screens, last = [page for page in fill_complaint(desk) if "slip-number" not in page]
    receipt = turn(desk, last)
    for page in screens:
        again = turn(desk, page)
        assert ("slip-number" in again, again.status) == (True, 200)
    for wrong in ({"respondent": ""}, {"respondent": "x" * 900}):
        assert "slip-number" in turn(desk, next(page for page in screens if shown(page) == "respondent"), **wrong)
    assert booth.journal.read_one("SELECT count(*) FROM drafts") == (0,)
    assert (len(the_filed(booth)), "slip-number" in receipt) == (1, True)


def test_another_case_cannot_take_the_id(desk: Browser, booth: Booth):
    last = screen(desk, "identity")
    turn(desk, last)
    other = screen(desk, "notice").form(FORM).values["case"]
    page = desk.send(last.form(FORM), go="next", **{**answers(last), "case": other})
    assert (page.status, "fact.conflict" in page) == (409, True)
    assert len(the_filed(booth)) == 1


def test_a_counted_visitor_s_id_is_no_complaint(desk: Browser, booth: Booth):
    desk.post("/staff/tally", id=an_id(), counter="headcount", n="1")
    page = desk.send(screen(desk, "identity").form(FORM), go="next", **{**COMPLAINT, "id": an_id()})
    assert page.status == 409
    assert the_filed(booth) == []


# --- picked up where it was left ------------------------------------------------------------------


def leave_at(desk: Browser, name: str) -> str:
    """Fill the form up to a screen, and walk away with the code."""
    return screen(desk, name).form(FORM).values["code"]


def resume(desk: Browser, code: str) -> Page:
    return desk.post("/staff/complaint/resume", code=code)


def test_a_form_left_half_way_goes_on_by_its_code(desk: Browser, booth: Booth):
    page = resume(desk, leave_at(desk, "request"))
    assert shown(page) == "request"
    assert page.form(FORM).values["facts"] == COMPLAINT["facts"]
    filled(desk, page)
    assert len(the_filed(booth)) == 1


def test_a_code_may_be_typed_as_people_type(desk: Browser):
    code = leave_at(desk, "what")
    assert shown(resume(desk, f" {code.lower().replace('-', ' ')}")) == "what"


@pytest.mark.parametrize("code", ["", "0000-0000", "ABC", "中文中文中文中文", "U" * 8])
def test_a_wrong_code_opens_nothing_and_says_so(desk: Browser, code: str):
    leave_at(desk, "request")
    page = resume(desk, code)
    assert page.status in (400, 404)
    assert "data-say" in page
    assert COMPLAINT["facts"] not in page


def test_the_next_day_it_is_gone(desk: Browser, booth: Booth, clock: FakeClock):
    code = leave_at(desk, "request")
    clock.tick(DAY)
    desk.enter(*VOLUNTEER)
    page = resume(desk, code)
    assert (page.status, page.form("/staff/complaint/resume").values["code"]) == (404, code)  # to be looked at again
    leave_at(desk, "respondent")
    assert booth.journal.read_one("SELECT count(*), max(day) FROM drafts") == (1, "2027-03-16")


def test_once_filed_it_cannot_be_picked_up(desk: Browser, booth: Booth):
    page = screen(desk, "identity")
    turn(desk, page)
    assert resume(desk, page.form(FORM).values["code"]).status == 404
    assert booth.journal.read_one("SELECT count(*) FROM drafts") == (0,)


def test_its_codes_are_stretched_ahead_and_the_receipt_s_still_opens_the_case(
    desk: Browser, booth: Booth, monkeypatch: pytest.MonkeyPatch
):
    page = screen(desk, "identity")
    [session] = booth.staff._sessions.values()
    while session.hashed_query is None:  # on a thread of its own, since the first screen
        pass
    query, hashed = session.hashed_query
    monkeypatch.setattr(complaint_form.Posted, "hashed_query", lambda _: pytest.fail("hashed once more"))
    page = turn(desk, page)
    [filed] = the_filed(booth)
    assert (query in page, filed["code"]) == (True, hashed)
    assert keys.is_password(str(filed["code"]), crockford.normal(query))
    assert (session.hashed_query, session.draft_key) == (None, None)


def test_a_form_begun_before_the_restart_is_hashed_when_it_is_filed(desk: Browser, booth: Booth):
    page = screen(desk, "identity")
    [session] = booth.staff._sessions.values()
    session.hashed_query = ("7KQ2-M0ZR-8XDPA", "of another form")
    query = page.form(FORM).values["query"]
    turn(desk, page)
    [filed] = the_filed(booth)
    assert keys.is_password(str(filed["code"]), crockford.normal(query))


def test_a_draft_is_kept_under_neither_its_code_nor_its_words(desk: Browser, booth: Booth):
    code = leave_at(desk, "request")
    found = on_disk(booth.config.data)
    assert COMPLAINT["facts"].encode() not in found
    assert code.encode() not in found
    assert code.replace("-", "").encode() not in found


@pytest.mark.parametrize(("days", "kept"), [(0, 1), (1, 0)])
def test_a_restart_keeps_today_s_draft_and_no_other(
    desk: Browser, booth: Booth, clock: FakeClock, days: int, kept: int
):
    code = leave_at(desk, "request")
    clock.tick(days * DAY)
    again = create_booth_app(booth.config, clock)
    with closing(again.extensions["booth"]):
        assert booth.journal.read_one("SELECT count(*) FROM drafts") == (kept,)
        page = resume(Browser(again.test_client()).enter(*VOLUNTEER), code)
    assert (page.status == 200) == bool(kept)


# --- the visitor's own phone ----------------------------------------------------------------------


def test_the_visitor_s_way_leads_to_the_hub_and_names_the_tablet(client: FlaskClient, booth: Booth):
    page = Browser(client).get("/complaint/settle")
    assert f"localhost/m/complaint/{booth.enrolled.certificate.device}" in page
    assert "<svg" in page


def test_whoever_comes_to_the_visitor_s_page_from_the_staff_screens_has_left_them(desk: Browser, booth: Booth):
    """The screen for a full disk leads there: the tablet is then in the visitor's hands."""
    booth.storage._free = lambda: 1000
    assert 'href="/complaint"' in desk.get(FORM)
    desk.get("/complaint")
    assert desk.get("/staff").path == "/staff/enter"


# --- when the screen locked -----------------------------------------------------------------------

TYPED = "电饭锅用了一天就不热了，商家不肯退。"


@pytest.fixture
def locked(desk: Browser, clock: FakeClock) -> Callable[[], Page]:
    """The volunteer typed at one screen until the session was over, and went on."""
    page = screen(desk, "facts")
    clock.tick(301)
    return lambda: turn(desk, page, facts=TYPED)


def test_what_was_typed_when_the_screen_locked_waits_behind_the_pin(
    locked: Callable[[], Page], desk: Browser, booth: Booth
):
    page = locked()
    code = page.form(UNLOCK).values["code"]
    assert (page.status, f'<b class="code num">{code}</b>' in page, TYPED in page.form(UNLOCK).values.values()) == (
        403, True, True,
    )  # fmt: skip
    page = desk.send(page.form(UNLOCK), volunteer="li", pin="000000")
    assert (page.status, "PIN 不对" in page, code in page) == (403, True, True)
    page = desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1])
    assert page.form(FORM).values["facts"] == TYPED
    filled(desk, page)
    assert len(the_filed(booth)) == 1


def test_what_was_typed_when_the_screen_locked_is_kept_under_its_code(locked: Callable[[], Page], desk: Browser):
    code = locked().form(UNLOCK).values["code"]
    assert resume(desk.enter(*VOLUNTEER), code).form(FORM).values["facts"] == TYPED


def test_what_could_not_be_kept_when_the_screen_locked_waits_in_the_page(
    locked: Callable[[], Page], desk: Browser, booth: Booth
):
    booth.storage._free = lambda: 1000
    page = locked()
    assert ("续填码" in page, "不要离开" in page) == (False, True)
    page = desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1])
    assert page.form(FORM).values["facts"] == TYPED


def test_while_the_pin_is_locked_the_form_waits(locked: Callable[[], Page], desk: Browser, clock: FakeClock):
    page = locked()
    for _ in range(6):
        page = desk.send(page.form(UNLOCK), volunteer="li", pin="000000")
    assert desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1]).status == 429
    clock.tick(60)
    page = desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1])
    assert page.form(FORM).values["facts"] == TYPED


def test_whoever_never_signed_in_fills_no_disk(desk: Browser, booth_app: Flask, booth: Booth):
    form = screen(desk, "respondent").form(FORM)
    booth.journal.write("DELETE FROM drafts")
    page = Browser(booth_app.test_client()).send(form, go="next", respondent="店", respondent_address="路")
    assert (page.status, page.form(UNLOCK).values["respondent"]) == (403, "店")
    desk.post("/staff/lock")
    assert desk.send(form, go="next", respondent="店", respondent_address="路").status == 403
    assert booth.journal.read_one("SELECT count(*) FROM drafts") == (0,)


# --- when something is in the way -----------------------------------------------------------------


@pytest.fixture
def other(booth: Booth) -> Iterator[sqlite3.Connection]:
    """Another program at the journal's file; the booth waits for it no longer than a moment."""
    booth.journal.transact(lambda connection: connection.execute("PRAGMA busy_timeout = 20"))
    with closing(sqlite3.connect(booth.journal.file, isolation_level=None)) as connection:
        yield connection


def test_a_form_that_cannot_be_kept_just_now_goes_on_and_says_so(
    desk: Browser, booth: Booth, other: sqlite3.Connection
):
    page = screen(desk, "facts")
    other.execute("BEGIN IMMEDIATE")
    page = turn(desk, page)
    assert (page.status, shown(page), "现在存不下" in page) == (200, "photos", True)
    other.execute("ROLLBACK")
    page = turn(desk, page)
    assert "现在存不下" not in page
    filled(desk, page)
    assert len(the_filed(booth)) == 1


def test_a_complaint_that_cannot_be_filed_just_now_stays_on_the_screen(
    desk: Browser, booth: Booth, other: sqlite3.Connection
):
    page = screen(desk, "identity")
    other.execute("BEGIN IMMEDIATE")
    page = turn(desk, page)
    assert (page.status, "data-say" in page) == (503, True)
    assert [page.form(FORM).values[name] for name in ("step", "facts", "address")] == [
        "identity", COMPLAINT["facts"], COMPLAINT["address"],
    ]  # fmt: skip
    other.execute("ROLLBACK")
    assert "slip-number" in turn(desk, page)
    assert len(the_filed(booth)) == 1


def test_a_complaint_that_is_filed_is_shown_as_filed_whatever_comes_of_its_draft(
    desk: Browser, booth: Booth, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
):
    page = screen(desk, "identity")
    discard = complaints.discard_draft

    def at_that_very_moment(here: Booth, posted: complaint_form.Posted, session: StaffSession) -> None:
        other.execute("BEGIN IMMEDIATE")
        discard(here, posted, session)

    monkeypatch.setattr(complaints, "discard_draft", at_that_very_moment)
    page = turn(desk, page)
    other.execute("ROLLBACK")
    [filed] = the_filed(booth)
    assert (page.status, str(filed["case"]) in page) == (200, True)


@pytest.fixture
def unopenable(booth: Booth) -> Callable[[], None]:
    """The hub says that what this tablet seals does not open there."""

    def learn() -> None:
        seq, digest = booth.journal.head()
        booth.journal.keep_head(protocol.dump(protocol.Head(seq=seq, hash=digest.hex(), canary="broken")))
        booth.look_again()

    return learn


def test_where_nothing_sealed_here_opens_no_complaint_is_begun(desk: Browser, unopenable: Callable[[], None]):
    unopenable()
    page = desk.get(FORM)
    assert (page.status, "complaint.unopenable" in page) == (409, True)
    for words in ("纸质登记表", "/complaint", "12315", "回计数", "组织者"):
        assert words in page
    assert "/staff/tally" in desk.get("/staff")


def test_where_nothing_sealed_here_opens_no_complaint_is_filed_and_its_words_stay(
    desk: Browser, booth: Booth, unopenable: Callable[[], None]
):
    page = screen(desk, "identity")
    unopenable()
    page = turn(desk, page)
    assert (page.status, page.form(FORM).values["facts"], "打不开" in page) == (409, COMPLAINT["facts"], True)
    assert the_filed(booth) == []


# --- clocks ---------------------------------------------------------------------------------------


def years_back(clock: FakeClock) -> float:
    return (clock.now() - clock.now().replace(year=2010)).total_seconds()


def test_a_reboot_with_the_clock_in_the_past_erases_no_half_filled_form(desk: Browser, booth: Booth, clock: FakeClock):
    code, back = leave_at(desk, "request"), years_back(clock)
    booth.close()
    clock.reboot()
    clock.jump_wall(-back)
    again = create_booth_app(booth.config, clock)
    with closing(again.extensions["booth"]):
        clock.jump_wall(back)
        page = resume(Browser(again.test_client()).enter(*VOLUNTEER), code)
        assert page.form(FORM).values["facts"] == COMPLAINT["facts"]


@pytest.mark.parametrize("is_compared", [True, False])
def test_with_the_clock_in_the_past_a_purchase_of_last_week_is_believed(
    desk: Browser, booth: Booth, clock: FakeClock, is_compared: bool
):
    if is_compared:
        booth.journal.compare_clocks(Meeting(stamp(clock.now()), clock.monotonic(), 20))
    clock.jump_wall(-years_back(clock))
    *_, receipt = fill_complaint(desk)
    assert "slip-number" in receipt


def test_by_the_hub_s_time_a_purchase_of_tomorrow_is_not(desk: Browser, booth: Booth, clock: FakeClock):
    booth.journal.compare_clocks(Meeting(stamp(clock.now()), clock.monotonic(), 20))
    clock.jump_wall(7 * DAY)
    assert 'id="bought_on-fault"' in turn(desk, screen(desk, "what"), bought_on="2027-03-16")


# --- what a code is stretched to ------------------------------------------------------------------


def test_a_code_is_stretched_once_a_form_and_every_time_for_who_only_says_it(
    desk: Browser, booth: Booth, monkeypatch: pytest.MonkeyPatch
):
    page = screen(desk, "respondent")
    stretch, stretched = keys.stretch, []
    monkeypatch.setattr(keys, "stretch", lambda code, *told: stretched.append(code) or stretch(code, *told))
    code = page.form("/staff/complaint").values["code"]
    page = turn(desk, turn(desk, page))
    assert stretched == []
    desk.post("/staff/complaint/resume", code=code)
    assert stretched == [code.replace("-", "")]


def test_what_a_code_was_stretched_to_is_gone_with_the_form_and_with_the_session(desk: Browser, booth: Booth):
    [session] = booth.staff._sessions.values()
    page = screen(desk, "identity")
    assert session.draft_key is not None
    turn(desk, page)
    assert session.draft_key is None
    screen(desk, "respondent")
    desk.post("/staff/lock")
    assert booth.staff._sessions == {}
