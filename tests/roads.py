"""The roads beside the wire: bundles cut from a tablet however a test wants, a relay in the same process, and a hub's
own answers."""

import io
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import select

from kiosk.clock import Clock, stamp
from kiosk.config import RelayConfig
from kiosk.hub import carrying
from kiosk.hub.carrying import Taken
from kiosk.hub.context import Hub
from kiosk.hub.tables import devices
from kiosk.relay import app as relay_app
from kiosk.relay.app import Relay
from kiosk.sync import keys
from kiosk.sync.bundles import BundleHeader, BundleWriter
from kiosk.sync.push import Transport
from tests.clocks import FAIR_MORNING
from tests.hub.tablets import Tablet


def a_bundle(
    here: Hub,
    tablet: Tablet,
    parts: Iterable[tuple[int, int]] | None = None,
    blobs: Iterable[bytes] = (),
    slips: Iterable[bytes] = (),
    *,
    key: keys.SigningKey | None = None,
    **header: object,
) -> bytes:
    """Stretches (first, count) of a tablet's journal as one bundle, by default all; `header` changes its header."""
    with here.store.reading() as tx:
        query = select(devices.c.certificate).where(devices.c.device == tablet.certificate.device)
        document = bytes(tx.execute(query).scalar_one())
    said = BundleHeader(
        journal=tablet.journal,
        device=tablet.certificate.device,
        fair=tablet.certificate.fair,
        hub=tablet.certificate.hub,
        certificate=document.decode(),
        seq=len(tablet.lines),
        hash=tablet.hash_at(len(tablet.lines)).hex(),
        first=1,
        at=stamp(FAIR_MORNING),
    )
    stream = io.BytesIO()
    writer = BundleWriter(stream, msgspec.structs.replace(said, **header))
    for blob in blobs:
        writer.add("blob", blob)
    for first, count in [(1, len(tablet.lines))] if parts is None else parts:
        writer.add("batch", tablet.batch(first, count))
    for slip in slips:
        writer.add("slip", slip)
    writer.close(key or tablet.key)
    return stream.getvalue()


def carry(hub: Hub, bundle: bytes) -> Taken:
    """Take a bundle in as `kiosk hub import` does."""
    checked = carrying.verify(hub, io.BytesIO(bundle))
    with hub.store.begin() as tx:
        return carrying.take_in(tx, hub, checked)


def receipts_of(hub: Hub) -> bytes:
    """A file of receipts for every tablet, as `kiosk hub receipt` writes it."""
    with hub.store.reading() as tx:
        found = carrying.receipts(tx, hub, carrying.journals_of(tx))
    return carrying.sign_all(hub, found)


def a_relay(folder: Path, hub: Hub, road: Transport, clock: Clock, **settings: int) -> Relay:
    """A relay made for a hub and opened; close it. What is in the folder already stays."""
    config = RelayConfig(folder, **settings)
    if not config.hub_file.exists():
        relay_app.init_relay(config, "http://localhost", hub.fingerprint.hex(), road)
    return relay_app.open_relay(config, clock, road)
