"""A tablet joins a fair: a code, six digits on both screens, a canary; and what it does when the hub withdraws it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from flask import Flask

from kiosk.booth import enrolment, outbox
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig, HubConfig
from kiosk.errors import SYNC_UNREACHABLE, Problem
from kiosk.hub import devices
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import devices as table
from kiosk.sync import keys, protocol, tickets
from kiosk.sync.http import HttpTransport
from kiosk.sync.push import Answer, Client
from tests.clocks import FakeClock
from tests.hub.joining import Newcomer, a_canary, a_screen_code, confirm, digits_on, reject, states, the_key, waiting
from tests.hub.tablets import a_code, rows
from tests.makers import CASEWORKER, HUB_URL, Browser, Page, Pair, WsgiTransport, a_draft, facts_of


@pytest.fixture
def hub(hub_folder: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Hub]:
    """On SQLite only: a tablet is the same whatever its hub stores in."""
    shutil.copytree(hub_folder, tmp_path / "hub")
    with closing(open_hub(HubConfig(tmp_path / "hub", public_url=HUB_URL), clock)) as hub:
        yield hub


class Road:
    """A road to the hub that can be closed, and remembers who asked for what."""

    def __init__(self, app: Flask) -> None:
        self._road = WsgiTransport(app)
        self.is_open = True
        self.loses_answers = False
        self.strips: str | None = None  # a header that somebody on the way takes off
        self.asked: list[str] = []

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.asked.append(path)
        if not self.is_open:
            raise Problem(SYNC_UNREACHABLE, reason="no network")
        answer = self._road(method, path, body, headers)
        if self.loses_answers:
            raise Problem(SYNC_UNREACHABLE, reason="cut")
        kept = {name: value for name, value in answer.headers.items() if name != self.strips}
        return Answer(answer.status, kept, answer.body)


class Tablet:
    """A tablet with its server, which can be switched off and on."""

    def __init__(self, folder: Path, clock: FakeClock, road: Road) -> None:
        self.settings = BoothConfig(folder, sync_seconds=0)
        self.clock, self.road = clock, road
        init_booth(self.settings, clock).close()
        self.start()

    def start(self) -> None:
        self.app = create_booth_app(self.settings, self.clock)
        self.booth.road = lambda _url: self.road
        self.screen = Browser(self.app.test_client())

    @property
    def booth(self) -> Booth:
        here = self.app.extensions["booth"]
        assert isinstance(here, Booth)
        return here

    def restart(self) -> None:
        self.booth.close()
        self.start()

    def types(self, code: str, hub: str = HUB_URL) -> Page:
        return self.screen.send(self.screen.get("/enrol").form("/enrol"), hub=hub, code=code)

    def scans(self, text: str) -> Page:
        return self.screen.send(self.screen.get("/enrol").form("/enrol"), ticket=text)

    def looks(self) -> Page:
        return self.screen.get("/enrol")

    def health(self) -> dict:
        self.clock.tick(6)  # what the database says is believed for five seconds
        return self.app.test_client().get("/healthz").get_json()


@pytest.fixture
def road(hub_app: Flask) -> Road:
    return Road(hub_app)


@pytest.fixture
def tablet(tmp_path: Path, clock: FakeClock, road: Road):
    tablet = Tablet(tmp_path / "tablet", clock, road)
    yield tablet
    tablet.booth.close()


def open_canaries(hub: Hub) -> None:
    with hub.store.begin() as tx:
        devices.open_canaries(tx, hub, the_key(hub))


# --- the way in -----------------------------------------------------------------------------------


def test_a_new_tablet_leads_to_the_page_where_it_joins(tablet: Tablet):
    page = tablet.screen.get("/")
    assert (page.status, page.path) == (200, "/enrol")
    assert page.headers["Permissions-Policy"].startswith("camera=(self)")
    assert {"ticket", "hub", "code"} <= set(page.form("/enrol").values)


@pytest.mark.parametrize("way", ["typed", "scanned", "pasted", "file"])
def test_both_screens_show_the_same_six_digits_until_somebody_says_so(tablet: Tablet, hub: Hub, way: str):
    code = a_screen_code(hub, "d02")
    text = tickets.write(HUB_URL, code)
    page = {
        "typed": lambda: tablet.types(code.lower().replace("-", " ")),
        "scanned": lambda: tablet.scans(text),
        "pasted": lambda: tablet.types(text, hub=""),
        "file": lambda: tablet.scans(tickets.file_of(HUB_URL, code, "人民广场")),
    }[way]()
    (shown,) = waiting(hub)
    assert digits_on(page) == [shown.digits]
    assert digits_on(tablet.looks()) == [shown.digits]
    assert tablet.health()["enrolled"] is False
    confirm(hub, key=the_key(hub))
    done = tablet.looks()
    assert (digits_on(done), "就绪" in done) == ([], True)
    assert [tablet.health()[name] for name in ("enrolled", "ready", "canary")] == [True, True, "opened"]
    assert tablet.booth.journal.append(a_draft())[0].desk == "d02"


def test_looking_as_often_as_one_likes_is_one_request(tablet: Tablet, hub: Hub):
    tablet.types(a_screen_code(hub))
    assert len({tuple(digits_on(tablet.looks())) for _ in range(20)}) == 1
    assert len(waiting(hub)) == 1


def test_a_tablet_that_was_switched_off_while_it_waits_goes_on_waiting(tablet: Tablet, hub: Hub):
    digits = digits_on(tablet.types(a_screen_code(hub)))
    tablet.restart()
    assert digits_on(tablet.looks()) == digits
    confirm(hub)
    tablet.restart()
    tablet.looks()
    assert tablet.health()["enrolled"] is True
    assert tablet.booth.journal.pending() is None


def test_the_courier_finishes_what_nobody_looks_at(tablet: Tablet, hub: Hub):
    tablet.types(a_screen_code(hub))
    with pytest.raises(Problem, match=r"booth\.unenrolled"):
        enrolment.errand(tablet.booth)
    confirm(hub, key=the_key(hub))
    enrolment.errand(tablet.booth)
    assert tablet.health()["ready"] is True
    assert len(rows(hub, table)) == 1


def test_while_the_hub_is_away_the_digits_stay_and_the_page_says_why(tablet: Tablet, hub: Hub, road: Road):
    digits = digits_on(tablet.types(a_screen_code(hub)))
    road.is_open = False
    page = tablet.looks()
    assert (page.status, digits_on(page), "no network" in page) == (200, digits, True)
    confirm(hub)
    road.is_open = True
    tablet.looks()
    assert tablet.health()["enrolled"] is True


def test_an_answer_that_is_lost_costs_nothing(tablet: Tablet, hub: Hub, road: Road):
    tablet.types(a_screen_code(hub))
    confirm(hub, key=the_key(hub))
    road.loses_answers = True
    assert "cut" in tablet.looks()
    road.loses_answers = False
    assert "就绪" in tablet.looks()
    assert len(rows(hub, table)) == 1


def test_a_hub_out_of_reach_at_the_first_try_has_not_used_the_code_up(tablet: Tablet, hub: Hub, road: Road):
    code = a_screen_code(hub)
    road.is_open = False
    page = tablet.types(code)
    assert (page.status, page.form("/enrol").values["code"]) == (503, code)
    road.is_open = True
    assert digits_on(tablet.types(code)) == [waiting(hub)[0].digits]


def test_a_tablet_that_was_turned_down_says_so_once_and_can_begin_anew(tablet: Tablet, hub: Hub):
    tablet.types(a_screen_code(hub))
    reject(hub)
    page = tablet.looks()
    assert ("作废了这次登记" in page, digits_on(page)) == (True, [])
    assert "作废了这次登记" not in tablet.looks()
    assert digits_on(tablet.types(a_screen_code(hub))) == [waiting(hub)[0].digits]


def test_what_the_courier_heard_is_said_to_whoever_looks_next(tablet: Tablet, hub: Hub):
    tablet.types(a_screen_code(hub))
    reject(hub)
    with pytest.raises(Problem, match=r"enrol\.rejected"):
        enrolment.errand(tablet.booth)
    assert "作废了这次登记" in tablet.looks()


def test_a_code_that_somebody_photographed_and_used_shows_no_digits_here(
    tablet: Tablet, hub: Hub, hub_app: Flask, tmp_path: Path, clock: FakeClock
):
    code = a_screen_code(hub)
    thief = Tablet(tmp_path / "thief", clock, Road(hub_app))
    with closing(thief.booth):
        stolen = digits_on(thief.types(code))
        page = tablet.types(code)
        assert (digits_on(page), "已用过" in page) == ([], True)
        assert [[one.digits] for one in waiting(hub)] == [stolen]
        reject(hub)
        assert digits_on(thief.looks()) == []
    assert rows(hub, table) == []


def test_no_digits_are_shown_before_the_hub_gave_its_word_for_them(tablet: Tablet, hub: Hub, road: Road):
    road.strips = protocol.VOUCH_HEADER
    page = tablet.types(a_screen_code(hub))
    assert (page.status, digits_on(page), "is not signed" in page) == (200, [], True)
    road.strips = None
    assert digits_on(tablet.looks()) == [waiting(hub)[0].digits]
    road.strips = protocol.VOUCH_HEADER
    assert digits_on(tablet.looks()) == [waiting(hub)[0].digits], "it is given once"


def test_who_holds_a_tablets_request_back_has_no_digits_to_look_for(tablet: Tablet, hub: Hub, hub_app: Flask):
    """The code is asked for with another key; whatever that key, the tablet shows no digits it could have."""
    code = a_screen_code(hub)
    thief = Newcomer(hub, code)
    honest = tablet.road.__call__

    def held_back(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if not path.endswith("/enrol"):
            return honest(method, path, body, headers)
        answer = thief.asks(hub_app.test_client())
        return Answer(answer.status_code, dict(answer.headers), answer.data)

    tablet.booth.road = lambda _url: held_back
    page = tablet.types(code)
    assert (page.status, digits_on(page)) == (200, [])
    assert [one.digits for one in waiting(hub)] == [thief.digits]


@pytest.mark.parametrize("moment", ["2027-13-45T99:99:99.000+08:00", "2027-02-30T00:00:00.000+08:00"])
def test_a_hub_whose_time_is_none_is_said_and_asked_again(tablet: Tablet, hub: Hub, road: Road, moment: str):
    def odd(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = road(method, path, body, headers)
        if not path.endswith("/hello"):
            return answer
        return Answer(200, {}, msgspec.json.encode({**msgspec.json.decode(answer.body), "time": moment}))

    tablet.booth.road = lambda _url: odd
    page = tablet.types(a_code(hub))
    assert (page.status, "its time is none" in page) == (200, True)
    tablet.booth.road = lambda _url: road
    assert "已登记" in tablet.looks()


def test_a_hub_that_gives_no_notice_is_said(tablet: Tablet, hub: Hub, road: Road):
    def mean(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(304, {}, b"") if "/packs/" in path else road(method, path, body, headers)

    tablet.booth.road = lambda _url: mean
    page = tablet.types(a_code(hub))
    assert (page.status, "no notice of the fair" in page) == (200, True)


def test_one_may_change_ones_mind(tablet: Tablet, hub: Hub):
    page = tablet.types(a_screen_code(hub))
    page = tablet.screen.send(page.form("/enrol/cancel"))
    assert (digits_on(page), page.form("/enrol").values["code"]) == ([], "")
    assert tablet.booth.journal.pending() is None


def test_a_code_of_the_command_line_is_good_at_once_here_too(tablet: Tablet, hub: Hub):
    page = tablet.types(a_code(hub, "d03"))
    assert (digits_on(page), "已登记，还没有就绪" in page) == ([], True)


def test_another_hub_is_told_by_its_fingerprint_before_it_gets_the_token(tablet: Tablet, hub: Hub, road: Road):
    token, _ = protocol.read_code(a_screen_code(hub))
    page = tablet.types(protocol.write_code(token, b"\x31\x50" * 16))
    assert (page.status, "指纹" in page) == (409, True)
    assert road.asked == ["/sync/v1/hello"]
    assert tablet.booth.journal.pending() is None


def test_a_hub_that_changes_its_keys_while_one_waits_hears_nothing_more(
    tablet: Tablet, hub: Hub, road: Road, monkeypatch: pytest.MonkeyPatch
):
    tablet.types(a_screen_code(hub))
    monkeypatch.setattr(hub, "sealing_key", keys.PrivateKey(b"\x05" * 32).public_key)
    asked = len(road.asked)
    assert "指纹" in tablet.looks()
    assert road.asked[asked:] == ["/sync/v1/hello"]


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "http://", "ftp://x", "http://[", "http://a b", "x."])
def test_an_address_that_is_none_is_said_beside_it(tablet: Tablet, hub: Hub, address: str):
    tablet.booth.road = HttpTransport
    page = tablet.types(a_screen_code(hub), hub=address)
    assert (page.status, 'id="problem"' in page) == (503, True)


@pytest.mark.parametrize("code", ["", "x", "0" * 38, "U" * 39, "ZZZZZ-" * 7 + "ZZZZ", "码" * 39, "K315E:", "K315E:x#y"])
def test_a_code_that_is_none_is_said_beside_it(tablet: Tablet, code: str):
    page = tablet.types(code)
    assert (page.status, 'id="problem"' in page) == (403, True)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"", b"\xff", b"[" * 999])
def test_an_address_where_something_else_lives_is_said(tablet: Tablet, hub: Hub, body: bytes):
    for status in (200, 302, 404):
        tablet.booth.road = lambda _url, status=status: lambda *_: Answer(status, {}, body)
        page = tablet.types(a_screen_code(hub))
        assert (page.status, "没有汇总端" in page, tablet.booth.journal.pending()) == (502, True, None)


def test_two_who_look_at_once_ask_once(tablet: Tablet, hub: Hub, road: Road):
    digits = digits_on(tablet.types(a_screen_code(hub)))
    asked = len(road.asked)
    with tablet.booth.asking:  # somebody else is asking at this moment
        assert digits_on(tablet.looks()) == digits
    assert len(road.asked) == asked


def test_an_enrolled_tablet_joins_nothing_else(booth: Booth, client):
    answer = client.post("/enrol", data={"hub": HUB_URL, "code": "0" * 39})
    assert answer.status_code == 409
    client.post("/enrol/cancel")
    assert booth.journal.identity().certificate is not None


# --- the certificate --------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [401, -1])
def test_a_certificate_that_is_not_valid_by_the_hubs_clock_is_not_taken(
    tablet: Tablet, hub: Hub, clock: FakeClock, days: int
):
    tablet.types(a_screen_code(hub))
    confirm(hub)
    clock.tick(days * 86_400)
    page = tablet.looks()
    assert ("有效" in page, tablet.booth.enrolment) == (True, None)
    clock.tick(-days * 86_400)
    tablet.looks()
    assert tablet.health()["enrolled"] is True


def test_a_tablet_whose_own_clock_is_years_off_joins_all_the_same(hub: Hub, hub_app: Flask, tmp_path: Path):
    tablet = Tablet(tmp_path / "old", FakeClock(), Road(hub_app))
    with closing(tablet.booth):
        tablet.clock.jump_wall(-20 * 365 * 86_400)
        tablet.types(a_screen_code(hub))
        confirm(hub)
        tablet.looks()
        assert tablet.health()["enrolled"] is True


def test_somebody_elses_certificate_is_not_taken(tablet: Tablet, hub: Hub, hub_app: Flask, tmp_path, clock, road: Road):
    other = Tablet(tmp_path / "other", clock, Road(hub_app))
    other.types(a_code(hub, "d02"))
    document = other.booth.journal.identity().certificate_document
    other.booth.close()
    tablet.types(a_screen_code(hub))
    honest = road.__call__

    def swapped(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return Answer(200, {}, document) if path.endswith("/enrol") else honest(method, path, body, headers)

    key = outbox.load_key(tablet.settings.data)
    with pytest.raises(Problem, match="another tablet"):
        outbox.ask(tablet.booth.journal, key, swapped)
    assert tablet.booth.journal.identity().certificate is None


# --- the canary -------------------------------------------------------------------------------------


def test_until_its_canary_was_opened_a_tablet_counts_and_does_not_say_ready(tablet: Tablet, hub: Hub):
    tablet.types(a_screen_code(hub))
    confirm(hub)  # by somebody who holds no key
    page = tablet.looks()
    assert "计数可用；投诉试封件还没有在汇总端打开" in page
    assert (tablet.health()["ready"], tablet.health()["canary"]) == (False, "waiting")
    tablet.screen.enter("li", "380315")
    counters = tablet.screen.get("/staff")
    assert "计数可用；投诉试封件还没有在汇总端打开" in counters
    tablet.screen.send(counters.form("/staff/tally"))
    assert [fact.kind for fact in facts_of(tablet.booth.journal)] == ["shift.entered", "tally.counted"]
    assert tablet.screen.get("/quiz").status == tablet.screen.get("/staff/complaint").status == 200
    open_canaries(hub)
    assert "就绪" in tablet.looks()
    assert "试封件" not in tablet.screen.get("/staff")
    assert tablet.health()["ready"] is True


def test_the_next_contact_brings_the_news_by_itself(tablet: Tablet, hub: Hub):
    tablet.types(a_code(hub))
    open_canaries(hub)
    assert tablet.health()["ready"] is False
    enrolment.errand(tablet.booth)
    assert tablet.health()["ready"] is True


def test_a_canary_that_does_not_open_is_said_in_red(tablet: Tablet, hub: Hub):
    tablet.types(a_code(hub))
    with hub.store.begin() as tx:
        tx.execute(table.update().values(canary=a_canary(hub, "0" * 32)))
    open_canaries(hub)
    page = tablet.looks()
    assert ("打不开" in page, tablet.health()["ready"]) == (True, False)
    assert set(states(hub).values()) == {("active", "broken")}


def test_word_of_the_canary_and_of_withdrawal_is_believed_only_under_the_hubs_signature(
    tablet: Tablet, hub: Hub, road: Road
):
    tablet.types(a_code(hub))
    open_canaries(hub)
    withdraw(hub)
    key = outbox.load_key(tablet.settings.data)
    road.strips = protocol.VOUCH_HEADER
    outbox.learn(tablet.booth.journal, key, road)
    assert [tablet.health()[name] for name in ("ready", "revoked")] == [False, False]
    road.strips = None
    outbox.learn(tablet.booth.journal, key, road)
    assert [tablet.health()[name] for name in ("canary", "revoked")] == ["opened", True]


def test_an_old_head_under_the_hubs_signature_is_no_answer_to_a_new_question(tablet: Tablet, hub: Hub, road: Road):
    tablet.types(a_code(hub))
    key, old = outbox.load_key(tablet.settings.data), []

    def remembering(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        old.append(road(method, path, body, headers))
        return old[0]

    withdraw(hub)
    assert Client(remembering, key, *certified(tablet)).head().head.cutoff == 0  # somebody records it
    outbox.learn(tablet.booth.journal, key, remembering)
    assert tablet.health()["revoked"] is False
    outbox.learn(tablet.booth.journal, key, road)
    assert tablet.health()["revoked"] is True


def certified(tablet: Tablet) -> tuple[protocol.Certificate, protocol.Hello]:
    identity = tablet.booth.journal.identity()
    assert identity.certificate
    assert identity.hello
    return identity.certificate, identity.hello


# --- withdrawn --------------------------------------------------------------------------------------


def withdraw(hub: Hub, cutoff: int | None = None) -> None:
    with hub.store.begin() as tx:
        devices.revoke(tx, hub, next(iter(states(hub))), "丢失", "hub", cutoff)


def test_a_withdrawn_tablet_says_so_on_every_screen_and_records_nothing(paired: Pair):
    journal, client = paired.booth.journal, paired.booth_app.test_client()
    journal.append(a_draft(), a_draft())
    paired.sync()
    withdraw(paired.hub, 1)
    journal.append(a_draft())
    paired.sync()  # what it held goes to the hub all the same, and it learns
    with pytest.raises(Problem, match=r"booth\.revoked"):
        journal.append(a_draft())
    paired.clock.tick(6)
    for path in ("/", "/quiz", "/gallery/e01", "/complaint", "/staff", "/staff/enter", "/enrol"):
        answer = client.get(path)
        assert (answer.status_code, "这台平板已停用" in answer.text) == (403, True), path
    answer = client.post("/staff/tally", data={"id": "0" * 32, "counter": "headcount", "n": "1"})
    assert answer.status_code == 403
    health = client.get("/healthz").get_json()
    assert (health["revoked"], health["ready"], health["unsent"]) == (True, False, 0)


def test_it_is_withdrawn_after_a_restart_too(paired: Pair):
    paired.booth.journal.append(a_draft())
    paired.sync()
    withdraw(paired.hub)
    paired.sync()
    settings = paired.booth.config
    paired.booth.close()
    with closing(create_booth_app(settings, paired.clock).extensions["booth"]) as again:
        with pytest.raises(Problem, match=r"booth\.revoked"):
            again.journal.append(a_draft())
        assert again.enrolment is not None
        assert again.enrolment.is_revoked


def test_a_touch_that_was_recorded_before_may_be_asked_for_again(paired: Pair):
    draft = a_draft()
    stored = paired.booth.journal.append(draft)
    paired.sync()
    withdraw(paired.hub)
    paired.sync()
    assert paired.booth.journal.append(draft) == stored


def test_a_replaced_tablet_goes_on_as_before(paired: Pair):
    with paired.hub.store.begin() as tx:
        devices.replace(tx, paired.hub, next(iter(states(paired.hub))), "坏了", "hub")
    paired.booth.journal.append(a_draft())
    assert paired.sync().quarantined == 0
    paired.booth.journal.append(a_draft())


def test_a_caseworker_who_signs_in_makes_every_waiting_tablet_ready(paired: Pair):
    assert set(states(paired.hub).values()) == {("active", "waiting")}
    Browser(paired.hub_app.test_client()).sign_in(*CASEWORKER)
    enrolment.errand(_on(paired))
    paired.clock.tick(6)
    assert paired.booth_app.test_client().get("/healthz").get_json()["ready"] is True


def _on(paired: Pair) -> Booth:
    paired.booth.road = lambda _url: WsgiTransport(paired.hub_app)
    return paired.booth


def test_what_waits_is_kept_without_a_word_about_anybody(tablet: Tablet, hub: Hub):
    tablet.types(a_screen_code(hub))
    kept = tablet.booth.journal.pending()
    assert kept is not None
    assert set(msgspec.json.decode(kept)) == {"hub_url", "hello", "request", "word"}
