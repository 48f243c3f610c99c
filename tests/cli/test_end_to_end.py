"""A whole day on the command line: a real hub on a real port, a real booth, no mocks and no waiting."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from kiosk import config
from kiosk.booth.journal import Draft, Journal
from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.errors import Problem
from kiosk.hub import devices, fairs
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import devices as table
from kiosk.sync import tickets
from tests.cli.test_commands import CLEAN
from tests.makers import a_filing, a_headcount, an_id


def run(runner, *words: object, exit_code: int = 0) -> str:
    answer = runner.invoke(main, [str(word) for word in words], env=CLEAN)
    assert answer.exit_code == exit_code, (words, answer.output, answer.exception)
    return answer.stdout


@pytest.fixture
def hub_folder(runner, tmp_path) -> Path:
    folder = tmp_path / "hub"
    said = run(runner, "hub", "init", "--data", folder, "--name", "chen", "--password", "made-up-for-this")
    assert "with fair demo" in said
    return folder


@pytest.fixture
def address(hub_folder) -> Iterator[str]:
    """The hub, served for real."""
    here = open_hub(config.hub_config(hub_folder, environment={}))
    server = make_server("127.0.0.1", 0, create_hub_app(here), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    here.close()


@pytest.fixture
def booth_folder(runner, tmp_path, hub_folder, address) -> Path:
    folder = tmp_path / "booth"
    assert "booth ready" in run(runner, "booth", "init", "--data", folder)
    code = run(runner, "hub", "code", "--desk", "d02", "--data", hub_folder).strip()
    said = run(runner, "booth", "enrol", "--hub", address, "--code", code, "--data", folder)
    assert said == "enrolled in fair demo at desk d02\n"
    return folder


def count(folder: Path, *drafts: Draft) -> None:
    journal = Journal(folder / "booth.db", SystemClock())
    journal.append(*drafts)
    journal.close()


def test_what_is_counted_at_a_booth_stands_in_the_figures_once(runner, booth_folder, hub_folder):
    count(booth_folder, *[Draft(an_id(n), a_headcount(n), "li") for n in range(1, 41)])
    said = run(runner, "booth", "sync", "--data", booth_folder)
    assert (
        said == "41 new, 0 known, 0 quarantined, 0 sealed; the hub has signed for 41\n"
    )  # the hub's time is noted too
    said = run(runner, "booth", "sync", "--data", booth_folder)
    assert said == "0 new, 0 known, 0 quarantined, 0 sealed; the hub has signed for 41\n"
    figures = json.loads(run(runner, "hub", "figures", "--json", "--data", hub_folder))
    assert figures["fair"] == "demo"
    by_key = {figure["key"]: figure for figure in figures["figures"]}
    assert by_key["headcount"]["value"] == sum(range(41))
    assert {"key", "label", "value", "unit", "window", "scope", "sources"} <= set(by_key["headcount"])
    assert f"{sum(range(41))}\t人次" in run(runner, "hub", "figures", "--data", hub_folder)
    assert run(runner, "hub", "rebuild", "--data", hub_folder) == "42 facts count\n"
    assert "as it should be" in run(runner, "hub", "verify", "--data", hub_folder)
    assert json.loads(run(runner, "hub", "figures", "--json", "--data", hub_folder)) == figures


def test_a_sealed_complaint_travels_with_its_fact(runner, booth_folder, hub_folder):
    import hashlib

    blob = b"sealed"
    body = a_filing(hashlib.sha256(blob).hexdigest(), 6)
    count(booth_folder, Draft(an_id(), body, "li", blob))
    assert "2 new, 0 known, 0 quarantined, 1 sealed" in run(runner, "booth", "sync", "--data", booth_folder)
    assert "as it should be" in run(runner, "hub", "verify", "--data", hub_folder)


def test_a_code_works_once(runner, tmp_path, hub_folder, address):
    code = run(runner, "hub", "code", "--desk", "d01", "--data", hub_folder).strip()
    for name, exit_code in (("one", 0), ("two", 1)):
        run(runner, "booth", "init", "--data", tmp_path / name)
        words = ("booth", "enrol", "--hub", address, "--code", code, "--data", tmp_path / name)
        run(runner, *words, exit_code=exit_code)


def test_a_booth_is_enrolled_once(runner, booth_folder, hub_folder, address):
    code = run(runner, "hub", "code", "--desk", "d01", "--data", hub_folder).strip()
    answer = runner.invoke(
        main, ["booth", "enrol", "--hub", address, "--code", code, "--data", str(booth_folder)], env=CLEAN
    )
    assert (answer.exit_code, answer.stderr) == (1, "booth.enrolled: This tablet is enrolled already.\n")


def test_sync_fails_until_the_hub_is_back_and_loses_nothing(runner, tmp_path, hub_folder):
    here = open_hub(config.hub_config(hub_folder, environment={}))
    app = create_hub_app(here)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    port, folder = server.server_port, tmp_path / "booth"
    run(runner, "booth", "init", "--data", folder)
    code = run(runner, "hub", "code", "--desk", "d01", "--data", hub_folder).strip()
    run(runner, "booth", "enrol", "--hub", f"http://127.0.0.1:{port}", "--code", code, "--data", folder)
    server.shutdown()
    thread.join()
    server.server_close()
    count(folder, Draft(an_id(), a_headcount(), "li"))
    answer = runner.invoke(main, ["booth", "sync", "--data", str(folder)], env=CLEAN)
    assert (answer.exit_code, answer.stderr.split(":")[0], answer.stderr.count("\n")) == (1, "sync.unreachable", 1)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    assert "2 new" in run(runner, "booth", "sync", "--data", folder)
    server.shutdown()
    thread.join()
    server.server_close()
    here.close()


# --- tablets ------------------------------------------------------------------------------------------


@pytest.fixture
def office(hub_folder) -> Iterator[Hub]:
    """The hub as whoever sits at it has it open."""
    with closing(open_hub(config.hub_config(hub_folder, environment={}))) as here:
        yield here


def a_compared_code(here: Hub, desk: str = "d03") -> str:
    """As the hub's page of codes draws it."""
    with here.store.begin() as tx:
        return devices.draw_code(tx, here, fairs.find_fair(tx, None), desk, here.clock.now(), kind="screen")


def decide(here: Hub, *, same: bool) -> str:
    """Look at the digits that are shown at the hub, and press a button; returns the digits."""
    with here.store.begin() as tx:
        (one,) = devices.waiting(tx, here, "demo")
        if same:
            devices.confirm(tx, here, "demo", one.id, "p-00000000")
        else:
            devices.reject(tx, "demo", one.id)
    return one.digits


@pytest.mark.parametrize("way", ["typed", "file"])
def test_a_tablet_waits_until_its_digits_were_compared(runner, tmp_path, address, office, monkeypatch, way):
    folder, code, shown = tmp_path / "tablet", a_compared_code(office), []
    run(runner, "booth", "init", "--data", folder)
    monkeypatch.setattr("time.sleep", lambda _seconds: shown.append(decide(office, same=True)))
    file = tmp_path / "kiosk-enrol-d03.txt"
    file.write_text(tickets.file_of(address, code, "人民广场"), "utf-8")
    words = ("--file", file) if way == "file" else ("--hub", address, "--code", code)
    said = run(runner, "booth", "enrol", *words, "--data", folder)
    assert said == f"compare at the hub: {shown[0]}\nenrolled in fair demo at desk d03\n"


def test_a_tablet_whose_digits_differ_is_turned_down(runner, tmp_path, address, office, monkeypatch):
    folder = tmp_path / "tablet"
    run(runner, "booth", "init", "--data", folder)
    monkeypatch.setattr("time.sleep", lambda _seconds: decide(office, same=False))
    words = ["booth", "enrol", "--hub", address, "--code", a_compared_code(office), "--data", str(folder)]
    answer = runner.invoke(main, words, env=CLEAN)
    assert (answer.exit_code, answer.stderr.split(":")[0]) == (1, "enrol.rejected")


def test_an_enrolment_that_was_interrupted_goes_on_without_the_code(runner, tmp_path, address, office, monkeypatch):
    folder = tmp_path / "tablet"
    run(runner, "booth", "init", "--data", folder)

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    words = ["booth", "enrol", "--hub", address, "--code", a_compared_code(office), "--data", str(folder)]
    assert runner.invoke(main, words, env=CLEAN).exit_code != 0
    decide(office, same=True)
    assert run(runner, "booth", "enrol", "--data", folder) == "enrolled in fair demo at desk d03\n"


def test_a_file_that_holds_no_code_is_said_in_one_line(runner, tmp_path, booth_folder):
    for name, content, code in (("a.txt", b"\xff\xfe nothing", "enrol.code"), ("none.txt", None, "file.unusable")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        words = ["booth", "enrol", "--file", str(tmp_path / name), "--data", str(booth_folder)]
        answer = runner.invoke(main, words, env=CLEAN)
        assert (answer.exit_code, answer.stderr.split(":")[0], answer.stderr.count("\n")) == (1, code, 1)


@pytest.mark.parametrize("words", ["--hub http://x", "--code x", "--hub http://x --code x --file y"])
def test_half_an_order_is_asked_back(runner, booth_folder, words):
    answer = runner.invoke(main, ["booth", "enrol", *words.split(), "--data", str(booth_folder)], env=CLEAN)
    assert (answer.exit_code, "Usage" in answer.stderr) == (2, True)


def test_a_tablet_is_ready_once_somebody_opened_its_canary(runner, booth_folder, hub_folder):
    assert "not opened yet" in run(runner, "hub", "devices", "--data", hub_folder)
    words = ["hub", "canaries", "--name", "chen", "--data", str(hub_folder)]
    wrong = runner.invoke(main, words, input="guessed\n", env=CLEAN)
    assert (wrong.exit_code, "login.wrong" in wrong.stderr) == (1, True)
    done = runner.invoke(main, words, input="made-up-for-this\n", env=CLEAN)
    assert (done.exit_code, done.stdout) == (0, "1 opened, 0 broken\n")
    (line,) = run(runner, "hub", "devices", "--data", hub_folder).splitlines()
    assert line.split("\t")[1:5] == ["d02", "silent", "0 of 0", "opened"]


def test_a_canary_that_does_not_open_is_an_error(runner, booth_folder, hub_folder, office):
    with office.store.begin() as tx:
        tx.execute(table.update().values(canary=b"nothing of the sort"))
    words = ["hub", "canaries", "--name", "chen", "--data", str(hub_folder)]
    answer = runner.invoke(main, words, input="made-up-for-this\n", env=CLEAN)
    assert (answer.exit_code, answer.stdout, "canary.broken" in answer.stderr) == (1, "0 opened, 1 broken\n", True)


def test_a_stolen_tablet_is_withdrawn_from_the_command_line(runner, booth_folder, hub_folder):
    count(booth_folder, *[Draft(an_id(n), a_headcount(n), "li") for n in range(1, 11)])
    run(runner, "booth", "sync", "--data", booth_folder)
    device = run(runner, "hub", "devices", "--data", hub_folder).split("\t")[0]
    words = ("hub", "revoke", "--device", device[:8], "--reason", "丢失", "--data", hub_folder)
    run(runner, *words, "--cutoff", "99", exit_code=1)
    assert "nothing after fact 4 counts" in run(runner, *words, "--cutoff", "4")
    figures = json.loads(run(runner, "hub", "figures", "--json", "--data", hub_folder))
    assert {figure["key"]: figure["value"] for figure in figures["figures"]}["headcount"] == 1 + 2 + 3 + 4
    assert run(runner, "hub", "quarantine", "--data", hub_folder).count("device.revoked") == 7
    assert "counts to 4" in run(runner, "hub", "devices", "--data", hub_folder)
    assert "as it should be" in run(runner, "hub", "verify", "--data", hub_folder)
    run(runner, "hub", "revoke", "--device", "0" * 32, "--reason", "x", "--data", hub_folder, exit_code=1)


def test_a_withdrawn_tablet_says_so_at_its_next_contact(runner, booth_folder, hub_folder):
    device = run(runner, "hub", "devices", "--data", hub_folder).split("\t")[0]
    run(runner, "hub", "revoke", "--device", device, "--reason", "丢失", "--data", hub_folder)
    run(runner, "booth", "sync", "--data", booth_folder)
    with pytest.raises(Problem, match=r"booth\.revoked"):
        count(booth_folder, Draft(an_id(), a_headcount(), "li"))
