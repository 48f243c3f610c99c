"""Staff screens: the PIN that keeps passers-by out, and the lock after too many wrong ones.

A PIN puts a name to a tap. It protects no data: nothing on the tablet can be opened with it.
"""

import math
import sqlite3
from collections.abc import Mapping
from contextlib import suppress

import msgspec
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
#: The same of all volunteers together, so that going from name to name is no way round.
FREE_TRIES_OF_ALL = 20
LOCK_OF_ALL = 60
#: What the PIN screen itself says.
PIN_PROBLEMS = (PIN_LOCKED, PIN_WRONG)


class PinLock:
    """Wrong tries in a row at a volunteer's PIN, and at all together, counted on disk before the PIN is looked at.

    The right PIN forgives the tries at that PIN alone: whoever knows one cannot go on guessing another. Within one
    boot a lock is measured by the monotonic clock, which nobody can set. After a reboot the wall clock says, once,
    how much of it is left, which is never more than the lock itself.
    """

    def __init__(self, journal: Journal, clock: Clock, volunteer: str = "") -> None:
        """The lock of a volunteer; of none, what holds for everybody."""
        self._journal = journal
        self._clock = clock
        self._volunteer = volunteer

    def locked_seconds(self) -> int:
        """Whole seconds until the next try is free."""
        with suppress(Problem):  # no room to write: it is measured anew when somebody tries
            self._measure_anew()
        with self._journal.reading() as connection:
            return max(map(self._left, self._rows(connection)))

    def count_try(self) -> None:
        """Count one try and set the lock it would earn, at once. Raises `staff.pin_locked` while locked."""
        self._measure_anew()

        def job(connection: sqlite3.Connection) -> None:
            rows = self._rows(connection)
            left = max(map(self._left, rows))
            if left:
                raise Problem(PIN_LOCKED, seconds=left)
            for row in rows:
                self._set(connection, row.volunteer, row.tries + 1, _lock_seconds(row.volunteer, row.tries + 1))

        self._journal.transact(job)

    def forgive(self) -> None:
        """The PIN was right."""

        def job(connection: sqlite3.Connection) -> None:
            everybody, *own = self._rows(connection)
            self._set(connection, everybody.volunteer, everybody.tries - sum(row.tries for row in own), 0)
            connection.execute("DELETE FROM pin_locks WHERE volunteer = ? OR tries <= 0", (self._volunteer,))

        self._journal.transact(job)

    def _measure_anew(self) -> None:
        """Let the locks of an earlier boot run by this boot's clock from now on."""
        query, boot = "SELECT * FROM pin_locks WHERE boot <> ?", self._journal.boot
        if self._journal.read_one(query, (boot,)) is None:
            return

        def job(connection: sqlite3.Connection) -> None:
            for row in [_LockRow(*one) for one in connection.execute(query, (boot,)).fetchall()]:
                self._set(connection, row.volunteer, row.tries, self._left(row))

        self._journal.transact(job)

    def _rows(self, connection: sqlite3.Connection) -> list["_LockRow"]:
        """What holds for everybody, then what holds for the volunteer."""
        names = ["", self._volunteer] if self._volunteer else [""]
        return [_read_lock(connection, name) for name in names]

    def _left(self, row: "_LockRow") -> int:
        if row.boot == self._journal.boot:
            left = (row.until_mono - self._clock.monotonic()) / 1000
        else:
            left = row.until_wall - self._clock.now().timestamp()
        return max(0, min(math.ceil(left), _lock_seconds(row.volunteer, row.tries)))

    def _set(self, connection: sqlite3.Connection, volunteer: str, tries: int, seconds: int) -> None:
        until_wall = self._clock.now().timestamp() + seconds
        until_mono = self._clock.monotonic() + seconds * 1000
        connection.execute(
            "INSERT OR REPLACE INTO pin_locks VALUES (?, ?, ?, ?, ?)",
            (volunteer, tries, until_wall, until_mono, self._journal.boot),
        )


class _LockRow(msgspec.Struct, frozen=True):
    """A row of `pin_locks`, as it stands there."""

    volunteer: str  # "" for everybody
    tries: int
    until_wall: float
    until_mono: int
    boot: str


def _read_lock(connection: sqlite3.Connection, volunteer: str) -> _LockRow:
    row = connection.execute("SELECT * FROM pin_locks WHERE volunteer = ?", (volunteer,)).fetchone()
    return _LockRow(*row) if row else _LockRow(volunteer, 0, 0, 0, "")


def _lock_seconds(volunteer: str, tries: int) -> int:
    if not volunteer:
        return LOCK_OF_ALL if tries > FREE_TRIES_OF_ALL else 0
    return LOCKS[min(tries - FREE_TRIES, len(LOCKS)) - 1] if tries > FREE_TRIES else 0


def signed_in() -> StaffSession:
    """The volunteer of this request, or the problem `staff.only`."""
    session = _session()
    if session is None:
        raise Problem(STAFF_ONLY)
    return session


def is_signed_in() -> bool:
    return _session() is not None


def _session() -> StaffSession | None:
    here, token = booth(), request.cookies.get(COOKIE)
    session = here.staff.find(token) if _renews_itself() else here.staff.touch(token)
    if session is not None and session.volunteer not in here.enrolled.volunteers:
        here.staff.close(token)  # taken off the list while signed in
        return None
    return session


def _renews_itself() -> bool:
    """A part of a page asked by itself how things are: nobody touched the screen."""
    return "renew" in request.args


class EnterPage(msgspec.Struct, frozen=True):
    volunteers: list[dict[str, str]]  # as `people`
    action: str
    carried: Mapping[str, str]  # fields that go with the PIN
    code: str  # of a half-filled form that waits behind the PIN; empty if it could not be kept, or there is none
    chosen: str  # a volunteer's id, or ""
    problem: str | None
    locked_seconds: int
    is_locked_for_all: bool


class Behind(msgspec.Struct, frozen=True):
    """What the PIN is asked for: where it goes, what goes with it."""

    action: str = "/staff/enter"
    carried: Mapping[str, str] = msgspec.field(default_factory=dict)
    code: str = ""


@views.get("/staff/enter")
def enter_form() -> Response:
    target = request.args.get("next", "/staff")
    return enter_page(Behind(carried={"next": target if web.is_local_path(target) else "/staff"}))


@views.post("/staff/enter")
def enter() -> Response:
    form = web.read_form("volunteer", "pin", "next")
    target = form["next"] if web.is_local_path(form["next"]) else "/staff"
    try:
        session = admit(form["volunteer"], form["pin"])
    except Problem as problem:
        if problem.kind not in PIN_PROBLEMS:
            raise
        return enter_page(Behind(carried={"next": target}), problem, form["volunteer"])
    return with_session(web.to(booth().asks_first() or target), session)


def admit(who: str, pin: str) -> StaffSession:
    """Open the staff screens to a volunteer. Raises `staff.pin_wrong`, `staff.pin_locked`, or what the journal does."""
    here = booth()
    volunteer = vouch(who, pin)
    here.journal.append(Draft(new_id(), ShiftEntered(volunteer=volunteer["id"]), volunteer["id"]))
    return here.staff.open(volunteer["id"], volunteer["name"])


def vouch(who: str, pin: str) -> dict[str, str]:
    """The volunteer whose PIN it is: id and name. Raises as `admit`; opens nothing."""
    here = booth()
    volunteer = here.enrolled.volunteers.get(who)
    lock = PinLock(here.journal, here.clock, who if volunteer else "")
    lock.count_try()
    if not keys.is_password(volunteer["pin"] if volunteer else None, pin) or volunteer is None:
        here.journal.append(Draft(new_id(), ShiftRefused(), "visitor"))
        raise Problem(PIN_WRONG)
    lock.forgive()
    return volunteer


def with_session(response: Response, session: StaffSession) -> Response:
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
    if request.method != "GET" or _renews_itself():
        raise Problem(STAFF_ONLY)
    return web.see_other("staff.enter_form", next=request.path)


def people() -> list[dict[str, str]]:
    """Who may sign in here: id and name."""
    return [{"id": one["id"], "name": one["name"]} for one in booth().enrolled.volunteers.values()]


def enter_page(behind: Behind, problem: Problem | None = None, chosen: str = "") -> Response:
    """The PIN screen, and what went wrong at the last try."""
    here = booth()
    volunteers = people()
    page = EnterPage(
        volunteers=volunteers,
        action=behind.action,
        carried=behind.carried,
        code=behind.code,
        chosen=chosen,
        problem=problem.sentence(web.language()) if problem else None,
        locked_seconds=PinLock(here.journal, here.clock, chosen).locked_seconds(),
        is_locked_for_all=PinLock(here.journal, here.clock).locked_seconds() > 0 or len(volunteers) == 1,
    )
    response = web.page("booth/staff/enter.html", problem.status if problem else 200, page=page)
    return web.with_camera(response)  # what comes in its place once the PIN is right may take photos
