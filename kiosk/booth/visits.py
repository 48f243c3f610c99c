"""The session wall: each visitor is a visit in memory, thrown away at home, at the end, or when idle."""

import random
import secrets
import threading
from dataclasses import dataclass, field

from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth.context import booth
from kiosk.clock import Clock
from kiosk.packs.model import Text
from kiosk.packs.quizzes import PASS_MARK, QUESTIONS, Option, Question
from kiosk.values import Slug

COOKIE = "visit"
#: Seconds after the idle limit in which the page asks "still there?" before the visit is over.
GRACE = 15
_MOST_VISITS = 500

views = Blueprint("visits", __name__)


@dataclass
class Play:
    """One quiz in progress."""

    session: str  # in the facts; drawn for this play, links nothing to a person
    questions: list[Question]
    options: list[list[Option]]  # in the order shown, by question
    fact_ids: list[str]  # made before the answers, so that a repeated touch is the same fact
    finish_id: str
    shown_at: int  # monotonic ms when the current question appeared
    at: int = 0  # index of the current question
    chosen: list[str] = field(default_factory=list)  # option ids, by question

    @property
    def is_over(self) -> bool:
        return self.at >= len(self.questions)

    @property
    def is_answered(self) -> bool:
        """The current question has been answered and its explanation is on the screen."""
        return len(self.chosen) > self.at

    @property
    def right(self) -> list[bool]:
        return [q.is_right([c]) for q, c in zip(self.questions, self.chosen, strict=False)]


@dataclass
class Look:
    """One exhibit on a visitor's screen."""

    fact_id: str
    fake_is_left: bool
    judged: bool | None = None


@dataclass
class Visit:
    """What one visitor has done since they touched the screen. Never on disk."""

    token: str
    session: str
    seen_at: int
    play: Play | None = None
    asked: set[Slug] = field(default_factory=set)  # questions already put to this visitor
    looks: dict[Slug, Look] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)  # a double touch arrives on two threads


class Visits:
    """The visits going on now."""

    def __init__(self, clock: Clock, idle_seconds: int) -> None:
        self._clock = clock
        self._limit = (idle_seconds + GRACE) * 1000
        self._visits: dict[str, Visit] = {}
        self._lock = threading.Lock()
        self.dice: random.Random = random.SystemRandom()

    def find(self, token: str | None) -> Visit | None:
        """The visit of a cookie, unless it has been idle too long."""
        now = self._clock.monotonic()
        with self._lock:
            visit = self._visits.get(token or "")
            if visit is None:
                return None
            if now - visit.seen_at > self._limit:
                del self._visits[visit.token]
                return None
            visit.seen_at = now
            return visit

    def start(self) -> Visit:
        now = self._clock.monotonic()
        visit = Visit(secrets.token_urlsafe(16), secrets.token_hex(16), now)
        with self._lock:
            self._visits = {t: v for t, v in self._visits.items() if now - v.seen_at <= self._limit}
            while len(self._visits) >= _MOST_VISITS:
                self._visits.pop(next(iter(self._visits)))
            self._visits[visit.token] = visit
        return visit

    def end(self, token: str | None) -> None:
        with self._lock:
            self._visits.pop(token or "", None)


@dataclass(frozen=True)
class AttractPage:
    slogans: list[Text]
    questions: int
    pass_mark: int
    exhibits: int


@views.get("/")
def attract() -> Response:
    """The attract page. Coming here ends whatever visit there was."""
    here = booth()
    here.visits.end(request.cookies.get(COOKIE))
    if here.enrolment is None:
        return web.page("booth/visits/unenrolled.html")
    page = AttractPage(list(here.pack.slogans), QUESTIONS, PASS_MARK, len(here.pack.exhibits))
    response = web.page("booth/visits/attract.html", page=page)
    response.delete_cookie(COOKIE, samesite="Strict", httponly=True)
    return response


@views.post("/leave")
def leave() -> Response:
    """The visitor walked away: forget the visit and the choices that came with it."""
    web.read_form()
    booth().visits.end(request.cookies.get(COOKIE))
    response = web.see_other("visits.attract")
    for cookie in (COOKIE, "lang", "large"):
        response.delete_cookie(cookie, samesite="Strict", httponly=True)
    return response


def current() -> Visit:
    """The visit of this request, a new one if there is none."""
    visits = booth().visits
    return visits.find(request.cookies.get(COOKIE)) or visits.start()


def with_cookie(response: Response, visit: Visit) -> Response:
    """Hand the visit's token to the browser until it closes."""
    if request.cookies.get(COOKIE) != visit.token:
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Strict")
    return response
