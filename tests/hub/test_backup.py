"""A backup counts only once it was restored and compared."""

import random
import re
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Table

from kiosk.cli import main
from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.hub import backup, ledger, retention, schema
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.backup import Manifest
from kiosk.hub.context import Hub
from kiosk.hub.store import append_facts
from kiosk.hub.tables import blobs, complaints, facts, journals, schema_version
from kiosk.sync import keys
from tests.clocks import FakeClock
from tests.conftest import _a_database
from tests.hub.phones import file_by_phone, opens
from tests.hub.tablets import Tablet, a_tablet, deliver, everything, rows
from tests.hub.test_cases import withdraw
from tests.makers import CASEWORKER, HUB_URL, VOLUNTEER, Pair, a_draft, a_headcount, a_pair, fill_complaint
from tests.proof import figure, share, share_hubs

PASSWORD = "a-made-up-password"
PASSING = ("sessions", "throttles", "schema_version", "item_folds", "item_sums", "item_wrongs")


Places = Callable[[], Any]


def _places(request: pytest.FixtureRequest, folder: Path, kind: str) -> Places:
    """Gives empty places for a hub, as often as it is called."""
    numbers = count()

    @contextmanager
    def places() -> Iterator[HubConfig]:
        home = folder / f"restored-{next(numbers)}"
        if kind == "sqlite":
            yield HubConfig(home, public_url=HUB_URL)
        else:
            with _a_database(request.getfixturevalue("postgres")) as url:
                yield HubConfig(home, url, public_url=HUB_URL)

    return places


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """Empty places on each of the two databases."""
    return _places(request, tmp_path, request.param)


@pytest.fixture
def alike(request: pytest.FixtureRequest, hub: Hub, tmp_path: Path) -> Places:
    """Empty places on the database that the hub is on."""
    return _places(request, tmp_path, "sqlite" if hub.store.is_sqlite else "postgresql")


@pytest.fixture
def other(request: pytest.FixtureRequest, hub: Hub, tmp_path: Path) -> Places:
    """Empty places on the database that the hub is not on."""
    return _places(request, tmp_path, "postgresql" if hub.store.is_sqlite else "sqlite")


@contextmanager
def restored(path: Path, settings: HubConfig, clock: FakeClock | None = None) -> Iterator[Hub]:
    backup.restore(path, settings, PASSWORD)
    with closing(open_hub(settings, clock or FakeClock())) as hub:
        yield hub


def contents(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a backup holds, whatever the database calls its types."""
    return {
        name: sorted(tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row) for row in found)
        for name, found in everything(hub).items()
        if name not in PASSING
    }


def a_busy_day(pair: Pair) -> None:
    """Something in as many tables as one day fills."""
    file_by_phone(pair)
    *_, _receipt = fill_complaint(pair.at_the_desk())
    pair.booth.journal.append(*(a_draft(a_headcount(n)) for n in range(1, 30)))
    pair.sync()
    deliver(pair.hub, a_tablet(pair.hub, "d02").record().record().batch(first=2))
    one = a_tablet(pair.hub, "d03").record()
    other = one.clone().record()
    deliver(pair.hub, one.record().batch())
    deliver(pair.hub, other.batch())


# --- from any database to any ---------------------------------------------------------------------


def test_a_restored_hub_is_the_hub_whichever_the_databases(paired: Pair, other: Places, tmp_path: Path):
    a_busy_day(paired)
    office = paired.in_the_office()
    before = contents(paired.hub)
    backup.write(paired.hub, tmp_path / "hub.backup", PASSWORD)
    with other() as settings, restored(tmp_path / "hub.backup", settings, paired.clock) as hub:
        assert contents(hub) == before
        assert (hub.id, hub.fingerprint) == (paired.hub.id, paired.hub.fingerprint)
        assert ledger.verify(hub) == []
        pair = Pair(paired.booth_app, create_hub_app(hub), paired.clock)
        assert pair.in_the_office().get("/fairs/demo/cases").status == 200
        old = pair.visitor()
        old.client = pair.hub_app.test_client()
        old.client.set_cookie("session", office.client.get_cookie("session").value)
        assert old.get("/fairs/demo/cases").path == "/login", "nobody is signed in"


def test_what_was_over_when_the_copy_is_restored_goes_at_the_next_erasing(paired: Pair, alike: Places, tmp_path: Path):
    a_busy_day(paired)
    for row in rows(paired.hub, complaints):
        withdraw(paired.hub, row[2])
    backup.write(paired.hub, tmp_path / "hub.backup", PASSWORD)
    paired.clock.tick(timedelta(days=190).total_seconds())
    with alike() as settings, restored(tmp_path / "hub.backup", settings, paired.clock) as hub:
        assert len(rows(hub, blobs)) == 2  # the copy is of before
        retention.erase(hub)
        assert rows(hub, blobs) == []
        assert ledger.verify(hub) == []


def test_a_restored_hub_goes_on_with_its_tablets_and_its_caseworkers(paired: Pair, alike: Places, tmp_path: Path):
    case = file_by_phone(paired)
    backup.write(paired.hub, tmp_path / "hub.backup", PASSWORD)
    with alike() as settings, restored(tmp_path / "hub.backup", settings, paired.clock) as hub:
        pair = Pair(paired.booth_app, create_hub_app(hub), paired.clock)
        pair.booth.journal.append(a_draft())
        pair.sync()
        assert pair.booth.journal.unsent() == 0
        assert "电饭锅" in opens(pair.in_the_office(), case)
        assert pair.at_the_desk()
        assert ledger.verify(hub) == []


def test_there_and_back_it_is_the_same_hub(paired: Pair, other: Places, tmp_path: Path):
    a_busy_day(paired)
    before = contents(paired.hub)
    first, second = tmp_path / "first.backup", tmp_path / "second.backup"
    manifest = backup.write(paired.hub, first, PASSWORD).manifest
    with other() as settings, restored(first, settings) as hub:
        again = backup.write(hub, second, PASSWORD).manifest
        assert sums(again) == sums(manifest)
    with restored(second, HubConfig(tmp_path / "back", public_url=HUB_URL)) as hub:
        assert contents(hub) == before


def test_a_hub_set_back_gets_from_its_tablets_what_it_lacks(paired: Pair, alike: Places, tmp_path: Path):
    """The tablets have receipts for facts and content that the restored hub never saw."""
    paired.booth.journal.append(*(a_draft() for _ in range(5)))
    paired.sync()
    backup.write(paired.hub, tmp_path / "hub.backup", PASSWORD)
    paired.booth.journal.append(*(a_draft() for _ in range(7)))
    *_, _receipt = fill_complaint(paired.at_the_desk())
    paired.sync()
    assert paired.booth.journal.unsent() == 0
    live = contents(paired.hub)
    with alike() as settings, restored(tmp_path / "hub.backup", settings, paired.clock) as hub:
        pair = Pair(paired.booth_app, create_hub_app(hub), paired.clock)
        assert len(rows(hub, facts)) < len(live["facts"])
        pair.sync()
        assert ledger.verify(hub) == []
        found = contents(hub)
        for name in ("facts", "totals", "complaints", "blobs", "journals"):
            assert found[name] == live[name], name


# --- while the hub goes on ------------------------------------------------------------------------


def test_a_backup_made_while_facts_come_in_is_one_moment_of_the_hub(hub: Hub, alike: Places, tmp_path: Path):
    """Each restored hub is sound, and is what the live one was: every journal exactly up to its head of then."""
    wanted, taken = share(20, 2), []
    tablets = [a_tablet(hub, f"d{number:02d}") for number in range(1, 5)]
    stop = threading.Event()
    senders = [threading.Thread(target=_record_on, args=(hub, tablet, stop)) for tablet in tablets]
    for sender in senders:
        sender.start()
    try:
        while len(taken) < wanted or len({manifest.facts for manifest in taken}) == 1:  # until something came in
            taken.append(backup.write(hub, tmp_path / f"{len(taken)}.backup", PASSWORD).manifest)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    live = contents(hub)
    same = 0
    for number, manifest in enumerate(taken):
        with alike() as settings, restored(tmp_path / f"{number}.backup", settings) as found:
            assert ledger.verify(found) == []
            same += contents(found)["facts"] == _upto(live["facts"], manifest)
            assert {row[0]: row[3] for row in rows(found, journals)} == {
                name: seq for name, (seq, _) in manifest.heads.items()
            }
    figure("backups made during intake, restored and equal", same)
    assert same == len(taken)


def _record_on(hub: Hub, tablet: Tablet, stop: threading.Event) -> None:
    sent = 0
    while not stop.is_set():
        for _ in range(20):
            tablet.record()
        deliver(hub, tablet.batch(first=sent + 1))
        sent += 20


def _upto(live: list[tuple[Any, ...]], manifest: Manifest) -> list[tuple[Any, ...]]:
    return [row for row in live if row[1] <= manifest.heads[row[0]][0]]


# --- what is wrong with a file ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_once(hub_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a hub with a little of everything."""
    home = tmp_path_factory.mktemp("backed-up")
    shutil.copytree(hub_folder, home / "hub")
    clock = FakeClock()
    with closing(open_hub(HubConfig(home / "hub", public_url=HUB_URL), clock)) as hub:
        pair = a_pair(home / "booth", hub, clock)
        with closing(pair.booth):
            a_busy_day(pair)
        return backup.write(hub, home / "hub.backup", PASSWORD).path


@pytest.fixture
def one(made_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made_once, tmp_path / "hub.backup"))


def refused(path: Path, settings: HubConfig, password: str = PASSWORD) -> str:
    """The code a file is refused with; and nothing was restored."""
    with pytest.raises(Problem) as caught:
        backup.restore(path, settings, password)
    with pytest.raises(Problem, match=r"hub\.missing"):
        open_hub(settings)
    assert not list(settings.data.glob("hub.key*"))
    return caught.value.code


def test_a_wrong_password_restores_nothing_and_the_right_one_does_afterwards(one: Path, target: Places):
    with target() as settings:
        assert refused(one, settings, "another-password") == "backup.password"
        backup.restore(one, settings, PASSWORD)


def test_a_short_password_is_refused_before_anything_is_written(paired: Pair, tmp_path: Path):
    with pytest.raises(Problem, match=r"backup\.password_short"):
        backup.write(paired.hub, tmp_path / "hub.backup", "eleven chars"[:11])
    assert not list(tmp_path.glob("*backup*"))


def test_a_cut_file_restores_nothing(one: Path, tmp_path: Path):
    whole, dice = one.read_bytes(), random.Random(315)
    cuts = sorted({0, 1, 99, 100, 512, 4096, len(whole) - 4096, len(whole) - 1, *dice.sample(range(len(whole)), 30)})
    for cut in cuts:
        (tmp_path / "cut").write_bytes(whole[:cut])
        assert refused(tmp_path / "cut", HubConfig(tmp_path / "empty")) == "backup.damaged", cut
    figure("truncated backups refused", len(cuts))


def sums(manifest: Manifest) -> dict[str, str]:
    return {name: table.sha256 for name, table in manifest.tables.items()}


def test_a_flipped_bit_restores_nothing(one: Path, tmp_path: Path):
    whole, dice = one.read_bytes(), random.Random(316)
    places = [
        *range(100),
        *range(len(whole) - 230, len(whole)),
        *(dice.randrange(len(whole)) for _ in range(share(5_000, 200))),
    ]
    refusals = Counter()
    for place in places:
        bent = whole[:place] + bytes([whole[place] ^ (1 << dice.randrange(8))]) + whole[place + 1 :]
        (tmp_path / "bent").write_bytes(bent)
        refusals[refused(tmp_path / "bent", HubConfig(tmp_path / "empty"))] += 1
    figure("backups with a flipped bit refused", refusals.total())
    assert refusals == {"backup.damaged": len(places)}


CHANGES = {
    "a row more": "INSERT INTO volunteers VALUES ('demo', 'eve', 'Eve', 'x')",
    "a row less": "DELETE FROM volunteers",
    "another password": "UPDATE people SET password = 'x'",
    "another line": "UPDATE facts SET line = x'7b7d' WHERE seq = 2",
    "another type": "UPDATE facts SET received_at = 'x'",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON facts BEGIN DELETE FROM facts; END",
    "a view": "CREATE VIEW v AS SELECT * FROM facts",
    "no table": "DROP TABLE volunteers",
    "no manifest": "DELETE FROM manifest",
    "two manifests": "INSERT INTO manifest SELECT * FROM manifest",
    "a manifest of another kind": "UPDATE manifest SET document = '[]'",
    "a manifest that is a number": "UPDATE manifest SET document = 7",
}


def change(path: Path, statement: str, key: keys.SigningKey | None = None) -> None:
    """Change what is in a backup; and sign it again, if there is a key."""
    if key is not None:
        path.write_bytes(path.read_bytes()[: -backup.BACKUP.end_length])
    with closing(sqlite3.connect(path)) as copy, copy:
        copy.execute(statement)
    if key is not None:
        backup.sign(path, key, backup.BACKUP)


def key_in(path: Path) -> keys.SigningKey:
    with closing(sqlite3.connect(path)) as copy:
        ((wrapped,),) = copy.execute("SELECT key FROM manifest").fetchall()
    secret = keys.unwrap(wrapped, PASSWORD)
    assert secret
    return keys.SigningKey(secret)


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_was_changed_in_it_it_restores_nothing(one: Path, tmp_path: Path, what: str):
    key = key_in(one)
    shutil.copy(one, tmp_path / "mine")
    shutil.copy(one, tmp_path / "forged")
    change(one, CHANGES[what])
    assert refused(one, HubConfig(tmp_path / "empty")) == "backup.damaged"
    change(tmp_path / "forged", CHANGES[what], keys.SigningKey.generate())
    assert refused(tmp_path / "forged", HubConfig(tmp_path / "empty")) == "backup.damaged"
    change(tmp_path / "mine", CHANGES[what], key)
    assert refused(tmp_path / "mine", HubConfig(tmp_path / "empty")) == "backup.damaged", "what it holds is not all"


def test_whoever_changes_it_and_its_manifest_still_needs_the_hubs_key(one: Path, tmp_path: Path):
    """An account more, with a password of one's own: every sum is right, and only the signature is not."""
    key = key_in(one)
    one.write_bytes(one.read_bytes()[: -backup.BACKUP.end_length])
    with closing(sqlite3.connect(one, isolation_level=None)) as copy:
        ((document,),) = copy.execute("SELECT document FROM manifest").fetchall()
        old = msgspec.json.decode(document, type=Manifest)
        copy.execute("UPDATE people SET password = ?", (keys.hash_password("of-a-thief-by-night"),))
        copy.execute(
            "UPDATE manifest SET document = ?", (msgspec.json.encode(backup._describe(copy, old.hub, old.at)),)
        )
    forged, ours = Path(shutil.copy(one, tmp_path / "forged")), Path(shutil.copy(one, tmp_path / "ours"))
    backup.sign(forged, keys.SigningKey.generate(), backup.BACKUP)
    assert refused(forged, HubConfig(tmp_path / "empty")) == "backup.damaged"
    backup.sign(ours, key, backup.BACKUP)
    backup.restore(ours, HubConfig(tmp_path / "restored"), PASSWORD)


def test_what_is_no_backup_restores_nothing(tmp_path: Path):
    folder = tmp_path / "empty"
    for name, content in (("text", b"hello"), ("nothing", b""), ("almost", b"SQLite format 3\0" + b"\0" * 500)):
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name, HubConfig(folder)) == "backup.damaged"
    with closing(sqlite3.connect(tmp_path / "other.db")) as other, other:
        other.execute("CREATE TABLE facts (a)")
    assert refused(tmp_path / "other.db", HubConfig(folder)) == "backup.damaged"
    (tmp_path / "link").symlink_to(tmp_path / "text")
    for path in (tmp_path / "link", tmp_path, tmp_path / "nowhere"):
        assert refused(path, HubConfig(folder)) == "file.unusable"


def test_nothing_is_restored_over_a_hub(one: Path, target: Places, tmp_path: Path):
    with target() as settings:
        backup.restore(one, settings, PASSWORD)
        with closing(open_hub(settings, FakeClock())) as hub:
            before = everything(hub)
        for place in (
            settings,
            HubConfig(tmp_path / "other", settings.database or f"sqlite:///{settings.data}/hub.db"),
        ):
            with pytest.raises(Problem, match=r"backup\.taken"):
                backup.restore(one, place, PASSWORD)
        with closing(open_hub(settings, FakeClock())) as hub:
            assert everything(hub) == before


def test_a_restore_that_fails_half_way_leaves_an_empty_place(
    one: Path, target: Places, monkeypatch: pytest.MonkeyPatch
):
    def fails(tx: Connection, table: Table, *rest: Any) -> None:
        if table is facts:
            raise OSError("the power went")
        append_facts(tx, table, *rest)

    with target() as settings:
        with monkeypatch.context() as patch:
            patch.setattr(backup, "append_facts", fails)
            with pytest.raises(OSError, match="the power went"):
                backup.restore(one, settings, PASSWORD)
        with pytest.raises(Problem, match=r"hub\.missing"):
            open_hub(settings)
        with restored(one, settings) as hub:
            assert ledger.verify(hub) == []


# --- releases -------------------------------------------------------------------------------------


def test_a_backup_of_an_older_release_is_brought_up_to_date(one: Path, target: Places, monkeypatch: pytest.MonkeyPatch):
    def later(tx: Connection) -> None:
        tx.execute(journals.update().values(doubtful=journals.c.doubtful + 100))

    with target() as settings:
        monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, later))
        with restored(one, settings) as hub:
            assert {row[7] for row in rows(hub, journals)} == {100}
            assert len(rows(hub, schema_version)) == len(schema.STEPS)


def test_a_column_that_an_older_backup_lacks_gets_its_default(paired: Pair, other: Places, tmp_path: Path):
    a_busy_day(paired)
    written = backup.write(paired.hub, tmp_path / "hub.backup", PASSWORD)
    written.path.write_bytes(written.path.read_bytes()[: -backup.BACKUP.end_length])
    with closing(sqlite3.connect(written.path, isolation_level=None)) as copy:
        copy.execute("ALTER TABLE journals DROP COLUMN doubtful")
        manifest = backup._describe(copy, paired.hub.id, written.manifest.at)
        copy.execute("UPDATE manifest SET document = ?", (msgspec.json.encode(manifest),))
    backup.sign(written.path, paired.hub.key, backup.BACKUP)
    with other() as settings, restored(written.path, settings) as hub:
        assert {row[7] for row in rows(hub, journals)} == {0}
        assert ledger.verify(hub) == []


def test_a_backup_of_a_newer_release_is_refused(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "STEPS", schema.STEPS[:-1])
    assert refused(one, HubConfig(tmp_path / "empty")) == "backup.newer"


# --- the file -------------------------------------------------------------------------------------


@share_hubs
def test_the_file_is_for_its_owner_alone_and_holds_no_secret_in_the_clear(paired: Pair, tmp_path: Path):
    a_busy_day(paired)
    file = backup.write(paired.hub, tmp_path / "hub.backup", PASSWORD).path
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    for secret in (bytes(paired.hub.key), PASSWORD, CASEWORKER[1], VOLUNTEER[1], "张三丰", "13800000000", "电饭锅"):
        assert (secret if isinstance(secret, bytes) else secret.encode()) not in content
    assert list(file.parent.glob(".*.part")) == []


@share_hubs
def test_a_folder_gets_a_name_for_each_backup(paired: Pair, tmp_path: Path):
    folder = tmp_path / "backups"
    folder.mkdir()
    names = set()
    for _ in range(3):
        names.add(backup.write(paired.hub, folder, PASSWORD).path.name)
        paired.clock.tick(3600)
    assert {file.name for file in folder.iterdir()} == names
    assert min(names) == f"{paired.hub.id[:8]}-2027-03-15T093000.kiosk-backup"


def test_only_a_backup_is_written_over(paired: Pair, one: Path, tmp_path: Path):
    backup.write(paired.hub, one, PASSWORD)
    (tmp_path / "thesis.txt").write_text("years of work")
    shutil.copy(one, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as other:
        other.execute("PRAGMA application_id = 1")
    for path in (tmp_path / "thesis.txt", tmp_path / "copy.db"):
        with pytest.raises(Problem, match=r"file\.taken"):
            backup.write(paired.hub, path, PASSWORD)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@share_hubs
def test_the_commands_go_all_the_way(paired: Pair, runner, tmp_path: Path):
    a_busy_day(paired)
    words = ["--data", str(paired.hub.config.data)]
    if not paired.hub.store.is_sqlite:
        words += ["--database", paired.hub.config.database]
    file, folder = tmp_path / "hub.backup", tmp_path / "new"
    environment = {"KIOSK_BACKUP_PASSWORD": PASSWORD}
    made = runner.invoke(main, ["hub", "backup", str(file), *words], env=environment)
    assert (made.exit_code, made.stderr) == (0, "")
    assert f"{file}: {len(rows(paired.hub, facts))} facts of " in made.stdout
    wrong = runner.invoke(main, ["hub", "restore", str(file), "--data", str(folder), "--password", "x"])
    assert (wrong.exit_code, wrong.stderr.partition(":")[0]) == (1, "backup.password")
    restored = runner.invoke(main, ["hub", "restore", str(file), "--data", str(folder)], input=PASSWORD + "\n")
    assert restored.exit_code == 0, restored.output
    assert re.search(rf"hub {paired.hub.id} as of \S+ is in {folder}: \d+ facts of 4 journals", restored.stdout)
    assert "every fact, blob and total is as it should be" in restored.stdout
    again = runner.invoke(main, ["hub", "restore", str(file), "--data", str(folder)], env=environment)
    assert (again.exit_code, again.stderr.partition(":")[0]) == (1, "backup.taken")
