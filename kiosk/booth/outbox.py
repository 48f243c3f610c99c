"""The way out: enrolling at a hub, and sending what the journal holds."""

import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kiosk import __version__
from kiosk.booth.journal import Journal
from kiosk.clock import BEIJING, Clock, stamp
from kiosk.errors import (
    BOOTH_ENROLLED,
    BOOTH_MISSING,
    BOOTH_UNENROLLED,
    ENROL_CODE,
    ENROL_DATES,
    ENROL_FINGERPRINT,
    ENROL_KNOWN,
    ENROL_NO_HUB,
    ENROL_PROOF,
    ENROL_REJECTED,
    ENROL_WAITING,
    JOURNAL_FORKED,
    SYNC_DEVICE,
    SYNC_MALFORMED,
    SYNC_REFUSED,
    SYNC_UNREACHABLE,
    Problem,
)
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, EnrolRequest, Head, Hello
from kiosk.sync.push import Answer, Client, Result, Transport, push, refusal

KEY_FILE = "device.key"
#: Sealed content that was sent stays on the tablet for so many days after the fair, as the second copy.
BLOB_DAYS = 7
_SPOKEN = {protocol.HEADER: str(protocol.VERSION)}


def load_key(data: Path) -> keys.SigningKey:
    """The tablet's own key. Raises `booth.missing`."""
    try:
        return keys.SigningKey((data / KEY_FILE).read_bytes())
    except (OSError, ValueError):
        raise Problem(BOOTH_MISSING) from None


# --- joining --------------------------------------------------------------------------------------


class Pending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request to be enrolled as it was made, kept until it is answered: asked again, it is the same request."""

    hub_url: str
    hello: Hello  # of the hub whose fingerprint the code names
    request: EnrolRequest
    word: str = ""  # the hub's, that it has the request; empty until it said so

    @property
    def digits(self) -> str:
        """What this screen shows, and the hub's must show too; empty until the hub has the request."""
        return protocol.comparison(self.request, self.hello.fingerprint, self.word) if self.word else ""


#: After these the hub will never say anything else.
_FINAL = {kind.code: kind for kind in (ENROL_CODE, ENROL_KNOWN, ENROL_PROOF, ENROL_REJECTED)}
#: The hub's clock may be several processes' clocks.
_SLACK = timedelta(minutes=5)


def pending(journal: Journal) -> Pending | None:
    """The enrolment that was begun here and waits."""
    kept = journal.pending()
    return msgspec.json.decode(kept, type=Pending) if kept else None


def begin(journal: Journal, key: keys.SigningKey, transport: Transport, hub_url: str, code: str) -> Pending:
    """Make and keep the request. Checks the hub against the fingerprint in the code before it says more.

    Raises `enrol.code`, `enrol.fingerprint`, `booth.enrolled`, `sync.unreachable` or `sync.refused`.
    """
    identity = journal.identity()
    if identity.certificate is not None:
        raise Problem(BOOTH_ENROLLED)
    token, pinned = protocol.read_code(code)
    hello = _hello(transport)
    if hello.fingerprint[: len(pinned)] != pinned:
        raise Problem(ENROL_FINGERPRINT)
    proof = protocol.enrol_proof(token, identity.public_key, identity.journal, hello.hub)
    canary = keys.seal(
        keys.PublicKey(bytes.fromhex(hello.sealing_key)), protocol.canary_text(identity.journal, hello.hub)
    )
    request = EnrolRequest(
        token=token,
        public_key=identity.public_key,
        journal=identity.journal,
        proof=keys.sign(key, b"kiosk/enrol/1", proof),
        canary=canary.hex(),
    )
    made = Pending(hub_url, hello, request)
    journal.keep_pending(msgspec.json.encode(made))
    return made


def ask(journal: Journal, key: keys.SigningKey, transport: Transport) -> Certificate | None:
    """Ask for the certificate; None while a person has yet to compare the digits at the hub.

    Raises `booth.unenrolled` where nothing was begun, `enrol.code`, `enrol.known`, `enrol.proof` or `enrol.rejected`
    when it is over, and then it is forgotten; `enrol.fingerprint`, `enrol.dates`, `sync.*`, and then it goes on.
    """
    made = pending(journal)
    if made is None:
        raise Problem(BOOTH_UNENROLLED)
    hello = _hello(transport)  # anew: it tells the hub's time
    if (hello.hub, hello.fingerprint) != (made.hello.hub, made.hello.fingerprint):
        raise Problem(ENROL_FINGERPRINT)
    answer = transport("POST", "/sync/v1/enrol", protocol.dump(made.request), _SPOKEN)
    if answer.status >= 400:
        _raise_unless_waiting(journal, answer)
        _keep_word(journal, made, answer)
        return None
    certificate = protocol.read_document(Certificate, answer.body, hello.verify_key)
    asked_for = (made.request.journal, made.request.public_key, hello.hub)
    if (certificate.journal, certificate.public_key, certificate.hub) != asked_for:
        raise Problem(SYNC_REFUSED, reason="the certificate is for another tablet")
    _check_dates(certificate, hello.time)
    client = Client(transport, key, certificate, hello)
    notice = client.notice(None)
    if notice is None:
        raise Problem(SYNC_REFUSED, reason="no notice of the fair")
    told = client.head()
    head = told.document if told.is_believed else None  # somebody else answered, such as a relay
    journal.keep_enrolment(made.hub_url, protocol.dump(hello), answer.body, *notice, head)
    return certificate


def enrol(journal: Journal, key: keys.SigningKey, transport: Transport, hub_url: str, code: str) -> Certificate:
    """Join a fair with a one-time code of the command line, which asks for no comparison.

    Raises what `begin` and `ask` raise, and `enrol.waiting`.
    """
    begin(journal, key, transport, hub_url, code)
    certificate = ask(journal, key, transport)
    if certificate is None:
        raise Problem(ENROL_WAITING)
    return certificate


def wait(journal: Journal, key: keys.SigningKey, transport: Transport, seconds: float = 2) -> Certificate:
    """Ask every so often until somebody has decided. A hub out of reach is waited for; raises what ends it."""
    while True:
        time.sleep(seconds)
        try:
            certificate = ask(journal, key, transport)
        except Problem as problem:
            if problem.kind is not SYNC_UNREACHABLE:
                raise
            certificate = None
        if certificate is not None:
            return certificate


def _hello(transport: Transport) -> Hello:
    answer = transport("GET", "/sync/v1/hello", b"", _SPOKEN)
    if answer.status in (429, 500, 503):  # a hub that is busy, or not well
        raise Problem(SYNC_REFUSED, reason=refusal(answer))
    try:
        return protocol.parse(Hello, answer.body)
    except Problem:
        raise Problem(ENROL_NO_HUB) from None


def _raise_unless_waiting(journal: Journal, answer: Answer) -> None:
    code = refusal(answer).partition(":")[0]
    if code == ENROL_WAITING.code:
        return
    if code in _FINAL:
        journal.keep_pending(None)
        raise Problem(_FINAL[code])
    raise Problem(SYNC_REFUSED, reason=refusal(answer))


def _keep_word(journal: Journal, made: Pending, answer: Answer) -> None:
    """Keep the hub's word that it has the request, from which the digits are made. Raises `sync.refused`."""
    if made.word:
        return
    word = answer.header(protocol.VOUCH_HEADER)
    if not protocol.is_acknowledged(made.hello.verify_key, made.request, made.hello.hub, word):
        raise Problem(SYNC_REFUSED, reason="its answer is not signed")
    journal.keep_pending(msgspec.json.encode(msgspec.structs.replace(made, word=word)))


def _check_dates(certificate: Certificate, hub_time: str) -> None:
    """By the hub's clock: a tablet's own may be years off on the morning it is unpacked."""
    try:
        now = datetime.fromisoformat(hub_time)
    except ValueError:
        raise Problem(SYNC_REFUSED, reason="its time is none") from None
    start, end = (datetime.fromisoformat(one) for one in (certificate.not_before, certificate.not_after))
    if not start - _SLACK <= now <= end:
        raise Problem(ENROL_DATES, start=certificate.not_before[:16], end=certificate.not_after[:16], now=hub_time[:16])


def learn(journal: Journal, key: keys.SigningKey, transport: Transport) -> Head | None:
    """Ask how this tablet stands: whether its canary was opened, whether it was withdrawn. Raises `sync.*`."""
    identity = journal.identity()
    if identity.certificate is None or identity.hello is None:
        raise Problem(BOOTH_UNENROLLED)
    known = identity.head
    told = Client(transport, key, identity.certificate, identity.hello).head()
    if not told.is_believed:
        return known
    if known is None or (known.canary, known.cutoff) != (told.head.canary, told.head.cutoff):
        journal.keep_head(told.document)
    return told.head


# --- sending --------------------------------------------------------------------------------------


def sync(
    journal: Journal,
    key: keys.SigningKey,
    transport: Transport,
    pack_version: str,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    health: protocol.Health = protocol.UNKNOWN_HEALTH,
) -> Result:
    """Send everything, report how the booth is, fetch the fair's notice if it changed.

    A withdrawn tablet still sends what it holds, and hears nothing more of the fair.
    """
    identity = journal.identity()
    if identity.certificate is None or identity.hello is None:
        raise Problem(BOOTH_UNENROLLED)
    client = Client(transport, key, identity.certificate, identity.hello)
    seq, head = journal.head()
    _tell(
        client,
        identity.certificate_document or b"",
        protocol.Status(
            journal=identity.journal,
            seq=seq,
            hash=head.hex(),
            pack=pack_version,
            version=__version__,
            free_mb=shutil.disk_usage(journal.file.parent).free // 2**20,
            at=stamp(clock.now()),
            boot=journal.boot,
            mono=clock.monotonic(),
            health=health if health != protocol.UNKNOWN_HEALTH else msgspec.UNSET,
        ),
    )
    told = learn(journal, key, transport)
    try:
        result = push(client, journal, clock, progress, journal.compare_clocks)
    except Problem as problem:
        if problem.kind is JOURNAL_FORKED:
            _leave_branch(client, journal)
        raise
    if journal.trouble is None and _is_long_over(identity.notice, result.at):
        journal.drop_sent_blobs()
    if told is not None and told.cutoff is not None:
        return result
    changed = client.notice(identity.notice_etag)
    if changed is not None:
        journal.keep_notice(*changed)
    return result


def _leave_branch(client: Client, journal: Journal) -> None:
    """The hub holds another branch of this journal. Let it hold this one too, so that a person can choose.

    Its receipts say that this branch does not count; none of them is kept.
    """
    last, _ = journal.head()
    at = max(journal.receipted(), journal.left_aside)
    while at < last and (lines := journal.lines(at + 1, protocol.BATCH_COUNT)):
        client.send_batch(journal, at + 1, lines)
        at += len(lines)
        journal.left_aside = at


def _tell(client: Client, certificate: bytes, status: protocol.Status) -> None:
    """Say how the booth is; and who it is, to a hub that was set back to a copy from before it joined."""
    try:
        client.send_status(status)
    except Problem as problem:
        if problem.details.get("code") == SYNC_MALFORMED.code and status.health is not msgspec.UNSET:
            # A hub of before: what is recorded here is not to wait until somebody has upgraded it.
            _tell(client, certificate, msgspec.structs.replace(status, health=msgspec.UNSET))
            return
        if problem.details.get("code") != SYNC_DEVICE.code:
            raise
        client.come_back(certificate)
        client.send_status(status)


def _is_long_over(notice: protocol.FairNotice | None, hub_time: str) -> bool:
    """Whether nobody will ask this tablet again for sealed content that the hub has: by the hub's signed time."""
    if notice is None or not hub_time:
        return False
    day = datetime.fromisoformat(hub_time).astimezone(BEIJING).date()
    return (day - timedelta(days=BLOB_DAYS)).isoformat() > notice.fair.ends
