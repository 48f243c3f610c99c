"""What people do not know: rate, interval, discrimination and time of each question, from sums that only add. Pure.

A first try that nobody helped with is what is counted; those a volunteer touched for a visitor stand apart. Nothing
is ranked on fewer than `LEAST` answers. All sums are whole numbers, so any order of adding comes to the same.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

LEAST = 30  # answers before anything is ranked, and plays before discrimination is said
_Z = 1.959963984540054  # 95 %
#: Where the classes of answering times begin, in milliseconds; the last has no end.
TIME_EDGES = (
    0, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 12_000, 16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000,
)  # fmt: skip
TIMES = tuple(f"t{place:02d}" for place in range(len(TIME_EDGES)))
#: What is summed of plays: how many, items right, rest scores, their squares, rest scores where the item was right.
PLAYS = ("plays", "plays_correct", "rest", "rest_squared", "rest_correct")
#: Every sum kept of a question, by name. `correct` is of `n`, `helped_correct` of `helped`; `n` leaves helped ones out.
SUMS = ("n", "correct", "helped", "helped_correct", *PLAYS, *TIMES)


def time_class(ms: int) -> int:
    """Which class of `TIMES` an answering time falls into."""
    return bisect_right(TIME_EDGES, max(ms, 0)) - 1


def wilson(correct: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a rate by Wilson's score: it never leaves 0 to 1, and is honest where n is small."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = correct / n, _Z * _Z
    middle, half = p + z2 / (2 * n), _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return (0.0 if correct == 0 else low), (1.0 if correct == n else high)


def discrimination(strata: Iterable[Sequence[int]]) -> float | None:
    """Correlation of getting an item right with the rest of the play, -1 to 1, from sums in the order of `PLAYS`.

    Plays are compared only with those of their own stratum: a rest of four and a rest of nine are different scales.
    None for fewer than `LEAST` plays, and where everybody did the same.
    """
    plays, covariance, of_item, of_rest = 0, 0.0, 0.0, 0.0
    for n, right, rest, squared, both in strata:
        if n:
            plays += n
            covariance += (n * both - right * rest) / n
            of_item += (n * right - right * right) / n
            of_rest += (n * squared - rest * rest) / n
    if plays < LEAST or of_item <= 0 or of_rest <= 0:
        return None
    return max(-1.0, min(1.0, covariance / math.sqrt(of_item * of_rest)))


def median_ms(times: Sequence[int]) -> int | None:
    """The middle answering time, to within its class: as if the times in a class were spread over it evenly.

    None without any; of the last class only its beginning is known.
    """
    n, below = sum(times), 0
    for place, in_class in enumerate(times):
        if in_class and 2 * (below + in_class) >= n:
            if place + 1 == len(TIME_EDGES):
                return TIME_EDGES[place]
            width = TIME_EDGES[place + 1] - TIME_EDGES[place]
            return TIME_EDGES[place] + round(width * (n / 2 - below) / in_class)
        below += in_class
    return None


class Item(msgspec.Struct, frozen=True):
    """One question, or an article with all questions about it, and what its answers come to."""

    id: str
    n: int = 0
    correct: int = 0
    helped: int = 0
    helped_correct: int = 0
    times: tuple[int, ...] = (0,) * len(TIMES)
    strata: tuple[tuple[int, ...], ...] = ()  # sums in the order of PLAYS
    wrong: Mapping[str, int] = {}  # wrong answer, as option ids → how often

    @property
    def is_ranked(self) -> bool:
        return self.n >= LEAST

    @property
    def rate(self) -> float | None:
        return self.correct / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.correct, self.n)

    @property
    def discrimination(self) -> float | None:
        return discrimination(self.strata)

    @property
    def median_ms(self) -> int | None:
        return median_ms(self.times)

    @property
    def worst(self) -> tuple[str, int] | None:
        """The wrong answer given most often, and how often; of several the first by name."""
        return min(self.wrong.items(), key=lambda one: (-one[1], one[0]), default=None)


def together(name: str, items: Iterable[Item]) -> Item:
    """Several items as one. What went wrong and who told apart belongs to each alone."""
    some = list(items)
    return Item(
        name,
        n=sum(one.n for one in some),
        correct=sum(one.correct for one in some),
        helped=sum(one.helped for one in some),
        helped_correct=sum(one.helped_correct for one in some),
        times=tuple(map(sum, zip(*(one.times for one in some), strict=True))) or (0,) * len(TIMES),
    )


def unordered(wrong: Mapping[str, int]) -> dict[str, int]:
    """Wrong answers to a question where the order of touching says nothing."""
    found: Counter[str] = Counter()
    for chosen, n in wrong.items():
        found[" ".join(sorted(chosen.split()))] += n
    return dict(found)


def ranked(items: Iterable[Item]) -> list[Item]:
    """Least known first; behind them those with too few answers, most answered first."""
    return sorted(items, key=_place)


def _place(item: Item) -> tuple[bool, float, int, str]:
    return (False, item.correct / item.n, -item.n, item.id) if item.is_ranked else (True, 0.0, -item.n, item.id)


def least_known(items: Iterable[Item], most: int = 5) -> list[Item]:
    """The few of which the first tries were right least often; none on fewer than `LEAST` answers."""
    return [item for item in ranked(items) if item.is_ranked][:most]


def sentence(of_all: Item, least: Item | None, name: str, language: str) -> str:
    """One measured sentence for a summary, in "zh" or "en"; `name` is the question or article in that language."""
    rate = _percent(of_all.rate or 0.0)
    if language == "en":
        if not of_all.n:
            return "Nobody has answered a question yet."
        start = f"{of_all.n:,} first tries, {rate} of them right"
        if least is None:
            return f"{start}; no question has {LEAST} answers yet, so none is called the least known."
        low, high = map(_percent, least.interval)
        told = f"right at the first try {_percent(least.rate or 0.0)}, 95% interval {low} to {high}, n = {least.n:,}"
        return f"{start}; least known: {name} ({told})."
    if not of_all.n:
        return "还没有人答题。"
    start = f"共首次作答 {of_all.n:,} 题次，答对率 {rate}"
    if least is None:
        return f"{start}；还没有一道题满 {LEAST} 次作答，暂不排名。"
    low, high = map(_percent, least.interval)
    return (
        f"{start}；群众最不了解的是：{name}"
        f"（首次答对率 {_percent(least.rate or 0.0)}，95% 置信区间 {low}—{high}，{least.n:,} 次作答）。"
    )


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%"
