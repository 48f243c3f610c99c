"""The checkers' pages: answered on the spot, counted without the number, and nothing personal comes back."""

import dataclasses
import logging
import re
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from kiosk.booth import handoff
from kiosk.booth.app import create_booth_app
from kiosk.booth.codes import MOST_COUNTED
from kiosk.booth.context import Booth
from kiosk.booth.setup import init_booth
from kiosk.codes.catalogue import KINDS
from kiosk.codes.personal import UNSENT
from kiosk.config import BoothConfig
from kiosk.reports.amounts import fold
from tests.booth.test_journal import fill_up
from tests.booth.test_phones import URL, a_phone
from tests.clocks import FakeClock
from tests.codes.examples import BY_ID, PERSONAL, RIGHT, WRONG
from tests.journeys import leaks
from tests.makers import Browser, Page, an_id, facts_of


def checked(visitor: Browser, code: str, **more: str) -> Page:
    return visitor.send(visitor.get("/check").form("/check"), **{"code": code, **more})


def text_of(page: Page) -> str:
    """What can be read on it, and what stands in its fields."""
    return unescape(re.sub(r"</?(?!input)[^>]*>", "", page.text.partition("<main")[2]))


def test_every_kind_can_be_tried_with_one_touch(visitor: Browser):
    page = visitor.get("/check")
    for kind in KINDS:
        assert f'name="code" value="{kind.example}"' in page
        assert kind.where.zh in page


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_right_number_is_shown_in_parts_and_never_called_genuine(visitor: Browser, kind):
    page = checked(visitor, kind.example)
    shown = text_of(page)
    assert all(caption.zh in shown for caption in kind.captions[:1])
    assert kind.name.zh in shown
    assert "told-wrong" not in page
    assert "号码对，不等于东西真" in shown
    assert ("told-right" in page) == bool(kind.check)


@pytest.mark.parametrize("code", ["6901234567893", "SC10111010812340", "SC1011101081234"])
def test_who_typed_a_wrong_number_is_told_to_look_again_and_not_that_it_is_right(visitor: Browser, code: str):
    shown = text_of(checked(visitor, code))
    assert "先对着包装再看一遍" in shown
    assert "还是对不上，先别买，到台前问一问" in shown
    assert "号码对，不等于东西真" not in shown
    assert "也不说明东西是真的" in shown


def test_an_exhibit_left_for_the_checkers_is_viewed_no_longer(visitor: Browser, booth: Booth, clock: FakeClock):
    for leaves in (lambda: visitor.get("/check"), lambda: visitor.post("/check", id=an_id(9), code="6901234567892")):
        visitor.get("/gallery/e01")
        clock.tick(5)
        leaves()
        clock.tick(60)
        visitor.post("/leave")
    assert [fact.body["ms"] for fact in facts_of(booth.journal, "exhibit.viewed")] == [5_000, 5_000]


@pytest.mark.parametrize(("kind", "codes"), WRONG.items(), ids=list(WRONG))
def test_a_wrong_number_says_what_is_wrong_and_never_that_it_is_right(visitor: Browser, kind: str, codes):
    for code in codes:
        page = checked(visitor, code)
        if BY_ID[kind].name.zh in text_of(page) and "told-several" not in page:
            assert "told-right" not in page, code
            assert any(look in page for look in ("told-wrong", "told-open")), code


def test_what_fits_several_kinds_says_so_and_shows_each(visitor: Browser):
    page = checked(visitor, "16901234567989")
    assert "可能是 2 种里的一种" in text_of(page)
    assert ("told-right" in page, "told-wrong" in page) == (True, True)


def test_a_look_alike_is_asked_about_and_can_be_checked_with_one_touch(visitor: Browser):
    page = checked(visitor, "SC1O111010812347")
    assert "<mark>O</mark>" in page
    assert 'value="SC10111010812347"' in page
    assert "told-right" in visitor.send(page.form("/check"), code="SC10111010812347")


def test_eight_digits_that_do_not_check_may_be_no_barcode_at_all(visitor: Browser):
    page = checked(visitor, "20261118")
    assert ("told-open" in page, "told-wrong" in page) == (True, False)
    assert "日期和批号不查" in text_of(page)


def test_a_licence_that_begins_unusually_is_not_called_made_up_while_it_checks(visitor: Browser):
    unusual, wrong = checked(visitor, "SC30111010812346"), checked(visitor, "SC30111010812347")
    assert "和常见的写法不一样" in text_of(unusual)
    assert "编的" not in text_of(unusual)
    assert ("told-wrong" in unusual, "told-wrong" in wrong) == (False, True)


def test_a_phone_s_field_does_not_send_what_looks_personal_and_says_what_else_it_sends(
    booth_app: Flask, booth: Booth, visitor: Browser
):
    booth.config = dataclasses.replace(booth.config, phone_url=URL)
    booth.phones = handoff.Phones(booth.clock, URL, "315", booth.visits)
    booth_app.config["TRUSTED_HOSTS"] = [*booth.config.all_hosts]
    tablet, phone = visitor.get("/check"), a_phone(booth_app).get("/m/check")
    for sign in (f'pattern="{escape(UNSENT)}"', "没有加密"):
        assert (sign in phone, sign in tablet) == (True, False)


def test_what_is_none_of_ours_is_told_kindly_and_not_repeated(visitor: Browser, booth: Booth):
    page = checked(visitor, "ZQ-一二三-777777777")
    assert page.status == 200
    assert "认不出" in text_of(page)
    assert "777777777" not in page
    assert facts_of(booth.journal) == []


def test_an_english_page_says_the_same(client: FlaskClient, visitor: Browser):
    client.set_cookie("lang", "en")
    assert "does not make the goods genuine" in text_of(checked(visitor, "6901234567892"))


# --- counted, without the number ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("6901234567892", ("ean-13", "holds", "holds")),
        ("6901234567891", ("ean-13", "holds", "fails")),
        ("SC1O111010812347", ("food-maker", "fails", "none")),
        ("国药准字H20990001", ("drug", "holds", "none")),
    ],
)
def test_a_check_is_one_fact_that_does_not_hold_the_number(visitor: Browser, booth: Booth, code: str, told):
    checked(visitor, code)
    [fact] = facts_of(booth.journal, "code.checked")
    assert (fact.body["kind"], fact.body["form"], fact.body["check"]) == told
    assert set(fact.body) == {"session", "kind", "form", "check"}
    assert {metric: n for (_, _, _, metric), n in fold([fact]).items()} == {"code.checked": 1, f"code.{told[0]}": 1}


def test_the_same_form_sent_twice_counts_once_and_answers_twice(visitor: Browser, booth: Booth):
    form = visitor.get("/check").form("/check")
    for code in ("6901234567892", "SC10111010812347"):
        assert "told-right" in visitor.send(form, code=code)
    assert len(facts_of(booth.journal)) == 1


def test_an_id_that_another_fact_has_is_answered_and_breaks_nothing(visitor: Browser, booth: Booth):
    checked(visitor, "6901234567892", id=an_id(5))
    visitor.get("/")
    assert checked(visitor, "6901234567891", id=an_id(5)).status == 200
    assert len(facts_of(booth.journal)) == 1


def test_the_id_of_another_form_leaves_that_form_its_own(visitor: Browser, booth: Booth):
    judging = visitor.get("/gallery/e01").form("/gallery/e01/judge")
    checked(visitor, "6901234567892", id=judging.values["id"])
    assert visitor.send(judging, side="left").status == 200
    assert [fact.kind for fact in facts_of(booth.journal)] == ["code.checked", "exhibit.judged"]


def test_on_a_full_disk_the_answer_is_given_all_the_same(visitor: Browser, booth: Booth):
    fill_up(booth.journal)
    page = checked(visitor, "6901234567892")
    assert (page.status, "told-right" in page) == (200, True)
    assert facts_of(booth.journal, "code.checked") == []


def test_a_tablet_that_is_not_enrolled_answers_all_the_same(tmp_path: Path, clock: FakeClock):
    settings = BoothConfig(tmp_path / "new", sync_seconds=0)
    init_booth(settings, clock).close()
    app = create_booth_app(settings, clock)
    with closing(app.extensions["booth"]):
        page = checked(Browser(app.test_client()), "6901234567892")
        assert (page.status, "told-right" in page) == (200, True)


def test_who_plays_with_it_for_ever_is_answered_but_no_longer_counted(visitor: Browser, booth: Booth):
    for n in range(MOST_COUNTED + 3):
        assert "told-right" in visitor.post("/check", id=an_id(1000 + n), code="6901234567892")
    assert len(facts_of(booth.journal)) == MOST_COUNTED


# --- personal --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PERSONAL)
def test_a_personal_number_is_refused_and_not_repeated(visitor: Browser, booth: Booth, text: str):
    page = checked(visitor, text)
    assert page.status == 200
    assert "这个号码不查" in text_of(page)
    assert re.findall(r"[0-9]{7,}", text_of(page)) == []
    assert text not in page
    assert facts_of(booth.journal) == []


def test_who_typed_a_barcode_that_may_be_a_mobile_number_reads_how_to_have_it_looked_at(visitor: Browser):
    assert "12 位的条码，请在前面写上 UPC" in text_of(checked(visitor, "016000275287"))
    assert "校验码对得上" in text_of(checked(visitor, "UPC 016000275287"))


def test_nothing_that_was_typed_is_on_the_disk_or_in_a_log(
    visitor: Browser, booth: Booth, caplog: pytest.LogCaptureFixture
):
    typed = [PERSONAL[0], PERSONAL[8], "13900000000", "SC10111010812346", "91310000MA1K00007U", "ZQ777777777"]
    with caplog.at_level(logging.DEBUG):
        for text in typed:
            assert checked(visitor, text).status == 200
    assert len(facts_of(booth.journal, "code.checked")) == 2
    assert leaks.hits([Path(booth.config.data)], typed) == []
    assert [text for text in typed if text in caplog.text] == []
    assert [text for text in typed if text in repr([vars(one) for one in booth.visits._visits.values()])] == []


def test_a_number_in_the_address_is_not_looked_at(client: FlaskClient):
    answer = client.get("/check", query_string={"code": "6901234567892"})
    assert "told" not in answer.text
    assert client.get("/check/6901234567892").status_code == 404


def test_the_answer_comes_at_once_and_leads_to_no_address(client: FlaskClient):
    answer = client.post("/check", data={"id": an_id(1), "code": "6901234567892"})
    assert (answer.status_code, answer.headers.get("Location"), answer.headers["Cache-Control"]) == (
        200, None, "no-store",
    )  # fmt: skip


@pytest.mark.parametrize("code", ["", " ", "x" * 120, "\u202e\u200b", "<script>", "ﷺ" * 120, "💥", "0" * 120, "\ud83d"])
def test_no_text_is_a_fault_of_the_tablet(client: FlaskClient, code: str):
    answer = client.post("/check", data={"id": an_id(1), "code": code.encode("utf-8", "surrogatepass")})
    assert answer.status_code < 500
    assert "<script>" not in answer.text


@pytest.mark.parametrize(("code", "status"), [("x" * 121, 413), ("a\0b", 400)])
def test_what_no_form_of_ours_would_send_is_refused(client: FlaskClient, code: str, status: int):
    assert client.post("/check", data={"id": an_id(1), "code": code}).status_code == status


def test_every_right_example_is_answered_so_on_the_page(visitor: Browser):
    for kind, codes in RIGHT.items():
        for code in codes:
            page = visitor.post("/check", id=an_id(1), code=code)
            assert BY_ID[kind].name.zh in text_of(page), code
            assert "boxes" in page, code
