"""The booth's web app."""

import atexit
import shutil
import sqlite3
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from kiosk import __version__, config, web
from kiosk.booth import complaints, galleries, quizzes, staff, tallies, visits
from kiosk.booth.context import Booth, booth
from kiosk.booth.journal import Journal
from kiosk.booth.outbox import Courier
from kiosk.booth.sessions import StaffSessions, Visits
from kiosk.clock import Clock, SystemClock, stamp
from kiosk.config import BoothConfig
from kiosk.errors import BOOTH_MISSING, Problem
from kiosk.packs.reader import BUILTIN, read_pack


def create_booth_app(settings: BoothConfig, clock: Clock | None = None) -> Flask:
    """The app over one booth's data folder. Raises `booth.missing`, `journal.unsafe` or `pack.faulty`."""
    clock = clock or SystemClock()
    app = web.make_app("kiosk.booth", "booth", settings.hosts)
    app.extensions["booth"] = Booth(
        config=settings,
        journal=Journal(settings.database, clock),
        pack=read_pack(settings.pack or BUILTIN),
        clock=clock,
        visits=Visits(clock, settings.idle_seconds),
        staff=StaffSessions(clock, settings.staff_idle_seconds),
    )
    complaints.discard_old_drafts(app.extensions["booth"])
    for noun in (visits, quizzes, galleries, complaints, staff, tallies):
        app.register_blueprint(noun.views)
    app.register_blueprint(complaints.desk_views)
    app.add_url_rule("/healthz", view_func=healthz)
    app.context_processor(_context)
    return app


def serving(settings: BoothConfig) -> tuple[Callable[[], Flask], Callable[[], None]]:
    """(start, stop) of a booth that serves: the app with its courier to the hub, and the tidy end of both.

    Raises `booth.missing` at once, rather than in a server process nobody looks at.
    """
    if not settings.database.is_file():
        raise Problem(BOOTH_MISSING)
    running: list[tuple[Booth, Courier]] = []

    def start() -> Flask:
        app = create_booth_app(settings)
        here: Booth = app.extensions["booth"]
        courier = Courier(here.sync, settings.sync_seconds)
        running.append((here, courier))
        if settings.sync_seconds:
            courier.start()
        return app

    def stop() -> None:
        for here, courier in running:
            courier.stop()
            here.close()

    return start, stop


def from_environment() -> Flask:
    """For gunicorn: the app of `KIOSK_BOOTH_DATA`."""
    start, stop = serving(config.booth_config())
    atexit.register(stop)
    return start()


def _context() -> dict[str, Any]:
    here = booth()
    enrolment = here.enrolment
    # Only staff pages keep a volunteer signed in: on a visitor's page nobody of the staff is touching the screen.
    session = here.staff.find(request.cookies.get(staff.COOKIE)) if request.path.startswith("/staff") else None
    return {
        "fair": enrolment.fair if enrolment else None,
        "desk": enrolment.desk if enrolment else None,
        "venue": enrolment.venue if enrolment else None,
        "staff": {"id": session.volunteer, "name": session.name} if session else None,
        "idle_seconds": here.config.staff_idle_seconds if session else here.config.idle_seconds,
    }


def healthz() -> Response:
    """How this tablet is, for whoever keeps it running."""
    here = booth()
    return web.json_response(
        {
            "ok": True,
            "version": __version__,
            "sqlite": {"version": sqlite3.sqlite_version, **here.journal.safety()},
            "pack": here.pack.version,
            "clock": stamp(here.clock.now()),
            "enrolled": here.enrolment is not None,
            "unsent": here.journal.unsent(),
            "free_mb": shutil.disk_usage(here.config.data).free // 2**20,
        }
    )
