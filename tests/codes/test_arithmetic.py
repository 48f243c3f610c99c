"""What a check character promises to catch, on numbers nobody thought of."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kiosk.codes import arithmetic
from kiosk.codes.arithmetic import CREDIT_SIGNS, DIGITS, VEHICLE_SIGNS


def digits(length: int):
    return st.text(DIGITS, min_size=length, max_size=length)


def complete(check, body: str, signs: str = DIGITS) -> str | None:
    """`body` with the check character that makes it right, if there is one."""
    return next((body + sign for sign in signs if check(body + sign)), None)


def changed(code: str, place: int, sign: str) -> str:
    return code[:place] + sign + code[place + 1 :]


def swapped(code: str, place: int) -> str:
    return code[:place] + code[place + 1] + code[place] + code[place + 2 :]


@pytest.mark.parametrize("length", [8, 12, 13, 14])
@given(data=st.data())
def test_a_barcode_catches_every_single_wrong_digit_and_a_swap_unless_five_apart(length, data):
    code = complete(arithmetic.gtin, data.draw(digits(length - 1)))
    place, sign = data.draw(st.integers(0, length - 2)), data.draw(st.sampled_from(DIGITS))
    assert arithmetic.gtin(changed(code, place, sign)) == (sign == code[place])
    apart = abs(int(code[place]) - int(code[place + 1]))
    assert arithmetic.gtin(swapped(code, place)) == (apart in (0, 5))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("0425261", "04210000526"), ("0127890", "01200000789"), ("0123452", "01220000345"), ("0123453", "01230000045"),
        ("1123454", "11234000005"), ("0654321", "06510000432"), ("0234567", "02345600007"), ("1234569", "12345600009"),
    ],
)  # fmt: skip
def test_a_short_upc_has_the_check_digit_of_the_digits_it_stands_for(short, long):
    right = complete(arithmetic.upc_e, short)
    assert right == short + complete(arithmetic.gtin, long)[-1]
    assert [sign for sign in DIGITS if arithmetic.upc_e(short + sign)] == [right[-1]]


@given(digits(13), st.integers(0, 12), st.sampled_from(DIGITS))
def test_a_food_licence_catches_every_single_wrong_digit(body, place, sign):
    code = complete(arithmetic.mod_11_10, body)
    assert arithmetic.mod_11_10(changed(code, place, sign)) == (sign == code[place])


def test_a_food_licence_catches_all_but_one_swap_in_thirty():
    caught = []
    for number in range(0, 10**13, 10**13 // 997):
        code = complete(arithmetic.mod_11_10, f"{number:013}")
        caught += [not arithmetic.mod_11_10(swapped(code, n)) for n in range(13) if code[n] != code[n + 1]]
    assert sum(caught) / len(caught) > 29 / 30


@given(digits(9), st.integers(0, 8), st.sampled_from(DIGITS))
def test_an_old_isbn_catches_every_single_wrong_digit_and_every_swap(body, place, sign):
    code = complete(arithmetic.isbn10, body, DIGITS + "X")
    assert arithmetic.isbn10(changed(code, place, sign)) == (sign == code[place])
    assume(place < 8)
    assert arithmetic.isbn10(swapped(code, place)) == (code[place] == code[place + 1])


@given(st.text(CREDIT_SIGNS, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(CREDIT_SIGNS))
def test_a_credit_code_catches_every_single_wrong_sign_and_every_swap(body, place, sign):
    code = complete(arithmetic.credit_code, body, CREDIT_SIGNS)
    assert arithmetic.credit_code(changed(code, place, sign)) == (sign == code[place])
    assert arithmetic.credit_code(swapped(code, place)) == (code[place] == code[place + 1])


@given(st.text(VEHICLE_SIGNS, min_size=17, max_size=17), st.integers(0, 16), st.data())
def test_a_vehicle_number_catches_every_single_wrong_digit_where_digits_stand(body, place, data):
    code = next(filter(arithmetic.vehicle, (body[:8] + sign + body[9:] for sign in DIGITS + "X")))
    assume(place != 8 and code[place].isdigit())
    sign = data.draw(st.sampled_from(DIGITS))
    assert arithmetic.vehicle(changed(code, place, sign)) == (sign == code[place])


@pytest.mark.parametrize("code", ["MA0000007", "600037341", "MA1K00007"])
def test_the_nine_signs_inside_a_credit_code_have_a_check_of_their_own(code):
    assert arithmetic.subject_code(code)
    assert not arithmetic.subject_code(code[:8] + ("1" if code[8] != "1" else "2"))


@pytest.mark.parametrize(
    "check",
    [
        arithmetic.gtin, arithmetic.upc_e, arithmetic.isbn10, arithmetic.mod_11_10, arithmetic.credit_code,
        arithmetic.subject_code, arithmetic.vehicle, arithmetic.resident, arithmetic.luhn,
    ],
)  # fmt: skip
@given(text=st.text(max_size=40))
def test_no_text_is_too_odd_to_be_checked(check, text):
    assert check(text) in (True, False)
