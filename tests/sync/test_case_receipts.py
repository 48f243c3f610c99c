"""The receipt of a record: anybody can check it with the published keys, and no letter of it can be changed."""

import string

import msgspec
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from kiosk.clock import stamp
from kiosk.errors import Problem
from kiosk.facts.complaints import draw_case_number
from kiosk.sync import case_receipts, keys, protocol
from kiosk.sync.case_receipts import Filed, Signer
from kiosk.sync.protocol import FairKeys, TabletKey
from tests.clocks import FAIR_MORNING
from tests.makers import a_key, an_id

CASE = draw_case_number(lambda most: 7 % most)
FILED = Filed("d01", CASE, "2027-03-15T09:31:07.123+08:00", "complaint", "pre", "ab" * 32)
HUB, TABLET = a_key(9), a_key(1)
TEXT = case_receipts.write(TABLET, "demo", FILED)


def public(key: keys.SigningKey) -> str:
    return bytes(key.verify_key).hex()


def published(**changes) -> FairKeys:
    told = FairKeys(
        hub=an_id(0x4B),
        signing_key=public(HUB),
        sealing_key=bytes(keys.PrivateKey(b"\x09" * 32).public_key).hex(),
        fair="demo",
        tablets=[TabletKey(desk="d01", public_key=public(TABLET)), TabletKey(desk="d02", public_key=public(a_key(2)))],
        at=stamp(FAIR_MORNING),
    )
    return msgspec.structs.replace(told, **changes)


SIGNERS = case_receipts.signers_of(published())


def refusal(text: str, signers: list[Signer] = SIGNERS) -> str:
    with pytest.raises(Problem) as caught:
        case_receipts.check(text, signers)
    return caught.value.code


def test_what_a_tablet_or_the_hub_signed_is_unchanged():
    assert case_receipts.check(TEXT, SIGNERS)[0] == FILED
    of_hub = msgspec.structs.replace(FILED, desk="d02", matter="report", standing="window")
    assert case_receipts.check(case_receipts.write(HUB, "demo", of_hub), SIGNERS)[0] == of_hub


def test_the_text_is_found_behind_the_address_of_a_page():
    assert case_receipts.check(f" https://hub.example.cn/m/receipt#{TEXT}\n", SIGNERS)[0] == FILED


def test_no_letter_of_it_can_be_changed():
    letters = string.ascii_letters + string.digits + " $%*+-./:#_\u3000\uff10é"
    for place, right in enumerate(TEXT):
        for letter in letters:
            if letter != right:
                changed = TEXT[:place] + letter + TEXT[place + 1 :]
                assert refusal(changed).startswith("case_receipt."), changed


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_no_letter_of_any_alphabet_stands_for_another(place: int, letter: str):
    if letter != TEXT[place]:
        assert refusal(TEXT[:place] + letter + TEXT[place + 1 :]).startswith("case_receipt.")


@given(st.text(max_size=300))
def test_any_other_text_is_refused(text: str):
    for one in (text, case_receipts.PREFIX + text, f"{TEXT}:{text}", f"{TEXT}0{text}", TEXT[: len(text)]):
        assert refusal(one).startswith("case_receipt.")


def test_a_tablet_signs_for_its_own_desk_and_fair_only():
    elsewhere = case_receipts.write(TABLET, "demo", msgspec.structs.replace(FILED, desk="d02"))
    assert refusal(elsewhere) == refusal(case_receipts.write(TABLET, "another", FILED)) == "case_receipt.changed"


def test_a_key_that_was_not_published_is_named_as_such():
    assert refusal(case_receipts.write(a_key(5), "demo", FILED)) == "case_receipt.foreign"


def test_a_tablet_that_was_withdrawn_is_named_and_its_word_alone_is_not_enough():
    withdrawn = [TabletKey(desk="d01", public_key=public(TABLET), withdrawn=True)]
    assert refusal(TEXT, case_receipts.signers_of(published(tablets=withdrawn))) == "case_receipt.withdrawn"


def test_it_is_packed_closely_and_a_page_s_address_costs_little():
    for text, modules in ((TEXT, 49), (f"https://hub.example.gov.cn/m/receipt#{TEXT}", 57)):
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
        code.add_data(text)
        code.make(fit=True)
        assert len(code.get_matrix()) == modules


# --- the published keys -------------------------------------------------------------------------------


def test_the_keys_are_believed_as_the_hub_signed_them_and_its_fingerprint_can_be_pinned():
    told = published()
    document = protocol.sign_document(told, HUB)
    digits = told.fingerprint.hex()
    for pinned in ("", digits, digits.upper(), "-".join(digits[at : at + 8] for at in range(0, 64, 8)), f" {digits}\n"):
        assert case_receipts.read_keys(document, pinned) == told
    with pytest.raises(Problem) as caught:
        case_receipts.read_keys(document, "ab" * 32)
    assert caught.value.code == "keys.fingerprint"


@given(st.data())
def test_a_file_of_keys_with_any_byte_changed_is_refused(data):
    document = protocol.sign_document(published(), HUB)
    place = data.draw(st.integers(0, len(document) - 1))
    byte = data.draw(st.integers(0, 255))
    if document[place] != byte:
        with pytest.raises(Problem) as caught:
            case_receipts.read_keys(document[:place] + bytes([byte]) + document[place + 1 :])
        assert caught.value.code == "keys.malformed"


def test_keys_signed_by_another_are_refused():
    for document in (
        protocol.sign_document(published(), a_key(5)),
        b"",
        b"{}",
        b"kiosk-keys/1 {}\n",
        b"\xff" * 600_000,
    ):
        with pytest.raises(Problem) as caught:
            case_receipts.read_keys(document)
        assert caught.value.code == "keys.malformed"
