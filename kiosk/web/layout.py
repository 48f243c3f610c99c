"""One template, two layouts: a page for the browser, a fragment for htmx. And the language of both."""

import gzip
from collections.abc import Callable, Mapping
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from flask import Response, current_app, render_template, request, url_for
from flask_babel import get_translations
from markupsafe import Markup

from kiosk import strictjson
from kiosk.web import assets
from kiosk.web.requests import wants_fragment

LANGUAGES = ("zh", "en")
_SENTENCES = 4_096  # of a language that are kept as they were found; the templates have fewer


def language() -> str:
    """The language of this request: "zh" unless the person chose "en"."""
    return _language(request.cookies)


def _language(cookies: Mapping[str, str]) -> str:
    chosen = cookies.get("lang", "zh")
    return chosen if chosen in LANGUAGES else "zh"


def is_large() -> bool:
    """Large-type mode, chosen by the person."""
    return _is_large(request.cookies)


def _is_large(cookies: Mapping[str, str]) -> bool:
    return cookies.get("large") == "1"


def locale() -> str:
    return "en" if language() == "en" else "zh_Hans"


def _words() -> Callable[..., Markup]:
    """What `_` is in a template: made once a language. Flask-Babel would look for the locale at every sentence."""
    known: dict[str, Callable[..., Markup]] = current_app.extensions["words"]
    spoken = language()
    if spoken not in known:
        known[spoken] = _speaking(get_translations())
    return known[spoken]


def _speaking(catalogue: NullTranslations) -> Callable[..., Markup]:
    @lru_cache(_SENTENCES)
    def words_of(sentence: str) -> Markup:
        return Markup(catalogue.gettext(sentence))  # noqa: S704 (our own words; what is put into them is escaped)

    def say(sentence: str, **values: object) -> Markup:
        words = words_of(sentence)
        return words % values if values else words

    return say


def say(sentence: str, **values: object) -> Markup:
    """What `_` is in a macro that knows nothing of the page it is for."""
    return _words()(sentence, **values)


def look() -> dict[str, str | bool]:
    """How a page looks to whoever asks: what may differ between two pages that say the same."""
    cookies = request.cookies
    return {
        "layout": "layouts/fragment.html" if wants_fragment() else "layouts/page.html",
        "lang": _language(cookies),
        "large": _is_large(cookies),
    }


def speech() -> dict[str, Any]:
    """What a template speaks with, in the language of this request."""
    return {"_": _words(), "asset": assets.url, "side": assets.current().side}


def template_context() -> dict[str, Any]:
    return {**speech(), **look()}


def page(template: str, status: int = 200, **context: object) -> Response:
    """Render one template, as page or as fragment."""
    return Response(render_template(template, **context), status, content_type="text/html; charset=utf-8")


def part(template: str, **context: object) -> Markup:
    """Render one template as a part of a page, which may be kept for others it looks the same to."""
    return Markup(render_template(template, **context))  # noqa: S704 (a template of ours, which escapes)


def with_camera(response: Response) -> Response:
    """A page that scans may ask for the camera; no other page may."""
    response.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
    return response


def see_other(endpoint: str, **values: Any) -> Response:
    """After a POST: 303 to a GET. htmx follows with its headers, so a fragment comes back."""
    return to(url_for(endpoint, **values))


def to(path: str) -> Response:
    """303 to a path on this site."""
    return Response(status=303, headers={"Location": path})


def drawing(file: Path, version: str = "") -> Response:
    """An SVG file of a pack. An address that ends with the pack's `version` is good for ever."""
    plain, compressed = _drawn(file, file.stat().st_mtime_ns)
    smaller = assets.accepts_gzip() and len(compressed) < len(plain)
    response = Response(compressed if smaller else plain, content_type="image/svg+xml")
    if smaller:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    if version and request.args.get("v") == version:
        response.headers["Cache-Control"] = assets.FOREVER
    return response


@lru_cache(maxsize=256)
def _drawn(file: Path, _changed_at: int) -> tuple[bytes, bytes]:
    """A drawing plain and compressed: a wall of them is asked for again and again."""
    plain = file.read_bytes()
    return plain, gzip.compress(plain, 9, mtime=0)


def json_response(value: Any, status: int = 200) -> Response:
    return Response(strictjson.dumps(value) + b"\n", status, content_type="application/json")
