"""A roster: a fair and the certificates of its tablets, told by the hub it is run at to another hub. Pure.

Lines of UTF-8: `kiosk-roster/1 <header as JSON>`, the fair as JSON, the certificates as they were signed (two lines
each), and one signature of the fair's hub over every byte before it. The header names the keys the rest is checked
with, so a roster proves only that it is of one piece: whose it is, a person decides by the fingerprint.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from kiosk import strictjson
from kiosk.errors import JSON_MALFORMED, SYNC_SIGNATURE, Problem
from kiosk.packs.fairs import Fair
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, Message, malformed
from kiosk.values import Hex32, Id, Slug

NAME = b"kiosk-roster/1"
_PURPOSE = b"kiosk/signed/" + NAME
ROSTER_LIMIT = 24 * 1024 * 1024  # bytes; a fair of 5,000 desks and as many tablets is under 10 MiB
_SIGNATURE_LINE = re.compile(rb"^[0-9a-f]{128}\n\Z")


class RosterHeader(Message, frozen=True):
    """First line of a roster."""

    fair: Slug
    hub: Id  # where the fair is run: the addressee of its tablets' batches
    signing_key: Hex32  # Ed25519: checks the certificates and the roster itself
    sealing_key: Hex32  # X25519: what the fair's complaints are sealed to
    certificates: Annotated[int, msgspec.Meta(ge=0, le=10_000)]

    @property
    def verify_key(self) -> keys.VerifyKey:
        return keys.VerifyKey(bytes.fromhex(self.signing_key))

    @property
    def fingerprint(self) -> bytes:
        """What the hub is known by; as in its hello."""
        return keys.fingerprint(self.verify_key, keys.PublicKey(bytes.fromhex(self.sealing_key)))


class Roster(msgspec.Struct, frozen=True):
    """A checked roster."""

    header: RosterHeader
    fair: Fair
    certificates: Sequence[tuple[Certificate, bytes]]  # each with its document, the root of a journal


def is_roster(start: bytes) -> bool:
    """Whether a file that begins like this means to be a roster."""
    return start.startswith(NAME + b" ")


def write_roster(header: RosterHeader, fair: Fair, certificates: Sequence[bytes], key: keys.SigningKey) -> bytes:
    """The bytes of a roster. `header.certificates` must be their number."""
    first = NAME + b" " + protocol.dump(header) + b"\n"
    signed = b"".join([first, strictjson.dumps(msgspec.to_builtins(fair)), b"\n", *certificates])
    return signed + keys.sign(key, _PURPOSE, signed).encode() + b"\n"


def read_roster(data: bytes) -> Roster:
    """Check a roster whole: its signature, its fair, every certificate. Raises `sync.malformed` or `sync.signature`."""
    if len(data) > ROSTER_LIMIT:
        raise malformed("too large")
    lines = _lines(data)
    if len(lines) < 3 or not is_roster(data) or not _SIGNATURE_LINE.match(lines[-1]):
        raise malformed(f"it is no {NAME.decode()}")
    header = protocol.convert(RosterHeader, _json(lines[0][len(NAME) + 1 :]))
    if len(lines) != 3 + 2 * header.certificates:
        raise malformed("its header names another number of certificates")
    if not keys.is_signed(header.verify_key, _PURPOSE, data[: -len(lines[-1])], lines[-1][:-1].decode()):
        raise Problem(SYNC_SIGNATURE)
    documents = [lines[place] + lines[place + 1] for place in range(2, len(lines) - 1, 2)]
    roster = Roster(header, _fair(lines[1]), [(_certificate(header, one), one) for one in documents])
    _check(roster)
    return roster


def _lines(data: bytes) -> list[bytes]:
    """Lines with their ends. A newline ends a line, and nothing else does."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _json(line: bytes) -> object:
    try:
        return strictjson.loads(line.removesuffix(b"\n"), ROSTER_LIMIT)
    except Problem as problem:
        if problem.kind is JSON_MALFORMED:
            raise malformed(str(problem.details["reason"])) from None
        raise


def _fair(line: bytes) -> Fair:
    try:
        return msgspec.convert(_json(line), Fair)
    except msgspec.ValidationError as error:
        raise malformed(str(error)) from None


def _certificate(header: RosterHeader, document: bytes) -> Certificate:
    certificate = protocol.read_document(Certificate, document, header.verify_key)
    if (certificate.hub, certificate.fair) != (header.hub, header.fair):
        raise malformed("a certificate is for another hub or fair")
    if certificate.rehearsal:
        raise malformed("a certificate is for a rehearsal")  # it would be counted here
    if certificate.unit:
        raise malformed("a certificate is for a hub that reports, and not for a tablet")
    return certificate


def _check(roster: Roster) -> None:
    fair, certificates = roster.fair, [certificate for certificate, _ in roster.certificates]
    if fair.id != roster.header.fair:
        raise malformed("its fair is not the one its header names")
    for fault in fair.faults():
        raise malformed(f"its fair: {fault}")
    desks = {desk.id for desk in fair.desks}
    for one in certificates:
        if one.desk not in desks:
            raise malformed(f"a certificate is for desk {one.desk}, which the fair has not")
        _moments(one)
    for what in ("device", "journal", "public_key"):
        if len({getattr(one, what) for one in certificates}) != len(certificates):
            raise malformed(f"two certificates have the same {what}")


def _moments(certificate: Certificate) -> None:
    try:
        datetime.fromisoformat(certificate.not_before)
        datetime.fromisoformat(certificate.not_after)
    except ValueError:
        raise malformed("a certificate has a date that is none") from None
