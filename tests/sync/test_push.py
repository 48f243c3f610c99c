"""Pushing over a road that loses things: everything arrives, once, and only a signed receipt is believed."""

import gzip
import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booth.journal import Draft
from kiosk.clock import stamp
from kiosk.errors import JOURNAL_DAMAGED, SYNC_UNREACHABLE, Problem
from kiosk.facts import envelope
from kiosk.hub.context import Hub
from kiosk.hub.tables import blobs
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, Head, Receipt
from kiosk.sync.push import Answer, Client, Result, push
from tests.clocks import FAIR_MORNING, FakeClock
from tests.hub.tablets import rows
from tests.makers import (
    Pair,
    WsgiTransport,
    a_certificate,
    a_draft,
    a_filing,
    a_hello,
    a_hub,
    a_key,
    a_pair,
    an_id,
    some_lines,
    unsent_blobs,
)
from tests.proof import share_hubs

CERTIFICATE = a_certificate()
ROOT = envelope.root(b"the certificate's document")


@dataclass
class Ledger:
    """A journal in memory: what a push asks of one."""

    stored: list[bytes]
    sealed: dict[str, bytes] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    receipts: list[Receipt] = field(default_factory=list)

    def head(self) -> tuple[int, bytes]:
        return len(self.stored), self.hash_at(len(self.stored))

    def hash_at(self, seq: int) -> bytes:
        head = ROOT
        for line in self.stored[:seq]:
            head = envelope.chain(head, line)
        return head

    def lines(self, first: int, count: int) -> list[bytes]:
        return self.stored[first - 1 : first - 1 + count]

    def blob(self, sha256: str) -> bytes | None:
        return self.sealed.get(sha256)

    def unsent_names(self) -> list[str]:
        return [name for name in self.sealed if name not in self.sent]

    def mark_blob_sent(self, sha256: str) -> None:
        self.sent.add(sha256)

    def mark_blob_missing(self, sha256: str) -> None:
        self.sent.discard(sha256)

    def keep_receipt(self, receipt: Receipt, document: bytes) -> None:
        assert protocol.read_document(Receipt, document, a_key(9).verify_key) == receipt
        self.receipts.append(receipt)

    def unsent(self) -> int:
        return len(self.stored) - max((receipt.seq for receipt in self.receipts), default=0)


class SmallHub:
    """The protocol in a few lines: keeps what arrives, in memory, and signs for it."""

    def __init__(self) -> None:
        self.held: dict[int, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.wanted: list[str] = []
        self.arrived = 0

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        path, _, query = path.partition("?")
        match method, path.removeprefix("/sync/v1/").split("/"):
            case "GET", ["journals", CERTIFICATE.journal]:
                missing = [name for name in self.wanted if name not in self.blobs]
                return self._vouched(
                    Head(
                        seq=self.run,
                        hash=self._hash(self.run).hex(),
                        missing_blobs=missing[: protocol.MISSING_LIMIT],
                        nonce=query.removeprefix("nonce="),
                        at=stamp(FAIR_MORNING),
                    )
                )
            case "PUT", ["blobs", name]:
                assert hashlib.sha256(body).hexdigest() == name
                self.blobs[name] = body
                return Answer(200, {}, b"{}")
            case "POST", ["batches"]:
                return Answer(200, {}, protocol.sign_document(self.take_in(plain(body, headers)), a_key(9)))
        return Answer(404, {}, b'{"problem":"page.not_found","zh":"","en":"There is no such page."}')

    @property
    def run(self) -> int:
        return next(seq for seq in range(len(self.held) + 1) if seq + 1 not in self.held)

    def _hash(self, seq: int) -> bytes:
        return Ledger([self.held[at] for at in range(1, seq + 1)]).hash_at(seq)

    def _vouched(self, head: Head) -> Answer:
        body = protocol.dump(head)
        return Answer(200, {protocol.VOUCH_HEADER.lower(): protocol.vouch(a_key(9), CERTIFICATE.journal, body)}, body)

    def take_in(self, body: bytes) -> Receipt:
        batch = protocol.read_batch(body, lambda _header: a_key().verify_key)
        new = {seq: line for seq, line in enumerate(batch.lines, batch.header.first) if seq not in self.held}
        self.held |= new
        self.arrived += len(batch.lines)
        return Receipt(
            hub=CERTIFICATE.hub,
            journal=CERTIFICATE.journal,
            seq=self.run,
            hash=self._hash(self.run).hex(),
            accepted=len(new),
            duplicates=len(batch.lines) - len(new),
            quarantined=0,
            forked=0,
            batch=batch.digest,
            at=stamp(FAIR_MORNING),
        )


def plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body


class BadRoad:
    """Carries requests until told otherwise: each word of the script is the fate of one request."""

    def __init__(self, way: object, script: Iterator[str] | list[str]) -> None:
        self._way = way
        self._script = iter(script)

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        fate = next(self._script, "carried")
        if fate == "request lost":
            raise Problem(SYNC_UNREACHABLE, reason="cut")
        answer: Answer = self._way(method, path, body, headers)
        if fate == "sent twice":
            answer = self._way(method, path, body, headers)
        if fate == "answer lost":
            raise Problem(SYNC_UNREACHABLE, reason="cut")
        if fate == "answer torn":
            return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])
        return answer


FATES = st.lists(st.sampled_from(["carried", "request lost", "answer lost", "answer torn", "sent twice"]), max_size=12)


def a_client(road: object, key: keys.SigningKey | None = None, certificate: Certificate = CERTIFICATE) -> Client:
    return Client(road, key or a_key(), certificate, a_hello())  # type: ignore[arg-type]


def push_until_through(road: object, source: Ledger) -> Result:
    """Try again as long as it takes, as a courier does."""
    for _ in range(50):
        with suppress(Problem):
            return push(a_client(road), source, FakeClock())
    raise AssertionError("it never got through")


# --- everything arrives once ----------------------------------------------------------------------


@given(st.integers(0, 12), FATES)
def test_however_the_road_fails_everything_arrives_once(count: int, script: list[str]):
    hub, source = SmallHub(), Ledger(some_lines(count), {hashlib.sha256(b"blob").hexdigest(): b"blob"})
    result = push_until_through(BadRoad(hub, script), source)
    assert [hub.held[seq] for seq in sorted(hub.held)] == source.stored
    assert hub.blobs == source.sealed
    assert (result.seq, source.unsent()) == (count, 0)


@given(st.integers(1, 12), FATES)
def test_nothing_counts_as_sent_before_the_hub_has_it(count: int, script: list[str]):
    hub, source = SmallHub(), Ledger(some_lines(count))
    for fate in script:
        with suppress(Problem):
            push(a_client(BadRoad(hub, ["carried", fate])), source, FakeClock())
        assert len(hub.held) >= len(source.stored) - source.unsent()


def test_pushing_again_sends_no_fact_again():
    hub, source = SmallHub(), Ledger(some_lines(5))
    push(a_client(hub), source, FakeClock())
    assert push(a_client(hub), source, FakeClock()) == Result(seq=5)
    assert hub.arrived == 5


def test_a_push_goes_on_where_the_last_one_was_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 2)
    hub, source = SmallHub(), Ledger(some_lines(5))
    with pytest.raises(Problem, match="unreachable"):
        push(a_client(BadRoad(hub, ["carried", "carried", "answer lost"])), source, FakeClock())
    assert len(hub.held) == 4
    assert push(a_client(hub), source, FakeClock()).new == 1
    assert hub.arrived == 5


def test_progress_is_told_batch_by_batch(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 2)
    told: list[tuple[int, int]] = []
    push(a_client(SmallHub()), Ledger(some_lines(5)), FakeClock(), lambda done, of: told.append((done, of)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_the_next_batch_is_made_while_the_hub_takes_in_the_last(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 2)
    is_read, source, hub = threading.Event(), Ledger(some_lines(4)), SmallHub()

    def lines(first: int, count: int) -> list[bytes]:
        if first == 3:
            is_read.set()
        return source.stored[first - 1 : first - 1 + count]

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        assert method == "GET" or is_read.wait(5)
        return hub(method, path, body, headers)

    monkeypatch.setattr(source, "lines", lines)
    assert push(a_client(road), source, FakeClock()).new == 4


def test_what_came_to_the_hub_meanwhile_by_another_road_is_not_sent_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 2)
    hub, source = SmallHub(), Ledger(some_lines(7))

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if method == "POST" and not hub.held:
            hub.held = {seq: source.stored[seq - 1] for seq in (3, 4, 5)}
        return hub(method, path, body, headers)

    push(a_client(road), source, FakeClock())
    assert (source.unsent(), hub.arrived) == (0, 4)


def test_a_journal_that_cannot_be_read_on_keeps_the_receipts_it_has(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 2)
    source = Ledger(some_lines(4))

    def lines(first: int, count: int) -> list[bytes]:
        if first > 2:
            raise Problem(JOURNAL_DAMAGED, seq=3)
        return source.stored[:count]

    monkeypatch.setattr(source, "lines", lines)
    with pytest.raises(Problem, match="damaged"):
        push(a_client(SmallHub()), source, FakeClock())
    assert source.unsent() == 2


def test_a_blob_the_hub_misses_is_sent_again():
    hub, blob = SmallHub(), b"sealed"
    name = hashlib.sha256(blob).hexdigest()
    hub.wanted = [name]
    push(a_client(hub), Ledger([], {name: blob}, sent={name}), FakeClock())
    assert hub.blobs == {name: blob}


def test_sealed_content_goes_before_the_facts_that_name_it():
    hub, blob = SmallHub(), b"sealed"
    source = Ledger(some_lines(1), {hashlib.sha256(blob).hexdigest(): blob})
    with pytest.raises(Problem):
        push(a_client(BadRoad(hub, ["carried", "request lost"])), source, FakeClock())
    assert hub.blobs
    assert not hub.held


# --- only a signed receipt is believed ------------------------------------------------------------


class LyingHub(SmallHub):
    """Signs for something else than it holds."""

    def __init__(self, key: int = 9, **lie: object) -> None:
        super().__init__()
        self._key, self._lie = key, lie

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = super().__call__(method, path, body, headers)
        if path != "/sync/v1/batches":
            return answer
        receipt = protocol.read_document(Receipt, answer.body, a_key(9).verify_key)
        lie = protocol.sign_document(msgspec.structs.replace(receipt, **self._lie), a_key(self._key))
        return Answer(200, {}, lie)


@pytest.mark.parametrize(
    ("hub", "code"),
    [
        (LyingHub(key=8), "sync.receipt"),
        (LyingHub(hub="1" * 32), "sync.receipt"),
        (LyingHub(journal="1" * 32), "sync.receipt"),
        (LyingHub(hash="00" * 32), "journal.forked"),
        (LyingHub(forked=1), "journal.forked"),
        (LyingHub(seq=0, hash=ROOT.hex()), "sync.incomplete"),
    ],
    ids=["another key", "another hub", "another journal", "another hash", "a fork", "less than was sent"],
)
def test_a_lying_hub_is_not_believed(hub: LyingHub, code: str):
    source = Ledger(some_lines(3))
    with pytest.raises(Problem) as caught:
        push(a_client(hub), source, FakeClock())
    assert caught.value.code == code
    assert source.unsent() == 3


def test_an_empty_journal_asks_for_a_receipt_all_the_same():
    source = Ledger([])
    push(a_client(SmallHub()), source, FakeClock())
    assert [receipt.seq for receipt in source.receipts] == [0]


@pytest.mark.parametrize("other", [some_lines(3, first=2), some_lines(4)], ids=["other facts", "more facts"])
def test_a_hub_with_other_facts_means_a_fork_and_nothing_is_sent(other: list[bytes]):
    hub = SmallHub()
    hub.held = dict(enumerate(other, 1))
    with pytest.raises(Problem) as caught:
        push(a_client(hub), Ledger(some_lines(3)), FakeClock())
    assert caught.value.code == "journal.forked"
    assert hub.arrived == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"problem":"sync.device","zh":"x","en":"Unknown device."}', "sync.device: Unknown device."),
        (b"<h1>Bad gateway</h1>", "HTTP 502"),
        (b"[]", "HTTP 502"),
        (b"", "HTTP 502"),
    ],
)
def test_a_refusal_is_told_in_the_hub_s_own_words(body: bytes, reason: str):
    with pytest.raises(Problem) as caught:
        push(a_client(lambda *_: Answer(502, {}, body)), Ledger([]), FakeClock())
    assert (caught.value.code, caught.value.details["reason"]) == ("sync.refused", reason)


def test_every_request_is_signed_by_the_device():
    asked: list[tuple[str, str, bytes, str]] = []

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        asked.append((method, path, plain(body, headers), headers[protocol.AUTH_HEADER].split(" ")[1]))
        travelled.append(len(body))
        return hub(method, path, body, headers)

    hub, travelled = SmallHub(), list[int]()
    push(a_client(road), Ledger(some_lines(9)), FakeClock())
    assert travelled[1] < len(asked[1][2]) / 2, "batches travel compressed"
    assert [path.split("/")[3] for _, path, *_ in asked] == ["journals", "batches", "journals"]
    for method, path, body, sign in asked:
        assert protocol.is_authorised(a_key().verify_key, sign, method, path.partition("?")[0], body)


# --- only a head that answers this very question is believed -------------------------------------------


class Meddler:
    """Somebody on the way to the hub who keeps sealed content for himself, and answers for the head himself."""

    def __init__(self, way: object, head: str) -> None:
        self._way, self._head = way, head
        self.first: Answer | None = None

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if method == "PUT":
            return Answer(200, {}, msgspec.json.encode({"held": len(body), "whole": True}))
        answer: Answer = self._way(method, path, body, headers)
        if "/journals/" not in path:
            return answer
        self.first = self.first or answer
        match self._head:
            case "changed":
                said = {**msgspec.json.decode(answer.body), "missing_blobs": []}
                return Answer(200, answer.headers, msgspec.json.encode(said))
            case "of before":
                return self.first
            case "unsigned":
                return Answer(200, {}, answer.body)
        return answer


@pytest.mark.parametrize("head", ["changed", "of before", "unsigned", "the hub's own"])
def test_sealed_content_that_somebody_kept_on_the_way_is_never_called_sent(head: str):
    hub, blob = SmallHub(), b"sealed"
    name = hashlib.sha256(blob).hexdigest()
    source = Ledger(some_lines(1), {name: blob})
    hub.wanted = [name] if head != "of before" else []
    road = Meddler(hub, head)
    for _ in range(3):
        result = push(a_client(road), source, FakeClock())
        hub.wanted = [name]
        assert (source.sent, result.blobs, source.unsent()) == (set(), 0, 0)
        assert (result.at == "") == (head != "the hub's own")
    assert push(a_client(hub), source, FakeClock()).blobs == 1
    assert (hub.blobs, source.sent) == (source.sealed, {name})


@pytest.mark.parametrize("head", ["changed", "of before", "unsigned"])
def test_no_head_but_the_hubs_own_tells_the_time(head: str):
    hub, met = SmallHub(), []
    road = Meddler(hub, head)
    if head == "of before":
        push(a_client(road), Ledger([]), FakeClock())
    hub.wanted = ["00" * 32]
    push(a_client(road), Ledger([]), FakeClock(), meet=met.append)
    assert met == []
    push(a_client(hub), Ledger([]), FakeClock(), meet=met.append)
    assert [(one.hub_at, one.rtt_ms) for one in met] == [(stamp(FAIR_MORNING), 0)]


@pytest.mark.parametrize(("seconds", "times"), [(60, 1), (60.001, 0)])
def test_an_answer_that_somebody_held_back_no_longer_tells_the_time(seconds: float, times: int):
    hub, clock, met = SmallHub(), FakeClock(), []

    def slow(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = hub(method, path, body, headers)
        clock.tick(seconds)
        return answer

    push(a_client(slow), Ledger([]), clock, meet=met.append)
    assert len(met) == times


def test_a_fork_that_nobody_signed_for_is_none():
    hub, source = SmallHub(), Ledger(some_lines(3))
    hub.held = dict(enumerate(some_lines(4), 1))
    with pytest.raises(Problem, match=r"sync\.receipt"):
        push(a_client(Meddler(hub, "unsigned")), source, FakeClock())
    assert hub.arrived == 0


def test_every_question_for_the_head_is_another():
    asked: list[str] = []

    def road(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        asked.append(path)
        return hub(method, path, body, headers)

    hub = SmallHub()
    for _ in range(3):
        push(a_client(road), Ledger([]), FakeClock())
    nonces = [path.partition("?nonce=")[2] for path in asked if "/journals/" in path]
    assert {len(nonce) for nonce in nonces} == {32}
    assert len(set(nonces)) == len(nonces) == 6


# --- a hub that was set back ----------------------------------------------------------------------


def test_all_the_content_a_hub_lost_is_brought_however_little_it_names_at_a_time():
    contents = [b"sealed %d" % number for number in range(2 * protocol.MISSING_LIMIT + 50)]
    sealed = {hashlib.sha256(content).hexdigest(): content for content in contents}
    hub, source = SmallHub(), Ledger(some_lines(2), sealed, sent=set(sealed))
    hub.wanted = list(sealed)
    assert push(a_client(hub), source, FakeClock()).at == stamp(FAIR_MORNING)
    assert hub.blobs == sealed
    assert source.sent == set(sealed)


def test_what_the_hub_lacks_and_will_not_take_is_called_sent_no_longer():
    hub, blob = SmallHub(), b"sealed"
    name = hashlib.sha256(blob).hexdigest()
    hub.wanted, source = [name], Ledger([], {name: blob}, sent={name})
    push(a_client(Meddler(hub, "the hub's own")), source, FakeClock())
    assert source.sent == set()


def test_while_the_hub_may_lack_more_than_it_names_nothing_is_called_sent():
    hub, blob = SmallHub(), b"sealed"
    hub.wanted = [f"{number:064x}" for number in range(protocol.MISSING_LIMIT)]  # of no tablet any more
    source = Ledger([], {hashlib.sha256(blob).hexdigest(): blob})
    assert push(a_client(hub), source, FakeClock()).at == ""
    assert source.sent == set()


# --- with the real two sides ----------------------------------------------------------------------


def test_a_real_pair_survives_a_bad_road(paired: Pair):
    paired.booth.journal.append(*(a_draft() for _ in range(7)))
    for fate in ("request lost", "answer lost", "answer torn", "sent twice"):
        for skipped in range(3):
            script = ["carried"] * skipped + [fate]
            with suppress(Problem):
                paired.booth.sync(BadRoad(WsgiTransport(paired.hub_app), script))
    assert paired.sync().new == 0
    assert paired.booth.journal.unsent() == 0


def test_a_real_hub_counts_a_resent_journal_once(paired: Pair):
    paired.booth.journal.append(*(a_draft() for _ in range(7)))
    assert paired.sync().new == 8  # and the hub's time, noted once
    assert paired.sync() == Result(seq=8)


def with_a_photo(pair: Pair) -> bytes:
    """A complaint at the booth whose sealed content is far larger than one request."""
    content = secrets.token_bytes(5 * protocol.BLOB_PART + 17)
    body = a_filing(hashlib.sha256(content).hexdigest(), 1)
    pair.booth.journal.append(Draft(an_id(7), body, "li", content))
    return content


def blobs_at(hub: Hub) -> list[bytes]:
    return [bytes(content) for _name, content, _at in rows(hub, blobs)]


@share_hubs
@pytest.mark.parametrize("fate", ["request lost", "answer lost", "answer torn", "sent twice"])
def test_large_sealed_content_goes_in_parts_and_on_from_where_the_hub_says_after_any_cut(paired: Pair, fate: str):
    content = with_a_photo(paired)
    road = WsgiTransport(paired.hub_app)
    cuts, parts = 0, Counter[str]()

    def counted(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        parts[headers.get(protocol.RANGE_HEADER, "")] += 1
        return road(method, path, body, headers)

    for _ in range(12):  # each time the second part from where it stands gets lost
        before = paired.booth.journal.unsent()
        with suppress(Problem):
            paired.booth.sync(BadRoad(counted, ["carried"] * 4 + [fate]))
        cuts += before == paired.booth.journal.unsent() != 0
        assert content in blobs_at(paired.hub) or unsent_blobs(paired.booth.journal)
    paired.sync()
    assert blobs_at(paired.hub) == [content]
    assert paired.booth.journal.unsent() == 0
    del parts[""]
    assert len(parts) == 6
    assert max(parts.values()) <= 2, "what the hub has is not sent again"
    assert cuts or fate == "sent twice"


def test_sealed_content_that_was_damaged_on_the_tablet_holds_up_nothing_else(paired: Pair):
    with_a_photo(paired)
    paired.booth.journal.append(a_draft())
    paired.booth.journal.write("UPDATE blobs SET content = x'00'")
    assert paired.sync().blobs == 0
    assert paired.booth.journal.unsent() == 1, "every fact arrived, the blob did not"
    assert blobs_at(paired.hub) == []


def test_a_blob_the_hub_will_not_take_holds_up_nothing_else(paired: Pair):
    content = with_a_photo(paired)
    paired.booth.journal.append(a_draft())
    road = WsgiTransport(paired.hub_app)

    def refusing(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if method == "PUT":
            return Answer(400, {}, b'{"problem":"sync.blob_mismatch","zh":"x","en":"No."}')
        return road(method, path, body, headers)

    paired.booth.sync(refusing)
    assert paired.booth.journal.unsent() == 1, "every fact arrived, the blob did not"
    paired.sync()
    assert blobs_at(paired.hub) == [content]
    assert paired.booth.journal.unsent() == 0


@pytest.mark.parametrize("said", [{"held": 0}, {"held": 2**40}, {"held": 0, "whole": 1}], ids=str)
def test_a_hub_that_never_has_enough_of_a_blob_is_left(paired: Pair, said: dict[str, object]):
    with_a_photo(paired)
    road = WsgiTransport(paired.hub_app)

    def greedy(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if "/blobs/" in path:
            return Answer(200, {}, msgspec.json.encode({"whole": False, **said}))
        return road(method, path, body, headers)

    with pytest.raises(Problem, match=r"sync\.(refused|malformed)"):
        paired.booth.sync(greedy)
    assert paired.booth.journal.unsent() == 2


# --- a busy hub ------------------------------------------------------------------------------------


class BusyHub(SmallHub):
    """Has no time for the first requests."""

    def __init__(self, times: int, **headers: str) -> None:
        super().__init__()
        self._times, self._headers = times, {name.replace("_", "-"): value for name, value in headers.items()}

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self._times -= 1
        if self._times >= 0:
            return Answer(503, self._headers, b'{"problem":"hub.busy","zh":"x","en":"Busy."}')
        return super().__call__(method, path, body, headers)


def patient_client(hub: BusyHub) -> tuple[Client, list[float]]:
    waited: list[float] = []
    return Client(hub, a_key(), CERTIFICATE, a_hello(), waited.append), waited


def test_a_busy_hub_is_asked_again_after_ever_longer_pauses():
    hub, source = BusyHub(4), Ledger(some_lines(3))
    client, waited = patient_client(hub)
    assert push(client, source, FakeClock()).new == 3
    for pause, least in zip(waited, (1, 2, 4, 8), strict=True):
        assert least <= pause < 1.5 * least, "a share is drawn by lot, so that not all come back at once"


def test_a_busy_hub_says_how_long_to_leave_it_alone():
    client, waited = patient_client(BusyHub(1, Retry_After="7"))
    push(client, Ledger(some_lines(1)), FakeClock())
    assert 7 <= waited[0] < 10.5


def test_a_hub_that_stays_busy_is_left_for_another_time():
    source = Ledger(some_lines(3))
    client, waited = patient_client(BusyHub(1000, Retry_After="3"))
    with pytest.raises(Problem) as caught:
        push(client, source, FakeClock())
    assert caught.value.code == "sync.busy"
    assert caught.value.details["seconds"] >= 3
    assert sum(waited) <= 30
    assert source.unsent() == 3


def test_another_hub_takes_nothing_and_nothing_counts_as_sent(tmp_path: Path, clock: FakeClock):
    with closing(a_hub(tmp_path / "one", clock)) as one, closing(a_hub(tmp_path / "other", clock)) as other:
        pair, stranger = a_pair(tmp_path / "b1", one, clock), a_pair(tmp_path / "b2", other, clock)
        with closing(pair.booth), closing(stranger.booth):
            pair.booth.journal.append(a_draft())
            with pytest.raises(Problem, match=r"sync\.device"):
                pair.booth.sync(WsgiTransport(stranger.hub_app))
            assert pair.booth.journal.unsent() == 1
