"""The relay's web app, and making a relay in an empty folder."""

import atexit
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from flask import Flask, Response, current_app, request

from kiosk import __version__, config, files, web
from kiosk.clock import Clock, SystemClock, stamp
from kiosk.config import RelayConfig
from kiosk.errors import (
    BUNDLE_MALFORMED,
    PAGE_NOT_FOUND,
    RELAY_BUSY,
    RELAY_EXISTS,
    RELAY_FINGERPRINT,
    RELAY_MISSING,
    REQUEST_TOO_LARGE,
    SYNC_HEADER,
    SYNC_REFUSED,
    SYNC_VERSION,
    Problem,
)
from kiosk.relay import spool
from kiosk.relay.forwarding import Forwarder
from kiosk.relay.spool import Spool
from kiosk.sync import bundles, protocol
from kiosk.sync.courier import Courier, Pauses
from kiosk.sync.http import HttpTransport
from kiosk.sync.protocol import Hello, Message
from kiosk.sync.push import Transport, refusal
from kiosk.values import is_id

_MEGABYTE = 2**20
_FINGERPRINT_DIGITS = 16  # of 64: as many as an enrolment code holds

THREADS = 128  # of the one process; they mostly wait for slow tablets
UPLOADS = 64  # bundles that come in at once, so that threads are left for short questions
_UPLOADS_EACH = 8  # of one address; a tablet brings one at a time


class HubFile(Message, frozen=True):
    """What `hub.json` holds: the hub this relay is for, as its fingerprint was compared."""

    url: str
    hello: Hello


class Uploads:
    """Who is bringing bundles now."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._coming: Counter[str] = Counter()  # by address

    @contextmanager
    def one(self, address: str) -> Iterator[None]:
        """Raises `relay.busy` when there are as many as may be."""
        with self._turn:
            if self._coming.total() >= UPLOADS or self._coming[address] >= _UPLOADS_EACH:
                raise Problem(RELAY_BUSY)
            self._coming[address] += 1
        try:
            yield
        finally:
            with self._turn:
                self._coming -= Counter([address])  # who has none is not listed


@dataclass
class Relay:
    """One running relay. Close it."""

    config: RelayConfig
    spool: Spool
    forwarder: Forwarder
    clock: Clock
    hub: HubFile
    uploads: Uploads = field(default_factory=Uploads)

    def close(self) -> None:
        self.spool.close()


# --- making one -----------------------------------------------------------------------------------


def init_relay(settings: RelayConfig, url: str, fingerprint: str, transport: Transport | None = None) -> Hello:
    """Ask the hub who it is, compare its fingerprint with the one a person typed, and keep it.

    Raises `relay.exists`, `relay.fingerprint`, `sync.unreachable` or `sync.refused`.
    """
    if settings.hub_file.exists():
        raise Problem(RELAY_EXISTS)
    pinned = re.sub(r"[\s:-]", "", fingerprint).lower()
    road = transport or HttpTransport(url)
    answer = road("GET", "/sync/v1/hello", b"", {protocol.HEADER: str(protocol.VERSION)})
    if answer.status != 200:
        raise Problem(SYNC_REFUSED, reason=refusal(answer))
    hello = protocol.parse(Hello, answer.body)
    if len(pinned) < _FINGERPRINT_DIGITS or not hello.fingerprint.hex().startswith(pinned):
        raise Problem(RELAY_FINGERPRINT)
    if "bundles" not in hello.capabilities:
        raise Problem(SYNC_VERSION)
    settings.data.mkdir(parents=True, exist_ok=True)
    with files.written(settings.hub_file) as file:
        file.write(protocol.dump(HubFile(url=url, hello=hello)) + b"\n")
    return hello


def open_relay(settings: RelayConfig, clock: Clock | None = None, transport: Transport | None = None) -> Relay:
    """The relay of a data folder. Raises `relay.missing`, `relay.running` or `json.malformed`."""
    hub = _read_hub_file(settings)
    clock = clock or SystemClock()
    kept = Spool(settings.data, hub.hello, settings.spool_mb * _MEGABYTE)
    return Relay(settings, kept, Forwarder(kept, transport or HttpTransport(hub.url), clock), clock, hub)


def _read_hub_file(settings: RelayConfig) -> HubFile:
    try:
        return protocol.parse(HubFile, settings.hub_file.read_bytes())
    except FileNotFoundError:
        raise Problem(RELAY_MISSING) from None


# --- serving --------------------------------------------------------------------------------------


def create_relay_app(here: Relay) -> Flask:
    """The app of one relay."""
    app = web.make_app("kiosk.relay", "relay", here.config.hosts)
    app.extensions["relay"] = here
    app.before_request(_only_for_booths)
    app.add_url_rule("/relay/v1/bundles", view_func=take, methods=["POST"])
    app.add_url_rule("/relay/v1/journals/<journal>", view_func=journal)
    app.add_url_rule("/healthz", view_func=healthz)
    return app


def serving(settings: RelayConfig, patience: float = 0) -> tuple[Callable[[], Flask], Callable[[], None]]:
    """(start, stop) of a relay that serves: the app with its courier to the hub, and the tidy end of both.

    Raises `relay.missing` and `relay.running` at once, rather than in a server process nobody looks at; the latter
    after `patience` seconds, in which another server may come to its end.
    """
    _read_hub_file(settings)
    spool.lock(settings.data, patience).close()
    running: list[tuple[Relay, Courier]] = []

    def start() -> Flask:
        here = open_relay(settings)
        courier = Courier(here.forwarder, Pauses(settings.forward_seconds))
        running.append((here, courier))
        if settings.forward_seconds:
            courier.start()
        return create_relay_app(here)

    def stop() -> None:
        for here, courier in running:
            courier.stop()
            here.close()

    return start, stop


def from_environment() -> Flask:
    """For gunicorn: the app of `KIOSK_RELAY_DATA`."""
    start, stop = serving(config.relay_config(), patience=40)  # told to reload, gunicorn starts the next one first
    atexit.register(stop)
    return start()


def relay() -> Relay:
    """The relay this request is served by."""
    here = current_app.extensions["relay"]
    assert isinstance(here, Relay)
    return here


def _only_for_booths() -> None:
    """A web page cannot send this header to another site, so no visitor's browser speaks to this door."""
    if not request.path.startswith("/relay/"):
        return
    version = request.headers.get(protocol.HEADER)
    if version is None:
        raise Problem(SYNC_HEADER)
    if version != str(protocol.VERSION):
        raise Problem(SYNC_VERSION)


def take() -> Response:
    """Keep a bundle for the hub. Kept is not sent: the answer holds what the hub has signed for, and nothing else."""
    length = request.content_length or 0
    if length > bundles.POST_LIMIT:
        raise Problem(REQUEST_TOO_LARGE)
    if not length or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(BUNDLE_MALFORMED, reason="it is empty or compressed")
    request.max_content_length = bundles.POST_LIMIT
    with relay().uploads.one(request.remote_addr or ""):
        stored = relay().spool.take(request.stream, length)
    return _held(stored.journal, 202)


def journal(journal: str) -> Response:
    if not is_id(journal):
        raise Problem(PAGE_NOT_FOUND)
    return _held(journal, 200)


def _held(name: str, status: int) -> Response:
    return web.json_response(msgspec.to_builtins(relay().spool.held(name)), status)


def healthz() -> Response:
    """How this relay is, for whoever keeps it running."""
    here = relay()
    waiting, refused = here.spool.waiting(), here.forwarder.refused
    return web.json_response(
        {
            "ok": True,
            "version": __version__,
            "hub": here.hub.hello.hub,
            "waiting": len(waiting),
            "waiting_mb": round(sum(one.size for one in waiting) / _MEGABYTE, 1),
            "facts": sum(one.last + 1 - one.first for one in waiting),
            "refused": sorted({refused[one.digest] for one in waiting if one.digest in refused}),
            "damaged": here.spool.damaged,
            "last_contact": here.forwarder.last_contact,
            "clock": stamp(here.clock.now()),
            "free_mb": shutil.disk_usage(here.config.data).free // _MEGABYTE,
        }
    )
