"""Phones of volunteers that count for this tablet: the word that lets one in, and for whom it counts since when.

A word stands in a QR code, in memory only, is good for minutes and once. What it opens is on disk: a phone that was
let in goes on counting after the tablet was started again, and what it kept meanwhile is taken under the volunteer
who was at it. A phone is known by a cookie; each time it is let in begins a *stint* of one volunteer, and every tap
names the stint it was made in.
"""

import hashlib
import secrets
import sqlite3
import threading
from dataclasses import dataclass
from typing import Literal

import msgspec

from kiosk.booth.journal import Journal
from kiosk.clock import Clock
from kiosk.errors import COUNTING_TAKEN, PHONE_EXPIRED, Problem

#: How the ids end that a rehearsal draws, of pages and of stints: these may outlive it, and those in earnest its
#: beginning.
REHEARSED = "0ca11ed0ff"
#: Seconds for which a word is good: long enough to join the square's Wi-Fi first.
LIFE = 300
#: A word that is shown has at least so many of them left.
_FRESH = 120
#: Hours after which a stint is over, and what was tapped in it is not taken any more: it would count another day.
HOURS = 14
_MOST_OFFERS = 100
_MOST_STINTS = 1_000

#: Running; ended by a hand-over, so that what is late is still taken; ended by hand, so that it is held; too old.
State = Literal["open", "shift", "withdrawn", "over"]


class Stint(msgspec.Struct, frozen=True):
    """One volunteer's time at one phone."""

    id: str  # 32 hex digits; opens nothing
    number: int  # by which people tell phones apart
    phone: str  # hash of its cookie
    volunteer: str
    since: float  # wall clock, seconds since 1970; shown only
    state: State


@dataclass
class _Offer:
    volunteer: str
    until: int  # monotonic ms
    taken_by: str = ""  # the id that the phone's page drew
    token: str = ""  # that it was given


class Words:
    """The words that are good at this moment, and what was last heard of each phone. In memory only."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._offers: dict[str, _Offer] = {}  # oldest first
        self._heard: dict[str, tuple[int, int]] = {}  # stint → when, taps that waited in it
        self._lock = threading.Lock()
        #: Of a rehearsal: the journal that counts. A phone known there keeps its cookie, for it is to be known again.
        self.behind: Journal | None = None

    def offer(self, volunteer: str) -> str:
        """A volunteer's word: the same one until a phone took it or it grows old."""
        now = self._clock.monotonic()
        with self._lock:
            self._offers = {word: one for word, one in self._offers.items() if now < one.until}
            for word, one in self._offers.items():
                if one.volunteer == volunteer and not one.taken_by and one.until - now > _FRESH * 1000:
                    return word
            while len(self._offers) >= _MOST_OFFERS:
                del self._offers[next(iter(self._offers))]
            word = secrets.token_urlsafe(16)
            self._offers[word] = _Offer(volunteer, now + LIFE * 1000)
            return word

    def look(self, word: str) -> str:
        """The volunteer a word is for. Raises `phone.expired`, `counting.taken`."""
        with self._lock:
            offer = self._find(word)
            if offer.taken_by:
                raise Problem(COUNTING_TAKEN)
            return offer.volunteer

    def was_taken_with(self, word: str, token: str) -> bool:
        """Whether it was this phone that a word let in."""
        with self._lock:
            offer = self._offers.get(word)
            return offer is not None and bool(offer.taken_by) and offer.token == token

    def take(self, word: str, phone: str, token: str) -> str:
        """Let a phone in; returns the token by which it is known from now on, its own if it had one.

        `phone` is an id drawn for the page the word was shown on: the same touch again, after a lost reply, comes to
        the same. Raises `phone.expired`, `counting.taken`, or what the journal does.
        """
        with self._lock:
            offer = self._find(word)
            if offer.taken_by == phone:
                return offer.token
            if offer.taken_by:
                raise Problem(COUNTING_TAKEN)
            is_known = self.behind is not None and known(self.behind, self._clock, token) is not None
            ending = REHEARSED if self.behind is not None else ""
            offer.token = _begin(self._journal, self._clock, offer.volunteer, token, ending, is_known=is_known)
            offer.taken_by = phone
            return offer.token

    def note(self, stint: str, waiting: int) -> None:
        """A phone was heard of, and how many taps it still keeps."""
        self._heard[stint] = (self._clock.monotonic(), waiting)

    def heard(self, stint: str) -> tuple[int, int] | None:
        """(seconds since a phone was last heard of, taps it kept then), in this run of the program."""
        found = self._heard.get(stint)
        return None if found is None else ((self._clock.monotonic() - found[0]) // 1000, found[1])

    def _find(self, word: str) -> _Offer:
        offer = self._offers.get(word)
        if offer is None or self._clock.monotonic() >= offer.until:
            raise Problem(PHONE_EXPIRED)
        return offer


class Phone(msgspec.Struct, frozen=True):
    """A phone as its cookie says: its stints by id, and the one that was begun last."""

    stints: dict[str, Stint]
    last: Stint

    def volunteer_of(self, stint: str) -> tuple[str, State | None]:
        """Under whom a tap of a stint is taken, and else "" and why not: its state; None: the phone never had it.

        What was withdrawn by hand is taken once the phone was let in again.
        """
        found = self.stints.get(stint)
        if found is None:
            return "", None
        is_taken = found.state in ("open", "shift") or (found.state == "withdrawn" and self.last.state == "open")
        return (found.volunteer, found.state) if is_taken else ("", found.state)


_COLUMNS = "stint, number, phone, volunteer, wall, boot, began, ended"


def known(journal: Journal, clock: Clock, token: str | None) -> Phone | None:
    """The phone of a cookie, if it was ever let in here."""
    if not token:
        return None
    with journal.reading() as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM counting WHERE phone = ? ORDER BY number",  # noqa: S608 (our own words)
            (_hash(token),),
        ).fetchall()
    stints = [_read(clock, row) for row in rows]
    return Phone({one.id: one for one in stints}, stints[-1]) if stints else None


def counting(journal: Journal, clock: Clock) -> list[Stint]:
    """The stints that are running, the last one first."""
    with journal.reading() as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM counting WHERE ended = '' ORDER BY number DESC"  # noqa: S608 (our own words)
        ).fetchall()
    return [one for one in (_read(clock, row) for row in rows) if one.state == "open"]


def withdraw(journal: Journal, stint: str) -> None:
    """Ended by hand: the phone may be with somebody else. What it kept is held until it is let in anew."""
    journal.write("UPDATE counting SET ended = 'withdrawn' WHERE stint = ? AND ended = ''", (stint,))


def end_for(journal: Journal, volunteer: str) -> None:
    """A volunteer's shift is over. What their phones kept still arrives as theirs."""
    journal.write("UPDATE counting SET ended = 'shift' WHERE volunteer = ? AND ended = ''", (volunteer,))


def _begin(journal: Journal, clock: Clock, volunteer: str, token: str, ending: str, *, is_known: bool) -> str:
    """`ending`: of the stint's id; `is_known`: the token is one of ours, whatever this journal says."""
    stint, fresh = secrets.token_hex(16), secrets.token_urlsafe(24)
    stint = stint[: len(stint) - len(ending)] + ending

    def job(connection: sqlite3.Connection) -> str:
        query = "SELECT 1 FROM counting WHERE phone = ?"
        kept = token if is_known or connection.execute(query, (_hash(token),)).fetchone() else fresh
        connection.execute("UPDATE counting SET ended = 'shift' WHERE phone = ? AND ended = ''", (_hash(kept),))
        connection.execute(
            "INSERT INTO counting (stint, phone, volunteer, wall, boot, began, ended) VALUES (?, ?, ?, ?, ?, ?, '')",
            (stint, _hash(kept), volunteer, clock.now().timestamp(), clock.boot, clock.monotonic()),
        )
        connection.execute(
            "DELETE FROM counting WHERE number <= (SELECT max(number) FROM counting) - ?", (_MOST_STINTS,)
        )
        return kept

    return journal.transact(job)


def _read(clock: Clock, row: tuple[str, int, str, str, float, str, int, str]) -> Stint:
    stint, number, phone, volunteer, wall, boot, began, ended = row
    state: State = "open" if ended == "" else "shift" if ended == "shift" else "withdrawn"
    if _age(clock, wall, boot, began) >= HOURS * 3_600_000:
        state = "over"
    return Stint(stint, number, phone, volunteer, wall, state)


def _age(clock: Clock, wall: float, boot: str, began: int) -> float:
    """Milliseconds: by the monotonic clock, which nobody can set; of an earlier boot at least as long as this one."""
    if boot == clock.boot:
        return clock.monotonic() - began
    return max((clock.now().timestamp() - wall) * 1000, clock.monotonic())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
