"""The other ways out of a booth, and receipts that come back by any of them."""

import hashlib
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from kiosk.booth import carrying, outbox
from kiosk.booth.carrying import Carrier
from kiosk.booth.closing import close_day, last_slip
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.sequence import _texts
from kiosk.clock import stamp
from kiosk.errors import Problem
from kiosk.hub import tables
from kiosk.relay.app import create_relay_app
from kiosk.sync import bundles, keys, protocol, sequence
from kiosk.sync.bundles import Bundle
from kiosk.sync.protocol import BlobReceipt, Receipt
from tests.clocks import FAIR_MORNING, FakeClock
from tests.hub.tablets import deliver, everything, rows, run_of
from tests.makers import Pair, WsgiTransport, a_draft, a_filing, a_key, a_pair, an_id, facts_of
from tests.roads import a_relay, carry, receipts_of


def carrier_of(pair: Pair) -> Carrier:
    return Carrier.of(pair.booth.journal, outbox.load_key(pair.booth.config.data))


def exported(pair: Pair, target: Path, *, everything: bool = False) -> list[Path]:
    done = carrying.export(carrier_of(pair), target, everything=everything, clock=pair.clock)
    return [path for path, _ in done.files]


def read(pair: Pair, path: Path) -> Bundle:
    """A bundle, checked as a relay checks it."""
    data = io.BytesIO(path.read_bytes())
    return bundles.read_bundle(data, lambda header: bundles.certified_key(header, pair.hub.key.verify_key))


def sealed(number: int) -> Draft:
    blob = b"sealed %d" % number
    name = hashlib.sha256(blob).hexdigest()
    body = a_filing(name, len(blob))
    return Draft(an_id(number), body, "li", blob)


def came_back(pair: Pair, data: bytes, folder: Path) -> Receipt:
    (folder / "back").write_bytes(data)
    return carrying.import_receipts(carrier_of(pair), [folder / "back"])


# --- exporting --------------------------------------------------------------------------------------


def test_what_the_hub_has_not_signed_for_goes_into_a_file(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(a_draft())
    paired.sync()
    held = paired.booth.journal.receipted()
    paired.booth.journal.append(a_draft(), sealed(1))
    [path] = exported(paired, tmp_path / "out.kiosk")
    bundle = read(paired, path)
    found = bundles.contents(bundle)
    assert (bundle.header.seq, bundle.header.hash) == (held + 2, paired.booth.journal.head()[1].hex())
    assert (bundle.header.first, found.first, found.last) == (held + 1, held + 1, held + 2)
    assert found.blobs == {hashlib.sha256(b"sealed 1").hexdigest()}


def test_everything_goes_into_a_file_if_asked_for(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(a_draft(), sealed(1))
    paired.sync()
    [path] = exported(paired, tmp_path / "out.kiosk", everything=True)
    found = bundles.contents(read(paired, path))
    assert (found.first, found.last, len(found.blobs)) == (1, paired.booth.journal.head()[0], 1)


def test_a_journal_without_news_says_only_how_far_it_goes(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(a_draft())
    paired.sync()
    head = paired.booth.journal.head()[0]
    [path] = exported(paired, tmp_path)
    assert path.name == f"demo-d01-{carrier_of(paired).certificate.device[:8]}-{head}.kiosk"
    taken = carry(paired.hub, path.read_bytes())
    assert (taken.new, taken.is_complete) == (0, True)


def test_in_a_folder_the_file_gets_a_name_that_says_what_is_in_it(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(*(a_draft() for _ in range(12)))
    name = f"demo-d01-{carrier_of(paired).certificate.device[:8]}-1-12.kiosk"
    assert [path.name for path in exported(paired, tmp_path)] == [name]
    assert [path.name for path in exported(paired, tmp_path)] == [name]  # written over


def test_the_tablet_that_takes_a_desk_over_leaves_its_predecessor_s_bundle_on_the_stick(paired: Pair, tmp_path: Path):
    stick = tmp_path / "stick"
    stick.mkdir()
    successor = a_pair(tmp_path / "successor", paired.hub, paired.clock)
    with closing(successor.booth):
        paired.booth.journal.append(a_draft())
        successor.booth.journal.append(a_draft())
        paths = [*exported(paired, stick), *exported(successor, stick)]
        assert len({path.name for path in paths}) == 2
        before = paths[0].read_bytes()
        with pytest.raises(Problem, match=r"file\.taken"):
            exported(successor, paths[0])
        assert paths[0].read_bytes() == before


def test_no_bundle_for_a_relay_holds_more_frames_than_one_takes(paired: Pair, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(bundles, "POST_FRAME_COUNT_LIMIT", 8)
    paired.booth.journal.append(*(sealed(number) for number in range(20)))
    with closing(a_relay(tmp_path / "relay", paired.hub, WsgiTransport(paired.hub_app), paired.clock)) as relay:
        to_relay = WsgiTransport(create_relay_app(relay))
        carrying._leave(carrier_of(paired), lambda: to_relay, paired.clock, "sync.unreachable")
        assert len(relay.spool.waiting()) == 5
        assert relay.forwarder() == 5
    assert len(rows(paired.hub, tables.blobs)) == 20


def test_a_file_of_another_kind_is_never_written_over(paired: Pair, tmp_path: Path):
    (tmp_path / "report.xlsx").write_bytes(b"PK")
    (tmp_path / "link").symlink_to(tmp_path / "report.xlsx")
    for name, code in (("report.xlsx", "file.taken"), ("link", "file.unusable")):
        with pytest.raises(Problem) as refused:
            exported(paired, tmp_path / name)
        assert refused.value.code == code
    assert (tmp_path / "report.xlsx").read_bytes() == b"PK"


def test_what_is_too_much_for_one_file_goes_into_several(paired: Pair, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 5)
    monkeypatch.setattr(bundles, "BUNDLE_LIMIT", 6_000)
    monkeypatch.setattr(carrying.write_bundle, "__defaults__", (6_000, carrying._silent))
    paired.booth.journal.append(*(sealed(number) for number in range(40)))
    paths = exported(paired, tmp_path)
    assert len(paths) > 2
    assert all(path.stat().st_size <= 6_000 for path in paths)
    for path in reversed(paths):
        taken = carry(paired.hub, path.read_bytes())
    assert taken.is_complete
    assert len(rows(paired.hub, tables.blobs)) == 40


def test_long_lines_make_smaller_batches(paired: Pair, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(carrying, "_BATCH_ROOM", 2_000)
    paired.booth.journal.append(*(a_draft() for _ in range(60)))
    [path] = exported(paired, tmp_path)
    batches = [frame.content for frame in read(paired, path).frames() if frame.type == "batch"]
    assert len(batches) > 5
    assert carry(paired.hub, path.read_bytes()).is_complete


def test_the_slip_of_the_day_travels_with_what_it_speaks_of(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(a_draft())
    close_day(paired.booth.journal, paired.clock, "li", an_id(9))
    carrier = carrier_of(paired)
    slip = last_slip(carrier)
    done = carrying.export(carrier, tmp_path, everything=False, clock=paired.clock, slip=slip)
    carry(paired.hub, done.files[0][0].read_bytes())
    [(journal, seq, *_)] = rows(paired.hub, tables.slips)
    assert (journal, seq) == (paired.booth.journal.identity().journal, 2)


def test_progress_is_told_batch_by_batch(paired: Pair, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(protocol, "BATCH_COUNT", 2)
    paired.booth.journal.append(*(a_draft() for _ in range(5)))
    told: list[tuple[int, int]] = []
    carrying.export(
        carrier_of(paired), tmp_path, everything=False, clock=paired.clock, progress=lambda *step: told.append(step)
    )
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_booth_that_belongs_to_no_fair_has_nothing_to_carry(tmp_path: Path, clock: FakeClock):
    key = a_key()
    empty = Journal.create(tmp_path / "booth.db", clock, bytes(key.verify_key).hex())
    with closing(empty) as journal, pytest.raises(Problem, match=r"booth\.unenrolled"):
        Carrier.of(journal, key)


def test_of_a_damaged_journal_the_sound_part_is_carried_out(paired: Pair, tmp_path: Path):
    journal = paired.booth.journal
    journal.append(*(sealed(number) for number in range(20)))
    paired.booth.close()
    with closing(sqlite3.connect(journal.file)) as file:
        file.execute("DROP TRIGGER facts_are_never_changed")
        file.execute("UPDATE facts SET line = CAST(replace(CAST(line AS TEXT), 'li', 'xx') AS BLOB) WHERE seq = 15")
        file.commit()
    with closing(Journal(journal.file, paired.clock)) as damaged:
        assert damaged.trouble is not None
        carrier = Carrier.of(damaged, outbox.load_key(paired.booth.config.data))
        done = carrying.export(carrier, tmp_path, everything=False, clock=paired.clock)
    [(path, written)] = done.files
    assert (written.first, written.last, written.blobs) == (1, 14, 20)
    taken = carry(paired.hub, path.read_bytes())
    assert (taken.new, taken.held) == (14, 14)


# --- receipts that come back ------------------------------------------------------------------------


def test_receipts_that_come_back_make_everything_sent(paired: Pair, tmp_path: Path):
    journal = paired.booth.journal
    journal.append(a_draft(), sealed(1), a_draft(), sealed(2))
    [path] = exported(paired, tmp_path / "out.kiosk")
    carry(paired.hub, path.read_bytes())
    assert journal.unsent() == 6
    receipt = came_back(paired, receipts_of(paired.hub), tmp_path)
    assert (receipt.seq, journal.unsent(), journal.receipted()) == (4, 0, 4)


def test_sealed_content_that_did_not_arrive_stays_unsent(paired: Pair, tmp_path: Path):
    journal = paired.booth.journal
    journal.append(sealed(1), sealed(2))
    deliver(paired.hub, carrier_of(paired).batch(1, journal.lines(1, 10)))  # the facts alone
    came_back(paired, receipts_of(paired.hub), tmp_path)
    assert (journal.receipted(), journal.unsent()) == (2, 2)
    [path] = exported(paired, tmp_path)
    assert path.name.endswith("-2.kiosk")
    carry(paired.hub, path.read_bytes())
    came_back(paired, receipts_of(paired.hub), tmp_path)
    assert journal.unsent() == 0


def test_receipts_of_before_leave_unsent_what_came_after(paired: Pair, tmp_path: Path):
    journal = paired.booth.journal
    journal.append(sealed(1))
    [path] = exported(paired, tmp_path / "out.kiosk")
    carry(paired.hub, path.read_bytes())
    back = receipts_of(paired.hub)
    journal.append(sealed(2))
    came_back(paired, back, tmp_path)
    assert journal.unsent() == 2


def test_receipts_are_found_among_other_files(paired: Pair, tmp_path: Path):
    stick = tmp_path / "stick"
    stick.mkdir()
    paired.booth.journal.append(a_draft())
    [path] = exported(paired, stick)
    carry(paired.hub, path.read_bytes())
    (stick / "receipts").write_bytes(receipts_of(paired.hub))
    (stick / "photo.jpg").write_bytes(b"\xff\xd8")
    (stick / "folder").mkdir()
    assert carrying.import_receipts(carrier_of(paired), [stick]).seq == 1


def forged(pair: Pair, key: keys.SigningKey | None = None, **lie: object) -> bytes:
    seq, digest = pair.booth.journal.head()
    receipt = Receipt(
        hub=pair.hub.id, journal=pair.booth.journal.identity().journal, seq=seq, hash=digest.hex(), accepted=0,
        duplicates=0, quarantined=0, forked=0, batch="00" * 32, at=stamp(FAIR_MORNING),
    )  # fmt: skip
    said = msgspec.structs.replace(receipt, **lie)
    blobs = BlobReceipt(hub=said.hub, journal=said.journal, seq=said.seq, missing=[], at=said.at)
    signer = key or pair.hub.key
    return protocol.sign_document(said, signer) + protocol.sign_document(blobs, signer)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"key": a_key(7)}, "sync.receipt"),
        ({"hub": an_id(7)}, "sync.receipt"),
        ({"hash": "00" * 32}, "journal.forked"),
        ({"seq": 1}, "journal.forked"),
        ({"seq": 99}, "journal.forked"),
        ({"forked": 1}, "journal.forked"),
        ({"journal": an_id(7)}, "receipts.absent"),
    ],
    ids=["another key", "another hub", "another hash", "another place", "beyond the end", "a fork", "another journal"],
)
def test_only_the_enrolled_hub_s_receipt_for_this_journal_s_own_hash_is_believed(paired, tmp_path, lie, code):
    journal = paired.booth.journal
    journal.append(a_draft(), sealed(1))
    with pytest.raises(Problem) as refused:
        came_back(paired, forged(paired, **lie), tmp_path)
    assert refused.value.code == code
    assert (journal.receipted(), journal.unsent()) == (0, 3)
    assert came_back(paired, forged(paired), tmp_path).seq == 2  # the truth is believed
    assert journal.unsent() == 0


@pytest.mark.parametrize("page", [b"<!doctype html>\n<h1>Welcome to our Wi-Fi</h1>\n", b"", b"{}", b"\0" * 100])
def test_what_is_no_file_of_receipts_changes_nothing(paired: Pair, tmp_path: Path, page: bytes):
    paired.booth.journal.append(a_draft())
    with pytest.raises(Problem, match=r"receipts\.malformed"):
        came_back(paired, page, tmp_path)
    assert paired.booth.journal.unsent() == 1


@pytest.mark.parametrize("seq", [0, 1])
def test_a_hub_that_was_set_back_gets_again_what_it_lost(paired: Pair, tmp_path: Path, seq: int):
    journal = paired.booth.journal
    journal.append(a_draft(), a_draft(), a_draft())
    paired.sync()
    held = journal.receipted()
    assert carrying.hub_cursor(journal) == held
    paired.clock.tick(60)
    came_back(paired, forged(paired, seq=seq, hash=journal.hash_at(seq).hex(), at=stamp(paired.clock.now())), tmp_path)
    assert carrying.hub_cursor(journal) == seq
    [path] = exported(paired, tmp_path / "out.kiosk")
    assert bundles.contents(read(paired, path)).first == seq + 1


# --- QR codes ---------------------------------------------------------------------------------------


def codes(pair: Pair) -> list[str]:
    """What the tablet shows."""
    return _texts(carrier_of(pair), pair.booth.journal.receipted() + 1, pair.booth.journal.head()[0])


def test_the_codes_carry_what_the_hub_has_not_signed_for(paired: Pair):
    journal = paired.booth.journal
    journal.append(a_draft(), a_draft())
    paired.sync()
    journal.append(*(a_draft() for _ in range(30)))
    receipt = deliver(paired.hub, sequence.read_parts(reversed(codes(paired))))
    assert (receipt.accepted, receipt.duplicates, receipt.seq) == (30, 0, journal.head()[0])


def test_of_very_many_facts_the_codes_carry_as_many_as_fit(paired: Pair):
    journal = paired.booth.journal
    journal.append(*(a_draft() for _ in range(1600)))
    parts = codes(paired)
    assert len(parts) <= sequence.PARTS
    receipt = deliver(paired.hub, sequence.read_parts(parts))
    assert 400 < receipt.seq < 1600
    assert run_of(paired.hub, journal.identity().journal)[0] == receipt.seq


def test_no_sealed_content_goes_through_codes(paired: Pair):
    paired.booth.journal.append(sealed(1))
    deliver(paired.hub, sequence.read_parts(codes(paired)))
    assert rows(paired.hub, tables.blobs) == []


def test_a_receipt_comes_back_as_one_code(paired: Pair):
    journal = paired.booth.journal
    journal.append(a_draft())
    carry_codes = sequence.read_parts(codes(paired))
    document = paired.hub.sign(deliver(paired.hub, carry_codes))
    carrying.take_receipts(carrier_of(paired), sequence.read_document(sequence.RECEIPT, as_code(document)))
    assert journal.unsent() == 0


def as_code(document: bytes) -> str:
    return sequence.write_document(sequence.RECEIPT, document)


def test_nothing_of_this_writes_to_the_hub_by_itself(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(a_draft())
    before = everything(paired.hub)
    exported(paired, tmp_path)
    codes(paired)
    assert everything(paired.hub) == before
    assert len(facts_of(paired.booth.journal)) == 1
