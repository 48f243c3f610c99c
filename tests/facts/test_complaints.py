"""Case numbers that survive being copied by hand, and the form's rules."""

from datetime import date
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import crockford
from kiosk.facts import complaints
from kiosk.facts.complaints import (
    FIELDS,
    Context,
    Field,
    clean,
    faults,
    fen,
    normal_case_number,
    query_code,
    steps_of,
    tidied,
)
from tests.makers import COMPLAINT, FOR_ANOTHER, REPORT, an_id

TODAY = date(2027, 3, 15)
NUMBERS = st.randoms(use_true_random=False).map(lambda dice: complaints.draw_case_number(dice.randrange))


def the_field(name: str) -> Field:
    return next(field for field in FIELDS if field.name == name)


def the_fault(name: str, text: str) -> str | None:
    """Of a field as it was typed, on a form that asks for it."""
    return faults(tidied({"consumer": "minor", name: text}), (the_field(name),), TODAY).get(name)


def screens(**values: str) -> list[str]:
    return [step.name for step in steps_of(tidied(values))]


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
    asked = [field for step in steps_of(tidied(COMPLAINT)) for field in step.fields]
    assert faults(tidied(COMPLAINT), tuple(asked), TODAY) == {}


def test_every_missing_field_is_named_at_once():
    values = tidied({})
    assert faults(values, FIELDS, TODAY) == {
        field.name: "missing" for field in FIELDS if field.asked(values) and field.needed(values)
    }


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_no_field_takes_more_than_its_longest(field: Field):
    assert the_fault(field.name, "x" * (field.longest + 1)) == "long"


@pytest.mark.parametrize(
    ("phone", "kept"),
    [
        ("13800000000", "13800000000"),
        ("138 0000-0000", "13800000000"),
        ("１３８００００００００", "13800000000"),
        ("+86 138 0000 0000", "13800000000"),
        ("8613800000000", "13800000000"),
        ("010-12345678", "01012345678"),
        ("+86 10 12345678", "01012345678"),
        ("（010）1234 5678 转 123", "01012345678-123"),
        ("0512-1234567-8", "05121234567-8"),
        ("400-800-1234", "4008001234"),
        ("800 8200 123", "8008200123"),
    ],
)
def test_telephone_numbers_are_taken_as_people_write_them(phone: str, kept: str):
    assert (the_fault("phone", phone), tidied({"phone": phone})["phone"]) == (None, kept)


@pytest.mark.parametrize(
    "phone", ["12345", "1380000000", "23800000000", "12345678", "12315", "打我电话", "转123", "١٣٨٠٠٠٠٠٠٠٠"]
)
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


@pytest.mark.parametrize(
    "amount", ["-1", "1.234", "1e3", "1.", ".5", "9999999999", "一百", "元", "千万", "١٢٨", "१.५万"]
)
def test_what_is_no_amount_is_refused(amount: str):
    assert the_fault("amount", amount) == "invalid"


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("", None), ("0", 0), ("128", 12_800), ("128.5", 12_850), ("1,280.05", 128_005), ("0.01", 1),
        ("128元", 12_800), ("￥１，２８０．５", 128_050), ("1.2万", 1_200_000), ("人民币 3 万元", 3_000_000),
    ],
)  # fmt: skip
def test_yuan_become_fen(typed: str, value: int | None):
    assert the_fault("amount", typed) is None
    assert fen(tidied({"amount": typed})["amount"]) == value


@given(st.integers(0, 10**11 - 1))
def test_no_fen_is_lost_to_rounding(value: int):
    assert fen(f"{value // 100}.{value % 100:02d}") == value


def test_only_yes_is_agreement():
    assert the_fault("notice", "no") == "invalid"
    assert the_fault("notice", "yes") is None


ABOUT = ["respondent", "what", "facts", "photos"]


def test_a_complaint_is_asked_one_thing_at_a_time_and_who_it_is_last():
    assert screens() == ["notice", "who", *ABOUT, "request", "consents", "identity"]


def test_a_report_asks_who_it_is_only_of_those_who_sign_it():
    assert screens(**REPORT) == ["notice", "sign", *ABOUT]
    assert screens(matter="report", anonymous="no") == ["notice", "sign", *ABOUT, "consents", "identity"]


def test_the_form_of_2019_asks_for_less():
    def fields(**values: str) -> set[str]:
        told = tidied(values)
        return {field.name for step in steps_of(told) for field in step.fields if field.asked(told)}

    assert fields() - fields(form="2019") == {"respondent_code", "what", "place", "grounds", "mediation", "publicity"}
    assert fields(form="2019") <= fields()


@pytest.mark.parametrize("name", ["consumer", "forward", "mediation", "publicity", "notice", "want_refund"])
def test_what_is_chosen_is_one_of_the_choices(name: str):
    assert the_fault(name, "any") == "invalid"


def test_the_guardian_is_asked_for_where_somebody_is_under_age():
    told = {**COMPLAINT, "consumer": "minor"}
    assert faults(tidied(told), (the_field("guardian"),), TODAY) == {"guardian": "missing"}
    assert faults(tidied(COMPLAINT), (the_field("guardian"),), TODAY) == {}


def test_the_screens_are_those_that_ask_to_be_shown_whatever_was_said():
    choices = [(*field.choices, "", "any") for field in FIELDS if field.name in ("consumer", "anonymous")]
    for matter, form, consumer, anonymous in product(("complaint", "report"), ("2026", "2019"), *choices):
        values = {**COMPLAINT, "matter": matter, "form": form, "consumer": consumer, "anonymous": anonymous}
        assert steps_of(values) == tuple(step for step in complaints.STEPS if step.asked(values))


def test_what_somebody_typed_is_not_remembered_for_the_next_form():
    for text in ("张三丰", "王小二"):
        steps_of({**COMPLAINT, "consumer": text, "anonymous": text})
    assert complaints._steps_of.cache_info().currsize <= 3 * 3 * 4 * 3


@pytest.mark.parametrize("form", ["2026", "2019"])
def test_who_acts_for_somebody_else_says_who_they_are_and_whether_it_was_signed(form: str):
    told = {**COMPLAINT, "form": form, "consumer": "other"}
    assert screens(**told)[1:4] == ["who", "agent", "authority"]
    wrong = [faults(tidied(told), step.fields, TODAY) for step in steps_of(tidied(told))[2:4]]
    missing = dict.fromkeys(("on_behalf", "on_behalf_phone", "relation"), "missing")
    assert wrong == [missing, {"authority": "missing"}]
    assert not any(faults(tidied({**told, **FOR_ANOTHER}), step.fields, TODAY) for step in steps_of(tidied(told)))


@pytest.mark.parametrize(
    "said", [{"consumer": "adult"}, {"consumer": "minor"}, {"consumer": "other", "matter": "report"}]
)
def test_nobody_else_is_asked_for_whom_they_act(said: dict[str, str]):
    assert not {"agent", "authority"} & set(screens(**{**COMPLAINT, **said}))


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({}, {"request": "missing"}),
        ({"want_other": "yes"}, {"request": "missing"}),
        ({"want_other": "yes", "request": "道歉"}, {}),
        ({"want_repair": "yes"}, {}),
        ({"request": "修好"}, {}),
    ],
)
def test_a_request_is_ticked_or_said_in_words(told: dict[str, str], fault: dict[str, str]):
    assert faults(tidied(told), (the_field("request"),), TODAY) == fault


@given(st.randoms(use_true_random=False).map(lambda dice: complaints.draw_query_code(dice.randrange)))
def test_a_query_code_has_65_bits_and_may_be_typed_as_people_type(code: str):
    assert len(crockford.normal(code)) == 13
    assert query_code(f" {code.lower().replace('-', ' ')}") == query_code(code.replace("0", "O")) == code


@pytest.mark.parametrize("typed", ["", "7KQ2-M0ZR-8XDP", "7KQ2-M0ZR-8XDPAA", "U" * 13, "中" * 13])
def test_what_cannot_be_a_query_code_is_none(typed: str):
    assert query_code(typed) is None


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


def test_a_report_without_a_name_holds_none_even_if_one_was_typed_before():
    context = Context(fair="demo", fact=an_id(), case="7KQ2-M0ZRD")
    told = complaints.compose({**COMPLAINT, **REPORT}, context)
    assert (told.matter, told.name, told.phone, told.address, told.request, told.requests) == (
        "report", "", "", "", "", [],
    )  # fmt: skip
    assert told.consents == complaints.Consents()
    assert (told.respondent, told.facts) == (COMPLAINT["respondent"], COMPLAINT["facts"])


def test_a_complaint_says_what_was_chosen():
    context = Context(fair="demo", fact=an_id(), case="7KQ2-M0ZRD")
    told = complaints.compose({**COMPLAINT, "consumer": "minor", "guardian": "张大海"}, context)
    assert (told.requests, told.guardian, told.form) == (["return", "refund"], "张大海", "2026")
    assert told.consents == complaints.Consents(forward=True, mediation=True, publicity=False)
    grown = complaints.compose({**COMPLAINT, "guardian": "张大海"}, context)
    assert grown.guardian == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, {"forward": True, "mediation": True, "publicity": False}),
        ({"forward": "no"}, {"forward": False, "mediation": True, "publicity": False}),
        ({"form": "2019", "forward": "no"}, {"forward": False}),
        ({**REPORT, "anonymous": "no", "forward": "no"}, {"forward": False}),
        ({**REPORT, "anonymous": "yes"}, {}),
    ],
)
def test_a_record_tells_which_consents_it_was_asked_for(changes, said):
    context = Context(fair="demo", fact=an_id(), case="7KQ2-M0ZRD")
    assert complaints.compose({**COMPLAINT, **changes}, context).consents_said() == said


def test_a_complaint_for_somebody_else_says_who_acts_and_by_what_right():
    context = Context(fair="demo", fact=an_id(), case="7KQ2-M0ZRD")
    told = complaints.compose({**COMPLAINT, **FOR_ANOTHER, "on_behalf_phone": "139 0000 1111"}, context)
    assert (told.name, told.on_behalf, told.on_behalf_phone) == ("张三丰", "李小明", "13900001111")
    assert (told.relation, told.authority) == ("family", False)
    assert complaints.compose({**COMPLAINT, **FOR_ANOTHER, "authority": "yes"}, context).authority
    own = complaints.compose({**COMPLAINT, **FOR_ANOTHER, "authority": "yes", "consumer": "adult"}, context)
    assert (own.on_behalf, own.on_behalf_phone, own.relation, own.authority) == ("", "", "", False)


def test_content_of_the_first_release_still_opens():
    told = (
        b'{"name":"a","phone":"b","address":"c","respondent":"d","respondent_address":"e","bought_on":"","amount":null,'
        b'"facts":"f","request":"g","context":{"fair":"demo","fact":"' + an_id().encode() + b'","case":"7KQ2-M0ZRD"}}'
    )
    found = msgspec.json.decode(told, type=complaints.Complaint)
    assert (found.matter, found.form, found.requests, found.consents) == ("complaint", "2019", [], None)
    assert found.consents_said() == {}
