"""A fair run elsewhere is taken in with its tablets; nothing of this hub's own can be reached that way."""

from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest
from sqlalchemy import select

from kiosk.errors import ROSTER_OTHER, ROSTER_OWN, ROSTER_TAKEN, SEAL_ELSEWHERE, SYNC_ADDRESSEE, Problem
from kiosk.facts.cases import CaseOpened
from kiosk.hub import blobs, fairs, ledger, rosters, tables
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.hub.journal import own_journal
from kiosk.packs.model import Text
from kiosk.sync import keys
from tests.hub.phones import opens
from tests.hub.tablets import a_tablet, deliver, everything, rows
from tests.makers import CASEWORKER, Browser, a_fair, a_filing, a_headcount, a_key, an_id
from tests.origins import Origin


@pytest.fixture
def origin() -> Origin:
    return Origin()


def adopt(hub, origin: Origin, *, may_change: bool = False) -> rosters.Adopted:
    roster = origin.roster()
    with hub.store.begin() as tx:
        return rosters.adopt(tx, hub, roster, may_change=may_change)


def refused(hub, origin: Origin, *, may_change: bool = False) -> Problem:
    """It is refused, and nothing is changed."""
    before = everything(hub)
    with pytest.raises(Problem) as raised:
        adopt(hub, origin, may_change=may_change)
    assert everything(hub) == before
    return raised.value


def fair_row(hub, fair_id: str):
    with hub.store.reading() as tx:
        return tx.execute(select(tables.fairs).where(tables.fairs.c.id == fair_id)).one()


def headcount(hub, fair_id: str) -> int:
    with hub.store.reading() as tx:
        figures = fairs.figures_of(tx, fairs.find_fair(tx, fair_id))
    return next(figure.value for figure in figures if figure.key == "headcount")


# --- what it does -----------------------------------------------------------------------------------


def test_the_fair_and_its_tablets_are_there_and_say_where_they_come_from(hub, origin):
    tablets = [origin.enrol(1), origin.enrol(2, "d02")]
    adopted = adopt(hub, origin)
    fingerprint = origin.header().fingerprint.hex()
    assert (adopted.fair, adopted.origin, adopted.new, adopted.known) == ("elsewhere", fingerprint, 2, 0)
    row = fair_row(hub, "elsewhere")
    assert (row.origin, row.origin_fingerprint) == (origin.hub, fingerprint)
    with hub.store.reading() as tx:
        assert fairs.find_fair(tx, "elsewhere") == origin.fair
        device = tx.execute(
            select(tables.devices).where(tables.devices.c.device == tablets[0].certificate.device)
        ).one()
    assert (device.hub, device.state, bytes(device.certificate)) == (origin.hub, "active", origin.documents[0])
    assert not [row for row in rows(hub, tables.volunteers) if "elsewhere" in row]


def test_what_its_tablets_send_is_counted_there_and_nowhere_else(hub, origin):
    tablet = origin.enrol(1)
    adopt(hub, origin)
    receipt = deliver(hub, tablet.record(a_headcount(7)).batch())
    assert (receipt.accepted, receipt.quarantined, receipt.seq) == (1, 0, 1)
    assert (headcount(hub, "elsewhere"), headcount(hub, "demo")) == (7, 0)


def test_its_tablets_write_to_their_own_hub(hub, origin):
    tablet = origin.enrol(1)
    adopt(hub, origin)
    with pytest.raises(Problem) as raised:
        deliver(hub, tablet.record().batch(hub=hub.id))
    assert raised.value.kind is SYNC_ADDRESSEE


def test_doing_it_again_changes_nothing(hub, origin):
    tablet = origin.enrol(1)
    adopt(hub, origin)
    deliver(hub, tablet.record().batch())
    before = everything(hub)
    adopted = adopt(hub, origin)
    assert (adopted.new, adopted.known) == (0, 1)
    assert everything(hub) == before


def test_a_later_roster_adds_tablets(hub, origin):
    first = origin.enrol(1)
    adopt(hub, origin)
    deliver(hub, first.record(a_headcount(2)).batch())
    second = origin.enrol(2, "d02")
    adopted = adopt(hub, origin)
    assert (adopted.new, adopted.known) == (1, 1)
    deliver(hub, second.record(a_headcount(3)).batch())
    assert headcount(hub, "elsewhere") == 5


def test_an_older_roster_takes_none_away(hub, origin):
    origin.enrol(1)
    older = Origin(documents=list(origin.documents))
    origin.enrol(2)
    adopt(hub, origin)
    before = everything(hub)
    assert adopt(hub, older).known == 1
    assert everything(hub) == before


def test_a_roster_of_many_tablets_is_taken_in_whole(hub, origin):
    for number in range(1, 256):
        origin.enrol(number)
    assert adopt(hub, origin).new == 255
    assert adopt(hub, origin).known == 255


def test_a_fair_that_changed_is_taken_in_anew_by_who_says_so_and_its_tablets_count_on(hub, origin):
    tablet = origin.enrol(1)
    adopt(hub, origin)
    deliver(hub, tablet.record(a_headcount(2)).batch())
    old = origin.fair
    desks = [msgspec.structs.replace(old.desks[0], name=Text("新名", "New")), *old.desks[1:-1]]
    origin.fair = msgspec.structs.replace(old, desks=desks, ends="2027-03-16", quiz_modes=["quick"])
    problem = refused(hub, origin)
    assert problem.kind is ROSTER_OTHER
    assert "basics, quiz, desks; if this is the newer one, add --changed" in problem.sentence("en")
    adopted = adopt(hub, origin, may_change=True)
    assert (adopted.changed, adopted.known) == (["basics", "quiz", "desks"], 1)
    with hub.store.reading() as tx:
        assert fairs.find_fair(tx, "elsewhere") == origin.fair
    assert fair_row(hub, "elsewhere").origin == origin.hub
    deliver(hub, tablet.record(a_headcount(3)).batch())
    assert (headcount(hub, "elsewhere"), ledger.verify(hub)) == (5, [])
    before = everything(hub)
    assert adopt(hub, origin, may_change=True).changed == ()
    assert everything(hub) == before


# --- what it can never do ---------------------------------------------------------------------------


def test_no_tablet_is_added_to_a_fair_of_this_hub(hub):
    origin = Origin(fair=a_fair(id="demo"))
    origin.enrol(1)
    assert refused(hub, origin).kind is ROSTER_OWN


def test_nobody_else_speaks_for_this_hub(hub):
    """A roster that claims this hub's id, under keys of its own."""
    origin = Origin(hub=hub.id)
    origin.enrol(1)
    assert refused(hub, origin).kind is ROSTER_OWN


@pytest.mark.parametrize(
    "other",
    [
        {"hub": an_id(0xBAD)},
        {"key": a_key(66)},
        {"sealing_key": keys.PrivateKey(b"\x66" * 32)},
        {"fair": a_fair(id="elsewhere", ends="2027-03-20")},
    ],
    ids=["another hub", "another signing key", "another sealing key", "another fair"],
)
def test_who_took_the_name_first_keeps_it(hub, origin, other):
    origin.enrol(1)
    adopt(hub, origin)
    stranger = replace(origin, **other, documents=[])
    stranger.enrol(2)
    assert refused(hub, stranger).kind is ROSTER_OTHER


def test_a_changed_fair_without_what_is_in_use_here_is_refused_whoever_says_so(hub, origin):
    tablet = origin.enrol(1)
    adopt(hub, origin)
    deliver(hub, tablet.record(a_headcount(2)).batch())
    old = origin.fair
    moved = msgspec.structs.replace(old.desks[0], venue=old.venues[1].id)
    origin.fair = msgspec.structs.replace(old, desks=[moved, *old.desks[1:]])
    assert refused(hub, origin, may_change=True).kind is ROSTER_OTHER
    stranger = replace(origin, key=a_key(66), documents=[])
    assert refused(hub, stranger, may_change=True).kind is ROSTER_OTHER


def test_a_tablet_of_this_hub_is_not_taken_over(hub, origin):
    ours = a_tablet(hub)
    origin.enrol(1, device=ours.certificate.device)
    assert refused(hub, origin).kind is ROSTER_TAKEN


def test_a_journal_of_this_hub_is_not_taken_over(hub, origin):
    ours = a_tablet(hub)
    origin.enrol(1, journal=ours.journal)
    assert refused(hub, origin).kind is ROSTER_TAKEN


def test_this_hub_s_own_journal_is_not_taken_over(hub, origin):
    with hub.store.reading() as tx:
        origin.enrol(1, journal=own_journal(tx, "demo"))
    assert refused(hub, origin).kind is ROSTER_TAKEN


def test_a_known_tablet_does_not_get_another_certificate(hub, origin):
    origin.enrol(1)
    adopt(hub, origin)
    origin.documents.clear()
    origin.enrol(1, desk="d02")
    assert refused(hub, origin).kind is ROSTER_TAKEN


def test_tablets_of_two_fairs_elsewhere_are_kept_apart(hub, origin):
    origin.enrol(1)
    adopt(hub, origin)
    second = Origin(hub=an_id(0xE15F), key=a_key(88), fair=a_fair(id="beyond"))
    second.enrol(1)  # the same device id
    assert refused(hub, second).kind is ROSTER_TAKEN


def test_no_tablet_says_what_only_a_hub_may_say(hub, origin):
    tablet = origin.enrol(1, kinds=["tally.counted", "case.opened", "device.enrolled"])
    adopt(hub, origin)
    with hub.store.reading() as tx:
        assert tx.execute(select(tables.devices.c.kinds)).scalar_one() == "tally.counted"
    tablet.record(CaseOpened(case="0000-00000", reason="handling")).record(a_headcount())
    receipt = deliver(hub, tablet.batch())
    assert (receipt.accepted, receipt.quarantined) == (2, 1)
    assert rows(hub, tables.openings) == []


def test_a_release_that_knows_more_kinds_lets_them_count_from_then_on(hub, origin, monkeypatch):
    origin.enrol(1)
    monkeypatch.setattr(rosters, "BOOTH_KINDS", BOOTH_KINDS[:-1])
    adopt(hub, origin)
    monkeypatch.undo()
    adopt(hub, origin)
    with hub.store.reading() as tx:
        assert tx.execute(select(tables.devices.c.kinds)).scalar_one() == " ".join(BOOTH_KINDS)


def test_a_complaint_of_its_tablets_opens_only_at_their_own_hub(hub, hub_app, origin):
    tablet = origin.enrol(1)
    adopt(hub, origin)
    blob = keys.seal(origin.sealing_key.public_key, b"for the other hub")
    body = a_filing(sha256(blob).hexdigest(), len(blob))
    deliver(hub, tablet.record(body).batch())
    with hub.store.begin() as tx:
        blobs.keep(tx, blob, hub.clock.now())
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    page = opens(office, "7KQ2-M0ZRT", fair="elsewhere")
    assert page.status == 422
    assert SEAL_ELSEWHERE.zh in page
    assert rows(hub, tables.openings) == []


def test_no_page_and_no_machine_door_takes_a_roster(hub, hub_client, origin):
    origin.enrol(1)
    before = everything(hub)
    for path in ("/sync/v1/bundles", "/sync/v1/batches", "/sync/v1/enrol"):
        answer = hub_client.post(path, data=origin.roster_bytes(), headers={"X-Kiosk-Protocol": "1"})
        assert 400 <= answer.status_code < 500, path
    after = everything(hub)
    assert {**after, "throttles": before["throttles"]} == before


def test_a_fair_of_ours_stays_as_it_was(hub, origin):
    origin.enrol(1)
    before = fair_row(hub, "demo")
    adopt(hub, origin)
    assert fair_row(hub, "demo") == before
    assert msgspec.json.decode(before.document)["id"] == "demo"
