"""Content is deleted when its time is over: all of it, for good, and so that it can be proven."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.facts import envelope
from kiosk.facts.cases import (
    CaseAccepted,
    CaseClosed,
    CaseMerged,
    CaseReceived,
    CaseRefused,
    CaseSupplementAsked,
    CaseTestingBegun,
    CaseTold,
    CaseTransferred,
    Step,
)
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.envelope import Fact
from kiosk.facts.lives import reopening
from kiosk.hub import blobs, carrying, fairs, ledger, retention
from kiosk.hub.context import Hub
from kiosk.hub.retention import Erasure
from kiosk.hub.tables import blob_parts, complaints, erased, facts
from kiosk.hub.tables import blobs as blobs_table
from kiosk.sync import protocol
from kiosk.sync.protocol import BLOB_PART
from tests.booth.test_surveys import a_survey, ask, begin, give
from tests.booth.test_surveys import told as answer
from tests.clocks import FakeClock
from tests.hub.phones import case_on, file_by_phone
from tests.hub.tablets import a_tablet, deliver, folded, rows, run_of
from tests.hub.test_blobs import put
from tests.hub.test_cases import CASE, TWIN, a_case, an_ending, state_of, take, withdraw
from tests.hub.test_intake import together
from tests.makers import Pair, a_fair, a_filing, fill_complaint
from tests.roads import a_bundle

DEMO = Erasure("demo", "2027-09-15", True, 0)  # the fair is over on 15 March, and six months are kept


def wait_until(clock: FakeClock, moment: str) -> None:
    clock.tick((datetime.fromisoformat(moment + "+08:00") - clock.now()).total_seconds())


def file_at_the_desk(pair: Pair) -> str:
    *_, receipt = fill_complaint(pair.at_the_desk())
    pair.sync()
    return case_on(receipt)


def a_complaint(content: bytes, case: str = "7KQ2-M0ZRT") -> ComplaintFiled:
    return a_filing(case=case, blob=hashlib.sha256(content).hexdigest())


def keep(hub: Hub, *contents: bytes) -> None:
    with hub.store.begin() as tx:
        for content in contents:
            blobs.keep(tx, content, hub.clock.now())


def names(hub: Hub) -> set[str]:
    """What sealed content is here."""
    return {row[0] for row in rows(hub, blobs_table)}


def erasures(hub: Hub) -> list[Fact]:
    return [envelope.decode(bytes(row[2])) for row in rows(hub, facts) if row[4] == "case.erased"]


# --- the day --------------------------------------------------------------------------------------


def test_content_is_kept_to_the_end_of_its_last_day_in_beijing(paired: Pair):
    case = withdraw(paired.hub, file_by_phone(paired))
    ((blob, _, _),) = rows(paired.hub, blobs_table)
    wait_until(paired.clock, "2027-09-15T23:59:59")
    assert retention.erase(paired.hub) == [Erasure("demo", "2027-09-15", False, 0)]
    assert names(paired.hub) == {blob}
    wait_until(paired.clock, "2027-09-16T00:00:00")
    assert retention.erase(paired.hub) == [Erasure("demo", "2027-09-15", True, 1)]
    assert names(paired.hub) == set()
    (fact,) = erasures(paired.hub)
    assert (fact.body, fact.by, fact.desk) == ({"case": case, "blob": blob}, "hub", "d01")


def test_what_was_written_in_a_survey_goes_too_and_is_no_case(paired: Pair):
    give(paired.booth, a_survey(ask("words", "text")))
    visitor = paired.visitor()
    answer(visitor, begin(visitor), value="秤不准")
    paired.sync()
    assert len(names(paired.hub)) == 1
    wait_until(paired.clock, "2027-10-01T00:00:00")
    assert retention.erase(paired.hub) == [Erasure("demo", "2027-09-15", True, 1)]
    assert (names(paired.hub), erasures(paired.hub)) == (set(), [])
    assert retention.erase(paired.hub) == [DEMO]
    assert ledger.verify(paired.hub) == []


# --- the day of a case ----------------------------------------------------------------------------

_TOLD, _CLOSED = CaseTold(case=CASE, road="phone"), CaseClosed(case=CASE, matter="complaint")
_REFUSED = CaseRefused(case=CASE, reasons=["no_power"])
_PASSED_ON = CaseTransferred(case=CASE, recipient="另一个区的市场监管局", road="letter")
_WITHDRAWN = an_ending(outcome="withdrawn", recovered=0)
_SETTLED = an_ending(outcome="settled")
_MERGED = CaseMerged(case=CASE, matter="complaint", into=TWIN)
NOT_OVER: dict[str, list[Step]] = {
    "nobody decided": [],
    "something is missing": [CaseSupplementAsked(case=CASE, items=["grounds"], days=5)],
    "accepted": [CaseAccepted(case=CASE)],
    "being tested": [CaseAccepted(case=CASE), CaseTestingBegun(case=CASE)],
    "refused, and nobody told the person": [_REFUSED],
    "passed on": [_PASSED_ON],
    "passed on, and nobody closed it": [_PASSED_ON, _TOLD],
    "an agreement, and nobody told the person": [_SETTLED],
    "an agreement, and nobody closed it": [_SETTLED, _TOLD],
    "merged into one in hand": [_MERGED],
}
OVER: dict[str, list[Step]] = {
    "closed": [_SETTLED, _TOLD, _CLOSED],
    "settled on the spot and closed": [an_ending(outcome="settled", on_site=True), _CLOSED],
    "passed on and closed": [_PASSED_ON, _TOLD, _CLOSED],
    "refused and told": [_REFUSED, _TOLD],
    "withdrawn": [_WITHDRAWN],
    "merged into a closed one": [
        _MERGED,
        an_ending(case=TWIN, outcome="settled"),
        CaseTold(case=TWIN, road="phone"),
        CaseClosed(case=TWIN, matter="complaint"),
    ],
}


@pytest.mark.parametrize("steps", NOT_OVER.values(), ids=NOT_OVER)
def test_a_case_that_is_not_over_keeps_its_content_whatever_the_day(hub: Hub, clock: FakeClock, steps: list[Step]):
    a_case(hub)
    a_case(hub, TWIN)
    for body in steps:
        take(hub, body)
    wait_until(clock, "2031-10-01T00:00:00")
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, in_hand=2)]
    assert len(names(hub)) == 2


def test_so_does_one_that_was_filed_at_no_published_window(hub: Hub, clock: FakeClock):
    a_case(hub, standing="pre")
    wait_until(clock, "2027-10-01T00:00:00")
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, in_hand=1)]
    take(hub, CaseReceived(case=CASE))
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, in_hand=1)]
    assert len(names(hub)) == 1


@pytest.mark.parametrize("steps", OVER.values(), ids=OVER)
@pytest.mark.parametrize(
    ("over", "last"),
    [
        ("2027-03-15T23:00:00", "2027-09-15"),
        ("2027-08-31T00:00:01", "2028-02-29"),
        ("2027-10-01T23:59:59", "2028-04-01"),
    ],
)
def test_content_is_kept_for_months_after_fair_and_case_are_over(
    hub: Hub, clock: FakeClock, steps: list[Step], over: str, last: str
):
    a_case(hub)
    if _MERGED in steps:
        a_case(hub, TWIN)
    held = names(hub)
    wait_until(clock, over)
    for body in steps:
        take(hub, body)
    wait_until(clock, f"{last}T23:59:59")
    is_late = last > DEMO.until
    assert retention.erase(hub) == [Erasure("demo", "2027-09-15", is_late, 0, late=len(held) if is_late else 0)]
    assert names(hub) == held
    clock.tick(1)
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, count=len(held))]
    assert names(hub) == set()
    assert retention.erase(hub) == [DEMO]
    assert ledger.verify(hub) == []


def test_the_months_count_from_the_last_of_its_days(hub: Hub, clock: FakeClock):
    a_case(hub)
    for day, body in (("2027-04-01", _REFUSED), ("2027-10-01", _TOLD), ("2027-11-05", _CLOSED)):
        wait_until(clock, f"{day}T12:00:00")
        take(hub, body)
        retention.erase(hub)
    wait_until(clock, "2028-05-05T23:59:59")
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, late=1)]
    clock.tick(1)
    assert retention.erase(hub)[0].count == 1


def test_one_that_goes_on_after_its_end_keeps_its_content_again(hub: Hub, clock: FakeClock):
    a_case(hub)
    for body in OVER["closed"]:
        take(hub, body)
    take(hub, reopening(CASE, state_of(hub), "complaint", "not_kept"))
    wait_until(clock, "2027-10-01T00:00:00")
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, in_hand=1)]
    assert len(names(hub)) == 1


# --- what stays -----------------------------------------------------------------------------------


def test_no_chain_breaks_and_everything_else_stays(paired: Pair):
    withdrawn = {withdraw(paired.hub, case) for case in (file_at_the_desk(paired), file_by_phone(paired))}
    run = run_of(paired.hub, paired.booth.journal.identity().journal)
    wait_until(paired.clock, "2027-10-01T00:00:00")
    assert retention.erase(paired.hub) == [Erasure("demo", "2027-09-15", True, 2)]
    assert ledger.verify(paired.hub) == []
    assert run_of(paired.hub, paired.booth.journal.identity().journal) == run
    assert {row[2] for row in rows(paired.hub, complaints)} == withdrawn
    before = folded(paired.hub)
    ledger.rebuild(paired.hub)
    assert folded(paired.hub) == before
    assert names(paired.hub) == set()


def test_each_fair_has_its_own_day(hub: Hub, clock: FakeClock):
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other", ends="2027-03-20", retention_months=12))
    for fair, content in (("demo", b"one"), ("other", b"two")):
        deliver(hub, a_tablet(hub, fair=fair).record(a_complaint(content)).batch())
        withdraw(hub, fair=fair)
    keep(hub, b"one", b"two")
    wait_until(clock, "2028-01-01T00:00:00")
    done = {one.fair: (one.is_over, one.count) for one in retention.erase(hub)}
    assert done == {"demo": (True, 1), "other": (False, 0)}
    assert names(hub) == {hashlib.sha256(b"two").hexdigest()}


def test_doing_it_again_finds_nothing_left_to_do(paired: Pair):
    withdraw(paired.hub, file_by_phone(paired))
    wait_until(paired.clock, "2027-10-01T00:00:00")
    retention.erase(paired.hub)
    before = folded(paired.hub)
    assert retention.erase(paired.hub) == [DEMO]
    assert folded(paired.hub) == before


def test_two_that_erase_at_once_write_each_erasure_down_once(paired: Pair):
    for _ in range(3):
        withdraw(paired.hub, file_by_phone(paired))
    wait_until(paired.clock, "2027-10-01T00:00:00")
    done = together(*[lambda: sum(one.count for one in retention.erase(paired.hub))] * 4)
    assert sum(done) == 3
    assert len(erasures(paired.hub)) == 3
    assert ledger.verify(paired.hub) == []


def test_a_dry_run_only_counts(paired: Pair):
    withdraw(paired.hub, file_by_phone(paired))
    wait_until(paired.clock, "2027-10-01T00:00:00")
    before = folded(paired.hub), names(paired.hub)
    assert retention.erase(paired.hub, dry_run=True) == [Erasure("demo", "2027-09-15", True, 1)]
    assert (folded(paired.hub), names(paired.hub)) == before


# --- all of it ------------------------------------------------------------------------------------


def beyond_a_gap(hub: Hub) -> list[bytes]:
    return [a_tablet(hub).record().record(a_complaint(b"content")).batch(first=2)]


def in_quarantine(hub: Hub) -> list[bytes]:
    return [a_tablet(hub).record(a_complaint(b"content"), desk="d02").batch()]


def of_a_later_release(hub: Hub) -> list[bytes]:
    return [a_tablet(hub).record(a_complaint(b"content"), v=3).batch()]


def on_the_other_branch_of_a_fork(hub: Hub) -> list[bytes]:
    one = a_tablet(hub)
    other = one.clone()
    return [one.record().batch(), other.record(a_complaint(b"content")).batch()]


UNCOUNTED = [beyond_a_gap, in_quarantine, of_a_later_release, on_the_other_branch_of_a_fork]


@pytest.mark.parametrize("happens", UNCOUNTED)
def test_content_goes_although_its_fact_does_not_count(
    hub: Hub, clock: FakeClock, happens: Callable[[Hub], list[bytes]]
):
    for batch in happens(hub):
        deliver(hub, batch)
    keep(hub, b"content")
    wait_until(clock, "2027-10-01T00:00:00")
    assert retention.erase(hub) == [Erasure("demo", "2027-09-15", True, 1)]
    assert names(hub) == set()
    assert [fact.body["case"] for fact in erasures(hub)] == ["7KQ2-M0ZRT"]
    assert ledger.verify(hub) == []


def erased_on_request(hub: Hub) -> None:
    """The case that all of these are about, with what was here of it."""
    keep(hub, b"first")
    deliver(hub, a_tablet(hub).record(a_complaint(b"first")).batch())
    with hub.store.begin() as tx:
        assert retention.erase_case(tx, hub, "demo", "7KQ2-M0ZRT", "chen", hub.clock.now()) == 1


@pytest.mark.parametrize("happens", UNCOUNTED)
def test_of_a_case_erased_on_request_what_comes_and_does_not_count_is_gone_at_once(
    hub: Hub, hub_client: FlaskClient, happens: Callable[[Hub], list[bytes]]
):
    erased_on_request(hub)
    keep(hub, b"content", b"somebody else's")
    for batch in happens(hub):
        assert hub_client.post("/sync/v1/batches", data=batch, headers={protocol.HEADER: "1"}).status_code == 200
    assert names(hub) == {hashlib.sha256(b"somebody else's").hexdigest()}
    assert [(fact.by, fact.body["case"]) for fact in erasures(hub)] == [("chen", "7KQ2-M0ZRT")] * 2
    assert retention.erase(hub) == [Erasure("demo", "2027-09-15", False, 0)]
    assert ledger.verify(hub) == []


@pytest.mark.parametrize("desk", ["d01", "d02"])
def test_what_a_stick_brings_of_a_case_that_was_erased_on_request_is_gone_at_once(hub: Hub, tmp_path: Path, desk: str):
    """Whether it counts or, of another desk than the tablet's, lies in quarantine."""
    erased_on_request(hub)
    tablet = a_tablet(hub).record().record(a_complaint(b"on a stick"), desk=desk)
    file = tmp_path / "tablet.bundle"
    file.write_bytes(a_bundle(hub, tablet, blobs=[b"on a stick"]))
    [taken] = carrying.import_files(hub, [file], lambda _done, _of: None)
    assert taken.problem is None
    assert names(hub) == set()
    assert len(erasures(hub)) == 2


def test_what_fills_a_gap_is_looked_at_though_what_stands_behind_it_came_before(hub: Hub, hub_client: FlaskClient):
    erased_on_request(hub)
    tablet = a_tablet(hub).record(a_complaint(b"content"))
    for _ in range(4):
        tablet.record()
    keep(hub, b"content")
    for batch in (tablet.batch(first=2), tablet.batch(first=1, count=1)):
        hub_client.post("/sync/v1/batches", data=batch, headers={protocol.HEADER: "1"})
    assert run_of(hub, tablet.journal)[0] == 5
    assert names(hub) == set()


def test_content_whose_case_cannot_be_read_goes_all_the_same(hub: Hub, clock: FakeClock):
    blob = hashlib.sha256(b"content").hexdigest()
    tablet = a_tablet(hub)
    line = b'{"blob":"%s","case":7}' % blob.encode()
    tablet.record(a_complaint(b"content"))
    tablet.lines[-1] = tablet.lines[-1].partition(b'"body":')[0] + b'"body":' + line + b"}"
    deliver(hub, tablet.batch())
    keep(hub, b"content")
    wait_until(clock, "2027-10-01T00:00:00")
    assert retention.erase(hub)[0].count == 1
    assert names(hub) == set()
    assert erasures(hub) == []


def test_content_that_no_fact_names_is_kept_as_long_as_any_and_then_goes(hub: Hub, clock: FakeClock):
    keep(hub, b"nobody's")
    wait_until(clock, "2027-09-16T00:00:00")
    assert retention.erase(hub) == [DEMO]
    wait_until(clock, "2027-09-18T00:00:00")
    assert retention.erase(hub) == [Erasure("demo", "2027-09-15", True, 0), Erasure("", "", True, 1)]
    assert names(hub) == set()


def test_content_of_a_fair_that_goes_on_is_not_nobodys(hub: Hub, clock: FakeClock):
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other", ends="2028-03-15"))
    tablet = a_tablet(hub, fair="other").record().record(a_complaint(b"content"))
    deliver(hub, tablet.batch(first=2))
    keep(hub, b"content")
    wait_until(clock, "2028-03-16T00:00:00")
    retention.erase(hub)
    assert len(names(hub)) == 1


def test_what_is_still_on_its_way_is_not_taken_when_it_comes(hub: Hub, hub_client: FlaskClient, clock: FakeClock):
    content = b"late" * BLOB_PART
    tablet = a_tablet(hub).record(a_complaint(content))
    deliver(hub, tablet.batch())
    withdraw(hub)
    put(hub_client, tablet, 0, BLOB_PART, content)
    wait_until(clock, "2027-10-01T00:00:00")
    assert retention.erase(hub)[0].count == 1
    assert rows(hub, blob_parts) == []
    assert put(hub_client, tablet, 0, BLOB_PART, content).get_json() == {"held": 0, "whole": True}
    assert rows(hub, blob_parts) == rows(hub, blobs_table) == []


def test_a_complaint_that_comes_after_the_date_is_handled_first(hub: Hub, clock: FakeClock):
    wait_until(clock, "2027-10-01T00:00:00")
    retention.erase(hub)
    tablet = a_tablet(hub).record(a_complaint(b"late"))
    keep(hub, b"late")
    deliver(hub, tablet.batch())
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, in_hand=1)]
    withdraw(hub)
    wait_until(clock, "2028-04-02T00:00:00")
    assert retention.erase(hub) == [msgspec.structs.replace(DEMO, count=1)]
    assert names(hub) == set()


def test_content_whose_facts_have_not_come_is_kept_as_long_as_its_fair_may_be(hub: Hub, clock: FakeClock):
    """The fair is longer than a day, so half a year after the content came its own time is not over."""
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="long", starts="2027-03-01", ends="2027-06-30"))
    tablet = a_tablet(hub, fair="long").record(a_complaint(b"sent first"))
    keep(hub, b"sent first")
    wait_until(clock, "2027-12-30T12:00:00")
    assert [one.count for one in retention.erase(hub)] == [0, 0]
    deliver(hub, tablet.batch())
    withdraw(hub, fair="long")
    assert len(names(hub)) == 1
    wait_until(clock, "2028-07-01T00:00:00")
    assert [one.count for one in retention.erase(hub)] == [0, 1]
    assert names(hub) == set()


def test_the_end_of_one_fair_takes_nothing_from_a_fair_that_goes_on(hub: Hub, clock: FakeClock):
    """A tablet of the fair that is over can name what it likes."""
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="later", starts="2027-09-01", ends="2027-12-30"))
    new, old = a_tablet(hub, fair="later"), a_tablet(hub)
    deliver(hub, new.record(a_complaint(b"sealed")).batch())
    deliver(hub, old.record(a_complaint(b"sealed", "ZZZZ-ZZZZ9")).batch())
    withdraw(hub, fair="later")
    withdraw(hub, "ZZZZ-ZZZZ9")
    keep(hub, b"sealed")
    wait_until(clock, "2027-10-01T00:00:00")
    for dry_run in (True, False):
        assert [one.count for one in retention.erase(hub, dry_run=dry_run)] == [0, 0]
    assert len(names(hub)) == 1
    wait_until(clock, "2028-07-01T00:00:00")
    retention.erase(hub)
    assert names(hub) == set()
    assert {fact.body["case"] for fact in erasures(hub)} == {"7KQ2-M0ZRT", "ZZZZ-ZZZZ9"}
    assert ledger.verify(hub) == []


# --- for good -------------------------------------------------------------------------------------


def wait_for(hub: Hub, other: Thread) -> None:
    """Until the server lets the other wait for a lock. On SQLite writers stand in line before they begin."""
    while other.is_alive() and not hub.store.is_sqlite:
        with hub.store.reading() as tx:
            if tx.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
                return


def test_content_that_is_brought_while_it_is_erased_does_not_stay(hub: Hub, clock: FakeClock):
    """Before its fair was over it never came; both happen now."""
    deliver(hub, a_tablet(hub).record(a_complaint(b"content")).batch())
    wait_until(clock, "2027-10-01T00:00:00")
    bringing = Thread(target=lambda: keep(hub, b"content"))
    with hub.store.begin() as tx:
        retention._delete(tx, [hashlib.sha256(b"content").hexdigest()], clock.now())
        bringing.start()
        wait_for(hub, bringing)
    bringing.join()
    assert names(hub) == set()


def test_content_that_is_being_brought_when_it_is_erased_does_not_stay(hub: Hub, clock: FakeClock):
    deliver(hub, a_tablet(hub).record(a_complaint(b"content")).batch())
    withdraw(hub)
    wait_until(clock, "2027-10-01T00:00:00")
    erasing = Thread(target=lambda: retention.erase(hub))
    with hub.store.begin() as tx:
        blobs.keep(tx, b"content", clock.now())
        erasing.start()
        wait_for(hub, erasing)
    erasing.join()
    assert names(hub) == set()
    assert len(erasures(hub)) == 1


def test_content_that_came_back_all_the_same_goes_again_and_that_is_written_down_once(hub: Hub, clock: FakeClock):
    deliver(hub, a_tablet(hub).record(a_complaint(b"content")).batch())
    withdraw(hub)
    wait_until(clock, "2027-10-01T00:00:00")
    retention.erase(hub)
    with hub.store.begin() as tx:
        row = {"sha256": hashlib.sha256(b"content").hexdigest(), "content": b"content", "received_at": 0.0}
        tx.execute(blobs_table.insert().values(row))
    assert retention.erase(hub)[0].count == 1
    assert names(hub) == set()
    assert len(erasures(hub)) == 1


def test_nothing_of_it_is_left_on_the_disk(paired: Pair):
    """On SQLite; what a PostgreSQL server does with its files is not ours to see."""
    withdraw(paired.hub, file_at_the_desk(paired))
    keep(paired.hub, hashlib.sha512(b"a photo").digest() * 20_000)  # over many pages
    sealed = [bytes(content) for _name, content, _at in rows(paired.hub, blobs_table)]
    assert len(sealed) == 2
    pieces = {content[at : at + 48] for content in sealed for at in range(0, len(content) - 48, 997)}
    before = on_disk(paired.hub)
    found = [piece for piece in pieces if piece in before]
    assert not paired.hub.store.is_sqlite or len(found) > 50, "the search must be able to find it"
    wait_until(paired.clock, "2027-10-01T00:00:00")
    retention.erase(paired.hub)
    assert names(paired.hub) == set()
    after = on_disk(paired.hub)
    assert [piece for piece in pieces if piece in after] == []


def on_disk(hub: Hub) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(hub.config.data.glob("hub.db*")))


def test_sending_it_again_is_acknowledged_and_it_stays_gone(paired: Pair):
    withdraw(paired.hub, file_at_the_desk(paired))
    wait_until(paired.clock, "2027-09-16T00:00:00")
    retention.erase(paired.hub)
    paired.booth.journal.write("UPDATE blobs SET sent = 0")
    assert paired.sync().blobs == 1
    assert paired.booth.journal.unsent() == 0
    assert names(paired.hub) == set()


# --- what people see ------------------------------------------------------------------------------


def test_the_case_says_that_its_content_was_deleted_and_when(paired: Pair):
    case = withdraw(paired.hub, file_at_the_desk(paired))
    wait_until(paired.clock, "2027-09-16T03:00:00")
    retention.erase(paired.hub)
    office = paired.in_the_office()
    listing = office.get("/fairs/demo/cases")
    assert "已按期限删除" in listing
    assert f'href="/fairs/demo/cases/{case}"' in listing
    page = office.get(f"/fairs/demo/cases/{case}")
    assert page.status == 200
    assert "内容已按期限删除" in page
    assert "2027-09-16" in page
    assert not [row for row in rows(paired.hub, facts) if row[4] == "case.opened"], "nothing was opened"


def test_the_command_says_what_it_does(paired: Pair, runner):
    over, over_late, _open = (file_by_phone(paired) for _ in range(3))
    paired.hub.clock = FakeClock(datetime.fromisoformat("2020-03-16T09:00:00+08:00"))
    withdraw(paired.hub, over)
    paired.hub.clock = SystemClock()  # the command's own
    withdraw(paired.hub, over_late)
    words = ["hub", "erase", "--data", str(paired.hub.config.data)]
    if not paired.hub.store.is_sqlite:
        words += ["--database", paired.hub.config.database]
    answer = runner.invoke(main, words)
    assert (answer.exit_code, answer.output) == (0, "demo: nothing is due before 2027-09-15 is over\n")
    with paired.hub.store.begin() as tx:
        over = a_fair(starts="2020-03-15", ends="2020-03-15")
        document = fairs.msgspec.json.encode(over).decode()
        tx.execute(fairs.fairs.update().values(document=document))
    dry = runner.invoke(main, [*words, "--dry-run"])
    staying = (
        "demo: 1 cases are not closed and keep their content\n"
        "demo: 1 cases were closed later and keep it for as long from then\n"
    )
    assert dry.output == f"demo: 1 due; kept until 2020-09-15\n{staying}"
    assert runner.invoke(main, words).output == f"demo: 1 erased; kept until 2020-09-15\n{staying}"
    assert len(rows(paired.hub, blobs_table)) == 2
    assert len(rows(paired.hub, erased)) == 1


# --- on the tablet --------------------------------------------------------------------------------


def sealed_at(pair: Pair) -> int:
    row = pair.booth.journal.read_one("SELECT count(*) FROM blobs")
    assert row
    return int(row[0])


def test_a_tablet_keeps_what_it_sent_for_a_week_after_the_fair(paired: Pair):
    file_at_the_desk(paired)
    wait_until(paired.clock, "2027-03-22T23:59:00")
    paired.sync()
    assert sealed_at(paired) == 1
    wait_until(paired.clock, "2027-03-23T00:00:00")
    paired.sync()
    assert sealed_at(paired) == 0
    assert paired.booth.journal.verify() == paired.booth.journal.head()[0]
    paired.sync()
    assert paired.booth.journal.unsent() == 0


def test_a_tablet_whose_clock_runs_years_ahead_keeps_it_all_the_same(paired: Pair):
    file_at_the_desk(paired)
    at_the_hub = FakeClock(paired.clock.now())
    paired.hub.clock = at_the_hub
    wait_until(paired.clock, "2031-01-01T00:00:00")
    paired.sync()
    assert sealed_at(paired) == 1


def test_a_tablet_never_deletes_what_the_hub_lacks(paired: Pair):
    *_, _receipt = fill_complaint(paired.at_the_desk())
    assert paired.booth.journal.drop_sent_blobs() == 0
    wait_until(paired.clock, "2027-05-01T00:00:00")
    assert sealed_at(paired) == 1
    paired.sync()
    assert sealed_at(paired) == 0
    assert len(names(paired.hub)) == 1


def test_prune_deletes_at_once_what_was_sent_and_says_what_was_not(paired: Pair, runner):
    file_at_the_desk(paired)
    *_, _receipt = fill_complaint(paired.at_the_desk())
    words = ["booth", "prune", "--data", str(paired.booth.config.data)]
    answer = runner.invoke(main, words)
    assert (answer.exit_code, answer.output) == (0, "1 deleted; 1 kept, because the hub does not have them yet\n")
    paired.sync()
    assert len(names(paired.hub)) == 2
    assert runner.invoke(main, words).output == "1 deleted; 0 kept, because the hub does not have them yet\n"
    assert paired.booth.journal.verify() == paired.booth.journal.head()[0]
