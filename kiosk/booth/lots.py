"""Drawing lots at this tablet: begun before the first ticket, closed before the seed is shown, drawn before everybody.

A draw goes one way: open, closed, drawn; one at a time. Every finished play takes part while it is open, by a code. The
seed is the tablet's own signature over the draw's id: it is nowhere on the disk, the same after a restart, and nobody
chose it. Who holds the tablet's key could know it beforehand; the number that somebody in the crowd calls out after
the list is closed, nobody can.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import derived, outbox, prizes, staff
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.derived import Place
from kiosk.booth.journal import Draft, decode, newest
from kiosk.booth.sessions import Play, Visit
from kiosk.errors import FACT_CONFLICT, FIELD_INVALID, LOT_OPEN, LOT_STATE, LOT_TOO_MANY, LOT_UNKNOWN, Problem
from kiosk.facts import lots
from kiosk.facts.envelope import Fact
from kiosk.facts.lots import Draw, LotClosed, LotCommitted, LotDrawn, LotEntered, LotPassed
from kiosk.facts.prizes import PrizeIssued, PrizeRedeemed, code_of, end_id, normal_code, voucher_id
from kiosk.packs.fairs import Prize
from kiosk.packs.model import Text
from kiosk.sync import keys

views = Blueprint("lots", __name__)
views.before_request(staff.ask_for_pin)
#: For the square: no names, no PIN.
public = Blueprint("lot_board", __name__)


class Winner(msgspec.Struct, frozen=True):
    """Somebody who was called."""

    code: str
    has_it: bool  # the prize is in their hand


class DrawView(msgspec.Struct, frozen=True):
    """A draw as pages show it."""

    draw: Draw
    name: Text  # of its prize
    winners: list[Winner]
    passed: list[str]

    @property
    def commitment(self) -> list[str]:
        """In groups of eight, to be read out and compared."""
        return [self.draw.commitment[at : at + 8] for at in range(0, 64, 8)]


class Class(msgspec.Struct, frozen=True):
    """A class of prizes that is given by lot."""

    prize: Prize
    left: int  # that may still be drawn
    fact_id: str  # for the next draw


class LotsPage(msgspec.Struct, frozen=True):
    classes: list[Class]
    current: DrawView | None  # the newest draw
    others: list[DrawView]
    hand: str
    problem: str | None


class SheetPage(msgspec.Struct, frozen=True):
    view: DrawView
    text: str  # what `kiosk booth lots check` reads


# --- taking part ------------------------------------------------------------------------------------


def enter(here: Booth, visit: Visit, play: Play) -> None:
    """A ticket for a finished play, while a draw is open: one a visitor and draw, none for who was too fast to read."""
    if not has_classes(here) or prizes.is_hasty(play):
        return
    with suppress(Problem):  # closed in this very moment, or no room: the play is finished all the same
        fact = here.journal.append_made(lambda connection: _ticket(connection, visit, play.session))
        visit.tickets[fact.body["draw"]] = fact.body["code"]


def ticket_of(here: Booth, visit: Visit) -> str:
    """The code by which a visitor is called in the newest draw; empty where they take no part in it."""
    newest = here.journal.newest("lot.committed") if visit.tickets else None
    return visit.tickets.get(newest.id, "") if newest is not None else ""


def has_classes(here: Booth) -> bool:
    return any(prize.earned_by == "lot" for prize in here.enrolled.fair.prizes)


def _ticket(connection: sqlite3.Connection, visit: Visit, session: str) -> Draft:
    """The code is the one a voucher of this play has or would have: a visitor keeps one in mind, not two."""
    draw = newest(connection, "lot.committed")
    if draw is None or draw.id in visit.tickets or derived.place(connection, lots.close_id(draw.id), "lot.closed").fact:
        raise Problem(LOT_STATE)
    voucher = derived.place(connection, voucher_id(session), "prize.issued").id
    at = derived.place(connection, lots.ticket_id(session), "lot.entered")
    return Draft(at.id, LotEntered(draw=draw.id, session=session, code=code_of(voucher)), "visitor")


def _is_there(connection: sqlite3.Connection, fact_id: str) -> bool:
    return connection.execute("SELECT 1 FROM facts WHERE id = ?", (fact_id,)).fetchone() is not None


# --- the steps of a draw ----------------------------------------------------------------------------


@views.get("/staff/lots")
def overview() -> Response:
    return _overview(None)


@views.post("/staff/lots/commit")
def commit() -> Response:
    """Begin: bind the seed, and show by what hash."""
    form = web.read_form("id", "prize", "winners")
    here, volunteer = booth(), staff.signed_in()
    prize = next((one for one in here.enrolled.fair.prizes if (one.id, one.earned_by) == (form["prize"], "lot")), None)
    if prize is None:
        raise Problem(FIELD_INVALID, field="prize")
    draw, winners = web.read_id(form, "id"), _number(form, "winners", 1, lots.MOST_WINNERS)
    bound = lots.commitment_of(draw, prize.id, winners, _seed(here, draw))
    body = LotCommitted(prize=prize.id, winners=winners, commitment=bound)

    def make(connection: sqlite3.Connection) -> Draft:
        if not _is_there(connection, draw):
            _refuse_commit(connection, prize, winners)
        return Draft(draw, body, volunteer.volunteer)

    return _after(lambda: here.journal.append_made(make))


def _refuse_commit(connection: sqlite3.Connection, prize: Prize, winners: int) -> None:
    draws = _draws(connection)
    if any(draw.state != "drawn" for draw in draws):
        raise Problem(LOT_OPEN)
    left = _left(connection, prize, draws)
    if winners > left:
        raise Problem(LOT_TOO_MANY, left=left)


@views.post("/staff/lots/close")
def close() -> Response:
    """No more tickets: the list is bound."""
    form = web.read_form("draw")
    here, volunteer = booth(), staff.signed_in()
    draw_id = web.read_id(form, "draw")

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        draw = _draw(connection, draw_id)
        at = derived.place(connection, lots.close_id(draw_id), "lot.closed")
        if at.fact is not None:
            return at.fact  # the same touch again
        body = LotClosed(draw=draw_id, tickets=len(draw.tickets), digest=lots.digest_of(draw.tickets))
        return Draft(at.id, body, volunteer.volunteer)

    return _after(lambda: here.journal.append_made(make))


@views.post("/staff/lots/draw")
def draw_now() -> Response:
    """Show the seed. The number is the one called out of the crowd; a second one changes nothing."""
    form = web.read_form("draw", "number")
    here, volunteer = booth(), staff.signed_in()
    draw_id = web.read_id(form, "draw")

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        draw = _draw(connection, draw_id)
        if draw.state == "open":
            raise Problem(LOT_STATE)
        at = derived.place(connection, lots.drawn_id(draw_id), "lot.drawn")
        if at.fact is not None:
            return at.fact
        number, seed = _number(form, "number", 0, lots.NUMBERS - 1), _seed(here, draw_id)
        winners = lots.in_order(seed, number, draw.tickets)[: draw.wanted]
        body = LotDrawn(draw=draw_id, seed=seed, number=number, winners=winners)
        return Draft(at.id, body, volunteer.volunteer)

    return _after(lambda: here.journal.append_made(make))


@views.post("/staff/lots/pass")
def pass_over() -> Response:
    """Nobody answers to a code: the next in order wins."""
    form = web.read_form("draw", "code")
    here, volunteer = booth(), staff.signed_in()

    def make(connection: sqlite3.Connection) -> Draft | Fact:
        draw, ticket = _won(connection, form)
        at = derived.place(connection, lots.passed_id(ticket.id), "lot.passed")
        if at.fact is not None:
            return at.fact
        if ticket.body["code"] not in draw.winners or _voucher(connection, ticket.id).fact is not None:
            raise Problem(LOT_STATE)
        return Draft(at.id, LotPassed(draw=draw.id, code=ticket.body["code"]), volunteer.volunteer)

    return _after(lambda: here.journal.append_made(make))


@views.post("/staff/lots/hand")
def hand_over() -> Response:
    """Into the winner's hand: a voucher of that class, issued and redeemed at once, so that its account stays whole."""
    form = web.read_form("draw", "code", "hand")
    here, volunteer = booth(), staff.signed_in()
    hand = web.read_id(form, "hand")
    with here.journal.reading() as connection:
        draw, ticket = _won(connection, form)
        voucher = _voucher(connection, ticket.id).id
        end = derived.place(connection, end_id(voucher), *prizes.ENDS).id
    if draw.state != "drawn" or ticket.body["code"] not in draw.winners:
        raise Problem(LOT_STATE)
    issued = PrizeIssued(prize=draw.prize, session=ticket.body["session"], code=code_of(voucher))
    redeemed = PrizeRedeemed(prize=draw.prize, voucher=voucher, hand=hand)
    by = volunteer.volunteer
    try:
        here.journal.append(Draft(voucher, issued, "visitor"), Draft(end, redeemed, by))
    except Problem as problem:
        before, after = here.journal.fact(voucher), here.journal.fact(end)
        if problem.kind is not FACT_CONFLICT or before is None or after is None or after.kind not in prizes.ENDS:
            raise
        return _overview(prizes.ended(after, before))
    return web.see_other("lots.overview")


@views.get("/staff/lots/<draw_id>")
def sheet(draw_id: str) -> Response:
    """What is printed: all that is needed to check the draw."""
    here = booth()
    with here.journal.reading() as connection:
        [view] = _views(here, connection, [_draw(connection, draw_id)])
    page = SheetPage(view, lots.write_sheet(view.draw) if view.draw.state == "drawn" else "")
    return web.page("booth/lots/sheet.html", page=page)


@views.get("/staff/lots/<draw_id>/file")
def file(draw_id: str) -> Response:
    """The same as a file, for `kiosk booth lots check`."""
    with booth().journal.reading() as connection:
        draw = _draw(connection, draw_id)
    if draw.state != "drawn":
        raise Problem(LOT_STATE)
    response = Response(lots.write_sheet(draw), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename=lots-{draw.id[:8]}.txt"
    return response


@public.get("/lots")
def screen() -> Response:
    """The newest draw, large: what is bound while it runs, then who has won."""
    here = booth()
    here.enrolled  # noqa: B018 (there is nothing to show before enrolment)
    with here.journal.reading() as connection:
        draws = _draws(connection)
        shown = _views(here, connection, draws[-1:])
    return web.page("booth/lots/screen.html", view=shown[0] if shown else None)


# --- reading ----------------------------------------------------------------------------------------


def _draws(connection: sqlite3.Connection) -> list[Draw]:
    rows = connection.execute("SELECT line FROM facts WHERE kind >= 'lot.' AND kind < 'lot/' ORDER BY seq")
    return lots.read_draws(decode(line) for (line,) in rows)


def _draw(connection: sqlite3.Connection, draw_id: str) -> Draw:
    """Raises `lot.unknown`."""
    for draw in _draws(connection):
        if draw.id == draw_id:
            return draw
    raise Problem(LOT_UNKNOWN)


def _won(connection: sqlite3.Connection, form: dict[str, str]) -> tuple[Draw, Fact]:
    """The draw of a form, and the ticket whose code it names. Raises `lot.unknown`, `field.invalid`."""
    draw = _draw(connection, web.read_id(form, "draw"))
    ticket = _tickets(connection).get((draw.id, normal_code(form["code"]) or ""))
    if ticket is None:
        raise Problem(FIELD_INVALID, field="code")
    return draw, ticket


def _tickets(connection: sqlite3.Connection) -> dict[tuple[str, str], Fact]:
    """(draw, code) → the fact that entered it; the first, where a code was entered twice."""
    rows = connection.execute("SELECT line FROM facts WHERE kind = 'lot.entered' ORDER BY seq DESC")
    found = (decode(line) for (line,) in rows)
    return {(fact.body["draw"], fact.body["code"]): fact for fact in found}


def _voucher(connection: sqlite3.Connection, ticket: str) -> Place:
    """Where the voucher of what a ticket has won is, or belongs."""
    return derived.place(connection, lots.prize_id(ticket), "prize.issued")


def _left(connection: sqlite3.Connection, prize: Prize, draws: list[Draw]) -> int:
    """Prizes of a class that no draw has promised to anybody yet."""
    promised = sum(min(draw.wanted, len(draw.winners)) for draw in draws if draw.prize == prize.id)
    account = prizes.account(connection, prize)
    return max(0, account.left + account.issued - max(promised, account.issued))


def _views(here: Booth, connection: sqlite3.Connection, draws: list[Draw]) -> list[DrawView]:
    tickets = _tickets(connection) if any(draw.state == "drawn" for draw in draws) else {}

    def winner(draw: Draw, code: str) -> Winner:
        return Winner(code, has_it=_voucher(connection, tickets[draw.id, code].id).fact is not None)

    return [
        DrawView(draw, prizes.name_of(here, draw.prize), [winner(draw, code) for code in draw.winners], draw.passed)
        for draw in draws
    ]


def _overview(problem: Problem | None) -> Response:
    here = booth()
    with here.journal.reading() as connection:
        draws = _draws(connection)
        classes = [
            Class(prize, _left(connection, prize, draws), new_id())
            for prize in here.enrolled.fair.prizes
            if prize.earned_by == "lot"
        ]
        shown = _views(here, connection, draws[::-1])
    sentence = problem.sentence(web.language()) if problem else None
    page = LotsPage(classes, shown[0] if shown else None, shown[1:], new_id(), sentence)
    return web.page("booth/lots/overview.html", problem.status if problem else 200, page=page)


def _after(step: Callable[[], Fact]) -> Response:
    """Back to the page of draws, with what went wrong on it."""
    try:
        step()
    except Problem as problem:
        if problem.kind not in (LOT_OPEN, LOT_STATE, LOT_TOO_MANY):
            raise
        return _overview(problem)
    return web.see_other("lots.overview")


def _seed(here: Booth, draw: str) -> str:
    """64 hex digits that only this tablet's key gives, the same ones each time."""
    signature = keys.sign(outbox.load_key(here.config.data), b"kiosk/lot/seed/1", bytes.fromhex(draw))
    return lots.digest_of([signature])


def _number(form: dict[str, str], name: str, least: int, most: int) -> int:
    digits = form[name].strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6 and least <= int(digits) <= most):
        raise Problem(FIELD_INVALID, field=name)
    return int(digits)
