"""Sealing, wrapping, hashing: opened by the right key and by no other."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import Problem
from kiosk.sync import keys
from tests.makers import a_key

HUB = keys.PrivateKey(b"\x09" * 32)
PLAIN = st.binary(max_size=600)


def test_a_secret_file_is_its_owner_s_alone_and_written_once(tmp_path: Path):
    keys.write_secret(tmp_path / "key", b"secret")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        keys.write_secret(tmp_path / "key", b"other")


# --- sealing --------------------------------------------------------------------------------------


@given(PLAIN)
def test_what_was_sealed_is_opened_by_the_hub(plain: bytes):
    assert keys.unseal(HUB, keys.seal(HUB.public_key, plain)) == plain


@given(PLAIN, PLAIN)
def test_a_sealed_length_tells_only_the_step_of_256(one: bytes, other: bytes):
    sizes = [len(keys.seal(HUB.public_key, plain)) for plain in (one, other)]
    assert (sizes[0] == sizes[1]) == (len(one) // 256 == len(other) // 256)


def test_the_same_text_is_sealed_differently_each_time():
    assert keys.seal(HUB.public_key, b"text") != keys.seal(HUB.public_key, b"text")


def test_what_was_sealed_does_not_hold_its_text():
    assert b"13800000000" not in keys.seal(HUB.public_key, b"13800000000" * 20)


def test_no_changed_byte_of_a_sealed_text_opens():
    blob = keys.seal(HUB.public_key, b"text")
    for at in range(len(blob)):
        with pytest.raises(Problem, match=r"seal\.broken"):
            keys.unseal(HUB, blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :])


def test_no_part_of_a_sealed_text_opens():
    blob = keys.seal(HUB.public_key, b"text")
    for end in range(len(blob)):
        with pytest.raises(Problem, match=r"seal\.broken"):
            keys.unseal(HUB, blob[:end])


@given(PLAIN)
def test_the_shape_of_a_sealed_text_is_told_without_the_key_and_no_other_length_has_it(plain: bytes):
    blob = keys.seal(HUB.public_key, plain)
    assert keys.is_sealed(blob)
    assert not any(keys.is_sealed(blob[:end]) for end in range(len(blob) - 255, len(blob)))
    assert not keys.is_sealed(b"K" + blob[1:])


def test_another_hub_cannot_open_it():
    with pytest.raises(Problem, match=r"seal\.broken"):
        keys.unseal(keys.PrivateKey(b"\x08" * 32), keys.seal(HUB.public_key, b"text"))


# --- passwords ------------------------------------------------------------------------------------


@settings(max_examples=5)
@given(st.binary(min_size=1, max_size=64), st.text(min_size=1, max_size=20))
def test_what_was_wrapped_is_unwrapped_by_its_password_alone(secret: bytes, password: str):
    wrapped = keys.wrap(secret, password)
    assert keys.unwrap(wrapped, password) == secret
    assert keys.unwrap(wrapped, password + "x") is None
    assert keys.unwrap(wrapped[:-1], password) is None


@pytest.mark.parametrize("wrapped", [b"", b"short", b"\0" * 16, b"\0" * 60])
def test_nonsense_is_unwrapped_by_nothing(wrapped: bytes):
    assert keys.unwrap(wrapped, "password") is None


def test_a_password_is_known_by_its_hash_and_no_other_is():
    stored = keys.hash_password("380315")
    assert keys.is_password(stored, "380315")
    assert not keys.is_password(stored, "380316")
    assert not keys.is_password(stored, "")


def test_a_hash_costs_what_owasp_asks_for_at_least():
    """Asked of a program of its own: in this one hashes are cheap."""
    words = [sys.executable, "-c", "from kiosk.sync import keys; print(keys.hash_password('380315'))"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert told.startswith("$argon2id$v=19$m=19456,t=2,")
    assert keys.STRETCHING == (2, 19456 * 1024)


def test_the_same_password_is_hashed_differently_each_time():
    assert keys.hash_password("380315") != keys.hash_password("380315")


def test_a_locked_box_opens_with_its_key_alone():
    box = keys.lock(b"draft", b"\1" * 32)
    assert keys.unlock(box, b"\1" * 32) == b"draft"
    assert keys.unlock(box, b"\2" * 32) is None
    assert keys.unlock(box[:10], b"\1" * 32) is None


# --- signatures -----------------------------------------------------------------------------------


def test_a_signature_is_good_for_its_purpose_and_message_only():
    signature = keys.sign(a_key(), b"purpose", b"message")
    assert keys.is_signed(a_key().verify_key, b"purpose", b"message", signature)
    assert not keys.is_signed(a_key().verify_key, b"other", b"message", signature)
    assert not keys.is_signed(a_key().verify_key, b"purpose", b"massage", signature)
    assert not keys.is_signed(a_key(2).verify_key, b"purpose", b"message", signature)


def test_a_hash_that_asks_for_more_work_than_ours_is_told_from_ours(monkeypatch):
    own = keys.hash_password("x")
    monkeypatch.setattr(keys, "HASHING", (2, 19 * 1024 * 1024))
    assert keys.is_usual(own)  # made when ours were cheaper
    assert keys.is_usual("$argon2id$v=19$m=19456,t=2,p=1$qEGM8HUWJw3pgFkrhVrP2g$WjS4Fy17avA7DUlC8XmnMGZm7DHAarCzRX4GRp")
    for costly in ("m=19457,t=2,p=1", "m=19456,t=3,p=1", "m=19456,t=2,p=2", "m=4194304,t=999999,p=1", "m=1,t=1"):
        assert not keys.is_usual(
            f"$argon2id$v=19${costly}$qEGM8HUWJw3pgFkrhVrP2g$WjS4Fy17avA7DUlC8XmnMGZm7DHAarCzRX4GRp"
        )
    for garbled in ("", "x", "$argon2i$v=19$m=1,t=1,p=1$a$b", f" {own}"):
        assert not keys.is_usual(garbled)
