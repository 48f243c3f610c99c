"""The receipt of a complaint or report as the text of its QR code, signed by whoever filed it. Pure.

It says that this very content (by its hash) was filed under this number at that desk and moment, and nothing that is
personal. Whoever has the keys that a fair's hub has published can check it on any machine, without a network. Spelt
in one way only, of the letters a QR code packs closely: with any character changed it is refused.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from kiosk import crockford
from kiosk.clock import BEIJING
from kiosk.errors import (
    KEYS_FINGERPRINT,
    KEYS_MALFORMED,
    RECEIPT_CHANGED,
    RECEIPT_FOREIGN,
    RECEIPT_REHEARSED,
    RECEIPT_UNKNOWN,
    RECEIPT_WITHDRAWN,
    Problem,
)
from kiosk.facts.complaints import Matter, Standing
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import FairKeys

PREFIX = "K315R1:"
LIMIT = 1_000  # characters of a text that may hold one, with the address of a page before it
_PURPOSE = b"kiosk/case-receipt/1"
_HASH, _SIGNATURE = 52, 103  # symbols of 5 bits for 32 and 64 bytes
_MARKS: dict[tuple[Matter, Standing], str] = {
    ("complaint", "window"): "CW",
    ("complaint", "pre"): "CP",
    ("report", "window"): "RW",
    ("report", "pre"): "RP",
}
_MEANINGS = {mark: meaning for meaning, mark in _MARKS.items()}
_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})\.([0-9]{3})", re.ASCII)
_FIRST_LINE = re.compile(rb"kiosk-keys/1 (\{[^\n]*\})\n")


class Filed(msgspec.Struct, frozen=True):
    """What a receipt says of a record."""

    desk: str
    case: str  # e.g. "7KQ2-M0ZRT"
    at: str  # as `clock.stamp` writes it
    matter: Matter
    standing: Standing
    content: str  # SHA-256 of the sealed content, hex


class Signed(msgspec.Struct, frozen=True):
    """A receipt taken apart, before it is believed."""

    signer: str  # `mark` of the key it is signed with
    filed: Filed
    signature: str  # hex


class Signer(msgspec.Struct, frozen=True):
    """A key that a receipt may be signed with."""

    fair: str
    desk: str  # "": the hub, for any desk of the fair
    public_key: str  # hex
    is_withdrawn: bool = False
    is_rehearsal: bool = False


# --- the text -------------------------------------------------------------------------------------


def write(key: keys.SigningKey, fair: str, filed: Filed) -> str:
    """`K315R1:<signer>:<desk>:<case>:<moment>:<marks>:<content>:<signature>`, in capitals."""
    head = _head(mark(bytes(key.verify_key).hex()), filed)
    return f"{head}:{_packed(keys.sign(key, _PURPOSE, _message(fair, head)), _SIGNATURE)}"


def read(text: str) -> Signed:
    """Take a text apart; what stands before a "#" is the address of a page that checks receipts.

    Raises `case_receipt.unknown` where it is none of ours, `case_receipt.changed` where none was ever written so.
    """
    text = text.strip().rpartition("#")[2]
    if not text.startswith(PREFIX):
        raise Problem(RECEIPT_UNKNOWN)
    parts = text.split(":")
    if len(parts) != 8:
        raise Problem(RECEIPT_CHANGED)
    _, signer, desk, case, moment, marks, content, signature = parts
    number, at = crockford.normal_checked(case, 9), _at(moment)
    if number is None or at is None or marks not in _MEANINGS or crockford.read(signer, 8) is None:
        raise Problem(RECEIPT_CHANGED)
    matter, standing = _MEANINGS[marks]
    filed = Filed(desk.lower(), number, at, matter, standing, _hex(content, _HASH, 32))
    signed = Signed(signer, filed, _hex(signature, _SIGNATURE, 64))
    if f"{_head(signer, filed)}:{_packed(signed.signature, _SIGNATURE)}" != text:
        raise Problem(RECEIPT_CHANGED)  # look-alikes, small letters, bits to spare
    return signed


def check(text: str, signers: Iterable[Signer]) -> tuple[Filed, Signer]:
    """What a receipt says, and who signed it.

    Raises as `read`; `case_receipt.foreign` where none of these keys signs so, `case_receipt.changed` where the
    signature is not that of this text, `case_receipt.withdrawn` with the desk where the tablet was withdrawn since,
    `case_receipt.rehearsal` where it only rehearsed.
    """
    signed = read(text)
    signer = signer_of(signed, signers)
    refuse_unless_it_counts(signed, signer)
    return signed.filed, signer


def signer_of(signed: Signed, signers: Iterable[Signer]) -> Signer:
    """Whose signature it is. Raises `case_receipt.foreign` or `case_receipt.changed`, as `check`."""
    known = [one for one in signers if mark(one.public_key) == signed.signer]
    if not known:
        raise Problem(RECEIPT_FOREIGN)
    signer = next((one for one in known if _is_signed(signed, one)), None)
    if signer is None:
        raise Problem(RECEIPT_CHANGED)
    return signer


def refuse_unless_it_counts(signed: Signed, signer: Signer) -> None:
    """Raises `case_receipt.rehearsal` or `case_receipt.withdrawn`, as `check`."""
    if signer.is_rehearsal:
        raise Problem(RECEIPT_REHEARSED)
    if signer.is_withdrawn:
        raise Problem(RECEIPT_WITHDRAWN, case=signed.filed.case, desk=signed.filed.desk)


def _is_signed(signed: Signed, signer: Signer) -> bool:
    if signer.desk not in ("", signed.filed.desk):
        return False
    message = _message(signer.fair, _head(signed.signer, signed.filed))
    return keys.is_signed(keys.VerifyKey(bytes.fromhex(signer.public_key)), _PURPOSE, message, signed.signature)


def mark(public_key: str) -> str:
    """Eight symbols by which a key is found again. They prove nothing."""
    digest = hashlib.sha256(b"kiosk/case-receipt/signer/1\0" + bytes.fromhex(public_key)).digest()
    return crockford.write(int.from_bytes(digest[:5]), 8)


def short(digest: str) -> str:
    """The first sixteen digits of a hash or a signature, in fours, to be compared by eye."""
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4))


def _head(signer: str, filed: Filed) -> str:
    marks, moment = _MARKS[filed.matter, filed.standing], filed.at[:23].replace("-", "").replace(":", "")
    content = _packed(filed.content, _HASH)
    return f"{PREFIX}{signer}:{filed.desk.upper()}:{filed.case.replace('-', '')}:{moment}:{marks}:{content}"


def _message(fair: str, head: str) -> bytes:
    return f"{fair}\n{head}".encode()


def _packed(digits: str, length: int) -> str:
    return crockford.write(int(digits, 16), length)


def _hex(packed: str, length: int, size: int) -> str:
    number = crockford.read(packed, length)
    if number is None or number >= 1 << (8 * size):
        raise Problem(RECEIPT_CHANGED)
    return f"{number:0{2 * size}x}"


def _at(moment: str) -> str | None:
    """`20270315T093107.123` → `2027-03-15T09:31:07.123+08:00`; None where it is no moment."""
    found = _MOMENT.fullmatch(moment)
    if found is None:
        return None
    year, month, day, hour, minute, second, thousandths = found.groups()
    at = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{thousandths}+08:00"
    try:
        datetime.fromisoformat(at)
    except ValueError:
        return None
    return at


# --- the published keys ---------------------------------------------------------------------------


def read_keys(document: bytes, fingerprint: str = "") -> FairKeys:
    """The keys of a fair, as its hub has published and signed them.

    `fingerprint`: that of the hub in hex, however it is parted; whoever pins none believes the file for what it is.
    Raises `keys.malformed` or `keys.fingerprint`.
    """
    found = _FIRST_LINE.match(document[: protocol.DOCUMENT_LIMIT])
    if found is None:
        raise Problem(KEYS_MALFORMED, reason="it does not begin with kiosk-keys/1")
    try:
        told = protocol.parse(FairKeys, found[1])
        protocol.read_document(FairKeys, document, keys.VerifyKey(bytes.fromhex(told.signing_key)))
    except Problem as problem:
        raise Problem(KEYS_MALFORMED, reason=problem.details.get("reason", "its signature is wrong")) from None
    if fingerprint and re.sub(r"[\s-]", "", fingerprint).lower() != told.fingerprint.hex():
        raise Problem(KEYS_FINGERPRINT)
    return told


def signers_of(told: FairKeys) -> list[Signer]:
    """Every key a receipt of that fair may be signed with."""
    tablets = [Signer(told.fair, one.desk, one.public_key, one.withdrawn) for one in told.tablets]
    return [Signer(told.fair, "", told.signing_key), *tablets]


def sentence_of(filed: Filed) -> tuple[str, str]:
    """Matter and standing in Chinese and English, in a line each."""
    zh = {"complaint": "投诉", "report": "举报"}[filed.matter]
    zh += {"window": "（公布的受理窗口）", "pre": "（预登记）"}[filed.standing]
    en = f"{filed.matter}, " + {"window": "at a published window", "pre": "pre-registration"}[filed.standing]
    return zh, en


def as_people_read(at: str) -> str:
    """A moment of a receipt to the second, in Beijing."""
    return datetime.fromisoformat(at).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
