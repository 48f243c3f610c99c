"""The hub's database: durable, migrated once, and the same on both sides of the dialect."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, make_url, text

from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.hub import schema
from kiosk.hub.app import create_hub, open_hub
from kiosk.hub.store import LOSABLE, Store, add_up, insert_once, is_wal_safe
from kiosk.hub.tables import blobs, metadata, schema_version, totals
from kiosk.sync import keys
from tests.hub.tablets import rows
from tests.hub.test_intake import together


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    """The address of an empty database, as a hub is told it."""
    given = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return HubConfig(tmp_path, given).url or f"sqlite:///{tmp_path}/hub.db"


@pytest.fixture
def store(url):
    made = Store(url)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 44, 9), True),
        ((3, 45, 0), False),
        ((3, 49, 9), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_releases_with_the_wal_reset_race_are_known(version, safe):
    assert is_wal_safe(version) is safe


def test_every_connection_to_sqlite_is_durable_patient_and_forgetful(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'hub.db'}")
    for transaction in (store.begin, store.reading):
        with transaction() as tx:
            found = {name: tx.execute(text(f"PRAGMA {name}")).scalar_one() for name in PRAGMAS}
        assert found == PRAGMAS
    store.close()


PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "secure_delete": 1,
    "busy_timeout": 30000,
}


def test_what_describes_the_database_is_what_it_works_under(store):
    told = store.describe()
    if store.is_sqlite:
        assert (told["name"], told["journal_mode"], told["synchronous"]) == ("sqlite", PRAGMAS["journal_mode"], "full")
    else:
        assert (told["name"], told["synchronous_commit"]) == ("postgresql", "on")
        assert told["fsync"] in ("on", "off")
        assert told["full_page_writes"] == "on"


def test_a_server_that_forgets_commits_when_the_power_goes_is_refused_unless_it_says_it_may(postgres_url):
    """Ours of the tests does not wait for its disk, and says of itself that it may lose everything."""
    given = make_url(HubConfig(Path(), postgres_url).url)
    for losable, options, is_safe in (
        ("on", "", True),
        ("off", "", False),
        ("on", " -c synchronous_commit=off", False),
    ):
        with closing(Store(given.update_query_dict({"options": f"-c {LOSABLE}={losable}{options}"}))) as store:
            if store.describe()["fsync"] == "on" and not options:
                continue  # a server that was given to the tests, and is a safe one
            if is_safe:
                store.assert_safe()
            else:
                with pytest.raises(Problem, match=r"journal\.unsafe.*fsync"):
                    store.assert_safe()


def test_an_error_rolls_everything_back(store):
    schema.migrate(store)
    with pytest.raises(OSError, match="on the way"), store.begin() as tx:
        _begin_and_fail(tx)
    with store.reading() as tx:
        assert tx.execute(blobs.select()).all() == []


def _begin_and_fail(tx) -> None:
    tx.execute(blobs.insert().values(sha256="x", content=b"", received_at=0))
    raise OSError("on the way")


def test_a_glance_finds_what_is_committed_by_what_it_is_asked(store):
    schema.migrate(store)
    with store.begin() as tx:
        insert_once(tx, blobs, [{"sha256": name, "content": b"?", "received_at": 7} for name in ("x", "%s?", "y")])
        assert store.glance("SELECT sha256 FROM blobs") == []
    question = "SELECT sha256, received_at FROM blobs WHERE sha256 = ? OR sha256 = ? ORDER BY sha256 DESC"
    for _ in range(100):  # each gives its connection back
        assert [tuple(row) for row in store.glance(question, "x", "%s?")] == [("x", 7), ("%s?", 7)]
    assert store.glance("SELECT received_at FROM blobs WHERE sha256 = ?", "z") == []


def test_a_row_that_is_there_is_left_as_it_is(store):
    schema.migrate(store)
    with store.begin() as tx:
        for content in (b"first", b"second"):
            insert_once(tx, blobs, [{"sha256": "x", "content": content, "received_at": 0}])
        insert_once(tx, blobs, [])
        assert [bytes(row.content) for row in tx.execute(blobs.select())] == [b"first"]


def test_only_a_key_that_is_there_is_passed_over_nothing_else(store):
    """`INSERT OR IGNORE` would swallow this too, and a fact with it."""
    schema.migrate(store)
    with pytest.raises(Exception, match=r"(?i)null"), store.begin() as tx:
        insert_once(tx, blobs, [{"sha256": "x", "content": None, "received_at": 0}])


def test_sums_add_up_by_their_whole_key(store):
    schema.migrate(store)

    def row(hour: int = 9, desk: str = "d01", n: int = 2) -> tuple[object, ...]:
        return "j", "m", "2027-03-15", hour, desk, "f", n

    with store.begin() as tx:
        add_up(tx, totals, [row(), row(hour=10)])
        add_up(tx, totals, [row(), row(desk="d02"), row(n=-5)])
        add_up(tx, totals, [])
        found = sorted((r.hour, r.desk, r.n) for r in tx.execute(totals.select()))
    assert found == [(9, "d01", -1), (9, "d02", 2), (10, "d01", 2)]


# --- schema -----------------------------------------------------------------------------------------


def test_migrating_twice_does_it_once(store):
    for _ in range(2):
        schema.migrate(store)
    with store.reading() as tx:
        assert tx.execute(schema_version.select()).scalars().all() == [*range(1, len(schema.STEPS) + 1)]
        assert set(metadata.tables) == set(inspect(tx).get_table_names())


def test_the_newest_schema_is_the_declared_one(store):
    schema.migrate(store)
    with store.reading() as tx:
        found = inspect(tx)
        for table in metadata.sorted_tables:
            assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_keys_of_what_booths_send_begin_with_the_journal():
    for name in ("facts", "forks", "totals", "complaints", "openings"):
        assert next(iter(metadata.tables[name].primary_key)).name == "journal"


def test_a_step_that_fails_leaves_nothing_behind(store, monkeypatch):
    schema.migrate(store)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, _half_a_step))
    with pytest.raises(OSError, match="half-way"):
        schema.migrate(store)
    with store.reading() as tx:
        assert not inspect(tx).has_table("half")
        assert tx.execute(schema_version.select()).scalars().all() == [*range(1, len(schema.STEPS))]


def _half_a_step(tx) -> None:
    tx.exec_driver_sql("CREATE TABLE half (a INTEGER)")
    raise OSError("half-way")


def test_two_processes_that_start_at_once_migrate_once(url):
    code = "import sys; from kiosk.hub import schema, store; schema.migrate(store.Store(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE) for _ in range(2)]
    outcomes = [(process.communicate()[1].decode()[-500:], process.returncode) for process in processes]
    assert outcomes == [("", 0)] * 2
    store = Store(url)
    with store.reading() as tx:
        assert tx.execute(schema_version.select()).scalars().all() == [*range(1, len(schema.STEPS) + 1)]
    store.close()


def test_threads_that_start_at_once_migrate_once(url):
    stores = [Store(url) for _ in range(4)]
    assert together(*[lambda store=store: schema.migrate(store) for store in stores]) == [None] * 4
    for store in stores:
        store.close()


# --- making and opening a hub -------------------------------------------------------------------------


def test_a_hub_is_made_once_and_opened_often(url, tmp_path, clock):
    settings = HubConfig(tmp_path / "hub", url)
    here, _ = create_hub(settings, clock)
    here.close()
    with pytest.raises(Problem, match=r"hub\.exists"):
        create_hub(settings, clock)
    again = open_hub(settings, clock)
    assert (again.id, again.fingerprint) == (here.id, here.fingerprint)
    again.close()


def test_a_folder_or_a_database_without_its_half_is_no_hub(url, tmp_path, clock):
    with pytest.raises(Problem, match=r"hub\.missing"):
        open_hub(HubConfig(tmp_path / "hub", url), clock)
    here, _ = create_hub(HubConfig(tmp_path / "hub", url), clock)
    here.close()
    with pytest.raises(Problem, match=r"hub\.missing"):
        open_hub(HubConfig(tmp_path / "elsewhere", url), clock)
    with pytest.raises(Problem, match=r"hub\.exists"):
        create_hub(HubConfig(tmp_path / "elsewhere", url), clock)
    (tmp_path / "third").mkdir()
    keys.write_secret(tmp_path / "third" / "hub.key", (tmp_path / "hub" / "hub.key").read_bytes())
    with pytest.raises(Problem, match=r"hub\.missing"):
        open_hub(HubConfig(tmp_path / "third"), clock)


def test_the_hubs_signing_key_is_for_its_owner_alone(hub):
    assert (hub.config.data / "hub.key").stat().st_mode & 0o777 == 0o600


def test_a_new_hub_knows_nobody_but_its_fair(hub):
    assert rows(hub, blobs) == []
