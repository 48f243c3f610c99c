"""Before the day, at the hub: every desk's tablet, what is missing on it, and all of it in one sentence."""

import re

import pytest

from kiosk import strictjson
from kiosk.clock import stamp
from kiosk.hub import fairs, readiness
from kiosk.hub.tables import devices, volunteers
from tests.hub.tablets import a_tablet
from tests.hub.test_api import a_status, code_of, send_status
from tests.hub.test_board import add_large_fair
from tests.makers import CASEWORKER, Browser, a_fair
from tests.proof import share_hubs

WELL = {"battery": 83, "charging": False, "camera": "works", "printer": "works", "sound": "works"}


def tell(hub_app, tablet, **changes: object) -> None:
    """The tablet says how it is; by default that all is well."""
    here = hub_app.extensions["hub"]
    told = {"seq": 0, "hash": tablet.root.hex(), "pack": here.pack.version, "free_mb": 5_000, "health": WELL}
    body = strictjson.dumps(a_status(tablet, at=stamp(here.clock.now()), **{**told, **changes}))
    assert send_status(hub_app.test_client(), tablet, body).status_code == 200


def open_canaries(hub) -> None:
    with hub.store.begin() as tx:
        tx.execute(devices.update().values(canary_state="opened"))


def summary(hub, fair: str = "demo") -> readiness.Summary:
    with hub.store.reading() as tx:
        return readiness.summary(tx, fairs.find_fair(tx, fair), hub.clock.now(), hub.pack.version)


def row_of(hub, desk: str) -> readiness.DeskRow:
    (found,) = [row for row in summary(hub).rows if row.desk.id == desk]
    return found


def amiss(hub, desk: str) -> dict[str, str]:
    return {key: check.level for key, check in row_of(hub, desk).checks.items() if check.level != "good"}


def test_a_desk_without_a_tablet_stops_the_day_and_so_does_one_that_was_never_heard_of(hub):
    a_tablet(hub, "d02")
    found = summary(hub)
    assert len(found.rows) == 20
    assert {row.level for row in found.rows} == {"stop"}
    assert "19 个台没有能用的平板" in [one.zh for one in found.verdict.missing]
    assert amiss(hub, "d01") == {"desk": "stop"}
    assert amiss(hub, "d02")["heard"] == "stop"


def test_what_a_tablet_tells_of_itself_stands_in_its_row(hub, hub_app, clock):
    tablet = a_tablet(hub, "d02")
    tell(hub_app, tablet)
    open_canaries(hub)
    assert amiss(hub, "d02") == {"rehearsal": "care"}
    changes = {"pack": "of-last-year", "free_mb": 100, "health": {"battery": 9, "charging": False, "camera": "none"}}
    tell(hub_app, tablet, **changes)
    stops = {"pack": "stop", "disk": "stop", "battery": "stop", "camera": "care", "rehearsal": "care"}
    assert amiss(hub, "d02") == stops  # printer and sound: the last word there was
    clock.tick(6 * 60)
    assert amiss(hub, "d02") == stops | {"heard": "stop"}


def test_what_is_missing_for_everybody_is_said(hub, hub_app):
    tell(hub_app, a_tablet(hub, "d02"))
    with hub.store.begin() as tx:
        tx.execute(volunteers.delete())
    assert "没有志愿者和PIN" in [one.zh for one in summary(hub).verdict.missing]


def test_a_fork_an_old_certificate_and_unsent_facts_are_seen(hub, hub_app, clock):
    tablet = a_tablet(hub, "d02")
    tell(hub_app, tablet, seq=4, hash="ab" * 32)
    assert amiss(hub, "d02")["unsent"] == "care"
    with hub.store.begin() as tx:
        tx.execute(devices.update().values(not_after=clock.now().timestamp() - 1))
    assert row_of(hub, "d02").checks["desk"].word.zh == "证书过期"


@share_hubs
@pytest.mark.parametrize("field", [{"battery": 101}, {"battery": "9"}, {"camera": "broken"}, {"nose": 1}])
def test_what_no_tablet_tells_of_itself_is_refused(hub, hub_app, field):
    tablet = a_tablet(hub)
    body = strictjson.dumps(a_status(tablet, health=field))
    assert code_of(send_status(hub_app.test_client(), tablet, body)) == "sync.malformed"


def test_the_page_says_it_in_one_sentence_and_shows_what_one_asks_for(hub, hub_app):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    for desk in ("d01", "d02"):
        tell(hub_app, a_tablet(hub, desk))
    open_canaries(hub)

    def shown(query: str = "") -> list[str]:
        page = office.get(f"/fairs/demo/readiness{query}")
        assert page.status == 200
        return re.findall(r'<(?:tr|span) id="desk-', page.text)

    assert "还差：18 个台没有能用的平板。" in office.get("/fairs/demo/readiness")
    counts = [len(shown(query)) for query in ("", "?show=stop", "?show=care", "?show=good", "?show=care&venue=v1")]
    assert counts == [20, 18, 2, 0, 2]
    assert len(shown("?venue=v2")) == len([desk for desk in a_fair().desks if desk.venue == "v2"])
    assert [len(shown(query)) for query in ("?show=<x>", "?venue=nowhere", "?page=99999", "?page=x")] == [20] * 4
    page = office.get("/fairs/demo/readiness").text
    assert page.rindex('<tr id="desk-') < page.index("18 个服务台还没有平板") < page.index("打印这些台的码单")
    office.client.set_cookie("lang", "en")
    assert "Not yet: 18 without a usable tablet." in office.get("/fairs/demo/readiness")


def test_whoever_is_not_signed_in_is_sent_to_the_door(hub_client):
    assert hub_client.get("/fairs/demo/readiness").status_code == 303


def test_many_tablets_come_page_by_page_and_desks_without_are_folded(hub, hub_app, monkeypatch):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    add_large_fair(hub, venues=30, desks=250)
    page = office.get("/fairs/large/readiness").text
    assert ("250 个服务台还没有平板" in page, page.count('id="desk-')) == (True, 200)
    monkeypatch.setattr(readiness, "_PAGE", 1)
    for desk in ("d01", "d02"):
        tell(hub_app, a_tablet(hub, desk))
    pages = [office.get(f"/fairs/demo/readiness?page={number}").text for number in (1, 2)]
    assert [text.count('<tr id="desk-') for text in pages] == [1, 1]
    assert pages[0] != pages[1]
