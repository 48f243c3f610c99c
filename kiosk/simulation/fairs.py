"""The made-up fair: its venues and desks, when it is open, and how much falls to which desk."""

from bisect import bisect
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from math import exp

import msgspec

from kiosk.packs.fairs import Desk, Fair, Leaflet, Organiser, Venue
from kiosk.packs.model import Text
from kiosk.simulation.dice import Dice, Seed
from kiosk.simulation.moments import HOUR, MINUTE, moment
from kiosk.simulation.sizes import Size

EVE, DAY = "2027-03-14", "2027-03-15"
_COUNTIES_ZH = [one + two for one in "云青白长双红金平龙清" for two in "山河石岭桥"]
_COUNTIES_EN = [
    one + two
    for one in ("Yun", "Qing", "Bai", "Chang", "Shuang", "Hong", "Jin", "Ping", "Long", "Qin")
    for two in ("shan", "he", "shi", "ling", "qiao")
]
_TYPES = (
    ("advice", "宣传咨询台", "Advice desk"),
    ("complaints", "投诉举报台", "Complaints desk"),
    ("exhibits", "假冒伪劣产品展示台", "Counterfeit exhibits"),
    ("quicktests", "食品快检演示台", "Food quick tests"),
    ("lectures", "识假辨假知识讲解台", "Spotting fakes, explained"),
)
LEAFLETS = (
    Leaflet("law", Text("消法手册", "Consumer law booklet"), 50),
    Leaflet("fakes", Text("识假折页", "Spot-the-fake leaflet"), 50),
    Leaflet("hotline", Text("12315服务卡", "12315 card"), 50),
)


class Opening(msgspec.Struct, frozen=True):
    """One stretch of a venue's opening hours, and how many of its visitors come in it."""

    begins: int
    ends: int
    weight: float


def _opening(begins: str, ends: str, weight: float) -> Opening:
    return Opening(moment(begins), moment(ends), weight)


#: Name and opening hours by the kind of place. The night market goes on past midnight.
_PLACES: tuple[tuple[Text, tuple[Opening, ...]], ...] = (
    (Text("人民广场", "People's Square"),
     (_opening(f"{DAY}T09:00", f"{DAY}T12:00", 3), _opening(f"{DAY}T13:30", f"{DAY}T16:30", 2))),
    (Text("丝路公园", "Silk Road Park"),
     (_opening(f"{EVE}T14:00", f"{EVE}T17:30", 2), _opening(f"{DAY}T09:00", f"{DAY}T13:00", 3))),
    (Text("步行街", "Pedestrian Street"),
     (_opening(f"{DAY}T09:30", f"{DAY}T13:30", 3), _opening(f"{DAY}T14:00", f"{DAY}T17:00", 2))),
    (Text("夜市", "Night Market"),
     (_opening(f"{EVE}T18:30", f"{DAY}T00:30", 3), _opening(f"{DAY}T09:30", f"{DAY}T12:30", 2))),
)  # fmt: skip


def openings(venue: int) -> tuple[Opening, ...]:
    """When the n-th venue is open, from 0."""
    return _PLACES[venue % len(_PLACES)][1]


def make_fair(size: Size, seed: Seed) -> Fair:
    """The fair. Its title says that nobody was there."""
    per_venue = size.booths // size.venues
    return Fair(
        id=f"sim-{size.name}-{seed.number}",
        title=Text("【模拟】2027年“3·15”国际消费者权益日宣传活动", "[Simulated] World Consumer Rights Day 2027"),
        theme=Text("提升消费品质", "Better quality in what we buy"),
        starts=EVE,
        ends=DAY,
        organiser=Organiser(Text("模拟市场监督管理局", "Made-up Market Regulator"), "12315 · 模拟市建设路1号"),
        venues=[_venue(number) for number in range(size.venues)],
        desks=[_desk(number, number // per_venue, number % per_venue) for number in range(size.booths)],
        leaflets=list(LEAFLETS),
    )


def _venue(number: int) -> Venue:
    county, place = divmod(number, len(_PLACES))
    name, _ = _PLACES[place]
    text = Text(f"{_COUNTIES_ZH[county]}县·{name.zh}", f"{_COUNTIES_EN[county]} County, {name.en}")
    return Venue(f"v{number + 1:03d}", text)


def _desk(number: int, venue: int, place: int) -> Desk:
    kind, zh, en = _TYPES[place % len(_TYPES)]
    return Desk(f"d{number + 1:04d}", f"v{venue + 1:03d}", kind, Text(zh, en))  # type: ignore[arg-type]


# --- what falls to which desk ---------------------------------------------------------------------


class Portion(msgspec.Struct, frozen=True):
    """How much of everything happens at one desk."""

    visitors: int
    leaflets: int
    consultations: int
    complaints: int
    boards: int
    plays: int
    judgements: int


#: By type of desk, how much of each falls to it; in the order of `Portion`.
_WEIGHTS = {
    "advice": (6, 4, 6, 1, 2, 2, 1),
    "complaints": (1, 1, 3, 12, 1, 2, 1),
    "exhibits": (2, 2, 1, 0.2, 3, 2, 4),
    "quicktests": (1, 1, 1, 0.2, 1, 2, 1),
    "lectures": (2, 2, 1, 0.2, 2, 3, 3),
}


def portions(size: Size, fair: Fair, dice: Dice) -> list[Portion]:
    """One for each desk, in order. Together they are exactly the size."""
    busy = {venue.id: exp(dice.gauss(0, 0.4)) for venue in fair.venues}
    here = [busy[desk.venue] * exp(dice.gauss(0, 0.15)) for desk in fair.desks]
    totals = (
        size.visitors, size.leaflets, size.consultations, size.complaints, size.boards, size.plays, size.judgements
    )  # fmt: skip
    columns = [
        split(total, [_WEIGHTS[desk.type][place] * much for desk, much in zip(fair.desks, here, strict=True)])
        for place, total in enumerate(totals)
    ]
    return [Portion(*row) for row in zip(*columns, strict=True)]


def split(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to the total: the largest remainders are rounded up."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    found = [int(one) for one in exact]
    order = sorted(range(len(weights)), key=lambda place: (found[place] - exact[place], place))
    for place in order[: total - sum(found)]:
        found[place] += 1
    return found


# --- when somebody comes --------------------------------------------------------------------------

_SLOT = 15 * MINUTE


class Hours:
    """The opening hours of one desk's venue, with the busy and the quiet quarters of an hour in them."""

    def __init__(self, of: Sequence[Opening], dice: Dice) -> None:
        self.openings = tuple(of)
        self._dice = dice
        self._slots = [
            (begins, (0.35 + _busy((begins - one.begins) / (one.ends - one.begins))) * exp(dice.gauss(0, 0.2)) * share)
            for one in of
            for share in [one.weight * _SLOT / (one.ends - one.begins)]
            for begins in range(one.begins, one.ends, _SLOT)
        ]

    @cached_property
    def _cumulated(self) -> list[float]:
        return list(accumulate(weight for _, weight in self._slots))

    def draw(self) -> int:
        """When somebody comes."""
        place = bisect(self._cumulated, self._dice.random() * self._cumulated[-1])
        return self._slots[min(place, len(self._slots) - 1)][0] + int(self._dice.random() * _SLOT)


def _busy(part: float) -> float:
    """The crowd after a part of an opening went by: slow to come, thick before the middle, thin at the end."""
    return 6 * float((part + 0.05) ** 1.1 * (1 - part) ** 1.4)


def sessions(of: Sequence[Opening]) -> list[tuple[int, int]]:
    """(first, last) moment a tablet is needed: openings less than three hours apart are one working day."""
    found: list[tuple[int, int]] = []
    for one in of:
        if found and one.begins - found[-1][1] < 3 * HOUR:
            found[-1] = (found[-1][0], one.ends)
        else:
            found.append((one.begins, one.ends))
    return found
