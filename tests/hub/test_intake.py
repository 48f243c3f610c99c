"""Batch → receipt: verified, counted once, whatever the road did with it."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.cases import CaseOpened
from kiosk.facts.clocks import MOST_BOOTS
from kiosk.facts.envelope import Fact
from kiosk.facts.tallies import TallyCounted
from kiosk.hub import ledger
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import Hub
from kiosk.hub.tables import complaints, facts, forks, journals
from kiosk.sync import protocol
from kiosk.sync.protocol import Receipt
from tests.hub.tablets import (
    Entry,
    Tablet,
    a_note_of_no_time,
    a_tablet,
    deliver,
    deliveries,
    entries,
    everything,
    expected_totals,
    law,
    rows,
    run_of,
    taken_back,
    totals_of,
)
from tests.makers import Pair, a_fact, a_fair, a_headcount, a_hub, a_key, an_id


def problems_of(hub: Hub, journal: str) -> dict[int, str | None]:
    """seq → why it does not count."""
    with hub.store.reading() as tx:
        query = select(facts.c.seq, facts.c.problem).where(facts.c.journal == journal)
        return {row.seq: row.problem for row in tx.execute(query)}


def refusal(hub: Hub, batch: bytes) -> str:
    """The code a batch is refused with; and nothing was written."""
    before = everything(hub)
    with pytest.raises(Problem) as refused:
        deliver(hub, batch)
    assert everything(hub) == before
    return refused.value.code


# --- once -----------------------------------------------------------------------------------------


def test_a_batch_comes_in_and_the_receipt_names_its_head(hub):
    tablet = a_tablet(hub).record().record()
    receipt = deliver(hub, tablet.batch())
    assert (receipt.accepted, receipt.duplicates, receipt.quarantined, receipt.forked) == (2, 0, 0, 0)
    assert (receipt.seq, receipt.hash) == (2, tablet.hash_at(2).hex())


def test_the_answer_over_http_is_a_document_that_only_the_hub_can_have_signed(hub, hub_client):
    tablet = a_tablet(hub).record()
    answer = hub_client.post("/sync/v1/batches", data=tablet.batch(), headers={protocol.HEADER: "1"})
    receipt = protocol.read_document(Receipt, answer.data, hub.key.verify_key)
    assert (receipt.hub, receipt.journal, receipt.seq) == (hub.id, tablet.journal, 1)
    with pytest.raises(Problem, match=r"sync\.signature"):
        protocol.read_document(Receipt, answer.data, a_key(9).verify_key)


def test_a_batch_that_came_after_a_later_one_leaves_its_signature_with_the_journal(hub):
    tablet = a_tablet(hub).record().record().record().record()
    for first in (3, 1):
        deliver(hub, tablet.batch(first=first, count=2))
    with hub.store.reading() as tx:
        seal = tx.execute(select(journals.c.seal).where(journals.c.journal == tablet.journal)).scalar_one()
    header = protocol.header_of(bytes(seal))
    assert (run_of(hub, tablet.journal)[0], header.first, header.count) == (4, 1, 2)
    assert ledger.verify(hub) == []


def test_the_same_batch_again_brings_nothing_new_and_changes_no_total(hub):
    tablet = a_tablet(hub).record(a_headcount(7)).record()
    deliver(hub, tablet.batch())
    before = everything(hub)
    again = deliver(hub, tablet.batch())
    assert (again.accepted, again.duplicates, again.seq) == (0, 2, 2)
    assert everything(hub) == before


def test_a_push_counts_each_fact_once_however_often_it_is_repeated(paired: Pair):
    desk = paired.at_the_desk()
    desk.send(desk.get("/staff").form("/staff/tally", counter="headcount"), n="5")
    first, second = paired.sync(), paired.sync()
    assert (first.new, second.new, second.duplicates) == (3, 0, 0)  # the shift, the tap, and the hub's time
    journal = paired.booth.journal
    assert totals_of(paired.hub, journal.identity().journal) == journal.totals()


def test_an_empty_batch_asks_for_a_receipt_and_changes_nothing(hub):
    tablet = a_tablet(hub).record()
    deliver(hub, tablet.batch())
    before = everything(hub)
    receipt = deliver(hub, tablet.batch(first=2))
    assert (receipt.accepted, receipt.seq, receipt.hash) == (0, 1, tablet.hash_at(1).hex())
    assert everything(hub) == before


# --- any road -------------------------------------------------------------------------------------


@law
@given(st.lists(entries, min_size=1, max_size=12), st.data())
def test_any_order_split_overlap_and_repetition_gives_the_same_hub(hub, told: list[Entry], data):
    tablet = a_tablet(hub)
    for entry in told:
        tablet.record(entry)
    receipts = [deliver(hub, tablet.batch(*part)) for part in data.draw(deliveries(len(told)))]
    assert run_of(hub, tablet.journal) == (len(told), tablet.hash_at(len(told)), None)
    assert totals_of(hub, tablet.journal) == expected_totals(told)
    assert complaints_of(hub, tablet) == expected_complaints(told)
    assert sum(receipt.accepted for receipt in receipts) == len(told)
    assert sum(receipt.quarantined for receipt in receipts) == sum(not entry.counts for entry in told)
    assert all(receipt.hash == tablet.hash_at(receipt.seq).hex() and not receipt.forked for receipt in receipts)
    assert max(receipts, key=lambda receipt: receipt.seq).seq == len(told)


def complaints_of(hub: Hub, tablet: Tablet) -> list[tuple[int, str, str]]:
    query = select(complaints.c.seq, complaints.c.case, complaints.c.fact).order_by(complaints.c.seq)
    with hub.store.reading() as tx:
        return [tuple(row) for row in tx.execute(query.where(complaints.c.journal == tablet.journal))]


def expected_complaints(told: list[Entry]) -> list[tuple[int, str, str]]:
    return [
        (seq, entry.thing.body["case"], entry.thing.id)
        for seq, entry in enumerate(told, 1)
        if entry.counts and entry.thing.kind == "complaint.filed"
    ]


@law
@given(st.lists(st.tuples(st.integers(1, 1000), st.booleans()), min_size=1, max_size=8))
def test_what_was_taken_back_is_subtracted(hub, taps):
    tablet = a_tablet(hub)
    for n, is_undone in taps:
        tap = a_fact(a_headcount(n), id=an_id(len(tablet.lines) + 1))
        tablet.record(Entry(tap, counts=True))
        if is_undone:
            tablet.record(Entry(taken_back(tap), counts=True))
    deliver(hub, tablet.batch())
    assert sum(totals_of(hub, tablet.journal).values()) == sum(n for n, is_undone in taps if not is_undone)


def test_a_gap_is_held_and_counted_once_it_is_filled(hub):
    tablet = a_tablet(hub).record(a_headcount(1)).record(a_headcount(10)).record(a_headcount(100))
    held = deliver(hub, tablet.batch(first=3))
    assert (held.accepted, held.seq, totals_of(hub, tablet.journal)) == (1, 0, {})
    deliver(hub, tablet.batch(first=1, count=1))
    assert sum(totals_of(hub, tablet.journal).values()) == 1
    filled = deliver(hub, tablet.batch(first=2, count=1))
    assert (filled.seq, sum(totals_of(hub, tablet.journal).values())) == (3, 111)


# --- what cannot be used ----------------------------------------------------------------------------


def saying(body: dict[str, object]) -> Fact:
    """A tap whose body is not what a tap's body is."""
    return msgspec.structs.replace(a_fact(), body=body)


UNUSABLE = (
    (b"\xff\x00 not even text", "json.malformed"),
    (b"", "json.malformed"),
    (b'{"v":1}', "fact.malformed"),
    (envelope.encode(a_fact(seq=7000)), "fact.malformed"),
    (a_fact(desk="d02"), "fact.not_allowed"),
    (a_fact(CaseOpened(case="0000-00000", reason="handling")), "fact.not_allowed"),
    (a_fact(kind="prize.given"), "fact.unknown_kind"),
    (a_fact(v=2), "fact.unknown_kind"),
    (saying({"counter": "headcount", "n": 0}), "fact.malformed"),
    (saying({"counter": "headcount", "n": 1, "more": 1}), "fact.malformed"),
    (a_note_of_no_time("2027-02-30T09:30:00.000+08:00"), "fact.malformed"),
    (a_note_of_no_time("2027-99-15T09:30:00.000+08:00"), "fact.malformed"),
    (a_note_of_no_time("0000-03-15T09:30:00.000+08:00"), "fact.malformed"),
)


def test_a_signed_fact_that_cannot_be_used_is_kept_acknowledged_and_blocks_nothing(hub):
    tablet = a_tablet(hub)
    for entry, _ in UNUSABLE:
        tablet.record().record(entry)
    receipt = deliver(hub, tablet.record().batch())
    assert (receipt.accepted, receipt.quarantined, receipt.seq) == (27, 13, 27)
    assert problems_of(hub, tablet.journal) == dict(
        enumerate([None, *(problem for _, code in UNUSABLE for problem in (code, None))], 1)
    )
    assert sum(totals_of(hub, tablet.journal).values()) == 14
    assert all(line_of(hub, tablet.journal, seq) == line for seq, line in enumerate(tablet.lines, 1))


def line_of(hub: Hub, journal: str, seq: int) -> bytes:
    with hub.store.reading() as tx:
        return tx.execute(select(facts.c.line).where(facts.c.journal == journal, facts.c.seq == seq)).scalar_one()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00.000+08:00", "9999-12-31T23:59:59.999+08:00"])
def test_a_clock_at_the_ends_of_time_does_not_block_the_queue(hub, at):
    tablet = a_tablet(hub).record(at=at).record()
    assert deliver(hub, tablet.batch()).seq == 2


def test_a_note_of_no_time_behind_a_gap_does_not_keep_the_gap_from_being_filled(hub):
    tablet = a_tablet(hub).record().record(a_note_of_no_time()).record()
    assert deliver(hub, tablet.batch(first=2)).quarantined == 1
    assert (deliver(hub, tablet.batch(1, 1)).seq, sum(totals_of(hub, tablet.journal).values())) == (3, 2)


def found_good_by_an_older_release(hub: Hub, tablet: Tablet, seq: int) -> None:
    with hub.store.begin() as tx:
        at = (facts.c.journal == tablet.journal) & (facts.c.seq == seq)
        tx.execute(facts.update().where(at).values(problem=None))


def test_a_note_of_no_time_that_an_older_release_found_good_is_passed_over(hub):
    tablet = a_tablet(hub).record().record(a_note_of_no_time()).record()
    deliver(hub, tablet.batch(first=2))
    found_good_by_an_older_release(hub, tablet, 2)
    assert (deliver(hub, tablet.batch(1, 1)).seq, sum(totals_of(hub, tablet.journal).values())) == (3, 2)
    ledger.rebuild(hub)
    assert ledger.verify(hub) == []
    assert problems_of(hub, tablet.journal)[2] == "fact.malformed"


def test_a_tablet_that_names_a_new_boot_in_every_fact_is_counted_and_little_is_kept_of_its_clocks(hub):
    tablet = a_tablet(hub)
    for number in range(MOST_BOOTS + 200):
        tablet.record(boot=f"{number:08x}")
    for part in ((1, 700), (701, 500)):
        deliver(hub, tablet.batch(*part))
    with hub.store.reading() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == tablet.journal)).one()
    assert (held.seq, held.doubtful) == (MOST_BOOTS + 200, 1)
    assert len(held.clocks) < 150 * MOST_BOOTS
    assert sum(totals_of(hub, tablet.journal).values()) == MOST_BOOTS + 200
    assert ledger.verify(hub) == []


def test_one_poison_line_in_each_hundred_leaves_the_other_ninety_nine_to_count(hub):
    tablet = a_tablet(hub)
    for number in range(300):
        tablet.record(b"\xff" if number % 100 == 50 else None)
    receipt = deliver(hub, tablet.batch())
    assert (receipt.quarantined, sum(totals_of(hub, tablet.journal).values())) == (3, 297)


def test_an_id_with_something_after_it_is_no_id(hub):
    tablet = a_tablet(hub).record(id=an_id(1) + "\n")
    assert deliver(hub, tablet.batch()).quarantined == 1


# --- who and for whom -------------------------------------------------------------------------------


def test_a_batch_of_an_unknown_device_is_refused(hub):
    assert refusal(hub, a_tablet(hub).record().batch(device=an_id(5))) == "sync.device"


def test_a_batch_with_another_key_is_refused(hub):
    assert refusal(hub, a_tablet(hub).record().batch(key=a_key(5))) == "sync.signature"


def test_a_device_cannot_write_another_journal(hub):
    one, other = a_tablet(hub).record(), a_tablet(hub, "d02")
    assert refusal(hub, one.batch(journal=other.journal)) == "sync.device"
    assert refusal(hub, one.batch(device=other.certificate.device)) == "sync.device"


def test_the_journal_of_the_hub_itself_takes_no_batches(hub):
    assert refusal(hub, a_tablet(hub).record().batch(journal=hub.id, device=hub.id)) == "sync.device"


def test_of_all_hubs_and_fairs_only_the_right_one_takes_a_batch_in(tmp_path, clock):
    hubs = [a_hub(tmp_path / name, clock, fair=a_fair(id=name)) for name in ("spring", "summer", "autumn")]
    tablets = [
        a_tablet(hub, fair=name).record() for hub, name in zip(hubs, ("spring", "summer", "autumn"), strict=True)
    ]
    for hub in hubs:
        for tablet in tablets:
            for fair in ("spring", "summer", "autumn"):
                for addressee in hubs:
                    mine = tablet.certificate.hub == hub.id == addressee.id and fair == tablet.certificate.fair
                    assert is_taken(hub, tablet.batch(fair=fair, hub=addressee.id)) == mine
        hub.close()


def is_taken(hub: Hub, batch: bytes) -> bool:
    try:
        deliver(hub, batch)
    except Problem as problem:
        return problem.code not in ("sync.device", "sync.addressee")
    return True


# --- nothing half-written ----------------------------------------------------------------------------


def test_every_byte_of_a_batch_matters(hub, hub_client):
    tablet = a_tablet(hub).record()
    batch = tablet.batch()
    before = everything(hub)
    for place in range(len(batch)):
        bent = bytearray(batch)
        bent[place] ^= 1 << place % 8
        answer = hub_client.post("/sync/v1/batches", data=bytes(bent), headers={protocol.HEADER: "1"})
        assert 400 <= answer.status_code < 500, (place, answer.text)
    assert everything(hub) == before


def test_a_batch_cut_short_or_with_something_after_it_is_refused(hub, hub_client):
    batch = a_tablet(hub).record().batch()
    before = everything(hub)
    bad = [batch[:end] for end in range(0, len(batch), 7)] + [batch + b"\n", batch + b"x", batch + batch, b"\n" + batch]
    for data in bad:
        answer = hub_client.post("/sync/v1/batches", data=data, headers={protocol.HEADER: "1"})
        assert 400 <= answer.status_code < 500, (len(data), answer.text)
    assert everything(hub) == before


def test_lines_swapped_dropped_or_doubled_on_the_way_are_noticed(hub):
    tablet = a_tablet(hub).record(a_headcount(1)).record(a_headcount(2)).record(a_headcount(3))
    first, *lines, end = tablet.batch().split(b"\n")[:-1]
    for changed in ([lines[1], lines[0], lines[2]], lines[:2], [*lines, lines[2]]):
        assert refusal(hub, b"\n".join([first, *changed, end, b""])) in ("sync.signature", "sync.malformed")


def test_when_folding_fails_nothing_of_the_batch_is_kept(hub, monkeypatch):
    tablet = a_tablet(hub).record().record()
    before = everything(hub)
    monkeypatch.setattr("kiosk.hub.totals.add_up", _breaks_down)
    with pytest.raises(OSError, match="the disk"):
        deliver(hub, tablet.batch())
    monkeypatch.undo()
    assert everything(hub) == before
    assert deliver(hub, tablet.batch()).accepted == 2


def _breaks_down(*_: Any) -> None:
    raise OSError("the disk")


# --- all at once --------------------------------------------------------------------------------------


def together(*jobs: Callable[[], object]) -> list[object]:
    """Run jobs on threads that start at once; their results, or what they raised."""
    outcomes: list[object] = [None] * len(jobs)
    gate = threading.Barrier(len(jobs))

    def run(place: int) -> None:
        gate.wait()
        try:
            outcomes[place] = jobs[place]()
        except Exception as error:  # noqa: BLE001 (handed to the test)
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_eight_pushes_of_one_journal_at_once_count_it_once_and_nobody_sees_an_error(hub):
    app = create_hub_app(hub)
    tablet = a_tablet(hub)
    for turn in range(1, 11):
        for _ in range(5):
            tablet.record(TallyCounted(counter="headcount", n=turn))
        head = len(tablet.lines)
        batches = [
            tablet.batch(),
            tablet.batch(first=head - 4),
            tablet.batch(first=head),
            tablet.batch(count=head - 2),
        ] * 2
        answers = together(*[_post(app, batch) for batch in batches])
        assert answers == [200] * 8
        assert run_of(hub, tablet.journal) == (head, tablet.hash_at(head), None)
        assert sum(totals_of(hub, tablet.journal).values()) == 5 * sum(range(turn + 1))
    assert rows(hub, forks) == []


def _post(app: Any, batch: bytes) -> Callable[[], int]:
    return lambda: app.test_client().post("/sync/v1/batches", data=batch, headers={protocol.HEADER: "1"}).status_code
