"""What /healthz says, and that it says it whoever else is busy and whatever is gone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from kiosk import strictjson
from kiosk.errors import Problem
from kiosk.hub import schema
from kiosk.hub.context import QUEUE, Hub
from kiosk.sync import protocol
from tests.hub.tablets import Tablet, a_tablet, deliver
from tests.hub.test_api import SPOKEN, a_status, code_of, send_status
from tests.hub.test_blobs import whole_put

SOON = 20.0  # seconds; far less than anybody holds a lock here, and more than a busy machine stands still


def healthz(client: FlaskClient) -> tuple[int, dict]:
    answer = client.get("/healthz")
    return answer.status_code, strictjson.loads(answer.data)


def test_it_says_what_the_hub_holds_and_what_tablets_still_have(hub: Hub, hub_client: FlaskClient):
    one, other = a_tablet(hub).record().record(), a_tablet(hub, "d02").record()
    deliver(hub, one.batch())
    for tablet, seq in ((one, 2), (other, 5)):
        body = protocol.dump(protocol.Status(**a_status(tablet, seq=seq)))
        assert send_status(hub_client, tablet, body).status_code == 200
    status, told = healthz(hub_client)
    assert (status, told["ok"]) == (200, True)
    assert (told["journals"], told["unsent"], told["schema"]) == (3, 5, len(schema.STEPS))
    assert told["database"] == hub.store.describe()
    assert told["database"]["writers"]
    assert told["free_mb"] > 0
    assert {"version", "pack", "clock"} <= set(told)


def test_a_tablet_that_has_less_than_the_hub_takes_nothing_off_the_others(hub: Hub, hub_client: FlaskClient):
    one, other = a_tablet(hub).record().record(), a_tablet(hub, "d02")
    deliver(hub, one.batch())
    for tablet, seq in ((one, 1), (other, 5)):
        send_status(hub_client, tablet, protocol.dump(protocol.Status(**a_status(tablet, seq=seq))))
    assert healthz(hub_client)[1]["unsent"] == 5


def test_it_waits_for_nobody_who_writes(hub: Hub, hub_client: FlaskClient):
    with somebody(hub, lambda tx: tx.execute(text("UPDATE devices SET pack = 'x'"))):
        started = time.monotonic()
        assert healthz(hub_client)[0] == 200
        assert time.monotonic() - started < SOON


def test_a_database_that_does_not_answer_is_said_to_be_gone(postgres_only: Hub, monkeypatch: pytest.MonkeyPatch):
    from kiosk.hub import health
    from kiosk.hub.app import create_hub_app

    monkeypatch.setattr(health, "PATIENCE_MS", 200)
    client = create_hub_app(postgres_only).test_client()
    with somebody(postgres_only, lambda tx: tx.execute(text("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE"))):
        started = time.monotonic()
        status, told = healthz(client)
        assert (status, told["ok"], told["database"]) == (503, False, {"problem": "QueryCanceled"})
        assert time.monotonic() - started < SOON
    monkeypatch.undo()
    assert healthz(client)[0] == 200


def test_a_server_that_is_gone_is_said_so_and_nothing_breaks(postgres_only: Hub):
    from kiosk.hub.app import create_hub_app

    hub = postgres_only
    tablet = a_tablet(hub).record()
    client = create_hub_app(hub).test_client()
    path = f"/sync/v1/journals/{tablet.journal}"
    with no_server(hub):
        status, told = healthz(client)
        assert (status, told["ok"]) == (503, False)
        assert {"version", "pack", "clock", "free_mb"} <= set(told)
        for answer in (
            client.post("/sync/v1/batches", data=tablet.batch(), headers=SPOKEN),
            client.get(path, headers=tablet.headers("GET", path)),
        ):
            assert code_of(answer) in ("hub.busy", "hub.storage")
            assert answer.headers["Retry-After"]
        assert client.get("/login").status_code == 200
        with pytest.raises(Problem, match=r"hub\.busy"):
            hub.store.glance("SELECT 1")
    assert healthz(client)[0] == 200
    assert hub.store.glance("SELECT 1") == [(1,)]
    assert client.post("/sync/v1/batches", data=tablet.batch(), headers=SPOKEN).status_code == 200


def test_a_file_that_is_no_database_any_more_is_said_so(hub: Hub, hub_client: FlaskClient):
    if not hub.store.is_sqlite:
        return
    hub.store.engine.dispose()
    (hub.config.data / "hub.db-wal").write_bytes(b"")
    (hub.config.data / "hub.db").write_bytes(b"something else entirely" * 1000)
    status, told = healthz(hub_client)
    assert (status, told["ok"]) == (503, False)


# --- who waits ------------------------------------------------------------------------------------


def test_when_enough_tablets_wait_the_others_are_told_to_come_again(hub: Hub, hub_client: FlaskClient):
    tablet = a_tablet(hub).record()
    body = protocol.dump(protocol.Status(**a_status(tablet)))
    requests: list[Callable[[], object]] = [
        lambda: hub_client.post("/sync/v1/batches", data=tablet.batch(), headers=SPOKEN),
        lambda: whole_put(hub_client, tablet, b"sealed"),
        lambda: send_status(hub_client, tablet, body),
    ]
    for _ in range(QUEUE):
        assert hub.queue.acquire(blocking=False)
    for request in requests:
        answer = request()
        assert code_of(answer) == "hub.busy"
        assert answer.headers["Retry-After"] == "1"
    assert healthz(hub_client)[0] == 200
    assert read_head(hub_client, tablet) == 200
    for _ in range(QUEUE):
        hub.queue.release()
    assert [request().status_code for request in requests] == [200, 200, 200]


def test_a_place_is_given_back_whatever_came_of_it(hub: Hub, hub_client: FlaskClient):
    for _ in range(QUEUE + 3):
        assert code_of(hub_client.post("/sync/v1/batches", data=b"nonsense", headers=SPOKEN)) == "sync.malformed"
    tablet = a_tablet(hub).record()
    assert hub_client.post("/sync/v1/batches", data=tablet.batch(), headers=SPOKEN).status_code == 200


def read_head(client: FlaskClient, tablet: Tablet) -> int:
    path = f"/sync/v1/journals/{tablet.journal}"
    return client.get(path, headers=tablet.headers("GET", path)).status_code


# --- helpers --------------------------------------------------------------------------------------


@pytest.fixture
def postgres_only(request: pytest.FixtureRequest, tmp_path, clock) -> Iterator[Hub]:
    from contextlib import closing

    from kiosk.hub.app import open_hub
    from tests.conftest import _on_postgresql

    with _on_postgresql(request, tmp_path / "hub") as settings, closing(open_hub(settings, clock)) as hub:
        yield hub


@contextmanager
def somebody(hub: Hub, does: Callable[..., object]) -> Iterator[None]:
    """Somebody else is in the middle of a transaction."""
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with hub.store.begin() as tx:
            does(tx)
            begun.set()
            over.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(30)
    try:
        yield
    finally:
        over.set()
        holder.join()


@contextmanager
def no_server(hub: Hub) -> Iterator[None]:
    """The server throws everybody out, and lets nobody in."""
    url = hub.store.engine.url
    name = url.database
    admin = url.set(database="postgres", drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
