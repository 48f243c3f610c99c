"""The leaderboard of this tablet: today's best plays, under names the pack made up. Off unless the fair says so."""

import random

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import derived, prizes, visits
from kiosk.booth.context import Booth, booth
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Play, Visit
from kiosk.errors import BOARD_OFF, BOARD_REFUSED, FACT_CONFLICT, Problem
from kiosk.facts.envelope import Fact, bucket_of, day_and_hour
from kiosk.facts.leaderboard import BoardJoined, Line, join_id, ranked
from kiosk.packs.model import OFFERED, Nickname, Text

views = Blueprint("leaderboard", __name__)
_LONGEST = 180_000_000  # milliseconds a play is said to have taken, at most


class Row(msgspec.Struct, frozen=True):
    line: Line
    name: Text
    is_own: bool  # of the visitor who looks


class BoardPage(msgspec.Struct, frozen=True):
    day: str
    rows: list[Row]


class Offer(msgspec.Struct, frozen=True):
    """What the result of a play says about the board."""

    names: list[Nickname]  # to choose from; none where this play cannot join
    joined: Text | None  # the name it stands under
    session: str


def offer(visit: Visit, play: Play) -> Offer | None:
    """For the page of a result. None where there is no board."""
    here = booth()
    if not here.enrolled.fair.leaderboard or visit.is_practice or not play.is_over:
        return None
    entry = derived.look(here.journal, join_id(play.session), "board.joined").fact
    if entry is not None:
        return Offer([], _name(here, entry.body["nickname"]), play.session)
    names = [] if prizes.is_hasty(play) else _names(here, play.session)
    return Offer(names, None, play.session) if names else None


@views.post("/board/join")
def join() -> Response:
    """The name a visitor picked for the play that just ended. Another one afterwards changes nothing."""
    form = web.read_form("session", "nickname")
    here = booth()
    _refuse_unless_on(here)
    visit = visits.found()
    if visit is None:
        raise Problem(BOARD_REFUSED)
    with visit.lock:
        play = visit.play
        if play is None or not play.is_over or visit.is_practice or form["session"] != play.session:
            raise Problem(BOARD_REFUSED)
        at = derived.look(here.journal, join_id(play.session), "board.joined")
        if at.fact is None:
            _join(here, play, form["nickname"], at.id)
    return visits.with_cookie(web.to(f"{visits.root()}/board"), visit)


@views.get("/board")
def board() -> Response:
    """Today's best at this tablet."""
    here = booth()
    _refuse_unless_on(here)
    visit = visits.found()
    own = visit.play.session if visit is not None and visit.play is not None else ""
    day, facts = day_and_hour(here.clock.now())[0], _today(here)
    mine = next((_entry(fact) for fact in facts if fact.body["session"] == own), None)
    rows = [Row(line, _name(here, line.nickname), _is(line, mine)) for line in ranked(map(_entry, facts))]
    return web.page("booth/leaderboard/board.html", page=BoardPage(day, rows))


def _join(here: Booth, play: Play, nickname: str, fact_id: str) -> None:
    if prizes.is_hasty(play) or nickname not in {one.id for one in _names(here, play.session)}:
        raise Problem(BOARD_REFUSED)
    body = BoardJoined(
        session=play.session,
        nickname=nickname,
        mode=play.mode.id,
        right=sum(play.right),
        questions=len(play.questions),
        ms=min(play.took, _LONGEST),
    )
    try:
        here.journal.append(Draft(fact_id, body, "visitor"))
    except Problem as problem:
        if problem.kind is not FACT_CONFLICT:  # two touches at once, on two names: the first one holds
            raise


def _names(here: Booth, session: str) -> list[Nickname]:
    """The names offered to a play: always the same for it, and none that stands on today's board while others are."""
    taken = {fact.body["nickname"] for fact in _today(here)}
    mixed = list(here.pack.nicknames)
    random.Random(session).shuffle(mixed)  # noqa: S311 (which names are offered is no secret)
    return sorted(mixed, key=lambda one: one.id in taken)[:OFFERED]


def _today(here: Booth) -> list[Fact]:
    today = day_and_hour(here.clock.now())[0]
    return [fact for fact in here.journal.of_kind("board.joined") if bucket_of(fact)[0] == today]


def _entry(fact: Fact) -> tuple[str, int, int, int]:
    return fact.body["nickname"], fact.body["right"], fact.body["questions"], fact.body["ms"]


def _is(line: Line, entry: tuple[str, int, int, int] | None) -> bool:
    return entry == (line.nickname, line.right, line.questions, line.ms)


def _name(here: Booth, nickname: str) -> Text:
    """What the pack calls it; its id, where the pack names it no longer."""
    found = here.pack.nickname_by_id.get(nickname)
    return found.text if found else Text(nickname, nickname)


def _refuse_unless_on(here: Booth) -> None:
    if not here.enrolled.fair.leaderboard:
        raise Problem(BOARD_OFF)
