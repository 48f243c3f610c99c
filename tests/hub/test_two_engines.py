"""One fold, two engines: whatever happens, in whatever order it comes, both databases say of every figure what plain
Python says of the facts that count.

Which facts count is worked out here from what was done, not read from the hub: every card a tablet's file was ever on,
what of it was handed over and when, and what persons decided.
"""

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.advice import AdviceAnswered, AdviceAsked
from kiosk.facts.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseCalledBack,
    CaseClassified,
    CaseClosed,
    CaseEnded,
    CaseEnforced,
    CaseMerged,
    CaseReceived,
    CaseRefused,
    CaseReopened,
    CaseSupplementAsked,
    CaseTestingBegun,
    CaseTestingEnded,
    CaseTold,
    CaseTransferred,
)
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.codes import CodeChecked
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.duty import DutyCalled, DutyUndone, ExposureClosed, ExposureListed, ExposureReopened
from kiosk.facts.envelope import Fact
from kiosk.facts.figures import DESK, FigureTyped, RecordListed, RecordStruck
from kiosk.facts.galleries import ExhibitJudged, ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.facts.papers import SheetCounted
from kiosk.facts.prizes import PrizeExpired, PrizeIssued, PrizeRedeemed, PrizeStocked
from kiosk.facts.quicktests import QuicktestRecorded, QuicktestReleased, QuicktestVoided, Screened
from kiosk.facts.quizzes import QuizFinished
from kiosk.facts.shifts import ShiftBegan, ShiftEnded
from kiosk.facts.stock import StockCounted, StockOpened
from kiosk.facts.surveys import SurveyAnswered
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import blobs, decisions, devices, fairs, intake, journal, ledger, retention
from kiosk.hub.context import Hub
from kiosk.hub.decisions import Named
from kiosk.hub.fairs import figures_by_desk, figures_by_venue, figures_of
from kiosk.hub.tables import devices as devices_table
from kiosk.hub.tables import facts
from kiosk.packs.fairs import Fair, OwnFigure
from kiosk.packs.model import Text
from kiosk.reports.amounts import amounts
from kiosk.reports.catalogue import CATALOGUE
from kiosk.reports.figures import Figure
from kiosk.reports.records import LISTS
from tests.hub.reference import Reference
from tests.hub.tablets import PERSON, Tablet, a_note_of_no_time, a_tablet, law, poison
from tests.makers import a_fact, a_fair, a_filing, an_answer, an_id
from tests.proof import figure, share

# --- what may happen ------------------------------------------------------------------------------

DAYS = ("2027-03-14", "2027-03-15", "2027-03-16")
DESKS = ("d01", "d02", "d06")
CASES = [f"7KQ2-M0ZR{number}" for number in range(10)]
_days, _hours, _flags = st.sampled_from(DAYS), st.integers(0, 23), st.booleans()
_small, _verdicts = st.integers(1, 9), st.sampled_from(["pass", "fail", "invalid"])
_counters = st.sampled_from(
    ["headcount", "headcount.east", "headout", "leaflet.law", "material.bag", "board", "consultation"]
)
_items = st.sampled_from(["leaflet.law", "leaflet.fakes", "material.bag"])
_ids = st.integers(1, 9).map(an_id)  # so few that facts speak of each other
_exhibits, _questions, _prizes = st.sampled_from(["e01", "e02"]), st.sampled_from(["q001", "q002"]), st.just("bag")
_volunteers, _sources = st.sampled_from(["li", "wang"]), st.sampled_from(["brought", "chosen", "sampled"])
_cases = st.sampled_from(CASES[:6])
_matters = st.sampled_from(["complaint", "complaint", "report"])
_fen = st.sampled_from([0, 1, 12_850, 10**9])
_moments = st.one_of(
    st.builds("{}T{:02d}:{:02d}:59.999+08:00".format, _days, _hours, st.integers(0, 59)),
    st.sampled_from(["2019-12-31T23:59:59.999+08:00", "2031-01-01T00:00:00.000+08:00"]),  # a clock nobody set
)
_blobs = st.just("ab" * 32)

#: What a tablet may write that is in a figure, or decides of which day it is.
TABLET: dict[type[Body], st.SearchStrategy[Body]] = {
    TallyCounted: st.builds(TallyCounted, counter=_counters, n=st.integers(1, 1000)),
    TallyUndone: st.builds(TallyUndone, undoes=_ids, counter=_counters, n=_small),
    TallyCorrected: st.builds(TallyCorrected, counter=_counters, n=st.sampled_from([-7, -1, 2]), day=_days, hour=_hours,
                              reason=st.just("重数"), second=st.just("")),
    type(an_answer()): st.builds(an_answer, question=_questions, right=_flags, helped=_flags, session=_ids,
                                 lang=st.sampled_from(["zh", "en"])),
    QuizFinished: st.builds(QuizFinished, session=_ids, questions=st.just(5), right=st.just(4), passed=_flags,
                            pass_mark=st.just(4)),
    PrizeStocked: st.builds(PrizeStocked, prize=_prizes, n=st.integers(-3, 9)),
    PrizeIssued: st.builds(PrizeIssued, prize=_prizes, session=_ids, code=st.just("7KQ2-M0ZR")),
    PrizeRedeemed: st.builds(PrizeRedeemed, prize=_prizes, voucher=_ids, hand=_ids),
    PrizeExpired: st.builds(PrizeExpired, prize=_prizes, voucher=_ids),
    StockOpened: st.builds(StockOpened, item=_items, n=st.sampled_from([-50, 100]), bundles=st.just(1)),
    StockCounted: st.builds(StockCounted, item=_items, opened=st.just(100), before=st.sampled_from([None, 40]),
                            left=st.integers(0, 60), given=st.just(55), reason=st.just("")),
    SurveyAnswered: st.builds(
        SurveyAnswered, survey=st.just("fair-satisfaction"), version=st.sampled_from(["1", "2"]),
        answers=st.sampled_from([{"overall": ["5"], "clear": ["3"]}, {"overall": ["4"]}, {}]), asked=st.just(3),
        ms=st.just(9_000), valid=_flags, lang=st.sampled_from(["zh", "en"]), large=_flags,
        channel=st.sampled_from(["booth", "assisted"]), phase=st.sampled_from(["", "", "before", "after"]),
        play=st.just(""), blob=st.just(""), size=st.just(0),
    ),
    QuicktestRecorded: st.builds(
        QuicktestRecorded, batch=st.just("D04-0315-7K-007"), sample=st.just("韭菜"), place=st.just(""),
        made_on=st.just(""), source=_sources, lot=st.just(""), agency=st.just(""), tester=st.just("li"),
        tests=st.lists(st.builds(Screened, item=st.just("农残"), method=st.just(""), value=st.just(""),
                                 limit=st.just(""), result=_verdicts), min_size=1, max_size=3),
    ),
    QuicktestVoided: st.builds(QuicktestVoided, batch=st.just("D04-0315-7K-007"), fact=_ids, items=_small,
                               verdict=st.sampled_from(["pass", "invalid"]), source=_sources,
                               reason=st.just("样品混了")),
    ExhibitJudged: st.builds(ExhibitJudged, session=_ids, exhibit=_exhibits, right=_flags),
    ExhibitViewed: st.builds(ExhibitViewed, session=_ids, exhibit=_exhibits, ms=st.just(4_000), first=_flags),
    ExhibitSearched: st.builds(ExhibitSearched, session=_ids, exhibit=_exhibits, found=st.just(["r1"]),
                               missed=st.sampled_from([[], ["r2"]]), hints=st.just(0), false=st.just(0),
                               strays=st.just({})),
    CodeChecked: st.builds(CodeChecked, session=_ids, kind=st.just("barcode"), form=st.just("holds"),
                           check=st.sampled_from(["holds", "fails"])),
    ComplaintFiled: st.builds(a_filing, case=_cases, blob=_blobs, matter=_matters,
                              channel=st.sampled_from(["volunteer", "paper"]),
                              standing=st.sampled_from(["window", "pre"])),
    AdviceAsked: st.builds(AdviceAsked, number=_cases, blob=_blobs, size=st.just(700), channel=st.just("visitor")),
    ShiftBegan: st.builds(ShiftBegan, volunteer=_volunteers),
    ShiftEnded: st.builds(ShiftEnded, volunteer=_volunteers, began=_ids, how=st.just("left"), until=st.just("")),
    ClockCompared: st.builds(
        ClockCompared, rtt_ms=st.just(40), hub_at=st.builds("{}T{:02d}:30:00.000+08:00".format, _days, _hours)
    ),
}  # fmt: skip

#: What the hub writes itself, or a person at it.
HUB: dict[type[Body], st.SearchStrategy[Body]] = {
    TallyCorrected: TABLET[TallyCorrected],
    ComplaintFiled: st.builds(a_filing, case=_cases, blob=_blobs, matter=_matters, channel=st.just("phone"),
                              standing=st.sampled_from(["window", "pre"])),
    SurveyAnswered: TABLET[SurveyAnswered],
    ShiftEnded: st.builds(ShiftEnded, volunteer=_volunteers, began=_ids, how=st.just("afterwards"),
                          until=st.one_of(st.just(""), st.builds("{}T18:00:00.000+08:00".format, _days))),
    SheetCounted: st.builds(SheetCounted, number=_small, counter=_counters, n=_small, day=_days, hour=_hours),
    QuicktestReleased: st.builds(QuicktestReleased, batch=st.just("D04-0315-7K-007"), journal=_ids, fact=_ids,
                                 outcome=st.sampled_from(["confirmed", "cleared", "withdrawn"]), items=_small,
                                 source=_sources, reason=st.just("实验室报告"), day=_days, hour=_hours),
    AdviceAnswered: st.builds(AdviceAnswered, number=_cases, answer=st.just("可以退"), question=st.just(""),
                              again=_flags),
    DutyCalled: st.builds(DutyCalled, kind=st.sampled_from(["advice", "complaint", "report"]), topic=st.just("food")),
    DutyUndone: st.builds(DutyUndone, undoes=_ids, kind=st.just("report"), topic=st.just("")),
    ExposureListed: st.builds(ExposureListed, number=_small, title=st.just("辣条"), source=st.just("晚会")),
    ExposureClosed: st.builds(ExposureClosed, number=_small, result=st.sampled_from(["concerned", "not_concerned"]),
                              note=st.just("")),
    ExposureReopened: st.builds(ExposureReopened, number=_small, result=st.just("concerned")),
    CaseReceived: st.builds(CaseReceived, case=_cases),
    CaseAssigned: st.builds(CaseAssigned, case=_cases, unit=st.just("xinhua"), handler=st.just("")),
    CaseAccepted: st.builds(CaseAccepted, case=_cases),
    CaseRefused: st.builds(CaseRefused, case=_cases, reasons=st.just(["papers"])),
    CaseSupplementAsked: st.builds(CaseSupplementAsked, case=_cases, items=st.just(["grounds"]), days=st.just(5)),
    CaseTransferred: st.builds(CaseTransferred, case=_cases, recipient=st.just("邻县局"), road=st.just("platform")),
    CaseTestingBegun: st.builds(CaseTestingBegun, case=_cases),
    CaseTestingEnded: st.builds(CaseTestingEnded, case=_cases),
    CaseEnded: st.builds(CaseEnded, case=_cases, matter=_matters, reasons=st.just([]), recovered=_fen, doubled=_fen,
                         outcome=st.sampled_from(["mediated", "settled", "withdrawn", "handled"]), on_site=_flags),
    CaseTold: st.builds(CaseTold, case=_cases, road=st.just("phone")),
    CaseClosed: st.builds(CaseClosed, case=_cases, matter=_matters),
    CaseCalledBack: st.builds(CaseCalledBack, case=_cases, reached=st.just(True),
                              level=st.one_of(st.none(), st.integers(1, 4))),
    CaseReopened: st.builds(CaseReopened, case=_cases, matter=_matters, reason=st.just("mistake"),
                            outcome=st.sampled_from(["mediated", "refused", ""]), recovered=_fen, doubled=_fen,
                            on_site=_flags, closed=_flags, merged=_flags, level=st.integers(0, 4)),
    CaseClassified: st.builds(CaseClassified, case=_cases, version=st.just("2026.1"),
                              goods=st.sampled_from(["food", ""]), service=st.just(""),
                              grievances=st.sampled_from([["quality", "price"], ["fakes"], []])),
    CaseEnforced: st.builds(CaseEnforced, case=_cases, fine=st.sampled_from([None, 50_000]),
                            before=st.sampled_from([None, 30_000])),
    CaseMerged: st.builds(CaseMerged, case=_cases, matter=_matters, into=st.just(CASES[0])),
}  # fmt: skip

_TYPED = st.tuples(
    st.sampled_from([one.key for one in CATALOGUE if one.typed] + ["own.tea"]),
    st.sampled_from(["day", "period", "year"]), _days, st.sampled_from(["", "xinhua"]),
    st.sampled_from([None, 0, 7, 350, 10**14]),
)  # fmt: skip


@st.composite
def a_record(draw: st.DrawFn) -> RecordListed:
    """A line of any list, as a form would make it, or as none would."""
    form = LISTS[draw(st.sampled_from(sorted(LISTS)))]
    name = draw(st.sampled_from(["棉被", "𠮷野家", "棉 被", "=1+1"]))
    keys = draw(st.lists(st.sampled_from(form.keys), unique=True)) if form.keys else []
    numbers = st.dictionaries(st.sampled_from(form.amounts), st.integers(0, 10**6), max_size=4)
    return RecordListed(
        list=form.id, title=name, texts=dict.fromkeys(keys, name), keys=keys,
        amounts=draw(numbers) if form.amounts else {}, source="清单", unit="", host="", joint=False, blob="",
        day=draw(_days), hour=9,
    )  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What stands in a line, and why it may not count: "", "elsewhere" (a person may say it does all the same), or
    "unreadable".
    """

    thing: Fact | bytes
    flaw: str = ""


_FACTS = st.builds(
    a_fact, st.one_of(list(TABLET.values())), id=_ids, at=_moments, boot=st.sampled_from(["0000315a", "0000315b"]),
    mono=st.integers(0, 100_000_000),
)  # fmt: skip
_ENTRIES = st.one_of(
    *[_FACTS.map(Entry)] * 6,
    _FACTS.map(lambda fact: Entry(msgspec.structs.replace(fact, desk="d11"), "elsewhere")),
    poison.map(lambda line: Entry(line, "unreadable")),
    _FACTS.map(lambda fact: Entry(msgspec.structs.replace(fact, kind="prize.given"), "unreadable")),
    _FACTS.map(lambda fact: Entry(msgspec.structs.replace(fact, body={"surprise": 1}), "unreadable")),
    st.just(Entry(a_note_of_no_time(), "unreadable")),
)


def test_every_kind_that_adds_to_a_figure_is_tried():
    ours = (body for body in amounts.registry if body.__module__.startswith("kiosk.facts."))
    feeding = {body for body in ours if issubclass(body, Body) and body is not Body}
    shapes = {*TABLET, *HUB, FigureTyped, RecordListed, RecordStruck}
    assert feeding <= shapes
    tried = {kind for kind in REGISTRY.names() if REGISTRY.shape_of(kind) in shapes}
    named = {kind for one in CATALOGUE for kind in one.sources}
    named -= {"day.closed", "statement.sent"}  # of tablets that told more than is here, of units that are late
    assert named <= tried, named - tried


# --- what was done ----------------------------------------------------------------------------------


@dataclass
class File:
    """A tablet's journal, on however many cards it came to be, and all that decides what of it counts."""

    cards: list[Tablet]
    entries: dict[bytes, Entry] = field(default_factory=dict)  # by line
    came: dict[bytes, bool] = field(default_factory=dict)  # by hash: whether it came after the certificate ran out
    verdicts: dict[bytes, str] = field(default_factory=dict)  # by hash: "kept" or "lost", of branches
    said: dict[tuple[int, bytes], str] = field(default_factory=dict)  # "released" or "dismissed", of facts
    cutoff: int | None = None
    settled: list[bytes] = field(default_factory=list)  # the run of a withdrawn tablet, by hash

    @property
    def desk(self) -> str:
        return self.cards[0].certificate.desk

    def run(self) -> tuple[list[tuple[bytes, bytes]], bool]:
        """(hash, line) of what is counted one after the other once all of it is here, and whether it forks there."""
        following: dict[bytes, dict[bytes, bytes]] = {}
        for card in self.cards:
            digest = card.root
            for line in card.lines:
                after = envelope.chain(digest, line)
                following.setdefault(digest, {})[after] = line
                digest = after
        found: list[tuple[bytes, bytes]] = []
        digest = self.cards[0].root
        while next_ones := following.get(digest):
            if len(found) < len(self.settled):
                left = [self.settled[len(found)]]
            else:
                left = [one for one in next_ones if self.verdicts.get(one) != "lost"]
                if len(left) != 1 or (len(next_ones) > 1 and self.verdicts.get(left[0]) != "kept"):
                    return found, True
            digest = left[0]
            found.append((digest, next_ones[digest]))
        return found, False

    def counting(self) -> list[Fact]:
        """The facts that count, in order."""
        return [
            msgspec.structs.replace(self.entries[line].thing, seq=seq)
            for seq, (digest, line) in enumerate(self.run()[0], 1)
            if self._counts(seq, digest, self.entries[line])
        ]

    def _counts(self, seq: int, digest: bytes, entry: Entry) -> bool:
        is_out = entry.flaw == "elsewhere" or (self.cutoff is not None and seq > self.cutoff) or self.came[digest]
        verdict = self.said.get((seq, digest))
        return entry.flaw != "unreadable" and verdict != "dismissed" and (not is_out or verdict == "released")


class World:
    """A hub with a fair of its own for each example, its tablets, and people who decide."""

    def __init__(self, hub: Hub, draw: Any) -> None:
        self.hub, self.draw = hub, draw
        tea = OwnFigure("tea", Text("姜茶", "Tea"), "杯", Text("发出的杯数。", "Cups given."), "reach", "sum")
        self.fair: Fair = a_fair(id=f"f{secrets.token_hex(6)}", own_figures=[tea])
        with hub.store.begin() as tx:
            fairs.add_fair(tx, self.fair)
        self.files = [File([a_tablet(hub, desk, self.fair.id)]) for desk in DESKS]
        self.filed: set[str] = set()
        self.typed: dict[tuple[str, str, str, str], int | None] = {}
        self.listed: list[Fact] = []

    # --- at tablets ---

    def record(self) -> None:
        file, entry = self._file(), self.draw(_ENTRIES)
        if not self._is_new(entry.thing):
            return
        if isinstance(entry.thing, Fact) and entry.thing.desk == "d01":
            entry = Entry(msgspec.structs.replace(entry.thing, desk=file.desk), entry.flaw)
        self._write(file, self._pick(file.cards), entry)

    def many_answers(self) -> None:
        """Enough of one question to rank it."""
        file, n = self._file(), self.draw(st.integers(28, 34))
        for number in range(n):
            fact = a_fact(
                an_answer(right=number % 3 == 0, session=an_id(100 + number)), desk=file.desk, id=an_id(100 + number)
            )
            self._write(file, file.cards[0], Entry(fact))

    def clone(self) -> None:
        """The file is put back from a copy, and goes on."""
        file = self._file()
        other = self._pick(file.cards).clone()
        del other.lines[self.draw(st.integers(0, len(other.lines))) :]
        self._write(file, other, Entry(a_fact(id=secrets.token_hex(16), desk=file.desk)))
        file.cards.append(other)

    def _file(self) -> File:
        return self._pick(self.files)

    def _pick(self, some: Sequence[Any]) -> Any:
        """Drawn by its place, so that what a failure prints can be read."""
        return some[self.draw(st.integers(0, len(some) - 1))]

    def _is_new(self, thing: Fact | bytes) -> bool:
        """A case is filed once: its number is drawn by chance, and no two are the same."""
        if not isinstance(thing, Fact) or thing.kind != "complaint.filed":
            return True
        is_new = thing.body.get("case") not in self.filed
        self.filed.add(str(thing.body.get("case")))
        return is_new

    def _write(self, file: File, card: Tablet, entry: Entry) -> None:
        if isinstance(entry.thing, Fact) and entry.thing.body.get("blob"):
            entry = Entry(_named_anew(entry.thing), entry.flaw)
        file.entries[card.record(entry.thing).lines[-1]] = entry

    # --- on the way ---

    def deliver_some(self) -> None:
        """A stretch of a card, whatever came before it."""
        file = self._file()
        card = self._pick(file.cards)
        first = self.draw(st.integers(1, len(card.lines) + 1))
        self._deliver(file, card, first, self.draw(st.integers(0, len(card.lines) + 1 - first)))

    def deliver_late(self) -> None:
        """After the certificate ran out."""
        file = self._file()
        card = self._pick(file.cards)
        self._deliver(file, card, 1, len(card.lines), is_late=True)

    def deliver_all(self, file: File) -> None:
        for place in self.draw(st.permutations(range(len(file.cards)))):
            self._deliver(file, file.cards[place], 1, len(file.cards[place].lines))

    def _deliver(self, file: File, card: Tablet, first: int, count: int, *, is_late: bool = False) -> None:
        at = self.hub.clock.now() + timedelta(days=3_650 if is_late else 0)
        with self.hub.store.begin() as tx:
            intake.receive(tx, card.batch(first, count), self.hub.id, at)
        for seq in range(first, first + count):
            file.came.setdefault(card.hash_at(seq), is_late)

    # --- what persons decide ---

    def choose(self) -> None:
        """Between branches of a journal, where any part."""
        file = self._file()
        self.deliver_all(file)
        heads = sorted({tuple(card.hash_at(seq) for seq in range(1, len(card.lines) + 1)) for card in file.cards})
        pairs = [(a, b) for a, b in itertools.combinations(heads, 2) if a[: len(b)] != b[: len(a)]]
        if not pairs:
            return
        a, b = self._pick(pairs)
        seq = next(at for at, (one, other) in enumerate(zip(a, b, strict=False), 1) if one != other)
        kept, lost = self._pick([(a[seq - 1], b[seq - 1]), (b[seq - 1], a[seq - 1])])
        others = [one[seq - 1] for one in heads if len(one) >= seq and one[: seq - 1] == a[: seq - 1]]
        lost = sorted({lost, *others} - {kept})
        with self.hub.store.begin() as tx:
            decisions.choose(tx, self.hub, self._device(tx, file), seq, kept, lost, "另一张卡是旧备份", PERSON)
        file.verdicts.update({**dict.fromkeys(lost, "lost"), kept: "kept"})
        if file.cutoff is not None:
            file.settled = file.settled[: seq - 1]
            file.settled = [digest for digest, _ in file.run()[0]][: file.cutoff]

    def withdraw(self) -> None:
        file = self._file()
        if file.cutoff is not None:
            return
        self.deliver_all(file)
        with self.hub.store.begin() as tx:
            device = self._device(tx, file)
            cutoff = self.draw(st.integers(0, devices.counted(tx, device)))
            devices.revoke(tx, self.hub, device.device, "丢失", PERSON, cutoff)
        file.cutoff, file.settled = cutoff, [digest for digest, _ in file.run()[0]][:cutoff]

    def replace_or_reinstate(self) -> None:
        """A tablet that broke, and works again: what it holds counts either way."""
        file, act = self._file(), self._pick([devices.replace, lambda *told: devices.reinstate(*told[:3], told[4])])
        with suppress(Problem), self.hub.store.begin() as tx:
            act(tx, self.hub, self._device(tx, file).device, "摔坏了", PERSON)

    def release_or_dismiss(self) -> None:
        """A fact of which the hub knows; what cannot be decided is refused, and nothing was."""
        file = self._file()
        run, _ = file.run()
        known = [(seq, digest) for seq, (digest, _) in enumerate(run, 1) if digest in file.came]
        if not known:
            return
        place = self._pick(known)
        verdict, act = self._pick([("released", decisions.release), ("dismissed", decisions.dismiss)])
        with suppress(Problem), self.hub.store.begin() as tx:
            act(tx, self.hub, self._device(tx, file), [Named(*place)], "已核对", PERSON)
            file.said[place] = verdict

    def _device(self, tx: Any, file: File) -> Any:
        return tx.execute(select(devices_table).where(devices_table.c.journal == file.cards[0].journal)).one()

    # --- in the office ---

    def write(self) -> None:
        body = self.draw(st.one_of(list(HUB.values())))
        fact = a_fact(body)
        if isinstance(body, ComplaintFiled):  # what came to the hub itself came with its content
            content = secrets.token_bytes(40)
            body = msgspec.structs.replace(body, blob=hashlib.sha256(content).hexdigest())
            with self.hub.store.begin() as tx:
                blobs.keep(tx, content, self.hub.clock.now())
        if self._is_new(fact):
            self._append(body, self.draw(st.sampled_from([*DESKS, DESK])))

    def type_a_figure(self) -> None:
        key, window, day, unit, n = self.draw(_TYPED)
        place = (key, window, day if window == "day" else self.fair.starts, unit)
        body = FigureTyped(figure=key, window=window, n=n, before=self.typed.get(place), source="回执", unit=unit,
                           blob="", day=place[2], hour=0)  # fmt: skip
        self.typed[place] = n
        self._append(body, DESK)

    def list_or_strike(self) -> None:
        if self.listed and self.draw(st.booleans()):
            record = self.listed.pop(self.draw(st.integers(0, len(self.listed) - 1)))
            told = {name: record.body[name] for name in ("list", "texts", "keys", "amounts", "day", "hour")}
            self._append(RecordStruck(record=record.id, reason="填了两遍", **told), DESK)
        else:
            self.listed.append(self._append(self.draw(a_record()), DESK))

    def erase(self) -> None:
        """Somebody asked for their record to be deleted: it leaves the figures as they are."""
        with self.hub.store.begin() as tx:
            retention.erase_case(tx, self.hub, self.fair.id, self.draw(_cases), PERSON, self.hub.clock.now())

    def rebuild(self) -> None:
        with self.hub.store.reading() as tx:
            own = journal.own_journal(tx, self.fair.id)
        ledger.rebuild_some(self.hub, [own, *(file.cards[0].journal for file in self.files)])

    def _append(self, body: Body, desk: str) -> Fact:
        with self.hub.store.begin() as tx:
            return journal.append(tx, self.fair.id, body, desk=desk, by=PERSON, now=self.hub.clock.now(), mono=1,
                                  fact_id=self.draw(st.sampled_from(["", "", an_id(3)])))  # fmt: skip

    # --- what is said of it ---

    def reference(self) -> Reference:
        with self.hub.store.reading() as tx:
            own = journal.own_journal(tx, self.fair.id)
            query = select(facts.c.line).where(facts.c.journal == own).order_by(facts.c.seq)
            office = [envelope.decode(bytes(line)) for line in tx.execute(query).scalars()]
        forked = sum(file.run()[1] and file.cutoff is None for file in self.files)
        return Reference(self.fair, office, [file.counting() for file in self.files], forked=forked)

    def compare(self) -> None:
        """Once everything was handed over: every figure, of every window and place."""
        for file in self.files:
            self.deliver_all(file)
        self.hub.answers.fold(self.fair)
        ours = self.reference()
        with self.hub.store.reading() as tx:
            for day, window in [(None, "period"), (None, "year"), *((day, "period") for day in (*DAYS, "2031-01-01"))]:
                same(figures_of(tx, self.fair, day, window=window), ours.figures(day, window))
            some = ("d01", "d11", DESK)
            same(figures_of(tx, self.fair, desks=some), ours.figures(kind="desks", places=some))
            by_desk, by_venue = figures_by_desk(tx, self.fair), figures_by_venue(tx, self.fair)
            for desk in (*DESKS, "d11"):
                same(by_desk[desk], ours.figures(kind="desk", places=[desk]), "scope", "most_present")
            for venue in ("v1", "v2"):
                desks = [desk.id for desk in self.fair.desks if desk.venue == venue]
                same(by_venue[venue], ours.figures(kind="venue", places=desks), "scope", "most_present")


def _named_anew(fact: Fact) -> Fact:
    """Sealed content is called after its bytes: no two have one name."""
    return msgspec.structs.replace(fact, body={**fact.body, "blob": secrets.token_hex(32)})


def same(found: list[Figure], expected: dict[str, Figure], *but: str) -> None:
    for one in found:
        other = expected[one.key]
        if one.key in but:
            continue
        if "scope" in but:
            other = msgspec.structs.replace(other, scope=one.scope)
        assert one == other
    assert [one.key for one in found] == list(expected)


#: What may be done, and how often beside the others.
_DEEDS = (
    *["record"] * 12, *["write"] * 8, *["type_a_figure"] * 3, *["list_or_strike"] * 3, *["deliver_some"] * 4,
    "deliver_late", "many_answers", *["clone"] * 2, *["choose"] * 2, *["withdraw"] * 3,
    "replace_or_reinstate", *["release_or_dismiss"] * 3, "erase",
    "rebuild",
)  # fmt: skip
#: Deeds that are tried, and after which the two must say the same.
TRIED = share(1_000, 4)


def test_whatever_happens_both_databases_say_what_plain_python_says(hub):
    tried = settings(law, max_examples=TRIED)(given(data=st.data())(one_fair))
    tried(hub=hub)
    figure("fairs of which both engines said the same", TRIED)
    assert ledger.verify(hub) == []


def one_fair(hub: Hub, data: st.DataObject) -> None:
    world = World(hub, data.draw)
    deeds = data.draw(st.lists(st.sampled_from(_DEEDS), min_size=5, max_size=40))
    for deed in deeds:
        getattr(world, deed)()
    world.compare()
    world.rebuild()
    world.compare()
