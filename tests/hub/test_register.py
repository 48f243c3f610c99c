"""The register of cases: what stands in it, and how it is filtered and searched."""

import random

import pytest

from kiosk.facts import complaints as form
from kiosk.facts.cases import CaseAssigned
from kiosk.hub import calendars
from kiosk.hub.tables import complaints, openings
from kiosk.workdays import Notice
from tests.hub.search import find
from tests.hub.tablets import a_tablet, rows
from tests.hub.test_cases import CASE, a_case, row_of, take
from tests.hub.test_people import add, as_
from tests.makers import COMPLAINT, Browser, Pair
from tests.proof import share_hubs

OTHER = "7KQ2-M0ZRD"
AT = "/fairs/demo/cases"
SECRETS = [COMPLAINT[name] for name in ("name", "phone", "address", "facts", "respondent")]


@pytest.fixture
def office(paired: Pair) -> Browser:
    a_case(paired.hub)
    return paired.in_the_office()


def test_a_locked_hub_shows_everything_but_what_is_sealed(paired: Pair, office):
    add(paired.hub, "lin", "made-up-for-viewing", "viewer")
    viewer = as_(paired, "lin", "made-up-for-viewing")
    for page in (viewer.get(AT), viewer.get(f"{AT}/{CASE}"), office.get(f"{AT}/{CASE}")):
        assert CASE in page
        assert "人民广场" in page
        assert [secret for secret in SECRETS if find(page.text.encode(), secret)] == []
    assert rows(paired.hub, openings) == []


def test_the_register_says_how_much_time_is_left_and_that_it_is_estimated(paired: Pair, office):
    assert "还剩 7 个工作日" in office.get(AT)
    assert "推算" in office.get(AT)
    paired.clock.tick(7 * 24 * 3600)
    office.sign_in(*paired.caseworker)
    assert "还剩 2 个工作日" in office.get(f"{AT}?due=soon")
    paired.clock.tick(3 * 24 * 3600)
    office.sign_in(*paired.caseworker)
    page = office.get(f"{AT}?due=overdue")
    assert CASE in page
    assert "已超期 1 个工作日" in page
    assert CASE not in office.get(f"{AT}?due=soon")


def test_with_the_notice_of_the_year_nothing_is_estimated(paired: Pair, office):
    off = [f"2027-03-{day:02d}" for day in range(16, 23)]  # made up: a week off right after the fair
    with paired.hub.store.begin() as tx:
        calendars.enter(tx, Notice(year=2027, off=off, worked=[]))
    page = office.get(AT)
    assert "推算" not in page
    assert "2027-03-31" in page


def test_what_is_asked_for_is_what_is_shown(paired: Pair, office):
    tablet = a_tablet(paired.hub, "d07")
    a_case(paired.hub, OTHER, tablet, matter="report", standing="pre")
    take(paired.hub, CaseAssigned(case=CASE, unit="xinhua", handler=""))
    for query, shown, hidden in (
        ("matter=report", OTHER, CASE),
        ("matter=complaint", CASE, OTHER),
        ("venue=v2", OTHER, CASE),
        ("unit=xinhua", CASE, OTHER),
        ("state=registered", OTHER, CASE),
        ("state=open&venue=v1", CASE, OTHER),
        (f"text={CASE.lower()}", CASE, OTHER),
        ("day=2027-03-15&matter=report", OTHER, CASE),
    ):
        page = office.get(f"{AT}?{query}")
        assert (shown in page, hidden in page) == (True, False), query
    for query in (
        "state=nonsense",
        "venue=x",
        "text=%00",
        "page=99",
        "day=%27",
        "handler=" + "x" * 5000,
        "due=x&page=-1",
    ):
        assert office.get(f"{AT}?{query}").status == 200


def test_pages_hold_fifty_and_together_all(paired: Pair, office):
    held = row_of(paired.hub)._mapping
    dice = random.Random(1)
    many = [
        {**held, "seq": 100 + n, "case": form.draw_case_number(dice.randrange), "fact": f"{n:032x}"} for n in range(120)
    ]
    with paired.hub.store.begin() as tx:
        tx.execute(complaints.insert(), many)
    for query in ("", "due=overdue&", "state=received&"):
        if "due" in query:
            paired.clock.tick(30 * 24 * 3600)
            office.sign_in(*paired.caseworker)
        seen: list[str] = []
        for number in (1, 2, 3):
            page = office.get(f"{AT}?{query}page={number}")
            seen += [one["case"] for one in [*many, held] if f'id="case-{one["case"]}"' in page]
        assert sorted(seen) == sorted(one["case"] for one in [*many, held])


@share_hubs
def test_the_old_addresses_lead_to_the_new_ones(office):
    assert office.get("/fairs/demo/complaints").path == AT
    assert office.get(f"/fairs/demo/complaints/{CASE}").path == f"{AT}/{CASE}"


def test_a_number_is_searched_for_without_standing_in_an_address(paired: Pair, office, caplog):
    caplog.set_level(0)
    a_case(paired.hub, OTHER, phone="13900000001")
    csrf = office.get(AT).form("/logout").values["csrf"]
    page = office.post(f"{AT}/find", phone="138 0000 0000", csrf=csrf)
    assert (f'id="case-{CASE}"' in page, f'id="case-{OTHER}"' in page) == (True, False)
    assert "13800000000" not in page
    assert find(caplog.text.encode(), "13800000000") == []
    assert office.post(f"{AT}/find", phone="没有", csrf=csrf).status == 400
    assert office.get(f"{AT}/find").status == 404
