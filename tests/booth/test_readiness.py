"""Before the day: what the tablet knows of itself, what its page and a volunteer tell, and what the hub hears of it."""

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import select

from kiosk.booth import readiness
from kiosk.booth.health import BATTERY_IS_FRESH
from kiosk.errors import JOURNAL_DAMAGED, Problem
from kiosk.hub.tables import devices
from kiosk.reports.readiness import checks
from kiosk.sync.push import Answer
from tests.makers import Pair, WsgiTransport, a_draft, a_headcount


def tell(client, **told: str):
    return client.post("/health", data=told)


def levels(booth) -> dict[str, str]:
    return {check.key: check.level for check in checks(readiness.look(booth))}


def test_the_page_tells_the_battery_with_nobody_signed_in_and_it_is_believed_for_some_minutes(booth, client, clock):
    assert tell(client, battery="17", charging="0").status_code == 204
    assert (booth.health.told().battery, levels(booth)["battery"]) == (17, "stop")
    tell(client, battery="17", charging="1")
    assert levels(booth)["battery"] == "good"
    clock.tick(BATTERY_IS_FRESH / 1000 + 1)
    assert (booth.health.told().battery, levels(booth)["battery"]) == (msgspec.UNSET, "care")


@pytest.mark.parametrize(
    "told",
    [{}, {"battery": "101", "charging": "0"}, {"battery": "-1", "charging": "0"}, {"battery": "５", "charging": "0"},
     {"battery": "50"}, {"battery": "50", "charging": "yes"}, {"camera": "works"}, {"disk": "9"}],
)  # fmt: skip
def test_what_no_page_of_ours_tells_is_refused(booth, client, told):
    assert tell(client, **told).status_code == 400
    assert booth.health.told() == msgspec.structs.replace(booth.health.told(), battery=msgspec.UNSET)


def test_nobody_from_outside_tells_how_the_tablet_is(booth, client):
    booth.phones.url = "http://192.168.31.5:3150"
    answer = client.post("/health", data={"camera": "none"}, environ_base={"REMOTE_ADDR": "192.168.31.77"})
    assert (answer.status_code, booth.health.told().camera) == (403, msgspec.UNSET)


def test_a_tablet_in_trouble_hears_of_its_battery_all_the_same(booth, client):
    """Its page goes on telling, and must not be met with an error every minute."""
    booth.journal.trouble = Problem(JOURNAL_DAMAGED, seq=1)
    assert tell(client, battery="40", charging="0").status_code == 204


def test_a_volunteer_tries_what_no_program_can_know(paired: Pair):
    page = paired.at_the_desk().get("/staff/ready")
    assert (page.status, "还没试" in page) == (200, True)
    desk = paired.at_the_desk()
    for what, answer in (("camera", "works"), ("printer", "fails"), ("sound", "works")):
        assert desk.post("/staff/ready", what=what, answer=answer).status in (200, 303)
    told = paired.booth.health.told()
    assert (told.camera, told.printer, told.sound) == ("works", "fails", "works")
    tell(desk.client, camera="seen")
    assert paired.booth.health.told().camera == "works"  # somebody saw a picture
    assert desk.post("/staff/ready", what="camera", answer="fails").status == 400
    assert desk.post("/staff/ready", what="battery", answer="works").status == 400


def test_without_a_pin_nobody_tries_anything(client):
    assert client.get("/staff/ready").status_code == 303
    assert client.post("/staff/ready", data={"what": "sound", "answer": "works"}).status_code == 403


def test_the_page_says_in_one_sentence_what_is_missing(paired: Pair):
    desk = paired.at_the_desk()
    assert "还没联系过" in desk.get("/staff/ready")  # offline is no reason not to open …
    assert levels(paired.booth)["heard"] == "care"
    paired.sync()
    found = levels(paired.booth)
    assert (found["heard"], found["pack"], found["clock"], found["unsent"]) == ("good",) * 4
    notice = paired.booth.journal.identity().notice
    assert notice.pack == paired.booth.pack.version
    paired.booth.pack = replace(paired.booth.pack, version="of-last-year")
    assert "还差：内容包：和汇总端不同。" in desk.get("/staff/ready")  # … another pack is
    desk.client.set_cookie("lang", "en")
    assert "Not yet: Pack: Not the hub&#39;s." in desk.get("/staff/ready")


def test_the_hub_hears_of_it_and_keeps_the_last_word_of_what_was_tried(paired: Pair, clock):
    def kept() -> tuple[object, ...]:
        with paired.hub.store.reading() as tx:
            columns = (devices.c.battery, devices.c.charging, devices.c.camera, devices.c.printer, devices.c.sound)
            return tuple(tx.execute(select(*columns)).one())

    paired.sync()
    assert kept() == (None,) * 5
    paired.booth.health.learn(battery=81, charging=False, camera="works", printer="works")
    paired.sync()
    assert kept() == (81, False, "works", "works", None)
    clock.tick(BATTERY_IS_FRESH / 1000 + 1)
    paired.sync()
    assert kept() == (None, None, "works", "works", None)


def test_a_hub_of_before_gets_the_facts_all_the_same(paired: Pair):
    """It refuses a status with what it does not know; nothing that was recorded waits for its upgrade."""
    road, asked = WsgiTransport(paired.hub_app), []

    def old(method, path, body, headers) -> Answer:
        if path == "/sync/v1/status":
            asked.append(b'"health"' in body)
            if asked[-1]:
                refused = b'{"problem":"sync.malformed","zh":"x","en":"Object contains unknown field `health`"}'
                return Answer(400, {}, refused)
        return road(method, path, body, headers)

    paired.booth.health.learn(battery=50, charging=True)
    paired.booth.journal.append(a_draft(a_headcount(3)))
    result = paired.booth.sync(old)
    assert (asked, result.new > 0, paired.booth.journal.unsent()) == ([True, False], True, 0)


def test_what_the_browser_tells_stands_at_healthz(booth, client):
    tell(client, battery="64", charging="0", camera="seen")
    assert client.get("/healthz").get_json()["health"] == {"battery": 64, "charging": False, "camera": "seen"}
