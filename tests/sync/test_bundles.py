"""The bundle: every byte is covered, nothing is believed before all of it was checked."""

import hashlib
import io
import tracemalloc
from itertools import chain

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.clock import stamp
from kiosk.errors import Problem
from kiosk.sync import bundles, keys, protocol
from kiosk.sync.bundles import BundleHeader, BundleWriter, Frame
from kiosk.sync.protocol import BlobReceipt, Receipt
from tests.clocks import FAIR_MORNING
from tests.makers import a_batch, a_certificate, a_key, an_id, some_lines
from tests.proof import figure, share

CERTIFICATE = a_certificate()
HUB_KEY = a_key(9)


def a_bundle_header(**changes) -> BundleHeader:
    header = BundleHeader(
        journal=CERTIFICATE.journal,
        device=CERTIFICATE.device,
        fair=CERTIFICATE.fair,
        hub=CERTIFICATE.hub,
        certificate=protocol.sign_document(CERTIFICATE, HUB_KEY).decode(),
        seq=2,
        hash="00" * 32,
        first=1,
        at=stamp(FAIR_MORNING),
    )
    return msgspec.structs.replace(header, **changes)


def a_bundle(*frames: Frame, key: keys.SigningKey | None = None, **header) -> bytes:
    stream = io.BytesIO()
    writer = BundleWriter(stream, a_bundle_header(**header))
    for frame in frames:
        writer.add(frame.type, frame.content)
    writer.close(key or a_key())
    assert writer.size == len(stream.getvalue())
    return stream.getvalue()


def key_of(header: BundleHeader) -> keys.VerifyKey:
    return bundles.certified_key(header, HUB_KEY.verify_key)


def read(data: bytes) -> bundles.Bundle:
    return bundles.read_bundle(io.BytesIO(data), key_of)


def refusal(data: bytes) -> str:
    with pytest.raises(Problem) as refused:
        list(read(data).frames())
    return refused.value.code


frames = st.lists(
    st.builds(Frame, st.sampled_from(["batch", "blob", "slip"]), st.binary(max_size=300)),
    max_size=6,
)


# --- what goes in comes out -------------------------------------------------------------------------


@given(frames)
def test_what_was_written_is_read_byte_for_byte(some: list[Frame]):
    bundle = read(a_bundle(*some))
    assert (list(bundle.frames()), bundle.count, bundle.header) == (some, len(some), a_bundle_header())


def test_frames_may_hold_what_looks_like_the_end_of_a_bundle():
    inner = a_bundle(Frame("blob", b"x"))
    bundle = read(a_bundle(Frame("blob", inner), Frame("blob", inner.splitlines(keepends=True)[-1])))
    assert next(frame.content for frame in bundle.frames()) == inner


def test_whatever_a_frame_may_be_it_goes_into_a_bundle_that_may_be_posted():
    header = bundles.MAGIC + b"x" * bundles._HEADER_LIMIT
    assert len(header) + max(bundles.FRAME_LIMITS.values()) + 1024 < bundles.POST_LIMIT < bundles.BUNDLE_LIMIT


def test_a_bundle_is_named_by_all_its_bytes():
    data = a_bundle(Frame("blob", b"x"))
    end = data.splitlines(keepends=True)[-1]
    assert read(data).digest == hashlib.sha256(data[: -len(end)]).hexdigest()
    assert read(a_bundle(Frame("blob", b"y"))).digest != read(data).digest


def test_a_large_bundle_is_read_in_little_memory(tmp_path):
    file = tmp_path / "large.kiosk"
    blob = bytes(range(256)) * 256
    with file.open("wb") as stream:
        writer = BundleWriter(stream, a_bundle_header())
        for _ in range(800):
            writer.add("blob", blob)
        writer.close(a_key())
    tracemalloc.start()
    with file.open("rb") as stream:
        assert sum(len(frame.content) for frame in bundles.read_bundle(stream, key_of).frames()) == 800 * len(blob)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.stat().st_size > 50 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


# --- whatever is changed is refused -----------------------------------------------------------------


def test_every_bit_of_a_bundle_counts():
    """Every byte here; every bit of 20 KB, and the hub behind it, in tests/hub/test_carrying.py."""
    data = a_bundle(Frame("blob", b"sealed"), Frame("batch", a_batch(some_lines(3))))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        assert refusal(bytes(changed)) in {"bundle.malformed", "bundle.damaged", "sync.signature"}


def test_every_truncation_is_refused():
    data = a_bundle(Frame("blob", b"sealed"), Frame("batch", a_batch(some_lines(1))))
    codes = {refusal(data[:length]) for length in range(len(data))}
    assert codes == {"bundle.malformed"}
    figure("bundles cut at every byte, refused", len(data))


@pytest.mark.parametrize("more", [b"\n", b"\0", b"x" * 300])
def test_nothing_may_follow_or_lead(more: bytes):
    data = a_bundle(Frame("blob", b"sealed"))
    assert refusal(data + more) == refusal(more + data) == "bundle.malformed"


def resealed(header: bytes, body: bytes, count: int | str, key: keys.SigningKey | None = None) -> bytes:
    """Whatever bytes, sealed as its writer would."""
    end = f"end {count} {hashlib.sha256(header + body).hexdigest()} ".encode()
    return header + body + end + keys.sign(key or a_key(), b"kiosk/signed/kiosk-bundle/1", end).encode() + b"\n"


HEADER = bundles.MAGIC + protocol.dump(a_bundle_header()) + b"\n"


def test_the_seal_used_here_is_the_real_one():
    assert list(read(resealed(HEADER, b"blob 1\nx\n", 1)).frames()) == [Frame("blob", b"x")]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b"", 1),
        (b"blob 1\nx\n", 0),
        (b"blob 1\nx\n", 2),
        (b"blob 1\nx", 1),
        (b"blob 1\nxy", 1),
        (b"blob 2\nx\n", 1),
        (b"blob 0\nx\n", 1),
        (b"blob 01\nx\n", 1),
        (b"blob -1\nx\n", 1),
        (b"blob 1 \nx\n", 1),
        (b"Blob 1\nx\n", 1),
        (b"photo 1\nx\n", 1),
        (b"blob 1\r\nx\n", 1),
        (b"blob 99999999\nx\n", 1),
        (b"slip 65537\n" + b"x" * 65537 + b"\n", 1),
        (b"blob 8388609\n" + b"x" * 8388609 + b"\n", 1),
        (b"batch 99999999999999999999\nx\n", 1),
        (b"\n", 0),
    ],
)
def test_frames_that_do_not_fill_the_file_are_refused_even_when_signed(body: bytes, count: int):
    assert refusal(resealed(HEADER, body, count)) == "bundle.malformed"


@pytest.mark.parametrize("count", ["01", "-1", "1000000", "1 "])
def test_the_number_of_frames_has_one_spelling(count: str):
    assert refusal(resealed(HEADER, b"blob 1\nx\n", count)) == "bundle.malformed"


@pytest.mark.parametrize(
    "header",
    [
        b"kiosk-bundle/1 \n",
        b"kiosk-bundle/1 {}\n",
        b"kiosk-bundle/1 []\n",
        b'kiosk-bundle/1 {"a":1,"a":1}\n',
        b"kiosk-bundle/1  " + protocol.dump(a_bundle_header()) + b" x\n",
        b"kiosk-bundle/2 " + protocol.dump(a_bundle_header()) + b"\n",
        b"kiosk-bundle/1 " + protocol.dump(a_bundle_header())[:-1] + b',"more":1}\n',
        b"kiosk-bundle/1 " + b"[" * 50_000 + b"\n",
        b"x" * 100_000 + b"\n",
    ],
)
def test_a_header_that_is_none_is_refused_even_when_signed(header: bytes):
    assert refusal(resealed(header, b"", 0)) == "bundle.malformed"


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "huge.kiosk"
    with file.open("wb") as stream:
        stream.write(a_bundle())
        stream.truncate(bundles.BUNDLE_LIMIT + 1)  # a hole: it takes no room
    with file.open("rb") as stream, pytest.raises(Problem, match="too large"):
        bundles.read_bundle(stream, key_of)


def test_a_file_that_changes_after_it_was_checked_is_noticed_in_the_end():
    stream = io.BytesIO(a_bundle(Frame("blob", b"sealed"), Frame("blob", b"other")))
    bundle = bundles.read_bundle(stream, key_of)
    stream.getbuffer()[stream.getvalue().index(b"sealed")] ^= 1
    with pytest.raises(Problem, match=r"bundle\.damaged"):
        list(bundle.frames())


# --- whose it is ------------------------------------------------------------------------------------


def test_only_the_device_of_the_certificate_can_have_written_it():
    assert refusal(a_bundle(key=a_key(2))) == "sync.signature"


def test_a_certificate_the_hub_did_not_sign_is_none():
    forged = protocol.sign_document(CERTIFICATE, a_key(8)).decode()
    assert refusal(a_bundle(certificate=forged)) == "sync.device"
    for text in ("", "x", "\ud800"[:0] + "é\n", protocol.sign_document(CERTIFICATE, HUB_KEY).decode() + "\n"):
        assert refusal(a_bundle(certificate=text)) == "sync.device"


@pytest.mark.parametrize("part", ["journal", "device", "hub", "fair"])
def test_a_certificate_of_something_else_is_no_help(part: str):
    assert refusal(a_bundle(**{part: "another" if part == "fair" else an_id(77)})) == "sync.device"


def test_of_bundles_that_strangers_write_none_is_believed():
    """Each with a key and a certificate of its own making."""
    strangers, refused = share(10_000, 1_000), 0
    for seed in range(strangers):
        key = keys.SigningKey(hashlib.sha256(b"%d" % seed).digest())
        own = msgspec.structs.replace(CERTIFICATE, public_key=bytes(key.verify_key).hex())
        data = a_bundle(key=key, certificate=protocol.sign_document(own, key).decode())
        refused += refusal(data) == "sync.device"
    assert refused == strangers
    figure("bundles of strangers, refused", refused)


# --- what is in it ----------------------------------------------------------------------------------


def test_the_contents_are_told_without_looking_into_the_facts():
    lines = some_lines(5)
    first, second = a_batch(lines[:3]), a_batch(lines[3:], first=4)
    found = bundles.contents(read(a_bundle(Frame("blob", b"sealed"), Frame("batch", first), Frame("batch", second))))
    assert (found.first, found.last) == (1, 5)
    assert found.hash == second.splitlines()[-1].split()[0].decode()
    assert found.blobs == {hashlib.sha256(b"sealed").hexdigest()}


@pytest.mark.parametrize(
    "batches",
    [
        [a_batch(some_lines(2), first=2)],
        [a_batch(some_lines(2)), a_batch(some_lines(2))],
        [a_batch(some_lines(2), journal=an_id(99))],
        [b"x"],
        [b"kiosk-batch/1 {}\n"],
        [a_batch([]), a_batch([])],
        [a_batch([]), a_batch(some_lines(2))],
        [a_batch(some_lines(2)), a_batch([], first=3)],
    ],
    ids=["a gap", "twice", "another journal's", "no batch", "no header", "empty twice", "empty first", "empty last"],
)
def test_batches_that_do_not_follow_on_one_another_are_no_contents(batches: list[bytes]):
    bundle = read(a_bundle(*(Frame("batch", batch) for batch in batches)))
    with pytest.raises(Problem, match=r"bundle\.malformed"):
        bundles.contents(bundle)


# --- receipts ---------------------------------------------------------------------------------------


def test_a_bundle_of_more_frames_than_may_be_posted_has_no_contents():
    within = [Frame("blob", b"")] * bundles.POST_FRAME_COUNT_LIMIT
    assert bundles.contents(read(a_bundle(*within))).last == 0
    with pytest.raises(Problem, match=r"bundle\.malformed"):
        bundles.contents(read(a_bundle(*within, Frame("blob", b""))))


def a_receipt(key: keys.SigningKey = HUB_KEY, **changes) -> bytes:
    receipt = Receipt(
        hub=CERTIFICATE.hub, journal=CERTIFICATE.journal, seq=2, hash="00" * 32, accepted=0, duplicates=0,
        quarantined=0, forked=0, batch="00" * 32, at=stamp(FAIR_MORNING),
    )  # fmt: skip
    return protocol.sign_document(msgspec.structs.replace(receipt, **changes), key)


def a_blob_receipt(key: keys.SigningKey = HUB_KEY, **changes) -> bytes:
    receipt = BlobReceipt(
        hub=CERTIFICATE.hub, journal=CERTIFICATE.journal, seq=2, missing=[], at=stamp(FAIR_MORNING)
    )  # fmt: skip
    return protocol.sign_document(msgspec.structs.replace(receipt, **changes), key)


def taken(data: bytes) -> bundles.Receipts:
    documents = bundles.read_receipts(data)
    return bundles.receipts_for(documents, CERTIFICATE.journal, CERTIFICATE.hub, HUB_KEY.verify_key)


def test_a_file_of_receipts_is_documents_one_after_another():
    documents = [a_receipt(), a_blob_receipt(), a_receipt(journal=an_id(5)), a_receipt(a_key(3), journal=an_id(6))]
    assert bundles.read_receipts(b"".join(documents)) == documents
    found = taken(b"".join(documents))
    assert [document for _, document in found.receipts] == [documents[0]]
    assert [one.seq for one in found.blobs] == [2]


@pytest.mark.parametrize("cut", range(1, len(a_receipt()), 37))
def test_a_torn_file_of_receipts_is_refused(cut: int):
    with pytest.raises(Problem, match=r"receipts\.malformed"):
        bundles.read_receipts((a_receipt() + a_receipt())[:-cut])


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n", b"<h1>Welcome</h1>", b"<h1>\n</h1>\n", a_receipt() + b"a\nb\n"])
def test_what_is_no_file_of_receipts_is_refused(data: bytes):
    with pytest.raises(Problem, match=r"receipts\.malformed"):
        bundles.read_receipts(data)


def test_a_bundle_is_no_file_of_receipts():
    with pytest.raises(Problem, match=r"receipts\.malformed"):
        bundles.read_receipts(a_bundle())


@pytest.mark.parametrize(
    "document",
    [a_receipt(a_key(8)), a_receipt(hub=an_id(7)), a_blob_receipt(a_key(8)), a_blob_receipt(hub=an_id(7))],
    ids=["another's signature", "another hub", "blobs, another's signature", "blobs, another hub"],
)
def test_a_receipt_that_is_not_the_hub_s_word_spoils_the_file(document: bytes):
    with pytest.raises(Problem, match=r"sync\.receipt"):
        taken(a_receipt() + document)


def test_every_byte_of_a_receipt_counts():
    data = a_receipt() + a_blob_receipt()
    believed = {(receipt.seq, receipt.hash) for receipt, _ in taken(data).receipts}
    for at, bit in chain.from_iterable(((at, 0), (at, 5)) for at in range(len(data))):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        try:
            found = taken(bytes(changed))
        except Problem:
            continue
        # A changed journal is no longer ours, and passed over; what is ours is as it was.
        assert {(receipt.seq, receipt.hash) for receipt, _ in found.receipts} <= believed
        assert len(found.receipts) + len(found.blobs) == 1
