"""A Flask app with the manners of the house, for either side."""

import gzip
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from flask import Flask, Response, g
from flask_babel import Babel
from markupsafe import Markup
from werkzeug.routing import Rule

from kiosk import PACKAGE, qr
from kiosk.facts import complaints
from kiosk.values import learn_structs
from kiosk.web import assets, layout, preferences, problems, stencils
from kiosk.web.forms import refuse_foreign_origin, refuse_impossible_address
from kiosk.web.requests import understand_htmx
from kiosk.web.templates import FOLDER, Templates

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: One pass over the response's own headers instead of a search for each of these.
_EVERY_RESPONSE = [(name.lower(), name, value) for name, value in (*HEADERS.items(), ("Cache-Control", "no-store"))]


class LateRule(Rule):
    """A route that learns to make its address when somebody first asks for it: for all of them at once, every start
    would take a tenth longer.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        learn = super()._compile_builder

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            learnt: Callable[..., tuple[str, str]] = learn(append_unknown).__get__(rule)
            setattr(rule, "_build_unknown" if append_unknown else "_build", learnt)
            return learnt(**values)

        return build


class App(Flask):
    """Flask, where no view is a coroutine: it would look again a dozen times a request whether one is."""

    url_rule_class = LateRule
    jinja_environment = Templates

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def make_app(name: str, side: str, hosts: Sequence[str]) -> Flask:
    """A Flask app with the manners of the house. `side` is "booth" or "hub"; `hosts` are its own names."""
    learn_structs()
    app = App(name, static_folder=None, template_folder=str(FOLDER))
    app.config["TRUSTED_HOSTS"] = list(hosts) or None
    app.jinja_env.filters["qr"] = draw_code
    understand_htmx(app)
    Babel(app, default_translation_directories=str(PACKAGE / "translations"), locale_selector=layout.locale)
    app.extensions["assets"] = assets.load(side)
    app.extensions["words"] = {}
    app.jinja_env.globals["_"] = layout.say
    app.extensions["stencils"] = stencils.Stencils()
    app.jinja_env.filters["ticked"] = stencils.ticked
    app.jinja_env.filters["longest"] = complaints.longest
    app.before_request(refuse_impossible_address)
    app.before_request(refuse_foreign_origin)
    app.context_processor(layout.template_context)
    app.after_request(_finish)
    app.register_error_handler(Exception, problems.show_error)
    app.register_blueprint(assets.views)
    app.register_blueprint(preferences.views)
    return app


@lru_cache(maxsize=16)
def draw_code(text: str) -> Markup:
    """A QR code. To draw one takes milliseconds, and some pages show the same one again and again."""
    return Markup(qr.svg(text))  # noqa: S704 (our own SVG, text only inside a path)


def _finish(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}
    for lower, name, value in _EVERY_RESPONSE:
        if lower not in given:
            response.headers.add(name, value)
    if response.mimetype == "text/html":
        response.headers["Vary"] = "HX-Request, Cookie, Accept-Encoding"
        if g.get("compress", True):
            _compress(response)
    return response


def _compress(response: Response) -> None:
    if assets.accepts_gzip() and (response.content_length or 0) > 600:
        response.set_data(gzip.compress(response.get_data(), 4, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
