"""Keys: signing, sealing, passwords. The one room that knows PyNaCl.

Every signature covers a domain prefix and the exact bytes; nothing is ever re-serialised to be checked.
"""

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey, SealedBox
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.signing import SigningKey, VerifyKey
from nacl.utils import random

from kiosk.errors import SEAL_BROKEN, Problem

__all__ = ["PrivateKey", "PublicKey", "SigningKey", "VerifyKey"]

_SEALED = b"kiosk-sealed/1\n"
_PAD = 256  # text is padded to steps of this, so that a length says little
_SALT = argon2id.SALTBYTES
_COST = re.compile(r"\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=1\$")  # KiB and passes
#: Passes and bytes of Argon2id, OWASP's floor: 20 ms on a hub, bearable on a cheap tablet. A hash says its own, so
#: that it may be raised; what a key was stretched by stands nowhere else than here.
HASHING = STRETCHING = (2, 19 * 1024 * 1024)


def write_secret(path: Path, secret: bytes) -> None:
    """Write key bytes to a new file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())


def fingerprint(signing: VerifyKey, sealing: PublicKey) -> bytes:
    """What a hub is known by: SHA-256 over both of its public keys."""
    return hashlib.sha256(b"kiosk/hub/1\0" + bytes(signing) + bytes(sealing)).digest()


def sign(key: SigningKey, purpose: bytes, message: bytes) -> str:
    """Ed25519 over `purpose ‖ 0 ‖ message`, as 128 hex digits."""
    return key.sign(purpose + b"\0" + message).signature.hex()


def is_signed(key: VerifyKey, purpose: bytes, message: bytes, signature: str) -> bool:
    try:
        key.verify(purpose + b"\0" + message, bytes.fromhex(signature))
    except (CryptoError, ValueError):
        return False
    return True


# --- sealing personal data to the hub -------------------------------------------------------------


def seal(hub: PublicKey, plaintext: bytes) -> bytes:
    """Seal to the hub's key: a fresh data key, the padded text under it, the data key in a sealed box.

    Whoever seals cannot open again. The result is safe to store anywhere.
    """
    data_key = random(SecretBox.KEY_SIZE)
    return _SEALED + SealedBox(hub).encrypt(data_key) + SecretBox(data_key).encrypt(_padded(plaintext))


def seal_repeatably(hub: PublicKey, plaintext: bytes, dice: Callable[[int], bytes]) -> bytes:
    """As `seal`, but the same dice give the same bytes: for made-up people of a simulated fair, and nobody else."""
    data_key, once = dice(SecretBox.KEY_SIZE), PrivateKey(dice(PrivateKey.SIZE))
    public = bytes(once.public_key)
    nonce = hashlib.blake2b(public + bytes(hub), digest_size=Box.NONCE_SIZE).digest()  # as a sealed box takes it
    box = public + Box(once, hub).encrypt(data_key, nonce).ciphertext
    return _SEALED + box + SecretBox(data_key).encrypt(_padded(plaintext), dice(SecretBox.NONCE_SIZE))


def _padded(plaintext: bytes) -> bytes:
    return plaintext + b"\x80" + b"\0" * (-(len(plaintext) + 1) % _PAD)


def is_sealed(blob: bytes) -> bool:
    """Whether it has the shape of what `seal` makes. Whether it opens, only who has the private key can tell."""
    padded = len(blob) - len(_SEALED) - SecretBox.KEY_SIZE - 48 - SecretBox.NONCE_SIZE - SecretBox.MACBYTES
    return blob.startswith(_SEALED) and padded > 0 and padded % _PAD == 0


def unseal(hub: PrivateKey, blob: bytes) -> bytes:
    """Open what `seal` made. Raises `seal.broken`."""
    key_length = SecretBox.KEY_SIZE + 48  # a sealed box adds 48 bytes
    if not blob.startswith(_SEALED):
        raise Problem(SEAL_BROKEN, reason="unknown format")
    body = blob[len(_SEALED) :]
    try:
        data_key = SealedBox(hub).decrypt(body[:key_length])
        padded = SecretBox(data_key).decrypt(body[key_length:])
    except (CryptoError, ValueError):
        raise Problem(SEAL_BROKEN, reason="wrong key or damaged") from None
    text, marker, rest = padded.rpartition(b"\x80")
    if not marker or rest.strip(b"\0"):
        raise Problem(SEAL_BROKEN, reason="wrong padding")
    return text


# --- passwords and PINs ---------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """Argon2id, as its own self-describing string."""
    return argon2id.str(_normal(password), *HASHING).decode()


def is_password(stored: str | None, password: str) -> bool:
    """Whether it is the one. For a name nobody has, `stored` is None, and the answer takes as long."""
    try:
        return bool(argon2id.verify((stored or _nobodys()).encode(), _normal(password))) and stored is not None
    except CryptoError:
        return False


def is_usual(stored: str) -> bool:
    """Whether a hash asks for no more work than our own do. What others wrote could ask for hours."""
    found = _COST.match(stored)
    return found is not None and int(found[2]) <= HASHING[0] and int(found[1]) * 1024 <= HASHING[1]


def prepare() -> None:
    """Make what `is_password` compares with where there is nothing to compare with."""
    _nobodys()


@cache
def _nobodys() -> str:
    return hash_password(random(16).hex())


def wrap(secret: bytes, password: str) -> bytes:
    """Encrypt a secret under a password: salt ‖ SecretBox."""
    salt = random(_SALT)
    return salt + SecretBox(stretch(password, salt)).encrypt(secret)


def unwrap(wrapped: bytes, password: str) -> bytes | None:
    """The secret, or None when the password is not the one it was wrapped under."""
    salt, box = wrapped[:_SALT], wrapped[_SALT:]
    try:
        return SecretBox(stretch(password, salt)).decrypt(box)
    except (CryptoError, ValueError):
        return None


def lock(secret: bytes, key: bytes) -> bytes:
    """Encrypt under a random 32-byte key."""
    return bytes(SecretBox(key).encrypt(secret))


def unlock(box: bytes, key: bytes) -> bytes | None:
    try:
        return SecretBox(key).decrypt(box)
    except (CryptoError, ValueError):
        return None


def _normal(password: str) -> bytes:
    return password.strip().encode()


def stretch(password: str, salt: bytes, size: int = SecretBox.KEY_SIZE) -> bytes:
    """Key material from a password or a short code. The salt has 16 bytes."""
    return argon2id.kdf(size, _normal(password), salt, *STRETCHING)
