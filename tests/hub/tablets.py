"""Tablets without a screen: a key, a journal as bytes, and batches cut from it however a test wants; and what a hub
makes of them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select

from kiosk.facts import envelope
from kiosk.facts.advice import AdviceAsked
from kiosk.facts.cases import CaseOpened
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.complaints import draw_case_number
from kiosk.facts.envelope import Fact
from kiosk.facts.galleries import ExhibitJudged
from kiosk.facts.kinds import Body
from kiosk.facts.quizzes import QuizFinished
from kiosk.facts.shifts import ShiftEntered, ShiftRefused
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone, undo_id
from kiosk.hub import devices, fairs, intake, tables, totals
from kiosk.hub.context import Hub
from kiosk.reports.amounts import Bucket, fold
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import BatchHeader, Certificate, EnrolRequest, Receipt
from tests.makers import a_fact, a_filing, an_answer, an_id
from tests.proof import share

#: How laws over a whole hub are tried: one hub for all examples, a tablet of its own for each. Examples are small as
#: they are; to shrink one further takes minutes of database work, and says little more.
law = settings(
    max_examples=share(50, 8),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.function_scoped_fixture],
)

# --- a tablet -------------------------------------------------------------------------------------


@dataclass
class Tablet:
    """What an enrolled booth holds: its key, its certificate, its lines."""

    key: keys.SigningKey
    certificate: Certificate
    root: bytes
    lines: list[bytes] = field(default_factory=list)

    @property
    def journal(self) -> str:
        return self.certificate.journal

    def record(self, entry: "Body | Entry | bytes | None" = None, **changes: Any) -> "Tablet":
        """Append what happened; by default one visitor counted. Bytes go in as they are."""
        seq = len(self.lines) + 1
        if isinstance(entry, Entry):
            entry, changes = entry.thing, {}
        if isinstance(entry, Fact):
            entry = envelope.encode(msgspec.structs.replace(entry, seq=seq))
        elif not isinstance(entry, bytes):
            told = {"id": secrets.token_hex(16), "seq": seq, "desk": self.certificate.desk, **changes}
            entry = envelope.encode(a_fact(entry, **told))
        self.lines.append(entry)
        return self

    def hash_at(self, seq: int) -> bytes:
        digest = self.root
        for line in self.lines[:seq]:
            digest = envelope.chain(digest, line)
        return digest

    def batch(
        self, first: int = 1, count: int | None = None, key: keys.SigningKey | None = None, **header: Any
    ) -> bytes:
        """A stretch of the journal as a signed batch; `header` changes what its first line says."""
        lines = self.lines[first - 1 :] if count is None else self.lines[first - 1 : first - 1 + count]
        said = BatchHeader(
            journal=self.journal,
            device=self.certificate.device,
            fair=self.certificate.fair,
            hub=self.certificate.hub,
            first=first,
            count=len(lines),
            prev=self.hash_at(first - 1).hex(),
        )
        return protocol.write_batch(msgspec.structs.replace(said, **header), lines, key or self.key)

    def clone(self) -> "Tablet":
        """The same file on another card: same key, same past, its own future."""
        return Tablet(self.key, self.certificate, self.root, list(self.lines))

    def headers(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        """What goes with a request that carries no signed document of its own."""
        return {
            protocol.HEADER: "1",
            protocol.AUTH_HEADER: protocol.authorise(self.key, self.certificate.device, method, path, body),
        }


def an_enrol_request(hub: Hub, token: str, **changes: Any) -> EnrolRequest:
    """A tablet's request to be taken in, with a key drawn for it. `key` and `journal` may be given."""
    key = changes.pop("key", None) or keys.SigningKey.generate()
    journal = changes.pop("journal", None) or secrets.token_hex(16)
    public_key = bytes(key.verify_key).hex()
    proof = keys.sign(key, b"kiosk/enrol/1", protocol.enrol_proof(token, public_key, journal, hub.id))
    request = EnrolRequest(token=token, public_key=public_key, journal=journal, proof=proof)
    return msgspec.structs.replace(request, **changes)


def a_code(hub: Hub, desk: str = "d01", fair: str = "demo") -> str:
    with hub.store.begin() as tx:
        return devices.draw_code(tx, hub, fairs.find_fair(tx, fair), desk, hub.clock.now())


def a_tablet(hub: Hub, desk: str = "d01", fair: str = "demo") -> Tablet:
    """A tablet enrolled at the hub, with an empty journal."""
    key = keys.SigningKey.generate()
    token, _ = protocol.read_code(a_code(hub, desk, fair))
    with hub.store.begin() as tx:
        document = devices.enrol(tx, hub, an_enrol_request(hub, token, key=key), hub.clock.now(), 0)
    certificate = protocol.read_document(Certificate, document, hub.key.verify_key)
    return Tablet(key, certificate, envelope.root(document))


def deliver(hub: Hub, batch: bytes) -> Receipt:
    """Hand a batch to the hub, as any road does in the end."""
    with hub.store.begin() as tx:
        return intake.receive(tx, batch, hub.id, hub.clock.now())


#: Somebody at the hub.
PERSON = "p-0000315a"


def withdraw(hub: Hub, tablet: Tablet, cutoff: int) -> None:
    with hub.store.begin() as tx:
        devices.revoke(tx, hub, tablet.certificate.device, "丢失", PERSON, cutoff)


# --- what may happen at a desk ----------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """Something for a journal, and whether it may count."""

    thing: Fact | bytes
    counts: bool


_ids = st.integers(0, 2**128 - 1).map(an_id)


def _stamped(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "+08:00"


_times = st.datetimes().map(_stamped)
_AT_THE_FAIR = [f"2027-03-15T{hour:02d}:59:30.000+08:00" for hour in (0, 9, 10, 16, 23)]
_counters = st.sampled_from(["headcount", "headcount.east", "consultation", "board", "leaflet.rights"])
_questions = st.sampled_from(["q001", "q002", "q003"])
_cases = st.randoms(use_true_random=False).map(lambda dice: draw_case_number(dice.randrange))
_hex32 = st.binary(min_size=32, max_size=32).map(bytes.hex)
_flags = st.booleans()
_bodies = st.one_of(
    st.builds(TallyCounted, counter=_counters, n=st.integers(1, 1000)),
    st.builds(TallyUndone, undoes=_ids, counter=_counters, n=st.integers(1, 1000)),
    st.builds(
        TallyCorrected,
        counter=_counters,
        n=st.integers(-1000, 1000).filter(bool),
        day=st.sampled_from(["2027-03-14", "2027-03-15"]),
        hour=st.integers(0, 23),
        reason=st.just("recount"),
        second=st.just(""),
    ),
    st.builds(an_answer, session=_ids, question=_questions, right=_flags),
    st.builds(QuizFinished, session=_ids, questions=st.just(5), right=st.just(4), passed=_flags, pass_mark=st.just(4)),
    st.builds(ExhibitJudged, session=_ids, exhibit=st.just("x1"), right=_flags),
    st.builds(
        a_filing,
        case=_cases,
        blob=_hex32,
        matter=st.sampled_from(["complaint", "report"]),
        standing=st.sampled_from(["window", "pre"]),
    ),
    st.builds(AdviceAsked, number=_cases, blob=_hex32, size=st.just(700), channel=st.just("visitor")),
    st.just(ShiftEntered(volunteer="li")),
    st.just(ShiftRefused()),
    st.builds(
        ClockCompared,
        hub_at=st.datetimes(datetime(2027, 3, 14), datetime(2027, 3, 17)).map(_stamped),  # noqa: DTZ001
        rtt_ms=st.just(40),
    ),
)
_facts = st.builds(
    a_fact,
    _bodies,
    id=_ids,
    at=st.one_of(_times.filter(lambda at: "0002" < at < "9999-12-31"), st.sampled_from(_AT_THE_FAIR)),
    boot=st.sampled_from(["0000315a", "0000315b", "0000315c"]),
    mono=st.one_of(st.integers(0, 2**53), st.integers(0, 100_000_000)),
)


def a_note_of_no_time(hub_at: str = "2027-02-30T09:30:00.000+08:00", **changes: Any) -> Fact:
    """It met the hub at a moment that no calendar has."""
    noted = a_fact(ClockCompared(hub_at="2027-03-15T09:30:00.000+08:00", rtt_ms=40), **changes)
    return msgspec.structs.replace(noted, body={"hub_at": hub_at, "rtt_ms": 40})


def taken_back(tap: Fact) -> Fact:
    """The undo of a tap, as a booth writes it."""
    body = TallyUndone(undoes=tap.id, counter=str(tap.body["counter"]), n=int(tap.body["n"]))
    return a_fact(body, id=undo_id(tap.id))


def _raw(fact: Fact, **members: Any) -> bytes:
    return msgspec.json.encode({**msgspec.structs.asdict(fact), **members})


#: What a signature may cover and still nobody can use. Each is kept and acknowledged; none may count or block.
poison = st.one_of(
    st.binary(max_size=200).filter(lambda line: b"\n" not in line),
    st.just(b'{"v":1,"v":1}'),
    st.just(b'"\\ud800"'),
    st.just(b"[" * 5000),
    _facts.map(lambda fact: envelope.encode(fact)[:-1]),
    _facts.map(lambda fact: _raw(fact, extra=1)),
    _facts.map(lambda fact: _raw(fact, seq=2**60)),
    _facts.map(lambda fact: _raw(fact, at="2027-02-30T00:00:00.000+08:00")),
)
unusable = st.one_of(
    _facts.map(lambda fact: msgspec.structs.replace(fact, kind="prize.given")),  # a kind of a later release
    _facts.map(lambda fact: msgspec.structs.replace(fact, v=9)),  # a shape of a later release
    _facts.map(lambda fact: msgspec.structs.replace(fact, desk="d02")),  # another desk's
    _facts.map(lambda fact: msgspec.structs.replace(fact, body={"surprise": 1})),
    _ids.map(lambda one: a_note_of_no_time(id=one)),
    _ids.map(lambda one: a_fact(CaseOpened(case="0000-00000", reason="handling"), id=one)),  # not for a booth to say
    _facts.map(lambda fact: envelope.encode(msgspec.structs.replace(fact, seq=2**40))),  # numbered wrongly
)
entries = st.one_of(
    _facts.map(lambda fact: Entry(fact, counts=True)),
    poison.map(lambda line: Entry(line, counts=False)),
    unusable.map(lambda thing: Entry(thing, counts=False)),
)


@st.composite
def deliveries(draw: st.DrawFn, length: int) -> list[tuple[int, int]]:
    """(first, count) of batches that together hold a whole journal: cut, overlapping, repeated, in any order."""
    cuts = sorted({0, length, *draw(st.lists(st.integers(0, length), max_size=5))})
    parts = [(a + 1, b - a) for a, b in pairwise(cuts)]
    for _ in range(draw(st.integers(0, 3))):
        first = draw(st.integers(1, length + 1))
        parts.append((first, draw(st.integers(0, length + 1 - first))))
    return draw(st.permutations(parts))


# --- what a hub holds -----------------------------------------------------------------------------


def totals_of(hub: Hub, journal: str) -> dict[Bucket, int]:
    with hub.store.reading() as tx:
        return {bucket: n for (held, bucket), n in totals.all_buckets(tx).items() if held == journal}


def expected_totals(entries: "list[Entry]") -> Mapping[Bucket, int]:
    """What the pure fold makes of the entries that may count; zeros left out."""
    folded = fold(entry.thing for entry in entries if entry.counts and isinstance(entry.thing, Fact))
    return {bucket: n for bucket, n in folded.items() if n}


def run_of(hub: Hub, journal: str) -> tuple[int, bytes, int | None]:
    """(seq, hash, forked_at): the run that is counted."""
    with hub.store.reading() as tx:
        row = tx.execute(select(tables.journals).where(tables.journals.c.journal == journal)).one()
    return row.seq, bytes(row.hash), row.forked_at


def rows(hub: Hub, table: Table) -> list[tuple[Any, ...]]:
    """Everything in a table, in order of its key."""
    with hub.store.reading() as tx:
        return [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key))]


#: What is folded from facts, and must come out the same when it is folded again.
FOLDED = (
    tables.journals, tables.totals, tables.desk_totals, tables.complaints, tables.openings, tables.leaderboard,
)  # fmt: skip


def folded(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    found = {table.name: rows(hub, table) for table in FOLDED}
    for name in ("totals", "desk_totals"):
        found[name] = [row for row in found[name] if row[-1]]  # a sum of nothing is no sum
    return found


def everything(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but those that are folded behind the scenes, whenever there is time."""
    behind = (tables.item_folds, tables.item_sums, tables.item_wrongs)
    return {table.name: rows(hub, table) for table in tables.metadata.sorted_tables if table not in behind}
