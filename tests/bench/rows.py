"""The table: its lines, what each was measured in, and the limits it is held against."""

import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tests.bench.stolen import Noise, Watch

#: Of each round what ours and the floor came to; only ours where there is no floor.
Rounds = list[tuple[float, ...]]
_HEAD = ("", "ours", "floor", "ratio", "limit", "", "spread", "stolen")


@dataclass(frozen=True)
class Row:
    """One line. What is held against a limit is the median of the rounds."""

    name: str
    unit: str
    rounds: Rounds
    limit: float | None = None  # on ours / floor
    alone: float | None = None  # on ours, in `unit`
    is_least: bool = False  # the limits are the least allowed, else the most
    noise: Noise | None = None  # None: as the watch beside the whole bench says
    fault: str = ""  # why there are no rounds

    @property
    def ours(self) -> float:
        return statistics.median(ours for ours, *_ in self.rounds)

    @property
    def ratios(self) -> list[float]:
        return [ours / floor for ours, *floors in self.rounds for floor in floors]

    @property
    def is_kept(self) -> bool:
        if self.fault:
            return False
        held = [(self.ours, self.alone)]
        if self.limit is not None:
            held.append((statistics.median(self.ratios), self.limit))
        return all(limit is None or (value >= limit if self.is_least else value <= limit) for value, limit in held)

    def columns(self) -> tuple[str, ...]:
        if self.fault:
            return (self.name, "", "", "", "", "FAIL", "", self.fault)
        floors = [floor for _, *floors in self.rounds for floor in floors]
        return (
            self.name,
            self._told(self.ours),
            self._told(statistics.median(floors)) if floors else "",
            f"{statistics.median(self.ratios):.2f}" if floors else "",
            self._limits(),
            "pass" if self.is_kept else "FAIL",
            f"{_spread(self.ratios if floors else [ours for ours, *_ in self.rounds]):.0%}",
            self._quiet(),
        )

    def reached(self) -> str:
        """As `docs/proof.md` says it: what is held against a limit, and what it was made of."""
        if self.fault:
            return f"missed: {self.fault}"
        _, ours, floor, ratio, *_ = self.columns()
        told = [f"{ratio} ({ours} beside {floor})"] if self.limit is not None else [ours]
        return ("" if self.is_kept else "missed: ") + ", ".join(told)

    def _limits(self) -> str:
        told = [f"{self.limit:g} ×"] if self.limit is not None else []
        told += [self._told(self.alone)] if self.alone is not None else []
        return ("≥ " if self.is_least else "≤ ") + ", ".join(told)

    def _told(self, value: float) -> str:
        return (f"{value:,.0f}" if value >= 1_000 else f"{value:.4g}") + f" {self.unit}"

    def _quiet(self) -> str:
        if self.noise is None or self.noise.stolen is None:
            return ""
        quietest = f", quietest of {self.noise.tries}" if self.noise.tries > 1 else ""
        return f"{self.noise.stolen:.0f} %{quietest}"


def _spread(values: list[float]) -> float:
    """From the lower to the upper quartile, as a part of the median."""
    lower, middle, upper = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return (upper - lower) / middle if middle else 0.0


def as_far_as_it_goes(name: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of a measurement; where it breaks off, a row that says so. The bench goes on with the next one."""
    try:
        yield from rows
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told, and the bench fails for it)
        traceback.print_exc(file=sys.stderr)
        said = " ".join(str(error).split())
        yield Row(f"{name}: broke off", "", [], fault=f"{type(error).__name__} {said}"[:100].strip())


def alternating(rounds: int, *measures: Callable[[], float]) -> Rounds:
    """Measure in turns, A B, B A, A B …, so that a slow minute of the machine falls on all alike."""
    found = []
    for number in range(rounds):
        order = list(enumerate(measures))
        values = {at: measure() for at, measure in (order if number % 2 == 0 else reversed(order))}
        found.append(tuple(values[at] for at in range(len(measures))))
    return found


def repeated(rounds: int, measure: Callable[[], float]) -> Rounds:
    """Measure what has no floor."""
    return alternating(rounds, measure)


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timing(work: Callable[[], object], unit: float = 1) -> Callable[[], float]:
    """Measures something again and again; `unit`: so many of them make a second."""
    return lambda: unit * timed(work)


def watched(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with what was stolen while they were measured; several of one measurement share it."""
    watch, last = Watch.start(), None
    for row in rows:
        found = watch.percent()
        last = last if found is None else found
        yield row if row.noise is not None else replace(row, noise=Noise(last))
        watch = Watch.start()


def table(rows: Iterable[Row]) -> str:
    lines = [_HEAD, *(row.columns() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def for_the_page(rows: Iterable[Row]) -> str:
    """Lines to be put into the table of `docs/proof.md`: a row's name, and what it reached."""
    return "\n".join(f"| `{row.name}` | {row.reached()} |" for row in rows)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    name, *others = cells
    told = (f"{text:>{width}}" for text, width in zip(others, widths[1:], strict=True))
    return "  ".join([f"{name:<{widths[0]}}", *told]).rstrip()
