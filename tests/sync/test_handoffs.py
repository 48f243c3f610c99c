"""A tablet's word for a visitor's phone: its own, young, and one record comes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.crockford import ALPHABET
from kiosk.errors import Problem
from kiosk.sync import handoffs
from kiosk.sync.handoffs import AHEAD, LIFE, Handoff
from tests.makers import a_key, an_id

DEVICE, NOW = an_id(0xDE), 1_805_000_000
ONE = Handoff(an_id(7), NOW)
WORD = handoffs.write(a_key(1), DEVICE, ONE)
PUBLIC = bytes(a_key(1).verify_key).hex()


def refusal(what, *args) -> str:
    with pytest.raises(Problem) as caught:
        what(*args)
    return caught.value.code


def test_a_word_says_what_the_tablet_said():
    assert handoffs.read(WORD, DEVICE, PUBLIC) == ONE
    assert handoffs.read(WORD.lower(), DEVICE, PUBLIC) == ONE


def test_another_tablet_s_word_is_none_of_this_one():
    assert refusal(handoffs.read, handoffs.write(a_key(2), DEVICE, ONE), DEVICE, PUBLIC) == "handoff.invalid"
    assert refusal(handoffs.read, WORD, an_id(0xDF), PUBLIC) == "handoff.invalid"


@given(st.integers(0, len(WORD) - 1), st.sampled_from(ALPHABET))
def test_any_symbol_changed_is_refused(place: int, symbol: str):
    if WORD[place] != symbol:
        changed = WORD[:place] + symbol + WORD[place + 1 :]
        assert refusal(handoffs.read, changed, DEVICE, PUBLIC) == "handoff.invalid"


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str):
    for one in (text, WORD + "0", f"{WORD}/{text}x", text * 50):
        assert refusal(handoffs.read, one, DEVICE, PUBLIC) == "handoff.invalid"


def test_a_word_is_good_for_ten_minutes_and_a_clock_may_lead_by_one():
    for now in (NOW, NOW + LIFE, NOW - AHEAD):
        ONE.refuse_past(now)
    for now in (NOW + LIFE + 1, NOW - AHEAD - 1, 0, 2**40):
        assert refusal(ONE.refuse_past, now) == "handoff.expired"
    ONE.refuse_past(NOW + LIFE + 3600, 3600)
