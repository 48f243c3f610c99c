"""A hub that was set back to an older copy knows its tablets again: by its own signature, and by no other."""

import secrets
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import delete

from kiosk.booth import carrying, outbox
from kiosk.config import HubConfig
from kiosk.facts import envelope
from kiosk.hub import carrying as hub_carrying
from kiosk.hub import ledger
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import devices, facts, journals
from kiosk.sync import protocol
from kiosk.sync.protocol import Certificate, Return
from tests.hub.tablets import Tablet, a_tablet, everything, folded, rows
from tests.hub.test_api import code_of
from tests.makers import HUB_URL, Pair, WsgiTransport, a_draft, a_key, an_id, fill_complaint


def forget(hub: Hub, journal: str) -> None:
    """As if the copy had been made before that tablet joined."""
    with hub.store.begin() as tx:
        for table in (devices, journals, facts):
            tx.execute(delete(table).where(table.c.journal == journal))


def come_back(client, tablet: Tablet, document: bytes, device: str = ""):
    path = f"/sync/v1/devices/{device or tablet.certificate.device}"
    body = protocol.dump(Return(certificate=document.decode(), canary=""))
    return client.put(path, data=body, headers=tablet.headers("PUT", path, body))


def document_of(hub: Hub, tablet: Tablet) -> bytes:
    (row,) = [row for row in rows(hub, devices) if row[1] == tablet.journal]
    return bytes(row[list(devices.columns.keys()).index("certificate")])


# --- a tablet comes back by itself ------------------------------------------------------------------


def test_a_tablet_the_hub_has_forgotten_brings_everything_again(paired: Pair):
    pair = paired
    pair.booth.journal.append(*(a_draft() for _ in range(5)))
    *_, _receipt = fill_complaint(pair.at_the_desk())
    pair.sync()
    before = {name: found for name, found in folded(pair.hub).items() if name in ("totals", "complaints")}
    forget(pair.hub, pair.booth.journal.identity().journal)
    with pair.hub.store.begin() as tx:
        for table in ("totals", "desk_totals", "complaints", "blobs"):
            tx.exec_driver_sql(f"DELETE FROM {table}")
    pair.sync()
    assert {name: found for name, found in folded(pair.hub).items() if name in before} == before
    assert ledger.verify(pair.hub) == []
    assert pair.booth.journal.unsent() == 0
    ((state,),) = [(row[list(devices.columns.keys()).index("canary_state")],) for row in rows(pair.hub, devices)]
    assert state == "waiting", "what it sealed anew has yet to be opened"
    pair.in_the_office()
    pair.sync()
    assert (
        outbox.learn(pair.booth.journal, outbox.load_key(pair.booth.config.data), WsgiTransport(pair.hub_app)).canary
        == "opened"
    )


def test_a_restored_hub_gets_what_tablets_recorded_that_joined_since(hub: Hub, tmp_path: Path, clock):
    """From the copy on the disk to the last fact of a tablet the copy has never heard of."""
    from kiosk.hub import backup
    from tests.makers import a_pair

    backup.write(hub, tmp_path / "hub.backup", "a-made-up-password")
    pair = a_pair(tmp_path / "booth", hub, clock)
    with closing(pair.booth):
        pair.booth.journal.append(*(a_draft() for _ in range(12)))
        pair.sync()
        backup.restore(tmp_path / "hub.backup", HubConfig(tmp_path / "restored"), "a-made-up-password")
        with closing(open_hub(HubConfig(tmp_path / "restored", public_url=HUB_URL), clock)) as restored:
            again = Pair(pair.booth_app, create_hub_app(restored), clock)
            again.sync()
            journal = pair.booth.journal
            held = [row[2] for row in rows(restored, facts) if row[0] == journal.identity().journal]
            assert [bytes(line) for line in held] == journal.lines(1, 1_000)
            assert ledger.verify(restored) == []


def test_by_stick_it_is_known_again_too(paired: Pair, tmp_path: Path):
    paired.booth.journal.append(*(a_draft() for _ in range(5)))
    paired.sync()
    carrier = carrying.Carrier.of(paired.booth.journal, outbox.load_key(paired.booth.config.data))
    carrying.export(carrier, tmp_path / "all.kiosk", everything=True, clock=paired.clock)
    forget(paired.hub, paired.booth.journal.identity().journal)
    with paired.hub.store.begin() as tx:
        for table in ("totals", "desk_totals"):
            tx.exec_driver_sql(f"DELETE FROM {table}")
    (done,) = hub_carrying.import_files(paired.hub, [tmp_path / "all.kiosk"], lambda _done, _of: None)
    assert done.problem is None
    assert done.taken is not None
    assert done.taken.is_complete
    assert ledger.verify(paired.hub) == []


# --- and nobody else does ---------------------------------------------------------------------------


def test_coming_back_twice_is_coming_back_once(hub, hub_client):
    tablet = a_tablet(hub)
    document = document_of(hub, tablet)
    before = everything(hub)
    assert come_back(hub_client, tablet, document).status_code == 200
    assert everything(hub) == before, "it was never away"
    forget(hub, tablet.journal)
    for _ in range(3):
        assert come_back(hub_client, tablet, document).status_code == 200
    assert len(rows(hub, devices)) == 1
    assert ledger.verify(hub) == []


def refused(hub, answer, *codes: str) -> None:
    assert code_of(answer) in codes
    assert rows(hub, devices) == []


def test_a_certificate_that_another_signed_is_refused(hub, hub_client):
    tablet = a_tablet(hub)
    document = document_of(hub, tablet)
    forget(hub, tablet.journal)
    forged = [
        protocol.sign_document(tablet.certificate, a_key(7)),
        protocol.sign_document(msgspec.structs.replace(tablet.certificate, desk="d02"), tablet.key),
        document[:-3] + (b"00" if document[-3:-1] != b"00" else b"11") + b"\n",
        document.replace(b'"d01"', b'"d02"'),
        hub.sign(protocol.Receipt(hub=hub.id, journal=an_id(), seq=0, hash="0" * 64, accepted=0, duplicates=0,
                                  quarantined=0, forked=0, batch="0" * 64, at="2027-03-15T09:30:00.000+08:00")),
        b"",
        b"nonsense",
    ]  # fmt: skip
    for one in forged:
        refused(hub, come_back(hub_client, tablet, one), "sync.device")
    assert come_back(hub_client, tablet, document).status_code == 200


def test_a_certificate_without_its_key_is_refused(hub, hub_client):
    tablet, thief = a_tablet(hub), a_tablet(hub, "d02")
    document = document_of(hub, tablet)
    for one in (tablet, thief):
        forget(hub, one.journal)
    thief.certificate = tablet.certificate
    refused(hub, come_back(hub_client, thief, document), "sync.signature")
    refused(hub, come_back(hub_client, tablet, document, device=an_id(5)), "sync.device", "sync.signature")


def test_the_hubs_own_certificate_admits_nobody(hub, hub_client):
    from kiosk.hub.tables import identity

    ((_, document, _),) = rows(hub, identity)
    own = protocol.read_document(Certificate, bytes(document), hub.key.verify_key)
    tablet = Tablet(hub.key, own, envelope.root(bytes(document)))
    refused(hub, come_back(hub_client, tablet, bytes(document)), "sync.device")


def test_another_tablets_journal_is_not_taken_over(hub, hub_client):
    """Only a hub could sign such a certificate; it must not undo what it holds all the same."""
    tablet = a_tablet(hub)
    other = msgspec.structs.replace(tablet.certificate, device=secrets.token_hex(16))
    document = hub.sign(other)
    before = everything(hub)
    refusal = come_back(hub_client, Tablet(tablet.key, other, envelope.root(document)), document)
    assert code_of(refusal) == "enrol.known"
    assert everything(hub) == before


def test_a_fair_or_desk_the_copy_lacks_is_named(hub, hub_client):
    tablet = a_tablet(hub)
    for change, code in (({"fair": "other"}, "fair.unknown"), ({"desk": "d99"}, "desk.unknown")):
        certificate = msgspec.structs.replace(
            tablet.certificate, device=secrets.token_hex(16), journal=secrets.token_hex(16), **change
        )
        document = hub.sign(certificate)
        answer = come_back(hub_client, Tablet(tablet.key, certificate, envelope.root(document)), document)
        assert code_of(answer) == code
    assert len(rows(hub, devices)) == 1
