"""The catalogue of figures and how totals become them.

A figure is one defined, explained number of the statistics table: with unit, window, scope and sources.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from kiosk.facts.tallies import BOARD, CONSULTATION, HEADCOUNT, LEAFLET
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.amounts import Bucket

#: A rate over fewer cases than this says more about chance than about people, and is not shown.
LEAST_DENOMINATOR = 10


class Definition(msgspec.Struct, frozen=True):
    """One row of the catalogue."""

    key: str
    label: Text
    unit: str  # 人次, 份, 件 … never interchangeable
    metric: str  # the metric it sums; one that ends with "." sums all it begins
    sources: tuple[str, ...]  # kinds of facts it is made of
    over: str = ""  # for a ratio: the metric of the denominator


CATALOGUE = (
    Definition("headcount", Text("参与群众", "Visitors counted in"), "人次", f"tally.{HEADCOUNT}",
               ("tally.counted", "tally.undone")),
    Definition("leaflets", Text("发放宣传资料", "Leaflets handed out"), "份", f"tally.{LEAFLET}",
               ("tally.counted", "tally.undone")),
    Definition("boards", Text("展板", "Display boards"), "块", f"tally.{BOARD}", ("tally.counted", "tally.undone")),
    Definition("consultations", Text("接受咨询", "Consultations given"), "人次", f"tally.{CONSULTATION}",
               ("tally.counted", "tally.undone")),
    Definition("complaints", Text("登记投诉", "Complaints registered"), "件", "complaint.filed", ("complaint.filed",)),
    Definition("quiz_finished", Text("知识问答参与", "Quizzes finished"), "人次", "quiz.finished", ("quiz.finished",)),
    Definition("quiz_passed", Text("问答达标", "Quizzes passed"), "人次", "quiz.passed", ("quiz.finished",)),
    Definition("answers", Text("答题题次", "Questions answered"), "题次", "quiz.answered", ("quiz.answered",)),
    Definition("answers_right", Text("正确题次", "Answered right"), "题次", "quiz.right", ("quiz.answered",)),
    Definition("accuracy", Text("平均正确率", "Share answered right"), "%", "quiz.right", ("quiz.answered",),
               over="quiz.answered"),
    Definition("prizes_redeemed", Text("发放奖品", "Prizes given"), "份", "prize.redeemed", ("prize.redeemed",)),
    Definition("exhibits_judged", Text("识假体验", "Exhibits judged"), "次", "exhibit.judged", ("exhibit.judged",)),
)  # fmt: skip


class Figure(msgspec.Struct, frozen=True):
    """One number, ready to be defended."""

    key: str
    label: Text
    value: int | str | None  # a ratio is a decimal string, two places; None: too few cases to say
    unit: str
    window: Mapping[str, str]  # {"kind": "day" | "period", "from": date, "to": date}
    scope: Mapping[str, str]  # {"kind": "fair" | "venue" | "desk", "id": …}
    sources: tuple[str, ...]
    parts: Mapping[str, int]  # what a ratio was divided from; by title for leaflets

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "label": {"zh": self.label.zh, "en": self.label.en},
            "value": self.value,
            "unit": self.unit,
            "window": dict(self.window),
            "scope": dict(self.scope),
            "sources": list(self.sources),
            "parts": dict(self.parts),
        }


def totals_by_metric(totals: Mapping[Bucket, int] | Iterable[tuple[Bucket, int]]) -> dict[str, int]:
    """Sum buckets over days, hours and desks."""
    sums: dict[str, int] = {}
    for (_day, _hour, _desk, metric), n in totals.items() if isinstance(totals, Mapping) else totals:
        sums[metric] = sums.get(metric, 0) + n
    return sums


def percent(numerator: int, denominator: int) -> str | None:
    """`349, 398` → `"87.69"`; None where the denominator is too small to speak of a rate."""
    if denominator < LEAST_DENOMINATOR:
        return None
    share = Decimal(numerator * 100) / Decimal(denominator)
    return str(share.quantize(Decimal("0.01"), ROUND_HALF_UP))


def day_window(day: str) -> dict[str, str]:
    return {"kind": "day", "from": day, "to": day}


def period_window(fair: Fair, days: tuple[str, str] | None) -> dict[str, str]:
    """The days that are in the sums, first and last; the fair's own dates while there are none."""
    first, last = days or (fair.starts, fair.ends)
    return {"kind": "period", "from": first, "to": last}


def figures(sums: Mapping[str, int], window: Mapping[str, str], scope: Mapping[str, str]) -> list[Figure]:
    """Every figure of the catalogue for one window and scope, from metric sums."""
    return [_figure(definition, sums, window, scope) for definition in CATALOGUE]


def _figure(
    definition: Definition, sums: Mapping[str, int], window: Mapping[str, str], scope: Mapping[str, str]
) -> Figure:
    value: int | str | None
    parts: Mapping[str, int] = {}
    if definition.over:
        numerator, denominator = sums.get(definition.metric, 0), sums.get(definition.over, 0)
        value, parts = percent(numerator, denominator), {"numerator": numerator, "denominator": denominator}
    elif definition.metric.endswith("."):
        parts = {m.removeprefix(definition.metric): n for m, n in sums.items() if m.startswith(definition.metric)}
        value = sum(parts.values())
    else:
        value = sums.get(definition.metric, 0)
    return Figure(definition.key, definition.label, value, definition.unit, window, scope, definition.sources, parts)
