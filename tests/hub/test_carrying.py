"""Bundles at the hub: checked whole before a row is written, taken in whole; and receipts that travel back."""

import hashlib
import io
import os
import secrets
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from kiosk.clock import stamp
from kiosk.errors import Problem
from kiosk.facts.complaints import ComplaintFiled
from kiosk.hub import blobs, carrying, intake, tables
from kiosk.hub.context import Hub
from kiosk.sync import bundles, protocol
from kiosk.sync.bundles import BundleWriter
from kiosk.sync.protocol import BlobReceipt, Receipt, Slip
from tests.clocks import FAIR_MORNING
from tests.hub.tablets import (
    Entry,
    Tablet,
    a_tablet,
    deliveries,
    entries,
    everything,
    expected_totals,
    law,
    rows,
    run_of,
    totals_of,
    withdraw,
)
from tests.hub.test_api import code_of
from tests.makers import a_batch, a_filing, a_headcount, a_hub, a_key, an_id
from tests.proof import figure, share, share_hubs
from tests.roads import a_bundle, carry, receipts_of

SPOKEN = {protocol.HEADER: "1"}


def refusal(hub: Hub, bundle: bytes) -> str:
    """The code a bundle is refused with; and nothing was written."""
    before = everything(hub)
    with pytest.raises(Problem) as refused:
        carry(hub, bundle)
    assert everything(hub) == before
    return refused.value.code


def a_complaint(blob: bytes) -> ComplaintFiled:
    name = hashlib.sha256(blob).hexdigest()
    return a_filing(name, len(blob))


# --- taking in --------------------------------------------------------------------------------------


def test_a_bundle_comes_in_whole(hub):
    blob = b"sealed"
    tablet = a_tablet(hub).record(a_headcount(7)).record(a_complaint(blob)).record()
    taken = carry(hub, a_bundle(hub, tablet, [(1, 2), (3, 1)], [blob]))
    assert (taken.new, taken.known, taken.quarantined, taken.forked, taken.blobs) == (3, 0, 0, 0, 1)
    assert (taken.held, taken.desk, taken.is_complete) == (3, "d01", True)
    assert run_of(hub, tablet.journal) == (3, tablet.hash_at(3), None)
    assert [(name, bytes(content)) for name, content, _ in rows(hub, tables.blobs)] == [
        (hashlib.sha256(blob).hexdigest(), blob)
    ]


def test_the_same_bundle_again_changes_nothing(hub):
    bundle = a_bundle(hub, a_tablet(hub).record().record(), blobs=[b"sealed"])
    carry(hub, bundle)
    before = everything(hub)
    again = carry(hub, bundle)
    assert (again.new, again.known, again.blobs, again.is_complete) == (0, 2, 0, True)
    assert everything(hub) == before


@law
@given(st.lists(entries, min_size=1, max_size=12), st.data())
def test_any_cut_order_and_repetition_within_bundles_gives_the_same_hub(hub, told: list[Entry], data):
    tablet = a_tablet(hub)
    for entry in told:
        tablet.record(entry)
    parts = data.draw(deliveries(len(told)))
    cut = data.draw(st.integers(0, len(parts)))
    first, second = carry(hub, a_bundle(hub, tablet, parts[:cut])), carry(hub, a_bundle(hub, tablet, parts[cut:]))
    assert first.new + second.new == len(told)
    assert first.quarantined + second.quarantined == sum(not entry.counts for entry in told)
    assert run_of(hub, tablet.journal) == (len(told), tablet.hash_at(len(told)), None)
    assert totals_of(hub, tablet.journal) == expected_totals(told)


def test_a_bundle_with_a_gap_before_it_is_held_and_said_to_be_incomplete(hub):
    tablet = a_tablet(hub).record().record().record()
    taken = carry(hub, a_bundle(hub, tablet, [(2, 2)], first=2))
    assert (taken.new, taken.held, taken.is_complete) == (2, 0, False)
    assert carry(hub, a_bundle(hub, tablet, [(1, 1)])).is_complete


def test_a_bundle_of_a_copied_journal_is_kept_and_said_to_be_forked(hub):
    tablet = a_tablet(hub).record()
    other = tablet.clone().record(a_headcount(5))
    carry(hub, a_bundle(hub, tablet.record(a_headcount(3))))
    taken = carry(hub, a_bundle(hub, other))
    assert (taken.new, taken.known, taken.forked, taken.is_complete) == (0, 1, 1, False)
    assert [bytes(line) for _, _, _, line, *_ in rows(hub, tables.forks)] == [other.lines[1]]


def test_sealed_content_that_was_erased_on_its_date_does_not_come_back(hub):
    blob = b"sealed"
    tablet = a_tablet(hub).record(a_complaint(blob))
    with hub.store.begin() as tx:
        tx.execute(insert(tables.erased).values(sha256=hashlib.sha256(blob).hexdigest(), at=0.0, person="chen"))
    assert carry(hub, a_bundle(hub, tablet, blobs=[blob])).blobs == 0
    assert rows(hub, tables.blobs) == []


def a_slip(tablet: Tablet) -> bytes:
    certificate, last = tablet.certificate, len(tablet.lines)
    slip = Slip(
        journal=tablet.journal, device=certificate.device, hub=certificate.hub, fair=certificate.fair,
        desk=certificate.desk, day="2027-03-15", first=min(1, last), last=last, hash=tablet.hash_at(last).hex(),
        counts={"tally.counted": last}, at=stamp(FAIR_MORNING),
    )  # fmt: skip
    return protocol.sign_document(slip, tablet.key)


def test_a_day_slip_travels_in_a_bundle_or_as_a_file(hub, tmp_path: Path):
    one, other = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    assert carry(hub, a_bundle(hub, one, slips=[a_slip(one)])).is_complete
    (tmp_path / "slip").write_bytes(a_slip(other))
    (tmp_path / "forged").write_bytes(a_slip(Tablet(a_key(7), other.certificate, other.root, other.lines)))
    assert imported(hub, tmp_path / "slip", tmp_path / "forged") == {"slip": "behind", "forged": "sync.signature"}
    assert [row[:2] for row in rows(hub, tables.slips)] == sorted([(one.journal, 1), (other.journal, 1)])


def test_a_slip_of_another_tablet_keeps_the_whole_bundle_out(hub):
    one, other = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    assert refusal(hub, a_bundle(hub, one, slips=[a_slip(other)])) == "sync.malformed"
    assert refusal(hub, a_bundle(hub, one, slips=[a_slip(one), b"x"])) == "sync.malformed"


def test_the_hub_hears_in_passing_how_far_the_tablet_was(hub):
    tablet = a_tablet(hub).record().record()
    carry(hub, a_bundle(hub, tablet, [(1, 1)]))
    assert told(hub) == (2, tablet.hash_at(2).hex())
    carry(hub, a_bundle(hub, tablet, [(1, 1)], seq=1, hash=tablet.hash_at(1).hex()))  # an older stick
    assert told(hub) == (2, tablet.hash_at(2).hex())


def told(hub: Hub) -> tuple[int, str]:
    with hub.store.reading() as tx:
        return tuple(tx.execute(select(tables.devices.c.told_seq, tables.devices.c.told_hash)).one())


@share_hubs
def test_a_long_bundle_is_taken_in_in_little_memory(tmp_path: Path, hub):
    tablet = a_tablet(hub)
    file = tmp_path / "long.kiosk"
    blob = secrets.token_bytes(1024 * 1024)
    header = bundles.read_bundle(io.BytesIO(a_bundle(hub, tablet, [])), lambda _: tablet.key.verify_key).header
    with file.open("wb") as stream:
        writer = BundleWriter(stream, header)
        for number in range(40):
            writer.add("blob", blob[number:])
        writer.close(tablet.key)
    with file.open("rb") as stream:
        checked = carrying.verify(hub, stream)
        tracemalloc.start()
        with hub.store.begin() as tx:
            assert carrying.take_in(tx, hub, checked).blobs == 40
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024


# --- what is not believed ---------------------------------------------------------------------------


def test_every_bit_of_a_bundle_of_20_kb_and_every_cut_is_noticed(tmp_path: Path, hub_folder: Path, clock):
    """On one database: nothing but the key of the tablet is ever asked of it."""
    here = a_hub(tmp_path / "hub", clock)
    tablet = a_tablet(here)
    while len(bundle := a_bundle(here, tablet, blobs=[b"sealed" * 100])) < 20_000:
        for _ in range(10):
            tablet.record()
    before = everything(here)
    stream = io.BytesIO(bundle)
    raw = stream.getbuffer()
    flips = cuts = 0
    for at in range(len(bundle)):
        for bit in share(range(8), [at % 8]):
            raw[at] ^= 1 << bit
            flips += _is_refused(here, stream)
            raw[at] ^= 1 << bit
    raw.release()
    for length in range(len(bundle)):
        cuts += _is_refused(here, io.BytesIO(bundle[:length]))
    assert (flips, cuts) == (len(bundle) * share(8, 1), len(bundle))
    assert everything(here) == before
    assert carry(here, bundle).is_complete  # it was the real one
    here.close()
    figure("bits of a bundle flipped, refused with 0 rows", flips)
    figure("truncations of that bundle, refused with 0 rows", cuts)


def _is_refused(here: Hub, stream: io.BytesIO) -> bool:
    try:
        checked = carrying.verify(here, stream)
    except Problem:
        return True
    with here.store.begin() as tx:
        carrying.take_in(tx, here, checked)
    return False


def test_a_tablet_nobody_enrolled_is_refused(hub):
    tablet = a_tablet(hub).record()
    stranger = Tablet(a_key(7), tablet.certificate, tablet.root, tablet.lines)
    assert refusal(hub, a_bundle(hub, stranger)) == "sync.signature"
    assert refusal(hub, a_bundle(hub, tablet, device=an_id(7))) == "sync.device"
    assert refusal(hub, a_bundle(hub, tablet, journal=an_id(7))) == "sync.device"


def test_a_bundle_for_another_hub_or_fair_is_refused(hub):
    tablet = a_tablet(hub).record()
    assert refusal(hub, a_bundle(hub, tablet, hub=an_id(7))) == "sync.addressee"
    assert refusal(hub, a_bundle(hub, tablet, fair="another")) == "sync.addressee"


def test_bundles_of_another_hub_are_none_of_ours(hub, tmp_path: Path, clock):
    other = a_hub(tmp_path / "other", clock)
    assert refusal(hub, a_bundle(other, a_tablet(other).record())) == "sync.device"
    other.close()


def test_one_bad_batch_in_a_well_signed_bundle_keeps_all_of_it_out(hub):
    tablet, other = a_tablet(hub).record().record(), a_tablet(hub, "d02").record()
    for batch, code in (
        (other.batch(), "sync.malformed"),
        (tablet.batch(hub=an_id(7)), "sync.addressee"),
        (tablet.batch(key=a_key(7)), "sync.signature"),
        (a_batch(), "sync.device"),
        (b"kiosk-batch/1 {}\n", "sync.malformed"),
    ):
        stream = io.BytesIO()
        header = bundles.read_bundle(io.BytesIO(a_bundle(hub, tablet, [])), lambda _: tablet.key.verify_key).header
        writer = BundleWriter(stream, header)
        writer.add("blob", b"sealed")
        writer.add("batch", tablet.batch(1, 1))
        writer.add("batch", batch)
        writer.close(tablet.key)
        assert refusal(hub, stream.getvalue()) == code


def test_a_file_that_changes_while_it_is_taken_in_leaves_no_row(hub):
    tablet = a_tablet(hub).record().record()
    stream = io.BytesIO(a_bundle(hub, tablet, blobs=[b"sealed"]))
    before = everything(hub)
    checked = carrying.verify(hub, stream)
    stream.getbuffer()[stream.getvalue().index(b"sealed")] ^= 1
    with pytest.raises(Problem, match=r"bundle\.damaged"), hub.store.begin() as tx:
        carrying.take_in(tx, hub, checked)
    assert everything(hub) == before


# --- over the wire ----------------------------------------------------------------------------------


def test_a_posted_bundle_is_answered_with_receipts_that_name_it(hub, hub_client):
    blob = b"sealed"
    tablet = a_tablet(hub).record(a_complaint(blob)).record(a_complaint(b"not here"))
    bundle = a_bundle(hub, tablet, blobs=[blob])
    answer = hub_client.post("/sync/v1/bundles", data=bundle, headers=SPOKEN)
    documents = bundles.read_receipts(answer.data)
    found = bundles.receipts_for(documents, tablet.journal, hub.id, hub.key.verify_key)
    [(receipt, _)], [said] = found.receipts, found.blobs
    assert receipt.batch == hashlib.sha256(bundle[: bundle.rindex(b"end ")]).hexdigest()
    assert (receipt.seq, receipt.accepted, receipt.duplicates) == (2, 2, 0)
    assert (said.seq, said.missing) == (2, [hashlib.sha256(b"not here").hexdigest()])


@share_hubs
def test_a_posted_bundle_that_is_none_is_refused_in_json(hub, hub_client):
    bundle = a_bundle(hub, a_tablet(hub).record())
    before = everything(hub)
    forged = bundle[:-2] + (b"1\n" if bundle.endswith(b"0\n") else b"0\n")
    for body, code in ((b"", 400), (b"x", 400), (bundle[:-1], 400), (forged, 403)):
        answer = hub_client.post("/sync/v1/bundles", data=body, headers=SPOKEN)
        assert (answer.status_code, set(answer.get_json())) == (code, {"problem", "zh", "en"})
    assert hub_client.post("/sync/v1/bundles", data=bundle).status_code == 400  # without the header
    assert everything(hub) == before


@share_hubs
def test_a_posted_bundle_may_be_compressed_and_has_an_end(hub, hub_client):
    import gzip

    bundle = a_bundle(hub, a_tablet(hub).record())
    packed = {**SPOKEN, "Content-Encoding": "gzip"}
    assert hub_client.post("/sync/v1/bundles", data=gzip.compress(bundle), headers=packed).status_code == 200
    too_much = b"x" * (bundles.POST_LIMIT + 1)
    assert hub_client.post("/sync/v1/bundles", data=too_much, headers=SPOKEN).status_code == 413
    assert hub_client.post("/sync/v1/bundles", data=gzip.compress(too_much), headers=packed).status_code == 413


def some_frames(hub: Hub, tablet: Tablet, *frames: bytes) -> bytes:
    """A bundle of batches as they are, or of blobs."""
    stream = io.BytesIO()
    header = bundles.read_bundle(io.BytesIO(a_bundle(hub, tablet, [])), lambda _: tablet.key.verify_key).header
    writer = BundleWriter(stream, header)
    for frame in frames:
        writer.add("batch" if frame.startswith(b"kiosk-batch/1") else "blob", frame)
    writer.close(tablet.key)
    return stream.getvalue()


@share_hubs
def test_a_posted_bundle_is_in_order_and_of_few_frames_or_takes_nobodys_time(hub, hub_client):
    """A stick is put in by a person, who can take it out again. This door is open to any tablet, day and night."""
    tablet = a_tablet(hub).record().record()
    one, two, none = tablet.batch(1, 1), tablet.batch(2, 1), tablet.batch(3, 0)
    before = everything(hub)
    for frames in (
        [none] * 2, [tablet.batch(1, 0)] * 2, [one, one], [two, one], [two], [one, two, none],
        [tablet.batch(1, 0), one],
        [b"sealed"] * (bundles.POST_FRAME_COUNT_LIMIT + 1),
    ):  # fmt: skip
        answer = hub_client.post("/sync/v1/bundles", data=some_frames(hub, tablet, *frames), headers=SPOKEN)
        assert code_of(answer) == "bundle.malformed"
    assert everything(hub) == before
    for frames in ([tablet.batch(1, 0)], [b"sealed", one, two]):
        answer = hub_client.post("/sync/v1/bundles", data=some_frames(hub, tablet, *frames), headers=SPOKEN)
        assert answer.status_code == 200
    assert run_of(hub, tablet.journal)[0] == 2


def test_a_bundle_with_too_much_that_no_counted_fact_names_is_refused_whole(hub, monkeypatch):
    monkeypatch.setattr(blobs, "UNNAMED_LIMIT", 10)
    tablet = a_tablet(hub).record(a_complaint(b"twelve bytes"))
    withdrawn = a_tablet(hub, "d02").record(a_complaint(b"12 bytes too"))
    assert carry(hub, a_bundle(hub, tablet, blobs=[b"twelve bytes"])).blobs == 1  # its fact comes behind it
    assert refusal(hub, a_bundle(hub, tablet, blobs=[b"eleven here"])) == "sync.quota"
    withdraw(hub, withdrawn, 0)
    assert refusal(hub, a_bundle(hub, withdrawn, blobs=[b"12 bytes too"])) == "sync.quota"
    assert carry(hub, a_bundle(hub, withdrawn)).new == 1


def test_a_bundle_that_is_refused_does_not_bring_its_tablet_back_either(hub, hub_client):
    """The hub was set back to a copy from which the tablet is missing."""
    tablet = a_tablet(hub).record()
    good, bad = a_bundle(hub, tablet), a_bundle(hub, tablet, slips=[b"x"])
    with hub.store.begin() as tx:
        for table in (tables.devices, tables.journals):
            tx.execute(table.delete().where(table.c.journal == tablet.journal))
    before = everything(hub)
    assert refusal(hub, bad) == "sync.malformed"
    assert hub_client.post("/sync/v1/bundles", data=bad, headers=SPOKEN).status_code == 400
    assert everything(hub) == before
    assert hub_client.post("/sync/v1/bundles", data=good, headers=SPOKEN).status_code == 200
    assert run_of(hub, tablet.journal)[0] == 1


# --- receipts ---------------------------------------------------------------------------------------


def believed(hub: Hub, data: bytes, tablet: Tablet) -> tuple[Receipt, BlobReceipt]:
    found = bundles.receipts_for(bundles.read_receipts(data), tablet.journal, hub.id, hub.key.verify_key)
    [(receipt, _)], [said] = found.receipts, found.blobs
    return receipt, said


def test_receipts_say_what_the_hub_holds_of_each_tablet(hub):
    one, other = a_tablet(hub).record().record(), a_tablet(hub, "d02").record(a_complaint(b"sealed"))
    carry(hub, a_bundle(hub, one))
    carry(hub, a_bundle(hub, other))
    data = receipts_of(hub)
    assert len(bundles.read_receipts(data)) == 4
    receipt, said = believed(hub, data, one)
    assert (receipt.seq, receipt.hash, receipt.forked, receipt.batch) == (2, one.hash_at(2).hex(), 0, "0" * 64)
    assert (said.seq, said.missing) == (2, [])
    receipt, said = believed(hub, data, other)
    assert said.missing == [hashlib.sha256(b"sealed").hexdigest()]


def test_receipts_do_not_say_of_content_that_it_is_here_because_its_fact_does_not_count(hub):
    tablet = a_tablet(hub).record()
    withdraw(hub, tablet, 0)
    for number in range(2):
        tablet.record(a_complaint(b"%d" % number))
    carry(hub, a_bundle(hub, tablet, blobs=[b"0"]))
    receipt, said = believed(hub, receipts_of(hub), tablet)
    assert (receipt.seq, said.seq) == (3, 3)
    assert said.missing == [hashlib.sha256(b"1").hexdigest()]


def test_receipts_of_a_forked_journal_say_so(hub):
    tablet = a_tablet(hub).record()
    other = tablet.clone().record(a_headcount(5))
    carry(hub, a_bundle(hub, tablet.record(a_headcount(3))))
    carry(hub, a_bundle(hub, other))
    receipt, _ = believed(hub, receipts_of(hub), tablet)
    assert (receipt.seq, receipt.forked) == (1, 1)


def test_where_very_much_is_missing_a_receipt_speaks_of_as_far_as_it_can_name(hub, monkeypatch):
    monkeypatch.setattr(carrying, "_MISSING_LIMIT", 3)
    tablet = a_tablet(hub)
    for number in range(5):
        tablet.record().record(a_complaint(b"%d" % number))
    carry(hub, a_bundle(hub, tablet))
    _, said = believed(hub, receipts_of(hub), tablet)
    assert said.seq == 7  # the fourth missing blob is named by fact 8
    assert said.missing == [hashlib.sha256(b"%d" % number).hexdigest() for number in range(3)]


def test_receipts_may_be_of_one_fair_or_one_journal(hub):
    one, other = a_tablet(hub), a_tablet(hub, "d02")
    with hub.store.begin() as tx:
        tx.execute(update(tables.devices).where(tables.devices.c.desk == "d02").values(fair="another"))
    with hub.store.reading() as tx:
        assert set(carrying.journals_of(tx)) == {one.journal, other.journal}
        assert carrying.journals_of(tx, fair="another") == [other.journal]
        assert carrying.journals_of(tx, journal=one.journal) == [one.journal]
        assert carrying.journals_of(tx, journal=an_id(9)) == []


# --- files ------------------------------------------------------------------------------------------


def imported(hub: Hub, *paths: Path) -> dict[str, str]:
    """File → what became of it, in the order in which they were taken in."""
    done = {}
    for one in carrying.import_files(hub, paths, lambda _done, _of: None):
        word = one.problem.code if one.problem else one.note or ("bundle" if one.taken else "roster")
        done[one.path.name] = one.verdict.state if one.verdict else word
    return done


def test_a_whole_folder_is_taken_in_and_what_is_wrong_does_not_hold_up_the_rest(hub, tmp_path: Path):
    one, other = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    bundle = a_bundle(hub, one)
    (tmp_path / "a.kiosk").write_bytes(bundle)
    (tmp_path / "b.kiosk").write_bytes(bundle[:-1])
    (tmp_path / "c.kiosk").write_bytes(a_bundle(hub, other))
    (tmp_path / "d.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "e.receipts").write_bytes(receipts_of(hub))
    (tmp_path / "ledger.json").write_text("{}")
    (tmp_path / "empty").touch()
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / "System Volume Information").mkdir()
    (tmp_path / "link.kiosk").symlink_to(tmp_path / "a.kiosk")
    os.mkfifo(tmp_path / "pipe")
    assert imported(hub, tmp_path) == {
        "a.kiosk": "bundle",
        "b.kiosk": "bundle.malformed",
        "c.kiosk": "bundle",
        "d.jpg": "file.unknown",
        "e.receipts": "receipts, for the tablets",
        "empty": "file.unknown",
        "ledger.json": "what a simulation says should come out; never read here",
        "link.kiosk": "file.unusable",
        "pipe": "file.unusable",
    }
    assert run_of(hub, one.journal)[0] == run_of(hub, other.journal)[0] == 1


def test_a_file_on_which_the_program_itself_fails_does_not_hold_up_the_rest(hub, tmp_path: Path, monkeypatch):
    one, other = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    (tmp_path / "a.kiosk").write_bytes(a_bundle(hub, one, blobs=[b"sealed"]))
    (tmp_path / "b.kiosk").write_bytes(a_bundle(hub, other))
    real = intake.receive

    def fails(tx, data: bytes, *rest):
        if one.journal.encode() in data:
            raise ValueError("a fault of ours")
        return real(tx, data, *rest)

    monkeypatch.setattr(intake, "receive", fails)
    assert imported(hub, tmp_path) == {"a.kiosk": "internal", "b.kiosk": "bundle"}
    assert rows(hub, tables.blobs) == []
    assert run_of(hub, other.journal)[0] == 1


def test_a_missing_file_is_said_and_the_others_are_taken_in(hub, tmp_path: Path):
    (tmp_path / "a.kiosk").write_bytes(a_bundle(hub, a_tablet(hub).record()))
    assert imported(hub, tmp_path / "nowhere", tmp_path / "a.kiosk") == {
        "nowhere": "file.unusable",
        "a.kiosk": "bundle",
    }


def test_progress_goes_from_nothing_to_all(hub, tmp_path: Path):
    for number in range(3):
        (tmp_path / f"{number}.kiosk").write_bytes(a_bundle(hub, a_tablet(hub, f"d0{number + 1}").record().record()))
    steps: list[tuple[int, int]] = []
    list(carrying.import_files(hub, [tmp_path], lambda done, of: steps.append((done, of))))
    size = sum(file.stat().st_size for file in tmp_path.glob("*.kiosk"))
    assert steps == sorted(steps)
    assert steps[-1] == (size, size)
