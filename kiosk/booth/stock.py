"""Stock at the desk: a bundle opened with one touch, what is left counted, and both numbers side by side.

Days are those of the tablet's clock, as on the counters' screen; what is put right counts to the true day.
"""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import days, staff
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft, of_kind, stored
from kiosk.clock import BEIJING
from kiosk.errors import (
    FIELD_INVALID,
    SECOND_NEEDED,
    STOCK_LEFT,
    STOCK_NONE,
    STOCK_REASON,
    TEXT_UNFIT,
    Problem,
)
from kiosk.facts.complaints import clean
from kiosk.facts.corrections import takes_two
from kiosk.facts.envelope import Fact, day_and_hour
from kiosk.facts.stock import MOST, MOST_BUNDLES, REASON_LIMIT, TOLERANCE, StockCounted, StockOpened, is_far
from kiosk.facts.tallies import LEAFLET, MATERIAL, TallyCorrected
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text

views = Blueprint("stock", __name__)
views.before_request(staff.ask_for_pin)

#: Why what was tapped and what is gone differ. The Chinese words go into the fact: the office reads them.
REASONS = {
    "missed": Text("漏按了计数", "Taps were forgotten"),
    "doubled": Text("多按了计数", "Tapped too often"),
    "moved": Text("给了别的服务台", "Went to another desk"),
    "spoilt": Text("淋湿、损坏", "Wet or damaged"),
    "taken": Text("被整沓拿走", "Somebody took a pile"),
    "unknown": Text("说不清", "Nobody knows"),
}
#: What the volunteer can mend on the page itself.
_MENDABLE = (FIELD_INVALID, STOCK_LEFT, STOCK_NONE, STOCK_REASON, TEXT_UNFIT)
_WORDS_LIMIT = 100


class Item(msgspec.Struct, frozen=True):
    """Something that comes in bundles or boxes."""

    id: str  # as its counter
    name: Text
    unit: Text
    bundle: int  # copies in one
    pack: Text  # what one is called


def items_of(fair: Fair) -> list[Item]:
    bundle, box = Text("捆", "bundle"), Text("箱", "box")
    copies = Text("份", "copies")
    return [
        *(Item(LEAFLET + one.id, one.name, copies, one.bundle, bundle) for one in fair.leaflets),
        *(Item(MATERIAL + one.id, one.name, one.unit, one.bundle, box) for one in fair.materials),
    ]


class Account(msgspec.Struct, frozen=True):
    """What is known of one item today, on this tablet."""

    item: Item
    opened: int
    since: int  # of these, opened after the last count
    given: int  # by the counter, now
    corrected: int  # of these, put right afterwards
    left: int | None  # as last counted; None: nobody did
    gone: int  # by stock, as last counted
    noted: int  # by the counter, as of that count
    more: int  # tapped after that count
    counted_at: str  # "13:05"
    reason: str
    before: int  # left at the last count of a former day

    @property
    def lies(self) -> int:
        """Copies that lie there by stock alone: nobody can take more away."""
        return self.since + (self.left or 0)

    @property
    def expected(self) -> int:
        """Copies that should lie there now."""
        if self.left is None:
            return self.opened - self.given
        return self.left + self.since - self.more

    @property
    def tapped(self) -> int:
        """By the counter, as it was before anybody put it right."""
        return self.given - self.corrected

    @property
    def apart(self) -> int:
        """What is gone less what the counter says now."""
        return self.gone - self.given

    @property
    def owed(self) -> int:
        """What the counter lacked at the last count and nobody has put right since."""
        return self.apart + self.more

    @property
    def percent(self) -> int:
        """The difference, of what is gone; of nothing all of it."""
        return round(abs(self.apart) * 100 / abs(self.gone)) if self.gone else 100 * bool(self.apart)

    @property
    def is_far(self) -> bool:
        return self.left is not None and is_far(self.given, self.gone)

    @property
    def is_explained(self) -> bool:
        """Whether the reason was given for the counter as it stands."""
        return bool(self.reason) and self.noted == self.given

    @property
    def is_missing(self) -> bool:
        """Whether there is something here that nobody has counted as it is now."""
        return (self.opened != 0 and self.left is None) or self.is_stale

    @property
    def is_stale(self) -> bool:
        """Whether anything came or went after the last count, or the counter was put right to something else."""
        moved = self.since != 0 or self.more != 0
        return self.left is not None and (moved or (self.is_far and not self.is_explained))


class AccountView(msgspec.Struct, frozen=True):
    account: Account
    fact_id: str  # for the next touch
    problem: str | None = None
    left: str = ""  # as it was typed
    wants_reason: bool = False
    words: str = ""


class StockPage(msgspec.Struct, frozen=True):
    views: list[AccountView]
    reasons: list[tuple[str, Text]]


class CorrectPage(msgspec.Struct, frozen=True):
    account: Account
    fact_id: str
    n: str
    limit: int  # a larger difference takes two
    reasons: list[tuple[str, Text]]
    others: list[dict[str, str]]  # who can be the second
    problem: str | None
    why: str
    words: str
    second: str


# --- what there is --------------------------------------------------------------------------------


def accounts(here: Booth) -> list[Account]:
    """Every item of the fair with what is known of it today."""
    with here.journal.reading() as connection:
        return accounts_in(connection, here, today(here))


def accounts_in(connection: sqlite3.Connection, here: Booth, day: tuple[str, str]) -> list[Account]:
    counts = of_kind(connection, "stock.counted")
    return [_account(connection, item, *day, counts) for item in items_of(here.enrolled.fair)]


def today(here: Booth) -> tuple[str, str]:
    """Today by the tablet's clock, and as well as it can be known."""
    return day_and_hour(here.clock.now())[0], days.now(here).day


def _account(
    connection: sqlite3.Connection, item: Item, wall: str, true: str, every: Sequence[Fact] | None = None
) -> Account:
    """`every`: all counts of the journal, where somebody has just read them."""
    counts = [
        fact
        for fact in (of_kind(connection, "stock.counted") if every is None else every)
        if fact.body["item"] == item.id
    ]
    of_day = [fact for fact in counts if fact.at[:10] == wall]
    former = [fact for fact in counts if fact.at[:10] < wall]
    opened = _sum(connection, f"stock.opened.{item.id}", wall)
    given = _given(connection, item.id, wall, true)
    last = of_day[-1] if of_day else None
    noted = last.body["given"] if last else given
    return Account(
        item=item,
        opened=opened,
        since=opened - sum(fact.body["opened"] for fact in of_day),
        given=given,
        corrected=sum(_sum(connection, f"corrected.tally.{item.id}", day) for day in {wall, true}),
        left=last.body["left"] if last else None,
        gone=_sum(connection, f"stock.given.{item.id}", wall),
        noted=noted,
        more=given - noted - _corrected_since(connection, item.id, last.seq) if last else 0,
        counted_at=last.moment.astimezone(BEIJING).strftime("%H:%M") if last else "",
        reason=last.body["reason"] if last else "",
        before=former[-1].body["left"] if former else 0,
    )


def _given(connection: sqlite3.Connection, item: str, wall: str, true: str) -> int:
    """By the counter, today. What was put right stands at the true day, which a wrong clock knows by another name."""
    apart = _sum(connection, f"corrected.tally.{item}", true) if true != wall else 0
    return _sum(connection, f"tally.{item}", wall) + apart


def _sum(connection: sqlite3.Connection, metric: str, day: str) -> int:
    query = "SELECT sum(n) FROM totals WHERE metric = ? AND day = ?"
    return int(connection.execute(query, (metric, day)).fetchone()[0] or 0)


def _corrected_since(connection: sqlite3.Connection, item: str, seq: int) -> int:
    later = of_kind(connection, "tally.corrected", seq)
    return sum(fact.body["n"] for fact in later if fact.body["counter"] == item)


# --- the page -------------------------------------------------------------------------------------


@views.get("/staff/stock")
def listing() -> Response:
    return _listing()


@views.post("/staff/stock/open")
def opened() -> Response:
    """Bundles that came to the desk, or went back; or loose copies."""
    form = web.read_form("id", "item", optional=("bundles", "n"))
    here, volunteer = booth(), staff.signed_in()
    item, fact_id = _item(here, form["item"]), web.read_id(form, "id")
    bundles = _signed(form, "bundles", MOST_BUNDLES) if form["bundles"] else 0
    n = bundles * item.bundle or _signed(form, "n", MOST)
    body = StockOpened(item=item.id, n=n, bundles=bundles)
    wall, true = today(here)

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        so_far = _account(connection, item, wall, true)
        if stored(connection, fact_id) is None:
            if n < 0 and so_far.lies + n < 0:
                raise Problem(STOCK_NONE)
            if so_far.opened + n > MOST:
                raise Problem(FIELD_INVALID, field="bundles" if bundles else "n")
        return Draft(fact_id, body, volunteer.volunteer)

    try:
        here.journal.append_made(make)
    except Problem as problem:
        if problem.kind not in _MENDABLE:
            raise
        return _listing(item.id, problem)
    return web.to(f"/staff/stock#{_slot(item.id)}")


@views.post("/staff/stock/count")
def counted() -> Response:
    """What is left. Far from what was tapped it wants a reason: the same form comes back with the question."""
    form = web.read_form("id", "item", "left", optional=("why", "words"))
    here, volunteer = booth(), staff.signed_in()
    item, fact_id = _item(here, form["item"]), web.read_id(form, "id")
    wall, true = today(here)
    try:
        left, reason = _amount(form["left"]), _reason(form)

        def make(connection: sqlite3.Connection) -> Draft | Fact:
            before = stored(connection, fact_id)
            if before is not None and (before.kind, before.body.get("item"), before.body.get("left")) == (
                "stock.counted",
                item.id,
                left,
            ):
                return before
            return Draft(fact_id, _count(_account(connection, item, wall, true), left, reason), volunteer.volunteer)

        here.journal.append_made(make)
    except Problem as problem:
        if problem.kind not in _MENDABLE:
            raise
        return _listing(item.id, problem, form)
    return web.to(f"/staff/stock#{_slot(item.id)}")


def _count(so_far: Account, left: int, reason: str) -> StockCounted:
    """The count of what is left. Raises `stock.left` or `stock.reason`.

    More than the last count is fine, for that may have been mistyped; more than ever lay there today is not.
    """
    if left > so_far.opened:
        raise Problem(STOCK_LEFT, left=left, opened=so_far.opened)
    gone = so_far.gone + so_far.lies - left
    is_unexplained = is_far(so_far.given, gone)
    if is_unexplained and not reason:
        apart = abs(gone - so_far.given)
        raise Problem(STOCK_REASON, given=so_far.given, gone=gone, apart=apart, percent=TOLERANCE)
    return StockCounted(
        item=so_far.item.id,
        opened=so_far.since,
        before=so_far.left,
        left=left,
        given=so_far.given,
        reason=reason if is_unexplained else "",
    )


def _listing(item: str = "", problem: Problem | None = None, typed: Mapping[str, str] | None = None) -> Response:
    found = []
    for account in accounts(booth()):
        view = AccountView(account, new_id())
        if problem is not None and account.item.id == item:
            view = msgspec.structs.replace(
                view,
                problem=problem.sentence(web.language()),
                left=typed["left"] if typed else "",
                words=typed["words"] if typed else "",
                wants_reason=problem.kind in (STOCK_REASON, TEXT_UNFIT),
            )
        found.append(view)
    page = StockPage(found, list(REASONS.items()))
    return web.page("booth/stock/list.html", problem.status if problem else 200, page=page)


# --- putting the counter right --------------------------------------------------------------------


@views.get("/staff/stock/correct")
def correct_form() -> Response:
    if "item" not in request.args:
        return web.see_other("stock.listing")
    return _correct_page(_item(booth(), request.args["item"]))


@views.post("/staff/stock/correct")
def correct() -> Response:
    """Add a signed difference to the counter; what was tapped stays. A large one takes a second volunteer's PIN.

    So do small ones that are large together.
    """
    form = web.read_form("id", "item", "n", "why", optional=("words", "second", "pin"))
    here, volunteer = booth(), staff.signed_in()
    item, fact_id = _item(here, form["item"]), web.read_id(form, "id")
    try:
        n, reason = _signed(form, "n", 1_000_000), _reason(form)
        if not reason:
            raise Problem(FIELD_INVALID, field="why")
        alone = _alone(here, item.id, volunteer.volunteer, fact_id)
        needs_second = takes_two(n, alone, here.enrolled.fair.correction_limit)
        second = _second(here, form, volunteer.volunteer) if needs_second else ""
        _correct(here, fact_id, item, n, reason, second, volunteer.volunteer)
    except Problem as problem:
        if problem.kind not in (*_MENDABLE, SECOND_NEEDED, *staff.PIN_PROBLEMS):
            raise
        return _correct_page(item, problem, form)
    return web.to(f"/staff/stock#{_slot(item.id)}")


def _correct(here: Booth, fact_id: str, item: Item, n: int, reason: str, second: str, by: str) -> None:
    """Raises `stock.left` where the counter would fall below nothing."""
    now, (wall, true) = days.now(here), today(here)
    hour = now.moment.astimezone(BEIJING).hour
    body = TallyCorrected(counter=item.id, n=n, reason=reason, second=second, day=true, hour=hour)

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        before = stored(connection, fact_id)
        if before is not None and (before.kind, before.body.get("counter"), before.body.get("n")) == (
            "tally.corrected",
            item.id,
            n,
        ):
            return before  # the same touch, perhaps an hour later
        if _given(connection, item.id, wall, true) + n < 0:
            raise Problem(STOCK_NONE)
        return Draft(fact_id, body, by)

    here.journal.append_made(make)


def _alone(here: Booth, item: str, by: str, besides: str) -> int:
    """Copies that somebody put right today without a second, more and fewer, besides one correction."""
    day = today(here)[1]
    mine = (
        fact
        for fact in here.journal.of_kind("tally.corrected")
        if fact.by == by and fact.id != besides and not fact.body["second"]
    )
    return sum(abs(fact.body["n"]) for fact in mine if (fact.body["counter"], fact.body["day"]) == (item, day))


def _second(here: Booth, form: Mapping[str, str], first: str) -> str:
    """Whoever agrees, by their PIN. Raises `correction.second` or what a PIN does."""
    if form["second"] in ("", first) or form["second"] not in here.enrolled.volunteers:
        raise Problem(SECOND_NEEDED, limit=here.enrolled.fair.correction_limit)
    return staff.vouch(form["second"], form["pin"])["id"]


def _correct_page(item: Item, problem: Problem | None = None, typed: Mapping[str, str] | None = None) -> Response:
    here, volunteer = booth(), staff.signed_in()
    account = next(one for one in accounts(here) if one.item == item)
    typed = typed or {}
    page = CorrectPage(
        account=account,
        fact_id=new_id(),
        n=typed.get("n") or (str(account.owed) if account.left is not None and account.owed else ""),
        limit=here.enrolled.fair.correction_limit,
        reasons=list(REASONS.items()),
        others=[one for one in staff.people() if one["id"] != volunteer.volunteer],
        problem=problem.sentence(web.language()) if problem else None,
        why=typed.get("why", ""),
        words=typed.get("words", ""),
        second=typed.get("second", ""),
    )
    return web.page("booth/stock/correct.html", problem.status if problem else 200, page=page)


# --- reading forms --------------------------------------------------------------------------------


def _item(here: Booth, item_id: str) -> Item:
    for item in items_of(here.enrolled.fair):
        if item.id == item_id:
            return item
    raise Problem(FIELD_INVALID, field="item")


def _slot(item_id: str) -> str:
    return item_id.replace(".", "-")


def _amount(text: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        raise Problem(FIELD_INVALID, field="left")
    return int(digits)


def _signed(form: Mapping[str, str], name: str, most: int) -> int:
    digits = form[name].strip().removeprefix("+")
    unsigned = digits.removeprefix("-")
    if not (unsigned.isascii() and unsigned.isdigit() and len(unsigned) <= 7 and 1 <= int(unsigned) <= most):
        raise Problem(FIELD_INVALID, field=name)
    return int(digits)


def _reason(form: Mapping[str, str]) -> str:
    """What was chosen and written of it; or "". Raises `text.unfit` for words that may not stand there."""
    why, words = form["why"], clean(form["words"])
    if why and why not in REASONS:
        raise Problem(FIELD_INVALID, field="why")
    if web.text_fault(words, _WORDS_LIMIT, is_needed=False):
        raise Problem(TEXT_UNFIT, limit=_WORDS_LIMIT)
    return "：".join(one for one in (REASONS[why].zh if why else "", words) if one)[:REASON_LIMIT]
