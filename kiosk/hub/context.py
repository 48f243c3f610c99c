"""What a hub is while it runs, and how a view gets at it."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

from flask import current_app, g, request
from sqlalchemy import Connection, select

from kiosk import values, web
from kiosk.clock import BEIJING, Clock
from kiosk.config import HubConfig
from kiosk.errors import COMPLAINT_EXPOSED, HUB_BUSY, LOGIN_NEEDED, ROLE_NEEDED, Problem
from kiosk.hub import people
from kiosk.hub.answers import Folder
from kiosk.hub.lookouts import Lookout
from kiosk.hub.memory import Counts, Latest, Remembered
from kiosk.hub.paces import Paces
from kiosk.hub.people import Session
from kiosk.hub.store import Store
from kiosk.hub.tables import fairs
from kiosk.packs.reader import Pack
from kiosk.sync import keys, protocol

COOKIE = "session"
SECURE_COOKIE = "__Host-session"  # a browser keeps it only over HTTPS and for this host alone


#: Of a process's threads so many may write for tablets, or wait to; the others are left for people and /healthz.
QUEUE = 16


class Hub:
    """One running hub process."""

    def __init__(
        self,
        config: HubConfig,
        store: Store,
        pack: Pack,
        clock: Clock,
        hub_id: str,
        key: keys.SigningKey,
        sealing: str,
    ) -> None:
        self.config = config
        self.store = store
        self.pack = pack
        self.clock = clock
        self.id = hub_id
        self.key = key
        self.sealing_key = keys.PublicKey(bytes.fromhex(sealing))
        self.queue = BoundedSemaphore(QUEUE)
        self.lookout: Lookout[Any] = Lookout(clock)
        self.screens = Counts(clock)
        self.places: Remembered[Any] = Remembered(clock)
        self.drafts: Latest[Any] = Latest()
        self.venues: Latest[Any] = Latest(1_000)
        self.going_on: Remembered[None] = Remembered(clock, 60_000)
        self.answers = Folder(store, clock)
        self.paces = Paces(store, clock)
        self._mark_keys: dict[str, bytes] = {}  # by purpose, of which there are a few

    @property
    def fingerprint(self) -> bytes:
        return keys.fingerprint(self.key.verify_key, self.sealing_key)

    def mark(self, purpose: str, text: str) -> str:
        """What stands for a text on the disk, the same in every process; only whoever has the key file can try it."""
        return hmac.digest(self._mark_key(purpose), text.encode(), "sha256").hex()

    def _mark_key(self, purpose: str) -> bytes:
        key = self._mark_keys.get(purpose)
        if key is None:
            key = hashlib.sha256(f"kiosk/mark/1/{purpose}\0".encode() + bytes(self.key)).digest()
            self._mark_keys[purpose] = key
        return key

    @property
    def cookie(self) -> str:
        return SECURE_COOKIE if self.config.is_public_https else COOKIE

    def sign(self, message: protocol.Message) -> bytes:
        return protocol.sign_document(message, self.key)

    def close(self) -> None:
        self.answers.close()
        self.paces.close()
        self.store.close()


def hub() -> Hub:
    """The hub this request is served by."""
    here = current_app.extensions["hub"]
    assert isinstance(here, Hub)
    return here


def today() -> date:
    """The day it is, in Beijing."""
    return hub().clock.now().astimezone(BEIJING).date()


def reading() -> AbstractContextManager[Connection]:
    return hub().store.reading()


def writing() -> AbstractContextManager[Connection]:
    return hub().store.begin()


@contextmanager
def queueing() -> Iterator[Connection]:
    """A write transaction for a tablet. Raises `hub.busy` where enough of them wait: it comes again by itself."""
    here = hub()
    if not here.queue.acquire(blocking=False):
        raise Problem(HUB_BUSY)
    here.answers.make_way()
    try:
        with here.store.begin() as tx:
            yield tx
    finally:
        here.queue.release()


@contextmanager
def acting(*roles: str) -> Iterator[tuple[Connection, Session]]:
    """A write transaction for a signed-in person with one of some roles."""
    session = signed_in(*roles)
    with hub().store.begin() as tx:
        yield tx, session


def session() -> Session | None:
    """Whoever is signed in on this request; looked up once."""
    if "session" not in g:
        token = request.cookies.get(hub().cookie)
        g.session = _find(token) if token else None
    found = g.session
    assert found is None or isinstance(found, Session)
    return found


def _find(token: str) -> Session | None:
    here, now = hub(), hub().clock.now()
    is_poll = request.method == "GET" and web.wants_fragment()
    with here.store.reading() as tx:
        found = people.find_session(tx, token, now, here.config.session_idle_seconds, here.config.session_seconds)
        # The board asks for itself every few seconds; only a person keeps a session alive.
        stale = found is not None and not is_poll and people.is_stale(tx, token, now)
        # To change between, for the menu, which no poll draws.
        g.has_fairs = not is_poll and len(tx.execute(select(fairs.c.id).limit(2)).all()) > 1
    if stale:
        with here.store.begin() as tx:
            people.touch(tx, token, now)
    return found


def signed_in(*roles: str) -> Session:
    """The session of this request, of somebody with one of some roles. Raises `login.needed` or `login.role`."""
    found = session()
    if found is None:
        raise Problem(LOGIN_NEEDED)
    if roles and not any(found.person.may(role) for role in roles):
        raise Problem(ROLE_NEEDED)
    g.compress = False  # a page that holds secrets beside what others typed is not compressed
    return found


def client_mark() -> str:
    """What stands for the network that is asking, for counting only: without this hub's key nobody can try addresses
    against it.
    """
    return hub().mark("client", _network(request.remote_addr or ""))


#: Whoever asks, asks again: the network of an address is worked out once.
_network = lru_cache(maxsize=256)(values.network)


def refuse_exposed() -> None:
    """What a phone sends must not be readable on the way; on this machine itself there is no way.

    Raises `complaint.exposed`.
    """
    if not request.is_secure and request.remote_addr not in ("127.0.0.1", "::1"):
        raise Problem(COMPLAINT_EXPOSED)


__all__ = ["COOKIE", "Hub", "acting", "client_mark", "hub", "reading", "session", "signed_in", "today", "writing"]
