"""A whole day on the command line: a real hub on a real port, a real booth, no mocks and no waiting."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from kiosk import config
from kiosk.booth.journal import Draft, Journal
from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.facts.complaints import ComplaintFiled
from kiosk.hub.app import create_hub_app, open_hub
from tests.cli.test_commands import CLEAN
from tests.makers import a_headcount, an_id


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
    assert said == "40 new, 0 known, 0 quarantined, 0 sealed; the hub has signed for 40\n"
    said = run(runner, "booth", "sync", "--data", booth_folder)
    assert said == "0 new, 0 known, 0 quarantined, 0 sealed; the hub has signed for 40\n"
    figures = json.loads(run(runner, "hub", "figures", "--json", "--data", hub_folder))
    assert figures["fair"] == "demo"
    by_key = {figure["key"]: figure for figure in figures["figures"]}
    assert by_key["headcount"]["value"] == sum(range(41))
    assert {"key", "label", "value", "unit", "window", "scope", "sources"} <= set(by_key["headcount"])
    assert f"{sum(range(41))}\t人次" in run(runner, "hub", "figures", "--data", hub_folder)
    assert run(runner, "hub", "rebuild", "--data", hub_folder) == "41 facts count\n"
    assert "as it should be" in run(runner, "hub", "verify", "--data", hub_folder)
    assert json.loads(run(runner, "hub", "figures", "--json", "--data", hub_folder)) == figures


def test_a_sealed_complaint_travels_with_its_fact(runner, booth_folder, hub_folder):
    import hashlib

    blob = b"sealed"
    body = ComplaintFiled(
        case="7KQ2-M0ZRT", blob=hashlib.sha256(blob).hexdigest(), size=6, channel="volunteer", notice="1"
    )
    count(booth_folder, Draft(an_id(), body, "li", blob))
    assert "1 new, 0 known, 0 quarantined, 1 sealed" in run(runner, "booth", "sync", "--data", booth_folder)
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
    assert "1 new" in run(runner, "booth", "sync", "--data", folder)
    server.shutdown()
    thread.join()
    server.server_close()
    here.close()
