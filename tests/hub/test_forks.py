"""A restored or cloned journal: both branches kept, neither counted, the same whatever came first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Problem
from kiosk.hub import ledger
from kiosk.hub.context import Hub
from kiosk.hub.tables import facts, forks
from tests.hub.tablets import (
    Tablet,
    a_tablet,
    deliver,
    deliveries,
    entries,
    expected_totals,
    folded,
    law,
    rows,
    run_of,
    totals_of,
)
from tests.makers import Pair, a_headcount


def kept(hub: Hub, journal: str) -> set[tuple[int, bytes]]:
    """(seq, line) of everything the hub keeps of a journal, on whichever branch."""
    first = {(row[1], bytes(row[2])) for row in rows(hub, facts) if row[0] == journal}
    return first | {(row[1], bytes(row[3])) for row in rows(hub, forks) if row[0] == journal}


def a_cloned_journal(hub: Hub, common: int = 2) -> tuple[Tablet, Tablet]:
    """Two cards with the same past: each goes on for two facts of its own."""
    one = a_tablet(hub)
    for _ in range(common):
        one.record()
    other = one.clone()
    return one.record(a_headcount(10)).record(a_headcount(10)), other.record(a_headcount(70)).record(a_headcount(70))


def test_the_first_branch_counts_until_the_second_is_seen(hub):
    one, other = a_cloned_journal(hub)
    assert deliver(hub, one.batch()).seq == 4
    receipt = deliver(hub, other.batch())
    assert (receipt.forked, receipt.accepted, receipt.duplicates, receipt.seq) == (2, 0, 2, 2)
    assert receipt.hash == one.hash_at(2).hex()
    assert sum(totals_of(hub, one.journal).values()) == 2


def test_nothing_after_a_fork_counts_any_more(hub):
    one, other = a_cloned_journal(hub)
    deliver(hub, one.batch())
    deliver(hub, other.batch())
    assert deliver(hub, one.record().batch()).seq == 2
    assert run_of(hub, one.journal)[2] == 3


def test_a_branch_that_goes_on_where_the_other_stopped_is_noticed_without_its_first_facts(hub):
    one, other = a_cloned_journal(hub)
    deliver(hub, one.batch(count=3))
    receipt = deliver(hub, other.batch(first=4))
    assert (receipt.forked, receipt.seq) == (1, 3)
    assert run_of(hub, one.journal)[2] == 4  # what is known so far; the rest of the branch moves it back
    deliver(hub, other.batch())
    assert run_of(hub, one.journal)[2] == 3


@law
@given(
    st.lists(entries, max_size=4),
    st.lists(entries, min_size=1, max_size=4),
    st.lists(entries, min_size=1, max_size=4),
    st.data(),
)
def test_two_branches_in_any_order_and_split_come_to_the_same_fork(hub, common, left, right, data):
    one = a_tablet(hub)
    for entry in common:
        one.record(entry)
    other = one.clone()
    for entry in left:
        one.record(entry)
    other.record()  # what a random id makes unlike anything on the other branch
    for entry in right:
        other.record(entry)
    parts = [(one, *part) for part in data.draw(deliveries(len(one.lines))) if part[1]]
    parts += [(other, *part) for part in data.draw(deliveries(len(other.lines))) if part[1]]
    for tablet, first, count in data.draw(st.permutations(parts)):
        deliver(hub, tablet.batch(first, count))
    fork = len(common) + 1
    assert run_of(hub, one.journal) == (fork - 1, one.hash_at(fork - 1), fork)
    assert totals_of(hub, one.journal) == expected_totals(common)
    assert kept(hub, one.journal) == {*enumerate(one.lines, 1), *enumerate(other.lines, 1)}
    before = folded(hub)
    ledger.rebuild_some(hub, [one.journal])
    assert folded(hub) == before


def test_an_empty_batch_of_a_clone_marks_no_fork_that_no_stored_fact_shows(hub):
    one, other = a_cloned_journal(hub)
    deliver(hub, one.batch())
    deliver(hub, other.batch(first=5))  # nothing in it but the hash of its own past
    before = folded(hub)
    ledger.rebuild(hub)
    assert folded(hub) == before


def test_a_tablet_whose_card_was_copied_is_told_that_its_journal_forked(paired: Pair, tmp_path):
    import shutil

    from kiosk.booth.app import create_booth_app
    from kiosk.config import BoothConfig

    shutil.copytree(paired.booth.config.data, tmp_path / "copy")
    twin = Pair(create_booth_app(BoothConfig(tmp_path / "copy"), paired.clock), paired.hub_app, paired.clock)
    for side in (paired, twin):
        desk = side.at_the_desk()
        desk.send(desk.get("/staff").form("/staff/tally", counter="headcount"), n="5")
    paired.sync()
    with pytest.raises(Problem, match=r"journal\.forked"):
        twin.sync()
    twin.booth.close()


def test_a_fork_is_the_same_however_often_it_is_delivered(hub):
    one, other = a_cloned_journal(hub)
    batches = [one.batch(), other.batch()]
    for batch in batches:
        deliver(hub, batch)
    before = folded(hub), rows(hub, facts), rows(hub, forks)
    for batch in batches * 3:
        deliver(hub, batch)
    assert (folded(hub), rows(hub, facts), rows(hub, forks)) == before


def test_what_one_tablet_does_to_its_journal_touches_no_other(hub):
    one, other = a_cloned_journal(hub)
    neighbour = a_tablet(hub, "d02").record(a_headcount(9))
    for tablet in (neighbour, one, other):
        deliver(hub, tablet.batch())
    assert sum(totals_of(hub, neighbour.journal).values()) == 9
    assert run_of(hub, neighbour.journal) == (1, neighbour.hash_at(1), None)
