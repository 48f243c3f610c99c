"""`kiosk …`: parse, call, print. No rule stands here that a web page would also need.

The two sides are imported inside the commands: a tablet has no SQLAlchemy, and no command should wait
for the side it does not run.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk import __version__, config
from kiosk.clock import SystemClock
from kiosk.errors import FILE_UNUSABLE, HUB_UNSUPPORTED, SYNC_INCOMPLETE, VERIFY_FAILED, Problem

if TYPE_CHECKING:
    from kiosk.hub.context import Hub

_PATH = click.Path(path_type=Path)
booth_data = click.option("--data", type=_PATH, help="The booth's folder. Default: instance/ or KIOSK_BOOTH_DATA.")
hub_data = click.option("--data", type=_PATH, help="The hub's folder. Default: instance/ or KIOSK_HUB_DATA.")
hub_database = click.option("--database", help="Database URL. Default: SQLite in the folder, or DATABASE_URL.")
port_help = "Port to listen on."
_DAY = click.DateTime(["%Y-%m-%d"])
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
@click.option("--hub", "hub_url", required=True, help="The hub's address, e.g. https://hub.example.cn")
@click.option("--code", required=True, help="The one-time code from the hub (`kiosk hub code`).")
@booth_data
def booth_enrol(hub_url: str, code: str, data: Path | None) -> None:
    """Join a fair with a one-time code."""
    from kiosk.booth import outbox
    from kiosk.booth.journal import Journal
    from kiosk.sync.http import HttpTransport

    settings = config.booth_config(data)
    journal = Journal(settings.database, SystemClock())
    try:
        key = outbox.load_key(settings.data)
        certificate = outbox.enrol(journal, key, HttpTransport(hub_url), hub_url, code)
    finally:
        journal.close()
    click.echo(f"enrolled in fair {certificate.fair} at desk {certificate.desk}")


@booth.command("serve")
@booth_data
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3150, show_default=True, type=click.IntRange(1, 65535), help=port_help)
def booth_serve(data: Path | None, bind: str, port: int) -> None:
    """Serve the booth's screens, and send what it holds to the hub every so often."""
    from kiosk.booth.app import serving
    from kiosk.serve import serve

    settings = config.booth_config(data)
    start, stop = serving(settings)
    serve(start, f"{bind}:{port}", threads=16, on_exit=stop)


@booth.command("sync")
@booth_data
def booth_sync(data: Path | None) -> None:
    """Send everything to the hub now. Exits with 1 unless the hub has signed for all of it."""
    from kiosk.booth import outbox
    from kiosk.booth.journal import Journal
    from kiosk.packs.reader import BUILTIN, read_pack
    from kiosk.sync.http import HttpTransport

    settings = config.booth_config(data)
    clock = SystemClock()
    journal = Journal(settings.database, clock)
    try:
        key = outbox.load_key(settings.data)
        road = HttpTransport(journal.identity().hub_url or "http://unenrolled.invalid")
        pack = read_pack(settings.pack or BUILTIN)
        result = outbox.sync(journal, key, road, pack.version, clock, _progress)
        unsent = journal.unsent()
    finally:
        journal.close()
    click.echo(
        f"{result.new} new, {result.duplicates} known, {result.quarantined} quarantined, "
        f"{result.blobs} sealed; the hub has signed for {result.seq}"
    )
    if unsent:
        raise Problem(SYNC_INCOMPLETE, unsent=unsent)


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
    from kiosk.packs.reader import BUILTIN, read_fair

    is_builtin = fair_file is None or str(fair_file) == "demo"
    fair = read_fair(BUILTIN / "fair.json" if is_builtin or fair_file is None else fair_file)
    settings = config.hub_config(data, database)
    here, sealing_key = create_hub(settings, SystemClock())
    password = password or secrets.token_urlsafe(12)
    pin = people.draw_pin()
    with here.store.begin() as tx:
        fairs.add_fair(tx, fair)
        people.add_person(tx, name, password, {"organiser", "caseworker"}, sealing_key)
        people.add_volunteer(tx, fair.id, "v01", "志愿者", pin)
    here.close()
    click.echo(f"hub ready in {settings.data} with fair {fair.id}")
    click.echo(f"sign in as {name} with {password}")
    click.echo(f"volunteer 志愿者, PIN {pin}")
    click.echo("Write both down now: they are not kept. Without this account's password no complaint can be opened.")


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
    """Draw a one-time code with which one tablet can enrol; good for ten minutes."""
    with _hub(data, database) as here:
        from kiosk.hub import devices, fairs

        with here.store.begin() as tx:
            click.echo(devices.draw_code(tx, here, fairs.find_fair(tx, fair), desk, here.clock.now()))


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
    type=click.Choice(["organiser", "caseworker", "viewer"]),
    help="What they may do; may be given more than once.",
)
@click.option("--opened-by", help="A caseworker's name: whoever gives the key to complaints on.")
@hub_data
@hub_database
def hub_person(
    name: str, roles: tuple[str, ...], opened_by: str | None, data: Path | None, database: str | None
) -> None:
    """Add an account. A caseworker's needs --opened-by, who types their own password."""
    import secrets

    if "caseworker" in roles and not opened_by:
        raise click.UsageError("a caseworker needs --opened-by: somebody who can open complaints gives the key on")
    with _hub(data, database) as here:
        from kiosk.hub import people

        password = secrets.token_urlsafe(12)
        opener = click.prompt(f"password of {opened_by}", hide_input=True, err=True) if opened_by else ""
        with here.store.begin() as tx:
            key = people.open_key(tx, opened_by, opener) if opened_by else None
            people.add_person(tx, name, password, set(roles), key)
        click.echo(f"{name}: password {password}")


@hub.command("figures")
@fair_option
@click.option("--day", type=_DAY, callback=_iso, help="One day (YYYY-MM-DD) instead of the whole fair.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: key, label, value, unit, window, scope, sources.")
@hub_data
@hub_database
def hub_figures(fair: str | None, day: str | None, as_json: bool, data: Path | None, database: str | None) -> None:
    """Every figure of the statistics table."""
    with _hub(data, database) as here:
        from kiosk.hub import fairs

        with here.store.reading() as tx:
            found = fairs.find_fair(tx, fair)
            rows = fairs.figures_of(tx, found, day)
    if as_json:
        answer = {"fair": found.id, "figures": [row.as_json() for row in rows]}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(f"{row.label.zh}\t{'—' if row.value is None else row.value}\t{row.unit}\t{row.label.en}")


@hub.command("rebuild")
@hub_data
@hub_database
def hub_rebuild(data: Path | None, database: str | None) -> None:
    """Fold every stored fact again. The totals must come out as they were."""
    with _hub(data, database) as here:
        from kiosk.hub import ledger

        click.echo(f"{ledger.rebuild(here)} facts count")


@hub.command("verify")
@hub_data
@hub_database
def hub_verify(data: Path | None, database: str | None) -> None:
    """Check every chain, blob and total. Exits with 1 and lists the faults if there are any."""
    with _hub(data, database) as here:
        from kiosk.hub import ledger

        faults = ledger.verify(here)
    if faults:
        raise Problem(VERIFY_FAILED, count=len(faults), faults="\n".join(f"  {fault}" for fault in faults))
    click.echo("every fact, blob and total is as it should be")


@hub.command("quarantine")
@hub_data
@hub_database
def hub_quarantine(data: Path | None, database: str | None) -> None:
    """List the facts that were kept but could not be used: journal, place, kind, why."""
    with _hub(data, database) as here:
        from kiosk.hub import ledger

        rows = ledger.quarantine(here)
    for row in rows:
        click.echo(f"{row.journal}\t{row.seq}\t{row.kind or '?'}\t{row.problem}")
    click.echo(f"{len(rows)} in quarantine", err=True)


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
    """Read a pack and list all its faults at once. Default: the built-in pack."""
    from kiosk.packs.reader import BUILTIN, read_pack

    found = read_pack(folder or BUILTIN, day)
    click.echo(f"pack {found.version}: {len(found.questions)} questions, {len(found.exhibits)} exhibits, no faults")


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


if __name__ == "__main__":
    main()
