"""What one fact adds to which metric. Every total in the house, on either side, is a sum of these."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import singledispatch

from kiosk.errors import Problem
from kiosk.facts import clocks
from kiosk.facts.codes import CodeChecked
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.envelope import Fact, bucket_of
from kiosk.facts.galleries import ExhibitJudged, ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.facts.prizes import PrizeExpired, PrizeIssued, PrizeRedeemed, PrizeStocked
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.facts.tallies import TallyCounted, TallyUndone
from kiosk.facts.vocabulary import REGISTRY

#: A bucket of totals: business day, hour (Beijing time), desk, metric.
Bucket = tuple[str, int, str, str]


@singledispatch
def amounts(_body: Body) -> Mapping[str, int]:
    """Metric → what this body adds to it. Most kinds add to none."""
    return {}


@amounts.register
def _(body: TallyCounted) -> Mapping[str, int]:
    return {f"tally.{body.counter}": body.n}


@amounts.register
def _(body: TallyUndone) -> Mapping[str, int]:
    return {f"tally.{body.counter}": -body.n}


@amounts.register
def _(body: QuizAnswered) -> Mapping[str, int]:
    return {"quiz.answered": 1, "quiz.right": int(body.right)}


@amounts.register
def _(body: QuizFinished) -> Mapping[str, int]:
    return {"quiz.finished": 1, "quiz.passed": int(body.passed)}


@amounts.register
def _(body: PrizeStocked) -> Mapping[str, int]:
    return {f"prize.stocked.{body.prize}": body.n}


@amounts.register
def _(body: PrizeIssued) -> Mapping[str, int]:
    return {"prize.issued": 1, f"prize.issued.{body.prize}": 1}


@amounts.register
def _(body: PrizeRedeemed) -> Mapping[str, int]:
    return {"prize.redeemed": 1, f"prize.redeemed.{body.prize}": 1}


@amounts.register
def _(body: PrizeExpired) -> Mapping[str, int]:
    return {"prize.expired": 1, f"prize.expired.{body.prize}": 1}


@amounts.register
def _(body: ExhibitJudged) -> Mapping[str, int]:
    return {"exhibit.judged": 1, "exhibit.right": int(body.right)}


@amounts.register
def _(body: ExhibitViewed) -> Mapping[str, int]:
    return {"exhibit.viewed": 1, "exhibit.visits": int(body.first)}


@amounts.register
def _(body: ExhibitSearched) -> Mapping[str, int]:
    return {"exhibit.searched": 1, "exhibit.found": len(body.found), "exhibit.missed": len(body.missed)}


@amounts.register
def _(body: CodeChecked) -> Mapping[str, int]:
    return {"code.checked": 1, f"code.{body.kind}": 1}


@amounts.register
def _(body: ComplaintFiled) -> Mapping[str, int]:
    return {"complaint.filed": 1, f"complaint.{body.channel}": 1}


def buckets(fact: Fact, dated: tuple[str, int] | None = None) -> dict[Bucket, int]:
    """What a fact adds, by bucket; zeros left out. A body this release cannot use adds nothing.

    `dated` is its business day and hour where the device's own stamp is not to be taken for it.
    """
    try:
        body = REGISTRY.read(fact)
    except Problem:
        return {}
    day, hour = dated or bucket_of(fact)
    return {(day, hour, fact.desk, metric): n for metric, n in amounts(body).items() if n}


def fold(facts: Iterable[Fact]) -> Counter[Bucket]:
    """The reference: totals of one journal's facts, in order, in plain Python. The databases must agree with it.

    Days and hours are those of the hub's time wherever the journal tells how the device's clock stood to it.
    """
    journal = list(facts)
    dates = clocks.read(journal)
    totals: Counter[Bucket] = Counter()
    for fact in journal:
        totals.update(buckets(fact, dates.day_and_hour(fact.boot, fact.at, fact.mono)))
    return totals
