"""Configuration: three frozen records, and the one place that reads them from the environment and `instance/*.toml`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from kiosk import ROOT
from kiosk.errors import CONFIG_INVALID, Problem

_Config = TypeVar("_Config", "BoothConfig", "HubConfig", "RelayConfig")


@dataclass(frozen=True)
class BoothConfig:
    """What a booth needs to know before it starts."""

    data: Path  # folder with booth.db and the device key
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")  # names the tablet answers to
    idle_seconds: int = 60  # a visitor who does nothing this long is asked, then cleared away
    staff_idle_seconds: int = 300  # the staff screens lock after this long
    sync_seconds: int = 30  # pause between two tries to reach the hub; 0: only `kiosk booth sync`
    pack: Path | None = None  # folder of a pack; None: the built-in one
    reserve_mb: int = 32  # room set aside on the disk, so that counting goes on when it is full; 0: none
    relay_url: str = ""  # where to leave things when the hub is out of reach; empty: nowhere
    phone_url: str = ""  # where visitors' own phones reach this tablet; empty: they are not asked over
    phone_wifi: str = ""  # name of the Wi-Fi they have to be in, for the screen

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """The names this tablet answers to, the one phones use among them. Raises `config.invalid`."""
        if not self.phone_url:
            return self.hosts
        try:
            parts = urlsplit(self.phone_url)
            is_whole = parts.scheme in ("http", "https") and parts.port != 0 and not (parts.query or parts.fragment)
            is_site = is_whole and parts.path in ("", "/") and "@" not in parts.netloc
        except ValueError:
            is_site = False
        if not is_site or not parts.hostname:
            raise Problem(CONFIG_INVALID, source="phone_url", reason="not an address such as http://192.168.31.5:3150")
        return (*self.hosts, parts.hostname)

    @property
    def bind(self) -> str:
        """The address to listen on: only this machine's own, unless phones are to come."""
        return "0.0.0.0" if self.phone_url else "127.0.0.1"  # noqa: S104 (others are let in to /m/ alone)

    @property
    def database(self) -> Path:
        return self.data / "booth.db"


@dataclass(frozen=True)
class HubConfig:
    """What a hub needs to know before it starts."""

    data: Path  # folder with the hub's keys (and hub.db unless `database` says otherwise)
    database: str = ""  # SQLAlchemy URL; empty: SQLite in `data`
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    public_url: str = "http://127.0.0.1:3151"  # where a visitor's phone reaches this hub; HTTPS in the field
    session_idle_seconds: int = 15 * 60
    session_seconds: int = 12 * 3600
    pack: Path | None = None

    @property
    def url(self) -> str:
        """The database's URL; empty for the SQLite file in `data`."""
        return self.database.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """The names this hub answers to, the public one among them."""
        return (*self.hosts, urlsplit(self.public_url).hostname or "localhost")

    @property
    def is_public_https(self) -> bool:
        return self.public_url.startswith("https://")


@dataclass(frozen=True)
class RelayConfig:
    """What a relay needs to know before it starts. Which hub it is for, `kiosk relay init` keeps in `data`."""

    data: Path  # folder with the spool
    hosts: tuple[str, ...] = ()  # names it answers to; empty: any, for it is reached by whatever address it was given
    spool_mb: int = 2_000  # bundles kept at most
    forward_seconds: int = 15  # pause between two tries to reach the hub; 0: never

    @property
    def hub_file(self) -> Path:
        return self.data / "hub.json"


def booth_config(data: Path | None = None, environment: Mapping[str, str] = os.environ) -> BoothConfig:
    """From `booth.toml` in the data folder, then `KIOSK_BOOTH_*` variables, then the argument."""
    return _read(BoothConfig, "booth.toml", "KIOSK_BOOTH_", data, {}, environment)


def relay_config(data: Path | None = None, environment: Mapping[str, str] = os.environ) -> RelayConfig:
    """From `relay.toml` in the data folder, then `KIOSK_RELAY_*` variables, then the argument."""
    return _read(RelayConfig, "relay.toml", "KIOSK_RELAY_", data, {}, environment)


def hub_config(
    data: Path | None = None, database: str | None = None, environment: Mapping[str, str] = os.environ
) -> HubConfig:
    """From `hub.toml`, then `KIOSK_HUB_*` and `DATABASE_URL`, then the arguments."""
    fixed = {"database": environment.get("DATABASE_URL", "")} if environment.get("DATABASE_URL") else {}
    if database:
        fixed["database"] = database
    return _read(HubConfig, "hub.toml", "KIOSK_HUB_", data, fixed, environment)


def _read(
    kind: type[_Config],
    file_name: str,
    prefix: str,
    data: Path | None,
    fixed: Mapping[str, Any],
    environment: Mapping[str, str],
) -> _Config:
    folder = data or Path(environment.get(prefix + "DATA", ROOT / "instance"))
    known = {field.name: field for field in fields(kind)}
    values: dict[str, Any] = {}
    file = folder / file_name
    if file.is_file():
        for key, value in _toml(file).items():
            if key not in known or key == "data":
                raise Problem(CONFIG_INVALID, source=file_name, reason=f"unknown key {key}")
            values[key] = _typed(kind, key, value, file_name)
    for name in known:
        text = environment.get(prefix + name.upper())
        if text is not None and name != "data":
            values[name] = _typed(kind, name, text, prefix + name.upper())
    return kind(**{**values, **fixed, "data": folder})


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Problem(CONFIG_INVALID, source=file.name, reason=str(error)) from None


def _typed(kind: type[Any], name: str, value: Any, source: str) -> Any:
    """A TOML value or an environment's text in the type of the field."""
    wanted = str(next(field.type for field in fields(kind) if field.name == name))
    try:
        if "int" in wanted:
            number = int(value)
            if number < 0:
                raise ValueError
            return number
        if "tuple" in wanted:
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(str(part).strip() for part in parts)
        if "Path" in wanted:
            return Path(value) if value else None
    except (TypeError, ValueError):
        raise Problem(CONFIG_INVALID, source=source, reason=f"{name} cannot be {value!r}") from None
    return str(value)
