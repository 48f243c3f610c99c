"""What persons decide about facts that do not count comes to the same whenever they decide it, and is folded again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.days import DayClosed
from kiosk.facts.envelope import Fact
from kiosk.hub import branches, decisions, devices, judging, ledger, schema
from kiosk.hub.context import Hub
from kiosk.hub.decisions import Named
from kiosk.hub.journal import own_journal
from kiosk.hub.tables import choices, facts, forks, journals, schema_version
from kiosk.hub.tables import decisions as decisions_table
from kiosk.hub.tables import devices as devices_table
from tests.hub.releases import a_later_release
from tests.hub.tablets import (
    PERSON,
    Entry,
    Tablet,
    a_note_of_no_time,
    a_tablet,
    deliver,
    deliveries,
    entries,
    everything,
    expected_totals,
    folded,
    law,
    poison,
    rows,
    run_of,
    totals_of,
    withdraw,
)
from tests.makers import Pair, a_fact, a_headcount, an_id
from tests.proof import figure, share


def device_of(tx: Any, tablet: Tablet) -> Any:
    return tx.execute(select(devices_table).where(devices_table.c.journal == tablet.journal)).one()


def choose(hub: Hub, tablet: Tablet, seq: int, kept: bytes | None, *lost: bytes) -> None:
    """A person says which branch counts, whatever of them has arrived."""
    with hub.store.begin() as tx:
        decisions.choose(tx, hub, device_of(tx, tablet), seq, kept, lost, "另一张卡是旧备份", PERSON)


def released(hub: Hub, tablet: Tablet, *places: int) -> None:
    decide(decisions.release, hub, tablet, *places)


def dismissed(hub: Hub, tablet: Tablet, *places: int) -> None:
    decide(decisions.dismiss, hub, tablet, *places)


def decide(act: Callable[..., None], hub: Hub, tablet: Tablet, *places: int) -> None:
    named = [Named(seq, tablet.hash_at(seq)) for seq in places]
    with hub.store.begin() as tx:
        act(tx, hub, device_of(tx, tablet), named, "已在现场核对", PERSON)


def problem_at(hub: Hub, tablet: Tablet, seq: int) -> str | None:
    with hub.store.reading() as tx:
        of = (facts.c.journal == tablet.journal) & (facts.c.seq == seq)
        return tx.execute(select(facts.c.problem).where(of)).scalar_one()


def counted(hub: Hub, tablet: Tablet) -> int:
    return sum(totals_of(hub, tablet.journal).values())


def assert_sound(hub: Hub, tablet: Tablet) -> None:
    """What is written down of the journal is what follows from all that is known, worked out anew."""
    with hub.store.reading() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == tablet.journal)).one()
        assert list(branches.faults(tx, held)) == []


# --- branches: the law --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What a person says at one moment."""

    seq: int
    kept: bytes | None
    lost: tuple[bytes, ...]


def expected_run(tablets: Sequence[Tablet], told: Sequence[Choice]) -> tuple[int, bytes, int | None]:
    """(seq, hash, forked_at) once every branch is here whole, worked out from the lines alone."""
    following: dict[bytes, set[bytes]] = {}
    for tablet in tablets:
        digest = tablet.root
        for line in tablet.lines:
            following.setdefault(digest, set()).add(envelope.chain(digest, line))
            digest = envelope.chain(digest, line)
    verdict = {}
    for choice in told:
        verdict.update(dict.fromkeys(choice.lost, "lost"))
        verdict[choice.kept] = "kept"
    seq, digest = 0, tablets[0].root
    while following.get(digest):
        left = [one for one in following[digest] if verdict.get(one) != "lost"]
        if len(left) != 1 or (len(following[digest]) > 1 and verdict.get(left[0]) != "kept"):
            return seq, digest, seq + 1
        seq, digest = seq + 1, left[0]
    return seq, digest, None


def lines_to(tablets: Sequence[Tablet], seq: int, digest: bytes) -> list[bytes]:
    return next(tablet.lines[:seq] for tablet in tablets if tablet.hash_at(seq) == digest)


@st.composite
def a_forked_journal(
    draw: st.DrawFn, tablet: Callable[[], Tablet], cards: int
) -> tuple[list[Tablet], dict[bytes, Entry]]:
    """Some cards with the same past, each going on by itself from some place of another; and what their lines are."""
    told: dict[bytes, Entry] = {}

    def record(one: Tablet, entry: Entry) -> None:
        told[one.record(entry).lines[-1]] = entry

    one = tablet()
    for entry in draw(st.lists(entries, max_size=3)):
        record(one, entry)
    found, parted = [one], len(one.lines)
    for entry in draw(st.lists(entries, min_size=1, max_size=4)):
        record(one, entry)
    for _ in range(cards - 1):
        other = draw(st.sampled_from(found)).clone()
        del other.lines[draw(st.integers(parted, len(other.lines))) :]
        other.record()  # what a random id makes unlike anything on another branch
        told[other.lines[-1]] = Entry(envelope.decode(other.lines[-1]), counts=True)
        for entry in draw(st.lists(entries, max_size=3)):
            record(other, entry)
        found.append(other)
    return found, told


@st.composite
def some_choices(draw: st.DrawFn, tablets: Sequence[Tablet]) -> list[Choice]:
    """Choices between branches where they part: first one or another, then another again, or none."""
    told = []
    for _ in range(draw(st.integers(1, 3))):
        one, other = draw(st.permutations(tablets))[:2]
        shared = [a == b for a, b in zip(one.lines, other.lines, strict=False)]
        seq = (shared.index(False) if False in shared else len(shared)) + 1
        here = [tablet.hash_at(seq) for tablet in (one, other) if len(tablet.lines) >= seq]
        if here:
            kept = draw(st.sampled_from([*here, *here, None]))
            told.append(Choice(seq, kept, tuple(digest for digest in here if digest != kept) or (b"\xee" * 32,)))
    return told


ORDERS = share(500, 4)


def test_branches_in_any_order_and_choices_at_any_moment_come_to_the_same(hub):
    tried = settings(law, max_examples=ORDERS)(given(data=st.data())(one_order_of_branches_and_choices))
    tried(hub=hub)
    figure("orders of branches and choices", ORDERS)


def one_order_of_branches_and_choices(hub: Hub, data: st.DataObject) -> None:
    cards = data.draw(st.integers(2, 4))
    tablets, told = data.draw(a_forked_journal(lambda: a_tablet(hub), cards))
    chosen = data.draw(some_choices(tablets))
    parts = [
        (card, *part) for card in range(cards) for part in data.draw(deliveries(len(tablets[card].lines))) if part[1]
    ]
    moments = sorted(data.draw(st.integers(0, len(parts))) for _ in chosen)
    for number, (card, first, count) in enumerate([*data.draw(st.permutations(parts)), (0, 1, 0)]):
        for choice in (choice for choice, moment in zip(chosen, moments, strict=True) if moment == number):
            choose(hub, tablets[0], choice.seq, choice.kept, *choice.lost)
            assert_sound(hub, tablets[0])
        deliver(hub, tablets[card].batch(first, count))
        assert_sound(hub, tablets[0])
    journal = tablets[0].journal
    seq, digest, forked_at = expected_run(tablets, chosen)
    assert run_of(hub, journal) == (seq, digest, forked_at)
    run = lines_to(tablets, seq, digest)
    assert totals_of(hub, journal) == expected_totals([told[line] for line in run])
    assert {line for at, line in stored(hub, journal).items() if at <= seq} == set(run)
    assert kept_of(hub, journal) == {pair for tablet in tablets for pair in enumerate(tablet.lines, 1)}
    before, counted = everything(hub), set(envelope.chain_all(tablets[0].root, run))
    for card, first, count in data.draw(st.permutations(parts)):
        receipt = deliver(hub, tablets[card].batch(first, count))
        assert (receipt.accepted, receipt.seq) == (0, seq)
        astray = [at for at in range(first, first + count) if tablets[card].hash_at(at) not in counted]
        assert receipt.forked == len(astray)  # whoever is on another branch is told so, and nobody else
    assert everything(hub) == before
    rebuilt(hub, tablets[0])
    assert {**everything(hub), "totals": []} == {**before, "totals": []}
    assert folded(hub)["totals"] == [row for row in before["totals"] if row[-1]]


def stored(hub: Hub, journal: str) -> dict[int, bytes]:
    return {row[1]: bytes(row[2]) for row in rows(hub, facts) if row[0] == journal}


def kept_of(hub: Hub, journal: str) -> set[tuple[int, bytes]]:
    return set(stored(hub, journal).items()) | {
        (row[1], bytes(row[3])) for row in rows(hub, forks) if row[0] == journal
    }


# --- branches: one by one -----------------------------------------------------------------------------


def two_cards(hub: Hub, common: int = 2) -> tuple[Tablet, Tablet]:
    """The same past on two cards: one goes on with tens, the other with hundreds."""
    one = a_tablet(hub)
    for _ in range(common):
        one.record()
    other = one.clone()
    for _ in range(3):
        one.record(a_headcount(10))
        other.record(a_headcount(100))
    return one, other


def both_sent(hub: Hub) -> tuple[Tablet, Tablet]:
    one, other = two_cards(hub)
    deliver(hub, one.batch())
    deliver(hub, other.batch())
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (2, 3)
    return one, other


def in_forks(hub: Hub) -> list[tuple[int, bool]]:
    """(place, decided) of what stands aside."""
    return [(row[1], row[5]) for row in rows(hub, forks)]


def test_the_branch_that_was_chosen_counts_and_the_other_is_kept_whole_beside_it(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, other.hash_at(3), one.hash_at(3))
    assert run_of(hub, one.journal) == (5, other.hash_at(5), None)
    assert counted(hub, one) == 302
    assert [row[2] for row in rows(hub, forks)] == [one.hash_at(seq) for seq in (3, 4, 5)]
    assert in_forks(hub) == [(3, True), (4, True), (5, True)]
    assert_sound(hub, one)


def test_the_chosen_tablet_goes_on_and_the_other_hears_that_its_journal_forked(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    for tablet, forked in ((one, 0), (other, 4)):
        tablet.record(a_headcount(1000))
        deliver(hub, tablet.batch())
        receipt = deliver(hub, tablet.batch())
        assert (receipt.forked, receipt.seq) == (forked, 6)
        assert receipt.accepted == 0
    assert counted(hub, one) == 1032
    assert in_forks(hub) == [(3, True), (4, True), (5, True), (6, True)]


def test_a_choice_can_be_changed(hub):
    one, other = both_sent(hub)
    for kept, lost, n in ((one, other, 32), (other, one, 302), (one, other, 32)):
        choose(hub, one, 3, kept.hash_at(3), lost.hash_at(3))
        assert (counted(hub, one), run_of(hub, one.journal)) == (n, (5, kept.hash_at(5), None))
        assert_sound(hub, one)


def test_none_of_the_branches_may_count(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, None, one.hash_at(3), other.hash_at(3))
    assert (counted(hub, one), run_of(hub, one.journal)) == (2, (2, one.hash_at(2), 3))
    assert [receipt.forked for receipt in (deliver(hub, one.batch()), deliver(hub, other.batch()))] == [3, 3]
    choose(hub, one, 3, other.hash_at(3), one.hash_at(3))
    assert counted(hub, one) == 302


def test_what_the_lost_branch_sends_later_changes_nothing_in_whatever_order_it_comes(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    for _ in range(6):
        other.record(a_headcount(100))
    before = folded(hub)
    for first in (11, 9, 7, 10, 6, 8):  # each with a gap before it, most of them beyond the end of the other branch
        deliver(hub, other.batch(first, 1))
        assert folded(hub) == before
        assert_sound(hub, one)
    assert set(in_forks(hub)) == {(seq, True) for seq in range(3, 12)}


def test_the_chosen_branch_goes_on_through_what_the_lost_one_left_in_its_way(hub):
    """A fact of the lost branch lies beyond a gap, where the chosen branch has yet to come."""
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    other.record(a_headcount(100)).record(a_headcount(100))
    one.record(a_headcount(10)).record(a_headcount(10)).record(a_headcount(10))
    deliver(hub, other.batch(first=7))
    receipt = deliver(hub, one.batch())
    assert (receipt.seq, receipt.forked, counted(hub, one)) == (8, 0, 62)
    deliver(hub, other.batch())
    assert (run_of(hub, one.journal), counted(hub, one)) == ((8, one.hash_at(8), None), 62)
    assert_sound(hub, one)


def test_a_third_branch_is_a_fork_of_its_own(hub):
    one, other = both_sent(hub)
    third = one.clone()
    del third.lines[3:]
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    third.record(a_headcount(1000))  # leaves the chosen branch after its first fact
    assert deliver(hub, third.batch()).forked == 1
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (12, 4)
    choose(hub, one, 4, third.hash_at(4), one.hash_at(4))
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (1012, None)
    choose(hub, one, 3, other.hash_at(3), one.hash_at(3))
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (302, None)


def test_a_branch_that_nobody_has_seen_does_not_count_though_the_others_were_decided_against(hub):
    one, other = both_sent(hub)
    third = one.clone()
    del third.lines[2:]
    choose(hub, one, 3, None, one.hash_at(3), other.hash_at(3))
    deliver(hub, third.record(a_headcount(1000)).batch())
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (2, 3)
    choose(hub, one, 3, third.hash_at(3), one.hash_at(3), other.hash_at(3))
    assert counted(hub, one) == 1002


def test_a_branch_whose_beginning_never_came_can_be_given_up(hub):
    one, other = two_cards(hub)
    deliver(hub, one.batch(count=3))
    deliver(hub, other.batch(first=4))
    assert run_of(hub, one.journal)[2] == 4
    choose(hub, one, 4, None, other.hash_at(4))
    assert run_of(hub, one.journal)[2] is None
    deliver(hub, one.batch())
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (32, None)


def test_branches_are_shown_as_they_would_count(hub):
    one, other = both_sent(hub)
    deliver(hub, one.record().record().batch())
    with hub.store.reading() as tx:
        found = branches.branches_at(tx, one.journal, 3)
    assert [(branch.first, len(branch.nodes), branch.forked_at, branch.is_whole) for branch in found] == [
        (one.hash_at(3), 5, None, True),
        (other.hash_at(3), 3, None, True),
    ]


def rebuilt(hub: Hub, tablet: Tablet) -> None:
    """Decisions and the tablet's journal folded again; others, of examples before, take their time."""
    with hub.store.reading() as tx:
        own = own_journal(tx, tablet.certificate.fair)
    ledger.rebuild_some(hub, [own, tablet.journal])


def test_a_tablet_on_the_lost_branch_is_told_so_and_its_screen_says_what_to_do(paired: Pair, tmp_path):
    import shutil

    from kiosk.booth.app import create_booth_app
    from kiosk.config import BoothConfig

    shutil.copytree(paired.booth.config.data, tmp_path / "copy", ignore=shutil.ignore_patterns("reserve*"))
    twin = Pair(create_booth_app(BoothConfig(tmp_path / "copy"), paired.clock), paired.hub_app, paired.clock)
    for side, n in ((paired, "5"), (twin, "1")):
        desk = side.at_the_desk()
        desk.send(desk.get("/staff").form("/staff/tally", counter="headcount", n=n))
    paired.sync()
    for side in (twin, paired):
        with pytest.raises(Problem, match=r"journal\.forked"):
            side.sync()
        assert "在新文件夹里重新登记" in side.at_the_desk().get("/staff")
    journal = paired.booth.journal.identity().journal
    with paired.hub.store.reading() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == journal)).one()
        theirs = branches.branches_at(tx, journal, held.forked_at)
        device = tx.execute(select(devices_table).where(devices_table.c.journal == journal)).one()
    mine = paired.booth.journal.hash_at(held.forked_at)
    lost = [branch.first for branch in theirs if branch.first != mine]
    with paired.hub.store.begin() as tx:
        decisions.choose(tx, paired.hub, device, held.forked_at, mine, lost, "旧备份", PERSON)
    assert paired.sync().seq == paired.booth.journal.head()[0]
    assert "在新文件夹里重新登记" not in paired.at_the_desk().get("/staff")
    with pytest.raises(Problem, match=r"journal\.forked"):
        twin.sync()
    assert "在新文件夹里重新登记" in twin.at_the_desk().get("/staff")
    twin.booth.close()


# --- branches of a tablet that was withdrawn ----------------------------------------------------------


def withdraw_as_far_as_counted(hub: Hub, tablet: Tablet) -> int:
    with hub.store.begin() as tx:
        return devices.revoke(tx, hub, tablet.certificate.device, "丢失", PERSON)


def parting(tablet: Tablet, seq: int, n: int = 1_000, length: int = 1) -> Tablet:
    """Somebody holds a copy of the tablet's file, and goes on from before `seq`."""
    thief = tablet.clone()
    del thief.lines[seq - 1 :]
    for _ in range(length):
        thief.record(a_headcount(n))
    return thief


@settings(law, max_examples=share(200, 6))
@given(data=st.data())
def test_whatever_is_signed_later_takes_out_nothing_that_counted_when_the_tablet_was_withdrawn(hub, data):
    tablet = a_tablet(hub)
    for _ in range(6):
        tablet.record()
    deliver(hub, tablet.batch())
    cutoff = data.draw(st.integers(0, 6))
    withdraw(hub, tablet, cutoff)
    cards = [tablet]
    for _ in range(data.draw(st.integers(1, 3))):
        card = data.draw(st.sampled_from(cards))
        seq, length = data.draw(st.integers(1, len(card.lines) + 1)), data.draw(st.integers(1, 5))
        cards.append(parting(card, seq, length=length))
    parts = [(card, *part) for card in cards[1:] for part in data.draw(deliveries(len(card.lines)))]
    for card, first, count in data.draw(st.permutations(parts)):
        receipt = deliver(hub, card.batch(first, count))
        assert receipt.seq >= cutoff
        assert counted(hub, tablet) == cutoff
        assert run_of(hub, tablet.journal)[0] >= cutoff
        assert_sound(hub, tablet)
        if data.draw(st.booleans()):
            assert withdraw_as_far_as_counted(hub, tablet) == cutoff
    before = everything(hub)
    rebuilt(hub, tablet)
    assert {**everything(hub), "totals": []} == {**before, "totals": []}
    assert kept_of(hub, tablet.journal) >= {
        (seq, line)
        for card, first, count in parts
        for seq, line in enumerate(card.lines, 1)
        if first <= seq < first + count
    }


def test_what_parts_from_the_settled_run_is_kept_aside_as_decided_and_its_sender_is_told(hub):
    tablet = ten_counted(hub)
    withdraw(hub, tablet, 8)
    thief = parting(tablet, 2, length=3)
    receipt = deliver(hub, thief.batch(2))
    assert (receipt.seq, receipt.hash, receipt.forked) == (10, tablet.hash_at(10).hex(), 3)
    assert (run_of(hub, tablet.journal), in_forks(hub)) == (
        (10, tablet.hash_at(10), None),
        [(2, True), (3, True), (4, True)],
    )
    assert counted(hub, tablet) == 255
    assert ledger.verify(hub) == []


def test_a_fork_that_nobody_decided_about_takes_nothing_off_what_may_still_count(hub):
    one, other = both_sent(hub)
    assert withdraw_as_far_as_counted(hub, one) == 5
    assert withdraw_as_far_as_counted(hub, one) == 5
    deliver(hub, parting(one, 2).batch(2))
    assert run_of(hub, one.journal) == (2, one.hash_at(2), 3)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    assert (counted(hub, one), run_of(hub, one.journal)[2]) == (32, None)
    for seq in range(1, 6):
        deliver(hub, parting(one, seq).batch(seq))
        assert (counted(hub, one), run_of(hub, one.journal)[2]) == (32, None)
        assert_sound(hub, one)


def test_a_person_may_still_choose_another_branch_of_a_tablet_that_was_withdrawn(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    assert withdraw_as_far_as_counted(hub, one) == 5
    for kept, lost, n in ((other, one, 302), (one, other, 32), (other, one, 302)):
        with hub.store.reading() as tx:
            shown = branches.branches_at(tx, one.journal, 3)
        assert {branch.first: len(branch.nodes) for branch in shown} == {one.hash_at(3): 3, other.hash_at(3): 3}
        choose(hub, one, 3, kept.hash_at(3), lost.hash_at(3))
        assert (counted(hub, one), run_of(hub, one.journal)) == (n, (5, kept.hash_at(5), None))
        assert_sound(hub, one)
    for seq in range(1, 6):
        deliver(hub, parting(other, seq).batch(seq))
        assert (counted(hub, one), run_of(hub, one.journal)[2]) == (302, None)
    assert ledger.verify(hub) == []


def test_what_waited_beside_the_run_is_decided_with_the_withdrawal(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    for tablet in (one, other):
        for _ in range(7):
            tablet.record()
    other.record()
    deliver(hub, one.batch())
    for first in (8, 12, 13):  # of the lost branch, each behind a gap; the last beyond the run
        deliver(hub, other.batch(first, 1))
    assert run_of(hub, one.journal)[0] == 12
    assert withdraw_as_far_as_counted(hub, one) == 12
    assert_sound(hub, one)
    assert set(in_forks(hub)) == {(seq, True) for seq in (3, 4, 5, 8, 12, 13)}
    deliver(hub, other.batch())
    assert_sound(hub, one)
    assert counted(hub, one) == 39


def test_a_settled_run_that_was_exchanged_behind_the_hubs_back_is_found(hub):
    tablet = ten_counted(hub)
    withdraw(hub, tablet, 8)
    deliver(hub, parting(tablet, 2).batch(2))
    with hub.store.begin() as tx:
        tx.execute(devices_table.update().values(settled_hash=b"\xee" * 32))
    assert any("not the one that counted when its tablet was withdrawn" in fault for fault in ledger.verify(hub))


def test_a_tablet_withdrawn_under_an_older_release_is_settled_by_the_upgrade(hub):
    tablet = ten_counted(hub).record(a_note_of_no_time())
    deliver(hub, tablet.batch())
    withdraw(hub, tablet, 8)
    with hub.store.begin() as tx:
        tx.execute(devices_table.update().values(settled_seq=None, settled_hash=None))
        tx.execute(facts.update().where(facts.c.journal == tablet.journal, facts.c.seq == 11).values(problem=None))
        tx.execute(
            schema_version.delete().where(schema_version.c.version >= schema.STEPS.index(schema._settled_runs) + 1)
        )
    schema.migrate(hub.store)
    deliver(hub, parting(tablet, 2).batch(2))
    assert (counted(hub, tablet), problem_at(hub, tablet, 11)) == (255, "fact.malformed")
    assert ledger.verify(hub) == []


# --- branches without number --------------------------------------------------------------------------


def test_branches_beyond_number_are_refused_and_what_is_known_goes_on(hub):
    tablet = ten_counted(hub)
    copies = [parting(tablet, 2 + number % 9) for number in range(branches.MOST)]
    for copy in copies:
        deliver(hub, copy.batch(len(copy.lines)))
    before = everything(hub)
    for withdrawn in (False, True):
        if withdrawn:
            assert withdraw_as_far_as_counted(hub, tablet) == 10
            before = everything(hub)
        for seq in (2, 7, 10):
            with pytest.raises(Problem, match=r"sync\.branches"):
                deliver(hub, parting(tablet, seq).batch(seq))
            with pytest.raises(Problem, match=r"sync\.branches"):
                deliver(hub, parting(tablet, 1, length=5).batch(3, 2))  # what they follow from is not here
        assert everything(hub) == before
    for copy in copies[:3]:
        copy.record()
        assert deliver(hub, copy.batch(2)).forked > 0
        assert deliver(hub, copy.batch()).accepted == 0
    assert deliver(hub, tablet.record().batch()).accepted == 1


# --- facts in quarantine ------------------------------------------------------------------------------

WITHDRAWN = "device.revoked"


def ten_counted(hub: Hub) -> Tablet:
    """Ten facts that count 1, 2, 4 … each of a digit of its own."""
    tablet = a_tablet(hub)
    for place in range(10):
        tablet.record(a_headcount(2**place if place else 1))
    deliver(hub, tablet.batch())
    return tablet


def test_what_is_released_counts_from_then_on_and_can_be_taken_back(hub):
    tablet = ten_counted(hub)
    withdraw(hub, tablet, 4)
    assert counted(hub, tablet) == 1 + 2 + 4 + 8
    released(hub, tablet, 6, 9)
    assert counted(hub, tablet) == 15 + 32 + 256
    assert [problem_at(hub, tablet, seq) for seq in (4, 5, 6, 9)] == [None, WITHDRAWN, None, None]
    dismissed(hub, tablet, 6)
    assert (counted(hub, tablet), problem_at(hub, tablet, 6)) == (15 + 256, WITHDRAWN)
    released(hub, tablet, 6)
    assert counted(hub, tablet) == 15 + 32 + 256
    assert_sound(hub, tablet)


MOMENTS = ("deliver", "again", "withdraw", "release", "dismiss", "rebuild")


@settings(law, max_examples=share(200, 6))
@given(data=st.data())
def test_released_dismissed_and_withdrawn_in_any_order_come_to_the_same(hub, data):
    """The last word about each fact counts, whenever its tablet was withdrawn and whatever arrives again."""
    tablet = a_tablet(hub)
    for place in range(8):
        tablet.record(a_fact(a_headcount(2**place or 1), id=an_id(place + 1), desk="d02" if place in (2, 5) else "d01"))
    deliver(hub, tablet.batch())
    cutoff, verdicts = None, {}
    for _ in range(data.draw(st.integers(1, 7))):
        act = data.draw(st.sampled_from(MOMENTS))
        if act == "withdraw":
            cutoff = data.draw(st.integers(0, 8 if cutoff is None else cutoff))
            withdraw(hub, tablet, cutoff)
        elif act in ("release", "dismiss"):
            held = [seq for seq in range(1, 9) if problem_at(hub, tablet, seq) or seq in verdicts]
            if places := data.draw(st.lists(st.sampled_from(held), unique=True)) if held else []:
                (released if act == "release" else dismissed)(hub, tablet, *places)
                verdicts.update(dict.fromkeys(places, act))
        elif act == "rebuild":
            rebuilt(hub, tablet)
        else:
            deliver(hub, tablet.batch(data.draw(st.integers(1, 8))))
        by_itself = {seq for seq in range(1, 9) if seq not in (3, 6) and (cutoff is None or seq <= cutoff)}
        expected = {seq for seq in range(1, 9) if verdicts.get(seq, "release" if seq in by_itself else "") == "release"}
        assert {seq for seq in range(1, 9) if problem_at(hub, tablet, seq) is None} == expected
        assert counted(hub, tablet) == sum(2 ** (seq - 1) for seq in expected)
    before = everything(hub)
    rebuilt(hub, tablet)
    assert {**everything(hub), "totals": []} == {**before, "totals": []}


def test_what_nobody_can_read_can_only_be_dismissed(hub):
    tablet = a_tablet(hub).record(b"\xff").record(a_fact(kind="prize.given")).record()
    deliver(hub, tablet.batch())
    for seq in (1, 2):
        with pytest.raises(Problem, match=r"quarantine\.unreadable"):
            released(hub, tablet, seq)
        dismissed(hub, tablet, seq)
    assert (counted(hub, tablet), problem_at(hub, tablet, 1)) == (1, "json.malformed")


def test_nobody_can_release_what_only_a_hub_may_say(hub):
    from kiosk.facts.cases import CaseOpened

    tablet = a_tablet(hub).record(CaseOpened(case="0000-00000", reason="handling"))
    deliver(hub, tablet.batch())
    with pytest.raises(Problem, match=r"quarantine\.unreadable"):
        released(hub, tablet, 1)


def test_a_fact_that_counts_by_itself_cannot_be_dismissed(hub):
    tablet = ten_counted(hub)
    with pytest.raises(Problem, match=r"quarantine\.changed"):
        dismissed(hub, tablet, 3)
    assert rows(hub, decisions_table) == []


@pytest.mark.parametrize("reason", ["", " ", "\n", "x" * 201, "a\0b", "甲\u202e乙"])
def test_a_decision_needs_a_reason_of_a_few_words(hub, reason):
    tablet = ten_counted(hub)
    withdraw(hub, tablet, 4)
    with hub.store.begin() as tx, pytest.raises(Problem, match=r"field\.invalid"):
        decisions.release(tx, hub, device_of(tx, tablet), [Named(5, tablet.hash_at(5))], reason, PERSON)
    assert rows(hub, decisions_table) == []


def test_a_release_is_of_that_fact_and_not_of_whatever_else_comes_to_stand_there(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    withdraw(hub, one, 2)
    released(hub, one, 3)
    assert counted(hub, one) == 12
    choose(hub, one, 3, other.hash_at(3), one.hash_at(3))
    assert (counted(hub, one), problem_at(hub, one, 3)) == (2, WITHDRAWN)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    assert counted(hub, one) == 12


def test_thousands_are_decided_about_at_once(hub):
    tablet = a_tablet(hub)
    for _ in range(1_000):
        tablet.record()
    deliver(hub, tablet.batch())
    withdraw(hub, tablet, 10)
    digests = envelope.chain_all(tablet.root, tablet.lines)
    named = [Named(seq, digest) for seq, digest in enumerate(digests, 1) if seq > 10]
    with hub.store.begin() as tx:
        decisions.release(tx, hub, device_of(tx, tablet), named, "已在现场核对", PERSON)
    assert counted(hub, tablet) == 1_000
    assert len(rows(hub, decisions_table)) == 990
    assert_sound(hub, tablet)


def test_a_decision_that_was_changed_behind_the_hubs_back_is_found_and_folded_again(hub):
    one, other = both_sent(hub)
    choose(hub, one, 3, one.hash_at(3), other.hash_at(3))
    withdraw(hub, one, 4)
    released(hub, one, 5)
    assert ledger.verify(hub) == []
    before = everything(hub)
    for table, changed in ((decisions_table, {"verdict": "dismissed"}), (choices, {"kept": None})):
        with hub.store.begin() as tx:
            assert tx.execute(table.update().values(**changed)).rowcount == 1
        assert any("not the one that was written down" in fault for fault in ledger.verify(hub))
    ledger.rebuild(hub)
    assert {**everything(hub), "totals": []} == {**before, "totals": []}


# --- poison, and other releases -----------------------------------------------------------------------


@law
@given(st.lists(poison, min_size=1, max_size=3), st.integers(0, 99), deliveries(300))
def test_one_poison_line_in_each_hundred_leaves_the_others_to_count_and_is_listed(hub, lines, place, parts):
    tablet = a_tablet(hub)
    for number in range(300):
        tablet.record(lines[number // 100 % len(lines)] if number % 100 == place else None)
    receipts = [deliver(hub, tablet.batch(*part)) for part in parts]
    assert (counted(hub, tablet), sum(receipt.quarantined for receipt in receipts)) == (297, 3)
    with hub.store.reading() as tx:
        of = (facts.c.journal == tablet.journal) & facts.c.problem.is_not(None)
        held = tx.execute(select(facts.c.seq, facts.c.line).where(of).order_by(facts.c.seq)).all()
    assert [(row.seq, bytes(row.line)) for row in held] == [
        (seq, tablet.lines[seq - 1]) for seq in (place + 1, place + 101, place + 201)
    ]


def may_give_prizes(hub: Hub, tablet: Tablet) -> None:
    """As a certificate of the later release says."""
    with hub.store.begin() as tx:
        kinds = f"{' '.join(tablet.certificate.kinds)} prize.given"
        of_tablet = devices_table.c.journal == tablet.journal
        tx.execute(devices_table.update().where(of_tablet).values(kinds=kinds))


def of_another_release(number: int, kind: str, v: int, **body: Any) -> Fact:
    return msgspec.structs.replace(a_fact(kind=kind, v=v, id=an_id(number)), body=body)


_NEWER = st.one_of(
    st.integers(1, 9).map(lambda n: ("tally.counted", 1, {"counter": "headcount", "n": n}, n)),
    st.integers(1, 9).map(lambda n: ("tally.counted", 2, {"counter": "headcount", "times": n, "how": "key"}, n)),
    st.just(("prize.given", 1, {"prize": "a bag"}, 1)),
    st.just(("tally.counted", 2, {"counter": "headcount", "n": 1}, 0)),  # the old shape under the new number
    st.just(("tally.counted", 3, {"counter": "headcount", "n": 1}, 0)),  # of a release later still
)


@settings(law, max_examples=share(200, 6))
@given(told=st.lists(_NEWER, min_size=1, max_size=10), data=st.data())
def test_versions_side_by_side_are_kept_whole_and_count_as_soon_as_they_are_understood(hub, told, data):
    """Some of it arrives before the hub is upgraded, the rest after: it comes to the same."""
    tablet = a_tablet(hub)
    may_give_prizes(hub, tablet)
    for number, (kind, v, body, _) in enumerate(told, 1):
        tablet.record(of_another_release(number, kind, v, **body))
    parts = data.draw(deliveries(len(told)))
    upgrade = data.draw(st.integers(0, len(parts)))
    for part in parts[:upgrade]:
        deliver(hub, tablet.batch(*part))
    with a_later_release():
        with hub.store.begin() as tx:
            judging.judge_unusable(tx, tablet.journal)
        for part in parts[upgrade:]:
            deliver(hub, tablet.batch(*part))
        assert counted(hub, tablet) == sum(n for *_, n in told)
        assert stored(hub, tablet.journal) == dict(enumerate(tablet.lines, 1))
        before = folded(hub)
        rebuilt(hub, tablet)
        assert folded(hub) == before
        assert_sound(hub, tablet)
    with hub.store.begin() as tx:
        judging.judge_again(tx, tablet.journal)  # and back to this release, for the examples to come
    known = sum(n for kind, v, _, n in told if (kind, v) == ("tally.counted", 1))
    assert counted(hub, tablet) == known


def test_what_was_dismissed_stays_so_whatever_a_later_release_makes_of_it(hub):
    tablet = a_tablet(hub)
    for number in (1, 2):
        tablet.record(of_another_release(number, "tally.counted", 2, counter="headcount", times=7, how="key"))
    deliver(hub, tablet.batch())
    dismissed(hub, tablet, 1)
    assert [problem_at(hub, tablet, seq) for seq in (1, 2)] == ["fact.unknown_kind"] * 2
    with a_later_release():
        with hub.store.begin() as tx:
            assert judging.judge_unusable(tx, tablet.journal) == 1
        assert (problem_at(hub, tablet, 1), counted(hub, tablet)) == ("fact.dismissed", 7)
        released(hub, tablet, 1)
        assert counted(hub, tablet) == 14


def test_a_tablet_enrolled_by_an_older_release_may_note_the_hubs_time_and_close_its_day(hub):
    tablet = a_tablet(hub)
    with hub.store.begin() as tx:
        of_tablet = devices_table.c.journal == tablet.journal
        tx.execute(devices_table.update().where(of_tablet).values(kinds="tally.counted"))
    tablet.record(ClockCompared(hub_at="2027-03-15T09:30:00.000+08:00", rtt_ms=40)).record()
    tablet.record(DayClosed(day="2027-03-15", first=1, last=2, counts={}))
    assert deliver(hub, tablet.batch()).quarantined == 0
