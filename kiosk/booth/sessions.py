"""Who is at the tablet now, or came from it on a phone of their own: visitors and volunteers, in memory only.

A visit is thrown away at home, at the end, or when idle; nothing of it is on disk. The staff screens
lock when the program restarts.
"""

import random
import secrets
import threading
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from kiosk.clock import Clock
from kiosk.errors import Problem
from kiosk.packs.model import Text
from kiosk.packs.quizzes import Mode, Option, Question
from kiosk.packs.surveys import Survey

#: Seconds after the idle limit in which the page asks "still there?" before the visit is over.
GRACE = 15
_MOST_VISITS = 500
_MOST_LAPSED = 100


@dataclass
class Pair:
    """Two questions asked before a quiz, and again after it of who answered them."""

    survey: Survey
    before_id: str  # ids of the facts, made before the answers
    after_id: str
    shown_at: int  # monotonic ms when they were last put on the screen
    step: Literal["before", "during", "over"] = "before"  # what comes next, or is going on

    @property
    def fact_id(self) -> str:
        """Of what is asked next."""
        return self.before_id if self.step == "before" else self.after_id


@dataclass
class Play:
    """One quiz in progress."""

    session: str  # in the facts; drawn for this play, links nothing to a person
    mode: Mode
    questions: list[Question]
    options: list[list[Option]]  # in the order shown, by question
    fact_ids: list[str]  # made before the answers, so that a repeated touch is the same fact
    finish_id: str
    shown_at: int  # monotonic ms when the current question appeared
    took: int = 0  # milliseconds from questions shown to answers, so far
    at: int = 0  # index of the current question
    chosen: list[list[str]] = field(default_factory=list)  # option ids, by question
    picked: list[str] = field(default_factory=list)  # touched so far, where the answer is more than one touch
    is_helped: bool = False  # a volunteer touches the screen for the visitor
    pair: Pair | None = None  # around this play

    @property
    def is_over(self) -> bool:
        return self.at >= len(self.questions)

    @property
    def is_answered(self) -> bool:
        """The current question has been answered and its explanation is on the screen."""
        return len(self.chosen) > self.at

    @property
    def right(self) -> list[bool]:
        return [q.is_right(chosen) for q, chosen in zip(self.questions, self.chosen, strict=False)]

    @property
    def has_passed(self) -> bool:
        return sum(self.right) >= self.pass_mark

    @property
    def pass_mark(self) -> int:
        """A bank too small for the mode gives a shorter play, which can be passed all the same."""
        return min(self.mode.pass_mark, len(self.questions))


@dataclass
class Look:
    """One exhibit on a visitor's screen."""

    fact_id: str
    fake_is_left: bool
    viewed_id: str
    search: "Search"
    judged: bool | None = None
    is_viewed: bool = False  # looked at long enough to count, and counted
    is_told: bool = False  # saw which one is the fake without judging: a judgement after that says nothing


@dataclass
class Search:
    """What is wrong with a fake, as far as this visitor found it."""

    fact_id: str  # made before, so that ending twice is the same fact
    found: list[str] = field(default_factory=list)  # region ids, in the order they were found
    strays: dict[str, int] = field(default_factory=dict)  # touches where nothing is wrong, by the region next to them
    hints: int = 0
    turns: int = 0  # touches and hints so far: a page says of which turn it is, so that a repeat is known for one
    lit: str = ""  # by a hint: a part of the picture by its name in `searches.PARTS`
    said: Literal["ask", "hit", "again", "miss", "hint"] = "ask"
    is_comparing: bool = False  # the genuine one stands beside it
    is_over: bool = False

    @property
    def has_begun(self) -> bool:
        return self.turns > 0

    @property
    def false(self) -> int:
        """Touches where nothing is wrong."""
        return sum(self.strays.values())


@dataclass
class Round:
    """Quick pairs in a row."""

    exhibits: list[str]
    at: int = 0  # index of the current pair; their number when the round is over


class Voucher(msgspec.Struct, frozen=True):
    """What a visitor shows to the volunteer."""

    code: str
    prize: Text
    desk: str
    text: str  # of its QR code


@dataclass
class Offer:
    """A play that a phone may take over."""

    word: str
    visit: "Visit"  # at the tablet; its lock guards the rest
    play: Play
    until: int  # monotonic ms
    is_withdrawn: bool = False  # the visitor went on at the tablet
    taken_by: str = ""


@dataclass
class Visit:
    """What one visitor has done since they touched the screen. Never on disk."""

    token: str
    session: str
    seen_at: int
    on: Literal["tablet", "phone"] = "tablet"  # whose screen
    network: str = ""  # a phone's, as far as one counts as one
    play: Play | None = None
    offer: Offer | None = None  # of the play, to a phone
    voucher: Voucher | None = None  # that this visitor earned
    no_prize: Problem | None = None  # why the last play earned none
    tickets: dict[str, str] = field(default_factory=dict)  # draw → the code by which this visitor is called
    is_practice: bool = False  # a volunteer tries the quiz out: nothing of it is recorded
    asked: set[str] = field(default_factory=set)  # questions already put to this visitor
    looks: dict[str, Look] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)  # ids of what was counted of numbers looked up
    looking: str = ""  # the exhibit on the screen
    looking_since: int = 0  # monotonic ms
    left_at: int = 0  # monotonic ms when the visitor was last before the screen, once the visit is over
    round: Round | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)  # a double touch arrives on two threads


class Visits:
    """The visits going on now."""

    def __init__(self, clock: Clock, idle_seconds: int, on: Literal["tablet", "phone"] = "tablet") -> None:
        self._clock = clock
        self._on = on
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

    def start(self, network: str = "") -> Visit:
        now = self._clock.monotonic()
        visit = Visit(secrets.token_urlsafe(16), secrets.token_hex(16), now, self._on, network)
        with self._lock:
            self._drop_idle(now)
            while len(self._visits) >= _MOST_VISITS:
                self._visits.pop(next(iter(self._visits)))
            self._visits[visit.token] = visit
        return visit

    def is_full(self) -> bool:
        """Whether another visit would push out the oldest."""
        with self._lock:
            self._drop_idle(self._clock.monotonic())
            return len(self._visits) >= _MOST_VISITS

    def count_of(self, network: str) -> int:
        """Visits going on that one network began."""
        with self._lock:
            self._drop_idle(self._clock.monotonic())
            return sum(visit.network == network for visit in self._visits.values())

    def _drop_idle(self, now: int) -> None:
        self._visits = {t: v for t, v in self._visits.items() if now - v.seen_at <= self._limit}

    def end(self, token: str | None, *, is_idle: bool = False) -> Visit | None:
        """The visit that is over, if it was still known: whoever walked away had been idle too long already.

        `is_idle`: nobody touched the screen since the limit began. The visit may not know, for most touches ask
        nothing of the booth.
        """
        now = self._clock.monotonic()
        with self._lock:
            visit = self._visits.pop(token or "", None)
        if visit is not None:
            was_idle = is_idle or now - visit.seen_at > self._limit
            visit.left_at = now - self._limit if was_idle else now
        return visit


@dataclass
class StaffSession:
    token: str
    volunteer: str
    name: str
    seen_at: int
    #: Of the complaint that is being filled in: its code, and what that was stretched to. Gone with the session.
    draft_key: tuple[str, str, bytes] | None = None
    hashed_query: tuple[str, str] | None = None  # its query code and the hash of that


class StaffSessions:
    """Who has the staff screens open. In memory: a restart locks them."""

    def __init__(self, clock: Clock, idle_seconds: int) -> None:
        self._clock = clock
        self._limit = idle_seconds * 1000
        self._sessions: dict[str, StaffSession] = {}
        self._lapsed: dict[str, None] = {}  # tokens of those nobody closed, oldest first
        self._lock = threading.Lock()

    def open(self, volunteer: str, name: str) -> StaffSession:
        session = StaffSession(secrets.token_urlsafe(24), volunteer, name, self._clock.monotonic())
        with self._lock:
            self._sessions[session.token] = session
        return session

    def find(self, token: str | None) -> StaffSession | None:
        """The session of a cookie, unless it has been idle too long."""
        now = self._clock.monotonic()
        with self._lock:
            session = self._sessions.get(token or "")
            if session is None:
                return None
            if now - session.seen_at > self._limit:
                self._lapse(session.token)
                return None
            return session

    def touch(self, token: str | None) -> StaffSession | None:
        """As `find`, for what a person did: it keeps the session alive. A page that renews itself does not."""
        session = self.find(token)
        if session is not None:
            session.seen_at = self._clock.monotonic()
        return session

    def has_lapsed(self, token: str | None) -> bool:
        """Whether a cookie is of a session that ended by itself: somebody was signed in, and may have been typing."""
        return self.find(token) is None and (token or "") in self._lapsed

    def close(self, token: str | None) -> None:
        with self._lock:
            self._sessions.pop(token or "", None)
            self._lapsed.pop(token or "", None)

    def _lapse(self, token: str) -> None:
        del self._sessions[token]
        self._lapsed[token] = None
        while len(self._lapsed) > _MOST_LAPSED:
            del self._lapsed[next(iter(self._lapsed))]
