"""One case: what stands on its page, for whom, and what opening it shows."""

import re

import msgspec
import pytest

from kiosk.facts.cases import CaseTransferred
from kiosk.facts.complaints import Consents
from kiosk.hub import people
from kiosk.hub.fairs import add_fair
from kiosk.hub.journal import own_journal
from kiosk.hub.tables import openings
from tests.hub.phones import acts, file_by_phone, leave_case, opens
from tests.hub.tablets import a_tablet, rows
from tests.hub.test_cases import CASE, a_case, row_of, take
from tests.hub.test_people import as_
from tests.makers import COMPLAINT, Browser, Pair, a_fair
from tests.proof import share_hubs

AT = "/fairs/demo/cases"
OTHER = "7KQ2-M0ZRD"
_ON_PAPER = {"同意": "是", "没有同意": "否"}
SECRETS = [COMPLAINT[name] for name in ("name", "phone", "address", "facts", "respondent")]


@pytest.fixture
def office(paired: Pair) -> Browser:
    a_case(paired.hub)
    return paired.in_the_office()


def colleague(pair: Pair, role: str, with_key: bool = True) -> tuple[str, Browser]:
    """Somebody with one role, and with the key where their role has it; their id, and them at the screen."""
    with pair.hub.store.begin() as tx:
        key = people.open_key(tx, *pair.caseworker) if with_key else None
        person = people.add_person(tx, role, f"made-up-{role}", {role}, key)
    return person.id, as_(pair, role, f"made-up-{role}")


@share_hubs
def test_the_page_offers_each_role_what_is_theirs(paired: Pair, office):
    handler, theirs = colleague(paired, "handler")
    _, intake = colleague(paired, "intake")
    _, auditor = colleague(paired, "auditor", with_key=False)
    assert "下一步" not in theirs.get(f"{AT}/{CASE}")
    assert opens(theirs, CASE).status == 403
    assert opens(intake, CASE).status == 200
    acts(intake, CASE, "assign", unit="", handler=handler)
    assert opens(intake, CASE).status == 403
    assert acts(intake, CASE, "accept").status == 403
    assert "受理并告知投诉人" in theirs.get(f"{AT}/{CASE}")
    assert opens(theirs, CASE).status == 200
    seen = auditor.get(f"{AT}/{CASE}")
    assert all(said in seen for said in ("打开内容", "intake", "handler", "办理这一件"))
    assert opens(auditor, CASE).status == 403


def test_opening_shows_what_is_sealed_once_and_notes_with_it(paired: Pair, office):
    acts(office, CASE, "note", text="约好<b>周三</b>再谈")
    assert "周三" not in office.get(f"{AT}/{CASE}")
    page = opens(office, CASE, "call_back")
    assert [secret for secret in SECRETS if secret not in page] == []
    assert "约好&lt;b&gt;周三&lt;/b&gt;再谈" in page
    assert "回访" in page
    assert "张三丰" not in office.get(f"{AT}/{CASE}")


def test_a_number_that_is_filed_again_takes_nobody_s_place_and_each_record_is_opened(paired: Pair, office):
    paired.clock.tick(60)
    another = a_tablet(paired.hub, "d02")
    a_case(paired.hub, tablet=another, phone="13900000001", said_at="2027-03-01T00:00:00.000+08:00")
    page = opens(office, CASE)
    assert ("13800000000" in page, "13900000001" in page, "登记了不止一次" in page) == (True, False, True)
    [record] = re.findall(r"\?record=([0-9a-f]{32})", office.get(f"{AT}/{CASE}").text)
    assert f'name="record" value="{record}"' in office.get(f"{AT}/{CASE}?record={record}")
    other = acts(office, CASE, "open", reason="handling", record=record)
    # What is passed on is the case: whether that may be, the record that came first says.
    assert ("13900000001" in other, "先打开看清是否同意转交" in other, "先打开看清" in page) == (True, True, False)
    assert "13900000001" in acts(office, CASE, "print", form="registration", reason="handling", record=record)
    assert len(rows(paired.hub, openings)) == 3
    assert office.get(f"{AT}/{CASE}?record={'0' * 32}").status == 404
    assert office.get(f"{AT}/{CASE}?record=x").status == 400


@share_hubs
@pytest.mark.parametrize(
    ("sealed", "said"),
    [
        ({}, [("转交", "同意"), ("委托调解", "同意"), ("公示", "没有同意")]),
        ({"form": "2019", "consents": Consents(forward=False)}, [("转交", "没有同意")]),
        ({"matter": "report", "consents": Consents(forward=True)}, [("转交", "同意")]),
        ({"matter": "report", "name": "", "consents": Consents()}, []),
        ({"form": "2019", "consents": None}, []),  # the first release asked for none
    ],
)
def test_the_consents_a_record_was_asked_for_are_shown_and_no_others(paired: Pair, sealed, said):
    case = leave_case(paired.hub, **sealed)
    office = paired.in_the_office()
    page = opens(office, case)
    assert re.findall(r"<dt>(转交|委托调解|公示)</dt><dd>(.*?)</dd>", page.text) == said
    paper = acts(office, case, "print", form="registration", reason="handling")
    rows_of_paper = re.findall(r'<th scope="row">是否同意(.*?)</th><td>(.*?)</td>', paper.text)
    assert rows_of_paper == [(name.replace("公示", "公示投诉信息"), _ON_PAPER[answer]) for name, answer in said]


def test_the_letter_that_sends_a_case_on_says_on_the_screen_that_the_person_did_not_agree(paired: Pair):
    for consents, is_said in ((Consents(forward=False), True), (Consents(forward=True), False), (None, False)):
        case = leave_case(paired.hub, consents=consents)
        take(paired.hub, CaseTransferred(case=case, recipient="示范市住房和城乡建设局", road="letter"))
        page = acts(paired.in_the_office(), case, "print", form="forward", reason="handling")
        assert ("投诉人没有同意转交：确需转交的，先征得同意。" in page) == is_said


def test_an_opened_case_names_others_of_the_same_number(paired: Pair, office):
    a_case(paired.hub, OTHER)
    opens(office, OTHER)
    page = opens(office, CASE)
    assert "同一号码还有" in page
    assert OTHER in page
    merged = acts(office, CASE, "merge", into=OTHER.lower())
    assert "已并入" in merged
    assert CASE in office.get(f"{AT}/{OTHER}")
    assert row_of(paired.hub).state == "merged"


def test_a_pre_registration_from_a_phone_is_received_by_a_step(paired: Pair):
    case = file_by_phone(paired)
    office = paired.in_the_office()
    assert "预登记" in office.get(f"{AT}/{case}")
    page = acts(office, case, "receive")
    assert "还剩 7 个工作日" in page


def test_openings_of_another_fair_s_case_with_the_same_number_are_no_part_of_the_history(paired: Pair, office):
    with paired.hub.store.begin() as tx:
        other = msgspec.structs.replace(a_fair(), id="other")
        add_fair(tx, other)
    opens(office, CASE)
    ((journal, _, *told),) = rows(paired.hub, openings)
    with paired.hub.store.begin() as tx:
        theirs = own_journal(tx, "other")
        for seq in range(1000, 1300):  # more than a page of history takes, and each later than ours
            tx.execute(openings.insert().values((theirs, seq, *told)))
    assert journal != theirs
    assert office.get(f"{AT}/{CASE}").text.count("<b>打开内容</b>") == 1
