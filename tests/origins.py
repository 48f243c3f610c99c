"""A hub elsewhere, as bytes: its keys, its fair, the certificates it gave out, and the roster it would tell another."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kiosk.facts import envelope
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.packs.fairs import Fair
from kiosk.sync import keys, protocol, rosters
from kiosk.sync.protocol import Certificate
from kiosk.sync.rosters import RosterHeader
from tests.hub.tablets import Tablet
from tests.makers import a_certificate, a_fair, a_key, an_id


@dataclass
class Origin:
    """Where a fair is run that another hub takes in."""

    hub: str = an_id(0xE15E)
    key: keys.SigningKey = field(default_factory=lambda: a_key(77))
    sealing_key: keys.PrivateKey = field(default_factory=lambda: keys.PrivateKey(b"\x4e" * 32))
    fair: Fair = field(default_factory=lambda: a_fair(id="elsewhere"))
    documents: list[bytes] = field(default_factory=list)

    def enrol(self, number: int = 1, desk: str = "d01", **changes: Any) -> Tablet:
        """A tablet with a certificate of this hub; the n-th has the n-th key."""
        told = {
            "device": an_id(0xE000 + number),
            "journal": an_id(0xF000 + number),
            "public_key": bytes(a_key(number).verify_key).hex(),
            "hub": self.hub,
            "fair": self.fair.id,
            "desk": desk,
            "kinds": list(BOOTH_KINDS),
            "not_after": "9999-12-31T23:59:59.000+08:00",
        }
        certificate = a_certificate(**{**told, **changes})
        document = protocol.sign_document(certificate, self.key)
        self.documents.append(document)
        return Tablet(a_key(number), certificate, envelope.root(document))

    def header(self, **changes: Any) -> RosterHeader:
        header = RosterHeader(
            fair=self.fair.id,
            hub=self.hub,
            signing_key=bytes(self.key.verify_key).hex(),
            sealing_key=bytes(self.sealing_key.public_key).hex(),
            certificates=len(self.documents),
        )
        return msgspec.structs.replace(header, **changes)

    def roster_bytes(self, documents: Sequence[bytes] | None = None, **header: Any) -> bytes:
        """The roster as a file; `header` changes what its first line says."""
        shown = self.documents if documents is None else documents
        return rosters.write_roster(self.header(**{"certificates": len(shown), **header}), self.fair, shown, self.key)

    def roster(self) -> rosters.Roster:
        return rosters.read_roster(self.roster_bytes())


def a_foreign_certificate(origin: Origin, **changes: Any) -> bytes:
    """A certificate of another fair, hub or signer, that has no place in the origin's roster."""
    key = changes.pop("key", origin.key)
    other = Origin(origin.hub, key, origin.sealing_key, origin.fair)
    other.enrol(9, **changes)
    return other.documents[0]


__all__ = ["Certificate", "Origin", "a_foreign_certificate"]
