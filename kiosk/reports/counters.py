"""The counters of a desk, as its tablets, papers and the hub name and order them. Pure."""

from collections.abc import Sequence

import msgspec

from kiosk.facts.tallies import BOARD, CONSULTATION, HEADCOUNT, LEAFLET, LEFT, MATERIAL
from kiosk.packs.fairs import Desk, Entrance, Fair
from kiosk.packs.model import Text


class Counter(msgspec.Struct, frozen=True):
    """One counter of a desk."""

    id: str
    name: Text
    unit: Text
    steps: list[int]  # what its keys add, the main one first
    bundle: int = 0  # the step that is a whole bundle or box, if there is one

    @property
    def metric(self) -> str:
        return f"tally.{self.id}"


#: What a desk's tablet shows first, by its type: what only that desk counts, then what it counts most. Who comes and
#: goes stands last where it is counted by whoever has a hand free.
_ORDER = {
    "advice": ("consultation", "leaflet", "material", "headcount", "headout", "board"),
    "complaints": ("consultation", "leaflet", "headcount", "headout", "material", "board"),
    "exhibits": ("headcount", "leaflet", "headout", "material", "consultation", "board"),
    "quicktests": ("headcount", "leaflet", "material", "headout", "consultation", "board"),
    "lectures": ("headcount", "headout", "leaflet", "material", "consultation", "board"),
}


def counters_of(fair: Fair, desk: Desk | None = None) -> list[Counter]:
    """The counters of a desk, in the order it shows them; `desk` may be left out where the fair has but one."""
    if desk is None and len(fair.desks) == 1:
        desk = fair.desks[0]
    entrances = fair.venue(desk.venue).entrances if desk is not None else []
    found = [*_people(entrances), *_wares(fair), *_once()]
    order = _ORDER[desk.type if desk is not None else "exhibits"]
    return sorted(found, key=lambda one: order.index(one.id.partition(".")[0]))


def _people(entrances: Sequence[Entrance]) -> list[Counter]:
    """Who comes and who goes: by entrance, or together where nobody named any."""
    visits = Text("人次", "visits")
    if not entrances:
        return [
            Counter(HEADCOUNT, Text("进场群众", "Visitors in"), visits, [1, 5]),
            Counter(LEFT, Text("离场群众", "Visitors out"), visits, [1, 5]),
        ]
    return [
        *(Counter(f"{HEADCOUNT}.{one.id}", _at(one, "进场", "in"), visits, [1, 5]) for one in entrances),
        *(Counter(f"{LEFT}.{one.id}", _at(one, "离场", "out"), visits, [1, 5]) for one in entrances),
    ]


def _at(entrance: Entrance, zh: str, en: str) -> Text:
    return Text(f"{entrance.name.zh} {zh}", f"{entrance.name.en}: {en}")


def _wares(fair: Fair) -> list[Counter]:
    """What is handed out. A title in another language is a leaflet of its own, and its title says so."""
    copies = Text("份", "copies")
    return [
        *(Counter(LEAFLET + one.id, one.name, copies, *_by_bundle(one.bundle)) for one in fair.leaflets),
        *(Counter(MATERIAL + one.id, one.name, one.unit, *_by_bundle(one.bundle)) for one in fair.materials),
    ]


def _by_bundle(bundle: int) -> tuple[list[int], int]:
    return sorted({1, 10, bundle}), bundle


def _once() -> list[Counter]:
    return [
        Counter(CONSULTATION, Text("接受咨询", "Consultations"), Text("人次", "visits"), [1]),
        Counter(BOARD, Text("展板", "Display boards"), Text("块", "boards"), [1]),
    ]
