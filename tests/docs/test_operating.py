"""docs/operating.md against the code: settings, words on the screens, commands and numbers."""

import re
import shlex
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from kiosk import errors
from kiosk.booth import sessions, staff
from kiosk.config import BoothConfig, HubConfig, RelayConfig, booth_config, hub_config, relay_config
from kiosk.hub import devices, people, status
from kiosk.hub.fairs import SILENT_SECONDS
from kiosk.hub.store import is_wal_safe
from tests.docs import cli
from tests.docs.pages import TREE, blocks, page, rows

PAGE = "docs/operating.md"
SIDES = [
    ("### booth.toml", BoothConfig, booth_config, "KIOSK_BOOTH_"),
    ("### hub.toml", HubConfig, hub_config, "KIOSK_HUB_"),
    ("### relay.toml", RelayConfig, relay_config, "KIOSK_RELAY_"),
]


@pytest.mark.parametrize(("heading", "kind", "_read", "_prefix"), SIDES)
def test_every_setting_is_named_with_its_default(heading, kind, _read, _prefix):
    table = {row[0]: row[2] for row in rows(PAGE, heading)}
    assert list(table) == [field.name for field in fields(kind)]
    for field in fields(kind):
        if field.default is not MISSING:
            value = field.default
            text = ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
            assert table[field.name] == text, field.name


@pytest.mark.parametrize(("heading", "_kind", "read", "prefix"), SIDES)
def test_every_variable_is_heeded(heading, _kind, read, prefix, tmp_path):
    for key, variable, *_ in rows(PAGE, heading):
        if key == "data":
            assert read(environment={variable: str(tmp_path)}).data == tmp_path
            continue
        settings = read(tmp_path, environment={prefix + "DATA": "/elsewhere", variable: "7"})
        assert getattr(settings, key) in (7, "7", ("7",), Path("7")), key


def test_the_example_of_hub_toml_is_read(tmp_path):
    (tmp_path / "hub.toml").write_bytes(blocks(PAGE)["hub.toml"])
    assert tomllib.loads(blocks(PAGE)["hub.toml"].decode())
    assert hub_config(tmp_path, environment={}).is_public_https


def test_every_word_of_the_screens_stands_on_one():
    shown = "".join(file.read_text("utf-8") for file in (TREE / "templates").rglob("*.html"))
    shown += "".join(kind.zh for kind in errors.CATALOGUE.values())
    for words, *_ in rows(PAGE, "## What the screens say"):
        assert words in shown, words


def test_every_command_and_option_exists():
    known = {name: command for name, command, _context in cli.commands()}
    text = page(PAGE)
    lines = re.findall(r"^    (kiosk .*)$", text, re.MULTILINE) + re.findall(r"`(kiosk [^`]*)`", text)
    assert len(lines) > 15
    for line in lines:
        words = shlex.split(re.split(r"\s{2,}", line)[0])
        name = next((" ".join(words[:n]) for n in (4, 3, 2, 1) if " ".join(words[:n]) in known), None)
        assert name, line
        assert name != "kiosk" or words == ["kiosk"], line
        options = {one for parameter in known[name].params for one in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_the_numbers_are_the_code_s():
    text = page(PAGE)
    assert f"After {BoothConfig.idle_seconds} s" in text
    assert f"{sessions.GRACE} s later" in text
    assert (staff.FREE_TRIES, [seconds // 60 for seconds in staff.LOCKS]) == (5, [1, 2, 4, 8, 15])
    assert "five are free, then 1, 2, 4, 8, 15 minutes" in text
    assert (SILENT_SECONDS, devices.CODE_MINUTES) == (300, 10)
    assert set(people.ROLES) == {"organiser", "intake", "handler", "supervisor", "auditor", "viewer"}
    assert (status.TRIES, status.WRONG_OF_CASE) == (10, 20)
    assert "ten tries a minute from one address; after twenty wrong codes for one number in ten minutes" in " ".join(
        text.split()
    )
    assert f"tries every {BoothConfig.sync_seconds} s" in text


def test_the_safe_releases_of_sqlite_are_the_code_s():
    for release in re.search(r"from ([\d.]+), or ([\d.]+), ([\d.]+)\)", page(PAGE)).groups():
        version = tuple(int(part) for part in release.split("."))
        assert is_wal_safe(version)
        assert not is_wal_safe((*version[:2], version[2] - 1))
