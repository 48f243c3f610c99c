"""Case numbers that survive being copied by hand, and the form's rules."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import crockford
from kiosk.facts import complaints
from kiosk.facts.complaints import FIELDS, STEPS, Context, Field, clean, faults, fen, normal_case_number
from tests.makers import COMPLAINT, an_id

TODAY = date(2027, 3, 15)
NUMBERS = st.randoms(use_true_random=False).map(lambda dice: complaints.draw_case_number(dice.randrange))


def the_field(name: str) -> Field:
    return next(field for field in FIELDS if field.name == name)


def the_fault(name: str, text: str) -> str | None:
    return faults({name: text}, (the_field(name),), TODAY).get(name)


# --- case numbers ---------------------------------------------------------------------------------


@given(NUMBERS)
def test_a_drawn_number_is_normal(number: str):
    assert normal_case_number(number) == number


@given(NUMBERS, st.integers(0, 8))
def test_every_single_wrong_symbol_is_caught(number: str, place: int):
    text = number.replace("-", "")
    for symbol in set(crockford.ALPHABET) - {text[place]}:
        assert normal_case_number(text[:place] + symbol + text[place + 1 :]) is None


@given(NUMBERS)
def test_every_swap_of_neighbours_is_caught(number: str):
    text = number.replace("-", "")
    for at in range(8):
        swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        assert swapped == text or normal_case_number(swapped) is None


@given(NUMBERS)
def test_a_number_may_be_typed_as_people_type(number: str):
    assert normal_case_number(f" {number.lower().replace('-', ' ')} ") == number
    assert normal_case_number(number.replace("0", "o").replace("1", "l")) == number


@pytest.mark.parametrize("typed", ["", "7KQ2", "7KQ2-M0ZRDD", "7KQ2-M0ZRU", "7KQ2-M0ZR中", "7KQ2-M0ZR٣", "-" * 9])
def test_what_cannot_be_a_number_is_none(typed: str):
    assert normal_case_number(typed) is None


def test_a_number_is_drawn_again_until_its_check_symbol_is_a_letter_or_digit():
    draws = iter([0] * 7 + [31] + [0] * 6 + [1, 0] + [0] * 8)  # 31 → Z; 32 → "*", which nobody can type
    assert complaints.draw_case_number(lambda _: next(draws)) == "0000-000ZZ"
    assert complaints.draw_case_number(lambda _: next(draws)) == "0000-00000"


# --- the form -------------------------------------------------------------------------------------


def test_the_made_up_complaint_has_no_faults():
    assert faults(COMPLAINT, FIELDS, TODAY) == {}


def test_every_missing_field_is_named_at_once():
    assert faults({}, FIELDS, TODAY) == {field.name: "missing" for field in FIELDS if field.required}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_no_field_takes_more_than_its_longest(field: Field):
    assert the_fault(field.name, "1" * (field.longest + 1)) == "long"


@pytest.mark.parametrize(
    "phone", ["13800000000", "138 0000 0000", "010-12345678", "0512-1234567", "（010）12345678", "400-800-1234"]
)
def test_telephone_numbers_are_taken_as_people_write_them(phone: str):
    assert the_fault("phone", phone) is None


@pytest.mark.parametrize("phone", ["12345", "1380000000", "23800000000", "+8613800000000", "12315", "打我电话"])
def test_what_nobody_could_ring_is_refused(phone: str):
    assert the_fault("phone", phone) == "invalid"


@pytest.mark.parametrize("day", ["1990-01-01", "2027-03-15", ""])
def test_a_day_up_to_today_is_taken(day: str):
    assert the_fault("bought_on", day) is None


@pytest.mark.parametrize("day", ["2027-03-16", "1989-12-31", "2027-02-29", "15.3.2027", "昨天"])
def test_a_day_to_come_or_none_at_all_is_refused(day: str):
    assert the_fault("bought_on", day) == "invalid"


@pytest.mark.parametrize("day", ["20270301", "2027-W09-1"])
def test_a_day_is_written_as_the_page_writes_it(day: str):
    """What is sealed says `ISO date`, and the hub shows it as it stands."""
    assert the_fault("bought_on", day) == "invalid"


@pytest.mark.parametrize("amount", ["-1", "1.234", "1e3", "128元", "1.", ".5", "9999999999"])
def test_what_is_no_amount_is_refused(amount: str):
    assert the_fault("amount", amount) == "invalid"


@pytest.mark.parametrize(
    ("typed", "value"),
    [("", None), ("0", 0), ("128", 12_800), ("128.5", 12_850), ("1,280.05", 128_005), ("0.01", 1)],
)
def test_yuan_become_fen(typed: str, value: int | None):
    assert the_fault("amount", typed) is None
    assert fen(typed) == value


@given(st.integers(0, 10**11 - 1))
def test_no_fen_is_lost_to_rounding(value: int):
    assert fen(f"{value // 100}.{value % 100:02d}") == value


def test_only_yes_is_agreement():
    assert the_fault("notice", "no") == "invalid"
    assert the_fault("notice", "yes") is None


def test_the_form_asks_five_things_one_at_a_time():
    assert [len(step) for step in STEPS] == [1, 2, 3, 1, 3]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  张三 ", "张三"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x1b[31m\x7f", "ab[31m"),
        ("good\u202eevil\u200b\ufeff", "goodevil"),
        ("张\u3000三", "张\u3000三"),
        ("<script>'\"--", "<script>'\"--"),
        ("👩‍🌾"[:1], "👩"),
    ],
)
def test_typing_is_made_storable(typed: str, kept: str):
    assert clean(typed) == kept


@given(st.text())
def test_what_is_storable_stays_as_it_is(typed: str):
    assert clean(clean(typed)) == clean(typed)


def test_a_complaint_says_what_was_typed():
    context = Context(fair="demo", fact=an_id(), case="7KQ2-M0ZRD")
    told = complaints.compose({**COMPLAINT, "phone": "（010）1234 5678"}, context)
    assert (told.name, told.phone, told.amount, told.context) == ("张三丰", "01012345678", 12_850, context)
