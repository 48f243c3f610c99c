"""The booth's web app."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from flask import Flask, Response, request

from kiosk import __version__, web
from kiosk.booth import (
    advice,
    brought,
    cards,
    closing,
    codes,
    complaints,
    counting,
    enrolment,
    galleries,
    leaderboard,
    lots,
    phones,
    posters,
    prizes,
    quicktests,
    quizzes,
    readiness,
    rehearsal,
    searches,
    sequence,
    shifts,
    staff,
    stock,
    surveys,
    tallies,
    visits,
    wifi_complaints,
)
from kiosk.booth.context import Booth, booth, in_earnest, let_go
from kiosk.booth.journal import Journal
from kiosk.booth.sessions import StaffSessions, Visits
from kiosk.booth.storage import Storage
from kiosk.clock import Clock, SystemClock, stamp
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from kiosk.packs.reader import BUILTIN, read_pack
from kiosk.sync.courier import Courier, Pauses
from kiosk.sync.push import Result
from kiosk.web import preferences


def create_booth_app(settings: BoothConfig, clock: Clock | None = None) -> Flask:
    """The app over one booth's data folder. Raises `booth.missing`, `journal.unsafe`, `journal.locked`, `pack.faulty`.

    A damaged or restored journal raises nothing: the app starts, says so on every screen and records nothing.
    """
    clock = clock or SystemClock()
    storage = Storage.of(settings)
    storage.start()
    app = web.make_app("kiosk.booth", "booth", settings.all_hosts)
    app.extensions["booth"] = Booth(
        config=settings,
        journal=Journal(settings.database, clock, storage),
        pack=read_pack(settings.pack or BUILTIN),
        clock=clock,
        visits=Visits(clock, settings.idle_seconds),
        staff=StaffSessions(clock, settings.staff_idle_seconds),
        storage=storage,
    )
    with suppress(Problem):  # a full disk or a journal in trouble: there is a screen for that
        complaints.tidy(app.extensions["booth"])
    rehearsal.resume(app.extensions["booth"])
    app.before_request(rehearsal.watch_request)
    app.teardown_appcontext(let_go)
    app.before_request(phones.keep_out)
    app.before_request(_stop_in_trouble)
    app.before_request(enrolment.refuse_if_revoked)
    app.before_request(rehearsal.refuse_other_pages)
    for noun in (visits, enrolment, quizzes, galleries, complaints, staff, tallies, prizes, closing, sequence):
        app.register_blueprint(noun.views)
    app.register_blueprint(complaints.desk_views)
    for more in (
        advice.views,
        brought.views,
        brought.public,
        cards.views,
        codes.views,
        leaderboard.views,
        lots.views,
        lots.public,
        posters.views,
        rehearsal.views,
        searches.views,
        shifts.views,
        stock.views,
        quicktests.views,
        quicktests.public,
        quizzes.tablet_views,
        quizzes.practice,
        counting.tablet_views,
        counting.views,
        phones.tablet_views,
        phones.views,
        readiness.views,
        readiness.told,
        surveys.views,
        wifi_complaints.tablet_views,
        wifi_complaints.views,
    ):
        app.register_blueprint(more)
    for shared in (
        brought.public,
        quizzes.views,
        galleries.views,
        searches.views,
        surveys.views,
        codes.views,
        leaderboard.views,
        preferences.views,
    ):
        app.register_blueprint(shared, name=f"phone_{shared.name}", url_prefix=visits.PHONE)
    app.add_url_rule("/healthz", view_func=healthz)
    app.context_processor(_context)
    return app


def begin(settings: BoothConfig) -> tuple[Flask, Callable[[], None]]:
    """The app of a booth with its courier to the hub, and the tidy end of both. Raises as `create_booth_app`."""
    app = create_booth_app(settings)
    here: Booth = app.extensions["booth"]
    courier = Courier(lambda: _round(here), Pauses(settings.sync_seconds, longest=120))
    if settings.sync_seconds:
        courier.start()

    def end() -> None:
        courier.stop()
        here.close()

    return app, end


def _round(here: Booth) -> Result:
    here.tend()
    with suppress(Problem):  # as at the start
        complaints.tidy(here)
    rehearsal.watch(here)
    result = enrolment.errand(here)
    rehearsal.tend(here)
    return result


#: What a tablet in trouble still shows and hears: how it is, and what its one screen is made of.
_OPEN_IN_TROUBLE = ("/health", "/static/", "/preferences")


def _stop_in_trouble() -> None:
    """Before every page: one clear screen instead of figures nobody can answer for."""
    if not request.path.startswith(_OPEN_IN_TROUBLE):
        in_earnest().journal.refuse_in_trouble()
        booth().journal.refuse_in_trouble()


def _context() -> dict[str, Any]:
    here = booth()
    enrolment = here.enrolment if here.journal.trouble is None else None
    # Only staff pages keep a volunteer signed in: on a visitor's page nobody of the staff is touching the screen.
    is_staff_page = request.path.startswith("/staff")
    session = here.staff.find(request.cookies.get(staff.COOKIE)) if is_staff_page else None
    return {
        "fair": enrolment.fair if enrolment else None,
        "desk": enrolment.desk if enrolment else None,
        "venue": enrolment.venue if enrolment else None,
        "canary": enrolment.canary if enrolment else "none",
        "staff": {"id": session.volunteer, "name": session.name} if session else None,
        "storage": here.storage.level if is_staff_page else "ample",
        "root": visits.root(),
        "is_forked": here.is_forked,
        "rehearsal": rehearsal.shown(here) if enrolment else None,
        "certificate_trouble": lambda: closing.certificate_trouble(here),
        "is_anybody_here": lambda: any(one.is_of_today for one in shifts.present(here)),
        "idle_seconds": here.config.staff_idle_seconds if session else here.config.idle_seconds,
    }


def healthz() -> Response:
    """How this tablet is, for whoever keeps it running. 503 where it cannot record."""
    here = booth()
    told = {
        "ok": True,
        "version": __version__,
        "sqlite": {"version": sqlite3.sqlite_version},
        "pack": here.pack.version,
        "clock": stamp(here.clock.now()),
        "rehearsal": here.behind is not None,
        "storage": here.storage.level,
        "free_mb": shutil.disk_usage(here.config.data).free // 2**20,
        "health": msgspec.to_builtins(here.health.told()),
    }
    try:
        return web.json_response(told | _health(here))
    except Problem as problem:
        broken = {"ok": False, "problem": problem.code, "zh": problem.sentence("zh"), "en": problem.sentence("en")}
        return web.json_response(told | broken, 503)


def _health(here: Booth) -> dict[str, Any]:
    """What only a sound journal can tell."""
    here.journal.refuse_in_trouble()
    joined = here.enrolment
    return {
        "sqlite": {"version": sqlite3.sqlite_version, **here.journal.safety()},
        "enrolled": joined is not None,
        "ready": joined is not None and joined.is_ready and not joined.is_revoked,
        "canary": joined.canary if joined else "none",
        "revoked": joined is not None and joined.is_revoked,
        "unsent": here.journal.unsent(),
    }
