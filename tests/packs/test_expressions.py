"""Formulas come to what ODK says they come to, and none of them can hurt."""

import math
import re
import time
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk.packs.expressions import DEPTH_LIMIT, FaultError, evaluate, parse, to_bool, to_number, to_text
from kiosk.packs.patterns import Pattern, PatternError
from tests.proof import share

TODAY = date(2027, 3, 15)
VALUES = {"age": 35.0, "met": "yes", "several": ["a", "b", "c"], "empty": "", "born": "1990-03-16", "zero": 0.0}


def come_to(formula: str, this: object = "", columns: dict[str, str] | None = None):
    return evaluate(parse(formula), VALUES, this, TODAY, columns)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3 div 4", 2.25),
        ("7 mod 4 - -1", 4.0),
        ("-7 mod 4", -3.0),
        ("1 div 0 > 1000", True),
        ("0 div 0 = 0 div 0", False),
        ("10 - 2 - 3", 5.0),
        ("1 < 2 = true()", True),
        ("true() or false() and false()", True),
        ("${age} >= 18 and ${age} < 60", True),
        ("${empty} > 5", False),  # nothing is no number
        ("${empty} != 5", True),
        ("${empty} = ''", True),
        ("${nobody} = ''", True),
        ("${age} = '35.0'", True),  # a number beside a text: both as numbers
        ("'35' = '35.0'", False),  # two texts as texts
        ("'5' < '10'", True),
        ("not(${met} = 'no')", True),
        ("${zero}", 0.0),
        ("if(${zero}, 'a', 'b')", "b"),
        ("if('0', 'a', 'b')", "a"),
        ("selected(${several}, 'b')", True),
        ("selected(${several}, 'ab')", False),
        ("count-selected(${several})", 3.0),
        ("count-selected(${empty})", 0.0),
        ("selected-at(${several}, 2)", "c"),
        ("selected-at(${several}, 9)", ""),
        ("coalesce(${empty}, ${met})", "yes"),
        ("concat('a', 2.0, 0.5, true())", "a20.5true"),
        ("string-length('消费者')", 3.0),
        ("contains('消费者权益', '权益') and starts-with('abc', 'ab')", True),
        ("int(2.9) + int(-2.9)", 0.0),
        ("round(2.5) + round(-2.5)", 1.0),
        ("round(2.345, 2)", 2.35),
        ("min(3, '2', 4) + max(1, 7)", 9.0),
        ("string(2.50)", "2.5"),
        ("number('x') = number('x')", False),
        ("today()", "2027-03-15"),
        ("date('2027-03-15') = today()", True),
        ("date(${born}) < today()", True),
        ("int((today() - date(${born})) div 365.25)", 36.0),
        ("date(20892)", "2027-03-15"),
        ("format-date(today(), '%Y年%n月%e日')", "2027年3月15日"),
        ("regex('13800138000', '^1[3-9][0-9]{9}$')", True),
        ("regex('a.b@c.de', '^[\\w-\\.]+@([\\w-]+\\.)+[\\w-]{2,}$')", True),
        ("substr('abcdef', 1, 3)", "bc"),
        ("substring-before('a-b', '-')", "a"),
        ("“甲” = '甲' and ${age}＞３４", True),  # as a Chinese keyboard types them
        ("YES = 'x' OR true()", True),
        ("boolean-from-string('true') = 'true'", True),
    ],
)
def test_a_formula_comes_to(formula: str, value: object):
    assert come_to(formula) == value


def test_the_answer_itself_and_the_columns_of_a_choice():
    assert come_to(". > 5", 6.0) is True
    assert come_to("once('a')", "b") == "b"
    assert come_to("once('a')", "") == "a"
    assert come_to("city = ${met}", columns={"city": "yes"}) is True
    found = parse("concat(${a}, ${ b }, town, .)")
    assert (found.names, found.columns, found.is_about_this) == ({"a", "b"}, {"town"}, True)


@pytest.mark.parametrize(
    ("formula", "at", "en"),
    [
        ("1 +", 3, "not finished"),
        ("", 0, "not finished"),
        ("(1", 2, "closing bracket"),
        ("1)", 1, "not understood"),
        ("'a", 0, "quotation mark"),
        ("${a", 0, "referred to as"),
        ("1 2", 2, "not understood"),
        ("/data/a", 0, "paths"),
        ("../a", 0, "paths"),
        ("nosuch(1)", 0, "there is no function nosuch()"),
        ("1 + pulldata('a', 'b')", 4, "pulldata() cannot be used"),
        ("jr:choice-name(${a}, 'a')", 0, "jr:choice-name() cannot be used"),
        ("if(1, 2)", 0, "takes 3 arguments"),
        ("coalesce()", 0, "takes at least 1 arguments"),
        ("regex(., ${a})", 0, "has to stand there"),
        ("regex(., concat('a', 'b'))", 0, "has to stand there"),
        ("regex(., '(a')", 9, "lacks a )"),
        ("x" * 1001, 1000, "more than 1000 characters"),
        ("(" * (DEPTH_LIMIT + 1) + "1" + ")" * (DEPTH_LIMIT + 1), DEPTH_LIMIT, "too deeply"),
        ("not(" * (DEPTH_LIMIT + 1) + "1" + ")" * (DEPTH_LIMIT + 1), 4 * DEPTH_LIMIT, "too deeply"),
    ],
)
def test_what_cannot_be_read_says_why_and_where(formula: str, at: int, en: str):
    with pytest.raises(FaultError) as caught:
        parse(formula)
    assert en in caught.value.message.en
    assert caught.value.message.zh
    assert caught.value.at == at


# --- any formula: built together with its value ----------------------------------------------------

NUMBERS = st.integers(0, 50).map(lambda number: (str(number), float(number)))
WORDS = st.text(st.sampled_from("ab甲 <>&"), max_size=5).map(lambda words: (f"'{words}'", words))
TRUTHS = st.sampled_from([("true()", True), ("false()", False), ("${met} = 'yes'", True), ("${empty} > 1", False)])


def _number(inner):
    """inner: formulas of numbers → more of them."""
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda ab: (f"({ab[0][0]} + {ab[1][0]})", ab[0][1] + ab[1][1])),
        two.map(lambda ab: (f"({ab[0][0]}-{ab[1][0]})", ab[0][1] - ab[1][1])),
        two.map(lambda ab: (f"{ab[0][0]}  *  {ab[1][0]}", ab[0][1] * ab[1][1])),
        two.map(lambda ab: (f"min({ab[0][0]}, {ab[1][0]})", min(ab[0][1], ab[1][1]))),
        inner.map(lambda a: (f"-({a[0]})", -a[1])),
        inner.map(lambda a: (f"string-length(string({a[0]}))", float(len(to_text(a[1]))))),
        st.tuples(TRUTHS, inner, inner).map(
            lambda abc: (f"if({abc[0][0]}, {abc[1][0]}, {abc[2][0]})", abc[1][1] if abc[0][1] else abc[2][1])
        ),
    )


def _products(pair):
    """`a * b` binds closer than what may stand around it, so it goes into brackets before it goes anywhere."""
    return (f"({pair[0]})", pair[1])


FORMULAS = st.recursive(NUMBERS, lambda inner: _number(inner.map(_products)), max_leaves=8)


@settings(max_examples=share(1_000, 100))
@given(FORMULAS, FORMULAS)
def test_any_formula_comes_to_what_it_was_built_to(one, two):
    (formula, value), (other, limit) = one, two
    if len(formula) + len(other) < 900 and formula.count("(") + other.count("(") < DEPTH_LIMIT:
        assert come_to(formula) == value
        assert come_to(f"{formula} < {other} or {formula} = {other}") is (value <= limit)
        assert come_to(f"not({formula} >= {other}) and true()") is (value < limit)


@settings(max_examples=share(500, 40))
@given(st.lists(WORDS, max_size=5))
def test_any_texts_are_joined(parts):
    joined = "".join(words for _, words in parts)
    assert come_to(f"concat({', '.join(formula for formula, _ in parts)})") == joined
    assert come_to(f"'{joined}' = ''") is (joined == "")


PIECES = ["${age}", "${", "'", '"', "(", ")", ",", ".", "and", "or", "div", "mod", "not(", "selected(", "regex(", "1",
          "-", "*", "=", "!=", "<", "≥", "甲", "if(", "\x00", "“", "[", "today()", "1e9", " "]  # fmt: skip


@settings(max_examples=share(4_000, 200))
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("1" * 400)
@example("9" * 300 + " * " + "9" * 300)
@example("pow(9, 999)")
@example("date(99999999999)")
def test_nothing_that_is_written_raises_anything_else(formula: str):
    try:
        expression = parse(formula)
    except FaultError:
        return
    value = evaluate(expression, VALUES, "5", TODAY)
    assert isinstance(value, (str, float, bool))
    assert isinstance(to_text(value), str)
    assert isinstance(to_bool(value), bool)
    assert isinstance(to_number(value), float)


def test_texts_do_not_grow_without_end():
    values: dict[str, str] = {"a": "x" * 500}
    for _ in range(30):
        values["a"] = str(evaluate(parse("concat(${a}, ${a}, ${a})"), values, "", TODAY))
    assert len(values["a"]) == 2000


def test_a_long_chain_is_no_deep_one():
    assert come_to("+".join(["1"] * 500)) == 500.0
    assert come_to(" or ".join(["${met}='no'"] * 60)) is False
    assert math.isnan(come_to("number('')"))


# --- patterns --------------------------------------------------------------------------------------

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "[a-c1]", "(?:ab)", "1"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda ab: f"({ab[0]}|{ab[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?"])).map(
            lambda ab: f"({ab[0]}){ab[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=share(2_000, 150))
@given(PATTERNS, st.text(st.sampled_from("abc1 \n"), max_size=7))
@example("^a$|^b$", "b")
@example("(a?){2,}", "")
@example("(a{0})b", "b")
def test_a_pattern_fits_what_pythons_own_fits(pattern: str, text: str):
    assert Pattern(pattern).matches(text) is (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)*(.*)*(.*)*x", "([a-z]{1,10}){1,50}!", "(a?){150}a{150}"]
)
def test_a_pattern_that_blows_up_elsewhere_is_quick(pattern: str):
    begun = time.process_time()
    assert Pattern(pattern).matches("a" * 499) in (True, False)
    assert time.process_time() - begun < 6


@pytest.mark.parametrize(
    "pattern",
    ["(a", "a)", "[a", "a**", "*a", "a{2", "a{3,1}", "(?=a)", "(?<n>a)", "\\1", "a++", "[b-a]", "[[:alpha:]]", "\\",
     "((((a{100}){100}){100}){100})", "x" * 301, "(" * 30 + "a" + ")" * 30],
)  # fmt: skip
def test_a_pattern_that_is_none_of_ours_is_refused(pattern: str):
    with pytest.raises(PatternError) as caught:
        Pattern(pattern)
    assert caught.value.zh
    assert caught.value.en
