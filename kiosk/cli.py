"""`kiosk …`: parse, call, print. No rule stands here that a web page would also need.

The two sides are imported inside the commands: a tablet has no SQLAlchemy, and no command should wait
for the side it does not run.
"""

import json
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from kiosk import __version__, config
from kiosk.clock import BEIJING, SystemClock
from kiosk.errors import (
    BOOTH_MISSING,
    CANARY_BROKEN,
    FAIR_INCOMPLETE,
    FILE_UNUSABLE,
    FILES_NONE,
    FILES_REFUSED,
    HUB_UNSUPPORTED,
    IMPORT_FORMAT,
    JOURNAL_FORKED,
    RECEIPTS_NONE,
    SURVEY_UNKNOWN,
    SYNC_INCOMPLETE,
    VERIFY_FAILED,
    Problem,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kiosk.booth.carrying import Carrier
    from kiosk.hub.carrying import Import
    from kiosk.hub.context import Hub
    from kiosk.packs.fairs import Fair
    from kiosk.packs.importing import Preview
    from kiosk.packs.surveys import Survey
    from kiosk.reports.figures import Figure
    from kiosk.simulation.fleet import Fleet
    from kiosk.sync.keys import PrivateKey

_PATH = click.Path(path_type=Path)
booth_data = click.option("--data", type=_PATH, help="The booth's folder. Default: instance/ or KIOSK_BOOTH_DATA.")
hub_data = click.option("--data", type=_PATH, help="The hub's folder. Default: instance/ or KIOSK_HUB_DATA.")
hub_database = click.option("--database", help="Database URL. Default: SQLite in the folder, or DATABASE_URL.")
relay_data = click.option("--data", type=_PATH, help="The relay's folder. Default: instance/ or KIOSK_RELAY_DATA.")
port_help = "Port to listen on."
_FAULTS_TOLD = 20  # what else there is would make it more than a page
_FORMATS = ("xlsx", "gift", "aiken")
_DAY = click.DateTime(["%Y-%m-%d"])
_OPENERS = frozenset({"intake", "handler", "supervisor"})  # as hub.people.KEY_ROLES, which a tablet could not import
fair_option = click.option("--fair", help="The fair's id; may be left out where there is one.")


def _iso(_ctx: click.Context, _option: click.Parameter, day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def _say(problem: Problem) -> None:
    click.echo(f"{problem.code}: {problem.sentence('en')}", err=True)


class _Group(click.Group):
    """Shows a problem as one line on stderr, with its code, and exits 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            _say(problem)
        except OSError as error:
            _say(Problem(FILE_UNUSABLE, reason=f"{error.filename or ''} {error.strerror or error}".strip()))
        return ctx.exit(1)


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="kiosk")
def main() -> None:
    """Kiosk 315: booths that keep counting offline, and the hub that can defend every number."""


# --- booth ----------------------------------------------------------------------------------------


@main.group()
def booth() -> None:
    """One tablet: its journal, its screens, its way to the hub."""


@booth.command("init")
@booth_data
def booth_init(data: Path | None) -> None:
    """Make a booth in an empty folder: a key pair and an empty journal."""
    from kiosk.booth.setup import init_booth

    settings = config.booth_config(data)
    journal = init_booth(settings, SystemClock())
    click.echo(f"booth ready in {settings.data}; journal {journal.identity().journal}")
    journal.close()


@booth.command("enrol")
@click.option("--hub", "hub_url", help="The hub's address, e.g. https://hub.example.cn")
@click.option("--code", help="The one-time code from the hub: its page of codes, or `kiosk hub code`.")
@click.option("--file", type=_PATH, help="A file from the hub's page of codes, instead of --hub and --code.")
@booth_data
def booth_enrol(hub_url: str | None, code: str | None, file: Path | None, data: Path | None) -> None:
    """Join a fair with a one-time code.

    A code drawn on the hub's pages has to be compared: six digits are shown here and there, and this command waits
    until somebody at the hub has said that they are the same. It may be stopped and started again without a code.
    """
    from kiosk.booth import outbox
    from kiosk.booth.journal import Journal
    from kiosk.sync.http import HttpTransport

    if (hub_url is None) != (code is None) or (file and code):
        raise click.UsageError("give --hub and --code, or --file; or none of them to go on with what was begun")
    if file:
        hub_url, code = _read_ticket(file)
    settings = config.booth_config(data)
    journal = Journal(settings.database, SystemClock())
    try:
        journal.refuse_in_trouble()
        key = outbox.load_key(settings.data)
        if hub_url is not None and code is not None:
            outbox.begin(journal, key, HttpTransport(hub_url), hub_url, code)
        begun = outbox.pending(journal)
        road = HttpTransport(begun.hub_url if begun else "http://unenrolled.invalid")
        certificate = outbox.ask(journal, key, road)
        if certificate is None and (begun := outbox.pending(journal)) is not None:
            click.echo(f"compare at the hub: {begun.digits}")
            certificate = outbox.wait(journal, key, road)
    finally:
        journal.close()
    assert certificate is not None
    click.echo(f"enrolled in fair {certificate.fair} at desk {certificate.desk}")


def _read_ticket(file: Path) -> tuple[str, str]:
    """(address, code) from a file of the hub's page of codes."""
    from kiosk.files import opened
    from kiosk.sync import tickets

    with opened(file) as content:
        return tickets.read(content.read(tickets.LIMIT).decode("utf-8", "replace"))


@booth.command("serve")
@booth_data
@click.option("--bind", help="Address to listen on.  [default: 127.0.0.1; with phone_url: every address]")
@click.option("--port", default=3150, show_default=True, type=click.IntRange(1, 65535), help=port_help)
def booth_serve(data: Path | None, bind: str | None, port: int) -> None:
    """Serve the booth's screens, and send what it holds to the hub every so often."""
    from kiosk.booth.serving import THREADS, serving
    from kiosk.serve import CROWD, serve

    settings = config.booth_config(data)
    start, stop = serving(settings)
    serve(start, f"{bind or settings.bind}:{port}", threads=THREADS, on_exit=stop, worker=CROWD)


@booth.command("sync")
@booth_data
def booth_sync(data: Path | None) -> None:
    """Send everything to the hub now. Exits with 1 unless the hub has signed for all of it.

    Where the hub is out of reach and a relay is set, everything is left with the relay.
    """
    from kiosk.booth import carrying
    from kiosk.packs.reader import BUILTIN, read_pack
    from kiosk.sync.http import HttpTransport

    settings = config.booth_config(data)
    with _carrier(settings) as carrier:
        journal = carrier.journal
        address, relay = journal.identity().hub_url or "", settings.relay_url
        pack = read_pack(settings.pack or BUILTIN)
        try:
            result = carrying.deliver(
                carrier,
                lambda: HttpTransport(address),
                (lambda: HttpTransport(relay)) if relay else None,
                pack.version,
                SystemClock(),
                _progress,
            )
        except Problem as problem:
            if problem.kind is JOURNAL_FORKED:
                journal.refuse_in_trouble()  # a damaged or older file lacks what the hub has: that is the whole fork
            raise
        unsent = journal.unsent()
    if isinstance(result, carrying.Delivery):
        click.echo(
            f"left with the relay: {result.left}, not yet signed for by the hub ({result.reason}); "
            f"the hub has signed for {result.seq}"
        )
    else:
        click.echo(
            f"{result.new} new, {result.duplicates} known, {result.quarantined} quarantined, "
            f"{result.blobs} sealed; the hub has signed for {result.seq}"
        )
    journal.refuse_in_trouble()
    if unsent:
        raise Problem(SYNC_INCOMPLETE, unsent=unsent)


@contextmanager
def _carrier(settings: config.BoothConfig) -> Iterator["Carrier"]:
    """A booth's journal with what signs for it."""
    from kiosk.booth import outbox
    from kiosk.booth.carrying import Carrier
    from kiosk.booth.journal import Journal

    journal = Journal(settings.database, SystemClock())
    try:
        yield Carrier.of(journal, outbox.load_key(settings.data))
    finally:
        journal.close()


@booth.command("export")
@click.argument("file", type=_PATH)
@click.option("--all", "everything", is_flag=True, help="Also what the hub has signed for.")
@booth_data
def booth_export(file: Path, everything: bool, data: Path | None) -> None:
    """Write what the hub has not signed for as a bundle, for a stick: a file, or a folder in which it gets a name.

    Of a damaged journal everything that can be believed is written, and the command exits with 1.
    """
    from kiosk.booth import carrying, closing

    with _carrier(config.booth_config(data)) as carrier:
        slip = closing.last_slip(carrier)
        exported = carrying.export(
            carrier, file, everything=everything, clock=SystemClock(), progress=_progress, slip=slip
        )
        for path, one in exported.files:
            facts = f"facts {one.first} to {one.last}" if one.first <= one.last else "no facts"
            click.echo(f"{path}: {facts}, {one.blobs} sealed, {one.size} bytes; the journal ends at {exported.head}")
        carrier.journal.refuse_in_trouble()


@booth.command("receipt")
@click.argument("paths", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@booth_data
def booth_receipt(paths: tuple[Path, ...], data: Path | None) -> None:
    """Take in receipts that came back from the hub. Exits with 1 unless it has now signed for everything."""
    from kiosk.booth import carrying

    with _carrier(config.booth_config(data)) as carrier:
        receipt = carrying.import_receipts(carrier, paths)
        last, unsent = carrier.journal.head()[0], carrier.journal.unsent()
        carrier.journal.refuse_in_trouble()
    click.echo(f"the hub had signed for {receipt.seq} of {last} at {receipt.at[:16]}")
    if unsent:
        raise Problem(SYNC_INCOMPLETE, unsent=unsent)
    click.echo("everything is sent")


@booth.command("prune")
@booth_data
def booth_prune(data: Path | None) -> None:
    """Delete the sealed complaints that the hub has signed for from this tablet now. The journal stays whole.

    A tablet does so by itself a week after the fair. Until then it is the second copy.
    """
    from kiosk.booth.journal import Journal

    journal = Journal(config.booth_config(data).database, SystemClock())
    try:
        journal.refuse_in_trouble()
        dropped, left = journal.drop_sent_blobs(), len(journal.unsent_names())
    finally:
        journal.close()
    click.echo(f"{dropped} deleted; {left} kept, because the hub does not have them yet")


@booth.command("close")
@click.option("--json", "as_json", is_flag=True, help="As JSON: what stands on the slip, and the text of its code.")
@booth_data
def booth_close(as_json: bool, data: Path | None) -> None:
    """Close the day and print the slip the hub compares: counts, range, eight characters, and a QR code if it fits."""
    from kiosk.booth import closing
    from kiosk.booth.context import new_id

    clock = SystemClock()
    with _carrier(config.booth_config(data)) as carrier:
        closed = closing.close_day(carrier.journal, clock, "device", new_id())
        slip = closing.slip_of(carrier, closed)
        receipted = carrier.journal.receipted()
    if as_json:
        click.echo(json.dumps({**slip.as_json(), "receipted": receipted}, ensure_ascii=False, indent=1))
        return
    told = slip.slip
    click.echo(f"日结单 / day slip  {told.day}  {told.fair} {told.desk}")
    click.echo(f"核对码 / code      {slip.code}")
    click.echo(f"一共 / in all      {told.last}    今天 / today  {told.first}–{told.last}")
    for kind, n in slip.day_counts.items():
        name = closing.KINDS.get(kind)
        click.echo(f"  {n:>8}  {name.zh} / {name.en}" if name else f"  {n:>8}  {kind}")
    click.echo(f"汇总端已签收 / the hub has signed for  {receipted} / {told.last}")
    _draw(slip.text)


@booth.command("rehearse")
@click.argument("what", type=click.Choice(["start", "end"]))
@booth_data
def booth_rehearse(what: str, data: Path | None) -> None:
    """Begin or end a rehearsal where no program serves the booth; else the staff screen does. Nothing of it counts."""
    from kiosk.booth import rehearsal
    from kiosk.booth.app import create_booth_app
    from kiosk.booth.folder import ServeLock

    settings = config.booth_config(data)
    if not settings.database.is_file():
        raise Problem(BOOTH_MISSING)
    lock = ServeLock(settings.data)
    here = create_booth_app(settings).extensions["booth"]
    try:
        if what == "start":
            rehearsal.begin(here, "")
            click.echo(f"the rehearsal is on; it ends by itself at {rehearsal.state(here).ends_at}")
            return
        last = rehearsal.end(here)
        rehearsal.hand_in(here)
    finally:
        here.close()
        lock.release()
    click.echo(f"the rehearsal is over: {last.facts} facts, and none of them counts")
    for one in last.counts:
        click.echo(f"  {one.n:>8}  {one.name.zh} / {one.name.en}")


@booth.group("lots")
def booth_lots() -> None:
    """Draws of lots, from their sheets."""


@booth_lots.command("check")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
def booth_lots_check(file: IO[str]) -> None:
    """Work a draw out again from the FILE its page offers, on any machine, and say whether it was as the rule says."""
    from kiosk.facts import lots

    sheet = lots.read_sheet(file.read(4_000_001))
    found = lots.faults(sheet)
    for fault in found:
        click.echo(fault)
    if found:
        sys.exit(1)
    drawn = sheet.draw
    click.echo(f"{len(drawn.tickets)} lots, {drawn.number:06d}: {' '.join(sheet.winners) or '-'}")
    click.echo(f"compare with what was shown before: {drawn.commitment}")


def _draw(text: str) -> None:
    """A QR code on a terminal that is wide enough and knows the letters for it."""
    from kiosk import qr

    lines = qr.blocks(text)
    try:
        lines[0].encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return
    if sys.stdout.isatty() and shutil.get_terminal_size().columns >= len(lines[0]):
        for line in lines:
            click.secho(line, fg="bright_white", bg="black")


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of}", err=True, nl=done >= of)


# --- hub ------------------------------------------------------------------------------------------


@main.group()
def hub() -> None:
    """The centre: takes facts in, adds them up, opens complaints."""


@contextmanager
def _hub(data: Path | None, database: str | None) -> Iterator["Hub"]:
    try:
        from kiosk.hub.app import open_hub
    except ModuleNotFoundError as error:
        raise Problem(HUB_UNSUPPORTED) from error
    here = open_hub(config.hub_config(data, database))
    try:
        yield here
    finally:
        here.close()


@hub.command("init")
@hub_data
@hub_database
@click.option("--fair", "fair_file", type=_PATH, help="A fair's JSON file; `demo` or nothing: the built-in one.")
@click.option("--name", default="admin", show_default=True, help="Name of the first account.")
@click.option("--password", envvar="KIOSK_PASSWORD", help="Its password. Default: one is drawn and shown once.")
def hub_init(data: Path | None, database: str | None, fair_file: Path | None, name: str, password: str | None) -> None:
    """Make a hub: database, keys, a fair, a first account and one volunteer."""
    import secrets

    try:
        from kiosk.hub import fairs, people
        from kiosk.hub.app import create_hub
    except ModuleNotFoundError as error:
        raise Problem(HUB_UNSUPPORTED) from error
    from kiosk.packs.reader import BUILTIN, read_fair, read_pack

    is_builtin = fair_file is None or str(fair_file) == "demo"
    fair = read_fair(BUILTIN / "fair.json" if is_builtin or fair_file is None else fair_file)
    settings = config.hub_config(data, database)
    for day in (fair.starts, fair.ends):
        read_pack(settings.pack or BUILTIN, day)  # nothing is asked at a fair that is not the law there
    password, pin = password or secrets.token_urlsafe(12), people.draw_pin()

    def furnish(tx: "Connection", sealing_key: "PrivateKey") -> None:
        fairs.add_fair(tx, fair)
        people.add_person(tx, name, password, {"organiser", "supervisor"}, sealing_key)
        people.add_volunteer(tx, fair.id, "v01", "志愿者", pin)
        # Said before it is so: a hub that is ready, and whose password nobody was told, would be of no use.
        click.echo(f"sign in as {name} with {password}")
        click.echo(f"volunteer 志愿者, PIN {pin}")
        click.echo("Write both down now: they are not kept. Without that password no complaint can be opened.")

    here, _ = create_hub(settings, SystemClock(), furnish)
    here.close()
    click.echo(f"hub ready in {settings.data} with fair {fair.id}")


@hub.command("serve")
@hub_data
@hub_database
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3151, show_default=True, type=click.IntRange(1, 65535), help=port_help)
def hub_serve(data: Path | None, database: str | None, bind: str, port: int) -> None:
    """Serve the hub. In the field put a reverse proxy with TLS before it (deploy/hub)."""
    from kiosk.serve import serve

    with _hub(data, database):
        pass  # a missing hub is said here, in one line, rather than by a worker that dies

    def start() -> Any:
        from kiosk.hub.app import create_hub_app, open_hub

        return create_hub_app(open_hub(config.hub_config(data, database)))

    serve(start, f"{bind}:{port}", threads=32)


@hub.command("code")
@click.option("--desk", required=True, help="The desk the tablet will stand on, e.g. d01.")
@fair_option
@hub_data
@hub_database
def hub_code(desk: str, fair: str | None, data: Path | None, database: str | None) -> None:
    """Draw a one-time code with which one tablet can enrol at once; good for ten minutes.

    Nobody compares digits for it: give it to the tablet yourself, by a way nobody else sees.
    """
    with _hub(data, database) as here:
        from kiosk.hub import devices, fairs

        with here.store.begin() as tx:
            click.echo(devices.draw_code(tx, here, fairs.find_fair(tx, fair), desk, here.clock.now()))


@hub.command("join")
@fair_option
@click.option("--parent", help="The address of the hub above, e.g. https://city.example.cn")
@click.option("--code", help="The one-time code it drew for this office: its page of units, or `kiosk hub unit-code`.")
@click.option("--request", "request_file", type=_PATH, help="Without a network: write the request to be let in here.")
@click.option("--certificate", "answer_file", type=_PATH, help="Take in what `kiosk hub admit` wrote for the request.")
@click.option("--fingerprint", default="", help="Believe only the hub above that `kiosk hub fingerprint` names so.")
@click.option("--again", is_flag=True, help="It has joined already: join another hub, or the same one anew.")
@hub_data
@hub_database
def hub_join(
    fair: str | None,
    parent: str | None,
    code: str | None,
    request_file: Path | None,
    answer_file: Path | None,
    fingerprint: str,
    again: bool,
    data: Path | None,
    database: str | None,
) -> None:
    """Let a fair of this hub report to a hub above: with a code over the network, or with two files.

    A code of the hub's page has to be compared: six digits are shown here and there, and this command waits until
    somebody there has said that they are the same. It may be stopped and started again with --parent alone.
    """
    if sum(one is not None for one in (parent, request_file, answer_file)) != 1 or (code and not parent):
        raise click.UsageError("give --parent with --code, or --request, or --certificate")
    from kiosk.files import opened, written

    with _hub(data, database) as here:
        from kiosk.hub import fairs, upward
        from kiosk.sync.protocol import DOCUMENT_LIMIT

        with here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
        if request_file is not None:
            document = upward.write_request(here, found, again=again)
            with written(request_file) as out:
                out.write(document)
            click.echo(f"request written to {request_file}; at the hub above: kiosk hub admit {request_file.name}")
            return
        if answer_file is not None:
            with opened(answer_file) as file:
                link = upward.take_admission(here, found, file.read(DOCUMENT_LIMIT + 1), fingerprint)
            click.echo(f"fingerprint of the hub above {_in_eights(link.hello.fingerprint)}: compare it")
            click.echo(f"joined as unit {link.unit} of fair {link.certificate.fair}")
            return
        assert parent is not None
        unit = _join_online(here, found, parent, code, again=again)
        click.echo(f"joined as unit {unit}")


def _join_online(here: "Hub", fair: "Fair", parent: str, code: str | None, *, again: bool) -> str:
    import time

    from kiosk.hub import upward
    from kiosk.sync import tickets
    from kiosk.sync.http import HttpTransport

    url = tickets.address(parent)
    road = HttpTransport(url)
    if code is not None:
        upward.begin(here, fair, road, url, code, again=again)
    certificate, is_shown = upward.ask(here, fair, road), False
    while certificate is None:
        if not is_shown:
            click.echo(f"compare at the hub above: {upward.digits(here, fair)}")
            is_shown = True
        time.sleep(2)
        certificate = upward.ask(here, fair, road)
    return certificate.unit or certificate.desk


@hub.command("unit-code")
@click.option("--unit", required=True, help="The unit of the fair that will report, e.g. east.")
@fair_option
@hub_data
@hub_database
def hub_unit_code(unit: str, fair: str | None, data: Path | None, database: str | None) -> None:
    """Draw a one-time code with which a hub below can join for a unit at once; good for ten minutes.

    Nobody compares digits for it: give it to that office yourself, by a way nobody else sees.
    """
    with _hub(data, database) as here:
        from kiosk.hub import devices, fairs

        with here.store.begin() as tx:
            click.echo(devices.draw_unit_code(tx, here, fairs.find_fair(tx, fair), unit, here.clock.now()))


@hub.command("admit")
@click.argument("file", type=_PATH)
@click.option("--unit", required=True, help="The unit of the fair it is to report for, e.g. east.")
@click.option("--out", type=_PATH, required=True, help="Where to write the answer, which goes back to it.")
@fair_option
@hub_data
@hub_database
def hub_admit(file: Path, unit: str, out: Path, fair: str | None, data: Path | None, database: str | None) -> None:
    """Let a hub below in that asks by a file (`kiosk hub join --request`), and write the file that goes back."""
    from kiosk.files import opened, written

    with _hub(data, database) as here:
        from kiosk.hub import fairs, upward
        from kiosk.sync.protocol import DOCUMENT_LIMIT

        with opened(file) as source:
            document = source.read(DOCUMENT_LIMIT + 1)
        asked = upward.read_request(document)
        with here.store.begin() as tx:
            answer = upward.admit(tx, here, fairs.find_fair(tx, fair), unit, document)
        with written(out) as target:
            target.write(answer)
        click.echo(f"{asked.title} ({asked.fair} of hub {asked.hub[:8]}) may report for unit {unit}")
        click.echo(f"answer written to {out}; fingerprint of this hub {_in_eights(here.fingerprint)}")


@hub.command("report-up")
@fair_option
@click.option("--out", type=_PATH, help="Write what the hub above has not signed for as a bundle, for a stick.")
@click.option("--all", "everything", is_flag=True, help="With --out: also what it has signed for.")
@click.option(
    "--receipt",
    "receipts",
    type=_PATH,
    multiple=True,
    help="Take in receipts that came back. May be given more than once.",
)
@hub_data
@hub_database
def hub_report_up(
    fair: str | None,
    out: Path | None,
    everything: bool,
    receipts: tuple[Path, ...],
    data: Path | None,
    database: str | None,
) -> None:
    """Send the newest frozen version to the hub above: over the network, or with --out as a file.

    Exits with 1 unless the hub above has signed for all of it, or it was written to a file.
    """
    with _hub(data, database) as here:
        from kiosk.hub import fairs, upward
        from kiosk.sync.http import HttpTransport

        with here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
        if receipts:
            receipt = upward.take_receipts(here, found, receipts)
            click.echo(f"the hub above had signed for {receipt.seq} at {receipt.at[:16]}")
        else:
            with here.store.begin() as tx:
                upward.submit_latest(tx, here, found)
        with here.store.reading() as tx:
            state = upward.state_of(tx, found.id)
        assert state is not None
        if out is not None:
            exported = upward.export(here, found, out, everything=everything)
            click.echo(f"{out}: facts {exported.first} to {exported.last}, {exported.size} bytes")
            return
        if not receipts:
            result = upward.send(here, found, HttpTransport(state.link.url))
            click.echo(f"version {state.version}: {result.new} new, {result.duplicates} known; signed for {result.seq}")
        with here.store.reading() as tx:
            state = upward.state_of(tx, found.id)
    assert state is not None
    if state.waiting:
        raise Problem(SYNC_INCOMPLETE, unsent=state.waiting)


@hub.command("units")
@fair_option
@hub_data
@hub_database
def hub_units(fair: str | None, data: Path | None, database: str | None) -> None:
    """List the units that report to a fair: state, version that counts, when it was all here, and what is wrong."""
    with _hub(data, database) as here:
        from kiosk.hub import fairs, units

        with here.store.reading() as tx:
            rows = units.standings(tx, here, fairs.find_fair(tx, fair))
    for row in rows:
        version = f"version {row.report.version}" if row.report else "-"
        came = datetime.fromtimestamp(row.came_at, BEIJING).strftime("%Y-%m-%dT%H:%M") if row.came_at else "-"
        notes = [one.en for one in (*([row.left_out] if row.left_out else []), *row.remarks)]
        click.echo("\t".join((row.unit.id, row.state, version, came, " ".join(notes))).rstrip())


@hub.command("devices")
@fair_option
@hub_data
@hub_database
def hub_devices(fair: str | None, data: Path | None, database: str | None) -> None:
    """List the tablets: id, desk, state, facts held and told of, canary, end of its certificate."""
    with _hub(data, database) as here:
        from kiosk.hub import fairs, tablets

        with here.store.reading() as tx:
            rows = tablets.rows(tx, fairs.find_fair(tx, fair), here.clock.now())
    for row in rows:
        canary = {"opened": "opened", "waiting": "not opened yet", "broken": "CANNOT BE OPENED"}.get(row.canary, "none")
        cutoff = f"\tcounts to {row.cutoff}" if row.cutoff is not None else ""
        told = f"{row.held} of {row.known}"
        click.echo(f"{row.device}\t{row.desk.id}\t{row.state}\t{told}\t{canary}\t{row.valid_until}{cutoff}")


@hub.command("revoke")
@click.option("--device", required=True, help="The tablet's id, or the beginning of it (`kiosk hub devices`).")
@click.option("--cutoff", type=click.IntRange(0, 2**53), help="The last fact that counts. Default: the last counted.")
@click.option("--reason", required=True, help="Why, in a few words; no names. It is kept for good.")
@hub_data
@hub_database
def hub_revoke(device: str, cutoff: int | None, reason: str, data: Path | None, database: str | None) -> None:
    """Withdraw a tablet that was lost or stolen: nothing after the cut-off counts. Cannot be undone."""
    with _hub(data, database) as here:
        from kiosk.hub import devices

        with here.store.begin() as tx:
            found = devices.find(tx, device)
            last = devices.revoke(tx, here, found.device, reason, "hub", cutoff)
        click.echo(f"{found.device} at desk {found.desk}: nothing after fact {last} counts")


@hub.command("canaries")
@click.option("--name", required=True, help="Of somebody who opens complaints; their password is asked for.")
@hub_data
@hub_database
def hub_canaries(name: str, data: Path | None, database: str | None) -> None:
    """Open what new tablets sealed first of all, so that they may call themselves ready."""
    with _hub(data, database) as here:
        from kiosk.hub import devices, people

        password = click.prompt(f"password of {name}", hide_input=True, err=True)
        with here.store.reading() as tx:
            key = people.open_key(tx, name, password)
        with here.store.begin() as tx:
            done = devices.open_canaries(tx, here, key)
    click.echo(f"{done.opened} opened, {done.broken} broken")
    if done.broken:
        raise Problem(CANARY_BROKEN, count=done.broken)


@hub.group("fair")
def hub_fair() -> None:
    """A fair's roster as a workbook: venues, desks, units, volunteers, leaflets, materials, prizes."""


@hub_fair.command("template")
@click.argument("file", type=_PATH)
@click.option("--filled", is_flag=True, help="With what the fair has now, to be changed and imported again.")
@fair_option
@hub_data
@hub_database
def hub_fair_template(file: Path, filled: bool, fair: str | None, data: Path | None, database: str | None) -> None:
    """Write the empty workbook with its drop-downs into FILE, which has to end in .xlsx."""
    from kiosk.files import written
    from kiosk.packs import fair_sheets

    content = fair_sheets.write()
    if filled:
        with _hub(data, database) as here:
            from kiosk.hub import fairs, volunteers

            with here.store.reading() as tx:
                found = fairs.find_fair(tx, fair)
                content = fair_sheets.write(found, volunteers.names(tx, found.id))
    with written(file) as out:
        out.write(content)
    click.echo(f"written to {file}")


@hub_fair.command("import")
@click.argument("file", type=_PATH)
@click.option("--only", is_flag=True, help="What is not in a sheet that has rows goes. Volunteers never do.")
@click.option("--save", "is_saved", is_flag=True, help="Save it, if nothing is wrong. Without it only look.")
@fair_option
@hub_data
@hub_database
def hub_fair_import(
    file: Path, only: bool, is_saved: bool, fair: str | None, data: Path | None, database: str | None
) -> None:
    """Look at a filled-in workbook: list every fault with its place, or what would change; save all of it or none.

    PINs of new volunteers are drawn and shown once. The same file once more changes nothing.
    """
    from kiosk.files import opened
    from kiosk.packs import fair_sheets as sheets

    with _hub(data, database) as here:
        from kiosk.hub import fair_sheets, fairs

        with opened(file) as source:
            tables = sheets.read(source.read(sheets.FILE_LIMIT + 1))
        with here.store.reading() as tx:
            into = fairs.find_fair(tx, fair)
            found = fair_sheets.look(tx, tables, into, only=only)
        fair_sheets.refuse_faults(found)
        slips = fair_sheets.save(here, tables, into.id, "hub", only=only).slips if is_saved else []
    for change in found.changes:
        click.echo(f"{change.section}: +{len(change.added)} ~{len(change.changed)} -{len(change.removed)}")
    for slip in slips:
        click.echo(f"{slip.name}: PIN {slip.pin}")
    done = f"saved in fair {into.id}" if is_saved else "nothing was saved: add --save"
    click.echo(done if found.changes else "nothing to change")


@hub.command("volunteer")
@click.argument("name")
@fair_option
@hub_data
@hub_database
def hub_volunteer(name: str, fair: str | None, data: Path | None, database: str | None) -> None:
    """Add a volunteer and draw their PIN, shown once. Tablets learn it at their next sync."""
    with _hub(data, database) as here:
        from kiosk.hub import fairs, people

        pin = people.draw_pin()
        with here.store.begin() as tx:
            people.add_volunteer(tx, fairs.find_fair(tx, fair).id, people.new_volunteer_id(), name, pin)
        click.echo(f"{name}: PIN {pin}")


@hub.command("person")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(["organiser", "intake", "handler", "supervisor", "auditor", "viewer"]),
    help="What they may do; may be given more than once.",
)
@click.option("--opened-by", help="Name of somebody who opens complaints: whoever gives the key on.")
@hub_data
@hub_database
def hub_person(
    name: str, roles: tuple[str, ...], opened_by: str | None, data: Path | None, database: str | None
) -> None:
    """Add an account. That of intake, handler or supervisor needs --opened-by, who types their own password."""
    import secrets

    if _OPENERS.intersection(roles) and not opened_by:
        raise click.UsageError("this role needs --opened-by: somebody who can open complaints gives the key on")
    with _hub(data, database) as here:
        from kiosk.hub import people

        password = secrets.token_urlsafe(12)
        opener = click.prompt(f"password of {opened_by}", hide_input=True, err=True) if opened_by else ""
        with here.store.begin() as tx:
            key = people.open_key(tx, opened_by, opener) if opened_by else None
            people.add_person(tx, name, password, set(roles), key)
        click.echo(f"{name}: password {password}")


@hub.command("calendar")
@click.argument("file", type=_PATH, required=False)
@hub_data
@hub_database
def hub_calendar(file: Path | None, data: Path | None, database: str | None) -> None:
    """Enter a year's notice of holidays from FILE, or say which of these and the next years are known.

    FILE is JSON: {"year": 2027, "off": ["2027-01-01", …], "worked": ["2027-02-14", …]} with every day of the holidays
    and every weekend day that is worked. Until a year is known its deadlines are estimated, and say so.
    """
    with _hub(data, database) as here:
        from kiosk.clock import BEIJING
        from kiosk.hub import calendars

        if file:
            notice = calendars.read_notice(file)
            with here.store.begin() as tx:
                calendars.enter(tx, notice)
        with here.store.reading() as tx:
            calendar = calendars.calendar_of(tx)
        year = here.clock.now().astimezone(BEIJING).year
        for one in sorted({year, year + 1, year + 2, *calendar.entered}):
            said = "entered" if one in calendar.entered else "known" if calendar.is_known(one) else "estimated"
            click.echo(f"{one}: {said}")


@hub.command("figures")
@fair_option
@click.option("--day", type=_DAY, callback=_iso, help="One day (YYYY-MM-DD) instead of the whole fair.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: each figure, where it comes from, what was counted.")
@hub_data
@hub_database
def hub_figures(fair: str | None, day: str | None, as_json: bool, data: Path | None, database: str | None) -> None:
    """Every figure of the statistics table, from this hub's own records; what units below sent up is in the report."""
    with _hub(data, database) as here:
        from kiosk.hub import fairs, units

        with here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
            over = units.metrics(tx, here, found) if found.units else {}
            rows = fairs.figures_of(tx, found, day, over=over)
    if as_json:
        answer = {"fair": found.id, "figures": [row.as_json() for row in rows]}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    for row in rows:
        beside = _beside(row)
        click.echo(f"{row.label.zh}\t{'—' if row.value is None else row.value}\t{row.unit}\t{row.label.en}{beside}")


def _beside(row: "Figure") -> str:
    """What was counted before corrections, how much of it came on paper; or why there is no value."""
    if row.note is not None:
        return f"\t{row.note.zh}"
    corrected = f"\t原始 {row.raw} 更正 {int(row.value or 0) - row.raw:+d}" if row.raw is not None else ""
    return corrected + (f"\t其中纸质 {row.paper}" if row.paper else "")


@hub.command("completeness")
@fair_option
@click.option("--json", "as_json", is_flag=True, help="As JSON: the whole fair, and every tablet.")
@hub_data
@hub_database
def hub_completeness(fair: str | None, as_json: bool, data: Path | None, database: str | None) -> None:
    """Whether everything is here: what every tablet holds against what the hub holds. Exits with 1 if not."""
    with _hub(data, database) as here:
        from kiosk.hub import completeness, fairs
        from kiosk.reports.completeness import sentence

        with here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
            rows = completeness.booths(tx, found, here.clock.now(), here.pack.version)
            gaps = {row.device: completeness.gaps(tx, row) for row in rows}
    standing = completeness.standing(rows)
    if as_json:
        answer = completeness.as_json(found, standing, rows, gaps)
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        click.echo(sentence(standing, "zh"))
        for row in rows:
            if row.device:
                told = " ".join(row.worries) or "whole"
                lacks = ", ".join(f"{first}-{last}" for first, last in gaps[row.device])
                click.echo(f"{row.desk.id}\t{row.device[:8]}\t{row.held} / {row.known}\t{told}\t{lacks}")
    if not standing.is_whole:
        raise Problem(FAIR_INCOMPLETE, zh=sentence(standing, "zh"), en=sentence(standing, "en"))


@hub.command("items")
@fair_option
@click.option("--venue", help="One venue alone; by its id.")
@click.option("--pack", help="The version of the pack that was shown; default: this hub's own, or the most answered.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: every question and article with its figures.")
@hub_data
@hub_database
def hub_items(
    fair: str | None, venue: str | None, pack: str | None, as_json: bool, data: Path | None, database: str | None
) -> None:
    """What people do not know: questions by how often the first try was right, the least known first."""
    with _hub(data, database) as here:
        from kiosk.hub import items

        found = _folded(here, fair)
        with here.store.reading() as tx:
            report = items.report(tx, found, here.pack, {"venue": venue or "", "pack": pack or ""})
    if as_json:
        click.echo(json.dumps(items.as_json(found, report), ensure_ascii=False, indent=1))
        return
    click.echo(report.sentence("zh"))
    click.echo(report.sentence("en"))
    for row in report.questions:
        item, (low, high) = row.item, row.item.interval
        rate = f"{item.rate:.1%}\t{low:.0%}-{high:.0%}" if item.is_ranked and item.rate is not None else "—\ttoo few"
        click.echo(f"{item.id}\t{item.n}\t{rate}\t{row.question.text.zh if row.question else ''}")


@hub.command("exhibits")
@fair_option
@click.option("--venue", help="One venue alone; by its id.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: every exhibit and region with its figures.")
@hub_data
@hub_database
def hub_exhibits(fair: str | None, venue: str | None, as_json: bool, data: Path | None, database: str | None) -> None:
    """What people take for real: exhibits by number, with how often the fake and its marked places were found, and how
    often somebody touched beside them.
    """
    with _hub(data, database) as here:
        from kiosk.hub import exhibits

        found = _folded(here, fair)
        with here.store.reading() as tx:
            report = exhibits.report(tx, found, here.pack, {"venue": venue or ""})
    if as_json:
        click.echo(json.dumps(exhibits.as_json(found, report), ensure_ascii=False, indent=1))
        return
    click.echo(report.sentence("zh"))
    click.echo(report.sentence("en"))
    for row in report.rows:
        judged = row.exhibit.judged
        rate = f"{judged.rate:.1%}" if judged.is_ranked and judged.rate is not None else "—"
        click.echo(f"{row.exhibit.id}\t{row.exhibit.viewed}\t{judged.n}\t{rate}\t{row.name.zh}")
        for region in row.exhibit.regions:
            beside = row.exhibit.strays.get(region.id, 0)
            click.echo(f"  {region.id}\t{region.correct}/{region.n}\t+{beside}\t{row.region(region.id).zh}")


def _folded(here: "Hub", fair: str | None) -> "Fair":
    """The fair, with everything that came in folded."""
    from kiosk.hub import fairs

    with here.store.reading() as tx:
        found = fairs.find_fair(tx, fair)
    here.answers.fold(found)
    return found


@hub.command("rebuild")
@hub_data
@hub_database
def hub_rebuild(data: Path | None, database: str | None) -> None:
    """Fold every stored fact again. The totals must come out as they were."""
    with _hub(data, database) as here:
        from kiosk.hub import ledger

        click.echo(f"{ledger.rebuild(here)} facts count")


@hub.command("freeze")
@fair_option
@click.option("--why", default="", help="Why there is another version; the first needs no reason.")
@hub_data
@hub_database
def hub_freeze(fair: str | None, why: str, data: Path | None, database: str | None) -> None:
    """Freeze the figures of this moment as the next version of the statistics table and the summary."""
    with _hub(data, database) as here:
        from kiosk.hub import statements
        from kiosk.hub.people import Person

        found, by = _folded(here, fair), Person("hub", "命令行", frozenset({"organiser"}))
        with here.store.begin() as tx:
            made = statements.freeze(tx, here, found, by, why, secrets.token_hex(16))
            newest = statements.versions(tx, found.id)[0]
    click.echo(
        f"version {made.version} of {found.id}: {made.facts} facts, {len(made.changes)} changes\n{newest.digest}"
    )


@hub.command("report")
@fair_option
@click.option("--version", type=click.IntRange(min=0), default=0, help="A frozen version. Default: a draft of now.")
@click.option("--xlsx", type=_PATH, help="Write the statistics table.")
@click.option("--docx", type=_PATH, help="Write the summary, without photos: those take somebody's key.")
@click.option("--pdf", type=_PATH, help="Write the summary as PDF; LibreOffice has to be installed.")
@click.option("--csv", type=_PATH, help="Write the statistics table as CSV.")
@click.option("--xlsx-en", type=_PATH, help="Write the statistics table in English.")
@click.option("--json", "as_json", type=_PATH, help="Write the statement itself.")
@hub_data
@hub_database
def hub_report(
    fair: str | None,
    version: int,
    xlsx: Path | None,
    docx: Path | None,
    pdf: Path | None,
    csv: Path | None,
    xlsx_en: Path | None,
    as_json: Path | None,
    data: Path | None,
    database: str | None,
) -> None:
    """Write the two documents the office owes: table and summary, of a frozen version or of this moment."""
    wanted = {"table.xlsx": xlsx, "summary.docx": docx, "summary.pdf": pdf, "table.csv": csv,
              "table-en.xlsx": xlsx_en, "statement.json": as_json}  # fmt: skip
    if not any(wanted.values()):
        raise click.UsageError("name at least one file: --xlsx, --docx, --pdf, --csv, --xlsx-en, --json")
    with _hub(data, database) as here:
        from kiosk import files
        from kiosk.hub import statement_files, statements

        found = _folded(here, fair)
        with here.store.reading() as tx:
            said = statements.held(tx, found.id, version) if version else statements.draft(tx, here, found)
        for sort, path in wanted.items():
            if path is not None:
                made = statement_files.made(here, said, statement_files.BY_ID[sort])
                with files.written(path) as file:
                    file.write(made.content)
                click.echo(f"{path}: {len(made.content)} bytes")


@hub.command("verify")
@click.option("--archive", type=_PATH, help="Check this file of `kiosk hub archive` instead: it takes no hub.")
@click.option("--fingerprint", default="", help="Of an archive: believe only the hub that is known by it.")
@click.option("--all", "every", is_flag=True, help="List every fault of a hub, not only what fits on a page.")
@hub_data
@hub_database
def hub_verify(archive: Path | None, fingerprint: str, every: bool, data: Path | None, database: str | None) -> None:
    """Check every chain, signature, blob, total, tablet and frozen version, and say on one page what holds.

    Exits with 1 and lists the first faults if there are any.
    """
    if archive is not None:
        _verify_archive(archive, fingerprint)
        return
    with _hub(data, database) as here:
        _verify(here, every=every)


def _verify_archive(path: Path, fingerprint: str) -> None:
    try:
        from kiosk.hub import archive
    except ModuleNotFoundError as error:
        raise Problem(HUB_UNSUPPORTED) from error
    verdict = archive.verify(path, fingerprint, _progress)
    click.echo(archive.page(path, verdict))
    if verdict.faults:
        sys.exit(1)


@hub.command("archive")
@click.argument("file", type=_PATH)
@fair_option
@hub_data
@hub_database
def hub_archive(file: Path, fair: str | None, data: Path | None, database: str | None) -> None:
    """Write what was counted to one file for outsiders, signed: a file, or a folder in which it gets a name.

    No password, key or sealed content is in it, and so nothing of whoever complained. Anybody checks it with
    `kiosk hub verify --archive`.
    """
    with _hub(data, database) as here:
        from kiosk.hub import archive

        written = archive.write(here, file, fair)
        click.echo(f"{written.path}: {written.facts} facts, {written.size} bytes")
        click.echo(f"fingerprint {_in_eights(here.fingerprint)}")


backup_password = click.option(
    "--password", envvar="KIOSK_BACKUP_PASSWORD", help="The backup's password. Default: it is asked for."
)


@hub.command("backup")
@click.argument("file", type=_PATH)
@backup_password
@hub_data
@hub_database
def hub_backup(file: Path, password: str | None, data: Path | None, database: str | None) -> None:
    """Write the whole hub to one file while it goes on: a file, or a folder in which it gets a name.

    The hub's signing key lies in it under the password. What is sealed stays sealed. The file does not depend on the
    database: it moves a hub from SQLite to PostgreSQL as well.
    """
    with _hub(data, database) as here:
        from kiosk.hub import backup

        password = password or click.prompt(
            "password of the backup", hide_input=True, confirmation_prompt=True, err=True
        )
        written = backup.write(here, file, password, _progress)
    click.echo(
        f"{written.path}: {written.manifest.facts} facts of {len(written.manifest.heads)} journals, "
        f"{written.size} bytes"
    )


@hub.command("restore")
@click.argument("file", type=_PATH)
@backup_password
@hub_data
@hub_database
def hub_restore(file: Path, password: str | None, data: Path | None, database: str | None) -> None:
    """Make the hub of a backup in an empty folder and an empty database, then check it as `kiosk hub verify` does.

    Tablets go on from what it holds, and send again what it lacks.
    """
    try:
        from kiosk.hub import backup
    except ModuleNotFoundError as error:
        raise Problem(HUB_UNSUPPORTED) from error
    settings = config.hub_config(data, database)
    password = password or click.prompt("password of the backup", hide_input=True, err=True)
    manifest = backup.restore(file, settings, password, _progress)
    click.echo(
        f"hub {manifest.hub} as of {manifest.at[:16]} is in {settings.data}: "
        f"{manifest.facts} facts of {len(manifest.heads)} journals"
    )
    with _hub(data, database) as here:
        _verify(here)


def _verify(here: "Hub", *, every: bool = False) -> None:
    """Say on one page what holds at a hub and what is wrong, or every fault. Raises `hub.verify_failed`."""
    from kiosk.hub import audit

    count, told, unsound = 0, [], set()
    for fault in audit.faults(here, _progress):
        count += 1
        unsound.add(audit.chain_of(fault))
        if every or count <= _FAULTS_TOLD:
            told.append(f"  {fault}")
    with here.store.reading() as tx:
        standing = audit.standing(tx)
    if count:
        more = [f"  and {count - len(told)} more; --all lists them"] if count > len(told) else []
        page = [*told, *more, *audit.walked(standing, len(unsound - {None}))]
        raise Problem(VERIFY_FAILED, count=count, faults="\n".join(page))
    click.echo("\n".join(audit.sentences(standing)))
    click.echo("every fact, blob and total is as it should be")


@hub.command("erase")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@hub_data
@hub_database
def hub_erase(dry_run: bool, data: Path | None, database: str | None) -> None:
    """Delete the content of complaints whose time is over. That they were filed, and this, stays on record."""
    with _hub(data, database) as here:
        from kiosk.hub import retention

        found = retention.erase(here, dry_run=dry_run, progress=lambda n: _progress(n, n))
    verb = "due" if dry_run else "erased"
    for one in found:
        if not one.fair:
            click.echo(f"content that no complaint names: {one.count} {verb}")
        elif one.is_over:
            click.echo(f"{one.fair}: {one.count} {verb}; kept until {one.until}")
            if one.in_hand:
                click.echo(f"{one.fair}: {one.in_hand} cases are not closed and keep their content")
            if one.late:
                click.echo(f"{one.fair}: {one.late} cases were closed later and keep it for as long from then")
        else:
            click.echo(f"{one.fair}: nothing is due before {one.until} is over")


@hub.command("quarantine")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with tablet, desk and when it came.")
@click.option("--raw", "with_raw", is_flag=True, help="With the bytes as they were received: in hex, or spelt out.")
@hub_data
@hub_database
def hub_quarantine(as_json: bool, with_raw: bool, data: Path | None, database: str | None) -> None:
    """List the facts that were kept but do not count: journal, place, kind, why."""
    n = 0
    with _hub(data, database) as here:
        from kiosk.hub import quarantine

        with here.store.reading() as tx:
            for one in quarantine.every(tx, with_lines=with_raw):
                click.echo(json.dumps(one) if as_json else quarantine.as_text(one))
                n += 1
    click.echo(f"{n} in quarantine", err=True)


@hub.command("fingerprint")
@hub_data
@hub_database
def hub_fingerprint(data: Path | None, database: str | None) -> None:
    """Print what this hub is known by, to be compared by a person."""
    with _hub(data, database) as here:
        click.echo(_in_eights(here.fingerprint))


def _in_eights(fingerprint: bytes) -> str:
    digits = fingerprint.hex()
    return "-".join(digits[at : at + 8] for at in range(0, 64, 8))


@hub.command("keys")
@fair_option
@click.argument("file", type=_PATH, required=False)
@hub_data
@hub_database
def hub_keys(file: Path | None, fair: str | None, data: Path | None, database: str | None) -> None:
    """Write the keys that a fair's receipts are signed with into FILE, or print them; the same as at /m/keys/<fair>.

    Anybody may have them: with them and `kiosk receipt verify` a receipt is checked without a network.
    """
    with _hub(data, database) as here:
        from kiosk.files import written
        from kiosk.hub import fairs, receipts

        with here.store.reading() as tx:
            document = receipts.published(tx, here, fairs.find_fair(tx, fair))
        if file is None:
            click.echo(document, nl=False)
        else:
            with written(file) as out:
                out.write(document)
        click.echo(f"fingerprint {_in_eights(here.fingerprint)}", err=True)


@hub.command("import")
@click.argument("paths", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@click.option("--receipts", type=_PATH, help="Also write the receipts for these tablets into this file.")
@click.option("--changed", is_flag=True, help="A roster may change its fair, if all that is in use here stays in it.")
@hub_data
@hub_database
def hub_import(
    paths: tuple[Path, ...], receipts: Path | None, changed: bool, data: Path | None, database: str | None
) -> None:
    """Take in bundles and rosters: files, or whole folders of them. Exits with 1 if one of them was refused."""
    with _hub(data, database) as here:
        from kiosk.hub import carrying

        done = []
        for one in carrying.import_files(here, paths, _bar, may_change=changed):
            _clear_bar()
            click.echo(_import_line(one), err=one.problem is not None)
            done.append(one)
        if receipts is not None:
            names = sorted({one.taken.header.journal for one in done if one.taken is not None})
            _write_receipts(here, receipts, names)
    refused = [one for one in done if one.problem is not None]
    if not done:
        raise Problem(FILES_NONE)
    if refused:
        raise Problem(FILES_REFUSED, count=len(refused), of=len(done))


def _import_line(one: "Import") -> str:
    """What became of one file, in one line."""
    if one.problem is not None:
        return f"{one.path}: {one.problem.code}: {one.problem.sentence('en')}"
    if one.adopted is not None:
        adopted = one.adopted
        changed = f"changed: {', '.join(adopted.changed)}; " if adopted.changed else ""
        return (
            f"{one.path}: fair {adopted.fair}, {adopted.new} tablets new, {adopted.known} known; "
            f"{changed}the fingerprint of its hub is {adopted.origin}"
        )
    if one.verdict is not None:
        slip = one.verdict
        return f"{one.path}: slip of {slip.day}, {slip.desk} {slip.state}: {slip.held} of {slip.seq}"
    if one.taken is None:
        return f"{one.path}: passed over: {one.note}"
    taken = one.taken
    whole = "complete" if taken.is_complete else "INCOMPLETE"
    return (
        f"{one.path}: {taken.new} new, {taken.known} known, {taken.quarantined} quarantined, {taken.forked} forked, "
        f"{taken.blobs} sealed; {taken.desk} {whole}: {taken.held} of {taken.header.seq}"
    )


@hub.command("receipt")
@click.option("--out", type=_PATH, required=True, help="The file to write.")
@click.option("--fair", help="Only the tablets of this fair.")
@click.option("--journal", help="Only this journal.")
@hub_data
@hub_database
def hub_receipt(out: Path, fair: str | None, journal: str | None, data: Path | None, database: str | None) -> None:
    """Write signed receipts of what the hub holds of each tablet, to travel back on the stick."""
    with _hub(data, database) as here:
        from kiosk.hub import carrying

        with here.store.reading() as tx:
            names = carrying.journals_of(tx, fair, journal)
        if not names:
            raise Problem(RECEIPTS_NONE)
        _write_receipts(here, out, names)


def _write_receipts(here: "Hub", out: Path, journals: Sequence[str]) -> None:
    from kiosk import files
    from kiosk.hub import carrying

    with here.store.reading() as tx:
        found = carrying.receipts(tx, here, journals)
    with files.written(out) as file:
        file.write(carrying.sign_all(here, found))
    click.echo(f"{out}: receipts for {len(journals)} tablets")


def _bar(done: int, of: int) -> None:
    if sys.stderr.isatty() and of:
        share = done * 40 // of
        click.echo(f"\r[{'#' * share}{'.' * (40 - share)}] {done * 100 // of} %", err=True, nl=False)


def _clear_bar() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)


# --- relay ----------------------------------------------------------------------------------------


@main.group()
def relay() -> None:
    """A machine on the fair's own network that keeps what tablets leave with it until the hub has it."""


@relay.command("init")
@click.option("--hub", "hub_url", required=True, help="The hub's address, e.g. https://hub.example.cn")
@click.option("--fingerprint", required=True, help="What `kiosk hub fingerprint` prints; its first 16 digits will do.")
@relay_data
def relay_init(hub_url: str, fingerprint: str, data: Path | None) -> None:
    """Make a relay in an empty folder, for one hub."""
    from kiosk.relay.app import init_relay

    settings = config.relay_config(data)
    hello = init_relay(settings, hub_url, fingerprint)
    click.echo(f"relay ready in {settings.data} for hub {hello.hub}")


@relay.command("serve")
@relay_data
@click.option("--bind", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104 (its purpose)
@click.option("--port", default=3152, show_default=True, type=click.IntRange(1, 65535), help=port_help)
def relay_serve(data: Path | None, bind: str, port: int) -> None:
    """Take bundles from tablets on this network, and bring them to the hub every so often."""
    from kiosk.relay.app import THREADS, serving
    from kiosk.serve import CROWD, serve

    start, stop = serving(config.relay_config(data))
    serve(start, f"{bind}:{port}", threads=THREADS, on_exit=stop, worker=CROWD)


# --- receipts -------------------------------------------------------------------------------------


@main.group()
def receipt() -> None:
    """Receipts of complaints and reports, checked on any machine."""


@receipt.command("verify")
@click.argument("text_or_file", required=False)
@click.option("--keys", "keys_file", type=_PATH, required=True, help="The fair's keys: `kiosk hub keys`, /m/keys/….")
@click.option("--fingerprint", default="", help="Believe only the hub that `kiosk hub fingerprint` names so.")
def receipt_verify(text_or_file: str | None, keys_file: Path, fingerprint: str) -> None:
    """Say whether a receipt is as it was signed: its text, a file that holds it, or standard input.

    The text is what any scanner reads from the QR code. Exits with 1 and one line if it was changed or is none.
    """
    from kiosk.files import opened
    from kiosk.sync import case_receipts
    from kiosk.sync.protocol import DOCUMENT_LIMIT

    with opened(keys_file) as file:
        told = case_receipts.read_keys(file.read(DOCUMENT_LIMIT + 1), fingerprint)
    click.echo(f"fingerprint {_in_eights(told.fingerprint)}")
    filed, signer = case_receipts.check(_text_of(text_or_file), case_receipts.signers_of(told))
    zh, en = case_receipts.sentence_of(filed)
    click.echo(f"{filed.case}\n{told.fair}, {filed.desk}\n{case_receipts.as_people_read(filed.at)}\n{zh} / {en}")
    click.echo(f"{'tablet' if signer.desk else 'hub'} {case_receipts.mark(signer.public_key)}")
    click.echo("没有改动 / unchanged")


def _text_of(text_or_file: str | None) -> str:
    """What was given, or stands in the file that was named, or comes in."""
    from kiosk.files import opened
    from kiosk.sync import case_receipts

    if text_or_file is None or text_or_file == "-":
        raw = sys.stdin.buffer.read(case_receipts.LIMIT + 1)
    elif case_receipts.PREFIX in text_or_file:
        return text_or_file
    else:
        with opened(Path(text_or_file)) as file:
            raw = file.read(case_receipts.LIMIT + 1)
    return raw.decode(errors="replace")


# --- packs ----------------------------------------------------------------------------------------


@main.group()
def pack() -> None:
    """What a booth shows: questions, exhibits, slogans."""


@pack.command("check")
@click.argument("folder", type=_PATH, required=False)
@click.option(
    "--day", type=_DAY, callback=_iso, help="Also require that all it cites is in force on this day (YYYY-MM-DD)."
)
def pack_check(folder: Path | None, day: str | None) -> None:
    """Read a pack and list all its faults at once. Default: the built-in pack. An .xlsx is read as an XLSForm."""
    from kiosk.packs.reader import BUILTIN, read_pack

    if folder is not None and folder.suffix.lower() == ".xlsx":
        _read_survey(folder)
        return
    found = read_pack(folder or BUILTIN, day)
    parts = f"{len(found.questions)} questions, {len(found.exhibits)} exhibits, {len(found.surveys)} surveys"
    click.echo(f"pack {found.version}: {parts}, no faults")


def _read_survey(file: Path) -> "Survey":
    """Say what an XLSForm comes to. Raises `import.faulty` with all its faults."""
    from kiosk.files import opened
    from kiosk.packs import xlsforms

    with opened(file) as source:
        found = xlsforms.read_xlsform(source.read(xlsforms.FILE_LIMIT + 1))
    for note in found.notes:
        click.echo(f"note: {note.line('zh')} {note.line('en')}")
    survey = xlsforms.refuse_faults(found)
    choices = sum(len(one) for one in survey.lists.values())
    parts = f"{len(survey.questions)} questions, {choices} choices"
    click.echo(f"survey {survey.id} ({survey.version}): {parts}, no faults")
    return survey


@pack.command("show")
@click.argument("folder", type=_PATH, required=False)
@click.option("--json", "as_json", is_flag=True, help="The whole pack as JSON.")
def pack_show(folder: Path | None, as_json: bool) -> None:
    """What is in a pack. Default: the built-in pack."""
    from kiosk.packs.reader import BUILTIN, read_pack

    found = read_pack(folder or BUILTIN)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
        return
    for question in found.questions:
        click.echo(f"{question.id}\t{question.text.zh}\t{question.law}{question.article_cn}")
    for exhibit in found.exhibits:
        click.echo(f"{exhibit.id}\t{exhibit.title.zh}\t{exhibit.remember.zh}")
    for survey in found.surveys:
        click.echo(f"{survey.id}\t{survey.title.zh}\t{len(survey.questions)}")


@pack.command("template")
@click.argument("file", type=_PATH)
@click.option("--pack", "folder", type=_PATH, help="The pack with its topics and laws. Default: the built-in one.")
def pack_template(file: Path, folder: Path | None) -> None:
    """Write an empty .xlsx for questions, with drop-downs for kind, topic, difficulty, law and answer."""
    from kiosk.files import written
    from kiosk.packs import importing
    from kiosk.packs.reader import BUILTIN, read_pack

    data = importing.template(read_pack(folder or BUILTIN))
    with written(file) as out:
        out.write(data)
    click.echo(f"template written to {file}")


@pack.command("import")
@click.argument("file", type=_PATH)
@click.option("--into", type=_PATH, required=True, help="Folder of the pack the questions go into.")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Default: told by what is in the file.")
@click.option(
    "--default",
    "defaults",
    multiple=True,
    metavar="FIELD=WORDS",
    help="For questions that have none: "
    "topic, difficulty, law, article, key, explanation, valid_from, valid_until. May be repeated.",
)
@click.option("--only", is_flag=True, help="The questions that are in the pack go.")
@click.option("--marked", type=_PATH, help="Also write the questions into a template, with what is to be mended.")
@click.option("--survey", "is_survey", is_flag=True, help="The file is an XLSForm: one survey, into surveys.json.")
@click.option("--save", "is_saved", is_flag=True, help="Save, if nothing is wrong or missing. Else this is a preview.")
def pack_import(
    file: Path,
    into: Path,
    form: Any,
    defaults: Sequence[str],
    only: bool,
    marked: Path | None,
    is_survey: bool,
    is_saved: bool,
) -> None:
    """Read questions from an .xlsx, GIFT or Aiken file, list every fault with its place, and save all or none."""
    from kiosk.files import opened, written
    from kiosk.packs import importing
    from kiosk.packs.reader import read_pack

    if is_survey:
        _import_survey(file, into, is_saved=is_saved)
        return
    given = _defaults(defaults)
    with opened(file) as source:
        data = source.read(importing.FILE_LIMIT + 1)
    pack = read_pack(into)
    found = importing.preview(data, pack, given, form, only=only)
    _show_preview(found)
    if marked:
        with written(marked) as out:
            out.write(importing.marked(found, pack))
        click.echo(f"marked file written to {marked}")
    importing.refuse_faults(found)
    if is_saved:
        found = importing.save(into, data, given, form, only=only)
        click.echo(f"saved in {into}: {len(found.added)} added, {len(found.replaced)} replaced")
    else:
        click.echo("no faults; nothing was saved: add --save")


def _import_survey(file: Path, into: Path, *, is_saved: bool) -> None:
    from kiosk.packs import xlsforms

    survey = _read_survey(file)
    if not is_saved:
        click.echo("nothing was saved: add --save")
        return
    was_there = xlsforms.save(into, survey)
    click.echo(f"saved in {into}: {survey.id} {'replaced' if was_there else 'added'}")


def _defaults(given: Sequence[str]) -> dict[str, str]:
    from kiosk.packs.drafts import DEFAULTS

    found = {}
    for one in given:
        field, is_said, words = one.partition("=")
        if not is_said or field not in DEFAULTS:
            raise click.UsageError(f"--default takes FIELD=WORDS, with one of {', '.join(DEFAULTS)}")
        found[field] = words.strip()
    return found


def _show_preview(found: "Preview") -> None:
    click.echo(
        f"{len(found.drafts)} questions read: {len(found.added)} new, {len(found.replaced)} replace those "
        f"with their id, {len(found.unchanged)} are there already"
    )
    for question in found.questions[:5]:
        click.echo(f"  {question.id}\t{question.text.zh}\t{question.law}{question.article_cn}")
    if found.replaced:
        click.echo(f"replaced: {' '.join(found.replaced)}")
    if found.without_english:
        click.echo(f"{found.without_english} without English: the Chinese is shown instead")
    for note in found.notes:
        click.echo(f"note: {note.line('zh')} {note.line('en')}")


@pack.command("export")
@click.argument("folder", type=_PATH)
@click.argument("file", type=_PATH)
@click.option("--survey", help="The id of a survey of the pack: it is written instead, as an XLSForm (.xlsx).")
def pack_export(folder: Path, file: Path, survey: str | None) -> None:
    """Write the questions of a pack into FILE: .xlsx (all of them), .gift, or .txt (Aiken)."""
    from kiosk.files import written
    from kiosk.packs import importing
    from kiosk.packs.reader import read_pack

    if survey is not None:
        _export_survey(folder, file, survey)
        return
    form = importing.FORMATS.get(file.suffix.lower())
    if form is None:
        raise Problem(IMPORT_FORMAT, file=file)
    pack = read_pack(folder)
    data, left = importing.export(pack.questions, pack, form)
    with written(file) as out:
        out.write(data)
    click.echo(f"{len(pack.questions) - len(left)} questions written to {file}")
    if left:
        click.echo(f"left out {len(left)}, which this format cannot hold: {' '.join(left)}")


def _export_survey(folder: Path, file: Path, survey_id: str) -> None:
    from kiosk.files import written
    from kiosk.packs import xlsforms
    from kiosk.packs.reader import read_pack

    survey = next((one for one in read_pack(folder).surveys if one.id == survey_id), None)
    if survey is None:
        raise Problem(SURVEY_UNKNOWN)
    data = xlsforms.write_xlsform(survey)
    with written(file) as out:
        out.write(data)
    click.echo(f"{len(survey.questions)} questions written to {file}")


@main.command()
@click.option("--data", type=_PATH, help="Folder of the demo. Default: instance/demo.")
@click.option("--booth-port", envvar="BOOTH_PORT", default=3150, show_default=True, type=int, help="The booth's port.")
@click.option("--hub-port", envvar="HUB_PORT", default=3151, show_default=True, type=int, help="The hub's port.")
def demo(data: Path | None, booth_port: int, hub_port: int) -> None:
    """Run a booth and a hub on this machine, enrolled, with the built-in fair."""
    from kiosk import ROOT

    try:
        from kiosk.demo import Demo, run
    except ModuleNotFoundError as error:
        raise Problem(HUB_UNSUPPORTED) from error
    sys.exit(run(Demo(data or ROOT / "instance" / "demo", booth_port, hub_port)))


@main.command("simulate")
@click.option(
    "--fair-size",
    "size",
    required=True,
    type=click.Choice(["demo", "city", "province"]),
    help="demo: 8 tablets; city: 20 tablets, 10,000 visitors; province: 1,000 tablets, 250,000 visitors.",
)
@click.option("--out", type=_PATH, help="Folder to write roster, bundles and ledger.json to; empty or not there yet.")
@click.option("--hub", "url", help="Address of a hub to send to, as tablets would; it must have the roster already.")
@click.option(
    "--seed",
    default=315,
    show_default=True,
    type=click.IntRange(0, 10**9),
    help="The same seed makes the same fair, byte for byte, its keys too.",
)
@click.option(
    "--booths-at-once",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="With --hub: how many tablets send at the same time.",
)
def simulate(size: str, out: Path | None, url: str | None, seed: int, booths_at_once: int) -> None:
    """Make up a fair: real, signed journals of tablets that never were, and the truth about them.

    Its keys come from the seed, so everybody knows them: made-up keys for a made-up fair.
    """
    if out is None and url is None:
        raise click.UsageError("say where to: --out DIR, or --hub URL")
    from kiosk.simulation.fleet import Fleet
    from kiosk.simulation.sizes import SIZES

    fleet = Fleet(SIZES[size], seed)
    if out is not None:
        _simulate_folder(fleet, out)
    if url is not None:
        _simulate_sending(fleet, url, booths_at_once)


def _simulate_folder(fleet: "Fleet", out: Path) -> None:
    from kiosk.simulation.folder import write_folder

    with click.progressbar(length=fleet.size.booths, label="writing", file=sys.stderr) as bar:
        made = write_folder(out, fleet, lambda: bar.update(1))
    planted = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in made.planted.items())
    click.echo(f"{made.fair} in {out}: {made.booths:,} bundles with {made.facts:,} facts, roster, ledger.json")
    click.echo(f"batches planted: {planted}")


def _simulate_sending(fleet: "Fleet", url: str, at_once: int) -> None:
    from kiosk.simulation.sending import send_all

    with click.progressbar(length=fleet.size.booths, label="sending", file=sys.stderr) as bar:
        sent = send_all(fleet, url, SystemClock(), at_once, lambda: bar.update(1))
    fates = ", ".join(f"{n:,} {name}" for name, n in sorted(sent.fates.items()) if n)
    click.echo(
        f"{fleet.fair.id}: the hub has signed for {sent.facts:,} facts ({sent.quarantined:,} quarantined) "
        f"and has {sent.blobs:,} sealed"
    )
    click.echo(f"{sent.requests:,} requests; of these {fates or 'none had a mishap'}")


if __name__ == "__main__":
    main()
