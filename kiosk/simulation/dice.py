"""Chance from a seed: the same seed gives the same fair, byte for byte, keys and all.

Therefore everybody who knows the seed knows every key of a simulated fair. They are made-up keys for a made-up fair
and guard nothing.
"""

import hashlib
from random import Random

import msgspec

from kiosk.sync import keys


class Dice(Random):
    """Random numbers that come out the same each time."""

    def id(self) -> str:
        """As `values.Id`."""
        return f"{self.getrandbits(128):032x}"

    def happens(self, probability: float) -> bool:
        return self.random() < probability


class Seed(msgspec.Struct, frozen=True):
    """Where all chance of one simulated fair comes from."""

    size: str
    number: int

    def bytes(self, *purpose: str | int) -> bytes:
        """32 bytes for one purpose."""
        told = "\0".join(["kiosk/simulation/1", self.size, str(self.number), *map(str, purpose)])
        return hashlib.sha256(told.encode()).digest()

    def id(self, *purpose: str | int) -> str:
        return self.bytes(*purpose)[:16].hex()

    def dice(self, *purpose: str | int) -> Dice:
        return Dice(int.from_bytes(self.bytes(*purpose)))

    def signing_key(self, *purpose: str | int) -> keys.SigningKey:
        return keys.SigningKey(self.bytes(*purpose))

    def sealing_key(self, *purpose: str | int) -> keys.PrivateKey:
        return keys.PrivateKey(self.bytes(*purpose))
