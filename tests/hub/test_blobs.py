"""Sealed content on its way: whole or in parts, cut anywhere, and a blob only when its hash is right."""

import hashlib
import secrets
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kiosk.facts.complaints import ComplaintFiled
from kiosk.hub import blobs
from kiosk.hub.blobs import UNFINISHED_LIMIT, Part
from kiosk.hub.context import Hub
from kiosk.hub.tables import blob_parts, devices, erased
from kiosk.hub.tables import blobs as table
from kiosk.sync import protocol
from kiosk.sync.protocol import BLOB_LIMIT, BLOB_PART, BlobHead
from tests.hub.tablets import Tablet, a_tablet, deliver, law, rows, withdraw
from tests.hub.test_api import code_of
from tests.makers import a_filing
from tests.proof import share_hubs

PHOTO = bytes(range(256)) * 4096 + b"the end"  # five parts, the last a short one


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def path_of(name: str) -> str:
    return f"/sync/v1/blobs/{name}"


def asked(client: FlaskClient, tablet: Tablet, name: str = name_of(PHOTO)) -> BlobHead:
    answer = client.get(path_of(name), headers=tablet.headers("GET", path_of(name)))
    assert answer.status_code == 200, answer.data
    return protocol.parse(BlobHead, answer.data)


def put(client: FlaskClient, tablet: Tablet, start: int, end: int, content: bytes = PHOTO, **changes):
    """Send bytes `start` up to `end` of a blob."""
    part = content[start:end]
    name = changes.pop("name", name_of(content))
    spoken = changes.pop("range", protocol.write_range(start, len(part), len(content)))
    headers = {**tablet.headers("PUT", path_of(name), part), protocol.RANGE_HEADER: spoken, **changes}
    return client.put(path_of(name), data=part, headers=headers)


def told(answer) -> tuple[int, bool]:
    assert answer.status_code == 200, answer.data
    head = protocol.parse(BlobHead, answer.data)
    return head.held, head.whole


def stored(hub: Hub) -> dict[str, bytes]:
    return {name: bytes(content) for name, content, _at in rows(hub, table)}


# --- in parts -------------------------------------------------------------------------------------


def test_a_large_blob_comes_part_by_part_and_goes_on_where_the_hub_says(hub, hub_client):
    tablet = a_tablet(hub)
    assert asked(hub_client, tablet) == BlobHead(held=0, whole=False)
    while not (head := asked(hub_client, tablet)).whole:
        assert stored(hub) == {}
        put(hub_client, tablet, head.held, head.held + BLOB_PART)
    assert head.held == len(PHOTO)
    assert stored(hub) == {name_of(PHOTO): PHOTO}
    assert rows(hub, blob_parts) == []


def test_only_the_last_byte_makes_it_a_blob(hub, hub_client):
    tablet = a_tablet(hub)
    for start in range(0, len(PHOTO) - BLOB_PART, BLOB_PART):
        held, whole = told(put(hub_client, tablet, start, start + BLOB_PART))
        assert (held, whole) == (start + BLOB_PART, False)
    put(hub_client, tablet, held, len(PHOTO) - 1)
    assert stored(hub) == {}
    assert told(put(hub_client, tablet, held, len(PHOTO))) == (len(PHOTO), True)
    assert stored(hub) == {name_of(PHOTO): PHOTO}


@share_hubs
@law
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=30), st.integers(80_000, 90_000))
def test_parts_may_overlap_repeat_and_come_in_any_order(hub: Hub, cuts: list[tuple[int, int]], size: int):
    """Whatever came before, what is held is the beginning of the blob, and going on from there completes it."""
    content, tablet = secrets.token_bytes(size), a_tablet(hub)
    name, step = name_of(content), 5_000

    def send(start: int, end: int) -> BlobHead:
        part = Part(start, size, content[start:end])
        with hub.store.begin() as tx:
            head = blobs.take(tx, tablet.certificate.device, name, part, hub.clock.now())
        assert head is not None
        return head

    for at, count in cuts:
        start = at * step
        if start < size:
            head = send(start, min(size, start + count * step))
            if not head.whole:
                with hub.store.reading() as tx:
                    assert blobs._so_far(tx, tablet.certificate.device, name) == content[: head.held]
    head = BlobHead(held=0, whole=False)
    while not head.whole:
        head = send(head.held, min(size, head.held + step))
    assert stored(hub)[name] == content


def test_bytes_that_are_not_those_of_the_name_are_dropped_and_it_can_begin_again(hub, hub_client):
    tablet, other = a_tablet(hub), b"x" * len(PHOTO)
    for start in range(0, len(PHOTO), BLOB_PART):
        answer = put(hub_client, tablet, start, start + BLOB_PART, other, name=name_of(PHOTO))
    assert code_of(answer) == "sync.blob_mismatch"
    assert rows(hub, blob_parts) == []
    assert stored(hub) == {}
    assert asked(hub_client, tablet) == BlobHead(held=0, whole=False)
    for start in range(0, len(PHOTO), BLOB_PART):
        put(hub_client, tablet, start, start + BLOB_PART)
    assert stored(hub) == {name_of(PHOTO): PHOTO}


def test_a_blob_that_is_suddenly_of_another_size_begins_anew(hub, hub_client):
    tablet, shorter = a_tablet(hub), PHOTO[:-100]
    put(hub_client, tablet, 0, BLOB_PART, shorter, name=name_of(PHOTO))
    assert told(put(hub_client, tablet, BLOB_PART, 2 * BLOB_PART)) == (0, False)
    assert told(put(hub_client, tablet, 0, BLOB_PART)) == (BLOB_PART, False)


def test_one_tablet_cannot_spoil_what_another_sends(hub, hub_client):
    honest, other = a_tablet(hub), a_tablet(hub, "d02")
    put(hub_client, other, 0, BLOB_PART, b"x" * len(PHOTO), name=name_of(PHOTO))
    for start in range(0, len(PHOTO), BLOB_PART):
        answer = put(hub_client, honest, start, start + BLOB_PART)
    assert told(answer) == (len(PHOTO), True)
    assert asked(hub_client, other).whole
    assert told(put(hub_client, other, 0, BLOB_PART, b"x" * len(PHOTO), name=name_of(PHOTO))) == (len(PHOTO), True)
    assert stored(hub) == {name_of(PHOTO): PHOTO}


@share_hubs
def test_the_largest_blob_fits_and_no_larger_one(hub, hub_client):
    tablet, content = a_tablet(hub), secrets.token_bytes(BLOB_LIMIT)
    for start in range(0, BLOB_LIMIT, BLOB_PART):
        answer = put(hub_client, tablet, start, start + BLOB_PART, content)
    assert told(answer) == (BLOB_LIMIT, True)
    answer = put(hub_client, tablet, 0, BLOB_PART, name="0" * 64, range=f"bytes 0-{BLOB_PART - 1}/{BLOB_LIMIT + 1}")
    assert code_of(answer) == "sync.malformed"


WRONG_RANGES = (
    "", "bytes", "bytes 0-9", "bytes 0-9/", "bytes 0-8/100", "bytes 0-10/100", "bytes 1-9/100", "bytes 0-9/9",
    "bytes 9-0/100", "bytes 00-9/100", "bytes 0-9/0100", "bytes 0-9/*", "bytes */100", "bytes=0-9/100", "Bytes 0-9/100",
    "bytes 0-9/100, bytes 0-9/100", "bytes  0-9/100", "bytes -1-8/100", "bytes 0-9/99999999999", "bytes ٠-٩/100",
)  # fmt: skip


@share_hubs
@pytest.mark.parametrize("spoken", WRONG_RANGES)
def test_a_range_that_is_not_that_of_its_bytes_is_refused(hub, hub_client, spoken):
    tablet = a_tablet(hub)
    wire = spoken.encode().decode("latin-1")
    assert code_of(put(hub_client, tablet, 0, 10, name="0" * 64, range=wire)) == "sync.malformed"
    assert rows(hub, blob_parts) == []


def test_an_empty_part_is_refused_and_an_empty_blob_is_one(hub, hub_client):
    tablet = a_tablet(hub)
    assert code_of(put(hub_client, tablet, 0, 0, range="bytes 0-0/1")) == "sync.malformed"
    name = name_of(b"")
    assert told(hub_client.put(path_of(name), headers=tablet.headers("PUT", path_of(name), b""))) == (0, True)


def test_crumbs_are_not_kept_so_no_tablet_fills_the_table_with_them(hub, hub_client):
    tablet = a_tablet(hub)
    for start in range(0, 50, 10):
        assert told(put(hub_client, tablet, start, start + 10)) == (0, False)
    assert rows(hub, blob_parts) == []


def test_parts_nobody_goes_on_with_are_dropped_after_a_week(hub, hub_client, clock):
    tablet, other = a_tablet(hub), a_tablet(hub, "d02")
    put(hub_client, tablet, 0, BLOB_PART)
    put(hub_client, other, 0, BLOB_PART)
    clock.tick(6 * 24 * 3600)
    put(hub_client, other, BLOB_PART, 2 * BLOB_PART)
    clock.tick(2 * 24 * 3600)
    with hub.store.begin() as tx:
        blobs.forget_unfinished(tx, clock.now())
    assert asked(hub_client, tablet).held == 0
    assert asked(hub_client, other).held == 2 * BLOB_PART


@share_hubs
def test_a_tablet_leaves_only_so_much_unfinished(hub, hub_client, clock):
    tablet, other = a_tablet(hub), a_tablet(hub, "d02")
    put(hub_client, other, 0, BLOB_PART)
    begun = [secrets.token_bytes(BLOB_PART + 1) for _ in range(UNFINISHED_LIMIT // BLOB_PART + 3)]
    for content in begun:
        clock.tick(1)
        assert told(put(hub_client, tablet, 0, BLOB_PART, content)) == (BLOB_PART, False)
    held = [asked(hub_client, tablet, name_of(content)).held for content in begun]
    assert sum(held) <= UNFINISHED_LIMIT
    assert held[:3] == [0, 0, 0]
    assert all(held[3:])
    assert asked(hub_client, other).held == BLOB_PART


def test_who_is_not_enrolled_neither_asks_nor_sends(hub, hub_client):
    tablet = a_tablet(hub)
    tablet.key = type(tablet.key).generate()
    path = path_of(name_of(PHOTO))
    assert code_of(hub_client.get(path, headers=tablet.headers("GET", path))) == "sync.signature"
    assert code_of(put(hub_client, tablet, 0, BLOB_PART)) == "sync.signature"
    assert code_of(put(hub_client, tablet, 0, BLOB_PART, **{protocol.AUTH_HEADER: ""})) == "sync.device"
    assert rows(hub, blob_parts) == []


@share_hubs
@pytest.mark.parametrize("name", ["x", "%00", "0" * 63, "0" * 65, "G" * 64, "%ef%bc%90" * 64])
def test_what_no_content_can_be_called_is_refused(hub, hub_client, name):
    tablet = a_tablet(hub)
    answers = (
        hub_client.get(path_of(name), headers=tablet.headers("GET", path_of(name))),
        put(hub_client, tablet, 0, BLOB_PART, name=name),
    )
    assert {code_of(answer) for answer in answers} <= {"sync.blob_mismatch", "page.not_found"}


# --- erased ---------------------------------------------------------------------------------------


def erase(hub: Hub, name: str) -> None:
    with hub.store.begin() as tx:
        tx.execute(erased.insert().values(sha256=name, at=0.0, person="hub"))


def whole_put(client: FlaskClient, tablet: Tablet, content: bytes):
    path = path_of(name_of(content))
    return client.put(path, data=content, headers=tablet.headers("PUT", path, content))


def in_parts(client: FlaskClient, tablet: Tablet, content: bytes):
    for start in range(0, len(content), BLOB_PART):
        answer = put(client, tablet, start, start + BLOB_PART, content)
    return answer


@pytest.mark.parametrize("send", [whole_put, in_parts])
def test_what_was_erased_is_acknowledged_and_not_kept(hub, hub_client, send: Callable):
    tablet, content = a_tablet(hub), b"sealed once"
    put(hub_client, tablet, 0, BLOB_PART)  # a part came before its date did
    erase(hub, name_of(content))
    erase(hub, name_of(PHOTO))
    assert told(send(hub_client, tablet, content)) == (0, True)
    assert asked(hub_client, tablet) == BlobHead(held=0, whole=True)
    assert told(put(hub_client, tablet, BLOB_PART, 2 * BLOB_PART)) == (0, True)
    assert stored(hub) == {}
    assert rows(hub, blob_parts) == []


def test_only_what_is_neither_here_nor_erased_is_missing(hub):
    tablet = a_tablet(hub)
    contents = [b"here", b"erased", b"on its way", b"late"]
    cases = ("7KQ2-M0ZRT", "ZZZZ-ZZZZ9", "0000-00000", "7KQ2-M0ZRT")
    for content, case in zip(contents, cases, strict=True):
        body = a_filing(case=case, blob=name_of(content), size=9)
        tablet.record(body)
    deliver(hub, tablet.batch())
    with hub.store.begin() as tx:
        blobs.keep(tx, b"here", hub.clock.now())
    erase(hub, name_of(b"erased"))
    with hub.store.reading() as tx:
        lacking = [name_of(b"on its way"), name_of(b"late")]
        assert blobs.missing(tx, tablet.journal) == lacking
        assert blobs.missing(tx, tablet.journal, limit=1) == lacking[:1]
        assert blobs.missing(tx, tablet.journal, upto=3) == lacking[:1]


def test_asking_what_is_missing_reads_no_table_through(hub):
    tablet = a_tablet(hub)
    asked_for: list[str] = []
    with hub.store.reading() as tx:
        if hub.store.is_sqlite:
            query = select(table.c.sha256)  # only to have SQLAlchemy prepare the connection
            tx.execute(query)
            connection = tx.connection.driver_connection
            connection.set_trace_callback(asked_for.append)
            blobs.missing(tx, tablet.journal)
            connection.set_trace_callback(None)
            assert len(asked_for) == 2
            for statement in asked_for:
                plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
                assert not [step for step in plan if step.startswith("SCAN")], plan


def a_complaint(content: bytes) -> ComplaintFiled:
    return a_filing(name_of(content), 9)


def of_a_withdrawn_tablet(hub: Hub, content: bytes) -> Tablet:
    tablet = a_tablet(hub)
    withdraw(hub, tablet, 0)
    return tablet.record(a_complaint(content))


def of_one_whose_certificate_ran_out(hub: Hub, content: bytes) -> Tablet:
    tablet = a_tablet(hub)
    with hub.store.begin() as tx:
        tx.execute(devices.update().values(not_after=0.0))
    return tablet.record(a_complaint(content))


def of_a_later_release(hub: Hub, content: bytes) -> Tablet:
    return a_tablet(hub).record(a_complaint(content), kind="complaint.amended", v=7)


def in_a_line_nobody_can_read(hub: Hub, content: bytes) -> Tablet:
    return a_tablet(hub).record(b'{"v":1,"body":{"blob":"%s"}' % name_of(content).encode())


@pytest.mark.parametrize(
    "happened",
    [of_a_withdrawn_tablet, of_one_whose_certificate_ran_out, of_a_later_release, in_a_line_nobody_can_read],
)
def test_content_is_missing_although_the_fact_that_names_it_does_not_count(hub, happened: Callable):
    """Its tablet would delete the only copy otherwise, and the fact may count one day."""
    tablet = happened(hub, b"sealed")
    assert deliver(hub, tablet.batch()).quarantined == 1
    with hub.store.reading() as tx:
        assert blobs.missing(tx, tablet.journal) == [name_of(b"sealed")]
        assert blobs.missing(tx, tablet.journal, upto=0) == []
    with hub.store.begin() as tx:
        blobs.keep(tx, b"sealed", hub.clock.now())
    with hub.store.reading() as tx:
        assert blobs.missing(tx, tablet.journal) == []


# --- too much of it -------------------------------------------------------------------------------


def test_a_tablet_brings_only_so_much_that_no_counted_fact_names(hub, hub_client, monkeypatch):
    monkeypatch.setattr(blobs, "UNNAMED_LIMIT", 25)
    tablet, other = a_tablet(hub), a_tablet(hub, "d02")
    contents = [b"%d123456789" % number for number in range(4)]
    for content in contents[:2]:
        assert told(whole_put(hub_client, tablet, content)) == (len(content), True)
    before = stored(hub)
    for _ in range(2):
        refused = whole_put(hub_client, tablet, contents[2])
        assert (refused.status_code, code_of(refused)) == (413, "sync.quota")
    assert stored(hub) == before
    assert told(whole_put(hub_client, tablet, contents[0])) == (len(contents[0]), True)  # nothing new
    assert told(whole_put(hub_client, other, contents[3])) == (len(contents[3]), True)
    deliver(hub, tablet.record(a_complaint(contents[0])).batch())
    assert told(whole_put(hub_client, tablet, contents[2])) == (len(contents[2]), True)


def test_facts_of_a_withdrawn_tablet_make_no_room_for_content(hub, hub_client, monkeypatch):
    monkeypatch.setattr(blobs, "UNNAMED_LIMIT", 25)
    tablet = a_tablet(hub)
    withdraw(hub, tablet, 0)
    contents = [b"%d123456789" % number for number in range(3)]
    for content in contents:
        tablet.record(a_complaint(content))
    deliver(hub, tablet.batch())
    answers = [whole_put(hub_client, tablet, content).status_code for content in contents]
    assert answers == [200, 200, 413]
