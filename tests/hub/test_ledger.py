"""Folding again must come out the same; and what was changed behind the hub's back is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, event, select, update

from kiosk.hub import fairs, ledger, totals
from kiosk.hub.context import Hub
from kiosk.hub.tables import blobs, desk_totals, facts, forks, journals
from kiosk.hub.tables import totals as totals_table
from tests.hub.phones import file_by_phone, opens
from tests.hub.tablets import (
    Tablet,
    a_tablet,
    deliver,
    entries,
    expected_totals,
    folded,
    law,
    rows,
    run_of,
    totals_of,
)
from tests.makers import Pair, a_fair, a_filing, a_headcount


def sums(hub: Hub) -> dict[str, int]:
    with hub.store.reading() as tx:
        return totals.sums(tx, "demo")


def three_facts(hub: Hub) -> Tablet:
    tablet = a_tablet(hub).record(a_headcount(1)).record(a_headcount(20)).record(a_headcount(300))
    deliver(hub, tablet.batch())
    return tablet


def spoil(hub: Hub, statement) -> None:
    """Reach into the database, as nobody should."""
    with hub.store.begin() as tx:
        assert tx.execute(statement).rowcount == 1


# --- rebuild --------------------------------------------------------------------------------------


@law
@given(st.lists(entries, max_size=10), st.booleans())
def test_rebuilt_totals_are_the_incremental_ones(hub, told, has_a_gap):
    tablet = a_tablet(hub)
    for entry in told:
        tablet.record(entry)
    deliver(hub, tablet.batch())
    if has_a_gap:
        deliver(hub, tablet.record().record().batch(first=len(told) + 2))
    before = folded(hub)
    ledger.rebuild_some(hub, [tablet.journal])
    assert folded(hub) == before
    assert totals_of(hub, tablet.journal) == expected_totals(told)


def test_rebuild_keeps_what_the_hub_itself_wrote_down(paired: Pair):
    """Complaints from phones and the openings of cases stand in the hub's own journal."""
    case = file_by_phone(paired)
    office = paired.in_the_office()
    assert opens(office, case).status == 200
    before = folded(paired.hub), sums(paired.hub)
    ledger.rebuild(paired.hub)
    assert (folded(paired.hub), sums(paired.hub)) == before
    assert case in office.get("/fairs/demo/cases")


def test_rebuild_mends_totals_that_were_changed(hub):
    tablet = three_facts(hub)
    before = folded(hub)
    spoil(hub, update(totals_table).where(totals_table.c.journal == tablet.journal).values(n=5000))
    ledger.rebuild(hub)
    assert folded(hub) == before


def test_rebuild_says_how_many_facts_count(hub):
    three_facts(hub)
    assert ledger.rebuild(hub) == 3 + 1  # and the enrolment, in the hub's own journal


@pytest.mark.parametrize("together", [0, 3, 7, 10_000])
def test_however_many_journals_go_together_it_comes_to_the_same(hub, monkeypatch, together):
    tablets = [three_facts(hub) for _ in range(4)]
    before = folded(hub)
    for tablet in tablets:
        spoil(hub, update(totals_table).where(totals_table.c.journal == tablet.journal).values(n=5000))
    monkeypatch.setattr(ledger, "_TOGETHER", together)
    assert ledger.rebuild(hub) == 4 * (3 + 1)
    assert folded(hub) == before


def test_a_longer_journal_is_folded_in_pieces(hub, monkeypatch):
    tablet = three_facts(hub)
    before = folded(hub)
    for size in (1, 2, 3):
        monkeypatch.setattr(ledger, "_READ", ledger._READ.limit(size))
        monkeypatch.setattr(ledger, "_CHUNK", size)
        ledger.rebuild(hub)
        assert (folded(hub), run_of(hub, tablet.journal)) == (before, (3, tablet.hash_at(3), None))


def test_a_journal_too_long_to_be_held_is_read_twice_and_comes_to_the_same(hub, monkeypatch):
    tablet = three_facts(hub)
    before = folded(hub)
    spoil(hub, update(totals_table).where(totals_table.c.journal == tablet.journal).values(n=5000))
    monkeypatch.setattr(ledger, "_SHORT", 2)
    ledger.rebuild(hub)
    assert folded(hub) == before


def test_rebuild_writes_what_is_missing_and_strikes_what_no_fact_says(hub):
    tablet, other = three_facts(hub), three_facts(hub)
    before = folded(hub)
    spoil(hub, delete(totals_table).where(totals_table.c.journal == tablet.journal))
    spoil(hub, update(desk_totals).where(desk_totals.c.journal == tablet.journal).values(desk="d99"))
    spoil(hub, update(totals_table).where(totals_table.c.journal == other.journal).values(fair="other"))
    ledger.rebuild(hub)
    assert folded(hub) == before
    assert ledger.verify(hub) == []


def test_rebuild_moves_a_head_and_clocks_that_were_changed_back(hub):
    tablet = three_facts(hub)
    before = rows(hub, journals)
    for changed in ({"seq": 2}, {"hash": b"x" * 32}, {"forked_at": 2}, {"clocks": "{}"}, {"doubtful": 7}):
        spoil(hub, update(journals).where(journals.c.journal == tablet.journal).values(changed))
        ledger.rebuild(hub)
        assert rows(hub, journals) == before


def test_rebuild_of_what_is_right_already_writes_no_total(hub):
    three_facts(hub)
    written = []
    event.listen(hub.store._writer, "before_cursor_execute", lambda *told: written.append(told[2]))
    ledger.rebuild(hub)
    into = [one for one in written if "totals" in one.split("WHERE")[0] and not one.lstrip().startswith("SELECT")]
    assert written
    assert into == []


def test_rebuild_does_not_count_a_line_that_is_not_as_it_was_received(hub):
    tablet = three_facts(hub)
    line = tablet.lines[2].replace(b"300", b"301")
    spoil(hub, update(facts).where(facts.c.journal == tablet.journal, facts.c.seq == 3).values(line=line))
    ledger.rebuild(hub)
    assert sum(totals_of(hub, tablet.journal).values()) == 21


def test_rebuild_counts_what_a_former_release_could_not_read(hub):
    tablet = a_tablet(hub).record(a_headcount(4))
    deliver(hub, tablet.batch())
    where = facts.c.journal == tablet.journal
    spoil(hub, update(facts).where(where).values(problem="fact.unknown_kind"))
    with hub.store.begin() as tx:
        totals.refold(tx, tablet.journal)
    assert totals_of(hub, tablet.journal) == {}
    ledger.rebuild(hub)
    assert sum(totals_of(hub, tablet.journal).values()) == 4


def test_two_fairs_at_one_hub_are_never_added_together(hub, hub_app):
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other"))
    for fair, n in (("demo", 3), ("other", 50)):
        tablet = a_tablet(hub, fair=fair).record(a_headcount(n))
        deliver(hub, tablet.batch())
        file_by_phone(Pair(hub_app, hub_app, hub.clock), device=tablet.certificate.device)
    with hub.store.reading() as tx:
        found = {fair: totals.sums(tx, fair) for fair in ("demo", "other")}
    assert {fair: (sums["tally.headcount"], sums.get("complaint.filed")) for fair, sums in found.items()} == {
        "demo": (3, 1),
        "other": (50, 1),
    }


# --- SQL and the fold --------------------------------------------------------------------------------


@law
@given(st.lists(st.tuples(st.sampled_from(["d01", "d02", "d06"]), entries), max_size=12))
def test_what_the_database_adds_up_is_the_pure_fold(hub, told):
    start = sums(hub)
    with hub.store.reading() as tx:
        start_by_desk = totals.sums_by_desk(tx, "demo")
    by_desk = {desk: [entry for at, entry in told if at == desk and entry.counts] for desk in ("d01", "d02", "d06")}
    expected = dict(start)
    for desk, its in by_desk.items():
        tablet = a_tablet(hub, desk)
        for entry in its:
            tablet.record(_body_of(entry), at=entry.thing.at)
        deliver(hub, tablet.batch())
        for (_day, _hour, _desk, metric), n in expected_totals(its).items():
            expected[metric] = expected.get(metric, 0) + n
    now = sums(hub)
    assert {key: n for key, n in now.items() if n} == {key: n for key, n in expected.items() if n}
    with hub.store.reading() as tx:
        found = totals.sums_by_desk(tx, "demo")
    for desk, its in by_desk.items():
        of_desk = dict(start_by_desk.get(desk, {}))
        for (_day, _hour, _desk, metric), n in expected_totals(its).items():
            of_desk[metric] = of_desk.get(metric, 0) + n
        assert {key: n for key, n in found.get(desk, {}).items() if n} == {key: n for key, n in of_desk.items() if n}


def _body_of(entry):
    from kiosk.facts.vocabulary import REGISTRY

    return REGISTRY.read(entry.thing)


def test_a_day_and_some_desks_can_be_asked_for(hub):
    for desk, day, n in (("d01", "2027-03-15", 1), ("d01", "2027-03-16", 20), ("d02", "2027-03-15", 300)):
        deliver(hub, a_tablet(hub, desk).record(a_headcount(n), at=f"{day}T00:30:00.000+08:00").batch())
    with hub.store.reading() as tx:
        assert totals.sums(tx, "demo", day="2027-03-15")["tally.headcount"] == 301
        assert totals.sums(tx, "demo", desks=["d01"])["tally.headcount"] == 21
        assert totals.sums_by_hour(tx, "demo", "tally.headcount") == {0: 20}  # the latest day
        of_day = {one.key: one.value for one in fairs.figures_of(tx, a_fair(), "2027-03-16")}
    assert of_day["headcount"] == 20


# --- verify ---------------------------------------------------------------------------------------


def test_verify_finds_nothing_at_a_hub_nobody_touched(paired: Pair):
    file_by_phone(paired)
    three_facts(paired.hub)
    assert ledger.verify(paired.hub) == []


@pytest.mark.parametrize("change", [(b'"n":20', b'"n":99'), (b'"n":20', b'"n":2 '), (b'{"v"', b'["v"'), (b"}}", b"}")])
def test_verify_finds_a_changed_line(hub, change):
    tablet = three_facts(hub)
    line = tablet.lines[1].replace(*change)
    assert line != tablet.lines[1]
    spoil(hub, update(facts).where(facts.c.journal == tablet.journal, facts.c.seq == 2).values(line=line))
    assert any(f"{tablet.journal}: fact 2" in fault for fault in ledger.verify(hub))


def test_verify_finds_two_facts_that_changed_places(hub):
    tablet = three_facts(hub)
    with hub.store.begin() as tx:
        for seq, of in ((1, 2), (2, 1)):
            values = {"line": tablet.lines[of - 1], "hash": tablet.hash_at(of)}
            tx.execute(update(facts).where(facts.c.journal == tablet.journal, facts.c.seq == seq).values(values))
    assert ledger.verify(hub)


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_verify_finds_a_missing_fact(hub, seq):
    tablet = three_facts(hub)
    spoil(hub, delete(facts).where(facts.c.journal == tablet.journal, facts.c.seq == seq))
    assert any(tablet.journal in fault for fault in ledger.verify(hub))


def test_verify_finds_a_changed_total(hub):
    tablet = three_facts(hub)
    spoil(hub, update(totals_table).where(totals_table.c.journal == tablet.journal).values(n=totals_table.c.n + 1))
    assert [fault for fault in ledger.verify(hub) if "322" in fault and "321" in fault]


def test_verify_finds_a_total_without_facts_and_facts_without_a_total(hub):
    tablet = three_facts(hub)
    spoil(hub, update(totals_table).where(totals_table.c.journal == tablet.journal).values(metric="tally.board"))
    assert len([fault for fault in ledger.verify(hub) if "total of" in fault]) == 2


def test_verify_finds_a_sum_of_a_desk_that_is_not_the_sum_of_its_hours(hub):
    tablet = three_facts(hub)
    spoil(hub, update(desk_totals).where(desk_totals.c.journal == tablet.journal).values(n=desk_totals.c.n + 1))
    (fault,) = ledger.verify(hub)
    assert "tally.headcount at desk d01 is 322, its hours say 321" in fault


def test_verify_finds_a_head_that_was_moved(hub):
    tablet = three_facts(hub)
    spoil(hub, update(journals).where(journals.c.journal == tablet.journal).values(seq=2))
    assert ledger.verify(hub)


def test_verify_finds_a_damaged_blob(paired: Pair):
    file_by_phone(paired)
    with paired.hub.store.reading() as tx:
        name, content = tx.execute(select(blobs.c.sha256, blobs.c.content)).one()
    spoil(paired.hub, update(blobs).values(content=content[:-1] + bytes([content[-1] ^ 1])))
    assert ledger.verify(paired.hub) == [f"blob {name} is damaged"]


def test_verify_lists_every_fault_at_once(hub):
    one, other = three_facts(hub), three_facts(hub)
    for tablet in (one, other):
        line = tablet.lines[2].replace(b"300", b"301")
        spoil(hub, update(facts).where(facts.c.journal == tablet.journal, facts.c.seq == 3).values(line=line))
    faults = ledger.verify(hub)
    assert all(any(tablet.journal in fault for fault in faults) for tablet in (one, other))


def test_a_complaint_whose_sealed_content_is_still_on_the_way_is_no_fault(hub):
    body = a_filing()
    deliver(hub, a_tablet(hub).record(body).batch())
    assert ledger.verify(hub) == []


def test_a_fork_is_no_fault_of_the_hub(hub):
    one = a_tablet(hub).record()
    other = one.clone().record()
    deliver(hub, one.record().batch())
    deliver(hub, other.batch())
    assert run_of(hub, one.journal)[2] == 2
    with hub.store.reading() as tx:
        assert len(tx.execute(select(forks)).all()) == 1
    assert ledger.verify(hub) == []
