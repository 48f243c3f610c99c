"""The hub's web app."""

import logging
import secrets
from typing import Any

from flask import Flask, Response, g, redirect, request, url_for
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.middleware.proxy_fix import ProxyFix

from kiosk import config, web
from kiosk.errors import FORM_STALE, HUB_BUSY, LOGIN_NEEDED, Problem
from kiosk.hub import (
    advice,
    api,
    board,
    casework,
    charts,
    chasing,
    closings,
    codes,
    complaints,
    completeness,
    corrections,
    doubts,
    duty,
    evidence,
    exhibits,
    fair_sheets,
    fairs,
    figures,
    forks,
    handoffs,
    health,
    items,
    keying,
    leaderboard,
    new_fairs,
    packs,
    papers,
    persons,
    posters,
    previews,
    printouts,
    quarantine,
    quicktests,
    readiness,
    receipts,
    records,
    register,
    screens,
    sequence,
    setups,
    shifts,
    signin,
    slips,
    statement_pages,
    status,
    steps,
    stocks,
    summary_pages,
    survey_pages,
    survey_phones,
    survey_results,
    tablets,
    traces,
    transfers,
    typed,
    unit_pages,
    volunteers,
)
from kiosk.hub.context import Hub, hub, session
from kiosk.hub.founding import SIGNING_KEY, create_hub, open_hub

log = logging.getLogger("kiosk.hub")
#: Addresses that take an organiser's file, and how much.
_UPLOADS = {
    packs.UPLOAD: packs.UPLOAD_LIMIT,
    fair_sheets.UPLOAD: fair_sheets.UPLOAD_LIMIT,
    **survey_pages.UPLOADS,
    **typed.UPLOADS,
    **records.UPLOADS,
    **summary_pages.UPLOADS,
}
__all__ = ["SIGNING_KEY", "create_hub", "create_hub_app", "from_environment", "open_hub"]


def create_hub_app(here: Hub) -> Flask:
    """The app of one hub process."""
    app = web.make_app("kiosk.hub", "hub", here.config.all_hosts)
    app.extensions["hub"] = here
    for noun in (
        advice,
        api,
        board,
        casework,
        charts,
        chasing,
        closings,
        codes,
        complaints,
        completeness,
        corrections,
        doubts,
        duty,
        evidence,
        exhibits,
        fair_sheets,
        fairs,
        figures,
        forks,
        handoffs,
        items,
        keying,
        leaderboard,
        new_fairs,
        packs,
        papers,
        persons,
        posters,
        previews,
        printouts,
        quarantine,
        quicktests,
        readiness,
        receipts,
        records,
        register,
        screens,
        sequence,
        setups,
        shifts,
        signin,
        slips,
        statement_pages,
        status,
        steps,
        stocks,
        summary_pages,
        survey_pages,
        survey_phones,
        survey_results,
        tablets,
        traces,
        transfers,
        typed,
        unit_pages,
        volunteers,
    ):
        app.register_blueprint(noun.views)
    app.add_url_rule("/healthz", view_func=health.healthz)
    app.before_request(_check_csrf)
    app.after_request(_transport_security)
    app.context_processor(_context)
    app.register_error_handler(Problem, _show_problem)
    for gone in (OperationalError, InterfaceError, NoConnection):
        app.register_error_handler(gone, _show_absence)
    if here.config.is_public_https:
        # One reverse proxy of our own stands in front; see deploy/hub/nginx.conf.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


def from_environment() -> Flask:
    """For gunicorn: the app of `KIOSK_HUB_DATA` and `DATABASE_URL`."""
    return create_hub_app(open_hub(config.hub_config()))


def _context() -> dict[str, Any]:
    here = session()
    person, csrf = (here.person, here.csrf) if here else (None, "")
    return {"person": person, "csrf": csrf, "fair": None, "has_fairs": bool(g.get("has_fairs"))}


def _check_csrf() -> None:
    """A signed-in person's forms carry the session's own token; machines and signed-out visitors have none."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith(("/sync/", "/m/")):
        return
    here = session()
    if here is None or request.path in ("/login", "/preferences"):
        return
    if request.endpoint in _UPLOADS and here.person.may("organiser"):
        # Before the form is read, here for the first time. What is bound by the second is what werkzeug holds at
        # once while it looks for the file's end: a chunk of as much as other forms may have, and what was left over.
        request.max_content_length = request.max_form_memory_size = _UPLOADS[request.endpoint]
    if not secrets.compare_digest(request.form.get("csrf", "").encode(), here.csrf.encode()):
        raise Problem(FORM_STALE)


def _transport_security(response: Response) -> Response:
    if hub().config.is_public_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _show_problem(problem: Problem) -> Any:
    """Who is not signed in is sent to the door, and brought back afterwards."""
    if problem.kind is LOGIN_NEEDED and request.method == "GET" and not request.path.startswith("/sync/"):
        return redirect(url_for("signin.form", next=request.path), 303)
    response = web.show_problem(problem)
    if problem.status == 503:
        response.headers["Retry-After"] = "1"  # at the earliest; tablets wait longer each time, and draw lots
    return response


def _show_absence(error: Exception) -> Any:
    """The database is gone, or took another of two that waited for one another: nothing was kept, try again."""
    log.warning("the database did not answer: %s", type(getattr(error, "orig", None) or error).__name__)
    return _show_problem(Problem(HUB_BUSY))
