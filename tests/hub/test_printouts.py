"""The official forms of a case, on paper."""

import pytest

from kiosk.facts.cases import CaseAccepted
from kiosk.hub.tables import openings
from tests.hub.phones import acts, leave_case, opens
from tests.hub.tablets import rows
from tests.hub.test_cases import CASE, a_case, an_ending, take
from tests.makers import COMPLAINT, Browser, Pair

AT = "/fairs/demo/cases"


@pytest.fixture
def office(paired: Pair) -> Browser:
    a_case(paired.hub)
    return paired.in_the_office()


def test_each_form_prints_with_what_belongs_on_it_and_is_an_opening(paired: Pair, office):
    take(paired.hub, CaseAccepted(case=CASE))
    take(paired.hub, an_ending())
    for which, title in (
        ("registration", "投诉登记表"), ("forward", "分送通知书"), ("identity", "限期提供身份证明材料通知书"),
        ("accepted", "受理决定书"), ("refused", "不予受理决定书"), ("mediation", "调解通知书"),
        ("terminated", "终止调解决定书"), ("agreement", "调解书"),
    ):  # fmt: skip
        page = acts(office, CASE, "print", form=which, reason="handling")
        assert f"<h1>{title}</h1>" in page, which
        assert CASE in page
        assert COMPLAINT["respondent"] in page, which
    assert len(rows(paired.hub, openings)) == 8


def test_who_acts_for_another_stands_on_the_forms_with_what_is_still_to_come(paired: Pair):
    case = leave_case(paired.hub, on_behalf="李小明", on_behalf_phone="13900001111", relation="family", authority=False)
    office = paired.in_the_office()
    page = acts(office, case, "print", form="registration", reason="handling")
    assert all(text in page for text in ("李小明（家人亲戚）", "13900001111", "还没有，受理前要补", "受托人身份证明"))
    page = acts(office, case, "print", form="identity", reason="handling")
    assert "您委托 李小明 代为投诉" in page
    assert "第十条、第十一条" in page
    assert "先核对授权委托书原件" in opens(office, case)


def test_who_speaks_for_themselves_is_asked_for_no_authority(paired: Pair, office):
    for form in ("registration", "identity"):
        page = acts(office, CASE, "print", form=form, reason="handling")
        assert "受托人" not in page
        assert "第十一条" not in page


def test_a_printed_form_is_kept_by_no_cache(paired: Pair, office):
    csrf = office.get(AT).form("/logout").values["csrf"]
    told = {"form": "registration", "reason": "handling", "csrf": csrf}
    assert office.client.post(f"{AT}/{CASE}/print", data=told).headers["Cache-Control"] == "no-store"


def test_a_report_is_answered_with_its_own_form(paired: Pair):
    a_case(paired.hub, matter="report")
    office = paired.in_the_office()
    assert "举报登记表" in acts(office, CASE, "print", form="registration", reason="handling")
    acts(office, CASE, "end", outcome="handled")
    page = acts(office, CASE, "print", form="result", reason="handling")
    assert "<h1>举报处理结果告知书</h1>" in page
    assert "已查处、已处理" in page
