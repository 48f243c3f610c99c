"""What one fact adds to which metric. Every total in the house, on either side, is a sum of these."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import singledispatch

from kiosk.errors import Problem
from kiosk.facts import clocks
from kiosk.facts.advice import AdviceAnswered, AdviceAsked
from kiosk.facts.cases import (
    CaseAccepted,
    CaseCalledBack,
    CaseClosed,
    CaseEnded,
    CaseEnforced,
    CaseMerged,
    CaseRefused,
    CaseReopened,
    CaseSupplementAsked,
    CaseTransferred,
)
from kiosk.facts.codes import CodeChecked
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.duty import DutyCalled, DutyUndone, ExposureClosed, ExposureListed, ExposureReopened
from kiosk.facts.envelope import Fact, bucket_of
from kiosk.facts.figures import FigureTyped, RecordListed, RecordStruck, key_of
from kiosk.facts.galleries import ExhibitJudged, ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body, Dated
from kiosk.facts.papers import SheetCounted
from kiosk.facts.prizes import PrizeExpired, PrizeIssued, PrizeRedeemed, PrizeStocked
from kiosk.facts.quicktests import QuicktestRecorded, QuicktestReleased, QuicktestVoided
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.facts.stock import StockCounted, StockOpened
from kiosk.facts.surveys import SurveyAnswered
from kiosk.facts.tallies import CONSULTATION, TallyCorrected, TallyCounted, TallyUndone, metrics_of
from kiosk.facts.vocabulary import REGISTRY

#: The survey by which people say how they liked the fair: its id, its version; and what it asks in points, 1 to 5.
SATISFACTION = ("fair-satisfaction", "1")
SATISFACTION_RATED = ("overall", "helpers", "clear")
_POINTS = ("1", "2", "3", "4", "5")
#: A bucket of totals: business day, hour (Beijing time), desk, metric.
Bucket = tuple[str, int, str, str]


@singledispatch
def amounts(_body: Body) -> Mapping[str, int]:
    """Metric → what this body adds to it. Most kinds add to none."""
    return {}


@amounts.register
def _(body: TallyCounted) -> Mapping[str, int]:
    return dict.fromkeys(metrics_of(body.counter), body.n)


@amounts.register
def _(body: TallyUndone) -> Mapping[str, int]:
    return dict.fromkeys(metrics_of(body.counter), -body.n)


@amounts.register
def _(body: TallyCorrected) -> Mapping[str, int]:
    """Beside the sum itself how much of it was put right: what was counted is the one without the other."""
    metrics = metrics_of(body.counter)
    return dict.fromkeys([*metrics, *(f"corrected.{metric}" for metric in metrics)], body.n)


@amounts.register
def _(body: SheetCounted) -> Mapping[str, int]:
    """Beside the sum itself how much of it came on paper."""
    metrics = metrics_of(body.counter)
    return dict.fromkeys([*metrics, *(f"paper.{metric}" for metric in metrics)], body.n)


@amounts.register
def _(body: QuizAnswered) -> Mapping[str, int]:
    """Beside the sum itself how much of it was in English, and how much with somebody's help."""
    how = {"quiz.helped": body.helped, "quiz.lang.en": body.lang == "en"}
    return {"quiz.answered": 1, "quiz.right": int(body.right), **{name: 1 for name, is_so in how.items() if is_so}}


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
def _(body: StockOpened) -> Mapping[str, int]:
    return {f"stock.opened.{body.item}": body.n}


@amounts.register
def _(body: StockCounted) -> Mapping[str, int]:
    """By what changed since the count before: the sums are what is left, and what is gone, however often one counts."""
    return {
        f"stock.left.{body.item}": body.left - (body.before or 0),
        f"stock.given.{body.item}": body.gone,
        f"stock.counted.{body.item}": int(body.before is None),
    }


@amounts.register
def _(body: SurveyAnswered) -> Mapping[str, int]:
    """The pair around a quiz is no questionnaire anybody sat down to."""
    if body.phase:
        return {f"pair.{body.phase}": 1}
    how = {
        "survey.large": body.large,
        "survey.assisted": body.channel == "assisted",
        "survey.lang.en": body.lang == "en",
    }
    found = {
        "survey.answered": 1,
        f"survey.answered.{body.survey}": 1,
        **{name: 1 for name, is_so in how.items() if is_so},
    }
    if not body.valid:
        return found
    return {**found, "survey.valid": 1, f"survey.valid.{body.survey}": 1, **_satisfaction(body)}


def _satisfaction(body: SurveyAnswered) -> Mapping[str, int]:
    """Points given, and the most that could be, of the survey this release brings. Of another nobody knows its scale.

    A question that was passed over is in neither.
    """
    if (body.survey, body.version) != SATISFACTION:
        return {}
    given = [int(value) for name in SATISFACTION_RATED for value in body.answers.get(name, ()) if value in _POINTS]
    return {"satisfaction.score": sum(given), "satisfaction.most": len(given) * len(_POINTS)}


@amounts.register
def _(body: QuicktestRecorded) -> Mapping[str, int]:
    return _batch(_VERDICTS[body.verdict], len(body.tests), body.source, 1)


@amounts.register
def _(body: QuicktestVoided) -> Mapping[str, int]:
    return _batch(_VERDICTS[body.verdict], body.items, body.source, -1)


@amounts.register
def _(body: QuicktestReleased) -> Mapping[str, int]:
    """What waited no longer does. Every batch that stands has passed, failed, waits or could not be read."""
    if body.outcome == "withdrawn":
        return _batch("pending", body.items, body.source, -1)
    if body.outcome == "confirmed":
        return {"quicktest.pending": -1, "quicktest.failed": 1}
    return {"quicktest.pending": -1, "quicktest.passed": 1, "quicktest.cleared": 1}


#: A batch in which something failed only waits for a laboratory.
_VERDICTS = {"pass": "passed", "fail": "pending", "invalid": "invalid"}


def _batch(what: str, items: int, source: str, n: int) -> Mapping[str, int]:
    """`n` batches that came to `what`; one counts as one, whatever it was tested for."""
    return {
        "quicktest.batches": n, f"quicktest.{what}": n, "quicktest.items": n * items, f"quicktest.{source}": n,
    }  # fmt: skip


@amounts.register
def _(body: ExhibitJudged) -> Mapping[str, int]:
    return {"exhibit.judged": 1, "exhibit.right": int(body.right)}


@amounts.register
def _(body: ExhibitViewed) -> Mapping[str, int]:
    """By exhibit, too: what was on show is as many as have any, at however many desks."""
    return {"exhibit.viewed": 1, "exhibit.visits": int(body.first), f"exhibit.shown.{body.exhibit}": 1}


@amounts.register
def _(body: ExhibitSearched) -> Mapping[str, int]:
    return {"exhibit.searched": 1, "exhibit.found": len(body.found), "exhibit.missed": len(body.missed)}


@amounts.register
def _(body: CodeChecked) -> Mapping[str, int]:
    return {"code.checked": 1, f"code.{body.kind}": 1}


@amounts.register
def _(body: ComplaintFiled) -> Mapping[str, int]:
    found = {f"{body.matter}.filed": 1, f"{body.matter}.{body.channel}": 1}
    return {**found, f"{body.matter}.pre": 1} if body.standing == "pre" else found


@amounts.register
def _(_body: AdviceAsked) -> Mapping[str, int]:
    """Whoever asks is one of the consultations, though the answer comes later; never one of the complaints."""
    return {"advice.asked": 1, f"tally.{CONSULTATION}": 1}


@amounts.register
def _(body: AdviceAnswered) -> Mapping[str, int]:
    return {} if body.again else {"advice.answered": 1}


@amounts.register
def _(body: DutyCalled) -> Mapping[str, int]:
    return _hotline(body.kind, body.topic, 1)


@amounts.register
def _(body: DutyUndone) -> Mapping[str, int]:
    return _hotline(body.kind, body.topic, -1)


def _hotline(kind: str, topic: str, n: int) -> Mapping[str, int]:
    """Metrics of their own: calls to the line are never added to what the booths counted."""
    found = {"hotline.called": n, f"hotline.{kind}": n}
    return {**found, f"hotline.topic.{topic}": n} if topic else found


@amounts.register
def _(_body: ExposureListed) -> Mapping[str, int]:
    return {"exposure.listed": 1}


@amounts.register
def _(body: ExposureClosed) -> Mapping[str, int]:
    return {"exposure.closed": 1, f"exposure.{body.result}": 1}


@amounts.register
def _(body: ExposureReopened) -> Mapping[str, int]:
    return {"exposure.closed": -1, f"exposure.{body.result}": -1}


@amounts.register
def _(_body: CaseAccepted) -> Mapping[str, int]:
    return {"case.accepted": 1}


@amounts.register
def _(_body: CaseRefused) -> Mapping[str, int]:
    return {"case.refused": 1}


@amounts.register
def _(_body: CaseSupplementAsked) -> Mapping[str, int]:
    return {"case.supplement_asked": 1}


@amounts.register
def _(_body: CaseTransferred) -> Mapping[str, int]:
    return {"case.transferred": 1}


@amounts.register
def _(body: CaseEnded) -> Mapping[str, int]:
    return {
        f"case.ended.{body.matter}": 1,
        f"case.outcome.{body.outcome}": 1,
        "case.on_site": int(body.on_site),
        "case.recovered": body.recovered,
        "case.doubled": int(body.doubled > 0),
        "case.doubled_fen": body.doubled,
    }


@amounts.register
def _(body: CaseClosed) -> Mapping[str, int]:
    return {f"case.closed.{body.matter}": 1, f"case.done.{body.matter}": 1}


@amounts.register
def _(body: CaseMerged) -> Mapping[str, int]:
    return {f"case.merged.{body.matter}": 1, f"case.done.{body.matter}": 1}


@amounts.register
def _(body: CaseReopened) -> Mapping[str, int]:
    """What the case had come to no longer stands. That it was tried stays."""
    gone: dict[str, int] = {}
    if body.outcome == "refused":
        gone["case.refused"] = -1
    elif body.outcome:
        ended = CaseEnded(
            case=body.case, matter=body.matter, outcome=body.outcome, reasons=[], recovered=body.recovered,
            doubled=body.doubled, on_site=body.on_site,
        )  # fmt: skip
        gone |= {metric: -n for metric, n in amounts(ended).items()}
    if body.closed:
        closed = CaseClosed(case=body.case, matter=body.matter)
        gone |= {metric: -n for metric, n in amounts(closed).items()}
    if body.merged:
        gone |= {f"case.merged.{body.matter}": -1, f"case.done.{body.matter}": -1}
    return {"case.reopened": 1, **gone, **{metric: -n for metric, n in _rated(body.level).items()}}


@amounts.register
def _(body: CaseCalledBack) -> Mapping[str, int]:
    return {"case.called": 1, **_rated(body.level or 0)}


def _rated(level: int) -> Mapping[str, int]:
    """Somebody was reached, and said so much; 0: nobody was."""
    if not level:
        return {}
    return {"case.reached": 1, "case.rated": 1, "case.content": int(level <= 2), f"case.level.{level}": 1}


@amounts.register
def _(body: CaseEnforced) -> Mapping[str, int]:
    """One case however often it is told of anew."""
    is_one, was_one = body.fine is not None, body.before is not None
    return {"case.enforced": is_one - was_one, "case.fines": (body.fine or 0) - (body.before or 0)}


@amounts.register
def _(body: FigureTyped) -> Mapping[str, int]:
    """What changed since it was last said, and whether it is said at all: nothing is not the same as none."""
    name = f"{body.window}.{body.figure}"
    is_said, was_said = body.n is not None, body.before is not None
    return {f"typed.{name}": (body.n or 0) - (body.before or 0), f"said.{name}": is_said - was_said}


@amounts.register
def _(body: RecordListed) -> Mapping[str, int]:
    return _record(body, 1)


@amounts.register
def _(body: RecordStruck) -> Mapping[str, int]:
    return _record(body, -1)


def _record(body: RecordListed | RecordStruck, n: int) -> Mapping[str, int]:
    """One record, what is added up of it, and under the key of each field that is counted once, that it is there."""
    found = {f"list.{body.list}": n}
    for name, amount in body.amounts.items():
        found[f"list.{body.list}.{name}"] = n * amount
    for name in body.keys:
        found[f"key.{body.list}.{name}.{key_of(body.texts[name])}"] = n
    return found


def buckets(fact: Fact, dated: tuple[str, int] | None = None) -> dict[Bucket, int]:
    """What a fact adds, by bucket; zeros left out. A body this release cannot use adds nothing.

    `dated` is its business day and hour where the device's own stamp is not to be taken for it. A body that says them
    itself is believed before both.
    """
    try:
        body = REGISTRY.read(fact)
    except Problem:
        return {}
    day, hour = body.bucket if isinstance(body, Dated) else dated or bucket_of(fact)
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
