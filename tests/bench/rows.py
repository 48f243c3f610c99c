"""One line of the table: what was measured in turns, and the limit it is held against."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    unit: str
    rounds: list[tuple[float, ...]]  # ours, floor
    limit: float
    is_least: bool = False  # the limit is the least allowed, else the most
    is_ratio: bool = True  # the limit is on ours / floor, else on ours alone
    stolen: float | None = None  # of the processors by the machine's host, while it was measured, per cent
    tries: int = 1  # it is the quietest of so many

    @property
    def ratios(self) -> list[float]:
        return [ours / floor for ours, floor in self.rounds]

    @property
    def is_kept(self) -> bool:
        value = statistics.median(self.ratios if self.is_ratio else [ours for ours, _ in self.rounds])
        return value >= self.limit if self.is_least else value <= self.limit

    def columns(self) -> tuple[str, ...]:
        ours, floor = (statistics.median(column) for column in zip(*self.rounds, strict=True))
        middle = statistics.median(self.ratios)
        lower, _, upper = statistics.quantiles(self.ratios, n=4) if len(self.ratios) > 1 else (middle,) * 3
        spread = (upper - lower) / middle
        limit = f"{'≥' if self.is_least else '≤'} {self.limit:g}" + (" ×" if self.is_ratio else f" {self.unit}")
        verdict = "pass" if self.is_kept else "FAIL"
        shown = (f"{ours:,.4g} {self.unit}", f"{floor:,.4g} {self.unit}", f"{middle:.2f}")
        return self.name, *shown, limit, verdict, f"{spread:.0%}", self._quiet()

    def _quiet(self) -> str:
        if self.stolen is None:
            return ""
        quietest = f", quietest of {self.tries}" if self.tries > 1 else ""
        return f"{self.stolen:.0f} %{quietest}"
