"""A tablet is lost, stolen or breaks: what counts of it, whatever arrives when, and on which road."""

import hashlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.complaints import draw_case_number
from kiosk.hub import devices, ledger
from kiosk.hub.tables import blobs, complaints, facts
from kiosk.hub.tables import devices as table
from kiosk.reports.amounts import fold
from kiosk.sync import protocol
from kiosk.sync.protocol import Head
from tests.hub.joining import Newcomer, code_on, person_id, says_the_same, states
from tests.hub.tablets import Tablet, a_code, a_tablet, deliver, deliveries, folded, law, rows, run_of, totals_of
from tests.hub.test_api import code_of
from tests.makers import Browser, Pair, a_draft, a_filing, a_headcount, an_id
from tests.proof import share_hubs


def revoke(hub, tablet: Tablet, cutoff: int | None = None, reason: str = "丢失") -> int:
    with hub.store.begin() as tx:
        return devices.revoke(tx, hub, tablet.certificate.device, reason, person_id(hub), cutoff)


def replace(hub, tablet: Tablet) -> None:
    with hub.store.begin() as tx:
        devices.replace(tx, hub, tablet.certificate.device, "屏幕碎了", person_id(hub))


def ten_heads(hub, desk: str = "d01") -> Tablet:
    """A tablet that counted 1, 2, … 10 visitors; nothing of it delivered yet."""
    tablet = a_tablet(hub, desk)
    for n in range(1, 11):
        tablet.record(a_headcount(n))
    return tablet


def heads(hub, tablet: Tablet) -> int:
    return sum(totals_of(hub, tablet.journal).values())


def quarantined(hub, tablet: Tablet) -> list[int]:
    with hub.store.reading() as tx:
        query = select(facts.c.seq).where(facts.c.journal == tablet.journal, facts.c.problem == "device.revoked")
        return sorted(tx.execute(query).scalars())


def row_of(hub, tablet: Tablet):
    with hub.store.reading() as tx:
        return tx.execute(select(table).where(table.c.device == tablet.certificate.device)).one()


def noted(hub) -> list[tuple[str, str, dict]]:
    """What the hub wrote down about tablets, after they were enrolled: (kind, by, body)."""
    read = [envelope.decode(bytes(row[2])) for row in rows(hub, facts) if str(row[4]).startswith("device.")]
    return [(fact.kind, fact.by, fact.body) for fact in read if fact.kind != "device.enrolled"]


# --- withdrawn ------------------------------------------------------------------------------------


def test_what_was_counted_before_goes_on_counting_and_nothing_after(hub):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch(1, 6))
    assert revoke(hub, tablet) == 6
    receipt = deliver(hub, tablet.batch(7))
    assert (receipt.seq, receipt.accepted, receipt.quarantined) == (10, 4, 4)  # acknowledged, and shown, not counted
    assert (heads(hub, tablet), quarantined(hub, tablet)) == (21, [7, 8, 9, 10])
    assert noted(hub) == [
        (
            "device.revoked",
            person_id(hub),
            {"device": tablet.certificate.device, "cutoff": 6, "reason": "丢失"},
        )
    ]


def test_a_cut_off_further_back_takes_out_what_was_counted_since(hub):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch())
    assert heads(hub, tablet) == 55
    assert revoke(hub, tablet, 4) == 4
    assert (heads(hub, tablet), quarantined(hub, tablet)) == (10, [5, 6, 7, 8, 9, 10])


def test_a_cut_off_beyond_what_was_counted_is_refused(hub):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch(1, 6))
    for cutoff in (7, 10, 2**53, -1):
        with pytest.raises(Problem, match=r"device\.cutoff"):
            revoke(hub, tablet, cutoff)
    assert (row_of(hub, tablet).state, heads(hub, tablet), noted(hub)) == ("active", 21, [])


def test_facts_behind_a_gap_have_not_been_counted_and_cannot_be_vouched_for(hub):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch(1, 3))
    deliver(hub, tablet.batch(8, 3))
    assert revoke(hub, tablet) == 3
    deliver(hub, tablet.batch(4, 4))
    assert (heads(hub, tablet), quarantined(hub, tablet)) == (6, [4, 5, 6, 7, 8, 9, 10])


def test_it_can_be_cut_off_earlier_afterwards_and_never_later(hub):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch())
    revoke(hub, tablet, 8)
    for cutoff in (9, 10):
        with pytest.raises(Problem, match=r"device\.cutoff"):
            revoke(hub, tablet, cutoff)
    assert revoke(hub, tablet, 2, "找到时间了") == 2
    assert (heads(hub, tablet), row_of(hub, tablet).reason) == (3, "找到时间了")
    assert revoke(hub, tablet) == 2


@share_hubs
@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "a\0b"])
def test_a_reason_is_asked_for(hub, reason):
    tablet = a_tablet(hub)
    with pytest.raises(Problem, match=r"field\.invalid"):
        revoke(hub, tablet, reason=reason)
    assert states(hub) == {tablet.certificate.device: ("active", "none")}


@law
@given(data=st.data(), cutoff=st.integers(0, 10), told=st.integers(0, 9))
def test_revoked_at_k_means_the_first_k_count_in_whatever_order_all_arrives(hub, data, cutoff, told):
    """The journal cut into batches, repeated and shuffled; the withdrawal somewhere between two of them."""
    tablet = ten_heads(hub)
    parts = data.draw(deliveries(10))
    place = min(told, len(parts))
    for first, count in parts[:place]:
        deliver(hub, tablet.batch(first, count))
    cutoff = revoke(hub, tablet, min(cutoff, run_of(hub, tablet.journal)[0]))
    for first, count in parts[place:]:
        deliver(hub, tablet.batch(first, count))
    kept = [envelope.decode(line) for line in tablet.lines[:cutoff]]
    assert totals_of(hub, tablet.journal) == {bucket: n for bucket, n in fold(kept).items() if n}
    assert quarantined(hub, tablet) == list(range(cutoff + 1, 11))
    assert run_of(hub, tablet.journal)[0] == 10


def test_folded_again_it_comes_to_the_same(hub):
    tablet = ten_heads(hub)
    for first, count in ((4, 5), (1, 2), (2, 3)):
        deliver(hub, tablet.batch(first, count))
    revoke(hub, tablet, 5)
    deliver(hub, tablet.batch(8, 3))
    before = folded(hub)
    ledger.rebuild(hub)
    assert folded(hub) == before
    assert ledger.verify(hub) == []


def test_a_batch_that_waits_while_the_tablet_is_withdrawn_is_judged_by_that(hub):
    """It has read who the tablet is already, and holds its breath until the withdrawal is on the disk."""
    for _ in range(3):
        tablet = ten_heads(hub)
        deliver(hub, tablet.batch(1, 6))
        begun, receipts = threading.Event(), []

        def arrive(tablet=tablet, begun=begun, receipts=receipts):
            begun.wait(10)
            receipts.append(deliver(hub, tablet.batch(7)))

        thread = threading.Thread(target=arrive)
        thread.start()
        with hub.store.begin() as tx:
            devices.revoke(tx, hub, tablet.certificate.device, "被盗", "hub")
            begun.set()
            thread.join(0.3)  # long enough to come as far as it can
            assert thread.is_alive()
        thread.join()
        assert (heads(hub, tablet), receipts[0].quarantined) == (21, 4)


def test_what_citizens_sealed_is_kept_and_waits_for_a_person(hub, hub_client):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch())
    revoke(hub, tablet)
    content = b"sealed by a citizen after the tablet was lost"
    path = f"/sync/v1/blobs/{_sha256(content)}"
    assert hub_client.put(path, data=content, headers=tablet.headers("PUT", path, content)).status_code == 200
    case = a_filing(case=draw_case_number(), blob=_sha256(content), size=len(content))
    tablet.record(case)
    assert deliver(hub, tablet.batch(11)).quarantined == 1
    assert [bytes(row[1]) for row in rows(hub, blobs)] == [content]
    assert rows(hub, complaints) == []  # not counted, not in the list of cases
    assert quarantined(hub, tablet) == [11]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_withdrawn_tablet_hears_of_it_and_of_nothing_new(hub, hub_client):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch())
    path = f"/sync/v1/journals/{tablet.journal}"
    told = []
    for _ in range(2):
        answer = hub_client.get(path, headers=tablet.headers("GET", path))
        told.append(protocol.parse(Head, answer.data).cutoff)
        if told == [None]:
            revoke(hub, tablet, 7)
    assert told == [None, 7]
    packs = "/sync/v1/packs/demo"
    refused = hub_client.get(packs, headers=tablet.headers("GET", packs))
    assert code_of(refused) == "device.revoked"


# --- replaced -------------------------------------------------------------------------------------


def test_what_a_replaced_tablet_still_holds_counts_whenever_it_arrives(hub):
    old = ten_heads(hub)
    deliver(hub, old.batch(1, 6))
    replace(hub, old)
    new = a_tablet(hub)
    deliver(hub, new.record(a_headcount(100)).batch())
    assert heads(hub, old) + heads(hub, new) == 121
    receipt = deliver(hub, old.batch(7))  # days later, off a stick
    assert (receipt.seq, receipt.quarantined) == (10, 0)
    assert heads(hub, old) + heads(hub, new) == 155
    assert noted(hub) == [("device.replaced", person_id(hub), {"device": old.certificate.device, "reason": "屏幕碎了"})]


def test_a_replaced_tablet_can_be_taken_back_and_only_that(hub):
    tablet = ten_heads(hub)
    with hub.store.begin() as tx, pytest.raises(Problem, match=r"device\.state"):
        devices.reinstate(tx, hub, tablet.certificate.device, "hub")
    replace(hub, tablet)
    with pytest.raises(Problem, match=r"device\.state"):
        replace(hub, tablet)
    with hub.store.begin() as tx:
        devices.reinstate(tx, hub, tablet.certificate.device, "hub")
    assert (row_of(hub, tablet).state, row_of(hub, tablet).reason) == ("active", "")
    assert [kind for kind, _, _ in noted(hub)] == ["device.replaced", "device.reinstated"]


def test_a_replaced_tablet_that_then_is_lost_can_be_withdrawn_and_stays_so(hub):
    tablet = ten_heads(hub)
    deliver(hub, tablet.batch(1, 6))
    replace(hub, tablet)
    revoke(hub, tablet)
    deliver(hub, tablet.batch(7))
    assert heads(hub, tablet) == 21
    for again in (lambda: replace(hub, tablet), lambda: _reinstate(hub, tablet)):
        with pytest.raises(Problem, match=r"device\.state"):
            again()


def _reinstate(hub, tablet: Tablet) -> None:
    with hub.store.begin() as tx:
        devices.reinstate(tx, hub, tablet.certificate.device, "hub")


@pytest.mark.parametrize("beginning", ["", "zz", "0" * 33, "%", "_", "A", "'"])
def test_a_tablet_is_named_by_the_beginning_of_its_id_or_not_at_all(hub, beginning):
    a_tablet(hub)
    with hub.store.reading() as tx, pytest.raises(Problem, match=r"device\.unknown"):
        devices.find(tx, beginning)


def test_of_two_that_begin_alike_neither_is_meant(hub):
    first, second = a_tablet(hub), a_tablet(hub, "d02")
    ids = (first.certificate.device, second.certificate.device)
    alike = next((ids[0][:n] for n in range(32) if ids[0][: n + 1] != ids[1][: n + 1]), "")
    with hub.store.reading() as tx:
        assert devices.find(tx, ids[0][: len(alike) + 1]).device == ids[0]
        with pytest.raises(Problem, match=r"device\.unknown"):
            devices.find(tx, alike)


# --- on the screen --------------------------------------------------------------------------------


def page_of(office: Browser, tablet: Tablet | str):
    device = tablet if isinstance(tablet, str) else tablet.certificate.device
    return office.get(f"/fairs/demo/devices/{device}")


def press(office: Browser, page, act: str, **told: str):
    (form,) = [form for form in page.forms if form.action.endswith(f"/{act}")]
    return office.send(form, **told)


def test_the_page_of_tablets_shows_each_with_its_state(paired: Pair):
    hub = paired.hub
    behind, gone, broken = ten_heads(hub, "d02"), ten_heads(hub, "d03"), ten_heads(hub, "d04")
    deliver(hub, gone.batch())
    revoke(hub, gone, 4)
    replace(hub, broken)
    paired.sync()
    with hub.store.begin() as tx:
        tx.execute(table.update().where(table.c.device == behind.certificate.device).values(told_seq=10))
    page = paired.in_the_office().get("/fairs/demo/devices")
    for tablet in (behind, gone, broken):
        assert f'id="tablet-{tablet.certificate.device}"' in page
    assert [word for word in ("未传完", "齐全", "已换下", "已停用", "只计到 4", "0 / 10") if word not in page] == []


def test_a_stolen_tablet_is_withdrawn_on_its_page(paired: Pair):
    office, tablet = paired.in_the_office(), ten_heads(paired.hub, "d02")
    deliver(paired.hub, tablet.batch())
    page = press(office, page_of(office, tablet), "revoke", reason="被盗", cutoff="6")
    assert (page.status, row_of(paired.hub, tablet).state, heads(paired.hub, tablet)) == (200, "revoked", 21)
    assert all(not form.action.endswith(("/replace", "/reinstate")) for form in page.forms)


@share_hubs
def test_a_cut_off_that_cannot_be_is_said_beside_what_was_typed(paired: Pair):
    office, tablet = paired.in_the_office(), ten_heads(paired.hub, "d02")
    deliver(paired.hub, tablet.batch())
    for typed in ("11", "-1", "x", "1.5", "１", "9" * 40, "1e3"):
        page = press(office, page_of(office, tablet), "revoke", reason="被盗", cutoff=typed)
        assert (page.status, 'id="problem"' in page) == (422, True)
        (form,) = [form for form in page.forms if form.action.endswith("/revoke")]
        assert (form.values["reason"], form.values["cutoff"]) == ("被盗", typed)
    assert row_of(paired.hub, tablet).state == "active"


def test_a_broken_tablet_is_swapped_and_the_next_one_joins_at_the_same_desk(paired: Pair):
    office, client = paired.in_the_office(), paired.hub_app.test_client()
    old = next(iter(states(paired.hub)))
    page = press(office, page_of(office, old), "replace", reason="屏幕碎了")
    new = Newcomer(paired.hub, code_on(page))
    new.asks(client)
    says_the_same(office, office.get("/fairs/demo/devices"))
    certificate = protocol.read_document(protocol.Certificate, new.asks(client).data, paired.hub.key.verify_key)
    assert (certificate.desk, certificate.device != old) == ("d01", True)
    paired.booth.journal.append(a_draft())
    assert paired.sync().quarantined == 0  # the old one came on again for a minute
    assert press(office, page_of(office, old), "reinstate").status == 200
    assert {state for state, _ in states(paired.hub).values()} == {"active"}


def test_to_swap_a_tablet_twice_is_refused(paired: Pair):
    office, old = paired.in_the_office(), next(iter(states(paired.hub)))
    page = page_of(office, old)
    press(office, page, "replace", reason="屏幕碎了")
    again = press(office, page, "replace", reason="屏幕碎了")
    assert (again.status, "device.state" in again) == (409, True)


def test_the_board_asks_nobody_to_look_after_a_tablet_that_is_out_of_use(paired: Pair, clock):
    office, old = paired.in_the_office(), next(iter(states(paired.hub)))
    paired.sync()
    clock.tick(600)
    assert "未联系" in office.get("/fairs/demo")
    press(office, page_of(office, old), "replace", reason="屏幕碎了")
    assert "未联系" not in office.get("/fairs/demo")
    press(office, page_of(office, old), "revoke", reason="丢失")
    assert "未联系" not in office.get("/fairs/demo")


def test_another_fairs_tablet_and_one_that_is_not_there_have_no_page(paired: Pair):
    office = paired.in_the_office()
    for device in (an_id(9), "x", "0", "%", next(iter(states(paired.hub)))[:8]):
        assert office.get(f"/fairs/demo/devices/{device}").status == 404


def test_whoever_holds_the_key_opens_waiting_canaries_by_a_button(paired: Pair):
    office = paired.in_the_office()
    tablet = Newcomer(paired.hub, a_code(paired.hub, "d02"))
    tablet.asks(paired.hub_app.test_client())
    assert ("active", "waiting") in states(paired.hub).values()
    page = office.get("/fairs/demo/devices")
    page = press(office, page, "canaries")
    assert set(states(paired.hub).values()) == {("active", "opened")}
    assert all(not form.action.endswith("/canaries") for form in page.forms)
