"""What was passed on to outside bodies, and how that fared."""

import pytest

from kiosk.facts.cases import CaseTransferred
from kiosk.hub.tables import deliveries, transfers
from tests.hub.phones import acts
from tests.hub.tablets import rows
from tests.hub.test_cases import CASE, a_case, row_of, take
from tests.makers import Browser, Pair

AT = "/fairs/demo/cases"


@pytest.fixture
def office(paired: Pair) -> Browser:
    a_case(paired.hub)
    return paired.in_the_office()


def test_each_recipient_s_delivery_is_told_apart_from_the_case(paired: Pair, office):
    for recipient in ("示范市住建局", "示范市交通局"):
        take(paired.hub, CaseTransferred(case=CASE, recipient=recipient, road="letter"))
    page = office.get(f"{AT}/deliveries")
    first = page.text.partition('name="transfer" value="')[2][:32]
    page = acts(office, CASE, "delivery", transfer=first, state="failed", back="1")
    assert page.path == f"{AT}/deliveries"
    assert "没有送到" in page
    assert "还没有送出" in page
    assert row_of(paired.hub).state == "transferred"
    acts(office, CASE, "delivery", transfer=first, state="acknowledged")
    assert "对方已签收" in office.get(f"{AT}/{CASE}")


def test_what_has_not_arrived_is_counted_and_shown_however_much_came_after_it(paired: Pair, office):
    for recipient in ("示范市住建局", "示范市交通局"):
        take(paired.hub, CaseTransferred(case=CASE, recipient=recipient, road="letter"))
    _, held = rows(paired.hub, transfers)
    with paired.hub.store.begin() as tx:
        for n in range(1000, 1250):  # that many later ones, each acknowledged
            later = {"at": "2027-03-16T09:00:00.000+08:00", "fact": f"{n:032x}", "seq": n}
            one = {**dict(zip(transfers.c.keys(), held, strict=True)), **later}
            tx.execute(transfers.insert().values(one))
            told = {name: one[name] for name in ("journal", "fair", "case", "at")}
            arrived = {**told, "seq": n + 1000, "transfer": one["fact"], "state": "acknowledged"}
            tx.execute(deliveries.insert().values(arrived))
    assert "<b>2</b> 转出待签收" in office.get(AT)
    first, last = office.get(f"{AT}/deliveries"), office.get(f"{AT}/deliveries?page=99")
    assert "示范市住建局" in first
    assert ("第 1 页，共 2 页" in first, "第 2 页，共 2 页" in last) == (True, True)
    assert (first.text.count("2027-03-16"), last.text.count("2027-03-16")) == (2 * 198, 2 * 52)
