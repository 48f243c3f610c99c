"""The forms of a case: from what somebody sends to the step it comes to."""

import pytest

from kiosk.facts.complaints import Consents
from kiosk.hub import ledger
from kiosk.hub.tables import blobs, case_steps, complaints, openings
from kiosk.hub.tables import people as people_table
from tests.hub.phones import acts, leave_case, opens
from tests.hub.tablets import rows
from tests.hub.test_cases import CASE, TWIN, a_case, figure
from tests.makers import Browser, Form, Page, Pair, an_id
from tests.proof import share_hubs

AT = "/fairs/demo/cases"


@pytest.fixture
def office(paired: Pair) -> Browser:
    a_case(paired.hub)
    return paired.in_the_office()


def test_a_case_is_walked_from_the_page_to_its_end(paired: Pair, office):
    (person,) = [row[0] for row in rows(paired.hub, people_table)]
    for what, told in (
        ("assign", {"unit": "xinhua", "handler": person}),
        ("classify", {"category": "goods:appliances", "grievance.quality": "yes"}),
        ("accept", {}),
        ("test", {}),
        ("tested", {}),
        ("end", {"outcome": "mediated", "recovered": "１２８.5", "doubled": "50"}),
        ("tell", {"road": "phone"}),
        ("close", {}),
        ("call", {"level": "1"}),
    ):
        page = acts(office, CASE, what, **told)
        assert (page.status, page.path) == (200, f"{AT}/{CASE}"), (what, page.text)
    for said in (
        "非常满意",
        "挽回 128.50 元",
        "其中加倍赔偿 50.00 元",
        "新华市场监管所",
        "家用电子电器",
        "已办结",
        "chen",
    ):
        assert said in page, said
    assert ledger.verify(paired.hub) == []


@share_hubs
@pytest.mark.parametrize(
    ("what", "told", "code"),
    [
        ("close", {}, "case.wrong_step"),
        ("refuse", {}, "field.invalid"),
        ("end", {"outcome": "terminated"}, "field.invalid"),
        ("end", {"outcome": "settled", "recovered": "1e9"}, "field.invalid"),
        ("end", {"outcome": "settled", "recovered": "1", "doubled": "2"}, "field.invalid"),
        ("end", {"outcome": "nonsense"}, "field.invalid"),
        ("supplement", {"days": "5"}, "field.invalid"),
        ("supplement", {"days": "99", "item.grounds": "yes"}, "field.invalid"),
        ("assign", {"unit": "nowhere", "handler": ""}, "field.invalid"),
        ("assign", {"unit": "", "handler": ""}, "field.invalid"),
        ("assign", {"unit": "", "handler": "p-nobody"}, "field.invalid"),
        ("transfer", {"recipient": "", "road": "letter", "consent": "yes"}, "field.invalid"),
        ("transfer", {"recipient": "某局", "road": "pigeon", "consent": "yes"}, "field.invalid"),
        ("transfer", {"recipient": "某局", "road": "letter"}, "field.invalid"),
        ("classify", {"category": "goods:travel"}, "field.invalid"),
        ("delivery", {"transfer": "0" * 32, "state": "sent"}, "field.invalid"),
        ("merge", {"into": "x"}, "field.invalid"),
        ("note", {"text": " "}, "field.invalid"),
        ("open", {"reason": "curiosity"}, "field.invalid"),
        ("print", {"form": "nothing", "reason": "handling"}, "field.invalid"),
    ],
)
def test_a_form_that_cannot_be_is_refused_and_writes_nothing(paired: Pair, office, what, told, code):
    before = rows(paired.hub, complaints), rows(paired.hub, openings)
    page = acts(office, CASE, what, **told)
    assert (page.status in (409, 422, 400), code in page) == (True, True), page.text
    assert (rows(paired.hub, complaints), rows(paired.hub, openings)) == before


def test_who_is_refused_is_on_the_page_of_the_case_and_reads_why(paired: Pair, office):
    page = acts(office, CASE, "end", outcome="settled", recovered="五十")
    assert (page.status, "只写数字" in page, "field.invalid" in page) == (400, True, True)
    page = office.send(
        next(one for one in page.forms if one.action.endswith("/end")), outcome="settled", recovered="50"
    )
    assert (page.status, "挽回 50.00 元" in page) == (200, True)
    assert "别人可能刚办过" in acts(office, CASE, "accept")


# --- sent twice -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("enforce", {"fine": "5000"}),
        ("transfer", {"recipient": "示范市住建局", "road": "letter", "consent": "yes"}),
        ("note", {"text": "约好周三再谈"}),
        ("accept", {}),
        ("merge", {"into": TWIN}),
    ],
)
def test_a_form_that_is_sent_twice_is_one_step(paired: Pair, office, what, told):
    a_case(paired.hub, TWIN)
    form = next(one for one in office.get(f"{AT}/{CASE}").forms if one.action.endswith(f"/{what}"))
    first = office.send(form, **told)
    written = rows(paired.hub, case_steps), rows(paired.hub, blobs)
    second = office.send(form, **told)
    assert (first.status, first.path) == (second.status, second.path) == (200, f"{AT}/{CASE}")
    assert (rows(paired.hub, case_steps), rows(paired.hub, blobs)) == written
    assert len(written[0]) == 1
    assert ledger.verify(paired.hub) == []


@share_hubs
def test_every_form_of_a_page_has_an_id_of_its_own(paired: Pair, office):
    page = acts(office, CASE, "transfer", recipient="示范市住建局", road="letter", consent="yes")
    ids = [form.values["id"] for form in page.forms if "id" in form.values]
    assert len(ids) == len({*ids}) > 5
    assert any(form.action.endswith("/delivery") for form in page.forms)


def test_an_id_that_is_another_step_s_is_refused(paired: Pair, office):
    a_case(paired.hub, TWIN)
    assert acts(office, CASE, "accept", id=an_id()).status == 200
    assert acts(office, CASE, "test", id=an_id()).status == 409
    assert acts(office, TWIN, "accept", id=an_id()).status == 409
    assert acts(office, CASE, "test", id="mine").status == 400
    assert len(rows(paired.hub, case_steps)) == 1


def test_the_fines_of_a_case_are_corrected_and_taken_back(paired: Pair, office):
    told = []
    for form in ({"fine": "5000"}, {"fine": "20.5"}, {"fine": "", "undo": "yes"}):
        page = acts(office, CASE, "enforce", **form)
        told.append((page.status, figure(paired.hub, "enforced").value, figure(paired.hub, "enforced_amount").value))
    assert told == [(200, 1, "5000.00"), (200, 1, "20.50"), (200, 0, "0.00")]
    assert all(said in page for said in ("罚没 5000.00 元", "罚没 20.50 元", "记错了，没有立案"))
    assert acts(office, CASE, "enforce", fine="", undo="yes").status == 400
    assert ledger.verify(paired.hub) == []


# --- passing on -------------------------------------------------------------------------------------


def passing_on(page: Page) -> Form:
    return next(one for one in page.forms if one.action.endswith("/transfer"))


def test_whoever_passes_a_case_on_without_saying_that_they_may_reads_why_not(paired: Pair, office):
    form = passing_on(office.get(f"{AT}/{CASE}"))
    page = office.send(form, recipient="示范市住建局", road="letter")
    assert (page.status, "没有勾选可以转交，什么都没有记" in page) == (400, True)
    assert rows(paired.hub, case_steps) == []
    assert "示范市住建局" in office.send(form, recipient="示范市住建局", road="letter", consent="yes")


def test_while_a_case_is_sealed_nobody_can_tell_whether_it_may_be_passed_on(paired: Pair, office):
    page = office.get(f"{AT}/{CASE}")
    assert ("先打开看清是否同意转交" in page, "已看清，可以转交" in page) == (True, True)
    assert "consent" not in passing_on(page).values


@share_hubs
@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        ({"consents": Consents(forward=False)}, True),
        ({"consents": Consents(forward=False), "form": "2019"}, True),
        ({"consents": Consents(forward=True)}, False),
        ({"consents": None, "form": "2019"}, False),
    ],
)
def test_only_where_somebody_said_no_it_takes_a_reason_to_pass_it_on(paired: Pair, changes, is_refused):
    case = leave_case(paired.hub, **changes)
    office, warning = paired.in_the_office(), "投诉人没有同意转交：确需转交的，先征得同意。"
    page = opens(office, case)
    assert page.text.count(warning) == is_refused
    assert ("或者法律规定应当移交" in page) == is_refused
    assert passing_on(page).values.get("consent") == (None if is_refused else "yes")
    assert "先打开看清" not in page
    acts(office, case, "transfer", recipient="示范市住建局", road="letter", consent="yes")
    # There is a letter now, and it may be passed on to yet another.
    assert opens(office, case).text.count(warning) == 2 * is_refused
