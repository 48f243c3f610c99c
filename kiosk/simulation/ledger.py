"""The truth about a simulated fair, told by who made it up, to be compared with what a hub comes to."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kiosk.reports.figures import day_window, figures
from kiosk.reports.places import Places, visited_by
from kiosk.simulation.bundles import Sent
from kiosk.simulation.fleet import Booth, Fleet
from kiosk.simulation.journals import Written
from kiosk.simulation.moments import day_and_hour

FORMAT = "kiosk-ledger/1"


@dataclass
class Ledger:
    """Sums that grow with each tablet."""

    fleet: Fleet
    booths: list[dict[str, Any]] = field(default_factory=list)
    hours: dict[str, dict[int, Counter[str]]] = field(default_factory=dict)  # day → hour → metric → sum
    venues: dict[str, Counter[str]] = field(default_factory=dict)
    desks: dict[tuple[str, str, str], int] = field(default_factory=dict)  # day, desk, metric → sum
    kinds: Counter[str] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)

    def add(self, booth: Booth, journal: Written, sent: Sent) -> None:
        """One tablet's part."""
        metrics: Counter[str] = Counter()
        for (hour, metric), n in journal.truth.items():
            day, of_day = day_and_hour(hour)
            self.hours.setdefault(day, {}).setdefault(of_day, Counter())[metric] += n
            metrics[metric] += n
            place = (day, booth.desk.id, metric)
            self.desks[place] = self.desks.get(place, 0) + n
        self.venues.setdefault(booth.desk.venue, Counter()).update(metrics)
        self.kinds.update(journal.kinds)
        self.planted.update({name: n for name, n in msgspec.structs.asdict(sent).items() if name != "batches"})
        self.booths.append(
            {
                "file": f"{booth.name}.kiosk",
                "device": booth.certificate.device,
                "journal": booth.certificate.journal,
                "desk": booth.desk.id,
                "venue": booth.desk.venue,
                "clock": booth.clock,
                "facts": len(journal.lines),
                "head": journal.head.hex(),
                "kinds": _sorted(journal.kinds),
                "metrics": _sorted(metrics),
                "sealed": len(journal.blobs),
                **msgspec.structs.asdict(sent),
            }
        )

    def as_json(self) -> dict[str, Any]:
        """`figures`, `days` and `venues` are spelt as `kiosk hub figures --json` spells them."""
        fair, days = self.fleet.fair, sorted(self.hours)
        window = {"kind": "period", "from": days[0], "to": days[-1]}
        of_day = {day: _sum(self.hours[day].values()) for day in days}
        whole = _sum(of_day.values())
        return {
            "format": FORMAT,
            "fair": fair.id,
            "size": self.fleet.size.name,
            "seed": self.fleet.seed.number,
            "facts": sum(self.kinds.values()),
            "kinds": _sorted(self.kinds),
            "planted": _sorted(self.planted),
            "figures": _figures({**whole, **self._laid_over(None)}, window, {"kind": "fair", "id": fair.id}),
            "days": {
                day: _figures({**sums, **self._laid_over(day)}, day_window(day), {"kind": "fair", "id": fair.id})
                for day, sums in of_day.items()
            },
            "venues": {
                venue: _figures(sums, window, {"kind": "venue", "id": venue}) for venue, sums in self.venues.items()
            },
            "metrics": {
                "fair": _sorted(whole),
                "days": {day: _sorted(sums) for day, sums in of_day.items()},
                "hours": {
                    day: {f"{hour:02d}": _sorted(hours[hour]) for hour in sorted(hours)}
                    for day, hours in sorted(self.hours.items())
                },
                "venues": {venue: _sorted(sums) for venue, sums in self.venues.items()},
            },
            "booths": self.booths,
        }

    def _laid_over(self, day: str | None) -> dict[str, int]:
        """What a hub lays over the sums, of all days or of one: who was at work, and that nothing lacks.

        Nobody takes a shift here, and no case goes on.
        """
        wanted = {*visited_by(self.fleet.fair)}
        visited = [
            (on, desk)
            for (on, desk, metric), n in self.desks.items()
            if metric in wanted and n > 0 and day in (None, on)
        ]
        health = {"health.corrections": 0, **({} if day else {"health.unsent": 0, "health.forked": 0})}
        return {**Places(self.fleet.fair).at_work(visited), **health}

    def dump(self) -> bytes:
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1).encode() + b"\n"


def _figures(sums: Mapping[str, int], window: Mapping[str, str], scope: Mapping[str, str]) -> list[dict[str, Any]]:
    return [figure.as_json() for figure in figures(sums, window, scope)]


def _sum(parts: Iterable[Mapping[str, int]]) -> Counter[str]:
    whole: Counter[str] = Counter()
    for part in parts:
        for metric, n in part.items():
            whole[metric] += n
    return whole


def _sorted(sums: Mapping[str, int]) -> dict[str, int]:
    return {name: sums[name] for name in sorted(sums)}
