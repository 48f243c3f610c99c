"""Enrolling at a hub, and sending to it."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from kiosk.booth import enrolment, outbox
from kiosk.booth.app import create_booth_app
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import stamp
from kiosk.config import BoothConfig
from kiosk.errors import SYNC_UNREACHABLE, Problem
from kiosk.hub import devices, fairs, people
from kiosk.hub.context import Hub
from kiosk.hub.tables import blobs
from kiosk.sync import protocol
from kiosk.sync.push import Answer
from tests.clocks import FakeClock
from tests.hub.tablets import rows
from tests.makers import HUB_URL, Pair, WsgiTransport, a_draft, a_filing, an_id, facts_of

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


# --- what is believed on the way --------------------------------------------------------------------


def changing(app: Flask, part: str, change: Callable[[Answer], Answer]) -> Callable[..., Answer]:
    """A road on which somebody changes the answers of some addresses."""
    way = WsgiTransport(app)

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = way(method, path, body, headers)
        return change(answer) if part in path else answer

    return road


def a_notice(hub: Hub, desk: str) -> bytes:
    with hub.store.reading() as tx:
        return devices.notice(tx, hub, fairs.find_fair(tx, None), desk)


def test_a_notice_the_hub_signed_for_another_desk_is_not_kept(paired: Pair):
    journal, foreign = paired.booth.journal, a_notice(paired.hub, "d02")
    journal.append(a_draft())
    road = changing(paired.hub_app, "/packs/", lambda _answer: Answer(200, {"ETag": "x"}, foreign))
    with pytest.raises(Problem, match="another desk"):
        paired.booth.sync(road)
    assert journal.unsent() == 0, "what it held has arrived all the same"
    paired.sync()
    paired.clock.tick(6)
    assert paired.booth.enrolled.desk.id == "d01"


def test_a_tablet_that_kept_such_a_notice_once_gets_well_by_itself(paired: Pair):
    settings = paired.booth.config
    paired.booth.journal.keep_notice(a_notice(paired.hub, "d02"), "x")
    paired.booth.close()
    again = create_booth_app(settings, paired.clock).extensions["booth"]
    with closing(again):
        with pytest.raises(Problem, match=r"desk\.unknown"):
            assert again.enrolment
        again.road = lambda _url: WsgiTransport(paired.hub_app)
        enrolment.errand(again)
        assert again.enrolled.desk.id == "d01"


def test_a_notice_that_did_not_change_is_not_sent_again_however_a_proxy_spells_its_etag(paired: Pair):
    seen: list[int] = []

    def spelt(answer: Answer) -> Answer:
        seen.append(answer.status)
        headers = {("Etag" if name == "ETag" else name): value for name, value in answer.headers.items()}
        return Answer(answer.status, headers, answer.body)

    paired.booth.journal.keep_notice(a_notice(paired.hub, "d01"), "")
    for _ in range(3):
        paired.booth.sync(changing(paired.hub_app, "/packs/", spelt))
    assert seen == [200, 304, 304]


def test_the_hubs_time_is_noted_before_anything_is_sent_and_only_once(paired: Pair):
    paired.booth.journal.append(a_draft())
    for new in (2, 0, 0):
        assert paired.sync().new == new
    noted = facts_of(paired.booth.journal, "clock.compared")
    assert [(fact.seq, fact.body["hub_at"]) for fact in noted] == [(2, stamp(paired.clock.now()))]


def test_a_tablet_with_nothing_to_send_notes_the_hubs_time_too(paired: Pair):
    paired.sync()
    assert [fact.kind for fact in facts_of(paired.booth.journal)] == ["clock.compared"]


def test_a_recorded_head_and_receipt_tell_no_time_after_a_restart(paired: Pair):
    paired.booth.journal.append(a_draft())
    recorded: dict[str, Answer] = {}
    way = WsgiTransport(paired.hub_app)

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = way(method, path, body, headers)
        recorded[path.partition("?")[0]] = answer
        return answer

    paired.booth.sync(road)
    settings = paired.booth.config
    paired.booth.close()
    paired.clock.tick(86_400)
    paired.clock.reboot()
    with closing(create_booth_app(settings, paired.clock).extensions["booth"]) as again:
        again.sync(lambda method, path, _body, _headers: recorded[path.partition("?")[0]])
        assert len(facts_of(again.journal, "clock.compared")) == 1
        again.sync(way)
        noted = facts_of(again.journal, "clock.compared")
        assert [fact.body["hub_at"] for fact in noted][1:] == [stamp(paired.clock.now())]


def test_the_last_copy_stays_until_the_hub_itself_said_that_it_lacks_nothing(paired: Pair):
    content = b"sealed"
    name = hashlib.sha256(content).hexdigest()
    body = a_filing(name, 6)
    journal = paired.booth.journal
    journal.append(Draft(an_id(7), body, "li", content))
    paired.sync()
    assert journal.unsent() == 0
    with paired.hub.store.begin() as tx:
        tx.execute(blobs.delete())  # it was set back to a copy
    paired.clock.tick(9 * 86_400)  # the fair is long over

    def swallowed(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if method == "PUT":
            return Answer(200, {}, b'{"held":6,"whole":true}')
        return WsgiTransport(paired.hub_app)(method, path, body, headers)

    paired.booth.sync(swallowed)
    assert (journal.blob(name), journal.unsent()) == (content, 1)
    paired.sync()
    assert [bytes(row[1]) for row in rows(paired.hub, blobs)] == [content]
    assert (journal.blob(name), journal.unsent()) == (None, 0)
