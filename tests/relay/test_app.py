"""The relay: takes bundles from tablets, brings them to the hub, and hands back the hub's own receipts."""

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from kiosk import strictjson
from kiosk.config import RelayConfig
from kiosk.errors import SYNC_UNREACHABLE, Problem
from kiosk.relay.app import THREADS, UPLOADS, Relay, create_relay_app, init_relay, open_relay
from kiosk.sync import bundles, protocol
from kiosk.sync.push import Answer, Transport
from kiosk.sync.relaying import Held
from tests.hub.tablets import a_tablet, everything, run_of
from tests.makers import WsgiTransport, a_headcount
from tests.roads import a_bundle, a_relay

SPOKEN = {protocol.HEADER: "1"}


class Road:
    """The way to the hub, as a test wants it: through, cut, or with somebody else at its end."""

    def __init__(self, way: Transport) -> None:
        self._way = way
        self.answer: Answer | None = None
        self.answers: dict[bytes, Answer | Problem] = {}  # by body
        self.is_cut = False
        self.carried = 0

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self.is_cut:
            raise Problem(SYNC_UNREACHABLE, reason="cut")
        self.carried += 1
        answer = self.answers.get(body, self.answer)
        if isinstance(answer, Problem):
            raise Problem(answer.kind, **answer.details)
        return answer or self._way(method, path, body, headers)


@pytest.fixture
def road(hub_app) -> Road:
    return Road(WsgiTransport(hub_app))


@pytest.fixture
def relay(tmp_path: Path, hub, road, clock) -> Iterator[Relay]:
    with closing(a_relay(tmp_path / "relay", hub, road, clock)) as relay:
        yield relay


@pytest.fixture
def client(relay):
    return create_relay_app(relay).test_client()


def post(client, bundle: bytes):
    return client.post("/relay/v1/bundles", data=bundle, headers=SPOKEN)


def held(answer) -> Held:
    return protocol.parse(Held, answer.data)


# --- making one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [slice(0, 64), slice(0, 16)])
def test_a_relay_is_made_for_the_hub_whose_fingerprint_a_person_typed(tmp_path: Path, hub, road, digits):
    typed = hub.fingerprint.hex()[digits].upper()
    typed = "-".join(typed[at : at + 8] for at in range(0, len(typed), 8))
    hello = init_relay(RelayConfig(tmp_path / "relay"), "http://localhost", typed, road)
    assert hello.hub == hub.id
    with pytest.raises(Problem, match=r"relay\.exists"):
        init_relay(RelayConfig(tmp_path / "relay"), "http://localhost", typed, road)


@pytest.mark.parametrize("typed", ["", "00" * 32, "8A", "not a fingerprint at all"])
def test_another_fingerprint_makes_no_relay(tmp_path: Path, hub, road, typed):
    with pytest.raises(Problem, match=r"relay\.fingerprint"):
        init_relay(RelayConfig(tmp_path / "relay"), "http://localhost", typed, road)
    with pytest.raises(Problem, match=r"relay\.fingerprint"):
        init_relay(RelayConfig(tmp_path / "relay"), "http://localhost", hub.fingerprint.hex()[:14], road)
    assert not (tmp_path / "relay").exists()


def test_a_hub_too_old_for_bundles_is_said(tmp_path: Path, hub, road):
    hello = json.loads(road("GET", "/sync/v1/hello", b"", SPOKEN).body)
    road.answer = Answer(200, {}, strictjson.dumps({**hello, "capabilities": ["gzip"]}))
    with pytest.raises(Problem, match=r"sync\.version"):
        init_relay(RelayConfig(tmp_path / "relay"), "http://localhost", hub.fingerprint.hex(), road)


def test_a_page_in_place_of_the_hub_makes_no_relay(tmp_path: Path, hub, road):
    for answer in (Answer(200, {}, b"<h1>Welcome</h1>"), Answer(302, {"Location": "/"}, b""), Answer(404, {}, b"")):
        road.answer = answer
        with pytest.raises(Problem):
            init_relay(RelayConfig(tmp_path / "relay"), "http://localhost", hub.fingerprint.hex(), road)


def test_where_there_is_no_relay_it_is_said(tmp_path: Path):
    with pytest.raises(Problem, match=r"relay\.missing"):
        open_relay(RelayConfig(tmp_path))


# --- taking -----------------------------------------------------------------------------------------


def test_a_bundle_is_taken_with_202_and_no_receipt_before_the_hub_has_signed(hub, client):
    tablet = a_tablet(hub).record().record()
    answer = post(client, a_bundle(hub, tablet, blobs=[b"sealed"]))
    assert answer.status_code == 202
    told = held(answer)
    assert [(one.first, one.last, one.hash) for one in told.stretches] == [(1, 2, tablet.hash_at(2).hex())]
    assert (len(told.blobs), told.receipts) == (1, "")


def test_taking_the_same_twice_is_taking_it_once(hub, client, relay):
    bundle = a_bundle(hub, a_tablet(hub).record())
    assert held(post(client, bundle)) == held(post(client, bundle))
    assert len(relay.spool.waiting()) == 1


def test_what_is_no_bundle_of_this_hub_s_tablets_is_refused_in_json(hub, client, relay):
    bundle = a_bundle(hub, a_tablet(hub).record())
    for data in (b"", b"x", bundle[:-1], bundle.replace(b'"counter"', b'"c0unter"', 1), b"\0" * 70_000):
        answer = post(client, data)
        assert answer.status_code in (400, 403)
        assert set(answer.get_json()) == {"problem", "zh", "en"}
    assert relay.spool.waiting() == []


def test_a_bundle_has_an_end_and_is_not_compressed(client):
    assert post(client, b"x" * (bundles.POST_LIMIT + 1)).status_code == 413
    packed = {**SPOKEN, "Content-Encoding": "gzip"}
    assert client.post("/relay/v1/bundles", data=b"x", headers=packed).status_code == 400


def test_a_full_relay_says_so_with_507(tmp_path: Path, hub, road, clock):
    with closing(a_relay(tmp_path / "small", hub, road, clock, spool_mb=0)) as relay:
        answer = post(create_relay_app(relay).test_client(), a_bundle(hub, a_tablet(hub).record()))
    assert (answer.status_code, answer.get_json()["problem"]) == (507, "relay.full")


def test_one_address_brings_only_so_many_bundles_at_once(hub, client, relay):
    bundle = a_bundle(hub, a_tablet(hub).record())
    with ExitStack() as coming:
        for _ in range(8):
            coming.enter_context(relay.uploads.one("127.0.0.1"))
        answer = post(client, bundle)
        assert (answer.status_code, answer.get_json()["problem"]) == (503, "relay.busy")
        assert client.get("/healthz").status_code == 200
        coming.enter_context(relay.uploads.one("127.0.0.2"))  # which is another's
    assert post(client, bundle).status_code == 202


def test_all_addresses_together_leave_threads_for_short_questions(relay):
    with ExitStack() as coming:
        for number in range(UPLOADS):
            coming.enter_context(relay.uploads.one(f"10.0.0.{number}"))
        with pytest.raises(Problem, match=r"relay\.busy"), relay.uploads.one("10.0.1.1"):
            pass
    assert UPLOADS < THREADS


def test_browsers_are_kept_out(hub, client):
    bundle = a_bundle(hub, a_tablet(hub).record())
    assert client.post("/relay/v1/bundles", data=bundle).get_json()["problem"] == "sync.header"
    wrong = client.get("/relay/v1/journals/" + "0" * 32, headers={protocol.HEADER: "2"})
    assert wrong.get_json()["problem"] == "sync.version"
    for path in ("/", "/relay/v1/nothing", "/relay/v1/journals/x"):
        answer = client.get(path, headers=SPOKEN)
        assert (answer.status_code, answer.get_json()["problem"]) == (404, "page.not_found")


def test_no_body_whatever_makes_the_relay_stumble(client):
    dice = random.Random(315)
    for _ in range(300):
        body = dice.randbytes(dice.randrange(400))
        if dice.random() < 0.5:
            body = bundles.MAGIC + body
        assert post(client, body).status_code in (400, 403)


# --- bringing it on ---------------------------------------------------------------------------------


def test_what_was_taken_reaches_the_hub_and_its_receipts_come_back(hub, client, relay):
    tablet = a_tablet(hub).record().record()
    post(client, a_bundle(hub, tablet))
    assert relay.forwarder() == 1
    assert run_of(hub, tablet.journal) == (2, tablet.hash_at(2), None)
    told = held(client.get(f"/relay/v1/journals/{tablet.journal}", headers=SPOKEN))
    found = bundles.receipts_for(
        bundles.read_receipts(told.receipts.encode()), tablet.journal, hub.id, hub.key.verify_key
    )
    assert [receipt.seq for receipt, _ in found.receipts] == [2]
    assert (told.stretches, told.blobs, relay.spool.waiting()) == ([], [], [])
    assert relay.forwarder() == 0


def test_while_the_hub_is_away_everything_stays(hub, client, relay, road):
    tablet = a_tablet(hub).record()
    post(client, a_bundle(hub, tablet))
    road.is_cut = True
    for _ in range(3):
        with pytest.raises(Problem, match=r"sync\.unreachable"):
            relay.forwarder()
    assert len(relay.spool.waiting()) == 1
    road.is_cut = False
    assert relay.forwarder() == 1


def test_a_busy_hub_is_left_alone_as_long_as_it_asks(hub, client, relay, road):
    post(client, a_bundle(hub, a_tablet(hub).record()))
    for status in (429, 503):
        road.answer = Answer(status, {"Retry-After": "77"}, b"{}")
        with pytest.raises(Problem) as busy:
            relay.forwarder()
        assert (busy.value.code, busy.value.details["seconds"]) == ("sync.busy", 77)
    assert len(relay.spool.waiting()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, b"<!doctype html><h1>Welcome to our Wi-Fi</h1>"),
        Answer(200, {}, b"<h1>\n</h1>\n"),
        Answer(200, {}, b""),
        Answer(204, {}, b""),
        Answer(302, {"Location": "http://portal/"}, b""),
        Answer(403, {}, b"<h1>Forbidden</h1>"),
        Answer(502, {}, b"Bad gateway"),
        Answer(500, {}, b'{"problem":"internal","zh":"","en":""}'),
        Answer(404, {}, b"[]"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:9]!r}",
)
def test_a_page_in_place_of_the_hub_lets_nothing_go(hub, client, relay, road, answer):
    tablet = a_tablet(hub).record()
    post(client, a_bundle(hub, tablet))
    road.answer = answer
    with pytest.raises(Problem):
        relay.forwarder()
    assert len(relay.spool.waiting()) == 1
    assert held(client.get(f"/relay/v1/journals/{tablet.journal}", headers=SPOKEN)).receipts == ""


def test_what_the_hub_refuses_does_not_hold_up_the_rest_and_is_offered_again_later(hub, client, relay, road, clock):
    from sqlalchemy import update

    from kiosk.hub.tables import devices

    forgotten, tablet = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    post(client, a_bundle(hub, forgotten))
    post(client, a_bundle(hub, tablet))

    def rename(device: str, name: str) -> None:
        with hub.store.begin() as tx:
            tx.execute(update(devices).where(devices.c.device == device).values(device=name))

    rename(forgotten.certificate.device, "f" * 32)  # as after a hub was set back to a copy of before
    assert relay.forwarder() == 1
    assert client.get("/healthz").get_json()["refused"] == ["enrol.known"]
    carried = road.carried
    assert (relay.forwarder(), road.carried) == (0, carried)
    rename("f" * 32, forgotten.certificate.device)
    clock.tick(601)
    assert relay.forwarder() == 1
    assert relay.spool.waiting() == []


def test_a_bundle_whose_file_is_gone_does_not_hold_up_the_rest(hub, client, relay):
    post(client, a_bundle(hub, a_tablet(hub).record()))
    post(client, a_bundle(hub, a_tablet(hub, "d02").record()))
    relay.spool.waiting()[0].path.unlink()
    assert relay.forwarder() == 1
    told = client.get("/healthz").get_json()
    assert (told["damaged"], told["waiting"]) == (1, 0)


def test_a_bundle_that_rots_in_the_spool_is_set_aside_and_taken_again_from_its_tablet(hub, client, relay):
    tablet = a_tablet(hub).record()
    bundle = a_bundle(hub, tablet)
    path = f"/relay/v1/journals/{tablet.journal}"
    post(client, bundle)
    rot(relay.spool.waiting()[0].path)
    assert relay.forwarder() == 0
    assert held(client.get(path, headers=SPOKEN)).stretches == []  # so the tablet brings it again
    post(client, bundle)
    assert relay.forwarder() == 1
    assert run_of(hub, tablet.journal)[0] == 1
    assert client.get("/healthz").get_json()["damaged"] == 1


def test_a_fresh_copy_takes_the_place_of_one_that_rotted_unnoticed(hub, client, relay):
    bundle = a_bundle(hub, a_tablet(hub).record())
    post(client, bundle)
    rot(relay.spool.waiting()[0].path)
    post(client, bundle)
    assert (relay.forwarder(), relay.spool.damaged) == (1, 0)


def rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(413, {}, b"<h1>413 Request Entity Too Large</h1>"),
        Answer(500, {}, b'{"problem":"internal","zh":"","en":""}'),
        Answer(504, {}, b"Gateway Time-out"),
        Answer(200, {}, b"<h1>Welcome</h1>"),
    ],
    ids=lambda answer: str(answer.status),
)
def test_a_bundle_that_finds_no_answer_of_the_hub_s_own_does_not_hold_up_the_rest(
    hub, client, relay, road, answer, clock
):
    poison, tablet = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    bundle = a_bundle(hub, poison)
    post(client, bundle)
    post(client, a_bundle(hub, tablet))
    road.answers[bundle] = answer
    assert relay.forwarder() == 1
    assert [stored.journal for stored in relay.spool.waiting()] == [poison.journal]
    assert len(client.get("/healthz").get_json()["refused"]) == 1
    del road.answers[bundle]
    assert relay.forwarder() == 0
    clock.tick(61)
    assert relay.forwarder() == 1


@pytest.mark.parametrize(
    "problem", [Problem(SYNC_UNREACHABLE, reason="reset"), Answer(503, {"Retry-After": "7"}, b"{}")]
)
def test_a_bundle_that_breaks_the_way_every_time_goes_last_the_next_time(hub, client, relay, road, problem):
    poison, tablet = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    bundle = a_bundle(hub, poison)
    post(client, bundle)
    post(client, a_bundle(hub, tablet))
    road.answers[bundle] = problem
    with pytest.raises(Problem, match=r"sync\.(unreachable|busy)"):
        relay.forwarder()
    with pytest.raises(Problem, match=r"sync\.(unreachable|busy)"):
        relay.forwarder()
    assert [stored.journal for stored in relay.spool.waiting()] == [poison.journal]


def test_to_a_page_in_place_of_the_hub_not_everything_that_waits_is_shown(hub, client, relay, road):
    tablet = a_tablet(hub)
    for _ in range(9):
        first = len(tablet.record().lines)
        post(client, a_bundle(hub, tablet, [(first, 1)], first=first))
    road.answer = Answer(200, {}, b"<h1>Welcome</h1>")
    with pytest.raises(Problem, match=r"receipts\.malformed"):
        relay.forwarder()
    assert road.carried == 4  # `init` before it
    road.answer = None
    assert relay.forwarder() == 6  # those that were not shown go on at once


def test_a_forked_journal_is_brought_on_like_any_other(hub, client, relay):
    tablet = a_tablet(hub).record()
    other = tablet.clone().record(a_headcount(5))
    post(client, a_bundle(hub, tablet.record(a_headcount(3))))
    post(client, a_bundle(hub, other))
    assert relay.forwarder() == 2
    assert run_of(hub, tablet.journal)[2] == 2


def test_taking_alone_writes_nothing_at_the_hub(hub, client):
    tablet = a_tablet(hub).record()
    before = everything(hub)
    post(client, a_bundle(hub, tablet))
    assert everything(hub) == before


# --- how it is --------------------------------------------------------------------------------------


def test_healthz_says_how_it_is(hub, client, relay, clock):
    tablet = a_tablet(hub).record().record()
    assert client.get("/healthz").get_json() | {"free_mb": 0} == {
        "ok": True, "version": "0.1.0", "hub": hub.id, "waiting": 0, "waiting_mb": 0.0, "facts": 0, "refused": [],
        "damaged": 0, "last_contact": None, "clock": "2027-03-15T09:30:00.000+08:00", "free_mb": 0,
    }  # fmt: skip
    post(client, a_bundle(hub, tablet))
    told = client.get("/healthz").get_json()
    assert (told["waiting"], told["facts"]) == (1, 2)
    relay.forwarder()
    told = client.get("/healthz").get_json()
    assert (told["waiting"], told["last_contact"]) == (0, "2027-03-15T09:30:00.000+08:00")


def test_a_relay_cannot_read_what_people_told(hub, client, relay, tmp_path: Path):
    """What it keeps of a complaint is what the tablet sealed to the hub."""
    from kiosk.sync import keys

    secret = "张三丰 13800000000".encode()
    post(client, a_bundle(hub, a_tablet(hub).record(), blobs=[keys.seal(hub.sealing_key, secret)]))
    kept = b"".join(file.read_bytes() for file in (tmp_path / "relay").rglob("*") if file.is_file())
    assert b"kiosk-sealed/" in kept
    assert secret not in kept
    assert b"13800000000" not in kept
