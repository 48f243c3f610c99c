"""The official forms of a case, on paper."""

import re

import msgspec
import pytest

from kiosk.facts.cases import (
    CaseAccepted,
    CaseRefused,
    CaseSupplementAsked,
    CaseSupplemented,
    CaseTestingBegun,
    CaseTransferred,
)
from kiosk.facts.lives import reopening
from kiosk.hub.tables import openings
from tests.hub.phones import acts, leave_case, opens
from tests.hub.tablets import rows
from tests.hub.test_cases import CASE, a_case, an_ending, state_of, take
from tests.makers import COMPLAINT, Browser, Pair
from tests.proof import share_hubs

AT = "/fairs/demo/cases"


@pytest.fixture
def office(paired: Pair) -> Browser:
    a_case(paired.hub)
    return paired.in_the_office()


#: Every form of a complaint by its title, with what has to be on it beside its number and the merchant.
FORMS = {
    "registration": ("投诉登记表", ""),
    "forward": ("分送通知书", "示范市住房和城乡建设局："),
    "identity": ("限期提供身份证明材料通知书", "请于收到本通知之日起 12 个工作日内提供身份证明材料"),
    "accepted": ("受理决定书", "决定受理"),
    "refused": ("不予受理决定书", "知道或应当知道受侵害已超过三年"),
    "mediation": ("调解通知书", "经双方同意组织调解"),
    "terminated": ("终止调解决定书", "受理起六十日内没有达成协议"),
    "agreement": ("调解书", "被投诉人向投诉人支付 128.50 元"),
}
ASKED = CaseSupplementAsked(case=CASE, items=["identity", "grounds"], days=12)
ACCEPTED, TESTED = CaseAccepted(case=CASE), CaseTestingBegun(case=CASE)
PASSED_ON = CaseTransferred(case=CASE, recipient="示范市住房和城乡建设局", road="letter")
TERMINATED = an_ending(outcome="terminated", recovered=0, reasons=["time_over"])


def offered(office: Browser, case: str = CASE) -> list[str]:
    """The forms an opened case offers to print."""
    return re.findall(r'name="form" value="(\w+)"', opens(office, case).text)


@share_hubs
@pytest.mark.parametrize(
    ("steps", "fit"),
    [
        ((), []),
        ((ASKED,), ["identity"]),
        ((CaseSupplementAsked(case=CASE, items=["grounds"], days=5),), []),
        ((ASKED, CaseSupplemented(case=CASE)), []),
        ((PASSED_ON,), ["forward"]),
        ((ACCEPTED,), ["accepted", "mediation"]),
        ((ACCEPTED, TESTED), ["accepted", "mediation"]),
        ((CaseRefused(case=CASE, reasons=["too_late"]),), ["refused"]),
        ((ACCEPTED, an_ending()), ["accepted", "agreement"]),
        ((ACCEPTED, TERMINATED), ["accepted", "terminated"]),
        ((an_ending(outcome="settled"),), []),
    ],
    ids=lambda one: ",".join(getattr(step, "outcome", type(step).__name__) for step in one),
)
def test_a_case_prints_the_forms_that_go_with_where_it_is_and_no_other(paired: Pair, office, steps, fit):
    for step in steps:
        take(paired.hub, step)
    assert offered(office) == ["registration", *fit]
    before = len(rows(paired.hub, openings))
    for form, (title, said) in FORMS.items():
        page = acts(office, CASE, "print", form=form, reason="handling")
        if form in ("registration", *fit):
            assert (page.status, f"<h1>{title}</h1>" in page, said in page) == (200, True, True), form
            assert (CASE in page, COMPLAINT["respondent"] in page) == (True, True), form
        else:
            assert (page.status, "没有打印" in page, "张小花" in page) == (409, True, False), form
    assert len(rows(paired.hub, openings)) == before + 1 + len(fit)  # what is refused opens nothing


def test_a_letter_goes_to_whom_it_was_last_passed_on_to_until_it_comes_back(paired: Pair, office):
    for recipient in ("示范市住房和城乡建设局", "示范市交通运输局"):
        take(paired.hub, CaseTransferred(case=CASE, recipient=recipient, road="letter"))
    page = acts(office, CASE, "print", form="forward", reason="handling")
    assert ("示范市交通运输局：" in page, "住房和城乡建设局" in page) == (True, False)
    take(paired.hub, reopening(CASE, state_of(paired.hub), "complaint", "sent_back"))
    assert offered(office) == ["registration"]


def test_a_pre_registration_that_is_passed_on_says_when_it_was_registered(paired: Pair):
    a_case(paired.hub, standing="pre")
    take(paired.hub, PASSED_ON)
    page = acts(paired.in_the_office(), CASE, "print", form="forward", reason="handling")
    assert "2027-03-15 收到" in page


@pytest.mark.parametrize("intake", ["association", "other"])
def test_forms_of_the_market_regulator_s_order_are_for_what_a_market_regulator_decides(paired: Pair, intake):
    a_case(paired.hub, intake=intake)
    office = paired.in_the_office()
    take(paired.hub, ACCEPTED)
    take(paired.hub, an_ending())
    assert offered(office) == ["registration"]
    assert acts(office, CASE, "print", form="accepted", reason="handling").status == 409


def test_who_acts_for_another_stands_on_the_forms_with_what_is_still_to_come(paired: Pair):
    case = leave_case(paired.hub, on_behalf="李小明", on_behalf_phone="13900001111", relation="family", authority=False)
    office = paired.in_the_office()
    page = acts(office, case, "print", form="registration", reason="handling")
    assert all(text in page for text in ("李小明（家人亲戚）", "13900001111", "还没有，受理前要补", "受托人身份证明"))
    take(paired.hub, msgspec.structs.replace(ASKED, case=case))
    page = acts(office, case, "print", form="identity", reason="handling")
    assert "您委托 李小明 代为投诉" in page
    assert "第十条、第十一条" in page
    assert "先核对授权委托书原件" in opens(office, case)


def test_who_speaks_for_themselves_is_asked_for_no_authority(paired: Pair, office):
    take(paired.hub, ASKED)
    for form in ("registration", "identity"):
        page = acts(office, CASE, "print", form=form, reason="handling")
        assert (page.status, "受托人" in page) == (200, False)
        assert "第十一条" not in page


def test_a_printed_form_is_kept_by_no_cache(paired: Pair, office):
    csrf = office.get(AT).form("/logout").values["csrf"]
    told = {"form": "registration", "reason": "handling", "csrf": csrf}
    assert office.client.post(f"{AT}/{CASE}/print", data=told).headers["Cache-Control"] == "no-store"


def test_a_report_is_answered_with_its_own_form(paired: Pair):
    a_case(paired.hub, matter="report")
    office = paired.in_the_office()
    assert "举报登记表" in acts(office, CASE, "print", form="registration", reason="handling")
    assert offered(office) == ["registration"]
    assert acts(office, CASE, "print", form="result", reason="handling").status == 409
    acts(office, CASE, "end", outcome="handled")
    page = acts(office, CASE, "print", form="result", reason="handling")
    assert "<h1>举报处理结果告知书</h1>" in page
    assert "已查处、已处理" in page
