"""A voucher's QR code: small enough to scan, told from a made-up one, and it says where it is good."""

import msgspec
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from kiosk.crockford import ALPHABET
from kiosk.errors import Problem
from kiosk.facts.prizes import code_of
from kiosk.sync import vouchers
from tests.makers import a_certificate, a_key, an_id

CODE = code_of(an_id(1))
HERE = msgspec.structs.replace(a_certificate(), public_key=bytes(a_key(1).verify_key).hex())
TEXT = vouchers.write(a_key(1), HERE, CODE)


def refusal(text: str, certificate=HERE) -> str:
    with pytest.raises(Problem) as caught:
        vouchers.check(text, certificate)
    return caught.value.code


def test_what_the_tablet_signed_is_good_there():
    assert vouchers.check(TEXT, HERE) == CODE
    assert vouchers.check(f" {TEXT.lower()}\n", HERE) == CODE


def test_it_is_packed_into_41_modules_with_error_correction_m():
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(TEXT)
    code.make(fit=True)
    assert (code.version, len(code.get_matrix())) == (6, 41)
    assert len(code.data_list) == 1  # all of it in the alphanumeric mode


def test_another_key_s_signature_is_forged():
    assert refusal(vouchers.write(a_key(2), HERE, CODE)) == "prize.forged"


def test_a_signature_for_another_voucher_fair_or_journal_is_forged():
    own, another = CODE.replace("-", ""), code_of(an_id(2)).replace("-", "")
    assert refusal(TEXT.replace(f":{own}:", f":{another}:")) == "prize.forged"
    assert refusal(TEXT, msgspec.structs.replace(HERE, fair="another")) == "prize.forged"
    other = msgspec.structs.replace(HERE, journal=an_id(77))
    moved = vouchers.write(a_key(1), other, CODE).replace(vouchers.mark(an_id(77)), vouchers.mark(HERE.journal))
    assert refusal(moved) == "prize.forged"


def test_another_desk_and_another_tablet_of_this_desk_are_named():
    desk = msgspec.structs.replace(HERE, desk="d02")
    with pytest.raises(Problem) as caught:
        vouchers.check(vouchers.write(a_key(1), desk, CODE), HERE)
    assert (caught.value.code, caught.value.details) == ("prize.elsewhere", {"desk": "d02"})
    assert refusal(vouchers.write(a_key(1), msgspec.structs.replace(HERE, journal=an_id(5)), CODE)) == "prize.elsewhere"


@given(st.integers(len("K315V2:"), len(TEXT) - 1), st.sampled_from(ALPHABET))
def test_any_symbol_changed_is_refused(place: int, symbol: str):
    if TEXT[place] not in (symbol, ":"):
        changed = TEXT[:place] + symbol + TEXT[place + 1 :]
        assert refusal(changed) in ("prize.forged", "prize.elsewhere", "prize.unknown")


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str):
    for one in (text, f"K315V2:{text}", f"{TEXT}:{text}", f"{TEXT}X"):
        with pytest.raises(Problem):
            vouchers.check(one, HERE)
