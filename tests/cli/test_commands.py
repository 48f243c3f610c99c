"""Every command says what it does; and what goes wrong is one line on stderr, with its code."""

import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kiosk import ROOT, strictjson
from kiosk.cli import main
from kiosk.errors import CATALOGUE
from kiosk.hub.people import KEY_ROLES
from kiosk.packs.reader import BUILTIN
from tests.makers import a_pack

#: What a person's own settings would change.
SETTINGS = ("DATABASE_URL", "KIOSK_PASSWORD", "KIOSK_HUB_DATA", "KIOSK_BOOTH_DATA", "KIOSK_HUB_PUBLIC_URL")
CLEAN = dict.fromkeys(SETTINGS)
CODE = "00000-" * 7 + "0000"
FAIR = strictjson.loads((BUILTIN / "fair.json").read_bytes(), 1 << 20)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def command_at(path: tuple[str, ...]) -> click.Command:
    found: click.Command = main
    for name in path:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


ALL = list(commands(main))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does(runner, path):
    answer = runner.invoke(main, [*path, "--help"])
    assert answer.exit_code == 0
    assert command_at(path).help


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_stands_in_the_docs(path):
    assert f"kiosk {' '.join(path)}" in (ROOT / "docs" / "cli.md").read_text("utf-8")


def test_a_command_loads_only_the_side_it_runs():
    """A tablet has no SQLAlchemy; and no help should wait for a server."""
    import subprocess

    code = (
        "import sys; from click.testing import CliRunner; from kiosk.cli import main; "
        "CliRunner().invoke(main, ['--help']); CliRunner().invoke(main, ['pack', 'check']); "
        "print(sorted({'sqlalchemy', 'flask', 'sqlite_utils', 'gunicorn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- what goes wrong ------------------------------------------------------------------------------------


def fails(runner, *words: object, code: str, **more: object) -> str:
    """Run a command that must fail with a code; returns its one line."""
    answer = runner.invoke(main, [str(word) for word in words], env=CLEAN, **more)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), repr(answer.exception)
    assert answer.exit_code == 1, answer.output
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"{code}: "), answer.stderr
    assert "Traceback" not in answer.stderr
    assert code in CATALOGUE
    return answer.stderr


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n")


@pytest.fixture
def booth_folder(runner, tmp_path) -> Path:
    folder = tmp_path / "booth"
    assert runner.invoke(main, ["booth", "init", "--data", str(folder)], env=CLEAN).exit_code == 0
    return folder


@pytest.fixture
def hub_folder(runner, tmp_path) -> Path:
    folder = tmp_path / "hub"
    words = ["hub", "init", "--data", str(folder), "--password", "made-up-for-this"]
    assert runner.invoke(main, words, env=CLEAN).exit_code == 0
    return folder


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("words", ["sync", "serve", f"enrol --hub http://127.0.0.1:9 --code {CODE}"])
def test_a_booth_that_is_not_there_is_said_in_one_line(runner, tmp_path, words):
    assert one_line(fails(runner, "booth", *words.split(), "--data", tmp_path, code="booth.missing"))


@pytest.mark.parametrize(
    "words",
    [
        "serve",
        "code --desk d01",
        "volunteer x",
        "person x --role viewer",
        "figures",
        "figures --json",
        "rebuild",
        "verify",
    ],
)
def test_a_hub_that_is_not_there_is_said_in_one_line(runner, tmp_path, words):
    assert one_line(fails(runner, "hub", *words.split(), "--data", tmp_path, code="hub.missing"))
    assert list(tmp_path.iterdir()) == []


def test_a_second_booth_or_hub_in_a_folder_is_refused(runner, booth_folder, hub_folder):
    assert one_line(fails(runner, "booth", "init", "--data", booth_folder, code="booth.exists"))
    assert one_line(fails(runner, "hub", "init", "--data", hub_folder, code="hub.exists"))


def test_a_booth_that_belongs_to_no_fair_has_nobody_to_send_to(runner, booth_folder):
    assert one_line(fails(runner, "booth", "sync", "--data", booth_folder, code="booth.unenrolled"))


def test_a_hub_that_does_not_answer_is_said_in_one_line(runner, booth_folder, closed_port):
    words = ("booth", "enrol", "--hub", f"http://127.0.0.1:{closed_port}", "--code", CODE, "--data", booth_folder)
    assert one_line(fails(runner, *words, code="sync.unreachable"))


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "hub.example", "ftp://x", "http://", "http://[", "http://a b", "http://x:99999"]
)
def test_an_address_that_is_none_is_said_in_one_line(runner, booth_folder, address):
    words = ("booth", "enrol", "--hub", address, "--code", CODE, "--data", booth_folder)
    assert one_line(fails(runner, *words, code="sync.unreachable"))


@pytest.mark.parametrize("code", ["", "x", "0" * 38, "U" * 39, "ZZZZZ-" * 7 + "ZZZZ", "码" * 39])
def test_a_code_that_is_none_is_said_in_one_line(runner, booth_folder, code):
    words = ("booth", "enrol", "--hub", "http://127.0.0.1:9", f"--code={code}", "--data", booth_folder)
    assert one_line(fails(runner, *words, code="enrol.code"))


def test_a_desk_or_fair_that_does_not_exist_is_said_in_one_line(runner, hub_folder):
    assert one_line(fails(runner, "hub", "code", "--desk", "d99", "--data", hub_folder, code="desk.unknown"))
    for words in ("figures --fair none", "code --desk d01 --fair none", "volunteer x --fair none"):
        assert one_line(fails(runner, "hub", *words.split(), "--data", hub_folder, code="fair.unknown"))


def test_faulty_settings_are_said_with_their_place(runner, tmp_path):
    for text, place in (("nonsense = 1", "hub.toml"), ("session_seconds = -1", "hub.toml"), ("[", "hub.toml")):
        (tmp_path / "hub.toml").write_text(text)
        assert place in fails(runner, "hub", "verify", "--data", tmp_path, code="config.invalid")


def test_a_fair_that_is_faulty_makes_no_hub(runner, tmp_path):
    fair = tmp_path / "fair.json"
    for content in (b"{}", b"[", b'{"id":"x","id":"y"}', b"\xff"):
        fair.write_bytes(content)
        fails(runner, "hub", "init", "--data", tmp_path / "hub", "--fair", fair, code="pack.faulty")
    fails(runner, "hub", "init", "--data", tmp_path / "hub", "--fair", tmp_path / "none", code="pack.faulty")


def test_no_hub_is_made_for_a_fair_on_whose_days_the_pack_cites_what_is_not_the_law(runner, tmp_path):
    fair = tmp_path / "fair.json"
    fair.write_bytes(strictjson.dumps({**FAIR, "starts": "2013-03-15", "ends": "2013-03-16"}))
    said = fails(runner, "hub", "init", "--data", tmp_path / "hub", "--fair", fair, code="pack.faulty")
    assert "消费者权益保护法 is not in force on 2013-03-15" in said
    assert not (tmp_path / "hub" / "hub.db").exists()
    assert not (tmp_path / "hub").exists()


def test_a_name_that_is_taken_is_said_in_one_line(runner, hub_folder):
    words = ["hub", "person", "admin", "--role", "viewer", "--data", str(hub_folder)]
    answer = runner.invoke(main, words, env=CLEAN)
    assert isinstance(answer.exception, SystemExit), repr(answer.exception)
    assert (answer.exit_code, one_line(answer.stderr)) == (1, True)


def test_a_caseworker_is_not_made_by_whoever_does_not_know_the_password(runner, hub_folder):
    words = ("hub", "person", "zhou", "--role", "supervisor", "--opened-by", "admin", "--data", hub_folder)
    answer = runner.invoke(main, [str(word) for word in words], env=CLEAN, input="wrong\n")
    assert (answer.exit_code, "login.wrong" in answer.stderr) == (1, True)


@pytest.mark.parametrize("role", sorted(KEY_ROLES))
def test_whoever_is_to_open_complaints_needs_somebody_who_gives_the_key_on(runner, hub_folder, role):
    words = ["hub", "person", "zhou", "--role", role, "--data", str(hub_folder)]
    answer = runner.invoke(main, words, env=CLEAN)
    assert (answer.exit_code, "--opened-by" in answer.stderr) == (2, True)


def test_a_year_s_notice_is_entered_and_a_wrong_one_is_not(runner, hub_folder, tmp_path):
    folder = tmp_path / "its-hub"
    shutil.copytree(hub_folder, folder)
    notice = {"year": 2031, "off": [f"2031-10-0{day}" for day in range(1, 8)], "worked": ["2031-10-11"]}
    for told, said in ((notice, "2031: entered"), ({**notice, "worked": ["2031-10-13"]}, "calendar.faulty")):
        (tmp_path / "notice.json").write_bytes(strictjson.dumps(told))
        words = ["hub", "calendar", str(tmp_path / "notice.json"), "--data", str(folder)]
        assert said in runner.invoke(main, words, env=CLEAN).output
    answer = runner.invoke(main, ["hub", "calendar", "--data", str(folder)], env=CLEAN)
    assert (answer.exit_code, "2031: entered" in answer.output) == (0, True)


def test_a_database_that_cannot_be_opened_is_said_in_one_line(runner, hub_folder, closed_port):
    for url in (
        "nonsense",
        f"postgresql://nobody@127.0.0.1:{closed_port}/none",
        f"sqlite:///{hub_folder}/no/such/hub.db",
    ):
        answer = runner.invoke(main, ["hub", "verify", "--data", str(hub_folder), "--database", url], env=CLEAN)
        assert isinstance(answer.exception, SystemExit), repr(answer.exception)
        assert answer.exit_code == 1
        assert one_line(answer.stderr)


def test_a_booth_that_lost_its_key_is_said_in_one_line(runner, booth_folder):
    (booth_folder / "device.key").unlink()
    answer = runner.invoke(main, ["booth", "sync", "--data", str(booth_folder)], env=CLEAN)
    assert isinstance(answer.exception, SystemExit), repr(answer.exception)
    assert (answer.exit_code, one_line(answer.stderr)) == (1, True)


def test_a_damaged_hub_is_verified_with_an_error(runner, hub_folder):
    import sqlite3

    with sqlite3.connect(hub_folder / "hub.db") as connection:
        connection.execute("INSERT INTO blobs VALUES ('00', x'00', 0)")
    connection.close()
    assert "blob 00 is damaged" in fails(runner, "hub", "verify", "--data", hub_folder, code="hub.verify_failed")


def test_of_many_faults_as_many_are_listed_as_fit_a_page_unless_all_are_asked_for(runner, hub_folder):
    import sqlite3

    with sqlite3.connect(hub_folder / "hub.db") as connection:
        connection.executemany("INSERT INTO blobs VALUES (?, x'00', 0)", [(f"{n:02d}",) for n in range(25)])
    connection.close()
    verify = ("hub", "verify", "--data", hub_folder)
    page = fails(runner, *verify, code="hub.verify_failed")
    assert (page.count("is damaged"), page.count("\n") <= 40) == (20, True)
    assert "and 5 more; --all lists them" in page
    assert "25 sealed contents" in page
    every = fails(runner, *verify, "--all", code="hub.verify_failed")
    assert (every.count("is damaged"), "--all lists" in every) == (25, False)


# --- packs --------------------------------------------------------------------------------------------


def test_the_built_in_pack_has_no_faults_on_the_day(runner):
    answer = runner.invoke(main, ["pack", "check", "--day", "2027-03-15"])
    assert (answer.exit_code, "no faults" in answer.output) == (0, True)


def test_every_fault_of_a_pack_is_listed_at_once(runner, tmp_path):
    folder = a_pack(tmp_path / "pack", slogans=[{"zh": ""}], topics=b"[")
    listed = fails(runner, "pack", "check", folder, code="pack.faulty")
    assert "slogans.json" in listed
    assert "topics.json" in listed
    fails(runner, "pack", "show", folder, code="pack.faulty")
    fails(runner, "pack", "check", tmp_path / "none", code="pack.faulty")


def test_a_pack_can_be_shown_to_people_and_to_programs(runner):
    import json

    shown = json.loads(runner.invoke(main, ["pack", "show", "--json"]).stdout)
    assert {"version", "questions", "exhibits", "surveys", "slogans"} <= set(shown)
    question = shown["questions"][0]
    assert {"id", "kind", "options", "answer", "law", "article", "key", "explanation", "valid_from"} <= set(question)
    listed = runner.invoke(main, ["pack", "show", str(BUILTIN)]).stdout.splitlines()
    assert len(listed) == len(shown["questions"]) + len(shown["exhibits"]) + len(shown["surveys"])
    assert [survey["id"] for survey in shown["surveys"]] == ["rights-awareness", "fair-satisfaction", "quiz-pair"]


# --- names and passwords -----------------------------------------------------------------------------------


def test_what_is_shown_once_really_opens_the_door(runner, hub_folder):
    from kiosk import config
    from kiosk.hub import people
    from kiosk.hub.app import open_hub
    from kiosk.sync import keys

    told = runner.invoke(main, ["hub", "person", "lin", "--role", "viewer", "--data", str(hub_folder)], env=CLEAN)
    password = re.fullmatch(r"lin: password (\S+)\n", told.stdout)[1]
    pin = runner.invoke(main, ["hub", "volunteer", "王小明", "--data", str(hub_folder)], env=CLEAN)
    assert re.fullmatch(r"王小明: PIN \d{6}\n", pin.stdout)
    here = open_hub(config.hub_config(hub_folder, environment={}))
    with here.store.begin() as tx:
        proven = people.prove(tx, "lin", password)
        held = {row.name: row.pin for row in tx.execute(people.volunteers.select())}
    here.close()
    assert (proven.person.roles, proven.opened) == (frozenset({"viewer"}), None)
    assert keys.is_password(held["王小明"], pin.stdout.split()[-1])


def test_a_caseworker_made_on_the_command_line_holds_the_key(runner, hub_folder):
    from kiosk import config
    from kiosk.hub import people
    from kiosk.hub.app import open_hub
    from kiosk.sync import keys

    words = ["hub", "person", "zhou", "--role", "supervisor", "--opened-by", "admin", "--data", str(hub_folder)]
    told = runner.invoke(main, words, env=CLEAN, input="made-up-for-this\n")
    here = open_hub(config.hub_config(hub_folder, environment={}))
    with here.store.begin() as tx:
        proven = people.prove(tx, "zhou", told.stdout.split()[-1])
    assert proven.opened is not None
    assert bytes(keys.PrivateKey(proven.opened).public_key) == bytes(here.sealing_key)
    here.close()


# --- questions out of files -------------------------------------------------------------------------


@pytest.fixture
def run(runner):
    return lambda *words: runner.invoke(main, [str(word) for word in words], env=CLEAN)


def test_a_pack_goes_out_into_a_file_and_comes_back_as_it_was(tmp_path, run):
    folder = a_pack(tmp_path / "pack")
    before = (folder / "questions.json").read_bytes()
    for name in ("q.xlsx", "q.gift"):
        assert run("pack", "export", folder, tmp_path / name).exit_code == 0
        assert run("pack", "import", tmp_path / name, "--into", folder, "--save").exit_code == 0
        assert (folder / "questions.json").read_bytes() == before


def test_a_file_with_faults_is_refused_with_all_of_them_and_saves_nothing(tmp_path, run):
    folder = a_pack(tmp_path / "pack")
    before = (folder / "questions.json").read_bytes()
    (tmp_path / "q.txt").write_text("谁出运费？\nA. 商家\nB. 买家\nANSWER: C\n", "utf-8")
    said = run("pack", "import", tmp_path / "q.txt", "--into", folder, "--save", "--marked", tmp_path / "m.xlsx")
    assert said.exit_code == 1
    assert said.stderr.startswith("import.faulty: The file has 7 things to mend; nothing was saved:")
    assert "line 4: the answer “C” names an option that is not there" in said.stderr
    assert "第 4 行：答案“C”指的选项没有写" in said.stderr
    assert (tmp_path / "m.xlsx").is_file()
    assert (folder / "questions.json").read_bytes() == before


def test_without_save_an_import_is_a_preview(tmp_path, run):
    folder = a_pack(tmp_path / "pack")
    before = (folder / "questions.json").read_bytes()
    (tmp_path / "q.txt").write_text("谁出运费？\nA. 商家\nB. 买家\nANSWER: A\n", "utf-8")
    given = ["topic=退货", "difficulty=easy", "law=消费者权益保护法", "article=24", "key=运输", "explanation=商家。"]
    command = ["pack", "import", tmp_path / "q.txt", "--into", folder, *(f"--default={one}" for one in given)]
    said = run(*command)
    assert (said.exit_code, "1 new" in said.stdout) == (0, True)
    assert (folder / "questions.json").read_bytes() == before
    assert "1 added" in run(*command, "--save").stdout
    assert run("pack", "check", folder).exit_code == 0


def test_a_template_is_written_and_an_unknown_ending_refused(tmp_path, run):
    assert run("pack", "template", tmp_path / "t.xlsx").exit_code == 0
    assert (tmp_path / "t.xlsx").read_bytes().startswith(b"PK")
    assert "import.format" in run("pack", "export", BUILTIN, tmp_path / "t.docx").stderr
    assert run("pack", "import", tmp_path / "t.xlsx", "--into", BUILTIN, "--default", "id=x").exit_code == 2
