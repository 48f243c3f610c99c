"""The big screen: the figures and no others, for whom the organiser lets, and nothing sent that did not change."""

import re

import msgspec
import pytest

from kiosk.hub import fairs, screens
from kiosk.hub.tables import fairs as fairs_table
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_board import a_busy_day, add_large_fair
from tests.makers import CASEWORKER, Browser, a_fair, a_headcount


@pytest.fixture
def public(hub):
    fair = a_fair(public_screen=True)
    with hub.store.begin() as tx:
        tx.execute(fairs_table.update().values(document=msgspec.json.encode(fair).decode()))


def numbers(client, **headers: str):
    return client.get("/screen/demo/numbers", headers=headers)


def test_it_shows_the_figures_of_the_table_to_anybody_where_it_may(hub, hub_client, public):
    a_busy_day(hub)
    with hub.store.reading() as tx:
        known = {figure.key: figure.value for figure in fairs.figures_of(tx, a_fair())}
    told = numbers(hub_client).get_json()
    smaller = ("complaints", "reports", "quicktest_batches", "exhibit_kinds")
    assert told["figures"] == {key: known[key] for key in (*screens.FIGURES, *smaller)}
    assert told["venues"] == {"v1": [1234, 100], "v2": [300, 24], "v3": [7, 0], "v4": [0, 0]}
    page = hub_client.get("/screen/demo")
    assert page.status_code == 200
    assert set(re.findall(r'data-figure="([a-z_]+)"', page.text)) == set(told["figures"])
    for text in ("1,541", a_fair().theme.zh, a_fair().theme.en, "12315"):
        assert text in page.text


def test_where_it_may_not_it_is_for_those_who_are_signed_in(hub, hub_client, hub_app):
    for path in ("/screen/demo", "/screen/demo/numbers"):
        assert hub_client.get(path).status_code == 303
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    assert office.get("/screen/demo").status == 200
    assert office.get("/screen/nowhere").status == 404


def test_nothing_is_sent_while_nothing_changed(hub, hub_client, clock, public):
    first = numbers(hub_client)
    tag = first.headers["ETag"]
    same = numbers(hub_client, **{"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    deliver(hub, a_tablet(hub).record(a_headcount(3)).batch())
    clock.tick(60)
    changed = numbers(hub_client, **{"If-None-Match": tag})
    assert (changed.status_code, changed.get_json()["figures"]["headcount"]) == (200, 3)
    assert changed.headers["ETag"] != tag


def test_however_many_look_it_is_added_up_once(hub, hub_client, public, monkeypatch):
    asked = []
    real = screens.figures_of
    monkeypatch.setattr(screens, "figures_of", lambda tx, fair, **told: asked.append(fair.id) or real(tx, fair, **told))
    for _ in range(50):
        assert numbers(hub_client).status_code == 200
    assert asked == ["demo"]


def test_the_slogans_are_the_fair_s_own_where_it_has_some(hub, hub_app, hub_client, clock, public):
    ours = hub.pack.slogans[0].zh
    assert ours in hub_client.get("/screen/demo").text
    own = a_fair(public_screen=True, slogans=[msgspec.structs.replace(a_fair().theme, zh="放心消费在示范市")])
    with hub.store.begin() as tx:
        tx.execute(fairs_table.update().values(document=msgspec.json.encode(own).decode()))
    clock.tick(60)
    text = hub_client.get("/screen/demo").text
    assert ("放心消费在示范市" in text, ours in text) == (True, False)


def test_a_large_fair_shows_its_busiest_venues(hub, hub_app):
    add_large_fair(hub, venues=30, desks=40)
    for number in range(10):
        deliver(hub, a_tablet(hub, f"d{number:03d}", "large").record(a_headcount(number + 1)).batch())
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    assert office.get("/screen/large").text.count("data-venue=") == screens.MOST_VENUES
    told = office.client.get("/screen/large/numbers").get_json()
    assert [n for n, _ in told["venues"].values()] == [10, 9, 8, 7, 6, 5]


def test_switched_off_it_is_off_at_once(hub, hub_client, public):
    assert hub_client.get("/screen/demo").status_code == 200
    with hub.store.begin() as tx:
        tx.execute(fairs_table.update().values(document=msgspec.json.encode(a_fair()).decode()))
    assert [hub_client.get(path).status_code for path in ("/screen/demo", "/screen/demo/numbers")] == [303, 303]
