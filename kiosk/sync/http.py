"""HTTPS as a road to the hub."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from urllib.parse import urlsplit

from kiosk.errors import SYNC_UNREACHABLE, Problem
from kiosk.sync import protocol
from kiosk.sync.push import Answer

_TIMEOUT = 20  # seconds without a byte
_ANSWER_LIMIT = 2 * 1024 * 1024
_BUNDLES = "/sync/v1/bundles"  # a relay, which keeps them as they are, and is near, has another path


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A hub that answers with another address is not the hub we enrolled at."""

    def redirect_request(self, *_: object) -> None:
        return None


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class HttpTransport:
    """Carries requests to one hub. Bundles travel compressed; signatures cover the plain bytes."""

    def __init__(self, url: str) -> None:
        if not _is_http(url):
            raise Problem(SYNC_UNREACHABLE, reason="not an http(s) address")
        self._url = url.rstrip("/")
        # The hub is on the fair's own network or at a known name: no proxy of the environment may come between.
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        sent = dict(headers)
        data: bytes | None = body or None
        if data is not None:
            sent.setdefault("Content-Type", "application/octet-stream")
            if path == _BUNDLES:
                data, coding = protocol.pack(data)
                sent.update(coding)
        request = urllib.request.Request(self._url + path, data, sent, method=method)  # noqa: S310 (scheme checked)
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                return Answer(response.status, dict(response.headers), response.read(_ANSWER_LIMIT))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read(_ANSWER_LIMIT))
        except (OSError, ValueError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Problem(SYNC_UNREACHABLE, reason=str(reason)) from None
