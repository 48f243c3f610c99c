"""Posters: a desk's plain address at the hub, in three sizes, from the tablet and from the office."""

import pytest
from sqlalchemy import update

from kiosk.hub.tables import devices
from tests.hub.phones import device_of
from tests.hub.tablets import a_tablet
from tests.makers import Page, Pair
from tests.proof import share_hubs
from tests.scanner import scanned


@share_hubs
@pytest.mark.parametrize("size", ["a4", "a5", "card"])
def test_the_tablet_prints_its_desk_s_address_and_nothing_secret(paired: Pair, size):
    page = paired.at_the_desk().get(f"/complaint/poster?size={size}")
    assert scanned(page.text) == [f"http://localhost/m/complaint/{device_of(paired)}"]
    assert (f"poster-{size}" in page, "人民广场" in page, "12315" in page) == (True, True, True)


def test_what_the_poster_says_leads_to_the_form(paired: Pair, hub_client):
    (address,) = scanned(paired.at_the_desk().get("/complaint/poster").text)
    assert hub_client.get(address.removeprefix("http://localhost")).status_code == 200


def test_passers_by_print_nothing(paired: Pair):
    page = paired.visitor().get("/complaint/poster")
    assert (scanned(page.text), "PIN" in page) == ([], True)


def test_a_size_nobody_has_is_the_largest(paired: Pair):
    for size in ("", "a3", "<x315>", "card%00"):
        page = paired.at_the_desk().get(f"/complaint/poster?size={size}")
        assert ("poster-a4" in page, "<x315>" in page) == (True, False)


def test_the_organiser_prints_one_for_every_desk_that_has_a_tablet(paired: Pair):
    other = a_tablet(paired.hub, "d02")
    page = paired.in_the_office().get("/fairs/demo/posters?size=card")
    found = scanned(page.text)
    assert found == [
        f"http://localhost/m/complaint/{one}" for one in (device_of_desk(paired, "d01"), device_of_desk(paired, "d02"))
    ]
    assert other.journal
    assert "个服务台还没有平板" in page


def test_a_tablet_that_is_not_in_use_has_no_poster(paired: Pair):
    with paired.hub.store.begin() as tx:
        tx.execute(update(devices).values(state="replaced"))
    assert scanned(paired.in_the_office().get("/fairs/demo/posters").text) == []


def test_posters_of_all_desks_are_the_organiser_s(paired: Pair, hub_client):
    assert Page(hub_client.get("/fairs/demo/posters")).status == 303


def device_of_desk(pair: Pair, desk: str) -> str:
    with pair.hub.store.reading() as tx:
        return str(tx.execute(devices.select().where(devices.c.desk == desk)).one().device)
