"""What is known of a simulated fair before anything happens at it: its hub, its tablets, what falls to each."""

from functools import cached_property

import msgspec

from kiosk.packs.fairs import Desk
from kiosk.packs.reader import read_pack
from kiosk.simulation import clocks, days, fairs, journals
from kiosk.simulation.dice import Seed
from kiosk.simulation.fairs import LEAFLETS, Hours
from kiosk.simulation.journals import Written
from kiosk.simulation.sizes import Size
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate
from kiosk.sync.rosters import RosterHeader, write_roster

#: What its tablets may record.
KINDS = (
    "clock.compared", "complaint.filed", "day.closed", "exhibit.judged", "quiz.answered", "quiz.finished",
    "shift.entered", "shift.refused", "tally.counted", "tally.undone",
)  # fmt: skip
_ENROLLED, _FOR_EVER = "2027-03-13T10:00:00.000+08:00", "9999-12-31T23:59:59.000+08:00"


class Booth(msgspec.Struct, frozen=True):
    """One tablet of the fair."""

    number: int  # from 1
    desk: Desk
    key: keys.SigningKey
    certificate: Certificate
    document: bytes  # the certificate, signed
    clock: str  # one of clocks.KINDS

    @property
    def name(self) -> str:
        return f"booth-{self.number:04d}"


class Fleet:
    """A simulated fair of one size and seed. Made again, it is the same."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.seed = Seed(size.name, seed)
        self.hub = self.seed.id("hub")
        self.key = self.seed.signing_key("hub", "signing")
        self.sealing_key = self.seed.sealing_key("hub", "sealing")
        self.fair = fairs.make_fair(size, self.seed)
        self.pack = read_pack()
        self._portions = fairs.portions(size, self.fair, self.seed.dice("portions"))
        self._clocks = clocks.kinds(size.booths, self.seed.dice("clocks"))

    def booth(self, number: int) -> Booth:
        """The n-th tablet, from 1."""
        desk = self.fair.desks[number - 1]
        key = self.seed.signing_key("device", number)
        certificate = Certificate(
            device=self.seed.id("device", number, "id"),
            public_key=bytes(key.verify_key).hex(),
            journal=self.seed.id("journal", number),
            hub=self.hub,
            fair=self.fair.id,
            desk=desk.id,
            kinds=list(KINDS),
            not_before=_ENROLLED,
            not_after=_FOR_EVER,  # a rehearsal may be repeated in any year
        )
        document = protocol.sign_document(certificate, self.key)
        return Booth(number, desk, key, certificate, document, self._clocks[number - 1])

    def journal(self, booth: Booth) -> Written:
        """Everything the tablet recorded over the whole fair."""
        dice = self.seed.dice("day", booth.number)
        open_ = fairs.openings(self._places[booth.desk.venue])
        tablet = clocks.Tablet(booth.clock, fairs.sessions(open_), dice)
        desk = days.Desk(
            fair=self.fair.id,
            portion=self._portions[booth.number - 1],
            tablet=tablet,
            hours=Hours(open_, dice),
            leaflets=LEAFLETS,
            pack=self.pack,
            sealing_key=self.sealing_key.public_key,
            dice=dice,
            volunteers=(f"v-{dice.getrandbits(24):06x}", f"v-{dice.getrandbits(24):06x}"),
        )
        return journals.write(booth.document, booth.desk.id, tablet, days.happenings(desk))

    def roster(self) -> bytes:
        """What another hub needs to take these tablets' batches in."""
        header = RosterHeader(
            fair=self.fair.id,
            hub=self.hub,
            signing_key=bytes(self.key.verify_key).hex(),
            sealing_key=bytes(self.sealing_key.public_key).hex(),
            certificates=self.size.booths,
        )
        documents = [self.booth(number).document for number in range(1, self.size.booths + 1)]
        return write_roster(header, self.fair, documents, self.key)

    @cached_property
    def _places(self) -> dict[str, int]:
        """Venue → its number, from 0."""
        return {venue.id: number for number, venue in enumerate(self.fair.venues)}
