"""The spool: what was taken is on the disk, whole and once; it goes when the hub has signed for it, and not before."""

import hashlib
import io
import resource
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from kiosk.errors import Problem
from kiosk.relay import spool as spool_module
from kiosk.relay.spool import Spool
from kiosk.sync import bundles
from tests.hub.tablets import Tablet, a_tablet
from tests.makers import a_headcount, a_hello, a_key
from tests.roads import a_bundle, carry, receipts_of

PLENTY = 100 * 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "relay").mkdir()
    return tmp_path / "relay"


def a_spool(folder: Path, hub, limit: int = PLENTY) -> Spool:
    return Spool(folder, a_hello(hub.key, hub.id), limit)


def take(spool: Spool, data: bytes):
    return spool.take(io.BytesIO(data), len(data))


def answer_of(hub, bundle: bytes) -> bytes:
    """What the hub answers to a posted bundle."""
    from kiosk.hub import carrying

    checked = carrying.verify(hub, io.BytesIO(bundle))
    with hub.store.begin() as tx:
        taken = carrying.take_in(tx, hub, checked)
        messages = carrying.answer(tx, hub, checked, taken)
    return carrying.sign_all(hub, messages)


def stretches(spool: Spool, tablet: Tablet) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in spool.held(tablet.journal).stretches]


def test_a_bundle_is_kept_under_its_digest_and_known_again_after_a_restart(hub, folder):
    tablet = a_tablet(hub).record().record()
    bundle = a_bundle(hub, tablet, blobs=[b"sealed"])
    with closing(a_spool(folder, hub)) as spool:
        stored = take(spool, bundle)
        before = spool.held(tablet.journal)
    assert (folder / "bundles" / f"{stored.digest}.kiosk").read_bytes() == bundle
    with closing(a_spool(folder, hub)) as spool:
        assert spool.waiting() == [stored]
        assert spool.held(tablet.journal) == before
    assert (stored.first, stored.last, stored.hash) == (1, 2, tablet.hash_at(2).hex())


def test_the_same_bundle_twice_is_kept_once(hub, folder):
    bundle = a_bundle(hub, a_tablet(hub).record())
    with closing(a_spool(folder, hub)) as spool:
        assert take(spool, bundle) == take(spool, bundle)
        assert len(spool.waiting()) == 1
    assert len(list((folder / "bundles").iterdir())) == 1


def test_junk_does_not_get_in(hub, folder, tmp_path):
    tablet = a_tablet(hub).record()
    bundle = a_bundle(hub, tablet)
    stranger = Tablet(a_key(7), tablet.certificate, tablet.root, tablet.lines)
    torn = a_bundle(hub, tablet.record(), [(2, 1)])  # says that it begins with fact 1
    with closing(a_spool(folder, hub)) as spool:
        for data in (b"x", b"x" * 100_000, bundle[:-1], bundle + b"x", a_bundle(hub, stranger), torn):
            with pytest.raises(Problem):
                take(spool, data)
        assert spool.waiting() == []
    assert list((folder / "bundles").iterdir()) == []


def test_a_bundle_for_another_hub_is_junk(hub, folder):
    with closing(Spool(folder, a_hello(a_key(8)), PLENTY)) as spool, pytest.raises(Problem, match=r"sync\.device"):
        take(spool, a_bundle(hub, a_tablet(hub).record()))


def test_a_body_that_breaks_off_is_not_taken(hub, folder):
    bundle = a_bundle(hub, a_tablet(hub).record())
    with closing(a_spool(folder, hub)) as spool:
        with pytest.raises(Problem, match=r"bundle\.malformed"):
            spool.take(io.BytesIO(bundle[:-50]), len(bundle))
        assert list((folder / "bundles").iterdir()) == []


def test_when_the_spool_is_full_nothing_more_is_taken_and_nothing_is_lost(hub, folder):
    tablet = a_tablet(hub).record()
    bundle = a_bundle(hub, tablet)
    with closing(a_spool(folder, hub, limit=len(bundle) + 10)) as spool:
        take(spool, bundle)
        with pytest.raises(Problem, match=r"relay\.full"):
            take(spool, a_bundle(hub, tablet.record()))
        assert len(spool.waiting()) == 1


def test_one_tablet_alone_does_not_fill_the_spool(hub, folder, monkeypatch):
    """A quarter of its bytes, and so many pieces that are known in memory."""
    greedy, other = a_tablet(hub), a_tablet(hub, "d02").record()
    monkeypatch.setattr(spool_module, "_PIECES", 40)
    with closing(a_spool(folder, hub)) as spool:
        take(spool, a_bundle(hub, greedy.record(), blobs=[b"%d" % number for number in range(30)]))
        with pytest.raises(Problem, match=r"relay\.full"):
            take(spool, a_bundle(hub, greedy.record(), blobs=[b"%d" % number for number in range(30, 60)]))
        take(spool, a_bundle(hub, other))
        monkeypatch.setattr(bundles, "POST_LIMIT", 10)
        spool._limit = 4 * spool.size()
        with pytest.raises(Problem, match=r"relay\.full"):
            take(spool, a_bundle(hub, greedy, blobs=[bytes(spool.size())]))
        assert len(spool.waiting()) == 2


def test_what_is_known_of_a_bundle_in_memory_is_less_than_it_takes_on_the_disk(hub, folder):
    blobs = [b"%03d" % number for number in range(900)]
    with closing(a_spool(folder, hub)) as spool:
        bundle = a_bundle(hub, a_tablet(hub), [], blobs)
        stored = take(spool, bundle)
        assert len(stored.blobs) == 32 * 900
        assert sum(map(sys.getsizeof, msgspec.structs.astuple(stored))) < 3 * len(bundle)
        assert spool.held(stored.journal).blobs == sorted(hashlib.sha256(blob).hexdigest() for blob in blobs)


def test_a_bundle_of_very_many_pieces_is_not_taken(hub, folder):
    """Each would cost the hub time, however small it is."""
    with closing(a_spool(folder, hub)) as spool, pytest.raises(Problem, match=r"bundle\.malformed"):
        take(spool, a_bundle(hub, a_tablet(hub), [], [b"%d" % number for number in range(1_001)]))


def test_it_says_what_it_keeps_so_that_nothing_need_come_twice(hub, folder):
    tablet = a_tablet(hub)
    for _ in range(9):
        tablet.record()
    with closing(a_spool(folder, hub)) as spool:
        for first, count in ((7, 3), (1, 2), (3, 1)):
            take(spool, a_bundle(hub, tablet, [(first, count)], first=first))
        assert stretches(spool, tablet) == [(1, 3), (7, 9)]
        assert spool.held(tablet.journal).stretches[-1].hash == tablet.hash_at(9).hex()
        assert spool.held("0" * 32).stretches == []


# --- letting go -------------------------------------------------------------------------------------


def test_a_bundle_goes_when_the_hub_has_signed_for_it(hub, folder):
    tablet = a_tablet(hub).record().record()
    bundle = a_bundle(hub, tablet)
    with closing(a_spool(folder, hub)) as spool:
        answer = answer_of(hub, bundle)
        spool.sign_off(take(spool, bundle), answer)
        assert spool.waiting() == []
    with closing(a_spool(folder, hub)) as spool:
        assert spool.waiting() == []
        assert spool.held(tablet.journal).receipts.encode() == answer


def test_no_other_word_than_the_hub_s_for_this_very_bundle_lets_it_go(hub, folder):
    tablet = a_tablet(hub).record().record()
    bundle, other = a_bundle(hub, tablet), a_bundle(hub, tablet, [(1, 1)])
    answer = answer_of(hub, other)
    carry(hub, bundle)
    said = [b"", b"<h1>\nWelcome\n</h1>\n", answer, answer[:-1], receipts_of(hub), bundle]
    with closing(a_spool(folder, hub)) as spool:
        stored = take(spool, bundle)
        for one in said:
            with pytest.raises(Problem):
                spool.sign_off(stored, one)
        assert spool.waiting() == [stored]
        assert stored.path.read_bytes() == bundle
        assert spool.held(tablet.journal).receipts == ""


def test_the_newest_receipts_are_kept_whatever_came_last(hub, folder, clock):
    tablet = a_tablet(hub).record()
    first = a_bundle(hub, tablet)
    old = answer_of(hub, first)
    second = a_bundle(hub, tablet.record(a_headcount(3)))
    clock.tick(1)
    new = answer_of(hub, second)
    with closing(a_spool(folder, hub)) as spool:
        kept = [take(spool, first), take(spool, second)]
        spool.sign_off(kept[1], new)
        spool.sign_off(kept[0], old)
        assert spool.held(tablet.journal).receipts.encode() == new
        assert spool.waiting() == []


def test_on_a_full_disk_letting_go_makes_room(hub, folder):
    """The kernel refuses to write a byte, as on a full disk. The receipts stay in memory alone."""
    tablet = a_tablet(hub).record()
    bundle = a_bundle(hub, tablet)
    with closing(a_spool(folder, hub)) as spool:
        stored, answer = take(spool, bundle), answer_of(hub, bundle)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
        try:
            spool.sign_off(stored, answer)
            with pytest.raises(Problem, match=r"relay\.full"):
                take(spool, bundle)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        assert spool.waiting() == []
        assert spool.held(tablet.journal).receipts.encode() == answer
    assert [file for file in folder.rglob("*") if file.is_file()] == [folder / "relay.lock"]


# --- what may happen to a folder --------------------------------------------------------------------


def test_one_program_works_on_a_spool(hub, folder):
    with closing(a_spool(folder, hub)), pytest.raises(Problem, match=r"relay\.running"):
        a_spool(folder, hub)
    a_spool(folder, hub).close()


def test_what_was_half_written_when_the_power_went_is_swept_away(hub, folder):
    a_spool(folder, hub).close()
    (folder / "bundles" / ".abc.part").write_bytes(b"half")
    with closing(a_spool(folder, hub)) as spool:
        assert spool.waiting() == []
    assert list((folder / "bundles").iterdir()) == []


def test_a_damaged_bundle_is_set_aside_and_the_others_go_on(hub, folder):
    tablet = a_tablet(hub).record().record()
    with closing(a_spool(folder, hub)) as spool:
        one = take(spool, a_bundle(hub, tablet, [(1, 1)]))
        other = take(spool, a_bundle(hub, tablet, [(2, 1)], first=2))
    data = bytearray(one.path.read_bytes())
    data[len(data) // 2] ^= 1
    one.path.write_bytes(data)
    (folder / "receipts" / tablet.journal).write_bytes(b"damaged too")
    with closing(a_spool(folder, hub)) as spool:
        assert spool.waiting() == [other]
        assert spool.damaged == 1
        assert spool.held(tablet.journal).receipts == ""
    assert one.path.with_name(one.path.name + ".damaged").read_bytes() == data


def test_what_lies_in_a_spool_reads_as_a_bundle_from_a_stick(hub, folder):
    tablet = a_tablet(hub).record()
    with closing(a_spool(folder, hub)) as spool:
        stored = take(spool, a_bundle(hub, tablet))
    with stored.path.open("rb") as file:
        bundle = bundles.read_bundle(file, lambda _: tablet.key.verify_key)
        assert bundle.digest == stored.digest
    assert carry(hub, stored.path.read_bytes()).is_complete
