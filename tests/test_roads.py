"""Four roads with the same bytes: any mix of them, in any order and however often, gives the same hub."""

import hashlib
import random
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booth import carrying, outbox
from kiosk.booth.carrying import Carrier, Delivery
from kiosk.booth.journal import Draft
from kiosk.booth.sequence import _texts
from kiosk.errors import SYNC_UNREACHABLE, Problem
from kiosk.hub import tables
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import Hub
from kiosk.relay.app import Relay, create_relay_app
from kiosk.sync import protocol, sequence
from kiosk.sync.push import Answer, Result, Transport
from kiosk.sync.relaying import Held
from tests.hub.tablets import (
    Entry,
    Tablet,
    a_tablet,
    deliver,
    deliveries,
    entries,
    expected_totals,
    folded,
    law,
    rows,
    run_of,
    totals_of,
)
from tests.makers import Pair, WsgiTransport, a_draft, a_filing, a_pair, an_id
from tests.roads import a_bundle, a_relay, carry, receipts_of

SPOKEN = {protocol.HEADER: "1"}
ROADS = ("wire", "stick", "relay", "codes")


# --- a hub cannot tell by which road something came -------------------------------------------------


class Roads:
    """Every road from a tablet to one hub."""

    def __init__(self, hub: Hub, relay: Relay) -> None:
        self.hub = hub
        self._wire = WsgiTransport(create_hub_app(hub))
        self._relay = WsgiTransport(create_relay_app(relay))
        self._forward = relay.forwarder

    def send(self, road: str, tablet: Tablet, part: tuple[int, int]) -> None:
        if road == "wire":
            assert self._wire("POST", "/sync/v1/batches", tablet.batch(*part), SPOKEN).status == 200
        elif road == "stick":
            carry(self.hub, a_bundle(self.hub, tablet, [part], first=part[0]))
        elif road == "codes":
            texts = sequence.write_parts(tablet.batch(*part), 300)
            random.Random(str(part)).shuffle(texts)
            deliver(self.hub, sequence.read_parts(texts * 2))
        else:
            bundle = a_bundle(self.hub, tablet, [part], first=part[0])
            assert self._relay("POST", "/relay/v1/bundles", bundle, SPOKEN).status == 202

    def arrive(self) -> None:
        """What lies at the relay goes on."""
        self._forward()


@pytest.fixture
def roads(tmp_path: Path, hub: Hub, clock):
    road = WsgiTransport(create_hub_app(hub))
    with closing(a_relay(tmp_path / "relay", hub, road, clock)) as relay:
        yield Roads(hub, relay)


@law
@given(st.lists(entries, min_size=1, max_size=12), st.data())
def test_any_mix_of_roads_in_any_order_and_repetition_gives_the_same_hub(roads: Roads, told: list[Entry], data):
    hub, tablet = roads.hub, a_tablet(roads.hub)
    for entry in told:
        tablet.record(entry)
    for part in data.draw(deliveries(len(told))):
        roads.send(data.draw(st.sampled_from(ROADS)), tablet, part)
        if data.draw(st.booleans()):
            roads.arrive()
    roads.arrive()
    assert run_of(hub, tablet.journal) == (len(told), tablet.hash_at(len(told)), None)
    assert totals_of(hub, tablet.journal) == expected_totals(told)


@pytest.mark.parametrize("road", ROADS)
def test_each_road_alone_leaves_the_same_rows(roads: Roads, road: str):
    """Sent twice by one road, then once more by all: nothing in what is folded moves."""
    tablet = a_tablet(roads.hub)
    for _ in range(7):
        tablet.record()
    for _ in range(2):
        roads.send(road, tablet, (1, 7))
        roads.arrive()
    before = folded(roads.hub)
    for other in ROADS:
        roads.send(other, tablet, (3, 2))
    roads.arrive()
    assert folded(roads.hub) == before
    assert run_of(roads.hub, tablet.journal) == (7, tablet.hash_at(7), None)


# --- a booth says "sent" only on its hub's word -----------------------------------------------------


class Bad:
    """A way that is cut, or has somebody else at its end, until a test says otherwise."""

    def __init__(self, way: Transport, answer: Answer | None = None) -> None:
        self.way = way
        self.answer = answer
        self.is_cut = answer is None
        self.asked: list[str] = []

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.asked.append(f"{method} {path}")
        if self.is_cut:
            raise Problem(SYNC_UNREACHABLE, reason="cut")
        return self.answer or self.way(method, path, body, headers)


def sealed(number: int) -> Draft:
    blob = b"sealed %d" % number
    name = hashlib.sha256(blob).hexdigest()
    body = a_filing(name, len(blob))
    return Draft(an_id(number), body, "li", blob)


def send(pair: Pair, hub: Transport, relay: Transport | None) -> Result:
    """What the courier does on a round."""
    carrier = Carrier.of(pair.booth.journal, outbox.load_key(pair.booth.config.data))
    return carrying.deliver(carrier, lambda: hub, (lambda: relay) if relay else None, "", pair.clock)


@pytest.fixture
def relay(tmp_path: Path, paired: Pair):
    with closing(a_relay(tmp_path / "relay", paired.hub, WsgiTransport(paired.hub_app), paired.clock)) as relay:
        yield relay


@pytest.fixture
def at_relay(relay: Relay) -> WsgiTransport:
    return WsgiTransport(create_relay_app(relay))


def test_left_with_the_relay_is_not_sent_until_the_hub_has_signed(paired: Pair, relay: Relay, at_relay):
    journal, gone = paired.booth.journal, Bad(WsgiTransport(paired.hub_app))
    journal.append(a_draft(), sealed(1), a_draft())
    left = send(paired, gone, at_relay)
    assert isinstance(left, Delivery)
    assert (left.left, left.reason, journal.unsent(), journal.receipted()) == (3, "sync.unreachable", 4, 0)
    relay.forwarder()
    left = send(paired, gone, at_relay)
    assert isinstance(left, Delivery)
    assert (left.left, left.seq, journal.unsent()) == (0, 3, 0)
    assert len(rows(paired.hub, tables.blobs)) == 1


def test_nothing_is_left_with_the_relay_twice(paired: Pair, relay: Relay, at_relay):
    journal, gone, way = paired.booth.journal, Bad(WsgiTransport(paired.hub_app)), Bad(at_relay)
    way.is_cut = False
    journal.append(a_draft(), sealed(1))
    for _ in range(3):
        send(paired, gone, way)
    assert sum(asked.startswith("POST") for asked in way.asked) == 1
    journal.append(a_draft())
    send(paired, gone, way)
    assert [(one.first, one.last) for one in relay.spool.waiting()] == [(1, 2), (3, 3)]
    relay.forwarder()
    send(paired, gone, way)
    assert (journal.unsent(), sum(asked.startswith("POST") for asked in way.asked)) == (0, 2)


def test_a_reachable_hub_gets_everything_itself(paired: Pair, relay: Relay, at_relay):
    way = Bad(at_relay)
    paired.booth.journal.append(a_draft())
    result = send(paired, WsgiTransport(paired.hub_app), way)
    assert (type(result), way.asked, paired.booth.journal.unsent()) == (Result, [], 0)


def test_with_neither_hub_nor_relay_it_is_said(paired: Pair):
    gone = Bad(WsgiTransport(paired.hub_app))
    paired.booth.journal.append(a_draft())
    with pytest.raises(Problem, match=r"relay\.unreachable"):
        send(paired, gone, Bad(gone))
    with pytest.raises(Problem, match=r"sync\.unreachable"):
        send(paired, gone, None)


def test_a_forked_journal_is_not_hidden_at_the_relay(paired: Pair, at_relay, tmp_path: Path):
    """The hub was reached, and said what is wrong."""
    journal = paired.booth.journal
    journal.append(a_draft())
    carrier = Carrier.of(journal, outbox.load_key(paired.booth.config.data))
    line = journal.lines(1, 1)[0].replace(b'"n":1', b'"n":2')
    deliver(paired.hub, carrier.batch(1, [line]))
    with pytest.raises(Problem, match=r"journal\.forked"):
        send(paired, WsgiTransport(paired.hub_app), at_relay)


PORTALS = [
    Answer(200, {}, b"<!doctype html>\n<h1>Welcome to our Wi-Fi</h1>\n"),
    Answer(200, {}, b""),
    Answer(200, {}, b"{}"),
    Answer(200, {}, b"[]"),
    Answer(200, {}, b'{"ok":true}'),
    Answer(202, {}, b"null"),
    Answer(204, {}, b""),
    Answer(302, {"Location": "http://portal/"}, b""),
    Answer(404, {}, b"Not found"),
    Answer(511, {}, b"<h1>Network authentication required</h1>"),
]


@pytest.mark.parametrize("portal", PORTALS, ids=lambda answer: f"{answer.status} {answer.body[:9]!r}")
def test_a_captive_portal_at_either_end_never_makes_a_booth_say_sent(paired: Pair, portal):
    paired.booth.journal.append(a_draft(), sealed(1))
    with pytest.raises(Problem):
        send(paired, Bad(WsgiTransport(paired.hub_app), portal), Bad(WsgiTransport(paired.hub_app), portal))
    assert paired.booth.journal.unsent() == 3


def test_a_portal_in_place_of_the_hub_sends_the_booth_to_the_relay(paired: Pair, at_relay):
    paired.booth.journal.append(a_draft())
    left = send(paired, Bad(WsgiTransport(paired.hub_app), PORTALS[0]), at_relay)
    assert isinstance(left, Delivery)
    assert left.left == 1


def test_a_relay_that_lies_is_believed_nothing(paired: Pair, relay: Relay, at_relay, tmp_path: Path, clock):
    """It says that it keeps all, or that somebody signed for all."""
    journal, gone = paired.booth.journal, Bad(WsgiTransport(paired.hub_app))
    journal.append(a_draft(), sealed(1))
    send(paired, gone, at_relay)
    told = at_relay("GET", f"/relay/v1/journals/{journal.identity().journal}", b"", SPOKEN).body
    stranger = a_pair(tmp_path / "stranger", paired.hub, clock)
    stranger.booth.journal.append(a_draft(), a_draft())
    stranger.sync()
    with closing(stranger.booth):
        for receipts in (receipts_of(paired.hub), b"x\ny\n", b"\n\n"):
            held = protocol.dump(_with_receipts(told, receipts))
            lying = Bad(at_relay, Answer(200, {}, held))
            with suppress(Problem):
                assert send(paired, gone, lying).seq == 0
            assert (journal.receipted(), journal.unsent()) == (0, 3)


def _with_receipts(told: bytes, receipts: bytes) -> Held:
    return msgspec.structs.replace(protocol.parse(Held, told.strip()), receipts=receipts.decode())


def test_a_relay_that_keeps_nothing_is_not_fed_for_ever(paired: Pair, at_relay):
    journal = paired.booth.journal
    journal.append(a_draft())
    empty = at_relay("GET", f"/relay/v1/journals/{journal.identity().journal}", b"", SPOKEN)
    with pytest.raises(Problem, match=r"relay\.refused"):
        send(paired, Bad(empty), Bad(at_relay, Answer(202, {}, empty.body)))


# --- all together -----------------------------------------------------------------------------------


@law
@given(st.lists(st.sampled_from([*ROADS, "relay goes on", "receipts", "count", "complain"]), max_size=14))
def test_whatever_roads_a_booth_takes_it_says_sent_exactly_when_the_hub_has_all(everyday, steps: list[str]):
    """A real booth, and every step of a day in any order. In the end it goes home with receipts on a stick."""
    pair, relay, at_relay, folder = everyday
    journal, gone = pair.booth.journal, Bad(WsgiTransport(pair.hub_app))
    for step in [*steps, "stick", "relay goes on", "receipts"]:
        carrier = Carrier.of(journal, outbox.load_key(pair.booth.config.data))
        if step == "count":
            journal.append(a_draft())
        elif step == "complain":
            journal.append(sealed(int.from_bytes(random.randbytes(12))))
        elif step == "wire":
            pair.sync()
        elif step == "relay":
            send(pair, gone, at_relay)
        elif step == "relay goes on":
            relay.forwarder()
        elif step == "stick":
            done = carrying.export(carrier, folder / "b.kiosk", everything=False, clock=pair.clock)
            [carry(pair.hub, path.read_bytes()) for path, _ in done.files]
        elif step == "codes":
            texts = _texts(carrier, journal.receipted() + 1, journal.head()[0])
            if texts:
                deliver(pair.hub, sequence.read_parts(texts))
        else:
            (folder / "receipts").write_bytes(receipts_of(pair.hub))
            carrying.import_receipts(carrier, [folder / "receipts"])
        pair.clock.tick(1)
        seq, digest, forked = run_of(pair.hub, journal.identity().journal)
        assert forked is None
        assert journal.receipted() <= seq
        assert journal.unsent() >= journal.head()[0] - seq
    assert (journal.unsent(), (seq, digest)) == (0, journal.head())
    assert totals_of(pair.hub, journal.identity().journal) == journal.totals()


@pytest.fixture
def everyday(paired: Pair, relay: Relay, at_relay, tmp_path: Path):
    return paired, relay, at_relay, tmp_path
