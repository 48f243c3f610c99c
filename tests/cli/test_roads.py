"""A stick and a relay on the command line: real files, a real port, and every line a person reads."""

import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from kiosk import config
from kiosk.booth.journal import Draft, Journal
from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.relay.app import create_relay_app, open_relay
from kiosk.relay.forwarding import Forwarder
from kiosk.sync.http import HttpTransport
from tests.cli.test_commands import CLEAN, fails, one_line
from tests.cli.test_end_to_end import count, run
from tests.makers import a_filing, a_headcount, an_id


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def the_hub(folder: Path) -> Iterator[str]:
    with closing(open_hub(config.hub_config(folder, environment={}))) as here, served(create_hub_app(here)) as url:
        yield url


@pytest.fixture
def hub_folder(runner, tmp_path) -> Path:
    run(runner, "hub", "init", "--data", tmp_path / "hub", "--password", "made-up-for-this")
    return tmp_path / "hub"


@pytest.fixture
def booth_folder(runner, tmp_path, hub_folder) -> Path:
    """A booth whose hub is out of reach from now on."""
    folder = tmp_path / "booth"
    run(runner, "booth", "init", "--data", folder)
    code = run(runner, "hub", "code", "--desk", "d02", "--data", hub_folder).strip()
    with the_hub(hub_folder) as url:
        run(runner, "booth", "enrol", "--hub", url, "--code", code, "--data", folder)
    return folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def a_complaint() -> Draft:
    blob = b"sealed"
    name = hashlib.sha256(blob).hexdigest()
    return Draft(an_id(315), a_filing(name, 6),
                 "li", blob)  # fmt: skip


# --- a stick ----------------------------------------------------------------------------------------


def test_a_stick_goes_to_the_hub_and_comes_back(runner, booth_folder, hub_folder, stick):
    count(booth_folder, *[Draft(an_id(n), a_headcount(n), "li") for n in range(1, 41)], a_complaint())
    said = run(runner, "booth", "export", stick, "--data", booth_folder)
    [file] = stick.glob("demo-d02-????????-1-41.kiosk")
    size = file.stat().st_size
    assert said == f"{file}: facts 1 to 41, 1 sealed, {size} bytes; the journal ends at 41\n"
    said = run(runner, "hub", "import", stick, "--receipts", stick / "receipts", "--data", hub_folder)
    assert said == (
        f"{file}: 41 new, 0 known, 0 quarantined, 0 forked, 1 sealed; d02 complete: 41 of 41\n"
        f"{stick / 'receipts'}: receipts for 1 tablets\n"
    )
    said = run(runner, "booth", "receipt", stick, "--data", booth_folder).splitlines()
    assert said[0].startswith("the hub had signed for 41 of 41 at ")
    assert said[1:] == ["everything is sent"]
    said = run(runner, "hub", "import", file, "--data", hub_folder)
    assert said == f"{file}: 0 new, 41 known, 0 quarantined, 0 forked, 0 sealed; d02 complete: 41 of 41\n"
    assert "as it should be" in run(runner, "hub", "verify", "--data", hub_folder)


def test_receipts_of_before_leave_the_command_failing(runner, booth_folder, hub_folder, stick):
    count(booth_folder, Draft(an_id(1), a_headcount(), "li"))
    run(runner, "booth", "export", stick, "--data", booth_folder)
    run(runner, "hub", "import", stick, "--data", hub_folder)
    run(runner, "hub", "receipt", "--out", stick / "receipts", "--data", hub_folder)
    count(booth_folder, Draft(an_id(2), a_headcount(), "li"))
    answer = runner.invoke(main, ["booth", "receipt", str(stick), "--data", str(booth_folder)], env=CLEAN)
    assert answer.exit_code == 1
    assert answer.stdout.startswith("the hub had signed for 1 of 2")
    assert answer.stderr == "sync.incomplete: 1 facts are still without a receipt.\n"
    said = run(runner, "booth", "export", stick / "more.kiosk", "--data", booth_folder)
    assert "facts 2 to 2, 0 sealed" in said
    assert "facts 1 to 2" in run(runner, "booth", "export", stick / "all.kiosk", "--all", "--data", booth_folder)


def test_what_is_refused_is_said_line_by_line_and_the_rest_is_taken_in(runner, booth_folder, hub_folder, stick):
    count(booth_folder, Draft(an_id(1), a_headcount(), "li"))
    run(runner, "booth", "export", stick / "b.kiosk", "--data", booth_folder)
    (stick / "a.kiosk").write_bytes((stick / "b.kiosk").read_bytes()[:-1])
    (stick / "c.txt").write_text("notes")
    answer = runner.invoke(main, ["hub", "import", str(stick), "--data", str(hub_folder)], env=CLEAN)
    assert answer.exit_code == 1
    assert answer.stdout == (
        f"{stick / 'b.kiosk'}: 1 new, 0 known, 0 quarantined, 0 forked, 0 sealed; d02 complete: 1 of 1\n"
    )
    lines = answer.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines[:2]] == ["bundle.malformed", "file.unknown"]
    assert lines[2] == "file.refused: 2 of 3 files were refused; the others were taken in."


def test_what_is_missing_before_a_bundle_is_said(runner, booth_folder, hub_folder, stick):
    shutil.copytree(hub_folder, stick.parent / "copy")  # the hub will be set back to it
    for number, name in enumerate(("first", "second"), 1):
        count(booth_folder, Draft(an_id(number), a_headcount(), "li"))
        run(runner, "booth", "export", stick / f"{name}.kiosk", "--data", booth_folder)
        run(runner, "hub", "import", stick, "--receipts", stick / "receipts", "--data", hub_folder)
        run(runner, "booth", "receipt", stick, "--data", booth_folder)
    said = run(runner, "hub", "import", stick / "second.kiosk", "--data", stick.parent / "copy")
    assert said.endswith("1 new, 0 known, 0 quarantined, 0 forked, 0 sealed; d02 INCOMPLETE: 0 of 2\n")
    said = run(runner, "hub", "import", stick / "first.kiosk", "--data", stick.parent / "copy")
    assert said.endswith("d02 complete: 2 of 1\n")


def test_on_a_full_stick_nothing_half_written_is_left(booth_folder, stick):
    """The kernel refuses, as a full stick would: this process may write files of 40 KB and no larger."""
    journal = Journal(booth_folder / "booth.db", SystemClock())
    journal.append(*[Draft(an_id(n), a_headcount(), "li") for n in range(1, 2_000)])
    journal.close()
    code = (
        "import resource; from kiosk.cli import main; resource.setrlimit(resource.RLIMIT_FSIZE, (40960, 40960)); "
        f"main(['booth', 'export', {str(stick)!r}, '--data', {str(booth_folder)!r}])"
    )
    # -B: a Python that may write no more than that would leave half a compiled module behind, for everybody.
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("file.full: No room for ")
    assert one_line(done.stderr)
    assert list(stick.iterdir()) == []


def test_what_goes_wrong_is_one_line(runner, booth_folder, hub_folder, stick, tmp_path):
    (stick / "report.xlsx").write_bytes(b"PK")
    (tmp_path / "bare").mkdir()
    booth, hub = ("--data", booth_folder), ("--data", hub_folder)
    for words, code in (
        (("booth", "export", stick / "report.xlsx", *booth), "file.taken"),
        (("booth", "export", tmp_path / "no" / "such" / "folder", *booth), "file.unusable"),
        (("booth", "receipt", stick / "report.xlsx", *booth), "receipts.malformed"),
        (("booth", "receipt", stick, *booth), "receipts.absent"),
        (("hub", "import", tmp_path / "bare", *hub), "file.none"),
        (("booth", "receipt", stick / "nowhere", *booth), "file.unusable"),
        (("booth", "export", stick, "--data", tmp_path / "empty"), "booth.missing"),
        (("booth", "receipt", stick, "--data", tmp_path / "empty"), "booth.missing"),
        (("hub", "import", stick, "--data", tmp_path / "empty"), "hub.missing"),
        (("hub", "receipt", "--out", stick / "r", "--data", tmp_path / "empty"), "hub.missing"),
        (("hub", "receipt", "--out", stick / "r", "--fair", "other", *hub), "receipts.none"),
        (("hub", "receipt", "--out", tmp_path / "no" / "r", *hub), "file.unusable"),
        (("relay", "init", "--hub", "http://127.0.0.1:9", "--fingerprint", "0" * 64), "sync.unreachable"),
        (("relay", "serve", "--data", tmp_path / "empty"), "relay.missing"),
    ):
        assert one_line(fails(runner, *words, code=code))
    run(runner, "booth", "init", "--data", tmp_path / "fresh")
    assert one_line(fails(runner, "booth", "export", stick, "--data", tmp_path / "fresh", code="booth.unenrolled"))


# --- a relay ----------------------------------------------------------------------------------------


def test_a_relay_stands_in_for_the_hub_and_the_booth_says_so(runner, booth_folder, hub_folder, tmp_path):
    folder = tmp_path / "relay"
    fingerprint = run(runner, "hub", "fingerprint", "--data", hub_folder).strip()
    with the_hub(hub_folder) as url:
        wrong = ("--fingerprint", "0" * 64)
        fails(runner, "relay", "init", "--hub", url, *wrong, "--data", folder, code="relay.fingerprint")
        said = run(runner, "relay", "init", "--hub", url, "--fingerprint", fingerprint, "--data", folder)
        assert said.startswith(f"relay ready in {folder} for hub ")
        fails(runner, "relay", "init", "--hub", url, *wrong, "--data", folder, code="relay.exists")
    count(booth_folder, *[Draft(an_id(n), a_headcount(n), "li") for n in range(1, 11)], a_complaint())
    relay = open_relay(config.relay_config(folder, environment={}))
    with closing(relay), served(create_relay_app(relay)) as url:
        (booth_folder / "booth.toml").write_text(f'relay_url = "{url}"\n')
        sync = ["booth", "sync", "--data", str(booth_folder)]
        for _ in range(2):
            answer = runner.invoke(main, sync, env=CLEAN)
            assert answer.stdout == (
                "left with the relay: 11, not yet signed for by the hub (sync.unreachable); the hub has signed for 0\n"
            )
            assert answer.stderr == "sync.incomplete: 12 facts are still without a receipt.\n"
            assert answer.exit_code == 1
        with the_hub(hub_folder) as hub_url:
            assert Forwarder(relay.spool, HttpTransport(hub_url), relay.clock)() == 1
        answer = runner.invoke(main, sync, env=CLEAN)
        assert answer.stdout == (
            "left with the relay: 0, not yet signed for by the hub (sync.unreachable); the hub has signed for 11\n"
        )
        assert (answer.stderr, answer.exit_code) == ("", 0)
    assert "as it should be" in run(runner, "hub", "verify", "--data", hub_folder)


def test_one_relay_serves_a_folder(runner, hub_folder, tmp_path):
    folder = tmp_path / "relay"
    fingerprint = run(runner, "hub", "fingerprint", "--data", hub_folder).strip()
    with the_hub(hub_folder) as url:
        run(runner, "relay", "init", "--hub", url, "--fingerprint", fingerprint, "--data", folder)
    with closing(open_relay(config.relay_config(folder, environment={}))):
        assert one_line(fails(runner, "relay", "serve", "--data", folder, code="relay.running"))
