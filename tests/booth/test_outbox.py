"""Enrolling at a hub, and sending to it."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from kiosk.booth import outbox
from kiosk.booth.journal import Journal
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig
from kiosk.errors import SYNC_UNREACHABLE, Problem
from kiosk.hub import devices, fairs, people
from kiosk.hub.context import Hub
from kiosk.sync import protocol
from kiosk.sync.push import Answer
from tests.clocks import FakeClock
from tests.makers import HUB_URL, Pair, WsgiTransport, a_draft

FINGERPRINT = b"\x31\x50" * 16  # of no hub


@pytest.fixture
def tablet(tmp_path: Path, clock: FakeClock):
    """A journal that nobody has enrolled yet."""
    with closing(init_booth(BoothConfig(tmp_path / "tablet"), clock)) as journal:
        yield journal


def a_code(hub: Hub, desk: str = "d02") -> str:
    with hub.store.begin() as tx:
        return devices.draw_code(tx, hub, fairs.find_fair(tx, None), desk, hub.clock.now())


def enrol(tablet: Journal, app: Flask, code: str) -> protocol.Certificate:
    return outbox.enrol(tablet, outbox.load_key(tablet.file.parent), WsgiTransport(app), HUB_URL, code)


def refused(tablet: Journal, app: Flask, code: str) -> str:
    with pytest.raises(Problem) as caught:
        enrol(tablet, app, code)
    assert tablet.identity().certificate is None
    return str(caught.value)


def test_a_code_makes_a_tablet_the_fair_s(tablet: Journal, hub: Hub, hub_app: Flask):
    certificate = enrol(tablet, hub_app, a_code(hub))
    assert (certificate.fair, certificate.desk, certificate.hub) == ("demo", "d02", hub.id)
    assert tablet.append(a_draft())[0].desk == "d02"


def test_a_code_is_good_once(tablet: Journal, hub: Hub, hub_app: Flask, tmp_path: Path, clock: FakeClock):
    code = a_code(hub)
    enrol(tablet, hub_app, code)
    with closing(init_booth(BoothConfig(tmp_path / "second"), clock)) as second:
        assert "enrol.code" in refused(second, hub_app, code)


def test_a_code_is_good_for_ten_minutes(tablet: Journal, hub: Hub, hub_app: Flask, clock: FakeClock):
    code = a_code(hub)
    clock.tick(600.001)
    assert "enrol.code" in refused(tablet, hub_app, code)


def test_a_lost_answer_is_asked_for_again(tablet: Journal, hub: Hub, hub_app: Flask):
    code, way = a_code(hub), WsgiTransport(hub_app)

    def bad_road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = way(method, path, body, headers)
        if path.endswith("/enrol"):
            raise Problem(SYNC_UNREACHABLE, reason="cut")
        return answer

    with pytest.raises(Problem):
        outbox.enrol(tablet, outbox.load_key(tablet.file.parent), bad_road, HUB_URL, code)
    assert enrol(tablet, hub_app, code).desk == "d02"


def test_another_hub_is_told_by_its_fingerprint_before_it_gets_the_token(tablet: Journal, hub: Hub, hub_app: Flask):
    token, _ = protocol.read_code(a_code(hub))
    asked: list[str] = []

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        asked.append(path)
        return WsgiTransport(hub_app)(method, path, body, headers)

    code = protocol.write_code(token, FINGERPRINT)
    with pytest.raises(Problem, match=r"enrol\.fingerprint"):
        outbox.enrol(tablet, outbox.load_key(tablet.file.parent), road, HUB_URL, code)
    assert asked == ["/sync/v1/hello"]


def test_a_token_nobody_drew_is_refused(tablet: Journal, hub: Hub, hub_app: Flask):
    assert "enrol.code" in refused(tablet, hub_app, protocol.write_code("0" * 32, hub.fingerprint))


def test_a_tablet_is_enrolled_once(paired: Pair):
    with pytest.raises(Problem, match=r"booth\.enrolled"):
        enrol(paired.booth.journal, paired.hub_app, a_code(paired.hub))


def test_without_an_enrolment_there_is_nowhere_to_send_to(tablet: Journal, hub_app: Flask, clock: FakeClock):
    key = outbox.load_key(tablet.file.parent)
    with pytest.raises(Problem, match=r"booth\.unenrolled"):
        outbox.sync(tablet, key, WsgiTransport(hub_app), "", clock)


def test_a_fair_that_changed_reaches_the_tablet(paired: Pair):
    before = paired.booth.journal.identity().notice_etag
    paired.sync()
    assert paired.booth.journal.identity().notice_etag == before
    with paired.hub.store.begin() as tx:
        people.add_volunteer(tx, "demo", "wang", "王小明", "271828")
    paired.sync()
    paired.clock.tick(6)
    assert set(paired.booth.enrolled.volunteers) == {"li", "wang"}
