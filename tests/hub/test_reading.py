"""Reading lines quickly: the quick way and the strict way come to the same verdict, for anything anybody may sign."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.facts import envelope
from kiosk.facts.days import DayClosed
from kiosk.facts.galleries import ExhibitJudged
from kiosk.hub import devices, reading
from kiosk.hub.reading import Rules, Stretch
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.sizes import SIZES
from tests.hub.tablets import a_note_of_no_time, entries
from tests.makers import a_fact, a_headcount, an_answer, an_id

RULES = Rules("d01", frozenset(devices.BOOTH_KINDS))


def strictly(line: bytes, seq: int) -> Stretch:
    return reading._stretch(seq, [reading._judge(line, seq, RULES)])


def verdict(stretch: Stretch) -> tuple[object, ...]:
    """What was read of lines, but for members of those that do not count."""
    told = zip(stretch.hour, stretch.rest, stretch.mono, stretch.boot, stretch.desk, stretch.meanings, strict=True)
    members = [
        (*one[:5], one[5] and (one[5].kind, one[5].adds, one[5].body)) if problem is None else None
        for one, problem in zip(told, stretch.problems, strict=True)
    ]
    return list(stretch.kinds), list(stretch.problems), members


def agree(line: bytes) -> bool:
    return verdict(reading.read_lines([line], 1, RULES)) == verdict(strictly(line, 1))


def a_line(**changes: object) -> bytes:
    return envelope.encode(a_fact(a_headcount(3), **changes))


def an_answer_line() -> bytes:
    body = an_answer(session=an_id(7), question="q001", chosen=["a", "c"], right=True, ms=12_345)
    return envelope.encode(a_fact(body))


def a_judgement() -> bytes:
    return envelope.encode(a_fact(ExhibitJudged(session=an_id(8), exhibit="x1", right=False)))


@settings(max_examples=500)
@given(entries)
def test_every_line_is_judged_as_the_strict_reader_judges_it(entry):
    line = entry.thing if isinstance(entry.thing, bytes) else envelope.encode(entry.thing)
    assert agree(line)


@settings(max_examples=500)
@given(st.data())
def test_a_written_line_with_any_change_is_judged_as_the_strict_reader_judges_it(data):
    line = bytearray(data.draw(st.sampled_from([a_line(), an_answer_line(), a_judgement()])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(line) - 1))
        match data.draw(st.sampled_from(["change", "drop", "insert", "double"])):
            case "change":
                line[place] = data.draw(st.integers(0, 255))
            case "drop":
                del line[place]
            case "insert":
                line.insert(place, data.draw(st.sampled_from(b'"{},:\\ 019ae')))
            case "double":
                line[place:place] = line[place : place + 12]
    if b"\n" not in line:
        assert agree(bytes(line))


ODD_BODIES = [
    b'{"counter":"headcount","n":1,"n":2}',
    b'{"counter":"headcount","n":1.0}',
    b'{"counter":"headcount","n":1e0}',
    b'{"counter":"headcount", "n":1}',
    b'{"n":1,"counter":"headcount"}',
    b'{"counter":"head\\u0063ount","n":1}',
    b'{"counter":"headcount","n":01}',
    b'{"counter":"headcount","n":1},"x":{}',
    b'{"counter":"headcount","n":1}}{',
    b'{"counter":"headcount","n":true}',
    b'{"counter":"headcount","n":"1"}',
    b'{"counter":"headcount"}',
    b'{"counter":"headcount","n":1,"x":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}',
    b"{}",
]


def test_odd_spellings_of_a_body_are_judged_as_the_strict_reader_judges_them():
    written = b'{"counter":"headcount","n":3}'
    for odd in ODD_BODIES:
        line = a_line().replace(written, odd)
        assert odd in line
        assert agree(line)


@pytest.mark.parametrize(
    "ms", ["0", "00", "007", "-1", "3600000", "3600001", "999999", "1000000", "1e3", "12.0", '"9"']
)
def test_how_long_somebody_took_is_judged_whatever_stands_there(ms):
    line = an_answer_line().replace(b'"ms":12345', b'"ms":' + ms.encode())
    assert agree(line)


@pytest.mark.parametrize(
    "session", ["0" * 31, "0" * 33, "F" * 32, "0" * 31 + "g", "", '0\\",\\"session\\":\\"' + "0" * 32]
)
def test_a_play_is_judged_whatever_stands_there(session):
    line = a_judgement().replace(an_id(8).encode(), session.encode())
    assert agree(line)


def test_what_is_left_out_to_look_a_body_up_changes_nothing_it_adds():
    answers = [an_answer(session=an_id(n), question="q001", chosen=["a"], right=n % 2 == 0, ms=n) for n in range(1, 9)]
    lines = [envelope.encode(a_fact(answer, seq=n)) for n, answer in enumerate(answers, 1)]
    found = reading.read_lines(lines, 1, RULES)
    assert [dict(m.adds).get("quiz.right", 0) for m in found.meanings if m] == [0, 1] * 4


def test_what_our_booths_write_takes_the_quick_way():
    quick = reading._read_at_once([a_line(seq=1), a_line(seq=2)], 1, RULES)
    assert quick is not None
    assert verdict(quick) == verdict(reading._stretch(1, [reading._judge(a_line(seq=n), n, RULES) for n in (1, 2)]))


def test_only_short_bodies_that_could_be_read_are_remembered():
    """Anybody may sign any number of others, each of them as long as a line may be."""
    reading._meaning_of.cache_clear()
    long = DayClosed(day="2027-03-15", first=1, last=2, counts={f"tally.{'n' * n}": 1 for n in range(40, 60)})
    lines = [
        envelope.encode(a_fact(a_headcount(3), seq=1)),
        envelope.encode(a_fact(long, seq=2)),
        a_line(seq=3, kind="prize.given"),
    ]
    found = reading.read_lines(lines, 1, Rules("d01", frozenset((*devices.BOOTH_KINDS, "prize.given"))))
    assert list(found.problems) == [None, None, "fact.unknown_kind"]
    assert reading._meaning_of.cache_info().currsize == 1
    assert all(agree(envelope.encode(a_fact(long))) for _ in range(2))


def test_a_line_that_was_found_good_and_is_not_adds_nothing():
    lines = [a_line(seq=1), envelope.encode(a_note_of_no_time(seq=2)), b"rubbish"]
    found = reading.read_again(lines, [None, None, None], 1)
    assert list(found.problems) == [None, "fact.malformed", "json.malformed"]
    assert [meaning is None for meaning in found.meanings] == [False, True, True]


def test_a_tap_after_the_cut_off_is_kept_and_does_not_count():
    rules = Rules("d01", RULES.kinds, cutoff=1)
    found = reading.read_lines([a_line(seq=1), a_line(seq=2)], 1, rules)
    assert list(found.problems) == [None, "device.revoked"]


def test_what_a_person_released_counts_if_it_can_be_read():
    rules = Rules("d01", RULES.kinds, cutoff=0, released=frozenset({1, 2, 3}))
    lines = [a_line(seq=1), a_line(seq=2, desk="d02"), b"rubbish"]
    found = reading.read_lines(lines, 1, rules)
    assert list(found.problems) == [None, None, "json.malformed"]
    assert found.meanings[1] is not None
    assert found.meanings[1].adds == (("tally.headcount", 3),)


def test_what_arrives_after_the_certificate_ran_out_does_not_count():
    assert reading.read_lines([a_line()], 1, RULES, is_late=True).problems[0] == "device.expired"


def test_what_booths_write_all_day_is_looked_up_and_not_read_again():
    """Play, time and moment aside, few bodies are new. One member more in a kind's body may undo that unseen."""
    fleet = Fleet(SIZES["province"], 315)
    reading._meaning_of.cache_clear()
    lines = [line for number in range(1, 9) for line in fleet.journal(fleet.booth(number)).lines]
    assert reading._columns(lines) is not None
    looked_up = reading._meaning_of.cache_info()
    assert len(lines) > 5_000
    assert looked_up.misses < len(lines) / 5
