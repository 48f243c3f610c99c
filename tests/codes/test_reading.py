"""Any text is read, what is right is found, what is personal is refused."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.codes import arithmetic, personal
from kiosk.codes.catalogue import KINDS
from kiosk.codes.reading import read
from kiosk.codes.writing import LONGEST, tidy
from tests.codes.examples import BY_ID, PERSONAL, RIGHT, WRONG

ALL_RIGHT = [(kind, code) for kind, codes in RIGHT.items() for code in codes]
ALL_WRONG = [(kind, code) for kind, codes in WRONG.items() for code in codes]
WIDE = {ord(sign): ord(sign) + 0xFEE0 for sign in map(chr, range(0x21, 0x7F))}


def first(text):
    return read(text).findings[0]


def test_every_kind_has_its_examples():
    assert set(RIGHT) == set(WRONG) == set(BY_ID)
    assert len(BY_ID) == len(KINDS)


@pytest.mark.parametrize(("kind", "code"), ALL_RIGHT)
def test_a_right_number_is_right_and_cut_into_all_its_parts(kind, code):
    found = first(code)
    assert (found.kind.id, found.form) == (kind, True)
    assert found.check is (True if found.kind.check else None)
    assert "".join(part.text for part in found.parts) == found.code
    assert sum(part.is_check for part in found.parts) == bool(found.kind.check)


@pytest.mark.parametrize(("kind", "code"), ALL_WRONG)
def test_a_wrong_number_is_never_right_as_what_it_was_meant_to_be(kind, code):
    assert [one for one in read(code).findings if one.kind.id == kind and one.is_right] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_the_example_on_the_page_is_right_and_its_parts_have_captions(kind):
    [found] = read(kind.example).findings
    assert (found.kind, found.is_right) == (kind, True)


@pytest.mark.parametrize(("kind", "code"), ALL_RIGHT)
def test_full_width_spaces_hyphens_small_letters_and_labels_change_nothing(kind, code):
    wanted = first(code)
    for written in (
        code.translate(WIDE),
        code.lower(),
        "\u3000 " + "-".join(code) + "\u200b\n",
        " ".join(re.findall(".{1,4}", code)),
    ):
        assert first(written) == wanted, written


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ISBN 978-7-111-00000-6", "9787111000006"),
        ("统一社会信用代码：91310000MA1K00007U", "91310000MA1K00007U"),
        ("批准文号:国药准字H20990001", "国药准字H20990001"),
        ("生产许可证编号 SC 1 01 11010 81234 7", "SC10111010812347"),
        ("VIN: 1m8gdm9axkp042788", "1M8GDM9AXKP042788"),
        ("HJ20990001", "国药准字HJ20990001"),
        ("批准文号 H20990001", "国药准字H20990001"),
        ("国药准字 Z00000000（样）", "国药准字Z00000000"),
        ("SC：10111010812347", "SC10111010812347"),
        ("JY: 11101080001231", "JY11101080001231"),
        ("UPC-A 0 16000 27528 7", "016000275287"),
    ],
)
def test_what_stands_before_a_number_on_a_packet_may_be_typed_or_left_out(text, code):
    assert first(text).code == code
    assert first(text).is_right


@pytest.mark.parametrize(
    ("typed", "meant", "place"),
    [
        ("SC1O111010812347", "SC10111010812347", 4),
        ("69o1234567892", "6901234567892", 3),
        ("690l234567892", "6901234567892", 4),
        ("91110000MA0000O077", "91110000MA00000077", 15),
        ("LSVAA00A6TO000001", "LSVAA00A6T0000001", 11),
        ("国药准字H2O990001", "国药准字H20990001", 7),
    ],
)
def test_a_look_alike_is_named_with_its_place_and_asked_about(typed, meant, place):
    found = first(typed)
    assert (found.form, found.check, found.suggestion) == (False, None, meant)
    assert f"第 {place} 个字符" in found.faults[0].zh
    assert [n for n, sign in enumerate(found.signs, 1) if sign.is_wrong] == [place]
    assert first(meant).is_right


def test_letters_of_another_alphabet_are_not_taken_for_latin_ones():
    found = first("SС10111010812347")
    assert (found.form, found.suggestion) == (False, "SC10111010812347")


def test_a_licence_that_begins_unusually_is_no_fake_unless_its_check_digit_fails_too():
    unusual, wrong = first("SC30111010812346"), first("SC30111010812347")
    assert (unusual.form, unusual.is_open, wrong.form, wrong.is_open) == (False, True, False, False)
    assert [fault.zh for fault in unusual.faults] == ["SC 后面的第一位，常见的是 1 或 2。"]
    assert "校验码也对不上。" in [fault.zh for fault in wrong.faults]


@pytest.mark.parametrize("text", ["20261118", "12345678", "04252615"])
def test_eight_digits_that_do_not_check_are_told_openly_unless_somebody_said_they_are_a_barcode(text):
    [bare], [said] = read(text).findings, read("EAN " + text).findings
    assert (bare.kind.id, bare.check, bare.is_open) == ("ean-8", False, True)
    assert (said.kind.id, said.check, said.is_open) == ("ean-8", False, False)


@pytest.mark.parametrize("text", ["2026-11-18", "2026/1/8", "2026.11.18", "2026 年 11 月 18 日", "2019-11-03"])
def test_a_day_is_no_barcode(text):
    assert read(text).findings == ()


@pytest.mark.parametrize("text", ["4008231315", "400-823-1315", "8008200011", "000-3150315", "7111000006"])
def test_ten_digits_are_a_book_only_if_they_check_or_somebody_said_so_and_a_service_line_never(text):
    assert read(text).findings == ()
    assert first("ISBN " + text).kind.id == "isbn-10"


def test_digits_that_fit_two_kinds_are_told_as_both():
    assert [one.kind.id for one in read("16901234567989").findings] == ["food-maker", "gtin-14"]


@pytest.mark.parametrize("text", ["9790000000001", "ISMN 979-0-0000-0000-1", "ISBN 979-0-0000-0000-1"])
def test_printed_music_is_no_book(text):
    [found] = read(text).findings
    assert (found.kind.id, found.is_right) == ("ean-13", True)
    assert "ISMN" in found.notes[0].zh
    assert first("9791000000008").kind.id == "isbn-13"


def test_a_kind_whose_rule_was_not_read_is_given_no_check_and_no_meaning():
    for kind in KINDS:
        if not kind.is_rule:
            assert kind.check == ""
            captions = {caption.zh for caption in kind.captions}
            assert captions <= {"字头", "字母", "数字"}, kind.id


def test_a_device_whose_class_and_beginning_disagree_is_told_so():
    assert "第三类" in first("国械注准20992140001").faults[0].zh


def test_a_car_whose_check_fails_is_not_called_a_fake():
    assert "不等于车是假的" in first("1M8GDM9A1KP042788").notes[0].zh


# --- what is personal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PERSONAL)
def test_a_number_of_a_person_is_refused_and_nothing_of_it_comes_back(text):
    reading = read(text)
    assert (reading.is_personal, reading.findings) == (True, ())


@given(
    st.from_regex(r"[1-9][0-9]{5}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{3}[0-9X]", fullmatch=True),
    st.sampled_from(["{}", " {} ", "证号{}", "{} x", "A,{}"]),
)
def test_every_dated_identity_number_is_refused_whether_or_not_it_checks(number, around):
    assert read(around.format(number)).is_personal
    assert read(around.format(number).translate(WIDE)).is_personal


def test_twelve_digits_that_may_be_a_mobile_number_are_a_barcode_only_for_whoever_says_so():
    assert arithmetic.gtin("016000275287")
    assert read("016000275287").is_personal
    assert first("UPC 016000275287").is_right


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.integers(0, 11))
def test_every_mobile_number_is_refused_however_it_is_spaced(number, place):
    assert read(number[:place] + " " + number[place:]).is_personal


@pytest.mark.parametrize(("kind", "code"), [*ALL_RIGHT, *ALL_WRONG])
def test_no_example_of_a_code_is_taken_for_a_person_s(kind, code):
    assert not read(code).is_personal


@given(
    st.from_regex(r"[123][0-9]{12}", fullmatch=True), st.sampled_from(["{}", "SC {}", "SC:{}", "SC-{}", "证号 SC {}"])
)
@example("1162051017494", "SC {}")
def test_no_right_licence_number_is_taken_for_a_card(body, written):
    code = next(body + sign for sign in "0123456789" if arithmetic.mod_11_10(body + sign))
    assert not read(written.format(code)).is_personal


@given(st.from_regex(r"[123][0-9]{6}[123][0-9]{24}", fullmatch=True), st.sampled_from([" ", "\n", "-"]))
@example("19900011" + "0" * 24, " ")
def test_no_trace_code_in_two_rows_is_taken_for_two_cards(code, between):
    assert first(code[:16] + between + code[16:]).is_right


#: The field's pattern as Python reads it: what is neither letter nor digit is written in another way.
UNSENT = re.compile(personal.UNSENT.replace(r"[^\p{L}\p{N}]", r"[\W_]"))


@pytest.mark.parametrize(
    "text",
    [
        "13900000000", "139 0000 0000", "１３９００００００００", "139.0000.0000", "电话13900000000 分机12",
        "+8613900000000", "0086-139 0000 0000", "013900000000", "13900000000 13900000001", "13900000000-123",
        "SC13900000000", "110101190001010014", "证号11010119000101001x号", "１１０１０１１９０００１０１００１４",
        "911124190001010024",
        "9111-2419-0001-0100-2X", "110101000101001", "6217 0000 0000 0000 06",
        "6217 0000 0000 0000 6217 0000 0000 0000",
    ],
)  # fmt: skip
def test_a_phone_does_not_send_what_a_pattern_can_tell_to_be_a_person_s(text):
    assert UNSENT.fullmatch(text) is None


@pytest.mark.parametrize(("kind", "code"), ALL_RIGHT)
def test_a_phone_sends_every_right_code_however_it_is_grouped(kind, code):
    for length in (len(code), 3, 4, 5):
        assert UNSENT.fullmatch(" ".join(re.findall(f".{{1,{length}}}", code))), (code, length)


# --- any text at all ----------------------------------------------------------------------------------


@given(st.text(max_size=200))
@example("\ufdfa" * LONGEST)
@example("0" * LONGEST)
@example("İıßﬀ" * 30)
@example("国械注准" * 30)
def test_any_text_is_answered(text):
    reading = read(text)
    assert reading.findings == () or not reading.is_personal
    assert len(tidy(text)) <= 2 * LONGEST


@given(st.text("0123456789OILSCJYPDX国药准字HG-械注 ", max_size=40))
def test_texts_of_the_signs_of_codes_are_answered_and_what_holds_is_whole(text):
    for found in read(text).findings:
        assert found.form == bool(found.parts)
        if found.suggestion:
            assert not read(found.suggestion).is_personal
