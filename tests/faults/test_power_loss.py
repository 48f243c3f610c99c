"""The lights go out at every moment: whatever was acknowledged is there afterwards, and nothing that was not written.

A kill is no power cut, for the kernel still writes what it was handed. So the calls of a real run are recorded from
outside, and every moment of it is played as its last, with what had not been flushed gone, kept or torn.
"""

import shutil
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import pytest

from kiosk.booth import schema as booth_schema
from kiosk.booth.journal import Journal
from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.hub import ledger
from kiosk.hub import schema as hub_schema
from kiosk.hub.app import SIGNING_KEY, open_hub
from kiosk.reports.amounts import Bucket, buckets, fold
from tests.clocks import FakeClock
from tests.faults.databases import Damaged, Row, after_the_crash, picture
from tests.faults.power import programs
from tests.faults.power.model import Disk
from tests.faults.power.replay import Look, Outcome, contents, replay
from tests.faults.power.trace import Cut, Opened, Removed, Renamed, Step, Synced, Wrote, record
from tests.faults.released.open import released_booth, released_hub
from tests.hub.tablets import Tablet, a_tablet, deliver
from tests.makers import HUB_URL, a_draft, a_headcount, a_journal
from tests.proof import at_length, figure, share

#: Ways a crash may go at each moment, beside the least and the most that may be left. At full length each of the two
#: long ones alone comes to more than 12,000 states.
DRAWS = share(40, 2)
INTAKE = share(24, 1)  # has more moments
MORE = share(200, 1)  # a start has few
#: One moment in so many, of the programs as they are.
EVERY = share(1, 5)
OF_A_CONTROL = share(1, 2)
#: One state in so many is not only looked at: our own code starts on it and goes on.
REVIVED = 50
RESTARTED = share(10, 40)  # of those that a start leaves


def cut(program: programs.Program, folder: Path, look_of: Callable[[Path], Look], safety: str, draws: int) -> Outcome:
    """Run a program in `folder`, and let the power fail at every moment of the run; of a control, of its first part."""
    start = contents(folder, program.files)
    steps = record(program.command(folder, safety), folder, program.files, folder.parent / "strace.log")
    if safety != programs.AS_IT_IS:
        return replay(steps[: len(steps) // 4], start, look_of(folder), Random(315), draws, OF_A_CONTROL)
    return replay(steps, start, look_of(folder), Random(315), draws, EVERY)


def assert_nothing_is_lost(outcome: Outcome, least: int, what: str) -> None:
    figure(f"power loss, {what}: crash states", outcome.states)
    figure(f"power loss, {what}: acknowledged and lost", len(outcome.lost))
    figure(f"power loss, {what}: damaged", len(outcome.damaged))
    assert (outcome.lost[:5], outcome.damaged[:5]) == ([], [])
    assert outcome.states >= least


def assert_loss_is_seen(outcome: Outcome, what: str) -> None:
    figure(f"power loss, control, {what}: crash states", outcome.states)
    figure(f"power loss, control, {what}: reported as losing", len(outcome.lost))
    assert outcome.lost
    assert outcome.damaged[:5] == []  # these settings lose, but do not destroy


# --- the disk that is played ------------------------------------------------------------------------------


def left_by(*steps: Step, **start: bytes) -> set[tuple[tuple[str, bytes], ...]]:
    """All that crashes after these steps may leave, as far as two hundred draws find it."""
    disk = Disk(start)
    for step in steps:
        disk.follow(step)
    return {tuple(sorted(found.items())) for found in disk.crashes(Random(315), 200)}


def test_what_was_not_flushed_may_be_there_or_not():
    assert left_by(Wrote("a", 0, b"new"), a=b"old") == {(("a", b"old"),), (("a", b"new"),)}
    assert left_by(Cut("a", 1), a=b"old") == {(("a", b"old"),), (("a", b"o"),)}


def test_what_was_flushed_is_there():
    assert left_by(Wrote("a", 0, b"new"), Synced("a"), a=b"old") == {(("a", b"new"),)}


def test_a_flush_is_of_one_file():
    assert left_by(Wrote("a", 0, b"new"), Synced("b"), a=b"old", b=b"") == {
        (("a", b"old"), ("b", b"")),
        (("a", b"new"), ("b", b"")),
    }


def test_a_write_tears_at_its_sectors_and_damages_nothing_beside_it():
    old, new = b"o" * 1500, b"n" * 1000
    found = {dict(content)["a"] for content in left_by(Wrote("a", 300, new), a=old)}
    assert len(found) == 8  # sectors 0, 1 and 2, each old or new
    assert {data[:300] + data[1300:] for data in found} == {old[1000:]}


def test_an_older_write_may_be_lost_while_a_newer_one_is_kept():
    assert (("a", b"o2"),) in left_by(Wrote("a", 0, b"1"), Wrote("a", 1, b"2"), a=b"oo")


def test_names_come_and_go_in_order():
    steps = (Opened("a", makes=True, empties=False), Removed("b"), Renamed("c", "d"))
    found = {tuple(name for name, _ in content) for content in left_by(*steps, b=b"", c=b"")}
    assert found == {("b", "c"), ("a", "b", "c"), ("a", "c"), ("a", "d")}


def test_a_flush_of_the_folder_settles_its_names():
    assert left_by(Removed("a"), Synced(""), a=b"", b=b"") == {(("b", b""),)}


def test_a_flush_of_a_new_file_settles_its_name_and_not_what_came_later():
    steps = (Opened("a", makes=True, empties=False), Wrote("a", 0, b"x"), Removed("b"), Synced("a"))
    assert left_by(*steps, b=b"") == {(("a", b"x"), ("b", b"")), (("a", b"x"),)}


# --- a booth's journal ------------------------------------------------------------------------------------


def a_booth_that_counted(folder: Path) -> Look:
    """Promises are facts, by number. What is found must be a first part of what was written, wholly."""
    with closing(Journal(folder / "booth.db", FakeClock())) as journal:
        journal.verify()
    written, _, _ = _booth_rows(folder)
    sums, names = [{}], [set()]
    for fact in (envelope.decode(line) for _, _, line, _ in written):
        sums.append(_added(sums[-1], buckets(fact)))
        names.append(names[-1] | ({fact.body["blob"]} if "blob" in fact.body else set()))
    turns = count()

    def look(found: Path) -> int:
        facts, totals, blobs = _booth_rows(found)
        kept = len(facts)
        if facts != written[:kept]:
            raise Damaged("facts that nobody wrote")
        if (totals, blobs) != (sums[kept], names[kept]):
            raise Damaged("facts without their totals or blobs")
        if next(turns) % REVIVED == 0:
            _count_on(found, kept)
        return kept

    return look


def _booth_rows(folder: Path) -> tuple[list[Row], dict[Bucket, int], set[str]]:
    with after_the_crash(folder / "booth.db") as connection:
        facts = connection.execute("SELECT seq, id, line, hash FROM facts ORDER BY seq").fetchall()
        totals = {row[:4]: row[4] for row in connection.execute("SELECT day, hour, desk, metric, n FROM totals")}
        blobs = {name for (name,) in connection.execute("SELECT sha256 FROM blobs")}
    return facts, totals, blobs


def _added(sums: Mapping[Bucket, int], more: Mapping[Bucket, int]) -> dict[Bucket, int]:
    return {bucket: sums.get(bucket, 0) + more.get(bucket, 0) for bucket in {*sums, *more}}


def _count_on(found: Path, kept: int) -> None:
    """A booth starts on it, finds its chain whole, and goes on."""
    try:
        with closing(Journal(found / "booth.db", FakeClock())) as journal:
            assert (journal.trouble, journal.verify()) == (None, kept)
            assert journal.append(a_draft())[0].seq == kept + 1
            assert journal.verify() == kept + 1
    except Problem as problem:
        raise Damaged(str(problem)) from None


def a_fresh_booth(folder: Path) -> Path:
    a_journal(folder / "booth", FakeClock()).close()
    return folder / "booth"


def test_a_booth_loses_no_acknowledged_fact(tmp_path: Path):
    folder = a_fresh_booth(tmp_path)
    outcome = cut(programs.COUNTING, folder, a_booth_that_counted, programs.AS_IT_IS, DRAWS)
    assert_nothing_is_lost(outcome, share(14_000, 500), "booth journal")


@pytest.mark.parametrize("safety", share([programs.TUTORIAL, programs.DEFAULT], [programs.TUTORIAL]))
def test_a_booth_with_the_usual_settings_is_seen_to_lose(tmp_path: Path, safety: str):
    folder = a_fresh_booth(tmp_path)
    outcome = cut(programs.COUNTING, folder, a_booth_that_counted, safety, draws=1)
    assert_loss_is_seen(outcome, f"booth journal with {safety.replace(' ', '+')}")


@at_length
def test_a_booth_that_flushes_nothing_is_seen_to_be_damaged(tmp_path: Path):
    folder = a_fresh_booth(tmp_path)
    outcome = cut(programs.COUNTING, folder, a_booth_that_counted, programs.CARELESS, draws=1)
    figure("power loss, control, booth journal with TRUNCATE+OFF: reported as damaged", len(outcome.damaged))
    assert outcome.damaged
    assert outcome.lost


# --- a hub's intake ---------------------------------------------------------------------------------------

POST = share(60, 36)  # batches, beside those that come twice
Part = tuple[Tablet, int, int]  # whose, first fact, how many


def a_hub_with_post(hub_folder: Path, folder: Path) -> list[Part]:
    """A hub with three tablets, and what they send: in parts, now and then a later part first, or one twice."""
    shutil.copytree(hub_folder, folder)
    dice = Random(315)
    with closing(open_hub(HubConfig(folder, public_url=HUB_URL), FakeClock())) as here:
        tablets = [a_tablet(here, desk) for desk in ("d01", "d02", "d03")]
    post: list[Part] = []
    for _ in range(POST):
        tablet = dice.choice(tablets)
        first, size = len(tablet.lines) + 1, dice.randint(1, 8)
        for number in range(first, first + size):
            tablet.record(a_headcount(dice.randint(1, 9)), id=f"{dice.getrandbits(128):032x}", seq=number)
        post.insert(len(post) - (dice.random() < 0.2 and len(post) > 0), (tablet, first, size))
        if dice.random() < 0.2:
            post.append(dice.choice(post))
    (folder / programs.BATCHES).mkdir()
    for number, (tablet, first, size) in enumerate(post):
        (folder / programs.BATCHES / f"{number:04}").write_bytes(tablet.batch(first, size))
    return post


@dataclass
class Holding:
    """What a hub must hold after some of the post, by our own reckoning."""

    lines: dict[tuple[str, int], tuple[bytes, bytes]]  # (journal, seq) → line, hash
    runs: dict[str, tuple[int, bytes]]  # journal → where its unbroken run ends
    totals: dict[tuple[str, Bucket], int]

    def after(self, part: Part) -> "Holding":
        tablet, first, size = part
        journal, end = tablet.journal, self.runs[tablet.journal][0]
        new = {(journal, seq): (tablet.lines[seq - 1], tablet.hash_at(seq)) for seq in range(first, first + size)}
        lines = {**self.lines, **new}
        while (journal, end + 1) in lines:
            end += 1
        of_journal = fold(envelope.decode(line) for line in tablet.lines[:end])
        totals = {**self.totals, **{(journal, bucket): n for bucket, n in of_journal.items()}}
        return Holding(lines, {**self.runs, journal: (end, tablet.hash_at(end))}, totals)

    def fingerprint(self) -> Hashable:
        parts = (self.lines, self.runs, self.totals)
        return tuple(frozenset(part.items()) for part in parts)


def cut_intake(hub_folder: Path, folder: Path, safety: str, draws: int) -> Outcome:
    """Promises are batches, by number. What is found must be what some number of them leaves behind, wholly."""
    post = a_hub_with_post(hub_folder, folder)
    start = _hub_holding(folder)

    def look_of(folder: Path) -> Look:
        holding = start
        kept_by = {holding.fingerprint(): 0}
        for number, part in enumerate(post, 1):
            holding = holding.after(part)
            kept_by[holding.fingerprint()] = number
        assert _hub_holding(folder) == holding
        turns = count()

        def look(found: Path) -> int:
            kept = kept_by.get(_hub_holding(found).fingerprint())
            if kept is None:
                raise Damaged("not what any number of batches leaves behind")
            turn = next(turns)
            if turn % (4 * REVIVED) == 0:
                again = post if turn % (20 * REVIVED) == 0 else ()
                _take_in_again(folder, found, again)
                assert not again or _hub_holding(found) == holding
            return kept

        return look

    return cut(programs.INTAKE, folder, look_of, safety, draws)


def _hub_holding(folder: Path) -> Holding:
    with after_the_crash(folder / "hub.db") as connection:
        lines = {row[:2]: row[2:] for row in connection.execute("SELECT journal, seq, line, hash FROM facts")}
        runs = {row[0]: row[1:] for row in connection.execute("SELECT journal, seq, hash FROM journals")}
        sums = connection.execute("SELECT journal, day, hour, desk, metric, n FROM totals WHERE n <> 0")
        return Holding(lines, runs, {(row[0], row[1:5]): row[5] for row in sums})


def _take_in_again(folder: Path, found: Path, post: Sequence[Part]) -> None:
    """A hub starts on it, finds its books right, and may be sent everything once more."""
    shutil.copy(folder / SIGNING_KEY, found)
    with closing(open_hub(HubConfig(found, public_url=HUB_URL), FakeClock())) as here:
        assert ledger.verify(here) == []
        for tablet, first, size in post:
            deliver(here, tablet.batch(first, size))
        assert ledger.verify(here) == []


def test_a_hub_loses_nothing_it_signed_for(tmp_path: Path, hub_folder: Path):
    outcome = cut_intake(hub_folder, tmp_path / "hub", programs.AS_IT_IS, INTAKE)
    assert_nothing_is_lost(outcome, share(12_000, 230), "hub intake")


@at_length
def test_a_hub_with_the_usual_settings_is_seen_to_lose(tmp_path: Path, hub_folder: Path):
    outcome = cut_intake(hub_folder, tmp_path / "hub", programs.TUTORIAL, draws=1)
    assert_loss_is_seen(outcome, "hub intake with WAL+NORMAL")


# --- a start that changes the schema ------------------------------------------------------------------------


def cut_a_start(program: programs.Program, again: Callable[[Path], None], folder: Path, draws: int) -> Outcome:
    """One promise: the change is there. Until then everything is as before; and the next start completes it."""
    old = picture(folder / program.database)

    def look_of(folder: Path) -> Look:
        new = picture(folder / program.database)
        assert new != old
        turns = count()

        def look(found: Path) -> int:
            seen = picture(found / program.database)
            if seen not in (old, new):
                raise Damaged("half a change")
            if next(turns) % RESTARTED == 0:
                again(found)
                if picture(found / program.database) != new:
                    raise Damaged("the next start does not complete it")
            return int(seen == new)

        return look

    return cut(program, folder, look_of, programs.AS_IT_IS, draws)


@pytest.fixture
def knows_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process, too, is of the release after this one."""
    monkeypatch.setattr(booth_schema.migrations, "_migrations", [*booth_schema.migrations._migrations])
    monkeypatch.setattr(hub_schema, "STEPS", hub_schema.STEPS)
    programs.know_a_later_booth()
    programs.know_a_later_hub()


def test_a_new_booth_is_made_wholly_or_not_at_all(tmp_path: Path):
    (tmp_path / "booth").mkdir()
    outcome = cut_a_start(programs.BOOTH_START, programs.make_booth_ready, tmp_path / "booth", MORE)
    assert_nothing_is_lost(outcome, share(500, 13), "a new booth's schema")


def test_a_new_hub_is_made_wholly_or_not_at_all(tmp_path: Path):
    (tmp_path / "hub").mkdir()
    outcome = cut_a_start(programs.HUB_START, programs.make_hub_ready, tmp_path / "hub", MORE)
    assert_nothing_is_lost(outcome, share(12_000, 130), "a new hub's schema")


def test_a_released_booth_is_brought_up_to_date_wholly_or_not_at_all(tmp_path: Path, knows_later: None):
    folder = released_booth(tmp_path / "booth")
    outcome = cut_a_start(programs.LATER_BOOTH_START, programs.make_booth_ready, folder, MORE)
    assert_nothing_is_lost(outcome, share(500, 13), "migration of a released booth")


def test_a_released_hub_is_brought_up_to_date_wholly_or_not_at_all(tmp_path: Path, knows_later: None):
    folder = released_hub(tmp_path / "hub")
    outcome = cut_a_start(programs.LATER_HUB_START, programs.make_hub_ready, folder, MORE)
    assert_nothing_is_lost(outcome, share(4_000, 65), "migration of a released hub")
