"""People at the hub: accounts, sign-in, sessions, and the key to complaints.

The private sealing key is stored nowhere in the clear. Each account that opens complaints holds it wrapped
under its own password; signing in unwraps it and locks it again under the session's cookie, which the hub
does not keep. So it is open only while a named person is signed in, on any of several hub processes.
"""

import hashlib
import secrets
from datetime import datetime
from itertools import pairwise

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, text, update

from kiosk.errors import LOGIN_WRONG, PERSON_EXISTS, TOO_MANY_REQUESTS, Problem
from kiosk.hub.store import Store
from kiosk.hub.tables import people, sessions, throttles, volunteers
from kiosk.sync import keys

#: A session is kept alive by one write a minute, not by one a page.
_TOUCH_SECONDS = 60
#: So long tries are counted at the longest, and kept: nothing of yesterday stays.
COUNTED_SECONDS = 600
#: `intake` registers, classifies and gives out; `handler` moves what is theirs; `supervisor` everything; `auditor` sees
#: who opened what, and opens nothing.
ROLES = ("organiser", "intake", "handler", "supervisor", "auditor", "viewer")
#: Whoever has one of these holds the key to complaints.
KEY_ROLES = frozenset({"intake", "handler", "supervisor"})

#: Made once: to make a statement takes longer than to run one of these.
_PAST = select(throttles.c.key).where(throttles.c.since < bindparam("past")).with_for_update(skip_locked=True)
_FORGETTING = delete(throttles).where(throttles.c.key.in_(_PAST))
_COUNTING = text(
    """INSERT INTO throttles (key, since, n) VALUES (:key, :now, 1) ON CONFLICT (key) DO UPDATE SET
    n = CASE WHEN :now - throttles.since > :seconds THEN 1 ELSE throttles.n + 1 END,
    since = CASE WHEN :now - throttles.since > :seconds THEN :now ELSE throttles.since END
    RETURNING n"""
)


class Person(msgspec.Struct, frozen=True):
    id: str
    name: str
    roles: frozenset[str]

    def may(self, role: str) -> bool:
        return role in self.roles


class Session(msgspec.Struct, frozen=True):
    person: Person
    csrf: str
    key: keys.PrivateKey | None  # to open complaints; None without the role


def add_person(
    tx: Connection, name: str, password: str, roles: set[str], sealing_key: keys.PrivateKey | None = None
) -> Person:
    """A new account. One that opens complaints needs the private sealing key, to be wrapped under the password.

    Raises `person.exists`.
    """
    if tx.execute(select(people.c.id).where(people.c.name == name)).first():
        raise Problem(PERSON_EXISTS, name=name)
    person = Person(f"p-{secrets.token_hex(4)}", name, frozenset(roles))
    wrapped = keys.wrap(bytes(sealing_key), password) if sealing_key and roles & KEY_ROLES else None
    tx.execute(
        people.insert().values(
            id=person.id,
            name=name,
            password=keys.hash_password(password),
            roles=" ".join(sorted(roles)),
            wrapped_key=wrapped,
        )
    )
    return person


def open_key(tx: Connection, name: str, password: str) -> keys.PrivateKey:
    """The private sealing key, from the password of somebody who holds it. Raises `login.wrong`."""
    wrapped = tx.execute(select(people.c.wrapped_key).where(people.c.name == name)).scalar()
    opened = keys.unwrap(bytes(wrapped), password) if wrapped else None
    if opened is None:
        raise Problem(LOGIN_WRONG)
    return keys.PrivateKey(opened)


class Proven(msgspec.Struct, frozen=True):
    """Somebody who has just shown the right password."""

    person: Person
    opened: bytes | None  # the private sealing key, from under that password

    @property
    def key(self) -> keys.PrivateKey | None:
        return keys.PrivateKey(self.opened) if self.opened else None


def prove(tx: Connection, name: str, password: str) -> Proven:
    """Check a password. Slow by design, so not for a transaction that keeps others from writing.

    Raises `login.wrong`, the same for an unknown name and a wrong password.
    """
    row = tx.execute(select(people).where(people.c.name == name)).one_or_none()
    if not keys.is_password(row.password if row else None, password) or row is None:
        raise Problem(LOGIN_WRONG)
    opened = keys.unwrap(bytes(row.wrapped_key), password) if row.wrapped_key else None
    return Proven(_person(row.id, row.name, row.roles), opened)


def sign_in(tx: Connection, proven: Proven, now: datetime) -> str:
    """Begin a session; returns the cookie's token. The sealing key is locked under it, and kept nowhere else."""
    token = secrets.token_urlsafe(32)
    tx.execute(
        sessions.insert().values(
            token_hash=_hash(token),
            person=proven.person.id,
            csrf=secrets.token_urlsafe(24),
            began_at=now.timestamp(),
            seen_at=now.timestamp(),
            key_box=keys.lock(proven.opened, _box_key(token)) if proven.opened else None,
        )
    )
    return token


def find_session(tx: Connection, token: str, now: datetime, idle: int, longest: int) -> Session | None:
    """The session of a cookie; None when it is unknown, idle too long or too old."""
    row = tx.execute(
        select(sessions, people.c.name, people.c.roles)
        .join(people, people.c.id == sessions.c.person)
        .where(sessions.c.token_hash == _hash(token))
    ).one_or_none()
    moment = now.timestamp()
    if row is None or moment - row.seen_at > idle or moment - row.began_at > longest:
        return None
    opened = keys.unlock(bytes(row.key_box), _box_key(token)) if row.key_box else None
    return Session(_person(row.person, row.name, row.roles), row.csrf, keys.PrivateKey(opened) if opened else None)


def is_stale(tx: Connection, token: str, now: datetime) -> bool:
    """Whether a session's last sign of life is old enough to be written down again."""
    seen = tx.execute(select(sessions.c.seen_at).where(sessions.c.token_hash == _hash(token))).scalar()
    return seen is not None and now.timestamp() - seen > _TOUCH_SECONDS


def touch(tx: Connection, token: str, now: datetime) -> None:
    tx.execute(update(sessions).where(sessions.c.token_hash == _hash(token)).values(seen_at=now.timestamp()))


def forget_the_past(tx: Connection, now: datetime, longest: int) -> None:
    """Delete sessions that have ended by age and tries nobody counts any more."""
    tx.execute(delete(sessions).where(sessions.c.began_at < now.timestamp() - longest))
    forget_tries(tx, now)


def forget_tries(tx: Connection, now: datetime) -> None:
    """Delete the tries nobody counts any more."""
    tx.execute(_FORGETTING, {"past": now.timestamp() - COUNTED_SECONDS})


def sign_out(tx: Connection, token: str) -> None:
    tx.execute(delete(sessions).where(sessions.c.token_hash == _hash(token)))


def names(tx: Connection) -> dict[str, str]:
    """Id → name of everybody who has an account here."""
    return {row.id: row.name for row in tx.execute(select(people.c.id, people.c.name))}


def names_at(tx: Connection, fair: str) -> dict[str, str]:
    """Id → name of everybody here and of a fair's volunteers."""
    query = select(volunteers.c.id, volunteers.c.name).where(volunteers.c.fair == fair)
    return {**names(tx), **{row.id: row.name for row in tx.execute(query)}}


def handlers(tx: Connection) -> list[tuple[str, str]]:
    """(id, name) of those a case can be given to, by name."""
    found = tx.execute(select(people.c.id, people.c.name, people.c.roles).order_by(people.c.name))
    return [(row.id, row.name) for row in found if {"handler", "supervisor"} & set(row.roles.split())]


def add_volunteer(tx: Connection, fair: str, volunteer_id: str, name: str, pin: str) -> None:
    tx.execute(volunteers.insert().values(fair=fair, id=volunteer_id, name=name, pin=keys.hash_password(pin)))


def new_volunteer_id() -> str:
    return f"v-{secrets.token_hex(3)}"


def draw_pin() -> str:
    """Six digits nobody would try first."""
    while True:
        pin = f"{secrets.randbelow(10**6):06d}"
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
        if len(steps) > 1:
            return pin


def throttle(tx: Connection, what: str, who: str, most: int, seconds: int, now: datetime) -> None:
    """Count one try; raises `request.too_many` beyond `most` in `seconds`. Who: a mark that tells nobody who it is."""
    forget_tries(tx, now)
    tried = {"key": _tries_of(what, who), "now": now.timestamp(), "seconds": seconds}
    if tx.execute(_COUNTING, tried).scalar_one() > most:
        raise Problem(TOO_MANY_REQUESTS)


def refuse_throttled(store: Store, what: str, who: str, most: int, seconds: int, now: datetime) -> None:
    """Raises what `throttle` would, and counts nothing: for work that is not to be begun in vain."""
    question = "SELECT n FROM throttles WHERE key = ? AND ? - since <= ?"
    if any(n >= most for (n,) in store.glance(question, _tries_of(what, who), now.timestamp(), seconds)):
        raise Problem(TOO_MANY_REQUESTS)


def _tries_of(what: str, who: str) -> str:
    return _hash(f"{what}\0{who}")


def _person(person_id: str, name: str, roles: str) -> Person:
    return Person(person_id, name, frozenset(roles.split()))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _box_key(token: str) -> bytes:
    return hashlib.sha256(b"kiosk/session-key/1\0" + token.encode()).digest()
