"""What a fact adds to which metric, and the fold that every total must equal."""

from collections import Counter
from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.corrections import CorrectionProposed
from kiosk.facts.envelope import Fact
from kiosk.facts.galleries import ExhibitJudged, ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.facts.papers import SheetCounted
from kiosk.facts.quizzes import QuizFinished
from kiosk.facts.shifts import ShiftBegan, ShiftEntered, ShiftRefused
from kiosk.facts.stock import StockCounted, StockOpened
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone
from kiosk.reports.amounts import amounts, buckets, fold
from tests.makers import a_fact, a_filing, an_answer, an_id

SESSION = an_id(7)
COUNTERS = st.sampled_from(["headcount", "leaflet.law", "consultation"])
BODIES = st.one_of(
    st.builds(TallyCounted, counter=COUNTERS, n=st.integers(1, 1000)),
    st.builds(an_answer, session=st.just(SESSION), right=st.booleans(), ms=st.integers(0, 9)),
    st.builds(ExhibitJudged, session=st.just(SESSION), exhibit=st.just("e01"), right=st.booleans()),
    st.builds(ShiftRefused),
)
MOMENTS = st.tuples(st.integers(14, 16), st.integers(0, 23)).map(
    lambda when: f"2027-03-{when[0]}T{when[1]:02d}:59:59.999+08:00"
)
FACTS = st.lists(st.builds(lambda body, at, desk: a_fact(body, at=at, desk=desk), BODIES, MOMENTS, st.just("d01")))


def the_complaint(channel: str, **changes: str) -> ComplaintFiled:
    return a_filing(case="7KQ2-M0ZRD", size=600, channel=channel, **changes)


@pytest.mark.parametrize(
    ("body", "adds"),
    [
        (TallyCounted(counter="headcount", n=5), {"tally.headcount": 5}),
        (TallyUndone(undoes=an_id(), counter="headcount", n=5), {"tally.headcount": -5}),
        (TallyCounted(counter="headcount.east", n=5), {"tally.headcount": 5, "tally.headcount.east": 5}),
        (TallyCounted(counter="leaflet.law", n=5), {"tally.leaflet.law": 5}),
        (
            TallyCorrected(counter="board", n=-2, day="2027-03-15", hour=9, reason="recount", second=""),
            {"tally.board": -2, "corrected.tally.board": -2},
        ),
        (
            SheetCounted(number=7, counter="headcount.east", n=4, day="2027-03-15", hour=9),
            {
                "tally.headcount": 4,
                "tally.headcount.east": 4,
                "paper.tally.headcount": 4,
                "paper.tally.headcount.east": 4,
            },
        ),
        (CorrectionProposed(counter="board", n=99, day="2027-03-15", hour=9, reason="recount"), {}),
        (StockOpened(item="leaflet.law", n=-50, bundles=-1), {"stock.opened.leaflet.law": -50}),
        (
            StockCounted(item="leaflet.law", opened=100, before=None, left=40, given=55, reason=""),
            {"stock.left.leaflet.law": 40, "stock.given.leaflet.law": 60, "stock.counted.leaflet.law": 1},
        ),
        (
            StockCounted(item="leaflet.law", opened=50, before=40, left=30, given=115, reason=""),
            {"stock.left.leaflet.law": -10, "stock.given.leaflet.law": 60, "stock.counted.leaflet.law": 0},
        ),
        (ShiftBegan(volunteer="li"), {}),
        (the_complaint("phone"), {"complaint.filed": 1, "complaint.phone": 1}),
        (the_complaint("paper"), {"complaint.filed": 1, "complaint.paper": 1}),
        (the_complaint("wifi", standing="pre"), {"complaint.filed": 1, "complaint.wifi": 1, "complaint.pre": 1}),
        (
            the_complaint("volunteer", matter="report", standing="pre"),
            {"report.filed": 1, "report.volunteer": 1, "report.pre": 1},
        ),
        (
            ExhibitViewed(session=SESSION, exhibit="e01", ms=4_000, first=True),
            {"exhibit.viewed": 1, "exhibit.visits": 1, "exhibit.shown.e01": 1},
        ),
        (
            ExhibitSearched(
                session=SESSION, exhibit="e01", found=["r2", "r1"], missed=["r3"], hints=1, false=4, strays={"r3": 4}
            ),
            {"exhibit.searched": 1, "exhibit.found": 2, "exhibit.missed": 1},
        ),
        (ShiftEntered(volunteer="li"), {}),
        (ShiftRefused(), {}),
        (
            QuizFinished(session=SESSION, questions=5, right=3, passed=False, pass_mark=4),
            {"quiz.finished": 1, "quiz.passed": 0},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_body_adds_what_it_says(body: Body, adds: dict[str, int]):
    assert amounts(body) == adds


def test_a_fact_falls_into_the_hour_it_happened_in_at_its_desk():
    fact = a_fact(TallyCounted(counter="headcount", n=5), at="2027-03-15T10:59:59.999+08:00", desk="d02")
    assert buckets(fact) == {("2027-03-15", 10, "d02", "tally.headcount"): 5}


def test_a_zero_makes_no_bucket():
    wrong = ExhibitJudged(session=SESSION, exhibit="e01", right=False)
    assert [bucket[-1] for bucket in buckets(a_fact(wrong))] == ["exhibit.judged"]


@pytest.mark.parametrize("fact", [a_fact(kind="lamp.lit"), a_fact(v=2), a_fact(kind="quiz.answered")], ids=str)
def test_a_fact_this_release_cannot_use_adds_nothing(fact: Fact):
    assert buckets(fact) == {}


@given(FACTS)
def test_the_fold_is_the_sum_of_all_amounts(facts: list[Fact]):
    expected: Counter[object] = Counter()
    for fact in facts:
        for bucket, n in buckets(fact).items():
            expected[bucket] += n
    assert fold(facts) == expected


@given(FACTS, FACTS)
def test_folding_apart_and_adding_is_folding_together(one: list[Fact], other: list[Fact]):
    assert fold(one + other) == fold(one) + fold(other)


@given(FACTS, st.randoms(use_true_random=False))
def test_the_order_of_facts_means_nothing(facts: list[Fact], dice: object):
    shuffled = list(facts)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(facts)


@given(st.lists(st.tuples(COUNTERS, st.integers(1, 1000))))
def test_whatever_is_taken_back_leaves_nothing(taps: list[tuple[str, int]]):
    counted = [a_fact(TallyCounted(counter=counter, n=n)) for counter, n in taps]
    undone = starmap(lambda counter, n: a_fact(TallyUndone(undoes=an_id(), counter=counter, n=n)), taps)
    assert not any(fold([*counted, *undone]).values())


def test_a_correction_counts_to_the_day_and_hour_it_is_about():
    body = TallyCorrected(counter="board", n=3, day="2027-03-15", hour=9, reason="recount", second="")
    keyed_in_later = a_fact(body, at="2027-03-18T16:20:00.000+08:00", desk="d01")
    assert set(buckets(keyed_in_later)) == {
        ("2027-03-15", 9, "d01", "tally.board"),
        ("2027-03-15", 9, "d01", "corrected.tally.board"),
    }
    assert set(fold([keyed_in_later])) == set(buckets(keyed_in_later))
