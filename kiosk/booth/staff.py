"""Staff screens: the PIN that keeps passers-by out, and the lock after too many wrong ones.

A PIN puts a name to a tap. It protects no data: nothing on the tablet can be opened with it.
"""

import math
import sqlite3
from dataclasses import dataclass

from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import visits
from kiosk.booth.context import booth, new_id
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.sessions import StaffSession
from kiosk.clock import Clock
from kiosk.errors import PIN_LOCKED, PIN_WRONG, STAFF_ONLY, Problem
from kiosk.facts.shifts import ShiftEntered, ShiftRefused
from kiosk.sync import keys

views = Blueprint("staff", __name__)
COOKIE = visits.STAFF_COOKIE
#: Wrong tries that cost nothing, and the seconds of lock after each one beyond.
FREE_TRIES = 5
LOCKS = (60, 120, 240, 480, 900)


class PinLock:
    """Wrong tries in a row, counted on disk before the PIN is even looked at.

    Within one run of the program the lock is measured by the monotonic clock, which nobody can set; after
    a restart by the wall clock, but never for longer than the lock itself.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def locked_seconds(self) -> int:
        with self._journal.reading() as connection:
            return self._left(_read_lock(connection))

    def count_try(self) -> None:
        """Count one try and set the lock it would earn, at once. Raises `staff.pin_locked` while locked."""

        def job(connection: sqlite3.Connection) -> None:
            row = _read_lock(connection)
            left = self._left(row)
            if left:
                raise Problem(PIN_LOCKED, seconds=left)
            seconds = _lock_seconds(row.tries + 1)
            until_wall = self._clock.now().timestamp() + seconds
            until_mono = self._clock.monotonic() + seconds * 1000
            connection.execute(
                "INSERT OR REPLACE INTO pin_lock (one, tries, until_wall, until_mono, boot) VALUES (1, ?, ?, ?, ?)",
                (row.tries + 1, until_wall, until_mono, self._journal.boot),
            )

        self._journal.transact(job)

    def _left(self, row: "_LockRow") -> int:
        """Whole seconds until the next try is free."""
        if row.boot == self._journal.boot:
            left = (row.until_mono - self._clock.monotonic()) / 1000
        else:
            left = row.until_wall - self._clock.now().timestamp()
        return max(0, min(math.ceil(left), _lock_seconds(row.tries)))

    def forgive(self) -> None:
        self._journal.write("DELETE FROM pin_lock")


@dataclass(frozen=True)
class _LockRow:
    tries: int
    until_wall: float
    until_mono: int
    boot: str


def _read_lock(connection: sqlite3.Connection) -> _LockRow:
    row = connection.execute("SELECT tries, until_wall, until_mono, boot FROM pin_lock").fetchone()
    return _LockRow(*row) if row else _LockRow(0, 0, 0, "")


def _lock_seconds(tries: int) -> int:
    return LOCKS[min(tries - FREE_TRIES, len(LOCKS)) - 1] if tries > FREE_TRIES else 0


def signed_in() -> StaffSession:
    """The volunteer of this request, or the problem `staff.only`."""
    session = booth().staff.find(request.cookies.get(COOKIE))
    if session is None:
        raise Problem(STAFF_ONLY)
    return session


def is_signed_in() -> bool:
    return booth().staff.find(request.cookies.get(COOKIE)) is not None


@dataclass(frozen=True)
class EnterPage:
    volunteers: list[dict[str, str]]  # id, name
    next: str
    problem: str | None
    locked_seconds: int


@views.get("/staff/enter")
def enter_form() -> Response:
    target = request.args.get("next", "/staff")
    return _enter_page(target if web.is_local_path(target) else "/staff", None)


@views.post("/staff/enter")
def enter() -> Response:
    form = web.read_form("volunteer", "pin", "next")
    here = booth()
    target = form["next"] if web.is_local_path(form["next"]) else "/staff"
    lock = PinLock(here.journal, here.clock)
    try:
        lock.count_try()
        volunteer = here.enrolled.volunteers.get(form["volunteer"])
        if not keys.is_password(volunteer["pin"] if volunteer else None, form["pin"]) or volunteer is None:
            here.journal.append(Draft(new_id(), ShiftRefused(), "visitor"))
            raise Problem(PIN_WRONG)
    except Problem as problem:
        if problem.kind not in (PIN_WRONG, PIN_LOCKED):
            raise
        return _enter_page(target, problem)
    lock.forgive()
    here.journal.append(Draft(new_id(), ShiftEntered(volunteer=volunteer["id"]), volunteer["id"]))
    session = here.staff.open(volunteer["id"], volunteer["name"])
    response = web.to(target)
    response.set_cookie(COOKIE, session.token, httponly=True, samesite="Strict")
    return response


@views.post("/staff/lock")
def lock_screen() -> Response:
    web.read_form()
    booth().staff.close(request.cookies.get(COOKIE))
    response = web.see_other("visits.attract")
    response.delete_cookie(COOKIE, samesite="Strict", httponly=True)
    return response


def ask_for_pin() -> Response | None:
    """Before a staff page: send whoever is not signed in to the PIN screen."""
    if is_signed_in():
        return None
    if request.method != "GET":
        raise Problem(STAFF_ONLY)
    return web.see_other("staff.enter_form", next=request.path)


def _enter_page(target: str, problem: Problem | None) -> Response:
    here = booth()
    people = [{"id": one["id"], "name": one["name"]} for one in here.enrolled.volunteers.values()]
    sentence = problem.sentence(web.language()) if problem else None
    locked = PinLock(here.journal, here.clock).locked_seconds()
    page = EnterPage(people, target, sentence, locked)
    return web.page("booth/staff/enter.html", problem.status if problem else 200, page=page)
