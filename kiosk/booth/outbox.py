"""The way out: enrolling at a hub, and sending what the journal holds."""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk import __version__
from kiosk.booth.journal import Journal
from kiosk.clock import Clock, stamp
from kiosk.errors import BOOTH_ENROLLED, BOOTH_MISSING, BOOTH_UNENROLLED, ENROL_FINGERPRINT, SYNC_REFUSED, Problem
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, EnrolRequest, Hello
from kiosk.sync.push import Client, Result, Transport, push, refusal

log = logging.getLogger("kiosk.outbox")
KEY_FILE = "device.key"


def load_key(data: Path) -> keys.SigningKey:
    """The tablet's own key. Raises `booth.missing`."""
    try:
        return keys.SigningKey((data / KEY_FILE).read_bytes())
    except (OSError, ValueError):
        raise Problem(BOOTH_MISSING) from None


def enrol(journal: Journal, key: keys.SigningKey, transport: Transport, hub_url: str, code: str) -> Certificate:
    """Join a fair with a one-time code. Checks the hub against the fingerprint in the code before it says more.

    Raises `enrol.code`, `enrol.fingerprint`, `booth.enrolled`, `sync.unreachable` or `sync.refused`.
    """
    identity = journal.identity()
    if identity.certificate is not None:
        raise Problem(BOOTH_ENROLLED)
    token, pinned = protocol.read_code(code)
    hello_bytes = _ask(transport, "GET", "/sync/v1/hello")
    hello = protocol.parse(Hello, hello_bytes)
    if hello.fingerprint[: len(pinned)] != pinned:
        raise Problem(ENROL_FINGERPRINT)
    proof = protocol.enrol_proof(token, identity.public_key, identity.journal, hello.hub)
    request = EnrolRequest(
        token=token,
        public_key=identity.public_key,
        journal=identity.journal,
        proof=keys.sign(key, b"kiosk/enrol/1", proof),
    )
    document = _ask(transport, "POST", "/sync/v1/enrol", protocol.dump(request))
    certificate = protocol.read_document(Certificate, document, hello.verify_key)
    if (certificate.journal, certificate.public_key) != (identity.journal, identity.public_key):
        raise Problem(SYNC_REFUSED, reason="the certificate is for another tablet")
    notice = Client(transport, key, certificate, hello).notice(None)
    assert notice is not None
    journal.keep_enrolment(hub_url, hello_bytes, document, *notice)
    return certificate


def _ask(transport: Transport, method: str, path: str, body: bytes = b"") -> bytes:
    answer = transport(method, path, body, {protocol.HEADER: str(protocol.VERSION)})
    if answer.status >= 400:
        raise Problem(SYNC_REFUSED, reason=refusal(answer))
    return answer.body


def sync(
    journal: Journal,
    key: keys.SigningKey,
    transport: Transport,
    pack_version: str,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Result:
    """Send everything, report how the booth is, fetch the fair's notice if it changed."""
    identity = journal.identity()
    if identity.certificate is None or identity.hello is None:
        raise Problem(BOOTH_UNENROLLED)
    client = Client(transport, key, identity.certificate, identity.hello)
    seq, head = journal.head()
    client.send_status(
        protocol.Status(
            journal=identity.journal,
            seq=seq,
            hash=head.hex(),
            pack=pack_version,
            version=__version__,
            free_mb=shutil.disk_usage(journal.file.parent).free // 2**20,
            at=stamp(clock.now()),
        )
    )
    result = push(client, journal, progress)
    changed = client.notice(identity.notice_etag)
    if changed is not None:
        journal.keep_notice(*changed)
    return result


class Courier(threading.Thread):
    """Tries to reach the hub every so often while the booth serves. Failing is its normal state."""

    def __init__(self, errand: Callable[[], Result], seconds: int) -> None:
        super().__init__(name="courier", daemon=True)
        self._errand = errand
        self._seconds = seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._errand()
            except Problem as problem:
                log.info("not sent: %s", problem.code)
            except Exception as error:  # noqa: BLE001 (whatever it was, the next try comes)
                log.error("sending failed: %s", type(error).__name__)  # noqa: TRY400 (no message: it could hold data)

    def stop(self) -> None:
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=30)
