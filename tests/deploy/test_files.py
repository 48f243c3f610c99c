"""What deploy/hub tells a machine to do is something that machine, and this program, know."""

import configparser
import re
import shlex
from pathlib import Path

import psycopg
import pytest
from click import Group
from click.testing import CliRunner

from kiosk.cli import main
from kiosk.config import HubConfig, hub_config
from tests.deploy.machine import HUB

SERVICES = sorted(HUB.glob("*.service"))
TIMERS = sorted(HUB.glob("*.timer"))


def unit(file: Path) -> dict[str, dict[str, list[str]]]:
    """Section → key → values, of a unit in which a key may stand twice."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in file.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_all_services_are_the_same_user_with_the_same_folder_and_the_same_walls(file: Path):
    service = unit(file)["Service"]
    assert service["DynamicUser"] == ["yes"]
    assert service["User"] == ["kiosk-hub"]
    assert service["StateDirectory"][0].split()[0] == "kiosk-hub"
    assert service["StateDirectoryMode"] == ["0700"]
    assert service["UMask"] == ["0077"]
    assert service["Environment"] == ["KIOSK_HUB_DATA=/var/lib/kiosk-hub"]
    assert service["EnvironmentFile"][0] == "-/etc/kiosk/hub.env"
    for wall in ("NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "LimitCORE", "MemorySwapMax"):
        assert wall in service


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_every_command_of_a_service_is_one_of_ours(file: Path):
    for line in unit(file)["Service"]["ExecStart"]:
        program, *words = shlex.split(line)
        if program.endswith("/gunicorn"):
            assert (HUB.parent.parent / words[1]).is_file()
            continue
        assert program == "/opt/kiosk/.venv/bin/kiosk"
        group = main.commands[words[0]]
        assert isinstance(group, Group)
        assert words[1] in group.commands
        assert CliRunner().invoke(main, [*words[:2], "--help"]).exit_code == 0


@pytest.mark.parametrize("file", TIMERS, ids=lambda file: file.name)
def test_every_timer_starts_a_service_that_is_there(file: Path):
    assert file.with_suffix(".service").is_file()
    assert unit(file)["Timer"]["Persistent"] == ["yes"]
    assert unit(file)["Install"] == {"WantedBy": ["timers.target"]}


def test_what_is_due_is_deleted_after_midnight_in_beijing():
    assert unit(HUB / "kiosk-hub-erase.timer")["Timer"]["OnCalendar"] == ["*-*-* 00:20:00 Asia/Shanghai"]


def test_the_server_knows_every_setting_we_give_it(postgres: str):
    parser = configparser.ConfigParser()
    parser.read_string("[server]\n" + (HUB / "postgresql.conf").read_text("utf-8"))
    given = {name: value.strip("'") for name, value in parser["server"].items()}
    assert (given["synchronous_commit"], given["fsync"], given["full_page_writes"]) == ("on", "on", "on")
    with psycopg.connect(postgres, autocommit=True) as connection:
        for name, value in given.items():
            row = connection.execute("SELECT vartype, enumvals FROM pg_settings WHERE name = %s", (name,)).fetchone()
            assert row, f"{name} is no setting of PostgreSQL"
            assert row[1] is None or value in row[1], (name, value)
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")  # it parses the value, …
            connection.execute(f"ALTER SYSTEM RESET {name}")  # … and that is all it is to do


def test_the_server_makes_the_database_as_it_is_told(postgres: str):
    statements = (HUB / "postgresql.sql").read_text("utf-8")
    text = re.sub(r"^--.*$", "", statements, flags=re.MULTILINE)
    text = text.replace('"kiosk-hub"', '"kiosk-hub-of-a-test"').replace("DATABASE kiosk", "DATABASE kiosk_of_a_test")
    with psycopg.connect(postgres, autocommit=True) as connection:
        try:
            for statement in text.split(";"):
                if statement.strip():
                    connection.execute(statement)
            row = connection.execute(
                "SELECT pg_get_userbyid(datdba), datcollate FROM pg_database WHERE datname = 'kiosk_of_a_test'"
            ).fetchone()
            assert row == ("kiosk-hub-of-a-test", "C")
        finally:
            connection.execute("DROP DATABASE IF EXISTS kiosk_of_a_test")
            connection.execute('DROP ROLE IF EXISTS "kiosk-hub-of-a-test"')


def test_the_addresses_in_it_are_read_as_they_are_meant():
    told = re.findall(r"DATABASE_URL=(\S+)", (HUB / "postgresql.sql").read_text("utf-8"))
    assert len(told) == 2
    for address in told:
        settings = hub_config(environment={"DATABASE_URL": address})
        assert isinstance(settings, HubConfig)
        assert settings.url.startswith("postgresql+psycopg://")


def test_one_server_has_room_for_the_connections_of_our_processes():
    from kiosk.hub.store import Store

    room = int(re.search(r"^max_connections = (\d+)", (HUB / "postgresql.conf").read_text("utf-8"), re.MULTILINE)[1])
    store = Store("postgresql+psycopg:///nowhere")
    pool = store.engine.pool
    assert room >= 4 * (pool.size() + pool._max_overflow)
    store.close()
