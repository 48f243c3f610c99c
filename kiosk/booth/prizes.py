"""Prizes: a voucher for a play, redeemed once and at the tablet that issued it, and the ledger of both.

How many a tablet may issue stands in the fair as the hub signed it for this desk; a volunteer may lower it to what
lies there. A voucher is a fact, and so is its end: both ids follow from the play, so neither can happen twice.

Its QR code is signed by the tablet. Its short code is a number of 35 bits: of a thousand open vouchers one in 30
million guesses hits one, each guess needs a volunteer's PIN, and who has that PIN needs no voucher. So wrong codes
cost nothing: a limit would stop only the volunteer with a queue of bad handwriting.
"""

import sqlite3

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import derived, outbox, staff
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.derived import Place
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.sessions import Play, Visit, Voucher
from kiosk.clock import BEIJING
from kiosk.errors import (
    FACT_CONFLICT,
    FIELD_INVALID,
    PRIZE_EXPIRED,
    PRIZE_HASTY,
    PRIZE_NONE_LEFT,
    PRIZE_PACE,
    PRIZE_UNKNOWN,
    PRIZE_USED,
    Problem,
)
from kiosk.facts.envelope import Fact, bucket_of, day_and_hour
from kiosk.facts.prizes import (
    PrizeExpired,
    PrizeIssued,
    PrizeRedeemed,
    PrizeStocked,
    code_of,
    end_id,
    normal_code,
    voucher_id,
)
from kiosk.packs.fairs import Prize
from kiosk.packs.model import Text
from kiosk.packs.quizzes import READING
from kiosk.sync import vouchers
from kiosk.sync.protocol import Certificate

views = Blueprint("prizes", __name__)
views.before_request(staff.ask_for_pin)

#: Kinds of fact that end a voucher.
ENDS = ("prize.redeemed", "prize.expired")
_QR = "K315V"  # of any release; this one reads its own


class Account(msgspec.Struct, frozen=True):
    """What became of one class of prizes on this tablet. issued = redeemed + open + expired."""

    prize: Prize
    stocked: int | None  # counted by volunteers; None: nobody did
    issued: int
    redeemed: int
    expired: int
    left: int  # vouchers that may still be issued

    @property
    def open(self) -> int:
        return self.issued - self.redeemed - self.expired


class AccountView(msgspec.Struct, frozen=True):
    account: Account
    fact_id: str  # for the next count of the stock


class LedgerPage(msgspec.Struct, frozen=True):
    accounts: list[AccountView]
    has_lots: bool  # some are given by lot
    problem: str | None


class VoucherPage(msgspec.Struct, frozen=True):
    code: str
    voucher: str
    prize: Text
    issued_at: str
    hand: str
    is_given: bool  # by the touch before this page


# --- earning ----------------------------------------------------------------------------------------


def award(here: Booth, visit: Visit, play: Play) -> None:
    """Issue what a finished play has earned: one voucher a visitor. Why there is none is kept for the result."""
    visit.no_prize = None
    earned = [one for one in here.enrolled.fair.prizes if _earns(play, one)]
    if not earned or visit.voucher is not None:
        return
    try:
        if is_hasty(play):
            raise Problem(PRIZE_HASTY)
        fact = here.journal.append_made(lambda connection: _issue(here, connection, play.session, earned))
    except Problem as problem:
        visit.no_prize = problem
        return
    certificate, code = here.enrolled.certificate, fact.body["code"]
    text = vouchers.write(outbox.load_key(here.config.data), certificate, code)
    visit.voucher = Voucher(code, name_of(here, fact.body["prize"]), certificate.desk, text)


def _earns(play: Play, prize: Prize) -> bool:
    return prize.earned_by == "finished" or (prize.earned_by == "passed" and play.has_passed)


def is_hasty(play: Play) -> bool:
    """Faster than one can read: such a play wins nothing, by lot or otherwise, and joins no board."""
    return play.took < READING * len(play.questions)


def _issue(here: Booth, connection: sqlite3.Connection, session: str, earned: list[Prize]) -> Draft:
    """A voucher for the first class that is left, counted in the transaction that issues it."""
    day, hour = day_and_hour(here.clock.now())
    found = [(prize, account(connection, prize)) for prize in earned]
    if all(so_far.left <= 0 for _, so_far in found):
        raise Problem(PRIZE_NONE_LEFT)
    voucher = derived.place(connection, voucher_id(session), "prize.issued").id
    for prize, so_far in found:
        if so_far.left > 0 and (prize.per_hour is None or _issued_in(connection, prize, day, hour) < prize.per_hour):
            return Draft(voucher, PrizeIssued(prize=prize.id, session=session, code=code_of(voucher)), "visitor")
    raise Problem(PRIZE_PACE)


def account(connection: sqlite3.Connection, prize: Prize) -> Account:
    """What became of one class so far."""
    query = "SELECT metric, sum(n) FROM totals WHERE metric IN (?, ?, ?, ?) GROUP BY metric"
    metrics = [f"prize.{what}.{prize.id}" for what in ("stocked", "issued", "redeemed", "expired")]
    sums = dict(connection.execute(query, metrics).fetchall())
    stocked, issued, redeemed, expired = (sums.get(metric) for metric in metrics)
    most = prize.quota if stocked is None else min(prize.quota, stocked)
    taken = (issued or 0) - (expired or 0)
    return Account(prize, stocked, issued or 0, redeemed or 0, expired or 0, max(0, most - taken))


def _issued_in(connection: sqlite3.Connection, prize: Prize, day: str, hour: int) -> int:
    query = "SELECT sum(n) FROM totals WHERE metric = ? AND day = ? AND hour = ?"
    return connection.execute(query, (f"prize.issued.{prize.id}", day, hour)).fetchone()[0] or 0


# --- at the desk ------------------------------------------------------------------------------------


@views.get("/staff/prizes")
def ledger() -> Response:
    return _ledger(None)


@views.post("/staff/prizes/find")
def find() -> Response:
    """A code typed, or the text of a QR code: on to its voucher, or why there is none."""
    form = web.read_form("code", limit=200)
    try:
        fact = _find(form["code"])
        end = end_of(booth().journal, fact).fact
        if end is not None:
            raise ended(end, fact)
    except Problem as problem:
        return _ledger(problem)
    return web.see_other("prizes.voucher", code=fact.body["code"])


@views.get("/staff/prizes/<code>")
def voucher(code: str) -> Response:
    here = booth()
    fact = _find(code)
    end = end_of(here.journal, fact).fact
    given = request.args.get("given", "")
    if end is not None and not (given and end.body.get("hand") == given):
        raise ended(end, fact)
    return _voucher(here, fact, is_given=end is not None)


@views.post("/staff/prizes/redeem")
def redeem() -> Response:
    """Into the visitor's hand: the second of two steps. The same touch again is the same fact, another is refused."""
    form = web.read_form("voucher", "hand")
    here, volunteer = booth(), staff.signed_in()
    fact = here.journal.fact(web.read_id(form, "voucher"))
    if fact is None or fact.kind != "prize.issued":
        raise Problem(PRIZE_UNKNOWN)
    if bucket_of(fact)[0] != day_and_hour(here.clock.now())[0]:
        expire(here)
        raise Problem(PRIZE_EXPIRED, day=bucket_of(fact)[0])
    hand_over(here.journal, fact, web.read_id(form, "hand"), volunteer.volunteer)
    return web.see_other("prizes.voucher", code=fact.body["code"], given=form["hand"])


@views.post("/staff/prizes/stock")
def stock() -> Response:
    """What a volunteer puts on the desk, or takes away from it."""
    form = web.read_form("id", "prize", "n")
    here, volunteer = booth(), staff.signed_in()
    if form["prize"] not in {one.id for one in here.enrolled.fair.prizes}:
        raise Problem(FIELD_INVALID, field="prize")
    body = PrizeStocked(prize=form["prize"], n=_amount(form["n"]))
    here.journal.append(Draft(web.read_id(form, "id"), body, volunteer.volunteer))
    return web.see_other("prizes.ledger")


def hand_over(journal: Journal, issued: Fact, hand: str, by: str) -> None:
    """Redeem a voucher. Raises `prize.used` or `prize.expired` where another hand or the clock was quicker."""
    body = PrizeRedeemed(prize=issued.body["prize"], voucher=issued.id, hand=hand)
    try:
        journal.append(Draft(end_of(journal, issued).id, body, by))
    except Problem as problem:
        end = end_of(journal, issued).fact
        if problem.kind is not FACT_CONFLICT or end is None:
            raise
        raise ended(end, issued) from None


def end_of(journal: Journal, issued: Fact) -> Place:
    """Where a voucher's end is, or belongs."""
    return derived.look(journal, end_id(issued.id), *ENDS)


def expire(here: Booth) -> None:
    """Vouchers of former days that nobody brought: what they stood for may be issued again."""
    today = day_and_hour(here.clock.now())[0]
    ended = {fact.body["voucher"] for kind in ENDS for fact in here.journal.of_kind(kind)}
    overdue = [
        Draft(end_of(here.journal, fact).id, PrizeExpired(prize=fact.body["prize"], voucher=fact.id), "device")
        for fact in here.journal.of_kind("prize.issued")
        if fact.id not in ended and bucket_of(fact)[0] < today
    ]
    if overdue:
        here.journal.append_new(*overdue)  # what was redeemed since we looked has its end


def find_issued(journal: Journal, certificate: Certificate, typed: str) -> Fact:
    """The fact of a voucher, by its short code or the text of its QR code.

    Raises `prize.unknown`; for the text of a QR code `prize.elsewhere` or `prize.forged` as well.
    """
    is_scanned = typed.strip().upper().startswith(_QR)
    code = vouchers.check(typed, certificate) if is_scanned else normal_code(typed)
    for fact in journal.of_kind("prize.issued"):
        if fact.body["code"] == code:
            return fact
    raise Problem(PRIZE_UNKNOWN)


def _find(typed: str) -> Fact:
    here = booth()
    return find_issued(here.journal, here.enrolled.certificate, typed)


def ended(end: Fact, voucher: Fact) -> Problem:
    """Why a voucher is good no more: when and where it was used, or whose day it was."""
    if end.kind == "prize.expired":
        return Problem(PRIZE_EXPIRED, day=bucket_of(voucher)[0])
    at = end.moment.astimezone(BEIJING).strftime("%m-%d %H:%M:%S")
    return Problem(PRIZE_USED, at=at, desk=end.desk)


def _ledger(problem: Problem | None) -> Response:
    here = booth()
    expire(here)
    with here.journal.reading() as connection:
        accounts = [AccountView(account(connection, prize), new_id()) for prize in here.enrolled.fair.prizes]
    sentence = problem.sentence(web.language()) if problem else None
    has_lots = any(view.account.prize.earned_by == "lot" for view in accounts)
    page = LedgerPage(accounts, has_lots, sentence)
    return web.with_camera(web.page("booth/prizes/ledger.html", problem.status if problem else 200, page=page))


def _voucher(here: Booth, fact: Fact, *, is_given: bool) -> Response:
    at = fact.moment.astimezone(BEIJING).strftime("%H:%M")
    page = VoucherPage(fact.body["code"], fact.id, name_of(here, fact.body["prize"]), at, new_id(), is_given)
    return web.page("booth/prizes/voucher.html", page=page)


def name_of(here: Booth, prize_id: str) -> Text:
    """Its name; its id, where the fair names it no longer."""
    names = {one.id: one.name for one in here.enrolled.fair.prizes}
    return names.get(prize_id, Text(prize_id, prize_id))


def _amount(text: str) -> int:
    digits = text.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 5 and 1 <= int(digits) <= 10_000):
        raise Problem(FIELD_INVALID, field="n")
    return int(text)
