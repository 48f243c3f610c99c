"""However tablets are restarted, cut off, copied and shown each other's vouchers: a voucher is redeemed once a tablet.

A machine plays a fair of several tablets against a model. What the model cannot rule out is a copied tablet: it holds
the key and the history, and no tablet alone can know of the other. There the bound is one redemption a copy, no more
than the quota, and every copy that went on is a fork the hub sees: two journals of one certificate whose chains part.
"""

import itertools
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from kiosk.booth import outbox
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.prizes import find_issued, hand_over
from kiosk.errors import Problem
from kiosk.facts.prizes import PrizeIssued, code_of, end_id, voucher_id
from kiosk.sync import keys, vouchers
from tests.clocks import FakeClock
from tests.makers import a_journal, an_id, facts_of
from tests.proof import share

_QUOTA = 4


class Tablet:
    """A tablet's folder with its journal open, and the two steps of a redemption as the desk's page takes them."""

    def __init__(self, folder: Path, clock: FakeClock, original: str) -> None:
        self.folder = folder
        self.clock = clock
        self.original = original  # whose copy it is
        self.journal = Journal(folder / "booth.db", clock)
        self.key = outbox.load_key(folder)
        certificate = self.journal.identity().certificate
        assert certificate is not None
        self.certificate = certificate

    def restart(self) -> None:
        self.journal.close()
        self.journal = Journal(self.folder / "booth.db", self.clock)

    def issue(self, session: str) -> str | None:
        if len(facts_of(self.journal, "prize.issued")) >= _QUOTA:
            return None
        voucher = voucher_id(session)
        body = PrizeIssued(prize="bag", session=session, code=code_of(voucher))
        self.journal.append(Draft(voucher, body, "visitor"))
        return vouchers.write(self.key, self.certificate, body.code)

    def redeem(self, text: str, hand: str) -> bool:
        """Whether the prize went into a hand by this touch."""
        issued = find_issued(self.journal, self.certificate, text)
        before = self.journal.fact(end_id(issued.id))
        hand_over(self.journal, issued, hand, "li")
        return before is None


class AFair(RuleBasedStateMachine):
    texts = Bundle("texts")

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.clock = FakeClock()
        self.tablets: list[Tablet] = []
        self.given: dict[tuple[int, str], int] = {}  # (tablet, text) → redemptions
        self.n = 0

    def teardown(self) -> None:
        for tablet in self.tablets:
            tablet.journal.close()
        shutil.rmtree(self.place)

    def fresh(self) -> str:
        self.n += 1
        return an_id(1000 + self.n)

    @initialize()
    def tablets_come(self) -> None:
        for n in range(3):
            a_journal(self.place / f"t{n}", self.clock).close()
            self.tablets.append(Tablet(self.place / f"t{n}", self.clock, f"t{n}"))

    @rule(target=texts, which=st.integers(0, 5))
    def somebody_wins(self, which: int) -> str:
        return self.tablets[which % len(self.tablets)].issue(self.fresh()) or "K315V2:NONE"

    @rule(text=texts, which=st.integers(0, 5), again=st.booleans())
    def somebody_shows_a_voucher(self, text: str, which: int, again: bool) -> None:
        at = which % len(self.tablets)
        hand = self.fresh()
        for _ in range(1 + again):
            with suppress(Problem):
                if self.tablets[at].redeem(text, hand):
                    self.given[at, text] = self.given.get((at, text), 0) + 1

    @rule(text=texts, which=st.integers(0, 5))
    def somebody_makes_one_up(self, text: str, which: int) -> None:
        tablet = self.tablets[which % len(self.tablets)]
        if text != "K315V2:NONE":
            code = vouchers.read(text).code
            forged = vouchers.write(keys.SigningKey.generate(), tablet.certificate, code)
            with pytest.raises(Problem):
                tablet.redeem(forged, self.fresh())

    @rule(which=st.integers(0, 5))
    def a_tablet_restarts(self, which: int) -> None:
        self.tablets[which % len(self.tablets)].restart()

    @rule(which=st.integers(0, 5))
    def somebody_copies_a_tablet(self, which: int) -> None:
        if len(self.tablets) < 6:
            one = self.tablets[which % len(self.tablets)]
            one.journal.close()
            copy = self.place / f"copy{len(self.tablets)}"
            shutil.copytree(one.folder, copy)
            one.journal = Journal(one.folder / "booth.db", self.clock)
            self.tablets.append(Tablet(copy, self.clock, one.original))

    @invariant()
    def each_tablet_redeems_a_voucher_once_and_within_its_quota(self) -> None:
        assert all(n == 1 for n in self.given.values())
        for tablet in self.tablets:
            ends = [fact.body["voucher"] for fact in facts_of(tablet.journal, "prize.redeemed")]
            assert len(ends) == len(set(ends)) <= _QUOTA

    @invariant()
    def what_was_redeemed_twice_was_redeemed_by_copies_whose_chains_part(self) -> None:
        by_text: dict[str, list[Tablet]] = {}
        for at, text in self.given:
            by_text.setdefault(text, []).append(self.tablets[at])
        for those in by_text.values():
            assert len({tablet.original for tablet in those}) == 1
            for one, other in itertools.pairwise(those):
                seq = min(one.journal.head()[0], other.journal.head()[0])
                assert one.journal.hash_at(seq) != other.journal.hash_at(seq)


TestAFair = AFair.TestCase
TestAFair.settings = settings(
    max_examples=share(300, 15), stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
