"""What a request of ours is: it never spools to disk, and it knows whether htmx wants a fragment.

All knowledge of htmx's headers stands here; htmx_flask parses them.
"""

import binascii
import io
import re
from typing import IO, Any

import flask
from flask import Flask, current_app, request
from htmx_flask import Htmx
from htmx_flask.requests import HtmxHeaders
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property

FORM_LIMIT = 64 * 1024
#: A percent sign that stands for no byte.
_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class FormParser(FormDataParser):
    """Werkzeug's, and quick at what browsers send: ASCII in which every percent sign stands for a byte."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        if mimetype != "application/x-www-form-urlencoded":
            return super().parse(stream, mimetype, content_length, options)
        body = stream.read()
        if not body.isascii() or _STRAY.search(body):
            return super().parse(io.BytesIO(body), mimetype, content_length, options)
        pairs = [pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&") if pair]
        return stream, self.cls([(_unquoted(name), _unquoted(value)) for name, _, value in pairs]), self.cls()


def _unquoted(text: bytes) -> str:
    """Mail quotes bytes in the same way, with another sign, and C code reads that."""
    if b"%" in text:
        text = binascii.a2b_qp(text.replace(b"=", b"=3D").replace(b"%", b"="))
    return text.decode("utf-8", "werkzeug.url_quote")


class Request(flask.Request):
    """Bounded in size, and kept in memory: what visitors type must not reach a disk on the way."""

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        # gunicorn says that its input ends by itself; werkzeug would then take half a body for a whole one.
        # Held against its announced length, a cut request is refused, and one without a length is empty.
        environ.pop("wsgi.input_terminated", None)
        super().__init__(environ, *args, **kwargs)

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """As werkzeug reads them, which looks at every header for that."""
        return ImmutableMultiDict(parse_cookie(self.environ.get("HTTP_COOKIE", "")))

    form_data_parser_class = FormParser
    max_content_length = FORM_LIMIT
    max_form_memory_size = FORM_LIMIT
    max_form_parts = 100

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        """Werkzeug would roll uploads over 500 KB to a temporary file in the clear."""
        return io.BytesIO()


def understand_htmx(app: Flask) -> None:
    Htmx(app)
    app.request_class = Request


def wants_fragment() -> bool:
    """htmx asked for a part. A boosted link or a restored history entry wants the page."""
    if "HTTP_HX_REQUEST" not in request.environ:  # werkzeug finds that a header is missing by an exception
        return False
    htmx = HtmxHeaders(request.headers)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def wants_json() -> bool:
    """Machines are told in JSON, and pages that send it; a relay speaks to nobody else."""
    is_machine = request.path.startswith("/sync/") or current_app.name == "kiosk.relay"
    return is_machine or request.path in ("/m/count/taps", "/healthz")
