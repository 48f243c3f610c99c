"""What people see of a fake, and what they take for real: rates of each exhibit and of each marked place on it. Pure.

Nothing is ranked on fewer than `LEAST` tries, as with the questions.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kiosk.reports.items import LEAST, Item, ranked

#: Every sum kept of an exhibit, by name: the first of the whole exhibit, the last three of a region of it.
LOOKS = ("viewed", "visits", "judged", "right", "searched", "hints", "astray", "found", "missed", "strays")


class Exhibit(msgspec.Struct, frozen=True):
    """What was done with one exhibit."""

    id: str
    viewed: int = 0  # visits that looked at it for three seconds or more
    visits: int = 0  # of these, those that looked at it first
    judged: Item = Item("")  # how often the fake was told from the genuine one
    searched: int = 0
    hints: int = 0
    astray: int = 0  # touches where nothing is wrong
    regions: Sequence[Item] = ()  # how often each was found, of the searches that ended
    strays: Mapping[str, int] = {}  # region → those of `astray` that came down beside it; older tablets do not tell

    @property
    def is_touched(self) -> bool:
        return bool(self.viewed or self.judged.n or self.searched)


def exhibits(rows: Iterable[tuple[str, str, Sequence[int]]]) -> list[Exhibit]:
    """(exhibit, region or "", sums in the order of `LOOKS`) → the exhibits, by id; of each its regions, by id."""
    whole: dict[str, dict[str, int]] = {}
    regions: dict[str, list[Item]] = {}
    strays: dict[str, dict[str, int]] = {}
    for exhibit, region, numbers in sorted(rows):
        told = dict(zip(LOOKS, numbers, strict=True))
        if region:
            found = Item(region, n=told["found"] + told["missed"], correct=told["found"])
            regions.setdefault(exhibit, []).append(found)
            strays.setdefault(exhibit, {})[region] = told["strays"]
        else:
            whole[exhibit] = told
    ids = sorted({*whole, *regions})
    return [_exhibit(one, whole.get(one, {}), regions.get(one, ()), strays.get(one, {})) for one in ids]


def _exhibit(name: str, told: dict[str, int], regions: Sequence[Item], strays: Mapping[str, int]) -> Exhibit:
    return Exhibit(
        id=name,
        viewed=told.get("viewed", 0),
        visits=told.get("visits", 0),
        judged=Item(name, n=told.get("judged", 0), correct=told.get("right", 0)),
        searched=told.get("searched", 0),
        hints=told.get("hints", 0),
        astray=told.get("astray", 0),
        regions=regions,
        strays=strays,
    )


def most_taken_for_real(some: Iterable[Exhibit], most: int = 5) -> list[Item]:
    """The fakes that were told from the genuine ones least often; none on fewer than `LEAST` judgements."""
    judged = ranked(one.judged for one in some if one.judged.correct < one.judged.n)
    return [one for one in judged if one.is_ranked][:most]


def least_found(some: Iterable[Exhibit], most: int = 5) -> list[tuple[Exhibit, Item]]:
    """The marked places that were found least often; none on fewer than `LEAST` searches."""
    places = [(one, region) for one in some for region in one.regions if region.is_ranked]
    return sorted(places, key=lambda pair: (pair[1].rate, -pair[1].n, pair[0].id, pair[1].id))[:most]


def sentence(some: Sequence[Exhibit], name: str, language: str) -> str:
    """What was measured, in one sentence for a summary; `name` is of the fake most often taken for real.

    Fewer than `LEAST` judgements are told as numbers, not as a rate.
    """
    judged, right = sum(one.judged.n for one in some), sum(one.judged.correct for one in some)
    if not judged:
        return "No exhibit has been judged yet." if language == "en" else "还没有人辨别展品。"
    viewed, told = sum(one.viewed for one in some), right / judged
    if judged < LEAST:  # a percentage of so few would say more than is known
        if language == "en":
            return f"Exhibits were looked at {viewed:,} times; of {judged:,} judgements {right:,} told the fake."
        return f"展品被观看 {viewed:,} 次，辨别 {judged:,} 次，其中 {right:,} 次认出假货。"
    worst = most_taken_for_real(some, 1)
    mistaken = 1 - (worst[0].rate or 0) if worst else 0.0
    if language == "en":
        first = f"Exhibits were looked at {viewed:,} times; of {judged:,} judgements {told:.1%} told the fake."
        return first + (f" Most often taken for real: {name}, by {mistaken:.1%}." if worst else "")
    first = f"展品被观看 {viewed:,} 次，辨别 {judged:,} 次，认出假货的占 {told:.1%}。"
    return first + (f"最常被当成真货的是“{name}”，{mistaken:.1%} 的人认错。" if worst else "")
