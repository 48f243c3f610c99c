"""Whether everything is here, in one sentence a person can read out; and the words that go with it. Pure."""

from collections.abc import Sequence

import msgspec

from kiosk.facts.clocks import TOLERANCE
from kiosk.packs.model import Text

_NAMED = 3  # places that are named in the sentence; the rest are summed up
_SHOWN = 4  # gaps that are written out


class Lack(msgspec.Struct, frozen=True):
    """A tablet some of whose facts are not here."""

    place: Text
    n: int


class Standing(msgspec.Struct, frozen=True):
    """What is known of all tablets of a fair."""

    tablets: int
    facts: int  # held without a gap
    lacks: Sequence[Lack] = ()
    forked: int = 0  # tablets whose journal is known in two versions
    differing: int = 0  # tablets whose day slip says otherwise
    never: int = 0  # tablets that were enrolled and never heard of
    silent: int = 0  # tablets not heard of now that did not close either
    blobs: int = 0  # sealed complaints that facts name and the hub lacks
    slips: int = 0  # day slips that agree
    quarantined: int = 0  # facts that are here and cannot be used
    bare: int = 0  # desks without a tablet

    @property
    def missing(self) -> int:
        return sum(lack.n for lack in self.lacks)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is known to be missing, and everybody was heard."""
        worries = (self.missing, self.forked, self.differing, self.never, self.silent, self.blobs)
        return self.tablets > 0 and not any(worries)

    @property
    def is_all(self) -> bool:
        """Whether that goes for every desk: one without a tablet has told nothing."""
        return self.is_whole and not self.bare


def sentence(standing: Standing, language: str) -> str:
    """One line for the whole fair, in "zh" or "en": complete, or exactly what is missing."""
    return _english(standing) if language == "en" else _chinese(standing)


def _chinese(here: Standing) -> str:
    if not here.tablets:
        return "还没有平板登记。"
    if here.is_whole:
        start = f"全部到齐：{here.tablets:,} 台平板、{here.facts:,} 条记录，无缺口、无分叉"
        if not here.is_all:
            start = f"{here.tablets:,} 台平板的记录到齐：{here.facts:,} 条，无缺口、无分叉"
        notes = (
            (here.slips, "日结单全部一致" if here.slips == here.tablets else f"日结单收到 {here.slips:,} 张，都一致"),
            (here.quarantined, f"其中 {here.quarantined:,} 条用不上，已留存待处理"),
            (here.bare, f"{here.bare:,} 个服务台还没登记平板"),
        )
        return "；".join([start, *(note for n, note in notes if n)]) + "。"
    start = f"还差 {here.missing:,} 条：" if here.missing else "还不能算到齐："
    named = [f"{lack.place.zh} 缺 {lack.n:,} 条" for lack in _worst(here)]
    rest = here.lacks[_NAMED:] and f"另 {len(here.lacks) - _NAMED:,} 台缺 {here.missing - _told(here):,} 条"
    parts = ["、".join([*named, rest] if rest else named)] if named else []
    worries = (
        (here.forked, f"{here.forked:,} 台分叉"),
        (here.differing, f"{here.differing:,} 张日结单不一致"),
        (here.never, f"{here.never:,} 台登记后没有联系过"),
        (here.silent, f"{here.silent:,} 台无声"),
        (here.blobs, f"{here.blobs:,} 份加密内容没到"),
    )
    return start + "；".join([*parts, *(words for n, words in worries if n)]) + "。"


def _english(here: Standing) -> str:
    if not here.tablets:
        return "No tablet is enrolled yet."
    if here.is_whole:
        start = f"All is here: {_some(here.tablets, 'tablet')}, {_some(here.facts, 'fact')}, no gap, no fork"
        if not here.is_all:
            start = f"Here from {_some(here.tablets, 'tablet')}: {_some(here.facts, 'fact')}, no gap, no fork"
        notes = (
            (here.slips, "all day slips agree" if here.slips == here.tablets
             else f"{_some(here.slips, 'day slip')} received, without a difference"),
            (here.quarantined, f"{here.quarantined:,} of them cannot be used and wait for somebody"),
            (here.bare, f"{_some(here.bare, 'desk')} with no tablet enrolled yet"),
        )  # fmt: skip
        return "; ".join([start, *(note for n, note in notes if n)]) + "."
    start = f"{_some(here.missing, 'fact')} still missing: " if here.missing else "Not complete yet: "
    named = [f"{lack.place.en} lacks {lack.n:,}" for lack in _worst(here)]
    rest = here.lacks[_NAMED:] and f"{len(here.lacks) - _NAMED:,} more lack {here.missing - _told(here):,}"
    parts = [", ".join([*named, rest] if rest else named)] if named else []
    worries = (
        (here.forked, f"{here.forked:,} forked"),
        (here.differing, f"{_some(here.differing, 'day slip')} with other facts"),
        (here.never, f"{here.never:,} never heard of since enrolling"),
        (here.silent, f"{here.silent:,} silent"),
        (here.blobs, f"{_some(here.blobs, 'sealed complaint')} not arrived"),
    )
    return start + "; ".join([*parts, *(words for n, words in worries if n)]) + "."


def _worst(here: Standing) -> list[Lack]:
    return sorted(here.lacks, key=lambda lack: -lack.n)[:_NAMED]


def _told(here: Standing) -> int:
    return sum(lack.n for lack in _worst(here))


def _some(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


# --- words of a row -------------------------------------------------------------------------------


def stretches(gaps: Sequence[tuple[int, int]], language: str) -> str:
    """Gaps as (first, last), e.g. `101–120、133`. Of many the first few."""
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in gaps[:_SHOWN]]
    if language == "en":
        return ", ".join(shown) + (f" and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else "")
    return "、".join(shown) + (f"等 {len(gaps)} 段" if len(gaps) > _SHOWN else "")


def clock(skew_ms: int | None, language: str) -> str:
    """How a tablet's clock goes, e.g. `慢 1 天 2 小时`; empty where nobody need care. `skew_ms`: hub's less its own."""
    if skew_ms is None or abs(skew_ms) < TOLERANCE * 1000:
        return ""
    minutes = abs(skew_ms) // 60_000
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = ("days", "hours", "minutes") if language == "en" else ("天", "小时", "分钟")
    parts = [
        f"{n} {unit[:-1] if n == 1 and language == 'en' else unit}"
        for n, unit in zip((days, hours, minutes), units, strict=True)
        if n
    ][:2]
    if language == "en":
        return f"{' '.join(parts)} {'slow' if skew_ms > 0 else 'fast'}"
    return f"{'慢' if skew_ms > 0 else '快'} {' '.join(parts)}"
