"""An archive holds what an outsider needs to check a hub, no secret, and no byte of it changes unseen."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, update

from kiosk.cli import main
from kiosk.errors import ARCHIVE_DAMAGED, Problem
from kiosk.facts import envelope
from kiosk.hub import archive, audit, backup, branches, fairs, ledger, statements, words
from kiosk.hub.archive import ARCHIVE
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import facts, journals, metadata
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate
from tests.clocks import FakeClock
from tests.hub.phones import file_by_phone, opens
from tests.hub.tablets import Tablet, a_tablet, deliver, rows
from tests.makers import CASEWORKER, Pair, a_headcount, a_hub, a_pair, an_id
from tests.proof import share

LI = Person("p-1", "李主任", frozenset({"organiser"}))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A hub on SQLite with a tablet, a complaint that was opened, a frozen version."""
    folder, clock = tmp_path_factory.mktemp("filled"), FakeClock()
    with closing(a_hub(folder / "hub", clock)) as hub:
        pair = a_pair(folder / "booth", hub, clock)
        with closing(pair.booth):
            assert opens(pair.in_the_office(), file_by_phone(pair)).status == 200
            deliver(hub, a_tablet(hub, "d02").record(a_headcount(3)).record(a_headcount(4)).batch())
            freeze(hub)
            yield pair


@pytest.fixture(scope="module")
def written(filled: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive.write(filled.hub, tmp_path_factory.mktemp("archives"), "demo").path


def freeze(hub: Hub) -> None:
    with hub.store.begin() as tx:
        statements.freeze(tx, hub, fairs.find_fair(tx, "demo"), LI, "", an_id(1))


def resigned(path: Path, target: Path, sentence: str, key: keys.SigningKey) -> Path:
    """A copy in which somebody changed something, and signed it again."""
    target.write_bytes(path.read_bytes()[: -ARCHIVE.end_length])
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute(sentence)
    backup.sign(target, key, ARCHIVE)
    return target


# --- what is in it --------------------------------------------------------------------------------


def test_an_outsider_sees_on_one_page_that_all_of_it_holds(filled: Pair, written: Path):
    verdict = archive.verify(written, filled.hub.fingerprint.hex())
    assert verdict.faults == []
    told = archive.page(written, verdict)
    assert len(told.splitlines()) < 40
    for words_ in ("签名", "unbroken from root to end", "定稿：1 个版本", "Totals: every one is the sum of its facts"):
        assert words_ in told
    with filled.hub.store.reading() as tx:
        (version,) = statements.versions(tx, "demo")
        whole = audit.standing(tx)
    assert whole.sealed == 1
    assert verdict.standing == msgspec.structs.replace(whole, sealed=0)  # what is sealed stays at the hub
    assert version.digest in told


def test_nothing_in_it_is_a_secret_or_sealed(filled: Pair, written: Path):
    everything = written.read_bytes()
    assert bytes(filled.hub.key) not in everything
    assert CASEWORKER[0].encode() not in everything
    full = {name for name, n in sizes(written).items() if n}
    assert {"facts", "journals", "devices", "totals", "complaints", "statements", "identity", "fairs"} <= full
    assert not full & {"people", "volunteers", "sessions", "blobs", "blob_parts", "codes", "upward_links", "throttles"}
    with closing(backup.connect(written)) as copy:
        assert copy.execute("SELECT count(*) FROM devices WHERE canary IS NOT NULL").fetchone() == (0,)


def sizes(path: Path) -> dict[str, int]:
    with closing(backup.connect(path)) as copy:
        return {
            str(table.name): copy.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]
            for table in metadata.sorted_tables
        }


def test_of_one_fair_there_is_no_other_in_it(hub: Hub, tmp_path: Path):
    with hub.store.begin() as tx:
        fairs.add_fair(tx, msgspec.structs.replace(fairs.find_fair(tx, "demo"), id="other"))
        words.keep(tx, hub, "other", "next", "打算。", LI)
    deliver(hub, a_tablet(hub).record(a_headcount(3)).batch())
    one, both = archive.write(hub, tmp_path / "one", "demo"), archive.write(hub, tmp_path / "both")
    assert sizes(one.path)["fairs"] == 1
    assert sizes(one.path)["journals"] == 2
    assert sizes(both.path)["fairs"] == 2
    assert archive.verify(one.path).faults == archive.verify(both.path).faults == []
    with pytest.raises(Problem, match=r"fair\.unknown"):
        archive.write(hub, tmp_path / "none", "nobody")
    (tmp_path / "letter.txt").write_text("Dear all")
    with pytest.raises(Problem, match=r"file\.taken"):
        archive.write(hub, tmp_path / "letter.txt")


# --- what was changed -----------------------------------------------------------------------------


def test_any_byte_that_changed_is_noticed(written: Path, tmp_path: Path):
    whole = written.read_bytes()
    last = range(len(whole) - ARCHIVE.end_length, len(whole))
    changed = tmp_path / "changed"
    for place in [*range(0, len(whole), len(whole) // share(150, 12)), *last[:: share(7, 49)], len(whole) - 1]:
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        with pytest.raises(Problem, match=r"archive\.damaged"):
            archive.verify(changed)
    for cut in (0, 99, len(whole) // 2, len(whole) - 1):
        changed.write_bytes(whole[:cut])
        with pytest.raises(Problem, match=r"archive\.damaged"):
            archive.verify(changed)
    changed.write_bytes(whole + b"\n")
    with pytest.raises(Problem, match=r"archive\.damaged"):
        archive.verify(changed)


def test_whoever_signs_it_with_another_key_is_found_out(filled: Pair, written: Path, tmp_path: Path):
    other = keys.SigningKey.generate()
    with pytest.raises(Problem, match=r"archive\.damaged"):
        archive.verify(resigned(written, tmp_path / "a", "UPDATE totals SET n = n + 1", other))
    own = protocol.read_document(Certificate, bytes(certificate_in(written)), filled.hub.key.verify_key)
    forged = msgspec.structs.replace(own, public_key=bytes(other.verify_key).hex())
    sentence = f"UPDATE identity SET certificate = x'{protocol.sign_document(forged, other).hex()}'"
    path = resigned(written, tmp_path / "b", sentence, other)
    with pytest.raises(Problem, match=r"archive\.signer"):
        archive.verify(path, filled.hub.fingerprint.hex())
    assert any("not signed by this hub" in fault for fault in archive.verify(path).faults)


def certificate_in(path: Path) -> bytes:
    with closing(backup.connect(path)) as copy:
        return bytes(copy.execute("SELECT certificate FROM identity").fetchone()[0])


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("UPDATE totals SET n = n + 1 WHERE metric = 'tally.headcount'", "total of"),
        ("UPDATE facts SET line = CAST(replace(line, '\"n\":4', '\"n\":9') AS BLOB)", "is not as it was received"),
        ("UPDATE statements SET document = CAST(document || ' ' AS BLOB)", "is not what was frozen"),
        ("DELETE FROM openings", "openings"),
        ("UPDATE journals SET seal = CAST(substr(seal, 1, 150) AS BLOB)", "cannot be read"),
        ("UPDATE journals SET seal = CAST(substr(seal, 1, length(seal) - 20) AS BLOB)", "as its tablet signed them"),
    ],
)
def test_what_a_hub_itself_changed_afterwards_is_found(
    filled: Pair, written: Path, tmp_path: Path, sentence: str, says: str
):
    """Even with its key: what it signs does not hang together any more."""
    faults = archive.verify(resigned(written, tmp_path / "changed", sentence, filled.hub.key)).faults
    assert any(says in fault for fault in faults)


@pytest.mark.parametrize("change", ["line = CAST(line AS TEXT)", "kind = 7", "received_at = 'soon'", "hash = 1.5"])
def test_a_file_of_which_nothing_makes_sense_is_refused_or_faulty(filled: Pair, written: Path, tmp_path: Path, change):
    path = resigned(written, tmp_path / "odd", f"UPDATE facts SET {change}", filled.hub.key)
    assert verdict_of(path) != []


def verdict_of(path: Path) -> list[str]:
    try:
        return archive.verify(path).faults
    except Problem as problem:
        return [problem.code] if problem.kind is ARCHIVE_DAMAGED else []


def test_a_file_with_more_in_it_than_our_tables_is_none(filled: Pair, written: Path, tmp_path: Path):
    for sentence in ("CREATE VIEW x AS SELECT 1", "CREATE TABLE x (y)", "DROP TABLE sessions",
                     "ALTER TABLE totals ADD COLUMN x TEXT"):  # fmt: skip
        path = resigned(written, tmp_path / hashlib.sha256(sentence.encode()).hexdigest(), sentence, filled.hub.key)
        with pytest.raises(Problem, match=r"archive\.damaged"):
            archive.verify(path)
    notice = 'UPDATE notice SET document = replace(document, \'"version":"\', \'"version":"9\')'
    with pytest.raises(Problem, match=r"archive\.release"):
        archive.verify(resigned(written, tmp_path / "newer", notice, filled.hub.key))


# --- the signature of the last batch --------------------------------------------------------------


def rewritten(hub: Hub, tablet: Tablet, old: bytes, new: bytes) -> None:
    """A fact is changed, and everything behind it made to fit, as only somebody with the database could."""
    with hub.store.begin() as tx:
        digest = bytes(tx.execute(select(journals.c.root).where(journals.c.journal == tablet.journal)).scalar_one())
        of_it = select(facts).where(facts.c.journal == tablet.journal).order_by(facts.c.seq)
        for row in tx.execute(of_it).all():
            line = bytes(row.line).replace(old, new)
            digest = envelope.chain(digest, line)
            place = (facts.c.journal == tablet.journal) & (facts.c.seq == row.seq)
            tx.execute(update(facts).where(place).values(line=line, hash=digest))
        tx.execute(update(journals).where(journals.c.journal == tablet.journal).values(hash=digest))
    ledger.rebuild(hub)


def test_a_chain_that_was_written_anew_has_not_its_tablet_s_signature(hub: Hub):
    tablet = a_tablet(hub).record(a_headcount(3)).record(a_headcount(4))
    deliver(hub, tablet.batch())
    assert ledger.verify(hub) == []
    rewritten(hub, tablet, b'"n":3', b'"n":8')
    (fault,) = ledger.verify(hub)
    assert "not as its tablet signed them" in fault


def test_the_signature_is_of_the_newest_batch_that_counts_whatever_the_order(hub: Hub):
    tablet = a_tablet(hub)
    for n in range(1, 6):
        tablet.record(a_headcount(n))
    for first, count in ((1, 2), (4, 2), (3, 1), (3, 2), (2, 5), (1, 6)):
        deliver(hub, tablet.batch(first=first, count=count))
        assert ledger.verify(hub) == []
    with hub.store.reading() as tx:
        assert audit.standing(tx).signed == 1
        seal = tx.execute(select(journals.c.seal).where(journals.c.journal == tablet.journal)).scalar_one()
    assert protocol.header_of(bytes(seal)).journal == tablet.journal


def test_a_forked_journal_and_an_older_one_are_only_not_checked(hub: Hub):
    tablet = a_tablet(hub).record(a_headcount(3))
    other = tablet.clone().record(a_headcount(7))
    deliver(hub, tablet.record(a_headcount(4)).batch())
    deliver(hub, other.batch())
    assert ledger.verify(hub) == []
    with hub.store.begin() as tx:
        tx.execute(update(journals).values(seal=None))
    assert ledger.verify(hub) == []
    with hub.store.reading() as tx:
        assert audit.standing(tx).signed == 0
        assert branches.is_tangled(tx, tablet.journal)
    assert rows(hub, journals)


# --- the command line -----------------------------------------------------------------------------


def test_by_command_an_archive_is_written_and_checked_without_the_hub(filled: Pair, runner, tmp_path: Path):
    data = ["--data", str(filled.hub.config.data)]
    made = runner.invoke(main, ["hub", "archive", str(tmp_path / "demo.kiosk-archive"), "--fair", "demo", *data])
    assert made.exit_code == 0, made.output
    nowhere = ["--data", str(tmp_path / "nowhere")]
    checked = runner.invoke(main, ["hub", "verify", "--archive", str(tmp_path / "demo.kiosk-archive"), *nowhere])
    assert checked.exit_code == 0, checked.output
    assert "一个字节不差" in checked.output
    changed = resigned(tmp_path / "demo.kiosk-archive", tmp_path / "x", "UPDATE totals SET n = n + 1", filled.hub.key)
    checked = runner.invoke(main, ["hub", "verify", "--archive", str(changed), *nowhere])
    assert checked.exit_code == 1
    assert "处问题" in checked.output
    whole = runner.invoke(main, ["hub", "verify", *data])
    assert whole.exit_code == 0, whole.output
    assert "Frozen versions: 1" in whole.output
