"""What a survey comes to: counts and shares, means and medians, two questions against one another, before and after.

Only valid answers count; of whom that is said beside each number. Nobody is drawn by lot at a booth: who answers does
so because they want to, and `CAVEAT` says it wherever a number stands.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import NamedTuple

import msgspec

from kiosk.packs import answering
from kiosk.packs.model import Text
from kiosk.packs.surveys import ANSWERED, Choice, Question, Survey

#: Fewer answers than this have no shares: one more person would move them by ten points.
LEAST = 10
CAVEAT = Text(
    "自愿填写，不能代表全体。",
    "Answered by whoever wanted to: these people do not stand for everybody.",
)
#: Bars of a question that is answered with numbers.
_BARS = 10
CLOSED = ("select_one", "select_multiple", "rating", "range")
_NUMBERS = ("integer", "decimal", "rating", "range")


class Given(NamedTuple):
    """What one person answered. A hundred thousand of them are read and counted while somebody waits."""

    journal: str
    desk: str
    channel: str
    phase: str  # "", "before" or "after" a quiz
    play: str
    is_valid: bool
    has_words: bool
    answers: str  # JSON as `strictjson` writes it: no value of it has a bracket or a quotation mark in it


class Told(msgspec.Struct, frozen=True):
    """What many people answered."""

    sums: Mapping[tuple[str, str, bool, bool], int]  # desk, channel, valid, something written → people
    answers: Sequence[str]  # of valid ones
    around: Sequence[Given]  # of the pair around a quiz, valid ones


def told(rows: Iterable[tuple[str, str, str, str, str, bool, bool, str]]) -> Told:
    """Rows as `Given` has its members."""
    sums: Counter[tuple[str, str, bool, bool]] = Counter()
    answers: list[str] = []
    around: list[Given] = []
    for row in rows:
        _journal, desk, channel, phase, _play, is_valid, has_words, text = row
        if not phase:
            sums[desk, channel, is_valid, has_words] += 1
            if is_valid:
                answers.append(text)
        elif is_valid:
            around.append(Given(*row))
    return Told(sums, answers, around)


class Bar(msgspec.Struct, frozen=True):
    label: Text
    n: int
    code: str = ""


class Part(msgspec.Struct, frozen=True):
    """Of a place or a way of answering."""

    key: str
    answered: int
    valid: int


class Outcome(msgspec.Struct, frozen=True):
    """What the answers to one question come to."""

    question: Question
    n: int  # people who answered it
    bars: list[Bar]
    mean: float | None = None
    median: float | None = None

    @property
    def is_number(self) -> bool:
        return self.question.kind in _NUMBERS

    def share(self, bar: Bar) -> float | None:
        return share(bar.n, self.n)

    @property
    def most(self) -> int:
        """The longest bar."""
        return max((bar.n for bar in self.bars), default=0)

    def sentence(self, lang: str) -> str:
        """For the summary."""
        label = self.question.label.in_(lang) if self.question.label else self.question.name
        if lang == "en":
            return f"“{label}”: {self.n} answered{self._said_en()}. {CAVEAT.en}"
        return f"“{label}”：{self.n} 人回答{self._said_zh()}。{CAVEAT.zh}"

    def _said_zh(self) -> str:
        if self.n < LEAST:
            return f"，不足 {LEAST} 人，不计算比例"
        if self.mean is not None:
            return f"，平均 {number(self.mean)}，中位数 {number(self.median)}"
        parts = [f"“{bar.label.zh}”{percent(bar.n, self.n)}（{bar.n} 人）" for bar in self._first()]
        return "，其中" + "、".join(parts) if parts else ""

    def _said_en(self) -> str:
        if self.n < LEAST:
            return f", fewer than {LEAST}, so there are no shares"
        if self.mean is not None:
            return f", mean {number(self.mean)}, median {number(self.median)}"
        parts = [f"“{bar.label.en}” {percent(bar.n, self.n)} ({bar.n})" for bar in self._first()]
        return ": " + ", ".join(parts) if parts else ""

    def _first(self) -> list[Bar]:
        return sorted((bar for bar in self.bars if bar.n), key=lambda bar: -bar.n)[:3]


class Pairs(msgspec.Struct, frozen=True):
    """One question before and after the quiz, of those who answered it both times."""

    question: Question
    n: int
    bars: list[tuple[Text, int, int]]  # label, before, after
    before: float | None = None  # means
    after: float | None = None


class Results(msgspec.Struct, frozen=True):
    """Everything one version of a survey comes to."""

    survey: Survey
    answered: int  # without the pair around a quiz
    valid: int
    with_words: int
    venues: list[Part]
    channels: list[Part]
    outcomes: list[Outcome]
    pairs: list[Pairs]

    @property
    def closed(self) -> list[Question]:
        """The questions that can be held against one another."""
        return [one.question for one in self.outcomes if choices_of(self.survey, one.question)]


class Cross(msgspec.Struct, frozen=True):
    """Two questions against one another."""

    down: Question
    across: Question
    rows: list[tuple[Text, int, list[int]]]  # label, people, of these each answer across
    columns: list[Text]
    n: int  # people who answered both


def share(n: int, of: int) -> float | None:
    """None where there are too few."""
    return n / of if of >= LEAST else None


def percent(n: int, of: int) -> str:
    found = share(n, of)
    return "—" if found is None else f"{found * 100:.1f}%"


def number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def choices_of(survey: Survey, question: Question) -> list[Choice]:
    """What can be counted one by one; [] of a question that is answered in words or any number."""
    if question.kind in ("select_one", "select_multiple"):
        return survey.choices(question)
    if question.kind in ("rating", "range"):
        return [Choice(one, Text(one, one)) for one in answering.stops(question.scale or answering.DEFAULT_SCALE)]
    return []


def results(survey: Survey, found: Told, venues: Mapping[str, str]) -> Results:
    """`venues`: desk → venue."""
    answered, counts = _counted(found.answers)
    by_venue: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    by_channel: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (desk, channel, is_valid, _), n in found.sums.items():
        for sums in (by_venue[venues.get(desk, "")], by_channel[channel]):
            sums[0] += n
            sums[1] += n * is_valid
    return Results(
        survey=survey,
        answered=sum(found.sums.values()),
        valid=len(found.answers),
        with_words=sum(n for (_, _, _, has_words), n in found.sums.items() if has_words),
        venues=_parts(by_venue),
        channels=_parts(by_channel),
        outcomes=[
            _outcome(survey, question, answered[question.name], counts[question.name])
            for question in survey.questions
            if question.kind in ANSWERED and question.kind != "text"
        ],
        pairs=_pairs(survey, found.around),
    )


def _counted(answers: Iterable[str]) -> tuple[Counter[str], defaultdict[str, Counter[str]]]:
    """(question → people, question → code → people). Of equal answers to a question one is read."""
    pieces = Counter(chain.from_iterable(text[2:-2].split('],"') for text in answers))
    answered: Counter[str] = Counter()
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for piece, n in pieces.items():
        name, _, values = piece.partition('":[')
        if not values:
            continue  # nothing at all was answered
        answered[name] += n
        for value in values[1:-1].split('","'):
            counts[name][value] += n
    return answered, counts


def names_in(answers: Iterable[str]) -> dict[str, list[str]]:
    """Question → codes, as they come in answers."""
    return {name: list(values) for name, values in _counted(answers)[1].items()}


def read(answers: str) -> dict[str, list[str]]:
    """Question → codes, number or date."""
    return _reader.decode(answers)


_reader = msgspec.json.Decoder(dict[str, list[str]])


def _parts(found: Mapping[str, Sequence[int]]) -> list[Part]:
    return sorted(
        (Part(key, sums[0], sums[1]) for key, sums in found.items()), key=lambda one: (-one.answered, one.key)
    )


def _outcome(survey: Survey, question: Question, n: int, counts: Mapping[str, int]) -> Outcome:
    choices = choices_of(survey, question)
    numbers = _numbers(counts) if question.kind in _NUMBERS else {}
    if choices:
        bars = [Bar(one.label, counts.get(one.code, 0), one.code) for one in choices]
    elif question.kind in _NUMBERS:
        bars = _classes(numbers)
    else:  # days
        bars = [Bar(Text(day, day), counts[day]) for day in sorted(counts)[:_BARS]]
    return Outcome(question, n, bars, _mean(numbers), _median(numbers))


def _numbers(counts: Mapping[str, int]) -> dict[Decimal, int]:
    found: dict[Decimal, int] = {}
    for words, n in counts.items():
        try:
            value = Decimal(words)
        except InvalidOperation:
            continue  # what no tablet of ours writes
        if value.is_finite() and abs(value) < 10**15:
            found[value] = found.get(value, 0) + n
    return found


def _classes(numbers: Mapping[Decimal, int]) -> list[Bar]:
    """Each number by itself, or where there are many in classes of one width."""
    if len(numbers) <= _BARS:
        return [Bar(Text(_plain(value), _plain(value)), numbers[value]) for value in sorted(numbers)]
    low, high = min(numbers), max(numbers)
    width = (high - low) / _BARS
    if all(value == value.to_integral_value() for value in numbers):
        width = (high - low + _BARS) // _BARS  # whole numbers in classes of whole numbers
    sums: Counter[int] = Counter()
    for value, n in numbers.items():
        sums[min(int((value - low) / width), _BARS - 1)] += n
    bars = []
    for place in range(max(sums) + 1):
        start = low + place * width
        label = f"{_plain(start)} – <{_plain(start + width)}"
        bars.append(Bar(Text(label, label), sums[place]))
    return bars


def _plain(value: Decimal) -> str:
    words = f"{value:.2f}"
    return words.rstrip("0").rstrip(".")


def _mean(numbers: Mapping[Decimal, int]) -> float | None:
    n = sum(numbers.values())
    return float(sum(value * count for value, count in numbers.items()) / n) if n else None


def _median(numbers: Mapping[Decimal, int]) -> float | None:
    n = sum(numbers.values())
    if not n:
        return None
    low, high = _at(numbers, (n - 1) // 2), _at(numbers, n // 2)
    return float((low + high) / 2)


def _at(numbers: Mapping[Decimal, int], place: int) -> Decimal:
    """The one at a place of all of them in order."""
    for value in sorted(numbers):
        place -= numbers[value]
        if place < 0:
            return value
    raise AssertionError


# --- two questions, two times ------------------------------------------------------------------------


def cross(survey: Survey, found: Told, down: Question, across: Question) -> Cross:
    """How those who gave an answer to the one question answered the other; of valid answers."""
    rows, columns = choices_of(survey, down), choices_of(survey, across)
    first, second = (re.compile(f'"{re.escape(one.name)}":\\["([^]]*)"\\]').search for one in (down, across))
    pieces = Counter(
        (one[1], other[1]) for text in found.answers if (one := first(text)) is not None and (other := second(text))
    )
    both: Counter[tuple[str, str]] = Counter()
    people: Counter[str] = Counter()
    for (lefts, tops), n in pieces.items():
        for left in lefts.split('","'):
            people[left] += n
            for top in tops.split('","'):
                both[left, top] += n
    return Cross(
        down,
        across,
        [(row.label, people[row.code], [both[row.code, column.code] for column in columns]) for row in rows],
        [column.label for column in columns],
        sum(pieces.values()),
    )


def _pairs(survey: Survey, around: Iterable[Given]) -> list[Pairs]:
    """Of each question those who answered it validly both before and after the same play."""
    phases: dict[str, dict[tuple[str, str], dict[str, list[str]]]] = {"before": {}, "after": {}}
    for one in around:
        phases[one.phase].setdefault((one.journal, one.play), read(one.answers))
    before, after = phases["before"], phases["after"]
    if not before and not after:
        return []
    found = []
    for question in survey.questions:
        choices = choices_of(survey, question)
        both = [
            (first[0], last[0])
            for play in before.keys() & after.keys()
            if (first := before[play].get(question.name)) and (last := after[play].get(question.name))
        ]
        firsts, lasts = Counter(one for one, _ in both), Counter(one for _, one in both)
        bars = [(choice.label, firsts[choice.code], lasts[choice.code]) for choice in choices]
        is_number = question.kind in _NUMBERS
        means = [_mean(_numbers(one)) if is_number else None for one in (firsts, lasts)]
        found.append(Pairs(question, len(both), bars, *means))
    return found
