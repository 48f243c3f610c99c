"""A simulated journal is, byte for byte, what a booth would have written; what it holds is believable and sealed."""

from collections import Counter
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from kiosk.booth.journal import Draft, Journal
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig
from kiosk.facts import complaints, envelope
from kiosk.facts.complaints import Complaint, Context
from kiosk.facts.tallies import UNDO_WINDOW, undo_id
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub.devices import BOOTH_KINDS
from kiosk.simulation import clocks, days, fairs, fleet, journals, people
from kiosk.simulation.days import Happening
from kiosk.simulation.dice import Seed
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.moments import HOUR, moment, stamp
from kiosk.simulation.sizes import SIZES
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate, FairNotice, Hello
from tests.clocks import FakeClock
from tests.makers import unsent_blobs


@pytest.fixture(scope="module")
def demo() -> Fleet:
    return Fleet(SIZES["demo"], 315)


@pytest.fixture(scope="module")
def facts(demo) -> dict[int, list[envelope.Fact]]:
    """Tablet → its facts."""
    return {
        number: [envelope.decode(line) for line in demo.journal(demo.booth(number)).lines] for number in range(1, 9)
    }


def every(facts, kind: str) -> list[envelope.Fact]:
    return [fact for journal in facts.values() for fact in journal if fact.kind == kind]


# --- the bytes --------------------------------------------------------------------------------------


class _Moved(FakeClock):
    """A tablet's clock, set to what a fact says it showed."""

    def show(self, fact: envelope.Fact) -> None:
        self._wall = datetime.fromisoformat(fact.at)
        self._monotonic = fact.mono
        self._boot = fact.boot


@pytest.mark.parametrize("number", [2, 8])
def test_a_real_booth_that_lived_through_it_wrote_the_same_journal(demo, facts, tmp_path, number):
    """The tablet's own code, with the same certificate, switched on at each boot: every byte, every hash."""
    ours, clock = demo.journal(demo.booth(number)), _Moved()
    file = _enrolled(demo, number, tmp_path / "booth", clock)
    blobs = {sha256(blob).hexdigest(): blob for blob in ours.blobs}
    for _, boot in groupby(facts[number], key=lambda fact: fact.boot):
        happened = list(boot)
        clock.show(happened[0])
        with closing(Journal(file, clock)) as journal:
            for fact in happened:
                clock.show(fact)
                journal.append(Draft(fact.id, REGISTRY.read(fact), fact.by, blobs.get(fact.body.get("blob", ""))))
    with closing(Journal(file, clock)) as journal:
        assert journal.lines(1, 10_000) == ours.lines
        assert journal.head() == (len(ours.lines), ours.head)
        assert dict(unsent_blobs(journal)) == blobs


def _enrolled(demo: Fleet, number: int, folder: Path, clock: FakeClock) -> Path:
    """The file of a booth that holds the certificate of one of the fleet's."""
    notice = FairNotice(fair=demo.fair, public_url="http://localhost", pack="", volunteers=[])
    hello = Hello(
        hub=demo.hub,
        signing_key=bytes(demo.key.verify_key).hex(),
        sealing_key=bytes(demo.sealing_key.public_key).hex(),
        protocol=[protocol.VERSION],
        capabilities=list(protocol.CAPABILITIES),
        time=stamp(moment("2027-03-13T10:00")),
    )
    with closing(init_booth(BoothConfig(folder), clock)) as journal:
        booth = demo.booth(number)
        journal.write(
            "UPDATE identity SET journal = ?, public_key = ?", (booth.certificate.journal, booth.certificate.public_key)
        )
        documents = booth.document, protocol.sign_document(notice, demo.key)
        journal.keep_enrolment("http://localhost", protocol.dump(hello), *documents, "")
        return journal.file


def test_every_line_counts(demo, facts):
    for number, journal in facts.items():
        booth = demo.booth(number)
        assert [fact.seq for fact in journal] == list(range(1, len(journal) + 1))
        for fact in journal:
            REGISTRY.read(fact)
            assert fact.kind in booth.certificate.kinds
            assert fact.desk == booth.desk.id


def test_the_chain_begins_at_the_certificate(demo):
    booth = demo.booth(3)
    journal = demo.journal(booth)
    digest = envelope.root(booth.document)
    for line, stored in zip(journal.lines, journal.hashes, strict=True):
        digest = envelope.chain(digest, line)
        assert digest == stored
    assert journal.head == digest


def test_every_certificate_is_the_simulation_hub_s(demo):
    for number in range(1, 9):
        booth = demo.booth(number)
        assert protocol.read_document(Certificate, booth.document, demo.key.verify_key) == booth.certificate


def test_no_kind_is_written_that_a_booth_may_not(facts):
    found = {fact.kind for journal in facts.values() for fact in journal}
    assert found <= set(fleet.KINDS) <= set(BOOTH_KINDS)
    assert found == set(fleet.KINDS), "a kind the fleet announces never happens"


def test_no_id_stands_twice(facts):
    ids = Counter(fact.id for journal in facts.values() for fact in journal)
    assert max(ids.values()) == 1


# --- time -------------------------------------------------------------------------------------------


def test_the_monotonic_clock_never_goes_back_within_a_boot(facts):
    for journal in facts.values():
        shown: dict[str, int] = {}
        for fact in journal:
            assert fact.mono >= shown.get(fact.boot, 0)
            shown[fact.boot] = fact.mono


def test_the_truth_follows_from_the_notes_of_the_hub_s_time(demo, facts):
    """From the one note of each boot, every fact's true hour: as the ledger has it."""
    for number, journal in facts.items():
        noted = {fact.boot: _true(fact) - fact.mono for fact in journal if fact.kind == "clock.compared"}
        hours = Counter((noted[fact.boot] + fact.mono) // HOUR for fact in journal if _counts(fact) and noted)
        ours = Counter()
        for (hour, metric), n in demo.journal(demo.booth(number)).truth.items():
            ours[hour] += n if metric in ("quiz.answered", "exhibit.judged", "complaint.filed") else 0
        if noted:
            assert +ours == hours


def _counts(fact: envelope.Fact) -> bool:
    return fact.kind in ("quiz.answered", "exhibit.judged", "complaint.filed")


def _true(fact: envelope.Fact) -> int:
    at = fact.body["hub_at"]
    return moment(at[:16]) + round(float(at[17:23]) * 1000)


def test_clocks_of_every_kind_are_told_by_their_facts(facts):
    years = {fact.at[:4] for journal in facts.values() for fact in journal}
    assert {"2010", "2027"} <= years


# --- what happens -----------------------------------------------------------------------------------


def test_a_tap_is_taken_back_once_and_soon(facts):
    undone = every(facts, "tally.undone")
    taps = {fact.id: fact for fact in every(facts, "tally.counted")}
    assert len(undone) > 10
    for undo in undone:
        tap = taps[undo.body["undoes"]]
        assert undo.id == undo_id(tap.id)
        assert (undo.body["counter"], undo.body["n"], undo.by) == (tap.body["counter"], tap.body["n"], tap.by)
        assert undo.boot == tap.boot
        assert 0 < undo.mono - tap.mono <= UNDO_WINDOW


def test_leaflets_go_by_the_piece_the_ten_and_the_bundle(facts):
    steps = Counter(fact.body["n"] for fact in every(facts, "tally.counted") if "leaflet" in fact.body["counter"])
    assert set(steps) <= {1, 5, 10, 50}
    assert min(steps[1], steps[10], steps[50]) > 5


def test_quizzes_ask_real_questions_of_the_pack_in_force(demo, facts):
    answers = every(facts, "quiz.answered")
    right = 0
    for fact in answers:
        question = demo.pack.question_by_id[fact.body["question"]]
        assert question.is_right(fact.body["chosen"]) == fact.body["right"]
        assert fact.body["chosen"][0] in {option.id for option in question.options}
        right += fact.body["right"]
    assert 0.6 < right / len(answers) < 0.85


def test_a_quiz_that_is_finished_adds_up_and_some_are_not(facts):
    answers: dict[str, list[bool]] = {}
    for fact in every(facts, "quiz.answered"):
        answers.setdefault(fact.body["session"], []).append(fact.body["right"])
    finished = {fact.body["session"]: fact.body for fact in every(facts, "quiz.finished")}
    for session, body in finished.items():
        assert (body["questions"], body["right"]) == (len(answers[session]), sum(answers[session]))
        assert body["passed"] == (body["right"] >= body["pass_mark"])
    assert {body["questions"] for body in finished.values()} == {3, 5}
    assert 0.02 < 1 - len(finished) / len(answers) < 0.15


def test_the_gallery_shows_exhibits_of_the_pack_none_twice_to_one_visitor(demo, facts):
    seen = Counter((fact.body["session"], fact.body["exhibit"]) for fact in every(facts, "exhibit.judged"))
    assert max(seen.values()) == 1
    assert {exhibit for _, exhibit in seen} <= set(demo.pack.exhibit_by_id)


def test_whoever_taps_has_shown_a_pin_before(facts):
    for journal in facts.values():
        entered: set[str] = set()
        for fact in journal:
            if fact.kind == "shift.entered":
                assert fact.body["volunteer"] == fact.by
                entered.add(fact.by)
            elif fact.kind in ("tally.counted", "tally.undone", "complaint.filed"):
                assert len(entered) > 0
        assert 1 <= len(entered) <= 2


def test_each_working_day_is_closed_and_nothing_is_recorded_after_that(demo, facts):
    for number, journal in facts.items():
        closed = [fact for fact in journal if fact.kind == "day.closed"]
        assert len(closed) == len(fairs.sessions(fairs.openings((number - 1) // 2)))
        assert closed[-1] is journal[-1]
        for fact in closed:
            of_day = [one for one in journal[: fact.seq - 1] if one.at[:10] == fact.at[:10]]
            assert fact.body["day"] == fact.at[:10]
            assert fact.body["last"] == fact.seq - 1
            assert fact.body["first"] == (of_day[0].seq if of_day else 0)
            assert fact.body["counts"] == Counter(one.kind for one in of_day)
        ours = demo.journal(demo.booth(number))
        assert ours.closing is not None
        assert ours.closing.kinds == Counter(fact.kind for fact in journal)


# --- complaints -------------------------------------------------------------------------------------


def test_complaints_are_really_sealed_and_open_with_the_simulation_s_key_alone(demo):
    opened = 0
    for number in range(1, 9):
        booth = demo.booth(number)
        journal = demo.journal(booth)
        filed = [fact for fact in map(envelope.decode, journal.lines) if fact.kind == "complaint.filed"]
        assert len(filed) == len(journal.blobs)
        for fact, blob in zip(filed, journal.blobs, strict=True):
            told = msgspec.json.decode(keys.unseal(demo.sealing_key, blob), type=Complaint)
            assert told.context == Context(fair=demo.fair.id, fact=fact.id, case=fact.body["case"])
            assert complaints.normal_case_number(fact.body["case"]) == fact.body["case"]
            assert fact.body["size"] == len(blob)
            with pytest.raises(Exception, match="wrong key"):
                keys.unseal(keys.PrivateKey(b"\x05" * 32), blob)
            opened += 1
    assert opened == SIZES["demo"].complaints


def test_nothing_of_what_people_told_stands_in_the_clear(demo):
    for number in range(1, 9):
        journal = demo.journal(demo.booth(number))
        clear = b"\n".join([*journal.lines, *journal.blobs])
        for blob in journal.blobs:
            told = msgspec.json.decode(keys.unseal(demo.sealing_key, blob), type=Complaint)
            for secret in (told.name, told.phone, told.address, told.respondent, told.facts):
                assert secret.encode() not in clear


@pytest.mark.parametrize("seed", range(60))
def test_the_form_finds_no_fault_with_a_made_up_complaint(seed):
    dice = Seed("demo", seed).dice("form")
    for day in (fairs.EVE, fairs.DAY):
        values = complaints.tidied(people.draw_form(dice, day))
        asked = tuple(field for step in complaints.steps_of(values) for field in step.fields)
        assert complaints.faults(values, asked, datetime.fromisoformat(day).date()) == {}


def test_the_same_dice_seal_alike_and_other_dice_do_not():
    key = keys.PrivateKey(b"\x07" * 32)

    def sealed(seed: int) -> bytes:
        return keys.seal_repeatably(key.public_key, b"told", Seed("demo", seed).dice("seal").randbytes)

    assert sealed(1) == sealed(1) != sealed(2)
    assert keys.unseal(key, sealed(1)) == b"told"
    assert len(sealed(1)) == len(keys.seal(key.public_key, b"told"))


# --- the same again ---------------------------------------------------------------------------------


def test_the_same_seed_is_the_same_journal_and_another_is_another(demo):
    again, other = Fleet(SIZES["demo"], 315), Fleet(SIZES["demo"], 316)
    assert again.journal(again.booth(2)).lines == demo.journal(demo.booth(2)).lines
    assert bytes(again.booth(2).key) == bytes(demo.booth(2).key)
    assert other.hub != demo.hub
    assert bytes(other.booth(2).key) != bytes(demo.booth(2).key)
    assert not set(other.journal(other.booth(2)).lines) & set(demo.journal(demo.booth(2)).lines)


def test_keys_of_different_purposes_differ(demo):
    all_keys = [bytes(demo.key), bytes(demo.sealing_key), *(bytes(demo.booth(number).key) for number in range(1, 9))]
    assert len(set(all_keys)) == len(all_keys)


def test_what_happens_is_told_with_what_it_adds(demo):
    """A fact that adds to no metric is of a kind that counts nothing."""
    silent = {"clock.compared", "day.closed", "shift.entered", "shift.refused"}
    desk = _desk(demo, 1)
    for one in days.happenings(desk):
        assert isinstance(one, Happening)
        kind = REGISTRY.name_of(one.body) if one.body else "day.closed"
        assert bool(one.adds) != (kind in silent)


def _desk(demo: Fleet, number: int) -> days.Desk:
    dice = demo.seed.dice("again", number)
    open_ = fairs.openings(0)
    tablet = clocks.Tablet("right", fairs.sessions(open_), dice)
    return days.Desk(
        fair=demo.fair.id,
        portion=fairs.Portion(40, 60, 5, 1, 2, 8, 8),
        tablet=tablet,
        hours=fairs.Hours(open_, dice),
        leaflets=fairs.LEAFLETS,
        pack=demo.pack,
        sealing_key=demo.sealing_key.public_key,
        dice=dice,
        volunteers=("v-1", "v-2"),
    )


def test_a_desk_s_journal_holds_exactly_its_portion(demo):
    desk = _desk(demo, 2)
    journal = journals.write(b"certificate", "d0001", desk.tablet, days.happenings(desk))
    sums = Counter()
    for (_, metric), n in journal.truth.items():
        sums[metric] += n
    leaflets = sum(n for metric, n in sums.items() if metric.startswith("tally.leaflet."))
    assert (sums["tally.headcount"], leaflets, sums["tally.consultation"]) == (40, 60, 5)
    assert (sums["complaint.filed"], sums["tally.board"], sums["exhibit.judged"]) == (1, 2, 8)
