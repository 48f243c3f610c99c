"""Drawing lots: who wins follows from a seed that was bound before the first ticket, and from a number called out last.

Anybody can check a draw with the sheet that is printed of it; `faults` does, and so do two lines in a shell:

    printf %s "kiosk/lot/2 DRAW PRIZE WINNERS SEED" | sha256sum            is what was shown before
    printf %s "NUMBER CODE" | openssl dgst -sha256 -hmac SEED              of every ticket; the lowest win
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec

from kiosk.errors import LOT_SHEET, Problem
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import REGISTRY, Body, kind
from kiosk.facts.prizes import VoucherCode
from kiosk.values import Hex32, Id, Slug, derived_id

#: Of one draw. More than fit on a screen for the square are several draws.
MOST_WINNERS = 100
#: What somebody in the crowd calls out.
NUMBERS = 1_000_000
_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


@kind("lot.committed")
class LotCommitted(Body, frozen=True):
    """A draw begins: its seed and what can be won are bound by a hash that is shown. This fact's id is the draw's."""

    prize: Slug
    winners: Annotated[int, msgspec.Meta(ge=1, le=MOST_WINNERS)]
    commitment: Hex32


@kind("lot.entered")
class LotEntered(Body, frozen=True):
    """A finished play takes part. The fact's id follows from the play, so it has one ticket."""

    draw: Id
    session: Id
    code: VoucherCode  # by which the winner is called


@kind("lot.closed")
class LotClosed(Body, frozen=True):
    """No more tickets. The list is bound before the seed is shown."""

    draw: Id
    tickets: _Count
    digest: Hex32  # over their codes in order, see `digest_of`


@kind("lot.drawn")
class LotDrawn(Body, frozen=True):
    """The seed is shown, with the number somebody in the crowd called out; both together say who wins."""

    draw: Id
    seed: Hex32
    number: Annotated[int, msgspec.Meta(ge=0, lt=NUMBERS)]
    winners: Annotated[list[VoucherCode], msgspec.Meta(max_length=MOST_WINNERS)]


@kind("lot.passed")
class LotPassed(Body, frozen=True):
    """Whoever was called is not there: the next in order wins. Once a ticket."""

    draw: Id
    code: VoucherCode


# --- the rule ---------------------------------------------------------------------------------------


def commitment_of(draw: str, prize: str, winners: int, seed: str) -> str:
    """What is shown before: SHA-256 over `kiosk/lot/2 <draw> <prize> <winners> <seed>`."""
    return hashlib.sha256(f"kiosk/lot/2 {draw} {prize} {winners} {seed}".encode()).hexdigest()


def digest_of(codes: Iterable[str]) -> str:
    """SHA-256 over the codes in order, each with a line break behind it."""
    return hashlib.sha256("".join(f"{code}\n" for code in codes).encode()).hexdigest()


def in_order(seed: str, number: int, codes: Iterable[str]) -> list[str]:
    """The tickets as they are called: by HMAC-SHA256 of `<number, six digits> <code>` under the seed, lowest first."""

    def rank(code: str) -> tuple[str, str]:
        return hmac.digest(seed.encode(), f"{number:06d} {code}".encode(), "sha256").hex(), code

    return sorted(codes, key=rank)


def winners_of(called: Sequence[str], passed: Iterable[str], n: int) -> list[str]:
    """The first `n` of those in order who are there."""
    absent = set(passed)
    return [code for code in called if code not in absent][:n]


def ticket_id(session: str) -> str:
    """The id of the fact that enters a play."""
    return derived_id(b"kiosk/lot/ticket/1", session)


def close_id(draw: str) -> str:
    return derived_id(b"kiosk/lot/close/1", draw)


def drawn_id(draw: str) -> str:
    return derived_id(b"kiosk/lot/draw/1", draw)


def passed_id(ticket: str) -> str:
    return derived_id(b"kiosk/lot/pass/1", ticket)


def prize_id(ticket: str) -> str:
    """The id of the fact that issues what a ticket has won: it wins once."""
    return derived_id(b"kiosk/lot/prize/1", ticket)


# --- what a journal says of a draw ------------------------------------------------------------------


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """One draw, as far as it has come."""

    id: str
    desk: str
    prize: str
    wanted: int  # winners
    commitment: str
    begun_at: str
    tickets: list[str]  # codes, in the order they were entered
    digest: str = ""
    closed_at: str = ""
    seed: str = ""
    number: int = 0
    drawn_at: str = ""
    passed: list[str] = msgspec.field(default_factory=list)

    @property
    def state(self) -> str:
        """One of open, closed, drawn."""
        return "drawn" if self.drawn_at else "closed" if self.closed_at else "open"

    @property
    def called(self) -> list[str]:
        """All tickets in the order they are called."""
        return in_order(self.seed, self.number, self.tickets) if self.drawn_at else []

    @property
    def winners(self) -> list[str]:
        return winners_of(self.called, self.passed, self.wanted)


def read_draws(facts: Iterable[Fact]) -> list[Draw]:
    """The draws of one journal's facts, in order. A ticket that comes after its draw was closed is none."""
    found: dict[str, Draw] = {}
    for fact in facts:
        body = REGISTRY.read(fact) if fact.kind.startswith("lot.") else None
        if isinstance(body, LotCommitted):
            found[fact.id] = Draw(
                id=fact.id, desk=fact.desk, prize=body.prize, wanted=body.winners, commitment=body.commitment,
                begun_at=fact.at, tickets=[],
            )  # fmt: skip
        elif isinstance(body, LotEntered | LotClosed | LotDrawn | LotPassed) and body.draw in found:
            found[body.draw] = _told(found[body.draw], body, fact.at)
    return list(found.values())


def _told(draw: Draw, body: LotEntered | LotClosed | LotDrawn | LotPassed, at: str) -> Draw:
    change = msgspec.structs.replace
    if isinstance(body, LotEntered):
        if not draw.closed_at:
            draw.tickets.append(body.code)
        return draw
    if isinstance(body, LotClosed):
        return change(draw, digest=body.digest, closed_at=at)
    if isinstance(body, LotDrawn):
        return change(draw, seed=body.seed, number=body.number, drawn_at=at)
    return change(draw, passed=[*draw.passed, body.code])


# --- the sheet --------------------------------------------------------------------------------------

_SHEET = "kiosk-lot/1"
_LIMIT = 4_000_000  # characters of a sheet
_WORD = re.compile(r"^[0-9A-Za-z:.+-]{1,80}\Z")


def write_sheet(draw: Draw) -> str:
    """A drawn draw as lines of `word value`: what is printed, and what `read_sheet` reads."""
    told = [
        ("draw", draw.id), ("desk", draw.desk), ("prize", draw.prize), ("begun", draw.begun_at),
        ("commitment", draw.commitment), ("closed", draw.closed_at), ("digest", draw.digest),
        ("drawn", draw.drawn_at), ("seed", draw.seed), ("number", f"{draw.number:06d}"), ("wanted", str(draw.wanted)),
        *(("ticket", code) for code in draw.tickets), *(("passed", code) for code in draw.passed),
        *(("winner", code) for code in draw.winners),
    ]  # fmt: skip
    return "\n".join([_SHEET, *(f"{word} {value}" for word, value in told)]) + "\n"


class Sheet(msgspec.Struct, frozen=True):
    """A sheet as somebody hands it in: the draw, and who it says has won."""

    draw: Draw
    winners: list[str]


def read_sheet(text: str) -> Sheet:
    """Raises `lot.sheet`."""
    if len(text) > _LIMIT:
        raise Problem(LOT_SHEET, reason="too long")
    first, *lines = [line.strip() for line in text.replace("\ufeff", "").splitlines() if line.strip()] or [""]
    if first != _SHEET:
        raise Problem(LOT_SHEET, reason=f"its first line is not {_SHEET}")
    lists: dict[str, list[str]] = {"ticket": [], "passed": [], "winner": []}
    single: dict[str, str] = {}
    for number, line in enumerate(lines, 2):
        word, _, value = line.partition(" ")
        if word in single or word not in (*lists, *_SINGLE) or not _WORD.match(value.replace("_", "-")):
            raise Problem(LOT_SHEET, reason=f"line {number}")
        if word in lists:
            lists[word].append(value)
        else:
            single[word] = value
    missing = [word for word in _SINGLE if word not in single]
    if missing or not (_is_number(single["number"]) and _is_number(single["wanted"])):
        raise Problem(LOT_SHEET, reason=f"no {missing[0]}" if missing else "number")
    draw = Draw(
        id=single["draw"], desk=single["desk"], prize=single["prize"], wanted=int(single["wanted"]),
        commitment=single["commitment"], begun_at=single["begun"], tickets=lists["ticket"], digest=single["digest"],
        closed_at=single["closed"], seed=single["seed"], number=int(single["number"]), drawn_at=single["drawn"],
        passed=lists["passed"],
    )  # fmt: skip
    return Sheet(draw, lists["winner"])


_SINGLE = (
    "draw", "desk", "prize", "begun", "commitment", "closed", "digest", "drawn", "seed", "number", "wanted",
)  # fmt: skip


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


def faults(sheet: Sheet) -> list[str]:
    """What on a sheet does not follow from the rest of it; nothing where the draw was as the rule says."""
    draw, found = sheet.draw, []
    if commitment_of(draw.id, draw.prize, draw.wanted, draw.seed) != draw.commitment:
        found.append("the seed, the prize or the number of winners is not the one that was bound before")
    if digest_of(draw.tickets) != draw.digest:
        found.append("the tickets are not those of the closed list")
    if len(set(draw.tickets)) != len(draw.tickets):
        found.append("a ticket stands twice")
    reached = draw.called[: draw.wanted + len(set(draw.passed))]
    if not set(draw.passed) <= set(reached) or len(set(draw.passed)) != len(draw.passed):
        found.append("somebody was passed over who was not called")
    if sheet.winners != draw.winners:
        found.append("the winners are not the lowest in order")
    return found
