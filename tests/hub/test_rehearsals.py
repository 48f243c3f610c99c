"""Rehearsals at the hub: taken in, verified, receipted, shown; and in no figure, whatever comes in which order."""

import hashlib
import secrets
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import func, select, update

from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.hub import audit, backup, devices, fairs, ledger, slips, tables
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.rehearsals import SILENT_SECONDS, Rehearsal, rehearsals, rehearsing
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, RehearsalRequest, Slip
from kiosk.sync.rosters import RosterHeader, read_roster, write_roster
from tests.clocks import FakeClock
from tests.hub.tablets import (
    Tablet,
    a_tablet,
    deliver,
    deliveries,
    entries,
    everything,
    expected_totals,
    law,
    rows,
    run_of,
    totals_of,
    withdraw,
)
from tests.makers import a_fair, a_filing, a_headcount

#: What only says that something arrived.
ARRIVED = ("journals", "facts", "forks", "devices", "slips", "identity")


def a_request(hub: Hub, tablet: Tablet, key: keys.SigningKey, **changes: str) -> RehearsalRequest:
    public_key, journal = bytes(key.verify_key).hex(), secrets.token_hex(16)
    told = {"public_key": public_key, "journal": journal, **changes}
    proof = protocol.rehearsal_proof(tablet.certificate.device, told["public_key"], told["journal"], hub.id)
    return RehearsalRequest(proof=keys.sign(key, b"kiosk/rehearsal/1", proof), **told)


def certify(hub: Hub, tablet: Tablet, request: RehearsalRequest) -> bytes:
    with hub.store.begin() as tx:
        device = tx.execute(select(tables.devices).where(tables.devices.c.device == tablet.certificate.device)).one()
        return devices.certify_rehearsal(tx, hub, device, request, hub.clock.now())


def a_rehearsal(hub: Hub, tablet: Tablet) -> Tablet:
    """What that tablet rehearses with: a key, a certificate and a journal of its own."""
    key = keys.SigningKey.generate()
    document = certify(hub, tablet, a_request(hub, tablet, key))
    certificate = protocol.read_document(Certificate, document, hub.key.verify_key)
    return Tablet(key, certificate, envelope.root(document))


def at_the_hub(hub: Hub) -> list[Rehearsal]:
    with hub.store.reading() as tx:
        return rehearsals(tx, fairs.find_fair(tx, "demo"), hub.clock.now())


def hear(hub: Hub, one: Tablet) -> None:
    """It was just heard of."""
    with hub.store.begin() as tx:
        where = tables.devices.c.device == one.certificate.device
        tx.execute(update(tables.devices).where(where).values(seen_at=hub.clock.now().timestamp()))


def figures(hub: Hub) -> dict[str, list[tuple[object, ...]]]:
    return {name: found for name, found in everything(hub).items() if name not in ARRIVED}


# --- in no figure -----------------------------------------------------------------------------------


@settings(law, max_examples=8)
@given(st.lists(entries, max_size=6), st.lists(entries, min_size=1, max_size=6), st.data())
def test_any_mix_in_any_order_comes_to_what_was_in_earnest_alone(hub, told, rehearsed, data):
    tablet = a_tablet(hub)
    other = a_rehearsal(hub, tablet)
    for one, some in ((tablet, told), (other, rehearsed)):
        for entry in some:
            one.record(entry)
    batches = [(tablet, part) for part in data.draw(deliveries(len(told)))]
    batches += [(other, part) for part in data.draw(deliveries(len(rehearsed)))]
    for one, (first, count) in data.draw(st.permutations(batches)):
        deliver(hub, one.batch(first, count))
    assert totals_of(hub, tablet.journal) == expected_totals(told)
    assert totals_of(hub, other.journal) == {}
    assert run_of(hub, other.journal) == (len(rehearsed), other.hash_at(len(rehearsed)), None)
    ledger.rebuild_some(hub, [other.journal])
    assert totals_of(hub, other.journal) == {}
    assert run_of(hub, other.journal)[0] == len(rehearsed)
    with hub.store.reading() as tx:
        assert list(audit._Audit(tx, audit.Held(hub.store, hub.id, hub.key.verify_key), other.journal).faults()) == []


def test_it_is_receipted_like_any_and_no_content_is_asked_for_or_kept(hub, hub_client):
    other = a_rehearsal(hub, a_tablet(hub))
    content = b"sealed for the rehearsal"
    name = hashlib.sha256(content).hexdigest()
    other.record(a_filing(blob=name, size=len(content))).record(a_headcount(7))
    path = f"/sync/v1/blobs/{name}"
    answer = hub_client.put(path, data=content, headers=other.headers("PUT", path, content))
    assert (answer.status_code, answer.json["whole"]) == (200, True)
    receipt = deliver(hub, other.batch())
    assert (receipt.seq, receipt.accepted, receipt.quarantined) == (2, 2, 0)
    path = f"/sync/v1/journals/{other.journal}"
    assert hub_client.get(path, headers=other.headers("GET", path)).json["missing_blobs"] == []
    with hub.store.reading() as tx:
        for table in (tables.blobs, tables.blob_origins, tables.complaints, tables.contents):
            assert tx.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_rebuild_verify_and_a_restored_backup_agree(hub, tmp_path: Path):
    tablet = a_tablet(hub).record(a_headcount(5))
    other = a_rehearsal(hub, tablet).record(a_headcount(300)).record(a_filing())
    deliver(hub, tablet.batch())
    untouched = figures(hub)
    deliver(hub, other.batch())
    assert figures(hub) == untouched
    hear(hub, other)
    before = everything(hub)
    assert ledger.rebuild(hub) == 1 + 1  # and the enrolment, in the hub's own journal
    assert everything(hub) == before
    assert ledger.verify(hub) == []
    written = backup.write(hub, tmp_path / "copy.kioskbackup", "a-made-up-password")
    restored = HubConfig(tmp_path / "restored", public_url=hub.config.public_url)
    backup.restore(written.path, restored, "a-made-up-password")
    with closing(open_hub(restored, FakeClock())) as again:
        assert figures(again) == figures(hub)
        assert (rows(again, tables.facts), rows(again, tables.journals)) == (before["facts"], before["journals"])
        assert [one.held for one in at_the_hub(again)] == [one.held for one in at_the_hub(hub)] == [2]
        assert ledger.verify(again) == []


def test_a_slip_of_a_rehearsal_is_no_slip_of_the_fair(hub):
    other = a_rehearsal(hub, a_tablet(hub)).record()
    deliver(hub, other.batch())
    own = other.certificate
    slip = Slip(
        journal=own.journal, device=own.device, hub=own.hub, fair=own.fair, desk=own.desk, day="2027-03-14",
        first=1, last=1, hash=other.hash_at(1).hex(), counts={"tally.counted": 1}, at=own.not_before,
    )  # fmt: skip
    with hub.store.begin() as tx:
        assert slips.keep(tx, hub, protocol.sign_document(slip, other.key), hub.clock.now()).state == "agrees"
        assert slips.of_fair(tx, "demo") == {}


# --- what it is not mistaken for ---------------------------------------------------------------------


def test_no_list_of_tablets_has_it_and_the_page_says_what_arrived(hub, hub_client, paired):
    tablet = a_tablet(hub, "d02")
    other = a_rehearsal(hub, tablet).record().record()
    deliver(hub, other.batch())
    hear(hub, other)
    office = paired.in_the_office()
    assert other.certificate.device[:8] not in office.get("/fairs/demo/completeness")
    page = office.get("/fairs/demo/devices")
    assert f'id="tablet-{tablet.certificate.device}"' in page
    assert f'id="tablet-{other.certificate.device}"' not in page
    assert 'id="rehearsals"' in page
    assert "正在演练" in page.text.partition('id="rehearsals"')[2]
    board = office.get("/fairs/demo").text  # at half past nine
    assert ("已经开放，还在演练：1 个服务台" in board, "正在演练" in board) == (True, False)
    assert 'class="rehearsing is-stop"' in board
    with hub.store.begin() as tx:
        fair = a_fair(desks=[replace(one, opens="10:00", closes="16:00") for one in a_fair().desks])
        tx.execute(update(tables.fairs).values(document=msgspec.json.encode(fair).decode()))
    board = office.get("/fairs/demo").text
    assert ("还在演练" in board, "正在演练：1 个服务台" in board) == (False, True)
    assert office.get(f"/fairs/demo/devices/{other.certificate.device}").status == 404
    assert hub_client.get("/healthz").json["unsent"] == 0


def test_which_desks_rehearse_and_whether_it_arrived(hub, clock: FakeClock):
    tablet = a_tablet(hub)
    other = a_rehearsal(hub, tablet).record()
    assert at_the_hub(hub) == []  # certified, and perhaps never begun
    deliver(hub, other.batch())
    hear(hub, other)
    [told] = at_the_hub(hub)
    assert (told.desk.id, told.state, told.held, told.is_whole) == ("d01", "on", 1, True)
    clock.tick(SILENT_SECONDS + 1)
    [told] = at_the_hub(hub)
    assert (told.state, told.is_on) == ("silent", True)
    with hub.store.begin() as tx:
        device = tx.execute(select(tables.devices).where(tables.devices.c.device == tablet.certificate.device)).one()
        devices.end_rehearsal(tx, device, other.journal)
        devices.end_rehearsal(tx, device, tablet.journal)  # its own is none
        assert rehearsing(tx, a_fair(), clock.now()) == []
        assert devices.find(tx, tablet.certificate.device[:12]).state == "active"
    assert [one.state for one in at_the_hub(hub)] == ["over"]


def test_what_counts_is_not_called_a_rehearsal_afterwards_nor_the_other_way_round(hub):
    tablet = a_tablet(hub).record(a_headcount(5))
    other = a_rehearsal(hub, tablet).record(a_headcount(300))
    deliver(hub, tablet.batch())
    deliver(hub, other.batch())
    for one, fair in ((tablet, "~demo"), (other, "demo")):
        for table in (tables.devices, tables.journals):
            with hub.store.begin() as tx:
                tx.execute(update(table).where(table.c.journal == one.journal).values(fair=fair))
        ledger.rebuild(hub)
        assert [fault for fault in ledger.verify(hub) if one.journal in fault and "certificate" in fault]
        for table in (tables.devices, tables.journals):
            with hub.store.begin() as tx:
                there = "demo" if one is tablet else "~demo"
                tx.execute(update(table).where(table.c.journal == one.journal).values(fair=there))
        ledger.rebuild(hub)
        assert ledger.verify(hub) == []


def test_a_batch_of_one_signed_as_the_other_is_refused(hub):
    tablet = a_tablet(hub).record()
    other = a_rehearsal(hub, tablet).record()
    own = {"device": tablet.certificate.device, "journal": tablet.journal}
    for header in (own, {"device": own["device"]}, {"journal": own["journal"]}):
        with pytest.raises(Problem, match=r"sync\."):
            deliver(hub, other.batch(**header))
    with pytest.raises(Problem, match=r"sync\.addressee"):
        deliver(hub, other.batch(fair="other"))


def test_another_hub_takes_no_rehearsal_for_a_tablet(hub):
    document = stored(hub, a_rehearsal(hub, a_tablet(hub)))
    header = RosterHeader(
        fair="demo", hub=hub.id, signing_key=bytes(hub.key.verify_key).hex(),
        sealing_key=bytes(hub.sealing_key).hex(), certificates=1,
    )  # fmt: skip
    with pytest.raises(Problem, match="a certificate is for a rehearsal"):
        read_roster(write_roster(header, a_fair(), [document], hub.key))


def test_a_hub_set_back_to_a_copy_knows_it_again_as_what_it_is(hub):
    tablet = a_tablet(hub)
    other = a_rehearsal(hub, tablet).record(a_headcount(300))
    document = stored(hub, other)
    with hub.store.begin() as tx:
        for table in (tables.devices, tables.journals):
            tx.execute(table.delete().where(table.c.journal == other.journal))
    with hub.store.begin() as tx:
        devices.readmit(tx, hub, document)
    deliver(hub, other.batch())
    assert totals_of(hub, other.journal) == {}
    assert ledger.verify(hub) == []


def stored(hub: Hub, one: Tablet) -> bytes:
    with hub.store.reading() as tx:
        where = tables.devices.c.device == one.certificate.device
        return bytes(tx.execute(select(tables.devices.c.certificate).where(where)).scalar_one())


# --- who gets one -----------------------------------------------------------------------------------


def ask(client, tablet: Tablet, request: RehearsalRequest):
    body = protocol.dump(request)
    return client.post("/sync/v1/rehearsals", data=body, headers=tablet.headers("POST", "/sync/v1/rehearsals", body))


def test_asking_again_gives_the_same_for_the_tablets_own_desk(hub, hub_client):
    tablet, key = a_tablet(hub, "d03"), keys.SigningKey.generate()
    request = a_request(hub, tablet, key)
    first, again = ask(hub_client, tablet, request), ask(hub_client, tablet, request)
    assert (first.status_code, first.data) == (200, again.data)
    given = protocol.read_document(Certificate, first.data, hub.key.verify_key)
    own = tablet.certificate
    assert (given.fair, given.desk, given.kinds, given.rehearsal) == (own.fair, "d03", own.kinds, own.device)
    assert (given.journal, given.not_after) == (request.journal, own.not_after)
    assert "rehearsals" in protocol.CAPABILITIES
    with hub.store.reading() as tx:  # the hub's own journal knows only of the enrolment
        own_facts = select(func.count()).select_from(tables.facts).where(tables.facts.c.kind == "device.enrolled")
        assert tx.execute(own_facts).scalar_one() == 1


def test_it_is_for_a_tablet_in_use_that_holds_both_keys(hub, hub_client, monkeypatch):
    tablet, key = a_tablet(hub), keys.SigningKey.generate()
    request = a_request(hub, tablet, key)
    stranger = a_request(hub, tablet, keys.SigningKey.generate(), public_key=request.public_key)
    assert problem_of(ask(hub_client, tablet, stranger)) == "enrol.proof"
    assert problem_of(ask(hub_client, tablet, a_request(hub, tablet, key, journal=tablet.journal))) == "enrol.known"
    unsigned = hub_client.post("/sync/v1/rehearsals", data=protocol.dump(request), headers={protocol.HEADER: "1"})
    assert problem_of(unsigned) == "sync.device"
    other = a_rehearsal(hub, tablet)
    assert problem_of(ask(hub_client, other, a_request(hub, other, key))) == "sync.device"
    headers = tablet.headers("POST", "/sync/v1/rehearsals", b"[]")
    assert hub_client.post("/sync/v1/rehearsals", data=b"[]", headers=headers).status_code == 400
    monkeypatch.setattr(devices, "REHEARSALS", 1)
    assert problem_of(ask(hub_client, tablet, request)) == "rehearsal.many"


def test_a_withdrawn_tablet_gets_none_and_its_rehearsal_learns_no_names(hub, hub_client):
    tablet = a_tablet(hub)
    other = a_rehearsal(hub, tablet)
    path = "/sync/v1/packs/demo"
    assert hub_client.get(path, headers=other.headers("GET", path)).status_code == 200
    withdraw(hub, tablet, 0)
    request = a_request(hub, tablet, keys.SigningKey.generate())
    assert problem_of(ask(hub_client, tablet, request)) == "device.revoked"
    assert problem_of(hub_client.get(path, headers=other.headers("GET", path))) == "device.revoked"


def problem_of(answer) -> str:
    return str(answer.json["problem"])
