"""The word with which a tablet sends a visitor on to their own phone and the hub's form, signed by the tablet. Pure.

It opens nothing that is not open to everybody. It says that somebody stood at this tablet a moment ago, and one record
may come of it, however often it is sent.
"""

import msgspec

from kiosk import crockford
from kiosk.errors import HANDOFF_EXPIRED, HANDOFF_INVALID, Problem
from kiosk.sync import keys

#: Seconds for which a word is good.
LIFE = 600
#: Seconds by which a tablet's clock may lead: what it noted of the hub's time is not sure to the second.
AHEAD = 60
_PURPOSE = b"kiosk/handoff/1"
_SIZE, _SYMBOLS = 16 + 5 + 64, 136  # bytes: id, seconds since 1970, signature; and symbols of 5 bits for them


class Handoff(msgspec.Struct, frozen=True):
    """What a word says."""

    id: str  # 128 random bits, hex
    at: int  # seconds since 1970, by the tablet's knowledge of the hub's time

    def refuse_past(self, now: float, longer: int = 0) -> None:
        """Raises `handoff.expired` where the hub's time is not within the word's life, or `longer` after it."""
        if not -AHEAD <= now - self.at <= LIFE + longer:
            raise Problem(HANDOFF_EXPIRED)


def write(key: keys.SigningKey, device: str, handoff: Handoff) -> str:
    """136 letters and digits, for the end of an address."""
    message = _message(handoff)
    signature = keys.sign(key, _PURPOSE, _signed(device, message))
    return crockford.write(int.from_bytes(message + bytes.fromhex(signature)), _SYMBOLS)


def read(word: str, device: str, public_key: str) -> Handoff:
    """What a tablet's word says. Raises `handoff.invalid`."""
    number = crockford.read(word, _SYMBOLS)
    if number is None:
        raise Problem(HANDOFF_INVALID)
    raw = number.to_bytes(_SIZE)
    message, signature = raw[:21], raw[21:].hex()
    if not keys.is_signed(keys.VerifyKey(bytes.fromhex(public_key)), _PURPOSE, _signed(device, message), signature):
        raise Problem(HANDOFF_INVALID)
    return Handoff(message[:16].hex(), int.from_bytes(message[16:]))


def _message(handoff: Handoff) -> bytes:
    return bytes.fromhex(handoff.id) + handoff.at.to_bytes(5)


def _signed(device: str, message: bytes) -> bytes:
    return bytes.fromhex(device) + message
