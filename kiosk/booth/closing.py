"""Closing the day: a fact that says what the day came to, and the slip that names it as the journal's last.

The slip is drawn from the journal alone, so it is the same however often and wherever it is shown.
"""

import sqlite3
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import counting, days, outbox, prizes, shifts, staff, stock
from kiosk.booth.carrying import Carrier, blob_names
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft, Journal
from kiosk.clock import Clock
from kiosk.facts import envelope
from kiosk.facts.days import ALWAYS, HOUSEKEEPING, DayClosed
from kiosk.facts.envelope import Fact, day_and_hour
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.amounts import buckets
from kiosk.reports.counters import counters_of
from kiosk.sync import protocol, sequence
from kiosk.sync.protocol import Slip

views = Blueprint("closing", __name__)
views.before_request(staff.ask_for_pin)

#: What people call the kinds of facts a tablet records.
KINDS = {
    "tally.counted": Text("计数", "Counts"),
    "tally.undone": Text("撤销", "Taken back"),
    "tally.corrected": Text("更正计数", "Counts put right"),
    "survey.answered": Text("问卷", "Surveys"),
    "quiz.answered": Text("答题", "Answers"),
    "quiz.finished": Text("答完一轮", "Quizzes"),
    "prize.stocked": Text("奖品上台", "Prizes put out"),
    "prize.issued": Text("发券", "Vouchers"),
    "prize.redeemed": Text("兑奖", "Prizes given"),
    "prize.expired": Text("券过期", "Vouchers expired"),
    "lot.committed": Text("开始抽奖", "Draws begun"),
    "lot.entered": Text("抽奖号", "Lots"),
    "lot.closed": Text("抽奖截止", "Draws closed"),
    "lot.drawn": Text("开奖", "Draws"),
    "lot.passed": Text("不在场", "Absent"),
    "board.joined": Text("上榜", "Joined the board"),
    "exhibit.judged": Text("识假", "Exhibits judged"),
    "exhibit.searched": Text("找问题", "Searches"),
    "exhibit.viewed": Text("看展品", "Exhibits viewed"),
    "exhibit.approved": Text("展出自制展品", "Own exhibits put on show"),
    "exhibit.withdrawn": Text("撤下自制展品", "Own exhibits withdrawn"),
    "code.checked": Text("查号码", "Numbers checked"),
    "complaint.filed": Text("投诉举报登记", "Complaints and reports"),
    "complaint.evidence": Text("证据照片", "Photos of evidence"),
    "advice.asked": Text("留言提问", "Questions left"),
    "quicktest.recorded": Text("快检批次", "Quick tests"),
    "quicktest.voided": Text("快检作废", "Quick tests taken back"),
    "stock.opened": Text("开捆", "Bundles opened"),
    "stock.counted": Text("点库存", "Stock counted"),
    "shift.began": Text("签到", "Checked in"),
    "shift.ended": Text("签退", "Checked out"),
    "shift.handed": Text("交接班", "Hand-overs"),
    "shift.entered": Text("开锁", "Unlocked"),
    "shift.refused": Text("PIN 不对", "Wrong PINs"),
    "clock.compared": Text("对时", "Clock compared"),
    "day.closed": Text("收工", "Closings"),
}


def certificate_trouble(here: Booth) -> str:
    """Why the hub would put aside what is recorded here, or "".

    The certificate is "expired", or "narrow": it does not name all that this program records.
    """
    certificate = here.enrolled.certificate
    if days.now(here).moment > datetime.fromisoformat(certificate.not_after):
        return "expired"
    return "narrow" if KINDS.keys() - ALWAYS - set(certificate.kinds) else ""


# --- closing --------------------------------------------------------------------------------------


def close_day(journal: Journal, clock: Clock, by: str, fact_id: str) -> Fact:
    """Write down what the day came to. Where nothing was recorded since the last time, that is the closing.

    Whoever is still here leaves with it, in facts of their own before it.
    """
    today, _ = day_and_hour(clock.now())
    if journal.fact(fact_id) is None:
        shifts.end_all(journal, by)

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        query = "SELECT line FROM facts WHERE id = ? OR (kind = 'day.closed' AND seq = (SELECT max(seq) FROM facts))"
        for (line,) in connection.execute(query, (fact_id,)):
            fact = envelope.decode(line)
            if fact.id == fact_id or fact.body["day"] == today:
                return fact
        return Draft(fact_id, _day_so_far(connection, today), by)

    return journal.append_made(make)


def _day_so_far(connection: sqlite3.Connection, day: str) -> DayClosed:
    of_day = "FROM facts WHERE substr(at, 1, 10) = ?"
    first = connection.execute(f"SELECT coalesce(min(seq), 0) {of_day}", (day,)).fetchone()[0]
    last = connection.execute("SELECT coalesce(max(seq), 0) FROM facts").fetchone()[0]
    counts = connection.execute(f"SELECT kind, count(*) {of_day} GROUP BY kind ORDER BY kind", (day,))
    return DayClosed(day=day, first=first, last=last, counts=dict(counts.fetchall()))


class DaySlip(msgspec.Struct, frozen=True):
    """The slip of a closing."""

    slip: Slip
    document: bytes  # signed
    day_counts: dict[str, int]  # kind → facts of the day before it was closed

    @property
    def code(self) -> str:
        """What is read out and typed."""
        return protocol.slip_code(bytes.fromhex(self.slip.hash))

    @property
    def text(self) -> str:
        """What stands in its QR code."""
        return sequence.write_document(sequence.SLIP, self.document)

    def as_json(self) -> dict[str, Any]:
        told = msgspec.to_builtins(self.slip)
        return {**told, "today": self.day_counts, "code": self.code, "text": self.text}


def slip_of(carrier: Carrier, closing: Fact) -> DaySlip:
    """The slip that names a closing as the journal's last fact."""
    certificate = carrier.certificate
    with carrier.journal.reading() as connection:
        query = "SELECT kind, count(*) FROM facts WHERE seq <= ? GROUP BY kind ORDER BY kind"
        counts = dict(connection.execute(query, (closing.seq,)).fetchall())
    slip = Slip(
        journal=certificate.journal,
        device=certificate.device,
        hub=certificate.hub,
        fair=certificate.fair,
        desk=certificate.desk,
        day=closing.body["day"],
        first=closing.body["first"] or closing.seq,
        last=closing.seq,
        hash=carrier.journal.hash_at(closing.seq).hex(),
        counts=counts,
        at=closing.at,
    )
    return DaySlip(slip, protocol.sign_document(slip, carrier.key), closing.body["counts"])


def last_slip(carrier: Carrier) -> bytes:
    """The signed slip of the last closing, to travel with what it speaks of; empty before the first."""
    closing = None if carrier.journal.trouble else carrier.journal.newest("day.closed")
    return slip_of(carrier, closing).document if closing else b""


# --- the page -------------------------------------------------------------------------------------


class Amount(msgspec.Struct, frozen=True):
    """One line of the slip."""

    name: Text
    n: int
    unit: Text
    corrected: int = 0  # of these, put right afterwards


class Check(msgspec.Struct, frozen=True):
    """One thing to be done before the day is closed. None of them stops anybody."""

    name: Text
    lacks: list[Text]  # what is missing, in plain words; [] where all is well
    way: str  # where it is done; ""
    go: Text  # the word on the way there


class ClosePage(msgspec.Struct, frozen=True):
    day: str
    closed: DaySlip | None  # today's, if it was closed
    closed_at: str  # "17:02"
    amounts: list[Amount]  # today's figures of this tablet
    kinds: list[tuple[Text, int]]  # today's facts
    head: int  # facts of the journal now
    since: int  # facts that count, recorded after the closing
    fact_id: str  # for the next closing
    facts_unsent: int
    blobs_unsent: int
    receipted: int  # the hub has signed for facts up to here
    checks: list[Check]

    @property
    def lacking(self) -> int:
        return sum(bool(check.lacks) for check in self.checks)


@views.get("/staff/close")
def close_form() -> Response:
    here = booth()
    return web.page("booth/closing/close.html", page=_page(here), unsent=here.journal.unsent())


@views.post("/staff/close")
def close() -> Response:
    form = web.read_form("id")
    fact_id = web.read_id(form, "id")
    here = booth()
    volunteer = staff.signed_in().volunteer
    there = {one.volunteer for one in shifts.present(here)}
    close_day(here.journal, here.clock, volunteer, fact_id)
    for one in there:
        counting.end_for(one)
    return web.see_other("closing.close_form")


def _page(here: Booth) -> ClosePage:
    journal = here.journal
    today, _ = day_and_hour(here.clock.now())
    closing = journal.newest("day.closed")
    closing = closing if closing is not None and closing.body["day"] == today else None
    closed = slip_of(Carrier.of(journal, outbox.load_key(here.config.data)), closing) if closing else None
    head, receipted = journal.head()[0], journal.receipted()
    with journal.reading() as connection:
        counts = closed.day_counts if closed else _day_so_far(connection, today).counts
    after = _after(journal, closing.seq) if closing else []
    return ClosePage(
        day=today,
        closed=closed,
        closed_at=closing.at[11:16] if closing else "",
        amounts=_amounts(here.enrolled.fair, _totals_before(journal.day_totals(today), after, today)),
        kinds=[(KINDS.get(kind, Text(kind, kind)), n) for kind, n in _in_order(counts)],
        head=head,
        since=sum(fact.kind not in HOUSEKEEPING for fact in after),
        fact_id=new_id(),
        facts_unsent=head - receipted,
        blobs_unsent=len(blob_names(journal, unsent_only=True)),
        receipted=receipted,
        checks=_checks(here),
    )


def _checks(here: Booth) -> list[Check]:
    """What the day still lacks, beside what has not been sent."""
    return [_stock_check(here), _shift_check(here), _form_check(here), *_prize_check(here)]


def _stock_check(here: Booth) -> Check:
    lacks = []
    for one in stock.accounts(here):
        name = one.item.name
        if one.is_missing and one.left is None:
            lacks.append(Text(f"{name.zh} 没有点", f"{name.en} not counted"))
        elif one.since:
            lacks.append(Text(f"{name.zh} 点完又开过，要再点", f"{name.en} opened after the count"))
        elif one.more:
            lacks.append(Text(f"{name.zh} 点完又发过，要再点", f"{name.en} handed out after the count"))
        elif one.is_missing:
            apart = abs(one.apart)
            lacks.append(Text(f"{name.zh} 差 {apart} 份，要再点", f"{name.en} differs by {apart}: count again"))
    return Check(Text("库存", "Stock"), lacks, "/staff/stock", Text("去点", "Count"))


def _shift_check(here: Booth) -> Check:
    there = shifts.present(here)
    names = "、".join(one.name for one in there[:4]) + (" 等" if len(there) > 4 else "")
    told = Text(
        f"{names}（{len(there)} 人）没有签退，收工时一起签退",
        f"{len(there)} not checked out: {names}. Closing does it",
    )
    return Check(Text("签退", "Checking out"), [told] if there else [], "/staff/shift", Text("去看", "Look"))


def _form_check(here: Booth) -> Check:
    n = shifts.half_filled(here)
    told = Text(f"{n} 份没填完，过了今天就没有了", f"{n} half filled in; gone after today")
    way = "/staff/complaint/resume"
    return Check(Text("投诉登记", "Complaints"), [told] if n else [], way, Text("接着填", "Go on"))


def _prize_check(here: Booth) -> list[Check]:
    """Given out as vouchers were brought: what is open, and what nobody put on the desk in writing."""
    if not here.enrolled.fair.prizes:
        return []
    with here.journal.reading() as connection:
        accounts = [prizes.account(connection, prize) for prize in here.enrolled.fair.prizes]
    lacks = []
    for one in accounts:
        name = one.prize.name
        if one.open:
            lacks.append(Text(f"{name.zh} {one.open} 张券没兑，过了今天作废", f"{name.en}: {one.open} vouchers open"))
        if one.issued and one.stocked is None:
            lacks.append(Text(f"{name.zh} 没有记放上几份", f"{name.en}: stock never counted"))
        elif one.stocked is not None and one.redeemed > one.stocked:
            more = one.redeemed - one.stocked
            lacks.append(Text(f"{name.zh} 多发了 {more} 份", f"{name.en}: {more} more given than there were"))
    return [Check(Text("奖品", "Prizes"), lacks, "/staff/prizes", Text("去对", "Check"))]


def _in_order(counts: dict[str, int]) -> list[tuple[str, int]]:
    known = list(KINDS)
    return sorted(counts.items(), key=lambda one: known.index(one[0]) if one[0] in known else len(known))


def _after(journal: Journal, seq: int) -> list[Fact]:
    return [envelope.decode(line) for line in journal.lines(seq + 1, journal.head()[0] - seq)]


def _totals_before(totals: dict[str, int], after: list[Fact], day: str) -> dict[str, int]:
    """The day's totals without what was recorded after it was closed: what the slip speaks of."""
    left = Counter(totals)
    for fact in after:
        left.subtract({metric: n for (of_day, _, _, metric), n in buckets(fact).items() if of_day == day})
    return left


#: What not every desk does: a line only where there was any.
_SOMETIMES = (
    ("survey.answered", Text("问卷", "Surveys"), Text("份", "filled in")),
    ("quicktest.batches", Text("食品快检", "Quick tests of food"), Text("批次", "batches")),
    ("quicktest.pending", Text("其中待复检", "Of these waiting for a laboratory"), Text("批次", "batches")),
)


def _amounts(fair: Fair, totals: dict[str, int]) -> list[Amount]:
    people, times = Text("人次", "visits"), Text("次", "times")
    lines = [
        Amount(one.name, totals.get(one.metric, 0), one.unit, totals.get(f"corrected.{one.metric}", 0))
        for one in counters_of(fair)
    ]
    return [
        *lines,
        Amount(Text("投诉登记", "Complaints"), totals.get("complaint.filed", 0), Text("件", "filed")),
        Amount(Text("举报登记", "Reports"), totals.get("report.filed", 0), Text("件", "filed")),
        Amount(Text("知识问答", "Quizzes"), totals.get("quiz.finished", 0), people),
        Amount(Text("识假体验", "Exhibits judged"), totals.get("exhibit.judged", 0), times),
        *(Amount(name, totals[metric], unit) for metric, name, unit in _SOMETIMES if totals.get(metric, 0) > 0),
    ]
