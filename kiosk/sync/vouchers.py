"""A voucher as the text of its QR code, signed by the tablet that issued it. Pure.

Desk and tablet stand in the clear, so that any other tablet can say where to go; the signature is over the journal,
so that a made-up code at the right desk is told from a real one without looking anything up. All of it is of the
letters a QR code packs closely: 41 modules square with error correction M.
"""

import hashlib

import msgspec

from kiosk import crockford
from kiosk.errors import PRIZE_ELSEWHERE, PRIZE_FORGED, PRIZE_UNKNOWN, Problem
from kiosk.sync import keys, protocol

PREFIX = "K315V2:"
_PURPOSE = b"kiosk/voucher/2"
_SIGNATURE = 103  # symbols of 5 bits for 64 bytes


class Signed(msgspec.Struct, frozen=True):
    """What a voucher's text says, before it is believed."""

    desk: str
    tablet: str  # `mark` of the tablet that issued it
    code: str  # e.g. "7KQ2-M0ZR"
    signature: str  # hex


def write(key: keys.SigningKey, certificate: protocol.Certificate, code: str) -> str:
    """`K315V2:<desk>:<tablet>:<code>:<signature>`, in capitals."""
    signature = keys.sign(key, _PURPOSE, _message(certificate, code))
    desk, packed = certificate.desk.upper(), crockford.write(int(signature, 16), _SIGNATURE)
    return f"{PREFIX}{desk}:{mark(certificate.journal)}:{code.replace('-', '')}:{packed}"


def read(text: str) -> Signed:
    """Take a text apart. Raises `prize.unknown` where it cannot be a voucher's."""
    parts = text.strip().upper().split(":")
    if len(parts) != 5 or f"{parts[0]}:" != PREFIX:
        raise Problem(PRIZE_UNKNOWN)
    code, number = crockford.normal_checked(parts[3], 8), crockford.read(parts[4], _SIGNATURE)
    if code is None or number is None or number >= 1 << 512:
        raise Problem(PRIZE_UNKNOWN)
    return Signed(parts[1].lower(), parts[2], code, f"{number:0128x}")


def check(text: str, certificate: protocol.Certificate) -> str:
    """The code of a voucher that the tablet of this certificate issued.

    Raises `prize.elsewhere` with the desk to go to, `prize.forged` or `prize.unknown`.
    """
    signed = read(text)
    if (signed.desk, signed.tablet) != (certificate.desk, mark(certificate.journal)):
        raise Problem(PRIZE_ELSEWHERE, desk=signed.desk[:40])
    key = keys.VerifyKey(bytes.fromhex(certificate.public_key))
    if not keys.is_signed(key, _PURPOSE, _message(certificate, signed.code), signed.signature):
        raise Problem(PRIZE_FORGED)
    return signed.code


def mark(journal: str) -> str:
    """Five symbols that tell one tablet from another at the same desk. They prove nothing."""
    digest = hashlib.sha256(b"kiosk/voucher/tablet/2\0" + bytes.fromhex(journal)).digest()
    return crockford.write(int.from_bytes(digest[:4]) >> 7, 5)


def _message(certificate: protocol.Certificate, code: str) -> bytes:
    return f"{certificate.journal}\n{certificate.fair}\n{certificate.desk}\n{code}".encode()
