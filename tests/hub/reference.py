"""Every figure of a fair from its facts alone, in plain Python: what both databases have to say.

Nothing is read from a table of the hub. Which facts count is handed in; whoever does must know it by other means.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from kiosk.errors import Problem
from kiosk.facts import clocks
from kiosk.facts.cases import Step
from kiosk.facts.clocks import Clocks
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.envelope import Fact
from kiosk.facts.lives import State
from kiosk.facts.shifts import ShiftBegan, ShiftEnded
from kiosk.facts.tallies import TallyCorrected
from kiosk.facts.vocabulary import REGISTRY
from kiosk.packs.fairs import Fair
from kiosk.reports import catalogue, courses, crowds, deadlines, shifts
from kiosk.reports.amounts import Bucket, fold
from kiosk.reports.crowds import Flow
from kiosk.reports.figures import Figure, day_window, figures, period_window, totals_by_metric, year_window
from kiosk.reports.handling import Moments
from kiosk.reports.items import SUMS, Item, least_known
from kiosk.reports.places import Places, visited_by
from kiosk.reports.shifts import Presence
from kiosk.reports.sums import Plays, Sums
from kiosk.workdays import Calendar


class Said(msgspec.Struct, frozen=True):
    """A fact that counts, as it is read."""

    fact: Fact
    body: Any
    clocks: Clocks
    is_office: bool

    @property
    def day(self) -> str:
        return self.clocks.day_and_hour(self.fact.boot, self.fact.at, self.fact.mono)[0]


class Reference:
    """What the facts of a fair come to. `office`: those of the hub's own journal; `others`: of each tablet's."""

    def __init__(
        self, fair: Fair, office: Sequence[Fact], others: Sequence[Sequence[Fact]], *, forked: int = 0
    ) -> None:
        self.fair, self.forked = fair, forked
        self.buckets: Counter[Bucket] = Counter()
        for journal in (office, *others):
            self.buckets.update(fold(journal))
        self._others = [_read(journal, is_office=False) for journal in others]
        self.said = [one for journal in self._others for one in journal] + _read(office, is_office=True)

    def figures(
        self, day: str | None = None, window: str = "period", kind: str = "fair", places: Collection[str] | None = None
    ) -> dict[str, Figure]:
        """By key; of the whole fair, or of some desks. `kind`: as it stands in the scope."""
        of_place = {bucket: n for bucket, n in self.buckets.items() if places is None or bucket[2] in places}
        sums = totals_by_metric({bucket: n for bucket, n in of_place.items() if day in (None, bucket[0])})
        scope = {"kind": kind, "id": self.fair.id}
        definitions = catalogue.definitions(self.fair)
        if window == "year":
            found = figures(sums, year_window(self.fair), scope, definitions)
        else:
            frame = day_window(day) if day else period_window(self.fair, self.days())
            found = figures({**sums, **self._laid_over(day, places)}, frame, scope, definitions)
        return {one.key: one for one in found}

    def days(self) -> tuple[str, str] | None:
        """What was said of a period or a year is of no day."""
        aside = ("typed.period.", "typed.year.", "said.period.", "said.year.")
        days = [day for day, _hour, _desk, metric in self.buckets if not metric.startswith(aside)]
        return (min(days), max(days)) if days else None

    # --- what is no sum of facts ----------------------------------------------------------------------

    def _laid_over(self, day: str | None, places: Collection[str] | None) -> Mapping[str, int]:
        laid = {**self._shifts(day, places), **self._at_work(day, places), **self._lives(day, places)}
        if places is None:
            laid |= crowds.peaks(self._flows(day))
            laid["health.corrections"] = sum(
                isinstance(one.body, TallyCorrected) and day in (None, one.body.day) for one in self.said
            )
        if places is None and day is None:
            laid |= {"health.unsent": 0, "health.forked": self.forked, **self._least_known()}
        return laid

    def _at_work(self, day: str | None, places: Collection[str] | None) -> Mapping[str, int]:
        wanted, by_desk = set(visited_by(self.fair)), Counter[tuple[str, str, str]]()
        for (on, _hour, desk, metric), n in self.buckets.items():
            if metric in wanted and day in (None, on) and (places is None or desk in places):
                by_desk[on, desk, metric] += n
        return Places(self.fair).at_work((on, desk) for (on, desk, _), n in by_desk.items() if n > 0)

    def _flows(self, day: str | None) -> Iterator[Flow]:
        venues = {desk.id: desk.venue for desk in self.fair.desks}
        for (on, hour, desk, metric), n in self.buckets.items():
            if metric in crowds.METRICS and desk in venues and day in (None, on):
                yield Flow(venues[desk], on, hour, metric, n)

    def _shifts(self, day: str | None, places: Collection[str] | None) -> Mapping[str, int]:
        began = [one for one in self.said if isinstance(one.body, ShiftBegan)]
        presences = [self._presence(one) for one in began if places is None or one.fact.desk in places]
        return shifts.sums(shifts.service(one for one in presences if day in (None, one.day)))

    def _presence(self, one: Said) -> Presence:
        ends = [
            end for end in self.said
            if isinstance(end.body, ShiftEnded) and end.body.began == one.fact.id
            and end.body.volunteer == one.body.volunteer and (end.is_office or end.clocks is one.clocks)
        ]  # fmt: skip
        began = one.clocks.moment(one.fact.boot, one.fact.at, one.fact.mono)
        for end in ends:  # the tablet's own word stands before the hub's
            if end.body.until:
                ended = clocks.seconds(end.body.until)
            elif end.fact.boot == one.fact.boot:
                ended = began + (end.fact.mono - one.fact.mono) // 1000
            else:
                ended = one.clocks.moment(end.fact.boot, end.fact.at, end.fact.mono)
            if 0 <= ended - began <= shifts.LONGEST:
                return Presence(one.body.volunteer, one.day, began, ended)
        return Presence(one.body.volunteer, one.day, began, None)

    def _lives(self, day: str | None, places: Collection[str] | None) -> Mapping[str, int]:
        states: dict[str, State] = defaultdict(State)
        for one in self.said:
            if one.is_office and isinstance(one.body, Step):
                states[one.body.case] = _after(states[one.body.case], one)
        filed = {one.body.case: one for one in self.said if isinstance(one.body, ComplaintFiled)}
        lives = []
        for case, state in states.items():
            if state == State():
                continue
            known = filed.get(case)
            if places is None or (known is not None and known.fact.desk in places):
                as_filed = state.filed(known.body.standing, known.day) if known else state
                lives.append((as_filed, known.fact.at if known else ""))

        def last_day(begun: Any) -> Any:
            return deadlines.last_day("mediate", begun, Calendar([])).day

        found = courses.sums([state for state, _ in lives], last_day, day)
        if day is None:
            found |= courses.medians(Moments.of(state, at) for state, at in lives)
        return found

    def _least_known(self) -> Mapping[str, int]:
        sums = Sums()
        for journal in self._others:
            plays: Plays = {}
            for one in journal:
                sums.add(one.body, plays)
        answered, right = Counter[str](), Counter[str]()
        for (_pack, question, *_how), row in sums.questions.items():
            answered[question] += row[SUMS.index("n")]
            right[question] += row[SUMS.index("correct")]
        items = [Item(question, n=n, correct=right[question]) for question, n in answered.items()]
        return {f"items.worst.{one.id}": round(one.correct * 10_000 / one.n) for one in least_known(items)}


def _read(journal: Sequence[Fact], *, is_office: bool) -> list[Said]:
    dates = clocks.read(journal)
    return [Said(fact, REGISTRY.read(fact), dates, is_office) for fact in journal]


def _after(before: State, one: Said) -> State:
    try:
        return before.after(one.body, one.fact.at)
    except Problem:
        return before
