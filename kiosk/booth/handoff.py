"""From the tablet to the visitor's own phone: words in a QR code that are good for minutes, in memory only.

There are two kinds. One stands for the play of whoever is at the tablet: the first phone that brings it goes on with
that play, and the tablet is free. The other is the booth's own and changes by itself: whoever brings it stood here a
moment ago and may begin a play of their own.
"""

import hashlib
import hmac
import secrets
import threading
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from markupsafe import Markup

from kiosk import qr
from kiosk.booth.sessions import Offer, Play, Visit, Visits
from kiosk.clock import Clock
from kiosk.errors import PHONE_EXPIRED, PHONE_TAKEN, TOO_MANY_REQUESTS, Problem
from kiosk.values import ip_address, network

#: Seconds for which a word is good: long enough to join the square's Wi-Fi first.
LIFE = 300
#: Seconds without a touch after which a phone's visit is forgotten; it may have been in a pocket.
IDLE = 900
#: Visits one address may begin while a word is good. Phones behind one router may share an address.
STARTS = 40
#: Visits one address may have going on: as many as it may begin until the first are forgotten, a quarter of all.
LIVING = STARTS * IDLE // LIFE
_WINDOWS = 2  # the booth's word changes so often in the life of one
_MOST_OFFERS = 100
_MOST_ARRIVALS = 1_000
_MOST_ADDRESSES = 1_000
#: Complaints, photos for them, and surveys one address may hand in within so many seconds.
FILINGS, PHOTOS, SURVEYS, FILING_SECONDS = 40, 120, 120, 600


class Code(msgspec.Struct, frozen=True):
    """A QR code on the tablet's screen."""

    address: str  # what a phone reads
    svg: Markup
    wifi: str  # the network a phone has to be in; empty: volunteers know


@dataclass
class _Arrival:
    visit: Visit
    at: int


class Crowd:
    """How often each address did a thing lately: `most` times in `seconds`, and no more."""

    def __init__(self, clock: Clock, most: int, seconds: int) -> None:
        self._clock = clock
        self._most = most
        self._window = seconds * 1000
        self._times: dict[str, deque[int]] = {}  # by network, the one seen longest ago first
        self._lock = threading.Lock()

    def refuse(self, address: str) -> None:
        """Before the thing is done once more. Raises `request.too_many`; this machine's own screen is no crowd."""
        if is_here(address):
            return
        now, place = self._clock.monotonic(), network(address)
        with self._lock:
            times = self._times.pop(place, deque())
            while times and now - times[0] >= self._window:
                times.popleft()
            is_crowd = len(times) >= self._most
            if not is_crowd:
                times.append(now)
            _make_room(self._times, _MOST_ADDRESSES)
            self._times[place] = times
        if is_crowd:
            raise Problem(TOO_MANY_REQUESTS)


class Phones:
    """Who may come over to a phone of their own, and the visits of those who did."""

    def __init__(self, clock: Clock, url: str, wifi: str, tablet: Visits) -> None:
        self.url = url.rstrip("/")  # empty: phones are not asked over
        self.wifi = wifi
        self.visits = Visits(clock, IDLE, on="phone")
        self._clock = clock
        self._tablet = tablet
        self._secret = secrets.token_bytes(32)
        self._offers: dict[str, Offer] = {}  # oldest first, as the other two
        self._arrivals: dict[str, _Arrival] = {}  # by the id that a phone's page drew
        self._starts = Crowd(clock, STARTS, LIFE)
        self.filings = Crowd(clock, FILINGS, FILING_SECONDS)
        self.photos = Crowd(clock, PHOTOS, FILING_SECONDS)
        self.surveys = Crowd(clock, SURVEYS, FILING_SECONDS)
        self._lock = threading.Lock()  # taken after a visit's, never before

    def code(self, word: str) -> Code:
        address = f"{self.url}/m/quiz/{word}"
        return Code(address, drawn(address), self.wifi)

    def door(self) -> Code | None:
        """The booth's own code, for a play of one's own on the phone; None where phones cannot come."""
        return self.code(self._word(self._window())) if self.url else None

    def offer(self, visit: Visit, play: Play) -> Offer:
        """The offer of a visitor's play: the same one while it is good. The caller holds the visit's lock."""
        now = self._clock.monotonic()
        if visit.offer is None or visit.offer.play is not play or now >= visit.offer.until:
            withdraw(visit)
            visit.offer = Offer(secrets.token_urlsafe(16), visit, play, now + LIFE * 1000)
            with self._lock:
                self._offers = {word: one for word, one in self._offers.items() if now < one.until}
                _make_room(self._offers, _MOST_OFFERS)
                self._offers[visit.offer.word] = visit.offer
        return visit.offer

    def look(self, word: str) -> Offer | None:
        """What a word stands for: somebody's play, or None for a play of one's own.

        Raises `phone.taken`, `phone.expired`.
        """
        offer = self._offers.get(word)
        if offer is not None:
            with offer.visit.lock:
                self._refuse_past(offer)
        elif not self._is_door(word):
            raise Problem(PHONE_EXPIRED)
        return offer

    def take(self, word: str, phone: str, address: str, own: Visit | None = None) -> Visit:
        """The visit that a phone comes to by a word: its own where it has one, for one phone is one visitor.

        `phone` is an id drawn for the page the word was shown on: the same touch again, after a lost reply, comes to
        the same visit while that goes on. `address` is the socket's.
        Raises `phone.taken`, `phone.expired`, `request.too_many`.
        """
        arrived = self._arrived(phone)
        if arrived is not None:
            return arrived
        offer = self._offers.get(word)
        if offer is None:
            self.look(word)
            return self._begin(phone, address, own)
        with offer.visit.lock:
            arrived = self._arrived(phone) if offer.taken_by == phone else None
            if arrived is not None:  # two touches at once
                return arrived
            self._refuse_past(offer)
            visit = self._begin(phone, address, own)
            offer.taken_by = phone
            with visit.lock:  # a phone's, always after a tablet's
                _move(offer, visit)
        self._tablet.end(offer.visit.token)
        return visit

    def _arrived(self, phone: str) -> Visit | None:
        """The visit that a page's touch has come to before, while it goes on."""
        arrival = self._arrivals.get(phone)
        return self.visits.find(arrival.visit.token) if arrival is not None else None

    def _refuse_past(self, offer: Offer) -> None:
        if offer.taken_by:
            raise Problem(PHONE_TAKEN)
        if offer.is_withdrawn or self._clock.monotonic() >= offer.until or offer.visit.play is not offer.play:
            raise Problem(PHONE_EXPIRED)

    def _begin(self, phone: str, address: str, own: Visit | None) -> Visit:
        now = self._clock.monotonic()
        with self._lock:
            visit = self._arrived(phone) or own
            if visit is None:
                self._refuse_crowd(address)
                visit = self.visits.start("" if is_here(address) else network(address))
            self._arrivals = {one: at for one, at in self._arrivals.items() if now - at.at < LIFE * 1000}
            _make_room(self._arrivals, _MOST_ARRIVALS)
            self._arrivals[phone] = _Arrival(visit, now)
        return visit

    def _refuse_crowd(self, address: str) -> None:
        """So many visits at once are no visitors, and none may push out those of others."""
        if self.visits.is_full():
            raise Problem(TOO_MANY_REQUESTS)
        if is_here(address):
            return
        if self.visits.count_of(network(address)) >= LIVING:
            raise Problem(TOO_MANY_REQUESTS)
        self._starts.refuse(address)

    def _window(self) -> int:
        return self._clock.monotonic() * _WINDOWS // (LIFE * 1000)

    def _word(self, window: int) -> str:
        return hashlib.blake2b(window.to_bytes(8, "big"), digest_size=11, key=self._secret).hexdigest()

    def _is_door(self, word: str) -> bool:
        window = self._window()
        return any(
            hmac.compare_digest(self._word(one).encode(), word.encode()) for one in range(window - _WINDOWS, window + 1)
        )


def withdraw(visit: Visit) -> None:
    """The visitor goes on at the tablet after all. The caller holds the visit's lock."""
    if visit.offer is not None:
        visit.offer.is_withdrawn = True
        visit.offer = None


@lru_cache(maxsize=1024)  # asked twice a request
def is_here(address: str) -> bool:
    """Whether a socket's address is this machine's own."""
    found = ip_address(address)
    return found is not None and found.is_loopback


def _move(offer: Offer, to: Visit) -> None:
    """The play leaves the tablet with all that belongs to it; from here on it is the phone's.

    What the phone's visitor has earned already stays theirs, and stays all they get.
    """
    visit = offer.visit
    to.play, to.no_prize, to.is_practice = offer.play, visit.no_prize, visit.is_practice
    to.voucher = to.voucher or visit.voucher
    to.tickets = visit.tickets | to.tickets
    to.asked |= visit.asked
    offer.play.is_helped = False
    visit.play = visit.voucher = visit.no_prize = visit.offer = None
    visit.tickets = {}
    visit.asked = set()


def _make_room(held: dict[str, Offer] | dict[str, _Arrival] | dict[str, "deque[int]"], most: int) -> None:
    while len(held) >= most:
        del held[next(iter(held))]


@lru_cache(maxsize=8)
def drawn(text: str) -> Markup:
    """A QR code on the tablet's screen."""
    return Markup(qr.svg(text))  # noqa: S704 (our own SVG)
