"""Static files, held in memory, compressed once, and good for ever under an address with their version."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property

from flask import Blueprint, Response, current_app, request

from kiosk import ROOT
from kiosk.errors import PAGE_NOT_FOUND, Problem

views = Blueprint("assets", __name__)
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file as it goes out: its bytes plain and compressed, and a version for its address."""

    content: bytes
    mimetype: str
    version: str
    url: str  # its address, with the version

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)


@dataclass(frozen=True)
class Assets:
    side: str
    files: dict[str, Asset]


def load(side: str) -> Assets:
    """Everything under `static/`, in memory, and the style sheets of one side joined into one file."""
    folder = ROOT / "static"
    files = {
        name: _as_asset(name, file.read_bytes())
        for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*"))
        if file.is_file() and not file.name.endswith((".md", ".map"))
    }
    sheets = [files.get(f"css/{name}.css") for name in ("tokens", "base", side, "print")]
    joined = b"\n".join(sheet.content for sheet in sheets if sheet)
    return Assets(side, {**files, f"{side}.css": _as_asset(f"{side}.css", joined)})


def _as_asset(name: str, content: bytes) -> Asset:
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if mimetype.startswith("text/") or name.endswith(".js"):
        mimetype = mimetype.replace("application/javascript", "text/javascript") + "; charset=utf-8"
    version = hashlib.sha256(content).hexdigest()[:12]
    return Asset(content, mimetype, version, f"/static/{name}?v={version}")


def current() -> Assets:
    assets = current_app.extensions["assets"]
    assert isinstance(assets, Assets)
    return assets


def url(name: str) -> str:
    return current().files[name].url


@views.get("/static/<path:name>")
def static(name: str) -> Response:
    asset = current().files.get(name)
    if asset is None:
        raise Problem(PAGE_NOT_FOUND)
    return file_response(asset)


def accepts_gzip() -> bool:
    return "HTTP_ACCEPT_ENCODING" in request.environ and request.accept_encodings.quality("gzip") > 0


def file_response(asset: Asset) -> Response:
    """An asset with its address good for ever when the version in it is the right one."""
    smaller = accepts_gzip() and len(asset.compressed) < len(asset.content)
    response = Response(asset.compressed if smaller else asset.content, content_type=asset.mimetype)
    if smaller:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(asset.version)
    response.headers["Cache-Control"] = FOREVER if request.args.get("v") == asset.version else "no-cache"
    response.make_conditional(request)
    return response
