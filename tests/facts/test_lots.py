"""Who wins follows from seed, number and tickets alone, and a sheet on which anything was changed is told."""

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Problem
from kiosk.facts import lots
from kiosk.facts.lots import Draw, Sheet
from kiosk.facts.prizes import code_of
from tests.makers import an_id

SEED = "7e" * 32
CODES = [code_of(an_id(n)) for n in range(1, 41)]


def a_draw(**changes) -> Draw:
    draw = Draw(
        id=an_id(9), desk="d01", prize="kettle", wanted=3, commitment=lots.commitment_of(an_id(9), "kettle", 3, SEED),
        begun_at="2027-03-15T09:31:00.000+08:00", tickets=list(CODES), digest=lots.digest_of(CODES),
        closed_at="2027-03-15T11:00:00.000+08:00", seed=SEED, number=315042, drawn_at="2027-03-15T11:02:00.000+08:00",
    )  # fmt: skip
    return msgspec.structs.replace(draw, **changes)


def test_the_rule_is_the_one_that_is_printed():
    """As the two lines of shell on the sheet work it out."""
    bound = hashlib.sha256(f"kiosk/lot/2 {an_id(9)} kettle 3 {SEED}".encode()).hexdigest()
    assert a_draw().commitment == bound
    ranks = {code: hmac.new(SEED.encode(), f"315042 {code}".encode(), "sha256").hexdigest() for code in CODES}
    assert a_draw().called == sorted(CODES, key=ranks.__getitem__)
    assert a_draw().winners == a_draw().called[:3]


def test_who_is_absent_is_followed_by_the_next_in_order():
    first, second, third, fourth, fifth = a_draw().called[:5]
    assert a_draw(passed=[second]).winners == [first, third, fourth]
    assert a_draw(passed=[second, first]).winners == [third, fourth, fifth]


@given(st.permutations(CODES))
def test_the_order_in_which_tickets_came_does_not_matter(codes: list[str]):
    assert lots.in_order(SEED, 1, codes) == lots.in_order(SEED, 1, CODES)


def test_each_ticket_wins_as_often_as_any_other():
    """600 seeds, 3 of 40: 45 each on average; 11 below or above would be one in 60 for a single ticket."""
    won = dict.fromkeys(CODES, 0)
    for n in range(600):
        for code in lots.in_order(f"{n:064x}", 315042, CODES)[:3]:
            won[code] += 1
    assert all(20 <= n <= 75 for n in won.values())


def test_a_sheet_that_was_written_is_read_and_without_fault():
    draw = a_draw(passed=a_draw().called[1:2])
    sheet = lots.read_sheet(lots.write_sheet(draw))
    assert sheet == Sheet(draw, draw.winners)
    assert lots.faults(sheet) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"seed": "7f" * 32}, "not the one that was bound"),
        ({"commitment": "00" * 32}, "not the one that was bound"),
        ({"id": an_id(8)}, "not the one that was bound"),
        ({"tickets": [*CODES, code_of(an_id(50))]}, "not those of the closed list"),
        ({"tickets": CODES[1:]}, "not those of the closed list"),
        ({"tickets": [*CODES, CODES[0]]}, "stands twice"),
        ({"number": 315043}, "not the lowest"),
        ({"wanted": 2}, "not the lowest"),
        ({"wanted": 4}, "not the one that was bound"),
        ({"prize": "pen"}, "not the one that was bound"),
        ({"passed": [a_draw().called[-1]]}, "who was not called"),
    ],
)
def test_whatever_was_changed_afterwards_is_told(change: dict[str, object], fault: str):
    sheet = Sheet(a_draw(**change), a_draw().winners)
    assert fault in "\n".join(lots.faults(sheet))


def test_winners_that_somebody_wrote_in_are_told():
    called = a_draw().called
    for winners in ([*called[:2], called[9]], called[:4], called[:2], [], [called[1], called[0], called[2]]):
        assert lots.faults(Sheet(a_draw(), winners)) == ["the winners are not the lowest in order"]


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str):
    for one in (text, "kiosk-lot/1\n" + text, lots.write_sheet(a_draw()) + text):
        try:
            lots.faults(lots.read_sheet(one))
        except Problem as problem:
            assert problem.code == "lot.sheet"  # noqa: PT017


@given(st.data())
def test_a_sheet_with_a_line_changed_is_refused_or_told(data: st.DataObject):
    lines = lots.write_sheet(a_draw()).splitlines()
    at = data.draw(st.integers(1, len(lines) - 1))
    word, _, value = lines[at].partition(" ")
    if word in ("desk", "begun", "closed", "drawn"):
        return  # says where and when, and adds nothing to who wins
    place = data.draw(st.integers(0, len(value) - 1))
    lines[at] = f"{word} {value[:place]}{'1' if value[place] != '1' else '2'}{value[place + 1 :]}"
    try:
        found = lots.faults(lots.read_sheet("\n".join(lines)))
    except Problem:
        return
    assert found, lines[at]
