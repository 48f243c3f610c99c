"""Day slips at the hub: what a tablet said it held, against what is here; signed, or typed off paper."""

import msgspec
import pytest

from kiosk.errors import Problem
from kiosk.facts.days import DayClosed
from kiosk.hub import completeness, devices, fairs, slips
from kiosk.hub.slips import Verdict, foremost
from kiosk.sync import protocol, sequence
from kiosk.sync.protocol import Slip
from tests.hub import tablets
from tests.hub.tablets import Tablet, a_tablet, deliver, rows
from tests.makers import CASEWORKER, Browser, a_key, an_id
from tests.proof import share_hubs


def a_slip(tablet: Tablet, last: int | None = None, **changes) -> Slip:
    """What the tablet shows when it closes."""
    last = len(tablet.lines) if last is None else last
    certificate = tablet.certificate
    slip = Slip(
        journal=certificate.journal,
        device=certificate.device,
        hub=certificate.hub,
        fair=certificate.fair,
        desk=certificate.desk,
        day="2027-03-15",
        first=1,
        last=last,
        hash=tablet.hash_at(last).hex(),
        counts={"tally.counted": last},
        at="2027-03-15T17:02:00.000+08:00",
    )
    return msgspec.structs.replace(slip, **changes)


def signed(tablet: Tablet, slip: Slip | None = None) -> bytes:
    return protocol.sign_document(slip or a_slip(tablet), tablet.key)


def keep(hub, document: bytes) -> Verdict:
    with hub.store.begin() as tx:
        return slips.keep(tx, hub, document, hub.clock.now(), "p-chen")


def typed(hub, tablet: Tablet, seq: int, code: str = "", device: str = "") -> Verdict:
    """Somebody reads a slip off paper, by default as it stands there."""
    code = code or protocol.slip_code(tablet.hash_at(seq))
    with hub.store.begin() as tx:
        return slips.keep_typed(tx, "demo", tablet.certificate.desk, seq, code, hub.clock.now(), "p-chen", device)


def now(hub, tablet: Tablet) -> str:
    """What the slip that speaks for a tablet says now."""
    with hub.store.reading() as tx:
        return slips.of_fair(tx, "demo")[tablet.journal].state


def kept(hub) -> list[tuple[object, ...]]:
    return rows(hub, tablets.tables.slips)


# --- signed slips ---------------------------------------------------------------------------------


def test_a_slip_agrees_when_everything_it_names_is_here(hub):
    tablet = a_tablet(hub).record().record().record()
    deliver(hub, tablet.batch())
    verdict = keep(hub, signed(tablet))
    assert (verdict.state, verdict.seq, verdict.held, verdict.is_typed) == ("agrees", 3, 3, False)


def test_a_slip_of_facts_that_never_came_is_behind_until_they_do(hub):
    tablet = a_tablet(hub).record().record().record()
    deliver(hub, tablet.batch(1, 1))
    verdict = keep(hub, signed(tablet))
    assert (verdict.state, verdict.seq, verdict.held) == ("behind", 3, 1)
    deliver(hub, tablet.batch(2))
    assert now(hub, tablet) == "agrees"


def test_a_slip_is_behind_as_long_as_there_is_a_gap_before_its_last_fact(hub):
    tablet = a_tablet(hub).record().record().record()
    deliver(hub, tablet.batch(3))
    assert keep(hub, signed(tablet)).state == "behind"
    deliver(hub, tablet.batch(1, 2))
    assert now(hub, tablet) == "agrees"


def test_a_slip_that_names_another_fact_proves_a_fork(hub):
    tablet = a_tablet(hub).record().record()
    twin = tablet.clone()
    deliver(hub, tablet.record().batch())
    verdict = keep(hub, signed(twin.record()))
    assert (verdict.state, verdict.is_conflict) == ("differs", True)
    with hub.store.reading() as tx:
        (row,) = [one for one in booths(tx, hub) if one.device]
    assert (row.state, row.forked_at) == ("forked", 3)


def test_the_slip_of_an_empty_journal_names_its_root(hub):
    tablet = a_tablet(hub)
    assert keep(hub, signed(tablet)).state == "agrees"
    other = a_tablet(hub, "d02")
    assert keep(hub, signed(other, a_slip(other, hash="ab" * 32))).state == "differs"


def test_the_same_slip_again_changes_nothing(hub, clock):
    tablet = a_tablet(hub).record()
    keep(hub, signed(tablet))
    before = kept(hub)
    clock.tick(60)
    assert keep(hub, signed(tablet)).state == "behind"
    assert kept(hub) == before


def test_facts_after_a_slip_do_not_make_it_wrong(hub):
    tablet = a_tablet(hub).record()
    slip = signed(tablet)
    deliver(hub, tablet.record().record().batch())
    assert keep(hub, slip).state == "agrees"


def refused(hub, document: bytes) -> str:
    with pytest.raises(Problem) as raised:
        keep(hub, document)
    assert kept(hub) == []
    return raised.value.code


def test_a_slip_is_believed_only_as_its_tablet_signed_it(hub):
    tablet, other = a_tablet(hub).record(), a_tablet(hub, "d02").record()
    slip = a_slip(tablet)
    assert refused(hub, protocol.sign_document(slip, a_key(5))) == "sync.signature"
    assert refused(hub, signed(tablet).replace(b'"last":1', b'"last":2')) == "sync.signature"
    for changes, code in (
        ({"device": an_id(9)}, "sync.device"),
        ({"journal": other.journal}, "sync.device"),
        ({"hub": an_id(9)}, "sync.addressee"),
        ({"fair": "other"}, "sync.addressee"),
        ({"desk": "d02"}, "sync.addressee"),
    ):
        assert refused(hub, signed(tablet, msgspec.structs.replace(slip, **changes))) == code, changes


@share_hubs
def test_every_byte_of_a_slip_counts(hub):
    document = signed(a_tablet(hub).record())
    for at in range(0, len(document), 3):
        changed = bytearray(document)
        changed[at] ^= 1
        assert refused(hub, bytes(changed)).startswith(("sync.", "json.")), at
    for end in range(0, len(document), 5):
        assert refused(hub, document[:end]).startswith(("sync.", "json.")), end
    assert refused(hub, document + b"\n") == "sync.malformed"


# --- typed slips ----------------------------------------------------------------------------------


def test_a_typed_slip_is_compared_by_forty_bits_of_the_same_hash(hub):
    tablet = a_tablet(hub).record().record()
    deliver(hub, tablet.batch())
    assert typed(hub, tablet, 2).state == "agrees"
    code = protocol.slip_code(tablet.hash_at(2))
    for written in (code.lower(), code.replace("-", " "), code.replace("-", ""), f" {code} "):
        assert typed(hub, tablet, 2, written).state == "agrees"
    assert [(row[2], row[8]) for row in kept(hub)] == [(tablet.hash_at(2).hex()[:10], "typed")]


def test_a_mistyped_slip_is_no_fork_and_typing_it_again_mends_it(hub):
    tablet = a_tablet(hub).record().record()
    deliver(hub, tablet.batch())
    verdict = typed(hub, tablet, 2, "0000-0000")
    assert (verdict.state, verdict.is_conflict) == ("differs", False)
    with hub.store.reading() as tx:
        found = completeness.standing(booths(tx, hub))
    assert (found.differing, found.forked, found.is_whole) == (1, 0, False)
    assert typed(hub, tablet, 20).state == "behind"
    assert typed(hub, tablet, 2).state == "agrees"
    assert len(kept(hub)) == 1


@share_hubs
@pytest.mark.parametrize("code", ["", "ABCD", "ABCD-EFG", "ABCD-EFGHJ", "UUUU-UUUU", "一二三四五六七八"])
def test_what_is_no_code_is_asked_for_again(hub, code):
    tablet = a_tablet(hub).record()
    with pytest.raises(Problem, match=r"slip\.code"), hub.store.begin() as tx:
        slips.keep_typed(tx, "demo", "d01", 1, code, hub.clock.now(), "p-chen")
    right = protocol.slip_code(tablet.hash_at(1))
    with pytest.raises(Problem, match=r"desk\.bare"), hub.store.begin() as tx:
        slips.keep_typed(tx, "demo", "d02", 1, right, hub.clock.now(), "p-chen")
    assert kept(hub) == []


def test_of_two_tablets_at_a_desk_a_typed_slip_belongs_to_the_one_it_fits(hub, clock):
    old = a_tablet(hub).record().record()
    clock.tick(3600)
    new = a_tablet(hub).record()
    for tablet in (old, new):
        deliver(hub, tablet.batch())
    assert typed(hub, old, 2).journal == old.journal
    assert typed(hub, new, 1).journal == new.journal
    with pytest.raises(Problem, match=r"slip\.tablet"):
        typed(hub, new, 7, "0000-0000")  # fits neither: somebody has to say whose it is
    for tablet in (old, new):
        assert typed(hub, old, 7, "0000-0000", tablet.certificate.device).journal == tablet.journal
    with pytest.raises(Problem, match=r"slip\.tablet"):
        typed(hub, old, 7, "0000-0000", a_tablet(hub, "d02").certificate.device)


def test_the_slip_of_the_new_tablet_does_not_make_up_for_what_the_old_one_s_says_is_missing(hub):
    old = a_tablet(hub)
    for _ in range(12):
        old.record()
    deliver(hub, old.batch(1, 5))
    with hub.store.begin() as tx:
        devices.replace(tx, hub, old.certificate.device, "broken", "p-chen")
    new = a_tablet(hub).record()
    deliver(hub, new.batch())
    assert typed(hub, old, 12, device=old.certificate.device).state == "behind"
    assert typed(hub, new, 1).state == "agrees"
    with hub.store.reading() as tx:
        found = completeness.standing(booths(tx, hub))
    assert (found.differing, found.slips, found.is_whole) == (1, 1, False)
    deliver(hub, old.batch(6))
    assert (now(hub, old), now(hub, new)) == ("agrees", "agrees")


def test_the_page_asks_whose_slip_it_is_where_a_desk_had_several_tablets(hub, hub_client):
    office = Browser(hub_client).sign_in(*CASEWORKER)
    old = a_tablet(hub).record().record()
    new = a_tablet(hub).record()
    deliver(hub, new.batch())
    form = office.get("/fairs/demo/slips").form("/fairs/demo/slips")
    told = {"desk": " D01 ", "seq": "2", "code": protocol.slip_code(old.hash_at(2))}
    asked = office.send(form, **told)
    assert (asked.status, kept(hub)) == (409, [])
    assert all(f'<option value="{tablet.certificate.device}"' in asked for tablet in (old, new))
    again = asked.form("/fairs/demo/slips")
    assert office.send(again, **told, device="").status == 409
    assert "0 / 2" in office.send(again, **told, device=old.certificate.device)
    assert [row[0] for row in kept(hub)] == [old.journal]


def test_what_speaks_for_a_tablet_is_a_proof_of_a_fork_or_else_what_goes_furthest():
    def one(seq: int, state: str = "agrees", *, is_typed: bool = False, received_at: float = 0) -> Verdict:
        return Verdict("j", "d", "d01", seq, "", 9, state, is_typed, "2027-03-15", "", received_at)

    fork, late, early = one(3, "differs"), one(9), one(5)
    for told, seq, state, vouched in (
        ([late, early, fork], 3, "differs", 9),
        ([early, late], 9, "agrees", 9),
        ([one(9, "differs", is_typed=True), late], 9, "agrees", 9),
        ([early, one(8, "behind", is_typed=True)], 8, "behind", 5),
        ([one(8, "agrees", is_typed=True)], 8, "agrees", 0),
    ):
        found = foremost(told)
        assert (found.seq, found.state, found.vouched) == (seq, state, vouched)


# --- on the road and on the page ------------------------------------------------------------------


def booths(tx, hub):
    return completeness.booths(tx, fairs.find_fair(tx, "demo"), hub.clock.now(), hub.pack.version)


def test_the_page_compares_what_is_typed(hub, hub_client):
    office = Browser(hub_client).sign_in(*CASEWORKER)
    tablet = a_tablet(hub).record().record()
    deliver(hub, tablet.batch())
    page = office.get("/fairs/demo/slips")
    assert page.status == 200
    form = page.form("/fairs/demo/slips")
    right = protocol.slip_code(tablet.hash_at(2))
    answer = office.send(form, desk=" D01 ", seq="２", code=right.lower())
    assert (answer.status, "2 / 2" in answer, "一致" in answer) == (200, True, True)
    assert "不一致" in office.send(form, desk="d01", seq="1,000", code=right)
    for told, status in (
        ({"desk": "d99"}, 404),
        ({"desk": "d05"}, 409),
        ({"seq": "-1"}, 400),
        ({"seq": "many"}, 400),
        ({"seq": "9" * 12}, 400),
        ({"code": "ABCD"}, 422),
    ):
        again = office.send(form, **{"desk": "d01", "seq": "2", "code": right, **told})
        assert (again.status, right in again or "ABCD" in again) == (status, True), told


def test_only_the_organiser_may_type_and_everybody_may_look(hub, hub_app):
    from kiosk.hub import people

    with hub.store.begin() as tx:
        people.add_person(tx, "lin", "a-made-up-password", {"viewer"}, None)
    looker = Browser(hub_app.test_client()).sign_in("lin", "a-made-up-password")
    page = looker.get("/fairs/demo/slips")
    assert (page.status, 'name="code"' in page) == (200, False)
    csrf = page.form("/logout").values["csrf"]
    assert looker.post("/fairs/demo/slips", desk="d01", seq="1", code="ABCDEFGH", csrf=csrf).status == 403
    assert looker.get("/fairs/demo/scan").status == 403


def test_a_slip_is_scanned_by_the_page_of_codes(hub, hub_client):
    office = Browser(hub_client).sign_in(*CASEWORKER)
    tablet = a_tablet(hub).record().record()
    deliver(hub, tablet.batch())
    form = office.get("/fairs/demo/scan").form("/fairs/demo/scan")
    for text in (sequence.write_document(sequence.SLIP, signed(tablet)), signed(tablet).decode()):
        answer = office.send(form, text=text)
        assert (answer.status, "2 / 2" in answer) == (200, True)
    assert [row[8] for row in kept(hub)] == ["document"]  # the same slip twice is one
    assert office.send(form, text="K315S:NONSENSE").status == 400


def test_a_closing_in_the_journal_is_as_good_as_being_heard(hub, clock):
    tablet = a_tablet(hub).record()
    tablet.record(DayClosed(day="2027-03-15", first=1, last=1, counts={"tally.counted": 1}))
    deliver(hub, tablet.batch())
    clock.tick(3600)
    with hub.store.reading() as tx:
        (row,) = [one for one in booths(tx, hub) if one.device]
    assert (row.state, row.closed) == ("whole", "2027-03-15")
