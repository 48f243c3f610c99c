"""The hub's web app, and making a hub in the first place."""

import secrets
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request, url_for
from sqlalchemy import URL, Row, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from kiosk import __version__, config, web
from kiosk.clock import Clock, SystemClock, stamp
from kiosk.config import HubConfig
from kiosk.errors import FORM_STALE, HUB_DATABASE, HUB_EXISTS, HUB_MISSING, LOGIN_NEEDED, Problem
from kiosk.hub import api, complaints, devices, fairs, schema, signin
from kiosk.hub.context import Hub, hub, session
from kiosk.hub.store import Store
from kiosk.hub.tables import identity
from kiosk.packs.reader import BUILTIN, read_pack
from kiosk.sync import keys
from kiosk.sync.protocol import Certificate, sign_document

SIGNING_KEY = "hub.key"


def create_hub(settings: HubConfig, clock: Clock) -> tuple[Hub, keys.PrivateKey]:
    """Make a hub: its database, its keys. The private sealing key is returned once, and stored nowhere."""
    settings.data.mkdir(parents=True, exist_ok=True)
    key_file = settings.data / SIGNING_KEY
    store, row = _open_store(settings)
    if key_file.exists() or row is not None:
        store.close()
        raise Problem(HUB_EXISTS)
    key, sealing = keys.SigningKey.generate(), keys.PrivateKey.generate()
    hub_id = secrets.token_hex(16)
    certificate = sign_document(
        Certificate(
            device=hub_id,
            public_key=bytes(key.verify_key).hex(),
            journal=hub_id,
            hub=hub_id,
            fair="hub",
            desk="hub",
            kinds=[],
            not_before=stamp(clock.now()),
            not_after="9999-12-31T23:59:59.000+08:00",
        ),
        key,
    )
    keys.write_secret(key_file, bytes(key))
    with store.begin() as tx:
        tx.execute(
            identity.insert().values(hub=hub_id, certificate=certificate, sealing_key=bytes(sealing.public_key).hex())
        )
    store.close()
    return open_hub(settings, clock), sealing


def open_hub(settings: HubConfig, clock: Clock | None = None) -> Hub:
    """The hub of a data folder and database. Raises `hub.missing`."""
    key_file: Path = settings.data / SIGNING_KEY
    if not key_file.is_file():
        raise Problem(HUB_MISSING)
    store, row = _open_store(settings)
    if row is None:
        store.close()
        raise Problem(HUB_MISSING)
    key = keys.SigningKey(key_file.read_bytes())
    pack = read_pack(settings.pack or BUILTIN)
    return Hub(settings, store, pack, clock or SystemClock(), row.hub, key, row.sealing_key)


def _open_store(settings: HubConfig) -> tuple[Store, Row[Any] | None]:
    """The database, brought up to date, and who it says it is. Raises `hub.database`."""
    try:
        store = Store(settings.url or URL.create("sqlite", database=str(settings.data / "hub.db")))
    except SQLAlchemyError as error:
        raise Problem(HUB_DATABASE, reason=type(error).__name__) from None
    try:
        schema.migrate(store)
        store.assert_safe()
        with store.reading() as tx:
            return store, tx.execute(select(identity)).one_or_none()
    except SQLAlchemyError as error:
        store.close()
        raise Problem(HUB_DATABASE, reason=type(error).__name__) from None


def create_hub_app(here: Hub) -> Flask:
    """The app of one hub process."""
    app = web.make_app("kiosk.hub", "hub", here.config.all_hosts)
    app.extensions["hub"] = here
    for views in (fairs.views, devices.views, complaints.views, signin.views, api.views):
        app.register_blueprint(views)
    app.add_url_rule("/healthz", view_func=healthz)
    app.before_request(_check_csrf)
    app.after_request(_transport_security)
    app.context_processor(_context)
    app.register_error_handler(Problem, _show_problem)
    if here.config.is_public_https:
        # One reverse proxy of our own stands in front; see deploy/hub/nginx.conf.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


def from_environment() -> Flask:
    """For gunicorn: the app of `KIOSK_HUB_DATA` and `DATABASE_URL`."""
    return create_hub_app(open_hub(config.hub_config()))


def _context() -> dict[str, Any]:
    here = session()
    return {"person": here.person if here else None, "csrf": here.csrf if here else "", "fair": None}


def _check_csrf() -> None:
    """A signed-in person's forms carry the session's own token; machines and signed-out visitors have none."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith(("/sync/", "/m/")):
        return
    here = session()
    if here is None or request.path in ("/login", "/preferences"):
        return
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
    return web.show_problem(problem)


def healthz() -> Response:
    """How this hub is, for whoever keeps it running."""
    here = hub()
    return web.json_response(
        {
            "ok": True,
            "version": __version__,
            "database": here.store.describe(),
            "pack": here.pack.version,
            "clock": stamp(here.clock.now()),
        }
    )
