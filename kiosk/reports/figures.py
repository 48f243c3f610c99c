"""How totals become figures: the fold. What figures there are stands in `reports.catalogue`.

A figure is one defined, explained number of the statistics table: with unit, window, scope and sources.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.amounts import Bucket
from kiosk.reports.catalogue import CATALOGUE, SCALES, SMALLEST, Definition
from kiosk.reports.statement import SOURCES

#: A rate over fewer cases than this says more about chance than about people, and is not shown.
LEAST_DENOMINATOR = 10
NOT_SAID = Text("尚未填报", "nobody has said it yet")
OTHER_WINDOW = {
    "day": Text("不按天填报", "not told day by day"),
    "period": Text("不按活动期间填报", "not told of the period"),
    "year": Text("不按年度填报", "not told of the year"),
}
#: Which sayings are in a figure of a window: those of its days, and beside them those of the whole.
_SAID_IN: Mapping[str, tuple[str, ...]] = {"day": ("day",), "period": ("day", "period"), "year": ("year",)}
#: Metrics that say how the other figures came about; they are made of these, not of facts.
_OF_FIGURES = "figures."
_MEASURED = frozenset({"auto", "tapped"})


class Figure(msgspec.Struct, frozen=True):
    """One number, ready to be defended."""

    key: str
    label: Text
    value: int | str | None  # a ratio, money … is a decimal string, two places; None: it cannot be said, see `note`
    unit: str
    window: Mapping[str, str]  # {"kind": "day" | "period" | "year", "from": date, "to": date}
    scope: Mapping[str, str]  # {"kind": "fair" | "venue" | "desk" | "desks", "id": …}
    sources: tuple[str, ...]
    parts: Mapping[str, int]  # what a ratio was divided from; by title for leaflets, by exhibit for kinds, by venue
    raw: int | None = None  # as it was counted, where corrections changed it; `value` has them in it
    paper: int | None = None  # of `raw`, what was keyed in from paper, where any was
    note: Text | None = None  # why there is no value; None: there is one, or too few cases
    # Of `statement.SOURCES` those it has any of; they add up to the value (of money, hours, weight: to the part of the
    # smallest unit). Nothing of a ratio, a peak, a median.
    by: Mapping[str, int] = {}
    means: Text = Text("—", "—")

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
            "by": dict(self.by),
            "raw": self.raw,
            "paper": self.paper,
            "note": {"zh": self.note.zh, "en": self.note.en} if self.note else None,
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


def yuan(fen: int) -> str:
    """`12850` → `"128.50"`. Below nothing where a day only took back."""
    return shown(fen, SCALES["元"])


def shown(n: int, scale: int) -> str:
    """What is kept in a smallest unit, in the one that is shown: two places, halves up."""
    hundredths = (abs(n) * 100 + scale // 2) // scale
    return f"{'-' if n < 0 and hundredths else ''}{hundredths // 100}.{hundredths % 100:02d}"


# --- windows ----------------------------------------------------------------------------------------


def day_window(day: str) -> dict[str, str]:
    return {"kind": "day", "from": day, "to": day}


def period_window(fair: Fair, days: tuple[str, str] | None) -> dict[str, str]:
    """The days that are in the sums, first and last; the fair's own dates while there are none."""
    first, last = days or (fair.starts, fair.ends)
    return {"kind": "period", "from": first, "to": last}


def year_window(fair: Fair) -> dict[str, str]:
    """The calendar year in which the fair begins."""
    year = fair.starts[:4]
    return {"kind": "year", "from": f"{year}-01-01", "to": f"{year}-12-31"}


# --- the fold ---------------------------------------------------------------------------------------


def figures(
    sums: Mapping[str, int],
    window: Mapping[str, str],
    scope: Mapping[str, str],
    definitions: Sequence[Definition] = CATALOGUE,
) -> list[Figure]:
    """Every figure of the catalogue for one window and scope, from metric sums.

    Sums are those of the window: of one day, or of all days for a period and for a year. Of a day only what was typed
    of that day is in them that counts, of a year only what was typed of the year: the three are never mixed. A figure
    that is not told in a window is there, too, without a value. A window without a kind is a period.
    """
    fold = _Fold(sums, window, scope)
    found = {one.key: fold.figure(one) for one in definitions if not one.metric.startswith(_OF_FIGURES)}
    later = [one for one in definitions if one.metric.startswith(_OF_FIGURES)]
    if later:
        again = _Fold({**sums, **_of_figures(found.values())}, window, scope)
        found |= {one.key: again.figure(one) for one in later}
    return [found[one.key] for one in definitions]


def _of_figures(found: Iterable[Figure]) -> dict[str, int]:
    """How many figures have a value that is made of something, and of how many of them nobody said anything."""
    made = [one.by for one in found if one.value is not None and one.by]
    return {
        f"{_OF_FIGURES}valued": len(made),
        f"{_OF_FIGURES}measured": sum(set(by) <= _MEASURED for by in made),
    }


class _Fold:
    """The sums of one window and scope, in alphabetical order: what begins alike stands together."""

    def __init__(self, sums: Mapping[str, int], window: Mapping[str, str], scope: Mapping[str, str]) -> None:
        self._sums, self._window, self._scope = sums, window, scope
        self._kind = window.get("kind", "period")
        self._said_in = _SAID_IN[self._kind]
        self._names = sorted(sums)
        self._is_anything_said = bool(self._alike("said."))

    def figure(self, one: Definition) -> Figure:
        if self._kind not in one.windows:
            return self._told(one, None, {}, note=OTHER_WINDOW[self._kind])
        if one.over:
            return self._ratio(one)
        parts, counted = self._counted(one) if self._kind != "year" else ({}, 0)
        typed, is_said = self._typed(one)
        if counted is None and not is_said:
            return self._told(one, None, parts, note=one.absent)
        if not is_said and (self._kind == "year" or (one.typed == "only" and not counted)):
            return self._told(one, None, parts, note=NOT_SAID)
        n = (counted or 0) + typed
        by = self._by(one, counted or 0, typed)
        if one.scale > 1:
            return self._told(one, shown(n, one.scale), {SMALLEST[one.unit]: n}, by)
        raw, paper = n - by.get("corrected", 0), by.get("paper", 0)
        return self._told(one, n, parts, by, raw if raw != n else None, paper or None)

    def _told(
        self,
        one: Definition,
        value: int | str | None,
        parts: Mapping[str, int],
        by: Mapping[str, int] | None = None,
        raw: int | None = None,
        paper: int | None = None,
        note: Text | None = None,
    ) -> Figure:
        place = (one.unit, self._window, self._scope, one.sources, parts)
        return Figure(one.key, one.label, value, *place, raw, paper, note, by or {}, one.means)

    def _ratio(self, one: Definition) -> Figure:
        above, below = (sum(self._sums.get(f"typed.{name}", 0) for name in self._sayings(key)) for key in one.said)
        numerator, denominator = self._sums.get(one.metric, 0) + above, self._sums.get(one.over, 0) + below
        parts = {"numerator": numerator, "denominator": denominator}
        return self._told(one, percent(numerator, denominator), parts)

    def _counted(self, one: Definition) -> tuple[Mapping[str, int], int | None]:
        """By part, and in all; None where it cannot be said because nothing it is made of is there at all."""
        if not one.metric:
            return {}, 0
        if not one.metric.endswith("."):
            if one.absent is not None and not any(metric in self._sums for metric in one.metrics):
                return {}, None
            return {}, sum(self._sums.get(metric, 0) for metric in one.metrics)
        parts: dict[str, int] = {}
        for prefix in one.metrics:
            for name, n in self._beginning(prefix):
                parts[name] = parts.get(name, 0) + n
        if one.absent is not None and not parts:
            return parts, None
        if one.is_peak:
            return parts, max(parts.values())
        return parts, sum(n > 0 for n in parts.values()) if one.is_distinct else sum(parts.values())

    def _beginning(self, prefix: str) -> list[tuple[str, int]]:
        """(what comes after the prefix, n) of all metrics that begin with it."""
        return [(name[len(prefix) :], self._sums[name]) for name in self._alike(prefix)]

    def _alike(self, prefix: str) -> list[str]:
        first = bisect_left(self._names, prefix)
        last = bisect_left(self._names, prefix[:-1] + chr(ord(prefix[-1]) + 1), first)
        return self._names[first:last]

    def _typed(self, one: Definition) -> tuple[int, bool]:
        """What people said of it in this window, and whether anybody did."""
        if not one.typed:
            return 0, False
        is_listed = bool(one.list) and one.typed == "only" and self._is_listed(one.list)
        if not self._is_anything_said:
            return 0, is_listed
        names = self._sayings(one.key)
        is_said = any(self._sums.get(f"said.{name}", 0) > 0 for name in names)
        return sum(self._sums.get(f"typed.{name}", 0) for name in names), is_said or is_listed

    def _sayings(self, key: str) -> list[str]:
        """What the metrics of what people said of a figure in this window end with."""
        return [f"{window}.{key}" for window in self._said_in]

    def _is_listed(self, name: str) -> bool:
        """Whether anything stands on a list: then what it does not say of a figure is none."""
        return self._kind != "year" and self._sums.get(f"list.{name}", 0) > 0

    def _by(self, one: Definition, counted: int, typed: int) -> dict[str, int]:
        """What a value is made of: always adds up to it. A source that is nothing is left out."""
        if one.is_peak or one.rule == "recompute":
            return {}
        found = dict.fromkeys(SOURCES, 0)
        found["typed"] += typed
        if one.is_distinct and one.list and one.how != "typed":  # those that stand on the list alone
            found["typed"] += counted - sum(n > 0 for _, n in self._beginning(one.metric))
        if not one.is_distinct:
            for source in ("corrected", "paper"):
                found[source] += sum(self._beside(f"{source}.", metric) for metric in one.metrics)
            for metric, source in one.of_which.items():
                found[source] += self._sums.get(metric, 0)
        found[one.how] += counted + typed - sum(found.values())
        return {source: n for source, n in found.items() if n}

    def _beside(self, how: str, metric: str) -> int:
        """How much of a metric was put right, or came on paper. One that ends with "." sums all it begins."""
        if self._kind == "year" or not metric:
            return 0
        if not metric.endswith("."):
            return self._sums.get(how + metric, 0)
        return sum(n for _, n in self._beginning(how + metric))
