"""A file that is not what was written, or not the one that was here: the booth starts, says so, and shows no figure."""

import hashlib
import json
import logging
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from kiosk import files
from kiosk.booth import folder, schema
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.journal import Draft, Journal
from kiosk.cli import main
from kiosk.config import BoothConfig, HubConfig
from kiosk.errors import CATALOGUE, Problem
from kiosk.facts.tallies import TallyUndone, undo_id
from kiosk.hub.app import open_hub
from kiosk.reports.amounts import fold
from tests.booth.test_journal import assert_whole
from tests.cli.test_commands import CLEAN, one_line
from tests.clocks import FakeClock
from tests.makers import (
    HUB_URL,
    Browser,
    Pair,
    a_draft,
    a_filing,
    a_headcount,
    a_journal,
    a_pair,
    an_answer,
    an_id,
    facts_of,
)
from tests.proof import figure, share

FLIPS = share(500, 120)
PATHS = ("/", "/quiz", "/gallery", "/gallery/e01", "/complaint", "/staff", "/staff/enter", "/staff/complaint", "/enrol")
FORMS = {
    "/quiz/answer": {"id": an_id(), "question": "q", "option": "a"},
    "/gallery/e01/judge": {"id": an_id(), "side": "left"},
    "/staff/enter": {"volunteer": "li", "pin": "380315", "next": "/staff"},
    "/staff/tally": {"id": an_id(), "counter": "headcount", "n": "1"},
    "/staff/undo": {"undoes": an_id()},
    "/leave": {},
}


def some_facts(journal: Journal, clock: FakeClock, count: int = 60) -> None:
    """What a morning leaves behind: touches, some taken back, answers, complaints, wrong PINs, a half-filled form."""
    dice = random.Random(315)
    for number in range(1, count):
        clock.tick(dice.randrange(200))
        if number % 9 == 0:
            blob = dice.randbytes(700)
            name = hashlib.sha256(blob).hexdigest()
            body = a_filing(name)
            journal.append(Draft(an_id(number), body, "li", blob))
        elif number % 5 == 0:
            answer = an_answer(session=an_id(7), question="q01", chosen=["a"], right=number % 2 == 0, ms=900)
            journal.append(Draft(an_id(number), answer, "visitor"))
        else:
            journal.append(Draft(an_id(number), a_headcount(dice.randint(1, 9)), "li"))
    journal.append(Draft(undo_id(an_id(1)), TallyUndone(undoes=an_id(1), counter="headcount", n=1), "li"))
    journal.write("INSERT INTO drafts VALUES ('0', '2027-03-15', zeroblob(900))")
    journal.write("INSERT INTO pin_locks VALUES ('li', 2, 0, 0, '0000315a')")


@pytest.fixture
def morning(tmp_path: Path, clock: FakeClock) -> Path:
    """The folder of a booth that has worked and was stopped tidily."""
    with closing(a_journal(tmp_path / "booth", clock)) as journal:
        some_facts(journal, clock)
    return tmp_path / "booth"


def spoil(home: Path, statement: str) -> None:
    """What a broken disk, or somebody with a database tool, can do to the file; the triggers stand as before."""
    with closing(sqlite3.connect(home / "booth.db", isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


class Truth:
    """What the undamaged journal says."""

    def __init__(self, home: Path) -> None:
        with closing(Journal(home / "booth.db", FakeClock())) as journal:
            assert journal.trouble is None
            self.lines = journal.lines(1, 10_000)
            self.hashes = [journal.hash_at(seq) for seq in range(len(self.lines) + 1)]
            self.totals = journal.totals()

    def is_told_by(self, journal: Journal) -> str:
        """Hold what a journal says against the truth; returns "whole" or the code it stopped with."""
        if journal.trouble is not None:
            sound = journal.sound_prefix()
            assert journal.lines(1, 10_000) == self.lines[:sound]
            assert journal.head() == (sound, self.hashes[sound] if sound else journal.head()[1])
            for ask in (journal.totals, lambda: journal.day_totals("2027-03-15"), lambda: journal.append(a_draft())):
                with pytest.raises(Problem, match=journal.trouble.code):
                    ask()
            return journal.trouble.code
        assert journal.lines(1, 10_000) == self.lines
        assert journal.totals() == self.totals
        assert all(journal.fact(one.id) == one for one in facts_of(journal))  # by the index, as a retry looks for it
        retry = Draft(an_id(1), a_headcount(json.loads(self.lines[0])["body"]["n"]), "li")
        journal.append(retry, a_draft(a_headcount(1)))
        assert journal.head()[0] == len(self.lines) + 1
        assert sum(journal.totals().values()) == sum(self.totals.values()) + 1
        assert_whole(journal)
        return "whole"


def a_copy(home: Path, name: str) -> Path:
    target = home.parent / name
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(home, target)


def flip(home: Path, *places: int, by: int) -> None:
    content = bytearray((home / "booth.db").read_bytes())
    for place in places:
        content[place % len(content)] ^= by
    (home / "booth.db").write_bytes(content)


# --- flipped bits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 12])
def test_after_flipped_bits_there_is_never_a_wrong_figure(morning: Path, at_once: int, caplog):
    caplog.set_level(logging.CRITICAL)
    truth, dice, seen = Truth(morning), random.Random(315), {"whole": 0}
    for _ in range(FLIPS if at_once == 1 else FLIPS // 5):
        home = a_copy(morning, "flipped")
        flip(home, *(dice.randrange(1 << 30) for _ in range(at_once)), by=1 << dice.randrange(8))
        with closing(Journal(home / "booth.db", FakeClock())) as journal:
            outcome = truth.is_told_by(journal)
        seen[outcome] = seen.get(outcome, 0) + 1
    assert set(seen) == {"whole", "journal.damaged"}
    assert seen["journal.damaged"] > 0
    assert at_once > 1 or seen["whole"] > 0
    figure(f"files with {at_once} flipped bytes, no wrong total", sum(seen.values()))


def test_a_booth_on_a_flipped_file_answers_every_request_in_its_own_words(morning: Path, caplog):
    caplog.set_level(logging.WARNING)
    dice, damaged = random.Random(316), 0
    for _ in range(FLIPS // 20):
        home = a_copy(morning, "flipped")
        flip(home, dice.randrange(1 << 30), by=1 << dice.randrange(8))
        app = create_booth_app(BoothConfig(home, sync_seconds=0), FakeClock())
        client = app.test_client()
        answers = [client.get(path) for path in (*PATHS, "/healthz")]
        answers += [client.post(path, data=told) for path, told in FORMS.items()]
        app.extensions["booth"].close()
        for answer in answers:
            assert "internal" not in answer.text
            assert answer.status_code < 500 or any(code in answer.text for code in CATALOGUE)
        damaged += "journal.damaged" in answers[0].text
    assert 0 < damaged < FLIPS // 20
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("size", [0, 1, 99, 100, 4095, 4096, 8192, 30_000])
def test_a_file_cut_short_is_damaged_and_says_so(morning: Path, size: int):
    truth = Truth(morning)
    content = (morning / "booth.db").read_bytes()
    (morning / "booth.db").write_bytes(content[:size])
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert truth.is_told_by(journal) == "journal.damaged"


def test_what_is_no_database_is_damaged(tmp_path: Path, clock: FakeClock):
    (tmp_path / "booth.db").write_bytes(b"no database at all" * 100)
    with closing(Journal(tmp_path / "booth.db", clock)) as journal:
        assert (journal.trouble.code, journal.sound_prefix()) == ("journal.damaged", 0)


@pytest.mark.parametrize(
    ("statement", "sound"),
    [
        ("UPDATE facts SET line = CAST(line || ' ' AS BLOB) WHERE seq = 20", 19),
        ("UPDATE facts SET hash = zeroblob(32) WHERE seq = 20", 19),
        ("UPDATE facts SET id = '00000000000000000000000000000315' WHERE seq = 20", 19),
        ("UPDATE facts SET kind = 'board.counted' WHERE seq = 20", 19),
        ("UPDATE facts SET boot = '11111111' WHERE seq = 20", 19),
        ("UPDATE facts SET mono = mono + 1 WHERE seq = 20", 19),
        ("UPDATE facts SET at = '2027-03-16' || substr(at, 11) WHERE seq = 20", 19),
        ("DELETE FROM facts WHERE seq = 20", 19),
        ("DELETE FROM facts WHERE seq = 1", 0),
        ("UPDATE blobs SET content = zeroblob(700)", 60),
        ("DROP TABLE pin_locks", 60),
        ("DROP TABLE totals", 60),
        ("UPDATE identity SET certificate = NULL", 0),
        ("UPDATE identity SET notice = x'00'", 60),
        ("DELETE FROM identity", 0),
    ],
)
def test_what_somebody_changed_in_the_file_is_noticed_at_the_next_start(morning: Path, statement: str, sound: int):
    truth = Truth(morning)
    (morning / folder.HEAD).unlink()  # the mark would notice some of it, too
    spoil(morning, statement)
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        if journal.trouble is None:
            assert "certificate = NULL" in statement  # as if it had never been enrolled: nothing is recorded either
            return
        assert truth.is_told_by(journal) == "journal.damaged"
        assert journal.sound_prefix() == sound


def test_a_damaged_second_copy_of_what_the_hub_has_stops_nothing_and_goes_nowhere(morning: Path):
    with closing(sqlite3.connect(morning / "booth.db")) as connection:
        connection.execute("UPDATE blobs SET sent = 1")
        [name] = connection.execute("SELECT sha256 FROM blobs LIMIT 1").fetchone()
        connection.execute("UPDATE blobs SET content = zeroblob(700) WHERE sha256 = ?", (name,))
        connection.commit()
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert journal.trouble is None
        assert journal.blob(name) is None
        journal.append(a_draft())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("applied_at", "applied_qt"),
        ('"name"', '"nbme"'),
        ("migration_set", "migration_get"),
        ("CHECK (length(hash) = 32)", "CHECK (length(hash) = 30)"),
        ("DEFAULT 0", "DEFAULT 1"),
        ("BEFORE DELETE ON facts", "BEFORE INSERT ON facts"),
        ("mono INTEGER", "mond INTEGER"),
        ("append-only", "append\udcffonly"),
    ],
)
def test_one_letter_of_the_schema_is_noticed(morning: Path, old: str, new: str):
    content = (morning / "booth.db").read_bytes()
    words = old.encode(), new.encode("utf-8", "surrogateescape").ljust(len(old))[: len(old)]
    (morning / "booth.db").write_bytes(content.replace(*words))
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        if "applied_at" in old or "set" in old or "name" in old:  # notes of the migrations, read by name
            assert journal.trouble is None or journal.trouble.code == "journal.damaged"
        else:
            assert journal.trouble.code == "journal.damaged"


def test_the_hub_s_keys_are_not_exchanged_unnoticed(morning: Path):
    """Complaints sealed to a wrong key could never be opened."""
    with closing(sqlite3.connect(morning / "booth.db", isolation_level=None)) as connection:
        hello = json.loads(connection.execute("SELECT hello FROM identity").fetchone()[0])
        hello["sealing_key"] = "00" + hello["sealing_key"][2:]
        connection.execute("UPDATE identity SET hello = ?", (json.dumps(hello).encode(),))
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert journal.trouble is not None
        assert journal.trouble.code == "journal.damaged"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE totals SET n = n + 1",
        "DELETE FROM totals",
        "INSERT INTO totals VALUES ('2027-03-15', 9, 'd01', 'tally.headcount.x', 400)",
        "UPDATE totals SET metric = CAST(x'ff' AS TEXT) WHERE metric = 'quiz.answered' AND hour = 9",
    ],
)
def test_totals_alone_are_folded_again_from_the_facts(morning: Path, statement: str, caplog):
    truth = Truth(morning)
    with closing(sqlite3.connect(morning / "booth.db", isolation_level=None)) as connection:
        connection.execute(statement)
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert truth.is_told_by(journal) == "whole"
    assert "folded again" in caplog.text


def test_a_start_beside_a_counting_booth_finds_nothing_wrong(journal: Journal, clock: FakeClock):
    for _ in range(20):
        journal.append(a_draft(), a_draft())
        with closing(Journal(journal.file, clock)) as beside:
            assert beside.trouble is None
            assert beside.verify() == journal.head()[0]


# --- what the booth does then -------------------------------------------------------------------------


@pytest.fixture
def pair(hub_folder: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Pair]:
    """A booth and its hub, which is the same to a broken tablet whatever it stores in."""
    home = shutil.copytree(hub_folder, tmp_path / "hub")
    with closing(open_hub(HubConfig(home, public_url=HUB_URL), clock)) as hub:
        made = a_pair(tmp_path / "booth", hub, clock)
        with closing(made.booth):
            yield made


@pytest.fixture
def damaged(pair: Pair, clock: FakeClock) -> Iterator[Pair]:
    """A booth that was half sent when somebody dropped it: fact 40 of 60 is broken."""
    some_facts(pair.booth.journal, clock, 20)
    pair.sync()
    pair.booth.journal.append(*(a_draft() for _ in range(40)))
    pair.booth.close()
    spoil(pair.booth.config.data, "UPDATE facts SET line = CAST('{}' AS BLOB) WHERE seq = 40")
    app = create_booth_app(pair.booth.config, clock)
    with closing(app.extensions["booth"]):
        yield Pair(app, pair.hub_app, clock)


def test_a_damaged_booth_starts_and_every_page_is_one_clear_screen(damaged: Pair):
    visitor = damaged.visitor()
    for path in PATHS:
        page = visitor.get(path)
        assert (page.status, "这台平板已停止记录" in page, "前 39 条" in page) == (500, True, True), path
    for path, told in FORMS.items():
        page = visitor.post(path, **told)
        assert (page.status, "journal.damaged" in page) == (500, True), path
    assert "Its journal is damaged" in Browser(damaged.booth_app.test_client()).post(
        "/preferences", lang="en", next="/"
    )


def test_a_damaged_booth_says_so_to_whoever_keeps_it_running(damaged: Pair):
    answer = damaged.booth_app.test_client().get("/healthz")
    told = answer.get_json()
    assert (answer.status_code, told["ok"], told["problem"]) == (503, False, "journal.damaged")
    assert told["storage"] in ("ample", "low")


def test_what_can_be_believed_of_a_damaged_booth_still_reaches_the_hub(damaged: Pair):
    result = damaged.sync()
    assert result.seq == damaged.booth.journal.sound_prefix() == 39
    damaged.sync()  # again, and it changes nothing
    assert damaged.booth.journal.trouble is not None


def test_of_a_damaged_booth_the_hub_knows_more_than_it_can_say(pair: Pair, clock: FakeClock):
    """What was sent before is broken now: nothing is sent over it."""
    some_facts(pair.booth.journal, clock, 20)
    pair.sync()
    pair.booth.close()
    spoil(pair.booth.config.data, "UPDATE facts SET line = CAST('{}' AS BLOB) WHERE seq = 5")
    app = create_booth_app(pair.booth.config, clock)
    with closing(app.extensions["booth"]), pytest.raises(Problem, match=r"journal\.(forked|damaged)"):
        Pair(app, pair.hub_app, clock).sync()


def test_damage_that_shows_while_counting_stops_the_booth_there_and_then(client: FlaskClient, booth: Booth):
    browser = Browser(client).enter("li", "380315")
    browser.send(browser.get("/staff").form("/staff/tally", counter="headcount"))
    booth.journal.close()  # SQLite would go on with the pages it has in memory
    with booth.journal.file.open("r+b") as file:
        file.write(b"\0" * 16)
    page = browser.post("/staff/tally", id=an_id(), counter="headcount", n="1")
    assert (page.status, "journal.damaged" in page, "这台平板已停止记录" in page) == (500, True, True)
    assert browser.get("/").status == 500
    assert client.get("/healthz").status_code == 503


def test_a_damaged_line_that_is_read_stops_the_booth(client: FlaskClient, booth: Booth):
    browser = Browser(client).enter("li", "380315")
    browser.send(browser.get("/staff").form("/staff/tally", counter="headcount"))
    spoil(booth.config.data, "UPDATE facts SET line = x'00' WHERE kind = 'tally.counted'")
    assert browser.get("/staff").status == 500
    assert "journal.damaged" in browser.get("/")


def test_a_statement_that_is_wrong_is_no_damage(journal: Journal):
    with pytest.raises(Problem, match=r"storage\.failed"):
        journal.write("INSERT INTO nowhere VALUES (1)")
    assert journal.trouble is None


def test_a_table_that_is_gone_is_damage(journal: Journal):
    with closing(sqlite3.connect(journal.file, isolation_level=None)) as connection:
        connection.execute("DROP TABLE totals")
    with pytest.raises(Problem, match=r"journal\.damaged"):
        journal.append(a_draft())
    assert journal.trouble is not None


# --- restored -----------------------------------------------------------------------------------------


def older(home: Path, work: Callable[[Journal], object]) -> None:
    """Work on, then put the database back as it was before."""
    before = (home / "booth.db").read_bytes()
    with closing(Journal(home / "booth.db", FakeClock())) as journal:
        work(journal)
    (home / "booth.db").write_bytes(before)


def test_an_older_copy_is_not_written_on(morning: Path):
    older(morning, lambda journal: journal.append(a_draft(), a_draft()))
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert (journal.trouble.code, journal.trouble.details) == ("journal.restored", {"seq": 62})
        for write in (lambda: journal.append(a_draft()), lambda: journal.write("DELETE FROM drafts"), journal.totals):
            with pytest.raises(Problem, match=r"journal\.restored"):
                write()
        assert journal.head()[0] == 60


@pytest.mark.parametrize("made_by", ["this release", "the first release"])
def test_an_older_copy_stays_as_it_is_to_the_last_byte(morning: Path, made_by: str):
    with closing(sqlite3.connect(morning / "booth.db")) as connection:
        connection.execute("UPDATE totals SET n = n + 7")  # they would be folded again
        if made_by == "the first release":
            _as_the_first_release_left_it(connection)
        connection.commit()
    copy = (morning / "booth.db").read_bytes()
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        journal.append(a_draft(), a_draft())
    (morning / "booth.db").write_bytes(copy)
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert journal.trouble.code == "journal.restored"
        assert (journal.identity().head, journal.head()[0], len(journal.lines(1, 100))) == (None, 60, 60)
    assert (morning / "booth.db").read_bytes() == copy


def _as_the_first_release_left_it(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE identity DROP COLUMN head")
    connection.execute("ALTER TABLE identity DROP COLUMN pending")
    connection.execute("DROP TABLE pin_locks")
    connection.execute("DROP TABLE draft_photos")
    connection.execute("DROP TABLE counting")
    connection.execute(next(statement for statement in schema._JOURNAL if "TABLE pin_lock " in statement))
    connection.execute("DELETE FROM _sqlite_migrations WHERE name <> 'journal'")


def test_a_copy_that_went_another_way_is_an_older_copy_too(morning: Path):
    """The same length, other facts: only the hash tells."""
    older(morning, lambda journal: journal.append(a_draft(a_headcount(2))))
    mark = (morning / folder.HEAD).read_bytes()
    (morning / folder.HEAD).unlink()
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        journal.append(a_draft(a_headcount(3)), a_draft())
    (morning / folder.HEAD).write_bytes(mark)
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert journal.trouble.code == "journal.restored"


def test_a_copy_from_before_the_enrolment_is_an_older_copy(tmp_path: Path, clock: FakeClock, booth_folder: Path):
    home = shutil.copytree(booth_folder, tmp_path / "booth")
    with closing(Journal(home / "booth.db", clock)):
        pass
    with closing(sqlite3.connect(home / "booth.db", isolation_level=None)) as connection:
        connection.execute("UPDATE identity SET certificate = NULL, hello = NULL, notice = NULL")
    with closing(Journal(home / "booth.db", clock)) as journal:
        assert journal.trouble.code == "journal.restored"


def test_a_restored_booth_says_what_to_do_and_records_nothing(pair: Pair, clock: FakeClock, tmp_path: Path):
    some_facts(pair.booth.journal, clock, 20)
    home = pair.booth.config.data
    copy = home.joinpath("booth.db").read_bytes()
    pair.booth.journal.append(*(a_draft() for _ in range(5)))
    pair.sync()
    pair.booth.close()
    (home / "booth.db").write_bytes(copy)
    app = create_booth_app(pair.booth.config, clock)
    with closing(app.extensions["booth"]):
        older_pair = Pair(app, pair.hub_app, clock)
        page = older_pair.visitor().get("/")
        assert (page.status, "这份数据是旧的备份" in page, "kiosk booth init" in page) == (409, True, True)
        answer = app.test_client().get("/healthz")
        assert (answer.status_code, answer.get_json()["problem"]) == (503, "journal.restored")
        with pytest.raises(Problem, match=r"journal\.forked"):
            older_pair.sync()  # the hub has more; nothing is sent


def test_a_receipt_leaves_a_mark_at_once(pair: Pair):
    pair.booth.journal.append(a_draft())
    pair.sync()
    mark = folder.read_mark(pair.booth.config.data)
    assert mark is not None
    assert (mark.seq, mark.hash) == (pair.booth.journal.head()[0], pair.booth.journal.head()[1].hex())


def test_a_mark_never_goes_back(journal: Journal):
    journal.append(a_draft(), a_draft())
    journal.keep_mark()
    ahead = folder.read_mark(journal.file.parent)
    folder.keep_mark(journal.file.parent, msgspec.structs.replace(ahead, seq=9, hash="00" * 32))
    journal.keep_mark()
    assert folder.read_mark(journal.file.parent).seq == 9


def test_a_mark_does_not_wait_for_ever_for_the_folder(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    """A program that was stopped in its commit would keep the courier, and whoever closes, for as long."""
    monkeypatch.setattr(folder, "PATIENCE", 0.1)
    journal.append(a_draft())
    with files.alone(journal.file.parent), pytest.raises(TimeoutError):
        journal.keep_mark()
    journal.keep_mark()
    assert folder.read_mark(journal.file.parent).seq == 1


def test_a_mark_does_not_go_back_when_two_programs_keep_it_at_once(journal: Journal, clock: FakeClock, monkeypatch):
    journal.append(a_draft())
    keep = folder.keep_mark

    def late(home: Path, mark: folder.Mark) -> None:
        """Between one's look at the journal and its writing the other does both."""
        monkeypatch.setattr(folder, "keep_mark", keep)
        with closing(Journal(journal.file, clock)) as other:
            other.append(a_draft(), a_draft())
        keep(home, mark)

    monkeypatch.setattr(folder, "keep_mark", late)
    journal.keep_mark()
    assert folder.read_mark(journal.file.parent).seq == journal.head()[0] == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 9000, None])
def test_a_damaged_mark_accuses_nobody(morning: Path, content: bytes | None):
    file = morning / folder.HEAD
    file.write_bytes(file.read_bytes().replace(b'"seq":60', b'"seq":61') if content is None else content)
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert journal.trouble is None
        assert folder.read_mark(morning).seq == 60


def test_after_a_power_cut_the_mark_is_never_ahead(journal: Journal, clock: FakeClock):
    """It is written after the commit it speaks of, so a folder copied at any moment opens."""
    for number in range(20):
        journal.append(a_draft())
        if number % 3 == 0:
            journal.keep_mark()
        home = a_copy(journal.file.parent, "cut")
        with closing(Journal(home / "booth.db", clock)) as other:
            assert other.trouble is None


# --- on the command line --------------------------------------------------------------------------------


def said(runner: CliRunner, *words: object) -> tuple[int, str, bool]:
    answer = runner.invoke(main, [str(word) for word in words], env=CLEAN)
    return answer.exit_code, answer.stderr.partition(":")[0], one_line(answer.stderr)


@pytest.mark.parametrize("words", ["sync", "enrol --hub http://127.0.0.1:9 --code 00128-HK8HA"])
def test_a_command_on_a_file_that_cannot_be_read_says_so_in_one_line(runner: CliRunner, morning: Path, words: str):
    (morning / "booth.db").write_bytes(b"no database at all" * 100)
    assert said(runner, "booth", *words.split(), "--data", morning) == (1, "journal.damaged", True)


def test_the_totals_of_a_journal_are_the_fold_of_its_facts(morning: Path):
    with closing(Journal(morning / "booth.db", FakeClock())) as journal:
        assert journal.totals() == {bucket: n for bucket, n in fold(facts_of(journal)).items() if n}
