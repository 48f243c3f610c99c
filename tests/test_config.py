"""Configuration: from a file, from the environment, or refused at the start."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from kiosk.config import BoothConfig, HubConfig, booth_config, hub_config
from kiosk.errors import Problem


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def test_nothing_said_means_the_defaults(tmp_path: Path):
    assert booth_config(tmp_path, {}) == BoothConfig(tmp_path)
    assert hub_config(tmp_path, environment={}) == HubConfig(tmp_path)


def test_the_file_is_read(tmp_path: Path):
    write(tmp_path, "booth.toml", 'hosts = ["10.0.0.5", "tablet"]\nidle_seconds = 90\npack = "/packs/spring"\n')
    read = booth_config(tmp_path, {})
    assert (read.hosts, read.idle_seconds, read.pack) == (("10.0.0.5", "tablet"), 90, Path("/packs/spring"))


def test_the_environment_overrides_the_file(tmp_path: Path):
    write(tmp_path, "booth.toml", "idle_seconds = 90\nsync_seconds = 5\n")
    environment = {"KIOSK_BOOTH_IDLE_SECONDS": "30", "KIOSK_BOOTH_HOSTS": "a, b"}
    read = booth_config(tmp_path, environment)
    assert (read.idle_seconds, read.sync_seconds, read.hosts) == (30, 5, ("a", "b"))


def test_the_environment_names_the_folder_when_nobody_else_does(tmp_path: Path):
    assert booth_config(environment={"KIOSK_BOOTH_DATA": str(tmp_path)}).database == tmp_path / "booth.db"
    assert booth_config(tmp_path, {"KIOSK_BOOTH_DATA": "/elsewhere"}).data == tmp_path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("idle_second = 90", "unknown key idle_second"),
        ('data = "/elsewhere"', "unknown key data"),
        ('idle_seconds = "soon"', "idle_seconds cannot be 'soon'"),
        ("idle_seconds = -1", "idle_seconds cannot be -1"),
        ("idle_seconds = [1]", "idle_seconds cannot be [1]"),
        ("hosts = 5", "hosts cannot be 5"),
        ("pack = 5", "pack cannot be 5"),
        ("idle_seconds = = 1", "Invalid value"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, reason: str):
    write(tmp_path, "booth.toml", text)
    with pytest.raises(Problem) as caught:
        booth_config(tmp_path, {})
    assert caught.value.code == "config.invalid"
    assert caught.value.details["source"] == "booth.toml"
    assert reason in str(caught.value.details["reason"])


def test_a_mistake_in_the_environment_is_named(tmp_path: Path):
    with pytest.raises(Problem) as caught:
        booth_config(tmp_path, {"KIOSK_BOOTH_IDLE_SECONDS": "soon"})
    assert caught.value.details["source"] == "KIOSK_BOOTH_IDLE_SECONDS"


def test_the_hub_s_database_comes_from_the_argument_first(tmp_path: Path):
    write(tmp_path, "hub.toml", 'database = "sqlite:///file.db"\n')
    environment = {"DATABASE_URL": "postgresql://environment/kiosk"}
    assert hub_config(tmp_path, environment={}).url == "sqlite:///file.db"
    assert hub_config(tmp_path, environment=environment).url == "postgresql+psycopg://environment/kiosk"
    assert hub_config(tmp_path, "sqlite:///argument.db", environment).url == "sqlite:///argument.db"


def test_without_a_database_the_hub_keeps_one_in_its_folder(tmp_path: Path):
    assert hub_config(tmp_path, environment={}).url == ""


def test_a_hub_answers_to_its_public_name(tmp_path: Path):
    config = HubConfig(tmp_path, public_url="https://hub.example.cn")
    assert config.is_public_https
    assert "hub.example.cn" in config.all_hosts


def test_a_configuration_is_frozen(tmp_path: Path):
    with pytest.raises(FrozenInstanceError):
        BoothConfig(tmp_path).idle_seconds = 1  # type: ignore[misc]
