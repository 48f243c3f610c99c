"""A roster is read whole or not at all, and says only what its hub signed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import SYNC_MALFORMED, SYNC_SIGNATURE, Problem
from kiosk.packs.fairs import Desk
from kiosk.packs.model import Text
from kiosk.sync import keys, protocol, rosters
from kiosk.sync.protocol import Certificate
from kiosk.sync.rosters import read_roster
from tests.makers import a_fair, a_key, an_id
from tests.origins import Origin, a_foreign_certificate
from tests.proof import share


@pytest.fixture
def origin() -> Origin:
    origin = Origin()
    origin.enrol(1)
    origin.enrol(2, "d02")
    return origin


def refused(data: bytes) -> Problem:
    with pytest.raises(Problem) as raised:
        read_roster(data)
    assert raised.value.kind in (SYNC_MALFORMED, SYNC_SIGNATURE)
    return raised.value


# --- what is written is read ------------------------------------------------------------------------


def test_what_was_written_is_read(origin):
    roster = read_roster(origin.roster_bytes())
    assert roster.header == origin.header()
    assert roster.fair == origin.fair
    assert [document for _, document in roster.certificates] == origin.documents
    assert [one.desk for one, _ in roster.certificates] == ["d01", "d02"]


def test_a_roster_without_tablets_is_one():
    assert read_roster(Origin().roster_bytes()).certificates == []


def test_the_fingerprint_is_the_one_the_hub_is_known_by(origin):
    expected = keys.fingerprint(origin.key.verify_key, origin.sealing_key.public_key)
    assert read_roster(origin.roster_bytes()).header.fingerprint == expected


@given(st.lists(st.integers(0, 19), max_size=6, unique=True))
def test_any_tablets_come_through(desks):
    origin = Origin()
    for number, desk in enumerate(desks, 1):
        origin.enrol(number, f"d{desk + 1:02d}")
    data = origin.roster_bytes()
    assert [document for _, document in read_roster(data).certificates] == origin.documents
    assert rosters.is_roster(data[:64])


@pytest.mark.parametrize("start", [b"", b"kiosk-roster/2 {", b"kiosk-bundle/1 {", b"kiosk-roster/1\n"])
def test_other_files_are_no_rosters(start):
    assert not rosters.is_roster(start)
    refused(start)


# --- no byte of it can be changed ---------------------------------------------------------------------


def test_every_bit_of_it_is_covered():
    origin = Origin(fair=_small_fair())
    origin.enrol(1)
    data = origin.roster_bytes()
    for place in range(len(data)):
        for bit in share(range(8), [place % 8]):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            refused(bytes(changed))


def test_no_part_of_it_is_a_roster(origin):
    data = origin.roster_bytes()
    for end in range(0, len(data), 3):
        refused(data[:end])
    refused(data[:-1])


@pytest.mark.parametrize("tail", [b"\n", b" ", b"x", b"\r\n", b"\0"])
def test_nothing_may_follow_it(origin, tail):
    refused(origin.roster_bytes() + tail)


def test_it_has_a_largest_size(origin):
    assert "large" in str(refused(origin.roster_bytes() + b" " * rosters.ROSTER_LIMIT))


def test_another_hub_s_signature_does_not_do(origin):
    forged = Origin(key=a_key(78), fair=origin.fair).roster_bytes(
        origin.documents, signing_key=bytes(origin.key.verify_key).hex()
    )
    assert refused(forged).kind is SYNC_SIGNATURE


def test_a_signature_for_something_else_does_not_do(origin):
    """The same bytes, signed as another kind of document."""
    body = origin.roster_bytes()[:-129]
    refused(body + keys.sign(origin.key, b"kiosk/signed/kiosk-batch/1", body).encode() + b"\n")


# --- what a hub would not have signed -----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"key": a_key(78)},  # signed by somebody else
        {"fair": "demo"},
        {"hub": an_id(5)},
        {"desk": "d99"},
        {"not_after": "9999-99-99T00:00:00.000+08:00"},
        {"not_before": "2027-02-30T00:00:00.000+08:00"},
    ],
)
def test_a_certificate_that_does_not_belong_there_is_refused(origin, changes):
    refused(origin.roster_bytes([*origin.documents, a_foreign_certificate(origin, **changes)]))


@pytest.mark.parametrize("same", ["device", "journal", "public_key"])
def test_no_tablet_stands_there_twice(origin, same):
    first = protocol.read_document(Certificate, origin.documents[0], origin.key.verify_key)
    origin.enrol(3, **{same: getattr(first, same)})
    assert same in str(refused(origin.roster_bytes()))


def test_the_number_of_certificates_must_be_theirs(origin):
    refused(origin.roster_bytes(certificates=1))
    refused(origin.roster_bytes(certificates=3))


def test_the_fair_must_be_the_one_of_the_header(origin):
    origin.fair = a_fair(id="another")
    refused(origin.roster_bytes(fair="elsewhere"))


def test_a_faulty_fair_is_refused(origin):
    desk = Desk("d01", "nowhere", "advice", Text("台", "desk"))
    origin.fair = msgspec.structs.replace(origin.fair, desks=[desk])
    assert "nowhere" in str(refused(origin.roster_bytes()))


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b"{", b'{"id":"a","id":"b"}', b'"\\ud800"', b"\xff"])
def test_a_fair_that_is_none_is_refused(origin, line):
    first, _, rest = origin.roster_bytes().split(b"\n", 2)
    signed = first + b"\n" + line + b"\n" + rest[:-129]
    purpose = b"kiosk/signed/" + rosters.NAME
    refused(signed + keys.sign(origin.key, purpose, signed).encode() + b"\n")


def _small_fair():
    fair = a_fair(id="elsewhere")
    return msgspec.structs.replace(fair, venues=fair.venues[:1], desks=fair.desks[:1], leaflets=fair.leaflets[:1])
