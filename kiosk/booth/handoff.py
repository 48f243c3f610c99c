"""From the tablet to the visitor's own phone: words in a QR code that are good for minutes, in memory only.

There are two kinds. One stands for the play of whoever is at the tablet: the first phone that brings it goes on with
that play, and the tablet is free. The other is the booth's own and changes by itself: whoever brings it stood here a
moment ago and may begin a play of their own.
"""

import hashlib
import hmac
import ipaddress
import secrets
import threading
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from markupsafe import Markup

from kiosk import qr
from kiosk.booth.sessions import Play, Visit, Visits
from kiosk.clock import Clock
from kiosk.errors import PHONE_EXPIRED, PHONE_TAKEN, TOO_MANY_REQUESTS, Problem

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


class Code(msgspec.Struct, frozen=True):
    """A QR code on the tablet's screen."""

    address: str  # what a phone reads
    svg: Markup
    wifi: str  # the network a phone has to be in; empty: volunteers know


@dataclass
class Offer:
    """A play that a phone may take over."""

    word: str
    visit: Visit  # at the tablet; its lock guards the rest
    play: Play
    until: int  # monotonic ms
    is_withdrawn: bool = False  # the visitor went on at the tablet
    taken_by: str = ""


@dataclass
class _Arrival:
    visit: Visit
    at: int


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
        self._starts: dict[str, deque[int]] = {}  # by address: when visits began
        self._lock = threading.Lock()  # taken after a visit's, never before

    def code(self, word: str) -> Code:
        address = f"{self.url}/m/quiz/{word}"
        return Code(address, _drawn(address), self.wifi)

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
                self._refuse_crowd(address, now)
                visit = self.visits.start("" if is_here(address) else _network(address))
            self._arrivals = {one: at for one, at in self._arrivals.items() if now - at.at < LIFE * 1000}
            _make_room(self._arrivals, _MOST_ARRIVALS)
            self._arrivals[phone] = _Arrival(visit, now)
        return visit

    def _refuse_crowd(self, address: str, now: int) -> None:
        """So many visits at once are no visitors, and none may push out those of others."""
        if self.visits.is_full():
            raise Problem(TOO_MANY_REQUESTS)
        if is_here(address):
            return
        place = _network(address)
        if self.visits.count_of(place) >= LIVING:
            raise Problem(TOO_MANY_REQUESTS)
        starts = self._starts.pop(place, deque())
        while starts and now - starts[0] >= LIFE * 1000:
            starts.popleft()
        is_crowd = len(starts) >= STARTS
        if not is_crowd:
            starts.append(now)
        _make_room(self._starts, _MOST_ADDRESSES)
        self._starts[place] = starts
        if is_crowd:
            raise Problem(TOO_MANY_REQUESTS)

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
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_loopback


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


def _network(address: str) -> str:
    """What counts as one address: of IPv6 a phone has as many as it likes."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return f"{int(found) >> 64:x}::/64" if found.version == 6 else address


def _make_room(held: dict[str, Offer] | dict[str, _Arrival] | dict[str, "deque[int]"], most: int) -> None:
    while len(held) >= most:
        del held[next(iter(held))]


@lru_cache(maxsize=8)
def _drawn(text: str) -> Markup:
    return Markup(qr.svg(text))  # noqa: S704 (our own SVG)
